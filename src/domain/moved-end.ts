// How the end of access that is held by an exception follows what lets it be held (rule 3.13): it comes and goes with that, and never
// passes the end by its policy. What a period is before it is given: period.ts.
import { covering, inserted, toldOf, updated } from './change';
import { toldOfAssignment } from './delivery';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Now, PairFacts } from './facts';
import { lentBy, lentUntil } from './lent';
import type { Assignment, Justification } from './model';
import { extensionWindow, newest, reminders } from './period';
import { updateOf } from './updating';

/**
 * The end as it is now, with the change that it takes: a request of its own, since whatever lets it be held is no request about this
 * assignment, not even one for an exception. `tells`: its holder does not hear of it otherwise. `since`: when that changed which
 * lets it be held.
 */
export function endMoved(
  facts: PairFacts,
  assignment: Assignment,
  at: Now,
  { tells = true, since = at.now }: { readonly tells?: boolean; readonly since?: Date } = {},
): { readonly until: Date | null; readonly change: Change } {
  const { endsAt: held, startsAt, state } = assignment;
  const stays = { until: held, change: noChange };
  if (!assignment.lent) return stays;
  const reasons = facts.justifications.filter((one) => one.assignment === assignment.id && one.endedAt === null);
  const until = lentUntil(facts, held, reasons, since);
  // What would end before it begins is refused when it begins, or should have begun.
  const isVain = state === 'scheduled' && until !== null && (until <= startsAt || until <= at.now);
  if (isVain || until?.getTime() === held?.getTime()) return stays;

  const { open } = facts;
  const asked = state === 'scheduled' && open?.assignment === assignment.id ? open : null;
  const lent = lentBy(facts, at.now);
  const reminded = remindedAnew(assignment, reasons, until);
  const data = {
    // What is so near that it is reminded of at once is told by that.
    tell: tells && !(reminded.remindAt && reminded.remindAt <= at.now),
    later: held !== null && (until === null || until > held),
    because: lent?.until.getTime() === until?.getTime() ? 'exception' : 'policy',
    endsAt: until?.toISOString() ?? null,
  };
  const request = updateOf(facts, { assignment, reasons, endsAt: until }, 'exceptionChanged', at);
  const change = together(
    inserted('request', request),
    updated('assignment', assignment, { endsAt: until, ...reminded }),
    covering(toldOfAssignment(facts, assignment, 'assignment.endMoved', request, data), [request]),
    asked ? together(updated('request', asked, { endsAt: until }), toldOf(facts, asked, 'request.endMoved')) : noChange,
  );
  return { until, change };
}

/** Reminders of another end begin anew. */
export function remindedAnew(
  { startsAt }: Pick<Assignment, 'startsAt'>,
  reasons: readonly Justification[],
  endsAt: Date | null,
): Pick<Assignment, 'remindAt' | 'reminded'> {
  const last = newest(reasons, null);
  const opensAt = last && extensionWindow({ startsAt, endsAt }, { ...last, until: endsAt }).opensAt;
  return { remindAt: reminders({ startsAt, endsAt }, opensAt, 0), reminded: 0 };
}
