// What the model found, told as short stories so that no change of its commands can lose them. Each failed before its fault was mended.
import { Do, Ill, Resume, Sweep, Wait, Work } from './commands';
import type { Run, Step } from './commands';
import { finish, freshRun } from './run';
import { openWorld } from './world';
import type { ModelWorld } from './world';

let world: ModelWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const HOUR = 3_600_000;

/** Lives a story with every check after every step, and what follows once all is well. */
async function live(steps: readonly Step[], speaks = false): Promise<Run> {
  const run = freshRun(true);
  await world.begin(speaks);
  for (const step of steps) {
    expect(step.check(run)).toBe(true);
    await step.run(run, world);
  }
  await finish(run, world, speaks);
  return run;
}

const asks = (target: number, pack: number): Step =>
  new Do({ kind: 'ask', target, pack, by: 'self', policy: null, hours: null, start: null, reason: true }, null);

test('a worker that stood still while access ended takes back what it gives too late', async () => {
  // The step of the worker that calls the system, and the ones around it.
  for (let at = 1; at <= 12; at += 1)
    await live([
      asks(1, 2),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Wait(9 * HOUR),
      new Sweep(['end-access']),
      new Work({ rounds: 3, crash: 'no', at: 0 }),
    ]);
});

test('a worker that comes too late to say that a message was refused ends its round in peace', async () => {
  for (const at of [9, 15])
    await live(
      [
        asks(1, 2),
        new Ill(['refused', 'refused']),
        new Work({ rounds: 2, crash: 'pause', at }),
        new Wait(HOUR),
        new Work({ rounds: 3, crash: 'no', at: 0 }),
        new Resume(),
      ],
      true,
    );
});
