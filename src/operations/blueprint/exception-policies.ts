// How exceptions to an incompatibility are asked for: a policy like any other, with versions that never change, that belongs to the
// incompatibility and gives nothing (rule 3.13).
import type { CatalogId, Incompatibility } from '../../domain/model';
import { at, refuse, whereIs, type Draft } from './draft';
import type { People } from './people';
import { endPolicy, settlePolicy } from './policies';
import type { Place } from './read';
import type { ConflictText } from './schema';

/** What the files say of it: at one place, in either package. */
export interface ExceptionPolicyWish {
  readonly text: Pick<ConflictText, 'exceptionPolicy'>;
  readonly place: Place;
}

/** `label`: the pair in words. */
export function settleExceptionPolicy(
  draft: Draft,
  found: People,
  row: Incompatibility,
  label: string,
  wishes: readonly ExceptionPolicyWish[],
): void {
  const [wish, second] = wishes.filter(({ text }) => text.exceptionPolicy !== undefined);
  if (!wish) return;
  const here = at(wish.place, 'exceptionPolicy');
  if (second) {
    const there = at(second.place, 'exceptionPolicy');
    refuse(
      draft,
      there,
      `How exceptions are asked for is written twice, first at ${whereIs(draft, here)}. Keep one of them.`,
    );
    return;
  }
  const text = wish.text.exceptionPolicy;
  if (!text) {
    endExceptionPolicy(draft, row, `written empty at ${whereIs(draft, here)}`);
    return;
  }
  const before = draft.known.policies.find((one) => one.incompatibility === row.id) ?? null;
  const id = before?.id ?? draft.newId();
  draft.places.set(id, here);
  settlePolicy(
    draft,
    found,
    { ...ofRow(draft, row), place: here },
    {
      text: {
        ...text,
        name: label,
        mode: 'exception',
        who: [],
        enabled: true,
        calendar: text.calendar ?? null,
        questions: text.questions ?? [],
        samePersonInStages: text.samePersonInStages ?? false,
        extension: { allowed: false, approval: false },
      },
      place: here,
      before,
      id,
    },
  );
}

/** Nobody asks for an exception to it any more, and what is asked for is not granted. */
export function endExceptionPolicy(draft: Draft, row: Incompatibility, why: string): void {
  const before = draft.known.policies.find((one) => one.incompatibility === row.id);
  if (before) endPolicy(draft, ofRow(draft, row), before, why);
}

function ofRow(draft: Draft, row: Incompatibility) {
  const written = draft.changes.flatMap((one) =>
    one.noun === 'package' && one.after.id === row.package ? [one.after] : [],
  );
  const its = written[0] ?? draft.known.packages.find(({ id }) => id === row.package);
  return { label: 'Exceptions', id: row.package, catalog: its?.catalog as CatalogId, incompatibility: row.id };
}
