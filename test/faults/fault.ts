// What a fault of the campaign is: something that goes wrong in a certain way, and what must be true all the same.

/** One fault, at random instants and places that a seed chooses. */
export interface Fault {
  readonly id: `F${number}`;
  /** What goes wrong, and what holds all the same. */
  readonly name: string;
  /** Where a shorter form of it runs with every test: `here`, or, where this one takes too long for that, in the test file named. */
  readonly short: string;
  /** Runs it once; fails with what does not hold. `full`: at the campaign's size. */
  run(seed: number, full: boolean): Promise<void>;
}
