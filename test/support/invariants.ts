// What must hold of the rows whatever happened: the invariants I1 to I36 that exist by now, as one UNION ALL statement over the
// store's tables. A row of its result is a broken promise, named. The audit trail is read as the second book of account: what
// the tables say and what the trail says must be the same story, written by the same transactions.
import { consequences } from '../../src/domain/consequences';

export interface Broken {
  readonly invariant: string;
  readonly detail: string;
}

/** Runs one statement with all rights. */
export type Sql = <T extends object>(text: string, bind?: readonly unknown[]) => Promise<T[]>;

/** `settled`: the workers are idle and the jobs have swept; then a few more things must hold. */
export type When = 'always' | 'settled';

const LIVE = `('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')`;
const HOLDING = `('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed', 'removing', 'removalFailed')`;
const JUSTIFYING = `('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')`;
const OPEN = `('pendingApproval', 'scheduled')`;
const NOUNS = [
  'requests',
  'approval_stages',
  'approval_tasks',
  'assignments',
  'justifications',
  'grants',
  'manual_tasks',
  'delegations',
  'incompatibility_exceptions',
] as const;
/** Their rows are touched by triggers as well, which is no change of them: which transaction wrote one last tells nothing. */
const TOUCHED: readonly string[] = ['delegations', 'incompatibility_exceptions'];
/** Whoever works for the program can add to these, and to the trail, and nothing else. */
const APPEND_ONLY = [
  'decisions',
  'heard_voices',
  'package_versions',
  'package_grants',
  'policy_versions',
  'policy_stages',
  'policy_subjects',
  'policy_questions',
  'policy_calendars',
] as const;
/** Whether the request `r` is within what the delegation `d` is for. */
const REACHES = (d: string, r: string): string =>
  `coalesce(${d}.package_id = ${r}.package_id, ${d}.catalog_id = (select catalog_id from packages where packages.id = ${r}.package_id), true)`;
/** Since when the incompatibility `i` stands as it does. */
const DRAWN = `(select coalesce(max(drawn.at), '-infinity') from audit_events drawn
    where drawn.type in ('incompatibility.created', 'incompatibility.changed') and drawn.subject_id = i.id::text)`;
/** When the assignment `a` was given. */
const GIVEN = `(select min(e.at) as at from audit_events e
    where e.assignment_id = a.id and e.type in ('assignment.delivering', 'assignment.scheduled'))`;
/** When the fixed day of a policy version `v` is over everywhere. */
const LATEST_END = `(v.expiration_on + 1)::timestamp at time zone 'UTC' + interval '12 hours'`;
/** After this the outgoing rows of an event may have been deleted. */
const KEPT = `interval '29 days'`;

// `rows`: every governed row. `book`: every change of one that the trail records. `sent`: outgoing rows beside their event.
// `wants`: every grant and whether a live assignment justifies it. `asked`: the messages that the consequences name.
const WITH = `
with rows as materialized (
  ${NOUNS.map(
    (noun) =>
      `select '${noun}' as noun, id, version, ${noun === 'justifications' ? 'null' : 'state'} as state, ${TOUCHED.includes(noun) ? 'null' : 'xmin::text::bigint'} as xid from ${noun}`,
  ).join('\n  union all ')}
  union all select 'decisions', id, 1, null, xmin::text::bigint from decisions
),
book as materialized (
  select e.id as event, e.at, e.xid::text::bigint % 4294967296 as xid, noun.key as noun, changed.key::uuid as id,
    coalesce((changed.value ->> 'version')::integer, 1) as version, changed.value ->> 'state' as state,
    e.before -> noun.key -> changed.key as before, changed.value as after
  from audit_events e cross join lateral jsonb_each(e.after) noun cross join lateral jsonb_each(noun.value) changed
  where noun.key in ('decisions', ${NOUNS.map((noun) => `'${noun}'`).join(', ')})
),
sent as materialized (
  select o.*, case when o.dedupe_key ~ '^[0-9]+:' then split_part(o.dedupe_key, ':', 1)::bigint end as event,
    o.kind = 'tell' and o.audience <> 'person' and o.person_id is not null as expanded
  from outgoing o
),
wants as materialized (
  select g.*, exists (select 1 from standing_links l join assignments a on a.id = l.assignment_id
      where l.grant_id = g.id and a.state in ${JUSTIFYING}) as wanted,
    exists (select 1 from outgoing o where o.kind = 'place' and o.subject_id = g.id::text and o.state in ('ready', 'leased')) as waits,
    exists (select 1 from manual_tasks t where t.grant_id = g.id and t.state = 'open') as by_hand
  from grants g
),
lasted as materialized (
  -- Until when an exception was to last, as that was said at times; null: ended before its time.
  select e.incompatibility_id, e.person_id, book.event, book.at, case when book.state = 'ended' then null else (book.after ->> 'until_at')::timestamptz end as until_at
  from book join incompatibility_exceptions e using (id)
  where book.noun = 'incompatibility_exceptions' and (book.after ? 'until_at' or book.state = 'ended')
),
clashing as materialized (
  -- Who has two that do not go together, of which they got the one although they had the other.
  select i.id, a.target_id, a.id as assignment_id, a.state, a.lent, given.at, false as joined
  from incompatibilities i
  join assignments a on a.package_id in (i.package_id, i.other_package_id) and a.state in ${LIVE}
  join assignments b on b.target_id = a.target_id and b.id < a.id and b.state in ${LIVE}
    and b.package_id = case a.package_id when i.package_id then i.other_package_id else i.package_id end
  cross join lateral ${GIVEN} given
  where i.state = 'active' and (i.mutual or a.package_id = i.package_id) and given.at > ${DRAWN}
  union all
  -- Whoever came into the group later was decided on then.
  select i.id, a.target_id, a.id, a.state, a.lent, given.at, true
  from incompatibilities i join group_members m on m.group_id = i.other_group_id
  join assignments a on a.package_id = i.package_id and a.target_id = m.person_id and a.state in ${LIVE}
  cross join lateral ${GIVEN} given
  where i.state = 'active' and given.at > ${DRAWN}
),
asked as materialized (
  select e.id, c.notice, c.audience
  from audit_events e join jsonb_to_recordset($1::jsonb) as c ("on" text, "when" jsonb, kind text, notice text, audience text)
    on c.kind = 'tell' and c."on" = e.type and (c."when" is null or e.data @> c."when")
  where e.at > usher_now() - ${KEPT}
)`;

/** Each gives one text a broken row. */
const ALWAYS: readonly (readonly [name: string, sql: string])[] = [
  [
    'I1 live access is justified by an approved request',
    `select a.id::text from assignments a where a.state in ${LIVE} and not exists (
       select 1 from justifications j join requests r on r.id = j.request_id
       where j.assignment_id = a.id and j.ended_at is null and r.target_id = a.target_id and r.package_id = a.package_id
         and r.approved_at is not null and r.state not in ('pendingApproval', 'denied', 'expired', 'canceled')
         and (j.kind = 'direct') = (r.type = 'adminAdd')
         and not exists (select 1 from approval_stages s where s.request_id = r.id and s.state <> 'approved'))
     -- Who was in a group that has the right is no row any more.
     union all select r.id::text from requests r join packages p on p.id = r.package_id
     where r.type = 'adminAdd' and not exists (select 1 from administrative_roles held
       where (held.person_id = r.requestor_id or held.group_id is not null) and (held.role = 'administrator'
         or (held.catalog_id = p.catalog_id and held.role in ('catalogOwner', 'packageManager', 'assignmentManager'))))`,
  ],
  [
    'I2 one live assignment per person and package',
    `select concat_ws(' ', target_id, package_id) from assignments where state in ${LIVE} group by target_id, package_id having count(*) > 1`,
  ],
  [
    'I3 one open request per person and package',
    `select concat_ws(' ', target_id, package_id) from requests where state in ${OPEN} group by target_id, package_id having count(*) > 1`,
  ],
  [
    'I4 nobody decides for themselves',
    `select d.id::text from decisions d join requests r on r.id = d.request_id
     where r.target_id in (d.person_id, d.for_id) or r.requestor_id in (d.person_id, d.for_id)`,
  ],
  [
    'I4b delegate and delegator are one voice, and both are asked',
    `select concat_ws(' ', request_id, n) from decisions group by request_id, n, coalesce(for_id, person_id) having count(*) > 1
     union all select d.id::text from decisions d join approval_tasks t using (request_id, n, person_id) where d.for_id is distinct from t.for_id
     union all select t.id::text from approval_tasks t where t.state = 'open' and t.for_id is not null and not exists (
       select 1 from approval_tasks own where own.request_id = t.request_id and own.n = t.n and own.person_id = t.for_id
         and own.for_id is null and own.state = 'open')`,
  ],
  [
    'I4c a delegate decided while somebody had handed it to them',
    // Whoever ended it at that very moment may have come second.
    `select d.id::text from decisions d join requests r on r.id = d.request_id where d.for_id is not null and not exists (
       select 1 from delegations g where g.delegator_id = d.for_id and g.delegate_id = d.person_id and g.from_at <= d.at and g.until_at > d.at
         and ${REACHES('g', 'r')}
         and exists (select 1 from audit_events e where e.subject_id = g.id::text and e.type = 'delegation.accepted' and e.at <= d.at)
         and not exists (select 1 from audit_events e
           where e.subject_id = g.id::text and e.type = 'delegation.ended' and e.at < d.at - interval '1 minute'))`,
  ],
  [
    'I5 who decides was asked in that stage at that moment',
    `select d.id::text from decisions d where not exists (
       select 1 from approval_tasks t join approval_stages s on s.request_id = t.request_id and s.n = t.n
       where t.request_id = d.request_id and t.n = d.n and t.person_id = d.person_id and t.state = 'decided'
         and t.opened_at <= d.at and t.closed_at = d.at and s.opened_at <= d.at and (s.closed_at is null or s.closed_at >= d.at))
     union all
     select s.id::text from approval_stages s where s.state = 'approved' and s.approvals_required > (
       select count(*) from decisions d where d.request_id = s.request_id and d.n = s.n and d.decision = 'approve')
     union all select d.id::text from decisions d join requests r on r.id = d.request_id
     where d.shown ->> 'policyVersion' is distinct from r.policy_version_id::text`,
  ],
  [
    'I5b who is asked is named by the terms that were kept, or stands in for those',
    // Who was in a group, or somebody's manager, is no row any more: test/model looks at that.
    `select t.id::text from approval_tasks t join requests r on r.id = t.request_id join packages p on p.id = r.package_id
     where not case when t.capacity in ('primary', 'alternate', 'fallback') then exists (select 1 from policy_subjects s
         where s.policy_version_id = r.policy_version_id and s.n = t.n and s.purpose = t.capacity and case t.because ->> 'kind'
           when 'named' then s.person_id = t.person_id when 'group' then s.kind = 'group'
           when 'manager' then s.manager_level = (t.because ->> 'level')::integer else false end)
       when t.capacity in ('owner', 'administrator') then exists (select 1 from administrative_roles held
         where (held.person_id = t.person_id or held.group_id is not null) and case t.capacity when 'administrator' then held.role = 'administrator'
           else held.role = 'catalogOwner' and held.catalog_id = p.catalog_id end)
       else t.for_id is not null end`,
  ],
  [
    'I6 stages are taken in order',
    `select later.id::text from approval_stages later join approval_stages earlier
       on earlier.request_id = later.request_id and earlier.n < later.n
     where later.opened_at is not null and (earlier.state <> 'approved' or earlier.closed_at > later.opened_at)
     union all select t.id::text from approval_tasks t join approval_stages s on s.request_id = t.request_id and s.n = t.n
     where s.opened_at is null or t.opened_at < s.opened_at
     -- Those of the terms that were kept, all of them and no others.
     union all select request_id::text from approval_stages s full join (
       select r.id as request_id, plan.n, plan.approvals_required from requests r
       join policy_versions v on v.id = r.policy_version_id join policy_stages plan on plan.policy_version_id = v.id
       where r.type in ('userAdd', 'adminAdd', 'exception') or (r.type = 'userExtend' and v.extension_approval)) plan using (request_id, n)
     where s.approvals_required is distinct from plan.approvals_required
     union all select r.id::text from requests r where r.approved_at is not null and exists (
       select 1 from approval_stages s where s.request_id = r.id and s.state <> 'approved')
     union all select r.id::text from requests r where (r.state = 'pendingApproval') <> exists (
       select 1 from approval_stages s where s.request_id = r.id and s.n = r.stage and s.state = 'inProgress')`,
  ],
  [
    'I7 a decision is made once',
    `select d.id::text from decisions d where 1 <> (
       select count(*) from audit_events e where e.type = 'decision.recorded' and e.request_id = d.request_id and e.stage = d.n
         and e.actor_id = d.person_id and e.data ->> 'decision' = d.decision)
     union all select request_id::text from audit_events where type in ('request.approved', 'request.expired', 'request.delivered',
       'request.canceled') group by type, request_id having count(*) > 1
     union all select e.request_id::text from audit_events e join requests r on r.id = e.request_id and r.detail = 'deniedByApprover'
     where e.type in ('request.approved', 'request.denied') group by e.request_id having count(*) > 1`,
  ],
  [
    'I8 a denial ends the request and gives nothing',
    `select r.id::text from requests r where r.state in ('denied', 'expired', 'canceled') and exists (
       select 1 from justifications j where j.request_id = r.id and j.ended_at is null)
     union all select r.id::text from requests r
     where (r.state = 'denied' and r.detail = 'deniedByApprover') <> exists (
       select 1 from decisions d where d.request_id = r.id and d.decision = 'deny')`,
  ],
  [
    'I9 versions only rise, one by one',
    `select noun || ' ' || id from book group by noun, id
     having min(version) <> 1 or max(version) <> count(*) or count(distinct version) <> count(*)`,
  ],
  [
    'I10 state moves along the drawn edges',
    `select noun || ' ' || id from book where state is not null and before ->> 'state' is distinct from state and before ->> 'state' is not null
       and noun in (select noun from state_edges)
       and not exists (select 1 from state_edges edge where edge.noun = book.noun and from_state = before ->> 'state' and to_state = state)
     -- One that ended is none any more.
     union all select noun || ' ' || id from book where noun = 'incompatibility_exceptions' and before ->> 'state' = 'ended'
     union all select noun || ' ' || id from (select noun, id, before ->> 'state' as was, lag(state) over stories as told
       from (select *, max(state) over (partition by noun, id, version) from book where state is not null) b
       window stories as (partition by noun, id order by version)) chain
     where told is not null and was is distinct from told`,
  ],
  [
    'I11 each change has its one event, in its own transaction',
    `select coalesce(rows.noun, last.noun) || ' ' || coalesce(rows.id, last.id)
     from rows full join (select distinct on (noun, id) * from book order by noun, id, version desc) last using (noun, id)
     where rows.version is distinct from last.version or (rows.xid is distinct from last.xid and last.noun not in (${TOUCHED.map((noun) => `'${noun}'`).join(', ')}))
     union all select rows.noun || ' ' || rows.id from rows
     join (select distinct on (noun, id) * from book where state is not null order by noun, id, version desc) told using (noun, id)
     where rows.state is distinct from told.state`,
  ],
  [
    'I13 the program can only add to the trail',
    // The rows of the trail are in its months, whose walls are their own.
    `select name::text from (
       select oid, oid::regclass as name from pg_class where oid = any (array[${APPEND_ONLY.map((name) => `'${name}'`).join(', ')}]::regclass[])
       union all select relid, relid from pg_partition_tree('audit_events')) walled
     where has_any_column_privilege('usher_app', oid, 'update') or has_table_privilege('usher_app', oid, 'update, delete, truncate, trigger')
     union all select month.relid::text from pg_partition_tree('audit_events') month
     cross join (values ('audit_is_append_only', 27), ('audit_is_never_truncated', 34)) wall (name, type)
     where not exists (
       select 1 from pg_trigger t where t.tgrelid = month.relid and t.tgname = wall.name and t.tgtype = wall.type and t.tgenabled in ('O', 'A')
         and t.tgfoid = 'audit_is_append_only'::regproc)`,
  ],
  [
    'I15 access ends when its last justification does, and no later than the policy allows',
    `select a.id::text from assignments a join justifications j on j.assignment_id = a.id and j.ended_at is null
     where a.state in ${LIVE} group by a.id having coalesce(a.ends_at, 'infinity') > max(coalesce(j.until, 'infinity'))
       or (not a.lent and coalesce(a.ends_at, 'infinity') < max(coalesce(j.until, 'infinity')))
     union all select j.id::text from justifications j join policy_versions v on v.id = j.policy_version_id
     where j.extensions = 0 and v.expiration <> 'never' and (j.until is null or j.until > case v.expiration
       when 'hours' then j.starts_at + v.expiration_hours * interval '1 hour' when 'date' then ${LATEST_END}
       else j.starts_at + v.expiration_days * interval '1 day' + interval '2 hours' end)`,
  ],
  [
    'I15e what is given by an exception ends with it, as long as that counts and is needed, and no sooner',
    `select a.id::text from assignments a
     cross join lateral (select max(coalesce(j.until, 'infinity')) as until, max(j.free_until) as free from justifications j
       where j.assignment_id = a.id and j.ended_at is null) whole
     cross join lateral (
       select min(case when other.leaving or (i.mutual and other.ends_at <= e.until_at) then null else e.until_at end) as until,
         bool_or(e.id is null or other.leaving) as barred
       from incompatibilities i
       left join incompatibility_exceptions e on e.incompatibility_id = i.id and e.person_id = a.target_id and e.state <> 'ended'
         and e.until_at > usher_now()
       left join lateral (select b.id, b.ends_at, b.ended_at is not null as leaving from assignments b
         where b.target_id = a.target_id and b.package_id = case i.package_id when a.package_id then i.other_package_id else i.package_id end
           and b.state in ${HOLDING} order by b.ended_at nulls first limit 1) other on true
       where i.state = 'active' and (i.package_id = a.package_id or (i.mutual and i.other_package_id = a.package_id))
         and (other.id is not null or exists (select 1 from group_members m where m.group_id = i.other_group_id and m.person_id = a.target_id))
     ) limits
     where a.lent and a.state in ${JUSTIFYING} and not exists (select 1 from lent_changes n where n.assignment_id = a.id)
       and case when limits.barred then coalesce(a.ends_at, 'infinity') > greatest(least(whole.until, limits.until), whole.free)
         else coalesce(a.ends_at, 'infinity') <> greatest(least(whole.until, limits.until), whole.free) end`,
  ],
  [
    'I15r that access begins, ends, or is had for another reason or until another time, is a request about it',
    // Reasons are changed in the name of the assignment that they are for.
    `select changed.id::text from (
       select event, id as assignment_id, id from book where noun = 'assignments' and (before is null or before ?| array['ends_at', 'ended_at'])
       union all select book.event, j.assignment_id, j.id from book join justifications j on j.id = book.id
       where noun = 'justifications' and (before is null or before ?| array['until', 'ended_at'])
     ) changed join audit_events e on e.id = changed.event
     where not exists (select 1 from requests r where r.id = e.request_id and r.assignment_id = changed.assignment_id)
     union all select r.id::text from requests r where r.type = 'systemUpdate' and not exists (
       select 1 from audit_events e where e.request_id = r.id and e.after -> 'requests' ? r.id::text
         and e.type in ('assignment.endMoved', 'assignment.unjustified')
         and (e.after #> array['assignments', r.assignment_id::text, 'ends_at'] is null
           or (e.after #>> array['assignments', r.assignment_id::text, 'ends_at'])::timestamptz is not distinct from r.ends_at))`,
  ],
  [
    'I16 an end follows the terms that were kept, an extension those that it was asked under',
    `select j.id::text from justifications j join requests r on r.id = j.request_id
     where j.policy_version_id is distinct from r.policy_version_id
     union all select j.id::text from justifications j where j.extensions > 0 and not exists (
       select 1 from requests r join policy_versions v on v.id = r.policy_version_id join assignments a on a.id = r.assignment_id
       where r.assignment_id = j.assignment_id and r.type = 'userExtend' and r.approved_at is not null
         and (r.ends_at is not distinct from j.until or (r.ends_at < coalesce(j.until, 'infinity')
           and coalesce(j.until, 'infinity') <= coalesce(r.asked_ends_at, 'infinity')))
         and (v.expiration = 'never' or j.until <= case v.expiration
           when 'hours' then j.period_at + v.expiration_hours * interval '1 hour' when 'date' then ${LATEST_END}
           else j.period_at + v.expiration_days * interval '1 day' + interval '2 hours' end)
         and (v.max_total_days is null
           or j.until <= coalesce(a.since, a.starts_at) + v.max_total_days * interval '1 day' + interval '2 hours')
         and j.extensions <= coalesce(v.max_extensions, case when v.extensions_unlimited or v.extension_approval and exists (
           select 1 from policy_stages s where s.policy_version_id = v.id) then j.extensions else 1 end))`,
  ],
  [
    'I18 incompatible packages are not held together',
    `select id || ' ' || target_id from clashing where not exists (
       select 1 from lasted where lasted.incompatibility_id = clashing.id and lasted.person_id = clashing.target_id and lasted.until_at > clashing.at
         and (clashing.joined or (lasted.at <= clashing.at and not exists (select 1 from lasted later where later.incompatibility_id = clashing.id
           and later.person_id = clashing.target_id and later.event > lasted.event and later.at <= clashing.at))))`,
  ],
  [
    'I18e an exception is granted by whoever answers for it, who saw what it is, and is never access',
    `select r.id::text from requests r where r.type = 'exception' and (r.assignment_id is not null
       or (r.state = 'delivered') <> (r.approved_at is not null) or exists (select 1 from justifications j where j.request_id = r.id)
       or (r.state = 'delivered') <> exists (
         select 1 from audit_events e where e.request_id = r.id and e.type in ('exception.created', 'exception.changed')))
     union all select d.id::text from decisions d join requests r on r.id = d.request_id
     where r.type = 'exception' and not d.shown ? 'exception'
     union all select e.id::text from incompatibility_exceptions e join requests r on r.id = e.request_id
     where r.type <> 'exception' or r.state <> 'delivered' or r.target_id <> e.person_id or r.ends_at is distinct from e.until_at
       or not exists (select 1 from decisions d where d.request_id = r.id and coalesce(d.for_id, d.person_id) = e.owner_id and d.decision = 'approve')`,
  ],
  [
    'I19 what was asked for was on offer then',
    // Whether the policy was enabled, the catalog open and the person in scope is no row any more: test/model looks at that.
    `select r.id::text from requests r join policy_versions v on v.id = r.policy_version_id join policies p on p.id = v.policy_id
     where r.type in ('userAdd', 'adminAdd') and r.replaces_id is null and (p.package_id <> r.package_id
       or (r.type = 'userAdd' and v.mode <> 'request') or v.created_at > r.created_at
       or exists (select 1 from policy_versions newer where newer.policy_id = v.policy_id and newer.number > v.number
         and newer.created_at < r.created_at - interval '1 second'))`,
  ],
  [
    'a baseline that was dropped is learned again by reading before a gift alone',
    `select g.id::text from grants g where g.baseline and 'false' = (
       select e.data ->> 'present' from audit_events e where e.grant_id = g.id and e.type = 'grant.baselineRead' order by e.id desc limit 1)`,
  ],
  [
    'I22 what is placed follows from live access',
    `select id::text from wants where not waits and not by_hand
       and state not in ('placeFailed', case when wanted then 'placed' else 'taken' end)
     union all select id::text from wants where state = 'placeFailed' and not wanted and not waits`,
  ],
  [
    'I23 delivered means that each role was read back as placed',
    `select a.id::text from assignments a where a.state in ('delivered', 'partiallyDelivered') and exists (
       select 1 from standing_links l join grants g on g.id = l.grant_id where l.assignment_id = a.id
         and case g.state when 'placed' then true else a.state = 'delivered' end and (g.state <> 'placed'
         or g.placed_at is null or not exists (select 1 from audit_events e where e.type = 'grant.placed' and e.grant_id = g.id)))
     union all select a.id::text from assignments a where a.state = 'removed' and exists (
       select 1 from grant_assignments l join wants g on g.id = l.grant_id
       where l.assignment_id = a.id and not g.wanted and g.state <> 'taken'
         -- Other access that had the same role later may be ending, or have lost it, just now.
         and not exists (select 1 from grant_assignments also join assignments b on b.id = also.assignment_id
           where also.grant_id = g.id and (b.state in ('removing', 'removalFailed') or (b.state in ${JUSTIFYING} and also.withdrawn_at is not null))))`,
  ],
  ['I22a no grant went astray by what Usher itself wrote', `select grant_id::text from grants_astray`],
  [
    'I23b a request is on its way while its access is, and no longer',
    `select r.id::text from requests r join assignments a on a.id = r.assignment_id
     where r.state = 'delivering' and a.state in ${LIVE} and a.state <> 'delivering'
     union all select r.id::text from requests r where r.state = 'delivered' and r.type <> 'systemAdd' and r.completed_at is null`,
  ],
  [
    'I24 outgoing work is written by the transaction of its event',
    `select sent.id::text from sent left join audit_events e on e.id = sent.event
     -- A sweep that finds a message out of date may have it redrawn: that tells nobody anything and changes nothing.
     where (e.id is null and not (sent.event is null and (sent.kind = 'redraw' or sent.notice = 'digest'))) or (not expanded and e.xid <> sent.xid)
       or (expanded and not exists (select 1 from sent whole where whole.person_id is null and whole.state = 'done'
         and sent.dedupe_key = whole.dedupe_key || ':' || sent.person_id))
     -- A digest stands for messages that waited; each of them is in one.
     union all select digest.id::text from outgoing digest where digest.notice = 'digest' and digest.created_at > usher_now() - interval '7 days'
       and not exists (select 1 from outgoing part where part.error = digest.dedupe_key and part.state = 'done')
     union all select part.id::text from outgoing part where part.state = 'done' and part.error like 'digest:%'
       and part.settled_at > usher_now() - interval '7 days'
       and not exists (select 1 from outgoing digest where digest.dedupe_key = part.error)
     union all select dedupe_key from outgoing group by dedupe_key having count(*) > 1
     union all select 'event ' || asked.id from asked
     where 1 <> (select count(*) from sent where event = asked.id and sent.notice = asked.notice and sent.audience = asked.audience and not expanded)`,
  ],
  [
    'I25 what is said about one subject is said in order',
    `select later.id::text from outgoing later join outgoing earlier on earlier.lane = later.lane and earlier.id < later.id
     where later.kind = 'tell' and later.state = 'done' and earlier.state = 'done' and earlier.settled_at > later.settled_at`,
  ],
  [
    'I26 each reminder is queued once, and none after the end',
    `select subject_id from (
       select e.subject_id, e.data ->> 'n' as n, (select count(*) from audit_events anew where anew.subject_id = e.subject_id
         and anew.type in ('assignment.extended', 'assignment.endMoved', 'assignment.unjustified') and anew.id < e.id) as period
       from audit_events e where e.type = 'assignment.reminded') reminded
     group by subject_id, n, period having count(*) > 1
     union all select e.subject_id from audit_events e join audit_events over on over.subject_id = e.subject_id and over.id < e.id
     where e.type = 'assignment.reminded' and over.type = 'assignment.ending'
     union all select e.request_id::text from audit_events e join approval_stages s on s.request_id = e.request_id and s.n = e.stage
     where e.type = 'stage.reminded' and s.closed_at < e.at
     union all select request_id::text from audit_events where type = 'stage.reminded' group by request_id, stage, at having count(*) > 1`,
  ],
  [
    'I33 a delivery acts once',
    `select via || ' ' || delivery from audit_events where delivery is not null group by via, delivery having count(distinct xid) > 1
     union all select e.via || ' ' || e.delivery from audit_events e where e.delivery is not null and e.at > usher_now() - ${KEPT}
       and not exists (select 1 from inbound i where i.platform = e.via and i.delivery = e.delivery and i.state = 'done')`,
  ],
  [
    'I36 instants are stored with their zone',
    `select attrelid::regclass || ' ' || attname from pg_attribute
     where attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) and atttypid = 'timestamp'::regtype`,
  ],
  [
    'no row without its noun',
    `select 'event ' || e.id from audit_events e
     where (e.request_id is not null and not exists (select 1 from requests r where r.id = e.request_id))
       or (e.assignment_id is not null and not exists (select 1 from assignments a where a.id = e.assignment_id))
       or (e.grant_id is not null and not exists (select 1 from grants g where g.id = e.grant_id))
     union all select 'grant ' || g.id from grants g where not exists (select 1 from grant_assignments l where l.grant_id = g.id)
       -- What somebody gave outside of Usher is taken away without ever having been wanted.
       and (g.placed_at is not null or not exists (select 1 from audit_events e
         where e.grant_id = g.id and e.type = 'grant.driftFound' and e.data ->> 'kind' = 'extra'))
     union all select 'assignment ' || a.id from assignments a where not exists (select 1 from requests r where r.assignment_id = a.id)`,
  ],
  [
    'I17c whoever is forgotten is named by nothing that counts',
    `select p.id::text from people p where p.forgotten_at is not null and (p.directory_key <> 'forgotten:' || p.id
       or exists (select 1 from identities where person_id = p.id)
       or exists (select 1 from group_people where person_id = p.id)
       or exists (select 1 from resource_owners where person_id = p.id)
       or exists (select 1 from administrative_roles where person_id = p.id and state = 'active')
       or exists (select 1 from grants where person_id = p.id and state <> 'taken'))`,
  ],
];

const SETTLED: readonly (readonly [name: string, sql: string])[] = [
  [
    'I14 no access survives its end',
    `select id::text from assignments where state in ${LIVE} and ends_at < usher_now() - interval '60 seconds'
     -- Nor a look of the job that ends it, where the end was known before and the trail tells of a look. Whoever met a lock looks again.
     union all select a.id::text from assignments a
     join (select id, max(at) as at from book where noun = 'assignments' and after ? 'ends_at' group by id) known using (id)
     where a.ended_at > a.ends_at + interval '5 minutes' and exists (
       select 1 from audit_events look where look.type = 'assignment.ending' and look.actor_name = 'end-access'
         and look.at >= a.ends_at and look.at > known.at and look.at < a.ended_at - interval '5 minutes')`,
  ],
  [
    'I18s no exception excuses for longer than it lasts',
    // One that a file ended leaves what was held by it.
    `select id || ' ' || target_id from clashing where lent and state in ${JUSTIFYING} and not exists (
       select 1 from incompatibility_exceptions e where e.incompatibility_id = clashing.id and e.person_id = clashing.target_id
         and (e.until_at > usher_now() - interval '60 seconds' or e.state = 'ended'))
       and not exists (select 1 from justifications j where j.assignment_id = clashing.assignment_id and j.ended_at is null and j.free_until > usher_now())`,
  ],
  [
    'I17 who left holds and asks for nothing',
    `select p.id::text from people p where p.state <> 'enabled' and (
       exists (select 1 from assignments a where a.target_id = p.id and a.state in ${LIVE})
       or exists (select 1 from requests r where r.target_id = p.id and r.state in ${OPEN}))`,
  ],
  [
    'I17b nobody is asked through a delegation that does not hold',
    `select t.id::text from approval_tasks t join requests r on r.id = t.request_id
     where t.state = 'open' and t.for_id is not null and not exists (
       select 1 from delegations d where d.delegator_id = t.for_id and d.delegate_id = t.person_id and d.state = 'accepted'
         and d.from_at <= usher_now() and d.until_at > usher_now() and ${REACHES('d', 'r')})
     -- However soon they are back.
     union all select d.id::text from delegations d join people p on p.id in (d.delegator_id, d.delegate_id)
     where d.state in ('proposed', 'accepted') and (p.state <> 'enabled' or d.touched_at is not null)`,
  ],
  [
    'who holds a package has the roles that it holds',
    `select a.id::text from assignments a join packages p on p.id = a.package_id
     join lateral (select g.role_id, g.scope_id from standing_links l join grants g on g.id = l.grant_id where l.assignment_id = a.id) has on true
     where a.state in ${JUSTIFYING} and not exists (select 1 from package_grants c
       where c.package_version_id = p.current_version_id and c.role_id = has.role_id and c.scope_id = has.scope_id)
     union
     select a.id::text from assignments a join packages p on p.id = a.package_id
     join package_grants c on c.package_version_id = p.current_version_id
     where a.state in ${JUSTIFYING} and not exists (select 1 from standing_links l join grants g on g.id = l.grant_id
       where l.assignment_id = a.id and g.role_id = c.role_id and g.scope_id = c.scope_id)`,
  ],
  [
    'I22b the connected system has what is placed and nothing that was taken',
    `select g.id::text from wants g join people p on p.id = g.person_id join resource_roles role on role.id = g.role_id
     join resource_scopes scope on scope.id = g.scope_id join resources on resources.id = role.resource_id
     where resources.connector = 'local' and g.state in ('placed', 'taken') and not (g.state = 'taken' and g.baseline)
       and (g.state = 'placed') <> exists (select 1 from local_roles l where l.subject = p.directory_key
         and l.resource = resources.origin_id and l.role = role.origin_id and l.scope = scope.origin_id)
       -- What one catalog gives no more another may give, or had been theirs there: read once the gift of this one was taken, never while it stood.
       and not (g.state = 'taken' and exists (select 1 from grants twin join resource_roles r on r.id = twin.role_id
         join resource_scopes s on s.id = twin.scope_id join resources other on other.id = r.resource_id
         where twin.person_id = g.person_id and twin.id <> g.id and (twin.state = 'placed' or (twin.state = 'taken' and twin.baseline
             and (g.baseline is null or g.taken_at <= coalesce(twin.placed_at, twin.taken_at))))
           and other.connector = resources.connector and other.origin_id = resources.origin_id and r.origin_id = role.origin_id
           and s.origin_id = scope.origin_id))`,
  ],
];

function statement(when: When): string {
  const all = when === 'always' ? ALWAYS : [...ALWAYS, ...SETTLED];
  return `${WITH}\n${all
    .map(([name, sql]) => `select '${name}' as invariant, detail from (${sql}) as broken (detail)`)
    .join('\nunion all\n')}`;
}

/** Everything that does not hold now. */
export function broken(sql: Sql, when: When = 'settled'): Promise<Broken[]> {
  return sql<Broken>(statement(when), [JSON.stringify(consequences)]);
}

/** Fails with the names of what does not hold. */
export async function expectSound(sql: Sql, when: When = 'settled'): Promise<void> {
  expect((await broken(sql, when)).map(({ invariant, detail }) => `${invariant}: ${detail}`)).toEqual([]);
}
