// What the rules are given: scope, candidates, conflicts, live assignments, grants, as things are now.
import type { Candidate, RequestFacts, SubmitFacts } from '../../src/domain/facts';
import type { PackageId, PersonId, RequestId } from '../../src/domain/model';
import { end } from '../../src/domain/assignment';
import { newId } from '../../src/store/ids';
import { loadRequests, loadSubmits } from '../../src/store/loads';
import { queryIn } from '../../src/store/query';
import { bySystem, createWorld, moment, type World } from './world';

let world: World;
let tara: PersonId;
beforeEach(async () => {
  world = await createWorld();
  tara = await world.person('Tara');
});

const facts = (target: PersonId, pkg: PackageId): Promise<SubmitFacts> =>
  world.views.forSubmit({ requestor: target, target, package: pkg });
const shown = (candidates: readonly Candidate[]): unknown[] =>
  candidates.map(({ n, capacity, name, because }) => [n, capacity, name, because.kind]).sort();

describe('candidates', () => {
  test('are the named, the members of groups however nested, and the managers, enabled ones only', async () => {
    const [boss, top] = [await world.person('Boss'), await world.person('Top')];
    const [ana, ben, off] = [
      await world.person('Ana'),
      await world.person('Ben'),
      await world.person('Off', { state: 'disabled' }),
    ];
    await world.sql('update people set manager_id = $2 where id = $1', [tara, boss]);
    await world.sql('update people set manager_id = $2 where id = $1', [boss, top]);
    const inner = await world.group('Inner', [ben, off]);
    const outer = await world.group('Outer', [ana], [inner]);
    const pkg = await world.package('CRM', {
      stages: [
        { primaries: [{ group: outer }, { person: ana }], fallbacks: [{ manager: 2 }] },
        { primaries: [{ manager: 1 }], alternates: [{ manager: 4 }] },
      ],
    });
    expect(shown((await facts(tara, pkg)).candidates)).toEqual([
      [1, 'fallback', 'Top', 'manager'],
      [1, 'primary', 'Ana', 'group'],
      [1, 'primary', 'Ben', 'group'],
      [2, 'primary', 'Boss', 'manager'],
    ]);
    await world.sql(`update groups set state = 'deleted', version = 2 where id = $1`, [inner]);
    await world.sql('select refresh_group_ancestors()');
    expect(shown((await facts(tara, pkg)).candidates)).not.toContainEqual([1, 'primary', 'Ben', 'group']);
  });

  test('stop at 500 for a stage', async () => {
    const group = await world.group('All');
    await world.sql(`insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
      select usher_id(), 'm' || n, 'Member ' || n, 'member', 'enabled', 'UTC', 'en', 1 from generate_series(1, 510) n`);
    await world.sql(`insert into group_people select $1, id from people where name like 'Member %'`, [group]);
    const pkg = await world.package('CRM', { stages: [{ primaries: [{ group }] }] });
    expect((await facts(tara, pkg)).candidates).toHaveLength(500);
  });
});

describe('the scope of a policy', () => {
  const partner = newId();
  const proposed = newId();
  async function guests(): Promise<Record<string, PersonId>> {
    await world.insert('organizations', {
      id: partner,
      name: 'Contoso',
      description: '',
      state: 'configured',
      version: 1,
    });
    await world.insert('organizations', {
      id: proposed,
      name: 'Fabrikam',
      description: '',
      state: 'proposed',
      version: 1,
    });
    return {
      member: tara,
      guest: await world.person('Gus', { kind: 'guest', organization_id: partner }),
      stranger: await world.person('Sam', { kind: 'guest', organization_id: proposed }),
      unknown: await world.person('Uma', { kind: 'guest' }),
    };
  }

  test.each([
    { kind: 'allMembers', want: ['member'] },
    { kind: 'allMembersAndGuests', want: ['member', 'guest', 'stranger', 'unknown'] },
    { kind: 'allConfiguredOrganizations', want: ['guest'] },
    { kind: 'anyone', want: ['member', 'guest', 'stranger', 'unknown'] },
    { kind: 'organization', organization_id: partner, want: ['guest'] },
  ])('$kind means $want', async ({ want, ...subject }) => {
    const people = await guests();
    const pkg = await world.package('CRM', { targets: [subject] });
    const found = [];
    for (const [name, id] of Object.entries(people)) {
      const { policies } = await facts(id, pkg);
      if (policies[0]?.inScope) found.push(name);
    }
    expect(found).toEqual(want);
  });

  test('names people and groups however nested', async () => {
    const [ana, ben] = [await world.person('Ana'), await world.person('Ben')];
    const outer = await world.group('Outer', [], [await world.group('Inner', [ana])]);
    const pkg = await world.package('CRM', { targets: [{ group: outer }, { person: ben }] });
    const inScope = async (person: PersonId): Promise<boolean | undefined> =>
      (await facts(person, pkg)).policies[0]?.inScope;
    expect([await inScope(ana), await inScope(ben), await inScope(tara)]).toEqual([true, true, false]);
  });
});

describe('facts of a pair', () => {
  test('name conflicts one way, both ways, pending, scheduled and by group', async () => {
    const ana = await world.person('Ana');
    const [pay, audit, free] = [
      await world.package('Pay'),
      await world.package('Audit', { stages: [{ primaries: [{ person: ana }] }] }),
      await world.package('Free'),
    ];
    const group = await world.group('Auditors', [tara]);
    await world.incompatible(pay, audit, false);
    await world.insert('incompatibilities', {
      id: newId(),
      package_id: free,
      other_group_id: group,
      mutual: false,
      state: 'active',
      version: 1,
    });
    const conflicts = async (pkg: PackageId): Promise<unknown> => (await facts(tara, pkg)).conflicts;
    expect(await conflicts(free)).toEqual([{ kind: 'group', name: 'Auditors', how: 'member', excusable: false }]);

    const { id } = await world.ask(tara, audit);
    expect(await conflicts(pay)).toEqual([{ kind: 'package', name: 'Audit', how: 'pending', excusable: false }]);
    await world.decide(id, ana);
    expect(await conflicts(pay)).toEqual([{ kind: 'package', name: 'Audit', how: 'held', excusable: false }]);
    expect(await conflicts(audit)).toEqual([]); // one way only
    await world.sql('update incompatibilities set mutual = true where other_package_id = $1', [audit]);
    await world.sql(
      `update assignments set state = 'removing', ended_at = now(), end_reason = 'gaveUp', version = version + 1`,
    );
    // What is ended and not yet taken away is still there.
    expect(await conflicts(pay)).toEqual([{ kind: 'package', name: 'Audit', how: 'leaving', excusable: false }]);
    await world.sql(`update assignments set state = 'removed', version = version + 1`);
    expect(await conflicts(pay)).toEqual([]);
    await world.ask(tara, pay);
    expect(await conflicts(audit)).toEqual([{ kind: 'package', name: 'Pay', how: 'held', excusable: false }]);
  });

  test('carry the live assignment with its justifications and grants, and who justifies them', async () => {
    const shared = await world.resource('Shared');
    const [one, two] = [
      await world.package('One', { resources: [shared] }),
      await world.package('Two', { resources: [shared] }),
    ];
    await world.ask(tara, one);
    await world.ask(tara, two);
    const pair = await facts(tara, two);
    expect(pair.live).toMatchObject({ target: tara, state: 'delivering', startsAt: expect.any(Date) as Date });
    expect(pair.justifications).toMatchObject([{ kind: 'request', assignment: pair.live?.id }]);
    const held = [await world.views.liveAssignment(tara, one), pair.live?.id].sort();
    expect(pair.grants).toMatchObject([{ grant: { role: shared.role }, justifiedBy: held }]);
    if (pair.live) {
      const assignment = pair.live.id;
      await world.store.write(bySystem, async (tx) => {
        const given = await tx.forAssignment(assignment);
        expect(given.latest?.id).toBe(given.justifications[0]?.policyVersion);
        expect(given.undelivered).toHaveLength(1);
        await tx.save(end(given, { reason: 'gaveUp', type: 'systemRemove', requestor: null, note: null }, moment(tx)));
      });
      const after = await world.views.forAssignment(assignment);
      expect(after).toMatchObject({ live: null, latest: null, assignment: { state: 'removed' } });
      expect(after.justifications).toHaveLength(1);
    }
  });

  test('know the manager, the owners, who may assign and who may change its policies', async () => {
    const [boss, owner] = [await world.person('Boss'), await world.person('Owner')];
    const [giver, keeper] = [await world.person('Giver'), await world.person('Keeper')];
    await world.role('assignmentManager', giver, world.catalog);
    await world.role('packageManager', keeper, world.catalog);
    await world.sql('update people set manager_id = $2 where id = $1', [tara, boss]);
    await world.role('catalogOwner', owner, world.catalog);
    const pkg = await world.package('CRM');
    const by = (requestor: PersonId): Promise<SubmitFacts> =>
      world.views.forSubmit({ requestor, target: tara, package: pkg });
    expect(await by(boss)).toMatchObject({
      managesTarget: true,
      mayAssign: false,
      mayChange: false,
      owners: [{ id: owner, name: 'Owner' }],
    });
    expect(await by(owner)).toMatchObject({ managesTarget: false, mayAssign: true, mayChange: true });
    expect(await by(keeper)).toMatchObject({ mayAssign: true, mayChange: true });
    expect(await by(giver)).toMatchObject({ mayAssign: true, mayChange: false });
    expect(await world.views.roles(owner, world.catalog)).toEqual({
      administrator: false,
      auditor: false,
      onCatalog: ['catalogOwner'],
    });
    expect(await world.views.roles(owner, null)).toEqual({ administrator: false, auditor: false, onCatalog: [] });
  });

  test('a request keeps its policy version, with its answers and its stages', async () => {
    const [ana, bea] = [await world.person('Ana'), await world.person('Bea')];
    const pkg = await world.package('CRM', {
      stages: [{ primaries: [{ person: ana }] }, { primaries: [{ person: bea }] }],
    });
    const { id } = await world.ask(tara, pkg);
    await world.sql(`update policies set state = 'disabled', version = 2`);
    const given = await world.views.forRequest(id);
    expect(given.policies).toMatchObject([
      { enabled: false, inScope: true, policy: { id: given.request.policyVersion, stages: [{ n: 1 }, { n: 2 }] } },
    ]);
    expect(given.tasks).toMatchObject([{ person: ana, state: 'open', because: { kind: 'named' } }]);
    expect(given.people).toEqual([{ id: ana, name: 'Ana' }]);
    expect((await facts(tara, pkg)).policies).toEqual([]);
  });

  test.each(['nonsense', newId()])('what does not exist is not found (%s)', async (id) => {
    const pkg = await world.package('CRM');
    const nobody = id as PersonId;
    await expect(world.views.forSubmit({ requestor: tara, target: nobody, package: pkg })).rejects.toMatchObject({
      code: 'not-found',
      data: { what: 'person' },
    });
    await expect(facts(tara, id as PackageId)).rejects.toMatchObject({ code: 'not-found', data: { what: 'package' } });
    await expect(world.views.forRequest(id as Parameters<typeof world.views.forRequest>[0])).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(world.views.forManualTask(id)).rejects.toMatchObject({ code: 'task-not-open' });
  });
});

test('what is read of many at once is what is read of each alone', async () => {
  const [ana, ben, cas, off] = [
    await world.person('Ana'),
    await world.person('Ben'),
    await world.person('Cas'),
    await world.person('Off', { state: 'disabled' }),
  ];
  await world.sql('update people set manager_id = $2 where id = any ($1)', [[tara, ben], ana]);
  const other = newId();
  await world.insert('catalogs', {
    id: other,
    name: 'Finance',
    description: '',
    state: 'published',
    externally_visible: true,
    version: 1,
  });
  await world.role('catalogOwner', ben, world.catalog);
  await world.role('catalogOwner', cas, other as typeof world.catalog);
  await world.role('administrator', ana);
  const team = await world.group('Team', [tara], [await world.group('Inner', [cas])]);
  const resource = await world.resource('Files');
  const packages = [
    await world.package('CRM', { stages: [{ primaries: [{ manager: 1 }], fallbacks: [{ person: cas }] }] }),
    await world.package('Ledger', { fields: { catalog_id: other }, resources: [], targets: [{ group: team }] }),
    await world.package('Wiki', { resources: [resource], stages: [{ primaries: [{ group: team }] }] }),
    await world.package('Share', { resources: [resource] }),
  ];
  const [crm, , wiki, share] = packages as [PackageId, PackageId, PackageId, PackageId];
  await world.incompatible(crm, share);
  await world.incompatible(wiki, crm, false);
  await world.delegation(cas, off);
  await world.delegation(ana, ben, { catalog_id: world.catalog });
  await world.ask(tara, share);
  const requests = [await world.ask(ben, crm), await world.ask(cas, wiki), await world.ask(tara, wiki)];
  await world.decide(requests[1]?.id as RequestId, tara);

  const q = queryIn(world.db.sequelize);
  const asks = [tara, ana, ben, cas, off].flatMap((target) =>
    packages.flatMap((pkg) => [target, ana, ben].map((requestor) => ({ requestor, target, package: pkg }))),
  );
  const nobody = { requestor: tara, target: newId() as PersonId, package: crm };
  const nothing = { requestor: tara, target: tara, package: 'no id' as PackageId };
  const wanted = [nobody, ...asks, nothing];
  const alone: unknown[] = [];
  for (const one of wanted) alone.push(...(await loadSubmits(q, [one])).map(withoutNow));
  expect((await loadSubmits(q, wanted)).map(withoutNow)).toEqual(alone);
  expect(alone.filter((one) => one instanceof Error)).toMatchObject([
    { data: { what: 'person' } },
    { data: { what: 'package' } },
  ]);
  // Ben may not see what only the team may ask for, whatever else is read beside it.
  const isBens = wanted.map(({ requestor, target }) => requestor === ben && target === off);
  const bens = alone.filter((_one, n) => isBens[n]) as readonly SubmitFacts[];
  expect(bens.map(({ requestorMaySee }) => requestorMaySee)).toEqual([true, false, true, true]);
  const owners = alone.flatMap((one) => (one as Partial<SubmitFacts>).owners ?? []);
  expect(new Set(owners.map(({ name }) => name))).toEqual(new Set(['Ben', 'Cas']));

  const named = [...requests.map(({ id }) => ({ id })), { id: newId() as RequestId }];
  const each: unknown[] = [];
  for (const one of named) each.push(...(await loadRequests(q, [one])).map(withoutNow));
  expect((await loadRequests(q, named)).map(withoutNow)).toEqual(each);
  expect(each.map((one) => (one as Partial<RequestFacts>).tasks?.length)).toEqual([1, 1, 1, undefined]);
});

function withoutNow(answer: PromiseSettledResult<{ readonly facts: unknown }>): unknown {
  return answer.status === 'fulfilled' ? answer.value.facts : answer.reason;
}
