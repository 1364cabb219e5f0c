// What connected systems say, compared with what Usher gave: all of a resource at once. The rule for one pair is
// domain/drift.ts#differenceOf; a test compares the two. The tables here are written by this file only, and never give or take access.
import type { Compared, DriftFacts, DriftHeld, DriftKind, Finding, Judgement, Repair } from '../domain/drift';
import { DomainError } from '../domain/errors';
import { GONE_FOR } from '../domain/baseline';
import type { FindingId, GrantId, ResourceId } from '../domain/model';
import type { Comparing, Comparisons } from '../operations/ports';
import { TOLD } from './forgetting';
import { isId, newId } from './ids';
import type { At } from './loads';
import { ABSORBED, loadPlace, TWINS, WANTED } from './placements';
import type { Query, Row } from './query';
import { fromRow, instantOf, people, resources, toInstant } from './tables';

// Of what cannot be compared any more nobody knows whether it differs.
const COMPARABLE = `
with comparable as materialized (select id from resources where state = 'active' and connector = any($1::text[])),
closed as (
  update drift_findings set closed_at = usher_now()
  where closed_at is null and resource_id not in (select id from comparable)
)
select comparable.id from comparable left join comparisons on comparisons.resource_id = comparable.id
order by comparisons.began_at nulls first, comparable.id`;

// A comparison that is still being read was lost with its process, or is overtaken by this one: it ended without an answer.
const BEGIN = `
with begun as (
  insert into comparisons (resource_id, token, state, began_at, failures)
  select id, $2, 'reading', usher_now(), 0 from resources where id = $1 and state = 'active'
  on conflict (resource_id) do update set token = excluded.token, state = 'reading', began_at = excluded.began_at, ended_at = null,
    failures = comparisons.failures + case comparisons.state when 'reading' then 1 else 0 end
  returning resource_id, token
), swept as (
  delete from drift_seen where token = any(array(select old.token from begun join comparisons old using (resource_id)))
)
select resources.connector, resources.origin_id from begun join resources on resources.id = begun.resource_id`;

// Pages may overlap where the system changes while it is read. The row of the comparison is held until the page is in, so that
// nobody begins another one in between.
const ADD = `
with mine as materialized (select token, began_at from comparisons where token = $1 and state = 'reading' for key share),
added as (
  insert into drift_seen (token, holder, role, scope)
  select mine.token, h."directoryKey", h.role, h.scope
  from mine, jsonb_to_recordset($2::jsonb) as h ("directoryKey" text, role text, scope text)
  on conflict do nothing
)
select began_at < usher_now() - interval '50 minutes' as late from mine`;

const FAILED = `
with failed as (
  update comparisons set state = 'failed', ended_at = usher_now(), error = $2, failures = failures + 1
  where token = $1 and state = 'reading' returning token
)
delete from drift_seen where token in (select token from failed)`;

const ACCEPTED = `
select r.id from comparisons c join resources r on r.id = c.resource_id and r.state = 'active' and r.connector = any($1::text[])
where c.decision = 'accepted' and c.began_at <= c.decided_at and c.state <> 'reading' order by r.id`;

/** Machine tables of comparisons that run. */
export function createComparisons(q: Query): Comparisons {
  return {
    async comparable(connectors) {
      return (await q(COMPARABLE, [connectors])).map((row) => (row as { id: ResourceId }).id);
    },
    async accepted(connectors) {
      return (await q(ACCEPTED, [connectors])).map((row) => (row as { id: ResourceId }).id);
    },
    async begin(resource) {
      const token = newId();
      const [row] = await q(BEGIN, [resource, token]);
      if (row === undefined) return null;
      const { connector, origin_id } = row as { connector: string; origin_id: string };
      return { token, resource, connector, originId: origin_id };
    },
    async add({ token }: Comparing, holders) {
      const [row] = await q(ADD, [token, JSON.stringify(holders)]);
      if (row === undefined) return 'overtaken';
      return (row as { late: boolean }).late ? 'late' : 'kept';
    },
    async failed({ token }, code) {
      await q(FAILED, [token, code]);
    },
  };
}

/** Whether something is under way for the grant `g`, or was since `began`: what the system said of it may be older. */
const BUSY = (began: string): string => `(
  exists (select 1 from outgoing o where o.lane = 'grant:' || g.id and o.kind = 'place' and o.state in ('ready', 'leased'))
  or exists (select 1 from manual_tasks t where t.grant_id = g.id and t.state = 'open')
  or exists (select 1 from audit_events e where e.subject_kind = 'grant' and e.subject_id = g.id::text and e.at >= ${began}))`;

/** Of how many of the known differences of a kind somebody in charge said that nothing is done. */
const DECLINED = (
  kind: DriftKind,
): string => `(select case when bool_and(coalesce(decision, '') = 'declined') then 'all'
    when bool_or(decision = 'declined') then 'some' else 'none' end from known where kind = '${kind}')`;

/** How many people are left whom those in charge were asked about when it was compared before, where nobody has answered. */
const UNANSWERED = (kind: DriftKind): string => `(select count(distinct person_id)::integer from known
    where kind = '${kind}' and was_open and compared.unanswered and compared.held_${kind} is not null)`;

/**
 * Whether what was declined is only left out by what the system said since in less than so long: one read may be wrong. An answer that
 * was given meanwhile was given without it.
 */
const LEFT_OUT = `(f.decision = 'declined' and f.closed_at > compared.read_at - interval '${GONE_FOR} milliseconds'
  and f.closed_at >= compared.decided_at
  and not exists (select 1 from drift_findings o where o.resource_id = f.resource_id and o.kind = f.kind and o.holder = f.holder
    and o.role_id = f.role_id and o.scope_id = f.scope_id and o.closed_at is null))`;

// One place of a system may stand in several catalogs: access that any of them explains is explained.
//
// What is compared with what may be a hundred thousand rows on either side, and nobody has counted them before. So the sides are
// put one below the other and grouped, which takes the same time whatever the planner expects; joined, it would take the one that
// it expects to be short for each row of the other. What looks into the grants of one person is asked of those that differ only,
// in subqueries that are not made joins (a count).
const COMPARE = `
with compared as materialized (
  select r.*, c.began_at, c.read_at, c.decided_at, c.failures, c.held_missing, c.held_extra,
    c.held_set is not null and c.decision is null as unanswered
  from comparisons c join resources r on r.id = c.resource_id where c.token = $1
), place as materialized (
  select role.id as role_id, scope.id as scope_id, role.origin_id as role, scope.origin_id as scope
  from compared join resource_roles role on role.resource_id = compared.id join resource_scopes scope on scope.resource_id = compared.id
), twin as materialized (
  select place.role_id, place.scope_id, role.id as twin_role_id, scope.id as twin_scope_id, other.id = compared.id as own
  from compared join resources other on other.connector = compared.connector and other.origin_id = compared.origin_id
  join resource_roles role on role.resource_id = other.id join resource_scopes scope on scope.resource_id = other.id
  join place on place.role = role.origin_id and place.scope = scope.origin_id
), pair as materialized (
  select holder, role_id, scope_id, bool_or(present) as present, bool_or(given) as given,
    (array_agg(own_id) filter (where own_id is not null))[1] as own_id
  from (
    select s.holder, place.role_id, place.scope_id, true as present, false as given, null::uuid as own_id
    from drift_seen s join place on place.role = s.role and place.scope = s.scope where s.token = $1
    union all
    select people.directory_key, twin.role_id, twin.scope_id, false, g.state <> 'taken', case when twin.own then g.id end
    from twin join grants g on g.role_id = twin.twin_role_id and g.scope_id = twin.twin_scope_id join people on people.id = g.person_id
  ) side group by holder, role_id, scope_id
), missing as (
  select 'missing' as kind, pair.holder, g.person_id, g.role_id, g.scope_id, g.version as grant_version,
    coalesce(g.baseline, false) as had_before
  from pair cross join compared join grants g on g.id = pair.own_id and g.state = 'placed'
  join people on people.id = g.person_id and people.state = 'enabled'
  where not pair.present and ${WANTED} and not ${BUSY('compared.began_at')}
), extra as (
  select 'extra', pair.holder, person.id, pair.role_id, pair.scope_id, own.version, false
  from pair cross join compared left join people person on person.directory_key = pair.holder
  left join grants own on own.id = pair.own_id
  where pair.present and not pair.given and 0 = (
    select count(*) from twin join grants g on g.role_id = twin.twin_role_id and g.scope_id = twin.twin_scope_id
    where g.person_id = person.id and twin.role_id = pair.role_id and twin.scope_id = pair.scope_id
      and ((g.baseline and person.state = 'enabled' and not ${ABSORBED}) or ${BUSY('compared.began_at')}))
), different as (
  select missing.* from missing, compared where drift_missing <> 'accept'
  union all select extra.* from extra, compared where drift_extra <> 'accept'
), met as materialized (
  select kind, holder, role_id, scope_id, bool_or(differs) as differs, (array_agg(known_id) filter (where not differs))[1] as known_id,
    bool_or(left_out) as left_out,
    (array_agg(decision) filter (where not differs))[1] as answer,
    (array_agg(person_id) filter (where differs))[1] as person_id,
    (array_agg(grant_version) filter (where differs))[1] as grant_version, bool_or(had_before) as had_before,
    count(distinct (person_id, grant_version)) > 1 as changed
  from (
    select kind, holder, role_id, scope_id, true as differs, null::uuid as known_id, false as left_out, null as decision, person_id,
      grant_version, had_before
    from different
    union all
    select f.kind, f.holder, f.role_id, f.scope_id, false, f.id, false, f.decision, f.person_id, f.grant_version, false
    from compared join drift_findings f on f.resource_id = compared.id and f.closed_at is null
    union all
    select f.kind, f.holder, f.role_id, f.scope_id, false, f.id, true, f.decision, f.person_id, f.grant_version, false
    from compared join drift_findings f on f.resource_id = compared.id and ${LEFT_OUT}
  ) side group by kind, holder, role_id, scope_id
), closed as (
  update drift_findings set closed_at = usher_now()
  where id = any(array(select known_id from met where not differs and not left_out)) returning id
), back as (
  update drift_findings set closed_at = null
  where id = any(array(select known_id from met where differs and left_out and not changed)) returning id
), kept as (
  -- Those that are new, and those of which something else is known by now.
  insert into drift_findings (id, resource_id, kind, holder, person_id, role_id, scope_id, grant_version, had_before, found_at)
  select case when known_id is null or left_out then usher_id() else known_id end, (select id from compared), kind, holder, person_id, role_id, scope_id, grant_version, had_before,
    usher_now()
  from met where met.differs and (met.known_id is null or met.changed)
  on conflict (id) do update set person_id = excluded.person_id, grant_version = excluded.grant_version, decision = null
), opened as (
  -- An answer was not about what became of the difference since.
  select kind, person_id from met where differs and (known_id is null or (changed and answer is not null))
), differing as materialized (
  select met.kind, person_id, people.state <> 'enabled' as is_leaver, known_id is not null and not left_out as was_open,
    case when not changed then answer end as decision,
    0 < (select count(*) from audit_events e where e.subject_kind = 'person' and e.subject_id = person_id::text
      and e.at >= (select read_at from compared)
      and e.type in ('person.disabled', 'person.enabled', 'person.deleted', 'person.restored')) as has_moved
  from met join people on people.id = person_id where differs
), known as materialized (
  -- Nobody is asked about who left: what they have goes.
  select kind, person_id, decision, was_open from differing where not is_leaver
)
select usher_now() as now, to_jsonb(compared) as resource, failures, held_missing, held_extra,
  ${UNANSWERED('missing')} as unanswered_missing, ${UNANSWERED('extra')} as unanswered_extra,
  (select count(*)::integer from opened where kind = 'missing') as opened_missing,
  (select count(*)::integer from opened where kind = 'extra') as opened_extra,
  (select count(*)::integer from opened where person_id is null) as opened_unknown,
  ${TOLD('compared')} as was_unread, (select count(*)::integer from closed) as closed, (select count(*)::integer from back) as back,
  (select count(distinct person_id)::integer from known where kind = 'missing') as people_missing,
  (select count(distinct person_id)::integer from differing where kind = 'extra' and exists (select 1 from known where kind = 'extra')) as people_extra,
  coalesce((select bool_or(has_moved) from differing), false) as moved,
  coalesce((select bool_and(coalesce(decision, '') = 'accepted') from known where kind = 'missing'), false) as accepted_missing,
  coalesce((select bool_and(coalesce(decision, '') = 'accepted') from known where kind = 'extra'), false) as accepted_extra,
  ${DECLINED('missing')} as declined_missing, ${DECLINED('extra')} as declined_extra,
  (select count(distinct holder)::integer from drift_seen where token = $1) as holders,
  (select count(distinct g.person_id)::integer from place join grants g on g.role_id = place.role_id and g.scope_id = place.scope_id
    where g.state = 'placed') as given
from compared cross join lateral (select compared.read_at) c`;

/** Nobody waits for a comparison, and a large one takes longer than anything that people wait for. */
const PATIENCE_MS = 300_000;

/** The row of the comparison, so that nobody begins or concludes another one meanwhile. */
const HOLD = `
with patience as materialized (select set_config('statement_timeout', '${PATIENCE_MS}', true))
select 1 from patience, comparisons where token = $1 and state = 'reading' for update of comparisons`;

/** Keeps what differs and closes what does not any more; null where another comparison of the resource has begun. */
export async function loadCompared(q: Query, token: string): Promise<At<Compared> | null> {
  if ((await q(HOLD, [token])).length === 0) return null;
  const [found] = await q(COMPARE, [token]);
  const row = found as Row;
  const count = (name: string): number => row[name] as number;
  return {
    now: instantOf(row['now']),
    facts: {
      resource: fromRow(resources, row['resource']),
      opened: { missing: count('opened_missing'), extra: count('opened_extra'), unknown: count('opened_unknown') },
      closed: count('closed'),
      back: count('back'),
      wasUnread: row['was_unread'] as boolean,
      people: { missing: count('people_missing'), extra: count('people_extra') },
      moved: row['moved'] as boolean,
      holders: count('holders'),
      given: count('given'),
      accepted: { missing: row['accepted_missing'] as boolean, extra: row['accepted_extra'] as boolean },
      declined: {
        missing: row['declined_missing'] as Compared['declined']['missing'],
        extra: row['declined_extra'] as Compared['declined']['extra'],
      },
      failedBefore: count('failures') > 0,
      heldBefore: heldOf(row),
      unanswered: { missing: count('unanswered_missing'), extra: count('unanswered_extra') },
    },
  };
}

/** Why differences are not repaired, as it was kept. */
export function heldOf(row: Row): Readonly<Record<DriftKind, DriftHeld | null>> {
  return { missing: row['held_missing'] as DriftHeld | null, extra: row['held_extra'] as DriftHeld | null };
}

/** Names the differences `f` that are asked about. */
export const SET_NAME = `left(md5(string_agg(f.id::text, ',' order by f.id)), 8)`;

// An answer stands as long as it was given to all at which the brake stops; of one difference more they are asked anew. What is repaired
// beside what was declined is not asked about.
const JUDGED = `
with asked as (
  select ${SET_NAME} as held_set,
    bool_and(f.kind = any($4::text[]) or f.decision is not distinct from 'declined') as is_declined
  from comparisons c join drift_findings f on f.resource_id = c.resource_id and f.closed_at is null
    and ((f.kind = 'missing' and $2::text is not null) or (f.kind = 'extra' and $3::text is not null))
  join people on people.id = f.person_id and people.state = 'enabled'
  where c.token = $1
), done as (
  update comparisons set state = 'done', ended_at = usher_now(), error = null, failures = 0, held_missing = $2, held_extra = $3,
    held_set = asked.held_set, decision = case when asked.is_declined then 'declined' end
  from asked where token = $1 returning resource_id
), swept as (delete from drift_seen where token = $1)
select f.id, f.kind, people.state <> 'enabled' as leaver from done join drift_findings f on f.resource_id = done.resource_id and f.closed_at is null
join people on people.id = f.person_id join resources on resources.id = f.resource_id
where case people.state when 'enabled' then f.kind = any($4::text[]) and f.decision is distinct from 'declined'
  else f.kind = 'extra' and resources.drift_extra = 'repair' end
order by f.id`;

/** The comparison is over, which a trigger takes for the last read; returns what can be repaired of these kinds. */
export async function judged(q: Query, token: string, { held, repairs }: Judgement): Promise<readonly Repair[]> {
  return (await q(JUDGED, [token, held.missing, held.extra, repairs])) as readonly Repair[];
}

const FINDING = `
select usher_now() as now, to_jsonb(person) as person, to_jsonb(resource) as resource, own.id as grant_id,
  jsonb_build_object('id', f.id, 'resource', f.resource_id, 'kind', f.kind, 'person', f.person_id, 'role', f.role_id,
    'scope', f.scope_id, 'grantVersion', f.grant_version, 'declined', f.decision is not distinct from 'declined' and person.state = 'enabled') as finding, f.closed_at,
  exists (select 1 from resource_roles role, resource_scopes scope, ${TWINS('person.id')}
    and role.id = f.role_id and scope.id = f.scope_id and (g.state <> 'taken' or (g.baseline and person.state = 'enabled' and not ${ABSORBED}))) as elsewhere
from drift_findings f join people person on person.id = f.person_id join resources resource on resource.id = f.resource_id
left join grants own on own.person_id = f.person_id and own.role_id = f.role_id and own.scope_id = f.scope_id
where f.id = $1`;

/** One difference, behind the lock of its person. */
export async function loadFinding(q: Query, id: FindingId): Promise<At<DriftFacts>> {
  const [found] = isId(id) ? await q(FINDING, [id]) : [];
  if (found === undefined) throw new DomainError('not-found', { what: 'assignment' });
  const row = found as Row;
  const grant = row['grant_id'] as GrantId | null;
  const place = grant === null ? null : (await loadPlace(q, grant)).facts;
  return {
    now: instantOf(row['now']),
    facts: {
      finding: { ...(row['finding'] as Finding), closedAt: toInstant(row['closed_at']) },
      person: fromRow(people, row['person']),
      resource: fromRow(resources, row['resource']),
      place,
      elsewhere: row['elsewhere'] as boolean,
    },
  };
}
