// Groups as the files have them: who is in them, themselves and through the groups inside them.
import type { DomainEvent } from '../../domain/events';
import type { GroupId } from '../../domain/model';
import type { GroupConfig } from '../ports';
import { at, differences, eventOf, listChange, refuse, settle, type Draft } from './draft';
import type { People } from './people';
import { count } from './words';

/** Groups and their members. Called once everybody has their id. */
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

function unique<I extends string>(ids: readonly (string | null)[]): I[] {
  return [...new Set(ids.filter((id) => id !== null))] as I[];
}

function minus<I>(all: readonly I[], without: readonly I[]): I[] {
  const set = new Set(without);
  return all.filter((one) => !set.has(one));
}
