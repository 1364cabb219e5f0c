// Looking at packages.
import { DomainError } from '../domain/errors';
import type { PersonId } from '../domain/model';
import type { Desk, PackageRow } from './ports';

/** A package that the person may know, by its exact name; anything else does not exist (rule 3.2). */
export async function about(desk: Desk, person: PersonId, name: string): Promise<PackageRow> {
  const [found] = await desk.views.packagesNamed(person, name);
  if (!found) throw new DomainError('not-found', { what: 'package' });
  return found;
}
