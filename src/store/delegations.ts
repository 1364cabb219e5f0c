// Who decides for whom now, as one piece of SQL that a single request and the search for misrouted stages share.

/** Whether the delegation `d` holds now: accepted, in its time, and what is asked for is within its scope. */
export const holdsFor = (pkg: string, catalog: string): string => `d.state = 'accepted'
    and d.from_at <= usher_now() and d.until_at > usher_now()
    and coalesce(d.package_id = ${pkg}, d.catalog_id = ${catalog}, true)`;

/**
 * Part of a `with`: `delegations_now (delegator, delegate, name, last_day)` of the people whom `of` gives as `person_id`. One by one,
 * by index: nearly nobody has delegated.
 */
export const delegated = (of: string, pkg: string, catalog: string): string => `delegations_now as materialized (
  select distinct on (d.delegator_id, d.delegate_id) d.delegator_id as delegator, d.delegate_id as delegate, person.name, d.last_day
  from (${of}) asked
  cross join lateral (select * from delegations d where d.delegator_id = asked.person_id and ${holdsFor(pkg, catalog)} offset 0) d
  join people person on person.id = d.delegate_id and person.state = 'enabled'
  order by d.delegator_id, d.delegate_id, d.until_at desc
)`;
