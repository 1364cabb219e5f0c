// Whom the messages about a request do not reach, so that whoever waits reads it and tells them. Its cards say so by themselves: they
// are drawn again when a message to somebody who is asked is given up, goes out after one that was, or is put back.

/**
 * Who was told nothing when it was last tried to tell them something of the request, while nothing more waits to be told. What is part of
 * a digest is told with it.
 */
export const UNREACHED = `
select people.id, people.name from (
  select person_id, bool_or(state in ('ready', 'leased')) as waits,
    (array_agg(state order by settled_at desc, id desc) filter (where state in ('done', 'dead')))[1] as last
  from (
    select o.id, o.person_id, coalesce(digest.state, o.state) as state, coalesce(digest.settled_at, o.settled_at) as settled_at
    from outgoing o left join outgoing digest on o.state = 'done' and digest.dedupe_key = o.error
    where o.request_id = $1 and o.kind = 'tell' and o.person_id is not null
  ) told group by person_id
) last join people on people.id = person_id
where last = 'dead' and not waits
order by people.name, people.id`;

/** Whether something about a request (`told`) was lost that they were to be told, by itself or as part of a digest. */
export const LOST = `exists (
  select from outgoing o left join outgoing digest on o.state = 'done' and digest.dedupe_key = o.error
  where o.kind = 'tell' and o.request_id = told.request_id and o.person_id = told.person_id
    and coalesce(digest.state, o.state) = 'dead')`;

/**
 * Draws the requests anew that rows of outgoing (`rows`, a name) were to tell somebody of who is asked, by themselves or in a digest,
 * as far as it is so of them (`where`, of `told`); for a WITH.
 */
export const redrawReach = (rows: string, where = 'true'): string => `
insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
select 'redraw', 'request', id::text, id, 'redraw:request:' || id, usher_now(), concat_ws(':', 'reach', id, gen_random_uuid()), usher_now()
from (
  select distinct t.request_id as id from (
    select request_id, person_id from ${rows} where kind = 'tell' and request_id is not null
    union all
    select o.request_id, o.person_id from (select * from ${rows} where kind = 'tell' and notice = 'digest') digest
    cross join lateral jsonb_array_elements((digest.params ->> 'items')::jsonb) item
    join outgoing o on o.id = (item ->> 'row')::bigint
  ) told join approval_tasks t using (request_id, person_id) where t.state = 'open' and (${where})
) asked`;
