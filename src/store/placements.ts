// What placing one role for one person looks at: the grant, where it lives, whether it is wanted, and the assignments
// whose delivery or removal it is part of. Locks: locks.ts. The rules: domain/placement.ts.
import { DomainError } from '../domain/errors';
import type { PlaceFacts, TaskFacts, Twin } from '../domain/facts';
import type { GrantId, PersonId, PersonRef } from '../domain/model';
import { isId } from './ids';
import { type At, JUSTIFYING } from './loads';
import type { Query, Row } from './query';
import { fromRow, fromRows, governed, instantOf, people, resourceRoles, resources, resourceScopes } from './tables';

/** States of access that ends: what its package had lost before ends with it, as long as it is not taken. */
const ENDING = `('removing', 'removalFailed')`;

/** Whether live access wants the grant `g`. */
export const WANTED = `exists (select 1 from standing_links link join assignments a on a.id = link.assignment_id
  where link.grant_id = g.id and a.state in ${JUSTIFYING})`;
const ABSORBING = (
  since: string,
): string => `exists (select 1 from grant_assignments link join assignments a on a.id = link.assignment_id
  join packages p on p.id = a.package_id where link.grant_id = g.id and p.baseline = 'absorb'
    and (a.state in ${ENDING} or (a.state = 'removed' and a.ended_at >= ${since}) or link.withdrawn_at >= ${since}))`;
/** Whether a package that takes over what people had before has ended on the grant `g`. */
export const ABSORBED = ABSORBING('g.placed_at');
/** What a role is found by in another resource, where its own tables are joined. */
const COLUMNS = {
  resource: 'resource.id',
  connector: 'resource.connector',
  origin: 'resource.origin_id',
  role: 'role.origin_id',
  scope: 'scope.origin_id',
};
/**
 * The tables and what joins them: grants `g` of the person for what `role` and `scope` of `resource` are in another resource, `other`. Only
 * where a system tells that both are one: by hand there is none, and two safes of two teams may well be called the same.
 */
export const TWINS = (
  person: string,
  of: typeof COLUMNS = COLUMNS,
): string => `resources other, resource_roles twin_role, resource_scopes twin_scope, grants g
  where other.connector = ${of.connector} and other.connector <> 'manual' and other.origin_id = ${of.origin} and other.id <> ${of.resource}
    and twin_role.resource_id = other.id and twin_role.origin_id = ${of.role}
    and twin_scope.resource_id = other.id and twin_scope.origin_id = ${of.scope}
    and g.role_id = twin_role.id and g.scope_id = twin_scope.id and g.person_id = ${person}`;

// Found apart from its twins: what joins eight tables at once is planned for longer than it runs.
const OF_PLACE = {
  resource: 'place.resource',
  connector: 'place.connector',
  origin: 'place.origin',
  role: 'place.role',
  scope: 'place.scope',
};
// Assignments that are over and done with (`removed`) can neither want the grant nor wait for it. They still count for
// `absorb`: an absorbing package that ended while another one held the role has taken the baseline over.
const facts = (grant: string, more = ''): string => `
with the_grant as materialized (select grants.* from grants where id = ${grant}),
linked as materialized (
  select a.*, packages.baseline = 'absorb' as absorbs, link.withdrawn_at
  from the_grant join grant_assignments link on link.grant_id = the_grant.id
  join assignments a on a.id = link.assignment_id join packages on packages.id = a.package_id
),
place as materialized (
  select the_grant.placed_at, the_grant.person_id as person, resource.id as resource, resource.connector, resource.origin_id as origin,
    role.origin_id as role, scope.origin_id as scope
  from the_grant join resource_roles role on role.id = the_grant.role_id join resource_scopes scope on scope.id = the_grant.scope_id
  join resources resource on resource.id = role.resource_id
),
twin as materialized (
  select to_jsonb(g) as row, other.catalog_id, ${WANTED} as wanted, coalesce(g.baseline, false) and not ${ABSORBED} as theirs,
    ${ABSORBING('place.placed_at')} as absorbs
  from place, ${TWINS('place.person', OF_PLACE)}
)
select usher_now() as now, to_jsonb(the_grant) as grant, to_jsonb(person) as person, to_jsonb(resource) as resource,
  to_jsonb(role) as role, to_jsonb(scope) as scope,
  exists (select 1 from linked where state in ${JUSTIFYING} and withdrawn_at is null) as wanted,
  person.state <> 'enabled' or exists (select 1 from linked where absorbs and (state in ${ENDING}
    or (state = 'removed' and ended_at >= the_grant.placed_at) or withdrawn_at >= the_grant.placed_at))
    or exists (select 1 from twin where absorbs) as override_baseline,
  (select coalesce(jsonb_agg(jsonb_build_object('grant', row, 'catalog', catalog_id, 'wanted', wanted, 'theirs', theirs)), '[]')
    from twin) as twins,
  (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'package', package_id) order by id), '[]')
    from linked where state in ${JUSTIFYING} and withdrawn_at is not null and (the_grant.placed_at is null or withdrawn_at >= the_grant.placed_at)) as withdrawn_from,
  (select to_jsonb(t) from manual_tasks t where t.grant_id = the_grant.id and t.state = 'open') as open_task,
  (select to_jsonb(t) from manual_tasks t where t.id = $1) as task,
  (select coalesce(jsonb_agg(distinct keeper.person_id), '[]')
    from (select person_id, choice, min(choice) over () as first from resource_keepers
      where resource_id = resource.id and person_id <> person.id) keeper
    where choice = first or exists (select 1 from manual_tasks t where t.id = $1 and t.escalated_at is not null)) as owners,
  (select coalesce(jsonb_agg(distinct jsonb_build_object('id', keeper.person_id, 'name', people.name)), '[]')
    from (select person_id, choice, min(choice) over () as first from resource_keepers
      where resource_id = resource.id and person_id <> person.id) keeper
    join people on people.id = keeper.person_id
    where choice = first) as keepers,
  (select coalesce(jsonb_agg(jsonb_build_object(
      'assignment', to_jsonb(linked),
      'requests', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from requests r where r.assignment_id = linked.id
        and r.state in ('delivering', 'partiallyDelivered', 'deliveryFailed', 'removing', 'removalFailed')
        and (r.state in ${ENDING}) = (linked.state in ${ENDING})),
      'grants', (select jsonb_agg(to_jsonb(g) order by g.id) from grant_assignments l join grants g on g.id = l.grant_id
        where l.assignment_id = linked.id and (l.withdrawn_at is null or linked.state in ${ENDING}))) order by linked.id), '[]')
    from linked where state <> 'removed' and (withdrawn_at is null or state in ${ENDING})) as assignments${more}
from the_grant
join people person on person.id = the_grant.person_id
join resource_roles role on role.id = the_grant.role_id
join resource_scopes scope on scope.id = the_grant.scope_id
join resources resource on resource.id = role.resource_id`;

// Who heard of a task when it was theirs to do, by itself or among others, an hour before the next in charge were asked as well.
const TOLD = `,
  (select coalesce(jsonb_agg(distinct c.person_id), '[]') from manual_tasks t cross join lateral (
      select person_id, created_at from cards where subject_kind = 'manualTask' and subject_id = t.id::text and state = 'live'
        and split_part(view, '~', 1) = 'manualTask'
      union all
      select found.* from resource_keepers keeper cross join lateral (select person_id, created_at from cards
        where subject_kind = 'person' and subject_id = keeper.person_id::text and state = 'live' and split_part(view, '~', 1) = 'digest'
          and params ->> 'items' like '%"manualTask:' || t.id || '"%' offset 0) found
      where keeper.resource_id = resource.id
    ) c where t.id = $1 and c.created_at < coalesce(t.escalated_at, usher_now()) - interval '1 hour') as told`;

const SQL = { grant: facts('$1'), task: facts('(select grant_id from manual_tasks where id = $1)', TOLD) };

/** One grant. Grants are never deleted, so one that is missing was never there. */
export async function loadPlace(q: Query, id: GrantId): Promise<At<PlaceFacts>> {
  const [found] = isId(id) ? await q(SQL.grant, [id]) : [];
  if (found === undefined) throw new DomainError('not-found', { what: 'assignment' });
  const row = found as Row;
  return { facts: placeOf(row), now: instantOf(row['now']) };
}

/**
 * One manual task with its grant. `owners` are those in charge of the resource as the notice reaches them, never the target;
 * catalog owners and administrators as well once it escalated (rule 3.25).
 */
export async function loadManualTask(q: Query, id: string): Promise<At<TaskFacts>> {
  const [found] = isId(id) ? await q(SQL.task, [id]) : [];
  if (found === undefined) throw new DomainError('task-not-open', {});
  const row = found as Row;
  const facts: TaskFacts = {
    ...placeOf(row),
    task: fromRow(governed.manualTask, row['task']),
    keepers: row['keepers'] as readonly PersonRef[],
    told: row['told'] as readonly PersonId[],
    owners: row['owners'] as readonly PersonId[],
  };
  return { facts, now: instantOf(row['now']) };
}

function placeOf(row: Row): PlaceFacts {
  return {
    grant: fromRow(governed.grant, row['grant']),
    person: fromRow(people, row['person']),
    resource: fromRow(resources, row['resource']),
    role: fromRow(resourceRoles, row['role']),
    scope: fromRow(resourceScopes, row['scope']),
    wanted: row['wanted'] as boolean,
    overrideBaseline: row['override_baseline'] as boolean,
    withdrawnFrom: row['withdrawn_from'] as PlaceFacts['withdrawnFrom'],
    twins: (row['twins'] as readonly Row[]).map((twin) => ({
      ...(twin as unknown as Twin),
      grant: fromRow(governed.grant, twin['grant']),
    })),
    openTask: row['open_task'] === null ? null : fromRow(governed.manualTask, row['open_task']),
    assignments: (row['assignments'] as readonly Row[]).map((linked) => ({
      assignment: fromRow(governed.assignment, linked['assignment']),
      requests: fromRows(governed.request, linked['requests']),
      grants: fromRows(governed.grant, linked['grants']),
    })),
  };
}
