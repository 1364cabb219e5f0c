// How long access lasts: clamping, extension windows and limits, reminders. Instants are computed once and stored.
import { DomainError } from './errors';
import type { AssignmentFacts, PairFacts } from './facts';
import { lentBy, type Lent } from './lent';
import type { AskedPeriod, Assignment, Justification, PolicyVersion } from './model';
import { addDays, after, DAY, dateIn, earlier, endOfDay, HOUR, startOfDay } from './time';

/** Extensions are asked for during the last 14 days, or the second half where the period is shorter than 28 (rule 3.9). */
const WINDOW_DAYS = 14;
/** The second reminder is for periods longer than this (PRODUCT.md, section 4). */
const SECOND_REMINDER_FROM = 2 * DAY;
/** How far ahead access may be asked for. */
export const MAX_START_DAYS = 180;

export interface Period {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  /** The end by the policy, or as was asked, were there no exception. */
  readonly whole: Date | null;
  /** Told before submit: less is given than was asked for, by the policy, or by an exception that is over before. */
  readonly clamped: Clamped | null;
}

export type Clamped = 'maximum' | 'fixedEnd' | 'exception';

export interface Extension {
  readonly policy: PolicyVersion;
  readonly justification: Justification;
  readonly until: Date | null;
  /** The end by the policy, were there no exception. */
  readonly whole: Date | null;
  /** 1 for the first extension. */
  readonly n: number;
}

/** Typed dates (`2026-03-31`) as a period: from the start of the first day to the end of the last one. */
export function askedPeriod(
  typed: { readonly startDate: string | null; readonly endDate: string | null; readonly hours: number | null },
  zoneOfTarget: string,
): AskedPeriod {
  return {
    startsAt: typed.startDate === null ? null : startOfDay(typed.startDate, zoneOfTarget),
    endsAt: typed.endDate === null ? null : endOfDay(typed.endDate, zoneOfTarget),
    hours: typed.hours,
  };
}

/** The same days in another zone: who moves between asking and approval keeps the days that were chosen. */
export function inZone(asked: AskedPeriod, from: string, to: string): AskedPeriod {
  if (from === to) return asked;
  const { startsAt, endsAt } = asked;
  return {
    ...asked,
    startsAt: startsAt && startOfDay(dateIn(startsAt, from), to),
    endsAt: endsAt && endOfDay(dateIn(after(endsAt, -1), from), to),
  };
}

/** The end that a policy fixes for everybody, as an instant where the person is; null: it fixes none. */
export function fixedEnd({ expiration }: Pick<PolicyVersion, 'expiration'>, zone: string): Date | null {
  return expiration.kind === 'date' ? endOfDay(expiration.day, zone) : null;
}

/** Whether that end has come: nothing is given by the policy any more. */
export function isOver(policy: Pick<PolicyVersion, 'expiration'>, zone: string, at: Date): boolean {
  const end = fixedEnd(policy, zone);
  return end !== null && end <= at;
}

/** The end of the last day that was asked for, where the target is; any instant of that day, or the midnight that ends it, names it. */
export function lastDayEnd(asked: AskedPeriod, zone: string): Date | null {
  // The midnight that ends a day belongs to that day: half-open.
  return asked.endsAt && endOfDay(dateIn(after(asked.endsAt, -1), zone), zone);
}

/** The last instant at which access may start that is asked for now. */
export function latestStart(now: Date, zoneOfTarget: string): Date {
  return addDays(now, MAX_START_DAYS, zoneOfTarget);
}

/** Refuses starts before today and too far ahead. Today means at once. */
export function checkStart(asked: AskedPeriod, now: Date, zoneOfTarget: string): void {
  if (!asked.startsAt) return;
  if (dateIn(asked.startsAt, zoneOfTarget) < dateIn(now, zoneOfTarget)) {
    throw new DomainError('start-in-past', {}, 'startsAt');
  }
  if (asked.startsAt > latestStart(now, zoneOfTarget)) {
    throw new DomainError('start-too-late', { maxDays: MAX_START_DAYS }, 'startsAt');
  }
}

/**
 * The period that the policy gives for what was asked. `at` is when it is asked (to tell it in the form) or finally
 * approved (to store it): N days count from the later of that and the asked start. An asked end is any instant of the
 * last day, or the midnight that ends it, and means the end of that day where the target is (rule 3.24).
 */
export function period(policy: PolicyVersion, asked: AskedPeriod, at: Date, zoneOfTarget: string): Period {
  const startsAt = asked.startsAt && asked.startsAt > at ? asked.startsAt : at;
  const most = onePeriodFrom(policy, startsAt, zoneOfTarget);
  const wanted = wantedEnd(asked, startsAt, zoneOfTarget);
  const endsAt = earlier(wanted, most);
  if (endsAt && endsAt <= startsAt) throw new DomainError('end-before-start', {}, 'endsAt');

  const isShortened = wanted !== null && most !== null && wanted > most;
  const clamped = policy.expiration.kind === 'date' ? 'fixedEnd' : 'maximum';
  return { startsAt, endsAt, whole: endsAt, clamped: isShortened ? clamped : null };
}

/**
 * The same for one target: what is held only by an exception ends with it. A start after its end is refused, since the gate would be
 * closed then.
 */
export function periodFor(
  facts: Pick<PairFacts, 'target' | 'package' | 'clashes'>,
  policy: PolicyVersion,
  asked: AskedPeriod,
  at: Date,
): Period {
  const whole = period(policy, asked, at, facts.target.timeZone);
  const lent = lentBy(facts, at);
  if (!lent || (whole.endsAt && whole.endsAt <= lent.until)) return whole;
  const { until, other } = lent;
  if (whole.startsAt >= until)
    throw new DomainError('start-past-exception', { package: facts.package.name, with: other, until }, 'startsAt');
  return { ...whole, endsAt: until, clamped: 'exception' };
}

/** Why access that is held by an exception cannot be kept for longer. `mayAsk`: its holder may ask for the package. */
export function pastException(
  { package: { name } }: Pick<PairFacts, 'package'>,
  { until, other, offered, from }: Lent,
  mayAsk: boolean,
): DomainError<'extension-past-exception'> {
  return new DomainError('extension-past-exception', {
    package: name,
    with: other,
    until,
    ask: mayAsk && offered,
    from,
  });
}

/** From when on an extension may be asked for; null: the access has no end. Only the period that runs counts. */
export function extensionWindow(
  assignment: Pick<Assignment, 'startsAt' | 'endsAt'>,
  justification: Pick<Justification, 'periodAt' | 'until'>,
): { readonly opensAt: Date | null } {
  const until = earlier(justification.until, assignment.endsAt);
  if (!assignment.endsAt || !until) return { opensAt: null };
  const one = until.getTime() - justification.periodAt.getTime();
  const window = Math.min(one / 2, WINDOW_DAYS * DAY);
  return { opensAt: after(assignment.endsAt, -Math.round(window)) };
}

/** Approval of extensions by the stages of the policy; a policy without any has nobody to ask. */
export function extensionNeedsApproval({ extension, stages }: PolicyVersion): boolean {
  return extension.approval && stages.length > 0;
}

/** Whether the end is near enough to speak of it: the time in which an extension may be asked for has begun. */
export function endsSoon(facts: AssignmentFacts, at: Date): boolean {
  const justification = newest(facts.justifications, facts.latest);
  const opensAt = justification && extensionWindow(facts.assignment, justification).opensAt;
  return opensAt !== null && opensAt <= at;
}

/**
 * Whether the access may be asked for longer, by which policy and until when. The policy as it is now counts: an
 * extension is a request of its own. What nobody approves adds the period for which the access was last given, at most the
 * policy's: never longer than somebody approved, and never without an end where one was given. Gates are looked at by the caller, who knows whether its holder may ask for the package:
 * at all, as by an exception, and `again` once it has ended.
 */
export function mayExtend(facts: AssignmentFacts, at: Date, mayAsk = false, again = false): Extension {
  const name = facts.package.name;
  const { assignment } = facts;
  const isHeld = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'].includes(assignment.state);
  if (!isHeld || (assignment.endsAt && assignment.endsAt <= at)) {
    throw new DomainError('not-held', { package: name, target: null });
  }
  if (!assignment.endsAt) throw new DomainError('no-end-to-extend', { package: name });

  const policy = currentOf(facts, facts.latest);
  const justification = newest(facts.justifications, facts.latest);
  if (!policy?.extension.allowed || !justification) {
    throw new DomainError('not-extendable', { package: name, again });
  }

  const n = justification.extensions + 1;
  // Unless said otherwise: once where it needs no approval, as often as it is approved where it does (rule 3.9).
  const max = policy.extension.maxExtensions ?? (extensionNeedsApproval(policy) ? 'unlimited' : 1);
  if (max !== 'unlimited' && n > max) throw new DomainError('extension-limit', { package: name, max, again });

  const { maxTotalDays } = policy.extension;
  const zone = facts.target.timeZone;
  const most = earlier(
    fixedEnd(policy, zone),
    maxTotalDays === null ? null : addDays(assignment.since ?? assignment.startsAt, maxTotalDays, zone),
  );
  if (most && most <= assignment.endsAt) {
    throw new DomainError('extension-past-limit', { package: name, until: most });
  }
  const lent = lentBy(facts, at);
  if (lent && lent.until <= assignment.endsAt) throw pastException(facts, lent, mayAsk);
  // Last: whoever hears from when on it may be extended can rely on it.
  const { opensAt } = extensionWindow(assignment, justification);
  if (opensAt && at < opensAt) throw new DomainError('extension-too-early', { package: name, from: opensAt });
  const whole = earlier(onePeriodMore(policy, justification, assignment.endsAt, zone), most);
  return { policy, justification, until: earlier(whole, lent?.until ?? null), whole, n };
}

/**
 * When the next reminder is due, `reminded` having been sent; null: none. The first comes when the extension window opens,
 * also where nothing can be extended; the second one day before the end.
 */
export function reminders(
  access: { readonly startsAt: Date; readonly endsAt: Date | null },
  opensAt: Date | null,
  reminded: number,
): Date | null {
  const { startsAt, endsAt } = access;
  if (!endsAt) return null;
  if (reminded === 0) return opensAt;
  const isLong = endsAt.getTime() - startsAt.getTime() > SECOND_REMINDER_FROM;
  return reminded === 1 && isLong ? after(endsAt, -DAY) : null;
}

/** The newest live justification of the version; without a version the newest of all. */
export function newest(
  justifications: readonly Justification[],
  policy: Pick<PolicyVersion, 'id'> | null,
): Justification | null {
  const live = justifications.filter((one) => one.endedAt === null && (!policy || one.policyVersion === policy.id));
  const [first] = [...live].sort((a, b) => b.startsAt.getTime() - a.startsAt.getTime() || (a.id < b.id ? 1 : -1));
  return first ?? null;
}

/** The policy in its newest enabled version. */
function currentOf(facts: PairFacts, version: PolicyVersion | null): PolicyVersion | null {
  const same = facts.policies.filter((fact) => fact.enabled && fact.policy.policy === version?.policy);
  const [first] = same.map((fact) => fact.policy).sort((a, b) => b.number - a.number);
  return first ?? null;
}

function onePeriodFrom(policy: PolicyVersion, from: Date, zone: string): Date | null {
  const { expiration } = policy;
  switch (expiration.kind) {
    case 'never':
      return null;
    case 'days':
      return addDays(from, expiration.days, zone);
    case 'hours':
      return after(from, expiration.hours * HOUR);
    case 'date':
      return fixedEnd(policy, zone);
  }
}

/** Whoever approves sees the new end, so there it is the policy's period. Who was given the whole of that gets it again, in days. */
function onePeriodMore(
  policy: PolicyVersion,
  { periodAt, until }: Pick<Justification, 'periodAt' | 'until'>,
  from: Date,
  zone: string,
): Date | null {
  const one = onePeriodFrom(policy, from, zone);
  const given = onePeriodFrom(policy, periodAt, zone);
  if (extensionNeedsApproval(policy) || !until || (given && until >= given)) return one;
  return earlier(one, after(from, until.getTime() - periodAt.getTime()));
}

function wantedEnd(asked: AskedPeriod, startsAt: Date, zone: string): Date | null {
  return asked.hours === null ? lastDayEnd(asked, zone) : after(startsAt, asked.hours * HOUR);
}
