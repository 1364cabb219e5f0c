// P2: the job that ends what is over, against the one statement of the limit; what an idle ring costs; and whether the time
// depends on what is due alone, however many rows there are.
import { connectors } from '../../src/connectors';
import { jobs } from '../../src/jobs';
import { createGates } from '../../src/jobs/gate';
import { createLog } from '../../src/log';
import type { Bench } from './bench';
import * as limits from './limit/acts';
import type { Leg, Line } from './measure';
import { alone, inPairs, median, round, timed } from './measure';
import type { BenchDatabase, Product } from './server';

const FIRST_END = Date.parse('2028-01-01T00:00:00Z');
const APART_MS = 10_000;

/** A database whose clock is moved to the next ends: both sides then have the same number due. */
class Ends {
  #limit = 0;
  #product = 0;

  constructor(
    private readonly database: BenchDatabase,
    private readonly product: Product,
    private readonly limits: Awaited<ReturnType<BenchDatabase['limits']>>[number],
  ) {}

  async ofLimit(due: number): Promise<Leg> {
    this.#limit += due;
    const at = new Date(FIRST_END + (this.#limit - 1) * APART_MS);
    const ms = await timed(async () => {
      const ended = await limits.end(this.limits, at, due + 1);
      if (ended !== due) throw new Error(`the limit ended ${ended} of ${due}`);
    });
    return { done: due, seconds: ms / 1000 };
  }

  async ofProduct(due: number): Promise<Leg> {
    this.#product += due;
    // One that falls due while the sweep runs is ended with the others, and counted.
    await this.database.sql(
      `update organization set clock_offset_ms = $1 - (extract(epoch from clock_timestamp()) * 1000)::bigint`,
      [FIRST_END + (this.#product - 1) * APART_MS],
    );
    await this.database.sql('select create_audit_partitions(usher_now())');
    let ended = 0;
    const ms = await timed(async () => {
      ended = await sweep(this.product);
    });
    if (ended < due) throw new Error(`the job ended ${ended} of ${due}`);
    this.#product += ended - due;
    return { done: ended, seconds: ms / 1000 };
  }
}

/** The job as it is in the table of jobs. */
export async function sweep({ desk, due, comparisons, localRoles, outbox }: Product): Promise<number> {
  const job = jobs.find(({ name }) => name === 'end-access');
  if (job === undefined) throw new Error('no such job');
  const gates = createGates({ outbox });
  const parts = { comparisons, connectors: connectors({ localRoles }), gates, deadlineMs: 5_000 };
  return job.sweep({ desk, due, ...parts, log: createLog('silent') });
}

async function endsOf(database: BenchDatabase): Promise<{ ends: Ends; product: Product }> {
  const product = await database.product(2);
  const [client] = await database.limits(1);
  if (client === undefined) throw new Error('no connection');
  return { ends: new Ends(database, product, client), product };
}

/** P2: 10,000 and 100,000 due, and an idle ring. */
export async function p2(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const { ends, product } = await endsOf(database);
  const lines: Line[] = [];
  await ends.ofLimit(100);
  await ends.ofProduct(100);
  const share = bench.size.assignments / 1_000_000;
  for (const due of [10_000 * share, 100_000 * share]) {
    // Two sides of five pairs of 100,000 are half of the rows: fewer pairs would do, and are not needed.
    const line = await inPairs(
      {
        id: `P2.${due}`,
        what: `end ${due} of ${bench.size.assignments} assignments`,
        as: 'rate',
        target: 0.7,
        limit: () => ends.ofLimit(due),
        product: () => ends.ofProduct(due),
      },
      due * bench.pairs > bench.size.assignments * 0.6 ? 3 : bench.pairs,
    );
    lines.push(line);
    await database.sql('vacuum analyze');
  }
  await database.sql('update organization set clock_offset_ms = clock_offset_ms - 86400000 * 30::bigint');
  const idle: number[] = [];
  for (let ring = 0; ring < 50; ring += 1) idle.push(await timed(() => sweep(product)));
  lines.push(
    alone(
      'P2.idle',
      'milliseconds of a ring with nothing due',
      median(idle),
      { atMost: 5 },
      { p95: round(idle.sort((a, b) => a - b)[47] ?? 0) },
    ),
  );
  await database.close();
  return lines;
}

/** P2 growth: equal work due among 100,000 and among 3,000,000 assignments. */
export async function p2Growth(bench: Bench): Promise<Line[]> {
  const sizes = [0.1, 3].map((factor) => ({ ...bench.size, assignments: bench.size.assignments * factor }));
  const due = bench.size.assignments / 100;
  const databases = [];
  for (const size of sizes) databases.push(await bench.clone(size));
  const [small, large] = await Promise.all(databases.map(async (database) => (await endsOf(database)).ends));
  if (small === undefined || large === undefined) throw new Error('two databases');
  await small.ofProduct(100);
  await large.ofProduct(100);
  const line = await inPairs(
    {
      id: 'P2.growth',
      what: `end ${due} of ${sizes[1]?.assignments ?? 0} assignments, against ${due} of ${sizes[0]?.assignments ?? 0}: seconds`,
      as: 'time',
      target: 1.8,
      limit: () => small.ofProduct(due),
      product: () => large.ofProduct(due),
    },
    bench.pairs,
  );
  for (const database of databases) await database.close();
  return [line];
}
