// The demo: its history is made by the operations, every list of the main personas has something in it, and a second start
// leaves it alone.
import { prepareDemo } from '../../src/demo/prepare';
import { createLog } from '../../src/log';
import type { By } from '../../src/operations/ports';
import { testDatabase } from '../support/postgres';
import { aWorld, cardOf, textOf, type World } from '../support/world';

let world: World;

// One history for all tests: it is only looked at, and it takes seconds.
beforeAll(async () => {
  world = await aWorld('organization: { name: Usher, timeZone: UTC }');
  await prepare();
});

async function prepare(log = world.log): Promise<void> {
  const { database } = await testDatabase();
  await prepareDemo({ house: { ...world, database }, log, outgoing: world.outgoing, sweep: world.sweep });
}

const FIRST = { limit: 50, after: null };

async function id(key: string) {
  const [person] = await world.desk.views.peopleByKey(key);
  if (!person) throw new Error(`no person ${key}`);
  return person.id;
}
const access = async (key: string) => (await world.desk.views.access(await id(key), FIRST)).rows;
const approvals = async (key: string) => (await world.desk.views.approvals(await id(key), FIRST)).rows;

test('the clock is back where it really is, and nothing is left to do', async () => {
  expect(await world.sql('select clock_offset_ms from organization')).toEqual([{ clock_offset_ms: 0 }]);
  const late = await world.sql(`select 1 from audit_events where at > now() + interval '1 second'`);
  expect(late).toEqual([]);
  const due = await world.sql(`select kind from outgoing where state in ('ready', 'leased') and next_at <= now()`);
  expect(due).toEqual([]);
});

test('requests stand in every state that people can meet', async () => {
  const rows = await world.sql<{ state: string }>(
    `select distinct state from requests where type = 'userAdd' order by 1`,
  );
  expect(rows.map(({ state }) => state)).toEqual([
    'canceled',
    'delivered',
    'delivering',
    'denied',
    'expired',
    'partiallyDelivered',
    'pendingApproval',
    'scheduled',
  ]);
  const types = await world.sql<{ type: string }>('select distinct type from requests order by 1');
  expect(types.map(({ type }) => type)).toEqual([
    'adminAdd',
    'adminRemove',
    'systemRemove',
    'systemUpdate',
    'userAdd',
    'userExtend',
    'userRemove',
  ]);
});

test('whoever was asked, asked for or given something stands in the trail as a person', async () => {
  const rows = await world.sql<{ type: string; kind: string }>(
    `select distinct type, actor_kind as kind from audit_events where type in ('request.submitted', 'decision.recorded') order by 1`,
  );
  expect(rows.filter(({ type }) => type === 'decision.recorded')).toEqual([
    { type: 'decision.recorded', kind: 'person' },
  ]);
});

test('a decision keeps the card that it was made on, and whoever asked reads why it was approved', async () => {
  const rows = await world.sql<{ number: string; key: string; approvedBecause: string | null; shows: boolean }>(
    `select r.number::text, p.directory_key as key, case d.decision when 'approve' then d.reason end as "approvedBecause",
       d.shown -> 'data' ->> 'open' = 'true' and strpos(d.shown ->> 'data', r.reason) > 0 as shows
     from decisions d join requests r on r.id = d.request_id join people p on p.id = r.requestor_id`,
  );
  expect(rows.filter(({ shows }) => !shows)).toEqual([]);
  const because = rows.filter((row) => row.approvedBecause !== null);
  expect(because.length).toBeGreaterThan(5);
  for (const { number, key, approvedBecause } of because)
    expect(textOf(cardOf(await world.say(key, `R-${number}`)))).toContain(approvedBecause);
});

test('every placed role is in the system that keeps it, and no other is', async () => {
  const [sum] = await world.sql<{ missing: number; extra: number }>(
    `with wanted as (
       select distinct p.directory_key as subject, r.origin_id as resource, o.origin_id as role, s.origin_id as scope
       from grants g join people p on p.id = g.person_id join resource_roles o on o.id = g.role_id
       join resources r on r.id = o.resource_id join resource_scopes s on s.id = g.scope_id
       where g.state = 'placed' and r.connector = 'local')
     select (select count(*) from (table wanted except select subject, resource, role, scope from local_roles) x)::integer as missing,
            (select count(*) from (select subject, resource, role, scope from local_roles except table wanted) x)::integer as extra`,
  );
  expect(sum).toEqual({ missing: 0, extra: 0 });
});

test.each(['elena.fischer', 'maya.iyer', 'simon.keller', 'lukas.gruber', 'victor.stone', 'hannah.lindqvist'])(
  'something waits for %s to decide',
  async (key) => {
    expect((await approvals(key)).length).toBeGreaterThan(0);
  },
);

test('what waits for somebody who is away waits for their delegate as well', async () => {
  const others = (await approvals('lukas.gruber')).map((row) => row.for);
  expect(others).toContain('Maya Iyer');
});

test('the escalated request waits for the alternates as well', async () => {
  const names = (await approvals('ruth.cohen')).map(({ packageName }) => packageName);
  expect(names).toContain('Production administrator');
});

test.each([
  {
    key: 'clara.hofer',
    want: { 'Enter invoices': 'delivered', 'Month-end close': 'scheduled', 'Remote work': 'delivered' },
  },
  { key: 'contoso.mateo.silva', want: { 'Contribute code': 'removed' } },
  { key: 'aiko.yamada', want: { 'Warranty archive': 'partiallyDelivered' } },
  { key: 'george.miller', want: { 'Bank portal signatory': 'delivering', 'Treasury trading': 'delivered' } },
  {
    key: 'zoe.bennett',
    want: { 'Publish the website': 'removed', 'Read the books': 'removed', 'Send newsletters': 'delivered' },
  },
  { key: 'felix.brandt', want: { 'Drive a company car': 'removed' } },
])('$key holds and held what the stories say', async ({ key, want }) => {
  const held = Object.fromEntries((await access(key)).map((row) => [row.packageName, row.state]));
  expect(held).toMatchObject(want);
});

test('who has access that ends soon was reminded', async () => {
  const rows = await world.sql<{ key: string }>(
    `select distinct p.directory_key as key from assignments a join people p on p.id = a.target_id
     where a.reminded > 0 and a.ended_at is null and a.ends_at < now() + interval '14 days' order by 1`,
  );
  expect(rows.map(({ key }) => key)).toEqual(expect.arrayContaining(['ana.berger', 'omar.haddad', 'zoe.bennett']));
});

test('an open manual task waits for the owners of the resource', async () => {
  const rows = await world.sql<{ name: string }>(
    `select r.name from manual_tasks t join grants g on g.id = t.grant_id join resource_roles o on o.id = g.role_id
     join resources r on r.id = o.resource_id where t.state = 'open' order by 1`,
  );
  expect(rows).toEqual([{ name: 'Bank portal' }, { name: 'Server room' }]);
});

test('nobody was told of the old days, and the last ones have messages', () => {
  const people = new Set(world.mailbox.messages.map(({ to }) => to));
  for (const key of ['ana.berger', 'maya.iyer', 'simon.keller', 'clara.hofer', 'lea.dubois'])
    expect(people).toContain(key);
  expect(people).not.toContain('peter.ahrens');
  expect(world.mailbox.messages.length).toBeLessThan(250);
});

test('every package can be found by somebody, and there are enough to turn pages', async () => {
  const by = await id('grace.adeyemi');
  const first = await world.desk.views.searchPackages(by, '', 10, null);
  expect(first.rows).toHaveLength(10);
  expect(first.next).not.toBeNull();
  const [count] = await world.sql<{ n: number }>('select count(*)::integer as n from packages');
  expect(count?.n).toBeGreaterThanOrEqual(25);
});

test('a second start changes nothing', async () => {
  const count = () =>
    world.sql('select (select count(*) from requests) as requests, (select count(*) from audit_events) as events');
  const before = await count();
  await prepare();
  expect(await count()).toEqual(before);
});

test('a history that was cut off is said to be so, and its clock is put back', async () => {
  await world.sql('update organization set clock_offset_ms = -86400000');
  const lines: string[] = [];
  await prepare(createLog('warn', { write: (line) => lines.push(line) }));
  expect(lines.join('')).toContain('some lists are empty');
  expect(await world.sql('select clock_offset_ms from organization')).toEqual([{ clock_offset_ms: 0 }]);
  await prepare(createLog('warn', { write: (line) => lines.push(line) }));
  expect(lines).toHaveLength(1);
});

test('the page lists the personas with their standing', async () => {
  const personas = await world.desk.views.personas();
  expect(personas.length).toBeGreaterThanOrEqual(50);
  expect(personas.find(({ key }) => key === 'contoso.lin.chen')).toMatchObject({ organization: 'Contoso' });
  const demo: By = { actor: { kind: 'operator', name: 'demo' }, via: 'start' };
  const known = await world.desk.store.write(demo, (tx) => tx.configuration());
  expect(known.organization).toEqual({ name: 'Woodgrove', timeZone: 'Europe/Vienna', demo: true });
});
