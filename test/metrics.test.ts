// What operators see at /metrics, read over HTTP, of rows that stand in a real database.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HttpServer, startHttp } from '../src/http';
import { ChannelError } from '../src/chat/channel';
import { jobs } from '../src/jobs';
import { startSchedule } from '../src/jobs/schedule';
import { createMetrics, type Sources } from '../src/metrics';
import { alarmNames } from '../src/operations/alarms';
import { redrive } from '../src/operations/outgoing';
import { createInbound } from '../src/store/inbound';
import { queryIn } from '../src/store/query';
import { POOL, testDatabase } from './support/postgres';
import { aWorld, buttons, cardOf, operator, SMALL, type World } from './support/world';

let world: World;
const servers: HttpServer[] = [];

beforeEach(async () => {
  world = await aWorld(SMALL);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function sources(): Promise<Sources> {
  const { database } = await testDatabase();
  return {
    backlog: () => world.due.backlog(jobs.map((job) => job.name)),
    pool: () => database.pool(),
    ready: () => Promise.resolve(true),
    silent: { outgoing: () => world.outgoing.silent() },
    late: () => 0,
    jobs: jobs.map((job) => job.name),
    platforms: ['slack', 'web'],
    connectors: ['local', 'manual'],
  };
}

/** A process as it shows itself, with a first scrape still to come. */
async function aProcess(more: Partial<Sources> = {}) {
  const metrics = createMetrics();
  metrics.from({ ...(await sources()), ...more });
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: [],
    ready: () => Promise.resolve([]),
    metrics,
    log: world.log,
  });
  servers.push(server);
  const scrape = async (): Promise<Map<string, number>> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    expect(response.status).toBe(200);
    return read(await response.text());
  };
  return { scrape, metrics };
}

/** Samples by name and labels. */
function read(text: string): Map<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}
const now = async (): Promise<Map<string, number>> => (await aProcess()).scrape();

async function ask(user: string, name = 'ledger reader'): Promise<void> {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'month end' });
}
async function approve(): Promise<void> {
  const message = world.messagesTo('ana').find(({ card }) => buttons(card).has('Approve'));
  if (!message) throw new Error('nobody was asked');
  await world.press('ana', message.card, 'Approve');
}

async function tellLedger(fault: Parameters<World['localRoles']['tell']>[1]): Promise<void> {
  const [resource] = await world.sql<{ origin_id: string }>(`select origin_id from resources where name = 'Ledger'`);
  await world.localRoles.tell(resource?.origin_id ?? '', fault);
}

test('what waits to be sent is shown by kind, how long, and what was given up', async () => {
  await ask('tara');
  await world.sql(
    `update outgoing set created_at = created_at - interval '10 minutes', next_at = next_at - interval '7 minutes'`,
  );
  const before = await now();
  expect(before.get('usher_outgoing{kind="tell",state="due"}')).toBeGreaterThan(0);
  expect(before.get('usher_outgoing_oldest_seconds{kind="tell"}')).toBeCloseTo(600, -1);
  expect(before.get('usher_outgoing_overdue_seconds{kind="tell"}')).toBeCloseTo(420, -1);
  expect(before.get('usher_alarm{alarm="messagesLate"}')).toBe(1);
  expect(before.get('usher_alarm{alarm="workNotTaken"}')).toBe(1);

  // Its try failed: not due, and still not out.
  await world.sql(`update outgoing set next_at = usher_now() + interval '5 minutes' where kind = 'tell'`);
  const later = await now();
  expect(later.get('usher_outgoing{kind="tell",state="due"}')).toBe(0);
  expect(later.get('usher_outgoing{kind="tell",state="later"}')).toBeGreaterThan(0);
  expect(later.get('usher_outgoing_overdue_seconds{kind="tell"}')).toBe(0);
  expect(later.get('usher_alarm{alarm="messagesLate"}')).toBe(1);
  expect(later.get('usher_alarm{alarm="workNotTaken"}')).toBe(0);

  await world.sql(`update outgoing set state = 'dead', settled_at = usher_now(), error = 'x' where kind = 'tell'`);
  const dead = await now();
  expect(dead.get('usher_outgoing_dead{kind="tell"}')).toBeGreaterThan(0);
  expect(dead.get('usher_outgoing_dead{kind="place"}')).toBe(0);
  expect(dead.get('usher_alarm{alarm="messagesLate"}')).toBe(0);
});

test('what waits behind another of its lane is not due: the workers are not behind with it', async () => {
  const fault = new ChannelError('later', 'timeout', 10 * 60_000);
  world.mailbox.fail(...Array.from({ length: 10 }, () => fault));
  await ask('tara');
  await world.outgoing.settle();
  // A second message about the same to the same person, for whom the platform asked to wait.
  await world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
    select kind, notice, person_id, subject_kind, subject_id, request_id, lane, usher_now(), dedupe_key || ':again', usher_now()
    from outgoing where kind = 'tell' and state = 'ready' and person_id is not null`);
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 5 * 60000`);
  await world.outgoing.settle();
  const behind = await now();
  expect(behind.get('usher_outgoing{kind="tell",state="due"}')).toBe(0);
  expect(behind.get('usher_alarm{alarm="workNotTaken"}')).toBe(0);
  expect(behind.get('usher_alarm{alarm="messagesLate"}')).toBe(1);

  // The head is due now, and nobody takes it; then a worker takes it and does not come back.
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 10 * 60000`);
  expect((await now()).get('usher_alarm{alarm="workNotTaken"}')).toBe(1);
  await world.outbox.claim(20, 1_000);
  expect((await now()).get('usher_alarm{alarm="workNotTaken"}')).toBe(0);
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 5 * 60000`);
  expect((await now()).get('usher_alarm{alarm="workNotTaken"}')).toBe(1);
});

test('what is put back is late from then on, and not since it was first asked for', async () => {
  world.mailbox.fail(...Array.from({ length: 10 }, () => new ChannelError('refused', 'user_not_found')));
  await ask('tara');
  await world.outgoing.settle();
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 24 * 3600000`);
  const dead = await world.outbox.dead(10);
  expect(dead.length).toBeGreaterThan(0);
  for (const { id } of dead) await redrive(world.desk, operator, id);
  const ring = async (): Promise<number | undefined> => (await now()).get('usher_alarm{alarm="messagesLate"}');
  expect(await ring()).toBe(0);
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 5 * 60000`);
  expect(await ring()).toBe(1);
});

test('a removal that was asked for just now is not an hour late, though it stands in front of everything', async () => {
  await ask('tara', 'ledger auditor');
  await world.settle();
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 9 * 3600000`);
  await world.sweep();
  const shown = await now();
  expect(shown.get('usher_outgoing{kind="place",state="due"}')).toBe(1);
  expect(shown.get('usher_outgoing_overdue_seconds{kind="place"}')).toBeLessThan(60);
});

test('requests are counted by state, tasks for people beside them', async () => {
  await ask('tara');
  await ask('tom');
  await ask('max', 'vault keys');
  await world.settle();
  const shown = await now();
  expect(shown.get('usher_requests_open{state="pendingApproval"}')).toBe(2);
  expect(shown.get('usher_requests_open{state="scheduled"}')).toBe(0);
  expect(shown.get('usher_manual_tasks_open')).toBe(1);
});

test('who wrote and is not answered shows since when, however often it was tried, and rings when it is given up', async () => {
  const later = new ChannelError('later', 'timeout');
  const passes = (seconds: number): Promise<object[]> =>
    world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [seconds * 1000]);
  const look = async (): Promise<readonly [rings: number, waited: number]> => {
    const shown = await now();
    return [shown.get('usher_alarm{alarm="answersLate"}') ?? NaN, shown.get('usher_inbound_oldest_seconds') ?? NaN];
  };
  const failedTry = async (): Promise<void> => {
    world.mailbox.fail(later);
    await world.incoming.settle();
  };
  await world.conversation.accept(world.inbound('tara', { kind: 'text', text: 'help' }));
  await failedTry();
  expect((await now()).get('usher_inbound_waiting')).toBe(1);
  expect((await look())[0]).toBe(0);
  // Each failed try moves the next one; who wrote has waited since they wrote.
  await passes(125);
  await failedTry();
  const late = await look();
  expect(late[0]).toBe(1);
  expect(late[1]).toBeGreaterThanOrEqual(125);

  // A worker that has it in hand has not answered it either.
  await passes(65);
  await createInbound(queryIn((await testDatabase()).sequelize)).claim(1, 60_000);
  const held = await look();
  expect(held[0]).toBe(1);
  expect(held[1]).toBeGreaterThanOrEqual(190);
  await passes(65);
  for (let tries = 0; tries < 8; tries += 1, await passes(65)) await failedTry();
  const dead = await now();
  expect([dead.get('usher_inbound_dead'), dead.get('usher_inbound_waiting')]).toEqual([1, 0]);
  expect(dead.get('usher_alarm{alarm="answersLate"}')).toBe(1);
  await passes(60 * 60);
  expect((await look())[0]).toBe(0);
});

test('messages that do not show how things stand are counted until they do', async () => {
  await ask('tara');
  await world.settle();
  expect((await now()).get('usher_cards_out_of_step{why="failed"}')).toBe(0);
  await world.sql(`update cards set error = 'x', error_at = usher_now() where state = 'live'`);
  await approve();
  const shown = await now();
  expect(shown.get('usher_cards_out_of_step{why="failed"}')).toBeGreaterThan(0);
  expect(shown.get('usher_cards_out_of_step{why="waiting"}')).toBeGreaterThan(0);
  await world.settle();
  const after = await now();
  expect(after.get('usher_cards_out_of_step{why="waiting"}')).toBe(0);
  expect(after.get('usher_cards_out_of_step{why="failed"}')).toBe(0);
});

test('roles that failed are shown by connector, and ended access by its age until it is taken', async () => {
  await ask('tara', 'ledger auditor');
  await world.settle();
  await tellLedger({ mode: 'failed', code: 'host_unreachable' });
  await world.pass(8 * 60 * 60_000 + 1_000);
  const failing = await now();
  expect(failing.get('usher_roles_failed{connector="local",call="take"}')).toBe(1);
  expect(failing.get('usher_roles_failed{connector="local",call="give"}')).toBe(0);
  expect(failing.get('usher_removals{state="removalFailed",older_than_seconds="3600"}')).toBe(0);
  expect(failing.get('usher_alarm{alarm="removalsOverdue"}')).toBe(0);
  await world.sql(
    `update assignments set ended_at = ended_at - interval '299 seconds', version = version + 1 where state = 'removalFailed'`,
  );
  const overdue = await now();
  expect(overdue.get('usher_removals{state="removalFailed",older_than_seconds="60"}')).toBe(1);
  expect(overdue.get('usher_removal_oldest_seconds')).toBeGreaterThan(290);
  expect(overdue.get('usher_alarm{alarm="removalsOverdue"}')).toBe(1);

  // The log rings as well, at the level that wakes people.
  await jobs.find((job) => job.name === 'watch')?.sweep(world.swept);
  const alarm = world.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find(({ msg }) => msg === 'alarm');
  expect(alarm).toMatchObject({ level: 'error', alarm: 'removalsOverdue', count: 1 });
});

test('a removal that a person has to do alarms after a day', async () => {
  await ask('tara', 'vault keys');
  await world.settle();
  await world.sql(`update manual_tasks set state = 'canceled', version = version + 1`);
  await world.sql(`insert into manual_tasks (id, grant_id, want, state, opened_at, version)
    select usher_id(), id, false, 'open', usher_now(), 1 from grants`);
  const ended = async (ago: string): Promise<number | undefined> => {
    await world.sql(
      `update assignments set state = 'removing', ended_at = usher_now() - interval '${ago}', end_reason = 'gaveUp', version = version + 1`,
    );
    return (await now()).get('usher_alarm{alarm="removalsOverdue"}');
  };
  expect(await ended('2 hours')).toBe(0);
  expect(await ended('25 hours')).toBe(1);
});

test('a removal that a system owes alarms in minutes, also beside one that a person has to do', async () => {
  world = await aWorld(`${SMALL}
      - name: Everything
        roles: [Ledger / Reader, Vault / Key holder]
        policies:
          - { name: Employees, who: allMembers, expires: 8 hours, reason: optional }
`);
  await ask('tara', 'everything');
  await world.settle();
  const task = world.messagesTo('olga').find(({ card }) => buttons(card).has('Done'));
  if (!task) throw new Error('nobody was asked to give it');
  await world.submit('olga', cardOf(await world.press('olga', task.card, 'Done')), { reason: 'key 7' });
  await world.settle();
  await tellLedger({ mode: 'failed', code: 'host_unreachable' });
  await world.pass(8 * 60 * 60_000 + 1_000);
  expect(await world.sql(`select 1 from manual_tasks where state = 'open'`)).toHaveLength(1);
  const rings = async (): Promise<number | undefined> => (await now()).get('usher_alarm{alarm="removalsOverdue"}');
  expect(await rings()).toBe(0);
  await world.pass(5 * 60_000);
  expect(await rings()).toBe(1);

  // The system has done its part: the task may take its day.
  await tellLedger(null);
  await world.pass(15 * 60_000);
  expect(await rings()).toBe(0);
});

test('closed gates are counted by platform, without the accounts in their names', async () => {
  await world.outbox.hold('slack:T1:U1', 60_000);
  await world.outbox.hold('slack:T1:U2', 60_000);
  await world.outbox.hold('web:demo', 0);
  const shown = await now();
  expect(shown.get('usher_gates_closed{platform="slack"}')).toBe(2);
  expect(shown.get('usher_gates_closed{platform="web"}')).toBe(0);
});

test('jobs show when they last ran and how late they are', async () => {
  const schedule = startSchedule({
    jobs: [{ name: 'end-access', cron: '0 0 5 1 1 *', misfire: 'skip' as const }],
    claimTick: () => Promise.resolve(false),
    run: () => Promise.resolve(),
    log: world.log,
    now: () => new Date('2026-01-01T05:10:00Z'),
  });
  try {
    await world.due.claimTick('end-access', new Date('2025-01-01T05:00:00Z'), 'here');
    await world.sql(`update job_ticks set claimed_at = claimed_at - interval '90 seconds'`);
    const late = (job: string, answered: Date | null): number =>
      job === 'end-access' ? schedule.late(job, answered) : 0;
    const { scrape } = await aProcess({ late });
    const shown = await scrape();
    expect(shown.get('usher_job_last_run_seconds{job="end-access"}')).toBeCloseTo(90, -1);
    expect(shown.get('usher_job_late_seconds{job="end-access"}')).toBe(0);
    expect(shown.has('usher_job_last_run_seconds{job="prune"}')).toBe(false);
  } finally {
    await schedule.stop();
  }
});

test('the database: connections, clock, and that it is away; the process still shows itself', async () => {
  const { scrape } = await aProcess();
  const shown = await scrape();
  expect(shown.get('usher_database_up')).toBe(1);
  expect(shown.get('usher_database_connections{state="max"}')).toBe(POOL);
  expect(shown.get('usher_database_connections{state="waiting"}')).toBe(0);
  expect(Math.abs(shown.get('usher_clock_skew_seconds') ?? 9)).toBeLessThan(5);
  const away = await aProcess({
    backlog: () => Promise.reject(new Error('down')),
    ready: () => Promise.resolve(false),
  });
  const without = await away.scrape();
  expect(without.get('usher_database_up')).toBe(0);
  expect(without.get('usher_ready')).toBe(0);
  expect(without.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect([...without.keys()].filter((name) => name.startsWith('usher_outgoing'))).toEqual([]);
});

test('many scrapes cost one look', async () => {
  let looks = 0;
  const backlog = (): ReturnType<Sources['backlog']> => {
    looks += 1;
    return world.due.backlog();
  };
  const { scrape } = await aProcess({ backlog });
  await Promise.all(Array.from({ length: 20 }, scrape));
  await scrape();
  expect(looks).toBe(1);
});

test('the README names every metric of ours, and none that is not there', async () => {
  const metrics = createMetrics();
  metrics.from(await sources());
  const shown = [...(await metrics.metrics()).matchAll(/^# TYPE (usher_\w+)/gm)].map(([, name]) => name);
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const watched = readme.slice(readme.indexOf('### What to watch'), readme.indexOf('### Upgrade'));
  expect([...new Set(watched.match(/usher_[a-z_]+/g))].sort()).toEqual(shown.sort());
  for (const alarm of alarmNames) expect(watched).toContain(`usher_alarm{alarm="${alarm}"}`);
});

test('no label holds an id, a name or a text', async () => {
  await ask('tara');
  await ask('max', 'vault keys');
  await world.settle();
  await approve();
  await world.settle();
  await world.sql(`update resources set connector = 'Tara''s secret system'`);
  await world.sql(`update grants set state = 'placeFailed', version = version + 1`);
  const { scrape } = await aProcess();
  const shown = [...(await scrape()).keys()].filter((name) => name.startsWith('usher_'));
  expect(shown.length).toBeGreaterThan(50);
  const values = shown.flatMap((name) => [...name.matchAll(/="([^"]*)"/g)].map(([, value]) => value ?? ''));
  expect(values.filter((value) => !/^[a-zA-Z+][a-zA-Z-]*$|^\d+(\.\d+)?$|^\+Inf$/.test(value))).toEqual([]);
  expect(shown).toContain('usher_roles_failed{connector="other",call="give"}');
  expect(shown.join('\n')).not.toMatch(/tara|secret/i);
});

test('what a comparison finds is shown by kind, and a system that could not be read', async () => {
  const drift = async (): Promise<(number | undefined)[]> => {
    const shown = await now();
    return ['usher_drift_open{kind="missing"}', 'usher_drift_open{kind="extra"}', 'usher_comparisons_failed'].map(
      (name) => shown.get(name),
    );
  };
  await world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Ledger, connector: local, owners: olga, drift: { missing: report } }
`);
  await ask('tara', 'ledger auditor');
  await world.settle();
  expect(await drift()).toEqual([0, 0, 0]);

  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', false);
  for (const holder of ['tom', 'svc-backup']) await world.localRoles.set(holder, 'Ledger', 'Reader', 'root', true);
  await world.compare();
  expect(await drift()).toEqual([1, 2, 0]);

  // What is not known to have ended goes on being shown.
  await tellLedger({ mode: 'failed', code: 'locked' });
  await world.compare();
  expect(await drift()).toEqual([1, 2, 1]);

  await tellLedger(null);
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  for (const holder of ['tom', 'svc-backup']) await world.localRoles.set(holder, 'Ledger', 'Reader', 'root', false);
  await world.compare();
  expect(await drift()).toEqual([0, 0, 0]);
});
