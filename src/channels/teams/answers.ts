// What goes into a conversation: new messages, changed ones, and replies to what was said. Where others read along, the
// answer goes to the person's own conversation with the bot and one line says so.
import type { Card, Text } from '../../chat/card';
import { ChannelError, type Address, type Channel, type Conversation, type MessageRef } from '../../chat/channel';
import type { Inbound, Profile, Reply } from '../../chat/inbound';
import { plain } from '../../chat/text';
import type { TeamsSettings } from './options';
import { createDraw, errorSentences, withBanner, type Draw } from './reply';
import type { Content, Sender, Target } from './sender';

const MOST_REMEMBERED = 5_000;

export interface Answers extends Pick<Channel, 'send' | 'update' | 'answer' | 'profile'> {
  remove(ref: MessageRef): Promise<void>;
  readonly draw: Draw;
  /** Remembers where a person was last heard, for `profile` and for private answers. Verified deliveries only (row 55). */
  heard(inbound: Inbound): void;
  /** A card for this person's eyes, in their own conversation with the bot. */
  post(inbound: Inbound, card: Card): Promise<MessageRef>;
  /** One sentence where the person spoke. */
  say(inbound: Inbound, say: Text): Promise<MessageRef>;
  typing(inbound: Inbound): Promise<void>;
}

/** The conversation's side of the channel. */
export function createAnswers(settings: TeamsSettings, conversation: Conversation, sender: Sender): Answers {
  // The playground opens no dialogs and sends nothing for such a button; there a form comes as a card of the chat.
  const draw = createDraw(
    (verb, data) => !settings.playground && conversation.opensForm({ kind: 'press', verb, data, card: null }),
  );
  const places = new Map<string, { readonly target: Target; readonly personal: boolean }>();

  const asContent = (card: Card, alert: boolean): Content => ({
    card: draw(card, 'message'),
    summary: plain(card.summary, card.reader),
    alert,
  });
  const post = async (target: Target, content: Content): Promise<MessageRef> => {
    const message = await sender.post(target, content);
    return { tenant: target.tenant, conversation: target.conversation ?? '', message, serviceUrl: target.serviceUrl };
  };

  /** The person's own conversation with the bot: here, known, or opened. */
  const ownPlace = async (inbound: Inbound): Promise<Target> => {
    const here = placeOf(inbound);
    if (inbound.surface.kind === 'personal') return here;
    const known = places.get(keyOf(inbound.tenant, inbound.user));
    if (known?.personal === true) return known.target;
    const opened = { ...here, conversation: await sender.open(here, inbound.user) };
    remember(places, MOST_REMEMBERED, keyOf(inbound.tenant, inbound.user), { target: opened, personal: true });
    return opened;
  };
  const privately = async (inbound: Inbound, content: Content): Promise<MessageRef> => {
    const place = await ownPlace(inbound);
    const ref = await post(place, content);
    if (place.conversation !== inbound.surface.conversation) {
      // The answer is out, and must not be made again because of a line that says where.
      await post(placeOf(inbound), { text: plain(conversation.sentence('sentDirect'), null) })
        .catch(async (error: unknown) => {
          if (!(error instanceof ChannelError)) throw error;
          settings.log.warn({ code: error.code }, 'Teams line not said');
          await settings.heed(inbound.tenant, error);
        })
        .catch((error: unknown) => {
          settings.log.warn({ err: error }, 'Teams line failed');
        });
    }
    return ref;
  };

  const update = async (ref: MessageRef, card: Card): Promise<void> => {
    await sender.replace(ref, ref.message, asContent(card, false));
  };

  const answerCard = async (inbound: Inbound, reply: Extract<Reply, { kind: 'card' }>): Promise<MessageRef> => {
    const { message, conversation: held } = inbound.surface;
    if (!reply.replaces || message === null || held === null) {
      return await privately(inbound, asContent(withBanner(reply.card, reply.say), false));
    }
    const ref = { ...placeOf(inbound), conversation: held, message };
    try {
      await update(ref, reply.card);
    } catch (error) {
      if (!(error instanceof ChannelError) || error.kind !== 'gone') throw error;
      return await privately(inbound, asContent(withBanner(reply.card, reply.say), false));
    }
    if (reply.say !== null) await privately(inbound, { text: plain(reply.say, reply.card.reader) });
    return ref;
  };

  return {
    draw,
    heard(inbound) {
      const key = keyOf(inbound.tenant, inbound.user);
      const personal = inbound.surface.kind === 'personal';
      if (personal || places.get(key)?.personal !== true) {
        remember(places, MOST_REMEMBERED, key, { target: placeOf(inbound), personal });
      }
    },
    send: (to: Address, card) => post(to, asContent(card, true)),
    update,
    remove: (ref) => sender.remove(ref, ref.message),
    async answer(inbound, reply) {
      switch (reply.kind) {
        case 'card':
          return await answerCard(inbound, reply);
        case 'form':
          return await privately(inbound, asContent(reply.card, false));
        case 'errors':
          return await privately(inbound, { text: errorSentences(reply) });
        case 'text':
          return await privately(inbound, { text: plain(reply.say, null) });
        case 'choices':
        case 'none':
          return null;
      }
    },
    async post(inbound, card) {
      return await post(await ownPlace(inbound), asContent(card, false));
    },
    say: (inbound, say) => post(placeOf(inbound), { text: plain(say, null) }),
    typing: (inbound) => sender.typing(placeOf(inbound)),
    async profile(tenant, user, at): Promise<Profile | null> {
      // What is stored is answered by any replica, also by one that never heard them.
      const place = places.get(keyOf(tenant, user))?.target ?? (at && placeOf({ tenant, surface: at }));
      return place === undefined ? null : await sender.member(place, user);
    },
  };
}

function placeOf({ tenant, surface }: Pick<Inbound, 'tenant' | 'surface'>): Target {
  return { tenant, conversation: surface.conversation, serviceUrl: surface.serviceUrl };
}

function keyOf(tenant: string, user: string): string {
  return `${tenant}/${user}`;
}

/** Remembers at most so much. A Map keeps the order of insertion, so the first key is the one that was heard longest ago. */
export function remember<T>(map: Map<string, T>, most: number, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}
