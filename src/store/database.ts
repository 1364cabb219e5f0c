// The connection to PostgreSQL, embedded or a server: pool, settings of a session, migrations, and the check of the
// rights that the program itself has. What is read and written is not decided here.
import { types } from 'pg';
import { QueryTypes, Sequelize, type Transaction } from 'sequelize';
import type { Log } from '../log';
import { addressProblem, DatabaseProblem } from './address';
import { buildIndexes, followUp, isMark } from './build';
import { type Migration, migrations as allMigrations } from './migrations';
import { indexes, replaced } from './migrations/indexes';

export type Database = {
  readonly sequelize: Sequelize;
  /** Connections: used by an act, idle, and acts that wait for one. */
  pool(): { readonly used: number; readonly idle: number; readonly waiting: number; readonly max: number };
  close(): Promise<void>;
};

export type ConnectOptions = {
  readonly url: string;
  readonly poolMax: number;
  /** Every connection acts as this role, which `reset role` undoes: for tests and measurements, never for a program that serves. */
  readonly role?: string;
  readonly limits?: Partial<SessionLimits>;
};

/** Milliseconds. A statement beyond them fails; whoever needs more sets it with `set local` in the transaction. */
export type SessionLimits = {
  /** No act may take longer; the answer to a click is due after 3 s. */
  readonly statement: number;
  /** Waiting for a row: below the statement limit, so that the error names the lock and not the statement. */
  readonly lock: number;
  /** A transaction that does nothing holds its locks against everybody else. */
  readonly idleInTransaction: number;
  /** To open a connection. */
  readonly connect: number;
  /** To get one from the pool. */
  readonly acquire: number;
};

const LIMITS: SessionLimits = {
  statement: 15_000,
  lock: 5_000,
  idleInTransaction: 15_000,
  connect: 5_000,
  acquire: 5_000,
};
const OLDEST_SERVER = 15;
const MIGRATION_LOCK = 7_236_001; // any number, but the same in every release
const ROLE_NAME = /^[a-z_][a-z0-9_]*$/;

/** Opens the pool and makes sure that a usable server answers. Throws DatabaseProblem with a sentence for the terminal. */
export async function connect(options: ConnectOptions): Promise<Database> {
  const problem = addressProblem(options.url);
  if (problem !== undefined) throw new DatabaseProblem(`The address of the database ${problem}.`);
  if (options.role !== undefined && !ROLE_NAME.test(options.role)) throw new Error('not the name of a role');
  readNumbers();

  const limits = { ...LIMITS, ...options.limits };
  const sequelize = new Sequelize(options.url, {
    dialect: 'postgres',
    logging: false,
    benchmark: false,
    timezone: '+00:00',
    pool: { max: options.poolMax, min: 0, idle: 30_000, acquire: limits.acquire, evict: 5_000 },
    dialectOptions: {
      application_name: 'usher',
      keepAlive: true, // a server that vanished without a word is noticed
      connectionTimeoutMillis: limits.connect,
      // Sent with the first packet. A pooler between us must hand over sessions (not transactions) unchanged.
      statement_timeout: limits.statement,
      lock_timeout: limits.lock,
      idle_in_transaction_session_timeout: limits.idleInTransaction,
      // Compiling a plan takes longer than running any of our statements. So does planning one for each value, which the server
      // would go on doing for the long ones; ours are written so that one plan is right for all values.
      options: '-c jit=off -c plan_cache_mode=force_generic_plan',
    },
    hooks: { afterConnect: prepareConnection(options.role) },
  });
  const close = once(() => sequelize.close());
  try {
    await checkServer(sequelize);
  } catch (error) {
    await close();
    throw error;
  }
  return { sequelize, close, pool: () => poolOf(sequelize) };
}

interface Pool {
  readonly using: number;
  readonly available: number;
  readonly waiting: number;
  readonly maxSize: number;
}

// Sequelize names its pool nowhere in its types.
function poolOf(sequelize: Sequelize): ReturnType<Database['pool']> {
  const { pool } = sequelize.connectionManager as unknown as { readonly pool: Pool };
  return { used: pool.using, idle: pool.available, waiting: pool.waiting, max: pool.maxSize };
}

/**
 * Applies what is missing, all or nothing, and then builds the indexes that are missing and follows migrations up, beside the work that
 * goes on. Any number of processes may call this at once: one works, the others wait and then find nothing to do. Returns the names
 * that it applied.
 */
export async function migrate(
  database: Database,
  log?: Pick<Log, 'info' | 'warn'>,
  list: readonly Migration[] = allMigrations,
): Promise<string[]> {
  const { sequelize } = database;
  const names = await sequelize.transaction(async (transaction) => {
    const run = async (sql: string): Promise<void> => {
      await sequelize.query(sql, { transaction, raw: true });
    };
    // The wait for another migrator has no limit; the wait for a table has one, because whoever queues behind us on
    // that table waits too. A migration that gives up changes nothing and can be started again.
    await run('set local statement_timeout = 0; set local lock_timeout = 0');
    await run(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    await run(`set local lock_timeout = '20s'; set local idle_in_transaction_session_timeout = 0`);
    await run(
      'create table if not exists schema_migrations (name text primary key, applied_at timestamptz(3) not null default now())',
    );

    // Read here, because it brings a whole command line along, and a start that migrates nothing need not wait for that.
    const { Umzug } = await import('umzug');
    const umzug = new Umzug({
      migrations: list.map(({ name, up }) => ({ name, up: () => up(run) })),
      storage: {
        executed: () => appliedNames(sequelize, transaction),
        logMigration: ({ name }) => insertName(sequelize, transaction, name),
        unlogMigration: () => Promise.reject(new Error('migrations only go forward')),
      },
      logger: undefined,
    });
    const newer = (await appliedNames(sequelize, transaction)).filter(
      (name) => !isMark(name) && !list.some((one) => one.name === name),
    );
    // An older release beside a newer schema is what a rolling update looks like.
    if (newer.length > 0) log?.warn({ newer }, 'the database was migrated by a newer release');
    const applied = (await umzug.up()).map(({ name }) => name);
    if (applied.length > 0) log?.info({ applied }, 'database migrated');
    return applied;
  });
  if (list === allMigrations) {
    await buildIndexes(sequelize, { wanted: indexes, replaced }, log);
    await followUp(sequelize, list, log);
  }
  return names;
}

/** As which the program logs in where the server is its own. */
export const EMBEDDED_LOGIN = 'usher_web';

/** Makes the login of the embedded database where it is missing: it may what `usher_app` may, and can become nobody who may more. */
export async function makeLogin({ sequelize }: Database): Promise<void> {
  await sequelize.query(`do $$ begin
    if not exists (select 1 from pg_roles where rolname = '${EMBEDDED_LOGIN}') then
      create role ${EMBEDDED_LOGIN} login in role usher_app;
    end if;
  end $$`);
}

/** The migrations that the database lacks, for a program that may not migrate itself. */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const { sequelize } = database;
  const [row] = await sequelize.query<{ present: boolean }>(
    `select to_regclass('schema_migrations') is not null as present`,
    { type: QueryTypes.SELECT },
  );
  const applied = row?.present === true ? await appliedNames(sequelize) : [];
  return allMigrations.map(({ name }) => name).filter((name) => !applied.includes(name));
}

/**
 * What is wrong with the role of the program, as sentences; none means that it can work and can only add to the audit
 * trail. Asks about the role that logged in and about every role that it could become, because `reset role` and `set role`
 * lead there; and about the owner of the schema and of the database, who may drop tables of others.
 */
export async function checkRole(database: Database, where = 'DATABASE_URL'): Promise<string[]> {
  const [role] = await database.sequelize.query<{
    name: string;
    super: string | null;
    makes_roles: string | null;
    owns: string | null;
    guards: string | null;
    database: string | null;
    schema: string | null;
    changes: string | null;
    works: boolean;
  }>(
    `with trail as (
       select c.oid, c.relname, c.relowner, c.relnamespace from pg_class c
       where c.oid = to_regclass('audit_events')
          or c.oid in (select inhrelid from pg_inherits where inhparent = to_regclass('audit_events'))
     ), me as (
       select oid, rolname from pg_roles where rolname = session_user
     ), could_be as (
       select r.* from me, pg_roles r where pg_has_role(me.oid, r.oid, 'member')
     )
     select me.rolname as name,
       (select rolname from could_be where rolsuper order by rolname <> me.rolname, rolname limit 1) as super,
       (select rolname from could_be where rolcreaterole order by rolname <> me.rolname, rolname limit 1) as makes_roles,
       (select string_agg(relname, ', ' order by relname) from trail where relowner in (select oid from could_be)) as owns,
       (select string_agg(distinct p.proname, ', ') from pg_trigger t join pg_proc p on p.oid = t.tgfoid
         where t.tgrelid in (select oid from trail) and p.proowner in (select oid from could_be)) as guards,
       (select rolname from could_be where oid = (select datdba from pg_database where datname = current_database())) as database,
       (select rolname from could_be where rolname <> 'pg_database_owner'
          and oid in (select nspowner from pg_namespace where oid in (select relnamespace from trail))
         order by rolname <> me.rolname, rolname limit 1) as schema,
       (select string_agg(relname, ', ' order by relname) from trail where exists (select 1 from could_be
         where has_any_column_privilege(could_be.oid, trail.oid, 'update') or has_table_privilege(could_be.oid, trail.oid, 'delete')
            or has_table_privilege(could_be.oid, trail.oid, 'truncate'))) as changes,
       to_regclass('audit_events') is null or has_table_privilege(current_user, to_regclass('audit_events'), 'insert') as works
     from me`,
    { type: QueryTypes.SELECT },
  );
  if (role === undefined) return ['The role of the connection does not exist any more.'];
  const who = `The database role "${role.name}" of ${where}`;
  const is = (found: string, what: string): string =>
    found === role.name ? `${who} ${what}` : `${who} can become "${found}", which ${what}`;
  // A superuser has every right, so the other sentences would only repeat the first.
  if (role.super !== null) return [`${is(role.super, 'is a superuser')} and could change the audit trail. ${OWN_ROLE}`];
  const tooMuch = [
    role.makes_roles !== null
      ? `${is(role.makes_roles, 'may create roles')} and could give itself any right.`
      : undefined,
    // The owner of what a table is in may drop the table, whoever owns that.
    role.database !== null ? `${is(role.database, 'owns the database')} and could drop the audit trail.` : undefined,
    role.schema !== null ? `${is(role.schema, 'owns the schema')} and could drop the audit trail.` : undefined,
    role.owns !== null ? `${who} owns the audit trail (${role.owns}).` : undefined,
    role.guards !== null ? `${who} owns what guards the audit trail (${role.guards}).` : undefined,
    role.owns === null && role.changes !== null ? `${who} may change the audit trail (${role.changes}).` : undefined,
  ].filter((sentence) => sentence !== undefined);
  return [
    ...tooMuch.map((sentence, n) => (n === tooMuch.length - 1 ? `${sentence} ${OWN_ROLE}` : sentence)),
    ...(role.works ? [] : [`${who} has no rights on the tables. As their owner: grant usher_app to "${role.name}".`]),
  ];
}

/** What helps against every right too many. */
const OWN_ROLE =
  'The program needs a role of its own that owns nothing, a member of usher_app; name the owner in DATABASE_MIGRATION_URL only.';

/** Why the database cannot be worked with now, in words for operators; null while it can: it answers, lacks nothing, takes writes. */
export async function databaseTrouble(database: Database): Promise<string | null> {
  const [session] = await database.sequelize.query<{ read_only: string }>(
    `select current_setting('transaction_read_only') as read_only`,
    { type: QueryTypes.SELECT },
  );
  // A standby, after a failover that led here.
  if (session?.read_only !== 'off') return 'takes no writes';
  const missing = await pendingMigrations(database);
  return missing.length === 0 ? null : `migrations are missing (${missing.join(', ')})`;
}

/** Everything about the database that keeps the program from working, as sentences: rights first, then what is not migrated. */
export async function checkDatabase(database: Database, where?: string): Promise<string[]> {
  const problems = await checkRole(database, where);
  if (problems.length > 0) return problems;
  const pending = await pendingMigrations(database);
  return pending.length === 0
    ? []
    : [`The database lacks ${pending.join(', ')}. Run usher migrate with DATABASE_MIGRATION_URL.`];
}

// Numbers of PostgreSQL's bigint as numbers: counts and identities, all far below 2^53. One that is not stops the read
// instead of becoming another number. Timestamps with time zone come as Date by the driver's own parser.
function readNumbers(): void {
  const INT4_ARRAY = 1007;
  const INT8_ARRAY = 1016;
  const registry: Parsers = types; // the driver's own list of types names no arrays
  registry.setTypeParser(types.builtins.INT8, toNumber);
  registry.setTypeParser(INT8_ARRAY, registry.getTypeParser(INT4_ARRAY));
}

type Parser = (text: string) => unknown;
type Parsers = { setTypeParser(oid: number, parse: Parser): void; getTypeParser(oid: number): Parser };

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large for a number`);
  return number;
}

function prepareConnection(role: string | undefined): (connection: unknown) => Promise<void> {
  return async (connection) => {
    const client = connection as Client;
    if (role !== undefined) await client.query(`set role "${role}"`);
  };
}

interface Client {
  query(text: string): Promise<unknown>;
}

async function checkServer(sequelize: Sequelize): Promise<void> {
  let version: number;
  try {
    const [row] = await sequelize.query<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
      { type: QueryTypes.SELECT },
    );
    version = Math.floor((row?.version ?? 0) / 10_000);
  } catch (error) {
    // The driver's message names host, user or database, and never the password.
    throw new DatabaseProblem(`The database does not answer: ${error instanceof Error ? error.message : 'unknown'}.`, {
      cause: error,
    });
  }
  if (version < OLDEST_SERVER)
    throw new DatabaseProblem(
      `The database is PostgreSQL ${version}; Usher needs PostgreSQL ${OLDEST_SERVER} or newer.`,
    );
}

async function appliedNames(sequelize: Sequelize, transaction?: Transaction): Promise<string[]> {
  const rows = await sequelize.query<{ name: string }>('select name from schema_migrations order by name', {
    type: QueryTypes.SELECT,
    ...(transaction === undefined ? {} : { transaction }),
  });
  return rows.map(({ name }) => name);
}

async function insertName(sequelize: Sequelize, transaction: Transaction, name: string): Promise<void> {
  await sequelize.query('insert into schema_migrations (name) values ($1)', { bind: [name], transaction });
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}
