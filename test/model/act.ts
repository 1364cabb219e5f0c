// An act, and what its wishes are drawn from.
import fc from '../support/fast-check';
import type { By, Desk } from '../../src/operations/ports';
import type { Answer, Key, Organization } from './model';
import { PEOPLE } from './organization';
import type { ModelWorld } from './world';

/** One act of one person, or of the machinery. */
export interface Act {
  readonly words: string;
  readonly actor: Key;
  /** Whom it is about: this person's row is locked. */
  readonly target: Key;
  /** Throws refusals. */
  readonly real: (world: ModelWorld, desk: Desk, by: By) => Promise<unknown>;
  readonly model: (o: Organization) => Answer;
  /** The same click has the same; another body under it is another click. */
  readonly body: string;
}

export const person = fc.nat(PEOPLE.length - 1);
export const pick = fc.nat(1_000);
/** Null as many times as said for each time that it is not. */
export const mostlyNot = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
export const mostly = fc.integer({ min: 0, max: 9 }).map((n) => n > 0);

export const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];
export const name = (n: number): Key => PEOPLE[n % PEOPLE.length] ?? '';

/** What a repeat of the click is answered with. */
export function reply() {
  return { view: 'model', params: { answer: 'ok' } };
}
