// The acts of the limit: hand-written statements, prepared on their connection, with nothing between them and the server. What
// they do per act is what quality targets are ratios of; each counts its own work, so that a wrong one cannot look fast.
import type { Client, Pool, QueryResult } from 'pg';

type Values = readonly unknown[];

const prepared =
  (name: string, text: string) =>
  <Row extends object>(client: Client, values: Values): Promise<QueryResult<Row>> =>
    client.query<Row>({ name, text, values: [...values] });

// -- asking, as seven statements in a transaction: what careful code without any other layer does

const read = prepared(
  'ask_read',
  `select u.name, p.package_id, k.name as package, (select array_agg(a.person_id) from policy_approvers a
     where a.policy_id = p.id and a.stage = 1 and a.person_id <> u.id) as approvers
   from people u, policies p join packages k on k.id = p.package_id where u.id = $1 and u.enabled and p.id = $2`,
);
const request = prepared(
  'ask_request',
  'insert into requests (person_id, package_id, policy_id, reason, delivery) values ($1, $2, $3, $4, $5) returning id',
);
const approvals = prepared(
  'ask_approvals',
  'insert into approvals (request_id, stage, person_id) select $1, 1, unnest($2::bigint[])',
);
const audit = prepared(
  'ask_audit',
  `insert into audit_events (actor, action, subject_kind, subject_id, data) values ($1, 'request.submitted', 'request', $2, $3)`,
);
const outgoing = prepared(
  'ask_outgoing',
  `insert into outgoing (kind, dedupe_key, payload)
   select kind, key, payload from unnest($1::text[], $2::text[], $3::jsonb[]) as t (kind, key, payload)`,
);

/** Asks for the package of a policy. */
export async function ask(client: Client, person: number, policy: number, delivery: string): Promise<void> {
  await client.query('begin');
  const { rows } = await read<{ name: string; package_id: string; package: string; approvers: string[] }>(client, [
    person,
    policy,
  ]);
  const facts = rows[0];
  if (facts === undefined) throw new Error('nobody asks for nothing');
  const made = await request<{ id: string }>(client, [
    person,
    facts.package_id,
    policy,
    'needed for the project',
    delivery,
  ]);
  const id = made.rows[0]?.id ?? '';
  await approvals(client, [id, facts.approvers]);
  await audit(client, [person, id, { package: facts.package_id, policy, reason: 'needed for the project' }]);
  const told = [
    ...facts.approvers.map((approver) => ['approval', approver] as const),
    ['receipt', String(person)] as const,
  ];
  await outgoing(client, [
    told.map(([kind]) => kind),
    told.map(([kind, to]) => `r${id}:${kind}:${to}`),
    told.map(([, to]) => ({ request: id, to, package: facts.package, by: facts.name })),
  ]);
  await client.query('commit');
}

// -- deciding, as one statement: state, approval, assignment, trail and three outgoing rows

const decideOnce = prepared(
  'decide',
  `with r as (
     update requests set state = $3, version = version + 1 where id = $1 and state = 'pending' and person_id <> $2
     returning id, person_id, package_id, policy_id
   ), ap as (
     update approvals a set decision = $3, decided_at = now() from r
     where a.request_id = r.id and a.person_id = $2 and a.decision is null returning a.id
   ), granted as (
     insert into assignments (person_id, package_id, policy_id, request_id, state, starts_at, ends_at)
     select r.person_id, 100000 + r.id, r.policy_id, r.id, 'delivering', now(), now() + interval '30 days' from r where $3 = 'approved'
   ), audited as (
     insert into audit_events (actor, action, subject_kind, subject_id, data) select $2, 'request.' || $3, 'request', r.id, '{}' from r
   ), sent as (
     insert into outgoing (kind, dedupe_key, payload)
     select x.kind, 'g' || r.id || x.kind, jsonb_build_object('request', r.id)
     from r, (values ('decision'), ('redraw'), ('place')) x (kind) where $3 = 'approved' or x.kind <> 'place'
   )
   select count(*)::integer as n from r`,
);

/** Decides a request; false when somebody else was first. */
export async function decide(
  client: Client,
  id: number,
  person: number,
  decision: 'approved' | 'denied',
): Promise<boolean> {
  const { rows } = await decideOnce<{ n: number }>(client, [id, person, decision]);
  return rows[0]?.n === 1;
}

// -- what is over ends: each row an update, an audit event and two outgoing rows, all of them in one statement

const endAll = prepared(
  'end',
  `with due as (
     select id from assignments where state = 'delivered' and ends_at <= $1 order by ends_at limit $2 for update skip locked
   ), ended as (
     update assignments a set state = 'ended', ended_at = $1 from due where a.id = due.id
     returning a.id, a.person_id, a.package_id, a.ends_at
   ), audited as (
     insert into audit_events (actor, action, subject_kind, subject_id, data)
     select null, 'assignment.ended', 'assignment', id, jsonb_build_object('person', person_id, 'package', package_id, 'due', ends_at) from ended
   ), sent as (
     insert into outgoing (kind, dedupe_key, payload)
     select x.kind, 'x' || ended.id || x.kind, jsonb_build_object('assignment', ended.id, 'person', ended.person_id, 'package', ended.package_id)
     from ended, (values ('revoke'), ('ended')) x (kind)
   )
   select count(*)::integer as n from ended`,
);

/** Ends up to `most` assignments that are over at this instant; returns how many. */
export async function end(client: Client, at: Date, most: number): Promise<number> {
  const { rows } = await endAll<{ n: number }>(client, [at, most]);
  return rows[0]?.n ?? 0;
}

// -- what may a person ask for: groups flattened, nothing held or pending, nothing in conflict with it

const listAll = prepared(
  'list',
  `with ok as (
     select package_id from policies where enabled and scope = 'everyone'
     union
     select p.package_id from group_people g join group_closure c on c.group_id = g.group_id
     join policy_groups named on named.group_id = c.ancestor_id join policies p on p.id = named.policy_id and p.enabled
     where g.person_id = $1
     union
     select p.package_id from policy_people named join policies p on p.id = named.policy_id and p.enabled where named.person_id = $1
   ), held as materialized (
     select package_id from assignments where person_id = $1 and state in ('delivering', 'delivered')
     union
     select package_id from requests where person_id = $1 and state in ('pending', 'approved')
   )
   select k.id, k.name from ok join packages k on k.id = ok.package_id
   where not k.hidden and k.id not in (select package_id from held)
     and not exists (select 1 from incompatible i where i.package_id = k.id and i.other_id in (select package_id from held))
   order by k.name`,
);

/** The packages that a person may ask for, all of them. */
export async function list(client: Client, person: number): Promise<number> {
  return (await listAll(client, [person])).rows.length;
}

// -- a callback is stored once, whatever it says

const storeOnce = prepared('store', 'insert into inbound (key, body) values ($1, $2) on conflict do nothing');

/** Keeps what a platform delivered; true when it was new. */
export async function store(client: Client | Pool, key: string, body: string): Promise<boolean> {
  return (await storeOnce(client as Client, [key, body])).rowCount === 1;
}
