// Who is who: a chat account is (platform, tenant, user id) and is linked by the directory's key, else by a verified mail address
// where the administrator declares the workspace authoritative. A conflict links nobody. Names never link anybody.
import { DomainError, isRefusal } from '../domain/errors';
import type { Person } from '../domain/model';
import { act } from './act';
import type { By, Desk, IdentityChange, IdentityRow, Seen } from './ports';

/** What the platform vouches for in a delivery, or a look-up gave. */
export interface Account {
  readonly platform: string;
  readonly tenant: string;
  readonly user: string;
  readonly directoryKey: string | null;
  readonly email: string | null;
  /** True only where the platform says so; unknown never counts as confirmed. */
  readonly emailConfirmed: boolean;
  /** Null where the platform did not say it: then what it said before counts. */
  readonly standing: string | null;
  readonly zone: string | null;
  readonly locale: string | null;
}

/** An account as it was kept: who it is, and what is known of it. */
export type Known = Pick<IdentityRow, 'person' | 'standing' | 'said' | 'zone' | 'locale'>;

/**
 * What is known of an account; null before its first contact. It is nobody's where what was found then does not count any more: it was
 * in conflict, or its person left. Then `link` looks again.
 */
export async function known(desk: Desk, account: Pick<Account, 'platform' | 'tenant' | 'user'>): Promise<Known | null> {
  const identity = await desk.views.identity(account.platform, account.tenant, account.user);
  if (identity === null) return null;
  const counts = identity.state !== 'conflict' && identity.person?.state === 'enabled';
  return { ...identity, person: counts ? identity.person : null };
}

/**
 * What an account is where its platform does not say it now: what it said last. What it never said makes nobody better than the directory
 * knows, who is a guest there is one.
 */
export function presumed(kept: Pick<Known, 'standing' | 'said'> | null, person: Person | null): string {
  if (kept !== null && (kept.said !== null || kept.standing !== 'member')) return kept.standing;
  return person?.kind ?? 'member';
}

/** Writes down what the platform says now about an account that is known already: its standing, zone and language. */
export async function refresh(desk: Desk, seen: Seen): Promise<void> {
  await act(desk, by(seen), async (tx) => {
    await tx.clock();
    await tx.sawAccount(seen);
  });
}

const by = ({ platform }: Seen): By => ({ actor: { kind: 'system', name: 'link' }, via: platform });

/**
 * Links an account to its person, or says why nobody was linked. Audited either way. One that was linked, or in conflict, stays
 * as it is until its platform vouches for somebody else who is enabled. `admit` throws for a standing that may not act: then nobody is.
 */
export async function link(desk: Desk, account: Account, admit: (standing: string) => void): Promise<Person> {
  const { person, linkedBy, conflict } = await match(desk, account);
  const kept = await desk.views.identity(account.platform, account.tenant, account.user);
  // An account stays with whoever had it, be it somebody who left, is forgotten or has another one: only a directory's key says that
  // it is another's. Who has their mail address now need not be who uses it.
  const isOthers = kept?.staysWith.some((one) => one !== person?.id) === true;
  if (isOthers && linkedBy !== 'directoryKey') {
    if (person || conflict || kept.state === 'conflict')
      throw new DomainError('link-conflict', { platform: account.platform });
    if (kept.person) throw new DomainError('person-disabled', {});
  }
  if (kept?.state === 'conflict' && !person) throw new DomainError('link-conflict', { platform: account.platform });
  const otherwise = presumed(kept, person);
  if (person) admit(account.standing ?? otherwise);
  const change: IdentityChange = {
    platform: account.platform,
    tenant: account.tenant,
    user: account.user,
    read: kept?.version ?? null,
    person: person?.id ?? null,
    state: person ? 'linked' : conflict ? 'conflict' : 'unlinked',
    linkedBy: person ? linkedBy : null,
    mail: person && linkedBy === 'email' ? account.email : null,
    standing: account.standing,
    presumed: otherwise,
    zone: account.zone,
    locale: account.locale,
  };
  const outcome = await save(desk, change);
  // A file, or another message of theirs, was faster: what it wrote counts.
  if (outcome === 'moved') {
    const now = await known(desk, account);
    if (!now?.person) return link(desk, account, admit);
    admit(account.standing ?? presumed(now, now.person));
    return now.person;
  }
  if (conflict || outcome === 'claimed') throw new DomainError('link-conflict', { platform: account.platform });
  if (!person) throw new DomainError('not-linked', { platform: account.platform });
  return person;
}

/** Writes the link. Where another account of the same workspace or tenant has this person already it is claimed: nobody is linked. */
async function save(desk: Desk, change: IdentityChange): Promise<'saved' | 'moved' | 'claimed'> {
  const write = (wanted: IdentityChange): Promise<boolean> =>
    act(desk, by(change), async (tx) => {
      await tx.clock();
      return tx.saveIdentity(wanted);
    });
  try {
    return (await write(change)) ? 'saved' : 'moved';
  } catch (error) {
    if (!isRefusal(error) || error.code !== 'link-conflict') throw error;
    return (await write({ ...change, person: null, state: 'conflict', linkedBy: null, mail: null }))
      ? 'claimed'
      : 'moved';
  }
}

interface Match {
  readonly person: Person | null;
  readonly linkedBy: IdentityChange['linkedBy'];
  readonly conflict: boolean;
}

async function match(desk: Desk, account: Account): Promise<Match> {
  if (account.directoryKey !== null) {
    const found = await desk.views.peopleByKey(account.directoryKey);
    const [only] = found;
    if (found.length > 1) return { person: null, linkedBy: null, conflict: true };
    if (only) return { person: only, linkedBy: 'directoryKey', conflict: false };
  }
  if (account.email === null || !account.emailConfirmed) return { person: null, linkedBy: null, conflict: false };
  const installation = await desk.views.installation(account.platform, account.tenant);
  const domain = account.email.slice(account.email.lastIndexOf('@') + 1).toLowerCase();
  if (!installation?.authoritativeDomains.some((one) => one.toLowerCase() === domain)) {
    return { person: null, linkedBy: null, conflict: false };
  }
  const found = await desk.views.peopleByMail(account.email);
  const [only] = found;
  if (found.length > 1) return { person: null, linkedBy: null, conflict: true };
  return only?.state === 'enabled'
    ? { person: only, linkedBy: 'email', conflict: false }
    : { person: null, linkedBy: null, conflict: false };
}
