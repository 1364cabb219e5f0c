// People who are deleted can be restored for a while (rule 3.17), whatever wrote that they are.
const steps = `
alter table people add column deleted_at timestamptz(3);
update people set deleted_at = usher_now() where state = 'deleted';

create function note_deletion() returns trigger language plpgsql as $$
begin
  new.deleted_at := case when new.state = 'deleted' then usher_now() end;
  return new;
end $$;
create trigger note_deletion before update of state on people
  for each row when (new.state <> old.state) execute function note_deletion();
create trigger note_deletion_of_new before insert on people
  for each row when (new.state = 'deleted') execute function note_deletion();
grant execute on function note_deletion() to usher_app;
`;

/** Twenty-eighth migration: since when somebody is deleted. */
export const deleted = {
  name: '0028-deleted',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
