// Who may decide a request now, looked at once more at every click (rules 3.5 and 3.6).
import { excludedFrom, keptPolicy, resolveNow, runningStage } from './approval';
import { DomainError } from './errors';
import type { Now, RequestFacts } from './facts';
import type { ApprovalTask, PersonId, Stage } from './model';
import { delegatorOf, mustBeUnheard, voiceOf } from './voices';

/**
 * The task by which the person may decide now; else throws why not (rules 3.5, 3.6, late and doubled clicks).
 *
 * `seen`: the version of the request that the pressed button showed. What is asked for never changes, and while a request waits
 * its version rises with its stage only: votes, reminders, escalations and new approvers are rows of their own. So another
 * version is another question, which the person has not seen: a second click must not answer the next stage as well.
 */
export function mayDecide(
  facts: RequestFacts,
  person: PersonId,
  at: Pick<Now, 'now'>,
  seen: number | null = null,
): ApprovalTask {
  const { request } = facts;
  const { number } = request;
  if (person === request.target || person === request.requestor) throw new DomainError('own-request', { number });

  const tasks = facts.tasks.filter((task) => task.person === person);
  const stage = runningStage(facts);
  const task = tasks.find((one) => one.n === stage?.n && one.state === 'open');
  if (stage && task) {
    // The job that expires stages may be late; the deadline is not.
    if (stage.decideBy && stage.decideBy <= at.now) {
      throw new DomainError('already-decided', { number, state: 'expired', by: null, at: stage.decideBy });
    }
    mustBeUnheard(facts, [task]);
    // Asked by a release that knew no voices, or a moment before somebody spoke for them.
    const isUsedUp = excludedFrom(facts, keptPolicy(facts), stage.n).some(
      (one) => one === person || one === voiceOf(task),
    );
    if (isUsedUp || !isStillAsked(facts, task, stage)) throw new DomainError('not-an-approver', { number });
    if (seen !== null && seen !== request.version) throw new DomainError('moved-on', { number, stage: stage.n });
    return task;
  }

  const own = facts.decisions.findLast((one) => one.person === person);
  if (own) throw new DomainError('you-decided', { number, decision: own.decision });
  const kept = tasks.filter((one) => !isWithdrawn(facts, one));
  if (kept.length === 0) throw new DomainError('not-an-approver', { number });
  mustBeUnheard(facts, kept);
  throw new DomainError('already-decided', { number, state: request.state, ...whoDecided(facts, kept) });
}

/**
 * Whether the person stopped being asked by this before their voice was heard or the stage was over: they left those who are asked, or a
 * delegation ended. What was decided then is not theirs to know.
 */
export function isWithdrawn({ stages, decisions }: RequestFacts, task: ApprovalTask): boolean {
  const { n, state, closedAt } = task;
  if (state !== 'closed' || closedAt === null) return false;
  const isOver = stages.some((one) => one.n === n && one.closedAt !== null && one.closedAt <= closedAt);
  const isHeard = decisions.some((one) => one.n === n && voiceOf(one) === voiceOf(task) && one.at <= closedAt);
  return !isOver && !isHeard;
}

/**
 * A release that does not know exceptions shows one as a request for the package. Whoever decides saw that it is one; the database
 * takes no decision about one without it.
 */
export function mustSayException({ request }: RequestFacts, shown: Readonly<Record<string, unknown>>): void {
  if (request.type !== 'exception' || shown['exception'] === true) return;
  throw new DomainError('moved-on', { number: request.number, stage: null });
}

/**
 * For whom a delegate decides changes while a stage runs. Whoever decides by a button saw for whom; nobody speaks in a name that they
 * were not shown. A button that names nobody is for oneself; one of a release that did not say is pressed once more.
 */
export function mustSayVoice(
  facts: RequestFacts,
  task: ApprovalTask,
  { seen = null, shown }: { readonly seen?: number | null; readonly shown: Readonly<Record<string, unknown>> },
): void {
  if (seen === null || (shown['for'] ?? null) === task.for) return;
  const name = facts.people.find((one) => one.id === task.for)?.name ?? null;
  throw new DomainError('other-voice', { number: facts.request.number, for: name });
}

/** A number names no step. Whoever was asked in an earlier one may have meant that, or typed it twice. */
export function mustMeanStep(
  facts: RequestFacts,
  task: ApprovalTask,
  { seen = null, step = null }: { readonly seen?: number | null; readonly step?: number | null },
): void {
  if (seen !== null) return;
  const wasAsked = facts.tasks.some((one) => one.person === task.person && one.n < task.n);
  if (step === null ? !wasAsked : step === task.n) return;
  throw new DomainError('moved-on', { number: facts.request.number, stage: task.n });
}

/** Whose decision ended what the person was asked; nobody's where time, a gate or a cancellation ended it. */
function whoDecided(facts: RequestFacts, tasks: readonly ApprovalTask[]): { by: string | null; at: Date | null } {
  const { state, detail, completedAt } = facts.request;
  const isBySystem = state === 'denied' && detail !== 'deniedByApprover';
  if (isBySystem || state === 'canceled' || state === 'expired') return { by: null, at: completedAt };
  const last = facts.decisions.findLast((one) => tasks.some((mine) => mine.n === one.n));
  return { by: facts.people.find((one) => one.id === last?.person)?.name ?? null, at: last?.at ?? completedAt };
}

/**
 * By what they were asked for, or by what they would be asked for now: who left the group of the approvers and stands in as an
 * owner goes on being asked by the same task.
 */
function isStillAsked(facts: RequestFacts, task: ApprovalTask, stage: Stage): boolean {
  if (task.for !== null) {
    const theirs = delegatorOf(facts, task);
    return theirs !== null && isStillAsked(facts, theirs, stage);
  }
  const { person, capacity, n } = task;
  const isByCapacity = (() => {
    if (capacity === 'owner') return facts.owners.some((one) => one.id === person);
    if (capacity === 'administrator') return facts.administrators.some((one) => one.id === person);
    return facts.candidates.some((one) => {
      if (one.policyVersion !== facts.request.policyVersion || one.n !== n || one.person !== person) return false;
      const isForwarded = one.capacity === 'alternate' && stage.escalatedAt !== null;
      return one.capacity === capacity || one.capacity === 'primary' || isForwarded;
    });
  })();
  return isByCapacity || resolveNow(facts, stage).asked.some((one) => one.person === person);
}
