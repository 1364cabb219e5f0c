// Leases of rows that are worked: whoever is alive keeps them, and what a worker left behind goes to another one when they run out.
import type { Lease } from '../operations/ports';
import type { Query } from './query';

// Only what has less than two thirds left, so that a row is written once in a while and not in each round. One that somebody is settling
// right now needs none.
const KEEP = (table: 'outgoing' | 'inbound'): string => `
update ${table} set lease_until = usher_now() + $3 * interval '1 millisecond' where id = any (array(
  select id from ${table} where id = any ($1::bigint[]) and lease = any ($2::uuid[])
    and lease_until < usher_now() + $3 * interval '1 millisecond' * 2 / 3
  order by id for update skip locked))`;

/** Renews leases that are still held. */
export function keepLeases(
  q: Query,
  table: 'outgoing' | 'inbound',
): (leases: readonly Lease[], leaseMs: number) => Promise<void> {
  const sql = KEEP(table);
  return async (leases, leaseMs) => {
    await q(sql, [leases.map(({ id }) => id), leases.map(({ token }) => token), leaseMs]);
  };
}
