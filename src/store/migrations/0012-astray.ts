// A role that is given while no live access justifies it: a fault of Usher's own, or of a release that does not know what this one
// writes. Noted by whatever change makes it so, so that finding them reads what is wrong and not all that there is.
const NOTE = `insert into grants_astray (grant_id, noted_at)
    select g.id, usher_now() from grants g where g.state in ('placing', 'placed', 'placeFailed') and not exists (
      select 1 from standing_links l join assignments a on a.id = l.assignment_id
        and a.state in ('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')
      where l.grant_id = g.id)`;
const AGAIN = 'on conflict (grant_id) do update set noted_at = excluded.noted_at';

const steps = `
create table grants_astray (
  grant_id uuid primary key references grants,
  noted_at timestamptz(3) not null,
  -- When it was seen to be so after all was written: what is noted may be put right by the same transaction.
  found_at timestamptz(3)
);
grant select, insert, update, delete on grants_astray to usher_app;

create function note_astray_grant() returns trigger language plpgsql as $$
begin
  ${NOTE} and g.id = new.id ${AGAIN};
  return null;
end $$;
create function note_astray_link() returns trigger language plpgsql as $$
begin
  ${NOTE} and g.id = new.grant_id ${AGAIN};
  return null;
end $$;
create function note_astray_access() returns trigger language plpgsql as $$
begin
  ${NOTE} and g.id in (select grant_id from grant_assignments where assignment_id = new.id) ${AGAIN};
  return null;
end $$;
grant execute on function note_astray_grant(), note_astray_link(), note_astray_access() to usher_app;

create trigger note_astray_new after insert on grants
  for each row when (new.state in ('placing', 'placed', 'placeFailed')) execute function note_astray_grant();
create trigger note_astray after update of state on grants
  for each row when (old.state in ('taking', 'taken', 'takeFailed') and new.state in ('placing', 'placed', 'placeFailed'))
  execute function note_astray_grant();
create trigger note_astray after update of withdrawn_at on grant_assignments
  for each row when (old.withdrawn_at is null and new.withdrawn_at is not null) execute function note_astray_link();
create trigger note_astray after update of state on assignments
  for each row when (old.state in ('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')
    and new.state not in ('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'))
  execute function note_astray_access();
`;

/** Twelfth migration: nothing that is kept changes. */
export const astray = {
  name: '0012-astray',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
  // What went astray before anybody noted it.
  afterwards: `${NOTE} on conflict do nothing`,
};
