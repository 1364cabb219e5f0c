// P7: the outgoing worker against a platform that lets nobody write faster than it says: a backlog is worked off as fast as is
// allowed and never faster, and where nothing waits a message leaves right after the commit. A million settled rows are kept.
import { join } from 'node:path';
import { ChannelError, type Channel } from '../../src/chat/channel';
import { loadCards } from '../../src/chat/cards';
import { connectors } from '../../src/connectors';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { createWorker, type Worker } from '../../src/jobs/worker';
import { createLog } from '../../src/log';
import type { Bench } from './bench';
import type { Line } from './measure';
import { alone, quantile, round } from './measure';
import type { BenchDatabase, Product } from './server';
import { askFor, wishesOf } from './submit';

/** What Teams publishes: calls of one tenant in any second, and messages to one conversation in any so many seconds. */
const ALLOWED = 50;
const TO_ONE: readonly (readonly [number, number])[] = [
  [7, 1_000],
  [8, 2_000],
  [60, 30_000],
];

/** A platform in memory that counts whoever comes too fast, and turns them away as the real ones do. */
export class Platform implements Channel {
  readonly platform = 'teams';
  readonly routes = [];
  count = 0;
  over = 0;
  /** Hears of each message that was taken. */
  taken: () => void = () => undefined;
  readonly #calls: number[] = [];
  readonly #to = new Map<string, number[]>();

  constructor(private readonly strict: boolean) {}

  start = (): Promise<void> => Promise.resolve();
  stop = (): Promise<void> => Promise.resolve();
  misfit = (): null => null;
  profile = (): Promise<null> => Promise.resolve(null);
  answer = (): Promise<null> => Promise.resolve(null);

  send: Channel['send'] = (to) => {
    this.#meet(to.user);
    return Promise.resolve({
      tenant: to.tenant,
      conversation: to.conversation ?? `D${to.user}`,
      message: `m${this.count}`,
      serviceUrl: null,
    });
  };

  update: Channel['update'] = () => {
    this.#meet(null);
    return Promise.resolve();
  };

  #meet(user: string | null): void {
    const now = performance.now();
    const to = user === null ? [] : (this.#to.get(user) ?? []);
    const isOver =
      now - (this.#calls.at(-ALLOWED) ?? -Infinity) < 1_000 ||
      TO_ONE.some(([most, ms]) => now - (to.at(-most) ?? -Infinity) < ms);
    if (this.strict && isOver) {
      this.over += 1;
      throw new ChannelError('later', 'ratelimited', 1_000);
    }
    this.#calls.push(now);
    if (this.#calls.length > 2 * ALLOWED) this.#calls.splice(0, ALLOWED);
    if (user !== null) this.#to.set(user, [...to.slice(-60), now]);
    this.count += 1;
    this.taken();
  }
}

/** The worker of main.ts over this platform. */
export function outgoingWorker(product: Product, platform: Channel): Worker {
  const worker = createWorker(
    delivering(
      {
        desk: product.desk,
        outbox: product.outbox,
        gates: createGates({ outbox: product.outbox }),
        cards: product.cards,
        book: loadCards(join(__dirname, '../../cards')),
        channels: new Map([[platform.platform, platform]]),
        connectors: connectors({ localRoles: product.localRoles }),
        deadlineMs: 1_000,
        log: createLog('silent'),
      },
      ['tell', 'redraw'],
    ),
    (error) => {
      throw error;
    },
  );
  product.store.onCommit(() => {
    worker.wake();
  });
  return worker;
}

/** Lets everybody be reached in Teams, whose limits the platform has. */
export async function inTeams(database: BenchDatabase): Promise<void> {
  await database.sql(`update identities set platform = 'teams', tenant = 'bench'`);
  await database.sql(`update conversations set platform = 'teams', tenant = 'bench'`);
}

/** A backlog of messages, worked off by so many replicas. */
async function drained(database: BenchDatabase, replicas: number, messages: number): Promise<Line[]> {
  await database.sql(
    `insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
     select distinct on (target_id) 'tell', 'access', 'target', target_id, 'assignment', id::text, null, target_id || ':assignment:' || id,
       usher_now(), 'bench:' || $2 || id, usher_now()
     from assignments order by target_id, id desc limit $1`,
    [messages, replicas],
  );
  await database.sql('delete from cards');
  const [rows] = await database.sql<{ n: number }>(`select count(*)::integer as n from outgoing where state = 'ready'`);
  const waiting = rows?.n ?? 0;
  const platform = new Platform(true);
  const workers = [];
  for (let n = 0; n < replicas; n += 1) workers.push(outgoingWorker(await database.product(12), platform));
  const from = performance.now();
  const done = new Promise<void>((resolve) => {
    platform.taken = () => {
      if (platform.count >= waiting) resolve();
    };
  });
  for (const worker of workers) worker.start();
  await done;
  const seconds = (performance.now() - from) / 1000;
  await Promise.all(workers.map((worker) => worker.stop()));
  const by = `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
  return [
    // What the platform takes at once, before it counts, is not part of the rate.
    alone(
      `P7.rate.${replicas}`,
      `share of the allowed rate while a backlog is drained by ${by}`,
      (waiting - ALLOWED) / seconds / ALLOWED,
      { atLeast: 0.95 },
      { messages: waiting, seconds: round(seconds) },
    ),
    alone(`P7.over.${replicas}`, `calls beyond the allowed rate, ${by}`, platform.over, { atMost: 0 }),
  ];
}

/** P7: a backlog for one replica and for two, then messages one by one. */
export async function p7(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  await inTeams(database);
  const lines: Line[] = [];
  for (const replicas of [1, 2]) lines.push(...(await drained(database, replicas, bench.size.assignments / 100)));

  const product = await database.product(12);
  const platform = new Platform(true);
  const worker = outgoingWorker(product, platform);
  worker.start();
  const took: number[] = [];
  for (const wish of await wishesOf(database, [1], 60)) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const posted = new Promise<void>((resolve) => {
      platform.taken = resolve;
    });
    if ((await askFor(product, wish)) === 0) continue;
    const committed = performance.now();
    await posted;
    took.push(performance.now() - committed);
  }
  lines.push(
    alone(
      'P7.idle',
      'milliseconds from a commit to the first message of it, p95, nothing else waiting',
      quantile(took, 0.95),
      { atMost: 250 },
      {
        p50: round(quantile(took, 0.5)),
      },
    ),
  );
  await worker.stop();
  await database.close();
  return lines;
}
