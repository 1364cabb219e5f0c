// Who may hold two things that do not go together for a while: reading one exception with what its report needs, who holds both sides of an
// incompatibility now, and whose access may end at another time because of it.
import type { ExceptionFacts } from '../domain/exception';
import { DomainError } from '../domain/errors';
import type { AssignmentId } from '../domain/model';
import type { AffectedBy, HolderOfBoth } from '../operations/ports';
import { exceptions } from './configuration-tables';
import { isId } from './ids';
import type { At } from './loads';
import { LAST_DAY_OVER, LIVE } from './loads';
import { IS_MEMBER } from './policies';
import type { Query, Row } from './query';
import { fromRow, instantOf, toInstant } from './tables';

/** What the person of the exception `e` has of the package `of` after the instant `at`, as things are. */
const HELD = (of: string, at = 'usher_now()'): string =>
  `select a.id from assignments a where a.target_id = e.person_id and a.package_id = ${of} and a.state in ${LIVE}
    and (a.ends_at is null or a.ends_at > ${at})`;

const BOTH_AT = (at?: string): string => `(i.state = 'active' and exists (${HELD('i.package_id', at)})
    and (exists (${HELD('i.other_package_id', at)}) or ${IS_MEMBER('i.other_group_id', 'e.person_id')}))`;

/** Whether the person of the exception `e` to the incompatibility `i` holds both sides now. What is over is not held, ended or not yet. */
export const HOLDS_BOTH = BOTH_AT();

const ONE = `
select usher_now() as now, to_jsonb(e) as exception, jsonb_build_object('id', people.id, 'name', people.name) as person,
  jsonb_build_object('id', p.id, 'name', p.name) as package, jsonb_build_object('id', c.id, 'name', c.name) as catalog, coalesce(other.name, groups.name) as other,
  exists (select 1 from policies join policy_versions v on v.id = policies.current_version_id
    where policies.incompatibility_id = i.id and policies.state = 'enabled' and not ${LAST_DAY_OVER('people.time_zone')}) as excusable,
  e.state <> 'ended' and ${HOLDS_BOTH} as both, e.state <> 'ended' and ${BOTH_AT('e.until_at')} as outlasts, (${HELD('i.package_id')}) as assignment
from incompatibility_exceptions e join incompatibilities i on i.id = e.incompatibility_id
join people on people.id = e.person_id join packages p on p.id = i.package_id join catalogs c on c.id = p.catalog_id
left join packages other on other.id = i.other_package_id left join groups on groups.id = i.other_group_id
where e.id = $1`;

const BOTH = `
with joining as materialized (select * from jsonb_to_recordset($2::jsonb) as joining ("group" uuid, person uuid))
select pair.id, held.target_id as person, held.id as assignment, other.id as other
from jsonb_to_recordset($1::jsonb) as pair (id text, package uuid, "otherPackage" uuid, "otherGroup" uuid)
join assignments held on held.package_id = pair.package and held.state in ${LIVE}
left join assignments other on other.target_id = held.target_id and other.package_id = pair."otherPackage" and other.state in ${LIVE}
where other.id is not null or ${IS_MEMBER('pair."otherGroup"', 'held.target_id')}
  or (pair."otherGroup", held.target_id) in (select "group", person from joining)
order by pair.id, held.target_id`;

// The newer of two bears the end with which both are right.
const LENT = `
select id from assignments where id in (
  select assignment_id from lent_changes
  union
  select a.id from assignments a where a.state in ${LIVE} and a.ended_at is null and a.ends_at <= usher_now()
    and exists (select 1 from justifications j where j.assignment_id = a.id and j.ended_at is null
      and (j.until is null or j.until > usher_now())))
order by starts_at desc, id desc limit $1`;
const TAKE_NOTES = `
with taken as (delete from lent_changes where assignment_id = $1 returning at) select min(at) as at from taken`;

/** Access whose end may have to move because of an exception, or that ends with one by now. */
export async function lentChanged(q: Query, limit: number): Promise<readonly AssignmentId[]> {
  return (await q(LENT, [limit])).map((row) => (row as { id: AssignmentId }).id);
}

/** Since when it is noted, which is forgotten with this act. To be called before anything is read: what is noted later stays. */
export async function takeLentNotes(q: Query, id: AssignmentId): Promise<Date | null> {
  const [row] = await q(TAKE_NOTES, [id]);
  return toInstant((row as Row)['at']);
}

/** One exception, read outside any lock. */
export async function exceptionOf(q: Query, id: string): Promise<ExceptionFacts | null> {
  return (await found(q, id))?.facts ?? null;
}

/** The same in an act, its row locked. */
export async function loadException(q: Query, id: string): Promise<At<ExceptionFacts>> {
  if (isId(id)) await q('select id from incompatibility_exceptions where id = $1 for no key update', [id]);
  const one = await found(q, id);
  if (!one) throw new DomainError('not-found', { what: 'card' });
  return one;
}

async function found(q: Query, id: string): Promise<At<ExceptionFacts> | null> {
  const [row] = (isId(id) ? await q(ONE, [id]) : []) as readonly Row[];
  if (row === undefined) return null;
  return {
    now: instantOf(row['now']),
    facts: {
      exception: fromRow(exceptions, row['exception']),
      person: row['person'] as ExceptionFacts['person'],
      package: row['package'] as ExceptionFacts['package'],
      catalog: row['catalog'] as ExceptionFacts['catalog'],
      assignment: row['assignment'] as ExceptionFacts['assignment'],
      other: row['other'] as string,
      excusable: row['excusable'] as boolean,
      holdsBoth: row['both'] as boolean,
      outlasts: row['outlasts'] as boolean,
    },
  };
}

/** Who holds both sides of each pair now, by the pair's id. */
export async function holdersOfBoth(
  q: Query,
  pairs: AffectedBy['pairs'],
): Promise<ReadonlyMap<string, readonly HolderOfBoth[]>> {
  if (pairs.length === 0) return new Map();
  // The people of a group go along once, however many pairs it stands in.
  const sides = pairs.map((pair) => ({ ...pair, joining: undefined }));
  const groups = new Map(pairs.map(({ otherGroup, joining }) => [otherGroup, joining]));
  const joining = [...groups].flatMap(([group, people]) => people.map((person) => ({ group, person })));
  const rows = (await q(BOTH, [JSON.stringify(sides), JSON.stringify(joining)])) as readonly (HolderOfBoth & {
    id: string;
  })[];
  const found = new Map<string, HolderOfBoth[]>();
  for (const { id, ...holder } of rows) {
    const list = found.get(id);
    if (list) list.push(holder);
    else found.set(id, [holder]);
  }
  return found;
}
