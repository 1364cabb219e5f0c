// The difference between what is stored and what the files say, and whom it concerns. Changes nothing.
import type { GroupId, OrganizationId, PackageId, PolicyVersion } from '../../domain/model';
import { isMoved } from '../../domain/resource';
import type { Affected, AffectedBy, Configuration, ConfigurationChange, Followed, PolicyConfig } from '../ports';
import { brakeOf, leavers, refuseBrake, type Brake } from './brake';
import { findCatalogs, refuseMoved, settleCatalog } from './catalogs';
import { count, holding } from './words';
import { at, current, openDraft, refuse, refuseUnseen, settle, type Draft, type PlanLine } from './draft';
import {
  newcomersOf,
  refuseUndecided,
  removalsOf,
  settleIncompatibilities,
  toDecide,
  type Conflicting,
  type Removing,
} from './incompatibilities';
import { settleLeftParts } from './left-out';
import { packageNames, settlePackages } from './packages';
import { settleGroups } from './groups';
import { findPeople, settlePeople, type People } from './people';
import { settleIdentities, settleInstallations, settlePartners } from './places';
import { byPosition, type Blueprint, type Problem } from './read';
import { refuseNobodyLeft, rolesAgain, settleOrganizationRoles } from './roles';

/** What applying the files would do, or did. With problems nothing is done. */
export interface Plan {
  readonly lines: readonly PlanLine[];
  readonly problems: readonly Problem[];
  readonly counts: {
    readonly created: number;
    readonly changed: number;
    readonly deleted: number;
    readonly unchanged: number;
  };
  /** What the files would take from many (rule 3.15); null: nothing of the kind. */
  readonly brake: Brake | null;
  /** Who holds both sides of a new incompatibility, or loses the exception to one, and what the files decide for them (rule 3.13). */
  readonly conflicts: readonly Conflicting[];
  /** Access that the files take from such people. */
  readonly removals: readonly Removing[];
  readonly applied: boolean;
}

export interface PlanOptions {
  /** The brake was shown to somebody who said go on. */
  readonly confirm?: boolean;
  /** Marks a new database as a demo. Only at its creation; a database that exists keeps what it is. */
  readonly demo?: boolean;
}

/** The working copy with everything settled, before anybody was asked whom it concerns. */
export function draftPlan(
  known: Configuration,
  blueprint: Blueprint,
  { newId, now }: { readonly newId: () => string; readonly now: Date },
  options: PlanOptions,
): Draft {
  const draft = openDraft(known, blueprint, newId, now);
  const zone = settleOrganization(draft, options);
  const found = findPeople(draft);
  settlePartners(draft, found);
  settlePeople(draft, found, zone);
  settleGroups(draft, found);
  settleInstallations(draft);
  settleIdentities(draft, found);
  settleOrganizationRoles(draft, found);
  const shelves = findCatalogs(draft, found);
  const names = packageNames(draft, shelves);
  for (const shelf of shelves) {
    settleCatalog(draft, found, shelf);
    settlePackages(draft, found, shelf);
  }
  settleIncompatibilities(draft, found, shelves, names);
  settleLeftParts(
    draft,
    shelves.flatMap(({ left }) => left),
  );
  refuseDeletedGroups(draft, found);
  refuseDeletedPartners(draft, found);
  refuseNobodyLeft(draft);
  refuseUnseenNames(draft);
  return draft;
}

/** What to ask the store about: everything that exists already and changes. */
export function affectedBy(draft: Draft): AffectedBy {
  const packages = new Set<PackageId>();
  const policies = draft.changes.flatMap((one) => (one.noun === 'policy' && one.before ? [one.after.id] : []));
  for (const change of draft.changes) {
    if (change.noun === 'package' && change.before) packages.add(change.after.id);
    if (change.noun === 'policy') packages.add(change.after.package);
  }
  for (const one of draft.removals) packages.add(one.package);
  const taken = new Set(draft.removals.map(({ incompatibility }) => incompatibility));
  const asks = (id: string): boolean => {
    const whom = toDecide(draft, id);
    return whom === 'all' || whom.size > 0;
  };
  const pairs = [...draft.holders.values()]
    .map(({ row }) => ({ ...row, joining: newcomersOf(draft, row) }))
    .filter(({ id }) => asks(id) || taken.has(id));
  const contents = draft.changes.flatMap((change) =>
    change.noun === 'package' && change.before && change.before.content.id !== change.after.content.id
      ? [{ package: change.after.id, roles: change.after.content.roles }]
      : [],
  );
  const moved = draft.changes.flatMap((change) =>
    change.noun === 'resource' && isMoved(change.before, change.after) ? [change.after.id] : [],
  );
  return { packages: [...packages], policies, people: leavers(draft).map(({ id }) => id), pairs, contents, moved };
}

/** The plan, with the people concerned in its lines. */
export function finishPlan(draft: Draft, affected: Affected, options: PlanOptions): Plan {
  refuseHeldPackages(draft, affected);
  refuseMoved(draft, affected);
  const conflicts = refuseUndecided(draft, affected);
  const { removals, vain } = removalsOf(draft, affected);
  const brake = brakeOf(draft, affected, removals);
  if (brake && !options.confirm) refuseBrake(draft, brake);
  const names = draft.blueprint.files.map(({ name }) => name);
  const changes = new Map(
    draft.changes.flatMap((change) => ('id' in change.after ? [[change.after.id, change] as const] : [])),
  );
  const lines = [
    ...draft.lines.map((line) => {
      const change = line.id === null || line.action === 'note' ? undefined : changes.get(line.id);
      return change ? { ...line, details: [...line.details, ...concerned(draft, affected, change, conflicts)] } : line;
    }),
    ...removals.map(({ label, reason }): PlanLine => ({
      id: null,
      action: 'delete',
      noun: 'access',
      label,
      details: [reason],
    })),
    ...vain,
  ];
  const of = (action: PlanLine['action']): number => lines.filter((line) => line.action === action).length;
  return {
    lines,
    problems: [...draft.problems].sort(byPosition(names)),
    counts: { created: of('create'), changed: of('change'), deleted: of('delete'), unchanged: draft.unchanged },
    brake,
    conflicts,
    removals,
    applied: false,
  };
}

/** Name and zone of the organization; returns the zone. */
function settleOrganization(draft: Draft, options: PlanOptions): string {
  const before = draft.known.organization;
  const written = draft.blueprint.files.flatMap(({ content }, file) =>
    content.organization ? [{ ...content.organization, place: at({ file, path: [] }, 'organization') }] : [],
  );
  const [first, second] = written;
  if (second) refuse(draft, second.place, 'The organization is written twice. Keep one of them.');
  if (!first) {
    if (!before)
      refuse(
        draft,
        { file: 0, path: [] },
        'The organization has no name yet. Add "organization:" with "name" and "timeZone".',
      );
    return before?.timeZone ?? 'UTC';
  }
  const after = { name: first.name, timeZone: first.timeZone, demo: before ? before.demo : options.demo === true };
  refuseUnseen(draft, at(first.place, 'name'), after.name, before?.name);
  const changed = [
    ...(before?.name === after.name
      ? []
      : [{ field: 'name', detail: `name: ${before?.name ?? 'none'} → ${after.name}` }]),
    ...(before?.timeZone === after.timeZone
      ? []
      : [{ field: 'timeZone', detail: `time zone: ${before?.timeZone ?? 'none'} → ${after.timeZone}` }]),
  ];
  if (changed.length === 0) {
    draft.unchanged += 1;
    return after.timeZone;
  }
  settle(draft, 'organization', {
    before,
    after,
    word: 'organization',
    label: after.name,
    action: before ? 'change' : 'create',
    details: before ? changed.map(({ detail }) => detail) : [],
    events: [
      {
        type: 'settings.applied',
        subject: { kind: 'settings', id: 'organization' },
        refs: {},
        data: { changed: changed.map(({ field }) => field).join(', ') },
      },
    ],
  });
  return after.timeZone;
}

/** Of all that has a place of its own; the organization and the parts of a resource are looked at where they settle. */
function refuseUnseenNames(draft: Draft): void {
  for (const { before, after } of draft.changes) {
    if (!('id' in after && 'name' in after)) continue;
    // The policy of exceptions is called after its packages.
    if ('incompatibility' in after && after.incompatibility !== null) continue;
    const place = draft.places.get(after.id);
    if (place) refuseUnseen(draft, at(place, 'name'), after.name, before && 'name' in before ? before.name : undefined);
  }
}

function refuseHeldPackages(draft: Draft, affected: Affected): void {
  for (const change of draft.changes) {
    if (change.noun !== 'package' || change.after.state !== 'deleted') continue;
    const use = affected.packages.get(change.after.id);
    const place = draft.places.get(change.after.id);
    if (!place || !use || use.holders + use.openRequests === 0) continue;
    const message = `"${change.after.name}" cannot be deleted yet: ${holding(use.holders, 'it')}, ${count(use.openRequests, 'open request')}. End that first; "hidden: true" hides it meanwhile.`;
    refuse(draft, at(place, 'state'), message);
  }
}

/** A group that policies, roles or owners still name would leave them empty. */
function refuseDeletedGroups(draft: Draft, found: People): void {
  const gone = found.written.groups.filter(
    ({ text, before }) => text.state === 'deleted' && before?.state === 'active',
  );
  if (gone.length === 0) return;
  const users = groupUsers(draft);
  for (const { id, text, place } of gone) {
    const using = users.get(id as GroupId) ?? [];
    if (using.length > 0)
      refuse(
        draft,
        at(place, 'state'),
        `The group "${text.name}" is still named by ${firstOf(using)}. Change that first.`,
      );
  }
}

/** A policy that names a partner would let nobody of it ask any more, without a word. */
function refuseDeletedPartners(draft: Draft, found: People): void {
  for (const { id, text, place, before } of found.written.partners) {
    if (text.state !== 'deleted' || before === null) continue;
    const using = current(draft, 'policy', draft.known.policies)
      .filter((one) => one.state !== 'deleted' && partnersOf(one.content).includes(id as OrganizationId))
      .map((one) => policyName(draft, one));
    if (using.length > 0)
      refuse(
        draft,
        at(place, 'state'),
        `The partner organization "${text.name}" is still named by ${firstOf(using)}. Change that first.`,
      );
  }
}

function partnersOf({ targets }: PolicyVersion): OrganizationId[] {
  return targets.flatMap((set) => (set.kind === 'organization' ? [set.organization] : []));
}

function policyName(draft: Draft, { name, package: of }: PolicyConfig): string {
  return `policy "${name}" of "${draft.names.get(of) ?? of}"`;
}

/** `a, b, c and 2 more`. */
function firstOf(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
}

function groupUsers(draft: Draft): Map<GroupId, string[]> {
  const users = new Map<GroupId, string[]>();
  const use = (group: GroupId | null, by: string): void => {
    if (group !== null) users.set(group, [...(users.get(group) ?? []), by]);
  };
  for (const one of current(draft, 'policy', draft.known.policies))
    if (one.state !== 'deleted') for (const group of groupsOf(one.content)) use(group, policyName(draft, one));
  for (const one of current(draft, 'role', draft.known.roles))
    if (one.state === 'active') use(one.group, `the role ${one.role}`);
  for (const one of current(draft, 'resource', draft.known.resources))
    if (one.state === 'active')
      for (const owner of one.owners) if ('group' in owner) use(owner.group, `owners of "${one.name}"`);
  for (const one of current(draft, 'incompatibility', draft.known.incompatibilities))
    if (one.state === 'active') use(one.otherGroup, 'an incompatibility');
  return users;
}

function groupsOf(content: PolicyVersion): GroupId[] {
  const all = [
    ...content.targets,
    ...content.stages.flatMap((stage) => [...stage.primaries, ...stage.alternates, ...stage.fallbacks]),
  ];
  return [...new Set(all.flatMap((set) => (set.kind === 'group' ? [set.group] : [])))];
}

/** What the holders of a package get and lose by its new content (rule 3.11). */
function followed({ holders, get, given, lose, lost }: Followed): string {
  const isAll = [get, lose].every((people) => people === 0 || people === holders);
  const who = (people: number, verb: string): string => (isAll ? verb : `${people} ${verb}${people === 1 ? 's' : ''}`);
  const parts = [
    get > 0 ? `${who(get, 'get')} ${count(given.length, 'role')}` : '',
    lose > 0 ? `${who(lose, 'lose')} ${count(lost, 'role')}` : '',
  ].filter((one) => one !== '');
  if (parts.length === 0) return 'nothing changes for them';
  return `within a minute ${isAll ? 'they ' : ''}${parts.join(' and ')}`;
}

/** What becomes of the requests that keep a version of a policy: with the policy they end, and by its next version they do not change. */
function openBy({ state }: PolicyConfig, requests: number): string[] {
  if (requests === 0) return [];
  const isOne = requests === 1;
  const what = `${count(requests, 'open request')} by it`;
  return state === 'enabled'
    ? [`${what} ${isOne ? 'keeps its' : 'keep their'} version`]
    : [`${what} ${isOne ? 'is' : 'are'} closed within a minute, and whoever asked hears why`];
}

/** Whom a change concerns, beyond what changes. */
function concerned(
  draft: Draft,
  affected: Affected,
  change: ConfigurationChange,
  conflicts: readonly Conflicting[],
): string[] {
  if (change.noun === 'package' && change.before && change.before.content.id !== change.after.content.id) {
    const use = affected.contents.get(change.after.id);
    return use && use.holders > 0 ? [`${holding(use.holders, 'it')}: ${followed(use)}`] : [];
  }
  if (change.noun === 'policy' && change.before) {
    const open = openBy(change.after, affected.policies.get(change.after.id) ?? 0);
    if (change.after.incompatibility !== null) return open;
    const use = affected.packages.get(change.after.package);
    return use && use.holders > 0
      ? [...open, `${holding(use.holders, 'it')}: for them it counts from the next request on`]
      : open;
  }
  if (change.noun === 'person') {
    const use = affected.people.get(change.after.id);
    const loses = use
      ? [`loses ${count(use.held, 'package')}, ${count(use.openRequests, 'open request')} will be canceled`]
      : [];
    return change.before?.state === 'deleted' ? [...loses, ...rolesAgain(draft, change.after.id)] : loses;
  }
  if (change.noun === 'incompatibility') {
    const people = conflicts.find(({ id }) => id === change.after.id)?.people ?? [];
    if (people.length === 0) return [];
    return [
      `${holding(people.length, 'both')} now:`,
      ...people.map(({ name, key, decision }) => `${name} (${key}): ${decision ?? 'not decided'}`),
    ];
  }
  return [];
}
