// People who are deleted: who may come back, and what is left of those who do not (rule 3.17).
import type { Person } from './model';
import { after, DAY } from './time';

/** So long somebody who was deleted can be restored. */
export const RESTORABLE_MS = 30 * DAY;

/** From then on somebody who was deleted is not restored any more. */
export const restorableUntil = (deletedAt: Date): Date => after(deletedAt, RESTORABLE_MS);

/** What others read in place of the name of somebody who is forgotten: enough to tell two of them apart in one story. */
export const formerName = ({ id, kind }: Pick<Person, 'id' | 'kind'>): string =>
  `Former ${kind === 'guest' ? 'guest' : 'employee'} ${id.slice(-4)}`;

/**
 * The same row, which says nothing of the person any more. Its key is one that no directory has. Whom they reported to stays: who decides
 * as the manager's manager of those who report to them still goes by it.
 */
export function forgotten<P extends Person>(person: P): P {
  return {
    ...person,
    directoryKey: `forgotten:${person.id}`,
    name: formerName(person),
    email: null,
    department: null,
    jobTitle: null,
    country: null,
    version: person.version + 1,
  };
}
