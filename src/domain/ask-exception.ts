// Asking for an exception to an incompatibility (rule 3.13): a request of its own, by the policy of the incompatibility. Who may ask is
// who may ask for the package; what is asked for is only that it may be held beside the other one.
import { textOf } from './change';
import { DomainError } from './errors';
import type { Clash, Now, SubmitFacts } from './facts';
import { counts, lasts } from './lent';
import type { PolicyVersion, Request } from './model';
import { inZone, period } from './period';
import { gate, notForThem, offered, refuseOver } from './policy';
import type { SubmitInput, Submitted } from './request';
import { answersOf, blank, entered, notForOthers, refuseTwice } from './request';
import { isZone } from './time';

/** The longest reason: it stays with the exception, where the database refuses more. */
export const EXCEPTION_REASON = 1000;

/** What the target has that stands against the package. */
export type Had = Clash & { readonly how: NonNullable<Clash['how']> };

export interface ExceptionOffer {
  readonly clash: Had;
  readonly policy: PolicyVersion;
}

/**
 * The exception that may be asked for: the first that is needed, else one that ends soon. Refuses what `submitException` would refuse.
 * `wanted`: the one of this policy version.
 */
export function offerException(
  facts: SubmitFacts,
  now: Date,
  wanted: PolicyVersion['id'] | null = null,
): ExceptionOffer {
  const { requestor, target } = facts;
  const name = facts.package.name;
  const onBehalf = requestor.id !== target.id;
  if (onBehalf && !facts.managesTarget) throw notForOthers(facts);
  if (requestor.state !== 'enabled') throw new DomainError('person-disabled', {});
  if (facts.open) refuseTwice(facts, requestor.id, 'joins');
  // All other gates, and the rights, are those of the package: an exception to what could not be had anyway is for nobody.
  gate({ ...facts, conflicts: [] }, { requestor, onBehalf, for: 'ask' });
  if (offered(facts, { onBehalf }).length === 0) {
    refuseOver(facts, { onBehalf }, false);
    if (onBehalf) throw notForOthers(facts);
    throw notForThem(facts);
  }

  const had = facts.clashes.filter((clash): clash is Had => clash.how !== null);
  const needed = had.filter(({ exception }) => !exception || !counts(exception, now));
  const closed = needed.find(({ offers }) => offers === null);
  const who = onBehalf ? target.name : null;
  if (closed) {
    const { name: other, how } = closed;
    throw new DomainError('incompatible', { package: name, with: other, how, target: who, ask: false });
  }
  const ending = had.filter((one) => !needed.includes(one) && one.exception && !lasts(one.exception, now));
  const choices = [...needed, ...ending.filter(({ offers }) => offers !== null)];
  const clash = wanted === null ? choices[0] : choices.find(({ offers }) => offers === wanted);
  const policy = facts.policies.find((fact) => fact.policy.id === clash?.offers)?.policy;
  if (clash && policy) return { clash, policy };
  if (choices.length > 0) throw new DomainError('policy-not-offered', { package: name });
  for (const { exception, name: other } of had)
    if (exception) throw new DomainError('exception-lasts', { package: name, with: other, until: exception.until });
  throw new DomainError('exception-not-needed', { package: name, target: who });
}

/** Asks for an exception, for oneself or for a direct report. It begins when it is granted and lasts until the end of a day. */
export function submitException(facts: SubmitFacts, input: SubmitInput, at: Now): Submitted {
  const { policy } = offerException(facts, at.now, input.policyVersion);
  const { target } = facts;
  const reason = textOf(input.reason, 'reason', EXCEPTION_REASON);
  if (!reason) throw new DomainError('reason-required', {}, 'reason');
  const answers = answersOf(input.answers, policy, true);
  const zone = isZone(input.zone) ? input.zone : target.timeZone;
  const asked = { startsAt: null, endsAt: input.period.endsAt, hours: null };
  const { clamped } = period(policy, inZone(asked, zone, target.timeZone), at.now, target.timeZone);
  const request: Request = {
    ...blank(facts, policy, at),
    type: 'exception',
    requestor: facts.requestor.id,
    period: asked,
    zone,
    reason,
    answers,
  };
  return { ...entered(facts, request, { policy, needsApproval: true }, at), clamped };
}
