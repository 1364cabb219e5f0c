// How a noun becomes a row and a row a noun, from a table of columns. Which columns there are: tables.ts.
import type { AskedPeriod } from '../domain/model';
import type { Row } from './query';

export type PgType = 'uuid' | 'text' | 'integer' | 'bigint' | 'boolean' | 'date' | 'timestamptz' | 'jsonb';

export interface Column {
  readonly column: string;
  readonly type: PgType;
  /** Free text, or what tells about a person: never in the audit trail itself, only as an erasable remark. */
  readonly personal: boolean;
  /** The database gives the value; never written. */
  readonly given: boolean;
}

export type Columns<T> = { readonly [K in keyof T]-?: T[K] extends AskedPeriod ? Columns<T[K]> : Column };

export interface Table<T> {
  readonly table: string;
  readonly columns: Columns<T>;
}

interface Field extends Column {
  readonly path: readonly string[];
}

/** Makers of columns, by type. */
export const column = (type: PgType, name: string): Column => ({ column: name, type, personal: false, given: false });
export const uuid = (name: string): Column => column('uuid', name);
export const text = (name: string): Column => column('text', name);
export const integer = (name: string): Column => column('integer', name);
export const boolean = (name: string): Column => column('boolean', name);
export const instant = (name: string): Column => column('timestamptz', name);
export const json = (name: string): Column => column('jsonb', name);
export const personal = (given: Column): Column => ({ ...given, personal: true });

function isColumn(value: object): value is Column {
  return 'column' in value;
}

// By mapping, not by name: one table may be read with more or fewer columns.
const fieldsByTable = new WeakMap<object, readonly Field[]>();

/** Columns of a table in order, each with the path of its field. */
export function fieldsOf<T>(table: Table<T>): readonly Field[] {
  const known = fieldsByTable.get(table);
  if (known) return known;
  const walk = (columns: object, path: readonly string[]): Field[] =>
    Object.entries(columns).flatMap(([key, value]: [string, object]) =>
      isColumn(value) ? [{ ...value, path: [...path, key] }] : walk(value, [...path, key]),
    );
  const fields = walk(table.columns, []);
  fieldsByTable.set(table, fields);
  return fields;
}

/**
 * The columns of a table, to be selected. Never `*`: what a prepared statement answers must not change with a column that a newer release
 * adds.
 */
export function columnsOf<T>(table: Table<T>, alias = table.table): string {
  return fieldsOf(table)
    .map(({ column: name }) => `${alias}.${name}`)
    .join(', ');
}

/** A noun as a row, without what the database gives: instants as ISO text, fit for JSON. */
export function toRow<T extends object>(table: Table<T>, value: T): Row {
  const row: Record<string, unknown> = {};
  for (const field of fieldsOf(table)) {
    if (field.given) continue;
    let found: unknown = value;
    for (const key of field.path) found = Reflect.get(found as object, key);
    row[field.column] = found instanceof Date ? found.toISOString() : found;
  }
  return row;
}

/** A row (of a query or of to_jsonb) as a noun. */
export function fromRow<T>(table: Table<T>, given: unknown): T {
  const row = given as Row;
  const noun: Record<string, unknown> = {};
  for (const field of fieldsOf(table)) {
    let at = noun;
    for (const key of field.path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    const last = field.path.at(-1) ?? field.column;
    const value = row[field.column] ?? null;
    at[last] = field.type === 'timestamptz' ? toInstant(value) : field.type === 'bigint' ? Number(value) : value;
  }
  return noun as T;
}

/** A list of rows as nouns; JSON aggregates of nothing are null. */
export function fromRows<T>(table: Table<T>, rows: unknown): readonly T[] {
  return ((rows ?? []) as readonly unknown[]).map((row) => fromRow(table, row));
}

/** An instant of a row: text inside JSON, a Date outside. */
export function toInstant(value: unknown): Date | null {
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value : new Date(value as string);
}

/** An instant that is always there. */
export function instantOf(value: unknown): Date {
  const found = toInstant(value);
  if (found === null) throw new Error('an instant is missing');
  return found;
}
