// Read models outside any lock, gathered from the files that write their SQL. Rights are checked by the operations that call.
import type { Views } from '../operations/ports';
import { createAccessViews } from './access-views';
import { loadAskable } from './askable';
import { createDelegationViews } from './delegations';
import { digestOf } from './digest';
import { differing, driftOf, keeps } from './drift-answers';
import { exceptionOf } from './exceptions';
import { loadAssignment, loadRequest, loadSubmit } from './loads';
import { createPackageViews } from './package-views';
import { createPeopleViews } from './people-views';
import { loadManualTask } from './placements';
import type { Query } from './query';
import { askedLeavers, leaversOf } from './scope';
import { instantOf } from './tables';
import { createTaskViews } from './task-views';

/** The clock of the database, with the organization's offset. */
export async function clockOf(q: Query): Promise<Date> {
  const [row] = await q('select usher_now() as now');
  return instantOf((row as { now: Date }).now);
}

/** Everything that is only looked at. */
export function createViews(q: Query): Views {
  return {
    ...createPeopleViews(q),
    ...createPackageViews(q),
    ...createAccessViews(q),
    ...createDelegationViews(q),
    ...createTaskViews(q),
    now: () => clockOf(q),
    leavers: (pkg) => leaversOf(q, pkg),
    askedLeavers: (person) => askedLeavers(q, person),
    drift: (resource, named) => driftOf(q, resource, named),
    keeps: (person) => keeps(q, person),
    differing: (keeper) => differing(q, keeper),
    exception: (id) => exceptionOf(q, id),
    forAsking: (person, packages) => loadAskable(q, person, packages),
    digest: (person, name) => digestOf(q, person, name),
    forSubmit: async (input) => (await loadSubmit(q, input)).facts,
    forRequest: async (id, shown) => (await loadRequest(q, { id, shown })).facts,
    forAssignment: async (id) => (await loadAssignment(q, id)).facts,
    forManualTask: async (id) => (await loadManualTask(q, id)).facts,
  };
}
