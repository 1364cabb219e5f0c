// Delegate and delegator are one voice (rules 3.4, 3.5, 3.6).
import { mayDecide } from '../../src/domain/may-decide';
import { decide, escalate, reroute } from '../../src/domain/decision';
import type { DecideInput } from '../../src/domain/decision';
import type { RequestFacts } from '../../src/domain/facts';
import { withDelegates } from '../../src/domain/voices';
import {
  afterwards,
  aPolicy,
  aRef,
  aRequest,
  aStage,
  askedIn,
  aTask,
  at,
  days,
  delegates,
  eventsOf,
  factsOf,
  hours,
  idOf,
  requestFacts,
  rowOf,
  rowsOf,
  runningStage,
  submitFacts,
  waitingStage,
  who,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';
import { submit } from '../../src/domain/request';

const yes: DecideInput = { decision: 'approve', reason: null, shown: {} };
const no: DecideInput = { ...yes, decision: 'deny', reason: 'Not yet.' };
const [ana, ben, cleo, dan] = [idOf('Ana'), idOf('Ben'), idOf('Cleo'), idOf('Dan')];
const forAna = aTask('Dan', { capacity: 'delegate', for: ana });

/** Ana is asked, and Dan for her. */
const delegated = (fields: Partial<RequestFacts> & { policy?: ReturnType<typeof aPolicy> } = {}): RequestFacts =>
  requestFacts({
    candidates: who(1, 'primary', 'Ana'),
    delegations: delegates('Ana', 'Dan'),
    tasks: [aTask('Ana'), forAna],
    ...fields,
  });
/** Two of Ana, Ben and Cleo, and Dan for Ana. */
const quorum = (fields: Partial<RequestFacts> = {}): RequestFacts =>
  delegated({
    policy: aPolicy({ stages: [aStage(1, { approvalsRequired: 2 })] }),
    stages: [runningStage(1, { approvalsRequired: 2 })],
    candidates: who(1, 'primary', 'Ana', 'Ben', 'Cleo'),
    tasks: [aTask('Ana'), aTask('Ben'), aTask('Cleo'), forAna],
    ...fields,
  });
const openIn = (facts: RequestFacts): unknown[] =>
  facts.tasks.filter((one) => one.state === 'open').map((one) => [one.person, one.for]);

describe('who is asked beside whom', () => {
  const asked = (...names: string[]) =>
    who(1, 'primary', ...names).map(({ person, name, capacity, because }) => ({
      person,
      name,
      capacity,
      because,
      for: null,
    }));
  test.each<{ name: string; give: Parameters<typeof withDelegates>; want: unknown }>([
    {
      name: 'the delegate, for the one who is asked',
      give: [asked('Ana'), { delegations: delegates('Ana', 'Dan') }, []],
      want: [
        ['ana', null],
        ['dan', 'ana'],
      ],
    },
    {
      name: 'every delegate of one voice',
      give: [asked('Ana'), { delegations: delegates('Ana', 'Dan', 'Eva') }, []],
      want: [
        ['ana', null],
        ['dan', 'ana'],
        ['eva', 'ana'],
      ],
    },
    {
      name: 'nobody for whoever is not asked',
      give: [asked('Ben'), { delegations: delegates('Ana', 'Dan') }, []],
      want: [['ben', null]],
    },
    {
      name: 'not the requestor, the target, or whose voice was heard before',
      give: [asked('Ana'), { delegations: delegates('Ana', 'Dan') }, [dan]],
      want: [['ana', null]],
    },
    {
      name: 'whoever is asked in their own right once, for themselves',
      give: [asked('Ana', 'Dan'), { delegations: delegates('Ana', 'Dan') }, []],
      want: [
        ['ana', null],
        ['dan', null],
      ],
    },
    {
      name: 'who decides for two is asked for one of them, always the same',
      give: [asked('Ben', 'Ana'), { delegations: [...delegates('Ben', 'Dan'), ...delegates('Ana', 'Dan')] }, []],
      want: [
        ['ben', null],
        ['ana', null],
        ['dan', 'ana'],
      ],
    },
    {
      name: 'never the delegate of a delegate',
      give: [asked('Ana'), { delegations: [...delegates('Ana', 'Dan'), ...delegates('Dan', 'Eva')] }, []],
      want: [
        ['ana', null],
        ['dan', 'ana'],
      ],
    },
  ])('$name', ({ give, want }) => {
    expect(withDelegates(...give).map((one) => [one.person, one.for])).toEqual(want);
  });

  test('a new request asks both, and Dan counts as nobody more', () => {
    const policy = aPolicy({ stages: [aStage(1)] });
    const facts = submitFacts({
      policy,
      candidates: who(1, 'primary', 'Ana'),
      delegations: delegates('Ana', 'Dan'),
    });
    const period = { startsAt: null, endsAt: null, hours: null };
    const ask = { policyVersion: null, period, zone: 'UTC', reason: null, answers: {} };
    const { request, change } = submit(facts, ask, at());
    expect(openIn(factsOf(facts, request, sound(change)))).toEqual([
      [ana, null],
      [dan, ana],
    ]);
    const two = aPolicy({ stages: [aStage(1, { approvalsRequired: 2 })] });
    const tooFew = submitFacts({
      ...facts,
      policy: two,
      policies: [{ policy: two, inScope: true, enabled: true, over: false }],
    });
    expect(faultOf(() => submit(tooFew, ask, at()))).toMatchObject({
      code: 'no-approvers',
    });
  });
});

describe('one voice', () => {
  test('the delegate decides for the other, and the decision says so', () => {
    const change = sound(decide(delegated(), dan, yes, at()));
    expect(rowOf(change, 'decision')).toMatchObject({ person: dan, for: ana });
    expect(change.events.find(({ type }) => type === 'decision.recorded')).toMatchObject({
      refs: { person: ana },
      data: { decision: 'approve', for: ana },
    });
    expect(rowOf(change, 'request').state).toBe('delivering');
  });

  test.each([
    { name: 'the delegate', by: dan, late: ana, want: { by: 'Dan', for: null } },
    { name: 'the delegator', by: ana, late: dan, want: { by: 'Ana', for: 'Ana' } },
  ])('$name was first, so the other is asked no more and hears who it was', ({ by, late, want }) => {
    const change = sound(decide(quorum(), by, yes, at()));
    const after = afterwards(quorum(), change);
    expect(openIn(after)).toEqual([
      [ben, null],
      [cleo, null],
    ]);
    expect(faultOf(() => mayDecide(after, late, at(hours(1))))).toMatchObject({
      code: 'voice-heard',
      data: { number: 1042, decision: 'approve', at: at().now, ...want },
    });
    expect(reroute(after, at())).toEqual(reroute({ ...after, delegations: [] }, at()));
    expect(openIn(afterwards(after, decide(after, ben, yes, at())))).toEqual([]);
  });

  test('a denial of the delegate ends it like any other', () => {
    const after = afterwards(quorum(), sound(decide(quorum(), dan, no, at())));
    expect(after.request).toMatchObject({ state: 'denied', detail: 'deniedByApprover' });
    expect(faultOf(() => mayDecide(after, ana, at(hours(1))))).toMatchObject({ code: 'voice-heard' });
    expect(faultOf(() => mayDecide(after, ben, at(hours(1))))).toMatchObject({ code: 'already-decided' });
  });

  test('both are one of the two that are needed, never two', () => {
    const after = afterwards(quorum(), decide(quorum(), dan, yes, at()));
    expect(after.request.state).toBe('pendingApproval');
    expect(faultOf(() => decide(after, ana, yes, at()))).toMatchObject({ code: 'voice-heard' });
  });

  test('whoever decides for two is asked for the second as soon as the first has spoken', () => {
    const facts = quorum({ delegations: [...delegates('Ana', 'Dan'), ...delegates('Ben', 'Dan')] });
    const change = sound(decide(facts, ana, yes, at()));
    const after = afterwards(facts, change);
    expect(openIn(after)).toEqual([
      [ben, null],
      [cleo, null],
      [dan, ben],
    ]);
    expect(change.events.slice(0, 2)).toMatchObject([
      { type: 'approver.changed', refs: { person: dan, stage: 1 }, data: { capacity: 'delegate', for: ben } },
      { type: 'decision.recorded' },
    ]);
    expect(reroute(after, at()).rows).toEqual([]);
    expect(rowOf(sound(decide(after, dan, yes, at())), 'decision')).toMatchObject({ person: dan, for: ben });
  });

  describe('in the next stage', () => {
    const next = (policy: Parameters<typeof aPolicy>[0], by: typeof dan, second: string[]) => {
      const facts = delegated({
        policy: aPolicy({ stages: [aStage(1), aStage(2)], ...policy }),
        stages: [runningStage(1), waitingStage(2)],
        candidates: [...who(1, 'primary', 'Ana'), ...who(2, 'primary', ...second)],
        delegations: [...delegates('Ana', 'Dan'), ...delegates('Cleo', 'Dan'), ...delegates('Ana', 'Eva')],
      });
      return askedIn(sound(decide(facts, by, yes, at())));
    };
    test('neither who decided nor whose voice it was is asked', () => {
      expect(next({}, dan, ['Ana', 'Dan', 'Cleo'])).toEqual(['cleo']);
    });
    test('whoever decided for themselves leaves their delegate free to decide in their own right', () => {
      expect(next({}, ana, ['Ana', 'Dan'])).toEqual(['dan']);
    });
    test('nor counts whoever another release asks all the same, there or in the same step', () => {
      const facts = delegated({
        policy: aPolicy({ stages: [aStage(1), aStage(2)] }),
        stages: [runningStage(1), waitingStage(2)],
        candidates: [...who(1, 'primary', 'Ana'), ...who(2, 'primary', 'Ana', 'Cleo')],
      });
      const second = afterwards(facts, sound(decide(facts, dan, yes, at())));
      const asked = { ...second, tasks: [...second.tasks, aTask('Ana', { n: 2 })] };
      expect(faultOf(() => mayDecide(asked, ana, at()))).toMatchObject({ code: 'not-an-approver' });
      const same = afterwards(quorum(), sound(decide(quorum(), dan, yes, at())));
      const again = { ...same, tasks: same.tasks.map((one) => (one.person === ana ? aTask('Ana') : one)) };
      expect(faultOf(() => mayDecide(again, ana, at()))).toMatchObject({ code: 'voice-heard' });
    });
    test('unless the policy lets one person count twice', () => {
      expect(next({ samePersonInStages: true }, dan, ['Ana', 'Cleo'])).toEqual(['ana', 'cleo', 'dan', 'eva']);
    });
  });
});

describe('who may decide, looked at once more at the click', () => {
  test.each<{ name: string; give: Partial<RequestFacts>; want: string | null }>([
    { name: 'the delegate', give: {}, want: null },
    { name: 'not once the delegation is over', give: { delegations: [] }, want: 'not-an-approver' },
    {
      name: 'not once the other is asked no more',
      give: { candidates: who(1, 'primary', 'Ben') },
      want: 'not-an-approver',
    },
    {
      name: 'not for somebody who is only a delegate themselves by now',
      give: {
        candidates: who(1, 'primary', 'Ben'),
        delegations: [...delegates('Ben', 'Ana'), ...delegates('Ana', 'Dan')],
        tasks: [aTask('Ben'), aTask('Ana', { capacity: 'delegate', for: ben }), forAna],
      },
      want: 'not-an-approver',
    },
    {
      name: 'not for whom the request is, whoever they decide for',
      give: { request: aRequest({ target: dan, requestor: ana }) },
      want: 'own-request',
    },
    {
      name: 'not who asked',
      give: { request: aRequest({ requestor: dan }), requestor: { ...aRef('Dan'), state: 'enabled' } },
      want: 'own-request',
    },
    {
      name: 'for an owner who stands in',
      give: {
        candidates: [],
        owners: [aRef('Olga')],
        delegations: delegates('Olga', 'Dan'),
        tasks: [aTask('Olga', { capacity: 'owner' }), aTask('Dan', { capacity: 'delegate', for: idOf('Olga') })],
      },
      want: null,
    },
  ])('$name', ({ give, want }) => {
    const facts = delegated(give);
    if (want === null) expect(mayDecide(facts, dan, at())).toMatchObject({ person: dan });
    else expect(faultOf(() => mayDecide(facts, dan, at()))).toMatchObject({ code: want });
  });
});

describe('in whose name, as it was shown', () => {
  const shown = (seen: number | null, other?: string) => ({
    ...yes,
    seen,
    shown: other === undefined ? {} : { for: other },
  });
  const asOwn = delegated({ candidates: who(1, 'primary', 'Ana', 'Dan'), tasks: [aTask('Ana'), aTask('Dan')] });
  test.each([
    { name: 'the one that it is', give: shown(1, ana), facts: delegated(), want: null },
    { name: 'another one', give: shown(1, ben), facts: delegated(), want: 'Ana' },
    { name: 'nobody, as a release does that shows none', give: shown(1), facts: delegated(), want: 'Ana' },
    { name: 'nobody, where it is their own', give: shown(1), facts: asOwn, want: null },
    { name: 'somebody, where it is their own by now', give: shown(1, ana), facts: asOwn, want: undefined },
    { name: 'nothing: it was typed', give: shown(null), facts: delegated(), want: null },
  ])('$name', ({ give, facts, want }) => {
    const act = () => decide(facts, dan, { ...give, seen: give.seen && facts.request.version }, at());
    if (want === null) expect(rowOf(sound(act()), 'decision').person).toBe(dan);
    else expect(faultOf(act)).toMatchObject({ code: 'other-voice', data: { number: 1042, for: want ?? null } });
  });
});

describe('a delegation that begins, ends or changes while a stage runs', () => {
  test.each<{ name: string; give: Partial<RequestFacts>; open: unknown; events: unknown }>([
    {
      name: 'begins: the delegate is asked as well',
      give: { tasks: [aTask('Ana')] },
      open: [
        [ana, null],
        [dan, ana],
      ],
      events: ['approver.asked'],
    },
    {
      name: 'ends: the delegate is released',
      give: { delegations: [] },
      open: [[ana, null]],
      events: ['approver.released'],
    },
    {
      name: 'the delegate comes to be asked in their own right',
      give: { candidates: who(1, 'primary', 'Ana', 'Dan') },
      open: [
        [ana, null],
        [dan, null],
      ],
      events: ['approver.changed'],
    },
    {
      name: 'whoever was asked in their own right stays as the delegate',
      give: { tasks: [aTask('Ana'), aTask('Dan')] },
      open: [
        [ana, null],
        [dan, ana],
      ],
      events: ['approver.changed'],
    },
    {
      name: 'the delegator leaves, and takes the delegate along',
      give: { candidates: who(1, 'primary', 'Ben') },
      open: [[ben, null]],
      events: ['approver.released', 'approver.released', 'approver.asked'],
    },
    {
      name: 'nothing changes',
      give: {},
      open: [
        [ana, null],
        [dan, ana],
      ],
      events: [],
    },
  ])('$name', ({ give, open, events }) => {
    const facts = delegated(give);
    const change = sound(reroute(facts, at()));
    expect(eventsOf(change)).toEqual(events);
    expect(openIn(afterwards(facts, change))).toEqual(open);
  });

  test.each<{ name: string; give: Partial<RequestFacts>; moves: boolean }>([
    { name: 'goes on for a delegate', give: { tasks: [aTask('Ana')] }, moves: false },
    { name: 'leaves time to a newcomer and their delegate', give: { tasks: [aTask('Ben')] }, moves: true },
  ])('the clock of the stage $name', ({ give, moves }) => {
    const facts = delegated({ stages: [runningStage(1, { decideBy: hours(2) })], ...give });
    const change = sound(reroute(facts, at()));
    expect(rowsOf(change, 'stage').map(({ decideBy }) => decideBy)).toEqual(moves ? [days(1)] : []);
  });

  test('alternates bring their delegates when the stage escalates, and none before', () => {
    const facts = delegated({
      stages: [runningStage(1, { escalateAt: hours(-1) })],
      candidates: [...who(1, 'primary', 'Ana'), ...who(1, 'alternate', 'Cleo')],
      delegations: [...delegates('Ana', 'Dan'), ...delegates('Cleo', 'Eva')],
    });
    expect(reroute(facts, at()).rows).toEqual([]);
    const change = sound(escalate(facts, at()));
    expect(rowsOf(change, 'task').map((one) => [one.person, one.capacity, one.for])).toEqual([
      [cleo, 'alternate', null],
      [idOf('Eva'), 'delegate', cleo],
    ]);
    expect(reroute(afterwards(facts, change), at()).rows).toEqual([]);
  });

  test('an alternate who decides for a primary until then is asked for themselves from then on', () => {
    const facts = delegated({
      stages: [runningStage(1, { escalateAt: hours(-1) })],
      candidates: [...who(1, 'primary', 'Ana'), ...who(1, 'alternate', 'Dan')],
    });
    const after = afterwards(facts, sound(escalate(facts, at())));
    expect(openIn(after)).toEqual([
      [ana, null],
      [dan, null],
    ]);
    expect(reroute(after, at()).rows).toEqual([]);
  });
});
