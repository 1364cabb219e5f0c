// Loading and saving configuration: what is compared, what is kept, and what a lost race does. What a file means is tested
// with the blueprint.
import type { GroupId, PersonId } from '../../src/domain/model';
import type {
  By,
  Configuration,
  ConfigurationChange,
  GroupConfig,
  IdentityConfig,
  PersonConfig,
  Store,
} from '../../src/operations/ports';
import { loadConfiguration, saveConfiguration } from '../../src/store/configuration';
import { Stale } from '../../src/store/faults';
import { newId } from '../../src/store/ids';
import { queryIn, type Query } from '../../src/store/query';
import { createStore } from '../../src/store/store';
import { testDatabase, type TestDatabase } from '../support/postgres';

const by: By = { actor: { kind: 'operator', name: 'tests' }, via: 'cli' };

let db: TestDatabase;
let store: Store;
let q: Query;

beforeEach(async () => {
  db = await testDatabase();
  await db.reset();
  store = createStore({ sequelize: db.sequelize, log: { info: () => undefined } }).store;
  q = queryIn(db.sequelize);
  await save(organization);
});

const organization: ConfigurationChange = {
  noun: 'organization',
  before: null,
  after: { name: 'Woodgrove', timeZone: 'UTC', demo: true },
  events: [{ type: 'settings.applied', subject: { kind: 'settings', id: 'organization' }, refs: {}, data: {} }],
};

const load = (): Promise<Configuration> => store.write(by, (tx) => tx.configuration());
const save = (...changes: ConfigurationChange[]): Promise<void> =>
  store.write(by, async (tx) => {
    await tx.clock();
    await tx.saveConfiguration(changes);
  });

function person(key: string, more: Partial<PersonConfig> = {}): PersonConfig {
  return {
    id: newId() as PersonId,
    directoryKey: key,
    name: key,
    email: null,
    kind: 'member',
    state: 'enabled',
    manager: null,
    organization: null,
    timeZone: 'UTC',
    locale: 'en',
    department: null,
    jobTitle: null,
    country: null,
    properties: {},
    deletedAt: null,
    formerKey: null,
    version: 1,
    ...more,
  };
}
const create = (after: PersonConfig): ConfigurationChange => ({
  noun: 'person',
  before: null,
  after,
  events: [{ type: 'person.created', subject: { kind: 'person', id: after.id }, refs: { person: after.id }, data: {} }],
});
const rename = (before: PersonConfig, name: string): ConfigurationChange => ({
  noun: 'person',
  before,
  after: { ...before, name, version: before.version + 1 },
  events: [
    {
      type: 'person.changed',
      subject: { kind: 'person', id: before.id },
      refs: { person: before.id },
      data: { changed: 'name' },
    },
  ],
});
const group = (before: GroupConfig | null, after: GroupConfig): ConfigurationChange => ({
  noun: 'group',
  before,
  after,
  events: [
    { type: before ? 'group.changed' : 'group.created', subject: { kind: 'group', id: after.id }, refs: {}, data: {} },
  ],
});
const link = (before: IdentityConfig | null, after: IdentityConfig): ConfigurationChange => ({
  noun: 'identity',
  before,
  after,
  events: [
    { type: 'identity.linked', subject: { kind: 'identity', id: after.id }, refs: { person: after.person }, data: {} },
  ],
});

test('what was saved is what is loaded, field by field', async () => {
  const boss = person('boss', { properties: { badge: 7, night: true, site: 'Vienna' } });
  const clerk = person('clerk', {
    manager: boss.id,
    email: 'c@woodgrove.example',
    department: 'Finance',
    kind: 'guest',
    state: 'disabled',
  });
  await save(create(clerk), create(boss));
  const { people } = await load();
  expect(new Map(people.map((one) => [one.directoryKey, one]))).toEqual(
    new Map([
      ['boss', boss],
      ['clerk', clerk],
    ]),
  );
});

test('a change of a row that somebody else changed since is stale and writes nothing', async () => {
  const ana = person('ana');
  await save(create(ana));
  await save(rename(ana, 'Ana B'));
  const late = db.sequelize.transaction((transaction) =>
    saveConfiguration(queryIn(db.sequelize, transaction), [create(person('new')), rename(ana, 'Ana C')], () =>
      Promise.resolve(),
    ),
  );
  await expect(late).rejects.toBeInstanceOf(Stale);
  const { people } = await load();
  expect(people.map(({ name, version }) => ({ name, version }))).toEqual([{ name: 'Ana B', version: 2 }]);
});

test('a change without an event is refused: nothing is written behind the trail', async () => {
  await expect(save({ ...create(person('ana')), events: [] })).rejects.toThrow('without an event');
  expect((await load()).people).toEqual([]);
});

test('only differences of a group are written, and the closure follows at any depth', async () => {
  const [ana, ben, cleo] = [person('ana'), person('ben'), person('cleo')];
  const of = (name: string, people: PersonId[], groups: GroupId[]): GroupConfig => ({
    id: newId() as GroupId,
    directoryKey: name,
    name,
    state: 'active',
    people,
    groups,
    version: 1,
  });
  const inner = of('inner', [ana.id], []);
  const middle = of('middle', [ben.id], [inner.id]);
  const outer = of('outer', [], [middle.id]);
  await save(create(ana), create(ben), create(cleo), group(null, inner), group(null, middle), group(null, outer));
  expect(await members('outer')).toEqual(['ana', 'ben']);

  await save(group(inner, { ...inner, people: [cleo.id], version: 2 }));
  expect(await members('outer')).toEqual(['ben', 'cleo']);

  await save(group(middle, { ...middle, groups: [], version: 2 }));
  expect(await members('outer')).toEqual(['ben']);
  expect(await members('inner')).toEqual(['cleo']);
});

test('an account that chat saw before keeps its row when a file links it', async () => {
  const ana = person('ana');
  await save(create(ana));
  await store.write(by, async (tx) => {
    await tx.clock();
    await tx.saveIdentity({
      read: null,
      platform: 'slack',
      tenant: 'T',
      user: 'U',
      person: null,
      state: 'unlinked',
      linkedBy: null,
      mail: null,
      standing: 'member',
      presumed: 'member',
      zone: null,
      locale: null,
    });
  });
  const [seen] = (await q('select id from identities')) as readonly { readonly id: string }[];
  await save(
    link(null, { id: newId(), platform: 'slack', tenant: 'T', user: 'U', person: ana.id, mail: null, version: 1 }),
  );
  const rows = await q('select id, state, linked_by, version from identities');
  expect(rows).toEqual([{ id: seen?.id, state: 'linked', linked_by: 'file', version: 2 }]);
  const [event] = await q(`select subject_id from audit_events where type = 'identity.linked'`);
  expect(event).toEqual({ subject_id: seen?.id });
});

test('an account that was linked to somebody meanwhile is stale, not taken over', async () => {
  const [ana, ben] = [person('ana'), person('ben')];
  await save(create(ana), create(ben));
  await save(
    link(null, { id: newId(), platform: 'slack', tenant: 'T', user: 'U', person: ana.id, mail: null, version: 1 }),
  );
  const late = db.sequelize.transaction((transaction) =>
    saveConfiguration(
      queryIn(db.sequelize, transaction),
      [link(null, { id: newId(), platform: 'slack', tenant: 'T', user: 'U', person: ben.id, mail: null, version: 1 })],
      () => Promise.resolve(),
    ),
  );
  await expect(late).rejects.toBeInstanceOf(Stale);
  expect((await load()).identities).toMatchObject([{ person: ana.id }]);
});

test('whether a database is a demo is said once', async () => {
  await save({
    ...organization,
    before: organization.after,
    after: { name: 'Other', timeZone: 'Asia/Tokyo', demo: false },
  });
  expect((await load()).organization).toEqual({ name: 'Other', timeZone: 'Asia/Tokyo', demo: true });
});

test('configuration is read inside the transaction that asks', async () => {
  await expect(
    store.write(by, async (tx) => {
      await tx.clock();
      await tx.saveConfiguration([create(person('ghost'))]);
      expect((await tx.configuration()).people).toHaveLength(1);
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect((await loadConfiguration(q)).people).toEqual([]);
});

async function members(name: string): Promise<string[]> {
  const rows = await q(
    `select p.directory_key as key from group_members m join groups g on g.id = m.group_id join people p on p.id = m.person_id
     where g.name = $1 order by 1`,
    [name],
  );
  return (rows as readonly { readonly key: string }[]).map(({ key }) => key);
}
