// The closed union of audit events, in the past tense, and the Change that carries them to the store. An event holds ids,
// codes and numbers only: names and free text go into `remark`, which the store keeps erasable.
import type {
  ApprovalTask,
  Assignment,
  AssignmentId,
  CatalogId,
  ConflictException,
  Decision,
  Delegation,
  Grant,
  GrantId,
  Justification,
  PackageId,
  PersonId,
  Request,
  RequestId,
  Stage,
} from './model';

/** Everything that changes access, and everything that an auditor asks about it. */
export type EventType =
  | 'request.submitted'
  | 'request.approved'
  | 'request.denied'
  | 'request.expired'
  | 'request.canceled'
  | 'request.endMoved'
  | 'request.delivered'
  | 'request.partiallyDelivered'
  | 'request.deliveryFailed'
  | 'request.removed'
  | 'request.removalFailed'
  | 'stage.opened'
  | 'stage.reminded'
  | 'stage.escalated'
  | 'stage.approved'
  | 'stage.expired'
  | 'approver.asked'
  | 'approver.released'
  | 'approver.changed'
  | 'decision.recorded'
  | 'assignment.scheduled'
  | 'assignment.delivering'
  | 'assignment.delivered'
  | 'assignment.partiallyDelivered'
  | 'assignment.deliveryFailed'
  | 'assignment.extended'
  | 'assignment.endMoved'
  | 'assignment.reminded'
  | 'assignment.justified'
  | 'assignment.unjustified'
  | 'assignment.ending'
  | 'assignment.removed'
  | 'assignment.removalFailed'
  | 'assignment.contentChanged'
  | 'assignment.withdrawn'
  | 'assignment.withdrawalFailed'
  | 'grant.wanted'
  | 'grant.unwanted'
  | 'grant.baselineRead'
  | 'grant.baselineDoubted'
  | 'grant.placed'
  | 'grant.placeFailed'
  | 'grant.taken'
  | 'grant.takeFailed'
  | 'grant.driftFound'
  | 'manualTask.opened'
  | 'manualTask.reminded'
  | 'manualTask.escalated'
  | 'manualTask.canceled'
  | 'manualTask.done'
  | 'identity.linked'
  | 'identity.conflicted'
  | 'identity.unlinked'
  | 'access.refused'
  | 'settings.applied'
  | 'outgoing.redriven'
  | 'person.created'
  | 'person.changed'
  | 'person.disabled'
  | 'person.enabled'
  | 'person.deleted'
  | 'person.restored'
  | 'person.forgotten'
  | 'group.created'
  | 'group.changed'
  | 'role.assigned'
  | 'role.ended'
  | 'organization.created'
  | 'organization.changed'
  | 'catalog.created'
  | 'catalog.changed'
  | 'resource.created'
  | 'resource.changed'
  | 'resource.driftFound'
  | 'resource.driftChanged'
  | 'resource.driftAccepted'
  | 'resource.driftDeclined'
  | 'resource.unread'
  | 'package.created'
  | 'package.changed'
  | 'package.versioned'
  | 'package.leaversFound'
  | 'package.leaversChanged'
  | 'package.leaversConfirmed'
  | 'policy.created'
  | 'policy.changed'
  | 'policy.versioned'
  | 'incompatibility.created'
  | 'incompatibility.changed'
  | 'incompatibility.ended'
  | 'exception.created'
  | 'exception.changed'
  | 'exception.ended'
  | 'exception.reminded'
  | 'exception.over'
  | 'exception.followed'
  | 'delegation.proposed'
  | 'delegation.accepted'
  | 'delegation.declined'
  | 'delegation.unanswered'
  | 'delegation.started'
  | 'delegation.ended';

export type SubjectKind =
  | 'request'
  | 'assignment'
  | 'grant'
  | 'manualTask'
  | 'person'
  | 'group'
  | 'identity'
  | 'catalog'
  | 'resource'
  | 'package'
  | 'policy'
  | 'organization'
  | 'incompatibility'
  | 'exception'
  | 'delegation'
  | 'role'
  | 'settings'
  | 'outgoing';

/** One fact for the audit trail. `refs` are what consequences and reports join on. */
export interface DomainEvent {
  readonly type: EventType;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly refs: {
    readonly request?: RequestId;
    readonly assignment?: AssignmentId;
    readonly grant?: GrantId;
    /** The person that the event is about: the target, the approver asked, the person disabled. */
    readonly person?: PersonId;
    readonly package?: PackageId;
    readonly catalog?: CatalogId;
    /** Stage number. */
    readonly stage?: number;
  };
  /** Codes, numbers, ids, ISO instants. Consequences may depend on these by equality. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
  /** Free text that belongs to the event (a reason): stored apart, erasable, referenced by salted hash. */
  readonly remark?: string;
  /** Rows besides its subject that it stands for in the trail: they have no event of their own. */
  readonly covers?: readonly string[];
}

/** A task for people where the connector is `manual`. */
export interface ManualTask {
  readonly id: string;
  /** People see and type it (`T-17`). Null: it was over before tasks had numbers. */
  readonly number: number | null;
  readonly grant: GrantId;
  readonly want: boolean;
  readonly state: 'open' | 'done' | 'canceled';
  readonly openedAt: Date;
  /** When its owners hear of it again. */
  readonly remindAt: Date | null;
  /** Since when catalog owners and administrators are asked as well. */
  readonly escalatedAt: Date | null;
  readonly doneAt: Date | null;
  readonly doneBy: PersonId | null;
  readonly note: string | null;
  readonly version: number;
}

/** Nouns that the rules change. Configuration nouns have their own list in operations/ports.ts; exceptions are changed by both. */
export interface GovernedNouns {
  request: Request;
  stage: Stage;
  task: ApprovalTask;
  decision: Decision;
  delegation: Delegation;
  assignment: Assignment;
  justification: Justification;
  grant: Grant;
  manualTask: ManualTask;
  exception: ConflictException;
}

/** `before: null` inserts. `after.version` must be `before.version + 1` (1 on insert); decisions have none and only insert. */
export type RowChange<N extends keyof GovernedNouns = keyof GovernedNouns> = {
  [K in N]: { readonly noun: K; readonly before: GovernedNouns[K] | null; readonly after: GovernedNouns[K] };
}[N];

/** This grant is justified by this assignment: from now on, or (a withdrawal) no longer, though the assignment goes on. */
export interface GrantLink {
  readonly grant: GrantId;
  readonly assignment: AssignmentId;
}

/** What a rule wants written: rows, links and events, all or nothing, in one transaction. */
export interface Change {
  readonly rows: readonly RowChange[];
  readonly links: readonly GrantLink[];
  readonly withdrawals: readonly GrantLink[];
  readonly events: readonly DomainEvent[];
}

export const noChange: Change = { rows: [], links: [], withdrawals: [], events: [] };

/** One change after the other; later rows of the same noun and id win over earlier ones and keep the first `before`. */
export function together(...changes: readonly Change[]): Change {
  const rows = new Map<string, RowChange>();
  for (const row of changes.flatMap((change) => change.rows)) {
    const key = `${row.noun}:${row.after.id}`;
    const earlier = rows.get(key);
    if (!earlier) {
      rows.set(key, row);
      continue;
    }
    const version = earlier.before && 'version' in earlier.before ? earlier.before.version + 1 : 1;
    const after = 'version' in row.after ? { ...row.after, version } : row.after;
    rows.set(key, { noun: row.noun, before: earlier.before, after } as RowChange);
  }
  return {
    rows: [...rows.values()],
    links: changes.flatMap((change) => change.links),
    withdrawals: changes.flatMap((change) => change.withdrawals),
    events: changes.flatMap((change) => change.events),
  };
}
