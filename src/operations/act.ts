// What every act has in common: who acts, and that the reply of a synchronous delivery is stored in the act's own transaction.
import { DomainError } from '../domain/errors';
import type { Now } from '../domain/facts';
import type { PersonId } from '../domain/model';
import type { By, Desk, StoredReply, Tx } from './ports';

/** Makes the stored reply from an act's result; a repeat of the delivery shows it again, rendered anew. */
export type Answering<T> = (result: T) => StoredReply;

type Acting = <T>(desk: Desk, by: By, run: (tx: Tx) => Promise<T>, answering?: Answering<T>) => Promise<T>;

function acting(through: 'write' | 'share'): Acting {
  return (desk, by, run, answering) =>
    desk.store[through](by, async (tx) => {
      const result = await run(tx);
      if (by.delivery && answering) await tx.reply(answering(result));
      return result;
    });
}

/** One act = one transaction. `run` may run again after a conflict, so it touches nothing but `tx`. */
export const act = acting('write');
/** The same for acts of which many may come at once: those that do share a transaction (`Store.share`). */
export const sharedAct = acting('share');

/** The acting person. Only people decide, ask and give up: jobs and the command line are refused here. */
export function personOf(by: By): PersonId {
  if (by.actor.kind !== 'person') throw new DomainError('forbidden', {});
  return by.actor.id;
}

/** The rules' view of a transaction: its instant and its maker of ids. Valid after the first load. */
export function moment(tx: Tx): Now {
  return { now: tx.now, newId: () => tx.newId() };
}
