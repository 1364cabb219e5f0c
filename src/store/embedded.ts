// The embedded database: a real PostgreSQL server as a child of this process, reached by a unix socket only.
// Survives root and ordinary accounts, a killed parent, stale locks and long paths. Finding the programs is binaries.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Log } from '../log';
import { DatabaseProblem } from './address';
import { type Account, type Binaries, findBinaries, reachableBinaries } from './binaries';
import { dataFolder, makeHome, serverAccount, socketFolder, USE_SERVER } from './place';
import { isAlive, ownerName, ownerOf } from './process';

export type EmbeddedOptions = {
  /** The folder that holds the database, for example `.usher`. */
  readonly dir: string;
  /** Off only where the data may be lost with the machine, which is in tests. */
  readonly fsync?: boolean;
  /** Of the server, beside ours. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Where root keeps what the account of the server cannot reach inside the project. */
  readonly reachableHome?: string;
  readonly binaries?: Binaries;
};

export type Embedded = {
  /** As the server's superuser. */
  readonly url: string;
  /** As another role of it. */
  urlAs(role: string): string;
  /** Whether the server of a killed process was found running on this folder and was replaced. */
  readonly adopted: boolean;
  stop(): Promise<void>;
};

/** Before the machine is thought to be unable: one that is slow, or recovers after a crash, takes its time. */
const START_LIMIT = 60_000;
const STOP_LIMIT = 8_000; // the whole program has 10 s to stop

// Ends when the pipe from Usher closes, however Usher died: postgres then gets SIGINT, which is its fast shutdown.
// The shell ignores the signals of the terminal, so that Ctrl-C lets Usher finish its work before the database goes.
const WATCHDOG =
  '"$0" "$@" </dev/null & p=$!; trap "" INT TERM HUP; exec 3<&0; ' +
  '(cat <&3 >/dev/null; kill -INT $p 2>/dev/null) & w=$!; wait $p; r=$?; kill $w 2>/dev/null; exit $r';

/** Starts the server on the folder, creating the database at first; refuses a folder that a live Usher uses. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dir = path.resolve(options.dir);
  const home = options.reachableHome ?? '/var/lib/usher';
  const found = options.binaries ?? findBinaries();
  makeHome(dir);
  const account = serverAccount(dir);
  if (account !== undefined) fs.mkdirSync(home, { recursive: true, mode: 0o755 });
  const binaries = reachableBinaries(found, account, home);
  const data = dataFolder(dir, account, home);
  const place = { ...options, dir, account, binaries, data };

  let adopted = false;
  let deadline = Date.now() + START_LIMIT;
  for (let wait = 50; ; wait = Math.min(wait * 2, 1000)) {
    const running = await inspect(data);
    if (running.kind === 'live') {
      stopOrphan(running, place);
      adopted = true;
    } else if (running.kind === 'none') {
      if (!fs.existsSync(path.join(data, 'PG_VERSION'))) {
        await createCluster(place);
        deadline = Date.now() + START_LIMIT;
      }
      const sockets = socketFolder(data, account); // each time: a server that ends takes its folder with it
      const started = await launch({ ...place, sockets }, deadline);
      if (started.kind === 'ready')
        return {
          url: socketUrl(sockets),
          urlAs: (role) => socketUrl(sockets, role),
          adopted,
          stop: () => stop(started.child, sockets),
        };
      // A lock: another process won the race, or the killed server is not yet collected by init. Look again.
      if (started.kind === 'failed' || Date.now() > deadline) throw startProblem(data, started.output);
    }
    if (Date.now() > deadline) throw startProblem(data, 'the server that runs there neither answers nor ends');
    await pause(wait);
  }
}

type Place = EmbeddedOptions & {
  readonly account: Account | undefined;
  readonly binaries: Binaries;
  readonly data: string;
};

function socketUrl(sockets: string, role = 'postgres'): string {
  return `postgres://${role}@/postgres?host=${encodeURIComponent(sockets)}&port=5432`;
}

// -- who is there already

type Running =
  { readonly kind: 'none' | 'busy' } | { readonly kind: 'live'; readonly pid: number; readonly owner: string };

// The lock file names the socket of the running server; only a server that answers there with this very data folder
// counts, because the file may be a left-over and the folder's name may have been used before.
async function inspect(data: string): Promise<Running> {
  const lines = lockFile(data);
  const sockets = lines[4]?.trim() ?? '';
  if (sockets === '') return { kind: 'none' };
  const client = new Client({
    host: sockets,
    port: Number(lines[3]),
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 2000,
  });
  client.on('error', () => undefined); // the answer is what counts
  try {
    await client.connect();
    const sql = `select current_setting('data_directory') as data, current_setting('cluster_name') as owner`;
    const { rows } = await client.query<{ data: string; owner: string }>(sql);
    const row = rows[0];
    if (row === undefined || fs.realpathSync(row.data) !== fs.realpathSync(data)) return { kind: 'none' };
    return { kind: 'live', pid: Number(lines[0]), owner: row.owner };
  } catch (error) {
    const { code } = error as { code?: string };
    return { kind: code === '57P03' || code === '57P01' ? 'busy' : 'none' }; // starting up or shutting down
  } finally {
    await client.end().catch(() => undefined);
  }
}

// A server whose Usher is dead is replaced rather than used: it may be in the middle of its shutdown, and no
// watchdog would end it with this process.
function stopOrphan(running: { readonly pid: number; readonly owner: string }, place: Place): void {
  const owner = ownerOf(running.owner);
  if (owner === undefined)
    throw new DatabaseProblem(
      `A PostgreSQL server that Usher did not start (process ${running.pid}) runs on ${place.data}. Stop it, ${USE_SERVER}.`,
    );
  if (owner.alive)
    throw new DatabaseProblem(
      `Another Usher (process ${owner.pid}) is using the embedded database in ${place.dir}. Stop it first, ` +
        'or set DATABASE_URL to a PostgreSQL server (15 or newer), which any number of Ushers can share.',
    );
  place.log?.warn({ pid: running.pid, owner: owner.pid }, 'stopping the database server of a killed process');
  try {
    process.kill(running.pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it has ended meanwhile
  }
}

function lockFile(data: string): string[] {
  try {
    return fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

// -- creating, starting, stopping

// Made beside and renamed, so that a killed first start leaves no half cluster and two first starts do not mix.
async function createCluster({ data, account, binaries, fsync }: Place): Promise<void> {
  for (const name of fs.readdirSync(path.dirname(data))) {
    const left = /^data\.new-(\d+)-/.exec(name);
    if (left !== null && !isAlive(Number(left[1])))
      fs.rmSync(path.join(path.dirname(data), name), { recursive: true, force: true });
  }
  const draft = fs.mkdtempSync(`${data}.new-${process.pid}-`);
  if (account !== undefined) fs.chownSync(draft, account.uid, account.gid);
  const args = ['-D', draft, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-instructions'];
  const { code, output } = await run(binaries.initdb, fsync === false ? [...args, '--no-sync'] : args, account);
  try {
    if (code !== 0) throw startProblem(data, output);
    fs.renameSync(draft, data);
  } catch (error) {
    fs.rmSync(draft, { recursive: true, force: true });
    if (!fs.existsSync(path.join(data, 'PG_VERSION'))) throw error; // else another process was quicker
  }
}

type Launched =
  | { readonly kind: 'ready'; readonly child: ChildProcess }
  | { readonly kind: 'locked' | 'failed'; readonly output: string };

async function launch(place: Place & { readonly sockets: string }, deadline: number): Promise<Launched> {
  const { data, sockets, account, binaries, fsync, settings: more, log } = place;
  fs.chmodSync(data, 0o700); // a copied folder may be open to others, which PostgreSQL refuses
  const settings = {
    cluster_name: ownerName(process.pid),
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: sockets,
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_min_messages: 'fatal', // what people wrote must not reach a log by way of a failed statement
    ...(fsync === false ? { fsync: 'off', full_page_writes: 'off' } : {}),
    ...more,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('/bin/sh', ['-c', WATCHDOG, binaries.postgres, '-D', data, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    cwd: '/',
    env: cleanEnvironment(),
    ...account,
  });
  const seen = { output: '', ended: false };
  child.stderr.on('data', (text: Buffer) => {
    seen.output = (seen.output + text.toString()).slice(-4000);
  });
  child.stdin.on('error', () => undefined); // the server has ended by itself; `close` tells
  child.on('error', (error) => {
    seen.output += error.message;
    seen.ended = true;
  });
  child.on('close', () => {
    seen.ended = true;
  });

  // The eighth line of the lock file is the server's own word that it takes connections.
  const ready = (): boolean => {
    const lines = lockFile(data);
    return lines[4] === sockets && lines[7]?.trim() === 'ready';
  };
  while (!seen.ended && Date.now() < deadline) {
    if (ready()) {
      const running = await inspect(data);
      if (running.kind === 'live' && running.owner === settings.cluster_name) {
        child.unref(); // the server must not keep a program alive that has nothing else to do
        for (const pipe of [child.stdin, child.stderr]) (pipe as Socket).unref();
        child.once('close', () => {
          if (!child.stdin.writableEnded)
            log?.error({ output: seen.output }, 'the embedded database has ended by itself');
        });
        return { kind: 'ready', child };
      }
    }
    await pause(10);
  }
  if (!seen.ended) child.stdin.end();
  return { kind: seen.output.includes('lock file') ? 'locked' : 'failed', output: seen.output };
}

async function stop(child: ChildProcess, sockets: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    child.stdin?.end();
    const late = new AbortController();
    const limit = pause(STOP_LIMIT, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([ended, limit]);
    late.abort();
  }
  fs.rmSync(sockets, { recursive: true, force: true });
}

async function run(
  program: string,
  args: readonly string[],
  account: Account | undefined,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      env: cleanEnvironment(),
      ...account,
    });
    let output = '';
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    child.on('error', (error) => {
      resolve({ code: null, output: error.message });
    });
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}

// PGDATA, PGPORT and the like of the person's shell must not steer this server.
function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

function startProblem(data: string, output: string): DatabaseProblem {
  // The file is there but its loader is not: the programs are made for glibc.
  if (output.includes('ENOENT'))
    return new DatabaseProblem(
      `The embedded database cannot run on this system (it needs glibc, so not Alpine). Use another image, ${USE_SERVER}.`,
    );
  return new DatabaseProblem(
    `The embedded database in ${data} did not start. Look at the message below, ${USE_SERVER}.\n${output.trim()}`,
  );
}
