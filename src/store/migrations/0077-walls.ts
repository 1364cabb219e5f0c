// What no rule writes the database does not take: rows that speak of two people, two packages or two resources, decisions where nothing
// is decided, and rows that begin in the middle. Nothing here looks through a table that may be full.

// What the triggers below compare once, where it is written, stays. The conditions are looked at without a function being called.
const identity = `
create function stays_as_made() returns trigger language plpgsql as $$
begin
  raise exception 'a row of % stays about what it was made for', tg_table_name using errcode = '23514', constraint = 'stays_as_made';
end $$;
create trigger stays_as_made before update on requests for each row
  when (new.type <> old.type or new.requestor_id is distinct from old.requestor_id or new.target_id <> old.target_id
    or new.package_id <> old.package_id or new.policy_version_id is distinct from old.policy_version_id) execute function stays_as_made();
create trigger stays_as_made before update on assignments for each row
  when (new.target_id <> old.target_id or new.package_id <> old.package_id) execute function stays_as_made();
create trigger stays_as_made before update on justifications for each row
  when (new.assignment_id <> old.assignment_id or new.request_id <> old.request_id or new.policy_version_id <> old.policy_version_id)
  execute function stays_as_made();
create trigger stays_as_made before update on grants for each row
  when (new.person_id <> old.person_id or new.role_id <> old.role_id or new.scope_id <> old.scope_id) execute function stays_as_made();
create trigger stays_as_made before update on grant_assignments for each row
  when (new.grant_id <> old.grant_id or new.assignment_id <> old.assignment_id) execute function stays_as_made();
create trigger stays_as_made before update on resource_roles for each row
  when (new.resource_id <> old.resource_id) execute function stays_as_made();
create trigger stays_as_made before update on resource_scopes for each row
  when (new.resource_id <> old.resource_id) execute function stays_as_made();
`;

// After the statement, since one statement writes all rows of an act. Row by row, each by its key: a plan made for many rows at once
// would be kept for one, and read whole tables.
const together = `
create function held_by_the_same() returns trigger language plpgsql as $$
begin
  if (select person_id from grants where id = new.grant_id) <> (select target_id from assignments where id = new.assignment_id) then
    raise exception 'a role is held by access of the same person' using errcode = '23514', constraint = 'held_by_the_same';
  end if;
  return null;
end $$;
create trigger held_by_the_same after insert on grant_assignments for each row execute function held_by_the_same();

create function of_one_resource() returns trigger language plpgsql as $$
begin
  if (select resource_id from resource_roles where id = new.role_id) <> (select resource_id from resource_scopes where id = new.scope_id) then
    raise exception 'a role is given in a scope of its own resource' using errcode = '23514', constraint = 'of_one_resource';
  end if;
  return null;
end $$;
create trigger of_one_resource after insert on grants for each row execute function of_one_resource();
create trigger of_one_resource after insert on package_grants for each row execute function of_one_resource();

-- A request is about the person and package of its access, by its key.
create function given_by_its_request() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from requests where id = new.request_id and assignment_id = new.assignment_id
    and policy_version_id = new.policy_version_id) then
    raise exception 'access is justified by a request that gave it' using errcode = '23514', constraint = 'given_by_its_request';
  end if;
  return null;
end $$;
create trigger given_by_its_request after insert on justifications for each row execute function given_by_its_request();

-- An exception is asked for from either side, by the policy that the side which lists the other one has.
create function by_a_policy_of_its_package() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from policy_versions v join policies p on p.id = v.policy_id
    left join incompatibilities i on i.id = p.incompatibility_id and new.type = 'exception'
    where v.id = new.policy_version_id and new.package_id in (p.package_id, i.other_package_id)) then
    raise exception 'a request goes by a policy of its package' using errcode = '23514', constraint = 'by_a_policy_of_its_package';
  end if;
  return null;
end $$;
create trigger by_a_policy_of_its_package after insert on requests for each row
  when (new.policy_version_id is not null) execute function by_a_policy_of_its_package();
`;

const decisions = `
create or replace function decisions_fill() returns trigger language plpgsql as $$
begin
  select target_id, requestor_id into strict new.target_id, new.requestor_id from requests where id = new.request_id;
  -- Whose voice it is stands in what was asked. The decision itself may have closed the stage already: they are one statement.
  select for_id into new.for_id from approval_tasks t join approval_stages s on s.request_id = t.request_id and s.n = t.n
  where t.request_id = new.request_id and t.n = new.n and t.person_id = new.person_id and t.state <> 'closed'
    and s.opened_at is not null and (s.closed_at is null or s.closed_at = new.at);
  if not found then
    raise exception 'a decision is made by whoever is asked in a running stage' using errcode = '23514', constraint = 'decided_while_running';
  end if;
  insert into heard_voices values (new.request_id, new.n, coalesce(new.for_id, new.person_id));
  return new;
end $$;

create function approved_by_enough() returns trigger language plpgsql as $$
begin
  if new.approvals_required > (select count(*) from decisions where request_id = new.request_id and n = new.n and decision = 'approve') then
    raise exception 'a stage is approved by as many as it asks for' using errcode = '23514', constraint = 'approved_by_enough';
  end if;
  return null;
end $$;
create trigger approved_by_enough after update on approval_stages for each row
  when (new.state = 'approved' and old.state <> 'approved') execute function approved_by_enough();
`;

// Whatever began otherwise is history, and goes on along the edges. A first version alone is a birth: what is loaded may be further.
const births = `
create function begins_as_drawn() returns trigger language plpgsql as $$
begin
  raise exception '% cannot begin as %', tg_table_name, new.state using errcode = '23514', constraint = 'begins_as_drawn';
end $$;
create trigger begins_as_drawn before insert on requests for each row when (new.version = 1 and case
    when new.type in ('userRemove', 'adminRemove', 'systemRemove') then new.state not in ('removing', 'removed')
    else new.state not in ('pendingApproval', 'scheduled', 'delivering', 'delivered') end) execute function begins_as_drawn();
create trigger begins_as_drawn before insert on assignments for each row
  when (new.version = 1 and new.state not in ('scheduled', 'delivering', 'delivered')) execute function begins_as_drawn();
create trigger begins_as_drawn before insert on approval_stages for each row
  when (new.version = 1 and new.state not in ('waiting', 'inProgress')) execute function begins_as_drawn();
`;

/** Seventy-seventh migration: walls behind the rules. */
export const walls = {
  name: '0077-walls',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [identity, together, decisions, births]) await query(part);
  },
};
