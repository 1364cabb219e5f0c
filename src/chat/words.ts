// Every sentence that Usher says comes through here: named values, plurals, and no markup. Translation means another
// catalogue beside `words/sentences.ts`; the writers decide how a span looks.
import type { Span, Text } from './card';
import { fixed, instant, strong, user } from './spans';
import { sentences } from './words/sentences';

type Sentences = typeof sentences;
export type WordKey = keyof Sentences;

/** `{name}`, `{name:date}`, `{count|one form|other form with #}`. */
type Hole<H extends string> = H extends `${infer N}|${string}` ? N : H extends `${infer N}:${string}` ? N : H;
type Holes<S extends string> = S extends `${string}{${infer H}}${infer Rest}` ? Hole<H> | Holes<Rest> : never;

/** Strings are text of people and stay hostile; numbers choose plurals; dates are shown for the reader; Text is put in as it is. */
export type Value = string | number | Date | Text;
export type ValuesOf<S extends string> = { readonly [H in Holes<S>]: Value };
type Arguments<S extends string> = [Holes<S>] extends [never] ? [] : [values: ValuesOf<S>];

/** The sentence of a key, with its values named; does not compile with one missing. */
export function say<K extends WordKey>(key: K, ...values: Arguments<Sentences[K]>): Text {
  return fill(sentences[key], values[0] ?? {});
}

/** A sentence written beside its data, for the catalogue's own files. */
export function sentence<S extends string>(template: S, ...values: Arguments<S>): Text {
  return fill(template, values[0] ?? {});
}

/** Text without values, as every label is. */
export function label(key: WordKey): Text {
  return [fixed(sentences[key])];
}

/** Whether there are words for it: not for what only a newer release beside this one knows. */
export function isWord(key: string): key is WordKey {
  return Object.hasOwn(sentences, key);
}

const HOLE = /\{([a-zA-Z]+)(?::([a-zA-Z]+))?(?:\|([^|}]*)\|([^|}]*))?\}/g;
const STYLES = ['date', 'time', 'day', 'clock'] as const;
const plurals = new Intl.PluralRules('en');

function fill(template: string, values: Readonly<Record<string, Value>>): Text {
  const spans: Span[] = [];
  template.split('*').forEach((part, index) => {
    const inner = fillPart(part, values);
    if (index % 2 === 1) spans.push(strong(...inner));
    else spans.push(...inner);
  });
  return spans;
}

function fillPart(template: string, values: Readonly<Record<string, Value>>): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const match of template.matchAll(HOLE)) {
    if (match.index > from) spans.push(fixed(template.slice(from, match.index)));
    from = match.index + match[0].length;
    spans.push(...fillHole(match, values));
  }
  if (from < template.length) spans.push(fixed(template.slice(from)));
  return spans;
}

function fillHole(match: RegExpExecArray, values: Readonly<Record<string, Value>>): Span[] {
  const [, name = '', style, one, other] = match;
  const value = values[name];
  if (value === undefined) throw new Error(`no value for {${name}}`);
  if (typeof value === 'number') {
    const form = one === undefined || other === undefined ? '#' : plurals.select(value) === 'one' ? one : other;
    return [fixed(form.replace('#', String(value)))];
  }
  if (value instanceof Date) return [instant(value, STYLES.find((one) => one === style) ?? 'dateTime')];
  return typeof value === 'string' ? [user(value, 300)] : [...value];
}

/** Several names in one sentence: "Ana", "Ana or Ben", "Ana, Ben or 3 others". At most `most` of `all` are named. */
export function listed(names: readonly (string | Text)[], word: 'and' | 'or', most = 3, all = names.length): Text {
  const shown = names.length > most ? names.slice(0, most) : names;
  const rest = all - shown.length;
  const parts: Text[] = shown.map((name) => (typeof name === 'string' ? [user(name, 80)] : name));
  if (rest > 0) parts.push(say('list.others', { count: rest }));
  return parts.flatMap((part, index) => {
    if (index === 0) return part;
    const last = index === parts.length - 1;
    return [...(last ? label(word === 'and' ? 'list.and' : 'list.or') : label('list.comma')), ...part];
  });
}
