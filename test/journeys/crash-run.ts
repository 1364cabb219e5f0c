// One run of the crash test: a crowd clicks while replicas die, then everything is compared, then all access ends while one more dies.
import { expectSound } from '../support/invariants';
import { expectCopies, expectLedger, expectRoles, expectTruth } from './crash-checks';
import { click } from './crash-clicks';
import { openHouse } from './crash-house';
import type { House } from './crash-house';
import { organization } from './crash-organization';
import { onlyDeath } from './crash-replica';

const DAY = 86_400_000;

/** How many times a replica is killed during so many clicks. */
export const killsIn = (clicks: number): number => Math.max(7, Math.floor(clicks / 100));

/** Runs it; fails with what is not as it must be. The seed repeats the choices, not the timing. */
export async function crash(seed: number, clicks: number): Promise<void> {
  const house = await openHouse(organization());
  try {
    await Promise.all([house.start('work').ready, house.start('work').ready]);
    const told = await click({
      seed,
      clicks,
      kills: killsIn(clicks),
      platform: house.platform,
      replicas: house.replicas,
      start: () => house.start('work'),
    });
    expect(told.kills).toBe(killsIn(clicks));
    expect(told.faults).toEqual([]);
    await house.all('rest');
    await house.settle();
    await expectSound(house.world.sql);
    await expectLedger(house, told.ledger);
    await expectRoles(house);
    await expectCopies(house);
    await expectTruth(house, seed, Math.max(100, Math.floor(clicks / 10)));
    await endAll(house, seed);
    // That work is late is true where a busy machine has much to do, and so is it that a row was held for longer than somebody waits,
    // who finds it the next time: that nothing is left was looked at above. It is no fault of whoever says so.
    const complaints = house.replicas.flatMap((replica) => replica.complaints.join('').split('\n'));
    const isBusy = (line: string): boolean =>
      ['"msg":"alarm"', '"code":"too-busy"', 'due to lock timeout', 'a batch took too long'].some((words) =>
        line.includes(words),
      );
    expect(complaints.filter((line) => line !== '' && !isBusy(line))).toEqual([]);
  } finally {
    await house.close();
  }
}

/** All access ends while a replica dies: the sweep, the notices and the taking back. */
async function endAll(house: House, seed: number): Promise<void> {
  await house.forward(31 * DAY);
  const [victim] = house.living();
  const killed = victim?.killAt('placed', seed % 5).then(() => house.start('rest').ready);
  await Promise.all(
    house.living().map((replica) =>
      replica
        .tell('sweep')
        .then(() => replica.tell('settle'))
        .catch(onlyDeath),
    ),
  );
  if (victim && !victim.dead) await victim.kill();
  await killed;
  await house.settle();
  await expectSound(house.world.sql);
  await expectRoles(house);
  await expectCopies(house);
  expect(await house.world.sql(`select 1 from local_roles`)).toEqual([]);
}
