// The months of the trail were made behind the lock that an index is built behind (build.ts): the build waits for every statement that
// began before it, also for the job that waited for its lock, so that one of the two was given up.
const months = `
create or replace function create_audit_partitions(around timestamptz) returns void language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  start timestamptz;
  month text;
begin
  -- Two at once would both find the month missing, and one of them would fail. A lock of its own: whoever builds an index waits for
  -- whoever waits here.
  perform pg_advisory_xact_lock(7236004);
  for start in select generate_series(date_trunc('month', around, 'UTC'), date_trunc('month', around, 'UTC') + interval '32 days', interval '31 days') loop
    start := date_trunc('month', start, 'UTC');
    month := 'audit_events_' || to_char(start at time zone 'UTC', 'YYYY_MM');
    continue when to_regclass(month) is not null
      or exists (select 1 from audit_events_default where at >= start and at < start + interval '32 days');
    execute format('create table %I partition of audit_events for values from (%L) to (%L)', month, start,
      date_trunc('month', start + interval '32 days', 'UTC'));
    execute format('create trigger audit_is_never_truncated before truncate on %I for each statement execute function audit_is_append_only()', month);
    execute format('revoke all on %I from public', month);
  end loop;
end $$;
`;

/** Sixty-fourth migration: making the months of the trail waits for nobody who builds an index. */
export const monthsApart = {
  name: '0064-months',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(months),
};
