// A fixed end of a policy is a day, over for each person where they are (it was an instant, the end of that day where the
// organization is). A release from before this one goes on writing and reading the instant, so each is made from the other.
const steps = `
alter table policy_versions add column expiration_on date;
update policy_versions set expiration_on = ((expiration_at - interval '1 millisecond') at time zone (select time_zone from organization))::date
where expiration = 'date';
alter table policy_versions add check ((expiration = 'date') = (expiration_on is not null));

create function policy_versions_fixed_end() returns trigger language plpgsql as $$
declare
  zone text := (select time_zone from organization);
begin
  if new.expiration_on is null then
    new.expiration_on := ((new.expiration_at - interval '1 millisecond') at time zone zone)::date;
  elsif new.expiration_at is null then
    new.expiration_at := (new.expiration_on + 1)::timestamp at time zone zone;
  end if;
  return new;
end $$;
create trigger policy_versions_fixed_end before insert on policy_versions for each row when (new.expiration = 'date')
  execute function policy_versions_fixed_end();
grant execute on function policy_versions_fixed_end() to usher_app;
`;

/** Fifth migration. */
export const fixedDays = {
  name: '0005-fixed-days',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
