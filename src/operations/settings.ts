// What the configuration of the process says about the organization: its installations and its administrators. Written at every
// start through the same audited path as a file, and only where something differs.
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { By, Configuration, ConfigurationChange, Desk, InstallationConfig, RoleConfig } from './ports';
import { act } from './act';

/** As much of the configuration as concerns the organization. */
export interface OrganizationSettings {
  readonly slack: { readonly teamId: string; readonly emailAuthoritative: readonly string[] } | null;
  readonly teams: { readonly allowedTenants: readonly string[] } | null;
  readonly administrators: readonly string[];
  readonly allowGuests: boolean;
}

const by: By = { actor: { kind: 'operator', name: 'start' }, via: 'start' };

/** Makes the organization's rows equal to the settings. `demo` marks a new database as one; it is never changed later. */
export async function settle(
  desk: Desk,
  settings: OrganizationSettings,
  options: { readonly demo: boolean },
): Promise<void> {
  await act(desk, by, async (tx) => {
    await tx.clock();
    const known = await tx.configuration();
    if (options.demo && known.organization?.demo === false) throw new DomainError('forbidden', {});
    const changes: ConfigurationChange[] = [];
    if (known.organization === null) {
      const after = { name: 'Usher', timeZone: 'UTC', demo: options.demo };
      changes.push({ noun: 'organization', before: null, after, events: [event('settings', 'organization')] });
    }
    changes.push(...installations(known, settings, options.demo), ...administrators(known, settings, () => tx.newId()));
    if (changes.length > 0) await tx.saveConfiguration(changes);
  });
}

function event(kind: 'settings', id: string) {
  return { type: 'settings.applied', subject: { kind, id }, refs: {}, data: {} } as const;
}

function installations(known: Configuration, settings: OrganizationSettings, demo: boolean): ConfigurationChange[] {
  const wanted: InstallationConfig[] = [
    ...(settings.slack
      ? [
          {
            platform: 'slack' as const,
            tenant: settings.slack.teamId,
            name: '',
            authoritativeDomains: settings.slack.emailAuthoritative,
            guestsAllowed: settings.allowGuests,
          },
        ]
      : []),
    ...(settings.teams?.allowedTenants ?? []).map((tenant) => ({
      platform: 'teams' as const,
      tenant: tenant.toLowerCase(),
      name: '',
      authoritativeDomains: [],
      guestsAllowed: settings.allowGuests,
    })),
    ...(demo
      ? [{ platform: 'web' as const, tenant: 'demo', name: '', authoritativeDomains: [], guestsAllowed: true }]
      : []),
  ];
  return wanted.flatMap((after): ConfigurationChange[] => {
    const before =
      known.installations.find((one) => one.platform === after.platform && one.tenant === after.tenant) ?? null;
    const same =
      before !== null &&
      before.guestsAllowed === after.guestsAllowed &&
      before.authoritativeDomains.join() === after.authoritativeDomains.join();
    if (same) return [];
    return [
      {
        noun: 'installation',
        before,
        after: { ...after, name: before?.name ?? after.name },
        events: [event('settings', `${after.platform}:${after.tenant}`)],
      },
    ];
  });
}

function administrators(
  known: Configuration,
  settings: OrganizationSettings,
  newId: () => string,
): ConfigurationChange[] {
  return settings.administrators.flatMap((name): ConfigurationChange[] => {
    const person = find(known.people, name);
    if (!person) return [];
    const held = known.roles.some(
      (role) => role.role === 'administrator' && role.person === person.id && role.state === 'active',
    );
    if (held) return [];
    const after: RoleConfig = {
      id: newId(),
      role: 'administrator',
      person: person.id,
      group: null,
      catalog: null,
      state: 'active',
      version: 1,
    };
    return [
      {
        noun: 'role',
        before: null,
        after,
        events: [
          {
            type: 'role.assigned',
            subject: { kind: 'role', id: after.id },
            refs: { person: person.id },
            data: { role: 'administrator' },
          },
        ],
      },
    ];
  });
}

/** By directory key, or by a mail address that only one person has. */
function find(people: readonly Person[], name: string): Person | null {
  const byKey = people.find((person) => person.directoryKey === name);
  if (byKey) return byKey;
  const byMail = people.filter((person) => person.email?.toLowerCase() === name.toLowerCase());
  return byMail.length === 1 ? (byMail[0] ?? null) : null;
}
