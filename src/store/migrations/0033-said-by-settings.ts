// Which fields of an installation the settings of the process gave, so that they end with the setting and a file's own stay.
const steps = `
alter table installations add column from_settings text[] not null default '{}';
`;

/** Thirty-third migration: what of an installation is the settings' own. */
export const saidBySettings = {
  name: '0033-said-by-settings',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
