// One message instead of many: what a person was to hear and could not, while it is about more than a few things. What it says
// is computed when it is sent, like all messages; its row only names what it is about.
import { duties } from '../domain/consequences';
import { DomainError } from '../domain/errors';
import type { PersonId } from '../domain/model';
import type { Lease, OutgoingRow } from '../operations/ports';
import { lookFor } from './cards';
import { NOTICES, SURE } from './known';
import type { Query } from './query';

/** More than so many that wait for one person become one. */
const FEW = 5;
/** People and messages of one sweep, so that it stays short; the next one goes on. */
const MOST_PEOPLE = 1_000;
const MOST = 20_000;
/** What one digest remembers, duties before news and the newest of each; nobody reads more. */
const KEPT = 200;

const LATE = `o.state = 'ready' and o.kind = 'tell' and o.person_id is not null and o.notice = any (${NOTICES})
    and o.created_at < usher_now() - interval '5 minutes'`;

const DUTIES = duties.map((notice) => `'${notice}'`).join(', ');
const noticeOf = (item: string): string => `split_part(${item} ->> 'notice', '~', 1)`;
/** Nobody can tell whether what another release wrote asks something of the reader. */
const MATTERS = `(${noticeOf('item')} in (${DUTIES}) or ${noticeOf('item')} <> all (${NOTICES}))`;

// A message waits when it is this old and not out: its platform is away, or nobody may be told so much at once. A digest that
// waits itself takes in whatever comes to wait with it; one that a worker holds already is out in a moment. Only what becomes
// part of one is locked, so that the workers see the rest. What a try may have left of them where it was not heard is looked for.
const GATHER = `
with due as (
  select o.person_id, count(*) as messages from outgoing o where ${LATE} group by o.person_id
), waiting as (
  select d.id, d.person_id, d.dedupe_key, d.params from outgoing d
  where d.lane in (select person_id || ':digest' from due) and d.state = 'ready' for update
), flooded as (
  select due.person_id, waiting.id as digest, waiting.dedupe_key, waiting.params as before
  from due left join waiting using (person_id)
  where due.messages > ${FEW} or waiting.id is not null
  order by due.person_id limit ${MOST_PEOPLE}
), late as (
  select o.* from outgoing o join flooded using (person_id) where ${LATE} order by o.id limit ${MOST} for update of o skip locked
), keyed as (
  select person_id, digest, flooded.before, coalesce(flooded.dedupe_key, 'digest:' || gen_random_uuid()) as key
  from flooded join late using (person_id) group by person_id, digest, flooded.before, flooded.dedupe_key
), gathered as (
  update outgoing o set state = 'done', error = keyed.key, settled_at = usher_now()
  from late join keyed using (person_id) where o.id = late.id
  returning o.*
), digests as (
  select person_id, digest, key, count(*) as messages, min(created_at) as since, coalesce((before ->> 'items')::jsonb, '[]') ||
    jsonb_agg(jsonb_build_object('row', id, 'notice', concat_ws('~', notice, gathered.params ->> 'event'),
      'about', subject_kind || ':' || subject_id,
      'params', gathered.params || jsonb_build_object(subject_kind, subject_id)) order by id) as all_items
  from gathered join keyed using (person_id) group by person_id, digest, key, before
), filled as (
  select digests.*, (select jsonb_agg(item order by n)::text from (
      select item, n from jsonb_array_elements(all_items) with ordinality as t (item, n)
      order by ${MATTERS} desc, n desc limit ${KEPT}) newest) as items
  from digests
), doubted as (${lookFor(
  `late join identities using (person_id) join cards on cards.person_id = late.person_id and cards.platform = identities.platform
    and cards.view = concat_ws('~', late.notice, late.params ->> 'event')
    and cards.subject_kind = late.subject_kind and cards.subject_id = late.subject_id
  where late.error <> '${SURE}'`,
  'late.trace',
)}), joined as (
  update outgoing d set params = d.params || jsonb_build_object('items', items) from filled where d.id = filled.digest
), begun as (
  insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
  select 'tell', 'digest', person_id, 'person', person_id::text, jsonb_build_object('event', key, 'items', items),
    person_id || ':digest', usher_now(), key, since
  from filled where digest is null
)
select coalesce(sum(messages), 0)::integer as messages from filled`;

// What was known of the last try of what is given back is forgotten, so it is in doubt.
const PART = `
with items as (
  select item, n, ${noticeOf('item')} = any (${NOTICES}) as known
  from outgoing d cross join jsonb_array_elements((d.params ->> 'items')::jsonb) with ordinality as t (item, n)
  where d.id = $1 and d.lease = $2
), given_back as (
  update outgoing o set state = 'ready', error = 'given_back', settled_at = null, next_at = usher_now() from items
  where not known and o.id = (item ->> 'row')::bigint and o.state = 'done'
)
update outgoing set params = params || jsonb_build_object('items',
  (select coalesce(jsonb_agg(item order by n) filter (where known), '[]')::text from items))
where id = $1 and lease = $2
returning params`;

const ITEMS = `select params ->> 'items' as items from outgoing where dedupe_key = $2 and person_id = $1 and notice = 'digest'`;

/** What the digest of a person was made of, as long as its row is kept. */
export async function digestOf(q: Query, person: PersonId, name: string): Promise<string | null> {
  const [row] = await q(ITEMS, [person, name]);
  return row === undefined ? null : (row as { items: string }).items;
}

/** Takes out of a leased digest what this release does not know: it waits on its own again, for one that does. Returns what is left. */
export async function partDigest(q: Query, { id, token }: Lease): Promise<OutgoingRow['params']> {
  const [row] = await q(PART, [id, token]);
  if (row === undefined) throw new DomainError('stale', {});
  return (row as { params: OutgoingRow['params'] }).params;
}

/** Makes one message of those that wait too long for one person; returns how many went into others. */
export async function gatherMessages(q: Query): Promise<number> {
  const [row] = await q(GATHER);
  return (row as { messages: number }).messages;
}
