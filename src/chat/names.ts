// From typed names to things: exact names first, then half names, then "Did you mean ...?". Nobody learns of a package here that
// the search would not show.
import { DomainError } from '../domain/errors';
import type { AssignmentId, PersonId, PersonRef, RequestId } from '../domain/model';
import { assigns } from '../operations/assignments';
import type { PackageRow, RequestRow } from '../operations/ports';
import { bareName } from './typed';
import type { Context } from './verb';

const NEAR = 3;
const SUGGESTIONS = 4;
/** More than anybody holds. */
const MOST_HELD = 500;

/**
 * A name and, as the card types it behind the name, the set that was shown: eight hexadecimal digits, in small letters. A name may end
 * like a set does: look first whether all of it is one.
 */
export function nameAndSet(typed: string): { readonly name: string; readonly set: string | null } {
  const at = typed.search(/\s[0-9a-f]{8}$/i);
  return at < 1
    ? { name: typed, set: null }
    : { name: typed.slice(0, at).trimEnd(), set: typed.slice(at + 1).toLowerCase() };
}

/** The package that a person means, for themselves or for a report. `manage`: among those that the person may assign. */
export function packageOf(context: Context, typed: string, target: PersonId, manage: boolean): Promise<PackageRow> {
  return packageAmong(
    {
      named: (name) => packagesNamed(context, name, target, manage),
      find: finder(context, target, manage),
      meant: (row) => manage || row.offered === true || row.held,
      what: manage ? 'managedPackage' : 'package',
    },
    typed,
  );
}

/** The package that a person means to tell others of. What they may only ask for, or have, is known by its whole name. */
export function packageToShare(context: Context, typed: string): Promise<PackageRow> {
  const me = context.who.person.id;
  const find = (query: string, limit: number) => context.desk.views.sharablePackages(me, query, limit);
  return packageAmong(
    {
      find,
      named: async (name) => {
        const known = await packagesNamed(context, name, me, false);
        return [...known, ...(await exactOf(find, name)).filter((row) => known.every(({ id }) => id !== row.id))];
      },
      what: 'package',
    },
    typed,
  );
}

interface Among {
  readonly named: (name: string) => Promise<readonly Named<PackageRow>[]>;
  readonly find: (query: string, limit: number) => Promise<readonly PackageRow[]>;
  /** Of several called so those that come first: what nobody can do anything with is meant where nothing else is. */
  readonly meant?: (row: PackageRow) => boolean;
  readonly what: 'package' | 'managedPackage';
}

async function packageAmong(among: Among, typed: string): Promise<PackageRow> {
  const { named, find, meant, what } = among;
  const all = await exactly(typed, named);
  const bare = bareName(typed);
  if (all.length === 0 && bare !== typed) return packageAmong(among, bare);
  const first = meant ? all.filter(meant) : [];
  const exact = first.length > 0 ? first : all;
  const [only] = exact;
  if (only && exact.length === 1) return only;
  if (only) throw new DomainError('several-named', { typed, ...told(exact) });
  const half = await find(typed, SUGGESTIONS + 1);
  const [likely] = half;
  // What only its description speaks of is offered: whoever typed a name meant a name.
  if (likely && half.length === 1 && holdsWords(typed, [likely.name, ...likely.roles])) return likely;
  const near = half.length > 0 ? half : await nearest(typed, find);
  if (near.length === 0) throw new DomainError('not-found', { what });
  throw new DomainError('did-you-mean', { typed, ...told(near) });
}

/** So many words of what was typed are looked for one by one, and so many packages with each. */
const WORDS = 4;
const WITH_ONE = 50;

/**
 * Those that were meant by a name with slips in it, or by a part of one, among those that have a word of it or its first letters: all that
 * somebody may ask for can be more than is worth reading.
 */
async function nearest(typed: string, find: Among['find']): Promise<readonly PackageRow[]> {
  const words = wordsIn(typed).slice(0, WORDS);
  const found = new Map((await find('', 200)).map((row) => [row.id, row]));
  for (const part of new Set(words.flatMap((word) => [word, word.slice(0, 3)])))
    for (const row of await find(part, WITH_ONE)) found.set(row.id, row);
  const rows = [...found.values()];
  const whole = closest(typed, rows, (row) => row.name);
  return whole.length > 0 ? whole : nearByWords(words, rows);
}

function nearByWords(words: readonly string[], rows: readonly PackageRow[]): readonly PackageRow[] {
  if (words.length === 0) return [];
  return rows
    .map((row) => {
      const own = wordsIn(row.name);
      const slips = words.map((word) => {
        const least = Math.min(...own.map((one) => distance(word, one)));
        return least <= slipsIn(word) ? least : Infinity;
      });
      return { row, slips: slips.reduce((all, one) => all + one, 0) };
    })
    .filter((one) => one.slips < Infinity)
    .sort((a, b) => a.slips - b.slips || a.row.name.length - b.row.name.length)
    .map((one) => one.row);
}

/** Words that say something, as far as anybody types. */
function wordsIn(name: string): readonly string[] {
  return (
    name
      .slice(0, 200)
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  ).filter((word) => word.length > 2);
}

/** How many mistakes may be in a word. */
function slipsIn(word: string): number {
  return word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
}

/** Whether every word that was typed is in one of these. */
function holdsWords(typed: string, names: readonly string[]): boolean {
  const said = names.join('\n').toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => said.includes(word));
}

/** What the person holds by that name, hidden packages as well; what is not held is never suggested. */
export async function heldNamed(context: Context, typed: string): Promise<AssignmentId> {
  const me = context.who.person.id;
  const { views } = context.desk;
  const all = (await views.access(me, { limit: MOST_HELD, after: null })).rows.filter((row) => row.endedAt === null);
  const rows = all.map((row) => ({ ...row, name: row.packageName, detail: '' }));
  const exact = await exactly(typed, async (name) => {
    const found = rows.filter((row) => row.name.toLowerCase() === name.toLowerCase());
    if (found.length === 0) return found;
    // Two catalogs may each have one of this name.
    const packages = await views.packagesNamed(me, name);
    return found.map((row) => ({ ...row, detail: packages.find(({ id }) => id === row.package)?.catalog ?? '' }));
  });
  const [only] = exact;
  if (only && exact.length === 1) return only.id;
  if (only) throw new DomainError('several-named', { typed, ...told(exact) });
  const bare = bareName(typed);
  if (bare !== typed) return heldNamed(context, bare);
  const [known] = await views.packagesNamed(me, typed);
  // By the code of its link, which no row of what is held says.
  const linked = known && rows.find((row) => row.package === known.id);
  if (linked) return linked.id;
  if (known) throw new DomainError('not-held', { package: known.name, target: null });
  const half = rows.filter((row) => holdsWords(typed, [row.name]));
  const [first] = half;
  if (first && half.length === 1) return first.id;
  // More words than the name has may be another name, so it is asked.
  const begun = rows.filter((row) => typed.toLowerCase().startsWith(`${row.name.toLowerCase()} `));
  const near = [half, begun, closest(typed, rows, (row) => row.name)].find((some) => some.length > 0);
  throw near
    ? new DomainError('did-you-mean', { typed, ...told(near) })
    : new DomainError('not-found', { what: 'assignment' });
}

/** Whether the whole text is the name of a package that the target may know (`manage`: that the person may assign): names may hold the words between which we split. */
export async function isPackageName(
  context: Context,
  typed: string,
  target: PersonId,
  manage = false,
): Promise<boolean> {
  return (await exactly(typed, (name) => packagesNamed(context, name, target, manage))).length > 0;
}

function finder(context: Context, target: PersonId, manage: boolean) {
  const { views } = context.desk;
  const me = context.who.person.id;
  return async (query: string, limit: number): Promise<readonly PackageRow[]> => {
    if (manage) return views.manageablePackages(me, query, limit);
    const own = async () => (await views.searchPackages(me, query, limit, null)).rows;
    if (target === me) return own();
    const { rows } = await views.searchPackages(target, query, limit, null, true);
    // What they may know themselves is no news to them, and says better what is wrong than that there is nothing.
    return rows.length > 0 ? rows : own();
  };
}

async function packagesNamed(
  context: Context,
  name: string,
  target: PersonId,
  manage: boolean,
): Promise<readonly Named<PackageRow>[]> {
  if (manage) return exactOf(finder(context, target, true), name);
  const rows = await context.desk.views.packagesNamed(target, name, target !== context.who.person.id);
  return rows.map((row) => ({ ...row, detail: row.catalog }));
}

/** Those of a search that are called exactly so. */
async function exactOf(find: Among['find'], name: string): Promise<readonly Named<PackageRow>[]> {
  const rows = (await find(name, 50)).filter((row) => row.name.toLowerCase() === name.toLowerCase());
  return rows.map((row) => ({ ...row, detail: row.catalog }));
}

/** The person who is meant; `managedBy` limits the search to direct reports. The whole directory is for those who assign. */
export async function personNamed(context: Context, typed: string, managedBy: PersonId | null): Promise<PersonRef> {
  if (managedBy === null && !(await assigns(context.desk, context.who.person.id)))
    throw new DomainError('forbidden', {});
  return anybodyNamed(context, typed, managedBy);
}

/** The same, for whoever may know everybody. */
export async function anybodyNamed(
  context: Context,
  typed: string,
  managedBy: PersonId | null = null,
): Promise<PersonRef> {
  const { views } = context.desk;
  const exact = await exactly(typed, (name) => peopleNamed(context, name, managedBy));
  const [only] = exact;
  if (only && exact.length === 1) return only;
  if (only) throw new DomainError('several-named', { typed, ...told(exact) });
  const bare = bareName(typed);
  if (bare !== typed) return anybodyNamed(context, bare, managedBy);
  const half = await views.searchPeople(typed, SUGGESTIONS + 1, managedBy);
  const [first] = half;
  if (first && half.length === 1) return first;
  const near =
    half.length > 0
      ? half
      : closest(typed, await views.searchPeople(typed.slice(0, 3), 50, managedBy), (row) => row.name);
  if (near.length === 0) throw new DomainError('not-found', { what: managedBy === null ? 'person' : 'report' });
  throw new DomainError('did-you-mean', { typed, ...told(near) });
}

/** Exact names and mail addresses; those of one name with what tells them apart. */
async function peopleNamed(
  context: Context,
  name: string,
  managedBy: PersonId | null,
): Promise<readonly Named<PersonRef>[]> {
  const { views } = context.desk;
  const exact = managedBy === null ? await views.peopleNamed(name) : null;
  if (exact?.length === 1) return exact.map((row) => ({ ...row, detail: '' }));
  const found = await views.searchPeople(name, 20, managedBy);
  return found.filter((row) => row.name.toLowerCase() === name.toLowerCase());
}

/** What a list to choose from shows; the detail tells two of one name apart. */
export type Named<T> = T & { readonly name: string; readonly detail: string };

/** Those of exactly this name; "Name (detail)" means the one of several, as they were told apart. */
async function exactly<T>(
  typed: string,
  named: (name: string) => Promise<readonly Named<T>[]>,
): Promise<readonly Named<T>[]> {
  const exact = await named(typed);
  if (exact.length > 0) return exact;
  const [, name, detail] = /^(.+\S)\s*\(([^()]+)\)$/.exec(typed) ?? [];
  if (name === undefined || detail === undefined) return exact;
  return (await named(name)).filter((row) => row.detail.toLowerCase() === detail.trim().toLowerCase());
}

/**
 * The one of a short list that is meant, by its name or half of it; without a name the only one there is. Null: nothing is like it.
 */
export async function oneOf<T>(rows: readonly Named<T>[], typed: string): Promise<T | null> {
  const [first, second] = rows;
  if (typed === '' && second) throw new DomainError('which-one', told(rows));
  if (typed === '') return first ?? null;
  const named = (name: string) => Promise.resolve(rows.filter((row) => row.name.toLowerCase() === name.toLowerCase()));
  const exact = await exactly<T>(typed, named);
  const [only, other] = exact;
  if (other) throw new DomainError('several-named', { typed, ...told(exact) });
  if (only) return only;
  const half = rows.filter((row) => holdsWords(typed, [row.name]));
  if (half[0] && half.length === 1) return half[0];
  const near = half.length > 0 ? half : closest(typed, rows, (row) => row.name);
  if (near.length > 0) throw new DomainError('did-you-mean', { typed, ...told(near) });
  return null;
}

/** The request that is meant by the name of its package, of those that `fits`: the newest for each person. */
export async function requestNamed(
  context: Context,
  typed: string,
  fits: (row: RequestRow) => boolean,
): Promise<RequestId> {
  const me = context.who.person.id;
  const { rows } = await context.desk.views.requests(me, { limit: MOST_HELD, after: null });
  const newest = new Map<string, Named<Pick<RequestRow, 'id'>>>();
  for (const { id, packageName: name, target } of rows.filter(fits)) {
    const key = `${target.id} ${name}`;
    if (!newest.has(key)) newest.set(key, { id, name, detail: target.id === me ? '' : target.name });
  }
  const found = await oneOf([...newest.values()], bareName(typed));
  if (!found) throw new DomainError('not-found', { what: 'request' });
  return found.id;
}

/** Names to choose from; those that are the same with their catalog, or what else is known of them. */
function told(rows: readonly (PackageRow | Named<object>)[]): {
  readonly names: readonly string[];
  readonly more: boolean;
} {
  const names = rows.slice(0, SUGGESTIONS).map((row) => {
    const detail = 'catalog' in row ? row.catalog : row.detail;
    const shared = rows.filter((other) => other.name.toLowerCase() === row.name.toLowerCase()).length > 1;
    return shared && detail !== '' ? `${row.name} (${detail})` : row.name;
  });
  return { names, more: rows.length > names.length };
}

/** Each way to read a text is looked up. Two names hold fewer; a text that holds more was made to keep us busy. */
export const MOST_READINGS = 24;

/** Every way to read "<one> <word> <other>", the first split first; none where there are more than any names have. */
export function splits(typed: string, word: 'for' | 'to' | 'from'): readonly (readonly [string, string])[] {
  const found = [...typed.matchAll(new RegExp(`\\s+${word}\\s+`, 'gi'))];
  return (found.length > MOST_READINGS ? [] : found)
    .map((match) => [typed.slice(0, match.index), typed.slice(match.index + match[0].length)] as const)
    .filter(([before, after]) => before !== '' && after !== '');
}

/**
 * The first reading of a text in which every name is known. Where there is none, the first refusal that names something near,
 * else that of the first reading.
 */
export async function firstThatFits<T>(readings: readonly (() => Promise<T>)[]): Promise<T> {
  const refusals: DomainError[] = [];
  for (const reading of readings) {
    try {
      return await reading();
    } catch (error) {
      if (!isNameless(error)) throw error;
      refusals.push(error);
    }
  }
  throw (
    refusals.find((one) => one.code === 'did-you-mean') ??
    refusals[0] ??
    new DomainError('not-found', { what: 'package' })
  );
}

function isNameless(error: unknown): error is DomainError {
  return error instanceof DomainError && (error.code === 'not-found' || error.code === 'did-you-mean');
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
