// Where people can be reached. Conversations are written from verified deliveries only; which platform was used last
// decides where a person is written to first.
import type { Directory, Reachable } from '../operations/ports';
import { putBack } from './outbox';
import type { Query } from './query';

// What closed a place may be over without a word of its person, so a dead one is tried once a day, after the others.
const REACHABLE = `
select i.platform, i.tenant, i.user_id as "user", nullif(c.conversation, '') as conversation, c.service_url as "serviceUrl",
  i.zone, i.locale, coalesce(c.state = 'dead', false) as dead
from identities i
left join conversations c using (platform, tenant, user_id)
left join installations w using (platform, tenant)
where i.person_id = $1 and i.state = 'linked' and w.state is distinct from 'dead'
  and (c.state is distinct from 'dead' or c.updated_at <= usher_now() - interval '1 day')
order by dead, i.last_seen_at desc nulls last, i.platform, i.tenant`;

// Clicks come often and places change seldom, so nothing is written that would say the same. `last_seen_at` only orders
// platforms, and a minute is fine enough for that. A place that is new, or takes messages again, brings what was given up before.
const ACCOUNT = 'platform = $1 and tenant = $2 and user_id = $3';
const SEEN = `
with place as (
  insert into conversations (platform, tenant, user_id, conversation, service_url, state, updated_at)
  values ($1, $2, $3, $4, $5, 'alive', usher_now())
  on conflict (platform, tenant, user_id) do update set conversation = excluded.conversation,
    service_url = excluded.service_url, state = 'alive', dead_code = null, updated_at = excluded.updated_at
  where (conversations.conversation, conversations.service_url, conversations.state)
    is distinct from (excluded.conversation, excluded.service_url, 'alive')
  returning platform, tenant, user_id
), ${putBack(`select i.person_id from identities i join place using (platform, tenant, user_id) where i.state = 'linked'`)}
update identities set last_seen_at = usher_now()
where ${ACCOUNT} and (last_seen_at is null or last_seen_at < usher_now() - interval '1 minute')`;
// Heard where nobody can be written to (a slash command): the platform opens a conversation when there is something to say.
const HEARD = `
with dead as (delete from conversations where ${ACCOUNT} and state = 'dead'),
${putBack(`select person_id from identities where ${ACCOUNT} and state = 'linked'`)}
update identities set last_seen_at = usher_now()
where ${ACCOUNT} and (last_seen_at is null or last_seen_at < usher_now() - interval '1 minute')`;

// It took a message again, which does not say that its person was seen.
const ALIVE = `
with unknown as (delete from conversations where ${ACCOUNT} and state = 'dead' and conversation = ''),
place as (update conversations set state = 'alive', dead_code = null, updated_at = usher_now()
  where ${ACCOUNT} and state = 'dead' and conversation <> ''),
${putBack(`select person_id from identities where ${ACCOUNT} and state = 'linked'`)}
select 1`;

// Where the platform opens conversations itself (it needs no address) the next try asks for a new one.
const DEAD = `
insert into conversations (platform, tenant, user_id, conversation, state, dead_code, updated_at)
values ($1, $2, $3, '', 'dead', $4, usher_now())
on conflict (platform, tenant, user_id) do update
  set state = 'dead', conversation = case when conversations.service_url is null then '' else conversations.conversation end,
    dead_code = excluded.dead_code, updated_at = excluded.updated_at`;

/** The ways to people. */
export function createDirectory(q: Query): Directory {
  return {
    async reachable(person) {
      return (await q(REACHABLE, [person])) as readonly Reachable[];
    },
    async seen({ platform, tenant, user, conversation, serviceUrl }) {
      if (conversation === null) await q(HEARD, [platform, tenant, user]);
      else await q(SEEN, [platform, tenant, user, conversation, serviceUrl]);
    },
    async alive({ platform, tenant, user }) {
      await q(ALIVE, [platform, tenant, user]);
    },
    async dead({ platform, tenant, user }, code) {
      await q(DEAD, [platform, tenant, user, code]);
    },
  };
}
