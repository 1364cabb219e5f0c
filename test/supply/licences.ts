// `npm run licences`: every package of the lock file must be under a licence that we allow. What is not on the list, or says
// nothing, fails: somebody has to read it first.
import { locked } from './lock';

/** Licences that ask for no more than to be named. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
]);
/** Besides, for what is used to build and test and never given away: data of caniuse-lite, to be named as well. */
const ALLOWED_FOR_DEVELOPMENT = new Set([...ALLOWED, 'CC-BY-4.0']);

/**
 * Whether an SPDX expression can be met with allowed licences: one side of an OR, both sides of an AND. What cannot be read
 * is not allowed.
 */
export function isAllowed(expression: string, allowed: ReadonlySet<string> = ALLOWED): boolean {
  const words = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const either = (): boolean => {
    let met = both();
    while (words[at] === 'OR') {
      at += 1;
      const other = both();
      met ||= other;
    }
    return met;
  };
  const both = (): boolean => {
    let met = one();
    while (words[at] === 'AND') {
      at += 1;
      const other = one();
      met &&= other;
    }
    return met;
  };
  const one = (): boolean => {
    const word = words[at] ?? '';
    at += 1;
    if (word !== '(') return allowed.has(word);
    const met = either();
    if (words[at] !== ')') return false;
    at += 1;
    return met;
  };
  return either() && at === words.length;
}

function main(): void {
  const packages = locked();
  const refused = packages.filter(
    ({ licence, dev }) => licence === null || !isAllowed(licence, dev ? ALLOWED_FOR_DEVELOPMENT : ALLOWED),
  );
  const counts = new Map<string, number>();
  for (const { licence } of packages) counts.set(licence ?? 'none', (counts.get(licence ?? 'none') ?? 0) + 1);
  const found = [...counts].sort(([, one], [, other]) => other - one).map(([licence, count]) => `${licence} ${count}`);
  console.log(`${packages.length} packages: ${found.join(', ')}`);
  for (const { path, version, licence, dev } of refused)
    console.error(`not allowed${dev ? ' (development)' : ''}: ${path} ${version}: ${licence ?? 'no licence stated'}`);
  if (refused.length > 0) process.exitCode = 1;
}

if (require.main === module) main();
