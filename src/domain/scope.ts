// Leaving the scope of a policy (rule 3.16): whom it concerns, and when it stops at the brake (rule 3.15). What ends: assignment.ts.
import { isMany } from './brake';
import { told } from './change';
import { DomainError } from './errors';
import type { Change, DomainEvent } from './events';
import { noChange } from './events';
import type { AssignmentId, CatalogId, JustificationId, PackageId, PersonId, PolicyVersion } from './model';

/** A reason to hold access, with its policy as that is now. The store asks the same of all at once; a test compares the two. */
export interface ScopeFact {
  readonly justification: JustificationId;
  readonly policy: Pick<PolicyVersion, 'mode' | 'endWhenOutOfScope'>;
  readonly enabled: boolean;
  readonly inScope: boolean;
}

/**
 * Reasons that are none any more. A policy that is switched off gives nothing anew and takes nothing; one for direct assignment or for
 * a rule says itself who has it.
 */
export function outOfScope(facts: readonly ScopeFact[]): readonly JustificationId[] {
  return facts
    .filter(
      ({ policy, enabled, inScope }) => policy.mode === 'request' && policy.endWhenOutOfScope && enabled && !inScope,
    )
    .map(({ justification }) => justification);
}

/** Holders of a package who left its scope. */
export interface Leavers {
  readonly package: PackageId;
  readonly catalog: CatalogId;
  /** Found since they were last looked at. */
  readonly found: readonly AssignmentId[];
  /** Whose access somebody in charge was asked about. */
  readonly asked: number;
  /** Whose access is about to end. */
  readonly ending: readonly AssignmentId[];
  /** The same, and whose access has ended for this during the last day, as long as nobody in charge has said that it ends. */
  readonly lately: { readonly ending: number; readonly ended: number };
  /** Of those known before: they are back, or their access ended otherwise. */
  readonly settled: number;
  /** People who have the package, leavers included. */
  readonly holders: number;
}

export interface LeaversJudgement {
  /** What becomes of those who were found. */
  readonly found: 'asked' | 'ending';
  readonly change: Change;
}

/**
 * Whether those who were found lose the access, or somebody in charge is asked first. Owners hear of both. A mistake may come in several
 * steps, so all who were found within a day are judged together, against all who had it then; one leaver alone is never many. Those
 * about whom somebody has said that their access ends are no mistake and hold nobody back.
 */
export function judgeLeavers(leavers: Leavers): LeaversJudgement {
  const { found, asked, lately, holders, settled } = leavers;
  const isHeld = isMany(found.length + asked + lately.ending + lately.ended, holders + lately.ended);
  const data = { people: found.length, holders, held: isHeld };
  const change =
    found.length > 0
      ? toldOf(leavers, 'package.leaversFound', data)
      : settled > 0
        ? toldOf(leavers, 'package.leaversChanged')
        : noChange;
  return { found: isHeld ? 'asked' : 'ending', change };
}

/** What comes of somebody's word that the access of those ends whom they saw. */
export interface Confirmed extends Pick<Leavers, 'package' | 'catalog'> {
  readonly name: string;
  /** Whose access ends by it. */
  readonly people: number;
  /** About whom somebody was asked until now. */
  readonly asked: number;
  /** Names those whom they saw. */
  readonly set: string;
  /** Who said so before, of the same. */
  readonly last: { readonly person: PersonId; readonly name: string; readonly at: Date } | null;
}

/** Somebody in charge agreed that the access of so many ends. Nobody: others are asked about than those whom they saw, or no one is. */
export function confirmedLeavers(leavers: Confirmed, person: PersonId): Change {
  const { name, people, asked, set, last } = leavers;
  if (people === 0 && asked === 0) {
    const by = last?.person === person ? null : (last?.name ?? null);
    throw new DomainError('leavers-answered', { package: name, last: last && { by, at: last.at } });
  }
  if (people === 0) throw new DomainError('leavers-moved-on', { package: name });
  return toldOf(leavers, 'package.leaversConfirmed', { people, set });
}

function toldOf(
  leavers: Pick<Leavers, 'package' | 'catalog'>,
  type: 'package.leaversFound' | 'package.leaversChanged' | 'package.leaversConfirmed',
  data: DomainEvent['data'] = {},
): Change {
  const refs = { package: leavers.package, catalog: leavers.catalog };
  return told(type, { kind: 'package', id: leavers.package }, refs, data);
}
