// What happens to a request from asking to its start. Deciding it: decision.ts (exported here as well).
import { askAgain } from './again';
import { hasApprovers, openStages, tooFew } from './approval';
import { cancelForGone, dropScheduled } from './cancel';
import { isOnBehalf, textOf, toldOf, written } from './change';
import { gainedRoles } from './content';
import { deniedByGate } from './denial';
import { adds, approve, begin } from './delivery';
import type { DeliveryFacts } from './delivery';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { AskFacts, AssignmentFacts, Now, PairFacts, RequestFacts, SubmitFacts } from './facts';
import type {
  AskedPeriod,
  Assignment,
  PersonId,
  PolicyVersion,
  PolicyVersionId,
  Question,
  Request,
  RequestId,
} from './model';
import { checkStart, extensionNeedsApproval, inZone, mayExtend, periodFor } from './period';
import type { Clamped, Extension } from './period';
import { asOf, choosePolicy, gate, maySee, notForThem, offered, refuseOver } from './policy';
import { isZone } from './time';

export { decide, escalate, expireStage, remindStage, reroute } from './decision';
export type { DecideInput } from './decision';
export { cancel, cancelForGone } from './cancel';
export { closeForPolicy } from './denial';

/** Longest answer to a question. */
const ANSWER_LENGTH = { text: 500, longText: 2000 } as const;

export interface SubmitInput {
  /** The one that the form showed. Null: the only one that is offered. */
  readonly policyVersion: PolicyVersionId | null;
  readonly period: AskedPeriod;
  /** Zone in which the dates were chosen; an unknown one counts as the target's. */
  readonly zone: string;
  readonly reason: string | null;
  readonly answers: Readonly<Record<string, string>>;
}
export interface Submitted {
  readonly request: Request;
  readonly change: Change;
  /** Less is given than was asked for. */
  readonly clamped: Clamped | null;
}

/** Policies to choose from in the request form; refuses what `submit` would refuse, so nobody fills in a form in vain. */
export function offer(facts: SubmitFacts): readonly PolicyVersion[] {
  const { requestor, target } = facts;
  const onBehalf = requestor.id !== target.id;
  if (onBehalf && !facts.managesTarget) throw notForOthers(facts);
  if (requestor.state !== 'enabled') throw new DomainError('person-disabled', {});
  if (!maySee(facts, onBehalf)) throw new DomainError('not-found', { what: 'package' });
  refuseTwice(facts, requestor.id, 'anew');
  gate(facts, { requestor, onBehalf, for: 'ask' });

  const policies = offered(facts, { onBehalf });
  if (policies.length > 0) return policies;
  refuseOver(facts, { onBehalf }, facts.mayChange);
  if (onBehalf) throw notForOthers(facts);
  throw notForThem(facts);
}

/** Those of the offered policies on which enough people may decide; refuses where there are none (rule 3.5): nobody fills in a form in vain. */
export function decidable(facts: SubmitFacts, policies: readonly PolicyVersion[]): readonly PolicyVersion[] {
  const { requestor, target } = facts;
  const open = policies.filter((policy) => hasApprovers(facts, policy, requestor.id, target.id));
  if (open.length > 0) return open;
  throw tooFew(facts.package.name, policies);
}

/** Whether a policy would let the target ask, were it neither held nor asked for. */
export function couldAsk(facts: AskFacts): boolean {
  try {
    gate(facts, { requestor: facts.target, onBehalf: false, for: 'ask' });
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
  return offered(facts, { onBehalf: false }).length > 0;
}

/** Whether the target may ask for it now: what `offer` would not refuse them. */
export function mayAskAnew(facts: AskFacts): boolean {
  return facts.live === null && facts.open === null && couldAsk(facts);
}

/**
 * What would be asked for once more when what somebody asked for has come to nothing, or the access that it gave is over (`ended`):
 * the same with its reason and answers, or the package anew; after an exception was granted, the package. Null while it runs, and
 * where Usher has asked again by itself.
 */
export function wishAgain({ detail, state, type }: Request, ended: boolean): 'ask' | 'askAgain' | 'askAnew' | null {
  if (type === 'exception' && state === 'delivered') return 'ask';
  const isOver = ended || state === 'denied' || state === 'expired' || state === 'canceled';
  if (!isOver || detail === 'contentChanged') return null;
  return type === 'userAdd' || type === 'exception' ? 'askAgain' : type === 'userExtend' ? 'askAnew' : null;
}

/** Asks for a package: for oneself, or for a direct report. */
export function submit(facts: SubmitFacts, input: SubmitInput, at: Now): Submitted {
  offer(facts);
  const onBehalf = facts.requestor.id !== facts.target.id;
  const policy = choosePolicy(facts, input.policyVersion, { onBehalf });
  const isAskedPeriod = input.period.startsAt ?? input.period.endsAt ?? input.period.hours;
  if (isAskedPeriod !== null && !policy.customPeriod) {
    throw new DomainError('period-not-allowed', { package: facts.package.name }, 'period');
  }
  const answers = answersOf(input.answers, policy, true);
  return started(facts, 'userAdd', { ...input, answers, policy }, at);
}

/** What an extension would give; refuses what `submitExtension` would refuse, so nobody fills in a form in vain. */
export function offerExtension(facts: AssignmentFacts, now: Date): Extension {
  refuseTwice(facts, facts.target.id, 'joins');
  // Its policy may have another version by now, and that alone is asked by.
  const policies = facts.policies.filter(
    ({ policy }) =>
      !facts.policies.some((other) => other.policy.policy === policy.policy && other.policy.number > policy.number),
  );
  const anew = { ...facts, policies };
  const again = asOf(anew, facts.assignment.endsAt);
  const extension = mayExtend(facts, now, couldAsk({ ...anew, conflicts: [] }), couldAsk(again));
  const { policy } = extension;
  gate(facts, { requestor: facts.target, onBehalf: false, for: 'extend', policyVersion: policy.id });
  if (extensionNeedsApproval(policy) && !hasApprovers(facts, policy, facts.target.id, facts.target.id))
    throw tooFew(facts.package.name, [policy]);
  return extension;
}

/** Asks to keep access for one more period (rule 3.9). */
export function submitExtension(
  facts: AssignmentFacts,
  input: {
    readonly requestor: PersonId;
    readonly reason: string | null;
    /** The one that the form showed; null: what is in use. */
    readonly policyVersion?: PolicyVersionId | null;
  },
  at: Now,
): Submitted {
  const { target, assignment } = facts;
  if (input.requestor !== target.id) throw new DomainError('not-found', { what: 'assignment' });
  const { policy, whole } = offerExtension(facts, at.now);
  if (input.policyVersion && input.policyVersion !== policy.id)
    throw new DomainError('policy-not-offered', { package: facts.package.name }, 'policy');

  const request: Request = {
    ...blank(facts, policy, at),
    type: 'userExtend',
    requestor: target.id,
    assignment: assignment.id,
    period: { startsAt: null, endsAt: whole, hours: null },
    reason: reasonOf(input.reason, policy),
  };
  const needsApproval = extensionNeedsApproval(policy);
  return { ...entered({ ...facts, assignment }, request, { policy, needsApproval }, at), clamped: null };
}

/** The start of scheduled access has come: all gates are looked at again (rule 3.2). Changes nothing before. */
export function startDue(facts: RequestFacts, at: Now): Change {
  const { request, assignment } = facts;
  if (request.state !== 'scheduled' || !assignment || assignment.startsAt > at.now) return noChange;
  const isGone = cancelForGone(facts, at);
  if (isGone !== noChange) return isGone;
  try {
    if (assignment.state !== 'scheduled') {
      throw new DomainError('not-held', { package: facts.package.name, target: null });
    }
    const { endsAt } = assignment;
    if (endsAt && endsAt <= at.now) throw new DomainError('asked-over', { package: facts.package.name, until: endsAt });
    const version = request.policyVersion ? { policyVersion: request.policyVersion } : {};
    gate(facts, { requestor: null, onBehalf: false, for: 'final', ...version });
  } catch (refusal) {
    return together(deniedByGate(facts, refusal, at), dropScheduled(facts, 'gateClosed', at));
  }
  const anew = reopen(facts, at);
  return anew === noChange ? begin(facts, assignment, request, at) : anew;
}

/**
 * Between the decision and the start the package gained roles on which nobody decided: the same is asked again (rule 3.8), as soon as
 * that is seen, so that there is time to decide. Whether the gates let it through is asked by that decision, as by any.
 */
export function reopen(facts: RequestFacts, at: Now): Change {
  if (facts.assignment?.state !== 'scheduled' || facts.request.state !== 'scheduled') return noChange;
  const isGone = cancelForGone(facts, at);
  if (isGone !== noChange) return isGone;
  if (!gainedRoles(facts)) return noChange;
  try {
    return together(askAgain(facts, at), dropScheduled(facts, 'canceled', at));
  } catch (refusal) {
    return together(deniedByGate(facts, refusal, at), dropScheduled(facts, 'gateClosed', at));
  }
}

interface Wish extends SubmitInput {
  readonly policy: PolicyVersion;
}

/** Writes what somebody asked for, or was given, in the period that it gets. */
export function started(facts: SubmitFacts, type: 'userAdd' | 'adminAdd', wish: Wish, at: Now): Submitted {
  const { target, requestor } = facts;
  const { policy } = wish;
  const zone = isZone(wish.zone) ? wish.zone : target.timeZone;
  const asked = inZone(wish.period, zone, target.timeZone);
  checkStart(asked, at.now, target.timeZone);
  const { clamped, ...span } = periodFor(facts, policy, asked, at.now);
  if (facts.live && !adds(facts.live, span)) throw heldByTarget(facts, facts.live, policy);
  const request: Request = {
    ...blank(facts, policy, at),
    type,
    requestor: requestor.id,
    period: wish.period,
    zone,
    reason: reasonOf(wish.reason, policy),
    answers: wish.answers,
  };
  return { ...entered(facts, request, { policy, needsApproval: policy.stages.length > 0 }, at), clamped };
}

/** The refusal of more that would add nothing to what somebody has, or gets. `policy`: the one by which other dates may be chosen. */
export function heldByTarget(
  { package: { name }, target }: SubmitFacts,
  { endsAt, startsAt, state }: Assignment,
  policy: Pick<PolicyVersion, 'customPeriod'> | null = null,
): DomainError {
  const from = state === 'scheduled' ? { from: startsAt } : {};
  const choose = policy?.customPeriod ? { choose: true as const } : {};
  return new DomainError('already-held', { package: name, endsAt, target: target.name, ...from, ...choose });
}

/** Writes a new request: its first stage opens, or it is approved by its policy at once. */
export function entered(
  facts: DeliveryFacts,
  request: Request,
  { policy, needsApproval }: { readonly policy: PolicyVersion; readonly needsApproval: boolean },
  at: Now,
): { readonly request: Request; readonly change: Change } {
  const data = {
    type: request.type,
    notify: true,
    onBehalf: isOnBehalf(request),
    bySystem: request.requestor === null,
    ...(facts.lately ? { lately: true } : {}),
  };
  const submitted = toldOf(facts, request, 'request.submitted', { data, remark: request.reason });
  if (!needsApproval) {
    const approved = approve(facts, { before: null, request, policy }, at);
    return { request: approved.request, change: together(submitted, approved.change) };
  }
  const pending: Request = { ...request, state: 'pendingApproval', stage: 1 };
  return {
    request: pending,
    change: together(written(null, pending), submitted, openStages(facts, pending, policy, at)),
  };
}

/** A request before anything is asked for. */
export function blank(facts: PairFacts, policy: PolicyVersion, at: Now): Request {
  return {
    id: at.newId() as RequestId,
    number: 0,
    type: 'userAdd',
    state: 'submitted',
    detail: null,
    requestor: null,
    target: facts.target.id,
    package: facts.package.id,
    packageVersion: facts.content.id,
    policyVersion: policy.id,
    assignment: null,
    period: { startsAt: null, endsAt: null, hours: null },
    zone: facts.target.timeZone,
    reason: null,
    answers: {},
    stage: 0,
    createdAt: at.now,
    approvedAt: null,
    startsAt: null,
    endsAt: null,
    completedAt: null,
    replaces: null,
    refusal: null,
    version: 1,
  };
}

/** Names the package only to who may know it; for everybody else it does not exist (rule 3.2). */
export function notForOthers(facts: SubmitFacts): DomainError {
  return facts.requestorMaySee
    ? new DomainError('not-for-others', { package: facts.package.name })
    : new DomainError('not-found', { what: 'package' });
}

/**
 * Refuses what is asked for, or held, already. What `joins` may go together with what is held, but never with what ends because its
 * holder had left.
 */
export function refuseTwice(facts: PairFacts, requestor: PersonId, asked: 'anew' | 'joins'): void {
  const name = facts.package.name;
  const { target } = facts;
  if (facts.open) {
    const { number, type } = facts.open;
    throw new DomainError('already-requested', {
      package: name,
      number,
      ...(type === 'exception' && { exception: true }),
    });
  }
  if (facts.leaving)
    throw new DomainError('still-ending', { package: name, target: requestor === target.id ? null : target.name });
  if (facts.live && asked === 'anew')
    throw new DomainError('already-held', { package: name, endsAt: facts.live.endsAt });
}

function reasonOf(typed: string | null, policy: PolicyVersion): string | null {
  const reason = textOf(typed, 'reason');
  if (policy.reasonRequired && !reason) throw new DomainError('reason-required', {}, 'reason');
  return reason;
}

/** Answers to the policy's questions, and to no others. `all`: those that it requires must be there. */
export function answersOf(typed: SubmitInput['answers'], policy: PolicyVersion, all: boolean): Record<string, string> {
  const answers: Record<string, string> = {};
  for (const question of policy.questions) {
    const answer = answerOf(typed[question.id] ?? null, question);
    if (answer !== null) answers[question.id] = answer;
    else if (question.required && all)
      throw new DomainError('answer-required', { question: question.text }, `answer.${question.id}`);
  }
  return answers;
}

function answerOf(typed: string | null, question: Question): string | null {
  const answer = typed?.trim() ?? '';
  if (answer === '') return null;
  if (question.type === 'choice') {
    if (question.choices.includes(answer)) return answer;
    throw new DomainError('answer-not-offered', { question: question.text }, `answer.${question.id}`);
  }
  const max = ANSWER_LENGTH[question.type];
  if (answer.length <= max) return answer;
  throw new DomainError('text-too-long', { field: question.text, max }, `answer.${question.id}`);
}
