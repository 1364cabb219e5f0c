// What a person may ask for begins with the versions of policies that mean them; their policies were found by reading all.
const steps = `
create index policies_current on policies (current_version_id) where state = 'enabled';
`;

/** Fourth migration: nothing that is kept changes. */
export const lists = {
  name: '0004-lists',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
