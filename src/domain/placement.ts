// One grant made true in another system: outcome, failure, manual tasks, and what follows for assignments. What the person had before:
// baseline.ts.
import { hadBefore, isMisread, mended, neverGiven } from './baseline';
import { inserted, isOnBehalf, textOf, told, toldOfGrant, toldOfTwin, updated } from './change';
import { DomainError } from './errors';
import type { Change, DomainEvent, ManualTask } from './events';
import { noChange, together } from './events';
import type { Now, PlaceFacts, TaskFacts } from './facts';
import type { Assignment, Grant, PersonId, Request, RequestId, RequestState } from './model';
import { LIVE_ASSIGNMENT_STATES } from './model';
import { after, DAY, MINUTE } from './time';

/** A removal that people have to do, and did not do within this, is an alarm (rule 3.25). Owners hear again as often. */
const TASK_REMINDER = DAY;

/** What a system did not take away until so long after it was asked is an alarm (rule 3.12): a short breakdown of it is none. */
const TAKE_WITHIN = 3 * MINUTE;

/** The states of what is wanted. */
const GIVEN: readonly Grant['state'][] = ['placing', 'placed', 'placeFailed'];

export interface PlaceOutcome {
  /** `waiting`: a person has to do it. `untouched`: the system can be read and nothing was ever given there. */
  readonly state: 'present' | 'absent' | 'waiting' | 'untouched';
  readonly externalId: string | null;
}

/** What the role should be: recomputed from live assignments, never remembered. */
export function desired(facts: PlaceFacts): 'present' | 'absent' | 'keep' {
  if (facts.wanted) return 'present';
  return isWantedElsewhere(facts) || (hadBefore(facts) && !facts.overrideBaseline) ? 'keep' : 'absent';
}

/** Access by another catalog gives the very same role. */
function isWantedElsewhere({ twins }: PlaceFacts): boolean {
  return twins.some(({ wanted }) => wanted);
}

/**
 * What the connector read back. An outcome that is not wanted any more changes nothing: the placement that follows makes
 * it equal again. With `desired` = keep nothing is called: confirm it as `present`.
 */
export function confirm(facts: PlaceFacts, outcome: PlaceOutcome, at: Now): Change {
  const want = desired(facts);
  if (want === 'keep') {
    // It became wanted elsewhere while it was taken.
    const isTaken = outcome.state === 'absent' && isWantedElsewhere(facts);
    return together(settled(facts, takenFrom(facts, !isTaken, at), at), leftTo(facts, isTaken, at));
  }
  if (outcome.state === 'untouched') {
    return neverGiven(facts) ? settled(facts, takenFrom(facts, true, at), at) : noChange;
  }
  if (outcome.state === 'waiting')
    return isDoneByHand(facts) ? settled(facts, placedBy(facts, facts.grant, at), at) : openTask(facts, at);
  if (outcome.state !== want) return noChange;
  if (want === 'present') return settled(facts, placedBy(facts, outcome, at), at);
  return together(settled(facts, takenFrom(facts, false, at), at), mended(facts));
}

/**
 * The access that still wants the role has it from now on, with what is known of it: what Usher gave for one of them is no baseline of the
 * other, and it is made so once more, because a call that takes may be on its way and its answer lost. `isTaken`: it was taken already.
 */
function leftTo(facts: PlaceFacts, isTaken: boolean, at: Now): Change {
  const { grant, twins } = facts;
  const isGift = grant.baseline === false || (grant.baseline === null && grant.placedAt !== null);
  return together(
    ...twins
      .filter(({ wanted }) => wanted)
      .map((twin) => {
        const none = { baseline: false, goneAt: null };
        return together(
          isTaken
            ? updated('grant', twin.grant, { ...none, takenAt: at.now })
            : isGift && (twin.grant.baseline === null || isMisread(twin.grant, facts))
              ? updated('grant', twin.grant, none)
              : noChange,
          toldOfTwin(twin, 'grant.wanted', { again: true }),
        );
      }),
  );
}

/** Whether a removal that was asked for at `asked` is known not to be done in time, when it is tried again at `next` only. */
export function isLate(asked: Date, next: Date): boolean {
  return next.getTime() - asked.getTime() > TAKE_WITHIN;
}

/**
 * The connector could not. `final`: an owner must look; a removal is still retried for ever (rule 3.12). What is as it is
 * wanted cannot have failed: a late answer of an earlier try changes nothing.
 */
export function fail(facts: PlaceFacts, error: { readonly code: string; readonly final: boolean }, at: Now): Change {
  const { grant, wanted } = facts;
  if (grant.state === (wanted ? 'placed' : 'taken')) return noChange;
  const failed = wanted ? 'placeFailed' : 'takeFailed';
  const state = error.final ? failed : grant.state;
  if (state === grant.state && error.code === grant.error) return settled(facts, { change: noChange, grant }, at);
  const after: Grant = { ...grant, state, error: error.code };
  const event = toldOfGrant(facts, wanted ? 'grant.placeFailed' : 'grant.takeFailed', { ...error });
  const alarms =
    state === 'takeFailed' && grant.state !== state
      ? toldOfWithdrawals(facts, 'assignment.withdrawalFailed')
      : noChange;
  return settled(facts, { change: together(updated('grant', grant, after), event, alarms), grant: after }, at);
}

/** Nobody's access ends here, so nothing else says that a role is still there which should be gone, or that it is gone now. */
function toldOfWithdrawals(
  { withdrawnFrom, person, resource }: PlaceFacts,
  type: 'assignment.withdrawn' | 'assignment.withdrawalFailed',
): Change {
  return together(
    ...withdrawnFrom.map(({ id, package: pkg }) =>
      told(
        type,
        { kind: 'assignment', id },
        { person: person.id, assignment: id, package: pkg, catalog: resource.catalog },
      ),
    ),
  );
}

/** Somebody reported it done and nobody asked for the opposite since: a reprocess asks nobody to do it again. */
function isDoneByHand({ grant, wanted, openTask: open }: PlaceFacts): boolean {
  const { placedAt, takenAt } = grant;
  return wanted && open === null && placedAt !== null && (takenAt === null || placedAt > takenAt);
}

/** Nothing justifies what is given: a fault of Usher's own, mended like any other removal, so what the person had before stays. */
export function takeAstray(facts: PlaceFacts): Change {
  const { grant, wanted } = facts;
  if (wanted || !GIVEN.includes(grant.state)) return noChange;
  return together(
    updated('grant', grant, { state: 'taking', error: null }),
    toldOfGrant(facts, 'grant.unwanted', { astray: true }),
  );
}

/** When a task should be done: those in charge of whoever is asked are asked as well then (rule 3.25). */
export function taskDueAt(openedAt: Date): Date {
  return after(openedAt, TASK_REMINDER);
}

/** Whether the person may know of the task: they are asked to do it, or did it. Never the person it is about (rule 3.25). */
export function mayKnowOf({ task, person: target, owners }: TaskFacts, person: PersonId): boolean {
  return task.doneBy === person || (person !== target.id && owners.includes(person));
}

/** Refuses whoever may not report the task as done now; of a task that is not theirs they learn nothing. */
export function mustBeAskedToDo(facts: TaskFacts, person: PersonId): void {
  if (!mayKnowOf(facts, person)) throw new DomainError('not-your-task', {});
  if (facts.task.state !== 'open' || facts.openTask?.id !== facts.task.id) throw new DomainError('task-not-open', {});
}

/**
 * A resource owner reports a manual task as done: "reported by Ana" (rule 3.25). Only the task that the report names: one that was
 * turned round meanwhile is another task.
 */
export function finishTask(facts: TaskFacts, person: PersonId, note: string | null, at: Now): Change {
  const { task } = facts;
  mustBeAskedToDo(facts, person);
  const text = textOf(note, 'note');
  if (!text) throw new DomainError('task-note-required', {}, 'note');
  const parts = partsOf(facts, task);
  const done = together(
    updated('manualTask', task, { state: 'done', doneAt: at.now, doneBy: person, note: text }),
    ...(parts.length === 0 ? [null] : parts).map((request) =>
      toldOfTask(facts, task, 'manualTask.done', {
        data: { gives: task.want && request !== null },
        remark: text,
        request,
      }),
    ),
  );
  if (task.want !== facts.wanted) {
    // It is wanted again meanwhile, and gone all the same: somebody has to give it once more.
    return facts.wanted ? together(done, updated('grant', facts.grant, { takenAt: at.now })) : done;
  }
  const outcome: PlaceOutcome = { state: task.want ? 'present' : 'absent', externalId: null };
  return together(done, confirm({ ...facts, openTask: null }, outcome, at));
}

/**
 * A task still waits after a day: those who were asked hear again, and daily from then on. The first time those in charge of
 * them are asked as well, and a removal becomes an alarm: access that should be gone is still there (rule 3.25).
 */
export function remindTask(facts: TaskFacts, at: Now): Change {
  const { task } = facts;
  if (task.state !== 'open' || !task.remindAt || task.remindAt > at.now) return noChange;
  const isFirst = task.escalatedAt === null;
  const n = 1 + Math.floor((at.now.getTime() - task.openedAt.getTime()) / TASK_REMINDER);
  const reminded = { remindAt: after(at.now, TASK_REMINDER), escalatedAt: task.escalatedAt ?? at.now };
  const isOverdueRemoval = isFirst && !task.want && !facts.wanted;
  return together(
    updated('manualTask', task, reminded),
    toldOfTask(facts, task, isFirst ? 'manualTask.escalated' : 'manualTask.reminded', { data: { n } }),
    isOverdueRemoval ? fail(facts, { code: 'not_done_by_hand', final: true }, at) : noChange,
  );
}

interface Settled {
  readonly change: Change;
  readonly grant: Grant;
}

function placedBy(facts: PlaceFacts, { externalId }: Pick<PlaceOutcome, 'externalId'>, at: Now): Settled {
  const { grant } = facts;
  if (grant.state === 'placed' && grant.externalId === externalId) return { change: noChange, grant };
  const after: Grant = {
    ...grant,
    state: 'placed',
    externalId,
    error: null,
    placedAt: grant.placedAt ?? at.now,
    goneAt: null,
  };
  return { change: together(updated('grant', grant, after), toldOfGrant(facts, 'grant.placed')), grant: after };
}

function takenFrom(facts: PlaceFacts, kept: boolean, at: Now): Settled {
  const { grant } = facts;
  if (grant.state === 'taken') return { change: noChange, grant };
  const takenAt = kept ? grant.takenAt : at.now;
  const after: Grant = { ...grant, state: 'taken', externalId: null, error: null, takenAt, goneAt: null };
  return {
    change: together(
      updated('grant', grant, after),
      toldOfGrant(facts, 'grant.taken', { kept }),
      toldOfWithdrawals(facts, 'assignment.withdrawn'),
    ),
    grant: after,
  };
}

/** A task for people. One that waits for the opposite is over: a report of it must never count for the new one. */
function openTask(facts: PlaceFacts, at: Now): Change {
  const { openTask: open, wanted } = facts;
  const come = cameTo(facts, facts.grant, at);
  if (open?.want === wanted) return come;
  const task: ManualTask = {
    id: at.newId(),
    number: 0,
    grant: facts.grant.id,
    want: wanted,
    state: 'open',
    openedAt: at.now,
    remindAt: taskDueAt(at.now),
    escalatedAt: null,
    doneAt: null,
    doneBy: null,
    note: null,
    version: 1,
  };
  return together(
    open ? cancelTask(facts, open) : noChange,
    inserted('manualTask', task),
    toldOfTask(facts, task, 'manualTask.opened'),
    come,
  );
}

function cancelTask(facts: PlaceFacts, task: ManualTask): Change {
  return together(updated('manualTask', task, { state: 'canceled' }), toldOfTask(facts, task, 'manualTask.canceled'));
}

/** The grant's own change, and every assignment that thereby has come to its state. */
function settled(facts: PlaceFacts, { change, grant }: Settled, at: Now): Change {
  const isDone = grant.state === 'placed' || grant.state === 'taken';
  const open = facts.openTask;
  return together(
    change,
    // Done some other way, or kept: nobody need do it any more.
    isDone && open?.state === 'open' ? cancelTask(facts, open) : noChange,
    cameTo(facts, grant, at),
  );
}

/** What has come to its state with the grant as it is now: also access that has ended, whose last role is given again and not taken. */
function cameTo(facts: PlaceFacts, grant: Grant, at: Now): Change {
  return together(
    ...facts.assignments.map(({ assignment, requests, grants }) => {
      const now = grants.map((one) => (one.id === grant.id ? grant : one));
      const state = stateOf(assignment, now);
      return state === null ? noChange : moved(facts, { assignment, requests, state }, at);
    }),
  );
}

/**
 * What ends here is wanted again: by the request of this number, 0 where it cannot be told. Only what gives the same package asks for it
 * again; other access may share a role of it, while the others are taken.
 */
function wantedBy(
  { wanted, assignments }: PlaceFacts,
  ending: Assignment,
): { readonly askedAgain?: number; readonly wantedBy?: number } {
  if (!wanted) return {};
  const live = assignments.filter(({ assignment }) => LIVE_ASSIGNMENT_STATES.some((one) => one === assignment.state));
  const again = live.filter(({ assignment }) => assignment.package === ending.package);
  const newest = (of: typeof live) =>
    Math.max(0, ...of.flatMap(({ requests }) => requests.map(({ number }) => number)));
  return again.length > 0 ? { askedAgain: newest(again) } : { wantedBy: newest(live) };
}

type Outcome = 'delivered' | 'partiallyDelivered' | 'deliveryFailed' | 'removed' | 'removalFailed';

/** Null while something is still on its way. */
function stateOf(assignment: Assignment, grants: readonly Grant[]): Outcome | null {
  const has = (...states: Grant['state'][]) => grants.some((one) => states.includes(one.state));
  if (assignment.state === 'removing' || assignment.state === 'removalFailed') {
    if (has('takeFailed')) return 'removalFailed';
    return has('taking') ? null : 'removed';
  }
  if (assignment.state === 'scheduled' || !LIVE_ASSIGNMENT_STATES.some((live) => live === assignment.state))
    return null;
  if (has('unknown', 'placing', 'taking', 'takeFailed', 'taken')) return null;
  if (!has('placeFailed')) return 'delivered';
  return has('placed') ? 'partiallyDelivered' : 'deliveryFailed';
}

function moved(
  facts: PlaceFacts,
  {
    assignment,
    requests,
    state,
  }: { readonly assignment: Assignment; readonly requests: readonly Request[]; readonly state: Outcome },
  at: Now,
): Change {
  const refs: DomainEvent['refs'] = {
    person: assignment.target,
    assignment: assignment.id,
    package: assignment.package,
    catalog: facts.resource.catalog,
  };
  const inName = requests.at(-1);
  const isOver = state === 'delivered' || state === 'removed';
  // Nothing is taken of what somebody wants by now, so nobody may say that it was.
  const notTaken = state === 'removed' ? wantedBy(facts, assignment) : {};
  return together(
    assignment.state === state
      ? noChange
      : together(
          updated('assignment', assignment, { state }),
          told(
            `assignment.${state}`,
            { kind: 'assignment', id: assignment.id },
            inName ? { ...refs, request: inName.id } : refs,
            { again: inName === undefined, ...notTaken },
          ),
        ),
    ...requests
      .filter((request) => follows(request.state, state))
      .map((request) =>
        together(
          updated('request', request, { state, completedAt: isOver ? at.now : request.completedAt }),
          told(
            `request.${state}`,
            { kind: 'request', id: request.id },
            { ...refs, request: request.id },
            { onBehalf: isOnBehalf(request), ...notTaken },
          ),
        ),
      ),
  );
}

/** Requests use the same words as the assignment, on their own way only: a delivery is never renamed a removal. */
function follows(from: RequestState, to: Outcome): boolean {
  if (from === to) return false;
  const isRemoval = to === 'removed' || to === 'removalFailed';
  const way: readonly RequestState[] = isRemoval
    ? ['removing', 'removalFailed']
    : ['delivering', 'partiallyDelivered', 'deliveryFailed'];
  return way.includes(from);
}

function toldOfTask(
  facts: PlaceFacts,
  task: ManualTask,
  type: Extract<DomainEvent['type'], `manualTask.${string}`>,
  more: {
    readonly data?: DomainEvent['data'];
    readonly remark?: string | null;
    readonly request?: RequestId | null;
  } = {},
): Change {
  const { request = null } = more;
  const refs = {
    grant: facts.grant.id,
    person: facts.person.id,
    catalog: facts.resource.catalog,
    ...(request === null ? {} : { request }),
  };
  return told(type, { kind: 'manualTask', id: task.id }, refs, { want: task.want, ...more.data }, more.remark ?? null);
}

/** The requests whose delivery or removal a task is part of: in the story of each it is told. */
function partsOf({ assignments }: PlaceFacts, { want }: ManualTask): readonly RequestId[] {
  const requests = assignments.flatMap((linked) => linked.requests);
  return requests
    .filter(({ state }) => (state !== 'removing' && state !== 'removalFailed') === want)
    .map(({ id }) => id);
}
