// Stages: who is asked, and what opening and closing a stage writes. Who may decide: may-decide.ts; what decisions lead to: decision.ts.
import { inserted, toldOf, updated } from './change';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Candidate, Now, PairFacts, RequestFacts } from './facts';
import type {
  ApprovalTask,
  ApproverCapacity,
  Because,
  PersonId,
  PersonRef,
  PolicyVersion,
  PolicyVersionId,
  Request,
  Stage,
  StagePlan,
  StageState,
  TaskId,
  WorkingCalendar,
} from './model';
import { allSeated } from './seats';
import type { Seats } from './seats';
import { afterSpan, halfway } from './time';
import { usedUp, withDelegates } from './voices';

export interface Asked {
  readonly person: PersonId;
  readonly name: string;
  readonly capacity: ApproverCapacity;
  readonly because: Because;
  readonly for: PersonId | null;
}
/** Who is asked in their own right. Their delegates come beside them (voices.ts). */
export interface Resolution {
  readonly asked: readonly Asked[];
  /** Asked as well once the stage escalates. */
  readonly alternates: readonly Asked[];
  readonly excluded: readonly PersonId[];
  readonly enough: boolean;
  /** Somebody stands in because too few primaries remain (rule 3.5): the requestor is told. */
  readonly standIns: boolean;
}
export interface PlannedStage extends Resolution {
  readonly n: number;
  readonly approvalsRequired: number;
}
export type ApproverFacts = Pick<PairFacts, 'candidates' | 'owners' | 'administrators'>;

/**
 * Who is asked in a stage: the primaries. Where fewer remain than the stage requires, stand-ins come in this order, each
 * kind as a whole, until there are enough: fallbacks, alternates, catalog owners, administrators (rule 3.5).
 */
export function resolveStage(
  plan: StagePlan,
  facts: ApproverFacts,
  excluded: readonly PersonId[],
  policyVersion: PolicyVersionId,
): Resolution {
  const here = facts.candidates.filter((one) => one.policyVersion === policyVersion && one.n === plan.n);
  const of = (capacity: Candidate['capacity']) => here.filter((one) => one.capacity === capacity).map(askedOf);
  const standing = (people: readonly PersonRef[], capacity: 'owner' | 'administrator') =>
    people.map((one): Asked => ({ person: one.id, name: one.name, capacity, because: { kind: capacity }, for: null }));
  const ranks = [
    of('fallback'),
    of('alternate'),
    standing(facts.owners, 'owner'),
    standing(facts.administrators, 'administrator'),
  ];

  const asked = without(of('primary'), excluded);
  const primaries = asked.length;
  for (const rank of ranks) {
    if (asked.length >= plan.approvalsRequired) break;
    asked.push(...without(rank, [...excluded, ...asked.map((one) => one.person)]));
  }
  return {
    asked,
    alternates: without(of('alternate'), [...excluded, ...asked.map((one) => one.person)]),
    excluded,
    enough: asked.length >= plan.approvalsRequired,
    standIns: asked.length > primaries,
  };
}

/**
 * Who will be asked, stage by stage, as things are now: for the form. Where one person counts in one stage only, nobody is named for one
 * whom those before it cannot do without.
 */
export function plan(
  facts: ApproverFacts,
  policy: PolicyVersion,
  requestor: PersonId,
  target: PersonId,
): readonly PlannedStage[] {
  const before: Seats[] = [];
  return policy.stages.map((stage) => {
    const resolved = (spent: readonly PersonId[]) =>
      resolveStage(stage, facts, [requestor, target, ...spent], policy.id);
    const all = resolved([]);
    const isOpen = policy.samePersonInStages || !allSeated(before);
    const spent = all.asked.filter(({ person }) => !allSeated(before.map((one) => seatsWithout(one, person))));
    const found = isOpen || spent.length === 0 ? all : resolved(spent.map(({ person }) => person));
    before.push({
      count: stage.approvalsRequired,
      people: [...found.asked, ...(stage.escalateAfter ? found.alternates : [])].map(({ person }) => person),
    });
    return { n: stage.n, approvalsRequired: stage.approvalsRequired, ...found };
  });
}

function seatsWithout({ count, people }: Seats, person: PersonId): Seats {
  return { count, people: people.filter((one) => one !== person) };
}

/**
 * Whether there are enough people to decide a request, as things are now: for each stage, and where one person counts in one of them
 * only, for all of them together.
 */
export function hasApprovers(
  facts: ApproverFacts,
  policy: PolicyVersion,
  requestor: PersonId,
  target: PersonId,
): boolean {
  if (policy.samePersonInStages) return plan(facts, policy, requestor, target).every(({ enough }) => enough);
  return allSeated(seatsOf(facts, policy, requestor, target));
}

function seatsOf(facts: ApproverFacts, policy: PolicyVersion, requestor: PersonId, target: PersonId): readonly Seats[] {
  return policy.stages.map((stage, before) => {
    // Whoever decided before is missing in a later stage, so that any of its stand-ins may come in.
    const approvalsRequired = before === 0 ? stage.approvalsRequired : Infinity;
    const { asked, alternates } = resolveStage({ ...stage, approvalsRequired }, facts, [requestor, target], policy.id);
    const all = stage.escalateAfter ? [...asked, ...alternates] : asked;
    return { count: stage.approvalsRequired, people: all.map(({ person }) => person) };
  });
}

/** The refusal where too few people may decide by any of these policies (rule 3.5). */
export function tooFew(name: string, policies: readonly PolicyVersion[]): DomainError {
  const isOnce = policies.some(({ stages, samePersonInStages }) => stages.length > 1 && !samePersonInStages);
  return new DomainError('no-approvers', { package: name, ...(isOnce ? { once: true } : {}) });
}

/** The stage in progress, while the request waits for it. */
export function runningStage(facts: RequestFacts): Stage | null {
  if (facts.request.state !== 'pendingApproval') return null;
  return facts.stages.find((one) => one.state === 'inProgress') ?? null;
}

/** The policy version that the request keeps (rule 3.8). */
export function keptPolicy(facts: RequestFacts): PolicyVersion {
  const kept = facts.policies.find((fact) => fact.policy.id === facts.request.policyVersion);
  if (!kept) throw new Error(`facts of request ${facts.request.id} lack its policy version`);
  return kept.policy;
}

/** The plan of a stage of a policy. */
export function planOf(policy: PolicyVersion, n: number): StagePlan {
  const found = policy.stages.find((one) => one.n === n);
  if (!found) throw new Error(`policy version ${policy.id} has no stage ${n}`);
  return found;
}

/** People who can never count in a stage: requestor and target, and whose voice was heard before unless the policy allows that. */
export function excludedFrom(facts: RequestFacts, policy: PolicyVersion, n: number): readonly PersonId[] {
  const { requestor, target } = facts.request;
  const earlier = policy.samePersonInStages ? [] : usedUp(facts.decisions.filter((one) => one.n < n));
  return [target, ...(requestor ? [requestor] : []), ...earlier];
}

/** All stages of a new request, the first one open. Refused at once where there are too few people for them (rule 3.5). */
export function openStages(facts: PairFacts, request: Request, policy: PolicyVersion, at: Now): Change {
  const requestor = request.requestor ?? request.target;
  if (!hasApprovers(facts, policy, requestor, request.target)) throw tooFew(facts.package.name, [policy]);
  const planned = plan(facts, policy, requestor, request.target);
  return together(
    ...policy.stages.map((stagePlan): Change => {
      const waiting: Stage = {
        id: at.newId(),
        request: request.id,
        n: stagePlan.n,
        state: 'waiting',
        approvalsRequired: stagePlan.approvalsRequired,
        openedAt: null,
        decideBy: null,
        escalateAt: null,
        escalatedAt: null,
        remindAt: null,
        closedAt: null,
        version: 1,
      };
      const resolution = planned.find((one) => one.n === stagePlan.n);
      if (stagePlan.n !== 1 || !resolution) return inserted('stage', waiting);
      const open = opened(waiting, stagePlan, policy.calendar, at);
      return together(inserted('stage', open), asking(facts, request, open, resolution, at));
    }),
  );
}

/** Who should be asked in the running stage now, counting the approvals it has. */
export function resolveNow(facts: RequestFacts, stage: Stage): Resolution {
  const policy = keptPolicy(facts);
  const heard = usedUp(facts.decisions.filter((one) => one.n === stage.n));
  const excluded = [...excludedFrom(facts, policy, stage.n), ...heard];
  const approvalsRequired = Math.max(1, stage.approvalsRequired - approvalsIn(facts, stage.n));
  return resolveStage({ ...planOf(policy, stage.n), approvalsRequired }, facts, excluded, policy.id);
}

/** Approvals that count for stage `n`. */
export function approvalsIn(facts: RequestFacts, n: number): number {
  return facts.decisions.filter((one) => one.n === n && one.decision === 'approve').length;
}

/** The next stage of a request, resolved as things are now. */
export function openNext(
  facts: PairFacts,
  request: Request,
  { stage, policy, resolution }: { stage: Stage; policy: PolicyVersion; resolution: Resolution },
  at: Now,
): Change {
  const open = opened(stage, planOf(policy, stage.n), policy.calendar, at);
  return together(updated('stage', stage, open), asking(facts, request, open, resolution, at));
}

/** Asks people in a running stage, those as well who were released from it before. Whoever is asked already may be so for somebody else now. */
export function ask(
  facts: PairFacts & { readonly tasks?: readonly ApprovalTask[] },
  request: Request,
  { n, people, forwarded }: { n: number; people: readonly Asked[]; forwarded: boolean },
  at: Now,
): Change {
  // Who else is asked reads of them, and until when there is time.
  const joins = !forwarded && (facts.tasks?.some((one) => one.n === n) ?? false);
  return together(
    ...people.map(({ person, capacity, because, for: other }): Change => {
      const voice = { capacity, because, for: other };
      const fields = { ...voice, state: 'open', openedAt: at.now, closedAt: null } as const;
      const had = facts.tasks?.find((one) => one.n === n && one.person === person);
      const data = { capacity, forwarded, ...(joins ? { joins } : {}), ...(other === null ? {} : { for: other }) };
      const asked = { data, refs: { person, stage: n } };
      if (had?.state === 'open')
        return together(updated('task', had, voice), toldOf(facts, request, 'approver.changed', asked));
      const row = had
        ? updated('task', had, fields)
        : inserted('task', { id: at.newId() as TaskId, request: request.id, n, person, ...fields, version: 1 });
      return together(row, toldOf(facts, request, 'approver.asked', asked));
    }),
  );
}

/** Closes the running stage, those that wait when the request is over, and what is left of its tasks. */
export function closeStages(
  facts: RequestFacts,
  state: Extract<StageState, 'approved' | 'denied' | 'expired' | 'canceled'>,
  at: Now,
  decided: ApprovalTask | null = null,
): Change {
  const running = facts.stages.filter((one) => one.state === 'inProgress');
  const waiting = state === 'approved' ? [] : facts.stages.filter((one) => one.state === 'waiting');
  const left = facts.tasks.filter((one) => one.state === 'open' && one.id !== decided?.id);
  return together(
    ...running.map((one) => updated('stage', one, { state, closedAt: at.now, remindAt: null })),
    ...waiting.map((one) => updated('stage', one, { state: 'canceled', closedAt: at.now })),
    ...left.map((one) => updated('task', one, { state: 'closed', closedAt: at.now })),
    decided ? updated('task', decided, { state: 'decided', closedAt: at.now }) : noChange,
  );
}

function askedOf({ person, name, capacity, because }: Candidate): Asked {
  return { person, name, capacity, because, for: null };
}

/** Without those excluded; each person once, however many ways lead to them. */
function without(people: readonly Asked[], excluded: readonly PersonId[]): Asked[] {
  const seen = new Set(excluded);
  return people.filter(({ person }) => !seen.has(person) && seen.add(person));
}

function opened(stage: Stage, stagePlan: StagePlan, calendar: WorkingCalendar | null, at: Now): Stage {
  const { decideWithin, escalateAfter, alternates } = stagePlan;
  const decideBy = afterSpan(at.now, decideWithin, calendar);
  const escalateAt = escalateAfter && alternates.length > 0 ? afterSpan(at.now, escalateAfter, calendar) : null;
  return {
    ...stage,
    state: 'inProgress',
    openedAt: at.now,
    decideBy,
    escalateAt: escalateAt && escalateAt < decideBy ? escalateAt : null,
    // Approvers hear again at half of the time first, then daily.
    remindAt: halfway(at.now, decideBy, calendar),
  };
}

function asking(facts: PairFacts, request: Request, stage: Stage, resolution: Resolution, at: Now): Change {
  const { n, approvalsRequired } = stage;
  const data = {
    n,
    approvalsRequired,
    decideBy: stage.decideBy?.toISOString() ?? null,
    standIns: resolution.standIns,
  };
  return together(
    toldOf(facts, request, 'stage.opened', { data, refs: { stage: n } }),
    ask(
      facts,
      request,
      { n, people: withDelegates(resolution.asked, facts, resolution.excluded), forwarded: false },
      at,
    ),
  );
}
