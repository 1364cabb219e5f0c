// Requests that end without access though nobody denied them: by a gate that closed after they were made, for want of approvers, or
// because the policy by which they were asked for is in use no more, or because the last day that they could give is over.
import { closeStages, keptPolicy } from './approval';
import { dropScheduled } from './cancel';
import { isOnBehalf, toldOf, updated } from './change';
import { DomainError, kept } from './errors';
import type { Change } from './events';
import { clashOf, notNeeded } from './exception';
import { noChange, together } from './events';
import type { Now, RequestFacts } from './facts';
import type { RequestDetail } from './model';
import { OPEN_REQUEST_STATES } from './model';
import { inZone, isOver, lastDayEnd } from './period';

/** A request that ends without access, and why. */
export function denied(facts: RequestFacts, detail: RequestDetail, at: Now, gate?: DomainError): Change {
  const { request } = facts;
  const data = { detail, type: request.type, onBehalf: isOnBehalf(request), ...(gate ? { gate: gate.code } : {}) };
  const refusal = gate ? kept(gate) : null;
  return together(
    updated('request', request, { state: 'denied', detail, refusal, completedAt: at.now }),
    toldOf(facts, request, 'request.denied', { data }),
  );
}

/** The denial for a gate that closed after the request was made. Anything but a refusal is a bug and flies on. */
export function deniedByGate(facts: RequestFacts, refusal: unknown, at: Now): Change {
  if (!(refusal instanceof DomainError)) throw refusal;
  return denied(facts, refusal.code === 'no-approvers' ? 'noApprovers' : 'gateClosed', at, refusal);
}

/**
 * Closes what is asked for by a policy that was disabled or deleted since, and what waits for a decision though its last day is over, the
 * one that was asked for or that of its policy: it would be refused at the final approval, or at its start (rule 3.2), so nobody decides
 * in vain. Deciding asks here first, because it may come before the job.
 */
export function closeForPolicy(facts: RequestFacts, at: Now): Change {
  const { request } = facts;
  if (!OPEN_REQUEST_STATES.some((open) => open === request.state)) return noChange;
  const isEnded = facts.policies.some(({ policy, enabled }) => policy.id === request.policyVersion && !enabled);
  const over = isEnded ? null : lastDayOver(facts, at);
  if (!isEnded && over === null) return noChange;
  const name = facts.package.name;
  const why = (): DomainError => {
    if (over !== null) return over;
    if (request.type !== 'exception')
      return new DomainError('not-in-scope', { package: name, target: null, ended: true });
    // The policy ends with what it makes exceptions to: then the package itself is to be asked for.
    return clashOf(facts)?.how ? new DomainError('exceptions-closed', { package: name }) : notNeeded(facts);
  };
  return together(
    closeStages(facts, 'denied', at),
    deniedByGate(facts, why(), at),
    dropScheduled(facts, 'gateClosed', at),
  );
}

/** Why nothing can come of a decision any more, however it falls; null: something can. What waits for its start was given its days. */
function lastDayOver(facts: RequestFacts, { now }: Now): DomainError | null {
  const { request, target } = facts;
  if (request.state !== 'pendingApproval') return null;
  const name = facts.package.name;
  const policy = keptPolicy(facts);
  const { expiration } = policy;
  if (expiration.kind === 'date' && isOver(policy, target.timeZone, now))
    return new DomainError('policy-over', { package: name, day: expiration.day, next: null });
  // The end of an extension was computed, any other day was chosen.
  const until =
    request.type === 'userExtend'
      ? request.period.endsAt
      : lastDayEnd(inZone(request.period, request.zone, target.timeZone), target.timeZone);
  return until !== null && until <= now ? new DomainError('asked-over', { package: name, until }) : null;
}
