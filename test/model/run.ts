// Runs of the model: how many, from which seed, and what is said of one that fails.
import fc from '../support/fast-check';
import { command, HAND, JOBS, Resume, Sweep, Wait, Work } from './commands';
import { expectHeard } from './messages';
import { HELD } from './model';
import { lines } from './observe';
import { beginning, MANUAL, PEOPLE } from './organization';
import { Compare } from './outside';
import type { Run } from './step';
import { openWorld } from './world';
import type { ModelWorld } from './world';

export interface Share {
  readonly runs: number;
  readonly seed: number;
  /** One run again, as a failure prints it: with every check after every command. */
  readonly path?: string;
  /** Look for the shortest run that fails, which takes its time. */
  readonly shrink?: boolean;
}

/** A run is half as long on average. */
const MOST_COMMANDS = 130;
/** One run of so many speaks: its messages are drawn, sent and looked at as well, which takes ten times as long. */
const SPEAKS = 40;
/** Of the first runs every eighth does, whatever the dice say: few are made where a change is judged. */
const speaksAnyhow = (number: number): boolean => number < 24 && number % 8 === 3;

// Without the bias for small numbers, which would have everybody do the same thing to the first of everything.
const run = fc.noBias(
  fc.record({
    steps: fc.commands([command], { maxCommands: MOST_COMMANDS, size: 'max' }),
    speaks: fc.integer({ min: 1, max: SPEAKS }).map((n) => n === SPEAKS),
  }),
);

/** Milliseconds that a run may take on a slow machine before the test is thought to hang. */
const PATIENCE_MS = 5_000;
/** How many runs where nothing is said, both halves together. */
const RUNS = 1_000;

/** One half of the runs as a test. Settings come from the environment: `npm run model` sets it. */
export function modelTest(half: 0 | 1): void {
  const { MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_SHRINK } = process.env;
  const again = MODEL_PATH !== undefined;
  const runs = Math.ceil(Number(MODEL_RUNS ?? RUNS) / 2);
  // Another seed every time: what one of them finds becomes a story in found.test.ts.
  const seed = MODEL_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(MODEL_SEED) + (again ? 0 : half);
  test(
    `Usher does what the model does: seed ${seed}`,
    async () => {
      const { told, spoke } = await runModel({
        runs,
        seed,
        shrink: MODEL_SHRINK === 'true',
        ...(again ? { path: MODEL_PATH } : {}),
      });
      process.stderr.write(`model: ${told}\n`);
      if (!again && runs >= 8) expect(spoke).toBeGreaterThan(0);
    },
    60_000 + runs * PATIENCE_MS,
  );
}

/** Runs the model; throws with all that is needed to run the failing one again. Returns what to print, and how many spoke. */
export async function runModel({
  runs,
  seed,
  path,
  shrink = false,
}: Share): Promise<{ readonly told: string; readonly spoke: number }> {
  const world = await openWorld();
  const since = performance.now();
  let commands = 0;
  let spoke = 0;
  let story: readonly string[] = [];
  // A path begins with the number of its run; what is shorter than one that failed is that run still.
  let number = Number(path?.split(':')[0] ?? 0);
  let isFound = path !== undefined;
  try {
    const property = fc.asyncProperty(run, async ({ steps, speaks: diced }) => {
      const one = freshRun(path !== undefined);
      const speaks = diced || speaksAnyhow(number);
      if (speaks) one.story.push('a run that speaks');
      story = one.story;
      try {
        await world.begin(speaks);
        await fc.asyncModelRun(() => ({ model: one, real: world }), steps);
        await finish(one, world, speaks);
      } catch (failure) {
        isFound = true;
        throw failure;
      }
      commands += one.done;
      if (speaks) spoke += 1;
      if (!isFound) number += 1;
    });
    const numRuns = path === undefined ? runs : 1;
    const result = await fc.check(property, {
      numRuns,
      seed,
      endOnFailure: !shrink,
      ...(path === undefined ? {} : { path }),
    });
    if (result.failed) {
      const error =
        result.errorInstance instanceof Error ? result.errorInstance : new Error(String(result.errorInstance));
      const told = [
        `Run ${result.numRuns} of seed ${seed} failed. Again, with every check after every command:`,
        `  npm run model -- --seed ${seed} --path ${result.counterexamplePath ?? ''}`,
        ...story.map((line, n) => `${n + 1}. ${line}`),
      ].join('\n');
      const stack = error.stack ?? '';
      error.message = `${told}\n${error.message}`;
      error.stack = `${told}\n${stack}`;
      throw error;
    }
    const seconds = (performance.now() - since) / 1_000;
    const each = Math.round(commands / numRuns);
    return {
      told: `seed ${seed}: ${numRuns} runs of ${each} commands each, ${spoke} spoke, in ${seconds.toFixed(0)} s`,
      spoke,
    };
  } finally {
    await world.close();
  }
}

/** The beginning of a run; `careful`: with every check after every command. */
export function freshRun(careful: boolean): Run {
  return { o: beginning(), done: 0, careful, outside: new Set(), left: new Set(), lost: new Set(), story: [] };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WORKER = { rounds: 1_000, crash: 'no', at: 0 } as const;
const SILENT = { requests: [], assignments: [], delegations: [], exceptions: [], grants: {} };

/** Every system is well again and every worker works; what should be true then is foretold wholly. */
export async function finish(one: Run, world: ModelWorld, speaks: boolean): Promise<void> {
  one.story.push('all is well again');
  // A system that says that what somebody had before is gone is asked a second time, five minutes later and within the hour.
  const work = async (): Promise<void> => {
    await new Work(WORKER).run(one, world);
    await new Wait(6 * MINUTE).run(one, world);
    await new Work(WORKER).run(one, world);
  };
  world.late.systems.clear();
  await new Resume().run(one, world);
  await world.sql('delete from local_faults');
  world.chat.heal();
  await new Wait(HOUR + 1_000).run(one, world);
  await new Sweep([...JOBS, HAND]).run(one, world);
  // Leases end after a minute, the last tries come by the hour, and a platform that was busy wants its time.
  for (let round = 0; round < 5 && (await world.waiting()) > 0; round += 1) {
    await work();
    await new Wait(HOUR + 1_000).run(one, world);
  }
  if (speaks) {
    await world.job('redraw-cards');
    await new Work(WORKER).run(one, world);
  }
  await new Compare().run(one, world);
  await work();
  // What ended meanwhile, by a delegation or an exception as well.
  await new Sweep(['end-access', 'end-justifications', 'follow-exceptions', 'reroute-approvals']).run(one, world);
  await new Work(WORKER).run(one, world);
  expect(await world.invariants('settled')).toEqual([]);
  await expectPlaced(one, world);
  if (speaks) await expectHeard(one, world);
}

async function expectPlaced({ o, outside, lost, left }: Run, world: ModelWorld): Promise<void> {
  const byHand = new Set(world.manualTasks().map(({ person }) => person));
  const wanted = new Set(
    o.assignments
      .filter(({ state }) => HELD.includes(state))
      .flatMap(({ target, roles }) => roles.map((role) => `${target} ${role}`)),
  );
  const unsettled = o.assignments.filter(
    ({ state, roles, lost, target }) =>
      !['scheduled', 'delivered', 'removed'].includes(state) &&
      !([...roles, ...lost].includes(MANUAL) && byHand.has(target)),
  );
  expect(lines({ ...SILENT, assignments: unsettled })).toEqual([]);

  const rows = await world.sql<{ one: string }>(`select subject || ' ' || resource as one from local_roles`);
  const there = new Set(rows.map((row) => row.one));
  const wrong = PEOPLE.flatMap((person) =>
    ['reader', 'writer', 'auditor', 'printer'].map((role) => `${person} ${role}`),
  ).filter((key) => {
    // What is there although somebody took it outside is Usher's gift, and ends as such.
    if (lost.has(key) && there.has(key) && o.grants[key]?.baseline === true) return true;
    if (wanted.has(key)) return !there.has(key);
    const kept = outside.has(key) && (o.grants[key]?.baseline ?? true);
    if (kept && left.has(key.split(' ')[0] ?? '')) return false;
    return there.has(key) !== kept;
  });
  expect(wrong).toEqual([]);
}
