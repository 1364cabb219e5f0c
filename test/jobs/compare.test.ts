// Reading connected systems to compare them: through the gate of their placements, to the end or not at all, and never for ever.
import type { Connector } from '../../src/connectors/connector';
import { ConnectorError } from '../../src/connectors/connector';
import { compare } from '../../src/jobs/compare';
import type { Holder, HolderPage } from '../../src/operations/ports';
import { expectSound } from '../support/invariants';
import { aWorld, cardOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const get = async (user: string): Promise<void> => {
  await world.submit(user, cardOf(await world.say(user, 'request ledger auditor')), { reason: 'month end' });
  await world.settle();
};
const has = (user: string) => world.localRoles.has(user, 'Ledger', 'Reader', 'root');
const outside = (user: string, present: boolean) => world.localRoles.set(user, 'Ledger', 'Reader', 'root', present);
const holder = (directoryKey: string, role = 'Reader'): Holder => ({ directoryKey, role, scope: 'root' });
const open = async (): Promise<string[]> =>
  (
    await world.sql<{ line: string }>(
      `select kind || ' ' || holder as line from drift_findings where closed_at is null order by 1`,
    )
  ).map(({ line }) => line);
const states = async () =>
  (await world.sql<{ state: string }>('select state from assignments order by id')).map(({ state }) => state);
const last = async () =>
  (await world.sql<{ state: string; error: string | null }>('select state, error from comparisons'))[0];
const gate = async () =>
  (
    await world.sql<{ target: string; failures: number; held: boolean }>(
      `select target, failures, coalesce(not_before > usher_now(), false) as held from gates where target like 'connector%'`,
    )
  )[0];

/** The job with a system that answers so. */
const compareWith = (list: Connector['list'], more: { signal?: AbortSignal; deadlineMs?: number } = {}) => {
  const local = world.swept.connectors.get('local');
  if (!local) throw new Error('no connector');
  return compare({ ...world.swept, ...more, connectors: new Map([['local', { ...local, list }]]) });
};
/** A system of these pages; a fault in the place of one is what it answers there. */
const pages =
  (...all: readonly (readonly Holder[] | Error)[]): Connector['list'] =>
  (_resource, after) => {
    const n = Number(after ?? 0);
    const page = all[n] ?? [];
    if (page instanceof Error) return Promise.reject(page);
    return Promise.resolve<HolderPage>({ holders: page, next: n + 1 < all.length ? String(n + 1) : null });
  };
const hangs: Connector['list'] = (_resource, _after, { signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

describe('a system that cannot be read to its end', () => {
  const cases: { name: string; list: Connector['list']; error: string; deadlineMs?: number }[] = [
    { name: 'refuses', list: pages(new ConnectorError('failed', 'locked')), error: 'locked' },
    {
      name: 'fails at the second of three pages',
      list: pages([holder('tom')], new ConnectorError('later', 'reset'), [holder('tara')]),
      error: 'reset',
    },
    {
      name: 'has had enough at the second page',
      list: pages([], new ConnectorError('later', 'ratelimited', 30_000), []),
      error: 'ratelimited',
    },
    { name: 'is broken itself', list: pages(new TypeError('undefined is not a function')), error: 'unexpected' },
    { name: 'cannot be read after all', list: () => Promise.resolve(null), error: 'cannot_be_read' },
    { name: 'does not answer', list: hangs, error: 'no_answer', deadlineMs: 50 },
    {
      name: 'does not even hear that it should stop',
      list: () => new Promise(() => undefined),
      error: 'no_answer',
      deadlineMs: 50,
    },
    {
      name: 'says the same page for ever',
      list: () => Promise.resolve({ holders: [], next: '1' }),
      error: 'without_end',
    },
    {
      name: 'goes in a circle',
      list: (_resource, after) => Promise.resolve({ holders: [], next: after === '1' ? '2' : '1' }),
      error: 'without_end',
    },
    {
      name: 'takes its time',
      list: async (_resource, after) => {
        await world.sql('update organization set clock_offset_ms = clock_offset_ms + 600000');
        return { holders: [], next: String(Number(after) + 1) };
      },
      error: 'too_slow',
    },
  ];
  test.each(cases)('and $name changes nothing, and says so', async ({ list, error, ...more }) => {
    await get('tara');
    await outside('tara', false);
    await outside('tom', true);
    let calls = 0;
    await compareWith((...page) => {
      calls += 1;
      return list(...page);
    }, more);
    expect(calls).toBeLessThan(10);
    expect(await last()).toEqual({ state: 'failed', error });
    expect(await open()).toEqual([]);
    expect(await states()).toEqual(['delivered']);
    expect((await world.due.backlog()).comparisonsFailed).toBe(1);
    expect(await world.sql('select 1 from drift_seen')).toEqual([]);
    // The next one begins at the first page, once the system may be called again.
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + 60000');
    await world.compare();
    expect(await has('tara')).toBe(true);
    expect((await world.due.backlog()).comparisonsFailed).toBe(0);
    await expectSound(world.sql);
  });

  test('is not waited for when the process stops, and is not to blame', async () => {
    const stopping = new AbortController();
    const list = (): Promise<never> => {
      stopping.abort();
      return new Promise(() => undefined);
    };
    await compareWith(list, { signal: stopping.signal, deadlineMs: 3_600_000 });
    expect(await last()).toEqual({ state: 'failed', error: 'stopped' });
    expect(await gate()).toBeUndefined();
  });

  test('holds up no other one', async () => {
    await world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Books, connector: local, owners: olga, roles: [Reader] }
`);
    const read: string[] = [];
    const list: Connector['list'] = (resource, after, attempt) => {
      read.push(resource);
      return resource === 'Ledger' ? hangs(resource, after, attempt) : pages([])(resource, after, attempt);
    };
    await compareWith(list, { deadlineMs: 50 });
    expect(read.toSorted()).toEqual(['Books', 'Ledger']);
    const rows = await world.sql(
      `select r.name, c.state from comparisons c join resources r on r.id = c.resource_id order by r.name`,
    );
    expect(rows).toEqual([
      { name: 'Books', state: 'done' },
      { name: 'Ledger', state: 'failed' },
    ]);
  });
});

describe('the gate', () => {
  test('is that of the placements: where a system asks to be left alone, nobody calls it, to read or to give', async () => {
    await compareWith(pages([], new ConnectorError('later', 'ratelimited', 30_000)));
    expect(await gate()).toEqual({ target: 'connector:local:Ledger', failures: 0, held: true });
    let calls = 0;
    await compareWith(() => {
      calls += 1;
      return Promise.resolve(null);
    });
    expect(calls).toBe(0);
    expect(await last()).toEqual({ state: 'failed', error: 'system_away' });
    await get('tara');
    expect(await has('tara')).toBe(false);
    await world.pass(60_000);
    expect(await has('tara')).toBe(true);
  });

  test('closes before a system that keeps failing, and reading it well opens it', async () => {
    for (let n = 0; n < 5; n += 1) await compareWith(pages(new ConnectorError('later', 'reset')));
    // For a second at most, which may be over by now.
    expect(
      await world.sql(`select failures, not_before > refilled_at as closed from gates where target like 'connector%'`),
    ).toEqual([{ failures: 5, closed: true }]);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + 60000');
    await compareWith(pages([]));
    expect(await gate()).toMatchObject({ failures: 0, held: false });
  });
});

describe('a list', () => {
  test('may say the same twice, on one page and on another', async () => {
    await get('tara');
    await compareWith(pages([holder('tara'), holder('tara'), holder('svc')], [holder('tara')], [holder('svc')]));
    expect(await last()).toEqual({ state: 'done', error: null });
    expect(await open()).toEqual(['extra svc']);
    expect(await states()).toEqual(['delivered']);
  });

  test('may know people that nobody knows, and roles that Usher does not manage', async () => {
    await get('tara');
    await compareWith(pages([holder('tara'), holder('ghost'), holder('', 'Reader'), holder('tom', 'Auditor general')]));
    expect(await open()).toEqual(['extra ', 'extra ghost']);
    await world.outgoing.settle();
    const text = world.messagesTo('olga').map(({ card }) => textOf(card));
    expect(text.at(-1)).toContain('2 accounts have access');
    await expectSound(world.sql);
  });

  test('may be long', async () => {
    await world.sql(
      `insert into local_roles select 'svc-' || n, 'Ledger', 'Reader', 'root' from generate_series(1, 2500) n`,
    );
    await get('tara');
    await world.compare();
    expect(await open()).toHaveLength(2500);
    expect(
      world
        .messagesTo('olga')
        .map(({ card }) => textOf(card))
        .at(-1),
    ).toContain('2500 accounts have access');
    expect(await states()).toEqual(['delivered']);
  });
});
