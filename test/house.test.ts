// The house as it stands on a server: what works behind the scenes takes no connection that a click needs.
import { readConfig } from '../src/config';
import { createLog } from '../src/log';
import { openHouse } from '../src/house';
import { testDatabase } from './support/postgres';

test('while workers and jobs hold every connection of theirs, a click gets one; a command needs only one pool', async () => {
  const { url } = await testDatabase();
  const config = readConfig({
    DATABASE_URL: url,
    SLACK_TEAM_ID: 'T1',
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_SIGNING_SECRET: '0123456789abcdef0123456789abcdef',
  });
  const log = createLog('silent');
  const house = await openHouse(config, log, { migrate: false, anyway: true, apart: true });
  try {
    const { sequelize } = house.work.database;
    const pool = (): ReturnType<typeof house.database.pool> => house.work.database.pool();
    const held = await Promise.all(Array.from({ length: pool().max }, () => sequelize.transaction()));
    const waiting = house.work.views.now();
    expect(await house.views.now()).toBeInstanceOf(Date);
    expect(pool()).toMatchObject({ used: pool().max, waiting: 1 });
    expect(pool().max).toBeLessThan(house.database.pool().max);
    await Promise.all(held.map((transaction) => transaction.rollback()));
    await waiting;
  } finally {
    await house.stop();
  }
  const plain = await openHouse(config, log, { migrate: false, anyway: true });
  expect(plain.work.database).toBe(plain.database);
  await plain.stop();
});
