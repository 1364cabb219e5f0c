// Deliveries from the platforms: each is acted on once. Events and messages are stored, acknowledged and claimed later;
// a synchronous write is remembered in its act's own transaction (takeDelivery, keepReply: used by store.ts).
import { DomainError } from '../domain/errors';
import type { Delivery, GivenUp, InboundRow, InboundStore, StoredReply } from '../operations/ports';
import { RepeatedDelivery } from '../operations/ports';
import { keepLeases } from './leases';
import { LIMITS } from './locks';
import { type Query, serverError, type TxQuery } from './query';
import { instantOf } from './tables';

/** Why a row came back whose worker never said how it went. */
const LOST = 'lost';

interface Seen {
  readonly body_hash: string;
  readonly reply: StoredReply | null;
}

const SEEN = 'select body_hash, reply from inbound where platform = $1 and delivery = $2';

// A stored event that is acted on now becomes done in the act's transaction, so that a crash between the act and the settling of the
// event cannot act twice. Two at once: the second waits for the first, at a lock that acts which share a transaction have as well, and
// never wait for.
const LOCK = (platform: string, delivery: string): string =>
  `hashtextextended('delivery ' || ${platform} || ' ' || ${delivery}, 0)`;
const TAKE = `${LIMITS}, locked as materialized (select pg_advisory_xact_lock(${LOCK('$1::text', '$2::text')}) from limits)
insert into inbound (platform, delivery, body_hash, state, next_at, received_at, settled_at)
select $1, $2, $3, 'done', usher_now(), usher_now(), usher_now() from locked
on conflict (platform, delivery) do update set state = 'done', settled_at = usher_now(), lease = null, lease_until = null, payload = null
  where inbound.state in ('stored', 'leased') and inbound.body_hash = excluded.body_hash
returning id`;

const KEEP = 'update inbound set reply = $3 where platform = $1 and delivery = $2';

// In the order of their keys: two processes that store the same deliveries meet them in one order, and neither waits for the other
// in a circle.
const STORE = `
insert into inbound (platform, delivery, body_hash, payload, state, next_at, received_at)
select platform, delivery, body_hash, payload, 'stored', now, now
from (select usher_now() as now) at, unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) as given (platform, delivery, body_hash, payload)
order by platform, delivery
on conflict (platform, delivery) do nothing
returning platform, delivery`;

/** Statements that store at the same time: what arrives while so many are under way goes with the next one, all of it together. */
const MOST_AT_ONCE = 3;
const MOST_IN_ONE = 100;

// One that was lost once already, because the process that worked it ended, may be what ended it. It is worked alone, so that
// those beside it are not lost with it each time; whoever is due before it comes first.
const CLAIM = `
with due as materialized (
  select id, next_at, error is not distinct from '${LOST}' as lost from inbound
  where state = 'stored' and next_at <= usher_now() order by next_at, id limit $1 for update skip locked
), placed as (select id, lost, row_number() over (order by next_at, id) as place from due)
update inbound set state = 'leased', attempts = attempts + 1, lease = gen_random_uuid(),
  lease_until = usher_now() + $2 * interval '1 millisecond'
where id in (
  select id from placed where place = 1 or place < coalesce((select min(place) from placed where lost), $1 + 1))
returning id, lease, payload, attempts, error is not distinct from '${LOST}' as lost`;

// What people wrote is kept only as long as it is needed. Whoever looks into what was given up reads who wrote what; of an account
// that is nobody's (a guest, a stranger) only that it wrote, and of nobody what its platform said of them or what they were answered:
// of that, which act it answered and which view was to be drawn, since it may be what ended whoever worked it.
const KEPT = `case when exists (select 1 from identities i where i.platform = inbound.platform
    and i.tenant = payload ->> 'tenant' and i.user_id = payload ->> 'user' and i.state = 'linked')
  then payload - '{profile,owed}'::text[] || case when payload -> 'owed' is null then '{}'
    else jsonb_build_object('owed', jsonb_strip_nulls(
      jsonb_build_object('of', payload #> '{owed,of}', 'view', payload #> '{owed,from,view}'))) end
  else jsonb_set(payload - '{profile,owed}'::text[], '{act}', jsonb_build_object('kind', payload #> '{act,kind}')) end`;
const SETTLE = `
update inbound set state = $3, error = $4, settled_at = usher_now(), lease = null, lease_until = null,
  payload = case $3 when 'done' then null else ${KEPT} end
where id = $1 and lease = $2
returning id`;

// One that was not tried counts no try.
const RETRY = `
update inbound set state = 'stored', error = $4, next_at = usher_now() + $3 * interval '1 millisecond', lease = null,
  lease_until = null, attempts = attempts - $5, payload = coalesce($6::jsonb, payload)
where id = $1 and lease = $2
returning id`;

// A try that nobody heard the end of counts as lost and not as a try.
const REAP = `
update inbound set state = case when lost + 1 < $1 then 'stored' else 'dead' end, error = '${LOST}', lost = lost + 1,
  attempts = attempts - 1, lease = null, lease_until = null, settled_at = case when lost + 1 < $1 then settled_at else usher_now() end,
  payload = case when lost + 1 < $1 then payload else ${KEPT} end
where id = any (array(
  select id from inbound where state = 'leased' and lease_until < usher_now() and lease <> all ($2::uuid[])
  order by id for update skip locked))
returning id, platform, delivery, state, lost`;

const NEXT = `select next_at from inbound where state = 'stored' order by next_at, id limit 1`;

const LOCK_FREE = `
select given.platform, given.delivery from unnest($1::text[], $2::text[]) as given (platform, delivery)
where pg_try_advisory_xact_lock(${LOCK('given.platform', 'given.delivery')})`;
// Behind the lock, as a statement of its own: what was committed before it was had is there.
const FRESH = `
select given.platform, given.delivery from unnest($1::text[], $2::text[], $3::text[]) as given (platform, delivery, body_hash)
where not exists (select from inbound where inbound.platform = given.platform and inbound.delivery = given.delivery
  and not (inbound.state in ('stored', 'leased') and inbound.body_hash = given.body_hash))`;

const TAKE_ALL = `
with taken as (
  insert into inbound (platform, delivery, body_hash, state, next_at, received_at, settled_at, reply)
  select platform, delivery, body_hash, 'done', usher_now(), usher_now(), usher_now(), reply
  from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) as given (platform, delivery, body_hash, reply)
  order by platform, delivery
  on conflict (platform, delivery) do update set state = 'done', settled_at = usher_now(), lease = null, lease_until = null,
      payload = null, reply = excluded.reply
    where inbound.state in ('stored', 'leased') and inbound.body_hash = excluded.body_hash
  returning id)
select usher_expect('delivery', (select count(*) from taken), $5::integer)`;

/** Which of these nobody has acted on or acts on now, locked; by `deliveryName`, read with the next statement. */
export async function freshDeliveries(q: TxQuery, deliveries: readonly Delivery[]): Promise<ReadonlySet<string>> {
  const fresh = new Set<string>();
  if (deliveries.length === 0) return fresh;
  const locked = new Set<string>();
  const namesOf = (rows: readonly unknown[]) => (rows as readonly { platform: string; delivery: string }[]).map(nameOf);
  const [platforms, keys, hashes] = columnsOfDeliveries(deliveries);
  await q.later(LOCK_FREE, [platforms, keys], (rows) => {
    for (const name of namesOf(rows)) locked.add(name);
  });
  await q.later(FRESH, [platforms, keys, hashes], (rows) => {
    for (const name of namesOf(rows)) if (locked.has(name)) fresh.add(name);
  });
  return fresh;
}

/** Makes deliveries this transaction's own, each with its reply, with the next statement. Fails it where somebody was first. */
export async function takeDeliveries(
  q: TxQuery,
  taken: readonly { readonly delivery: Delivery; readonly reply: StoredReply | null }[],
): Promise<void> {
  if (taken.length === 0) return;
  const replies = taken.map(({ reply }) => (reply === null ? null : JSON.stringify(reply)));
  await q.later(TAKE_ALL, [...columnsOfDeliveries(taken.map(({ delivery }) => delivery)), replies, taken.length]);
}

function columnsOfDeliveries(deliveries: readonly Delivery[]): readonly (readonly string[])[] {
  return [
    deliveries.map(({ platform }) => platform),
    deliveries.map(({ key }) => key),
    deliveries.map(({ bodyHash }) => bodyHash),
  ];
}

/** One name for each delivery there is. */
export const deliveryName = ({ platform, key }: Delivery): string => nameOf({ platform, delivery: key });

/** Makes the delivery this transaction's own. Throws RepeatedDelivery, or refuses another body under the same key. */
export async function takeDelivery(q: Query, { platform, key, bodyHash }: Delivery): Promise<void> {
  const [taken] = await q(TAKE, [platform, key, bodyHash]);
  if (taken === undefined) throw new RepeatedDelivery(await replyOf(q, { platform, key, bodyHash }));
}

/** Stores the reply of a delivery that this transaction has taken. */
export async function keepReply(q: Query, { platform, key }: Delivery, reply: StoredReply): Promise<void> {
  await q(KEEP, [platform, key, JSON.stringify(reply)]);
}

/** The reply that was stored for a delivery; null when there is none, or it was never seen. */
export async function replyOf(q: Query, { platform, key, bodyHash }: Delivery): Promise<StoredReply | null> {
  const [row] = await q(SEEN, [platform, key]);
  const seen = row as Seen | undefined;
  if (seen && seen.body_hash !== bodyHash) throw new DomainError('same-key-other-body', {});
  return seen?.reply ?? null;
}

interface Given {
  readonly delivery: Delivery;
  readonly payload: string;
  readonly stored: (isNew: boolean) => void;
  readonly failed: (error: unknown) => void;
}

const nameOf = ({ platform, delivery }: { readonly platform: string; readonly delivery: string }): string =>
  JSON.stringify([platform, delivery]);

/**
 * Stores events, many in one statement when many come at once: in a burst the platform waits for the disk as often as there are
 * statements, and not as there are events.
 */
function storing(q: Query): InboundStore['store'] {
  const waiting = new Set<Given>();
  let underWay = 0;

  const store = async (given: readonly Given[]): Promise<void> => {
    try {
      const values = [
        given.map(({ delivery }) => delivery.platform),
        given.map(({ delivery }) => delivery.key),
        given.map(({ delivery }) => delivery.bodyHash),
        given.map(({ payload }) => payload),
      ];
      const rows = (await q(STORE, values)) as readonly { platform: string; delivery: string }[];
      const fresh = new Set(rows.map(nameOf));
      await Promise.all(
        given.map(async ({ delivery, stored, failed }) => {
          if (fresh.has(nameOf({ ...delivery, delivery: delivery.key }))) stored(true);
          else
            await replyOf(q, delivery).then(() => {
              stored(false);
            }, failed);
        }),
      );
    } catch (error) {
      // What the server refuses in one of them must not keep the others from being stored.
      if (given.length > 1 && serverError(error) !== null) for (const one of given) await store([one]);
      else for (const { failed } of given) failed(error);
    }
  };
  const next = async (): Promise<void> => {
    underWay += 1;
    while (waiting.size > 0) {
      // The same one twice goes twice: which of them was stored has to be told apart.
      const batch = new Map<string, Given>();
      for (const one of waiting) {
        const name = nameOf({ ...one.delivery, delivery: one.delivery.key });
        if (batch.has(name)) continue;
        batch.set(name, one);
        waiting.delete(one);
        if (batch.size === MOST_IN_ONE) break;
      }
      await store([...batch.values()]);
    }
    underWay -= 1;
  };
  return (delivery, payload) =>
    new Promise((stored, failed) => {
      waiting.add({ delivery, payload: JSON.stringify(payload), stored, failed });
      if (underWay < MOST_AT_ONCE) void next();
    });
}

/** The queue of stored events. */
export function createInbound(q: Query): InboundStore {
  return {
    store: storing(q),
    async claim(limit, leaseMs) {
      const rows = (await q(CLAIM, [limit, leaseMs])) as readonly {
        id: number;
        lease: string;
        payload: unknown;
        attempts: number;
        lost: boolean;
      }[];
      return [...rows]
        .sort((one, other) => one.id - other.id)
        .map(({ id, lease, ...row }): InboundRow => ({ lease: { id, token: lease }, ...row }));
    },
    async settle({ id, token }, result) {
      const settled = await q(SETTLE, [id, token, result.state, result.state === 'dead' ? result.error : null]);
      if (settled.length > 0) return;
      // An act that took the event as its delivery has settled it already.
      const [done] = await q(`select 1 from inbound where id = $1 and state = 'done'`, [id]);
      if (done === undefined) throw new DomainError('stale', {});
    },
    async retry({ id, token }, atLeastMs, error, { tried = true, payload = null } = {}) {
      const left = payload === null ? null : JSON.stringify(payload);
      const back = await q(RETRY, [id, token, atLeastMs, error, tried ? 0 : 1, left]);
      if (back.length === 0) throw new DomainError('stale', {});
    },
    keep: keepLeases(q, 'inbound'),
    async reap(most, underWay = []) {
      const rows = (await q(REAP, [most, underWay.map(({ token }) => token)])) as readonly (GivenUp & {
        state: string;
      })[];
      return rows.filter(({ state }) => state === 'dead');
    },
    async nextAt() {
      const [row] = await q(NEXT);
      return row === undefined ? null : instantOf((row as { next_at: unknown }).next_at);
    },
  };
}
