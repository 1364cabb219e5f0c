// Looking at packages.
import { DomainError, isRefusal } from '../domain/errors';
import type { PackageId, PersonId } from '../domain/model';
import { can } from '../domain/permissions';
import type { Desk, PackageRow, SharedRow } from './ports';

/** A package that the person may know, by its exact name, and whom to ask about it; anything else does not exist (rule 3.2). Names may be shared: the id tells. */
export async function about(
  desk: Desk,
  person: PersonId,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<{ readonly row: PackageRow; readonly owners: readonly string[] }> {
  const found = (await desk.views.packagesNamed(person, name)).find((row) => row.id === id);
  if (!found) throw new DomainError('not-found', { what: 'package' });
  return { row: found, owners: await desk.views.packageOwners(found.id) };
}

/**
 * The link to a package, for whoever may tell others of it: everybody who finds it in their lists or has it. Who hears of a hidden one
 * is decided by those who look after its catalog, so having it is no right to tell of it.
 */
export async function share(desk: Desk, person: PersonId, id: PackageId): Promise<SharedRow> {
  const found = await desk.views.sharing(person, { id });
  if (!found) throw new DomainError('not-found', { what: 'package' });
  if (found.hidden && !can(await desk.views.roles(person, found.catalog), 'package.share'))
    throw new DomainError('not-to-share', { package: found.name });
  return found;
}

/**
 * The package of a link that somebody showed to others, where its name may be said to them: what that person may tell of, and what is
 * hidden never. Null: whatever it is, nothing of it is said.
 */
export async function nameable(desk: Desk, person: PersonId, code: string): Promise<SharedRow | null> {
  const found = await desk.views.sharing(person, { code });
  return found?.hidden === false ? found : null;
}

/** Whether the person would be refused. */
export async function mayShare(desk: Desk, person: PersonId, id: PackageId): Promise<boolean> {
  try {
    await share(desk, person, id);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
