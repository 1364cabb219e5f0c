// Stages: who is asked, who may decide, what a decision leads to (rules 3.4 to 3.8).
import type { Answer, Key, Organization, Request, Running, Stage, Task, Who } from './book';
import {
  ADMINISTRATOR,
  DAY,
  HOUR,
  OWNER,
  found,
  liveOf,
  manages,
  packageOf,
  requestOf,
  running,
  termsOf,
  works,
} from './book';
import type { Asked } from './delegations';
import { speaksFor, spokenFor, voiceOf, withDelegates } from './delegations';
import { cancel, closeForPolicy } from './ending';
import { grantException } from './exceptions';
import { give } from './giving';
import { close, closeTasks, end, isClosed, isGone, newRequest } from './requests';

/** People who are meant and still work here. */
function meant(o: Organization, who: readonly Who[], target: Key): Key[] {
  const all = who.flatMap((one) => {
    if (one === 'manager') return o.people[target]?.manager ?? [];
    return one.startsWith('@') ? (o.groups[one.slice(1)] ?? []) : [one];
  });
  return [...new Set(all)].filter((one) => works(o, one)).sort();
}

/** Who is asked in their own right. */
interface Resolved {
  readonly asked: readonly Asked[];
  readonly alternates: readonly Asked[];
  readonly enough: boolean;
}

/** Who is asked: primaries; while too few: fallbacks, alternates, owners, administrators, each kind as a whole (rule 3.5). */
function resolve(o: Organization, stage: Stage, target: Key, never: readonly Key[], required: number): Resolved {
  const asked: Asked[] = [];
  const add = (people: readonly Key[], capacity: Task['capacity']): void => {
    for (const person of people)
      if (!never.includes(person) && !asked.some((one) => one.person === person))
        asked.push({ person, capacity, for: null });
  };
  add(meant(o, stage.approvers, target), 'primary');
  const standIns: [Key[], Task['capacity']][] = [
    [meant(o, stage.fallbacks, target), 'fallback'],
    [meant(o, stage.alternates, target), 'alternate'],
    [[OWNER].filter((one) => works(o, one)), 'owner'],
    [[ADMINISTRATOR].filter((one) => works(o, one)), 'administrator'],
  ];
  for (const [people, capacity] of standIns) if (asked.length < required) add(people, capacity);
  const alternates = meant(o, stage.alternates, target)
    .filter((one) => !never.includes(one) && !asked.some(({ person }) => person === one))
    .map((person) => ({ person, capacity: 'alternate' as const, for: null }));
  return { asked, alternates, enough: asked.length >= required };
}

/** Its first stage opens, or it is approved at once. */
export function enter(o: Organization, request: Request, needsApproval: boolean): Answer {
  if (!needsApproval) {
    request.detail = 'approvedByPolicy';
    const refusal = give(o, request);
    if (refusal === null) o.requests.push(request);
    return refusal ?? 'ok';
  }
  const { stages, samePerson } = termsOf(o, request.terms);
  const never = [request.target, request.requestor ?? request.target];
  if (stages.some((one) => !resolve(o, one, request.target, never, one.required).enough)) return 'no-approvers';
  if (!samePerson && !enoughTogether(o, stages, request.target, never)) return 'no-approvers';
  request.stages = stages.map((_, i) => ({
    n: i + 1,
    state: 'waiting',
    decideBy: null,
    escalateAt: null,
    escalatedAt: null,
    remindAt: null,
  }));
  request.state = 'pendingApproval';
  o.requests.push(request);
  open(o, request, 1);
  return 'ok';
}

/** Where one person counts in one stage only: whether any of the stages together have as many people as they require. */
function enoughTogether(o: Organization, stages: readonly Stage[], target: Key, never: readonly Key[]): boolean {
  const each = stages.map((one, before) => {
    // Any stand-in of a later stage may come in for whoever decided before.
    const { asked, alternates } = resolve(o, one, target, never, before === 0 ? one.required : Infinity);
    const all = one.escalate === null ? asked : [...asked, ...alternates];
    return { required: one.required, people: all.map(({ person }) => person) };
  });
  const sets = each.reduce<(typeof each)[]>((some, one) => [...some, ...some.map((set) => [...set, one])], [[]]);
  return sets.every((set) => {
    const required = set.reduce((sum, one) => sum + one.required, 0);
    return new Set(set.flatMap(({ people }) => people)).size >= required;
  });
}

/** Who can never decide: whom it is for, who asked, and who spoke before, or had somebody speak for them. */
function never(o: Organization, request: Request, n: number): Key[] {
  const earlier = termsOf(o, request.terms).samePerson ? [] : request.decisions.filter((one) => one.n < n);
  return [request.target, request.requestor ?? request.target, ...earlier.flatMap(usedUp)];
}

const usedUp = (one: Request['decisions'][number]): Key[] => [one.person, voiceOf(one)];

function open(o: Organization, request: Request, n: number): void {
  const plan = found(termsOf(o, request.terms).stages[n - 1]);
  const stage = found(request.stages[n - 1]);
  request.stage = n;
  stage.state = 'inProgress';
  stage.decideBy = o.now + plan.within * HOUR;
  stage.escalateAt = plan.escalate === null ? null : o.now + plan.escalate * HOUR;
  stage.remindAt = o.now + (plan.within * HOUR) / 2;
  const not = never(o, request, n);
  const { asked } = resolve(o, plan, request.target, not, plan.required);
  addTasks(request, n, withDelegates(o, request.package, asked, not, []));
}

function addTasks(request: Request, n: number, people: readonly Asked[]): void {
  for (const one of people) {
    const before = request.tasks.find((task) => task.n === n && task.person === one.person);
    if (before) Object.assign(before, one, { state: 'open', withdrawn: null });
    else request.tasks.push({ n, ...one, state: 'open', withdrawn: null });
  }
}

/** What a card to decide by says: at which step the request is, for whom its reader decides, and which roles the package has. */
export interface Shown {
  readonly step: number;
  readonly voice: Key | null;
  readonly roles: readonly string[];
}

/** As the card of somebody is now. `old`: but for the roles, which are those that were asked for. */
export function shownTo(o: Organization, key: Key, person: Key, old: boolean): Shown {
  const request = requestOf(o, key);
  const step = running(request)?.n ?? 0;
  const task = openIn(request, step).find((one) => one.person === person);
  const { roles } = old ? request : packageOf(o, request.package);
  return { step, voice: task?.for ?? null, roles: [...roles] };
}

/** Anybody may try. `shown`: what the decider's card said; null where they decide by the number. */
export function decide(
  o: Organization,
  key: Key,
  person: Key,
  decision: 'approve' | 'deny',
  reason: boolean,
  shown: Shown | null,
): Answer {
  const request = requestOf(o, key);
  if (person === request.target || person === request.requestor) return 'own-request';
  const stage = request.state === 'pendingApproval' ? running(request) : undefined;
  const mine = request.tasks.filter((one) => one.person === person);
  const task = mine.find((one) => one.n === stage?.n && one.state === 'open');
  if (!stage || !task) {
    if (request.decisions.some((one) => one.person === person)) return 'you-decided';
    const kept = mine.filter((one) => one.withdrawn === null);
    if (kept.length === 0) return 'not-an-approver';
    return isHeard(request, kept) ? 'voice-heard' : 'already-decided';
  }
  if (stage.decideBy !== null && stage.decideBy <= o.now) return 'already-decided';
  const plan = found(termsOf(o, request.terms).stages[stage.n - 1]);
  if (isHeard(request, [task])) return 'voice-heard';
  if (never(o, request, stage.n).some((one) => one === person || one === voiceOf(task))) return 'not-an-approver';
  if (!stillAsked(o, request, plan, stage, task)) return 'not-an-approver';
  const isSeen = shown === null ? mine.every((one) => one.n >= stage.n) : shown.step === stage.n;
  if (!isSeen) return 'moved-on';
  if (shown !== null && shown.voice !== task.for) return 'other-voice';
  if (isGone(o, request)) return cancel(o, key, 'system');
  if (isClosed(o, request)) return closeForPolicy(o, request);
  const { roles } = packageOf(o, request.package);
  // Who decides by the number is taken to have seen what was asked for, and of that what is left.
  const seen = shown?.roles ?? request.roles;
  const gives = decision === 'approve' && request.type !== 'exception';
  if (gives && roles.some((role) => !seen.includes(role))) return 'roles-added';
  if (decision === 'deny' && !reason) return 'denial-reason-required';
  if (decision === 'approve' && plan.reason && !reason) return 'approval-reason-required';

  const saw = request.type === 'exception' ? request.roles : (shown?.roles ?? [...roles]);
  request.decisions.push({ n: stage.n, person, for: task.for, decision, saw });
  task.state = 'decided';
  if (decision === 'deny') {
    close(o, request, 'denied');
    end(request, 'denied', 'deniedByApprover');
    return 'ok';
  }
  if (request.decisions.filter((one) => one.n === stage.n).length < plan.required) {
    hear(o, request, stage.n, voiceOf(task));
    return 'ok';
  }
  stage.state = 'approved';
  stage.remindAt = null;
  closeTasks(request);
  const next = termsOf(o, request.terms).stages[stage.n];
  if (!next) {
    grant(o, request);
    return 'ok';
  }
  if (resolve(o, next, request.target, never(o, request, stage.n + 1), next.required).enough) {
    open(o, request, stage.n + 1);
  } else {
    close(o, request, 'canceled');
    end(request, 'denied', 'noApprovers');
  }
  return 'ok';
}

/** A voice was heard: nobody is asked for it any more, and who could speak for another one does so from now on. */
function hear(o: Organization, request: Request, n: number, voice: Key): void {
  const open = openIn(request, n);
  const own = open.filter((one) => one.for === null && one.person !== voice).map(({ person }) => person);
  const delegates = open.filter((one) => one.for !== null);
  const voices = spokenFor(
    o,
    request.package,
    own,
    delegates.map(({ person }) => person),
    delegates,
  );
  for (const one of open) {
    const next = one.for === null ? undefined : voices.get(one.person);
    if (next !== undefined) one.for = next;
    else if (voiceOf(one) === voice) one.state = 'closed';
  }
}

const openIn = (request: Request, n: number): Task[] =>
  request.tasks.filter((one) => one.n === n && one.state === 'open');

/** Delegate and delegator are one voice: whoever speaks first has spoken for both. */
function isHeard(request: Request, tasks: readonly Task[]): boolean {
  return tasks.some((task) => request.decisions.some((one) => one.n === task.n && voiceOf(one) === voiceOf(task)));
}

/** By what they were asked for, or by what they would be asked for now; a delegate through whom they decide for. */
function stillAsked(o: Organization, request: Request, plan: Stage, stage: Running, task: Task): boolean {
  if (task.for !== null) {
    const theirs = request.tasks.find((one) => one.n === task.n && one.person === task.for && one.state === 'open');
    if (theirs?.for !== null || !speaksFor(o, task.person, task.for, request.package)) return false;
    return stillAsked(o, request, plan, stage, theirs);
  }
  if (resolvedNow(o, request, stage).asked.some((one) => one.person === task.person)) return true;
  if (task.capacity === 'owner' || task.capacity === 'administrator') return manages(o, task.person);
  const is = (who: readonly Who[]): boolean => meant(o, who, request.target).includes(task.person);
  if (is(plan.approvers)) return true;
  if (task.capacity === 'fallback') return is(plan.fallbacks) || (stage.escalatedAt !== null && is(plan.alternates));
  return (task.capacity === 'alternate' || stage.escalatedAt !== null) && is(plan.alternates);
}

/** Everybody approved: the gates are looked at again, and what the package gained re-opens the decision (rules 3.2, 3.8). */
function grant(o: Organization, request: Request): void {
  if (request.type === 'exception') {
    if (!grantException(o, request, voiceOf(found(request.decisions.at(-1))))) end(request, 'denied', 'gateClosed');
    return;
  }
  const anew = !liveOf(o, request.target, request.package) && gained(o, request);
  if (anew && wouldGive(o, request) === null) {
    askAgain(o, request);
    return;
  }
  if (give(o, request) !== null) end(request, 'denied', 'gateClosed');
}

/** Null where it would be given. */
function wouldGive(o: Organization, request: Request): Answer | null {
  const copy = structuredClone(o);
  return give(copy, requestOf(copy, request.key));
}

/** A role that somebody did not see who decided. */
export const gained = (o: Organization, request: Request): boolean =>
  packageOf(o, request.package).roles.some((role) => request.decisions.some(({ saw }) => !saw.includes(role)));

/** The same once more, with what the package holds now; refused where nobody is left to decide. */
export function askAgain(o: Organization, request: Request): void {
  const again = newRequest(o, request.type, request.target, request.package, {
    requestor: request.requestor,
    policy: request.policy,
    terms: request.terms,
    asked: request.asked,
    assignment: request.type === 'userExtend' ? request.assignment : null,
  });
  if (enter(o, again, true) === 'ok') end(request, 'canceled', 'contentChanged');
  else end(request, 'denied', 'noApprovers');
}

export const stageDue = (request: Request): Running | undefined =>
  request.state === 'pendingApproval' ? running(request) : undefined;

function resolvedNow(o: Organization, request: Request, stage: Running): Resolved & { readonly not: readonly Key[] } {
  const plan = found(termsOf(o, request.terms).stages[stage.n - 1]);
  const here = request.decisions.filter((one) => one.n === stage.n);
  const left = Math.max(1, plan.required - here.length);
  const not = [...never(o, request, stage.n), ...here.flatMap(usedUp)];
  return { ...resolve(o, plan, request.target, not, left), not };
}

/** Alternates are asked as well, and who decides for them. */
export function escalate(o: Organization, request: Request, stage: Running): void {
  const { asked, alternates, not } = resolvedNow(o, request, stage);
  const isAsked = (one: Asked): boolean =>
    request.tasks.some(
      (task) => task.n === stage.n && task.person === one.person && task.for === one.for && task.state !== 'closed',
    );
  const open = openIn(request, stage.n);
  const people = withDelegates(o, request.package, [...asked, ...alternates], not, open);
  // Whoever speaks for an alternate from now on may leave whom they spoke for to somebody who is asked already.
  const isAlternate = (one: Asked): boolean =>
    alternates.some(({ person }) => person === voiceOf(one)) || open.some(({ person }) => person === one.person);
  addTasks(
    request,
    stage.n,
    people.filter((one) => !isAsked(one) && isAlternate(one)),
  );
}

/** Who may decide has changed (rule 3.6). */
export function reroute(o: Organization, request: Request): void {
  const stage = stageDue(request);
  if (!stage) return;
  const { asked, alternates, enough, not } = resolvedNow(o, request, stage);
  if (!enough) {
    close(o, request, 'denied');
    end(request, 'denied', 'noApprovers');
    return;
  }
  const own = [...asked, ...(stage.escalatedAt === null ? [] : alternates)];
  const here = openIn(request, stage.n);
  const all = withDelegates(o, request.package, own, not, here);
  const before = here.map(({ person, for: other }) => ({ person, for: other }));
  for (const task of here)
    if (!all.some((one) => one.person === task.person)) Object.assign(task, { state: 'closed', withdrawn: o.now });
  const changed = all.filter((one) => !before.some((task) => task.person === one.person && task.for === one.for));
  addTasks(request, stage.n, changed);
  // The voice of a delegate has had its time.
  const isNew = changed.some((one) => one.for === null && !before.some((task) => task.person === one.person));
  if (!isNew || Number(stage.decideBy) >= o.now + DAY) return;
  stage.decideBy = o.now + DAY;
  stage.remindAt ??= o.now + DAY / 2;
}
