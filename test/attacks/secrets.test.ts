// X31, X51: secrets when calls fail, and systems that say one thing and did another.
import { settingNames, variables } from '../../src/settings';
import { startAttacked, until, type Attacked } from './support';

let whole: Attacked;
/** What the SDKs print beside the log. */
let printed: unknown[];
beforeEach(() => {
  printed = [];
  for (const way of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, way).mockImplementation((...words: unknown[]) => void printed.push(...words.map(String)));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await whole.stop();
});

/** What must not be seen of each setting that is marked as a secret: of an address its password, of any other all of it. */
function secretsOf(environment: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const given = settingNames.flatMap((name) => {
    const value = environment[name];
    return variables[name].secret === true && value !== undefined ? [[name, value] as const] : [];
  });
  return new Map(given.map(([name, value]) => [name, /:\/\/[^:@/]*:([^@]*)@/.exec(value)?.[1] ?? value]));
}

/** Every value of every table, as text. */
async function everythingStored(): Promise<string> {
  const tables = await whole.sql<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const rows: unknown[] = [];
  for (const { name } of tables) rows.push(await whole.sql(`select all_of_it::text as it from ${name} all_of_it`));
  expect(rows.length).toBeGreaterThan(30);
  return JSON.stringify(rows);
}

/** What each way of Slack to reach Usher needs of secrets, besides those of both. */
const MODES = { http: 'SLACK_SIGNING_SECRET', socket: 'SLACK_APP_TOKEN' } as const;

test.each(['http', 'socket'] as const)(
  'X31: no secret of the configuration is in a log line, error, metric, card, answer or table, whatever fails, over %s',
  async (mode) => {
    whole = await startAttacked(false, {}, mode);
    const { slack, teams, ben, endpoint, environment } = whole;
    const secrets = new Map(secretsOf(environment));
    // Every setting that is marked as one is there in one mode or the other, also one that is new.
    expect([...secrets.keys(), ...Object.values(MODES)].sort()).toEqual(
      [...settingNames.filter((name) => variables[name].secret === true), MODES[mode]].sort(),
    );
    for (const secret of secrets.values()) expect(secret.length).toBeGreaterThan(7);
    // Whoever knows such an address may write where it leads.
    const made = jest.spyOn(slack as unknown as { makeAnswerUrl: () => string }, 'makeAnswerUrl');
    const leaked = `failed for ${[...secrets.values()].join(' and ')} by Bearer ${slack.botToken}`;
    slack.fail('chat.postMessage', { error: 'invalid_auth' });
    slack.fail('chat.postMessage', { status: 500, body: leaked });
    slack.fail('chat.postMessage', { status: 200, body: `<html>${leaked}</html>` });
    slack.fail('users.info', { status: 503, body: leaked }, 2);
    slack.fail('views.update', { error: 'hash_conflict' });
    teams.fail({ on: 'token', status: 401 });
    teams.fail({ on: 'post', status: 500 });
    await slack.command('U0ADA', 'request Payroll');
    await slack.submit(await whole.slackView('U0ADA', 'Request Payroll'), { Reason: 'month end' });
    await slack.say('U0ADA', 'my access');
    await teams.say(ben, 'approvals');
    const answers = [
      await slack.command('U0ADA', 'R-1001'),
      await whole.slackPost('x', { 'content-type': 'application/json', 'x-slack-signature': 'v0=x' }),
      await whole.teamsPost('{"type":"message"}', { authorization: `Bearer ${slack.botToken}` }),
      await fetch(`${endpoint}/metrics`).then((response) => response.text()),
      await fetch(`${endpoint}/readyz`).then((response) => response.text()),
    ];
    // No call of either SDK comes through, and each error has all of it in the causes of its cause, as clients do.
    const broken: string[] = [];
    const network = globalThis.fetch;
    const failing = jest.spyOn(globalThis, 'fetch').mockImplementation((to, init) => {
      const url = to instanceof Request ? to.url : String(to);
      if (url.startsWith(endpoint)) return network(to, init);
      broken.push(new URL(url).pathname);
      const request = Object.assign(new Error(leaked), { config: init, headers: { authorization: leaked }, url });
      const cause = new Error(`${leaked} to ${url}`, { cause: new Error('socket', { cause: request }) });
      return Promise.reject(new TypeError(`fetch failed: ${leaked}`, { cause: new AggregateError([cause], leaked) }));
    });
    await slack.command('U0ADA', 'request Taxes').catch(() => undefined);
    await slack.say('U0ADA', 'my access');
    await slack.say('U0DANA', 'my access');
    await teams.say(ben, 'my access');
    await teams.say(teams.person('Nils'), 'hello');
    await whole.sql(`update outgoing set next_at = now() where state = 'ready'`);
    await until(
      'both platforms were called in vain',
      () => broken.length > 3 && broken.some((one) => one.includes('/v3/')),
    );
    failing.mockRestore();
    // Somebody's table is gone in the middle of an act: the database's own error, with its statement.
    await whole.sql('alter table drafts rename to drafts_away');
    await slack.command('U0ADA', 'request Budget').catch(() => undefined);
    await teams.say(ben, 'request Taxes');
    await until('the failure is logged', () => whole.lines.some((line) => line.includes('act failed')));
    await whole.sql('alter table drafts_away rename to drafts');
    for (const [at, one] of made.mock.results.entries())
      secrets.set(`answer address ${at}`, new URL(String(one.value)).pathname);
    expect(secrets.size).toBeGreaterThan(7);
    const places = {
      log: whole.lines.join('\n'),
      console: printed.join('\n'),
      answers: JSON.stringify(answers),
      slack: JSON.stringify([slack.messages, slack.views]),
      teams: JSON.stringify(teams.messagesOf(ben)),
      database: await everythingStored(),
    };
    for (const [place, text] of Object.entries(places)) {
      for (const [name, secret] of secrets)
        expect({ place, name, at: text.indexOf(secret) }).toEqual({ place, name, at: -1 });
      expect([place, /access-[0-9a-z]{8}|xox[a-z]-|xapp-|\beyJ[\w-]{6,}|-----BEGIN/.exec(text)]).toEqual([place, null]);
    }
  },
);

test('X51: a system that says 200 and did nothing, or answers with a login page, is not believed: what is read back decides', async () => {
  whole = await startAttacked();
  const { slack } = whole;
  // It takes every role and keeps none.
  await whole.sql(
    `create function forgets() returns trigger language plpgsql as $$ begin return null; end $$;
     create trigger forgets before insert on local_roles for each row execute function forgets()`,
  );
  await slack.command('U0ADA', 'request Audit');
  await slack.submit(await whole.slackView('U0ADA', 'Request Audit'));
  await until('it was tried', () => whole.lines.some((line) => line.includes('not_as_wanted')));
  expect(await whole.holds('ada', 'Audit')).toBe(false);
  expect(await whole.sql(`select 1 from grants where state = 'placed'`)).toEqual([]);
  expect((await whole.request('Audit')).state).not.toBe('delivered');
  expect(slack.messagesOf('U0ADA').some((one) => JSON.stringify(one.blocks).includes('You now have'))).toBe(false);

  // Slack itself: a page of somebody's proxy, a 200 with an error in it, and an answer of another shape.
  for (const body of ['<html>Please log in</html>', '{"ok":false,"error":"internal_error"}', '[]', '{"ok":true}', ''])
    slack.fail('chat.postMessage', { status: 200, body });
  await whole.sql('drop trigger forgets on local_roles');
  const arrived = () => slack.messagesOf('U0ADA').find((one) => JSON.stringify(one.blocks).includes('You now have'));
  await until('the message, try by try', async () => {
    await whole.sql(`update outgoing set next_at = now() where state = 'ready'`);
    return arrived();
  });
  expect(await whole.holds('ada', 'Audit')).toBe(true);
  await whole.idle();
  const heard = slack.messagesOf('U0ADA').filter((one) => JSON.stringify(one.blocks).includes('You now have'));
  expect(heard).toHaveLength(1);
});
