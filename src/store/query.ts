// One thin function over a Sequelize connection or transaction: SQL text with $1 binds in, rows out. And the codes of
// PostgreSQL that the store reacts to, so that no other file looks inside an error.
import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';

/** One row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement. jsonb parameters are given as JSON text. */
export type Query = (sql: string, bind?: readonly unknown[]) => Promise<readonly unknown[]>;

/** Statements inside a transaction, or (without one) each on its own. */
export function queryIn(sequelize: Sequelize, transaction?: Transaction): Query {
  return (sql, bind = []) =>
    sequelize.query(sql, {
      type: QueryTypes.SELECT,
      raw: true,
      ...(bind.length > 0 ? { bind: [...bind] } : {}),
      ...(transaction === undefined ? {} : { transaction }),
    });
}

/** Collects parts of one statement (`with a as (...), b as (...) select ...`) together with its binds. */
export class Statement {
  private readonly parts: string[] = [];
  private readonly values: unknown[] = [];

  /** Adds a value and returns its placeholder. */
  bind(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Adds a value as JSON and returns its placeholder. */
  json(value: unknown): string {
    return `${this.bind(JSON.stringify(value))}::jsonb`;
  }

  /** Adds a named part. */
  part(name: string, sql: string): void {
    this.parts.push(`${name} as (${sql})`);
  }

  run(q: Query, select: string): Promise<readonly unknown[]> {
    const head = this.parts.length > 0 ? `with ${this.parts.join(',\n')}\n` : '';
    return q(head + select, this.values);
  }
}

/** What the server said: SQLSTATE, and the constraint where one was violated. */
export interface ServerError {
  readonly code: string;
  readonly constraint: string | null;
  readonly detail: string | null;
}

/** The server's own words inside an error of Sequelize; null when it is no error of the server. */
export function serverError(error: unknown): ServerError | null {
  if (typeof error !== 'object' || error === null || !('original' in error)) return null;
  const original = error.original;
  if (typeof original !== 'object' || original === null || !('code' in original)) return null;
  if (typeof original.code !== 'string') return null;
  const text = (key: string): string | null => {
    const value: unknown = Reflect.get(original, key);
    return typeof value === 'string' ? value : null;
  };
  return { code: original.code, constraint: text('constraint'), detail: text('detail') };
}

/** True for a violation of this unique index. */
export function isDuplicate(error: unknown, constraint: string): boolean {
  const server = serverError(error);
  return server?.code === '23505' && server.constraint === constraint;
}
