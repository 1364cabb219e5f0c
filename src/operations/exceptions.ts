// Exceptions to incompatibilities: what becomes due of them, and how they look to whoever answers for them. They are recorded by a
// file (blueprint/incompatibilities.ts).
import { DomainError } from '../domain/errors';
import { report as reported } from '../domain/exception';
import type { ExceptionFacts } from '../domain/exception';
import type { PersonId } from '../domain/model';
import { can } from '../domain/permissions';
import { act, moment } from './act';
import type { By, Desk } from './ports';

/** Tells those in charge of an exception that it ends soon, or that it is over. */
export function report(desk: Desk, by: By, id: string): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forException(id);
    const change = reported(facts, moment(tx));
    if (change) await tx.saveConfiguration([{ noun: 'exception', ...change }]);
  });
}

/** For its owner and for those who look after the package; for everybody else it does not exist. */
export async function exceptionOf(desk: Desk, viewer: PersonId, id: string): Promise<ExceptionFacts> {
  const facts = await desk.views.exception(id);
  const isOwner = facts?.exception.owner === viewer;
  if (!facts || (!isOwner && !can(await desk.views.roles(viewer, facts.catalog), 'assignment.read')))
    throw new DomainError('not-found', { what: 'card' });
  return facts;
}
