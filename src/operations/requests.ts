// Asking, taking back, and what time does to requests. Every function is one act of a person or a job: one transaction.
import { submitException } from '../domain/ask-exception';
import { offerDirect, submitDirect } from '../domain/direct';
import { DomainError, isRefusal } from '../domain/errors';
import type { Change } from '../domain/events';
import type { Now, RequestFacts, SubmitFacts } from '../domain/facts';
import type {
  AskedPeriod,
  AssignmentId,
  DraftId,
  PackageId,
  PersonId,
  PersonRef,
  PolicyVersion,
  PolicyVersionId,
  RequestId,
} from '../domain/model';
import { isWithdrawn } from '../domain/may-decide';
import { can } from '../domain/permissions';
import * as Rules from '../domain/request';
import { voiceOf } from '../domain/voices';
import { isExtendable } from './assignments';
import { exceptionFor } from './exceptions';
import type { Answering } from './act';
import { act, moment, personOf, sharedAct } from './act';
import type { AskOf, By, Desk, HandRow, Page, TimelineRow } from './ports';

export interface Ask {
  readonly target: PersonId;
  readonly package: PackageId;
  /** The one that the form showed. Null: the only one that is offered. */
  readonly policyVersion: PolicyVersionId | null;
  readonly period: AskedPeriod;
  /** IANA zone in which the dates were chosen. */
  readonly zone: string;
  readonly reason: string | null;
  readonly answers: Readonly<Record<string, string>>;
  /** Consumed by this act, so that a form is sent once. */
  readonly draft: DraftId | null;
}

export interface Asked {
  readonly request: RequestId;
  readonly clamped: Rules.Submitted['clamped'];
}

/** Asks by a rule, which refuses or says what follows; `of`: what it needs loaded beside what all of them do. */
function asking(rule: (facts: SubmitFacts, ask: Ask, at: Now) => Rules.Submitted, of: Pick<AskOf, 'for'> = {}) {
  return (desk: Desk, by: By, ask: Ask, answering?: Answering<Asked>): Promise<Asked> => {
    const requestor = personOf(by);
    return sharedAct(
      desk,
      by,
      async (tx) => {
        if (ask.draft) await tx.takeDraft(ask.draft, requestor);
        const facts = await tx.forSubmit({ requestor, target: ask.target, package: ask.package, ...of });
        const { request, change, clamped } = rule(facts, ask, moment(tx));
        await tx.save(change);
        return { request: request.id, clamped };
      },
      answering,
    );
  };
}

/** Asks for a package, for oneself or for a direct report. Refusals name the gate and the next step (rule 3.2). */
export const submit = asking(Rules.submit);
/** Gives a package to somebody else without their asking; scope, separation of duties and approval still hold (rule 3.22). */
export const assign = asking(submitDirect);
/** Asks for an exception to an incompatibility, for oneself or for a direct report (rule 3.13). */
export const askException = asking(submitException, { for: 'exception' });

/** Asks to keep access for one more period (rule 3.9). */
export function extend(
  desk: Desk,
  by: By,
  input: {
    assignment: AssignmentId;
    reason: string | null;
    /** The one that the form showed; null: what is in use. */
    policyVersion?: PolicyVersionId | null;
    draft: DraftId | null;
  },
  answering?: Answering<RequestId>,
): Promise<RequestId> {
  const requestor = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      if (input.draft) await tx.takeDraft(input.draft, requestor);
      const facts = await tx.forAssignment(input.assignment);
      if (facts.target.id !== requestor) throw new DomainError('not-found', { what: 'assignment' });
      const { reason, policyVersion = null } = input;
      const { request, change } = Rules.submitExtension(facts, { requestor, reason, policyVersion }, moment(tx));
      await tx.save(change);
      return request.id;
    },
    answering,
  );
}

/** Takes a request back: its requestor or target, or an owner of the catalog. */
export function cancel(desk: Desk, by: By, id: RequestId, answering?: Answering<RequestId>): Promise<RequestId> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      const facts = await tx.forRequest(id);
      const owner = can(await tx.roles(person, facts.catalog.id), 'request.cancel');
      if (!owner && person !== facts.request.requestor && person !== facts.request.target) {
        throw new DomainError('not-found', { what: 'request' });
      }
      await tx.save(Rules.cancel(facts, { person, owner }, moment(tx)));
      return id;
    },
    answering,
  );
}

type Rule = (facts: RequestFacts, at: Now) => Change;

function timed(rule: Rule) {
  return (desk: Desk, by: By, id: RequestId): Promise<void> =>
    act(desk, by, async (tx) => {
      const facts = await tx.forRequest(id);
      await tx.save(rule(facts, moment(tx)));
    });
}

/** Nobody decided in time (rule 3.7). Does nothing when the stage was decided meanwhile. */
export const expireStage = timed(Rules.expireStage);
/** Alternates are asked as well. */
export const escalate = timed(Rules.escalate);
/** Undecided approvers hear once more. */
export const remindStage = timed(Rules.remindStage);
/** Who may decide has changed: tasks follow (rule 3.6). */
export const reroute = timed(Rules.reroute);
/** A scheduled start has come: all gates are checked again (rule 3.2). */
export const start = timed(Rules.startDue);
/** The package gained roles since it was decided on: it is decided on anew before it starts (rule 3.8). */
export const reopen = timed(Rules.reopen);
/** The policy by which it was asked for was disabled or deleted, or its last day is over: nobody decides in vain. */
export const closeForPolicy = timed(Rules.closeForPolicy);
/** The target left: whatever is still asked for ends. So does what a requestor who left asked for others, while undecided. The note is followed by then. */
export function cancelForGone(desk: Desk, by: By, id: RequestId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forRequest(id);
    await tx.forgetLeft(facts);
    await tx.save(Rules.cancelForGone(facts, moment(tx)));
  });
}

// ---------------------------------------------------------------- reading

export interface FormFacts {
  readonly facts: SubmitFacts;
  readonly offered: readonly PolicyVersion[];
  /** The only one by which it can be decided: its form names it, so that what is sent is what was shown. */
  readonly only: PolicyVersion | null;
  readonly now: Date;
}

/**
 * What the request form shows, behind the same gates as the submit, so that nobody fills in a form that cannot be sent.
 * `mode`: asking, or direct assignment.
 */
export async function formFor(
  desk: Desk,
  requestor: PersonId,
  input: { target: PersonId; package: PackageId },
  mode: 'ask' | 'assign',
): Promise<FormFacts> {
  const [facts, now] = await Promise.all([desk.views.forSubmit({ requestor, ...input }), desk.views.now()]);
  const policies = mode === 'assign' ? offerDirect(facts, now) : Rules.offer(facts);
  const offered = Rules.decidable(facts, policies);
  const [first, second] = offered;
  return { facts, offered, only: first && !second ? first : null, now };
}

/**
 * What its requestor or target may do next about a request that is over, or about the access that it gave: the same once more, the
 * package from an empty form (after an exception: that `ask`), or longer access. Nothing that would be refused now.
 */
export type NextStep = 'ask' | 'askAgain' | 'askAnew' | 'extend';

export interface RequestView {
  readonly facts: RequestFacts;
  readonly timeline: readonly TimelineRow[];
  /** Whom its messages do not reach. */
  readonly unreached: readonly PersonRef[];
  /** What was approved and waits for people to set it up. */
  readonly hands: readonly HandRow[];
  /** What the target holds, for those who decide now and for owners; null for everybody else. */
  readonly holds: { readonly names: readonly string[]; readonly total: number } | null;
  /** Where the target comes from, for those who decide now and for owners; null for the organization's own. */
  readonly organization: string | null;
  readonly next: NextStep | null;
  readonly now: Date;
  /**
   * In which roles the viewer looks. `approver`: has, or had, a task. `released`: that is over without a decision of theirs, so
   * they read that it is, and not what was asked. `withdrawn`: it was over before anything was decided, so they read no more than that. `owner`: may look at requests of the catalog; auditors may, and change nothing.
   */
  readonly viewer: {
    readonly person: PersonId;
    readonly own: boolean;
    readonly approver: boolean;
    readonly released: boolean;
    readonly withdrawn: boolean;
    readonly owner: boolean;
    readonly mayCancel: boolean;
  };
}

/** One request for one viewer; for everybody without a part in it, it does not exist. */
export async function view(desk: Desk, viewer: PersonId, id: RequestId): Promise<RequestView> {
  const facts = await desk.views.forRequest(id);
  const own = viewer === facts.request.requestor || viewer === facts.request.target;
  const approver = !own && facts.tasks.some((task) => task.person === viewer);
  const [roles, now] = await Promise.all([desk.views.roles(viewer, facts.catalog.id), desk.views.now()]);
  const owner = can(roles, 'request.read');
  if (!own && !approver && !owner) throw new DomainError('not-found', { what: 'request' });
  const asked = approver && facts.tasks.some((task) => task.person === viewer && task.state === 'open');
  const decided = facts.decisions.some((decision) => decision.person === viewer || voiceOf(decision) === viewer);
  const released = !own && !owner && !asked && !decided;
  const withdrawn = released && facts.tasks.every((task) => task.person !== viewer || isWithdrawn(facts, task));
  const { organization: from } = facts.target;
  const { assignment } = facts;
  const isSettingUp = facts.request.state === 'delivering' && assignment !== null;
  const [timeline, unreached, hands, holds, organization, next] = await Promise.all([
    released ? [] : desk.views.timeline(id),
    released ? [] : desk.views.unreached(id),
    isSettingUp && !released ? desk.views.waitsForHands(assignment.id) : [],
    asked || owner ? desk.views.holds(facts.target.id, 5) : null,
    from !== null && (asked || owner) ? desk.views.organizationName(from) : null,
    own ? nextStep(desk, viewer, facts, now) : null,
  ]);
  const mayCancel = own || can(roles, 'request.cancel');
  return {
    facts: released ? withoutContent(facts) : facts,
    timeline,
    unreached,
    hands,
    holds,
    organization,
    next,
    now,
    viewer: { person: viewer, own, approver, released, withdrawn, owner, mayCancel },
  };
}

/** All that the target of a request holds, for whoever decides on it or looks after it while it waits. */
export async function heldBy(
  desk: Desk,
  viewer: PersonId,
  id: RequestId,
  page: { limit: number; after: string | null },
): Promise<{ readonly seen: RequestView; readonly held: Page<string> }> {
  const seen = await view(desk, viewer, id);
  if (seen.holds === null || seen.facts.request.state !== 'pendingApproval')
    throw new DomainError('not-found', { what: 'card' });
  return { seen, held: await desk.views.held(seen.facts.target.id, page) };
}

async function nextStep(desk: Desk, viewer: PersonId, facts: RequestFacts, now: Date): Promise<NextStep | null> {
  const { assignment, request } = facts;
  if (assignment?.endedAt === null) {
    return viewer === request.target && (await isExtendable(desk, assignment.id, now)) ? 'extend' : null;
  }
  const wish = Rules.wishAgain(request, assignment !== null);
  if (wish === null) return null;
  // What was held already when its exception was granted is what that may prolong.
  if (wish === 'ask' && facts.live)
    return viewer === request.target && (await isExtendable(desk, facts.live.id, now)) ? 'extend' : null;
  const pair = { target: request.target, package: request.package };
  const again = request.type === 'exception' && wish === 'askAgain';
  const mayAsk = await (again ? exceptionFor(desk, viewer, pair) : formFor(desk, viewer, pair, 'ask')).then(
    () => true,
    (error: unknown) => {
      // Where something else stands against it as well, that button leads to the exception which is still needed.
      if (isRefusal(error)) return wish === 'ask' && error.is('incompatible') && error.data.ask;
      throw error;
    },
  );
  return mayAsk ? wish : null;
}

/** What somebody who has nothing to do with it any more is not told, whatever a view would show. */
function withoutContent(facts: RequestFacts): RequestFacts {
  return { ...facts, request: { ...facts.request, reason: null, answers: {}, refusal: null } };
}

/** Finds a request by the number that people type. */
export async function byNumber(desk: Desk, number: number): Promise<RequestId> {
  const id = await desk.views.requestByNumber(number);
  if (!id) throw new DomainError('not-found', { what: 'request' });
  return id;
}
