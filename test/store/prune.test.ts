// What is kept grows with what goes on, and not with what ever was: old ticks and messages about what is long over go.
import type { AssignmentId, PersonId, RequestId } from '../../src/domain/model';
import { end } from '../../src/domain/assignment';
import { newId } from '../../src/store/ids';
import { bySystem, createWorld, DAY, moment, type World } from './world';

let world: World;
let tara: PersonId;
let ana: PersonId;
beforeEach(async () => {
  world = await createWorld();
  [tara, ana] = [await world.person('Tara'), await world.person('Ana')];
});

/** A message to Tara that was sent and is remembered, by the view that it shows. */
async function told(view: string, kind: string, id: string, state: 'live' | 'sending' = 'live'): Promise<void> {
  const request = kind === 'request' ? (id as RequestId) : null;
  const card = {
    platform: 'slack',
    tenant: 'T',
    user: 'U',
    person: tara,
    view,
    subject: { kind, id },
    request,
    params: {},
  };
  const { id: row } = await world.cards.begin(card);
  if (state === 'live') await world.cards.sent(row, { conversation: 'D', message: view, serviceUrl: null }, 'hash');
}
/** An answer to Tara that is remembered. */
async function asked(view: string, kind: string, id: string): Promise<void> {
  const place = { platform: 'slack', tenant: 'T', user: 'U', conversation: 'D', message: 'answer', serviceUrl: null };
  const [row] = await world.sql('select usher_now() as now');
  const shown = { view, subject: { kind, id }, request: null, params: {}, hash: 'hash', readAt: row?.['now'] as Date };
  await world.cards.posted({ id: world.cards.newId(), person: tara, ...place, ...shown });
}
const kept = async (): Promise<unknown[]> =>
  (await world.sql('select view from cards order by view')).map(({ view }) => view);
const prune = async (): Promise<void> => {
  while ((await world.due.prune(2)) > 0);
};
async function held(name: string): Promise<AssignmentId> {
  const pkg = await world.package(name, { resources: [], policy: { expiration: 'never', expiration_days: null } });
  await world.ask(tara, pkg);
  return (await world.views.liveAssignment(tara, pkg)) as AssignmentId;
}
const endNow = (id: AssignmentId): Promise<void> =>
  world.store.write(bySystem, async (tx) => {
    const facts = await tx.forAssignment(id);
    await tx.save(end(facts, { reason: 'gaveUp', type: 'systemRemove', requestor: null, note: null }, moment(tx)));
  });
const requestOf = async (assignment: AssignmentId): Promise<string> => {
  const [row] = await world.sql(`select id from requests where assignment_id = $1 and type = 'userAdd'`, [assignment]);
  return row?.['id'] as string;
};

test('messages about what is over for a month go; those about what goes on, or was over lately, stay', async () => {
  const [old, live, late] = [await held('Old'), await held('Live'), await held('Late')];
  const stage = { primaries: [{ person: ana }] };
  const denied = await world.ask(tara, await world.package('Denied', { stages: [stage] }));
  const waiting = await world.ask(tara, await world.package('Waiting', { stages: [stage] }));
  await world.decide(denied.id, ana, 'deny');
  for (const [name, id] of Object.entries({ old, live, late })) {
    await told(`${name} access`, 'assignment', id);
    await told(`${name} request`, 'request', await requestOf(id));
  }
  await told('denied request', 'request', denied.id);
  await told('waiting request', 'request', waiting.id);
  await endNow(old);
  await world.later(25 * DAY);
  await endNow(late);
  await world.later(6 * DAY);
  await prune();
  expect(await kept()).toEqual(['late access', 'late request', 'live access', 'live request', 'waiting request']);
  await world.later(25 * DAY);
  await prune();
  expect(await kept()).toEqual(['live access', 'live request', 'waiting request']);
});

test('what goes on is looked at once a month, and what is over when it may go', async () => {
  const [live, late] = [await held('Live'), await held('Late')];
  await told('live access', 'assignment', live);
  await told('late access', 'assignment', late);
  const lookedAt = (): Promise<unknown[]> =>
    world.sql(
      `select view, round(extract(epoch from look_at - usher_now()) / 86400)::integer as days from cards order by view`,
    );
  await world.later(25 * DAY);
  await endNow(late);
  await world.later(6 * DAY);
  await prune();
  expect(await lookedAt()).toEqual([
    { view: 'late access', days: 24 },
    { view: 'live access', days: 30 },
  ]);
  // As an older release begins it.
  await world.sql('update cards set look_at = null');
  await prune();
  expect(await lookedAt()).toEqual([
    { view: 'late access', days: 24 },
    { view: 'live access', days: 30 },
  ]);
});

test('of what is said anew each time the last stays, and what never went out goes', async () => {
  const [resource, other] = [newId(), newId()];
  await told('drift~1', 'resource', resource);
  await told('drift~2', 'resource', other);
  await told('never sent', 'resource', other, 'sending');
  await world.later(DAY);
  await told('drift~3', 'resource', resource);
  await asked('drift', 'resource', other);
  await world.later(20 * DAY);
  await prune();
  expect(await kept()).toHaveLength(5);
  await world.later(20 * DAY);
  await prune();
  // What was asked for takes the place of nothing that was told.
  expect(await kept()).toEqual([expect.stringMatching(/^drift~0/), 'drift~2', 'drift~3']);
});

test('of a task that is done the message goes a month later', async () => {
  const { role, scope } = await world.resource('Vault');
  const [grant, open, done] = [newId(), newId(), newId()];
  await world.insert('grants', {
    id: grant,
    person_id: tara,
    role_id: role,
    scope_id: scope,
    state: 'placed',
    version: 1,
  });
  const task = { grant_id: grant, want: true, opened_at: new Date(), version: 1 };
  await world.insert('manual_tasks', { ...task, id: open, state: 'open' });
  await world.insert('manual_tasks', {
    ...task,
    id: done,
    state: 'done',
    done_at: new Date(),
    done_by: ana,
    note: 'key 7',
  });
  await told('open task', 'manualTask', open);
  await told('done task', 'manualTask', done);
  await world.later(31 * DAY);
  await prune();
  expect(await kept()).toEqual(['open task']);
});

test('ticks of the last day stay, and the last of each job, by which a passed instant is told answered', async () => {
  const at = (days: number): Date => new Date(Date.now() - days * DAY);
  for (const days of [40, 3, 2, 0.5, 0]) await world.due.claimTick('often', at(days), 'a');
  const last = at(35);
  for (const instant of [at(60), last]) await world.due.claimTick('monthly', instant, 'a');
  await prune();
  const rows = await world.sql('select job, count(*)::integer as n from job_ticks group by job order by job');
  expect(rows).toEqual([
    { job: 'monthly', n: 1 },
    { job: 'often', n: 2 },
  ]);
  expect(await world.due.claimTick('monthly', last, 'b')).toBe(false);
});
