// People who were deleted and whom nobody restored in time (rule 3.17).
import type { PersonId } from '../domain/model';
import { forgotten } from '../domain/person';
import { act } from './act';
import type { By, Desk } from './ports';
import { endRole } from './settings';

/**
 * Forgets somebody: what they asked for and decided stays, under a name that is nobody's; key, mail address and chat accounts are free,
 * and whoever has them next inherits nothing. Not before the last of their access is taken away.
 */
export function forget(desk: Desk, by: By, id: PersonId): Promise<void> {
  return act(desk, by, async (tx) => {
    await tx.clock();
    // Files that are being applied may have read that they are a member or an owner.
    await tx.holdConfiguration();
    const found = await tx.forForgetting(id);
    if (!found) return;
    const { person, roles } = found;
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
