// Rings: one winner per due instant over all processes, and a declared answer to instants that nobody heard.
import { randomUUID } from 'node:crypto';
import type { Sequelize } from 'sequelize';
import { type Misfire, type Outcome, type Schedule, startSchedule, type Timed } from '../../src/jobs/schedule';
import { createDue } from '../../src/store/due';
import { queryIn } from '../../src/store/query';
import { testDatabase } from '../support/postgres';

let sequelize: Sequelize;
const started: Schedule[] = [];

beforeEach(async () => {
  const database = await testDatabase();
  await database.reset();
  ({ sequelize } = database);
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
});

function gate(): { promise: Promise<void>; letGo: () => void } {
  let letGo: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { promise, letGo };
}

type Ran = { readonly by: string; readonly job: string; readonly dueAt: string };

// One process: its own schedule with its own name on the shared database. Rings far in the future, so that only the
// test makes them.
function process(
  ran: Ran[],
  {
    misfire = 'skip',
    cron = '0 0 1 1 *',
    now = '2020-06-15T10:00:30Z',
    run,
    restMs,
  }: {
    misfire?: Misfire;
    cron?: string;
    now?: string;
    run?: (signal: AbortSignal) => Promise<void>;
    restMs?: number;
  } = {},
): { schedule: Schedule; logged: unknown[] } {
  const by = randomUUID();
  const logged: unknown[] = [];
  const note = (facts: unknown): void => {
    logged.push(facts);
  };
  const schedule = startSchedule<Timed>({
    jobs: [{ name: 'sweep', cron, misfire }],
    claimTick: (job, dueAt) => createDue(queryIn(sequelize)).claimTick(job, dueAt, by),
    run: async (job, dueAt, signal) => {
      ran.push({ by, job: job.name, dueAt: dueAt.toISOString() });
      await run?.(signal);
    },
    log: { debug: () => undefined, warn: note, error: note },
    now: () => new Date(now),
    ...(restMs === undefined ? {} : { restMs }),
  });
  started.push(schedule);
  return { schedule, logged };
}

/** What ran of the days that are long past here. A test that takes its time hears rings of the real clock besides. */
const passed = (ran: readonly Ran[]): string[] => ran.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt < '2021');

test('three processes answer each of twenty due instants once', async () => {
  const ran: Ran[] = [];
  const three = [process(ran), process(ran), process(ran)];
  for (let minute = 0; minute < 20; minute++) {
    const dueAt = new Date(Date.UTC(2020, 5, 15, 10, minute));
    const outcomes = await Promise.all(three.map(({ schedule }) => schedule.tick('sweep', dueAt)));
    expect(outcomes.toSorted()).toEqual(['elsewhere', 'elsewhere', 'ran']);
  }
  expect(new Set(ran.map(({ dueAt }) => dueAt)).size).toBe(20);
  expect(ran).toHaveLength(20);
});

test('three processes that start after a missed instant catch it up once', async () => {
  const ran: Ran[] = [];
  const give = { misfire: 'catchUp', cron: '*/10 * * * *' } as const;
  const three = [process(ran, give), process(ran, give), process(ran, give)];
  await Promise.all(three.map(({ schedule }) => schedule.catchUp()));
  await Promise.all(three.map(({ schedule }) => schedule.stop()));
  expect(passed(ran)).toEqual(['2020-06-15T10:00:00.000Z']);
});

test('a restart across a due instant runs it once, however many passed, and not again at the next restart', async () => {
  const ran: Ran[] = [];
  const at = async (now: string): Promise<void> => {
    const { schedule } = process(ran, { misfire: 'catchUp', cron: '*/10 * * * *', now });
    await schedule.catchUp();
    await schedule.stop();
  };
  await at('2020-06-15T10:05:00Z');
  await at('2020-06-15T10:09:59Z'); // restarted before the next one
  await at('2020-06-15T11:41:00Z'); // ten passed
  await at('2020-06-15T11:42:00Z');
  expect(passed(ran)).toEqual(['2020-06-15T10:00:00.000Z', '2020-06-15T11:40:00.000Z']);
});

test('processes whose clocks are minutes apart share the instants of one clock, and the others go on when one of them dies', async () => {
  const second = 1_000;
  const from = Date.UTC(2020, 1, 29, 10);
  let shared = from;
  const ran: { by: number; at: number }[] = [];
  const fleet = [-95, 0, 95].map((skew) => ({
    skew: skew * second,
    schedule: startSchedule<Timed>({
      // On the day of this test alone: the rings of the real clock are not among them.
      jobs: [{ name: 'sweep', cron: '*/20 * * 29 2 *', misfire: 'skip' }],
      claimTick: (job, dueAt) => createDue(queryIn(sequelize)).claimTick(job, dueAt, String(skew)),
      run: () => {
        ran.push({ by: skew, at: shared });
        return Promise.resolve();
      },
      log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
      now: () => new Date(shared + skew * second),
      shared: () => Promise.resolve(new Date(shared)),
    }),
  }));
  started.push(...fleet.map(({ schedule }) => schedule));
  const pass = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n += 1) {
      shared += second;
      for (const { skew, schedule } of fleet)
        if ((shared + skew) % (20 * second) === 0) await schedule.tick('sweep', new Date(shared + skew));
    }
  };
  await pass(300);
  // Fifteen instants lie between, and one at the end.
  expect(ran.length === 15 || ran.length === 16).toBe(true);
  const died = ran.at(-1)?.by;
  await fleet.find(({ skew }) => skew === (died ?? 0) * second)?.schedule.stop();
  await pass(300);
  expect(ran.at(-1)?.by).not.toBe(died);
  const gaps = ran.map(({ at }, n) => at - (ran[n - 1]?.at ?? from));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(40 * second);
  // Instants are those of the shared clock.
  const newest = await createDue(queryIn(sequelize)).lastTick('sweep');
  expect(Math.abs((newest?.getTime() ?? 0) - shared)).toBeLessThanOrEqual(20 * second);
});

test('a job that skips lets passed instants pass', async () => {
  const ran: Ran[] = [];
  const { schedule } = process(ran, { misfire: 'skip', cron: '*/10 * * * *' });
  await schedule.catchUp();
  await schedule.stop();
  expect(passed(ran)).toEqual([]);
});

test.each([
  { cron: '* * * * *', now: '2020-06-15T10:00:30Z', want: '2020-06-15T10:00:00.000Z' },
  { cron: '*/15 * * * * *', now: '2020-06-15T10:00:50Z', want: '2020-06-15T10:00:45.000Z' },
  { cron: '30 2 * * *', now: '2020-06-15T02:29:59Z', want: '2020-06-14T02:30:00.000Z' },
  { cron: '0 6 * * 1', now: '2020-06-14T00:00:00Z', want: '2020-06-08T06:00:00.000Z' },
  { cron: '0 3 1 * *', now: '2020-03-01T02:59:59Z', want: '2020-02-01T03:00:00.000Z' },
])('the latest instant of "$cron" before $now is $want', async ({ cron, now, want }) => {
  const ran: Ran[] = [];
  const { schedule } = process(ran, { misfire: 'catchUp', cron, now });
  await schedule.catchUp();
  await schedule.stop();
  expect(passed(ran)).toEqual([want]);
});

test('a real ring answers at its instant', async () => {
  const ran: Ran[] = [];
  const { promise, letGo } = gate();
  process(ran, {
    cron: '* * * * * *',
    run: () => {
      letGo();
      return Promise.resolve();
    },
  });
  await promise;
  expect(ran[0]?.dueAt).toMatch(/\.000Z$/);
});

test('a run that has not ended is not joined by a second one, which claims nothing', async () => {
  const ran: Ran[] = [];
  const { promise, letGo } = gate();
  const { schedule } = process(ran, { run: () => promise });
  const first = schedule.tick('sweep', new Date('2020-06-15T10:00:00Z'));
  expect(await schedule.tick('sweep', new Date('2020-06-15T10:01:00Z'))).toBe('busy');
  letGo();
  expect(await first).toBe('ran');
  expect(await schedule.tick('sweep', new Date('2020-06-15T10:01:00Z'))).toBe('ran');
});

test('a job that fails is logged and rings again', async () => {
  const ran: Ran[] = [];
  const error = new Error('no luck');
  const { schedule, logged } = process(ran, { run: () => Promise.reject(error) });
  const outcomes: Outcome[] = [];
  for (const minute of [0, 1]) outcomes.push(await schedule.tick('sweep', new Date(Date.UTC(2020, 5, 15, 10, minute))));
  expect(outcomes).toEqual(['failed', 'failed']);
  expect(logged[0]).toMatchObject({ err: error, job: 'sweep' });
});

test('without the database nobody runs', async () => {
  const ran: string[] = [];
  const schedule = startSchedule<Timed>({
    jobs: [{ name: 'sweep', cron: '0 0 1 1 *', misfire: 'skip' }],
    claimTick: () => Promise.reject(new Error('connection lost')),
    run: (job) => {
      ran.push(job.name);
      return Promise.resolve();
    },
    log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
  });
  started.push(schedule);
  expect(await schedule.tick('sweep', new Date('2020-06-15T10:00:00Z'))).toBe('unclaimed');
  expect(ran).toEqual([]);
});

test('stop waits for what runs and answers no ring after it', async () => {
  const ran: Ran[] = [];
  const { promise, letGo } = gate();
  const { schedule } = process(ran, { run: () => promise });
  const order: string[] = [];
  const first = schedule.tick('sweep', new Date('2020-06-15T10:00:00Z')).then(() => order.push('ran'));
  const stopping = schedule.stop().then(() => order.push('stopped'));
  letGo();
  await Promise.all([first, stopping]);
  expect(order).toEqual(['ran', 'stopped']);
  expect(await schedule.tick('sweep', new Date('2020-06-15T10:01:00Z'))).toBe('stopped');
});

test('stop tells what runs, and does not wait for ever for a run that does not hear it', async () => {
  const ran: Ran[] = [];
  const told: boolean[] = [];
  const { schedule } = process(ran, {
    restMs: 1,
    run: (signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => told.push(signal.aborted));
      }),
  });
  void schedule.tick('sweep', new Date('2020-06-15T10:00:00Z'));
  while (ran.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await schedule.stop();
  expect(told).toEqual([true]);
});

test.each([
  { name: 'a wrong line', jobs: [{ name: 'a', cron: '99 * * * *', misfire: 'skip' as const }], want: /99/ },
  {
    name: 'a name twice',
    jobs: [
      { name: 'a', cron: '* * * * *', misfire: 'skip' as const },
      { name: 'a', cron: '* * * * *', misfire: 'skip' as const },
    ],
    want: /two jobs are called a/,
  },
])('$name is refused at the start', ({ jobs, want }) => {
  const start = (): unknown =>
    startSchedule<Timed>({
      jobs,
      claimTick: () => Promise.resolve(true),
      run: () => Promise.resolve(),
      log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
    });
  expect(start).toThrow(want);
});

test.each<{ name: string; misfire: Misfire; now: string; answered: string | null; want: number }>([
  { name: 'answered its latest instant', misfire: 'catchUp', now: '10:19:59', answered: '10:10:00', want: 0 },
  { name: 'has an instant that nobody answered', misfire: 'catchUp', now: '10:24:00', answered: '10:10:00', want: 240 },
  { name: 'missed three', misfire: 'catchUp', now: '10:41:00', answered: '10:10:00', want: 1_260 },
  {
    name: 'was last answered before this process began',
    misfire: 'catchUp',
    now: '10:06:00',
    answered: '09:40:00',
    want: 960,
  },
  { name: 'skips what was before this process', misfire: 'skip', now: '10:09:59', answered: '09:40:00', want: 0 },
  { name: 'skips, and did not answer since', misfire: 'skip', now: '10:22:00', answered: '09:40:00', want: 690 },
  { name: 'never ran, in the first minutes', misfire: 'catchUp', now: '10:09:00', answered: null, want: 0 },
  { name: 'never ran, and should have', misfire: 'catchUp', now: '10:11:00', answered: null, want: 60 },
])('how late a job is that $name', ({ misfire, now, answered, want }) => {
  const at = (time: string): Date => new Date(`2020-06-15T${time}Z`);
  let clock = at('10:00:30');
  const schedule = startSchedule<Timed>({
    jobs: [{ name: 'sweep', cron: '0 */10 * * * *', misfire }],
    claimTick: () => Promise.resolve(false),
    run: () => Promise.resolve(),
    log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
    now: () => clock,
  });
  started.push(schedule);
  clock = at(now);
  expect(schedule.late('sweep', answered === null ? null : at(answered))).toBe(want);
});
