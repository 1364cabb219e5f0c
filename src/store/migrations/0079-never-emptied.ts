// What of the trail is in no month is emptied by nobody either: a trigger for a whole statement stands on the table that it is made on alone.
const wall = `
create trigger audit_is_never_truncated before truncate on audit_events_default
  for each statement execute function audit_is_append_only();
`;

/** Seventy-ninth migration: the wall that each month has before the partition that takes the rest. */
export const neverEmptied = {
  name: '0079-never-emptied',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(wall),
};
