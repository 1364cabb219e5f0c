// Who may ask for a package, by which policy, and what a refusal may tell. The lengths of access live in period.ts.
import { DomainError } from './errors';
import type { AskFacts, PairFacts, PolicyFact } from './facts';
import type { Person, PolicyVersion, PolicyVersionId } from './model';
import { isOutsider, widthOfPolicy } from './subjects';

import { isOver } from './period';

export { askedPeriod, extensionWindow, fixedEnd, inZone, mayExtend, endsSoon, period, reminders } from './period';
export type { Extension, Period } from './period';

export interface GateOptions {
  /** Who acts; null: the system. Only decides how the refusal speaks of the target. */
  readonly requestor: Person | null;
  readonly onBehalf: boolean;
  readonly for: 'ask' | 'assign' | 'extend' | 'final';
  /** Set for decided or kept versions: this version alone must be enabled and have the target in scope. */
  readonly policyVersion?: PolicyVersionId;
}
export interface OfferOptions {
  readonly onBehalf: boolean;
  /** Default `ask`. */
  readonly for?: 'ask' | 'assign';
}
/** With what is known of the one who asks where somebody asks for another person, and with who is in charge. */
export type OfferFacts = AskFacts & { readonly managesTarget?: boolean } & Partial<Pick<PairFacts, 'owners'>>;

/**
 * The gates of rule 3.2 in their order. Who asks without being allowed to see the package gets one and the same refusal,
 * whether it exists or not; owners and the system see it anyway.
 */
export function gate(facts: OfferFacts, options: GateOptions): void {
  mustBeOpen(facts, options);
  const name = facts.package.name;
  const target = namedTo(facts, options);
  // An exception is asked for only where one would open the way: what none can be asked for comes first.
  const conflict = facts.conflicts.find(({ excusable }) => !excusable) ?? facts.conflicts[0];
  if (conflict) {
    const asks = options.for === 'ask' || options.for === 'extend';
    // It is asked for by whoever may ask for the package, which not everybody may who holds it.
    const ask = conflict.excusable && asks && offered(facts, { onBehalf: options.onBehalf }).length > 0;
    throw new DomainError('incompatible', { package: name, with: conflict.name, how: conflict.how, target, ask });
  }

  if (!facts.policies.some((fact) => opens(fact, options))) {
    const isEnded = facts.policies.some(({ policy, enabled }) => policy.id === options.policyVersion && !enabled);
    if (target === null && !isEnded) throw notForThem(facts);
    throw new DomainError('not-in-scope', { package: name, target, ...(isEnded ? { ended: true } : {}) });
  }
}

/** The gates that no exception opens and no policy: the package is there, and its catalog is open to the target. */
export function mustBeOpen(facts: AskFacts, options: Pick<GateOptions, 'requestor' | 'onBehalf' | 'for'>): void {
  if (options.for === 'ask' && !maySee(facts, options.onBehalf))
    throw new DomainError('not-found', { what: 'package' });
  if (isGone(facts)) throw new DomainError('not-found', { what: 'package' });

  const name = facts.package.name;

  if (facts.target.state !== 'enabled') {
    if (namedTo(facts, options) !== null) throw new DomainError('not-found', { what: 'person' });
    throw new DomainError('person-disabled', {});
  }
  if (facts.catalog.state !== 'published') throw new DomainError('catalog-closed', { package: name });
  if (isOutsider(facts.target) && !facts.catalog.externallyVisible) {
    throw new DomainError('not-for-outsiders', { package: name });
  }
}

/** The target's name, where somebody else acts for them. */
function namedTo({ target }: AskFacts, { requestor }: Pick<GateOptions, 'requestor'>): string | null {
  return requestor !== null && requestor.id !== target.id ? target.name : null;
}

/**
 * Whether the target may know the package: requestable in principle, asked for, or held. Hidden changes lists only (3.19).
 * What nobody can ask for themselves is known to those who ask for others.
 */
export function maySee(facts: AskFacts, onBehalf = false): boolean {
  if (facts.live || facts.open) return true;
  if (isGone(facts)) return false;
  if (isOutsider(facts.target) && !facts.catalog.externallyVisible) return false;
  return facts.policies.some(
    (fact) => isOpen(fact) && fact.policy.mode === 'request' && (onBehalf || fact.policy.selfRequest),
  );
}

/**
 * Policies to choose from. Only the strictest category that has the target in scope counts (rule 3.3), also when its
 * policies cannot be used in this way, or are over: a wider policy is no way round a stricter one. For direct assignment, policies
 * made for that come as well.
 */
export function offered(facts: OfferFacts, options: OfferOptions): readonly PolicyVersion[] {
  const over = new Set(facts.policies.filter((fact) => fact.over).map((fact) => fact.policy));
  return offeredOnce(facts, options).filter((policy) => !over.has(policy));
}

/** The facts as they will be then: policies whose last day is over by then offer nothing any more. */
export function asOf<F extends AskFacts>(facts: F, then: Date | null): F {
  if (then === null) return facts;
  const { timeZone } = facts.target;
  const policies = facts.policies.map((fact) => ({ ...fact, over: fact.over || isOver(fact.policy, timeZone, then) }));
  return { ...facts, policies };
}

/** Refuses where nothing is offered but by policies whose last day is over. `change`: whoever is refused may change that. */
export function refuseOver(facts: OfferFacts, options: OfferOptions, change: boolean): void {
  const days = offeredOnce(facts, options).flatMap(({ expiration }) =>
    expiration.kind === 'date' ? [expiration.day] : [],
  );
  const day = days.sort().at(-1);
  if (day === undefined || offered(facts, options).length > 0) return;
  throw new DomainError('policy-over', { package: facts.package.name, day, next: change ? 'change' : 'owners' });
}

/** The same whether they are over or not. */
function offeredOnce(facts: OfferFacts, options: OfferOptions): readonly PolicyVersion[] {
  const open = facts.policies.filter(isOpen).map((fact) => fact.policy);
  const requestable = open.filter((policy) => policy.mode === 'request');
  const strictest = Math.min(...requestable.map(widthOfPolicy));
  const equals = requestable.filter((policy) => widthOfPolicy(policy) === strictest);

  if (options.for === 'assign') return [...open.filter((policy) => policy.mode === 'direct'), ...equals];
  if (options.onBehalf) return facts.managesTarget ? equals.filter((policy) => policy.onBehalf) : [];
  return equals.filter((policy) => policy.selfRequest);
}

/** The policy that was chosen, or the only one. Owners who choose none get the only one made for direct assignment. */
export function choosePolicy(facts: OfferFacts, wanted: PolicyVersionId | null, options: OfferOptions): PolicyVersion {
  const equals = offered(facts, options);
  if (wanted !== null) {
    const chosen = equals.find((policy) => policy.id === wanted);
    if (chosen) return chosen;
    throw new DomainError('policy-not-offered', { package: facts.package.name }, 'policy');
  }
  const direct = equals.filter((policy) => policy.mode === 'direct');
  const [only, second] = direct.length > 0 ? direct : equals;
  if (only && !second) return only;
  if (only) throw new DomainError('policy-not-offered', { package: facts.package.name }, 'policy');

  if (options.onBehalf) throw new DomainError('not-for-others', { package: facts.package.name });
  throw notForThem(facts);
}

/** The refusal where no policy means the target, in words for them: an owner is not sent to the owners. */
export function notForThem({ package: { name }, target, owners = [] }: OfferFacts): DomainError<'not-in-scope'> {
  const owner = owners.some(({ id }) => id === target.id) ? { owner: true as const } : {};
  return new DomainError('not-in-scope', { package: name, target: null, ...owner });
}

function isGone(facts: AskFacts): boolean {
  return facts.package.state !== 'active' || facts.catalog.state === 'deleted';
}

/** A direct policy without targets is for whomever an owner chooses. */
function isOpen(fact: PolicyFact): boolean {
  const forAll = fact.policy.mode === 'direct' && fact.policy.targets.length === 0;
  return fact.enabled && (fact.inScope || forAll);
}

function opens(fact: PolicyFact, options: GateOptions): boolean {
  if (!isOpen(fact)) return false;
  if (options.policyVersion !== undefined) return fact.policy.id === options.policyVersion;
  switch (options.for) {
    case 'ask':
      return fact.policy.mode === 'request';
    case 'assign':
      return fact.policy.mode !== 'automatic';
    case 'extend':
    case 'final':
      return true;
  }
}
