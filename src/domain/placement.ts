// One grant made true in another system: baseline, outcome, failure, manual tasks, and what follows for assignments.
import type { Change } from './events';
import type { Now, PlaceFacts } from './facts';
import type { PersonId } from './model';

export interface PlaceOutcome {
  readonly state: 'present' | 'absent' | 'waiting';
  readonly externalId: string | null;
}
export declare function desired(facts: PlaceFacts): 'present' | 'absent' | 'keepBaseline';
/** Null `present`: the system cannot be read. Committed before the first call that gives (rule 3.10). */
export declare function readBaseline(facts: PlaceFacts, present: boolean | null, at: Now): Change;
/** With `desired` = keepBaseline nothing is called: confirm it as `present`. */
export declare function confirm(facts: PlaceFacts, outcome: PlaceOutcome, at: Now): Change;
export declare function fail(
  facts: PlaceFacts,
  error: { readonly code: string; readonly final: boolean },
  at: Now,
): Change;
/** Works on `facts.openTask`. */
export declare function finishTask(
  facts: PlaceFacts,
  person: PersonId,
  note: string | null,
  owners: readonly PersonId[],
  at: Now,
): Change;
