// How a program ends in time: whatever hangs or fails, every step is begun, in mirror order, within one deadline.
import { createStops } from '../src/stops';

const hanging = (): Promise<void> => new Promise(() => undefined);

test('what was started last is stopped first, each after the other has ended', async () => {
  const order: string[] = [];
  const stops = createStops(60_000, { error: () => undefined });
  for (const name of ['database', 'worker', 'page'])
    stops.push(async () => {
      order.push(`${name} stops`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} stopped`);
    });
  await stops.run();
  expect(order).toEqual([
    ...['page stops', 'page stopped', 'worker stops', 'worker stopped', 'database stops', 'database stopped'],
  ]);
});

test('one that hangs uses up the time of all, and one that fails uses none: the others are begun all the same', async () => {
  const order: string[] = [];
  const logged: unknown[] = [];
  const stops = createStops(20, { error: (facts: unknown) => logged.push(facts) });
  stops.push(() => Promise.resolve(order.push('database')), 1);
  stops.push(() => (order.push('hangs too'), hanging()), 1);
  stops.push(() => (order.push('fails'), Promise.reject(new Error('no luck'))));
  stops.push(() => (order.push('hangs'), hanging()));
  await stops.run();
  expect(order).toEqual(['hangs', 'fails', 'hangs too', 'database']);
  expect(logged).toMatchObject([{ err: { message: 'no luck' } }]);
});

test('what needs time of its own gets it after the deadline as well', async () => {
  let milliseconds = 0;
  const order: string[] = [];
  const stops = createStops(1_000, { error: () => undefined }, () => milliseconds);
  stops.push(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('database closed');
  }, 60_000);
  stops.push(() => Promise.resolve((milliseconds = 5_000)));
  await stops.run();
  expect(order).toEqual(['database closed']);
});
