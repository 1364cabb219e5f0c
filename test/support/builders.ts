// Values for tests of the rules: each builder gives a plain valid value, the test names only what matters to it.
import type { Change, GovernedNouns, ManualTask } from '../../src/domain/events';
import { together } from '../../src/domain/events';
import type {
  AssignmentFacts,
  Candidate,
  Clash,
  Conflict,
  Delegated,
  GrantFact,
  Now,
  PairFacts,
  PlaceFacts,
  PolicyFact,
  RequestFacts,
  SubmitFacts,
} from '../../src/domain/facts';
import type {
  ApprovalTask,
  Assignment,
  AssignmentId,
  Catalog,
  CatalogId,
  Decision,
  ConflictException,
  Grant,
  GrantId,
  Justification,
  JustificationId,
  Package,
  PackageId,
  PackageVersion,
  PackageVersionId,
  Person,
  PersonId,
  PersonRef,
  PolicyId,
  PolicyVersion,
  PolicyVersionId,
  Request,
  RequestId,
  ResourceId,
  RoleId,
  ScopeId,
  Stage,
  StagePlan,
  TaskId,
} from '../../src/domain/model';
import type { AssignmentView } from '../../src/operations/assignments';

/** Most tests happen at this instant; it is winter and noon in Berlin. */
export const NOON = new Date('2026-01-15T11:00:00Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** An instant so many hours from noon. */
export function hours(n: number): Date {
  return new Date(NOON.getTime() + n * HOUR);
}
/** An instant so many days from noon. */
export function days(n: number): Date {
  return hours(24 * n);
}

let made = 0;
/** The instant of an act, with ids that are never the same. */
export function at(now: Date = NOON): Now {
  return { now, newId: () => `made-${++made}` };
}

/** A person by name: the id is the name in small letters, so that tests read well. */
export function aPerson(name = 'Tara', fields: Partial<Person> = {}): Person {
  return {
    id: name.toLowerCase() as PersonId,
    directoryKey: `key-${name.toLowerCase()}`,
    name,
    email: `${name.toLowerCase()}@woodgrove.example`,
    kind: 'member',
    state: 'enabled',
    manager: null,
    organization: null,
    timeZone: 'Europe/Berlin',
    locale: 'en',
    department: null,
    jobTitle: null,
    country: null,
    version: 1,
    ...fields,
  };
}
/** The id of a person by name. */
export function idOf(name: string): PersonId {
  return name.toLowerCase() as PersonId;
}
export function aRef(name: string): PersonRef {
  return { id: idOf(name), name };
}

export function aCatalog(fields: Partial<Catalog> = {}): Catalog {
  return {
    id: 'catalog-1' as CatalogId,
    name: 'Sales',
    description: '',
    state: 'published',
    externallyVisible: true,
    version: 1,
    ...fields,
  };
}

export function aPackage(fields: Partial<Package> = {}): Package {
  return {
    id: 'package-1' as PackageId,
    catalog: 'catalog-1' as CatalogId,
    name: 'Sales tools',
    description: '',
    hidden: false,
    sensitive: false,
    state: 'active',
    baseline: 'keep',
    current: 'content-1' as PackageVersionId,
    version: 1,
    ...fields,
  };
}

/** Content of `roles` roles, called `role-1`, `role-2` ... */
export function aContent(roles = 1): PackageVersion {
  return {
    id: 'content-1' as PackageVersionId,
    package: 'package-1' as PackageId,
    number: 1,
    roles: Array.from({ length: roles }, (_, i) => ({ role: `role-${i + 1}` as RoleId, scope: 'root' as ScopeId })),
  };
}

/** Its roles by name: `Sales / role-1`. */
export function named({ roles }: PackageVersion): RequestFacts['roles'] {
  return roles.map((one) => ({ ...one, name: `Sales / ${one.role}` }));
}

export function aStage(n = 1, fields: Partial<StagePlan> = {}): StagePlan {
  return {
    n,
    primaries: [],
    alternates: [],
    fallbacks: [],
    approvalsRequired: 1,
    decideWithin: { kind: 'days', days: 14 },
    escalateAfter: null,
    approverReasonRequired: false,
    ...fields,
  };
}

/** An enabled request policy for all members, 30 days, everything allowed, no approval. */
export function aPolicy(fields: Partial<PolicyVersion> = {}): PolicyVersion {
  const id = fields.id ?? ('policy-1.1' as PolicyVersionId);
  return {
    id,
    policy: id.split('.')[0] as PolicyId,
    package: 'package-1' as PackageId,
    name: 'Everybody',
    number: 1,
    mode: 'request',
    targets: [{ kind: 'allMembers' }],
    stages: [],
    calendar: null,
    expiration: { kind: 'days', days: 30 },
    customPeriod: true,
    reasonRequired: false,
    questions: [],
    selfRequest: true,
    onBehalf: true,
    selfRemove: true,
    extension: { allowed: true, approval: false, maxExtensions: null, maxTotalDays: null },
    endWhenOutOfScope: false,
    samePersonInStages: false,
    ...fields,
  };
}

/** The id of a policy's version. */
export function versionId(id: string): PolicyVersionId {
  return id as PolicyVersionId;
}

export function inScope(policy: PolicyVersion, fields: Partial<PolicyFact> = {}): PolicyFact {
  return { policy, inScope: true, enabled: true, over: false, ...fields };
}

/** `who(1, 'primary', 'Ana', 'Ben')`: candidates of a stage. */
export function who(n: number, capacity: Candidate['capacity'], ...names: string[]): Candidate[] {
  return names.map((name) => ({
    policyVersion: versionId('policy-1.1'),
    n,
    capacity,
    person: idOf(name),
    name,
    because: { kind: 'named' },
  }));
}

/** `delegates('Ana', 'Dan')`: Dan decides for Ana. */
export function delegates(delegator: string, ...to: string[]): Delegated[] {
  return to.map((name) => ({ delegator: idOf(delegator), delegate: idOf(name), name, lastDay: '2026-01-31' }));
}

export function aConflict(fields: Partial<Conflict> = {}): Conflict {
  return { kind: 'package', name: 'Purchasing', how: 'held', excusable: false, ...fields };
}

/** An incompatibility with `Purchasing`, which is held; exceptions to it are asked for by `exceptions.1`. */
export function aClash(fields: Partial<Clash> = {}): Clash {
  return {
    incompatibility: 'incompatibility-1',
    kind: 'package',
    name: 'Purchasing',
    how: 'held',
    endsAt: null,
    leaving: false,
    policy: 'exceptions' as PolicyId,
    offers: versionId('exceptions.1'),
    exception: null,
    ...fields,
  };
}

/** One that Olga answers for until the end of June. */
export function anException(fields: Partial<ConflictException> = {}): ConflictException {
  return {
    id: 'exception-1',
    incompatibility: 'incompatibility-1',
    person: idOf('Tara'),
    owner: idOf('Olga'),
    request: null,
    day: '2026-06-30',
    until: new Date('2026-06-30T22:00:00Z'),
    reason: 'Stands in',
    remindAt: new Date('2026-06-16T22:00:00Z'),
    touchedAt: null,
    state: 'active',
    version: 1,
    ...fields,
  };
}

/** Tara and the package `Sales tools`, by one policy; nothing asked for, nothing held. */
export function pairFacts(fields: Partial<PairFacts> & { policy?: PolicyVersion } = {}): PairFacts {
  const { policy, ...rest } = fields;
  return {
    target: aPerson(),
    organizationConfigured: true,
    catalog: aCatalog(),
    package: aPackage(),
    content: aContent(),
    policies: [inScope(policy ?? aPolicy())],
    candidates: [],
    owners: [],
    administrators: [],
    delegations: [],
    conflicts: [],
    clashes: [],
    open: null,
    live: null,
    leaving: false,
    justifications: [],
    grants: [],
    byHand: false,
    lately: false,
    ...rest,
  };
}

/** Tara asks for herself. */
export function submitFacts(fields: Partial<SubmitFacts> & { policy?: PolicyVersion } = {}): SubmitFacts {
  return {
    ...pairFacts(fields),
    requestor: fields.target ?? aPerson(),
    managesTarget: false,
    mayAssign: false,
    mayChange: false,
    requestorMaySee: true,
    ...rest(fields),
  };
}

/** Olga, an owner, assigns to Tara. */
export function directFacts(fields: Partial<SubmitFacts> & { policy?: PolicyVersion } = {}): SubmitFacts {
  return submitFacts({ requestor: aPerson('Olga'), mayAssign: true, mayChange: true, ...fields });
}

export function aRequest(fields: Partial<Request> = {}): Request {
  const isGiven = ['scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'];
  const state = fields.state ?? 'pendingApproval';
  return {
    id: 'request-1' as RequestId,
    number: 1042,
    type: 'userAdd',
    state,
    detail: null,
    requestor: idOf('Tara'),
    target: idOf('Tara'),
    package: 'package-1' as PackageId,
    packageVersion: 'content-1' as PackageVersionId,
    policyVersion: versionId('policy-1.1'),
    assignment: null,
    period: { startsAt: null, endsAt: null, hours: null },
    zone: 'Europe/Berlin',
    reason: null,
    answers: {},
    stage: 1,
    createdAt: days(-1),
    approvedAt: isGiven.includes(state) ? days(-1) : null,
    startsAt: null,
    endsAt: null,
    completedAt: ['denied', 'expired', 'canceled', 'delivered'].includes(state) ? hours(-1) : null,
    replaces: null,
    refusal: null,
    version: 1,
    ...fields,
  };
}

/** A running stage that was opened a day ago. */
export function runningStage(n = 1, fields: Partial<Stage> = {}): Stage {
  return {
    id: `stage-${n}`,
    request: 'request-1' as RequestId,
    n,
    state: 'inProgress',
    approvalsRequired: 1,
    openedAt: days(-1),
    decideBy: days(13),
    escalateAt: null,
    escalatedAt: null,
    remindAt: days(6),
    closedAt: null,
    version: 1,
    ...fields,
  };
}
export function waitingStage(n: number, fields: Partial<Stage> = {}): Stage {
  return runningStage(n, { state: 'waiting', openedAt: null, decideBy: null, remindAt: null, ...fields });
}

export function aTask(name: string, fields: Partial<ApprovalTask> = {}): ApprovalTask {
  return {
    id: `task-${name.toLowerCase()}-${fields.n ?? 1}` as TaskId,
    request: 'request-1' as RequestId,
    n: 1,
    person: idOf(name),
    capacity: 'primary',
    because: { kind: 'named' },
    for: null,
    state: 'open',
    openedAt: days(-1),
    closedAt: null,
    version: 1,
    ...fields,
  };
}

/** An approval of the first stage, an hour ago. */
export function aDecision(name: string, fields: Partial<Decision> = {}): Decision {
  return {
    id: `decision-${name.toLowerCase()}` as Decision['id'],
    request: aRequest().id,
    n: 1,
    person: idOf(name),
    for: null,
    decision: 'approve',
    reason: null,
    at: hours(-1),
    shown: {},
    ...fields,
  };
}

/** A policy with one stage decided by Ana or Ben, running since yesterday. */
export function requestFacts(fields: Partial<RequestFacts> & { policy?: PolicyVersion } = {}): RequestFacts {
  const policy = fields.policy ?? aPolicy({ stages: [aStage()] });
  const request = fields.request ?? aRequest();
  const isPending = request.state === 'pendingApproval';
  return {
    ...pairFacts({
      policy,
      candidates: who(1, 'primary', 'Ana', 'Ben'),
      open: ['pendingApproval', 'scheduled'].includes(request.state) ? request : null,
    }),
    request,
    requestor: { ...aRef('Tara'), state: 'enabled' },
    left: null,
    stages: isPending ? [runningStage()] : [],
    tasks: isPending ? [aTask('Ana'), aTask('Ben')] : [],
    decisions: [],
    people: [aRef('Ana'), aRef('Ben'), aRef('Cleo'), aRef('Dan')],
    assignment: null,
    asked: fields.content ?? aContent(),
    seen: [],
    roles: named(fields.content ?? aContent()),
    replacedBy: null,
    replaced: null,
    ...rest(fields),
  };
}

/** Tara's access: began ten days ago, ends in twenty. */
export function anAssignment(fields: Partial<Assignment> = {}): Assignment {
  const isEnded = ['removing', 'removed', 'removalFailed'].includes(fields.state ?? 'delivered');
  return {
    id: 'assignment-1' as AssignmentId,
    target: idOf('Tara'),
    package: 'package-1' as PackageId,
    state: 'delivered',
    startsAt: days(-10),
    since: null,
    endsAt: days(20),
    lent: false,
    endedAt: isEnded ? hours(-1) : null,
    endReason: isEnded ? 'endReached' : null,
    remindAt: null,
    reminded: 0,
    version: 1,
    ...fields,
  };
}

export function aJustification(fields: Partial<Justification> = {}): Justification {
  return {
    id: 'justification-1' as JustificationId,
    assignment: 'assignment-1' as AssignmentId,
    kind: 'request',
    request: 'request-1' as RequestId,
    policyVersion: versionId('policy-1.1'),
    startsAt: days(-10),
    until: days(20),
    freeUntil: null,
    endedAt: null,
    periodAt: fields.startsAt ?? days(-10),
    extensions: 0,
    version: 1,
    ...fields,
  };
}

export function aGrant(n = 1, fields: Partial<Grant> = {}): Grant {
  return {
    id: `grant-${n}` as GrantId,
    person: idOf('Tara'),
    role: `role-${n}` as RoleId,
    scope: 'root' as ScopeId,
    state: 'placed',
    baseline: false,
    externalId: null,
    error: null,
    placedAt: days(-10),
    takenAt: null,
    goneAt: null,
    version: 1,
    ...fields,
  };
}

/** A grant that assignments justify; by default Tara's one. */
export function justified(grant: Grant, ...by: string[]): GrantFact {
  return { grant, justifiedBy: (by.length > 0 ? by : ['assignment-1']) as AssignmentId[], lostBy: [] };
}

/** A grant that the package of Tara's assignment lost, and that nothing else justifies. */
export function lost(grant: Grant, ...justifiedBy: string[]): GrantFact {
  return { grant, justifiedBy: justifiedBy as AssignmentId[], lostBy: ['assignment-1' as AssignmentId] };
}

/** Tara holds the package by one request. */
export function assignmentFacts(fields: Partial<AssignmentFacts> & { policy?: PolicyVersion } = {}): AssignmentFacts {
  const policy = fields.policy ?? aPolicy();
  const assignment = fields.assignment ?? anAssignment();
  const { startsAt, endsAt } = assignment;
  return {
    ...pairFacts({
      policy,
      live: assignment.endedAt ? null : assignment,
      justifications: [aJustification({ startsAt, until: endsAt, endedAt: assignment.endedAt })],
      grants: assignment.state === 'scheduled' ? [] : [justified(aGrant())],
    }),
    assignment,
    latest: policy,
    undelivered: [],
    ...rest(fields),
  };
}

/** As its person sees it, who is in charge of it as well. */
export function assignmentView(facts: AssignmentFacts, fields: Partial<AssignmentView> = {}): AssignmentView {
  return {
    facts,
    now: NOON,
    extension: null,
    refusal: null,
    endsSoon: false,
    mayAskAnew: false,
    couldAsk: true,
    couldAskThen: true,
    own: true,
    owner: true,
    mayRemove: true,
    ...fields,
  };
}

export function aManualTask(fields: Partial<ManualTask> = {}): ManualTask {
  return {
    id: 'manual-1',
    number: 17,
    grant: 'grant-1' as GrantId,
    want: true,
    state: 'open',
    openedAt: hours(-1),
    remindAt: hours(23),
    escalatedAt: null,
    doneAt: null,
    doneBy: null,
    note: null,
    version: 1,
    ...fields,
  };
}

/** One grant on its way to be placed, part of one assignment that is being delivered by one request. */
export function placeFacts(fields: Partial<PlaceFacts> = {}): PlaceFacts {
  const grant = fields.grant ?? aGrant(1, { state: 'placing', placedAt: null, baseline: null });
  const assignment = anAssignment({ state: 'delivering' });
  const request = aRequest({ state: 'delivering', assignment: assignment.id });
  return {
    grant,
    person: aPerson(),
    resource: {
      id: 'resource-1' as ResourceId,
      catalog: 'catalog-1' as CatalogId,
      name: 'CRM',
      description: '',
      connector: 'local',
      originId: 'crm',
      driftMissing: 'repair',
      driftExtra: 'report',
      state: 'active',
      version: 1,
    },
    role: { id: grant.role, resource: 'resource-1' as ResourceId, name: 'Member', originId: 'member', version: 1 },
    scope: {
      id: grant.scope,
      resource: 'resource-1' as ResourceId,
      name: 'Everything',
      originId: 'root',
      root: true,
      version: 1,
    },
    wanted: true,
    overrideBaseline: false,
    openTask: null,
    twins: [],
    withdrawnFrom: [],
    assignments: [{ assignment, requests: [request], grants: [grant] }],
    ...fields,
  };
}

// ---------------------------------------------------------------- what a rule wrote

/** The rows of a noun as they are after the change. */
export function rowsOf<N extends keyof GovernedNouns>(change: Change, noun: N): GovernedNouns[N][] {
  return change.rows.filter((row) => row.noun === noun).map((row) => row.after as GovernedNouns[N]);
}
/** The one row of a noun; a test that expects one fails on none and on two. */
export function rowOf<N extends keyof GovernedNouns>(change: Change, noun: N): GovernedNouns[N] {
  const [row, second] = rowsOf(change, noun);
  if (!row || second) throw new Error(`expected one row of ${noun}, got ${rowsOf(change, noun).length}`);
  return row;
}
/** Types of the events, in order. */
export function eventsOf(change: Change): string[] {
  return change.events.map((event) => event.type);
}
/** The data of the first event of a type. */
export function dataOf(change: Change, type: string): Readonly<Record<string, unknown>> {
  const event = change.events.find((one) => one.type === type);
  if (!event) throw new Error(`no event ${type} among ${eventsOf(change).join(', ')}`);
  return event.data;
}
/** Who is asked by the change. */
export function askedIn(change: Change): string[] {
  return change.events.filter((event) => event.type === 'approver.asked').map((event) => String(event.refs.person));
}

/** The facts of a request as the store would load them after the change. */
export function afterwards(facts: RequestFacts, change: Change): RequestFacts {
  const whole = together(change);
  const merged = <T extends { readonly id: string }>(old: readonly T[], changed: readonly T[]): T[] => [
    ...old.map((one) => changed.find((row) => row.id === one.id) ?? one),
    ...changed.filter((row) => !old.some((one) => one.id === row.id)),
  ];
  const request = rowsOf(whole, 'request').find((row) => row.id === facts.request.id) ?? facts.request;
  const assignment = rowsOf(whole, 'assignment')[0] ?? facts.assignment;
  return {
    ...facts,
    request,
    open: ['pendingApproval', 'scheduled'].includes(request.state) ? request : null,
    stages: merged(facts.stages, rowsOf(whole, 'stage')),
    tasks: merged(facts.tasks, rowsOf(whole, 'task')),
    decisions: merged(facts.decisions, rowsOf(whole, 'decision')),
    justifications: merged(facts.justifications, rowsOf(whole, 'justification')),
    assignment,
    live: assignment && !assignment.endedAt ? assignment : facts.live,
  };
}

/** The facts of a request that was just submitted. */
export function factsOf(facts: SubmitFacts, request: Request, change: Change): RequestFacts {
  const start: RequestFacts = {
    ...facts,
    request,
    requestor: request.requestor && { id: request.requestor, name: facts.requestor.name, state: facts.requestor.state },
    left: null,
    stages: [],
    tasks: [],
    decisions: [],
    people: [],
    assignment: null,
    asked: facts.content,
    seen: [],
    roles: named(facts.content),
    replacedBy: null,
    replaced: null,
  };
  return afterwards(start, change);
}

function rest<T extends { policy?: PolicyVersion }>(fields: T): Omit<T, 'policy'> {
  const others = { ...fields };
  delete others.policy;
  return others;
}
