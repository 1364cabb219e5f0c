// A release that knows nothing of the other list turns the row of a pair to one way, and lets stand what that list said of it.
const steps = `
alter table incompatibilities drop constraint incompatibilities_other_list,
  add constraint incompatibilities_other_list check (other_list is null or other_package_id is not null);
`;

/** Fifty-fourth migration: the row of a pair may say less than the other list. */
export const oneWayRows = {
  name: '0054-one-way-rows',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
