// Who may speak to the Slack endpoint: raw HTTP against the real SDK, through the house's own HTTP server.
import { request } from 'node:http';
import { createSlackChannel } from '../../../src/channels/slack/bot';
import { createLog } from '../../../src/log';
import { readsAlong, readsFirst } from '../../support/foreign';
import { startWorld, type World } from './world';

let world: World;
beforeAll(async () => {
  world = await startWorld('http');
});
afterAll(async () => {
  await world.stop();
});

const FORM = 'application/x-www-form-urlencoded';

function command(): { headers: Record<string, string>; body: string } {
  const { slack } = world;
  const body = { command: '/usher', text: 'help', user_id: 'U0ADA', team_id: slack.team, trigger_id: 'x.1' };
  return slack.signed({ kind: 'slash_commands', body });
}

async function post(body: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const response = await fetch(world.url, { method: 'POST', body, headers });
  return { status: response.status, text: await response.text() };
}

/** A request with headers that `fetch` would join. */
async function postRaw(body: string, headers: Record<string, string | string[]>): Promise<number> {
  return await new Promise((resolve, reject) => {
    const sent = request(world.url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('row 1: a signed command is heard', async () => {
  const before = world.conversation.handled.length;
  const { body, headers } = command();
  expect((await post(body, headers)).status).toBe(200);
  expect(world.conversation.handled).toHaveLength(before + 1);
});

describe('row 1: a delivery that Slack did not sign is refused and nobody hears it', () => {
  const cases: {
    name: string;
    change: (good: { headers: Record<string, string>; body: string }) => {
      headers: Record<string, string>;
      body: string;
    };
    want: number;
  }[] = [
    { name: 'no headers', change: ({ body }) => ({ body, headers: { 'content-type': FORM } }), want: 401 },
    {
      name: 'no signature',
      change: (good) => ({ ...good, headers: { ...good.headers, 'x-slack-signature': '' } }),
      want: 401,
    },
    {
      name: 'no timestamp',
      change: (good) => ({ ...good, headers: { ...good.headers, 'x-slack-request-timestamp': '' } }),
      want: 401,
    },
    {
      name: 'a word for a timestamp',
      change: (good) => ({ ...good, headers: { ...good.headers, 'x-slack-request-timestamp': 'now' } }),
      want: 401,
    },
    {
      name: 'another version of the scheme',
      change: (good) => ({
        ...good,
        headers: {
          ...good.headers,
          'x-slack-signature': (good.headers['x-slack-signature'] ?? '').replace('v0', 'v1'),
        },
      }),
      want: 401,
    },
    {
      name: 'a cut signature',
      change: (good) => ({
        ...good,
        headers: { ...good.headers, 'x-slack-signature': (good.headers['x-slack-signature'] ?? '').slice(0, -1) },
      }),
      want: 401,
    },
    { name: 'one changed byte', change: (good) => ({ ...good, body: good.body.replace('help', 'hell') }), want: 401 },
    { name: 'one byte more', change: (good) => ({ ...good, body: `${good.body}&` }), want: 401 },
    {
      name: 'a timestamp that was not signed',
      change: (good) => ({
        ...good,
        headers: {
          ...good.headers,
          'x-slack-request-timestamp': String(Number(good.headers['x-slack-request-timestamp']) + 1),
        },
      }),
      want: 401,
    },
    {
      name: 'another content type',
      change: (good) => ({ ...good, headers: { ...good.headers, 'content-type': 'text/plain' } }),
      want: 415,
    },
    {
      name: 'a content type with more in it',
      change: (good) => ({ ...good, headers: { ...good.headers, 'content-type': `${FORM}; boundary=x` } }),
      want: 415,
    },
  ];
  test.each(cases)('$name', async ({ change, want }) => {
    const before = world.conversation.handled.length;
    const { body, headers } = change(command());
    expect((await post(body, headers)).status).toBe(want);
    expect(world.conversation.handled).toHaveLength(before);
  });
});

test('row 1: a repeated signature header is refused, whatever the first one says', async () => {
  const before = world.conversation.handled.length;
  const { body, headers } = command();
  for (const name of ['x-slack-signature', 'x-slack-request-timestamp']) {
    expect(await postRaw(body, { ...headers, [name]: [headers[name] ?? '', headers[name] ?? ''] })).toBe(401);
  }
  expect(world.conversation.handled).toHaveLength(before);
});

test('row 1: a signed body that cannot be parsed is refused', async () => {
  const { slack } = world;
  for (const body of ['payload={', 'payload=[]', 'text=a&text=b', 'payload=1&payload=2']) {
    expect((await post(body, slack.sign(body, FORM))).status).toBe(400);
  }
  expect((await post('[1]', slack.sign('[1]', 'application/json'))).status).toBe(400);
});

describe('a signed delivery of another shape than Slack documents is refused for good, so that it does not come again', () => {
  const event = { type: 'message', channel: 'D0ADA', channel_type: 'im', user: 'U0ADA', text: 'help' };
  test.each([
    { name: 'an event that is nothing', fields: { event: null } },
    { name: 'an event that is a text', fields: { event: 'x' } },
    { name: 'an event whose type is a number', fields: { event: { ...event, type: 7 } } },
    { name: 'an event without an account', fields: { event: { ...event, user: null } } },
    { name: 'an event without a channel', fields: { event: { ...event, channel: null } } },
    { name: 'actions that are no list', fields: { type: 'block_actions', actions: { 0: {} }, user: { id: 'U0ADA' } } },
  ])('$name', async ({ fields }) => {
    const { slack, conversation } = world;
    const heard = conversation.accepted.length;
    const body = JSON.stringify({ type: 'event_callback', team_id: slack.team, team: { id: slack.team }, ...fields });
    expect((await post(body, slack.sign(body, 'application/json'))).status).toBe(400);
    expect(conversation.accepted).toHaveLength(heard);
  });
});

test('row 1: a body over the limit is refused before anything is computed', async () => {
  const body = `text=${'x'.repeat(1024 * 1024)}`;
  expect((await post(body, world.slack.sign(body, FORM))).status).toBe(413);
});

describe('row 2: a timestamp more than 300 s off is refused in both directions', () => {
  test.each([
    { off: -310, want: 401 },
    { off: -290, want: 200 },
    { off: 290, want: 200 },
    { off: 310, want: 401 },
    { off: 3600, want: 401 },
  ])('$off s', async ({ off, want }) => {
    const { slack } = world;
    const body = new URLSearchParams({
      command: '/usher',
      text: 'help',
      user_id: 'U0ADA',
      team_id: slack.team,
      trigger_id: `t${off}`,
    }).toString();
    expect((await post(body, slack.sign(body, FORM, slack.now() + off * 1000))).status).toBe(want);
  });
});

test('row 3: the endpoint works beside other routes, and with the charset that proxies add', async () => {
  const { body, headers } = command();
  expect((await post(body, { ...headers, 'content-type': `${FORM}; charset=utf-8` })).status).toBe(200);
  const health = await fetch(world.url.replace('/slack/events', '/healthz'));
  expect(health.status).toBe(200);
});

test('row 3: what else reads bodies in the process does no harm beside it, and stops it where it comes first', async () => {
  const along = readsAlong();
  const first = command();
  expect((await post(first.body, first.headers)).status).toBe(200);
  along.end();
  expect(along.seen).toEqual([first.body]);

  const { handled } = world.conversation;
  const before = handled.length;
  const end = readsFirst();
  const second = command();
  // No refusal, which would say that the signature was wrong; Slack tries again.
  expect(await post(second.body, second.headers)).toEqual({ status: 500, text: 'error\n' });
  end();
  expect(handled).toHaveLength(before);
});

describe('row 4: an unsafe setting stops the start', () => {
  const good = {
    signingSecret: 'secret',
    botToken: 'xoxb-1',
    appToken: null,
    teamId: 'T0HOME',
    log: createLog('silent'),
  };
  test.each([
    { name: 'no signing secret over HTTP', give: { signingSecret: '' }, want: 'signing secret' },
    { name: 'a blank signing secret', give: { signingSecret: '  ' }, want: 'signing secret' },
    { name: 'no bot token', give: { botToken: '' }, want: 'bot token' },
    { name: 'a bot token as app token', give: { appToken: 'xoxb-2' }, want: 'app-level token' },
    { name: 'no team', give: { teamId: '' }, want: 'team id' },
    { name: 'a plain API address elsewhere', give: { apiUrl: 'http://slack.example/api/' }, want: 'API address' },
  ])('$name', ({ give, want }) => {
    expect(() => createSlackChannel({ ...good, ...give })).toThrow(want);
  });

  test('Socket Mode needs no signing secret and opens no route', () => {
    expect(createSlackChannel({ ...good, signingSecret: '', appToken: 'xapp-1' }).routes).toEqual([]);
  });
});

test('row 4: a token of another workspace, or a refused one, stops the start', async () => {
  const { conversation, slack } = world;
  const options = {
    signingSecret: 'secret',
    botToken: slack.botToken,
    appToken: null,
    teamId: 'T0OTHER',
    apiUrl: slack.url,
    log: createLog('silent'),
  };
  await expect(createSlackChannel(options).start(conversation)).rejects.toThrow('another workspace');
  const refused = createSlackChannel({ ...options, teamId: slack.team, botToken: 'xoxb-wrong' });
  await expect(refused.start(conversation)).rejects.toThrow('invalid_auth');
});

test('the address is confirmed only for a signed challenge of sane length', async () => {
  const { slack } = world;
  const challenge = (value: unknown): string => JSON.stringify({ type: 'url_verification', challenge: value });
  const good = challenge('3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P');
  expect(await post(good, slack.sign(good, 'application/json'))).toEqual({
    status: 200,
    text: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
  });
  expect((await post(good, { 'content-type': 'application/json' })).status).toBe(401);
  for (const bad of [challenge('x'.repeat(300)), challenge(7)]) {
    expect((await post(bad, slack.sign(bad, 'application/json'))).status).toBe(400);
  }
});

test("Slack's look at the certificate gets its 200 and reaches nobody", async () => {
  const before = world.conversation.handled.length;
  const body = 'ssl_check=1&token=x&command=/usher&text=help&user_id=U0ADA';
  expect((await post(body, { 'content-type': FORM })).status).toBe(200);
  expect((await post(body, world.slack.sign(body, FORM))).status).toBe(200);
  expect((await post(body, { ...world.slack.sign(body, FORM), 'x-slack-signature': 'v0=0' })).status).toBe(401);
  expect(world.conversation.handled).toHaveLength(before);
});

test('before the start there is nobody to speak to', async () => {
  const channel = createSlackChannel({
    signingSecret: 'secret',
    botToken: 'xoxb-1',
    appToken: null,
    teamId: 'T0HOME',
    log: createLog('silent'),
  });
  expect(channel.routes.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /slack/events']);
  await expect(
    channel.send(
      { tenant: 'T0HOME', user: 'U0ADA', conversation: null, serviceUrl: null },
      { name: 'x', id: null, draft: null, reader: null, summary: [], body: [], actions: [] },
    ),
  ).rejects.toThrow('not started');
});
