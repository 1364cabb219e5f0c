// Timers that count only working time (rule 3.4): for them a day is not 24 hours, so it is kept as it was written.
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
  alter column decide_within_hours drop not null,
  add column decide_within_days integer check (decide_within_days between 1 and 3660),
  add column escalate_after_days integer check (escalate_after_days > 0),
  add check (num_nonnulls(decide_within_hours, decide_within_days) = 1),
  add check (num_nonnulls(escalate_after_hours, escalate_after_days) <= 1);

grant select, insert on policy_calendars to usher_app;
`;

/** Thirteenth migration: working calendars of policies. Timers in hours that are kept already mean the same as before. */
export const calendars = {
  name: '0013-calendars',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
