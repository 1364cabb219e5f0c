// How access begins and is extended, once it is finally approved or its start has come. What the connectors then report:
// placement.ts.
import { isOnBehalf, inserted, refsOf, told, toldOf, updated, written } from './change';
import { DomainError } from './errors';
import type { Change, DomainEvent } from './events';
import { noChange, together } from './events';
import type { Now, PairFacts, RequestFacts } from './facts';
import { retryGrants, wantGrants } from './grants';
import type { Assignment, AssignmentId, Justification, JustificationId, PolicyVersion, Request } from './model';
import { isLent, lentBy } from './lent';
import { extensionWindow, fixedEnd, inZone, newest, pastException, periodFor, reminders } from './period';
import type { Period } from './period';
import { gate } from './policy';
import { earlier, latest } from './time';

/** Pair facts; where a request exists already, with the assignment it names. */
export type DeliveryFacts = PairFacts & Partial<Pick<RequestFacts, 'assignment'>>;

export interface Delivered {
  /** With state, assignment and the stored period; the caller writes the row. */
  readonly request: Request;
  readonly change: Change;
}

type Span = Pick<Period, 'startsAt' | 'endsAt' | 'whole'>;

/** Final approval: writes the request and what it gives. Throws the gate that closed meanwhile (rule 3.2). */
export function approve(
  facts: DeliveryFacts,
  step: { readonly before: Request | null; readonly request: Request; readonly policy: PolicyVersion },
  at: Now,
): Delivered {
  const byPolicy = step.request.stage === 0;
  const approved: Request = { ...step.request, approvedAt: at.now, detail: byPolicy ? 'approvedByPolicy' : null };
  const { request, change } = deliver(facts, approved, step.policy, at);
  const onBehalf = isOnBehalf(request);
  // Whoever waited for a decision hears of it now, where what follows waits for people again.
  const waits = !byPolicy && facts.byHand && request.state === 'delivering';
  const data = { scheduled: request.state === 'scheduled', waits, onBehalf, byPolicy };
  // What is said of access that ended while its extension waited speaks of that.
  const { assignment } = step.request;
  const isAgain = assignment !== null && assignment !== request.assignment;
  return {
    request,
    change: together(
      written(step.before, request),
      toldOf(
        facts,
        request,
        'request.approved',
        isAgain ? { data: { ...data, again: true }, refs: { assignment } } : { data },
      ),
      change,
      request.state === 'delivered' ? toldOf(facts, request, 'request.delivered', { data: { onBehalf } }) : noChange,
    ),
  };
}

/**
 * What an approved request gives: a new assignment, one more justification of the one that is held, or its extension. All
 * gates are looked at again; the period is computed here, once.
 */
export function deliver(facts: DeliveryFacts, request: Request, policy: PolicyVersion, at: Now): Delivered {
  gate(facts, { requestor: null, onBehalf: false, for: 'final', policyVersion: policy.id });
  if (request.type === 'userExtend') return extend(facts, request, policy, at);
  const span = periodFor(facts, policy, inZone(request.period, request.zone, facts.target.timeZone), at.now);
  return facts.live
    ? join(facts, facts.live, { request, policy, span }, at)
    : give(facts, { request, policy, span }, at);
}

/** The start of scheduled access has come: its roles are wanted, as the package holds them now (rule 3.8). */
export function begin(facts: PairFacts, assignment: Assignment, request: Request, at: Now): Change {
  const { change, count } = wantGrants(facts, assignment.id, at);
  const state = count > 0 ? 'delivering' : 'delivered';
  const completedAt = count > 0 ? null : at.now;
  return together(
    updated('assignment', assignment, { state }),
    updated('request', request, { state, completedAt }),
    toldOfAssignment(facts, assignment, `assignment.${state}`, request, { again: false }),
    change,
    count > 0 ? noChange : toldOf(facts, request, 'request.delivered', { data: { onBehalf: isOnBehalf(request) } }),
  );
}

/** An event about an assignment. */
export function toldOfAssignment(
  facts: Pick<PairFacts, 'target' | 'package' | 'catalog'>,
  assignment: Pick<Assignment, 'id'>,
  type: DomainEvent['type'],
  request: Pick<Request, 'id'> | null,
  data: DomainEvent['data'] = {},
  remark: string | null = null,
): Change {
  const refs = { ...refsOf(facts), assignment: assignment.id, ...(request ? { request: request.id } : {}) };
  return told(type, { kind: 'assignment', id: assignment.id }, refs, data, remark);
}

interface Gift {
  readonly request: Request;
  readonly policy: PolicyVersion;
  readonly span: Span;
  /** Extensions used up by the access that this continues. */
  readonly extensions?: number;
  /** When that began. */
  readonly since?: Date;
}

function give(facts: PairFacts, gift: Gift, at: Now): Delivered {
  const { startsAt, endsAt } = gift.span;
  const id = at.newId() as AssignmentId;
  const isLater = startsAt > at.now;
  const grants = isLater ? { change: noChange, count: 0 } : wantGrants(facts, id, at);
  const running = grants.count > 0 ? 'delivering' : 'delivered';
  const state = isLater ? 'scheduled' : running;

  const { opensAt } = extensionWindow(gift.span, { periodAt: startsAt, until: endsAt });
  const request: Request = {
    ...gift.request,
    assignment: id,
    state,
    startsAt,
    endsAt,
    completedAt: state === 'delivered' ? at.now : null,
  };
  const assignment: Assignment = {
    id,
    target: facts.target.id,
    package: facts.package.id,
    state,
    startsAt,
    since: gift.since ?? null,
    endsAt,
    lent: isLent(facts, at.now),
    endedAt: null,
    endReason: null,
    remindAt: reminders(gift.span, opensAt, 0),
    reminded: 0,
    version: 1,
  };
  const change = together(
    inserted('assignment', assignment),
    justifying(facts, assignment, gift, at),
    toldOfAssignment(facts, assignment, `assignment.${state}`, request, { again: false }),
    grants.change,
  );
  return { request, change };
}

/** Whether access is held for longer by this, without a gap. What waits for its start is left as it is. */
export function adds(live: Assignment, { startsAt, endsAt }: Span): boolean {
  if (live.state === 'scheduled' || !live.endsAt || startsAt > live.endsAt) return false;
  return endsAt === null || endsAt > live.endsAt;
}

/** One more reason to hold what is held already (rule 3.10). The roles are wanted as before. */
function join(facts: PairFacts, live: Assignment, gift: Gift, at: Now): Delivered {
  const { startsAt, endsAt: until } = gift.span;
  if (!adds(live, gift.span))
    throw new DomainError('already-held', { package: facts.package.name, endsAt: live.endsAt });
  const again = triedAgain(facts, live);
  const request = followed({ ...gift.request, assignment: live.id, startsAt, endsAt: until }, again.state, at);
  const reasons = liveOf(facts, live.id).map((one) => one.until);
  const endsAt = earlier(latest([gift.span.whole, ...reasons]), lentBy(facts, at.now)?.until ?? null);
  const held = { startsAt: live.startsAt, endsAt };
  const { opensAt } = extensionWindow(held, { periodAt: startsAt, until });
  const since = gift.since ? earlier(gift.since, live.since ?? live.startsAt) : live.since;
  const change = together(
    updated('assignment', live, {
      state: again.state,
      since,
      endsAt,
      lent: isLent(facts, at.now),
      remindAt: reminders(held, opensAt, 0),
      reminded: 0,
    }),
    ...(becomesLent(facts, live, at) ? liveOf(facts, live.id) : []).map(keptFree),
    justifying(facts, live, gift, at),
    toldOfAssignment(facts, live, 'assignment.extended', request, { n: 0, endsAt: endsAt?.toISOString() ?? null }),
    again.change,
  );
  return { request, change };
}

function extend(facts: DeliveryFacts, request: Request, policy: PolicyVersion, at: Now): Delivered {
  // Asked for where the person was then; a fixed end is never passed where they are now (rule 3.9), nor that of an exception.
  const lent = lentBy(facts, at.now);
  const whole = earlier(request.period.endsAt, fixedEnd(policy, facts.target.timeZone));
  const until = earlier(whole, lent?.until ?? null);
  const { live } = facts;
  if (until && until <= at.now) throw new DomainError('end-before-start', {});
  if (live?.id !== request.assignment)
    return giveAgain(facts, request, { policy, span: { startsAt: at.now, endsAt: until, whole } }, at);

  if (lent && live.endsAt && lent.until <= live.endsAt) throw pastException(facts, lent, false);
  const extended = newest(ofAssignment(facts, live.id), null);
  if (!extended || !live.endsAt || (until && until <= live.endsAt)) {
    throw new DomainError('no-end-to-extend', { package: facts.package.name });
  }
  const n = extended.extensions + 1;
  const others = liveOf(facts, live.id).filter((one) => one.id !== extended.id);
  const endsAt = earlier(latest([whole, ...others.map((one) => one.until)]), lent?.until ?? null);
  const { opensAt } = extensionWindow({ ...live, endsAt }, { periodAt: live.endsAt, until });
  const again = triedAgain(facts, live);
  const isNewlyLent = becomesLent(facts, live, at);
  const change = together(
    updated('justification', extended, {
      until: whole,
      freeUntil: isNewlyLent ? extended.until : extended.freeUntil,
      periodAt: live.endsAt,
      extensions: n,
    }),
    ...(isNewlyLent ? others : []).map(keptFree),
    updated('assignment', live, {
      state: again.state,
      endsAt,
      lent: isLent(facts, at.now),
      remindAt: reminders({ ...live, endsAt }, opensAt, 0),
      reminded: 0,
    }),
    toldOfAssignment(facts, live, 'assignment.extended', request, {
      n,
      endsAt: endsAt?.toISOString() ?? null,
      // Given by those in charge, and made longer without them (rule 3.22): they hear.
      ...(policy.mode === 'direct' && request.stage === 0 ? { unasked: true } : {}),
    }),
    again.change,
  );
  return { request: followed({ ...request, startsAt: live.startsAt, endsAt: until }, again.state, at), change };
}

/** Whether more is given by an exception of what was had without one. */
function becomesLent(facts: PairFacts, live: Assignment, at: Now): boolean {
  return !live.lent && isLent(facts, at.now);
}

/** What was had without an exception is not taken with its end. */
function keptFree(reason: Justification): Change {
  return updated('justification', reason, { freeUntil: reason.until });
}

/**
 * What could not be given is tried once more: more of an access that is not there would be nothing. Where other access that shares
 * it, or a change of the package, has that tried already, this one waits for it as well.
 */
function triedAgain(
  facts: PairFacts,
  live: Assignment,
): { readonly change: Change; readonly state: Assignment['state'] } {
  const { change, count } = retryGrants(facts, live.id);
  const isAsFar = live.state === 'delivered' || live.state === 'delivering';
  if (count === 0 && isAsFar) return { change, state: live.state };
  const told = toldOfAssignment(facts, live, 'assignment.delivering', null, { again: true });
  return { change: together(told, change), state: 'delivering' };
}

/** A request for more of what is held is as far as that is. */
function followed(request: Request, state: Assignment['state'], at: Now): Request {
  return { ...request, state, completedAt: state === 'delivered' ? at.now : null };
}

/** Approved after the end: access is given again until the end that was asked for, unless it ended for another reason. */
function giveAgain(
  facts: DeliveryFacts,
  request: Request,
  { policy, span }: Pick<Gift, 'policy' | 'span'>,
  at: Now,
): Delivered {
  if (facts.assignment?.endReason !== 'endReached') {
    throw new DomainError('not-held', { package: facts.package.name, target: null });
  }
  const used = ofAssignment(facts, facts.assignment.id).map((one) => one.extensions);
  const since = facts.assignment.since ?? facts.assignment.startsAt;
  const gift = { request, policy, span, extensions: Math.max(0, ...used) + 1, since };
  return facts.live ? join(facts, facts.live, gift, at) : give(facts, gift, at);
}

function ofAssignment(facts: PairFacts, id: AssignmentId): readonly Justification[] {
  return facts.justifications.filter((one) => one.assignment === id);
}

function liveOf(facts: PairFacts, id: AssignmentId): readonly Justification[] {
  return ofAssignment(facts, id).filter((one) => one.endedAt === null);
}

function justifying(facts: PairFacts, assignment: Assignment, gift: Gift, at: Now): Change {
  const { request, policy, span } = gift;
  const justification: Justification = {
    id: at.newId() as JustificationId,
    assignment: assignment.id,
    kind: kindOf(request),
    request: request.id,
    policyVersion: policy.id,
    startsAt: span.startsAt,
    until: span.whole,
    freeUntil: null,
    endedAt: null,
    periodAt: span.startsAt,
    extensions: gift.extensions ?? 0,
    version: 1,
  };
  const data = { kind: justification.kind, until: justification.until?.toISOString() ?? null };
  return together(
    inserted('justification', justification),
    toldOfAssignment(facts, assignment, 'assignment.justified', request, data),
  );
}

function kindOf(request: Request): Justification['kind'] {
  if (request.type === 'adminAdd') return 'direct';
  return request.type === 'systemAdd' ? 'rule' : 'request';
}
