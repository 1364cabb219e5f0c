// The local page over raw HTTP: who may speak to it, as whom, and what is told to whom.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac, randomUUID } from 'node:crypto';
import { ChannelError } from '../../../src/chat/channel';
import { ASSETS } from '../../../src/channels/web/assets';
import { packCard, unpackCard } from '../../../src/channels/web/messages';
import { createSessions } from '../../../src/channels/web/session';
import { accessCard, PACKAGES, welcomeCard } from './script';
import { openWorld, raw, visit, type World } from './world';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await world.stop();
});

const say = (text = 'hello') => ({ delivery: randomUUID(), text });
const to = (user: string) => ({ tenant: 'demo', user, conversation: user, serviceUrl: null });

describe('the gate', () => {
  test.each([
    ['another name', (port: number) => `evil.example:${port}`],
    ['a name that only begins well', (port: number) => `localhost.evil.example:${port}`],
    ['another port', (port: number) => `localhost:${port + 1}`],
    ['no port', () => 'localhost'],
    ['an address of the network', (port: number) => `0.0.0.0:${port}`],
  ])('a request addressed to %s is refused, page and acts alike', async (_name, host) => {
    const ana = await visit(world, 'ana');
    for (const path of ['/', '/app.js', '/api/state', '/api/events'])
      expect((await raw(world, 'GET', path, { host: host(world.port) })).status).toBe(421);
    const answer = await ana.post('/api/say', say(), { host: host(world.port), origin: `http://${host(world.port)}` });
    expect([answer.status, answer.json]).toEqual([421, { error: 'host' }]);
    expect(world.chat.heard.filter(({ act }) => act.kind === 'text')).toEqual([]);
  });

  test('the link to a package is the page as well, and what only looks like one is nothing', async () => {
    const host = `localhost:${world.port}`;
    const page = await raw(world, 'GET', '/', { host });
    const linked = await raw(world, 'GET', '/go/0a1b2c3d4e5f6g7h8j9k', { host, 'sec-fetch-site': 'cross-site' });
    expect([linked.status, linked.text, linked.headers['set-cookie']]).toEqual([200, page.text, undefined]);
    expect(linked.headers['content-security-policy']).toBe(page.headers['content-security-policy']);
    for (const path of ['/go/', '/go/x', '/go/0a1b2c3d4e5f6g7h8j9k0', '/go/0a1b2c3d4e5f6g7h8j9k/app.js'])
      expect([path, (await raw(world, 'GET', path, { host })).status]).toEqual([path, 404]);
    expect((await raw(world, 'GET', '/go/0a1b2c3d4e5f6g7h8j9k', { host: 'evil.example' })).status).toBe(421);
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])('the page is shown at %s', async (name) => {
    expect((await raw(world, 'GET', '/', { host: `${name}:${world.port}` })).status).toBe(200);
  });

  test.each([
    ['another site', { origin: 'https://evil.example' }, 'origin'],
    ['another port of this computer', { origin: 'http://127.0.0.1:1' }, 'origin'],
    ['no origin', { origin: '' }, 'origin'],
    ['a sandboxed frame', { origin: 'null' }, 'origin'],
    ['a page that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }, 'site'],
    ['another port, which the browser calls same-site', { 'sec-fetch-site': 'same-site' }, 'site'],
    ['an address typed by hand', { 'sec-fetch-site': 'none' }, 'site'],
  ])('an act from %s is refused', async (_name, headers, code) => {
    const ana = await visit(world, 'ana');
    const answer = await ana.post('/api/say', say(), headers);
    expect([answer.status, answer.json]).toEqual([403, { error: code }]);
  });

  test('the state is not read by other sites, and their visit does not change the cookie', async () => {
    const ana = await visit(world, 'ana');
    const answer = await ana.get('/api/state', { 'sec-fetch-site': 'same-site' });
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
    // SameSite=Strict: a link from elsewhere brings no cookie, so the page itself must not set a fresh one.
    expect((await raw(world, 'GET', '/', { host: `localhost:${world.port}` })).headers['set-cookie']).toBeUndefined();
  });

  test('an act without the token, or with the token of another browser or persona, is refused', async () => {
    const ana = await visit(world, 'ana');
    const other = await visit(world, 'ana');
    const before = ana.token;
    expect((await ana.post('/api/say', say(), { 'x-usher-token': '' })).json).toEqual({ error: 'token' });
    expect((await ana.post('/api/say', say(), { 'x-usher-token': other.token })).json).toEqual({ error: 'token' });
    await ana.post('/api/persona', { key: 'ben' });
    // The tab that still shows Ana cannot act as Ben.
    expect((await ana.post('/api/say', say(), { 'x-usher-token': before })).json).toEqual({ error: 'token' });
    expect((await ana.post('/api/say', say())).status).toBe(200);
  });

  test('a forged or changed cookie is nobody', async () => {
    const ana = await visit(world, 'ana');
    const [name = '', value = ''] = ana.cookie.split('=');
    const body = Buffer.from(JSON.stringify(['x'.repeat(22), 'dora'])).toString('base64url');
    const wrongKey = createHmac('sha256', 'guess').update(`session\n${body}`).digest('base64url');
    for (const forged of [
      `${body}.`,
      `${body}.${wrongKey}`,
      `${body}.${value.split('.')[1] ?? ''}`,
      `${value}x`,
      `${value}.more`,
      '..',
      '',
    ]) {
      const cookie = `${name}=${forged}`;
      const state = await raw(world, 'GET', '/api/state', { host: `127.0.0.1:${world.port}`, cookie });
      expect(state.json['me']).toBeNull();
      expect((await ana.post('/api/say', say(), { cookie })).json).toEqual({ error: 'token' });
    }
  });

  test('a cookie signed with another secret is nobody', () => {
    const mine = createSessions({ secret: 'a secret of the tests', port: () => 1 });
    const theirs = createSessions({ secret: 'another secret, as long', port: () => 1 });
    const session = { ...theirs.fresh(), persona: 'dora' };
    expect(mine.read(theirs.cookie(session).split(';')[0])).toBeNull();
    expect(mine.read(mine.cookie(session).split(';')[0])).toEqual(session);
    expect(mine.holds(session, theirs.token(session))).toBe(false);
    expect(() => createSessions({ secret: 'short', port: () => 1 })).toThrow('16 characters');
  });

  test('the cookie cannot be read by scripts, travels with no other site and names the port', async () => {
    const answer = await raw(world, 'GET', '/api/state', { host: `localhost:${world.port}` });
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^usher_${world.port}=[\\w-]+\\.[\\w-]+; Path=/; HttpOnly; SameSite=Strict$`),
    );
  });

  test('only a persona of the list can be chosen, and one that leaves the list cannot act', async () => {
    const people = [{ key: 'ana', name: 'Ana', title: null, department: null, organization: 'W', note: null }];
    const own = await openWorld(people);
    const visitor = await visit(own, 'ana');
    expect((await visitor.post('/api/persona', { key: 'somebody' })).status).toBe(404);
    expect((await visitor.post('/api/say', say())).status).toBe(200);
    people.length = 0;
    expect((await visitor.post('/api/say', say())).json).toEqual({ error: 'persona' });
    expect((await visitor.get('/api/messages')).json).toEqual({ error: 'persona' });
    expect((await visitor.get('/api/state')).json['me']).toBeNull();
    await own.stop();
  });

  test('a body that is no JSON, too large or of another shape is refused; unknown fields are dropped', async () => {
    const ana = await visit(world, 'ana');
    expect((await ana.post('/api/say', say(), { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await ana.post('/api/say', 'delivery=1', {})).status).toBe(400);
    expect((await ana.post('/api/say', { delivery: 'not-a-uuid', text: 'x' })).status).toBe(400);
    expect((await ana.post('/api/say', { ...say(), text: 'x'.repeat(3001) })).status).toBe(400);
    expect((await ana.post('/api/say', { ...say(), text: '   ' })).status).toBe(400);
    expect((await ana.post('/api/press', { delivery: randomUUID(), verb: 'a b', data: {} })).status).toBe(400);
    expect((await ana.post('/api/say', { ...say(), pad: 'x'.repeat(66_000) })).status).toBe(413);
    const heard = world.chat.heard.length;
    const answer = await ana.post('/api/say', {
      ...say('who am i'),
      user: 'dora',
      tenant: 'evil',
      act: { kind: 'welcome' },
    });
    expect(answer.status).toBe(200);
    expect(world.chat.heard.slice(heard)).toMatchObject([
      { user: 'ana', tenant: 'demo', platform: 'web', act: { kind: 'text', text: 'who am i' } },
    ]);
  });

  test('every answer forbids foreign scripts and frames', async () => {
    const host = `localhost:${world.port}`;
    for (const [path, headers] of [
      ['/', { host }],
      ['/vendor/adaptivecards.js', { host }],
      ['/api/state', { host }],
      ['/api/state', { host: 'evil.example' }],
    ] as const) {
      const answer = await raw(world, 'GET', path, headers);
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(answer.headers['x-frame-options']).toBe('DENY');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('the served files are exactly those of the page folder, and paths never leave the list', async () => {
    const folder = readdirSync(join(__dirname, '../../../src/channels/web/page'));
    const served = [...ASSETS.keys()].filter((path) => path !== '/' && !path.startsWith('/vendor/'));
    expect(served.map((path) => path.slice(1)).sort()).toEqual(folder.filter((file) => file !== 'index.html').sort());
    const host = `localhost:${world.port}`;
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/page/app.js', '//app.js', '/app.js/', '/App.js'])
      expect((await raw(world, 'GET', path, { host })).status).toBe(404);
    for (const path of ASSETS.keys()) expect((await raw(world, 'GET', path, { host })).status).toBe(200);
  });

  test('the page has no inline script, style or handler', async () => {
    const { text } = await raw(world, 'GET', '/', { host: `localhost:${world.port}` });
    expect(text).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:/i);
  });
});

describe('the channel', () => {
  test('a new persona is greeted once', async () => {
    const ben = await visit(world, 'ben');
    await ben.post('/api/persona', { key: 'ana' });
    const state = await ben.post('/api/persona', { key: 'ben' });
    expect(state.json['messages']).toMatchObject([{ id: '1', direction: 'out', card: { name: 'help' } }]);
    expect(world.chat.heard.map(({ user, act }) => [user, act.kind])).toEqual([
      ['ben', 'welcome'],
      ['ana', 'welcome'],
    ]);
  });

  test('what is sent reaches the open pages of that persona only, and unread counts reach all', async () => {
    const [ana, ben] = [await visit(world, 'ana'), await visit(world, 'ben')];
    const [anas, bens] = [await ana.listen(), await ben.listen()];
    expect(await anas.next('hello')).toEqual({ persona: 'ana' });
    const ref = await world.channel.send(to('ana'), accessCard());
    expect(await anas.next('message')).toMatchObject({
      id: ref.message,
      direction: 'out',
      card: { name: 'access-list' },
    });
    expect(await bens.next('unread')).toEqual({ ana: 2, ben: 1 });
    await world.channel.send(to('ben'), accessCard());
    // The first message that Ben hears of is his own.
    expect(await bens.next('message')).toMatchObject({ id: '4' });
    anas.close();
    bens.close();
  });

  test('an update is heard as a change of the same message', async () => {
    const ana = await visit(world, 'ana');
    const events = await ana.listen();
    const ref = await world.channel.send(to('ana'), accessCard());
    await world.channel.update(ref, welcomeCard('again'));
    expect(await events.next('changed')).toMatchObject({ id: ref.message, card: { name: 'help' } });
    const state = (await ana.get('/api/state')).json;
    expect(state['messages']).toMatchObject([{ id: '1' }, { id: ref.message, card: { name: 'help' } }]);
    events.close();
  });

  test('reading takes the count away and never moves back', async () => {
    const ana = await visit(world, 'ana');
    const events = await ana.listen();
    await world.channel.send(to('ana'), accessCard());
    await world.channel.send(to('ana'), accessCard());
    await ana.post('/api/read', { upTo: '2' });
    await ana.post('/api/read', { upTo: '1' });
    expect((await ana.get('/api/state')).json['unread']).toEqual({ ana: 1 });
    await ana.post('/api/read', { upTo: '3' });
    expect((await ana.get('/api/state')).json['unread']).toEqual({});
    events.close();
  });

  test('a message that does not exist, or belongs to somebody else, is gone; an unknown persona is unreachable', async () => {
    const ref = await world.channel.send(to('ana'), accessCard());
    await expect(world.channel.update({ ...ref, conversation: 'ben' }, accessCard())).rejects.toEqual(
      new ChannelError('gone', 'message_not_found'),
    );
    await expect(world.channel.update({ ...ref, message: '99' }, accessCard())).rejects.toMatchObject({ kind: 'gone' });
    await expect(world.channel.send(to('nobody'), accessCard())).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('the same delivery again stores no second line and no second answer', async () => {
    const ben = await visit(world, 'ben');
    const delivery = randomUUID();
    const first = await ben.say('my access', delivery);
    const count = world.messages.count();
    const again = await ben.say('my access', delivery);
    expect(again).toEqual(first);
    expect(world.messages.count()).toBe(count);
    const [one, two] = world.chat.heard.slice(-2);
    expect([one?.delivery, one?.bodyHash]).toEqual([two?.delivery, two?.bodyHash]);
  });

  test('delivery keys are the persona’s own, and another content has another hash', async () => {
    const [ana, ben] = [await visit(world, 'ana'), await visit(world, 'ben')];
    const delivery = randomUUID();
    await ana.say('one', delivery);
    await ben.say('one', delivery);
    await ana.say('two', delivery);
    const [a, b, c] = world.chat.heard.slice(-3);
    expect(a?.delivery).not.toBe(b?.delivery);
    expect(a?.bodyHash).not.toBe(c?.bodyHash);
  });

  test('a press says where it stood and what it carried; a replacing card changes that message', async () => {
    const ben = await visit(world, 'ben');
    await ben.post('/api/submit', {
      delivery: randomUUID(),
      verb: 'request.submit',
      draft: 'draft-1',
      data: {},
      values: { package: PACKAGES[0], reason: 'quarter end' },
      message: null,
      inForm: true,
    });
    const ana = await visit(world, 'ana');
    const bens = await ben.listen();
    const message = ((await ana.get('/api/state')).json['messages'] as { id: string }[])[0]?.id ?? '';
    const press = {
      delivery: randomUUID(),
      verb: 'approval.approve',
      data: { request: 'r-1042', v: 1 },
      card: 'approval-1042',
      message,
      inForm: false,
    };
    const { json } = await ana.post('/api/press', press);
    expect(json['reply']).toMatchObject({ kind: 'card', message: { id: message }, say: 'Approved.' });
    expect(world.chat.heard.at(-1)).toMatchObject({
      surface: { kind: 'personal', conversation: 'ana', message, canOpenForm: true },
      profile: { name: 'Ana Silva', standing: 'member' },
      act: { kind: 'press', verb: 'approval.approve', data: { request: 'r-1042', v: 1 }, card: 'approval-1042' },
    });
    // The requestor's copy changes in place, too.
    expect(JSON.stringify(await bens.next('changed'))).toContain('Approved by Ana Silva');
    const again = await ana.post('/api/press', { ...press, delivery: randomUUID() });
    expect(again.json['reply']).toMatchObject({ say: 'Already decided.' });
    // The greeting, and the pressed one twice; what a form shows is no message.
    const stands: unknown[] = [expect.any(String), message, message];
    expect(world.chat.stands).toEqual(stands);
    const said = await ana.post('/api/say', { delivery: randomUUID(), text: 'my access' });
    const { message: answer } = said.json['reply'] as { message: { id: string } };
    expect(world.chat.stands).toEqual([...stands, answer.id]);
    bens.close();
  });

  test('prefilled text comes back as it was meant, not as the card writer guarded it', async () => {
    const ben = await visit(world, 'ben');
    const values = { note: 'costs $\u200B{\u200B{x}}' };
    await ben.post('/api/submit', {
      delivery: randomUUID(),
      verb: 'all.submit',
      draft: null,
      data: {},
      values,
      message: null,
      inForm: true,
    });
    expect(world.chat.heard.at(-1)?.act).toMatchObject({ values: { note: 'costs ${{x}}' } });
  });

  test('a search gives the choices of the conversation and stores nothing', async () => {
    const ben = await visit(world, 'ben');
    const count = world.messages.count();
    const { json } = await ben.post('/api/search', { search: 'packages', draft: 'draft-1', query: 'pay' });
    expect(json['reply']).toEqual({
      kind: 'choices',
      choices: [
        { title: 'Payroll administration', value: 'Payroll administration' },
        { title: 'Payroll reports', value: 'Payroll reports' },
      ],
      more: null,
    });
    expect(world.messages.count()).toBe(count);
  });

  test('a failure behind the page is logged and answered with the honest sentence, nothing else', async () => {
    const ben = await visit(world, 'ben');
    world.chat.breakNext = true;
    const answer = await ben.post('/api/say', say());
    expect([answer.status, answer.json]).toEqual([
      503,
      { error: 'failed', say: 'That could not be stored. Nothing was changed; try again.' },
    ]);
    expect(world.logged.some((line) => line.includes('broken on purpose') && line.includes('"level":"error"'))).toBe(
      true,
    );
  });

  test('a fifth open page of one browser closes its first with a goodbye', async () => {
    const ana = await visit(world, 'ana');
    const first = await ana.listen();
    const others = [await ana.listen(), await ana.listen(), await ana.listen(), await ana.listen()];
    expect(await first.next('bye')).toEqual({});
    for (const stream of [first, ...others]) stream.close();
  });

  test('earlier messages come in pages, the last first', async () => {
    for (let index = 0; index < 45; index += 1) await world.channel.send(to('ana'), welcomeCard(`number ${index}`));
    const ana = await visit(world, 'ana');
    const state = (await ana.get('/api/state')).json as { messages: { id: string }[]; more: boolean };
    expect([state.messages.length, state.messages[0]?.id, state.more]).toEqual([40, '6', true]);
    const page = (await ana.get('/api/messages?before=6')).json as { messages: { id: string }[]; more: boolean };
    expect([page.messages.map(({ id }) => id), page.more]).toEqual([['1', '2', '3', '4', '5'], false]);
  });

  test('a packed card is the same card again, with its moments', () => {
    const card = accessCard();
    expect(unpackCard(packCard(card))).toEqual(card);
  });

  test('a card that Teams or Slack could not show does not fit here either', () => {
    const card = accessCard();
    expect(world.channel.misfit(card)).toBeNull();
    const body = Array.from({ length: 60 }, () => card.body).flat();
    expect(world.channel.misfit({ ...card, body })).toBeNull();
    const [first] = card.actions;
    const actions = first ? [{ ...first, data: { id: 'x'.repeat(2_000) } }] : [];
    expect(world.channel.misfit({ ...card, actions })).toMatch(/carries too much/);
  });

  test('the persona’s name is vouched for, nothing else, and strangers have no profile', async () => {
    expect(await world.channel.profile('demo', 'ana')).toEqual({
      name: 'Ana Silva',
      email: null,
      emailConfirmed: null,
      directoryKey: null,
      zone: null,
      locale: null,
      standing: 'member',
    });
    expect(await world.channel.profile('demo', 'nobody')).toBeNull();
  });
});
