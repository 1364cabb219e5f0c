// What somebody who is known tried without the right to it: a row of the audit trail, so that trying is seen.
import type { PersonId } from '../domain/model';
import { act } from './act';
import type { By, Desk } from './ports';

/** Writes down that a person was refused. `code` is the refusal's, `verb` our own name of what was tried. */
export function recordRefusal(
  desk: Desk,
  by: Omit<By, 'delivery'>,
  person: PersonId,
  data: { readonly code: string; readonly verb: string | null },
): Promise<void> {
  return act(desk, by, async (tx) => {
    await tx.record([
      { type: 'access.refused', subject: { kind: 'person', id: person }, refs: { person }, data: { ...data } },
    ]);
  });
}
