// Timers that count only working time (rule 3.4): for them a day is not 24 hours, so it is kept as it was written. And who may hold
// two things that do not go together for a while (rule 3.13).
const steps = `
create table policy_calendars (
  policy_version_id uuid primary key references policy_versions,
  zone text not null,
  -- 1 is Monday.
  days integer[] not null check (cardinality(days) > 0 and days <@ array[1, 2, 3, 4, 5, 6, 7]),
  -- Minutes after midnight.
  from_minute integer not null check (from_minute >= 0),
  until_minute integer not null check (until_minute <= 1440),
  holidays date[] not null,
  check (from_minute < until_minute)
);

alter table policy_stages
  -- Beside the hours, which an older release reads that still runs.
  add column decide_within_days integer check (decide_within_days between 1 and 3660),
  add column escalate_after_days integer check (escalate_after_days > 0);

create table incompatibility_exceptions (
  id uuid primary key,
  incompatibility_id uuid not null references incompatibilities,
  person_id uuid not null references people,
  owner_id uuid not null references people,
  -- The last day, and its end where the person is.
  last_day date not null,
  until_at timestamptz(3) not null,
  reason text not null check (length(reason) <= 1000),
  remind_at timestamptz(3),
  state text not null check (state in ('active', 'over', 'ended')),
  version integer not null,
  check (owner_id <> person_id)
);
create unique index incompatibility_exceptions_once on incompatibility_exceptions (person_id, incompatibility_id) where state <> 'ended';
create index incompatibility_exceptions_remind on incompatibility_exceptions (remind_at) where state <> 'ended' and remind_at is not null;
create index incompatibility_exceptions_until on incompatibility_exceptions (until_at) where state <> 'ended';

grant select, insert on policy_calendars to usher_app;
grant select, insert, update on incompatibility_exceptions to usher_app;
`;

/** Thirteenth migration: working calendars, and exceptions to incompatibilities. Timers in hours that are kept already mean the same as before. */
export const calendarsAndExceptions = {
  name: '0013-calendars-and-exceptions',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
