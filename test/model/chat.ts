// A chat platform that keeps what it is sent and can be ill: slow, full, deaf, or taking a message without saying so.
import type { Card } from '../../src/chat/card';
import type { Address, Channel, MessageRef } from '../../src/chat/channel';
import { ChannelError } from '../../src/chat/channel';

export type Illness = 'later' | 'busy' | 'lost' | 'refused' | 'gone';

export interface Message {
  readonly id: string;
  readonly to: string;
  card: Card;
}

export class Chat implements Channel {
  readonly platform = 'web';
  readonly routes = [];
  messages: Message[] = [];
  /** Posts of each card, and those of them that were taken without an answer. */
  posts = new Map<string, number>();
  lost = new Map<string, number>();
  /** Whether it ever refused a message or lost one: who heard nothing by that hears nothing. */
  isFaithful = true;
  #count = 0;
  #ill: Illness[] = [];

  start = (): Promise<void> => Promise.resolve();
  stop = (): Promise<void> => Promise.resolve();
  misfit = (): null => null;
  profile = (): Promise<null> => Promise.resolve(null);
  answer = (): Promise<null> => Promise.resolve(null);

  reset(): void {
    this.messages = [];
    this.posts = new Map();
    this.lost = new Map();
    this.isFaithful = true;
    this.#ill = [];
  }

  /** The next calls meet these, in order. */
  fall(...illnesses: readonly Illness[]): void {
    this.#ill.push(...illnesses);
  }
  heal(): void {
    this.#ill = [];
  }

  async send(to: Address, card: Card): Promise<MessageRef> {
    const after = this.#meet(null);
    const id = `m${(this.#count += 1)}`;
    this.messages.push({ id, to: to.user, card });
    add(this.posts, card.id);
    if (after) {
      add(this.lost, card.id);
      throw after;
    }
    return Promise.resolve({ tenant: to.tenant, conversation: `c-${to.user}`, message: id, serviceUrl: null });
  }

  async update(ref: MessageRef, card: Card): Promise<void> {
    const after = this.#meet(ref);
    const message = this.messages.find((one) => one.id === ref.message);
    if (!message) throw new ChannelError('gone', 'message_not_found');
    message.card = card;
    if (after) throw after;
    return Promise.resolve();
  }

  /** Throws what comes instead of the call; returns what comes after it. */
  #meet(ref: MessageRef | null): ChannelError | null {
    const illness = this.#ill.shift();
    switch (illness) {
      case undefined:
        return null;
      case 'later':
        throw new ChannelError('later', 'unavailable');
      case 'busy':
        throw new ChannelError('later', 'rate_limited', 30_000);
      case 'lost':
        return new ChannelError('later', 'no_answer');
      case 'refused':
        this.isFaithful = false;
        throw new ChannelError('refused', 'bad_request');
      case 'gone':
        this.isFaithful = false;
        // Somebody deleted it: the next change does not find it.
        if (ref) this.messages = this.messages.filter(({ id }) => id !== ref.message);
        return null;
    }
  }
}

function add(counts: Map<string, number>, id: string | null): void {
  counts.set(id ?? '', (counts.get(id ?? '') ?? 0) + 1);
}
