// Both state machines edge by edge: every act in every state, what it leads to and what it refuses; and that each drawn edge is
// taken by one of them. That the database guards the drawn edges, and no others: test/store/write.test.ts.
import { end, endOver, followException, giveUp, remind, removeByOwner } from '../../src/domain/assignment';
import type { Change } from '../../src/domain/events';
import type { RequestFacts } from '../../src/domain/facts';
import type { AssignmentState, JustificationId, RequestState } from '../../src/domain/model';
import { mayExtend } from '../../src/domain/period';
import { confirm, fail } from '../../src/domain/placement';
import { follow, reprocess } from '../../src/domain/reprocess';
import {
  cancel,
  decide,
  escalate,
  expireStage,
  reroute,
  startDue,
  submit,
  submitExtension,
} from '../../src/domain/request';
import {
  aContent,
  aGrant,
  aJustification,
  aPolicy,
  aRequest,
  aStage,
  aTask,
  anAssignment,
  assignmentFacts,
  at,
  days,
  hours,
  idOf,
  placeFacts,
  requestFacts,
  rowsOf,
  runningStage,
  submitFacts,
  who,
} from '../support/builders';
import { EDGES, faultOf, sound } from '../support/sound';

const REQUEST_STATES = Object.keys(EDGES.request) as RequestState[];
const ASSIGNMENT_STATES = Object.keys(EDGES.assignment) as AssignmentState[];

/** State of the one row after an act; `-` when nothing changes; the code when it is refused. */
function outcome(noun: 'request' | 'assignment', id: string, act: () => Change): string {
  let change: Change;
  try {
    change = act();
  } catch {
    return faultOf(act).code;
  }
  const row = rowsOf(sound(change), noun).find((one) => one.id === id);
  return row ? row.state : '-';
}

describe('a request', () => {
  const inState = (state: RequestState, fields: Partial<RequestFacts> = {}): RequestFacts => {
    const isScheduled = state === 'scheduled';
    const assignment = anAssignment({
      state: isScheduled ? 'scheduled' : 'delivered',
      startsAt: hours(0),
      endsAt: days(30),
    });
    const isPending = state === 'pendingApproval';
    return requestFacts({
      request: aRequest({ state, assignment: isPending ? null : assignment.id }),
      stages: [
        runningStage(
          1,
          isPending ? { decideBy: days(1), escalateAt: hours(0) } : { state: 'approved', closedAt: hours(-1) },
        ),
      ],
      tasks: [aTask('Ana', isPending ? {} : { state: 'closed' })],
      assignment: isPending ? null : assignment,
      live: isScheduled ? assignment : null,
      justifications: [aJustification({ startsAt: hours(0), until: days(30) })],
      ...fields,
    });
  };
  const ana = idOf('Ana');
  const approve = { decision: 'approve', reason: null, shown: {} } as const;
  const deny = { decision: 'deny', reason: 'No.', shown: {} } as const;
  const closed = { catalog: { ...requestFacts().catalog, state: 'unpublished' as const } };
  const later = { request: aRequest({ period: { startsAt: days(2), endsAt: null, hours: null } }) };

  const undelivered: readonly RequestState[] = ['delivering', 'partiallyDelivered', 'deliveryFailed'];
  const undeliveredIn = (state: RequestState) => (undelivered.includes(state) ? [aRequest({ state })] : []);

  const acts: Readonly<Record<string, (state: RequestState) => Change>> = {
    approve: (state) => decide(inState(state), ana, approve, at()),
    approveForLater: (state) => decide(inState(state, state === 'pendingApproval' ? later : {}), ana, approve, at()),
    approveNothing: (state) => decide(inState(state, { content: aContent(0) }), ana, approve, at()),
    approveAtAClosedGate: (state) => decide(inState(state, closed), ana, approve, at()),
    deny: (state) => decide(inState(state), ana, deny, at()),
    cancel: (state) => cancel(inState(state), { person: idOf('Tara'), owner: false }, at()),
    cancelByOwner: (state) => cancel(inState(state), { person: idOf('Olga'), owner: true }, at()),
    cancelBySystem: (state) => cancel(inState(state), 'system', at(), 'targetDisabled'),
    runOut: (state) => expireStage(inState(state), at(days(1))),
    escalate: (state) => escalate(inState(state), at()),
    loseApprovers: (state) => reroute(inState(state, { candidates: [] }), at()),
    start: (state) => startDue(inState(state), at()),
    startNothing: (state) => startDue(inState(state, { content: aContent(0) }), at()),
    startAtAClosedGate: (state) => startDue(inState(state, closed), at()),
    startTooEarly: (state) => startDue(inState(state), at(hours(-1))),
    endOfAccess: (state) => {
      const assignment = anAssignment({ state: 'delivering' });
      return giveUp(assignmentFacts({ assignment, undelivered: undeliveredIn(state) }), idOf('Tara'), at());
    },
    loseAllRoles: (state) => {
      const assignment = anAssignment({ state: 'deliveryFailed' });
      return follow(assignmentFacts({ content: aContent(0), assignment, undelivered: undeliveredIn(state) }), at());
    },
    place: (state) => {
      const removal = state === 'removing' || state === 'removalFailed';
      const grant = aGrant(1, { state: removal ? 'taking' : 'placing' });
      const assignment = anAssignment({ state: removal ? state : 'delivering' });
      const request = aRequest({ state, type: removal ? 'userRemove' : 'userAdd' });
      const facts = placeFacts({
        grant,
        wanted: !removal,
        assignments: [{ assignment, requests: [request], grants: [grant] }],
      });
      return confirm(facts, { state: removal ? 'absent' : 'present', externalId: null }, at());
    },
    placeSome: (state) => {
      const grant = aGrant(1, { state: 'placing' });
      const grants = [grant, aGrant(2, { state: 'placeFailed' })];
      const assignment = anAssignment({ state: 'delivering' });
      const facts = placeFacts({ grant, assignments: [{ assignment, requests: [aRequest({ state })], grants }] });
      return confirm(facts, { state: 'present', externalId: null }, at());
    },
    failToPlace: (state) => {
      const grant = aGrant(1, { state: 'placing' });
      const assignment = anAssignment({ state: 'delivering' });
      const facts = placeFacts({
        grant,
        assignments: [{ assignment, requests: [aRequest({ state })], grants: [grant] }],
      });
      return fail(facts, { code: 'x', final: true }, at());
    },
    failToTake: (state) => {
      const grant = aGrant(1, { state: 'taking' });
      const assignment = anAssignment({ state: 'removing' });
      const request = aRequest({ state, type: 'userRemove' });
      const facts = placeFacts({
        grant,
        wanted: false,
        assignments: [{ assignment, requests: [request], grants: [grant] }],
      });
      return fail(facts, { code: 'x', final: true }, at());
    },
  };
  // Only states in which an act leads somewhere; in all others it is refused with `otherwise` (`-`: changes nothing).
  const table: Readonly<Record<string, { to: Partial<Record<RequestState, string>>; otherwise: string }>> = {
    approve: { to: { pendingApproval: 'delivering' }, otherwise: 'already-decided' },
    approveForLater: { to: { pendingApproval: 'scheduled' }, otherwise: 'already-decided' },
    approveNothing: { to: { pendingApproval: 'delivered' }, otherwise: 'already-decided' },
    approveAtAClosedGate: { to: { pendingApproval: 'denied' }, otherwise: 'already-decided' },
    deny: { to: { pendingApproval: 'denied' }, otherwise: 'already-decided' },
    cancel: {
      to: { pendingApproval: 'canceled', scheduled: 'canceled' },
      otherwise: 'not-cancelable',
    },
    cancelByOwner: {
      to: { pendingApproval: 'canceled', scheduled: 'removal-reason-required' },
      otherwise: 'not-cancelable',
    },
    cancelBySystem: {
      to: { pendingApproval: 'canceled', scheduled: 'canceled' },
      otherwise: 'not-cancelable',
    },
    runOut: { to: { pendingApproval: 'expired' }, otherwise: '-' },
    escalate: { to: {}, otherwise: '-' },
    loseApprovers: { to: { pendingApproval: 'denied' }, otherwise: '-' },
    start: { to: { scheduled: 'delivering' }, otherwise: '-' },
    startNothing: { to: { scheduled: 'delivered' }, otherwise: '-' },
    startAtAClosedGate: { to: { scheduled: 'denied' }, otherwise: '-' },
    startTooEarly: { to: {}, otherwise: '-' },
    endOfAccess: { to: { delivering: 'canceled' }, otherwise: '-' },
    loseAllRoles: {
      to: { delivering: 'delivered', partiallyDelivered: 'delivered', deliveryFailed: 'delivered' },
      otherwise: '-',
    },
    place: {
      to: {
        delivering: 'delivered',
        partiallyDelivered: 'delivered',
        deliveryFailed: 'delivered',
        removing: 'removed',
        removalFailed: 'removed',
      },
      otherwise: '-',
    },
    placeSome: { to: { delivering: 'partiallyDelivered', deliveryFailed: 'partiallyDelivered' }, otherwise: '-' },
    failToPlace: { to: { delivering: 'deliveryFailed', partiallyDelivered: 'deliveryFailed' }, otherwise: '-' },
    failToTake: { to: { removing: 'removalFailed' }, otherwise: '-' },
  };
  const rows = Object.entries(table).flatMap(([act, { to, otherwise }]) =>
    REQUEST_STATES.map((state) => ({ act, state, want: to[state] ?? otherwise })),
  );

  test.each(rows)('$state, $act: $want', ({ act, state, want }) => {
    const run = acts[act];
    if (!run) throw new Error(`no act ${act}`);
    expect(outcome('request', 'request-1', () => run(state))).toBe(want);
  });

  test('is born waiting for approval, given, scheduled, done, or as a removal; never as anything else', () => {
    const wish = { policyVersion: null, zone: 'UTC', reason: null, answers: {} };
    const at0 = { startsAt: null, endsAt: null, hours: null };
    const pending = { policy: aPolicy({ stages: [aStage()] }), candidates: who(1, 'primary', 'Ana') };
    const gaveUp = giveUp(assignmentFacts(), idOf('Tara'), at());
    const lent = assignmentFacts({
      assignment: anAssignment({ lent: true, endsAt: days(9) }),
      justifications: [aJustification({ until: days(8) })],
    });
    expect([
      submit(submitFacts(pending), { ...wish, period: at0 }, at()).request.state,
      submit(submitFacts(), { ...wish, period: at0 }, at()).request.state,
      submit(submitFacts(), { ...wish, period: { ...at0, startsAt: days(1) } }, at()).request.state,
      submitExtension(
        assignmentFacts({ assignment: anAssignment({ startsAt: days(-29), endsAt: days(1) }) }),
        { requestor: idOf('Tara'), reason: null },
        at(),
      ).request.state,
      rowsOf(followException(lent, hours(-1), at()), 'request')[0]?.state,
      rowsOf(gaveUp, 'request')[0]?.state,
    ]).toEqual(['pendingApproval', 'delivering', 'scheduled', 'delivered', 'delivered', 'removing']);
  });

  test('takes every drawn edge', () => {
    const taken = new Set(rows.map(({ state, want }) => `${state} > ${want}`));
    const drawn = REQUEST_STATES.flatMap((from) => (EDGES.request[from] ?? []).map((to) => `${from} > ${to}`));
    expect(drawn.filter((edge) => !taken.has(edge))).toEqual([]);
  });
});

describe('an assignment', () => {
  const tara = idOf('Tara');
  const inState = (state: AssignmentState) =>
    assignmentFacts({ assignment: anAssignment({ state, startsAt: days(-29), endsAt: days(1), remindAt: hours(0) }) });
  const alone = (state: AssignmentState) => ({ ...inState(state), grants: [] });
  const withTwo = (state: AssignmentState) => ({
    ...inState(state),
    assignment: { ...inState(state).assignment, endsAt: days(9) },
    justifications: [
      aJustification({ until: days(1) }),
      aJustification({ id: 'justification-2' as JustificationId, until: days(8) }),
    ],
  });
  const lent = (state: AssignmentState) => ({
    ...withTwo(state),
    assignment: { ...inState(state).assignment, lent: true },
  });
  const placed = (
    state: AssignmentState,
    wanted: boolean,
    grants = [aGrant(1, { state: wanted ? 'placing' : 'taking' })],
  ) =>
    placeFacts({
      grant: grants[0] ?? aGrant(),
      wanted,
      assignments: [{ assignment: anAssignment({ state }), requests: [], grants }],
    });
  const system = { reason: 'outOfScope', type: 'systemRemove', requestor: null, note: null } as const;
  const byOwner = { person: idOf('Olga'), mayRemove: true, note: 'Because.' };

  const acts: Readonly<Record<string, (state: AssignmentState) => Change>> = {
    end: (state) => end(inState(state), system, at()),
    endWithNothingToTake: (state) => end(alone(state), system, at()),
    endReached: (state) => endOver(inState(state), at(days(1))),
    loseOneReason: (state) => endOver(withTwo(state), at(days(1))),
    followException: (state) => followException(lent(state), hours(-1), at()),
    endNotReached: (state) => endOver(inState(state), at()),
    giveUp: (state) => giveUp(inState(state), tara, at()),
    removeByOwner: (state) => removeByOwner(inState(state), byOwner, at()),
    remind: (state) => remind(inState(state), at()),
    extend: (state) => submitExtension(inState(state), { requestor: tara, reason: null }, at()).change,
    start: (state) => {
      const assignment = anAssignment({ state, startsAt: hours(0) });
      return startDue(
        requestFacts({
          request: aRequest({ state: 'scheduled', assignment: assignment.id }),
          assignment,
          live: assignment,
        }),
        at(),
      );
    },
    startNothing: (state) => {
      const assignment = anAssignment({ state, startsAt: hours(0) });
      return startDue(
        requestFacts({
          content: aContent(0),
          request: aRequest({ state: 'scheduled', assignment: assignment.id }),
          assignment,
          live: assignment,
        }),
        at(),
      );
    },
    cancel: (state) => {
      const assignment = anAssignment({ state, startsAt: days(1) });
      return cancel(
        requestFacts({
          request: aRequest({ state: 'scheduled', assignment: assignment.id }),
          assignment,
          live: assignment,
        }),
        'system',
        at(),
      );
    },
    reprocess: (state) => reprocess(inState(state), [], at()),
    followContent: (state) => follow({ ...inState(state), content: aContent(2) }, at()),
    place: (state) => confirm(placed(state, true), { state: 'present', externalId: null }, at()),
    placeSome: (state) =>
      confirm(
        placed(state, true, [aGrant(1, { state: 'placing' }), aGrant(2, { state: 'placeFailed' })]),
        { state: 'present', externalId: null },
        at(),
      ),
    failToPlace: (state) => fail(placed(state, true), { code: 'x', final: true }, at()),
    take: (state) => confirm(placed(state, false), { state: 'absent', externalId: null }, at()),
    failToTake: (state) => fail(placed(state, false), { code: 'x', final: true }, at()),
  };
  const held = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'] as const;
  const all = (states: readonly AssignmentState[], to: string) =>
    Object.fromEntries(states.map((state) => [state, to]));
  const table: Readonly<Record<string, { to: Partial<Record<AssignmentState, string>>; otherwise: string }>> = {
    end: { to: { ...all(held, 'removing'), scheduled: 'removed' }, otherwise: 'not-held' },
    endWithNothingToTake: { to: all([...held, 'scheduled'], 'removed'), otherwise: 'not-held' },
    endReached: { to: all(held, 'removing'), otherwise: '-' },
    endNotReached: { to: {}, otherwise: '-' },
    loseOneReason: { to: Object.fromEntries(held.map((state) => [state, state])), otherwise: '-' },
    followException: { to: Object.fromEntries([...held, 'scheduled'].map((state) => [state, state])), otherwise: '-' },
    giveUp: { to: { ...all(held, 'removing'), scheduled: 'removed' }, otherwise: 'not-held' },
    removeByOwner: { to: { ...all(held, 'removing'), scheduled: 'removed' }, otherwise: 'not-held' },
    remind: { to: Object.fromEntries([...held, 'scheduled'].map((state) => [state, state])), otherwise: '-' },
    extend: { to: { ...all(held, 'delivering'), delivered: 'delivered' }, otherwise: 'not-held' },
    start: { to: { scheduled: 'delivering' }, otherwise: '-' },
    startNothing: { to: { scheduled: 'delivered' }, otherwise: '-' },
    cancel: { to: { scheduled: 'removed' }, otherwise: '-' },
    reprocess: {
      to: { ...all(held, 'delivering'), delivering: '-', scheduled: 'nothing-failed' },
      otherwise: 'not-held',
    },
    followContent: { to: { ...all(held, 'delivering'), delivering: '-' }, otherwise: '-' },
    place: {
      to: {
        delivering: 'delivered',
        partiallyDelivered: 'delivered',
        deliveryFailed: 'delivered',
        removing: 'removed',
        removalFailed: 'removed',
      },
      otherwise: '-',
    },
    placeSome: {
      to: {
        delivering: 'partiallyDelivered',
        delivered: 'partiallyDelivered',
        deliveryFailed: 'partiallyDelivered',
        removing: 'removed',
        removalFailed: 'removed',
      },
      otherwise: '-',
    },
    failToPlace: {
      to: {
        delivering: 'deliveryFailed',
        delivered: 'deliveryFailed',
        partiallyDelivered: 'deliveryFailed',
        removing: 'removed',
        removalFailed: 'removed',
      },
      otherwise: '-',
    },
    take: { to: { removing: 'removed', removalFailed: 'removed' }, otherwise: '-' },
    failToTake: { to: { removing: 'removalFailed' }, otherwise: '-' },
  };
  const rows = Object.entries(table).flatMap(([act, { to, otherwise }]) =>
    ASSIGNMENT_STATES.map((state) => ({ act, state, want: to[state] ?? otherwise })),
  );

  test.each(rows)('$state, $act: $want', ({ act, state, want }) => {
    const run = acts[act];
    if (!run) throw new Error(`no act ${act}`);
    expect(outcome('assignment', 'assignment-1', () => run(state))).toBe(want);
  });

  test.each(ASSIGNMENT_STATES)('%s: may be extended only while it is held', (state) => {
    const may = () => mayExtend(inState(state), hours(0)).n;
    if (held.some((one) => one === state)) expect(may()).toBe(1);
    else expect(faultOf(may).code).toBe('not-held');
  });

  test('takes every drawn edge', () => {
    const taken = new Set(rows.map(({ state, want }) => `${state} > ${want}`));
    const drawn = ASSIGNMENT_STATES.flatMap((from) => (EDGES.assignment[from] ?? []).map((to) => `${from} > ${to}`));
    expect(drawn.filter((edge) => !taken.has(edge))).toEqual([]);
  });
});
