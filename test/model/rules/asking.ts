// Asking for access, giving it to somebody, and asking for one more period.
import { enter } from './approving';
import type { Answer, Key, Organization, Policy } from './book';
import {
  HELD,
  HOUR,
  assignmentOf,
  dayOf,
  liveOf,
  manages,
  newest,
  openOf,
  packageOf,
  sooner,
  termsOf,
  windowOf,
  works,
} from './book';
import { lentUntil, needed } from './exceptions';
import { closed, closedFor, inScope, shut, strictest } from './gates';
import { adds, spanOf } from './giving';
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

type Whom = Pick<Wish, 'actor' | 'target' | 'package'>;

function maySee(o: Organization, person: Key, pack: Key, forOthers: boolean): boolean {
  const isKnown = openOf(o, person, pack) !== undefined || liveOf(o, person, pack) !== undefined;
  return (
    isKnown ||
    packageOf(o, pack).policies.some((one) => {
      const terms = termsOf(o, one.current);
      return one.enabled && terms.mode === 'request' && inScope(o, terms, person) && (forOthers || terms.self);
    })
  );
}

const notForOthers = (o: Organization, { actor, package: pack }: Whom): Answer =>
  maySee(o, actor, pack, false) || manages(o, actor) ? 'not-for-others' : 'not-found';

const offeredTo = (o: Organization, target: Key, pack: Key, onBehalf: boolean): Policy[] =>
  strictest(o, target, pack).filter((one) => {
    const terms = termsOf(o, one.current);
    return onBehalf ? terms.onBehalf : terms.self;
  });

/** Asks for a package, for oneself or for somebody whom one manages. */
export function ask(o: Organization, wish: Wish): Answer {
  const { actor, target, package: pack } = wish;
  const onBehalf = actor !== target;
  if (onBehalf && o.people[target]?.manager !== actor) return notForOthers(o, wish);
  if (!works(o, actor)) return 'person-disabled';
  if (!maySee(o, target, pack, onBehalf)) return 'not-found';
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  if (liveOf(o, target, pack)) return 'already-held';
  const gate = closed(o, target, pack, onBehalf, (_, terms) => terms.mode === 'request' && inScope(o, terms, target));
  if (gate !== null) return gate;

  const offered = offeredTo(o, target, pack, onBehalf);
  if (offered.length === 0) return onBehalf ? notForOthers(o, wish) : 'not-in-scope';
  const policy = wish.policy === null ? offered[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && offered.length > 1)) return 'policy-not-offered';
  if ((wish.hours !== null || wish.startIn !== null) && !termsOf(o, policy.current).custom) return 'period-not-allowed';
  return begin(o, 'userAdd', wish, policy);
}

export interface ExceptionWish extends Whom {
  /** How many days more than today; null: as long as may be. */
  readonly days: number | null;
  readonly reason: boolean;
}

/** Asks to hold a package beside what it does not go with (rule 3.13): whoever could have it but for that. */
export function askException(o: Organization, wish: ExceptionWish): Answer {
  const { actor, target, package: pack } = wish;
  const onBehalf = actor !== target;
  if (onBehalf && o.people[target]?.manager !== actor) return notForOthers(o, wish);
  if (!works(o, actor)) return 'person-disabled';
  if (openOf(o, target, pack)) return 'already-requested';
  if (!maySee(o, target, pack, onBehalf)) return 'not-found';
  const gate = shut(o, target, onBehalf);
  if (gate !== null) return gate;
  if (strictest(o, target, pack).length === 0) return 'not-in-scope';
  if (offeredTo(o, target, pack, onBehalf).length === 0) return onBehalf ? notForOthers(o, wish) : 'not-in-scope';
  const one = needed(o, target, pack);
  if (typeof one === 'string') return one;
  if (!wish.reason) return 'reason-required';
  const request = newRequest(o, 'exception', target, pack, {
    requestor: actor,
    policy: one.pair,
    terms: one.terms,
    asked: { start: null, hours: null, end: wish.days === null ? null : dayOf(o, target, wish.days + 1) },
  });
  return enter(o, request, true);
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
  const held = liveOf(o, target, pack);
  // Starting as late as may be gives the most.
  const most = (one: Policy) => {
    const terms = termsOf(o, one.current);
    const start = terms.custom ? (held?.endsAt ?? null) : null;
    return spanOf(o, target, pack, terms, { start, hours: null, end: null });
  };
  const more = (one: Policy): boolean => {
    const span = most(one);
    return span !== null && held !== undefined && adds(held, span);
  };
  if (held && !offered.some(more)) return 'already-held';
  const choice = direct.length > 0 ? direct : offered;
  const policy = wish.policy === null ? choice[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && choice.length > 1)) return 'policy-not-offered';
  return begin(o, 'adminAdd', wish, policy);
}

function begin(o: Organization, type: 'userAdd' | 'adminAdd', wish: Wish, policy: Policy): Answer {
  const terms = termsOf(o, policy.current);
  const asked = { start: wish.startIn === null ? null : o.now + wish.startIn, hours: wish.hours, end: null };
  const span = spanOf(o, wish.target, wish.package, terms, asked);
  if (span === null) return 'start-past-exception';
  const held = liveOf(o, wish.target, wish.package);
  if (held && !adds(held, span)) return 'already-held';
  if (terms.reason && !wish.reason) return 'reason-required';
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
  const most = terms.extendTotal === null ? null : (assignment.since ?? assignment.startsAt) + terms.extendTotal * HOUR;
  if (most !== null && most <= assignment.endsAt) return 'extension-past-limit';
  const lent = lentUntil(o, target, pack);
  if (lent !== null && lent <= assignment.endsAt) return 'extension-past-exception';
  const opensAt = windowOf(assignment.endsAt, last);
  if (opensAt !== null && o.now < opensAt) return 'extension-too-early';
  const gate = closedFor(o, target, pack, policy.name, policy.current);
  if (gate !== null) return gate;
  if (terms.reason && !reason) return 'reason-required';
  // What nobody approves is for as long as it was last given, at most.
  const again = needsApproval || last.until === null ? null : last.until - last.periodAt;
  const length = sooner(terms.expires === null ? null : terms.expires * HOUR, again);
  const until = sooner(length === null ? null : assignment.endsAt + length, most);
  const request = newRequest(o, 'userExtend', target, pack, {
    requestor: target,
    policy: policy.name,
    terms: policy.current,
    assignment: key,
    asked: { start: null, hours: null, end: until },
  });
  return enter(o, request, needsApproval);
}
