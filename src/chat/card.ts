// A bound card: the one tree that every writer (Block Kit, Adaptive Card, page, plain text) turns into its own form.
// Text stays spans until a writer escapes it for its own place; nobody upstream builds finished strings.

/** A piece of text with its origin. `user` text is hostile: each writer escapes it and it never becomes markup. */
export type Span =
  | { readonly kind: 'fixed'; readonly text: string }
  | { readonly kind: 'user'; readonly text: string }
  | { readonly kind: 'strong'; readonly spans: readonly Span[] }
  /** An address of ours, to be copied or followed whole. */
  | { readonly kind: 'address'; readonly url: string }
  /** Shown in the reader's zone with the zone named, or by the client's own date form plus UTC on a shared card. */
  | { readonly kind: 'instant'; readonly at: Date; readonly style: InstantStyle };

/** `day`: a date with its zone, for what stands below it as `clock`, the time of day alone. */
export type InstantStyle = 'date' | 'dateTime' | 'time' | 'day' | 'clock';

export type Text = readonly Span[];

/** Whose clock and language a card is drawn for; null on a card that several people see. */
export interface Reader {
  /** IANA zone. */
  readonly zone: string;
  /** BCP 47. */
  readonly locale: string;
}

export type Tone = 'default' | 'emphasis' | 'good' | 'warning' | 'attention';

export interface TextBlock {
  readonly type: 'TextBlock';
  readonly text: Text;
  readonly style: 'default' | 'heading';
  readonly size: 'small' | 'default' | 'medium' | 'large';
  readonly weight: 'default' | 'bolder';
  readonly subtle: boolean;
}
export interface FactSet {
  readonly type: 'FactSet';
  readonly facts: readonly { readonly title: Text; readonly value: Text }[];
}
export interface Container {
  readonly type: 'Container';
  readonly tone: Tone;
  readonly separator: boolean;
  readonly items: readonly Element[];
}
/** Label and value, or text and button, side by side; narrow screens may stack them. One alone holds lines that belong together. */
export interface ColumnSet {
  readonly type: 'ColumnSet';
  readonly columns: readonly { readonly width: 'auto' | 'stretch'; readonly items: readonly Element[] }[];
}
export interface ActionSet {
  readonly type: 'ActionSet';
  readonly actions: readonly Action[];
}

interface InputBase {
  /** Unique in the card; the key of the submitted value and of field errors. */
  readonly id: string;
  readonly label: Text;
  readonly required: boolean;
  /** Said by the client when a required input is empty. */
  readonly errorMessage: Text | null;
}
export interface TextInput extends InputBase {
  readonly type: 'Input.Text';
  readonly value: string | null;
  readonly placeholder: Text | null;
  readonly multiline: boolean;
  /** Characters; at most 3,000 (Slack plain_text_input). */
  readonly maxLength: number;
}
export interface NumberInput extends InputBase {
  readonly type: 'Input.Number';
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
}
export interface ChoiceInput extends InputBase {
  readonly type: 'Input.ChoiceSet';
  readonly value: string | null;
  readonly placeholder: Text | null;
  readonly choices: readonly { readonly title: Text; readonly value: string }[];
  readonly multi: boolean;
  /** `expanded` up to 10 choices, `compact` up to 100; more must be a search. */
  readonly style: 'expanded' | 'compact';
  /** Name of a search of the verb table: choices come as the person types. `value` (with its title in `choices`) preselects. */
  readonly search: string | null;
  /** What the form's other fields that search say goes along with each search. */
  readonly dependent?: boolean;
}
/** Value, min and max are `YYYY-MM-DD`. */
export interface DateInput extends InputBase {
  readonly type: 'Input.Date';
  readonly value: string | null;
  readonly min: string | null;
  readonly max: string | null;
}
/** Value is `HH:MM`. */
export interface TimeInput extends InputBase {
  readonly type: 'Input.Time';
  readonly value: string | null;
}
/** Submitted as the strings `true` or `false`. */
export interface ToggleInput extends InputBase {
  readonly type: 'Input.Toggle';
  readonly value: boolean;
}
export type Input = TextInput | NumberInput | ChoiceInput | DateInput | TimeInput | ToggleInput;
export type Element = TextBlock | FactSet | Container | ColumnSet | ActionSet | Input;

/** `verb` is one of the verb table; `data` holds opaque ids and versions, or what would be typed, and never authority. */
export interface ExecuteAction {
  readonly type: 'Action.Execute';
  readonly verb: string;
  readonly title: Text;
  readonly style: 'default' | 'positive' | 'destructive';
  readonly data: Readonly<Record<string, string | number>>;
  /** What a screen reader says where the title alone is ambiguous ("Approve R-1042"). */
  readonly tooltip: Text | null;
  /** The typed command that does the same; the plain-text form prints it in place of the button. */
  readonly typed: string | null;
}
export interface OpenUrlAction {
  readonly type: 'Action.OpenUrl';
  readonly title: Text;
  readonly url: string;
}
export type Action = ExecuteAction | OpenUrlAction;

export interface Card {
  /** Template name, `cards/<name>.json`. */
  readonly name: string;
  /** Row in `cards` when the card is a remembered message; every button carries it. Null for answers that are not kept. */
  readonly id: string | null;
  /** Draft that a form belongs to; travels in `private_metadata` or the submit data. */
  readonly draft: string | null;
  readonly reader: Reader | null;
  /** One line for notifications, screen readers and `fallbackText`. */
  readonly summary: Text;
  readonly body: readonly Element[];
  /** On a card with inputs the first action is the submit; the others are ways out. */
  readonly actions: readonly Action[];
}

/** A card with inputs is a form: a Slack modal, a Teams dialog or card, an open form on the page. */
export function hasInputs(card: Pick<Card, 'body'>): boolean {
  return inputIds(card).length > 0;
}

/** What a form asks for, in the order in which it asks. */
export function inputIds(card: Pick<Card, 'body'>): readonly string[] {
  return inputsOf(card).map(({ id }) => id);
}

/** The fields on which searches of the form depend; empty where none does. */
export function decisive(card: Pick<Card, 'body'>): readonly ChoiceInput[] {
  const searching = inputsOf(card).flatMap((input) =>
    input.type === 'Input.ChoiceSet' && input.search !== null ? [input] : [],
  );
  return searching.some(({ dependent }) => dependent) ? searching.filter(({ dependent }) => !dependent) : [];
}

function inputsOf(card: Pick<Card, 'body'>): readonly Input[] {
  const inputs = (elements: readonly Element[]): readonly Input[] =>
    elements.flatMap((element) => {
      if (element.type === 'Container') return inputs(element.items);
      if (element.type === 'ColumnSet') return element.columns.flatMap((column) => inputs(column.items));
      return 'id' in element ? [element] : [];
    });
  return inputs(card.body);
}
