// The house: the database and what works on it, without channels. What a command stands on, and main as well; in a file of its own
// because whoever runs a command waits for all that is loaded.
import type { Config } from './config';
import type { Log } from './log';
import type { Desk, Watch } from './operations/ports';
import { createStops } from './stops';
import type { Stops } from './stops';
import { checkDatabase, connect, EMBEDDED_LOGIN, makeLogin, migrate } from './store/database';
import type { ConnectOptions, Database } from './store/database';
import { startEmbedded } from './store/embedded';
import { createStore } from './store/store';

/** A click is taken within this, or refused and nothing is taken. */
export const CLICK_MS = 2_000;
/** For clicks and what is shown; and fewer for workers and jobs, which can wait. */
const APP_POOL = 12;
const WORK_POOL = 6;
const DEMO_POOL = 3;
/** Who waits for the answer to a click must not wait longer for a connection. */
const CLICK_LIMITS = { acquire: CLICK_MS };
/** Of the time that its stop has (main.ts): what still uses a connection by then is cut, and comes back by its lease. */
const CONNECTIONS_STOP_MS = 1_000;
const EMBEDDED_STOP_MS = 2_000;

/** What could not be started, as a sentence for the terminal. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export interface Opening {
  /** Brings a server up to date where DATABASE_MIGRATION_URL is set. The embedded database always is brought up to date. */
  readonly migrate: boolean;
  /** Opens also what cannot be worked with: only for whoever says what is wrong with it. */
  readonly anyway?: boolean;
  /** Gives workers and jobs connections of their own, so that whatever they do no click waits for one. */
  readonly apart?: boolean;
  readonly watch?: Watch;
}

/** Opens it. Throws where it could not work. */
export async function openHouse(config: Config, log: Log, opening: Opening = { migrate: false }) {
  const stops = createStops(CONNECTIONS_STOP_MS, log);
  const stop = (): Promise<void> => stops.run();
  const over = (database: Database) => {
    const parts = createStore({
      sequelize: database.sequelize,
      log,
      ...(opening.watch ? { watch: opening.watch } : {}),
    });
    const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
    return { ...parts, desk, database };
  };
  try {
    const { database, work } = await openDatabase(config, log, stops, opening);
    const house = over(database);
    return { ...house, work: work === null ? house : over(work), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type House = Awaited<ReturnType<typeof openHouse>>;

async function openDatabase(
  config: Config,
  log: Log,
  stops: Stops,
  opening: Opening,
): Promise<{ readonly database: Database; readonly work: Database | null }> {
  const open = async (options: ConnectOptions): Promise<Database> => {
    const database = await connect(options);
    stops.push(() => database.close());
    return database;
  };
  const both = async (options: Omit<ConnectOptions, 'poolMax'>) => ({
    database: await open({
      ...options,
      poolMax: APP_POOL,
      ...(opening.apart === true ? { limits: CLICK_LIMITS } : {}),
    }),
    work: opening.apart === true ? await open({ ...options, poolMax: WORK_POOL }) : null,
  });

  let url = config.databaseUrl?.reveal();
  const migrationUrl = opening.migrate ? config.migrationUrl?.reveal() : undefined;
  if (url === undefined) {
    const embedded = await startEmbedded({ dir: config.home, log });
    stops.push(() => embedded.stop(), EMBEDDED_STOP_MS);
    await asOwner(embedded.url, async (owner) => {
      await migrate(owner, log);
      await makeLogin(owner);
    });
    url = embedded.urlAs(EMBEDDED_LOGIN);
  } else if (migrationUrl !== undefined) await asOwner(migrationUrl, (owner) => migrate(owner, log));
  // Each connection plans every statement anew, which takes most of the demo's first start.
  const isSmall = config.demo && config.databaseUrl === null;
  const opened = isSmall ? { database: await open({ url, poolMax: DEMO_POOL }), work: null } : await both({ url });
  const problems = opening.anyway === true ? [] : await checkDatabase(opened.database, databaseOf(config));
  if (problems.length > 0) throw new StartError(problems.join('\n'));
  return opened;
}

async function asOwner(url: string, work: (owner: Database) => Promise<unknown>): Promise<void> {
  const owner = await connect({ url, poolMax: 2 });
  try {
    await work(owner);
  } finally {
    await owner.close();
  }
}

/** Where the database is said to be, for sentences about it. */
export function databaseOf({ databaseUrl, home }: Config): string {
  return databaseUrl === null ? `the database in ${home}` : 'DATABASE_URL';
}
