// The `usher` command as a process of its own, on a server, as the role of the program: what it prints and how it ends.
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

function usher(
  url: string,
  words: readonly string[],
  more: Readonly<Record<string, string | undefined>> = {},
): Promise<Ended> {
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

test('the manifest for Slack takes the address that people reach, or another that is said', async () => {
  const PUBLIC_URL = 'https://usher.example.org';
  const [own, other] = await Promise.all([
    usher(migrated, ['manifest', 'slack'], { PUBLIC_URL }),
    usher(migrated, ['manifest', 'slack', '--url', 'https://chat.example.net'], { PUBLIC_URL }),
  ]);
  expect([own.code, own.out]).toEqual([0, expect.stringContaining('"request_url": "https://usher.example.org/slack')]);
  expect([other.code, other.out]).toEqual([0, expect.stringContaining('"chat.example.net"')]);
  expect(other.out).not.toContain('example.org');
});

test('the package for Teams says who runs it, and is not made of what nobody said', async () => {
  const bot = '11111111-2222-4333-8444-555555555555';
  const teams = { TEAMS_APP_ID: bot, TEAMS_APP_PASSWORD: 'x', TEAMS_TENANT_ID: bot };
  const said = [
    '--organization',
    'Woodgrove',
    '--website',
    'https://woodgrove.example',
    '--privacy',
    'https://woodgrove.example/p',
  ];
  const words = ['manifest', 'teams', ...said, '--terms', 'https://woodgrove.example/t'];
  const folder = mkdtempSync(join(tmpdir(), 'usher-cli-'));
  try {
    const zip = join(folder, 'usher.zip');
    const [missing, written, printed] = await Promise.all([
      usher(migrated, [
        'manifest',
        'teams',
        '--organization',
        'Woodgrove',
        '--privacy',
        'http://x',
        '--version',
        '1.02',
      ]),
      usher(migrated, [...words, '--zip', zip, '--version', '1.2.0'], teams),
      usher(migrated, words, teams),
    ]);
    expect(missing).toMatchObject({ code: 2, out: '' });
    for (const what of ['TEAMS_APP_ID', '--website', '--privacy', '--terms', '--version must be three numbers'])
      expect(missing.err).toContain(what);
    expect(written).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(printed.out)).toMatchObject({
      id: bot,
      version: '1.0.0',
      bots: [{ botId: bot }],
      developer: {
        name: 'Woodgrove',
        websiteUrl: 'https://woodgrove.example',
        termsOfUseUrl: 'https://woodgrove.example/t',
      },
    });
    const file = readFileSync(zip);
    expect(file.includes(printed.out.trimEnd().replace('1.0.0', '1.2.0'))).toBe(true);
    expect(file.includes('outline.png')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

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

test('whoever asks for a document gets one when it fails as well, and people the sentence beside it', async () => {
  const broken = await usher(migrated, ['doctor', '--json'], { SLACK_BOT_TOKEN: '' });
  expect(broken.code).toBe(1);
  expect(JSON.parse(broken.out)).toEqual({ error: expect.stringContaining('SLACK_BOT_TOKEN') as string });
  expect(broken.err).toContain('SLACK_BOT_TOKEN');
  const unknown = await usher(migrated, ['docter', '--json']);
  expect([unknown.code, JSON.parse(unknown.out)]).toEqual([
    2,
    { error: expect.stringContaining('There is no command "docter".') as string },
  ]);
});

test('apply makes administrators of whom the settings name, and says so; demo and playground are refused on what is real', async () => {
  const real = await freshDatabase('cli_real', 'migrated');
  await asOwner(real, `grant usher_app to ${role}`);
  const folder = mkdtempSync(join(tmpdir(), 'usher-cli-'));
  try {
    const file = join(folder, 'people.yaml');
    writeFileSync(
      file,
      'organization: { name: Woodgrove, timeZone: UTC }\npeople:\n  - { key: ada, name: Ada Bell, email: ada@woodgrove.example }\n',
    );
    const named = { USHER_ADMINISTRATORS: 'ada, bob' };
    const applied = await usher(real, ['apply', file], named);
    expect(applied).toMatchObject({ code: 0, err: '' });
    expect(applied.out).toContain('Administrators now, as USHER_ADMINISTRATORS says: Ada Bell.');
    expect(applied.out).toContain('names nobody of the directory with: bob.');
    expect(await asOwner(real, `select role, origin, state from administrative_roles`)).toEqual([
      { role: 'administrator', origin: 'settings', state: 'active' },
    ]);
    // An address that an administrator had is nobody else's.
    writeFileSync(
      file,
      `people: [{ key: ada, name: Ada Bell, email: bell@woodgrove.example }, { key: cy, name: Cy Lang, email: ada@woodgrove.example }]`,
    );
    const spent = await usher(real, ['apply', file], { USHER_ADMINISTRATORS: 'ada@woodgrove.example' });
    expect(spent).toMatchObject({ code: 0, err: '' });
    expect(spent.out).not.toContain('Administrators now');
    expect(spent.out).toContain(
      'Nobody is an administrator by these names in USHER_ADMINISTRATORS, because more than one person has or had them: ada@woodgrove.example. Write the key',
    );
    // With other settings nobody loses the role.
    const again = JSON.parse((await usher(real, ['apply', file, '--json'])).out) as { administrators: unknown };
    expect(again.administrators).toEqual({ given: [], unknown: [], unclear: [] });
    expect(await asOwner(real, `select 1 from administrative_roles where state = 'active'`)).toHaveLength(1);

    const demo = await usher(real, ['start', '--json'], {
      ...{ SLACK_TEAM_ID: undefined, SLACK_BOT_TOKEN: undefined, SLACK_SIGNING_SECRET: undefined },
      ...{ USHER_DEMO: '1', USHER_HOME: folder },
    });
    expect(demo.code).toBe(1);
    expect(JSON.parse(demo.out)).toEqual({
      error: expect.stringMatching(/cli_real.*holds a real organization.*USHER_DEMO=0/) as string,
    });
    // Without the page as well nobody who proves nothing gets in.
    const playground = await usher(real, ['start', '--json'], {
      ...{ SLACK_TEAM_ID: undefined, SLACK_BOT_TOKEN: undefined, SLACK_SIGNING_SECRET: undefined },
      ...{ USHER_DEMO: '0', TEAMS_PLAYGROUND: '1', PORT: '0' },
    });
    expect(playground.code).toBe(1);
    expect(JSON.parse(playground.out)).toEqual({
      error: expect.stringMatching(/cli_real.*holds a real organization.*TEAMS_PLAYGROUND=1/) as string,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('plan and apply name every problem that only the database shows, and apply that nothing was applied', async () => {
  const real = await freshDatabase('cli_problems', 'migrated');
  await asOwner(real, `grant usher_app to ${role}`);
  const folder = mkdtempSync(join(tmpdir(), 'usher-cli-'));
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    const base = written(
      'base.yaml',
      `organization: { name: Woodgrove, timeZone: UTC }
people:
  - { key: ada, name: Ada Bell }
  - { key: max, name: Max Thorn }
groups: [{ name: Clerks, people: [max] }]
administrators: [ada]
`,
    );
    expect(await usher(real, ['apply', base])).toMatchObject({ code: 0 });

    const wrong = written(
      'wrong.yaml',
      `people:
  - { key: tara, name: Tara Lind, manager: maxx }
  - { key: Tara, name: Tara Lind }
groups:
  - { name: Loop, people: [max], groups: [Loop] }
administrators: []
catalogs:
  - name: Finance
    packages:
      - name: Books
        roles: [Ledger / Reader]
        policies: [{ name: Clerks, who: 'group: Clrks', expires: never }]
`,
    );
    const places = ['2:44: There is no person "maxx". Did you mean "max"?', '3:5', '5:42', '6:17', '11:17', '12:41'];
    for (const act of ['plan', 'apply']) {
      const { code, out } = await usher(real, [act, wrong]);
      expect(code).toBe(1);
      expect(out.split('\n').filter((line) => line.startsWith(wrong))).toEqual(
        places.map((place) => expect.stringContaining(`${wrong}:${place}`) as string),
      );
      expect(out).toMatch(
        act === 'plan' ? /\n6 problems: apply would refuse these files\.\n$/ : /\n6 problems: nothing was applied\.\n$/,
      );
    }
    const emptied = written('emptied.yaml', 'groups: [{ name: Clerks, people: [] }]');
    expect(await usher(real, ['apply', emptied])).toEqual({
      code: 1,
      err: '',
      out: `~ group Clerks
    people: - Max Thorn
${emptied}:1:10: The group "Clerks" would be empty; it has 1 member now. Check it, then apply with --confirm.
1 problem: nothing was applied.
`,
    });
    expect(await usher(real, ['apply', emptied, '--confirm'])).toMatchObject({ code: 0 });
    const shape = written('shape.yaml', 'people: [{ key: bo }]');
    expect((await usher(real, ['apply', shape])).out).toBe(
      `${shape}:1:10: This person has no "name". Add a line "name: ...".\n1 problem: nothing was applied.\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is no file is said in a sentence', async () => {
  expect(await usher(migrated, ['plan', 'src'])).toEqual({
    code: 1,
    out: '',
    err: 'src is a folder. Name the files in it: src/*.yaml\n',
  });
  expect(await usher(migrated, ['apply', 'gone.yaml'])).toEqual({
    code: 1,
    out: '',
    err: 'There is no file gone.yaml.\n',
  });
});

describe('what was given up', () => {
  const dead = 'dead 12 user_not_found';
  // It keeps why: it is looked for before it is sent once more.
  const ready = 'ready 0 user_not_found';
  let first: string;

  beforeAll(() =>
    asOwner(migrated, `insert into organization (name, time_zone, demo) values ('Woodgrove', 'UTC', false)`),
  );
  beforeEach(async () => {
    await asOwner(migrated, 'delete from outgoing');
    const rows = await asOwner(
      migrated,
      `insert into outgoing (kind, notice, subject_kind, subject_id, lane, state, attempts, next_at, dedupe_key, created_at, error, settled_at)
       select 'tell', 'approval', 'request', n::text, 'lane' || n, 'dead', 12, now(), 'key' || n, now(), 'user_not_found', now()
       from generate_series(1, 3) as n returning id`,
    );
    first = String(rows[0]?.['id']);
  });
  const states = async (): Promise<unknown[]> =>
    (await asOwner(migrated, 'select state, attempts, error from outgoing order by id')).map((row) =>
      Object.values(row).join(' '),
    );

  test('is listed', async () => {
    const listed = await usher(migrated, ['redrive']);
    expect(listed.code).toBe(0);
    expect(listed.out.match(/approval {2}request \d {2}user_not_found/g)).toHaveLength(3);
    expect(await states()).toEqual([dead, dead, dead]);
  });

  test('is put back by its id, once, and the trail says who did it', async () => {
    const put = await usher(migrated, ['redrive', first, '--json']);
    expect(put).toMatchObject({ code: 0, out: `{"redriven":[${first}],"refused":[]}\n` });
    expect(await states()).toEqual([ready, dead, dead]);
    const trail = await asOwner(
      migrated,
      `select actor_kind, actor_name, via, data from audit_events where type = 'outgoing.redriven' and subject_id = '${first}'`,
    );
    const data = { kind: 'tell', notice: 'approval', error: 'user_not_found' };
    expect(trail).toEqual([{ actor_kind: 'operator', actor_name: userInfo().username, via: 'cli', data }]);

    expect(await usher(migrated, ['redrive', first])).toMatchObject({
      code: 1,
      out: `Not given up, so not put back: ${first}.\n`,
    });
  });

  test('is put back as a whole', async () => {
    expect(await usher(migrated, ['redrive', 'all'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^3 put back/) as string,
    });
    expect(await states()).toEqual([ready, ready, ready]);
  });

  test('is named by what the listing shows', async () => {
    expect(await usher(migrated, ['redrive', 'soon'])).toMatchObject({ code: 2 });
  });
});

test('a job whose acts fail says how many and ends with 1, and with 0 once they do not', async () => {
  await asOwner(
    migrated,
    `insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
       select usher_id(), n, n, 'member', 'enabled', 'UTC', 'en', 1 from unnest(array['tara', 'ana']) n;
     with c as (insert into catalogs values (usher_id(), 'C', '', 'published', true, 1) returning id),
     p as (insert into packages select usher_id(), id, 'P', '', false, false, 'active', 'keep', usher_id(), 1 from c
       returning id, current_version_id),
     v as (insert into package_versions select current_version_id, id, 1, now() from p returning id, package_id),
     a as (insert into assignments (id, target_id, package_id, state, starts_at, ends_at, remind_at, version)
       select usher_id(), people.id, v.package_id, 'delivered', now() - interval '1 day', now() + interval '1 day', now(), 1
       from v, people returning 1)
     select count(*) from a;
     -- The disk, for one: whatever makes the database refuse the act.
     create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
     create trigger refuse before update on assignments for each row execute function refuse()`,
  );
  const failed = await usher(migrated, ['job', 'remind-holders', '--json']);
  expect(failed).toMatchObject({ code: 1, out: '{"job":"remind-holders","worked":0,"failed":2}\n' });
  expect(failed.err.match(/due work failed/g)).toHaveLength(2);

  await asOwner(migrated, 'drop trigger refuse on assignments');
  expect(await usher(migrated, ['job', 'remind-holders'])).toEqual({
    code: 0,
    out: 'remind-holders: 2 done.\n',
    err: '',
  });
  const { username } = userInfo();
  const acts = await asOwner(
    migrated,
    "select actor_kind, actor_name, via from audit_events where type = 'assignment.reminded'",
  );
  expect(acts).toEqual(Array(2).fill({ actor_kind: 'operator', actor_name: username, via: 'remind-holders' }));
});
