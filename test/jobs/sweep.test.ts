// What a sweep does with what is due, and when it lets the rest be.
import { jobs } from '../../src/jobs';
import { aWorld, cardOf, SMALL } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const sweep = (name: string, signal?: AbortSignal): Promise<number> | undefined =>
  jobs.find((job) => job.name === name)?.sweep({ ...world.swept, ...(signal ? { signal } : {}) });

async function ask(user: string, name: string): Promise<void> {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'month end' });
}
const moveClock = (hours: number): Promise<object[]> =>
  world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [hours * 3_600_000]);

test('a process that stops finishes the act that it has in hand and begins no other; the next ring does the rest', async () => {
  for (const user of ['tara', 'tom', 'cas']) await ask(user, 'ledger reader');
  await world.settle();
  await moveClock(4 * 24);
  const stopping = new AbortController();
  world.store.onCommit(() => {
    stopping.abort();
  });
  expect(await sweep('expire-stages', stopping.signal)).toBe(1);
  const expired = async (): Promise<number> =>
    (await world.sql(`select 1 from approval_stages where state = 'expired'`)).length;
  expect(await expired()).toBe(1);
  expect(await sweep('expire-stages')).toBe(2);
  expect(await expired()).toBe(3);
});

test('where a batch of ends takes too long, smaller ones are ended all the same', async () => {
  for (const user of ['tara', 'tom', 'cas']) await ask(user, 'ledger auditor');
  await world.settle();
  await moveClock(9);
  // A database that ends one row in time, and for more than one says what it says of a statement that took too long.
  await world.sql(`create function only_one() returns trigger language plpgsql as 'begin
    if (select count(*) from changed) > 1 then raise exception ''too long'' using errcode = ''query_canceled''; end if;
    return null; end'`);
  await world.sql(`create trigger only_one after update on assignments referencing new table as changed
    for each statement execute function only_one()`);
  try {
    expect(await sweep('end-access')).toBe(3);
    expect(await world.sql('select 1 from assignments where ended_at is null')).toEqual([]);
  } finally {
    await world.sql('drop function only_one cascade');
  }
});
