// The port for what the local page remembers: one conversation per persona. The store keeps it in a table of the demo;
// it sees plain JSON only, so that it need not know what a card is.
import type { Card } from '../../chat/card';

/** Plain JSON, as `JSON.parse` gives it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface WebContent {
  /** Plain text: what the persona typed, or an answer that is one sentence. */
  readonly text: string | null;
  /** A packed card (`packCard`); opaque to the store. */
  readonly card: Json;
}

export interface WebEntry extends WebContent {
  /** `in`: the persona said it; `out`: the bot did. Only `out` counts as unread. */
  readonly direction: 'in' | 'out';
  /** The same key of the same persona again stores nothing and gives the first message; null is always a new message. */
  readonly key: string | null;
}

export interface WebMessage extends WebContent {
  /** Ascends with time within a persona's conversation. */
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly at: Date;
  /** Last `update`; null where the message is as it was sent. */
  readonly changedAt: Date | null;
}

export interface WebMessages {
  append(user: string, entry: WebEntry): Promise<WebMessage>;
  /** Replaces what a message shows; null where this persona has no such message. */
  update(user: string, id: string, content: WebContent): Promise<WebMessage | null>;
  /** The last `limit` messages (before `beforeId`), oldest first. */
  list(
    user: string,
    page: { readonly beforeId: string | null; readonly limit: number },
  ): Promise<readonly WebMessage[]>;
  /** Unread `out` messages per persona; personas with none may be left out. */
  unread(): Promise<ReadonlyMap<string, number>>;
  /** Everything up to and including this message is read; never moves back. */
  markRead(user: string, upToId: string): Promise<void>;
}

/** A card as JSON. Instants become ISO strings. */
export function packCard(card: Card): Json {
  return JSON.parse(JSON.stringify(card)) as Json;
}

/** The card that `packCard` packed. Only for JSON that came from there: the shape is not checked again. */
export function unpackCard(packed: Json): Card {
  return JSON.parse(JSON.stringify(packed), reviveInstant) as Card;
}

function reviveInstant(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!('kind' in value) || value.kind !== 'instant' || !('at' in value) || typeof value.at !== 'string') return value;
  return { ...value, at: new Date(value.at) };
}
