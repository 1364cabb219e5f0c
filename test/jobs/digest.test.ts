// More than five messages that wait for one person become one, however long it takes until it can be sent (PRODUCT 4).
import { aWorld, cardOf, SMALL, textOf, type World } from '../support/world';

const MINUTE = 60_000;
const PACKAGES = Array.from({ length: 14 }, (_, n) => `Tool ${String.fromCharCode(65 + n)}`);
const TOOLS = `
catalogs:
  - name: Tools
    owners: [olga]
    packages:
${PACKAGES.map(
  (name) => `      - name: ${name}
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana] }], expires: 30 days, reason: optional }]`,
).join('\n')}
`;

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
  await world.configure(TOOLS);
});

async function ask(names: readonly string[]): Promise<void> {
  for (const name of names) await world.submit('tara', cardOf(await world.say('tara', `request ${name}`)), {});
  await world.settle();
}
/** Time goes by in steps, as the jobs see it. */
async function pass(minutes: number): Promise<void> {
  for (let n = 0; n < minutes; n += 20) {
    await world.pass(20 * MINUTE);
  }
}
const told = (user: string) => world.messagesTo(user).map(({ card }) => textOf(card));
const lines = (text: string) => text.split('\n');

test('after hours away a person hears once of all that happened, as it stands then', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 4));
  await pass(20);
  await ask(PACKAGES.slice(4, 7));
  await pass(20);
  await world.say('tara', 'cancel R-1002');
  await world.settle();
  await pass(20);
  expect(told('ana')).toEqual([]);
  away.over();
  await world.allOut();
  const [only, ...others] = told('ana');
  expect(others).toEqual([]);
  const said = lines(only ?? '');
  expect(said[0]).toBe('6 things to know');
  expect(said.filter((line) => line.includes('Tara Lind asks for'))).toHaveLength(6);
  expect(only).toContain('R-1007');
  // What was canceled meanwhile waits for nobody.
  expect(only).not.toContain('R-1002');
});

test('five stay five messages, and nobody else is drawn in', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 5));
  await pass(20);
  away.over();
  await world.allOut();
  expect(told('ana')).toHaveLength(5);
  expect(told('ana').every((text) => text.includes('Tara Lind asks for'))).toBe(true);
});

test('many at once, while the platform is well, are told one by one', async () => {
  await ask(PACKAGES.slice(0, 8));
  expect(told('ana')).toHaveLength(8);
});

test('it names ten, counts the rest, and leads to the lists', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES);
  await pass(20);
  away.over();
  await world.allOut();
  const [only, ...others] = told('ana');
  expect(others).toEqual([]);
  expect(lines(only ?? '')[0]).toBe('14 things to know');
  expect(only).toContain('And 4 more.');
  expect(only).toContain('approvals');
});

test('the timeline says that the approver is not reached while the one message waits, and that they are once it is out', async () => {
  const reach = async () => {
    const rows = await world.sql<{ id: string }>('select id from requests where number = 1001');
    const reached = await world.desk.views.reach(rows[0]?.id as never);
    return reached.filter(({ notice }) => notice === 'approval').map(({ state }) => state);
  };
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 6));
  await pass(20);
  expect(await reach()).toEqual(['waiting']);
  away.over();
  await world.allOut();
  expect(await reach()).toEqual(['sent']);
});

test('what was decided in between concerns nobody any more, and then there is nothing to say', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 6));
  await pass(20);
  await world.configure('people:\n  - { key: ana, name: Ana Ruiz, enabled: false }\n');
  away.over();
  await world.allOut();
  expect(told('ana')).toEqual([]);
  expect(await world.sql(`select 1 from outgoing where state in ('ready', 'leased')`)).toEqual([]);
});

test('what asks something of the reader is said before what happened to it later, and much that is over hides nothing', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 7));
  await world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, params, lane, next_at, dedupe_key, created_at)
    select 'tell', 'requestOutcome', o.person_id, o.subject_kind, o.subject_id, o.request_id, '{}', 'later:' || o.id, now(), 'later:' || o.id, usher_now()
    from outgoing o where o.notice = 'approval' and o.person_id is not null`);
  for (let n = 2; n < 7; n += 1) await world.say('tara', `cancel R-100${n}`);
  await pass(20);
  away.over();
  await world.allOut();
  const [only, ...others] = told('ana');
  expect(others).toEqual([]);
  expect(lines(only ?? '').filter((line) => line.includes('Tara Lind asks for'))).toHaveLength(2);
});

test('however much waits, one row remembers the newest of it', async () => {
  const flood = (from: number, to: number) =>
    world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
      select 'tell', 'access', p.id, 'assignment', n::text, '{}', 'flood:' || n, usher_now(), 'flood:' || n, usher_now() - interval '1 hour'
      from people p, generate_series(${from}, ${to}) n where p.directory_key = 'ana'`);
  const digests = () =>
    world.sql(`select jsonb_array_length((params ->> 'items')::jsonb) as kept, (params ->> 'items')::jsonb -> -1 ->> 'about' as newest
      from outgoing where notice = 'digest'`);
  await flood(1, 300);
  expect(await world.due.gatherMessages()).toBe(300);
  expect(await digests()).toEqual([{ kept: 200, newest: 'assignment:300' }]);
  // One more joins those that wait already.
  await flood(301, 301);
  expect(await world.due.gatherMessages()).toBe(1);
  expect(await digests()).toEqual([{ kept: 200, newest: 'assignment:301' }]);
});
