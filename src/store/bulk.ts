// Set-based work with the same tail as a save. Each Selection writes, row by row, what the pure rule would write; a property
// test compares them. Here: access whose last justification is over (domain/assignment.ts, endOver).
import type { By } from '../operations/ports';
import { JUSTIFYING, LIVE } from './loads';
import { LIMITS } from './locks';
import type { Query } from './query';
import { Statement } from './query';
import { addTail } from './tail';
import { instantOf } from './tables';

/** What a Selection did. */
export interface Done {
  readonly count: number;
  readonly sent: number;
  readonly now: Date;
}

// One look at the reasons of each row, in the order of the index of ends: the planner makes joins of two EXISTS and reads all
// justifications there are. `ended_at is null` says nothing new; it is what that index holds.
const OVER = (now: string): string => `a.state in ${LIVE} and a.ended_at is null and a.ends_at <= ${now}
  and (select bool_and(j.until is not null and j.until <= ${now}) from justifications j
    where j.assignment_id = a.id and j.ended_at is null)`;

// The people first; who is being worked on by somebody else is passed over, so that two sweepers share what is due. The soonest
// ends come first, so a backlog is worked off from its start. The clock is read once, and not for each row.
const LOCK = `${LIMITS}, clock as materialized (select usher_now() as now), due as materialized (
  select a.id, a.target_id, a.ends_at from assignments a join people on people.id = a.target_id
  where ${OVER('(select now from clock)')} order by a.ends_at limit $1 for no key update of people skip locked
)
select distinct on (due.target_id) due.id, clock.now from limits, clock, due order by due.target_id, due.ends_at, due.id`;

// Instants inside before and after, as the saves of the app write them.
const ISO = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Ends access that nothing justifies any more, up to `limit` people at a time and one assignment of each: two of one person
 * may share a role, and which of them lets it go is then as plain as if they had ended one after the other.
 */
export async function endDue(q: Query, limit: number, by: By): Promise<Done> {
  const locked = (await q(LOCK, [limit])) as readonly { id: string; now: Date }[];
  const [first] = locked;
  if (first === undefined) {
    const [row] = await q('select usher_now() as now');
    return { count: 0, sent: 0, now: instantOf((row as { now: Date }).now) };
  }
  const now = instantOf(first.now);
  const statement = new Statement();
  const at = `${statement.bind(now.toISOString())}::timestamptz`;
  const chosen = `${statement.bind(locked.map(({ id }) => id))}::uuid[]`;
  for (const [name, sql] of parts(at, chosen)) statement.part(name, sql);
  addTail(
    statement,
    new Set([
      'request.submitted',
      'request.canceled',
      'assignment.ending',
      'grant.unwanted',
      'assignment.removed',
      'request.removed',
    ]),
    { by, now },
  );
  const [row] = await statement.run(
    q,
    'select (select count(*)::integer from ended) as count, (select count(*)::integer from sent) as sent',
  );
  return { ...(row as { count: number; sent: number }), now };
}

function parts(at: string, chosen: string): readonly (readonly [string, string])[] {
  return [
    [
      'due',
      // Looked at again behind the lock. Reasons are read with the row: parts that look each other up would do so row by row.
      `select a.*, package.catalog_id, package.current_version_id, person.time_zone, usher_id() as removal_id, reasons.latest,
         reasons.before as reasons_before, reasons.after as reasons_after
       from assignments a join packages package on package.id = a.package_id join people person on person.id = a.target_id
       cross join lateral (
         select (array_agg(j.policy_version_id order by j.starts_at desc, j.id desc))[1] as latest,
           jsonb_object_agg(j.id, jsonb_build_object('ended_at', null, 'version', j.version)) as before,
           jsonb_object_agg(j.id, jsonb_build_object('ended_at', ${ISO(at)}, 'version', j.version + 1)) as after
         from justifications j where j.assignment_id = a.id and j.ended_at is null
       ) reasons
       where a.id = any(${chosen}) and ${OVER(at)}`,
    ],
    [
      'free',
      `select the_grant.*, due.id as assignment_id
       from due join grant_assignments link on link.assignment_id = due.id join grants the_grant on the_grant.id = link.grant_id
       where due.state in ${JUSTIFYING} and the_grant.state <> 'taken'
         and not exists (select 1 from grant_assignments other join assignments a on a.id = other.assignment_id
           where other.grant_id = the_grant.id and a.id <> due.id and a.state in ${JUSTIFYING})`,
    ],
    [
      'going',
      `select due.*, case when exists (select 1 from free where free.assignment_id = due.id) then 'removing' else 'removed' end as next
       from due`,
    ],
    [
      'ended',
      `update assignments a set state = going.next, ended_at = ${at}, end_reason = 'endReached', remind_at = null, version = a.version + 1
       from going where a.id = going.id and a.version = going.version returning a.id`,
    ],
    [
      'unjustified',
      `update justifications j set ended_at = ${at}, version = j.version + 1
       from due where j.assignment_id = due.id and j.ended_at is null
       returning j.id`,
    ],
    [
      'taken',
      `update grants set state = 'taking', error = null, version = grants.version + 1
       from free where grants.id = free.id returning grants.id`,
    ],
    [
      'given_up',
      `update requests r set state = 'canceled', detail = 'endReached', completed_at = ${at}, version = r.version + 1
       from due where r.assignment_id = due.id and r.state in ('scheduled', 'delivering')
       returning r.id, r.assignment_id, r.requestor_id, r.target_id, r.version`,
    ],
    [
      'removal',
      `insert into requests (id, type, state, detail, target_id, package_id, package_version_id, policy_version_id, assignment_id,
         zone, answers, stage, created_at, completed_at, version)
       select removal_id, 'systemRemove', next, 'endReached', target_id, package_id, current_version_id, latest, id, time_zone, '{}', 0,
         ${at}, case next when 'removed' then ${at} end, 1
       from going
       returning id`,
    ],
    ['event', events(at)],
  ];
}

// The same events in the same order as the rule, each with the rows it stands for. `ord` keeps those of one assignment together.
function events(at: string): string {
  const refs = (request: string, grant: string): string => `${request}::uuid as request_id, going.id as assignment_id,
    ${grant}::uuid as grant_id, going.target_id as person_id, going.package_id, going.catalog_id, null::integer as stage`;
  const now = ISO(at);
  return `
select row_number() over (order by told.assignment_id, told.step, told.subject_id)::integer as ord, type, subject_kind, subject_id, request_id,
  assignment_id, grant_id, person_id, package_id, catalog_id, stage, data, before, after, null::text as remark
from (
  select 1 as step, 'request.submitted' as type, 'request' as subject_kind, removal_id::text as subject_id, ${refs('removal_id', 'null')},
    jsonb_build_object('type', 'systemRemove', 'notify', false, 'onBehalf', false, 'bySystem', true) as data, null::jsonb as before,
    jsonb_build_object('requests', jsonb_build_object(removal_id, jsonb_strip_nulls(jsonb_build_object('id', removal_id,
      'type', 'systemRemove', 'state', next, 'detail', 'endReached', 'target_id', target_id, 'package_id', package_id,
      'package_version_id', current_version_id, 'policy_version_id', latest, 'assignment_id', id, 'zone', time_zone, 'stage', 0,
      'created_at', ${now}, 'completed_at', case next when 'removed' then ${now} end, 'version', 1)))) as after
  from going
  union all
  select 3, 'request.canceled', 'request', given_up.id::text, ${refs('given_up.id', 'null')},
    jsonb_build_object('byRequestor', false, 'detail', 'endReached',
      'onBehalf', given_up.requestor_id is not null and given_up.requestor_id <> given_up.target_id),
    jsonb_build_object('requests', jsonb_build_object(given_up.id, jsonb_build_object('state', r.state, 'detail', r.detail,
      'completed_at', null, 'version', r.version))),
    jsonb_build_object('requests', jsonb_build_object(given_up.id, jsonb_build_object('state', 'canceled', 'detail', 'endReached',
      'completed_at', ${now}, 'version', given_up.version)))
  from going join given_up on given_up.assignment_id = going.id join requests r on r.id = given_up.id
  union all
  select 4, 'assignment.ending', 'assignment', going.id::text, ${refs('removal_id', 'null')},
    jsonb_build_object('reason', 'endReached', 'tell', true),
    jsonb_build_object('assignments', jsonb_build_object(going.id, jsonb_build_object('state', state, 'ended_at', null, 'end_reason', null,
        'version', version) || case when remind_at is null then '{}'::jsonb else jsonb_build_object('remind_at', ${ISO('remind_at')}) end),
      'justifications', reasons_before),
    jsonb_build_object('assignments', jsonb_build_object(going.id, jsonb_build_object('state', next, 'ended_at', ${now},
        'end_reason', 'endReached', 'version', version + 1) || case when remind_at is null then '{}'::jsonb else '{"remind_at": null}' end),
      'justifications', reasons_after)
  from going
  union all
  select 5, 'grant.unwanted', 'grant', free.id::text, ${refs('null', 'free.id')}, '{}',
    jsonb_build_object('grants', jsonb_build_object(free.id, jsonb_build_object('version', free.version)
      || case free.state when 'taking' then '{}'::jsonb else jsonb_build_object('state', free.state) end
      || case when free.error is null then '{}'::jsonb else jsonb_build_object('error', free.error) end)),
    jsonb_build_object('grants', jsonb_build_object(free.id, jsonb_build_object('version', free.version + 1)
      || case free.state when 'taking' then '{}'::jsonb else '{"state": "taking"}' end
      || case when free.error is null then '{}'::jsonb else '{"error": null}' end))
  from going join free on free.assignment_id = going.id
  union all
  select 6, 'assignment.removed', 'assignment', going.id::text, ${refs('removal_id', 'null')}, '{}', null, null
  from going where next = 'removed'
  union all
  select 7, 'request.removed', 'request', removal_id::text, ${refs('removal_id', 'null')}, '{}', null, null
  from going where next = 'removed'
) told`;
}
