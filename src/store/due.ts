// Work that is due, found by the clock of the database. Only ids are read here: the act that follows locks, looks again, and
// changes nothing where somebody was first, so two replicas that find the same row do no harm.
import type { AssignmentId, GrantId, PersonId, RequestId } from '../domain/model';
import type { Due } from '../operations/ports';
import { backlogOf } from './backlog';
import { delegationsDue } from './delegations';
import { gatherMessages } from './digest';
import { lentChanged } from './exceptions';
import { redrawForgotten, TO_FORGET } from './forgetting';
import { giveUpUnknown } from './known';
import { JUSTIFYING, LIVE, OPEN } from './loads';
import { createMisrouted } from './misrouted';
import type { Query } from './query';
import { createScopes } from './scope';
import { closeForFormer } from './drift-readers';
import { followKeepers } from './task-keepers';
import { instantOf, toInstant } from './tables';

/** Settled rows are kept this long, also because their unique keys recognize a late repetition. */
const KEPT = `interval '30 days'`;
/** What failed is kept longer, for whoever looks into it. */
const KEPT_DEAD = `interval '90 days'`;

const runningStage = (when: string, at: string): string => `
select request_id as id from approval_stages where state = 'inProgress' and ${when} order by ${at}, id limit $1`;

const HELD_ROLES = `select g.role_id, g.scope_id from standing_links l join grants g on g.id = l.grant_id where l.assignment_id = a.id`;
const CONTENT = `select role_id, scope_id from package_grants where package_version_id = p.current_version_id`;
// Leavers lose it all by another sweep.
const DIFFERS = `(select state from people where people.id = a.target_id) = 'enabled' and (exists (${HELD_ROLES} except ${CONTENT}) or exists (${CONTENT} except ${HELD_ROLES}))`;
// As domain/content.ts#gainedRoles says it: decisions of an earlier release name no content, which was that of the request.
const GAINED = `exists (select 1 from decisions d where d.request_id = r.id and exists (${CONTENT} except
  select g.role_id, g.scope_id from package_versions v join package_grants g on g.package_version_id = v.id
  where v.package_id = p.id and v.id::text = coalesce(d.shown ->> 'packageVersion', r.package_version_id::text)))`;

// Whoever was being given access while the content changed got the old one a moment later, and is found as long as the note stays.
const CONTENTS_FOLLOWED = `
delete from content_changes c using packages p where p.id = c.package_id and c.changed_at < usher_now() - interval '5 minutes'
  and not exists (select 1 from assignments a where a.package_id = c.package_id and a.state in ${JUSTIFYING} and ${DIFFERS})
  and not exists (select 1 from requests r where r.package_id = c.package_id and r.state = 'scheduled' and ${GAINED})`;

const JUSTIFIED = `exists (select 1 from standing_links link join assignments a on a.id = link.assignment_id and a.state in ${JUSTIFYING}
  where link.grant_id = n.grant_id)`;
const GRANT_STATE = `(select state from grants where grants.id = n.grant_id)`;
// A note alone is no fault: the transaction that made it may have gone on. What is seen here was left so.
const ASTRAY = `
with found as (
  update grants_astray set found_at = coalesce(found_at, usher_now())
  where grant_id = any (array(select n.grant_id from grants_astray n
    where ${GRANT_STATE} in ('placing', 'placed', 'placeFailed') and not ${JUSTIFIED}
    order by n.grant_id limit $1 for update skip locked)) returning grant_id)
select grant_id as id from found order by id`;
// Whoever notes it once more while this looks has made the note younger.
const ASTRAY_MENDED = `
delete from grants_astray n where n.noted_at < usher_now() - interval '5 minutes' and (${GRANT_STATE} = 'taken' or ${JUSTIFIED})
  and (n.found_at is null or n.found_at < usher_now() - interval '1 hour')`;

const CAUGHT_UP = `
delete from requests_left_behind b where not exists (select from requests r join assignments a on a.id = r.assignment_id
  where r.assignment_id = b.assignment_id and a.state = 'delivered' and r.state in ('partiallyDelivered', 'deliveryFailed'))`;

/** What is open and asks for something by a policy; as the index of it says it. */
const BY_POLICY = `state in ('pendingApproval', 'scheduled')`;

const SQL = {
  expiredStages: runningStage('decide_by <= usher_now()', 'decide_by'),
  stagesToEscalate: runningStage('escalate_at <= usher_now() and escalated_at is null', 'escalate_at'),
  stagesToRemind: runningStage('remind_at <= usher_now()', 'remind_at'),
  startsDue: `select id from requests where state = 'scheduled' and starts_at <= usher_now() order by starts_at, id limit $1`,
  remindersDue: `
select id from assignments where remind_at <= usher_now() and ended_at is null order by remind_at, id limit $1`,
  justificationsOver: `
select distinct j.assignment_id as id from justifications j
join assignments a on a.id = j.assignment_id and a.state in ${JUSTIFYING}
where j.until <= usher_now() and j.ended_at is null
  and exists (select 1 from justifications other where other.assignment_id = j.assignment_id and other.ended_at is null
    and (other.until is null or other.until > usher_now()))
order by id limit $1`,
  // Held access whose roles are not those of its package, among the packages whose content changed a short while ago.
  contentsChanged: `
select a.id from content_changes c join packages p on p.id = c.package_id
join assignments a on a.package_id = c.package_id and a.state in ${JUSTIFYING}
where ${DIFFERS}
order by a.id limit $1`,
  requestsToReopen: `
select r.id from content_changes c join packages p on p.id = c.package_id
join requests r on r.package_id = c.package_id and r.state = 'scheduled'
where ${GAINED}
order by r.id limit $1`,
  requestsLeftBehind: 'select assignment_id as id from requests_left_behind order by assignment_id limit $1',
  exceptionsToReport: `
select id from incompatibility_exceptions where state <> 'ended' and remind_at <= usher_now()
union
select id from incompatibility_exceptions where touched_at is not null
order by id limit $1`,
  manualTasksToRemind: `
select id from manual_tasks where state = 'open' and remind_at <= usher_now() order by remind_at, id limit $1`,
  // What somebody asked for others and was decided already goes on without them. What is not decided has a running stage; from the
  // requestor the way would lead through all that leavers ever asked for, which only grows.
  requestsOfGone: `
select r.id from people join requests r on r.target_id = people.id and r.state in ${OPEN} where people.state <> 'enabled'
union
select r.id from (select request_id from approval_stages where state = 'inProgress' offset 0) running
cross join lateral (select id, requestor_id from requests where id = running.request_id and state = 'pendingApproval' offset 0) r
cross join lateral (select from people where people.id = r.requestor_id and people.state <> 'enabled' offset 0) gone
union
select request_id from leaver_requests
order by id limit $1`,
  // From one version in use to the next, because both what is open and the policies that ever ended are many.
  requestsByEndedPolicies: `
with recursive used (id) as (
  (select policy_version_id from requests where ${BY_POLICY} and policy_version_id is not null order by policy_version_id limit 1)
  union all
  select (select policy_version_id from requests where ${BY_POLICY} and policy_version_id > used.id order by policy_version_id limit 1)
  from used where used.id is not null
)
select r.id from used cross join lateral (select policy_id from policy_versions where id = used.id offset 0) v
cross join lateral (select from policies where id = v.policy_id and state <> 'enabled' offset 0) ended
cross join lateral (select id from requests where policy_version_id = used.id and ${BY_POLICY} offset 0) r
order by r.id limit $1`,
  // What waits though its last day is over where its person is: the one that was asked for, whose instant may lie a day off where they
  // moved since, or the one that its policy fixes. No zone is ahead of UTC by more than 14 hours.
  requestsOver: `
select r.id from requests r join people on people.id = r.target_id
where r.state = 'pendingApproval' and r.asked_ends_at is not null and r.asked_ends_at <= usher_now() + interval '27 hours'
  and case when r.type = 'userExtend' then r.asked_ends_at
    else (((r.asked_ends_at - interval '1 millisecond') at time zone usher_zone(r.zone))::date + 1)::timestamp at time zone usher_zone(people.time_zone)
    end <= usher_now()
union
select id from (
  with recursive used (id) as (
    (select policy_version_id from requests where ${BY_POLICY} and policy_version_id is not null order by policy_version_id limit 1)
    union all
    select (select policy_version_id from requests where ${BY_POLICY} and policy_version_id > used.id order by policy_version_id limit 1)
    from used where used.id is not null
  )
  select r.id from used cross join lateral (select expiration_on from policy_versions
    where id = used.id and expiration_on < ((usher_now() + interval '14 hours') at time zone 'UTC')::date offset 0) v
  cross join lateral (select id, target_id from requests where policy_version_id = used.id and ${BY_POLICY}
    and state = 'pendingApproval' offset 0) r
  cross join lateral (select from people where people.id = r.target_id
    and (v.expiration_on + 1)::timestamp at time zone usher_zone(people.time_zone) <= usher_now() offset 0) over
) fixed
order by id limit $1`,
  assignmentsOfGone: `
select a.id from people join assignments a on a.target_id = people.id and a.state in ${LIVE}
where people.state <> 'enabled'
union
select assignment_id from leaver_access
order by id limit $1`,
};

// Since when nothing changes a remembered message `c` any more; null: it may still. What is said of resources, packages and people is
// told anew each time, so the last message to each reader stays true.
const OVER_SINCE = `case when c.state <> 'live' then '-infinity'::timestamptz else case c.subject_kind
  when 'request' then (select case when r.state in ('denied', 'expired', 'canceled') or a.id is null then r.completed_at
      when r.completed_at is not null and a.state = 'removed' then greatest(r.completed_at, a.ended_at) end
    from requests r left join assignments a on a.id = r.assignment_id where r.id = c.subject_id::uuid)
  when 'assignment' then (select a.ended_at from assignments a where a.id = c.subject_id::uuid and a.state = 'removed')
  when 'manualTask' then (select coalesce(t.done_at, t.opened_at) from manual_tasks t where t.id = c.subject_id::uuid and t.state <> 'open')
  else (select '-infinity'::timestamptz from cards newer where newer.subject_kind = c.subject_kind and newer.subject_id = c.subject_id
    and newer.state = 'live' and newer.person_id = c.person_id and newer.created_at > c.created_at
    and newer.params ->> 'answer' is null limit 1) end end`;
// What goes on cannot be long over before a whole period from now, and what is over says when: so a message is looked at once a period
// while it may change, and when it may go. One without an instant was begun by a release that set none.
const pruneCards = (due: string): string => `
with looked as materialized (
  select id, ${OVER_SINCE} as over_since from cards c
  where ${due} order by look_at limit $1 for update skip locked
), kept as (
  update cards set look_at = coalesce(over_since, usher_now()) + ${KEPT} from looked
  where cards.id = looked.id and (over_since is null or over_since > usher_now() - ${KEPT})
), gone as (
  delete from cards using looked where cards.id = looked.id and over_since <= usher_now() - ${KEPT}
)
select id from looked`;

const PRUNE = [
  `delete from scope_leavers where assignment_id = any (array(select assignment_id from scope_leavers
    where state = 'ended' and at <= usher_now() - interval '1 day' limit $1 for update skip locked)) returning 1`,
  `delete from drift_findings where id = any (array(select id from drift_findings where closed_at < usher_now() - ${KEPT_DEAD}
    order by closed_at limit $1 for update skip locked)) returning 1`,
  // What was read for a comparison that somebody else began anew at the same moment.
  `delete from drift_seen where (token, holder, role, scope) in (select token, holder, role, scope from drift_seen
    where not exists (select 1 from comparisons where comparisons.token = drift_seen.token) limit $1) returning 1`,
  `delete from outgoing where id = any (array(select id from outgoing where state in ('done', 'dead')
    and settled_at < usher_now() - case state when 'done' then ${KEPT} else ${KEPT_DEAD} end
    and settled_at < usher_now() - ${KEPT} order by settled_at limit $1 for update skip locked)) returning 1`,
  `delete from inbound where id = any (array(select id from inbound where state in ('done', 'dead')
    and settled_at < usher_now() - case state when 'done' then ${KEPT} else ${KEPT_DEAD} end
    and settled_at < usher_now() - ${KEPT} order by settled_at limit $1 for update skip locked)) returning 1`,
  `delete from drafts where id = any (array(select id from drafts where expires_at <= usher_now() limit $1 for update skip locked)) returning 1`,
  // A passed instant is caught up with once, whichever it was: the newest tick of a job, however old, says whether it was answered. The
  // others of a day are for replicas that ring late, and for whoever wants to see when a job ran.
  `delete from job_ticks where (job, due_at) in (select job, due_at from job_ticks old where due_at < usher_now() - interval '1 day'
    and exists (select 1 from job_ticks newer where newer.job = old.job and newer.due_at > old.due_at) order by due_at limit $1) returning 1`,
  pruneCards('look_at <= usher_now()'),
  pruneCards(`look_at is null and created_at < usher_now() - ${KEPT}`),
  // A bucket that nobody touched for a day is full again, which is what a new one is.
  `delete from gates where target = any (array(select target from gates where refilled_at < usher_now() - interval '1 day'
    and (not_before is null or not_before < usher_now()) limit $1 for update skip locked)) returning 1`,
];

// Remembered messages of the last weeks whose subject has changed since they were last compared with it, and those that could
// not be changed. Whoever redraws after an event does nearly all of it; this finds what fell out on the way. Where a redraw
// waits already nothing is added.
const STALE = `
with recent as materialized (
  select state, subject_kind, subject_id, request_id, drawn_at, error_at, subject_kind || ':' || subject_id as about
  from cards where created_at > usher_now() - interval '14 days'
), stale as (
  select distinct on (about) subject_kind, subject_id, request_id, about from recent c
  where c.state = 'live' and (c.error_at < usher_now() - interval '1 hour' or (c.error_at is null and (
      exists (select 1 from audit_events e where e.subject_kind = c.subject_kind and e.subject_id = c.subject_id and e.at > c.drawn_at)
      or exists (select 1 from audit_events e where e.request_id = c.request_id and e.at > c.drawn_at))))
    and not exists (select 1 from outgoing o where o.lane = 'redraw:' || about and o.state in ('ready', 'leased'))
  order by about limit $1
)
insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
select 'redraw', subject_kind, subject_id, request_id, 'redraw:' || about, usher_now(), concat_ws(':', 'stale', about, gen_random_uuid()),
  usher_now()
from stale returning id`;

const PARTITIONS = 'select create_audit_partitions(usher_now())';
const TICK = `insert into job_ticks (job, due_at, claimed_at, claimed_by) values ($1, $2, usher_now(), $3)
  on conflict do nothing returning 1`;
const LAST_TICK = 'select max(due_at) as at from job_ticks where job = $1';

/** What the jobs sweep. */
export function createDue(q: Query): Due {
  const requests = (sql: string) => async (limit: number) =>
    (await q(sql, [limit])).map((row) => (row as { id: RequestId }).id);
  const assignments = (sql: string) => async (limit: number) =>
    (await q(sql, [limit])).map((row) => (row as { id: AssignmentId }).id);
  return {
    expiredStages: requests(SQL.expiredStages),
    stagesToEscalate: requests(SQL.stagesToEscalate),
    stagesToRemind: requests(SQL.stagesToRemind),
    ...createMisrouted(q),
    delegationsDue: (limit) => delegationsDue(q, limit),
    ...createScopes(q),
    startsDue: requests(SQL.startsDue),
    remindersDue: assignments(SQL.remindersDue),
    contentsChanged: assignments(SQL.contentsChanged),
    requestsToReopen: requests(SQL.requestsToReopen),
    async contentsFollowed() {
      await q(CONTENTS_FOLLOWED);
    },
    requestsLeftBehind: assignments(SQL.requestsLeftBehind),
    async requestsCaughtUp() {
      await q(CAUGHT_UP);
    },
    async grantsAstray(limit) {
      return (await q(ASTRAY, [limit])).map((row) => (row as { id: GrantId }).id);
    },
    async astrayMended() {
      await q(ASTRAY_MENDED);
    },
    async manualTasksToRemind(limit) {
      return (await q(SQL.manualTasksToRemind, [limit])).map((row) => (row as { id: string }).id);
    },
    async exceptionsToReport(limit) {
      return (await q(SQL.exceptionsToReport, [limit])).map((row) => (row as { id: string }).id);
    },
    justificationsOver: assignments(SQL.justificationsOver),
    lentChanged: (limit) => lentChanged(q, limit),
    requestsOfGone: requests(SQL.requestsOfGone),
    requestsByEndedPolicies: requests(SQL.requestsByEndedPolicies),
    requestsOver: requests(SQL.requestsOver),
    assignmentsOfGone: assignments(SQL.assignmentsOfGone),
    async peopleToForget(limit) {
      return (await q(TO_FORGET, [limit])).map((row) => (row as { id: PersonId }).id);
    },
    redrawForgotten: (limit) => redrawForgotten(q, limit),
    async prune(limit) {
      let done = 0;
      for (const sql of PRUNE) done += (await q(sql, [limit])).length;
      return done;
    },
    async staleCards(limit) {
      return (await q(STALE, [limit])).length;
    },
    gatherMessages: () => gatherMessages(q),
    giveUpUnknown: (afterMs, limit) => giveUpUnknown(q, afterMs, limit),
    followKeepers: () => followKeepers(q),
    closeForFormer: (closed) => closeForFormer(q, closed),
    backlog: (jobs = []) => backlogOf(q, jobs),
    async partitions() {
      await q(PARTITIONS);
    },
    async clock() {
      const [row] = await q('select clock_timestamp() as at');
      return instantOf((row as { at: Date }).at);
    },
    async claimTick(job, dueAt, by) {
      return (await q(TICK, [job, dueAt, by])).length > 0;
    },
    async lastTick(job) {
      const [row] = await q(LAST_TICK, [job]);
      return toInstant((row as { at: Date | null }).at);
    },
  };
}
