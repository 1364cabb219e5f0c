// Partner organizations and where people come in: workspaces, tenants, and the chat accounts that are linked by the file.
import type { DomainEvent } from '../../domain/events';
import type { OrganizationId, PersonId } from '../../domain/model';
import type { IdentityConfig, InstallationConfig, OrganizationConfig } from '../ports';
import { at, differences, eventOf, everywhere, fold, kept, refuse, settle, type Draft } from './draft';
import { noteHandedOver } from './handed-over';
import { stateOf, type People } from './people';
import type { Place } from './read';
import { show } from './values';

type Source = OrganizationConfig['sources'][number];

export function settlePartners(draft: Draft, found: People): void {
  const claimed = new Map<string, string>();
  const written = new Set(found.written.partners.map(({ id }) => id));
  for (const one of draft.known.organizations)
    if (!written.has(one.id)) for (const source of one.sources) claimed.set(keyOf(source), one.name);

  for (const { text, place, before, id } of found.written.partners) {
    if (text.state === 'deleted' && !before) {
      draft.unchanged += 1;
      continue;
    }
    const listOf = (kind: Source['kind'], values: readonly string[] | undefined): Source[] =>
      values === undefined
        ? (before?.sources.filter((one) => one.kind === kind) ?? [])
        : [...new Set(values.map((value) => (kind === 'domain' ? fold(value) : value)))].map((value) => ({
            kind,
            value,
          }));
    const sources =
      text.state === 'deleted'
        ? []
        : [
            ...listOf('tenant', text.tenants),
            ...listOf('workspace', text.workspaces),
            ...listOf('domain', text.domains),
          ];
    for (const source of sources) {
      const other = claimed.get(keyOf(source));
      if (other !== undefined)
        refuse(
          draft,
          at(place, `${source.kind}s`),
          `The ${source.kind} ${show(source.value)} belongs to "${other}" already. Write it once.`,
        );
      claimed.set(keyOf(source), text.name);
    }
    const after: OrganizationConfig = {
      id: id as OrganizationId,
      name: text.name,
      description: kept(text.description, before?.description, ''),
      state: kept(text.state, before?.state, 'configured'),
      sources,
      version: (before?.version ?? 0) + 1,
    };
    const subject = { kind: 'organization', id } as const;
    if (!before) {
      const events = [eventOf('organization.created', subject, {}, [])];
      settle(draft, 'partner', {
        before,
        after,
        word: 'partner organization',
        label: text.name,
        action: 'create',
        details: [],
        events,
      });
      continue;
    }
    const changed = differences(draft, inOrder(before), inOrder(after));
    if (changed.length === 0) {
      draft.unchanged += 1;
      continue;
    }
    settle(draft, 'partner', {
      before,
      after,
      word: 'partner organization',
      label: text.name,
      action: text.state === 'deleted' ? 'delete' : 'change',
      details: changed.map(({ detail }) => detail),
      events: [eventOf('organization.changed', subject, {}, changed)],
    });
  }
}

export function settleInstallations(draft: Draft): void {
  const stored = new Map(draft.known.installations.map((one) => [`${one.platform} ${one.tenant}`, one]));
  const seen = new Set<string>();
  for (const { text, place } of everywhere(draft.blueprint, 'installations')) {
    const tenant = idOf(text.platform, text.tenant);
    const label = `${text.platform} ${tenant}`;
    if (seen.has(label)) {
      refuse(draft, place, `The installation "${label}" is written twice. Keep one of them.`);
      continue;
    }
    seen.add(label);
    const before = stored.get(label) ?? null;
    const after: InstallationConfig = {
      platform: text.platform,
      tenant,
      name: kept(text.name, before?.name, ''),
      authoritativeDomains: kept(
        text.authoritativeDomains && [...new Set(text.authoritativeDomains.map(fold))],
        before?.authoritativeDomains,
        [],
      ),
      guestsAllowed: kept(text.guestsAllowed, before?.guestsAllowed, false),
      fromSettings: before?.fromSettings ?? {},
    };
    const changed = differences(draft, before ?? {}, after);
    if (changed.length === 0) {
      draft.unchanged += 1;
      continue;
    }
    settle(draft, 'installation', {
      before,
      after,
      word: 'installation',
      label,
      action: before ? 'change' : 'create',
      details: before ? changed.map(({ detail }) => detail) : [],
      events: [eventOf('settings.applied', { kind: 'settings', id: `installation ${label}` }, {}, changed)],
    });
  }
}

/** Entra's ids are the same in any case, and Teams is heard with small letters; those of others mean what they say. */
const idOf = (platform: Claim['platform'], id: string): string =>
  platform === 'teams' && /^[0-9a-f-]{36,40}$/i.test(id) ? id.toLowerCase() : id;

interface Claim {
  readonly place: Place;
  readonly platform: IdentityConfig['platform'];
  readonly tenant: string;
  readonly user: string;
  readonly person: PersonId;
}

/**
 * Accounts are only ever linked or moved by a file: what chat linked by itself stays. An account stands for one person,
 * and a person has one account per workspace or tenant; the database holds both as unique keys.
 */
export function settleIdentities(draft: Draft, found: People): void {
  const claims = found.written.people.flatMap(({ text, place, id, before }) =>
    (stateOf(text, before) === 'deleted' ? [] : (text.identities ?? [])).map((one, n): Claim => ({
      ...one,
      tenant: idOf(one.platform, one.tenant),
      user: idOf(one.platform, one.user),
      place: at(place, 'identities', n),
      person: id as PersonId,
    })),
  );
  const byAccount = new Map(draft.known.identities.map((one) => [account(one), one]));
  const byPerson = new Map(draft.known.identities.map((one) => [seat(one), one]));
  const good = withoutDoubles(draft, claims);
  const named = new Set(claims.map(account));
  noteHandedOver(draft, found, (one) => named.has(account(one)));
  // Rows that some claim of this blueprint takes away from their person.
  const freed = new Set(
    good.flatMap((one) => {
      const row = byPerson.get(seat(one));
      return row && row.user !== one.user ? [row.id] : [];
    }),
  );

  for (const claim of good) {
    const holder = byAccount.get(account(claim));
    const own = byPerson.get(seat(claim));
    if (holder && holder.person === claim.person) {
      draft.unchanged += 1;
      continue;
    }
    if (holder && own && !freed.has(holder.id)) {
      const who = draft.names.get(holder.person) ?? holder.person;
      refuse(
        draft,
        claim.place,
        `The account ${show(claim.user)} is linked to "${who}", who has no other here. Give "${who}" their account in the file as well.`,
      );
      continue;
    }
    const before = own ?? holder ?? null;
    settleIdentity(draft, claim, before);
  }
}

function settleIdentity(draft: Draft, claim: Claim, before: IdentityConfig | null): void {
  const { platform, tenant, user, person } = claim;
  const moved = before !== null && before.user === user;
  const after: IdentityConfig = {
    id: moved ? before.id : draft.newId(),
    platform,
    tenant,
    user,
    person,
    mail: null,
    version: moved ? before.version + 1 : 1,
  };
  const events: DomainEvent[] = [
    ...(before
      ? [
          {
            type: 'identity.unlinked' as const,
            subject: { kind: 'identity' as const, id: before.id },
            refs: { person: before.person },
            data: { platform, linkedBy: 'file' },
          },
        ]
      : []),
    {
      type: 'identity.linked',
      subject: { kind: 'identity', id: after.id },
      refs: { person },
      data: { platform, linkedBy: 'file' },
    },
  ];
  const name = draft.names.get(person) ?? person;
  settle(draft, 'identity', {
    before,
    after,
    word: 'chat account',
    label: `${platform} ${tenant} ${user}`,
    action: before ? 'change' : 'create',
    details: [
      before && before.person !== person
        ? `${draft.names.get(before.person) ?? before.person} → ${name}`
        : before
          ? `${name}: was ${before.user}`
          : name,
    ],
    events,
  });
}

function withoutDoubles(draft: Draft, claims: readonly Claim[]): Claim[] {
  const accounts = new Map<string, Claim>();
  const seats = new Map<string, Claim>();
  return claims.filter((claim) => {
    const same = accounts.get(account(claim));
    if (same) {
      const other = draft.blueprint.problem(same.place, '');
      refuse(
        draft,
        claim.place,
        `The account ${show(claim.user)} is given to "${draft.names.get(same.person) ?? ''}" as well, at ${other.file}:${other.line}. An account stands for one person.`,
      );
      return false;
    }
    accounts.set(account(claim), claim);
    const second = seats.get(seat(claim));
    if (second) {
      refuse(
        draft,
        claim.place,
        `This person has the account ${show(second.user)} in ${claim.platform} ${claim.tenant} already. Keep one of them.`,
      );
      return false;
    }
    seats.set(seat(claim), claim);
    return true;
  });
}

const account = ({ platform, tenant, user }: { platform: string; tenant: string; user: string }): string =>
  JSON.stringify([platform, tenant, user]);
const seat = ({ platform, tenant, person }: { platform: string; tenant: string; person: string }): string =>
  JSON.stringify([platform, tenant, person]);
/** What a partner is recognized by has no order. */
const inOrder = (partner: OrganizationConfig): OrganizationConfig => ({
  ...partner,
  sources: [...partner.sources].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
});
const keyOf = ({ kind, value }: Source): string => `${kind} ${fold(value)}`;
