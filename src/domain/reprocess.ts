// Asking once more for roles that could not be given. Pure, like all rules; who calls it and when is operations/placements.ts.
import { refsOf, told, updated } from './change';
import { toldOfAssignment } from './delivery';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { AssignmentFacts } from './facts';

/**
 * All roles of the assignment that could not be given are wanted anew, with all tries before them. The request keeps its
 * state until something comes of it.
 */
export function reprocess(facts: AssignmentFacts): Change {
  const { assignment } = facts;
  const failed = facts.grants.filter(
    ({ grant, justifiedBy }) => grant.state === 'placeFailed' && justifiedBy.includes(assignment.id),
  );
  if (assignment.endedAt !== null)
    throw new DomainError('not-held', { package: facts.package.name, target: facts.target.name });
  if (failed.length === 0) throw new DomainError('nothing-failed', { package: facts.package.name });
  return together(
    assignment.state === 'delivering' ? noChange : updated('assignment', assignment, { state: 'delivering' }),
    toldOfAssignment(facts, assignment, 'assignment.delivering', null, { again: true }),
    ...failed.map(({ grant }) =>
      together(
        updated('grant', grant, { state: 'placing', error: null }),
        told(
          'grant.wanted',
          { kind: 'grant', id: grant.id },
          { ...refsOf(facts), assignment: assignment.id, grant: grant.id },
          { again: true },
        ),
      ),
    ),
  );
}
