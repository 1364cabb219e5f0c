// Indexes on tables that may be full when a release adds them: built beside the work, without a transaction and without a lock that
// keeps anybody from writing. A list of how it should be, not of steps: whatever is missing, or was left half built, is built anew.
// Another definition needs another name. What upholds a rule (unique) must be there before the first row and belongs to a migration.

/** Name and what follows `on`. */
export type Indexes = Readonly<Record<string, string>>;

export const indexes: Indexes = {
  // Requests that somebody asked for, messages of a request.
  requests_asked: 'requests (requestor_id, id desc) where requestor_id is not null',
  // What waits by a policy that ends.
  requests_by_policy: `requests (policy_version_id) where state in ('pendingApproval', 'scheduled')`,
  // What waits for a decision until the last day that was asked for.
  requests_asked_end: `requests (asked_ends_at) where state = 'pendingApproval' and asked_ends_at is not null`,
  // What waits for a decision while its package changes.
  requests_open: `requests (package_id) where state = 'pendingApproval'`,
  // What waits for its start while its package changes.
  requests_package_scheduled: `requests (package_id) where state = 'scheduled'`,
  outgoing_told: `outgoing (request_id) where kind = 'tell' and request_id is not null`,
  // A grant that failed says why. No index holds its state, so turning one round writes one row and no entry of an index.
  grants_with_error: 'grants (role_id) where error is not null',
  grants_going: `grants (id) where state in ('taking', 'takeFailed')`,
  grants_role: 'grants (role_id, scope_id)',
  // One place of a system may be a resource of several catalogs.
  resources_place: 'resources (connector, origin_id)',
  local_roles_resource: 'local_roles (resource, subject, role, scope)',
  // People are searched by words that stand in the name or in the mail address.
  people_search: `people using gin ((name || ' ' || coalesce(email, '')) gin_trgm_ops)`,
  delegations_answer_due: `delegations (answer_due_at) where state = 'proposed' and answer_due_at is not null`,
  cards_look: 'cards (look_at)',
  // In the order of their list; their numbers are those of a sequence.
  manual_tasks_open: `manual_tasks (want, opened_at, id) where state = 'open'`,
  manual_tasks_number: 'manual_tasks (number)',
  // Where whoever did something by hand is named, once they are forgotten.
  manual_tasks_done: 'manual_tasks (done_by) where done_by is not null',
  exceptions_touched: 'incompatibility_exceptions (touched_at) where touched_at is not null',
  // Whoever may be restored, or is to be forgotten.
  people_deleted: 'people (deleted_at) where deleted_at is not null and forgotten_at is null',
  people_forgotten: 'people (forgotten_at) where forgotten_at is not null',
  drift_findings_of: 'drift_findings (person_id)',
  // Keys are the same in any case: platforms, files and settings write an id as they like.
  people_key: 'people (lower(directory_key))',
  people_organization: 'people (organization_id) where organization_id is not null',
};

/** Whose place those took: dropped once they all stand, so that a release before this one has them until then. */
export const replaced: readonly string[] = [
  'requests_requestor',
  'outgoing_request',
  'grants_failed',
  'people_name',
  'drift_findings_person',
];
