// A package is also known by the code of its link, which never changes and says nothing about it (rule 3.19).
const steps = `
-- A hundred random bits, in letters and digits that are not mistaken for each other.
create function new_link_code() returns text language sql volatile as $$
  select string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', (get_byte(random, n) & 31) + 1, 1), '')
  from (select sha256(uuid_send(gen_random_uuid())) as random) made, generate_series(0, 19) n
$$;
alter table packages add column link_code text;
-- The release before makes packages as well.
alter table packages alter column link_code set default new_link_code();
update packages set link_code = new_link_code();
alter table packages alter column link_code set not null;
create unique index packages_link_code on packages (link_code);
grant execute on function new_link_code() to usher_app;
`;

/** Twenty-seventh migration: packages have links. */
export const packageLinks = {
  name: '0027-package-links',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
