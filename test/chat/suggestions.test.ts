// What can be tapped instead of typing again: it does what the typed text would do, and no more.
import type { Act } from '../../src/chat/inbound';
import { toMessage } from '../../src/channels/slack/blocks';
import { misfit, toTeams } from '../../src/channels/teams/card';
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf, type World } from '../support/world';
import { doorOf, type Door } from './door';

let world: World;
let door: Door;
beforeEach(async () => {
  world = await aWorld(SMALL);
  door = doorOf(world);
});

const titles = async (user: string, typed: string) => [...buttons(cardOf(await world.say(user, typed))).keys()];
const tap = async (user: string, typed: string, title: string) =>
  world.press(user, cardOf(await world.say(user, typed)), title);

describe('a name that was perhaps meant', () => {
  test.each([
    { user: 'tara', typed: 'request vualt keys', title: 'Vault keys', opens: 'Request Vault keys' },
    { user: 'tara', typed: 'request access to vualt keys', title: 'Vault keys', opens: 'Request Vault keys' },
    { user: 'olga', typed: 'assign tara lnd to given only', title: 'Tara Lind', opens: 'Assign Given only' },
    { user: 'tara', typed: 'package vualt keys', title: 'Vault keys', opens: 'Vault keys' },
  ])('$user: "$typed"', async ({ user, typed, title, opens }) => {
    const opened = await tap(user, typed, title);
    expect(textOf(cardOf(opened)).split('\n')[0]).toBe(opens);
  });

  test('leaves alone what stood beside it', async () => {
    const opened = cardOf(await tap('max', 'request ledgr writer for tara lind', 'Ledger writer'));
    expect(textOf(opened).split('\n')[0]).toBe('Request Ledger writer for Tara Lind');
  });

  test('of several is one of the buttons, and those of one name are told apart', async () => {
    expect(await titles('tara', 'request ledger')).toEqual(
      expect.arrayContaining(['Ledger reader', 'Ledger writer', 'Ledger auditor']),
    );
    await world.configure(`catalogs:
  - name: Sales
    resources: [{ name: Crm, connector: local, owners: olga, roles: [User] }]
    packages:
      - name: Ledger auditor
        description: Of the sales books
        roles: [Crm / User]
        policies: [{ name: E, who: allMembers, expires: 1 hours, reason: optional }]
`);
    const opened = await tap('tara', 'request ledger auditor', 'Ledger auditor (Sales)');
    expect(textOf(cardOf(opened))).toContain('Of the sales books');
  });
});

describe('where more are meant than have a button', () => {
  const books = (name: (n: number) => string) =>
    Array.from(
      { length: 6 },
      (_, n) =>
        `      - { name: ${name(n)}, roles: [Ledger / Reader], policies: [{ name: E, who: allMembers, expires: 1 hours }] }\n`,
    ).join('');
  beforeEach(async () => {
    await world.configure(`catalogs:\n  - name: Finance\n    packages:\n${books((n) => `Books ${n}`)}`);
  });

  test.each(['request books', 'request access to books', 'package books'])(
    '"%s" leads to the search',
    async (typed) => {
      const card = cardOf(await world.say('tara', typed));
      expect(textOf(card)).toContain('Did you mean Books 0, Books 1, Books 2 or Books 3? There are more: type more of');
      expect([...buttons(card).keys()]).toEqual(['Books 0', 'Books 1', 'Books 2', 'Books 3', 'Request access']);
      expect(textOf(cardOf(await world.press('tara', card, 'Request access')))).toContain('Request access');
    },
  );

  test('assigning searches among what may be assigned', async () => {
    const card = cardOf(await world.say('olga', 'assign tara lind to books'));
    expect([...buttons(card).keys()]).toEqual(['Books 0', 'Books 1', 'Books 2', 'Books 3', 'Assign']);
    expect(textOf(cardOf(await world.press('olga', card, 'Assign')))).toContain('Assign access');
  });

  test('and where all have one, there is nothing to search', async () => {
    expect(await titles('tara', 'request vualt keys')).toEqual(['Vault keys']);
  });
});

describe('a command that was perhaps meant', () => {
  test('keeps what followed it', async () => {
    expect(await titles('tara', 'reqest Vault keys')).toEqual(['request Vault keys', 'Help']);
    expect(textOf(cardOf(await tap('tara', 'reqest Vault keys', 'request Vault keys')))).toContain(
      'Request Vault keys',
    );
  });

  test('decides once, as if it had been typed, and only for who may', async () => {
    await door.ask('tara');
    const before = await door.state();
    expect(sentenceOf(await tap('tom', 'aprove R-1001', 'approve R-1001'))).toBe(
      'You are not asked to decide R-1001. Type “approvals” to see what waits for you.',
    );
    expect(sentenceOf(await tap('tara', 'aprove R-1001', 'approve R-1001'))).toContain('your own request');
    expect(await door.state()).toEqual(before);

    const card = cardOf(await world.say('ana', 'aprove R-1001'));
    expect(sentenceOf(await world.press('ana', card, 'approve R-1001', 'one-click'))).toBe('Done. R-1001 is approved.');
    expect(sentenceOf(await world.press('ana', card, 'approve R-1001', 'one-click'))).toBe('Done. R-1001 is approved.');
    expect(sentenceOf(await world.press('ana', card, 'approve R-1001'))).toBe('You approved R-1001 already.');
    expect(await world.sql("select decision, shown ->> 'surface' as surface from decisions")).toEqual([
      { decision: 'approve', surface: 'typed' },
    ]);
  });
});

test('whether it may be asked for is looked at when the suggestion is tapped', async () => {
  const card = cardOf(await world.say('tara', 'request vualt keys'));
  await world.configure('catalogs:\n  - { name: Finance, published: false }\n');
  const refused = await world.press('tara', card, 'Vault keys');
  expect(refused.kind).not.toBe('form');
  expect(textOf(cardOf(refused))).not.toContain('Reason');
});

test.each([
  ['tara', 'qwertz', 'Help', 'What I can do'],
  ['tara', 'request qwertz', 'Request access', 'Request access'],
  ['tara', 'R-9999', 'My requests', 'Your requests'],
  ['tara', 'extend qwertz', 'My access', 'Your access'],
  ['tara', 'assign tom to given only', 'Help', 'What I can do'],
  ['olga', 'assign olga petrov to given only', 'Request access', 'Request access'],
])('%s: "%s" names its next step as a button: %s', async (user, typed, title, shown) => {
  const card = cardOf(await tap(user, typed, title));
  expect(card.summary.map((span) => ('text' in span ? span.text : '')).join('') + textOf(card)).toContain(shown);
});

test('what is asked for already can be looked at', async () => {
  await door.ask('tara');
  expect(textOf(cardOf(await tap('tara', 'request ledger reader', 'Details')))).toContain('R-1001 · Ledger reader');
});

describe('what somebody else does not have', () => {
  test.each(['remove tara lind from given only', 'reprocess tara given only'])(
    '"%s" leads to what they have',
    async (typed) => {
      const card = cardOf(await world.say('olga', typed));
      expect(textOf(card)).toContain(
        'Tara Lind does not have Given only now. Choose another package, or another person.',
      );
      const form = cardOf(await world.press('olga', card, `${typed.split(' ')[0]} Tara Lind`));
      expect(textOf(form)).toContain('Tara Lind');
      expect(form.name).toBe('request-find');
    },
  );

  test('and is asked for leads to the request', async () => {
    await door.ask('tara');
    const card = cardOf(await world.say('olga', 'remove tara lind from ledger reader'));
    expect(textOf(card)).toContain('does not have Ledger reader yet: R-1001 asks for it.');
    expect(textOf(cardOf(await world.press('olga', card, 'Details')))).toContain('R-1001 · Ledger reader');
  });
});

test('a tap opens a form where the typed text would', () => {
  const opens = (data: Record<string, unknown>) =>
    world.conversation.opensForm({ kind: 'press', verb: 'typed.run', data, card: null });
  expect(opens({ text: 'request vault keys' })).toBe(true);
  expect(opens({ text: 'my access' })).toBe(false);
  expect(opens({})).toBe(false);
});

test('in Teams a suggestion that opens a form asks for a dialog, and one that does not is answered in place', async () => {
  const card = cardOf(await world.say('tara', 'reqest vault keys'));
  const { actions } = toTeams(card, {
    opensForm: (verb, data) => world.conversation.opensForm({ kind: 'press', verb, data, card: null }),
  }) as unknown as { actions: { type: string; title: string; data: Record<string, unknown> }[] };
  expect(actions.map(({ type, title, data }) => [title, type, data['msteams']])).toEqual([
    ['request vault keys', 'Action.Submit', { type: 'task/fetch' }],
    ['Help', 'Action.Execute', undefined],
  ]);
});

test('a text that is too long for a button, or that a client could take for a template, is only said', async () => {
  const long = cardOf(await world.say('tara', `reqest ${'x'.repeat(400)}`));
  const marked = cardOf(await world.say('tara', 'reqest ${danger} {{DATE(2026)}}'));
  for (const card of [long, marked]) {
    expect([...buttons(card).keys()]).toEqual(['Help']);
    expect(misfit(card)).toBeNull();
    expect(toMessage(card).blocks.length).toBeGreaterThan(0);
  }
});

test.each([{}, { text: 7 }, { text: '' }, { text: 'help'.repeat(100) }, { text: ['help'] }])(
  'a made-up tap is refused like any other card that is none of ours: %j',
  async (data) => {
    const act: Act = { kind: 'press', verb: 'typed.run', data, card: null };
    expect(sentenceOf(await door.knock('tara', act))).toContain('This card is out of date.');
  },
);
