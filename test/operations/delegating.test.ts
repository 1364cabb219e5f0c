// Handing one's approvals to somebody else for a while: offering, answering, deciding for each other, ending (rules 3.4, 3.5, 3.6).
import type { Card } from '../../src/chat/card';
import { aWorld, buttons, cardOf, said, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const DAY = 24 * 3_600_000;
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
  // Noon of the next day: no day is over while a test counts from it.
  await world.sql(`update organization set clock_offset_ms = round(extract(epoch from
    (date_trunc('day', now() at time zone 'Europe/Berlin') + interval '36 hours') at time zone 'Europe/Berlin' - now()) * 1000)`);
});

async function ask(user: string, name = 'ledger reader', values: Record<string, string> = { reason: 'month end' }) {
  const reply = await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
  await world.settle();
  return reply;
}
function latest(user: string): Card {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last.card;
}
const heard = (user: string): string[] => world.messagesTo(user).map(({ card }) => textOf(card).split('\n')[0] ?? '');
const dayIn = async (days: number): Promise<string> => {
  const [row] = await world.sql<{ day: string }>(
    `select to_char(usher_now() at time zone 'Europe/Berlin' + $1 * interval '1 day', 'YYYY-MM-DD') as day`,
    [days],
  );
  return row?.day ?? '';
};
const until = async (days: number): Promise<string> => `until ${await dayIn(days)}`;
const states = () =>
  world.sql(
    `select a.name as from, b.name as to, d.state from delegations d join people a on a.id = delegator_id
     join people b on b.id = delegate_id order by d.id`,
  );
const asked = () =>
  world.sql<{ who: string }>(
    `select concat_ws(' for ', person.directory_key, other.directory_key) as who from approval_tasks t
     join people person on person.id = t.person_id left join people other on other.id = t.for_id
     where t.state = 'open' order by 1`,
  );
const isAsked = async () => (await asked()).map(({ who }) => who);
async function delegate(rest: string, from = 'ana'): Promise<void> {
  cardOf(await world.say(from, `delegate approvals to ${rest}`));
  await world.settle();
}
async function accepted(rest: string, by: string, from = 'ana'): Promise<void> {
  await delegate(rest, from);
  await world.press(by, latest(by), 'Accept');
  await world.settle();
}

test('offered, accepted, asked for what waits already, decided for the other, and told to the requestor', async () => {
  await ask('tara');
  const reply = await world.say('ana', `delegate approvals to cas de vries ${await until(9)}`);
  expect(textOf(cardOf(reply))).toContain('Cas de Vries is asked to decide for you');
  await world.settle();
  expect(heard('cas')).toEqual([expect.stringMatching(/^Ana Ruiz asks you to decide for them until/)]);
  expect(await isAsked()).toEqual(['ana']);

  const accepted = await world.press('cas', latest('cas'), 'Accept');
  expect(textOf(cardOf(accepted))).toContain('You decide for Ana Ruiz until');
  await world.settle();
  expect(heard('ana').at(-1)).toMatch(/^Cas de Vries decides for you until/);
  expect(await isAsked()).toEqual(['ana', 'cas for ana']);

  const card = latest('cas');
  expect(textOf(card)).toMatch(/Why you: You decide for Ana Ruiz until/);
  const hers = world.messagesTo('ana')[0]?.card as Card;
  expect(textOf(hers)).toMatch(/Decides for you: Cas de Vries as well, until/);
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain(
    'Waits for Ana Ruiz or Cas de Vries (for Ana Ruiz)',
  );
  expect(textOf(cardOf(await world.say('cas', 'approvals')))).toContain('for Ana Ruiz');

  await world.press('cas', card, 'Approve');
  await world.settle();
  expect(
    await world.sql(`select p.directory_key as by, o.directory_key as for from decisions d
    join people p on p.id = d.person_id join people o on o.id = d.for_id`),
  ).toEqual([{ by: 'cas', for: 'ana' }]);
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain('Cas de Vries approved for Ana Ruiz');
  expect(textOf(world.messagesTo('ana')[0]?.card as Card)).toContain('Cas de Vries approved this for you.');
  expect(textOf(latest('cas'))).toContain('You approved this for Ana Ruiz.');
  expect(await world.localRoles.has('tara', 'Ledger', 'Reader', 'root')).toBe(true);
});

test('of the two the second hears who was first, also where they click at once', async () => {
  await accepted(`cas de vries ${await until(9)}`, 'cas');
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: [ana, ben, olga], approvalsRequired: 2 }], expires: 30 days }
`);
  await ask('tara');
  expect(await isAsked()).toEqual(['ana', 'ben', 'cas for ana', 'olga']);
  const cards = { ana: latest('ana'), cas: latest('cas') };
  const replies = await Promise.all([
    world.press('ana', cards.ana, 'Approve'),
    world.press('cas', cards.cas, 'Approve'),
  ]);
  const [late] = replies.map(sentenceOf).filter((text) => text.includes('Nothing was changed'));
  expect(late).toMatch(
    /^(Cas de Vries approved R-1001 for you on .*|R-1001 is decided for Ana Ruiz already: Ana Ruiz approved it on .*)\. Nothing was changed\.$/,
  );
  expect(await world.sql('select count(*)::integer as n from decisions')).toEqual([{ n: 1 }]);
  await world.settle();
  expect(await isAsked()).toEqual(['ben', 'olga']);
  for (const user of ['ana', 'cas']) expect(buttons(latest(user)).has('Approve')).toBe(false);
});

describe('who decides for two', () => {
  const decisions = () =>
    world.sql(`select p.directory_key as by, o.directory_key as for, d.decision, d.shown ->> 'for' = o.id::text as shown
      from decisions d join people p on p.id = d.person_id left join people o on o.id = d.for_id order by d.id`);
  const OF_TWO = (reason: string) => `catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: [ana, ben, olga], approvalsRequired: 3${reason} }], expires: 30 days }
`;
  /** Cas decides for both, and their card says Ana; then she is heard herself. */
  async function spokenFor(reason = ''): Promise<Card> {
    await accepted(`cas ${await until(9)}`, 'cas');
    await accepted(`cas ${await until(9)}`, 'cas', 'ben');
    await world.configure(OF_TWO(reason));
    await ask('tara');
    expect(await isAsked()).toEqual(['ana', 'ben', 'cas for ana', 'olga']);
    const card = latest('cas');
    expect(textOf(card)).toContain('You decide for Ana Ruiz until');
    return card;
  }
  const heardHerself = () => world.say('ana', 'approve R-1001 openly because fine');
  const NOW = 'You decide R-1001 for Ben Okoye now. Nothing was decided: look again, then decide.';

  test('is asked for the other one at once, and speaks in no name that their card did not show', async () => {
    const card = await spokenFor();
    await heardHerself();
    expect(await isAsked()).toEqual(['ben', 'cas for ben', 'olga']);
    const reply = await world.press('cas', card, 'Approve');
    expect(sentenceOf(reply)).toBe(NOW);
    expect(textOf(cardOf(reply))).toContain('You decide for Ben Okoye until');
    expect(await decisions()).toHaveLength(1);
    expect(sentenceOf(await world.press('cas', cardOf(reply), 'Approve'))).toBe(
      'Done for Ben Okoye. One more approval is needed for R-1001.',
    );
    expect((await decisions())[1]).toEqual({ by: 'cas', for: 'ben', decision: 'approve', shown: true });
  });

  test('sees a redrawn card, and hears by typing for whom it was', async () => {
    await spokenFor();
    await heardHerself();
    await world.settle();
    expect(textOf(latest('cas'))).toContain('You decide for Ben Okoye until');
    expect(sentenceOf(await world.say('cas', 'approve R-1001'))).toContain('Done for Ben Okoye.');
    expect((await decisions())[1]).toMatchObject({ by: 'cas', for: 'ben' });
  });

  test.each(['Deny', 'Approve'])(
    'a form of %s says for whom, and once that it is another one by now',
    async (title) => {
      const card = await spokenFor(', approverReason: required');
      const form = cardOf(await world.press('cas', card, title));
      expect(textOf(form)).toContain('You decide for Ana Ruiz until');
      await heardHerself();
      expect(sentenceOf(await world.press('cas', card, title))).toBe(NOW);
      const first = await world.submit('cas', form, { reason: 'mine' });
      expect([first.kind, sentenceOf(first)]).toEqual(['errors', NOW]);
      expect(await decisions()).toHaveLength(1);
      if (first.kind !== 'errors' || first.form === undefined) throw new Error('no form to send');
      expect(textOf(first.form)).toContain('You decide for Ben Okoye until');
      await world.submit('cas', first.form, { reason: 'mine' });
      expect((await decisions())[1]).toMatchObject({ by: 'cas', for: 'ben', shown: true });
    },
  );

  test('is reminded of whom they decide for', async () => {
    await spokenFor();
    await world.pass(8 * DAY);
    expect(textOf(latest('cas'))).toMatch(/^Still waiting for you.*You decide for Ana Ruiz until/s);
    expect(sentenceOf(await world.press('cas', latest('cas'), 'Approve'))).toContain('Done for Ana Ruiz.');
  });
});

test('the key stands behind: no second decision of a voice can be written', async () => {
  await accepted(`cas de vries ${await until(9)}`, 'cas');
  await ask('tara');
  const decide = (user: string) =>
    world.sql(
      `insert into decisions (id, request_id, n, person_id, decision, at, shown)
       select usher_id(), r.id, 1, p.id, 'approve', usher_now(), '{}' from requests r, people p where p.directory_key = $1`,
      [user],
    );
  await decide('cas');
  await expect(decide('ana')).rejects.toMatchObject({ parent: { constraint: 'one_voice' } });
  expect(await world.sql('select for_id is not null as other from decisions')).toEqual([{ other: true }]);
  await world.sql('delete from decisions');
  await world.sql('delete from heard_voices');
});

test('neither whoever asks nor whoever gets it decides, whoever they decide for', async () => {
  await accepted(`tara lind ${await until(9)}`, 'tara');
  await ask('tara');
  expect(await isAsked()).toEqual(['ana']);
  expect(sentenceOf(await world.say('tara', 'approve R-1001'))).toContain('is your own request');
  await ask('tom');
  expect(await isAsked()).toEqual(['ana', 'ana', 'tara for ana']);
  // What is decided for somebody else is not handed on.
  expect(sentenceOf(await world.say('tara', 'delegate approvals'))).toContain('nothing to hand on');
});

describe('typed', () => {
  test.each<{ say: (day: (n: number) => Promise<string>) => Promise<string>; want: unknown }>([
    { say: async (day) => `delegate approvals to Ben Okoye until ${await day(3)}`, want: ['ben', 0, 3, null] },
    {
      say: async (day) => `delegate my approvals to ben from ${await day(2)} until ${await day(3)}, please`,
      want: ['ben', 2, 3, null],
    },
    { say: () => Promise.resolve('Delegate approvals to ben from tomorrow until tomorrow'), want: ['ben', 1, 1, null] },
    {
      say: async (day) => `delegate to ben for ledger reader from today to ${await day(5)}`,
      want: ['ben', 0, 5, 'Ledger reader'],
    },
    {
      say: async (day) => `delegate approvals to ben until ${await day(5)} for "Ledger reader"`,
      want: ['ben', 0, 5, 'Ledger reader'],
    },
    {
      say: async (day) => `delegate approvals to ben until ${await day(5)} for Finance`,
      want: ['ben', 0, 5, 'Finance'],
    },
  ])('a whole command is done at once: $want', async ({ say, want }) => {
    const reply = await world.say('ana', await say(dayIn));
    expect([reply.kind, sentenceOf(reply)]).toEqual(['card', '']);
    const [row] = await world.sql<Record<string, unknown>>(
      `select p.directory_key as who, to_char(first_day, 'YYYY-MM-DD') as first, to_char(last_day, 'YYYY-MM-DD') as last,
         coalesce((select name from packages where packages.id = package_id), (select name from catalogs where catalogs.id = catalog_id)) as scope
       from delegations d join people p on p.id = delegate_id`,
    );
    const [who, first, last, scope] = want as [string, number, number, string | null];
    expect(row).toEqual({ who, first: await dayIn(first), last: await dayIn(last), scope });
  });

  test.each([
    ['delegate approvals', {}],
    ['delegate approvals to', {}],
    ['delegate approvals to Ben Okoye', { delegate: 'Ben Okoye' }],
    ['delegate approvals to ben until the end of the world', { delegate: 'Ben Okoye' }],
    ['delegate approvals to ben until tomorrow for', { delegate: 'Ben Okoye', until: 1 }],
    ['delegate approvals to ben for ledger reader', { delegate: 'Ben Okoye', scope: 'Ledger reader (Finance)' }],
  ])('half a command opens the form with what was said: %s', async (text, want: Record<string, unknown>) => {
    const reply = await world.say('ana', text);
    expect(reply.kind).toBe('form');
    const inputs = cardOf(reply).body.flatMap((one) => ('id' in one ? [one] : []));
    const filled = (id: string) => {
      const input = inputs.find((one) => one.id === id);
      if (input?.type === 'Input.ChoiceSet') return input.choices.map(({ title }) => said(title))[0];
      return input?.type === 'Input.Date' ? (input.value ?? undefined) : undefined;
    };
    expect({
      delegate: filled('delegate'),
      scope: filled('scope'),
      until: filled('until'),
    }).toEqual({ ...want, ...(typeof want['until'] === 'number' ? { until: await dayIn(want['until']) } : {}) });
  });

  test.each([
    ['delegate approvals to ben oko until tomorrow', 'card'],
    ['delegate approvals to ben okoyr until tomorrow', 'I know no “ben okoyr”. Did you mean Ben Okoye?'],
    [
      'delegate approvals to ben until tomorrow for ledgr reader',
      /I know no “ledgr reader”. Did you mean Ledger reader/,
    ],
    ['delegate approvals to ben until tomorrow for the moon', /I know no package or catalog of that name/],
    ['delegate approvals to ana until tomorrow', 'You decide for yourself already. Choose somebody else.'],
    ['delegate approvals to ben until 2020-01-01', 'The last day lies before the start.'],
    ['delegate approvals to ben from 2020-01-01 until tomorrow', /The first day lies in the past/],
    ['delegate approvals to ben until 31 Dec 2099', 'The last day may lie at most 366 days ahead.'],
    ['delegate approvals to ben until 31 Feb 2027', '“31 Feb 2027” is not a date. Use the form 2026-12-31.'],
  ])('%s', async (text, want) => {
    const reply = await world.say('ana', text);
    const answer = sentenceOf(reply) || reply.kind;
    if (typeof want === 'string') expect(answer).toBe(want);
    else expect(answer).toMatch(want);
  });

  test.each([
    ['until', 'The last day lies before the start.'],
    ['until tomorrow from', /The first day lies in the past/],
  ])('a day just past is not the one of next year: %s', async (words, want) => {
    const [, month, day] = (await dayIn(-1)).split('-').map(Number);
    const name = new Date(Date.UTC(2026, (month ?? 1) - 1)).toLocaleString('en', { month: 'short', timeZone: 'UTC' });
    const typed = `delegate approvals to ben ${words} ${day} ${name}`;
    expect(sentenceOf(await world.say('ana', typed))).toMatch(want);
  });

  test('whoever is never asked has nothing to hand on, and finds nobody by it', async () => {
    expect(sentenceOf(await world.say('tara', 'delegate approvals to ben until tomorrow'))).toContain(
      'nothing to hand on',
    );
    expect(sentenceOf(await world.say('tara', 'delegate approvals'))).toContain('nothing to hand on');
    expect(textOf(cardOf(await world.say('tara', 'help all')))).not.toContain('delegate approvals');
    expect(textOf(cardOf(await world.say('ana', 'help all')))).toContain('delegate approvals');
    const search = (user: string, name: string) =>
      world.conversation.handle(world.inbound(user, { kind: 'search', search: name, draft: null, query: 'e' }));
    expect(sentenceOf(await search('tara', 'delegates'))).toBe('');
    expect(sentenceOf(await search('ana', 'delegates'))).toContain('Ben Okoye');
    expect(sentenceOf(await search('ana', 'delegates'))).not.toContain('Ana Ruiz');
    expect(sentenceOf(await search('ana', 'delegable'))).toBe(
      'Ledger reader (Finance), Ledger writer (Finance), Finance (the whole catalog)',
    );
    expect(sentenceOf(await search('tara', 'delegable'))).toBe('');
  });
});

describe('the form', () => {
  const form = async () => cardOf(await world.say('ana', 'delegate approvals to ben'));
  const idOf = async (table: string, name: string) =>
    (await world.sql<{ id: string }>(`select id from ${table} where name = $1`, [name]))[0]?.id ?? '';
  test('is sent once, with a scope', async () => {
    const values = {
      delegate: await idOf('people', 'Ben Okoye'),
      until: await dayIn(3),
      from: '',
      scope: `package:${await idOf('packages', 'Ledger reader')}`,
    };
    const opened = await form();
    await world.submit('ana', opened, values);
    expect(await states()).toEqual([{ from: 'Ana Ruiz', to: 'Ben Okoye', state: 'proposed' }]);
    expect(sentenceOf(await world.submit('ana', opened, values))).toContain('no longer open');
  });

  test.each([
    [{ until: '' }, 'until'],
    [{ until: 'whenever' }, 'until'],
    [{ from: '2020-01-01' }, 'from'],
    [{ scope: 'package:nonsense' }, 'scope'],
    [{ delegate: 'ana' }, 'delegate'],
    [{ scope: 'hidden' }, 'scope'],
  ] as const)('%j is refused at its field', async (wrong: Record<string, string>, field) => {
    const ids: Partial<Record<string, string>> = {
      ana: await idOf('people', 'Ana Ruiz'),
      hidden: `package:${await idOf('packages', 'Hidden gem')}`,
    };
    const given = Object.fromEntries(Object.entries(wrong).map(([key, value]) => [key, ids[value] ?? value]));
    const values = { delegate: await idOf('people', 'Ben Okoye'), until: await dayIn(3), ...given };
    const reply = await world.submit('ana', await form(), values);
    expect(reply.kind === 'errors' ? Object.keys(reply.fields) : reply.kind).toEqual([field]);
    expect(await states()).toEqual([]);
  });
});

describe('no loops', () => {
  test('through others, and for what both are for', async () => {
    const day = await until(9);
    const loops = async (from: string, rest: string) =>
      sentenceOf(await world.say(from, `delegate approvals to ${rest}`)).includes('you would decide for yourself');
    await delegate(`ben ${day} for ledger reader`);
    await delegate(`olga ${day}`, 'ben');
    expect(await loops('olga', `ana ${day} for Finance`)).toBe(true);
    expect(await loops('olga', `ana ${day} for ledger reader`)).toBe(true);
    expect(await loops('olga', `ana ${day} for ledger writer`)).toBe(false);
  });

  test('of two that would make one, offered at once, one is refused', async () => {
    const tomorrow = await until(1);
    const replies = await Promise.all([
      world.say('ana', `delegate approvals to ben ${tomorrow}`),
      world.say('ben', `delegate approvals to ana ${tomorrow}`),
    ]);
    expect(replies.filter((reply) => sentenceOf(reply).includes('decide for yourself'))).toHaveLength(1);
    expect(await states()).toHaveLength(1);
  });

  test('a delegate of the delegate is not asked', async () => {
    await accepted(`ben ${await until(9)}`, 'ben');
    await accepted(`cas ${await until(9)}`, 'cas', 'ben');
    await ask('tara');
    expect(await isAsked()).toEqual(['ana', 'ben for ana']);
  });

  test('the same is not offered twice', async () => {
    await delegate(`ben ${await until(9)}`);
    const again = await world.say('ana', `delegate approvals to ben ${await until(2)} for ledger reader`);
    expect(sentenceOf(again)).toContain('decides this for you then already, or is asked to');
  });
});

describe('what becomes of it', () => {
  test('declined: the delegator hears it, and nothing changed', async () => {
    await ask('tara');
    await delegate(`cas ${await until(9)}`);
    await world.press('cas', latest('cas'), 'Decline');
    await world.settle();
    expect(heard('ana').at(-1)).toBe('Cas de Vries declined to decide for you');
    expect(await isAsked()).toEqual(['ana']);
    expect(sentenceOf(await world.say('cas', 'accept delegation of ana'))).toContain('no such delegation');
  });

  test.each([
    { by: 'ana', other: 'cas', hears: 'You do not decide for Ana Ruiz' },
    { by: 'cas', other: 'ana', hears: 'Cas de Vries does not decide for you' },
  ])(
    'ended early by $by: both cards say so, the other hears it, and the stage follows',
    async ({ by, other, hears }) => {
      await accepted(`cas ${await until(9)}`, 'cas');
      await ask('tara');
      expect(await isAsked()).toEqual(['ana', 'cas for ana']);
      const late = latest('cas');
      const list = cardOf(await world.say(by, 'delegations'));
      const one = cardOf(await world.press(by, list, 'Details'));
      await world.press(by, one, 'Remove');
      // Before anything has followed: the click is looked at.
      expect(sentenceOf(await world.press('cas', late, 'Approve'))).toContain('You are not asked to decide R-1001');
      await world.settle();
      expect(await isAsked()).toEqual(['ana']);
      expect(heard(other).at(-1)).toBe(hears);
      expect(heard(other).filter((text) => text === hears)).toHaveLength(2);
      expect(sentenceOf(await world.press(by, one, 'Remove'))).toContain('over already');
      expect(textOf(cardOf(await world.say('ana', 'delegations')))).toContain('Nobody decides for you');
    },
  );

  test('it begins and is over by itself, without noise, and only its time counts', async () => {
    await accepted(`cas from ${await dayIn(2)} ${await until(3)}`, 'cas');
    await ask('tara');
    expect(await isAsked()).toEqual(['ana']);
    expect(textOf(latest('cas'))).toContain('It begins on');
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 30 days }], expires: 30 days }]
`);
    await world.pass(2 * DAY);
    expect(await isAsked()).toEqual(['ana', 'cas for ana']);
    await ask('tom');
    await world.pass(2 * DAY);
    expect(await isAsked()).toEqual(['ana']);
    expect(await states()).toEqual([{ from: 'Ana Ruiz', to: 'Cas de Vries', state: 'ended' }]);
    expect(heard('ana').filter((text) => text.includes('does not decide'))).toHaveLength(1);
    expect(heard('cas').filter((text) => text.includes('do not decide'))).toHaveLength(1);
    expect(world.messagesTo('cas').map(({ card }) => textOf(card))).toContainEqual(
      expect.stringMatching(/^You do not decide for Ana Ruiz\nIt is over\. Nothing to do\./),
    );
  });

  test('answered and ended by typing, as the plain text says', async () => {
    await delegate(`cas ${await until(9)}`);
    const offered = textOf(latest('cas'));
    expect(offered).toContain('accept delegation of Ana Ruiz');
    expect(offered).toContain('decline delegation of Ana Ruiz');
    expect(textOf(cardOf(await world.say('cas', 'accept delegation of Ana Ruiz')))).toContain(
      'You decide for Ana Ruiz',
    );
    await world.settle();
    expect(textOf(latest('ana'))).toContain('remove delegation of Cas de Vries');
    const ended = await world.say('ana', 'remove delegation of Cas de Vries');
    expect(textOf(cardOf(ended))).toContain('Cas de Vries does not decide for you');
    expect(sentenceOf(await world.say('cas', 'decline delegation'))).toContain('no such delegation');
  });

  test.each([
    { name: 'begun', from: 2, pass: 2 },
    { name: 'begun at once', from: 0, pass: 0.5 },
  ])('an offer that nobody answers is heard of, once, when it has $name', async ({ from, pass }) => {
    await delegate(`cas from ${await dayIn(from)} ${await until(4)}`);
    const before = world.messagesTo('ana').length;
    await world.pass(pass * DAY);
    expect(world.messagesTo('ana')).toHaveLength(before + 1);
    expect(textOf(latest('ana'))).toContain('Until they accept, nobody decides for you.');
    await world.pass(5 * DAY);
    expect(await states()).toMatchObject([{ state: 'ended' }]);
    expect(world.messagesTo('ana')).toHaveLength(before + 1);
  });

  test('an offer that the release before makes or follows is heard of as well, and never begins unaccepted', async () => {
    // What such a release looks for and takes for begun.
    const begun = `select id from delegations where due_at <= usher_now() and until_at > usher_now()`;
    await delegate(`cas ${await until(4)}`);
    await world.sql(
      `insert into delegations (id, delegator_id, delegate_id, first_day, last_day, from_at, until_at, state, due_at, version)
       select usher_id(), ana.id, ben.id, d.first_day, d.last_day, d.from_at, d.until_at, 'proposed', d.until_at, 1
       from delegations d, people ana, people ben
       where ana.directory_key = 'ana' and ben.directory_key = 'ben'`,
    );
    const before = world.messagesTo('ana').length;
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + 5 * 3600000');
    expect(await world.sql(begun)).toEqual([]);
    await world.settle();
    expect(
      world
        .messagesTo('ana')
        .slice(before)
        .map(({ card }) => textOf(card)),
    ).toEqual(Array(2).fill(expect.stringContaining('Until they accept, nobody decides for you.')));
  });

  test('an offer of the last hours of a day is over with it, not later', async () => {
    await world.pass(10 * 3_600_000);
    await delegate(`cas ${await until(0)}`);
    await world.pass(3 * 3_600_000);
    expect(await states()).toMatchObject([{ state: 'ended' }]);
    expect([...buttons(latest('cas')).keys()]).not.toContain('Accept');
  });

  test('an offer that nobody answers is over with its last day', async () => {
    await delegate(`cas ${await until(1)}`);
    const card = latest('cas');
    await world.pass(2 * DAY);
    expect(await states()).toMatchObject([{ state: 'ended' }]);
    expect(heard('ana').filter((text) => text === 'Cas de Vries does not decide for you')).toHaveLength(1);
    expect(textOf(latest('ana'))).toContain('They had not answered when its last day was over.');
    expect(textOf(latest('cas'))).toContain('You had not answered when its last day was over.');
    expect(sentenceOf(await world.press('cas', card, 'Accept'))).toContain('over already');
  });

  test.each([
    { gone: 'cas', hears: 'ana', says: 'Cas de Vries does not decide for you' },
    { gone: 'ana', hears: 'cas', says: 'You do not decide for Ana Ruiz' },
  ])('$gone is disabled: it ends, however soon they are back', async ({ gone, hears, says }) => {
    await accepted(`cas ${await until(9)}`, 'cas');
    await ask('tara');
    const card = latest('cas');
    for (const state of ['disabled', 'enabled'])
      await world.sql('update people set state = $2, version = version + 1 where directory_key = $1', [gone, state]);
    // Also before a job has written it down.
    expect(sentenceOf(await world.press('cas', card, 'Approve'))).toContain('You are not asked to decide R-1001');
    await world.settle();
    expect(await states()).toMatchObject([{ state: 'ended' }]);
    expect(await isAsked()).not.toContain('cas for ana');
    expect(heard(hears)).toContain(says);
  });

  test('an offer that ended because one of the two left does not say that it was not answered in time', async () => {
    await delegate(`cas ${await until(1)}`);
    const card = latest('cas');
    for (const state of ['disabled', 'enabled']) {
      await world.sql(`update people set state = $1, version = version + 1 where directory_key = 'cas'`, [state]);
      await world.settle();
    }
    await world.pass(2 * DAY);
    expect(textOf(cardOf(await world.press('cas', card, 'Accept')))).toContain('It is over. Nothing to do.');
  });

  test('the list is read page by page, to the end and back', async () => {
    const day = await dayIn(9);
    await world.sql(
      `insert into delegations (id, delegator_id, delegate_id, first_day, last_day, from_at, until_at, state, due_at, version)
       select usher_id(), ana.id, cas.id, $1::date, $1::date, $1::date + n * interval '1 minute', $1::date + interval '1 day',
         'accepted', $1::date, 1
       from generate_series(1, 100) n, people ana, people cas where ana.directory_key = 'ana' and cas.directory_key = 'cas'`,
      [day],
    );
    let list = cardOf(await world.say('ana', 'delegations'));
    const rowsOf = (card: Card) =>
      card.body
        .filter(({ type }) => type === 'Container')
        .map((row) => /"delegation":"([^"]+)"/.exec(JSON.stringify(row))?.[1]);
    const pages = [rowsOf(list)];
    for (let page = 1; page < 20 && buttons(list).has('Next'); page += 1) {
      list = cardOf(await world.press('ana', list, 'Next'));
      pages.push(rowsOf(list));
    }
    expect(new Set(pages.flat()).size).toBe(100);
    for (const before of pages.slice(0, -1).reverse()) {
      list = cardOf(await world.press('ana', list, 'Previous'));
      expect(rowsOf(list)).toEqual(before);
    }
    expect(buttons(list).has('Previous')).toBe(false);
  });

  test('what is out of its scope is not asked', async () => {
    await accepted(`cas ${await until(9)} for ledger writer`, 'cas');
    await ask('tara');
    expect(await isAsked()).toEqual(['ana']);
  });

  test.each(['declined', 'ended'])('the name of a hidden package is not told on once it is %s', async (how) => {
    await world.sql(`update packages set hidden = true where name = 'Ledger writer'`);
    await delegate(`cas ${await until(9)} for ledger writer`);
    const card = latest('cas');
    expect(textOf(card)).toContain('Ledger writer');
    await (how === 'declined' ? world.press('cas', card, 'Decline') : world.say('ana', 'remove delegation of cas'));
    await world.settle();
    expect(textOf(latest('cas'))).toContain('Covers: a package');
    expect(textOf(latest('cas'))).not.toContain('Ledger writer');
  });

  test('the name of a hidden package is told on to neither once the delegator does not decide on it', async () => {
    await world.sql(`update packages set hidden = true where name = 'Ledger writer'`);
    await accepted(`cas ${await until(9)} for ledger writer`, 'cas');
    const covers = async (user: string) => textOf(cardOf(await world.say(user, 'delegations')));
    for (const user of ['ana', 'cas']) expect(await covers(user)).toContain('Ledger writer');
    await world.sql(`update packages set name = 'Merger' where name = 'Ledger writer'`);
    await world.sql(
      `update policies set state = 'disabled' where package_id = (select id from packages where name = 'Merger')`,
    );
    for (const user of ['ana', 'cas']) expect(await covers(user)).not.toMatch(/Merger|Ledger writer/);
  });

  test('a delegate of before learns no more of what was asked: not who decided what, nor what somebody holds', async () => {
    await accepted(`cas ${await until(9)}`, 'cas');
    await ask('tara');
    const card = world.messagesTo('cas').at(-1);
    await world.say('ana', 'remove delegation of cas');
    await world.settle();
    await ask('tara', 'ledger auditor');
    await world.configure(
      `catalogs: [{ name: Finance, packages: [{ name: Ledger reader, incompatibleWith: [Ledger auditor] }] }]`,
    );
    await world.sql(`update packages set hidden = true, name = 'Merger' where name = 'Ledger reader'`);
    await world.say('ana', 'approve R-1001');
    await world.settle();
    expect(textOf(latest('ana'))).toContain('does not go together with Ledger auditor, which Tara Lind has');
    for (const seen of [card?.card, cardOf(await world.say('cas', 'R-1001'))]) {
      const words = seen ? textOf(seen) : '';
      expect(words).toContain('You are no longer asked about this.');
      expect(words).not.toMatch(/Merger|Ledger|Ana|approved|denied|given/i);
    }
    for (const typed of ['approve R-1001', 'deny R-1001 because no'])
      expect(sentenceOf(await world.say('cas', typed))).toContain('You are not asked to decide R-1001');
  });

  test('nobody but the two sees or answers it', async () => {
    await delegate(`cas ${await until(9)}`);
    const card = latest('cas');
    for (const title of ['Accept', 'Decline'])
      expect(sentenceOf(await world.press('ben', card, title))).toContain('out of date');
    expect(sentenceOf(await world.press('ana', card, 'Accept'))).toContain('out of date');
    expect(await states()).toMatchObject([{ state: 'proposed' }]);
  });
});
