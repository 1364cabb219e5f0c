// Looking at packages.
import { DomainError } from '../domain/errors';
import type { PersonId } from '../domain/model';
import type { Desk, PackageRow } from './ports';

/** A package that the person may know, by its exact name; anything else does not exist (rule 3.2). Names may be shared: the id tells. */
export async function about(
  desk: Desk,
  person: PersonId,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<PackageRow> {
  const found = (await desk.views.packagesNamed(person, name)).find((row) => row.id === id);
  if (!found) throw new DomainError('not-found', { what: 'package' });
  return found;
}
