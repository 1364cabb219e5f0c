// Gates in their order, what a refusal may tell, which policies are offered (rules 3.2, 3.3, 3.13, 3.18, 3.19).
import type { PairFacts } from '../../src/domain/facts';
import type { PolicyVersion, SubjectSet } from '../../src/domain/model';
import type { GateOptions } from '../../src/domain/policy';
import { choosePolicy, gate, maySee, offered } from '../../src/domain/policy';
import { isOutsider, widthOf, widthOfPolicy } from '../../src/domain/subjects';
import {
  aCatalog,
  aConflict,
  aPackage,
  aPerson,
  aPolicy,
  aRequest,
  anAssignment,
  idOf,
  inScope,
  pairFacts,
  versionId,
} from '../support/builders';
import { faultOf } from '../support/sound';

const asking: GateOptions = { requestor: aPerson(), onBehalf: false, for: 'ask' };
const assigning: GateOptions = { requestor: aPerson('Olga'), onBehalf: true, for: 'assign' };
const guest = aPerson('Tara', { kind: 'guest' });
const outOfScope = [inScope(aPolicy(), { inScope: false })];

describe('a gate that is closed is named to those who may see the package', () => {
  test.each<{ name: string; give: Partial<PairFacts>; options?: Partial<GateOptions>; wantFault: string }>([
    { name: 'disabled target', give: { target: aPerson('Tara', { state: 'disabled' }) }, wantFault: 'person-disabled' },
    { name: 'deleted target', give: { target: aPerson('Tara', { state: 'deleted' }) }, wantFault: 'person-disabled' },
    { name: 'unpublished catalog', give: { catalog: aCatalog({ state: 'unpublished' }) }, wantFault: 'catalog-closed' },
    {
      name: 'outsider who holds it, catalog no longer for outsiders',
      give: { target: guest, catalog: aCatalog({ externallyVisible: false }), live: anAssignment() },
      options: { for: 'extend' },
      wantFault: 'not-for-outsiders',
    },
    { name: 'conflict with something held', give: { conflicts: [aConflict()] }, wantFault: 'incompatible' },
    {
      name: 'conflict with something scheduled',
      give: { conflicts: [aConflict({ how: 'scheduled' })] },
      wantFault: 'incompatible',
    },
    {
      name: 'conflict with something pending',
      give: { conflicts: [aConflict({ how: 'pending' })] },
      wantFault: 'incompatible',
    },
    {
      name: 'conflict with a group',
      give: { conflicts: [aConflict({ kind: 'group', how: 'member' })] },
      wantFault: 'incompatible',
    },
    {
      name: 'held, but out of scope now',
      give: { live: anAssignment(), policies: outOfScope },
      wantFault: 'not-in-scope',
    },
    {
      name: 'only a policy for direct assignment, and asked for',
      give: { live: anAssignment(), policies: [inScope(aPolicy({ mode: 'direct' }))] },
      wantFault: 'not-in-scope',
    },
    {
      name: 'only an automatic policy, and assigned',
      give: { policies: [inScope(aPolicy({ mode: 'automatic' }))] },
      options: assigning,
      wantFault: 'not-in-scope',
    },
    {
      name: 'a kept version that is not enabled any more',
      give: { policies: [inScope(aPolicy(), { enabled: false }), inScope(aPolicy({ id: versionId('other.1') }))] },
      options: { for: 'final', policyVersion: versionId('policy-1.1') },
      wantFault: 'not-in-scope',
    },
    {
      name: 'a kept version that is not among the facts',
      give: {},
      options: { for: 'final', policyVersion: versionId('policy-1.0') },
      wantFault: 'not-in-scope',
    },
    {
      name: 'a disabled target, assigned by an owner: nobody of that name',
      give: { target: aPerson('Tara', { state: 'disabled' }) },
      options: assigning,
      wantFault: 'not-found',
    },
  ])('$name: $wantFault', ({ give, options, wantFault }) => {
    expect(
      faultOf(() => {
        gate(pairFacts(give), { ...asking, ...options });
      }).code,
    ).toBe(wantFault);
  });
});

describe('the first closed gate is the one named', () => {
  const closed: Partial<PairFacts>[] = [
    { target: aPerson('Tara', { state: 'disabled' }) },
    { catalog: aCatalog({ state: 'unpublished' }) },
    { target: guest, catalog: aCatalog({ externallyVisible: false }) },
    { conflicts: [aConflict()] },
    { policies: outOfScope },
  ];
  const order = ['person-disabled', 'catalog-closed', 'not-for-outsiders', 'incompatible', 'not-in-scope'];
  test.each(order.map((wantFault, first) => ({ wantFault, first })))(
    '$wantFault before what follows',
    ({ wantFault, first }) => {
      const rest = closed
        .slice(first)
        .reverse()
        .reduce((all, one) => ({ ...all, ...one }), {});
      const target = { ...aPerson(), ...rest.target, kind: first <= 2 ? 'guest' : 'member' } as const;
      const catalog = {
        ...rest.catalog,
        ...aCatalog({ externallyVisible: first > 2, state: first <= 1 ? 'unpublished' : 'published' }),
      };
      const facts = pairFacts({ ...rest, target, catalog });
      expect(
        faultOf(() => {
          gate(facts, { ...asking, requestor: null, for: 'final' });
        }).code,
      ).toBe(wantFault);
    },
  );
});

describe('who may not see the package gets one and the same answer', () => {
  const hidden = aPackage({ hidden: true });
  test.each<{ name: string; give: Partial<PairFacts> }>([
    { name: 'no policy at all', give: { policies: [] } },
    { name: 'out of scope', give: { policies: outOfScope } },
    { name: 'out of scope and in conflict', give: { policies: outOfScope, conflicts: [aConflict()] } },
    {
      name: 'out of scope of a closed catalog',
      give: { policies: outOfScope, catalog: aCatalog({ state: 'unpublished' }) },
    },
    { name: 'hidden and out of scope', give: { package: hidden, policies: outOfScope } },
    {
      name: 'an outsider and a catalog for insiders',
      give: { target: guest, catalog: aCatalog({ externallyVisible: false }) },
    },
    { name: 'only for direct assignment', give: { policies: [inScope(aPolicy({ mode: 'direct' }))] } },
    { name: 'only by rule', give: { policies: [inScope(aPolicy({ mode: 'automatic' }))] } },
    { name: 'policy disabled', give: { policies: [inScope(aPolicy(), { enabled: false })] } },
    { name: 'package deleted', give: { package: aPackage({ state: 'deleted' }) } },
    { name: 'package deleted, though held', give: { package: aPackage({ state: 'deleted' }), live: anAssignment() } },
    { name: 'catalog deleted', give: { catalog: aCatalog({ state: 'deleted' }) } },
  ])('$name', ({ give }) => {
    expect(
      faultOf(() => {
        gate(pairFacts(give), asking);
      }),
    ).toEqual({
      code: 'not-found',
      data: { what: 'package' },
      field: undefined,
    });
  });
});

describe('every gate open', () => {
  test.each<{ name: string; give: Partial<PairFacts>; options?: Partial<GateOptions> }>([
    { name: 'asked for', give: {} },
    { name: 'hidden, by its link, in scope', give: { package: aPackage({ hidden: true }) } },
    { name: 'an outsider in a catalog for outsiders', give: { target: guest } },
    {
      name: 'an outsider of an unknown organization whom a policy means',
      give: { target: guest, organizationConfigured: false },
    },
    {
      name: 'assigned by a policy without targets',
      give: { policies: [inScope(aPolicy({ mode: 'direct', targets: [] }), { inScope: false })] },
      options: assigning,
    },
    { name: 'assigned by a request policy', give: {}, options: assigning },
    {
      name: 'the kept version at the end',
      give: {},
      options: { for: 'final', policyVersion: versionId('policy-1.1') },
    },
  ])('$name: nothing is refused', ({ give, options }) => {
    expect(() => {
      gate(pairFacts(give), { ...asking, ...options });
    }).not.toThrow();
  });
});

test('the refusal names the target only to somebody else', () => {
  const facts = pairFacts({ conflicts: [aConflict()] });
  expect(
    faultOf(() => {
      gate(facts, asking);
    }).data,
  ).toEqual({ package: 'Sales tools', with: 'Purchasing', how: 'held', target: null, ask: false });
  expect(
    faultOf(() => {
      gate(facts, assigning);
    }).data,
  ).toMatchObject({ target: 'Tara' });
});

describe('may see', () => {
  test.each<{ name: string; give: Partial<PairFacts>; want: boolean }>([
    { name: 'in scope of a request policy', give: {}, want: true },
    { name: 'in scope of a request policy, hidden', give: { package: aPackage({ hidden: true }) }, want: true },
    { name: 'held, out of scope', give: { live: anAssignment(), policies: [] }, want: true },
    { name: 'asked for, out of scope', give: { open: aRequest(), policies: [] }, want: true },
    { name: 'neither', give: { policies: [] }, want: false },
  ])('$name: $want', ({ give, want }) => {
    expect(maySee(pairFacts(give))).toBe(want);
  });
  test('what one can never ask for oneself is known to those only who ask for one', () => {
    const facts = pairFacts({ policy: aPolicy({ selfRequest: false, onBehalf: true }) });
    expect([maySee(facts), maySee(facts, true)]).toEqual([false, true]);
  });
});

describe('the strictest category counts', () => {
  const sets: Record<string, SubjectSet> = {
    person: { kind: 'person', person: idOf('Tara') },
    group: { kind: 'group', group: 'g' as never },
    organization: { kind: 'organization', organization: 'o' as never },
    members: { kind: 'allMembers' },
    guests: { kind: 'allMembersAndGuests' },
    configured: { kind: 'allConfiguredOrganizations' },
    anyone: { kind: 'anyone' },
  };
  const policyFor = (...names: string[]): PolicyVersion =>
    aPolicy({ id: versionId(`${names.join('+')}.1`), targets: names.flatMap((name) => sets[name] ?? []) });

  test.each([
    { name: 'named people before all members', give: [['members'], ['person']], want: ['person'] },
    { name: 'a group before all members', give: [['group'], ['members'], ['anyone']], want: ['group'] },
    {
      name: 'a named organization before all configured ones',
      give: [['configured'], ['organization']],
      want: ['organization'],
    },
    {
      name: 'people, groups and organizations are equals',
      give: [['person'], ['group'], ['organization'], ['anyone']],
      want: ['person', 'group', 'organization'],
    },
    { name: 'members before members and guests', give: [['guests'], ['members']], want: ['members'] },
    {
      name: 'members and guests before configured organizations',
      give: [['configured'], ['guests']],
      want: ['guests'],
    },
    { name: 'configured organizations before anyone', give: [['anyone'], ['configured']], want: ['configured'] },
    { name: 'a policy is as wide as its widest set', give: [['person', 'anyone'], ['members']], want: ['members'] },
  ])('$name', ({ give, want }) => {
    const policies = give.map((names) => inScope(policyFor(...names)));
    expect(offered(pairFacts({ policies }), { onBehalf: false }).map((one) => one.policy)).toEqual(want);
  });

  test('policies that do not have the target in scope do not count', () => {
    const policies = [inScope(policyFor('person'), { inScope: false }), inScope(policyFor('members'))];
    expect(offered(pairFacts({ policies }), { onBehalf: false })).toHaveLength(1);
  });

  test('a wider policy is no way round a stricter one that cannot be used on behalf of others', () => {
    const strict = { ...policyFor('group'), onBehalf: false };
    const facts = { ...pairFacts({ policies: [inScope(strict), inScope(policyFor('anyone'))] }), managesTarget: true };
    expect(offered(facts, { onBehalf: true })).toEqual([]);
  });

  test('every kind of set has its width', () => {
    expect(Object.values(sets).map(widthOf)).toEqual([1, 1, 1, 2, 3, 4, 5]);
    expect(widthOf({ kind: 'manager', level: 1 })).toBe(1);
    expect(widthOfPolicy({ targets: [] })).toBe(1);
    expect([isOutsider(guest), isOutsider(aPerson())]).toEqual([true, false]);
  });
});

describe('asking for others', () => {
  test.each([
    { name: 'a manager, where the policy allows it', give: { managesTarget: true, onBehalf: true }, want: 1 },
    { name: 'a manager, where it does not', give: { managesTarget: true, onBehalf: false }, want: 0 },
    { name: 'somebody else', give: { managesTarget: false, onBehalf: true }, want: 0 },
  ])('$name is offered $want', ({ give, want }) => {
    const facts = { ...pairFacts({ policy: aPolicy({ onBehalf: give.onBehalf }) }), managesTarget: give.managesTarget };
    expect(offered(facts, { onBehalf: true })).toHaveLength(want);
  });

  test('a policy may be for others only', () => {
    const facts = { ...pairFacts({ policy: aPolicy({ selfRequest: false }) }), managesTarget: true };
    expect([offered(facts, { onBehalf: false }).length, offered(facts, { onBehalf: true }).length]).toEqual([0, 1]);
  });
});

describe('choosing', () => {
  const a = aPolicy({ id: versionId('a.1') });
  const b = aPolicy({ id: versionId('b.1') });
  const direct = aPolicy({ id: versionId('d.1'), mode: 'direct', targets: [] });
  const wide = aPolicy({ id: versionId('w.1'), targets: [{ kind: 'anyone' }] });
  const forAssign = { onBehalf: true, for: 'assign' } as const;
  const forSelf = { onBehalf: false } as const;

  test.each([
    { name: 'the only one, unasked', give: [a], wanted: null, options: forSelf, want: 'a.1' },
    { name: 'one of two equals', give: [a, b], wanted: 'b.1', options: forSelf, want: 'b.1' },
    {
      name: 'the one for direct assignment, unasked',
      give: [a, direct],
      wanted: null,
      options: forAssign,
      want: 'd.1',
    },
    {
      name: 'a request policy for direct assignment',
      give: [a, direct],
      wanted: 'a.1',
      options: forAssign,
      want: 'a.1',
    },
  ])('$name', ({ give, wanted, options, want }) => {
    const facts = pairFacts({ policies: give.map((policy) => inScope(policy)) });
    expect(choosePolicy(facts, wanted === null ? null : versionId(wanted), options).id).toBe(want);
  });

  test.each([
    { name: 'nothing among two', give: [a, b], wanted: null, options: forSelf, wantFault: 'policy-not-offered' },
    { name: 'a wider one', give: [a, wide], wanted: 'w.1', options: forSelf, wantFault: 'policy-not-offered' },
    {
      name: 'one for direct assignment',
      give: [a, direct],
      wanted: 'd.1',
      options: forSelf,
      wantFault: 'policy-not-offered',
    },
    { name: 'an older version', give: [a], wanted: 'a.0', options: forSelf, wantFault: 'policy-not-offered' },
    { name: 'nothing where nothing is', give: [], wanted: null, options: forSelf, wantFault: 'not-in-scope' },
    {
      name: 'for somebody who is not managed',
      give: [a],
      wanted: null,
      options: { onBehalf: true },
      wantFault: 'not-for-others',
    },
  ])('$name: $wantFault', ({ give, wanted, options, wantFault }) => {
    const facts = pairFacts({ policies: give.map((policy) => inScope(policy)) });
    expect(faultOf(() => choosePolicy(facts, wanted === null ? null : versionId(wanted), options)).code).toBe(
      wantFault,
    );
  });
});
