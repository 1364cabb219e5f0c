// A replica dies after it did something outside and before it could write that down.
import { expectCopies, expectRoles, expectTruth } from '../journeys/crash-checks';
import { openHouse } from '../journeys/crash-house';
import type { House } from '../journeys/crash-house';
import { organization, packageName, user } from '../journeys/crash-organization';
import { Died } from '../journeys/crash-replica';
import type { Instant } from '../journeys/crash-replica';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { ask, diceOf } from './people';

const DAY = 86_400_000;

/** Packages that need no approval, and packages that ask two or three people. */
const FREE = [5, 9, 10, 14].map(packageName);
const ASKED = [1, 6, 11, 16].map(packageName);

/** One replica works until the instant and dies, another takes over when the lease has run out. */
async function dieAt(house: House, at: Instant, after: number): Promise<void> {
  const first = house.start('rest');
  await first.ready;
  const gone = first.killAt(at, after);
  const end = await first.tell('settle').then(
    () => null,
    (error: unknown) => error,
  );
  if (!(end instanceof Died)) throw end instanceof Error ? end : new Error(`it never came to "${at}"`);
  await gone;
}

async function several(house: House, packages: readonly string[], people: readonly number[]): Promise<void> {
  const desk = house.start('rest');
  await desk.ready;
  await Promise.all(people.map((n, index) => ask(desk, user(n), packages[index % packages.length] ?? '')));
}

export const f2: Fault = {
  id: 'F2',
  name: 'a replica is killed between a connector call and its settling: the call is repeated, the role is there once and told once',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    const house = await openHouse(organization());
    try {
      await several(house, FREE, dice.shuffle([12, 13, 14, 15, 16, 17, 18, 19]).slice(0, full ? 8 : 3));
      await dieAt(house, 'placed', dice.below(4));
      await house.settle();
      await expectSound(house.world.sql);
      await expectRoles(house);
      await expectOnce(house, 'grant.placed');
      await house.forward(31 * DAY);
      await house.world.sweep();
      await dieAt(house, 'placed', dice.below(4));
      await house.settle();
      await expectSound(house.world.sql);
      await expectOnce(house, 'grant.taken');
      expect(await house.world.sql('select * from local_roles')).toEqual([]);
    } finally {
      await house.close();
    }
  },
};

async function expectOnce(house: House, type: string): Promise<void> {
  const counts = await house.world.sql<{ n: number }>(
    `select count(e.id)::integer as n from grants g left join audit_events e on e.grant_id = g.id and e.type = $1 group by g.id`,
    [type],
  );
  expect(counts.length).toBeGreaterThan(0);
  expect(counts.filter(({ n }) => n !== 1)).toEqual([]);
}

export const f3: Fault = {
  id: 'F3',
  name: 'a replica is killed between posting a message and settling it: nobody reads it twice, and every card is true',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    const house = await openHouse(organization());
    try {
      const asking = dice.shuffle([12, 13, 14, 15, 16, 17, 18, 19]).slice(0, full ? 8 : 3);
      await several(house, ASKED, asking);
      await dieAt(house, 'post', dice.below(asking.length * 3));
      await house.settle();
      await expectSound(house.world.sql);
      await expectCopies(house);
      await expectTruth(house, seed, 100);
    } finally {
      await house.close();
    }
  },
};
