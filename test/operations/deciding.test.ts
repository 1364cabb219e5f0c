// Deciding on what is delivered: packages that change meanwhile, gates that close, what is kept with a decision, stand-ins, and
// what may be known of a package.
import type { Card } from '../../src/chat/card';
import type { Reply } from '../../src/chat/inbound';
import { plain } from '../../src/chat/text';
import { aWorld, buttons, cardOf, followOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const DAY = 24 * 3_600_000;
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

async function ask(user: string, name: string, values: Record<string, string> = { reason: 'month end' }) {
  const form = cardOf(await world.say(user, `request ${name}`));
  const sent = await world.submit(user, form, values);
  await world.settle();
  return sent;
}
function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}
/** The form that a refusal shows again. */
function formOf(reply: Reply): Card {
  if (reply.kind !== 'errors' || reply.form === undefined) throw new Error(`no form but ${sentenceOf(reply)}`);
  return reply.form;
}
/** What a card says one may type that begins with this word. */
function printedIn(reply: Reply, word: string): string[] {
  return [...textOf(cardOf(reply)).matchAll(/“([^”]+)”/g)].flatMap(([, words = '']) =>
    words.startsWith(`${word} `) ? [words] : [],
  );
}
const said = (user: string) => world.messagesTo(user).map((message) => textOf(message.card));
const holds = (user: string, role: string) => world.localRoles.has(user, 'Ledger', role, 'root');
const requests = () =>
  world.sql<{ number: string; state: string; detail: string | null }>(
    'select number::text, state, detail from requests order by requests.number',
  );
const contain = (roles: string, name = 'Ledger reader') =>
  world.configure(`catalogs:\n  - name: Finance\n    packages:\n      - { name: ${name}, roles: [${roles}] }\n`);
const inDays = async (days: number) => {
  const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
  return new Date((clock?.now.getTime() ?? 0) + days * DAY).toISOString().slice(0, 10);
};

test('a click that could not be taken in time is told so and takes nothing; the same click again is as good as new', async () => {
  await ask('tara', 'ledger reader');
  const { card } = latest('ana');
  const approve = buttons(card).get('Approve');
  const click = world.inbound('ana', {
    kind: 'press',
    verb: approve?.verb ?? '',
    data: approve?.data ?? {},
    card: card.id,
  });
  const late = await world.conversationWithin(0).handle(click);
  expect(sentenceOf(late)).toMatch(/try again/i);
  expect(await world.sql('select state from requests')).toEqual([{ state: 'pendingApproval' }]);
  expect(await world.sql('select 1 from decisions')).toEqual([]);
  await world.conversationWithin(60_000).handle(click);
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(true);
});

// Ana alone decides both stages, so nothing but the stage tells her two cards apart.
const TWICE = SMALL.replace(
  '- { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days }',
  `- name: Employees
            who: allMembers
            samePersonInStages: true
            approval:
              - { approvers: ana, decideWithin: 3 days }
              - { approvers: ana, decideWithin: 3 days }
            expires: 30 days`,
);

describe('a package that gains a role after it was decided on (rule 3.8)', () => {
  test('nothing is given, the same is asked again, and everybody decides on what is delivered', async () => {
    await ask('tara', 'ledger writer', { reason: 'close', 'answer.ticket': 'T-1' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    await contain('Ledger / Writer, Ledger / Reader, Vault / Key holder', 'Ledger writer');
    await world.settle();
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    const asked = latest('ben');
    const reply = await world.press('ben', asked.card, 'Approve');
    expect(sentenceOf(reply)).toBe(
      'The package changed while you decided: it now also includes Vault / Key holder. R-1002 asks again.',
    );
    await world.settle();

    expect(await requests()).toEqual([
      { number: '1001', state: 'canceled', detail: 'contentChanged' },
      { number: '1002', state: 'pendingApproval', detail: null },
    ]);
    expect(await world.sql('select 1 from assignments')).toEqual([]);
    const why = 'it now also includes Vault / Key holder. R-1002 asks again.';
    expect(said('tara').filter((text) => text.includes(why))).toHaveLength(2);
    expect(textOf(asked.card)).toContain(why);
    expect(textOf(cardOf(await world.say('tara', 'R-1001')))).not.toMatch(/Canceled by|Ben Okoye asked/);

    const anew = latest('max');
    expect(textOf(anew.card)).toMatch(/New in the package: Vault \/ Key holder/);
    expect(textOf(anew.card)).toContain('close');
    await world.press('max', anew.card, 'Approve');
    await world.settle();
    for (const user of ['ana', 'ben']) await world.press(user, latest(user).card, 'Approve');
    await world.settle();
    expect(textOf(latest('olga').card)).toContain('Please give Tara Lind the role Key holder on Vault');
  });

  test('a role added between the approval and the planned start is decided on days ahead', async () => {
    await ask('tara', 'ledger reader', { reason: 'x', start: await inDays(5) });
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    await contain('Ledger / Reader, Ledger / Writer');
    await world.settle();
    expect(await requests()).toMatchObject([
      { detail: 'contentChanged' },
      { number: '1002', state: 'pendingApproval' },
    ]);
    const why = 'The package changed meanwhile: it now also includes Ledger / Writer. R-1002 asks again.';
    expect(said('tara').filter((text) => text.includes(why))).not.toEqual([]);
    expect(textOf(latest('ana').card)).toContain('New in the package: Ledger / Writer');

    await world.press('ana', latest('ana').card, 'Approve');
    await world.pass(DAY);
    expect(await requests()).toMatchObject([{ number: '1001' }, { number: '1002', state: 'scheduled' }]);
    expect([await holds('tara', 'Reader'), await holds('tara', 'Writer')]).toEqual([false, false]);
    await world.pass(5 * DAY);
    expect([await holds('tara', 'Reader'), await holds('tara', 'Writer')]).toEqual([true, true]);
  });

  test('roles only taken out re-open nothing: what remains is given', async () => {
    await ask('tara', 'ledger writer', { reason: 'close', 'answer.ticket': 'T-1' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    await contain('Ledger / Writer', 'Ledger writer');
    for (const user of ['ana', 'ben']) await world.press(user, latest(user).card, 'Approve');
    await world.settle();
    expect([await holds('tara', 'Reader'), await holds('tara', 'Writer')]).toEqual([false, true]);
    expect(await requests()).toHaveLength(1);
  });
});

describe('a role added before the decision (rules 3.8, 3.27)', () => {
  const content = async () =>
    (
      await world.sql<{ id: string }>(
        `select v.id from package_versions v join packages p on p.id = v.package_id where p.name = 'Ledger reader' order by v.number`,
      )
    ).map(({ id }) => id);
  const decisions = () =>
    world.sql(
      `select decision, shown ->> 'packageVersion' as saw, shown ->> 'surface' as surface from decisions order by id`,
    );
  const BOTH = 'Ledger / Reader, Ledger / Writer';
  const [shows, shown] = ['Includes: Ledger / Reader and Ledger / Writer', 'Includes: Ledger / Reader\n'];
  const late =
    'Ledger reader also includes Ledger / Writer now, which this did not show. Nothing was decided about R-1001: look again, then decide.';
  beforeEach(() => ask('tara', 'ledger reader'));

  test('is on the card by then: one tap decides, once', async () => {
    await contain(BOTH);
    await world.settle();
    const { card } = latest('ana');
    expect(textOf(card)).toContain(shows);
    expect(sentenceOf(await world.press('ana', card, 'Approve'))).toBe('Done. R-1001 is approved.');
    await world.settle();
    expect([await holds('tara', 'Reader'), await holds('tara', 'Writer')]).toEqual([true, true]);
    expect([await requests(), await decisions()]).toMatchObject([
      [{ number: '1001' }],
      [{ saw: (await content())[1], surface: 'web' }],
    ]);
  });

  test('is named to whoever presses a card that was not drawn again yet: nothing is taken, and the fresh one decides', async () => {
    const { card } = latest('ana');
    expect(textOf(card)).toContain(shown);
    await contain(BOTH);
    const reply = await world.press('ana', card, 'Approve');
    expect([sentenceOf(reply), textOf(cardOf(reply)).includes(shows)]).toEqual([late, true]);
    expect(await decisions()).toEqual([]);
    expect(sentenceOf(await world.press('ana', cardOf(reply), 'Approve'))).toBe('Done. R-1001 is approved.');
    expect(await requests()).toHaveLength(1);
  });

  test('does not keep anybody from denying, by an old card or by the number', async () => {
    const { card } = latest('ana');
    await ask('tom', 'ledger reader');
    await contain(BOTH);
    const form = cardOf(await world.press('ana', card, 'Deny'));
    expect(textOf(form)).not.toContain('Includes');
    await world.submit('ana', form, { reason: 'no' });
    await world.say('ana', 'deny R-1002 because no');
    const [old, now] = await content();
    expect(await decisions()).toEqual([
      { decision: 'deny', saw: old, surface: 'web' },
      { decision: 'deny', saw: now, surface: 'typed' },
    ]);
  });

  test('is shown to whoever types, with the words that would decide', async () => {
    await contain(BOTH);
    const reply = await world.say('ana', 'approve R-1001');
    expect(sentenceOf(reply)).toBe(
      'Ledger reader also includes Ledger / Writer since R-1001 was asked for. Nothing was decided: look, then press a button, or type “approve R-1001 version 2”.',
    );
    expect(textOf(cardOf(reply))).toContain(shows);
    await world.say('ana', 'approve R-1001 version 1');
    expect(await decisions()).toEqual([]);
    // Both cards say the same words.
    const printed = [reply, await world.say('ana', 'R-1001')].flatMap((shown) => printedIn(shown, 'approve'));
    expect(printed).toEqual(['approve R-1001 version 2', 'approve R-1001 version 2']);
    expect(sentenceOf(await world.say('ana', printed[0] ?? ''))).toBe('Done. R-1001 is approved.');
    expect(await decisions()).toMatchObject([{ saw: (await content())[1], surface: 'typed' }]);
  });

  test('taken out again, or another one taken out, keeps nobody from deciding', async () => {
    await contain(BOTH);
    await world.settle();
    const { card } = latest('ana');
    await contain('Ledger / Writer');
    expect(sentenceOf(await world.press('ana', card, 'Approve'))).toBe('Done. R-1001 is approved.');
    await world.settle();
    expect([await holds('tara', 'Reader'), await holds('tara', 'Writer')]).toEqual([false, true]);
    expect(await decisions()).toMatchObject([{ saw: (await content())[1] }]);
  });

  test('is in the form that asks for a reason, which says so where it came meanwhile', async () => {
    const form = cardOf(await world.say('ana', 'approve R-1001 fine by me'));
    expect(textOf(form)).toContain(shown);
    await contain(BOTH);
    const first = await world.submit('ana', form, { reason: 'mine' });
    expect([first.kind, sentenceOf(first)]).toEqual(['errors', late]);
    // The old form once more shows its reader nothing.
    expect(sentenceOf(await world.submit('ana', form, { reason: 'mine' }))).toBe(late);
    expect(await decisions()).toEqual([]);
    expect(textOf(formOf(first))).toContain(shows);
    await world.submit('ana', formOf(first), { reason: 'mine' });
    expect(await decisions()).toMatchObject([{ decision: 'approve', saw: (await content())[1] }]);
  });

  test('is named to whoever decides, however many the package holds already', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `R${n + 10}`);
    const holding = (roles: readonly string[]) =>
      world.configure(`catalogs:
  - name: Finance
    resources: [{ name: Ledger, connector: local, owners: [olga], roles: [${roles.join(', ')}] }]
    packages: [{ name: Many, roles: [${roles.map((role) => `Ledger / ${role}`).join(', ')}], policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana] }], expires: 30 days }] }]
`);
    await holding(['Reader', 'Writer', ...many]);
    await world.submit('tara', cardOf(await world.say('tara', 'request many')), { reason: 'all of it' });
    await world.settle();
    expect(textOf(latest('ana').card)).not.toContain('New in the package');
    await holding(['Reader', 'Writer', ...many, 'Zeta master']);
    await world.settle();
    expect(textOf(latest('ana').card)).toContain('New in the package: Ledger / Zeta master\n');
    const long = `${'x'.repeat(90)} administrator`;
    await holding(['Reader', 'Writer', ...many, 'Zeta master', long]);
    await world.settle();
    expect(textOf(latest('ana').card)).toMatch(/New in the package: .*Ledger \/ x+…x+ administrator/);
    await world.press('ana', latest('ana').card, 'Approve');
    expect(await decisions()).toMatchObject([{ decision: 'approve' }]);
  });

  test('is not seen by whoever claims it: what a button says is looked up', async () => {
    const before = latest('ana').card;
    await contain(BOTH);
    const [, now] = await content();
    const [other] = await world.sql<{ id: string }>(
      `select v.id from package_versions v join packages p on p.id = v.package_id where p.name = 'Ledger writer'`,
    );
    const { data } = buttons(before).get('Approve') ?? { data: {} };
    expect(data).toMatchObject({ content: (await content())[0] });
    const claims = async (content: unknown) => {
      const act = { kind: 'press', verb: 'approval.approve', data: { ...data, content }, card: before.id } as const;
      return sentenceOf(await world.conversation.handle(world.inbound('ana', act)));
    };
    const nothing =
      'Ledger reader also includes Ledger / Reader and Ledger / Writer now, which this did not show. Nothing was decided about R-1001: look again, then decide.';
    for (const content of [other?.id, 'x', 7, {}, '0190a000-0000-7000-8000-000000000000'])
      expect(await claims(content)).toBe(nothing);
    // A button of a release that named none: as if it had shown what was asked for.
    for (const content of [undefined, null]) expect(await claims(content)).toBe(late);
    expect(await decisions()).toEqual([]);
    expect(await claims(now)).toBe('Done. R-1001 is approved.');
  });
});

describe('a gate that closed before the last approval (rule 3.2)', () => {
  test('is named to who approved and to who asked', async () => {
    await ask('tara', 'ledger reader');
    const asked = latest('ana');
    await world.configure('catalogs:\n  - { name: Finance, published: false }\n');
    const why = 'Ledger reader cannot be asked for at the moment: its catalog is closed. Ask its owners.';
    expect(sentenceOf(await world.press('ana', asked.card, 'Approve'))).toBe(`It could not be given: ${why}`);
    await world.settle();
    expect(textOf(latest('tara').card)).toContain(why);
    expect(textOf(asked.card)).toContain(`You approved this. It could not be given: ${why}`);
  });

  test('is said once where it closes what was to start: what was said of the approval leads there', async () => {
    await ask('tara', 'ledger reader', { reason: 'x', start: await inDays(5) });
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    expect(said('tara').at(-1)).toMatch(/^R-1001 is approved: Ledger reader\n/);
    await world.sql(`delete from policy_subjects where purpose = 'target'`);
    await world.pass(6 * DAY);
    const [approved = '', denied = ''] = said('tara').slice(-2);
    expect(denied).toMatch(/^R-1001 was denied: Ledger reader\n/);
    expect(approved).toMatch(/^What became of R-1001 stands in a newer message: Ledger reader\nDenied\n/);
    expect(approved).not.toContain('policy');
  });

  test('speaks of the person to others, and to the person of themselves', async () => {
    await ask('tara', 'ledger writer', { reason: 'x', 'answer.ticket': 'T' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    await world.sql(`delete from policy_subjects where purpose = 'target'`);
    const reply = await world.press('ben', latest('ben').card, 'Approve');
    expect(sentenceOf(reply)).toBe(
      'It could not be given: No policy lets Tara Lind have Ledger writer. Its owners can change its policies.',
    );
    await world.settle();
    expect(textOf(latest('tara').card)).toContain('No policy lets you ask for Ledger writer.');
  });

  test('is not waited for where the policy is in use no more: nobody decides, and whoever asked hears why', async () => {
    await ask('tara', 'ledger reader', { reason: 'x' });
    await world.sql(`update policies set state = 'disabled'`);
    const asked = latest('ana');
    await world.pass(60_000);
    expect([...buttons(asked.card).keys()]).not.toContain('Approve');
    expect(textOf(latest('tara').card)).toContain('that this went by is not in use any more.\nYou cannot ask for');
    expect([...buttons(latest('tara').card).keys()]).not.toContain('Ask again');
    // Where another one takes its place the button is the next step, and nothing beside it says otherwise.
    await world.sql(`update policies set state = 'enabled'`);
    await ask('tom', 'ledger reader', { reason: 'x' });
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, expires: 30 days, state: deleted }
          - { name: Anew, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days }
`);
    await world.pass(60_000);
    const told = latest('tom').card;
    expect(textOf(told)).toContain('that this went by is not in use any more.\nYou can ask again with one tap.');
    expect(textOf(told)).not.toContain('You cannot ask');
    expect([...buttons(told).keys()]).toContain('Ask again');
  });
});

describe('a decision is on what the person saw', () => {
  const decisions = () => world.sql('select n, decision from decisions order by id');

  test('a second click on one card does not decide the next stage: it shows it', async () => {
    await world.configure(TWICE, true);
    await ask('tara', 'ledger reader');
    const { card } = latest('ana');
    await world.press('ana', card, 'Approve');
    const reply = await world.press('ana', card, 'Approve');
    expect(sentenceOf(reply)).toBe(
      'R-1001 is at step 2 by now, which this did not show. Nothing was decided: look again, then decide.',
    );
    expect(await decisions()).toEqual([{ n: 1, decision: 'approve' }]);
    await world.press('ana', cardOf(reply), 'Approve');
    expect(await decisions()).toEqual([
      { n: 1, decision: 'approve' },
      { n: 2, decision: 'approve' },
    ]);
  });

  test.each(['approve R-1001', 'deny R-1001 because no'])(
    '"%s" typed once more does not decide the next step: it shows it, and which words would',
    async (typed) => {
      await world.configure(TWICE, true);
      await ask('tara', 'ledger reader');
      await world.say('ana', 'approve R-1001');
      const reply = await world.say('ana', typed);
      expect([reply.kind, sentenceOf(reply)]).toEqual([
        'card',
        'R-1001 is at step 2, and you were asked in an earlier one as well. Nothing was decided: look, then press a button, or type “approve R-1001 step 2”.',
      ]);
      await world.say('ana', 'approve R-1001 step 1');
      expect(await decisions()).toEqual([{ n: 1, decision: 'approve' }]);
      const [printed = ''] = printedIn(reply, 'approve');
      const whole = await world.say('ana', 'R-1001');
      expect([...printedIn(whole, 'approve'), ...printedIn(whole, 'deny')]).toEqual([
        printed,
        'deny R-1001 step 2 because …',
      ]);
      expect(sentenceOf(await world.say('ana', printed))).toBe('Done. R-1001 is approved.');
      expect(await decisions()).toContainEqual({ n: 2, decision: 'approve' });
    },
  );

  test('a form for a decision is not opened from an old card, and one that is open says so once', async () => {
    await world.configure(TWICE, true);
    await ask('tara', 'ledger reader');
    const { card } = latest('ana');
    const form = cardOf(await world.press('ana', card, 'Deny'));
    await world.press('ana', card, 'Approve');
    const old = await world.press('ana', card, 'Deny');
    expect([old.kind, sentenceOf(old)]).toEqual(['card', expect.stringContaining('is at step 2 by now')]);
    // What a client says that its form had shown is not believed.
    const [{ version } = { version: 0 }] = await world.sql<{ version: number }>('select version from requests');
    const forged = JSON.parse(JSON.stringify(form).replace(/"seen":"\w+"/, '"seen":"x"')) as typeof form;
    for (const shownBefore of [JSON.stringify({ version, surface: 'web' }), '{']) {
      const mine = await world.submit('ana', forged, { reason: 'no', shownBefore, shown: shownBefore });
      expect([mine.kind, sentenceOf(mine)]).toEqual(['errors', expect.stringContaining('is at step 2 by now')]);
    }
    const first = await world.submit('ana', form, { reason: 'no' });
    expect([first.kind, sentenceOf(first)]).toEqual(['errors', expect.stringContaining('is at step 2 by now')]);
    // A second click on the same form, and a delivery that comes twice, show their reader nothing.
    for (const delivery of ['twice', 'twice', undefined]) {
      const again = await world.submit('ana', form, { reason: 'no' }, delivery);
      expect([again.kind, sentenceOf(again)]).toEqual(['errors', expect.stringContaining('is at step 2 by now')]);
    }
    expect(await decisions()).toEqual([{ n: 1, decision: 'approve' }]);
    await world.submit('ana', formOf(first), { reason: 'no' });
    expect(await decisions()).toContainEqual({ n: 2, decision: 'deny' });
  });

  test.each(['approve R-1001 fine by me', 'deny R-1001 too much'])(
    'a form that "%s" opened decides the stage of that moment, and no later one',
    async (typed) => {
      await world.configure(TWICE, true);
      await ask('tara', 'ledger reader');
      const form = cardOf(await world.say('ana', typed));
      await world.press('ana', latest('ana').card, 'Approve');
      const first = await world.submit('ana', form, { reason: 'mine' });
      expect([first.kind, sentenceOf(first)]).toEqual(['errors', expect.stringContaining('is at step 2 by now')]);
      expect(await decisions()).toEqual([{ n: 1, decision: 'approve' }]);
      await world.submit('ana', formOf(first), { reason: 'mine' });
      const [kept] = await world.sql<{ shown: { version: number; surface: string } }>(
        'select shown from decisions where n = 2',
      );
      const [request] = await world.sql<{ seen: number }>(
        `select version - 1 as seen from requests where number = 1001`,
      );
      expect(kept?.shown.version).toBe(request?.seen);
    },
  );

  test('a vote of somebody else, a reminder and a new approver ask nobody to look again', async () => {
    await ask('tara', 'ledger writer', { reason: 'month end', 'answer.ticket': 'T-1' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    const { card } = latest('ana');
    await world.press('ben', latest('ben').card, 'Approve');
    await world.pass(3 * DAY);
    expect(sentenceOf(await world.press('ana', card, 'Approve'))).toBe('Done. R-1001 is approved.');
  });
});

describe('a reminder', () => {
  beforeEach(async () => {
    await ask('tara', 'ledger writer', { reason: 'month end', 'answer.ticket': 'T-1' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    await world.pass(3 * DAY);
  });
  const cardsOf = (user: string) => world.messagesTo(user).map(({ card }) => card);
  /** All but its summary and title. */
  const body = (card: Card) => textOf(card).split('\n').slice(2);

  test('says what the first card says, and what it said is kept with the decision', async () => {
    const [first, reminder] = cardsOf('ana');
    if (!first || !reminder) throw new Error('ana was not reminded');
    expect(textOf(first)).toMatch(/month end.*T-1/s);
    expect(textOf(reminder).split('\n')[1]).toBe('Still waiting for you: Tara Lind asks for Ledger writer');
    expect(body(reminder)).toEqual(body(first));
    expect([...buttons(reminder)].map(([title, { data }]) => [title, data])).toEqual(
      [...buttons(first)].map(([title, { data }]) => [title, data]),
    );
    await world.press('ana', reminder, 'Approve');
    const [kept] = await world.sql<{ shown: { card: string; data: object } }>(
      'select shown from decisions order by id desc limit 1',
    );
    expect(kept?.shown.card).toBe(reminder.id);
    expect(JSON.stringify(kept?.shown.data)).toMatch(/month end.*T-1/s);
  });

  test('is in step with the first card once somebody decided', async () => {
    await world.say('ben', 'deny R-1001 because not now');
    await world.settle();
    for (const card of cardsOf('ana')) {
      expect(textOf(card)).toContain('Ben Okoye denied this.');
      expect(textOf(card)).not.toContain('Still waiting');
      expect([...buttons(card).keys()]).toEqual(['Details']);
    }
  });
});

test('why it was approved is read by whom the form names: who decides next, who asked, and who looks it up', async () => {
  await world.configure(SMALL.replace('alternates: [cas] }', 'alternates: [cas], approverReason: required }'));
  await ask('tara', 'ledger writer', { reason: 'close', 'answer.ticket': 'T-1', start: await inDays(3) });
  const form = cardOf(await world.press('max', latest('max').card, 'Approve'));
  expect(textOf(form)).toContain(
    'Tara Lind, whoever decides after you and those in charge of the package will read it.',
  );
  await world.submit('max', form, { reason: 'She closes the books.' });
  await world.settle();
  const because = 'Max Thorn approved: She closes the books.';
  for (const user of ['ana', 'tara']) expect(textOf(latest(user).card)).toContain(because);
  await world.press('ana', latest('ana').card, 'Approve');
  await world.press('ben', latest('ben').card, 'Approve');
  await world.settle();
  const outcome = textOf(latest('tara').card);
  expect(outcome).toContain('Access starts on');
  expect(outcome).toContain(because);
  for (const user of ['tara', 'olga', 'ben'])
    expect(textOf(cardOf(await world.say(user, 'R-1001')))).toContain(because);
});

test('who types why they approve is shown first who reads it, and all of them read it then', async () => {
  await ask('tara', 'ledger reader');
  const form = cardOf(await world.say('ana', 'approve R-1001 because <b>she</b> closes *the* books'));
  const readers = 'Tara Lind, whoever decides after you and those in charge of the package will read it.';
  expect(textOf(form)).toContain(readers);
  expect(textOf(form)).toContain('Why is this right?: <b>she</b> closes *the* books');
  expect(textOf(form)).not.toContain('I took your words');
  expect(await world.sql('select from decisions')).toEqual([]);
  expect(sentenceOf(await world.submit('ana', form, { reason: '<b>she</b> closes *the* books' }))).toBe(
    'Done. R-1001 is approved.',
  );
  await world.settle();
  const because = 'Ana Ruiz approved: <b>she</b> closes *the* books';
  for (const user of ['tara', 'olga']) expect(textOf(cardOf(await world.say(user, 'R-1001')))).toContain(because);
});

describe('where no form opens', () => {
  const typed = async (text: string) => {
    const inbound = world.inbound('ana', { kind: 'text', text });
    const surface = { ...inbound.surface, canOpenForm: false };
    return textOf(cardOf(await world.conversation.handle({ ...inbound, surface })));
  };
  const READERS = 'Tara Lind, whoever decides after you and those in charge of the package will read it.';
  const lineIn = (said: string) => /“(approve [^”]+)”/.exec(said)?.[1] ?? '';
  const reasons = () => world.sql('select n, decision, reason from decisions order by id');

  test('plain text says who reads it, and which line approves', async () => {
    await ask('tara', 'ledger reader');
    const said = await typed('approve R-1001 because she closes the books');
    expect(said.split('\n')).toEqual([
      'Approve R-1001',
      READERS,
      'Includes: Ledger / Reader',
      'Continue: “approve R-1001 openly because she closes the books”',
    ]);
    expect(await reasons()).toEqual([]);
    expect(sentenceOf(await world.say('ana', lineIn(said)))).toBe('Done. R-1001 is approved.');
    expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain('Ana Ruiz approved: she closes the books');
  });

  test('it does so as well where the package asks approvers for a reason that was not typed', async () => {
    await world.configure(SMALL.replace('decideWithin: 3 days }', 'decideWithin: 3 days, approverReason: required }'));
    await ask('tara', 'ledger reader');
    expect((await typed('approve R-1001')).split('\n')).toEqual([
      'Approve R-1001',
      `This package asks approvers for a reason. ${READERS}`,
      'Includes: Ledger / Reader',
      'Continue: “approve R-1001 openly because …”',
    ]);
    expect(await reasons()).toEqual([]);
    await world.say('ana', 'approve R-1001 openly because fine');
    expect(await reasons()).toEqual([{ n: 1, decision: 'approve', reason: 'fine' }]);
  });

  test('the line says so where it approves roles that came since, which stand before it', async () => {
    await world.configure(SMALL.replace('decideWithin: 3 days }', 'decideWithin: 3 days, approverReason: required }'));
    await ask('tara', 'ledger reader');
    await contain('Ledger / Reader, Vault / Key holder');
    const line = lineIn(await typed('approve R-1001'));
    expect(line).toBe('approve R-1001 version 2');
    const said = await typed(line);
    expect(said).toContain('Includes: Ledger / Reader and Vault / Key holder\n');
    expect(lineIn(said)).toBe('approve R-1001 version 2 openly because …');
    await world.say('ana', 'approve R-1001 openly because fine');
    expect(await reasons()).toEqual([]);
    await world.say('ana', lineIn(said).replace('…', 'fine'));
    expect(await reasons()).toMatchObject([{ reason: 'fine' }]);
  });

  test('a step that was not meant is shown, and no form for it', async () => {
    await world.configure(TWICE, true);
    await ask('tara', 'ledger reader');
    await world.say('ana', 'approve R-1001');
    for (const line of ['approve R-1001 because fine', 'approve R-1001 step 1 because fine', 'approve R-1001 fine'])
      expect(sentenceOf(await world.say('ana', line))).toContain('R-1001 is at step 2');
    const line = lineIn(await typed('approve R-1001 step 2 because fine'));
    expect(line).toBe('approve R-1001 step 2 openly because fine');
    await world.say('ana', line);
    expect(await reasons()).toMatchObject([{ n: 1 }, { n: 2, reason: 'fine' }]);
  });
});

test('what a reason says of a step or a version is a part of it', async () => {
  await ask('tara', 'ledger reader');
  for (const words of ['no SAP 4 step 9, please', 'Python 3 version 7'])
    expect(textOf(cardOf(await world.say('ana', `deny R-1001 step 1 ${words}`)))).toContain(`: ${words}`);
  await world.say('ana', 'approve R-1001 openly because Python 3 version 7 and SAP 4 step 9 are ours');
  expect(await world.sql('select reason from decisions')).toEqual([
    { reason: 'Python 3 version 7 and SAP 4 step 9 are ours' },
  ]);
});

test('why it was approved is read by nobody where those who wrote it were not told who would', async () => {
  await ask('tara', 'ledger reader');
  await world.say('ana', 'approve R-1001 openly because he leaves in May anyway');
  // As a release before kept what was typed.
  await world.sql(`update decisions set shown = shown - 'readers'`);
  await world.settle();
  expect(await world.sql('select reason from decisions')).toEqual([{ reason: 'he leaves in May anyway' }]);
  expect(textOf(latest('tara').card)).not.toContain('in May');
  for (const user of ['tara', 'olga', 'ana'])
    expect(textOf(cardOf(await world.say(user, 'R-1001')))).not.toContain('in May');
});

test('whoever decides may read all that is held already, page by page', async () => {
  await ask('tom', 'ledger auditor', {});
  const tools = Array.from({ length: 30 }, (_, n) => `Tool ${String(n + 1).padStart(2, '0')}`);
  await world.configure(
    `catalogs:\n  - name: Finance\n    packages:\n${tools.map((name) => `      - { name: ${name}, roles: [Ledger / Reader] }\n`).join('')}`,
  );
  await world.sql(
    `insert into assignments select (jsonb_populate_record(a, jsonb_build_object('id', usher_id(), 'package_id', p.id))).*
     from assignments a, packages p where p.name like 'Tool %'`,
  );
  await ask('tom', 'ledger reader');
  expect(textOf(latest('ana').card)).toContain('and 26 more');
  const details = cardOf(await world.press('ana', latest('ana').card, 'Details'));
  const first = cardOf(await world.press('ana', details, 'All that is held'));
  expect(textOf(first)).toContain('What Tom Berg holds already\nLedger auditor\nTool 01');
  const second = cardOf(await world.press('ana', first, 'Next'));
  expect(textOf(second)).toContain('Tool 20\nTool 21');
  expect(textOf(second)).toContain('Tool 30');
  expect(textOf(cardOf(await world.press('ana', second, 'Previous')))).toBe(textOf(first));
  await world.press('ana', latest('ana').card, 'Approve');
  expect(sentenceOf(await world.press('ana', details, 'All that is held'))).toContain('out of date');
});

describe('what is kept with a decision (rule 3.27)', () => {
  const shown = async () =>
    (await world.sql<{ shown: Record<string, unknown> }>('select shown from decisions order by id')).map(
      (row) => row.shown,
    );

  test('the card, what it said, and the versions that were decided on', async () => {
    await ask('tara', 'ledger reader');
    const { card } = latest('ana');
    const [drawn] = await world.sql<{ hash: string }>('select hash from cards where id = $1', [card.id]);
    await world.press('ana', card, 'Approve');
    const [kept] = await shown();
    const [row] = await world.sql<{ policy: string; content: string }>(
      'select policy_version_id as policy, package_version_id as content from requests',
    );
    expect(kept).toMatchObject({
      surface: 'web',
      card: card.id,
      version: 1,
      hash: drawn?.hash,
      policyVersion: row?.policy,
      packageVersion: row?.content,
      data: { open: true },
    });
    expect(JSON.stringify(kept?.['data'])).toContain('month end');
  });

  test('a denial by form keeps the card that opened the form, and not what a client claims', async () => {
    await ask('tara', 'ledger reader');
    const { card } = latest('ana');
    const form = cardOf(await world.press('ana', card, 'Deny'));
    await world.submit('ana', form, { reason: 'no', shown: '{"card":"mine"}' });
    const [kept] = await shown();
    expect(kept).toMatchObject({ surface: 'web', card: card.id, version: 1, data: { open: true } });
  });

  test('the details of a request, decided on where they were read', async () => {
    await ask('tara', 'ledger reader');
    expect([...buttons(cardOf(await world.say('tara', 'R-1001'))).keys()]).toEqual(['Cancel request']);
    const details = cardOf(await world.say('ana', 'R-1001'));
    expect([...buttons(details).keys()]).toEqual(['Approve', 'Deny']);
    expect(sentenceOf(await world.press('tom', details, 'Approve'))).toBe(
      'You are not asked to decide R-1001. Type “approvals” to see what waits for you.',
    );
    expect(sentenceOf(await world.press('ana', details, 'Approve'))).toBe('Done. R-1001 is approved.');
    expect(await shown()).toMatchObject([
      { surface: 'web', card: details.id, version: 1, view: 'request', data: { mayDecide: true } },
    ]);
    expect([...buttons(cardOf(await world.say('ana', 'R-1001'))).keys()]).toEqual([]);
    expect(sentenceOf(await world.press('ana', details, 'Deny'))).toBe('You approved R-1001 already.');
  });

  test('an answer that stands as a message changes like what was told; only what cannot says of when it is', async () => {
    await ask('tara', 'ledger reader');
    const asOf = /As of \w+ \d+ .*\. This copy stays as it is: type “R-1001” to see what has become of it\./;
    const told = latest('ana');
    const replies = [
      ['ana', await world.say('ana', 'R-1001')],
      ['ana', await world.press('ana', told.card, 'Details')],
      ['tara', await world.say('tara', 'R-1001')],
    ] as const;
    const copies = [];
    for (const [user, reply] of replies) {
      expect(textOf(cardOf(reply))).not.toMatch(asOf);
      expect(textOf(followOf(reply).still)).toMatch(asOf);
      copies.push(await world.stands(user, reply));
    }
    await world.press('ana', told.card, 'Approve');
    await world.settle();
    for (const { to, card } of [...copies, told]) {
      expect(textOf(card)).toMatch(/You approved this|Ana Ruiz approved/);
      expect([...buttons(card).keys()]).not.toContain(to === 'ana' ? 'Approve' : 'Cancel request');
      expect(textOf(card)).not.toMatch(asOf);
    }
  });

  test('what was typed says so', async () => {
    await ask('tara', 'ledger reader');
    await world.say('ana', 'deny R-1001 because not now');
    expect(await shown()).toMatchObject([{ surface: 'typed', platform: 'web', card: null, version: null }]);
  });
});

describe('stand-ins (rule 3.5)', () => {
  test('the requestor is told in the form, on the card and in what happened', async () => {
    await world.configure(
      'catalogs:\n  - name: Finance\n    packages:\n      - name: Ledger reader\n        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: tara }], expires: 30 days }]\n',
    );
    const told = 'Olga Petrov stands in: too few of the usual approvers can decide this.';
    expect(textOf(cardOf(await world.say('tara', 'request ledger reader')))).toContain(told);
    await ask('tara', 'ledger reader');
    const card = textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(card).toContain(told);
    expect(card).toContain('Too few of the usual approvers: others stand in');
  });
  test('too few are left of those who must decide: whoever asked reads what to do, and who was asked what happened', async () => {
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Two eyes
        roles: [Ledger / Reader]
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana, ben], approvalsRequired: 2 }], expires: 30 days }]
`);
    await ask('olga', 'two eyes', { reason: 'x' });
    for (const [key, name] of [
      ['ana', 'Ana Ruiz'],
      ['ben', 'Ben Okoye'],
    ] as const) {
      await world.configure(`people:\n  - { key: ${key}, name: ${name}, enabled: false }\n`);
      await world.settle();
    }
    const why =
      'There are too few people who may approve Two eyes here: nobody decides for themselves. Ask an administrator to name another approver.';
    expect(textOf(latest('olga').card)).toContain(
      `Too few people were left who may decide this, so it was closed.\n${why}`,
    );
    expect(sentenceOf(await world.say('olga', 'request two eyes'))).toBe(why);
    expect(textOf(latest('ada').card)).toContain(
      'Too few people were left who may decide this, so it was closed. Nothing to do.',
    );
  });

  test('nobody is said to stand in where the usual approvers decide', async () => {
    expect(textOf(cardOf(await world.say('tara', 'request ledger reader')))).not.toContain('stands in');
    await ask('tara', 'ledger reader');
    expect(textOf(cardOf(await world.say('tara', 'R-1001')))).not.toContain('stand in');
  });
});

describe('what may be known of a package', () => {
  const fill = async (user: string, name: string, target: string) => {
    const [found] = await world.sql<{ id: string }>('select id from packages where name = $1', [name]);
    const [person] = await world.sql<{ id: string }>('select id from people where directory_key = $1', [target]);
    const data = { package: found?.id, target: person?.id };
    return world.conversation.handle(world.inbound(user, { kind: 'press', verb: 'request.fill', data, card: null }));
  };
  const unknown = 'I know no package of that name that you could ask for. Type “request” to search.';

  test('asking for another person names it only to who may know it', async () => {
    for (const name of ['Hidden gem', 'Given only']) expect(sentenceOf(await fill('tara', name, 'ben'))).toBe(unknown);
    for (const name of ['Hidden gem', 'Given only']) expect(sentenceOf(await fill('max', name, 'tara'))).toBe(unknown);
    expect(sentenceOf(await fill('tara', 'Ledger reader', 'ben'))).toContain('You cannot ask for Ledger reader');
    expect(sentenceOf(await fill('olga', 'Given only', 'ben'))).toContain('You cannot ask for Given only');
  });

  test('a manager who asks for somebody learns no name that only that person may know', async () => {
    await world.configure(
      `catalogs:\n  - name: Finance\n    packages:\n${['A', 'B']
        .map(
          (name) =>
            `      - { name: Secret audit ${name}, roles: [Ledger / Reader], policies: [{ name: E, who: tara, expires: 5 days }] }\n`,
        )
        .join('')}`,
    );
    expect(sentenceOf(await world.say('tara', 'request secret'))).toContain('Did you mean');
    expect(sentenceOf(await world.say('max', 'request secret for tara lind'))).toBe(unknown);
    expect(sentenceOf(await world.say('max', 'request secret audit a for tara lind'))).toBe(unknown);
    // Nor that there are two of one name, and where.
    for (const [catalog, resource] of [
      ['Finance', 'Books'],
      ['Legal', 'Files'],
    ])
      await world.configure(
        `catalogs: [{ name: ${catalog}, resources: [{ name: ${resource}, connector: local, roles: [Reader] }], packages: [{ name: Secret audit, roles: [${resource} / Reader], policies: [{ name: E, who: tara, expires: 5 days }] }] }]`,
      );
    expect(sentenceOf(await world.say('tara', 'request secret audit'))).toContain('Secret audit (Legal)');
    expect(sentenceOf(await world.say('max', 'request secret audit for tara lind'))).toBe(unknown);
    // What may be asked for so is found at once, also beside what only the manager may ask for themselves.
    await world.configure(`catalogs:\n  - name: Finance\n    packages:
      - { name: Writing desk, roles: [Ledger / Reader], policies: [{ name: E, who: max, expires: 5 days }] }\n`);
    const form = cardOf(await world.say('max', 'request writ for tara lind'));
    expect(textOf(form)).toContain('Request Ledger writer for Tara Lind');
  });

  test('who may ask for nothing reads that, and fills in no form that finds nothing', async () => {
    const nothing =
      'Nothing is listed for you at the moment. Ask for it by its name, for example “request payroll”, or ask your administrator.';
    expect(buttons(cardOf(await world.say('tom', 'request'))).has('Continue')).toBe(true);
    await world.sql(`update catalogs set state = 'unpublished', version = version + 1`);
    for (const typed of ['request', 'request access', 'package'])
      expect(sentenceOf(await world.say('tom', typed))).toBe(nothing);
  });

  test('what only managers may ask for is listed for managers only (rule 3.19)', async () => {
    await world.configure(
      'catalogs:\n  - name: Finance\n    packages:\n      - name: Team desk\n        roles: [Ledger / Reader]\n        policies: [{ name: E, who: allMembers, selfRequest: false, onBehalf: true, expires: 5 days, reason: optional }]\n',
    );
    const found = async (user: string) => {
      const [row] = await world.sql<{ id: never }>('select id from people where directory_key = $1', [user]);
      if (!row) throw new Error('nobody');
      return (await world.desk.views.searchPackages(row.id, 'team', 5, null)).rows.map((one) => one.name);
    };
    expect([await found('tara'), await found('max')]).toEqual([[], ['Team desk']]);
    expect(sentenceOf(await world.say('tara', 'request team desk'))).toBe(unknown);
    expect(sentenceOf(await fill('tara', 'Team desk', 'tara'))).toBe(unknown);
    const form = cardOf(await world.say('max', 'request team desk for tara lind'));
    expect(buttons(form).has('Submit')).toBe(true);
  });
});

test.each([
  { name: 'east', zone: 'Asia/Tokyo', endsAt: 'T15:00:00.000Z', later: 0 },
  { name: 'west', zone: 'Pacific/Honolulu', endsAt: 'T10:00:00.000Z', later: 1 },
])('who moves $name before the approval keeps the day that was asked for', async ({ zone, endsAt, later }) => {
  const end = await inDays(10);
  await ask('tara', 'ledger reader', { reason: 'x', end });
  await world.configure(
    `people:\n  - { key: tara, name: Tara Lind, email: tara@woodgrove.example, timeZone: ${zone}, manager: max }\n`,
  );
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
  const lastsUntil = new Date(new Date(`${end}${endsAt}`).getTime() + later * DAY);
  expect(await world.sql(`select ends_at from assignments`)).toEqual([{ ends_at: lastsUntil }]);
});

test('where the last day is over since its person moved, the request is still read, as it was asked, and decided', async () => {
  // In the evening in Berlin, when Auckland has tomorrow.
  const [wait] = await world.sql<{ ms: number }>(`select (extract(epoch from
    (date_trunc('day', usher_now() at time zone 'Europe/Berlin') + interval '42 hours') at time zone 'Europe/Berlin'
    - usher_now()) * 1000)::float8 as ms`);
  await world.pass(wait?.ms ?? 0);
  await ask('tara', 'ledger reader', { reason: 'x', end: await inDays(0) });
  const period = /Period.*/.exec(textOf(latest('ana').card))?.[0] ?? '';
  expect(period).toContain('From approval until');
  await world.configure(
    `people:\n  - { key: tara, name: Tara Lind, email: tara@woodgrove.example, timeZone: Pacific/Auckland, manager: max }\n`,
  );
  for (const user of ['ana', 'tara']) expect(textOf(cardOf(await world.say(user, 'R-1001')))).toContain('Period');
  const typed = cardOf(await world.say('ana', 'R-1001'));
  expect(textOf(typed)).toContain(period);
  expect(sentenceOf(await world.press('ana', latest('ana').card, 'Approve'))).toContain(
    'R-1001 is closed, and Tara Lind was told: the last day that it could give was over before it was decided.',
  );
  await world.settle();
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toMatch(/Denied[^]*Period: From approval until/u);
});

test('whoever comes to those who are asked is named to the others at once, with the time that there is then', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Shared desk
        roles: [Ledger / Reader]
        policies:
          - { name: All, who: allMembers, approval: [{ approvers: { group: Approvers }, decideWithin: 2 days }], expires: 30 days, reason: optional }
`);
  await ask('tara', 'shared desk', {});
  await world.pass(2 * DAY - 2 * 3_600_000);
  const byWhen = (user: string) =>
    /Decide by: (.+)/u.exec(world.messagesTo(user).map(({ card }) => textOf(card))[0] ?? '')?.[1];
  const before = byWhen('ana');
  await world.configure('groups:\n  - { name: Approvers, people: [ana, cas], groups: [Inner approvers] }\n');
  await world.settle();
  expect(byWhen('cas')).toBeDefined();
  expect(byWhen('cas')).not.toBe(before);
  expect([byWhen('ana'), byWhen('ben')]).toEqual([byWhen('cas'), byWhen('cas')]);
  expect(textOf(world.messagesTo('tara')[0]?.card ?? latest('tara').card)).toContain('Cas de Vries');
});

describe('who reads a reason is said where it is written', () => {
  const hintOf = ({ body }: Card) =>
    body
      .flatMap((part) => (part.type === 'Input.Text' && part.placeholder ? [plain(part.placeholder, null)] : []))
      .join(' ');
  const charge = 'approvers and those in charge of the package see this.';

  test('by the form of whoever asks or assigns, who may do it for somebody else', async () => {
    const own = hintOf(cardOf(await world.say('tara', 'request ledger reader')));
    expect(own).toContain('Approvers and those in charge of the package see this.');
    for (const [user, typed] of [
      ['max', 'request ledger writer for tara lind'],
      ['olga', 'assign tara lind to given only'],
    ] as const)
      expect(hintOf(cardOf(await world.say(user, typed)))).toContain(`Tara Lind, ${charge}`);
  });

  test('by the form of whoever denies, also what was asked for somebody else', async () => {
    await ask('tara', 'ledger reader');
    const form = async () => textOf(cardOf(await world.press('ana', latest('ana').card, 'Deny')));
    expect(await form()).toContain('Tara Lind will read your reason. Whoever else was asked, or is in charge');
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger auditor
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: ana }], onBehalf: true, expires: 8 hours }]
`);
    await ask('max', 'ledger auditor for tom berg');
    expect(await form()).toContain('Max Thorn and Tom Berg will read your reason.');
    await world.submit('ana', cardOf(await world.press('ana', latest('ana').card, 'Deny')), { reason: 'no need' });
    await world.settle();
    for (const user of ['max', 'tom']) expect(said(user).at(-1)).toContain('no need');
    expect(textOf(cardOf(await world.say('olga', 'R-1002')))).toContain('no need');
  });
});
