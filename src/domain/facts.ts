// What a rule is given to look at: plain values that the store loads in one statement, under the locks that the act needs.
import type { ManualTask } from './events';
import type {
  ApprovalTask,
  ApproverCapacity,
  Assignment,
  Because,
  Catalog,
  CatalogId,
  ConflictException,
  Decision,
  Grant,
  Justification,
  Package,
  PackageVersion,
  Person,
  PersonId,
  PersonRef,
  Policy,
  PolicyVersion,
  Request,
  Resource,
  ResourceRole,
  ResourceScope,
  Stage,
} from './model';

/** The instant of the act (database clock) and a maker of UUIDv7s: the only things a rule cannot compute. */
export interface Now {
  readonly now: Date;
  readonly newId: () => string;
}

/** An enabled person who may decide a stage as things are now, before self-decision and quorum are looked at. */
export interface Candidate {
  readonly policyVersion: PolicyVersion['id'];
  readonly n: number;
  readonly capacity: Extract<ApproverCapacity, 'primary' | 'alternate' | 'fallback'>;
  readonly person: PersonId;
  readonly name: string;
  readonly because: Because;
}

/** Who may decide for another as things are now: accepted, in its time, and the package is within its scope. Both are enabled. */
export interface Delegated {
  readonly delegator: PersonId;
  readonly delegate: PersonId;
  /** Of the delegate. */
  readonly name: string;
  /** The last day, where the delegator is. */
  readonly lastDay: string;
}

/** Something the target holds, or has asked for, that stands against the package. */
export interface Conflict {
  readonly kind: 'package' | 'group';
  readonly name: string;
  /** `leaving`: it has ended, and is still being taken away. */
  readonly how: 'held' | 'leaving' | 'scheduled' | 'pending' | 'member';
  /** Whether an exception may be asked for. */
  readonly excusable: boolean;
}

/** An incompatibility that may stand against the package for the target, with what is known of exceptions to it. */
export interface Clash {
  readonly incompatibility: string;
  readonly kind: Conflict['kind'];
  /** The other package, or the group. */
  readonly name: string;
  /** How the target has it; null: not any more, or not yet. */
  readonly how: Conflict['how'] | null;
  /**
   * When the target has it no more, whatever becomes of this package; null: not known, or it may be kept for longer. Where the package
   * stands against the other as well, that is not extended past its exception either.
   */
  readonly endsAt: Date | null;
  /** The target has it only until it is taken away: its time is over. */
  readonly leaving: boolean;
  /** The policy that decides exceptions to it, whether or not it is enabled; null: there never was one. */
  readonly policy: Policy['id'] | null;
  /** Its current version, by which exceptions are asked for; null: it is not enabled, or its last day is over where the target is. */
  readonly offers: PolicyVersion['id'] | null;
  /** What is recorded for the target, also where its time is over. */
  readonly exception: ConflictException | null;
}

/** A policy of the package with whether the target is in its scope now. Only enabled policies in their current version. */
export interface PolicyFact {
  readonly policy: PolicyVersion;
  readonly inScope: boolean;
  /** The last day that it fixes is over where the target is: nothing is to be had by it any more. */
  readonly over: boolean;
  /** False when the policy was disabled or deleted since (only possible for the version a request keeps). */
  readonly enabled: boolean;
}

/** What every act on a (target, package) pair looks at. */
export interface PairFacts {
  readonly target: Person;
  /** The target's organization is `configured`, or the target is a member; false for outsiders of unknown organizations. */
  readonly organizationConfigured: boolean;
  readonly catalog: Catalog;
  readonly package: Package;
  readonly content: PackageVersion;
  readonly policies: readonly PolicyFact[];
  readonly candidates: readonly Candidate[];
  /** Enabled catalog owners and administrators: stand-ins of rule 3.5. */
  readonly owners: readonly PersonRef[];
  readonly administrators: readonly PersonRef[];
  /** Delegates of those above and of the candidates. */
  readonly delegations: readonly Delegated[];
  readonly conflicts: readonly Conflict[];
  /** All incompatibilities that may stand against the package: also those that an exception lets pass. */
  readonly clashes: readonly Clash[];
  /** Open request of the pair (submitted, pendingApproval, scheduled), if any. */
  readonly open: Request | null;
  /** Whether a request of the pair came to its end in the last 30 days: messages about it may offer to ask again. */
  readonly lately: boolean;
  /** Live assignment of the pair, if any, with its live justifications. */
  readonly live: Assignment | null;
  readonly justifications: readonly Justification[];
  /** The live assignment ends in a moment: its holder left while they had it, and may be back by now (rule 3.17). */
  readonly leaving: boolean;
  /** Grants that exist for the target and the roles of `content` or of the live assignment. */
  readonly grants: readonly GrantFact[];
  /** Whether people place some role of `content` by hand, so that giving it takes its time. */
  readonly byHand: boolean;
}

/** What the gates look at. */
export type AskFacts = Pick<PairFacts, 'target' | 'catalog' | 'package' | 'policies' | 'conflicts' | 'open' | 'live'>;

/** A grant with the live assignments (delivering or later, not ended) that justify it, except none. */
export interface GrantFact {
  readonly grant: Grant;
  /** Ids of assignments in a state that justifies the grant now. */
  readonly justifiedBy: readonly Assignment['id'][];
  /** Those whose package lost the role: it may still be there because of them. */
  readonly lostBy: readonly Assignment['id'][];
}

/** For asking. `requestor` is who acts; equal to the target unless on behalf. `managesTarget`: is the target's manager. */
export interface SubmitFacts extends PairFacts {
  readonly requestor: Person;
  readonly managesTarget: boolean;
  /** The requestor's right on the package's catalog to assign directly. */
  readonly mayAssign: boolean;
  /** Their right to change its policies. */
  readonly mayChange: boolean;
  /** The requestor may know the package: could ask for it, holds it, asked for it, or assigns it. */
  readonly requestorMaySee: boolean;
}

/** A role that the package holds, by the name that people write (`Resource / Role`, `Resource / Role / Scope`). */
export interface RoleNamed {
  readonly role: ResourceRole['id'];
  readonly scope: ResourceScope['id'];
  readonly name: string;
}

/** One request asked again as another: the other's number, and the roles that the package had gained, by name. */
export interface AskedAgain {
  readonly number: number;
  readonly added: readonly string[];
}

/** For everything that happens to one request. `policies` holds the version that the request keeps. */
export interface RequestFacts extends PairFacts {
  readonly request: Request;
  readonly requestor: (PersonRef & Pick<Person, 'state'>) | null;
  /** Who of them was disabled while it was open; they may be back by now. */
  readonly left: 'target' | 'requestor' | null;
  readonly stages: readonly Stage[];
  readonly tasks: readonly ApprovalTask[];
  readonly decisions: readonly Decision[];
  /** Names of the people in tasks and decisions. */
  readonly people: readonly PersonRef[];
  /** The assignment the request names (also when it is no longer live), with all its justifications. */
  readonly assignment: Assignment | null;
  /** What the package held when this was asked for. `content` is what it holds now. */
  readonly asked: PackageVersion;
  /** The contents that decisions, and whoever decides now, say that they saw: some may be of another package, or not there at all. */
  readonly seen: readonly PackageVersion[];
  /** What it holds now, by name. */
  readonly roles: readonly RoleNamed[];
  /** The request that asks this one again, if the package gained roles. */
  readonly replacedBy: AskedAgain | null;
  /** The request that this one asks again. */
  readonly replaced: AskedAgain | null;
}

/** For everything that happens to one assignment. `latest` is the policy version of its newest live justification. */
export interface AssignmentFacts extends PairFacts {
  readonly assignment: Assignment;
  readonly latest: PolicyVersion | null;
  /** Requests of the assignment that are on their way, or came to nothing or to a part of it only. */
  readonly undelivered: readonly Request[];
}

/** For the worker: one grant, what is wanted, where it lives, and the assignments whose delivery it is part of. */
export interface PlaceFacts {
  readonly grant: Grant;
  readonly person: Person;
  readonly resource: Resource;
  readonly role: ResourceRole;
  readonly scope: ResourceScope;
  readonly wanted: boolean;
  /** True when any assignment that ends here says `absorb`, or the target left: then a baseline is taken as well. */
  readonly overrideBaseline: boolean;
  readonly openTask: ManualTask | null;
  /** Grants of the person for the very same role of the system, which another catalog has as well. */
  readonly twins: readonly Twin[];
  /** Live assignments whose package lost the role since it was placed (rule 3.11). */
  readonly withdrawnFrom: readonly Pick<Assignment, 'id' | 'package'>[];
  /** Each assignment linked to the grant, with all grants it is made of (an ending one: also those its package lost) and the requests in whose name it is delivering or removing. */
  readonly assignments: readonly {
    readonly assignment: Assignment;
    readonly requests: readonly Request[];
    readonly grants: readonly Grant[];
  }[];
}

/** Another grant of what one person has or has not in one system: it is taken only where neither justifies it (rule 3.10). */
export interface Twin {
  readonly grant: Grant;
  readonly catalog: CatalogId;
  readonly wanted: boolean;
  /** The person had it before, and no package that takes that over has ended there. */
  readonly theirs: boolean;
}

/** The same, found through a manual task. `owners`: who may report it done now; `keepers`: those of them who are asked first (rule 3.25); `told`: who has heard of it long enough ago. */
export interface TaskFacts extends PlaceFacts {
  readonly task: ManualTask;
  readonly keepers: readonly PersonRef[];
  readonly told: readonly PersonId[];
  readonly owners: readonly PersonId[];
}

/** A member of something, for permission checks. */
export interface Roles {
  readonly administrator: boolean;
  readonly auditor: boolean;
  /** Role names held on the catalog in question, groups resolved. */
  readonly onCatalog: readonly ('catalogOwner' | 'catalogReader' | 'packageManager' | 'assignmentManager')[];
}
