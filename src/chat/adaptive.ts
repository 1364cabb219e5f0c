// The Adaptive Card 1.5 writer that Teams and the page share. Escapes people's text for markdown and for the client's macros,
// and is the one place that knows how a button's data looks on the wire: it writes it and reads it back.
import type {
  Action,
  Card,
  ChoiceInput,
  Element,
  ExecuteAction,
  Input,
  InstantStyle,
  Reader,
  Span,
  Text,
} from './card';
import { hasInputs } from './card';
import { escapeMarkdown, guard, unguard } from './markdown';
import { clean, clip, cut, isInvisible } from './spans';
import { formatInstant, plain } from './text';

/** What differs between the places that show Adaptive Cards. */
export interface AdaptiveOptions {
  /** Whether the client renders markdown (Teams does); otherwise texts go out as they are. */
  readonly markdown: boolean;
  /** Teams dialogs take Action.Submit only. */
  readonly dialog?: boolean;
  /** Whether a button opens a Teams dialog by `task/fetch`. */
  readonly taskFetch?: (verb: string, data: ExecuteAction['data']) => boolean;
  /** Teams clients without Action.Execute get an Action.Submit with the same data. */
  readonly fallback?: boolean;
}

type Json = string | number | boolean | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json;
}
/** An Adaptive Card as the platforms take it. */
export interface AdaptiveJson extends JsonObject {
  readonly type: 'AdaptiveCard';
  readonly version: string;
}

/** A pressed button or a sent form, as it comes back from Teams or the page. All of it is a hint, never authority. */
export interface Pressed {
  readonly verb: string;
  readonly card: string | null;
  readonly draft: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  /** By input id. Empty when the button sends no inputs. */
  readonly values: Readonly<Record<string, string>>;
}

/** Stands where words must be and there are none. */
const NOTHING = '–';
/** The longest text that is written into one place; longer ones are cut. */
const LONGEST = 3000;
const LONGEST_TITLE = 75;
/** The member of submitted data that is ours; inputs are merged in beside it by the client. */
const OURS = 'usher';

/** The card as Adaptive Card 1.5 JSON. */
export function toAdaptive(card: Card, options: AdaptiveOptions): AdaptiveJson {
  const writer = new Writer(card, options);
  const summary = guard(plain(card.summary, card.reader));
  const actions = card.actions.map((action) => writer.action(action, 'card'));
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    fallbackText: summary,
    speak: speech(summary),
    body: card.body.map((element) => writer.element(element)),
    ...(actions.length === 0 ? {} : { actions }),
  };
}

/** Reads what a button or form of ours sent (`Action.Submit` value, or `action.data` of an execute). Null: not ours, or broken. */
export function readPressed(value: unknown): Pressed | null {
  if (!isObject(value)) return null;
  const ours = value[OURS];
  if (!isObject(ours) || typeof ours['verb'] !== 'string') return null;
  const { card, draft, data } = ours;
  const values: Record<string, string> = {};
  for (const [id, answer] of Object.entries(value)) {
    if (id === OURS || id === 'msteams') continue;
    if (typeof answer === 'string') values[id] = unguard(answer);
    else if (typeof answer === 'number' || typeof answer === 'boolean') values[id] = String(answer);
  }
  return {
    verb: ours['verb'],
    card: typeof card === 'string' ? card : null,
    draft: typeof draft === 'string' ? draft : null,
    data: isObject(data) ? data : {},
    values,
  };
}

class Writer {
  readonly #reader: Reader | null;
  readonly #isForm: boolean;
  #submitDone = false;

  constructor(
    readonly card: Card,
    readonly options: AdaptiveOptions,
  ) {
    this.#reader = card.reader;
    this.#isForm = hasInputs(card);
  }

  element(element: Element): JsonObject {
    switch (element.type) {
      case 'TextBlock': {
        const style = {
          ...(element.size === 'default' ? {} : { size: capital(element.size) }),
          ...(element.weight === 'default' ? {} : { weight: 'Bolder' }),
          ...(element.subtle ? { isSubtle: true } : {}),
        };
        if (
          !this.options.markdown &&
          element.style === 'default' &&
          element.text.some((span) => span.kind === 'strong')
        ) {
          return { type: 'RichTextBlock', inlines: runs(element.text, this.#reader, style) };
        }
        const heading = element.style === 'heading' ? { style: 'heading' } : {};
        return { type: 'TextBlock', text: this.#prose(element.text), wrap: true, ...heading, ...style };
      }
      case 'FactSet':
        return {
          type: 'FactSet',
          facts: element.facts.map((fact) => ({ title: this.#prose(fact.title), value: this.#prose(fact.value) })),
        };
      case 'Container':
        return {
          type: 'Container',
          ...(element.tone === 'default' ? {} : { style: element.tone }),
          ...(element.separator ? { separator: true } : {}),
          items: element.items.map((item) => this.element(item)),
        };
      case 'ColumnSet':
        return {
          type: 'ColumnSet',
          columns: element.columns.map((column) => ({
            type: 'Column',
            width: column.width,
            items: column.items.map((item) => this.element(item)),
          })),
        };
      case 'ActionSet':
        return { type: 'ActionSet', actions: element.actions.map((action) => this.action(action, 'row')) };
      default:
        return this.#input(element);
    }
  }

  action(action: Action, where: 'card' | 'row'): JsonObject {
    const title = this.#label(action.title, LONGEST_TITLE);
    if (action.type === 'Action.OpenUrl') return { type: 'Action.OpenUrl', title, url: action.url };

    const sends = this.#sendsInputs(where);
    const shared = {
      title,
      ...(action.style === 'default' ? {} : { style: action.style }),
      ...(action.tooltip === null ? {} : { tooltip: this.#label(action.tooltip, LONGEST_TITLE) }),
      ...(sends || !this.#isForm ? {} : { associatedInputs: 'none' }),
    };
    const data = this.#data(action);
    // A form's own submit answers the dialog that is open; any other button that opens a form asks Teams for a new one.
    if (this.options.taskFetch?.(action.verb, action.data) === true && !sends) {
      return { type: 'Action.Submit', ...shared, data: { msteams: { type: 'task/fetch' }, ...data } };
    }
    const submit = { type: 'Action.Submit', ...shared, data };
    if (this.options.dialog === true) return submit;
    return {
      type: 'Action.Execute',
      verb: action.verb,
      ...shared,
      data,
      ...(this.options.fallback === true ? { fallback: submit } : {}),
    };
  }

  /** On a card with inputs the first action of the card is the submit; all others are ways out and leave the inputs alone. */
  #sendsInputs(where: 'card' | 'row'): boolean {
    if (!this.#isForm || where === 'row' || this.#submitDone) return false;
    this.#submitDone = true;
    return true;
  }

  #data(action: ExecuteAction): JsonObject {
    const { id, draft } = this.card;
    return {
      [OURS]: {
        verb: action.verb,
        ...(id === null ? {} : { card: id }),
        ...(draft === null ? {} : { draft }),
        ...(Object.keys(action.data).length === 0 ? {} : { data: action.data }),
      },
    };
  }

  #input(input: Input): JsonObject {
    const base = {
      type: input.type,
      id: input.id,
      label: this.#label(input.label),
      ...(input.required ? { isRequired: true } : {}),
      ...(input.errorMessage === null ? {} : { errorMessage: this.#label(input.errorMessage) }),
    };
    switch (input.type) {
      case 'Input.Text':
        return {
          ...base,
          ...this.#placeholder(input.placeholder),
          ...(input.value === null ? {} : { value: guard(cut(clean(input.value), input.maxLength)) }),
          ...(input.multiline ? { isMultiline: true } : {}),
          maxLength: input.maxLength,
        };
      case 'Input.Number':
      case 'Input.Date':
        return {
          ...base,
          ...(input.value === null ? {} : { value: input.value }),
          ...(input.min === null ? {} : { min: input.min }),
          ...(input.max === null ? {} : { max: input.max }),
        };
      case 'Input.Time':
        return { ...base, ...(input.value === null ? {} : { value: input.value }) };
      case 'Input.Toggle': {
        // The words belong beside the box; said twice, once as the label, they would only take room.
        const { label, ...rest } = base;
        const required = input.required ? { label } : {};
        return { ...rest, ...required, title: this.#option(input.label, true), value: String(input.value) };
      }
      case 'Input.ChoiceSet':
        return { ...base, ...this.#placeholder(input.placeholder), ...this.#choices(input) };
    }
  }

  #choices(input: ChoiceInput): JsonObject {
    const expanded = input.style === 'expanded' && input.search === null;
    // `filtered` is what Teams' search wants, but phones then hide the choices that are there already (AdaptiveCards#8823),
    // so not where one of them is preselected.
    const style = expanded ? 'expanded' : input.search !== null && input.choices.length === 0 ? 'filtered' : 'compact';
    return {
      ...(input.value === null ? {} : { value: input.value }),
      style,
      ...(input.multi ? { isMultiSelect: true } : {}),
      ...(expanded ? { wrap: true } : {}),
      choices: input.choices.map(({ title, value }) => ({ title: this.#option(title, expanded), value })),
      ...(input.search === null
        ? {}
        : {
            'choices.data': {
              type: 'Data.Query',
              dataset: input.search,
              ...(input.dependent ? { associatedInputs: 'auto' } : {}),
            },
          }),
    };
  }

  #placeholder(text: Text | null): JsonObject {
    return text === null ? {} : { placeholder: this.#label(text) };
  }

  /** Titles of boxes and radio buttons are rendered like text blocks, entries of a list are not. */
  #option(text: Text, rendered: boolean): string {
    if (!rendered || !this.options.markdown) return this.#label(text);
    return this.#prose(text).replace(/\n+/g, ' ').trim() || NOTHING;
  }

  /** Words in a place without markdown and macros: titles, labels, hints. */
  #label(text: Text, max = LONGEST): string {
    const said = clip(plain(text, this.#reader).replace(/\s+/g, ' ').trim(), max);
    return isInvisible(said) ? NOTHING : guard(said);
  }

  /** Words in a place with markdown (where the client has it) and date macros. */
  #prose(text: Text): string {
    // Four spaces at the start of a line would be a block of code.
    return this.#spans(text).replace(/(^|\n)[ \t]+/g, '$1');
  }

  #spans(text: Text): string {
    return text.map((span) => this.#span(span)).join('');
  }

  #span(span: Span): string {
    switch (span.kind) {
      case 'fixed':
      case 'user': {
        const clipped = clip(span.text, LONGEST);
        return guard(this.options.markdown ? escapeMarkdown(clipped, span.kind) : clipped);
      }
      case 'strong': {
        const inside = this.#spans(span.spans);
        if (!this.options.markdown || inside.trim() === '') return inside;
        // Emphasis does not reach over a paragraph's end, and its stars may not touch a space.
        return inside.replace(/\n+/g, ' ').replace(/^(\s*)(.*?)(\s*)$/, '$1**$2**$3');
      }
      case 'address':
        return this.options.markdown ? `[${span.url}](${span.url})` : span.url;
      case 'instant':
        return this.#reader === null
          ? sharedInstant(span.at, span.style)
          : formatInstant(span.at, span.style, this.#reader);
    }
  }
}

/** The client's own date form plus UTC. The macros take offset ISO without fractions only. */
function sharedInstant(at: Date, style: InstantStyle): string {
  const iso = `${at.toISOString().slice(0, 19)}Z`;
  const date = `{{DATE(${iso},SHORT)}}`;
  const time = `{{TIME(${iso})}}`;
  const local = { date, day: date, time, clock: time, dateTime: `${date} ${time}` }[style];
  return `${local} (${formatInstant(at, style, null)})`;
}

/** Text runs: bold words without markdown, for clients that render none. */
function runs(text: Text, reader: Reader | null, style: JsonObject): JsonObject[] {
  return text
    .map((span): JsonObject => {
      const loud = span.kind === 'strong' ? { weight: 'Bolder' } : {};
      const said =
        span.kind === 'instant' && reader === null ? sharedInstant(span.at, span.style) : guard(plain([span], reader));
      return { type: 'TextRun', text: said, ...style, ...loud };
    })
    .filter((run) => run['text'] !== '');
}

/** `speak` is SSML to some clients: nothing in it may look like a tag. */
function speech(text: string): string {
  return text.replace(/[<>&]/g, ' ');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
