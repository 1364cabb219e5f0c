// What connected systems say, compared with what Usher gave (rule 3.12).
const steps = `
alter table resources
  add column drift_missing text not null default 'repair' check (drift_missing in ('report', 'repair', 'accept')),
  add column drift_extra text not null default 'report' check (drift_extra in ('report', 'repair', 'accept'));

-- The last comparison of each resource. Whoever begins one takes the token; what the one before goes on to say counts for nothing.
create table comparisons (
  resource_id uuid primary key references resources,
  token uuid not null unique,
  state text not null check (state in ('reading', 'done', 'failed')),
  began_at timestamptz(3) not null,
  ended_at timestamptz(3),
  error text,
  -- Comparisons in a row that could not read the system to its end.
  failures integer not null,
  held_missing text,
  held_extra text
);
create index comparisons_failed on comparisons (resource_id) where state = 'failed';
-- What a system has said so far in a comparison that runs.
create table drift_seen (
  token uuid not null,
  holder text not null,
  role text not null,
  scope text not null,
  primary key (token, holder, role, scope)
);

create table drift_findings (
  id uuid primary key,
  resource_id uuid not null references resources,
  kind text not null check (kind in ('missing', 'extra')),
  -- As the system calls the person; nobody in the directory may be called so.
  holder text not null,
  person_id uuid references people,
  role_id uuid not null references resource_roles,
  scope_id uuid not null references resource_scopes,
  grant_version integer,
  found_at timestamptz(3) not null,
  closed_at timestamptz(3)
);
create unique index drift_findings_open on drift_findings (resource_id, kind, holder, role_id, scope_id) where closed_at is null;
create index drift_findings_closed on drift_findings (closed_at) where closed_at is not null;

grant select, insert, update, delete on comparisons, drift_seen, drift_findings to usher_app;
`;

/** Eleventh migration: comparisons, and what each resource has done about their differences. */
export const drift = {
  name: '0011-drift',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
