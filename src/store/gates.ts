// What keeps us from calling too often and in vain, shared by all replicas. Each look is one statement that holds the row of its
// target, so that two replicas cannot both take what is left.
//
// Two kinds of targets: a bucket (`pass`) for how fast a person may go on, and a gate of calls (`enter`) that knows the instants
// of the last calls. A bucket that is full lets its burst through on top of its rate; a platform that allows 50 calls a second
// counts every window of a second.
import type { CallLimit, Entry, Outbox } from '../operations/ports';
import type { Query } from './query';
import { instantOf } from './tables';

/** From this many failures in a row on the gate closes by itself, longer each time, and then lets one call try. */
const BREAKER_FROM = 5;
const BREAKER_MAX_SECONDS = 60;
/** Longer than any call takes: whoever tried and was killed is not waited for. */
const PROBE_SECONDS = 30;
/** So soon the others look again whether the one that tries got through. */
const PROBE_LOOK_MS = 2_000;

/** A window is longer by this than the platform's: calls begin a little after they were counted, and arrive unevenly. */
const MARGIN_MS = 30;
/** Calls that may begin together come back this much sooner than evenly, so that a pause can be made up for within the window. */
const EAGER = 0.9;

const FULL = `least($3::float8, gates.tokens + $2::float8 * greatest(0, extract(epoch from excluded.refilled_at - gates.refilled_at))::float8)`;
const OPEN = `(gates.not_before is null or gates.not_before <= excluded.refilled_at)`;

const PASS = `
insert into gates (target, tokens, refilled_at, passed) values ($1, $3::float8 - 1, usher_now(), true)
on conflict (target) do update set
  passed = ${OPEN} and ${FULL} >= 1,
  tokens = ${FULL} - case when ${OPEN} and ${FULL} >= 1 then 1 else 0 end,
  refilled_at = excluded.refilled_at
returning passed, ceil(1000 * greatest(
  extract(epoch from coalesce(not_before, refilled_at) - refilled_at)::float8, (1 - tokens) / $2::float8, 0))::integer as wait`;

// While one call tries whether the target is back, the others look again soon.
const HELD = `select ceil(1000 * greatest(0, extract(epoch from greatest(not_before,
    case when probe_until > usher_now() then least(probe_until, usher_now() + interval '${PROBE_LOOK_MS} milliseconds') end)
    - usher_now())::float8))::integer as wait
  from gates where target = $1 and greatest(not_before, probe_until) is not null`;

// The clock is read when the row is held: whoever waited for it begins after that. $7 and $8 correct the date of calls that were
// let through earlier and began later.
const ENTER = `
with held as materialized (
  select target, calls, not_before, probe_until, failures from gates where target = $1 for update
), looked as materialized (
  select held.*, usher_now() as now from held
), counted as materialized (
  select looked.*, coalesce(greatest(not_before, probe_until) > now, false) as closed, array(
    select began from (
      select case when at = $7::timestamptz then least(now, at + $8::float8 * interval '1 millisecond') else at end as began
      from unnest(calls) at) dated
    where began > now - $4::float8 * interval '1 millisecond' and began < now + $4::float8 * interval '1 millisecond'
    order by began) as recent
  from looked
), granted as materialized (
  select counted.*, case when closed then 0 else greatest(0, least($2::integer, $3::integer - cardinality(recent),
    $5::integer - (select count(*) from unnest(recent) at where at > now - $6::float8 * interval '1 millisecond'),
    case when failures >= ${BREAKER_FROM} then 1 end)) end::integer as n
  from counted
), entered as (
  update gates set calls = recent || array_fill(now, array[n]), refilled_at = now,
    probe_until = case when closed then gates.probe_until
      when n > 0 and granted.failures >= ${BREAKER_FROM} then now + interval '${PROBE_SECONDS} seconds' end
  from granted where gates.target = granted.target
  returning gates.calls, granted.now, n, closed, granted.failures, gates.not_before, gates.probe_until
), made as (
  insert into gates (target, tokens, refilled_at, calls)
  select $1, 0, now, array_fill(now, array[n]) from (select usher_now() as now, least($2::integer, $3::integer, $5::integer) as n) first
  where not exists (select from gates where target = $1)
  on conflict (target) do nothing
  returning calls, refilled_at as now, cardinality(calls) as n, false as closed, failures, not_before, probe_until
)
select n, now, closed, failures > 0 as failing, ceil(1000 * extract(epoch from case
    when greatest(not_before, probe_until) > now
      then greatest(not_before, least(probe_until, now + interval '${PROBE_LOOK_MS} milliseconds'))
    else greatest(now, calls[cardinality(calls) - $3::integer + 1] + $4::float8 * interval '1 millisecond',
      calls[cardinality(calls) - $5::integer + 1] + $6::float8 * interval '1 millisecond') end - now))::integer as wait
from (select * from entered union all select * from made) entry`;

// For targets that name no limit: nothing is counted while all is well.
const LOOK = `select usher_now() as now, failures, greatest(not_before, probe_until) > usher_now() as closed from gates where target = $1`;

// Whoever tried whether the target is back heard when it is.
const HOLD = `
insert into gates (target, tokens, refilled_at, not_before)
values ($1, 0, usher_now(), usher_now() + $2::float8 * interval '1 millisecond')
on conflict (target) do update set not_before = greatest(gates.not_before, excluded.not_before), probe_until = null`;

// Calls that were under way when the gate closed say nothing new when they fail as well.
const KNOWN = `coalesce(gates.not_before > excluded.refilled_at, false)`;
const CLOSING = (failures: string): string =>
  `usher_now() + least(${BREAKER_MAX_SECONDS}, 2 ^ least(${failures} - $2::integer, 10)) * (0.5 + random() / 2) * interval '1 second'`;
const FAILED = `
insert into gates (target, tokens, refilled_at, failures, not_before)
values ($1, 0, usher_now(), 1, case when $2::integer <= 1 then ${CLOSING('1')} end)
on conflict (target) do update set
  failures = gates.failures + case when ${KNOWN} then 0 else 1 end,
  not_before = case when ${KNOWN} or gates.failures + 1 < $2::integer then gates.not_before else ${CLOSING('gates.failures + 1')} end,
  probe_until = null`;

const WORKED = `update gates set failures = 0, probe_until = null where target = $1 and failures > 0 returning target`;

interface Entered {
  readonly n: number;
  readonly now: Date;
  readonly closed: boolean;
  readonly failing: boolean;
  readonly wait: number;
}

/** The gates of all targets. */
export function createGates(q: Query): Pick<Outbox, 'pass' | 'enter' | 'hold' | 'held' | 'failed' | 'worked'> {
  const counted = async (
    target: string,
    limit: CallLimit,
    want: number,
    late: Parameters<Outbox['enter']>[3],
  ): Promise<Entry> => {
    const { most, inMs, atOnce, togetherMs } = limit;
    const window = inMs + MARGIN_MS;
    const spread = togetherMs === undefined ? (EAGER * window * atOnce) / most : togetherMs + MARGIN_MS;
    const values = [target, want, most, window, atOnce, spread, late?.at ?? null, late?.ms ?? 0];
    const [row] = await q(ENTER, values);
    // Somebody else made the row between our look and our insert.
    if (row === undefined) return counted(target, limit, want, late);
    const { n, now, closed, failing, wait } = row as Entered;
    return { granted: n, at: instantOf(now), closed, failing, waitMs: Math.max(0, wait) };
  };
  return {
    async pass(target, ratePerSecond, burst) {
      const [row] = await q(PASS, [target, ratePerSecond, burst]);
      const { passed, wait } = row as { passed: boolean; wait: number };
      return passed ? 0 : Math.max(1, wait);
    },
    async held(target) {
      const [row] = await q(HELD, [target]);
      return (row as { wait: number } | undefined)?.wait ?? 0;
    },
    async enter(target, limit, want, late = null) {
      if (limit !== null) return counted(target, limit, want, late);
      const [row] = await q(LOOK, [target]);
      const known = row as { now: Date; failures: number; closed: boolean | null } | undefined;
      if (known?.closed === true || (known?.failures ?? 0) >= BREAKER_FROM)
        return counted(target, { most: want, inMs: 1, atOnce: want }, want, null);
      const at = known === undefined ? new Date(0) : instantOf(known.now);
      return { granted: want, at, closed: false, failing: (known?.failures ?? 0) > 0, waitMs: 0 };
    },
    async hold(target, ms) {
      await q(HOLD, [target, ms]);
    },
    async failed(target, limited) {
      await q(FAILED, [target, limited ? 1 : BREAKER_FROM]);
    },
    async worked(target) {
      await q(WORKED, [target]);
    },
  };
}
