// That the invariants can fail: a full story is sound, and each kind of damage done to its rows by hand is named. Damage is
// done inside a transaction that is undone, with the triggers and constraints that stand in its way switched off.
import { aWorld, cardOf, SMALL } from '../support/world';
import type { World } from '../support/world';
import { broken, expectSound } from '../support/invariants';
import type { Sql } from '../support/invariants';
import { testDatabase } from '../support/postgres';

const DAY = 86_400_000;
let world: World;

function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last.card;
}
async function ask(user: string, name: string, values: Record<string, string> = {}) {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'month end', ...values });
  await world.settle();
}

beforeAll(async () => {
  world = await aWorld(SMALL);
  await ask('tom', 'ledger reader');
  await world.submit('ana', cardOf(await world.press('ana', latest('ana'), 'Deny')), { reason: 'not needed' });
  await ask('cas', 'ledger auditor');
  await world.submit('cas', cardOf(await world.say('cas', 'give up ledger auditor')), {});
  await ask('ben', 'ledger auditor'); // ends by itself
  await ask('tara', 'ledger reader');
  await world.press('ana', latest('ana'), 'Approve', 'tara-approved');
  await world.pass(20 * DAY); // reminded once
  await ask('tom', 'vault keys'); // waits for hands
  await ask('tom', 'ledger writer', { 'answer.ticket': 'T-1' });
  await world.press('max', latest('max'), 'Approve');
  await world.settle();
  await world.press('ana', latest('ana'), 'Approve');
  await ask('tara', 'ledger writer', { 'answer.ticket': 'T-2' }); // waits for the first stage
  await world.settle();
});

test('a whole story is sound', async () => {
  const states = await world.sql<{ state: string }>('select distinct state from requests order by state');
  expect(states.map(({ state }) => state)).toEqual(['delivered', 'delivering', 'denied', 'pendingApproval', 'removed']);
  await expectSound(world.sql);
});

const NEW = `jsonb_build_object('id', gen_random_uuid(), 'number', 999)`;
const copy = (table: string, where: string): string =>
  `insert into ${table} select (jsonb_populate_record(t, ${NEW})).* from ${table} t where ${where} limit 1`;
const OF_READER = `target_id = (select id from people where directory_key = 'tara') and state = 'delivered'`;

const PERSON = (key: string): string => `(select id from people where directory_key = '${key}')`;
const PACKAGE = (name: string): string => `(select id from packages where name = '${name}')`;
const EVENT = (type: string, kind: string, after: string): string =>
  `insert into audit_events (at, type, actor_kind, actor_name, via, subject_kind, subject_id, data, after)
   select usher_now(), '${type}', 'system', 'test', 'job', '${kind}', id, '{}', jsonb_build_object(noun, jsonb_build_object(id, ${after}))`;
/** A delegation, and the story of how it came to its state. */
const DELEGATION = (state: string, ...told: readonly string[]): readonly string[] => [
  `insert into delegations (id, delegator_id, delegate_id, first_day, last_day, from_at, until_at, state, due_at, version)
   select gen_random_uuid(), ${PERSON('ana')}, ${PERSON('cas')}, '2020-01-01', '2030-01-01', '2020-01-01', '2030-01-02', '${state}', '2030-01-02', ${Math.max(1, told.length)}`,
  ...told.map(
    (one, n) =>
      `${EVENT('delegation.accepted', 'delegation', `jsonb_build_object('state', '${one}', 'version', ${n + 1})`)} from (select 'delegations' as noun, id from delegations) d`,
  ),
];
const EXCLUDING = (other: string, mutual: boolean): string =>
  `insert into incompatibilities (id, package_id, other_package_id, other_group_id, mutual, state, version)
   select gen_random_uuid(), ${PACKAGE('Ledger reader')}, ${other}, ${mutual}, 'active', 1`;
/** Tara has two packages that exclude each other. */
const HOLDS_BOTH: readonly string[] = [
  'drop index one_live_assignment',
  copy('assignments', OF_READER),
  `update assignments set package_id = ${PACKAGE('Given only')} where id not in (select assignment_id from grant_assignments)`,
  `update audit_events set assignment_id = (select max(id::text)::uuid from assignments where ${OF_READER}) where type = 'assignment.delivering'`,
  EXCLUDING(`${PACKAGE('Given only')}, null`, true),
];
/** An exception for her, which was granted long before, as that was told. */
const EXCEPTION = (state: string, until: string, ...told: readonly string[]): readonly string[] => [
  `insert into incompatibility_exceptions (id, incompatibility_id, person_id, owner_id, last_day, until_at, reason, state, version)
   select gen_random_uuid(), i.id, ${PERSON('tara')}, ${PERSON('olga')}, '2020-01-01', ${until}, 'x', '${state}', ${Math.max(1, told.length)}
   from incompatibilities i where i.package_id = ${PACKAGE('Ledger reader')}`,
  ...told.map(
    (one, n) =>
      `${EVENT('exception.changed', 'exception', `jsonb_build_object('state', '${one}', 'version', ${n + 1}, 'until_at', until_at)`)}
       from (select 'incompatibility_exceptions' as noun, id, until_at from incompatibility_exceptions) x`,
  ),
  `update audit_events set at = '2020-01-01' where subject_kind = 'exception'`,
];

const damages: readonly (readonly [invariant: string, damage: string, sql: readonly string[]])[] = [
  ['I1', 'live access loses its reason', [`update justifications set ended_at = now() where ended_at is null`]],
  [
    'I1',
    'a request is not approved after all',
    [`update approval_stages set state = 'expired' where state = 'approved'`],
  ],
  [
    'I1',
    'somebody assigned who may not',
    [
      `update requests set type = 'adminAdd', requestor_id = ${PERSON('cas')} where state = 'delivered' and target_id <> ${PERSON('cas')}`,
      `update justifications set kind = 'direct'`,
    ],
  ],
  ['I2', 'access is given twice', ['drop index one_live_assignment', copy('assignments', OF_READER)]],
  ['I3', 'a request is open twice', ['drop index one_open_request', copy('requests', `state = 'pendingApproval'`)]],
  [
    'I4',
    'an approver is made the requestor',
    ['update requests r set requestor_id = d.person_id from decisions d where d.request_id = r.id'],
  ],
  [
    'I4',
    'somebody decides for the target',
    ['update decisions d set for_id = r.target_id from requests r where r.id = d.request_id'],
  ],
  [
    'I4b',
    'a voice is heard twice',
    [
      `insert into decisions select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'for_id', d.person_id, 'person_id', p.id))).*
       from decisions d, people p where p.directory_key = 'cas'`,
    ],
  ],
  [
    'I4b',
    'a decision is for somebody else than was asked',
    [`update decisions set for_id = (select id from people where directory_key = 'cas')`],
  ],
  [
    'I4b',
    'a delegate is asked beside nobody',
    [
      `update approval_tasks set capacity = 'delegate', for_id = (select id from people where directory_key = 'cas') where state = 'open'`,
    ],
  ],
  [
    'I4c',
    'somebody decides for another who handed them nothing',
    [`update decisions set for_id = (select id from people where directory_key = 'cas')`],
  ],
  [
    'I17b',
    'a delegate is asked without a delegation',
    [
      `update approval_tasks set capacity = 'delegate', for_id = (select id from people where directory_key = 'cas') where state = 'open'`,
    ],
  ],
  [
    'I5',
    'a decision is older than its task',
    [`update approval_tasks set opened_at = closed_at + interval '1 day' where closed_at is not null`],
  ],
  ['I5', 'a task is not there', ['delete from approval_tasks']],
  ['I5', 'a decision does not say by which terms', [`update decisions set shown = '{}'`]],
  [
    'I5b',
    'somebody is asked whom nobody named',
    [`update approval_tasks set person_id = ${PERSON('ben')} where because ->> 'kind' = 'named'`],
  ],
  [
    'I5b',
    'somebody stands in who has no part in it',
    [`update approval_tasks set capacity = 'owner', because = '{"kind": "owner"}' where state = 'decided'`],
  ],
  [
    'I6',
    'a stage is skipped',
    [`update approval_stages set state = 'approved', opened_at = now() where state = 'waiting'`],
  ],
  [
    'I6',
    'the last stage is missing',
    [`delete from approval_stages s using requests r where r.id = s.request_id and s.n = 2 and r.stage = 1`],
  ],
  [
    'I6',
    'a request has no stage at all',
    [
      'delete from audit_events where stage = 1',
      'delete from approval_tasks where n = 1',
      'delete from decisions where n = 1',
      'delete from approval_stages where n = 1 and request_id not in (select request_id from approval_stages where n = 2)',
    ],
  ],
  [
    'I6',
    'a stage asks for fewer than its terms',
    [`update approval_stages set approvals_required = 1 where approvals_required = 2`],
  ],
  [
    'I6',
    'what needs no approval has a stage',
    [
      `update approval_stages set request_id = (select id from requests where type = 'userRemove' limit 1) where state = 'denied'`,
    ],
  ],
  [
    'I6',
    'a request was approved and a stage of it was not',
    [`update requests set approved_at = created_at where state = 'denied'`],
  ],
  [
    'I7',
    'a decision is turned round',
    [`update decisions set decision = 'deny', reason = 'no' where decision = 'approve'`],
  ],
  ['I7', 'a decision is not in the trail', [`delete from audit_events where type = 'decision.recorded'`]],
  [
    'I8',
    'a denied request gives access',
    [`update requests set state = 'denied', completed_at = now() where state = 'delivered'`],
  ],
  ['I9', 'a version is missing in the trail', [`delete from audit_events where type = 'assignment.justified'`]],
  [
    'I9',
    'a delegation skipped a version',
    DELEGATION('accepted', 'proposed', 'accepted', 'accepted').concat(
      `delete from audit_events where subject_kind = 'delegation' and after::text like '%"version": 2%'`,
    ),
  ],
  [
    'I10',
    'a delegation that ended is accepted',
    [
      ...DELEGATION('accepted', 'ended', 'accepted'),
      `update audit_events set before = jsonb_set(after, array['delegations', subject_id], '{"state": "ended"}')
       where subject_kind = 'delegation' and after::text like '%accepted%'`,
    ],
  ],
  [
    'I10',
    'an exception that ended counts again',
    [
      EXCLUDING(`${PACKAGE('Given only')}, null`, true),
      ...EXCEPTION('active', `'2030-01-02'`, 'ended', 'active'),
      `update audit_events set before = jsonb_set(after, array['incompatibility_exceptions', subject_id], '{"state": "ended"}')
       where subject_kind = 'exception' and after::text like '%active%'`,
    ],
  ],
  [
    'I10',
    'a state moves back',
    [
      `update audit_events set after = replace(after::text, '"state": "delivered"', '"state": "scheduled"')::jsonb
       where type = 'assignment.delivered'`,
    ],
  ],
  ['I11', 'a row is changed past the trail', ['update assignments set remind_at = null']],
  ['I11', 'a row is deleted', ['delete from justifications']],
  ['I11', 'the trail knows nothing of a delegation', DELEGATION('accepted')],
  ['I11', 'the trail knows a delegation as proposed', DELEGATION('accepted', 'proposed')],
  [
    'I11',
    'the trail knows nothing of an exception',
    [EXCLUDING(`${PACKAGE('Given only')}, null`, true), ...EXCEPTION('active', `'2030-01-02'`)],
  ],
  ['I11', 'the trail says another state', [`delete from audit_events where type = 'grant.placed'`]],
  ['I13', 'the program may rewrite the trail', ['grant update on audit_events to usher_app']],
  ...['audit_events_default', '(month)', 'policy_versions', 'policy_stages', 'package_grants', 'decisions'].map(
    (name) => ['I13', `the program may rewrite ${name}`, [`grant delete on ${name} to usher_app`]] as const,
  ),
  ['I13', 'the program may rewrite a column', ['grant update (data) on (month) to usher_app']],
  ['I13', 'a month has no guard', ['alter table (month) disable trigger audit_is_append_only']],
  ['I13', 'a month can be emptied', ['drop trigger audit_is_never_truncated on (month)']],
  ['I13', 'what is in no month can be emptied', ['drop trigger audit_is_never_truncated on audit_events_default']],
  [
    'I14',
    'access outlived its end by a look',
    [
      `update assignments set ends_at = starts_at + interval '1 hour', ended_at = usher_now() + interval '1 hour' where target_id = ${PERSON('cas')}`,
    ],
  ],
  ['I14', 'access outlives its end', [`update assignments set starts_at = '2020-01-01', ends_at = '2020-01-02'`]],
  ['I15', 'access outlives its reason', [`update assignments set ends_at = ends_at + interval '1 year'`]],
  ['I15', 'a reason outlives its policy', [`update justifications set until = until + interval '1 year'`]],
  [
    'I15r',
    'access began by no request about it',
    [`update audit_events set request_id = null where type = 'assignment.justified'`],
  ],
  [
    'I15r',
    'an end moved by an event alone',
    [
      `update audit_events set request_id = null, after = jsonb_set(after, array['assignments', subject_id, 'ends_at'], '"2030-01-01"'),
         before = jsonb_set(before, array['assignments', subject_id, 'ends_at'], '"2029-01-01"') where type = 'assignment.reminded'`,
    ],
  ],
  [
    'I15r',
    'a reason ended by a request about something else',
    [
      `update audit_events e set request_id = (select r.id from requests r where r.assignment_id is null limit 1) where type = 'assignment.ending'`,
    ],
  ],
  [
    'I15r',
    'a change by Usher changed nothing',
    [
      `insert into requests select (jsonb_populate_record(r, ${NEW} || jsonb_build_object('type', 'systemUpdate', 'requestor_id', null,
         'detail', 'endReached'))).* from requests r where state = 'delivered' limit 1`,
    ],
  ],
  [
    'I15r',
    'a change by Usher says another end',
    [
      `insert into requests select (jsonb_populate_record(r, ${NEW} || jsonb_build_object('type', 'systemUpdate', 'requestor_id', null,
         'detail', 'endReached'))).* from requests r where state = 'delivered' limit 1`,
      `update audit_events set type = 'assignment.endMoved', request_id = r.id, after = jsonb_build_object('requests', jsonb_build_object(r.id, '{}'::jsonb),
         'assignments', jsonb_build_object(r.assignment_id, jsonb_build_object('ends_at', '2030-01-01'))) from requests r
         where r.number = 999 and audit_events.type = 'assignment.reminded'`,
    ],
  ],
  [
    'I16',
    'access follows terms that were not kept',
    [
      `update justifications j set policy_version_id = (select id from policy_versions v where v.id <> j.policy_version_id limit 1)`,
    ],
  ],
  ['I16', 'an extension was never asked for', ['update justifications set extensions = extensions + 1']],
  [
    'I17c',
    'somebody is forgotten by half',
    [`update people set state = 'deleted', email = null, forgotten_at = now() where directory_key = 'olga'`],
  ],
  [
    'I17b',
    'somebody left whose delegation stands',
    [...DELEGATION('accepted', 'accepted'), `update people set state = 'disabled' where directory_key = 'ana'`],
  ],
  ['I17', 'somebody left and holds access', [`update people set state = 'disabled' where directory_key = 'tara'`]],
  ['I18', 'what excludes each other is held together', HOLDS_BOTH],
  [
    'I18',
    'somebody of a group holds what excludes it',
    [
      EXCLUDING(`null, (select id from groups where name = 'Approvers')`, false),
      `insert into group_people select id, ${PERSON('tara')} from groups where name = 'Inner approvers'`,
    ],
  ],
  [
    'I18',
    'an exception was over when what it is for was given',
    [...HOLDS_BOTH, ...EXCEPTION('over', `'2020-01-02'`, 'active', 'over')],
  ],
  [
    'I18',
    'an exception had ended when what it is for was given',
    [...HOLDS_BOTH, ...EXCEPTION('ended', `'2040-01-02'`, 'active', 'ended')],
  ],
  [
    'I18s',
    'both are held after the exception was over',
    [
      ...HOLDS_BOTH,
      'update assignments set lent = true',
      ...EXCEPTION('active', `usher_now() - interval '1 hour'`, 'active'),
    ],
  ],
  [
    'I18e',
    'an exception gave access',
    [
      'alter table requests drop constraint requests_exception_check',
      `update requests set type = 'exception' where state = 'delivered'`,
    ],
  ],
  [
    'I18e',
    'an exception is nobody’s word',
    [
      `insert into incompatibilities select gen_random_uuid(), one.id, other.id, null, true, 'active', 1
       from packages one, packages other where one.name = 'Ledger reader' and other.name = 'Given only'`,
      `insert into incompatibility_exceptions (id, incompatibility_id, person_id, owner_id, last_day, until_at, reason, state, version, request_id)
       select gen_random_uuid(), (select id from incompatibilities limit 1), p.id, o.id, '2030-01-01', '2030-01-02', 'x', 'active', 1,
         (select id from requests where state = 'delivered' limit 1)
       from people p, people o where p.directory_key = 'tara' and o.directory_key = 'olga'`,
    ],
  ],
  ['I19', 'what was asked for came later', [`update policy_versions set created_at = created_at + interval '1 year'`]],
  ['I19', 'somebody asked by a policy that is not for asking', [`update policy_versions set mode = 'direct'`]],
  [
    'I19',
    'the terms were old when it was asked for',
    [
      `insert into policy_versions select (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(), 'number', 9))).* from policy_versions v`,
    ],
  ],
  ['I22', 'a role that is wanted is taken', [`update grants set state = 'taken' where state = 'placed'`]],
  ['I22', 'a role that nobody justifies stays', [`update grants set state = 'placed' where state = 'taken'`]],
  ['I22a', 'a role went astray', ['insert into grants_astray select id, usher_now() from grants limit 1']],
  ['I22b', 'the connected system lost a role', ['delete from local_roles']],
  ['I23', 'delivered access lacks a role', [`update grants set state = 'placing' where state = 'placed'`]],
  [
    'I23',
    'a role was given that nobody read back',
    [
      `update assignments set state = 'partiallyDelivered' where state = 'delivered'`,
      `update grants set placed_at = null where state = 'placed'`,
    ],
  ],
  [
    'I23',
    'access is over before what it lost is taken',
    [
      `update grant_assignments set withdrawn_at = usher_now()`,
      `update grants set state = 'takeFailed'`,
      `update assignments set state = 'removed', ended_at = usher_now(), end_reason = 'gaveUp'`,
    ],
  ],
  ['I24', 'a notice was written by another transaction', [`update outgoing set xid = '3'::xid8`]],
  ['I24', 'a notice is forgotten', [`delete from outgoing where notice = 'access'`]],
  ['I24', 'a notice has no event', [`update outgoing set dedupe_key = '0:' || dedupe_key`]],
  [
    'I25',
    'the last word is said first',
    [`update outgoing set settled_at = '2020-01-01'::timestamptz - id * interval '1 second' where kind = 'tell'`],
  ],
  [
    'I26',
    'a reminder is told twice',
    [
      `insert into audit_events (at, type, actor_kind, actor_name, via, subject_kind, subject_id, data)
       select at, type, actor_kind, actor_name, via, subject_kind, subject_id, data from audit_events where type = 'assignment.reminded'`,
    ],
  ],
  [
    'I33',
    'a click acts twice',
    [
      `insert into audit_events (at, xid, type, actor_kind, actor_id, via, delivery, subject_kind, subject_id, data)
       select at, '3'::xid8, type, actor_kind, actor_id, via, delivery, subject_kind, subject_id, data
       from audit_events where delivery = 'tara-approved'`,
    ],
  ],
  ['I33', 'a click that acted is forgotten', [`delete from inbound where delivery = 'tara-approved'`]],
  ['I36', 'an instant loses its zone', ['alter table drafts alter column expires_at type timestamp']],
  ['no row', 'a request vanishes', ['delete from requests']],
];

/** Which invariants are named after damage was done. */
async function namesAfter(sql: readonly string[]): Promise<readonly string[]> {
  const { owner } = await testDatabase();
  const transaction = await owner.transaction();
  try {
    const run: Sql = async <T extends object>(text: string, bind: readonly unknown[] = []) =>
      (await owner.query(text, { bind: [...bind], transaction }))[0] as T[];
    await run('set local session_replication_role = replica');
    await run(
      'alter table decisions drop constraint nobody_decides_for_themselves, drop constraint nobody_is_decided_for_by_themselves',
    );
    const [month] = await run<{ name: string }>(
      `select relid::regclass::text as name from pg_partition_tree('audit_events') where isleaf and relid <> 'audit_events_default'::regclass limit 1`,
    );
    for (const text of sql) await run(text.replace('(month)', String(month?.name)));
    return (await broken(run)).map((one) => one.invariant);
  } finally {
    await transaction.rollback();
  }
}

test.each(damages)('%s is named when %s', async (invariant, _damage, sql) => {
  const names = await namesAfter(sql);
  expect(names.some((name) => name.startsWith(`${invariant} `))).toBe(true);
});

test('an exception excuses both for as long as it lasts', async () => {
  const lent = [...HOLDS_BOTH, 'update assignments set lent = true', ...EXCEPTION('active', `'2040-01-02'`, 'active')];
  expect((await namesAfter(lent)).filter((name) => name.startsWith('I18'))).toEqual([]);
});
