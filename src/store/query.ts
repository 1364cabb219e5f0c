// One thin function over a connection of the pool: SQL text with $1 binds in, rows out. And the codes of PostgreSQL that the
// store reacts to, so that no other file looks inside an error.
//
// Statements go straight to the driver. Sequelize keeps the pool and its connections; its own way to a statement reads the
// whole text for placeholders each time and wraps every answer, which took longer than many of our statements run.
import { createHash } from 'node:crypto';
import type { Sequelize, Transaction } from 'sequelize';

/** One row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement. jsonb parameters are given as JSON text. */
export type Query = (sql: string, bind?: readonly unknown[]) => Promise<readonly unknown[]>;

/** The driver's connection, as far as we use it. */
interface Client {
  query(statement: {
    readonly text: string;
    readonly values?: unknown[];
    readonly name?: string;
  }): Promise<{ readonly rows: readonly unknown[]; readonly command: string }>;
}

/** Statements inside a transaction, or (without one) each on its own. */
export function queryIn(sequelize: Sequelize, transaction?: Transaction): Query {
  if (transaction !== undefined) return queryOn(Reflect.get(transaction, 'connection') as Client);
  return async (sql, bind) => {
    const client = await borrow(sequelize);
    try {
      const rows = await queryOn(client)(sql, bind);
      sequelize.connectionManager.releaseConnection(client);
      return rows;
    } catch (error) {
      await giveBack(sequelize, client, error);
      throw error;
    }
  };
}

/**
 * Runs `act` in one transaction of a connection of its own. BEGIN does not wait for its answer: it goes ahead of the first
 * statement, and fails it where it fails.
 */
export async function inTransaction<T>(sequelize: Sequelize, act: (q: Query) => Promise<T>): Promise<T> {
  const client = await borrow(sequelize);
  try {
    const begun = client.query({ text: 'begin' });
    const [result] = await Promise.all([act(queryOn(client)), begun]);
    // The server answers COMMIT with ROLLBACK where a statement had failed and the act went on all the same.
    const { command } = await client.query({ text: 'commit' });
    if (command !== 'COMMIT') throw new Error('a transaction ended without its changes');
    sequelize.connectionManager.releaseConnection(client);
    return result;
  } catch (error) {
    const undone = await client.query({ text: 'rollback' }).catch((failed: unknown) => failed);
    await giveBack(sequelize, client, undone instanceof Error ? undone : error);
    throw error;
  }
}

async function borrow(sequelize: Sequelize): Promise<Client> {
  return (await sequelize.connectionManager.getConnection({ type: 'write' })) as Client;
}

// What the server refused leaves the connection as good as it was; after anything else nobody knows.
async function giveBack(sequelize: Sequelize, client: Client, error: unknown): Promise<void> {
  if (serverError(error) !== null) sequelize.connectionManager.releaseConnection(client);
  else await sequelize.connectionManager.destroyConnection(client);
}

// Statements with values are prepared under a name on their connection: planning the loads of an act takes longer than running
// them. A name is made once for each text; the texts are those of this folder, and of the shapes that a save can have.
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

function queryOn(client: Client): Query {
  return async (sql, bind = []) => {
    const statement = bind.length > 0 ? { text: sql, name: nameOf(sql), values: [...bind] } : { text: sql };
    return (await client.query(statement)).rows;
  };
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

/** The server's own words inside an error, the driver's or one that Sequelize wrapped; null when it is no error of the server. */
export function serverError(error: unknown): ServerError | null {
  if (typeof error !== 'object' || error === null) return null;
  const original = 'original' in error ? error.original : error;
  if (typeof original !== 'object' || original === null || !('code' in original) || !('severity' in original))
    return null;
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
