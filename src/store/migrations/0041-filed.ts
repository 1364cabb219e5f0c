// What files say of an installation is kept beside what the settings say, so that it counts again once these say it no more.
// What counts stays where the release before reads it.
const steps = `
alter table installations add column filed_domains text[], add column filed_guests boolean;
comment on column installations.filed_domains is 'What files say, where authoritative_domains are from_settings';
comment on column installations.filed_guests is 'What files say, where guests_allowed is from_settings';
`;

/** Forty-first migration: a file and a setting about one installation. */
export const filed = {
  name: '0041-filed',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
