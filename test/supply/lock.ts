// What the lock file names, for the checks of the supply chain.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

/** One package of the lock file. */
export interface Locked {
  /** Its folder below the root: `node_modules/pg`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** As the package says it; null where it says nothing. */
  readonly licence: string | null;
  /** Needed to build and test only. */
  readonly dev: boolean;
  readonly integrity: string | null;
  /** Where it is fetched from, where that is not left to the registry in use. */
  readonly resolved: string | null;
  readonly hasInstallScript: boolean;
  /** Those for other platforms are not. */
  readonly installed: boolean;
}

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly license?: unknown;
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

/** Every package that an install may bring, for every platform. */
export function locked(): readonly Locked[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Entry>>;
  };
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      path,
      name: entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? '',
      licence: licenceOf(path, entry),
      dev: entry.dev === true,
      integrity: entry.integrity ?? null,
      resolved: entry.resolved ?? null,
      hasInstallScript: entry.hasInstallScript === true,
      installed: existsSync(join(ROOT, path, 'package.json')),
    }));
}

// What is on the disk counts; the lock file speaks for packages of other platforms.
function licenceOf(path: string, entry: Entry): string | null {
  const file = join(ROOT, path, 'package.json');
  const stated: unknown = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { license?: unknown }).license
    : entry.license;
  return typeof stated === 'string' ? stated : null;
}
