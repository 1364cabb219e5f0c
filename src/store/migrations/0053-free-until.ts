// Access that was had before an exception by which more of it is given keeps its end: that exception takes only what it gave.
const steps = `
alter table justifications add column free_until timestamptz(3);
comment on column justifications.free_until is
  'Where the access is lent: until when it is had by this reason without the exception; null: not at all';
`;

/** Fifty-third migration: what is had without an exception. */
export const freeUntil = {
  name: '0053-free-until',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
