// When jobs run: node-cron rings, the database says which process answers. A ring only says "look now"; a job sweeps
// what is due, so a lost ring delays and never loses work. What the jobs are is index.ts.
import { createTask, parse, type ScheduledTask } from 'node-cron';
import type { Log } from '../log';
import { within } from './worker';

/** What to do about a due instant that passed while no process could answer. */
export type Misfire =
  /** Nothing: the next instant is soon enough. */
  | 'skip'
  /** Run once for the latest passed instant, however many passed: at start and after the machine slept. */
  | 'catchUp';

export type Timed = {
  readonly name: string;
  /** Five fields (minute first) or six (second first), in UTC. */
  readonly cron: string;
  readonly misfire: Misfire;
};

export type ScheduleOptions<Job extends Timed> = {
  readonly jobs: readonly Job[];
  /** True for exactly one caller per job and due instant, over all processes. */
  readonly claimTick: (job: string, dueAt: Date) => Promise<boolean>;
  /** `signal`: the process stops, so a sweep ends after what it has in hand. What is left is due again at the next ring. */
  readonly run: (job: Job, dueAt: Date, signal: AbortSignal) => Promise<void>;
  readonly log: Pick<Log, 'debug' | 'warn' | 'error'>;
  /** The clock of this process; tests move it. */
  readonly now?: () => Date;
  /** The clock that all processes share: instants are claimed by it, however wrong their own clocks are. Absent: the own one is right. */
  readonly shared?: () => Promise<Date>;
  /** Milliseconds that a stop waits for what runs. */
  readonly restMs?: number;
};

export type Outcome = 'ran' | 'failed' | 'elsewhere' | 'busy' | 'unclaimed' | 'stopped';

export type Schedule = {
  /** What a ring does; callable so that tests need no clock. */
  tick(name: string, dueAt: Date): Promise<Outcome>;
  /** Runs what its policy says about instants that passed unanswered. Done once by itself at the start. */
  catchUp(): Promise<void>;
  /** Seconds since any job was last rung for: a process that hears no rings does no work that is due by time. */
  silent(): number;
  /** Seconds by which a job is late whose last answered instant this was; null: never answered. */
  late(name: string, answered: Date | null): number;
  /** No more rings; tells what runs to stop, and resolves when it has, or when that takes too long. */
  stop(): Promise<void>;
};

// A busy process hears a ring late. Later than this is a misfire; for quicker rings the period itself is the limit.
const LATE_LIMIT = 30_000;
// How far back a passed instant is looked for: the longest month and a day, so that a monthly job is caught up.
const LOOK_BACK_DAYS = 32;
const DAY = 86_400_000;
// Processes whose clocks agree so far ring for the same instant; beyond it, for the one that is nearest by the shared clock.
const AGREED_MS = 1_000;
// How often this process looks whether its own clock was set. Rings wait for an instant of it, which a clock that was set back
// reaches an hour late.
const STEP_CHECK_MS = 5_000;
// One act may wait for somebody else's lock; nobody waits for more than that one.
const REST_MS = 3_000;

/** Starts the rings. Throws at once for a cron line that is wrong or a name that is used twice. */
export function startSchedule<Job extends Timed>(options: ScheduleOptions<Job>): Schedule {
  const { jobs, claimTick, run, log } = options;
  const now = options.now ?? (() => new Date());
  const running = new Map<string, Promise<Outcome>>();
  const late = new Set<string>();
  const rings = new Map<string, { job: Job; task: ScheduledTask }>();
  const stopping = new AbortController();
  const isStopped = (): boolean => stopping.signal.aborted;
  const startedAt = now();
  let rung = performance.now();
  /** What has to be added to the own clock; 0 until it was first asked. */
  let skew = 0;

  /** The instant that a ring stands for, by the shared clock. */
  const dueFor = async ({ job, task }: { job: Job; task: ScheduledTask }, ringed: Date): Promise<Date> => {
    if (!options.shared) return ringed;
    const asked = now().getTime();
    const shared = (await options.shared()).getTime();
    // Asked somewhere between; a slow answer is no skew.
    const between = shared < asked ? shared - asked : Math.max(0, shared - now().getTime());
    skew = Math.abs(between) < AGREED_MS ? 0 : between;
    return skew === 0 ? ringed : (nearestDue(task, job.cron, new Date(ringed.getTime() + skew)) ?? ringed);
  };

  const answer = async (ring: { job: Job; task: ScheduledTask }, ringed: Date): Promise<Outcome> => {
    const { job } = ring;
    let dueAt = ringed;
    try {
      dueAt = await dueFor(ring, ringed);
      if (!(await claimTick(job.name, dueAt))) return 'elsewhere';
    } catch (error) {
      // Without the database nobody knows who answers, so nobody does.
      log.warn({ err: error, job: job.name, dueAt }, 'due instant not claimed');
      return 'unclaimed';
    }
    try {
      await run(job, dueAt, stopping.signal);
      log.debug({ job: job.name, dueAt }, 'job done');
      return 'ran';
    } catch (error) {
      log.error({ err: error, job: job.name, dueAt }, 'job failed');
      return 'failed';
    }
  };

  const tick = async (name: string, dueAt: Date): Promise<Outcome> => {
    const ring = rings.get(name);
    if (ring === undefined) throw new Error(`no job is called ${name}`);
    if (isStopped()) return 'stopped';
    // A run that is not finished sweeps what is due by now; its successor may be another process.
    if (running.has(name)) return 'busy';
    const answering = answer(ring, dueAt).finally(() => running.delete(name));
    running.set(name, answering);
    return answering;
  };

  const catchUpOne = async (name: string): Promise<void> => {
    const ring = rings.get(name);
    if (ring?.job.misfire !== 'catchUp') return;
    const dueAt = latestDue(ring.task, ring.job.cron, now());
    // Whether somebody answered it is what the claim itself knows.
    if (dueAt !== undefined) await tick(name, dueAt);
  };

  const catchUp = async (): Promise<void> => {
    await Promise.all([...rings.keys()].map(catchUpOne));
  };

  for (const job of jobs) {
    if (rings.has(job.name)) throw new Error(`two jobs are called ${job.name}`);
    const ring = ({ date }: { readonly date: Date }): Promise<Outcome> => {
      rung = performance.now();
      return tick(job.name, date);
    };
    const task = createTask(job.cron, ring, {
      name: job.name,
      timezone: 'Etc/UTC',
      missedExecutionTolerance: LATE_LIMIT,
      suppressMissedWarning: true,
      unref: true,
    });
    task.on('execution:missed', () => {
      if (late.has(job.name)) return; // a night asleep is hundreds of these, and one answer
      late.add(job.name);
      setImmediate(() => {
        late.delete(job.name);
        void catchUpOne(job.name);
      });
    });
    rings.set(job.name, { job, task });
  }
  for (const { task } of rings.values()) void task.start();
  void catchUp();

  const beside = (): number => Date.now() - performance.now(); // the clock that the rings wait for
  let before = beside();
  const steps = setInterval(() => {
    const step = beside() - before;
    before += step;
    if (Math.abs(step) < AGREED_MS) return;
    log.warn({ step: Math.round(step) }, 'the clock of this machine was set');
    void (async () => {
      for (const { task } of rings.values()) {
        await task.stop();
        if (!isStopped()) await task.start();
      }
      await catchUp();
    })();
  }, STEP_CHECK_MS);
  steps.unref();

  return {
    tick,
    catchUp,
    silent: () => (isStopped() ? 0 : (performance.now() - rung) / 1000),
    late: (name, answered) => {
      const ring = rings.get(name);
      if (ring === undefined) throw new Error(`no job is called ${name}`);
      return lateness(ring.task, ring.job, { answered, startedAt, now: new Date(now().getTime() + skew) });
    },
    stop: async () => {
      stopping.abort();
      clearInterval(steps);
      for (const { task } of rings.values()) await task.destroy();
      await within(options.restMs ?? REST_MS, Promise.allSettled(running.values()));
    },
  };
}

// A job that is caught up at the start is late from its first unanswered instant on; one that skips is expected again from
// the start of this process on.
function lateness(
  task: ScheduledTask,
  { cron, misfire }: Timed,
  { answered, startedAt, now }: { answered: Date | null; startedAt: Date; now: Date },
): number {
  const since = answered === null || (misfire === 'skip' && answered < startedAt) ? startedAt : answered;
  const latest = latestDue(task, cron, now);
  if (latest === undefined || latest <= since) return 0;
  const before = latestDue(task, cron, new Date(latest.getTime() - 1));
  const period = before === undefined ? 0 : latest.getTime() - before.getTime();
  // Not at the instant itself: whoever answers it needs a moment.
  return Math.max(0, now.getTime() - Math.min(latest.getTime(), since.getTime() + period)) / 1000;
}

/** The instant of a line that is nearest to a moment. */
function nearestDue(task: ScheduledTask, cron: string, moment: Date): Date | undefined {
  const latest = latestDue(task, cron, moment);
  if (latest === undefined) return undefined;
  const before = latestDue(task, cron, new Date(latest.getTime() - 1));
  const half = before === undefined ? 0 : (latest.getTime() - before.getTime()) / 2;
  return latestDue(task, cron, new Date(moment.getTime() + half));
}

// Only moments that the line names are asked about, newest first: a question costs 20 microseconds, and a month has
// 40,000 minutes.
function latestDue(task: ScheduledTask, cron: string, now: Date): Date | undefined {
  const { hour, minute, second } = parse(cron);
  const newestFirst = (numbers: readonly number[]): number[] => numbers.toSorted((one, other) => other - one);
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  for (let day = 0; day <= LOOK_BACK_DAYS; day++) {
    for (const h of newestFirst(hour))
      for (const m of newestFirst(minute))
        for (const s of newestFirst(second)) {
          const date = new Date(midnight - day * DAY + ((h * 60 + m) * 60 + s) * 1000);
          if (date <= now && task.match(date)) return date;
        }
  }
  return undefined;
}
