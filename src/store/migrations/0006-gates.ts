// What passes a gate is counted exactly: the instants of the last calls stand for themselves, so that no window ever holds more
// than a platform allows. `probe_until`: one call finds out whether a target that kept failing is back, and the others wait for it.
const steps = `
alter table gates add column calls timestamptz(3)[] not null default '{}';
alter table gates add column probe_until timestamptz(3);
`;

/** Sixth migration: gates of calls. */
export const gates = {
  name: '0006-gates',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
