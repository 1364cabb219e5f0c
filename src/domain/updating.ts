// The request that is made where access goes on for other reasons, or until another time, and nobody asked for it (rule 3.1).
import type { Now, PairFacts } from './facts';
import type { Assignment, Justification, Request, RequestDetail, RequestId } from './model';
import { newest } from './period';

/** Done as it is made. `reasons`: why the access is held from now on; `why` and the new end are said by it. */
export function updateOf(
  facts: Pick<PairFacts, 'target' | 'package' | 'content'>,
  held: { readonly assignment: Assignment; readonly reasons: readonly Justification[]; readonly endsAt: Date | null },
  why: Extract<RequestDetail, 'endReached' | 'outOfScope' | 'exceptionChanged'>,
  at: Now,
): Request {
  const { assignment, reasons, endsAt } = held;
  return {
    id: at.newId() as RequestId,
    number: 0,
    type: 'systemUpdate',
    state: 'delivered',
    detail: why,
    requestor: null,
    target: facts.target.id,
    package: facts.package.id,
    packageVersion: facts.content.id,
    policyVersion: newest(reasons, null)?.policyVersion ?? null,
    assignment: assignment.id,
    period: { startsAt: null, endsAt: null, hours: null },
    zone: facts.target.timeZone,
    reason: null,
    answers: {},
    stage: 0,
    createdAt: at.now,
    approvedAt: at.now,
    startsAt: assignment.startsAt,
    endsAt,
    completedAt: at.now,
    replaces: null,
    refusal: null,
    version: 1,
  };
}
