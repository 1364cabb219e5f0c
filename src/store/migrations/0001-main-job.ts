// The schema of the main job, shaped so that governance and reviews fit without rebuilding. Constraints make wrong
// states impossible; the two triggers are the second wall behind the rules of domain/.

const people = `
create extension if not exists pg_trgm;

create table organization (
  single boolean primary key default true check (single),
  name text not null,
  time_zone text not null,
  -- Set once at creation; the local page opens only on such a database.
  demo boolean not null,
  -- Moves the clock of the whole database in tests and in the demo; refused elsewhere by the program.
  clock_offset_ms bigint not null default 0,
  created_at timestamptz(3) not null default now(),
  check (demo or clock_offset_ms = 0)
);

-- The one clock: replicas with wrong clocks agree because the database tells the time.
create function usher_now() returns timestamptz language sql stable as $$
  select date_trunc('milliseconds', clock_timestamp())
       + coalesce((select clock_offset_ms from organization), 0) * interval '1 millisecond'
$$;

-- The SQL twin of the app's UUIDv7: set-based statements make ids that sort by time as well.
create function usher_id() returns uuid language sql volatile as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

create table organizations (
  id uuid primary key,
  name text not null,
  description text not null default '',
  state text not null check (state in ('proposed', 'configured', 'deleted')),
  version integer not null
);
create unique index organizations_name on organizations (lower(name)) where state <> 'deleted';

create table identity_sources (
  organization_id uuid not null references organizations,
  kind text not null check (kind in ('tenant', 'workspace', 'domain')),
  value text not null,
  primary key (kind, value)
);

create table people (
  id uuid primary key,
  directory_key text not null unique,
  name text not null,
  email text,
  kind text not null check (kind in ('member', 'guest')),
  state text not null check (state in ('enabled', 'disabled', 'deleted')),
  manager_id uuid references people,
  organization_id uuid references organizations,
  time_zone text not null,
  locale text not null,
  department text,
  job_title text,
  country text,
  properties jsonb not null default '{}',
  version integer not null,
  check (manager_id <> id)
);
create index people_email on people (lower(email));
create index people_manager on people (manager_id);
create index people_name on people using gin (name gin_trgm_ops);
create index people_exact_name on people (lower(name));
-- Who left: what is still open for them is swept.
create index people_gone on people (id) where state <> 'enabled';

create table groups (
  id uuid primary key,
  directory_key text not null unique,
  name text not null,
  state text not null default 'active' check (state in ('active', 'deleted')),
  version integer not null
);

create table group_people (
  group_id uuid not null references groups,
  person_id uuid not null references people,
  primary key (person_id, group_id)
);
create index group_people_group on group_people (group_id);

create table group_nesting (
  parent_id uuid not null references groups,
  child_id uuid not null references groups,
  primary key (parent_id, child_id)
);

-- Closure of group_nesting, each group its own ancestor: who is in a group is one join, whatever the depth.
create table group_ancestors (
  group_id uuid not null references groups,
  ancestor_id uuid not null references groups,
  primary key (group_id, ancestor_id)
);
create index group_ancestors_ancestor on group_ancestors (ancestor_id);

-- Writes differences only; UNION stops at cycles. A deleted group is nobody's ancestor and has none, so it has no members.
create function refresh_group_ancestors() returns void language sql as $$
  with recursive closure (group_id, ancestor_id) as (
    select id, id from groups where state = 'active'
    union
    select closure.group_id, nesting.parent_id from closure
    join group_nesting nesting on nesting.child_id = closure.ancestor_id
    join groups parent on parent.id = nesting.parent_id and parent.state = 'active'
  ), gone as (
    delete from group_ancestors old
    where not exists (select 1 from closure where closure.group_id = old.group_id and closure.ancestor_id = old.ancestor_id)
  )
  insert into group_ancestors select group_id, ancestor_id from closure on conflict do nothing
$$;

create view group_members as
  select ancestor_id as group_id, person_id
  from group_people join group_ancestors using (group_id);

create table installations (
  platform text not null check (platform in ('slack', 'teams', 'web')),
  tenant text not null,
  name text not null default '',
  state text not null default 'active' check (state in ('active', 'dead')),
  -- Mail domains for which the administrator declares this workspace's verified mail addresses authoritative.
  authoritative_domains text[] not null default '{}',
  guests_allowed boolean not null default false,
  primary key (platform, tenant)
);

create table identities (
  id uuid primary key,
  platform text not null check (platform in ('slack', 'teams', 'web')),
  tenant text not null,
  user_id text not null,
  person_id uuid references people,
  state text not null check (state in ('linked', 'unlinked', 'conflict')),
  linked_by text check (linked_by in ('directoryKey', 'email', 'file', 'demo')),
  standing text not null,
  zone text,
  locale text,
  last_seen_at timestamptz(3),
  version integer not null,
  unique (platform, tenant, user_id),
  check ((state = 'linked') = (person_id is not null))
);
-- One person, one account per workspace or tenant: a second claim is a conflict, not a second link.
create unique index identities_person on identities (platform, tenant, person_id) where person_id is not null;
create index identities_by_person on identities (person_id);

-- Where a person is reached. Written from verified deliveries only.
create table conversations (
  platform text not null,
  tenant text not null,
  user_id text not null,
  conversation text not null,
  service_url text,
  state text not null default 'alive' check (state in ('alive', 'dead')),
  dead_code text,
  updated_at timestamptz(3) not null,
  primary key (platform, tenant, user_id)
);
`;

const catalogs = `
create table catalogs (
  id uuid primary key,
  name text not null,
  description text not null default '',
  state text not null check (state in ('published', 'unpublished', 'deleted')),
  externally_visible boolean not null,
  version integer not null
);
create unique index catalogs_name on catalogs (lower(name)) where state <> 'deleted';

-- Roles of Usher itself; no catalog: the whole organization.
create table administrative_roles (
  id uuid primary key,
  role text not null check (role in ('administrator', 'partnerAdministrator', 'auditor', 'catalogCreator', 'catalogOwner',
    'catalogReader', 'packageManager', 'assignmentManager')),
  person_id uuid references people,
  group_id uuid references groups,
  catalog_id uuid references catalogs,
  -- What named the holder: a list that is complete ends only what it named itself.
  origin text not null default 'file' check (origin in ('file', 'settings')),
  state text not null check (state in ('active', 'ended')),
  version integer not null,
  check (num_nonnulls(person_id, group_id) = 1),
  check ((catalog_id is not null) = (role in ('catalogOwner', 'catalogReader', 'packageManager', 'assignmentManager')))
);
create unique index administrative_roles_once on administrative_roles
  (role, coalesce(person_id, group_id), coalesce(catalog_id, '00000000-0000-0000-0000-000000000000')) where state = 'active';
create index administrative_roles_person on administrative_roles (person_id) where state = 'active';
create index administrative_roles_group on administrative_roles (group_id) where state = 'active';
create index administrative_roles_catalog on administrative_roles (catalog_id) where state = 'active';

-- Who holds which role, groups resolved, enabled people only.
create view role_holders as
  select held.role, held.catalog_id, people.id as person_id, people.name
  from administrative_roles held join people on people.id = held.person_id
  where held.state = 'active' and people.state = 'enabled'
  union
  select held.role, held.catalog_id, people.id, people.name
  from administrative_roles held
  join group_members member on member.group_id = held.group_id
  join people on people.id = member.person_id
  where held.state = 'active' and people.state = 'enabled';

create table resources (
  id uuid primary key,
  catalog_id uuid not null references catalogs,
  name text not null,
  description text not null default '',
  connector text not null,
  origin_id text not null,
  state text not null check (state in ('active', 'deleted')),
  version integer not null
);
create unique index resources_name on resources (catalog_id, lower(name)) where state <> 'deleted';
create unique index resources_origin on resources (catalog_id, connector, origin_id) where state <> 'deleted';
create index resources_search on resources using gin (name gin_trgm_ops);

create table resource_owners (
  resource_id uuid not null references resources,
  person_id uuid references people,
  group_id uuid references groups,
  check (num_nonnulls(person_id, group_id) = 1)
);
create unique index resource_owners_once on resource_owners (resource_id, coalesce(person_id, group_id));
-- Who is in charge of a resource, groups resolved: its owners; where there are none, those of its catalog; then administrators.
-- The one definition of who is asked to do a manual task and of who may report it done.
create view resource_keepers as
  select owner.resource_id, people.id as person_id, 1 as choice
  from resource_owners owner
  left join group_members member on member.group_id = owner.group_id
  join people on people.id = coalesce(owner.person_id, member.person_id) and people.state = 'enabled'
  union all
  select resources.id, holder.person_id, 2
  from resources join role_holders holder on holder.role = 'catalogOwner' and holder.catalog_id = resources.catalog_id
  union all
  select resources.id, holder.person_id, 3
  from resources join role_holders holder on holder.role = 'administrator';

create table resource_roles (
  id uuid primary key,
  resource_id uuid not null references resources,
  name text not null,
  origin_id text not null,
  version integer not null,
  unique (resource_id, origin_id)
);
create table resource_scopes (
  id uuid primary key,
  resource_id uuid not null references resources,
  name text not null,
  origin_id text not null,
  root boolean not null,
  version integer not null,
  unique (resource_id, origin_id)
);
create unique index resource_scopes_root on resource_scopes (resource_id) where root;

create table packages (
  id uuid primary key,
  catalog_id uuid not null references catalogs,
  name text not null,
  description text not null default '',
  hidden boolean not null,
  sensitive boolean not null,
  state text not null check (state in ('active', 'deleted')),
  baseline text not null check (baseline in ('keep', 'absorb')),
  current_version_id uuid not null,
  version integer not null
);
create unique index packages_name on packages (catalog_id, lower(name)) where state <> 'deleted';
create index packages_exact_name on packages (lower(name));
create index packages_search on packages using gin ((name || ' ' || description) gin_trgm_ops);

create table package_versions (
  id uuid primary key,
  package_id uuid not null references packages,
  number integer not null,
  created_at timestamptz(3) not null,
  unique (package_id, number),
  unique (id, package_id)
);
alter table packages add foreign key (current_version_id, id) references package_versions (id, package_id) deferrable initially deferred;

create table package_grants (
  package_version_id uuid not null references package_versions,
  role_id uuid not null references resource_roles,
  scope_id uuid not null references resource_scopes,
  primary key (package_version_id, role_id, scope_id)
);

create table policies (
  id uuid primary key,
  package_id uuid not null references packages,
  name text not null,
  state text not null check (state in ('enabled', 'disabled', 'deleted')),
  current_version_id uuid not null,
  version integer not null
);
create unique index policies_name on policies (package_id, lower(name)) where state <> 'deleted';

create table policy_versions (
  id uuid primary key,
  policy_id uuid not null references policies,
  number integer not null,
  name text not null,
  mode text not null check (mode in ('request', 'direct', 'automatic')),
  expiration text not null check (expiration in ('never', 'days', 'hours', 'date')),
  expiration_days integer check (expiration_days between 1 and 3660),
  expiration_hours integer check (expiration_hours between 1 and 87840),
  expiration_at timestamptz(3),
  custom_period boolean not null,
  reason_required boolean not null,
  self_request boolean not null,
  on_behalf boolean not null,
  self_remove boolean not null,
  extension_allowed boolean not null,
  extension_approval boolean not null,
  max_extensions integer check (max_extensions >= 0),
  max_total_days integer check (max_total_days > 0),
  end_when_out_of_scope boolean not null,
  same_person_in_stages boolean not null,
  created_at timestamptz(3) not null,
  unique (policy_id, number),
  unique (id, policy_id),
  check ((expiration = 'days') = (expiration_days is not null)),
  check ((expiration = 'hours') = (expiration_hours is not null)),
  check ((expiration = 'date') = (expiration_at is not null))
);
alter table policies add foreign key (current_version_id, id) references policy_versions (id, policy_id) deferrable initially deferred;

create table policy_stages (
  policy_version_id uuid not null references policy_versions,
  n integer not null check (n between 1 and 10),
  approvals_required integer not null check (approvals_required between 1 and 50),
  decide_within_hours integer not null check (decide_within_hours between 1 and 87840),
  escalate_after_hours integer check (escalate_after_hours > 0),
  approver_reason_required boolean not null,
  primary key (policy_version_id, n)
);

-- Subject sets are rows: "which policies name this group" is asked on every list and every directory change.
create table policy_subjects (
  policy_version_id uuid not null references policy_versions,
  purpose text not null check (purpose in ('target', 'primary', 'alternate', 'fallback')),
  -- 0 for targets, else the stage.
  n integer not null,
  position integer not null,
  kind text not null check (kind in ('person', 'group', 'manager', 'organization', 'allMembers', 'allMembersAndGuests',
    'allConfiguredOrganizations', 'anyone')),
  person_id uuid references people,
  group_id uuid references groups,
  organization_id uuid references organizations,
  manager_level integer check (manager_level between 1 and 4),
  primary key (policy_version_id, purpose, n, position),
  check ((purpose = 'target') = (n = 0)),
  check ((kind = 'person') = (person_id is not null)),
  check ((kind = 'group') = (group_id is not null)),
  check ((kind = 'organization') = (organization_id is not null)),
  check ((kind = 'manager') = (manager_level is not null)),
  check (purpose = 'target' or kind in ('person', 'group', 'manager')),
  check (purpose <> 'target' or kind <> 'manager')
);
create index policy_subjects_person on policy_subjects (person_id) where person_id is not null;
create index policy_subjects_group on policy_subjects (group_id) where group_id is not null;
create index policy_subjects_wide on policy_subjects (policy_version_id) where purpose = 'target' and kind not in ('person', 'group');

create table policy_questions (
  policy_version_id uuid not null references policy_versions,
  id text not null,
  position integer not null,
  text text not null check (length(text) <= 300),
  required boolean not null,
  type text not null check (type in ('text', 'longText', 'choice')),
  choices text[] not null default '{}',
  primary key (policy_version_id, id),
  check ((type = 'choice') = (cardinality(choices) > 0))
);

create table incompatibilities (
  id uuid primary key,
  package_id uuid not null references packages,
  other_package_id uuid references packages,
  other_group_id uuid references groups,
  mutual boolean not null,
  state text not null check (state in ('active', 'ended')),
  version integer not null,
  check (num_nonnulls(other_package_id, other_group_id) = 1),
  check (other_package_id <> package_id),
  check (not mutual or other_package_id is not null)
);
create unique index incompatibilities_once on incompatibilities (package_id, coalesce(other_package_id, other_group_id)) where state = 'active';
create index incompatibilities_other on incompatibilities (other_package_id) where state = 'active';
`;

const requests = `
create sequence request_numbers start 1001;

create table assignments (
  id uuid primary key,
  target_id uuid not null references people,
  package_id uuid not null references packages,
  state text not null check (state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed',
    'removing', 'removed', 'removalFailed')),
  starts_at timestamptz(3) not null,
  ends_at timestamptz(3),
  ended_at timestamptz(3),
  end_reason text check (end_reason in ('endReached', 'gaveUp', 'removedByOwner', 'targetDisabled', 'outOfScope', 'canceled', 'gateClosed')),
  remind_at timestamptz(3),
  reminded integer not null default 0 check (reminded between 0 and 2),
  version integer not null,
  check (ends_at > starts_at),
  check ((state in ('removing', 'removed', 'removalFailed')) = (ended_at is not null)),
  check ((ended_at is null) = (end_reason is null)),
  unique (id, target_id, package_id)
);
create unique index one_live_assignment on assignments (target_id, package_id)
  where state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed');
create index assignments_target on assignments (target_id, id desc);
create index assignments_package on assignments (package_id) where state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed');
create index assignments_due on assignments (ends_at) where ends_at is not null and ended_at is null;
create index assignments_removal_due on assignments (ended_at) where state in ('removing', 'removalFailed');
create index assignments_start on assignments (starts_at) where state = 'scheduled';
create index assignments_remind on assignments (remind_at) where remind_at is not null and ended_at is null;

create table requests (
  id uuid primary key,
  number bigint not null unique default nextval('request_numbers'),
  type text not null check (type in ('userAdd', 'userExtend', 'userRemove', 'adminAdd', 'adminRemove', 'systemAdd', 'systemRemove')),
  state text not null check (state in ('submitted', 'pendingApproval', 'scheduled', 'delivering', 'delivered', 'partiallyDelivered',
    'deliveryFailed', 'removing', 'removed', 'removalFailed', 'denied', 'expired', 'canceled')),
  detail text check (detail in ('approvedByPolicy', 'deniedByApprover', 'noApprovers', 'notDecidedInTime', 'canceledByRequestor',
    'canceledByOwner', 'targetDisabled', 'requestorDisabled', 'gateClosed', 'contentChanged', 'gaveUp', 'removedByOwner', 'endReached', 'outOfScope')),
  requestor_id uuid references people,
  target_id uuid not null references people,
  package_id uuid not null references packages,
  package_version_id uuid not null,
  policy_version_id uuid references policy_versions,
  assignment_id uuid,
  asked_starts_at timestamptz(3),
  asked_ends_at timestamptz(3),
  asked_hours integer check (asked_hours > 0),
  zone text not null,
  reason text check (length(reason) <= 2000),
  answers jsonb not null default '{}' check (length(answers::text) <= 60000),
  stage integer not null default 0,
  created_at timestamptz(3) not null,
  approved_at timestamptz(3),
  starts_at timestamptz(3),
  ends_at timestamptz(3),
  completed_at timestamptz(3),
  replaces_id uuid references requests,
  refusal jsonb,
  version integer not null,
  foreign key (package_version_id, package_id) references package_versions (id, package_id),
  -- A request can only ever point at an assignment of the same person and package.
  foreign key (assignment_id, target_id, package_id) references assignments (id, target_id, package_id),
  check ((type in ('systemAdd', 'systemRemove')) = (requestor_id is null)),
  check (type in ('userRemove', 'adminRemove', 'systemRemove') or policy_version_id is not null),
  check (num_nonnulls(asked_ends_at, asked_hours) <= 1),
  check ((state in ('denied', 'expired', 'canceled')) <= (completed_at is not null)),
  check (state not in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed') or approved_at is not null),
  check (type <> 'adminAdd' or requestor_id <> target_id),
  unique (id, target_id)
);
create unique index one_open_request on requests (target_id, package_id) where state in ('submitted', 'pendingApproval', 'scheduled');
create index requests_target on requests (target_id, id desc);
create index requests_requestor on requests (requestor_id, id desc);
create unique index requests_replaces on requests (replaces_id) where replaces_id is not null;
create index requests_assignment on requests (assignment_id);
create index requests_scheduled on requests (starts_at) where state = 'scheduled';

create table approval_stages (
  id uuid primary key,
  request_id uuid not null references requests,
  n integer not null check (n between 1 and 10),
  state text not null check (state in ('waiting', 'inProgress', 'approved', 'denied', 'expired', 'canceled')),
  approvals_required integer not null check (approvals_required >= 1),
  opened_at timestamptz(3),
  decide_by timestamptz(3),
  escalate_at timestamptz(3),
  escalated_at timestamptz(3),
  remind_at timestamptz(3),
  closed_at timestamptz(3),
  version integer not null,
  unique (request_id, n),
  check ((state = 'waiting') <= (opened_at is null)),
  check (state <> 'inProgress' or (opened_at is not null and decide_by is not null and closed_at is null))
);
-- Stages run strictly one after the other.
create unique index one_running_stage on approval_stages (request_id) where state = 'inProgress';
create index approval_stages_due on approval_stages (decide_by) where state = 'inProgress';
create index approval_stages_escalate on approval_stages (escalate_at) where state = 'inProgress' and escalate_at is not null and escalated_at is null;
create index approval_stages_remind on approval_stages (remind_at) where state = 'inProgress' and remind_at is not null;

create table approval_tasks (
  id uuid primary key,
  request_id uuid not null,
  n integer not null,
  person_id uuid not null references people,
  capacity text not null check (capacity in ('primary', 'alternate', 'fallback', 'owner', 'administrator')),
  because jsonb not null,
  state text not null check (state in ('open', 'decided', 'closed')),
  opened_at timestamptz(3) not null,
  closed_at timestamptz(3),
  version integer not null,
  foreign key (request_id, n) references approval_stages (request_id, n),
  unique (request_id, n, person_id)
);
create index approval_tasks_open on approval_tasks (person_id) where state = 'open';

-- Recorded once, never changed. Nobody decides for themselves: the check stands behind the rule.
create table decisions (
  id uuid primary key,
  request_id uuid not null,
  n integer not null,
  person_id uuid not null references people,
  target_id uuid not null,
  requestor_id uuid,
  decision text not null check (decision in ('approve', 'deny')),
  reason text check (length(reason) <= 2000),
  at timestamptz(3) not null,
  shown jsonb not null,
  foreign key (request_id, n, person_id) references approval_tasks (request_id, n, person_id),
  foreign key (request_id, target_id) references requests (id, target_id),
  unique (request_id, n, person_id),
  constraint nobody_decides_for_themselves check (person_id <> target_id and person_id is distinct from requestor_id),
  check (decision = 'approve' or reason is not null)
);
create function decisions_fill() returns trigger language plpgsql as $$
begin
  select target_id, requestor_id into strict new.target_id, new.requestor_id from requests where id = new.request_id;
  return new;
end $$;
create trigger decisions_fill before insert on decisions for each row execute function decisions_fill();

create table justifications (
  id uuid primary key,
  assignment_id uuid not null references assignments,
  kind text not null check (kind in ('request', 'direct', 'rule')),
  request_id uuid not null references requests,
  policy_version_id uuid not null references policy_versions,
  starts_at timestamptz(3) not null,
  until timestamptz(3),
  ended_at timestamptz(3),
  period_at timestamptz(3) not null,
  extensions integer not null default 0,
  version integer not null
);
create index justifications_assignment on justifications (assignment_id);
create index justifications_due on justifications (until) where until is not null and ended_at is null;

create table grants (
  id uuid primary key,
  person_id uuid not null references people,
  role_id uuid not null references resource_roles,
  scope_id uuid not null references resource_scopes,
  state text not null check (state in ('unknown', 'placing', 'placed', 'placeFailed', 'taking', 'taken', 'takeFailed')),
  baseline boolean,
  external_id text,
  error text,
  placed_at timestamptz(3),
  taken_at timestamptz(3),
  version integer not null,
  unique (person_id, role_id, scope_id)
);
create table grant_assignments (
  grant_id uuid not null references grants,
  assignment_id uuid not null references assignments,
  primary key (grant_id, assignment_id)
);
create index grant_assignments_assignment on grant_assignments (assignment_id);

create table manual_tasks (
  id uuid primary key,
  grant_id uuid not null references grants,
  want boolean not null,
  state text not null check (state in ('open', 'done', 'canceled')),
  opened_at timestamptz(3) not null,
  remind_at timestamptz(3),
  escalated_at timestamptz(3),
  done_at timestamptz(3),
  done_by uuid references people,
  note text check (length(note) <= 2000),
  version integer not null,
  check ((state = 'done') = (done_at is not null and done_by is not null and note is not null))
);
create unique index one_open_manual_task on manual_tasks (grant_id) where state = 'open';
create index manual_tasks_due on manual_tasks (remind_at) where state = 'open';

-- The drawn edges. A save along any other edge is refused by the database as well.
create table state_edges (noun text, from_state text, to_state text, primary key (noun, from_state, to_state));
insert into state_edges
select 'requests', f, t from (values
  ('submitted', 'pendingApproval scheduled delivering delivered removing denied canceled'),
  ('pendingApproval', 'scheduled delivering delivered removing denied expired canceled'),
  ('scheduled', 'delivering delivered canceled denied'),
  ('delivering', 'delivered partiallyDelivered deliveryFailed canceled'),
  ('partiallyDelivered', 'delivering delivered deliveryFailed canceled'),
  ('deliveryFailed', 'delivering delivered partiallyDelivered canceled'),
  ('removing', 'removed removalFailed'),
  ('removalFailed', 'removing removed')
) as e (f, ts), unnest(string_to_array(ts, ' ')) as t
union all
select 'assignments', f, t from (values
  ('scheduled', 'delivering delivered removing removed'),
  ('delivering', 'delivered partiallyDelivered deliveryFailed removing removed'),
  ('delivered', 'delivering partiallyDelivered deliveryFailed removing removed'),
  ('partiallyDelivered', 'delivering delivered deliveryFailed removing removed'),
  ('deliveryFailed', 'delivering delivered partiallyDelivered removing removed'),
  ('removing', 'removed removalFailed'),
  ('removalFailed', 'removing removed')
) as e (f, ts), unnest(string_to_array(ts, ' ')) as t
union all
select 'approval_stages', f, t from (values
  ('waiting', 'inProgress canceled'),
  ('inProgress', 'approved denied expired canceled')
) as e (f, ts), unnest(string_to_array(ts, ' ')) as t;

create function follow_edges() returns trigger language plpgsql as $$
begin
  if new.version <> old.version + 1 then
    raise exception 'version of % must rise by one', tg_table_name using errcode = '23514', constraint = 'version_rises_by_one';
  end if;
  if new.state <> old.state and not exists
    (select 1 from state_edges where noun = tg_table_name and from_state = old.state and to_state = new.state) then
    raise exception '% cannot go from % to %', tg_table_name, old.state, new.state using errcode = '23514', constraint = 'state_follows_edges';
  end if;
  return new;
end $$;
create trigger follow_edges before update on requests for each row execute function follow_edges();
create trigger follow_edges before update on assignments for each row execute function follow_edges();
create trigger follow_edges before update on approval_stages for each row execute function follow_edges();
`;

const machinery = `
-- Free text that audit events refer to by salted hash. Erasing sets text to null; the hash and its proof stay.
create table remarks (
  hash bytea primary key,
  salt bytea not null,
  text text
);

create table audit_events (
  id bigint generated always as identity,
  at timestamptz(3) not null,
  -- Sequences are not in commit order: the sealer reads behind the oldest running transaction.
  xid xid8 not null default pg_current_xact_id(),
  type text not null,
  actor_kind text not null check (actor_kind in ('person', 'system', 'operator')),
  actor_id uuid,
  -- Job name, or OS user of the operator.
  actor_name text,
  via text not null,
  delivery text,
  subject_kind text not null,
  subject_id text not null,
  request_id uuid,
  assignment_id uuid,
  grant_id uuid,
  person_id uuid,
  package_id uuid,
  catalog_id uuid,
  stage integer,
  data jsonb not null,
  before jsonb,
  after jsonb,
  remark bytea,
  primary key (id, at),
  check ((actor_kind = 'person') = (actor_id is not null))
) partition by range (at);
create table audit_events_default partition of audit_events default;
create index audit_events_subject on audit_events (subject_kind, subject_id, id);
create index audit_events_request on audit_events (request_id, id) where request_id is not null;
create index audit_events_person on audit_events (person_id, id) where person_id is not null;

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit events are append-only' using errcode = '42501';
end $$;
create trigger audit_is_append_only before update or delete on audit_events for each row execute function audit_is_append_only();
create trigger audit_is_never_truncated before truncate on audit_events for each statement execute function audit_is_append_only();

-- Partitions of the month of an instant and of the next one. Runs with the rights of the owner of the trail, because the
-- program may add to it and nothing else. A month that has rows in the default partition already stays there.
create function create_audit_partitions(around timestamptz) returns void language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  start timestamptz;
  month text;
begin
  -- Two at once would both find the month missing, and one of them would fail.
  perform pg_advisory_xact_lock(7236002);
  for start in select generate_series(date_trunc('month', around, 'UTC'), date_trunc('month', around, 'UTC') + interval '32 days', interval '31 days') loop
    start := date_trunc('month', start, 'UTC');
    month := 'audit_events_' || to_char(start at time zone 'UTC', 'YYYY_MM');
    continue when to_regclass(month) is not null
      or exists (select 1 from audit_events_default where at >= start and at < start + interval '32 days');
    execute format('create table %I partition of audit_events for values from (%L) to (%L)', month, start,
      date_trunc('month', start + interval '32 days', 'UTC'));
    execute format('create trigger audit_is_never_truncated before truncate on %I for each statement execute function audit_is_append_only()', month);
    execute format('revoke all on %I from public', month);
  end loop;
end $$;

-- What is to be said, redrawn or placed. Says what about whom, never the text: that is made when it is sent.
create table outgoing (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('tell', 'redraw', 'place')),
  notice text,
  -- Who: a rule that the worker resolves into one row per person, or (person_id set) one person.
  audience text,
  person_id uuid references people,
  subject_kind text not null,
  subject_id text not null,
  request_id uuid,
  params jsonb not null default '{}',
  -- One row of a lane is worked at a time; which one, store/outbox.ts#HEAD says.
  lane text not null,
  state text not null default 'ready' check (state in ('ready', 'leased', 'done', 'dead')),
  attempts integer not null default 0,
  next_at timestamptz(3) not null,
  lease uuid,
  lease_until timestamptz(3),
  error text,
  dedupe_key text not null unique,
  xid xid8 not null default pg_current_xact_id(),
  created_at timestamptz(3) not null,
  settled_at timestamptz(3),
  check ((state = 'leased') = (lease is not null)),
  check (kind <> 'tell' or notice is not null)
);
create index outgoing_ready on outgoing (next_at, id) where state = 'ready';
create index outgoing_leased on outgoing (lease_until) where state = 'leased';
create index outgoing_lane on outgoing (lane, id) where state in ('ready', 'leased');
create index outgoing_settled on outgoing (settled_at) where state in ('done', 'dead');
create index outgoing_dead on outgoing (settled_at) where state = 'dead';
create index outgoing_request on outgoing (request_id) where request_id is not null;
-- Convergence, not commands: one waiting placement per grant is enough.
create unique index one_ready_place on outgoing (subject_id) where kind = 'place' and state = 'ready';
-- The wall behind the claim: two workers never work one lane at once.
create unique index one_leased_in_lane on outgoing (lane) where state = 'leased';

-- Rate limit and circuit breaker of one target, shared by all replicas.
create table gates (
  target text primary key,
  tokens double precision not null,
  refilled_at timestamptz(3) not null,
  not_before timestamptz(3),
  failures integer not null default 0,
  -- What the last look was told: an upsert can return what it wrote, not what it read.
  passed boolean not null default true
);

-- A remembered message. What it should show is computed from its subject; hash is of the data last drawn.
create table cards (
  id uuid primary key,
  platform text not null,
  tenant text not null,
  user_id text not null,
  person_id uuid not null references people,
  conversation text,
  message text,
  service_url text,
  view text not null,
  subject_kind text not null,
  subject_id text not null,
  request_id uuid,
  params jsonb not null default '{}',
  state text not null check (state in ('sending', 'live', 'gone')),
  hash text,
  drawn_at timestamptz(3),
  error text,
  error_at timestamptz(3),
  created_at timestamptz(3) not null,
  check (state <> 'live' or (conversation is not null and message is not null))
);
create unique index cards_message on cards (platform, tenant, conversation, message) where message is not null;
create unique index cards_once on cards (person_id, platform, view, subject_kind, subject_id) where state <> 'gone';
create index cards_subject on cards (subject_kind, subject_id) where state = 'live';
create index cards_created on cards (created_at);
create index cards_request on cards (request_id) where state = 'live' and request_id is not null;

create table inbound (
  id bigint generated always as identity primary key,
  platform text not null,
  delivery text not null,
  body_hash text not null,
  -- Set for events and messages that are handled after the acknowledgement.
  payload jsonb,
  reply jsonb,
  state text not null check (state in ('stored', 'leased', 'done', 'dead')),
  attempts integer not null default 0,
  next_at timestamptz(3) not null,
  lease uuid,
  lease_until timestamptz(3),
  error text,
  received_at timestamptz(3) not null,
  settled_at timestamptz(3),
  unique (platform, delivery)
);
create index inbound_stored on inbound (next_at, id) where state = 'stored';
create index inbound_leased on inbound (lease_until) where state = 'leased';
create index inbound_settled on inbound (settled_at) where state in ('done', 'dead');

create table drafts (
  id uuid primary key,
  person_id uuid not null references people,
  verb text not null,
  step text not null,
  input jsonb not null,
  version integer not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null
);
create index drafts_expired on drafts (expires_at);

create table job_ticks (
  job text not null,
  due_at timestamptz(3) not null,
  claimed_at timestamptz(3) not null,
  claimed_by text not null,
  primary key (job, due_at)
);

-- Roles that the connector "local" keeps, and how it was told to fail.
create table local_roles (
  subject text not null,
  resource text not null,
  role text not null,
  scope text not null,
  primary key (subject, resource, role, scope)
);
create table local_faults (
  resource text primary key,
  mode text not null check (mode in ('later', 'failed', 'hang')),
  code text not null
);

-- The chat of the local page.
create table page_messages (
  id bigint generated always as identity primary key,
  persona text not null,
  direction text not null check (direction in ('in', 'out')),
  card jsonb,
  text text,
  -- The same key of the same persona again is the same message.
  dedupe text,
  at timestamptz(3) not null,
  -- Null: as it was sent.
  changed_at timestamptz(3),
  read boolean not null,
  unique (persona, dedupe)
);
create index page_messages_persona on page_messages (persona, id desc);
create index page_messages_unread on page_messages (persona) where not read and direction = 'out';
`;

const rights = `
do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'usher_app') then
    create role usher_app nologin;
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
grant usage on schema public to usher_app;
grant select, insert, update, delete on all tables in schema public to usher_app;
grant usage, select on all sequences in schema public to usher_app;
grant execute on all functions in schema public to usher_app;
revoke update, delete, truncate on audit_events, audit_events_default, decisions, package_versions, policy_versions, policy_stages,
  policy_subjects, policy_questions, package_grants from usher_app;
revoke insert, update, delete, truncate on state_edges from usher_app;
revoke delete, truncate on requests, approval_stages, approval_tasks, assignments, justifications, grants, grant_assignments,
  people, catalogs, packages, policies from usher_app;
-- After the grants on all tables: a month is reached through the trail only, which is where the wall stands.
select create_audit_partitions(now());
`;

/** First migration: everything that the main job needs. */
export const mainJob = {
  name: '0001-main-job',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [people, catalogs, requests, machinery, rights]) await query(part);
  },
};
