// What every channel keeps to, whatever is behind it: Slack, Teams, the page, and the channel of nothing but memory that the tests of
// the conversation run on (row 68).
import { ChannelError, type Address, type Channel } from '../../src/chat/channel';
import { Mailbox, textOf } from '../support/world';
import { startTeams } from './teams/harness';
import { card, startWorld } from './slack/world';
import { openWorld } from './web/world';

interface Subject {
  readonly channel: Channel;
  /** Two people who can be reached. */
  readonly people: readonly [Address, Address];
  /** What each of them sees of the bot, oldest first. */
  readonly shown: (n: 0 | 1) => readonly string[] | Promise<readonly string[]>;
  /** The next message is too much for the platform, which names 7 seconds. */
  readonly busy?: () => void;
  stop(): Promise<void>;
}
const address = (tenant: string, user: string): Address => ({ tenant, user, conversation: null, serviceUrl: null });

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  async Slack() {
    const world = await startWorld('http');
    const { slack, channel } = world;
    const ids = ['U0ADA', 'U0BEN'] as const;
    return {
      channel,
      people: [address(slack.team, ids[0]), address(slack.team, ids[1])],
      shown: (n) => slack.messagesOf(ids[n]).map(({ text }) => text),
      busy: () => {
        slack.fail('chat.postMessage', { status: 429, retryAfter: 7 });
      },
      stop: () => world.stop(),
    };
  },
  async Teams() {
    const world = await startTeams();
    const { teams, channel } = world;
    const people = [teams.person('Ana'), teams.person('Ben')] as const;
    const to = (n: 0 | 1): Address => ({
      tenant: people[n].tenant,
      user: people[n].aadObjectId,
      conversation: people[n].conversation,
      serviceUrl: teams.urls.serviceUrl,
    });
    return {
      channel,
      people: [to(0), to(1)],
      shown: (n) => teams.messagesOf(people[n]).map(({ summary }) => summary),
      busy: () => {
        teams.fail({ on: 'post', status: 429, retryAfter: '7' });
      },
      stop: () => world.stop(),
    };
  },
  async 'the page'() {
    const world = await openWorld();
    const { channel, messages } = world;
    const people = ['ana', 'ben'] as const;
    return {
      channel,
      people: [address('demo', people[0]), address('demo', people[1])],
      shown: async (n) =>
        (await messages.list(people[n], { beforeId: null, limit: 50 })).map((one) => JSON.stringify(one.card)),
      stop: () => world.stop(),
    };
  },
  memory() {
    const channel = new Mailbox();
    const people = ['ana', 'ben'] as const;
    return Promise.resolve({
      channel,
      people: [address('demo', people[0]), address('demo', people[1])],
      shown: (n) => channel.messages.filter(({ to }) => to === people[n]).map((one) => textOf(one.card)),
      busy: () => {
        channel.fail(new ChannelError('later', 'busy', 7_000));
      },
      stop: () => Promise.resolve(),
    });
  },
};

describe.each(Object.entries(subjects))('%s', (name, open) => {
  let subject: Subject;
  beforeEach(async () => {
    subject = await open();
  });
  afterEach(() => subject.stop());
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  test('shows a message once, to whom it is for, and takes the next one in its place', async () => {
    const { channel, people, shown } = subject;
    const asked = card('Ben asks for VPN');
    expect(channel.misfit(asked)).toBeNull();
    const [first, second] = [await channel.send(people[0], asked), await channel.send(people[1], asked)];
    expect([first.tenant, second.tenant]).toEqual([people[0].tenant, people[1].tenant]);
    await channel.update(first, card('Approved by Ada'));
    expect([await shown(0), await shown(1)]).toEqual([
      [expect.stringContaining('Approved by Ada')],
      [expect.stringContaining('Ben asks for VPN')],
    ]);
  });

  test('says of a message that is not there that it is gone, and makes no other', async () => {
    const { channel, people, shown } = subject;
    const ref = await channel.send(people[0], card('Ben asks for VPN'));
    const error = await failure(channel.update({ ...ref, message: `${ref.message}0` }, card('Approved by Ada')));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ kind: 'gone' });
    expect(await shown(0)).toEqual([expect.stringContaining('Ben asks for VPN')]);
  });

  // Nobody counts what the page is sent.
  if (name === 'the page') return;

  test('makes one try, and says when to come again', async () => {
    const { channel, people, shown, busy } = subject;
    busy?.();
    const error = await failure(channel.send(people[0], card('Ben asks for VPN')));
    expect(error).toBeInstanceOf(ChannelError);
    expect(error).toMatchObject({ kind: 'later', retryAfterMs: 7_000 });
    expect(await shown(0)).toEqual([]);
  });
});
