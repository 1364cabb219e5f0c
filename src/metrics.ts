// What operators watch: counts of what this process did, and what stands in the database. Every label is a word of ours: no id,
// no name and no text of anybody gets here, and no label has more values than we know of beforehand.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { alarmNames, alarmsOf } from './operations/alarms';
import type { Backlog, Watch } from './operations/ports';

/** Where the numbers come from, once everything stands. */
export interface Sources {
  /** One look at the database. */
  readonly backlog: () => Promise<Backlog>;
  readonly pool: () => { readonly used: number; readonly idle: number; readonly waiting: number; readonly max: number };
  readonly ready: () => Promise<boolean>;
  /** Seconds since each worker, and the rings, last came round. */
  readonly silent: Readonly<Record<string, () => number>>;
  readonly late: (job: string, answered: Date | null) => number;
  readonly jobs: readonly string[];
  readonly platforms: readonly string[];
  readonly connectors: readonly string[];
}

export interface MetricsText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

const KINDS = ['tell', 'redraw', 'place'] as const;
/** Any number of scrapes within this cost one look. */
const FRESH_MS = 5_000;
/** A scrape has ten seconds, and says what it knows when the database does not answer. */
const LOOK_MS = 3_000;
const HOUR = 3_600;

/** Counts from the start of the process on; shows what stands in the database from `from` on. */
export function createMetrics(): MetricsText & { readonly watch: Watch; from(sources: Sources): void } {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const watch = createWatch(own);
  let standing: { sources: Sources; read: () => Promise<string> } | null = null;
  return {
    contentType: own.contentType,
    watch,
    from(sources) {
      standing = { sources, read: createLook(sources) };
      ownGauges(own, sources);
    },
    async metrics() {
      const [mine, theirs] = await Promise.all([own.metrics(), standing?.read() ?? '']);
      return `${mine}${theirs}`;
    },
  };
}

function createWatch(registry: Registry): Watch {
  const registers = [registry];
  const acts = new Histogram({
    name: 'usher_act_seconds',
    help: 'Time from a delivery to its reply: what people wait for. Platforms give up after 3 s (Slack) or 10 s (Teams).',
    labelNames: ['platform', 'kind', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10],
    registers,
  });
  const decisions = new Histogram({
    name: 'usher_decision_seconds',
    help: 'Time from asking to the end of the approval, of requests that people were asked about.',
    labelNames: ['outcome'],
    buckets: [60, 300, 900, HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR, 48 * HOUR, 96 * HOUR, 168 * HOUR, 336 * HOUR],
    registers,
  });
  const deliveries = new Counter({
    name: 'usher_deliveries_total',
    help: 'Remote calls that send a message, change one, or answer; `later` is tried again, the rest is not.',
    labelNames: ['platform', 'what', 'outcome'],
    registers,
  });
  const calls = new Histogram({
    name: 'usher_connector_seconds',
    help: 'Calls to connected systems.',
    labelNames: ['connector', 'call', 'outcome'],
    buckets: [0.05, 0.25, 1, 2.5, 5, 10, 20],
    registers,
  });
  const runs = new Histogram({
    name: 'usher_job_seconds',
    help: 'Runs of jobs in this process.',
    labelNames: ['job', 'outcome'],
    buckets: [0.1, 1, 10, 60, 300],
    registers,
  });
  const turnedAway = new Counter({
    name: 'usher_turned_away_total',
    help: 'Deliveries and accounts that were turned away before anybody was known, by reason.',
    labelNames: ['platform', 'code'],
    registers,
  });
  return {
    turnedAway(platform, code) {
      turnedAway.inc({ platform, code });
    },
    acted(platform, kind, outcome, seconds) {
      acts.observe({ platform, kind, outcome }, seconds);
    },
    decided(outcome, seconds) {
      decisions.observe({ outcome }, seconds);
    },
    delivered(platform, what, outcome) {
      deliveries.inc({ platform, what, outcome });
    },
    called(connector, call, outcome, seconds) {
      calls.observe({ connector, call, outcome }, seconds);
    },
    ran(job, outcome, seconds) {
      runs.observe({ job, outcome }, seconds);
    },
  };
}

/** What this process knows of itself, without the database. */
function ownGauges(registry: Registry, { pool, ready, silent }: Sources): void {
  const registers = [registry];
  const connections = new Gauge({
    name: 'usher_database_connections',
    help: 'Connections of this process: used, idle, the most there may be, and acts that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, value] of Object.entries(pool())) connections.set({ state }, value);
    },
  });
  const readiness = new Gauge({
    name: 'usher_ready',
    help: '1 while /readyz says so.',
    registers,
    async collect() {
      readiness.set((await ready()) ? 1 : 0);
    },
  });
  const quiet = new Gauge({
    name: 'usher_silent_seconds',
    help: 'Since a worker, or the rings of the jobs, last came round; stuck from two minutes on.',
    labelNames: ['part'],
    registers,
    collect() {
      for (const [part, seconds] of Object.entries(silent)) quiet.set({ part }, seconds());
    },
  });
}

/** The text of one look, kept for a while, also when it failed: a database in trouble is not asked by every scrape. */
function createLook(sources: Sources): () => Promise<string> {
  const registry = new Registry();
  const show = databaseGauges(registry, sources);
  const up = new Gauge({ name: 'usher_database_up', help: '1 while the database answers.', registers: [registry] });
  let last: { readonly at: number; readonly text: Promise<string> } | null = null;

  const read = async (): Promise<string> => {
    const backlog = await within(LOOK_MS, sources.backlog());
    up.set(backlog === null ? 0 : 1);
    // What was true some time ago would look like what is true now.
    if (backlog === null) return registry.getSingleMetricAsString('usher_database_up').then((text) => `${text}\n`);
    show(backlog);
    return registry.metrics();
  };
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > FRESH_MS) last = { at: now, text: read() };
    return last.text;
  };
}

function databaseGauges(registry: Registry, sources: Sources): (backlog: Backlog) => void {
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] });
  const outgoing = gauge(
    'usher_outgoing',
    'Messages, redraws and placements that are due or wait for a try.',
    'kind',
    'state',
  );
  const oldest = gauge('usher_outgoing_oldest_seconds', 'Since the oldest that is not out was asked for.', 'kind');
  const overdue = gauge('usher_outgoing_overdue_seconds', 'Since the oldest became due that no worker took.', 'kind');
  const leased = gauge('usher_outgoing_leased', 'Outgoing rows that workers hold.');
  const dead = gauge('usher_outgoing_dead', 'Given up; `usher redrive` lists them and puts them back.', 'kind');
  const inbound = gauge('usher_inbound_waiting', 'Stored events that are not answered yet.');
  const inboundOldest = gauge('usher_inbound_oldest_seconds', 'Since the oldest of them came in.');
  const inboundDead = gauge('usher_inbound_dead', 'Stored events that could not be answered and were given up.');
  const cards = gauge(
    'usher_cards_out_of_step',
    'Messages that do not show how things stand: `failed` could not be changed, `waiting` are subjects to be redrawn.',
    'why',
  );
  const requests = gauge('usher_requests_open', 'Requests that are not at their end.', 'state');
  const tasks = gauge('usher_manual_tasks_open', 'Roles that people have to give or take by hand.');
  const drift = gauge('usher_drift_open', 'Differences between connected systems and what Usher gave there.', 'kind');
  const uncompared = gauge('usher_comparisons_failed', 'Resources whose system could not be read to be compared.');
  const failed = gauge('usher_roles_failed', 'Roles that could not be given or taken.', 'connector', 'call');
  const gates = gauge(
    'usher_gates_closed',
    'Targets that must not be called now: on a platform, or among the connected systems (`connector`).',
    'platform',
  );
  const removals = gauge(
    'usher_removals',
    'Access that ended longer ago than this and is not taken away everywhere yet.',
    'state',
    'older_than_seconds',
  );
  const slowest = gauge('usher_removal_oldest_seconds', 'Since the oldest of it ended; 0 when there is none.');
  const alarms = gauge(
    'usher_alarm',
    '1 while somebody has to act; the log says the same as an error every minute.',
    'alarm',
  );
  const lastRun = gauge('usher_job_last_run_seconds', 'Since a job last ran, in whichever process.', 'job');
  const late = gauge('usher_job_late_seconds', 'By which a job is late.', 'job');
  const skew = gauge('usher_clock_skew_seconds', 'Clock of this machine minus that of the database.');

  return (backlog) => {
    const of = <T extends { readonly kind: string }>(rows: readonly T[], kind: string): T | undefined =>
      rows.find((row) => row.kind === kind);
    for (const kind of KINDS) {
      const row = of(backlog.outgoing, kind);
      outgoing.set({ kind, state: 'due' }, row?.due ?? 0);
      outgoing.set({ kind, state: 'later' }, row?.later ?? 0);
      oldest.set({ kind }, row?.oldestSeconds ?? 0);
      overdue.set({ kind }, row?.overdueSeconds ?? 0);
      dead.set({ kind }, of(backlog.dead, kind)?.count ?? 0);
    }
    leased.set(backlog.leased);
    inbound.set(backlog.inbound.waiting);
    inboundOldest.set(backlog.inbound.oldestSeconds);
    inboundDead.set(backlog.inboundDead);
    const redraws = of(backlog.outgoing, 'redraw');
    cards.set({ why: 'failed' }, backlog.cardsFailed);
    cards.set({ why: 'waiting' }, (redraws?.due ?? 0) + (redraws?.later ?? 0));
    for (const [state, count] of Object.entries(backlog.requests)) requests.set({ state }, count);
    tasks.set(backlog.manualTasks);
    for (const kind of ['missing', 'extra']) drift.set({ kind }, of(backlog.drift, kind)?.count ?? 0);
    uncompared.set(backlog.comparisonsFailed);
    // The name of a connector stands in configuration files; one that is none of ours is told as `other`.
    for (const connector of [...sources.connectors, 'other'])
      for (const call of ['give', 'take'])
        failed.set(
          { connector, call },
          backlog.grantsFailed
            .filter((row) => (sources.connectors.includes(row.connector) ? row.connector : 'other') === connector)
            .filter((row) => row.giving === (call === 'give'))
            .reduce((sum, { count }) => sum + count, 0),
        );
    for (const platform of [...sources.platforms, 'connector'])
      gates.set({ platform }, backlog.gatesClosed.find((row) => row.platform === platform)?.count ?? 0);
    for (const { state, olderThanSeconds, count } of backlog.removals)
      removals.set({ state, older_than_seconds: String(olderThanSeconds) }, count);
    slowest.set(backlog.oldestRemovalSeconds);
    const ringing = alarmsOf(backlog).map(({ alarm }) => alarm);
    for (const alarm of alarmNames) alarms.set({ alarm }, ringing.includes(alarm) ? 1 : 0);
    for (const job of sources.jobs) {
      const run = backlog.jobs.find((row) => row.job === job);
      if (run) lastRun.set({ job }, run.ranSecondsAgo);
      late.set({ job }, sources.late(job, run?.dueAt ?? null));
    }
    skew.set((Date.now() - backlog.clock.getTime()) / 1000);
  };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([work, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
