// Who may speak to the bot, over raw HTTP against the real SDK. Row numbers: see ../README.md.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTeamsChannel } from '../../../src/channels/teams/bot';
import { TeamsServer } from '../../support/teams-server';
import type { TokenChange } from '../../support/teams-tokens';
import { button, card } from './cards';
import { optionsFor, startTeams, type World } from './harness';

// The SDK prints the public key whenever a signature is wrong; that it prints no more is checked in sending.test.ts.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

describe('the gate', () => {
  let world: World;
  beforeAll(async () => {
    world = await startTeams();
  });
  afterAll(async () => {
    await world.stop();
  });

  const untouched = (): void => {
    expect(world.conversation.accepted).toEqual([]);
    expect(world.conversation.handled).toEqual([]);
    expect(world.teams.calls.filter(({ call }) => call !== 'keys')).toEqual([]);
  };
  const hello = (fields: Record<string, unknown> = {}) =>
    world.teams.activity(world.teams.person('Ana'), { type: 'message', text: 'hello', ...fields });

  const entra = 'https://sts.windows.net/55555555-5555-4555-8555-555555555555/';
  const appId = '22222222-2222-4222-8222-222222222222';
  const longAgo = Math.floor(Date.now() / 1000) - 7200;

  test.each<{ name: string; change: TokenChange }>([
    { name: 'an expired token', change: { claims: { exp: longAgo, nbf: longAgo - 60 } } },
    { name: 'a token that starts tomorrow', change: { claims: { nbf: Math.floor(Date.now() / 1000) + 86_400 } } },
    { name: 'a token for another bot', change: { claims: { aud: '99999999-9999-4999-8999-999999999999' } } },
    { name: 'a token without audience', change: { claims: { aud: undefined } } },
    { name: 'a token of another issuer', change: { claims: { iss: 'https://evil.example' } } },
    { name: 'a token signed by another key', change: { otherKey: true } },
    { name: 'a token with an unknown key id', change: { header: { kid: 'nobody' } } },
    { name: 'a token with algorithm none', change: { header: { alg: 'none' } } },
    { name: 'a token signed symmetrically', change: { header: { alg: 'HS256' } } },
  ])('row 36: $name is answered with 401', async ({ change }) => {
    const { status, body } = await world.teams.deliver(hello(), change);
    expect(status).toBe(401);
    expect(body).toEqual({ error: { code: 'Unauthorized' } });
    untouched();
  });

  test.each(['', 'Bearer', 'Bearer not-a-token', 'Basic dXNlcjpwYXNz', 'Bearer a.b.c'])(
    'row 36: the header "%s" is answered with 401',
    async (authorization) => {
      const headers = authorization === '' ? {} : { authorization };
      const { status } = await world.teams.post(JSON.stringify(hello()), headers);
      expect(status).toBe(401);
      untouched();
    },
  );

  test('row 36: a token whose signature was touched is answered with 401', async () => {
    const token = world.teams.tokens.token(world.teams.urls.serviceUrl);
    const touched = `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    const { status } = await world.teams.post(JSON.stringify(hello()), { authorization: `Bearer ${touched}` });
    expect(status).toBe(401);
    untouched();
  });

  test.each<{ name: string; claims: Record<string, unknown> }>([
    { name: 'foreign tenant, version 1', claims: { iss: entra, ver: '1.0', appid: appId, tid: entra.slice(24, 60) } },
    {
      name: 'own tenant, version 2',
      claims: {
        iss: 'https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0',
        ver: '2.0',
        azp: appId,
        tid: '11111111-1111-4111-8111-111111111111',
      },
    },
    {
      name: 'a skill',
      claims: { iss: 'https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/', ver: '1.0', appid: 'other' },
    },
  ])('row 37: an Entra token for the bot is refused: $name', async ({ claims }) => {
    const { status } = await world.teams.deliver(hello(), { claims });
    expect(status).toBe(401);
    untouched();
  });

  test('row 38: a delivery without service URL is refused', async () => {
    const { status } = await world.teams.deliver(hello({ serviceUrl: undefined }));
    expect(status).toBe(401);
    untouched();
  });

  test('row 38: a service URL unlike the claim is refused', async () => {
    const { status } = await world.teams.deliver(hello(), { claims: { serviceurl: `${world.teams.base}/amer/` } });
    expect(status).toBe(401);
    untouched();
  });

  test.each([
    'https://evil.example/',
    'https://smba.trafficmanager.net.evil.example/',
    'https://evilbotframework.com/',
    'http://smba.trafficmanager.net/emea/',
    'https://user@smba.trafficmanager.net/emea/',
    'ftp://smba.trafficmanager.net/',
    'not a url',
  ])('row 38: the service URL %s is refused although the token names it', async (serviceUrl) => {
    const { status } = await world.teams.deliver(hello({ serviceUrl }));
    expect(status).toBe(401);
    untouched();
  });

  test('row 38: no connection is opened to a host that is not on the list', async () => {
    let connections = 0;
    const elsewhere = createServer();
    elsewhere.on('connection', () => {
      connections += 1;
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    // By name: only the address itself counts as loopback here.
    const serviceUrl = `http://anything.localhost:${port}/`;
    const { status } = await world.teams.deliver(hello({ serviceUrl }));
    expect(status).toBe(401);
    expect(connections).toBe(0);
    elsewhere.close();
  });

  test.each(['', 'directline', 'webchat', 'emulator', 'AseChannel', undefined])(
    'row 39: the channel %p is refused',
    async (channelId) => {
      const { status } = await world.teams.deliver(hello({ channelId }));
      expect(status).toBe(401);
      untouched();
    },
  );

  test.each<{ name: string; fields: Record<string, unknown>; want?: number }>([
    {
      name: 'a foreign tenant',
      want: 403,
      fields: {
        channelData: { tenant: { id: '77777777-7777-4777-8777-777777777777' } },
        conversation: { id: 'a:x', tenantId: '77777777-7777-4777-8777-777777777777' },
      },
    },
    {
      name: 'a foreign tenant beside ours',
      want: 403,
      fields: { channelData: { tenant: { id: '77777777-7777-4777-8777-777777777777' } } },
    },
    { name: 'no tenant', fields: { channelData: {}, conversation: { id: 'a:x' } } },
    { name: 'a tenant that is no text', fields: { channelData: { tenant: { id: {} } }, conversation: { id: 'a:x' } } },
  ])('row 40: $name is refused before anything is stored', async ({ fields, want = 401 }) => {
    const { status } = await world.teams.deliver(hello(fields));
    expect(status).toBe(want);
    untouched();
  });

  test('row 42: what is refused is told the status and nothing else', async () => {
    const answers = [
      await world.teams.deliver(hello({ channelId: 'webchat' })),
      await world.teams.deliver(hello(), { otherKey: true }),
      await world.teams.post('{"type":', {}),
      await world.teams.post('[]', {}),
      await world.teams.post('{"type":"message","__proto__":{"a":1}}', {}),
      await world.teams.post(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, {}),
    ];
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual([
      { status: 401, body: { error: { code: 'Unauthorized' } } },
      { status: 401, body: { error: { code: 'Unauthorized' } } },
      { status: 400, body: { error: { code: 'BadRequest' } } },
      { status: 400, body: { error: { code: 'BadRequest' } } },
      { status: 400, body: { error: { code: 'BadRequest' } } },
      { status: 400, body: { error: { code: 'BadRequest' } } },
    ]);
    untouched();
  });

  test('HEAD /api/messages answers that somebody is there', async () => {
    const response = await fetch(world.endpoint, { method: 'HEAD' });
    expect(response.status).toBe(200);
  });

  test('a proper delivery passes', async () => {
    const { status } = await world.teams.say(world.teams.person('Ana'), 'hello');
    expect(status).toBe(200);
    expect(world.conversation.accepted).toHaveLength(1);
  });
});

describe('signing keys that cannot be had', () => {
  test.each([{ status: 500 }, { hang: true }])('row 42: %p is a 503 without details', async (fault) => {
    const world = await startTeams({ remoteTimeoutMs: 100 });
    world.teams.fail({ on: 'keys', times: 5, ...fault });
    const { status, body } = await world.teams.say(world.teams.person('Ana'), 'hello');
    expect({ status, body }).toEqual({ status: 503, body: { error: { code: 'Unavailable' } } });
    expect(world.conversation.accepted).toEqual([]);
    await world.stop();
  });
});

describe('row 41: the channel refuses to start', () => {
  const teams = new TeamsServer();
  beforeAll(async () => {
    await teams.start();
  });
  afterAll(async () => {
    await teams.stop();
  });

  test.each([
    { name: 'without app id', change: { appId: '' }, says: 'app id' },
    { name: 'without password', change: { appPassword: '' }, says: 'password' },
    { name: 'without tenant', change: { tenantId: '' }, says: 'single-tenant' },
    { name: 'as a multi-tenant bot', change: { tenantId: 'common' }, says: 'single-tenant' },
    { name: 'for work accounts of any tenant', change: { tenantId: 'organizations' }, says: 'single-tenant' },
    { name: 'for nobody', change: { allowedTenants: [] }, says: 'tenant must be allowed' },
    { name: 'for any tenant', change: { allowedTenants: ['*'] }, says: 'not a GUID' },
    { name: 'with no service host', change: { serviceHosts: [] }, says: 'service host' },
    { name: 'with every service host', change: { serviceHosts: ['*'] }, says: 'not a host name' },
    { name: 'with a whole top-level domain', change: { serviceHosts: ['*.com'] }, says: 'not a host name' },
    {
      name: 'with keys from elsewhere',
      change: { openIdMetadataUrl: 'https://evil.example/keys' },
      says: 'loopback',
    },
    { name: 'with a login server elsewhere', change: { loginUrl: 'https://evil.example' }, says: 'loopback' },
    { name: 'as a playground with an app id', change: { playground: true }, says: 'playground' },
  ])('$name', ({ change, says }) => {
    expect(() => createTeamsChannel(optionsFor(teams, change))).toThrow(says);
  });

  test('and names every problem at once', () => {
    const create = (): unknown =>
      createTeamsChannel(optionsFor(teams, { appId: '', tenantId: '', allowedTenants: [] }));
    expect(create).toThrow(/app id.*single-tenant.*tenant must be allowed/);
  });
});

describe('the playground', () => {
  const playground = { playground: true, appId: '', appPassword: '', tenantId: '', allowedTenants: [] };

  test('speaks without a token from this machine, and is answered without one', async () => {
    const world = await startTeams(playground);
    world.conversation.script = () => ({ kind: 'text', say: [{ kind: 'fixed', text: 'hi' }] });
    const hello = world.teams.activity(world.teams.person('Ana'), { type: 'message', text: 'hello' });
    expect((await world.teams.post(JSON.stringify(hello), {})).status).toBe(200);
    expect(world.conversation.accepted).toHaveLength(1);
    const [typing] = await world.teams.untilCalls('typing', 1);
    expect(typing?.authorization).toBe('');
    await world.stop();
  });

  test('opens no dialogs, so no button asks for one', async () => {
    const world = await startTeams(playground);
    const ana = world.teams.person('Ana');
    const asks = card({ actions: [button('request', 'Request access')] });
    // The stand-in wants a token from the bot, the playground none: what was sent is read from the call.
    await world.channel
      .send(
        {
          tenant: ana.tenant,
          user: ana.aadObjectId,
          conversation: ana.conversation,
          serviceUrl: world.teams.urls.serviceUrl,
        },
        asks,
      )
      .catch(() => null);
    const [post] = await world.teams.untilCalls('post', 1);
    const sent = JSON.stringify(post?.body);
    expect(sent).toContain('Action.Execute');
    expect(sent).not.toContain('task/fetch');
    await world.stop();
  });

  test.each([
    { name: 'a web page', headers: { origin: 'https://evil.example' }, fields: {} },
    { name: 'somebody behind a proxy', headers: { 'x-forwarded-for': '203.0.113.7' }, fields: {} },
    { name: 'somebody behind a proxy that names them otherwise', headers: { 'x-real-ip': '203.0.113.7' }, fields: {} },
    { name: 'somebody behind a proxy that names itself', headers: { via: '1.1 proxy' }, fields: {} },
    { name: 'a service URL elsewhere', headers: {}, fields: { serviceUrl: 'https://smba.trafficmanager.net/emea/' } },
    { name: 'another channel', headers: {}, fields: { channelId: 'webchat' } },
  ])('refuses $name', async ({ headers, fields }) => {
    const world = await startTeams(playground);
    const hello = world.teams.activity(world.teams.person('Ana'), { type: 'message', text: 'hello', ...fields });
    const { status } = await world.teams.post(JSON.stringify(hello), headers);
    expect(status).toBe(401);
    expect(world.conversation.accepted).toEqual([]);
    await world.stop();
  });
});
