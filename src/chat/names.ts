// From typed names to things: exact names first, then half names, then "Did you mean ...?". Nobody learns of a package here that
// the search would not show.
import { DomainError } from '../domain/errors';
import type { PackageId, PersonId, PersonRef } from '../domain/model';
import type { PackageRow } from '../operations/ports';
import type { Context } from './verb';

const NEAR = 3;
const SUGGESTIONS = 4;

/** R-1042, r1042, 1042. */
export function numberOf(typed: string): number | null {
  const match = /^(?:r[-\s]?)?(\d{1,15})$/i.exec(typed.trim());
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** The package that a person means, for themselves or for a report. `manage`: among those that the person may assign. */
export async function packageOf(
  context: Context,
  typed: string,
  target: PersonId,
  manage: boolean,
): Promise<{ id: PackageId; name: string }> {
  const { views } = context.desk;
  const find = async (query: string, limit: number): Promise<readonly PackageRow[]> =>
    manage
      ? views.manageablePackages(context.who.person.id, query, limit)
      : (await views.searchPackages(target, query, limit, null)).rows;
  const exact = manage
    ? (await find(typed, 50)).filter((row) => row.name.toLowerCase() === typed.toLowerCase())
    : await views.packagesNamed(target, typed);
  const [only] = exact;
  if (only && exact.length === 1) return only;
  const half = await find(typed, SUGGESTIONS + 1);
  const [first] = half;
  if (first && half.length === 1 && exact.length === 0) return first;
  const near = half.length > 0 ? half : closest(typed, await find('', 200), (row) => row.name);
  if (near.length === 0) throw new DomainError('not-found', { what: 'package' });
  throw new DomainError('did-you-mean', { typed, names: near.slice(0, SUGGESTIONS).map((row) => row.name) });
}

/** The person who is meant; `managedBy` limits the search to direct reports. */
export async function personNamed(context: Context, typed: string, managedBy: PersonId | null): Promise<PersonRef> {
  const { views } = context.desk;
  const exact =
    managedBy === null
      ? await views.peopleNamed(typed)
      : (await views.searchPeople(typed, 20, managedBy)).filter(
          (row) => row.name.toLowerCase() === typed.toLowerCase(),
        );
  const [only] = exact;
  if (only && exact.length === 1) return only;
  const half = await views.searchPeople(typed, SUGGESTIONS + 1, managedBy);
  const [first] = half;
  if (first && half.length === 1) return first;
  const near =
    half.length > 0
      ? half
      : closest(typed, await views.searchPeople(typed.slice(0, 3), 50, managedBy), (row) => row.name);
  if (near.length === 0) throw new DomainError('not-found', { what: 'person' });
  throw new DomainError('did-you-mean', { typed, names: near.slice(0, SUGGESTIONS).map((row) => row.name) });
}

/** Those whose name is at most a few typing mistakes away, nearest first. */
export function closest<T>(typed: string, among: readonly T[], nameOf: (one: T) => string): readonly T[] {
  const limit = Math.min(NEAR, Math.max(1, Math.floor(typed.length / 3)));
  return among
    .map((one) => ({
      one,
      distance: distance(typed.toLowerCase().slice(0, 80), nameOf(one).toLowerCase().slice(0, 80)),
    }))
    .filter((near) => near.distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .map((near) => near.one);
}

/** Damerau-Levenshtein (adjacent letters swapped count as one mistake). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
