// How access ends, wholly or in part, is given back and reminded of (rules 3.1, 3.9, 3.10, 3.17, 3.22; section 4).
import { end, endOver, giveUp, remind, removeByOwner, waitingExtension } from '../../src/domain/assignment';
import type { EndInput } from '../../src/domain/assignment';
import type { AssignmentFacts } from '../../src/domain/facts';
import { letGo } from '../../src/domain/grants';
import type { JustificationId, RequestId } from '../../src/domain/model';
import { LIVE_ASSIGNMENT_STATES } from '../../src/domain/model';
import {
  aGrant,
  aJustification,
  aPolicy,
  aRequest,
  anAssignment,
  assignmentFacts,
  at,
  dataOf,
  days,
  eventsOf,
  hours,
  idOf,
  justified,
  lost,
  NOON,
  rowOf,
  rowsOf,
  versionId,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const reached: EndInput = { reason: 'endReached', type: 'systemRemove', requestor: null, note: null };
const tara = idOf('Tara');

describe('ending access', () => {
  const change = end(assignmentFacts(), reached, at());

  test('is a request of its own', () => {
    expect(rowOf(sound(change), 'request')).toMatchObject({
      type: 'systemRemove',
      state: 'removing',
      detail: 'endReached',
      requestor: null,
      assignment: 'assignment-1',
      policyVersion: 'policy-1.1',
    });
    expect(dataOf(change, 'assignment.ending')).toEqual({
      type: 'systemRemove',
      reason: 'endReached',
      tell: true,
      onBehalf: false,
      bySystem: true,
    });
  });
  test('ends the assignment, its justifications and what only they justified', () => {
    expect(rowOf(change, 'assignment')).toMatchObject({
      state: 'removing',
      endedAt: NOON,
      endReason: 'endReached',
      remindAt: null,
    });
    expect(rowOf(change, 'justification').endedAt).toEqual(NOON);
    expect(rowOf(change, 'grant').state).toBe('taking');
    expect(eventsOf(change)).toEqual(['assignment.ending']);
    expect(change.events[0]?.covers).toEqual([rowOf(change, 'request').id, rowOf(change, 'grant').id]);
  });
  test('leaves roles that other live assignments justify', () => {
    const grants = [
      justified(aGrant(1), 'assignment-1', 'assignment-2'),
      justified(aGrant(2)),
      justified(aGrant(3), 'assignment-2'),
    ];
    const partly = sound(end(assignmentFacts({ grants }), reached, at()));
    expect(rowsOf(partly, 'grant').map((grant) => grant.id)).toEqual(['grant-2']);
    expect(letGo({ grants }, anAssignment().id).map(({ grant }) => grant.id)).toEqual(['grant-2']);
  });
  test('is over at once where nothing has to be taken', () => {
    const grants = [justified(aGrant(1), 'assignment-1', 'assignment-2')];
    const over = sound(end(assignmentFacts({ grants }), reached, at()));
    expect([rowOf(over, 'assignment').state, rowOf(over, 'request').state, rowOf(over, 'request').completedAt]).toEqual(
      ['removed', 'removed', NOON],
    );
    expect(eventsOf(over)).toEqual(['assignment.ending', 'assignment.removed', 'request.removed']);
  });
  test.each(['taking', 'takeFailed'] as const)('waits for a role that its package lost and that is %s', (state) => {
    const change = sound(end(assignmentFacts({ grants: [lost(aGrant(1, { state }))] }), reached, at()));
    expect([rowOf(change, 'assignment').state, rowOf(change, 'grant').state]).toEqual(['removing', 'taking']);
  });
  test('does not wait for one that is taken, or that other access has', () => {
    const grants = [lost(aGrant(1, { state: 'taken' })), lost(aGrant(2), 'assignment-2')];
    const over = sound(end(assignmentFacts({ grants }), reached, at()));
    expect([rowOf(over, 'assignment').state, rowsOf(over, 'grant')]).toEqual(['removed', []]);
  });
  test.each(['placing', 'placed', 'placeFailed', 'unknown'] as const)('takes back a grant that is %s', (state) => {
    expect(
      rowOf(
        sound(end(assignmentFacts({ grants: [justified(aGrant(1, { state, error: 'x' }))] }), reached, at())),
        'grant',
      ),
    ).toMatchObject({ state: 'taking', error: null });
  });
  test('before the start takes nothing and cancels the scheduled request', () => {
    const assignment = anAssignment({ state: 'scheduled', startsAt: days(1) });
    const open = aRequest({ state: 'scheduled', assignment: assignment.id });
    const change = sound(end(assignmentFacts({ assignment, open }), { ...reached, reason: 'targetDisabled' }, at()));
    expect(rowsOf(change, 'request').map((request) => [request.type, request.state, request.detail])).toEqual([
      ['systemRemove', 'removed', 'targetDisabled'],
      ['userAdd', 'canceled', 'targetDisabled'],
    ]);
    expect(rowOf(change, 'assignment').state).toBe('removed');
  });
  test('while it is being delivered leaves no request behind', () => {
    const delivering = [aRequest({ state: 'delivering', assignment: anAssignment().id })];
    const facts = assignmentFacts({ assignment: anAssignment({ state: 'delivering' }), undelivered: delivering });
    const change = sound(end(facts, { reason: 'gaveUp', type: 'userRemove', requestor: tara, note: null }, at()));
    expect(rowsOf(change, 'request').map((request) => [request.state, request.detail])).toEqual([
      ['removing', 'gaveUp'],
      ['canceled', 'canceledByRequestor'],
    ]);
    expect(dataOf(change, 'request.canceled')).toMatchObject({ byRequestor: true });
  });
  test('leaves an extension alone that waits, and names it to who cancels it', () => {
    const open = aRequest({ type: 'userExtend', assignment: anAssignment().id });
    const facts = assignmentFacts({ open });
    expect(rowsOf(end(facts, reached, at()), 'request')).toHaveLength(1);
    expect([waitingExtension(facts), waitingExtension(assignmentFacts())]).toEqual([open.id, null]);
  });
  test.each(['removing', 'removed', 'removalFailed'] as const)('is refused when it is %s', (state) => {
    expect(faultOf(() => end(assignmentFacts({ assignment: anAssignment({ state }) }), reached, at())).code).toBe(
      'not-held',
    );
  });
});

describe('justifications that are over', () => {
  const two = (until: Date | null, fields: Partial<AssignmentFacts> = {}): AssignmentFacts => {
    const direct = aJustification({
      id: 'justification-2' as JustificationId,
      kind: 'direct',
      request: 'request-2' as RequestId,
      startsAt: days(-5),
      until,
    });
    return assignmentFacts({
      assignment: anAssignment({ endsAt: until }),
      justifications: [aJustification({ until: NOON }), direct],
      ...fields,
    });
  };
  test('with the last one access ends', () => {
    const facts = assignmentFacts({ assignment: anAssignment({ endsAt: NOON }) });
    expect(rowOf(sound(endOver(facts, at())), 'assignment')).toMatchObject({
      state: 'removing',
      endReason: 'endReached',
    });
  });
  test('two that are over at once end it as well', () => {
    expect(rowOf(sound(endOver(two(NOON), at())), 'assignment').state).toBe('removing');
  });
  test('with another one left access stays, and that is audited', () => {
    const change = sound(endOver(two(days(20)), at()));
    expect(change.rows.map((row) => row.noun)).toEqual(['request', 'justification']);
    expect(dataOf(change, 'assignment.unjustified')).toEqual({
      kind: 'request',
      given: 'request-1',
      endsAt: days(20).toISOString(),
    });
  });
  test('is a request that nobody makes and that is done at once, by the policy that is left (rule 3.1)', () => {
    const facts = two(days(20), { assignment: anAssignment({ endsAt: days(25) }) });
    const other = {
      ...facts,
      justifications: facts.justifications.map((one, n) => ({ ...one, policyVersion: versionId(`left.${n}`) })),
    };
    const change = sound(endOver(other, at()));
    const request = rowOf(change, 'request');
    expect(request).toMatchObject({
      type: 'systemUpdate',
      state: 'delivered',
      detail: 'endReached',
      requestor: null,
      target: facts.target.id,
      package: facts.package.id,
      policyVersion: versionId('left.1'),
      assignment: facts.assignment.id,
      startsAt: facts.assignment.startsAt,
      endsAt: days(20),
      createdAt: NOON,
      completedAt: NOON,
    });
    expect(change.events).toMatchObject([{ refs: { request: request.id }, covers: [request.id, 'justification-1'] }]);
  });
  test('an end that was only theirs is computed anew', () => {
    const change = sound(endOver(two(days(20), { assignment: anAssignment({ endsAt: days(25), reminded: 2 }) }), at()));
    expect(rowOf(change, 'assignment')).toMatchObject({ endsAt: days(20), reminded: 0, remindAt: days(7.5) });
  });
  test('what has no end any more has none', () => {
    expect(dataOf(sound(endOver(two(null), at())), 'assignment.unjustified')).toMatchObject({ endsAt: null });
  });
  test.each([
    {
      name: 'a moment before the end',
      give: assignmentFacts({ assignment: anAssignment({ endsAt: new Date(NOON.getTime() + 1) }) }),
    },
    { name: 'without an end', give: assignmentFacts({ assignment: anAssignment({ endsAt: null }) }) },
    {
      name: 'when it has ended already',
      give: assignmentFacts({ assignment: anAssignment({ state: 'removing', endsAt: hours(-1) }) }),
    },
  ])('nothing ends $name', ({ give }) => {
    expect(endOver(give, at())).toEqual({ rows: [], links: [], withdrawals: [], events: [] });
  });
});

describe('giving up', () => {
  test('is the person’s own removal request', () => {
    expect(rowOf(sound(giveUp(assignmentFacts(), tara, at())), 'request')).toMatchObject({
      type: 'userRemove',
      detail: 'gaveUp',
      requestor: tara,
    });
  });
  test.each(LIVE_ASSIGNMENT_STATES)('is possible while it is %s', (state) => {
    expect(
      rowOf(sound(giveUp(assignmentFacts({ assignment: anAssignment({ state }) }), tara, at())), 'assignment')
        .endReason,
    ).toBe('gaveUp');
  });
  test.each<{ name: string; give: AssignmentFacts; person: string; wantFault: string }>([
    {
      name: 'where the policy does not let them',
      give: assignmentFacts({ policy: aPolicy({ selfRemove: false }) }),
      person: 'Tara',
      wantFault: 'not-self-removable',
    },
    {
      name: 'where no policy is left to let them',
      give: assignmentFacts({ latest: null }),
      person: 'Tara',
      wantFault: 'not-self-removable',
    },
    { name: 'of somebody else', give: assignmentFacts(), person: 'Zoe', wantFault: 'not-held' },
    {
      name: 'of what has ended',
      give: assignmentFacts({ assignment: anAssignment({ state: 'removed' }) }),
      person: 'Tara',
      wantFault: 'not-held',
    },
  ])('$name: $wantFault', ({ give, person, wantFault }) => {
    expect(faultOf(() => giveUp(give, idOf(person), at())).code).toBe(wantFault);
  });
});

describe('removal by an owner', () => {
  const olga = { person: idOf('Olga'), mayRemove: true, note: ' Left the team. ' };
  test('has a reason, which is told and kept as a remark', () => {
    const change = sound(removeByOwner(assignmentFacts(), olga, at()));
    expect(rowOf(change, 'request')).toMatchObject({
      type: 'adminRemove',
      detail: 'removedByOwner',
      requestor: 'olga',
      reason: 'Left the team.',
    });
    expect(change.events.find((event) => event.type === 'assignment.ending')?.remark).toBe('Left the team.');
  });
  test.each<{
    name: string;
    give?: AssignmentFacts;
    by?: Partial<typeof olga> & { note?: string | null };
    wantFault: string;
  }>([
    { name: 'without the right', by: { mayRemove: false }, wantFault: 'forbidden' },
    { name: 'without a reason', by: { note: '  ' }, wantFault: 'removal-reason-required' },
    { name: 'with too long a reason', by: { note: 'x'.repeat(2001) }, wantFault: 'text-too-long' },
    {
      name: 'of what has ended',
      give: assignmentFacts({ assignment: anAssignment({ state: 'removing' }) }),
      wantFault: 'not-held',
    },
  ])('$name: $wantFault', ({ give, by, wantFault }) => {
    expect(faultOf(() => removeByOwner(give ?? assignmentFacts(), { ...olga, ...by }, at())).code).toBe(wantFault);
  });
});

describe('reminding', () => {
  const due = (fields: Parameters<typeof anAssignment>[0]) =>
    assignmentFacts({ assignment: anAssignment({ remindAt: NOON, ...fields }) });
  test.each([
    { name: 'the first names the second', give: due({ endsAt: days(14) }), want: { n: 1, remindAt: days(13) } },
    { name: 'the second is the last', give: due({ endsAt: days(1), reminded: 1 }), want: { n: 2, remindAt: null } },
    {
      name: 'the only one of a short period',
      give: due({ startsAt: days(-0.5), endsAt: days(0.5) }),
      want: { n: 1, remindAt: null },
    },
    {
      name: 'two that are due at once are one',
      give: due({ endsAt: hours(20), remindAt: days(-13) }),
      want: { n: 2, remindAt: null },
    },
  ])('$name', ({ give, want }) => {
    const change = sound(remind(give, at()));
    expect(rowOf(change, 'assignment')).toMatchObject({ reminded: want.n, remindAt: want.remindAt });
    expect(dataOf(change, 'assignment.reminded')).toEqual({ n: want.n });
  });
  test.each([
    { name: 'before its time', give: due({ remindAt: hours(1) }) },
    { name: 'when none is due', give: due({ remindAt: null }) },
    { name: 'after the end', give: due({ endsAt: NOON }) },
    { name: 'of what is being removed', give: due({ state: 'removing' }) },
  ])('nothing $name', ({ give }) => {
    expect(remind(give, at()).rows).toEqual([]);
  });
});
