// How access begins, is extended and ends. Making it true in other systems: placement.ts (exported here as well).
import type { Change } from './events';
import type { AssignmentFacts, Now } from './facts';
import type { EndReason, PersonId } from './model';

export interface EndInput {
  readonly reason: EndReason;
  readonly type: 'userRemove' | 'adminRemove' | 'systemRemove';
  readonly requestor: PersonId | null;
  readonly note: string | null;
}
export declare function end(facts: AssignmentFacts, input: EndInput, at: Now): Change;
export declare function endOver(facts: AssignmentFacts, at: Now): Change;
export declare function giveUp(facts: AssignmentFacts, person: PersonId, at: Now): Change;
export declare function removeByOwner(
  facts: AssignmentFacts,
  by: { readonly person: PersonId; readonly mayAssign: boolean; readonly note: string | null },
  at: Now,
): Change;
export declare function remind(facts: AssignmentFacts, at: Now): Change;
export { confirm, desired, fail, finishTask, readBaseline } from './placement';
export type { PlaceOutcome } from './placement';
