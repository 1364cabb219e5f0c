// Remembered messages: which card was sent where, and what it last showed. One per person, platform, view and subject, so
// that telling again edits. What a card should show is computed elsewhere.
import { COPY } from '../domain/consequences';
import type { CardId } from '../domain/model';
import type { CardRow, Cards } from '../operations/ports';
import { isId, newId } from './ids';
import type { Query } from './query';
import { instantOf } from './tables';

type Flat = Omit<CardRow, 'serviceUrl' | 'subject' | 'user' | 'person' | 'request' | 'readAt'> & {
  readonly user_id: string;
  readonly person_id: CardRow['person'];
  readonly service_url: string | null;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly request_id: CardRow['request'];
  readonly read_at: Date;
};

// Where somebody can be reached changes with every outage, whose an account is does not: it alone says who reads the message.
const COLUMNS = `id, platform, tenant, user_id, person_id, conversation, message, service_url, view, subject_kind, subject_id,
  request_id, params, state, hash, xmin::text as version, usher_now() as read_at,
  exists (select from identities i join people p on p.id = i.person_id
    where i.platform = cards.platform and i.tenant = cards.tenant and i.user_id = cards.user_id
      and p.id = cards.person_id and p.state = 'enabled') as theirs`;

// One that was never sent goes to the account that the person has now; one that was stays where it is.
const BEGIN = `
insert into cards (id, platform, tenant, user_id, person_id, view, subject_kind, subject_id, request_id, params, state, created_at, look_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'sending', usher_now(), usher_now() + interval '30 days')
on conflict (person_id, platform, view, subject_kind, subject_id) where state <> 'gone'
  do update set params = excluded.params, request_id = excluded.request_id,
    tenant = case cards.state when 'sending' then excluded.tenant else cards.tenant end,
    user_id = case cards.state when 'sending' then excluded.user_id else cards.user_id end
returning ${COLUMNS}`;
/** Why a card that was begun is gone: its message was looked for, and is not where it should be. */
const NOT_FOUND = 'told_elsewhere';
// Looked for in vain while it was on its way, it is there now all the same, unless another one took its place.
const SENT = `
update cards set state = 'live', conversation = $2, message = $3, service_url = $4, hash = $5, drawn_at = usher_now(),
  error = null, error_at = null
where id = $1 and (state = 'sending' or (state = 'gone' and message is null and error = '${NOT_FOUND}' and not exists (
  select 1 from cards other where other.person_id = cards.person_id and other.platform = cards.platform and other.view = cards.view
    and other.subject_kind = cards.subject_kind and other.subject_id = cards.subject_id and other.state <> 'gone')))
returning id`;
/** So many answers to one person about one subject follow it: each costs its platform a call with every change. */
const MOST_ANSWERS = 3;
// A message that is remembered already goes on as it is; one that was let go and now shows another answer begins anew.
const POSTED = `
with mine as (
  insert into cards (id, platform, tenant, user_id, person_id, conversation, message, service_url, view, subject_kind, subject_id,
    request_id, params, state, hash, drawn_at, created_at, look_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'live', $14, $15,
    usher_now(), usher_now() + interval '30 days')
  on conflict (platform, tenant, conversation, message) where message is not null do update set id = excluded.id,
    view = excluded.view, subject_kind = excluded.subject_kind, subject_id = excluded.subject_id, request_id = excluded.request_id,
    params = excluded.params, state = 'live', hash = excluded.hash, drawn_at = excluded.drawn_at, created_at = excluded.created_at,
    look_at = excluded.look_at, error = null, error_at = null
    where cards.state = 'gone' and cards.person_id = excluded.person_id and cards.user_id = excluded.user_id
  returning id
), older as (
  update cards set params = params || '{"answer": "stays"}' where exists (select from mine) and id in (
    select id from cards where subject_kind = $10 and subject_id = $11 and state = 'live' and person_id = $5
      and params ->> 'answer' = 'follows'
    order by created_at desc, id desc offset ${MOST_ANSWERS - 1})
  returning id
)
select (select count(*) from mine)::integer as mine, (select count(*) from older)::integer as older`;
// Of two who change one message at once nobody knows whose change came last. Whoever writes here last finds that the other did, and the
// message is changed again.
const DRAWN = `
update cards set hash = case when xmin::text = $3 or hash = $2 then $2 end, drawn_at = usher_now(), error = null, error_at = null
where id = $1 returning hash`;
// Also what it shows already is written: a worker who changes it at the moment finds the row changed. What was let go while the answer to
// its button was on its way comes back, so that it says for the last time that it stays.
const ANSWERED = `
with answered as (
  update cards set hash = case when xmin::text = $6 or hash = $5 then $5 end,
    state = case when $6 is not null and params ->> 'answer' = 'stays' then 'live' else state end
  where platform = $1 and tenant = $2 and conversation = $3 and message = $4
  returning id, subject_kind, subject_id, request_id, person_id, state, hash
)
insert into outgoing (kind, subject_kind, subject_id, request_id, params, lane, next_at, dedupe_key, created_at)
select 'redraw', subject_kind, subject_id, request_id, jsonb_build_object('presser', person_id),
  'redraw:' || subject_kind || ':' || subject_id, usher_now(), concat_ws(':', 'answered', id, gen_random_uuid()), usher_now()
from answered where hash is null and state = 'live'
returning id`;
const LOOKED = 'update cards set drawn_at = usher_now(), error = null, error_at = null where id = $1 and hash = $2';
const FAILED = `
update cards set error = $2, error_at = usher_now(), state = case when $3::boolean then 'gone' else state end where id = $1`;
// Another try may have sent it while it was looked for.
const NOT_THERE = `
update cards set error = '${NOT_FOUND}', error_at = usher_now(), state = 'gone' where id = $1 and state = 'sending'`;
/** Leaves a look for each of these cards that were begun and never heard of again (`from`: and a condition). */
export const lookFor = (from: string, trace: string): string => `
insert into outgoing (kind, notice, person_id, subject_kind, subject_id, lane, next_at, dedupe_key, created_at, trace)
select 'redraw', '${COPY}', cards.person_id, 'card', cards.id, '${COPY}:' || cards.id, usher_now(), '${COPY}:' || cards.id, usher_now(), ${trace}
from ${from} and cards.state = 'sending'
on conflict (dedupe_key) do nothing returning id`;
const DOUBTED = lookFor(
  'cards where person_id = $1 and view = $2 and subject_kind = $3 and subject_id = $4 and platform = any ($5::text[])',
  '$6',
);
// A redraw that still waits reads the cards after this and shows what is new. One that is being worked, or was settled since,
// may have read them too early. The margin is the rounding of the instants.
const REDRAWN = `exists (
  select 1 from outgoing o where o.lane = any ($2::text[]) and o.state = 'leased' and o.id <> $4
  union all
  select 1 from outgoing o where o.lane = any ($2::text[]) and o.state in ('done', 'dead')
    and o.settled_at >= $3::timestamptz - interval '10 milliseconds')`;
const OVERTAKEN = `select ${COLUMNS} from cards where id = $1 and ${REDRAWN}`;
// What changed while an answer was on its way was redrawn by nobody: it was no remembered message yet.
const CATCH_UP = `
insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
select 'redraw', subject_kind, subject_id, request_id, 'redraw:' || subject_kind || ':' || subject_id, usher_now(), 'answer:' || id,
  usher_now()
from cards where id = $1 and ($5::boolean or ${REDRAWN})
on conflict (dedupe_key) do nothing returning id`;
const GET = `select ${COLUMNS} from cards where id = $1`;
// What somebody keeps of their request says whether they still have what it gave, and a digest offers the tasks among its lines. Of a
// person, what stands where others read it.
const BY_SUBJECT = `
select ${COLUMNS} from cards where subject_kind = $1 and subject_id = $2 and state = 'live'
union all
select found.* from requests r cross join lateral (select ${COLUMNS} from cards
  where request_id = r.id and split_part(view, '~', 1) = 'request' and state = 'live' offset 0) found
where r.assignment_id = case $1 when 'assignment' then $2::uuid end
union all
select found.* from (select distinct person_id::text as id from resource_keepers where $1 = 'manualTask' and resource_id = (
    select role.resource_id from manual_tasks t join grants g on g.id = t.grant_id join resource_roles role on role.id = g.role_id
    where t.id = case $1 when 'manualTask' then $2::uuid end)) keeper
  cross join lateral (select ${COLUMNS} from cards where subject_kind = 'person' and subject_id = keeper.id and state = 'live'
    and split_part(view, '~', 1) = 'digest' and params ->> 'items' like '%"manualTask:' || $2 || '"%' offset 0) found
union all
select found.* from (select case $1 when 'person' then $2::uuid end as id) person cross join lateral (select ${COLUMNS} from cards
  where person_id = person.id and state <> 'gone' and subject_kind <> 'person' offset 0) found
where found.state = 'live' and not found.theirs
order by id`;
// What its people were told of earlier requests of the same, and of access by them, may offer to ask again until that is done.
const BY_REQUEST = `
with earlier as (
  select earlier.id, earlier.assignment_id, r.created_at, array[r.target_id, r.requestor_id] as people from requests r
  join requests earlier on earlier.target_id = r.target_id and earlier.package_id = r.package_id and earlier.id < r.id
    and earlier.completed_at > r.created_at - interval '30 days'
  where r.id = $1
)
select ${COLUMNS} from cards where request_id = $1 and state = 'live'
union
select found.* from earlier cross join lateral (select ${COLUMNS} from cards
  where request_id = earlier.id and person_id = any (people) and state = 'live' and drawn_at < earlier.created_at offset 0) found
union
select found.* from (select distinct assignment_id, created_at, people from earlier) earlier cross join lateral (select ${COLUMNS}
  from cards where subject_kind = 'assignment' and subject_id = assignment_id::text and person_id = any (people)
    and state = 'live' and drawn_at < earlier.created_at offset 0) found
order by id`;

/** The memory of sent cards. */
export function createCards(q: Query): Cards {
  const answered: Cards['answered'] = async ({ platform, tenant, conversation, message }, { version, hash }) => {
    await q(ANSWERED, [platform, tenant, conversation, message, hash, version]);
  };
  return {
    async begin(card) {
      const [row] = await q(BEGIN, [
        newId(),
        card.platform,
        card.tenant,
        card.user,
        card.person,
        card.view,
        card.subject.kind,
        card.subject.id,
        card.request,
        JSON.stringify(card.params),
      ]);
      return cardOf(row);
    },
    async sent(id, ref, hash) {
      return (await q(SENT, [id, ref.conversation, ref.message, ref.serviceUrl, hash])).length > 0;
    },
    async drawn({ id, version }, hash) {
      const [row] = await q(DRAWN, [id, hash, version]);
      return (row as { hash: string | null } | undefined)?.hash === hash;
    },
    answered,
    async looked(id, hash) {
      await q(LOOKED, [id, hash]);
    },
    async failed(id, error, gone) {
      await q(FAILED, [id, error, gone]);
    },
    async notThere(id) {
      await q(NOT_THERE, [id]);
    },
    async doubted({ person, subject, trace }, view, platforms) {
      await q(DOUBTED, [person, view, subject.kind, subject.id, platforms, trace]);
    },
    async overtaken(seen, own) {
      const [row] = await q(OVERTAKEN, [seen.id, lanesOf(seen), seen.readAt.toISOString(), own.id]);
      return row === undefined ? null : cardOf(row);
    },
    newId: () => newId() as CardId,
    async posted(card) {
      const at = card.readAt.toISOString();
      const [row] = await q(POSTED, [
        card.id,
        card.platform,
        card.tenant,
        card.user,
        card.person,
        card.conversation,
        card.message,
        card.serviceUrl,
        `${card.view}~${card.id}`,
        card.subject.kind,
        card.subject.id,
        card.request,
        JSON.stringify({ ...card.params, answer: 'follows' }),
        card.hash,
        at,
      ]);
      const { mine, older } = row as { mine: number; older: number };
      // In a statement of its own: a redraw that reads the cards from here on sees this one.
      if (mine > 0) await q(CATCH_UP, [card.id, lanesOf(card), at, 0, older > 0]);
      else await answered(card, { version: null, hash: card.hash });
    },
    async get(id: CardId) {
      const [row] = isId(id) ? await q(GET, [id]) : [];
      return row === undefined ? null : cardOf(row);
    },
    async bySubject(subject) {
      return (await q(BY_SUBJECT, [subject.kind, subject.id])).map(cardOf);
    },
    async byRequest(request) {
      return (await q(BY_REQUEST, [request])).map(cardOf);
    },
  };
}

/** The lanes of what redraws a card. */
function lanesOf(card: Pick<CardRow, 'subject' | 'request' | 'params'>): readonly string[] {
  const { subject, request } = card;
  const about = [
    `${subject.kind}:${subject.id}`,
    ...(request === null ? [] : [`request:${request}`]),
    ...tasksIn(card),
  ];
  return about.map((one) => `redraw:${one}`);
}

/** The manual tasks among the lines of a digest, by whose redraws it follows (BY_SUBJECT). */
function tasksIn({ params }: Pick<CardRow, 'params'>): readonly string[] {
  const { items } = params;
  if (typeof items !== 'string') return [];
  return [...items.matchAll(/"about": ?"(manualTask:[0-9a-f-]{36})"/g)].flatMap(([, task]) => task ?? []);
}

function cardOf(given: unknown): CardRow {
  const { user_id, person_id, service_url, subject_kind, subject_id, request_id, read_at, ...same } = given as Flat;
  return {
    ...same,
    user: user_id,
    person: person_id,
    serviceUrl: service_url,
    subject: { kind: subject_kind, id: subject_id },
    request: request_id,
    readAt: instantOf(read_at),
  };
}
