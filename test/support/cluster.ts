// The PostgreSQL of one jest run: the embedded one, or the server that TEST_DATABASE_URL names. Started by global-setup,
// found by the workers through the environment. One migrated template, from which each worker clones its database.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { connect, migrate } from '../../src/store/database';
import { startEmbedded } from '../../src/store/embedded';

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
  const server = await startEmbedded({ dir, fsync: false });
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

// Empties what has rows, except what the migrations themselves filled, and starts every sequence again. Only the tables
// with rows, because emptying all of them would cost more than most tests. Triggers that guard the audit trail are
// off inside it.
const RESET = `
create table test_kept as
  select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p')
    and (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', c.oid::regclass), false, true, '')))[1]::text <> '0';
insert into test_kept values ('test_kept') on conflict do nothing;
create function test_reset() returns void language plpgsql
  set lock_timeout = '5s' set session_replication_role = replica as $$
declare one text; found boolean; full_ones text[] := '{}';
begin
  for one in
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
      and c.oid::regclass::text not in (select name from test_kept)
  loop
    execute format('select exists (select 1 from %s)', one) into found;
    if found then full_ones := full_ones || one; end if;
  end loop;
  if full_ones <> '{}' then execute 'truncate ' || array_to_string(full_ones, ', ') || ' cascade'; end if;
  for one in select format('%I.%I', schemaname, sequencename) from pg_sequences where schemaname = 'public' and last_value is not null
  loop
    execute 'alter sequence ' || one || ' restart';
  end loop;
end $$;
revoke execute on function test_reset from public;
`;

async function dropAll(url: string): Promise<void> {
  const mine = await asOwner(url, `select datname from pg_database where starts_with(datname, '${runName('')}')`);
  for (const { datname } of mine) await asOwner(url, `drop database if exists "${String(datname)}" with (force)`);
}
