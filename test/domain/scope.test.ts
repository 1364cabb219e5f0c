// Leaving the scope of a policy that ends access then (rule 3.16), and the brake that stops it for many (rule 3.15).
import { endOutOfScope } from '../../src/domain/assignment';
import { isDoubled, isMany } from '../../src/domain/brake';
import type { AssignmentId, JustificationId, PersonId } from '../../src/domain/model';
import { confirmedLeavers, judgeLeavers, outOfScope } from '../../src/domain/scope';
import type { Confirmed, Leavers, ScopeFact } from '../../src/domain/scope';
import {
  aGrant,
  aJustification,
  anAssignment,
  aPerson,
  assignmentFacts,
  at,
  dataOf,
  days,
  eventsOf,
  justified,
  NOON,
  pairFacts,
  rowOf,
  rowsOf,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

test.each([
  { name: 'one is never many', people: 1, of: 1, want: false },
  { name: '4 of 4 are few', people: 4, of: 4, want: false },
  { name: '5 of 5 are all', people: 5, of: 5, want: true },
  { name: '5 of 6 are not all', people: 5, of: 6, want: false },
  { name: '20 of 21 are few', people: 20, of: 21, want: false },
  { name: '21 of 22 are many', people: 21, of: 22, want: true },
  { name: '21 of 420 are 5 %', people: 21, of: 420, want: false },
  { name: '21 of 419 are more', people: 21, of: 419, want: true },
  { name: 'nobody is never many', people: 0, of: 0, want: false },
])('the brake: $name', ({ people, of, want }) => {
  expect(isMany(people, of)).toBe(want);
});

test.each([
  { people: 20, had: 0, want: false },
  { people: 21, had: 21, want: false },
  { people: 21, had: 20, want: true },
])('the brake: given to $people where $had have it', ({ people, had, want }) => {
  expect(isDoubled(people, had)).toBe(want);
});

const id = 'justification-1' as JustificationId;
const left: ScopeFact = {
  justification: id,
  policy: { mode: 'request', endWhenOutOfScope: true },
  enabled: true,
  inScope: false,
};
test.each<{ name: string; give: ScopeFact; want: boolean }>([
  { name: 'the policy says so', give: left, want: true },
  { name: 'still in scope', give: { ...left, inScope: true }, want: false },
  {
    name: 'the policy does not say so',
    give: { ...left, policy: { ...left.policy, endWhenOutOfScope: false } },
    want: false,
  },
  { name: 'switched off', give: { ...left, enabled: false }, want: false },
  { name: 'for direct assignment', give: { ...left, policy: { ...left.policy, mode: 'direct' } }, want: false },
  { name: 'a rule', give: { ...left, policy: { ...left.policy, mode: 'automatic' } }, want: false },
])('out of scope: $name', ({ give, want }) => {
  expect(outOfScope([give])).toEqual(want ? [id] : []);
});

describe('the end', () => {
  const one = aJustification();
  const other = aJustification({ id: 'justification-9' as JustificationId, until: days(10) });
  const facts = assignmentFacts({ justifications: [one], grants: [justified(aGrant(1))] });

  test('is a removal by the system, with its reason', () => {
    const change = sound(endOutOfScope(facts, [one.id], at()));
    expect(rowOf(change, 'request')).toMatchObject({ type: 'systemRemove', requestor: null, detail: 'outOfScope' });
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removing', endReason: 'outOfScope', endedAt: NOON });
    expect(dataOf(change, 'assignment.ending')).toMatchObject({ reason: 'outOfScope', tell: true, bySystem: true });
  });
  test('does not come while something else justifies the access', () => {
    const change = sound(endOutOfScope({ ...facts, justifications: [one, other] }, [one.id], at()));
    expect(rowsOf(change, 'justification')).toMatchObject([{ id: one.id, endedAt: NOON }]);
    expect(rowOf(change, 'request')).toMatchObject({ type: 'systemUpdate', detail: 'outOfScope', endsAt: days(10) });
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'delivered', endsAt: days(10) });
    expect(dataOf(change, 'assignment.unjustified')).toMatchObject({ reason: 'outOfScope' });
  });
  test.each([
    { name: 'nothing was left', give: facts, ids: [] },
    { name: 'of another access', give: facts, ids: [other.id] },
    { name: 'that has not begun', give: { ...facts, assignment: anAssignment({ state: 'scheduled' }) }, ids: [one.id] },
    {
      name: 'that is over',
      give: { ...facts, assignment: anAssignment({ state: 'removing', endedAt: NOON, endReason: 'gaveUp' }) },
      ids: [one.id],
    },
    {
      name: 'of somebody who was switched off',
      give: { ...facts, target: aPerson('Tara', { state: 'disabled' }) },
      ids: [one.id],
    },
  ] as const)('nothing ends: $name', ({ give, ids }) => {
    expect(endOutOfScope(give, ids, at())).toMatchObject({ rows: [], events: [] });
  });
});

describe('many at once', () => {
  const some = (n: number): AssignmentId[] =>
    Array.from({ length: n }, (_, index) => `assignment-${index}` as AssignmentId);
  const pair = pairFacts();
  const leavers = (fields: Partial<Leavers> = {}): Leavers => ({
    package: pair.package.id,
    catalog: pair.catalog.id,
    found: [],
    asked: 0,
    ending: [],
    lately: { ending: 0, ended: 0 },
    settled: 0,
    holders: 100,
    ...fields,
  });
  test.each([
    { name: 'a single one', give: { found: some(1), holders: 1 }, found: 'ending', event: { people: 1, held: false } },
    { name: '20 of 100', give: { found: some(20) }, found: 'ending', event: { people: 20, held: false } },
    { name: '21 of 100', give: { found: some(21) }, found: 'asked', event: { people: 21, held: true } },
    { name: 'all 5', give: { found: some(5), holders: 5 }, found: 'asked', event: { people: 5, held: true } },
    {
      name: 'a single one while others go because somebody said so',
      give: { found: some(1), ending: some(30), holders: 40 },
      found: 'ending',
      event: { people: 1, held: false },
    },
    {
      name: '20 more where 30 wait for a word',
      give: { found: some(20), asked: 30 },
      found: 'asked',
      event: { people: 20, held: true },
    },
    {
      name: 'the last 2 of 6 on one day',
      give: { found: some(2), holders: 2, lately: { ending: 0, ended: 4 } },
      found: 'asked',
      event: { people: 2, held: true },
    },
    {
      name: '11 more than the 10 that are ending',
      give: { found: some(11), lately: { ending: 10, ended: 0 } },
      found: 'asked',
      event: { people: 11, held: true },
    },
    {
      name: '1 where 20 of 420 went on one day',
      give: { found: some(1), holders: 400, lately: { ending: 0, ended: 20 } },
      found: 'ending',
      event: { people: 1, held: false },
    },
  ] as const)('$name: $found', ({ give, found, event }) => {
    const judgement = judgeLeavers(leavers(give));
    expect(judgement.found).toBe(found);
    expect(dataOf(judgement.change, 'package.leaversFound')).toMatchObject(event);
  });
  test('owners read it when those asked about are back, and hear nothing while nothing changes', () => {
    expect(eventsOf(judgeLeavers(leavers({ settled: 2, asked: 3 })).change)).toEqual(['package.leaversChanged']);
    expect(eventsOf(judgeLeavers(leavers({ asked: 3, ending: some(2) })).change)).toEqual([]);
  });
  test('nobody agrees to what is not asked any more', () => {
    const word = { ...leavers(), name: 'Payroll', people: 0, set: 'a1', last: null };
    const olga = 'olga' as PersonId;
    const fault = (give: Partial<Confirmed>) => faultOf(() => confirmedLeavers({ ...word, asked: 0, ...give }, olga));
    expect(fault({ asked: 2 })).toMatchObject({ code: 'leavers-moved-on' });
    expect(fault({})).toMatchObject({ code: 'leavers-answered', data: { last: null } });
    const by = (person: string): string | null | undefined => {
      const { data } = fault({ last: { person: person as PersonId, name: 'Some One', at: NOON } }) as {
        data: { last: { by: string | null } };
      };
      return data.last.by;
    };
    expect([by('cas'), by('olga')]).toEqual(['Some One', null]);
  });
  test('whoever agreed, and to how many of whom, is written down', () => {
    const word = { ...leavers(), name: 'Payroll', people: 7, set: 'a1', last: null };
    expect(dataOf(confirmedLeavers(word, 'olga' as PersonId), 'package.leaversConfirmed')).toEqual({
      people: 7,
      set: 'a1',
    });
  });
});
