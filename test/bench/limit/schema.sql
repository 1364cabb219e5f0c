-- The limit: the least that a correct implementation has to keep, in a schema of its own beside the product's tables.
-- Numbers in place of UUIDs, no versions, no history: what is lost against it is the price of what Usher keeps besides.
drop schema if exists lim cascade;
create schema lim;
set search_path = lim;

create table people (
  id bigint primary key, name text not null, manager_id bigint, enabled boolean not null default true
);

-- A person is in some groups, a group may be in other groups; group_closure is (group, ancestor or itself).
create table group_people (person_id bigint, group_id bigint, primary key (person_id, group_id));
create index on group_people (group_id);
create table group_nesting (child_id bigint, parent_id bigint, primary key (child_id, parent_id));
create table group_closure (group_id bigint, ancestor_id bigint, primary key (group_id, ancestor_id));
create index on group_closure (ancestor_id);

create table packages (
  id bigint primary key, catalog_id integer not null, name text not null, hidden boolean not null default false
);
create table policies (
  id bigint primary key, package_id bigint not null references packages, enabled boolean not null default true,
  scope text not null check (scope in ('everyone', 'groups', 'people')), days integer not null, stages integer not null
);
create index on policies (package_id);
create index on policies (package_id) where enabled and scope = 'everyone';
create table policy_groups (group_id bigint, policy_id bigint, primary key (group_id, policy_id));
create table policy_people (person_id bigint, policy_id bigint, primary key (person_id, policy_id));
create table policy_approvers (policy_id bigint, stage integer, person_id bigint, primary key (policy_id, stage, person_id));
create table incompatible (package_id bigint, other_id bigint, primary key (package_id, other_id));

create table requests (
  id bigint generated always as identity primary key,
  person_id bigint not null references people, package_id bigint not null references packages,
  policy_id bigint not null references policies,
  state text not null default 'pending', reason text, delivery text not null unique,
  version integer not null default 0, created_at timestamptz not null default now()
);
create unique index one_open_request on requests (person_id, package_id) where state in ('pending', 'approved');

create table approvals (
  id bigint generated always as identity primary key,
  request_id bigint not null references requests, stage integer not null,
  person_id bigint not null references people, decision text, decided_at timestamptz
);
create index on approvals (request_id);
create index on approvals (person_id) where decision is null;

create table assignments (
  id bigint generated always as identity primary key,
  person_id bigint not null, package_id bigint not null, policy_id bigint, request_id bigint,
  state text not null, starts_at timestamptz not null, ends_at timestamptz, ended_at timestamptz
);
create unique index one_live_assignment on assignments (person_id, package_id) where state in ('delivering', 'delivered');
create index assignments_due on assignments (ends_at) where state = 'delivered' and ends_at is not null;
create index assignments_package on assignments (package_id) where state = 'delivered';

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(), actor bigint, action text not null,
  subject_kind text not null, subject_id bigint not null, data jsonb not null
);
create index on audit_events (subject_kind, subject_id);

create table outgoing (
  id bigint generated always as identity primary key,
  kind text not null, dedupe_key text not null unique, payload jsonb not null,
  due_at timestamptz not null default now(), attempts integer not null default 0,
  lease_until timestamptz, done_at timestamptz
);
create index on outgoing (due_at, id) where done_at is null;

create table inbound (key text primary key, body jsonb not null, at timestamptz not null default now(), done_at timestamptz);
