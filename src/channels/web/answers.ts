// What a reply does to a persona's conversation: a new message, a changed one, a form, a sentence. Stores first, then
// tells the open pages.
import type { Card } from '../../chat/card';
import type { Inbound, Reply } from '../../chat/inbound';
import { packCard, type WebContent, type WebMessage, type WebMessages } from './messages';
import type { Streams } from './streams';
import { sentence, type Wire, type WireMessage, type WireReply } from './wire';

/** Where the act came from, which decides what "replaces" means and where a sentence goes. */
export type Place = 'typed' | 'message' | 'form';

export interface Answers {
  /** The persona's own line. A repeated delivery is stored once. */
  said(user: string, delivery: string, text: string): Promise<WireMessage>;
  show(inbound: Inbound, reply: Reply, place: Place): Promise<WireReply>;
  post(user: string, content: WebContent, key: string | null): Promise<WebMessage>;
  /** Null where the persona has no such message. */
  change(user: string, id: string, card: Card): Promise<WebMessage | null>;
  markRead(user: string, upTo: string): Promise<void>;
  unread(): Promise<Readonly<Record<string, number>>>;
}

/** Joins the stored conversations with the open pages. */
export function createAnswers(messages: WebMessages, streams: Streams, wire: Wire): Answers {
  const unread = async (): Promise<Readonly<Record<string, number>>> => Object.fromEntries(await messages.unread());
  const tellUnread = async (): Promise<void> => {
    if (streams.size() === 0) return;
    streams.tellAll('unread', await unread());
  };
  const post = async (user: string, content: WebContent, key: string | null): Promise<WebMessage> => {
    const message = await messages.append(user, { ...content, direction: 'out', key });
    streams.tell(user, 'message', wire.message(message));
    await tellUnread();
    return message;
  };
  const change = async (user: string, id: string, card: Card): Promise<WebMessage | null> => {
    const message = await messages.update(user, id, { text: null, card: packCard(card) });
    if (message !== null) streams.tell(user, 'changed', wire.message(message));
    return message;
  };
  const answerKey = (inbound: Inbound): string => `answer:${inbound.delivery}`;

  const showCard = async (
    inbound: Inbound,
    reply: Extract<Reply, { kind: 'card' }>,
    place: Place,
  ): Promise<WireReply> => {
    const say = reply.say === null ? null : sentence(reply.say);
    const card = wire.card(reply.card);
    if (reply.replaces && place === 'form') return { kind: 'card', message: null, card, say };
    const pressed = reply.replaces && place === 'message' ? inbound.surface.message : null;
    const message =
      (pressed === null ? null : await change(inbound.user, pressed, reply.card)) ??
      (await post(inbound.user, { text: null, card: packCard(reply.card) }, answerKey(inbound)));
    return { kind: 'card', message: wire.message(message), card, say };
  };

  return {
    async said(user, delivery, text) {
      const message = await messages.append(user, { direction: 'in', text, card: null, key: `said:${delivery}` });
      const wired = wire.message(message);
      streams.tell(user, 'message', wired);
      return wired;
    },
    async show(inbound, reply, place) {
      switch (reply.kind) {
        case 'card':
          return await showCard(inbound, reply, place);
        case 'form':
          return { kind: 'form', card: wire.card(reply.card) };
        case 'errors':
          return {
            kind: 'errors',
            fields: Object.fromEntries(Object.entries(reply.fields).map(([id, text]) => [id, sentence(text)])),
            say: reply.say === null ? null : sentence(reply.say),
            ...(reply.form === undefined ? {} : { form: wire.card(reply.form) }),
          };
        case 'text': {
          // A typed line is answered by a line that stays; a click by a short notice.
          const say = sentence(reply.say);
          if (place !== 'typed') return { kind: 'text', message: null, say };
          const message = await post(inbound.user, { text: say, card: null }, answerKey(inbound));
          return { kind: 'text', message: wire.message(message), say };
        }
        case 'choices':
          return {
            kind: 'choices',
            choices: reply.choices.map((choice) => ({ title: sentence(choice.title), value: choice.value })),
            more: reply.more === null ? null : sentence(reply.more),
          };
        case 'none':
          return { kind: 'none' };
      }
    },
    post,
    change,
    async markRead(user, upTo) {
      await messages.markRead(user, upTo);
      await tellUnread();
    },
    unread,
  };
}
