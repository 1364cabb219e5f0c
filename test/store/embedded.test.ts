// The embedded database survives what laptops and containers do to it. Real servers, real signals; each test has its
// own folder. Cases of root are skipped, visibly, when the tests do not run as root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findBinaries } from '../../src/store/binaries';
import { type Embedded, startEmbedded } from '../../src/store/embedded';
import { isAlive, ownerName, ownerOf } from '../../src/store/process';
import { asOwner } from '../support/cluster';

const asRoot = process.getuid?.() === 0 ? test : test.skip;
const ROOT = path.resolve(__dirname, '..', '..');
const running: (Embedded | ChildProcess)[] = [];
let base = '';

beforeEach(() => {
  base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'usher-embedded-')));
  fs.chmodSync(base, 0o755);
});

afterEach(async () => {
  for (const one of running.splice(0)) {
    if ('stop' in one) await one.stop();
    else if (one.exitCode === null && one.signalCode === null) {
      const ended = once(one, 'exit');
      one.stdin?.write('stop\n');
      await ended;
    }
  }
  const pid = serverPid(path.join(base, 'home'));
  await until(() => pid === undefined || !isAlive(pid));
  fs.rmSync(base, { recursive: true, force: true });
});

const start = async (dir: string, more: Partial<Parameters<typeof startEmbedded>[0]> = {}): Promise<Embedded> => {
  const server = await startEmbedded({ dir, fsync: false, ...more });
  running.push(server);
  return server;
};

type Said = { url: string; adopted: boolean; refused?: undefined } | { refused: string };

const startChild = async (
  dir: string,
  { mode = 'hold', uid }: { mode?: string; uid?: number } = {},
): Promise<{ child: ChildProcess; said: Said }> => {
  const args = [
    '-r',
    path.join(ROOT, 'test/support/register.cjs'),
    path.join(__dirname, 'embedded-child.ts'),
    dir,
    mode,
  ];
  const child = spawn(process.execPath, args, {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  // Whoever refused to start is on its way out, and hears nothing more.
  child.stdin.on('error', () => undefined);
  running.push(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, said: JSON.parse(line) as Said };
};

const up = (said: Said): { url: string; adopted: boolean } => {
  if (said.refused !== undefined) throw new Error(said.refused);
  return said;
};

function serverPid(dir: string): number | undefined {
  const file = path.join(dir, 'data', 'postmaster.pid');
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const parentOf = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));

// The shell beside the server and whatever it started, except the server itself. The one that would end the server comes first and
// the shell last: once that is gone, Usher lets go of the pipe, and whoever still watches it acts.
function watchdogs(shell: number, server: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.flatMap(([pid = 0, ppid]) => (ppid === parent && pid !== server ? [pid, ...below(pid)] : []));
  return [...below(shell), shell];
}

describe('the embedded database', () => {
  test('keeps what was written, with fsync on unless a test turns it off, and listens on no network', async () => {
    const dir = path.join(base, 'home');
    const first = await start(dir, { fsync: true });
    expect(first.adopted).toBe(false);
    await asOwner(first.url, 'create table kept as select 1 as one');
    expect(
      await asOwner(
        first.url,
        `select current_setting('fsync') as fsync, current_setting('listen_addresses') as addresses`,
      ),
    ).toEqual([{ fsync: 'on', addresses: '' }]);
    await first.stop();
    await first.stop();

    const second = await start(dir);
    expect(await asOwner(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
    expect(fs.statSync(path.join(dir, 'data')).mode & 0o777).toBe(0o700);
  });

  test('a second live Usher on the folder is refused by a sentence that names DATABASE_URL', async () => {
    const dir = path.join(base, 'home');
    const first = await start(dir);
    const { said, child } = await startChild(dir);
    expect(said.refused).toMatch(
      new RegExp(`^DatabaseProblem: Another Usher \\(process ${process.pid}\\).*${dir}.*DATABASE_URL`),
    );
    if (child.exitCode === null) await once(child, 'exit');
    expect(await asOwner(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('of two first starts at once one wins, the other is refused, and the database is whole', async () => {
    const dir = path.join(base, 'home');
    const both = await Promise.all([startChild(dir), startChild(dir)]);
    const winners = both.filter(({ said }) => said.refused === undefined);
    const losers = both.filter(({ said }) => said.refused !== undefined);
    expect([winners.length, losers.length]).toEqual([1, 1]);
    expect(losers[0]?.said.refused).toContain(`Another Usher (process ${winners[0]?.child.pid ?? ''})`);
    for (const { said } of winners) expect(await asOwner(up(said).url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(fs.readdirSync(dir)).toEqual(['data']);
  });

  test('the server ends with a killed parent, and the next start finds every confirmed row', async () => {
    const dir = path.join(base, 'home');
    const { child, said } = await startChild(dir);
    await asOwner(up(said).url, 'create table kept as select 1 as one');
    const pid = serverPid(dir) ?? 0;
    await kill(child);
    const next = await start(dir); // at once: the old server may be anywhere between alive and gone
    expect(await asOwner(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await until(() => !isAlive(pid));
    expect(serverPid(dir)).not.toBe(pid);
  });

  test('a server that outlived parent and watchdog is replaced', async () => {
    const dir = path.join(base, 'home');
    const { child, said } = await startChild(dir);
    await asOwner(up(said).url, 'create table kept as select 1 as one');
    const pid = serverPid(dir) ?? 0;
    for (const one of watchdogs(parentOf(pid), pid)) process.kill(one, 'SIGKILL');
    await kill(child);
    expect(isAlive(pid)).toBe(true);
    const next = await start(dir);
    expect(next.adopted).toBe(true);
    expect(await asOwner(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
    expect(isAlive(pid)).toBe(false);
  });

  test('after kill -9 of everything the next start recovers', async () => {
    const dir = path.join(base, 'home');
    const { child, said } = await startChild(dir);
    await asOwner(up(said).url, 'create table kept as select 1 as one');
    const pid = serverPid(dir) ?? 0;
    process.kill(parentOf(pid), 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await kill(child);
    expect(fs.existsSync(path.join(dir, 'data', 'postmaster.pid'))).toBe(true);
    const next = await start(dir);
    expect(await asOwner(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  test('a program that has nothing more to do ends, and its server with it', async () => {
    const dir = path.join(base, 'home');
    const { child, said } = await startChild(dir, { mode: 'leave' });
    expect(up(said).adopted).toBe(false);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    await until(() => serverPid(dir) === undefined);
    await start(dir); // its socket folder goes with the stop of this one
  });

  test('works below a path that is longer than a socket path may be', async () => {
    const dir = path.join(base, ...Array.from({ length: 10 }, () => 'a-folder-with-a-long-name'));
    const server = await start(dir);
    expect(await asOwner(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('the rest of a first start that was killed is cleared away', async () => {
    const dir = path.join(base, 'home');
    fs.mkdirSync(path.join(dir, 'data.new-999999999-abc', 'base'), { recursive: true });
    await start(dir);
    expect(fs.readdirSync(dir)).toEqual(['data']);
  });

  test('starts from an install whose scripts were blocked', async () => {
    const native = path.join(base, 'package', 'native');
    fs.cpSync(findBinaries().native, native, {
      recursive: true,
      filter: (source) => !fs.lstatSync(source).isSymbolicLink(),
    });
    expect(fs.existsSync(path.join(native, 'lib', 'libicuuc.so.60'))).toBe(false);
    const binaries = findBinaries(() => path.join(base, 'package', 'dist', 'index.js'));
    const server = await start(path.join(base, 'home'), { binaries });
    expect(await asOwner(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('says what to do when the package of the platform is missing', () => {
    const missing = (): string => {
      throw new Error('Cannot find module');
    };
    expect(() => findBinaries(missing)).toThrow(/npm ci without --omit=optional.*DATABASE_URL/);
  });

  test('says what to do when the folder cannot be used', async () => {
    fs.writeFileSync(path.join(base, 'file'), '');
    await expect(startEmbedded({ dir: path.join(base, 'file', 'home') })).rejects.toThrow(/USHER_HOME.*DATABASE_URL/);
  });

  asRoot('root starts it below a folder that only root may enter, and finds it again', async () => {
    const closed = path.join(base, 'closed');
    fs.mkdirSync(closed, { mode: 0o700 });
    fs.cpSync(path.dirname(findBinaries().native), path.join(closed, 'package'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const binaries = findBinaries(() => path.join(closed, 'package', 'dist', 'index.js'));
    const reachableHome = path.join(base, 'reachable');
    const dir = path.join(closed, 'home');

    const first = await start(dir, { binaries, reachableHome });
    await asOwner(first.url, 'create table kept as select 1 as one');
    await first.stop();
    const second = await start(dir, { binaries, reachableHome });
    expect(await asOwner(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
    // One database and one copy of the programs, both used twice.
    expect(fs.readdirSync(reachableHome).map((name) => name.split('-')[0])).toEqual(['data', 'postgres']);
  });

  asRoot('an ordinary account starts it, and root later continues it as that account', async () => {
    const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    const dir = path.join(base, 'home');
    fs.mkdirSync(dir);
    fs.chownSync(dir, uid, uid);
    const { child, said } = await startChild(dir, { uid });
    await asOwner(up(said).url, 'create table kept as select 1 as one');
    const ended = once(child, 'exit');
    child.stdin?.write('stop\n');
    await ended;

    const server = await start(dir);
    expect(await asOwner(server.url, 'select one from kept')).toEqual([{ one: 1 }]);
    expect(fs.statSync(path.join(dir, 'data')).uid).toBe(uid);
  });

  asRoot('an account without a name is told to use DATABASE_URL', async () => {
    const dir = path.join(base, 'home');
    fs.mkdirSync(dir);
    fs.chownSync(dir, 54321, 54321);
    const { said } = await startChild(dir, { uid: 54321 });
    expect(said.refused).toMatch(/^DatabaseProblem: .*uid 54321 has no passwd entry.*DATABASE_URL/);
  });
});

describe('the owner of a server', () => {
  test('is alive as long as its process', () => {
    expect(ownerOf(ownerName(process.pid))).toEqual({ pid: process.pid, alive: true });
  });

  test('is dead when its number now belongs to a younger process', () => {
    const name = ownerName(process.pid).split('/');
    expect(ownerOf([name[0], name[1], '1', name[3]].join('/'))).toEqual({ pid: process.pid, alive: false });
  });

  test('counts as alive when it lives where its number cannot be looked up', () => {
    expect(ownerOf('usher/999999999/1/elsewhere')).toEqual({ pid: 999999999, alive: true });
  });

  test('is nobody for a server that Usher did not start', () => {
    expect(ownerOf('')).toBeUndefined();
    expect(ownerOf('main')).toBeUndefined();
  });
});
