// Builds the indexes of a release beside the work that goes on (migrations/indexes.ts), and does what a migration leaves for after its
// commit. Nothing here is all or nothing: what was done stays, and whoever comes next goes on.
import { setTimeout as wait } from 'node:timers/promises';
import type { Sequelize } from 'sequelize';
import type { Log } from '../log';
import type { Indexes } from './migrations/indexes';
import type { Migration } from './migrations';
import { onConnection, type Query, queryIn } from './query';

const BUILD_LOCK = 7_236_002; // any number, but the same in every release
const LOOK_AGAIN_MS = 500;

// One that is not valid was left by a build that broke off: it is kept up with every write and answers nothing.
const MISSING = `select name from unnest($1::text[]) with ordinality as wanted (name, n) where not exists (
    select 1 from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = current_schema()::regnamespace and relname = name and indisvalid) order by n`;
const THERE = `select relname as name from pg_class
  where relnamespace = current_schema()::regnamespace and relkind = 'i' and relname = any($1::text[])`;

/** Any number of processes may call this at once: one builds, the others wait for it. Returns the names that it built. */
export function buildIndexes(
  sequelize: Sequelize,
  { wanted, replaced }: { readonly wanted: Indexes; readonly replaced: readonly string[] },
  log?: Pick<Log, 'info'>,
): Promise<readonly string[]> {
  return onConnection(sequelize, async (q) => {
    const names = async (sql: string, list: readonly string[]): Promise<readonly string[]> =>
      (await q(sql, [list])).map((row) => (row as { name: string }).name);
    const isDone = async (): Promise<boolean> =>
      (await names(MISSING, Object.keys(wanted))).length + (await names(THERE, replaced)).length === 0;
    if (await isDone()) return [];
    // As long as it takes: nobody who reads or writes waits for it.
    await q(`select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)`);
    await turn(q);
    const built: string[] = [];
    for (const name of await names(MISSING, Object.keys(wanted))) {
      log?.info({ index: name }, 'an index is built');
      await q(`drop index concurrently if exists ${name}`);
      await q(`create index concurrently ${name} on ${wanted[name] ?? ''}`);
      built.push(name);
    }
    for (const name of await names(THERE, replaced)) await q(`drop index concurrently if exists ${name}`);
    return built;
  });
}

const MARK = ' afterwards';
/** Whether a name in the list of migrations says that the later part of one was done. */
export const isMark = (name: string): boolean => name.endsWith(MARK);

const DONE = 'select from schema_migrations where name = $1';
/** Does what migrations left for afterwards, once. */
export async function followUp(
  sequelize: Sequelize,
  list: readonly Migration[],
  log?: Pick<Log, 'info'>,
): Promise<void> {
  const all = list.flatMap(({ name, afterwards }) =>
    afterwards === undefined ? [] : [{ mark: name + MARK, afterwards }],
  );
  for (const { mark, afterwards } of all) {
    if ((await queryIn(sequelize)(DONE, [mark])).length > 0) continue;
    await sequelize.transaction(async (transaction) => {
      const q = queryIn(sequelize, transaction);
      await q(`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`);
      await q(`select pg_advisory_xact_lock(${BUILD_LOCK})`);
      if ((await q(DONE, [mark])).length > 0) return;
      log?.info({ migration: mark }, 'a migration is followed up');
      await q(afterwards);
      await q('insert into schema_migrations (name) values ($1)', [mark]);
    });
  }
}

/** Asked again and again: a build waits for every statement that began before it, so it would wait for one that waits for its lock. */
async function turn(q: Query): Promise<void> {
  for (;;) {
    const [row] = await q('select pg_try_advisory_lock($1) as mine', [BUILD_LOCK]);
    if ((row as { mine: boolean }).mine) return;
    await wait(LOOK_AGAIN_MS);
  }
}
