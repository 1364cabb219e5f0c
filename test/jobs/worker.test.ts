// A worker says since when it has not come round, so that one that is stuck is seen.
import { sideBySide } from '../../src/jobs/side-by-side';
import { createWorker, type Work, type Worker } from '../../src/jobs/worker';

function aWork(): Work & { rounds: number; hold: Promise<void> | null } {
  return {
    rounds: 0,
    hold: null,
    async round() {
      this.rounds += 1;
      await this.hold;
      return 0;
    },
    nextAt: () => Promise.resolve(null),
    now: () => Promise.reject(new Error('nothing waits for that')),
  };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const workers: Worker[] = [];
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())));

test('one that is stuck in a round grows silent, and is heard again when the round ends', async () => {
  let milliseconds = 1_000;
  let letGo: () => void = () => undefined;
  const work = aWork();
  const failures: unknown[] = [];
  work.hold = new Promise((resolve) => (letGo = resolve));
  const worker = createWorker(
    work,
    (error) => failures.push(error),
    () => milliseconds,
  );
  workers.push(worker);
  expect(worker.silent()).toBe(0);
  worker.start();
  milliseconds += 130_000;
  worker.wake();
  await turn();
  expect([worker.silent(), work.rounds]).toEqual([130, 1]);

  work.hold = null;
  letGo();
  for (let turns = 0; turns < 1_000 && work.rounds < 2; turns += 1) await turn();
  expect(worker.silent()).toBe(0);
  await worker.stop();
  milliseconds += 130_000;
  expect([worker.silent(), failures]).toEqual([0, []]);
});

test('one whose rounds fail comes round all the same: the database tells by itself that it is away', async () => {
  let milliseconds = 1_000;
  const failures: unknown[] = [];
  const worker = createWorker(
    { ...aWork(), round: () => Promise.reject(new Error('away')) },
    (error) => failures.push(error),
    () => milliseconds,
  );
  workers.push(worker);
  worker.start();
  for (let turns = 0; turns < 1_000 && failures.length === 0; turns += 1) await turn();
  milliseconds += 130_000;
  worker.wake();
  for (let turns = 0; turns < 1_000 && failures.length < 2; turns += 1) await turn();
  expect([worker.silent(), failures.length]).toEqual([0, 2]);
});

test('one that stops does not wait for ever for what hangs', async () => {
  const hanging = { ...aWork(), rest: () => new Promise<number>(() => undefined) };
  const worker = createWorker(hanging, () => undefined, undefined, 1);
  worker.start();
  await expect(worker.stop()).resolves.toBeUndefined();
});

test('one that stops does not wait for ever for a round that hangs', async () => {
  const work = aWork();
  work.hold = new Promise(() => undefined);
  const worker = createWorker(work, () => undefined, undefined, 1);
  worker.start();
  await expect(worker.stop()).resolves.toBeUndefined();
});

test('one keeps what it works for longer than a moment, until that hangs for so long that it must be a mistake', async () => {
  let milliseconds = 1_000;
  let end: () => void = () => undefined;
  const kept: string[][] = [];
  const spared: string[][] = [];
  const rows = ['hangs', 'ends'].map((token, id) => ({ lease: { id, token } }));
  const work = sideBySide<(typeof rows)[number]>(
    {
      keep: (leases) => Promise.resolve(void kept.push(leases.map(({ token }) => token))),
      reap: (leases) => Promise.resolve(void spared.push(leases.map(({ token }) => token))),
      claim: () => Promise.resolve(rows.splice(0)),
      work: ({ lease }) => new Promise((resolve) => (end = lease.token === 'ends' ? resolve : end)),
      nextAt: () => Promise.resolve(null),
      now: () => Promise.resolve(new Date()),
    },
    () => milliseconds,
  );
  await work.round();
  milliseconds += 4_999;
  await work.round();
  expect(kept).toEqual([]);
  milliseconds += 1;
  await work.round();
  await work.round();
  end();
  await turn();
  milliseconds += 14 * 60_000;
  await work.round();
  milliseconds += 2 * 60_000;
  await work.round();
  expect(kept).toEqual([['hangs', 'ends'], ['hangs']]);
  // What is under way is not taken back by who works it, whatever clocks say.
  expect(spared).toEqual([[], ['hangs', 'ends'], ['hangs', 'ends'], ['hangs', 'ends'], ['hangs'], []]);
});

test('one keeps what it works also in a round that tells of what failed, and while it waits for what is under way', async () => {
  let fail: () => void = () => undefined;
  let end: () => void = () => undefined;
  let milliseconds = 0;
  const kept: string[][] = [];
  const rows = ['fails', 'lasts'].map((token, id) => ({ lease: { id, token } }));
  const work = sideBySide<(typeof rows)[number]>(
    {
      keep: (leases) => Promise.resolve(void kept.push(leases.map(({ token }) => token))),
      reap: () => Promise.resolve(),
      claim: () => Promise.resolve(rows.splice(0)),
      work: ({ lease }) =>
        new Promise((resolve, reject) => {
          if (lease.token === 'lasts') end = resolve;
          else fail = reject.bind(null, new Error('lost'));
        }),
      nextAt: () => Promise.resolve(null),
      now: () => Promise.resolve(new Date()),
    },
    () => milliseconds,
  );
  await work.round();
  fail();
  await turn();
  milliseconds += 5_000;
  await expect(work.round()).rejects.toThrow('lost');
  expect(kept).toEqual([['lasts']]);
  milliseconds += 5_000;
  const rested = work.rest();
  await turn();
  expect(kept).toEqual([['lasts'], ['lasts']]);
  end();
  await rested;
});
