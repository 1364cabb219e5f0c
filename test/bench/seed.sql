-- The organization of limit/seed.sql in Usher's own tables, with what Usher keeps besides: who asked, who decided, why it is
-- held, which role it gives, the trail and the messages of the past. Foreign keys and triggers sleep while it is loaded
-- (session_replication_role); check.sql looks afterwards that nothing points nowhere.
set search_path = public, lim;
set session_replication_role = replica;

-- Ids in the order of time, as Usher makes them: a kind of thing, then its number.
create function lim.id(kind integer, n bigint) returns uuid language sql immutable parallel safe as
$$ select ('0' || to_hex(26214400 + kind) || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

insert into public.organization (name, time_zone, demo) values ('Bench', 'UTC', true);
insert into public.installations (platform, tenant, name, guests_allowed) values ('slack', 'T0BENCH', 'Bench', true), ('teams', 'bench', 'Bench', true);

insert into public.people (id, directory_key, name, email, kind, state, manager_id, time_zone, locale, department, version)
select id(1, p.id), 'key-' || p.id, p.name, 'user' || p.id || '@bench.example', 'member', 'enabled', id(1, p.manager_id), 'Europe/Berlin', 'en',
  'D' || deal(p.id, 1, 40), 1
from lim.people p;
insert into public.identities (id, platform, tenant, user_id, person_id, state, linked_by, standing, zone, locale, last_seen_at, version)
select id(2, p.id), 'slack', 'T0BENCH', 'U' || p.id, id(1, p.id), 'linked', 'file', 'member', 'Europe/Berlin', 'en', now(), 1 from lim.people p;
insert into public.conversations (platform, tenant, user_id, conversation, state, updated_at)
select 'slack', 'T0BENCH', 'U' || p.id, 'D' || p.id, 'alive', now() from lim.people p;

insert into public.groups (id, directory_key, name, version) select id(3, i), 'group-' || i, 'Group ' || i, 1 from generate_series(1, 5000) i;
insert into public.group_people (group_id, person_id) select id(3, g.group_id), id(1, g.person_id) from lim.group_people g;
insert into public.group_nesting (parent_id, child_id) select id(3, g.parent_id), id(3, g.child_id) from lim.group_nesting g;
select refresh_group_ancestors();

insert into public.catalogs (id, name, description, state, externally_visible, version)
select id(4, i), 'Catalog ' || i, '', 'published', false, 1 from generate_series(1, 100) i;
-- One owner a catalog, and three administrators: whoever stands in where nobody else can decide.
insert into public.administrative_roles (id, role, person_id, catalog_id, state, version)
select id(5, i), 'catalogOwner', id(1, 1 + deal(i, 90, 1000)), id(4, i), 'active', 1 from generate_series(1, 100) i
union all
select id(5, 100 + i), 'administrator', id(1, i), null, 'active', 1 from generate_series(1, 3) i;

insert into public.resources (id, catalog_id, name, description, connector, origin_id, state, version)
select id(6, p.id), id(4, p.catalog_id), 'Site ' || p.id, '', 'local', 'site-' || p.id, 'active', 1 from lim.packages p;
insert into public.resource_roles (id, resource_id, name, origin_id, version) select id(7, p.id), id(6, p.id), 'Member', 'member', 1 from lim.packages p;
insert into public.resource_scopes (id, resource_id, name, origin_id, root, version)
select id(8, p.id), id(6, p.id), 'All', 'root', true, 1 from lim.packages p;
insert into public.packages (id, catalog_id, name, description, hidden, sensitive, state, baseline, current_version_id, version)
select id(9, p.id), id(4, p.catalog_id), p.name, 'What people of site ' || p.id || ' need', p.hidden, false, 'active', 'keep', id(10, p.id), 1
from lim.packages p;
insert into public.package_versions (id, package_id, number, created_at) select id(10, p.id), id(9, p.id), 1, now() from lim.packages p;
insert into public.package_grants (package_version_id, role_id, scope_id) select id(10, p.id), id(7, p.id), id(8, p.id) from lim.packages p;

insert into public.policies (id, package_id, name, state, current_version_id, version)
select id(11, p.id), id(9, p.package_id), 'Policy ' || p.id, case when p.enabled then 'enabled' else 'disabled' end, id(12, p.id), 1 from lim.policies p;
insert into public.policy_versions (id, policy_id, number, name, mode, expiration, expiration_days, custom_period, reason_required, self_request,
  on_behalf, self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages, created_at)
select id(12, p.id), id(11, p.id), 1, 'Policy ' || p.id, 'request', 'days', p.days, false, true, true, false, true, true, true, false, true, now()
from lim.policies p;
insert into public.policy_stages (policy_version_id, n, approvals_required, decide_within_hours, approver_reason_required)
select id(12, p.id), n, 1, 336, false from lim.policies p, generate_series(1, p.stages) n;
insert into public.policy_subjects (policy_version_id, purpose, n, position, kind, person_id, group_id)
select id(12, policy_id), purpose, n, row_number() over (partition by policy_id, purpose, n order by person_id, group_id) - 1, kind,
  id(1, person_id), id(3, group_id)
from (
  select p.id as policy_id, 'target' as purpose, 0 as n, 'allMembers' as kind, null::bigint as person_id, null::bigint as group_id
  from lim.policies p where p.scope = 'everyone'
  union all
  select g.policy_id, 'target', 0, 'group', null, g.group_id from lim.policy_groups g
  union all
  select t.policy_id, 'target', 0, 'person', t.person_id, null from lim.policy_people t
  union all
  select a.policy_id, 'primary', n, 'person', a.person_id, null
  from lim.policy_approvers a join lim.policies p on p.id = a.policy_id, generate_series(1, p.stages) n
) subjects;
insert into public.incompatibilities (id, package_id, other_package_id, mutual, state, version)
select id(13, row_number() over ()), id(9, i.package_id), id(9, i.other_id), false, 'active', 1 from lim.incompatible i;

-- What is held, as if it had been asked for, decided, given and told about.
select setval('request_numbers', 1000 + greatest(current_setting('bench.assignments')::bigint, 1));
insert into public.requests (id, number, type, state, requestor_id, target_id, package_id, package_version_id, policy_version_id, assignment_id,
  zone, reason, stage, created_at, approved_at, starts_at, ends_at, completed_at, version)
select id(14, a.id), 1000 + a.id, 'userAdd', 'delivered', id(1, a.person_id), id(1, a.person_id), id(9, a.package_id), id(10, a.package_id),
  id(12, a.policy_id), id(15, a.id), 'Europe/Berlin', 'needed for the project', 1, a.starts_at, a.starts_at, a.starts_at, a.ends_at, a.starts_at, 4
from lim.assignments a order by a.id;
insert into public.assignments (id, target_id, package_id, state, starts_at, ends_at, reminded, version)
select id(15, a.id), id(1, a.person_id), id(9, a.package_id), 'delivered', a.starts_at, a.ends_at, 2, 2 from lim.assignments a order by a.id;
insert into public.justifications (id, assignment_id, kind, request_id, policy_version_id, starts_at, until, period_at, version)
select id(16, a.id), id(15, a.id), 'request', id(14, a.id), id(12, a.policy_id), a.starts_at, a.ends_at, a.starts_at, 1
from lim.assignments a order by a.id;
insert into public.grants (id, person_id, role_id, scope_id, state, baseline, placed_at, version)
select id(17, a.id), id(1, a.person_id), id(7, a.package_id), id(8, a.package_id), 'placed', false, a.starts_at, 3 from lim.assignments a order by a.id;
insert into public.grant_assignments (grant_id, assignment_id) select id(17, a.id), id(15, a.id) from lim.assignments a order by a.id;
insert into public.approval_stages (id, request_id, n, state, approvals_required, opened_at, decide_by, closed_at, version)
select id(18, a.id), id(14, a.id), 1, 'approved', 1, a.starts_at, a.starts_at + interval '14 days', a.starts_at, 2
from lim.assignments a order by a.id;
insert into public.approval_tasks (id, request_id, n, person_id, capacity, because, state, opened_at, closed_at, version)
select id(19, a.id), id(14, a.id), 1, id(1, 1 + a.id % 1000), 'primary', '{"kind": "named"}', 'decided', a.starts_at, a.starts_at, 2
from lim.assignments a order by a.id;
insert into public.decisions (id, request_id, n, person_id, target_id, requestor_id, decision, at, shown)
select id(20, a.id), id(14, a.id), 1, id(1, 1 + a.id % 1000), id(1, a.person_id), id(1, a.person_id), 'approve', a.starts_at, '{}'
from lim.assignments a where a.person_id <> 1 + a.id % 1000 order by a.id;

select create_audit_partitions(now() - interval '10 days');
insert into public.audit_events (at, type, actor_kind, actor_id, via, subject_kind, subject_id, request_id, person_id, package_id, catalog_id, data)
select now() - interval '10 days', 'request.submitted', 'person', id(1, a.person_id), 'slack', 'request', id(14, a.id)::text, id(14, a.id),
  id(1, a.person_id), id(9, a.package_id), id(4, 1 + a.package_id % 100), '{"type": "userAdd", "notify": true, "onBehalf": false, "bySystem": false}'
from lim.assignments a order by a.id;
insert into public.outgoing (kind, notice, audience, person_id, subject_kind, subject_id, request_id, lane, state, attempts, next_at, dedupe_key,
  created_at, settled_at)
select 'tell', 'request', 'requestor', id(1, a.person_id), 'request', id(14, a.id)::text, id(14, a.id),
  id(1, a.person_id) || ':request:' || id(14, a.id), 'done', 1, now() - interval '10 days', 'seed:' || a.id, now() - interval '10 days',
  now() - interval '10 days'
from lim.assignments a order by a.id;
reset session_replication_role;

-- Who could ask for what next, by a group that the policy names: one person and package once, nothing held, nothing in conflict with
-- what is held. `stages`: how many the policy has.
create table lim.wishes as
select row_number() over (order by deal(person_id * 2003 + package_id, 99, 1000000000), person_id, package_id) as n, person_id, package_id,
  policy_id, stages
from (
  select distinct on (member.person_id, p.package_id) member.person_id, p.package_id, p.id as policy_id, p.stages
  from lim.policies p join lim.policy_groups named on named.policy_id = p.id
  cross join lateral (
    select c.group_id from lim.group_closure c where c.ancestor_id = named.group_id order by deal(c.group_id * 5003 + p.id, 98, 1000000), c.group_id limit 1
  ) inside
  cross join lateral (
    select g.person_id from lim.group_people g where g.group_id = inside.group_id
    order by deal(g.person_id * 5003 + p.id, 97, 1000000), g.person_id limit 12
  ) member
  where p.enabled and member.person_id > 1000
    and not exists (select 1 from lim.assignments a where a.person_id = member.person_id and (a.package_id = p.package_id
      or exists (select 1 from lim.incompatible i where i.package_id = p.package_id and i.other_id = a.package_id)))
  order by member.person_id, p.package_id, p.id
) possible;
alter table lim.wishes add primary key (n);
