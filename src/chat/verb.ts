// What an entry of the verb table is: one entry makes the button, the form, the typed command and the help line, on every platform.
import { z } from 'zod';
import type { DraftId, RequestId } from '../domain/model';
import type { By, Desk } from '../operations/ports';
import type { Params, ViewName } from './views';
import type { Cooling } from './cooling';
import type { Surface } from './inbound';
import type { WordKey } from './words';
import type { Who } from './who';

/** What an act wants shown: a view by name, in what place. Data only, so that it can be stored and shown again. */
export interface Answer {
  readonly view: ViewName;
  readonly params: Params;
  /** `form`: open or go on with a form. `replace`: take the place of the pressed message. `new`: an answer of its own. */
  readonly place: 'form' | 'replace' | 'new';
}

export interface Context {
  readonly desk: Desk;
  readonly who: Who;
  /** Carries the delivery, so that a repeat is not a second act. */
  readonly by: By;
  readonly surface: Surface;
  /** Slows whoever asks and takes back again and again; absent: nobody is slowed. */
  readonly cooling?: Cooling;
  /**
   * What the person is looking at, drawn before the act and kept with a decision (rule 3.27): the surface, the pressed card with
   * the version that its button carried, and what the card says.
   */
  readonly shown: (request: RequestId) => Promise<Readonly<Record<string, unknown>>>;
}

/** A typed form of a verb. `rest` is what follows the words. */
export interface Typed {
  /** Lower case; the longest match wins. */
  readonly words: string;
  /** Whether a form answers, as far as the text alone tells. */
  readonly opens?: (rest: string) => boolean;
  readonly run: (context: Context, rest: string) => Promise<Answer>;
  readonly help?: HelpLine;
}

export interface HelpLine {
  readonly usage: string;
  readonly line: WordKey;
  /** Said at once, beside the buttons: what most need, or what their work is. The others stand in the list of all. */
  readonly first?: true;
  readonly only?: keyof Audiences;
}

/** Who reads a help line that is not for everybody. */
export interface Audiences {
  /** May assign in some catalog. */
  readonly owners: boolean;
  /** In charge of some resource. */
  readonly keepers: boolean;
  /** Has direct reports. */
  readonly managers: boolean;
  /** Something waits for their decision. */
  readonly approvers: boolean;
  /** Something does, or could. */
  readonly deciders: boolean;
  /** Something waits to be done by their hands. */
  readonly doers: boolean;
}

export interface Verb {
  /** Reads are never stored; writes store their delivery and their reply in the act's own transaction. */
  readonly kind: 'reads' | 'writes';
  /** Whether pressing it opens a form. */
  readonly opens: boolean;
  /** Pressed: a button with its data. */
  readonly press: (context: Context, data: unknown) => Promise<Answer>;
  /** Sent: a form with its values; absent where the verb is no form. */
  readonly submit?: (context: Context, input: FormInput) => Promise<Answer>;
  /** What to show with the sentence when the press was refused because the card was old. */
  readonly fresh?: (data: unknown) => Answer | null;
  readonly typed?: readonly Typed[];
}

export interface FormInput {
  /** The draft's input with the values of the form laid over it. */
  readonly values: Readonly<Record<string, string>>;
  readonly draft: DraftId | null;
  /** What the form itself carries. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The verb of a button that stands for a typed text. */
export const TYPED = 'typed.run';

/** The verb of links that somebody showed to others: a channel asks what to show beside them, and nobody waits for an answer. */
export const PREVIEW = 'link.preview';

/** Ids that come back from a client: their form is checked here, the right to use them at the act. */
export const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

/** Reads unknown data by a schema; anything that does not fit is a refusal, never a crash. */
export function read<T>(schema: z.ZodType<T>, data: unknown): T | null {
  const result = schema.safeParse(data);
  return result.success ? result.data : null;
}
