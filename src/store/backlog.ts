// What waits, what failed and what was given up, for those who watch: one statement over partial indexes. Each part reads a
// bounded number of rows, so a scrape costs the same in a bad hour as in a good one; a count that stops there says so.
import type { Backlog } from '../operations/ports';
import { RESTORABLE_MS } from '../domain/person';
import { HELD } from './drift-answers';
import { HOLDS_BOTH } from './exceptions';
import { KEPT } from './forgetting';
import { HEAD } from './outbox';
import type { Query } from './query';
import { instantOf } from './tables';

/** Counts stop here. */
export const MOST = 10_000;
/** A minute is what people are promised; an hour wants a look; a day wants somebody. */
const REMOVAL_AGES = [60, 3_600, 86_400];
/** A connected system has taken it away by now, or somebody must know within five minutes. A task for people takes its time. */
const OVERDUE_SECONDS = 240;
const OVERDUE_TASK_SECONDS = 24 * 60 * 60;
/** Who was given up waits for somebody's word; nobody needs to be woken for it all day. */
const GIVEN_UP_SECONDS = 60 * 60;

const rows = (sql: string): string => `(select coalesce(jsonb_agg(found), '[]') from (${sql}) found)`;
const count = (from: string): string => `(select count(*)::integer from (select 1 from ${from} limit ${MOST}) found)`;

// Due is what a worker could take: the head of its lane, or what another worker did not come back with.
// People take their time only for what they were asked to take: another role of the same access is a system's, and late in minutes.
const LOOK = `
with at as materialized (select usher_now() as now),
ending as materialized (
  select a.id, a.state, extract(epoch from at.now - a.ended_at)::float8 as age
  from at, assignments a where a.state in ('removing', 'removalFailed') order by a.ended_at limit ${MOST}
),
waiting as materialized (
  select o.kind, o.next_at <= at.now and ${HEAD} as due, extract(epoch from at.now - o.created_at)::float8 as age,
    extract(epoch from at.now - greatest(o.next_at, o.created_at))::float8 as late
  from at, (select * from outgoing where state = 'ready' order by next_at, id limit ${MOST}) o
  union all
  select o.kind, true, extract(epoch from at.now - o.created_at)::float8, extract(epoch from at.now - o.lease_until)::float8
  from at, (select * from outgoing where state = 'leased' order by lease_until limit ${MOST}) o where o.lease_until < at.now
)
select clock_timestamp() as clock, jsonb_build_object(
  'outgoing', ${rows(`select kind, (count(*) filter (where due))::integer as due, (count(*) filter (where not due))::integer as later,
      greatest(0, max(age)) as "oldestSeconds", greatest(0, coalesce(max(late) filter (where due), 0)) as "overdueSeconds"
    from waiting group by kind`)},
  'leased', ${count(`outgoing where state = 'leased'`)},
  'dead', ${rows(`select kind, count(*)::integer as count from
      (select kind from outgoing where state = 'dead' order by settled_at desc limit ${MOST}) given_up group by kind order by kind`)},
  'inbound', (select jsonb_build_object('waiting', count(*), 'oldestSeconds', greatest(0, coalesce(max(waits), 0)),
      'givenUp', ${count(`inbound where state = 'dead' and settled_at > (select now from at) - interval '${GIVEN_UP_SECONDS} seconds'`)})
    from (
      select extract(epoch from at.now - received_at)::float8 as waits
      from at, (
        (select received_at from inbound where state = 'stored' order by next_at, id limit ${MOST})
        union all (select received_at from inbound where state = 'leased' limit ${MOST})) unanswered) waiting),
  'inboundDead', ${count(`inbound where state = 'dead'`)},
  'cardsFailed', ${count(`cards where state = 'live' and error_at is not null`)},
  'requests', jsonb_build_object('pendingApproval', ${count(`approval_stages where state = 'inProgress'`)},
    'scheduled', ${count(`requests where state = 'scheduled'`)}),
  'manualTasks', ${count(`manual_tasks where state = 'open'`)},
  'drift', ${rows(`select kind, count(*)::integer as count
    from (select kind from drift_findings where closed_at is null limit ${MOST}) open group by kind order by kind`)},
  'leaversAsked', (select jsonb_build_object('count', count(*),
      'oldestSeconds', coalesce(max(extract(epoch from (select now from at) - found.at))::float8, 0))
    from (select at from scope_leavers where state = 'asked' limit ${MOST}) found),
  'changesAsked', (select jsonb_build_object('count', count(*),
      'oldestSeconds', coalesce(max(extract(epoch from (select now from at) - found.at))::float8, 0))
    from (select (select min(found_at) from drift_findings f where f.resource_id = c.resource_id and ${HELD}
        and f.decision is distinct from 'declined') as at
      from comparisons c where c.held_set is not null and c.decision is null limit ${MOST}) found where found.at is not null),
  'exceptionsOver', (select jsonb_build_object('count', count(*), 'oldestSeconds', coalesce(max(found.age), 0)) from (
    select extract(epoch from at.now - e.until_at)::float8 as age
    from at, incompatibility_exceptions e join incompatibilities i on i.id = e.incompatibility_id
    where e.state <> 'ended' and e.until_at <= usher_now() and (e.remind_at is not null or e.touched_at is not null) and ${HOLDS_BOTH} limit ${MOST}) found),
  'peopleKept', (select jsonb_build_object('count', count(*),
      'oldestSeconds', coalesce(max(extract(epoch from (select now from at) - found.deleted_at))::float8 - ${RESTORABLE_MS / 1000}, 0))
    from (select deleted_at ${KEPT} limit ${MOST}) found),
  'comparisonsFailed', ${count(`comparisons where state = 'failed'`)},
  'grantsFailed', ${rows(`select resources.connector, failed.state = 'placeFailed' as giving, count(*)::integer as count
    from (select state, role_id from grants where error is not null and state in ('placeFailed', 'takeFailed') limit ${MOST}) failed
    join resource_roles role on role.id = failed.role_id join resources on resources.id = role.resource_id group by 1, 2`)},
  'gatesClosed', ${rows(`select split_part(target, ':', 1) as platform, count(*)::integer as count
    from (select target from gates where not_before is not null and not_before > (select now from at) limit ${MOST}) closed group by 1`)},
  'removals', ${rows(`select state, older as "olderThanSeconds", (count(*) filter (where ending.age >= older))::integer as count
    from unnest(array['removing', 'removalFailed']) as state cross join unnest($1::integer[]) as older
    left join ending using (state) group by state, older order by state, older`)},
  'oldestRemovalSeconds', (select greatest(0, coalesce(max(age), 0)) from ending),
  'overdueRemovals', (select count(*) from ending where age > ${OVERDUE_TASK_SECONDS} or (age > ${OVERDUE_SECONDS} and (
    not exists (select 1 from grant_assignments link join manual_tasks task on task.grant_id = link.grant_id and task.state = 'open'
      where link.assignment_id = ending.id)
    or exists (select 1 from grant_assignments link
      where link.assignment_id = ending.id
        and (select state from grants where grants.id = link.grant_id) in ('taking', 'takeFailed')
        and not exists (select 1 from manual_tasks task where task.grant_id = link.grant_id and task.state = 'open')))))
    -- Roles that a package lost, of access that goes on.
    + (select count(distinct g.id) from grants g join grant_assignments link on link.grant_id = g.id
      where g.state in ('taking', 'takeFailed') and link.withdrawn_at < (select now from at) - interval '${OVERDUE_SECONDS} seconds'
        and not exists (select 1 from grant_assignments other join assignments a on a.id = other.assignment_id
          where other.grant_id = g.id and a.state in ('removing', 'removalFailed'))
        and not exists (select 1 from manual_tasks task where task.grant_id = g.id and task.state = 'open'
          and link.withdrawn_at > (select now from at) - interval '${OVERDUE_TASK_SECONDS} seconds'))
,
  'astray', (select jsonb_build_object('count', count(*), 'oldestSeconds', coalesce(max(age), 0)) from (
    select extract(epoch from at.now - found_at)::float8 as age from at, grants_astray where found_at is not null limit ${MOST}) found)
) as backlog,
(select coalesce(jsonb_agg(jsonb_build_object('job', job, 'dueAt', tick.due_at, 'ranSecondsAgo',
    greatest(0, extract(epoch from (select now from at) - tick.claimed_at)))), '[]')
  from unnest($2::text[]) as job
  cross join lateral (select due_at, claimed_at from job_ticks where job_ticks.job = job.job order by due_at desc limit 1) tick) as jobs`;

/** One look. `jobs` are the names whose last run is asked for. */
export async function backlogOf(q: Query, jobs: readonly string[]): Promise<Backlog> {
  const [row] = await q(LOOK, [REMOVAL_AGES, jobs]);
  const found = row as {
    readonly clock: Date;
    readonly backlog: Omit<Backlog, 'clock' | 'jobs'>;
    readonly jobs: readonly { readonly job: string; readonly dueAt: string; readonly ranSecondsAgo: number }[];
  };
  return {
    ...found.backlog,
    clock: instantOf(found.clock),
    jobs: found.jobs.map((job) => ({ ...job, dueAt: new Date(job.dueAt) })),
  };
}
