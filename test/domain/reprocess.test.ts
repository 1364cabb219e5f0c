// Held access made what its package says: differences only when the content changes (rule 3.11), everything when somebody asks (3.12).
import type { Change } from '../../src/domain/events';
import type { AssignmentFacts } from '../../src/domain/facts';
import type { AssignmentState, Grant } from '../../src/domain/model';
import { confirm, fail } from '../../src/domain/placement';
import { follow, reprocess } from '../../src/domain/reprocess';
import {
  aContent,
  aGrant,
  aRequest,
  anAssignment,
  assignmentFacts,
  at,
  justified,
  placeFacts,
  rowOf,
  rowsOf,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const HELD: readonly AssignmentState[] = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'];
const typesOf = (change: Change): string[] => change.events.map(({ type }) => type);

/** Tara's access: roles `grants` of a package that holds the first `roles` roles now. */
function access(roles: number, grants: readonly Grant[], more: Partial<AssignmentFacts> = {}): AssignmentFacts {
  return assignmentFacts({
    assignment: anAssignment({ state: 'delivered' }),
    content: aContent(roles),
    grants: grants.map((grant) => justified(grant)),
    ...more,
  });
}

describe('when the content of a package changes', () => {
  test('a holder with the same roles is left alone', () => {
    expect(follow(access(2, [aGrant(1), aGrant(2)]), at())).toMatchObject({ rows: [], events: [] });
  });

  test.each(HELD)('a role that it gained is wanted, and only that one, in state %s', (state) => {
    const change = sound(follow(access(2, [aGrant(1)], { assignment: anAssignment({ state }) }), at()));
    expect(rowsOf(change, 'grant')).toMatchObject([{ role: 'role-2', state: 'placing', version: 1 }]);
    expect(change.links).toMatchObject([{ assignment: anAssignment().id }]);
    expect(rowsOf(change, 'assignment').map((row) => row.state)).toEqual(state === 'delivering' ? [] : ['delivering']);
    expect(typesOf(change)).toEqual(['assignment.contentChanged', 'grant.wanted', 'assignment.delivering']);
  });

  test('a role that it lost is taken, and the access stays delivered', () => {
    const change = sound(follow(access(1, [aGrant(1), aGrant(2)]), at()));
    expect(rowOf(change, 'grant')).toMatchObject({ id: 'grant-2', state: 'taking' });
    expect(change.withdrawals).toEqual([{ grant: 'grant-2', assignment: anAssignment().id }]);
    expect(rowsOf(change, 'assignment')).toEqual([]);
    expect(typesOf(change)).toEqual(['assignment.contentChanged', 'grant.unwanted']);
  });

  test('a role that other access justifies stays, though this access has it no more', () => {
    const facts = access(1, [aGrant(1)]);
    const shared = justified(aGrant(2), facts.assignment.id, 'other');
    const change = sound(follow({ ...facts, grants: [...facts.grants, shared] }, at()));
    expect(rowsOf(change, 'grant')).toEqual([]);
    expect(change.withdrawals).toHaveLength(1);
  });

  test('a role that it lost after it was taken already asks nobody for anything', () => {
    const change = sound(follow(access(1, [aGrant(1), aGrant(2, { state: 'taken' })]), at()));
    expect(rowsOf(change, 'grant')).toEqual([]);
    expect(change.withdrawals).toHaveLength(1);
  });

  test('access that a lost role kept from being delivered is looked at again', () => {
    const failed = aGrant(2, { state: 'placeFailed' });
    const assignment = anAssignment({ state: 'partiallyDelivered' });
    const change = sound(follow(access(1, [aGrant(1), failed], { assignment }), at()));
    expect(change.events.filter(({ type }) => type === 'grant.wanted')).toMatchObject([{ subject: { id: 'grant-1' } }]);
  });

  const undelivered = HELD.filter((state) => state !== 'delivered');
  test.each(undelivered)('access that lost its last role is delivered, and so is its request, in state %s', (state) => {
    const assignment = anAssignment({ state });
    const request = aRequest({ state, assignment: assignment.id });
    const facts = access(0, [aGrant(1, { state: 'placing' })], { assignment, undelivered: [request] });
    const change = sound(follow(facts, at()));
    expect(rowOf(change, 'assignment').state).toBe('delivered');
    expect(rowOf(change, 'request')).toMatchObject({ state: 'delivered', completedAt: at().now });
  });

  test('a leaver is given nothing more', () => {
    const facts = access(2, [aGrant(1)]);
    expect(follow({ ...facts, target: { ...facts.target, state: 'disabled' } }, at())).toMatchObject({ rows: [] });
  });

  test.each(['scheduled', 'removing', 'removed', 'removalFailed'] as const)(
    'access that is %s is left alone',
    (state) => {
      const ended = state === 'scheduled' ? {} : { endedAt: at().now, endReason: 'endReached' as const };
      const facts = access(2, [aGrant(1)], { assignment: anAssignment({ state, ...ended }) });
      expect(follow(facts, at())).toMatchObject({ rows: [], events: [] });
    },
  );
});

describe('asked to set up access again', () => {
  test.each(HELD)('every role is made so once more, in state %s', (state) => {
    const failed = aGrant(2, { state: 'placeFailed', error: 'busy' });
    const change = sound(reprocess(access(3, [aGrant(1), failed], { assignment: anAssignment({ state }) }), [], at()));
    expect(rowsOf(change, 'grant').map((row) => [row.role, row.state, row.error])).toEqual([
      ['role-3', 'placing', null],
      ['role-1', 'placing', null],
      ['role-2', 'placing', null],
    ]);
    expect(change.events.filter(({ type }) => type === 'grant.wanted')).toHaveLength(3);
  });

  test('what is not held, or has not begun, is refused', () => {
    const ended = anAssignment({ state: 'removed', endedAt: at().now, endReason: 'gaveUp' });
    expect(faultOf(() => reprocess(access(1, [aGrant(1)], { assignment: ended }), [], at())).code).toBe('not-held');
    const later = anAssignment({ state: 'scheduled' });
    expect(faultOf(() => reprocess(access(1, [], { assignment: later }), [], at())).code).toBe('nothing-failed');
  });

  test('what a person reported as done is not asked for again', () => {
    const grant = aGrant(1, { state: 'placing' });
    const waiting = { state: 'waiting', externalId: null } as const;
    const change = sound(confirm(placeFacts({ grant }), waiting, at()));
    expect(rowOf(change, 'grant').state).toBe('placed');
    expect(rowsOf(change, 'manualTask')).toEqual([]);
    // Never done, or taken back since: somebody has to.
    for (const undone of [{ placedAt: null }, { takenAt: at().now }])
      expect(
        rowOf(sound(confirm(placeFacts({ grant: { ...grant, ...undone } }), waiting, at())), 'manualTask').want,
      ).toBe(true);
  });
});

test('a role that cannot be taken while the access goes on is an alarm, once', () => {
  const grant = aGrant(1, { state: 'taking' });
  const withdrawnFrom = [anAssignment({ state: 'delivered' })];
  const facts = placeFacts({ grant, wanted: false, withdrawnFrom, assignments: [] });
  const change = sound(fail(facts, { code: 'busy', final: true }, at()));
  expect(typesOf(change)).toEqual(['grant.takeFailed', 'assignment.withdrawalFailed']);
  const again = fail({ ...facts, grant: rowOf(change, 'grant') }, { code: 'other', final: true }, at());
  expect(typesOf(again)).toEqual(['grant.takeFailed']);
});
