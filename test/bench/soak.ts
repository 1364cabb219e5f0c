// Memory over time: half of what asking can do, with the worker, the sweep and lists beside it, and whether the memory of the process
// is the same in the last quarter as in the second.
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench';
import { sweep } from './expiry';
import type { Line } from './measure';
import { alone, median, quantile, round } from './measure';
import { inTeams, outgoingWorker, Platform } from './outbox';
import { askFor, asking, wishesOf } from './submit';

const SAMPLE_MS = 5_000;
const SWEEP_MS = 20_000;

/** So many minutes at half load. */
export async function soak(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  await inTeams(database);
  const product = await database.product(12);
  const wishes = await wishesOf(database, [1, 2], 1_000_000);
  const full = await asking(product, wishes.splice(0, 20_000), 8)(10);
  const perSecond = full.done / full.seconds / 2;
  const platform = new Platform(false);
  const worker = outgoingWorker(product, platform);
  worker.start();

  const samples: { heap: number; resident: number; p95: number }[] = [];
  let took: number[] = [];
  const from = performance.now();
  const until = from + bench.minutes * 60_000;
  let asked = 0;
  let busy = 0;
  let sampled = from;
  let swept = from;
  while (performance.now() < until) {
    const due = Math.floor(((performance.now() - from) / 1000) * perSecond);
    while (asked < due && busy < 16) {
      const wish = wishes[asked];
      if (wish === undefined) throw new Error('more requests than the data has room for: soak for fewer minutes');
      asked += 1;
      busy += 1;
      const start = performance.now();
      void askFor(product, wish).then(() => {
        busy -= 1;
        took.push(performance.now() - start);
      });
      if (asked % 10 === 0) await product.views.searchPackages(wish.person, '', 16, null);
    }
    const now = performance.now();
    if (now - swept > SWEEP_MS) {
      swept = now;
      await sweep(product);
    }
    if (now - sampled > SAMPLE_MS) {
      sampled = now;
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      samples.push({ heap: heapUsed / 2 ** 20, resident: rss / 2 ** 20, p95: quantile(took, 0.95) });
      took = [];
    }
    await pause(5);
  }
  await worker.stop();
  await database.close();
  const quarter = (n: number) =>
    samples.slice(Math.floor((samples.length * n) / 4), Math.floor((samples.length * (n + 1)) / 4));
  const of = (n: number, what: 'heap' | 'resident' | 'p95'): number => median(quarter(n).map((sample) => sample[what]));
  return [
    alone(
      'soak.heap',
      'megabytes of heap in the last quarter, against the second',
      of(3, 'heap') / of(1, 'heap'),
      { atMost: 1.1 },
      {
        minutes: bench.minutes,
        perSecond: round(perSecond),
        asked,
        heap: [0, 1, 2, 3].map((n) => round(of(n, 'heap'))),
        resident: [0, 1, 2, 3].map((n) => round(of(n, 'resident'))),
        p95: [0, 1, 2, 3].map((n) => round(of(n, 'p95'))),
        messages: platform.count,
      },
    ),
  ];
}
