// Who decides for whom: as one piece of SQL that a single request and the search for misrouted stages share, and delegations themselves.
import type { DelegationFacts, Link, ProposeFacts } from '../domain/delegation';
import { DomainError } from '../domain/errors';
import type { CatalogId, DelegationId, PackageId, PersonId } from '../domain/model';
import type { DelegableRow, Proposal, Views } from '../operations/ports';
import { containing, listOf, readPage, type Way } from './cursors';
import { isId } from './ids';
import { LIMITS } from './locks';
import type { At } from './loads';
import type { Query, Row } from './query';
import { fromRow, governed, instantOf, people } from './tables';

/**
 * Whether the delegation `d` holds now: accepted, in its time, and what is asked for is within its scope. One of somebody who was disabled
 * since is over, whether they are back or not; the job writes that down.
 */
export const holdsFor = (pkg: string, catalog: string): string => `d.state = 'accepted' and d.touched_at is null
    and d.from_at <= usher_now() and d.until_at > usher_now()
    and coalesce(d.package_id = ${pkg}, d.catalog_id = ${catalog}, true)`;

/**
 * Part of a `with`: `delegations_now (of, delegator, delegate, name, last_day)` of the people whom `whom` gives as `(of, person_id,
 * package_id, catalog_id)`. One by one, by index: nearly nobody has delegated.
 */
export const delegated = (whom: string): string => `delegations_now as materialized (
  select distinct on (asked.of, d.delegator_id, d.delegate_id)
    asked.of, d.delegator_id as delegator, d.delegate_id as delegate, person.name, d.last_day
  from (${whom}) asked
  cross join lateral (select * from delegations d where d.delegator_id = asked.person_id
    and ${holdsFor('asked.package_id', 'asked.catalog_id')} offset 0) d
  join people person on person.id = d.delegate_id and person.state = 'enabled'
  order by asked.of, d.delegator_id, d.delegate_id, d.until_at desc
)`;

const LIVE = `('proposed', 'accepted')`;
const PERSON = (id: string): string =>
  `(select jsonb_build_object('id', people.id, 'name', people.name, 'state', people.state) from people where people.id = ${id})`;

// Whether the person decides on one of `packages` that is hidden, where nobody does who is only somebody's manager.
const DECIDES_HIDDEN = (person: string): string => `(exists (select from role_holders h where h.person_id = ${person}
    and (h.role = 'administrator' or (h.role = 'catalogOwner' and h.catalog_id = packages.catalog_id)))
  or exists (select from policies join policy_subjects s on s.policy_version_id = policies.current_version_id and s.purpose <> 'target'
    where policies.package_id = packages.id and policies.state = 'enabled'
      and (s.person_id = ${person} or s.group_id in (select group_id from group_members where person_id = ${person}))))`;

const ONES = (from: string, asc: Way['asc'] = 'asc'): string => `
select usher_now() as now, to_jsonb(d) as delegation, ${PERSON('d.delegator_id')} as delegator, ${PERSON('d.delegate_id')} as delegate,
  coalesce((select jsonb_build_object('kind', 'package', 'name', name, 'hidden', hidden,
      'decided', not hidden or ${DECIDES_HIDDEN('d.delegator_id')}) from packages where packages.id = d.package_id),
    (select jsonb_build_object('kind', 'catalog', 'name', name, 'hidden', false, 'decided', true) from catalogs where catalogs.id = d.catalog_id)) as scope,
  d.touched_at is null and not exists (select from audit_events e where e.subject_kind = 'delegation' and e.subject_id = d.id::text
    and (e.type = 'delegation.accepted' or (e.type = 'delegation.ended' and e.at < d.until_at))) as unanswered
from ${from} order by d.from_at ${asc}, d.id ${asc}`;
const ONE = ONES('(select * from delegations where id = $1) d');
// From either side by its index, and no more than a list shows.
const LIVE_OF = (side: string, { more }: Way): string =>
  `select * from delegations where ${side} = $1 and state in ${LIVE} and until_at > usher_now()
     and ($2::timestamptz is null or (from_at, id) ${more} ($2, $3::uuid))`;
const MINE = listOf(
  (way) =>
    ONES(
      `(${LIVE_OF('delegator_id', way)} union ${LIVE_OF('delegate_id', way)}
        order by from_at ${way.asc}, id ${way.asc} limit $4) d`,
      way.asc,
    ),
  ['instant', 'id'],
  (row: Row) => {
    const { delegation } = factsOf(row).facts;
    return [delegation.from.toISOString(), delegation.id];
  },
  (row) => factsOf(row).facts,
);

// Whether somebody asks the person to decide, or a policy, or the lack of others, could.
const DECIDES = `select exists (select from approval_tasks where person_id = $1 and state = 'open' and for_id is null)
  or exists (select from role_holders where person_id = $1 and role in ('administrator', 'catalogOwner'))
  or exists (select from policy_subjects where person_id = $1 and purpose <> 'target')
  or exists (select from group_members m join policy_subjects s on s.group_id = m.group_id and s.purpose <> 'target' where m.person_id = $1)
  or exists (select from people where manager_id = $1)
    and exists (select from policy_subjects where kind = 'manager' and purpose <> 'target') as decides`;

// What leads on from the delegate, however far, and what the delegator has handed to the delegate.
const LINKS = `
with recursive handed as (
  select d.* from delegations d where d.delegator_id = $2 and d.state in ${LIVE} and d.until_at > usher_now()
  union
  select d.* from handed join delegations d on d.delegator_id = handed.delegate_id and d.state in ${LIVE} and d.until_at > usher_now()
)
select d.delegator_id as delegator, d.delegate_id as delegate, d.from_at as "from", d.until_at as until, d.package_id as package,
  coalesce(d.catalog_id, (select catalog_id from packages where packages.id = d.package_id)) as catalog
from (select * from handed
  union
  select * from delegations d where d.delegator_id = $1 and d.delegate_id = $2 and d.state in ${LIVE} and d.until_at > usher_now()) d`;

// What the person decides, or could: packages whose policies name them, and those of catalogs where they stand in, with these catalogs.
// A hidden package is in no list of those who would only decide as somebody's manager (rule 3.19).
const SCOPES = `
with mine as materialized (
  select group_id as id from group_members where person_id = $1
), leads as materialized (select exists (select from people where manager_id = $1) as yes),
stands as materialized (
  select c.id from catalogs c where c.state <> 'deleted' and exists (select from role_holders h where h.person_id = $1
    and (h.role = 'administrator' or (h.role = 'catalogOwner' and h.catalog_id = c.id)))
), decided as materialized (
  select p.id, p.name, p.catalog_id from packages p where p.state = 'active' and (p.catalog_id in (select id from stands)
    or exists (select from policies join policy_subjects s on s.policy_version_id = policies.current_version_id and s.purpose <> 'target'
      where policies.package_id = p.id and policies.state = 'enabled' and (s.person_id = $1 or s.group_id in (select id from mine)
        or (s.kind = 'manager' and not p.hidden and (select yes from leads)))))
)
select * from (
  select 'package' as kind, p.id, p.name, c.name as detail from decided p join catalogs c on c.id = p.catalog_id
  union all
  select 'catalog', c.id, c.name, '' from catalogs c where c.id in (select id from stands union select catalog_id from decided)
) scope
where ($2::uuid is null or id = $2) and name ilike $3
order by not name ilike $4, kind desc, lower(name), id limit $5`;

const DUE = `
select id from delegations where due_at <= usher_now()
union
select id from delegations where state = 'proposed' and answer_due_at <= usher_now()
union
select id from delegations where touched_at is not null
order by id limit $1`;

/** Reads about delegations. */
export function createDelegationViews(q: Query): Pick<Views, 'delegation' | 'delegations' | 'decides' | 'delegable'> {
  return {
    async delegation(id) {
      const [row] = isId(id) ? await q(ONE, [id]) : [];
      return row === undefined ? null : factsOf(row as Row).facts;
    },
    delegations: (person, page) => readPage(q, MINE, person, page),
    decides: (person) => decides(q, person),
    async delegable(person, { text = '', id = null, limit }) {
      if (id !== null && !isId(id)) return [];
      const start = containing(text.trim());
      return (await q(SCOPES, [person, id, start, start.slice(1), limit])) as readonly DelegableRow[];
    },
  };
}

/** Ids of delegations that begin, are over, are not answered in time, or have lost one of the two. */
export async function delegationsDue(q: Query, limit: number): Promise<readonly DelegationId[]> {
  return (await q(DUE, [limit])).map((row) => (row as { id: DelegationId }).id);
}

/** One delegation in an act, its row locked. */
export async function loadDelegation(q: Query, id: DelegationId): Promise<At<DelegationFacts>> {
  if (isId(id)) await q('select id from delegations where id = $1 for no key update', [id]);
  const [row] = isId(id) ? await q(ONE, [id]) : [];
  if (row === undefined) throw new DomainError('not-found', { what: 'card' });
  return factsOf(row as Row);
}

/** What an offer looks at. Nobody else offers anything before the act is over: two that would make a circle cannot miss each other. */
export async function loadProposal(
  q: Query,
  { delegator, delegate, package: pkg, catalog }: Proposal,
): Promise<At<ProposeFacts>> {
  await q(`${LIMITS} select pg_advisory_xact_lock(hashtext('delegations')) from limits`);
  const found = await q(
    'select usher_now() as now, to_jsonb(people) as person from people where id = any ($1::uuid[])',
    [[delegator, delegate].filter(isId)],
  );
  const people_ = (found as readonly Row[]).map((row) => fromRow(people, row['person']));
  const [from, to] = [delegator, delegate].map((id) => people_.find((one) => one.id === id));
  if (!from || !to) throw new DomainError('not-found', { what: 'person' });
  const [row] = found as readonly Row[];
  return {
    now: instantOf(row?.['now']),
    facts: {
      delegator: from,
      delegate: to,
      scope: await scopeOf(q, delegator, pkg, catalog),
      decides: await decides(q, delegator),
      links: (await q(LINKS, [delegator, delegate])) as readonly Link[],
    },
  };
}

async function scopeOf(
  q: Query,
  person: PersonId,
  pkg: PackageId | null,
  catalog: CatalogId | null,
): Promise<ProposeFacts['scope']> {
  const wanted = pkg ?? catalog;
  if (wanted === null) return { package: null, catalog: null };
  const [row] = isId(wanted) ? await q(SCOPES, [person, wanted, '%', '%', 1]) : [];
  if (row === undefined) throw new DomainError('not-found', { what: 'delegable' }, 'scope');
  if (pkg === null) return { package: null, catalog };
  const [home] = await q('select catalog_id as catalog from packages where id = $1', [pkg]);
  return { package: pkg, ...(home as { catalog: CatalogId }) };
}

async function decides(q: Query, person: PersonId): Promise<boolean> {
  const [row] = await q(DECIDES, [person]);
  return (row as { decides: boolean }).decides;
}

function factsOf(row: Row): At<DelegationFacts> {
  return {
    now: instantOf(row['now']),
    facts: {
      delegation: fromRow(governed.delegation, row['delegation']),
      delegator: row['delegator'] as DelegationFacts['delegator'],
      delegate: row['delegate'] as DelegationFacts['delegate'],
      scope: row['scope'] as DelegationFacts['scope'],
      unanswered: row['unanswered'] as boolean,
    },
  };
}
