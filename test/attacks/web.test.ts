// X29, X30, X56, X57: what browsers and odd HTTP clients can do, and what refusals tell.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorld, raw as visitRaw, visit } from '../channels/web/world';
import type { SlackView } from '../support/slack-server';
import { post, raw, startAttacked, until, wordsOf, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked();
});
afterAll(() => whole.stop());

test('X29: HTML in what people write is text on the page, and the policy for content lets no script of it run', async () => {
  const world = await openWorld();
  try {
    const ana = await visit(world, 'ana');
    const text = '<img src=x onerror=alert(1)><script>alert(1)</script>"><svg/onload=alert(1)>';
    const said = await ana.post('/api/say', { delivery: randomUUID(), text });
    expect(said.headers['content-type']).toBe('application/json; charset=utf-8');
    for (const path of ['/', '/app.js', '/api/state']) {
      const { headers } = await ana.get(path);
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['content-security-policy']).not.toMatch(/unsafe-(?:inline|eval)/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    // The page only ever sets text: none of its files has a way to make markup of it.
    const page = join(__dirname, '../../src/channels/web/page');
    for (const file of readdirSync(page).filter((name) => name.endsWith('.js'))) {
      const code = readFileSync(join(page, file), 'utf8');
      expect([
        file,
        /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|eval|DOMParser)\b/.exec(code),
      ]).toEqual([file, null]);
    }
  } finally {
    await world.stop();
  }
  // Answers of the chat endpoints that repeat anything are plain text or JSON, never HTML.
  const { body, headers } = whole.slack.signed({
    kind: 'slash_commands',
    body: {
      command: '/usher',
      text: '<script>alert(1)</script>',
      user_id: 'U0ADA',
      team_id: whole.slack.team,
      trigger_id: 'h.1',
    },
  });
  const answer = await whole.slackPost(body, headers);
  expect(answer.headers['content-type']).toMatch(/^(?:application\/json|text\/plain); charset=utf-8$/);
});

test('X30: what does not exist and what one may not know get the same answer, at every door', async () => {
  const { slack, teams, ana } = whole;
  await teams.say(ana, 'request invoices');
  const dialog = await teams.openDialog(ana, await whole.teamsMessage(ana, 'Continue'), 'Continue');
  await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'audit' });
  await whole.idle();
  const [anas] = await whole.sql<{ id: string; number: number }>(
    'select id, number from requests order by number desc limit 1',
  );
  if (anas === undefined) throw new Error('no request');
  const [hidden] = await whole.sql<{ id: string }>(`select id from packages where name = 'Secret plans'`);
  const none = '0190a000-0000-7000-8000-000000000000';
  const isOver = (view: SlackView): boolean => !wordsOf(view).includes('One moment');
  const said = async (text: string, forget: string): Promise<string> => {
    // What is open after this belongs to this line.
    for (const view of slack.views) slack.close(view);
    const { body } = await slack.command('U0ADA', text);
    const shown =
      typeof body === 'object'
        ? (body as Parameters<typeof wordsOf>[0])
        : await until(`an answer to ${text}`, () => slack.views.find((view) => view.open && isOver(view)));
    return wordsOf(shown).replaceAll(forget, '…');
  };
  const number = String(anas.number);
  for (const line of ['R-#', 'cancel R-#', 'ask again R-#', 'approve R-#', 'deny R-# because no']) {
    const [theirs, missing] = [
      await said(line.replace('#', number), number),
      await said(line.replace('#', '99999'), '99999'),
    ];
    expect([line, theirs]).toEqual([line, missing]);
    expect(theirs).not.toMatch(/Invoices|Ana|Cleo/);
  }
  for (const line of ['package #', 'request #', 'extend #', 'give up #']) {
    const [theirs, missing] = [
      await said(line.replace('#', 'Secret plans'), 'Secret plans'),
      await said(line.replace('#', 'Zecrek qlans'), 'Zecrek qlans'),
    ];
    expect([line, theirs]).toEqual([line, missing]);
  }
  const answered = async (verb: string, data: Record<string, unknown>): Promise<string> => {
    const [messages, views] = [slack.messages.length, slack.views.length];
    await whole.forge('U0ADA', verb, { data });
    // The click is acknowledged before its answer is there.
    const shown = () => [...slack.messages.slice(messages), ...slack.views.slice(views).filter(isOver)];
    await until(`an answer to ${verb}`, () => shown().length > 0);
    return shown().map(wordsOf).join('\n');
  };
  for (const verb of ['request.show', 'request.cancel', 'approval.show', 'request.again']) {
    const theirs = await answered(verb, { request: anas.id });
    expect([verb, theirs]).toEqual([verb, await answered(verb, { request: none })]);
    expect(theirs).not.toMatch(/Invoices|Ana|Cleo/);
  }
  const theirs = await answered('request.fill', { package: hidden?.id });
  expect(theirs).toEqual(await answered('request.fill', { package: none }));
  // What is searched for letter by letter does not tell either.
  await slack.command('U0ADA', 'request access');
  const form = await whole.slackView('U0ADA', 'Request access');
  expect(await slack.options(form, 'Access package', 'Secret')).toEqual([]);
  // Paths that are there and paths that are not, without a word about either.
  const wrong = await post(`${whole.endpoint}/api/messages`, '{}', { 'content-type': 'application/json' });
  expect([wrong.status, wrong.text]).toEqual([400, '{"error":{"code":"BadRequest"}}']);
  for (const path of [
    '/',
    '/api',
    '/slack',
    '/.env',
    '/api/messages/../../metrics',
    '/slack/events/',
    '/SLACK/events',
    '/%2fslack/events',
  ]) {
    const answer = await raw(whole.endpoint, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer.startsWith('HTTP/1.1 404')).toBe(true);
    expect(answer).not.toMatch(/express|node|at .*\.ts|stack/i);
  }
});

test('X55: metrics are for this machine only, health says one word, and there is no door for debugging', async () => {
  const { endpoint } = whole;
  const get = (path: string, headers: Record<string, string> = {}) => post(`${endpoint}${path}`, '', headers, 'GET');
  expect((await get('/metrics')).status).toBe(200);
  const outside: Record<string, string>[] = [
    { host: 'usher.example' },
    { host: 'localhost.evil.example' },
    { 'x-forwarded-for': '203.0.113.9' },
    { 'x-forwarded-for': '127.0.0.1' },
    { forwarded: 'for=127.0.0.1' },
    { via: '1.1 proxy' },
    { 'x-real-ip': '127.0.0.1' },
    { 'x-forwarded-host': 'localhost' },
  ];
  for (const headers of outside) expect([headers, (await get('/metrics', headers)).status]).toEqual([headers, 404]);
  for (const path of ['/healthz', '/readyz']) {
    const answer = await get(path, { host: 'usher.example' });
    expect(answer.status).toBe(200);
    expect(answer.text.trim()).toMatch(/^[a-z ]{2,20}$/);
    expect(JSON.stringify(answer.headers)).not.toMatch(/node|express|postgres|sequelize/i);
  }
  for (const path of [
    '/debug',
    '/debug/pprof',
    '/json',
    '/json/list',
    '/env',
    '/actuator',
    '/status',
    '/graphql',
    '/swagger.json',
    '/api/state',
  ])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  // No label of a metric is anything that people wrote or are.
  expect((await get('/metrics')).text).not.toMatch(/U0ADA|Ada|Payroll|@|[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test('X56: other sites can neither read, act nor frame', async () => {
  const origin = 'https://evil.example';
  for (const path of ['/slack/events', '/api/messages', '/healthz']) {
    const asked = await post(
      `${whole.endpoint}${path}`,
      '',
      { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      'OPTIONS',
    );
    expect([path, asked.status]).toEqual([path, 405]);
    expect(Object.keys(asked.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(asked.headers['content-security-policy']).toContain("frame-ancestors 'self'");
    expect(asked.headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(asked.headers['set-cookie']).toBeUndefined();
  }
  const world = await openWorld();
  try {
    const ana = await visit(world, 'ana');
    const text = { delivery: randomUUID(), text: 'hello' };
    const foreign: Record<string, string>[] = [
      { origin },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${world.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'x-usher-token': '' },
      { 'x-usher-token': 'guess' },
    ];
    for (const headers of foreign)
      expect([headers, (await ana.post('/api/say', text, headers)).status]).toEqual([headers, 403]);
    expect((await ana.post('/api/say', text, { 'content-type': 'text/plain' })).status).toBe(415);
    // A name that somebody's DNS points to this machine.
    const host = `evil.example:${world.port}`;
    expect((await ana.get('/api/state', { host })).status).toBe(421);
    expect(world.chat.heard.filter(({ act }) => act.kind === 'text')).toEqual([]);
    const page = await visitRaw(world, 'GET', '/', { host: `localhost:${world.port}` });
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    const state = await visitRaw(world, 'GET', '/api/state', { host: `localhost:${world.port}` });
    expect(state.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(Object.keys(state.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  } finally {
    await world.stop();
  }
});

test('X57: another method than the request line says, TRACE, and a body with two lengths get 400 or 405, and nothing behind them is read', async () => {
  const { endpoint, slack } = whole;
  const before = await whole.state();
  const body = new URLSearchParams({
    command: '/usher',
    text: 'request Audit',
    user_id: 'U0ADA',
    team_id: slack.team,
    trigger_id: 's.1',
  }).toString();
  const headers = slack.sign(body, 'application/x-www-form-urlencoded');
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
    expect([name, (await whole.slackPost(body, { ...headers, [name]: 'DELETE' })).status]).toEqual([name, 400]);
  for (const method of ['PUT', 'PATCH', 'DELETE', 'GET'])
    expect([method, (await post(`${endpoint}/slack/events`, '', {}, method)).status]).toEqual([method, 405]);

  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  // A second request hidden behind the first one's body: it would be answered as well.
  const hidden = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const head = (line: string): string => `${line} HTTP/1.1\r\nHost: x\r\n${lines}`;
  const smuggled = [
    `${head('POST /slack/events')}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}${hidden}`,
    `${head('POST /slack/events')}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunked}${hidden}`,
    `${head('POST /slack/events')}Content-Length: ${body.length}\r\nContent-Length: 4\r\n\r\n${body}${hidden}`,
    `${head('POST /slack/events')}Content-Length: +${body.length}\r\n\r\n${body}${hidden}`,
    `${head('POST /slack/events')}Transfer-Encoding: xchunked\r\n\r\n${chunked}${hidden}`,
    `${head('POST /slack/events')}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}${hidden}`,
    `${head('POST /slack/events')}Transfer-Encoding : chunked\r\n\r\n${chunked}${hidden}`,
    `${head('POST /slack/events')}Transfer-Encoding: chunked\r\n\r\nZZ\r\n${body}\r\n0\r\n\r\n${hidden}`,
    `POST /slack/events HTTP/1.1\r\nHost: x\r\n folded: yes\r\n${lines}\r\n${body}${hidden}`,
    `${head('POST /slack/events')}X: a\nContent-Length: 0\r\n\r\n${hidden}`,
    `POST /slack/events HTTP/1.1\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}${hidden}`,
  ];
  for (const bytes of smuggled) {
    const heard = await raw(endpoint, bytes);
    expect([bytes.slice(0, 400), heard.slice(0, 12)]).toEqual([bytes.slice(0, 400), 'HTTP/1.1 400']);
    expect(heard.match(/HTTP\/1\.1/g)).toHaveLength(1);
  }
  // What TRACE would give back are headers of others; nothing of them is in the answer.
  const traced = await raw(
    endpoint,
    `TRACE /slack/events HTTP/1.1\r\nHost: x\r\nCookie: secret-canary\r\nConnection: close\r\n\r\n`,
  );
  expect(traced).toMatch(/^HTTP\/1\.1 40[05]/);
  expect(traced).not.toContain('secret-canary');
  const tunnel = await raw(endpoint, 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(tunnel).not.toContain('200');
  await whole.idle();
  expect(await whole.state()).toEqual(before);
});
