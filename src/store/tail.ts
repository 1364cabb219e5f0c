// The tail of every save, whatever its source: audit events with before and after, erasable remarks for what is personal,
// and the outgoing rows that the table of consequences names. Nothing governed is written without it.
import { createHash } from 'node:crypto';
import { consequences, WAITING } from '../domain/consequences';
import type { DomainEvent, EventType } from '../domain/events';
import type { By } from '../operations/ports';
import { random16 } from './ids';
import type { Row, TxQuery } from './query';
import { Statement } from './query';

/** A changed row as the audit trail shows it. `personal` names the columns that must not be in the trail itself. */
export interface ChangedRow {
  readonly table: string;
  readonly id: string;
  readonly before: Row | null;
  readonly after: Row;
  readonly personal: ReadonlySet<string>;
}

/** An event with the rows that it stands for. */
export interface Recorded {
  readonly event: DomainEvent;
  readonly rows: readonly ChangedRow[];
}

/** Who acts and when: what the trail says beside the event. */
export interface Signature {
  readonly by: By;
  readonly now: Date;
}

interface Remark {
  readonly hash: string;
  readonly salt: string;
  readonly text: string;
}

/** Columns of the source of a tail; `event` must be a part of the statement with exactly these. */
export const EVENT_COLUMNS = `ord integer, type text, subject_kind text, subject_id text, request_id uuid, assignment_id uuid,
  grant_id uuid, person_id uuid, package_id uuid, catalog_id uuid, stage integer, data jsonb, before jsonb, after jsonb,
  remark text`;

/** What one act has to say. */
export interface Told {
  readonly recorded: readonly Recorded[];
  readonly signature: Signature;
}

/** Adds `event` (from values) and the tail of these acts to the statement. */
export function addEvents(statement: Statement, acts: readonly Told[]): void {
  const remarks: Remark[] = [];
  const rows = acts
    .flatMap(({ recorded }, act) => recorded.map((one) => ({ one, act })))
    .map(({ one, act }, ord) => ({ ord, act, ...eventRow(one, remarks) }));
  if (remarks.length > 0) {
    statement.part(
      'remarked',
      `insert into remarks (hash, salt, text) select decode(hash, 'hex'), decode(salt, 'hex'), text
       from jsonb_to_recordset(${statement.json(remarks)}) as r (hash text, salt text, text text)`,
    );
  }
  statement.part(
    'event',
    `select * from jsonb_to_recordset(${statement.json(rows)}) as e (${EVENT_COLUMNS}, act integer)`,
  );
  addTail(
    statement,
    new Set(acts.flatMap(({ recorded }) => recorded.map((one) => one.event.type))),
    acts.map(({ signature }) => signature),
  );
}

// A role that is being taken is late from when that was first asked, however often it is asked again. Reads the grant as it was
// before this statement: one that was wanted until now is asked for the first time. What waits says since when it is to be taken; what
// is being worked beside it may be a giving that hangs, and is asked only where nothing waits.
const TAKING_SINCE = `(select o.created_at from outgoing o
  where o.lane = 'grant:' || about_id and o.kind = 'place' and o.state in ('ready', 'leased')
    and (select g.state from grants g where g.id = about_id::uuid) in ('taking', 'takeFailed')
  order by o.state = 'ready' desc limit 1)`;

// Few wait of all that was ever asked for the package: an index holds those.
const OF_WAITING = `union all
         select 'request', r.id::text, r.id from requests r
         where c.about = '${WAITING}' and r.package_id = a.package_id and r.state = 'pendingApproval'`;

/**
 * Adds the tail for a part `event` that the statement already has. Gives the part `sent` with one row per outgoing row. Of several
 * acts each event names its own, as `act`: its place among the signatures.
 */
export function addTail(statement: Statement, types: ReadonlySet<EventType>, signatures: readonly Signature[]): void {
  statement.part(
    'act',
    `select * from jsonb_to_recordset(${statement.json(signatures.map(signed))}) as s (act integer, at timestamptz,
       actor_kind text, actor_id uuid, actor_name text, via text, delivery text, presser text, trace text)`,
  );
  // What an insert answers does not name the act, but it comes in the order of the events.
  const [among, from] =
    signatures.length === 1
      ? ['event cross join act', 'audited a cross join act']
      : [
          'event join act using (act)',
          `(select audited.*, row_number() over (order by id) as place from audited) a
       join (select act, row_number() over (order by ord) as place from event) told using (place)
       join act using (act)`,
        ];
  statement.part(
    'audited',
    `insert into audit_events (at, type, actor_kind, actor_id, actor_name, via, delivery, subject_kind, subject_id, request_id,
       assignment_id, grant_id, person_id, package_id, catalog_id, stage, data, before, after, remark)
     select at, type, actor_kind, actor_id, actor_name, via, delivery, subject_kind, subject_id, request_id, assignment_id,
       grant_id, person_id, package_id, catalog_id, stage, data, before, after, decode(remark, 'hex')
     from ${among} order by ord
     returning *`,
  );
  const follows = consequences.filter((one) => types.has(one.on));
  if (follows.length === 0) {
    statement.part('sent', 'select null::bigint as id where false');
    return;
  }
  // Redrawing and placing make equal, so one row per subject is enough for all events of an act. A taking is due an hour
  // before its time, which puts it in front of everything that gives. A placement that already waits covers this one
  // (one_ready_place): its worker reads what is wanted behind our lock on the person. But it waits no longer than this one
  // would: after failures it may be hours away, and nobody keeps a role that long because giving it failed before.
  statement.part(
    'sent',
    `insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, request_id, params, lane, next_at,
       dedupe_key, created_at, trace)
     select distinct on (act, kind, about, once)
       kind, notice, audience, person_id, about_kind, about_id, request_id, params,
       case kind when 'place' then 'grant:' || about_id when 'redraw' then 'redraw:' || about
         else coalesce(person_id::text, 'tell') || ':' || about end,
       case when kind = 'place' and type <> 'grant.wanted' then at - interval '1 hour' else at end,
       concat_ws(':', id, kind, notice, audience, case when kind <> 'tell' then about_id end),
       case when kind = 'place' and type <> 'grant.wanted' then least(at, ${TAKING_SINCE}) else at end,
       trace
     from (
       select act.act, act.at, act.trace, a.id, a.type, c.kind, c.notice, c.audience,
         coalesce(a.request_id, waiting_id) as request_id, about_kind, about_id,
         about_kind || ':' || about_id as about,
         case c.kind when 'tell' then concat_ws(':', a.id, c.notice, c.audience) end as once,
         case c.audience when 'person' then a.person_id end as person_id,
         a.data || jsonb_strip_nulls(jsonb_build_object('stage', a.stage, 'event', a.id, 'redraws', c.redraws,
           'presser', case when c.kind <> 'tell' then act.presser end)) as params
       from ${from}
       join jsonb_to_recordset(${statement.json(follows)})
         as c ("on" text, "when" jsonb, kind text, notice text, audience text, about text, redraws boolean)
         on c."on" = a.type and (c."when" is null or a.data @> c."when")
       cross join lateral (
         select coalesce(c.about, a.subject_kind) as about_kind, case
           when c.about is null or c.about = a.subject_kind then a.subject_id
           when c.about = 'request' then a.request_id::text
           when c.about = 'assignment' then a.assignment_id::text
           when c.about = 'grant' then a.grant_id::text
           when c.about = 'person' then a.person_id::text end as about_id, null::uuid as waiting_id
         where (c.kind <> 'place' or a.subject_kind <> 'assignment') and (c.about is distinct from 'person' or a.person_id is not null)
           and c.about is distinct from '${WAITING}'
         union all
         select 'grant', jsonb_object_keys(a.after -> 'grants'), null where c.kind = 'place' and a.subject_kind = 'assignment'
         ${follows.some(({ about }) => about === WAITING) ? OF_WAITING : ''}
       ) subject
     ) due
     order by act, kind, about, once, id
     on conflict (subject_id) where kind = 'place' and state = 'ready'
       do update set next_at = least(outgoing.next_at, excluded.next_at), attempts = 0, created_at = excluded.created_at,
         trace = coalesce(excluded.trace, outgoing.trace), params = outgoing.params || excluded.params
     returning id`,
  );
}

/** Appends events without a state row of the rules: refusals, identities, configuration. Tells the number of outgoing rows. */
export async function recordEvents(
  q: TxQuery,
  recorded: readonly Recorded[],
  signature: Signature,
  sent: (rows: number) => void,
): Promise<void> {
  if (recorded.length === 0) return;
  const statement = new Statement();
  addEvents(statement, [{ recorded, signature }]);
  await statement.later(q, `select (select count(*)::integer from sent) as sent`, ([row]) => {
    sent((row as { sent: number }).sent);
  });
}

function signed({ by, now }: Signature, act: number): Row {
  const { actor } = by;
  return {
    act,
    at: now.toISOString(),
    actor_kind: actor.kind,
    actor_id: actor.kind === 'person' ? actor.id : null,
    actor_name: actor.kind === 'person' ? null : actor.name,
    via: by.via,
    delivery: by.delivery?.key ?? null,
    presser: actor.kind === 'person' ? actor.id : (by.presser ?? null),
    trace: by.trace ?? null,
  };
}

function eventRow({ event, rows }: Recorded, remarks: Remark[]): Row {
  const refs = event.refs;
  const before: Record<string, Record<string, Row>> = {};
  const after: Record<string, Record<string, Row>> = {};
  for (const row of rows) {
    const changed = changes(row, remarks);
    if (changed.before) (before[row.table] ??= {})[row.id] = changed.before;
    (after[row.table] ??= {})[row.id] = changed.after;
  }
  return {
    type: event.type,
    subject_kind: event.subject.kind,
    subject_id: event.subject.id,
    request_id: refs.request ?? null,
    assignment_id: refs.assignment ?? null,
    grant_id: refs.grant ?? null,
    person_id: refs.person ?? null,
    package_id: refs.package ?? null,
    catalog_id: refs.catalog ?? null,
    stage: refs.stage ?? null,
    data: event.data,
    before: Object.keys(before).length > 0 ? before : null,
    after: rows.length > 0 ? after : null,
    remark: event.remark === undefined ? null : remark(event.remark, remarks),
  };
}

// Changed columns only. A personal value is named by its hash; the value before was named when it was written.
function changes(row: ChangedRow, remarks: Remark[]): { before: Row | null; after: Row } {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row.after)) {
    const old = row.before ? (row.before[column] ?? null) : null;
    if (same(old, value)) continue;
    if (!row.personal.has(column)) {
      after[column] = value;
      before[column] = old;
      continue;
    }
    after[column] = value === null ? null : { remark: remark(plain(value), remarks) };
    before[column] = old === null ? null : { remark: 'earlier' };
  }
  return { before: row.before ? before : null, after };
}

function same(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' && typeof other !== 'object') return one === other;
  return one === other || canonical(one) === canonical(other);
}

// jsonb gives its keys back in its own order, so objects are compared with their keys sorted. No answers are as good as none.
function canonical(value: unknown): string {
  const text = JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return text === '{}' ? 'null' : text;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function remark(text: string, remarks: Remark[]): string {
  const salt = random16();
  const hash = createHash('sha256').update(salt).update(text, 'utf8').digest('hex');
  remarks.push({ hash, salt: salt.toString('hex'), text });
  return hash;
}
