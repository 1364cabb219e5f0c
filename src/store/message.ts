// Several statements in one message to the server. The driver sends each alone and waits for its answer; an act has five of them
// (BEGIN, lock, load, save, COMMIT), and going to and fro takes longer than running them. Here they leave together, with one Sync
// at the end: the server works them in their order, each reading what was committed when it begins, and skips the rest after one
// that fails.
import { createHash } from 'node:crypto';
import { type Connection, Query } from 'pg';

/** One statement. jsonb parameters are given as JSON text. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}
/** What the server answered to one statement. */
export interface Answer {
  readonly command: string;
  readonly rows: readonly unknown[];
}

/** The driver's connection, as far as we use it. */
export interface Client {
  query(message: Query): unknown;
}

/** Sends the statements in one message; the answers come in their order. */
export function send(client: Client, statements: readonly Statement[]): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    // Before the driver is asked: where one cannot be written, it would wait for ever for the answer to half a message.
    const written = statements.map(({ text, values }) => ({ text, values: values.map(onWire) }));
    client.query(
      new Message(written, (error, answers) => {
        if (error) reject(error);
        else resolve(answers);
      }),
    );
  });
}

// Every statement is prepared under a name on its connection: planning takes longer than running. The texts are those of this
// folder and of the shapes that a save can have, so their number is bounded.
const names = new Map<string, string>();
/** Noted at the connection itself: tests use one longer than a module lives. */
const PREPARED = Symbol.for('usher.prepared');
interface Column {
  readonly name: string;
  readonly dataTypeID: number;
}
/** By the name of a statement the columns of its rows, which the server tells once. */
type Statements = Map<string, readonly Column[]>;
type Known = Connection & { [PREPARED]?: { readonly age: number; readonly statements: Statements } };

/**
 * A migration of a newer release may change what a prepared statement answers, and the server runs it no more. All that was prepared
 * before is prepared again then, on every connection: the act runs once more, maybe on another one.
 */
let age = 0;
const OUTDATED = '0A000';

/** Whether a statement was prepared for tables that have changed since. What its transaction did was undone; it can run again. */
export function isOutdated(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === OUTDATED;
}

function knownTo(connection: Known): Statements {
  const found = connection[PREPARED];
  if (found?.age === age) return found.statements;
  const made = { age, statements: new Map<string, readonly Column[]>() };
  connection[PREPARED] = made;
  return made.statements;
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

/** A statement with its values as the server reads them. */
interface Written {
  readonly text: string;
  readonly values: readonly (string | null)[];
}
type Done = (error: Error | undefined, answers: readonly Answer[]) => void;

/** What the driver's connection can do, beyond what its types say. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(values: { readonly statement: string; readonly values: readonly (string | null)[] }): void;
  describe(what: { readonly type: 'P'; readonly name: string }): void;
  execute(what: { readonly portal: string }): void;
  close(what: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
}

type Reader = (text: string) => unknown;
const readers = new WeakMap<readonly Column[], readonly { readonly name: string; readonly read: Reader }[]>();
const NO_COLUMNS: readonly Column[] = [];

/** One message: the driver's connection takes it for a query of its own, and hands it what comes back. */
class Message extends Query {
  override submit: (connection: Connection) => void;
  readonly #columns: (readonly Column[])[] = [];
  readonly #answers: Answer[] = [];
  #rows: unknown[] = [];
  #unread: Error | undefined;

  constructor(statements: readonly Written[], done: Done) {
    const fresh = new Map<string, number>();
    let known: Statements | undefined;
    super('', (error) => {
      // After an error nobody says which of them were prepared; they are closed and prepared again.
      if (!error) for (const [name, n] of fresh) known?.set(name, this.#columns[n] ?? NO_COLUMNS);
      if (isOutdated(error)) age += 1;
      const failed = error ?? this.#unread;
      done(failed, failed ? [] : this.#answers);
    });
    this.submit = (connection) => {
      known = knownTo(connection);
      const wire = connection as unknown as Wire;
      wire.stream.cork();
      for (const [n, { text, values }] of statements.entries()) {
        const name = nameOf(text);
        const columns = known.get(name);
        if (columns === undefined && !fresh.has(name)) {
          fresh.set(name, n);
          wire.close({ type: 'S', name });
          wire.parse({ name, text });
        }
        wire.bind({ statement: name, values });
        if (columns === undefined) wire.describe({ type: 'P', name: '' });
        else this.#columns[n] = columns;
        wire.execute({ portal: '' });
      }
      wire.sync();
      wire.stream.uncork();
    };
  }

  handleRowDescription({ fields }: { readonly fields: readonly Column[] }): void {
    this.#columns[this.#answers.length] = fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      this.#rows.push(this.#read(fields));
    } catch (error) {
      this.#unread = error instanceof Error ? error : new Error('a row that nobody can read');
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#answers.push({ command: text.split(' ', 1)[0] ?? '', rows: this.#rows });
    this.#rows = [];
  }

  #read(values: readonly (string | null)[]): unknown {
    const columns = this.#columns[this.#answers.length] ?? NO_COLUMNS;
    let reads = readers.get(columns);
    if (reads === undefined) {
      const { _types: types } = (this as unknown as { readonly _result: { readonly _types: Types } })._result;
      reads = columns.map(({ name, dataTypeID }) => ({ name, read: types.getTypeParser(dataTypeID, 'text') }));
      readers.set(columns, reads);
    }
    const row: Record<string, unknown> = {};
    let n = 0;
    for (const { name, read } of reads) {
      const value = values[n] ?? null;
      row[name] = value === null ? null : read(value);
      n += 1;
    }
    return row;
  }
}

/** How the driver reads what the server wrote. */
interface Types {
  getTypeParser(dataTypeID: number, format: 'text'): Reader;
}

function onWire(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(inArray).join(',')}}`;
  throw new TypeError('a value that no statement takes');
}

function inArray(value: unknown): string {
  const text = onWire(value);
  if (text === null) return 'null';
  return Array.isArray(value) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
