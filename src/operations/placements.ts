// Making a grant equal to what is wanted: the acts around a connector's call. The call itself is made by the worker, after a commit
// and before the next; the last act settles the worker's row in the same transaction, so a lost lease rolls its result back.
import { confirm, desired, fail as failRule, finishTask, readBaseline } from '../domain/assignment';
import type { PlaceFacts } from '../domain/facts';
import type { DraftId, GrantId } from '../domain/model';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import type { By, Desk, Lease } from './ports';

export interface Placement {
  readonly facts: PlaceFacts;
  /** `keepBaseline`: the person had it before, so nothing is taken. */
  readonly desired: ReturnType<typeof desired>;
  /** The baseline must be read and committed before the first call that gives (rule 3.10). */
  readonly needsBaseline: boolean;
}

/** What is to be done for a grant now. */
export function look(desk: Desk, by: By, grant: GrantId): Promise<Placement> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(grant);
    const want = desired(facts);
    const untouched = facts.grant.placedAt === null && facts.grant.takenAt === null && facts.grant.externalId === null;
    return { facts, desired: want, needsBaseline: want === 'present' && facts.grant.baseline === null && untouched };
  });
}

/** Writes down whether the person had the role before Usher gave it; null where the connector cannot read. */
export function baseline(desk: Desk, by: By, grant: GrantId, present: boolean | null): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(grant);
    await tx.save(readBaseline(facts, present));
  });
}

/** The connector made it equal (or a person has to do it). */
export function settled(
  desk: Desk,
  by: By,
  input: {
    grant: GrantId;
    lease: Lease;
    outcome: { state: 'present' | 'absent' | 'waiting'; externalId: string | null };
  },
): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(input.grant);
    await tx.save(confirm(facts, input.outcome, moment(tx)));
    await tx.settle(input.lease, { state: 'done' });
  });
}

/** The connector failed. The worker's row goes back for another try by `Outbox.retry`; removals are tried for ever. */
export function failed(desk: Desk, by: By, grant: GrantId, error: { code: string; final: boolean }): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forPlace(grant);
    await tx.save(failRule(facts, error, moment(tx)));
  });
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
      await tx.save(finishTask(facts, person, input.note, facts.owners, moment(tx)));
      return input.task;
    },
    answering,
  );
}
