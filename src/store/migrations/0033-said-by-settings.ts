// Which fields of an installation the settings of the process gave, so that they end with the setting and a file's own stay.
const steps = `
alter table installations add column from_settings text[] not null default '{}';

-- Until now every start wrote both fields from the settings, so what stands there is theirs and ends when they no longer say it.
update installations set from_settings = array_remove(array[
  case when authoritative_domains <> '{}' then 'authoritativeDomains' end, case when guests_allowed then 'guestsAllowed' end], null)
where platform <> 'web';
`;

/** Thirty-third migration: what of an installation is the settings' own. */
export const saidBySettings = {
  name: '0033-said-by-settings',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
