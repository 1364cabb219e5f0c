// The small part of the Adaptive Card template language that we use: `${path}`, `$data`, `$when`. A template string is parsed
// once into a function from a scope to a value. Nothing here knows elements; `dialect.ts` does.
import type { Span, Text } from './card';
import { fixed, isBlank } from './spans';

/**
 * What a card shows. Whatever a person sees is `Text` (spans, so that its origin is known); ids, values and flags are plain.
 * Null is absent. The key `label` is taken by the fixed words.
 */
export interface CardData {
  readonly [key: string]: Value;
}
export type Value = Text | string | number | boolean | null | CardData | readonly CardData[];
/** Fixed words of a card (button titles, field labels), from `words.ts`, reached as `${label.x}`. */
export interface Labels {
  readonly [key: string]: Text | Labels;
}

/** What paths are looked up in: the row of the nearest `$data`, else the root. */
export interface Scope {
  readonly root: CardData;
  readonly row: CardData;
  readonly label: Labels;
}

/** Where something stands, for messages. */
export interface Place {
  readonly file: string;
  /** JSON path, `$.body[0].text`. */
  readonly path: string;
}

/** A template that breaks the dialect, or data that does not fit it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(
    readonly place: Place,
    problem: string,
  ) {
    super(`${place.file} ${place.path}: ${problem}`);
  }
}

export type Bound<T> = (scope: Scope) => T;

const PATH = /^[A-Za-z$][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*$/;
const PIECE = /\$\{([^{}]*)\}/g;
// All words live in words.ts, where they can be translated; a template may only join them.
const WORDS = /[\p{L}\p{N}\p{M}]/u;

/** The place of a member or an item below this one. */
export function below(place: Place, step: string | number): Place {
  return { file: place.file, path: typeof step === 'number' ? `${place.path}[${step}]` : `${place.path}.${step}` };
}

/** `source` when it is exactly one `${path}`, as that path. */
export function wholePath(source: string, place: Place): string | null {
  const pieces = split(source, place);
  return pieces.length === 1 && pieces[0]?.kind === 'path' ? pieces[0].text : null;
}

/** A string that people see: spans only. Null where it is exactly one path and that is null. */
export function shown(source: unknown, place: Place): Bound<Text | null> {
  if (typeof source !== 'string') throw new TemplateError(place, 'must be a string');
  const pieces = split(source, place);
  for (const piece of pieces) {
    if (piece.kind === 'literal' && WORDS.test(piece.text)) {
      throw new TemplateError(
        place,
        `has the words "${piece.text.trim()}"; words belong into words.ts and come in as \${label.x}`,
      );
    }
  }
  return (scope) => {
    if (pieces.length === 1 && pieces[0]?.kind === 'path' && find(scope, pieces[0].text, place) === null) return null;
    return pieces.flatMap((piece) =>
      piece.kind === 'literal' ? [fixed(piece.text)] : spans(scope, piece.text, place),
    );
  };
}

/** A string that machines read (ids, values, verbs, addresses). Null where it is exactly one path and that is null. */
export function machine(source: unknown, place: Place): Bound<string | null> {
  if (typeof source !== 'string') throw new TemplateError(place, 'must be a string');
  const pieces = split(source, place);
  return (scope) => {
    const values = pieces.map((piece) => (piece.kind === 'literal' ? piece.text : find(scope, piece.text, place)));
    if (values.length === 1 && values[0] === null) return null;
    return values
      .map((value) => {
        if (typeof value === 'string' || typeof value === 'number') return String(value);
        throw new TemplateError(place, `needs a string or a number, got ${nameOf(value)}`);
      })
      .join('');
  };
}

/** A value kept as it is: a literal of the template or what exactly one path leads to. */
export function scalar(source: unknown, place: Place): Bound<string | number | boolean | null> {
  if (typeof source === 'number' || typeof source === 'boolean') return () => source;
  if (typeof source !== 'string') throw new TemplateError(place, 'must be a string, a number or a flag');
  const path = wholePath(source, place);
  if (path === null) return machine(source, place);
  return (scope) => {
    const value = find(scope, path, place);
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return value;
    throw new TemplateError(place, `needs a string, a number or a flag, got ${nameOf(value)}`);
  };
}

/** The rows of `$data`, each as a scope of its own. */
export function rows(source: unknown, place: Place): Bound<readonly Scope[]> {
  const path = typeof source === 'string' ? wholePath(source, place) : null;
  if (path === null) throw new TemplateError(place, 'must be exactly one ${path} to a list');
  return (scope) => {
    const list = find(scope, path, place);
    if (!Array.isArray(list)) throw new TemplateError(place, `needs a list at ${path}, got ${nameOf(list)}`);
    return list.map((row: unknown, index) => {
      const at = below(place, index);
      if (!isData(row) || isSpan(row)) throw new TemplateError(at, `needs an object, got ${nameOf(row)}`);
      return enter(scope, row, at);
    });
  };
}

/** `$when`: `${path}` or `${!path}`. Null, false, zero and whatever is empty count as no. */
export function condition(source: unknown, place: Place): Bound<boolean> {
  const match = typeof source === 'string' ? /^\$\{(!?)([^{}]*)\}$/.exec(source) : null;
  const path = match?.[2]?.trim() ?? '';
  if (match === null || !PATH.test(path)) throw new TemplateError(place, 'must be exactly one ${path} or ${!path}');
  const wanted = match[1] === '';
  return (scope) => truthy(find(scope, path, place)) === wanted;
}

/** The scope for a whole card. */
export function rootScope(data: CardData, label: Labels, file: string): Scope {
  return enter({ root: data, row: data, label }, data, { file, path: '$' });
}

function enter(scope: Scope, row: CardData, place: Place): Scope {
  if (Object.hasOwn(row, 'label'))
    throw new TemplateError(place, 'has a key "label", which would hide the fixed words');
  return { ...scope, row };
}

type Piece = { readonly kind: 'literal' | 'path'; readonly text: string };

function split(source: string, place: Place): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of source.matchAll(PIECE)) {
    const path = (match[1] ?? '').trim();
    if (!PATH.test(path)) throw new TemplateError(place, `has \${${path}}; only paths like \${a.b} can be bound`);
    if (match.index > end) pieces.push({ kind: 'literal', text: source.slice(end, match.index) });
    pieces.push({ kind: 'path', text: path });
    end = match.index + match[0].length;
  }
  if (end < source.length) pieces.push({ kind: 'literal', text: source.slice(end) });
  // `{{` starts the client's own date macros; a template that contains it was meant for another binder.
  if (pieces.some((piece) => piece.kind === 'literal' && /\$\{|\{\{/.test(piece.text))) {
    throw new TemplateError(place, 'has an unclosed ${ or a {{');
  }
  return pieces;
}

/** A missing key is a mistake of the code that made the data, never a hole on the card. */
function find(scope: Scope, path: string, place: Place): unknown {
  const [first = '', ...rest] = path.split('.');
  const scoped =
    first === '$root' ? [scope.root, rest] : first === 'label' ? [scope.label, rest] : [scope.row, [first, ...rest]];
  let value: unknown = scoped[0];
  for (const key of scoped[1] as readonly string[]) {
    if (!isData(value) || !Object.hasOwn(value, key) || value[key] === undefined) {
      throw new TemplateError(place, `finds nothing at \${${path}}`);
    }
    value = value[key];
  }
  return value;
}

function spans(scope: Scope, path: string, place: Place): Text {
  const value = find(scope, path, place);
  if (isText(value)) return value;
  throw new TemplateError(place, `needs spans at \${${path}}, got ${nameOf(value)}`);
}

function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && !(isText(value) && isBlank(value));
  return Boolean(value);
}

function isText(value: unknown): value is Text {
  return Array.isArray(value) && value.every(isSpan);
}

function isSpan(value: unknown): value is Span {
  if (!isData(value)) return false;
  switch (value['kind']) {
    case 'fixed':
    case 'user':
      return typeof value['text'] === 'string';
    case 'strong':
      return isText(value['spans']);
    case 'address':
      return typeof value['url'] === 'string';
    case 'instant':
      return (value['at'] as unknown) instanceof Date;
    default:
      return false;
  }
}

function isData(value: unknown): value is CardData {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return `a ${typeof value}`;
}
