// The working copy of a plan: what is known, what changes, what is wrong. Nouns settle here one after the other; the
// comparison of two values, their words and their audit events are the same for all of them.
import type { DomainEvent, EventType, SubjectKind } from '../../domain/events';
import type { Incompatibility, PackageId, PersonId } from '../../domain/model';
import type { Configuration, ConfigurationChange, ConfigurationNouns } from '../ports';
import { near } from './near';
import type { Blueprint, Place, Problem } from './read';
import { listed, unseenIn } from './values';

export type Action = 'create' | 'change' | 'delete' | 'note';

/** One readable difference. `details` say what of it, and whom it concerns. */
export interface PlanLine {
  /** What it is about; null where the noun has no id. */
  readonly id: string | null;
  readonly action: Action;
  readonly noun: string;
  readonly label: string;
  readonly details: readonly string[];
}

/** An object that the files name: as written, where, and what is stored under that name. */
export interface Entry<T, B> {
  readonly text: T;
  readonly place: Place;
  readonly before: B | null;
  readonly id: string;
}

export interface Draft {
  readonly known: Configuration;
  readonly blueprint: Blueprint;
  readonly newId: () => string;
  /** Display names by id, for differences. */
  readonly names: Map<string, string>;
  /** Where the files name an object, by its id. */
  readonly places: Map<string, Place>;
  readonly changes: ConfigurationChange[];
  readonly lines: PlanLine[];
  readonly problems: Problem[];
  /** By incompatibility, where the files name it: what they decide for those who hold both. */
  readonly holders: Map<string, Holders>;
  readonly removals: Removal[];
  /** The instant of the act. */
  readonly now: Date;
  unchanged: number;
}

/** What becomes of somebody who holds both sides of an incompatibility. */
export type Decided = 'exception' | 'removal';
export interface Holders {
  readonly row: Incompatibility;
  readonly place: Place;
  readonly decided: ReadonlyMap<string, Decided>;
}
export interface Removal {
  readonly incompatibility: string;
  readonly person: PersonId;
  readonly package: PackageId;
  readonly reason: string;
  readonly place: Place;
}

export function openDraft(known: Configuration, blueprint: Blueprint, newId: () => string, now: Date): Draft {
  return {
    known,
    blueprint,
    newId,
    names: new Map(),
    places: new Map(),
    changes: [],
    lines: [],
    problems: [],
    holders: new Map(),
    removals: [],
    now,
    unchanged: 0,
  };
}

export function refuse(draft: Draft, place: Place, message: string): void {
  draft.problems.push(draft.blueprint.problem(place, message));
}

/**
 * Two names that look the same would be two. Only a name that something gets is refused: a file must not fail as a whole for what was
 * called so before.
 */
export function refuseUnseen(draft: Draft, place: Place, name: string, before: string | undefined): void {
  const unseen = name === before ? null : unseenIn(name);
  if (unseen !== null) refuse(draft, place, `"name" has a character in it that nobody sees (${unseen}). Leave it out.`);
}

/** What a field becomes: as written; as it was where it is not written; `initial` where it is new, or written empty. */
export function kept<T>(written: T | null | undefined, before: T | undefined, initial: T): T {
  if (written !== undefined) return written ?? initial;
  return before === undefined ? initial : before;
}

/** `finance.yaml:12:9`. */
export function whereIs(draft: Draft, place: Place): string {
  const { file, line, column } = draft.blueprint.problem(place, '');
  return `${file}:${line}:${column}`;
}

/** A place further in. */
export const at = (place: Place, ...path: (string | number)[]): Place => ({ ...place, path: [...place.path, ...path] });

/** Every entry of a list of all files, with its place. */
export function everywhere<K extends keyof Blueprint['files'][number]['content']>(
  blueprint: Blueprint,
  list: K,
): {
  readonly text: NonNullable<Blueprint['files'][number]['content'][K]> extends readonly (infer T)[] ? T : never;
  readonly place: Place;
}[] {
  return blueprint.files.flatMap(({ content }, file) => {
    const items: readonly unknown[] = Array.isArray(content[list]) ? content[list] : [];
    return items.map((text, n) => ({ text: text as never, place: { file, path: [list, n] } }));
  });
}

/** Names of one kind of thing, in order of how sure they are: keys before mail addresses before names. */
export interface Register {
  add(id: string, ...tiers: readonly (string | null | undefined)[]): void;
  /** Somebody who is deleted: cannot be named, and the problem says so. */
  addGone(...names: readonly (string | null)[]): void;
  /** The id, or a problem at the place and null. */
  find(place: Place, written: string): string | null;
}

/** `noun` as in "There is no person ...". */
export function openRegister(draft: Draft, noun: string): Register {
  const tiers: Map<string, Set<string>>[] = [];
  const shown = new Map<string, string>();
  const gone = new Set<string>();
  return {
    addGone(...names) {
      for (const name of names) if (name !== null) gone.add(fold(name));
    },
    add(id, ...names) {
      for (const [n, name] of names.entries()) {
        const tier = (tiers[n] ??= new Map<string, Set<string>>());
        if (name === null || name === undefined || name === '') continue;
        const ids = tier.get(fold(name)) ?? new Set<string>();
        tier.set(fold(name), ids.add(id));
        if (!shown.has(fold(name))) shown.set(fold(name), name);
      }
    },
    find(place, written) {
      for (const [n, tier] of tiers.entries()) {
        const ids = [...(tier.get(fold(written)) ?? [])];
        // A line that was written for whoever left is not written for whoever has their name or address now.
        if (n > 0 && ids.length > 0 && gone.has(fold(written))) {
          refuse(draft, place, `"${written}" also names a ${noun} who is deleted. Write the key of the one you mean.`);
          return null;
        }
        if (ids.length === 1) return ids[0] ?? null;
        if (ids.length > 1) {
          refuse(
            draft,
            place,
            `"${written}" names ${ids.length} different entries. Write the one that is unique (key or full name).`,
          );
          return null;
        }
      }
      if (gone.has(fold(written))) {
        refuse(draft, place, `The ${noun} "${written}" is deleted. Remove the name, or name somebody else.`);
        return null;
      }
      const close = near(written, shown.values());
      const hint =
        close.length > 0
          ? `Did you mean ${listed(close.map((name) => `"${name}"`))}?`
          : `Add it to the file, or correct the name.`;
      refuse(draft, place, `There is no ${noun} "${written}". ${hint}`);
      return null;
    },
  };
}

export const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/** Finds the stored object of each entry; one that is written twice is refused at its second place. */
export function match<T, B extends { readonly id: string }>(
  draft: Draft,
  noun: string,
  written: readonly { readonly text: T; readonly place: Place }[],
  by: { readonly label: (text: T) => string; readonly stored: (text: T) => B | null | undefined },
): Entry<T, B>[] {
  const first = new Map<string, Place>();
  return written.flatMap(({ text, place }) => {
    const before = by.stored(text) ?? null;
    const key = before ? before.id : fold(by.label(text));
    const earlier = first.get(key);
    if (earlier) {
      const other = draft.blueprint.problem(earlier, '');
      refuse(
        draft,
        place,
        `The ${noun} "${by.label(text)}" is written twice, first at ${other.file}:${other.line}. Keep one of them.`,
      );
      return [];
    }
    first.set(key, place);
    const id = before?.id ?? draft.newId();
    draft.places.set(id, place);
    return [{ text, place, before, id }];
  });
}

/** A changed field and how it changed, in words. */
export interface Difference {
  readonly field: string;
  readonly detail: string;
}

/** What differs between two values of a noun, except version and the fields named. */
export function differences(draft: Draft, before: object, after: object, except: readonly string[] = []): Difference[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after).flatMap(([field, value]: [string, unknown]) => {
    const was = old.get(field);
    if (field === 'version' || except.includes(field) || canonical(was) === canonical(value)) return [];
    const detail =
      Array.isArray(value) && Array.isArray(was)
        ? `${field}: ${listChange(draft, was, value)}`
        : `${field}: ${words(draft, was)} → ${words(draft, value)}`;
    return [{ field, detail }];
  });
}

/** Adds a change with its line and audit event; without a difference it only counts the object as unchanged. */
export function settle<N extends keyof ConfigurationNouns>(
  draft: Draft,
  noun: N,
  change: {
    readonly before: ConfigurationNouns[N] | null;
    readonly after: ConfigurationNouns[N];
    readonly word: string;
    readonly label: string;
    readonly action: Action;
    readonly details: readonly string[];
    readonly events: readonly DomainEvent[];
  },
): void {
  const { before, after, events } = change;
  // TypeScript cannot see that `noun` and the values belong together inside the union.
  draft.changes.push({ noun, before, after, events } as unknown as ConfigurationChange);
  const id = 'id' in after ? after.id : null;
  draft.lines.push({ id, action: change.action, noun: change.word, label: change.label, details: change.details });
}

/** Stored values with this plan's changes over them. */
export function current<T extends { readonly id: string }>(
  draft: Draft,
  noun: ConfigurationChange['noun'],
  stored: readonly T[],
): T[] {
  const now = new Map(stored.map((one) => [one.id, one]));
  // A noun has one type of value; the union of changes hides it.
  for (const change of draft.changes)
    if (change.noun === noun && 'id' in change.after) now.set(change.after.id, change.after as unknown as T);
  return [...now.values()];
}

/** The event of a created or changed object. What the values are goes into the trail with the rows, when they are saved. */
export function eventOf(
  type: EventType,
  subject: { readonly kind: SubjectKind; readonly id: string },
  refs: DomainEvent['refs'],
  changed: readonly Difference[],
): DomainEvent {
  const fields = changed.map(({ field }) => field).join(', ');
  return { type, subject, refs, data: fields === '' ? {} : { changed: fields } };
}

/** The same text for the same content: fields in one order, sets of plain values sorted. */
export function canonical(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    const items = value.map(canonical);
    return `[${(value.every((one) => typeof one === 'string') ? items.sort() : items).join(',')}]`;
  }
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
}

/** A value for the plan: ids as names, yes and no, lists shortened. */
export function words(draft: Draft, value: unknown): string {
  if (value === null || value === undefined || value === '') return 'none';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (typeof value === 'string') return draft.names.get(value) ?? value;
  if (typeof value === 'number') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one) => words(draft, one)).join(', ') || 'none';
  return Object.values(value)
    .map((one) => words(draft, one))
    .join(' ');
}

/** `+ Ana, - Ben`, the first few. */
export function listChange(draft: Draft, before: readonly unknown[], after: readonly unknown[]): string {
  const had = new Set(before.map(canonical));
  const has = new Set(after.map(canonical));
  const all = [
    ...after.filter((one) => !had.has(canonical(one))).map((one) => `+ ${words(draft, one)}`),
    ...before.filter((one) => !has.has(canonical(one))).map((one) => `- ${words(draft, one)}`),
  ];
  if (all.length === 0) return 'another order';
  return all.length > SHOWN ? `${all.slice(0, SHOWN).join(', ')} and ${all.length - SHOWN} more` : all.join(', ');
}

const SHOWN = 6;
