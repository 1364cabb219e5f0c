// Deciding, and what waits to be decided.
import { contentSeen } from '../domain/content';
import { mayDecide, mustMeanStep, mustSayException, mustSayVoice } from '../domain/may-decide';
import type { RequestFacts } from '../domain/facts';
import type { PersonId, RequestId } from '../domain/model';
import { decide as decideRule } from '../domain/request';
import type { Answering } from './act';
import { moment, personOf, sharedAct } from './act';
import type { ApprovalRow, By, Desk, Draft, Page } from './ports';

export interface Decide {
  readonly request: RequestId;
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  /** What the decider was shown (rule 3.27): surface, card, the versions of the request and of the package's content that the button carried. */
  readonly shown: Readonly<Record<string, unknown>>;
  /** The version of the request that the button showed; null where it was decided by its number. */
  readonly seen?: number | null;
  /** The step that was named beside the number; null where none was. */
  readonly step?: number | null;
  /** The number of the package's content that was named beside it; null where none was. */
  readonly content?: number | null;
  readonly draft: Draft['id'] | null;
}

/**
 * Records one decision and what follows from it. Who may decide is looked at now, under the lock: not the requestor, not
 * the target, still an approver of the running stage, still enabled (rules 3.5, 3.6), and whether they saw the stage that they decide
 * and the roles that they approve. Only a person decides.
 */
export function decide(desk: Desk, by: By, input: Decide, answering?: Answering<RequestId>): Promise<RequestId> {
  const person = personOf(by);
  return sharedAct(
    desk,
    by,
    async (tx) => {
      if (input.draft) await tx.takeDraft(input.draft, person);
      const facts = await tx.forRequest(input.request, input.shown['packageVersion']);
      await tx.save(decideRule(facts, person, input, moment(tx)));
      return input.request;
    },
    answering,
  );
}

/** What the form for a decision shows; throws the refusal that the decision would meet now, so nobody types in vain. */
export async function deciding(
  desk: Desk,
  viewer: PersonId,
  id: RequestId,
  seen: Pick<Decide, 'decision' | 'shown' | 'seen' | 'step'> | null = null,
): Promise<RequestFacts> {
  const [facts, now] = await Promise.all([desk.views.forRequest(id, seen?.shown['packageVersion']), desk.views.now()]);
  const task = mayDecide(facts, viewer, { now }, seen?.seen);
  if (seen) {
    mustSayException(facts, seen.shown);
    mustSayVoice(facts, task, seen);
    mustMeanStep(facts, task, seen);
    // Whoever comes by a number is shown the roles in the form.
    if ((seen.seen ?? null) !== null) contentSeen(facts, seen);
  }
  return facts;
}

/** What waits for this person, oldest deadline first. */
export function waiting(desk: Desk, by: By, page: { limit: number; after: string | null }): Promise<Page<ApprovalRow>> {
  return desk.views.approvals(personOf(by), page);
}
