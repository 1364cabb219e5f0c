// Whether somebody with an exception holds both sides is noted as soon as it may have changed, where it changes, so that what was said
// of it follows and nobody has to look at all of them (rule 3.13).
const steps = `
alter table incompatibility_exceptions add column touched_at timestamptz(3);

-- The row is locked, touched or not: whoever judges it meanwhile waits, and sees what is held.
create function touch_exceptions_of_holder() returns trigger language plpgsql as $$
begin
  update incompatibility_exceptions e set touched_at = usher_now() from incompatibilities i
  where e.person_id = new.target_id and e.state <> 'ended'
    and i.id = e.incompatibility_id and new.package_id in (i.package_id, i.other_package_id);
  return null;
end $$;
create trigger touch_exceptions_given after insert on assignments
  for each row execute function touch_exceptions_of_holder();
create trigger touch_exceptions_ended after update of state on assignments for each row
  when (new.state in ('removing', 'removed') and old.state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'))
  execute function touch_exceptions_of_holder();

create function touch_exceptions_of_members() returns trigger language plpgsql as $$
begin
  update incompatibility_exceptions e set touched_at = usher_now() from changed
  where e.person_id = changed.person_id and e.state <> 'ended';
  return null;
end $$;
create trigger touch_exceptions_joined after insert on group_people referencing new table as changed
  for each statement execute function touch_exceptions_of_members();
create trigger touch_exceptions_left after delete on group_people referencing old table as changed
  for each statement execute function touch_exceptions_of_members();

create function touch_exceptions_of_groups() returns trigger language plpgsql as $$
begin
  update incompatibility_exceptions e set touched_at = usher_now()
  from changed join incompatibilities i on i.other_group_id = changed.ancestor_id
  where e.incompatibility_id = i.id and e.state <> 'ended';
  return null;
end $$;
create trigger touch_exceptions_grown after insert on group_ancestors referencing new table as changed
  for each statement execute function touch_exceptions_of_groups();
create trigger touch_exceptions_shrunk after delete on group_ancestors referencing old table as changed
  for each statement execute function touch_exceptions_of_groups();
`;

/** Twentieth migration: exceptions to incompatibilities that follow what is held. */
export const exceptions = {
  name: '0020-exceptions',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
