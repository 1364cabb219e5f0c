// Packages with their content. Content is never changed, only followed by a new version.
import type { CatalogId, PackageId, PackageVersionId } from '../../domain/model';
import type { PackageConfig } from '../ports';
import type { Shelf } from './catalogs';
import {
  at,
  canonical,
  differences,
  eventOf,
  kept,
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
    const of = { label, place, id: id as PackageId, catalog: shelf.entry.id as CatalogId };
    settlePolicies(draft, found, of, text.policies);
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
    description: kept(text.description, before?.description, ''),
    hidden: kept(text.hidden, before?.hidden, false),
    sensitive: kept(text.sensitive, before?.sensitive, false),
    state: gone ? 'deleted' : 'active',
    baseline: kept(text.baseline, before?.baseline, 'keep'),
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
