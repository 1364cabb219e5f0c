// Who may ask for a package, by which policy, and what a refusal may tell. The lengths of access live in period.ts.
import type { PairFacts } from './facts';
import type { Person, PolicyVersion, PolicyVersionId } from './model';

export interface GateOptions {
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
/** Pair facts, with what is known of the one who asks where somebody asks for another person. */
export type OfferFacts = PairFacts & { readonly managesTarget?: boolean };

export declare function gate(facts: PairFacts, options: GateOptions): void;
export declare function maySee(facts: PairFacts): boolean;
export declare function offered(facts: OfferFacts, options: OfferOptions): readonly PolicyVersion[];
export declare function choosePolicy(
  facts: OfferFacts,
  wanted: PolicyVersionId | null,
  options: OfferOptions,
): PolicyVersion;
export { askedPeriod, extensionWindow, mayExtend, period, reminders } from './period';
export type { Period } from './period';
