// How a program ends in time: the steps that undo its start, in mirror order, and one deadline around all of them.
import { within } from './jobs/worker';
import type { Log } from './log';

export interface Stops {
  /** Remembers a step. It is waited for until the deadline of all, and `atLeastMs` where the others have used that up. */
  push(step: () => Promise<unknown>, atLeastMs?: number): void;
  /** Begins every step, the last one first. One that fails or hangs does not keep the others from their end. */
  run(): Promise<void>;
}

/** Collects the steps of a stop that may take so long. `clock` counts milliseconds. */
export function createStops(
  limitMs: number,
  log: Pick<Log, 'error'>,
  clock: () => number = () => performance.now(),
): Stops {
  const steps: { readonly step: () => Promise<unknown>; readonly atLeastMs: number }[] = [];
  return {
    push(step, atLeastMs = 0) {
      steps.push({ step, atLeastMs });
    },
    async run() {
      const until = clock() + limitMs;
      for (const { step, atLeastMs } of steps.splice(0).reverse()) {
        const ended = step().catch((error: unknown) => {
          log.error({ err: error }, 'a part did not stop cleanly');
        });
        await within(Math.max(0, until - clock(), atLeastMs), ended);
      }
    },
  };
}
