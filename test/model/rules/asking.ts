// Asking for access, giving it to somebody, and asking for one more period.
import { enter } from './approving';
import type { Answer, Key, Organization, Policy } from './book';
import { HELD, HOUR, assignmentOf, liveOf, manages, newest, openOf, packageOf, sooner, termsOf, works } from './book';
import { closed, closedFor, inScope, strictest } from './gates';
import { windowOf } from './giving';
import { newRequest } from './requests';

export interface Wish {
  readonly actor: Key;
  readonly target: Key;
  readonly package: Key;
  /** Null: leaves it to Usher where only one is offered. */
  readonly policy: string | null;
  readonly hours: number | null;
  readonly startIn: number | null;
  readonly reason: boolean;
}

/** Asks for a package, for oneself or for somebody whom one manages. */
export function ask(o: Organization, wish: Wish): Answer {
  const { actor, target, package: pack } = wish;
  const onBehalf = actor !== target;
  const maySee = (person: Key, others: boolean): boolean =>
    openOf(o, person, pack) !== undefined ||
    liveOf(o, person, pack) !== undefined ||
    packageOf(o, pack).policies.some((one) => {
      const terms = termsOf(o, one.current);
      return one.enabled && terms.mode === 'request' && inScope(o, terms, person) && (others || terms.self);
    });
  const notForOthers = maySee(actor, false) || manages(o, actor) ? 'not-for-others' : 'not-found';

  if (onBehalf && o.people[target]?.manager !== actor) return notForOthers;
  if (!works(o, actor)) return 'person-disabled';
  if (!maySee(target, onBehalf)) return 'not-found';
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  if (liveOf(o, target, pack)) return 'already-held';
  const gate = closed(o, target, pack, onBehalf, (_, terms) => terms.mode === 'request' && inScope(o, terms, target));
  if (gate !== null) return gate;

  const offered = strictest(o, target, pack).filter((one) => {
    const terms = termsOf(o, one.current);
    return onBehalf ? terms.onBehalf : terms.self;
  });
  if (offered.length === 0) return onBehalf ? notForOthers : 'not-in-scope';
  const policy = wish.policy === null ? offered[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && offered.length > 1)) return 'policy-not-offered';
  if ((wish.hours !== null || wish.startIn !== null) && !termsOf(o, policy.current).custom) return 'period-not-allowed';
  return begin(o, 'userAdd', wish, policy);
}

/** Gives a package to somebody else (rule 3.22). */
export function assign(o: Organization, wish: Wish): Answer {
  const { actor, target, package: pack } = wish;
  if (!manages(o, actor)) return 'forbidden';
  if (actor === target) return 'self-assignment';
  const gate = closed(o, target, pack, true, (_, terms) => inScope(o, terms, target));
  if (gate !== null) return gate;
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  const direct = packageOf(o, pack).policies.filter((one) => {
    const terms = termsOf(o, one.current);
    return one.enabled && terms.mode === 'direct' && inScope(o, terms, target);
  });
  const offered = [...direct, ...strictest(o, target, pack)];
  if (offered.length === 0) return 'not-in-scope';
  const choice = direct.length > 0 ? direct : offered;
  const policy = wish.policy === null ? choice[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && choice.length > 1)) return 'policy-not-offered';
  return begin(o, 'adminAdd', wish, policy);
}

function begin(o: Organization, type: 'userAdd' | 'adminAdd', wish: Wish, policy: Policy): Answer {
  const terms = termsOf(o, policy.current);
  if (terms.reason && !wish.reason) return 'reason-required';
  const asked = { start: wish.startIn === null ? null : o.now + wish.startIn, hours: wish.hours, end: null };
  const request = newRequest(o, type, wish.target, wish.package, {
    requestor: wish.actor,
    policy: policy.name,
    terms: policy.current,
    asked,
  });
  return enter(o, request, terms.stages.length > 0);
}

/** Asks for one more period (rule 3.9). */
export function extend(o: Organization, key: Key, person: Key, reason: boolean): Answer {
  const assignment = assignmentOf(o, key);
  const { target, package: pack } = assignment;
  if (person !== target) return 'not-found';
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  if (!HELD.includes(assignment.state) || (assignment.endsAt !== null && assignment.endsAt <= o.now)) return 'not-held';
  if (assignment.endsAt === null) return 'no-end-to-extend';
  const last = newest(assignment, null);
  const policy = packageOf(o, pack).policies.find((one) => one.name === last?.policy && one.enabled);
  if (!last || !policy) return 'not-extendable';
  const terms = termsOf(o, policy.current);
  if (!terms.extend) return 'not-extendable';
  const needsApproval = terms.extendApproval && terms.stages.length > 0;
  const max = terms.extendMax ?? (needsApproval ? 'unlimited' : 1);
  if (max !== 'unlimited' && last.extensions + 1 > max) return 'extension-limit';
  const limit =
    terms.extendTotal === null ? null : (assignment.since ?? assignment.startsAt) + terms.extendTotal * HOUR;
  if (limit !== null && limit <= assignment.endsAt) return 'extension-past-limit';
  const opensAt = windowOf(assignment.endsAt, last);
  if (opensAt !== null && o.now < opensAt) return 'extension-too-early';
  const gate = closedFor(o, target, pack, policy.name, policy.current);
  if (gate !== null) return gate;
  if (terms.reason && !reason) return 'reason-required';
  const until = sooner(terms.expires === null ? null : assignment.endsAt + terms.expires * HOUR, limit);
  const request = newRequest(o, 'userExtend', target, pack, {
    requestor: target,
    policy: policy.name,
    terms: policy.current,
    assignment: key,
    asked: { start: null, hours: null, end: until },
  });
  return enter(o, request, needsApproval);
}
