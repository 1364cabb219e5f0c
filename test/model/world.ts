// The real Usher under the model: the real operations, store, jobs, worker and connectors over a real database. Its clock stands
// still and is moved by hand, so that the model can compute every instant; a run begins with the same organization as the last one.
import { join } from 'node:path';
import { Client } from 'pg';
import { loadCards } from '../../src/chat/cards';
import type { Channel } from '../../src/chat/channel';
import { connectors } from '../../src/connectors';
import type { Connector } from '../../src/connectors/connector';
import type { PersonId } from '../../src/domain/model';
import { jobs } from '../../src/jobs';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { createLog } from '../../src/log';
import { apply, parseBlueprint, planText, problemText } from '../../src/operations/blueprint';
import type { By, Desk, OutgoingRow, Tx } from '../../src/operations/ports';
import { createStore } from '../../src/store/store';
import { APP_ROLE, freshDatabase, openDatabase } from '../support/postgres';
import { broken } from '../support/invariants';
import type { When } from '../support/invariants';
import { Chat } from './chat';
import { Late, SHORT_MS } from './late';
import { Died, Life, mortal } from './life';
import { beginning, blueprintOf, START } from './organization';
import type { Key } from './model';
import { OBSERVE, observed } from './observe';
import type { Observed } from './observe';

export const operator: By = { actor: { kind: 'operator', name: 'model' }, via: 'cli' };

const FREEZE = `create or replace function usher_now() returns timestamptz language sql stable as $$
  select timestamptz '${new Date(START).toISOString()}' + coalesce((select clock_offset_ms from organization), 0) * interval '1 millisecond'
$$`;

// Every table is kept as it was after the organization was written, and made so again before each run: in one call, without files
// to create and drop as a truncation has. Triggers that guard the trail are off inside.
const KEEP = `
create schema kept;
do $$ declare one text; begin
  for one in select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
  loop
    execute format('create table kept.%I as select * from public.%I', one, one);
  end loop;
end $$;
create function begin_again() returns void language plpgsql set session_replication_role = replica as $$
declare one record;
begin
  for one in select c.relname as name, string_agg(quote_ident(a.attname), ', ') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('state_edges', 'schema_migrations', 'job_ticks', 'page_messages')
    group by c.relname
  loop
    execute format('delete from public.%I', one.name);
    execute format('insert into public.%1$I (%2$s) overriding system value select %2$s from kept.%1$I', one.name, one.columns);
  end loop;
end $$`;

export type Crash = 'no' | 'before' | 'after' | 'pause';

export interface Shift {
  readonly rounds: number;
  /** What happens at step number `at` of the worker. */
  readonly crash: Crash;
  readonly at: number;
}

/** Opens the world; one for a test file. */
export async function openWorld() {
  const url = await freshDatabase('model', 'migrated');
  const { sequelize } = await openDatabase(url, APP_ROLE);
  // Making a plan takes longer than running it: the statement of the invariants is planned once.
  const owner = new Client({ connectionString: url, options: '-c jit=off -c plan_cache_mode=force_generic_plan' });
  await owner.connect();
  // Beginning again lets go of the plans of its connection, so it has one of its own.
  const keeper = new Client({ connectionString: url });
  await keeper.connect();
  await owner.query(FREEZE);

  const log = createLog('silent');
  const parts = createStore({ sequelize, log });
  const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
  const book = loadCards(join(__dirname, '../../cards'));
  const chat = new Chat();
  const late = new Late();

  async function configure(text: string, options: { demo?: boolean } = {}): Promise<void> {
    const read = parseBlueprint([{ name: 'model.yaml', text }]);
    if ('problems' in read) throw new Error(read.problems.map(problemText).join('\n'));
    const plan = await apply(desk, operator, read.blueprint, { confirm: true, ...options });
    if (!plan.applied) throw new Error(planText(plan));
  }
  await configure(blueprintOf(beginning()), { demo: true });
  await owner.query(KEEP);

  const idsOf = async (table: string, name: string): Promise<ReadonlyMap<string, string>> => {
    const { rows } = await owner.query<{ key: string; id: string }>(`select ${name} as key, id from ${table}`);
    return new Map(rows.map((row) => [row.key, row.id]));
  };
  const people = await idsOf('people', 'directory_key');
  const packages = await idsOf('packages', 'name');
  const [catalog = ''] = (await idsOf('catalogs', 'name')).values();
  const named = (ids: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...ids].map(([key, id]) => [id, key]));
  const names = { people: named(people), packages: named(packages) };

  const get = (map: ReadonlyMap<string, string>, key: Key): string => {
    const id = map.get(key);
    if (id === undefined) throw new Error(`nothing is called ${key}`);
    return id;
  };

  const versionOf = async (pack: Key, policy: string): Promise<string> => {
    const { rows } = await owner.query<{ id: string }>({
      name: 'version',
      text: 'select current_version_id as id from policies where package_id = $1 and name = $2',
      values: [get(packages, pack), policy],
    });
    return rows[0]?.id ?? '';
  };

  const contentOf = async (request: Key, asked: boolean): Promise<string> => {
    const { rows } = await owner.query<{ id: string }>({
      name: 'content',
      text: `select case when $2 then r.package_version_id else p.current_version_id end as id
        from requests r join packages p on p.id = r.package_id where r.id = $1`,
      values: [get(ids.requests, request), asked],
    });
    return rows[0]?.id ?? '';
  };

  const nothing: Observed['ids'] = {
    requests: new Map(),
    versions: new Map(),
    assignments: new Map(),
    delegations: new Map(),
    tasks: [],
  };
  let ids = nothing;
  let paused: { life: Life; round: Promise<unknown> }[] = [];
  let runs = 0;

  /** A worker that does not live for ever. */
  function worker(life: Life, kinds: readonly OutgoingRow['kind'][]) {
    const real = connectors({ localRoles: parts.localRoles });
    const channels = new Map<string, Channel>([['web', mortal(chat, life)]]);
    return delivering(
      {
        desk: {
          store: mortal(desk.store, life),
          views: mortal(desk.views, life),
          drafts: mortal(desk.drafts, life),
          directory: mortal(desk.directory, life),
        },
        outbox: mortal(parts.outbox, life),
        gates: createGates({ outbox: mortal(parts.outbox, life) }),
        cards: mortal(parts.cards, life),
        book,
        channels,
        connectors: new Map([...real].map(([name, one]) => [name, late.of(mortal<Connector>(one, life), life)])),
        deadlineMs: late.systems.size > 0 ? SHORT_MS : 5_000,
        log,
      },
      kinds,
    );
  }

  return {
    ...parts,
    desk,
    book,
    chat,
    late,
    configure,
    /** Which rows the worker takes: in runs that do not speak, only those that place. */
    kinds: ['place'] as OutgoingRow['kind'][],
    /** Workers that died or stood still in this run: a message may be out twice for each. */
    casualties: 0,
    person: (key: Key): PersonId => get(people, key) as PersonId,
    package: (key: Key): string => get(packages, key),
    request: (key: Key): string => get(ids.requests, key),
    version: (key: Key): number | null => ids.versions.get(key) ?? null,
    assignment: (key: Key): string => get(ids.assignments, key),
    delegation: (key: Key): string => get(ids.delegations, key),
    catalog,
    versionOf,
    /** What the package of a request holds, now or when it was asked for. */
    contentOf,
    manualTasks: (): Observed['ids']['tasks'] => ids.tasks,
    by(key: Key, delivery?: { key: string; body: string }): By {
      const actor = { kind: 'person', id: get(people, key) as PersonId } as const;
      if (!delivery) return { actor, via: 'web' };
      return { actor, via: 'web', delivery: { platform: 'web', key: delivery.key, bodyHash: delivery.body } };
    },

    async begin(speaks: boolean): Promise<void> {
      late.forget();
      await this.resume();
      chat.reset();
      ids = nothing;
      this.casualties = 0;
      this.kinds = speaks ? ['tell', 'redraw', 'place'] : ['place'];
      await keeper.query('select begin_again()');
      if (runs % 25 === 0) await keeper.query('vacuum analyze');
      runs += 1;
    },

    /** How things stand; then the clock goes on by `ms`. */
    async observe(ms: number): Promise<Observed> {
      const { rows } = await owner.query<{ seen: unknown }>({ name: 'observe', text: OBSERVE, values: [] });
      const seen = observed(rows[0]?.seen, names);
      ids = seen.ids;
      if (ms > 0) await this.wait(ms);
      return seen;
    },
    async wait(ms: number): Promise<void> {
      await owner.query({
        name: 'wait',
        text: 'update organization set clock_offset_ms = clock_offset_ms + $1',
        values: [ms],
      });
    },

    async job(name: string): Promise<void> {
      // Whoever was given something out of scope, by terms that were kept, is noted by the hour.
      for (const each of name === 'end-out-of-scope' ? ['note-scopes', name] : [name]) {
        const job = jobs.find((one) => one.name === each);
        if (!job) throw new Error(`no job ${each}`);
        await job.sweep({
          desk,
          due: parts.due,
          comparisons: parts.comparisons,
          connectors: connectors({ localRoles: parts.localRoles }),
          gates: createGates({ outbox: parts.outbox }),
          deadlineMs: 5_000,
          log,
        });
      }
    },

    async work({ rounds, crash, at }: Shift): Promise<void> {
      const life = new Life(crash, at);
      if (crash !== 'no') this.casualties += 1;
      const work = worker(life, this.kinds);
      const run = async (): Promise<void> => {
        for (let n = 0; n < rounds; n += 1) {
          const taken = await work.round();
          await work.rest();
          if (taken === 0) return;
        }
      };
      const round = run().catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
      });
      await Promise.race([round, life.paused]);
      if (life.isPaused) paused.push({ life, round });
      else await life.idle();
    },
    /**
     * Workers that stood still go on, and systems that hung do what they were told, whatever happened meanwhile. Says what such a
     * system changed.
     */
    async resume(): Promise<readonly string[]> {
      const all = paused;
      paused = [];
      for (const { life, round } of all) {
        life.resume();
        await round;
        await life.idle();
      }
      return late.answer();
    },

    /** Rows of the outgoing table that this run's workers still have to do. */
    async waiting(): Promise<number> {
      const { rows } = await owner.query<{ n: number }>({
        name: 'waiting',
        text: `select count(*)::integer as n from outgoing where state in ('ready', 'leased') and kind = any($1::text[])`,
        values: [this.kinds],
      });
      return rows[0]?.n ?? 0;
    },

    async invariants(when: When): Promise<string[]> {
      const sql = async <T extends object>(text: string, bind: readonly unknown[] = []): Promise<T[]> =>
        (await owner.query<T>({ name: `invariants ${when}`, text, values: [...bind] })).rows;
      return (await broken(sql, when)).map(({ invariant, detail }) => `${invariant}: ${detail}`);
    },
    sql: async <T extends object>(text: string, values: readonly unknown[] = []): Promise<T[]> =>
      (await owner.query<T>(text, [...values])).rows,
    close: () => Promise.all([owner.end(), keeper.end()]),
  };
}

export type ModelWorld = Awaited<ReturnType<typeof openWorld>>;

/** The desk of an act that is held once, after it did `steps` things in its transaction, until `go`. */
export function holding(desk: Desk, steps: number, reached: () => void, go: Promise<void>): Desk {
  let left = steps;
  const hold = async (): Promise<void> => {
    left -= 1;
    if (left !== 0) return;
    reached();
    await go;
  };
  // In a transaction of its own, also where it could share one: there nobody can be held.
  const write: Desk['store']['write'] = (by, act) =>
    desk.store.write(by, (tx) =>
      act(
        each(tx, async (run) => {
          const result = await run();
          await hold();
          return result;
        }),
      ),
    );
  return { ...desk, store: { ...desk.store, write, share: write } };
}

/** The power goes in the middle of an act: after its rows were written, before they are committed. */
export class PowerCut extends Error {}
export function cut(desk: Desk): Desk {
  const around =
    (how: 'write' | 'share'): Desk['store']['write'] =>
    (by, act) =>
      desk.store[how](by, async (tx) => {
        await act(tx);
        throw new PowerCut('in the middle of an act');
      });
  return { ...desk, store: { ...desk.store, write: around('write'), share: around('share') } };
}

function each(tx: Tx, around: <T>(run: () => Promise<T>) => Promise<T>): Tx {
  return new Proxy(tx, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || name === 'newId') return value;
      return (...args: unknown[]) => around(() => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
}
