// P14: the program as it is installed (dist/cli.js) on a migrated server: from its start to ready, its memory, and SIGTERM under
// load: whatever was answered with 200 is in the database, and the process is gone in time.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../support/port';
import { SlackServer } from '../support/slack-server';
import type { Bench } from './bench';
import type { Line } from './measure';
import { alone, median, round } from './measure';

const STARTS = 3;

/** So many that nobody writes more than anybody may (chat/pace.ts): that is answered and not stored, as it should be. */
const USERS = 400;

/** P14. */
export async function p14(bench: Bench): Promise<Line[]> {
  const program = path.join(__dirname, '../../dist/cli.js');
  if (!fs.existsSync(program)) throw new Error('no dist/cli.js: npm run build first');
  const database = await bench.clone();
  await database.sql(
    `do $$ begin create role usher_bench login password 'bench' in role usher_app; exception when duplicate_object then null; end $$`,
  );
  // A demo's clock can be moved; this is a server like any other.
  await database.sql('update organization set clock_offset_ms = 0');
  await database.sql('update organization set demo = false');
  const slack = new SlackServer();
  await slack.start();
  for (let n = 1; n <= USERS; n += 1) slack.addUser({ id: `U${n}`, name: `User ${n}` });
  const port = await freePort();
  const environment = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    DATABASE_URL: appUrl(database.url),
    PORT: String(port),
    HOST: '127.0.0.1',
    SLACK_SIGNING_SECRET: slack.signingSecret,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_TEAM_ID: slack.team,
    SLACK_API_URL: slack.url,
    LOG_LEVEL: 'warn',
  };
  slack.connect(`http://127.0.0.1:${port}/slack/events`);

  const ready: number[] = [];
  const memory: number[] = [];
  const stopped: number[] = [];
  let lost = 0;
  let answered = 0;
  for (let run = 0; run < STARTS; run += 1) {
    const from = performance.now();
    const child = spawn(process.execPath, [program, 'start'], {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const ended = once(child, 'exit');
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - from > 60_000)
        throw new Error(`it does not become ready: ${said.slice(0, 500)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    ready.push((performance.now() - from) / 1000);

    // People talk to it; in the middle of that it is told to go.
    const taken: string[] = [];
    let open = true;
    const talking = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; open; n += 1) {
        const event = `EvP14${run}x${client}x${n}`;
        const user = `U${1 + ((client * (USERS / 8) + n) % USERS)}`;
        try {
          const shown = await slack.event(
            { type: 'message', channel: `D${user}`, channel_type: 'im', user, text: 'help', team: slack.team },
            { event_id: event },
          );
          if (shown.status === 200) taken.push(event);
        } catch {
          return; // the door is closed
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    memory.push(residentMegabytes(child.pid ?? 0));
    const at = performance.now();
    child.kill('SIGTERM');
    await ended;
    stopped.push((performance.now() - at) / 1000);
    open = false;
    await Promise.all(talking);
    const [kept] = await database.sql<{ n: number }>(
      `select count(*)::integer as n from inbound where platform = 'slack' and split_part(delivery, ':', 2) = any ($1::text[])`,
      [taken],
    );
    answered += taken.length;
    lost += taken.length - (kept?.n ?? 0);
  }
  await slack.stop();
  await database.close();
  return [
    alone(
      'P14.ready',
      'seconds from start to ready on a migrated server',
      median(ready),
      { atMost: 3 },
      { all: ready.map(round) },
    ),
    alone(
      'P14.stop',
      'seconds from SIGTERM under load to the end',
      Math.max(...stopped),
      { atMost: 10 },
      { all: stopped.map(round) },
    ),
    alone('P14.lost', 'deliveries answered with 200 and not stored', lost, { atMost: 0 }, { answered }),
    alone(
      'P14.memory',
      'megabytes resident under load',
      Math.max(...memory),
      { atMost: 200 },
      { all: memory.map(round) },
    ),
  ];
}

function appUrl(url: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/)[^@/]*@/, '$1usher_bench:bench@');
}

async function isReady(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

/** Resident memory of a process, from /proc. */
export function residentMegabytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}
