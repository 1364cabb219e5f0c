// A loop over leased rows: claim, work, settle; sleeps until something is due or a commit wakes it. Knows no kind of work.

export interface Work {
  /** Takes and works due rows; returns how many. 0: nothing is due now. */
  round(): Promise<number>;
  /** When the next row is due; null when nothing waits. */
  nextAt(): Promise<Date | null>;
  /** The database's now: rows are due by its clock. */
  now(): Promise<Date>;
  /** Waits for what rounds left under way; returns how many that were. */
  rest?(): Promise<number>;
  /** Hears whenever something that was under way has ended: it may have made room for what waited behind it. */
  whenEnded?(wake: () => void): void;
}

export interface Worker {
  wake(): void;
  /** Works until nothing is due any more; for tests and for `usher job`. */
  settle(): Promise<number>;
  start(): void;
  /** Ends after what is under way, or when that takes too long. */
  stop(): Promise<void>;
  /** Seconds since it last came round; 0 when it does not run. One that is stuck in a round does not come round. */
  silent(): number;
}

/** A commit that another process made is seen at the latest after this. */
const POLL_MS = 2_000;
/** After a round that failed (the database is away), so that it is not asked in a tight loop. */
const PAUSE_MS = 1_000;
/** So long a stop waits for what is under way, so that all of it is over within 10 s. What still hangs keeps its lease until the process ends. */
const REST_MS = 3_000;
/** Enough for any real backlog of a test; a loop beyond it is a bug that must not hang. */
const ROUNDS = 10_000;

/** Makes a worker. `failed` hears of a round that threw; the loop goes on. `clock` counts milliseconds, whatever the time is. */
export function createWorker(
  work: Work,
  failed: (error: unknown) => void,
  clock: () => number = () => performance.now(),
  restMs: number = REST_MS,
): Worker {
  let running: Promise<void> | null = null;
  let stopping = false;
  let woken = false;
  let turned = 0;
  let rouse: () => void = () => undefined;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (woken || stopping) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, ms);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const loop = async (): Promise<void> => {
    while (!isStopping()) {
      woken = false;
      turned = clock();
      try {
        if ((await work.round()) > 0) continue;
        const next = await work.nextAt();
        // Where nothing waits nobody asks for the time.
        const left = next === null ? POLL_MS : next.getTime() - (await work.now()).getTime();
        await pause(Math.min(POLL_MS, Math.max(10, left)));
      } catch (error) {
        failed(error);
        await pause(PAUSE_MS);
      }
    }
  };
  const isStopping = (): boolean => stopping;
  const wake = (): void => {
    woken = true;
    rouse();
  };
  work.whenEnded?.(wake);

  return {
    wake,
    async settle() {
      let total = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const worked = await work.round();
        // What ends late may have made new work.
        if (worked === 0 && ((await work.rest?.()) ?? 0) === 0) return total;
        total += worked;
      }
      throw new Error('the work does not end');
    },
    start() {
      running ??= loop();
    },
    silent: () => (running === null || stopping ? 0 : (clock() - turned) / 1000),
    async stop() {
      stopping = true;
      rouse();
      const ended = async (): Promise<void> => {
        await running;
        await work.rest?.();
      };
      await within(restMs, ended());
    },
  };
}

/** Resolves when `all` does, or after these milliseconds. */
export async function within(ms: number, all: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([all, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds until try number `attempts + 1`: doubling from a second to `most`, with jitter so that tries do not line up. */
export function backoff(attempts: number, most: number, random: () => number = Math.random): number {
  const full = Math.min(most, 1_000 * 2 ** Math.min(attempts, 20));
  return Math.round(full / 2 + (full / 2) * random());
}
