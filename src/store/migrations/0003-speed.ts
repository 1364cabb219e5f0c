// What acts and sweeps wait for least. PostgreSQL makes the plan of a function in SQL anew in every statement that calls it, and
// keeps that of one in PL/pgSQL; nearly every statement asks for the time.
const steps = `
create or replace function usher_now() returns timestamptz language plpgsql stable as $$
begin
  return date_trunc('milliseconds', clock_timestamp())
       + coalesce((select clock_offset_ms from organization), 0) * interval '1 millisecond';
end $$;

-- Ends a save that met fewer rows than it had read, so that COMMIT can leave with it and need not wait for the numbers.
create function usher_expect(part text, met bigint, expected integer) returns void language plpgsql as $$
begin
  if met <> expected then
    raise exception 'somebody was first: % rows of % instead of %', met, part, expected using errcode = 'UR001';
  end if;
end $$;
grant execute on function usher_expect(text, bigint, integer) to usher_app;

-- The versions of a package's policies, those that a request keeps included.
create index policies_package on policies (package_id);
`;

/** Third migration: nothing that is kept changes. */
export const speed = {
  name: '0003-speed',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
