// What walks in and what walks out, the same for every platform. Channels translate to and from these; `handle` knows no other.
import type { AnsweredCard } from '../operations/ports';
import type { Card, Text } from './card';
import type { CardDataOf } from './card-data';
import type { Follow } from './follow';
import type { Answer } from './verb';

export type Platform = 'slack' | 'teams' | 'web';

/** What an account is to its workspace or tenant. */
export type Standing = 'member' | 'guest' | 'foreign' | 'bot' | 'deactivated' | 'anonymous';

/** Facts about the sender that the platform itself vouches for in this delivery; null where it does not say. */
export interface Profile {
  readonly name: string | null;
  readonly email: string | null;
  /** True only where the platform says so; null is unknown and never counts as confirmed. */
  readonly emailConfirmed: boolean | null;
  /** The directory's immutable key for this account (Entra object id), where the platform carries one. */
  readonly directoryKey: string | null;
  readonly zone: string | null;
  readonly locale: string | null;
  /** Guest, foreign workspace or tenant, bot, deactivated account: refused before anything is stored (rows 10, 28, 40, 58). */
  readonly standing: Standing | null;
}

export type Act =
  /** Typed text with mentions of the bot and the slash command's name already stripped. */
  | { readonly kind: 'text'; readonly text: string }
  /** A button. `card` is the id that the button carried, a hint only. */
  | {
      readonly kind: 'press';
      readonly verb: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly card: string | null;
    }
  /** A form sent. `values` by input id, strings as the platform gave them. */
  | {
      readonly kind: 'submit';
      readonly verb: string;
      readonly draft: string | null;
      readonly data: Readonly<Record<string, unknown>>;
      readonly values: Readonly<Record<string, string>>;
    }
  /** Search as you type in a form's field. */
  | {
      readonly kind: 'search';
      readonly search: string;
      readonly draft: string | null;
      readonly query: string;
      /** What the form's other fields say, by input id, for a search that depends on them. */
      readonly values?: Readonly<Record<string, string>>;
    }
  /** The app was installed for, or first opened by, this person. */
  | { readonly kind: 'welcome' };

/** Where the act happened. */
export interface Surface {
  readonly kind: 'personal' | 'group' | 'channel';
  readonly conversation: string | null;
  /** The message that carried the pressed button. */
  readonly message: string | null;
  /** The channel never posts where that message stands, so that it is none of ours. */
  readonly foreign?: true;
  /** Teams: from verified activities only (row 55). */
  readonly serviceUrl: string | null;
  /** Whether a form can be opened in answer to this very delivery. A Slack message or a Teams message cannot. */
  readonly canOpenForm: boolean;
}

export interface Inbound {
  readonly platform: Platform;
  /** Slack team (or enterprise) id, Teams tenant id, `demo` on the local page. */
  readonly tenant: string;
  /** User id on the platform: Slack U..., Teams Entra object id, persona key. */
  readonly user: string;
  /** The same for a redelivery, different for a second click: the idempotency key together with the platform. */
  readonly delivery: string;
  /** SHA-256 (hex) of the semantic payload: the same key with another body is refused. */
  readonly bodyHash: string;
  readonly profile: Profile | null;
  readonly surface: Surface;
  readonly act: Act;
  /**
   * Only where the act is over and no more than its answer is wanted (`Conversation.owed`): nothing is done by it, and no form opens.
   * `say` is what it was answered with where it was refused or failed, and `pressed` the button for which the fresh card was shown with
   * it: that is drawn again, and not pressed. `offered` is what could be tapped beside it instead of what was typed. `from` is what
   * it showed where it was not refused, and says more than `say`. `of` is our own name for the act that is kept no more, for whoever looks
   * into an answer that was given up.
   */
  readonly owed?: {
    readonly say: Text | null;
    readonly pressed?: Extract<Act, { kind: 'press' }>;
    readonly offered?: CardDataOf['suggestions']['choices'];
    readonly from?: Answer;
    readonly of?: string;
  };
}

/** What a channel shows. `say` is one short sentence beside the card (toast, ephemeral line, banner). */
export type Reply =
  /**
   * `replaces`: the card takes the place of the pressed message (or of the open form); otherwise it is a new answer. `follow`: as a
   * message it is redrawn when things change, once its channel says where it stands (`Conversation.posted`). `kept`: the remembered
   * message that it goes on as. `from`: what it was drawn from, where it takes no other's place. `offered`: what a refusal
   * has to tap.
   */
  | {
      readonly kind: 'card';
      readonly card: Card;
      readonly replaces: boolean;
      readonly say: Text | null;
      readonly follow?: Follow;
      readonly kept?: AnsweredCard;
      readonly from?: Answer;
      readonly offered?: CardDataOf['suggestions']['choices'];
    }
  /** Open a form, or show the next step in the form that is open. */
  | { readonly kind: 'form'; readonly card: Card; readonly from?: Answer }
  /**
   * The form stays open: sentences by the inputs of the form, `say` for what belongs to none of them. `form` is the form as it is
   * today with what was typed: shown where the platform closes the old one (a Teams dialog), or where the old one asks for other
   * things by now.
   */
  | {
      readonly kind: 'errors';
      readonly fields: Readonly<Record<string, Text>>;
      readonly say: Text | null;
      readonly form?: Card;
    }
  | { readonly kind: 'text'; readonly say: Text }
  /** At most 15; `more` tells that typing on narrows the list. */
  | {
      readonly kind: 'choices';
      readonly choices: readonly { readonly title: Text; readonly value: string }[];
      readonly more: Text | null;
    }
  | { readonly kind: 'none' };
