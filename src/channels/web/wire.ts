// What the page is sent: messages with both forms of their card, replies, and sentences as plain text.
// The page sets texts as text; markup exists only inside the two card forms, escaped by their writers.
import { hasInputs, type Card, type Text } from '../../chat/card';
import { plain } from '../../chat/text';
import { toPage } from './card';
import { unpackCard, type WebMessage } from './messages';

/** What Slack would get: a message, or a modal view for a form. Injected, because channels are siblings. */
export type SlackForm =
  | { readonly text: string; readonly blocks: readonly unknown[] }
  | { readonly type: 'modal'; readonly blocks: readonly unknown[] };

export interface WireCard {
  readonly name: string;
  readonly id: string | null;
  readonly draft: string | null;
  readonly summary: string;
  readonly form: boolean;
  /** What sending the form does; null for a card without inputs. */
  readonly submit: { readonly verb: string; readonly data: Readonly<Record<string, string | number>> } | null;
  readonly teams: unknown;
  /** Null where Slack could not show this card; the page says so instead of showing something else. */
  readonly slack: SlackForm | null;
}

export interface WireMessage {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly at: string;
  readonly changedAt: string | null;
  readonly text: string | null;
  readonly card: WireCard | null;
}

/** `message` is the new or changed message; null where the card takes the place of the open form. */
export type WireReply =
  | {
      readonly kind: 'card';
      readonly message: WireMessage | null;
      readonly card: WireCard;
      readonly say: string | null;
    }
  | { readonly kind: 'form'; readonly card: WireCard }
  | {
      readonly kind: 'errors';
      readonly fields: Readonly<Record<string, string>>;
      readonly say: string | null;
      /** The form as it is today, with what was typed. */
      readonly form?: WireCard;
    }
  | { readonly kind: 'text'; readonly message: WireMessage | null; readonly say: string }
  | {
      readonly kind: 'choices';
      readonly choices: readonly { readonly title: string; readonly value: string }[];
      readonly more: string | null;
    }
  | { readonly kind: 'none' };

export interface Wire {
  card(card: Card): WireCard;
  message(message: WebMessage): WireMessage;
}

/** `onSlackMisfit` hears of cards that the Slack writer refuses. */
export function createWire(
  slack: (card: Card) => SlackForm,
  onSlackMisfit: (card: string, error: unknown) => void,
): Wire {
  const slackForm = (card: Card): SlackForm | null => {
    try {
      return slack(card);
    } catch (error) {
      onSlackMisfit(card.name, error);
      return null;
    }
  };
  const wireCard = (card: Card): WireCard => ({
    name: card.name,
    id: card.id,
    draft: card.draft,
    summary: plain(card.summary, card.reader),
    form: hasInputs(card),
    submit: submitOf(card),
    teams: toPage(card),
    slack: slackForm(card),
  });
  return {
    card: wireCard,
    message: (message) => ({
      id: message.id,
      direction: message.direction,
      at: message.at.toISOString(),
      changedAt: message.changedAt?.toISOString() ?? null,
      text: message.text,
      card: message.card === null ? null : wireCard(unpackCard(message.card)),
    }),
  };
}

/** On a card with inputs the first action that is no link sends them. */
function submitOf(card: Card): WireCard['submit'] {
  const first = card.actions.find((action) => action.type === 'Action.Execute');
  return hasInputs(card) && first !== undefined ? { verb: first.verb, data: first.data } : null;
}

/** A sentence that belongs to no card: moments in it are told in UTC. */
export function sentence(text: Text): string {
  return plain(text, null);
}
