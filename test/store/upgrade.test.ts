// What a release does to a database that is full and in use: it brings the one of the first release up to date, and builds indexes
// while people write.
import { migrate, pendingMigrations } from '../../src/store/database';
import { buildIndexes } from '../../src/store/build';
import { createLog } from '../../src/log';
import { migrations } from '../../src/store/migrations';
import { indexes, replaced } from '../../src/store/migrations/indexes';
import { createStore } from '../../src/store/store';
import { asOwner } from '../support/cluster';
import { APP_ROLE, freshDatabase, openDatabase } from '../support/postgres';
import { bySystem } from './world';

const INDEXES = `select relname as name, indisvalid as valid from pg_index join pg_class on pg_class.oid = indexrelid
  where relnamespace = 'public'::regnamespace`;

// Two hundred people hold a package that ended a day ago; of one the role was left behind.
const FULL = `
insert into organization (name, time_zone, demo) values ('Woodgrove', 'UTC', false);
insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
  select usher_id(), 'm' || n, 'Member ' || n, 'member', 'enabled', 'UTC', 'en', 1 from generate_series(1, 200) n;
update people set email = 'M1@woodgrove.example' where directory_key = 'm1';
insert into identities (id, platform, tenant, user_id, person_id, state, linked_by, standing, version)
  select usher_id(), 'slack', 'T1', 'U1', id, 'linked', 'email', 'member', 1 from people where directory_key = 'm1';
insert into audit_events (at, type, actor_kind, actor_name, via, subject_kind, subject_id, person_id, data)
  select now(), 'identity.linked', 'system', 'link', 'slack', 'identity', id, person_id, '{"linkedBy": "email"}' from identities;
insert into catalogs values (usher_id(), 'C', '', 'published', true, 1);
insert into packages select usher_id(), id, 'P', '', false, false, 'active', 'keep', usher_id(), 1 from catalogs;
insert into package_versions select current_version_id, id, 1, now() from packages;
insert into policies select usher_id(), id, 'All', 'enabled', usher_id(), 1 from packages;
insert into policy_versions (id, policy_id, number, name, mode, expiration, custom_period, reason_required, self_request, on_behalf,
    self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages, created_at)
  select current_version_id, id, 1, 'All', 'request', 'never', true, false, true, false, true, true, true, false, false, now() from policies;
insert into resources (id, catalog_id, name, connector, origin_id, state, version)
  select usher_id(), id, 'Ledger', 'local', 'Ledger', 'active', 1 from catalogs;
insert into resource_roles select usher_id(), id, 'Reader', 'Reader', 1 from resources;
insert into resource_scopes select usher_id(), id, 'Everything', 'root', true, 1 from resources;
insert into package_grants (package_version_id, role_id, scope_id)
  select v.id, role.id, scope.id from package_versions v, resource_roles role, resource_scopes scope;
insert into assignments (id, target_id, package_id, state, starts_at, ends_at, version)
  select usher_id(), people.id, packages.id, 'delivered', now() - interval '9 days', now() - interval '1 day', 1 from people, packages;
insert into requests (id, type, state, requestor_id, target_id, package_id, package_version_id, policy_version_id, assignment_id, zone,
    created_at, approved_at, completed_at, version)
  select usher_id(), 'userAdd', 'delivered', a.target_id, a.target_id, p.id, p.current_version_id, v.id, a.id, 'UTC', now(), now(), now(), 1
  from assignments a, packages p, policy_versions v;
insert into justifications (id, assignment_id, kind, request_id, policy_version_id, starts_at, until, period_at, version)
  select usher_id(), r.assignment_id, 'request', r.id, r.policy_version_id, a.starts_at, a.ends_at, a.starts_at, 1
  from requests r join assignments a on a.id = r.assignment_id;
insert into grants (id, person_id, role_id, scope_id, state, baseline, placed_at, version)
  select usher_id(), people.id, role.id, scope.id, 'placed', false, now(), 1 from people, resource_roles role, resource_scopes scope;
insert into grant_assignments select g.id, a.id from grants g join assignments a on a.target_id = g.person_id;
insert into outgoing (kind, notice, audience, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
  select 'tell', 'request', 'requestor', 'request', id::text, id, 'request:' || id, now(), id::text, now() from requests;
update assignments set state = 'removing', ended_at = now(), end_reason = 'gaveUp', version = 2
  where target_id = (select id from people where directory_key = 'm1');
update justifications set ended_at = now(), version = 2
  where assignment_id = (select id from assignments where state = 'removing')`;

// The app was removed from Slack for a moment: a place, and two messages about one thing of which the newer one counts.
const LOST = `
insert into conversations values ('slack', 'T1', 'U1', 'D1', null, 'dead', 'account_inactive', now());
insert into conversations values ('slack', 'T1', 'U2', 'D2', null, 'dead', 'user_disabled', now());
insert into cards (id, platform, tenant, user_id, person_id, conversation, message, view, subject_kind, subject_id, state, error, created_at)
  select ('0190a000-0000-7000-8000-00000000000' || n)::uuid, 'slack', 'T1', 'U1', person_id, 'D1', n, 'request', 'request', 'r', 'gone',
    'account_inactive', now()
  from identities, unnest(array['1', '2']) n`;

// Constraints that hold for what was written since, and nobody looked whether for what was there before.
const UNLOOKED = `select conname as name from pg_constraint where not convalidated order by 1`;

test('a full database of the first release works with this one', async () => {
  const url = await freshDatabase('first_release', 'empty');
  const database = await openDatabase(url);
  await migrate(database, undefined, migrations.slice(0, 1));
  await asOwner(url, FULL);
  await asOwner(url, LOST);
  const noted = () =>
    asOwner(
      url,
      'select person.directory_key as key from grants_astray join grants on grants.id = grant_id join people person on person.id = person_id',
    );
  expect(await migrate(database, undefined, [...migrations])).toEqual(migrations.slice(1).map(({ name }) => name));
  // What a migration looks for in full tables it does after the commit, and not while others wait.
  expect(await noted()).toEqual([]);
  expect(await Promise.all([migrate(database), migrate(await openDatabase(url))])).toEqual([[], []]);
  expect(await noted()).toEqual([{ key: 'm1' }]);
  expect(await asOwner(url, 'select mail from linked_mails')).toEqual([{ mail: 'm1@woodgrove.example' }]);
  // What Slack said of the app was taken as said of a person: they are tried, and the newest of what they can see is drawn again.
  expect(await asOwner(url, `select message from cards where state = 'live'`)).toEqual([{ message: '2' }]);
  expect(await asOwner(url, `select 1 from conversations where updated_at < now() - interval '1 day'`)).toHaveLength(1);
  expect(await asOwner(url, UNLOOKED)).toEqual([]);
  expect(await pendingMigrations(database)).toEqual([]);
  const found = await asOwner(url, INDEXES);
  expect(found.filter(({ valid }) => valid === false)).toEqual([]);
  const names = found.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(indexes)));
  expect(names.filter((name) => replaced.includes(String(name)))).toEqual([]);

  const { store } = createStore({ sequelize: (await openDatabase(url, APP_ROLE)).sequelize, log: createLog('silent') });
  expect(await store.write(bySystem, (tx) => tx.endDue(1_000))).toBe(199);
  expect(await asOwner(url, 'select state, count(*)::int as n from grants group by state order by state')).toEqual([
    { state: 'placed', n: 1 },
    { state: 'taking', n: 199 },
  ]);
  // And does it once.
  await asOwner(url, 'delete from grants_astray');
  expect(await migrate(database)).toEqual([]);
  expect(await noted()).toEqual([]);
});

test('the next months of the trail are made while an index is built', async () => {
  const url = await freshDatabase('building_months', 'migrated');
  const [{ sequelize }, busy] = await Promise.all([openDatabase(url), openDatabase(url)]);
  const building = await busy.sequelize.transaction(async (transaction) => {
    await busy.sequelize.query('lock gates in row exclusive mode', {
      transaction,
    });
    const begun = buildIndexes(sequelize, { wanted: { gates_new: 'gates (failures)' }, replaced: [] });
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and query like 'create index concurrently%'
      and wait_event_type = 'Lock'`;
    while ((await asOwner(url, waiting)).length === 0);
    await asOwner(url, `set lock_timeout = 1000; select create_audit_partitions(now() + interval '3 months')`);
    return { begun };
  });
  expect(await building.begun).toEqual(['gates_new']);
  const [made] = await asOwner(
    url,
    `select count(*)::int as n from pg_class where relname ~ '^audit_events_[0-9]{4}_[0-9]{2}$'`,
  );
  expect(made).toEqual({ n: 4 });
});

test('while an index is built everybody writes, and one whose build broke off is built anew', async () => {
  const url = await freshDatabase('building', 'empty');
  await asOwner(url, 'create table full_one (a int); create index full_one_old on full_one (a)');
  const [{ sequelize }, busy] = await Promise.all([openDatabase(url), openDatabase(url)]);
  const list = { wanted: { full_one_a: 'full_one (a)' }, replaced: ['full_one_old'] };
  const state = () => asOwner(url, `${INDEXES} order by 1`);

  // A build waits for who wrote before it began; it is ended there.
  await busy.sequelize.transaction(async (transaction) => {
    await busy.sequelize.query('insert into full_one values (1)', { transaction });
    const building = buildIndexes(sequelize, list).then(String, () => 'broke off');
    const worker = `from pg_stat_activity where datname = current_database() and query like 'create index concurrently%'
      and wait_event_type = 'Lock'`;
    while ((await asOwner(url, `select 1 ${worker}`)).length === 0);
    await asOwner(url, `set lock_timeout = 1; insert into full_one values (2)`);
    await asOwner(url, `select pg_terminate_backend(pid) ${worker}`);
    expect(await building).toBe('broke off');
  });
  expect(await state()).toEqual([
    { name: 'full_one_a', valid: false },
    { name: 'full_one_old', valid: true },
  ]);

  const all = await Promise.all([1, 2, 3].map(() => buildIndexes(sequelize, list)));
  expect(all.flat()).toEqual(['full_one_a']);
  expect(await state()).toEqual([{ name: 'full_one_a', valid: true }]);
  expect(await buildIndexes(sequelize, list)).toEqual([]);
});
