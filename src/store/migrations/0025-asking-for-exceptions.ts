// Exceptions to incompatibilities are asked for (rule 3.13): by a policy that belongs to the incompatibility, with a request of its own.
const policies = `
alter table policy_versions drop constraint policy_versions_mode_check;
alter table policy_versions add constraint policy_versions_mode_check check (mode in ('request', 'direct', 'automatic', 'exception'));

-- Its package is the one in which the incompatibility is written. Its name is the pair's, and no name of a policy of the package.
alter table policies add column incompatibility_id uuid references incompatibilities;
create unique index policies_incompatibility on policies (incompatibility_id) where incompatibility_id is not null;
drop index policies_name;
create unique index policies_name on policies (package_id, lower(name)) where state <> 'deleted' and incompatibility_id is null;

-- None: recorded by a file.
alter table incompatibility_exceptions add column request_id uuid references requests;
`;

// Not valid: every row that is there was written under a stricter one, and nobody waits until all have been read.
const requests = `
alter table requests drop constraint requests_type_check;
alter table requests add constraint requests_type_check check (type in ('userAdd', 'userExtend', 'userRemove', 'adminAdd', 'adminRemove',
  'systemAdd', 'systemRemove', 'exception')) not valid;
-- An exception is never access.
alter table requests add constraint requests_exception_check check (type <> 'exception'
  or (assignment_id is null and state in ('submitted', 'pendingApproval', 'delivered', 'denied', 'expired', 'canceled'))) not valid;

-- A release before this one shows an exception as a request for the package: whoever decides must have seen what it is.
create function exceptions_are_seen() returns trigger language plpgsql as $$
begin
  if exists (select 1 from requests where id = new.request_id and type = 'exception') then
    raise exception 'an exception is decided by whoever was shown that it is one' using errcode = '23514', constraint = 'exceptions_are_seen';
  end if;
  return new;
end $$;
create trigger exceptions_are_seen before insert on decisions for each row
  when (not new.shown ? 'exception') execute function exceptions_are_seen();
`;

/** Twenty-fifth migration: exceptions that are asked for. */
export const askingForExceptions = {
  name: '0025-asking-for-exceptions',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [policies, requests]) await query(part);
  },
  afterwards:
    'alter table requests validate constraint requests_type_check, validate constraint requests_exception_check',
};
