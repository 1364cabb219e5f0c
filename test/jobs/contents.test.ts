// A package gains or loses a role: whoever holds it follows within a minute, differences only (rule 3.11), and access can be set up
// again at any time (rule 3.12).
import { alarmsOf } from '../../src/operations/alarms';
import { leftBehind } from '../../src/store/migrations/0062-left-behind';
import { aWorld, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AUDITOR = `      - name: Ledger auditor
        roles: [Ledger / Reader]`;

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function take(user: string, name: string): Promise<void> {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'month end' });
  await world.settle();
}
async function rolesOf(user: string): Promise<string[]> {
  const rows = await world.sql<{ role: string }>(
    `select role from local_roles where subject = '${user}' and resource = 'Ledger' order by role`,
  );
  return rows.map(({ role }) => role);
}
const states = async (): Promise<string[]> =>
  (await world.sql<{ state: string }>('select state from assignments order by id')).map(({ state }) => state);
const change = (roles: string): Promise<string> =>
  world.configure(SMALL.replace(AUDITOR, AUDITOR.replace('[Ledger / Reader]', roles)));

test('holders get what it gained and lose what it lost; the plan says how many, and nobody else is touched', async () => {
  await take('tara', 'ledger auditor');
  await take('tom', 'ledger auditor');
  const told = world.messagesTo('tara').length;
  expect(await change('[Ledger / Writer]')).toContain(
    '2 people hold it: within a minute they get 1 role and lose 1 role',
  );
  expect(await rolesOf('tara')).toEqual(['Reader']); // in the background: applying waits for nobody
  await world.settle();
  expect([await rolesOf('tara'), await rolesOf('tom'), await rolesOf('ana')]).toEqual([['Writer'], ['Writer'], []]);
  expect(await states()).toEqual(['delivered', 'delivered']);
  // Their messages follow by themselves; that much is no news.
  expect(world.messagesTo('tara')).toHaveLength(told + 1);
  await world.pass(9 * HOUR);
  expect(await rolesOf('tara')).toEqual([]);
});

test('what somebody had before Usher gave it stays when the package loses it', async () => {
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  await take('tara', 'ledger auditor');
  await change('[Ledger / Writer]');
  await world.settle();
  expect(await rolesOf('tara')).toEqual(['Reader', 'Writer']);
});

test('a role that another package gives as well stays', async () => {
  const both = SMALL.replace('roles: [Vault / Key holder]', 'roles: [Vault / Key holder, Ledger / Reader]');
  await world.configure(both);
  await take('tara', 'ledger auditor');
  await take('tara', 'vault keys');
  await world.configure(both.replace(AUDITOR, AUDITOR.replace('[Ledger / Reader]', '[Ledger / Writer]')));
  await world.settle();
  expect(await rolesOf('tara')).toEqual(['Reader', 'Writer']);
});

test('a change is forgotten once all have followed and nobody can come late any more', async () => {
  await take('tara', 'ledger auditor');
  await change('[Ledger / Writer]');
  const noted = async (): Promise<number> => (await world.sql('select from content_changes')).length;
  expect(await noted()).toBe(1);
  await world.settle();
  expect(await noted()).toBe(1);
  await world.pass(6 * MINUTE);
  expect(await noted()).toBe(0);
});

test('a lost role that cannot be taken is an alarm for those in charge, and is tried until it is gone', async () => {
  await take('tara', 'ledger auditor');
  await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
  await change('[Vault / Key holder]');
  await world.settle();
  await world.pass(5 * MINUTE);
  const alarm = world.messagesTo('olga').find(({ card }) => textOf(card).includes('still has a role that'));
  expect(alarm && textOf(alarm.card)).toContain('Ledger, Reader');
  expect(alarmsOf(await world.due.backlog())).toMatchObject([{ alarm: 'removalsOverdue', count: 1 }]);
  await world.localRoles.tell('Ledger', null);
  await world.pass(2 * HOUR);
  expect(await rolesOf('tara')).toEqual([]);
  expect(alarm && textOf(alarm.card)).toContain('Everything is removed now.');
});

test.each(['loses it', 'leaves'])(
  'access that ends before what it lost is taken is removed when that is gone: who holds it %s',
  async (how) => {
    await take('tara', 'ledger auditor');
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await change('[]');
    await world.settle();
    await world.pass(5 * MINUTE);
    if (how === 'leaves') await world.sql(`update people set state = 'disabled' where directory_key = 'tara'`);
    else
      await world.submit('olga', cardOf(await world.say('olga', 'remove tara lind from ledger auditor')), {
        reason: 'over',
      });
    await world.pass(MINUTE);
    expect(await states()).toEqual(['removalFailed']);
    await world.localRoles.tell('Ledger', null);
    await world.pass(2 * HOUR);
    expect([await states(), await rolesOf('tara')]).toEqual([['removed'], []]);
  },
);

test('access is set up again at any time, and what was changed outside is there again', async () => {
  await take('tara', 'ledger auditor');
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', false);
  const reply = await world.say('olga', 'reprocess tara lind ledger auditor');
  expect(sentenceOf(reply)).toBe('');
  expect(textOf(cardOf(reply))).toContain('being set up again');
  await world.settle();
  expect(await rolesOf('tara')).toEqual(['Reader']);
  expect(await states()).toEqual(['delivered']);
});

/** What the auditors hold, as roles of systems that answer by themselves. */
const holds = (given: string): Promise<string> =>
  world.configure(
    SMALL.replace(AUDITOR, AUDITOR.replace('[Ledger / Reader]', given))
      .replace('connector: manual', 'connector: local')
      .replace('name: Vault,', 'name: Safe,')
      .replaceAll('Vault /', 'Safe /'),
  );

test.each([
  { left: '[Ledger / Reader]', roles: ['Reader'] },
  { left: '[]', roles: [] },
])('a request that was set up in part is set up once what failed is gone, with $left left', async ({ left, roles }) => {
  await world.localRoles.tell('Safe', { mode: 'failed', code: 'locked' });
  await holds('[Ledger / Reader, Safe / Key holder]');
  await take('tara', 'ledger auditor');
  const request = async (): Promise<unknown[]> => world.sql('select state, completed_at is null as open from requests');
  expect(await request()).toEqual([{ state: 'partiallyDelivered', open: true }]);
  await holds(left);
  await world.settle();
  expect([await states(), await request(), await rolesOf('tara')]).toEqual([
    ['delivered'],
    [{ state: 'delivered', open: false }],
    roles,
  ]);
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).not.toContain('Partly set up');
});

test('a request that an earlier release left as set up in part is set up once it is noted', async () => {
  await world.localRoles.tell('Safe', { mode: 'failed', code: 'locked' });
  await holds('[Ledger / Reader, Safe / Key holder]');
  await take('tara', 'ledger auditor');
  // Its package loses all, and that release follows.
  await holds('[]');
  await world.sql('update grant_assignments set withdrawn_at = usher_now()');
  await world.sql(`update assignments set state = 'delivered', version = version + 1`);
  expect(await world.sql('select state from requests')).toEqual([{ state: 'partiallyDelivered' }]);
  const note = async () => {
    await world.sql(leftBehind.afterwards);
    const noted = await world.sql('select from requests_left_behind');
    await world.settle();
    return noted.length;
  };
  expect([await note(), await note()]).toEqual([1, 0]);
  expect(await world.sql('select state, completed_at is null as open from requests')).toEqual([
    { state: 'delivered', open: false },
  ]);
  expect(await world.sql(`select actor_name as by from audit_events where type = 'request.delivered'`)).toEqual([
    { by: 'update-holders' },
  ]);
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).not.toContain('Partly set up');
  expect(await world.sql('select from requests_left_behind')).toEqual([]);
});
