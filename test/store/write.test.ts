// The write path: all or nothing, who is first, what a repetition does, and what the database refuses behind the rules.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { ConnectionAcquireTimeoutError } from 'sequelize';
import { createLog } from '../../src/log';
import { end } from '../../src/domain/assignment';
import { DomainError } from '../../src/domain/errors';
import type { DomainEvent } from '../../src/domain/events';
import type { AssignmentId, PackageId, PersonId } from '../../src/domain/model';
import { Busy, OutcomeUnknown, RepeatedDelivery } from '../../src/operations/ports';
import { connect } from '../../src/store/database';
import { orBusy, Stale } from '../../src/store/faults';
import { newId } from '../../src/store/ids';
import { inTransaction } from '../../src/store/query';
import { createStore } from '../../src/store/store';
import { EDGES } from '../support/sound';
import { cutLine } from './line';
import { byPerson, bySystem, createWorld, moment, type World } from './world';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

async function count(table: string, where = 'true'): Promise<number> {
  const [row] = await world.sql(`select count(*)::integer as n from ${table} where ${where}`);
  return row?.['n'] as number;
}

async function endNow(assignment: AssignmentId): Promise<void> {
  await world.store.write(bySystem, async (tx) => {
    const facts = await tx.forAssignment(assignment);
    await tx.save(end(facts, { reason: 'gaveUp', type: 'systemRemove', requestor: null, note: null }, moment(tx)));
  });
}

async function assignmentOf(person: PersonId, pkg: PackageId): Promise<AssignmentId> {
  const found = await world.views.liveAssignment(person, pkg);
  if (found === null) throw new Error('no live assignment');
  return found;
}

describe('a save', () => {
  test('writes rows, audit and outgoing work together', async () => {
    const [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    let woken = 0;
    world.store.onCommit(() => (woken += 1));
    const request = await world.ask(tara, pkg);

    expect(await world.sql('select number, state, reason from requests')).toEqual([
      { number: 1001, state: 'pendingApproval', reason: 'Because' },
    ]);
    const events = await world.sql(
      'select type, actor_id, via, subject_id, person_id, stage from audit_events order by id',
    );
    expect(events.map((event) => event['type'])).toEqual(
      expect.arrayContaining(['request.submitted', 'approver.asked']),
    );
    expect(events[0]).toMatchObject({ type: 'request.submitted', actor_id: tara, via: 'test', subject_id: request.id });
    expect(
      await world.sql(`select kind, notice, person_id, subject_id, lane from outgoing where notice = 'approval'`),
    ).toEqual([
      {
        kind: 'tell',
        notice: 'approval',
        person_id: ana,
        subject_id: request.id,
        lane: `${ana}:request:${request.id}`,
      },
    ]);
    expect(woken).toBe(1);
  });

  test('keeps what people wrote out of the trail, as an erasable remark', async () => {
    const [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    const request = await world.ask(tara, pkg);
    const [event] = await world.sql(
      `select before, after::text as after from audit_events where type = 'request.submitted'`,
    );
    expect(event?.['before']).toBeNull();
    expect(event?.['after']).not.toContain('Because');
    const [kept] = await world.sql(
      `select r.text from audit_events e join remarks r
         on encode(r.hash, 'hex') = e.after -> 'requests' -> $1 -> 'reason' ->> 'remark'
       where e.type = 'request.submitted' and sha256(r.salt || convert_to(r.text, 'UTF8')) = r.hash`,
      [request.id],
    );
    expect(kept).toEqual({ text: 'Because' });
  });

  test('shows every changed row in the trail once', async () => {
    const [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    const { id } = await world.ask(tara, pkg);
    await world.decide(id, ana);
    const trail = await world.sql(`select distinct t.key as table, r.key as id from audit_events,
      jsonb_each(after) t, jsonb_each(t.value) r order by 1, 2`);
    const rows =
      await world.sql(`select 'requests' as table, id::text from requests union all select 'approval_stages', id::text from approval_stages
      union all select 'approval_tasks', id::text from approval_tasks union all select 'decisions', id::text from decisions
      union all select 'assignments', id::text from assignments union all select 'justifications', id::text from justifications
      union all select 'grants', id::text from grants order by 1, 2`);
    expect(trail).toEqual(rows);
  });

  test('an ending is one event, places each role that goes, and redraws with its message', async () => {
    const tara = await world.person('Tara');
    const resources = [await world.resource('Files'), await world.resource('Wiki')];
    const pkg = await world.package('CRM', { resources });
    await world.ask(tara, pkg);
    await world.sql('delete from outgoing');
    await endNow(await assignmentOf(tara, pkg));
    expect(
      await world.sql(`select type, (select array_agg(noun order by noun) from jsonb_object_keys(after) noun) as nouns
        from audit_events where type like '%ing' and type <> 'assignment.delivering'`),
    ).toEqual([{ type: 'assignment.ending', nouns: ['assignments', 'grants', 'justifications', 'requests'] }]);
    const grants = await world.sql('select id from grants order by id');
    expect(
      await world.sql(
        `select subject_id as id from outgoing where kind = 'place' and next_at < usher_now() order by 1`,
      ),
    ).toEqual(grants);
    expect(await count('outgoing', `kind = 'redraw' and subject_kind = 'assignment'`)).toBe(0);

    const rows = await world.outbox.claim(10, 60_000, ['tell']);
    for (const row of rows) if (row.person === null) await world.outbox.expand(row);
    expect(
      await world.sql(`select kind, notice, person_id as person, subject_kind as about from outgoing
        where subject_kind = 'assignment' and state = 'ready' order by kind`),
    ).toEqual([
      { kind: 'redraw', notice: null, person: null, about: 'assignment' },
      { kind: 'tell', notice: 'accessEnded', person: tara, about: 'assignment' },
    ]);
  });

  test('a failing tail rolls everything back', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    const broken: DomainEvent = { type: 'grant.wanted', subject: { kind: 'package', id: pkg }, refs: {}, data: {} };
    const act = world.store.write(byPerson(tara), async (tx) => {
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      await tx.record([
        { type: 'access.refused', subject: { kind: 'person', id: tara }, refs: { person: tara }, data: {} },
      ]);
      await tx.record([broken]); // a placement without a grant
    });
    await expect(act).rejects.toThrow('not-null');
    expect(await count('audit_events')).toBe(0);
    expect(await count('outgoing')).toBe(0);
  });

  test('refuses rows without an event, and one row twice', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    const request = await world.ask(tara, pkg);
    const rows = async (times: number, events: readonly DomainEvent[]): Promise<void> => {
      await world.store.write(bySystem, async (tx) => {
        const facts = await tx.forRequest(request.id);
        const after = { ...facts.request, version: facts.request.version + 1 };
        const row = { noun: 'request', before: facts.request, after } as const;
        await tx.save({ rows: Array.from({ length: times }, () => row), links: [], withdrawals: [], events });
      });
    };
    const event: DomainEvent = {
      type: 'request.delivered',
      subject: { kind: 'request', id: request.id },
      refs: {},
      data: {},
    };
    await expect(rows(1, [])).rejects.toThrow('without an event');
    await expect(rows(2, [event])).rejects.toThrow('two changes of one row');
  });

  test('of a stale version changes nothing', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    const request = await world.ask(tara, pkg);
    const before = await count('audit_events');
    let runs = 0;
    const act = world.store.write(bySystem, async (tx) => {
      runs += 1;
      const { request: now } = await tx.forRequest(request.id);
      const seen = { ...now, version: now.version + 7 };
      await tx.save({
        rows: [{ noun: 'request', before: seen, after: { ...seen, version: seen.version + 1 } }],
        links: [],
        withdrawals: [],
        events: [{ type: 'request.delivered', subject: { kind: 'request', id: request.id }, refs: {}, data: {} }],
      });
    });
    await expect(act).rejects.toMatchObject({ code: 'stale' });
    expect(runs).toBe(4);
    expect(await count('audit_events')).toBe(before);
  });

  test('closes one stage and opens the next, in whatever order they come', async () => {
    const [ana, ben, tara] = [await world.person('Ana'), await world.person('Ben'), await world.person('Tara')];
    const pkg = await world.package('CRM', {
      stages: [{ primaries: [{ person: ana }] }, { primaries: [{ person: ben }] }],
    });
    const { id } = await world.ask(tara, pkg);
    await world.decide(id, ana);
    expect(await world.sql('select n, state from approval_stages order by n')).toEqual([
      { n: 1, state: 'approved' },
      { n: 2, state: 'inProgress' },
    ]);
    await world.decide(id, ben);
    expect(await world.sql('select state from requests')).toEqual([{ state: 'delivering' }]);
  });
});

describe('two at once', () => {
  test('who ask for the same thing get one request, and the second hears its number', async () => {
    const [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => world.ask(tara, pkg)));
    const refused = results.filter((one) => one.status === 'rejected').map((one) => one.reason as DomainError);
    expect(refused.map((one) => one.code)).toEqual(Array.from({ length: 5 }, () => 'already-requested'));
    expect(refused[0]?.data).toMatchObject({ number: 1001 });
    expect(await count('requests')).toBe(1);
  });

  test('who decide the same stage: one decides, the other hears what was decided', async () => {
    const [ana, ben, tara] = [await world.person('Ana'), await world.person('Ben'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }, { person: ben }] }] });
    const { id } = await world.ask(tara, pkg);
    const results = await Promise.allSettled([world.decide(id, ana), world.decide(id, ben, 'deny')]);
    const refused = results.filter((one) => one.status === 'rejected').map((one) => (one.reason as DomainError).code);
    expect(refused).toEqual(['already-decided']);
    expect(await count('decisions')).toBe(1);
  });

  test('approvals of two incompatible packages: one is refused', async () => {
    const [ana, ben, tara] = [await world.person('Ana'), await world.person('Ben'), await world.person('Tara')];
    const pay = await world.package('Pay', { stages: [{ primaries: [{ person: ana }] }] });
    const audit = await world.package('Audit', { stages: [{ primaries: [{ person: ben }] }] });
    const [one, two] = [await world.ask(tara, pay), await world.ask(tara, audit)];
    await world.incompatible(pay, audit);
    await Promise.all([world.decide(one.id, ana), world.decide(two.id, ben)]);
    // The first to be decided is denied, because the other one is still pending; then nothing stands against the other.
    const states = await world.sql('select state, detail from requests order by state');
    expect(states).toEqual([
      { state: 'delivering', detail: null },
      { state: 'denied', detail: 'gateClosed' },
    ]);
    expect(await count('assignments')).toBe(1);
  });

  test('asking for two incompatible packages: one is refused', async () => {
    const tara = await world.person('Tara');
    const [pay, audit] = [await world.package('Pay'), await world.package('Audit')];
    await world.incompatible(pay, audit);
    const results = await Promise.allSettled([world.ask(tara, pay), world.ask(tara, audit)]);
    const refused = results.filter((one) => one.status === 'rejected').map((one) => (one.reason as DomainError).code);
    expect(refused).toEqual(['incompatible']);
    expect(await count('assignments')).toBe(1);
  });

  test('endings of two assignments that share a role leave nobody with it', async () => {
    const tara = await world.person('Tara');
    const shared = await world.resource('Shared');
    const [one, two] = [
      await world.package('One', { resources: [shared] }),
      await world.package('Two', { resources: [shared] }),
    ];
    await world.ask(tara, one);
    await world.ask(tara, two);
    const ids = [await assignmentOf(tara, one), await assignmentOf(tara, two)];
    await Promise.all(ids.map(endNow));
    expect(await world.sql('select state from grants')).toEqual([{ state: 'taking' }]);
    expect(await world.sql('select state from assignments order by state')).toEqual([
      { state: 'removed' },
      { state: 'removing' },
    ]);
  });

  test('a load sees what was committed while it waited for the lock', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    let waiting: Promise<unknown> | undefined;
    await world.store.write(byPerson(tara), async (tx) => {
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      waiting = world.store.write(bySystem, (other) =>
        other.forSubmit({ requestor: tara, target: tara, package: pkg }),
      );
      while (
        (
          await world.sql(
            `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
          )
        ).length === 0
      );
      await world.sql(`update packages set name = 'Renamed' where id = $1`, [pkg]);
    });
    expect(await waiting).toMatchObject({ package: { name: 'Renamed' } });
  });

  test('an act on one person does not hold up what that person decides about another', async () => {
    const [ana, ben] = [await world.person('Ana'), await world.person('Ben')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }, { person: ben }] }] });
    const [one, two] = [await world.ask(ana, pkg), await world.ask(ben, pkg)];
    await world.store.write(bySystem, async (tx) => {
      await tx.forRequest(one.id); // holds Ana's row
      await world.decide(two.id, ana); // refers to Ana's row
    });
    expect(await world.sql('select person_id from decisions')).toEqual([{ person_id: ana }]);
  });

  test('who waits too long for a lock is told that Usher is busy', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    let refusal: unknown;
    await world.store.write(byPerson(tara), async (tx) => {
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      refusal = await world.ask(tara, pkg).catch((error: unknown) => error);
    });
    expect(refusal).toMatchObject({ code: 'too-busy' });
  });

  test('what is looked at or written outside of an act tells that it waited too long, for a row or for a connection', async () => {
    const tara = await world.person('Tara');
    const { id } = await world.drafts.create(tara, 'request', 'fill', {});
    const small = await connect({ url: world.db.url, poolMax: 1, limits: { lock: 50 } });
    const { drafts } = createStore({ sequelize: small.sequelize, log: createLog('silent') });
    await inTransaction(world.db.sequelize, async (q) => {
      await q('select 1 from drafts where id = $1 for update', [id]);
      const waiting = drafts.change(id, tara, 'fill', {});
      await expect(waiting).rejects.toMatchObject({ name: 'Busy', original: { code: '55P03' } });
    });
    await small.close();
    const none = orBusy(() => Promise.reject(new ConnectionAcquireTimeoutError(new Error('all are used'))));
    await expect(none('select 1')).rejects.toBeInstanceOf(Busy);
  });
});

describe('a delivery', () => {
  const delivery = { platform: 'slack', key: 'D1', bodyHash: 'a' };

  test('is acted on once, and its reply comes again', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    const act = (): Promise<void> =>
      world.store.write(byPerson(tara, delivery), async (tx) => {
        const facts = await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
        await tx.record([
          { type: 'access.refused', subject: { kind: 'package', id: facts.package.id }, refs: {}, data: {} },
        ]);
        await tx.reply({ view: 'request', params: { n: 1 } });
      });
    const results = await Promise.allSettled([act(), act(), act()]);
    const repeated = results.filter((one) => one.status === 'rejected').map((one) => one.reason as unknown);
    expect(repeated).toHaveLength(2);
    for (const one of repeated) {
      expect(one).toBeInstanceOf(RepeatedDelivery);
      expect(one).toMatchObject({ reply: { view: 'request', params: { n: 1 } } });
    }
    expect(await count('audit_events')).toBe(1);
    expect(await world.store.repeated(delivery)).toEqual({ view: 'request', params: { n: 1 } });
  });

  test('with another body under the same key is refused', async () => {
    const other = { ...delivery, bodyHash: 'b' };
    await world.store.write({ ...bySystem, delivery }, async (tx) => tx.clock());
    await expect(world.store.write({ ...bySystem, delivery: other }, async (tx) => tx.clock())).rejects.toMatchObject({
      code: 'same-key-other-body',
    });
    await expect(world.store.repeated(other)).rejects.toMatchObject({ code: 'same-key-other-body' });
  });

  test('that was refused may come again', async () => {
    const refuse = world.store.write({ ...bySystem, delivery }, () => Promise.reject(new DomainError('forbidden', {})));
    await expect(refuse).rejects.toMatchObject({ code: 'forbidden' });
    expect(await world.store.repeated(delivery)).toBeNull();
    expect(await world.store.write({ ...bySystem, delivery }, () => Promise.resolve('done'))).toBe('done');
  });

  test('stored for later and acted on is settled by the act itself', async () => {
    expect(await world.inbound.store(delivery, { text: 'hi' })).toBe(true);
    expect(await world.inbound.store(delivery, { text: 'hi' })).toBe(false);
    const [row] = await world.inbound.claim(5, 60_000);
    expect(row?.payload).toEqual({ text: 'hi' });
    await world.store.write({ ...bySystem, delivery }, (tx) => tx.clock());
    expect(await world.sql('select state, payload from inbound')).toEqual([{ state: 'done', payload: null }]);
    if (row) await world.inbound.settle(row.lease, { state: 'done' });
    await expect(world.store.write({ ...bySystem, delivery }, (tx) => tx.clock())).rejects.toBeInstanceOf(
      RepeatedDelivery,
    );
  });
});

describe('a connection that is lost', () => {
  /** Ends every session that is in the middle of a transaction. */
  const cut = async (): Promise<number> => {
    const rows = await world.sql(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()`);
    return rows.length;
  };

  test('in the middle of an act makes it run again, whole', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    let runs = 0;
    await world.store.write(byPerson(tara), async (tx) => {
      runs += 1;
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      if (runs === 1) expect(await cut()).toBe(1);
      await tx.record([{ type: 'access.refused', subject: { kind: 'package', id: pkg }, refs: {}, data: {} }]);
    });
    expect(runs).toBe(2);
    expect(await count('audit_events')).toBe(1);
  });

  test('each time ends in an error after a few runs, with nothing changed', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    let runs = 0;
    const act = world.store.write(byPerson(tara), async (tx) => {
      runs += 1;
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      await tx.record([{ type: 'access.refused', subject: { kind: 'package', id: pkg }, refs: {}, data: {} }]);
      await cut();
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
    });
    await expect(act).rejects.toBeDefined();
    await expect(act).rejects.not.toBeInstanceOf(OutcomeUnknown);
    expect(runs).toBe(4);
    expect(await count('audit_events')).toBe(0);
  });

  test('under its COMMIT leaves no doubt where the database comes back: what was done is told as done, and not done twice', async () => {
    const line = await cutLine(world);
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    const delivery = { platform: 'slack', key: randomUUID(), bodyHash: 'a' };
    const act = line.store.write(byPerson(tara, delivery), async (tx) => {
      await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
      await tx.record([{ type: 'access.refused', subject: { kind: 'package', id: pkg }, refs: {}, data: {} }]);
      await tx.reply({ view: 'request', params: { n: 1 } });
      line.arm();
    });
    await expect(act).rejects.toMatchObject({ name: 'RepeatedDelivery', reply: { view: 'request' } });
    expect(await count('audit_events')).toBe(1);
    await line.close();
  });

  test('under its COMMIT and for longer is an outcome that nobody knows', async () => {
    const line = await cutLine(world);
    const tara = await world.person('Tara');
    const act = line.store.write(
      { ...byPerson(tara), delivery: { platform: 'slack', key: 'D9', bodyHash: 'a' } },
      async (tx) => {
        await tx.clock();
        line.arm('for good');
      },
    );
    await expect(act).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(await count('inbound', `delivery = 'D9'`)).toBe(1);
    await line.close();
  });
});

describe('an act that somebody waits for', () => {
  const within = (milliseconds: number) => ({ ...bySystem, until: performance.now() + milliseconds });
  const refused = { code: 'too-busy' };

  test('is refused before it begins when its time is over', async () => {
    const act = jest.fn(() => Promise.resolve());
    await expect(world.store.write(within(0), act)).rejects.toMatchObject(refused);
    expect(act).not.toHaveBeenCalled();
  });

  test('is not run again after its time', async () => {
    const by = within(60_000);
    let runs = 0;
    const overtaken = world.store.write(by, async (tx) => {
      await tx.clock();
      runs += 1;
      by.until = 0;
      throw new Stale();
    });
    await expect(overtaken).rejects.toMatchObject(refused);
    expect(runs).toBe(1);
  });

  test('takes nothing when its time is over before its COMMIT', async () => {
    const tara = await world.person('Tara');
    const pkg = await world.package('CRM');
    await world.ask(tara, pkg);
    const assignment = await assignmentOf(tara, pkg);
    const by = within(60_000);
    const late = world.store.write(by, async (tx) => {
      const facts = await tx.forAssignment(assignment);
      await tx.save(end(facts, { reason: 'gaveUp', type: 'systemRemove', requestor: null, note: null }, moment(tx)));
      by.until = 0;
    });
    await expect(late).rejects.toMatchObject(refused);
    expect(await count('assignments', `ended_at is null`)).toBe(1);
    await endNow(assignment);
    expect(await count('assignments', `ended_at is null`)).toBe(0);
  });

  test('waits for no statement longer than it has, and leaves the connection as it was', async () => {
    const shown = `select current_setting('statement_timeout') as it`;
    let left = 4_321.9;
    const inside = await inTransaction(
      world.db.sequelize,
      async (q) => {
        const [first] = await q(shown);
        left = 1_234;
        return [first, ...(await q(shown))];
      },
      () => left,
    );
    expect(inside).toEqual([{ it: '4321ms' }, { it: '1234ms' }]);
    expect(await inTransaction(world.db.sequelize, (q) => q(shown))).toEqual([{ it: '15s' }]);
    const hangs = inTransaction(
      world.db.sequelize,
      (q) => q('select pg_sleep(60)'),
      () => 20,
    );
    await expect(hangs).rejects.toMatchObject({ code: '57014' });
  });
});

describe('behind the rules, the database', () => {
  async function pending(): Promise<{ request: string; target: PersonId; ana: PersonId }> {
    const [ana, tara] = [await world.person('Ana'), await world.person('Tara')];
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    return { request: (await world.ask(tara, pkg)).id, target: tara, ana };
  }

  test('refuses edges that are not drawn, and versions that do not rise by one', async () => {
    const { request } = await pending();
    await expect(
      world.sql(`update requests set state = 'removed', version = version + 1 where id = $1`, [request]),
    ).rejects.toMatchObject({
      original: { constraint: 'state_follows_edges' },
    });
    await expect(world.sql('update requests set version = version + 2 where id = $1', [request])).rejects.toMatchObject(
      {
        original: { constraint: 'version_rises_by_one' },
      },
    );
  });

  test('refuses every edge that is not drawn, of each machine, and no other', async () => {
    // The guard itself, on tables of the same names that have nothing but a state, so that no other check answers first.
    const client = new Client({ connectionString: world.db.url });
    await client.connect();
    try {
      await client.query(`create function pg_temp.edges() returns table (edge text, taken boolean) language plpgsql as $$
        declare machine text; was text; becomes text;
        begin
          foreach machine in array array['requests', 'assignments', 'approval_stages'] loop
            execute format('create temp table %I (state text, version integer)', machine);
            execute format('create trigger follow_edges before update on pg_temp.%I for each row execute function public.follow_edges()', machine);
            for was, becomes in
              with states as (select from_state as state from state_edges e where e.noun = machine union select to_state from state_edges e where e.noun = machine)
              select a.state, b.state from states a, states b where a.state <> b.state
            loop
              execute format('insert into pg_temp.%I values ($1, 1)', machine) using was;
              edge := concat_ws(' ', machine, was, becomes);
              begin
                execute format('update pg_temp.%I set state = $1, version = 2', machine) using becomes;
                taken := true;
              exception when check_violation then
                taken := false;
              end;
              execute format('delete from pg_temp.%I', machine);
              return next;
            end loop;
          end loop;
        end $$`);
      const { rows } = await client.query<{ edge: string; taken: boolean }>('select * from pg_temp.edges()');
      const nouns = { request: 'requests', assignment: 'assignments', stage: 'approval_stages' } as const;
      const drawn = Object.entries(nouns).flatMap(([noun, table]) =>
        Object.entries(EDGES[noun as keyof typeof nouns]).flatMap(([from, all]) =>
          all.map((to) => `${table} ${from} ${to}`),
        ),
      );
      expect(
        rows
          .filter(({ taken }) => taken)
          .map(({ edge }) => edge)
          .toSorted(),
      ).toEqual(drawn.toSorted());
      expect(rows.length).toBeGreaterThan(drawn.length * 3);
    } finally {
      await client.end();
    }
  });

  test.each([
    { name: 'that somebody made', change: { requestor_id: 'target' } },
    { name: 'of no access', change: { assignment_id: null } },
    { name: 'without a reason', change: { detail: null } },
    { name: 'for a reason of another act', change: { detail: 'gaveUp' } },
    { name: 'that is not done', change: { state: 'delivering' } },
  ])('refuses a change by Usher $name', async ({ change }) => {
    const tara = await world.person('Tara');
    await world.ask(tara, await world.package('CRM'));
    const write = (fields: object) =>
      world.sql(
        `insert into requests select (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'number', 9, 'type', 'systemUpdate',
           'state', 'delivered', 'requestor_id', null, 'detail', 'endReached', 'completed_at', r.created_at) || $1)).* from requests r`,
        [JSON.stringify(fields).replace('"target"', `"${tara}"`)],
      );
    await expect(write(change)).rejects.toMatchObject({ original: { code: '23514' } });
    await write({});
  });

  test('refuses rows that no rule writes', async () => {
    const [ana, max, tara, tom] = [
      await world.person('Ana'),
      await world.person('Max'),
      await world.person('Tara'),
      await world.person('Tom'),
    ];
    const vpn = await world.package('VPN', { stages: [{ primaries: [{ person: ana }, { person: max }] }] });
    await world.ask(tara, await world.package('CRM'));
    await world.ask(tom, await world.package('ERP'));
    await world.decide((await world.ask(tara, vpn)).id, ana);
    await world.ask(tom, vpn);
    const copy = (table: string, fields: string, from = ''): string =>
      `insert into ${table} select (jsonb_populate_record(t, jsonb_build_object('id', usher_id(), ${fields}))).* from ${table} t ${from} limit 1`;
    const changes = (table: string, set: string, where = 'true'): string =>
      `update ${table} t set ${set} where ${where} and version > 0`;
    const wrong: readonly (readonly [sql: string, constraint: string])[] = [
      // A role of one person held by access of another.
      [
        `insert into grant_assignments (grant_id, assignment_id)
         select g.id, a.id from grants g join assignments a on a.target_id <> g.person_id limit 1`,
        'held_by_the_same',
      ],
      [
        'update grant_assignments l set assignment_id = a.id from assignments a where a.id <> l.assignment_id',
        'stays_as_made',
      ],
      [changes('grants', `person_id = '${max}', version = version + 1`), 'stays_as_made'],
      // A role of one resource in a scope of another.
      ...['package_grants (package_version_id,', 'grants (state, version, id, person_id,'].map(
        (into) =>
          [
            `insert into ${into} role_id, scope_id)
             select ${into.startsWith('grants') ? `'placing', 1, usher_id(), '${tara}'::uuid` : 'v.id'}, role.id, scope.id
             from package_versions v, resource_roles role join resource_scopes scope on scope.resource_id <> role.resource_id limit 1`,
            'of_one_resource',
          ] as const,
      ),
      [
        'update resource_scopes s set resource_id = r.id, root = false from resources r where r.id <> s.resource_id',
        'stays_as_made',
      ],
      // Access justified by a request about other access, or by other terms than it was asked by.
      [
        copy('justifications', `'assignment_id', a.id`, 'join assignments a on a.id <> t.assignment_id'),
        'given_by_its_request',
      ],
      [
        copy('justifications', `'policy_version_id', v.id`, 'join policy_versions v on v.id <> t.policy_version_id'),
        'given_by_its_request',
      ],
      [
        changes('justifications', `request_id = (select r.id from requests r where r.id <> t.request_id limit 1)`),
        'stays_as_made',
      ],
      // A request by a policy of another package.
      [
        copy(
          'requests',
          `'number', 99, 'policy_version_id', p.current_version_id, 'state', 'delivering'`,
          `join policies p on p.package_id <> t.package_id where t.state = 'delivering'`,
        ),
        'by_a_policy_of_its_package',
      ],
      // What begins in the middle.
      [
        copy('requests', `'number', 99, 'state', 'denied', 'version', 1, 'completed_at', t.created_at`),
        'begins_as_drawn',
      ],
      [copy('requests', `'number', 99, 'type', 'adminRemove', 'state', 'delivered', 'version', 1`), 'begins_as_drawn'],
      [copy('requests', `'number', 99, 'state', 'removed', 'version', 1`), 'begins_as_drawn'],
      [copy('assignments', `'state', 'deliveryFailed', 'version', 1`), 'begins_as_drawn'],
      [copy('approval_stages', `'n', 2, 'state', 'approved', 'version', 1`), 'begins_as_drawn'],
      // A decision on what is decided, approval by nobody, and who decided as who asked.
      [
        `insert into decisions (id, request_id, n, person_id, decision, at, shown)
         select usher_id(), request_id, n, person_id, 'approve', usher_now(), '{}' from approval_tasks where state = 'closed'`,
        'decided_while_running',
      ],
      [
        changes(
          'approval_stages',
          `state = 'approved', closed_at = usher_now(), version = version + 1`,
          `state = 'inProgress'`,
        ),
        'approved_by_enough',
      ],
      ...[`requestor_id = '${ana}'`, `target_id = '${max}'`, `type = 'adminAdd'`].map(
        (set) => [changes('requests', `${set}, version = version + 1`), 'stays_as_made'] as const,
      ),
    ];
    const taken: unknown[] = [];
    for (const [sql] of wrong) {
      taken.push(
        await world.db.sequelize.query(sql).then(
          () => sql,
          (error: unknown) => (error as { original: { constraint?: string } }).original.constraint ?? String(error),
        ),
      );
    }
    expect(taken).toEqual(wrong.map(([, constraint]) => constraint));
  });

  test('refuses a decision by the target', async () => {
    const { request, target } = await pending();
    await world.insert('approval_tasks', {
      id: newId(),
      request_id: request,
      n: 1,
      person_id: target,
      capacity: 'primary',
      because: { kind: 'named' },
      state: 'open',
      opened_at: new Date(),
      version: 1,
    });
    const decision = {
      id: newId(),
      request_id: request,
      n: 1,
      person_id: target,
      decision: 'approve',
      at: new Date(),
      shown: {},
    };
    await expect(world.insert('decisions', decision)).rejects.toMatchObject({
      original: { constraint: 'nobody_decides_for_themselves' },
    });
  });

  test.each([
    'update audit_events set type = type',
    'delete from audit_events',
    'update decisions set decision = decision',
    'delete from requests',
  ])('lets the program not %s', async (sql) => {
    await expect(world.db.sequelize.query(sql)).rejects.toMatchObject({ original: { code: '42501' } });
  });

  test('lets the owner not change the trail either', async () => {
    await pending();
    await expect(world.sql('delete from audit_events')).rejects.toMatchObject({ original: { code: '42501' } });
  });

  test('says which text is too long', async () => {
    const { request, ana } = await pending();
    const act = world.store.write(byPerson(ana), async (tx) => {
      const facts = await tx.forRequest(request as Parameters<typeof tx.forRequest>[0]);
      const after = { ...facts.request, reason: 'x'.repeat(2001), version: facts.request.version + 1 };
      await tx.save({
        rows: [{ noun: 'request', before: facts.request, after }],
        links: [],
        withdrawals: [],
        events: [{ type: 'request.submitted', subject: { kind: 'request', id: request }, refs: {}, data: {} }],
      });
    });
    await expect(act).rejects.toMatchObject({ code: 'text-too-long', data: { field: 'reason', max: 2000 } });
  });
});
