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
import type { Product } from './server';
import { askFor, wishesOf } from './submit';

/** Calls of a workspace a second, and at once; messages to one person a second. */
const ALLOWED = 50;

/** A platform in memory that counts whoever comes too fast, and turns them away as the real ones do. */
export class Platform implements Channel {
  readonly platform = 'slack';
  readonly routes = [];
  count = 0;
  over = 0;
  /** Hears of each message that was taken. */
  taken: () => void = () => undefined;
  #tokens = ALLOWED;
  #filled = performance.now();
  readonly #lastTo = new Map<string, number>();

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
    this.#tokens = Math.min(ALLOWED, this.#tokens + ((now - this.#filled) / 1000) * ALLOWED);
    this.#filled = now;
    const last = user === null ? undefined : this.#lastTo.get(user);
    if (this.strict && (this.#tokens < 1 || (last !== undefined && now - last < 1_000))) {
      this.over += 1;
      throw new ChannelError('later', 'ratelimited', 1_000);
    }
    this.#tokens -= 1;
    if (user !== null) this.#lastTo.set(user, now);
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

/** P7: a backlog, then messages one by one. */
export async function p7(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const product = await database.product(12);
  const backlog = bench.size.assignments / 100;
  await database.sql(
    `insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
     select distinct on (target_id) 'tell', 'access', 'target', target_id, 'assignment', id::text, null, target_id || ':assignment:' || id,
       usher_now(), 'bench:' || id, usher_now()
     from assignments order by target_id, id limit $1`,
    [backlog],
  );
  const [rows] = await database.sql<{ n: number }>(`select count(*)::integer as n from outgoing where state = 'ready'`);
  const waiting = rows?.n ?? 0;
  const platform = new Platform(true);
  const worker = outgoingWorker(product, platform);
  const from = performance.now();
  const drained = new Promise<void>((resolve) => {
    platform.taken = () => {
      if (platform.count >= waiting) resolve();
    };
  });
  worker.start();
  await drained;
  const seconds = (performance.now() - from) / 1000;
  const lines = [
    // What the platform takes at once, before it counts, is not part of the rate.
    alone(
      'P7.rate',
      'share of the allowed rate while a backlog is drained',
      (waiting - ALLOWED) / seconds / ALLOWED,
      { atLeast: 0.95 },
      {
        messages: waiting,
        seconds: round(seconds),
      },
    ),
    alone('P7.over', 'calls beyond the allowed rate', platform.over, { atMost: 0 }),
  ];

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
