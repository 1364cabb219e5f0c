// People who were deleted and whom nobody restored in time (rule 3.17).
import type { PersonId } from '../domain/model';
import { forgotten } from '../domain/person';
import { act } from './act';
import type { By, Desk } from './ports';
import { endRole } from './settings';

/**
 * Forgets somebody: what they asked for and decided stays, under a name that is nobody's; key, mail address and chat accounts are free,
 * and whoever has them next inherits nothing. Not before the last of their access is taken away, nor while a system could not be read
 * since they were deleted: what they still have there is found and taken by their key. Those in charge of it hear so once.
 */
export function forget(desk: Desk, by: By, id: PersonId): Promise<void> {
  return act(desk, by, async (tx) => {
    await tx.clock();
    // Files that are being applied may have read that they are a member or an owner.
    await tx.holdConfiguration();
    const found = await tx.forForgetting(id);
    if (!found) return;
    const { person, roles, unread } = found;
    if (unread.length > 0) {
      const untold = unread.filter(({ told }) => !told);
      await tx.record(
        untold.map(({ id: resource, catalog }) => ({
          type: 'resource.unread',
          subject: { kind: 'resource', id: resource },
          refs: { catalog },
          data: {},
        })),
      );
      return;
    }
    await tx.saveConfiguration([
      {
        noun: 'person',
        before: person,
        after: { ...forgotten(person), properties: {} },
        events: [{ type: 'person.forgotten', subject: { kind: 'person', id }, refs: { person: id }, data: {} }],
      },
      ...roles.map(endRole),
    ]);
    await tx.forget(person);
  });
}
