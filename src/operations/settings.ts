// What the configuration of the process says about the organization: its installations and its administrators. Written at every
// start through the same audited path as a file, and only where something differs. What it does not say is left to files.
import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { By, ConfigurationChange, Desk, InstallationConfig, OrganizationFacts, RoleConfig } from './ports';
import { act } from './act';

/** As much of the configuration as concerns the organization. */
export interface OrganizationSettings {
  readonly slack: { readonly teamId: string; readonly emailAuthoritative: readonly string[] | null } | null;
  readonly teams: { readonly allowedTenants: readonly string[] } | null;
  readonly administrators: readonly string[];
  readonly allowGuests: boolean | null;
}

/** How somebody may come to be whoever they want. */
interface Kind {
  readonly demo: boolean;
  readonly playground?: boolean;
}

const by: By = { actor: { kind: 'operator', name: 'start' }, via: 'start' };

/** Names of administrators in the settings that give nobody the role. */
export interface Unheeded {
  /** Nobody in the directory has them. */
  readonly unknown: readonly string[];
  /** More than one person has or had them. */
  readonly unclear: readonly string[];
}

/**
 * Makes the organization's rows equal to the settings. `demo` has personas on a page, `playground` lets programs in that prove nothing:
 * both mark a new database as a demo's, which is never changed later, and are refused on any other. Returns the names of
 * administrators that give nobody the role.
 */
export function settle(desk: Desk, settings: OrganizationSettings, options: Kind): Promise<Unheeded> {
  return act(desk, by, async (tx) => {
    await tx.clock();
    let known = await tx.organization(settings.administrators);
    const changes = (): ConfigurationChange[] => changesFor(known, settings, options, () => tx.newId());
    // Nearly every start changes nothing, and none of those waits for somebody who is just applying files.
    if (changes().length > 0) {
      await tx.holdConfiguration();
      known = await tx.organization(settings.administrators);
      await tx.saveConfiguration(changes());
    }
    return unheeded(known, settings.administrators);
  });
}

/**
 * Gives the role to the administrators of the settings who are in the directory by now, as the next start would. Ends nobody's
 * role: whoever applies files may do it with other settings than the process that serves. Returns who
 * has it now, and the names that give it to nobody.
 */
export function nameAdministrators(
  desk: Desk,
  by: By,
  names: readonly string[],
): Promise<Unheeded & { readonly given: readonly string[] }> {
  return act(desk, by, async (tx) => {
    await tx.clock();
    const given = (known: OrganizationFacts): ConfigurationChange[] =>
      known.organization === null
        ? []
        : administrators(known, names, () => tx.newId()).filter(({ before }) => before === null);
    let known = await tx.organization(names);
    let changes = given(known);
    if (changes.length > 0) {
      await tx.holdConfiguration();
      known = await tx.organization(names);
      changes = given(known);
      await tx.saveConfiguration(changes);
    }
    const people = changes.flatMap((change) => (change.noun === 'role' ? (change.after.person ?? []) : []));
    return {
      given: known.people.filter(({ id }) => people.includes(id)).map(({ name }) => name),
      ...unheeded(known, names),
    };
  });
}

function changesFor(
  known: OrganizationFacts,
  settings: OrganizationSettings,
  { demo, playground = false }: Kind,
  newId: () => string,
): ConfigurationChange[] {
  const open = demo || playground;
  if (open && known.organization?.demo === false) throw new DomainError('forbidden', {});
  const after = { name: 'Usher', timeZone: 'UTC', demo: open };
  const created: ConfigurationChange[] =
    known.organization === null
      ? [{ noun: 'organization', before: null, after, events: [event('settings', 'organization')] }]
      : [];
  return [
    ...created,
    ...installations(known, settings, demo),
    ...administrators(known, settings.administrators, newId),
  ];
}

function event(kind: 'settings', id: string) {
  return { type: 'settings.applied', subject: { kind, id }, refs: {}, data: {} } as const;
}

type Given = InstallationConfig['fromSettings'];

function installations(known: OrganizationFacts, settings: OrganizationSettings, demo: boolean): ConfigurationChange[] {
  const guests = settings.allowGuests === null ? {} : { guestsAllowed: settings.allowGuests };
  const place = (platform: InstallationConfig['platform'], tenant: string, given: Given) =>
    installation(known, platform, tenant, given);
  const { slack } = settings;
  const domains = slack?.emailAuthoritative ? { authoritativeDomains: slack.emailAuthoritative } : {};
  return [
    ...(slack ? place('slack', slack.teamId, { ...domains, ...guests }) : []),
    ...(settings.teams?.allowedTenants ?? []).flatMap((tenant) => place('teams', tenant.toLowerCase(), guests)),
    ...(demo ? place('web', 'demo', { guestsAllowed: true }) : []),
  ];
}

/** What the settings say counts, whatever files say of it; of what they do not say, what files say counts. */
function installation(
  known: OrganizationFacts,
  platform: InstallationConfig['platform'],
  tenant: string,
  fromSettings: Given,
): ConfigurationChange[] {
  const before = known.installations.find((one) => one.platform === platform && one.tenant === tenant) ?? null;
  const filed = before ?? { platform, tenant, name: '', authoritativeDomains: [], guestsAllowed: false };
  const after: InstallationConfig = { ...filed, fromSettings };
  if (before && isDeepStrictEqual(before.fromSettings, fromSettings)) return [];
  return [{ noun: 'installation', before, after, events: [event('settings', `${platform}:${tenant}`)] }];
}

/** The list is complete for what it named itself: who is no longer in it loses the role, who was named in a file keeps it. */
function administrators(
  known: OrganizationFacts,
  names: readonly string[],
  newId: () => string,
): ConfigurationChange[] {
  const named = [...new Set(names.flatMap((name) => find(known, name)?.id ?? []))];
  const held = known.administrators.filter((role) => role.person !== null);
  const ended = held
    .filter((role) => role.origin === 'settings' && role.person !== null && !named.includes(role.person))
    .map(endRole);
  const given = named
    .filter((person) => !held.some((role) => role.person === person))
    .map((person) =>
      roleChange(null, {
        id: newId(),
        role: 'administrator',
        person,
        group: null,
        catalog: null,
        origin: 'settings',
        state: 'active',
        version: 1,
      }),
    );
  return [...ended, ...given];
}

/** Takes a role of Usher from whoever has it. */
export function endRole(before: RoleConfig): ConfigurationChange {
  return roleChange(before, { ...before, state: 'ended', version: before.version + 1 });
}

function roleChange(before: RoleConfig | null, after: RoleConfig): ConfigurationChange {
  return {
    noun: 'role',
    before,
    after,
    events: [
      {
        type: after.state === 'ended' ? 'role.ended' : 'role.assigned',
        subject: { kind: 'role', id: after.id },
        refs: after.person === null ? {} : { person: after.person },
        data: { role: after.role, origin: after.origin },
      },
    ],
  };
}

/**
 * By directory key or else by mail address, in any case, where only one person has it, be it somebody who was deleted and may come
 * back. A name that another administrator had was written for that person: whoever has it now does not administer Usher by it.
 */
function find(known: OrganizationFacts, name: string): Person | null {
  if (known.spent.includes(name)) return null;
  const found = having(known, name);
  const byKey = found.filter(({ directoryKey }) => alike(directoryKey, name));
  const [only, ...more] = byKey.length > 0 ? byKey : found;
  return only && more.length === 0 ? only : null;
}

const having = ({ people }: OrganizationFacts, name: string): Person[] =>
  people.filter(({ directoryKey, email }) => alike(directoryKey, name) || alike(email, name));

const alike = (one: string | null, name: string): boolean => one?.toLowerCase() === name.toLowerCase();

function unheeded(known: OrganizationFacts, names: readonly string[]): Unheeded {
  const left = names.filter((name) => find(known, name) === null);
  const had = (name: string): boolean => having(known, name).length > 0;
  return { unknown: left.filter((name) => !had(name)), unclear: left.filter(had) };
}
