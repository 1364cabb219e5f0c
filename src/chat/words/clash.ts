// What stands against a package, as its holder has it, and what ends that.
import type { Conflict } from '../../domain/facts';
import type { Text } from '../card';
import { sentence, type Value } from '../words';

type Sides = { readonly package: Value; readonly other: Value };

const YOURS: { readonly [H in Conflict['how']]: (sides: Sides) => Text } = {
  held: (sides) => sentence('{package} does not go together with {other}, which you have. Give that up first.', sides),
  leaving: (sides) =>
    sentence(
      '{package} does not go together with {other}, which is still being taken away from you. Ask again once it is gone.',
      sides,
    ),
  scheduled: (sides) =>
    sentence(
      '{package} does not go together with {other}, which you get later. That has to be canceled first: type “my requests”.',
      sides,
    ),
  pending: (sides) =>
    sentence(
      '{package} does not go together with {other}, which is asked for already. That has to be canceled first: type “my requests”.',
      sides,
    ),
  member: (sides) =>
    sentence(
      '{package} is not for members of {other}, and you are one. Whoever keeps that group can change that.',
      sides,
    ),
};

const THEIRS: { readonly [H in Conflict['how']]: (sides: Sides & { readonly target: string }) => Text } = {
  held: (sides) =>
    sentence('{package} does not go together with {other}, which {target} has. That has to end first.', sides),
  leaving: (sides) =>
    sentence(
      '{package} does not go together with {other}, which is still being taken away from {target}. Try again once it is gone.',
      sides,
    ),
  scheduled: (sides) =>
    sentence(
      '{package} does not go together with {other}, which {target} gets later. That has to be canceled first.',
      sides,
    ),
  pending: (sides) =>
    sentence(
      '{package} does not go together with {other}, which is asked for already for {target}. That has to be canceled first.',
      sides,
    ),
  member: (sides) =>
    sentence(
      '{package} is not for members of {other}, and {target} is one. Whoever keeps that group can change that.',
      sides,
    ),
};

/** `target`: whose it is, null: the reader's. */
export function standsAgainst(how: Conflict['how'], sides: Sides, target: string | null): Text {
  return target === null ? YOURS[how](sides) : THEIRS[how]({ ...sides, target });
}
