// What those in charge of a resource see of its differences, and their answer where the brake stopped (rule 3.15). Written by this
// file beside store/drift.ts alone.
import type { DriftAsked, DriftKind } from '../domain/drift';
import { DomainError } from '../domain/errors';
import type { PersonId, ResourceId } from '../domain/model';
import type { DriftList, DriftView, Views } from '../operations/ports';
import { heldOf, SET_NAME } from './drift';
import { Stale } from './faults';
import { KEPT_FOR } from './forgetting';
import { isId } from './ids';
import type { At } from './loads';
import { LIMITS } from './locks';
import type { Query, Row, TxQuery } from './query';
import { fromRow, instantOf, resources, toInstant } from './tables';

/** So many are named in a message. */
const NAMED = 3;

const LIST = (
  which: string,
  who = `people.state = 'enabled'`,
): string => `(select jsonb_build_object('people', count(*), 'fresh', count(*) filter (where fresh),
    'first', coalesce(jsonb_agg(jsonb_build_object('name', name, 'role', role)) filter (where nth <= $2), '[]'))
  from (select people.name, min(role.name) as role, bool_or(f.decision is distinct from 'declined') as fresh,
      row_number() over (order by people.name, people.id) as nth
    from drift_findings f join people on people.id = f.person_id join resource_roles role on role.id = f.role_id
    where f.resource_id = resource.id and ${who} and ${which} group by people.id, people.name) found)`;
const OPEN = (kind: DriftKind): string => LIST(`f.kind = '${kind}' and f.closed_at is null`);
/** Who left is in no question: what they still have goes, or is to be removed by hand. */
const LEFT = LIST(`f.kind = 'extra' and f.closed_at is null`, `people.state <> 'enabled'`);
// What was theirs before, and is Usher's gift by now, while they have it.
const OURS =
  LIST(`f.had_before and exists (select 1 from grants g where g.person_id = f.person_id and g.role_id = f.role_id
      and g.scope_id = f.scope_id and g.baseline = false and g.state in ('placing', 'placed', 'placeFailed'))`);

/** Whether those in charge are asked about the difference `f` by the comparison `c` of its resource. */
export const HELD = `(f.closed_at is null and exists (select 1 from people where people.id = f.person_id and people.state = 'enabled')
  and ((f.kind = 'missing' and c.held_missing is not null) or (f.kind = 'extra' and c.held_extra is not null)))`;

// Who left or is back since the comparison makes it another question: an answer is about those who were shown, and nobody else.
const ASKED = `left join lateral (select ${SET_NAME} as name from drift_findings f
  where c.held_set is not null and f.resource_id = c.resource_id and ${HELD}) asked on true`;
// What was declined goes by a name of its own: nobody accepts it later who has not seen that it was.
const SET = `case c.decision when 'declined' then left(md5(asked.name || ' ' || extract(epoch from c.decided_at)), 8) else asked.name end`;

/** Whether the person would lose access by what those in charge of a resource are asked. */
export const concerns = (resource: string, person: string): string => `exists (select 1 from comparisons c
  join people on people.id = ${person}
  join drift_findings f on f.resource_id = c.resource_id and f.holder = people.directory_key and f.closed_at is null
    and f.kind = 'extra'
  where c.resource_id = ${resource} and c.held_extra is not null)`;

const VIEW = `
select usher_now() as now, to_jsonb(resource) as resource, c.held_missing, c.held_extra, ${SET} as set, asked.name as asked,
  c.decision = 'accepted' as accepted, c.decided_by, (select name from people where people.id = c.decided_by) as decider,
  ${OPEN('missing')} as missing, ${OPEN('extra')} as extra, ${LEFT} as gone, ${OURS} as ours,
  (select count(distinct holder)::integer from drift_findings f
    where f.resource_id = resource.id and f.closed_at is null and f.person_id is null) as unknown,
  (select count(*)::integer ${KEPT_FOR('resource')}) as kept, c.read_at,
  (select coalesce(jsonb_agg(distinct person_id), '[]') from resource_keepers where resource_id = resource.id) as keepers,
  (select coalesce(jsonb_agg(distinct person_id), '[]') from resource_keepers keeper
    where resource_id = resource.id and ${concerns('resource.id', 'keeper.person_id')}) as concerned,
  (select coalesce(jsonb_agg(name order by name), '[]') from (
    select distinct people.id, people.name from (select person_id, choice, min(choice) over () as first from resource_keepers keeper
      where resource_id = resource.id and not ${concerns('resource.id', 'keeper.person_id')}) keeper
    join people on people.id = person_id where choice = first) named) as others
from resources resource left join comparisons c on c.resource_id = resource.id ${ASKED} where resource.id = $1`;

/** The open differences of a resource, and what those in charge are asked. */
export async function driftOf(q: Query, id: ResourceId, named = NAMED): Promise<DriftView | null> {
  return (await lookAt(q, id, named))?.facts ?? null;
}

async function lookAt(q: Query, id: ResourceId, named: number): Promise<At<DriftView> | null> {
  const [found] = isId(id) ? await q(VIEW, [id, named]) : [];
  if (found === undefined) return null;
  const row = found as Row;
  const accepted = row['accepted'] as boolean | null;
  return {
    now: instantOf(row['now']),
    facts: {
      resource: fromRow(resources, row['resource']),
      keepers: row['keepers'] as readonly PersonId[],
      held: heldOf(row),
      missing: row['missing'] as DriftList,
      extra: row['extra'] as DriftList,
      left: row['gone'] as DriftList,
      ours: row['ours'] as DriftList,
      unknown: row['unknown'] as number,
      kept: { people: row['kept'] as number, readAt: toInstant(row['read_at']) },
      concerned: row['concerned'] as readonly PersonId[],
      others: row['others'] as readonly string[],
      set: row['set'] as string | null,
      asked: row['asked'] as string | null,
      answer:
        accepted === null ? null : { accepted, person: row['decided_by'] as PersonId, by: row['decider'] as string },
    },
  };
}

const KEEPS = 'select exists (select 1 from resource_keepers where person_id = $1) as keeps';

/** Whether the person is in charge of any resource. */
export async function keeps(q: Query, person: PersonId): Promise<boolean> {
  return ((await q(KEEPS, [person]))[0] as { keeps: boolean }).keeps;
}

const DIFFERING = `
select r.id, r.name, catalogs.name as detail, ${SET} as set
from resources r join catalogs on catalogs.id = r.catalog_id left join comparisons c on c.resource_id = r.id ${ASKED}
where (exists (select 1 from drift_findings f where f.resource_id = r.id and f.closed_at is null) or exists (select 1 ${KEPT_FOR('r')}))
  and exists (select 1 from resource_keepers keeper where keeper.resource_id = r.id and keeper.person_id = $1)
order by lower(r.name), r.id`;

/** Resources in the care of a person that have open differences, or because of which somebody is kept. */
export async function differing(q: Query, keeper: PersonId): Promise<Awaited<ReturnType<Views['differing']>>> {
  return (await q(DIFFERING, [keeper])) as Awaited<ReturnType<Views['differing']>>;
}

// A comparison is concluded, and an answer given, by whoever holds this row.
const HOLD = `${LIMITS} select 1 from limits, comparisons where resource_id = $1 for no key update of comparisons`;

/** What is asked, with the row of the comparison held. */
export async function loadAsked(q: TxQuery, id: ResourceId): Promise<At<DriftAsked>> {
  if (isId(id)) await q.later(HOLD, [id]);
  const found = await lookAt(q, id, NAMED);
  if (found === null) throw new DomainError('not-found', { what: 'differences' });
  return found;
}

const ANSWER = `
with asked as materialized (
  select c.resource_id, ${SET_NAME} as name from comparisons c join drift_findings f on f.resource_id = c.resource_id and ${HELD}
  where c.resource_id = $1 group by c.resource_id
), answered as (
  update comparisons c set decision = $3, decided_by = $2, decided_at = usher_now() from asked
  where c.resource_id = asked.resource_id and asked.name = $4 returning c.resource_id, held_missing, held_extra
), marked as (update drift_findings f set decision = $3 from answered c where f.resource_id = c.resource_id and ${HELD})
select 1 from answered`;

/** Keeps an answer, with each of the differences that it is about. Somebody who left or is back since they were looked at makes it stale. */
export async function keepAnswer(
  q: Query,
  id: ResourceId,
  person: PersonId,
  { asked, accepted }: { readonly asked: string | null; readonly accepted: boolean },
): Promise<void> {
  const kept = await q(ANSWER, [id, person, accepted ? 'accepted' : 'declined', asked]);
  if (kept.length === 0) throw new Stale('drift_findings');
}
