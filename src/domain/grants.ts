// Which roles a beginning assignment wants placed and an ending one lets go: each role is placed once and taken only when
// no live assignment justifies it any more (rule 3.10). Always recomputed from assignments, never counted up and down.
import { inserted, linked, refsOf, told, updated, withdrawn } from './change';
import type { Change, DomainEvent } from './events';
import { noChange, together } from './events';
import type { GrantFact, Now, PairFacts } from './facts';
import type { AssignmentId, Grant, GrantId, PackageVersion } from './model';

export interface GrantsChange {
  readonly change: Change;
  /** How many grants there is work for. */
  readonly count: number;
}

/** What an ending assignment lets go. */
export interface ReleasedGrants {
  /** Rows alone: the ending is their event. */
  readonly change: Change;
  readonly grants: readonly Grant[];
}

/** The grants of the assignment that nothing else justifies, those too that its package lost. */
export function letGo(facts: Pick<PairFacts, 'grants'>, assignment: AssignmentId): readonly GrantFact[] {
  return facts.grants.filter(
    ({ justifiedBy, lostBy }) =>
      justifiedBy.every((id) => id === assignment) && [...justifiedBy, ...lostBy].includes(assignment),
  );
}

/** Wants roles placed, by default all that the package holds now (rule 3.8): new grants, or those that exist, turned round. */
export function wantGrants(
  facts: PairFacts,
  assignment: AssignmentId,
  at: Now,
  roles: PackageVersion['roles'] = facts.content.roles,
): GrantsChange {
  const changes = roles.map(({ role, scope }): Change => {
    const existing = facts.grants.find(({ grant }) => grant.role === role && grant.scope === scope);
    const grant = existing ? existing.grant : newGrant(facts, { role, scope }, at);
    const row = existing ? wantedAgain(existing.grant) : inserted('grant', grant);
    const link = existing?.justifiedBy.includes(assignment) ? noChange : linked({ grant: grant.id, assignment });
    return together(row, link, toldOfGrant(facts, assignment, grant, 'grant.wanted'));
  });
  return { change: together(...changes), count: changes.length };
}

/** Wants what the ending assignment alone justified taken away. What its package lost may still be there, and ends with it. */
export function releaseGrants(facts: PairFacts, assignment: AssignmentId): ReleasedGrants {
  const grants = letGo(facts, assignment)
    .map(({ grant }) => grant)
    .filter(({ state }) => state !== 'taken');
  return {
    change: together(...grants.map((grant) => updated('grant', grant, { state: 'taking', error: null }))),
    grants,
  };
}

/** Wants what could not be given placed after all, with all tries before it. */
export function retryGrants(facts: PairFacts, assignment: AssignmentId): GrantsChange {
  const failed = facts.grants.filter(
    ({ grant, justifiedBy }) => grant.state === 'placeFailed' && justifiedBy.includes(assignment),
  );
  const changes = failed.map(({ grant }) =>
    together(wantedAgain(grant), toldOfGrant(facts, assignment, grant, 'grant.wanted')),
  );
  return { change: together(...changes), count: changes.length };
}

/** The assignment goes on without these grants of its own; what it alone justified is taken away. */
export function withdrawGrants(facts: PairFacts, assignment: AssignmentId, lost: readonly GrantFact[]): Change {
  const alone = letGo({ grants: lost }, assignment);
  return together(
    ...lost.map((one) =>
      together(
        withdrawn({ grant: one.grant.id, assignment }),
        alone.includes(one) ? unwanted(facts, assignment, one.grant) : noChange,
      ),
    ),
  );
}

function unwanted(facts: PairFacts, assignment: AssignmentId, grant: Grant): Change {
  if (grant.state === 'taken') return noChange;
  return together(
    updated('grant', grant, { state: 'taking', error: null }),
    toldOfGrant(facts, assignment, grant, 'grant.unwanted'),
  );
}

function newGrant(facts: PairFacts, place: Pick<Grant, 'role' | 'scope'>, at: Now): Grant {
  return {
    id: at.newId() as GrantId,
    person: facts.target.id,
    ...place,
    state: 'placing',
    baseline: null,
    externalId: null,
    error: null,
    placedAt: null,
    takenAt: null,
    goneAt: null,
    version: 1,
  };
}

function wantedAgain(grant: Grant): Change {
  if (grant.state === 'placed' || grant.state === 'placing') return noChange;
  // What was taken back wholly begins anew, its baseline too: the person may have got the role elsewhere meanwhile. While
  // it is only being taken, what a connector reads may still be our own gift.
  const anew = grant.state === 'taken' ? { baseline: null, placedAt: null } : {};
  return updated('grant', grant, { state: 'placing', error: null, ...anew });
}

function toldOfGrant(facts: PairFacts, assignment: AssignmentId, grant: Grant, type: DomainEvent['type']): Change {
  return told(type, { kind: 'grant', id: grant.id }, { ...refsOf(facts), assignment, grant: grant.id });
}
