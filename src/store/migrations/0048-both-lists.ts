// A pair that two lists name stands once; what the second list says is known, so that it goes on standing when the first drops it.
const steps = `
alter table incompatibilities add column other_list text check (other_list in ('oneWay', 'mutual')),
  add constraint incompatibilities_other_list check (other_list is null or (other_package_id is not null and mutual));
`;

/** Forty-eighth migration: what the list of the other package says of a pair. */
export const bothLists = {
  name: '0048-both-lists',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    await query(steps);
  },
};
