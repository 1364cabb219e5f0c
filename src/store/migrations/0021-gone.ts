// What a person had before Usher is gone only where its system said so twice (rule 3.10).
const steps = `
-- When it said so for the first time.
alter table grants add column gone_at timestamptz(3);
`;

/** Twenty-first migration: baselines that are doubted before they are dropped. */
export const gone = {
  name: '0021-gone',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
