// The port to a system where roles live. A connector makes one person's one role equal to what is wanted, and reads back.
import type { HolderPage } from '../operations/ports';

/** Who, in the connector's terms. */
export interface Subject {
  readonly directoryKey: string;
  readonly email: string | null;
  readonly name: string;
}

/** Which role, in the connector's terms. */
export interface RolePlace {
  readonly resource: string;
  readonly role: string;
  readonly scope: string;
}

/** `later`: try again; `failed`: tried and refused by the system, an owner must look; both carry a code that is safe to show. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  constructor(
    readonly kind: 'later' | 'failed',
    readonly code: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(`${kind}: ${code}`);
  }
}

/** `waiting`: a person has to do it (manual); the grant stays open until the task is reported done. */
export interface Outcome {
  readonly state: 'present' | 'absent' | 'waiting';
  readonly externalId: string | null;
}

/** One call: what makes a repetition of it recognizable, and when nobody waits for it any more. */
export interface Attempt {
  readonly key: string;
  /** Aborted at the deadline. From then on nothing more may be changed: somebody else may be at it, and want the opposite. */
  readonly signal: AbortSignal;
}

export interface Connector {
  readonly name: string;
  /** False where the system cannot be read at all: `read` and `list` say null, and there is no baseline (rule 3.10). */
  readonly readable: boolean;
  /** Whether each resource is a system of its own, which may fail or hang while the others are well. Absent: there is one. */
  readonly apart?: boolean;
  /** Whether the person has the role now; null where the system cannot be read. */
  read(subject: Subject, place: RolePlace, attempt: Attempt): Promise<boolean | null>;
  /**
   * Who has which role of the resource in which scope, a page at a time; null where the system cannot be read. A system that
   * could not say all of it throws: half a list would look like access that was lost.
   */
  list(resource: string, after: string | null, attempt: Attempt): Promise<HolderPage | null>;
  /** Idempotent; reads back before it says `present` or `absent`. Throws `ConnectorError`. */
  converge(subject: Subject, place: RolePlace, want: boolean, attempt: Attempt): Promise<Outcome>;
}
