// What waits to be done by hand, for whoever may report it (rule 3.25; with its lock: placements.ts), removals first.
import type { TaskRow, Views } from '../operations/ports';
import { listOf, readPage, type Way } from './cursors';
import type { Query } from './query';

// What waits is walked in its order, each looked up by itself (offset 0) in what the person keeps: whoever keeps much would read all that
// was ever given there. Those in charge only after others see what nobody before them can do, and what these did not do in time. Who is
// before them is looked up once for each resource: nobody, one person, who does no task that is about themselves, or several. Where there
// always are several (not `first`) only what is late is looked at.
const TASKS = ({ more, asc }: Way): string => `
with mine as materialized (
  select jsonb_object_agg(role.id, case when before.one is null then 'all' when before.one = before.other then before.one else 'late' end) as sees,
    bool_or(before.one is not distinct from before.other) as first
  from (select resource_id, min(choice) as choice from resource_keepers where person_id = $1 group by resource_id) kept
  cross join lateral (select min(person_id::text) as one, max(person_id::text) as other from resource_keepers k
    where k.resource_id = kept.resource_id and k.choice = 1 and kept.choice > 1) owners
  cross join lateral (select min(person_id::text) as one, max(person_id::text) as other from resource_keepers k
    where k.resource_id = kept.resource_id and k.choice = 2 and kept.choice > 2 and owners.one is not distinct from owners.other) catalog
  cross join lateral (select least(owners.one, catalog.one) as one, greatest(owners.other, catalog.other) as other) before
  join resource_roles role on role.resource_id = kept.resource_id
)
select t.id, t.number, t.want, t.opened_at as "openedAt", t.escalated_at is not null as late, named.*
from manual_tasks t
cross join lateral (
  select g.person_id, g.role_id, g.scope_id, (select sees from mine) ->> g.role_id::text as sees from grants g where g.id = t.grant_id offset 0
) place
cross join lateral (
  select target.name as target, role.name as role, resource.name || case when scope.root then '' else ' / ' || scope.name end as resource
  from people target, resource_roles role, resources resource, resource_scopes scope
  where target.id = place.person_id and role.id = place.role_id and resource.id = role.resource_id and scope.id = place.scope_id offset 0
) named
where (select sees from mine) is not null and t.state = 'open' and (t.escalated_at is not null or (select first from mine))
  and place.sees is not null and place.person_id <> $1
  and (t.escalated_at is not null or place.sees in ('all', place.person_id::text))
  and ($2::integer is null or (t.want, t.opened_at, t.id) ${more} ($2 = 1, $3::timestamptz, $4::uuid))
order by t.want ${asc}, t.opened_at ${asc}, t.id ${asc} limit $5`;

const LIST = listOf(
  TASKS,
  ['integer', 'instant', 'id'],
  (row: TaskRow) => [row.want ? 1 : 0, row.openedAt.toISOString(), row.id],
  (row) => row,
);

const BY_NUMBER = 'select id from manual_tasks where number = $1';

/** Reads about manual tasks. */
export function createTaskViews(q: Query): Pick<Views, 'tasks' | 'taskByNumber'> {
  return {
    tasks: (person, page) => readPage(q, LIST, person, page),
    async taskByNumber(number) {
      const [row] = Number.isSafeInteger(number) ? await q(BY_NUMBER, [number]) : [];
      return (row as { id: string } | undefined)?.id ?? null;
    },
  };
}
