// What operators do about work that was given up.
import { DomainError } from '../domain/errors';
import { holderMay } from '../domain/permissions';
import { act } from './act';
import type { By, Desk } from './ports';

/** Tries once more what was given up, as an operator, audited. False: it is not given up. */
export function redrive(desk: Desk, by: By, id: number): Promise<boolean> {
  if (by.actor.kind !== 'operator' || !holderMay('operator', 'jobs.run')) throw new DomainError('forbidden', {});
  return act(desk, by, async (tx) => {
    await tx.clock();
    const row = await tx.redrive(id);
    if (row === null) return false;
    const { kind, notice, error, person, request } = row;
    await tx.record([
      {
        type: 'outgoing.redriven',
        subject: { kind: 'outgoing', id: String(id) },
        refs: { ...(person ? { person } : {}), ...(request ? { request } : {}) },
        data: { kind, notice, error },
      },
    ]);
    return true;
  });
}
