// Requests that end without access though nobody denied them: by a gate that closed after they were made, for want of approvers, or
// because the policy by which they were asked for is in use no more.
import { closeStages } from './approval';
import { dropScheduled } from './cancel';
import { isOnBehalf, toldOf, updated } from './change';
import { DomainError, kept } from './errors';
import type { Change } from './events';
import { clashOf, notNeeded } from './exception';
import { noChange, together } from './events';
import type { Now, RequestFacts } from './facts';
import type { RequestDetail } from './model';
import { OPEN_REQUEST_STATES } from './model';

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
 * Closes what is asked for by a policy that was disabled or deleted since: it would be refused at the final approval, or at its start
 * (rule 3.2), so nobody decides in vain. Deciding asks here first, because it may come before the job.
 */
export function closeForPolicy(facts: RequestFacts, at: Now): Change {
  const { request } = facts;
  if (!OPEN_REQUEST_STATES.some((open) => open === request.state)) return noChange;
  if (!facts.policies.some(({ policy, enabled }) => policy.id === request.policyVersion && !enabled)) return noChange;
  const name = facts.package.name;
  const why = (): DomainError => {
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
