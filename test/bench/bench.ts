// What every scenario is given.
import type { BenchDatabase, Size } from './server';

export interface Bench {
  readonly size: Size;
  readonly pairs: number;
  /** Length of a leg, for scenarios that run for a time. */
  readonly seconds: number;
  /** Length of a soak. */
  readonly minutes: number;
  /** Before the first pair: plans are made, caches are filled. */
  readonly warm: number;
  /** A database of its own for a scenario; of another size where growth is measured. */
  clone(size?: Size): Promise<BenchDatabase>;
}
