// What should be true, told once more in the plainest way: a few lists in memory and the rules of the book over them. It imports
// nothing, least of all the rules that it checks. Time is a number of milliseconds, days have 24 hours (everybody lives in UTC).
// Names are keys: a request is `tara/writer/0`, the first one of that person for that package.

export type Key = string;
/** A person's key, `manager` (the target's), or a group as `@key`. */
export type Who = string;

export interface Stage {
  readonly approvers: readonly Who[];
  readonly alternates: readonly Who[];
  readonly fallbacks: readonly Who[];
  readonly required: number;
  readonly within: number;
  readonly escalate: number | null;
  readonly reason: boolean;
}

/** What a policy says, in one version of it. Lengths in hours. */
export interface Terms {
  readonly mode: 'request' | 'direct';
  /** `all`, a group, or nobody in particular: then it is for whomever an owner chooses. */
  readonly who: Who | null;
  readonly stages: readonly Stage[];
  readonly expires: number | null;
  readonly custom: boolean;
  readonly reason: boolean;
  readonly self: boolean;
  readonly onBehalf: boolean;
  readonly selfRemove: boolean;
  readonly extend: boolean;
  readonly extendApproval: boolean;
  readonly extendMax: number | 'unlimited' | null;
  readonly extendTotal: number | null;
  readonly samePerson: boolean;
}

export interface Policy {
  readonly name: string;
  enabled: boolean;
  /** Position of its newest terms in `terms`. */
  current: number;
}

export interface Package {
  roles: string[];
  /** Incompatible packages, both ways. */
  readonly against: readonly Key[];
  readonly policies: Policy[];
}

export interface Task {
  readonly n: number;
  readonly person: Key;
  capacity: 'primary' | 'alternate' | 'fallback' | 'owner' | 'administrator';
  state: 'open' | 'decided' | 'closed';
}

export interface Running {
  readonly n: number;
  state: 'waiting' | 'inProgress' | 'approved' | 'denied' | 'expired' | 'canceled';
  decideBy: number | null;
  escalateAt: number | null;
  escalatedAt: number | null;
  remindAt: number | null;
}

export interface Request {
  readonly key: Key;
  readonly type: 'userAdd' | 'userExtend' | 'userRemove' | 'adminAdd' | 'adminRemove' | 'systemRemove';
  state: string;
  detail: string | null;
  /** Who of them left while it was open, however soon they were back. */
  left?: 'target' | 'requestor' | null;
  readonly requestor: Key | null;
  readonly target: Key;
  readonly package: Key;
  /** Which policy, and which of its terms it keeps; null where it only takes away. */
  readonly policy: string | null;
  readonly terms: number | null;
  /** Roles of the package when it was asked for. */
  readonly roles: readonly string[];
  readonly asked: { readonly start: number | null; readonly hours: number | null; readonly end: number | null };
  assignment: Key | null;
  stage: number;
  startsAt: number | null;
  endsAt: number | null;
  stages: Running[];
  tasks: Task[];
  decisions: { readonly n: number; readonly person: Key; readonly decision: 'approve' | 'deny' }[];
}

export interface Reason {
  readonly kind: 'request' | 'direct';
  readonly policy: string;
  readonly terms: number;
  readonly startsAt: number;
  until: number | null;
  periodAt: number;
  extensions: number;
  ended: boolean;
}

export interface Assignment {
  readonly key: Key;
  readonly target: Key;
  readonly package: Key;
  state: string;
  readonly startsAt: number;
  /** When the access began that this one continues after its end. */
  since: number | null;
  endsAt: number | null;
  endReason: string | null;
  remindAt: number | null;
  reminded: number;
  reasons: Reason[];
  /** Roles that it wants. */
  roles: string[];
  /** Roles that its package lost while it was held. */
  lost: string[];
  /** Its holder was disabled while it was held. */
  left?: boolean;
}

export interface Organization {
  now: number;
  /** `deletedAt`: who is not enabled is deleted, since then. */
  people: Record<Key, { enabled: boolean; manager: Key | null; deletedAt?: number | undefined }>;
  groups: Record<Key, Key[]>;
  published: boolean;
  packages: Record<Key, Package>;
  terms: Terms[];
  requests: Request[];
  assignments: Assignment[];
  /** `person role` -> state of the grant, and whether the person had it before. */
  grants: Record<string, { state: string; baseline: boolean | null }>;
  /** Deliveries that were acted on: their body and answer. */
  deliveries: Record<string, { body: string; answer: string }>;
}

export const OWNER = 'olga';
export const ADMINISTRATOR = 'ada';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ADDING = ['userAdd', 'userExtend', 'adminAdd'];
export const OPEN = ['pendingApproval', 'scheduled'];
export const HELD = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'];
export const LIVE = ['scheduled', ...HELD];
export const ENDING = ['removing', 'removalFailed'];

/** `ok`, or the code of the refusal. */
export type Answer = string;

// ---------------------------------------------------------------- looking

const works = (o: Organization, person: Key): boolean => o.people[person]?.enabled === true;
const manages = (o: Organization, person: Key): boolean =>
  works(o, person) && (person === OWNER || person === ADMINISTRATOR);
export const openOf = (o: Organization, target: Key, pack: Key): Request | undefined =>
  o.requests.find((one) => one.target === target && one.package === pack && OPEN.includes(one.state));
export const liveOf = (o: Organization, target: Key, pack: Key): Assignment | undefined =>
  o.assignments.find((one) => one.target === target && one.package === pack && LIVE.includes(one.state));
export const requestOf = (o: Organization, key: Key): Request => found(o.requests.find((one) => one.key === key));
export const assignmentOf = (o: Organization, key: Key): Assignment =>
  found(o.assignments.find((one) => one.key === key));
const packageOf = (o: Organization, key: Key): Package => found(o.packages[key]);
const termsOf = (o: Organization, n: number | null): Terms => found(n === null ? undefined : o.terms[n]);
const running = (request: Request): Running | undefined => request.stages.find((one) => one.state === 'inProgress');
/** The step that a card of it shows; 0 where none is in progress. */
export const stepOf = (o: Organization, key: Key): number => running(requestOf(o, key))?.n ?? 0;
const live = (assignment: Assignment): Reason[] => assignment.reasons.filter((one) => !one.ended);
const later = (ends: readonly (number | null)[]): number | null =>
  ends.some((end) => end === null) ? null : Math.max(...ends.map(Number));
const sooner = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the model knows no such thing');
  return value;
}

function inScope(o: Organization, terms: Terms, target: Key): boolean {
  if (terms.who === null) return terms.mode === 'direct';
  return terms.who === 'all' || (o.groups[terms.who.slice(1)] ?? []).includes(target);
}

/** People who are meant and still work here. */
function meant(o: Organization, who: readonly Who[], target: Key): Key[] {
  const all = who.flatMap((one) => {
    if (one === 'manager') return o.people[target]?.manager ?? [];
    return one.startsWith('@') ? (o.groups[one.slice(1)] ?? []) : [one];
  });
  return [...new Set(all)].filter((one) => works(o, one)).sort();
}

/** Something that the person holds, gets, or asks for, and that stands against the package. */
function conflicts(o: Organization, target: Key, pack: Key): boolean {
  const others = Object.keys(o.packages).filter(
    (one) => packageOf(o, pack).against.includes(one) || packageOf(o, one).against.includes(pack),
  );
  return others.some(
    (other) =>
      o.assignments.some(
        (one) => one.target === target && one.package === other && [...LIVE, ...ENDING].includes(one.state),
      ) ||
      o.requests.some(
        (one) =>
          one.target === target && one.package === other && OPEN.includes(one.state) && ADDING.includes(one.type),
      ),
  );
}

/** The gate that is closed, in the order of rule 3.2. `open`: whether this policy, with these terms, would do. */
function closed(
  o: Organization,
  target: Key,
  pack: Key,
  byOther: boolean,
  open: (policy: Policy, terms: Terms) => boolean,
): Answer | null {
  if (!works(o, target)) return byOther ? 'not-found' : 'person-disabled';
  if (!o.published) return 'catalog-closed';
  if (conflicts(o, target, pack)) return 'incompatible';
  return packageOf(o, pack).policies.some((one) => one.enabled && open(one, termsOf(o, one.current)))
    ? null
    : 'not-in-scope';
}

/** The gates for something that names its policy. Only enabled ones; the scope is that of the terms that it keeps. */
function closedFor(o: Organization, target: Key, pack: Key, name: string, terms: number): Answer | null {
  return closed(o, target, pack, false, (policy) => policy.name === name && inScope(o, termsOf(o, terms), target));
}

/** Policies of the strictest kind that has the person in its scope (rule 3.3). */
function strictest(o: Organization, target: Key, pack: Key): Policy[] {
  const fit = packageOf(o, pack).policies.filter((one) => {
    const terms = termsOf(o, one.current);
    return one.enabled && terms.mode === 'request' && inScope(o, terms, target);
  });
  const named = fit.filter((one) => termsOf(o, one.current).who !== 'all');
  return named.length > 0 ? named : fit;
}

interface Resolved {
  readonly asked: readonly { person: Key; capacity: Task['capacity'] }[];
  readonly alternates: readonly { person: Key; capacity: Task['capacity'] }[];
  readonly enough: boolean;
}

/** Who is asked: primaries; while too few: fallbacks, alternates, owners, administrators, each kind as a whole (rule 3.5). */
function resolve(o: Organization, stage: Stage, target: Key, never: readonly Key[], required: number): Resolved {
  const asked: { person: Key; capacity: Task['capacity'] }[] = [];
  const add = (people: readonly Key[], capacity: Task['capacity']): void => {
    for (const person of people)
      if (!never.includes(person) && !asked.some((one) => one.person === person)) asked.push({ person, capacity });
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
    .map((person) => ({ person, capacity: 'alternate' as const }));
  return { asked, alternates, enough: asked.length >= required };
}

// ---------------------------------------------------------------- asking

export interface Wish {
  readonly actor: Key;
  readonly target: Key;
  readonly package: Key;
  /** Null: leaves it to Usher where only one is offered. */
  readonly policy: string | null;
  readonly hours: number | null;
  readonly startIn: number | null;
  readonly reason: boolean;
}

/** Asks for a package, for oneself or for somebody whom one manages. */
export function ask(o: Organization, wish: Wish): Answer {
  const { actor, target, package: pack } = wish;
  const onBehalf = actor !== target;
  const maySee = (person: Key, others: boolean): boolean =>
    openOf(o, person, pack) !== undefined ||
    liveOf(o, person, pack) !== undefined ||
    packageOf(o, pack).policies.some((one) => {
      const terms = termsOf(o, one.current);
      return one.enabled && terms.mode === 'request' && inScope(o, terms, person) && (others || terms.self);
    });
  const notForOthers = maySee(actor, false) || manages(o, actor) ? 'not-for-others' : 'not-found';

  if (onBehalf && o.people[target]?.manager !== actor) return notForOthers;
  if (!works(o, actor)) return 'person-disabled';
  if (!maySee(target, onBehalf)) return 'not-found';
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  if (liveOf(o, target, pack)) return 'already-held';
  const gate = closed(o, target, pack, onBehalf, (_, terms) => terms.mode === 'request' && inScope(o, terms, target));
  if (gate !== null) return gate;

  const offered = strictest(o, target, pack).filter((one) => {
    const terms = termsOf(o, one.current);
    return onBehalf ? terms.onBehalf : terms.self;
  });
  if (offered.length === 0) return onBehalf ? notForOthers : 'not-in-scope';
  const policy = wish.policy === null ? offered[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && offered.length > 1)) return 'policy-not-offered';
  if ((wish.hours !== null || wish.startIn !== null) && !termsOf(o, policy.current).custom) return 'period-not-allowed';
  return begin(o, 'userAdd', wish, policy);
}

/** Gives a package to somebody else (rule 3.22). */
export function assign(o: Organization, wish: Wish): Answer {
  const { actor, target, package: pack } = wish;
  if (!manages(o, actor)) return 'forbidden';
  if (actor === target) return 'self-assignment';
  const gate = closed(o, target, pack, true, (_, terms) => inScope(o, terms, target));
  if (gate !== null) return gate;
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  const direct = packageOf(o, pack).policies.filter((one) => {
    const terms = termsOf(o, one.current);
    return one.enabled && terms.mode === 'direct' && inScope(o, terms, target);
  });
  const offered = [...direct, ...strictest(o, target, pack)];
  if (offered.length === 0) return 'not-in-scope';
  const choice = direct.length > 0 ? direct : offered;
  const policy = wish.policy === null ? choice[0] : offered.find((one) => one.name === wish.policy);
  if (!policy || (wish.policy === null && choice.length > 1)) return 'policy-not-offered';
  return begin(o, 'adminAdd', wish, policy);
}

function begin(o: Organization, type: 'userAdd' | 'adminAdd', wish: Wish, policy: Policy): Answer {
  const terms = termsOf(o, policy.current);
  if (terms.reason && !wish.reason) return 'reason-required';
  const asked = { start: wish.startIn === null ? null : o.now + wish.startIn, hours: wish.hours, end: null };
  const request = newRequest(o, type, wish.target, wish.package, {
    requestor: wish.actor,
    policy: policy.name,
    terms: policy.current,
    asked,
  });
  return enter(o, request, terms.stages.length > 0);
}

function newRequest(o: Organization, type: Request['type'], target: Key, pack: Key, fields: Partial<Request>): Request {
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

/** Its first stage opens, or it is approved at once. */
function enter(o: Organization, request: Request, needsApproval: boolean): Answer {
  if (!needsApproval) {
    request.detail = 'approvedByPolicy';
    const refusal = give(o, request);
    if (refusal === null) o.requests.push(request);
    return refusal ?? 'ok';
  }
  const { stages } = termsOf(o, request.terms);
  const never = [request.target, request.requestor ?? request.target];
  if (stages.some((one) => !resolve(o, one, request.target, never, one.required).enough)) return 'no-approvers';
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

function never(o: Organization, request: Request, n: number): Key[] {
  const earlier = termsOf(o, request.terms).samePerson ? [] : request.decisions.filter((one) => one.n < n);
  return [request.target, request.requestor ?? request.target, ...earlier.map((one) => one.person)];
}

function open(o: Organization, request: Request, n: number): void {
  const plan = found(termsOf(o, request.terms).stages[n - 1]);
  const stage = found(request.stages[n - 1]);
  request.stage = n;
  stage.state = 'inProgress';
  stage.decideBy = o.now + plan.within * HOUR;
  stage.escalateAt = plan.escalate === null ? null : o.now + plan.escalate * HOUR;
  stage.remindAt = o.now + (plan.within * HOUR) / 2;
  const { asked } = resolve(o, plan, request.target, never(o, request, n), plan.required);
  for (const one of asked) addTask(request, n, one.person, one.capacity);
}

function addTask(request: Request, n: number, person: Key, capacity: Task['capacity']): void {
  const before = request.tasks.find((one) => one.n === n && one.person === person);
  if (before) Object.assign(before, { capacity, state: 'open' });
  else request.tasks.push({ n, person, capacity, state: 'open' });
}

// ---------------------------------------------------------------- deciding

/** Anybody may try. */
/** `step`: the one that the decider's card showed; null where they decide by the number. */
export function decide(
  o: Organization,
  key: Key,
  person: Key,
  decision: 'approve' | 'deny',
  reason: boolean,
  step: number | null,
): Answer {
  const request = requestOf(o, key);
  if (person === request.target || person === request.requestor) return 'own-request';
  const stage = request.state === 'pendingApproval' ? running(request) : undefined;
  const mine = request.tasks.filter((one) => one.person === person);
  const task = mine.find((one) => one.n === stage?.n && one.state === 'open');
  if (!stage || !task) {
    if (request.decisions.some((one) => one.person === person)) return 'you-decided';
    if (mine.length === 0 || (stage && mine.every((one) => one.n === stage.n))) return 'not-an-approver';
    return 'already-decided';
  }
  if (stage.decideBy !== null && stage.decideBy <= o.now) return 'already-decided';
  const plan = found(termsOf(o, request.terms).stages[stage.n - 1]);
  if (!stillAsked(o, request, plan, stage, task)) return 'not-an-approver';
  const isSeen = step === null ? mine.every((one) => one.n >= stage.n) : step === stage.n;
  if (!isSeen) return 'moved-on';
  if (isGone(o, request)) return cancel(o, key, 'system');
  if (decision === 'deny' && !reason) return 'denial-reason-required';
  if (decision === 'approve' && plan.reason && !reason) return 'approval-reason-required';

  request.decisions.push({ n: stage.n, person, decision });
  task.state = 'decided';
  if (decision === 'deny') {
    close(request, 'denied');
    end(request, 'denied', 'deniedByApprover');
    return 'ok';
  }
  if (request.decisions.filter((one) => one.n === stage.n).length < plan.required) return 'ok';
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
    close(request, 'canceled');
    end(request, 'denied', 'noApprovers');
  }
  return 'ok';
}

/** Whoever it is for left while it was open, or whoever asked, while it was not decided; they may be back. */
function isGone(o: Organization, request: Request): boolean {
  const { left = null, requestor, target, state } = request;
  if (left === 'target' || !works(o, target)) return OPEN.includes(state);
  return (left === 'requestor' || (requestor !== null && !works(o, requestor))) && state === 'pendingApproval';
}

function stillAsked(o: Organization, request: Request, plan: Stage, stage: Running, task: Task): boolean {
  if (task.capacity === 'owner' || task.capacity === 'administrator') return manages(o, task.person);
  const is = (who: readonly Who[]): boolean => meant(o, who, request.target).includes(task.person);
  if (is(plan.approvers)) return true;
  if (task.capacity === 'fallback') return is(plan.fallbacks) || (stage.escalatedAt !== null && is(plan.alternates));
  return (task.capacity === 'alternate' || stage.escalatedAt !== null) && is(plan.alternates);
}

/** Everybody approved: the gates are looked at again, and what the package gained re-opens the decision (rules 3.2, 3.8). */
function grant(o: Organization, request: Request): void {
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

const gained = (o: Organization, request: Request): boolean =>
  packageOf(o, request.package).roles.some((role) => !request.roles.includes(role));

/** The same once more, with what the package holds now; refused where nobody is left to decide. */
function askAgain(o: Organization, request: Request): void {
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

function close(request: Request, state: 'denied' | 'expired' | 'canceled'): void {
  for (const stage of request.stages) {
    if (stage.state === 'inProgress') Object.assign(stage, { state, remindAt: null });
    if (stage.state === 'waiting') stage.state = 'canceled';
  }
  closeTasks(request);
}

function closeTasks(request: Request): void {
  for (const task of request.tasks) if (task.state === 'open') task.state = 'closed';
}

function end(request: Request, state: string, detail: string): void {
  request.state = state;
  request.detail = detail;
}

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
  close(request, 'canceled');
  end(request, 'canceled', detail);
  if (scheduled) dropScheduled(o, request, detail === 'targetDisabled' ? 'targetDisabled' : 'canceled');
}

function dropScheduled(o: Organization, request: Request, reason: string): void {
  const assignment = assignmentOf(o, found(request.assignment ?? undefined));
  if (assignment.state !== 'scheduled') return;
  over(assignment, 'removed', reason);
}

function over(assignment: Assignment, state: string, reason: string): void {
  Object.assign(assignment, { state, endReason: reason, remindAt: null });
  for (const one of assignment.reasons) one.ended = true;
}

// ---------------------------------------------------------------- giving

/** What a finally approved request gives; the refusal changes nothing. */
function give(o: Organization, request: Request): Answer | null {
  const { target, package: pack } = request;
  const policy = found(request.policy ?? undefined);
  const n = found(request.terms ?? undefined);
  const gate = closedFor(o, target, pack, policy, n);
  if (gate !== null) return gate;
  if (request.type === 'userExtend') return prolong(o, request);
  const terms = termsOf(o, n);
  const startsAt = Math.max(request.asked.start ?? 0, o.now);
  const most = terms.expires === null ? null : startsAt + terms.expires * HOUR;
  const endsAt = sooner(request.asked.hours === null ? null : startsAt + request.asked.hours * HOUR, most);
  return hand(o, request, startsAt, endsAt, 0, null);
}

function hand(
  o: Organization,
  request: Request,
  startsAt: number,
  endsAt: number | null,
  extensions: number,
  since: number | null,
): Answer | null {
  const { target, package: pack } = request;
  const held = liveOf(o, target, pack);
  const reason: Reason = {
    kind: request.type === 'adminAdd' ? 'direct' : 'request',
    policy: found(request.policy ?? undefined),
    terms: found(request.terms ?? undefined),
    startsAt,
    until: endsAt,
    periodAt: startsAt,
    extensions,
    ended: false,
  };
  if (held) {
    const addsNothing = held.endsAt === null || (endsAt !== null && endsAt <= held.endsAt);
    if (held.state === 'scheduled' || addsNothing || startsAt > Number(held.endsAt)) return 'already-held';
    held.reasons.push(reason);
    held.endsAt = endsAt;
    if (since !== null) held.since = Math.min(since, held.since ?? held.startsAt);
    remindOf(held, reason);
    tryAgain(o, held);
    Object.assign(request, { state: held.state, assignment: held.key, startsAt, endsAt });
    return null;
  }
  const n = o.assignments.filter((one) => one.target === target && one.package === pack).length;
  const assignment: Assignment = {
    key: `${target}/${pack}/${n}`,
    target,
    package: pack,
    state: startsAt > o.now ? 'scheduled' : 'delivering',
    startsAt,
    since,
    endsAt,
    endReason: null,
    remindAt: null,
    reminded: 0,
    reasons: [reason],
    roles: [],
    lost: [],
  };
  remindOf(assignment, reason);
  o.assignments.push(assignment);
  if (assignment.state === 'delivering') want(o, assignment);
  Object.assign(request, { state: assignment.state, assignment: assignment.key, startsAt, endsAt });
  return null;
}

/** What could not be given is tried once more by whatever asks for more of it. */
function tryAgain(o: Organization, held: Assignment): void {
  for (const role of held.roles) {
    const grant = found(o.grants[`${held.target} ${role}`]);
    if (grant.state !== 'placeFailed') continue;
    grant.state = 'placing';
    held.state = 'delivering';
  }
}

function want(
  o: Organization,
  assignment: Assignment,
  roles: readonly string[] = packageOf(o, assignment.package).roles,
): void {
  for (const role of roles) {
    const key = `${assignment.target} ${role}`;
    const grant = o.grants[key];
    if (!grant) o.grants[key] = { state: 'placing', baseline: null };
    else if (grant.state !== 'placed' && grant.state !== 'placing') {
      if (grant.state === 'taken') grant.baseline = null;
      grant.state = 'placing';
    }
    if (!assignment.roles.includes(role)) assignment.roles.push(role);
    assignment.lost = assignment.lost.filter((one) => one !== role);
  }
}

/** Who holds a package gets what it gained and loses what it lost (rule 3.11). */
function follow(o: Organization, assignment: Assignment): void {
  if (!HELD.includes(assignment.state) || !works(o, assignment.target)) return;
  const { roles } = packageOf(o, assignment.package);
  const gained = roles.filter((role) => !assignment.roles.includes(role));
  const lost = assignment.roles.filter((role) => !roles.includes(role));
  assignment.roles = assignment.roles.filter((role) => roles.includes(role));
  assignment.lost.push(...lost);
  letGo(o, assignment, lost);
  if (gained.length === 0) return;
  assignment.state = 'delivering';
  want(o, assignment, gained);
}

/** Everything is made so once more (rule 3.12). */
export function reprocess(o: Organization, key: Key, person: Key): Answer {
  const assignment = assignmentOf(o, key);
  if (!manages(o, person)) return 'forbidden';
  if (assignment.endReason !== null) return 'not-held';
  if (!HELD.includes(assignment.state)) return 'nothing-failed';
  follow(o, assignment);
  assignment.state = 'delivering';
  for (const role of assignment.roles) found(o.grants[`${assignment.target} ${role}`]).state = 'placing';
  return 'ok';
}

/** A role stays where somebody's other access needs it; what was taken already need not be taken. */
function letGo(o: Organization, assignment: Assignment, roles: readonly string[]): readonly string[] {
  const { target } = assignment;
  const gone = roles.filter((role) => {
    const needed = o.assignments.some(
      (one) => one !== assignment && one.target === target && HELD.includes(one.state) && one.roles.includes(role),
    );
    return !needed && found(o.grants[`${target} ${role}`]).state !== 'taken';
  });
  for (const role of gone) found(o.grants[`${target} ${role}`]).state = 'taking';
  return gone;
}

/** One reminder when the extension window opens: the last 14 days, or half of a shorter period. */
function remindOf(assignment: Assignment, reason: Reason): void {
  assignment.reminded = 0;
  assignment.remindAt = windowOf(assignment.endsAt, { ...reason, until: reason.until });
}

function windowOf(endsAt: number | null, { periodAt, until }: Pick<Reason, 'periodAt' | 'until'>): number | null {
  if (endsAt === null || until === null) return null;
  return endsAt - Math.round(Math.min((until - periodAt) / 2, 14 * DAY));
}

/** From when on an extension may be asked for. */
export function extensionOpens(assignment: Assignment): number {
  const last = newest(assignment, null);
  return (last && windowOf(assignment.endsAt, last)) ?? Infinity;
}

/** The newest live reason, of these terms or of all. */
function newest(assignment: Assignment, terms: number | null, policy?: string): Reason | undefined {
  const all = live(assignment).filter((one) => terms === null || (one.terms === terms && one.policy === policy));
  return all.reduce<Reason | undefined>(
    (best, one) => (!best || one.startsAt >= best.startsAt ? one : best),
    undefined,
  );
}

/** Asks for one more period (rule 3.9). */
export function extend(o: Organization, key: Key, person: Key, reason: boolean): Answer {
  const assignment = assignmentOf(o, key);
  const { target, package: pack } = assignment;
  if (person !== target) return 'not-found';
  if (openOf(o, target, pack)) return 'already-requested';
  if (liveOf(o, target, pack)?.left) return 'still-ending';
  if (!HELD.includes(assignment.state) || (assignment.endsAt !== null && assignment.endsAt <= o.now)) return 'not-held';
  if (assignment.endsAt === null) return 'no-end-to-extend';
  const last = newest(assignment, null);
  const policy = packageOf(o, pack).policies.find((one) => one.name === last?.policy && one.enabled);
  if (!last || !policy) return 'not-extendable';
  const terms = termsOf(o, policy.current);
  if (!terms.extend) return 'not-extendable';
  const needsApproval = terms.extendApproval && terms.stages.length > 0;
  const max = terms.extendMax ?? (needsApproval ? 'unlimited' : 1);
  if (max !== 'unlimited' && last.extensions + 1 > max) return 'extension-limit';
  const limit =
    terms.extendTotal === null ? null : (assignment.since ?? assignment.startsAt) + terms.extendTotal * HOUR;
  if (limit !== null && limit <= assignment.endsAt) return 'extension-past-limit';
  const opensAt = windowOf(assignment.endsAt, last);
  if (opensAt !== null && o.now < opensAt) return 'extension-too-early';
  const gate = closedFor(o, target, pack, policy.name, policy.current);
  if (gate !== null) return gate;
  if (terms.reason && !reason) return 'reason-required';
  const until = sooner(terms.expires === null ? null : assignment.endsAt + terms.expires * HOUR, limit);
  const request = newRequest(o, 'userExtend', target, pack, {
    requestor: target,
    policy: policy.name,
    terms: policy.current,
    assignment: key,
    asked: { start: null, hours: null, end: until },
  });
  return enter(o, request, needsApproval);
}

function prolong(o: Organization, request: Request): Answer | null {
  const until = request.asked.end;
  if (until !== null && until <= o.now) return 'end-before-start';
  const named = assignmentOf(o, found(request.assignment ?? undefined));
  const held = liveOf(o, request.target, request.package);
  if (held?.key !== named.key) {
    if (named.endReason !== 'endReached') return 'not-held';
    const used = Math.max(0, ...named.reasons.map((one) => one.extensions));
    return hand(o, request, o.now, until, used + 1, named.since ?? named.startsAt);
  }
  const last = newest(held, null);
  if (!last || held.endsAt === null || (until !== null && until <= held.endsAt)) return 'no-end-to-extend';
  const others = live(held).filter((one) => one !== last);
  Object.assign(last, { until, periodAt: held.endsAt, extensions: last.extensions + 1 });
  held.endsAt = later([until, ...others.map((one) => one.until)]);
  remindOf(held, last);
  tryAgain(o, held);
  Object.assign(request, { state: held.state, startsAt: held.startsAt, endsAt: until });
  return null;
}

// ---------------------------------------------------------------- ending

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

function stop(
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
  over(assignment, state, reason);
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

// ---------------------------------------------------------------- what time does

const stageDue = (request: Request): Running | undefined =>
  request.state === 'pendingApproval' ? running(request) : undefined;

/** What each job does, one thing that is due after the other: whatever comes between two of them is seen by the second. */
export const jobs: Record<string, (o: Organization, busy?: Key) => Generator<void>> = {
  /** Leaves out a person on whom somebody else works just now. */
  *'end-access'(o, busy) {
    const isDue = (one: Assignment): boolean => LIVE.includes(one.state) && one.endsAt !== null && one.endsAt <= o.now;
    // The soonest first; of two at once the older.
    for (const one of o.assignments.filter(isDue).toSorted((a, b) => Number(a.endsAt) - Number(b.endsAt))) {
      if (isDue(one) && one.target !== busy) stop(o, one, 'endReached', 'systemRemove', null);
      yield;
    }
  },
  *'end-justifications'(o) {
    for (const one of o.assignments) {
      yield;
      const over = live(one).filter(({ until }) => until !== null && until <= o.now);
      const rest = live(one).filter((reason) => !over.includes(reason));
      if (!LIVE.includes(one.state) || over.length === 0 || rest.length === 0) continue;
      for (const reason of over) reason.ended = true;
      const endsAt = later(rest.map(({ until }) => until));
      if (endsAt === one.endsAt) continue;
      one.endsAt = endsAt;
      one.reminded = 0;
      const last = newest(one, null);
      one.remindAt = last ? windowOf(endsAt, { ...last, until: endsAt }) : null;
    }
  },
  *'end-for-leavers'(o) {
    for (const one of o.assignments) {
      if (LIVE.includes(one.state) && (one.left || !works(o, one.target)))
        stop(o, one, 'targetDisabled', 'systemRemove', null);
      yield;
    }
  },
  *'cancel-for-leavers'(o) {
    for (const one of o.requests) {
      if (isGone(o, one)) cancel(o, one.key, 'system');
      one.left = null;
      yield;
    }
  },
  *'reroute-approvals'(o) {
    for (const one of o.requests) {
      reroute(o, one);
      yield;
    }
  },
  *'expire-stages'(o) {
    for (const one of o.requests) {
      const stage = stageDue(one);
      if (stage && Number(stage.decideBy) <= o.now) {
        close(one, 'expired');
        end(one, 'expired', 'notDecidedInTime');
      }
      yield;
    }
  },
  *'escalate-stages'(o) {
    for (const one of o.requests) {
      yield;
      const stage = stageDue(one);
      if (!stage || stage.escalateAt === null || stage.escalatedAt !== null || stage.escalateAt > o.now) continue;
      stage.escalatedAt = o.now;
      for (const { person, capacity } of resolvedNow(o, one, stage).alternates)
        if (!one.tasks.some((task) => task.n === stage.n && task.person === person && task.state !== 'closed'))
          addTask(one, stage.n, person, capacity);
    }
  },
  *'remind-approvers'(o) {
    for (const one of o.requests) {
      yield;
      const stage = stageDue(one);
      if (!stage || stage.remindAt === null || stage.remindAt > o.now) continue;
      // At the same hour, but never less than half a day after a late one.
      let next = stage.remindAt;
      while (next <= o.now + DAY / 2) next += DAY;
      stage.remindAt = next < Number(stage.decideBy) ? next : null;
    }
  },
  *'start-access'(o) {
    const isDue = (one: Request): boolean => one.state === 'scheduled' && Number(one.startsAt) <= o.now;
    for (const one of o.requests.filter(isDue).toSorted((a, b) => Number(a.startsAt) - Number(b.startsAt))) {
      if (isDue(one)) start(o, one);
      yield;
    }
  },
  *'update-holders'(o) {
    for (const one of o.assignments) {
      follow(o, one);
      yield;
    }
  },
  *'remind-holders'(o) {
    for (const one of o.assignments) {
      yield;
      const due = one.remindAt !== null && one.remindAt <= o.now;
      if (!LIVE.includes(one.state) || !due || one.endsAt === null || one.endsAt <= o.now) continue;
      const second = one.endsAt - one.startsAt > 2 * DAY ? one.endsAt - DAY : null;
      const both = one.reminded === 0 && second !== null && second <= o.now;
      one.reminded = both ? 2 : Math.min(one.reminded + 1, 2);
      one.remindAt = one.reminded === 1 ? second : null;
    }
  },
};

function resolvedNow(o: Organization, request: Request, stage: Running): Resolved {
  const plan = found(termsOf(o, request.terms).stages[stage.n - 1]);
  const here = request.decisions.filter((one) => one.n === stage.n);
  const left = Math.max(1, plan.required - here.length);
  return resolve(o, plan, request.target, [...never(o, request, stage.n), ...here.map((one) => one.person)], left);
}

/** Who may decide has changed (rule 3.6). */
function reroute(o: Organization, request: Request): void {
  const stage = stageDue(request);
  if (!stage) return;
  const { asked, alternates, enough } = resolvedNow(o, request, stage);
  if (!enough) {
    close(request, 'denied');
    end(request, 'denied', 'noApprovers');
    return;
  }
  const all = [...asked, ...(stage.escalatedAt === null ? [] : alternates)];
  const here = request.tasks.filter((one) => one.n === stage.n && one.state === 'open');
  for (const task of here) if (!all.some((one) => one.person === task.person)) task.state = 'closed';
  const newcomers = all.filter((one) => !here.some((task) => task.person === one.person));
  for (const one of newcomers) addTask(request, stage.n, one.person, one.capacity);
  if (newcomers.length === 0 || Number(stage.decideBy) >= o.now + DAY) return;
  stage.decideBy = o.now + DAY;
  stage.remindAt ??= o.now + DAY / 2;
}

/** A scheduled start has come: all gates are looked at again (rule 3.2). */
function start(o: Organization, request: Request): void {
  if (isGone(o, request)) {
    cancel(o, request.key, 'system');
    return;
  }
  const assignment = assignmentOf(o, found(request.assignment ?? undefined));
  const { target, package: pack } = request;
  const late = assignment.endsAt !== null && assignment.endsAt <= o.now;
  const gate = closedFor(o, target, pack, found(request.policy ?? undefined), found(request.terms ?? undefined));
  if (late || gate !== null) {
    end(request, 'denied', 'gateClosed');
    over(assignment, 'removed', 'gateClosed');
    return;
  }
  if (request.stage > 0 && gained(o, request)) {
    askAgain(o, request);
    over(assignment, 'removed', request.detail === 'noApprovers' ? 'gateClosed' : 'canceled');
    return;
  }
  assignment.state = 'delivering';
  request.state = 'delivering';
  want(o, assignment);
}
