// People whose time to be restored is over (rule 3.17). Their row stays and says nothing of them any more; whoever gets their key or
// their mail address later is somebody else.
import type { DomainEvent } from '../domain/events';
import type { PersonId } from '../domain/model';
import { RESTORABLE_MS } from '../domain/person';
import { GONE_FOR } from '../domain/baseline';
import type { Forgettable, PersonConfig } from '../operations/ports';
import { peopleWithProperties, roles } from './configuration-tables';
import { isId } from './ids';
import type { Query, Row } from './query';
import { fromRow, fromRows } from './tables';
import type { Recorded } from './tail';

/** Whether a resource can be read: of any other, what was found there before says nothing of what is there. */
const READABLE = (resource: string): string => `${resource}.state = 'active' and ${resource}.connector <> 'manual'`;

// What is still to be taken from somebody is taken by their key, so it is kept until then, however long that is. That a system does not
// have it any more is said by two reads, because one may leave somebody out.
const SETTLED = `people.state = 'deleted' and people.forgotten_at is null
  and people.deleted_at <= usher_now() - interval '${RESTORABLE_MS} milliseconds'
  and not exists (select 1 from grants g where g.person_id = people.id and g.state <> 'taken')
  and not exists (select 1 from drift_findings f join resources r on r.id = f.resource_id left join comparisons c using (resource_id)
    where f.person_id = people.id and ${READABLE('r')} and r.drift_extra = 'repair'
      and (f.closed_at is null or f.closed_at > c.read_at - interval '${GONE_FOR} milliseconds'))`;

/** Whether nobody knows what somebody who was deleted still has at a resource, which was read as \`c\` says. */
const UNREAD = (resource: string): string => `(${READABLE(resource)}
  and ${resource}.drift_extra <> 'accept' and c.resource_id is not null and (c.read_at is null or c.read_at < people.deleted_at))`;

/** Those who are kept because nobody knows what they still have at a resource, which was read as \`c\` says. */
export const KEPT_FOR = (resource: string): string => `from people where ${SETTLED} and ${UNREAD(resource)}`;

/** Resources because of which somebody is kept. */
const KEEPING = 'from comparisons c join resources r on r.id = c.resource_id';
/** Those who are kept until a system can be read. */
export const KEPT = `from people where ${SETTLED} and exists (select 1 ${KEEPING} where ${UNREAD('r')})`;

/** Whether those in charge were told that a resource cannot be read, since it was as \`c\` says. */
export const TOLD = (resource: string): string => `exists (select 1 from audit_events e where e.type = 'resource.unread'
  and e.subject_kind = 'resource' and e.subject_id = ${resource}.id::text and (c.read_at is null or e.at > c.read_at))`;

/** Ids of those who can be forgotten, or who are kept by a system of which nobody was told yet. */
export const TO_FORGET = `select id from people where ${SETTLED}
  and (not exists (select 1 ${KEEPING} where ${UNREAD('r')}) or exists (select 1 ${KEEPING} where ${UNREAD('r')} and not ${TOLD('r')}))
order by deleted_at, id limit $1`;

const HOLD = 'select 1 from people where id = $1 for no key update';
const LOAD = `
select to_jsonb(people) as person, (select jsonb_agg(to_jsonb(r) order by r.id) from administrative_roles r
  where r.person_id = people.id and r.state = 'active') as roles,
  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'catalog', r.catalog_id, 'told', ${TOLD('r')}) order by r.id), '[]')
    ${KEEPING} where ${UNREAD('r')}) as unread
from people where people.id = $1 and ${SETTLED}`;

/** Somebody who can be forgotten, held, with the roles of Usher that they still have; null: not, or not yet. */
export async function loadForgettable(q: Query, id: PersonId): Promise<Forgettable | null> {
  if (!isId(id)) return null;
  await q(HOLD, [id]);
  const [found] = await q(LOAD, [id]);
  if (found === undefined) return null;
  const row = found as Row;
  return {
    person: fromRow(peopleWithProperties, row['person']),
    roles: fromRows(roles, row['roles']),
    unread: row['unread'] as Forgettable['unread'],
  };
}

const MARK = 'update people set forgotten_at = usher_now(), former_key = $2 where id = $1';
const UNLINK = `
update identities i set person_id = null, state = 'unlinked', zone = null, locale = null, version = version + 1
where person_id = $1 returning id, platform`;
const LEAVE_GROUPS = 'delete from group_people where person_id = $1 returning group_id as id';
const LEAVE_RESOURCES = 'delete from resource_owners where person_id = $1 returning resource_id as id';
// What the trail says of somebody as a person. Reasons and answers belong to what was asked and decided, and stay with it.
const ERASE = `
update remarks set text = null where hash in (
  select decode(field.value ->> 'remark', 'hex')
  from audit_events e cross join lateral jsonb_each(e.after -> 'people' -> e.subject_id) field
  where e.subject_kind = 'person' and e.subject_id = $1::text and jsonb_typeof(field.value) = 'object'
    and field.value ->> 'remark' ~ '^[0-9a-f]{64}$')`;
/** Lets go of all that still names them, once their row says nothing of them any more. */
export async function forget(
  q: Query,
  { id, directoryKey }: PersonConfig,
  record: (recorded: readonly Recorded[]) => Promise<void>,
): Promise<void> {
  const refs = { person: id };
  const left = async (sql: string): Promise<readonly { readonly id: string; readonly platform: string }[]> =>
    (await q(sql, [id])) as readonly { id: string; platform: string }[];
  await q(MARK, [id, directoryKey]);
  await q('delete from linked_mails where person_id = $1', [id]);
  const events: DomainEvent[] = [
    ...(await left(UNLINK)).map(({ id: account, platform }): DomainEvent => ({
      type: 'identity.unlinked',
      subject: { kind: 'identity', id: account },
      refs,
      data: { platform, linkedBy: null },
    })),
    ...(await left(LEAVE_GROUPS)).map(({ id: group }): DomainEvent => ({
      type: 'group.changed',
      subject: { kind: 'group', id: group },
      refs,
      data: { member: 'removed' },
    })),
    ...(await left(LEAVE_RESOURCES)).map(({ id: resource }): DomainEvent => ({
      type: 'resource.changed',
      subject: { kind: 'resource', id: resource },
      refs,
      data: { changed: 'owners' },
    })),
  ];
  await record(events.map((event) => ({ event, rows: [] })));
  await q(ERASE, [id]);
}

// Messages that name somebody who is forgotten are still read. What they were asked, exceptions and what is done by hand is looked up from
// what is remembered, once for all of them: no index leads there, and it is less than what ever was. Whoever only would have to be asked
// next is named in no message that stays; a line of a digest says of whom it is, and not who decided. One a second, so that they hold up
// nothing that waits to be told.
const REDRAW = `
with gone as materialized (
  select id, forgotten_at from people where forgotten_at > usher_now() - interval '1 day'
), asked (id, at) as (
  select r.id, forgotten_at from gone join requests r on r.requestor_id = gone.id
  union select r.id, forgotten_at from gone join requests r on r.target_id = gone.id
  union select r.id, forgotten_at from gone join manual_tasks t on t.done_by = gone.id
    join grant_assignments link using (grant_id) join requests r using (assignment_id)
), named (kind, id, at) as (
  select 'assignment', a.id::text, forgotten_at from gone join assignments a on a.target_id = gone.id
  union select 'assignment', r.assignment_id::text, forgotten_at from gone join requests r on r.requestor_id = gone.id
    and r.type in ('userRemove', 'adminRemove')
  union select 'delegation', d.id::text, forgotten_at from gone join delegations d on gone.id in (d.delegator_id, d.delegate_id)
), remembered as materialized (
  select request_id, min(drawn_at) as drawn_at from cards where state = 'live' and request_id is not null and exists (select from gone)
  group by request_id
), lines as materialized (
  select split_part(about, ':', 1) as kind, split_part(about, ':', 2) as id, subject_id as reader, min(drawn_at) as drawn_at
  from cards cross join lateral (select item ->> 'about' as about from jsonb_array_elements((params ->> 'items')::jsonb) item) line
  where state = 'live' and subject_kind = 'person' and split_part(view, '~', 1) = 'digest' and exists (select from gone)
  group by 1, 2, 3
), things as materialized (
  select subject_kind as kind, subject_id::uuid as id, subject_kind as shown_kind, subject_id as shown_id, min(drawn_at) as drawn_at from cards
  where state = 'live' and subject_kind in ('exception', 'manualTask') and exists (select from gone) group by 1, 2, 3, 4
  union all
  select kind, id::uuid, 'person', reader, drawn_at from lines where kind in ('exception', 'manualTask')
), shown (kind, id) as (
  select kind, id from named cross join lateral (select from cards
    where state = 'live' and subject_kind = named.kind and subject_id = named.id and drawn_at < named.at limit 1) card
  union
  select 'request', id::text from asked cross join lateral (select from cards
    where state = 'live' and request_id = asked.id and drawn_at < asked.at limit 1) card
  union
  select shown_kind, shown_id from things cross join lateral (
    select from incompatibility_exceptions e join gone on gone.id = e.person_id
    where e.id = case kind when 'exception' then things.id end and drawn_at < forgotten_at
    union all
    select from manual_tasks t join grants g on g.id = t.grant_id join gone on gone.id in (t.done_by, g.person_id)
    where t.id = case kind when 'manualTask' then things.id end and drawn_at < forgotten_at
    limit 1) naming
  union
  select 'request', request_id::text from remembered cross join lateral (select from approval_tasks t join gone on gone.id = t.person_id
    where t.request_id = remembered.request_id and remembered.drawn_at < gone.forgotten_at limit 1) decider
  union
  select 'person', reader from lines join named using (kind, id) where lines.drawn_at < named.at
  union
  select 'person', reader from lines join asked on kind = 'request' and lines.id = asked.id::text where lines.drawn_at < asked.at
), stale as (
  select kind, id, concat_ws(':', 'redraw', kind, id) as lane from shown
  where not exists (select from outgoing o where o.lane = concat_ws(':', 'redraw', kind, id) and o.state in ('ready', 'leased'))
  order by kind, id limit $1
)
insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
select 'redraw', kind, id, case kind when 'request' then id::uuid end, lane,
  usher_now() + row_number() over (order by kind, id) * interval '1 second', concat_ws(':', 'forgotten', lane, gen_random_uuid()), usher_now()
from stale returning id`;

/** Has remembered messages drawn again that name somebody who was forgotten; returns how many. */
export async function redrawForgotten(q: Query, limit: number): Promise<number> {
  return (await q(REDRAW, [limit])).length;
}
