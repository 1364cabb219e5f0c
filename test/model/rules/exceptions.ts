// Exceptions to what does not go together (rule 3.13): how one is granted, whether it counts, and how long it lends what is held by it.
import type { Exception, Key, Organization, Request } from './book';
import { ADDING, DAY, ENDING, HOUR, LIVE, OPEN, dayOf, packageOf, sooner, termsOf, works } from './book';

export interface Against {
  readonly other: Key;
  /** Names the incompatibility. */
  readonly pair: Key;
  /** By which an exception to it is asked for; null: by none. */
  readonly terms: number | null;
}

/** What the package does not go with. */
export function against(o: Organization, pack: Key): Against[] {
  return Object.keys(o.packages).flatMap((one) =>
    packageOf(o, one)
      .against.filter((other) => one === pack || other === pack)
      .map((other) => ({
        other: one === pack ? other : one,
        pair: `${one}|${other}`,
        terms: packageOf(o, one).exceptions,
      })),
  );
}

/** Whether the person holds it, gets it, or asks for it. */
export function has(o: Organization, person: Key, pack: Key): boolean {
  const isTheirs = (one: { readonly target: Key; readonly package: Key }): boolean =>
    one.target === person && one.package === pack;
  return (
    o.assignments.some((one) => isTheirs(one) && [...LIVE, ...ENDING].includes(one.state)) ||
    o.requests.some((one) => isTheirs(one) && OPEN.includes(one.state) && ADDING.includes(one.type))
  );
}

export const exceptionOf = (o: Organization, person: Key, pair: Key): Exception | undefined =>
  o.exceptions.find((one) => one.person === person && one.pair === pair);
export const counts = (o: Organization, one: Exception | undefined): boolean => one !== undefined && one.until > o.now;

/** When the package ends at the latest because it is held by exceptions; null: it is not, or the other one ends before. */
export function lentUntil(o: Organization, person: Key, pack: Key): number | null {
  const ends = against(o, pack).flatMap(({ other, pair }) => {
    const one = exceptionOf(o, person, pair);
    if (!one || !counts(o, one) || !has(o, person, other)) return [];
    const held = o.assignments.find(
      ({ target, package: its, state }) => target === person && its === other && LIVE.includes(state),
    );
    return held && held.endsAt !== null && held.endsAt <= one.until ? [] : [one.until];
  });
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Everybody approved: both may be held until the end of a day. False where something stands against it by now. */
export function grantException(o: Organization, request: Request, owner: Key): boolean {
  const { target, package: pack } = request;
  const one = against(o, pack).find(({ pair }) => pair === request.policy);
  if (!works(o, target) || !o.published || !one || !has(o, target, one.other)) return false;
  const most = o.now + Number(termsOf(o, request.terms).expires) * HOUR;
  const end = Number(sooner(request.asked.end, most));
  if (end <= o.now) return false;
  // The end of the day in which it ends.
  const until = dayOf({ ...o, now: end - 1 }, target, 1);
  const before = exceptionOf(o, target, one.pair);
  if (before && counts(o, before) && (before.remindAt > o.now || before.until >= until)) return false;
  const remindAt = Math.floor(until - Math.min((until - o.now) / 2, 14 * DAY));
  o.exceptions = o.exceptions.filter((each) => each !== before);
  o.exceptions.push({ person: target, pair: one.pair, owner, until, remindAt, reported: false });
  Object.assign(request, { state: 'delivered', startsAt: o.now, endsAt: until });
  return true;
}

/** Whoever answers for it hears of its coming end; from then on a new one may be asked for. */
export function report(o: Organization, one: Exception): void {
  if (one.remindAt <= o.now) one.reported = true;
}

/** The one that may be asked for, or why none may. */
export function needed(o: Organization, person: Key, pack: Key): Against | string {
  const all = against(o, pack).filter(({ other }) => has(o, person, other));
  const its = ({ pair }: Against): Exception | undefined => exceptionOf(o, person, pair);
  const missing = all.filter((one) => !counts(o, its(one)));
  if (missing.some(({ terms }) => terms === null)) return 'incompatible';
  const [first] = [...missing, ...all.filter((one) => Number(its(one)?.remindAt) <= o.now && one.terms !== null)];
  return first ?? (all.some(its) ? 'exception-lasts' : 'exception-not-needed');
}
