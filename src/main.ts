// The composition root: config -> database -> store -> cards -> conversation -> channels -> workers -> jobs -> http. Starts in this
// order, stops in mirror order, decides nothing.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Channel } from './chat/channel';
import { hasInputs } from './chat/card';
import { loadCards } from './chat/cards';
import { createConversation } from './chat/handle';
import { createRefusals } from './chat/refusals';
import type { Refusals } from './chat/refusals';
import { toMessage, toModal } from './channels/slack/blocks';
import { createSlackChannel } from './channels/slack/bot';
import { createTeamsChannel } from './channels/teams/bot';
import { createWebChannel } from './channels/web/channel';
import type { Config } from './config';
import { connectors } from './connectors';
import { featured } from './demo/personas';
import { prepareDemo } from './demo/prepare';
import { startHttp } from './http';
import type { HttpServer } from './http';
import { delivering } from './jobs/deliver';
import { jobs } from './jobs';
import { receiving } from './jobs/receive';
import { startSchedule } from './jobs/schedule';
import { createWorker } from './jobs/worker';
import type { Log } from './log';
import type { Backlog, Desk } from './operations/ports';
import { settle } from './operations/settings';
import { checkDatabase, connect, migrate } from './store/database';
import type { Database } from './store/database';
import { startEmbedded } from './store/embedded';
import { createStore } from './store/store';

/** The folder of the package: templates and the demo's files lie beside `src` and `dist`. */
export const PACKAGE = resolve(__dirname, '..');

/** A connector that does not answer within this failed for now. */
const CONNECTOR_MS = 20_000;
const APP_POOL = 12;
const DEMO_POOL = 3;
const APP_ROLE = 'usher_app';

export interface Usher {
  /** Address of the local page; null where it is not open. */
  readonly page: string | null;
  /** Address of the chat endpoints; null where no platform calls by HTTP. */
  readonly endpoint: string | null;
  stop(): Promise<void>;
}

/** What could not be started, as a sentence for the terminal. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export interface Opening {
  /** Brings a server up to date where DATABASE_MIGRATION_URL is set. The embedded database always is brought up to date. */
  readonly migrate: boolean;
  /** Opens also what cannot be worked with: only for whoever says what is wrong with it. */
  readonly anyway?: boolean;
}

/** The house with its database, without channels: what the command line works with. Throws where it could not work. */
export async function openHouse(config: Config, log: Log, opening: Opening = { migrate: false }) {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const database = await openDatabase(config, log, stops, opening);
    const parts = createStore({ sequelize: database.sequelize, log });
    const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
    return { ...parts, desk, database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type House = Awaited<ReturnType<typeof openHouse>>;

async function openDatabase(
  config: Config,
  log: Log,
  stops: (() => Promise<void>)[],
  opening: Opening,
): Promise<Database> {
  if (config.databaseUrl === null) {
    const embedded = await startEmbedded({ dir: config.home, log });
    stops.push(() => embedded.stop());
    const owner = await connect({ url: embedded.url, poolMax: 2 });
    try {
      await migrate(owner, log);
    } finally {
      await owner.close();
    }
    const database = await connect({
      url: embedded.url,
      role: APP_ROLE,
      // Each connection plans every statement anew, which takes most of the demo's first start.
      ...(config.demo ? { poolMax: DEMO_POOL, planOnce: true } : { poolMax: APP_POOL }),
    });
    stops.push(() => database.close());
    return database;
  }
  if (opening.migrate && config.migrationUrl !== null) {
    const owner = await connect({ url: config.migrationUrl.reveal(), poolMax: 2 });
    try {
      await migrate(owner, log);
    } finally {
      await owner.close();
    }
  }
  const database = await connect({ url: config.databaseUrl.reveal(), poolMax: APP_POOL });
  stops.push(() => database.close());
  const problems = opening.anyway === true ? [] : await checkDatabase(database);
  if (problems.length > 0) throw new StartError(problems.join('\n'));
  return database;
}

/** Starts everything and resolves when requests are served. Throws with a sentence; nothing is left running then. */
export async function startUsher(config: Config, log: Log): Promise<Usher> {
  const house = await openHouse(config, log, { migrate: true });
  const stops: (() => Promise<void>)[] = [() => house.stop()];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) {
      await step().catch((error: unknown) => {
        log.error({ err: error }, 'a part did not stop cleanly');
      });
    }
  };
  try {
    const unknown = await settle(house.desk, config, { demo: config.demo });
    if (unknown.length > 0) log.warn({ unknown }, 'administrators of the settings that are not in the directory');
    const book = loadCards(join(PACKAGE, 'cards'));
    const pagePort = { value: config.pagePort };
    const refused = refusedCounter();
    const refusals = createRefusals(log, (platform, code) => {
      refused.inc({ platform, code });
    });
    const channels = channelsOf(config, house, log, refusals, pagePort);
    const conversation = createConversation({
      desk: house.desk,
      cards: house.cards,
      inbound: house.inbound,
      book,
      profiles: async (platform, tenant, user) => (await channels.get(platform)?.profile(tenant, user)) ?? null,
      refusals,
      log,
    });

    const complain = (what: string) => (error: unknown) => {
      log.error({ err: error }, `${what} worker could not work`);
    };
    const parts = {
      desk: house.desk,
      outbox: house.outbox,
      cards: house.cards,
      book,
      channels,
      connectors: connectors({ localRoles: house.localRoles }),
      deadlineMs: CONNECTOR_MS,
      log,
    };
    const outgoing = createWorker(delivering(parts, ['tell', 'redraw']), complain('outgoing'));
    // A connected system that hangs must not keep people from their messages.
    const placing = createWorker(delivering(parts, ['place']), complain('placing'));
    const incoming = createWorker(
      receiving({
        desk: house.desk,
        inbound: house.inbound,
        conversation,
        channels,
        log,
      }),
      complain('inbound'),
    );
    house.store.onCommit(() => {
      outgoing.wake();
      placing.wake();
    });
    const heard = {
      ...conversation,
      accept: async (inbound: Parameters<typeof conversation.accept>[0]) => {
        await conversation.accept(inbound);
        incoming.wake();
      },
    };

    const sweep = (name: string) => {
      const job = jobs.find((one) => one.name === name);
      return job ? job.sweep({ desk: house.desk, due: house.due, log }) : Promise.resolve(0);
    };
    if (config.demo) {
      // What happened long ago is no news: a line for each of its messages and placements would hide what follows.
      const quiet = { ...parts, log: log.isLevelEnabled('info') ? log.child({}, { level: 'warn' }) : log };
      const told = createWorker(delivering(quiet, ['tell', 'redraw']), complain('outgoing'));
      const placed = createWorker(delivering(quiet, ['place']), complain('placing'));
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
          await Promise.all(jobs.filter((job) => job.name !== 'prune').map((job) => sweep(job.name)));
        },
      });
    }

    for (const channel of channels.values()) {
      await channel.start(heard);
      stops.push(() => channel.stop());
    }
    outgoing.start();
    stops.push(() => outgoing.stop());
    placing.start();
    stops.push(() => placing.stop());
    incoming.start();
    stops.push(() => incoming.stop());

    const schedule = startSchedule({
      jobs,
      claimTick: (job, dueAt) => house.due.claimTick(job, dueAt, `${hostname()}:${process.pid}`),
      run: async (job) => {
        await job.sweep({ desk: house.desk, due: house.due, log });
      },
      log,
    });
    stops.push(() => schedule.stop());

    const registry = metricsOf(house);
    registry.registerMetric(refused);
    const ready = async (): Promise<boolean> => {
      try {
        await house.views.now();
        return true;
      } catch {
        return false;
      }
    };
    const servers = await listen(config, channels, registry, ready, log, stops);
    if (servers.page) pagePort.value = servers.page.port;
    return {
      page: servers.page ? `http://localhost:${servers.page.port}/` : null,
      endpoint: servers.chat ? `http://${config.host}:${servers.chat.port}` : null,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function channelsOf(
  config: Config,
  house: House,
  log: Log,
  refusals: Refusals,
  pagePort: { readonly value: number },
): ReadonlyMap<string, Channel> {
  const channels: Channel[] = [];
  if (config.slack) {
    channels.push(
      createSlackChannel({
        signingSecret: config.slack.signingSecret?.reveal() ?? '',
        botToken: config.slack.botToken.reveal(),
        appToken: config.slack.appToken?.reveal() ?? null,
        teamId: config.slack.teamId,
        ...(config.slack.apiUrl === null ? {} : { apiUrl: config.slack.apiUrl }),
        refusals,
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
        ...(config.teams.tokenIssuer === null ? {} : { tokenIssuer: config.teams.tokenIssuer }),
        ...(config.teams.loginUrl === null ? {} : { loginUrl: config.teams.loginUrl }),
        playground: config.teams.playground,
        allowGuests: config.allowGuests,
        refusals,
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
        slackBlocks: (card) => (hasInputs(card) ? toModal(card) : toMessage(card)),
        secret: pageSecret(config.home),
        port: () => pagePort.value,
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

/** What was turned away before anybody was known: nothing of it is stored, and its lines in the log are bounded. */
function refusedCounter(): Counter {
  return new Counter({
    name: 'usher_turned_away_total',
    help: 'Deliveries and accounts that were turned away, by reason.',
    labelNames: ['platform', 'code'],
    registers: [],
  });
}

/** What operators watch. */
export function metricsOf(house: Pick<House, 'outbox' | 'views' | 'due'>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const oldest = new Gauge({
    name: 'usher_outgoing_next_seconds',
    help: 'Seconds since the oldest due outgoing row was due; 0 when none is due.',
    registers: [registry],
    async collect() {
      const [next, now] = await Promise.all([house.outbox.nextAt(), house.views.now()]);
      oldest.set(next === null ? 0 : Math.max(0, (now.getTime() - next.getTime()) / 1000));
    },
  });
  let watched: Promise<Backlog> | null = null;
  // All gauges of a scrape are of one look.
  const backlog = (): Promise<Backlog> =>
    (watched ??= house.due.backlog().finally(() => {
      watched = null;
    }));
  const dead = new Gauge({
    name: 'usher_outgoing_dead',
    help: 'Outgoing rows that were given up; `usher redrive` lists them and puts them back.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const { dead: rows } = await backlog();
      for (const kind of ['tell', 'redraw', 'place'] as const)
        dead.set({ kind }, rows.find((row) => row.kind === kind)?.count ?? 0);
    },
  });
  const removals = new Gauge({
    name: 'usher_removals',
    help: 'Access that ended longer ago than this and is not taken away everywhere yet.',
    labelNames: ['state', 'older_than_seconds'],
    registers: [registry],
    async collect() {
      for (const { state, olderThanSeconds, count } of (await backlog()).removals)
        removals.set({ state, older_than_seconds: String(olderThanSeconds) }, count);
    },
  });
  const slowest = new Gauge({
    name: 'usher_removal_oldest_seconds',
    help: 'Seconds since the oldest access ended that is not taken away everywhere yet; 0 when there is none.',
    registers: [registry],
    async collect() {
      slowest.set((await backlog()).oldestRemovalSeconds);
    },
  });
  return registry;
}

async function listen(
  config: Config,
  channels: ReadonlyMap<string, Channel>,
  registry: Registry,
  ready: () => Promise<boolean>,
  log: Log,
  stops: (() => Promise<void>)[],
): Promise<{ readonly page: HttpServer | null; readonly chat: HttpServer | null }> {
  const page = channels.get('web') ?? null;
  const others = [...channels.values()].filter((channel) => channel.platform !== 'web');
  const routes = others.flatMap((channel) => channel.routes);
  const pageServer = page
    ? await startHttp({ host: '127.0.0.1', port: config.pagePort, routes: page.routes, ready, log })
    : null;
  if (pageServer) stops.push(() => pageServer.stop());
  const chat =
    others.length === 0
      ? null
      : await startHttp({
          host: config.host,
          port: config.port,
          routes,
          ready,
          ...(config.metricsPort === null ? { metrics: registry } : {}),
          log,
        });
  if (chat) stops.push(() => chat.stop());
  if (config.metricsPort !== null) {
    const metrics = await startHttp({
      host: config.host,
      port: config.metricsPort,
      routes: [],
      ready,
      metrics: registry,
      metricsFor: 'everybody',
      log,
    });
    stops.push(() => metrics.stop());
  }
  return { page: pageServer, chat };
}
