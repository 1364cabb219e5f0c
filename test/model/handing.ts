// Handing one's approvals to somebody else, to the model and to Usher.
import fc from '../support/fast-check';
import type { CatalogId, DelegationId, PackageId } from '../../src/domain/model';
import { answer, end, propose } from '../../src/operations/delegations';
import { at, mostlyNot, name, person, pick, reply } from './act';
import type { Act } from './act';
import * as Model from './model';
import type { Key, Organization } from './model';
import { CATALOG } from './model';
import type { ModelWorld } from './world';

export const handing = {
  offer: fc.record({
    kind: fc.constant('offer' as const),
    /** One of those who are asked now, or anybody. */
    asked: mostlyNot(1, pick),
    /** Most often somebody whom policies name. */
    who: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(2, 3, 4, 5) }, { weight: 1, arbitrary: person }),
    to: person,
    what: mostlyNot(3, fc.nat(8)),
    first: mostlyNot(7, fc.constantFrom(1, 3, -1)),
    last: fc.constantFrom(0, 3, 14, 14, 60, 60, 60, 60, 367),
  }),
  answer: fc.record({
    kind: fc.constant('answer' as const),
    which: pick,
    who: mostlyNot(8, person),
    accepts: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
  }),
  takeBack: fc.record({ kind: fc.constant('takeBack' as const), which: pick, who: mostlyNot(4, person) }),
};
type Wish = { [K in keyof typeof handing]: (typeof handing)[K] extends fc.Arbitrary<infer T> ? T : never };
export type HandingWish = Wish[keyof Wish];

/** What the wish means now. */
export function boundHanding(o: Organization, given: HandingWish): Act | null {
  const body = JSON.stringify(given);
  if (given.kind === 'offer') {
    const asked = o.requests.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'open'));
    const delegator = (given.asked !== null && at(asked, given.asked)?.person) || name(given.who);
    const what = given.what === null ? null : (at([...Object.keys(o.packages), CATALOG], given.what) ?? null);
    const { first, last } = given;
    const offer: Model.Offer = { delegator, delegate: name(given.to), first, last, what };
    const noon = Model.dayOf(o, delegator) + (o.people[delegator]?.ahead ?? 0) + Model.DAY / 2;
    const day = (n: number): string => new Date(noon + n * Model.DAY).toISOString().slice(0, 10);
    return {
      words: `${delegator} hands ${what ?? 'everything'} to ${offer.delegate}, days ${first ?? 0} to ${last}`,
      actor: delegator,
      target: delegator,
      body,
      real: (world, desk, by) =>
        propose(
          desk,
          by,
          {
            delegate: world.person(offer.delegate),
            package: what === null || what === CATALOG ? null : (world.package(what) as PackageId),
            catalog: what === CATALOG ? (world.catalog as CatalogId) : null,
            first: first === null ? null : day(first),
            last: day(last),
            draft: null,
          },
          reply,
        ),
      model: (org) => Model.offer(org, offer),
    };
  }
  const isOpen = ({ state }: Model.Delegation): boolean =>
    state === 'proposed' || (given.kind === 'takeBack' && state === 'accepted');
  const one = at(given.which % 8 === 0 ? o.delegations : o.delegations.filter(isOpen), given.which);
  if (!one) return null;
  const { key, delegator, delegate } = one;
  const id = (world: ModelWorld): DelegationId => world.delegation(key) as DelegationId;
  const own = given.kind === 'takeBack' && given.which % 2 === 0 ? delegator : delegate;
  const actor: Key = given.who === null ? own : name(given.who);
  if (given.kind === 'takeBack')
    return {
      words: `${actor} ends ${key}`,
      actor,
      target: delegator,
      body,
      real: (world, desk, by) => end(desk, by, id(world), reply),
      model: (org) => Model.takeBack(org, key, actor),
    };
  return {
    words: `${actor} ${given.accepts ? 'accepts' : 'declines'} ${key}`,
    actor,
    target: delegator,
    body,
    real: (world, desk, by) => answer(given.accepts)(desk, by, id(world), reply),
    model: (org) => Model.answer(org, key, actor, given.accepts),
  };
}
