// Who decides for another for a while (rule 3.4): delegate and delegator are one voice.
import { DRAW_EDGES } from './0008-sets';

const delegations = `
create table delegations (
  id uuid primary key,
  delegator_id uuid not null references people,
  delegate_id uuid not null references people,
  -- The days that were chosen, and when they begin and are over where the delegator is.
  first_day date not null,
  last_day date not null,
  from_at timestamptz(3) not null,
  until_at timestamptz(3) not null,
  -- Neither: whatever the delegator decides.
  package_id uuid references packages,
  catalog_id uuid references catalogs,
  state text not null check (state in ('proposed', 'accepted', 'declined', 'ended')),
  -- When it begins, or is over.
  due_at timestamptz(3),
  -- Somebody of the two is not enabled any more.
  touched_at timestamptz(3),
  version integer not null,
  check (delegator_id <> delegate_id),
  check (first_day <= last_day and from_at < until_at),
  check (num_nonnulls(package_id, catalog_id) <= 1),
  check ((state in ('proposed', 'accepted')) = (due_at is not null))
);
create index delegations_of on delegations (delegator_id) where state in ('proposed', 'accepted');
create index delegations_to on delegations (delegate_id) where state in ('proposed', 'accepted');
create index delegations_due on delegations (due_at) where due_at is not null;
create index delegations_touched on delegations (touched_at) where touched_at is not null;

insert into state_edges (noun, from_state, to_state)
select 'delegations', f, t from (values ('proposed', 'accepted declined ended'), ('accepted', 'ended')) as e (f, ts),
  unnest(string_to_array(ts, ' ')) as t;
create trigger follow_edges before update of state, version on delegations for each row execute function follow_edges();

create function touch_delegations() returns trigger language plpgsql as $$
begin
  if not exists (select from now join was using (id) where was.state = 'enabled' and now.state <> 'enabled') then
    return null;
  end if;
  update delegations set touched_at = usher_now()
  where state in ('proposed', 'accepted') and id in (
    select d.id from now join was using (id) join delegations d on d.delegator_id = now.id
    where was.state = 'enabled' and now.state <> 'enabled'
    union all
    select d.id from now join was using (id) join delegations d on d.delegate_id = now.id
    where was.state = 'enabled' and now.state <> 'enabled');
  return null;
end $$;
create trigger touch_delegations after update on people referencing old table as was new table as now
  for each statement execute function touch_delegations();

grant select, insert, update on delegations to usher_app;
`;

// Nothing here looks through what is there: new columns are empty, and what is not valid yet holds for all that is written from now on.
const voices = `
alter table approval_tasks
  add column for_id uuid,
  drop constraint approval_tasks_capacity_check,
  add constraint approval_tasks_capacity_check
    check (capacity in ('primary', 'alternate', 'fallback', 'owner', 'administrator', 'delegate')) not valid,
  add constraint approval_tasks_for_fkey foreign key (for_id) references people not valid,
  add constraint delegates_decide_for_others check ((capacity = 'delegate') = (for_id is not null) and for_id <> person_id) not valid;

-- A release that knows no delegates asks people in their own right.
create function own_voice() returns trigger language plpgsql as $$
begin
  new.for_id := null;
  return new;
end $$;
create trigger own_voice before update on approval_tasks for each row
  when (new.capacity <> 'delegate' and new.for_id is not null) execute function own_voice();

alter table decisions
  add column for_id uuid,
  add constraint decisions_for_fkey foreign key (for_id) references people not valid,
  add constraint nobody_is_decided_for_by_themselves
    check (for_id is null or (for_id <> target_id and for_id is distinct from requestor_id and for_id <> person_id)) not valid;

-- Each voice is heard once in a stage, whoever speaks. A table of its own, so that its key is there before the first row.
create table heard_voices (
  request_id uuid not null,
  n integer not null,
  person_id uuid not null,
  constraint one_voice primary key (request_id, n, person_id)
);
insert into heard_voices
select d.request_id, d.n, d.person_id from approval_stages s join decisions d on d.request_id = s.request_id and d.n = s.n
where s.state = 'inProgress';

create or replace function decisions_fill() returns trigger language plpgsql as $$
begin
  select target_id, requestor_id into strict new.target_id, new.requestor_id from requests where id = new.request_id;
  -- Whose voice it is stands in what was asked.
  select for_id into new.for_id from approval_tasks t
  where t.request_id = new.request_id and t.n = new.n and t.person_id = new.person_id;
  insert into heard_voices values (new.request_id, new.n, coalesce(new.for_id, new.person_id));
  return new;
end $$;

grant select, insert on heard_voices to usher_app;
`;

// Notes for a follower of their own: a release that knows no delegates would forget them unfollowed.
const notes = `
alter table directory_changes
  drop constraint directory_changes_follower_check,
  add constraint directory_changes_follower_check check (follower in ('approvers', 'delegates', 'scope'));

create function note_delegation() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id) values ('delegates', 'person', new.delegator_id);
  return null;
end $$;
create trigger note_delegation after insert or update of state, due_at on delegations for each row
  when (new.state in ('accepted', 'ended')) execute function note_delegation();

-- A delegate whom such a release releases, or asks in their own right, although the stage runs on, is looked at again.
create function note_delegate() returns trigger language plpgsql as $$
begin
  insert into directory_changes (follower, kind, subject_id) values ('delegates', 'request', new.request_id);
  return null;
end $$;
create trigger note_delegate after update on approval_tasks for each row
  when (old.for_id is not null and old.state = 'open' and (new.state = 'closed' or new.for_id is null)) execute function note_delegate();
`;

/** Twenty-third migration: delegation of approvals. */
export const delegating = {
  name: '0023-delegations',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [delegations, DRAW_EDGES, voices, notes]) await query(part);
  },
};
