#!/usr/bin/env node
// The `usher` command: thin. Each sub-command calls an operation or main. It acts as an operator: it configures, it never decides.
// People wait for it, so nothing heavy is imported here: each command loads what it needs when it is called.
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config, ConfigError } from './config';
import { isRefusal } from './domain/errors';
import type { House, Opening, StartError } from './house';
import type { Log } from './log';
import type { By } from './operations/ports';
import type { DatabaseProblem } from './store/address';

const usage = async (): Promise<string> => `usher <command>

  start                     start everything (the local page with a demo where no chat credentials are set)
  migrate                   bring the database up to date
  plan <file...>            show what applying the files would change
  apply <file...>           apply configuration files (--confirm where the plan asks for it)
  doctor                    check settings, database and rights, and say what is wrong
  job <name>                run one job now (${(await jobNames()).join(', ')})
  redrive [id...|all]       list what could not be sent or placed and was given up, or try it once more
  manifest slack            print the app manifest (--url https://... for another address than PUBLIC_URL)
  manifest teams            print the app manifest, or write the package with --zip FILE. --organization NAME, --website, --privacy
                            and --terms https://... say who runs it; --version 1.0.1 updates what was uploaded (1.0.0 otherwise);
                            --id GUID where the app has another id than the bot

  --json                    print one JSON document instead of text

Exit codes: 0 done, 1 refused or failed, 2 wrong use.
`;

async function jobNames(): Promise<string[]> {
  const { jobs } = await import('./jobs/index.ts');
  return jobs.map((job) => job.name);
}

interface Call {
  readonly config: Config;
  readonly log: Log;
  readonly rest: readonly string[];
  readonly json: boolean;
  readonly confirm: boolean;
  readonly url: string | null;
  readonly teams: TeamsOptions;
}

/** What the package for Teams says of who runs it; nothing of it is known here. */
interface TeamsOptions {
  readonly id?: string | undefined;
  readonly organization?: string | undefined;
  readonly website?: string | undefined;
  readonly privacy?: string | undefined;
  readonly terms?: string | undefined;
  readonly version?: string | undefined;
  readonly zip?: string | undefined;
}

/** What a command prints, as text and as data (undefined: it has printed its document already), and how it ended. */
interface Result {
  readonly text: string;
  readonly data: unknown;
  readonly ok: boolean;
}

const done = (text: string, data: unknown): Result => ({ text, data, ok: true });

function operator() {
  return { actor: { kind: 'operator', name: accountName() }, via: 'cli' } as const satisfies By;
}

/** Containers run under numbers that no file of accounts names. */
function accountName(): string {
  try {
    return userInfo({ encoding: 'utf8' }).username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

async function inHouse(call: Call, work: (house: House) => Promise<Result>, opening?: Opening): Promise<Result> {
  const { openHouse } = await import('./house.ts');
  const house = await openHouse(call.config, call.log, opening);
  try {
    return await work(house);
  } finally {
    await house.stop();
  }
}

async function start(call: Call): Promise<Result> {
  const began = Date.now();
  const { startUsher } = await import('./main.ts');
  const usher = await startUsher(call.config, call.log);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const lines = [
    ...(usher.page === null ? [] : [`Usher is ready: ${usher.page}`]),
    ...(usher.endpoint === null ? [] : [`Chat platforms reach Usher at ${usher.endpoint}`]),
    `Started in ${seconds} s. Stop with Ctrl-C.`,
  ];
  const ready = { page: usher.page, endpoint: usher.endpoint, seconds: Number(seconds) };
  process.stdout.write(`${call.json ? JSON.stringify(ready) : lines.join('\n')}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await usher.stop();
  return done('Stopped.', undefined);
}

function migrate(call: Call): Promise<Result> {
  // Where something is missing still, or may not be used, opening the house says so.
  const upToDate = (): Promise<Result> => Promise.resolve(done('The database is up to date.', { pending: [] }));
  return inHouse(call, upToDate, { migrate: true });
}

function files(call: Call): { readonly name: string; readonly text: string }[] {
  return call.rest.map((name) => {
    try {
      return { name, text: readFileSync(name, 'utf8') };
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'EISDIR') throw new FileError(`${name} is a folder. Name the files in it: ${join(name, '*.yaml')}`);
      if (code === 'ENOENT') throw new FileError(`There is no file ${name}.`);
      if (code === 'EACCES') throw new FileError(`You may not read ${name}.`);
      throw error;
    }
  });
}

async function configure(call: Call, write: boolean): Promise<Result> {
  if (call.rest.length === 0) throw new UsageError('Name at least one file.');
  const { apply, parseBlueprint, plan, planText, problemsText } = await import('./operations/blueprint.ts');
  const read = parseBlueprint(files(call));
  const name = write ? 'apply' : 'plan';
  if ('problems' in read)
    return { text: problemsText(read.problems, name), data: { problems: read.problems }, ok: false };
  return inHouse(call, async (house) => {
    const act = write ? apply : plan;
    const result = await act(house.desk, operator(), read.blueprint, { confirm: call.confirm });
    const ok = result.problems.length === 0;
    if (!write || !ok) return { text: planText(result, name), data: result, ok };
    // The settings may name somebody whom the files have just brought.
    const { nameAdministrators } = await import('./operations/settings.ts');
    const { given, unknown, unclear } = await nameAdministrators(house.desk, operator(), call.config.administrators);
    const text = [
      planText(result),
      ...(given.length === 0 ? [] : [`Administrators now, as USHER_ADMINISTRATORS says: ${given.join(', ')}.`]),
      ...(unknown.length === 0
        ? []
        : [`USHER_ADMINISTRATORS names nobody of the directory with: ${unknown.join(', ')}.`]),
      ...(unclear.length === 0
        ? []
        : [
            `Nobody is an administrator by these names in USHER_ADMINISTRATORS, because more than one person has or had them: ${unclear.join(', ')}. Write the key of the one you mean, or name them under "administrators" in a file.`,
          ]),
    ];
    return { text: text.join('\n'), data: { ...result, administrators: { given, unknown, unclear } }, ok };
  });
}

function doctor(call: Call): Promise<Result> {
  const look = async (house: House): Promise<Result> => {
    const { checkDatabase } = await import('./store/database.ts');
    const { databaseOf } = await import('./house.ts');
    const findings = await checkDatabase(house.database, databaseOf(call.config));
    // The database tells its time by a function of ours, so only one that can be used is asked.
    const now = findings.length === 0 ? await house.views.now() : null;
    if (now !== null && Math.abs(now.getTime() - Date.now()) > 60_000 && !call.config.demo)
      findings.push('The clocks of this machine and of the database differ by more than a minute.');
    if (call.config.slack === null && call.config.teams === null && !call.config.demo)
      findings.push('No chat platform is set up.');
    const text = findings.length === 0 ? 'Everything looks well.' : findings.join('\n');
    return { text, data: { findings }, ok: findings.length === 0 };
  };
  return inHouse(call, look, { migrate: false, anyway: true });
}

async function job(call: Call): Promise<Result> {
  const [name = ''] = call.rest;
  const { jobs } = await import('./jobs/index.ts');
  const found = jobs.find((one) => one.name === name);
  if (!found) throw new UsageError(`There is no job "${name}". Jobs: ${jobs.map((one) => one.name).join(', ')}.`);
  return inHouse(call, async (house) => {
    const { createGates } = await import('./jobs/gate.ts');
    const { CONNECTOR_MS, connectors } = await import('./connectors/index.ts');
    let failed = 0;
    const tried = await found.sweep({
      actor: operator().actor,
      desk: house.desk,
      due: house.due,
      comparisons: house.comparisons,
      connectors: connectors({ localRoles: house.localRoles }),
      gates: createGates({ outbox: house.outbox }),
      deadlineMs: CONNECTOR_MS,
      log: call.log,
      failed: () => (failed += 1),
    });
    const worked = tried - failed;
    const text = `${name}: ${worked} done${failed === 0 ? '' : `, ${failed} failed`}.`;
    return { text, data: { job: name, worked, failed }, ok: failed === 0 };
  });
}

/** Rows that one listing shows, or one call puts back. */
const REDRIVE_LIMIT = 1_000;

async function redrive(call: Call): Promise<Result> {
  const ids = call.rest.map(Number);
  const isAll = call.rest.length === 1 && call.rest[0] === 'all';
  if (!isAll && ids.some((id) => !Number.isSafeInteger(id) || id < 1))
    throw new UsageError('Say usher redrive, usher redrive all, or the ids that it lists.');
  return inHouse(call, async ({ desk, outbox }) => {
    const dead = call.rest.length === 0 || isAll ? await outbox.dead(REDRIVE_LIMIT) : [];
    if (call.rest.length === 0) {
      const lines = dead.map((row) =>
        [row.id, row.settledAt.toISOString(), row.notice ?? row.kind, row.person ?? row.subject, row.error].join('  '),
      );
      return done(lines.length === 0 ? 'Nothing was given up.' : lines.join('\n'), { dead });
    }
    const { redrive: redriveRow } = await import('./operations/outgoing.ts');
    const redriven: number[] = [];
    const refused: number[] = [];
    for (const id of isAll ? dead.map((row) => row.id) : ids)
      ((await redriveRow(desk, operator(), id)) ? redriven : refused).push(id);
    const text = [
      ...(redriven.length === 0 && refused.length > 0
        ? []
        : [
            `${redriven.length} put back; the running Usher tries ${redriven.length === 1 ? 'it' : 'them'} within seconds.`,
          ]),
      ...(refused.length === 0 ? [] : [`Not given up, so not put back: ${refused.join(', ')}.`]),
    ];
    return { text: text.join('\n'), data: { redriven, refused }, ok: refused.length === 0 };
  });
}

async function manifest(call: Call): Promise<Result> {
  const [platform] = call.rest;
  const socketMode = (call.config.slack?.appToken ?? null) !== null;
  if (platform === 'teams') return forTeams(call);
  if (platform !== 'slack') throw new UsageError('Say usher manifest slack, or usher manifest teams.');
  const { slackManifest } = await import('./channels/slack/manifest.ts');
  const made = slackManifest({
    publicUrl: call.url ?? call.config.publicUrl ?? (socketMode ? null : 'https://usher.example.com'),
    command: '/usher',
    socketMode,
  });
  return done(JSON.stringify(made, null, 2), made);
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Names everything that is missing at once: a package with made-up facts would be uploaded as it is. */
async function forTeams({ config, teams }: Call): Promise<Result> {
  const { organization = '', website = '', privacy = '', terms = '', version = '1.0.0', zip } = teams;
  const botId = config.teams?.appId ?? '';
  const id = teams.id ?? botId;
  const problems = [
    ...(botId === '' ? ['Set TEAMS_APP_ID: the bot that people talk to.'] : []),
    ...(teams.id !== undefined && !GUID.test(teams.id) ? ['--id must be a GUID.'] : []),
    // Zeros in front make it another text for the same number, which the store refuses.
    ...(/^(?:0|[1-9]\d{0,4})(?:\.(?:0|[1-9]\d{0,4})){2}$/.test(version)
      ? []
      : ['--version must be three numbers with dots: 1.0.1.']),
    ...(organization.trim() === '' || organization.length > 32
      ? ['Say who runs it, in at most 32 characters: --organization "Woodgrove".']
      : []),
    ...Object.entries({ website, privacy, terms })
      .filter(([, address]) => !URL.canParse(address) || new URL(address).protocol !== 'https:')
      .map(([option]) => `Say an https address that people can read: --${option} https://...`),
  ];
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const settings = {
    id,
    botId,
    version,
    developer: { name: organization, websiteUrl: website, privacyUrl: privacy, termsOfUseUrl: terms },
  };
  const { teamsManifest, teamsPackage } = await import('./channels/teams/manifest.ts');
  const made = teamsManifest(settings);
  if (zip === undefined) return done(JSON.stringify(made, null, 2), made);
  writeFileSync(zip, teamsPackage(settings));
  return done(`${zip} is the package to upload to Teams.`, { zip });
}

class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A file that cannot be read, as a sentence. */
class FileError extends Error {
  override readonly name = 'FileError';
}

const TEAMS_OPTIONS = {
  id: { type: 'string' },
  organization: { type: 'string' },
  website: { type: 'string' },
  privacy: { type: 'string' },
  terms: { type: 'string' },
  version: { type: 'string' },
  zip: { type: 'string' },
} as const;

const commands: Readonly<Record<string, (call: Call) => Promise<Result>>> = {
  start,
  migrate,
  plan: (call) => configure(call, false),
  apply: (call) => configure(call, true),
  doctor,
  job,
  redrive,
  manifest,
};

async function run(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      confirm: { type: 'boolean' },
      url: { type: 'string' },
      ...TEAMS_OPTIONS,
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [name = '', ...rest] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const json = values.json === true;
  if (values.help !== true && !command && json)
    throw new UsageError(name === '' ? 'Say what to do.' : `There is no command "${name}".`);
  if (values.help === true || !command) {
    process.stdout.write(await usage());
    return values.help === true ? 0 : 2;
  }
  const { readConfig } = await import('./config.ts');
  const { createLog } = await import('./log.ts');
  const config = readConfig(process.env);
  // What a command prints is for programs as well; only the log of a server goes where its output goes.
  const log =
    name === 'start' && !json
      ? createLog(config.logLevel)
      : createLog(name === 'start' ? config.logLevel : 'warn', { write: (line) => void process.stderr.write(line) });
  const result = await command({
    config,
    log,
    rest,
    json,
    confirm: values.confirm === true,
    url: values.url ?? null,
    teams: values,
  });
  if (!json) process.stdout.write(`${result.text}\n`);
  else if (result.data !== undefined) process.stdout.write(`${JSON.stringify(result.data)}\n`);
  return result.ok ? 0 : 1;
}

/** Errors whose message is a sentence for people. Known by name, which loads none of what throws them. */
const SENTENCES: ReadonlySet<string> = new Set<(ConfigError | DatabaseProblem | StartError)['name']>([
  'ConfigError',
  'DatabaseProblem',
  'StartError',
]);

async function explain(error: unknown): Promise<{ readonly text: string; readonly code: number }> {
  if (error instanceof UsageError) return { text: `${error.message}\n\n${await usage()}`, code: 2 };
  if (error instanceof FileError || (error instanceof Error && SENTENCES.has(error.name)))
    return { text: error.message, code: 1 };
  if (isRefusal(error)) {
    const { plain } = await import('./chat/text.ts');
    const { explain: sentenceOf } = await import('./chat/words/faults.ts');
    return { text: plain(sentenceOf(error.code, error.data as never), null), code: 1 };
  }
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    const { portSetting } = await import('./config.ts');
    const port = Number(error.port);
    const text = `Port ${port} is in use by another program. Stop that one, or set ${portSetting(port, process.env)} to another port.`;
    return { text, code: 1 };
  }
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES'))
    return { text: error.message, code: 1 };
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    return { text: `${error.message}\n\n${await usage()}`, code: 2 };
  if (!(error instanceof Error)) return { text: String(error), code: 1 };
  // Errors of the database keep their sentence out of their stack.
  const text = error.stack?.includes(error.message) ? error.stack : `${error.message}\n${error.stack ?? ''}`;
  const { cleanLine } = await import('./log.ts');
  return { text: cleanLine(text), code: 1 };
}

const EXIT_MS = 1_000;

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // A call that still hangs must not keep the process: all that counts is written down.
    setTimeout(() => process.exit(), EXIT_MS).unref();
  },
  async (error: unknown) => {
    const { text, code } = await explain(error);
    // Whoever asked for a document gets one, however it ended; people read the same beside it.
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: text })}\n`);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  },
);
