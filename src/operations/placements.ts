// Making a grant equal to what is wanted: the acts around a connector's call. The call itself is made by the worker, after a commit
// and before the next; the last act settles the worker's row in the same transaction, so a lost lease rolls its result back.
import * as Rules from '../domain/assignment';
import type { PlaceOutcome } from '../domain/assignment';
import type { AssignmentFacts, PlaceFacts } from '../domain/facts';
import { DomainError } from '../domain/errors';
import type { AssignmentId, CatalogId, DraftId, GrantId, PersonId } from '../domain/model';
import { can } from '../domain/permissions';
import { follow, reprocess as again, sharing } from '../domain/reprocess';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import type { By, Desk, Lease } from './ports';

export type { PlaceOutcome };

export interface Placement {
  readonly facts: PlaceFacts;
  /** `keep`: the person had it before, or has it by other access, so nothing is taken. */
  readonly desired: ReturnType<typeof Rules.desired>;
  /** What the person has without Usher must be read, and what follows committed, before the call that gives (rule 3.10). */
  readonly asksFirst: boolean;
  /** Where the connector can read: nothing was ever given there, so nothing is to be taken either. */
  readonly neverGiven: boolean;
}

const placementOf = (facts: PlaceFacts): Placement => ({
  facts,
  desired: Rules.desired(facts),
  asksFirst: Rules.asksFirst(facts),
  neverGiven: Rules.neverGiven(facts),
});

/** What is to be done for a grant now. */
export function look(desk: Desk, by: By, grant: GrantId): Promise<Placement> {
  return act(desk, by, async (tx) => placementOf(await tx.forPlace(grant)));
}

/**
 * Writes down whether the person has the role without Usher, before it gives it; null where the connector cannot read. What a worker read
 * before its lease was lost may be what another one gave since. `later`: the system must be asked once more before anything is given, and
 * the worker's row is put back until then; `theirs`: the person has it, and it is not given. What is to be done is as of this act, so
 * nothing is given to whom it was not read for.
 */
export function baseline(
  desk: Desk,
  by: By,
  input: { grant: GrantId; lease: Lease; present: boolean | null },
): Promise<Placement & { readonly found: 'later' | 'theirs' | 'give' }> {
  const { grant, lease, present } = input;
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(grant);
    await tx.hold(lease);
    await tx.save(Rules.readBaseline(facts, present, moment(tx)));
    const again = Rules.asksAgainAt(facts, present, moment(tx));
    if (again === null) return { ...placementOf(facts), found: Rules.isTheirs(facts, present) ? 'theirs' : 'give' };
    await tx.retry(lease, again.getTime() - tx.now.getTime(), 'seems_gone');
    return { ...placementOf(facts), found: 'later' };
  });
}

/** The connector made it equal (or a person has to do it). */
export function settled(
  desk: Desk,
  by: By,
  input: { grant: GrantId; lease: Lease; outcome: PlaceOutcome },
): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(input.grant);
    const change = Rules.confirm(facts, input.outcome, moment(tx));
    await tx.save(change);
    // What is wanted changed while the call was made, by an act that left no placement of its own: this one looks again.
    const isOpen = facts.grant.state !== (facts.wanted ? 'placed' : 'taken') && input.outcome.state !== 'waiting';
    if (change.events.length === 0 && change.rows.length === 0 && isOpen) await tx.retry(input.lease, 0, 'changed');
    else await tx.settle(input.lease, { state: 'done' });
  });
}

/**
 * The connector failed. The worker's row is given up or goes back for another try in the same transaction, so a failure that
 * comes in after the lease was lost is refused: another worker's result counts. A failed try of the opposite of what is wanted
 * by now says nothing about that: the placement that follows will tell.
 */
export function failed(
  desk: Desk,
  by: By,
  input: {
    grant: GrantId;
    lease: Lease;
    error: { code: string; final: boolean };
    /** Since when it is to be done. */
    asked: Date;
    /** What was tried. */
    giving: boolean;
    /** Null: given up. */
    againInMs: number | null;
  },
): Promise<void> {
  const { lease, asked, giving, againInMs } = input;
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(input.grant);
    const { code } = input.error;
    if (againInMs === null) await tx.settle(lease, { state: 'dead', error: code });
    else await tx.retry(lease, againInMs, code);
    if (facts.wanted !== giving) return;
    const isLate = !giving && againInMs !== null && Rules.isLate(asked, new Date(tx.now.getTime() + againInMs));
    await tx.save(Rules.fail(facts, { code, final: input.error.final || isLate }, moment(tx)));
  });
}

/** A call came late, and may have undone what another worker made equal since: it is looked at once more. `gave`: as in `cameLate`. */
export function late(desk: Desk, by: By, grant: GrantId, gave: boolean): Promise<void> {
  return act(desk, by, async (tx) => {
    await tx.save(Rules.cameLate(await tx.forPlace(grant), gave));
  });
}

/** A manual task still waits: its owners hear again, after a day those in charge as well (rule 3.25). */
export function remindTask(desk: Desk, by: By, id: string): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forManualTask(id);
    await tx.save(Rules.remindTask(facts, moment(tx)));
  });
}

/** Whether somebody may have the roles of access in the catalog made so again. */
export async function mayReprocess(desk: Desk, person: PersonId, catalog: CatalogId): Promise<boolean> {
  return can(await desk.views.roles(person, catalog), 'assignment.reprocess');
}

/** The package's content has changed, and the roles of this access follow it (rule 3.11). */
export function followContent(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forAssignment(id);
    await tx.save(follow(facts, moment(tx)));
  });
}

/** A role that nothing justifies is taken away (rule 3.10). */
export function takeAstray(desk: Desk, by: By, grant: GrantId): Promise<void> {
  return act(desk, by, async (tx) => {
    await tx.save(Rules.takeAstray(await tx.forPlace(grant)));
  });
}

/** All roles of the assignment are made so once more, at any time (rule 3.12). */
export function reprocess(
  desk: Desk,
  by: By,
  id: AssignmentId,
  answering?: Answering<AssignmentId>,
): Promise<AssignmentId> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      const facts = await tx.forAssignment(id);
      if (!can(await tx.roles(person, facts.catalog.id), 'assignment.reprocess'))
        throw new DomainError('forbidden', {});
      const others: AssignmentFacts[] = [];
      for (const other of sharing(facts)) others.push(await tx.forAssignment(other));
      await tx.save(again(facts, others, moment(tx)));
      return id;
    },
    answering,
  );
}

/** A resource owner reports a manual task as done (rule 3.25). */
export function finish(
  desk: Desk,
  by: By,
  input: { task: string; note: string | null; draft: DraftId | null },
  answering?: Answering<string>,
): Promise<string> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      if (input.draft) await tx.takeDraft(input.draft, person);
      const facts = await tx.forManualTask(input.task);
      await tx.save(Rules.finishTask(facts, person, input.note, moment(tx)));
      return input.task;
    },
    answering,
  );
}
