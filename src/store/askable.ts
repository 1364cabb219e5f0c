// What asking anew looks at, for one person and many packages in one statement: lists offer it only where it would not be refused.
// The rule is domain/request.ts#mayAskAnew; a test compares the two.
import type { AskFacts, Conflict } from '../domain/facts';
import type { PackageId, PersonId, PolicyVersionId } from '../domain/model';
import { isOver } from '../domain/period';
import { AGGREGATE, CONFLICT, CONFLICTS, LIVE, OPEN } from './loads';
import { MEANS_TARGET, targetRow } from './policies';
import type { Query, Row } from './query';
import { catalogs, fromRow, governed, instantOf, packages, people } from './tables';
import { policyVersions } from './versions';

const ASKABLE = `
with pair as materialized (
  select $1::uuid as target_id, packages.id as package_id, packages.id as of from packages where packages.id = any ($2::uuid[])
),
target as materialized (${targetRow('$1')}),
${CONFLICTS}
select usher_now() as now, to_jsonb(packages) as package, to_jsonb(target) as target, to_jsonb(catalogs) as catalog,
  ${AGGREGATE(
    `jsonb_build_object('id', p.current_version_id, 'in_scope', exists (select 1 from policy_subjects s
       where s.policy_version_id = p.current_version_id and s.purpose = 'target' and ${MEANS_TARGET})) order by p.id`,
    `policies p where p.package_id = packages.id and p.state = 'enabled' and p.incompatibility_id is null`,
  )} as policies,
  ${AGGREGATE(CONFLICT, 'conflicts where conflicts.of = packages.id')} as conflicts,
  (select to_jsonb(r) from requests r where r.target_id = $1 and r.package_id = packages.id and r.state in ${OPEN}) as open,
  (select to_jsonb(a) from assignments a where a.target_id = $1 and a.package_id = packages.id and a.state in ${LIVE}) as live
from pair join packages on packages.id = pair.package_id join catalogs on catalogs.id = packages.catalog_id, target
order by packages.id`;

/** The facts of each of these packages for the person; none where there is no such person or package. */
export async function loadAskable(
  q: Query,
  person: PersonId,
  wanted: readonly PackageId[],
): Promise<readonly AskFacts[]> {
  const rows = wanted.length === 0 ? [] : ((await q(ASKABLE, [person, wanted])) as readonly Row[]);
  const found = rows.map((row) => row['policies'] as readonly { id: PolicyVersionId; in_scope: boolean }[]);
  const versions = await policyVersions(
    q,
    found.flatMap((policies) => policies.map(({ id }) => id)),
  );
  return rows.map((row, n) => {
    const target = fromRow(people, row['target']);
    const { timeZone } = target;
    return {
      target,
      package: fromRow(packages, row['package']),
      catalog: fromRow(catalogs, row['catalog']),
      policies: (found[n] ?? []).flatMap(({ id, in_scope: inScope }) => {
        const policy = versions.find((one) => one.id === id);
        const over = policy !== undefined && isOver(policy, timeZone, instantOf(row['now']));
        return policy ? [{ policy, inScope, enabled: true, over }] : [];
      }),
      conflicts: row['conflicts'] as readonly Conflict[],
      open: row['open'] === null ? null : fromRow(governed.request, row['open']),
      live: row['live'] === null ? null : fromRow(governed.assignment, row['live']),
    };
  });
}
