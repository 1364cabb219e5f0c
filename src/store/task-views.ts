// What waits to be done by hand, for whoever may report it (rule 3.25; with its lock: placements.ts), removals first.
import type { TaskRow, Views } from '../operations/ports';
import { listOf, readPage, type Way } from './cursors';
import type { Query } from './query';

// What waits is walked in its order, each looked up by itself (offset 0) in what the person keeps: whoever keeps much would read all that
// was ever given there. Those in charge only after others see what nobody before them can do, and what these did not do in time.
const TASKS = ({ more, asc }: Way): string => `
with mine as materialized (
  select jsonb_object_agg(resource_id, choice) as choices
  from (select resource_id, min(choice) as choice from resource_keepers where person_id = $1 group by resource_id) kept
)
select t.id, t.number, t.want, t.opened_at as "openedAt", t.escalated_at is not null as late, named.*
from manual_tasks t
cross join lateral (
  select g.person_id, g.scope_id, role.name, role.resource_id, ((select choices from mine) ->> role.resource_id::text)::integer as choice
  from grants g join resource_roles role on role.id = g.role_id where g.id = t.grant_id offset 0
) place
cross join lateral (
  select target.name as target, place.name as role, resource.name || case when scope.root then '' else ' / ' || scope.name end as resource
  from people target, resources resource, resource_scopes scope
  where target.id = place.person_id and resource.id = place.resource_id and scope.id = place.scope_id offset 0
) named
where (select choices from mine) is not null and t.state = 'open' and place.choice is not null and place.person_id <> $1
  and (t.escalated_at is not null or place.choice = 1 or place.choice = (select min(choice) from resource_keepers
    where resource_id = place.resource_id and person_id <> place.person_id))
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
