// X20, X21, X25-X27, X33, X34, X53, X54: what people write, as data for every reader behind it.
import type { SlackView } from '../support/slack-server';
import { startAttacked, teamsTextOf, until, wordsOf, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked();
});
afterAll(() => whole.stop());

/** Asks for a package in Slack and takes the request back again; gives what was stored as its reason, or what was said instead. */
async function reasonKept(name: string, reason: string): Promise<{ stored: string | null; said: string }> {
  const { slack } = whole;
  await whole.rested();
  await slack.command('U0ADA', `request ${name}`);
  const form = await whole.slackView('U0ADA', `Request ${name}`);
  const sent = await slack.submit(form, { Reason: reason });
  if (sent.errors !== null) {
    slack.close(form);
    return { stored: null, said: Object.values(sent.errors).join() };
  }
  await until('the answer', () => wordsOf(slack.viewOf('U0ADA') ?? form).includes('is on its way'));
  const [row] = await whole.sql<{ number: number; reason: string | null }>(
    `select r.number, r.reason from requests r join packages p on p.id = r.package_id where p.name = '${name}' order by r.number desc limit 1`,
  );
  await whole.idle();
  // By an owner, so that nobody is seen asking and taking back.
  await whole.sql(
    `update requests set state = 'canceled', completed_at = now(), version = version + 1 where number = ${row?.number}`,
  );
  return { stored: row?.reason ?? null, said: '' };
}

const INJECTIONS = [
  `'; drop table requests; --`,
  `' or '1'='1`,
  `") or 1=1 --`,
  `$1`,
  `\\'; select pg_sleep(10); --`,
  `:reason`,
  `?`,
  `{{constructor}}`,
  `%27%20or%201=1`,
  `'||(select string_agg(reason, ',') from requests)||'`,
  `Robert'); DELETE FROM people WHERE ('1'='1`,
];

test('X20: SQL in every text field, name, search, cursor and sort key is text, or refused', async () => {
  const { slack, teams, ben } = whole;
  const since = whole.lines.length;
  const tables = await whole.sql(`select count(*)::int as n from pg_tables where schemaname = 'public'`);
  const people = await whole.sql('select count(*)::int as n from people');
  for (const text of INJECTIONS) {
    expect(await reasonKept('Payroll', text)).toEqual({ stored: text, said: '' });
    await whole.rested();
    for (const line of [
      'request',
      'package',
      'extend',
      'give up',
      'cancel',
      'approve',
      'deny R-1 because',
      'ask again',
      'who has',
    ])
      expect((await slack.command('U0ADA', `${line} ${text}`)).status).toBe(200);
    await whole.rested();
    await slack.command('U0ADA', 'request access');
    const form = await whole.slackView('U0ADA', 'Request access');
    expect(await slack.options(form, 'Access package', text)).toEqual([]);
    slack.close(form);
    for (const verb of ['requests.list', 'access.list', 'approvals.list'])
      await whole.forge('U0ADA', verb, { data: { page: text, sort: text, order: text, filter: text } });
    for (const dataset of [`packages/${text}`, text, `people/${text}`])
      expect(
        (
          await teams.invoke(ben, 'application/search', {
            queryText: text,
            dataset,
            queryOptions: { skip: text, top: text },
          })
        ).status,
      ).toBe(200);
    expect((await teams.say(ben, text)).status).toBe(200);
  }
  await whole.idle();
  expect(await whole.sql(`select count(*)::int as n from pg_tables where schemaname = 'public'`)).toEqual(tables);
  expect(await whole.sql('select count(*)::int as n from people')).toEqual(people);
  expect(whole.lines.slice(since).filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('X20: every other text that is kept is kept as it was written: answers, denials, approvals, notes, exceptions, giving up', async () => {
  const { slack } = whole;
  const since = whole.lines.length;
  const tables = await whole.sql(`select count(*)::int as n from pg_tables where schemaname = 'public'`);
  const newest = async (what: string, from: string): Promise<unknown> =>
    (await whole.sql<{ it: unknown }>(`select ${what} as it from ${from} limit 1`))[0]?.it;
  const settled = async (): Promise<void> => {
    await whole.rested();
    await whole.idle();
  };
  /** The form that a typed line opens, in the place of whatever is open. */
  const opened = async (typed: string, words: string): Promise<SlackView> => {
    const open = slack.viewOf('U0ADA');
    if (open !== null) slack.close(open);
    await slack.command('U0ADA', typed);
    return whole.slackView('U0ADA', words);
  };
  const asks = async (name: string, values: Record<string, string>, words = `request ${name}`): Promise<number> => {
    await whole.rested();
    await slack.submit(await opened(words, name), values);
    await whole.slackView('U0ADA', 'R-');
    await settled();
    return (await whole.request(name)).number;
  };
  const text = `${INJECTIONS[0]}\n${INJECTIONS[9]}`;
  const line = text.replace('\n', ' ');
  const denied = await asks('Questions', {
    Reason: text,
    'Which office?': line,
    'What for?': text,
  });
  expect(await newest('answers', `requests where number = ${denied}`)).toEqual({
    'which-office': line,
    'what-for': text,
  });
  await slack.command('U0CLEO', `deny R-${denied} because ${line}`);
  await settled();
  expect(await newest('reason', 'decisions order by at desc')).toBe(line);
  const approved = await asks('Questions', { Reason: text, 'Which office?': 'here' });
  await slack.command('U0CLEO', `approve R-${approved} openly because ${line}`);
  await settled();
  expect(await newest(`decision || ' ' || reason`, 'decisions order by at desc')).toBe(`approve ${line}`);
  await slack.submit(await opened('give up Questions', 'Give up'), { reason: text });
  await settled();
  expect(await newest('reason', `requests where type = 'userRemove' order by number desc`)).toBe(text);

  await asks('By hand', {});
  const [task] = await whole.sql<{ number: number }>('select number from manual_tasks order by number desc limit 1');
  await slack.command('U0MIA', `done T-${task?.number} because ${line}`);
  await settled();
  expect(await newest('note', 'manual_tasks order by number desc')).toBe(line);

  await asks('One side', {});
  const excused = await asks('Other side', { Reason: text }, 'ask exception Other side');
  await slack.command('U0MIA', `approve R-${excused}`);
  await settled();
  expect(await newest('reason', `incompatibility_exceptions where state = 'active'`)).toBe(text);

  expect(await whole.sql(`select count(*)::int as n from pg_tables where schemaname = 'public'`)).toEqual(tables);
  expect(whole.lines.slice(since).filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('X21: the wildcards of LIKE are letters like others in a search', async () => {
  const { slack } = whole;
  await slack.command('U0ADA', 'request access');
  const form = await whole.slackView('U0ADA', 'Request access');
  const found = (query: string) => slack.options(form, 'Access package', query);
  expect((await found('Pay')).map(({ title }) => title)).toEqual(['Payroll']);
  for (const query of ['%', '_', '\\', '%%', 'P%', 'P_yroll', 'Pay\\', '\\%', '%roll', '[P]ay', 'Pay*', 'Pay.'])
    expect([query, await found(query)]).toEqual([query, []]);
});

const MENTIONS = [
  '<!channel> <!here> <!everyone>',
  '<@U0CLEO> <@U0ADA|Ada>',
  '<!subteam^S012345>',
  '<#C0TEAM|team>',
  '<http://evil.example|https://bank.example>',
  '<mailto:a@evil.example|support>',
  '@everyone @channel @here',
  '<at>everyone</at>',
  '[bank](http://evil.example)',
  '![x](http://evil.example/x.png)',
  '*bold* _it_ ~gone~ `code`',
];

test('X25: mentions, links and Markdown in a reason are shown as they were written, and nobody is called', async () => {
  const { slack, ben } = whole;
  for (const text of MENTIONS) {
    await whole.rested();
    await slack.command('U0ADA', 'request Taxes');
    await slack.submit(await whole.slackView('U0ADA', 'Request Taxes'), { Reason: text });
    await whole.slackView('U0ADA', 'is on its way');
    await whole.idle();
    const inSlack = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Taxes');
    const inTeams = await whole.teamsMessage(ben, 'Ada Stone asks for Taxes');
    const blocks = JSON.stringify(inSlack.blocks) + inSlack.text;
    // Slack's own signs, unescaped, are what calls people and makes links; only its date form is ours.
    expect(blocks.match(/<(?!!date\^)[!@#a-z]/g)).toBeNull();
    // What Teams would read as a mention comes with an entity; there is none, and no link in Markdown.
    expect(JSON.stringify(inTeams)).not.toContain('"mention"');
    expect(teamsTextOf(inTeams)).not.toMatch(/\]\(http/);
    await slack.command('U0ADA', `cancel R-${(await whole.request('Taxes')).number}`);
    await whole.idle();
  }
});

test('X26: turned, invisible, look-alike, piled and broken characters are cleaned or refused, and read by approvers as they are', async () => {
  const marks = 'a' + '\u0301'.repeat(1_900);
  const texts: { give: string; want: string | null }[] = [
    { give: 'invoice\u202Efdp.exe', want: 'invoice\u202Efdp.exe' },
    { give: 'pay\u200Bpal', want: 'pay\u200Bpal' },
    { give: 'раypal', want: 'раypal' },
    { give: marks, want: marks },
    { give: 'half \uD83D here', want: 'half  here' },
    { give: 'nul \u0000 here', want: 'nul  here' },
    { give: 'bell \u0007\u001b[31mred', want: 'bell [31mred' },
    { give: '\u200B\u200D\u2060\uFEFF', want: null },
    { give: '\u202E\u2066', want: null },
  ];
  for (const { give, want } of texts) {
    const kept = await reasonKept('Budget', give);
    expect([give, kept.stored]).toEqual([give, want]);
    if (want === null) expect(kept.said).toContain('why this is needed');
  }
  // A turned text is closed again, so that it turns nothing beside it; ten thousand marks do not fit and are told so.
  const card = whole.slack.messagesOf('U0CLEO').find((one) => JSON.stringify(one.blocks).includes('\u202E'));
  const around = JSON.stringify(card?.blocks);
  expect(around).toMatch(/\u2068[^\u2069]*\u202E[^\u2069]*\u202C\u2069/);
  const many = await reasonKept('Budget', 'a' + '\u0301'.repeat(10_000));
  expect([many.stored, many.said]).toEqual([null, expect.stringContaining('at most')]);
});

test('X27: line ends and terminal codes in names, ids and texts stay inside one record of the log', async () => {
  const { slack, teams } = whole;
  const forged = `x\r\n{"level":"error","msg":"forged"}\n\u001b[2J\u001b]0;owned\u0007`;
  const lines = whole.lines.length;
  const ana = { ...teams.person('Ana'), name: forged };
  await teams.say(ana, forged);
  await slack.command('U0ADA', forged);
  await slack.command('U0ADA', 'help', { command: forged });
  await whole.forge('U0ADA', forged, forged);
  await slack.event({ type: forged, channel_type: 'im', user: 'U0ADA' });
  await slack.deliver({ kind: 'interactive', body: { type: forged, team: { id: slack.team }, user: { id: 'U0ADA' } } });
  await slack.command('U0ADA', 'help', { team_id: forged });
  await whole.slackPost('x', {
    'content-type': 'application/json',
    'x-slack-signature': 'x',
    'x-slack-request-timestamp': '1',
  });
  await whole.idle();
  const written = whole.lines.slice(lines);
  expect(written.length).toBeGreaterThan(5);
  for (const line of written) {
    expect(
      line.endsWith('\n') && !line.slice(0, -1).includes('\n') && !line.includes('\u001b') && !line.includes('\r'),
    ).toBe(true);
    expect((JSON.parse(line) as { msg?: string }).msg).not.toBe('forged');
  }
});

test('X33: a text that is too long is refused with the limit, and what is stored is shown below every limit of a card', async () => {
  const { slack, teams, ana } = whole;
  for (const length of [2_001, 3_000, 40_001]) {
    const { stored, said } = await reasonKept('Archive', 'x'.repeat(length));
    expect([length, stored]).toEqual([length, null]);
    expect(said).toContain('at most 2000 characters');
  }
  const much = await slack.submit(
    await (async () => {
      await slack.command('U0ADA', 'request Archive');
      return whole.slackView('U0ADA', 'Request Archive');
    })(),
    { Reason: 'x'.repeat(1024 * 1024) },
  );
  expect(much.status).toBe(413);
  const open = slack.viewOf('U0ADA');
  if (open !== null) slack.close(open);
  expect((await reasonKept('Archive', 'x'.repeat(2_000))).stored).toHaveLength(2_000);
  // In Teams, and typed.
  await teams.say(ana, 'request archive');
  const dialog = await teams.openDialog(ana, await whole.teamsMessage(ana, 'Continue'), 'Continue');
  const refused = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x'.repeat(40_001) });
  expect(JSON.stringify(refused.body)).toContain('at most 2000 characters');
  const huge = JSON.stringify(teams.activity(ana, { type: 'message', text: 'y'.repeat(300_000) }));
  const authorization = `Bearer ${teams.tokens.token(teams.urls.serviceUrl)}`;
  expect((await whole.teamsPost(huge, { authorization })).status).toBe(413);
  expect((await slack.command('U0ADA', `request ${'z'.repeat(40_001)}`)).status).toBe(200);
  // Every message was looked at by the stand-ins with the limits of their platforms.
  await whole.idle();
  expect(await whole.sql(`select error from outgoing where state = 'dead' and error <> 'unreachable'`)).toEqual([]);
});

test('X34, row 17: a list that no card could hold is cut into pages, and nothing of it is lost', async () => {
  const { slack } = whole;
  // As many requests of one person as nobody has, with reasons as long as they may be.
  await whole.sql(`
    insert into requests (id, type, state, requestor_id, target_id, package_id, package_version_id, policy_version_id, zone, reason, created_at, completed_at, version)
    select overlay(r.id::text placing lpad(to_hex(n), 12, '0') from 25)::uuid, r.type, 'canceled', r.requestor_id, r.target_id, r.package_id,
      r.package_version_id, r.policy_version_id, r.zone, repeat('long reason ', 160), r.created_at, r.created_at, 2
    from (select * from requests where target_id = (select id from people where directory_key = 'ada') order by number limit 1) r, generate_series(1, 60) n`);
  const seen = new Set<string>();
  const [{ count } = { count: 0 }] = await whole.sql<{ count: number }>(
    `select count(*)::int from requests where target_id = (select id from people where directory_key = 'ada')`,
  );
  expect(count).toBeGreaterThan(60);
  const { body } = await slack.command('U0ADA', 'my requests');
  let message = await until('the list', () =>
    slack.messages.findLast((one) => one.onlyFor === 'U0ADA' && wordsOf(one).includes('R-')),
  );
  expect(body).not.toBe('');
  for (let page = 0; page < 20; page += 1) {
    const words = wordsOf(message);
    for (const [number] of words.matchAll(/R-\d+/g)) seen.add(number);
    expect(message.blocks.length).toBeLessThanOrEqual(50);
    if (!JSON.stringify(message.blocks).includes('"Next"')) break;
    const before = words;
    await slack.press('U0ADA', message, 'Next');
    message = await until('the next page', () =>
      slack.messages.find((one) => one.ts === message.ts && wordsOf(one) !== before),
    );
  }
  expect(seen.size).toBe(count);
});

test('X53: dates in the past, in the year 9999, of no calendar or in no zone are refused in words', async () => {
  const { slack } = whole;
  const { readPeriod } = {
    readPeriod: async (start: string, end: string) => {
      await whole.rested();
      await slack.command('U0ADA', 'request Payroll');
      const form = await whole.slackView('U0ADA', 'Request Payroll');
      const sent = await slack.submit(form, { Reason: 'dates', start, end }).catch((error: unknown) => error as Error);
      slack.close(form);
      return sent;
    },
  };
  const before = await whole.state();
  for (const [start, end] of [
    ['2020-01-01', ''],
    ['9999-12-31', ''],
    ['2027-02-29', ''],
    ['2026-13-01', ''],
    ['0000-00-00', ''],
    ['+012026-01-01', ''],
    ['2026-1-1', ''],
    ['1e9', ''],
    ['tomorrow', ''],
    ['', '2020-01-01'],
    ['', '2027-02-29'],
    ['', "2026-01-01'; --"],
  ] as const) {
    const sent = await readPeriod(start, end);
    expect([start, end, sent instanceof Error ? sent.message : Object.keys(sent.errors ?? {}).length]).toEqual([
      start,
      end,
      1,
    ]);
  }
  expect({ ...((await whole.state()) as object), drafts: 0 }).toEqual({ ...(before as object), drafts: 0 });
});

test('X53: a zone that is none, in a profile or sent with a form, is answered in the zone of the directory', async () => {
  const { slack } = whole;
  const since = whole.lines.length;
  for (const tz of [
    'Mars/Phobos',
    'x'.repeat(5_000),
    '+25:00',
    '../../etc/localtime',
    "UTC'; --",
    '',
    7,
    null,
    { a: 1 },
  ]) {
    await whole.rested();
    const user = { id: 'U0DANA', name: 'Dana Reed', email: 'dana@home.example', zone: tz as string };
    slack.addUser(user);
    // Nothing of it is kept from before, so that what the platform says now is asked for.
    await whole.sql(`update identities set zone = null, standing_said_at = null where user_id = 'U0DANA'`);
    await slack.say('U0DANA', 'my requests');
    await slack.command('U0DANA', 'request Payroll');
    const form = await whole.slackView('U0DANA', 'Request Payroll');
    const sent = await slack.submit(form, { Reason: 'zone', start: '2020-01-01' });
    expect(Object.keys(sent.errors ?? {})).toHaveLength(1);
    slack.close(form);
  }
  await whole.idle();
  expect(whole.lines.slice(since).filter((one) => one.includes('"level":"error"'))).toEqual([]);
});

test('X54: a period that is negative, none, or longer than time is refused or cut to what the policy gives, and said', async () => {
  const { slack } = whole;
  for (const hours of ['P1000000Y', '-1', '0', '1e309', 'NaN', '99999999999999999999', '9007199254740993']) {
    await slack.command('U0ADA', 'request Archive');
    const form = await whole.slackView('U0ADA', 'Request Archive');
    // A field that our forms do not have: whoever sends it gets what everybody gets.
    await slack.deliver({
      kind: 'interactive',
      body: {
        type: 'view_submission',
        user: { id: 'U0ADA', team_id: slack.team },
        team: { id: slack.team },
        trigger_id: `hours.${hours}`,
        view: {
          id: form.id,
          hash: form.hash,
          type: 'modal',
          private_metadata: form.view['private_metadata'],
          app_installed_team_id: slack.team,
          state: {
            values: Object.fromEntries(
              [
                ['reason', 'long'],
                ['hours', hours],
                ['duration', hours],
                ['days', hours],
                ['period', hours],
              ].map(([name, value]) => [`in~${name}`, { value: { type: 'plain_text_input', value } }]),
            ),
          },
        },
      },
    });
    slack.close(form);
    await whole.idle();
    const [row] = await whole.sql<{ hours: number | null; ends: Date | null; number: number }>(
      `select asked_hours as hours, asked_ends_at as ends, number from requests order by number desc limit 1`,
    );
    expect([hours, row?.hours, row?.ends]).toEqual([hours, null, null]);
    await whole.sql(
      `update requests set state = 'canceled', completed_at = now(), version = version + 1 where number = ${row?.number}`,
    );
  }
  // An end far behind what the policy gives is cut, and that is told.
  await slack.command('U0ADA', 'request Archive');
  await slack.submit(await whole.slackView('U0ADA', 'Request Archive'), { Reason: 'for ever', end: '9999-12-31' });
  expect(wordsOf(await whole.slackView('U0ADA', 'R-'))).toMatch(/30 days/);
});
