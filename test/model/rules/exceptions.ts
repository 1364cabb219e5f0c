// Exceptions to what does not go together (rule 3.13): how one is granted, whether it counts, and how long it lends what is held by it.
import type { Assignment, Exception, Key, Organization, Request } from './book';
import { update } from './requests';
import {
  ADDING,
  DAY,
  ENDING,
  HOUR,
  LIVE,
  OPEN,
  dayOf,
  endAt,
  later,
  live,
  liveOf,
  packageOf,
  sooner,
  termsOf,
  works,
} from './book';

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

/** What of all that the package does not go with the person holds, or gets; `leaving`: only until it is taken away. */
function beside(o: Organization, person: Key, pack: Key): (Against & { readonly leaving: boolean })[] {
  return against(o, pack).flatMap((one) => {
    const its = o.assignments.filter(
      ({ target, package: other, state }) =>
        target === person && other === one.other && [...LIVE, ...ENDING].includes(state),
    );
    return its.length === 0 ? [] : [{ ...one, leaving: its.every(({ state }) => ENDING.includes(state)) }];
  });
}

/** When the exception is over, where the other one is held for longer. */
function endBy(o: Organization, person: Key, other: Key, until: number): number | null {
  const held = o.assignments.find(
    ({ target, package: its, state }) => target === person && its === other && LIVE.includes(state),
  );
  return held && held.endsAt !== null && held.endsAt <= until ? null : until;
}

export function isLent(o: Organization, person: Key, pack: Key): boolean {
  return against(o, pack).some(({ other, pair }) => has(o, person, other) && counts(o, exceptionOf(o, person, pair)));
}

/** The end follows what lends it, as that changed at `since`. False: it is as before. */
export function followEnd(o: Organization, one: Assignment, since = o.now): boolean {
  if (!one.lent) return false;
  const { target, package: pack } = one;
  const others = beside(o, target, pack).map((other) => {
    const by = exceptionOf(o, target, other.pair);
    // What is over has cut what it cut, and takes nothing more.
    return { ...other, by: by && by.until > since ? by : undefined };
  });
  let end = later(live(one).map(({ until }) => until));
  for (const { other, by, leaving } of others) if (by && !leaving) end = sooner(end, endBy(o, target, other, by.until));
  if (others.some(({ by, leaving }) => !by || leaving)) end = sooner(end, one.endsAt);
  for (const { freeUntil } of live(one)) if (freeUntil !== null && end !== null) end = Math.max(end, freeUntil);
  if (end === one.endsAt || (one.state === 'scheduled' && end !== null && end <= Math.max(one.startsAt, o.now)))
    return false;
  endAt(one, end);
  update(o, one, 'exceptionChanged');
  if (one.state === 'scheduled')
    for (const request of o.requests)
      if (request.assignment === one.key && request.state === 'scheduled') request.endsAt = end;
  return true;
}

/** When the package ends at the latest because it is held by exceptions; null: it is not, or the other one ends before. */
export function lentUntil(o: Organization, person: Key, pack: Key): number | null {
  const ends = beside(o, person, pack).flatMap(({ other, pair }) => {
    const one = exceptionOf(o, person, pair);
    const end = one && counts(o, one) ? endBy(o, person, other, one.until) : null;
    return end === null ? [] : [end];
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
  const held = liveOf(o, target, pack);
  if (held && (held.endsAt === null || held.endsAt > o.now)) followEnd(o, held);
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
