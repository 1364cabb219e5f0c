// Who holds a role and who keeps a resource, one person after the other by index (offset 0). Where groups are large the planner
// expects a small one to be large as well, and read everybody for each look at administrators and owners. The id comes from the
// row that names the person, so that a look at one person goes straight there.
const person = (id: string): string =>
  `cross join lateral (select name from people where people.id = ${id} and people.state = 'enabled' offset 0) person`;

const steps = `
create or replace view role_holders as
  select held.role, held.catalog_id, held.person_id, person.name
  from administrative_roles held ${person('held.person_id')}
  where held.state = 'active'
  union
  select held.role, held.catalog_id, member.person_id, person.name
  from administrative_roles held
  join group_members member on member.group_id = held.group_id
  ${person('member.person_id')}
  where held.state = 'active';

create or replace view resource_keepers as
  select owner.resource_id, owner.person_id, 1 as choice
  from resource_owners owner ${person('owner.person_id')}
  union all
  select owner.resource_id, member.person_id, 1
  from resource_owners owner
  join group_members member on member.group_id = owner.group_id
  ${person('member.person_id')}
  union all
  select resources.id, holder.person_id, 2
  from resources join role_holders holder on holder.role = 'catalogOwner' and holder.catalog_id = resources.catalog_id
  union all
  select resources.id, holder.person_id, 3
  from resources join role_holders holder on holder.role = 'administrator';
`;

/** Tenth migration: nothing that is kept changes. */
export const largeGroups = {
  name: '0010-large-groups',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
