// What an exception to an incompatibility lends: whether it counts, and how long access lasts that is held by it (rule 3.13). How the end of
// what is held already follows: moved-end.ts.
import type { Clash, PairFacts } from './facts';
import type { ConflictException, Justification } from './model';
import { earlier, latest } from './time';

/** Whether both may be held by it now. */
export function counts({ state, until }: ConflictException, now: Date): boolean {
  return state === 'active' && until > now;
}

/** Whether it counts for so long that nobody has to renew it yet: the time has not come to speak of its end, told or not. */
export function lasts(exception: ConflictException, now: Date): boolean {
  const { remindAt, until } = exception;
  return counts(exception, now) && remindAt !== null && remindAt < until && remindAt > now;
}

/** By which exception the package is held beside something else, and until when. */
export interface Lent {
  readonly until: Date;
  /** What it does not go with. */
  readonly other: string;
  /** Whether new exceptions are asked for in chat. */
  readonly offered: boolean;
  /** From when on a new one may be asked for; null: from now on. */
  readonly from: Date | null;
}

type Clashing = Pick<PairFacts, 'clashes'>;

/** What the target has, or gets by what was decided. What is only asked for ends with the exception itself, once it is given. */
function standing({ clashes }: Clashing): readonly Clash[] {
  return clashes.filter(({ how }) => how !== null && how !== 'pending');
}

/** When the exception to it is over, where the other side is held for longer than that; null: it sets no end. */
function endBy({ endsAt, exception }: Clash): Date | null {
  if (!exception || (endsAt !== null && endsAt <= exception.until)) return null;
  return exception.until;
}

/**
 * Whether an exception lets the package be held beside something, or beside what is asked for and may be given without looking at this:
 * what is given then ends with it.
 */
export function isLent({ clashes }: Clashing, now: Date): boolean {
  return clashes.some(({ how, exception }) => how !== null && exception !== null && counts(exception, now));
}

/**
 * The first exception to end of those that let the package be held beside what the target has; null: none is needed. What is given or
 * extended under it ends then at the latest, so that nobody holds both after it. What is over by then anyway needs no such end.
 */
export function lentBy(facts: Clashing, now: Date): Lent | null {
  const lent = standing(facts).flatMap((clash): readonly Lent[] => {
    const { exception, name, offers } = clash;
    const until = endBy(clash);
    if (!until || !exception || !counts(exception, now)) return [];
    return [{ until, other: name, offered: offers !== null, from: lasts(exception, now) ? exception.remindAt : null }];
  });
  const [first] = lent.sort((a, b) => a.until.getTime() - b.until.getTime());
  return first ?? null;
}

/** What stands against it that no exception lets it be held beside now; null: nothing. */
export function barredBy(facts: Clashing, now: Date): Clash | null {
  return standing(facts).find(({ exception }) => exception === null || !counts(exception, now)) ?? null;
}

/**
 * Until when access lasts for `reasons` that was given by an exception and is held until `held`, as things changed at `since`. What an
 * exception has cut ends with it, but for what is had without it. Beside something to which none counted any more, or that is still
 * being taken away, it neither grows nor is it taken: those in charge of the exception hear of it (`report`).
 */
export function lentUntil(
  facts: Clashing,
  held: Date | null,
  reasons: readonly Justification[],
  since: Date,
): Date | null {
  const beside = standing(facts).map((clash) => ({
    limit: endBy(clash),
    // Reported as over since then, it counted then all the same.
    counts:
      clash.exception !== null && !clash.leaving && clash.exception.state !== 'ended' && clash.exception.until > since,
  }));
  const limits = beside.filter((one) => one.counts).map(({ limit }) => limit);
  const until = limits.reduce(earlier, latest(reasons.map((one) => one.until)));
  const lent = beside.every((one) => one.counts) ? until : earlier(until, held);
  return latest([lent, ...reasons.flatMap(({ freeUntil }) => freeUntil ?? [])]);
}
