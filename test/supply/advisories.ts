// `npm run advisories`: no package of the lock file, of production or of development, has an open advisory that is high or
// critical, unless exceptions.json says why we live with it and until when. Exit codes: 0 none, 1 an open one or an exception
// that is over, 3 the advisories could not be read. That is no pass: an answer that did not come says nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './lock';

/** Why we live with an advisory for now. */
export interface Exception {
  /** `GHSA-…`. */
  readonly advisory: string;
  readonly package: string;
  readonly reason: string;
  /** The last day, `YYYY-MM-DD`, UTC. */
  readonly until: string;
}

export interface Advisory {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  readonly title: string;
}

export interface Verdict {
  /** Sentences; none means that all is well. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const GRAVE = new Set(['high', 'critical']);
/** Nobody promises further ahead: an exception without a near end is none. */
const LONGEST_DAYS = 90;
const DAY = 86_400_000;

/** Reads the report of `npm audit --json`; null when it is no report. */
export function readReport(text: string): readonly Advisory[] | null {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(report) || report['auditReportVersion'] !== 2 || !isRecord(report['vulnerabilities'])) return null;
  const found = new Map<string, Advisory>();
  for (const vulnerability of Object.values(report['vulnerabilities'])) {
    // A package that is only hit through another one names that one; the advisory stands where it was found.
    const via: unknown = isRecord(vulnerability) ? vulnerability['via'] : null;
    for (const one of Array.isArray(via) ? (via as unknown[]) : []) {
      if (!isRecord(one)) continue;
      const word = (key: string): string => (typeof one[key] === 'string' ? one[key] : '');
      const id = /GHSA(?:-[0-9a-z]{4}){3}/.exec(word('url'))?.[0] ?? String(one['source']);
      found.set(`${id} ${word('name')}`, {
        id,
        package: word('name'),
        severity: word('severity'),
        title: word('title'),
      });
    }
  }
  return [...found.values()];
}

/** What is wrong with these advisories and exceptions on a day. */
export function judge(advisories: readonly Advisory[], exceptions: readonly Exception[], today: Date): Verdict {
  const problems: string[] = [];
  const notes: string[] = [];
  for (const exception of exceptions) {
    const name = `exception for ${exception.advisory} in ${exception.package}`;
    const over = Date.parse(`${exception.until}T00:00:00Z`) + DAY;
    if (!/^\d{4}-\d\d-\d\d$/.test(exception.until) || Number.isNaN(over)) problems.push(`${name}: no end date`);
    else if (over <= today.getTime()) problems.push(`${name}: over since ${exception.until}`);
    else if (over - today.getTime() > (LONGEST_DAYS + 1) * DAY)
      problems.push(`${name}: ends later than ${LONGEST_DAYS} days from now`);
    if (exception.reason.trim().length < 20) problems.push(`${name}: no reason`);
    if (!advisories.some((one) => one.id === exception.advisory && one.package === exception.package))
      notes.push(`${name}: not needed any more`);
  }
  for (const advisory of advisories) {
    const name = `${advisory.id} (${advisory.severity}) in ${advisory.package}: ${advisory.title}`;
    if (!GRAVE.has(advisory.severity)) notes.push(name);
    else if (!exceptions.some((one) => one.advisory === advisory.id && one.package === advisory.package))
      problems.push(name);
    else notes.push(`${name} (exception)`);
  }
  return { problems, notes };
}

/** A package with advisories since years: a registry, or an npm kept offline, that knows of none even for it answers no audit. */
const KNOWN_BAD = { name: 'lodash', version: '4.17.0' };

function main(exceptionsFile: string): number {
  const exceptions = JSON.parse(readFileSync(exceptionsFile, 'utf8')) as readonly Exception[];
  const { advisories, why } = audit(ROOT);
  const answers = advisories !== null && (advisories.length > 0 || isAnswering());
  const { problems, notes } = judge(advisories ?? [], exceptions, new Date());
  if (answers) for (const note of notes) console.log(note);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  if (!answers) {
    console.error(
      `ADVISORIES COULD NOT BE READ: ${why ?? `nothing is known of ${KNOWN_BAD.name} ${KNOWN_BAD.version}`}`,
    );
    return 3;
  }
  console.log(`advisories read: ${advisories.length} known, none high or critical without an exception`);
  return 0;
}

function audit(folder: string): { readonly advisories: readonly Advisory[] | null; readonly why: string | null } {
  // Its exit code says that it found something or that it failed; what it printed says which.
  const { stdout, error } = spawnSync('npm', ['audit', '--json'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const advisories = readReport(stdout);
  if (advisories !== null) return { advisories, why: null };
  return { advisories, why: /"message": "([^"\\]*)/.exec(stdout)?.[1] ?? error?.message ?? 'no report' };
}

function isAnswering(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'usher-audit-'));
  try {
    const { name, version } = KNOWN_BAD;
    const root = { name: 'known-bad', version: '1.0.0', dependencies: { [name]: version } };
    const packages = { '': root, [`node_modules/${name}`]: { version } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...root, lockfileVersion: 3, packages }));
    return audit(folder).advisories?.some((one) => one.package === name) ?? false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

if (require.main === module) process.exitCode = main(process.argv[2] ?? join(__dirname, 'exceptions.json'));
