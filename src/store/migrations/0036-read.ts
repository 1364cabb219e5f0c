// When a system was last read to its end: what was not there then may have been left out, and what was there before it nobody knows.
const steps = `
alter table comparisons add column read_at timestamptz(3);
update comparisons set read_at = began_at where state = 'done';
`;

/** Thirty-sixth migration: the last comparison that came to its end. */
export const read = {
  name: '0036-read',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
