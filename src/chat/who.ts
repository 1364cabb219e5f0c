// Who talks: the person behind a delivery, with the clock and language that cards are drawn for.
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { Desk } from '../operations/ports';
import { known, link, refresh } from '../operations/people';
import type { Account, Known } from '../operations/people';
import { ChannelError } from './channel';
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
  const kept = await known(desk, inbound);
  if (inbound.profile !== null || kept?.person) await judge(desk, inbound, kept, guestsAllowed);
  if (kept?.person) return asReader(kept.person, inbound.profile?.zone ? inbound.profile : kept);
  const told = { ...inbound, profile: await complete(profiles, inbound) };
  await judge(desk, told, kept, guestsAllowed);
  return asReader(await linked(desk, told, guestsAllowed), told.profile);
}

/** With what only a look-up says of an account that is nobody's yet. It only adds to what its delivery vouches for. */
async function complete(profiles: Profiles, { platform, tenant, user, profile }: Inbound): Promise<Profile | null> {
  if (profile === null || (profile.email ?? profile.directoryKey) === null) return profiles(platform, tenant, user);
  if (profile.standing !== null) return profile;
  const found = await profiles(platform, tenant, user).catch((error: unknown) => {
    if (error instanceof ChannelError) return null;
    throw error;
  });
  return { ...profile, standing: found?.standing ?? null };
}

type Told = Pick<Inbound, 'platform' | 'tenant' | 'user' | 'profile'>;

/**
 * Refuses whoever may not act by what the platform says now, else by what it said last. What it says of a known account is kept before
 * that, since the next delivery may say nothing; of anybody else nothing is.
 */
async function judge(desk: Desk, account: Told, kept: Known | null, guestsAllowed: boolean): Promise<void> {
  const { profile } = account;
  if (profile !== null && kept !== null) await keep(desk, account, profile, kept);
  admit(profile?.standing ?? kept?.standing ?? null, guestsAllowed);
}

async function keep(desk: Desk, { platform, tenant, user }: Told, profile: Profile, kept: Known): Promise<void> {
  const { zone, locale } = profile;
  const standing = profile.standing ?? kept.standing;
  const moved = zone !== null && zone !== kept.zone;
  if (standing === kept.standing && !moved) return;
  await refresh(desk, { platform, tenant, user, standing, zone, locale });
}

function linked(desk: Desk, account: Told, guestsAllowed: boolean): Promise<Person> {
  return link(desk, linkable(account), (standing) => {
    admit(standing, guestsAllowed);
  });
}

function linkable({ platform, tenant, user, profile }: Told): Account {
  return {
    platform,
    tenant,
    user,
    directoryKey: profile?.directoryKey ?? null,
    email: profile?.email ?? null,
    emailConfirmed: profile?.emailConfirmed === true,
    standing: profile?.standing ?? null,
    zone: profile?.zone ?? null,
    locale: profile?.locale ?? null,
  };
}

/**
 * Links an account that a platform found by a person's mail address, under the conditions of a first contact. False where it
 * stays unlinked, or is somebody's already.
 */
export async function introduce(desk: Desk, person: Person, account: Told): Promise<boolean> {
  const { platform, tenant, profile } = account;
  const installation = await desk.views.installation(platform, tenant);
  if (profile === null || !installation || installation.authoritativeDomains.length === 0) return false;
  try {
    const kept = await known(desk, account);
    await judge(desk, account, kept, installation.guestsAllowed);
    if (kept?.person) return false;
    return (await linked(desk, account, installation.guestsAllowed)).id === person.id;
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
