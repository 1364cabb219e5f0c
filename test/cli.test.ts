// The `usher` command as a process of its own, on a server, as the role of the program: what it prints and how it ends.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { asOwner, runName } from './support/cluster';
import { APP_ROLE, freshDatabase } from './support/postgres';

const ROOT = join(__dirname, '..');
const role = runName('cli');
let empty: string;
let migrated: string;

const asRole = (url: string): string => url.replace(/\/\/[^@/]*@/, `//${role}:pass-of-cli@`);

beforeAll(async () => {
  empty = await freshDatabase('cli_empty', 'empty');
  migrated = await freshDatabase('cli', 'migrated');
  await asOwner(migrated, `create role ${role} login password 'pass-of-cli'; grant ${APP_ROLE} to ${role}`);
});
afterAll(async () => {
  await asOwner(migrated, `drop role ${role}`);
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function usher(url: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: asRole(url),
    SLACK_TEAM_ID: 'T1',
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_SIGNING_SECRET: '0123456789abcdef0123456789abcdef',
    ...more,
  };
  const argv = ['-r', join(__dirname, 'support/register.cjs'), join(ROOT, 'src/cli.ts'), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: ROOT, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

describe('a database that is not migrated', () => {
  const lacks = /The database lacks 0001-main-job, .*Run usher migrate with DATABASE_MIGRATION_URL\./;

  test('is what doctor says, and nothing is migrated by looking', async () => {
    const looked = await usher(empty, ['doctor', '--json'], { DATABASE_MIGRATION_URL: empty });
    expect(looked).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(looked.out)).toEqual({ findings: [expect.stringMatching(lacks)] });
  });

  test.each([['redrive'], ['job', 'end-access'], ['migrate'], ['start']])(
    'is refused with a sentence by %s',
    async (...words) => {
      expect(await usher(empty, words)).toEqual({ code: 1, out: '', err: expect.stringMatching(lacks) as string });
    },
  );
});

test('doctor finds nothing where nothing is wrong, and migrate nothing to do', async () => {
  expect(await usher(migrated, ['doctor'])).toEqual({ code: 0, out: 'Everything looks well.\n', err: '' });
  expect(await usher(migrated, ['migrate'])).toEqual({ code: 0, out: 'The database is up to date.\n', err: '' });
});

test('what was given up is listed and put back: by its id, or all of it', async () => {
  await asOwner(migrated, `insert into organization (name, time_zone, demo) values ('Woodgrove', 'UTC', false)`);
  await asOwner(
    migrated,
    `insert into outgoing (kind, notice, subject_kind, subject_id, lane, state, attempts, next_at, dedupe_key, created_at, error, settled_at)
     select 'tell', 'approval', 'request', n::text, 'lane' || n, 'dead', 12, now(), 'key' || n, now(), 'user_not_found', now()
     from generate_series(1, 3) as n`,
  );
  const states = async (): Promise<unknown[]> =>
    (await asOwner(migrated, 'select state, attempts, error from outgoing order by id')).map((row) =>
      Object.values(row).join(' '),
    );
  const dead = 'dead 12 user_not_found';

  const listed = await usher(migrated, ['redrive']);
  expect(listed.code).toBe(0);
  expect(listed.out.match(/approval {2}request \d {2}user_not_found/g)).toHaveLength(3);
  expect(await states()).toEqual([dead, dead, dead]);

  const [first] = (
    JSON.parse((await usher(migrated, ['redrive', '--json'])).out) as { dead: { id: number }[] }
  ).dead.slice(-1);
  expect(await usher(migrated, ['redrive', String(first?.id)])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^1 put back/) as string,
  });
  expect(await states()).toEqual(['ready 0 ', dead, dead]);
  expect(await usher(migrated, ['redrive', String(first?.id)])).toMatchObject({
    code: 1,
    out: `Not given up, so not put back: ${first?.id}.\n`,
  });

  expect(await usher(migrated, ['redrive', 'all'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^2 put back/) as string,
  });
  expect(await states()).toEqual(['ready 0 ', 'ready 0 ', 'ready 0 ']);
  expect(await usher(migrated, ['redrive', 'soon'])).toMatchObject({ code: 2 });
});
