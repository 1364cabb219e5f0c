// Makes a new database the demo's: Woodgrove from its file, then its history. A database that has requests already is left
// as it is, so that a second start goes on where the first one stopped.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectors } from '../connectors';
import { createGates, MOST_OF_ONE } from '../jobs/gate';
import { place } from '../jobs/place';
import { createWorker, type Work } from '../jobs/worker';
import type { Log } from '../log';
import { apply, parseBlueprint, planText, problemText } from '../operations/blueprint';
import type { By, Desk } from '../operations/ports';
import { createDemoStore } from '../store/demo';
import type { Database } from '../store/database';
import type { Stores } from '../store/store';
import { makeHistory } from './history';

/** As much of the house as the demo needs. */
export interface DemoParts {
  readonly house: Pick<Stores, 'views' | 'outbox' | 'localRoles' | 'pageMessages'> & {
    readonly desk: Desk;
    readonly database: Database;
  };
  readonly log: Log;
  /** For what happened long ago; absent: the same. */
  readonly quiet?: Log;
  /** The outgoing worker, not started yet. */
  readonly outgoing: { settle(): Promise<number> };
  /** Does what is due. */
  readonly sweep: () => Promise<void>;
}

/** The file lies in the package, beside the compiled program. */
export const WOODGROVE = resolve(__dirname, '../../src/demo/woodgrove.yaml');

const by: By = { actor: { kind: 'operator', name: 'demo' }, via: 'start' };

/** Applies the file and plays the history where there is none. */
export async function prepareDemo(parts: DemoParts): Promise<void> {
  const { desk, localRoles, database, views, pageMessages } = parts.house;
  const started = Date.now();
  const demo = createDemoStore(database.sequelize);
  if (await demo.hasRequests()) {
    // A history that was cut off left its clock behind. What it lacks cannot be made up for: its acts are in the trail.
    if (await demo.setClock(0))
      parts.log.warn(
        'The demo was stopped while its history was made, so some lists are empty. For a whole one, begin anew.',
      );
    return;
  }
  await applyWoodgrove(desk);
  // A system that is down, so that a failed delivery can be seen.
  await localRoles.tell('legacy-crm', { mode: 'failed', code: 'host_unreachable' });
  const quiet = createWorker(placing(parts), (error) => {
    throw error;
  });
  const acts = await makeHistory({
    desk,
    setClock: async (offsetMs) => {
      await demo.setClock(offsetMs);
    },
    // Messages of long ago would only be scrolled past, and drawing them takes most of the time.
    work: async (spoken) => {
      if (!spoken) await demo.hush();
      await (spoken ? parts.outgoing : quiet).settle();
      if (!spoken) await demo.hush();
    },
    sweep: parts.sweep,
    openTask: (request, scope) => demo.openTask(request, scope),
    readAll: async () => {
      for (const { key } of await views.personas()) {
        const last = (await pageMessages.list(key, { beforeId: null, limit: 1 })).at(-1);
        if (last) await pageMessages.markRead(key, last.id);
      }
    },
  });
  parts.log.info({ acts, ms: Date.now() - started }, 'demo prepared');
}

async function applyWoodgrove(desk: Desk): Promise<void> {
  const read = parseBlueprint([{ name: 'src/demo/woodgrove.yaml', text: readFileSync(WOODGROVE, 'utf8') }]);
  if ('problems' in read) throw new Error(read.problems.map(problemText).join('\n'));
  const plan = await apply(desk, by, read.blueprint, { demo: true });
  if (!plan.applied) throw new Error(plan.problems.map(problemText).join('\n') || planText(plan));
}

function placing({ house, log, quiet = log }: DemoParts): Work {
  const parts = {
    desk: house.desk,
    connectors: connectors({ localRoles: house.localRoles }),
    gates: createGates({ outbox: house.outbox }),
    deadlineMs: 1_000,
    log: quiet,
  };
  return {
    async round() {
      const rows = await house.outbox.claim(MOST_OF_ONE, 60_000, ['place']);
      await Promise.all(rows.map((row) => place(parts, row)));
      return rows.length;
    },
    nextAt: () => house.outbox.nextAt(['place']),
    now: () => house.views.now(),
  };
}
