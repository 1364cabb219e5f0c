// Comparing connected systems with what Usher gave (rule 3.12): the acts around a read. The read itself is made by the job, page by
// page and without a transaction; what it found is concluded in one act, and each repair is an act of its own.
import { judge, repair as repaired } from '../domain/drift';
import { DomainError } from '../domain/errors';
import type { FindingId, PersonId, ResourceId } from '../domain/model';
import { act, moment } from './act';
import type { By, Desk, DriftView } from './ports';

/**
 * The system was read to its end: differences are kept, those that are gone are closed, and owners hear of what is new. Returns
 * what is to be repaired. Nothing is concluded where another comparison has begun meanwhile.
 */
export function conclude(desk: Desk, by: By, token: string): Promise<readonly FindingId[]> {
  return act(desk, by, async (tx) => {
    const compared = await tx.compared(token);
    if (compared === null) return [];
    const judgement = judge(compared);
    const repairs = await tx.judged(token, judgement);
    if (judgement.events.length > 0) await tx.record(judgement.events);
    return repairs;
  });
}

/** Gives back or takes away what one difference is about, if it is still one. */
export function repair(desk: Desk, by: By, finding: FindingId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forFinding(finding);
    await tx.save(repaired(facts, moment(tx)));
  });
}

/** The open differences of a resource, for whoever is in charge of it. */
export async function driftOf(desk: Desk, viewer: PersonId, resource: ResourceId): Promise<DriftView> {
  const view = await desk.views.drift(resource);
  if (!view?.keepers.includes(viewer)) throw new DomainError('not-found', { what: 'card' });
  return view;
}
