// The port between the conversation and a chat platform. A channel verifies, translates and sends; it decides nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CardId } from '../domain/model';
import type { Card, Text } from './card';
import type { Act, Inbound, Platform, Reply, Surface } from './inbound';

/**
 * An HTTP route that a channel wants to be mounted. `body` is the raw bytes, at most `maxBytes`. A `*` at the end of the path stands
 * for whatever is there up to the next slash.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly path: string;
  readonly maxBytes: number;
  readonly handle: (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void>;
}

/** What a channel asks of the conversation. Never throws for a refusal: refusals are replies. */
export interface Conversation {
  /** Whether this act is answered by a form, so that Slack can open its loading view first (its `trigger_id` lives 3 s). */
  opensForm(act: Act): boolean;
  /** Runs the act now and gives what to show. The act's commit is done when this resolves. */
  handle(inbound: Inbound): Promise<Reply>;
  /**
   * Stores an event or message durably before the platform is acknowledged; a job handles it and answers by `Channel.answer`.
   * False: nothing was stored, since this account may not be heard; `handle` words that, and nobody has to wait for it.
   */
  accept(inbound: Inbound): Promise<boolean>;
  /**
   * What is left of an act that is over, whose answer its platform did not take: to be handled when that works again. An act that changes
   * something and was not committed is never done: of it what `reply` shows or says is kept. Null where nothing can be kept. Never throws.
   */
  debt(inbound: Inbound, reply: Reply): Promise<Inbound | null>;
  /** Keeps that: a job gives the answer by `Channel.answer`. False where it could not be kept. Never throws. */
  owed(inbound: Inbound, reply: Reply): Promise<boolean>;
  /**
   * Hears that the card of a reply stands as this message, so that it follows what it is about. Nobody is to wait for it: it never
   * throws, and what is lost is that this copy follows.
   */
  posted(inbound: Inbound, reply: Reply, ref: MessageRef): Promise<void>;
  /**
   * The sentence for a fault outside any act: `busy` could not be stored in time; `retry` form expired; `unsupported` unknown
   * action; `sentDirect` said where others read along: the answer is in the direct messages; `unshown` the act is over, whatever it did,
   * and its answer cannot be shown.
   */
  sentence(what: 'busy' | 'retry' | 'unsupported' | 'loading' | 'brokenInput' | 'sentDirect' | 'unshown'): Text;
}

/** A person's address on a platform, from stored identities and conversations. */
export interface Address {
  readonly tenant: string;
  readonly user: string;
  /** Known personal conversation, else the channel opens one (Slack) or refuses as `unreachable` (Teams without install). */
  readonly conversation: string | null;
  readonly serviceUrl: string | null;
}

export interface MessageRef {
  readonly tenant: string;
  readonly conversation: string;
  readonly message: string;
  readonly serviceUrl: string | null;
}

/** The message whose place a stored answer takes: the pressed one, where its person alone reads it. Null where it is a new one. */
export function replacedBy(reply: Reply, { surface, tenant }: Pick<Inbound, 'surface' | 'tenant'>): MessageRef | null {
  const { conversation, kind, message, serviceUrl } = surface;
  const isInPlace = reply.kind === 'card' && reply.replaces && kind === 'personal';
  return isInPlace && conversation !== null && message !== null ? { tenant, conversation, message, serviceUrl } : null;
}

/**
 * Why a send or update did not happen. `later`: try again, not before `retryAfterMs` where the platform named it.
 * `gone`: the message no longer exists. `unreachable`: this conversation is dead until a new user or install event.
 * `refused`: never will work (bad request); goes to the dead letters.
 */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /** A second to an hour; null where the platform named nothing that means a pause. */
  readonly retryAfterMs: number | null;
  constructor(
    readonly kind: 'later' | 'gone' | 'unreachable' | 'refused',
    /** Platform's own code (`channel_not_found`, `BotNotInConversationRoster`): safe to log, no tokens, no texts. */
    readonly code: string,
    retryAfterMs: number | null = null,
  ) {
    super(`${kind}: ${code}`);
    this.retryAfterMs = pauseOf(retryAfterMs);
  }
}

const SECOND = 1000;
const HOUR = 3_600_000;

/**
 * What a platform named as a pause, in milliseconds: a second to an hour. Null: none. One of no time would have us ask as fast as we can,
 * and one of days would cut everybody off for a slip of a proxy.
 */
export function pauseOf(named: number | null): number | null {
  return named === null || !(named >= SECOND) ? null : Math.min(named, HOUR);
}

/** A way into the conversation from outside. */
export interface Door {
  readonly url: string;
  /** Whether the words stand in the message line already; else the person types them. */
  readonly carries: boolean;
}

export interface Channel {
  readonly platform: Platform;
  readonly routes: readonly Route[];
  /** Loads the SDK and begins to listen to the platform (Socket Mode); HTTP is served by `routes`. */
  start(conversation: Conversation): Promise<void>;
  stop(): Promise<void>;
  /** One new message to a person. Exactly one remote attempt: retries belong to the outbox. Throws `ChannelError`. */
  send(to: Address, card: Card): Promise<MessageRef>;
  /** Replaces a message that this bot sent. Throws `ChannelError`. */
  update(ref: MessageRef, card: Card): Promise<void>;
  /**
   * The message that carries this card among the newest of the person's conversation with the bot; null where there is none.
   * For a try whose end nobody heard of. Absent where a bot cannot read its own messages (Teams). Throws `ChannelError`.
   */
  sent?(to: Address, card: CardId): Promise<MessageRef | null>;
  /** Takes back a message that this bot sent, where two tries both got through. Throws `ChannelError`. */
  remove?(ref: MessageRef): Promise<void>;
  /** Answers an accepted (stored) event in the conversation where it was said; gives the message that the reply became. */
  answer(inbound: Inbound, reply: Reply): Promise<MessageRef | null>;
  /**
   * Facts about an account that are not in a delivery (Slack `users.info`, the roster of Teams); null where there is nothing to ask.
   * `at` is where it was heard, for a platform that can only be asked there. Throws `ChannelError`.
   */
  profile(tenant: string, user: string, at?: Surface): Promise<Inbound['profile']>;
  /**
   * The account with a mail address, for people who never spoke to the bot; null where there is none. Absent where the
   * platform cannot be asked, or lets nobody be written to first (Teams). Throws `ChannelError`.
   */
  find?(email: string): Promise<Pick<Inbound, 'tenant' | 'user' | 'profile'> | null>;
  /** Why nobody can be heard on this platform now, in words for operators; null while they can. Absent where HTTP decides that. */
  trouble?(): string | null;
  /** Leads a browser into the conversation with the bot, to say these words there; null where that cannot be told. */
  readonly door?: (words: string) => Promise<Door | null>;
  /** Which limit a card breaks also where its lines have gone from the end (`fit.ts`), in words for a log, or null. */
  misfit(card: Card): string | null;
}
