// Set-based work writes what the pure rule writes, row by row: state, audit and outgoing work. Both run on the same data, each
// in a transaction that is rolled back.
import fc from '../support/fast-check';
import { endOver } from '../../src/domain/assignment';
import type { AssignmentId, PersonId } from '../../src/domain/model';
import { endDue } from '../../src/store/bulk';
import { newId } from '../../src/store/ids';
import { loadAssignment } from '../../src/store/loads';
import { type Query, queryIn, type TxQuery } from '../../src/store/query';
import { saveChanges } from '../../src/store/save';
import { bySystem, createWorld, DAY, type World } from './world';

class RollBack extends Error {}

interface Case {
  readonly packages: readonly number[];
  readonly state: 'delivering' | 'delivered' | 'partiallyDelivered' | 'deliveryFailed';
  readonly grant: 'placing' | 'placed' | 'placeFailed' | 'taking' | 'takeFailed' | 'taken';
  readonly reminder: boolean;
  readonly second: 'none' | 'over' | 'open';
  /** What the packages lost before the access ends, and how far it is taken: of the first package alone, or of all. */
  readonly lost: 'none' | 'first' | 'all';
}

const cases = fc.array(
  fc.record({
    packages: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 }),
    state: fc.constantFrom('delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'),
    grant: fc.constantFrom('placing', 'placed', 'placeFailed', 'taking', 'takeFailed', 'taken'),
    reminder: fc.boolean(),
    second: fc.constantFrom('none', 'over', 'open'),
    lost: fc.constantFrom('none', 'first', 'all'),
  }),
  { minLength: 4, maxLength: 8 },
);

async function rolledBack<T>(world: World, act: (q: TxQuery) => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await world.db.sequelize
    .transaction(async (transaction) => {
      result = { value: await act(queryIn(world.db.sequelize, transaction)) };
      throw new RollBack();
    })
    .catch((error: unknown) => {
      if (!(error instanceof RollBack)) throw error;
    });
  if (result === undefined) throw new Error('nothing was read');
  return result.value;
}

/** All that can change, without what can differ: numbers, ids of new rows, the instant itself. */
async function everything(q: Query, now: Date): Promise<unknown> {
  const removals = (await q(`select id, assignment_id from requests where type = 'systemRemove'`)) as readonly {
    id: string;
    assignment_id: string;
  }[];
  const names = new Map(removals.map((one) => [one.id, `removal of ${one.assignment_id}`]));
  const rows = await q(`
    select 'request' as what, to_jsonb(t) - 'number' as row from requests t
    union all select 'assignment', to_jsonb(t) from assignments t
    union all select 'justification', to_jsonb(t) from justifications t
    union all select 'grant', to_jsonb(t) from grants t
    union all select 'event', to_jsonb(t) - 'id' - 'xid'
      || jsonb_build_object('place', row_number() over (partition by assignment_id order by id)) from audit_events t
    union all select 'outgoing', to_jsonb(t) - 'id' - 'xid' - 'dedupe_key'
      || jsonb_build_object('params', t.params - 'event') from outgoing t`);
  const told = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(told);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [told(key), told(inner)]));
    }
    if (typeof value !== 'string') return value;
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return `${(new Date(value).getTime() - now.getTime()) / 1000} s`;
    return [...names].reduce((text, [id, name]) => text.replace(id, name), value);
  };
  return rows.map((row) => JSON.stringify(told(row), (_key, inner: unknown) => sorted(inner))).sort();
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function prepare(list: readonly Case[]): Promise<World> {
  const world = await createWorld();
  const [shared, own] = [await world.resource('Shared'), await world.resource('Own')];
  const packages = [
    await world.package('Both', { resources: [shared, own] }),
    await world.package('Shared only', { resources: [shared] }),
    await world.package('Nothing', { resources: [] }),
  ];
  for (const [index, one] of list.entries()) {
    const person = await world.person(`Person ${index}`);
    for (const n of one.packages) {
      const pkg = packages[n];
      if (pkg) await world.ask(person, pkg);
    }
    await shape(world, person, one);
  }
  await world.later(31 * DAY);
  return world;
}

async function shape(world: World, person: PersonId, one: Case): Promise<void> {
  await world.sql(
    `update assignments set state = $2, version = version + 1 where target_id = $1 and state = 'delivering' and state <> $2`,
    [person, one.state],
  );
  await world.sql(
    `update grants set state = $2, error = case when $2 in ('placeFailed', 'takeFailed') then 'refused' end, version = version + 1 where person_id = $1`,
    [person, one.grant],
  );
  if (one.lost !== 'none') {
    await world.sql(
      `update grant_assignments set withdrawn_at = now() where assignment_id in (select id from assignments where target_id = $1
         order by id limit case $2 when 'first' then 1 end)`,
      [person, one.lost],
    );
  }
  if (!one.reminder) {
    await world.sql('update assignments set remind_at = null, version = version + 1 where target_id = $1', [person]);
  }
  if (one.second === 'none') return;
  const until = `now() + interval '${one.second === 'over' ? 29 : 60} days'`;
  const rows = (await world.sql(
    'select j.*, a.id as a from justifications j join assignments a on a.id = j.assignment_id where a.target_id = $1',
    [person],
  )) as unknown as readonly { a: string; request_id: string; policy_version_id: string }[];
  for (const { a, request_id, policy_version_id } of rows) {
    await world.sql(
      `insert into justifications (id, assignment_id, kind, request_id, policy_version_id, starts_at, until, period_at, version)
       values ($1, $2, 'direct', $3, $4, now(), ${until}, now(), 1)`,
      [newId(), a, request_id, policy_version_id],
    );
    await world.sql(
      `update assignments set ends_at = greatest(ends_at, ${until}), version = version + 1 where id = $1`,
      [a],
    );
  }
}

/** What one sweep is about: of each person, the assignment that was over first. */
const CHOSEN = `select distinct on (a.target_id) a.id from assignments a
  where a.ended_at is null and a.ends_at <= usher_now() order by a.target_id, a.ends_at, a.id`;

describe('endDue', () => {
  test('writes what endOver writes, row by row', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (list) => {
        const world = await prepare(list);
        for (let sweep = 0; sweep < 4; sweep += 1) {
          const byRule = await rolledBack(world, async (q) => {
            const chosen = (await q(CHOSEN)) as readonly { id: AssignmentId }[];
            const now = (await loadClock(q)).now;
            for (const { id } of chosen) {
              const { facts } = await loadAssignment(q, id);
              await saveChanges(
                q,
                [{ change: endOver(facts, { now, newId }), signature: { by: bySystem, now } }],
                () => undefined,
              );
            }
            return everything(q, now);
          });
          const inBulk = await rolledBack(world, async (q) => {
            const done = await endDue(q, 100, bySystem);
            return everything(q, done.now);
          });
          const [bulk, rule] = [inBulkShape(inBulk), inBulkShape(byRule)];
          expect({
            more: bulk.filter((line) => !rule.includes(line)),
            less: rule.filter((line) => !bulk.includes(line)),
          }).toEqual({ more: [], less: [] });
          expect(bulk).toHaveLength(rule.length);
          if ((await world.store.write(bySystem, (tx) => tx.endDue(100))) === 0) break;
        }
        expect(await world.sql('select 1 from assignments where ended_at is null and ends_at <= usher_now()')).toEqual(
          [],
        );
      }),
      { numRuns: 5 },
    );
  });

  test('leaves people alone on whom somebody else is working', async () => {
    const world = await prepare([
      { packages: [0], state: 'delivered', grant: 'placed', reminder: true, second: 'none', lost: 'none' },
    ]);
    const [assignment] = await world.sql('select id, target_id from assignments');
    await world.store.write(bySystem, async (tx) => {
      await tx.forAssignment(assignment?.['id'] as AssignmentId);
      expect(await world.store.write(bySystem, (other) => other.endDue(10))).toBe(0);
    });
    expect(await world.store.write(bySystem, (tx) => tx.endDue(10))).toBe(1);
    expect(await world.store.write(bySystem, (tx) => tx.endDue(10))).toBe(0);
  });
});

test('endDue: a look that another sweeper overtook is made once more, behind its lock', async () => {
  const world = await prepare([
    { packages: [0], state: 'delivered', grant: 'placed', reminder: true, second: 'none', lost: 'none' },
  ]);
  let looks = 0;
  const done = await rolledBack(world, async (q) => {
    const overtaken: Query = (text, values) => {
      if (!text.includes('skip locked')) return q(text, values);
      looks += 1;
      // What the first look saw was ended before it had its lock.
      return looks === 1 ? Promise.resolve([{ id: newId(), now: new Date() }]) : q(text, values);
    };
    return endDue(overtaken, 100, bySystem);
  });
  expect({ looks, count: done.count }).toEqual({ looks: 2, count: 1 });
});

async function loadClock(q: Query): Promise<{ now: Date }> {
  const [row] = await q('select usher_now() as now');
  return row as { now: Date };
}

// Instants are told as distances from the act, and those of the past differ by the milliseconds between the two runs.
function inBulkShape(lines: unknown): readonly string[] {
  return (lines as readonly string[]).map((line) =>
    line.replace(/"-?\d+(\.\d+)? s"/g, (text) => (/^"(-3600|-?0) s"$/.test(text) ? text : '"other"')),
  );
}
