// Whether there are enough people for all stages of a request together, where one person counts in one of them only (rule 3.4).
import type { PersonId } from './model';

/** How many different people a stage takes, and of whom. */
export interface Seats {
  readonly count: number;
  readonly people: readonly PersonId[];
}

/** Whether each seat can be somebody else's: a matching, found by moving on whoever sits where another one could. */
export function allSeated(stages: readonly Seats[]): boolean {
  // Whoever is taken, and who else could sit in their place.
  const taken = new Map<PersonId, readonly PersonId[]>();
  const seat = (people: readonly PersonId[], passed: Set<PersonId>): boolean =>
    people.some((one) => {
      if (passed.has(one)) return false;
      passed.add(one);
      const others = taken.get(one);
      if (others && !seat(others, passed)) return false;
      taken.set(one, people);
      return true;
    });
  return stages.every(({ count, people }) => Array.from({ length: count }).every(() => seat(people, new Set())));
}
