// A replica stands still past its lease, another does its work, and then it goes on where it stood.
import { setTimeout as pause } from 'node:timers/promises';
import { expectCopies, expectRoles, expectTruth } from '../journeys/crash-checks';
import { openHouse, type House } from '../journeys/crash-house';
import { organization, packageName, user } from '../journeys/crash-organization';
import type { Instant } from '../journeys/crash-replica';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { ask, diceOf } from './people';

const FREE = [5, 9, 10, 14].map(packageName);
const ASKED = [1, 6, 11, 16].map(packageName);
const INSTANTS: readonly Instant[] = ['placing', 'placed', 'posting', 'post'];

export const f6: Fault = {
  id: 'F6',
  name: 'a replica is stopped past its lease and goes on: its late settling is refused, nothing happens twice',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    const instants = full ? INSTANTS : [dice.pick(INSTANTS)];
    for (const at of instants) await pauseAt(at, seed);
  },
};

/** The stopped one may hold a row in the middle of an act; the server ends such a transaction after 15 s, and nobody waits for it longer. */
async function insist(replica: { tell(what: 'settle'): Promise<unknown> }): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await replica.tell('settle');
      return;
    } catch (error) {
      if (tries === 10 || !String(error).includes('lock timeout')) throw error;
    }
  }
}

const roles = (house: House): Promise<readonly unknown[]> => house.world.sql('select * from local_roles');

async function pauseAt(at: Instant, seed: number): Promise<void> {
  const dice = diceOf(seed);
  const house = await openHouse(organization());
  try {
    const slow = house.start('rest');
    const other = house.start('rest');
    await Promise.all([slow.ready, other.ready]);
    const packages = at === 'placing' || at === 'placed' ? FREE : ASKED;
    for (const n of [12, 13, 14]) await ask(other, user(n), dice.pick(packages));
    const paused = slow.pauseAt(at, dice.below(3));
    const late = slow.tell('settle');
    const goOn = await paused;
    const isOver = packages === FREE && dice.below(2) === 0;
    await house.forward(61_000);
    await insist(other);
    if (isOver) {
      // What the stopped one is about to give is not wanted any more when it goes on.
      await house.forward(31 * 86_400_000);
      // A row that the stopped one holds is passed over until the server ends its transaction, after 15 s at the latest.
      for (let tries = 0; tries < 200; tries += 1) {
        await other.tell('sweep');
        await insist(other);
        if ((await roles(house)).length === 0) break;
        await pause(100);
      }
      expect(await roles(house)).toEqual([]);
    }
    goOn();
    await late;
    await house.settle();
    await expectSound(house.world.sql);
    await expectRoles(house);
    await expectCopies(house);
    await expectTruth(house, seed, 100);
    const twice = `select grant_id, type from audit_events where type in ('grant.placed', 'grant.taken') group by 1, 2 having count(*) > 1`;
    expect(await house.world.sql(twice)).toEqual([]);
  } finally {
    await house.close();
  }
}
