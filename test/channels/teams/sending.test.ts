// What the bot sends to Teams, and what it makes of every answer, over raw HTTP against the real SDK. Row numbers: see
// ../README.md.
import { address } from '../../../src/chat/spans';
import { createTeamsChannel } from '../../../src/channels/teams/bot';
import type { TeamsOptions } from '../../../src/channels/teams/options';
import type { Card } from '../../../src/chat/card';
import { ChannelError, type Address, type MessageRef } from '../../../src/chat/channel';
import { createLog } from '../../../src/log';
import { inputsOf, partsOf, textOf, wordsOf } from '../../support/teams-client';
import type { Fault, TeamsPerson, TeamsServer } from '../../support/teams-server';
import { button, card, form, line, words } from './cards';
import { optionsFor, ScriptedConversation, startTeams, type World } from './harness';

let world: World;
let teams: TeamsServer;
let ana: TeamsPerson;
let ben: TeamsPerson;

async function begin(change: Partial<TeamsOptions> = {}): Promise<void> {
  world = await startTeams({ clock: () => new Date('2026-11-21T10:00:00Z'), ...change });
  teams = world.teams;
  ana = teams.person('Ana');
  ben = teams.person('Ben');
}

beforeEach(async () => {
  await begin();
});
afterEach(async () => {
  await world.stop();
});

const to = (person: TeamsPerson, change: Partial<Address> = {}): Address => ({
  tenant: person.tenant,
  user: person.aadObjectId,
  conversation: person.conversation,
  serviceUrl: teams.urls.serviceUrl,
  ...change,
});
const send = (person: TeamsPerson, shown: Card = card()): Promise<MessageRef> => world.channel.send(to(person), shown);

/** How a send or an update failed. */
async function failure(work: Promise<unknown>): Promise<Pick<ChannelError, 'kind' | 'code' | 'retryAfterMs'>> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ChannelError) {
      return { kind: error.kind, code: error.code, retryAfterMs: error.retryAfterMs };
    }
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a message', () => {
  test('row 50: is a card without words beside it, with a summary, and its id comes back', async () => {
    const ref = await send(ben);
    const [message] = teams.messagesOf(ben);
    expect(ref).toEqual({
      tenant: ben.tenant,
      conversation: ben.conversation,
      message: message?.id,
      serviceUrl: teams.urls.serviceUrl,
    });
    expect(message).toMatchObject({ text: '', summary: 'Ana asks for Finance reports' });
    expect(message?.activity).toMatchObject({
      type: 'message',
      channelData: { notification: { alert: true } },
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }],
    });
  });

  test('is taken back where two tries both got through', async () => {
    const ref = await send(ben);
    await world.channel.remove?.(ref);
    expect(teams.messagesOf(ben)).toEqual([]);
  });

  test('row 48: keeps to schema 1.5, six buttons, unique ids and 25 KB', async () => {
    await send(ana, form({ actions: Array.from({ length: 6 }, (_, n) => button(`verb-${n}`, `Button ${n}`)) }));
    const shown = teams.messagesOf(ana)[0]?.card;
    expect(textOf(shown, 'version')).toBe('1.5');
    const ids = inputsOf(shown).map((input) => textOf(input, 'id'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(partsOf(shown).filter((part) => textOf(part, 'type').startsWith('Action.'))).toHaveLength(6);
  });

  test('row 48: that Teams would not take is named before it is sent', () => {
    expect(world.channel.misfit(card())).toBeNull();
    const long = Array.from({ length: 20 }, () => line([{ kind: 'user', text: 'x'.repeat(2000) }]));
    expect(world.channel.misfit(card({ body: long }))).toBeNull();
    const many = Array.from({ length: 7 }, (_, n) => button(`verb-${n}`, `Button ${n}`));
    expect(world.channel.misfit(card({ actions: many }))).toMatch(/7 buttons/);
  });

  test('row 49: shows what people wrote as they wrote it', async () => {
    const hostile = '${$root} [free](http://evil.example) **bold** <at>Ben</at>';
    await send(ana, card({ body: [line([{ kind: 'user', text: hostile }])] }));
    const shown = JSON.stringify(teams.messagesOf(ana)[0]?.card);
    expect(shown).not.toContain('${');
    expect(shown).not.toContain('[free](');
    expect(shown).not.toContain('**bold**');
  });

  test('to somebody without a conversation is unreachable, and nothing is called', async () => {
    for (const change of [{ conversation: null }, { serviceUrl: null }]) {
      expect(await failure(world.channel.send(to(ana, change), card()))).toMatchObject({ kind: 'unreachable' });
    }
    expect(teams.calls).toEqual([]);
  });

  test.each<[string, Partial<Address>]>([
    ['a host off the list', { serviceUrl: 'https://evil.example/' }],
    ['a tenant off the list', { tenant: '77777777-7777-4777-8777-777777777777' }],
  ])('row 38: to %s is refused, and nothing is called', async (_, change) => {
    expect(await failure(world.channel.send(to(ana, change), card()))).toMatchObject({ kind: 'refused' });
    expect(teams.calls).toEqual([]);
  });
});

test('the way into the conversation takes the words along', async () => {
  const { appId } = optionsFor(teams);
  const door = await world.channel.door?.('request a&b=c');
  expect(door).toEqual({
    url: `https://teams.microsoft.com/l/chat/0/0?users=28:${appId}&message=request%20a%26b%3Dc`,
    carries: true,
  });
  // As it stands on the card of a shared link.
  expect(address(door?.url ?? '')).toMatchObject({ kind: 'address' });
});

describe('copies', () => {
  test('row 51: all copies change after the decision, and a lost one is named without hurting the others', async () => {
    const refs = [];
    for (const person of teams.people) refs.push(await send(person));
    const [first] = teams.messagesOf(ana);
    if (first !== undefined) teams.delete(first);
    teams.fail({ on: 'update', status: 403, code: 'BotNotInConversationRoster' });

    const decided = card({ body: [line(words('Approved by Cleo'))], actions: [] });
    const [, second, ...rest] = refs;
    expect(second === undefined ? null : await failure(world.channel.update(second, decided))).toEqual({
      kind: 'unreachable',
      code: 'BotNotInConversationRoster',
      retryAfterMs: null,
    });
    for (const ref of rest) await world.channel.update(ref, decided);
    const [lost] = refs;
    expect(lost === undefined ? null : await failure(world.channel.update(lost, decided))).toEqual({
      kind: 'gone',
      code: 'ActivityNotFoundInConversation',
      retryAfterMs: null,
    });
    for (const person of teams.people.slice(2)) {
      const [message] = teams.messagesOf(person);
      expect(message).toMatchObject({ edits: 1, text: '' });
      expect(wordsOf(message?.card)).toContain('Approved by Cleo');
    }
  });

  test('row 54: a reply to a card that was deleted becomes a new message', async () => {
    const ref = await send(ben);
    const [message] = teams.messagesOf(ben);
    if (message === undefined) throw new Error('the card did not arrive');
    world.conversation.script = () => ({ kind: 'card', card: card(), replaces: true, say: null });
    teams.delete(message);
    await teams.press(ben, message, 'Approve', {}, 'old');
    expect(teams.messagesOf(ben).map(({ id }) => id)).not.toContain(ref.message);
    expect(teams.messagesOf(ben)).toHaveLength(1);
  });
});

describe('row 52: answers of Teams', () => {
  const cases: { fault: Omit<Fault, 'on'>; want: string; code?: string; after?: number | null }[] = [
    { fault: { status: 412, code: 'PreconditionFailed' }, want: 'later' },
    { fault: { status: 429, code: 'TooManyRequests', retryAfter: '17' }, want: 'later', after: 17_000 },
    { fault: { status: 429, retryAfter: 'Sat, 21 Nov 2026 10:00:30 GMT' }, want: 'later', after: 30_000 },
    { fault: { status: 429, code: 'TooManyRequests', retryAfter: '0' }, want: 'later', code: 'ratelimited' },
    { fault: { status: 429, retryAfter: 'Sat, 21 Nov 2020 10:00:30 GMT' }, want: 'later', code: 'ratelimited' },
    { fault: { status: 429, retryAfter: '99999999999999999999999999' }, want: 'later', after: 3_600_000 },
    { fault: { status: 502 }, want: 'later', code: 'http_502' },
    { fault: { status: 503, retryAfter: '2' }, want: 'later', after: 2000 },
    { fault: { status: 504 }, want: 'later' },
    { fault: { status: 500, code: 'ServiceError' }, want: 'refused' },
    { fault: { status: 400, code: 'BadSyntax' }, want: 'refused', code: 'BadSyntax' },
    { fault: { status: 401 }, want: 'later', code: 'http_401' },
    { fault: { status: 413, code: 'MessageSizeTooBig' }, want: 'refused' },
    { fault: { status: 307 }, want: 'refused' },
    { fault: { status: 400, code: 'a code with "text" in it' }, want: 'refused', code: 'http_400' },
    { fault: { status: 403, code: 'InvalidBotApiHost' }, want: 'refused' },
    { fault: { status: 403, code: 'BotDisabledByAdmin' }, want: 'unreachable' },
    { fault: { status: 403, code: 'BotNotInConversationRoster' }, want: 'unreachable' },
    { fault: { status: 403, code: 'ConversationBlockedByUser' }, want: 'unreachable' },
    { fault: { status: 403, code: 'MessageWritesBlocked' }, want: 'unreachable' },
    { fault: { status: 404, code: 'ConversationNotFound' }, want: 'unreachable' },
    { fault: { status: 404 }, want: 'later', code: 'http_404' },
  ];

  test.each(cases)('rows 52, 54: $fault is $want after one attempt', async ({ fault, want, code, after }) => {
    teams.fail({ on: 'post', times: 10, ...fault });
    const failed = await failure(send(ana));
    expect(failed.kind).toBe(want);
    if (code !== undefined) expect(failed.code).toBe(code);
    expect(failed.retryAfterMs).toBe(after ?? null);
    expect(teams.calls.filter(({ call }) => call === 'post')).toHaveLength(1);
    expect(teams.messagesOf(ana)).toEqual([]);
  });

  test('row 52: silence is later, after the deadline of a call', async () => {
    await world.stop();
    await begin({ remoteTimeoutMs: 1_500 });
    // It has its token.
    while (
      await send(ana).then(
        () => false,
        () => true,
      )
    );
    const before = teams.messagesOf(ana).length;
    teams.fail({ on: 'post', times: 10, hang: true });
    expect(await failure(send(ana))).toEqual({ kind: 'later', code: 'Timeout', retryAfterMs: null });
    expect(teams.messagesOf(ana)).toHaveLength(before);
  });

  test('an answer without an end is cut off and later', async () => {
    teams.fail({ on: 'post', endless: true });
    expect(await failure(send(ana))).toMatchObject({ kind: 'later', code: 'Network' });
  });

  test('an update is one attempt as well', async () => {
    const ref = await send(ana);
    teams.fail({ on: 'update', times: 10, status: 503 });
    expect(await failure(world.channel.update(ref, card()))).toMatchObject({ kind: 'later' });
    expect(teams.calls.filter(({ call }) => call === 'update')).toHaveLength(1);
  });

  test('a connection that breaks is later', async () => {
    await send(ana);
    const address = to(ana);
    await teams.stop();
    const failed = await failure(world.channel.send(address, card()));
    expect(failed).toMatchObject({ kind: 'later', code: 'Network' });
    await teams.start();
  });

  test('row 52: the rate of a conversation is told with its wait', async () => {
    teams.limitRate = true;
    teams.clock = () => 0;
    const failures = (await Promise.allSettled(Array.from({ length: 9 }, () => send(ana)))).flatMap((result) =>
      result.status === 'rejected' ? [result.reason as ChannelError] : [],
    );
    expect(failures.map(({ kind, retryAfterMs }) => ({ kind, retryAfterMs }))).toEqual([
      { kind: 'later', retryAfterMs: 1000 },
      { kind: 'later', retryAfterMs: 1000 },
    ]);
  });

  test('row 54: the next delivery of a person brings their address back', async () => {
    teams.fail({ on: 'post', status: 403, code: 'ConversationBlockedByUser' });
    expect(await failure(send(ana))).toMatchObject({ kind: 'unreachable' });
    await teams.install(ana);
    expect(world.conversation.accepted[0]?.surface).toMatchObject({
      conversation: ana.conversation,
      serviceUrl: teams.urls.serviceUrl,
    });
    expect((await send(ana)).message).not.toBe('');
  });
});

describe("the bot's own token", () => {
  const asked = () => teams.calls.filter(({ call }) => call === 'token').length;

  test('is asked for once by everybody who waits for it', async () => {
    await Promise.all([send(ana), send(ben), send(teams.person('Cleo'))]);
    await send(ana);
    expect(asked()).toBe(1);
  });

  test('is renewed before it ends', async () => {
    let now = new Date('2026-11-21T10:00:00Z');
    const channel = createTeamsChannel(optionsFor(teams, { clock: () => now }));
    await channel.start(new ScriptedConversation());
    await channel.send(to(ana), card());
    now = new Date('2026-11-21T10:50:00Z');
    await channel.send(to(ana), card());
    expect(asked()).toBe(1);
    now = new Date('2026-11-21T10:56:00Z');
    await channel.send(to(ana), card());
    expect(asked()).toBe(2);
    await channel.stop();
  });

  test('is dropped when Teams refuses it', async () => {
    teams.fail({ on: 'post', status: 401 });
    await failure(send(ana));
    await send(ana);
    expect(asked()).toBe(2);
  });

  test('that cannot be had is later', async () => {
    teams.fail({ on: 'token', status: 500 });
    expect(await failure(send(ana))).toMatchObject({ kind: 'later', code: 'login_unknown' });
    expect((await send(ana)).message).not.toBe('');
  });

  test('that does not come is later', async () => {
    await world.stop();
    await begin({ remoteTimeoutMs: 200 });
    teams.fail({ on: 'token', times: 10, hang: true });
    expect(await failure(send(ana))).toMatchObject({ kind: 'later', code: 'login_unavailable' });
  });

  test('whose answer has no end is later, long before its deadline', async () => {
    await world.stop();
    await begin({ remoteTimeoutMs: 600_000 });
    teams.fail({ on: 'token', endless: true });
    expect(await failure(send(ana))).toMatchObject({ kind: 'later', code: 'login_unavailable' });
  });

  test('that is refused for a wrong secret keeps the messages and alarms', async () => {
    const lines: string[] = [];
    const log = createLog('error', { write: (written) => void lines.push(written) });
    const channel = createTeamsChannel(optionsFor(teams, { appPassword: 'old-secret', log }));
    await channel.start(new ScriptedConversation());
    expect(await failure(channel.send(to(ana), card()))).toMatchObject({ kind: 'later', code: 'login_invalid_client' });
    expect(lines.join('')).toContain('invalid_client');
    expect(lines.join('')).not.toContain('old-secret');
    await channel.stop();
  });
});

describe('private answers', () => {
  const channelHere = '19:it@thread.tacv2;messageid=1';

  test('go to the conversation that the person spoke in before, without opening another', async () => {
    await teams.say(ana, 'hi');
    await teams.say(ana, 'my access', { channel: channelHere });
    const inbound = world.conversation.accepted[1];
    if (inbound === undefined) throw new Error('nothing arrived');
    const ref = await world.channel.answer(inbound, { kind: 'card', card: card(), replaces: false, say: null });
    expect(ref?.conversation).toBe(ana.conversation);
    expect(teams.calls.filter(({ call }) => call === 'create')).toEqual([]);
  });

  test('to somebody whom the bot cannot write to do not fall back to where others read along', async () => {
    await teams.say({ ...ana, aadObjectId: '33333333-3333-4333-8333-888888888888' }, 'my access', {
      channel: channelHere,
    });
    const [inbound] = world.conversation.accepted;
    if (inbound === undefined) throw new Error('nothing arrived');
    const failed = await failure(world.channel.answer(inbound, { kind: 'text', say: words('You hold Payroll.') }));
    expect(failed).toMatchObject({ kind: 'unreachable', code: 'BotNotInConversationRoster' });
    expect(teams.messagesIn(channelHere)).toEqual([]);
  });

  test('change a card of the team in place', async () => {
    await teams.say(ben, 'hi');
    const ref = await world.channel.send(to(ben, { conversation: '19:it@thread.tacv2' }), card());
    const activity = teams.activity(ben, {
      type: 'message',
      value: { usher: { verb: 'approve', card: 'card-1' } },
      replyToId: ref.message,
      conversation: { id: '19:it@thread.tacv2', conversationType: 'channel', tenantId: ben.tenant },
    });
    world.conversation.script = () => ({ kind: 'card', card: card(), replaces: true, say: words('Only for Ben.') });
    await teams.deliver(activity);
    expect(teams.messagesIn('19:it@thread.tacv2')[0]?.edits).toBe(1);
    expect(teams.messagesOf(ben).map(({ text }) => text)).toEqual(['Only for Ben.']);
  });
});

test('row 67: no token, secret, reason or payload is written to the log or the console', async () => {
  const console_: unknown[][] = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest.spyOn(console, method).mockImplementation((...said: unknown[]) => {
      console_.push(said);
    });
  }
  const canary = 'canary-reason-4711';
  world.conversation.script = () => Promise.reject(new Error('made to fail'));
  const token = teams.tokens.token(teams.urls.serviceUrl, { otherKey: true });
  const hello = JSON.stringify(teams.activity(ana, { type: 'message', text: canary }));
  await teams.post(hello, { authorization: `Bearer ${token}` });
  await teams.say(ana, canary);
  world.conversation.storing = () => Promise.reject(new Error('made to fail'));
  await teams.say(ana, canary);
  await teams.invoke(ana, 'task/submit', { data: { usher: { verb: 'request' }, reason: canary } });
  teams.fail({ on: 'post', status: 400 });
  await failure(send(ana, card({ body: [line([{ kind: 'user', text: canary }])] })));
  await world.channel.stop();

  const written = [...world.lines, ...console_.flat().map(String)].join('\n');
  expect(written).toContain('turned away');
  const used = teams.calls
    .map(({ authorization }) => authorization.replace('Bearer ', ''))
    .filter((part) => part !== '');
  expect(used.length).toBeGreaterThan(0);
  for (const secret of [canary, token, teams.appPassword, 'Bearer ey', ...used]) expect(written).not.toContain(secret);
  jest.restoreAllMocks();
});
