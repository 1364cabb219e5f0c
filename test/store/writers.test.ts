// Who writes which table, read from the SQL of the store: what decides about access is saved by the write path alone, and each
// machine table has its own few files. Another pair is a change of the house: think first, then name it here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const STORE = join(__dirname, '../../src/store');
const WRITES =
  /\b(?:insert into (\w+)|update (?:only )?(\w+)(?: (?:as )?(?!set\b)\w+)? set\b|delete from (?:only )?(\w+)|truncate (\w+))/gi;

/** The tables that a text of SQL names as written. */
function written(text: string): string[] {
  return [...text.matchAll(WRITES)].map(
    ([, ...names]: readonly (string | undefined)[]) => names.find((name) => name !== undefined) ?? '',
  );
}

// `save.ts` writes the governed tables by shape, so that none stands in its text; `bulk.ts` is its set-based half, for jobs over
// thousands. `due.ts` deletes what is old.
const WRITERS: Readonly<Record<string, string>> = {
  requests: 'bulk',
  assignments: 'bulk',
  justifications: 'bulk',
  grants: 'bulk',
  grant_assignments: 'save',
  audit_events: 'tail',
  outgoing: 'cards digest drift-readers due forgetting known outbox reach tail task-keepers',
  cards: 'cards due',
  inbound: 'due inbound',
  drafts: 'drafts due',
  gates: 'due gates',
  job_ticks: 'due',
  page_messages: 'page-messages',
  conversations: 'directory',
  comparisons: 'drift drift-answers',
  drift_findings: 'drift drift-answers due',
  drift_seen: 'drift due',
  content_changes: 'due',
  directory_changes: 'misrouted notes scope',
  scope_leavers: 'due scope',
  leaver_requests: 'scope',
  lent_changes: 'exceptions',
  grants_astray: 'due',
  requests_left_behind: 'due',
  manual_task_keepers: 'task-keepers',
  local_roles: 'local-roles',
  local_faults: 'local-roles',
  remarks: 'forgetting tail',
  identities: 'configuration-save directory forgetting identities',
  linked_mails: 'forgetting identities',
  people: 'forgetting',
  group_people: 'forgetting',
  resource_owners: 'configuration-save forgetting',
  organization: 'configuration-save demo',
  installations: 'configuration-save',
  identity_sources: 'configuration-save',
  package_grants: 'configuration-save',
  package_versions: 'configuration-save',
  policy_calendars: 'configuration-save',
  policy_questions: 'configuration-save',
  policy_stages: 'configuration-save',
  policy_subjects: 'configuration-save',
  policy_versions: 'configuration-save',
  schema_migrations: 'build database',
};

test('reads every way of writing', () => {
  const sql = `with a as (insert into cards (id) select 1), b as (update gates g set x = 1), c as (update gates as g set x = 1)
    update inbound set a = 1; delete from drafts d where true; select 1 for update of people; on conflict do update set y = 2`;
  expect(written(sql)).toEqual(['cards', 'gates', 'gates', 'inbound', 'drafts']);
});

test('no file writes a table that is not its own', () => {
  const pairs = new Map<string, Set<string>>();
  for (const file of readdirSync(STORE).filter((name) => name.endsWith('.ts')))
    for (const table of written(readFileSync(join(STORE, file), 'utf8')))
      pairs.set(table, (pairs.get(table) ?? new Set()).add(file.replace('.ts', '')));
  expect(Object.fromEntries([...pairs].map(([table, files]) => [table, [...files].toSorted().join(' ')]))).toEqual(
    WRITERS,
  );
});
