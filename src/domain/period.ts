// How long access lasts: clamping, extension windows and limits, reminders. Instants are computed once and stored.
import type { AssignmentFacts } from './facts';
import type { AskedPeriod, Assignment, Justification, PolicyVersion } from './model';

export interface Period {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly clamped: 'maximum' | 'fixedEnd' | null;
}
/** Typed dates (`2026-03-31`) as a period: from the start of the first day to the end of the last one. */
export declare function askedPeriod(
  typed: { readonly startDate: string | null; readonly endDate: string | null; readonly hours: number | null },
  zoneOfTarget: string,
): AskedPeriod;
/** `at`: when it is asked (to tell it in the form) or finally approved (to store it). */
export declare function period(policy: PolicyVersion, asked: AskedPeriod, at: Date, zoneOfTarget: string): Period;
export declare function extensionWindow(
  assignment: Pick<Assignment, 'startsAt' | 'endsAt'>,
  justification: Pick<Justification, 'startsAt' | 'until' | 'extensions'>,
): { readonly opensAt: Date | null };
export declare function mayExtend(
  facts: AssignmentFacts,
  at: Date,
): {
  readonly policy: PolicyVersion;
  readonly justification: Justification;
  readonly until: Date | null;
  readonly n: number;
};
/** When the next reminder is due, `reminded` having been sent; null: none. */
export declare function reminders(
  access: { readonly startsAt: Date; readonly endsAt: Date | null },
  opensAt: Date | null,
  reminded: number,
): Date | null;
