// Access that is given by an exception ends with it, and lasts longer again as soon as that does or is not needed any more. So its reasons
// keep the end by their policies, and whatever may move the end is noted where it happens.
const steps = `
alter table assignments add column lent boolean not null default false;
comment on column assignments.lent is 'Given beside something that it does not go with, by an exception: its end follows that';

-- Each is one more row, so that nobody waits for whoever follows them.
create table lent_changes (
  id bigint generated always as identity primary key,
  assignment_id uuid not null references assignments,
  at timestamptz(3) not null
);
create index lent_changes_assignment on lent_changes (assignment_id);
grant select, insert, delete on lent_changes to usher_app;

create function note_lent() returns trigger language plpgsql as $$
begin
  insert into lent_changes (assignment_id, at)
  select a.id, usher_now() from incompatibilities i
  join assignments a on a.target_id = new.person_id and a.package_id in (i.package_id, i.other_package_id) and a.lent
    and a.state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')
  where i.id = new.incompatibility_id;
  return null;
end $$;
create trigger note_lent_new after insert on incompatibility_exceptions for each row execute function note_lent();
create trigger note_lent_changed after update of until_at, state, touched_at on incompatibility_exceptions for each row
  when (new.touched_at is not null or new.until_at is distinct from old.until_at or new.state is distinct from old.state)
  execute function note_lent();

-- Until when the other side is held decides as well, and so does that it is gone at last.
create trigger touch_exceptions_moved after update of ends_at on assignments for each row
  when (new.ends_at is distinct from old.ends_at) execute function touch_exceptions_of_holder();
create trigger touch_exceptions_gone after update of state on assignments for each row
  when (new.state = 'removed' and old.state in ('removing', 'removalFailed')) execute function touch_exceptions_of_holder();

create function touch_exceptions_turned() returns trigger language plpgsql as $$
begin
  update incompatibility_exceptions set touched_at = usher_now() where incompatibility_id = new.id and state <> 'ended';
  return null;
end $$;
create trigger touch_exceptions_turned after update of mutual on incompatibilities for each row
  when (new.mutual is distinct from old.mutual) execute function touch_exceptions_turned();
`;

/** Thirty-eighth migration: ends that follow exceptions. */
export const lent = {
  name: '0038-lent',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
