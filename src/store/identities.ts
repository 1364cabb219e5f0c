// Which account on which platform is which person: linked, unlinked or in conflict. Every change is audited.
import type { DomainEvent } from '../domain/events';
import type { PersonId } from '../domain/model';
import type { IdentityChange, PersonConfig, Seen } from '../operations/ports';
import { newId } from './ids';
import type { Query, Row, TxQuery } from './query';
import type { Recorded, Signature } from './tail';
import { recordEvents } from './tail';

const COLUMNS = 'id, person_id, state, linked_by, standing, zone, locale, version';
const FIND = `select ${COLUMNS} from identities where platform = $1 and tenant = $2 and user_id = $3 for no key update`;
// How it was linked stays when it no longer is: by that the release before knows that it was somebody's.
const WRITE = `
insert into identities (id, platform, tenant, user_id, person_id, state, linked_by, standing, standing_said_at, zone, locale,
  last_seen_at, version)
values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, $12), case when $8::text is not null then usher_now() end, $9, $10, usher_now(), 1)
on conflict (platform, tenant, user_id) do update set person_id = excluded.person_id, state = excluded.state,
  linked_by = coalesce(excluded.linked_by, identities.linked_by), standing = excluded.standing,
  standing_said_at = coalesce(excluded.standing_said_at, identities.standing_said_at), zone = excluded.zone, locale = excluded.locale,
  last_seen_at = excluded.last_seen_at, version = identities.version + 1
  where identities.version = $11
returning ${COLUMNS}`;

// Held, so that no file takes the address from them meanwhile.
const HAS_MAIL = 'select 1 from people where id = $1 and lower(email) = lower($2) for share';
const LINKED_BY_MAIL = `
insert into linked_mails (identity_id, person_id, mail, linked_at) values ($1, $2, lower($3), usher_now())
on conflict (identity_id, person_id) do update set mail = excluded.mail, linked_at = excluded.linked_at`;

// The addresses that a person (`of`) had, as the trail says. Where it says nothing any more, nothing is told.
const MAILS = (of: string): string => `audit_events e
    left join remarks said on said.hash = decode(e.after -> 'people' -> e.subject_id -> 'email' ->> 'remark', 'hex')
    where e.subject_kind = 'person' and e.subject_id = ${of}.id::text and e.after -> 'people' -> e.subject_id ? 'email'`;
const ALL_MAILS = (of: string): string =>
  `array_remove(array(select lower(said.text) from ${MAILS(of)} order by e.id), null)`;
// When they got the address of `m` and lost it.
const HAVING = (of: string): string => `from (
  select id, at, has or lag(has) over (order by id) as moved from (
    select e.id, e.at, coalesce(lower(said.text) = m.mail, false) as has from ${MAILS(of)}) mails
  ) e where moved`;

/**
 * Whether it was a mistake that an address (`m`) linked an account to a person (`p`), and is mended: it is again that of somebody who is
 * here and had it before them, and they had it for two weeks at most. Any other address may have been handed over, as that of a role:
 * who has it now need not be who uses the account.
 */
export const MENDED = `(p.state = 'enabled' and lower(p.email) <> m.mail and exists (select from people other
  where lower(other.email) = m.mail and other.state = 'enabled' and other.id <> p.id
    and (select min(e.id) ${HAVING('other')}) < (select case when max(e.at) - min(e.at) <= interval '14 days' then min(e.id) end ${HAVING('p')})))`;

/**
 * Whether two newcomers exchanged their only addresses, one of which (`m`) linked an account to one of them (`p`). Nobody can tell which of
 * the two files was wrong: the account is nobody's until its directory or a file says whose it is, and an address does not.
 */
const EXCHANGED = `(p.state = 'enabled' and exists (select from people other
  where lower(other.email) = m.mail and other.state = 'enabled' and other.id <> p.id
    and ${ALL_MAILS('p')} = array[m.mail, lower(p.email)] and ${ALL_MAILS('other')} = array[lower(p.email), m.mail]
    and (select max(e.at) - min(e.at) <= interval '14 days' ${HAVING('p')})))`;

const RELEASE = `
with changed as materialized (select id, mail from jsonb_to_recordset($1::jsonb) as r (id uuid, mail text)),
touched as materialized (
  select m.* from changed join linked_mails m on m.person_id = changed.id
  union
  select m.* from changed join linked_mails m on m.mail = lower(changed.mail)
)
update identities i set person_id = null, state = 'unlinked', version = i.version + 1
from touched m join people p on p.id = m.person_id
where i.id = m.identity_id and i.person_id = p.id and i.linked_by = 'email' and (${MENDED} or ${EXCHANGED})
returning i.id, i.platform, p.id as person`;

const SEEN = `
update identities set standing = coalesce($4, standing), standing_said_at = case when $4::text is null then standing_said_at else usher_now() end,
  zone = coalesce($5, zone), locale = coalesce($6, locale), last_seen_at = usher_now(), version = version + 1
where platform = $1 and tenant = $2 and user_id = $3`;

const EVENTS = { linked: 'identity.linked', conflict: 'identity.conflicted', unlinked: 'identity.unlinked' } as const;
const PERSONAL: ReadonlySet<string> = new Set(['zone', 'locale']);

/** What a platform says of an account, whoever has it by now. */
export async function sawAccount(q: TxQuery, { platform, tenant, user, standing, zone, locale }: Seen): Promise<void> {
  await q(SEEN, [platform, tenant, user, standing, zone, locale]);
}

/**
 * Writes an identity; an event only where the link itself changed. Tells the number of outgoing rows. False, and nothing is written,
 * where it is not any more what was read.
 */
export async function saveIdentity(
  q: TxQuery,
  change: IdentityChange,
  signature: Signature,
  sent: (rows: number) => void,
): Promise<boolean> {
  const { platform, tenant, user, person, state, linkedBy, mail, standing, presumed, zone, locale, read } = change;
  if (mail !== null && (await q(HAS_MAIL, [person, mail])).length === 0) return false;
  const [found] = await q(FIND, [platform, tenant, user]);
  const before = (found as Row | undefined) ?? null;
  const values = [newId(), platform, tenant, user, person, state, linkedBy, standing, zone, locale, read, presumed];
  const [written] = await q(WRITE, values);
  if (written === undefined) return false;
  const after = written as Row;
  const id = after['id'] as string;
  if (mail !== null) await q(LINKED_BY_MAIL, [id, person, mail]);
  if (before && before['state'] === state && before['person_id'] === person) return true;
  const event: DomainEvent = {
    type: EVENTS[state],
    subject: { kind: 'identity', id },
    refs: person === null ? {} : { person },
    data: { platform, linkedBy, standing: standing ?? presumed },
  };
  const rows = [{ table: 'identities', id, before, after, personal: PERSONAL }];
  await recordEvents(q, [{ event, rows }], signature, sent);
  return true;
}

/** Frees the accounts that an address linked to the wrong person, or perhaps did, once these changes of people say whose it is. */
export async function freeMended(
  q: Query,
  people: readonly { readonly before: PersonConfig | null; readonly after: PersonConfig }[],
): Promise<readonly Recorded[]> {
  const changed = people.flatMap(({ before, after }) =>
    before && (before.email !== after.email || before.state !== after.state)
      ? [{ id: after.id, mail: after.email }]
      : [],
  );
  if (changed.length === 0) return [];
  const freed = await q(RELEASE, [JSON.stringify(changed)]);
  return (freed as readonly { id: string; platform: string; person: PersonId }[]).map(({ id, platform, person }) => ({
    event: {
      type: 'identity.unlinked',
      subject: { kind: 'identity', id },
      refs: { person },
      data: { platform, linkedBy: 'email' },
    },
    rows: [
      {
        table: 'identities',
        id,
        before: { person_id: person },
        after: { person_id: null },
        personal: new Set<string>(),
      },
    ],
  }));
}
