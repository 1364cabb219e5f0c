// Lists and due work: what is found, in which order, page by page, and that no growing table is read whole.
import type { PackageId, PersonId } from '../../src/domain/model';
import type { Page } from '../../src/operations/ports';
import { RepeatedDelivery } from '../../src/operations/ports';
import { newId } from '../../src/store/ids';
import * as Requests from '../../src/domain/request';
import { bySystem, createWorld, DAY, HOUR, moment, type World } from './world';

let world: World;
let ana: PersonId;
let tara: PersonId;
beforeEach(async () => {
  world = await createWorld();
  [ana, tara] = [await world.person('Ana', { job_title: 'Head', department: 'Sales' }), await world.person('Tara')];
});

const names = (rows: readonly { readonly name: string }[]): string[] => rows.map((row) => row.name);

describe('packages', () => {
  test('are found by name, description and resource, whatever the case, names that start so first', async () => {
    const wiki = await world.resource('Sales wiki');
    await world.package('Team CRM');
    await world.package('CRM reports');
    await world.package('Knowledge', { resources: [wiki], fields: { description: 'Look things up: 100%' } });
    const search = async (text: string): Promise<string[]> =>
      names((await world.views.searchPackages(tara, text, 10, null)).rows);
    expect(await search('crm')).toEqual(['CRM reports', 'Team CRM']);
    expect(await search('WIKI knowledge')).toEqual(['Knowledge']);
    expect(await search('things')).toEqual(['Knowledge']);
    expect(await search('100%')).toEqual(['Knowledge']);
    expect(await search('1_0')).toEqual([]);
    expect(await search('\\')).toEqual([]);
    expect(await search('')).toEqual(['CRM reports', 'Knowledge', 'Team CRM']);
  });

  test('come page by page, each once', async () => {
    for (let n = 10; n < 17; n += 1) await world.package(`Package ${n}`);
    const found: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof world.views.searchPackages>> = await world.views.searchPackages(
        tara,
        'package',
        3,
        after,
      );
      expect(page.rows.length).toBeLessThanOrEqual(3);
      found.push(...names(page.rows));
      after = page.next;
    } while (after !== null);
    expect(found).toEqual([10, 11, 12, 13, 14, 15, 16].map((n) => `Package ${n}`));
    expect((await world.views.searchPackages(tara, 'package', 3, 'forged')).rows).toHaveLength(3);
  });

  test('are listed only where the person could ask for them', async () => {
    const guest = await world.person('Gus', { kind: 'guest' });
    const wide = { targets: [{ kind: 'anyone' }] };
    await world.package('Open', wide);
    await world.package('Members');
    await world.package('Hidden', { ...wide, fields: { hidden: true } });
    await world.package('Deleted', { ...wide, fields: { state: 'deleted' } });
    await world.package('Direct', { ...wide, policy: { mode: 'direct' } });
    await world.package('Others', { targets: [{ person: ana }] });
    const list = async (person: PersonId): Promise<string[]> =>
      names((await world.views.searchPackages(person, '', 10, null)).rows);
    expect(await list(tara)).toEqual(['Members', 'Open']);
    expect(await list(ana)).toEqual(['Members', 'Open', 'Others']);
    expect(await list(guest)).toEqual([]); // the catalog is not externally visible
    await world.sql('update catalogs set externally_visible = true, version = 2');
    expect(await list(guest)).toEqual(['Open']);
    expect(names(await world.views.packagesNamed(tara, 'hidden'))).toEqual(['Hidden']);
    expect(names(await world.views.packagesNamed(tara, 'others'))).toEqual([]);
    await world.sql(`update catalogs set state = 'unpublished', version = 3`);
    expect(await list(tara)).toEqual([]);
    await world.role('packageManager', ana, world.catalog);
    expect(names(await world.views.manageablePackages(ana, 'o', 10))).toEqual(['Open', 'Others']);
    expect(await world.views.manageablePackages(tara, '', 10)).toEqual([]);
  });

  test('that may be asked for anew are found for all at once as one by one', async () => {
    const gus = await world.person('Gus', { kind: 'guest' });
    const sales = await world.group('Sales', [tara]);
    const auditors = await world.group('Auditors', [ana]);
    const wide = { targets: [{ kind: 'anyone' }] } as const;
    const all = [
      await world.package('Open', wide),
      await world.package('Members'),
      await world.package('Hidden', { fields: { hidden: true } }),
      await world.package('Deleted', { ...wide, fields: { state: 'deleted' } }),
      await world.package('Direct', { ...wide, policy: { mode: 'direct' } }),
      await world.package('Others', { policy: { self_request: false } }),
      await world.package('Sales', { targets: [{ group: sales }] }),
      await world.package('Waits', { ...wide, stages: [{ primaries: [{ person: ana }] }] }),
      await world.package('Pay', wide),
      await world.package('Audit', wide),
    ];
    const named = (n: number): PackageId => all[n] ?? ('' as PackageId);
    await world.ask(tara, named(1));
    await world.ask(tara, named(7));
    await world.ask(tara, named(8));
    await world.incompatible(named(8), named(9));
    await world.insert('incompatibilities', {
      id: newId(),
      version: 1,
      package_id: named(0),
      other_group_id: auditors,
      mutual: false,
      state: 'active',
    });
    const found = async (person: PersonId): Promise<readonly boolean[]> => {
      const facts = await world.views.forAsking(person, all);
      return all.map((id) => facts.some((one) => one.package.id === id && Requests.mayAskAnew(one)));
    };
    const byRule = (person: PersonId): Promise<boolean[]> =>
      Promise.all(
        all.map(async (id) =>
          world.views
            .forSubmit({ requestor: person, target: person, package: id })
            .then((facts) => Requests.offer(facts).length > 0)
            .catch(() => false),
        ),
      );
    for (const state of ['published', 'unpublished']) {
      await world.sql('update catalogs set state = $1, externally_visible = true, version = version + 1', [state]);
      for (const person of [tara, ana, gus]) expect(await found(person)).toEqual(await byRule(person));
    }
    await world.sql(`update catalogs set state = 'published', externally_visible = false, version = version + 1`);
    expect(await found(gus)).toEqual(await byRule(gus));
    expect([await found(tara), await found(ana)]).toEqual([
      [true, false, true, false, false, false, true, false, false, false],
      [false, true, true, false, false, false, false, true, true, true],
    ]);
    expect(await world.views.forAsking(tara, [])).toEqual([]);
  });

  test('say what is held and what is pending', async () => {
    const pkg = await world.package('CRM');
    await world.package('ERP', { stages: [{ primaries: [{ person: ana }] }] }).then((erp) => world.ask(tara, erp));
    await world.ask(tara, pkg);
    expect((await world.views.searchPackages(tara, '', 10, null)).rows).toMatchObject([
      { name: 'CRM', held: true, pending: false, catalog: 'Sales', roles: [expect.stringMatching(/^CRM site \/ /)] },
      { name: 'ERP', held: false, pending: true },
    ]);
    expect(await world.views.holds(tara, 5)).toEqual({ names: ['CRM'], total: 1 });
  });
});

describe('people', () => {
  test('are found by name and mail address, and narrowed to direct reports', async () => {
    await world.sql('update people set manager_id = $1 where id = $2', [ana, tara]);
    expect(await world.views.searchPeople('an', 10, null)).toEqual([{ id: ana, name: 'Ana', detail: 'Head, Sales' }]);
    expect(names(await world.views.searchPeople('woodgrove', 10, null))).toEqual(['Ana', 'Tara']);
    expect(names(await world.views.searchPeople('', 10, ana))).toEqual(['Tara']);
    expect(await world.views.searchPeople('%', 10, null)).toEqual([]);
    expect(names(await world.views.peopleNamed('TARA'))).toEqual(['Tara']);
    expect(names(await world.views.peopleByMail('Tara@Woodgrove.example'))).toEqual(['Tara']);
    expect(names(await world.views.peopleByKey('KEY-ana'))).toEqual(['Ana']);
  });

  test('of the demo are offered with what they have not read', async () => {
    await world.store.write(bySystem, (tx) =>
      tx.saveIdentity({
        read: null,
        platform: 'web',
        tenant: 'demo',
        user: 'ana',
        person: ana,
        state: 'linked',
        linkedBy: 'demo',
        mail: null,
        standing: 'member',
        presumed: 'member',
        zone: null,
        locale: null,
      }),
    );
    await world.pageMessages.append('ana', { direction: 'out', text: 'hi', card: null, key: null });
    expect(await world.views.personas()).toEqual([
      { key: 'ana', name: 'Ana', title: 'Head', department: 'Sales', organization: 'Woodgrove', unread: 1 },
    ]);
    expect(await world.views.identity('web', 'demo', 'ana')).toMatchObject({
      state: 'linked',
      person: { id: ana },
      version: 1,
    });
    expect(await world.views.identity('web', 'demo', 'ben')).toBeNull();
  });
});

describe('what a person has', () => {
  test('access: held first, then what is not yet removed, then what ended lately', async () => {
    for (const name of ['One', 'Two', 'Three']) await world.ask(tara, await world.package(name));
    await world.sql(`update assignments set state = 'removing', ended_at = now(), end_reason = 'gaveUp', version = version + 1
      where package_id = (select id from packages where name = 'Three')`);
    await world.sql(`update assignments set state = 'removed', ended_at = now(), end_reason = 'gaveUp', version = version + 1
      where package_id = (select id from packages where name = 'Two')`);
    const first = await world.views.access(tara, { limit: 2, after: null });
    const second = await world.views.access(tara, { limit: 2, after: first.next });
    expect([...first.rows, ...second.rows].map((row) => [row.packageName, row.state, row.mayGiveUp])).toEqual([
      ['One', 'delivering', true],
      ['Three', 'removing', false],
      ['Two', 'removed', false],
    ]);
    expect(second.next).toBeNull();
    expect(first.rows[0]).toMatchObject({
      why: [{ kind: 'request', number: 1001 }],
      startsAt: expect.any(Date) as Date,
    });
    await world.later(31 * DAY);
    expect((await world.views.access(tara, { limit: 9, after: null })).rows).toHaveLength(2);
  });

  test('requests, newest first, page by page, and their timelines', async () => {
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    const { id } = await world.ask(tara, pkg);
    await world.decide(id, ana);
    await world.ask(tara, await world.package('ERP'));
    const first = await world.views.requests(tara, { limit: 1, after: null });
    const second = await world.views.requests(tara, { limit: 1, after: first.next });
    expect([...first.rows, ...second.rows].map((row) => row.packageName)).toEqual(['ERP', 'CRM']);
    expect(second).toMatchObject({
      next: null,
      rows: [{ id, number: 1001, target: { name: 'Tara' }, requestor: { name: 'Tara' } }],
    });
    expect(await world.views.requestByNumber(1001)).toBe(id);
    expect(await world.views.requestByNumber(4711)).toBeNull();
    const timeline = await world.views.timeline(id);
    expect(timeline[0]).toMatchObject({
      type: 'request.submitted',
      actor: { name: 'Tara' },
      at: expect.any(Date) as Date,
    });
    expect(timeline.find((row) => row.type === 'decision.recorded')).toMatchObject({
      actor: { name: 'Ana' },
      data: { decision: 'approve' },
    });
  });

  test('approvals, earliest deadline first, never the own ones; and whom messages do not reach', async () => {
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }, { person: tara }] }] });
    const other = await world.package('ERP', { stages: [{ primaries: [{ person: ana }] }] });
    const [one, two] = [await world.ask(tara, pkg), await world.ask(tara, other)];
    await world.sql(
      `update approval_stages set decide_by = decide_by - interval '1 day', version = version + 1 where request_id = $1`,
      [two.id],
    );
    const first = await world.views.approvals(ana, { limit: 1, after: null });
    const second = await world.views.approvals(ana, { limit: 1, after: first.next });
    expect([...first.rows, ...second.rows].map((row) => row.id)).toEqual([two.id, one.id]);
    expect(first.rows[0]).toMatchObject({ reason: 'Because', decideBy: expect.any(Date) as Date, version: 1 });
    expect((await world.views.approvals(tara, { limit: 9, after: null })).rows).toEqual([]);

    const approval = (await world.outbox.claim(50, 60_000)).find(
      (row) => row.notice === 'approval' && row.request === one.id,
    );
    expect(await world.views.unreached(one.id)).toEqual([]);
    if (approval) await world.outbox.settle(approval.lease, { state: 'dead', error: 'gone' });
    expect(await world.views.unreached(one.id)).toEqual([{ id: ana, name: 'Ana' }]);
  });
});

describe('a list of 300', () => {
  type Read = (page: { limit: number; after: string | null }) => Promise<Page<{ readonly id?: string }>>;
  const LISTS: Record<string, (person: PersonId) => Read> = {
    access: (person) => (page) => world.views.access(person, page),
    requests: (person) => (page) => world.views.requests(person, page),
    approvals: (person) => (page) => world.views.approvals(person, page),
    delegations: (person) => async (page) => {
      const found = await world.views.delegations(person, page);
      return { ...found, rows: found.rows.map(({ delegation }) => ({ id: delegation.id })) };
    },
  };

  beforeEach(async () => {
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ person: ana }] }] });
    await world.ask(await world.person('Tom'), pkg);
    await world.ask(tara, await world.package('ERP'));
    // Of three at a time the order is by what comes after: the instant, or the rank, is the same.
    const id = `('00000000-0000-7000-8000-' || lpad(nth::text, 12, '0'))::uuid`;
    const copies = `generate_series(1, 300) nth`;
    for (const copied of [
      `insert into people select (jsonb_populate_record(people, jsonb_build_object('id', ${id}, 'directory_key', 'c' || nth,
         'email', null))).* from people, ${copies} where people.id = '${tara}'`,
      `insert into requests select (jsonb_populate_record(r, jsonb_build_object('id', ${id}, 'number', 5000 + nth,
         'target_id', ${id}, 'requestor_id', '${tara}'))).* from requests r, ${copies} where r.number = 1001`,
      `insert into approval_stages select (jsonb_populate_record(s, jsonb_build_object('id', usher_id(), 'request_id', ${id},
         'decide_by', s.decide_by + (nth / 3) * interval '1 minute'))).* from approval_stages s, ${copies}`,
      `insert into approval_tasks select (jsonb_populate_record(t, jsonb_build_object('id', usher_id(), 'request_id', ${id}))).*
         from approval_tasks t, ${copies}`,
      `insert into assignments select (jsonb_populate_record(a, jsonb_build_object('id', usher_id(), 'state', 'removed', 'version', 2,
         'ended_at', usher_now(), 'end_reason', 'gaveUp'))).* from assignments a, ${copies}`,
      `insert into delegations (id, delegator_id, delegate_id, first_day, last_day, from_at, until_at, state, due_at, version)
         select ${id}, '${tara}', '${ana}', current_date, current_date + 9, current_date + (nth / 3) * interval '1 minute',
           current_date + 9, 'accepted', current_date + 9, 1 from ${copies}`,
    ])
      await world.sql(copied);
    // What the server believes of the tables is left from other tests; in production it has looked a minute later.
    await world.sql('analyze people, requests, approval_stages, approval_tasks, assignments, delegations');
  });

  test.each(Object.keys(LISTS))('%s: is read to its end and back, page by page the same', async (name) => {
    const read = LISTS[name]?.(name === 'approvals' ? ana : tara);
    if (!read) throw new Error(name);
    const page = (after: string | null) => read({ limit: 8, after });
    const ids = ({ rows }: Page<{ readonly id?: string }>) => rows.map(({ id }) => id);
    const ways: Page<{ readonly id?: string }>[] = [await page(null)];
    for (let last = ways[0]; last?.next != null; last = ways.at(-1)) ways.push(await page(last.next));
    expect(ways[0]?.previous).toBeNull();
    expect(new Set(ways.flatMap(ids)).size).toBeGreaterThanOrEqual(300);
    expect(ways.flatMap(ids)).toHaveLength(new Set(ways.flatMap(ids)).size);
    let here = ways.at(-1);
    for (const before of ways.slice(0, -1).reverse()) {
      here = await page(here?.previous ?? 'nowhere');
      expect(ids(here)).toEqual(ids(before));
      expect(ids(await page(here.next))).toEqual(ids(ways[ways.indexOf(before) + 1] ?? here));
    }
    expect(here?.previous).toBeNull();
    // What is left of a page before is a whole page, from the start; and where nothing follows any more, it begins anew.
    const few = await read({ limit: 3, after: null });
    const next = await read({ limit: 8, after: few.next });
    expect(ids(await page(next.previous))).toEqual(ids(ways[0] ?? few));
    const last = ways.at(-1);
    await world.sql('delete from delegations');
    if (name === 'delegations')
      expect(await page(last?.previous ?? null)).toEqual({ rows: [], next: null, previous: null });
  });
});

describe('due', () => {
  test('stages that escalate, remind and expire, each at its time', async () => {
    const ben = await world.person('Ben');
    const pkg = await world.package('CRM', {
      stages: [{ primaries: [{ person: ana }], alternates: [{ person: ben }], escalateAfterHours: 2 }],
    });
    const { id } = await world.ask(tara, pkg);
    const { due } = world;
    expect(await due.stagesToEscalate(5)).toEqual([]);
    await world.later(3 * HOUR);
    expect(await due.stagesToEscalate(5)).toEqual([id]);
    await world.later(8 * DAY);
    expect(await due.stagesToRemind(5)).toEqual([id]);
    expect(await due.expiredStages(5)).toEqual([]);
    await world.later(8 * DAY);
    expect(await due.expiredStages(5)).toEqual([id]);
  });

  test('stages are misrouted exactly while the rule would change them', async () => {
    const ben = await world.person('Ben');
    const owner = await world.person('Owner');
    await world.role('catalogOwner', owner, world.catalog);
    const group = await world.group('Approvers', [ana]);
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ group }], approvals: 1 }] });
    const { id } = await world.ask(tara, pkg);
    const reroute = (): Promise<void> =>
      world.store.write(bySystem, async (tx) => {
        const facts = await tx.forRequest(id);
        await tx.save(Requests.reroute(facts, moment(tx)));
      });
    const steps: (() => Promise<unknown>)[] = [
      () => world.insert('group_people', { group_id: group, person_id: ben }), // a newcomer
      () => world.sql(`update people set state = 'disabled' where id = $1`, [ana]), // somebody left
      () => world.sql('delete from group_people where person_id = $1', [ben]), // nobody is left: the owner stands in
      () => world.sql(`update people set state = 'disabled' where id = $1`, [owner]), // nobody at all: the request ends
    ];
    expect(await world.due.misroutedStages(5)).toEqual([]);
    for (const step of steps) {
      await step();
      expect(await world.due.misroutedStages(5)).toEqual([id]);
      await reroute();
      expect(await world.due.misroutedStages(5)).toEqual([]);
    }
    expect(await world.sql('select state, detail from requests')).toEqual([{ state: 'denied', detail: 'noApprovers' }]);
  });

  test('access that is to be reminded of, and what people who left still have', async () => {
    const pkg = await world.package('CRM', { policy: { expiration: 'days', expiration_days: 30 } });
    await world.ask(tara, pkg);
    const other = await world.ask(tara, await world.package('ERP', { stages: [{ primaries: [{ person: ana }] }] }));
    const held = await world.views.liveAssignment(tara, pkg);
    await world.later(17 * DAY);
    expect(await world.due.remindersDue(5)).toEqual([held]);
    expect(await world.due.requestsOfGone(5)).toEqual([]);
    await world.sql(`update people set state = 'disabled' where id = $1`, [tara]);
    expect(await world.due.requestsOfGone(5)).toEqual([other.id]);
    expect(await world.due.assignmentsOfGone(5)).toEqual([held]);
  });

  test('a tick has one winner', async () => {
    const at = new Date('2026-01-01T00:00:00Z');
    const won = await Promise.all(['a', 'b', 'c', 'd'].map((by) => world.due.claimTick('expire', at, by)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await world.due.lastTick('expire')).toEqual(at);
    expect(await world.due.lastTick('other')).toBeNull();
  });

  test('old rows go in chunks, the newest tick, open work and what a platform may still repeat stay', async () => {
    await world.ask(ana, await world.package('ERP'));
    await world.sql('delete from outgoing');
    await world.sql('analyze outgoing'); // of an empty table the planner expects one row, whatever came since
    await world.ask(tara, await world.package('CRM'));
    const rows = await world.outbox.claim(50, 60_000);
    for (const row of rows) await world.outbox.settle(row.lease, { state: 'done' });
    const delivery = { platform: 'slack', key: 'V1', bodyHash: 'a' };
    const act = () => world.store.write({ ...bySystem, delivery }, () => Promise.resolve('acted'));
    await act();
    await world.drafts.create(tara, 'request', 'form', {});
    await world.due.claimTick('expire', new Date('2020-01-01T00:00:00Z'), 'a');
    await world.due.claimTick('expire', new Date('2020-01-02T00:00:00Z'), 'a');
    expect(await world.due.prune(100)).toBe(0 + 1); // the older tick
    // A platform repeats what it got no answer to for a day.
    await world.later(DAY + HOUR);
    expect(await world.due.prune(100)).toBe(1); // the draft
    await expect(act()).rejects.toBeInstanceOf(RepeatedDelivery);
    await world.later(30 * DAY);
    expect(await world.due.prune(1)).toBe(2); // one outgoing row, the delivery
    expect(await act()).toBe('acted');
    expect(await world.due.prune(100)).toBe(rows.length - 1);
    expect(await world.sql('select due_at from job_ticks')).toHaveLength(1);
  });

  test('the months of the audit trail are made ahead, by the program itself', async () => {
    await world.later(40 * DAY);
    await world.due.partitions();
    await world.due.partitions();
    await world.store.write(bySystem, (tx) =>
      tx.record([{ type: 'access.refused', subject: { kind: 'settings', id: 'x' }, refs: {}, data: {} }]),
    );
    const [row] = await world.sql('select tableoid::regclass::text as partition, at from audit_events');
    const month = (row?.['at'] as Date).toISOString().slice(0, 7).replace('-', '_');
    expect(row?.['partition']).toBe(`audit_events_${month}`);
    await expect(world.db.sequelize.query(`truncate audit_events_${month}`)).rejects.toMatchObject({
      original: { code: '42501' },
    });
  });
});
