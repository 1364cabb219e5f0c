// What follows from an event: who is told what, which remembered messages are redrawn, which grants are made equal. Literal
// data: the store joins it in SQL with the events of a save, so no act can forget a notice and none needs a loop.
import type { EventType } from './events';

/** Resolved by the worker at send time: who is meant now, not who was meant when the event happened. */
export type Audience =
  | 'requestor'
  | 'target'
  /** Open tasks of the event's request and stage. */
  | 'approvers'
  /** `refs.person` of the event. */
  | 'person'
  | 'catalogOwners'
  /** Who answers for the exception that the event is about; where they are gone, the owners of its catalog. */
  | 'exceptionOwner'
  /** They, the owners of its catalog and the administrators: each can do something about it. */
  | 'exceptionKeepers'
  | 'resourceOwners'
  | 'administrators';

/** Each notice is a view of a subject; chat/views.ts draws it for the person who is told. */
export const notices = [
  'request',
  'requestOutcome',
  'approval',
  'approvalReminder',
  'access',
  'accessProblem',
  'accessExtended',
  'accessReason',
  'accessMoved',
  'accessChanged',
  'accessBack',
  'accessEnding',
  'accessEnded',
  'deliveryFailed',
  'removalAlarm',
  'manualTask',
  'manualTaskReminder',
  'drift',
  'leavers',
  'exception',
  'delegation',
  'delegationNews',
  'exceptionEnding',
] as const;
export type Notice = (typeof notices)[number];

/** How a message looks that others read, or who left. */
export const GONE = 'gone';
/** Of a redraw: looks for a message that a try may have left at one place before its person was told at another. */
export const COPY = 'copy';

/** What waits for its reader, the most pressing first; everything else they only have to know. */
export const duties: readonly Notice[] = [
  'approval',
  'approvalReminder',
  'manualTask',
  'manualTaskReminder',
  'accessEnding',
  'removalAlarm',
  'deliveryFailed',
  'drift',
  'leavers',
  'exception',
  'exceptionEnding',
  'delegation',
];

/** What waits for a decision about the package of an event. */
export const WAITING = 'waiting';

export interface Consequence {
  readonly on: EventType;
  /** Equal values in the event's data; absent: always. */
  readonly when?: Readonly<Record<string, string | number | boolean>>;
  readonly kind: 'tell' | 'redraw' | 'place';
  /** Of a redraw: what must be drawn, where a release that does not know of it would take the row and draw nothing. */
  readonly notice?: Notice | typeof GONE;
  readonly audience?: Audience;
  /**
   * What the message is about; default: the event's own subject. A placement is about the event's grant; where the event is about
   * an assignment, about each grant that changes with it. `waiting`: about each request for the event's package that is not decided.
   */
  readonly about?: 'request' | 'assignment' | 'grant' | 'manualTask' | 'resource' | 'person' | typeof WAITING;
  /** Messages about the same are redrawn when this one goes out to whom it is for: one row where a `redraw` beside it were two. */
  readonly redraws?: boolean;
}

const tell = (
  on: EventType,
  notice: Notice,
  audience: Audience,
  about: Consequence['about'],
  when?: Consequence['when'],
): Consequence => ({
  on,
  kind: 'tell',
  notice,
  audience,
  ...(about ? { about } : {}),
  ...(when ? { when } : {}),
});
const redraw = (on: EventType, about: Consequence['about']): Consequence => ({
  on,
  kind: 'redraw',
  ...(about ? { about } : {}),
});

/**
 * Events carry `onBehalf` (requestor and target differ) and `bySystem` (no person asked for it) in their data where a
 * condition below needs it. `assignment.delivered` carries `again`: it was delivered before and nobody asked. `request.approved`
 * carries `scheduled`, for an exception its `type`, `waits` where people set up by hand what was decided, and `again` where an extension gives again what ended meanwhile; what a request comes to carries its `type`; `request.canceled` carries `tellTarget`, and `byRequestor` but where whoever asked hears already that their access has ended.
 */
export const consequences: readonly Consequence[] = [
  tell('request.submitted', 'request', 'requestor', 'request', { notify: true }),
  tell('request.submitted', 'request', 'target', 'request', { notify: true, onBehalf: true }),
  // What is said of the coming end depends on whether an extension waits.
  ...(['request.submitted', 'request.denied', 'request.expired', 'request.canceled'] as const).map((on) => ({
    ...redraw(on, 'assignment'),
    when: { type: 'userExtend' },
  })),
  // What is said of earlier requests may offer to ask again.
  { ...redraw('request.submitted', 'request'), when: { lately: true } },
  tell('approver.asked', 'approval', 'person', 'request'),
  { ...redraw('approver.asked', 'request'), when: { joins: true } },
  redraw('approver.released', 'request'),
  redraw('approver.changed', 'request'),
  tell('stage.reminded', 'approvalReminder', 'approvers', 'request'),
  redraw('stage.reminded', 'request'),
  redraw('stage.escalated', 'request'),
  redraw('decision.recorded', 'request'),
  redraw('stage.approved', 'request'),
  redraw('request.approved', 'request'),
  { ...redraw('request.approved', 'assignment'), when: { again: true } },
  tell('request.approved', 'requestOutcome', 'requestor', 'request', { scheduled: true }),
  tell('request.approved', 'requestOutcome', 'target', 'request', { scheduled: true, onBehalf: true }),
  tell('request.approved', 'requestOutcome', 'requestor', 'request', { waits: true }),
  tell('request.approved', 'requestOutcome', 'target', 'request', { waits: true, onBehalf: true }),
  tell('request.approved', 'requestOutcome', 'requestor', 'request', { type: 'exception' }),
  tell('request.approved', 'requestOutcome', 'target', 'request', { type: 'exception', onBehalf: true }),
  redraw('request.denied', 'request'),
  tell('request.denied', 'requestOutcome', 'requestor', 'request'),
  tell('request.denied', 'requestOutcome', 'target', 'request', { onBehalf: true }),
  redraw('request.expired', 'request'),
  tell('request.expired', 'requestOutcome', 'requestor', 'request'),
  tell('request.expired', 'requestOutcome', 'target', 'request', { onBehalf: true }),
  redraw('request.canceled', 'request'),
  tell('request.canceled', 'requestOutcome', 'requestor', 'request', { byRequestor: false }),
  tell('request.canceled', 'requestOutcome', 'target', 'request', { tellTarget: true }),
  redraw('request.delivered', 'request'),
  tell('request.delivered', 'requestOutcome', 'requestor', 'request', { onBehalf: true }),
  redraw('request.partiallyDelivered', 'request'),
  tell('request.partiallyDelivered', 'requestOutcome', 'requestor', 'request', { onBehalf: true }),
  redraw('request.deliveryFailed', 'request'),
  tell('request.deliveryFailed', 'requestOutcome', 'requestor', 'request', { onBehalf: true }),
  redraw('request.removed', 'request'),
  redraw('request.removalFailed', 'request'),
  tell('assignment.delivered', 'access', 'target', 'assignment', { again: false }),
  tell('assignment.partiallyDelivered', 'accessProblem', 'target', 'assignment'),
  tell('assignment.partiallyDelivered', 'deliveryFailed', 'catalogOwners', 'assignment'),
  tell('assignment.deliveryFailed', 'accessProblem', 'target', 'assignment'),
  tell('assignment.deliveryFailed', 'deliveryFailed', 'catalogOwners', 'assignment'),
  tell('assignment.extended', 'accessExtended', 'target', 'assignment'),
  tell('assignment.extended', 'accessExtended', 'catalogOwners', 'assignment', { unasked: true }),
  redraw('assignment.extended', 'assignment'),
  tell('assignment.endMoved', 'accessMoved', 'target', 'assignment', { tell: true }),
  redraw('assignment.endMoved', 'assignment'),
  redraw('request.endMoved', 'request'),
  tell('assignment.unjustified', 'accessReason', 'target', 'assignment'),
  redraw('assignment.unjustified', 'assignment'),
  // From now on it can be extended, which the card of its request says as well.
  { ...tell('assignment.reminded', 'accessEnding', 'target', 'assignment'), redraws: true },
  { ...tell('assignment.ending', 'accessEnded', 'target', 'assignment', { tell: true }), redraws: true },
  { ...redraw('assignment.ending', 'assignment'), when: { tell: false } },
  redraw('assignment.removed', 'assignment'),
  redraw('assignment.delivered', 'assignment'),
  { ...redraw('assignment.delivering', 'assignment'), when: { again: true } },
  redraw('assignment.partiallyDelivered', 'assignment'),
  redraw('assignment.deliveryFailed', 'assignment'),
  tell('assignment.removalFailed', 'removalAlarm', 'catalogOwners', 'assignment'),
  tell('assignment.removalFailed', 'removalAlarm', 'administrators', 'assignment'),
  redraw('assignment.removalFailed', 'assignment'),
  tell('assignment.contentChanged', 'accessChanged', 'target', 'assignment'),
  redraw('assignment.contentChanged', 'assignment'),
  redraw('assignment.withdrawn', 'assignment'),
  tell('assignment.withdrawalFailed', 'removalAlarm', 'catalogOwners', 'assignment'),
  tell('assignment.withdrawalFailed', 'removalAlarm', 'administrators', 'assignment'),
  redraw('assignment.withdrawalFailed', 'assignment'),
  // What was sent to an account that is somebody else's now.
  { ...redraw('identity.unlinked', 'person'), notice: GONE },
  // What was said when they were back the last time.
  redraw('person.disabled', undefined),
  redraw('person.deleted', undefined),
  tell('person.enabled', 'accessBack', 'person', undefined),
  tell('person.restored', 'accessBack', 'person', undefined),
  { on: 'grant.wanted', kind: 'place', about: 'grant' },
  { on: 'grant.unwanted', kind: 'place', about: 'grant' },
  { on: 'assignment.ending', kind: 'place', about: 'grant' },
  tell('manualTask.opened', 'manualTask', 'resourceOwners', 'manualTask'),
  tell('manualTask.reminded', 'manualTaskReminder', 'resourceOwners', 'manualTask'),
  // One event, so that whoever is asked in both ways hears once.
  tell('manualTask.escalated', 'manualTaskReminder', 'resourceOwners', 'manualTask'),
  tell('manualTask.escalated', 'manualTaskReminder', 'catalogOwners', 'manualTask'),
  tell('manualTask.escalated', 'manualTaskReminder', 'administrators', 'manualTask'),
  redraw('manualTask.canceled', 'manualTask'),
  redraw('manualTask.done', 'manualTask'),
  { ...redraw('manualTask.done', 'request'), when: { gives: true } },
  tell('resource.driftFound', 'drift', 'resourceOwners', 'resource'),
  redraw('resource.driftFound', 'resource'),
  redraw('resource.driftChanged', 'resource'),
  // Whoever does not answer for it any more.
  redraw('resource.changed', 'resource'),
  // Whoever decides sees what would be given.
  redraw('package.versioned', WAITING),
  tell('package.leaversFound', 'leavers', 'catalogOwners', undefined),
  redraw('package.leaversFound', undefined),
  redraw('package.leaversChanged', undefined),
  redraw('package.leaversConfirmed', undefined),
  redraw('resource.driftAccepted', 'resource'),
  redraw('resource.driftDeclined', 'resource'),
  tell('resource.unread', 'drift', 'resourceOwners', 'resource'),
  redraw('resource.unread', 'resource'),
  tell('exception.reminded', 'exception', 'exceptionOwner', undefined, { tell: true }),
  tell('exception.over', 'exception', 'exceptionKeepers', undefined, { tell: true }),
  // Whoever holds both gives one up, or asks again.
  tell('exception.reminded', 'exceptionEnding', 'person', undefined, { tell: true }),
  tell('exception.over', 'exceptionEnding', 'person', undefined, { tell: true }),
  // What was said before stands beside it, and says that it was said anew.
  redraw('exception.over', undefined),
  redraw('exception.followed', undefined),
  redraw('exception.changed', undefined),
  redraw('exception.ended', undefined),
  tell('delegation.proposed', 'delegation', 'person', undefined),
  redraw('delegation.started', undefined),
  ...(['delegation.accepted', 'delegation.declined'] as const).flatMap((on) => [
    tell(on, 'delegationNews', 'person', undefined),
    redraw(on, undefined),
  ]),
  tell('delegation.unanswered', 'delegationNews', 'person', undefined),
  tell('delegation.ended', 'delegationNews', 'person', undefined, { tell: true }),
  redraw('delegation.ended', undefined),
];
