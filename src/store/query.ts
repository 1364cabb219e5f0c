// One thin function over a connection of the pool: SQL text with $1 binds in, rows out. And the codes of PostgreSQL that the
// store reacts to, so that no other file looks inside an error. How statements get to the server: message.ts.
import type { Sequelize, Transaction } from 'sequelize';
import { type Answer, type Client, isOutdated, send, type Statement as Sent } from './message';

export { isOutdated } from './message';

/** One row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement. jsonb parameters are given as JSON text. */
export type Query = (sql: string, bind?: readonly unknown[]) => Promise<readonly unknown[]>;

/** The same inside a transaction. */
export interface TxQuery extends Query {
  /**
   * A statement whose answer the act does not need before it goes on: it leaves with the next one, or with COMMIT, and fails that
   * where it fails itself.
   */
  later(sql: string, bind: readonly unknown[], then?: (rows: readonly unknown[]) => void): Promise<void>;
}

/** Statements each on its own (run again where a deadlock was broken at their expense, or their tables have changed), or inside a transaction of Sequelize. */
export function queryIn(sequelize: Sequelize): Query;
export function queryIn(sequelize: Sequelize, transaction: Transaction): TxQuery;
export function queryIn(sequelize: Sequelize, transaction?: Transaction): Query | TxQuery {
  if (transaction !== undefined) {
    const client = Reflect.get(transaction, 'connection') as Client;
    const query: Query = async (sql, bind) => rowsOf(await send(client, [{ text: sql, values: bind ?? [] }]));
    return Object.assign(query, {
      async later(sql: string, bind: readonly unknown[], then?: (rows: readonly unknown[]) => void) {
        const rows = await query(sql, bind);
        then?.(rows);
      },
    });
  }
  return async (sql, bind) => {
    for (let run = 1; ; run += 1) {
      try {
        return await alone(sequelize, { text: sql, values: bind ?? [] });
      } catch (error) {
        // All of it was undone, so it can be said again: whoever it met is done by then.
        if (run === RUNS || !(isSerialization(error) || isOutdated(error))) throw error;
      }
    }
  };
}

const RUNS = 4;

async function alone(sequelize: Sequelize, statement: Sent): Promise<readonly unknown[]> {
  const client = await borrow(sequelize);
  try {
    const rows = rowsOf(await send(client, [statement]));
    sequelize.connectionManager.releaseConnection(client);
    return rows;
  } catch (error) {
    await giveBack(sequelize, client, error);
    throw error;
  }
}

/** Statements each on their own on one connection, which is closed after them: what they set and lock for the session goes with it. */
export async function onConnection<T>(sequelize: Sequelize, act: (q: Query) => Promise<T>): Promise<T> {
  const client = await borrow(sequelize);
  try {
    return await act(async (sql, bind) => rowsOf(await send(client, [{ text: sql, values: bind ?? [] }])));
  } finally {
    await sequelize.connectionManager.destroyConnection(client);
  }
}

interface Waiting extends Sent {
  readonly then?: ((rows: readonly unknown[]) => void) | undefined;
}

/** The connection went away under a transaction. `ending`: under its COMMIT, so that only another look tells what became of it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  constructor(
    override readonly cause: unknown,
    readonly ending: boolean,
  ) {
    super('the connection to the database was lost');
  }
}

/** The server ends a session (57P01 to 57P03, 25P03, 57P05), or cannot go on with it (08). */
const LOST = /^(?:57P0[1235]|25P03|08\w{3})$/;

/** Whether an error of `send` says that the connection is gone: any of the driver's own, and some of the server. */
function isLost(error: unknown): boolean {
  const server = serverError(error);
  return server === null ? !(error instanceof TypeError) : LOST.test(server.code);
}

/** A connection that cannot be had now; not one for which the pool makes wait. */
function isAway(error: unknown): boolean {
  const name: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'name') : null;
  return (
    typeof name === 'string' &&
    /^Sequelize(?:Connection|Host|Access|InvalidConnection)/.test(name) &&
    name !== 'SequelizeConnectionAcquireTimeoutError'
  );
}

/** The time of an act was over before its next message to the server, which was not sent. */
export class TimeOver extends Error {
  override readonly name = 'TimeOver';
}

const LIMIT = `select set_config('statement_timeout', $1, true)`;

/**
 * Runs `act` in one transaction of a connection of its own. Throws `ConnectionLost` where that goes away. `left`: milliseconds
 * that the act still has. Each statement gets no more, and after that nothing is sent any more, COMMIT least of all.
 */
export async function inTransaction<T>(
  sequelize: Sequelize,
  act: (q: TxQuery) => Promise<T>,
  left?: () => number,
): Promise<T> {
  const client = await borrow(sequelize).catch((error: unknown) => {
    throw isAway(error) ? new ConnectionLost(error, false) : error;
  });
  const begin: Waiting = { text: 'begin', values: [] };
  let waiting: Waiting[] = [begin];
  const limit = (): Waiting[] => {
    if (left === undefined) return [];
    const milliseconds = Math.floor(left());
    if (milliseconds <= 0) throw new TimeOver('the time of the act is over');
    return [{ text: LIMIT, values: [String(milliseconds)] }];
  };
  const flush = async (last: Sent): Promise<Answer | undefined> => {
    const [first, ...more] = waiting;
    const sent = first === begin ? [begin, ...limit(), ...more, last] : [...limit(), ...waiting, last];
    waiting = [];
    const answers = await send(client, sent).catch((error: unknown) => {
      throw isLost(error) ? new ConnectionLost(error, last.text === 'commit') : error;
    });
    for (const [index, one] of sent.entries()) if ('then' in one) (one as Waiting).then?.(answers[index]?.rows ?? []);
    return answers.at(-1);
  };
  const query: Query = async (sql, bind) => (await flush({ text: sql, values: bind ?? [] }))?.rows ?? [];
  const q = Object.assign(query, {
    later(text: string, values: readonly unknown[], then?: (rows: readonly unknown[]) => void) {
      waiting.push({ text, values, then });
      return Promise.resolve();
    },
  });
  try {
    const result = await act(q);
    const committed = await flush({ text: 'commit', values: [] });
    // The server answers COMMIT with ROLLBACK where a statement had failed and the act went on all the same.
    if (committed?.command !== 'COMMIT') throw new Error('a transaction ended without its changes');
    sequelize.connectionManager.releaseConnection(client);
    return result;
  } catch (error) {
    const undone: unknown = await send(client, [{ text: 'rollback', values: [] }]).then(
      () => null,
      (failed: unknown) => failed,
    );
    await giveBack(sequelize, client, undone);
    throw error;
  }
}

function rowsOf(answers: readonly Answer[]): readonly unknown[] {
  return answers[0]?.rows ?? [];
}

async function borrow(sequelize: Sequelize): Promise<Client> {
  return (await sequelize.connectionManager.getConnection({ type: 'write' })) as Client;
}

// What the server refused leaves the connection as good as it was; after anything else nobody knows.
async function giveBack(sequelize: Sequelize, client: Client, error: unknown): Promise<void> {
  if (error === null || !isLost(error)) sequelize.connectionManager.releaseConnection(client);
  else await sequelize.connectionManager.destroyConnection(client);
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
    return q(this.text(select), this.values);
  }

  /** Leaves with the next statement of the transaction. */
  later(q: TxQuery, select: string, then: (rows: readonly unknown[]) => void): Promise<void> {
    return q.later(this.text(select), this.values, then);
  }

  private text(select: string): string {
    return (this.parts.length > 0 ? `with ${this.parts.join(',\n')}\n` : '') + select;
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

/** Whether the server gave one of several transactions up so that the others could go on: deadlock, serialization failure. */
export function isSerialization(error: unknown): boolean {
  const code = serverError(error)?.code;
  return code === '40001' || code === '40P01';
}

/** True for a violation of this unique index. */
export function isDuplicate(error: unknown, constraint: string): boolean {
  const server = serverError(error);
  return server?.code === '23505' && server.constraint === constraint;
}
