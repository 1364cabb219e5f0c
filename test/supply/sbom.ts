// `npm run sbom`: what a production install of this version consists of, as CycloneDX. Made by npm, which leaves packages out
// under `--omit dev` when tools beside them need them too; so everything is asked for, and the lock file says what is needed
// to run. A package that is missing all the same fails.
import { execFileSync } from 'node:child_process';
import { locked, ROOT } from './lock';

interface Bom {
  readonly metadata: { readonly component: { name: string } };
  components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly version: string;
    readonly hashes?: readonly unknown[];
    readonly licenses?: readonly unknown[];
  }[];
  dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

/** The bill of materials, with the packages that run in production and are installed here. */
export function makeSbom(): Bom {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const bom = JSON.parse(text) as Bom;
  const wanted = new Set(
    locked()
      .filter(({ dev, installed }) => installed && !dev)
      .map(({ name, version }) => `${name}@${version}`),
  );
  bom.metadata.component.name = 'usher'; // npm takes the name of the folder
  bom.components = bom.components.filter(({ name, version }) => wanted.has(`${name}@${version}`));
  const kept = new Set(bom.components.map((component) => component['bom-ref']));
  const root = bom.dependencies[0]?.ref;
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => ref === root || kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));

  const listed = new Set(bom.components.map(({ name, version }) => `${name}@${version}`));
  const missing = [...wanted].filter((one) => !listed.has(one));
  if (missing.length > 0) throw new Error(`npm left out ${missing.join(', ')}`);
  return bom;
}

if (require.main === module) process.stdout.write(`${JSON.stringify(makeSbom(), null, 2)}\n`);
