// Giving a package to somebody who did not ask for it (rule 3.22).
import { adds } from './delivery';
import { DomainError } from './errors';
import type { Now, SubmitFacts } from './facts';
import type { Assignment, PolicyVersion } from './model';
import { latestStart, periodFor } from './period';
import { choosePolicy, gate, offered, refuseOver } from './policy';
import { answersOf, heldByTarget, refuseTwice, started } from './request';
import type { SubmitInput, Submitted } from './request';
import { earlier } from './time';

/**
 * Policies to choose from in the form for direct assignment; refuses what `submitDirect` would refuse whatever is filled in. Who has
 * it already, or gets it, may be given more of it: where no policy could do that, nobody approves in vain.
 */
export function offerDirect(facts: SubmitFacts, now: Date): readonly PolicyVersion[] {
  const { requestor, target } = facts;
  if (!facts.mayAssign) throw new DomainError('forbidden', {});
  if (requestor.id === target.id) throw new DomainError('self-assignment', {});
  if (requestor.state !== 'enabled') throw new DomainError('person-disabled', {});
  gate(facts, { requestor, onBehalf: true, for: 'assign' });
  refuseTwice(facts, requestor.id, 'joins');

  const policies = offered(facts, { onBehalf: true, for: 'assign' });
  refuseOver(facts, { onBehalf: true, for: 'assign' }, facts.mayChange);
  if (policies.length === 0)
    throw new DomainError('not-in-scope', { package: facts.package.name, target: target.name });
  const { live } = facts;
  if (live && !policies.some((policy) => couldAdd(facts, live, policy, now))) throw heldByTarget(facts, live);
  return policies;
}

/** Whether the policy gives more than is held, whatever dates are chosen: the latest start without a gap that may be chosen gives the most. */
function couldAdd(facts: SubmitFacts, live: Assignment, policy: PolicyVersion, now: Date): boolean {
  const latest = earlier(live.endsAt, latestStart(now, facts.target.timeZone));
  const period = { startsAt: policy.customPeriod ? latest : null, endsAt: null, hours: null };
  try {
    return adds(live, periodFor(facts, policy, period, now));
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

/** Gives a package without being asked for it; only a policy for direct assignment without stages skips approval (3.22). */
export function submitDirect(facts: SubmitFacts, input: SubmitInput, at: Now): Submitted {
  offerDirect(facts, at.now);
  const policy = choosePolicy(facts, input.policyVersion, { onBehalf: true, for: 'assign' });
  // Questions are for the one who asks; an owner may answer them, and need not.
  const answers = answersOf(input.answers, policy, false);
  return started(facts, 'adminAdd', { ...input, answers, policy }, at);
}
