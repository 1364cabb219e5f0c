// Indexes that answer by themselves what a list or a sweep asks of each row, and fewer things to do for each row that is written.
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

/** Eighth migration: nothing that is kept changes. */
export const sets = {
  name: '0008-sets',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(lists),
};
