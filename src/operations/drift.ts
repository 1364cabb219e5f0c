// Comparing connected systems with what Usher gave (rule 3.12): the acts around a read. The read itself is made by the job, page by
// page and without a transaction; what it found is concluded in one act, and each repair is an act of its own.
import { answer as answered, judge, repair as repaired, toReadBack } from '../domain/drift';
import type { Repair } from '../domain/drift';
import { DomainError } from '../domain/errors';
import type { FindingId, Person, PersonId, ResourceId } from '../domain/model';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import type { By, Desk, DriftView } from './ports';

export type { Repair };

/**
 * The system was read to its end: differences are kept, those that are gone are closed, and owners hear of what is new. Returns
 * what is to be repaired. Nothing is concluded where another comparison has begun meanwhile.
 */
export function conclude(desk: Desk, by: By, token: string): Promise<readonly Repair[]> {
  return act(desk, by, async (tx) => {
    const compared = await tx.compared(token);
    if (compared === null) return [];
    const judgement = judge(compared);
    const repairs = await tx.judged(token, judgement);
    if (judgement.events.length > 0) await tx.record(judgement.events);
    return repairs;
  });
}

/** One person's one role in a system, as the system calls them. */
export interface ReadBack {
  readonly connector: string;
  readonly subject: Pick<Person, 'directoryKey' | 'email' | 'name'>;
  readonly where: { readonly resource: string; readonly role: string; readonly scope: string };
}

/** What the system is asked once more about what is missing before it is given back; null: it need not be. */
export function readingBack(desk: Desk, by: By, finding: FindingId): Promise<ReadBack | null> {
  return act(desk, by, async (tx) => {
    const place = toReadBack(await tx.forFinding(finding));
    if (place === null) return null;
    const { person, resource, role, scope } = place;
    return {
      connector: resource.connector,
      subject: { directoryKey: person.directoryKey, email: person.email, name: person.name },
      where: { resource: resource.originId, role: role.originId, scope: scope.originId },
    };
  });
}

/**
 * Gives back or takes away what one difference is about, if it is still one. `present`: what the system said of it since the
 * comparison; null where it was not asked. It is asked without a lock, and believed under that of the person, where nothing
 * of the grant has changed since it was compared.
 */
export function repair(
  desk: Desk,
  by: By,
  { finding, present, leaver = false }: { finding: FindingId; present: boolean | null; leaver?: boolean },
): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forFinding(finding);
    // Back by now: what is asked about everybody is asked about them again.
    if (leaver && facts.person.state === 'enabled') return;
    await tx.save(repaired(facts, present, moment(tx)));
  });
}

/**
 * Somebody in charge of a resource says whether the differences that they were shown are repaired (rule 3.15). Where they accept,
 * the system is compared once more before anything follows.
 */
export function answer(
  desk: Desk,
  by: By,
  input: { readonly resource: ResourceId; readonly set: string; readonly accept: boolean },
  answering?: Answering<ResourceId>,
): Promise<ResourceId> {
  const person = personOf(by);
  const { resource, accept } = input;
  return act(
    desk,
    by,
    async (tx) => {
      const asked = await tx.forDrift(resource);
      const events = answered(asked, person, input);
      await tx.answered(resource, person, { asked: asked.asked, accepted: accept });
      await tx.record(events);
      return resource;
    },
    answering,
  );
}

/** The open differences of a resource, for whoever is in charge of it; `named`: so many people are named. */
export async function driftOf(desk: Desk, viewer: PersonId, resource: ResourceId, named?: number): Promise<DriftView> {
  const view = await desk.views.drift(resource, named);
  if (!view?.keepers.includes(viewer)) throw new DomainError('not-found', { what: 'card' });
  return view;
}
