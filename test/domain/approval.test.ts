// Who is asked and who may decide (rules 3.4, 3.5, 3.6).
import { hasApprovers, plan, resolveStage } from '../../src/domain/approval';
import type { ApproverFacts } from '../../src/domain/approval';
import type { RequestFacts } from '../../src/domain/facts';
import { mayDecide } from '../../src/domain/may-decide';
import type { Decision, DecisionId } from '../../src/domain/model';
import {
  aPolicy,
  aRef,
  aRequest,
  aStage,
  aTask,
  at,
  days,
  hours,
  idOf,
  requestFacts,
  runningStage,
  versionId,
  who,
} from '../support/builders';
import { faultOf } from '../support/sound';

const version = versionId('policy-1.1');
const none: ApproverFacts = { candidates: [], owners: [], administrators: [] };
const all: ApproverFacts = {
  candidates: [...who(1, 'primary', 'Ana', 'Ben'), ...who(1, 'fallback', 'Fay'), ...who(1, 'alternate', 'Alf')],
  owners: [aRef('Olga')],
  administrators: [aRef('Adam')],
};

describe('who is asked', () => {
  test.each<{
    name: string;
    give: { facts: ApproverFacts; required?: number; excluded?: string[] };
    want: { asked: string[]; alternates?: string[]; enough?: boolean; standIns?: boolean };
  }>([
    {
      name: 'the primaries, and nobody else',
      give: { facts: all },
      want: { asked: ['Ana', 'Ben'], alternates: ['Alf'] },
    },
    {
      name: 'the primaries that remain',
      give: { facts: all, excluded: ['Ana'] },
      want: { asked: ['Ben'], alternates: ['Alf'] },
    },
    {
      name: 'fallbacks when nobody can be resolved',
      give: { facts: { ...all, candidates: all.candidates.filter((one) => one.capacity !== 'primary') } },
      want: { asked: ['Fay'], alternates: ['Alf'], standIns: true },
    },
    {
      name: 'fallbacks when all primaries are excluded',
      give: { facts: all, excluded: ['Ana', 'Ben'] },
      want: { asked: ['Fay'], alternates: ['Alf'], standIns: true },
    },
    {
      name: 'fallbacks beside primaries that are too few',
      give: { facts: all, required: 3 },
      want: { asked: ['Ana', 'Ben', 'Fay'], alternates: ['Alf'], standIns: true },
    },
    {
      name: 'then alternates',
      give: { facts: all, required: 4 },
      want: { asked: ['Ana', 'Ben', 'Fay', 'Alf'], standIns: true },
    },
    {
      name: 'then catalog owners',
      give: { facts: all, required: 5 },
      want: { asked: ['Ana', 'Ben', 'Fay', 'Alf', 'Olga'], standIns: true },
    },
    {
      name: 'then administrators',
      give: { facts: all, required: 6 },
      want: { asked: ['Ana', 'Ben', 'Fay', 'Alf', 'Olga', 'Adam'], standIns: true },
    },
    {
      name: 'never enough of them',
      give: { facts: all, required: 7 },
      want: { asked: ['Ana', 'Ben', 'Fay', 'Alf', 'Olga', 'Adam'], enough: false, standIns: true },
    },
    {
      name: 'an owner who is excluded does not stand in',
      give: { facts: { ...none, owners: [aRef('Olga'), aRef('Tara')] }, excluded: ['Tara'] },
      want: { asked: ['Olga'], standIns: true },
    },
    { name: 'nobody at all', give: { facts: none }, want: { asked: [], enough: false, standIns: false } },
    {
      name: 'one person once, as the first that leads to them',
      give: {
        facts: {
          ...none,
          candidates: [
            ...who(1, 'primary', 'Ana'),
            ...who(1, 'primary', 'Ana'),
            ...who(1, 'fallback', 'Ana'),
            ...who(1, 'alternate', 'Ana'),
          ],
        },
        required: 2,
      },
      want: { asked: ['Ana'], enough: false },
    },
    {
      name: 'not those of another stage',
      give: { facts: { ...none, candidates: who(2, 'primary', 'Ana') } },
      want: { asked: [], enough: false },
    },
  ])('$name', ({ give, want }) => {
    const stage = aStage(1, { approvalsRequired: give.required ?? 1 });
    const found = resolveStage(stage, give.facts, (give.excluded ?? []).map(idOf), version);
    expect({
      asked: found.asked.map((one) => one.name),
      alternates: found.alternates.map((one) => one.name),
      enough: found.enough,
      standIns: found.standIns,
    }).toEqual({ alternates: [], enough: true, standIns: false, ...want });
  });

  test('not those of another version of the policy', () => {
    expect(resolveStage(aStage(), all, [], versionId('policy-1.2')).asked.map((one) => one.name)).toEqual(['Olga']);
  });

  test('each with the reason that leads to them', () => {
    const found = resolveStage(aStage(1, { approvalsRequired: 6 }), all, [], version);
    expect(found.asked.map((one) => [one.capacity, one.because.kind])).toEqual([
      ['primary', 'named'],
      ['primary', 'named'],
      ['fallback', 'named'],
      ['alternate', 'named'],
      ['owner', 'owner'],
      ['administrator', 'administrator'],
    ]);
  });
});

test('the form is told every stage, without the requestor and the target', () => {
  const policy = aPolicy({ stages: [aStage(1), aStage(2, { approvalsRequired: 2 })] });
  const facts = { ...none, candidates: [...who(1, 'primary', 'Tara', 'Mona', 'Ana'), ...who(2, 'primary', 'Ben')] };
  const stages = plan(facts, policy, idOf('Mona'), idOf('Tara'));
  expect(stages.map((one) => ({ n: one.n, asked: one.asked.map((who) => who.name), enough: one.enough }))).toEqual([
    { n: 1, asked: ['Ana'], enough: true },
    { n: 2, asked: ['Ben'], enough: false },
  ]);
});

test.each<{ name: string; stages: string[][]; once?: boolean; want: string[][] }>([
  {
    name: 'nobody whom those before cannot do without',
    stages: [['Ana'], ['Ana', 'Ben'], ['Ana', 'Ben', 'Cleo']],
    want: [['Ana'], ['Ben'], ['Cleo']],
  },
  {
    name: 'whoever may be left',
    stages: [
      ['Ana', 'Ben'],
      ['Ana', 'Cleo'],
    ],
    want: [
      ['Ana', 'Ben'],
      ['Ana', 'Cleo'],
    ],
  },
  {
    name: 'everybody, where one counts twice',
    once: false,
    stages: [['Ana'], ['Ana', 'Ben']],
    want: [['Ana'], ['Ana', 'Ben']],
  },
])('the form names for a later stage $name', ({ stages, once = true, want }) => {
  const policy = aPolicy({ samePersonInStages: !once, stages: stages.map((_, i) => aStage(i + 1)) });
  const candidates = stages.flatMap((names, i) => who(i + 1, 'primary', ...names));
  const facts = { candidates, owners: [aRef('Olga')], administrators: [aRef('Adam')] };
  const named = plan(facts, policy, idOf('Mona'), idOf('Tara')).map(({ asked }) => asked.map(({ name }) => name));
  expect(named).toEqual(want);
});

describe('whether there are enough people for all stages together, where one person counts in one of them only', () => {
  const primaries = (...stages: string[][]) => stages.flatMap((names, i) => who(i + 1, 'primary', ...names));
  const both = primaries(['Ana'], ['Ana']);
  const escalates = { escalateAfter: { kind: 'hours', hours: 48 } } as const;
  test.each<{
    name: string;
    give: Partial<ApproverFacts> & { required?: number[]; first?: Parameters<typeof aStage>[1]; samePerson?: boolean };
    want: boolean;
  }>([
    { name: 'the same only person in two', give: { candidates: both }, want: false },
    { name: 'the same, who counts twice', give: { candidates: both, samePerson: true }, want: true },
    { name: 'another one in the second', give: { candidates: primaries(['Ana'], ['Ana', 'Ben']) }, want: true },
    { name: 'another one in the first', give: { candidates: primaries(['Ana', 'Ben'], ['Ana']) }, want: true },
    {
      name: 'two of three, beside one of them',
      give: { candidates: primaries(['Ana', 'Ben', 'Cleo'], ['Ana']), required: [2, 1] },
      want: true,
    },
    {
      name: 'two of two, beside one of them',
      give: { candidates: primaries(['Ana', 'Ben'], ['Ana']), required: [2, 1] },
      want: false,
    },
    {
      name: 'three pairs of three people',
      give: { candidates: primaries(['Ana', 'Ben'], ['Ana', 'Cleo'], ['Ana', 'Ben']), required: [1, 1, 1] },
      want: true,
    },
    {
      name: 'three pairs of two people',
      give: { candidates: primaries(['Ana', 'Ben'], ['Ana', 'Ben'], ['Ana', 'Ben']), required: [1, 1, 1] },
      want: false,
    },
    { name: 'an owner stands in', give: { candidates: both, owners: [aRef('Olga')] }, want: true },
    { name: 'an administrator stands in', give: { candidates: both, administrators: [aRef('Adam')] }, want: true },
    { name: 'the owner is the same person', give: { candidates: both, owners: [aRef('Ana')] }, want: false },
    { name: 'the only owner asks', give: { candidates: both, owners: [aRef('Mona')] }, want: false },
    {
      name: 'one owner for two who are missing',
      give: { candidates: primaries(['Ana'], ['Ana'], ['Ana']), owners: [aRef('Olga')], required: [1, 1, 1] },
      want: false,
    },
    { name: 'a fallback of the second', give: { candidates: [...both, ...who(2, 'fallback', 'Fay')] }, want: true },
    {
      name: 'a fallback of the first, who is not asked beside its approver',
      give: { candidates: [...both, ...who(1, 'fallback', 'Fay')] },
      want: false,
    },
    { name: 'an alternate of the second', give: { candidates: [...both, ...who(2, 'alternate', 'Alf')] }, want: true },
    {
      name: 'an alternate of the first, once it escalates',
      give: { candidates: [...both, ...who(1, 'alternate', 'Alf')], first: escalates },
      want: true,
    },
    {
      name: 'an alternate of the first, which never escalates',
      give: { candidates: [...both, ...who(1, 'alternate', 'Alf')] },
      want: false,
    },
  ])('$name: $want', ({ give: { required = [1, 1], first, samePerson = false, ...facts }, want }) => {
    const stages = required.map((approvalsRequired, i) =>
      aStage(i + 1, { approvalsRequired, ...(i === 0 ? first : {}) }),
    );
    const policy = aPolicy({ samePersonInStages: samePerson, stages });
    expect(hasApprovers({ ...none, ...facts }, policy, idOf('Mona'), idOf('Tara'))).toBe(want);
  });
});

const decided = (name: string, fields: Partial<Decision> = {}): Decision => ({
  id: `decision-${name}` as DecisionId,
  request: aRequest().id,
  n: 1,
  person: idOf(name),
  for: null,
  decision: 'approve',
  reason: null,
  at: hours(-2),
  shown: {},
  ...fields,
});
const twoStages = {
  policy: aPolicy({ stages: [aStage(1), aStage(2)] }),
  request: aRequest({ stage: 2 }),
  stages: [runningStage(1, { state: 'approved', closedAt: hours(-2) }), runningStage(2)],
  candidates: [...who(1, 'primary', 'Ana', 'Ben'), ...who(2, 'primary', 'Cleo')],
  tasks: [aTask('Ana', { state: 'decided' }), aTask('Ben', { state: 'closed' }), aTask('Cleo', { n: 2 })],
  decisions: [decided('Ana')],
};
const over = (fields: Parameters<typeof aRequest>[0]) => ({
  request: aRequest({ completedAt: hours(-1), ...fields }),
  stages: [runningStage(1, { state: 'denied' })],
  tasks: [aTask('Ana', { state: 'decided' }), aTask('Ben', { state: 'closed' })],
});
const standIn = (capacity: 'owner' | 'administrator' | 'alternate' | 'fallback') => ({
  tasks: [aTask('Sam', { capacity })],
});

describe('who may decide', () => {
  test.each<{ name: string; give: Partial<RequestFacts>; person: string }>([
    { name: 'somebody asked', give: {}, person: 'Ana' },
    { name: 'somebody of the second stage', give: twoStages, person: 'Cleo' },
    { name: 'an owner who stands in', give: { ...standIn('owner'), owners: [aRef('Sam')] }, person: 'Sam' },
    {
      name: 'an administrator who stands in',
      give: { ...standIn('administrator'), administrators: [aRef('Sam')] },
      person: 'Sam',
    },
    { name: 'a fallback', give: { ...standIn('fallback'), candidates: who(1, 'fallback', 'Sam') }, person: 'Sam' },
    {
      name: 'an alternate after the escalation',
      give: {
        tasks: [aTask('Sam', { capacity: 'alternate' })],
        candidates: who(1, 'alternate', 'Sam'),
        stages: [runningStage(1, { escalatedAt: hours(-1) })],
      },
      person: 'Sam',
    },
    {
      name: 'an alternate who has become a primary',
      give: { ...standIn('alternate'), candidates: who(1, 'primary', 'Sam') },
      person: 'Sam',
    },
    {
      name: 'a primary who has become an alternate, after the escalation',
      give: {
        tasks: [aTask('Sam')],
        candidates: who(1, 'alternate', 'Sam'),
        stages: [runningStage(1, { escalatedAt: hours(-1) })],
      },
      person: 'Sam',
    },
    {
      name: 'somebody who decided another stage and counts twice',
      give: {
        ...twoStages,
        policy: aPolicy({ samePersonInStages: true, stages: [aStage(1), aStage(2)] }),
        tasks: [...twoStages.tasks, aTask('Ana', { n: 2 })],
        candidates: who(2, 'primary', 'Ana'),
      },
      person: 'Ana',
    },
  ])('$name', ({ give, person }) => {
    expect(mayDecide(requestFacts(give), idOf(person), at()).person).toBe(idOf(person));
  });

  test.each<{ name: string; give: Partial<RequestFacts>; person: string; wantFault: string; data?: object }>([
    { name: 'the target', give: {}, person: 'Tara', wantFault: 'own-request' },
    {
      name: 'the target, though asked by a group',
      give: { tasks: [aTask('Tara')], candidates: who(1, 'primary', 'Tara') },
      person: 'Tara',
      wantFault: 'own-request',
    },
    {
      name: 'the requestor, though asked by a group',
      give: {
        request: aRequest({ requestor: idOf('Mona') }),
        tasks: [aTask('Mona')],
        candidates: who(1, 'primary', 'Mona'),
      },
      person: 'Mona',
      wantFault: 'own-request',
    },
    { name: 'a stranger', give: {}, person: 'Zoe', wantFault: 'not-an-approver' },
    {
      name: 'a stranger, when it is over',
      give: over({ state: 'denied', detail: 'deniedByApprover' }),
      person: 'Zoe',
      wantFault: 'not-an-approver',
    },
    {
      name: 'an alternate before the escalation',
      give: { candidates: who(1, 'alternate', 'Alf') },
      person: 'Alf',
      wantFault: 'not-an-approver',
    },
    {
      name: 'somebody who left the group since',
      give: { candidates: who(1, 'primary', 'Ben') },
      person: 'Ana',
      wantFault: 'not-an-approver',
    },
    {
      name: 'a primary who is only an alternate now, before the escalation',
      give: { candidates: [...who(1, 'alternate', 'Ana'), ...who(1, 'primary', 'Cleo')] },
      person: 'Ana',
      wantFault: 'not-an-approver',
    },
    { name: 'an owner no more', give: standIn('owner'), person: 'Sam', wantFault: 'not-an-approver' },
    { name: 'an administrator no more', give: standIn('administrator'), person: 'Sam', wantFault: 'not-an-approver' },
    {
      name: 'somebody released',
      give: { tasks: [aTask('Ana', { state: 'closed', closedAt: hours(-1) }), aTask('Ben')] },
      person: 'Ana',
      wantFault: 'not-an-approver',
    },
    {
      name: 'a second click',
      give: { decisions: [decided('Ana')], tasks: [aTask('Ana', { state: 'decided' }), aTask('Ben')] },
      person: 'Ana',
      wantFault: 'you-decided',
      data: { decision: 'approve' },
    },
    {
      name: 'a second click after the end',
      give: {
        ...over({ state: 'denied', detail: 'deniedByApprover' }),
        decisions: [decided('Ana', { decision: 'deny' })],
      },
      person: 'Ana',
      wantFault: 'you-decided',
      data: { decision: 'deny' },
    },
    {
      name: 'the slower of two',
      give: twoStages,
      person: 'Ben',
      wantFault: 'already-decided',
      data: { state: 'pendingApproval', by: 'Ana', at: hours(-2) },
    },
    {
      name: 'after a denial',
      give: {
        ...over({ state: 'denied', detail: 'deniedByApprover' }),
        decisions: [decided('Ana', { decision: 'deny' })],
      },
      person: 'Ben',
      wantFault: 'already-decided',
      data: { state: 'denied', by: 'Ana' },
    },
    {
      name: 'after a cancellation',
      give: over({ state: 'canceled', detail: 'canceledByRequestor' }),
      person: 'Ben',
      wantFault: 'already-decided',
      data: { state: 'canceled', by: null, at: hours(-1) },
    },
    {
      name: 'after it ran out',
      give: over({ state: 'expired', detail: 'notDecidedInTime' }),
      person: 'Ben',
      wantFault: 'already-decided',
      data: { state: 'expired', by: null },
    },
    {
      name: 'after a gate closed',
      give: { ...over({ state: 'denied', detail: 'gateClosed' }), decisions: [decided('Ana')] },
      person: 'Ben',
      wantFault: 'already-decided',
      data: { state: 'denied', by: null },
    },
    {
      name: 'at the deadline, though no job has run',
      give: { stages: [runningStage(1, { decideBy: hours(0) })] },
      person: 'Ana',
      wantFault: 'already-decided',
      data: { state: 'expired', by: null, at: hours(0) },
    },
  ])('not $name: $wantFault', ({ give, person, wantFault, data }) => {
    const fault = faultOf(() => mayDecide(requestFacts(give), idOf(person), at()));
    expect(fault.code).toBe(wantFault);
    expect(fault.data).toMatchObject({ number: 1042, ...data });
  });
});

test('the very last moment before the deadline still counts', () => {
  const facts = requestFacts({ stages: [runningStage(1, { decideBy: days(1) })] });
  expect(mayDecide(facts, idOf('Ana'), at(new Date(days(1).getTime() - 1))).state).toBe('open');
});
