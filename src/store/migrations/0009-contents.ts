// A role that a package lost is taken from its holders while their access goes on (rule 3.11): the link of the grant stays, withdrawn.
const steps = `
alter table grant_assignments add column withdrawn_at timestamptz(3);
create view standing_links as select grant_id, assignment_id from grant_assignments where withdrawn_at is null;

-- Packages whose holders may not have the present content yet. Noted where the content changes, so that no way of changing it forgets.
create table content_changes (
  package_id uuid primary key references packages,
  changed_at timestamptz(3) not null
);
create function note_content_change() returns trigger language plpgsql as $$
begin
  insert into content_changes (package_id, changed_at) values (new.id, usher_now())
    on conflict (package_id) do update set changed_at = excluded.changed_at;
  return null;
end $$;
create trigger note_content_change after update of current_version_id on packages
  for each row when (old.current_version_id is distinct from new.current_version_id) execute function note_content_change();

grant select on standing_links to usher_app;
grant select, insert, update, delete on content_changes to usher_app;
grant execute on function note_content_change() to usher_app;
`;

/** Ninth migration: nothing that is kept changes. */
export const contents = {
  name: '0009-contents',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
