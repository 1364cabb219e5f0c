// Rate limit and circuit breaker of one target, shared by all replicas: a bucket of tokens, and an instant before which
// nobody passes. One statement each, so that two replicas cannot both take the last token.
import type { Outbox } from '../operations/ports';
import type { Query } from './query';

/** From this many failures without a wait that the target asked for, the gate closes by itself, longer each time. */
const BREAKER_FROM = 5;
const BREAKER_MAX_SECONDS = 60;

const FULL = `least($3::float8, gates.tokens + $2::float8 * greatest(0, extract(epoch from excluded.refilled_at - gates.refilled_at))::float8)`;
const OPEN = `(gates.not_before is null or gates.not_before <= excluded.refilled_at)`;

// Failures are forgotten a minute after the gate has opened again.
const PASS = `
insert into gates (target, tokens, refilled_at, passed) values ($1, $3::float8 - 1, usher_now(), true)
on conflict (target) do update set
  passed = ${OPEN} and ${FULL} >= 1,
  tokens = ${FULL} - case when ${OPEN} and ${FULL} >= 1 then 1 else 0 end,
  refilled_at = excluded.refilled_at,
  failures = case when gates.not_before < excluded.refilled_at - interval '1 minute' then 0 else gates.failures end
returning passed, ceil(1000 * greatest(
  extract(epoch from coalesce(not_before, refilled_at) - refilled_at)::float8, (1 - tokens) / $2::float8, 0))::integer as wait`;

const HOLD = `
insert into gates (target, tokens, refilled_at, not_before, failures)
values ($1, 0, usher_now(), usher_now() + $2::float8 * interval '1 millisecond', 1)
on conflict (target) do update set
  failures = gates.failures + 1,
  not_before = greatest(gates.not_before, excluded.not_before, case when $2::float8 = 0 and gates.failures + 1 >= ${BREAKER_FROM}
    then usher_now() + least(${BREAKER_MAX_SECONDS}, 2 ^ least(gates.failures + 1 - ${BREAKER_FROM}, 10)) * interval '1 second' end)`;

const HELD = `select ceil(1000 * greatest(0, extract(epoch from not_before - usher_now())::float8))::integer as wait
  from gates where target = $1 and not_before is not null`;

/** The gates of all targets. */
export function createGates(q: Query): Pick<Outbox, 'pass' | 'hold' | 'held'> {
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
    async hold(target, ms) {
      await q(HOLD, [target, ms]);
    },
  };
}
