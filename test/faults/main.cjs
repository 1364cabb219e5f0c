// npm run faults -- [--only F3,F6] [--runs 20] [--seed n]
// Runs the faults at full size on a real server: the one that FAULTS_DATABASE_URL names, or one of its own from installed programs,
// with fsync on. The tests are those of faults.test.ts.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { randomInt } = require('node:crypto');
const { parseArgs } = require('node:util');

const text = { type: 'string' };
const { values } = parseArgs({ options: { only: text, runs: text, seed: text } });

/** The newest installed PostgreSQL programs; null where there are none. */
function programs() {
  const debian = '/usr/lib/postgresql';
  const versions = fs.existsSync(debian)
    ? fs.readdirSync(debian).sort((one, other) => Number(other) - Number(one))
    : [];
  const folders = [
    ...versions.map((version) => path.join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return (
    folders.find((folder) =>
      ['initdb', 'postgres', 'pg_ctl'].every((name) => fs.existsSync(path.join(folder, name))),
    ) ?? null
  );
}

/** PostgreSQL refuses to run as root. */
function asServer(program, args) {
  const root = process.getuid?.() === 0;
  const [file, ...rest] = root
    ? ['setpriv', '--reuid', 'postgres', '--regid', 'postgres', '--init-groups', program, ...args]
    : [program, ...args];
  execFileSync(file, rest, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
}

function startServer() {
  const bin = programs();
  if (bin === null) {
    console.error(
      'The campaign needs a PostgreSQL server: name one in FAULTS_DATABASE_URL (its role must be able to create databases and roles), or install PostgreSQL.',
    );
    process.exit(1);
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-faults-'));
  if (process.getuid?.() === 0) execFileSync('chown', ['postgres:postgres', dir]);
  const data = path.join(dir, 'data');
  asServer(path.join(bin, 'initdb'), [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--data-checksums',
  ]);
  asServer(path.join(bin, 'pg_ctl'), [
    ...['-D', data, '-l', path.join(dir, 'log'), '-w', '-s'],
    ...['-o', `-c listen_addresses= -c unix_socket_directories=${dir} -c max_connections=200`, 'start'],
  ]);
  return {
    bin,
    url: `postgres://postgres@/postgres?host=${dir}`,
    stop() {
      asServer(path.join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', '-s', 'stop']);
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

const given = process.env.FAULTS_DATABASE_URL;
const server = given ? { url: given, bin: programs(), stop() {} } : startServer();
process.on('SIGINT', () => undefined); // the tests end by it, and then the server is stopped
let status = 1;
try {
  const jest = ['--testTimeout', '3600000', '--maxWorkers', '1', '--verbose', 'test/faults/faults.test.ts'];
  ({ status } = spawnSync(process.execPath, [require.resolve('jest/bin/jest'), ...jest], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_DATABASE_URL: server.url,
      ...(server.bin === null ? {} : { FAULTS_PG_BIN: server.bin }),
      FAULTS_RUNS: values.runs ?? '20',
      FAULTS_SEED: values.seed ?? String(randomInt(1, 1_000_000)),
      ...(values.only === undefined ? {} : { FAULTS_ONLY: values.only }),
    },
  }));
} finally {
  server.stop();
}
process.exitCode = status ?? 1;
