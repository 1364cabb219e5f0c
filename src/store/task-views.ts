// What waits to be done by hand, for whoever may report it (rule 3.25; with its lock: placements.ts), removals first.
import type { TaskRow, Views } from '../operations/ports';
import { listOf, readPage, type Way } from './cursors';
import type { Query } from './query';

// What waits is walked in its order and looked up in what the person keeps. Those in charge only after others see what nobody before
// them can do, and what these did not do in time.
const TASKS = ({ more, asc }: Way): string => `
with mine as materialized (
  select resource_id, min(choice) as choice from resource_keepers where person_id = $1 group by resource_id
)
select t.id, t.number, t.want, t.opened_at as "openedAt", t.escalated_at is not null as late, target.name as target,
  role.name as role, resource.name || case when scope.root then '' else ' / ' || scope.name end as resource
from manual_tasks t
join grants g on g.id = t.grant_id
join resource_roles role on role.id = g.role_id
join mine on mine.resource_id = role.resource_id
join resources resource on resource.id = role.resource_id
join resource_scopes scope on scope.id = g.scope_id
join people target on target.id = g.person_id
where t.state = 'open' and g.person_id <> $1
  and (t.escalated_at is not null or mine.choice = (
    select min(choice) from resource_keepers where resource_id = role.resource_id and person_id <> g.person_id))
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
