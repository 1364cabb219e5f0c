// The lock of the house: the `people` row of the target. Requests, stages, assignments, grants and manual tasks belong to
// exactly one person, and whoever changes any of them holds that person's row first, so one lock stands for all of them.
//
// It is taken in a statement of its own: under READ COMMITTED a statement reads as of its start, so a statement that waits
// for a lock and reads in one go would not see what the other transaction committed meanwhile.
//
// NO KEY UPDATE, because a foreign key check on the same row (somebody else's request names this person as requestor or
// approver) takes KEY SHARE: FOR UPDATE would let two managers who decide for each other at once end in a deadlock.
import type { AssignmentId, FindingId, GrantId, RequestId } from '../domain/model';
import type { AskOf } from '../operations/ports';
import { isId } from './ids';
import type { TxQuery } from './query';

/** Nobody waits longer for a row than a click may take; beyond it the act is refused as too busy. */
export const LOCK_WAIT_MS = 2_000;

/** To be put in front of the first statement of a transaction; `limits` must be in its FROM, so that it is evaluated first. */
export const LIMITS = `with limits as materialized (select set_config('lock_timeout', '${LOCK_WAIT_MS}', true))`;

const lockOf = (person: string): string =>
  `${LIMITS} select people.id from limits, people where people.id = ${person} for no key update of people`;

const SQL = {
  // The package as a foreign key holds it: many may ask at once, and nobody deletes it meanwhile. The person comes first, because
  // the join has both rows before it locks the second.
  pair: `${LIMITS}, held as (select people.id from limits, people where people.id = $1 for no key update of people)
    select packages.id from held, packages where packages.id = $2 for key share of packages`,
  target: lockOf('$1'),
  // Of many who ask for others nobody waits for the other, and whoever disables one of them waits: what is asked is noted then.
  requestor: `${LIMITS} select people.id from limits, people where people.id = $1 for share of people`,
  request: lockOf('(select target_id from requests where id = $1)'),
  incompatibility: `select i.id from requests r join policy_versions v on v.id = r.policy_version_id
    join policies p on p.id = v.policy_id join incompatibilities i on i.id = p.incompatibility_id where r.id = $1 for share of i`,
  assignment: lockOf('(select target_id from assignments where id = $1)'),
  grant: lockOf('(select person_id from grants where id = $1)'),
  finding: lockOf('(select person_id from drift_findings where id = $1)'),
  manualTask: lockOf(
    '(select person_id from manual_tasks join grants on grants.id = grant_id where manual_tasks.id = $1)',
  ),
};

// It leaves with the statement that reads behind it; the server begins that one once the lock is held.
async function lock(q: TxQuery, sql: string, id: string): Promise<void> {
  if (isId(id)) await q.later(sql, [id]);
}

/**
 * Waits for the rows, like all of these; nothing is locked, and nothing thrown, for what does not exist. People come in the order of
 * ids, in which every bulk act takes them, and before packages.
 */
export async function lockPair(q: TxQuery, { requestor, target, package: pkg }: AskOf): Promise<void> {
  if (!isId(target) || !isId(pkg)) return;
  if (requestor > target) await lock(q, SQL.target, target);
  if (requestor !== target) await lock(q, SQL.requestor, requestor);
  await q.later(SQL.pair, [target, pkg]);
}
// Neither waits: what somebody else holds is left out. People in the order of ids, and before packages.
const FREE_PEOPLE = `with limits as materialized (select set_config('lock_timeout', $3, true))
select people.id from limits, people
where people.id = any (array(select unnest($1::uuid[]) union select target_id from requests where id = any ($2::uuid[])))
order by people.id for no key update of people skip locked`;
const FREE_PACKAGES = `select id from packages
where id = any (array(select unnest($1::uuid[]) union select package_id from requests where id = any ($2::uuid[])))
order by id for key share skip locked`;

/** Nothing of what several acts share waits longer for a row. */
const SHARED_WAIT_MS = 250;

/** What could be locked; read with the next statement. */
export interface Free {
  readonly people: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
}

/**
 * Locks what nobody else holds, for acts that share a transaction: of these people and packages, and of the targets and packages of these
 * requests, which their rows refer to.
 */
export async function lockFree(
  q: TxQuery,
  { people, requests, packages }: Readonly<Record<'people' | 'requests' | 'packages', readonly string[]>>,
): Promise<Free> {
  const free = { people: new Set<string>(), packages: new Set<string>() };
  const into = (set: Set<string>) => (rows: readonly unknown[]) => {
    for (const row of rows) set.add((row as { id: string }).id);
  };
  await q.later(FREE_PEOPLE, [people, requests, String(SHARED_WAIT_MS)], into(free.people));
  await q.later(FREE_PACKAGES, [packages, requests], into(free.packages));
  return free;
}

/** Locks the target of a request. */
export const lockTargetOfRequest = (q: TxQuery, id: RequestId): Promise<void> => lock(q, SQL.request, id);
/** Holds what a request asks an exception to, behind its target: whoever ends it waits, and finds the exception. */
export const holdIncompatibility = (q: TxQuery, id: RequestId): Promise<void> => lock(q, SQL.incompatibility, id);
/** Locks the target of an assignment. */
export const lockTargetOfAssignment = (q: TxQuery, id: AssignmentId): Promise<void> => lock(q, SQL.assignment, id);
/** Locks the person of a grant. */
export const lockPersonOfGrant = (q: TxQuery, id: GrantId): Promise<void> => lock(q, SQL.grant, id);
/** Locks the person of a difference between a system and Usher. */
export const lockPersonOfFinding = (q: TxQuery, id: FindingId): Promise<void> => lock(q, SQL.finding, id);
/** Locks the person whose role a manual task is about. */
export const lockPersonOfManualTask = (q: TxQuery, id: string): Promise<void> => lock(q, SQL.manualTask, id);
