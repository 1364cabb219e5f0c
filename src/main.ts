// The composition root: config -> database -> store -> cards -> conversation -> channels -> workers -> jobs -> http. Starts in this
// order, stops in mirror order, decides nothing.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Channel, Conversation } from './chat/channel';
import { loadCards } from './chat/cards';
import { createCooling } from './chat/cooling';
import { createConversation } from './chat/handle';
import { createLinks } from './chat/links';
import { paced } from './chat/pace';
import { createRefusals } from './chat/refusals';
import type { Refusals } from './chat/refusals';
import { linkRoutes } from './channels/link/route';
import { toSlack } from './channels/slack/blocks';
import { createSlackChannel } from './channels/slack/bot';
import { createTeamsChannel } from './channels/teams/bot';
import { createWebChannel } from './channels/web/channel';
import type { Config } from './config';
import { CONNECTOR_MS, connectors } from './connectors';
import { featured } from './demo/personas';
import { isRefusal } from './domain/errors';
import { prepareDemo } from './demo/prepare';
import { CLICK_MS, openHouse, StartError } from './house';
import type { House } from './house';
import { startHttp } from './http';
import type { HttpOptions, HttpServer } from './http';
import { delivering, kindsOf } from './jobs/deliver';
import { answersIn, createGates, gateOf, heed } from './jobs/gate';
import { jobs } from './jobs';
import { receiving } from './jobs/receive';
import { startSchedule } from './jobs/schedule';
import { createWorker } from './jobs/worker';
import type { Log } from './log';
import { createMetrics } from './metrics';
import type { MetricsText } from './metrics';
import { settle } from './operations/settings';
import { createReadiness } from './readiness';
import { databaseTrouble } from './store/database';
import type { Database } from './store/database';
import { createStops } from './stops';
import type { Stops } from './stops';

/** The folder of the package: templates and the demo's files lie beside `src` and `dist`. */
export const PACKAGE = resolve(__dirname, '..');

/** Of the past nothing is old enough to go, nobody has to be woken for what the demo does late on purpose, and nothing drifts. */
const NOT_PLAYED: ReadonlySet<string> = new Set(['prune', 'watch', 'compare']);

/** All of a stop has 10 s, the end of the process included: so long for what is under way, and so long for the database after it. */
const STOP_MS = 5_500;
const DATABASE_STOP_MS = 3_000;

export interface Usher {
  /** Address of the local page; null where it is not open. */
  readonly page: string | null;
  /** Address of the chat endpoints; null where no platform calls by HTTP. */
  readonly endpoint: string | null;
  stop(): Promise<void>;
}

/**
 * Starts everything and resolves when requests are served. Throws with a sentence; nothing is left running then. `clickMs`: what
 * a click may take until it is refused; `patienceMs`: after what time a platform is answered that it takes longer. A test on a busy
 * machine gives them more.
 */
export async function startUsher(
  config: Config,
  log: Log,
  { clickMs = CLICK_MS, patienceMs }: { clickMs?: number; patienceMs?: number } = {},
): Promise<Usher> {
  const stops = createStops(STOP_MS, log);
  const stop = (): Promise<void> => stops.run();
  try {
    const metrics = createMetrics();
    const readiness = createReadiness();
    const listen = listening(config, metrics, () => readiness.problems(), log, stops);
    // These come first: who asks meanwhile hears that the process lives and is not ready, however long the database takes.
    await listen.metrics();
    const chat = await listen.chat();
    const house = await openHouse(config, log, { migrate: true, apart: true, watch: metrics.watch });
    stops.push(() => house.stop(), DATABASE_STOP_MS);
    // A folder that another Usher uses is said before its port, and a taken port before a demo is made.
    const page = await listen.page();
    const playground = config.teams?.playground === true;
    const { unknown, unclear } = await settle(house.desk, config, { demo: config.demo, playground }).catch(
      (error: unknown) => {
        throw isRefusal(error) && error.code === 'forbidden' ? new StartError(notADemo(config)) : error;
      },
    );
    if (unknown.length > 0) log.warn({ unknown }, 'administrators of the settings that are not in the directory');
    if (unclear.length > 0)
      log.warn(
        { unclear },
        'administrators of the settings by names that more than one person has or had: nobody is one by these; name them in a file, or by another key',
      );
    const book = loadCards(join(PACKAGE, 'cards'));
    const pagePort = page?.port ?? config.pagePort;
    const refusals = createRefusals(log, (platform, code) => {
      metrics.watch.turnedAway(platform, code);
    });
    const channels = channelsOf(config, house, log, { refusals, pagePort, patienceMs });
    const links = createLinks(
      () => (config.demo ? `http://localhost:${pagePort}` : config.publicUrl),
      () => channels.values(),
    );
    const talk = ({ desk, cards, inbound, outbox }: House['work'], answerWithinMs?: number): Conversation =>
      createConversation({
        desk,
        cards,
        inbound,
        book,
        profiles: async ({ platform, tenant, user, surface }) =>
          (await channels.get(platform)?.profile(tenant, user, surface)) ?? null,
        refusals,
        cooling: createCooling(outbox, log),
        watch: metrics.watch,
        links,
        log,
        ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
      });
    const { work } = house;
    const conversation = talk(house, clickMs);

    const complain = (what: string) => (error: unknown) => {
      log.error({ err: error }, `${what} worker could not work`);
    };
    const gates = createGates({ outbox: work.outbox });
    const parts = {
      desk: work.desk,
      outbox: work.outbox,
      gates,
      cards: work.cards,
      book,
      channels,
      connectors: connectors({ localRoles: work.localRoles }),
      deadlineMs: CONNECTOR_MS,
      watch: metrics.watch,
      log,
    };
    const outgoing = createWorker(delivering(parts, kindsOf('outgoing')), complain('outgoing'));
    const placing = createWorker(delivering(parts, kindsOf('placing')), complain('placing'));
    const incoming = createWorker(
      receiving({
        desk: work.desk,
        inbound: work.inbound,
        gates,
        conversation: talk(work),
        channels,
        watch: metrics.watch,
        log,
      }),
      complain('inbound'),
    );
    for (const store of new Set([house.store, work.store]))
      store.onCommit(() => {
        outgoing.wake();
        placing.wake();
      });
    // What was stored already is worked without asking how fast it came.
    const heard = paced(
      {
        ...conversation,
        accept: async (inbound) => {
          const stored = await conversation.accept(inbound);
          if (stored) incoming.wake();
          return stored;
        },
        owed: async (inbound, reply) => {
          const kept = await conversation.owed(inbound, reply);
          if (kept) incoming.wake();
          return kept;
        },
      },
      {
        pass: (target, perSecond, burst) => house.outbox.pass(target, perSecond, burst),
        tell: async (inbound, reply) => {
          await channels.get(inbound.platform)?.answer(inbound, reply);
        },
        refusals,
      },
    );

    const swept = { ...parts, due: work.due, comparisons: work.comparisons };
    const sweep = (name: string) => {
      const job = jobs.find((one) => one.name === name);
      return job ? job.sweep(swept) : Promise.resolve(0);
    };
    if (config.demo) {
      // What happened long ago is no news: a line for each of its messages and placements would hide what follows.
      const quiet = { ...parts, log: log.isLevelEnabled('info') ? log.child({}, { level: 'warn' }) : log };
      const told = createWorker(delivering(quiet, kindsOf('outgoing')), complain('outgoing'));
      const placed = createWorker(delivering(quiet, kindsOf('placing')), complain('placing'));
      await prepareDemo({
        house,
        log,
        quiet: quiet.log,
        outgoing: {
          // A placed role is a message, and a message may be about a role: until neither has anything left.
          settle: async () => {
            let total = 0;
            for (let worked = 1; worked > 0; total += worked) worked = (await placed.settle()) + (await told.settle());
            return total;
          },
        },
        sweep: async () => {
          await Promise.all(jobs.filter((job) => !NOT_PLAYED.has(job.name)).map((job) => sweep(job.name)));
        },
      });
    }

    for (const channel of channels.values()) {
      await channel.start(heard);
      stops.push(() => channel.stop());
    }
    for (const worker of [outgoing, placing, incoming]) worker.start();
    const schedule = startSchedule({
      jobs,
      claimTick: (job, dueAt) => work.due.claimTick(job, dueAt, `${hostname()}:${process.pid}`),
      shared: () => work.due.clock(),
      run: async (job, _dueAt, signal) => {
        const began = performance.now();
        const ran = (outcome: 'done' | 'failed'): void => {
          metrics.watch.ran(job.name, outcome, (performance.now() - began) / 1000);
        };
        try {
          await job.sweep({ ...swept, signal });
        } catch (error) {
          ran('failed');
          throw error;
        }
        ran('done');
      },
      log,
    });
    // Side by side: each waits for what it has under way.
    stops.push(() => {
      // Who stands in line goes back to be worked by others, instead of being waited for.
      gates.stop();
      return Promise.all([schedule, outgoing, placing, incoming].map((part) => part.stop()));
    });

    const silent = {
      outgoing: () => outgoing.silent(),
      placing: () => placing.silent(),
      inbound: () => incoming.silent(),
      schedule: () => schedule.silent(),
    };
    metrics.from({
      backlog: () => work.due.backlog(jobs.map((job) => job.name)),
      pool: () => poolOf([...new Set([house.database, work.database])]),
      ready: async () => (await readiness.problems()).length === 0,
      silent,
      late: (job, answered) => schedule.late(job, answered),
      jobs: jobs.map((job) => job.name),
      platforms: [...channels.keys()],
      connectors: [...parts.connectors.keys()],
    });
    const web = channels.get('web');
    if (web && page) {
      page.open(web.routes);
      stops.push(() => page.drain());
      // An open page listens until it is told to stop, so who drains would wait for it.
      stops.push(() => web.stop());
    }
    if (chat) {
      const routes = [...channels.values()].filter((channel) => channel !== web).flatMap((channel) => channel.routes);
      chat.open([...routes, ...linkRoutes(links)]);
      stops.push(() => chat.drain());
    }
    readiness.open({
      database: () => databaseTrouble(house.database),
      ...Object.fromEntries(Object.entries(silent).map(([part, seconds]) => [part, () => stuck(seconds())])),
      ...Object.fromEntries([...channels].map(([name, channel]) => [name, () => channel.trouble?.() ?? null])),
    });
    stops.push(() => {
      readiness.close();
      return Promise.resolve();
    });
    return {
      page: page ? `http://localhost:${page.port}/` : null,
      endpoint: chat ? `http://${config.host}:${chat.port}` : null,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The local page and the playground, where anybody is anybody, are for organizations that were made for them. */
function notADemo(config: Config): string {
  // Without the account, and without what may follow the name.
  const address = config.databaseUrl?.reveal().replace(/^[^:]*:\/\/(?:[^@/]*@)?|\?.*$/g, '');
  const database = address === undefined ? `The database in ${config.home}` : `The database ${address} of DATABASE_URL`;
  if (config.teams?.playground === true)
    return (
      `${database} holds a real organization, and TEAMS_PLAYGROUND=1 lets anybody in there as anybody. ` +
      'Remove it, or name a new, empty database to try it on.'
    );
  return (
    `${database} holds a real organization, and the demo (USHER_DEMO=1, or no chat credentials) opens a page there where ` +
    'anybody can be anybody. Set up Slack or Teams, or set USHER_DEMO=0; for the demo name a new, empty database.'
  );
}

/** The connections of all pools together. */
function poolOf(databases: readonly Database[]): ReturnType<Database['pool']> {
  const pools = databases.map((database) => database.pool());
  const sum = (of: (pool: ReturnType<Database['pool']>) => number): number =>
    pools.reduce((total, pool) => total + of(pool), 0);
  return {
    used: sum(({ used }) => used),
    idle: sum(({ idle }) => idle),
    waiting: sum(({ waiting }) => waiting),
    max: sum(({ max }) => max),
  };
}

/** A round is over within a lease of its rows, a minute; a job rings every few seconds. */
const STUCK_SECONDS = 120;

function stuck(silentSeconds: number): string | null {
  return silentSeconds < STUCK_SECONDS ? null : `stuck for ${Math.round(silentSeconds)} s`;
}

function channelsOf(
  config: Config,
  house: House,
  log: Log,
  more: {
    readonly refusals: Refusals;
    readonly pagePort: number;
    readonly patienceMs: number | undefined;
  },
): ReadonlyMap<string, Channel> {
  const { refusals, pagePort, patienceMs } = more;
  const channels: Channel[] = [];
  if (config.slack) {
    channels.push(
      createSlackChannel({
        signingSecret: config.slack.signingSecret?.reveal() ?? '',
        botToken: config.slack.botToken.reveal(),
        appToken: config.slack.appToken?.reveal() ?? null,
        teamId: config.slack.teamId,
        publicUrl: config.publicUrl,
        ...(config.slack.apiUrl === null ? {} : { apiUrl: config.slack.apiUrl }),
        ...(patienceMs === undefined ? {} : { ackAfterMs: patienceMs, deadlineMs: patienceMs }),
        refusals,
        pace: answersIn({ platform: 'slack', tenant: config.slack.teamId }, house.outbox),
        log,
      }),
    );
  }
  if (config.teams) {
    channels.push(
      createTeamsChannel({
        appId: config.teams.appId,
        appPassword: config.teams.appPassword.reveal(),
        tenantId: config.teams.tenantId,
        allowedTenants: config.teams.allowedTenants,
        serviceHosts: config.teams.serviceHosts,
        ...(config.teams.openIdMetadataUrl === null ? {} : { openIdMetadataUrl: config.teams.openIdMetadataUrl }),
        ...(patienceMs === undefined ? {} : { patienceMs }),
        ...(config.teams.tokenIssuer === null ? {} : { tokenIssuer: config.teams.tokenIssuer }),
        ...(config.teams.loginUrl === null ? {} : { loginUrl: config.teams.loginUrl }),
        playground: config.teams.playground,
        refusals,
        heed: (tenant, error) => heed(house.outbox, gateOf({ platform: 'teams', tenant }), error),
        log,
      }),
    );
  }
  if (config.demo) {
    channels.push(
      createWebChannel({
        personas: async () =>
          (await house.views.personas()).map((persona) => ({
            key: persona.key,
            name: persona.name,
            title: persona.title,
            department: persona.department,
            organization: persona.organization,
            note: featured[persona.key] ?? null,
          })),
        messages: house.pageMessages,
        slackBlocks: toSlack,
        secret: pageSecret(config.home),
        port: () => pagePort,
        log,
        labels: {
          product: 'Usher',
          organization: 'Woodgrove',
          suggestions: [
            { title: 'Request access', text: 'request access' },
            { title: 'My access', text: 'my access' },
            { title: 'Approvals', text: 'approvals' },
            { title: 'Help', text: 'help' },
          ],
        },
      }),
    );
  }
  return new Map(channels.map((channel) => [channel.platform, channel]));
}

/** Signs the page's cookies; kept beside the embedded database so that a restart keeps people where they were. */
function pageSecret(home: string): string {
  const file = join(resolve(home), 'page-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  mkdirSync(resolve(home), { recursive: true });
  const secret = randomBytes(32).toString('hex');
  writeFileSync(file, secret, { mode: 0o600 });
  return secret;
}

/** Opens listeners that answer from now on how things stand. They go after whatever comes later. */
function listening(config: Config, metrics: MetricsText, ready: HttpOptions['ready'], log: Log, stops: Stops) {
  const open = async (options: Omit<HttpOptions, 'ready' | 'log'>): Promise<HttpServer> => {
    const server = await startHttp({ ...options, ready, log });
    stops.push(() => server.stop());
    return server;
  };
  const { host, port, pagePort, metricsPort } = config;
  const shared = metricsPort === null ? { metrics } : {};
  return {
    metrics: async (): Promise<void> => {
      if (metricsPort !== null) await open({ host, port: metricsPort, routes: [], metrics, metricsFor: 'everybody' });
    },
    chat: (): Promise<HttpServer | null> =>
      config.slack === null && config.teams === null ? Promise.resolve(null) : open({ host, port, ...shared }),
    page: (): Promise<HttpServer | null> =>
      config.demo ? open({ host: '127.0.0.1', port: pagePort, ...shared }) : Promise.resolve(null),
  };
}
