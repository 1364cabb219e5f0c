// A worker that may die, or stand still, between any two steps of its work: each call of a port is a step.

/** What a dead worker throws at every further step. */
export class Died extends Error {}

type End = 'no' | 'before' | 'after' | 'pause';

export class Life {
  readonly paused: Promise<void>;
  isPaused = false;
  #left: number;
  #dead = false;
  #over = false;
  #running = 0;
  #standing = 0;
  #reached: () => void = () => undefined;
  #go: () => void = () => undefined;
  #gate: Promise<void> | null = null;
  #rest: (() => void)[] = [];

  /** `before`: dies when it is about to do step number `at`; `after`: did it, and dies before it hears so. */
  constructor(
    readonly end: End,
    at: number,
  ) {
    this.#left = at;
    this.paused = new Promise((resolve) => (this.#reached = resolve));
  }

  async step<T>(run: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      if (this.#gate) await this.#stand(this.#gate);
      if (this.#dead) throw new Died('dead');
      this.#left -= 1;
      if (this.end === 'no' || this.#left !== 0) return await run();
      if (this.end === 'pause') {
        if (this.#over) return await run();
        this.isPaused = true;
        this.#gate = new Promise((resolve) => (this.#go = resolve));
        await this.#stand(this.#gate);
        return await run();
      }
      this.#dead = true;
      if (this.end === 'after') await run();
      throw new Died('dead');
    } finally {
      this.#running -= 1;
      this.#look();
      if (this.#running === 0) for (const rest of this.#rest.splice(0)) rest();
    }
  }

  async #stand(gate: Promise<void>): Promise<void> {
    this.#standing += 1;
    this.#look();
    await gate;
    this.#standing -= 1;
  }

  /** It stands still when what it had begun beside is over. */
  #look(): void {
    if (this.isPaused && this.#running === this.#standing) this.#reached();
  }

  resume(): void {
    this.isPaused = false;
    this.#go();
  }

  /** Nothing is under way any more. What a system that hung still makes of it does not stand: nobody would have it go on. */
  async idle(): Promise<void> {
    this.#over = true;
    // What follows a step in the worker's own code comes in between, without a step of its own.
    for (let turn = 0; turn < 3; turn += 1) {
      if (this.#running > 0) await new Promise<void>((resolve) => this.#rest.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const AT_ONCE = ['misfit', 'onCommit'];

/** A port whose calls are steps of a life. */
export function mortal<T extends object>(part: T, life: Life): T {
  return new Proxy(part, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || AT_ONCE.includes(String(name))) return value;
      return (...args: unknown[]) => life.step(() => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
}
