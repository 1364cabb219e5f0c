// The gates: no window holds more calls than are allowed, whoever makes them; who stands in line and who comes again; what closes a
// gate, and how it opens.
import { failure } from '../../src/channels/teams/courier';
import { ChannelError } from '../../src/chat/channel';
import {
  answersIn,
  createGates,
  enterAnswers,
  enterEdits,
  enterPreviews,
  heed,
  LIMITED,
  MOST_OF_ONE,
  NotNow,
  paceOf,
  postsOf,
} from '../../src/jobs/gate';
import type { Gates } from '../../src/jobs/gate';
import { createWorld, type World } from '../store/world';

const MINUTE = 60_000;
let world: World;
/** The clock stands still until it is moved, so that no slow machine changes what a window holds. */
const STANDING = `create or replace function usher_now() returns timestamptz language sql stable as $$
  select timestamptz '2026-03-02 09:00Z' + (select clock_offset_ms from organization) * interval '1 millisecond' $$`;
let running: unknown;
beforeEach(async () => {
  world = await createWorld();
  running ??= (await world.sql(`select pg_get_functiondef('usher_now()'::regprocedure) as text`))[0]?.['text'];
  await world.sql(STANDING);
});
afterEach(async () => {
  await world.sql(String(running));
});

const now = async (): Promise<number> => {
  const [row] = await world.sql('select usher_now() as now');
  return (row?.['now'] as Date).getTime();
};

/** The gates of one replica: waiting moves the clock, which all replicas share. `begun` gets the instant of each call. */
function aReplica(begun: number[] = []): Gates {
  const enter: typeof world.outbox.enter = async (...asked) => {
    const entry = await world.outbox.enter(...asked);
    for (let call = 0; call < entry.granted; call += 1) begun.push(entry.at.getTime());
    return entry;
  };
  return createGates({ outbox: { ...world.outbox, enter }, pause: (ms) => world.later(ms), clock: () => 0 });
}

/** The most instants that any window of this length holds. */
function fullest(instants: readonly number[], inMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  return Math.max(...sorted.map((from) => sorted.filter((at) => at >= from && at < from + inMs).length));
}

describe('no window holds more calls than a platform allows', () => {
  const limit = { most: 8, inMs: 1_000, atOnce: 4 };

  test('for one replica with a backlog, which it works off at that rate', async () => {
    const from = await now();
    const made: number[] = [];
    const gates = aReplica(made);
    await Promise.all(Array.from({ length: 24 }, () => gates.call('t', limit, () => Promise.resolve())));
    expect(made).toHaveLength(24);
    expect(fullest(made, limit.inMs)).toBeLessThanOrEqual(limit.most);
    expect(fullest(made, 100)).toBeLessThanOrEqual(limit.atOnce);
    // The third eight begin in the third second.
    expect(Math.max(...made) - from).toBeLessThan(3_000);
  });

  test('for three replicas that ask at the same moment', async () => {
    const made: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      const entries = await Promise.all([1, 2, 3].map(() => world.outbox.enter('t', limit, 3)));
      for (const { granted, at } of entries) made.push(...Array<number>(granted).fill(at.getTime()));
      await world.later(100 + ((n * 37) % 240));
    }
    expect(made.length).toBeGreaterThan(40);
    expect(fullest(made, limit.inMs)).toBeLessThanOrEqual(limit.most);
    expect(fullest(made, 100)).toBeLessThanOrEqual(limit.atOnce);
  });

  test('whatever the pauses between the looks', async () => {
    const made: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const { granted, at } = await world.outbox.enter('t', limit, 1 + (n % 5));
      for (let call = 0; call < granted; call += 1) made.push(at.getTime());
      await world.later((n * 37) % 240);
    }
    expect(made.length).toBeGreaterThan(30);
    expect(fullest(made, limit.inMs)).toBeLessThanOrEqual(limit.most);
    expect(fullest(made, 400)).toBeLessThanOrEqual(limit.atOnce);
  });

  test('also where calls began later than they were counted', async () => {
    const one = { most: 1, inMs: 1_000, atOnce: 1 };
    const { at } = await world.outbox.enter('t', one, 1);
    await world.later(900);
    // It began 800 ms late, so the next may only begin a second after that.
    const look = await world.outbox.enter('t', one, 1, { at, ms: 800 });
    expect(look.granted).toBe(0);
    expect(look.waitMs).toBeGreaterThan(700);
    await world.later(600);
    expect((await world.outbox.enter('t', one, 1)).granted).toBe(0);
    await world.later(400);
    expect((await world.outbox.enter('t', one, 1)).granted).toBe(1);
  });

  test('all windows of Teams for one conversation at once', async () => {
    const { answer, post } = paceOf('teams');
    if (answer === null || post === null) throw new Error('no limit');
    const made: number[] = [];
    for (let n = 0; n < 330; n += 1) {
      const looks = [await world.outbox.enter('t', post, 10), await world.outbox.enter('t:answers', answer, 10)];
      for (const { granted, at } of looks) made.push(...Array<number>(granted).fill(at.getTime()));
      await world.later(Math.min(...looks.map(({ waitMs }) => waitMs)));
    }
    expect(made.length).toBeGreaterThan(600);
    const windows = [1, 2, 30].map((seconds) => fullest(made, seconds * 1_000));
    expect(windows).toEqual([7, 7, expect.any(Number)]);
    expect(windows[2]).toBeLessThanOrEqual(60);
    // Thirty times two minutes are the hour.
    expect(fullest(made, 2 * MINUTE)).toBeLessThanOrEqual(1_800 / 30);
  });

  test('row 20: those of Slack, a message a second to one conversation and fifty changes a minute in a workspace', async () => {
    const fullestOf = async (what: 'post' | 'update', calls: number, seconds: number): Promise<number> => {
      const limit = paceOf('slack')[what];
      if (limit === null) throw new Error('no limit');
      const made: number[] = [];
      while (made.length < calls) {
        const { granted, at, waitMs } = await world.outbox.enter(`slack:${what}`, limit, 10);
        for (let call = 0; call < granted; call += 1) made.push(at.getTime());
        await world.later(waitMs);
      }
      return fullest(made, seconds * 1_000);
    };
    expect(await fullestOf('post', 40, 1)).toBe(1);
    expect(await fullestOf('update', 160, 60)).toBeLessThanOrEqual(50);
  });
});

describe('of the edits of a workspace each minute leaves a part to those who wait and one to the others, for as long as it lasts', () => {
  test.each([
    { pressed: 45, first: 30, others: 13 },
    { pressed: 20, first: 19, others: 25 },
  ])('where $pressed a minute are waited for', async ({ pressed, first, others }) => {
    const gates = aReplica();
    const made: Record<'first' | 'others', number[]> = { first: [], others: [] };
    const tries = async (who: keyof typeof made): Promise<void> => {
      try {
        await enterEdits(gates, { platform: 'slack', tenant: 'T' }, who === 'first');
        made[who].push(await now());
      } catch (error) {
        if (!(error instanceof NotNow)) throw error;
      }
    };
    const from = await now();
    let asked = 0;
    for (let at = from; at < from + 3 * MINUTE; at = await now()) {
      for (; asked < ((at - from) / MINUTE) * pressed; asked += 1) await tries('first');
      await tries('others');
      await world.later(1_000);
    }
    expect(fullest([...made.first, ...made.others], MINUTE)).toBeLessThanOrEqual(50);
    const inAMinute = (who: keyof typeof made): number => made[who].filter((at) => at >= from + 2 * MINUTE).length;
    expect(inAMinute('first')).toBeGreaterThanOrEqual(first);
    expect(inAMinute('others')).toBeGreaterThanOrEqual(others);
  });

  test('whoever waits goes at once where the others used all of theirs', async () => {
    const gates = aReplica();
    const from = await now();
    const edit = (first: boolean) => enterEdits(gates, { platform: 'slack', tenant: 'T' }, first);
    await Promise.all(Array.from({ length: 7 }, () => edit(false)));
    await expect(edit(false)).rejects.toThrow('rate');
    await Promise.all(Array.from({ length: 3 }, () => edit(true)));
    expect((await now()) - from).toBeLessThan(100);
  });
});

test('nobody takes a turn of edits while the workspace wants no calls', async () => {
  const place = { platform: 'slack', tenant: 'T' };
  const pace = answersIn(place, world.outbox);
  const gates = aReplica();
  const answers = async (): Promise<boolean[]> => {
    const may: boolean[] = [];
    for (let n = 0; n < 5; n += 1) may.push(await pace.mayEdit());
    return may;
  };
  await heed(world.outbox, 'slack:T', new ChannelError('refused', 'channel_not_found'));
  expect(await world.outbox.held('slack:T')).toBe(0);
  await heed(world.outbox, 'slack:T', new ChannelError('later', LIMITED, 3_000));
  expect(await world.outbox.held('slack:T')).toBe(3_000);
  await pace.holdEdits(5_000);
  expect(await answers()).toEqual(Array(5).fill(false));
  for (let n = 0; n < 5; n += 1)
    await expect(enterEdits(gates, place, false)).rejects.toMatchObject({ code: 'gate', ms: 5_000 });
  await world.later(5_001);
  expect(await answers()).toEqual(Array(5).fill(true));
  for (let n = 0; n < 5; n += 1) await enterEdits(gates, place, false);

  // Nor while one call tries whether it is back.
  await world.later(MINUTE);
  const { all } = paceOf('slack');
  const away = () => Promise.reject(new ChannelError('later', 'no_answer'));
  for (let n = 0; n < 5; n += 1) await expect(gates.call('slack:T', all, away)).rejects.toThrow('no_answer');
  await world.later(2_000);
  const tries = await gates.call('slack:T', all, async () => {
    for (let n = 0; n < 5; n += 1)
      await expect(enterEdits(gates, place, false)).rejects.toMatchObject({ code: 'gate', ms: 2_000 });
    return answers();
  });
  expect(tries).toEqual(Array(5).fill(false));
  expect(await answers()).toEqual(Array(5).fill(true));
  for (let n = 0; n < 5; n += 1) await enterEdits(gates, place, false);
});

test('cards beside links keep to what Slack takes of them, and leave the workspace open', async () => {
  const place = { platform: 'slack', tenant: 'T' };
  const gates = aReplica();
  for (let n = 0; n < 10; n += 1) await enterPreviews(gates, place);
  await expect(enterPreviews(gates, place)).rejects.toMatchObject({ code: 'rate' });
  await enterEdits(gates, place, false);
  await enterAnswers(gates, { ...place, user: 'ana' });
  await world.later(MINUTE);
  await world.outbox.hold('slack:T', 5_000);
  await expect(enterPreviews(gates, place)).rejects.toMatchObject({ code: 'gate', ms: 5_000 });
});

describe('a line', () => {
  const slow = { most: 10, inMs: 1_000, atOnce: 1 };

  test('is asked for in one look, and its places are kept in their order', async () => {
    let looks = 0;
    const gates = createGates({
      outbox: { ...world.outbox, enter: (...asked) => ((looks += 1), world.outbox.enter(...asked)) },
      pause: (ms) => world.later(ms),
      clock: () => 0,
    });
    const order: number[] = [];
    const all = Array.from({ length: 20 }, (_, n) =>
      gates.call('t', { most: 50, inMs: 1_000, atOnce: 20 }, () => Promise.resolve(order.push(n))),
    );
    await Promise.all(all);
    expect(looks).toBe(1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('lets those go first for whom somebody waits', async () => {
    const gates = aReplica();
    const order: string[] = [];
    const make = (name: string) => () => Promise.resolve(order.push(name));
    await Promise.all([
      gates.call('t', slow, make('message')),
      gates.call('t', slow, make('another message')),
      gates.call('t', slow, make('answer'), true),
    ]);
    expect(order[0]).toBe('answer');
  });

  test.each(['slack', 'teams'])('of messages in %s holds up no answer to typed words', async (platform) => {
    const place = { platform, tenant: 'T', user: 'ana' };
    const order: string[] = [];
    let answered: Promise<unknown> | null = null;
    const open = () => Promise.resolve();
    const answer = () => (answered ??= enterAnswers({ ...gates, open }, place).then(() => order.push('answer')));
    const gates = createGates({
      outbox: world.outbox,
      pause: async (ms) => {
        void answer();
        await world.later(ms);
      },
      clock: () => 0,
    });
    const from = await now();
    const notice = () => gates.enter(postsOf(place), paceOf(platform).post).then(() => order.push('notice'));
    const notices = await Promise.allSettled(Array.from({ length: 30 }, notice));
    await answer();
    expect(notices.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(20);
    // Slack takes a message a second: the next one. Teams takes several at once.
    if (platform === 'slack') expect(order.indexOf('answer')).toBe(1);
    else expect((await now()) - from).toBe(0);
  });

  test('that is full sends whoever goes first away for a moment only, and one after the other', async () => {
    const gates = aReplica();
    let release: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    const calls = Array.from({ length: 40 }, (_, n) => gates.call('t', null, () => hanging, n >= MOST_OF_ONE));
    for (let n = 0; n < 100; n += 1) await expect(gates.call('t', null, () => hanging)).rejects.toThrow('rate');
    await expect(gates.call('t', null, () => hanging, true)).rejects.toMatchObject({ ms: 250 });
    for (let n = 0; n < 28; n += 1) await expect(gates.call('t', null, () => hanging, true)).rejects.toThrow('rate');
    await expect(gates.call('t', null, () => hanging, true)).rejects.toMatchObject({ ms: 1_217 });
    release();
    await Promise.all(calls);
  });

  test.each([
    { place: 'Slack', limit: paceOf('slack').post, typed: 60, sent: 55, last: 59_000 },
    // Four each two seconds.
    { place: 'Teams', limit: paceOf('teams').answer, typed: 20, sent: 9, last: 8_000 },
  ])('in $place keeps nobody for long who goes first behind many of the same person', async (many) => {
    const { limit, typed, sent, last } = many;
    let release: () => void = () => undefined;
    const gates = createGates({
      outbox: world.outbox,
      pause: () => new Promise((resolve) => (release = resolve)),
      clock: () => 0,
    });
    const words = Array.from({ length: typed }, () => gates.enter('t', limit, true).catch((error: unknown) => error));
    const away = (await Promise.all(words.slice(typed - sent))).map((error) => (error as NotNow).ms ?? 0);
    // Those in line wait three seconds at the most; each of the others has a place of its own behind them.
    expect([new Set(away).size, Math.min(...away) > 3_000, Math.max(...away) <= last]).toEqual([sent, true, true]);
    gates.stop();
    release();
    await Promise.all(words);
  });

  test('of one person gives no turn away for an answer that a closed workspace does not get', async () => {
    const gates = aReplica();
    const place = { platform: 'teams', tenant: 'T', user: 'ana' };
    await world.outbox.hold('teams:T', 5_000);
    for (let n = 0; n < 40; n += 1) await expect(enterAnswers(gates, place)).rejects.toThrow('gate');
    await world.later(6_000);
    const from = await now();
    await enterAnswers(gates, place);
    expect((await now()) - from).toBe(0);
  });

  test('where there is no room soon, sends away whoever goes first behind nobody who was sent away before', async () => {
    const gates = aReplica();
    const rare = { most: 1, inMs: MINUTE, atOnce: 1 };
    await gates.enter('t', rare);
    const away = (first: boolean) =>
      gates.enter('t', rare, first).then(
        () => null,
        (error: unknown) => (error as NotNow).ms,
      );
    for (let n = 0; n < 3; n += 1) expect(await away(false)).toBeGreaterThan((n + 1) * MINUTE);
    expect(await away(true)).toBeLessThan(MINUTE + 100);
  });

  test('is short: the others go back, each with a place of its own', async () => {
    const gates = aReplica();
    const away: number[] = [];
    let made = 0;
    const all = Array.from({ length: 60 }, () =>
      gates
        .call('t', slow, () => Promise.resolve((made += 1)))
        .catch((error: unknown) => {
          if (error instanceof NotNow) away.push(error.ms ?? 0);
        }),
    );
    await Promise.all(all);
    expect(made).toBe(MOST_OF_ONE);
    expect(away).toHaveLength(60 - MOST_OF_ONE);
    // Behind those in line, and as far apart as the limit asks.
    expect(Math.min(...away)).toBeGreaterThan(2_500);
    expect(new Set(away).size).toBe(away.length);
    expect(Math.max(...away) - Math.min(...away)).toBeGreaterThan(2_500);
  });

  test('ends when the process stops', async () => {
    const gates = createGates({ outbox: world.outbox, pause: () => new Promise(() => undefined) });
    const calls = [1, 2, 3].map(() =>
      gates.call('t', slow, () => Promise.resolve('made')).catch((error: unknown) => error),
    );
    expect(await calls[0]).toBe('made');
    gates.stop();
    expect(await Promise.all(calls)).toEqual(['made', expect.any(NotNow), expect.any(NotNow)]);
  });
});

describe('a target that fails', () => {
  const limit = paceOf('teams').all;
  const away = () => Promise.reject(new ChannelError('later', 'no_answer'));
  const outcomes = async (gates: Gates, times: number, make: () => Promise<unknown> = away) => {
    const codes: string[] = [];
    for (let n = 0; n < times; n += 1)
      await gates.call('t', limit, make).then(
        () => codes.push('made'),
        (error: unknown) => codes.push(error instanceof NotNow ? error.code : (error as ChannelError).code),
      );
    return codes;
  };

  test('is left alone by all replicas after five times in a row, then one call tries, and one that works opens', async () => {
    expect(await outcomes(aReplica(), 7)).toEqual([...Array<string>(5).fill('no_answer'), 'gate', 'gate']);
    const other = aReplica();
    expect(await outcomes(other, 1)).toEqual(['gate']);
    await world.later(2_000);
    // One tries, and while it does the others wait.
    let release: () => void = () => undefined;
    let begun: () => void = () => undefined;
    const trying = new Promise<void>((resolve) => (begun = resolve));
    const probe = other.call('t', limit, () => {
      begun();
      return new Promise<void>((resolve) => (release = resolve));
    });
    await trying;
    expect(await outcomes(aReplica(), 1)).toEqual(['gate']);
    release();
    await probe;
    expect(await outcomes(aReplica(), 5)).toEqual(Array(5).fill('no_answer'));

    // A time that the one that tries is given is kept to, and nothing longer.
    await world.later(2_000);
    const named = () => Promise.reject(new ChannelError('later', 'ratelimited', 1_000));
    expect(await outcomes(other, 2, named)).toEqual(['ratelimited', 'gate']);
    await world.later(1_001);
    expect(await world.outbox.held('t')).toBe(0);
    expect(await outcomes(aReplica(), 1, () => Promise.resolve())).toEqual(['made']);
  });

  test('is left alone longer each time the one that tries fails, and tried again where that one vanished', async () => {
    await outcomes(aReplica(), 5);
    await world.later(1_001);
    expect(await outcomes(aReplica(), 2)).toEqual(['no_answer', 'gate']);
    const { waitMs } = await world.outbox.enter('t', limit, 1);
    expect(waitMs).toBeGreaterThan(900);
    await world.later(2_001);
    // Its process is killed: nobody hears how it ended.
    expect((await world.outbox.enter('t', limit, 5)).granted).toBe(1);
    expect(await outcomes(aReplica(), 1)).toEqual(['gate']);
    await world.later(31_000);
    expect(await outcomes(aReplica(), 1, () => Promise.resolve())).toEqual(['made']);
    expect(await outcomes(aReplica(), 2, () => Promise.resolve())).toEqual(['made', 'made']);
  });

  test('now and then closes nothing', async () => {
    for (let n = 0; n < 4; n += 1) {
      expect(await outcomes(aReplica(), 3)).toEqual(Array(3).fill('no_answer'));
      expect(await outcomes(aReplica(), 1, () => Promise.resolve())).toEqual(['made']);
    }
  });

  test('and that answers in words is well', async () => {
    await outcomes(aReplica(), 4);
    expect(await outcomes(aReplica(), 1, () => Promise.reject(new ChannelError('refused', 'too_long')))).toEqual([
      'too_long',
    ]);
    expect(await outcomes(aReplica(), 4)).toEqual(Array(4).fill('no_answer'));
  });

  test('for being called too often without naming a time is left alone at once, longer each time', async () => {
    const limited = () => Promise.reject(new ChannelError('later', 'ratelimited'));
    expect(await outcomes(aReplica(), 2, limited)).toEqual(['ratelimited', 'gate']);
    await world.later(1_001);
    expect(await outcomes(aReplica(), 2, limited)).toEqual(['ratelimited', 'gate']);
    await world.later(1_001 - 400);
    expect((await world.outbox.enter('t', limit, 1)).closed).toBe(true);
  });

  test.each([
    { name: 'without a time', ms: null, code: 'ratelimited' },
    { name: 'with a time', ms: 2_000, code: 'TooMany' },
  ])('of Teams $name is known by its code or its time', ({ ms, code }) => {
    expect(failure(429, 'TooMany', false, ms)).toMatchObject({ kind: 'later', code, retryAfterMs: ms });
  });

  test('and names a time is left alone until then, however soon others ask', async () => {
    const limited = () => Promise.reject(new ChannelError('later', 'ratelimited', 30_000));
    expect(await outcomes(aReplica(), 2, limited)).toEqual(['ratelimited', 'gate']);
    await world.later(29_000);
    expect(await outcomes(aReplica(), 1)).toEqual(['gate']);
    await world.later(1_001);
    expect(await outcomes(aReplica(), 1, () => Promise.resolve())).toEqual(['made']);
  });
});
