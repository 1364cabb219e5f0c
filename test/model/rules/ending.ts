// Taking back, giving up, removing: how requests and access end.
import type { Answer, Assignment, Key, Organization, Reason, Request } from './book';
import {
  LIVE,
  OPEN,
  assignmentOf,
  endAt,
  found,
  later,
  live,
  manages,
  newest,
  openOf,
  requestOf,
  sooner,
  termsOf,
  works,
} from './book';
import { letGo } from './giving';
import { close, end, newRequest, update } from './requests';

/** Takes a request back. `system`: because somebody left. */
export function cancel(o: Organization, key: Key, person: Key): Answer {
  const request = requestOf(o, key);
  const own = person === request.requestor || person === request.target;
  if (person !== 'system' && !own && !manages(o, person)) return 'not-found';
  if (!OPEN.includes(request.state)) return 'not-cancelable';
  if (person !== 'system' && request.state === 'scheduled' && person !== request.target)
    return 'removal-reason-required';
  const gone = works(o, request.target) && request.left !== 'target' ? 'requestorDisabled' : 'targetDisabled';
  drop(o, request, person === 'system' ? gone : own ? 'canceledByRequestor' : 'canceledByOwner');
  return 'ok';
}

function drop(o: Organization, request: Request, detail: string): void {
  const scheduled = request.state === 'scheduled';
  close(o, request, 'canceled');
  end(request, 'canceled', detail);
  if (scheduled) dropScheduled(o, request, detail === 'targetDisabled' ? 'targetDisabled' : 'canceled');
}

/** The policy by which it was asked for is in use no more. */
export function closeForPolicy(o: Organization, request: Request): Answer {
  const scheduled = request.state === 'scheduled';
  close(o, request, 'denied');
  end(request, 'denied', 'gateClosed');
  if (scheduled) dropScheduled(o, request, 'gateClosed');
  return 'ok';
}

function dropScheduled(o: Organization, request: Request, reason: string): void {
  const assignment = assignmentOf(o, found(request.assignment ?? undefined));
  if (assignment.state !== 'scheduled') return;
  over(o, assignment, 'removed', reason);
}

export function over(o: Organization, assignment: Assignment, state: string, reason: string): void {
  Object.assign(assignment, { state, endReason: reason, remindAt: null });
  if (assignment.leaver && reason === 'outOfScope') assignment.leaver = { state: 'ended', at: o.now };
  else delete assignment.leaver;
  for (const one of assignment.reasons) one.ended = true;
}

export function giveUp(o: Organization, key: Key, person: Key): Answer {
  const assignment = assignmentOf(o, key);
  if (person !== assignment.target) return 'not-found';
  if (!LIVE.includes(assignment.state)) return 'not-held';
  const last = newest(assignment, null);
  if (!last || !termsOf(o, last.terms).selfRemove) return 'not-self-removable';
  stop(o, assignment, 'gaveUp', 'userRemove', person);
  return 'ok';
}

export function remove(o: Organization, key: Key, person: Key, reason: boolean): Answer {
  const assignment = assignmentOf(o, key);
  // Who asked for somebody else takes it back before it begins.
  const asked = openOf(o, assignment.target, assignment.package);
  const isTheirs = asked?.assignment === key && asked.requestor === person && person !== assignment.target;
  if (!manages(o, person) && !(assignment.state === 'scheduled' && isTheirs)) return 'forbidden';
  if (!LIVE.includes(assignment.state)) return 'not-held';
  if (!reason) return 'removal-reason-required';
  stop(o, assignment, 'removedByOwner', 'adminRemove', person);
  return 'ok';
}

const REASONS: Record<string, string> = { gaveUp: 'canceledByRequestor', removedByOwner: 'canceledByOwner' };

export function stop(
  o: Organization,
  assignment: Assignment,
  reason: string,
  type: Request['type'],
  requestor: Key | null,
): void {
  const { target, package: pack } = assignment;
  const scheduled = assignment.state === 'scheduled';
  const gone = scheduled ? [] : letGo(o, assignment, [...assignment.roles, ...assignment.lost]);
  const state = gone.length > 0 ? 'removing' : 'removed';
  over(o, assignment, state, reason);
  for (const one of o.requests) {
    const isWaiting = one.assignment === assignment.key && (one.state === 'scheduled' || one.state === 'delivering');
    if (isWaiting) end(one, 'canceled', reason === 'gaveUp' ? 'canceledByRequestor' : reason);
  }
  const removal = newRequest(o, type, target, pack, { requestor, assignment: assignment.key });
  end(removal, state, reason);
  o.requests.push(removal);
  const extension = openOf(o, target, pack);
  if (reason !== 'endReached' && extension?.type === 'userExtend' && extension.state === 'pendingApproval')
    drop(o, extension, REASONS[reason] ?? reason);
}

/** Reasons are none any more: what others are left gives the access its end, and with the last one it is over. */
export function unjustify(
  o: Organization,
  one: Assignment,
  reasons: readonly Reason[],
  why: 'endReached' | 'outOfScope',
): void {
  const rest = live(one).filter((reason) => !reasons.includes(reason));
  if (!LIVE.includes(one.state) || reasons.length === 0) return;
  if (rest.length === 0) {
    stop(o, one, why, 'systemRemove', null);
    return;
  }
  for (const reason of reasons) reason.ended = true;
  const endsAt = sooner(later(rest.map(({ until }) => until)), one.endsAt);
  if (endsAt !== one.endsAt) endAt(one, endsAt);
  update(o, one, why);
}
