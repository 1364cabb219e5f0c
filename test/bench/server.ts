// The PostgreSQL of a run and the databases in it: the server that BENCH_DATABASE_URL names, or one of our own from the installed
// programs, with fsync on and the settings of the recorded limits. Each size of data is loaded once and cloned for each scenario.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { createLog } from '../../src/log';
import type { Desk } from '../../src/operations/ports';
import { connect, migrate } from '../../src/store/database';
import { migrations } from '../../src/store/migrations';
import { serverAccount } from '../../src/store/place';
import { createStore, type Stores } from '../../src/store/store';

/** How much is in the database. */
export interface Size {
  readonly people: number;
  readonly assignments: number;
}

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** A clone of the loaded data; `close` drops it. */
export interface BenchDatabase {
  /** As the owner of everything. */
  readonly url: string;
  /** Rows of a statement, with the owner's rights. */
  sql<T = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** Connections of the limit side: plain, and the schema of the limit first. */
  limits(count: number): Promise<Client[]>;
  /** The product over this database, as main.ts builds it. */
  product(poolMax: number): Promise<Product>;
  close(): Promise<void>;
}
export type Product = Stores & { readonly desk: Desk };

const SETTINGS = [
  'shared_buffers=2GB',
  'work_mem=64MB',
  'max_wal_size=8GB',
  'checkpoint_timeout=15min',
  'random_page_cost=1.1',
  'jit=off',
  'max_connections=200',
];

/** The server that is given, or one of our own in a new folder, which goes when it stops. */
export function startServer(): Server {
  const given = process.env['BENCH_DATABASE_URL'] ?? '';
  if (given !== '') return { url: given, stop: () => Promise.resolve() };
  const bin = programs();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-bench-'));
  const account = serverAccount(dir);
  if (account !== undefined) fs.chownSync(dir, account.uid, account.gid);
  const run = (name: string, ...args: string[]): void => {
    execFileSync(path.join(bin, name), args, { cwd: '/', stdio: 'ignore', ...account });
  };
  const data = path.join(dir, 'data');
  run('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--data-checksums');
  const options = ['listen_addresses=', `unix_socket_directories=${dir}`, ...SETTINGS].map((one) => `-c ${one}`);
  run('pg_ctl', '-D', data, '-l', path.join(dir, 'log'), '-w', '-s', '-o', options.join(' '), 'start');
  return {
    url: `postgres://postgres@/postgres?host=${encodeURIComponent(dir)}`,
    stop: () => {
      run('pg_ctl', '-D', data, '-m', 'fast', '-w', '-s', 'stop');
      fs.rmSync(dir, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

function programs(): string {
  const root = '/usr/lib/postgresql';
  const versions = fs.existsSync(root) ? fs.readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = versions
    .map((version) => path.join(root, version, 'bin'))
    .find((one) => fs.existsSync(path.join(one, 'initdb')));
  if (bin === undefined) throw new Error('No PostgreSQL is installed: name a server by BENCH_DATABASE_URL.');
  return bin;
}

/** A fresh clone of the data of this size, which is loaded where this server does not have it yet. */
export async function cloneOf(server: Server, size: Size, note: (line: object) => void): Promise<BenchDatabase> {
  const source = await loaded(server, size, note);
  const name = `usher_bench_${process.pid}_${(clones += 1)}`;
  await asOwner(server.url, async (client) => {
    await client.query(`create database ${name} template ${source}`);
    await client.query('checkpoint');
  });
  const url = urlOf(server, name);
  const owner = await opened(url);
  const open: { close(): Promise<void> }[] = [];
  return {
    url,
    async sql<T>(text: string, values: readonly unknown[] = []) {
      return (await owner.query(text, [...values])).rows as T[];
    },
    async limits(count) {
      const clients = await Promise.all(Array.from({ length: count }, () => opened(url)));
      for (const client of clients) await client.query('set search_path = lim');
      open.push({
        close: async () => {
          await Promise.all(clients.map((client) => client.end()));
        },
      });
      return clients;
    },
    async product(poolMax) {
      const database = await connect({ url, poolMax, role: 'usher_app', limits: { statement: 600_000 } });
      open.push(database);
      const parts = createStore({ sequelize: database.sequelize, log: createLog('silent') });
      const { store, views, drafts, directory } = parts;
      return { ...parts, desk: { store, views, drafts, directory } };
    },
    async close() {
      await Promise.all(open.map((one) => one.close()));
      await owner.end();
      await asOwner(server.url, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
}
let clones = 0;

async function loaded(server: Server, size: Size, note: (line: object) => void): Promise<string> {
  const files = ['limit/schema.sql', 'limit/seed.sql', 'seed.sql', 'check.sql'].map((file) =>
    path.join(__dirname, file),
  );
  const [schema = '', limitSeed = '', seed = '', check = ''] = files.map((file) => fs.readFileSync(file, 'utf8'));
  // Another schema or another seed is another database.
  const made = createHash('sha256').update([schema, limitSeed, seed, ...migrations.map((one) => one.name)].join('\n'));
  const name = `usher_bench_seed_${size.people}_${size.assignments}_${made.digest('hex').slice(0, 6)}`;
  const known = await asOwner(server.url, (client) =>
    client.query('select 1 from pg_database where datname = $1', [name]),
  );
  if (known.rowCount === 1) return name;

  const from = Date.now();
  const filling = `${name}_filling`;
  await asOwner(server.url, async (client) => {
    await client.query(`drop database if exists ${filling} with (force)`);
    await client.query(`create database ${filling}`);
  });
  const database = await connect({ url: urlOf(server, filling), poolMax: 1 });
  await migrate(database);
  await database.close();
  await asOwner(urlOf(server, filling), async (client) => {
    await client.query(schema);
    await client.query(`select set_config('bench.people', $1, false), set_config('bench.assignments', $2, false)`, [
      String(size.people),
      String(size.assignments),
    ]);
    await client.query(limitSeed);
    await client.query(seed);
    await client.query('reset search_path');
    await client.query('vacuum analyze');
    const { rows } = await client.query<{ problem: string }>(check);
    if (rows.length > 0) throw new Error(`the seed is wrong: ${rows.map(({ problem }) => problem).join(', ')}`);
  });
  await asOwner(server.url, (client) => client.query(`alter database ${filling} rename to ${name}`));
  note({ loaded: name, ...size, seconds: Math.round((Date.now() - from) / 100) / 10 });
  return name;
}

function urlOf(server: Server, database: string): string {
  return server.url.replace(/^(postgres(?:ql)?:\/\/[^/?]*\/)[^?]*/, `$1${database}`);
}

async function opened(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

async function asOwner<T>(url: string, act: (client: Client) => Promise<T>): Promise<T> {
  const client = await opened(url);
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
