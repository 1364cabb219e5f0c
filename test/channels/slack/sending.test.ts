// Messages that the outbox sends and updates: one attempt each, limits kept, every failure named.
import type { Card } from '../../../src/chat/card';
import { ChannelError } from '../../../src/chat/channel';
import type { CardId } from '../../../src/domain/model';
import { button, card, startWorld, textBlock, words, type World } from './world';

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
      give: { error: 'account_inactive' },
      want: { kind: 'unreachable', code: 'account_inactive' },
    },
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
  expect(await door()).toEqual({
    url: `https://slack.com/app_redirect?app=${slack.appId}&team=T0HOME`,
    carries: false,
  });
  expect(await door()).not.toBeNull();
  expect(slack.callsOf('bots.info')).toHaveLength(2);
});

test('a card that would lose something is a misfit', () => {
  expect(world.channel.misfit(approval())).toBeNull();
  const long = card('x', { body: Array.from({ length: 80 }, (_, index) => textBlock(`row ${index}`)) });
  expect(world.channel.misfit(long)).toContain('blocks');
});
