// One message instead of many: what a person was to hear and could not, while it is about more than a few things. What it says
// is computed when it is sent, like all messages; its row only names what it is about.
import type { Query } from './query';

/** More than so many that wait for one person become one. */
const FEW = 5;
/** Of the oldest, so that one sweep stays short; the next one joins the rest to them. */
const MOST = 20_000;

// A message waits when it is this old and not out: its platform is away, or nobody may be told so much at once. A digest that
// waits itself takes in whatever comes to wait with it; one that a worker holds already is out in a moment.
const GATHER = `
with late as (
  select o.* from outgoing o where o.state = 'ready' and o.kind = 'tell' and o.person_id is not null and o.notice <> 'digest'
    and o.created_at < usher_now() - interval '5 minutes'
  order by o.id limit ${MOST} for update skip locked
), waiting as (
  select d.id, d.person_id, d.dedupe_key as key from outgoing d
  where d.lane in (select person_id || ':digest' from late) and d.state = 'ready' for update
), flooded as (
  select person_id, waiting.id as digest, coalesce(waiting.key, 'digest:' || max(late.id)) as key
  from late left join waiting using (person_id) group by person_id, waiting.id, waiting.key
  having waiting.id is not null or count(*) > ${FEW}
), gathered as (
  update outgoing o set state = 'done', error = flooded.key, settled_at = usher_now()
  from late join flooded using (person_id) where o.id = late.id
  returning o.*
), digests as (
  select person_id, digest, key, count(*) as messages, min(created_at) as since,
    jsonb_agg(jsonb_build_object('notice', concat_ws('~', notice, params ->> 'event'), 'about', subject_kind || ':' || subject_id,
      'params', params || jsonb_build_object(subject_kind, subject_id)) order by id) as items
  from gathered join flooded using (person_id) group by person_id, digest, key
), joined as (
  update outgoing d set params = d.params || jsonb_build_object('items', ((d.params ->> 'items')::jsonb || items)::text)
  from digests where d.id = digests.digest
), begun as (
  insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
  select 'tell', 'digest', person_id, 'person', person_id::text, jsonb_build_object('event', key, 'items', items::text),
    person_id || ':digest', usher_now(), key, since
  from digests where digest is null
)
select coalesce(sum(messages), 0)::integer as messages from digests`;

/** Makes one message of those that wait too long for one person; returns how many went into others. */
export async function gatherMessages(q: Query): Promise<number> {
  const [row] = await q(GATHER);
  return (row as { messages: number }).messages;
}
