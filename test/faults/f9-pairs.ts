// Of five things that can happen to a waiting request two happen at the same moment, in different processes: every pair, many times.
import { setTimeout as pause } from 'node:timers/promises';
import { inboundOf } from '../journeys/crash-clicks';
import { expectRoles } from '../journeys/crash-checks';
import { openHouse, type House } from '../journeys/crash-house';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { approvalOf, ask, diceOf, pressOf, type Dice } from './people';

const ACTS = ['approve', 'cancel', 'timeout', 'edit', 'disable'] as const;
type Act = (typeof ACTS)[number];
/** Requests that meet the same pair at once. */
const AT_ONCE = 20;
const DAY = 86_400_000;

/** How a request may end after each pair; the end of what was approved and then lost is an assignment that ended. */
const LEGAL: Readonly<Record<string, readonly string[]>> = {
  'approve cancel': ['delivered', 'canceled'],
  'approve timeout': ['delivered', 'expired'],
  'approve edit': ['delivered'],
  // Refused at the approval where the person has gone already; canceled where they go before it is delivered.
  'approve disable': ['delivered', 'canceled', 'denied'],
  'cancel timeout': ['canceled', 'expired'],
  'cancel edit': ['canceled'],
  'cancel disable': ['canceled'],
  'timeout edit': ['expired'],
  'timeout disable': ['expired', 'canceled'],
  'edit disable': ['canceled'],
};

export const f9: Fault = {
  id: 'F9',
  name: 'approving, taking back, timing out, editing the policy and leaving, two at a time: only legal ends, and no access after the others',
  short: 'test/model',
  async run(seed, full) {
    const dice = diceOf(seed);
    const house = await openHouse(organization(1));
    try {
      const replicas = [house.start('rest'), house.start('rest'), house.start('rest')];
      await Promise.all(replicas.map(({ ready }) => ready));
      const pairs = ACTS.flatMap((one, n) => ACTS.slice(n + 1).map((other) => [one, other] as const));
      const rounds = full ? 200 / AT_ONCE : 1;
      let edition = 1;
      for (let round = 0; round < rounds; round += 1)
        for (const pair of dice.shuffle(pairs)) {
          edition += 1;
          await meet(house, dice, pair, full ? AT_ONCE : 4, edition);
        }
    } finally {
      await house.close();
    }
  },
};

const two = (n: number): string => String(n).padStart(2, '0');

/** `edition`: of the policy; each has another length. `gone`: those who have left; null: whoever is there stays, who left is gone. */
function organization(edition: number, gone: readonly string[] | null = []): string {
  const person = (key: string): string =>
    `  - { key: ${key}, name: Person ${key}, ${gone === null ? '' : `enabled: ${!gone.includes(key)}, `}timeZone: Europe/Berlin, identities: [{ platform: web, tenant: demo, user: ${key} }] }`;
  const askers = Array.from({ length: AT_ONCE }, (_, n) => person(`r${two(n)}`));
  return `
organization: { name: Woodgrove, timeZone: Europe/Berlin }
people:
${[person('ann'), person('bob'), person('boss'), ...askers].join('\n')}
installations: [{ platform: web, tenant: demo }]
administrators: boss
catalogs:
  - name: Works
    owners: boss
    resources: [{ name: R0, connector: local, roles: [A0] }]
    packages:
      - name: One
        roles: [R0 / A0]
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [${edition % 2 === 0 ? 'ann, bob' : 'ann'}], decideWithin: 3 days }], expires: ${30 + (edition % 50)} days, reason: optional }]
`;
}

async function meet(
  house: House,
  dice: Dice,
  pair: readonly [Act, Act],
  count: number,
  edition: number,
): Promise<void> {
  const { world } = house;
  const [here, there, third] = house.living();
  if (!here || !there || !third) throw new Error('three replicas');
  // Everybody is there again, and the policy is one that asks Ann.
  await world.configure(organization(2 * edition), true);
  const askers = Array.from({ length: count }, (_, n) => `r${two(n)}`);
  const numbers: string[] = [];
  for (const asker of askers) numbers.push(await ask(here, asker, 'One'));
  await house.settle();
  const clicks = numbers.map((number, n) => ({
    approve: inboundOf('ann', pressOf(approvalOf(house, 'ann', number), 'approval.approve')),
    cancel: inboundOf(askers[n] ?? '', { kind: 'text', text: `cancel ${number}` }),
  }));
  const has = (act: Act): boolean => pair.includes(act);
  // The moment comes: what is late is late by this much, and an approval in time is one that comes before the sweep.
  if (has('timeout')) await house.forward(3 * DAY + 1);

  const acts: Record<Act, () => Promise<unknown>> = {
    approve: () => inAnyOrder(dice, clicks, ({ approve }) => here.handle(approve)),
    cancel: () => inAnyOrder(dice, clicks, ({ cancel }) => there.handle(cancel)),
    timeout: () => third.tell('sweep'),
    edit: () => world.configure(organization(2 * edition + 1, null), true),
    disable: async () => {
      await world.configure(organization(2 * edition, askers), true);
      await third.tell('sweep');
    },
  };
  const [one, other] = dice.shuffle(pair);
  if (!one || !other) throw new Error('a pair');
  await Promise.all([acts[one](), pause(dice.below(40)).then(acts[other])]);
  await house.settle();

  const ends = await world.sql<{ number: string; state: string; live: number; ever: number; version: number }>(
    `select 'R-' || r.number as number, r.state,
       (select count(*)::int from assignments a where a.id = r.assignment_id and a.ended_at is null) as live,
       (select count(*)::int from justifications j where j.request_id = r.id) as ever
     from requests r where r.type = 'userAdd' and 'R-' || r.number = any ($1::text[])`,
    [numbers],
  );
  const legal = LEGAL[pair.join(' ')] ?? [];
  const wrong = ends.filter(
    ({ state, live, ever }) =>
      !legal.includes(state) ||
      // Never an assignment of what was taken back, ran out or was denied; none that lives after its person left.
      (state !== 'delivered' && (live > 0 || (ever > 0 && !has('disable')))) ||
      (has('disable') && live > 0),
  );
  expect({ pair, wrong }).toEqual({ pair, wrong: [] });
  expect(ends).toHaveLength(count);
  await expectSound(world.sql);
  await expectRoles(house);
  // Nobody keeps anything for the next pair.
  await world.configure(organization(2 * edition, askers), true);
  await house.settle();
  expect(await world.sql('select subject from local_roles')).toEqual([]);
}

async function inAnyOrder<T>(dice: Dice, from: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  await Promise.all(dice.shuffle(from).map((one) => pause(dice.below(60)).then(() => act(one))));
}
