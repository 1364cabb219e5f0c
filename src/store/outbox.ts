// Work that waits to be told, redrawn or placed: claimed with a lease, settled with its token, retried, given up, put back.
// Rows are made by the tail of a save (tail.ts); whom an audience means is audiences.ts.
import { DomainError } from '../domain/errors';
import type { DeadRow, Lease, Outbox, OutgoingRow, Tx } from '../operations/ports';
import { HEARERS } from './audiences';
import { partDigest } from './digest';
import { createGates } from './gates';
import { KINDS, known, SURE } from './known';
import { keepLeases } from './leases';
import { OPEN } from './loads';
import { type Query, isDuplicate } from './query';
import { LOST, redrawReach } from './reach';
import { instantOf, toInstant } from './tables';

interface Claimed {
  readonly id: number;
  readonly lease: string;
  readonly kind: OutgoingRow['kind'];
  readonly notice: string | null;
  readonly audience: string | null;
  readonly person_id: OutgoingRow['person'];
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly request_id: OutgoingRow['request'];
  readonly params: OutgoingRow['params'];
  readonly trace: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly next_at: Date;
  readonly created_at: Date;
}
type Result = { state: 'done' } | { state: 'dead'; error: string };

/**
 * The head of its lane, which this release knows: nothing of the lane is being worked, and nothing older waits. A row that waits for
 * its next try holds its lane back; a dead one does not, and one that only another release knows does not either. Of redraws each shows
 * how things stand, so the newest that is due is worked: it does not wait for the turn of an older one, which finds nothing left to change.
 */
export const HEAD = `${known('o')} and not exists (select 1 from outgoing other where other.lane = o.lane
  and (other.state = 'leased' or (other.state = 'ready' and ${known('other')} and case o.kind
    when 'redraw' then other.id > o.id and other.next_at <= usher_now() else other.id < o.id end)))`;

const CLAIM = `
update outgoing set state = 'leased', attempts = attempts + 1, lease = gen_random_uuid(),
  lease_until = usher_now() + $2 * interval '1 millisecond'
where id = any (array(
  select o.id from outgoing o where o.state = 'ready' and o.next_at <= usher_now() and o.kind = any ($3::text[]) and ${HEAD}
  order by o.next_at, o.id limit $1 for update skip locked))
returning id, lease, kind, notice, audience, person_id, subject_kind, subject_id, request_id, params, trace, attempts, error, next_at,
  created_at`;

const SETTLE = `
update outgoing set state = $3, error = $4, settled_at = usher_now(), lease = null, lease_until = null
where id = $1 and lease = $2
returning id, kind, notice, person_id, request_id, params`;
// What was worked outside of an act, as messages are: whether it reached somebody, the cards of its request say, where that is news.
const SETTLE_TOLD = `
with settled as (${SETTLE}), redrawn as (${redrawReach('settled', `$3 = 'dead' or ${LOST}`)})
select id from settled`;

const HOLD = `select id from outgoing where id = $1 and lease = $2 for no key update`;

// A placement that came in while this one was worked covers it: only one may wait for a grant. So does a later redraw, which shows all
// that this one could not, and is not held back until then. What must not be drawn by every release names what it is.
const COVERED = `(o.kind = 'place' and exists (select 1 from outgoing other
    where other.kind = 'place' and other.state = 'ready' and other.subject_id = o.subject_id)
  or o.kind = 'redraw' and o.notice is null and exists (select 1 from outgoing other
    where other.lane = o.lane and other.state = 'ready' and other.id > o.id and other.notice is null))`;
const BACK = `state = case when ${COVERED} then 'done' else 'ready' end,
  settled_at = case when ${COVERED} then usher_now() end, lease = null, lease_until = null`;

// A row that was not tried is as it was: it counts no try, and what is known of its last one stays.
const RETRY = `
update outgoing o set ${BACK}, next_at = usher_now() + $3 * interval '1 millisecond',
  error = case when $5 then $4 else o.error end, attempts = o.attempts - case when $5 then 0 else 1 end
where o.id = $1 and o.lease = $2
returning o.id`;
// Not tried: as a row that says which view it is about, it is claimed by those who have it. Its lane keeps further repairs away.
const LEAVE = `
update outgoing set state = 'ready', notice = $3, next_at = usher_now(), attempts = attempts - 1, lease = null, lease_until = null
where id = $1 and lease = $2
returning id`;
// What somebody else is settling right now was not lost. A kind of another release is one of nobody's here: whoever looks takes it back,
// since it holds its lane.
const REAP = `
update outgoing o set ${BACK}, error = 'lost' where o.id = any (array(
  select id from outgoing where state = 'leased' and lease_until < usher_now() and lease <> all ($1::uuid[])
    and kind <> all ($2::text[])
  order by id for update skip locked))
returning o.id`;
// Asked for anew: it is late, and tried long enough, from now on. That a message may be out somewhere is not forgotten.
const REDRIVE = `
with given_up as (select id, error from outgoing where id = $1 and state = 'dead' for update), back as (
  update outgoing o set ${BACK}, attempts = 0, error = case o.kind when 'tell' then given_up.error end, next_at = usher_now(),
    created_at = usher_now()
  from given_up where o.id = given_up.id
  returning o.kind, o.notice, o.person_id, o.request_id, o.params, coalesce(given_up.error, '') as error
), redrawn as (${redrawReach('back')})
select kind, notice, person_id as person, request_id as request, error from back`;

/** How the reason of a message begins that was given up because its reader could not be reached anywhere. */
const UNREACHABLE = 'unreachable';
/** More than anybody has open, fewer than would be a flood. */
const MOST_BACK = 20;

// What still waits for the reader, or will end without a word; what is over is for them to ask. A reminder is not among it: what
// it reminds of comes back itself.
const STILL_OPEN = `case o.notice
  when 'approval' then exists (select 1 from approval_tasks t
    where t.request_id = o.request_id and t.person_id = o.person_id and t.state = 'open')
  when 'request' then exists (select 1 from requests r
    where r.id = o.request_id and r.state in ${OPEN})
  when 'manualTask' then exists (select 1 from manual_tasks m where m.id = o.subject_id::uuid and m.state = 'open')
  when 'accessEnding' then exists (select 1 from assignments a
    where a.id = o.subject_id::uuid and a.state in ('delivered', 'partiallyDelivered'))
  when 'deliveryFailed' then exists (select 1 from assignments a
    where a.id = o.subject_id::uuid and a.state in ('partiallyDelivered', 'deliveryFailed'))
  when 'delegation' then exists (select 1 from delegations d where d.id = o.subject_id::uuid and d.state = 'proposed')
  when 'digest' then true
  when 'removalAlarm' then exists (select 1 from assignments a where a.id = o.subject_id::uuid and a.state = 'removalFailed')
  else false end`;

/**
 * Puts back what was given up while people could not be reached: the newest message of each kind about each open subject. A row
 * is put back once, since it is dead no more. `people`: a query of one column. For a WITH, as its two last names.
 */
export const putBack = (people: string): string => `back as (
update outgoing set state = 'ready', attempts = 0, settled_at = null, next_at = usher_now(), created_at = usher_now()
where state = 'dead' and id in (
  select id from (
    select distinct on (o.notice, o.subject_kind, o.subject_id) o.id from outgoing o
    where o.state = 'dead' and o.kind = 'tell' and o.error like '${UNREACHABLE}%' and o.person_id in (${people}) and ${STILL_OPEN}
    order by o.notice, o.subject_kind, o.subject_id, o.id desc) newest
  order by id desc limit ${MOST_BACK})
returning kind, notice, person_id, request_id, params
), redrawn as (${redrawReach('back')})`;

// What their old account was told, once for each message, and not where they have it on another platform as well. A view says itself
// whether what it asks is over, where that is more than a state.
const ANEW = `
insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, params, lane, next_at, dedupe_key, created_at, trace)
select 'tell', notice, person_id, subject_kind, subject_id, request_id, params,
  person_id || ':' || case notice when 'digest' then notice else subject_kind || ':' || subject_id end,
  usher_now(), 'moved:' || id, usher_now(), $2
from (select *, split_part(view, '~', 1) as notice from cards where id = $1) o
where (select state from people where id = o.person_id) = 'enabled'
  and (${STILL_OPEN} or $3 and notice in ('drift', 'leavers', 'exception', 'exceptionEnding'))
  and not exists (select from cards other join identities i using (platform, tenant, user_id, person_id)
    where other.person_id = o.person_id and other.view = o.view and other.subject_kind = o.subject_kind
      and other.subject_id = o.subject_id and other.state <> 'gone' and other.message is not null)
on conflict (dedupe_key) do nothing`;

const EXPAND = `
with mine as (
  update outgoing set state = 'done', settled_at = usher_now(), lease = null, lease_until = null
  where id = $1 and lease = $2 returning *
), ${HEARERS}, told as (
  insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, request_id, params, lane, next_at,
    dedupe_key, created_at, trace)
  select kind, notice, audience, hearers.person_id, subject_kind, subject_id, request_id, params - 'redraws',
    hearers.person_id || ':' || subject_kind || ':' || subject_id, usher_now(), dedupe_key || ':' || hearers.person_id, created_at, trace
  from mine join hearers on hearers.outgoing_id = mine.id
  on conflict (dedupe_key) do nothing
  returning id
), redrawn as (
  insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at, trace)
  select 'redraw', subject_kind, subject_id, request_id, 'redraw:' || subject_kind || ':' || subject_id, usher_now(),
    'redraw:' || dedupe_key, created_at, trace
  from mine where params @> '{"redraws": true}'
  on conflict (dedupe_key) do nothing
)
select (select count(*)::integer from mine) as mine, (select count(*)::integer from told) as told`;

// Served by the index of settled rows: those given up are few.
const DEAD = `
select o.id, o.kind, o.notice, people.name as person, o.subject_kind || ' ' || o.subject_id as subject, o.attempts,
  coalesce(o.error, '') as error, o.settled_at
from outgoing o left join people on people.id = o.person_id
where o.state = 'dead' order by o.settled_at desc, o.id desc limit $1`;

const NEXT = `
select o.next_at from outgoing o where o.state = 'ready' and o.kind = any ($1::text[]) and ${HEAD} order by o.next_at, o.id limit 1`;

/** Settles what waits to be told or redrawn, unworked: only the demo's played past has nobody who wants to hear of it. */
export async function hush(q: Query): Promise<void> {
  await q(
    `update outgoing set state = 'done', settled_at = usher_now() where state = 'ready' and kind in ('tell', 'redraw')`,
  );
}

/** Settles inside an act's transaction: with a lost lease the whole act is undone. */
export async function settleOutgoing(q: Query, { id, token }: Lease, result: Result, sql = SETTLE): Promise<void> {
  const settled = await q(sql, [id, token, result.state, result.state === 'dead' ? result.error : null]);
  if (settled.length === 0) throw new DomainError('stale', {});
}

/** For what a worker writes down before it is done: what it found out may be long out of date where its lease is lost. */
export async function holdOutgoing(q: Query, { id, token }: Lease): Promise<void> {
  const held = await q(HOLD, [id, token]);
  if (held.length === 0) throw new DomainError('stale', {});
}

/** Back to ready; the same for the worker and inside an act's transaction. */
export async function retryOutgoing(
  q: Query,
  { id, token }: Lease,
  atLeastMs: number,
  error: string,
  tried = true,
): Promise<void> {
  const back = await q(RETRY, [id, token, atLeastMs, error, tried]);
  if (back.length === 0) throw new DomainError('stale', {});
}

/** Puts a dead row back, inside an act's transaction; what it was, or null. A placement that came in meanwhile covers it. */
export async function redriveOutgoing(q: Query, id: number): ReturnType<Tx['redrive']> {
  const [row] = await q(REDRIVE, [id]);
  return (row ?? null) as Awaited<ReturnType<Tx['redrive']>>;
}

/** The queue of outgoing work. */
export function createOutbox(q: Query): Outbox {
  return {
    ...createGates(q),
    async claim(limit, leaseMs, kinds = KINDS) {
      const rows = (await orNothing(
        () => q(CLAIM, [limit, leaseMs, kinds]),
        'one_leased_in_lane',
      )) as readonly Claimed[];
      return [...rows].sort((a, b) => a.next_at.getTime() - b.next_at.getTime() || a.id - b.id).map(outgoingOf);
    },
    async expand({ lease }) {
      const [row] = await q(EXPAND, [lease.id, lease.token]);
      const { mine, told } = row as { mine: number; told: number };
      if (mine === 0) throw new DomainError('stale', {});
      return told;
    },
    async anew(card, { asks, trace }) {
      await q(ANEW, [card, trace, asks]);
    },
    part: (lease) => partDigest(q, lease),
    async leave({ id, token }, view) {
      if ((await q(LEAVE, [id, token, view])).length === 0) throw new DomainError('stale', {});
    },
    settle: (lease, result) => settleOutgoing(q, lease, result, SETTLE_TOLD),
    retry: (lease, atLeastMs, error, how) => twice(() => retryOutgoing(q, lease, atLeastMs, error, how?.tried)),
    keep: keepLeases(q, 'outgoing'),
    async reap(underWay = [], kinds = KINDS) {
      const tokens = underWay.map(({ token }) => token);
      const others = KINDS.filter((kind) => !kinds.includes(kind));
      return (await twice(() => q(REAP, [tokens, others]))).length;
    },
    async dead(limit) {
      return (await q(DEAD, [limit])).map((row) => {
        const { settled_at, ...same } = row as Omit<DeadRow, 'settledAt'> & { settled_at: Date };
        return { ...same, settledAt: instantOf(settled_at) };
      });
    },
    async nextAt(kinds = KINDS) {
      const [row] = await q(NEXT, [kinds]);
      return row === undefined ? null : toInstant((row as { next_at: Date }).next_at);
    },
  };
}

// Two workers that see different heads of a lane: the index lets one of them have it, and the other looks again later.
async function orNothing(run: () => Promise<readonly unknown[]>, index: string): Promise<readonly unknown[]> {
  try {
    return await run();
  } catch (error) {
    if (isDuplicate(error, index)) return [];
    throw error;
  }
}

// Between looking for a waiting placement and going back to wait, another one came in: the second look sees it.
async function twice<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isDuplicate(error, 'one_ready_place')) throw error;
    return run();
  }
}

function outgoingOf(row: Claimed): OutgoingRow {
  return {
    lease: { id: row.id, token: row.lease },
    kind: row.kind,
    notice: row.notice,
    audience: row.audience,
    person: row.person_id,
    subject: { kind: row.subject_kind, id: row.subject_id },
    request: row.request_id,
    params: row.params,
    trace: row.trace,
    attempts: row.attempts,
    unsure: row.error !== null && row.error !== SURE,
    createdAt: instantOf(row.created_at),
  };
}
