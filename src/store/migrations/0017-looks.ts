// When a remembered message is looked at again, whether it may be forgotten: so that looking costs what is due, not what is kept.
const steps = `
alter table cards add column look_at timestamptz(3);
`;

/** Seventeenth migration. Messages without the instant are looked at at once. */
export const looks = {
  name: '0017-looks',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
