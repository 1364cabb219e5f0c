// Pages by keyset: where the last row of a page stood in its order, or the first one where the way leads back, packed so that nobody
// builds on what is inside. A cursor that is no cursor (they travel through buttons) starts from the beginning.
import type { Page } from '../operations/ports';
import { isId } from './ids';
import type { Query } from './query';

/** What a place in an order is made of. */
export type KeyPart = 'integer' | 'text' | 'id' | 'instant';

const FITS: Readonly<Record<KeyPart, (value: unknown) => boolean>> = {
  integer: Number.isSafeInteger,
  text: (value) => typeof value === 'string',
  id: (value) => typeof value === 'string' && isId(value),
  instant: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
};

/** Values of the order's columns, in order; all null: from the beginning. */
export function unpackCursor(cursor: string | null, ...parts: readonly KeyPart[]): readonly unknown[] {
  const values = cursor === null ? null : parsed(cursor);
  const fits = values?.length === parts.length && parts.every((part, index) => FITS[part](values[index]));
  return fits ? values : parts.map(() => null);
}

function parsed(cursor: string): readonly unknown[] | null {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(values) ? values : null;
  } catch {
    return null;
  }
}

type Key = readonly (string | number)[];

const packed = (key: readonly unknown[]): string => Buffer.from(JSON.stringify(key), 'utf8').toString('base64url');

/** A page from `limit + 1` rows: the one too many only says that there is more. */
export function pageOf<R, T>(rows: readonly R[], limit: number, key: (row: R) => Key, value: (row: R) => T): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? packed(key(last)) : null;
  return { rows: shown.map(value), next, previous: null };
}

/** How a statement compares and sorts, to read a list from its start or, everything turned round, back from somewhere in it. */
export interface Way {
  readonly less: '<' | '>';
  readonly more: '>' | '<';
  readonly asc: 'asc' | 'desc';
  readonly desc: 'desc' | 'asc';
}
const ON: Way = { less: '<', more: '>', asc: 'asc', desc: 'desc' };
const BACK: Way = { less: '>', more: '<', asc: 'desc', desc: 'asc' };

/** A list that is turned both ways. Its statement is given whose list it is, the parts of a cursor and the most rows, in this order. */
export interface List<R, T> {
  readonly on: string;
  readonly back: string;
  readonly parts: readonly KeyPart[];
  readonly key: (row: R) => Key;
  readonly value: (row: R) => T;
}

/** A list of the statement that `sql` writes for each way. */
export function listOf<R, T = R>(
  sql: (way: Way) => string,
  parts: readonly KeyPart[],
  key: (row: R) => Key,
  value: (row: R) => T,
): List<R, T> {
  return { on: sql(ON), back: sql(BACK), parts, key, value };
}

/** The mark in a cursor that leads back. */
const BACKWARDS = '<';

/** A page of a list, with the ways on and back. */
export async function readPage<R, T>(
  q: Query,
  list: List<R, T>,
  of: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<Page<T>> {
  const [mark, ...rest] = (after === null ? null : parsed(after)) ?? [];
  const isBack = mark === BACKWARDS;
  const key = unpackCursor(isBack ? packed(rest) : after, ...list.parts);
  const read = async (sql: string, from: readonly unknown[]) =>
    (await q(sql, [of, ...from, limit + 1])) as readonly R[];
  const page = (rows: readonly R[], isFirst: boolean): Page<T> => {
    const [first] = rows;
    const previous = isFirst || first === undefined ? null : packed([BACKWARDS, ...list.key(first)]);
    return { ...pageOf(rows, limit, list.key, list.value), previous };
  };
  if (key.every((part) => part === null)) return page(await read(list.on, key), true);
  if (!isBack) {
    const rows = await read(list.on, key);
    if (rows.length > 0) return page(rows, false);
  } else {
    const rows = await read(list.back, key);
    // What is before begins a page of its own; a first page is a whole one.
    if (rows.length > limit) {
      const shown = rows.slice(0, limit).reverse();
      const last = shown.at(-1);
      return { ...page(shown, false), next: last === undefined ? null : packed(list.key(last)) };
    }
  }
  return page(
    await read(
      list.on,
      list.parts.map(() => null),
    ),
    true,
  );
}

/** `%text%` with the wildcards of LIKE taken literally (escape character: backslash, PostgreSQL's default). */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** The words of a search, each to be found somewhere; at most eight, so that nobody makes the database work for long. */
export function wordsOf(query: string): readonly string[] {
  return query.split(/\s+/).filter(Boolean).slice(0, 8).map(containing);
}
