// Who is asked to do a manual task follows who keeps its resource: whoever came to keep it is told of what is open already, and the
// card of whoever does not any more closes (rule 3.25). A row of manual_task_keepers says who might report a task when last looked at.
import type { Query } from './query';

// Open tasks are few against what was ever done. At the first look the message is the one of the opening, by its key: who has that
// already is not told twice. Whoever comes later, or back, is told anew: their old message was closed without a word. An hour of many
// changes tells each once.
const FOLLOW = `
with open_tasks as materialized (
  select t.id, t.want, t.escalated_at is not null as escalated, g.person_id as target_id, role.resource_id
  from manual_tasks t join grants g on g.id = t.grant_id join resource_roles role on role.id = g.role_id
  where t.state = 'open'
), kept as materialized (
  select distinct resource.resource_id, keeper.person_id, keeper.choice
  from (select distinct resource_id from open_tasks) resource
  cross join lateral (select person_id, choice from resource_keepers where resource_id = resource.resource_id offset 0) keeper
), ranked as (
  select task.id, task.escalated, kept.person_id, kept.choice = min(kept.choice) over (partition by task.id) as first
  from open_tasks task join kept on kept.resource_id = task.resource_id and kept.person_id <> task.target_id
), found as materialized (
  select id, want, coalesce(array_agg(distinct person_id) filter (where first or ranked.escalated), '{}') as keepers,
    coalesce(array_agg(distinct person_id) filter (where first), '{}') as asked
  from open_tasks left join ranked using (id) group by id, want
), changed as materialized (
  select found.*, before.keepers as before from found left join manual_task_keepers before on before.task_id = found.id
  where before.keepers is distinct from found.keepers
), remembered as (
  insert into manual_task_keepers (task_id, keepers) select id, keepers from changed order by id
  on conflict (task_id) do update set keepers = excluded.keepers
), forgotten as (
  delete from manual_task_keepers k where (select state from manual_tasks t where t.id = k.task_id) <> 'open'
), told as (
  insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
  select 'tell', 'manualTask', 'resourceOwners', person_id, 'manualTask', changed.id, jsonb_build_object('want', want, 'event', event),
    person_id || ':manualTask:' || changed.id, usher_now(), event || ':tell:manualTask:resourceOwners:' || person_id, usher_now()
  from changed cross join lateral unnest(asked) person_id
  cross join lateral (
    select concat_ws('.', id, case when changed.before is not null then (extract(epoch from usher_now()) / 3600)::integer end) as event
    from audit_events where subject_kind = 'manualTask' and subject_id = changed.id::text and type = 'manualTask.opened' limit 1) opened
  where person_id <> all (coalesce(changed.before, '{}'))
  on conflict (dedupe_key) do nothing returning id
), stale as (
  select 'manualTask' as kind, id from changed where before is not null or exists (select from cards
    where subject_kind = 'manualTask' and subject_id = changed.id::text and state = 'live' and person_id <> all (keepers))
  union
  -- One message may offer many tasks.
  select 'person', former from changed cross join lateral unnest(before) former
  where former <> all (keepers) and exists (select from cards
    where subject_kind = 'person' and subject_id = former::text and state = 'live' and split_part(view, '~', 1) = 'digest')
), redrawn as (
  insert into outgoing (kind, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
  select 'redraw', kind, id, concat_ws(':', 'redraw', kind, id), usher_now(), concat_ws(':', 'keepers', id, gen_random_uuid()), usher_now()
  from stale returning id
)
select (select count(*) from told)::integer + (select count(*) from redrawn)::integer as messages`;

/** Tells who came to keep the resource of an open task, and has its cards drawn again; returns how many messages follow. */
export async function followKeepers(q: Query): Promise<number> {
  const [row] = await q(FOLLOW);
  return (row as { messages: number }).messages;
}
