// P5: what can I request? The list behind the form's search field: the statement against the one of the limit, and the whole answer
// with its drawing at eight at once.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import { createConversation } from '../../src/chat/handle';
import { createLog } from '../../src/log';
import type { PersonId } from '../../src/domain/model';
import type { Bench } from './bench';
import * as limits from './limit/acts';
import type { Leg, Line } from './measure';
import { alone, during, inPairs, round } from './measure';

/** What a search field shows, and one more to know whether there is more. */
const FIRST_PAGE = 16;

/** P5: SQL alone at one and eight at once, then the answer to a person. */
export async function p5(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const people = await database.sql<{ n: number; id: PersonId }>(
    'select id::integer as n, lim.id(1, id) as id from lim.people order by lim.deal(id, 96, 1000000000) limit 5000',
  );
  const lines: Line[] = [];
  const product = await database.product(8);
  let turn = 0;
  const next = () => people[(turn += 1) % people.length] ?? { n: 1, id: '' as PersonId };
  for (const workers of [1, 8]) {
    const clients = await database.limits(workers);
    const limit = (seconds: number): Promise<Leg> =>
      during(seconds, workers, async (worker) => {
        const client = clients[worker];
        if (client === undefined) throw new Error('a worker without a connection');
        await limits.list(client, next().n);
        return 1;
      });
    const mine = (seconds: number): Promise<Leg> =>
      during(seconds, workers, async () => {
        const page = await product.views.searchPackages(next().id, '', FIRST_PAGE, null);
        if (page.rows.length === 0) throw new Error('nothing to ask for');
        return 1;
      });
    await limit(bench.warm);
    await mine(bench.warm);
    lines.push(
      await inPairs(
        {
          id: `P5.sql.${workers}`,
          what: `first page of what a person may ask for, ${workers} at once: seconds of the statement`,
          as: 'time',
          target: 2,
          limit: () => limit(bench.seconds),
          product: () => mine(bench.seconds),
        },
        bench.pairs,
      ),
    );
  }
  const conversation = createConversation({
    desk: product.desk,
    cards: product.cards,
    inbound: product.inbound,
    book: loadCards(join(__dirname, '../../cards')),
    profiles: () => Promise.resolve(null),
    log: createLog('silent'),
  });
  let delivery = 0;
  const answer = async (): Promise<number> => {
    const { n } = next();
    const reply = await conversation.handle({
      platform: 'slack',
      tenant: 'T0BENCH',
      user: `U${n}`,
      delivery: `p5-${(delivery += 1)}`,
      bodyHash: '',
      profile: null,
      surface: { kind: 'personal', conversation: `D${n}`, message: null, serviceUrl: null, canOpenForm: true },
      act: { kind: 'search', search: 'packages', draft: null, query: '' },
    });
    if (reply.kind !== 'choices' || reply.choices.length === 0) throw new Error('no choices');
    return 1;
  };
  await during(bench.warm, 8, answer);
  const leg = await during(2 * bench.seconds, 8, answer);
  lines.push(
    alone(
      'P5.answer',
      'milliseconds to the drawn first page, p95, 8 at once',
      leg['p95'] ?? 0,
      { atMost: 15 },
      {
        p50: round(leg['p50'] ?? 0),
        perSecond: Math.round(leg.done / leg.seconds),
      },
    ),
  );
  await database.close();
  return lines;
}
