// Every refusal Usher can give, with the data its sentence needs. Rules throw; only chat/handle.ts, the job runner and
// the command line catch. `chat/words.ts` has a sentence for each code and does not compile without one.
import type { Conflict } from './facts';
import type { Delegation, Refusal, RequestState } from './model';

/** code -> data of the sentence. Names are display names: escaped by the card writers, never trusted. */
export interface Faults {
  // who you are
  'not-linked': { platform: string };
  'link-conflict': { platform: string };
  'foreign-tenant': { platform: string };
  'guest-refused': Record<string, never>;
  'bot-refused': Record<string, never>;
  'person-disabled': Record<string, never>;
  // finding things. One sentence for everything that does not exist or must not be known (rule 3.2).
  /** No package is listed that they could ask for; one that is hidden they ask for by its name. */
  'nothing-to-ask': Record<string, never>;
  'not-found': {
    what:
      | 'package'
      | 'managedPackage'
      | 'request'
      | 'person'
      | 'report'
      | 'assignment'
      | 'card'
      | 'differences'
      | 'leavers'
      | 'delegable'
      | 'delegation';
  };
  /** What was meant was not named, or not enough; `more`: there are others than these. */
  'which-one': { names: readonly string[]; more: boolean };
  /** `more`: there are others than those that are named. */
  'several-named': { typed: string; names: readonly string[]; more: boolean };
  'did-you-mean': { typed: string; names: readonly string[]; more: boolean };
  'unknown-command': { typed: string; near: string | null };
  // asking
  'catalog-closed': { package: string };
  'not-for-outsiders': { package: string };
  /** `how` the target has what stands against it, which no release before this one kept; `ask`: an exception may be asked for. */
  incompatible: { package: string; with: string; how?: Conflict['how']; target: string | null; ask: boolean };
  'exception-not-needed': { package: string; target: string | null };
  'exception-lasts': { package: string; with: string; until: Date };
  'exceptions-closed': { package: string };
  /** What starts then could not be held beside the other any more. */
  'start-past-exception': { package: string; with: string; until: Date };
  /** `ended`: the policy by which it was asked for is in use no more; `owner`: whoever asked is an owner of it. */
  'not-in-scope': { package: string; target: string | null; ended?: true; owner?: true };
  /** The fixed last day of its policy is over. `next`: whom to turn to; null where something else says so. */
  'policy-over': { package: string; day: string; next: 'owners' | 'change' | null };
  /** The last day that was asked for came before anybody had decided, or before the start. */
  'asked-over': { package: string; until: Date };
  /** `exception`: what is asked for is one. */
  'already-requested': { package: string; number: number; exception?: boolean };
  /** Access of somebody who left ends in a moment; `target`: whose, where it is somebody else's. */
  'still-ending': { package: string; target: string | null };
  /**
   * `target`: whose it is, to whoever would give them more of it; `from`: when it begins, where that is still to come; `choose`: other
   * dates could add to it, and whoever reads this chooses them.
   */
  'already-held': { package: string; endsAt: Date | null; target?: string | null; from?: Date; choose?: true };
  'asked-too-often': { minutes: number };
  'not-for-others': { package: string };
  'not-to-share': { package: string };
  'reason-required': Record<string, never>;
  'answer-required': { question: string };
  'answer-not-offered': { question: string };
  'text-too-long': { field: string; max: number };
  'policy-not-offered': { package: string };
  'start-in-past': Record<string, never>;
  'start-too-late': { maxDays: number };
  'end-before-start': Record<string, never>;
  'period-not-allowed': { package: string };
  /** `year`: what is meant is the 29th of its February, which has 28 days. */
  'not-a-date': { typed: string; year?: string };
  /** `once`: a policy has several stages, and one person counts in one of them only. */
  'no-approvers': { package: string; once?: true };
  /** What was pressed is a copy of a card, or was sent to somebody else. */
  'not-your-card': Record<string, never>;
  // deciding
  'own-request': { number: number };
  'not-an-approver': { number: number };
  'already-decided': { number: number; state: RequestState; by: string | null; at: Date | null };
  // delegating
  'delegation-to-self': Record<string, never>;
  'nothing-to-delegate': Record<string, never>;
  'delegation-past': Record<string, never>;
  'delegation-too-long': { maxDays: number };
  'delegation-exists': { name: string };
  'delegation-loop': { name: string };
  'delegation-answered': { state: Delegation['state'] };
  /** The voice of one person was heard; `for`: the reader would have decided for them, null: it was the reader's own. */
  'voice-heard': { number: number; decision: 'approve' | 'deny'; by: string; at: Date; for: string | null };
  'you-decided': { number: number; decision: 'approve' | 'deny' };
  /** `stage`: the one that was not shown; null: it was not shown as an exception. */
  'moved-on': { number: number; stage: number | null };
  /** Whose voice the reader's is by now, which was not shown; null: their own. */
  'other-voice': { number: number; for: string | null };
  /** `added`: the roles that the decider was not shown. */
  'roles-added': { number: number; package: string; added: readonly string[] };
  'denial-reason-required': Record<string, never>;
  'approval-reason-required': Record<string, never>;
  // keeping and losing
  /** `granted`: the state is that of an exception, which no access hangs on. */
  'not-cancelable': { number: number; state: RequestState; granted?: boolean };
  /** `again`: as things are its holder may ask for it anew once it has ended. */
  'not-extendable': { package: string; again: boolean };
  'extension-too-early': { package: string; from: Date };
  'extension-limit': { package: string; max: number; again: boolean };
  'extension-past-limit': { package: string; until: Date };
  /** It ends with the exception by which it is held; `ask`: a new one may be asked for, `from` then, null: now. */
  'extension-past-exception': { package: string; with: string; until: Date; ask: boolean; from: Date | null };
  'no-end-to-extend': { package: string };
  'not-self-removable': { package: string };
  /** `asked`: the number of the request that waits for it. */
  'not-held': { package: string; target: string | null; asked?: number };
  'removal-reason-required': Record<string, never>;
  'self-assignment': Record<string, never>;
  'nothing-failed': { package: string };
  /** It is somebody else's, or there is none. */
  'not-your-task': Record<string, never>;
  'task-not-open': Record<string, never>;
  'task-note-required': Record<string, never>;
  // what was changed outside
  'drift-moved-on': { resource: string };
  'drift-concerned': { resource: string };
  /** `by` null: whoever reads it. */
  'drift-answered': { resource: string; accepted: boolean; by: string | null };
  // who left a scope
  'leavers-moved-on': { package: string };
  /** `by` null: whoever reads it. */
  'leavers-answered': { package: string; last: { readonly by: string | null; readonly at: Date } | null };
  // rights and machinery
  forbidden: Record<string, never>;
  stale: Record<string, never>;
  'draft-gone': Record<string, never>;
  'same-key-other-body': Record<string, never>;
  'too-busy': Record<string, never>;
}

export type FaultCode = keyof Faults;

/** A refusal: expected, explained, nothing was changed. `field` names the form field it belongs to, where there is one. */
export class DomainError<C extends FaultCode = FaultCode> extends Error {
  override readonly name = 'DomainError';
  constructor(
    readonly code: C,
    readonly data: Faults[C],
    readonly field?: string,
  ) {
    super(code);
  }

  is<K extends FaultCode>(code: K): this is DomainError<K> {
    const own: FaultCode = this.code;
    return own === code;
  }
}

/** Fields of the data above that are instants; no fault has text under these names. */
const INSTANTS: readonly string[] = ['endsAt', 'at', 'from', 'until'];

/** A refusal as it is kept with a request. */
export function kept(refusal: DomainError): Refusal {
  const data = Object.entries(refusal.data as object).map(([key, value]: [string, unknown]) => [
    key,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return { code: refusal.code, data: Object.fromEntries(data) as Refusal['data'] };
}

/** A kept refusal as it was thrown, with its instants. */
export function restored(refusal: Refusal): DomainError {
  const data = Object.entries(refusal.data).map(([key, value]) => [
    key,
    typeof value === 'string' && INSTANTS.includes(key) ? new Date(value) : value,
  ]);
  return new DomainError(refusal.code as FaultCode, Object.fromEntries(data) as Faults[FaultCode]);
}

/** Whether something thrown is a refusal (and not a bug). */
export function isRefusal(error: unknown): error is DomainError {
  return error instanceof DomainError;
}
