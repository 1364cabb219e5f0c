// Who talks: the person behind a delivery, with the clock and language that cards are drawn for.
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { Desk } from '../operations/ports';
import { known, link, presumed, refresh } from '../operations/people';
import type { Account, Known } from '../operations/people';
import { ChannelError } from './channel';
import type { Inbound, Profile } from './inbound';

export interface Who {
  readonly person: Person;
  /** IANA zone that instants are shown in. */
  readonly zone: string;
  readonly locale: string;
}

/**
 * A delivery that waits. What was said of its account when it was heard is not said of it by then: it is asked anew, as where nothing was
 * said. What vouches for who it is stays, where only the delivery does.
 */
export function waits(inbound: Inbound): Inbound {
  const { profile } = inbound;
  return { ...inbound, profile: profile?.standing === null ? { ...profile, zone: null } : null };
}

/** Looks the account of a delivery up at its platform, where that does not say all of it. */
export type Profiles = (delivery: Pick<Inbound, 'platform' | 'tenant' | 'user' | 'surface'>) => Promise<Profile | null>;

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

/** Milliseconds that somebody who is known waits for what their platform says of them now: a click is answered within two seconds. */
const PATIENCE_MS = 800;
/** Milliseconds in which a platform that did not say it in time is not waited for again. */
const REST_MS = 60_000;

/**
 * Looks up who is known already, in the time that they can wait: null where the platform is slow or away, and what it said last counts.
 * What comes too late is there for the next delivery.
 */
export function patiently(profiles: Profiles): Profiles {
  const late = new Map<string, { found: Profile | null }>();
  return async (delivery) => {
    const key = [delivery.platform, delivery.tenant, delivery.user].join('/');
    const known = late.get(key);
    if (known !== undefined) return known.found;
    const rest = (found: Profile | null): { found: Profile | null } => {
      const kept = { found };
      late.set(key, kept);
      setTimeout(() => late.delete(key), REST_MS).unref();
      return kept;
    };
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, 'late');
    });
    const asked = profiles(delivery).catch((error: unknown) => {
      if (error instanceof ChannelError) return 'failed' as const;
      throw error;
    });
    try {
      const found = await Promise.race([asked, waited]);
      if (found === 'failed') return rest(null).found;
      if (found !== 'late') return found;
      const kept = rest(null);
      asked.then(
        (then) => {
          if (then !== 'failed') kept.found = then;
        },
        () => undefined,
      );
      return null;
    } finally {
      clearTimeout(timer);
    }
  };
}

/**
 * The person of a delivery. Links the account at its first contact; says what to do where that is not possible. Where a delivery
 * says nothing of the account's standing, what the platform said last counts, never the best case. `again`: asks of who is known.
 */
export async function identify(
  desk: Desk,
  profiles: Profiles,
  inbound: Inbound,
  again: Profiles = profiles,
): Promise<Who> {
  const installation = await desk.views.installation(inbound.platform, inbound.tenant);
  const guestsAllowed = installation?.guestsAllowed ?? false;
  const kept = await known(desk, inbound);
  const isSaid = inbound.profile !== null && inbound.profile.standing !== null;
  // Whoever is said to be nobody who may act is refused before anything is asked of them.
  if (isSaid) await judge(desk, inbound, kept, guestsAllowed);
  const told = { ...inbound, profile: await complete({ profiles, again }, inbound, kept) };
  if (!isSaid || told.profile !== inbound.profile) await judge(desk, told, kept, guestsAllowed);
  if (kept?.person) return asReader(kept.person, inbound.profile?.zone ? inbound.profile : kept);
  return asReader(await linked(desk, told, guestsAllowed), told.profile);
}

/**
 * With what only a look-up says of an account that is nobody's yet, or whose standing its platform did not say for a day, if ever. It
 * only adds to what its delivery vouches for.
 */
async function complete(
  { profiles, again }: { readonly profiles: Profiles; readonly again: Profiles },
  inbound: Inbound,
  kept: Known | null,
): Promise<Profile | null> {
  const { profile } = inbound;
  const isVouchedFor = profile !== null && (profile.email ?? profile.directoryKey) !== null;
  if (!kept?.person && !isVouchedFor) return profiles(inbound);
  if (profile?.standing !== null || kept?.said === 'lately') return profile;
  const found = await (kept?.person ? again : profiles)(inbound).catch((error: unknown) => {
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
  admit(profile?.standing ?? (kept === null ? null : presumed(kept, kept.person)), guestsAllowed);
}

async function keep(desk: Desk, { platform, tenant, user }: Told, profile: Profile, kept: Known): Promise<void> {
  const { standing, zone, locale } = profile;
  const isNews = standing !== null && (standing !== kept.standing || kept.said !== 'lately');
  if (!isNews && (zone === null || zone === kept.zone)) return;
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
