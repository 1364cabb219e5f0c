// Set-based work with the same tail as a save. Each Selection writes, row by row, what the pure rule would write; a property
// test compares them. Here: access whose last justification is over (domain/assignment.ts, endOver).
import type { By } from '../operations/ports';
import { JUSTIFYING } from './loads';
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
// justifications there are. `ended_at is null` says nothing new; it is what that index holds. What has not begun is not ended here:
// its start finds that it is over (domain/request.ts, startDue), and so nobody hears that they lost what they never had.
const OVER = (now: string): string => `a.state in ${JUSTIFYING} and a.ended_at is null and a.ends_at <= ${now}
  and (select bool_and(j.until is not null and j.until <= ${now}) from justifications j
    where j.assignment_id = a.id and j.ended_at is null)`;

// The people first; who is being worked on by somebody else is passed over, so that two sweepers share what is due. The soonest
// ends come first, so a backlog is worked off from its start. The clock is read once, and not for each row.
const LOCK = `${LIMITS}, clock as materialized (select usher_now() as now), due as materialized (
  select a.id, a.target_id, a.ends_at from assignments a join people on people.id = a.target_id
  where ${OVER('(select now from clock)')} order by a.ends_at limit $1 for no key update of people skip locked
)
select distinct on (due.target_id) due.id, clock.now from limits, clock, due order by due.target_id, due.ends_at, due.id`;

/** More looks than are ever overtaken one after the other. */
const LOOKS = 5;

/**
 * Ends access that nothing justifies any more, up to `limit` people at a time and one assignment of each: two of one person
 * may share a role, and which of them lets it go is then as plain as if they had ended one after the other.
 */
export async function endDue(q: Query, limit: number, by: By): Promise<Done> {
  for (let looks = 1; ; looks += 1) {
    const locked = (await q(LOCK, [limit])) as readonly { id: string; now: Date }[];
    const [first] = locked;
    if (first === undefined) {
      const [row] = await q('select usher_now() as now');
      return { count: 0, sent: 0, now: instantOf((row as { now: Date }).now) };
    }
    const done = await endAll(q, first.now, locked, by);
    // Another sweeper ended these between the look and the lock. It may have passed over the rest of their people because of our lock,
    // and be gone: we look once more, behind it.
    if (done.count > 0 || looks === LOOKS) return done;
  }
}

async function endAll(q: Query, at: Date, locked: readonly { id: string }[], by: By): Promise<Done> {
  const now = instantOf(at);
  const statement = new Statement();
  const instant = `${statement.bind(now.toISOString())}::timestamptz`;
  const chosen = `${statement.bind(locked.map(({ id }) => id))}::uuid[]`;
  const told = `${statement.bind(now.toISOString())}::text`;
  for (const [name, sql] of parts(instant, told, chosen)) statement.part(name, sql);
  addTail(statement, new Set(['assignment.ending', 'request.canceled', 'assignment.removed', 'request.removed']), [
    { by, now },
  ]);
  const [row] = await statement.run(
    q,
    'select (select count(*)::integer from ended) as count, (select count(*)::integer from sent) as sent',
  );
  return { ...(row as { count: number; sent: number }), now };
}

// Every part begins with what is going and finds the rest by index, row by row: joined with each other, parts would be read whole
// for each row of the other, since the planner expects them to be short. `told`: the instant as the saves of the app write it.
function parts(at: string, told: string, chosen: string): readonly (readonly [string, string])[] {
  return [
    [
      'going',
      // Looked at again behind the lock.
      `select a.*, package.catalog_id, package.current_version_id, person.time_zone, usher_id() as removal_id, reasons.latest,
         reasons.before as reasons_before, reasons.after as reasons_after, released.ids as released,
         released.before as released_before, released.after as released_after,
         case when released.ids is null then 'removed' else 'removing' end as next
       from assignments a join packages package on package.id = a.package_id join people person on person.id = a.target_id
       cross join lateral (
         select bool_and(j.until is not null and j.until <= ${at}) as over,
           (array_agg(j.policy_version_id order by j.starts_at desc, j.id desc))[1] as latest,
           jsonb_object_agg(j.id, jsonb_build_object('ended_at', null, 'version', j.version)) as before,
           jsonb_object_agg(j.id, jsonb_build_object('ended_at', ${told}, 'version', j.version + 1)) as after
         from justifications j where j.assignment_id = a.id and j.ended_at is null
       ) reasons
       cross join lateral (
         select array_agg(g.id) as ids,
           jsonb_object_agg(g.id, jsonb_build_object('version', g.version)
             || case g.state when 'taking' then '{}'::jsonb else jsonb_build_object('state', g.state) end
             || case when g.error is null then '{}'::jsonb else jsonb_build_object('error', g.error) end) as before,
           jsonb_object_agg(g.id, jsonb_build_object('version', g.version + 1)
             || case g.state when 'taking' then '{}'::jsonb else '{"state": "taking"}' end
             || case when g.error is null then '{}'::jsonb else '{"error": null}' end) as after
         from grant_assignments link join grants g on g.id = link.grant_id
         where link.assignment_id = a.id and g.state <> 'taken'
           and not exists (select 1 from standing_links other
             join assignments b on b.id = other.assignment_id and b.state in ${JUSTIFYING}
             where other.grant_id = g.id and other.assignment_id <> a.id)
       ) released
       where a.id = any(${chosen}) and a.state in ${JUSTIFYING} and a.ends_at <= ${at} and reasons.over`,
    ],
    [
      'ended',
      `update assignments a set state = going.next, ended_at = ${at}, end_reason = 'endReached', remind_at = null, version = a.version + 1
       from going where a.id = going.id and a.version = going.version returning a.id`,
    ],
    [
      'unjustified',
      `update justifications j set ended_at = ${at}, version = j.version + 1
       from going where j.assignment_id = going.id and j.ended_at is null
       returning j.id`,
    ],
    [
      'taken',
      `update grants set state = 'taking', error = null, version = grants.version + 1
       from (select unnest(released) as id from going) released where grants.id = released.id returning grants.id`,
    ],
    [
      'given_up',
      `update requests r set state = 'canceled', detail = 'endReached', completed_at = ${at}, version = r.version + 1
       from going join requests was on was.assignment_id = going.id and was.state = 'delivering'
       where r.id = was.id
       returning r.id, r.assignment_id, r.requestor_id, r.target_id, r.package_id, going.catalog_id, r.version, was.state as was_state,
         was.detail as was_detail`,
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
    ['event', events(told)],
  ];
}

// Instants inside before and after that are read from rows.
const ISO = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// The same events in the same order as the rule, each with the rows it stands for. `ord` keeps those of one assignment together.
function events(told: string): string {
  const refs = (
    request: string,
    assignment: string,
  ): string => `${request}::uuid as request_id, ${assignment}::uuid as assignment_id,
    null::uuid as grant_id, target_id as person_id, package_id, catalog_id, null::integer as stage`;
  return `
select row_number() over (order by told.assignment_id, told.step, told.subject_id)::integer as ord, type, subject_kind, subject_id, request_id,
  assignment_id, grant_id, person_id, package_id, catalog_id, stage, data, before, after, null::text as remark
from (
  select 1 as step, 'assignment.ending' as type, 'assignment' as subject_kind, id::text as subject_id, ${refs('removal_id', 'id')},
    '{"type": "systemRemove", "reason": "endReached", "tell": true, "onBehalf": false, "bySystem": true}'::jsonb as data,
    jsonb_build_object('assignments', jsonb_build_object(id, jsonb_build_object('state', state, 'ended_at', null, 'end_reason', null,
        'version', version) || case when remind_at is null then '{}'::jsonb else jsonb_build_object('remind_at', ${ISO('remind_at')}) end),
      'justifications', reasons_before)
      || case when released is null then '{}'::jsonb else jsonb_build_object('grants', released_before) end as before,
    jsonb_build_object('requests', jsonb_build_object(removal_id, jsonb_strip_nulls(jsonb_build_object('id', removal_id,
        'type', 'systemRemove', 'state', next, 'detail', 'endReached', 'target_id', target_id, 'package_id', package_id,
        'package_version_id', current_version_id, 'policy_version_id', latest, 'assignment_id', id, 'zone', time_zone, 'stage', 0,
        'created_at', ${told}, 'completed_at', case next when 'removed' then ${told} end, 'version', 1))),
      'assignments', jsonb_build_object(id, jsonb_build_object('state', next, 'ended_at', ${told},
        'end_reason', 'endReached', 'version', version + 1) || case when remind_at is null then '{}'::jsonb else '{"remind_at": null}' end),
      'justifications', reasons_after)
      || case when released is null then '{}'::jsonb else jsonb_build_object('grants', released_after) end as after
  from going
  union all
  select 2, 'request.canceled', 'request', id::text, ${refs('id', 'assignment_id')},
    jsonb_build_object('detail', 'endReached', 'onBehalf', requestor_id is not null and requestor_id <> target_id)
      || case when requestor_id <> target_id then '{"byRequestor": false}'::jsonb else '{}'::jsonb end,
    jsonb_build_object('requests', jsonb_build_object(id, jsonb_build_object('state', was_state, 'detail', was_detail,
      'completed_at', null, 'version', version - 1))),
    jsonb_build_object('requests', jsonb_build_object(id, jsonb_build_object('state', 'canceled', 'detail', 'endReached',
      'completed_at', ${told}, 'version', version)))
  from given_up
  union all
  select 3, 'assignment.removed', 'assignment', id::text, ${refs('removal_id', 'id')}, '{}', null, null from going where next = 'removed'
  union all
  select 4, 'request.removed', 'request', removal_id::text, ${refs('removal_id', 'id')}, '{}', null, null from going where next = 'removed'
) told`;
}
