// A release that runs while the migrations of a newer one change its tables: its prepared statements go on.
import type { Sequelize } from 'sequelize';
import type { PackageId, PersonId } from '../../src/domain/model';
import { createLog } from '../../src/log';
import { createCards } from '../../src/store/cards';
import { loadConfiguration, loadOrganization } from '../../src/store/configuration';
import { createDirectory } from '../../src/store/directory';
import { createDue } from '../../src/store/due';
import { newId } from '../../src/store/ids';
import { createInbound } from '../../src/store/inbound';
import { createOutbox } from '../../src/store/outbox';
import { onConnection, type Query, serverError } from '../../src/store/query';
import { createStore } from '../../src/store/store';
import { createViews } from '../../src/store/views';
import { freshDatabase, openDatabase } from '../support/postgres';
import { bySystem } from './world';

const id = newId();
const page = { limit: 10, after: null };
let sequelize: Sequelize;
beforeAll(async () => {
  ({ sequelize } = await openDatabase(await freshDatabase('columns', 'migrated')));
  await sequelize.query(`insert into organization (name, time_zone, demo) values ('Woodgrove', 'UTC', false);
    insert into people (id, directory_key, name, email, kind, state, time_zone, locale, version)
      values ('${id}', 'tara', 'Tara Lind', 'tara@woodgrove.example', 'member', 'enabled', 'UTC', 'en', 1)`);
});

const reads: readonly ((q: Query) => Promise<unknown>)[] = [
  (q) => createViews(q).person(id as PersonId),
  (q) => createViews(q).peopleByKey('tara'),
  (q) => createViews(q).peopleByMail('tara@woodgrove.example'),
  (q) => createViews(q).identity('web', 'demo', 'tara'),
  (q) => createViews(q).roles(id as PersonId, null),
  (q) => createViews(q).tasks(id as PersonId, page),
  (q) => createViews(q).access(id as PersonId, page),
  (q) => createViews(q).requests(id as PersonId, page),
  (q) => createViews(q).approvals(id as PersonId, page),
  (q) =>
    createViews(q).forSubmit({
      requestor: id as PersonId,
      target: id as PersonId,
      package: id as unknown as PackageId,
    }),
  (q) => createDirectory(q).reachable(id as PersonId),
  (q) => createDue(q).requestsOfGone(10),
  (q) => createDue(q).gatherMessages(),
  (q) => createOutbox(q).claim(10, 1_000),
  (q) => createCards(q).get(id as never),
  (q) => createInbound(q).claim(10, 1_000),
  (q) => loadConfiguration(q),
  (q) => loadOrganization(q, ['tara']),
];

test('no statement answers otherwise because a column was added', async () => {
  await onConnection(sequelize, async (q) => {
    const run = async (): Promise<readonly string[]> => {
      const codes: string[] = [];
      for (const read of reads)
        await read(q).catch((error: unknown) => {
          const server = serverError(error);
          if (server !== null) codes.push(`${server.code} ${read.toString()}`);
        });
      return codes;
    };
    // More often than a plan for any value is thought about.
    for (let n = 0; n < 7; n += 1) expect(await run()).toEqual([]);
    await sequelize.query(`do $$ declare it text; begin
      for it in select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition loop
        execute format('alter table %I add column newer text', it);
      end loop; end $$`);
    expect(await run()).toEqual([]);
  });
});

test('what is prepared for a table as it was runs again, alone and as a part of an act, on whichever connection', async () => {
  const { views, store } = createStore({ sequelize, log: createLog('silent') });
  let runs = 0;
  const act = () =>
    store.write(bySystem, async (tx) => {
      runs += 1;
      await tx.clock();
      return (await tx.configuration()).people.map(({ name }) => name);
    });
  const change = (type: string) => sequelize.query(`alter table people alter column job_title type ${type}`);
  const alone = () => Promise.all(Array.from({ length: 8 }, () => views.person(id as PersonId)));
  await Promise.all([alone(), act(), act()]);
  runs = 0;
  await change('varchar(200)');
  expect(await act()).toEqual(['Tara Lind']);
  expect(runs).toBe(2);
  await alone();
  await change('text');
  expect((await alone()).map((one) => one?.name)).toEqual(Array.from({ length: 8 }, () => 'Tara Lind'));
  await change('varchar(200)');
  expect(await Promise.all([act(), act()])).toEqual([['Tara Lind'], ['Tara Lind']]);
});
