// A role added to a package after a decision re-opens the decision (rule 3.8): the request ends, and the same is asked again
// with what the package holds now, so that everybody decides on what is delivered. Roles only taken out re-open nothing.
import { keptPolicy, openStages } from './approval';
import { inserted, isOnBehalf, toldOf, updated } from './change';
import type { Change } from './events';
import { together } from './events';
import type { Now, RequestFacts } from './facts';
import type { Request, RequestId } from './model';

/**
 * Ends a request by the system and makes the same once more, under the policy version that it kept. Throws 'no-approvers'
 * where nobody is left to decide.
 */
export function askAgain(facts: RequestFacts, at: Now): Change {
  const { request } = facts;
  const onBehalf = isOnBehalf(request);
  const again: Request = {
    ...request,
    id: at.newId() as RequestId,
    number: 0,
    state: 'pendingApproval',
    detail: null,
    packageVersion: facts.content.id,
    // An extension names what it extends; any other request names what it gave, and this one gave nothing yet.
    assignment: request.type === 'userExtend' ? request.assignment : null,
    stage: 1,
    createdAt: at.now,
    approvedAt: null,
    startsAt: null,
    endsAt: null,
    completedAt: null,
    replaces: request.id,
    refusal: null,
    version: 1,
  };
  // The old tasks stay with the request that they belong to.
  const anew: RequestFacts = { ...facts, tasks: [] };
  const detail = 'contentChanged';
  const bySystem = request.requestor === null;
  return together(
    updated('request', request, { state: 'canceled', detail, completedAt: at.now }),
    toldOf(facts, request, 'request.canceled', { data: { byRequestor: false, detail, type: request.type, onBehalf } }),
    inserted('request', again),
    toldOf(facts, again, 'request.submitted', {
      data: { type: request.type, notify: true, onBehalf, bySystem, again: true },
      remark: request.reason,
    }),
    openStages(anew, again, keptPolicy(facts), at),
  );
}
