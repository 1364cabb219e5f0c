// Held access made what its package says: when the package's content changes, and when an owner asks. Pure, like all rules; who
// calls it and when is operations/placements.ts.
import { isOnBehalf, refsOf, told, toldOf, updated } from './change';
import { toldOfAssignment } from './delivery';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { AssignmentFacts, GrantFact, Now } from './facts';
import { wantGrants, withdrawGrants } from './grants';
import type { AssignmentId, Grant, Request } from './model';
import { HOLDING_ASSIGNMENT_STATES } from './model';

/**
 * Roles that the package gained are wanted, those that it lost are let go, and all others are left alone (rule 3.11). Access
 * that has not begun gets the content of its start.
 */
export function follow(facts: AssignmentFacts, at: Now): Change {
  const { gained, lost, kept } = differences(facts);
  const { assignment } = facts;
  if (gained.length === 0 && lost.length === 0)
    return assignment.state === 'delivered' ? caughtUp(facts, at) : noChange;
  const data = { gained: gained.length, lost: lost.length };
  return together(
    toldOfAssignment(facts, assignment, 'assignment.contentChanged', null, data),
    wantGrants(facts, assignment.id, at, gained).change,
    withdrawGrants(facts, assignment.id, lost),
    gained.length > 0 ? delivering(facts) : without(facts, kept, at),
  );
}

/** Other access that has a role in common with this one, which is made so again for both. */
export function sharing(facts: AssignmentFacts): readonly AssignmentId[] {
  const all = differences(facts).kept.flatMap(({ justifiedBy }) => justifiedBy);
  return [...new Set(all)].filter((id) => id !== facts.assignment.id);
}

/**
 * Every role of the assignment is made so once more, whatever became of it (rule 3.12), and content that changed is followed at
 * once. The request keeps its state until something comes of it. `others`: those that are sharing, which are not delivered either
 * as long as a role of theirs is on its way.
 */
export function reprocess(facts: AssignmentFacts, others: readonly AssignmentFacts[], at: Now): Change {
  const { assignment } = facts;
  if (assignment.endedAt !== null)
    throw new DomainError('not-held', { package: facts.package.name, target: facts.target.name });
  const { gained, lost, kept } = differences(facts);
  if (gained.length + kept.length === 0) throw new DomainError('nothing-failed', { package: facts.package.name });
  return together(
    delivering(facts),
    ...others.filter((one) => one.assignment.state !== 'delivering').map(delivering),
    wantGrants(facts, assignment.id, at, gained).change,
    withdrawGrants(facts, assignment.id, lost),
    ...kept.map(({ grant }) =>
      together(
        grant.state === 'placing' && grant.error === null
          ? noChange
          : updated('grant', grant, { state: 'placing', error: null }),
        wantedAgain(facts, grant),
      ),
    ),
  );
}

interface Differences {
  readonly gained: AssignmentFacts['content']['roles'];
  readonly lost: readonly GrantFact[];
  readonly kept: readonly GrantFact[];
}

function differences({ target, assignment, content, grants }: AssignmentFacts): Differences {
  if (!HOLDING_ASSIGNMENT_STATES.some((state) => state === assignment.state)) return { gained: [], lost: [], kept: [] };
  const held = grants.filter(({ justifiedBy }) => justifiedBy.includes(assignment.id));
  // Whoever left loses it all in a moment and is given nothing more.
  if (target.state !== 'enabled') return { gained: [], lost: [], kept: held };
  const isOf = ({ grant }: GrantFact, { role, scope }: (typeof content.roles)[number]): boolean =>
    grant.role === role && grant.scope === scope;
  return {
    gained: content.roles.filter((role) => !held.some((one) => isOf(one, role))),
    lost: held.filter((one) => !content.roles.some((role) => isOf(one, role))),
    kept: held.filter((one) => content.roles.some((role) => isOf(one, role))),
  };
}

function delivering(facts: AssignmentFacts): Change {
  const { assignment } = facts;
  return together(
    assignment.state === 'delivering' ? noChange : updated('assignment', assignment, { state: 'delivering' }),
    toldOfAssignment(facts, assignment, 'assignment.delivering', null, { again: true }),
  );
}

/** Perhaps only what is lost now kept it from being delivered: placing one of the others once more finds out. */
function without(facts: AssignmentFacts, [first]: readonly GrantFact[], at: Now): Change {
  const { assignment } = facts;
  if (assignment.state === 'delivered') return noChange;
  if (first) return wantedAgain(facts, first.grant);
  return together(
    updated('assignment', assignment, { state: 'delivered' }),
    toldOfAssignment(facts, assignment, 'assignment.delivered', null, { again: true }),
    ...facts.undelivered.map((request) => delivered(facts, request, at)),
  );
}

/** A release that saw the package lose what could not be given left what had asked for it as it was. */
function caughtUp(facts: AssignmentFacts, at: Now): Change {
  const left = facts.undelivered.filter(({ state }) => state !== 'delivering');
  return together(...left.map((request) => delivered(facts, request, at)));
}

function delivered(facts: AssignmentFacts, request: Request, at: Now): Change {
  return together(
    updated('request', request, { state: 'delivered', completedAt: at.now }),
    toldOf(facts, request, 'request.delivered', { data: { onBehalf: isOnBehalf(request) } }),
  );
}

function wantedAgain(facts: AssignmentFacts, grant: Grant): Change {
  const refs = { ...refsOf(facts), assignment: facts.assignment.id, grant: grant.id };
  return told('grant.wanted', { kind: 'grant', id: grant.id }, refs, { again: true });
}
