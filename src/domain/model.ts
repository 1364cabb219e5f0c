// The vocabulary of Usher as readonly values: the doc comments are the glossary. Words are those of the field
// (Entra entitlement management, SCIM at the edges); one word per thing, everywhere.

declare const brand: unique symbol;
type Id<B extends string> = string & { readonly [brand]: B };

/** All nouns carry a UUIDv7 made by `Tx.newId`; people see and type only the numbers of requests (`R-1042`) and tasks (`T-17`). */
export type PersonId = Id<'person'>;
export type GroupId = Id<'group'>;
export type OrganizationId = Id<'organization'>;
export type CatalogId = Id<'catalog'>;
export type ResourceId = Id<'resource'>;
export type RoleId = Id<'role'>;
export type ScopeId = Id<'scope'>;
export type PackageId = Id<'package'>;
export type PackageVersionId = Id<'packageVersion'>;
export type PolicyId = Id<'policy'>;
export type PolicyVersionId = Id<'policyVersion'>;
export type RequestId = Id<'request'>;
export type AssignmentId = Id<'assignment'>;
export type JustificationId = Id<'justification'>;
export type GrantId = Id<'grant'>;
export type IdentityId = Id<'identity'>;
export type CardId = Id<'card'>;
export type DraftId = Id<'draft'>;
export type DecisionId = Id<'decision'>;
export type TaskId = Id<'task'>;
export type FindingId = Id<'finding'>;
export type DelegationId = Id<'delegation'>;

/** Anything that has an id and a version. `version` starts at 1 and rises by one with every saved change. */
export interface Versioned {
  readonly version: number;
}

// ---------------------------------------------------------------- people

/** `member` belongs to the organization, `guest` to another one (`organization` names which, where known). */
export type PersonKind = 'member' | 'guest';
/** `disabled` people keep their row but can do nothing; `deleted` ones can be restored as an identity, never their access. */
export type PersonState = 'enabled' | 'disabled' | 'deleted';

/** A human being known to the directory. `directoryKey` is the immutable key of the source, never a mail address. */
export interface Person extends Versioned {
  readonly id: PersonId;
  readonly directoryKey: string;
  readonly name: string;
  readonly email: string | null;
  readonly kind: PersonKind;
  readonly state: PersonState;
  readonly manager: PersonId | null;
  readonly organization: OrganizationId | null;
  /** IANA zone of the directory. End dates mean the end of that day here (rule 3.24). */
  readonly timeZone: string;
  /** BCP 47. */
  readonly locale: string;
  readonly department: string | null;
  readonly jobTitle: string | null;
  readonly country: string | null;
}

/** A person as shown in sentences and lists. */
export interface PersonRef {
  readonly id: PersonId;
  readonly name: string;
}

export interface Group extends Versioned {
  readonly id: GroupId;
  readonly directoryKey: string;
  readonly name: string;
}

/** Roles of Usher itself. `null` catalog in an `AdministrativeRole` row means the whole organization. */
export type RoleName =
  | 'administrator'
  | 'partnerAdministrator'
  | 'auditor'
  | 'catalogCreator'
  | 'catalogOwner'
  | 'catalogReader'
  | 'packageManager'
  | 'assignmentManager';

// ---------------------------------------------------------------- catalogs, resources, packages

/** Container and delegation boundary of packages and resources. */
export interface Catalog extends Versioned {
  readonly id: CatalogId;
  readonly name: string;
  readonly description: string;
  readonly state: 'published' | 'unpublished' | 'deleted';
  /** Whether people of other organizations may see and ask for its packages at all. */
  readonly externallyVisible: boolean;
}

/** Systems that Usher can place roles in; `connectors/` has one of each. */
export const CONNECTORS = ['local', 'manual'] as const;
export type ConnectorName = (typeof CONNECTORS)[number];

/** A thing in a catalog that gives roles: a group, an application, a site. `connector` names who places its roles. */
export interface Resource extends Versioned {
  readonly id: ResourceId;
  readonly catalog: CatalogId;
  readonly name: string;
  readonly description: string;
  readonly connector: string;
  /** The resource's id in the connector's own system. */
  readonly originId: string;
  /** What becomes of access that Usher gave and the system does not have any more (rule 3.12). */
  readonly driftMissing: DriftWay;
  /** What becomes of access that the system has and nothing in Usher explains. */
  readonly driftExtra: DriftWay;
  readonly state: 'active' | 'deleted';
}

/** Tell its owners; make it as Usher has it, and tell them; or leave it and say nothing. */
export type DriftWay = 'report' | 'repair' | 'accept';

/** A set of permissions that a resource offers. */
export interface ResourceRole extends Versioned {
  readonly id: RoleId;
  readonly resource: ResourceId;
  readonly name: string;
  readonly originId: string;
}

/** The part of a resource where a role applies; every resource has one root scope. */
export interface ResourceScope extends Versioned {
  readonly id: ScopeId;
  readonly resource: ResourceId;
  readonly name: string;
  readonly originId: string;
  readonly root: boolean;
}

/** A bundle of roles, in exactly one catalog. What it holds is in its (immutable) versions. */
export interface Package extends Versioned {
  readonly id: PackageId;
  readonly catalog: CatalogId;
  readonly name: string;
  readonly description: string;
  /** Hidden packages are in no list and no search; their link works for those in scope (rule 3.19). */
  readonly hidden: boolean;
  /** Sensitive packages are left out of decisions on several requests at once. */
  readonly sensitive: boolean;
  readonly state: 'active' | 'deleted';
  /** Keep access the person already had (`keep`), or take it over and remove it at the end (`absorb`). Rule 3.10. */
  readonly baseline: 'keep' | 'absorb';
  readonly current: PackageVersionId;
}

export interface PackageVersion {
  readonly id: PackageVersionId;
  readonly package: PackageId;
  readonly number: number;
  readonly roles: readonly { readonly role: RoleId; readonly scope: ScopeId }[];
}

// ---------------------------------------------------------------- policies

/**
 * Who is meant. `managerLevel` 1 is the target's manager, 2 the manager's manager. `everyone` are the categories of
 * rule 3.3 from narrow to wide.
 */
export type SubjectSet =
  | { readonly kind: 'person'; readonly person: PersonId }
  | { readonly kind: 'group'; readonly group: GroupId }
  | { readonly kind: 'manager'; readonly level: number }
  | { readonly kind: 'organization'; readonly organization: OrganizationId }
  | { readonly kind: 'allMembers' }
  | { readonly kind: 'allMembersAndGuests' }
  | { readonly kind: 'allConfiguredOrganizations' }
  | { readonly kind: 'anyone' };

/**
 * Scope of a policy for direct assignment only is the empty list of targets with `mode: 'direct'`. One of mode `exception` is for
 * nobody and gives nothing: it says who approves exceptions to an incompatibility.
 */
export type PolicyMode = 'request' | 'direct' | 'automatic' | 'exception';

/** How long a timer runs. Where no working calendar is named, a day is 24 hours of any kind. */
export type Span =
  { readonly kind: 'days'; readonly days: number } | { readonly kind: 'hours'; readonly hours: number };

/** Working time: `from` until `until` by the clocks of the zone, on its days that are no holidays. What counts as it: time.ts. */
export interface WorkingCalendar {
  readonly zone: string;
  /** 1 is Monday, 7 Sunday; at least one. */
  readonly days: readonly number[];
  /** Minutes after midnight; `until` is later than `from`, and 1440 at most. */
  readonly from: number;
  readonly until: number;
  /** Local dates (`2026-12-25`). */
  readonly holidays: readonly string[];
}

export interface StagePlan {
  /** 1-based. */
  readonly n: number;
  readonly primaries: readonly SubjectSet[];
  /** Asked as well once `escalateAfter` has passed. */
  readonly alternates: readonly SubjectSet[];
  /** Asked when the primaries resolve to nobody. */
  readonly fallbacks: readonly SubjectSet[];
  /** How many different people must approve; 1 unless said. */
  readonly approvalsRequired: number;
  /** Until the stage expires. Default 14 days, as in Entra's portal. */
  readonly decideWithin: Span;
  /** Until alternates are asked as well; null: never. */
  readonly escalateAfter: Span | null;
  readonly approverReasonRequired: boolean;
}

export interface Question {
  /** Stable within the policy; the key of the answer. */
  readonly id: string;
  readonly text: string;
  readonly required: boolean;
  readonly type: 'text' | 'longText' | 'choice';
  /** For `choice`: the values offered, 1 to 100. */
  readonly choices: readonly string[];
}

/**
 * How long access lasts when nobody asks for less. `days` and `hours` count from rule 3.9's start; a fixed `day` (`2030-12-31`) is
 * over for each person where they are.
 */
export type Expiration =
  | { readonly kind: 'never' }
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'hours'; readonly hours: number }
  | { readonly kind: 'date'; readonly day: string };

export interface Policy extends Versioned {
  readonly id: PolicyId;
  readonly package: PackageId;
  /** The incompatibility to which it decides exceptions; null: it gives the package. */
  readonly incompatibility: string | null;
  readonly name: string;
  readonly state: 'enabled' | 'disabled' | 'deleted';
  readonly current: PolicyVersionId;
}

/** Immutable. Requests name the version that decides them (rule 3.8). */
export interface PolicyVersion {
  readonly id: PolicyVersionId;
  readonly policy: PolicyId;
  readonly package: PackageId;
  readonly name: string;
  readonly number: number;
  readonly mode: PolicyMode;
  readonly targets: readonly SubjectSet[];
  readonly stages: readonly StagePlan[];
  /** The timers of the stages count only its working time; null: all time. */
  readonly calendar: WorkingCalendar | null;
  readonly expiration: Expiration;
  /** Whether the requestor may choose a shorter period and a later start. */
  readonly customPeriod: boolean;
  readonly reasonRequired: boolean;
  readonly questions: readonly Question[];
  readonly selfRequest: boolean;
  /** A manager may ask for direct reports. */
  readonly onBehalf: boolean;
  readonly selfRemove: boolean;
  readonly extension: {
    readonly allowed: boolean;
    readonly approval: boolean;
    /** null: once where extending needs no approval, without limit where it does (rule 3.9). */
    readonly maxExtensions: number | 'unlimited' | null;
    /** Days from the assignment's first start that extensions can never pass; null: no limit. */
    readonly maxTotalDays: number | null;
  };
  readonly endWhenOutOfScope: boolean;
  /** One person may count in two stages (rule 3.4). */
  readonly samePersonInStages: boolean;
}

/** Having `other` (a package or a group) stands against getting `package`; `mutual` also the other way round. */
export interface Incompatibility extends Versioned {
  readonly id: string;
  readonly package: PackageId;
  readonly otherPackage: PackageId | null;
  readonly otherGroup: GroupId | null;
  readonly mutual: boolean;
  /** What the list of the other package says of the pair beside that of `package`, whose own line `mutual` is; null: nothing. */
  readonly otherList: 'oneWay' | 'mutual' | null;
  readonly state: 'active' | 'ended';
}

/**
 * The person may hold both sides of an incompatibility until the end of a day: `owner` answers for it and hears when it ends. Then
 * it is over and the conflict counts again; nothing is taken away by itself, but those in charge hear daily until it is settled.
 */
export interface ConflictException extends Versioned {
  readonly id: string;
  readonly incompatibility: string;
  readonly person: PersonId;
  readonly owner: PersonId;
  /** The request that granted it last; null: a file says so. */
  readonly request: RequestId | null;
  /** The last day (`2026-12-31`), and the instant at which it is over where the person is. */
  readonly day: string;
  readonly until: Date;
  readonly reason: string;
  /** When those in charge hear of it next; null: it has ended, or its time is over and not both are held. */
  readonly remindAt: Date | null;
  /** When last something changed that decides whether both are held; null: it was looked at since. */
  readonly touchedAt: Date | null;
  /** `over`: its time is; `ended`: by a file. */
  readonly state: 'active' | 'over' | 'ended';
}

// ---------------------------------------------------------------- requests

/**
 * Actor and act. `user*` by the target (or a manager on behalf), `admin*` by an owner, `system*` by Usher itself. `systemUpdate`: what is
 * held goes on for other reasons, or until another time; done as it is made, so it is `delivered`. `exception`: to have the package
 * although it does not go together with something; it gives no access, and where it is granted it is `delivered`.
 */
export type RequestType =
  | 'userAdd'
  | 'userExtend'
  | 'userRemove'
  | 'adminAdd'
  | 'adminRemove'
  | 'systemAdd'
  | 'systemUpdate'
  | 'systemRemove'
  | 'exception';

/** `submitted`: before its policy is asked who approves; that happens in the same act, so no request is kept in it. */
export type RequestState =
  | 'submitted'
  | 'pendingApproval'
  | 'scheduled'
  | 'delivering'
  | 'delivered'
  | 'partiallyDelivered'
  | 'deliveryFailed'
  | 'removing'
  | 'removed'
  | 'removalFailed'
  | 'denied'
  | 'expired'
  | 'canceled';

/** Why a request ended or stands as it does, where its state alone does not say. */
export type RequestDetail =
  | 'approvedByPolicy'
  | 'deniedByApprover'
  | 'noApprovers'
  | 'notDecidedInTime'
  | 'canceledByRequestor'
  | 'canceledByOwner'
  | 'targetDisabled'
  | 'requestorDisabled'
  | 'gateClosed'
  /** The package gained a role after it was decided on: the request that `replaces` this one asks again (rule 3.8). */
  | 'contentChanged'
  | 'gaveUp'
  | 'removedByOwner'
  | 'endReached'
  | 'outOfScope'
  /** What lets the access be held beside something else changed: its end follows (rule 3.13). */
  | 'exceptionChanged';

/** The period that was asked for; null start: as soon as approved; `days`/`hours`/`endsAt` at most one is set. */
export interface AskedPeriod {
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
  readonly hours: number | null;
}

/** A refusal as it is kept: the code and data of a `DomainError` (errors.ts), instants as ISO text. */
export interface Refusal {
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The only way in which access changes (rule 3.1): that somebody has it, for which reasons and until when. How far giving or taking it
 * came follows the connected systems, and when its holder is reminded follows its end; neither is a change of access.
 */
export interface Request extends Versioned {
  readonly id: RequestId;
  /** Shown as `R-1042`. 0 before it is stored: the database gives the number. */
  readonly number: number;
  readonly type: RequestType;
  readonly state: RequestState;
  readonly detail: RequestDetail | null;
  /** Null for requests that the system makes. */
  readonly requestor: PersonId | null;
  readonly target: PersonId;
  readonly package: PackageId;
  readonly packageVersion: PackageVersionId;
  /** Null only for removals of access whose policy is gone. */
  readonly policyVersion: PolicyVersionId | null;
  readonly assignment: AssignmentId | null;
  readonly period: AskedPeriod;
  /** IANA zone in which the asked dates were chosen. */
  readonly zone: string;
  readonly reason: string | null;
  readonly answers: Readonly<Record<string, string>>;
  /** 0: no stage opened yet. */
  readonly stage: number;
  readonly createdAt: Date;
  /** Set when the last stage approved, also when no stage was needed. */
  readonly approvedAt: Date | null;
  /**
   * The start and end computed once at final approval and stored (rule 3.24); the end of what is to start moves with that of its
   * assignment. Of a `systemUpdate`: those of the assignment from then on.
   */
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
  readonly completedAt: Date | null;
  /** The request that this one asks again, because the package had gained roles (rule 3.8). */
  readonly replaces: RequestId | null;
  /** The gate that was closed when everybody had approved, or when the start had come (rule 3.2). */
  readonly refusal: Refusal | null;
}

export type StageState = 'waiting' | 'inProgress' | 'approved' | 'denied' | 'expired' | 'canceled';

/** One running (or past, or coming) stage of one request. */
export interface Stage extends Versioned {
  readonly id: string;
  readonly request: RequestId;
  readonly n: number;
  readonly state: StageState;
  readonly approvalsRequired: number;
  readonly openedAt: Date | null;
  readonly decideBy: Date | null;
  readonly escalateAt: Date | null;
  readonly escalatedAt: Date | null;
  readonly remindAt: Date | null;
  readonly closedAt: Date | null;
}

/**
 * In which capacity a person is asked. Owners and administrators stand in when nobody else is left (rule 3.5); a delegate is asked
 * beside the one whose voice they are (rule 3.4).
 */
export type ApproverCapacity = 'primary' | 'alternate' | 'fallback' | 'owner' | 'administrator' | 'delegate';
/** Why this person is asked, in a form that words can say: `manager of {target}`, `member of {group}`, `named`. */
export type Because =
  | { readonly kind: 'named' }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'manager'; readonly level: number }
  | { readonly kind: 'owner' }
  | { readonly kind: 'administrator' };

/** A person who is asked in a stage. */
export interface ApprovalTask extends Versioned {
  readonly id: TaskId;
  readonly request: RequestId;
  readonly n: number;
  readonly person: PersonId;
  readonly capacity: ApproverCapacity;
  /** Of a delegate: why the one is asked for whom they decide. */
  readonly because: Because;
  /** Whose voice it is, of a delegate; null: their own. */
  readonly for: PersonId | null;
  readonly state: 'open' | 'decided' | 'closed';
  readonly openedAt: Date;
  readonly closedAt: Date | null;
}

/** Recorded once per (request, stage, person), and once per voice, and never changed. */
export interface Decision {
  readonly id: DecisionId;
  readonly request: RequestId;
  readonly n: number;
  readonly person: PersonId;
  /** For whom a delegate decided; null: in their own right. */
  readonly for: PersonId | null;
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  readonly at: Date;
  /** What the decider was shown (rule 3.27): surface, card data, versions. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/**
 * Who decides for another for a while: offered by the delegator, accepted by the delegate. Both go on being one voice (rule 3.4), and
 * what the delegate was asked in this way is not handed on.
 */
export interface Delegation extends Versioned {
  readonly id: DelegationId;
  readonly delegator: PersonId;
  readonly delegate: PersonId;
  /** The first and the last day (`2026-12-31`), and when they begin and are over where the delegator is. */
  readonly firstDay: string;
  readonly lastDay: string;
  readonly from: Date;
  readonly until: Date;
  /** What it is for: a package, the packages of a catalog, or (both null) all. */
  readonly package: PackageId | null;
  readonly catalog: CatalogId | null;
  readonly state: 'proposed' | 'accepted' | 'declined' | 'ended';
  /** Who of them ended it before its time; null: time did, or the directory. */
  readonly endedBy: PersonId | null;
  /** When it begins, or is over; null: nothing more becomes of it. */
  readonly dueAt: Date | null;
  /** When the delegator hears that nobody has answered; null: they have heard, or somebody has. */
  readonly answerDueAt: Date | null;
  /** When one of them was disabled; null: neither was. */
  readonly touchedAt: Date | null;
}

// ---------------------------------------------------------------- assignments and grants

export type AssignmentState =
  | 'scheduled'
  | 'delivering'
  | 'delivered'
  | 'partiallyDelivered'
  | 'deliveryFailed'
  | 'removing'
  | 'removed'
  | 'removalFailed';

/** States in which a person holds, or is about to hold, the package; `removing` and later do not justify grants. */
export const LIVE_ASSIGNMENT_STATES = [
  'scheduled',
  'delivering',
  'delivered',
  'partiallyDelivered',
  'deliveryFailed',
] as const;
/** States of an assignment that justifies its grants: begun and not ended. */
export const HOLDING_ASSIGNMENT_STATES = ['delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'] as const;
/** States of a request that still wants something. */
export const OPEN_REQUEST_STATES = ['pendingApproval', 'scheduled'] as const;

export type EndReason =
  'endReached' | 'gaveUp' | 'removedByOwner' | 'targetDisabled' | 'outOfScope' | 'canceled' | 'gateClosed';

/**
 * Target x package x period. Begins, ends and is given another end by a request that names it, and never otherwise; its state in
 * between and its reminders follow (see `Request`).
 */
export interface Assignment extends Versioned {
  readonly id: AssignmentId;
  readonly target: PersonId;
  readonly package: PackageId;
  readonly state: AssignmentState;
  readonly startsAt: Date;
  /** When the access began that this one continues after its end; null: it continues none. */
  readonly since: Date | null;
  /** Latest `until` of its live justifications, or before that, with the exception by which it is held; null: no end. */
  readonly endsAt: Date | null;
  /** What was given last stands beside something that it does not go with, by an exception: its end follows that (moved-end.ts). */
  readonly lent: boolean;
  readonly endedAt: Date | null;
  readonly endReason: EndReason | null;
  /** When the next reminder is due; null: none. 1 = extension window opens, 2 = one day before the end. */
  readonly remindAt: Date | null;
  readonly reminded: number;
}

/**
 * One reason why an assignment is held, written and ended by a request about that. The assignment ends when the last one ends
 * (rule 3.10).
 */
export interface Justification extends Versioned {
  readonly id: JustificationId;
  readonly assignment: AssignmentId;
  readonly kind: 'request' | 'direct' | 'rule';
  /** The one that gave it. */
  readonly request: RequestId;
  readonly policyVersion: PolicyVersionId;
  readonly startsAt: Date;
  /** By its policy, or as was asked, whatever exception ends the access before. */
  readonly until: Date | null;
  /** Where the access is lent: until when it is had by this without the exception; null: not at all. */
  readonly freeUntil: Date | null;
  readonly endedAt: Date | null;
  /** Start of the period that runs: its own start, or the end that it had before its last extension. */
  readonly periodAt: Date;
  /** Extensions used up, also by access that this one continues. */
  readonly extensions: number;
}

/**
 * One role placed (or to be placed) for one person. Whether it is wanted is recomputed from live assignments, never
 * counted up and down. `unknown`: nothing known yet; `baselinePresent`: what the connector said before the first call.
 */
export interface Grant extends Versioned {
  readonly id: GrantId;
  readonly person: PersonId;
  readonly role: RoleId;
  readonly scope: ScopeId;
  readonly state: 'unknown' | 'placing' | 'placed' | 'placeFailed' | 'taking' | 'taken' | 'takeFailed';
  /** Null: never read, or the connector cannot read (manual). */
  readonly baseline: boolean | null;
  readonly externalId: string | null;
  readonly error: string | null;
  readonly placedAt: Date | null;
  /** When it was last taken away in truth, not merely left to the person who had it before; kept when it is given again. */
  readonly takenAt: Date | null;
  /** When the system first said, before it was to be given anew, that what the person had before is gone; null: nobody doubts it. */
  readonly goneAt: Date | null;
}
