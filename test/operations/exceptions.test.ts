// Two packages that must not be held together, saved while people hold both (rule 3.13): everybody is named, and each becomes an
// exception with owner and end, or a removal.
import { alarmsOf } from '../../src/operations/alarms';
import { decide } from '../../src/operations/approvals';
import { apply, parseBlueprint, plan, planText, problemText } from '../../src/operations/blueprint';
import type { Plan } from '../../src/operations/blueprint';
import type { PackageId, PersonId, RequestId } from '../../src/domain/model';
import type { Desk, Tx } from '../../src/operations/ports';
import { submit } from '../../src/operations/requests';
import { aWorld, cardOf, LEAVING, operator, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const DAY = 24 * 3_600_000;
const ORGANIZATION =
  SMALL.replace('expires: 8 hours', 'expires: 365 days') +
  `      - name: Ledger cleaner
        roles: [Ledger / Writer]
        policies:
          - { name: Employees, who: allMembers, expires: 365 days, reason: optional }
`;
const against = (more = ''): string =>
  `catalogs:\n  - name: Finance\n    packages:\n      - name: Ledger cleaner\n        incompatibleWith:\n          - package: Ledger auditor\n${more}`;

let world: World;
/** 40 days from now. */
let day: string;

beforeEach(async () => {
  world = await aWorld(ORGANIZATION, { strict: true });
  const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
  day = new Date((clock?.now.getTime() ?? 0) + 40 * DAY).toISOString().slice(0, 10);
});

async function take(user: string, name: string) {
  const form = cardOf(await world.say(user, `request ${name}`));
  const sent = await world.submit(user, form, { reason: 'needed' });
  await world.settle();
  return sent;
}
async function takeBoth(...users: string[]): Promise<void> {
  for (const user of users) for (const name of ['ledger cleaner', 'ledger auditor']) await take(user, name);
}
async function write(text: string, how: (...given: Parameters<typeof apply>) => Promise<Plan> = apply): Promise<Plan> {
  const found = parseBlueprint([{ name: 'file.yaml', text }]);
  if ('problems' in found) throw new Error(found.problems.map(problemText).join('\n'));
  return how(world.desk, operator, found.blueprint);
}
const problems = async (text: string) => (await write(text)).problems.map(problemText);
const held = (user: string) =>
  world.sql<{ name: string }>(
    `select packages.name from assignments a join people on people.id = a.target_id join packages on packages.id = a.package_id
     where people.directory_key = $1 and a.ended_at is null order by 1`,
    [user],
  );
const alarms = async () => alarmsOf(await world.due.backlog()).map(({ alarm, count }) => `${alarm} ${count}`);
const states = () => world.sql('select state from incompatibility_exceptions');
const waits = () => world.sql('select state, remind_at is not null as waits from incompatibility_exceptions');
const said = (user: string) => world.messagesTo(user).map((message) => textOf(message.card));
const exception = (person: string, more = `owner: olga, until: ${day}, reason: Stands in until the audit`) =>
  `            exceptions: [{ person: ${person}, ${more} }]\n`;
/** A place where an act stops until it may go on. */
function aStop() {
  let go = (): void => undefined;
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const gone = new Promise<void>((resolve) => (go = resolve));
  const here = async (): Promise<void> => {
    reach();
    await gone;
  };
  return { reached, here, go };
}
/** Asks, and stops with all locks before the commit. */
async function asksSlowly(user: string, name: string) {
  const stop = aStop();
  const { store } = world.desk;
  const write: typeof store.write = (by, act) =>
    store.write(by, async (tx) => {
      const result = await act(tx);
      await tx.clock();
      await stop.here();
      return result;
    });
  const slow: Desk = { ...world.desk, store: { ...store, write, share: write } };
  const [found] = await world.sql<{ person: PersonId; package: PackageId }>(
    `select p.id as person, packages.id as package from people p, packages where p.directory_key = $1 and packages.name = $2`,
    [user, name],
  );
  if (!found) throw new Error('not found');
  const { person, package: pkg } = found;
  const asking = submit(
    slow,
    { actor: { kind: 'person', id: person }, via: 'test' },
    {
      package: pkg,
      target: person,
      policyVersion: null,
      period: { startsAt: null, endsAt: null, hours: null },
      zone: 'Europe/Berlin',
      reason: 'needed',
      answers: {},
      draft: null,
    },
  );
  await Promise.race([stop.reached, asking]);
  return {
    async ends(): Promise<void> {
      stop.go();
      await asking;
    },
  };
}
/** Until somebody waits for a lock, or the act is over. */
async function untilWaiting(act: Promise<unknown>): Promise<void> {
  const done = { over: false };
  void act.catch(() => undefined).then(() => (done.over = true));
  const waiting = () =>
    world.sql(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
  while (!done.over && (await waiting()).length === 0);
}
const removal = (person: string, from = 'Ledger auditor') =>
  `            removals: [{ person: ${person}, from: ${from}, reason: One of two is enough }]\n`;

describe('a new incompatibility', () => {
  test('names who holds both, and is refused until each of them is decided on', async () => {
    await takeBoth('tara', 'tom');
    await take('ben', 'ledger auditor');
    const refused =
      'file.yaml:6:13: 1 person holds both and nothing is decided on that: Tara Lind (tara). ' +
      'Write each under "exceptions" (person, owner, until, reason) or "removals" (person, from, reason).';
    expect(await problems(against(exception('tom')))).toEqual([refused]);
    // Who leaves keeps everything for as long.
    const leaves = 'people: [{ key: ben, name: Ben Okoye, enabled: false }]\n';
    expect(await problems(against(exception('tom')) + leaves)).toEqual([
      `${refused} Until then 1 person who leaves keeps all access: apply that in a file of its own, now.`,
    ]);
    const seen = await write(against(exception('tom')), plan);
    expect(planText(seen)).toContain(
      '+ incompatibility Ledger cleaner ↔ Ledger auditor\n' +
        '    2 people hold both now:\n    Tara Lind (tara): not decided\n    Tom Berg (tom): exception',
    );
    expect(await world.sql('select 1 from incompatibility_exceptions')).toEqual([]);
  });

  test('names as many as one sentence holds, and all of them in the plan', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `p${n + 10}`);
    const people = keys.map(
      (key) =>
        `  - { key: ${key}, name: Person ${key}, identities: [{ platform: web, tenant: demo, user: ${key} }] }\n`,
    );
    await world.configure(`people:\n${people.join('')}`, true);
    await takeBoth(...keys);
    const seen = await write(against());
    expect(seen.problems[0]?.message).toMatch(/^12 people hold both .*: Person p10 \(p10\), .* and 2 more\. /);
    expect(seen.conflicts[0]?.people.map(({ key }) => key)).toEqual(keys);
    expect(keys.filter((key) => !planText(seen).includes(`Person ${key} (${key}): not decided`))).toEqual([]);
  });

  test('counts whoever comes to hold both while it is saved', async () => {
    await take('tara', 'ledger cleaner');
    const asking = await asksSlowly('tara', 'Ledger auditor');
    const saving = problems(against());
    await untilWaiting(saving);
    await asking.ends();
    expect(await saving).toEqual([expect.stringContaining('Tara Lind (tara)')]);
  });

  test('lets nobody who got one and asked for the other while it waited come to hold both', async () => {
    await write(
      `catalogs: [{ name: Finance, packages: [{ name: Ledger cleaner, policies: [
        { name: Employees, who: allMembers, expires: 365 days, reason: optional, approval: [{ approvers: ana }] }] }] }]`,
    );
    // It waits at the first of the two, and holds the other not yet.
    const [first] = await world.sql<{ name: string }>(
      `select name from packages where name in ('Ledger auditor', 'Ledger cleaner') order by id limit 1`,
    );
    const asking = await asksSlowly('ben', first?.name ?? '');
    const counted = aStop();
    const { store } = world.desk;
    const stopping: Desk = {
      ...world.desk,
      store: {
        ...store,
        write: (by, act) =>
          store.write(by, (tx) =>
            act(
              Object.assign(Object.create(tx) as Tx, {
                async holdChanged(...given: Parameters<Tx['holdChanged']>) {
                  await tx.holdChanged(...given);
                  await counted.here();
                },
              }),
            ),
          ),
      },
    };
    const saving = write(against(), (_, by, blueprint) => apply(stopping, by, blueprint));
    await untilWaiting(saving);
    for (const name of ['Ledger auditor', 'Ledger cleaner']) await (await asksSlowly('tara', name)).ends();
    await asking.ends();
    await Promise.race([counted.reached, saving]);
    expect(await world.sql(`select 1 from people where directory_key = 'tara' for no key update skip locked`)).toEqual(
      [],
    );
    const [found] = await world.sql<{ request: RequestId; ana: PersonId }>(
      `select r.id as request, p.id as ana from requests r join people t on t.id = r.target_id and t.directory_key = 'tara', people p
       where r.state = 'pendingApproval' and p.directory_key = 'ana'`,
    );
    const deciding = decide(
      world.desk,
      { actor: { kind: 'person', id: found?.ana as PersonId }, via: 'test' },
      {
        request: found?.request as RequestId,
        decision: 'approve',
        reason: null,
        shown: { exception: true },
        draft: null,
      },
    );
    await untilWaiting(deciding);
    counted.go();
    expect((await saving).problems).toEqual([]);
    await deciding;
    await world.settle();
    expect(await held('tara')).toEqual([{ name: 'Ledger auditor' }]);
  });

  test('waits for whom it takes access from before it holds any package', async () => {
    await takeBoth('tara');
    await write(against(exception('tara')));
    const asking = await asksSlowly('tara', 'Ledger reader');
    const saving = write(`${against(removal('tara'))}      - { name: Vault keys, state: deleted }\n`);
    await untilWaiting(saving);
    const free = await world.sql(`select 1 from packages where name = 'Vault keys' for key share skip locked`);
    await asking.ends();
    expect((await saving).problems).toEqual([]);
    expect(free).toHaveLength(1);
    expect(await held('tara')).toEqual([{ name: 'Ledger cleaner' }]);
  });

  test('takes what two of them take once', async () => {
    await takeBoth('tara');
    await take('tara', 'vault keys');
    const from = '            removals: [{ person: tara, reason: One is enough }]\n';
    const done = await write(`${against(from)}          - package: Vault keys\n${from}`);
    expect(done.problems).toEqual([]);
    expect(await held('tara')).toEqual([{ name: 'Ledger auditor' }, { name: 'Vault keys' }]);
  });

  test('takes the package whose list says so, where the pair stands by the list of the other', async () => {
    await takeBoth('tara');
    await write(against(exception('tara')));
    const list = '{ package: Ledger cleaner, removals: [{ person: tara, reason: One is enough }] }';
    const done = await write(
      `catalogs: [{ name: Finance, packages: [{ name: Ledger auditor, incompatibleWith: [${list}] }] }]`,
    );
    expect(done.problems).toEqual([]);
    expect(await held('tara')).toEqual([{ name: 'Ledger cleaner' }]);
  });

  test('leaves whoever has an exception, takes from whoever is removed, and says so', async () => {
    await takeBoth('tara', 'tom');
    const file = against(exception('tara') + removal('tom'));
    const done = await write(file);
    await world.settle();
    expect(planText(done)).toContain('- access Tom Berg: Ledger auditor: One of two is enough');
    expect(await held('tara')).toEqual([{ name: 'Ledger auditor' }, { name: 'Ledger cleaner' }]);
    expect(await held('tom')).toEqual([{ name: 'Ledger cleaner' }]);
    expect(await world.sql(`select type, detail, reason from requests where type = 'systemRemove'`)).toEqual([
      { type: 'systemRemove', detail: 'removedByOwner', reason: 'One of two is enough' },
    ]);
    expect(said('tom').at(-1)).toContain('Your access to Ledger auditor has ended\n“One of two is enough”');
    const again = planText(await write(file));
    expect(again).toContain('Nothing to change');
    // What takes nothing, here because it was done, is not passed over in silence.
    expect(again).toContain('! access Tom Berg: Ledger auditor: nothing is removed, both are not held');
  });

  test('takes from all who hold a package only after somebody confirmed that', async () => {
    const keys = ['tara', 'tom', 'ben', 'ana', 'cas'];
    await takeBoth(...keys);
    const file = against(
      `            removals:\n${keys.map((key) => `              - { person: ${key}, reason: x }\n`).join('')}`,
    );
    const refused = await write(file);
    expect(refused.problems.map(problemText)).toEqual([
      'file.yaml:8:17: The files would take "Ledger cleaner" from 5 of the 5 people who hold it. Check them, then apply with --confirm.',
    ]);
    expect(refused.brake?.taken).toMatchObject([{ name: 'Ledger cleaner', from: 5, of: 5 }]);
    expect(await held('tara')).toHaveLength(2);
    await write(file, (desk, by, blueprint) => apply(desk, by, blueprint, { confirm: true }));
    expect(await held('tara')).toEqual([{ name: 'Ledger auditor' }]);
  });

  test('keeps apart those who have no exception', async () => {
    await takeBoth('tara', 'tom');
    await write(against(exception('tara') + removal('tom')));
    await world.settle();
    expect(sentenceOf(await world.say('tom', 'request ledger auditor'))).toContain('Ledger cleaner');
    await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
    await world.settle();
    await take('tara', 'ledger auditor');
    expect(await held('tara')).toHaveLength(2);
  });

  test('refuses a day whose end no calendar has', () => {
    const text = against(exception('tara', 'owner: olga, until: 9999-12-31, reason: x'));
    const found = parseBlueprint([{ name: 'file.yaml', text }]);
    expect('problems' in found && found.problems.map(problemText)).toEqual([
      'file.yaml:7:62: "9999-12-31" is too far away. Write one like 2026-12-25.',
    ]);
  });

  test.each([
    {
      name: 'who answers for themselves',
      give: () => exception('tara', `owner: tara, until: ${day}, reason: x`),
      want: '7:49: Nobody answers for an exception of their own. Name somebody else as "owner".',
    },
    {
      name: 'whose time is over',
      give: () => exception('tara', 'owner: olga, until: 2026-01-01, reason: x'),
      want: '7:62: "2026-01-01" is over. Name a later day, or remove the exception.',
    },
    {
      name: 'twice',
      give: () => exception('tara') + removal('tara'),
      want: '8:34: "tara" is decided on twice for this incompatibility. Keep one of them.',
    },
    {
      name: 'with a package of no such pair',
      give: () => removal('tara', 'Vault keys'),
      want: '7:46: "Vault keys" is no package of this incompatibility. Name one of the two.',
    },
  ])('refuses somebody $name', async ({ give, want }) => {
    await takeBoth('tara');
    expect(await problems(against(give()))).toEqual([`file.yaml:${want}`]);
  });
});

test('an exception to a group follows who is in it, and is told anew when both are held again', async () => {
  const crew = (people: string): string => `groups: [{ name: Crew, people: [${people}] }]\n`;
  await world.configure(crew('tara'));
  await take('tara', 'ledger cleaner');
  await write(against(exception('tara')).replace('package: Ledger auditor', 'group: Crew'));
  await world.pass(42 * DAY);
  const both = expect.stringContaining('They do not go together. That was allowed until') as string;
  expect(said('olga')).toEqual([both]);
  await world.configure(crew(''));
  await world.settle();
  const settled = expect.stringContaining('They do not have both any more.') as string;
  expect([said('olga'), await waits()]).toEqual([[settled], [{ state: 'over', waits: false }]]);
  await world.pass(3 * DAY);
  expect(said('olga')).toHaveLength(1);
  await world.configure(crew('tara'));
  await world.settle();
  expect([said('olga').at(-1), said('olga').length, await waits()]).toEqual([
    both,
    2,
    [{ state: 'over', waits: true }],
  ]);
});

describe('whom a file brings into a group that does not go with what they hold', () => {
  const crew = (people: string, of = 'Crew'): string => `groups: [{ name: ${of}, people: [${people}] }]\n`;
  const withGroup = (more = '') => against(more).replace('package: Ledger auditor', 'group: Crew');
  const refused = [
    'file.yaml:1:10: Ledger cleaner → group Crew: 1 person holds both and nothing is decided on that: Tara Lind (tara). ' +
      'Write each under "exceptions" (person, owner, until, reason) or "removals" (person, from, reason).',
  ];
  const members = () =>
    world.sql<{ key: string }>(
      `select p.directory_key as key from group_members m join people p on p.id = m.person_id join groups g on g.id = m.group_id
       where g.name = 'Crew' order by 1`,
    );
  beforeEach(async () => {
    await world.configure(
      `groups: [{ name: Crew, people: [max], groups: [Inner] }, { name: Inner, people: [] }]\n${withGroup()}`,
    );
    await take('tara', 'ledger cleaner');
  });

  test('is decided on first, and nothing is applied until then', async () => {
    expect(await problems(crew('max, tara, tom'))).toEqual(refused);
    expect(await members()).toEqual([{ key: 'max' }]);
    // Who leaves keeps everything for as long, and whoever applies the file reads that.
    const leaves = '\npeople: [{ key: tom, name: Tom Berg, enabled: false }]\n';
    expect(await problems(crew('max, tara') + leaves)).toEqual([
      `${refused[0] ?? ''} Until then 1 person who leaves keeps all access: apply that in a file of its own, now.`,
    ]);
    expect(await problems(crew('max, tom'))).toEqual([]);
  });

  test('so is whoever comes by a group inside it', async () => {
    expect(await problems(crew('tara', 'Inner'))).toEqual(refused);
    expect(await members()).toEqual([{ key: 'max' }]);
  });

  test('an exception or a removal in the same file decides', async () => {
    expect(await problems(crew('max, tara') + withGroup(exception('tara')))).toEqual([]);
    expect(await states()).toEqual([{ state: 'active' }]);
    expect(await problems(crew('max'))).toEqual([]);
    expect(await problems(crew('max, tara'))).toEqual([]);
    await take('tom', 'ledger cleaner');
    const removal = '            removals: [{ person: tom, from: Ledger cleaner, reason: One is enough }]\n';
    expect(await problems(crew('max, tara, tom') + withGroup(removal))).toEqual([]);
    expect(await held('tom')).toEqual([]);
  });
});

describe('the owner of an exception', () => {
  const TITLE = 'Tara Lind has both Ledger cleaner and Ledger auditor, and you answer for it';
  beforeEach(async () => {
    await takeBoth('tara');
    await write(against(exception('tara')));
  });

  test('hears before the end and again at it, and then the conflict counts again', async () => {
    await world.pass(25 * DAY);
    expect(said('olga')).toEqual([]);
    await world.pass(2 * DAY);
    expect(said('olga')).toEqual([expect.stringContaining(TITLE)]);
    expect(said('olga')[0]).toMatch(/That is allowed until .*\nPress Remove to end .*\nAllowed because: “Stands in/);
    expect([said('ada'), await alarms()]).toEqual([[], []]);
    await world.pass(14 * DAY);
    expect(said('olga')).toHaveLength(2);
    expect(said('olga')[1]).toMatch(
      /That was allowed until .*\nNothing is taken away by itself, and Ledger cleaner cannot be extended\.\nPress Remove to end [^]*Remove: “remove Tara Lind from L/,
    );
    expect(said('ada')).toEqual([expect.stringContaining('Tara Lind has both Ledger cleaner and Ledger auditor')]);
    expect(await held('tara')).toHaveLength(2);
    expect(await states()).toEqual([{ state: 'over' }]);

    await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
    await world.settle();
    expect(sentenceOf(await world.say('tara', 'request ledger auditor'))).toContain('Ledger cleaner');
  });

  test('hears of it every day from its end, with the administrators, while both are held, and an alarm rings', async () => {
    await world.pass(41 * DAY);
    await world.pass(DAY / 2);
    expect([said('olga').length, said('ada').length, await alarms()]).toEqual([1, 1, ['exceptionsOver 1']]);
    await world.pass(DAY);
    await world.pass(DAY);
    expect([said('olga').length, said('ada').length]).toEqual([3, 3]);
    // One subject, one message: those before it say that it was said anew.
    const repeated = said('olga').map((text) => text.includes('I have said this again since.'));
    expect(repeated).toEqual([true, true, false]);
    // What the file said stands, and is no problem for the rest of it.
    expect(planText(await write(against(exception('tara'))))).toContain('Nothing to change');

    await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
    await world.settle();
    await world.pass(DAY);
    expect([said('olga').length, said('ada').length, await alarms()]).toEqual([3, 3, []]);
    const settled =
      'Tara Lind no longer has both Ledger cleaner and Ledger auditor\nThey do not have both any more. Nothing to do.';
    expect(said('olga')).toEqual([settled, settled, settled]);
    // Nobody looks at it any more.
    expect(await waits()).toEqual([{ state: 'over', waits: false }]);
  });

  test('reads who can take one of them away, where it is not theirs to take', async () => {
    await write(against(exception('tara', `owner: cas, until: ${day}, reason: Stands in`)));
    await world.pass(42 * DAY);
    const [theirs, owners] = [said('cas').at(-1), said('olga').at(-1)];
    expect(theirs).toContain('Ask the owners of Finance to remove one of them');
    expect([theirs?.includes('“remove Tara'), owners?.includes('“remove Tara Lind from Ledger cleaner”')]).toEqual([
      false,
      true,
    ]);
  });

  test('hears nothing of it once the two go together again, which ends it', async () => {
    await world.pass(42 * DAY);
    await write(
      'catalogs: [{ name: Finance, packages: [{ name: Ledger cleaner, incompatibleWith: [] }, { name: Ledger auditor }] }]',
    );
    await world.settle();
    expect(await waits()).toEqual([{ state: 'ended', waits: false }]);
    expect(said('olga')).toEqual([`${TITLE}\nThis exception has ended. Nothing to do.`]);
    await world.pass(2 * DAY);
    expect(said('olga')).toHaveLength(1);
    // Nor by what stays of it who it was, once they are forgotten.
    await world.configure('people: [{ key: tara, name: Tara Lind, state: deleted }]');
    await world.settle();
    await world.pass(31 * DAY);
    await world.allOut();
    expect(said('olga')).toEqual([expect.stringMatching(/^Former employee .{4} has both Ledger cleaner/)]);
  });

  test('hears no more once it is renewed after its end, and the alarm is over', async () => {
    await world.pass(42 * DAY);
    expect(await alarms()).toEqual(['exceptionsOver 1']);
    const later = new Date(Date.parse(day) + 60 * DAY).toISOString().slice(0, 10);
    const done = await write(against(exception('tara', `owner: olga, until: ${later}, reason: One more audit`)));
    expect(planText(done)).toContain('state: over → active');
    await world.pass(2 * DAY);
    expect([said('olga').length, await alarms(), await states()]).toEqual([1, [], [{ state: 'active' }]]);
  });

  test('removes one of them from the message, which then says that nothing is to do', async () => {
    await world.pass(27 * DAY);
    const card = world.messagesTo('olga').at(-1)?.card;
    if (!card) throw new Error('Olga heard nothing');
    const form = cardOf(await world.press('olga', card, 'Remove'));
    expect(textOf(form)).toContain('Remove Ledger cleaner from Tara Lind');
    await world.submit('olga', form, { reason: 'no longer needed' });
    await world.settle();
    expect(await held('tara')).toEqual([{ name: 'Ledger auditor' }]);
    const now = world.messagesTo('olga').find(({ card: one }) => textOf(one).includes('no longer has both'))?.card;
    expect(now && textOf(now).split('\n')).toEqual([
      'Tara Lind no longer has both Ledger cleaner and Ledger auditor',
      'They do not have both any more. Nothing to do.',
    ]);
  });

  test('who answers for it without the right to remove is told whom to ask', async () => {
    await write(against(exception('tara', `owner: cas, until: ${day}, reason: Stands in`)));
    await world.pass(27 * DAY);
    expect(said('cas')).toEqual([expect.stringContaining('Ask the owners of Finance to remove one of them')]);
    expect(said('cas')[0]).not.toContain('Remove:');
  });

  test('hears nothing where only one is held any more', async () => {
    await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
    await world.pass(27 * DAY);
    await world.pass(14 * DAY);
    expect(said('olga')).toEqual([]);
  });

  test('hears again where it is renewed', async () => {
    await world.pass(27 * DAY);
    const later = new Date(Date.parse(day) + 60 * DAY).toISOString().slice(0, 10);
    const done = await write(against(exception('tara', `owner: olga, until: ${later}, reason: One more audit`)));
    expect(planText(done)).toContain(`day: ${day} → ${later}`);
    await world.pass(14 * DAY);
    expect(said('olga')).toHaveLength(1);
    await world.pass(47 * DAY);
    expect(said('olga')).toHaveLength(2);
    expect(await world.sql(`select type from audit_events where subject_kind = 'exception' order by id`)).toEqual([
      { type: 'exception.created' },
      { type: 'exception.reminded' },
      { type: 'exception.changed' },
      { type: 'exception.reminded' },
    ]);
  });

  test.each(LEAVING)('who has left (%s) is stood in for by the owners of the catalog', async (leaves) => {
    await write(against(exception('tara', `owner: cas, until: ${day}, reason: Stands in`)));
    await world.configure(`people:\n  - { key: cas, name: Cas de Vries, ${leaves} }\n`);
    await world.pass(27 * DAY);
    expect(said('olga')).toEqual([expect.stringContaining('Tara Lind has both Ledger cleaner and Ledger auditor')]);
  });

  test('answers for nothing once it is taken out of the file, which needs a decision on who holds both', async () => {
    expect(await problems(against('            exceptions: []\n'))).toEqual([
      expect.stringContaining('1 person holds both and nothing is decided on that: Tara Lind (tara).'),
    ]);
    await write(against('            exceptions: []\n' + removal('tara')));
    await world.pass(27 * DAY);
    expect(said('olga')).toEqual([]);
    expect(await states()).toEqual([{ state: 'ended' }]);
    expect(await held('tara')).toEqual([{ name: 'Ledger cleaner' }]);
  });
});
