// What is written down: people, packages and terms, and what became of what was asked for, as lists in memory. Time is a number of
// milliseconds, days have 24 hours and begin at midnight where the person is (nobody
// here changes their clocks). Names are keys: a request is `tara/writer/0`, the first one of that
// person for that package.

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
  readonly endsWithScope: boolean;
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
  /** The terms by which exceptions to these are asked for; null: by none. */
  readonly exceptions: number | null;
  readonly policies: Policy[];
}

export interface Task {
  readonly n: number;
  readonly person: Key;
  capacity: 'primary' | 'alternate' | 'fallback' | 'owner' | 'administrator' | 'delegate';
  /** Whose voice a delegate is. */
  for: Key | null;
  state: 'open' | 'decided' | 'closed';
  /** Since when, closed because they are not asked any more, not by anything that was decided. */
  withdrawn: number | null;
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
  readonly type:
    | 'userAdd'
    | 'userExtend'
    | 'userRemove'
    | 'adminAdd'
    | 'adminRemove'
    | 'systemUpdate'
    | 'systemRemove'
    | 'exception';
  state: string;
  detail: string | null;
  /** Who of them left while it was open, however soon they were back. */
  left?: 'target' | 'requestor' | null;
  readonly requestor: Key | null;
  readonly target: Key;
  readonly package: Key;
  /** Which policy, or which incompatibility, and which of its terms it keeps; null where it only takes away. */
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
  decisions: {
    readonly n: number;
    readonly person: Key;
    readonly for: Key | null;
    readonly decision: 'approve' | 'deny';
    /** Roles of the package that they were shown. */
    readonly saw: readonly string[];
  }[];
}

export interface Reason {
  readonly kind: 'request' | 'direct';
  readonly policy: string;
  readonly terms: number;
  readonly startsAt: number;
  until: number | null;
  /** Where it is lent: until when it is had by this without the exception. */
  freeUntil: number | null;
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
  /** Given beside something that it does not go with, by an exception. */
  lent: boolean;
  /** Since when it is noted that exceptions may move its end; taken over from Usher. */
  noted: number | null;
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
  /** Its holder left the scope of a policy: since when it is so. */
  leaver?: { readonly state: 'found' | 'asked' | 'ending' | 'ended'; readonly at: number };
}

/** The delegate decides for the delegator, for a while. */
export interface Delegation {
  readonly key: Key;
  readonly delegator: Key;
  readonly delegate: Key;
  readonly from: number;
  readonly until: number;
  /** A package, the catalog, or (null) whatever they decide. */
  readonly what: Key | null;
  state: 'proposed' | 'accepted' | 'declined' | 'ended';
  endedBy: Key | null;
  /** When somebody hears of it next: nobody answered, it begins, it is over. */
  dueAt: number | null;
  /** One of them left, however soon they were back. */
  left: boolean;
}

/** Somebody may hold two packages that do not go together, until then. */
export interface Exception {
  readonly person: Key;
  readonly pair: Key;
  /** Who answers for it. */
  readonly owner: Key;
  readonly until: number;
  readonly remindAt: number;
  /** Whoever answers for it has heard of its end. */
  reported: boolean;
}

export interface Organization {
  now: number;
  /** `deletedAt`: who is not enabled is deleted, since then. */
  people: Record<
    Key,
    {
      enabled: boolean;
      manager: Key | null;
      /** How far their clock is before that of UTC. */
      readonly ahead: number;
      deletedAt?: number | undefined;
    }
  >;
  groups: Record<Key, Key[]>;
  published: boolean;
  packages: Record<Key, Package>;
  terms: Terms[];
  requests: Request[];
  assignments: Assignment[];
  delegations: Delegation[];
  exceptions: Exception[];
  /** `person role` -> state of the grant, and whether the person had it before. */
  grants: Record<string, { state: string; baseline: boolean | null }>;
  /** Deliveries that were acted on: their body and answer. */
  deliveries: Record<string, { body: string; answer: string }>;
}

export const CATALOG = 'finance';
export const OWNER = 'olga';
export const ADMINISTRATOR = 'ada';
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const ADDING = ['userAdd', 'userExtend', 'adminAdd'];
export const OPEN = ['pendingApproval', 'scheduled'];
export const HELD = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'];
export const LIVE = ['scheduled', ...HELD];
export const ENDING = ['removing', 'removalFailed'];

/** `ok`, or the code of the refusal. */
export type Answer = string;

export const works = (o: Organization, person: Key): boolean => o.people[person]?.enabled === true;

/** When the day begins where the person is: today, or so many days later. */
export function dayOf(o: Organization, person: Key, later = 0): number {
  const { ahead } = found(o.people[person]);
  const clock = o.now + ahead;
  return clock - (clock % DAY) - ahead + later * DAY;
}

export const manages = (o: Organization, person: Key): boolean =>
  works(o, person) && (person === OWNER || person === ADMINISTRATOR);

export const openOf = (o: Organization, target: Key, pack: Key): Request | undefined =>
  o.requests.find((one) => one.target === target && one.package === pack && OPEN.includes(one.state));

export const liveOf = (o: Organization, target: Key, pack: Key): Assignment | undefined =>
  o.assignments.find((one) => one.target === target && one.package === pack && LIVE.includes(one.state));

export const requestOf = (o: Organization, key: Key): Request => found(o.requests.find((one) => one.key === key));

export const assignmentOf = (o: Organization, key: Key): Assignment =>
  found(o.assignments.find((one) => one.key === key));

export const packageOf = (o: Organization, key: Key): Package => found(o.packages[key]);
export const termsOf = (o: Organization, n: number | null): Terms => found(n === null ? undefined : o.terms[n]);
export const running = (request: Request): Running | undefined =>
  request.stages.find((one) => one.state === 'inProgress');

export const live = (assignment: Assignment): Reason[] => assignment.reasons.filter((one) => !one.ended);

/** The newest live reason, of these terms or of all. */
export function newest(assignment: Assignment, terms: number | null, policy?: string): Reason | undefined {
  const all = live(assignment).filter((one) => terms === null || (one.terms === terms && one.policy === policy));
  return all.reduce<Reason | undefined>(
    (best, one) => (!best || one.startsAt >= best.startsAt ? one : best),
    undefined,
  );
}

export const later = (ends: readonly (number | null)[]): number | null =>
  ends.some((end) => end === null) ? null : Math.max(...ends.map(Number));

export const sooner = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the model knows no such thing');
  return value;
}

/** From when on an extension of the period that runs may be asked for. */
export function windowOf(
  endsAt: number | null,
  { periodAt, until }: Pick<Reason, 'periodAt' | 'until'>,
): number | null {
  const end = sooner(until, endsAt);
  if (endsAt === null || end === null) return null;
  return endsAt - Math.round(Math.min((end - periodAt) / 2, 14 * DAY));
}

/** It ends at another time, and reminders begin anew. */
export function endAt(one: Assignment, end: number | null): void {
  const last = newest(one, null);
  const remindAt = last && windowOf(end, { ...last, until: end });
  Object.assign(one, { endsAt: end, reminded: 0, remindAt });
}
