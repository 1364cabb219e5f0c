// What deciding a stage, and its running out of time or of people, leads to.
import { askAgain } from './again';
import {
  approvalsIn,
  ask,
  closeStages,
  excludedFrom,
  keptPolicy,
  openNext,
  planOf,
  resolveNow,
  resolveStage,
  runningStage,
  tooFew,
} from './approval';
import type { Asked } from './approval';
import { inserted, isOnBehalf, textOf, toldOf, updated } from './change';
import { cancelForGone } from './cancel';
import { contentSeen, gainedRoles } from './content';
import { approve } from './delivery';
import { closeForPolicy, denied, deniedByGate } from './denial';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import { grantException } from './exception';
import type { Now, RequestFacts } from './facts';
import { mayDecide, mustMeanStep, mustSayException, mustSayVoice } from './may-decide';
import type { ApprovalTask, Decision, DecisionId, PersonId, Span, Stage, WorkingCalendar } from './model';
import { after, afterSpan, DAY, halfway } from './time';
import { voiceHeard, voiceOf, withDelegates } from './voices';

/** What is left for somebody who is newly asked, at least: one working day (rule 3.6), of 24 hours where no calendar is named. */
const NEWCOMERS_TIME: Span = { kind: 'days', days: 1 };

export interface DecideInput {
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  /** What the decider was shown (rule 3.27). `packageVersion`: the content that their button named. */
  readonly shown: Readonly<Record<string, unknown>>;
  /** The version of the request that was shown; null where it was decided by its number: then it is the first step they are asked in. */
  readonly seen?: number | null;
  /** The step that whoever decides by a number said as well; null where they said none. */
  readonly step?: number | null;
  /** The number of the package's content that whoever decides by a number said as well; null where they said none. */
  readonly content?: number | null;
}

/**
 * One decision. A denial ends the request; the last approval a stage needs opens the next one or gives the access. Where whom it is
 * for, or who asked, left meanwhile there is nothing to decide: it is canceled. Nor is there where its policy is in use no more.
 */
export function decide(facts: RequestFacts, person: PersonId, input: DecideInput, at: Now): Change {
  const task = mayDecide(facts, person, at, input.seen);
  mustSayException(facts, input.shown);
  mustSayVoice(facts, task, input);
  mustMeanStep(facts, task, input);
  const isGone = cancelForGone(facts, at);
  if (isGone !== noChange) return isGone;
  const isClosed = closeForPolicy(facts, at);
  if (isClosed !== noChange) return isClosed;
  const decision = decisionOf(facts, task, input, at);
  const stage = { refs: { stage: task.n } };
  const recorded = together(
    inserted('decision', decision),
    toldOf(facts, facts.request, 'decision.recorded', {
      // The person of a delegate's decision is the one whose voice it is.
      refs: { ...stage.refs, ...(task.for === null ? {} : { person: task.for }) },
      data: { decision: decision.decision, n: task.n, ...(task.for === null ? {} : { for: task.for }) },
      remark: decision.reason,
    }),
  );
  if (decision.decision === 'deny') {
    return together(recorded, closeStages(facts, 'denied', at, task), denied(facts, 'deniedByApprover', at));
  }

  const approvals = 1 + approvalsIn(facts, task.n);
  const required = runningStage(facts)?.approvalsRequired ?? 1;
  if (approvals < required) {
    // First who is asked for somebody else from now on: they are still asked when the decision is heard (chat/present/timeline.ts).
    return together(
      voiceHeard(facts, task, at),
      recorded,
      updated('task', task, { state: 'decided', closedAt: at.now }),
    );
  }
  const decided = { ...facts, decisions: [...facts.decisions, decision] };
  return together(
    recorded,
    closeStages(facts, 'approved', at, task),
    toldOf(facts, facts.request, 'stage.approved', { ...stage, data: { n: task.n, approvals } }),
    afterStage(decided, task.n, at),
  );
}

/** Nobody decided in time: an own state, not a denial (rule 3.7). Changes nothing before the deadline. */
export function expireStage(facts: RequestFacts, at: Now): Change {
  const stage = runningStage(facts);
  if (!stage?.decideBy || stage.decideBy > at.now) return noChange;
  const { request } = facts;
  return together(
    closeStages(facts, 'expired', at),
    updated('request', request, { state: 'expired', detail: 'notDecidedInTime', completedAt: at.now }),
    toldOf(facts, request, 'stage.expired', { data: { n: stage.n }, refs: { stage: stage.n } }),
    toldOf(facts, request, 'request.expired', { data: { type: request.type, onBehalf: isOnBehalf(request) } }),
  );
}

/** Who is asked as well when the escalation time of a running stage has passed, as things are now. */
export function escalatesTo(facts: RequestFacts, stage: Stage): readonly Asked[] {
  const { asked, alternates, excluded } = resolveNow(facts, stage);
  const isAsked = (one: Asked) => facts.tasks.some((task) => isSame(task, one, stage) && task.state !== 'closed');
  const open = openIn(facts, stage);
  return withDelegates([...asked, ...alternates], facts, excluded, open).filter(
    (one) =>
      !isAsked(one) &&
      // A delegate who speaks for an alternate from now on may leave whom they spoke for to another one.
      (alternates.some(({ person }) => person === voiceOf(one)) || open.some(({ person }) => person === one.person)),
  );
}

/** The escalation time has passed: alternates are asked as well, primaries keep the right. */
export function escalate(facts: RequestFacts, at: Now): Change {
  const stage = runningStage(facts);
  if (!stage?.escalateAt || stage.escalatedAt || stage.escalateAt > at.now) return noChange;
  const people = escalatesTo(facts, stage);
  return together(
    updated('stage', stage, { escalatedAt: at.now }),
    toldOf(facts, facts.request, 'stage.escalated', {
      data: { n: stage.n, asked: people.length },
      refs: { stage: stage.n },
    }),
    ask(facts, facts.request, { n: stage.n, people, forwarded: true }, at),
  );
}

/** Those who have not decided hear again: at half of the time, then daily until the stage ends. */
export function remindStage(facts: RequestFacts, at: Now): Change {
  const stage = runningStage(facts);
  if (!stage?.remindAt || stage.remindAt > at.now) return noChange;
  const next = remindNext(stage.remindAt, keptPolicy(facts).calendar, at);
  const isInTime = stage.decideBy !== null && next < stage.decideBy;
  return together(
    updated('stage', stage, { remindAt: isInTime ? next : null }),
    toldOf(facts, facts.request, 'stage.reminded', { data: { n: stage.n }, refs: { stage: stage.n } }),
  );
}

/**
 * Who may decide has changed: tasks of those who may not are closed, newcomers are asked and have a working day at least.
 * Too few, stand-ins included: the request is refused (rules 3.5, 3.6).
 */
export function reroute(facts: RequestFacts, at: Now): Change {
  const stage = runningStage(facts);
  if (!stage) return noChange;
  const { request } = facts;
  const resolution = resolveNow(facts, stage);
  if (!resolution.enough) {
    return together(closeStages(facts, 'denied', at), deniedFor(facts, at));
  }

  const own = [...resolution.asked, ...(stage.escalatedAt ? resolution.alternates : [])];
  const open = openIn(facts, stage);
  const meant = withDelegates(own, facts, resolution.excluded, open);
  const released = open.filter((task) => !meant.some((one) => one.person === task.person));
  const changed = meant.filter((one) => !open.some((task) => isSame(task, one, stage)));
  if (released.length + changed.length === 0) return noChange;

  // No delegate is new: the voice has had its time, and handing approvals on again and again must not hold the clock.
  const isNew = changed.some((one) => one.for === null && !open.some((task) => task.person === one.person));
  return together(
    isNew ? withTimeForNewcomers(stage, keptPolicy(facts).calendar, at) : noChange,
    ...released.map((task) =>
      together(
        updated('task', task, { state: 'closed', closedAt: at.now }),
        toldOf(facts, request, 'approver.released', { refs: { person: task.person, stage: stage.n } }),
      ),
    ),
    ask(facts, request, { n: stage.n, people: changed, forwarded: false }, at),
  );
}

function openIn({ tasks }: RequestFacts, { n }: Stage): readonly ApprovalTask[] {
  return tasks.filter((task) => task.n === n && task.state === 'open');
}

/** Whether the person is asked by the task, and for the same voice. */
function isSame(task: ApprovalTask, { person, for: other }: Asked, { n }: Stage): boolean {
  return task.n === n && task.person === person && task.for === other;
}

function decisionOf(facts: RequestFacts, task: ApprovalTask, input: DecideInput, at: Now): Decision {
  const content = contentSeen(facts, input);
  const reason = textOf(input.reason, 'reason');
  const stagePlan = planOf(keptPolicy(facts), task.n);
  if (input.decision === 'deny' && !reason) throw new DomainError('denial-reason-required', {}, 'reason');
  if (input.decision === 'approve' && stagePlan.approverReasonRequired && !reason) {
    throw new DomainError('approval-reason-required', {}, 'reason');
  }
  return {
    id: at.newId() as DecisionId,
    request: facts.request.id,
    n: task.n,
    person: task.person,
    for: task.for,
    decision: input.decision,
    reason,
    at: at.now,
    shown: {
      ...input.shown,
      policyVersion: facts.request.policyVersion,
      packageVersion: content?.id ?? null,
    },
  };
}

function afterStage(facts: RequestFacts, n: number, at: Now): Change {
  const { request } = facts;
  const policy = keptPolicy(facts);
  const nextPlan = policy.stages.find((one) => one.n === n + 1);
  const next = facts.stages.find((one) => one.n === n + 1);
  if (!nextPlan || !next) return grantFinally(facts, at);

  const resolution = resolveStage(nextPlan, facts, excludedFrom(facts, policy, n + 1), policy.id);
  if (!resolution.enough) {
    const waiting = facts.stages.filter((one) => one.state === 'waiting');
    const canceled = waiting.map((one) => updated('stage', one, { state: 'canceled', closedAt: at.now }));
    return together(...canceled, deniedFor(facts, at));
  }
  return together(
    updated('request', request, { stage: n + 1 }),
    openNext(facts, request, { stage: next, policy, resolution }, at),
  );
}

function grantFinally(facts: RequestFacts, at: Now): Change {
  const { request } = facts;
  const last = facts.decisions.at(-1);
  try {
    if (request.type === 'exception' && last) return grantException(facts, voiceOf(last), at);
    const { change } = approve(facts, { before: request, request, policy: keptPolicy(facts) }, at);
    // What is held already stays as it is when it is joined or extended: only what is given anew brings new roles.
    return facts.live === null && gainedRoles(facts) ? askAgain(facts, at) : change;
  } catch (refusal) {
    return deniedByGate(facts, refusal, at);
  }
}

/** Too few are left who may decide: said as the form says it. */
const deniedFor = (facts: RequestFacts, at: Now): Change =>
  deniedByGate(facts, tooFew(facts.package.name, [keptPolicy(facts)]), at);

/** A day later, counted from when it was due. */
function remindNext(due: Date, calendar: WorkingCalendar | null, at: Now): Date {
  // Working days are counted from now: due times far behind would otherwise have to be caught up with one by one.
  if (calendar) return afterSpan(at.now, { kind: 'days', days: 1 }, calendar);
  // To the nearest day: after an outage nobody is reminded again a few hours later.
  const missed = Math.round((at.now.getTime() - due.getTime()) / DAY);
  return after(due, (missed + 1) * DAY);
}

function withTimeForNewcomers(stage: Stage, calendar: WorkingCalendar | null, at: Now): Change {
  const least = afterSpan(at.now, NEWCOMERS_TIME, calendar);
  if (!stage.decideBy || stage.decideBy >= least) return noChange;
  const remindAt = stage.remindAt ?? halfway(at.now, least, calendar);
  return updated('stage', stage, { decideBy: least, remindAt });
}
