// X7-X9: who speaks to the Teams endpoint without being Teams, or for people who are none of ours.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenChange } from '../support/teams-tokens';
import { startAttacked, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  // The SDK prints the public key whenever a signature is wrong.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  whole = await startAttacked();
});
afterAll(() => whole.stop());

const message = (more: Record<string, unknown> = {}) =>
  whole.teams.activity(whole.ben, { type: 'message', text: 'approvals', ...more });

/** Nothing that a stranger posts has an effect, is fetched for, or is answered with more than a word. */
async function refused(status: number, act: () => Promise<{ status: number; body: unknown }>): Promise<void> {
  const before = await whole.state();
  const calls = whole.teams.calls.filter(({ call }) => call !== 'keys').length;
  const answer = await act();
  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({
    error: { code: { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden' }[status] },
  });
  await whole.idle();
  expect(await whole.state()).toEqual(before);
  expect(whole.teams.calls.filter(({ call }) => call !== 'keys')).toHaveLength(calls);
}

test('X7: a token that is for another audience, of another issuer, expired, unsigned, signed with a public key or by a key that is unknown or not endorsed is 401', async () => {
  const { teams } = whole;
  const since = whole.refusals().length;
  const now = Math.floor(Date.now() / 1000);
  const other = '99999999-9999-4999-8999-999999999999';
  const wrong: TokenChange[] = [
    { claims: { aud: other } },
    { claims: { aud: [teams.appId, other] } },
    { claims: { aud: undefined } },
    { claims: { iss: 'https://evil.example' } },
    { claims: { iss: `https://sts.windows.net/${teams.tenantId}/`, ver: '1.0', appid: teams.appId } },
    { claims: { exp: now - 3600, nbf: now - 7200 } },
    { claims: { nbf: now + 7200, exp: now + 10_800 } },
    { claims: { exp: undefined } },
    { header: { alg: 'none' } },
    { header: { alg: 'None' } },
    { header: { alg: 'HS256' } },
    { header: { kid: 'nobody' } },
    { header: { kid: '../../etc/passwd' } },
    { header: { kid: undefined } },
    { otherKey: true },
    { otherChannel: true },
  ];
  for (const change of wrong) await refused(401, () => teams.deliver(message(), change));

  // Signed with what everybody can fetch, as if it were a shared secret.
  const { keys } = teams.tokens.jwks() as { keys: { n: string }[] };
  const [head = '', claims = ''] = teams.tokens.token(teams.urls.serviceUrl, { header: { alg: 'HS256' } }).split('.');
  for (const secret of [keys[0]?.n ?? '', JSON.stringify(keys[0]), '']) {
    const mac = createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url');
    await refused(401, () =>
      teams.post(JSON.stringify(message()), { authorization: `Bearer ${head}.${claims}.${mac}` }),
    );
  }
  const good = teams.tokens.token(teams.urls.serviceUrl);
  for (const authorization of [
    '',
    'Bearer',
    `bearer ${good}`,
    `Bearer  ${good}`,
    `Bearer ${good} x`,
    `Basic ${good}`,
  ]) {
    await refused(401, () => teams.post(JSON.stringify(message()), { authorization }));
  }
  // A right token for a body that the gate must not believe.
  for (const channelId of ['emulator', 'AseChannel', '', null, 'msteams2', ['msteams']]) {
    await refused(401, () => teams.deliver(message({ channelId })));
  }
  const reasons = whole.refusals().slice(since);
  expect(reasons.length).toBeGreaterThan(20);
  for (const reason of reasons)
    expect(reason).toMatchObject({ platform: 'teams', security: expect.any(String) as string });
});

test('X8: a right token for another tenant is 403 and leaves the account; a like name or address with another object id is nobody', async () => {
  const { teams } = whole;
  const since = whole.refusals().length;
  const far = '77777777-7777-4777-8777-777777777777';
  await refused(403, () => teams.say({ ...whole.ben, tenant: far }, 'approvals'));
  // The conversation of one tenant, the channel data of another.
  await refused(403, () => teams.deliver(message({ channelData: { tenant: { id: far } } })));
  expect(whole.refusals().slice(since)).toEqual(
    Array.from(
      { length: 2 },
      () =>
        expect.objectContaining({
          security: 'tenant not allowed',
          tenant: far,
          user: whole.ben.aadObjectId,
        }) as unknown,
    ),
  );
  // Ben's name and address, another object: the roster says what the tenant's directory says.
  const like = { ...teams.person('Nils'), name: 'Ben Okafor', aadObjectId: '88888888-8888-4888-8888-888888888888' };
  await teams.say(like, 'approvals');
  await whole.idle();
  expect(await whole.sql(`select state, person_id from identities where user_id = '${like.aadObjectId}'`)).toEqual([
    { state: 'unlinked', person_id: null },
  ]);
  expect(whole.refusals().at(-1)).toMatchObject({ security: 'not-linked', platform: 'teams', user: like.aadObjectId });
});

test('X9: a service URL that points elsewhere is refused, and no request leaves', async () => {
  let connections = 0;
  const elsewhere = createServer((_, response) => response.end());
  elsewhere.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.2', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  const hosts = [
    `https://127.0.0.2.nip.example:${port}/`,
    'https://evil.example/',
    'https://smba.trafficmanager.net.evil.example/',
    'https://smba.trafficmanager.net@evil.example/',
    'https://evilbotframework.com/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:169.254.169.254]/',
    'http://0x7f000001.evil.example/',
    'ftp://smba.trafficmanager.net/',
    'javascript:alert(1)',
    '//evil.example',
    'not a url',
    '',
    null,
    7,
  ];
  for (const serviceUrl of hosts) {
    // Named by the token as well, where a token can name it.
    await refused(401, () => whole.teams.deliver(message({ serviceUrl }), { claims: { serviceurl: serviceUrl } }));
  }
  // Named by the body alone.
  await refused(401, () =>
    whole.teams.deliver(message({ serviceUrl: `http://127.0.0.2:${port}/` }), {
      claims: { serviceurl: whole.teams.urls.serviceUrl },
    }),
  );
  expect(connections).toBe(0);
  expect(await whole.sql(`select 1 from conversations where service_url <> '${whole.teams.urls.serviceUrl}'`)).toEqual(
    [],
  );
  await new Promise((resolve) => elsewhere.close(resolve));
});
