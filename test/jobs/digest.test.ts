// More than five messages that wait for one person become one, however long it takes until it can be sent (PRODUCT 4).
import type { Card } from '../../src/chat/card';
import { ChannelError } from '../../src/chat/channel';
import { jobs } from '../../src/jobs';
import { aWorld, buttons, cardOf, SMALL, textOf, type World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const PACKAGES = Array.from({ length: 14 }, (_, n) => `Tool ${String.fromCharCode(65 + n)}`);
const TOOLS = `${SMALL}  - name: Tools
    owners: [olga]
    packages:
${PACKAGES.map(
  (name) => `      - name: ${name}
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana] }], expires: 30 days, reason: optional }]`,
).join('\n')}
`;

let world: World;
beforeEach(async () => {
  world = await aWorld(TOOLS);
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

test('it names ten, says that there is more, and leads to the lists', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES);
  await pass(20);
  away.over();
  await world.allOut();
  const [only, ...others] = told('ana');
  expect(others).toEqual([]);
  expect(lines(only ?? '')[0]).toBe('More than 10 things to know');
  expect(only).toContain('And more.');
  expect(only).toContain('approvals');
});

describe('the requests in it say by themselves that it could not be told', () => {
  const unreached = () => told('tara').filter((text) => text.includes('I cannot reach Ana Ruiz in chat.')).length;
  const lost = async () => {
    await ask(PACKAGES.slice(0, 7));
    // As if nothing of it had come out for an hour.
    await world.sql(`delete from cards where view like 'approval~%'`);
    await world.sql(
      `update outgoing set state = 'ready', settled_at = null, created_at = created_at - interval '1 hour', next_at = usher_now() + interval '1 hour'
       where notice = 'approval' and person_id is not null`,
    );
    const before = told('ana').length;
    world.mailbox.lose('ana', new ChannelError('unreachable', 'NotInstalled'));
    expect(unreached()).toBe(0);
    await pass(1);
    expect([unreached(), told('ana').length]).toEqual([7, before]);
    return before;
  };

  test('and nothing of them is drawn anew where nothing was lost', async () => {
    const away = world.mailbox.away();
    await ask(PACKAGES.slice(0, 7));
    await pass(20);
    away.over();
    await world.allOut();
    expect(told('ana')).toEqual([expect.stringContaining('7 things to know')]);
    expect(await world.sql("select id from outgoing where dedupe_key like 'reach:%'")).toEqual([]);
  });

  test('until it is put back', async () => {
    const before = await lost();
    await world.say('ana', 'help');
    await world.settle();
    expect([unreached(), told('ana').length]).toEqual([0, before + 1]);
  });

  test('until something else is told of them, by itself or in another', async () => {
    const before = await lost();
    await world.sql("delete from conversations where state = 'dead'");
    const remind = (which: string, since: string) =>
      world.sql(
        `insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, params, lane, next_at, dedupe_key, created_at)
         select kind, 'approvalReminder', person_id, subject_kind, subject_id, request_id, params, lane, usher_now() + $1::interval,
           'later:' || id, usher_now() - $1::interval
         from (select *, row_number() over (order by id) as n from outgoing where notice = 'approval' and person_id is not null) o
         where n ${which}`,
        [since],
      );
    await remind('= 1', '0');
    await world.settle();
    expect([unreached(), told('ana').length]).toEqual([6, before + 1]);
    await remind('> 1', '1 hour');
    await pass(1);
    expect([unreached(), told('ana').length]).toEqual([0, before + 2]);
  });
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

test('it names nobody any more who was forgotten', async () => {
  const away = world.mailbox.away();
  await ask(PACKAGES.slice(0, 6));
  await pass(20);
  away.over();
  await world.allOut();
  expect(told('ana')).toEqual([expect.stringContaining('Tara Lind asks for')]);
  await world.configure('people: [{ key: tara, name: Tara Lind, state: deleted }]');
  await world.pass(30 * DAY + HOUR);
  await world.settle();
  await world.allOut();
  expect(await world.sql(`select 1 from people where forgotten_at is not null`)).toHaveLength(1);
  expect(told('ana').join()).not.toContain('Tara Lind');
});

/** A package whose roles people set up by hand: as many tasks for their owner. */
async function configureKeys(count: number, owner = 'olga'): Promise<void> {
  const roles = Array.from({ length: count }, (_, n) => `Key ${String.fromCharCode(65 + n)}`);
  await world.configure(`
catalogs:
  - name: Tools
    resources: [{ name: Safe, connector: manual, owners: [${owner}], roles: [${roles.join(', ')}] }]
    packages:
      - name: Keys
        roles: [${roles.map((role) => `Safe / ${role}`).join(', ')}]
        policies: [{ name: All, who: allMembers, expires: 30 days, reason: optional }]
`);
}
function only(user: string): Card {
  const [first, ...others] = world.messagesTo(user);
  if (!first || others.length > 0) throw new Error(`${user} heard ${others.length + (first ? 1 : 0)} messages`);
  return first.card;
}
const tasks = (card: Card) =>
  lines(textOf(card)).filter((line) => line.startsWith('Please give Tara Lind the role Key')).length;

test('a task, which no list has, is done from its line, and what does not fit has a page of its own', async () => {
  await configureKeys(12);
  const away = world.mailbox.away();
  await ask(['Keys']);
  await pass(20);
  away.over();
  await world.allOut();
  const first = only('olga');
  expect([tasks(first), textOf(first).includes('And more.')]).toEqual([10, true]);
  const done = () => world.sql<{ n: number }>(`select count(*)::integer as n from manual_tasks where state = 'done'`);
  const note = { reason: 'Handed over' };
  await world.submit('olga', cardOf(await world.press('olga', first, 'Done')), note);
  expect(await done()).toEqual([{ n: 1 }]);
  const second = cardOf(await world.press('olga', first, 'Next'));
  expect([tasks(second), textOf(second).includes('more'), buttons(second).has('Next')]).toEqual([2, false, false]);
  await world.submit('olga', cardOf(await world.press('olga', second, 'Done')), note);
  expect(await done()).toEqual([{ n: 2 }]);
  // The message follows, so that it offers nothing that is done.
  await world.settle();
  expect(lines(textOf(only('olga')))[0]).toBe('10 things to know');
  // Neither the page nor the task is anybody else's.
  expect(await world.press('tara', { ...first, id: null }, 'Next')).toMatchObject({ kind: 'text' });
  expect(await world.press('tara', { ...second, id: null }, 'Done')).toMatchObject({ kind: 'text' });
  await world.submit('tara', cardOf(await world.say('tara', 'give up keys')), {});
  await world.settle();
  expect(world.messagesTo('olga').map(({ card }) => buttons(card).has('Done'))[0]).toBe(false);
});

test('a task that is done while the message is on its way is not offered by it', async () => {
  await configureKeys(6);
  const away = world.mailbox.away();
  await ask(['Keys']);
  await pass(20);
  away.over();
  const { mailbox } = world;
  const send = mailbox.send.bind(mailbox);
  let sent = 0;
  Object.assign(mailbox, {
    send: async (...message: Parameters<typeof send>) => {
      const ref = await send(...message);
      if (message[0].user !== 'olga' || (sent += 1) > 1) return ref;
      const form = cardOf(await world.press('olga', { ...message[1], id: null }, 'Done'));
      expect(await world.submit('olga', form, { reason: 'Handed over' })).toMatchObject({ kind: 'card' });
      // Another replica redraws what it remembers, and this message is not among it yet.
      await world.sql(
        `update outgoing set state = 'done', settled_at = usher_now() where kind = 'redraw' and state = 'ready'`,
      );
      return ref;
    },
  });
  await world.allOut();
  expect([sent, tasks(only('olga'))]).toEqual([1, 5]);
});

test('it offers no task of a resource that its reader does not keep any more', async () => {
  await configureKeys(6, 'max');
  const away = world.mailbox.away();
  await ask(['Keys']);
  await pass(20);
  away.over();
  await world.allOut();
  expect([tasks(only('max')), world.messagesTo('ben')]).toEqual([6, []]);
  await world.configure(`
catalogs:
  - name: Tools
    resources: [{ name: Safe, connector: manual, owners: [ben] }]
`);
  await pass(20);
  expect([tasks(only('max')), buttons(only('max')).has('Done'), told('ben').length]).toEqual([0, false, 6]);
});

test('nor of one that changed hands soon after it was sent', async () => {
  await configureKeys(6, 'max');
  const away = world.mailbox.away();
  await ask(['Keys']);
  await world.sql('update organization set clock_offset_ms = clock_offset_ms + 6 * 60000');
  away.over();
  await jobs.find(({ name }) => name === 'gather-messages')?.sweep(world.swept);
  await world.outgoing.settle();
  expect(tasks(only('max'))).toBe(6);
  await world.configure('catalogs: [{ name: Tools, resources: [{ name: Safe, connector: manual, owners: [ben] }] }]');
  await pass(20);
  expect(tasks(only('max'))).toBe(0);
});

test('what only its own card can serve leads to that card, and is left out once it is over', async () => {
  await configureKeys(6);
  const away = world.mailbox.away();
  await ask(['Keys']);
  const outside = (role: string, present: boolean) => world.localRoles.set('tom', 'Ledger', role, 'root', present);
  await outside('Writer', true);
  await world.compare();
  await pass(20);
  away.over();
  await world.allOut();
  const card = only('olga');
  expect(lines(textOf(card))[0]).toBe('7 things to know');
  const own = cardOf(await world.press('olga', card, 'Details'));
  expect(textOf(own)).toMatch(/^Access to Ledger was changed outside of Usher\n1 person has .*: Tom Berg \(Writer\)/u);
  expect(await world.press('tara', { ...card, id: null }, 'Details')).toMatchObject({ kind: 'text' });
  await outside('Writer', false);
  await world.compare();
  // A late click gets the rest, as it is now.
  await world.sql(`update manual_tasks set state = 'canceled', version = version + 1 where id = $1`, [
    buttons(card).get('Done')?.data['task'],
  ]);
  const late = textOf(cardOf(await world.press('olga', card, 'Done')));
  expect([lines(late)[0], late.includes('Ledger')]).toEqual(['5 things to know', false]);
});

test('what is over hides nothing, is not counted, and makes no message alone', async () => {
  await ask(['Ledger auditor']);
  const late = (values: string) =>
    world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
      select 'tell', what, p.id, about, subject, '{}', what || n || p.id, usher_now(), what || n || p.id, usher_now() - interval '1 hour'
      from people p, ${values} where p.directory_key in ('tara', 'olga')`);
  await late(`(select 'access' as what, 'assignment' as about, id::text as subject, 0 as n from assignments) held`);
  await late(`(select 'approval' as what, 'request' as about, gen_random_uuid()::text as subject, n
    from generate_series(1, 45) n) gone`);
  await world.sql(
    `delete from outgoing where notice = 'access' and person_id in (select id from people where directory_key = 'olga')`,
  );
  expect(await world.due.gatherMessages()).toBe(91);
  const before = world.messagesTo('tara').length;
  await world.settle();
  expect(told('olga')).toEqual([]);
  const [digest, ...others] = told('tara').slice(before);
  expect(others).toEqual([]);
  expect(lines(digest ?? '').slice(0, 3)).toEqual([
    '1 thing to know',
    'I could not tell you sooner. This is how things stand now.',
    'You now have Ledger auditor',
  ]);
  expect(digest).not.toContain('more');
});

test('whose trouble is over still hears what became of it', async () => {
  await world.submit('olga', cardOf(await world.say('olga', 'request Ledger auditor')), {});
  await world.settle();
  // She owns what she has, and it did not come at first.
  await world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
    select 'tell', what, p.id, 'assignment', a.id::text, '{}', what, usher_now(), what, usher_now() - interval '1 hour'
    from people p, assignments a, (values ('deliveryFailed'), ('removalAlarm'), ('accessExtended'), ('access'), ('accessProblem'), ('accessReason')) told (what)
    where p.directory_key = 'olga'`);
  expect(await world.due.gatherMessages()).toBe(6);
  const before = told('olga').length;
  await world.settle();
  const [digest, ...others] = told('olga').slice(before);
  expect(others).toEqual([]);
  expect(lines(digest ?? '')[0]).toBe('1 thing to know');
  expect(digest).toContain('Ledger auditor');
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
  // What asks something of the reader is kept before news, however old it is.
  await world.sql(`update outgoing set params = jsonb_set(params, '{items}', to_jsonb(jsonb_set((params ->> 'items')::jsonb, '{0,notice}', '"manualTask"')::text))
    where notice = 'digest'`);
  // One more joins those that wait already.
  await flood(301, 301);
  expect(await world.due.gatherMessages()).toBe(1);
  expect(await digests()).toEqual([{ kept: 200, newest: 'assignment:301' }]);
  expect(
    await world.sql(
      `select (params ->> 'items')::jsonb -> 0 ->> 'notice' as oldest from outgoing where notice = 'digest'`,
    ),
  ).toEqual([{ oldest: 'manualTask' }]);
});
