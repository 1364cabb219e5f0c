// P9: Approve and Deny pressed at the same time by the two approvers of a request, from the operation to the commit, with the
// redraw of everybody's card queued in the same transaction. Exactly one of the two must be the outcome of each request.
import { DomainError } from '../../src/domain/errors';
import type { PersonId, RequestId } from '../../src/domain/model';
import { decide } from '../../src/operations/approvals';
import type { Bench } from './bench';
import * as limits from './limit/acts';
import type { Leg, Line } from './measure';
import { during, inPairs } from './measure';
import type { BenchDatabase, Product } from './server';
import { asking, byPerson, wishesOf } from './submit';

interface Waiting {
  readonly request: RequestId;
  readonly approvers: readonly PersonId[];
}
const PAIRS_AT_ONCE = 4;

/** Requests that wait for two people, made by asking. */
export async function waitingRequests(database: BenchDatabase, product: Product, seconds: number): Promise<Waiting[]> {
  await asking(product, await wishesOf(database, [1], 1_000_000), 8)(seconds);
  await database.sql('vacuum analyze requests, approval_stages, approval_tasks');
  return database.sql<Waiting>(
    `select request_id as request, array_agg(person_id order by id) as approvers from approval_tasks
     where state = 'open' group by request_id having count(*) = 2 order by request_id`,
  );
}

async function click(
  product: Product,
  request: RequestId,
  person: PersonId,
  decision: 'approve' | 'deny',
): Promise<number> {
  try {
    await decide(product.desk, byPerson(person), {
      request,
      decision,
      reason: decision === 'deny' ? 'not needed' : null,
      shown: { surface: 'slack', version: 1 },
      draft: null,
    });
    return 1;
  } catch (error) {
    if (error instanceof DomainError) return 0;
    throw error;
  }
}

/** P9: clicks per second with four requests decided at once. */
export async function p9(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const product = await database.product(2 * PAIRS_AT_ONCE);
  const clients = await database.limits(2 * PAIRS_AT_ONCE);
  // Decisions come about twice as quickly as requests, two a request.
  const waiting = await waitingRequests(database, product, bench.pairs * bench.seconds + bench.warm);
  const many = 30_000 * Math.max(1, Math.ceil((bench.pairs * bench.seconds + bench.warm) / 8));
  await database.sql(
    `insert into lim.requests (person_id, package_id, policy_id, delivery)
     select 1 + i % $2, 1 + (i / $2 * 7 + i) % 2000, 1, 's' || i from generate_series(3, $1::integer) i`,
    [many, bench.size.people],
  );
  await database.sql(
    `insert into lim.approvals (request_id, stage, person_id) select id, 1, x from lim.requests, (values (1), (2)) v (x)`,
  );
  await database.sql('vacuum analyze lim.requests, lim.approvals');
  const pending = await database.sql<{ id: string }>('select id from lim.requests where person_id > 2 order by id');

  let nextWaiting = 0;
  let nextPending = 0;
  const race = async (clicks: Promise<number>[]): Promise<number> => {
    const outcomes = (await Promise.all(clicks)).reduce((sum, one) => sum + one, 0);
    if (outcomes !== 1) throw new Error(`a request with ${outcomes} outcomes`);
    return clicks.length;
  };
  const limit = (seconds: number): Promise<Leg> =>
    during(seconds, PAIRS_AT_ONCE, async (worker) => {
      const id = Number(pending[nextPending++]?.id);
      const [one, other] = [clients[2 * worker], clients[2 * worker + 1]];
      if (one === undefined || other === undefined) throw new Error('a worker without a connection');
      return race([
        limits.decide(one, id, 1, 'approved').then(Number),
        limits.decide(other, id, 2, 'denied').then(Number),
      ]);
    });
  const mine = (seconds: number): Promise<Leg> =>
    during(seconds, PAIRS_AT_ONCE, async () => {
      const [request, a, b] = next(waiting[nextWaiting++]);
      return race([click(product, request, a, 'approve'), click(product, request, b, 'deny')]);
    });
  await limit(bench.warm);
  await mine(bench.warm);
  const line = await inPairs(
    {
      id: 'P9',
      what: 'decide, two clicks at once on each of four requests, clicks per second',
      as: 'rate',
      target: 0.5,
      limit: () => limit(bench.seconds),
      product: () => mine(bench.seconds),
    },
    bench.pairs,
  );
  await database.close();
  return [line];
}

function next(waiting: Waiting | undefined): [RequestId, PersonId, PersonId] {
  const [a, b] = waiting?.approvers ?? [];
  if (waiting === undefined || a === undefined || b === undefined) throw new Error('more decisions than requests');
  return [waiting.request, a, b];
}
