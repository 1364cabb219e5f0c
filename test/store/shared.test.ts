// Acts that come together share a transaction and nothing else: what each does, and what it is told, is what it would be alone.
import { randomUUID } from 'node:crypto';
import type { DraftId, PackageId, PersonId, RequestId } from '../../src/domain/model';
import * as Requests from '../../src/domain/request';
import { createLog } from '../../src/log';
import type { By, Store, Watch } from '../../src/operations/ports';
import { OutcomeUnknown, RepeatedDelivery } from '../../src/operations/ports';
import { createStore } from '../../src/store/store';
import { cutLine } from './line';
import { byPerson, bySystem, createWorld, moment, type World } from './world';

let world: World;
let people: PersonId[];
let decider: PersonId;
let pkg: PackageId;
beforeEach(open);
const NAMES = ['Ana', 'Ben', 'Cas', 'Eva', 'Fay', 'Gus', 'Ida', 'Jan', 'Kim', 'Leo'];

interface Form {
  readonly reason?: string;
  readonly draft?: DraftId;
  readonly package?: PackageId;
}
const ask = (store: Store, by: By, form: Form = {}, how: 'share' | 'write' = 'share'): Promise<RequestId> =>
  store[how](by, async (tx) => {
    const target = (by.actor as { id: PersonId }).id;
    if (form.draft) await tx.takeDraft(form.draft, target);
    const facts = await tx.forSubmit({ requestor: target, target, package: form.package ?? pkg });
    const period = { startsAt: null, endsAt: null, hours: null };
    const reason = form.reason ?? 'Because';
    const asked = { policyVersion: null, period, zone: 'Europe/Berlin', reason, answers: {} };
    const { request, change } = Requests.submit(facts, asked, moment(tx));
    await tx.save(change);
    await tx.reply({ view: 'request', params: { of: reason } });
    return request.id;
  });
const decide = (
  request: RequestId,
  person: PersonId,
  decision: 'approve' | 'deny',
  how: 'share' | 'write' = 'share',
  store: Store = world.store,
) =>
  store[how](byPerson(person), async (tx) => {
    const facts = await tx.forRequest(request);
    const said = { decision, reason: decision === 'deny' ? 'No' : null, shown: { surface: 'test' } };
    await tx.save(Requests.decide(facts, person, said, moment(tx)));
  });
const by = (n: number, more: Partial<By> = {}): By => ({ ...byPerson(people[n] as PersonId), ...more });
const delivery = (key: string = randomUUID(), bodyHash = 'a') => ({ platform: 'slack', key, bodyHash });
const everybody = (run: (n: number) => Promise<unknown>) => Promise.allSettled(people.map((_person, n) => run(n)));
const refusals = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((one) => (one.status === 'rejected' ? ((one.reason as { code?: string }).code ?? 'failed') : 'done'));
/** In how many transactions the trail was written, or what it says of such events. */
const transactionsOf = async (type: string): Promise<number> =>
  Number(
    (await world.sql('select count(distinct xmin::text) as n from audit_events where type like $1', [type]))[0]?.['n'],
  );

/** What acts left behind, by names instead of ids. */
async function left(): Promise<unknown> {
  const names = new Map<string, string>(
    (
      await world.sql(`select id::text, name from people union all select id::text, name from packages
        union all select r.id::text, 'request of ' || p.name from requests r join people p on p.id = r.target_id
        union all select t.id::text, 'task for ' || p.name || ' of ' || o.name from approval_tasks t join people p on p.id = t.person_id
          join requests r on r.id = t.request_id join people o on o.id = r.target_id
        union all select s.id::text, 'stage of ' || o.name from approval_stages s join requests r on r.id = s.request_id
          join people o on o.id = r.target_id
        union all select d.id::text, 'decision on ' || o.name from decisions d join requests r on r.id = d.request_id
          join people o on o.id = r.target_id
        union all select a.id::text, 'access of ' || o.name from assignments a join people o on o.id = a.target_id
        union all select g.id::text, 'grant of ' || o.name from grants g join people o on o.id = g.person_id
        union all select j.id::text, 'reason of ' || o.name from justifications j join assignments a on a.id = j.assignment_id
          join people o on o.id = a.target_id`)
    ).map((row) => [row['id'] as string, row['name'] as string]),
  );
  const rows = await world.sql(`
    select to_jsonb(r) - '{id,number,created_at,approved_at,starts_at,ends_at,completed_at}'::text[] as row from requests r
    union all select to_jsonb(s) - '{id,opened_at,decide_by,escalate_at,remind_at,closed_at}'::text[] from approval_stages s
    union all select to_jsonb(t) - '{id,opened_at,closed_at}'::text[] from approval_tasks t
    union all select to_jsonb(d) - '{id,at,decided_at}'::text[] from decisions d
    union all select to_jsonb(a) - '{id,created_at,starts_at,ends_at,remind_at}'::text[] from assignments a
    union all select to_jsonb(g) - '{id,created_at,checked_at}'::text[] from grants g
    union all select jsonb_build_object('type', type, 'kind', actor_kind, 'actor', actor_id, 'name', actor_name, 'via', via,
      'delivery', delivery, 'subject', subject_id, 'request', request_id, 'person', person_id, 'package', package_id, 'stage', stage,
      'data', data, 'after', (select jsonb_agg(jsonb_build_array(t.key, r.key) order by t.key, r.key)
        from jsonb_each(after) t, jsonb_each(t.value) r)) from audit_events
    union all select jsonb_build_object('kind', kind, 'notice', notice, 'audience', audience, 'person', person_id, 'subject', subject_id,
      'request', request_id, 'lane', lane, 'params', params - 'event', 'trace', trace) from outgoing
    union all select jsonb_build_object('delivery', delivery, 'state', state, 'reply', reply) from inbound`);
  const told = rows.map(({ row }) =>
    JSON.stringify(row)
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => names.get(id) ?? 'an id')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'an instant'),
  );
  return told.sort();
}

test('many who ask and decide at once leave behind what they would one by one', async () => {
  const both = async (how: 'share' | 'write') => {
    const asking = (n: number) =>
      ask(
        world.store,
        by(n, { delivery: delivery(`ask-${n}`), trace: `trace-${n}`, via: n % 2 ? 'slack' : 'teams' }),
        {},
        how,
      );
    const requests: RequestId[] = [];
    if (how === 'share') requests.push(...(await Promise.all(people.map((_person, n) => asking(n)))));
    else for (const n of people.keys()) requests.push(await asking(n));
    const deciding = (n: number) => decide(requests[n] as RequestId, decider, n % 3 ? 'approve' : 'deny', how);
    if (how === 'share') await Promise.all(people.map((_person, n) => deciding(n)));
    else for (const n of people.keys()) await deciding(n);
    return { left: await left(), transactions: await transactionsOf('%') };
  };
  const together = await both('share');
  await open();
  const alone = await both('write');
  expect(together.left).toEqual(alone.left);
  expect(alone.transactions).toBe(2 * people.length);
  expect(together.transactions).toBeLessThan(people.length);
});

async function open(): Promise<void> {
  world = await createWorld();
  decider = await world.person('Dora');
  pkg = await world.package('CRM', { stages: [{ primaries: [{ person: decider }] }] });
  people = [];
  for (const name of NAMES) people.push(await world.person(name));
}

test('who is refused keeps the draft and may send the delivery again; nobody else notices', async () => {
  await ask(world.store, by(3));
  const drafts = await Promise.all(people.map((person) => world.drafts.create(person, 'request', 'form', {})));
  const sent = people.map(() => delivery());
  const send = (n: number) =>
    ask(world.store, by(n, { delivery: sent[n] as By['delivery'] & object }), { draft: drafts[n]?.id as DraftId });
  const results = await everybody(send);
  expect(refusals(results)).toEqual(people.map((_person, n) => (n === 3 ? 'already-requested' : 'done')));
  expect(await world.sql('select person_id from drafts')).toEqual([{ person_id: people[3] }]);
  expect(await world.sql(`select delivery from inbound where delivery = $1`, [sent[3]?.key])).toEqual([]);
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length });
});

test('what the database refuses of one goes alone and is refused alone', async () => {
  const results = await everybody((n) => ask(world.store, by(n), n === 4 ? { reason: 'x'.repeat(2001) } : {}));
  expect(refusals(results)).toEqual(people.map((_person, n) => (n === 4 ? 'text-too-long' : 'done')));
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length - 1 });
});

test('who meets a lock waits alone, and holds up nobody', async () => {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  let reached = (): void => undefined;
  const locked = new Promise<void>((resolve) => (reached = resolve));
  const holder = world.store.write(bySystem, async (tx) => {
    await tx.forSubmit({ requestor: people[2] as PersonId, target: people[2] as PersonId, package: pkg });
    reached();
    await gone;
  });
  await locked;
  const results = people.map((_person, n) => ask(world.store, by(n)));
  await Promise.all(results.filter((_one, n) => n !== 2));
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length - 1 });
  go();
  await holder;
  await results[2];
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length });
});

/** Holds something until `go`, as somebody with all rights. */
async function holding(sql: string, bind: readonly unknown[] = []) {
  let go = (): void => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  let reached = (): void => undefined;
  const held = new Promise<void>((resolve) => (reached = resolve));
  const over = world.db.owner.transaction(async (transaction) => {
    await world.db.owner.query(sql, { transaction, bind: [...bind] });
    reached();
    await gone;
  });
  await held;
  return async () => {
    go();
    await over;
  };
}
const WAITING = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;

test('what the database refuses while it is read for many is refused to none of them', async () => {
  let results: ReturnType<typeof everybody> = Promise.resolve([]);
  // Nothing of these packages was read before, so what they hold is read behind the lock.
  const fresh: PackageId[] = [];
  for (const name of NAMES) fresh.push(await world.package(`${name}'s own`));
  const release = await holding('lock table policy_questions in access exclusive mode');
  let alone = 0;
  const allAlone = new Promise<void>((resolve) => {
    const info = (fields: object): void => {
      const { acts = 0, why } = fields as { acts?: number; why?: string };
      if (why === '55P03') alone += acts;
      if (alone === people.length) resolve();
    };
    const { store } = createStore({ sequelize: world.db.sequelize, log: { info } });
    results = everybody((n) => ask(store, by(n), { package: fresh[n] as PackageId }));
  });
  // Whoever is refused in it is not waited for.
  await Promise.race([allAlone, results]);
  await release();
  expect(refusals(await results)).toEqual(people.map(() => 'done'));
});

test('who decides about a package that is being changed waits alone', async () => {
  const other = await world.package('Ledger', { stages: [{ primaries: [{ person: decider }] }] });
  const requests: RequestId[] = [];
  for (const n of people.keys()) requests.push(await ask(world.store, by(n), n === 6 ? { package: other } : {}));
  const release = await holding('select id from packages where id = $1 for update', [other]);
  const results = requests.map((request) => decide(request, decider, 'approve'));
  await Promise.all(results.filter((_one, n) => n !== 6));
  while ((await world.sql(WAITING)).length === 0);
  expect(await transactionsOf('decision.recorded')).toBeLessThan(people.length - 1);
  await release();
  await results[6];
  expect((await world.sql('select count(*)::integer as n from decisions'))[0]).toEqual({ n: people.length });
});

test('two who decide on one request, and one who asks twice: one outcome each, and the other is told', async () => {
  const second = await world.person('Otto');
  const two = await world.package('Ledger', { stages: [{ primaries: [{ person: decider }, { person: second }] }] });
  const requests = await Promise.all(people.map((_person, n) => ask(world.store, by(n), { package: two })));
  const clicks = await Promise.allSettled(
    requests.flatMap((request) => [decide(request, decider, 'approve'), decide(request, second, 'deny')]),
  );
  expect(refusals(clicks).filter((one) => one === 'done')).toHaveLength(people.length);
  expect(refusals(clicks).filter((one) => one === 'already-decided')).toHaveLength(people.length);
  expect((await world.sql('select count(*)::integer as n from decisions'))[0]).toEqual({ n: people.length });

  const twice = await Promise.allSettled(
    people.flatMap((_person, n) => [ask(world.store, by(n)), ask(world.store, by(n))]),
  );
  expect(refusals(twice).sort()).toEqual([...people.map(() => 'already-requested'), ...people.map(() => 'done')]);
});

test('a delivery is acted on once, whether it comes twice, comes again, was stored before, or has another body', async () => {
  const [leased, stored] = [delivery('leased'), delivery('stored')];
  await world.inbound.store(leased, { text: 'hi' });
  expect(await world.inbound.claim(5, 60_000)).toHaveLength(1);
  await world.inbound.store(stored, { text: 'hi' });
  const given = people.map((_person, n) => [leased, stored][n] ?? delivery(`D${n}`));
  const send = (n: number) =>
    ask(world.store, by(n, { delivery: given[n] as By['delivery'] & object }), { reason: `of ${n}` });
  const results = await Promise.allSettled(people.flatMap((_person, n) => [send(n), send(n)]));
  const repeated = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as RepeatedDelivery] : []));
  expect(repeated).toHaveLength(people.length);
  for (const one of repeated) expect(one).toBeInstanceOf(RepeatedDelivery);
  expect(repeated.map(({ reply }) => reply?.params['of']).sort()).toEqual(people.map((_person, n) => `of ${n}`));
  expect(await world.sql(`select distinct state, payload from inbound`)).toEqual([{ state: 'done', payload: null }]);

  const again = await everybody((n) =>
    ask(world.store, by(n, { delivery: { ...delivery(`D${n}`), bodyHash: n === 5 ? 'b' : 'a' } })),
  );
  expect(again.map((one) => one.status === 'rejected' && one.reason instanceof RepeatedDelivery)).toEqual(
    people.map((_person, n) => n !== 5 && n > 1),
  );
  expect(refusals(again)[5]).toBe('same-key-other-body');
});

test('a draft is used once, by whom it belongs to, within its day', async () => {
  const old = await world.drafts.create(people[2] as PersonId, 'request', 'form', {});
  await world.sql(`update drafts set expires_at = usher_now() where id = $1`, [old.id]);
  const late = ask(world.store, by(2), { draft: old.id });
  await expect(Promise.all([late, ask(world.store, by(3))])).rejects.toMatchObject({ code: 'draft-gone' });
  const draft = await world.drafts.create(people[1] as PersonId, 'request', 'form', {});
  const other = await world.package('Wiki');
  const results = await everybody((n) => ask(world.store, by(n), { draft: draft.id, package: other }));
  expect(refusals(results)).toEqual(people.map((_person, n) => (n === 1 ? 'done' : 'draft-gone')));
  await expect(ask(world.store, by(1), { draft: draft.id })).rejects.toMatchObject({ code: 'draft-gone' });
});

test('two decisions about one person see each other', async () => {
  const [one, two] = [await world.package('Payer'), await world.package('Payee')];
  await world.incompatible(one, two);
  const both = await Promise.allSettled(
    people.flatMap((_person, n) => [
      ask(world.store, by(n), { package: one }),
      ask(world.store, by(n), { package: two }),
    ]),
  );
  expect(refusals(both).sort()).toEqual([...people.map(() => 'done'), ...people.map(() => 'incompatible')].sort());

  // Asked for while they were compatible, decided when they are not any more.
  const stages = [{ primaries: [{ person: decider }] }];
  const [left, right] = [await world.package('Left', { stages }), await world.package('Right', { stages })];
  const asked: RequestId[] = [];
  for (const n of people.keys()) {
    asked.push(await ask(world.store, by(n), { package: left }), await ask(world.store, by(n), { package: right }));
  }
  await world.incompatible(left, right);
  await Promise.all(asked.map((request) => decide(request, decider, 'approve')));
  // The first to be decided is denied, because the other one is still pending; then nothing stands against the other.
  const denied = await world.sql(`select count(distinct target_id)::integer as n from requests where state = 'denied'`);
  expect(denied).toEqual([{ n: people.length }]);
  const held = await world.sql('select count(*)::integer as n from assignments where package_id = any ($1)', [
    [left, right],
  ]);
  expect(held).toEqual([{ n: people.length }]);
});

test('who asks and who decides at once do not meet', async () => {
  const requests = await Promise.all(people.map((_person, n) => ask(world.store, by(n))));
  const other = await world.package('Wiki');
  await Promise.all(
    people.flatMap((_person, n) => [
      ask(world.store, by(n), { package: other, reason: `Wiki for ${n}` }),
      decide(requests[n] as RequestId, decider, n % 2 ? 'approve' : 'deny'),
    ]),
  );
  const decided = await world.sql(
    `select p.name, d.decision from decisions d join requests r on r.id = d.request_id join people p on p.id = r.target_id order by 1`,
  );
  expect(decided).toEqual(NAMES.map((name, n) => ({ name, decision: n % 2 ? 'approve' : 'deny' })));
  const asked = await world.sql(
    `select p.name, r.reason from requests r join people p on p.id = r.target_id where r.package_id = $1 order by 1`,
    [other],
  );
  expect(asked).toEqual(NAMES.map((name, n) => ({ name, reason: `Wiki for ${n}` })));
});

test('the more come, the more share', async () => {
  const failed: object[] = [];
  const info = (fields: object) => void failed.push(fields);
  const { store } = createStore({ sequelize: world.db.sequelize, log: { info } });
  await world.sql(`insert into people (id, directory_key, name, kind, state, time_zone, locale, properties, version)
    select usher_id(), 'm' || n, 'Member ' || n, 'member', 'enabled', 'UTC', 'en', '{}', 1 from generate_series(1, 120) n`);
  const many = (await world.sql(`select id from people where name like 'Member %'`)).map(({ id }) => id as PersonId);
  await Promise.all(many.map((id) => ask(store, byPerson(id, delivery()))));
  expect(failed).toEqual([]);
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: many.length });
  expect(await transactionsOf('request.submitted')).toBeLessThan(many.length / 3);
});

test('what is sent wakes the worker, and each decision is watched', async () => {
  let woken = 0;
  const watched: string[] = [];
  const { store } = createStore({
    sequelize: world.db.sequelize,
    log: createLog('silent'),
    watch: { decided: (outcome: string) => watched.push(outcome) } as unknown as Watch,
  });
  store.onCommit(() => (woken += 1));
  const requests = await Promise.all(people.map((_person, n) => ask(store, by(n))));
  expect(woken).toBe(await transactionsOf('request.submitted'));
  await Promise.all(requests.map((request, n) => decide(request, decider, n % 2 ? 'approve' : 'deny', 'share', store)));
  expect(watched.sort()).toEqual(people.map((_person, n) => (n % 2 ? 'approved' : 'denied')).sort());
});

test('whoever waits for something else than the database goes alone', async () => {
  const target = people[0] as PersonId;
  let runs = 0;
  const outer = world.store.share(bySystem, async (tx) => {
    runs += 1;
    await tx.forSubmit({ requestor: target, target, package: pkg });
    if (runs === 1) await ask(world.store, by(0));
  });
  await Promise.all([outer, ...people.slice(1).map((_person, n) => ask(world.store, by(n + 1)))]);
  expect(runs).toBe(2);
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length });
});

test('an act that does more than load, save and answer goes alone, and does all of it', async () => {
  const [first, second] = await Promise.all([
    world.store.share(by(0), async (tx) => {
      const target = people[0] as PersonId;
      await tx.forSubmit({ requestor: target, target, package: pkg });
      await tx.record([{ type: 'access.refused', subject: { kind: 'package', id: pkg }, refs: {}, data: {} }]);
      return 'recorded';
    }),
    world.store.share(by(1, { delivery: delivery('no load') }), () => Promise.resolve('nothing')),
  ]);
  expect([first, second]).toEqual(['recorded', 'nothing']);
  expect(await world.sql('select type from audit_events')).toEqual([{ type: 'access.refused' }]);
  expect(await world.sql('select delivery, state from inbound')).toEqual([{ delivery: 'no load', state: 'done' }]);
});

test('who has no time left is refused, and those beside them are not', async () => {
  const soon = (n: number) => by(n, { until: performance.now() + (n === 7 ? 1 : 60_000) });
  const results = await everybody(async (n) => {
    const late = soon(n);
    if (n === 7) while (performance.now() < (late.until ?? 0));
    return ask(world.store, late);
  });
  expect(refusals(results)).toEqual(people.map((_person, n) => (n === 7 ? 'too-busy' : 'done')));
});

test('a connection lost under the COMMIT of many leaves no doubt about any of them', async () => {
  const line = await cutLine(world);
  const given = people.map(() => delivery());
  let asked = 0;
  const results = await everybody((n) =>
    line.store.share(by(n, { delivery: given[n] as By['delivery'] & object }), async (tx) => {
      const target = people[n] as PersonId;
      const facts = await tx.forSubmit({ requestor: target, target, package: pkg });
      const asking = {
        policyVersion: null,
        period: { startsAt: null, endsAt: null, hours: null },
        zone: 'UTC',
        reason: 'Because',
        answers: {},
      };
      await tx.save(Requests.submit(facts, asking, moment(tx)).change);
      await tx.reply({ view: 'request', params: { n } });
      asked += 1;
      if (asked === 2) line.arm();
    }),
  );
  for (const [n, one] of results.entries()) {
    if (one.status === 'rejected')
      expect(one.reason).toMatchObject({ name: 'RepeatedDelivery', reply: { params: { n } } });
  }
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  expect((await world.sql('select count(*)::integer as n from requests'))[0]).toEqual({ n: people.length });
  await line.close();
});

test('a connection lost under the COMMIT of many for longer is an outcome that nobody of them knows', async () => {
  const line = await cutLine(world);
  let asked = 0;
  const both = [0, 1].map((n) =>
    line.store.share(by(n, { delivery: delivery() }), async (tx) => {
      const target = people[n] as PersonId;
      await tx.forSubmit({ requestor: target, target, package: pkg });
      asked += 1;
      if (asked === 2) line.arm('for good');
    }),
  );
  const results = await Promise.allSettled(both);
  for (const one of results) expect((one as PromiseRejectedResult).reason).toBeInstanceOf(OutcomeUnknown);
  expect((await world.sql('select count(*)::integer as n from inbound'))[0]).toEqual({ n: 2 });
  await line.close();
});
