// A request as a row: how one begins and how one ends.
import type { Assignment, Key, Organization, Request } from './book';
import { OPEN, packageOf, works } from './book';

export function newRequest(
  o: Organization,
  type: Request['type'],
  target: Key,
  pack: Key,
  fields: Partial<Request>,
): Request {
  const n = o.requests.filter((one) => one.target === target && one.package === pack).length;
  return {
    type,
    state: 'submitted',
    detail: null,
    requestor: null,
    target,
    package: pack,
    policy: null,
    terms: null,
    roles: [...packageOf(o, pack).roles],
    asked: { start: null, hours: null, end: null },
    assignment: null,
    stage: 0,
    startsAt: null,
    endsAt: null,
    stages: [],
    tasks: [],
    decisions: [],
    ...fields,
    key: `${target}/${pack}/${n}`,
  };
}

/** What is held goes on for other reasons, or until another time: a request as well, that nobody makes. */
export function update(
  o: Organization,
  { key, target, package: pack, startsAt, endsAt }: Assignment,
  why: string,
): void {
  const request = newRequest(o, 'systemUpdate', target, pack, { assignment: key, startsAt, endsAt });
  end(request, 'delivered', why);
  o.requests.push(request);
}

export function close({ now }: Organization, request: Request, state: 'denied' | 'expired' | 'canceled'): void {
  const running = request.stages.find((stage) => stage.state === 'inProgress');
  // Who was released at the very instant at which it is over, by another job, was released by that for all that anybody can tell.
  for (const task of request.tasks) if (task.n === running?.n && task.withdrawn === now) task.withdrawn = null;
  for (const stage of request.stages) {
    if (stage.state === 'inProgress') Object.assign(stage, { state, remindAt: null });
    if (stage.state === 'waiting') stage.state = 'canceled';
  }
  closeTasks(request);
}

export function closeTasks(request: Request): void {
  for (const task of request.tasks) if (task.state === 'open') task.state = 'closed';
}

export function end(request: Request, state: string, detail: string): void {
  request.state = state;
  request.detail = detail;
}

/** The policy by which it was asked for is disabled, or the last day over that it could give: it is closed (rule 3.2). */
export function isClosed(o: Organization, { state, type, package: pack, policy, asked }: Request): boolean {
  if (state === 'pendingApproval' && asked.end !== null && asked.end <= o.now) return true;
  if (!OPEN.includes(state) || type === 'exception') return false;
  return packageOf(o, pack).policies.some(({ name, enabled }) => name === policy && !enabled);
}

/** Whoever it is for left while it was open, or whoever asked, while it was not decided; they may be back. */
export function isGone(o: Organization, request: Request): boolean {
  const { left = null, requestor, target, state } = request;
  if (left === 'target' || !works(o, target)) return OPEN.includes(state);
  return (left === 'requestor' || (requestor !== null && !works(o, requestor))) && state === 'pendingApproval';
}
