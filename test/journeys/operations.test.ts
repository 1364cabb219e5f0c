// What operators are told by the whole Usher: readiness, metrics and log lines, over both platforms.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type Config, readConfig } from '../../src/config';
import { startUsher } from '../../src/main';
import { freePort } from '../support/port';
import { freshDatabase } from '../support/postgres';
import type { TeamsPerson } from '../support/teams-server';
import { startWhole, until, type Whole } from './support';

let whole: Whole;
let ben: TeamsPerson;
const get = async (path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${whole.endpoint}${path}`);
  return { status: response.status, text: await response.text() };
};
/** Samples of the whole Usher by name and labels. */
async function scrape(): Promise<Map<string, number>> {
  const { text } = await get('/metrics');
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

beforeAll(async () => {
  whole = await startWhole('socket');
  ben = whole.teams.person('Ben');
  await whole.teams.install(ben);
  await whole.teamsMessage(ben, 'Hi Ben');
  await whole.slack.command('U0ADA', 'request payroll');
  await whole.slack.submit(await whole.slackView('U0ADA', 'Request Payroll'), { Reason: 'month end' });
  await whole.teams.press(ben, await whole.teamsMessage(ben, 'Ada Stone asks for Payroll'), 'Approve');
  await whole.slackMessage('U0ADA', 'You now have Payroll');
  await whole.slack.say('U0ADA', 'my access');
  await whole.slackMessage('U0ADA', 'Your access');
  await whole.idle();
});
afterAll(() => whole.stop());

test('what was done is counted by platform, kind and outcome', async () => {
  await until('a job that ran', async () =>
    [...(await scrape()).keys()].some((name) => name.startsWith('usher_job_seconds_count')),
  );
  const shown = await scrape();
  const atLeastOne = [
    'usher_act_seconds_count{platform="slack",kind="writes",outcome="done"}',
    'usher_act_seconds_count{platform="teams",kind="writes",outcome="done"}',
    'usher_decision_seconds_count{outcome="approved"}',
    'usher_deliveries_total{platform="slack",what="send",outcome="done"}',
    'usher_deliveries_total{platform="teams",what="send",outcome="done"}',
    'usher_deliveries_total{platform="slack",what="update",outcome="done"}',
    'usher_deliveries_total{platform="slack",what="answer",outcome="done"}',
    'usher_connector_seconds_count{connector="local",call="read",outcome="done"}',
    'usher_connector_seconds_count{connector="local",call="give",outcome="done"}',
    'usher_ready',
    'usher_database_up',
    'process_resident_memory_bytes',
  ];
  expect(atLeastOne.filter((name) => !((shown.get(name) ?? 0) > 0))).toEqual([]);
  expect(shown.get('usher_decision_seconds_count{outcome="approved"}')).toBe(1);
  const stranger = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'message' }),
  };
  expect([400, 401]).toContain((await fetch(`${whole.endpoint}/api/messages`, stranger)).status);
  const turnedAway = [...(await scrape())].filter(([name]) =>
    name.startsWith('usher_turned_away_total{platform="teams"'),
  );
  expect(turnedAway.map(([, count]) => count)).toEqual([1]);
  for (const part of ['outgoing', 'placing', 'inbound', 'schedule'])
    expect(shown.get(`usher_silent_seconds{part="${part}"}`)).toBeGreaterThanOrEqual(0);
});

test('one id leads from the click in Teams to the connector and to the message in Slack', () => {
  const lines = whole.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const click = lines.find(
    ({ msg, platform, act, outcome }) => msg === 'act' && platform === 'teams' && act === 'press' && outcome === 'done',
  );
  const same = lines.filter(({ trace }) => trace === click?.['trace']);
  expect(same).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ msg: 'connector called', call: 'give', outcome: 'done' }),
      expect.objectContaining({ msg: 'message sent', platform: 'slack', notice: 'access' }),
    ]),
  );
});

test('without its connection to Slack it is not ready, says why, and is ready again by itself', async () => {
  expect(await get('/readyz')).toEqual({ status: 200, text: 'ready\n' });
  whole.slack.fail('apps.connections.open', { status: 503 }, 4);
  whole.slack.dropConnections();
  const down = await until('not ready', async () => {
    const answer = await get('/readyz');
    return answer.status === 503 ? answer : null;
  });
  expect(down.text).toMatch(/^not ready\nslack: Socket Mode is not connected for \d+ s\n$/);
  expect((await get('/healthz')).status).toBe(200);
  await until('ready again', async () => (await get('/readyz')).status === 200);
});

test('a database of another release makes it not ready', async () => {
  await whole.sql(`delete from schema_migrations where name = '0002-operations'`);
  const answer = await until('not ready', async () => {
    const now = await get('/readyz');
    return now.status === 503 ? now : null;
  });
  expect(answer.text).toContain('database: migrations are missing (0002-operations)');
  await whole.sql(`insert into schema_migrations (name) values ('0002-operations')`);
  await until('ready again', async () => (await get('/readyz')).status === 200);
});

/** The configuration of the whole on another database, with the same role. */
function on(url: string): Config {
  const [, who = ''] = /\/\/([^@/]*)@/.exec(whole.config.databaseUrl?.reveal() ?? '') ?? [];
  const app = url.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${who}@`);
  return { ...whole.config, databaseUrl: readConfig({ DATABASE_URL: app }).databaseUrl, migrationUrl: null };
}

test('a start on a database that nobody migrated is refused with the way out', async () => {
  const empty = await freshDatabase('unmigrated', 'empty');
  await expect(startUsher(on(empty), whole.log)).rejects.toThrow('The database lacks 0001-main-job, 0002-operations');
});

test('while it starts, it lives and is not ready, and takes nothing', async () => {
  // A database that takes the connection and says nothing.
  const held: Socket[] = [];
  const silent = createServer((socket) => void held.push(socket.on('error', () => undefined)));
  const port = await listen(silent);
  const own = await freePort();

  const starting = startUsher({ ...on(`postgres://127.0.0.1:${port}/usher`), port: own }, whole.log);
  const refused = expect(starting).rejects.toThrow('The database does not answer');
  await until('the database is asked', () => held.length > 0);
  const ask = (path: string, method = 'GET'): Promise<Response> => fetch(`http://127.0.0.1:${own}${path}`, { method });
  // All at once, for the start is given up soon.
  const [alive, ready, message, metrics] = await Promise.all([
    ask('/healthz'),
    ask('/readyz'),
    ask('/api/messages', 'POST'),
    ask('/metrics'),
  ]);
  expect([alive.status, ready.status, await ready.text()]).toEqual([200, 503, 'not ready\nstarting\n']);
  expect([message.status, metrics.status]).toEqual([503, 200]);
  for (const socket of held) socket.destroy();
  silent.close();
  await refused;
  await expect(ask('/healthz')).rejects.toThrow();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
