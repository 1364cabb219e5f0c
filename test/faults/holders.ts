// People who hold something, and the sweeps that look after it, in this process: beside the replicas, as by hand.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import { connectors } from '../../src/connectors';
import { jobs } from '../../src/jobs';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { createWorker } from '../../src/jobs/worker';
import { createLog } from '../../src/log';
import { askFor, onward, until, type Street } from './whole';

/** Gives packages that need no approval to people, by their keys; of that nobody hears. */
export async function give(street: Street, keys: readonly string[], packages: readonly string[]): Promise<void> {
  const { desk, parts } = street;
  for (const key of keys) await Promise.all(packages.map((name) => askFor(street, key, name)));
  const worker = createWorker(
    delivering(
      {
        desk,
        outbox: parts.outbox,
        gates: createGates({ outbox: parts.outbox }),
        cards: parts.cards,
        book: loadCards(join(__dirname, '../../cards')),
        channels: new Map(),
        connectors: connectors({ localRoles: parts.localRoles }),
        deadlineMs: 20_000,
        log: createLog('silent'),
      },
      ['place'],
    ),
    (error) => {
      throw error;
    },
  );
  // What a system may take at once is limited; the rest waits for its turn.
  await until(
    'everything is given',
    async () => {
      await worker.settle();
      const [row] = await street.sql<{ n: number }>(
        `select count(*)::int as n from outgoing where kind = 'place' and state in ('ready', 'leased')`,
      );
      if (row?.n !== 0) await onward(street, 'place');
      return row?.n === 0;
    },
    300_000,
  );
  await street.sql(
    `update outgoing set state = 'done', settled_at = usher_now() where state = 'ready' and kind <> 'place'`,
  );
}

/** One sweep of a job; how much it tried. */
export async function sweep({ desk, parts }: Street, name: string): Promise<number> {
  const job = jobs.find((one) => one.name === name);
  if (!job) throw new Error(`no job is named ${name}`);
  return await job.sweep({
    desk,
    due: parts.due,
    comparisons: parts.comparisons,
    connectors: connectors({ localRoles: parts.localRoles }),
    gates: createGates({ outbox: parts.outbox }),
    deadlineMs: 20_000,
    log: createLog('silent'),
  });
}
