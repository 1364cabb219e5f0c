// People, groups and partner organizations: how they are found; and what changes about people.
import type { DomainEvent, EventType } from '../../domain/events';
import type { OrganizationId, Person, PersonId, PersonState } from '../../domain/model';
import { restorableUntil } from '../../domain/person';
import type { GroupConfig, OrganizationConfig, PersonConfig } from '../ports';
import {
  at,
  current,
  differences,
  eventOf,
  everywhere,
  fold,
  kept,
  match,
  openRegister,
  refuse,
  settle,
  type Draft,
  type Entry,
  type Register,
} from './draft';
import type { GroupText, PartnerText, PersonText } from './schema';
import { minute } from './words';

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
  const byKey = new Map(known.people.flatMap((one) => (one.formerKey === null ? [[one.directoryKey, one]] : [])));
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
  const former = new Set(known.people.flatMap(({ formerKey }) => (formerKey === null ? [] : [fold(formerKey)])));
  for (const { text, place, before } of people) {
    if (before !== null) continue;
    const key = byFolded.get(fold(text.key));
    if (key !== undefined)
      refuse(draft, at(place, 'key'), `There is a person with the key "${key}". Write it so, or choose another key.`);
    // A line that was left in a file must not make somebody of whom nobody knows.
    else if (text.enabled !== true && text.state === undefined && former.has(fold(text.key)))
      refuse(
        draft,
        at(place, 'key'),
        `"${text.key}" was the key of somebody who was deleted. Write "enabled: true" if it is somebody else's now, or remove the line.`,
      );
  }

  const found: People = {
    people: openRegister(draft, 'person'),
    groups: openRegister(draft, 'group'),
    partners: openRegister(draft, 'partner organization'),
    written: { people, groups, partners },
  };
  const writtenIds = new Set([...people, ...groups, ...partners].map(({ id }) => id));
  const name = (state: PersonState, id: string, ...names: readonly (string | null)[]): void => {
    if (state === 'deleted') found.people.addGone(...names);
    else found.people.add(id, ...names);
  };
  for (const one of known.people) {
    names.set(one.id, one.name);
    if (!writtenIds.has(one.id)) name(one.state, one.id, one.directoryKey, one.email, one.name);
  }
  for (const { id, text, before } of people) {
    names.set(id, text.name);
    // Of somebody who is deleted nothing changes, whatever else the line says.
    if (before && stateOf(text, before) === 'deleted') found.people.addGone(before.email, before.name);
    name(stateOf(text, before), id, text.key, kept(text.email, before?.email, null), text.name);
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
  noteCircles(draft, found);
}

function settlePerson(draft: Draft, found: People, entry: Entry<PersonText, PersonConfig>, zone: string): void {
  const { text, place, before, id } = entry;
  const state = stateOf(text, before);
  if (state === 'deleted') {
    settleDeleted(draft, entry);
    return;
  }
  if (before?.deletedAt && restorableUntil(before.deletedAt) <= draft.now) {
    refuse(
      draft,
      at(place, 'enabled'),
      `"${text.key}" was deleted on ${minute(before.deletedAt)} and could be restored until ${minute(restorableUntil(before.deletedAt))}. The key is free for somebody else within the hour, or once the last of their access is taken away.`,
    );
    return;
  }
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
    state,
    manager: kept(manager as PersonId | null | undefined, before?.manager, null),
    organization: kept(organization as OrganizationId | null | undefined, before?.organization, null),
    timeZone: kept(text.timeZone, before?.timeZone, zone),
    locale: kept(text.locale, before?.locale, 'en'),
    department: kept(text.department, before?.department, null),
    jobTitle: kept(text.jobTitle, before?.jobTitle, null),
    country: kept(text.country, before?.country, null),
    properties: text.properties ?? before?.properties ?? {},
    deletedAt: before?.deletedAt ?? null,
    formerKey: null,
    version: (before?.version ?? 0) + 1,
  };
  if (after.kind === 'member' && after.organization !== null)
    refuse(
      draft,
      at(place, 'kind'),
      `"${text.key}" belongs to a partner. Write "organization:" without a value as well.`,
    );
  if (text.enabled === undefined && before?.state === 'disabled')
    note(draft, entry, 'stays disabled; "enabled: true" would change that');

  const change = { before, after, word: 'person', label: labelOf(text) };
  if (!before) {
    const details = state === 'enabled' ? [] : ['disabled'];
    settle(draft, 'person', { ...change, action: 'create', details, events: [eventAbout('person.created', after)] });
    return;
  }
  const changed = differences(draft, before, after);
  if (changed.length === 0) {
    draft.unchanged += 1;
    return;
  }
  const back = before.state === 'deleted' ? 'person.restored' : 'person.enabled';
  const moved = changed.filter(({ field }) => field === 'state');
  const others = changed.filter(({ field }) => field !== 'state');
  const events: DomainEvent[] = [
    ...(moved.length > 0 ? [eventAbout(state === 'enabled' ? back : 'person.disabled', after, moved)] : []),
    ...(others.length > 0 ? [eventAbout('person.changed', after, others)] : []),
  ];
  const restored = before.deletedAt
    ? [
        `restored, deleted since ${minute(before.deletedAt)}; what they had stays ended, and they may ask for it again`,
        'lists that were applied meanwhile do not hold them: name them there again',
      ]
    : [];
  const details = [...changed.map(({ detail }) => detail), ...restored];
  settle(draft, 'person', { ...change, action: 'change', details, events });
}

/** Of somebody who is deleted nothing else changes, so that they can be restored as they were. */
function settleDeleted(draft: Draft, entry: Entry<PersonText, PersonConfig>): void {
  const { text, before } = entry;
  if (before && before.state !== 'deleted') {
    const after: PersonConfig = { ...before, state: 'deleted', version: before.version + 1 };
    settle(draft, 'person', {
      before,
      after,
      word: 'person',
      label: labelOf(text),
      action: 'delete',
      details: [
        `"enabled: true" restores the person until ${minute(restorableUntil(draft.now))}, without their access`,
      ],
      events: [eventAbout('person.deleted', after, differences(draft, before, after))],
    });
    return;
  }
  draft.unchanged += 1;
  if (!before?.deletedAt || text.state !== undefined) return;
  const until = restorableUntil(before.deletedAt);
  const way = until > draft.now ? `; "enabled: true" would restore the person until ${minute(until)}` : '';
  note(draft, entry, `stays deleted, since ${minute(before.deletedAt)}${way}`);
}

/** Enabling is never a side effect of naming somebody: a person whom the directory disabled or deleted stays so until it is written. */
export function stateOf({ enabled, state }: PersonText, before: PersonConfig | null): PersonState {
  if (state !== undefined) return state;
  if (enabled === undefined) return before?.state ?? 'enabled';
  if (enabled) return 'enabled';
  return before?.state === 'deleted' ? 'deleted' : 'disabled';
}

const labelOf = ({ name, key }: PersonText): string => `${name} (${key})`;

function eventAbout(type: EventType, { id }: Person, changed: ReturnType<typeof differences> = []): DomainEvent {
  return eventOf(type, { kind: 'person', id }, { person: id }, changed);
}

function note(draft: Draft, { id, text }: Entry<PersonText, PersonConfig>, detail: string): void {
  draft.lines.push({ id, action: 'note', noun: 'person', label: labelOf(text), details: [detail] });
}

/** An address that two people have links no account by mail, also where one of them left: they may come back. */
function noteSharedAddresses(draft: Draft, found: People): void {
  const holders = new Map<string, string>();
  const written = new Set(found.written.people.map(({ id }) => id));
  const hold = (email: string, key: string, state: PersonState): void => {
    holders.set(fold(email), state === 'enabled' ? key : `${key}, who is ${state}`);
  };
  for (const { id, email, state, directoryKey } of draft.known.people)
    if (email !== null && !written.has(id)) hold(email, directoryKey, state);
  for (const entry of found.written.people) {
    const { text, before } = entry;
    const email = kept(text.email, before?.email, null);
    if (!email) continue;
    const holder = holders.get(fold(email));
    if (holder === undefined) hold(email, text.key, stateOf(text, before));
    else if (text.email)
      note(draft, entry, `has the mail address of ${holder}: chat accounts are linked to neither by mail`);
  }
}

/** Managers in a circle decide for each other. Two at the head of an organization may mean it, so it is no problem. */
function noteCircles(draft: Draft, found: People): void {
  const managers = new Map<string, string | null>();
  for (const { id, state, manager } of current(draft, 'person', draft.known.people))
    if (state !== 'deleted') managers.set(id, manager);
  const looked = new Set<string>();
  for (const { id } of found.written.people) {
    const way: string[] = [];
    let next: string | null | undefined = id;
    for (; next && managers.has(next) && !looked.has(next); next = managers.get(next)) {
      looked.add(next);
      way.push(next);
    }
    const start = next ? way.indexOf(next) : -1;
    const circle = start < 0 ? [] : way.slice(start);
    const entry = found.written.people.find((one) => circle.includes(one.id));
    // Who is their own manager without others was refused.
    if (!entry || circle.length < 2) continue;
    const n = circle.indexOf(entry.id);
    const others = [...circle.slice(n + 1), ...circle.slice(0, n)].map((one) => `"${draft.names.get(one) ?? one}"`);
    const names = `${others.slice(0, NAMED).join(', ')}${others.length > NAMED ? ` and ${others.length - NAMED} more` : ''}`;
    note(draft, entry, `is their own manager through ${names}: where managers decide, they decide for each other`);
  }
}

const NAMED = 5;

const isActive = (group: GroupConfig): boolean => group.state === 'active';
