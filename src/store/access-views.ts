// What a person holds, asked for and has to decide, and how a request went: the lists and timelines of the conversation.
import type { AssignmentId, PersonRef, RequestId } from '../domain/model';
import type { AccessRow, ApprovalRow, HandRow, RemovalRow, RequestRow, TimelineRow, Views } from '../operations/ports';
import { listOf, readPage, type Way } from './cursors';
import { isId } from './ids';
import { JUSTIFYING, LIVE } from './loads';
import type { Query } from './query';
import { UNREACHED } from './reach';

type AccessViews = Pick<
  Views,
  | 'requestByNumber'
  | 'access'
  | 'accessBack'
  | 'requests'
  | 'approvals'
  | 'timeline'
  | 'unreached'
  | 'holds'
  | 'held'
  | 'contents'
  | 'liveAssignment'
  | 'endedBy'
  | 'grantProblems'
  | 'removalOf'
  | 'waitsForHands'
>;

const REF = (id: string): string =>
  `(select jsonb_build_object('id', people.id, 'name', people.name) from people where people.id = ${id})`;

const BY_NUMBER = 'select id from requests where number = $1';

// As `domain/cancel.ts#neverBegan`: what was taken back or refused before it began nobody had.
const BEGAN = `(a.ended_at is null or (a.ended_at >= a.starts_at and a.end_reason not in ('gateClosed', 'canceled')))`;

// What is held first, then what has ended and is not yet removed, then what is removed; each newest first.
const ACCESS =
  (which: string, total = '') =>
  ({ less, more, asc, desc }: Way): string => `
select * from (
  select a.id, a.package_id as package, packages.name as "packageName", a.state, a.starts_at as "startsAt", a.ends_at as "endsAt",
    a.ended_at as "endedAt", a.end_reason as "endReason",
    (select coalesce(jsonb_agg(jsonb_build_object('kind', j.kind, 'number', r.number) order by j.id), '[]')
      from justifications j join requests r on r.id = j.request_id
      where j.assignment_id = a.id and (j.ended_at is null or a.ended_at is not null)) as why,
    a.ended_at is null and coalesce((select v.self_remove from justifications j
      join policy_versions v on v.id = j.policy_version_id
      where j.assignment_id = a.id and j.ended_at is null order by j.starts_at desc, j.id desc limit 1), false) as "mayGiveUp",
    case when a.ended_at is null then 0 when a.state <> 'removed' then 1 else 2 end as rank${total}
  from assignments a join packages on packages.id = a.package_id
  where a.target_id = $1 and ${which} and ${BEGAN}
) listed
where $2::integer is null or rank ${more} $2 or (rank = $2 and id ${less} $3::uuid)
order by rank ${asc}, id ${desc} limit $4`;

const LATELY = `(a.state <> 'removed' or a.ended_at > usher_now() - interval '30 days')`;

// What ended because the person was disabled, since they were for the first time after they had been back before. Some of it ends a
// moment after they are back.
const LEFT = (than: string): string =>
  `from audit_events e where e.subject_kind = 'person' and e.subject_id = $1::uuid::text and ${than}`;
const LAST_LEAVE = `a.end_reason = 'targetDisabled' and a.ended_at >= (
  select min(e.at) ${LEFT(`e.type in ('person.disabled', 'person.deleted') and e.id > coalesce((
    select e.id ${LEFT(`e.type in ('person.enabled', 'person.restored')`)} order by e.id desc offset 1 limit 1), 0)`)})`;

const REQUEST_COLUMNS = `r.id, r.number, r.type, r.state, packages.name as "packageName", ${REF('r.target_id')} as target,
  ${REF('r.requestor_id')} as requestor, r.created_at as "createdAt",
  (select a.ended_at from assignments a where a.id = r.assignment_id) as "endedAt"`;

// Two index scans that stop at the page's end, instead of one that reads everything the person ever asked for.
const REQUESTS = ({ less, desc }: Way): string => `
select ${REQUEST_COLUMNS} from (
  (select * from requests where target_id = $1 and ($2::uuid is null or id ${less} $2) order by id ${desc} limit $3)
  union
  (select * from requests where requestor_id = $1 and ($2::uuid is null or id ${less} $2) order by id ${desc} limit $3)
) r join packages on packages.id = r.package_id
order by r.id ${desc} limit $3`;

const APPROVALS = ({ more, asc }: Way): string => `
select ${REQUEST_COLUMNS}, s.decide_by as "decideBy", (select name from people where people.id = t.for_id) as "for",
  r.reason, r.version
from approval_tasks t
join approval_stages s on s.request_id = t.request_id and s.n = t.n and s.state = 'inProgress'
join requests r on r.id = t.request_id and r.state = 'pendingApproval'
join packages on packages.id = r.package_id
where t.person_id = $1 and t.state = 'open' and r.target_id <> $1 and r.requestor_id is distinct from $1
  and ($2::timestamptz is null or (s.decide_by, r.id) ${more} ($2, $3::uuid))
order by s.decide_by ${asc}, r.id ${asc} limit $4`;

const TIMELINE = `
select id::float as id, at, type, ${REF('e.actor_id')} as actor, ${REF('e.person_id')} as person, stage, data
from audit_events e where request_id = $1 order by e.id`;

const HOLDS = `
select packages.name, count(*) over ()::integer as total
from assignments a join packages on packages.id = a.package_id
where a.target_id = $1 and a.state in ${LIVE} and a.state <> 'scheduled'
order by lower(packages.name), a.id limit $2`;
const HELD = ({ more, asc }: Way): string => `
select lower(packages.name) as key, a.id, packages.name
from assignments a join packages on packages.id = a.package_id
where a.target_id = $1 and a.state in ${LIVE} and a.state <> 'scheduled'
  and ($2::text is null or (lower(packages.name), a.id) ${more} ($2, $3::uuid))
order by lower(packages.name) ${asc}, a.id ${asc} limit $4`;
const CONTENTS = `
select resource.name || case when scope.root then '' else ' / ' || scope.name end || ': ' || role.name as name,
  count(*) over ()::integer as total
from packages join package_grants part on part.package_version_id = packages.current_version_id
join resource_roles role on role.id = part.role_id join resources resource on resource.id = role.resource_id
join resource_scopes scope on scope.id = part.scope_id
where packages.id = $1 order by 1, role.id limit $2`;
const LIVE_ONE = `select id from assignments where target_id = $1 and package_id = $2 and state in ${LIVE}`;
const ENDED_BY = `
select people.name, r.reason from requests r left join people on people.id = r.requestor_id
where r.assignment_id = $1 and r.detail in ('gaveUp', 'removedByOwner') and r.type in ('userRemove', 'adminRemove', 'systemRemove')
order by r.id desc limit 1`;
const PROBLEMS = `
select resource.name || case when scope.root then '' else ' / ' || scope.name end as resource, role.name as role,
  coalesce(g.error, '') as error
from grant_assignments link join assignments a on a.id = link.assignment_id join grants g on g.id = link.grant_id
  -- What somebody else wants by now, and does not get, is nothing that is still there of what ended.
  and (g.state = 'takeFailed' or (g.state = 'placeFailed' and link.withdrawn_at is null and a.ended_at is null))
join resource_roles role on role.id = g.role_id join resources resource on resource.id = role.resource_id
join resource_scopes scope on scope.id = g.scope_id
where link.assignment_id = $1 order by resource.name, role.name, g.id`;

// By what was given since, some role of what ended is wanted again. What was kept, because it was theirs or other access gives it, was
// never taken since it was to be.
const REMOVAL = `
select newer.number as again, coalesce(newer.same, false) as same, exists (
    select 1 from grant_assignments link join grants g on g.id = link.grant_id
    where link.assignment_id = ended.id and coalesce(link.withdrawn_at, ended.ended_at) is not null
      and (g.state <> 'taken' or g.taken_at is null or g.taken_at < coalesce(link.withdrawn_at, ended.ended_at))) as stays
from assignments ended left join lateral (
  select r.number::integer as number, live.package_id = a.package_id as same
  from assignments a join grant_assignments link on link.assignment_id = a.id
  join standing_links other on other.grant_id = link.grant_id and other.assignment_id <> a.id
  join assignments live on live.id = other.assignment_id and live.state in ${JUSTIFYING}
  join justifications j on j.assignment_id = live.id and j.ended_at is null and j.starts_at >= a.ended_at
  join requests r on r.id = j.request_id
  where a.id = ended.id order by same desc, r.number desc limit 1
) newer on true
where ended.id = $1`;

// Those who are asked are those in charge of the resource as the notice reaches them, never whom it is for (placements.ts).
const HANDS = `
select resource.name || case when scope.root then '' else ' / ' || scope.name end as resource, role.name as role, (
    select coalesce(jsonb_agg(distinct people.name order by people.name), '[]')
    from (select person_id, choice, min(choice) over () as first from resource_keepers
      where resource_id = resource.id and person_id <> g.person_id) keeper
    join people on people.id = keeper.person_id
    where choice = first) as people
from standing_links link join grants g on g.id = link.grant_id and g.state not in ('placed', 'placeFailed')
join resource_roles role on role.id = g.role_id
join resources resource on resource.id = role.resource_id and resource.connector = 'manual'
join resource_scopes scope on scope.id = g.scope_id
where link.assignment_id = $1 order by resource.name, scope.root desc, scope.name, role.name, g.id`;

type Ranked = AccessRow & { readonly rank: number };
function accessOf(row: Ranked): AccessRow {
  const shown: AccessRow & { rank?: number } = { ...row };
  delete shown.rank;
  return shown;
}
type Counted = Ranked & { readonly total: number };

const LISTS = {
  access: listOf(ACCESS(LATELY), ['integer', 'id'], (row: Ranked) => [row.rank, row.id], accessOf),
  accessBack: listOf(
    ACCESS(LAST_LEAVE, ', count(*) over ()::integer as total'),
    ['integer', 'id'],
    (row: Counted) => [row.rank, row.id],
    ({ total, ...row }) => ({ ...accessOf(row), total }),
  ),
  held: listOf(
    HELD,
    ['text', 'id'],
    (row: { readonly key: string; readonly id: string; readonly name: string }) => [row.key, row.id],
    ({ name }) => name,
  ),
  requests: listOf(
    REQUESTS,
    ['id'],
    (row: RequestRow) => [row.id],
    (row) => row,
  ),
  approvals: listOf(
    APPROVALS,
    ['instant', 'id'],
    (row: ApprovalRow) => [row.decideBy.toISOString(), row.id],
    (row) => row,
  ),
};

/** Reads about requests and assignments. */
export function createAccessViews(q: Query): AccessViews {
  return {
    async requestByNumber(number) {
      const [row] = Number.isSafeInteger(number) ? await q(BY_NUMBER, [number]) : [];
      return (row as { id: RequestId } | undefined)?.id ?? null;
    },
    access: (person, page) => readPage(q, LISTS.access, person, page),
    accessBack: (person, page) => readPage(q, LISTS.accessBack, person, page),
    requests: (person, page) => readPage(q, LISTS.requests, person, page),
    approvals: (person, page) => readPage(q, LISTS.approvals, person, page),
    async timeline(request) {
      return (await q(TIMELINE, [request])) as readonly TimelineRow[];
    },
    async unreached(request) {
      return (await q(UNREACHED, [request])) as readonly PersonRef[];
    },
    async holds(person, limit) {
      const rows = (await q(HOLDS, [person, limit])) as readonly { name: string; total: number }[];
      return { names: rows.map(({ name }) => name), total: rows[0]?.total ?? 0 };
    },
    held: (person, page) => readPage(q, LISTS.held, person, page),
    async contents(pkg, limit) {
      const rows = (await q(CONTENTS, [pkg, limit])) as readonly { name: string; total: number }[];
      return { names: rows.map(({ name }) => name), total: rows[0]?.total ?? 0 };
    },
    async liveAssignment(person, pkg) {
      const [row] = await q(LIVE_ONE, [person, pkg]);
      return (row as { id: AssignmentId } | undefined)?.id ?? null;
    },
    async endedBy(assignment) {
      const [row] = isId(assignment) ? await q(ENDED_BY, [assignment]) : [];
      return (row as Awaited<ReturnType<Views['endedBy']>> | undefined) ?? null;
    },
    async waitsForHands(assignment) {
      return isId(assignment) ? ((await q(HANDS, [assignment])) as readonly HandRow[]) : [];
    },
    async grantProblems(assignment) {
      if (!isId(assignment)) return [];
      return (await q(PROBLEMS, [assignment])) as Awaited<ReturnType<Views['grantProblems']>>;
    },
    async removalOf(assignment) {
      const [row] = isId(assignment) ? ((await q(REMOVAL, [assignment])) as readonly RemovalRow[]) : [];
      return row ?? { again: null, same: false, stays: false };
    },
  };
}
