// What an approved request gives, what a package gives to its holders, and how long it lasts (rules 3.8 to 3.12).
import type { Answer, Assignment, Key, Organization, Reason, Request, Terms } from './book';
import {
  HELD,
  HOUR,
  assignmentOf,
  found,
  later,
  live,
  liveOf,
  manages,
  newest,
  packageOf,
  sooner,
  termsOf,
  windowOf,
  works,
} from './book';
import { isLent, lentUntil } from './exceptions';
import { closedFor } from './gates';

/** What a finally approved request gives; the refusal changes nothing. */
export function give(o: Organization, request: Request): Answer | null {
  const { target, package: pack } = request;
  const policy = found(request.policy ?? undefined);
  const n = found(request.terms ?? undefined);
  const gate = closedFor(o, target, pack, policy, n);
  if (gate !== null) return gate;
  if (request.type === 'userExtend') return prolong(o, request);
  const span = spanOf(o, target, pack, termsOf(o, n), request.asked);
  return span === null ? 'start-past-exception' : hand(o, request, span, 0, null);
}

export interface Span {
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** Its end were there no exception. */
  readonly whole: number | null;
}

/** From when until when; null where the exception by which it would be held is over before it begins. */
export function spanOf(o: Organization, target: Key, pack: Key, terms: Terms, asked: Request['asked']): Span | null {
  const startsAt = Math.max(asked.start ?? 0, o.now);
  const most = terms.expires === null ? null : startsAt + terms.expires * HOUR;
  const whole = sooner(asked.hours === null ? null : startsAt + asked.hours * HOUR, most);
  const lent = lentUntil(o, target, pack);
  if (lent === null || (whole !== null && whole <= lent)) return { startsAt, endsAt: whole, whole };
  return startsAt >= lent ? null : { startsAt, endsAt: lent, whole };
}

/** Whether it is held for longer by this, and without a gap. */
export function adds(held: Assignment, span: { readonly startsAt: number; readonly endsAt: number | null }): boolean {
  if (held.state === 'scheduled' || held.endsAt === null || span.startsAt > held.endsAt) return false;
  return span.endsAt === null || span.endsAt > held.endsAt;
}

function hand(
  o: Organization,
  request: Request,
  { startsAt, endsAt, whole }: Span,
  extensions: number,
  since: number | null,
): Answer | null {
  const { target, package: pack } = request;
  const held = liveOf(o, target, pack);
  const reason: Reason = {
    kind: request.type === 'adminAdd' ? 'direct' : 'request',
    policy: found(request.policy ?? undefined),
    terms: found(request.terms ?? undefined),
    startsAt,
    until: whole,
    freeUntil: null,
    periodAt: startsAt,
    extensions,
    ended: false,
  };
  if (held) {
    if (!adds(held, { startsAt, endsAt })) return 'already-held';
    lend(o, held);
    held.reasons.push(reason);
    held.endsAt = sooner(later(live(held).map(({ until }) => until)), lentUntil(o, target, pack));
    if (since !== null) held.since = Math.min(since, held.since ?? held.startsAt);
    remindOf(held, reason);
    tryAgain(o, held);
    Object.assign(request, { state: held.state, assignment: held.key, startsAt, endsAt });
    return null;
  }
  const n = o.assignments.filter((one) => one.target === target && one.package === pack).length;
  const assignment: Assignment = {
    key: `${target}/${pack}/${n}`,
    target,
    package: pack,
    state: startsAt > o.now ? 'scheduled' : 'delivering',
    startsAt,
    since,
    endsAt,
    lent: isLent(o, target, pack),
    noted: null,
    endReason: null,
    remindAt: null,
    reminded: 0,
    reasons: [reason],
    roles: [],
    lost: [],
  };
  remindOf(assignment, reason);
  o.assignments.push(assignment);
  if (assignment.state === 'delivering') want(o, assignment);
  Object.assign(request, { state: assignment.state, assignment: assignment.key, startsAt, endsAt });
  return null;
}

function prolong(o: Organization, request: Request): Answer | null {
  const lent = lentUntil(o, request.target, request.package);
  const whole = request.asked.end;
  const until = sooner(whole, lent);
  if (until !== null && until <= o.now) return 'end-before-start';
  const named = assignmentOf(o, found(request.assignment ?? undefined));
  const held = liveOf(o, request.target, request.package);
  if (held?.key !== named.key) {
    if (named.endReason !== 'endReached') return 'not-held';
    const used = Math.max(0, ...named.reasons.map((one) => one.extensions));
    return hand(o, request, { startsAt: o.now, endsAt: until, whole }, used + 1, named.since ?? named.startsAt);
  }
  if (lent !== null && held.endsAt !== null && lent <= held.endsAt) return 'extension-past-exception';
  const last = newest(held, null);
  if (!last || held.endsAt === null || (until !== null && until <= held.endsAt)) return 'no-end-to-extend';
  const others = live(held).filter((one) => one !== last);
  lend(o, held);
  Object.assign(last, { until: whole, periodAt: held.endsAt, extensions: last.extensions + 1 });
  held.endsAt = sooner(later([whole, ...others.map((one) => one.until)]), lent);
  remindOf(held, last);
  tryAgain(o, held);
  Object.assign(request, { state: held.state, startsAt: held.startsAt, endsAt: until });
  return null;
}

/** More of it is given: where that is by an exception, what was had without one keeps its end. */
function lend(o: Organization, held: Assignment): void {
  const lent = isLent(o, held.target, held.package);
  if (lent && !held.lent) for (const one of live(held)) one.freeUntil = one.until;
  held.lent = lent;
}

/** What could not be given is tried once more by whatever asks for more of it. */
function tryAgain(o: Organization, held: Assignment): void {
  for (const role of held.roles) {
    const grant = found(o.grants[`${held.target} ${role}`]);
    if (grant.state !== 'placeFailed') continue;
    grant.state = 'placing';
    held.state = 'delivering';
  }
  // Where other access that shares it has that tried already, this one waits for it as well.
  if (held.state !== 'delivered') held.state = 'delivering';
}

export function want(
  o: Organization,
  assignment: Assignment,
  roles: readonly string[] = packageOf(o, assignment.package).roles,
): void {
  for (const role of roles) {
    const key = `${assignment.target} ${role}`;
    const grant = o.grants[key];
    if (!grant) o.grants[key] = { state: 'placing', baseline: null };
    else if (grant.state !== 'placed' && grant.state !== 'placing') {
      if (grant.state === 'taken') grant.baseline = null;
      grant.state = 'placing';
    }
    if (!assignment.roles.includes(role)) assignment.roles.push(role);
    assignment.lost = assignment.lost.filter((one) => one !== role);
  }
}

/** Who holds a package gets what it gained and loses what it lost (rule 3.11). */
export function follow(o: Organization, assignment: Assignment): void {
  if (!HELD.includes(assignment.state) || !works(o, assignment.target)) return;
  const { roles } = packageOf(o, assignment.package);
  const gained = roles.filter((role) => !assignment.roles.includes(role));
  const lost = assignment.roles.filter((role) => !roles.includes(role));
  assignment.roles = assignment.roles.filter((role) => roles.includes(role));
  assignment.lost.push(...lost);
  letGo(o, assignment, lost);
  if (gained.length === 0) return;
  assignment.state = 'delivering';
  want(o, assignment, gained);
}

/** Everything is made so once more (rule 3.12). */
export function reprocess(o: Organization, key: Key, person: Key): Answer {
  const assignment = assignmentOf(o, key);
  if (!manages(o, person)) return 'forbidden';
  if (assignment.endReason !== null) return 'not-held';
  if (!HELD.includes(assignment.state)) return 'nothing-failed';
  follow(o, assignment);
  for (const role of assignment.roles) found(o.grants[`${assignment.target} ${role}`]).state = 'placing';
  // Other access of theirs that has one of these roles is on its way as well.
  for (const one of o.assignments)
    if (one.target === assignment.target && HELD.includes(one.state))
      if (one === assignment || one.roles.some((role) => assignment.roles.includes(role))) one.state = 'delivering';
  return 'ok';
}

/** A role stays where somebody's other access needs it; what was taken already need not be taken. */
export function letGo(o: Organization, assignment: Assignment, roles: readonly string[]): readonly string[] {
  const { target } = assignment;
  const gone = roles.filter((role) => {
    const needed = o.assignments.some(
      (one) => one !== assignment && one.target === target && HELD.includes(one.state) && one.roles.includes(role),
    );
    return !needed && found(o.grants[`${target} ${role}`]).state !== 'taken';
  });
  for (const role of gone) found(o.grants[`${target} ${role}`]).state = 'taking';
  return gone;
}

/** One reminder when the extension window opens: the last 14 days, or half of a shorter period. */
function remindOf(assignment: Assignment, reason: Reason): void {
  assignment.reminded = 0;
  assignment.remindAt = windowOf(assignment.endsAt, reason);
}

/** From when on an extension may be asked for. */
export function extensionOpens(assignment: Assignment): number {
  const last = newest(assignment, null);
  return (last && windowOf(assignment.endsAt, last)) ?? Infinity;
}
