// Asking for an exception to an incompatibility, and granting it: who may, what is refused, and that it is never access.
import { offerException, submitException } from '../../src/domain/ask-exception';
import { grantException } from '../../src/domain/exception';
import type { Change } from '../../src/domain/events';
import type { RequestFacts, SubmitFacts } from '../../src/domain/facts';
import type { ConflictException, RequestState } from '../../src/domain/model';
import { askedPeriod } from '../../src/domain/period';
import { gate } from '../../src/domain/policy';
import type { SubmitInput } from '../../src/domain/request';
import { cancel, decide, expireStage, reroute, wishAgain } from '../../src/domain/request';
import {
  aClash,
  aConflict,
  anAssignment,
  anException,
  aPerson,
  aPolicy,
  aRequest,
  aStage,
  aTask,
  at,
  days,
  delegates,
  idOf,
  inScope,
  requestFacts,
  rowsOf,
  runningStage,
  submitFacts,
  versionId,
  who,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const LATE = new Date('2026-06-20T12:00:00Z');
const OVER = new Date('2026-07-01T12:00:00Z');

/** Ana decides; at most 90 days. */
const policy = aPolicy({
  id: versionId('exceptions.1'),
  name: 'Sales tools ↔ Purchasing',
  mode: 'exception',
  targets: [],
  stages: [aStage()],
  expiration: { kind: 'days', days: 90 },
  questions: [{ id: 'why', text: 'Why both?', required: false, type: 'text', choices: [] }],
});
const offers = inScope(policy, { inScope: false });
const asked = (fields: Partial<SubmitFacts> = {}): SubmitFacts =>
  submitFacts({
    policies: [inScope(aPolicy()), offers],
    candidates: who(1, 'primary', 'Ana').map((one) => ({ ...one, policyVersion: policy.id })),
    conflicts: [aConflict({ excusable: true })],
    clashes: [aClash()],
    ...fields,
  });
const wish: SubmitInput = {
  policyVersion: null,
  period: { startsAt: null, endsAt: null, hours: null },
  zone: 'Europe/Berlin',
  reason: 'Month end',
  answers: {},
};
const until = (endDate: string) => askedPeriod({ startDate: null, endDate, hours: null }, 'Europe/Berlin');
const told = ({ events }: Change) => events.map(({ type }) => type);

describe('the gate', () => {
  const refused = (conflicts: SubmitFacts['conflicts'], how: 'ask' | 'assign' | 'extend' | 'final') =>
    faultOf(() => {
      gate(asked({ conflicts }), { requestor: aPerson(), onBehalf: false, for: how });
    }).data;
  test('says that an exception may be asked for, to whoever asks', () => {
    const conflicts = [aConflict({ excusable: true })];
    expect(refused(conflicts, 'ask')).toMatchObject({ with: 'Purchasing', ask: true });
    expect(refused(conflicts, 'extend')).toMatchObject({ ask: true });
    expect(refused(conflicts, 'assign')).toMatchObject({ ask: false });
    expect(refused(conflicts, 'final')).toMatchObject({ ask: false });
  });
  test('and not to whoever may hold the package and not ask for it: it would be refused', () => {
    const conflicts = [aConflict({ excusable: true })];
    const refusal = (policies: SubmitFacts['policies'], of: 'ask' | 'extend') =>
      faultOf(() => {
        const facts = asked({ conflicts, policies, live: anAssignment() });
        gate(facts, { requestor: aPerson(), onBehalf: false, for: of });
      }).data;
    for (const one of [inScope(aPolicy(), { inScope: false }), inScope(aPolicy({ selfRequest: false }))]) {
      expect(refusal([one, offers], 'ask')).toMatchObject({ ask: false });
      expect(refusal([one, offers], 'extend')).toMatchObject({ ask: false });
      expect(() => offerException(asked({ policies: [one, offers], live: anAssignment() }), at().now)).toThrow();
    }
  });
  test('and not where another conflict has no exceptions', () => {
    const conflicts = [aConflict({ excusable: true }), aConflict({ name: 'Vault' })];
    expect(refused(conflicts, 'ask')).toMatchObject({ with: 'Vault', ask: false });
  });
  test('does not open by the policy of the exception', () => {
    const fault = faultOf(() => {
      gate(asked({ policies: [offers], conflicts: [] }), { requestor: null, onBehalf: false, for: 'assign' });
    });
    expect(fault.code).toBe('not-in-scope');
  });
});

describe('asking', () => {
  test('opens the stage of the incompatibility’s policy, and gives nothing', () => {
    const { request, change } = submitException(asked(), { ...wish, period: until('2026-02-28') }, at());
    expect(request).toMatchObject({
      type: 'exception',
      state: 'pendingApproval',
      policyVersion: policy.id,
      assignment: null,
    });
    expect(rowsOf(sound(change), 'task').map(({ person }) => person)).toEqual([idOf('Ana')]);
    expect(rowsOf(change, 'exception')).toEqual([]);
    expect(change.events[0]).toMatchObject({ type: 'request.submitted', data: { type: 'exception', notify: true } });
  });
  test('longer than the policy lets it last is cut', () => {
    expect(submitException(asked(), { ...wish, period: until('2027-01-31') }, at()).clamped).toBe('maximum');
  });
  test('a group stands against it as well', () => {
    const clashes = [aClash({ kind: 'group', name: 'Auditors', how: 'member' })];
    expect(submitException(asked({ clashes }), wish, at()).request.type).toBe('exception');
  });
  test('a manager asks for a direct report; neither is asked to decide', () => {
    const facts = asked({
      requestor: aPerson('Mona'),
      managesTarget: true,
      candidates: who(1, 'primary', 'Mona', 'Tara', 'Ana').map((one) => ({ ...one, policyVersion: policy.id })),
    });
    const { change } = submitException(facts, wish, at());
    expect(rowsOf(sound(change), 'task').map(({ person }) => person)).toEqual([idOf('Ana')]);
  });
  test('the one that is needed comes before the one that ends soon, and each by its own policy', () => {
    const second = aPolicy({ ...policy, id: versionId('others.1') });
    const clashes = [
      aClash({ name: 'A', exception: anException({ remindAt: anException().until }) }),
      aClash({ name: 'B', incompatibility: 'i2', policy: second.policy, offers: second.id }),
    ];
    const facts = asked({ clashes, policies: [inScope(aPolicy()), offers, inScope(second, { inScope: false })] });
    expect(offerException(facts, LATE).clash.name).toBe('B');
    expect(offerException(facts, LATE, policy.id).clash.name).toBe('A');
    expect(faultOf(() => offerException(facts, LATE, versionId('gone.1'))).code).toBe('policy-not-offered');
  });
  test('one that is over, or of whose end its owner has heard, is asked for anew, held or not', () => {
    const heard = anException({ remindAt: anException().until });
    const live = anAssignment();
    expect(offerException(asked({ clashes: [aClash({ exception: heard })], live }), LATE).policy).toBe(policy);
    const over = aClash({ exception: anException({ state: 'over', remindAt: null }) });
    expect(offerException(asked({ clashes: [over], live }), OVER).policy).toBe(policy);
  });

  test.each<{ name: string; give?: Partial<SubmitFacts>; input?: Partial<SubmitInput>; wantFault: string }>([
    { name: 'what one may not see', give: { policies: [offers] }, wantFault: 'not-found' },
    { name: 'what is asked for', give: { open: aRequest() }, wantFault: 'already-requested' },
    { name: 'for a stranger', give: { requestor: aPerson('Zoe') }, wantFault: 'not-for-others' },
    {
      name: 'for a stranger, of whom nobody learns what stands against it',
      give: {
        requestor: aPerson('Zoe'),
        requestorMaySee: false,
        catalog: { ...asked().catalog, state: 'unpublished' },
      },
      wantFault: 'not-found',
    },
    {
      name: 'for a report, where the package is for oneself',
      give: {
        requestor: aPerson('Mona'),
        managesTarget: true,
        policies: [inScope(aPolicy({ onBehalf: false })), offers],
      },
      wantFault: 'not-for-others',
    },
    { name: 'for who left', give: { target: aPerson('Tara', { state: 'disabled' }) }, wantFault: 'person-disabled' },
    {
      name: 'where the catalog is closed',
      give: { catalog: { ...asked().catalog, state: 'unpublished' } },
      wantFault: 'catalog-closed',
    },
    {
      name: 'where nothing stands against it',
      give: { clashes: [aClash({ how: null })] },
      wantFault: 'exception-not-needed',
    },
    { name: 'where none are given', give: { clashes: [aClash({ offers: null })] }, wantFault: 'incompatible' },
    {
      name: 'where none are given to something else that stands against it',
      give: { clashes: [aClash(), aClash({ name: 'Vault', policy: null, offers: null })] },
      wantFault: 'incompatible',
    },
    {
      name: 'where one lasts',
      give: { clashes: [aClash({ exception: anException() })] },
      wantFault: 'exception-lasts',
    },
    { name: 'where nobody may decide', give: { candidates: [] }, wantFault: 'no-approvers' },
    { name: 'without a reason', input: { reason: ' ' }, wantFault: 'reason-required' },
    { name: 'with 1001 characters', input: { reason: 'x'.repeat(1001) }, wantFault: 'text-too-long' },
    { name: 'until yesterday', input: { period: until('2026-01-14') }, wantFault: 'end-before-start' },
    {
      name: 'with an answer of 501 characters',
      input: { answers: { why: 'x'.repeat(501) } },
      wantFault: 'text-too-long',
    },
  ])('is refused $name: $wantFault', ({ give, input, wantFault }) => {
    expect(faultOf(() => submitException(asked(give), { ...wish, ...input }, at())).code).toBe(wantFault);
  });
});

describe('deciding', () => {
  const inState = (state: RequestState, fields: Partial<RequestFacts> = {}): RequestFacts =>
    requestFacts({
      policy,
      policies: [offers],
      candidates: who(1, 'primary', 'Ana', 'Ben').map((one) => ({ ...one, policyVersion: policy.id })),
      request: aRequest({ type: 'exception', policyVersion: policy.id, state, reason: 'Month end' }),
      stages: [runningStage(1, state === 'pendingApproval' ? {} : { state: 'approved', closedAt: days(0) })],
      tasks: [aTask('Ana', state === 'pendingApproval' ? {} : { state: 'closed' })],
      clashes: [aClash()],
      ...fields,
    });
  const ana = idOf('Ana');
  const approve = { decision: 'approve', reason: null, shown: { exception: true } } as const;
  const deny = { decision: 'deny', reason: 'No.', shown: { exception: true } } as const;
  const approved = (fields: Partial<RequestFacts> = {}) =>
    sound(decide(inState('pendingApproval', fields), ana, approve, at()));
  const recorded = (change: Change): readonly ConflictException[] => rowsOf(change, 'exception');

  test('records the exception until the end of a day where the person is, with its own event, and no access', () => {
    const change = approved();
    expect(recorded(change)).toMatchObject([
      {
        incompatibility: 'incompatibility-1',
        person: idOf('Tara'),
        owner: ana,
        request: 'request-1',
        day: '2026-04-15',
        until: new Date('2026-04-15T22:00:00Z'),
        remindAt: new Date('2026-04-01T22:00:00Z'),
        reason: 'Month end',
        state: 'active',
      },
    ]);
    expect(rowsOf(change, 'request')).toMatchObject([
      { state: 'delivered', assignment: null, approvedAt: at().now, endsAt: new Date('2026-04-15T22:00:00Z') },
    ]);
    expect([rowsOf(change, 'assignment'), rowsOf(change, 'justification'), rowsOf(change, 'grant')]).toEqual([
      [],
      [],
      [],
    ]);
    expect(told(change)).toEqual(['decision.recorded', 'stage.approved', 'request.approved', 'exception.created']);
    expect(change.events.at(-1)).toMatchObject({ refs: { request: 'request-1', person: idOf('Tara') } });
  });
  test('ends with the day that was asked for, where the person is', () => {
    const request = aRequest({
      type: 'exception',
      policyVersion: policy.id,
      reason: 'x',
      period: until('2026-02-28'),
    });
    const target = aPerson('Tara', { timeZone: 'America/New_York' });
    expect(recorded(approved({ request, target }))).toMatchObject([
      { day: '2026-02-28', until: new Date('2026-03-01T05:00:00Z') },
    ]);
  });
  test('says of each decision that an exception was shown', () => {
    expect(rowsOf(approved(), 'decision')).toMatchObject([{ shown: { exception: true } }]);
  });
  test('whoever approves last answers for it', () => {
    const two = { ...policy, stages: [aStage(), aStage(2)] };
    const first = {
      id: 'd1' as never,
      request: 'request-1' as never,
      n: 1,
      person: idOf('Ben'),
      at: days(-1),
      shown: {},
    };
    const change = approved({
      policies: [inScope(two, { inScope: false })],
      stages: [runningStage(1, { state: 'approved', closedAt: days(-1) }), runningStage(2)],
      tasks: [aTask('Ben', { state: 'decided' }), aTask('Ana', { n: 2 })],
      candidates: who(2, 'primary', 'Ana').map((one) => ({ ...one, policyVersion: policy.id })),
      decisions: [{ ...first, decision: 'approve', reason: null, for: null }],
      request: aRequest({ type: 'exception', policyVersion: policy.id, stage: 2, reason: 'x' }),
    });
    expect(recorded(change)).toMatchObject([{ owner: ana }]);
  });
  test('where a delegate approved last, the one whose voice it is answers for it', () => {
    const facts = inState('pendingApproval', {
      delegations: delegates('Ana', 'Cas'),
      tasks: [aTask('Ana'), aTask('Cas', { capacity: 'delegate', for: ana })],
    });
    expect(recorded(sound(decide(facts, idOf('Cas'), approve, at())))).toMatchObject([{ owner: ana }]);
  });
  test('renews the one that is over, or ends sooner', () => {
    for (const exception of [
      anException({ state: 'over', until: days(-1), remindAt: null, version: 4 }),
      anException({ until: days(3), remindAt: days(3), version: 4 }),
    ]) {
      const change = approved({ clashes: [aClash({ exception })] });
      expect(recorded(change)).toMatchObject([{ id: 'exception-1', version: 5, day: '2026-04-15', state: 'active' }]);
      expect(told(change)).toContain('exception.changed');
    }
  });
  test('by the policy that it was asked under, also when there is a newer one', () => {
    expect(recorded(approved({ clashes: [aClash({ offers: versionId('exceptions.2') })] }))).toHaveLength(1);
  });

  test.each<{ name: string; give: Partial<RequestFacts>; code: string; ask?: boolean }>([
    { name: 'the incompatibility has ended', give: { clashes: [] }, code: 'exception-not-needed' },
    { name: 'the other side is gone', give: { clashes: [aClash({ how: null })] }, code: 'exception-not-needed' },
    {
      name: 'the other side is gone, and something else stands against it',
      give: { clashes: [aClash({ how: null })], conflicts: [aConflict({ name: 'Vault', excusable: true })] },
      code: 'incompatible',
      ask: true,
    },
    {
      name: 'of what else stands against it one has no exceptions',
      give: {
        clashes: [aClash({ how: null })],
        conflicts: [aConflict({ excusable: true }), aConflict({ name: 'Vault', excusable: false })],
      },
      code: 'incompatible',
      ask: false,
    },
    {
      name: 'one was recorded meanwhile',
      give: { clashes: [aClash({ exception: anException() })] },
      code: 'exception-lasts',
    },
    {
      name: 'one was recorded meanwhile, though for less',
      give: { clashes: [aClash({ exception: anException({ until: days(60), remindAt: days(46) }) })] },
      code: 'exception-lasts',
    },
    {
      name: 'one that ends soon lasts longer than this',
      give: { clashes: [aClash({ exception: anException({ remindAt: anException().until }) })] },
      code: 'exception-lasts',
    },
    {
      name: 'its catalog was closed',
      give: { catalog: { ...requestFacts().catalog, state: 'unpublished' } },
      code: 'catalog-closed',
    },
    {
      name: 'its catalog is not for outsiders any more',
      give: {
        target: aPerson('Tara', { kind: 'guest' }),
        catalog: { ...requestFacts().catalog, externallyVisible: false },
      },
      code: 'not-for-outsiders',
    },
    {
      name: 'the package is gone',
      give: { package: { ...requestFacts().package, state: 'deleted' } },
      code: 'not-found',
    },
    {
      name: 'exceptions are not given any more',
      give: { policies: [inScope(policy, { enabled: false, inScope: false })] },
      code: 'exceptions-closed',
    },
    {
      name: 'the last day is over',
      give: {
        request: aRequest({ type: 'exception', policyVersion: policy.id, reason: 'x', period: until('2026-01-14') }),
      },
      code: 'asked-over',
    },
  ])('is denied by the gate where $name', ({ give, code, ask }) => {
    const change = approved(give);
    expect(rowsOf(change, 'request')).toMatchObject([{ state: 'denied', detail: 'gateClosed', refusal: { code } }]);
    expect(rowsOf(change, 'request')[0]?.refusal?.data).toMatchObject(ask === undefined ? {} : { ask });
    expect(recorded(change)).toEqual([]);
  });
  test('whoever left gets none', () => {
    const change = approved({ target: aPerson('Tara', { state: 'disabled' }) });
    expect(rowsOf(change, 'request')).toMatchObject([{ state: 'canceled', detail: 'targetDisabled' }]);
    expect(recorded(change)).toEqual([]);
  });
  test('without a last day there is none', () => {
    const endless = { ...policy, expiration: { kind: 'never' } as const };
    expect(() => grantException(inState('pendingApproval', { policies: [inScope(endless)] }), ana, at())).toThrow(
      /for ever/,
    );
  });

  const acts: Readonly<Record<string, (state: RequestState) => Change>> = {
    approve: (state) => decide(inState(state), ana, approve, at()),
    deny: (state) => decide(inState(state), ana, deny, at()),
    cancel: (state) => cancel(inState(state), { person: idOf('Tara'), owner: false }, at()),
    leave: (state) => cancel(inState(state), 'system', at(), 'targetDisabled'),
    runOut: (state) => expireStage(inState(state), at(days(14))),
    loseApprovers: (state) => reroute(inState(state, { candidates: [] }), at()),
  };
  const table: Readonly<Record<string, { to: Partial<Record<RequestState, string>>; otherwise: string }>> = {
    approve: { to: { pendingApproval: 'delivered' }, otherwise: 'already-decided' },
    deny: { to: { pendingApproval: 'denied' }, otherwise: 'already-decided' },
    cancel: { to: { pendingApproval: 'canceled' }, otherwise: 'not-cancelable' },
    leave: { to: { pendingApproval: 'canceled' }, otherwise: 'not-cancelable' },
    runOut: { to: { pendingApproval: 'expired' }, otherwise: '-' },
    loseApprovers: { to: { pendingApproval: 'denied' }, otherwise: '-' },
  };
  const states = ['pendingApproval', 'delivered', 'denied', 'expired', 'canceled'] as const;
  const rows = Object.entries(table).flatMap(([act, { to, otherwise }]) =>
    states.map((state) => ({ act, state, want: to[state] ?? otherwise })),
  );
  test.each(rows)('$state, $act: $want', ({ act, state, want }) => {
    const run = acts[act];
    if (!run) throw new Error(`no act ${act}`);
    const outcome = (): string => {
      try {
        return rowsOf(sound(run(state)), 'request')[0]?.state ?? '-';
      } catch {
        return faultOf(() => run(state)).code;
      }
    };
    expect(outcome()).toBe(want);
  });

  test.each<{ state: RequestState; want: string | null }>([
    { state: 'pendingApproval', want: null },
    { state: 'delivered', want: 'ask' },
    { state: 'denied', want: 'askAgain' },
    { state: 'expired', want: 'askAgain' },
    { state: 'canceled', want: 'askAgain' },
  ])('what comes after $state: $want', ({ state, want }) => {
    expect(wishAgain(aRequest({ type: 'exception', state }), false)).toBe(want);
  });
});
