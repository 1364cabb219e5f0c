// Packages with their content and what they are incompatible with. Content is never changed, only followed by a new version.
import type { CatalogId, GroupId, Incompatibility, PackageId, PackageVersionId } from '../../domain/model';
import type { PackageConfig } from '../ports';
import type { Shelf } from './catalogs';
import {
  at,
  canonical,
  differences,
  eventOf,
  listChange,
  openRegister,
  refuse,
  settle,
  type Draft,
  type Entry,
  type Register,
} from './draft';
import type { People } from './people';
import { settlePolicies } from './policies';
import type { Place } from './read';
import type { PackageText } from './schema';

/** Names of all packages, in the files and stored: the full name first, then the name alone. */
export function packageNames(draft: Draft, shelves: readonly Shelf[]): Register {
  const register = openRegister(draft, 'package');
  const written = new Set(shelves.flatMap(({ packages }) => packages.map(({ id }) => id)));
  const catalogs = new Map(draft.known.catalogs.map((one) => [one.id, one.name]));
  for (const { id, name, catalog } of draft.known.packages) {
    draft.names.set(id, name);
    if (!written.has(id)) register.add(id, `${catalogs.get(catalog) ?? ''} / ${name}`, name);
  }
  for (const { entry, packages } of shelves) {
    for (const { id, text } of packages) {
      draft.names.set(id, text.name);
      if (text.state !== 'deleted') register.add(id, `${entry.text.name} / ${text.name}`, text.name);
    }
  }
  return register;
}

export function settlePackages(draft: Draft, found: People, shelf: Shelf): void {
  for (const entry of shelf.packages) {
    const label = `${shelf.entry.text.name} / ${entry.text.name}`;
    const { text, place, before, id } = entry;
    if (text.state === 'deleted' && !before) {
      draft.unchanged += 1;
      continue;
    }
    settlePackage(draft, shelf, entry, label);
    if (text.state === 'deleted') continue;
    settlePolicies(draft, found, {
      label,
      place,
      id: id as PackageId,
      catalog: shelf.entry.id as CatalogId,
      policies: text.policies ?? [],
    });
  }
}

function settlePackage(
  draft: Draft,
  shelf: Shelf,
  { text, place, before, id }: Entry<PackageText, PackageConfig>,
  label: string,
): void {
  const gone = text.state === 'deleted';
  const roles =
    text.roles === undefined ? before?.content.roles : findRoles(draft, shelf, at(place, 'roles'), text.roles);
  const same = before !== null && canonical(keys(before.content.roles)) === canonical(keys(roles ?? []));
  const content = same
    ? before.content
    : {
        id: draft.newId() as PackageVersionId,
        package: id as PackageId,
        number: (before?.content.number ?? 0) + 1,
        roles: roles ?? [],
      };
  const after: PackageConfig = {
    id: id as PackageId,
    catalog: shelf.entry.id as CatalogId,
    name: text.name,
    description: text.description,
    hidden: text.hidden,
    sensitive: text.sensitive,
    state: gone ? 'deleted' : 'active',
    baseline: text.baseline,
    current: content.id,
    content,
    version: (before?.version ?? 0) + 1,
  };
  const subject = { kind: 'package', id } as const;
  const refs = { package: after.id, catalog: after.catalog };
  const changed = before ? differences(draft, before, after, ['current', 'content']) : [];
  if (same && changed.length === 0) {
    draft.unchanged += 1;
    return;
  }
  const versioned = {
    type: 'package.versioned' as const,
    subject,
    refs,
    data: { number: content.number, roles: content.roles.length },
  };
  settle(draft, 'package', {
    before,
    after,
    word: 'package',
    label,
    action: !before ? 'create' : gone ? 'delete' : 'change',
    details: [
      ...changed.map(({ detail }) => detail),
      ...(before && !same
        ? [`roles: ${listChange(draft, keys(before.content.roles), keys(content.roles))} (version ${content.number})`]
        : []),
    ],
    events: [
      ...(before ? [] : [eventOf('package.created', subject, refs, [])]),
      ...(changed.length > 0 ? [eventOf('package.changed', subject, refs, changed)] : []),
      ...(same ? [] : [versioned]),
    ],
  });
}

function findRoles(
  draft: Draft,
  shelf: Shelf,
  place: Place,
  written: readonly string[],
): PackageConfig['content']['roles'] {
  const seen = new Set<string>();
  return written.flatMap((name, n) => {
    const id = shelf.roles.find(at(place, n), name);
    const role = id === null ? undefined : shelf.roleIds.get(id);
    if (id === null || !role) return [];
    if (seen.has(id)) {
      refuse(draft, at(place, n), `"${name}" is in this package twice. Keep one of them.`);
      return [];
    }
    seen.add(id);
    return [role];
  });
}

const keys = (roles: PackageConfig['content']['roles']): string[] => roles.map(({ role, scope }) => `${role} ${scope}`);

interface Wish {
  readonly place: Place;
  readonly package: PackageId;
  readonly other: PackageId | GroupId;
  readonly isPackage: boolean;
  readonly mutual: boolean;
}

/** A pair is written once, in either package; a list that is written is complete for the pairs that it named before. */
export function settleIncompatibilities(draft: Draft, found: People, shelves: readonly Shelf[], names: Register): void {
  const lists = shelves.flatMap(({ packages }) =>
    packages.filter(({ text }) => text.incompatibleWith !== undefined || text.state === 'deleted'),
  );
  const wishes = lists.flatMap((entry) => wishesOf(draft, found, names, entry));
  const active = draft.known.incompatibilities.filter((one) => one.state === 'active');
  const complete = new Set(lists.map(({ id }) => id));
  const gone = new Set<string>(lists.filter(({ text }) => text.state === 'deleted').map(({ id }) => id));
  const standing: Incompatibility[] = [];
  for (const row of active) {
    const listed = complete.has(row.package);
    const over =
      (row.otherPackage !== null && gone.has(row.otherPackage)) || (listed && !wishes.some((one) => stands(row, one)));
    if (over) {
      end(draft, row);
      continue;
    }
    standing.push(row);
    if (listed) draft.unchanged += 1;
  }
  for (const wish of wishes) {
    if (!standing.some((row) => stands(row, wish))) standing.push(create(draft, wish));
  }
}

function wishesOf(
  draft: Draft,
  found: People,
  names: Register,
  { text, place, id }: Entry<PackageText, PackageConfig>,
): Wish[] {
  if (text.state === 'deleted') return [];
  const seen = new Set<string>();
  return (text.incompatibleWith ?? []).flatMap((one, n): Wish[] => {
    const here = at(place, 'incompatibleWith', n);
    const isPackage = one.package !== undefined;
    const other = one.package !== undefined ? names.find(here, one.package) : found.groups.find(here, one.group ?? '');
    if (other === null) return [];
    if (other === id) {
      refuse(draft, here, `"${text.name}" cannot be incompatible with itself. Name another package.`);
      return [];
    }
    if (seen.has(other)) {
      refuse(draft, here, `"${draft.names.get(other) ?? other}" is in this list twice. Keep one of them.`);
      return [];
    }
    seen.add(other);
    return [
      {
        place: here,
        package: id as PackageId,
        other: other as PackageId | GroupId,
        isPackage,
        mutual: isPackage && one.mutual !== false,
      },
    ];
  });
}

/** Whether the row says what is wished: the same pair, or a mutual one written from the other side. */
function stands(row: Incompatibility, wish: Wish): boolean {
  const other = row.otherPackage ?? row.otherGroup;
  if (row.package === wish.package && other === wish.other) return row.mutual === wish.mutual;
  return row.package === wish.other && other === wish.package && row.mutual && wish.mutual;
}

function end(draft: Draft, row: Incompatibility): void {
  settle(draft, 'incompatibility', {
    before: row,
    after: { ...row, state: 'ended', version: row.version + 1 },
    word: 'incompatibility',
    label: pairLabel(draft, row),
    action: 'delete',
    details: [],
    events: [
      {
        type: 'incompatibility.ended',
        subject: { kind: 'incompatibility', id: row.id },
        refs: { package: row.package },
        data: {},
      },
    ],
  });
}

function create(draft: Draft, wish: Wish): Incompatibility {
  const after: Incompatibility = {
    id: draft.newId(),
    package: wish.package,
    otherPackage: wish.isPackage ? (wish.other as PackageId) : null,
    otherGroup: wish.isPackage ? null : (wish.other as GroupId),
    mutual: wish.mutual,
    state: 'active',
    version: 1,
  };
  settle(draft, 'incompatibility', {
    before: null,
    after,
    word: 'incompatibility',
    label: pairLabel(draft, after),
    action: 'create',
    details: [],
    events: [
      {
        type: 'incompatibility.created',
        subject: { kind: 'incompatibility', id: after.id },
        refs: { package: after.package },
        data: { mutual: after.mutual },
      },
    ],
  });
  return after;
}

function pairLabel(draft: Draft, { package: one, otherPackage, otherGroup, mutual }: Incompatibility): string {
  const name = (id: string | null): string => (id === null ? '' : (draft.names.get(id) ?? id));
  return `${name(one)} ${mutual ? '↔' : '→'} ${otherGroup ? 'group ' : ''}${name(otherPackage ?? otherGroup)}`;
}
