// When a process says that it can serve.
import { createReadiness } from '../src/readiness';

const limits = { check: 50, fresh: 60_000 };

test('starting, then what the checks say, then stopping for good', async () => {
  const readiness = createReadiness(limits);
  expect(await readiness.problems()).toEqual(['starting']);
  readiness.open({ database: () => null, slack: () => Promise.resolve(null) });
  expect(await readiness.problems()).toEqual([]);
  readiness.close();
  expect(await readiness.problems()).toEqual(['stopping']);
  readiness.open({});
  expect(await readiness.problems()).toEqual(['stopping']);
});

test('every part that cannot work is named, one that hangs as well, and an error never by its text', async () => {
  const readiness = createReadiness(limits);
  readiness.open({
    outgoing: () => 'stuck for 300 s',
    database: () => Promise.reject(new Error('CANARY password authentication failed for usher_app at 10.0.0.7')),
    slack: () => new Promise(() => undefined),
    inbound: () => null,
    schedule: () => {
      throw new Error('CANARY');
    },
  });
  expect(await readiness.problems()).toEqual([
    'outgoing: stuck for 300 s',
    'database: does not answer',
    'slack: does not answer within 0 s',
    'schedule: does not answer',
  ]);
});

test('many who ask at once cost one look, and a later one looks again', async () => {
  let looks = 0;
  const check = (): null => {
    looks += 1;
    return null;
  };
  const kept = createReadiness(limits);
  kept.open({ check });
  await Promise.all(Array.from({ length: 50 }, () => kept.problems()));
  expect(looks).toBe(1);

  const fresh = createReadiness({ check: 50, fresh: -1 });
  fresh.open({ check });
  await fresh.problems();
  await fresh.problems();
  expect(looks).toBe(3);
});
