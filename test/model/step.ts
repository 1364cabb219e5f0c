// What every command has in common: what a run carries along, and how it is looked at.
import type fc from '../support/fast-check';
import type { Key, Organization } from './model';
import { absorb, lines } from './observe';
import type { Observed } from './observe';
import type { ModelWorld } from './world';

/** What a run carries along: the model, and how much it looks. */
export interface Run {
  o: Organization;
  /** Commands so far. */
  done: number;
  /** Check the invariants after every command, not after every tenth. */
  readonly careful: boolean;
  /** `person role` that were given by somebody else before Usher ever gave them. */
  readonly outside: Set<string>;
  /** `person role` that the person had before, and that somebody took outside: whether it is theirs again is not foretold. */
  readonly lost: Set<string>;
  /** People who left at some time: a leaver's baseline is taken as well, whenever the worker comes. */
  readonly left: Set<Key>;
  /** What happened, for whoever reads a failure. */
  readonly story: string[];
}

export type Step = fc.AsyncCommand<Run, ModelWorld>;

/** Time goes on by this after each command, so that instants differ. */
export const TICK = 1_000;

export abstract class Command implements Step {
  abstract check(run: Readonly<Run>): boolean;
  abstract act(run: Run, real: ModelWorld): Promise<void>;
  abstract toString(): string;

  async run(run: Run, real: ModelWorld): Promise<void> {
    await this.act(run, real);
    run.done += 1;
    if (run.careful || run.done % 10 === 0) expect(await real.invariants('always')).toEqual([]);
  }
}

/** Since when something is noted decides only what comes too late; that all is noted shows in what follows. */
export function takeNotes(o: Organization, seen: Observed): void {
  for (const one of o.assignments) one.noted = seen.assignments.find(({ key }) => key === one.key)?.noted ?? null;
}

/** Compares all that is written with the model; `worked`: how far the workers came is taken over. */
export async function agree(run: Run, real: ModelWorld, worked: boolean): Promise<void> {
  const seen = await real.observe(TICK);
  if (worked) absorb(run.o, seen, run.lost);
  expect(lines(seen)).toEqual(lines(run.o));
  takeNotes(run.o, seen);
  run.o.now += TICK;
}
