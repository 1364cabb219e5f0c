// Roles of Usher itself that a person holds, groups resolved, on one catalog or on the whole organization.
import type { Roles } from '../domain/facts';
import type { CatalogId, PersonId } from '../domain/model';
import type { Query } from './query';

const ROLES = `select distinct role from role_holders
  where person_id = $1 and (catalog_id is null or catalog_id = $2) and role in ('administrator', 'auditor', 'catalogOwner',
    'catalogReader', 'packageManager', 'assignmentManager')
  order by role`;

/** The roles of an enabled person; others have none. */
export async function rolesOf(q: Query, person: PersonId, catalog: CatalogId | null): Promise<Roles> {
  const rows = (await q(ROLES, [person, catalog])) as readonly { role: string }[];
  const held = rows.map(({ role }) => role);
  return {
    administrator: held.includes('administrator'),
    auditor: held.includes('auditor'),
    onCatalog: held.filter((role) => role !== 'administrator' && role !== 'auditor') as Roles['onCatalog'],
  };
}
