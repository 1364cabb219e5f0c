// What is known of differences beyond that there are some (rules 3.10, 3.15).
const steps = `
alter table drift_findings
  -- The person had the role before Usher gave it, as far as was known when it was found missing.
  add column had_before boolean not null default false,
  -- Of those in charge, where the brake stopped what would follow.
  add column decision text check (decision in ('accepted', 'declined'));
create index drift_findings_had_before on drift_findings (resource_id) where had_before;

alter table comparisons
  -- Names the differences at which the brake stopped: other ones are asked about anew.
  add column held_set text,
  add column decision text check (decision in ('accepted', 'declined')),
  add column decided_by uuid references people,
  add column decided_at timestamptz(3);
create index comparisons_accepted on comparisons (resource_id) where decision = 'accepted';
`;

/** Fifteenth migration: baselines that are dropped, and answers to the brake of a comparison. */
export const driftAnswers = {
  name: '0015-drift-answers',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
