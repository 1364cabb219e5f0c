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
    client.query(
      new Message(statements, (error, answers) => {
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
type Known = Connection & { [PREPARED]?: { readonly age: number; readonly names: Set<string> } };

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

function knownTo(connection: Known): Set<string> {
  const found = connection[PREPARED];
  if (found?.age === age) return found.names;
  const made = { age, names: new Set<string>() };
  connection[PREPARED] = made;
  return made.names;
}

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
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

/** The driver's own query collects the results of several statements already; only the sending is ours. */
class Message extends Query {
  override submit: (connection: Connection) => void;

  constructor(statements: readonly Statement[], done: Done) {
    const fresh = new Set<string>();
    let known: Set<string> | undefined;
    super({ text: '' }, (error, result) => {
      // After an error nobody says which of them were prepared; they are closed and prepared again.
      if (!error) for (const name of fresh) known?.add(name);
      if (isOutdated(error)) age += 1;
      const answers = result as unknown as Answer | readonly Answer[];
      done(error, error ? [] : Array.isArray(answers) ? (answers as readonly Answer[]) : [answers as Answer]);
    });
    this.submit = (connection) => {
      known = knownTo(connection);
      const wire = connection as unknown as Wire;
      wire.stream.cork();
      for (const { text, values } of statements) {
        const name = nameOf(text);
        if (!known.has(name) && !fresh.has(name)) {
          fresh.add(name);
          wire.close({ type: 'S', name });
          wire.parse({ name, text });
        }
        wire.bind({ statement: name, values: values.map(onWire) });
        wire.describe({ type: 'P', name: '' });
        wire.execute({ portal: '' });
      }
      wire.sync();
      wire.stream.uncork();
    };
  }
}

function onWire(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(inArray).join(',')}}`;
  throw new TypeError('a value that no statement takes');
}

function inArray(value: unknown): string {
  const text = onWire(value);
  if (text === null) return 'null';
  return Array.isArray(value) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
