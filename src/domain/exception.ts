// Who may hold two things that do not go together for a while (rule 3.13): when whoever answers for it hears of the end.
import type { DomainEvent } from './events';
import type { Now } from './facts';
import type { AssignmentId, Catalog, ConflictException, Package, PersonRef } from './model';
import { after, DAY } from './time';

/** The owner hears this long before the end, or at half of the time where that is shorter. */
const NOTICE_DAYS = 14;

export interface ExceptionFacts {
  readonly exception: ConflictException;
  readonly person: PersonRef;
  readonly package: Pick<Package, 'id' | 'name'>;
  readonly catalog: Pick<Catalog, 'id' | 'name'>;
  /** What the person has of the package, where they do. */
  readonly assignment: AssignmentId | null;
  /** The other package, or the group. */
  readonly other: string;
  /** Whether the exception is still needed. */
  readonly holdsBoth: boolean;
}

export interface ExceptionChange {
  readonly before: ConflictException;
  readonly after: ConflictException;
  readonly events: readonly DomainEvent[];
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
  // The end itself is an event also where nobody has to hear of it.
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
        data: tells ? { tell: holdsBoth, until: next?.toISOString() ?? null } : {},
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

/** Whether what was said until the instant `until`, the next time to say it, was said anew since. */
export function isRepeated({ state, remindAt }: ConflictException, until: string | null): boolean {
  return state === 'over' && until !== null && remindAt !== null && remindAt.toISOString() !== until;
}
