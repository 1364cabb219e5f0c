// Which account on which platform is which person: linked, unlinked or in conflict. Every change is audited.
import type { DomainEvent } from '../domain/events';
import type { IdentityChange, Seen } from '../operations/ports';
import { newId } from './ids';
import type { Row, TxQuery } from './query';
import type { Signature } from './tail';
import { recordEvents } from './tail';

const COLUMNS = 'id, person_id, state, linked_by, standing, zone, locale, version';
const FIND = `select ${COLUMNS} from identities where platform = $1 and tenant = $2 and user_id = $3 for no key update`;
// How it was linked stays when it no longer is: by that the release before knows that it was somebody's.
const WRITE = `
insert into identities (id, platform, tenant, user_id, person_id, state, linked_by, standing, zone, locale, last_seen_at, version)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, usher_now(), 1)
on conflict (platform, tenant, user_id) do update set person_id = excluded.person_id, state = excluded.state,
  linked_by = coalesce(excluded.linked_by, identities.linked_by), standing = excluded.standing, zone = excluded.zone, locale = excluded.locale,
  last_seen_at = excluded.last_seen_at, version = identities.version + 1
  where identities.version = $11
returning ${COLUMNS}`;

const SEEN = `
update identities set standing = $4, zone = coalesce($5, zone), locale = coalesce($6, locale), last_seen_at = usher_now(),
  version = version + 1
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
  const { platform, tenant, user, person, state, linkedBy, standing, zone, locale, read } = change;
  const [found] = await q(FIND, [platform, tenant, user]);
  const before = (found as Row | undefined) ?? null;
  const values = [newId(), platform, tenant, user, person, state, linkedBy, standing, zone, locale, read];
  const [written] = await q(WRITE, values);
  if (written === undefined) return false;
  const after = written as Row;
  const id = after['id'] as string;
  if (before && before['state'] === state && before['person_id'] === person) return true;
  const event: DomainEvent = {
    type: EVENTS[state],
    subject: { kind: 'identity', id },
    refs: person === null ? {} : { person },
    data: { platform, linkedBy, standing },
  };
  const rows = [{ table: 'identities', id, before, after, personal: PERSONAL }];
  await recordEvents(q, [{ event, rows }], signature, sent);
  return true;
}
