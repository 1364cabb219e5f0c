// What the rules look at, read in one statement: a (target, package) pair, a request, an assignment. Locks are taken by the
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
import { MEANS_TARGET, targetRow } from './policies';
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

// Each header names one pair and what hangs on it. `kept`: the policy version that decides.
const SUBMIT = `select $2::uuid as target_id, $3::uuid as package_id, $1::uuid as requestor_id, null::uuid as request_id,
  null::uuid as assignment_id, null::uuid as kept`;
const REQUEST = `select target_id, package_id, requestor_id, id as request_id, assignment_id, policy_version_id as kept
  from requests where id = $1`;
const ASSIGNMENT = `select target_id, package_id, null::uuid as requestor_id, null::uuid as request_id, id as assignment_id,
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
// The requestor in place of the target: whether they could ask for it themselves, have it, or have asked for it.
const SEES = `(
  exists (select 1 from (${targetRow('(select requestor_id from pair)')}) target, package
    join catalogs on catalogs.id = package.catalog_id, versions
    join policy_subjects s on s.policy_version_id = versions.id and s.purpose = 'target'
    where versions.enabled and versions.mode = 'request' and versions.self_request
      and (catalogs.externally_visible or target.kind = 'member') and ${MEANS_TARGET})
  or exists (select 1 from pair join assignments a on a.target_id = pair.requestor_id and a.package_id = pair.package_id
    and a.state in ${LIVE})
  or exists (select 1 from pair join requests r on r.target_id = pair.requestor_id and r.package_id = pair.package_id
    and r.state in ${OPEN}))`;

/** Whether the last day that the policy version `v` fixes is over where that zone is: nothing is given by it any more. */
export const LAST_DAY_OVER = (zone: string): string =>
  `(v.expiration_on is not null and (v.expiration_on + 1)::timestamp at time zone usher_zone(${zone}) <= usher_now())`;

/**
 * What may stand against each `pair`, which may be several: `of` names the package that it stands against. Clashes are all
 * incompatibilities of it, conflicts those that do stand against it now.
 */
export const CONFLICTS = `against as (
  select pair.target_id, pair.package_id as of, i.id as incompatibility_id, i.other_package_id as package_id, i.other_group_id as group_id, i.mutual
  from pair join incompatibilities i on i.package_id = pair.package_id where i.state = 'active'
  union all
  select pair.target_id, pair.package_id, i.id, i.package_id, null, true
  from pair join incompatibilities i on i.other_package_id = pair.package_id where i.state = 'active' and i.mutual
),
clashes as (
  select against.of, against.incompatibility_id, p.id as policy_id, case when p.state = 'enabled' and not exists (
      select 1 from policy_versions v join people on people.id = against.target_id
      where v.id = p.current_version_id and ${LAST_DAY_OVER('people.time_zone')}) then p.current_version_id end as offers,
    to_jsonb(e) as exception, e.state = 'active' and e.until_at > usher_now() as passes,
    case when groups.id is null then 'package' else 'group' end as kind, coalesce(packages.name, groups.name) as name,
    case when groups.id is not null then (select 'member' where exists (
      select 1 from group_members m where m.group_id = groups.id and m.person_id = against.target_id)) else coalesce(
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
  left join packages on packages.id = against.package_id left join groups on groups.id = against.group_id
  left join policies p on p.incompatibility_id = against.incompatibility_id
  left join incompatibility_exceptions e on e.incompatibility_id = against.incompatibility_id and e.person_id = against.target_id
    and e.state <> 'ended'
),
conflicts as (select * from clashes where how is not null and passes is not true)`;

/** A conflict as the rules see it, to be aggregated. */
export const CONFLICT = `jsonb_build_object('kind', kind, 'name', name, 'how', how, 'excusable', offers is not null) order by kind, name`;
const CLASH = `jsonb_build_object('incompatibility', incompatibility_id, 'kind', kind, 'name', name, 'how', how, 'endsAt', ends_at, 'leaving', leaving, 'policy', policy_id,
  'offers', offers, 'exception', exception) order by kind, name, incompatibility_id`;

/** What every look at a pair reads: its parts of a `with`, given its header and those of its versions. */
const PAIR = (header: string, versions: string): string => `
with pair as materialized (${header}),
target as materialized (${targetRow('(select target_id from pair)')}),
${CONFLICTS},
package as materialized (select packages.* from packages where packages.id = (select package_id from pair)),
-- Asking sees the enabled policies as they are now; a request keeps its version (rule 3.8); an assignment has both.
versions as materialized (
  select v.id, p.state = 'enabled' as enabled, v.name, v.mode, v.self_request
  from ${versions}
),
asked as (select null::uuid as key, versions.id as version_id, pair.target_id, null::integer as n from versions, pair),
${CANDIDATES},
-- Of the organization and of this catalog.
holders as materialized (
  select role_holders.* from role_holders where catalog_id is null or catalog_id = (select catalog_id from package)
),
${delegated(
  `select person_id from candidates union
   select person_id from holders where role = 'administrator' or (role = 'catalogOwner' and catalog_id is not null)`,
  '(select package_id from pair)',
  '(select catalog_id from package)',
)},
live as materialized (
  select a.* from pair join assignments a on a.target_id = pair.target_id and a.package_id = pair.package_id and a.state in ${LIVE}
)`;
const CURRENT = `policies p join policy_versions v on v.id = p.current_version_id
  where p.package_id = (select package_id from pair) and p.state = 'enabled' and p.incompatibility_id is null`;
const WITH_EXCEPTIONS = `policies p join policy_versions v on v.id = p.current_version_id
  where p.state = 'enabled' and p.id in (
    select id from policies where package_id = (select package_id from pair) and incompatibility_id is null
    union all select policy_id from clashes where offers is not null)`;
const KEPT = `policy_versions v join policies p on p.id = v.policy_id where v.id = (select kept from pair)`;
const BOTH = `policies p join policy_versions v on v.policy_id = p.id
  where p.package_id = (select package_id from pair)
    and (v.id = (select kept from pair) or (p.state = 'enabled' and v.id = p.current_version_id and p.incompatibility_id is null))`;
const NAMED = `named as materialized (select a.* from assignments a where a.id = (select assignment_id from pair))`;

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
  from grants where grants.person_id = (select target_id from pair)
  and (exists (select 1 from package join package_grants g on g.package_version_id = package.current_version_id
      where g.role_id = grants.role_id and g.scope_id = grants.scope_id)
    or exists (select 1 from grant_assignments link where link.grant_id = grants.id
      and (${mine.map((part) => `link.assignment_id = (select id from ${part})`).join(' or ')})))`;

const HOLDERS = (where: string): string =>
  AGGREGATE(`jsonb_build_object('id', person_id, 'name', name) order by person_id`, `holders where ${where}`);

const PAIR_COLUMNS = (mine: readonly string[]): string => `
  usher_now() as now,
  (select to_jsonb(target) from target) as target,
  (select to_jsonb(package) from package) as package,
  (select to_jsonb(catalogs) from catalogs where catalogs.id = (select catalog_id from package)) as catalog,
  ${AGGREGATE(
    `jsonb_build_object('id', versions.id, 'enabled', enabled, 'in_scope', exists (
       select 1 from policy_subjects s, target
       where s.policy_version_id = versions.id and s.purpose = 'target' and ${MEANS_TARGET})) order by versions.name, versions.id`,
    'versions',
  )} as policies,
  ${AGGREGATE('to_jsonb(candidates) order by n, capacity, person_id', 'candidates')} as candidates,
  ${HOLDERS(`role = 'catalogOwner' and catalog_id is not null`)} as owners,
  ${HOLDERS(`role = 'administrator'`)} as administrators,
  ${AGGREGATE(
    `jsonb_build_object('delegator', delegator, 'delegate', delegate, 'name', name, 'lastDay', last_day) order by delegator, delegate`,
    'delegations_now',
  )} as delegations,
  ${AGGREGATE(CONFLICT, 'conflicts')} as conflicts,
  ${AGGREGATE(CLASH, 'clashes')} as clashes,
  (select to_jsonb(r) from requests r where r.target_id = (select target_id from pair)
    and r.package_id = (select package_id from pair) and r.state in ${OPEN}) as open,
  exists (select 1 from requests r where r.target_id = (select target_id from pair) and r.package_id = (select package_id from pair)
    and r.completed_at > usher_now() - interval '30 days') as lately,
  (select to_jsonb(live) from live) as live,
  exists (select 1 from leaver_access where assignment_id = (select id from live)) as leaving,
  ${AGGREGATE(
    'to_jsonb(j) order by j.id',
    `justifications j where (j.assignment_id = (select id from live) and j.ended_at is null)${
      mine.includes('named') ? ' or j.assignment_id = (select id from named)' : ''
    }`,
  )} as justifications,
  ${AGGREGATE('to_jsonb(held_grants) order by id', `(${heldGrants(mine)}) held_grants`)} as grants,
  exists (select 1 from package join package_grants g on g.package_version_id = package.current_version_id
    join resource_roles role on role.id = g.role_id
    join resources resource on resource.id = role.resource_id and resource.connector = 'manual') as by_hand`;

/** Asking: for the package, or for exceptions, whose policies come as well. */
const ASKING = (versions: string): string => `${PAIR(SUBMIT, versions)}
select ${PAIR_COLUMNS(['live'])},
  (select to_jsonb(requestor) from people requestor where requestor.id = (select requestor_id from pair)) as requestor,
  ${SEES} as requestor_sees,
  coalesce((select target.manager_id = pair.requestor_id from pair, target), false) as manages_target,
  exists (select 1 from pair join holders on holders.person_id = pair.requestor_id
    and (holders.role = 'administrator'
      or holders.catalog_id is not null and holders.role in ('catalogOwner', 'packageManager', 'assignmentManager'))) as may_assign,
  exists (select 1 from pair join holders on holders.person_id = pair.requestor_id
    and (holders.role = 'administrator'
      or holders.catalog_id is not null and holders.role in ('catalogOwner', 'packageManager'))) as may_change`;

const SQL = {
  submit: ASKING(CURRENT),
  exception: ASKING(WITH_EXCEPTIONS),
  request: `${PAIR(REQUEST, KEPT)},
${NAMED},
tasks as materialized (select t.* from approval_tasks t where t.request_id = (select request_id from pair)),
decided as materialized (select d.* from decisions d where d.request_id = (select request_id from pair))
select ${PAIR_COLUMNS(['live', 'named'])},
  (select to_jsonb(requestor) from people requestor where requestor.id = (select requestor_id from pair)) as requestor,
  (select to_jsonb(named) from named) as named,
  (select who from leaver_requests where request_id = (select request_id from pair)) as left,
  (select ${AGAIN('newer')} from pair join requests older on older.id = pair.request_id
    join requests newer on newer.replaces_id = older.id) as replaced_by,
  (select ${AGAIN('older')} from pair join requests newer on newer.id = pair.request_id
    join requests older on older.id = newer.replaces_id) as replaced,
  ${AGGREGATE(
    `jsonb_build_object('role', g.role_id, 'scope', g.scope_id, 'name', ${ROLE_NAME}) order by ${BY_NAME}`,
    `${NAMED_ROLES} where g.package_version_id = (select current_version_id from package)`,
  )} as roles,
  (select to_jsonb(r) from requests r where r.id = (select request_id from pair)) as request,
  ${AGGREGATE('to_jsonb(s) order by s.n', 'approval_stages s where s.request_id = (select request_id from pair)')} as stages,
  ${AGGREGATE('to_jsonb(tasks) order by n, id', 'tasks')} as tasks,
  ${AGGREGATE('to_jsonb(decided) order by n, id', 'decided')} as decisions,
  ${AGGREGATE(
    `jsonb_build_object('id', p.id, 'name', p.name) order by p.id`,
    `people p where p.id in (select person_id from tasks union select person_id from decided)`,
  )} as people
where exists (select 1 from pair)`,
  assignment: `${PAIR(ASSIGNMENT, BOTH)},
${NAMED}
select ${PAIR_COLUMNS(['live', 'named'])},
  (select kept from pair) as kept,
  (select to_jsonb(named) from named) as named,
  ${AGGREGATE(
    'to_jsonb(r) order by r.id',
    `requests r where r.assignment_id = (select id from named) and r.state in ('delivering', 'partiallyDelivered', 'deliveryFailed')`,
  )} as undelivered
where exists (select 1 from pair)`,
};

/** What asking for a package looks at, or for an exception. Unknown people and packages, and deleted packages, do not exist. */
export async function loadSubmit(q: Query, input: AskOf): Promise<At<SubmitFacts>> {
  if (!isId(input.target) || !isId(input.requestor)) throw new DomainError('not-found', { what: 'person' });
  if (!isId(input.package)) throw new DomainError('not-found', { what: 'package' });
  const [found] = await q(SQL[input.for ?? 'submit'], [input.requestor, input.target, input.package]);
  const row = found as Row;
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

/** Everything about one request. `shown`: the content that whoever decides now says they saw. */
export async function loadRequest(q: Query, id: RequestId, shown?: unknown): Promise<At<RequestFacts>> {
  const [found] = isId(id) ? await q(SQL.request, [id]) : [];
  if (found === undefined) throw new DomainError('not-found', { what: 'request' });
  const row = found as Row;
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
