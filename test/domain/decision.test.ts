// Deciding, and what time and changes of people do to a running stage (rules 3.2, 3.4-3.7, 3.27).
import { decide, escalate, expireStage, remindStage, reroute } from '../../src/domain/decision';
import type { DecideInput } from '../../src/domain/decision';
import { DomainError, kept, restored } from '../../src/domain/errors';
import type { RequestFacts } from '../../src/domain/facts';
import type { Expiration } from '../../src/domain/model';
import {
  aConflict,
  aContent,
  aDecision,
  aGrant,
  aJustification,
  aPerson,
  aPolicy,
  aRef,
  aRequest,
  aStage,
  aTask,
  afterwards,
  anAssignment,
  askedIn,
  at,
  dataOf,
  days,
  eventsOf,
  hours,
  idOf,
  inScope,
  justified,
  NOON,
  requestFacts,
  rowOf,
  rowsOf,
  runningStage,
  waitingStage,
  who,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const yes: DecideInput = { decision: 'approve', reason: null, shown: { card: 'approval', version: 3 } };
const no: DecideInput = { ...yes, decision: 'deny', reason: 'Not yet.' };
const [ana, ben] = [idOf('Ana'), idOf('Ben')];

/** Monday to Friday, 08:00 to 17:00. */
const OFFICE = { zone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], from: 480, until: 1020, holidays: [] };

/** Two stages, the first running: Ana or Ben, then Cleo or Ana. */
const twoStages = (fields: Partial<RequestFacts> & { policy?: ReturnType<typeof aPolicy> } = {}): RequestFacts =>
  requestFacts({
    policy: aPolicy({ stages: [aStage(1), aStage(2, { decideWithin: { kind: 'hours', hours: 48 } })] }),
    stages: [runningStage(1), waitingStage(2)],
    candidates: [...who(1, 'primary', 'Ana', 'Ben'), ...who(2, 'primary', 'Cleo', 'Ana')],
    ...fields,
  });
const quorum = (fields: Partial<RequestFacts> = {}): RequestFacts =>
  requestFacts({
    stages: [runningStage(1, { approvalsRequired: 2 })],
    policy: aPolicy({ stages: [aStage(1, { approvalsRequired: 2 })] }),
    ...fields,
  });

describe('an approval', () => {
  test('gives the access when it is the last that was needed', () => {
    const change = sound(decide(requestFacts({ content: aContent(2) }), ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({
      state: 'delivering',
      detail: null,
      approvedAt: NOON,
      startsAt: NOON,
      endsAt: days(30),
    });
    expect([rowOf(change, 'stage').state, rowsOf(change, 'task').map((task) => [task.person, task.state])]).toEqual([
      'approved',
      [
        ['ben', 'closed'],
        ['ana', 'decided'],
      ],
    ]);
    expect(eventsOf(change)).toEqual([
      'decision.recorded',
      'stage.approved',
      'request.approved',
      'assignment.justified',
      'assignment.delivering',
      'grant.wanted',
      'grant.wanted',
    ]);
    expect(dataOf(change, 'request.approved')).toEqual({
      scheduled: false,
      waits: false,
      onBehalf: false,
      byPolicy: false,
    });
  });
  test('is recorded with what the decider was shown, its reason as a remark', () => {
    const change = decide(requestFacts(), ana, { ...yes, reason: ' fine ' }, at());
    expect(rowOf(change, 'decision')).toMatchObject({
      person: ana,
      n: 1,
      decision: 'approve',
      reason: 'fine',
      at: NOON,
      shown: yes.shown,
    });
    expect(change.events[0]).toMatchObject({
      type: 'decision.recorded',
      data: { decision: 'approve', n: 1 },
      remark: 'fine',
    });
  });
  test('counts the period from itself, not from the asking', () => {
    const facts = requestFacts({
      request: aRequest({ createdAt: days(-9), period: { startsAt: days(-8), endsAt: null, hours: 4 } }),
    });
    expect(rowOf(decide(facts, ana, yes, at()), 'request')).toMatchObject({ startsAt: NOON, endsAt: hours(4) });
  });
  test('before the asked start schedules it', () => {
    const facts = requestFacts({ request: aRequest({ period: { startsAt: days(3), endsAt: null, hours: null } }) });
    expect(rowOf(sound(decide(facts, ana, yes, at())), 'request')).toMatchObject({
      state: 'scheduled',
      endsAt: days(33),
    });
  });
  test('opens the next stage, with its own clock and its own people', () => {
    const change = sound(decide(twoStages(), ben, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'pendingApproval', stage: 2 });
    expect(rowsOf(change, 'stage').map((stage) => [stage.n, stage.state, stage.decideBy])).toEqual([
      [1, 'approved', days(13)],
      [2, 'inProgress', days(2)],
    ]);
    expect(askedIn(change)).toEqual(['cleo', 'ana']);
  });
  test('by somebody of two stages counts once', () => {
    expect(askedIn(decide(twoStages(), ana, yes, at()))).toEqual(['cleo']);
  });
  test('by somebody of two stages counts twice where the policy says so', () => {
    const policy = aPolicy({ samePersonInStages: true, stages: [aStage(1), aStage(2)] });
    expect(askedIn(decide(twoStages({ policy }), ana, yes, at()))).toEqual(['cleo', 'ana']);
  });
  test('is refused the request when too few remain for the next stage', () => {
    const facts = twoStages({ candidates: [...who(1, 'primary', 'Ana'), ...who(2, 'primary', 'Ana')] });
    const change = sound(decide(facts, ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: 'noApprovers' });
    expect(rowsOf(change, 'stage').map((stage) => stage.state)).toEqual(['approved', 'canceled']);
  });
  test('finds stand-ins for the next stage', () => {
    const facts = twoStages({ candidates: who(1, 'primary', 'Ana'), owners: [aRef('Olga')] });
    expect(askedIn(decide(facts, ana, yes, at()))).toEqual(['olga']);
  });
  test('counts by whoever left the group that was asked and stands in as an owner now, by no other who left it', () => {
    const left = (owner: string) => requestFacts({ candidates: [], owners: [aRef(owner)] });
    expect(rowOf(decide(left('Ana'), ana, yes, at()), 'request').state).toBe('delivering');
    expect(faultOf(() => decide(left('Olga'), ana, yes, at()))).toMatchObject({ code: 'not-an-approver' });
  });
});

describe('a quorum', () => {
  test('of two waits for the second', () => {
    const change = sound(decide(quorum(), ana, yes, at()));
    expect(change.rows.map((row) => row.noun)).toEqual(['decision', 'task']);
    expect(eventsOf(change)).toEqual(['decision.recorded']);
  });
  test('of two is reached by the second', () => {
    const facts = afterwards(quorum(), decide(quorum(), ana, yes, at()));
    expect(rowOf(sound(decide(facts, ben, yes, at(hours(1)))), 'request').state).toBe('delivering');
  });
  test('is not reached by one person twice', () => {
    const facts = afterwards(quorum(), decide(quorum(), ana, yes, at()));
    expect(faultOf(() => decide(facts, ana, yes, at(hours(1)))).code).toBe('you-decided');
  });
  test('is overruled by one denial', () => {
    const facts = afterwards(quorum(), decide(quorum(), ana, yes, at()));
    expect(rowOf(sound(decide(facts, ben, no, at())), 'request').state).toBe('denied');
  });
});

describe('a denial', () => {
  test('ends the request and every stage', () => {
    const change = sound(decide(twoStages(), ana, no, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: 'deniedByApprover', completedAt: NOON });
    expect(rowsOf(change, 'stage').map((stage) => stage.state)).toEqual(['denied', 'canceled']);
    expect(dataOf(change, 'request.denied')).toEqual({ detail: 'deniedByApprover', type: 'userAdd', onBehalf: false });
  });
  test.each([
    { name: 'no reason', give: { ...no, reason: null }, wantFault: 'denial-reason-required' },
    { name: 'an empty reason', give: { ...no, reason: ' \n ' }, wantFault: 'denial-reason-required' },
    { name: 'a reason of 2001 characters', give: { ...no, reason: 'x'.repeat(2001) }, wantFault: 'text-too-long' },
  ])('with $name is refused: $wantFault', ({ give, wantFault }) => {
    expect(faultOf(() => decide(requestFacts(), ana, give, at())).code).toBe(wantFault);
  });
  test('an approval needs a reason only where the stage says so', () => {
    const policy = aPolicy({ stages: [aStage(1, { approverReasonRequired: true })] });
    expect(faultOf(() => decide(requestFacts({ policy }), ana, yes, at())).code).toBe('approval-reason-required');
  });
});

describe('there is nothing to decide any more', () => {
  test.each<{ name: string; give: Partial<RequestFacts>; want: string }>([
    { name: 'target is disabled', give: { target: aPerson('Tara', { state: 'disabled' }) }, want: 'targetDisabled' },
    { name: 'target was disabled, and is back', give: { left: 'target' }, want: 'targetDisabled' },
    { name: 'one who asked was disabled, and is back', give: { left: 'requestor' }, want: 'requestorDisabled' },
  ])('where the $name: canceled', ({ give, want }) => {
    for (const input of [yes, no]) {
      const change = sound(decide(requestFacts(give), ana, input, at()));
      expect(rowOf(change, 'request')).toMatchObject({ state: 'canceled', detail: want });
      expect(rowOf(change, 'stage').state).toBe('canceled');
      expect([rowsOf(change, 'assignment'), rowsOf(change, 'grant'), rowsOf(change, 'decision')]).toEqual([[], [], []]);
    }
    // Whoever is not asked does not learn it.
    expect(faultOf(() => decide(requestFacts(give), idOf('Zoe'), yes, at())).code).toBe('not-an-approver');
  });

  test('where its policy is in use no more: denied at any step, and nobody else is asked (rule 3.2)', () => {
    const policies = [inScope(aPolicy({ stages: [aStage(1), aStage(2)] }), { enabled: false })];
    for (const input of [yes, no]) {
      const change = sound(decide(twoStages({ policies }), ana, input, at()));
      expect(rowOf(change, 'request')).toMatchObject({
        state: 'denied',
        detail: 'gateClosed',
        refusal: { code: 'not-in-scope', data: { ended: true } },
      });
      expect(rowsOf(change, 'stage').map(({ state }) => state)).toEqual(['denied', 'canceled']);
      expect([rowsOf(change, 'decision'), eventsOf(change)]).toEqual([[], ['request.denied']]);
    }
  });
});

describe('what can give nothing any more is closed before the decision, which is not recorded', () => {
  const until = (expiration: Expiration) => ({ policy: aPolicy({ stages: [aStage()], expiration }) });
  const asked = (endsAt: Date) => ({ request: aRequest({ period: { startsAt: null, endsAt, hours: null } }) });
  test.each<{ name: string; give: Parameters<typeof requestFacts>[0]; gate: string }>([
    { name: 'the asked day is over', give: asked(days(-2)), gate: 'asked-over' },
    { name: 'that of the policy', give: until({ kind: 'date', day: '2026-01-14' }), gate: 'policy-over' },
  ])('$name', ({ give, gate }) => {
    const change = sound(decide(requestFacts(give), ana, no, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: 'gateClosed', refusal: { code: gate } });
    expect([rowsOf(change, 'decision'), rowOf(change, 'stage').state]).toEqual([[], 'denied']);
  });
  test.each<{ name: string; give: Parameters<typeof requestFacts>[0] }>([
    { name: 'the asked day', give: asked(NOON) },
    { name: 'that of the policy', give: until({ kind: 'date', day: '2026-01-15' }) },
  ])('not on $name itself', ({ give }) => {
    expect(rowOf(sound(decide(requestFacts(give), ana, no, at())), 'request').detail).toBe('deniedByApprover');
  });
});

describe('a gate that closed meanwhile denies the final approval', () => {
  test.each<{ name: string; give: Partial<RequestFacts>; want: { detail: string; gate: string } }>([
    {
      name: 'catalog closed',
      give: { catalog: { ...requestFacts().catalog, state: 'unpublished' } },
      want: { detail: 'gateClosed', gate: 'catalog-closed' },
    },
    { name: 'conflict', give: { conflicts: [aConflict()] }, want: { detail: 'gateClosed', gate: 'incompatible' } },
    {
      name: 'out of scope',
      give: { policies: [inScope(aPolicy({ stages: [aStage()] }), { inScope: false })] },
      want: { detail: 'gateClosed', gate: 'not-in-scope' },
    },
    {
      name: 'package deleted',
      give: { package: { ...requestFacts().package, state: 'deleted' } },
      want: { detail: 'gateClosed', gate: 'not-found' },
    },
    {
      name: 'held without end meanwhile',
      give: { live: anAssignment({ endsAt: null }) },
      want: { detail: 'gateClosed', gate: 'already-held' },
    },
  ])('$name', ({ give, want }) => {
    const change = sound(decide(requestFacts(give), ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: want.detail });
    expect(dataOf(change, 'request.denied')).toEqual({ ...want, type: 'userAdd', onBehalf: false });
    expect([rowOf(change, 'stage').state, rowsOf(change, 'assignment'), rowsOf(change, 'grant')]).toEqual([
      'approved',
      [],
      [],
    ]);
  });
  test('but not an approval that is not the last', () => {
    expect(rowOf(decide(twoStages({ conflicts: [aConflict()] }), ana, yes, at()), 'request').state).toBe(
      'pendingApproval',
    );
  });
});

describe('a role added to the package after a decision re-opens the decision (rule 3.8)', () => {
  const now = { ...aContent(2), id: 'content-2', number: 2 } as RequestFacts['content'];
  // Cleo decided before the package gained what the others see.
  const gained = (fields: Partial<RequestFacts> = {}) =>
    requestFacts({
      content: now,
      asked: aContent(1),
      stages: [runningStage(1, { approvalsRequired: 2 })],
      decisions: [aDecision('Cleo')],
      ...fields,
    });
  const yes: DecideInput = { decision: 'approve', reason: null, seen: 1, shown: { packageVersion: now.id } };

  test('the request ends, the same is asked again with what the package holds now, and nothing is given', () => {
    const wish = { reason: 'close', answers: { why: 'x' }, period: { startsAt: null, endsAt: days(9), hours: null } };
    const change = sound(decide(gained({ request: aRequest(wish) }), ana, yes, at()));
    const [old, again] = rowsOf(change, 'request');
    expect(old).toMatchObject({ id: 'request-1', state: 'canceled', detail: 'contentChanged', completedAt: NOON });
    expect(again).toMatchObject({
      ...wish,
      state: 'pendingApproval',
      requestor: idOf('Tara'),
      packageVersion: 'content-2',
      policyVersion: old?.policyVersion,
      replaces: 'request-1',
      stage: 1,
      version: 1,
    });
    expect([rowsOf(change, 'assignment'), rowsOf(change, 'grant')]).toEqual([[], []]);
    expect(dataOf(change, 'request.canceled')).toMatchObject({ byRequestor: false, detail: 'contentChanged' });
    expect(dataOf(change, 'request.submitted')).toMatchObject({ again: true, notify: true });
  });
  test('everybody is asked by tasks of the new request, who decided before as well; the old tasks stay where they were', () => {
    const change = decide(gained(), ana, yes, at());
    expect(askedIn(change)).toEqual(['ana', 'ben']);
    const tasks = rowsOf(change, 'task').map(({ request, person, state }) => [request === 'request-1', person, state]);
    expect(tasks.sort()).toEqual([
      [false, 'ana', 'open'],
      [false, 'ben', 'open'],
      [true, 'ana', 'decided'],
      [true, 'ben', 'closed'],
    ]);
  });
  test('not before the last decision', () => {
    const facts = gained({
      stages: [runningStage(1, { approvalsRequired: 3 })],
      policies: [inScope(aPolicy({ stages: [aStage(1, { approvalsRequired: 3 })] }))],
    });
    expect(rowsOf(decide(facts, ana, yes, at()), 'request')).toEqual([]);
  });
  test('and none that everybody saw', () => {
    const saw = { shown: { packageVersion: now.id } };
    const facts = gained({ decisions: [aDecision('Cleo', saw)], seen: [now] });
    expect(rowOf(sound(decide(facts, ana, yes, at())), 'request').state).toBe('delivering');
  });
  test('a denial stays a denial', () => {
    expect(rowOf(decide(gained(), ana, no, at()), 'request').state).toBe('denied');
  });
  test('a role only taken out re-opens nothing: what remains is given', () => {
    const change = sound(
      decide(gained({ content: aContent(1), asked: aContent(2) }), ana, { ...yes, seen: null }, at()),
    );
    expect([rowOf(change, 'request').state, rowsOf(change, 'grant').length]).toEqual(['delivering', 1]);
  });
  test('a closed gate closes the request, whatever the package holds now', () => {
    const change = sound(decide(gained({ conflicts: [aConflict()] }), ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: 'gateClosed' });
  });
  test('where nobody is left to decide again, it is closed for that reason', () => {
    const policy = aPolicy({ stages: [aStage(1), aStage(2)] });
    const facts = gained({
      policies: [inScope(policy)],
      request: aRequest({ stage: 2 }),
      stages: [runningStage(2)],
      tasks: [aTask('Ana', { n: 2 })],
      candidates: who(2, 'primary', 'Ana'),
    });
    expect(rowOf(sound(decide(facts, ana, yes, at())), 'request')).toMatchObject({
      state: 'denied',
      detail: 'noApprovers',
    });
  });
});

describe('what is kept of a decision (rules 3.2, 3.27)', () => {
  test('what was shown, with the versions that were decided on', () => {
    expect(rowOf(decide(requestFacts(), ana, yes, at()), 'decision').shown).toEqual({
      ...yes.shown,
      policyVersion: 'policy-1.1',
      packageVersion: 'content-1',
    });
  });
  test('the gate that was closed, with what its sentence needs', () => {
    const change = decide(requestFacts({ conflicts: [aConflict()] }), ana, yes, at());
    expect(rowOf(change, 'request').refusal).toEqual({
      code: 'incompatible',
      data: { package: 'Sales tools', with: aConflict().name, how: 'held', target: null, ask: false },
    });
  });
  test('instants of a kept refusal come back as instants', () => {
    const fault = new DomainError('already-held', { package: 'Sales tools', endsAt: NOON });
    const back = restored(JSON.parse(JSON.stringify(kept(fault))) as ReturnType<typeof kept>);
    expect([back.code, back.data]).toEqual([fault.code, fault.data]);
  });
});

describe('the approval of an extension', () => {
  const extending = (fields: Partial<RequestFacts> = {}): RequestFacts =>
    requestFacts({
      request: aRequest({
        type: 'userExtend',
        assignment: anAssignment().id,
        period: { startsAt: null, endsAt: days(30), hours: null },
      }),
      assignment: anAssignment({ startsAt: days(-30), endsAt: days(1) }),
      live: anAssignment({ startsAt: days(-30), endsAt: days(1) }),
      justifications: [aJustification({ startsAt: days(-30), until: days(1) })],
      ...fields,
    });
  const ended = (endReason: 'endReached' | 'gaveUp', fields: Partial<RequestFacts> = {}) =>
    extending({
      assignment: anAssignment({ state: 'removed', startsAt: days(-40), endsAt: days(-1), endReason }),
      live: null,
      justifications: [aJustification({ startsAt: days(-40), until: days(-1), endedAt: days(-1), extensions: 1 })],
      ...fields,
    });

  test('moves the end of the same assignment', () => {
    const change = sound(decide(extending(), ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'delivered', endsAt: days(30), completedAt: NOON });
    expect(rowOf(change, 'assignment')).toMatchObject({ id: 'assignment-1', endsAt: days(30), version: 2 });
    expect(rowOf(change, 'justification')).toMatchObject({ until: days(30), extensions: 1 });
  });
  test.each(['deliveryFailed', 'partiallyDelivered', 'delivering'] as const)(
    'of access that is %s gives what is there, and tries again what could not be given',
    (state) => {
      const isFailed = state !== 'delivering';
      const grants = [aGrant(1, { state: isFailed ? 'placeFailed' : 'placing' }), aGrant(2)];
      const live = anAssignment({ state, startsAt: days(-30), endsAt: days(1) });
      const facts = extending({ live, assignment: live, grants: grants.map((grant) => justified(grant)) });
      const change = sound(decide(facts, ana, yes, at()));
      expect(rowOf(change, 'request')).toMatchObject({ state: 'delivering', endsAt: days(30), completedAt: null });
      expect(rowOf(change, 'assignment')).toMatchObject({ state: 'delivering', endsAt: days(30) });
      expect(rowsOf(change, 'grant').map(({ id, state: now }) => [id, now])).toEqual(
        isFailed ? [['grant-1', 'placing']] : [],
      );
      expect(eventsOf(change).filter((type) => type === 'grant.wanted')).toHaveLength(isFailed ? 1 : 0);
      expect(eventsOf(change)).not.toContain('request.delivered');
    },
  );
  test.each(['deliveryFailed', 'partiallyDelivered'] as const)(
    'of access that is %s and tried again already, for other access that shares it, waits for it as well',
    (state) => {
      const grants = [justified(aGrant(1, { state: 'placing' }), 'assignment-1', 'other')];
      const live = anAssignment({ state, startsAt: days(-30), endsAt: days(1) });
      const change = sound(decide(extending({ live, assignment: live, grants }), ana, yes, at()));
      expect(rowOf(change, 'request')).toMatchObject({ state: 'delivering', completedAt: null });
      expect(rowOf(change, 'assignment').state).toBe('delivering');
      expect(rowsOf(change, 'grant')).toEqual([]);
      expect(eventsOf(change)).not.toContain('request.delivered');
    },
  );
  test('leaves a later end of another justification alone', () => {
    const other = aJustification({
      id: 'justification-2' as never,
      kind: 'direct',
      startsAt: days(-31),
      until: days(50),
    });
    const facts = extending({
      live: anAssignment({ startsAt: days(-30), endsAt: days(50) }),
      justifications: [aJustification({ startsAt: days(-30), until: days(1) }), other],
      request: aRequest({
        type: 'userExtend',
        assignment: anAssignment().id,
        period: { startsAt: null, endsAt: days(60), hours: null },
      }),
    });
    expect(rowOf(sound(decide(facts, ana, yes, at())), 'assignment').endsAt).toEqual(days(60));
  });
  test('after the end gives access again until the end that was asked for', () => {
    const change = sound(decide(ended('endReached'), ana, yes, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'delivering', startsAt: NOON, endsAt: days(30) });
    expect(rowOf(change, 'assignment')).toMatchObject({
      state: 'delivering',
      startsAt: NOON,
      endsAt: days(30),
      version: 1,
    });
    expect(rowOf(change, 'justification')).toMatchObject({ extensions: 2 });
  });
  test.each([
    { name: 'began', was: { startsAt: days(-40) } },
    { name: 'continued', was: { startsAt: days(-20), since: days(-40) } },
  ])('after the end counts from where the access $name, for the longest time in all', ({ was }) => {
    const assignment = anAssignment({ state: 'removed', endReason: 'endReached', ...was });
    const change = sound(decide(ended('endReached', { assignment }), ana, yes, at()));
    expect(rowOf(change, 'assignment')).toMatchObject({ startsAt: NOON, since: days(-40) });
  });
  test('after the end that was asked for gives nothing', () => {
    expect(rowOf(sound(decide(ended('endReached'), ana, yes, at(days(12)))), 'request').state).toBe('delivering');
    const late = ended('endReached', { stages: [runningStage(1, { decideBy: days(60) })] });
    expect(dataOf(sound(decide(late, ana, yes, at(days(30)))), 'request.denied')).toMatchObject({ gate: 'asked-over' });
  });
  test('of access that was given up gives nothing', () => {
    expect(dataOf(sound(decide(ended('gaveUp'), ana, yes, at())), 'request.denied')).toMatchObject({
      gate: 'not-held',
    });
  });
  test('is denied in conflict', () => {
    expect(
      dataOf(sound(decide(extending({ conflicts: [aConflict()] }), ana, yes, at())), 'request.denied'),
    ).toMatchObject({ gate: 'incompatible' });
  });
});

describe('a stage that nobody decides', () => {
  const due = (fields: Parameters<typeof runningStage>[1]) => requestFacts({ stages: [runningStage(1, fields)] });

  test('expires at its deadline, as a state of its own', () => {
    const change = sound(expireStage(due({ decideBy: NOON }), at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'expired', detail: 'notDecidedInTime', completedAt: NOON });
    expect([rowOf(change, 'stage').state, rowsOf(change, 'task').map((task) => task.state)]).toEqual([
      'expired',
      ['closed', 'closed'],
    ]);
    expect(eventsOf(change)).toEqual(['stage.expired', 'request.expired']);
  });
  test.each([
    { name: 'before the deadline', give: due({ decideBy: new Date(NOON.getTime() + 1) }) },
    { name: 'once it is decided', give: requestFacts({ request: aRequest({ state: 'delivering' }) }) },
  ])('does not expire $name', ({ give }) => {
    expect(expireStage(give, at()).rows).toEqual([]);
  });

  test('goes to the alternates as well, once', () => {
    const facts = requestFacts({
      stages: [runningStage(1, { escalateAt: NOON })],
      candidates: [...who(1, 'primary', 'Ana', 'Ben'), ...who(1, 'alternate', 'Alf', 'Ana')],
    });
    const change = sound(escalate(facts, at()));
    expect([askedIn(change), rowOf(change, 'stage').escalatedAt]).toEqual([['alf'], NOON]);
    expect(dataOf(change, 'approver.asked')).toEqual({ capacity: 'alternate', forwarded: true });
    expect(escalate(afterwards(facts, change), at()).rows).toEqual([]);
  });
  test('never goes to an alternate who is the target', () => {
    const facts = requestFacts({
      stages: [runningStage(1, { escalateAt: NOON })],
      candidates: [...who(1, 'primary', 'Ana'), ...who(1, 'alternate', 'Tara')],
    });
    expect(askedIn(sound(escalate(facts, at())))).toEqual([]);
  });
  test.each([
    { name: 'before its time', give: due({ escalateAt: hours(1) }) },
    { name: 'without alternates', give: due({ escalateAt: null }) },
    { name: 'twice', give: due({ escalateAt: NOON, escalatedAt: hours(-1) }) },
  ])('is not escalated $name', ({ give }) => {
    expect(escalate(give, at()).rows).toEqual([]);
  });

  test.each([
    { name: 'and again a day later', give: { remindAt: NOON, decideBy: days(7) }, want: days(1) },
    {
      name: 'at the same hour, whatever was missed',
      give: { remindAt: days(-3.25), decideBy: days(7) },
      want: days(0.75),
    },
    {
      name: 'and after a long delay not again the same day',
      give: { remindAt: days(-3.75), decideBy: days(7) },
      want: days(1.25),
    },
    { name: 'but not at the deadline', give: { remindAt: NOON, decideBy: days(1) }, want: null },
  ])('is reminded of, $name', ({ give, want }) => {
    const change = sound(remindStage(due(give), at()));
    expect([rowOf(change, 'stage').remindAt, eventsOf(change)]).toEqual([want, ['stage.reminded']]);
  });
  test('is reminded of again on the next working day where those alone count', () => {
    const policy = aPolicy({ stages: [aStage()], calendar: OFFICE });
    // The day after NOON is a Friday.
    const friday = requestFacts({ policy, stages: [runningStage(1, { remindAt: days(1), decideBy: days(7) })] });
    expect(rowOf(sound(remindStage(friday, at(days(1)))), 'stage').remindAt).toEqual(days(4));
  });
  test('is not reminded of before its time', () => {
    expect(remindStage(due({ remindAt: hours(1) }), at()).rows).toEqual([]);
  });
});

describe('people who come and go', () => {
  test('nothing changes while nobody does', () => {
    expect(reroute(requestFacts(), at()).rows).toEqual([]);
  });
  test('those who may not decide any more are released, newcomers asked', () => {
    const change = sound(reroute(requestFacts({ candidates: who(1, 'primary', 'Ben', 'Nia') }), at()));
    expect(rowsOf(change, 'task').map((task) => [task.person, task.state])).toEqual([
      ['ana', 'closed'],
      ['nia', 'open'],
    ]);
    expect(change.events.map((event) => [event.type, event.refs.person])).toEqual([
      ['approver.released', 'ana'],
      ['approver.asked', 'nia'],
    ]);
  });
  test('somebody who comes back is asked by the same task', () => {
    const facts = requestFacts({ tasks: [aTask('Ana', { state: 'closed', closedAt: hours(-1) }), aTask('Ben')] });
    expect(rowOf(sound(reroute(facts, at())), 'task')).toMatchObject({
      person: 'ana',
      state: 'open',
      closedAt: null,
      version: 2,
    });
  });
  test.each([
    { name: 'two hours left', give: hours(2), want: [days(1)] },
    { name: 'a day left', give: days(1), want: [] },
    { name: 'a week left', give: days(7), want: [] },
  ])('a newcomer with $name has a working day', ({ give, want }) => {
    const facts = requestFacts({
      candidates: who(1, 'primary', 'Ben', 'Nia'),
      stages: [runningStage(1, { decideBy: give, remindAt: null })],
    });
    expect(rowsOf(sound(reroute(facts, at())), 'stage').map((stage) => stage.decideBy)).toEqual(want);
  });
  test('a newcomer on a Friday has a working day where those alone count', () => {
    const facts = requestFacts({
      policy: aPolicy({ stages: [aStage()], calendar: OFFICE }),
      candidates: who(1, 'primary', 'Ben', 'Nia'),
      stages: [runningStage(1, { decideBy: days(3), remindAt: null })],
    });
    const [stage] = rowsOf(sound(reroute(facts, at(days(1)))), 'stage');
    // Five hours of Friday and four of Monday: the middle is Friday, 16:30.
    expect([stage?.decideBy, stage?.remindAt]).toEqual([days(4), hours(28.5)]);
  });
  test('the clock runs on when people only leave', () => {
    const facts = requestFacts({
      candidates: who(1, 'primary', 'Ben'),
      stages: [runningStage(1, { decideBy: hours(2) })],
    });
    expect(rowsOf(sound(reroute(facts, at())), 'stage')).toEqual([]);
  });
  test('stand-ins come when all have left', () => {
    const change = sound(reroute(requestFacts({ candidates: [], owners: [aRef('Olga')] }), at()));
    expect([askedIn(change), rowsOf(change, 'task').map((task) => task.state)]).toEqual([
      ['olga'],
      ['closed', 'closed', 'open'],
    ]);
  });
  test('the request is refused when nobody is left', () => {
    const change = sound(reroute(twoStages({ candidates: [] }), at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: 'noApprovers' });
    expect(rowsOf(change, 'stage').map((stage) => stage.state)).toEqual(['denied', 'canceled']);
  });
  test('an approval that was given still counts when its giver leaves', () => {
    const half = afterwards(quorum(), decide(quorum(), ana, yes, at()));
    expect(reroute({ ...half, candidates: who(1, 'primary', 'Ben') }, at()).rows).toEqual([]);
  });
  test('alternates are kept after the escalation, and not asked before', () => {
    const candidates = [...who(1, 'primary', 'Ana', 'Ben'), ...who(1, 'alternate', 'Alf')];
    expect(reroute(requestFacts({ candidates }), at()).rows).toEqual([]);
    const escalated = requestFacts({ candidates, stages: [runningStage(1, { escalatedAt: hours(-1) })] });
    expect(askedIn(sound(reroute(escalated, at())))).toEqual(['alf']);
  });
  test('what is decided is not rerouted', () => {
    expect(reroute(requestFacts({ request: aRequest({ state: 'canceled' }), candidates: [] }), at()).rows).toEqual([]);
  });
});
