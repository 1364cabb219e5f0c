// Stages: who is asked, who may decide, what opening and closing a stage writes. Decisions themselves: decision.ts.
import type { Now, PairFacts, RequestFacts } from './facts';
import type {
  ApprovalTask,
  ApproverCapacity,
  Because,
  PersonId,
  PersonRef,
  PolicyVersion,
  PolicyVersionId,
  StagePlan,
} from './model';

export interface Asked {
  readonly person: PersonId;
  readonly name: string;
  readonly capacity: ApproverCapacity;
  readonly because: Because;
}
export interface Resolution {
  readonly asked: readonly Asked[];
  /** Asked as well once the stage escalates. */
  readonly alternates: readonly Asked[];
  readonly enough: boolean;
  /** Somebody stands in because too few primaries remain (rule 3.5): the requestor is told. */
  readonly standIns: boolean;
}
export interface PlannedStage extends Resolution {
  readonly n: number;
  readonly approvalsRequired: number;
  readonly decideWithinHours: number;
}
export type ApproverFacts = Pick<PairFacts, 'candidates' | 'owners' | 'administrators'>;

export declare function resolveStage(
  plan: StagePlan,
  facts: ApproverFacts,
  excluded: readonly PersonId[],
  policyVersion: PolicyVersionId,
): Resolution;
export declare function mayDecide(facts: RequestFacts, person: PersonId, at: Now): ApprovalTask;
export declare function plan(
  facts: ApproverFacts,
  policy: PolicyVersion,
  requestor: PersonId,
  target: PersonId,
): readonly PlannedStage[];
export type { PersonRef };
