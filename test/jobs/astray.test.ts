// A role that nothing justifies any more, as only a fault or an older release could leave it: it is found by what changed, taken away
// like any other, and nobody overlooks that it happened.
import { alarmsOf } from '../../src/operations/alarms';
import { astray } from '../../src/store/migrations/0012-astray';
import { aWorld, cardOf, SMALL } from '../support/world';
import type { World } from '../support/world';

const HOUR = 3_600_000;
const ENDED = `update assignments set state = 'removing', ended_at = usher_now(), end_reason = 'gaveUp', version = version + 1`;

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function take(name = 'ledger auditor'): Promise<void> {
  await world.submit('tara', cardOf(await world.say('tara', `request ${name}`)), { reason: 'month end' });
  await world.settle();
}
const has = (): Promise<boolean> => world.localRoles.has('tara', 'Ledger', 'Reader', 'root');
const mended = async (): Promise<number> =>
  (await world.sql(`select from audit_events where type = 'grant.unwanted' and data @> '{"astray": true}'`)).length;
const alarms = async (): Promise<string[]> => alarmsOf(await world.due.backlog()).map(({ alarm }) => alarm);

/** What nobody noted at the time: a migration looks for it once, after its commit. */
async function unnoted(wrong: string): Promise<string> {
  let steps = '';
  await astray.up((sql) => {
    steps += sql.split('$$').join('$$$$'); // as a statement with values has it
    return Promise.resolve();
  });
  return `drop table grants_astray; drop function note_astray_grant, note_astray_link, note_astray_access cascade; ${wrong}; ${steps} ${astray.afterwards}`;
}

describe('a role is taken away, once, where', () => {
  test.each([
    { name: 'the access ended and left it', wrong: ENDED },
    { name: 'the access lost it and left it', wrong: 'update grant_assignments set withdrawn_at = usher_now()' },
    { name: 'it was so before anybody noted it', wrong: unnoted(ENDED) },
  ])('$name', async ({ wrong }) => {
    await take();
    expect(await has()).toBe(true);
    await world.sql(await wrong);
    await world.sweep();
    expect(await alarms()).toEqual(['accessAstray']);
    await world.settle();
    await world.settle();
    expect([await has(), await mended()]).toEqual([false, 1]);
    expect(await alarms()).toEqual(['accessAstray']);
    await world.pass(HOUR + 1_000);
    expect([await mended(), await alarms(), await world.sql('select from grants_astray')]).toEqual([1, [], []]);
  });

  test('it was given back after it was taken', async () => {
    await take();
    await world.pass(9 * HOUR);
    expect(await has()).toBe(false);
    await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
    await world.sql(`update grants set state = 'placing', version = version + 1`);
    await world.settle();
    expect([await has(), await mended()]).toEqual([false, 1]);
  });

  test('it was never linked to anything', async () => {
    await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
    await world.sql(`insert into grants (id, person_id, role_id, scope_id, state, baseline, placed_at, version)
      select usher_id(), people.id, role.id, scope.id, 'placed', false, usher_now(), 1
      from people, resource_roles role join resources on resources.id = role.resource_id
      join resource_scopes scope on scope.resource_id = resources.id
      where people.directory_key = 'tara' and resources.name = 'Ledger' and role.name = 'Reader'`);
    await world.settle();
    expect([await has(), await mended()]).toEqual([false, 1]);
  });
});

test('the alarm stays until it is really gone', async () => {
  await take();
  await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
  await world.sql('update grant_assignments set withdrawn_at = usher_now()');
  await world.pass(5 * HOUR);
  expect(await alarms()).toContain('accessAstray');
  await world.localRoles.tell('Ledger', null);
  await world.pass(2 * HOUR);
  await world.pass(HOUR);
  expect([await has(), await mended(), await alarms()]).toEqual([false, 1, []]);
});

test('what the person had before stays', async () => {
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  await take();
  await world.sql(ENDED);
  await world.settle();
  expect([await has(), await mended()]).toEqual([true, 1]);
});

test('what other access justifies is none', async () => {
  await take();
  await take('vault keys');
  await world.sql(
    `insert into grant_assignments (grant_id, assignment_id) select g.id, a.id from assignments a join packages p on p.id = a.package_id
     and p.name = 'Vault keys', grants g join resource_roles role on role.id = g.role_id and role.name = 'Reader'`,
  );
  await world.sql(`${ENDED} where package_id = (select id from packages where name = 'Ledger auditor')`);
  await world.settle();
  expect([await has(), await mended(), await world.sql('select from grants_astray')]).toEqual([true, 0, []]);
});

test('what the same transaction puts right is none', async () => {
  await take();
  await world.sql(
    `update grant_assignments set withdrawn_at = usher_now(); update grant_assignments set withdrawn_at = null`,
  );
  expect(await world.sql('select from grants_astray')).toHaveLength(1);
  await world.settle();
  expect(await alarms()).toEqual([]);
  await world.pass(6 * 60_000);
  expect([await has(), await mended(), await alarms(), await world.sql('select from grants_astray')]).toEqual([
    true,
    0,
    [],
    [],
  ]);
});
