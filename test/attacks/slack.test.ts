// X1-X6, X12: who speaks to the Slack endpoint without being Slack, or says again what Slack said once.
import { FORM, JSON_TYPE, startAttacked, until, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked();
});
afterAll(() => whole.stop());

type Headers = Record<string, string>;
let unique = 0;

/** A command of Ada's as Slack would send it, correctly signed. */
function command(text: string, at?: number): { headers: Headers; body: string } {
  const { slack } = whole;
  const body = {
    command: '/usher',
    text,
    user_id: 'U0ADA',
    team_id: slack.team,
    trigger_id: `attack.${(unique += 1)}`,
  };
  return slack.signed({ kind: 'slash_commands', body }, at);
}

/** Nothing of what is posted may have any effect, and the answer says nothing. */
async function refused(status: number, body: string, headers: Record<string, string | string[]>): Promise<void> {
  const before = await whole.state();
  const calls = whole.slack.calls.length;
  const answer = await whole.slackPost(body, headers);
  expect([answer.status, answer.text]).toEqual([status, '']);
  expect(await whole.state()).toEqual(before);
  expect(whole.slack.calls).toHaveLength(calls);
}

/** The reasons that were written down for what was turned away since. */
function reasons(since: number): unknown[] {
  return whole
    .refusals()
    .slice(since)
    .map((record) => record['security']);
}

test('X1: a delivery without signature is 401 and leaves a reason', async () => {
  const before = whole.refusals().length;
  const { body } = command('my access');
  await refused(401, body, { 'content-type': FORM });
  await refused(401, body, {
    'content-type': FORM,
    'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000)),
  });
  const json = JSON.stringify({ type: 'event_callback', event: { type: 'message', text: 'my access' } });
  await refused(401, json, { 'content-type': JSON_TYPE });
  const why = 'signature headers missing or repeated';
  expect(whole.refusals().slice(before)).toEqual(
    Array.from({ length: 3 }, () => expect.objectContaining({ platform: 'slack', security: why }) as unknown),
  );
});

test('X2: a wrong signature of any length is 401', async () => {
  const before = whole.refusals().length;
  const { body, headers } = command('my access');
  const good = headers['x-slack-signature'] ?? '';
  const wrong = [
    'v0=',
    `v0=${'0'.repeat(64)}`,
    good.slice(0, -1),
    `${good}0`,
    good.toUpperCase(),
    good.replace('v0=', ''),
    good.replace('v0=', 'v1='),
    ` ${good.slice(0, -1)}`,
    `v0=${'é'.repeat(32)}`,
    'x'.repeat(8000),
  ];
  for (const signature of wrong) await refused(401, body, { ...headers, 'x-slack-signature': encoded(signature) });
  expect(new Set(reasons(before))).toEqual(new Set(['signature does not match']));
});

// Headers are bytes: what is no Latin-1 is sent as its UTF-8.
function encoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

test('X3: a right signature that is six minutes old, or from the future, is 401', async () => {
  const { slack } = whole;
  for (const minutes of [-6, 6, -600, 600]) {
    const { body, headers } = command('my access', slack.now() + minutes * 60_000);
    await refused(401, body, headers);
  }
  const { body, headers } = command('my access', slack.now() - 4 * 60_000);
  expect((await whole.slackPost(body, headers)).status).toBe(200);
});

test('X4: an exact replay within five minutes is 200 and has no second effect', async () => {
  const { slack } = whole;
  await slack.command('U0ADA', 'request Audit');
  await slack.submit(await whole.slackView('U0ADA', 'Request Audit'));
  await whole.slackMessage('U0ADA', 'You now have Audit');
  await slack.command('U0ADA', 'give up Audit');
  await whole.idle();
  const deliveries = slack.deliveries.slice(-3);
  const calls = slack.calls.length;
  const before = await whole.state();
  for (const delivery of deliveries) {
    const { body, headers } = slack.signed(delivery);
    for (let times = 0; times < 3; times += 1) expect((await whole.slackPost(body, headers)).status).toBe(200);
  }
  // Two of the three open a form, which the same click cannot do twice. Whoever clicked is told so after Slack has its answer.
  await until(
    'all are told',
    () => slack.calls.slice(calls).filter(({ method }) => method === 'response_url').length === 2 * 3,
  );
  await whole.idle();
  const after = (await whole.state()) as Record<string, unknown>;
  // A form that is opened again is a draft again; nothing else may differ.
  expect({ ...after, drafts: 0 }).toEqual({ ...(before as object), drafts: 0 });
});

test('X5: a body that somebody wrote anew, or with another charset, is 401', async () => {
  const { body, headers } = command('request Payroll');
  const fields = [...new URLSearchParams(body)];
  await refused(401, new URLSearchParams(fields.reverse()).toString(), headers);
  await refused(401, body.replaceAll('+', '%20'), headers);
  await refused(401, `${body}&`, headers);
  const json = JSON.stringify({ type: 'event_callback', team_id: whole.slack.team, event: { text: 'é' } });
  const signed = whole.slack.sign(json, JSON_TYPE);
  await refused(401, JSON.stringify(JSON.parse(json), null, 1), signed);
  await refused(401, json.replace('é', '\\u00e9'), signed);
  await refused(401, Buffer.from(json, 'utf8').toString('latin1'), signed);
  await refused(415, json, { ...signed, 'content-type': `${JSON_TYPE}; charset=utf-16` });
});

test('X6: two signature headers are 401, a key or a field that is written twice is 400', async () => {
  const { slack } = whole;
  const { body, headers } = command('my access');
  for (const name of ['x-slack-signature', 'x-slack-request-timestamp']) {
    await refused(401, body, { ...headers, [name]: [headers[name] ?? '', headers[name] ?? ''] });
  }
  const twice = `${body}&text=request+Payroll`;
  await refused(400, twice, slack.sign(twice, FORM));
  const payload = (json: string): string => new URLSearchParams({ payload: json }).toString();
  const user = '{"type":"block_actions","user":{"id":"U0ADA"},"user":{"id":"U0CLEO"}}';
  const bodies: [string, string][] = [
    [payload(user), FORM],
    [`${payload('{}')}&${payload('{}')}`, FORM],
    [user, JSON_TYPE],
    // One key in two spellings.
    ['{"type":"url_verification","challenge":"a","ch\\u0061llenge":"b"}', JSON_TYPE],
    ['{"a":[{"b":{"c":1,"c" : 1}}]}', JSON_TYPE],
    ['{"type":"event_callback","__proto__":{"polluted":true}}', JSON_TYPE],
  ];
  for (const [bytes, type] of bodies) await refused(400, bytes, slack.sign(bytes, type));
});

test('X12: an odd challenge of url_verification is refused, and the right one comes back as plain text', async () => {
  const { slack } = whole;
  const challenge = (value: unknown): string => JSON.stringify({ type: 'url_verification', challenge: value });
  for (const value of ['x'.repeat(900_000), 'x'.repeat(257), 7, null, ['a'], { a: 1 }, undefined]) {
    const bytes = challenge(value);
    await refused(400, bytes, slack.sign(bytes, JSON_TYPE));
  }
  const big = challenge('x'.repeat(1024 * 1024));
  expect((await whole.slackPost(big, slack.sign(big, JSON_TYPE))).status).toBe(413);
  const html = challenge('<script>alert(1)</script>');
  const answer = await whole.slackPost(html, slack.sign(html, JSON_TYPE));
  expect(answer).toMatchObject({ status: 200, text: '<script>alert(1)</script>' });
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
});
