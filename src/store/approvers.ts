// Who may decide a stage as things are now, as one piece of SQL that a single request and the search for misrouted stages
// share. Self-decision, quorum and stand-ins are rules (domain/approval.ts), not looked at here.

/** More people than this are not asked for one stage; the lowest ids are, so that the answer is always the same. */
export const MOST_CANDIDATES = 500;

/**
 * Parts of a `with`: reads `asked (key, version_id, target_id, n)` (n null: every stage) and gives
 * `candidates (key, version_id, n, capacity, person_id, name, because)`: enabled people, each once per stage and capacity.
 */
export const CANDIDATES = `
found as materialized (
  select distinct on (asked.key, asked.version_id, s.n, s.purpose, who.person_id)
    asked.key, asked.version_id, s.n, s.purpose as capacity, who.person_id, person.name, who.because
  from asked
  join policy_subjects s on s.policy_version_id = asked.version_id and s.purpose <> 'target'
    and (asked.n is null or s.n = asked.n)
  cross join lateral (
    select s.person_id, jsonb_build_object('kind', 'named') as because where s.kind = 'person'
    union all
    select member.person_id, jsonb_build_object('kind', 'group', 'name', groups.name)
    from groups join group_members member on member.group_id = groups.id
    where s.kind = 'group' and groups.id = s.group_id
    union all
    select case s.manager_level when 1 then one.manager_id when 2 then two.manager_id when 3 then three.manager_id
        else four.manager_id end,
      jsonb_build_object('kind', 'manager', 'level', s.manager_level)
    from people one
    left join people two on two.id = one.manager_id
    left join people three on three.id = two.manager_id
    left join people four on four.id = three.manager_id
    where s.kind = 'manager' and one.id = asked.target_id
  ) who
  -- One by one, by index (offset 0): for fear of large groups the planner would read everybody for each request.
  cross join lateral (select name from people where people.id = who.person_id and people.state = 'enabled' offset 0) person
  order by asked.key, asked.version_id, s.n, s.purpose, who.person_id, s.position
), candidates as (
  select key, version_id, n, capacity, person_id, name, because
  from (
    select found.*, row_number() over (partition by key, version_id, n, capacity order by person_id) as place from found
  ) numbered
  where place <= ${MOST_CANDIDATES}
)`;
