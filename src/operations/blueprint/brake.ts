// The brake (rule 3.15): what files would take from many, or give to many, stops and asks. A single leaver is never held back.
import { isDoubled, isMany } from '../../domain/brake';
import type { GroupId, PackageId, PersonId } from '../../domain/model';
import type { Affected, GroupConfig, PersonConfig } from '../ports';
import { at, refuse, type Draft } from './draft';
import type { Removing } from './incompatibilities';
import { count } from './words';

/** What a mistake should not be able to do: at least one of these is not empty. */
export interface Brake {
  /** People who are disabled or deleted, where that is more than a directory may lose without a question. `lately`: how many of them were within the last day. */
  readonly disabled: { readonly people: number; readonly of: number; readonly lately: number } | null;
  /** Groups that had members and would have none. */
  readonly emptied: readonly { readonly id: GroupId; readonly name: string; readonly people: number }[];
  /** Packages that many of their holders would lose, by leaving or by a removal. */
  readonly taken: readonly {
    readonly id: PackageId;
    readonly name: string;
    readonly from: number;
    readonly of: number;
    readonly lately: number;
  }[];
  /** Packages that lose roles, and with them many of their holders. */
  readonly reduced: readonly {
    readonly id: PackageId;
    readonly name: string;
    readonly roles: number;
    readonly from: number;
    readonly of: number;
  }[];
  /** Roles that many would get: more people than have them now. */
  readonly given: readonly {
    readonly id: PackageId;
    readonly role: string;
    readonly to: number;
    readonly of: number;
  }[];
}

const PEOPLE_SHARE = 0.02;

/** Enabled people whom the files disable or delete. */
export function leavers(draft: Draft): PersonConfig[] {
  return draft.changes.flatMap((change) =>
    change.noun === 'person' && change.before?.state === 'enabled' && change.after.state !== 'enabled'
      ? [change.after]
      : [],
  );
}

/**
 * What the files would do to many; null: nothing of the kind. A mistake may come in several files, so whoever left by any within a day
 * counts for the next, until somebody confirmed it.
 */
export function brakeOf(
  draft: Draft,
  { losing, lately, contents, packages }: Affected,
  removals: readonly Removing[],
): Brake | null {
  const disabled = leavers(draft).map(({ id }) => id);
  const people = disabled.length + lately.people;
  const of = draft.known.people.filter((one) => one.state === 'enabled').length + lately.people;
  const removed = (id: PackageId): number =>
    new Set(removals.flatMap((one) => (one.package === id && !disabled.includes(one.person) ? [one.person] : []))).size;
  const taken = [...new Set([...losing.keys(), ...removals.map((one) => one.package)])]
    .map((id) => {
      const before = lately.losing.get(id) ?? { lose: 0, holders: 0 };
      return {
        id,
        name: draft.names.get(id) ?? id,
        from: (losing.get(id)?.lose ?? 0) + removed(id) + before.lose,
        of: (losing.get(id)?.holders ?? packages.get(id)?.holders ?? 0) + before.holders,
        lately: before.lose,
      };
    })
    .filter(({ from, of: holders }) => isMany(from, holders));
  const brake: Brake = {
    disabled:
      disabled.length > 0 && people > 1 && people > of * PEOPLE_SHARE ? { people, of, lately: lately.people } : null,
    emptied: emptied(draft),
    taken,
    reduced: [...contents]
      .filter(([, { lose, holders }]) => isMany(lose, holders))
      .map(([id, { lose, lost, holders }]) => ({
        id,
        name: draft.names.get(id) ?? id,
        roles: lost,
        from: lose,
        of: holders,
      })),
    given: given(draft, contents),
  };
  const lists = [brake.emptied, brake.taken, brake.reduced, brake.given];
  return brake.disabled || lists.some(({ length }) => length > 0) ? brake : null;
}

/** A problem for each reason to ask, where the files give it. */
export function refuseBrake(draft: Draft, { disabled, emptied, taken, reduced, given }: Brake): void {
  const left = leavers(draft);
  const [first] = left;
  const states = new Set(left.map(({ state }) => state));
  const [verb, doing] = !states.has('deleted')
    ? ['disable', 'Disabling']
    : states.has('disabled')
      ? ['disable or delete', 'Disabling and deleting']
      : ['delete', 'Deleting'];
  const leaver = at(
    (first && draft.places.get(first.id)) ?? { file: 0, path: [] },
    first?.state === 'deleted' ? 'state' : 'enabled',
  );
  const group = draft.changes.flatMap((change) =>
    change.noun === 'group' ? (draft.places.get(change.after.id) ?? []) : [],
  )[0];
  const go = 'then apply with --confirm.';
  const already = (lately: number): string => (lately === 0 ? '' : `, ${lately} of them within the last day already`);
  if (disabled)
    refuse(
      draft,
      leaver,
      `The files would ${verb} ${disabled.people} of ${disabled.of} people${already(disabled.lately)}, this being the ${disabled.lately === 0 ? 'first' : 'next'}. Check them, ${go}`,
    );
  for (const { id, name, people } of emptied) {
    const place = draft.places.get(id) ?? group ?? leaver;
    refuse(draft, place, `The group "${name}" would be empty; it has ${count(people, 'member')} now. Check it, ${go}`);
  }
  for (const { id, name, from, of, lately } of taken) {
    const removal = draft.removals.find((one) => one.package === id);
    refuse(
      draft,
      removal?.place ?? leaver,
      `${removal ? 'The files' : `${doing} people`} would take "${name}" from ${from} of the ${of} people who hold it${already(lately)}. Check them, ${go}`,
    );
  }
  for (const { id, name, roles, from, of } of reduced)
    refuse(
      draft,
      at(draft.places.get(id) ?? leaver, 'roles'),
      `${from === of ? 'All' : `${from} of the`} ${of} people who hold "${name}" would lose ${count(roles, 'role')}. Check that, ${go}`,
    );
  for (const { id, role, to, of } of given)
    refuse(
      draft,
      at(draft.places.get(id) ?? leaver, 'roles'),
      `${to} people would get "${role}", which ${count(of, 'person', 'people')} ${of === 1 ? 'has' : 'have'} now. Check that, ${go}`,
    );
}

/** Each role once, at the first package that gives it. As with what is taken, a few are never many. */
function given(draft: Draft, contents: Affected['contents']): Brake['given'] {
  const found = new Map<string, Brake['given'][number]>();
  for (const [id, content] of contents)
    for (const { role, scope, people, had } of content.given) {
      const key = `${role} ${scope}`;
      if (isDoubled(people, had) && !found.has(key))
        found.set(key, { id, role: draft.names.get(key) ?? key, to: people, of: had });
    }
  return [...found.values()];
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
export function membersOf(groups: readonly GroupConfig[]): (id: GroupId) => ReadonlySet<PersonId> {
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
