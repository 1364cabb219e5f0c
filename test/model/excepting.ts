// Asking for an exception to what does not go together, to the model and to Usher.
import fc from '../support/fast-check';
import type { PackageId } from '../../src/domain/model';
import { askException } from '../../src/operations/requests';
import { at, mostly, mostlyNot, name, person, pick, reply } from './act';
import type { Act } from './act';
import * as Model from './model';
import { zoneOf } from './organization';
import type { Key, Organization } from './model';

export const excepting = fc.record({
  kind: fc.constant('askException' as const),
  /** Where one is needed, or anywhere. */
  needed: mostly,
  which: pick,
  target: person,
  by: fc.oneof(
    { weight: 6, arbitrary: fc.constant('self' as const) },
    { weight: 1, arbitrary: fc.constant('manager' as const) },
  ),
  days: mostlyNot(1, fc.constantFrom(0, 0, 1, 4, 30)),
  reason: mostly,
});
export type ExceptionWish = typeof excepting extends fc.Arbitrary<infer T> ? T : never;

/** Whoever has one of two that do not go together may want the other one. */
function wanted(o: Organization): { readonly target: Key; readonly pack: Key }[] {
  const held = o.assignments.filter(({ state }) => Model.LIVE.includes(state));
  return held.flatMap(({ target, package: pack }) =>
    Model.against(o, pack)
      .filter(({ terms }) => terms !== null)
      .map(({ other }) => ({ target, pack: other })),
  );
}

/** Packages that an exception lets somebody hold. */
export function lent(o: Organization): { readonly target: Key; readonly pack: Key }[] {
  return wanted(o).filter(({ target, pack }) =>
    Model.against(o, pack).some(({ pair }) =>
      o.exceptions.some((one) => one.person === target && one.pair === pair && one.until > o.now),
    ),
  );
}

export function boundException(o: Organization, given: ExceptionWish): Act | null {
  const packs = Object.keys(o.packages);
  const some = { target: name(given.target), pack: at(packs, given.which) ?? '' };
  const one = given.needed ? at(wanted(o), given.which) : some;
  if (!one) return null;
  const { target, pack } = one;
  const actor = given.by === 'self' ? target : (o.people[target]?.manager ?? null);
  if (actor === null) return null;
  const { days, reason } = given;
  const wish: Model.ExceptionWish = { actor, target, package: pack, days, reason };
  return {
    words: `${actor} asks for an exception for ${pack} ${actor === target ? '' : `of ${target} `}${days === null ? '' : `for ${days} days `}${reason ? '' : 'without a reason'}`,
    actor,
    target,
    body: JSON.stringify(given),
    real: (world, desk, by) =>
      askException(
        desk,
        by,
        {
          target: world.person(target),
          package: world.package(pack) as PackageId,
          policyVersion: null,
          period: {
            startsAt: null,
            endsAt: days === null ? null : new Date(Model.dayOf(o, target, days + 1)),
            hours: null,
          },
          zone: zoneOf(target),
          reason: reason ? 'because' : null,
          answers: {},
          draft: null,
        },
        reply,
      ),
    model: (one) => Model.askException(one, wish),
  };
}
