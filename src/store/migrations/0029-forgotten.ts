// Whoever was deleted so long ago that nobody restores them is forgotten (rule 3.17): the row stays, because what they asked for and
// decided names it, and their key and address are free for somebody else.
const steps = `
alter table people
  add column forgotten_at timestamptz(3),
  -- A key of a directory is an id, and the trail has it anyway.
  add column former_key text,
  -- Salted with the id of the row. Kept of those who administered Usher, because settings may name whoever does by a mail address.
  add column former_mail bytea,
  add constraint people_stay_forgotten check (forgotten_at is null or (state = 'deleted' and email is null)) not valid;
`;

/** Twenty-ninth migration: people who are forgotten. */
export const forgotten = {
  name: '0029-forgotten',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
