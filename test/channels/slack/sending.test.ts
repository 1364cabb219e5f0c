// Messages that the outbox sends and updates: one attempt each, limits kept, every failure named.
import { address } from '../../../src/chat/spans';
import type { Card } from '../../../src/chat/card';
import { ChannelError } from '../../../src/chat/channel';
import type { CardId } from '../../../src/domain/model';
import type { Reply } from '../../../src/chat/inbound';
import { button, card, form, startWorld, textBlock, until, words, type World } from './world';

let world: World;
beforeEach(async () => {
  world = await startWorld('http');
});
afterEach(async () => {
  await world.stop();
});

const to = (user: string): { tenant: string; user: string; conversation: null; serviceUrl: null } => ({
  tenant: world.slack.team,
  user,
  conversation: null,
  serviceUrl: null,
});
const approval = (text = 'Ben asks for VPN'): Card =>
  card(text, { id: 'card-1', actions: [button('approve', 'Approve')] });

async function failure(work: Promise<unknown>): Promise<{ kind: string; code: string; retryAfterMs: number | null }> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error('it did not fail as it should');
  const { code, kind, retryAfterMs } = error;
  return { kind, code, retryAfterMs };
}

test('row 22: a sent card tells team, conversation and message, and each copy can be updated', async () => {
  const { channel, slack } = world;
  const refs = [await channel.send(to('U0ADA'), approval()), await channel.send(to('U0BEN'), approval())];
  expect(refs.map(({ conversation, tenant }) => [tenant, conversation])).toEqual([
    [slack.team, 'D0U0ADA'],
    [slack.team, 'D0U0BEN'],
  ]);
  for (const ref of refs) await channel.update(ref, card('Approved by Ada'));
  for (const user of ['U0ADA', 'U0BEN']) {
    expect(slack.messagesOf(user).map(({ edits, text }) => [text, edits])).toEqual([['Approved by Ada', 1]]);
  }
});

test('a conversation is opened once, and not at all when it is known', async () => {
  const { channel, slack } = world;
  await channel.send(to('U0ADA'), approval());
  await channel.send(to('U0ADA'), approval());
  expect(slack.callsOf('conversations.open')).toHaveLength(1);
  await channel.send({ ...to('U0ADA'), conversation: 'D0U0ADA' }, approval());
  expect(slack.callsOf('conversations.open')).toHaveLength(1);
});

test('row 18: every message has a text beside its blocks, and links in it are not fetched', async () => {
  const { channel, slack } = world;
  const ref = await channel.send(to('U0ADA'), card('', { summary: words('Ben asks for VPN') }));
  await channel.update(ref, card('', { summary: words('Approved') }));
  expect(slack.callsOf('chat.postMessage')[0]).toMatchObject({
    text: 'Ben asks for VPN',
    unfurl_links: 'false',
    unfurl_media: 'false',
  });
  expect(slack.callsOf('chat.update')[0]).toMatchObject({ text: 'Approved' });
});

test('row 20: Retry-After comes through exactly, and one slow conversation holds up no other', async () => {
  const { channel, slack } = world;
  slack.fail('chat.postMessage', { status: 429, retryAfter: 37 });
  expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({
    kind: 'later',
    code: 'ratelimited',
    retryAfterMs: 37_000,
  });
  await channel.send(to('U0BEN'), approval());
  expect(slack.messagesOf('U0BEN')).toHaveLength(1);
  slack.limitRate = true;
  await channel.send(to('U0ADA'), approval());
  slack.advance(-60_000); // soon after it, however long this machine takes
  expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({
    kind: 'later',
    code: 'ratelimited',
    retryAfterMs: 1_000,
  });
});

test.each<{ name: string; give: string | null; want: number | null }>([
  { name: 'none', give: null, want: null },
  { name: 'seconds', give: '120', want: 120_000 },
  { name: 'a part of a second', give: '0.2', want: 1_000 },
  { name: 'no time at all', give: '0', want: null },
  { name: 'less than none', give: '-5', want: null },
  { name: 'a word', give: 'soon', want: null },
  { name: 'a number that is none', give: '1e9', want: null },
  { name: 'a date that is over', give: 'Wed, 21 Oct 2015 07:28:00 GMT', want: null },
])('row 20: Retry-After as $name', async ({ give, want }) => {
  const { channel, slack } = world;
  slack.fail('chat.postMessage', { status: 429, ...(give === null ? {} : { retryAfter: give }) });
  expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({
    kind: 'later',
    code: 'ratelimited',
    retryAfterMs: want,
  });
});

test('row 20: Retry-After as a date is never undercut', async () => {
  const { channel, slack } = world;
  const until = Math.ceil(slack.now() / 1000) * 1000 + 90_000;
  slack.fail('chat.postMessage', { status: 429, retryAfter: new Date(until).toUTCString() });
  const { retryAfterMs } = await failure(channel.send(to('U0ADA'), approval()));
  expect(slack.now() + (retryAfterMs ?? 0)).toBeGreaterThanOrEqual(until);
});

test.each(['redirect', 'body'] as const)('an answer without an end (%s) is cut off and later', async (endless) => {
  const { channel, slack } = world;
  slack.fail('chat.postMessage', { endless });
  expect(await failure(channel.send(to('U0ADA'), approval()))).toMatchObject({ kind: 'later', code: 'no_answer' });
  expect(slack.callsOf('chat.postMessage')).toHaveLength(1);
});

describe('row 21: a failure is one attempt and says what the outbox may do', () => {
  test.each([
    { name: 'an error of the server', give: { status: 503 }, want: { kind: 'later', code: 'http_503' } },
    {
      name: 'a page instead of an answer',
      give: { status: 200, body: '<html>canary</html>' },
      want: { kind: 'later', code: 'unreadable_answer' },
    },
    { name: 'too many requests without a time', give: { status: 429 }, want: { kind: 'later', code: 'ratelimited' } },
    { name: 'ratelimited as an error', give: { error: 'ratelimited' }, want: { kind: 'later', code: 'ratelimited' } },
    { name: 'a revoked token', give: { error: 'token_revoked' }, want: { kind: 'later', code: 'token_revoked' } },
    { name: 'a missing scope', give: { error: 'missing_scope' }, want: { kind: 'later', code: 'missing_scope' } },
    {
      name: 'a conversation that is gone',
      give: { error: 'channel_not_found' },
      want: { kind: 'unreachable', code: 'channel_not_found' },
    },
    { name: 'an archived one', give: { error: 'is_archived' }, want: { kind: 'unreachable', code: 'is_archived' } },
    {
      name: 'a deactivated account',
      give: { error: 'user_disabled' },
      want: { kind: 'unreachable', code: 'user_disabled' },
    },
    ...[
      'account_inactive',
      'messages_tab_disabled',
      'restricted_action',
      'team_access_not_granted',
      'access_denied',
      'enterprise_is_restricted',
      'org_login_required',
    ].map((code) => ({ name: `${code}, said of our app`, give: { error: code }, want: { kind: 'later', code } })),
    {
      name: 'blocks that Slack refuses',
      give: { error: 'invalid_blocks' },
      want: { kind: 'refused', code: 'invalid_blocks' },
    },
    {
      name: 'a text that is too long',
      give: { error: 'msg_too_long' },
      want: { kind: 'refused', code: 'msg_too_long' },
    },
  ])('$name', async ({ give, want }) => {
    const { channel, slack } = world;
    slack.fail('chat.postMessage', give, 5);
    expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({ ...want, retryAfterMs: null });
    expect(slack.callsOf('chat.postMessage')).toHaveLength(1);
  });
});

test('row 21: a message whose answer was lost is found by its card, and can be taken back', async () => {
  const { channel, slack } = world;
  const [lately, before] = [approval(), { ...approval(), id: 'card-2' }];
  await channel.send(to('U0ADA'), before);
  slack.fail('chat.postMessage', { lost: true });
  expect(await failure(channel.send(to('U0ADA'), lately))).toMatchObject({ kind: 'later', code: 'no_answer' });
  const found = await channel.sent?.(to('U0ADA'), 'card-1' as CardId);
  const [, lost] = slack.messagesOf('U0ADA');
  expect(found).toMatchObject({ conversation: lost?.channel, message: lost?.ts });
  expect(await channel.sent?.(to('U0ADA'), 'c-never' as CardId)).toBeNull();
  if (found) await channel.remove?.(found);
  expect(slack.messagesOf('U0ADA')).toHaveLength(1);
  expect(await channel.sent?.(to('U0ADA'), 'card-1' as CardId)).toBeNull();
});

test.each(['missing_scope', 'no_permission', 'not_allowed_token_type'])(
  'row 21: where the app lacks a right (%s), what is sent waits for it, and what is only looked up is refused',
  async (error) => {
    const { channel, slack } = world;
    for (const method of ['users.lookupByEmail', 'conversations.history', 'chat.postMessage'])
      slack.fail(method, { error });
    const refused = { kind: 'refused', code: error, retryAfterMs: null };
    expect(await failure(Promise.resolve(channel.find?.('ada@example.com')))).toEqual(refused);
    expect(await failure(Promise.resolve(channel.sent?.(to('U0ADA'), 'card-1' as CardId)))).toEqual(refused);
    expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({ ...refused, kind: 'later' });
    slack.fail('conversations.open', { error });
    expect(await failure(Promise.resolve(channel.sent?.(to('U0BEN'), 'card-1' as CardId)))).toEqual(refused);
    // Where Slack is away nothing is known.
    for (const method of ['users.lookupByEmail', 'conversations.history']) slack.fail(method, { status: 503 });
    expect(await failure(Promise.resolve(channel.find?.('ada@example.com')))).toMatchObject({ kind: 'later' });
    expect(await failure(Promise.resolve(channel.sent?.(to('U0ADA'), 'card-1' as CardId)))).toMatchObject({
      kind: 'later',
    });
  },
);

test('row 21: people who cannot be written to are unreachable', async () => {
  const { channel, slack } = world;
  expect(await failure(channel.send(to('U0NOBODY'), approval()))).toMatchObject({
    kind: 'unreachable',
    code: 'user_not_found',
  });
  expect(await failure(channel.send(to(slack.bot), approval()))).toMatchObject({
    kind: 'unreachable',
    code: 'cannot_dm_bot',
  });
});

test('row 21: Slack being away is a reason to try later', async () => {
  const { channel, slack } = world;
  await slack.stop();
  expect(await failure(channel.send(to('U0ADA'), approval()))).toEqual({
    kind: 'later',
    code: 'no_answer',
    retryAfterMs: null,
  });
  await slack.start();
});

test('row 22: a message that was deleted is gone, another one still changes', async () => {
  const { channel, slack } = world;
  const lost = await channel.send(to('U0ADA'), approval());
  const kept = await channel.send(to('U0BEN'), approval());
  const [message] = slack.messagesOf('U0ADA');
  if (message === undefined) throw new Error('nothing was sent');
  slack.deleteMessage(message);
  expect(await failure(channel.update(lost, card('Approved')))).toMatchObject({
    kind: 'gone',
    code: 'message_not_found',
  });
  await channel.update(kept, card('Approved'));
  expect(slack.messagesOf('U0BEN')[0]?.edits).toBe(1);
});

test('the way into the conversation names our app and workspace, and is not known while Slack does not say it', async () => {
  const door = () => world.channel.door?.('request x');
  const { slack } = world;
  slack.fail('bots.info', { error: 'internal_error' });
  expect(await door()).toBeNull();
  // Anybody may open a link, and not each of them makes a call.
  expect([await door(), slack.callsOf('bots.info').length]).toEqual([null, 1]);
  slack.advance(61_000);
  expect(await door()).toEqual({
    url: `https://slack.com/app_redirect?app=${slack.appId}&team=T0HOME`,
    carries: false,
  });
  // As it stands on the card of a shared link.
  expect(address((await door())?.url ?? '')).toMatchObject({ kind: 'address' });
  expect(slack.callsOf('bots.info')).toHaveLength(2);
});

describe('a link to a package that somebody posts', () => {
  const CODE = '0a1b2c3d4e5f6g7h8j9k';
  const URL = `https://usher.example/go/${CODE}`;
  const shown = (): Card =>
    card('Payroll', {
      reader: null,
      actions: [button('typed.run', 'Request access', { text: `request ${CODE}` })],
    });
  /** What the worker does with what was stored. */
  const work = async (reply: Reply = { kind: 'card', card: shown(), replaces: false, say: null }): Promise<void> => {
    for (const inbound of world.conversation.accepted.splice(0)) await world.channel.answer(inbound, reply);
  };
  const links = (...urls: string[]) => ({ links: urls.map((url) => ({ url, domain: 'usher.example' })) });

  beforeEach(async () => {
    await world.stop();
    world = await startWorld('http', { publicUrl: 'https://usher.example' });
  });

  test('is stored before Slack is answered, once, and gets its card', async () => {
    const { conversation, slack } = world;
    const posted = await slack.post('U0ADA', 'C0TEAM', `Who needs it: ${URL}?`);
    expect(posted.shown?.status).toBe(200);
    const [delivery] = slack.deliveries;
    if (!delivery) throw new Error('nothing was delivered');
    await slack.deliver(delivery, { 'x-slack-retry-num': '1' });
    expect(conversation.accepted).toEqual([
      expect.objectContaining({
        user: 'U0ADA',
        surface: {
          kind: 'channel',
          conversation: 'C0TEAM',
          message: posted.message.ts,
          serviceUrl: null,
          canOpenForm: false,
        },
        act: { kind: 'press', verb: 'link.preview', data: { codes: CODE, apart: false, url: `${URL}?` }, card: null },
      }),
    ]);
    await work();
    expect(Object.keys(posted.message.unfurls ?? {})).toEqual([`${URL}?`]);
    expect(slack.callsOf('chat.unfurl')).toHaveLength(1);
    expect(slack.callsOf('chat.postMessage')).toEqual([]);
    expect(conversation.handled).toEqual([]);
  });

  test('opens the form for whoever presses, by what they could have typed', async () => {
    const { conversation, slack } = world;
    conversation.forms = () => true;
    conversation.reply = () => ({ kind: 'form', card: form('Request Payroll') });
    const { message } = await slack.post('U0ADA', 'D0OTHERS', URL);
    await work();
    await slack.pressUnfurl('U0BEN', message, 'Request access');
    await until(() => JSON.stringify(slack.viewOf('U0BEN')?.view ?? '').includes('Request Payroll'));
    expect(conversation.handled).toEqual([
      expect.objectContaining({
        user: 'U0BEN',
        // A conversation between other people is never taken for the one with the bot.
        surface: { kind: 'personal', conversation: null, message: null, serviceUrl: null, canOpenForm: true },
        act: { kind: 'press', verb: 'typed.run', data: { text: `request ${CODE}` }, card: null },
      }),
    ]);
  });

  test('says a refusal to whoever pressed alone, and leaves the card', async () => {
    const { conversation, slack } = world;
    conversation.forms = () => false;
    conversation.reply = () => ({ kind: 'text', say: words('Not for you.') });
    const { message } = await slack.post('U0ADA', 'C0TEAM', URL);
    await work();
    await slack.pressUnfurl('U0BEN', message, 'Request access');
    const said = () => slack.messages.filter(({ text }) => text === 'Not for you.');
    await until(() => said().length > 0);
    expect(said().map(({ onlyFor }) => onlyFor)).toEqual(['U0BEN']);
    expect(message.edits).toBe(0);
    expect(slack.callsOf('chat.update')).toEqual([]);
  });

  test('says that it is read by another company too, and is drawn in the composer as well', async () => {
    const { conversation, slack } = world;
    await slack.post('U0ADA', 'C0SHARED', URL);
    expect(conversation.accepted.map(({ act }) => act)).toEqual([
      expect.objectContaining({ data: { codes: CODE, apart: true, url: URL } }),
    ]);
    conversation.accepted.length = 0;
    const { message } = await slack.post('U0ADA', 'COMPOSER', URL);
    await work();
    expect(Object.keys(message.unfurls ?? {})).toEqual([URL]);
  });

  test('of several names each once, and no more than fit', async () => {
    const { conversation, slack } = world;
    const all = Array.from({ length: 9 }, (_, n) => `https://usher.example/go/${n}a1b2c3d4e5f6g7h8j9k`);
    await slack.post('U0ADA', 'C0TEAM', [URL, ...all].join(' '));
    const codes = Array.from({ length: 5 }, (_, n) => `${n}a1b2c3d4e5f6g7h8j9k`);
    expect(conversation.accepted.map(({ act }) => act)).toEqual([
      expect.objectContaining({ data: { codes: codes.join(','), apart: false, url: URL } }),
    ]);
  });

  test.each([
    ['another page of ours', 'https://usher.example/healthz'],
    ['no code', 'https://usher.example/go/now'],
    ['another host', `https://usher.example.evil.example/go/${CODE}`],
    ['another scheme', `http://usher.example/go/${CODE}`],
    ['another port', `https://usher.example:8443/go/${CODE}`],
    ['somebody before the host', `https://usher.example@evil.example/go/${CODE}`],
    ['no address', 'nonsense'],
  ])('that is %s is left alone', async (_name, url) => {
    const { shown: answer } = await world.slack.post('U0ADA', 'C0TEAM', URL, links(url));
    expect([answer?.status, world.conversation.accepted]).toEqual([200, []]);
  });

  test.each([
    ['a guest', 'U0GUS'],
    ['a stranger', 'U0ZOE'],
    ['the bot itself', 'U0BOT'],
  ])('of %s is left alone, and nothing is said', async (_name, user) => {
    const { conversation, slack } = world;
    // Slack was asked about them before; who is not known yet is refused when the event is worked.
    await world.channel.profile(slack.team, user);
    await slack.post(user, 'C0TEAM', URL);
    expect(conversation.accepted).toEqual([]);
    await slack.post('U0BEN', 'C0TEAM', URL);
    await work({ kind: 'text', say: words('No guest.') });
    expect(slack.callsOf('chat.unfurl')).toEqual([]);
    expect(slack.messages.map(({ text }) => text)).toEqual([URL, URL]);
  });

  test('is none of ours where nobody said where we are reached, or for another workspace', async () => {
    const { slack } = world;
    const event = { type: 'link_shared', user: 'U0ADA', channel: 'C0TEAM', message_ts: '1.2', ...links(URL) };
    await slack.event(event, { team_id: 'T0ELSE', authorizations: [{ team_id: 'T0ELSE' }] });
    expect(world.conversation.accepted).toEqual([]);
    await world.stop();
    world = await startWorld('http');
    await world.slack.post('U0ADA', 'C0TEAM', URL);
    expect(world.conversation.accepted).toEqual([]);
  });

  test('that is gone by then is no failure, nor is a right that the app lacks; one that Slack takes later is tried again', async () => {
    const { conversation, slack } = world;
    const { message } = await slack.post('U0ADA', 'C0TEAM', URL);
    const [inbound] = conversation.accepted;
    if (!inbound) throw new Error('nothing was stored');
    const reply: Reply = { kind: 'card', card: shown(), replaces: false, say: null };
    slack.fail('chat.unfurl', { status: 429, retryAfter: 7 });
    expect(await failure(world.channel.answer(inbound, reply))).toMatchObject({ kind: 'later', retryAfterMs: 7_000 });
    slack.fail('chat.unfurl', { error: 'missing_scope' });
    expect(await world.channel.answer(inbound, reply)).toBeNull();
    slack.deleteMessage(message);
    expect(await world.channel.answer(inbound, reply)).toBeNull();
  });
});

test('a card that would lose something is a misfit', () => {
  expect(world.channel.misfit(approval())).toBeNull();
  const long = card('x', { body: Array.from({ length: 80 }, (_, index) => textBlock(`row ${index}`)) });
  expect(world.channel.misfit(long)).toBeNull();
  const heavy = { ...button('x', 'X'), data: { id: 'x'.repeat(2_000) } };
  expect(world.channel.misfit(card('x', { actions: [heavy] }))).toContain('carries too much');
});
