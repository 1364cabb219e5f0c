// Exceptions to incompatibilities: what may be asked for, what becomes due of them, and how they look to whoever answers for them. They are
// asked for and granted like any request (requests.ts, approvals.ts), or recorded by a file (blueprint/incompatibilities.ts).
import { offerException, type ExceptionOffer } from '../domain/ask-exception';
import { DomainError } from '../domain/errors';
import { report as reported } from '../domain/exception';
import type { ExceptionFacts } from '../domain/exception';
import type { PackageId, PersonId, PolicyVersionId } from '../domain/model';
import { can } from '../domain/permissions';
import { decidable } from '../domain/request';
import { act, moment } from './act';
import type { By, Desk } from './ports';
import type { FormFacts } from './requests';

export interface ExceptionForm extends ExceptionOffer, Pick<FormFacts, 'facts' | 'now'> {}

/** What the form for an exception shows; throws what sending it would meet now. `wanted`: the one of this policy version. */
export async function exceptionFor(
  desk: Desk,
  requestor: PersonId,
  input: { target: PersonId; package: PackageId },
  wanted: PolicyVersionId | null = null,
): Promise<ExceptionForm> {
  const [facts, now] = await Promise.all([
    desk.views.forSubmit({ requestor, ...input, for: 'exception' }),
    desk.views.now(),
  ]);
  const offer = offerException(facts, now, wanted);
  decidable(facts, [offer.policy]);
  return { facts, ...offer, now };
}

/** What somebody sees of an exception. */
export interface ExceptionView {
  readonly facts: ExceptionFacts;
  readonly isOwner: boolean;
  /** They may take the package from whoever has both, and are not the one who has. */
  readonly mayRemove: boolean;
}

/** Tells those in charge of an exception that it ends soon, or that it is over; and what they were told follows what is held. */
export function report(desk: Desk, by: By, id: string): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forException(id);
    const change = reported(facts, moment(tx));
    if (change) await tx.saveConfiguration([{ noun: 'exception', ...change }]);
  });
}

/** The same for the one who holds both. */
export async function ownException(desk: Desk, viewer: PersonId, id: string): Promise<ExceptionFacts> {
  const facts = await desk.views.exception(id);
  if (facts?.person.id !== viewer) throw new DomainError('not-found', { what: 'card' });
  return facts;
}

/** For its owner and for those who look after the package; for everybody else it does not exist. */
export async function exceptionOf(desk: Desk, viewer: PersonId, id: string): Promise<ExceptionView> {
  const facts = await desk.views.exception(id);
  if (!facts) throw new DomainError('not-found', { what: 'card' });
  const isOwner = facts.exception.owner === viewer;
  const roles = await desk.views.roles(viewer, facts.catalog.id);
  if (!isOwner && !can(roles, 'assignment.read')) throw new DomainError('not-found', { what: 'card' });
  const isTheirs = facts.person.id === viewer || facts.assignment === null;
  return { facts, isOwner, mayRemove: !isTheirs && can(roles, 'assignment.remove') };
}
