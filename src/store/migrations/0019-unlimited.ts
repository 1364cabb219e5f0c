// "Without limit" of extensions is a value of its own: not written means once, or without limit where somebody approves (rule 3.9).
const steps = `
alter table policy_versions
  add column extensions_unlimited boolean not null default false check (not extensions_unlimited or max_extensions is null);
`;

/** Nineteenth migration: extensions without limit, also where they need no approval. */
export const unlimited = {
  name: '0019-unlimited',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
