// The PostgreSQL of one jest run: the embedded one, or the server that TEST_DATABASE_URL names. Started by global-setup,
// found by the workers through the environment. One migrated template, from which each worker clones its database.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { connect, migrate } from '../../src/store/database';
import { startEmbedded } from '../../src/store/embedded';
import { RESET } from './reset';

const PREFIX = 'usher-test-';

export type Cluster = { stop(): Promise<void> };

/** Starts the cluster of this run, makes the template and tells the workers where both are. */
export async function startCluster(): Promise<Cluster> {
  const given = process.env['TEST_DATABASE_URL'];
  const server =
    given === undefined || given === '' ? await startPrivate() : { url: given, stop: () => dropAll(given) };
  process.env['USHER_TEST_CLUSTER'] = server.url;
  process.env['USHER_TEST_RUN'] = String(process.pid);
  try {
    await makeTemplate();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Runs one statement as the owner of the cluster. */
export async function asOwner(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The address of the cluster's own database, or of another one in it. */
export function clusterUrl(database?: string): string {
  const url = process.env['USHER_TEST_CLUSTER'];
  if (url === undefined) throw new Error('no test cluster: jest did not run global-setup');
  return database === undefined ? url : url.replace(/^(postgres(?:ql)?:\/\/[^/?]*\/)[^?]*/, `$1${database}`);
}

/** A name that no other run on the same server uses. */
export function runName(what: string): string {
  return `usher_${process.env['USHER_TEST_RUN'] ?? '0'}_${what}`;
}

async function startPrivate(): Promise<{ url: string; stop(): Promise<void> }> {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const left = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
    if (left !== null && !fs.existsSync(`/proc/${left[1] ?? ''}`) && fs.existsSync('/proc/self'))
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true }); // of a killed run
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), `${PREFIX}${process.pid}-`));
  fs.chmodSync(dir, 0o755); // so that root's server, which runs as another account, can enter
  // No plan changes in the middle of a test, by what another test left.
  const server = await startEmbedded({ dir, fsync: false, settings: { autovacuum: 'off' } });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function makeTemplate(): Promise<void> {
  const name = runName('template');
  await asOwner(clusterUrl(), `create database ${name}`);
  const database = await connect({ url: clusterUrl(name), poolMax: 2 });
  try {
    await migrate(database);
    await database.sequelize.query(RESET);
  } finally {
    await database.close();
  }
}

async function dropAll(url: string): Promise<void> {
  const mine = await asOwner(url, `select datname from pg_database where starts_with(datname, '${runName('')}')`);
  for (const { datname } of mine) await asOwner(url, `drop database if exists "${String(datname)}" with (force)`);
}
