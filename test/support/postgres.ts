// A database for a test file: a clone of the migrated template, one per jest worker, empty at the start of each file.
// Connections are closed after the file by themselves. The cluster behind it is cluster.ts.
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Sequelize } from 'sequelize';
import { connect, type Database } from '../../src/store/database';
import { asOwner, clusterUrl, runName } from './cluster';
import { RESETTING } from './reset';

export type TestDatabase = {
  /** Address with the owner's rights, for a process of its own. */
  readonly url: string;
  /** As the program uses it: with the role `usher_app`, which cannot change the audit trail. */
  readonly database: Database;
  readonly sequelize: Sequelize;
  /** With all rights, to look and to prepare. */
  readonly owner: Sequelize;
  /** Empties the database, in one statement. Call it in `beforeEach`. */
  reset(): Promise<void>;
  /**
   * Empties the database and fills it by `fill`. What it did once under this key is remembered with the database and put back the
   * next time, to the row.
   */
  filled(key: string, fill: () => Promise<unknown>): Promise<void>;
};

export const APP_ROLE = 'usher_app';

/** Enough for what a test does at once, and few: each connection prepares every statement for itself. */
export const POOL = 3;
const LONG_LOOK_MS = 15 * 60_000;

/** Idle connections of this process by address and role; they outlive a test file (environment.cjs). */
declare const usherConnections: Map<string, Client[]>;
/** The connections that reset, by address. */
declare const usherResets: Map<string, pg.Client & Client>;

const open: Pick<Database, 'close'>[] = [];
let current: Promise<TestDatabase> | undefined;

afterAll(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
});

/** The database of this worker; the same one for every call in a file. */
export function testDatabase(): Promise<TestDatabase> {
  return (current ??= prepare());
}

/** A connection of its own that is closed after the test file. */
export async function openDatabase(url: string, role?: string): Promise<Database> {
  const database = await connectTo(url, role);
  open.push(database);
  return database;
}

function connectTo(url: string, role: string | undefined): Promise<Database> {
  // Who looks with all rights may look at everything at once, however long that takes.
  const more = role === undefined ? { limits: { statement: LONG_LOOK_MS } } : { role };
  return connect({ url, poolMax: POOL, ...more });
}

/** The same, over connections of earlier test files where there are any. */
async function shareDatabase(url: string, role?: string): Promise<Database> {
  const database = await connectTo(url, role);
  const { connectionManager: manager } = database.sequelize as unknown as { readonly connectionManager: Manager };
  const key = `${url} ${role ?? ''}`;
  const kept = usherConnections.get(key) ?? [];
  usherConnections.set(key, kept);

  const connectAnew = manager._connect.bind(manager);
  manager._connect = async (config) => {
    let client = kept.pop();
    while (client !== undefined && !manager.validate(client)) client = kept.pop();
    if (client === undefined) return connectAnew(config);
    client.ref();
    // What it reads are values of this file: a Date of another one is none here.
    return Object.assign(client, { _types: { getTypeParser: manager.getTypeParser.bind(manager) } });
  };
  if (kept.length > 0) await manager.pool.destroyAllNow();

  const disconnect = manager._disconnect.bind(manager);
  open.push({
    close: async () => {
      manager._disconnect = async (client) => {
        if (kept.length >= POOL || !manager.validate(client)) return disconnect(client);
        client.unref();
        kept.push(client);
      };
      await database.close();
    },
  });
  return database;
}

/** Asks over the one connection of this worker that resets (reset.ts); it outlives the file as well. */
function resetting(url: string): (sql: string, ...bind: string[]) => Promise<Record<string, unknown>[]> {
  const key = `${url} resets`;
  let client: (pg.Client & Client) | undefined;
  open.push({ close: () => Promise.resolve(client?.unref()) });
  return async (sql, ...bind) => {
    client = usherResets.get(key) ?? (await connectReset(url, key));
    client.ref();
    return (await client.query<Record<string, unknown>>({ name: sql, text: sql, values: bind })).rows;
  };
}

async function connectReset(url: string, key: string): Promise<pg.Client & Client> {
  const client = new pg.Client({ connectionString: url, options: RESETTING }) as pg.Client & Client;
  client.on('error', () => usherResets.delete(key)).on('end', () => usherResets.delete(key));
  await client.connect();
  usherResets.set(key, client);
  return client;
}

/** A connection of the driver, beyond what its types say. */
interface Client {
  ref(): void;
  unref(): void;
}

/** What Sequelize's manager does with connections; its types tell a part of it. */
interface Manager {
  readonly pool: { destroyAllNow(): Promise<unknown> };
  _connect(config: unknown): Promise<Client>;
  _disconnect(client: Client): Promise<void>;
  validate(client: Client): boolean;
  getTypeParser(oid: number, format?: string): (text: string) => unknown;
}

/** A further database, empty or with the schema, for tests that change the schema or need two. Returns its address. */
export async function freshDatabase(name: string, give: 'empty' | 'migrated'): Promise<string> {
  const full = runName(`${name}_${process.env['JEST_WORKER_ID'] ?? '1'}`);
  await asOwner(clusterUrl(), `drop database if exists ${full} with (force)`);
  await asOwner(
    clusterUrl(),
    `create database ${full}${give === 'migrated' ? ` template ${runName('template')}` : ''}`,
  );
  return clusterUrl(full);
}

async function prepare(): Promise<TestDatabase> {
  const name = runName(`worker_${process.env['JEST_WORKER_ID'] ?? '1'}`);
  const known = await asOwner(clusterUrl(), `select 1 from pg_database where datname = '${name}'`);
  if (known.length === 0) await asOwner(clusterUrl(), `create database ${name} template ${runName('template')}`);

  const url = clusterUrl(name);
  const [database, owner] = await Promise.all([shareDatabase(url, APP_ROLE), shareDatabase(url)]);
  const over = resetting(url);
  const reset = async (): Promise<void> => {
    await over('select test_reset()');
  };
  const filled = async (key: string, fill: () => Promise<unknown>): Promise<void> => {
    const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const [row] = await over('select test_restore($1) as known', name);
    if (row?.['known'] === true) return;
    await fill();
    await over('select test_keep($1)', name);
  };
  await reset();
  return { url, database, sequelize: database.sequelize, owner: owner.sequelize, reset, filled };
}
