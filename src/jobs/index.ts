// The table of jobs: when each rings, what a missed ring means, what it sweeps. Each sweep asks "what is due now", so a late
// ring delays and never loses work; two processes share the rows by SKIP LOCKED and the ring by job_ticks.
import { CLOSED } from '../chat/follow';
import { DomainError } from '../domain/errors';
import type { AssignmentId } from '../domain/model';
import type { Log } from '../log';
import { alarmsOf } from '../operations/alarms';
import { endDue, endForGone, endJustifications, followException, remind } from '../operations/assignments';
import { follow as followDelegation } from '../operations/delegations';
import { report } from '../operations/exceptions';
import { forget } from '../operations/forgetting';
import { followContent, remindTask, takeAstray } from '../operations/placements';
import type { By, Desk, Due } from '../operations/ports';
import {
  cancelForGone,
  closeForPolicy,
  escalate,
  expireStage,
  remindStage,
  reopen,
  reroute,
  start,
} from '../operations/requests';
import { endOutOfScope as endForScope, judge } from '../operations/scope';
import { byJob } from './by';
import { compare, compareAccepted } from './compare';
import type { CompareParts } from './compare';
import { KEEP_TRYING_MS } from './elsewhere';
import type { Misfire } from './schedule';

export interface JobParts extends CompareParts {
  readonly desk: Desk;
  readonly due: Due;
  readonly log: Log;
  /** Hears of each act that failed or was refused; the sweep goes on. */
  readonly failed?: () => void;
  /** Says that the process stops: a sweep begins nothing more. */
  readonly signal?: AbortSignal;
}

export interface Job {
  readonly name: string;
  /** Six fields, second first, UTC. */
  readonly cron: string;
  readonly misfire: Misfire;
  /** Works all that is due; returns how much was tried. */
  readonly sweep: (parts: JobParts) => Promise<number>;
}

const BATCH = 100;
/** So many notes are followed at once. */
const NOTES = 10_000;

const isStopping = ({ signal }: JobParts): boolean => signal?.aborted === true;

/** One act per id, one transaction each. An id whose act fails is left for the next ring and does not stop the others. */
function each<Id extends string>(
  name: string,
  find: (due: Due, limit: number) => Promise<readonly Id[]>,
  act: (desk: Desk, by: By, id: Id) => Promise<void>,
) {
  return async (parts: JobParts): Promise<number> => {
    const seen = new Set<Id>();
    for (;;) {
      const found = await find(parts.due, BATCH + seen.size);
      const fresh = found.filter((id) => !seen.has(id));
      if (fresh.length === 0) return seen.size;
      for (const id of fresh) {
        if (isStopping(parts)) return seen.size;
        seen.add(id);
        const by = byJob(parts, name);
        try {
          await act(parts.desk, by, id);
        } catch (error) {
          parts.failed?.();
          const facts = { trace: by.trace, job: name, id };
          if (error instanceof DomainError) parts.log.warn({ ...facts, code: error.code }, 'due work was refused');
          else parts.log.error({ ...facts, err: error }, 'due work failed');
        }
      }
    }
  };
}

/** Two at once: while one waits for the disk the other works. They share what is due by SKIP LOCKED. */
async function ends(parts: JobParts): Promise<number> {
  const sweep = async (): Promise<number> => {
    let total = 0;
    let most = 1_000;
    for (;;) {
      const by = byJob(parts, 'end-access');
      let ended: number;
      try {
        ended = await endDue(parts.desk, by, most);
      } catch (error) {
        // Too slow for one statement here, as it would be the next time: fewer at once are still ended.
        if (most === 1 || isStopping(parts) || !(error instanceof DomainError) || error.code !== 'too-busy')
          throw error;
        most = Math.floor(most / 2);
        parts.log.warn({ trace: by.trace, job: 'end-access', most }, 'a batch took too long and is made smaller');
        continue;
      }
      total += ended;
      if (ended === 0 || isStopping(parts)) return total;
    }
  };
  const [one, other] = await Promise.all([sweep(), sweep()]);
  return one + other;
}

const holders = each('update-holders', (due, limit) => due.contentsChanged(limit), followContent);
const planned = each('update-holders', (due, limit) => due.requestsToReopen(limit), reopen);
const behind = each('update-holders', (due, limit) => due.requestsLeftBehind(limit), followContent);
const astray = each('update-holders', (due, limit) => due.grantsAstray(limit), takeAstray);

const forgets = each('forget-people', (due, limit) => due.peopleToForget(limit), forget);

const delegations = each('reroute-approvals', (due, limit) => due.delegationsDue(limit), followDelegation);

/** Approvers who left are replaced and newcomers are asked (rule 3.6), where something changed that may concern them. */
export async function rerouteChanged(parts: JobParts): Promise<number> {
  // What begins or is over leaves a note.
  let tried = await delegations(parts);
  const notes = await parts.due.approversNoted();
  for (let from = 0; from < notes.length && !isStopping(parts); from += NOTES) {
    const some = notes.slice(from, from + NOTES);
    tried += await each('reroute-approvals', (due, limit) => due.misroutedBy(some, limit), reroute)(parts);
    await parts.due.approversFollowed(some);
  }
  return tried;
}

const ended = each('close-for-policies', (due, limit) => due.requestsByEndedPolicies(limit), closeForPolicy);
const over = each('close-for-policies', (due, limit) => due.requestsOver(limit), closeForPolicy);

/** What can give nothing any more is closed before anybody decides on it: its policy is in use no more, or its last day is over. */
async function closes(parts: JobParts): Promise<number> {
  return (await ended(parts)) + (await over(parts));
}

/** Whoever left the scope of a policy that says so loses the access (rule 3.16), unless so many would that somebody is asked first. */
export async function endOutOfScope(parts: JobParts): Promise<number> {
  let tried = 0;
  for (const pkg of await parts.due.scopesLeft()) {
    if (isStopping(parts)) return tried;
    let ending: readonly AssignmentId[] = [];
    const judged = each(
      'end-out-of-scope',
      () => Promise.resolve([pkg]),
      async (desk, by, id) => {
        ending = await judge(desk, by, id);
      },
    );
    await judged(parts);
    tried += await each('end-out-of-scope', () => Promise.resolve(ending), endForScope)(parts);
  }
  return tried;
}

/** Whoever holds a package has what it holds (rule 3.11), whoever is to get it gets what was decided on, and nobody has what nothing justifies. */
async function updateHolders(parts: JobParts): Promise<number> {
  const tried = (await holders(parts)) + (await planned(parts)) + (await behind(parts)) + (await astray(parts));
  await parts.due.contentsFollowed();
  await parts.due.requestsCaughtUp();
  await parts.due.astrayMended();
  return tried;
}

async function staleCards(parts: JobParts): Promise<number> {
  let total = 0;
  for (;;) {
    const found = await parts.due.staleCards(BATCH);
    total += found;
    if (found === 0 || isStopping(parts)) return total;
  }
}

async function prune(parts: JobParts): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await parts.due.prune(1_000);
    total += deleted;
    if (deleted === 0 || isStopping(parts)) return total;
  }
}

async function giveUpUnknown(parts: JobParts): Promise<number> {
  const rows = await parts.due.giveUpUnknown(KEEP_TRYING_MS, 1_000);
  if (rows > 0) parts.log.warn({ rows }, 'outgoing rows given up that no release here knows');
  return rows;
}

/** Says what somebody has to act on, every minute while it is so. The metrics say the same. */
async function watch(parts: JobParts): Promise<number> {
  const alarms = alarmsOf(await parts.due.backlog());
  for (const alarm of alarms) parts.log.error(alarm, 'alarm');
  return alarms.length;
}

/** Every job. Access ends and leavers lose it within 60 s, so those ring every 20 s. */
export const jobs: readonly Job[] = [
  { name: 'end-access', cron: '*/20 * * * * *', misfire: 'catchUp', sweep: ends },
  {
    name: 'end-justifications',
    cron: '5-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('end-justifications', (due, limit) => due.justificationsOver(limit), endJustifications),
  },
  // A job of its own: a release that knows no such ends leaves it to this one.
  {
    name: 'follow-exceptions',
    cron: '8-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('follow-exceptions', (due, limit) => due.lentChanged(limit), followException),
  },
  {
    name: 'end-for-leavers',
    cron: '10-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('end-for-leavers', (due, limit) => due.assignmentsOfGone(limit), endForGone),
  },
  { name: 'end-out-of-scope', cron: '14-59/20 * * * * *', misfire: 'catchUp', sweep: endOutOfScope },
  // Whoever left a scope and was not noted, all the same: the next ring of the job above looks at everybody.
  {
    name: 'note-scopes',
    cron: '0 55 * * * *',
    misfire: 'catchUp',
    sweep: async (parts) => {
      await parts.due.noteScopes();
      return 0;
    },
  },
  {
    name: 'cancel-for-leavers',
    cron: '15-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('cancel-for-leavers', (due, limit) => due.requestsOfGone(limit), cancelForGone),
  },
  {
    name: 'close-for-policies',
    cron: '16-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: closes,
  },
  {
    name: 'forget-people',
    cron: '0 12 * * * *',
    misfire: 'catchUp',
    sweep: async (parts) => (await forgets(parts)) + (await parts.due.redrawForgotten(1_000)),
  },
  {
    name: 'reroute-approvals',
    cron: '7-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: rerouteChanged,
  },
  // Whatever changed who may decide and was not noted, all the same.
  {
    name: 'reroute-all',
    cron: '0 52 * * * *',
    misfire: 'catchUp',
    sweep: each('reroute-all', (due, limit) => due.misroutedStages(limit), reroute),
  },
  {
    name: 'expire-stages',
    cron: '2-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('expire-stages', (due, limit) => due.expiredStages(limit), expireStage),
  },
  {
    name: 'escalate-stages',
    cron: '12-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('escalate-stages', (due, limit) => due.stagesToEscalate(limit), escalate),
  },
  {
    name: 'remind-approvers',
    cron: '17-59/30 * * * * *',
    misfire: 'catchUp',
    sweep: each('remind-approvers', (due, limit) => due.stagesToRemind(limit), remindStage),
  },
  {
    name: 'start-access',
    cron: '3-59/20 * * * * *',
    misfire: 'catchUp',
    sweep: each('start-access', (due, limit) => due.startsDue(limit), start),
  },
  {
    name: 'remind-holders',
    cron: '22-59/30 * * * * *',
    misfire: 'catchUp',
    sweep: each('remind-holders', (due, limit) => due.remindersDue(limit), remind),
  },
  {
    name: 'remind-task-owners',
    cron: '27-59/30 * * * * *',
    misfire: 'catchUp',
    sweep: each('remind-task-owners', (due, limit) => due.manualTasksToRemind(limit), remindTask),
  },
  // Whoever came to keep a resource hears of what waits there, without waiting for the daily reminder; and what was found there is no
  // business any more of whoever keeps it no longer.
  {
    name: 'ask-task-owners',
    cron: '33 */5 * * * *',
    misfire: 'skip',
    sweep: async ({ due }) => (await due.followKeepers()) + (await due.closeForFormer(CLOSED)),
  },
  {
    name: 'report-exceptions',
    cron: '37 * * * * *',
    misfire: 'catchUp',
    sweep: each('report-exceptions', (due, limit) => due.exceptionsToReport(limit), report),
  },
  { name: 'update-holders', cron: '18-59/20 * * * * *', misfire: 'catchUp', sweep: updateHolders },
  // At once after a night without Usher: nobody knows what was changed outside meanwhile.
  { name: 'compare', cron: '0 23 * * * *', misfire: 'catchUp', sweep: compare },
  { name: 'compare-accepted', cron: '13-59/30 * * * * *', misfire: 'skip', sweep: compareAccepted },
  {
    name: 'gather-messages',
    cron: '14-59/20 * * * * *',
    misfire: 'skip',
    sweep: (parts) => parts.due.gatherMessages(),
  },
  { name: 'give-up-unknown', cron: '0 31 * * * *', misfire: 'skip', sweep: giveUpUnknown },
  { name: 'redraw-cards', cron: '45 */10 * * * *', misfire: 'skip', sweep: staleCards },
  { name: 'watch', cron: '50 * * * * *', misfire: 'skip', sweep: watch },
  { name: 'prune', cron: '0 41 * * * *', misfire: 'skip', sweep: prune },
  {
    name: 'audit-partitions',
    cron: '0 20 3 * * *',
    misfire: 'catchUp',
    sweep: async (parts) => {
      await parts.due.partitions();
      return 0;
    },
  },
];
