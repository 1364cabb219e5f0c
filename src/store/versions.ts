// Versions of policies and packages never change once they are written, so what was read of one is kept, and an act asks the
// database only which of them count now. Their ids are unique in the world: one memory serves every connection.
import type { PackageVersion, PackageVersionId, PolicyVersion, PolicyVersionId } from '../domain/model';
import { POLICY_VERSION, policyVersionOf } from './policies';
import type { Query, Row } from './query';
import { fromRow, packageVersions } from './tables';

/** Enough for all that is asked for in a day, in some 20 MB; beyond it the one that was read first goes. */
const MOST = 10_000;

/** The versions with these ids, in their order. */
export type Versions<Id, T> = (q: Query, ids: readonly Id[]) => Promise<readonly T[]>;

/** Policies with stages, subjects and questions. */
export const policyVersions = all(
  memory<PolicyVersionId, PolicyVersion>(
    `select ${POLICY_VERSION} as content from policy_versions v join policies p on p.id = v.policy_id where v.id = any ($1::uuid[])`,
    (row) => policyVersionOf(row['content']),
  ),
);

/** What packages hold, of those ids that are a content's. */
export const contentsFound = memory<PackageVersionId, PackageVersion>(
  `select to_jsonb(v) || jsonb_build_object('roles', (
     select coalesce(jsonb_agg(jsonb_build_object('role', g.role_id, 'scope', g.scope_id) order by g.role_id, g.scope_id), '[]')
     from package_grants g where g.package_version_id = v.id)) as content
   from package_versions v where v.id = any ($1::uuid[])`,
  (row) => fromRow(packageVersions, row['content']),
);

/** What packages hold. */
export const contents = all(contentsFound);

/** Throws where an id is no version's. */
function all<Id extends string, T extends { readonly id: Id }>(found: Versions<Id, T>): Versions<Id, T> {
  return async (q, ids) => {
    const versions = await found(q, ids);
    const missing = ids.find((id, n) => versions[n]?.id !== id);
    if (missing !== undefined) throw new Error(`no version ${missing}`);
    return versions;
  };
}

function memory<Id extends string, T extends { readonly id: Id }>(sql: string, read: (row: Row) => T): Versions<Id, T> {
  const known = new Map<Id, T>();
  return async (q, ids) => {
    const missing = ids.filter((id) => !known.has(id));
    const rows = missing.length === 0 ? [] : await q(sql, [missing]);
    const found = new Map(rows.map((row) => read(row as Row)).map((version) => [version.id, version]));
    const versions = ids.flatMap((id) => known.get(id) ?? found.get(id) ?? []);
    for (const [id, version] of found) known.set(id, version);
    for (const id of known.keys()) {
      if (known.size <= MOST) break;
      known.delete(id);
    }
    return versions;
  };
}
