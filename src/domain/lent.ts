// What an exception to an incompatibility lends: whether it counts, and how long access lasts that is held by it (rule 3.13).
import type { PairFacts } from './facts';
import type { ConflictException } from './model';

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

/**
 * The first exception to end of those that let the package be held beside what the target has; null: none is needed. What is given or
 * extended under it ends then at the latest, so that nobody holds both after it. What is over by then anyway needs no such end.
 */
export function lentBy({ clashes }: Pick<PairFacts, 'clashes'>, now: Date): Lent | null {
  const lent = clashes.flatMap(({ how, endsAt, exception, name, offers }): readonly Lent[] => {
    if (how === null || !exception || !counts(exception, now)) return [];
    const { until, remindAt } = exception;
    if (endsAt !== null && endsAt <= until) return [];
    return [{ until, other: name, offered: offers !== null, from: lasts(exception, now) ? remindAt : null }];
  });
  const [first] = lent.sort((a, b) => a.until.getTime() - b.until.getTime());
  return first ?? null;
}
