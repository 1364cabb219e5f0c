// Running stages whose open tasks are not those of the people who may decide now (rule 3.6). What may have made them so is noted by
// triggers (migration 0014), so that a look costs what changed, and nothing where nothing did.
import type { RequestId } from '../domain/model';
import type { Due } from '../operations/ports';
import { CANDIDATES } from './approvers';
import { holdsFor } from './delegations';
import { NOTES, notesFor, OVER } from './notes';
import type { Query } from './query';

// Whose voice was heard, or who spoke for it, in this stage, and (unless the policy allows it) in earlier ones.
const isUsedUp = (
  person: string,
): string => `exists (select 1 from decisions heard where heard.request_id = running.request_id
      and ${person} in (heard.person_id, heard.for_id)
      and (heard.n = running.n or (heard.n < running.n and not running.same_person_in_stages)))`;

// The same resolution as resolveStage, withDelegates and reroute in domain/: primaries, then each rank of stand-ins as a whole until
// there are enough, and beside each their delegates, moved where that gives one more voice a delegate; who is used up is not asked again.
const misrouted = (running: string): string => `
running as materialized (
  select s.request_id, s.n, s.escalated_at, r.policy_version_id, r.target_id, r.requestor_id, p.id as package_id, p.catalog_id,
    v.same_person_in_stages,
    greatest(1, s.approvals_required - (select count(*) from decisions d
      where d.request_id = s.request_id and d.n = s.n and d.decision = 'approve')) as required
  from ${running}
  join requests r on r.id = s.request_id and r.state = 'pendingApproval'
  join packages p on p.id = r.package_id
  join policy_versions v on v.id = r.policy_version_id
),
owners as materialized (
  select catalog_id, person_id from role_holders where role = 'catalogOwner' and catalog_id in (select catalog_id from running)
),
administrators as materialized (select person_id from role_holders where role = 'administrator'),
asked as (select request_id as key, policy_version_id as version_id, target_id, n from running),
${CANDIDATES},
able as materialized (
  select found.request_id, found.person_id, found.rank
  from (
    select key as request_id, person_id, case capacity when 'primary' then 0 when 'fallback' then 1 else 2 end as rank from candidates
    union all
    select request_id, owner.person_id, 3 from running join owners owner using (catalog_id)
    union all
    select request_id, administrator.person_id, 4 from running cross join administrators administrator
  ) found join running using (request_id)
  where found.person_id <> running.target_id and found.person_id is distinct from running.requestor_id
    and not ${isUsedUp('found.person_id')}
),
ranked as materialized (
  select request_id, person_id, min(rank) as rank, bool_or(rank = 2) as is_alternate from able group by request_id, person_id
),
-- How many come before each, by the ranks before theirs; each request is gone through once.
placed as (
  select *, count(*) over (partition by request_id order by rank range between unbounded preceding and 1 preceding) as before from ranked
),
counted as (select request_id, count(*) as people from ranked group by request_id),
own as materialized (
  select running.request_id, placed.person_id from running join placed using (request_id)
  where placed.rank = 0 or placed.before < running.required or (running.escalated_at is not null and placed.is_alternate)
),
-- Delegates, and for whom each could speak.
able_for as materialized (
  select running.request_id, d.delegate_id as person_id, d.delegator_id as for_id
  from own join running using (request_id)
  cross join lateral (select * from delegations d
    where d.delegator_id = own.person_id and ${holdsFor('running.package_id', 'running.catalog_id')} offset 0) d
  join people person on person.id = d.delegate_id and person.state = 'enabled'
  where d.delegate_id <> running.target_id and d.delegate_id is distinct from running.requestor_id
    and not ${isUsedUp('d.delegate_id')}
    and not exists (select 1 from own self where self.request_id = running.request_id and self.person_id = d.delegate_id)
),
open_tasks as materialized (
  select t.request_id, t.person_id, t.for_id from running join approval_tasks t on t.request_id = running.request_id and t.n = running.n
  where t.state = 'open'
),
-- From the voices that no delegate is asked for to those from which one could be moved there, directly or by moving others.
movable (request_id, for_id) as (
  select request_id, for_id from able_for where not exists (
    select 1 from open_tasks spoken where spoken.request_id = able_for.request_id and spoken.for_id = able_for.for_id)
  union
  select spoken.request_id, spoken.for_id from movable join able_for using (request_id, for_id)
  join open_tasks spoken on spoken.request_id = able_for.request_id and spoken.person_id = able_for.person_id
  where spoken.for_id is not null
),
misrouted as (
  select request_id from (
    (select request_id, person_id, false as speaks from own union all select request_id, person_id, true from able_for)
    except select request_id, person_id, for_id is not null from open_tasks) newcomers
  union
  select request_id from (
    select * from open_tasks except (select request_id, person_id, null::uuid from own union all select * from able_for)) released
  union
  select request_id from movable join open_tasks using (request_id, for_id) group by request_id, for_id having count(*) > 1
  union
  select request_id from running left join counted using (request_id) where coalesce(counted.people, 0) < running.required
)`;

const RUNNING = `(select * from approval_stages where state = 'inProgress') s`;

// From the notes to the requests that may ask others now. Groups and roles that are gone have notes of their own.
const TOUCHED = `
with recursive ${NOTES},
named_people as (select id from noted where kind = 'person'),
named_groups as (
  select id from noted where kind = 'group'
  union
  select ancestor_id from noted join group_ancestors on group_id = id where kind = 'group'
  union
  select group_id from named_people join group_members on person_id = id
),
named_catalogs (id) as (
  select id from noted where kind = 'catalog'
  union
  select catalog_id from administrative_roles held where role = 'catalogOwner' and state = 'active'
    and (person_id in (select id from named_people) or group_id in (select id from named_groups))
),
everything as (
  select 1 from noted where kind = 'everything'
  union all
  select 1 from administrative_roles held where role = 'administrator' and state = 'active'
    and (person_id in (select id from named_people) or group_id in (select id from named_groups))
),
versions as (
  select policy_version_id from named_people join policy_subjects s on s.person_id = named_people.id and s.purpose <> 'target'
  union
  select policy_version_id from named_groups join policy_subjects s on s.group_id = named_groups.id and s.purpose <> 'target'
),
-- Whom the person is a manager of, and over how many levels.
below (id, level) as (
  select id, 0 from noted where kind in ('person', 'manager')
  union
  select people.id, below.level + 1 from below join people on people.manager_id = below.id where below.level < 4
),
-- What waits is few against what ever was asked for. Its keys are looked at; who may decide is looked up for what is touched.
touched as materialized (
  select r.id as request_id
  from (select request_id from approval_stages where state = 'inProgress' offset 0) waiting
  cross join lateral (select id, policy_version_id, target_id, package_id from requests where id = waiting.request_id offset 0) r
  where r.id in (select id from noted where kind = 'request')
    or r.policy_version_id in (select policy_version_id from versions)
    or (r.target_id in (select id from below)
      and exists (select 1 from policy_subjects s where s.policy_version_id = r.policy_version_id and s.kind = 'manager'))
    or (select catalog_id from packages where packages.id = r.package_id) in (select id from named_catalogs)
    or exists (select 1 from everything)
),
${misrouted(`touched join approval_stages s on s.request_id = touched.request_id and s.state = 'inProgress'`)}`;

const ALL = `with recursive ${misrouted(RUNNING)} select request_id as id from misrouted order by request_id limit $1`;
const CHANGED = `${TOUCHED} select request_id as id from misrouted order by request_id limit $2`;

// Whatever could not be put right is noted by itself, behind the others, so that nothing else is kept with it.
const FOLLOWED = `${TOUCHED},
${OVER},
forgotten as (delete from directory_changes using over where directory_changes.id = over.id)
insert into directory_changes (follower, kind, subject_id) select 'approvers', 'request', request_id from misrouted
where exists (select 1 from over) and not exists (select 1 from directory_changes kept where kept.id = any ($1::bigint[])
  and kept.kind = 'request' and kept.subject_id = misrouted.request_id and kept.id not in (select id from over))`;

/** Who is asked, compared with who may decide. */
export function createMisrouted(
  q: Query,
): Pick<Due, 'misroutedStages' | 'approversNoted' | 'misroutedBy' | 'approversFollowed'> {
  const ids = async (sql: string, bind: readonly unknown[]): Promise<readonly RequestId[]> =>
    (await q(sql, bind)).map((row) => (row as { id: RequestId }).id);
  return {
    misroutedStages: (limit) => ids(ALL, [limit]),
    approversNoted: async () => (await notesFor(q, 'approvers', 'delegates')).map(({ id }) => id),
    misroutedBy: (notes, limit) => ids(CHANGED, [notes, limit]),
    async approversFollowed(notes) {
      await q(FOLLOWED, [notes]);
    },
  };
}
