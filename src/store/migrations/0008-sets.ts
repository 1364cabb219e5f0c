// Indexes that answer by themselves what a list asks, and less to do for each row that a sweep writes.
const lists = `
-- From a person to what they may ask for: group or kind, version, policy, each out of an index alone.
create index policy_subjects_target_group on policy_subjects (group_id, policy_version_id) where purpose = 'target' and group_id is not null;
create index policy_subjects_target_kind on policy_subjects (kind, policy_version_id) where purpose = 'target' and kind not in ('person', 'group');
create index policy_subjects_organization on policy_subjects (organization_id) where organization_id is not null;
drop index policy_subjects_wide;
drop index policies_current;
create index policies_current on policies (current_version_id) include (package_id) where state = 'enabled';
create index policy_versions_requestable on policy_versions (id) include (self_request, on_behalf) where mode = 'request';
`;

const writes = `
-- The version of the package that a request keeps belongs to that package, and no version is without its package.
alter table requests drop constraint requests_package_id_fkey;

-- Nothing reads the trail by person.
drop index audit_events_person;

alter table grants set (fillfactor = 85);
`;

/** Makes the function of the drawn edges. */
export const DRAW_EDGES = `
-- The drawn edges as a constant of the function: looking each up was half of what following them took. Whoever draws another edge
-- makes the function anew.
do $make$
begin
  execute format($function$
    create or replace function follow_edges() returns trigger language plpgsql as $body$
    begin
      if new.version <> old.version + 1 then
        raise exception 'version of %% must rise by one', tg_table_name using errcode = '23514', constraint = 'version_rises_by_one';
      end if;
      if new.state <> old.state and not tg_table_name || ' ' || old.state || ' ' || new.state = any (%L::text[]) then
        raise exception '%% cannot go from %% to %%', tg_table_name, old.state, new.state using errcode = '23514', constraint = 'state_follows_edges';
      end if;
      return new;
    end $body$
  $function$, (select array_agg(concat_ws(' ', noun, from_state, to_state) order by noun, from_state, to_state) from state_edges));
end $make$;
`;

/** Eighth migration: nothing that is kept changes. */
export const sets = {
  name: '0008-sets',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [lists, writes, DRAW_EDGES]) await query(part);
  },
};
