// That nothing happens in silence by oversight: each event has consequences, or stands here as one that has none.
import { consequences } from '../../src/domain/consequences';
import type { EventType } from '../../src/domain/events';

/**
 * Silent are the facts that another event of the same act tells, the steps on the way to something that is told, and changes of
 * configuration, which whoever made them sees. A new type of event does not compile without its line.
 */
const EVENTS: Readonly<Record<EventType, 'follows' | 'silent'>> = {
  'request.submitted': 'follows',
  'request.approved': 'follows',
  'request.denied': 'follows',
  'request.expired': 'follows',
  'request.canceled': 'follows',
  'request.delivered': 'follows',
  'request.partiallyDelivered': 'follows',
  'request.deliveryFailed': 'follows',
  'request.removed': 'follows',
  'request.removalFailed': 'follows',
  'stage.opened': 'silent',
  'stage.reminded': 'follows',
  'stage.escalated': 'follows',
  'stage.approved': 'follows',
  'stage.expired': 'silent',
  'approver.asked': 'follows',
  'approver.released': 'follows',
  'decision.recorded': 'follows',
  'assignment.scheduled': 'silent',
  'assignment.delivering': 'follows',
  'assignment.delivered': 'follows',
  'assignment.partiallyDelivered': 'follows',
  'assignment.deliveryFailed': 'follows',
  'assignment.extended': 'follows',
  'assignment.reminded': 'follows',
  'assignment.justified': 'silent',
  'assignment.unjustified': 'follows',
  'assignment.ending': 'follows',
  'assignment.removed': 'follows',
  'assignment.removalFailed': 'follows',
  'assignment.contentChanged': 'follows',
  'assignment.withdrawn': 'follows',
  'assignment.withdrawalFailed': 'follows',
  'grant.wanted': 'follows',
  'grant.unwanted': 'follows',
  'grant.baselineRead': 'silent',
  'grant.placed': 'silent',
  'grant.placeFailed': 'silent',
  'grant.taken': 'silent',
  'grant.takeFailed': 'silent',
  'grant.driftFound': 'silent',
  'resource.driftFound': 'follows',
  'resource.driftChanged': 'follows',
  'manualTask.opened': 'follows',
  'manualTask.reminded': 'follows',
  'manualTask.escalated': 'follows',
  'manualTask.canceled': 'follows',
  'manualTask.done': 'follows',
  'identity.linked': 'silent',
  'identity.conflicted': 'silent',
  'identity.unlinked': 'silent',
  'access.refused': 'silent',
  'settings.applied': 'silent',
  'outgoing.redriven': 'silent',
  'person.created': 'silent',
  'person.changed': 'silent',
  'person.disabled': 'silent',
  'person.enabled': 'follows',
  'group.created': 'silent',
  'group.changed': 'silent',
  'role.assigned': 'silent',
  'role.ended': 'silent',
  'organization.created': 'silent',
  'organization.changed': 'silent',
  'catalog.created': 'silent',
  'catalog.changed': 'silent',
  'resource.created': 'silent',
  'resource.changed': 'silent',
  'package.created': 'silent',
  'package.changed': 'silent',
  'package.versioned': 'silent',
  'package.leaversFound': 'follows',
  'package.leaversChanged': 'follows',
  'package.leaversConfirmed': 'follows',
  'policy.created': 'silent',
  'policy.changed': 'silent',
  'policy.versioned': 'silent',
  'incompatibility.created': 'silent',
  'incompatibility.ended': 'silent',
};

test.each(Object.entries(EVENTS))('%s: %s', (type, want) => {
  expect(consequences.some(({ on }) => on === type) ? 'follows' : 'silent').toBe(want);
});

test('a reason that is over is told to whom it is about, and redraws what shows the access (rule 3.10)', () => {
  const of = consequences.filter(({ on }) => on === 'assignment.unjustified');
  expect(of).toMatchObject([{ kind: 'tell', notice: 'accessReason', audience: 'target' }, { kind: 'redraw' }]);
});
