// What happens to a request from asking to its start. Decisions and stages: decision.ts (exported here as well).
import type { Change } from './events';
import type { AssignmentFacts, Now, RequestFacts, SubmitFacts } from './facts';
import type { AskedPeriod, PersonId, PolicyVersionId, Request, RequestDetail } from './model';

export interface SubmitInput {
  readonly policyVersion: PolicyVersionId | null;
  readonly period: AskedPeriod;
  readonly zone: string;
  readonly reason: string | null;
  readonly answers: Readonly<Record<string, string>>;
}
export interface Submitted {
  readonly request: Request;
  readonly change: Change;
  readonly clamped: 'maximum' | 'fixedEnd' | null;
}
export declare function submit(facts: SubmitFacts, input: SubmitInput, at: Now): Submitted;
export declare function submitExtension(
  facts: AssignmentFacts,
  input: { readonly requestor: PersonId; readonly reason: string | null },
  at: Now,
): Submitted;
export declare function submitDirect(facts: SubmitFacts, input: SubmitInput, at: Now): Submitted;
export declare function cancel(
  facts: RequestFacts,
  by: { readonly person: PersonId; readonly owner: boolean } | 'system',
  at: Now,
  detail?: RequestDetail,
): Change;
export declare function startDue(facts: RequestFacts, at: Now): Change;
export { decide, escalate, expireStage, remindStage, reroute } from './decision';
export type { DecideInput } from './decision';
