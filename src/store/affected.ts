// Whom a change of configuration would concern: who holds a package, who would lose it, and what its holders would get and lose by
// other content. Read set-based and from what people have now, not from what the packages said before.
import type { PackageId, PersonId, PolicyId, ResourceId } from '../domain/model';
import type { Affected, AffectedBy, Followed } from '../operations/ports';
import { holdersOfBoth } from './exceptions';
import { JUSTIFYING, LIVE, OPEN } from './loads';
import type { Query, Row } from './query';

/** Counts of people around what a plan changes. */
export async function affected(q: Query, by: AffectedBy): Promise<Affected> {
  const rows = async (sql: string, given: readonly unknown[]): Promise<readonly Row[]> =>
    given.length === 0 ? [] : ((await q(sql, [JSON.stringify(given)])) as readonly Row[]);
  const used = (row: Row) => row as { readonly live: number; readonly open: number };
  return {
    packages: new Map(
      (await rows(COUNT('package_id'), by.packages)).map((row) => [
        row['id'] as PackageId,
        { holders: used(row).live, openRequests: used(row).open },
      ]),
    ),
    policies: new Map((await rows(KEPT, by.policies)).map((row) => [row['id'] as PolicyId, row['open'] as number])),
    people: new Map(
      (await rows(COUNT('target_id'), by.people)).map((row) => [
        row['id'] as PersonId,
        { held: used(row).live, openRequests: used(row).open },
      ]),
    ),
    losing: new Map(
      (await rows(LOSING, by.people)).map((row) => [
        row['id'] as PackageId,
        { lose: row['lose'] as number, holders: row['holders'] as number },
      ]),
    ),
    lately: by.people.length === 0 ? { people: 0, losing: new Map() } : await leftLately(q),
    contents: new Map(
      (await rows(CONTENTS, by.contents)).map((row) => [row['id'] as PackageId, row['found'] as Followed]),
    ),
    pairs: await holdersOfBoth(q, by.pairs),
    moved: new Map((await rows(MOVED, by.moved)).map((row) => [row['id'] as ResourceId, row['people'] as number])),
  };
}

/** `holders`: those who have lost the package already. */
async function leftLately(q: Query): Promise<Affected['lately']> {
  const [row] = (await q(LATELY)) as readonly Row[];
  const losing = row?.['losing'] as readonly { id: PackageId; lose: number; holders: number }[];
  return { people: row?.['people'] as number, losing: new Map(losing.map(({ id, ...counts }) => [id, counts])) };
}

const COUNT = (column: 'package_id' | 'target_id'): string => `
select id, sum(live)::integer as live, sum(open)::integer as open from (
  select ${column} as id, 1 as live, 0 as open from assignments where state in ${LIVE}
  union all
  select ${column}, 0, 1 from requests where state in ${OPEN}
) used join jsonb_array_elements_text($1::jsonb) as wanted on wanted.value::uuid = id
group by id`;

const KEPT = `
select v.policy_id as id, count(*)::integer as open from policy_versions v
join requests r on r.policy_version_id = v.id and r.state in ${OPEN}
where v.policy_id in (select value::uuid from jsonb_array_elements_text($1::jsonb)) group by v.policy_id`;

const MOVED = `
select role.resource_id as id, count(distinct g.person_id)::integer as people
from jsonb_array_elements_text($1::jsonb) as wanted join resource_roles role on role.resource_id = wanted.value::uuid
join grants g on g.role_id = role.id group by role.resource_id`;

const LOSING = `with gone as materialized (
    select package_id as id, count(*)::integer as lose from assignments
    where target_id in (select value::uuid from jsonb_array_elements_text($1::jsonb)) and state in ${LIVE} group by package_id)
  select gone.id, gone.lose, (select count(*)::integer from assignments held where held.package_id = gone.id and held.state in ${LIVE})
    as holders
  from gone order by gone.id`;

const LATELY = `
with since as materialized (
  select greatest(usher_now() - interval '1 day', (select max(e.at) from audit_events e
    where e.subject_kind = 'settings' and e.subject_id = 'blueprint' and e.data @> '{"confirmed": true}')) as at
), gone as materialized (
  select people.id from since, people where people.state <> 'enabled' and exists (select 1 from audit_events e
    where e.subject_kind = 'person' and e.subject_id = people.id::text and e.type in ('person.disabled', 'person.deleted') and e.at > since.at
      and e.before @> jsonb_build_object('people', jsonb_build_object(people.id, jsonb_build_object('state', 'enabled'))))
), lost as (
  select a.package_id as id, count(*) as lose, count(*) filter (where a.ended_at is not null) as holders
  from since, gone join assignments a on a.target_id = gone.id
  where a.state in ${LIVE} or (a.end_reason = 'targetDisabled' and a.ended_at > since.at) group by a.package_id
)
select (select count(*)::integer from gone) as people, (select coalesce(jsonb_agg(to_jsonb(lost)), '[]') from lost) as losing`;

// The same differences as those that the holders follow by (domain/reprocess.ts). Who keeps a role by other access does not lose
// it, unless that access loses it by the same files; who could not be given it has nothing to lose. Who has it already does not
// get it.
const CONTENTS = `
with changed as materialized (
  select package as package_id, roles from jsonb_to_recordset($1::jsonb) as change (package uuid, roles jsonb)
),
content as materialized (
  select package_id, one.role as role_id, one.scope as scope_id
  from changed cross join lateral jsonb_to_recordset(roles) as one (role uuid, scope uuid)
),
held as materialized (
  select a.id, a.package_id, a.target_id
  from changed join assignments a on a.package_id = changed.package_id and a.state in ${JUSTIFYING}
  join people on people.id = a.target_id and people.state = 'enabled'
),
withdrawn as materialized (
  select held.id, held.package_id, held.target_id, g.id as grant_id, g.role_id, g.scope_id, g.state
  from held join standing_links link on link.assignment_id = held.id join grants g on g.id = link.grant_id
  where not exists (select 1 from content c
    where c.package_id = held.package_id and c.role_id = g.role_id and c.scope_id = g.scope_id)
),
kept as materialized (
  select link.grant_id, link.assignment_id
  from withdrawn join standing_links link on link.grant_id = withdrawn.grant_id
  join assignments other on other.id = link.assignment_id and other.state in ${JUSTIFYING}
  except select grant_id, id from withdrawn
),
lost as materialized (
  select package_id, count(distinct target_id) as people, count(distinct (role_id, scope_id)) as roles
  from withdrawn where state <> 'placeFailed' and not exists (select 1 from kept where kept.grant_id = withdrawn.grant_id)
  group by package_id
),
given as materialized (
  select held.package_id, held.target_id, c.role_id, c.scope_id
  from held join content c on c.package_id = held.package_id
  where not exists (select 1 from grants g join standing_links link on link.grant_id = g.id
    join assignments a on a.id = link.assignment_id and a.state in ${JUSTIFYING}
    where g.person_id = held.target_id and g.role_id = c.role_id and g.scope_id = c.scope_id)
),
roles as materialized (
  select role_id, scope_id, count(distinct target_id) as people,
    (select count(*) from grants g where g.role_id = given.role_id and g.scope_id = given.scope_id and g.state <> 'placeFailed'
      and exists (select 1 from standing_links link join assignments a on a.id = link.assignment_id and a.state in ${JUSTIFYING}
        where link.grant_id = g.id)) as had
  from given group by role_id, scope_id
)
select package_id as id, jsonb_build_object(
    'holders', (select count(*) from held where held.package_id = changed.package_id),
    'lose', coalesce(lost.people, 0), 'lost', coalesce(lost.roles, 0),
    'get', (select count(distinct target_id) from given where given.package_id = changed.package_id),
    'given', (select coalesce(jsonb_agg(jsonb_build_object('role', role_id, 'scope', scope_id, 'people', people, 'had', had)
        order by role_id, scope_id), '[]')
      from roles where exists (select 1 from given where given.package_id = changed.package_id
        and given.role_id = roles.role_id and given.scope_id = roles.scope_id))) as found
from changed left join lost using (package_id)`;
