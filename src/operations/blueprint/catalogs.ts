// Catalogs with their resources: how they are found, and what changes. Packages are in packages.ts.
import type { CatalogId, Catalog, ResourceId, ResourceRole, ResourceScope, RoleId, ScopeId } from '../../domain/model';
import type { Affected, PackageConfig, ResourceConfig } from '../ports';
import {
  at,
  differences,
  eventOf,
  everywhere,
  fold,
  kept,
  match,
  openRegister,
  refuse,
  refuseUnseen,
  settle,
  words,
  type Draft,
  type Entry,
  type Register,
} from './draft';
import { leftParts, noteLeftOut, type LeftPart } from './left-out';
import type { People } from './people';
import type { Place } from './read';
import { findHolders, settleRole } from './roles';
import { count } from './words';
import type { CatalogText, PackageText, ResourceText } from './schema';

/** A catalog of the files with what it holds, and how its roles are called. */
export interface Shelf {
  readonly entry: Entry<CatalogText, Catalog>;
  readonly resources: readonly Entry<ResourceText, ResourceConfig>[];
  readonly packages: readonly Entry<PackageText, PackageConfig>[];
  /** `Resource / Role` and its short and long forms. */
  readonly roles: Register;
  readonly roleIds: ReadonlyMap<string, { readonly role: RoleId; readonly scope: ScopeId }>;
  /** Roles and scopes that the lists of its resources do not hold any more. */
  readonly left: readonly LeftPart[];
}

const ROOT = { name: 'Everything', originId: 'root' };

/** Gives every catalog, resource and package its id, and settles the resources, whose roles packages name. */
export function findCatalogs(draft: Draft, found: People): Shelf[] {
  const { known } = draft;
  const byName = new Map(known.catalogs.map((one) => [fold(one.name), one]));
  const catalogs = match(draft, 'catalog', everywhere(draft.blueprint, 'catalogs'), {
    label: ({ name }) => name,
    stored: ({ name, formerly }) =>
      byName.get(fold(name)) ?? (formerly === undefined ? null : byName.get(fold(formerly))),
  });
  return catalogs.map((entry) => {
    const { text, place, id, before } = entry;
    draft.names.set(id, text.name);
    // Of a catalog that is to go and is not there nothing is left to say.
    const isAbsent = text.state === 'deleted' && before === null;
    if (text.state === 'deleted' && !isAbsent) refuseContents(draft, entry);
    const stored = known.resources.filter((one) => one.catalog === id);
    const resources = match(draft, 'resource', listed(place, 'resources', isAbsent ? [] : text.resources), {
      label: ({ name }) => name,
      stored: ({ name, formerly, connector, originId }) =>
        stored.find((one) => fold(one.name) === fold(name)) ??
        stored.find((one) => formerly !== undefined && fold(one.name) === fold(formerly)) ??
        stored.find((one) => one.connector === connector && one.originId === (originId ?? name)),
    });
    const packs = known.packages.filter((one) => one.catalog === id);
    const packages = match(draft, 'package', listed(place, 'packages', isAbsent ? [] : text.packages), {
      label: ({ name }) => name,
      stored: ({ name, formerly }) =>
        packs.find((one) => fold(one.name) === fold(name)) ??
        packs.find((one) => formerly !== undefined && fold(one.name) === fold(formerly)),
    });
    const settled = new Map(resources.map((one) => [one.id, settleResource(draft, found, one, entry)]));
    refuseSharedOrigins(draft, resources, stored, settled);
    const alive = [...stored.filter((one) => !settled.has(one.id)), ...settled.values()].filter(
      (one) => one?.state === 'active',
    );
    if (text.state !== 'deleted') {
      if (text.resources) noteLeftOut(draft, text.name, at(place, 'resources'), stored, resources);
      if (text.packages) noteLeftOut(draft, text.name, at(place, 'packages'), packs, packages);
    }
    const left = resources.flatMap((one) => leftOf(one, text.name));
    const parts = alive.filter((one) => one !== null);
    return { entry, resources, packages, left, ...rolesOf(draft, parts, new Set(left.map((one) => one.id))) };
  });
}

/** What stands in a deleted catalog without being deleted itself would be in no catalog. */
function refuseContents(draft: Draft, { text, place }: Entry<CatalogText, Catalog>): void {
  const contents = [
    ...listed(place, 'resources', text.resources).map((one) => ({ ...one, noun: 'resource' })),
    ...listed(place, 'packages', text.packages).map((one) => ({ ...one, noun: 'package' })),
  ];
  for (const { text: inside, place: where, noun } of contents) {
    if (inside.state === 'deleted') continue;
    const message = `The ${noun} "${inside.name}" cannot stay in "${text.name}", which is deleted. Add "state: deleted" to it, or remove it.`;
    refuse(draft, where, message);
  }
}

/** Two resources of a catalog are never the same thing in a connected system, and two never change places in one step. */
function refuseSharedOrigins(
  draft: Draft,
  entries: readonly Entry<ResourceText, ResourceConfig>[],
  stored: readonly ResourceConfig[],
  settled: ReadonlyMap<string, ResourceConfig | null>,
): void {
  const origin = ({ connector, originId }: ResourceConfig): string => JSON.stringify([connector, originId]);
  const taken = new Map(stored.map((one) => [origin(one), one]));
  for (const { id, place } of entries) {
    const now = settled.get(id);
    if (now?.state !== 'active') continue;
    const other = taken.get(origin(now));
    if (other && other.id !== id) {
      const message = `"${other.name}" is "${now.originId}" of ${now.connector} already. Write another "originId", or delete "${other.name}" first, in files of their own.`;
      refuse(draft, place, message);
    }
    taken.set(origin(now), now);
  }
}

/**
 * What was given at one place would be taken away at the other, and what people had at the one be taken for what they have at the other,
 * also where it is all over: grants point at the resource for ever.
 */
export function refuseMoved(draft: Draft, { moved }: Affected): void {
  for (const change of draft.changes) {
    if (change.noun !== 'resource' || change.before === null) continue;
    const { before, after } = change;
    const people = moved.get(after.id) ?? 0;
    if (people === 0) continue;
    const place = at(
      draft.places.get(after.id) ?? { file: 0, path: [] },
      before.connector === after.connector ? 'originId' : 'connector',
    );
    refuse(
      draft,
      place,
      `"${after.name}" stays "${before.originId}" of ${before.connector}: ${count(people, 'person has', 'people have')} or had roles there, which nobody would take away any more. Add a new resource for "${after.originId}" of ${after.connector}, and give its roles instead.`,
    );
  }
}

/** The catalog itself and who holds roles on it. */
export function settleCatalog(draft: Draft, found: People, { entry, packages }: Shelf): void {
  const { text, place, before, id } = entry;
  const gone = text.state === 'deleted';
  if (gone && !before) {
    draft.unchanged += 1;
    return;
  }
  const deleted = new Set(packages.filter((one) => one.text.state === 'deleted').map((one) => one.id));
  const left = draft.known.packages.filter((one) => one.catalog === id && !deleted.has(one.id));
  if (gone && left.length > 0)
    refuse(
      draft,
      at(place, 'state'),
      `The catalog "${text.name}" still has ${count(left.length, 'package')}. Delete ${left.length === 1 ? 'it' : 'them'} first.`,
    );
  const after: Catalog = {
    id: id as CatalogId,
    name: text.name,
    description: kept(text.description, before?.description, ''),
    state: gone ? 'deleted' : kept(publication(text), before?.state, 'published'),
    externallyVisible: kept(text.external, before?.externallyVisible, false),
    version: (before?.version ?? 0) + 1,
  };
  const subject = { kind: 'catalog', id } as const;
  const refs = { catalog: after.id };
  const changed = before ? differences(draft, before, after) : [];
  if (before && changed.length === 0) draft.unchanged += 1;
  else
    settle(draft, 'catalog', {
      before,
      after,
      word: 'catalog',
      label: text.name,
      action: !before ? 'create' : gone ? 'delete' : 'change',
      details: changed.map(({ detail }) => detail),
      events: [eventOf(before ? 'catalog.changed' : 'catalog.created', subject, refs, changed)],
    });
  const roles = {
    owners: 'catalogOwner',
    readers: 'catalogReader',
    packageManagers: 'packageManager',
    assignmentManagers: 'assignmentManager',
  } as const;
  for (const [list, role] of Object.entries(roles) as [keyof typeof roles, (typeof roles)[keyof typeof roles]][]) {
    const holders = text[list];
    if (holders !== undefined) settleRole(draft, role, after, findHolders(draft, found, at(place, list), holders));
  }
}

function publication({ published }: CatalogText): 'published' | 'unpublished' | undefined {
  return published === undefined ? undefined : published ? 'published' : 'unpublished';
}

/** Null: the resource is to be deleted and was never there. */
function settleResource(
  draft: Draft,
  found: People,
  { text, place, before, id }: Entry<ResourceText, ResourceConfig>,
  catalog: Entry<CatalogText, Catalog>,
): ResourceConfig | null {
  const gone = text.state === 'deleted';
  draft.names.set(id, text.name);
  if (gone && !before) {
    draft.unchanged += 1;
    return null;
  }
  const after: ResourceConfig = {
    id: id as ResourceId,
    catalog: catalog.id as CatalogId,
    name: text.name,
    description: kept(text.description, before?.description, ''),
    connector: text.connector,
    originId: kept(text.originId, before?.originId, text.name),
    driftMissing: kept(text.drift?.missing, before?.driftMissing, 'repair'),
    driftExtra: kept(text.drift?.extra, before?.driftExtra, 'report'),
    state: gone ? 'deleted' : 'active',
    roles: partsOf(draft, at(place, 'roles'), text.roles ?? [], before?.roles ?? [], (part, was): ResourceRole => ({
      id: was?.id ?? (draft.newId() as RoleId),
      resource: id as ResourceId,
      ...part,
      version: versionOf(was, part),
    })),
    scopes: partsOf(
      draft,
      at(place, 'scopes'),
      [...(before ? [] : [ROOT]), ...(text.scopes ?? [])],
      before?.scopes ?? [],
      (part, was): ResourceScope => ({
        id: was?.id ?? (draft.newId() as ScopeId),
        resource: id as ResourceId,
        ...part,
        root: was?.root ?? part.originId === ROOT.originId,
        version: versionOf(was, part),
      }),
    ),
    owners:
      text.owners === undefined ? (before?.owners ?? []) : findHolders(draft, found, at(place, 'owners'), text.owners),
    version: (before?.version ?? 0) + 1,
  };
  for (const part of [...after.roles, ...after.scopes]) draft.names.set(part.id, part.name);
  if (gone) refuseUsed(draft, place, after);
  const changed = before
    ? [
        ...differences(draft, plain(before), plain(after)),
        ...differences(draft, bare(draft, before), bare(draft, after)),
      ]
    : [];
  if (before && changed.length === 0) {
    draft.unchanged += 1;
    return after;
  }
  settle(draft, 'resource', {
    before,
    after,
    word: 'resource',
    label: `${catalog.text.name} / ${text.name}`,
    action: !before ? 'create' : gone ? 'delete' : 'change',
    details: before
      ? changed.map(({ detail }) => detail)
      : [`roles: ${after.roles.map((role) => role.name).join(', ') || 'none'}`],
    events: [
      eventOf(
        before ? 'resource.changed' : 'resource.created',
        { kind: 'resource', id },
        { catalog: after.catalog },
        changed,
      ),
    ],
  });
  return after;
}

function leftOf({ text, place, before }: Entry<ResourceText, ResourceConfig>, catalog: string): LeftPart[] {
  if (!before || text.state === 'deleted') return [];
  const label = `${catalog} / ${text.name}`;
  return [
    ...leftParts(label, at(place, 'roles'), text.roles, before.roles),
    ...leftParts(label, at(place, 'scopes'), text.scopes, before.scopes),
  ];
}

/** Roles and scopes are only added and renamed: grants point at them for ever. */
function partsOf<P extends { readonly originId: string; readonly name: string }>(
  draft: Draft,
  place: Place,
  written: readonly { readonly name: string; readonly originId?: string | undefined }[],
  stored: readonly P[],
  make: (part: { name: string; originId: string }, before: P | undefined) => P,
): P[] {
  const parts = new Map(stored.map((one) => [one.originId, one]));
  const seen = new Set<string>();
  for (const [n, { name, originId }] of written.entries()) {
    const known = originId === undefined ? stored.find((one) => fold(one.name) === fold(name)) : parts.get(originId);
    const part = { name, originId: known?.originId ?? originId ?? name };
    if (seen.has(part.originId)) refuse(draft, at(place, n), `"${name}" is in this list twice. Keep one of them.`);
    seen.add(part.originId);
    refuseUnseen(draft, at(place, n, 'name'), name, known?.name);
    parts.set(part.originId, make(part, known));
  }
  return [...parts.values()];
}

function refuseUsed(draft: Draft, place: Place, resource: ResourceConfig): void {
  const roles = new Set(resource.roles.map((role) => role.id));
  const users = draft.known.packages.filter((one) => one.content.roles.some(({ role }) => roles.has(role)));
  if (users.length > 0)
    refuse(
      draft,
      at(place, 'state'),
      `"${resource.name}" is in ${users.map((one) => `"${one.name}"`).join(', ')}. Apply the packages without it first.`,
    );
}

function rolesOf(
  draft: Draft,
  resources: readonly ResourceConfig[],
  left: ReadonlySet<string>,
): Pick<Shelf, 'roles' | 'roleIds'> {
  const roles = openRegister(draft, 'role');
  const roleIds = new Map<string, { role: RoleId; scope: ScopeId }>();
  for (const resource of resources) {
    for (const role of resource.roles) {
      for (const scope of resource.scopes) {
        const id = `${role.id} ${scope.id}`;
        const names = [resource.name, role.name, ...(scope.root ? [] : [scope.name])];
        draft.names.set(id, names.join(' / '));
        if (left.has(role.id) || left.has(scope.id)) continue;
        roleIds.set(id, { role: role.id, scope: scope.id });
        roles.add(
          id,
          names.join(' / '),
          scope.root && resource.roles.filter((one) => !left.has(one.id)).length === 1 ? resource.name : null,
        );
      }
    }
  }
  return { roles, roleIds };
}

export function listed<T>(place: Place, list: string, items: readonly T[] | undefined): { text: T; place: Place }[] {
  return (items ?? []).map((text, n) => ({ text, place: at(place, list, n) }));
}

const versionOf = (was: { name: string; version: number } | undefined, part: { name: string }): number =>
  was ? was.version + (was.name === part.name ? 0 : 1) : 1;

const plain = (resource: ResourceConfig): object => {
  const { name, description, connector, originId, driftMissing, driftExtra, state } = resource;
  return { name, description, connector, originId, 'drift.missing': driftMissing, 'drift.extra': driftExtra, state };
};

const bare = (draft: Draft, { roles, scopes, owners }: ResourceConfig): object => ({
  roles: roles.map(({ name, originId }) => ({ name, originId })),
  scopes: scopes.map(({ name, originId }) => ({ name, originId })),
  owners: owners.map((one) => words(draft, 'person' in one ? one.person : one.group)),
});
