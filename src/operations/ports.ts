// The plugs of the house in one file: what the operations ask of the store and of the machine tables. Values in, values out.
import type { Compared, DriftAsked, DriftFacts, Judgement, Repair } from '../domain/drift';
import type { DelegationFacts, ProposeFacts } from '../domain/delegation';
import type { ExceptionFacts } from '../domain/exception';
import type { Change, DomainEvent } from '../domain/events';
import type { Confirmed, Leavers, ScopeFact } from '../domain/scope';
import type {
  AssignmentFacts,
  PairFacts,
  PlaceFacts,
  RequestFacts,
  Roles,
  SubmitFacts,
  TaskFacts,
  AskFacts,
} from '../domain/facts';
import type {
  AssignmentId,
  AssignmentState,
  CardId,
  CatalogId,
  DelegationId,
  DraftId,
  FindingId,
  GrantId,
  Group,
  GroupId,
  Catalog,
  ConflictException,
  Incompatibility,
  OrganizationId,
  Package,
  PackageId,
  PackageVersion,
  Person,
  PersonId,
  PersonRef,
  Policy,
  PolicyId,
  PolicyVersion,
  RequestId,
  RequestState,
  RequestType,
  Resource,
  ResourceId,
  ResourceRole,
  ResourceScope,
  RoleName,
} from '../domain/model';

// ---------------------------------------------------------------- who acts

/** Only a person decides; the system is a job; an operator is the OS user at the command line. */
export type Actor =
  | { readonly kind: 'person'; readonly id: PersonId }
  | { readonly kind: 'system'; readonly name: string }
  | { readonly kind: 'operator'; readonly name: string };

/** Who acts, through what, and in answer to which delivery (idempotency). `via`: slack, teams, web, cli, job name. */
export interface By {
  readonly actor: Actor;
  readonly via: string;
  /** Goes with what follows from the act into the log lines about it. */
  readonly trace?: string;
  /** Who pressed what the system follows up on, and looks at it: their messages are changed before others. */
  readonly presser?: PersonId;
  /** Set for synchronous writes: the delivery is stored in the act's own transaction, a repeat gets the stored reply. */
  readonly delivery?: Delivery;
  /**
   * Set where somebody waits for the answer: until then the act is committed, or refused as too busy and nothing is taken. In
   * milliseconds of the process's own steady clock.
   */
  readonly until?: number;
}
export interface Delivery {
  readonly platform: string;
  readonly key: string;
  readonly bodyHash: string;
}

// ---------------------------------------------------------------- the write path

/**
 * One act's transaction. Every load locks the target's `people` row first, then the request or assignment, then grants
 * (DESIGN.md, lock order), is one statement, and sets `now`. Loads throw DomainError 'not-found' for what is not there.
 */
export interface Tx {
  /** Database clock plus the organization's offset, read by the first load. Throws before any load. */
  readonly now: Date;
  /** Reads the clock for acts that load nothing else. */
  clock(): Promise<Date>;
  newId(): string;
  /** For asking, for direct assignment. `policyVersion` limits nothing: all enabled policies of the package come. */
  forSubmit(input: AskOf): Promise<SubmitFacts>;
  /** `shown`: the content of the package that whoever decides says they saw, if any: of it comes what was in it. */
  forRequest(id: RequestId, shown?: unknown): Promise<RequestFacts>;
  forAssignment(id: AssignmentId): Promise<AssignmentFacts>;
  /** Locks the person and the grant. */
  forPlace(grant: GrantId): Promise<PlaceFacts>;
  forManualTask(id: string): Promise<TaskFacts>;
  /** Roles of a person for a catalog (or the organization). */
  roles(person: PersonId, catalog: CatalogId | null): Promise<Roles>;
  /** The only writer of governed tables. */
  save(change: Change): Promise<void>;
  /** Audit (and consequences) without a state row, e.g. access.refused. */
  record(events: readonly DomainEvent[]): Promise<void>;
  /** Consumes the draft in this transaction; throws 'draft-gone' when it is not there, not this person's, or used. */
  takeDraft(id: DraftId, person: PersonId): Promise<void>;
  /** Stores the reply of `by.delivery`, so that a repeat of the delivery shows the same answer. */
  reply(reply: StoredReply): Promise<void>;
  /** Settles the leased outgoing row in this transaction; a lost lease throws 'stale' and rolls everything back. */
  settle(lease: Lease, result: { state: 'done' } | { state: 'dead'; error: string }): Promise<void>;
  /** Back to ready in this transaction, not before `atLeastMs` from now; a lost lease throws 'stale' and rolls everything back. */
  retry(lease: Lease, atLeastMs: number, error: string): Promise<void>;
  /** Nobody else takes the leased outgoing row over before this transaction ends; a lost lease throws 'stale'. */
  hold(lease: Lease): Promise<void>;
  /** Puts a dead outgoing row back to ready; what it was, or null where it is not given up. */
  redrive(
    id: number,
  ): Promise<(Pick<OutgoingRow, 'kind' | 'notice' | 'person' | 'request'> & { readonly error: string }) | null>;
  configuration(): Promise<Configuration>;
  /** Waits until nobody else changes configuration; what `configuration` reads from then on is changed by this act alone. */
  holdConfiguration(): Promise<void>;
  /**
   * Locks whom the changes concern, and who loses access beside them, before they are counted: people first, then packages that are
   * deleted or get an incompatibility, for which nobody can ask from then on.
   */
  holdChanged(changes: readonly ConfigurationChange[], losing: readonly PersonId[]): Promise<void>;
  /** What a start compares with its settings; of the people those whom one of these directory keys or mail addresses names. */
  organization(named: readonly string[]): Promise<OrganizationFacts>;
  /** Counts for what a plan says before anything is applied: who holds, who waits, who would be in conflict. */
  affected(by: AffectedBy): Promise<Affected>;
  saveConfiguration(changes: readonly ConfigurationChange[]): Promise<void>;
  /** Somebody who can be forgotten, held, with their roles of Usher; null: not, or not yet. */
  forForgetting(id: PersonId): Promise<Forgettable | null>;
  /** Lets go of chat accounts, memberships, what they own and what the trail says of them. `person` as they were. */
  forget(person: PersonConfig): Promise<void>;
  /** Links, or marks as conflicting, a chat identity (audited). */
  /** False, and nothing is written, where it is not any more what was read. */
  saveIdentity(change: IdentityChange): Promise<boolean>;
  sawAccount(seen: Seen): Promise<void>;
  /** Compares what was read with what Usher gave, and keeps what differs. Null: another comparison has begun, so this one says nothing. */
  compared(token: string): Promise<Compared | null>;
  /** The comparison is over. Returns the differences of these kinds that can be repaired. */
  judged(token: string, judgement: Judgement): Promise<readonly Repair[]>;
  /** What those in charge of the resource are asked; nobody else answers, and no comparison is concluded, before this act ends. */
  forDrift(resource: ResourceId): Promise<DriftAsked>;
  /** The answer of a person to what they are asked now. */
  answered(resource: ResourceId, person: PersonId, answer: { asked: string | null; accepted: boolean }): Promise<void>;
  /** One difference, with its person locked. */
  forFinding(id: FindingId): Promise<DriftFacts>;
  /** Holders of the package who left the scope of their policy; nobody else judges them before the act is over. Null: none. */
  leavers(pkg: PackageId): Promise<Leavers | null>;
  /** Those who were found wait for somebody's word, or lose the access now. */
  leaversJudged(leavers: Leavers, to: 'asked' | 'ending'): Promise<void>;
  /** Those of the set lose the access now: all of them, or nobody where others are asked about by now. Null: there is no such package. */
  leaversConfirmed(pkg: PackageId, set: string): Promise<Confirmed | null>;
  /** What was to end for this was looked at: if it goes on, it is no leaver's any more. */
  leaverSettled(id: AssignmentId): Promise<void>;
  /** What is noted of who of a request left is followed by this act. */
  forgetLeft(facts: Pick<RequestFacts, 'request' | 'left'>): Promise<void>;
  /** The live justifications of an assignment, with their policies as these are now. */
  scopesOf(id: AssignmentId): Promise<readonly ScopeFact[]>;
  /** What an offer looks at, before anybody else offers anything. */
  forProposal(input: Proposal): Promise<ProposeFacts>;
  /** One delegation, its row locked. */
  forDelegation(id: DelegationId): Promise<DelegationFacts>;
  /** One exception to an incompatibility, its row locked. */
  forException(id: string): Promise<ExceptionFacts>;
  /** Since when it is noted that exceptions may move the end of this access, and nothing is from now on; before all that this act reads. */
  takeLentNotes(id: AssignmentId): Promise<Date | null>;
  /** Bulk: ends up to `limit` assignments whose last justification is over; same tail as save. Returns how many. */
  endDue(limit: number): Promise<number>;
}

/** Who would decide for whom, for a package, a catalog or (both null) all. */
export interface Proposal {
  readonly delegator: PersonId;
  readonly delegate: PersonId;
  readonly package: PackageId | null;
  readonly catalog: CatalogId | null;
}

/** Data that `handle` can turn into a reply again: a view and a sentence, never rendered text. */
export interface StoredReply {
  readonly view: string;
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
}

/** The delivery was acted on before: nothing was done now. Thrown by `write`, caught by chat/handle.ts, which shows the reply again. */
export class RepeatedDelivery extends Error {
  override readonly name = 'RepeatedDelivery';
  /** Null when the act stored no reply. */
  constructor(readonly reply: StoredReply | null) {
    super('this delivery was acted on before');
  }
}

/** The database went away while an act was being committed, and did not come back to say what became of it. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  constructor(override readonly cause: unknown) {
    super('nobody knows whether this act was committed');
  }
}

/**
 * A statement outside of `write` waited too long, for a row or for a connection; nothing came of it. No refusal: whoever asks whether
 * something is there, or may be seen, must not take it for a no.
 */
export class Busy extends Error {
  override readonly name = 'Busy';
  constructor(readonly original: unknown) {
    super(original instanceof Error ? original.message : 'the database is busy');
  }
}

export interface Store {
  /**
   * Runs `act` in one transaction. The whole function runs again on Stale, 40001 and 40P01 (three times, with jitter), so it
   * must touch nothing but `tx`. When `by.delivery` was acted on before with the same body, `act` does not run and
   * `RepeatedDelivery` carries the stored reply; with another body it throws 'same-key-other-body'. Constraint violations become DomainErrors.
   */
  write<T>(by: By, act: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * The same for an act that does no more than take its draft, load what asking or one request needs, save once and reply: many that
   * come together share one transaction, and none of them another's fate. `act` waits for nothing but `tx`.
   */
  share<T>(by: By, act: (tx: Tx) => Promise<T>): Promise<T>;
  /** The stored reply of a delivery, if it was seen. Same-key-other-body throws. */
  repeated(delivery: Delivery): Promise<StoredReply | null>;
  /** Called after each commit that wrote outgoing rows: wakes the worker. */
  onCommit(wake: () => void): void;
}

// ---------------------------------------------------------------- reading

export interface Page<T> {
  readonly rows: readonly T[];
  /** Opaque keyset cursors of the page after this one and of the one before; null at either end. */
  readonly next: string | null;
  readonly previous: string | null;
}

/** `again`: the newest request since access ended by which a role of it is wanted; `same`: for the same package. `stays`: some role of it was not taken away. */
export interface RemovalRow {
  readonly again: number | null;
  readonly same: boolean;
  readonly stays: boolean;
}

/** A package with the code of its link. */
export interface SharedRow {
  readonly name: string;
  readonly catalog: CatalogId;
  readonly hidden: boolean;
  readonly code: string;
}
export interface PackageRow {
  readonly id: PackageId;
  readonly name: string;
  readonly description: string;
  readonly catalog: string;
  /** With their resources: `Ledger / Reader`. */
  readonly roles: readonly string[];
  readonly held: boolean;
  readonly pending: boolean;
  /** Whether it may be asked for; null: not looked at. */
  readonly offered: boolean | null;
}
export interface AccessRow {
  readonly id: AssignmentId;
  readonly package: PackageId;
  readonly packageName: string;
  readonly state: AssignmentState;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
  /** Why it is held: kinds and request numbers of live justifications. */
  readonly why: readonly { readonly kind: 'request' | 'direct' | 'rule'; readonly number: number }[];
  readonly mayGiveUp: boolean;
}
/** Who asks for what, for whom. For an exception: with the policies that decide exceptions as well. */
export interface AskOf {
  readonly requestor: PersonId;
  readonly target: PersonId;
  readonly package: PackageId;
  readonly for?: 'exception';
}
export interface RequestRow {
  readonly id: RequestId;
  readonly number: number;
  readonly type: RequestType;
  readonly state: RequestState;
  readonly packageName: string;
  readonly target: PersonRef;
  readonly requestor: PersonRef | null;
  readonly createdAt: Date;
  /** When the access ended that it asked for; null: it has not begun or not ended. */
  readonly endedAt: Date | null;
}
export interface DelegableRow {
  readonly kind: 'package' | 'catalog';
  readonly id: string;
  readonly name: string;
  /** The catalog of a package. */
  readonly detail: string;
}
export interface ApprovalRow extends RequestRow {
  readonly decideBy: Date;
  /** The name of the one for whom the person would decide; null: they are asked themselves. */
  readonly for: string | null;
  readonly reason: string | null;
  readonly version: number;
}
/** A task for people that waits. */
export interface TaskRow {
  readonly id: string;
  readonly number: number;
  /** Whether the role is to be given, and not taken. */
  readonly want: boolean;
  readonly openedAt: Date;
  /** It was not done in time, and those in charge are asked as well. */
  readonly late: boolean;
  readonly target: string;
  readonly role: string;
  /** With its scope, where that is not all of it. */
  readonly resource: string;
}
export interface TimelineRow {
  /** Its number in the trail, by which a message names the event that it tells of. */
  readonly id: number;
  readonly at: Date;
  readonly type: DomainEvent['type'];
  readonly actor: PersonRef | null;
  readonly person: PersonRef | null;
  readonly stage: number | null;
  readonly data: DomainEvent['data'];
}
/** A role that people set up by hand, and who of them are asked to. */
export interface HandRow {
  readonly resource: string;
  readonly role: string;
  readonly people: readonly string[];
}
/** Read models: each is one or two statements outside any lock. Rights are checked by the operation that calls. */
export interface Views {
  now(): Promise<Date>;
  person(id: PersonId): Promise<Person | null>;
  roles(person: PersonId, catalog: CatalogId | null): Promise<Roles>;
  identity(platform: string, tenant: string, user: string): Promise<IdentityRow | null>;
  /** The enabled person of a directory key. */
  peopleByKey(directoryKey: string): Promise<readonly Person[]>;
  /** Everybody with a mail address, case folded; who left and may come back as well. Two mean a conflict. */
  peopleByMail(email: string): Promise<readonly Person[]>;
  installation(platform: string, tenant: string): Promise<InstallationRow | null>;
  /** Loads what asking needs, without locks. */
  forSubmit(input: AskOf): Promise<SubmitFacts>;
  forRequest(id: RequestId, shown?: unknown): Promise<RequestFacts>;
  forAssignment(id: AssignmentId): Promise<AssignmentFacts>;
  forManualTask(id: string): Promise<TaskFacts>;
  requestByNumber(number: number): Promise<RequestId | null>;
  /** Requestable by the target (listed, catalog published, a policy in scope), by name, description, resource names; LIKE wildcards are literal. */
  searchPackages(
    target: PersonId,
    query: string,
    limit: number,
    after: string | null,
    /** Somebody else asks for the target: only what others may ask for is listed. */
    onBehalf?: boolean,
  ): Promise<Page<PackageRow>>;
  /**
   * Exact name, case folded, or the code of its link: those the person may know (requestable, or held, or hidden with the exact
   * name in scope; for themselves also what they ever had or asked for, and what is in their care).
   */
  packagesNamed(target: PersonId, name: string, onBehalf?: boolean): Promise<readonly PackageRow[]>;
  /** Names of the enabled owners of its catalog; of the administrators, where it has none. */
  packageOwners(pkg: PackageId): Promise<readonly string[]>;
  searchPeople(
    query: string,
    limit: number,
    managedBy: PersonId | null,
  ): Promise<readonly (PersonRef & { readonly detail: string })[]>;
  peopleNamed(name: string): Promise<readonly PersonRef[]>;
  access(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<AccessRow>>;
  /** All that ended because the person was disabled, the last time that they were; each with how many of them there are. */
  accessBack(
    person: PersonId,
    page: { limit: number; after: string | null },
  ): Promise<Page<AccessRow & { readonly total: number }>>;
  requests(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<RequestRow>>;
  delegation(id: string): Promise<DelegationFacts | null>;
  /** What the person has handed on, or decides for others, and is not over; what begins first is first. */
  delegations(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<DelegationFacts>>;
  /** Whether somebody asks the person to decide, or could. */
  decides(person: PersonId): Promise<boolean>;
  /** Packages that the person decides, or could, and their catalogs; by name, or the one of this id. */
  delegable(
    person: PersonId,
    by: { readonly text?: string; readonly id?: string | null; readonly limit: number },
  ): Promise<readonly DelegableRow[]>;
  /** Open tasks of the person, oldest deadline first, own requests never. */
  approvals(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<ApprovalRow>>;
  /** What the person is asked to do by hand, removals first, then what waits longest. */
  tasks(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<TaskRow>>;
  taskByNumber(number: number): Promise<string | null>;
  timeline(request: RequestId): Promise<readonly TimelineRow[]>;
  /** Whom the last message about it that was tried did not reach, while none waits. */
  unreached(request: RequestId): Promise<readonly PersonRef[]>;
  /** Roles of the assignment that wait for people to set them up. */
  waitsForHands(assignment: AssignmentId): Promise<readonly HandRow[]>;
  /** Of a partner organization; null where there is none. */
  organizationName(id: OrganizationId): Promise<string | null>;
  /** What a package gives now, in words: `Resource / Scope: Role`, at most `limit`, and how much in all. */
  contents(pkg: PackageId, limit: number): Promise<{ readonly names: readonly string[]; readonly total: number }>;
  /** Names of packages the person holds now (approver's card), at most `limit`, and how many in all. */
  holds(person: PersonId, limit: number): Promise<{ readonly names: readonly string[]; readonly total: number }>;
  /** All of them, page by page. */
  held(person: PersonId, page: { limit: number; after: string | null }): Promise<Page<string>>;
  /** Packages of catalogs where the person may assign directly, for typed names. */
  manageablePackages(person: PersonId, query: string, limit: number): Promise<readonly PackageRow[]>;
  /** Packages that the person may tell others of: those on offer to them, of catalogs that they assign in, hidden ones that they look after. */
  sharablePackages(person: PersonId, query: string, limit: number): Promise<readonly PackageRow[]>;
  /** A package that the person may know (on offer, held, or in a catalog that they assign in) with what sharing it needs. */
  sharing(person: PersonId, pkg: { readonly id: PackageId } | { readonly code: string }): Promise<SharedRow | null>;
  /** Live assignment of a pair, for typed `extend <package>`. */
  liveAssignment(person: PersonId, pkg: PackageId): Promise<AssignmentId | null>;
  /** Who decided that the assignment ends and why; no name: a file did. Null where it ended by itself. */
  endedBy(assignment: AssignmentId): Promise<{ readonly name: string | null; readonly reason: string | null } | null>;
  /** Roles of the assignment that could not be placed or taken, with the connector's code. */
  grantProblems(
    assignment: AssignmentId,
  ): Promise<readonly { readonly resource: string; readonly role: string; readonly error: string }[]>;
  /** What became of what was to be taken away: of access that ends, or of what its package lost. */
  removalOf(assignment: AssignmentId): Promise<RemovalRow>;
  /** Open differences of a resource between the system and Usher; null where there is no such resource. */
  drift(resource: ResourceId, named?: number): Promise<DriftView | null>;
  /** What asking for each of these packages looks at. */
  forAsking(person: PersonId, packages: readonly PackageId[]): Promise<readonly AskFacts[]>;
  /** Whether the person is in charge of any resource. */
  keeps(person: PersonId): Promise<boolean>;
  /** Resources with open differences, or because of which somebody is kept, that the person is in charge of; `set` names what they are asked about. */
  differing(keeper: PersonId): Promise<readonly (Listed<ResourceId> & { readonly set: string | null })[]>;
  /** Who left the scope of the package's policies; null where there is no such package. */
  leavers(pkg: PackageId): Promise<LeaversView | null>;
  /** Packages of which the access of people who left their scope waits for this person's word. */
  askedLeavers(person: PersonId): Promise<readonly Listed<PackageId>[]>;
  exception(id: string): Promise<ExceptionFacts | null>;
  /** What a digest of this person was made of, by its name; null where there is none. */
  digest(person: PersonId, name: string): Promise<string | null>;
  /** People of the demo that the local page offers. */
  personas(): Promise<readonly PersonaRow[]>;
}

/** One of a short list; its catalog tells two of one name apart. */
export interface Listed<Id> {
  readonly id: Id;
  readonly name: string;
  readonly detail: string;
}

export interface IdentityRow {
  readonly id: string;
  readonly state: 'linked' | 'unlinked' | 'conflict';
  readonly person: Person | null;
  /**
   * Of an account that nobody has who is enabled: whose it was. Of those who are enabled only for whom its platform vouched, and not by
   * an address that is somebody else's: a wrong line of a file that is mended keeps nobody out.
   */
  readonly staysWith: readonly PersonId[];
  /** What the account is taken to be: `member`, `guest`, `deactivated`, ... */
  readonly standing: string;
  /** Whether its platform said so, within a day or before; null: an earlier release, a file or the directory did. */
  readonly said: 'lately' | 'once' | null;
  readonly zone: string | null;
  readonly locale: string | null;
  readonly version: number;
}
export interface InstallationRow {
  readonly authoritativeDomains: readonly string[];
  readonly guestsAllowed: boolean;
}
export interface PersonaRow {
  readonly key: string;
  readonly name: string;
  readonly title: string;
  readonly department: string;
  readonly organization: string;
  readonly unread: number;
}
/** What a platform says of an account. */
export interface Seen {
  readonly platform: string;
  readonly tenant: string;
  readonly user: string;
  /** Null: it did not say. */
  readonly standing: string | null;
  readonly zone: string | null;
  readonly locale: string | null;
}
export interface IdentityChange extends Seen {
  /** The version that it rests on; null: there was none. */
  readonly read: number | null;
  readonly person: PersonId | null;
  /** What it is taken to be where its platform does not say it. */
  readonly presumed: string;
  readonly state: 'linked' | 'unlinked' | 'conflict';
  readonly linkedBy: 'directoryKey' | 'email' | 'file' | 'demo' | null;
  /** The address of the person that links it; null: something else does, or nobody is linked. */
  readonly mail: string | null;
}

// ---------------------------------------------------------------- what operators watch

/** Hears of what happens, for the metrics. Every word is one of ours: never an id, a name or a text. */
export interface Watch {
  acted(platform: string, kind: 'reads' | 'writes', outcome: 'done' | 'refused' | 'failed', seconds: number): void;
  /** A request that people were asked about came to its end, so long after it was asked for. */
  decided(outcome: 'approved' | 'denied' | 'expired', seconds: number): void;
  delivered(
    platform: string,
    what: 'send' | 'update' | 'remove' | 'answer',
    outcome: 'done' | 'later' | 'gone' | 'unreachable' | 'refused' | 'failed',
  ): void;
  called(
    connector: string,
    what: 'read' | 'list' | 'give' | 'take',
    outcome: 'done' | 'later' | 'failed',
    seconds: number,
  ): void;
  /** What was turned away before anybody was known. */
  turnedAway(platform: string, code: string): void;
  /** A job swept, or failed to. */
  ran(job: string, outcome: 'done' | 'failed', seconds: number): void;
}

// ---------------------------------------------------------------- machine tables

/** Proof that a worker holds a row; a result with a lost lease is refused. */
export interface Lease {
  readonly id: number;
  readonly token: string;
}
export interface OutgoingRow {
  readonly lease: Lease;
  readonly kind: 'tell' | 'redraw' | 'place';
  readonly notice: string | null;
  readonly audience: string | null;
  readonly person: PersonId | null;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly request: RequestId | null;
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  /** Of the act that made the row; null where none did. */
  readonly trace: string | null;
  readonly attempts: number;
  /** The try before this one may have got through: its worker vanished, or nobody heard how it ended. */
  readonly unsure: boolean;
  readonly createdAt: Date;
}
/** A row that was given up, with its reason, for whoever may put it back. */
export interface DeadRow {
  readonly id: number;
  readonly kind: OutgoingRow['kind'];
  readonly notice: string | null;
  readonly person: string | null;
  readonly subject: string;
  readonly attempts: number;
  readonly error: string;
  readonly settledAt: Date;
}
export interface Outbox {
  /**
   * Up to `limit` due rows (of these kinds), leased for `leaseMs`; one row per lane, the oldest, and of redraws the newest; taking
   * away before giving. What a release does not know is not there for it.
   */
  claim(limit: number, leaseMs: number, kinds?: readonly OutgoingRow['kind'][]): Promise<readonly OutgoingRow[]>;
  /** Expands an audience into one row per person and settles the parent, in one statement; idempotent. Returns the number. */
  expand(row: OutgoingRow): Promise<number>;
  /**
   * Tells the person of a remembered message anew what it told an account that is not theirs any more, where that is open still; once
   * for a message. `asks`: its view says that it asks something of them.
   */
  anew(card: CardId, how: { readonly asks: boolean; readonly trace: string | null }): Promise<void>;
  /** Takes out of a digest what this release does not know: messages of their own again. Returns what the row says without them. */
  part(lease: Lease): Promise<OutgoingRow['params']>;
  /** Leaves the rest of a redraw to a release that knows this view: no other one claims the row any more. */
  leave(lease: Lease, view: string): Promise<void>;
  settle(lease: Lease, result: { state: 'done' } | { state: 'dead'; error: string }): Promise<void>;
  /** Back to ready, not before `atLeastMs` from now (backoff with jitter added by the caller); `tried` is false where no call was made. */
  retry(lease: Lease, atLeastMs: number, error: string, how?: { readonly tried?: boolean }): Promise<void>;
  /** Renews leases of what is being worked, where they are still held. */
  keep(leases: readonly Lease[], leaseMs: number): Promise<void>;
  /** Returns rows (of these kinds, and of those that this release does not know) whose lease ran out to ready, but for those `underWay`. */
  reap(underWay?: readonly Lease[], kinds?: readonly OutgoingRow['kind'][]): Promise<number>;
  /** What was given up, newest first. */
  dead(limit: number): Promise<readonly DeadRow[]>;
  /** Instant of the next ready row (of these kinds), for the poll; null when idle. */
  nextAt(kinds?: readonly OutgoingRow['kind'][]): Promise<Date | null>;
  /** Takes one token of the bucket of `target` (rate per second, burst); otherwise the milliseconds to wait. */
  pass(target: string, ratePerSecond: number, burst: number): Promise<number>;
  /** How long the gate of `target` stays closed, in milliseconds; 0 where it is open. Takes no token. */
  held(target: string): Promise<number>;
  /**
   * Lets up to `want` calls of `target` begin now, as many as its limit has room for; where it has none (null), all while it is
   * well. `late` corrects the date of those that were let through at `at` and began so much later.
   */
  enter(
    target: string,
    limit: CallLimit | null,
    want: number,
    late?: { readonly at: Date; readonly ms: number } | null,
  ): Promise<Entry>;
  /** Closes the gate until then (Retry-After). */
  hold(target: string, ms: number): Promise<void>;
  /**
   * A call failed in a way that says something about its target. After several without one that worked the gate closes for a
   * while, longer each time; `limited` (called too often, and no time was named) closes it at once.
   */
  failed(target: string, limited: boolean): Promise<void>;
  /** A call worked: failures before it count no more. */
  worked(target: string): Promise<void>;
}
/** Never more than `most` calls in any `inMs`, and no more than `atOnce` together. */
export interface CallLimit {
  readonly most: number;
  readonly inMs: number;
  readonly atOnce: number;
  /** What counts as together; absent: as long as keeps all of them about even. */
  readonly togetherMs?: number;
}
/** What a gate says. */
export interface Entry {
  /** So many may begin now, counted as begun `at`. */
  readonly granted: number;
  readonly at: Date;
  /** Nobody passes, because its time was named or because it kept failing. */
  readonly closed: boolean;
  /** Calls failed: the next one that works has to be told. */
  readonly failing: boolean;
  /** Until it is worth asking again. */
  readonly waitMs: number;
}

export interface CardRow {
  readonly id: CardId;
  readonly platform: string;
  readonly tenant: string;
  readonly user: string;
  readonly person: PersonId;
  readonly conversation: string | null;
  readonly message: string | null;
  readonly serviceUrl: string | null;
  readonly view: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly request: RequestId | null;
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  readonly state: 'sending' | 'live' | 'gone';
  readonly hash: string | null;
  /** Whether its account is still the person's, and they are enabled: else others may read it, or somebody who left. */
  readonly theirs: boolean;
  /** When this row was read: what is drawn from here on shows everything that was committed before. */
  readonly readAt: Date;
  /** Another one after each change of the row. */
  readonly version: string;
}
/** What an answer shows in the place of a remembered message, and that as it was read before; null where it was not. */
export interface AnsweredCard {
  readonly version: CardRow['version'] | null;
  readonly hash: string;
}
/** A card that became a message as the answer to something. */
export interface PostedCard {
  readonly id: CardId;
  readonly platform: string;
  readonly tenant: string;
  readonly user: string;
  readonly person: PersonId;
  readonly conversation: string;
  readonly message: string;
  readonly serviceUrl: string | null;
  readonly view: string;
  readonly subject: CardRow['subject'];
  readonly request: RequestId | null;
  readonly params: CardRow['params'];
  readonly hash: string;
  /** What was committed before is in it. */
  readonly readAt: Date;
}
/** Remembered messages. One per (person, platform, view, subject) that was told: told again means edited. */
export interface Cards {
  /** Finds or creates the row in state `sending` before the message leaves; returns it. */
  begin(card: {
    platform: string;
    tenant: string;
    user: string;
    person: PersonId;
    view: string;
    subject: { kind: string; id: string };
    request: RequestId | null;
    params: CardRow['params'];
  }): Promise<CardRow>;
  /** The message is out, and the one that counts; false where another try's message counts already. */
  sent(
    id: CardId,
    ref: { conversation: string; message: string; serviceUrl: string | null },
    hash: string | null,
  ): Promise<boolean>;
  /**
   * The message was changed to what `hash` is of. False: since `seen` was read somebody else changed it to something else, and nobody
   * knows whose change came last, so what it shows is not known any more.
   */
  drawn(seen: Pick<CardRow, 'id' | 'version'>, hash: string): Promise<boolean>;
  /** The same of an answer that stands as this message by now, where that is a remembered one. Not known any more, it is redrawn. */
  answered(
    place: Pick<PostedCard, 'platform' | 'tenant' | 'conversation' | 'message'>,
    shown: AnsweredCard,
  ): Promise<void>;
  /** Compared with how things stand, and still equal. */
  looked(id: CardId, hash: string): Promise<void>;
  failed(id: CardId, error: string, gone: boolean): Promise<void>;
  /** What was begun and looked for in vain is remembered no longer, unless it is out by now. */
  notThere(id: CardId): Promise<void>;
  /**
   * Leaves a look for each message of a row that was begun on one of these platforms and never heard of again; once, however often it
   * is said.
   */
  doubted(
    row: Pick<OutgoingRow, 'person' | 'subject' | 'trace'>,
    view: string,
    platforms: readonly string[],
  ): Promise<void>;
  /** The card read again if another row than `own` redraws its subject, or did since `seen` was read; null when none did. */
  overtaken(seen: CardRow, own: Lease): Promise<CardRow | null>;
  get(id: CardId): Promise<CardRow | null>;
  /** The id of a card that is posted before it is remembered. */
  newId(): CardId;
  /**
   * Remembers an answer, so that it is redrawn like what was told; once, however often it is said. Of many to one person about one
   * subject the newest are: an older one is drawn a last time (`params.answer` is `stays`).
   */
  posted(card: PostedCard): Promise<void>;
  bySubject(subject: { kind: string; id: string }): Promise<readonly CardRow[]>;
  byRequest(request: RequestId): Promise<readonly CardRow[]>;
}

/** Where a person can be reached, best first: the platform used last, then the others. */
export interface Reachable {
  readonly platform: string;
  readonly tenant: string;
  readonly user: string;
  readonly conversation: string | null;
  readonly serviceUrl: string | null;
  readonly zone: string | null;
  readonly locale: string | null;
  /** Found dead a day ago or longer, and tried once more. */
  readonly dead: boolean;
}
export interface Directory {
  reachable(person: PersonId): Promise<readonly Reachable[]>;
  /**
   * Remembers a conversation from a verified delivery; revives a dead one, and puts back what was given up meanwhile and is still
   * open. Null: heard, and the platform opens a conversation itself.
   */
  seen(place: {
    platform: string;
    tenant: string;
    user: string;
    conversation: string | null;
    serviceUrl: string | null;
  }): Promise<void>;
  dead(place: { platform: string; tenant: string; user: string }, code: string): Promise<void>;
  /** A dead place took a message: it is none any more, and what was given up meanwhile and is still open is put back. */
  alive(place: { platform: string; tenant: string; user: string }): Promise<void>;
}

export interface InboundRow {
  readonly lease: Lease;
  readonly payload: unknown;
  readonly attempts: number;
  /** Its last worker ended without a word. */
  readonly lost: boolean;
}
export interface GivenUp {
  readonly id: number;
  readonly platform: string;
  readonly delivery: string;
  /** Workers that ended with it. */
  readonly lost: number;
}
export interface InboundStore {
  /** Stores an event; false when the delivery was stored before. Another body under the same key throws 'same-key-other-body'. */
  store(delivery: Delivery, payload: unknown): Promise<boolean>;
  /** The oldest due; one that was lost with its worker comes alone. */
  claim(limit: number, leaseMs: number): Promise<readonly InboundRow[]>;
  settle(lease: Lease, result: { state: 'done' } | { state: 'dead'; error: string }): Promise<void>;
  /** `tried` false: it only waited for its turn, which is no try. `payload`: what is left to do of it. */
  retry(
    lease: Lease,
    atLeastMs: number,
    error: string,
    how?: { readonly tried?: boolean; readonly payload?: unknown },
  ): Promise<void>;
  /** Renews leases of what is being worked, where they are still held. */
  keep(leases: readonly Lease[], leaseMs: number): Promise<void>;
  /**
   * Takes back what was lost with its worker, which counts as no try. After `most` of them an event is given up, because it may be
   * what ends its workers; returns those. What is `underWay` is not lost.
   */
  reap(most: number, underWay?: readonly Lease[]): Promise<readonly GivenUp[]>;
  /** When the next of those that wait is due; null when none does. */
  nextAt(): Promise<Date | null>;
}

export interface Draft {
  readonly id: DraftId;
  readonly person: PersonId;
  readonly verb: string;
  readonly step: string;
  readonly input: Readonly<Record<string, string>>;
  readonly version: number;
}
export interface Drafts {
  create(person: PersonId, verb: string, step: string, input: Draft['input']): Promise<Draft>;
  /** Null when gone, expired (24 h) or another person's. */
  get(id: DraftId, person: PersonId): Promise<Draft | null>;
  change(id: DraftId, person: PersonId, step: string, input: Draft['input']): Promise<Draft | null>;
}

/** Work that is due, claimed with SKIP LOCKED in id order. Each job's operation takes the ids one transaction each. */
/** Who left the scope of a package's policies, for a message. */
export interface LeaversView {
  readonly package: Pick<Package, 'id' | 'name'>;
  readonly catalog: CatalogId;
  /** Whose access waits for somebody's word. */
  readonly asked: LeaversList;
  /** Names them; null: nobody. */
  readonly set: string | null;
  /** Whose access ends now, or ended during the last day. */
  readonly ended: LeaversList;
  readonly holders: number;
}
export interface LeaversList {
  readonly people: number;
  /** Names of the first few. */
  readonly first: readonly string[];
}

/** A note of a change, by its number. */
export type Noted = number & { readonly noted: never };

export interface Due {
  expiredStages(limit: number): Promise<readonly RequestId[]>;
  stagesToEscalate(limit: number): Promise<readonly RequestId[]>;
  stagesToRemind(limit: number): Promise<readonly RequestId[]>;
  /** Requests with an open stage whose set of open tasks differs from who may decide now (left, disabled, newly in the group). */
  misroutedStages(limit: number): Promise<readonly RequestId[]>;
  /** Notes of what may have changed who is asked: people, groups, managers, owners, approvals that others gave. */
  approversNoted(): Promise<readonly Noted[]>;
  /** Those of `misroutedStages` that these notes touch. */
  misroutedBy(notes: readonly Noted[], limit: number): Promise<readonly RequestId[]>;
  /**
   * Forgets those of these notes to which nobody can come late any more with what they read before. What is misrouted all the same is
   * noted by itself.
   */
  approversFollowed(notes: readonly Noted[]): Promise<void>;
  /** Follows all notes of the moment to who left the scope of a policy or is back in it, and tells the packages to be judged. */
  scopesLeft(): Promise<readonly PackageId[]>;
  /** Notes every policy that ends access with its scope, so that whatever was not noted is found all the same. */
  noteScopes(): Promise<void>;
  startsDue(limit: number): Promise<readonly RequestId[]>;
  remindersDue(limit: number): Promise<readonly AssignmentId[]>;
  /** Justifications that are over while others still hold the assignment. */
  justificationsOver(limit: number): Promise<readonly AssignmentId[]>;
  /** Access whose end may have to move because of an exception, or that ends with one by now; the newest first. */
  lentChanged(limit: number): Promise<readonly AssignmentId[]>;
  /** Held access whose roles are not yet those that its package holds now (rule 3.11). */
  contentsChanged(limit: number): Promise<readonly AssignmentId[]>;
  /** What waits for its start though its package gained roles since it was decided on (rule 3.8). */
  requestsToReopen(limit: number): Promise<readonly RequestId[]>;
  /** Forgets which packages changed, where all their holders follow, and nothing that waits for its start has to be decided on anew. */
  contentsFollowed(): Promise<void>;
  /** Access that is delivered while what asked for it was left as it was before. */
  requestsLeftBehind(limit: number): Promise<readonly AssignmentId[]>;
  /** Forgets those that are right again. */
  requestsCaughtUp(): Promise<void>;
  /** Grants that are given although nothing justifies them. */
  grantsAstray(limit: number): Promise<readonly GrantId[]>;
  /** Forgets those that are right again: the ones that were found only after an hour, so that somebody hears of them. */
  astrayMended(): Promise<void>;
  /** Delegations that begin or are over, or where one of the two has left. */
  delegationsDue(limit: number): Promise<readonly DelegationId[]>;
  /** Exceptions of which those in charge should hear: they end, or are over while both are held. */
  exceptionsToReport(limit: number): Promise<readonly string[]>;
  /** Open manual tasks whose owners should hear again. */
  manualTasksToRemind(limit: number): Promise<readonly string[]>;
  /** Open requests of people who are not enabled any more (also those they asked for others, while undecided). */
  requestsOfGone(limit: number): Promise<readonly RequestId[]>;
  /** Open requests by a policy that is disabled or deleted since. */
  requestsByEndedPolicies(limit: number): Promise<readonly RequestId[]>;
  /** Requests that wait for a decision though the last day is over that they could give: the one asked for, or that of their policy. */
  requestsOver(limit: number): Promise<readonly RequestId[]>;
  /** Live assignments of people who are not enabled, or were not at some time since. */
  assignmentsOfGone(limit: number): Promise<readonly AssignmentId[]>;
  /** People who were deleted so long ago that they are forgotten, and of whom nothing is left to be taken away. */
  peopleToForget(limit: number): Promise<readonly PersonId[]>;
  /** Remembered messages that name somebody who was forgotten within a day are drawn again. Returns how many. */
  redrawForgotten(limit: number): Promise<number>;
  /** Chunked deletion of settled outgoing and inbound rows, old ticks, expired drafts, messages about what is long over. Returns rows done with. */
  prune(limit: number): Promise<number>;
  /** Creates the audit partitions of this and the next month where missing. */
  partitions(): Promise<void>;
  /** Asks for a redraw of up to `limit` subjects with messages that may be out of date. Returns how many. */
  staleCards(limit: number): Promise<number>;
  /** Where more than five messages wait for a person for minutes, they become one. Returns how many went into others. */
  gatherMessages(): Promise<number>;
  /** Gives up to `limit` rows up that this release does not know and that nobody took for so long. Returns how many. */
  giveUpUnknown(afterMs: number, limit: number): Promise<number>;
  /** Open manual tasks are told to whoever came to keep their resource. Returns how many messages follow. */
  followKeepers(): Promise<number>;
  /**
   * Messages about what was found in a system are redrawn where their reader does not keep it any more. `closed`: the hash of one that
   * says nothing. Returns for how many systems.
   */
  closeForFormer(closed: string): Promise<number>;
  /** What is not done yet and what was given up, for those who watch; bounded work, counts stop at ten thousand. */
  backlog(jobs?: readonly string[]): Promise<Backlog>;
  /** The clock of the database's machine, which all processes share. */
  clock(): Promise<Date>;
  claimTick(job: string, dueAt: Date, by: string): Promise<boolean>;
  lastTick(job: string): Promise<Date | null>;
}

export interface Backlog {
  /** Of the database, without the offset that a demo may have. */
  readonly clock: Date;
  readonly outgoing: readonly {
    readonly kind: OutgoingRow['kind'];
    /** Due now, and a worker may take it. */
    readonly due: number;
    /** Waiting for the next try, for another row of its lane, or for a release that knows it. */
    readonly later: number;
    /** Since the oldest was asked for. */
    readonly oldestSeconds: number;
    /** Since the oldest that is due became so: how far the workers are behind. */
    readonly overdueSeconds: number;
  }[];
  readonly leased: number;
  readonly dead: readonly { readonly kind: OutgoingRow['kind']; readonly count: number }[];
  /** Who wrote and is not answered, since the oldest wrote; and who was given up during the last hour. */
  readonly inbound: { readonly waiting: number; readonly oldestSeconds: number; readonly givenUp: number };
  readonly inboundDead: number;
  /** Remembered messages whose last change could not be shown. */
  readonly cardsFailed: number;
  readonly requests: { readonly pendingApproval: number; readonly scheduled: number };
  readonly manualTasks: number;
  /** Open differences between connected systems and Usher. */
  readonly drift: readonly { readonly kind: 'missing' | 'extra'; readonly count: number }[];
  /** Access of people who left a scope, which waits for an owner's word. */
  readonly leaversAsked: { readonly count: number; readonly oldestSeconds: number };
  /** Resources of which those in charge were asked whether very much that was changed outside is put right, and nobody has answered. */
  readonly changesAsked: { readonly count: number; readonly oldestSeconds: number };
  /** Exceptions to incompatibilities that are over while both are held. */
  readonly exceptionsOver: { readonly count: number; readonly oldestSeconds: number };
  /** People who were deleted and are not forgotten, because a system could not be read since. */
  readonly peopleKept: { readonly count: number; readonly oldestSeconds: number };
  /** Resources whose system could not be read when it was to be compared. */
  readonly comparisonsFailed: number;
  readonly grantsFailed: readonly { readonly connector: string; readonly giving: boolean; readonly count: number }[];
  readonly gatesClosed: readonly { readonly platform: string; readonly count: number }[];
  /** Access that has ended and is not taken away everywhere. `olderThanSeconds` counts all that ended longer ago. */
  readonly removals: readonly {
    readonly state: 'removing' | 'removalFailed';
    readonly olderThanSeconds: number;
    readonly count: number;
  }[];
  /** 0: nothing waits for its removal. */
  readonly oldestRemovalSeconds: number;
  /** Removals that somebody has to look at: minutes for a system, a day for a task. */
  readonly overdueRemovals: number;
  /** Roles that were given although nothing justified them: found during the last hour, or not taken away yet. */
  readonly astray: { readonly count: number; readonly oldestSeconds: number };
  /** The last run of each job that was asked about and ever ran. */
  readonly jobs: readonly { readonly job: string; readonly dueAt: Date; readonly ranSecondsAgo: number }[];
}

/** One who has a role of a resource, in the words of the connected system. */
export interface Holder {
  /** As the directory calls the person: a connector whose system knows people by something else finds the key itself. */
  readonly directoryKey: string;
  readonly role: string;
  readonly scope: string;
}
export interface HolderPage {
  readonly holders: readonly Holder[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/** What a connected system says of one resource, kept until it is compared with what Usher gave. One comparison of a resource at a time. */
export interface Comparisons {
  /** Active resources of these connectors, the one that was compared longest ago first. Closes the differences of all others. */
  comparable(connectors: readonly string[]): Promise<readonly ResourceId[]>;
  /** Begins, before the first page is read; one that was begun earlier and is not over is over now. Null: the resource is gone. */
  begin(resource: ResourceId): Promise<Comparing | null>;
  /** Resources where those in charge accepted what stopped at the brake, and that were not compared since. */
  accepted(connectors: readonly string[]): Promise<readonly ResourceId[]>;
  /** Keeps a page. `overtaken`: another comparison has begun; `late`: it was kept, and this one takes so long that there is one due. */
  add(comparing: Comparing, holders: readonly Holder[]): Promise<'kept' | 'late' | 'overtaken'>;
  /** The system could not be read to its end. Nothing is concluded from what it said until then. */
  failed(comparing: Comparing, code: string): Promise<void>;
}
export interface Comparing {
  readonly token: string;
  readonly resource: ResourceId;
  readonly connector: string;
  readonly originId: string;
}

/** What a resource's owners are shown: the differences that are open. */
export interface DriftView extends DriftAsked {
  /** Names of those next in charge who would not lose access by what is asked. */
  readonly others: readonly string[];
  readonly resource: Resource;
  /** Who is in charge of it, and may see this. */
  readonly keepers: readonly PersonId[];
  readonly missing: DriftList;
  readonly extra: DriftList;
  /** People who left and have something there that nothing explains: they are in no question. */
  readonly left: DriftList;
  /** Of what was given back: what people had before Usher, and what ends with their package by now. */
  readonly ours: DriftList;
  /** Accounts with access that nobody in the directory has. */
  readonly unknown: number;
  /** Those who are not forgotten because the system could not be read since they were deleted; when it was last read. */
  readonly kept: { readonly people: number; readonly readAt: Date | null };
}
export interface DriftList {
  /** People, each once. */
  readonly people: number;
  /** Of them, those with a difference that nobody declined. */
  readonly fresh: number;
  readonly first: readonly { readonly name: string; readonly role: string }[];
}

export interface LocalRoles {
  has(subject: string, resource: string, role: string, scope: string): Promise<boolean>;
  set(subject: string, resource: string, role: string, scope: string, present: boolean): Promise<void>;
  /** Who has which role of the resource, in one order; `next` is null at the end. */
  list(resource: string, after: string | null, limit: number): Promise<HolderPage>;
  /** How the resource was told to fail, if it was. */
  fault(resource: string): Promise<{ mode: 'later' | 'failed' | 'hang'; code: string } | null>;
  tell(resource: string, fault: { mode: 'later' | 'failed' | 'hang'; code: string } | null): Promise<void>;
}

/** The pair of facts again, for code that only looks. */
export type { PairFacts };

// ---------------------------------------------------------------- configuration as code

export interface PersonConfig extends Person {
  /** Given by the database where the state becomes that; null: not deleted. */
  readonly deletedAt: Date | null;
  /** The key that somebody had who is forgotten; null: not forgotten. */
  readonly formerKey: string | null;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
}
/** Somebody whose time to be restored is over, with what of it still gives them a right. */
export interface Forgettable {
  readonly person: PersonConfig;
  readonly roles: readonly RoleConfig[];
  /** Resources whose system could not be read since they were deleted, so that nobody knows what they still have there. */
  readonly unread: readonly {
    readonly id: ResourceId;
    readonly catalog: CatalogId;
    /** Those in charge were told. */
    readonly told: boolean;
  }[];
}
export interface GroupConfig extends Group {
  readonly state: 'active' | 'deleted';
  readonly people: readonly PersonId[];
  readonly groups: readonly GroupId[];
}
export interface OrganizationConfig {
  readonly id: OrganizationId;
  readonly name: string;
  readonly description: string;
  readonly state: 'proposed' | 'configured' | 'deleted';
  readonly sources: readonly { readonly kind: 'tenant' | 'workspace' | 'domain'; readonly value: string }[];
  readonly version: number;
}
export interface RoleConfig {
  readonly id: string;
  readonly role: RoleName;
  readonly person: PersonId | null;
  readonly group: GroupId | null;
  readonly catalog: CatalogId | null;
  /** What named the holder: a configuration file, or the settings of the process. */
  readonly origin: 'file' | 'settings';
  readonly state: 'active' | 'ended';
  readonly version: number;
}
export interface ResourceConfig extends Resource {
  readonly roles: readonly ResourceRole[];
  readonly scopes: readonly ResourceScope[];
  readonly owners: readonly ({ readonly person: PersonId } | { readonly group: GroupId })[];
}
export interface PackageConfig extends Package {
  readonly content: PackageVersion;
}
export interface PolicyConfig extends Policy {
  readonly content: PolicyVersion;
}
export interface IdentityConfig {
  readonly id: string;
  readonly platform: 'slack' | 'teams' | 'web';
  readonly tenant: string;
  readonly user: string;
  readonly person: PersonId;
  /** The address that linked it to them, where one did. */
  readonly mail: string | null;
  readonly version: number;
}
export interface InstallationConfig {
  readonly platform: 'slack' | 'teams' | 'web';
  readonly tenant: string;
  readonly name: string;
  /** As files say. */
  readonly authoritativeDomains: readonly string[];
  readonly guestsAllowed: boolean;
  /** As the settings of the process say: it counts instead. */
  readonly fromSettings: Partial<Pick<InstallationConfig, 'authoritativeDomains' | 'guestsAllowed'>>;
}
export interface Configuration {
  readonly organization: { readonly name: string; readonly timeZone: string; readonly demo: boolean } | null;
  readonly people: readonly PersonConfig[];
  readonly groups: readonly GroupConfig[];
  readonly organizations: readonly OrganizationConfig[];
  readonly identities: readonly IdentityConfig[];
  readonly installations: readonly InstallationConfig[];
  readonly roles: readonly RoleConfig[];
  readonly catalogs: readonly Catalog[];
  readonly resources: readonly ResourceConfig[];
  readonly packages: readonly PackageConfig[];
  readonly policies: readonly PolicyConfig[];
  readonly incompatibilities: readonly Incompatibility[];
  /** Of these incompatibilities, also those whose time is over. */
  readonly exceptions: readonly ConflictException[];
}
/** Where the organization itself stands, and who administers it. */
export interface OrganizationFacts extends Pick<Configuration, 'organization' | 'installations'> {
  readonly people: readonly Person[];
  readonly administrators: readonly RoleConfig[];
  /** Of the names those that somebody had who administered Usher, and has no more: they mean nobody. */
  readonly spent: readonly string[];
}
export interface ConfigurationNouns {
  organization: { readonly name: string; readonly timeZone: string; readonly demo: boolean };
  person: PersonConfig;
  group: GroupConfig;
  partner: OrganizationConfig;
  identity: IdentityConfig;
  installation: InstallationConfig;
  role: RoleConfig;
  catalog: Catalog;
  resource: ResourceConfig;
  package: PackageConfig;
  policy: PolicyConfig;
  incompatibility: Incompatibility;
  exception: ConflictException;
}
export type ConfigurationChange = {
  [K in keyof ConfigurationNouns]: {
    readonly noun: K;
    readonly before: ConfigurationNouns[K] | null;
    readonly after: ConfigurationNouns[K];
    readonly events: readonly DomainEvent[];
  };
}[keyof ConfigurationNouns];

/** What a change of configuration touches. `pairs` are incompatibilities that are new, that lose an exception, whose group gets members, or from whose holders something is taken. */
export interface AffectedBy {
  readonly packages: readonly PackageId[];
  readonly policies: readonly PolicyId[];
  readonly people: readonly PersonId[];
  readonly pairs: readonly (Pick<Incompatibility, 'id' | 'package' | 'otherPackage' | 'otherGroup'> & {
    /** Who is to be a member of its group, and is none yet. */
    readonly joining: readonly PersonId[];
  })[];
  /** What packages that exist would hold. */
  readonly contents: readonly { readonly package: PackageId; readonly roles: PackageVersion['roles'] }[];
  /** Resources that would be another place of a system. */
  readonly moved: readonly ResourceId[];
}
/** What the people who hold a package now get and lose by other content of it. */
export interface Followed {
  readonly holders: number;
  /** Holders who lose a role, and how many roles that are in all. */
  readonly lose: number;
  readonly lost: number;
  /** Holders who get a role. */
  readonly get: number;
  /** Each role that some get, with how many get it by these changes in all, and how many had it before. */
  readonly given: readonly (PackageVersion['roles'][number] & { readonly people: number; readonly had: number })[];
}
export interface Affected {
  /** Live assignments and open requests of each package and of each person that has any. */
  readonly packages: ReadonlyMap<PackageId, { readonly holders: number; readonly openRequests: number }>;
  readonly people: ReadonlyMap<PersonId, { readonly held: number; readonly openRequests: number }>;
  /** Open requests that keep a version of each policy, where there are any. */
  readonly policies: ReadonlyMap<PolicyId, number>;
  /** For each package that some of these people hold: how many of them, and how many people in all. */
  readonly losing: ReadonlyMap<PackageId, { readonly lose: number; readonly holders: number }>;
  /** People who were disabled or deleted during the last day and since anybody confirmed a plan that stopped, and the packages that they lose by that. */
  readonly lately: { readonly people: number; readonly losing: Affected['losing'] };
  readonly contents: ReadonlyMap<PackageId, Followed>;
  /** People who hold both sides of a pair now, by the pair's id. */
  readonly pairs: ReadonlyMap<string, readonly HolderOfBoth[]>;
  /** How many people have or had a role of each resource, where there are any. */
  readonly moved: ReadonlyMap<ResourceId, number>;
}
export interface HolderOfBoth {
  readonly person: PersonId;
  /** Of the pair's package, and of the other one; null: the other side is a group. */
  readonly assignment: AssignmentId;
  readonly other: AssignmentId | null;
}

/** All that an operation may use. */
export interface Desk {
  readonly store: Store;
  readonly views: Views;
  readonly drafts: Drafts;
  readonly directory: Directory;
}
