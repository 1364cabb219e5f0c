// The brake (rule 3.15): what files would take from many stops and asks. A single leaver is never held back.
import type { GroupId, PackageId, PersonId } from '../../domain/model';
import type { Affected, GroupConfig } from '../ports';
import { at, refuse, type Draft } from './draft';
import { count } from './words';

/** What a mistake should not be able to do: at least one of these is not empty. */
export interface Brake {
  /** Where that is more than a directory may lose without a question. */
  readonly disabled: { readonly people: number; readonly of: number } | null;
  /** Groups that had members and would have none. */
  readonly emptied: readonly { readonly id: GroupId; readonly name: string; readonly people: number }[];
  /** Packages that many of their holders would lose by being disabled. */
  readonly taken: readonly {
    readonly id: PackageId;
    readonly name: string;
    readonly from: number;
    readonly of: number;
  }[];
  /** Packages that lose roles, and with them all their holders, who are many. */
  readonly reduced: readonly {
    readonly id: PackageId;
    readonly name: string;
    readonly roles: number;
    readonly of: number;
  }[];
}

const PEOPLE_SHARE = 0.02;
const HOLDERS_SHARE = 0.05;
const HOLDERS = 20;
/** All holders of a package are many from so many on. */
const ALL_HOLDERS = 5;

/** Enabled people whom the files disable. */
export function disabledBy(draft: Draft): PersonId[] {
  return draft.changes.flatMap((change) =>
    change.noun === 'person' && change.before?.state === 'enabled' && change.after.state !== 'enabled'
      ? [change.after.id]
      : [],
  );
}

/** What the files would do to many; null: nothing of the kind. */
export function brakeOf(draft: Draft, { losing, packages }: Affected): Brake | null {
  const people = disabledBy(draft).length;
  const of = draft.known.people.filter((one) => one.state === 'enabled').length;
  const taken = [...losing]
    .filter(
      ([, { lose, holders }]) =>
        (lose > HOLDERS && lose > holders * HOLDERS_SHARE) || (lose === holders && lose >= ALL_HOLDERS),
    )
    .map(([id, { lose, holders }]) => ({ id, name: draft.names.get(id) ?? id, from: lose, of: holders }));
  const brake: Brake = {
    disabled: people > 1 && people > of * PEOPLE_SHARE ? { people, of } : null,
    emptied: emptied(draft),
    taken,
    reduced: reduced(draft, packages),
  };
  const lists = [brake.emptied, brake.taken, brake.reduced];
  return brake.disabled || lists.some(({ length }) => length > 0) ? brake : null;
}

/** A problem for each reason to ask, where the files give it. */
export function refuseBrake(draft: Draft, { disabled, emptied, taken, reduced }: Brake): void {
  const [first] = disabledBy(draft);
  const leaver = at((first !== undefined ? draft.places.get(first) : undefined) ?? { file: 0, path: [] }, 'enabled');
  const group = draft.changes.flatMap((change) =>
    change.noun === 'group' ? (draft.places.get(change.after.id) ?? []) : [],
  )[0];
  const go = 'then apply with --confirm.';
  if (disabled)
    refuse(
      draft,
      leaver,
      `The files would disable ${disabled.people} of ${disabled.of} people, this being the first. Check them, ${go}`,
    );
  for (const { id, name, people } of emptied) {
    const place = draft.places.get(id) ?? group ?? leaver;
    refuse(draft, place, `The group "${name}" would be empty; it has ${count(people, 'member')} now. Check it, ${go}`);
  }
  for (const { name, from, of } of taken)
    refuse(
      draft,
      leaver,
      `Disabling people would take "${name}" from ${from} of the ${of} people who hold it. Check them, ${go}`,
    );
  for (const { id, name, roles, of } of reduced)
    refuse(
      draft,
      at(draft.places.get(id) ?? leaver, 'roles'),
      `All ${of} people who hold "${name}" would lose ${count(roles, 'role')}. Check that, ${go}`,
    );
}

/** What a package loses its holders lose within a minute (rule 3.11). */
function reduced(draft: Draft, packages: Affected['packages']): Brake['reduced'] {
  return draft.changes.flatMap((change) => {
    if (change.noun !== 'package' || !change.before) return [];
    const { id, name, content } = change.after;
    const now = new Set(content.roles.map(({ role, scope }) => `${role} ${scope}`));
    const roles = change.before.content.roles.filter(({ role, scope }) => !now.has(`${role} ${scope}`)).length;
    const of = packages.get(id)?.holders ?? 0;
    return roles > 0 && of >= ALL_HOLDERS ? [{ id, name, roles, of }] : [];
  });
}

function emptied(draft: Draft): Brake['emptied'] {
  const changed = draft.changes.flatMap((change) => (change.noun === 'group' ? [change.after] : []));
  if (changed.length === 0) return [];
  const before = membersOf(draft.known.groups);
  const after = membersOf([...draft.known.groups, ...changed]);
  return [...new Map([...draft.known.groups, ...changed].map((one) => [one.id, one])).values()]
    .filter((one) => one.state === 'active')
    .map(({ id, name }) => ({ id, name, people: before(id).size, left: after(id).size }))
    .filter(({ people, left }) => people > 0 && left === 0)
    .map(({ id, name, people }) => ({ id, name, people }));
}

/** Members of a group, those of the groups inside it too. A later row of an id replaces an earlier one. */
function membersOf(groups: readonly GroupConfig[]): (id: GroupId) => ReadonlySet<PersonId> {
  const byId = new Map(groups.map((one) => [one.id, one]));
  return (start) => {
    const found = new Set<PersonId>();
    const seen = new Set<GroupId>([start]);
    // A set that grows while it is walked: groups inside groups come later.
    for (const id of seen) {
      const group = byId.get(id);
      if (group?.state !== 'active') continue;
      for (const person of group.people) found.add(person);
      for (const inside of group.groups) seen.add(inside);
    }
    return found;
  };
}
