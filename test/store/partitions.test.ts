// The months of the audit trail: made ahead, by whoever comes, at once or one after the other.
import { freshDatabase, openDatabase } from '../support/postgres';

test('several processes may make the same months at the same moment', async () => {
  const { sequelize } = await openDatabase(await freshDatabase('months', 'migrated'), 'usher_app');
  for (let month = 3; month < 13; month += 1) {
    const make = () => sequelize.query(`select create_audit_partitions(now() + interval '${month} months')`);
    await Promise.all([make(), make(), make(), make()]);
  }
  const [rows] = await sequelize.query(
    `select count(*)::int as n from pg_class where relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$'`,
  );
  expect(rows).toEqual([{ n: 13 }]);
});
