// What the deciding of a stage, and its running out of time or of people, leads to.
import type { Change } from './events';
import type { Now, RequestFacts } from './facts';
import type { PersonId } from './model';

export interface DecideInput {
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  readonly shown: Readonly<Record<string, unknown>>;
}
export declare function decide(facts: RequestFacts, person: PersonId, input: DecideInput, at: Now): Change;
export declare function expireStage(facts: RequestFacts, at: Now): Change;
export declare function escalate(facts: RequestFacts, at: Now): Change;
export declare function remindStage(facts: RequestFacts, at: Now): Change;
export declare function reroute(facts: RequestFacts, at: Now): Change;
