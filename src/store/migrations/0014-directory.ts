// What changed in the directory and in who is meant, noted where it changes, so that no way of changing it forgets. Whoever follows
// the notes looks at what they touch and not at everything there is (rules 3.6 and 3.16).
const notes = `
create table directory_changes (
  id bigint generated always as identity primary key,
  -- Who follows it: those who ask approvers, or those who end access out of scope. Each forgets its own.
  follower text not null check (follower in ('approvers', 'scope')),
  kind text not null check (kind in ('person', 'manager', 'group', 'members', 'organization', 'catalog', 'everything', 'request', 'policy')),
  subject_id uuid,
  -- The first transaction that cannot have read what was before: it began after somebody had read this note.
  seen xid8
);

create function note_people() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id)
  select 'approvers', 'person', now.id from now join was using (id) where now.state <> was.state
  union all
  select 'approvers', 'manager', now.id from now join was using (id) where now.manager_id is distinct from was.manager_id
  union all
  select 'scope', 'person', now.id from now join was using (id)
  where now.state <> was.state or now.kind <> was.kind or now.organization_id is distinct from was.organization_id;
  return null;
end $$;
create trigger note_people after update on people referencing old table as was new table as now
  for each statement execute function note_people();

create function note_members() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id)
  select distinct 'approvers', 'group', group_id from changed
  union all
  select distinct 'scope', 'person', person_id from changed;
  return null;
end $$;
create trigger note_joiners after insert on group_people referencing new table as changed
  for each statement execute function note_members();
create trigger note_leavers after delete on group_people referencing old table as changed
  for each statement execute function note_members();

-- Groups inside groups, and groups that are deleted.
create function note_closure() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id)
  select distinct 'approvers', 'group', ancestor_id from changed
  union all
  select distinct 'scope', 'members', group_id from changed;
  return null;
end $$;
create trigger note_closure_grown after insert on group_ancestors referencing new table as changed
  for each statement execute function note_closure();
create trigger note_closure_shrunk after delete on group_ancestors referencing old table as changed
  for each statement execute function note_closure();

-- Owners stand in where approvers are missing, in their catalog; administrators everywhere.
create function note_role() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id)
  values ('approvers', case new.role when 'catalogOwner' then 'catalog' else 'everything' end, new.catalog_id);
  return null;
end $$;
create trigger note_role after insert or update on administrative_roles
  for each row when (new.role in ('catalogOwner', 'administrator')) execute function note_role();

-- Whoever stood in may not be needed any more once others approved.
create function note_decision() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id)
  select 'approvers', 'request', new.request_id from approval_stages s
  where s.request_id = new.request_id and s.n = new.n and s.approvals_required > 1;
  return null;
end $$;
create trigger note_decision after insert on decisions
  for each row when (new.decision = 'approve') execute function note_decision();

create function note_organization() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id) values ('scope', 'organization', new.id);
  return null;
end $$;
create trigger note_organization after update of state on organizations
  for each row when (new.state <> old.state) execute function note_organization();

create function note_policy() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id) values ('scope', 'policy', new.id);
  return null;
end $$;
create trigger note_policy after update of current_version_id, state on policies for each row
  when (new.current_version_id <> old.current_version_id or new.state <> old.state) execute function note_policy();

-- Who left such a scope before anything was noted.
insert into directory_changes (follower, kind, subject_id)
select 'scope', 'policy', policies.id from policies join policy_versions v on v.id = current_version_id where v.end_when_out_of_scope;

grant select, insert, update, delete on directory_changes to usher_app;
`;

const leavers = `
-- Held access whose holder left the scope of a policy that ends it then. Many at once wait until somebody in charge agrees (rule 3.15).
create table scope_leavers (
  assignment_id uuid primary key references assignments,
  package_id uuid not null references packages,
  -- ended: lost for this, kept for a day to judge others by; over: in scope again, or lost otherwise.
  state text not null check (state in ('found', 'asked', 'ending', 'ended', 'over')),
  -- Somebody in charge has said that it ends.
  confirmed boolean not null default false,
  -- Since when it is in its state.
  at timestamptz(3) not null
);
create index scope_leavers_package on scope_leavers (package_id);

-- Access that somebody had when they were disabled: it goes, however soon they are back (rule 3.17).
create table leaver_access (assignment_id uuid primary key references assignments);
-- What was asked for them, or by them for others, in the same way.
create table leaver_requests (
  request_id uuid primary key references requests,
  who text not null check (who in ('target', 'requestor'))
);

create function note_gone() returns trigger language plpgsql as $$
begin
  if not exists (select from now join was using (id) where was.state = 'enabled' and now.state <> 'enabled') then
    return null;
  end if;
  insert into leaver_access (assignment_id)
  select a.id from now join was using (id) join assignments a on a.target_id = now.id
  where was.state = 'enabled' and now.state <> 'enabled'
    and a.state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed')
  on conflict do nothing;
  insert into leaver_requests (request_id, who)
  select r.id, 'target' from now join was using (id)
  join requests r on r.target_id = now.id and r.state in ('submitted', 'pendingApproval', 'scheduled')
  where was.state = 'enabled' and now.state <> 'enabled'
  on conflict (request_id) do update set who = excluded.who;
  -- One by one, in all that they ever asked for: whatever the planner expects, never in all that anybody asked for.
  insert into leaver_requests (request_id, who)
  select r.id, 'requestor' from now join was using (id)
  cross join lateral (select id, state from requests where requestor_id = now.id offset 0) r
  where was.state = 'enabled' and now.state <> 'enabled' and r.state in ('submitted', 'pendingApproval')
  on conflict do nothing;
  return null;
end $$;
create trigger note_gone after update on people referencing old table as was new table as now
  for each statement execute function note_gone();

create function note_end() returns trigger language plpgsql as $$
begin
  delete from leaver_access where assignment_id = new.id;
  update scope_leavers set state = case new.end_reason when 'outOfScope' then 'ended' else 'over' end, at = usher_now()
  where assignment_id = new.id;
  return null;
end $$;
create trigger note_end after update of state on assignments for each row
  when (new.state in ('removing', 'removed') and old.state in ('scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'))
  execute function note_end();

grant select, insert, update, delete on scope_leavers, leaver_access, leaver_requests to usher_app;
`;

const machinery = `
-- Workers that ended while they worked it, apart from tries that failed.
alter table inbound add column lost integer not null default 0;
-- What is old enough to go.
create index job_ticks_due on job_ticks (due_at);
`;

/** Fourteenth migration: notes of what changed in the directory, and whose access ends by it; lost workers of an event. */
export const directory = {
  name: '0014-directory',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [notes, leavers, machinery]) await query(part);
  },
};
