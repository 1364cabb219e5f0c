// How access is reminded of, ends, and is given back. How it begins: delivery.ts; making it true elsewhere: placement.ts
// (both exported here as well).
import { covering, inserted, isOnBehalf, textOf, toldOf, updated } from './change';
import { toldOfAssignment } from './delivery';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { AssignmentFacts, Now } from './facts';
import { releaseGrants } from './grants';
import { lentUntil } from './lent';
import type { EndReason, Justification, JustificationId, PersonId, Request, RequestDetail, RequestId } from './model';
import { LIVE_ASSIGNMENT_STATES } from './model';
import { endMoved, remindedAnew } from './moved-end';
import { reminders } from './period';
import { earlier, latest } from './time';
import { updateOf } from './updating';

export { approve, deliver } from './delivery';
export type { Delivered } from './delivery';
export { asksAgainAt, asksFirst, cameLate, isTheirs, neverGiven, readBaseline } from './baseline';
export {
  confirm,
  desired,
  fail,
  finishTask,
  isLate,
  mayKnowOf,
  mustBeAskedToDo,
  remindTask,
  takeAstray,
  taskDueAt,
} from './placement';
export type { PlaceOutcome } from './placement';

export interface EndInput {
  readonly reason: EndReason;
  readonly type: 'userRemove' | 'adminRemove' | 'systemRemove';
  readonly requestor: PersonId | null;
  readonly note: string | null;
}

const DETAILS: Readonly<Record<EndReason, RequestDetail>> = {
  endReached: 'endReached',
  gaveUp: 'gaveUp',
  removedByOwner: 'removedByOwner',
  targetDisabled: 'targetDisabled',
  outOfScope: 'outOfScope',
  canceled: 'canceledByOwner',
  gateClosed: 'gateClosed',
};

/**
 * Ends access, by a removal request of its own (rule 3.1). Roles that other live assignments justify stay; where none has
 * to be taken it is over at once. An extension that waits for approval is not touched here: the caller cancels it, unless
 * the end was simply reached (rule 3.9).
 */
export function end(facts: AssignmentFacts, input: EndInput, at: Now): Change {
  const { assignment } = facts;
  if (!isLive(facts)) throw new DomainError('not-held', { package: facts.package.name, target: null });

  const released =
    assignment.state === 'scheduled' ? { change: noChange, grants: [] } : releaseGrants(facts, assignment.id);
  const state = released.grants.length > 0 ? 'removing' : 'removed';
  const request = removalOf(facts, input, state, at);
  const isOver = state === 'removed';
  // One event for all of it: the request that the ending is, and the roles that go with it.
  const data = {
    type: request.type,
    reason: input.reason,
    tell: true,
    onBehalf: isOnBehalf(request),
    bySystem: request.requestor === null,
  };
  const ending = toldOfAssignment(facts, assignment, 'assignment.ending', request, data, request.reason);
  return together(
    inserted('request', request),
    updated('assignment', assignment, { state, endedAt: at.now, endReason: input.reason, remindAt: null }),
    ...liveJustifications(facts).map((one) => updated('justification', one, { endedAt: at.now })),
    released.change,
    covering(ending, [request, ...released.grants]),
    cancelUndelivered(facts, input, at),
    isOver ? toldOfAssignment(facts, assignment, 'assignment.removed', request) : noChange,
    isOver ? toldOf(facts, request, 'request.removed') : noChange,
  );
}

/**
 * What lets it be held beside something changed, as noted since `noted`, or the exception is over with which it ends: the end follows.
 * What changed after the end does not bring it back.
 */
export function followException(facts: AssignmentFacts, noted: Date | null, at: Now): Change {
  const whole = latest(liveJustifications(facts).map((one) => one.until));
  // What ends with its reasons ends without this, and so does what should have begun and cannot any more.
  if (!isLive(facts) || (whole && whole <= at.now)) return noChange;
  const { endsAt, state } = facts.assignment;
  const since = noted ?? at.now;
  const isInTime = endsAt === null || endsAt > since;
  const moved = isInTime ? endMoved(facts, facts.assignment, at, { since }) : null;
  const { until, change } = moved ?? { until: endsAt, change: noChange };
  if (until && until <= at.now && state !== 'scheduled')
    return end(facts, { reason: 'endReached', type: 'systemRemove', requestor: null, note: null }, at);
  return change;
}

/**
 * Justifications whose time is over end; with the last one the access does (rule 3.10). What has not begun by then never does:
 * `startDue` refuses it.
 */
export function endOver(facts: AssignmentFacts, at: Now): Change {
  const over = liveJustifications(facts).filter((one) => one.until !== null && one.until <= at.now);
  return endJustified(facts, over, 'endReached', at);
}

/**
 * The policy that some of it was given by says that it ends with its scope, and the person has left that (rule 3.16). `left`: the
 * justifications of such policies. What else justifies the access keeps it.
 */
export function endOutOfScope(facts: AssignmentFacts, left: readonly JustificationId[], at: Now): Change {
  if (facts.target.state !== 'enabled') return noChange;
  const over = liveJustifications(facts).filter(({ id }) => left.includes(id));
  return endJustified(facts, over, 'outOfScope', at);
}

function endJustified(
  facts: AssignmentFacts,
  over: readonly Justification[],
  reason: Extract<EndReason, 'endReached' | 'outOfScope'>,
  at: Now,
): Change {
  if (!isLive(facts) || facts.assignment.state === 'scheduled' || over.length === 0) return noChange;
  const rest = liveJustifications(facts).filter((one) => !over.includes(one));
  if (rest.length === 0) return end(facts, { reason, type: 'systemRemove', requestor: null, note: null }, at);

  const { assignment } = facts;
  const whole = earlier(latest(rest.map((one) => one.until)), assignment.endsAt);
  const endsAt = assignment.lent ? lentUntil(facts, whole, rest, at.now) : whole;
  const isSameEnd = endsAt?.getTime() === assignment.endsAt?.getTime();
  const request = updateOf(facts, { assignment, reasons: rest, endsAt }, reason, at);
  return together(
    inserted('request', request),
    ...over.map((one) => updated('justification', one, { endedAt: at.now })),
    isSameEnd ? noChange : updated('assignment', assignment, { endsAt, ...remindedAnew(assignment, rest, endsAt) }),
    ...over.map((one) => {
      const data = {
        kind: one.kind,
        given: one.request,
        endsAt: endsAt?.toISOString() ?? null,
        ...(reason === 'outOfScope' ? { reason } : {}),
      };
      return covering(toldOfAssignment(facts, assignment, 'assignment.unjustified', request, data), [request, one]);
    }),
  );
}

/** Refuses what `giveUp` would refuse, so that nobody says why in vain. */
export function offerGiveUp(facts: AssignmentFacts, person: PersonId): void {
  const name = facts.package.name;
  if (person !== facts.target.id || !isLive(facts)) throw new DomainError('not-held', { package: name, target: null });
  if (!facts.latest?.selfRemove) throw new DomainError('not-self-removable', { package: name });
}

/** The person gives access back, where the policy lets them. */
export function giveUp(facts: AssignmentFacts, person: PersonId, at: Now, note: string | null = null): Change {
  offerGiveUp(facts, person);
  return end(facts, { reason: 'gaveUp', type: 'userRemove', requestor: person, note: textOf(note, 'note') }, at);
}

/** Whether somebody asked for access of somebody else that has not begun: they may take it back. */
export function mayTakeBack({ assignment, open, target }: AssignmentFacts, person: PersonId): boolean {
  const isTheirs = open?.assignment === assignment.id && open.requestor === person && person !== target.id;
  return assignment.state === 'scheduled' && isTheirs;
}

/** Somebody with the right takes access away, or who asked for it before it begins; the person hears why (rule 3.22). */
export function removeByOwner(
  facts: AssignmentFacts,
  by: { readonly person: PersonId; readonly mayRemove: boolean; readonly note: string | null },
  at: Now,
): Change {
  if (!by.mayRemove && !mayTakeBack(facts, by.person)) throw new DomainError('forbidden', {});
  if (!isLive(facts)) {
    throw new DomainError('not-held', { package: facts.package.name, target: facts.target.name });
  }
  const note = textOf(by.note, 'note');
  if (!note) throw new DomainError('removal-reason-required', {}, 'note');
  return end(facts, { reason: 'removedByOwner', type: 'adminRemove', requestor: by.person, note }, at);
}

/** Reminds of the coming end. Two reminders that are due at once are one. */
export function remind(facts: AssignmentFacts, at: Now): Change {
  const { assignment } = facts;
  const { remindAt, endsAt } = assignment;
  if (!isLive(facts) || !remindAt || remindAt > at.now || !endsAt || endsAt <= at.now) return noChange;
  const second = assignment.reminded === 0 ? reminders(assignment, null, 1) : null;
  const isBoth = second !== null && second <= at.now;
  const n = isBoth ? 2 : Math.min(assignment.reminded + 1, 2);
  return together(
    updated('assignment', assignment, { reminded: n, remindAt: reminders(assignment, null, n) }),
    toldOfAssignment(facts, assignment, 'assignment.reminded', null, { n }),
  );
}

/** The extension that still waits for approval: whoever ends access before its time cancels it in the same act. */
export function waitingExtension(facts: AssignmentFacts): RequestId | null {
  const { open } = facts;
  return open?.type === 'userExtend' && open.state === 'pendingApproval' ? open.id : null;
}

/** Whether the access is held, or will be. */
export function isLive(facts: AssignmentFacts): boolean {
  return LIVE_ASSIGNMENT_STATES.some((state) => state === facts.assignment.state);
}

function liveJustifications(facts: AssignmentFacts): readonly Justification[] {
  return facts.justifications.filter((one) => one.assignment === facts.assignment.id && one.endedAt === null);
}

function removalOf(facts: AssignmentFacts, input: EndInput, state: 'removing' | 'removed', at: Now): Request {
  return {
    id: at.newId() as RequestId,
    number: 0,
    type: input.type,
    state,
    detail: DETAILS[input.reason],
    requestor: input.requestor,
    target: facts.target.id,
    package: facts.package.id,
    packageVersion: facts.content.id,
    policyVersion: facts.latest?.id ?? null,
    assignment: facts.assignment.id,
    period: { startsAt: null, endsAt: null, hours: null },
    zone: facts.target.timeZone,
    reason: textOf(input.note, 'note'),
    answers: {},
    stage: 0,
    createdAt: at.now,
    approvedAt: null,
    startsAt: null,
    endsAt: null,
    completedAt: state === 'removed' ? at.now : null,
    replaces: null,
    refusal: null,
    version: 1,
  };
}

/** Requests whose access ends before anything came of them: scheduled or still being delivered. */
function cancelUndelivered(facts: AssignmentFacts, input: EndInput, at: Now): Change {
  const isScheduled = facts.open?.state === 'scheduled' && facts.open.assignment === facts.assignment.id;
  const delivering = facts.undelivered.filter((request) => request.state === 'delivering');
  const waiting = [...(facts.open && isScheduled ? [facts.open] : []), ...delivering];
  const detail = input.reason === 'gaveUp' ? 'canceledByRequestor' : DETAILS[input.reason];
  return together(
    ...waiting.map((request) => {
      const byRequestor = input.requestor !== null && input.requestor === request.requestor;
      const onBehalf = isOnBehalf(request);
      // Whoever had asked for themselves hears of the end, which says why.
      const data = { detail, onBehalf, ...(byRequestor || onBehalf ? { byRequestor } : {}) };
      return together(
        updated('request', request, { state: 'canceled', detail, completedAt: at.now }),
        toldOf(facts, request, 'request.canceled', { data }),
      );
    }),
  );
}
