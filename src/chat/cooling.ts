// Asking and taking back, again and again, calls people to decide about nothing. After a few times the same thing cannot be asked
// for again for a while; everything else can. Shared by all processes, and forgotten by itself.
import { DomainError } from '../domain/errors';
import type { PackageId, PersonId } from '../domain/model';
import type { Log } from '../log';
import type { Outbox } from '../operations/ports';

/** So often in a row it may be taken back without any consequence, and once more in ten minutes. */
const FREE = 3;
const PAUSE_MS = 10 * 60_000;

export interface Cooling {
  /** Somebody took back what they had asked for. Never throws: it is taken back, and an error would say that nothing was changed. */
  tookBack(person: PersonId, what: PackageId): Promise<void>;
  /** Refuses while it is too soon. */
  check(person: PersonId, what: PackageId): Promise<void>;
}

/** Over the gates of the outbox. */
export function createCooling(gates: Pick<Outbox, 'pass' | 'hold' | 'held'>, log: Pick<Log, 'warn'>): Cooling {
  const count = async (person: PersonId, what: PackageId): Promise<void> => {
    const wait = await gates.pass(`taken-back:${person}:${what}`, 1000 / PAUSE_MS, FREE);
    if (wait > 0) await gates.hold(`asking:${person}:${what}`, PAUSE_MS);
  };
  return {
    tookBack: (person, what) =>
      count(person, what).catch((err: unknown) => {
        log.warn({ err, person, package: what }, 'what was taken back is not counted');
      }),
    async check(person, what) {
      const wait = await gates.held(`asking:${person}:${what}`);
      if (wait > 0) throw new DomainError('asked-too-often', { minutes: Math.ceil(wait / 60_000) });
    },
  };
}
