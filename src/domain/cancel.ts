// Requests that are taken back: by people, and by Usher where somebody left.
import { closeStages } from './approval';
import { isOnBehalf, toldOf, updated } from './change';
import { toldOfAssignment } from './delivery';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Now, RequestFacts } from './facts';
import type { Assignment, EndReason, PersonId, RequestDetail } from './model';
import { OPEN_REQUEST_STATES } from './model';

/**
 * Takes a request back while it still waits: for approval, or for its start. Access that waits for its start is somebody's: nobody
 * else takes it without a reason, which is a removal (rule 3.22).
 */
export function cancel(
  facts: RequestFacts,
  by: { readonly person: PersonId; readonly owner: boolean } | 'system',
  at: Now,
  detail?: RequestDetail,
): Change {
  const { request } = facts;
  const { number, state } = request;
  const own = by !== 'system' && (by.person === request.requestor || by.person === request.target);
  if (by !== 'system' && !own && !by.owner) throw new DomainError('not-found', { what: 'request' });
  if (!OPEN_REQUEST_STATES.some((open) => open === state)) {
    const granted = request.type === 'exception' && state === 'delivered';
    throw new DomainError('not-cancelable', { number, state, ...(granted ? { granted } : {}) });
  }

  if (by !== 'system' && state === 'scheduled' && by.person !== request.target) {
    throw new DomainError('removal-reason-required', {}, 'note');
  }

  const byPerson = own ? 'canceledByRequestor' : 'canceledByOwner';
  // Where the access was ended before, whoever wanted to keep it hears of that.
  const isToldByEnd = by === 'system' && request.type === 'userExtend' && Boolean(facts.assignment?.endedAt);
  const why = detail ?? (by === 'system' ? 'targetDisabled' : byPerson);
  const data = {
    ...(isToldByEnd ? {} : { byRequestor: by !== 'system' && by.person === request.requestor }),
    detail: why,
    onBehalf: isOnBehalf(request),
    type: request.type,
    // Whoever asked hears of it in any case; so does for whom it was asked, unless they did it or left.
    tellTarget: isOnBehalf(request) && why !== 'targetDisabled' && (by === 'system' || by.person !== request.target),
  };
  return together(
    closeStages(facts, 'canceled', at),
    updated('request', request, { state: 'canceled', detail: why, completedAt: at.now }),
    toldOf(facts, request, 'request.canceled', { data }),
    dropScheduled(facts, why === 'targetDisabled' ? 'targetDisabled' : 'canceled', at),
  );
}

/**
 * Ends what nobody can have any more: all that is open of a target who left, and what a requestor who left asked for others,
 * unless it is decided already; however soon they were back (rule 3.17). Whatever would go on with a request asks here first:
 * deciding and starting may come before the job.
 */
export function cancelForGone(facts: RequestFacts, at: Now): Change {
  const { request, requestor, target, left } = facts;
  if (!OPEN_REQUEST_STATES.some((open) => open === request.state)) return noChange;
  if (target.state !== 'enabled' || left === 'target') return cancel(facts, 'system', at, 'targetDisabled');
  const isGone = left === 'requestor' || (requestor !== null && requestor.state !== 'enabled');
  const isAbandoned = isGone && request.state === 'pendingApproval';
  return isAbandoned ? cancel(facts, 'system', at, 'requestorDisabled') : noChange;
}

/**
 * Whether nobody ever had access that is over: it ended before its start, or what was to start did not (`dropScheduled`), which a
 * refusal at the start does a moment after it.
 */
export function neverBegan({ startsAt, endedAt, endReason }: Assignment): boolean {
  return endedAt !== null && (startsAt > endedAt || endReason === 'gateClosed' || endReason === 'canceled');
}

/** Access that was to start with this request does not: nothing was placed, so nothing is taken, and nobody is told twice. */
export function dropScheduled(facts: RequestFacts, endReason: EndReason, at: Now): Change {
  const { assignment, request } = facts;
  if (assignment?.state !== 'scheduled' || request.state !== 'scheduled') return noChange;
  const fields: Partial<Assignment> = { state: 'removed', endedAt: at.now, endReason, remindAt: null };
  const live = facts.justifications.filter((one) => one.assignment === assignment.id && one.endedAt === null);
  return together(
    updated('assignment', assignment, fields),
    ...live.map((one) => updated('justification', one, { endedAt: at.now })),
    toldOfAssignment(facts, assignment, 'assignment.ending', request, { reason: endReason, tell: false }),
    toldOfAssignment(facts, assignment, 'assignment.removed', request),
  );
}
