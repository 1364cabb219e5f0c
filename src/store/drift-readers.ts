// Messages about what a comparison found in a system, where their reader does not keep the system any more. A group, a catalog or the
// administrators say who keeps it, and nothing that happens to those is about the system: no event has these messages drawn again.
import type { Query } from './query';

// The keepers of each system are read once, however many messages about it its owners have. The key names the messages that are to
// close: what cannot be changed (a platform that is not connected now) is asked for once a day, and not at each look.
const CLOSE = `
with shown as materialized (
  select id, person_id, case subject_kind when 'resource' then subject_id::uuid end as resource_id from cards
  where subject_kind = 'resource' and state = 'live' and hash is distinct from $1
), kept as materialized (
  select distinct resource.resource_id, keeper.person_id
  from (select distinct resource_id from shown) resource
  cross join lateral (select person_id from resource_keepers where resource_id = resource.resource_id offset 0) keeper
), former as (
  select shown.resource_id, md5(string_agg(shown.id::text, ',' order by shown.id)) as messages
  from shown left join kept on kept.resource_id = shown.resource_id and kept.person_id = shown.person_id
  where kept.person_id is null group by shown.resource_id
)
insert into outgoing (kind, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
select 'redraw', 'resource', resource_id, 'redraw:resource:' || resource_id, usher_now(),
  concat_ws(':', 'keepers', resource_id, messages, to_char(usher_now() at time zone 'UTC', 'YYYY-MM-DD')), usher_now()
from former
on conflict (dedupe_key) do nothing returning id`;

/** Asks for a redraw of systems whose messages somebody reads who does not keep them; `closed`: what a message that says nothing hashes to. Returns how many. */
export async function closeForFormer(q: Query, closed: string): Promise<number> {
  return (await q(CLOSE, [closed])).length;
}
