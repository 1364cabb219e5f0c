// Who may hold two things that do not go together for a while (rule 3.13): when whoever answers for it hears of the end.
import type { DomainEvent } from './events';
import type { Now } from './facts';
import type { CatalogId, ConflictException, Package, PersonRef } from './model';
import { after, DAY } from './time';

/** The owner hears this long before the end, or at half of the time where that is shorter. */
const NOTICE_DAYS = 14;

export interface ExceptionFacts {
  readonly exception: ConflictException;
  readonly person: PersonRef;
  readonly package: Pick<Package, 'id' | 'name'>;
  readonly catalog: CatalogId;
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

/** Reports the coming end, then the end, and then daily that both are still held. Nobody is told where only one is held. */
export function report(facts: ExceptionFacts, at: Now): ExceptionChange | null {
  const { exception } = facts;
  if (!exception.remindAt || exception.remindAt > at.now) return null;
  const isOver = exception.until <= at.now;
  if (exception.state === 'over' && !facts.holdsBoth) return null;
  return {
    before: exception,
    after: {
      ...exception,
      state: isOver ? 'over' : exception.state,
      remindAt: isOver ? after(at.now, DAY) : exception.until,
      version: exception.version + 1,
    },
    events: [
      {
        type: isOver ? 'exception.over' : 'exception.reminded',
        subject: { kind: 'exception', id: exception.id },
        refs: { person: exception.person, package: facts.package.id, catalog: facts.catalog },
        data: { tell: facts.holdsBoth },
      },
    ],
  };
}
