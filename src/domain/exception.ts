// Who may hold two things that do not go together for a while (rule 3.13): how it is granted, and when whoever answers for it hears of
// the end. Asking for it: ask-exception.ts.
import { keptPolicy } from './approval';
import { inserted, isOnBehalf, refsOf, told, toldOf, updated } from './change';
import { DomainError } from './errors';
import type { Change, DomainEvent } from './events';
import { noChange, together } from './events';
import type { Clash, Now, RequestFacts } from './facts';
import type { AssignmentId, Catalog, ConflictException, Incompatibility, Package, PersonId, PersonRef } from './model';
import { counts, lasts } from './lent';
import { endMoved } from './moved-end';
import { inZone, period } from './period';
import { mustBeOpen } from './policy';
import { after, DAY, dateIn, endOfDay } from './time';

/** The owner hears this long before the end, or at half of the time where that is shorter. */
const NOTICE_DAYS = 14;

/** Whether some may hold both whom nothing decided on: it is new, or stands the other way round as well from now on. */
export function leavesUndecided(before: Incompatibility | null, after: Incompatibility): boolean {
  return before === null || (after.mutual && !before.mutual);
}

export interface ExceptionFacts {
  readonly exception: ConflictException;
  readonly person: PersonRef;
  readonly package: Pick<Package, 'id' | 'name'>;
  readonly catalog: Pick<Catalog, 'id' | 'name'>;
  /** What the person has of the package, where they do. */
  readonly assignment: AssignmentId | null;
  /** The other package, or the group. */
  readonly other: string;
  /** Whether exceptions are asked for in chat, by a policy that still gives any. */
  readonly excusable: boolean;
  /** Whether the exception is still needed. */
  readonly holdsBoth: boolean;
  /** Whether both are held for longer than it lasts, as things are: whoever holds one of them by it loses that in time. */
  readonly outlasts: boolean;
}

export interface ExceptionChange {
  readonly before: ConflictException;
  readonly after: ConflictException;
  readonly events: readonly DomainEvent[];
}

/** What the request asks an exception to; null where the target has the other side no more, or they go together by now. */
export function clashOf(facts: RequestFacts): Clash | null {
  const { policy } = keptPolicy(facts);
  return facts.clashes.find((one) => one.policy === policy) ?? null;
}

/** Why there is nothing to except: what the request asks it to stands against the package no more. */
export function notNeeded(facts: RequestFacts): DomainError {
  const { name } = facts.package;
  // Something else may stand against it all the same: then the package is to be had by an exception to that, if at all.
  const other = facts.conflicts.find(({ excusable }) => !excusable) ?? facts.conflicts[0];
  return other
    ? new DomainError('incompatible', {
        package: name,
        with: other.name,
        how: other.how,
        target: null,
        ask: other.excusable,
      })
    : new DomainError('exception-not-needed', { package: name, target: null });
}

/**
 * Final approval: the target may hold both until the end of a day where they are, and whoever approved last answers for it, or the one
 * for whom a delegate did: that stands in for a few days only. It gives no access: that is asked for as ever, and the gate lets it pass. Throws what stands against it by now.
 */
export function grantException(facts: RequestFacts, owner: PersonId, at: Now): Change {
  const { request, target } = facts;
  const name = facts.package.name;
  const policy = keptPolicy(facts);
  mustBeOpen(facts, { requestor: null, onBehalf: false, for: 'final' });
  const clash = clashOf(facts);
  if (!clash?.how) throw notNeeded(facts);

  const zone = target.timeZone;
  const { endsAt } = period(policy, inZone(request.period, request.zone, zone), at.now, zone);
  if (!endsAt) throw new Error(`policy version ${policy.id} lets exceptions last for ever`);
  const day = dateIn(after(endsAt, -1), zone);
  const until = endOfDay(day, zone);
  const before = clash.exception;
  if (before && (lasts(before, at.now) || (counts(before, at.now) && before.until >= until)))
    throw new DomainError('exception-lasts', { package: name, with: clash.name, until: before.until });

  const fields = {
    owner,
    request: request.id,
    day,
    until,
    reason: request.reason ?? '',
    remindAt: firstReport(at.now, until),
    // Whether both are held may have changed since it was read.
    touchedAt: at.now,
    state: 'active' as const,
  };
  const id = before?.id ?? at.newId();
  const data = { scheduled: false, waits: false, onBehalf: isOnBehalf(request), byPolicy: false, type: request.type };
  const granted: ConflictException = {
    id,
    incompatibility: clash.incompatibility,
    person: target.id,
    version: 1,
    ...(before ?? {}),
    ...fields,
  };
  const clashes = facts.clashes.map((one) => (one === clash ? { ...one, exception: granted } : one));
  return together(
    updated('request', request, {
      state: 'delivered',
      approvedAt: at.now,
      startsAt: at.now,
      endsAt: until,
      completedAt: at.now,
    }),
    toldOf(facts, request, 'request.approved', { data }),
    before ? updated('exception', before, fields) : inserted('exception', granted),
    told(before ? 'exception.changed' : 'exception.created', { kind: 'exception', id }, refsOf(facts, request), {
      day,
    }),
    // What is held by it lasts longer at once, as the same message says. The other side follows what is noted.
    prolonged({ ...facts, clashes }, at),
  );
}

function prolonged(facts: RequestFacts, at: Now): Change {
  const { live } = facts;
  // What has reached its end is over, whether or not that is written down yet.
  const isHeld = live && (live.endsAt === null || live.endsAt > at.now);
  return isHeld ? endMoved(facts, live, at, { tells: false }).change : noChange;
}

/** When the owner of an exception that is recorded now first hears of its end. */
export function firstReport(now: Date, until: Date): Date {
  const half = (until.getTime() - now.getTime()) / 2;
  return after(until, -Math.min(NOTICE_DAYS * DAY, half));
}

/**
 * What is due of an exception: those in charge hear of its coming end, then of its end, and then daily, as long as both are held. What
 * they were told follows where that changes. An exception that is over and not needed waits for nothing, until both are held again.
 */
export function report(facts: ExceptionFacts, at: Now): ExceptionChange | null {
  const { exception, holdsBoth } = facts;
  const { remindAt, state, touchedAt } = exception;
  const isDue = remindAt !== null && remindAt <= at.now;
  const isBack = state === 'over' && remindAt === null && holdsBoth;
  if (state === 'ended' || (!isDue && !isBack && touchedAt === null)) return null;
  const isOver = exception.until <= at.now;
  // The end itself is an event also where nobody has to hear of it, nor of what settles itself.
  const tells = (isDue || isBack) && (state === 'active' || holdsBoth);
  const next = nextReport(facts, at, tells);
  return {
    before: exception,
    after: {
      ...exception,
      state: tells && isOver ? 'over' : state,
      remindAt: next,
      touchedAt: null,
      version: exception.version + 1,
    },
    events: [
      {
        type: tells ? (isOver ? 'exception.over' : 'exception.reminded') : 'exception.followed',
        subject: { kind: 'exception', id: exception.id },
        refs: { person: exception.person, package: facts.package.id, catalog: facts.catalog.id },
        data: tells ? { tell: isOver ? holdsBoth : facts.outlasts, until: next?.toISOString() ?? null } : {},
      },
    ],
  };
}

function nextReport({ exception, holdsBoth }: ExceptionFacts, { now }: Now, told: boolean): Date | null {
  const isOver = exception.until <= now;
  if (!told) return exception.state === 'over' && !holdsBoth ? null : exception.remindAt;
  if (!isOver) return exception.until;
  return holdsBoth ? after(now, DAY) : null;
}

/** Whether nobody has to do anything about it now, or ever again as things are. */
export function isSettled({ exception, holdsBoth, outlasts }: ExceptionFacts, now: Date): boolean {
  return !holdsBoth || lasts(exception, now) || (exception.until > now && !outlasts);
}

/** Whether what was said until the instant `until`, the next time to say it, was said anew since. */
export function isRepeated({ state, remindAt }: ConflictException, until: string | null): boolean {
  return state === 'over' && until !== null && remindAt !== null && remindAt.toISOString() !== until;
}
