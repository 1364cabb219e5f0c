// Where the embedded database lives, where its socket is, and as which account it runs. Starting it is embedded.ts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseProblem } from './address';
import { type Account, canReach } from './binaries';

/** The end of every refusal: the way that always works. */
export const USE_SERVER = 'or set DATABASE_URL to a PostgreSQL server (15 or newer)';
const SOCKET_PATH_LIMIT = 103; // sun_path is 104 bytes on macOS and 108 on Linux
const SOCKET_NAME = '.s.PGSQL.5432';

/** Makes the folder that USHER_HOME names, or says why it cannot be used. */
export function makeHome(dir: string): void {
  try {
    const made = fs.mkdirSync(dir, { recursive: true }) !== undefined;
    if (made && process.getuid?.() === 0) fs.chmodSync(dir, 0o755); // for the server's account, whatever the umask
    if (!fs.existsSync(path.join(dir, 'data'))) fs.accessSync(dir, fs.constants.W_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new DatabaseProblem(
      `The folder of the embedded database cannot be used (${why}). Set USHER_HOME to another folder, ${USE_SERVER}.`,
      { cause: error },
    );
  }
}

/** The account for the server, or nothing when this process may run it itself. */
export function serverAccount(dir: string): Account | undefined {
  if (process.getuid?.() !== 0) {
    try {
      os.userInfo();
      return undefined;
    } catch {
      throw new DatabaseProblem(
        `The embedded database cannot run under an account without a name (uid ${process.getuid?.() ?? '?'} has no passwd entry). ` +
          `Use a named account, ${USE_SERVER}.`,
      );
    }
  }
  // A database that an ordinary account created stays with that account.
  const owner = fs.statSync(path.join(dir, 'data'), { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString());
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue; // no such account here
    }
  }
  throw new DatabaseProblem(
    'PostgreSQL refuses to run as root, and this machine has neither an account postgres nor nobody. ' +
      `Start Usher as an ordinary account, ${USE_SERVER}.`,
  );
}

/**
 * The real folder of the cluster. Below a folder that only root may enter, the server's account could not open its
 * own files; then the database lives in `home` and `data` is a link to it.
 */
export function dataFolder(dir: string, account: Account | undefined, home: string): string {
  const data = path.join(dir, 'data');
  if (account !== undefined && fs.lstatSync(data, { throwIfNoEntry: false }) === undefined && !canReach(dir, account)) {
    const place = fs.mkdtempSync(path.join(home, 'data-'));
    fs.chmodSync(place, 0o755);
    try {
      fs.symlinkSync(path.join(place, 'data'), data);
    } catch (error) {
      fs.rmdirSync(place);
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // EEXIST: another process was quicker
    }
  }
  const link = fs.lstatSync(data, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const real = link ? path.resolve(dir, fs.readlinkSync(data)) : data;
  const folder = path.join(fs.realpathSync(path.dirname(real)), path.basename(real));
  const owner = fs.statSync(folder, { throwIfNoEntry: false });
  if (owner !== undefined && account === undefined && owner.uid !== process.getuid?.())
    throw new DatabaseProblem(
      `The database in ${folder} belongs to another account (uid ${owner.uid}). Start Usher as that account, ${USE_SERVER}.`,
    );
  return folder;
}

/** In the temporary folder and named by a hash, because the path of a project may be longer than a socket path may be. */
export function socketFolder(data: string, account: Account | undefined): string {
  const uid = account?.uid ?? process.getuid?.() ?? 0;
  const name = `usher-${uid}-${createHash('sha256').update(data).digest('hex').slice(0, 12)}`;
  for (const base of new Set([os.tmpdir(), '/tmp'])) {
    if (!fs.existsSync(base)) continue;
    const folder = path.join(fs.realpathSync(base), name);
    if (Buffer.byteLength(path.join(folder, SOCKET_NAME)) > SOCKET_PATH_LIMIT) continue;
    if (account !== undefined && !canReach(base, account)) continue;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = fs.lstatSync(folder);
    // Somebody else's folder or link of that name could lead the program to a foreign server.
    if (!made.isDirectory() || (made.uid !== uid && made.uid !== process.getuid?.())) continue;
    fs.chmodSync(folder, 0o700);
    if (account !== undefined) fs.chownSync(folder, account.uid, account.gid);
    return folder;
  }
  throw new DatabaseProblem(
    `No folder for the socket of the embedded database: set TMPDIR to a short path, ${USE_SERVER}.`,
  );
}
