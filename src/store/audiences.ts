// Whom a notice is for, as one piece of SQL: an audience of the table of consequences becomes people, as things are when it
// is sent. Where those who should hear are gone, the next in charge hear instead: a failure nobody hears of is a dead end.
import type { Audience } from '../domain/consequences';
import { concerns } from './drift-answers';

const audiences = {
  requestor: true,
  target: true,
  approvers: true,
  person: true,
  catalogOwners: true,
  exceptionOwner: true,
  exceptionKeepers: true,
  resourceOwners: true,
  administrators: true,
} as const satisfies Record<Audience, true>;
/** Those that mean somebody here. A release that knows more may have written another one. */
export const AUDIENCES: readonly string[] = Object.keys(audiences);

/**
 * Parts of a `with`: reads `mine` (rows of outgoing) and gives `hearers (outgoing_id, person_id)`: enabled people, each once.
 */
export const HEARERS = `
about as materialized (
  select mine.id as outgoing_id, mine.audience, mine.notice, mine.created_at, mine.request_id, (mine.params ->> 'stage')::integer as stage,
    coalesce(request.target_id, assignment.target_id, the_grant.person_id) as target_id, request.requestor_id,
    coalesce(package.catalog_id, resource.catalog_id) as catalog_id, resource.id as resource_id,
    exception.owner_id as exception_owner_id
  from mine
  left join requests request on request.id = mine.request_id
  left join assignments assignment on mine.subject_kind = 'assignment' and assignment.id = mine.subject_id::uuid
  left join manual_tasks task on mine.subject_kind = 'manualTask' and task.id = mine.subject_id::uuid
  left join grants the_grant on the_grant.id = coalesce(task.grant_id,
    case when mine.subject_kind = 'grant' then mine.subject_id::uuid end)
  left join resource_roles role on role.id = the_grant.role_id
  left join resources resource on resource.id = coalesce(role.resource_id,
    case when mine.subject_kind = 'resource' then mine.subject_id::uuid end)
  left join incompatibility_exceptions exception on mine.subject_kind = 'exception' and exception.id = mine.subject_id::uuid
  left join incompatibilities incompatibility on incompatibility.id = exception.incompatibility_id
  left join packages package on package.id = coalesce(request.package_id, assignment.package_id, incompatibility.package_id,
    case when mine.subject_kind = 'package' then mine.subject_id::uuid end)
), meant (outgoing_id, person_id, choice) as (
  select outgoing_id, requestor_id, 1 from about where audience = 'requestor'
  union all
  select outgoing_id, target_id, 1 from about where audience = 'target'
  union all
  select outgoing_id, task.person_id, 1 from about
  join approval_tasks task on task.request_id = about.request_id and task.state = 'open'
    and (about.stage is null or task.n = about.stage)
    -- Whoever was asked only now need not be reminded as well.
    and (about.notice <> 'approvalReminder' or task.opened_at < about.created_at - interval '1 hour')
  where audience = 'approvers'
  union all
  -- Whoever may report a manual task, never the target (rule 3.25). Where those in charge would lose access by what they
  -- are asked, the next in charge hear as well, who may answer.
  select outgoing_id, person_id, case when choice <= coalesce(min(choice) filter (where not concerned) over (partition by outgoing_id), choice)
    then 1 else choice end
  from (select outgoing_id, keeper.person_id, keeper.choice,
      about.notice = 'drift' and ${concerns('about.resource_id', 'keeper.person_id')} as concerned
    from about join resource_keepers keeper on keeper.resource_id = about.resource_id
    where audience = 'resourceOwners' and keeper.person_id is distinct from about.target_id) keeper
  union all
  select outgoing_id, exception_owner_id, 1 from about where audience in ('exceptionOwner', 'exceptionKeepers')
  union all
  select outgoing_id, holder.person_id, case audience when 'exceptionKeepers' then 1 else 2 end from about
  join role_holders holder on holder.role = 'catalogOwner' and holder.catalog_id = about.catalog_id
  where audience in ('catalogOwners', 'exceptionOwner', 'exceptionKeepers')
    -- What people make longer for themselves is for others in charge to know.
    and (about.notice <> 'accessExtended' or holder.person_id <> about.target_id)
  union all
  select outgoing_id, holder.person_id, case audience when 'exceptionKeepers' then 1 else 3 end from about
  join role_holders holder on holder.role = 'administrator'
  where audience in ('administrators', 'catalogOwners', 'exceptionOwner', 'exceptionKeepers')
), ranked as (
  select meant.outgoing_id, meant.person_id,
    rank() over (partition by meant.outgoing_id order by meant.choice) as place
  from meant join people on people.id = meant.person_id and people.state = 'enabled'
), hearers as (
  select distinct outgoing_id, person_id from ranked where place = 1
)`;
