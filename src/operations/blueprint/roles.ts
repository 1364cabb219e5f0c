// Roles of Usher itself, and the people or groups that own things: lists that are complete where they are written.
import type { DomainEvent } from '../../domain/events';
import type { CatalogId, GroupId, PersonId, RoleName } from '../../domain/model';
import type { Configuration, ConfigurationNouns, RoleConfig } from '../ports';
import { at, current, refuse, settle, words, type Draft } from './draft';
import type { People } from './people';
import type { Place } from './read';
import { listed, type SubjectText } from './values';

/** A person or a group, found. */
export type Holder = { readonly person: PersonId } | { readonly group: GroupId };

/** The holders of a written list; null stands for one that was not found (its problem is noted). */
export function findHolders(draft: Draft, found: People, place: Place, list: readonly SubjectText[]): Holder[] {
  const seen = new Set<string>();
  return list.flatMap((one, n): Holder[] => {
    const holder = findHolder(found, at(place, n), one);
    if (!holder) return [];
    const id = 'person' in holder ? holder.person : holder.group;
    if (seen.has(id)) {
      refuse(draft, at(place, n), `"${words(draft, id)}" is in this list twice. Keep one of them.`);
      return [];
    }
    seen.add(id);
    return [holder];
  });
}

function findHolder(found: People, place: Place, one: SubjectText): Holder | null {
  if (one.kind === 'person') {
    const person = found.people.find(place, one.name);
    return person === null ? null : { person: person as PersonId };
  }
  if (one.kind === 'group') {
    const group = found.groups.find(place, one.name);
    return group === null ? null : { group: group as GroupId };
  }
  throw new Error(`a ${one.kind} holds no role`); // the schema lets only people and groups through
}

/** Makes the holders of a role what the list says. `catalog` null: a role in the whole organization. */
export function settleRole(
  draft: Draft,
  role: RoleName,
  catalog: { readonly id: CatalogId; readonly name: string } | null,
  holders: readonly Holder[],
): void {
  const held = draft.known.roles.filter(
    (one) => one.role === role && one.catalog === (catalog?.id ?? null) && one.state === 'active',
  );
  const wanted = new Set(holders.map((one) => ('person' in one ? one.person : one.group) as string));
  const has = new Set(held.map((one) => (one.person ?? one.group) as string));
  const label = `${labels[role]}${catalog ? ` of ${catalog.name}` : ''}`;
  const changes = draft.changes.length;
  const change = (before: RoleConfig | null, after: RoleConfig): void => {
    const ended = after.state === 'ended';
    const event: DomainEvent = {
      type: ended ? 'role.ended' : 'role.assigned',
      subject: { kind: 'role', id: after.id },
      refs: { ...(after.person ? { person: after.person } : {}), ...(after.catalog ? { catalog: after.catalog } : {}) },
      data: { role, ...(after.group ? { group: after.group } : {}) },
    };
    settle(draft, 'role', {
      before,
      after,
      word: 'role',
      label,
      action: ended ? 'delete' : 'create',
      details: [words(draft, after.person ?? after.group)],
      events: [event],
    });
  };
  for (const one of held)
    if (one.origin === 'file' && !wanted.has((one.person ?? one.group) as string))
      change(one, { ...one, state: 'ended', version: one.version + 1 });
  for (const holder of holders) {
    if (has.has('person' in holder ? holder.person : holder.group)) continue;
    const person = 'person' in holder ? holder.person : null;
    const group = 'group' in holder ? holder.group : null;
    change(null, {
      id: draft.newId(),
      role,
      person,
      group,
      catalog: catalog?.id ?? null,
      origin: 'file',
      state: 'active',
      version: 1,
    });
  }
  if (draft.changes.length === changes) draft.unchanged += 1;
}

const organizationRoles = {
  administrators: 'administrator',
  partnerAdministrators: 'partnerAdministrator',
  auditors: 'auditor',
  catalogCreators: 'catalogCreator',
} as const;

/** The roles at the top of the files. Written in two files they are one list. */
export function settleOrganizationRoles(draft: Draft, found: People): void {
  for (const [list, role] of Object.entries(organizationRoles) as [keyof typeof organizationRoles, RoleName][]) {
    const places = draft.blueprint.files.flatMap(({ content }, file) => {
      const written = content[list];
      return written === undefined ? [] : [{ place: { file, path: [list] }, written }];
    });
    const [first] = places;
    if (!first) continue;
    const holders = places.flatMap(({ place, written }) => findHolders(draft, found, place, written));
    const written = places.flatMap((one) => one.written);
    if (role === 'administrator' && written.length === 0)
      refuse(draft, first.place, 'Nobody would administer Usher. Name at least one person or group.');
    const byId = new Map(holders.map((one) => ['person' in one ? one.person : (one.group as string), one]));
    settleRole(draft, role, null, [...byId.values()]);
  }
}

/**
 * Files must not take the last administrator who works: one who is disabled, or a group that is empty, administers nothing.
 * Called when everything is settled.
 */
export function refuseNobodyLeft(draft: Draft): void {
  // Of files with problems nobody knows what they would leave.
  if (draft.problems.length > 0) return;
  const before = administrators(draft.known);
  const changed = <N extends 'person' | 'group' | 'role'>(noun: N) =>
    draft.changes.flatMap((change) => (change.noun === noun ? [change.after as ConfigurationNouns[N]] : []));
  const after = administrators({
    people: [...draft.known.people, ...changed('person')],
    groups: [...draft.known.groups, ...changed('group')],
    roles: [...draft.known.roles, ...changed('role')],
  });
  const file = draft.blueprint.files.findIndex(({ content }) => content.administrators !== undefined);
  const written = file >= 0 && (draft.blueprint.files[file]?.content.administrators ?? []).length > 0;
  if (after.size > 0 || (before.size === 0 && !written)) return;
  const [last] = [...before].flatMap((id) => draft.places.get(id) ?? []);
  refuse(
    draft,
    written ? { file, path: ['administrators'] } : (last ?? { file: 0, path: [] }),
    'Nobody who works here would administer Usher any more. Name an administrator who is enabled first.',
  );
}

/** Enabled people who administer Usher, by themselves or through a group. A later row of an id replaces an earlier one. */
function administrators({ people, groups, roles }: Pick<Configuration, 'people' | 'groups' | 'roles'>): Set<PersonId> {
  const enabled = new Map(people.map((one) => [one.id, one.state === 'enabled']));
  const group = new Map(groups.map((one) => [one.id, one]));
  const found = new Set<PersonId>();
  const seen = new Set<GroupId>();
  const look = (person: PersonId | null, inside: GroupId | null): void => {
    if (person !== null && enabled.get(person)) found.add(person);
    if (inside === null || seen.has(inside)) return;
    seen.add(inside);
    for (const member of group.get(inside)?.people ?? []) look(member, null);
    for (const nested of group.get(inside)?.groups ?? []) look(null, nested);
  };
  for (const one of new Map(roles.map((role) => [role.id, role])).values())
    if (one.role === 'administrator' && one.state === 'active') look(one.person, one.group);
  return found;
}

/**
 * Roles that count again once this person is restored, and what they own again, by themselves or through a group: a grant of power that
 * nobody writes must be seen in the plan.
 */
export function rolesAgain(draft: Draft, person: PersonId): string[] {
  const groups = groupsAround(draft, person);
  /** Null: not theirs. */
  const through = (one: { readonly person: PersonId | null; readonly group: GroupId | null }): string | null =>
    one.person === person ? '' : one.group && groups.has(one.group) ? ` through ${words(draft, one.group)}` : null;
  const catalogs = new Map(current(draft, 'catalog', draft.known.catalogs).map(({ id, name }) => [id, name]));
  const roles = current(draft, 'role', draft.known.roles).flatMap((one) => {
    const way = one.state === 'active' ? through(one) : null;
    if (way === null) return [];
    return [`${labels[one.role]}${one.catalog ? ` of ${catalogs.get(one.catalog) ?? one.catalog}` : ''}${way}`];
  });
  const owned = current(draft, 'resource', draft.known.resources).flatMap(({ name, state, owners }) => {
    if (state !== 'active') return [];
    const [way] = owners.flatMap((one) => through({ person: null, group: null, ...one }) ?? []);
    return way === undefined ? [] : [`${name}${way}`];
  });
  return [
    ...(roles.length > 0 ? [`is ${listed(roles, 'and')} again`] : []),
    ...(owned.length > 0 ? [`owns ${listed(owned, 'and')} again`] : []),
  ];
}

/** The groups that somebody is in, by themselves or through a group. */
function groupsAround(draft: Draft, person: PersonId): Set<GroupId> {
  const all = current(draft, 'group', draft.known.groups).filter(({ state }) => state === 'active');
  const found = new Set<GroupId>();
  const look = (inside: (group: (typeof all)[number]) => boolean): void => {
    for (const group of all)
      if (!found.has(group.id) && inside(group)) {
        found.add(group.id);
        look(({ groups }) => groups.includes(group.id));
      }
  };
  look(({ people }) => people.includes(person));
  return found;
}

const labels: Readonly<Record<RoleName, string>> = {
  administrator: 'administrator',
  partnerAdministrator: 'partner administrator',
  auditor: 'auditor',
  catalogCreator: 'catalog creator',
  catalogOwner: 'owner',
  catalogReader: 'reader',
  packageManager: 'package manager',
  assignmentManager: 'assignment manager',
};
