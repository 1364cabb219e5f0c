// What Node knows as a zone the database may not ("AET"), and an unknown one fails the whole statement: what compares days where a person
// is takes UTC for it. That is a day off at most, and only what is listed or looked at goes by it: the rules know the zone.
const steps = `
create function usher_zone(zone text) returns text language plpgsql stable as $$
begin
  perform timestamptz 'epoch' at time zone zone;
  return zone;
exception when invalid_parameter_value then
  return 'UTC';
end $$;
grant execute on function usher_zone to usher_app;
`;

/** Seventieth migration: a zone that the database knows. */
export const zones = {
  name: '0070-zones',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
