// Outgoing work: one winner per row, one row per lane, lost leases, audiences, gates; and the other machine tables.
import type { CardId, DraftId, PersonId, Request } from '../../src/domain/model';
import type { OutgoingRow } from '../../src/operations/ports';
import { confirm } from '../../src/domain/assignment';
import { newId } from '../../src/store/ids';
import { bySystem, createWorld, DAY, HOUR, moment, type World } from './world';

const MINUTE = 60_000;
let world: World;
let ana: PersonId;
let tara: PersonId;
beforeEach(async () => {
  world = await createWorld();
  [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
});

async function asked(): Promise<Request> {
  return world.ask(tara, await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] }));
}

async function put(lane: string, fields: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const [row] = await world.sql(
    `insert into outgoing (kind, notice, subject_kind, subject_id, lane, next_at, dedupe_key, created_at, params, person_id)
     select kind, notice, coalesce(subject_kind, 'request'), coalesce(subject_id, '1'), $1, coalesce(next_at, usher_now()), gen_random_uuid(), usher_now(), '{}', person_id
     from jsonb_populate_record(null::outgoing, $2::jsonb) returning id`,
    [lane, JSON.stringify({ kind: 'tell', notice: 'request', ...fields })],
  );
  return row?.['id'] as number;
}

const idsOf = (rows: readonly OutgoingRow[]): number[] => rows.map((row) => row.lease.id);
function one<T>(rows: readonly T[]): T {
  const [first] = rows;
  if (rows.length !== 1 || first === undefined) throw new Error(`expected one row, found ${rows.length}`);
  return first;
}

describe('a claim', () => {
  test('gives each row to one worker', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, (_, n) => put(`lane ${n}`)));
    const claimed = await Promise.all(Array.from({ length: 6 }, () => world.outbox.claim(4, MINUTE)));
    const got = claimed.flatMap(idsOf);
    expect(new Set(got).size).toBe(got.length);
    const rest = await world.outbox.claim(12, MINUTE);
    expect([...got, ...idsOf(rest)].sort((a, b) => a - b)).toEqual(all.sort((a, b) => a - b));
  });

  test('gives one row of a lane at a time, oldest first, and a dead one frees the lane', async () => {
    const [first, second, third] = [await put('L'), await put('L'), await put('L')];
    const head = one(await world.outbox.claim(10, MINUTE));
    expect(head.lease.id).toBe(first);
    expect(await world.outbox.claim(10, MINUTE)).toEqual([]);

    await world.outbox.retry(head.lease, HOUR, 'later');
    expect(await world.outbox.claim(10, MINUTE)).toEqual([]); // the head holds its lane back while it waits
    await world.later(2 * HOUR);
    const again = one(await world.outbox.claim(10, MINUTE));
    expect(again).toMatchObject({ lease: { id: first }, attempts: 2 });
    await world.outbox.settle(again.lease, { state: 'dead', error: 'no such channel' });
    const next = one(await world.outbox.claim(10, MINUTE));
    expect(next.lease.id).toBe(second);
    await world.outbox.settle(next.lease, { state: 'done' });
    expect(idsOf(await world.outbox.claim(10, MINUTE))).toEqual([third]);
    const redrive = (): Promise<unknown> => world.store.write(bySystem, (tx) => tx.redrive(first));
    expect(await redrive()).toMatchObject({ kind: 'tell', error: 'no such channel' });
    expect(await redrive()).toBeNull();
  });

  test('of a redraw does not wait for the turn of an older one, which is over where a newer one waits', async () => {
    const redraw = (): Promise<number> => put('L', { kind: 'redraw', notice: null });
    const [first, second] = [await redraw(), await redraw()];
    const newest = one(await world.outbox.claim(10, MINUTE));
    expect(newest.lease.id).toBe(second);
    await world.outbox.retry(newest.lease, HOUR, 'rate', { tried: false });
    // Not due, so the older one is worked, and leaves what it could not change to the other.
    const older = one(await world.outbox.claim(10, MINUTE));
    expect(older.lease.id).toBe(first);
    await world.outbox.retry(older.lease, HOUR, 'rate', { tried: false });
    const third = await redraw();
    const due = one(await world.outbox.claim(10, MINUTE));
    expect(due.lease.id).toBe(third);
    expect(await world.outbox.nextAt()).toBeNull();
    await world.outbox.settle(due.lease, { state: 'done' });
    expect(await world.sql('select id, state from outgoing order by id')).toEqual([
      { id: first, state: 'done' },
      { id: second, state: 'ready' },
      { id: third, state: 'done' },
    ]);
    // What not every release draws is not left to one that names nothing.
    await world.sql(`update outgoing set notice = 'gone', next_at = usher_now() where id = $1`, [second]);
    const named = one(await world.outbox.claim(10, MINUTE));
    await redraw();
    await world.outbox.retry(named.lease, HOUR, 'rate', { tried: false });
    expect(await world.sql(`select state from outgoing where id = $1`, [second])).toEqual([{ state: 'ready' }]);
  });

  test('gives no more than was asked for, however few rows the planner expects', async () => {
    await put('L');
    await world.sql('delete from outgoing');
    await world.sql('analyze outgoing');
    for (const n of [1, 2, 3]) await put(`lane ${n}`);
    one(await world.outbox.claim(1, MINUTE));
    expect(await world.outbox.claim(2, MINUTE)).toHaveLength(2);
  });

  test('of two workers who both see the head, one loses without harm', async () => {
    await put('L');
    const claims = await Promise.all(Array.from({ length: 8 }, () => world.outbox.claim(1, MINUTE)));
    expect(claims.flat()).toHaveLength(1);
    await expect(
      world.sql(`insert into outgoing (kind, notice, subject_kind, subject_id, lane, state, lease, next_at, dedupe_key, created_at)
        values ('tell', 'request', 'request', '1', 'L', 'leased', gen_random_uuid(), now(), 'x', now())`),
    ).rejects.toMatchObject({ original: { constraint: 'one_leased_in_lane' } });
  });

  test('takes away before it gives', async () => {
    const [give, take] = [await world.package('Give'), await world.package('Take')];
    await world.ask(tara, take);
    for (const row of await world.outbox.claim(10, MINUTE)) await world.outbox.settle(row.lease, { state: 'done' });
    await world.ask(ana, give);
    const held = await world.views.liveAssignment(tara, take);
    await world.sql('update assignments set ends_at = usher_now(), version = version + 1 where id = $1', [held]);
    await world.sql('update justifications set until = usher_now(), version = version + 1 where assignment_id = $1', [
      held,
    ]);
    await world.store.write(bySystem, (tx) => tx.endDue(10));
    const places = (await world.outbox.claim(10, MINUTE)).filter((row) => row.kind === 'place');
    const wanted = await Promise.all(
      places.map(
        async (row) => (await world.sql('select state from grants where id = $1', [row.subject.id]))[0]?.['state'],
      ),
    );
    expect(wanted).toEqual(['taking', 'placing']);
  });

  test('says when there is something to do next', async () => {
    expect(await world.outbox.nextAt()).toBeNull();
    await put('L', { next_at: '2100-01-01T00:00:00Z' });
    expect(await world.outbox.nextAt()).toEqual(new Date('2100-01-01T00:00:00Z'));
    await put('M');
    expect((await world.outbox.nextAt())?.getTime()).toBeLessThan(Date.now() + DAY);
    one(await world.outbox.claim(10, MINUTE));
    await put('M'); // behind the row that is being worked: nothing to wake up for
    expect(await world.outbox.nextAt()).toEqual(new Date('2100-01-01T00:00:00Z'));
  });
});

test('a lease whose work goes on here is not lost, however far the clock went', async () => {
  await world.ask(tara, await world.package('Open'));
  await world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'a' }, { n: 1 });
  const [rows, events] = [await world.outbox.claim(10, MINUTE), await world.inbound.claim(5, MINUTE)];
  await world.later(HOUR);
  const own = [...rows, ...events].map(({ lease }) => lease);
  expect([await world.outbox.reap(own), await world.inbound.reap(1, own)]).toEqual([0, []]);
  // Nor is what another worker of the same process works, which looks for its own.
  const places = rows.filter(({ kind }) => kind === 'place').map(({ lease }) => lease);
  expect(places).toHaveLength(1);
  expect(await world.outbox.reap(places, ['place'])).toBe(0);
  for (const { lease } of rows) await world.outbox.settle(lease, { state: 'done' });
  for (const { lease } of events) await world.inbound.settle(lease, { state: 'done' });
});

describe('a lost lease', () => {
  test('is refused, and takes the act that settles with it', async () => {
    await asked();
    const pkg = await world.package('Open');
    await world.ask(tara, pkg);
    const place = one((await world.outbox.claim(10, 1)).filter((row) => row.kind === 'place'));
    await world.later(MINUTE);
    expect(await world.outbox.reap()).toBeGreaterThan(0);
    const again = one((await world.outbox.claim(10, MINUTE)).filter((row) => row.kind === 'place'));

    const act = (row: OutgoingRow): Promise<void> =>
      world.store.write(bySystem, async (tx) => {
        const facts = await tx.forPlace(row.subject.id as Parameters<typeof tx.forPlace>[0]);
        await tx.save(confirm(facts, { state: 'present', externalId: null }, moment(tx)));
        await tx.settle(row.lease, { state: 'done' });
      });
    await expect(act(place)).rejects.toMatchObject({ code: 'stale' });
    expect(await world.sql('select state from grants')).toEqual([{ state: 'placing' }]);
    await act(again);
    expect(await world.sql('select state from grants')).toEqual([{ state: 'placed' }]);
    await expect(world.outbox.settle(place.lease, { state: 'done' })).rejects.toMatchObject({ code: 'stale' });
    await expect(world.outbox.retry(place.lease, 0, 'late')).rejects.toMatchObject({ code: 'stale' });
  });

  test('given back in a deadlock with an act is given back all the same', async () => {
    const grants = [1, 2, 3].map((n) => `0192f000-0000-7000-8000-00000000000${n}`);
    const place = (id: string): Promise<number> =>
      put(`grant:${id}`, { kind: 'place', notice: null, subject_kind: 'grant', subject_id: id });
    for (const id of grants) await place(id);
    expect(await world.outbox.claim(10, 1)).toHaveLength(3);
    await world.later(MINUTE);
    // An act wants the second grant placed anew, and the other two once somebody waits for it. It is not the one to give way.
    const wanted = (
      id: string,
    ): string => `insert into outgoing (kind, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
      values ('place', 'grant', '${id}', 'grant:${id}', usher_now(), 'again ${id}', usher_now()) on conflict do nothing;`;
    const [first = '', second = '', third = ''] = grants;
    const act = world.sql(`do $$ begin
      set local deadlock_timeout = '1min';
      ${wanted(second)}
      while not exists (select from pg_locks l where not l.granted and l.transactionid = pg_current_xact_id()::xid) loop
        perform pg_sleep(0.002);
      end loop;
      ${wanted(first)} ${wanted(third)}
    end $$`);
    const asleep = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    while ((await world.sql(asleep)).length === 0) await new Promise(setImmediate);
    expect(await world.outbox.reap()).toBeGreaterThanOrEqual(1);
    await act;
    expect(await world.sql(`select from outgoing where kind = 'place' and state = 'ready'`)).toHaveLength(3);
    expect(await world.sql(`select from outgoing where state = 'leased'`)).toEqual([]);
  });

  test('of a placement that another one covers ends it', async () => {
    const id = '0192f000-0000-7000-8000-000000000001';
    await put(`grant:${id}`, { kind: 'place', notice: null, subject_kind: 'grant', subject_id: id });
    const leased = one(await world.outbox.claim(1, MINUTE));
    await put(`grant:${id}`, { kind: 'place', notice: null, subject_kind: 'grant', subject_id: id });
    await expect(
      put('other', { kind: 'place', notice: null, subject_kind: 'grant', subject_id: id }),
    ).rejects.toMatchObject({
      original: { constraint: 'one_ready_place' },
    });
    await world.outbox.retry(leased.lease, 0, 'later');
    expect(await world.sql('select state from outgoing order by id')).toEqual([{ state: 'done' }, { state: 'ready' }]);
  });
});

describe('an audience', () => {
  async function expanded(notice: string): Promise<unknown[]> {
    for (;;) {
      const rows = await world.outbox.claim(50, MINUTE);
      if (rows.length === 0) break;
      for (const row of rows) if (row.kind === 'tell' && row.person === null) await world.outbox.expand(row);
    }
    const told = await world.sql(
      `select people.name from outgoing o join people on people.id = o.person_id where o.notice = $1 order by people.name`,
      [notice],
    );
    return told.map((row) => row['name']);
  }

  test('becomes one row per person, once', async () => {
    const ben = await world.person('Ben');
    const off = await world.person('Off', { state: 'disabled' });
    const group = await world.group('Sales', [ana, ben, off]);
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ group }] }] });
    const request = await world.ask(tara, pkg);
    await world.later(2 * HOUR); // who was asked only now is not reminded
    await world.sql(
      `insert into outgoing (kind, notice, audience, subject_kind, subject_id, request_id, params, lane, next_at, dedupe_key, created_at)
      values ('tell', 'approvalReminder', 'approvers', 'request', $1::text, $1::uuid, '{"stage": 1}', 'tell:request:' || $1, usher_now(), 'k', usher_now())`,
      [request.id],
    );
    expect(await expanded('approvalReminder')).toEqual(['Ana', 'Ben']);
    expect(await expanded('approvalReminder')).toEqual(['Ana', 'Ben']);
  });

  test('of owners reaches owners without the target, else the next in charge', async () => {
    const [owner, admin] = [await world.person('Owner'), await world.person('Zoe')];
    const site = await world.resource('Site', { connector: 'manual' });
    const pkg = await world.package('CRM', { resources: [site] });
    await world.role('administrator', admin);
    await world.insert('resource_owners', { resource_id: site.id, person_id: owner });
    await world.insert('resource_owners', { resource_id: site.id, person_id: tara });
    await world.ask(tara, pkg);
    const [place] = (await world.outbox.claim(10, MINUTE)).filter((row) => row.kind === 'place');
    await world.store.write(bySystem, async (tx) => {
      const facts = await tx.forPlace(place?.subject.id as Parameters<typeof tx.forPlace>[0]);
      await tx.save(confirm(facts, { state: 'waiting', externalId: null }, moment(tx)));
    });
    expect(await expanded('manualTask')).toEqual(['Owner']);
    const [task] = await world.sql('select id from manual_tasks');
    expect((await world.views.forManualTask(task?.['id'] as string)).owners).toEqual([owner]);

    await world.sql(`update people set state = 'disabled' where id = $1`, [owner]);
    await world.sql(`update outgoing set state = 'done', lease = null, lease_until = null where person_id is null`);
    await world.sql(`delete from outgoing where person_id is not null`);
    await world.sql(`update outgoing set state = 'ready', settled_at = null where notice = 'manualTask'`);
    expect(await expanded('manualTask')).toEqual(['Zoe']);
  });
});

describe('a gate', () => {
  test('lets a burst through and then one per interval', async () => {
    const waits = [];
    for (let n = 0; n < 4; n += 1) waits.push(await world.outbox.pass('slack:C1', 0.01, 3));
    expect(waits.slice(0, 3)).toEqual([0, 0, 0]);
    expect(waits[3]).toBeGreaterThan(90_000);
    expect(waits[3]).toBeLessThanOrEqual(100_000);
    await world.later(101_000);
    expect(await world.outbox.pass('slack:C1', 0.01, 3)).toBe(0);
  });

  test('gives the last token to one of many', async () => {
    const waits = await Promise.all(Array.from({ length: 8 }, () => world.outbox.pass('t', 0.001, 2)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(2);
  });

  test('stays closed for as long as the target asked, and closes by itself after failures', async () => {
    await world.outbox.hold('t', 30_000);
    expect(await world.outbox.pass('t', 10, 10)).toBeGreaterThan(25_000);
    await world.later(31_000);
    expect(await world.outbox.pass('t', 10, 10)).toBe(0);
    for (let n = 0; n < 4; n += 1) await world.outbox.failed('t', false);
    expect(await world.outbox.pass('t', 10, 10)).toBe(0);
    const before = await world.views.now();
    await world.outbox.failed('t', false);
    // Half a second at least; for this test it lasts longer.
    const longer = `update gates set not_before = not_before + interval '1 minute' where not_before > $1 returning target`;
    expect(await world.sql(longer, [before])).toEqual([{ target: 't' }]);
    expect(await world.outbox.pass('t', 10, 10)).toBeGreaterThan(0);
  });
});

describe('machine tables', () => {
  test('a card is found again, edited, and made anew once it is gone', async () => {
    const card = {
      platform: 'slack',
      tenant: 'T',
      user: 'U',
      person: tara,
      view: 'request',
      subject: { kind: 'request', id: '1' },
      request: null,
      params: { n: 1 },
    };
    const first = await world.cards.begin(card);
    const again = await world.cards.begin({ ...card, params: { n: 2 } });
    expect(again).toMatchObject({ id: first.id, state: 'sending', params: { n: 2 } });
    await world.cards.sent(first.id, { conversation: 'D', message: 'M', serviceUrl: null }, 'h1');
    const [sent] = await world.cards.bySubject(card.subject);
    if (sent === undefined) throw new Error('not remembered');
    expect(await world.cards.drawn(sent, 'h2')).toBe(true);
    expect(await world.cards.bySubject(card.subject)).toMatchObject([
      { id: first.id, state: 'live', hash: 'h2', message: 'M' },
    ]);
    await world.cards.failed(first.id, 'message_not_found', true);
    expect(await world.cards.bySubject(card.subject)).toEqual([]);
    expect((await world.cards.begin(card)).id).not.toBe(first.id);
    expect(await world.cards.get('nonsense' as CardId)).toBeNull();
  });

  test('a card that was never sent goes to the account that the person has now; one that was stays where it is', async () => {
    const card = {
      ...{ platform: 'slack', tenant: 'T', user: 'U', person: tara, view: 'request', request: null, params: {} },
      subject: { kind: 'request', id: '2' },
    };
    const first = await world.cards.begin(card);
    const moved = await world.cards.begin({ ...card, tenant: 'T2', user: 'U2' });
    expect(moved).toMatchObject({ id: first.id, state: 'sending', tenant: 'T2', user: 'U2' });
    await world.cards.sent(first.id, { conversation: 'D', message: 'M2', serviceUrl: null }, 'h1');
    const later = await world.cards.begin({ ...card, tenant: 'T3', user: 'U3' });
    expect(later).toMatchObject({ id: first.id, state: 'live', tenant: 'T2', user: 'U2' });
  });

  test('a card that was looked for in vain while it was on its way is there once it is sent; one that was let go is not', async () => {
    const card = {
      ...{ platform: 'slack', tenant: 'T', user: 'U', person: tara, view: 'request', request: null, params: {} },
      subject: { kind: 'request', id: '3' },
    };
    const sent = (id: CardId) => world.cards.sent(id, { conversation: 'D', message: 'M3', serviceUrl: null }, 'h1');
    const { id } = await world.cards.begin(card);
    await world.cards.notThere(id);
    expect(await world.cards.bySubject(card.subject)).toEqual([]);
    expect(await sent(id)).toBe(true);
    expect(await world.cards.bySubject(card.subject)).toMatchObject([{ id, state: 'live', message: 'M3' }]);
    await world.cards.failed(id, 'message_not_found', true);
    expect(await sent(id)).toBe(false);
  });

  test('a draft belongs to one person, lives a day, and is consumed once', async () => {
    const draft = await world.drafts.create(tara, 'request', 'form', { package: 'x' });
    expect(await world.drafts.get(draft.id, ana)).toBeNull();
    expect(await world.drafts.change(draft.id, tara, 'two', { reason: 'y' })).toMatchObject({
      step: 'two',
      version: 2,
    });
    const take = (): Promise<unknown> => world.store.write(bySystem, (tx) => tx.takeDraft(draft.id, tara));
    const results = await Promise.allSettled([take(), take()]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const old = await world.drafts.create(tara, 'request', 'form', {});
    await world.later(DAY);
    expect(await world.drafts.get(old.id, tara)).toBeNull();
    expect(await world.drafts.get('nonsense' as DraftId, tara)).toBeNull();
  });

  test('inbound events are worked once, retried, and given up', async () => {
    await world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'a' }, { n: 1 });
    const claims = (await Promise.all([world.inbound.claim(5, 1), world.inbound.claim(5, 1)])).flat();
    const row = one(claims);
    await world.inbound.retry(row.lease, HOUR, 'busy');
    expect(await world.inbound.claim(5, 1)).toEqual([]);
    await world.later(2 * HOUR);
    const again = one(await world.inbound.claim(5, 1));
    expect(again.attempts).toBe(2);
    await world.later(2000);
    expect(await world.inbound.reap(5)).toEqual([]);
    await expect(world.inbound.settle(again.lease, { state: 'done' })).rejects.toMatchObject({ code: 'stale' });
    await expect(world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'b' }, {})).rejects.toMatchObject({
      code: 'same-key-other-body',
    });
  });

  test('events that come together are stored together, each once, and each hears what became of its own', async () => {
    const store = (key: string, bodyHash: string, payload: unknown) =>
      world.inbound
        .store({ platform: 'slack', key, bodyHash }, payload)
        .catch((error: unknown) => (error as Error).message);
    const keys = Array.from({ length: 200 }, (_, n) => `E${n}`);
    const outcomes = await Promise.all([
      ...keys.map((key) => store(key, 'a', { key })),
      ...keys.map((key) => store(key, 'a', { key })),
      store('E7', 'b', { key: 'other' }),
      // PostgreSQL takes no such text: it fails, and nothing beside it.
      store('poison', 'a', { text: '\u0000' }),
      store('after', 'a', { key: 'after' }),
    ]);
    for (let n = 0; n < 200; n += 1) expect([outcomes[n], outcomes[n + 200]].sort()).toEqual([false, true]);
    expect(outcomes.slice(400)).toEqual([
      expect.stringContaining('same-key-other-body'),
      expect.stringContaining('Unicode'),
      true,
    ]);
    const rows = await world.sql(`select delivery, payload->>'key' as key from inbound`);
    expect(rows).toHaveLength(201);
    for (const row of rows) expect(row['key']).toBe(row['delivery']);
  });

  test('waiting for a turn is no try of an event', async () => {
    await world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'a' }, {});
    for (let turn = 0; turn < 20; turn += 1) {
      const row = one(await world.inbound.claim(5, 1));
      expect(row.attempts).toBe(1);
      await world.inbound.retry(row.lease, 0, 'gate', { tried: false });
    }
    await world.inbound.retry(one(await world.inbound.claim(5, 1)).lease, 0, 'http_500');
    expect(one(await world.inbound.claim(5, 1)).attempts).toBe(2);
  });

  test('an event whose worker ends each time is worked alone, and given up after some tries', async () => {
    const lost = async (rows: readonly unknown[]): Promise<number> => {
      await world.later(2000);
      expect(await world.inbound.reap(3)).toEqual([]);
      return rows.length;
    };
    for (const key of ['E1', 'E2', 'E3']) await world.inbound.store({ platform: 'slack', key, bodyHash: 'a' }, { key });
    // All three were under way when the process ended; from then on each is tried alone, and only the first ends it again.
    expect(await lost(await world.inbound.claim(5, 1))).toBe(3);
    await world.inbound.store({ platform: 'slack', key: 'E4', bodyHash: 'a' }, { key: 'E4' });
    expect(await lost(await world.inbound.claim(5, 1))).toBe(1);
    const third = one(await world.inbound.claim(5, 1));
    expect(third).toMatchObject({ payload: { key: 'E1' }, attempts: 1, lost: true });
    for (const key of ['E2', 'E3', 'E4']) {
      const row = one(await world.inbound.claim(5, 1));
      expect(row.payload).toEqual({ key });
      await world.inbound.settle(row.lease, { state: 'done' });
    }
    await world.later(2000);
    expect(await world.inbound.reap(3)).toMatchObject([{ platform: 'slack', delivery: 'E1', lost: 3 }]);
    expect(await world.sql(`select delivery, state, error from inbound where state <> 'done'`)).toEqual([
      { delivery: 'E1', state: 'dead', error: 'lost' },
    ]);
    expect(await world.inbound.claim(5, 1)).toEqual([]);
  });

  test('a lost worker counts as no try, and tries that fail count as no lost worker', async () => {
    await world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'a' }, {});
    const lose = async (): Promise<readonly unknown[]> => {
      await world.later(2000);
      return world.inbound.reap(3);
    };
    for (let n = 1; n <= 4; n += 1) {
      const row = one(await world.inbound.claim(5, 1));
      expect(row.attempts).toBe(n);
      await world.inbound.retry(row.lease, 0, 'http_500');
    }
    for (const times of [1, 2]) {
      expect(one(await world.inbound.claim(5, 1)).attempts).toBe(5);
      expect([times, await lose()]).toEqual([times, []]);
    }
    await world.inbound.retry(one(await world.inbound.claim(5, 1)).lease, 0, 'http_500');
    expect(one(await world.inbound.claim(5, 1)).attempts).toBe(6);
    expect(await lose()).toMatchObject([{ delivery: 'E1', lost: 3 }]);
  });

  test.each(['refused', 'lost'] as const)(
    'of what was given up (%s) the words of somebody known are kept',
    async (how) => {
      await world.insert('identities', {
        id: newId(),
        platform: 'slack',
        tenant: 'T',
        user_id: 'U1',
        person_id: ana,
        state: 'linked',
        linked_by: 'file',
        standing: 'member',
        version: 1,
      });
      const say = [{ kind: 'fixed', text: 'Given.' }];
      for (const user of ['U1', 'U2'])
        await world.inbound.store(
          { platform: 'slack', key: user, bodyHash: 'a' },
          {
            tenant: 'T',
            user,
            act: { kind: 'text', text: 'my secret' },
            profile: { name: 'Una', email: 'una@woodgrove.example' },
            owed: { say, of: 'deny', from: { view: 'form', params: { draft: 'my answers' }, place: 'form' } },
          },
        );
      await world.inbound.store(
        { platform: 'slack', key: 'U3', bodyHash: 'a' },
        { tenant: 'T', user: 'U1', act: { kind: 'text', text: 'my access' }, owed: { say: null } },
      );
      const rows = await world.inbound.claim(5, 1);
      if (how === 'refused')
        for (const { lease } of rows) await world.inbound.settle(lease, { state: 'dead', error: 'x' });
      await world.later(2000);
      expect(await world.inbound.reap(1)).toHaveLength(how === 'lost' ? 3 : 0);
      expect(await world.sql(`select state, payload from inbound order by id`)).toEqual([
        {
          state: 'dead',
          payload: {
            tenant: 'T',
            user: 'U1',
            act: { kind: 'text', text: 'my secret' },
            owed: { of: 'deny', view: 'form' },
          },
        },
        { state: 'dead', payload: { tenant: 'T', user: 'U2', act: { kind: 'text' } } },
        { state: 'dead', payload: { tenant: 'T', user: 'U1', act: { kind: 'text', text: 'my access' }, owed: {} } },
      ]);
    },
  );

  test('what came after an event that was lost is not held up with it', async () => {
    await world.inbound.store({ platform: 'slack', key: 'E1', bodyHash: 'a' }, {});
    await world.inbound.claim(5, 1);
    await world.later(2000);
    await world.inbound.reap(3);
    await world.inbound.retry(one(await world.inbound.claim(5, 1)).lease, 0, 'http_500');
    for (const key of ['E2', 'E3']) await world.inbound.store({ platform: 'slack', key, bodyHash: 'a' }, {});
    expect(await world.inbound.claim(5, 1)).toHaveLength(3);
  });

  test('people are reached where they were last, and not where nobody answers', async () => {
    for (const [platform, user] of [
      ['slack', 'U1'],
      ['teams', 'A1'],
    ] as const) {
      await world.store.write(bySystem, (tx) =>
        tx.saveIdentity({
          read: null,
          platform,
          tenant: 'T',
          user,
          person: tara,
          state: 'linked',
          linkedBy: 'directoryKey',
          mail: null,
          standing: 'member',
          presumed: 'member',
          zone: null,
          locale: null,
        }),
      );
    }
    await world.later(5 * MINUTE);
    const slack = { platform: 'slack', tenant: 'T', user: 'U1' };
    await world.directory.seen({ ...slack, conversation: 'D1', serviceUrl: null });
    expect((await world.directory.reachable(tara)).map((place) => place.platform)).toEqual(['slack', 'teams']);
    await world.directory.dead(slack, 'user_disabled');
    expect((await world.directory.reachable(tara)).map((place) => place.platform)).toEqual(['teams']);
    // A day later what closed it may be over: it is tried once more, last, and where it still is closed not before another day.
    await world.later(24 * 60 * MINUTE);
    expect(await world.directory.reachable(tara)).toMatchObject([
      { platform: 'teams', dead: false },
      { platform: 'slack', dead: true, conversation: null },
    ]);
    await world.directory.dead(slack, 'user_disabled');
    expect((await world.directory.reachable(tara)).map((place) => place.platform)).toEqual(['teams']);
    await world.directory.seen({ ...slack, conversation: 'D1', serviceUrl: null });
    expect(await world.directory.reachable(tara)).toMatchObject([
      { platform: 'slack', conversation: 'D1' },
      { platform: 'teams' },
    ]);
    expect(await world.sql(`select type, person_id from audit_events`)).toEqual([
      { type: 'identity.linked', person_id: tara },
      { type: 'identity.linked', person_id: tara },
    ]);
    const second = world.store.write(bySystem, (tx) =>
      tx.saveIdentity({
        read: null,
        platform: 'slack',
        tenant: 'T',
        user: 'U2',
        person: tara,
        state: 'linked',
        linkedBy: 'email',
        mail: null,
        standing: 'member',
        presumed: 'member',
        zone: null,
        locale: null,
      }),
    );
    await expect(second).rejects.toMatchObject({ code: 'link-conflict', data: { platform: 'slack' } });
  });

  test('the page keeps one message per key, in order, and counts what is unread', async () => {
    const pages = world.pageMessages;
    const first = await pages.append('tara', { direction: 'out', text: null, card: { a: 1 }, key: 'k' });
    expect(await pages.append('tara', { direction: 'out', text: 'again', card: null, key: 'k' })).toEqual(first);
    const second = await pages.append('tara', { direction: 'out', text: 'two', card: null, key: null });
    await pages.append('tara', { direction: 'in', text: 'hi', card: null, key: null });
    expect(await pages.unread()).toEqual(new Map([['tara', 2]]));
    await pages.markRead('tara', first.id);
    expect(await pages.unread()).toEqual(new Map([['tara', 1]]));
    expect(await pages.update('ana', second.id, { text: 'x', card: null })).toBeNull();
    expect(await pages.update('tara', second.id, { text: 'new', card: null })).toMatchObject({
      text: 'new',
      changedAt: expect.any(Date) as Date,
    });
    expect((await pages.list('tara', { beforeId: null, limit: 2 })).map((message) => message.text)).toEqual([
      'new',
      'hi',
    ]);
    expect((await pages.list('tara', { beforeId: second.id, limit: 2 })).map((message) => message.id)).toEqual([
      first.id,
    ]);
  });

  test('local roles are kept, and resources can be told to fail', async () => {
    const { localRoles } = world;
    await localRoles.set('s', 'r', 'member', 'root', true);
    await localRoles.set('s', 'r', 'member', 'root', true);
    expect(await localRoles.has('s', 'r', 'member', 'root')).toBe(true);
    await localRoles.set('s', 'r', 'member', 'root', false);
    expect(await localRoles.has('s', 'r', 'member', 'root')).toBe(false);
    await localRoles.tell('r', { mode: 'hang', code: 'x' });
    expect(await localRoles.fault('r')).toEqual({ mode: 'hang', code: 'x' });
    await localRoles.tell('r', null);
    expect(await localRoles.fault('r')).toBeNull();
  });
});
