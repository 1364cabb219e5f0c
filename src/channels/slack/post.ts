// Messages out: to a person's direct messages, into the message that a button was pressed in, or as a line that only the
// person sees. Nothing is ever posted where others read along, so no detail can reach an externally shared channel (row 28).
import type { Card, Text } from '../../chat/card';
import { ChannelError, type Address, type MessageRef } from '../../chat/channel';
import type { AnswerUrl } from './answer-url';
import { toMessage } from './blocks';
import { type Json, textAt } from './json';
import type { SlackSettings } from './options';
import { sayCard } from './say';
import type { Web } from './web';

const MOST_CONVERSATIONS = 20_000;

/** How far back a message is looked for: many more than one person gets while a try is in doubt. */
const NEWEST = 100;

/** Where a person can be told one line. */
export interface Ear {
  readonly user: string;
  /** A conversation of which the bot is a member; null where that is not sure. */
  readonly channel: string | null;
  readonly answerUrl: AnswerUrl | null;
}

/** Sends and updates messages of the bot. */
export class Post {
  private readonly conversations = new Map<string, string>();

  constructor(
    private readonly web: Web,
    private readonly settings: SlackSettings,
  ) {}

  /** A new message in a person's direct messages. Throws `ChannelError`. */
  async send(to: Pick<Address, 'user' | 'conversation'>, card: Card): Promise<MessageRef> {
    const channel = to.conversation ?? (await this.open(to.user));
    const answer = await this.web.call('chat.postMessage', { channel, ...body(card), ...mark(card) });
    const message = textAt(answer, 'ts');
    // It may have been posted; the next try looks for it by its mark.
    if (message === null) throw new ChannelError('later', 'unreadable_answer');
    return {
      tenant: this.settings.teamId,
      conversation: textAt(answer, 'channel') ?? channel,
      message,
      serviceUrl: null,
    };
  }

  /** The message that carries a card among the newest in a person's direct messages. Throws `ChannelError`. */
  async sent(to: Pick<Address, 'user' | 'conversation'>, card: string): Promise<MessageRef | null> {
    const channel = to.conversation ?? (await this.open(to.user, 'look'));
    const history = { channel, limit: NEWEST, include_all_metadata: true };
    const messages: unknown = (await this.web.look('conversations.history', history))['messages'];
    const found = (Array.isArray(messages) ? (messages as unknown[]) : []).find(
      (message) => textAt(message, 'metadata', 'event_payload', 'card') === card,
    );
    const message = textAt(found, 'ts');
    return message === null ? null : { tenant: this.settings.teamId, conversation: channel, message, serviceUrl: null };
  }

  /** Takes a message of the bot back. Throws `ChannelError`. */
  async remove(ref: Pick<MessageRef, 'conversation' | 'message'>): Promise<void> {
    await this.web.call('chat.delete', { channel: ref.conversation, ts: ref.message });
  }

  /** Replaces a message of the bot, blocks and text together: text alone would drop the blocks. Throws `ChannelError`. */
  async update(ref: Pick<MessageRef, 'conversation' | 'message'>, card: Card): Promise<void> {
    const { text, blocks } = toMessage(card);
    await this.web.call('chat.update', { channel: ref.conversation, ts: ref.message, text, blocks });
  }

  /** One line for one person, wherever it gets through; false where it does nowhere. Never throws. */
  async whisper(ear: Ear, text: Text): Promise<boolean> {
    const message = toMessage(sayCard(text));
    if ((await ear.answerUrl?.post({ response_type: 'ephemeral', replace_original: false, ...message })) === true)
      return true;
    try {
      if (ear.channel === null) throw new ChannelError('unreachable', 'no_conversation');
      await this.web.call('chat.postEphemeral', { channel: ear.channel, user: ear.user, ...message });
      return true;
    } catch {
      try {
        await this.send({ user: ear.user, conversation: null }, sayCard(text));
        return true;
      } catch (error) {
        const code = error instanceof ChannelError ? error.code : 'unknown';
        this.settings.log.warn({ user: ear.user, code }, 'slack person could not be told');
        return false;
      }
    }
  }

  /** The direct messages with a person; the id never changes. */
  private async open(user: string, how: 'call' | 'look' = 'call'): Promise<string> {
    const known = this.conversations.get(user);
    if (known !== undefined) return known;
    const channel = textAt(await this.web[how]('conversations.open', { users: user }), 'channel', 'id');
    if (channel === null) throw new ChannelError('later', 'unreadable_answer');
    if (this.conversations.size >= MOST_CONVERSATIONS) this.conversations.clear();
    this.conversations.set(user, channel);
    return channel;
  }
}

/** Not shown to anybody; Slack gives it back with the message. */
function mark(card: Card): Json {
  return card.id === null ? {} : { metadata: { event_type: 'usher_card', event_payload: { card: card.id } } };
}

// Previews of links would fetch pages that people wrote into a reason.
function body(card: Card): Json {
  const { text, blocks } = toMessage(card);
  return { text, blocks, unfurl_links: false, unfurl_media: false };
}
