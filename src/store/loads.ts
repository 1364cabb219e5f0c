// What the rules look at, read in one statement: (target, package) pairs, requests, an assignment. Locks are taken by the
// caller beforehand (locks.ts), in a statement of their own. Versions, which never change, come from versions.ts. Grants and
// manual tasks: placements.ts.
import { DomainError } from '../domain/errors';
import type {
  AskedAgain,
  AssignmentFacts,
  Candidate,
  Clash,
  Conflict,
  Delegated,
  GrantFact,
  PairFacts,
  RequestFacts,
  RoleNamed,
  SubmitFacts,
} from '../domain/facts';
import type {
  AssignmentId,
  PackageVersion,
  PackageVersionId,
  PersonId,
  PersonRef,
  PolicyVersion,
  PolicyVersionId,
  RequestId,
} from '../domain/model';
import type { AskOf } from '../operations/ports';
import { CANDIDATES } from './approvers';
import { delegated } from './delegations';
import { isOver } from '../domain/period';
import { isId } from './ids';
import { IS_MEMBER, MEANS_TARGET, targetRow } from './policies';
import type { Query, Row } from './query';
import { catalogs, fromRow, fromRows, governed, instantOf, packages, people, toInstant } from './tables';
import { contents, contentsFound, policyVersions } from './versions';

interface PolicyRow {
  readonly id: PolicyVersionId;
  readonly in_scope: boolean;
  readonly enabled: boolean;
}

/** A value together with the instant (database clock) at which it was true. */
export interface At<T> {
  readonly facts: T;
  readonly now: Date;
}

/** States in which an assignment is held or about to be; the same list as LIVE_ASSIGNMENT_STATES. */
export const LIVE = `('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')`;
/** States in which the roles may still be there: what is not yet taken away still stands against another package. */
const HOLDING = `('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed', 'removing', 'removalFailed')`;
/** States in which an assignment justifies its grants: not yet while scheduled, not any more once it ends. */
export const JUSTIFYING = `('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')`;
/** The same list as OPEN_REQUEST_STATES. */
export const OPEN = `('pendingApproval', 'scheduled')`;

// Each header names pairs and what hangs on them; `of` is the place of each. `kept`: the policy version that decides.
const SUBMIT = `select given.of::integer as of, given.target_id, given.package_id, given.requestor_id, null::uuid as request_id,
  null::uuid as assignment_id, null::uuid as kept
  from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as given (requestor_id, target_id, package_id, of)`;
const REQUEST = `select given.of::integer as of, target_id, package_id, requestor_id, id as request_id, assignment_id,
  policy_version_id as kept
  from unnest($1::uuid[]) with ordinality as given (request_id, of)
  cross join lateral (select * from requests where requests.id = given.request_id offset 0) requests`;
const ASSIGNMENT = `select 1 as of, target_id, package_id, null::uuid as requestor_id, null::uuid as request_id, id as assignment_id,
  (select policy_version_id from justifications j where j.assignment_id = assignments.id and j.ended_at is null
    order by j.starts_at desc, j.id desc limit 1) as kept
  from assignments where id = $1`;

/** A list, empty where there is none. */
export const AGGREGATE = (what: string, from: string): string =>
  `(select coalesce(jsonb_agg(${what}), '[]') from ${from})`;

/** A role by the name that people write. */
export const ROLE_NAME = `resources.name || ' / ' || role.name || case when scope.root then '' else ' / ' || scope.name end`;
export const BY_NAME = `resources.name, role.name, scope.root desc, scope.name, role.id`;
export const NAMED_ROLES = `package_grants g join resource_roles role on role.id = g.role_id join resources on resources.id = role.resource_id
  join resource_scopes scope on scope.id = g.scope_id`;

/** One request asked again as another: the number of `other`, and which roles somebody who decided the older one had not seen. */
const AGAIN = (other: 'newer' | 'older'): string =>
  `jsonb_build_object('number', ${other}.number, 'added', ${AGGREGATE(
    `${ROLE_NAME} order by ${BY_NAME}`,
    `${NAMED_ROLES}
     where g.package_version_id = newer.package_version_id and exists (select 1 from decisions d where d.request_id = older.id
       and not exists (select 1 from package_grants had
         where had.package_version_id = coalesce((d.shown ->> 'packageVersion')::uuid, older.package_version_id)
           and had.role_id = g.role_id and had.scope_id = g.scope_id))`,
  )})`;
// The requestor in place of the target: whether they could ask for it themselves, have it, or have asked for it. Of no interest where
// they are the target.
const SEES = `(pair.requestor_id <> pair.target_id and (
  exists (select 1 from (${targetRow('pair.requestor_id')}) target
    join package on package.of = pair.of join catalogs on catalogs.id = package.catalog_id
    join versions on versions.of = pair.of
    join policy_subjects s on s.policy_version_id = versions.id and s.purpose = 'target'
    where versions.enabled and versions.mode = 'request' and versions.self_request
      and (catalogs.externally_visible or target.kind = 'member') and ${MEANS_TARGET})
  or exists (select 1 from assignments a where a.target_id = pair.requestor_id and a.package_id = pair.package_id
    and a.state in ${LIVE})
  or exists (select 1 from requests r where r.target_id = pair.requestor_id and r.package_id = pair.package_id
    and r.state in ${OPEN})))`;

/** Whether the last day that the policy version `v` fixes is over where that zone is: nothing is given by it any more. */
export const LAST_DAY_OVER = (zone: string): string =>
  `(v.expiration_on is not null and (v.expiration_on + 1)::timestamp at time zone usher_zone(${zone}) <= usher_now())`;

/**
 * What may stand against each `pair`, by its `of`. Clashes are all incompatibilities of its package, conflicts those that do stand
 * against it now.
 */
export const CONFLICTS = `against as (
  select pair.target_id, pair.of, i.id as incompatibility_id, i.other_package_id as package_id, i.other_group_id as group_id, i.mutual
  from pair cross join lateral (
    select * from incompatibilities i where i.package_id = pair.package_id and i.state = 'active' offset 0) i
  union all
  select pair.target_id, pair.of, i.id, i.package_id, null, true
  from pair cross join lateral (
    select * from incompatibilities i where i.other_package_id = pair.package_id and i.state = 'active' and i.mutual offset 0) i
),
clashes as (
  select against.of, against.incompatibility_id, p.id as policy_id, case when p.state = 'enabled' and not exists (
      select 1 from policy_versions v join people on people.id = against.target_id
      where v.id = p.current_version_id and ${LAST_DAY_OVER('people.time_zone')}) then p.current_version_id end as offers,
    case when e.id is not null then to_jsonb(e) end as exception, e.state = 'active' and e.until_at > usher_now() as passes,
    case when groups.id is null then 'package' else 'group' end as kind, coalesce(packages.name, groups.name) as name,
    case when groups.id is not null then (select 'member'
      where ${IS_MEMBER('groups.id', 'against.target_id')}) else coalesce(
    (select case when a.state = 'scheduled' then 'scheduled' when a.ended_at is null then 'held' else 'leaving' end from assignments a
      where a.target_id = against.target_id and a.package_id = against.package_id and a.state in ${HOLDING}
      order by a.ended_at nulls first limit 1),
    (select case r.state when 'scheduled' then 'scheduled' else 'pending' end from requests r
      where r.target_id = against.target_id and r.package_id = against.package_id and r.state in ${OPEN}
        and r.type in ('userAdd', 'userExtend', 'adminAdd', 'systemAdd'))) end as how,
    -- One way only, the other may be extended whatever this package does; what is being removed is there until it is gone.
    case when against.mutual then (select case when a.ended_at is null then a.ends_at end from assignments a
      where a.target_id = against.target_id and a.package_id = against.package_id and a.state in ${HOLDING}
      order by a.ended_at nulls first limit 1) end as ends_at,
    coalesce((select a.ended_at is not null from assignments a
      where a.target_id = against.target_id and a.package_id = against.package_id and a.state in ${HOLDING}
      order by a.ended_at nulls first limit 1), false) as leaving
  from against
  left join lateral (select packages.name from packages where packages.id = against.package_id offset 0) packages on true
  left join lateral (select groups.id, groups.name from groups where groups.id = against.group_id offset 0) groups on true
  left join lateral (select * from policies where policies.incompatibility_id = against.incompatibility_id offset 0) p on true
  left join lateral (select * from incompatibility_exceptions e where e.incompatibility_id = against.incompatibility_id
    and e.person_id = against.target_id and e.state <> 'ended' offset 0) e on true
),
conflicts as (select * from clashes where how is not null and passes is not true)`;

/** A conflict as the rules see it, to be aggregated. */
export const CONFLICT = `jsonb_build_object('kind', kind, 'name', name, 'how', how, 'excusable', offers is not null) order by kind, name`;
const CLASH = `jsonb_build_object('incompatibility', incompatibility_id, 'kind', kind, 'name', name, 'how', how, 'endsAt', ends_at, 'leaving', leaving, 'policy', policy_id,
  'offers', offers, 'exception', exception) order by kind, name, incompatibility_id`;

// One by one, by index: for fear of many pairs the planner would read a table.
const EACH = (what: string): string => `cross join lateral (${what} offset 0)`;

/** What every look at pairs reads: its parts of a `with`, given its header and those of its versions; each row with the `of` of its pair. */
const PAIR = (header: string, versions: string): string => `
with pair as materialized (${header}),
target as materialized (select pair.of, target.* from pair ${EACH(targetRow('pair.target_id'))} target),
${CONFLICTS},
package as materialized (
  select pair.of, package.* from pair ${EACH('select * from packages where packages.id = pair.package_id')} package
),
-- Asking sees the enabled policies as they are now; a request keeps its version (rule 3.8); an assignment has both.
versions as materialized (
  select pair.of, v.id, v.enabled, v.name, v.mode, v.self_request
  from pair ${EACH(`select v.*, p.state = 'enabled' as enabled from ${versions}`)} v
),
asked as (
  select versions.of as key, versions.id as version_id, pair.target_id, null::integer as n from versions join pair using (of)
),
${CANDIDATES},
-- Of the organization and of this catalog.
holders as materialized (
  select package.of, h.* from package ${EACH(
    'select * from role_holders where role_holders.catalog_id is null or role_holders.catalog_id = package.catalog_id',
  )} h
),
${delegated(
  `select who.of, who.person_id, package.id as package_id, package.catalog_id
   from (select key as of, person_id from candidates
     union select of, person_id from holders where role = 'administrator' or (role = 'catalogOwner' and catalog_id is not null)) who
   join package using (of)`,
)},
live as materialized (
  select pair.of, a.* from pair ${EACH(`select * from assignments
    where assignments.target_id = pair.target_id and assignments.package_id = pair.package_id and assignments.state in ${LIVE}`)} a
)`;
const CURRENT = `policies p join policy_versions v on v.id = p.current_version_id
  where p.package_id = pair.package_id and p.state = 'enabled' and p.incompatibility_id is null`;
const WITH_EXCEPTIONS = `(
    select id from policies where package_id = pair.package_id and incompatibility_id is null
    union all select policy_id from clashes where clashes.of = pair.of and offers is not null) chosen
  join policies p on p.id = chosen.id join policy_versions v on v.id = p.current_version_id where p.state = 'enabled'`;
const KEPT = `policy_versions v join policies p on p.id = v.policy_id where v.id = pair.kept`;
const BOTH = `policies p join policy_versions v on v.policy_id = p.id
  where p.package_id = pair.package_id
    and (v.id = pair.kept or (p.state = 'enabled' and v.id = p.current_version_id and p.incompatibility_id is null))`;
const NAMED = `named as materialized (
  select pair.of, a.* from pair ${EACH('select * from assignments where assignments.id = pair.assignment_id')} a
)`;
const ID_OF = (part: string): string => `(select ${part}.id from ${part} where ${part}.of = pair.of)`;
/** What there is of the pair in this part. */
const OF = (part: string): string => `(select to_jsonb(${part}) from ${part} where ${part}.of = pair.of)`;

/** Grants of the pair's roles, and those that hang on the assignments of `mine` (parts with an `id`). */
const heldGrants = (mine: readonly string[]): string => `
  select grants.*, ${AGGREGATE(
    'link.assignment_id order by link.assignment_id',
    `standing_links link join assignments a on a.id = link.assignment_id and a.state in ${JUSTIFYING}
     where link.grant_id = grants.id`,
  )} as justified_by, ${AGGREGATE(
    'link.assignment_id order by link.assignment_id',
    `grant_assignments link join assignments a on a.id = link.assignment_id and a.state in ${JUSTIFYING}
     where link.grant_id = grants.id and link.withdrawn_at is not null`,
  )} as lost_by
  from grants where grants.person_id = pair.target_id
  and (exists (select 1 from package join package_grants g on g.package_version_id = package.current_version_id
      where package.of = pair.of and g.role_id = grants.role_id and g.scope_id = grants.scope_id)
    or exists (select 1 from grant_assignments link where link.grant_id = grants.id
      and (${mine.map((part) => `link.assignment_id = ${ID_OF(part)}`).join(' or ')})))`;

const HOLDERS = (where: string): string =>
  AGGREGATE(
    `jsonb_build_object('id', person_id, 'name', name) order by person_id`,
    `holders where holders.of = pair.of and ${where}`,
  );

const PAIR_COLUMNS = (mine: readonly string[]): string => `
  pair.of,
  usher_now() as now,
  ${OF('target')} as target,
  ${OF('package')} as package,
  (select to_jsonb(catalogs) from catalogs where catalogs.id = (select catalog_id from package where package.of = pair.of)) as catalog,
  ${AGGREGATE(
    `jsonb_build_object('id', versions.id, 'enabled', enabled, 'in_scope', exists (
       select 1 from policy_subjects s, target
       where target.of = pair.of and s.policy_version_id = versions.id and s.purpose = 'target' and ${MEANS_TARGET}))
       order by versions.name, versions.id`,
    'versions where versions.of = pair.of',
  )} as policies,
  ${AGGREGATE(
    'to_jsonb(candidates) order by n, capacity, person_id',
    'candidates where candidates.key = pair.of',
  )} as candidates,
  ${HOLDERS(`role = 'catalogOwner' and catalog_id is not null`)} as owners,
  ${HOLDERS(`role = 'administrator'`)} as administrators,
  ${AGGREGATE(
    `jsonb_build_object('delegator', delegator, 'delegate', delegate, 'name', name, 'lastDay', last_day) order by delegator, delegate`,
    'delegations_now where delegations_now.of = pair.of',
  )} as delegations,
  ${AGGREGATE(CONFLICT, 'conflicts where conflicts.of = pair.of')} as conflicts,
  ${AGGREGATE(CLASH, 'clashes where clashes.of = pair.of')} as clashes,
  (select to_jsonb(r) from requests r where r.target_id = pair.target_id and r.package_id = pair.package_id
    and r.state in ${OPEN}) as open,
  exists (select 1 from requests r where r.target_id = pair.target_id and r.package_id = pair.package_id
    and r.completed_at > usher_now() - interval '30 days' offset 0) as lately,
  ${OF('live')} as live,
  exists (select 1 from leaver_access where assignment_id = ${ID_OF('live')}) as leaving,
  ${AGGREGATE(
    'to_jsonb(j) order by j.id',
    `justifications j where (j.assignment_id = ${ID_OF('live')} and j.ended_at is null)${
      mine.includes('named') ? ` or j.assignment_id = ${ID_OF('named')}` : ''
    }`,
  )} as justifications,
  ${AGGREGATE('to_jsonb(held_grants) order by id', `(${heldGrants(mine)}) held_grants`)} as grants,
  exists (select 1 from package join package_grants g on g.package_version_id = package.current_version_id
    join resource_roles role on role.id = g.role_id
    join resources resource on resource.id = role.resource_id and resource.connector = 'manual' where package.of = pair.of) as by_hand`;

/** Asking: for the package, or for exceptions, whose policies come as well. */
const ASKING = (versions: string): string => `${PAIR(SUBMIT, versions)}
select ${PAIR_COLUMNS(['live'])},
  (select to_jsonb(requestor) from people requestor where requestor.id = pair.requestor_id) as requestor,
  ${SEES} as requestor_sees,
  coalesce((select target.manager_id = pair.requestor_id from target where target.of = pair.of), false) as manages_target,
  exists (select 1 from holders where holders.of = pair.of and holders.person_id = pair.requestor_id
    and (holders.role = 'administrator'
      or holders.catalog_id is not null and holders.role in ('catalogOwner', 'packageManager', 'assignmentManager'))) as may_assign,
  exists (select 1 from holders where holders.of = pair.of and holders.person_id = pair.requestor_id
    and (holders.role = 'administrator'
      or holders.catalog_id is not null and holders.role in ('catalogOwner', 'packageManager'))) as may_change
from pair`;

const SQL = {
  submit: ASKING(CURRENT),
  exception: ASKING(WITH_EXCEPTIONS),
  request: `${PAIR(REQUEST, KEPT)},
${NAMED},
tasks as materialized (
  select pair.of, t.* from pair ${EACH('select * from approval_tasks where approval_tasks.request_id = pair.request_id')} t
),
decided as materialized (
  select pair.of, d.* from pair ${EACH('select * from decisions where decisions.request_id = pair.request_id')} d
)
select ${PAIR_COLUMNS(['live', 'named'])},
  (select to_jsonb(requestor) from people requestor where requestor.id = pair.requestor_id) as requestor,
  ${OF('named')} as named,
  (select who from leaver_requests where leaver_requests.request_id = pair.request_id) as left,
  (select ${AGAIN('newer')} from requests older join requests newer on newer.replaces_id = older.id
    where older.id = pair.request_id) as replaced_by,
  (select ${AGAIN('older')} from requests newer join requests older on older.id = newer.replaces_id
    where newer.id = pair.request_id) as replaced,
  ${AGGREGATE(
    `jsonb_build_object('role', g.role_id, 'scope', g.scope_id, 'name', ${ROLE_NAME}) order by ${BY_NAME}`,
    `${NAMED_ROLES} where g.package_version_id = (select current_version_id from package where package.of = pair.of)`,
  )} as roles,
  (select to_jsonb(r) from requests r where r.id = pair.request_id) as request,
  ${AGGREGATE('to_jsonb(s) order by s.n', 'approval_stages s where s.request_id = pair.request_id')} as stages,
  ${AGGREGATE('to_jsonb(tasks) order by n, id', 'tasks where tasks.of = pair.of')} as tasks,
  ${AGGREGATE('to_jsonb(decided) order by n, id', 'decided where decided.of = pair.of')} as decisions,
  ${AGGREGATE(
    `jsonb_build_object('id', p.id, 'name', p.name) order by p.id`,
    `people p where p.id = any (array(
       select person_id from tasks where tasks.of = pair.of union select person_id from decided where decided.of = pair.of))`,
  )} as people
from pair`,
  assignment: `${PAIR(ASSIGNMENT, BOTH)},
${NAMED}
select ${PAIR_COLUMNS(['live', 'named'])},
  pair.kept,
  ${OF('named')} as named,
  ${AGGREGATE(
    'to_jsonb(r) order by r.id',
    `requests r where r.assignment_id = ${ID_OF('named')} and r.state in ('delivering', 'partiallyDelivered', 'deliveryFailed')`,
  )} as undelivered
from pair`,
};

/** What asking for a package looks at, or for an exception. Unknown people and packages, and deleted packages, do not exist. */
export function loadSubmit(q: Query, input: AskOf): Promise<At<SubmitFacts>> {
  return only(loadSubmits(q, [input], input.for));
}

/** The same for several at once, who all ask for packages, or all for exceptions. */
export function loadSubmits(
  q: Query,
  inputs: readonly AskOf[],
  what: AskOf['for'] | 'submit' = 'submit',
): Promise<Looks<SubmitFacts>> {
  return looks(
    q,
    SQL[what],
    [
      inputs.map(({ requestor }) => known(requestor)),
      inputs.map(({ target }) => known(target)),
      inputs.map((input) => known(input.package)),
    ],
    submitOf,
  );
}

async function submitOf(q: Query, row: Row): Promise<At<SubmitFacts>> {
  if (row['target'] === null || row['requestor'] === null) throw new DomainError('not-found', { what: 'person' });
  if (row['package'] === null) throw new DomainError('not-found', { what: 'package' });
  const pair = await pairOf(q, row);
  if (pair.package.state === 'deleted') throw new DomainError('not-found', { what: 'package' });
  return {
    now: instantOf(row['now']),
    facts: {
      ...pair,
      requestor: fromRow(people, row['requestor']),
      managesTarget: row['manages_target'] as boolean,
      mayAssign: row['may_assign'] as boolean,
      mayChange: row['may_change'] as boolean,
      requestorMaySee: row['requestor_sees'] === true || row['may_assign'] === true,
    },
  };
}

/** A request, and the content that whoever decides now says they saw. */
export interface RequestShown {
  readonly id: RequestId;
  readonly shown?: unknown;
}

/** Everything about one request. */
export function loadRequest(q: Query, request: RequestShown): Promise<At<RequestFacts>> {
  return only(loadRequests(q, [request]));
}

/** Everything about several requests. */
export function loadRequests(q: Query, requests: readonly RequestShown[]): Promise<Looks<RequestFacts>> {
  return looks(q, SQL.request, [requests.map(({ id }) => known(id))], (inside, row, n) =>
    requestOf(inside, row, requests[n]?.shown),
  );
}

async function requestOf(q: Query, row: Row, shown: unknown): Promise<At<RequestFacts>> {
  const request = fromRow(governed.request, row['request']);
  const requestor = row['requestor'] === null ? null : fromRow(people, row['requestor']);
  const decisions = fromRows(governed.decision, row['decisions']);
  const said = [shown, ...decisions.map((one) => one.shown['packageVersion'])];
  return {
    now: instantOf(row['now']),
    facts: {
      ...(await pairOf(q, row)),
      request,
      requestor: requestor && { id: requestor.id, name: requestor.name, state: requestor.state },
      left: row['left'] as RequestFacts['left'],
      stages: fromRows(governed.stage, row['stages']),
      tasks: fromRows(governed.task, row['tasks']),
      decisions,
      people: row['people'] as readonly PersonRef[],
      assignment: row['named'] === null ? null : fromRow(governed.assignment, row['named']),
      asked: await contentOf(q, request.packageVersion),
      seen: await contentsFound(q, [...new Set(said.filter(isContentId))]),
      roles: row['roles'] as readonly RoleNamed[],
      replacedBy: row['replaced_by'] as AskedAgain | null,
      replaced: row['replaced'] as AskedAgain | null,
    },
  };
}

/** Everything about one assignment. */
export async function loadAssignment(q: Query, id: AssignmentId): Promise<At<AssignmentFacts>> {
  const [found] = isId(id) ? await q(SQL.assignment, [id]) : [];
  if (found === undefined) throw new DomainError('not-found', { what: 'assignment' });
  const row = found as Row;
  const [latest] = row['kept'] === null ? [] : await policyVersions(q, [row['kept'] as PolicyVersionId]);
  return {
    now: instantOf(row['now']),
    facts: {
      ...(await pairOf(q, row)),
      assignment: fromRow(governed.assignment, row['named']),
      latest: latest ?? null,
      undelivered: fromRows(governed.request, row['undelivered']),
    },
  };
}

async function pairOf(q: Query, row: Row): Promise<PairFacts> {
  const target = row['target'] as Row;
  const person = fromRow(people, target);
  const now = instantOf(row['now']);
  const pkg = fromRow(packages, row['package']);
  const found = row['policies'] as readonly PolicyRow[];
  const versions = await policyVersions(
    q,
    found.map(({ id }) => id),
  );
  return {
    target: person,
    organizationConfigured: target['kind'] === 'member' || target['organization_state'] === 'configured',
    catalog: fromRow(catalogs, row['catalog']),
    package: pkg,
    content: await contentOf(q, pkg.current),
    policies: versions.map((policy, index) => ({
      policy,
      inScope: found[index]?.in_scope === true,
      enabled: found[index]?.enabled === true,
      over: isOver(policy, person.timeZone, now),
    })),
    candidates: (row['candidates'] as readonly Row[]).map(candidateOf),
    owners: row['owners'] as readonly PersonRef[],
    administrators: row['administrators'] as readonly PersonRef[],
    delegations: row['delegations'] as readonly Delegated[],
    conflicts: row['conflicts'] as readonly Conflict[],
    clashes: (row['clashes'] as readonly Row[]).map(clashOf),
    open: row['open'] === null ? null : fromRow(governed.request, row['open']),
    live: row['live'] === null ? null : fromRow(governed.assignment, row['live']),
    lately: row['lately'] as boolean,
    leaving: row['leaving'] as boolean,
    justifications: fromRows(governed.justification, row['justifications']),
    grants: (row['grants'] as readonly Row[]).map(grantFactOf),
    byHand: row['by_hand'] as boolean,
  };
}

/** What was found for each that was asked for, in their order, or why it is refused. */
export type Looks<T> = readonly PromiseSettledResult<At<T>>[];

async function looks<T>(
  q: Query,
  sql: string,
  values: readonly (readonly (string | null)[])[],
  read: (q: Query, row: Row, n: number) => Promise<At<T>>,
): Promise<Looks<T>> {
  const rows = (await q(sql, values)) as readonly (Row & { readonly of: number })[];
  const found = new Map(rows.map((row) => [row.of, row]));
  const answers: PromiseSettledResult<At<T>>[] = [];
  for (const n of (values[0] ?? []).keys()) {
    const row = found.get(n + 1);
    try {
      if (row === undefined) throw new DomainError('not-found', { what: 'request' });
      answers.push({ status: 'fulfilled', value: await read(q, row, n) });
    } catch (reason) {
      // What the database refuses is nobody's answer.
      if (!(reason instanceof DomainError)) throw reason;
      answers.push({ status: 'rejected', reason });
    }
  }
  return answers;
}

async function only<T>(looking: Promise<Looks<T>>): Promise<At<T>> {
  const [answer] = await looking;
  if (answer?.status === 'fulfilled') return answer.value;
  throw answer?.reason ?? new Error('a look without an answer');
}

// What is no id is nobody's, and nothing.
function known(id: string): string | null {
  return isId(id) ? id : null;
}

function isContentId(said: unknown): said is PackageVersionId {
  return typeof said === 'string' && isId(said);
}

async function contentOf(q: Query, id: PackageVersionId): Promise<PackageVersion> {
  const [content] = await contents(q, [id]);
  if (content === undefined) throw new Error('a package without content');
  return content;
}

function clashOf(row: Row): Clash {
  const { exception, endsAt } = row;
  return {
    ...(row as unknown as Clash),
    endsAt: toInstant(endsAt),
    exception: exception === null ? null : fromRow(governed.exception, exception),
  };
}

function candidateOf(row: Row): Candidate {
  return {
    policyVersion: row['version_id'] as PolicyVersion['id'],
    n: row['n'] as number,
    capacity: row['capacity'] as Candidate['capacity'],
    person: row['person_id'] as PersonId,
    name: row['name'] as string,
    because: row['because'] as Candidate['because'],
  };
}

function grantFactOf(row: Row): GrantFact {
  return {
    grant: fromRow(governed.grant, row),
    justifiedBy: row['justified_by'] as readonly AssignmentId[],
    lostBy: row['lost_by'] as readonly AssignmentId[],
  };
}
