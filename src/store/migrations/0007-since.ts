// Access given again after its end continues the access that ended: the most that a policy allows in all counts from the first start.
const steps = `
alter table assignments add column since timestamptz(3);
`;

/** Seventh migration: what was given again before it counts from its own start, as it did. */
export const since = {
  name: '0007-since',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
