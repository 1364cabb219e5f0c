// What changed in the directory is noted, and whoever follows the notes finds by them what a look at everything would find.
import * as Requests from '../../src/domain/request';
import type { GroupId, PackageId, PersonId, RequestId } from '../../src/domain/model';
import { jobs } from '../../src/jobs';
import { createGates } from '../../src/jobs/gate';
import { createLog } from '../../src/log';
import { newId } from '../../src/store/ids';
import { byPerson, bySystem, createWorld, moment, type World } from './world';

let world: World;
let ana: PersonId;
let ben: PersonId;
let max: PersonId;
let tara: PersonId;
let owner: PersonId;
beforeEach(async () => {
  world = await createWorld();
  [ana, ben, max] = [await world.person('Ana'), await world.person('Ben'), await world.person('Max')];
  tara = await world.person('Tara', { manager_id: max });
  owner = await world.person('Owner');
  await world.role('catalogOwner', owner, world.catalog);
});

const notedFor = async (follower: string): Promise<number> =>
  (await world.sql('select from directory_changes where follower = $1', [follower])).length;
const noted = async (): Promise<number> => (await world.sql(`select from directory_changes`)).length;
const sweep = async (named = 'reroute-approvals'): Promise<number> => {
  const job = jobs.find(({ name }) => name === named);
  const { due, comparisons, outbox } = world;
  const parts = { desk: world, due, comparisons, connectors: new Map(), gates: createGates({ outbox }), deadlineMs: 1 };
  return (await job?.sweep({ ...parts, log: createLog('silent') })) ?? 0;
};
const askedNow = async (request: RequestId): Promise<unknown[]> =>
  (
    await world.sql(
      `select concat_ws(' for ', people.name, other.name) as name from approval_tasks t join people on people.id = t.person_id
       left join people other on other.id = t.for_id where t.request_id = $1 and t.state = 'open' order by 1`,
      [request],
    )
  ).map(({ name }) => name);
/** All that is noted so far is followed and forgotten, once whatever else runs on the server has committed. */
const settle = async (): Promise<void> => {
  while ((await noted()) > 0) for (const job of ['reroute-approvals', 'end-out-of-scope']) await sweep(job);
};
const join = (group: GroupId, person: PersonId): Promise<void> =>
  world.insert('group_people', { group_id: group, person_id: person });
const leave = (group: GroupId, person: PersonId): Promise<unknown> =>
  world.sql('delete from group_people where group_id = $1 and person_id = $2', [group, person]);
const state = (person: PersonId, to: 'enabled' | 'disabled'): Promise<unknown> =>
  world.sql('update people set state = $2 where id = $1', [person, to]);

test.each<{ name: string; prepare: () => Promise<readonly [() => Promise<unknown>, readonly string[]]> }>([
  {
    name: 'somebody joins the group that approves',
    prepare: async () => {
      const group = await world.group('Approvers', [ana]);
      await ask({ group });
      return [() => join(group, ben), ['Ana', 'Ben']];
    },
  },
  {
    name: 'the last one leaves it, and an owner stands in',
    prepare: async () => {
      const group = await world.group('Approvers', [ana]);
      await ask({ group });
      return [() => leave(group, ana), ['Owner']];
    },
  },
  {
    name: 'somebody joins a group inside a group inside it',
    prepare: async () => {
      const inner = await world.group('Inner');
      const group = await world.group('Approvers', [ana], [await world.group('Middle', [], [inner])]);
      await ask({ group });
      return [() => join(inner, ben), ['Ana', 'Ben']];
    },
  },
  {
    name: 'a group with people comes into it',
    prepare: async () => {
      const [inner, group] = [await world.group('Inner', [ben]), await world.group('Approvers', [ana])];
      await ask({ group });
      return [() => nest(group, inner), ['Ana', 'Ben']];
    },
  },
  {
    name: 'a group inside it is deleted',
    prepare: async () => {
      const inner = await world.group('Inner', [ben]);
      const group = await world.group('Approvers', [ana], [inner]);
      await ask({ group });
      const gone = async (): Promise<void> => {
        await world.sql(`update groups set state = 'deleted' where id = $1`, [inner]);
        await world.sql('select refresh_group_ancestors()');
      };
      return [gone, ['Ana']];
    },
  },
  {
    name: 'who is named is disabled',
    prepare: async () => {
      await ask({ person: ana });
      return [() => state(ana, 'disabled'), ['Owner']];
    },
  },
  {
    name: 'who is named comes back',
    prepare: async () => {
      await state(ana, 'disabled');
      await ask({ person: ana });
      return [() => state(ana, 'enabled'), ['Ana']];
    },
  },
  {
    name: 'a member of the group comes back',
    prepare: async () => {
      await state(ben, 'disabled');
      await ask({ group: await world.group('Approvers', [ana], [await world.group('Inner', [ben])]) });
      return [() => state(ben, 'enabled'), ['Ana', 'Ben']];
    },
  },
  {
    name: 'the target gets another manager',
    prepare: async () => {
      await ask({ manager: 1 });
      return [() => world.sql('update people set manager_id = $2 where id = $1', [tara, ben]), ['Ben']];
    },
  },
  {
    name: 'a manager three levels up gets another manager',
    prepare: async () => {
      for (const [person, manager] of [
        [max, ben],
        [ben, ana],
        [ana, owner],
      ])
        await world.sql('update people set manager_id = $2 where id = $1', [person, manager]);
      await ask({ manager: 4 });
      const cas = await world.person('Cas');
      return [() => world.sql('update people set manager_id = $2 where id = $1', [ana, cas]), ['Cas']];
    },
  },
  {
    name: 'a manager comes back',
    prepare: async () => {
      await state(max, 'disabled');
      await ask({ manager: 1 });
      return [() => state(max, 'enabled'), ['Max']];
    },
  },
  {
    name: 'a catalog where an owner stands in gets another one',
    prepare: async () => {
      await state(ana, 'disabled');
      await ask({ person: ana });
      return [() => world.role('catalogOwner', ben, world.catalog), ['Ben', 'Owner']];
    },
  },
  {
    name: 'an owner who stands in is an owner no more',
    prepare: async () => {
      await state(ana, 'disabled');
      await world.role('catalogOwner', ben, world.catalog);
      await ask({ person: ana });
      const end = `update administrative_roles set state = 'ended' where person_id = $1`;
      return [() => world.sql(end, [owner]), ['Ben']];
    },
  },
  {
    name: 'where administrators stand in, their group gets a member',
    prepare: async () => {
      for (const one of [ana, owner]) await state(one, 'disabled');
      const group = await world.group('Administrators', [max]);
      await administrators(group);
      await ask({ person: ana });
      return [() => join(group, ben), ['Ben', 'Max']];
    },
  },
  {
    name: 'where administrators stand in, one comes back',
    prepare: async () => {
      for (const one of [ana, owner, ben]) await state(one, 'disabled');
      await administrators(await world.group('Administrators', [max, ben]));
      await ask({ person: ana });
      return [() => state(ben, 'enabled'), ['Ben', 'Max']];
    },
  },
  {
    name: 'there are administrators',
    prepare: async () => {
      await state(ana, 'disabled');
      for (const person of [max]) await world.role('administrator', person);
      await state(owner, 'disabled');
      await ask({ person: ana });
      return [() => world.role('administrator', ben), ['Ben', 'Max']];
    },
  },
  {
    name: 'one of those who stood in approved, and the others are not needed any more',
    prepare: async () => {
      const [one, two] = [await world.person('One'), await world.person('Two')];
      const stage = { primaries: [{ person: ana }], fallbacks: [{ person: one }, { person: two }], approvals: 2 };
      const { id } = await world.ask(tara, await world.package('CRM', { stages: [stage] }));
      request = id;
      return [() => world.decide(id, one), ['Ana']];
    },
  },
  {
    name: 'an approver has a delegate',
    prepare: async () => {
      const [group, other] = [await world.group('Approvers', [ana, max]), await world.group('Others', [owner])];
      // Other stages, other scopes, whoever is asked already, the target: none of them is asked through it.
      await world.delegation(max, tara);
      await world.delegation(owner, ben);
      await world.delegation(ana, max);
      await world.delegation(max, ben, { package_id: await world.package('ERP') });
      await settle();
      await ask({ group });
      await world.ask(
        await world.person('Tom'),
        await world.package('HR', { stages: [{ primaries: [{ group: other }] }] }),
      );
      return [() => world.delegation(ana, ben, { catalog_id: world.catalog }), ['Ana', 'Ben for Ana', 'Max']];
    },
  },
  {
    name: 'a delegation ends',
    prepare: async () => {
      const id = await world.delegation(ana, ben);
      await ask({ person: ana });
      expect(await askedNow(request)).toEqual(['Ana', 'Ben for Ana']);
      const end = `update delegations set state = 'ended', due_at = null, version = 2 where id = $1`;
      return [() => world.sql(end, [id]), ['Ana']];
    },
  },
  {
    name: 'an approver joins who has a delegate already',
    prepare: async () => {
      const group = await world.group('Approvers', [max]);
      await world.delegation(ana, ben);
      await ask({ group });
      return [() => join(group, ana), ['Ana', 'Ben for Ana', 'Max']];
    },
  },
  {
    name: 'a delegate comes to be asked in their own right',
    prepare: async () => {
      const group = await world.group('Approvers', [ana]);
      await world.delegation(ana, ben);
      await ask({ group });
      return [() => join(group, ben), ['Ana', 'Ben']];
    },
  },
  {
    name: 'a release that knows no delegates has released one',
    prepare: async () => {
      await world.delegation(ana, ben);
      await ask({ person: ana });
      const close = `update approval_tasks set state = 'closed', closed_at = usher_now(), version = version + 1 where person_id = $1`;
      return [() => world.sql(close, [ben]), ['Ana', 'Ben for Ana']];
    },
  },
  {
    name: 'a release that knows no delegates has asked one in their own right',
    prepare: async () => {
      await world.delegation(ana, ben);
      await ask({ person: ana });
      const update = `update approval_tasks set capacity = 'fallback', state = $2, version = version + 1 where person_id = $1`;
      await world.sql(update, [ben, 'closed']);
      return [() => world.sql(update, [ben, 'open']), ['Ana', 'Ben for Ana']];
    },
  },
  {
    name: 'somebody decides for another one as well, whom nobody else speaks for',
    prepare: async () => {
      const eva = await world.person('Eva');
      await world.delegation(ana, ben);
      await world.delegation(ana, eva);
      const stage = { primaries: [{ person: ana }, { person: max }], approvals: 2 };
      request = (await world.ask(tara, await world.package('CRM', { stages: [stage] }))).id;
      return [() => world.delegation(max, ben), ['Ana', 'Ben for Max', 'Eva for Ana', 'Max']];
    },
  },
])('$name', async ({ prepare }) => {
  const [change, want] = await prepare();
  await settle();
  expect(await sweep()).toBe(0);
  await change();
  const notes = await world.due.approversNoted();
  expect(await world.due.misroutedBy(notes, 5)).toEqual([request]);
  expect(await world.due.misroutedStages(5)).toEqual([request]);
  expect(await sweep()).toBe(1);
  expect(await askedNow(request)).toEqual(want);
  expect(await world.due.misroutedStages(5)).toEqual([]);
  await settle();
});

let request: RequestId;
async function ask(subject: { person: PersonId } | { group: GroupId } | { manager: number }): Promise<void> {
  const pkg = await world.package('CRM', { stages: [{ primaries: [subject] }] });
  request = (await world.ask(tara, pkg)).id;
}
async function nest(parent: GroupId, child: GroupId): Promise<void> {
  await world.insert('group_nesting', { parent_id: parent, child_id: child });
  await world.sql('select refresh_group_ancestors()');
}
async function administrators(group: GroupId): Promise<void> {
  await world.insert('administrative_roles', {
    id: newId(),
    role: 'administrator',
    group_id: group,
    state: 'active',
    version: 1,
  });
}

test('what a change does not touch is not looked at; the full pass finds it all the same', async () => {
  const group = await world.group('Approvers', [ana]);
  await ask({ group });
  await settle();
  // As if nobody had noted it.
  await world.db.owner.transaction(async (transaction) => {
    await world.db.owner.query(`set local session_replication_role = replica`, { transaction });
    await world.db.owner.query(`delete from group_people`, { transaction });
  });
  await join(await world.group('Others'), ben);
  await state(ben, 'disabled');
  expect(await noted()).toBeGreaterThan(0);
  expect(await sweep()).toBe(0);
  await settle();
  expect(await world.due.misroutedStages(5)).toEqual([request]);
});

/** Tara asks; between reading and saving the act waits to go on. */
function slowly(pkg: PackageId): { read: Promise<void>; goOn: () => void; asking: Promise<RequestId> } {
  let isRead = (): void => undefined;
  let goOn = (): void => undefined;
  const read = new Promise<void>((resolve) => (isRead = resolve));
  const followed = new Promise<void>((resolve) => (goOn = resolve));
  const asking = world.store.write(byPerson(tara), async (tx) => {
    const facts = await tx.forSubmit({ requestor: tara, target: tara, package: pkg });
    isRead();
    await followed;
    const period = { startsAt: null, endsAt: null, hours: null };
    const input = { policyVersion: null, period, zone: 'Europe/Berlin', reason: 'Because', answers: {} };
    const { request: made, change } = Requests.submit(facts, input, moment(tx));
    await tx.save(change);
    return made.id;
  });
  return {
    read,
    goOn: () => {
      goOn();
    },
    asking,
  };
}

test('an act that read who approves before the change, and commits after it was followed, is found', async () => {
  const group = await world.group('Approvers', [ana, ben]);
  const pkg = await world.package('CRM', { stages: [{ primaries: [{ group }] }] });
  await settle();
  const { read, goOn, asking } = slowly(pkg);
  await read;
  await leave(group, ana);
  for (const times of [1, 2, 3]) expect([times, await sweep()]).toEqual([times, 0]);
  expect(await notedFor('approvers')).toBe(1);
  goOn();
  const id = await asking;
  expect(await askedNow(id)).toEqual(['Ana', 'Ben']);
  expect(await sweep()).toBe(1);
  expect(await askedNow(id)).toEqual(['Ben']);
  await settle();
});

test('access that begins by an act that read the scope before somebody left it ends all the same', async () => {
  const group = await world.group('Staff', [tara]);
  const pkg = await world.package('CRM', { targets: [{ group }] });
  await world.sql('update policy_versions set end_when_out_of_scope = true');
  await settle();
  const { read, goOn, asking } = slowly(pkg);
  await read;
  await leave(group, tara);
  for (const times of [1, 2, 3]) expect([times, await sweep('end-out-of-scope')]).toEqual([times, 0]);
  goOn();
  await asking;
  expect(await world.views.liveAssignment(tara, pkg)).not.toBeNull();
  expect(await sweep('end-out-of-scope')).toBe(1);
  expect(await world.views.liveAssignment(tara, pkg)).toBeNull();
  await settle();
});

test('a change that is committed behind a younger one is followed', async () => {
  const [one, other] = [await world.group('One', [ana, ben]), await world.group('Other', [ana, ben])];
  const first = await world.ask(tara, await world.package('CRM', { stages: [{ primaries: [{ group: one }] }] }));
  const second = await world.ask(tara, await world.package('ERP', { stages: [{ primaries: [{ group: other }] }] }));
  await settle();
  const late = await world.db.owner.transaction();
  await world.db.owner.query(`delete from group_people where group_id = '${one}' and person_id = '${ana}'`, {
    transaction: late,
  });
  await leave(other, ana);
  expect(await sweep()).toBe(1);
  expect(await askedNow(second.id)).toEqual(['Ben']);
  // It waits for the one that has not committed, which may have read what was before.
  await sweep();
  expect(await notedFor('approvers')).toBe(1);
  await late.commit();
  expect(await sweep()).toBe(1);
  expect(await askedNow(first.id)).toEqual(['Ben']);
  await settle();
});

test('a change while a sweep runs is for the next one', async () => {
  const group = await world.group('Approvers', [ana, ben]);
  await ask({ group });
  await settle();
  await leave(group, ana);
  const notes = await world.due.approversNoted();
  await world.store.write(bySystem, async (tx) => {
    await tx.save(Requests.reroute(await tx.forRequest(request), moment(tx)));
  });
  await leave(group, ben);
  await world.due.approversFollowed(notes);
  expect(await notedFor('approvers')).toBe(2);
  expect(await sweep()).toBe(1);
  expect(await askedNow(request)).toEqual(['Owner']);
  await settle();
});

test('two at once ask each newcomer once, and forget what both followed', async () => {
  const group = await world.group('Approvers', [ana]);
  const ids: RequestId[] = [];
  for (const name of ['CRM', 'ERP', 'HR'])
    ids.push((await world.ask(tara, await world.package(name, { stages: [{ primaries: [{ group }] }] }))).id);
  await settle();
  await join(group, ben);
  await Promise.all([sweep(), sweep()]);
  for (const id of ids) expect(await askedNow(id)).toEqual(['Ana', 'Ben']);
  expect(
    await world.sql(
      `select count(*)::integer as n from audit_events where type = 'approver.asked' and person_id = $1`,
      [ben],
    ),
  ).toEqual([{ n: 3 }]);
  while ((await notedFor('approvers')) > 0) await Promise.all([sweep(), sweep()]);
  await settle();
});

test('an act that fails leaves its notes for the next ring', async () => {
  const group = await world.group('Approvers', [ana, ben]);
  await ask({ group });
  await settle();
  await leave(group, ana);
  await world.sql(`create function fails() returns trigger language plpgsql as 'begin raise exception ''no''; end'`);
  await world.sql('create trigger fails before update on approval_tasks for each row execute function fails()');
  try {
    await sweep();
    await sweep();
    expect(await notedFor('approvers')).toBe(1);
  } finally {
    await world.sql('drop function fails cascade');
  }
  expect(await sweep()).toBe(1);
  expect(await askedNow(request)).toEqual(['Ben']);
  await settle();
});

test('one that keeps failing keeps no note but its own', async () => {
  const group = await world.group('Approvers', [ana, ben]);
  const other = await world.group('Others', [ana, ben]);
  await ask({ group });
  const second = await world.ask(tara, await world.package('ERP', { stages: [{ primaries: [{ group: other }] }] }));
  await settle();
  await world.sql(`create function fails() returns trigger language plpgsql as 'begin raise exception ''no''; end'`);
  await world.sql(
    `create trigger fails before update on approval_tasks for each row when (old.request_id = '${request}') execute function fails()`,
  );
  try {
    await leave(group, ana);
    await leave(other, ana);
    for (const person of [max, owner]) await state(person, 'disabled');
    await sweep();
    while ((await notedFor('approvers')) > 1) await sweep();
    expect(await askedNow(second.id)).toEqual(['Ben']);
    expect(
      await world.sql(`select kind, subject_id as id from directory_changes where follower = 'approvers'`),
    ).toEqual([{ kind: 'request', id: request }]);
  } finally {
    await world.sql('drop function fails cascade');
  }
  expect(await sweep()).toBe(1);
  expect(await askedNow(request)).toEqual(['Ben']);
  await settle();
});
