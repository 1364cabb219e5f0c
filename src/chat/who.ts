// Who talks: the person behind a delivery, with the clock and language that cards are drawn for.
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { Desk } from '../operations/ports';
import { known, link, refresh } from '../operations/people';
import type { Account, Known } from '../operations/people';
import type { Inbound, Platform, Profile } from './inbound';

export interface Who {
  readonly person: Person;
  /** IANA zone that instants are shown in. */
  readonly zone: string;
  readonly locale: string;
}

/** Looks an account up at its platform, for deliveries that carry no profile. */
export type Profiles = (platform: Platform, tenant: string, user: string) => Promise<Profile | null>;

/**
 * Refuses accounts that may never act, before anything is stored: outsiders of the tenant or workspace, bots, guests without
 * permission (checklist rows 10, 28, 40, 58).
 */
export function admit(standing: string | null, guestsAllowed: boolean): void {
  switch (standing) {
    case null:
    case 'member':
      return;
    case 'guest':
      if (guestsAllowed) return;
      throw new DomainError('guest-refused', {});
    case 'foreign':
    case 'anonymous':
      throw new DomainError('foreign-tenant', { platform: standing });
    case 'bot':
      throw new DomainError('bot-refused', {});
    default:
      throw new DomainError('person-disabled', {});
  }
}

/**
 * The person of a delivery. Links the account at its first contact; says what to do where that is not possible. Where a delivery
 * says nothing of the account's standing, what the platform said last counts, never the best case.
 */
export async function identify(desk: Desk, profiles: Profiles, inbound: Inbound): Promise<Who> {
  const installation = await desk.views.installation(inbound.platform, inbound.tenant);
  const guestsAllowed = installation?.guestsAllowed ?? false;
  admit(inbound.profile?.standing ?? null, guestsAllowed);
  const kept = await known(desk, inbound);
  if (kept?.person) {
    if (inbound.profile === null) admit(kept.standing, guestsAllowed);
    else await keep(desk, inbound, inbound.profile, kept);
    return asReader(kept.person, inbound.profile?.zone ? inbound.profile : kept);
  }
  const told = inbound.profile?.email ?? inbound.profile?.directoryKey ?? null;
  const profile = told === null ? await profiles(inbound.platform, inbound.tenant, inbound.user) : inbound.profile;
  admit(profile?.standing ?? null, guestsAllowed);
  const linked = await link(desk, linkable(inbound.platform, inbound.tenant, inbound.user, profile));
  return asReader(linked, profile);
}

async function keep(desk: Desk, inbound: Inbound, profile: Profile, kept: Known): Promise<void> {
  const moved = profile.zone !== null && profile.zone !== kept.zone;
  if (profile.standing === kept.standing && !moved) return;
  await refresh(desk, {
    platform: inbound.platform,
    tenant: inbound.tenant,
    user: inbound.user,
    standing: profile.standing,
    zone: profile.zone,
    locale: profile.locale,
  });
}

function linkable(platform: Platform, tenant: string, user: string, profile: Profile | null): Account {
  return {
    platform,
    tenant,
    user,
    directoryKey: profile?.directoryKey ?? null,
    email: profile?.email ?? null,
    emailConfirmed: profile?.emailConfirmed === true,
    standing: profile?.standing ?? 'member',
    zone: profile?.zone ?? null,
    locale: profile?.locale ?? null,
  };
}

/**
 * Links an account that a platform found by a person's mail address, under the conditions of a first contact. False where it
 * stays unlinked, or is somebody's already.
 */
export async function introduce(
  desk: Desk,
  person: Person,
  account: Pick<Inbound, 'platform' | 'tenant' | 'user' | 'profile'>,
): Promise<boolean> {
  const { platform, tenant, user, profile } = account;
  const installation = await desk.views.installation(platform, tenant);
  if (profile === null || !installation || installation.authoritativeDomains.length === 0) return false;
  try {
    admit(profile.standing, installation.guestsAllowed);
    if ((await known(desk, account))?.person) return false;
    return (await link(desk, linkable(platform, tenant, user, profile))).id === person.id;
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

/** A person as the reader of a card: the client's zone where it told one, else the directory's. */
export function asReader(
  person: Person,
  client: { readonly zone: string | null; readonly locale: string | null } | null,
): Who {
  return { person, zone: validZone(client?.zone ?? null) ?? person.timeZone, locale: client?.locale ?? person.locale };
}

function validZone(zone: string | null): string | null {
  if (zone === null) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
