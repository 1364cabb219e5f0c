// P1: asking for a package, from the operation to the commit, against the seven statements of the limit. And whether it stays as
// quick when a million requests were made before.
import { DomainError } from '../../src/domain/errors';
import type { PackageId, PersonId, PolicyVersionId } from '../../src/domain/model';
import { submit } from '../../src/operations/requests';
import type { By } from '../../src/operations/ports';
import { ask } from './limit/acts';
import type { Leg, Line } from './measure';
import { during, inPairs } from './measure';
import type { BenchDatabase, Product } from './server';
import type { Bench } from './bench';

export interface Wish {
  readonly n: number;
  readonly person: PersonId;
  readonly package: PackageId;
  readonly policyVersion: PolicyVersionId;
}

/** What people could ask for next, in an order without a pattern. */
export function wishesOf(database: BenchDatabase, stages: readonly number[], most: number): Promise<Wish[]> {
  return database.sql<Wish>(
    `select n::integer, lim.id(1, person_id) as person, lim.id(9, package_id) as package, lim.id(12, policy_id) as "policyVersion"
     from lim.wishes where stages = any ($1::integer[]) order by n limit $2`,
    [stages, most],
  );
}

export const byPerson = (id: PersonId): By => ({ actor: { kind: 'person', id }, via: 'slack' });

/** One request, by the operation that a sent form calls. 0 where an earlier wish of the same person stands against it. */
export async function askFor({ desk }: Product, wish: Wish): Promise<number> {
  try {
    await submit(desk, byPerson(wish.person), {
      target: wish.person,
      package: wish.package,
      policyVersion: wish.policyVersion,
      period: { startsAt: null, endsAt: null, hours: null },
      zone: 'Europe/Berlin',
      reason: 'needed for the project',
      answers: {},
      draft: null,
    });
    return 1;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'incompatible') return 0;
    throw error;
  }
}

/** Loops over wishes, each used once. */
export function asking(product: Product, wishes: readonly Wish[], workers: number) {
  const loop = async (next: () => Wish | undefined, seconds: number): Promise<Leg> =>
    during(seconds, workers, async () => {
      const wish = next();
      if (wish === undefined) throw new Error('more requests than the data has room for: bench for fewer seconds');
      return askFor(product, wish);
    });
  let at = 0;
  const next = (): Wish | undefined => wishes[at++];
  return (seconds: number): Promise<Leg> => loop(next, seconds);
}

/** P1 at 8 and 16 in flight. */
export async function p1(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const wishes = await wishesOf(database, [1, 2], 1_000_000);
  const { people } = bench.size;
  const lines: Line[] = [];
  let sequence = 0;
  let used = 0;
  for (const workers of [8, 16]) {
    const clients = await database.limits(workers);
    const product = await database.product(workers);
    const limit = (seconds: number): Promise<Leg> =>
      during(seconds, workers, async (worker) => {
        const n = (sequence += 1);
        const client = clients[worker];
        if (client === undefined) throw new Error('a worker without a connection');
        await ask(client, 1 + (n % people), 1 + ((n * 7 + Math.floor(n / people)) % 5000), `k${n}`);
        return 1;
      });
    const half = Math.floor(wishes.length / 2);
    const mine = asking(product, wishes.slice(used, (used += half)), workers);
    await limit(bench.warm);
    await mine(bench.warm);
    lines.push(
      await inPairs(
        {
          id: `P1.${workers}`,
          what: `submit, ${workers} in flight, against seven statements`,
          as: 'rate',
          target: 0.5,
          limit: () => limit(bench.seconds),
          product: () => mine(bench.seconds),
        },
        bench.pairs,
      ),
    );
  }
  await database.close();
  return lines;
}

/** P1 growth: the same data with nothing asked for before, and with a request behind each of a million assignments. */
export async function p1Growth(bench: Bench): Promise<Line[]> {
  const empty = await bench.clone({ ...bench.size, assignments: 0 });
  const full = await bench.clone();
  const legs = await Promise.all(
    [empty, full].map(async (database) => {
      const product = await database.product(8);
      return asking(product, await wishesOf(database, [1, 2], 1_000_000), 8);
    }),
  );
  const [first, grown] = legs;
  if (first === undefined || grown === undefined) throw new Error('two databases');
  await first(bench.warm);
  await grown(bench.warm);
  const line = await inPairs(
    {
      id: 'P1.growth',
      what: `submit with ${bench.size.assignments} earlier requests, against none: seconds per request`,
      as: 'time',
      target: 1.15,
      limit: () => first(bench.seconds),
      product: () => grown(bench.seconds),
    },
    bench.pairs,
  );
  await empty.close();
  await full.close();
  return [line];
}
