// Whoever handed approvals on may be away: what those who are there could decide together, they can, in whatever order they click.
import fc from '../support/fast-check';
import { decide, escalate, reroute } from '../../src/domain/decision';
import type { RequestFacts } from '../../src/domain/facts';
import type { PersonId } from '../../src/domain/model';
import {
  afterwards,
  aPolicy,
  aStage,
  at,
  delegates,
  hours,
  idOf,
  requestFacts,
  runningStage,
  who,
} from '../support/builders';
import { attempt, sound } from '../support/sound';

const RING = ['Ana', 'Ben', 'Cleo', 'Finn', 'Gita'];
const BESIDE = ['Dan', 'Eva', 'Hugo', 'Ines'];
const handedOn = fc.uniqueArray(fc.tuple(fc.constantFrom(...RING), fc.constantFrom(...BESIDE, ...RING)), {
  selector: ([from, to]) => `${from} ${to}`,
  maxLength: 12,
});
const given = fc.record({
  ring: fc.subarray(RING, { minLength: 1 }),
  handedOn,
  order: fc.shuffledSubarray([...RING, ...BESIDE], { minLength: RING.length + BESIDE.length }),
});
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;
const RUNS = { numRuns: 300 };

const delegationsOf = (pairs: Given['handedOn']): RequestFacts['delegations'] =>
  pairs.filter(([from, to]) => from !== to).flatMap(([from, to]) => delegates(from, to));
/** Asked in their own right, and handed on what they decide. */
const isAway = ({ candidates, delegations }: RequestFacts, person: PersonId): boolean =>
  candidates.some((one) => one.person === person) && delegations.some(({ delegator }) => delegator === person);

/** How many approvals at most may still come of those who are there: tried out, each of them for each voice that they could speak for. */
function most(facts: RequestFacts): number {
  const ring = [...new Set(facts.candidates.map(({ person }) => person))];
  const used = facts.decisions.flatMap((one) => [one.person, one.for ?? one.person]);
  const voices = ring.filter((one) => !used.includes(one));
  const own = voices.filter((one) => !isAway(facts, one)).map((one) => [one]);
  const others = [...new Set(facts.delegations.map(({ delegate }) => delegate))]
    .filter((one) => !ring.includes(one) && !used.includes(one))
    .map((one) => voices.filter((voice) => facts.delegations.some((d) => d.delegate === one && d.delegator === voice)));
  const tried = ([first, ...rest]: PersonId[][], free: readonly PersonId[]): number =>
    first === undefined
      ? 0
      : Math.max(
          tried(rest, free),
          ...first
            .filter((one) => free.includes(one))
            .map(
              (one) =>
                1 +
                tried(
                  rest,
                  free.filter((other) => other !== one),
                ),
            ),
        );
  return tried([...own, ...others], voices);
}

function asked(ring: readonly string[], delegations: RequestFacts['delegations'], required: number): RequestFacts {
  const facts = requestFacts({
    policy: aPolicy({ stages: [aStage(1, { approvalsRequired: required })] }),
    stages: [runningStage(1, { approvalsRequired: required })],
    candidates: who(1, 'primary', ...ring),
    delegations,
    tasks: [],
  });
  return afterwards(facts, sound(reroute(facts, at())));
}
const yes = { decision: 'approve', reason: null, shown: {} } as const;
const clicks = (facts: RequestFacts, person: PersonId): RequestFacts =>
  afterwards(facts, sound(attempt(() => decide(facts, person, yes, at()))));
const rerouted = (facts: RequestFacts): RequestFacts => afterwards(facts, sound(reroute(facts, at())));
const isWaiting = (facts: RequestFacts): boolean => facts.request.state === 'pendingApproval';
const spoken = (facts: RequestFacts) =>
  facts.tasks.filter((one) => one.state === 'open' && one.for !== null).map((one) => [one.person, one.for]);

test('as many as could approve do, in whatever order those who are there click', () => {
  fc.assert(
    fc.property(given, ({ ring, handedOn: pairs, order }) => {
      const delegations = delegationsOf(pairs);
      const required = most(asked(ring, delegations, 1));
      if (required === 0) return;
      let facts = asked(ring, delegations, required);
      // Whoever was asked once more after somebody else's click has another turn.
      for (let turn = 0; turn < ring.length && isWaiting(facts); turn += 1)
        for (const one of order.map(idOf)) {
          if (!isAway(facts, one) && isWaiting(facts)) facts = clicks(facts, one);
        }
      expect(facts.decisions).toHaveLength(required);
      expect(isWaiting(facts)).toBe(false);
    }),
    RUNS,
  );
});

test('no click costs a voice that could be heard, nor needs anybody to be asked anew', () => {
  fc.assert(
    fc.property(given, ({ ring, handedOn: pairs, order }) => {
      let facts = asked(ring, delegationsOf(pairs), ring.length);
      // Who is away clicks as well, all the same: that is one more, or stands in for whoever spoke for them.
      for (const one of order.map(idOf)) {
        const before = facts.decisions.length + most(facts);
        facts = clicks(facts, one);
        if (!isWaiting(facts)) return;
        expect(facts.decisions.length + most(facts)).toBeGreaterThanOrEqual(before);
        expect(reroute(facts, at()).rows).toEqual([]);
      }
    }),
    RUNS,
  );
});

test('delegations that begin and end move those who are asked, no more than it takes', () => {
  fc.assert(
    fc.property(given, handedOn, ({ ring, handedOn: pairs }, later) => {
      const before = asked(ring, delegationsOf(pairs), ring.length);
      const facts = { ...before, delegations: delegationsOf(later) };
      const after = rerouted(facts);
      expect(reroute(after, at()).rows).toEqual([]);
      const own = ring.filter((one) => !isAway(after, idOf(one))).length;
      expect(new Set(spoken(after).map(([, voice]) => voice)).size).toBe(most(after) - own);
      // Everybody who could be asked is, for themselves or for one of those whose delegate they are.
      const could = new Set(
        facts.delegations
          .filter((one) => ring.map(idOf).includes(one.delegator) && !ring.map(idOf).includes(one.delegate))
          .map((one) => one.delegate),
      );
      expect(new Set(spoken(after).map(([person]) => person))).toEqual(could);
      expect(reroute({ ...after, delegations: [...after.delegations].reverse() }, at()).rows).toEqual([]);
    }),
    RUNS,
  );
});

test('who comes as the stage escalates moves those who are asked, in the same act', () => {
  const [ana, ben, cleo] = ['Ana', 'Ben', 'Cleo'].map(idOf);
  const primaries = asked(['Ana', 'Ben'], [...delegates('Ana', 'Dan', 'Eva'), ...delegates('Ben', 'Eva', 'Hugo')], 1);
  expect(spoken(primaries)).toEqual([
    [idOf('Dan'), ana],
    [idOf('Eva'), ana],
    [idOf('Hugo'), ben],
  ]);
  const facts = {
    ...primaries,
    stages: [runningStage(1, { escalateAt: hours(-1) })],
    candidates: [...primaries.candidates, ...who(1, 'alternate', 'Cleo')],
    delegations: [...primaries.delegations, ...delegates('Cleo', 'Hugo')],
  };
  // Hugo is the only one for Cleo, who comes; so Eva, whom Ana can spare, speaks for Ben.
  const after = afterwards(facts, sound(escalate(facts, at())));
  expect(spoken(after)).toEqual([
    [idOf('Dan'), ana],
    [idOf('Eva'), ben],
    [idOf('Hugo'), cleo],
  ]);
  expect(reroute(after, at()).rows).toEqual([]);
});
