// Pages by keyset: where the last row of a page stood in its order, packed so that nobody builds on what is inside. A cursor
// that is no cursor (they travel through buttons) starts from the beginning.
import type { Page } from '../operations/ports';
import { isId } from './ids';

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

/** A page from `limit + 1` rows: the one too many only says that there is more. */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  key: (row: R) => readonly (string | number)[],
  value: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next =
    rows.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify(key(last)), 'utf8').toString('base64url')
      : null;
  return { rows: shown.map(value), next };
}

/** `%text%` with the wildcards of LIKE taken literally (escape character: backslash, PostgreSQL's default). */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** The words of a search, each to be found somewhere; at most eight, so that nobody makes the database work for long. */
export function wordsOf(query: string): readonly string[] {
  return query.split(/\s+/).filter(Boolean).slice(0, 8).map(containing);
}
