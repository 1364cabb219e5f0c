// One grant made true elsewhere: baseline, outcomes, failures, manual tasks (rules 3.10, 3.12, 3.25).
import type { PlaceFacts, TaskFacts } from '../../src/domain/facts';
import type { Assignment, AssignmentId, Grant, PackageId, Request } from '../../src/domain/model';
import { asksAgainAt, asksFirst, cameLate, isTheirs, neverGiven, readBaseline } from '../../src/domain/baseline';
import { confirm, desired, fail, finishTask, isLate, remindTask } from '../../src/domain/placement';
import {
  aGrant,
  aManualTask,
  aRequest,
  anAssignment,
  at,
  dataOf,
  eventsOf,
  days,
  hours,
  idOf,
  NOON,
  placeFacts,
  rowOf,
  rowsOf,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const present = { state: 'present', externalId: 'x-1' } as const;
const absent = { state: 'absent', externalId: null } as const;
const waiting = { state: 'waiting', externalId: null } as const;
const minutes = (n: number): Date => hours(n / 60);
const placing = (n = 1, fields: Partial<Grant> = {}) =>
  aGrant(n, { state: 'placing', placedAt: null, baseline: null, ...fields });
const taking = (n = 1, fields: Partial<Grant> = {}) => aGrant(n, { state: 'taking', ...fields });

/** A grant among others of one assignment, on the way in. */
const giving = (
  grants: Grant[],
  fields: Partial<Assignment> = {},
  request: Partial<Request> = {},
): Partial<PlaceFacts> => ({
  grant: grants[0] ?? placing(),
  assignments: [
    {
      assignment: anAssignment({ state: 'delivering', ...fields }),
      requests: [aRequest({ state: 'delivering', ...request })],
      grants,
    },
  ],
});
/** The same on the way out. */
const losing = (
  grants: Grant[],
  fields: Partial<PlaceFacts> = {},
  state: 'removing' | 'removalFailed' = 'removing',
): PlaceFacts =>
  placeFacts({
    grant: grants[0] ?? taking(),
    wanted: false,
    assignments: [
      {
        assignment: anAssignment({ state }),
        requests: [aRequest({ type: 'systemRemove', requestor: null, state })],
        grants,
      },
    ],
    ...fields,
  });

describe('what a role should be', () => {
  test.each([
    { name: 'wanted', give: placeFacts(), want: 'present' },
    {
      name: 'wanted, whatever was there before',
      give: placeFacts({ grant: aGrant(1, { baseline: true }) }),
      want: 'present',
    },
    { name: 'not wanted', give: losing([taking()]), want: 'absent' },
    { name: 'not wanted, never read', give: losing([taking(1, { baseline: null })]), want: 'absent' },
    {
      name: 'not wanted, but the person had it before',
      give: losing([taking(1, { baseline: true })]),
      want: 'keep',
    },
    {
      name: 'not wanted and taken over',
      give: losing([taking(1, { baseline: true })], { overrideBaseline: true }),
      want: 'absent',
    },
  ])('$name: $want', ({ give, want }) => {
    expect(desired(give)).toBe(want);
  });
});

describe('what was never given', () => {
  const untouched = { state: 'untouched', externalId: null } as const;
  test.each<{ name: string; give: PlaceFacts; want: boolean }>([
    { name: 'ended before the first call', give: losing([taking(1, { baseline: null, placedAt: null })]), want: true },
    { name: 'wanted', give: placeFacts(), want: false },
    { name: 'was read', give: losing([taking(1, { baseline: false, placedAt: null })]), want: false },
    { name: 'was placed', give: losing([taking(1, { baseline: null })]), want: false },
    {
      name: 'is to be taken whoever gave it',
      give: losing([taking(1, { baseline: null, placedAt: null })], { overrideBaseline: true }),
      want: false,
    },
  ])('$name: $want', ({ give, want }) => {
    expect(neverGiven(give)).toBe(want);
  });
  test('is over without a call, and stays with the person', () => {
    const change = sound(confirm(losing([taking(1, { baseline: null, placedAt: null })]), untouched, at()));
    expect(dataOf(change, 'grant.taken')).toEqual({ kept: true });
    expect([rowOf(change, 'grant').state, rowOf(change, 'assignment').state]).toEqual(['taken', 'removed']);
  });
  test.each([
    { name: 'wanted again meanwhile', give: placeFacts() },
    { name: 'given meanwhile', give: losing([taking(1, { baseline: false })]) },
  ])('but $name changes nothing', ({ give }) => {
    expect(confirm(give, untouched, at()).rows).toEqual([]);
  });
});

describe('the baseline', () => {
  test.each([true, false])('is remembered before the first call: %s', (had) => {
    const change = sound(readBaseline(placeFacts(), had, at()));
    expect([rowOf(change, 'grant').baseline, rowOf(change, 'grant').state]).toEqual([had, 'placing']);
    expect(dataOf(change, 'grant.baselineRead')).toEqual({ present: had });
  });
  test.each([
    { name: 'placed', grant: aGrant(1, { baseline: true }) },
    { name: 'being given for the first time', grant: placing(1, { baseline: true }) },
  ])('of a role that is $name is dropped where it is gone twice: what is given now is Usher’s', ({ grant }) => {
    const doubted = sound(readBaseline(placeFacts({ grant }), false, at()));
    expect(rowOf(doubted, 'grant')).toMatchObject({ baseline: true, goneAt: NOON, state: grant.state });
    expect(eventsOf(doubted)).toEqual(['grant.baselineDoubted']);
    expect(asksAgainAt(placeFacts({ grant }), false, at())).toEqual(minutes(5));

    const again = placeFacts({ grant: { ...grant, goneAt: NOON } });
    expect(readBaseline(again, false, at(minutes(4))).rows).toEqual([]);
    expect(asksAgainAt(again, false, at(minutes(4)))).toEqual(minutes(5));
    const change = sound(readBaseline(again, false, at(minutes(5))));
    expect(rowOf(change, 'grant')).toMatchObject({ baseline: false, goneAt: null, state: grant.state });
    expect(eventsOf(change)).toEqual(['grant.baselineRead', 'resource.driftChanged']);
    expect(asksAgainAt(again, false, at(minutes(5)))).toBeNull();
  });
  test('of a role is doubted anew where nobody looked a second time for long', () => {
    const old = (goneAt: Date): PlaceFacts => placeFacts({ grant: placing(1, { baseline: true, goneAt }) });
    for (const goneAt of [days(-30), minutes(-61)]) {
      const change = sound(readBaseline(old(goneAt), false, at()));
      expect(rowOf(change, 'grant')).toMatchObject({ baseline: true, goneAt: NOON });
      expect(eventsOf(change)).toEqual(['grant.baselineDoubted']);
      expect(asksAgainAt(old(goneAt), false, at())).toEqual(minutes(5));
    }
    expect(rowOf(sound(readBaseline(old(minutes(-60)), false, at())), 'grant').baseline).toBe(false);
  });
  test('of a role is kept where it is there at the second look, and where nothing is to be given', () => {
    const doubted = placeFacts({ grant: aGrant(1, { baseline: true, goneAt: NOON }) });
    expect(rowOf(sound(readBaseline(doubted, true, at(minutes(5)))), 'grant')).toMatchObject({
      baseline: true,
      goneAt: null,
    });
    expect(asksAgainAt(doubted, true, at())).toBeNull();
    expect(readBaseline(placeFacts({ grant: aGrant(1, { baseline: true }) }), true, at()).rows).toEqual([]);
    const over = { ...doubted, wanted: false };
    expect(readBaseline(over, false, at(minutes(5))).rows).toEqual([]);
    expect(asksAgainAt(over, false, at())).toBeNull();
    // Whatever was doubted of access that is over is not known of the next.
    const kept = losing([taking(1, { baseline: true, goneAt: NOON })]);
    expect(rowOf(sound(confirm(kept, present, at())), 'grant')).toMatchObject({ state: 'taken', goneAt: null });
  });
  test.each([
    { name: 'the first time', give: placeFacts(), want: true },
    { name: 'again where they had it', give: placeFacts({ grant: aGrant(1, { baseline: true }) }), want: true },
    { name: 'again where they had not', give: placeFacts({ grant: aGrant(1, { baseline: false }) }), want: false },
    { name: 'once placed unread', give: placeFacts({ grant: aGrant(1, { baseline: null }) }), want: false },
    { name: 'and taken away', give: losing([taking(1, { baseline: true })]), want: false },
  ])('what is given $name asks first: $want', ({ give, want }) => {
    expect(asksFirst(give)).toBe(want);
  });
  test.each<{ name: string; give: PlaceFacts; had?: boolean | null; want: boolean }>([
    { name: 'found the first time', give: placeFacts(), want: true },
    { name: 'found again', give: placeFacts({ grant: aGrant(1, { baseline: true }) }), want: true },
    { name: 'gone', give: placeFacts({ grant: aGrant(1, { baseline: true }) }), had: false, want: false },
    { name: 'not to be seen', give: placeFacts(), had: null, want: false },
    { name: 'Usher’s gift', give: placeFacts({ grant: aGrant(1, { baseline: false }) }), want: false },
    { name: 'Usher’s gift, unread', give: placeFacts({ grant: aGrant(1, { baseline: null }) }), want: false },
    { name: 'wanted no more', give: losing([taking(1, { baseline: true })]), want: false },
  ])('that is $name is theirs and is not given: $want', ({ give, had = true, want }) => {
    expect(isTheirs(give, had)).toBe(want);
  });
  test.each<{ name: string; give: PlaceFacts; had?: boolean | null }>([
    { name: 'where the system cannot be read', give: placeFacts(), had: null },
    { name: 'a second time', give: placeFacts({ grant: placing(1, { baseline: false }) }) },
    { name: 'once it was placed', give: placeFacts({ grant: aGrant(1, { baseline: null }) }) },
    { name: 'by a retry of what was placed before', give: placeFacts({ grant: placing(1, { placedAt: hours(-1) }) }) },
    { name: 'when it is not wanted any more', give: losing([taking(1, { baseline: null, placedAt: null })]) },
  ])('is never learned $name', ({ give, had }) => {
    expect(readBaseline(give, had === undefined ? true : had, at()).rows).toEqual([]);
  });
});

describe('a role that was given', () => {
  test('delivers the assignment and its request when it is the last', () => {
    const change = sound(confirm(placeFacts(giving([placing(1), aGrant(2)])), present, at()));
    expect(rowOf(change, 'grant')).toMatchObject({ state: 'placed', externalId: 'x-1', placedAt: NOON, error: null });
    expect([
      rowOf(change, 'assignment').state,
      rowOf(change, 'request').state,
      rowOf(change, 'request').completedAt,
    ]).toEqual(['delivered', 'delivered', NOON]);
    expect(eventsOf(change)).toEqual(['grant.placed', 'assignment.delivered', 'request.delivered']);
    expect(dataOf(change, 'request.delivered')).toEqual({ onBehalf: false });
  });
  test('waits for the others', () => {
    const change = sound(confirm(placeFacts(giving([placing(1), placing(2)])), present, at()));
    expect(change.rows.map((row) => row.noun)).toEqual(['grant']);
  });
  test.each([
    { name: 'some failed', give: [placing(1), aGrant(2, { state: 'placeFailed' })], want: 'partiallyDelivered' },
    { name: 'none failed', give: [placing(1), aGrant(2)], want: 'delivered' },
  ])('$name: $want', ({ give, want }) => {
    expect(rowOf(sound(confirm(placeFacts(giving(give)), present, at())), 'assignment').state).toBe(want);
  });
  test('repairs what was delivered in part', () => {
    const facts = placeFacts(
      giving(
        [aGrant(1, { state: 'placeFailed' }), aGrant(2)],
        { state: 'partiallyDelivered' },
        { state: 'partiallyDelivered' },
      ),
    );
    const change = sound(confirm(facts, present, at()));
    expect([rowOf(change, 'assignment').state, rowOf(change, 'request').state]).toEqual(['delivered', 'delivered']);
  });
  test('settles every assignment that it is part of', () => {
    const two = ['assignment-1', 'assignment-2'].map((id) => ({
      assignment: anAssignment({ id: id as Assignment['id'], state: 'delivering' }),
      requests: [aRequest({ id: id.replace('assignment', 'request') as Request['id'], state: 'delivering' })],
      grants: [placing()],
    }));
    expect(
      rowsOf(sound(confirm(placeFacts({ assignments: two }), present, at())), 'assignment').map((one) => one.state),
    ).toEqual(['delivered', 'delivered']);
  });
  test('ends the way of every request that waits for it', () => {
    const requests = [
      aRequest({ state: 'deliveryFailed' }),
      aRequest({ id: 'request-2' as Request['id'], type: 'userExtend', state: 'delivering' }),
    ];
    const assignments = [{ assignment: anAssignment({ state: 'delivering' }), requests, grants: [placing()] }];
    const change = sound(confirm(placeFacts({ assignments }), present, at()));
    expect(rowsOf(change, 'request').map(({ id, state }) => [id, state])).toEqual([
      ['request-1', 'delivered'],
      ['request-2', 'delivered'],
    ]);
  });
  test('and confirmed again changes nothing', () => {
    const facts = placeFacts({
      ...giving([aGrant(1, { externalId: 'x-1' })], { state: 'delivered' }, { state: 'delivered' }),
    });
    expect(confirm(facts, present, at())).toEqual({ rows: [], links: [], withdrawals: [], events: [] });
  });
  test('though it is not wanted any more changes nothing: it is taken next', () => {
    expect(confirm(losing([taking()]), present, at()).rows).toEqual([]);
  });
  test('tells a requestor who asked for somebody else', () => {
    const facts = placeFacts(giving([placing()], {}, { requestor: idOf('Mona') }));
    expect(dataOf(confirm(facts, present, at()), 'request.delivered')).toEqual({ onBehalf: true });
  });
  test('does not touch a removal of other access', () => {
    const ending = {
      assignment: anAssignment({ state: 'removing' }),
      requests: [aRequest({ type: 'userRemove', state: 'removing' })],
      grants: [placing(1), taking(2)],
    };
    expect(rowsOf(confirm(placeFacts({ assignments: [ending] }), present, at()), 'assignment')).toEqual([]);
  });
});

describe('a role that was taken', () => {
  test('removes the assignment when it is the last', () => {
    const change = sound(confirm(losing([taking(1), aGrant(2, { state: 'taken' })]), absent, at()));
    expect(rowOf(change, 'grant')).toMatchObject({ state: 'taken', takenAt: NOON, externalId: null });
    expect([
      rowOf(change, 'assignment').state,
      rowOf(change, 'request').state,
      rowOf(change, 'request').completedAt,
    ]).toEqual(['removed', 'removed', NOON]);
    expect(eventsOf(change)).toEqual(['grant.taken', 'assignment.removed', 'request.removed']);
  });
  test('waits for the others', () => {
    expect(rowsOf(sound(confirm(losing([taking(1), taking(2)]), absent, at())), 'assignment')).toEqual([]);
  });
  test('does not wait for roles that stay for another reason', () => {
    expect(rowOf(sound(confirm(losing([taking(1), aGrant(2)]), absent, at())), 'assignment').state).toBe('removed');
  });
  test('after all, ends the alarm', () => {
    const facts = losing([taking(1, { state: 'takeFailed', error: 'later' })], {}, 'removalFailed');
    const change = sound(confirm(facts, absent, at()));
    expect([rowOf(change, 'assignment').state, rowOf(change, 'grant').error]).toEqual(['removed', null]);
  });
  test('leaves the alarm on while another one fails', () => {
    const facts = losing([taking(1), taking(2, { state: 'takeFailed' })], {}, 'removalFailed');
    expect(rowsOf(sound(confirm(facts, absent, at())), 'assignment')).toEqual([]);
  });
  test('is settled without a call where the person keeps what they had', () => {
    const change = sound(confirm(losing([taking(1, { baseline: true })]), present, at()));
    expect(dataOf(change, 'grant.taken')).toEqual({ kept: true });
    expect(rowOf(change, 'grant').takenAt).toBeNull();
    expect(rowOf(change, 'assignment').state).toBe('removed');
  });
  test('is not said to be removed where it is given again instead, however that goes', () => {
    const ending = {
      assignment: anAssignment({ state: 'removalFailed' }),
      requests: [aRequest({ type: 'userRemove', state: 'removalFailed' })],
      grants: [placing(1)],
    };
    const given = (facts: PlaceFacts): PlaceFacts => ({ ...facts, assignments: [ending, ...facts.assignments] });
    const facts = given(placeFacts(giving([placing(1)], { id: 'assignment-2' as AssignmentId }, { number: 1003 })));
    const changes = [
      confirm(facts, present, at()),
      confirm(facts, waiting, at()),
      fail(facts, { code: 'quota_full', final: true }, at()),
      fail(facts, { code: 'away', final: false }, at()),
    ];
    for (const change of changes) {
      expect(dataOf(change, 'request.removed')).toEqual({ onBehalf: false, askedAgain: 1003 });
      expect(dataOf(change, 'assignment.removed')).toMatchObject({ askedAgain: 1003 });
    }
  });
  test('is not said to be asked for again where another package has the role', () => {
    const ending = {
      assignment: anAssignment({ state: 'removing', package: 'package-2' as PackageId }),
      requests: [aRequest({ type: 'userRemove', state: 'removing' })],
      grants: [placing(1)],
    };
    const facts = placeFacts(giving([placing(1)], { id: 'assignment-2' as AssignmentId }, { number: 1003 }));
    const change = confirm({ ...facts, assignments: [ending, ...facts.assignments] }, present, at());
    expect(dataOf(change, 'request.removed')).toEqual({ onBehalf: false, wantedBy: 1003 });
  });
  test('though it is wanted again changes nothing: it is given next', () => {
    expect(confirm(placeFacts(), absent, at()).rows).toEqual([]);
  });
});

describe('a failure', () => {
  const later = { code: 'rate_limited', final: false };
  const final = { code: 'forbidden_by_owner', final: true };
  test.each([
    { name: 'of the only role', give: [placing(1)], want: 'deliveryFailed' },
    { name: 'of one of two', give: [placing(1), aGrant(2)], want: 'partiallyDelivered' },
    { name: 'of the second of two', give: [placing(1), aGrant(2, { state: 'placeFailed' })], want: 'deliveryFailed' },
  ])('for good $name: $want', ({ give, want }) => {
    const change = sound(fail(placeFacts(giving(give)), final, at()));
    expect(rowOf(change, 'grant')).toMatchObject({ state: 'placeFailed', error: 'forbidden_by_owner' });
    expect([rowOf(change, 'assignment').state, rowOf(change, 'request').state]).toEqual([want, want]);
    expect(dataOf(change, 'grant.placeFailed')).toEqual(final);
  });
  test('for good while another role is on its way waits for that', () => {
    expect(rowsOf(sound(fail(placeFacts(giving([placing(1), placing(2)])), final, at())), 'assignment')).toEqual([]);
  });
  test('that will be tried again is remembered and moves nothing', () => {
    const change = sound(fail(placeFacts(), later, at()));
    expect(rowOf(change, 'grant')).toMatchObject({ state: 'placing', error: 'rate_limited' });
    expect(rowsOf(change, 'assignment')).toEqual([]);
  });
  test('that repeats itself writes nothing', () => {
    expect(fail(placeFacts({ ...giving([placing(1, { error: 'rate_limited' })]) }), later, at()).rows).toEqual([]);
  });
  test.each([
    { name: 'given', give: placeFacts(giving([aGrant(1)], { state: 'delivered' }, { state: 'delivered' })) },
    { name: 'taken', give: losing([taking(1, { state: 'taken' })]) },
  ])('that comes in late does not undo what is $name', ({ give }) => {
    expect(fail(give, final, at())).toEqual({ rows: [], links: [], withdrawals: [], events: [] });
  });
  test('to take alarms, and the removal is not given up', () => {
    const change = sound(fail(losing([taking()]), final, at()));
    expect([rowOf(change, 'grant').state, rowOf(change, 'assignment').state, rowOf(change, 'request').state]).toEqual([
      'takeFailed',
      'removalFailed',
      'removalFailed',
    ]);
    expect(rowOf(change, 'request').completedAt).toBeNull();
    expect(eventsOf(change)).toEqual(['grant.takeFailed', 'assignment.removalFailed', 'request.removalFailed']);
  });
  test.each([
    { name: 'that is tried again within three minutes', next: 180_000, want: false },
    { name: 'that is tried again only later', next: 180_001, want: true },
  ])('to take $name is late: $want', ({ next, want }) => {
    expect(isLate(NOON, new Date(NOON.getTime() + next))).toBe(want);
  });
  test('to take that will be tried again does not alarm yet', () => {
    expect(rowsOf(sound(fail(losing([taking()]), later, at())), 'assignment')).toEqual([]);
  });
});

describe('what a person has to do', () => {
  test('becomes a task, once', () => {
    const change = sound(confirm(placeFacts(), waiting, at()));
    expect(rowOf(change, 'manualTask')).toMatchObject({ state: 'open', want: true, grant: 'grant-1', openedAt: NOON });
    expect(eventsOf(change)).toEqual(['manualTask.opened']);
    expect(confirm(placeFacts({ openTask: aManualTask() }), waiting, at()).rows).toEqual([]);
  });
  test('is over when the opposite is wanted, and that is another task', () => {
    const change = sound(confirm(losing([taking()], { openTask: aManualTask() }), waiting, at()));
    const [old, opened] = rowsOf(change, 'manualTask');
    expect(old).toMatchObject({ id: 'manual-1', want: true, state: 'canceled', version: 2 });
    expect(opened).toMatchObject({ want: false, state: 'open', openedAt: NOON, version: 1 });
    expect(opened?.id).not.toBe('manual-1');
    expect(eventsOf(change)).toEqual(['manualTask.canceled', 'manualTask.opened']);
    expect(dataOf(change, 'manualTask.opened')).toEqual({ want: false });
  });
  test('need not be done any more once it is so', () => {
    const facts = placeFacts({ openTask: aManualTask() });
    const change = sound(confirm(facts, present, at()));
    expect(rowOf(change, 'manualTask')).toMatchObject({ state: 'canceled' });
    expect(eventsOf(change)).toContain('manualTask.canceled');
  });

  const owners = ['Olga', 'Tara'].map(idOf);
  /** Facts of the task that is open, unless another one is named. */
  const named = (facts: PlaceFacts, task = facts.openTask ?? aManualTask()): TaskFacts => ({
    ...facts,
    task,
    owners,
    keepers: [],
    told: [],
  });
  const open = (fields: Partial<PlaceFacts> = {}) => named(placeFacts({ openTask: aManualTask(), ...fields }));
  test('is reported with a note, and delivers', () => {
    const change = sound(finishTask(open(), idOf('Olga'), ' Badge handed over. ', at()));
    expect(rowOf(change, 'manualTask')).toMatchObject({
      state: 'done',
      doneAt: NOON,
      doneBy: 'olga',
      note: 'Badge handed over.',
    });
    expect([rowOf(change, 'grant').state, rowOf(change, 'assignment').state]).toEqual(['placed', 'delivered']);
    expect(change.events[0]).toMatchObject({ type: 'manualTask.done', remark: 'Badge handed over.' });
  });
  test('is reported for a removal, and removes', () => {
    const facts = named(losing([taking()], { openTask: aManualTask({ want: false }) }));
    expect(rowOf(sound(finishTask(facts, idOf('Olga'), 'Badge is back.', at())), 'assignment').state).toBe('removed');
  });
  test('is done for a removal of what is wanted again by now: then somebody has to give it once more', () => {
    const grant = placing(1, { placedAt: hours(-5) });
    const facts = named(placeFacts({ grant, openTask: aManualTask({ want: false }) }));
    const change = sound(finishTask(facts, idOf('Olga'), 'Badge is back.', at()));
    expect(rowOf(change, 'grant')).toMatchObject({ state: 'placing', takenAt: at().now });
    const then = confirm({ ...facts, openTask: null, grant: rowOf(change, 'grant') }, waiting, at());
    expect(rowsOf(sound(then), 'manualTask')).toMatchObject([{ want: true, state: 'open' }]);
  });
  test('is done, though the opposite is wanted by now: then that comes next', () => {
    const facts = named(losing([taking()], { openTask: aManualTask({ want: true }) }));
    expect(sound(finishTask(facts, idOf('Olga'), 'Done.', at())).rows.map((row) => row.noun)).toEqual(['manualTask']);
  });
  test.each<{ name: string; give?: TaskFacts; person?: string; note?: string | null; wantFault: string }>([
    { name: 'that is over', give: named(placeFacts()), wantFault: 'task-not-open' },
    {
      name: 'that is done',
      give: named(placeFacts(), aManualTask({ state: 'done' })),
      wantFault: 'task-not-open',
    },
    {
      name: 'that another one followed',
      give: named(losing([taking()], { openTask: aManualTask({ id: 'manual-2', want: false }) }), aManualTask()),
      wantFault: 'task-not-open',
    },
    { name: 'without a note', note: ' ', wantFault: 'task-note-required' },
    { name: 'with too long a note', note: 'x'.repeat(2001), wantFault: 'text-too-long' },
    { name: 'by somebody who does not own the resource', person: 'Zoe', wantFault: 'not-your-task' },
    { name: 'by the person it is for, though an owner', person: 'Tara', wantFault: 'not-your-task' },
  ])('a task $name: $wantFault', ({ give, person, note, wantFault }) => {
    const act = () => finishTask(give ?? open(), idOf(person ?? 'Olga'), note === undefined ? 'Done.' : note, at());
    expect(faultOf(act).code).toBe(wantFault);
  });

  describe('and is not done', () => {
    const due = aManualTask({ openedAt: hours(-24), remindAt: NOON });
    test('is told of again after a day, and those in charge are asked as well', () => {
      const change = sound(remindTask(open({ openTask: due }), at()));
      expect(rowOf(change, 'manualTask')).toMatchObject({ state: 'open', remindAt: hours(24), escalatedAt: NOON });
      expect(eventsOf(change)).toEqual(['manualTask.escalated']);
      expect(dataOf(change, 'manualTask.escalated')).toEqual({ want: true, n: 2 });
    });
    test('is told of daily from then on', () => {
      const task = aManualTask({ openedAt: hours(-48), remindAt: NOON, escalatedAt: hours(-24) });
      const change = sound(remindTask(open({ openTask: task }), at()));
      expect(eventsOf(change)).toEqual(['manualTask.reminded']);
      expect(rowOf(change, 'manualTask')).toMatchObject({ remindAt: hours(24), escalatedAt: hours(-24) });
    });
    test('is an alarm after a day where access should be gone, once', () => {
      const facts = named(losing([taking()], { openTask: { ...due, want: false } }));
      const change = sound(remindTask(facts, at()));
      expect([rowOf(change, 'grant').state, rowOf(change, 'assignment').state]).toEqual([
        'takeFailed',
        'removalFailed',
      ]);
      expect(rowOf(change, 'manualTask')).toMatchObject({ state: 'open', escalatedAt: NOON });
      expect(eventsOf(change)).toContain('assignment.removalFailed');
      const later = named(losing([taking()], { openTask: { ...due, want: false, escalatedAt: hours(-24) } }));
      expect(rowsOf(sound(remindTask(later, at())), 'grant')).toEqual([]);
    });
    test.each([
      { name: 'before its time', give: open({ openTask: aManualTask({ remindAt: hours(1) }) }) },
      { name: 'once it is over', give: named(placeFacts(), { ...due, state: 'canceled' }) },
    ])('nobody hears $name', ({ give }) => {
      expect(remindTask(give, at()).rows).toEqual([]);
    });
  });
});

describe('a call that came too late', () => {
  const own = (fields: Partial<PlaceFacts> = {}): PlaceFacts =>
    placeFacts({ grant: placing(1, { baseline: true, takenAt: days(-2) }), ...fields });
  test.each([
    { name: 'and gave what is wanted anew', give: own(), want: false },
    { name: 'and gave, where what came after is over too', give: own({ wanted: false, assignments: [] }), want: false },
    { name: 'and gave before anybody read', give: placeFacts({ grant: placing(1) }), want: false },
    { name: 'and took', give: own(), gave: false, want: true },
  ])('$name: what the person had before is believed: $want', ({ give, gave = true, want }) => {
    const change = sound(cameLate(give, gave));
    expect(rowsOf(change, 'grant')).toEqual(want ? [] : [expect.objectContaining({ baseline: false })]);
    expect(dataOf(change, give.wanted ? 'grant.wanted' : 'grant.unwanted')).toEqual({ again: true });
  });
});
