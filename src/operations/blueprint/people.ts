// People, groups, partner organizations, chat accounts and installations: how they are found, and what changes.
import type { DomainEvent } from '../../domain/events';
import type { GroupId, OrganizationId, Person, PersonId } from '../../domain/model';
import type { GroupConfig, OrganizationConfig, PersonConfig } from '../ports';
import {
  at,
  differences,
  eventOf,
  everywhere,
  fold,
  kept,
  listChange,
  match,
  openRegister,
  refuse,
  settle,
  type Draft,
  type Entry,
  type Register,
} from './draft';
import { count } from './words';
import type { GroupText, PartnerText, PersonText } from './schema';

/** Who can be named, and what the files say about them. */
export interface People {
  readonly people: Register;
  readonly groups: Register;
  readonly partners: Register;
  readonly written: {
    readonly people: readonly Entry<PersonText, PersonConfig>[];
    readonly groups: readonly Entry<GroupText, GroupConfig>[];
    readonly partners: readonly Entry<PartnerText, OrganizationConfig>[];
  };
}

/** Gives every person, group and partner its id and its names, so that anything may refer to anything. */
export function findPeople(draft: Draft): People {
  const { known, blueprint, names } = draft;
  const byKey = new Map(known.people.map((one) => [one.directoryKey, one]));
  const people = match(draft, 'person', everywhere(blueprint, 'people'), {
    label: ({ key }) => key,
    stored: ({ key }) => byKey.get(key),
  });
  const groupsByKey = new Map(known.groups.map((one) => [one.directoryKey, one]));
  const groupsByName = new Map(known.groups.filter(isActive).map((one) => [fold(one.name), one]));
  const groups = match(draft, 'group', everywhere(blueprint, 'groups'), {
    label: ({ key, name }) => key ?? name,
    stored: ({ key, name }) =>
      key === undefined ? (groupsByName.get(fold(name)) ?? groupsByKey.get(name)) : groupsByKey.get(key),
  });
  const partnersByName = new Map(known.organizations.map((one) => [fold(one.name), one]));
  const partners = match(draft, 'partner organization', everywhere(blueprint, 'organizations'), {
    label: ({ name }) => name,
    stored: ({ name, formerly }) =>
      partnersByName.get(fold(name)) ?? (formerly === undefined ? null : partnersByName.get(fold(formerly))),
  });

  const byFolded = new Map(known.people.map((one) => [fold(one.directoryKey), one.directoryKey]));
  for (const { text, place, before } of people) {
    const key = byFolded.get(fold(text.key));
    if (before === null && key !== undefined)
      refuse(draft, at(place, 'key'), `There is a person with the key "${key}". Write it so, or choose another key.`);
  }

  const found: People = {
    people: openRegister(draft, 'person'),
    groups: openRegister(draft, 'group'),
    partners: openRegister(draft, 'partner organization'),
    written: { people, groups, partners },
  };
  const writtenIds = new Set([...people, ...groups, ...partners].map(({ id }) => id));
  for (const { id, directoryKey, name, email, state } of known.people) {
    names.set(id, name);
    if (!writtenIds.has(id) && state !== 'deleted') found.people.add(id, directoryKey, email, name);
  }
  for (const { id, text, before } of people) {
    names.set(id, text.name);
    found.people.add(id, text.key, kept(text.email, before?.email, null), text.name);
  }
  for (const group of known.groups) {
    names.set(group.id, group.name);
    if (!writtenIds.has(group.id) && isActive(group)) found.groups.add(group.id, group.directoryKey, group.name);
  }
  for (const { id, text } of groups) {
    names.set(id, text.name);
    if (text.state !== 'deleted') found.groups.add(id, text.key ?? text.name, text.name);
  }
  for (const { id, name } of known.organizations) {
    names.set(id, name);
    if (!writtenIds.has(id)) found.partners.add(id, name);
  }
  for (const { id, text } of partners) {
    names.set(id, text.name);
    if (text.state !== 'deleted') found.partners.add(id, text.name);
  }
  return found;
}

/** People as the files have them. `zone` is the organization's, for those whose own is not written. */
export function settlePeople(draft: Draft, found: People, zone: string): void {
  for (const entry of found.written.people) settlePerson(draft, found, entry, zone);
  noteSharedAddresses(draft, found);
}

function settlePerson(
  draft: Draft,
  found: People,
  { text, place, before, id }: Entry<PersonText, PersonConfig>,
  zone: string,
): void {
  const manager = text.manager ? found.people.find(at(place, 'manager'), text.manager) : text.manager;
  if (manager === id)
    refuse(draft, at(place, 'manager'), `"${text.key}" is their own manager. Name somebody else, or remove the line.`);
  const organization = text.organization
    ? found.partners.find(at(place, 'organization'), text.organization)
    : text.organization;
  const after: PersonConfig = {
    id: id as PersonId,
    directoryKey: text.key,
    name: text.name,
    email: kept(text.email, before?.email, null),
    // Whoever loses their organization here is no member of ours by that.
    kind: text.kind ?? (text.organization ? 'guest' : (before?.kind ?? 'member')),
    state: stateOf(text.enabled, before),
    manager: kept(manager as PersonId | null | undefined, before?.manager, null),
    organization: kept(organization as OrganizationId | null | undefined, before?.organization, null),
    timeZone: kept(text.timeZone, before?.timeZone, zone),
    locale: kept(text.locale, before?.locale, 'en'),
    department: kept(text.department, before?.department, null),
    jobTitle: kept(text.jobTitle, before?.jobTitle, null),
    country: kept(text.country, before?.country, null),
    properties: text.properties ?? before?.properties ?? {},
    version: (before?.version ?? 0) + 1,
  };
  if (after.kind === 'member' && after.organization !== null)
    refuse(
      draft,
      at(place, 'kind'),
      `"${text.key}" belongs to a partner. Write "organization:" without a value as well.`,
    );
  const label = `${text.name} (${text.key})`;
  if (text.enabled === undefined && before && before.state !== 'enabled')
    draft.lines.push({
      id,
      action: 'note',
      noun: 'person',
      label,
      details: [`stays ${before.state}; "enabled: true" would change that`],
    });

  const subject = { kind: 'person', id } as const;
  const refs = { person: after.id };
  if (!before) {
    const events = [eventOf('person.created', subject, refs, [])];
    settle(draft, 'person', {
      before,
      after,
      word: 'person',
      label,
      action: 'create',
      details: after.state === 'enabled' ? [] : ['disabled'],
      events,
    });
    return;
  }
  const changed = differences(draft, before, after);
  if (changed.length === 0) {
    draft.unchanged += 1;
    return;
  }
  const events: DomainEvent[] = [];
  const state = changed.filter(({ field }) => field === 'state');
  const others = changed.filter(({ field }) => field !== 'state');
  if (state.length > 0)
    events.push(eventOf(after.state === 'enabled' ? 'person.enabled' : 'person.disabled', subject, refs, state));
  if (others.length > 0) events.push(eventOf('person.changed', subject, refs, others));
  settle(draft, 'person', {
    before,
    after,
    word: 'person',
    label,
    action: 'change',
    details: changed.map(({ detail }) => detail),
    events,
  });
}

/** Enabling is never a side effect of naming somebody: a person whom the directory disabled stays so until it is written. */
function stateOf(enabled: boolean | undefined, before: PersonConfig | null): Person['state'] {
  if (enabled === undefined) return before?.state ?? 'enabled';
  if (enabled) return 'enabled';
  return before?.state === 'deleted' ? 'deleted' : 'disabled';
}

function noteSharedAddresses(draft: Draft, found: People): void {
  const owners = new Map<string, string>();
  for (const { text, id } of found.written.people) {
    if (!text.email) continue;
    const first = owners.get(fold(text.email));
    if (first === undefined) owners.set(fold(text.email), text.key);
    else
      draft.lines.push({
        id,
        action: 'note',
        noun: 'person',
        label: `${text.name} (${text.key})`,
        details: [`has the mail address of ${first}: chat accounts are linked to neither by mail`],
      });
  }
}

export function settleGroups(draft: Draft, found: People): void {
  const children = new Map(draft.known.groups.map((one) => [one.id as string, one.groups as readonly string[]]));
  for (const { text, place, before, id } of found.written.groups) {
    const gone = text.state === 'deleted';
    if (gone && before === null) {
      draft.unchanged += 1;
      continue;
    }
    const people = text.people?.map((name, n) => found.people.find(at(place, 'people', n), name));
    const groups = text.groups?.map((name, n) => found.groups.find(at(place, 'groups', n), name));
    const after: GroupConfig = {
      id: id as GroupId,
      directoryKey: text.key ?? before?.directoryKey ?? text.name,
      name: text.name,
      state: gone ? 'deleted' : 'active',
      people: gone ? [] : unique(people ?? before?.people ?? []),
      groups: gone ? [] : unique(groups ?? before?.groups ?? []),
      version: (before?.version ?? 0) + 1,
    };
    children.set(id, after.groups);
    settleGroup(draft, before, after);
  }
  for (const { text, place, id } of found.written.groups) {
    const around = cycle(id, children);
    if (around)
      refuse(
        draft,
        at(place, 'groups'),
        `The group "${text.name}" contains itself${around.map((one) => ` through "${draft.names.get(one) ?? one}"`).join('')}. Break the circle.`,
      );
  }
}

function settleGroup(draft: Draft, before: GroupConfig | null, after: GroupConfig): void {
  const changed = before ? differences(draft, before, after, ['people', 'groups']) : [];
  const [joined, left] = [minus(after.people, before?.people ?? []), minus(before?.people ?? [], after.people)];
  const [nested, freed] = [minus(after.groups, before?.groups ?? []), minus(before?.groups ?? [], after.groups)];
  if (before && [changed, joined, left, nested, freed].every(({ length }) => length === 0)) {
    draft.unchanged += 1;
    return;
  }
  const subject = { kind: 'group', id: after.id } as const;
  const events = [
    ...(before ? [] : [eventOf('group.created', subject, {}, [])]),
    ...(changed.length > 0 ? [eventOf('group.changed', subject, {}, changed)] : []),
    ...joined.map((person): DomainEvent => ({
      type: 'group.changed',
      subject,
      refs: { person },
      data: { member: 'added' },
    })),
    ...left.map((person): DomainEvent => ({
      type: 'group.changed',
      subject,
      refs: { person },
      data: { member: 'removed' },
    })),
    ...nested.map((group): DomainEvent => ({
      type: 'group.changed',
      subject,
      refs: {},
      data: { member: 'added', group },
    })),
    ...freed.map((group): DomainEvent => ({
      type: 'group.changed',
      subject,
      refs: {},
      data: { member: 'removed', group },
    })),
  ];
  const details = [
    ...changed.map(({ detail }) => detail),
    ...(before && joined.length + left.length > 0 ? [`people: ${listChange(draft, before.people, after.people)}`] : []),
    ...(before && nested.length + freed.length > 0
      ? [`groups: ${listChange(draft, before.groups, after.groups)}`]
      : []),
    ...(before
      ? []
      : [
          `${after.people.length} ${after.people.length === 1 ? 'person' : 'people'}, ${count(after.groups.length, 'group')}`,
        ]),
  ];
  const action = !before ? 'create' : after.state === 'deleted' ? 'delete' : 'change';
  settle(draft, 'group', { before, after, word: 'group', label: after.name, action, details, events });
}

/** The way from a group back to itself, if there is one. */
function cycle(start: string, children: ReadonlyMap<string, readonly string[]>): string[] | null {
  const seen = new Set<string>();
  const walk = (id: string, way: string[]): string[] | null => {
    for (const child of children.get(id) ?? []) {
      if (child === start) return way;
      if (seen.has(child)) continue;
      seen.add(child);
      const found = walk(child, [...way, child]);
      if (found) return found;
    }
    return null;
  };
  return walk(start, []);
}

const isActive = (group: GroupConfig): boolean => group.state === 'active';

function unique<I extends string>(ids: readonly (string | null)[]): I[] {
  return [...new Set(ids.filter((id) => id !== null))] as I[];
}

function minus<I>(all: readonly I[], without: readonly I[]): I[] {
  const set = new Set(without);
  return all.filter((one) => !set.has(one));
}
