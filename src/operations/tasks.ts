// What people are to do by hand, as they look at it. Reporting it done, and reminding of it: placements.ts.
import { mayKnowOf, mustBeAskedToDo } from '../domain/assignment';
import { DomainError } from '../domain/errors';
import type { TaskFacts } from '../domain/facts';
import type { PersonId } from '../domain/model';
import { personOf } from './act';
import type { By, Desk, Page, TaskRow } from './ports';

/** What waits for the person, removals first, then what waits longest. */
export function tasksOf(desk: Desk, by: By, page: { limit: number; after: string | null }): Promise<Page<TaskRow>> {
  return desk.views.tasks(personOf(by), page);
}

/** A task that the person is asked to do now; refuses as its report would. */
export async function taskToDo(desk: Desk, person: PersonId, id: string): Promise<TaskFacts> {
  const facts = await desk.views.forManualTask(id);
  mustBeAskedToDo(facts, person);
  return facts;
}

/** By its number, of a task that the person may know of. Nobody learns here which numbers there are. */
export async function taskNumbered(desk: Desk, person: PersonId, number: number): Promise<string> {
  const id = await desk.views.taskByNumber(number);
  if (id === null || !mayKnowOf(await desk.views.forManualTask(id), person)) throw new DomainError('not-your-task', {});
  return id;
}
