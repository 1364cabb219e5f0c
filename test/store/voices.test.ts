// Whom the search finds misrouted is whom the rule would ask anew, in a life of an organization where everything changes at once:
// groups, delegations, people who leave and come back, decisions, escalations (rules 3.4 to 3.6).
import { isRefusal } from '../../src/domain/errors';
import type { DelegationId, PersonId, RequestId } from '../../src/domain/model';
import * as Requests from '../../src/domain/request';
import { byPerson, bySystem, createWorld, HOUR, moment, type World } from './world';

const NAMES = ['Ana', 'Ben', 'Cas', 'Dan', 'Eva', 'Fay'];
const STEPS = 60;

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

async function running(world: World): Promise<readonly RequestId[]> {
  const rows = await world.sql(`select id from requests where state = 'pendingApproval' order by id`);
  return rows.map(({ id }) => id as RequestId);
}
/** What the rule says: whose tasks would change. */
async function wrong(world: World): Promise<readonly RequestId[]> {
  const found: RequestId[] = [];
  for (const id of await running(world))
    await world.store.write(bySystem, async (tx) => {
      const change = Requests.reroute(await tx.forRequest(id), moment(tx));
      if (change.rows.length > 0) found.push(id);
    });
  return found;
}

test('the search and the rule agree', async () => {
  const world = await createWorld();
  const any = numbers(8);
  const people: PersonId[] = [];
  for (const name of NAMES) people.push(await world.person(name));
  const owner = await world.person('Owner');
  await world.role('catalogOwner', owner, world.catalog);
  const one = (): PersonId => people[any(people.length)] as PersonId;
  const group = await world.group('Approvers', people.slice(0, 3));
  const other = await world.group('Alternates', people.slice(2, 4));
  const stage = { primaries: [{ group }], alternates: [{ group: other }], fallbacks: [{ person: owner }] };
  const stages = [
    { ...stage, approvals: 2, escalateAfterHours: 24 },
    { ...stage, approvals: 1 },
  ];
  const packages = [
    await world.package('CRM', { stages }),
    await world.package('ERP', { stages, policy: { same_person_in_stages: true } }),
  ];
  const delegations: DelegationId[] = [];
  let asked = 0;
  let misrouted = 0;
  let made = 0;

  const acts: readonly (() => Promise<unknown>)[] = [
    // Approvers ask for themselves as well, others only once.
    async () => {
      const target = any(2) === 0 ? one() : await world.person(`Target ${(made += 1)}`);
      await world.ask(target, packages[any(2)] as (typeof packages)[number]);
    },
    async () => {
      const [from, to] = [one(), one()];
      const scope = [{}, { package_id: packages[0] }, { catalog_id: world.catalog }][any(3)];
      if (from !== to) delegations.push(await world.delegation(from, to, scope));
    },
    async () => {
      const id = delegations.splice(any(delegations.length), 1)[0];
      await world.sql(
        `update delegations set state = 'ended', due_at = null, version = version + 1 where id = $1 and state = 'accepted'`,
        [id ?? null],
      );
    },
    async () => {
      const [person, list] = [one(), [group, other][any(2)]];
      await world.sql('delete from group_people where group_id = $1 and person_id = $2', [list, person]);
      if (any(3) > 0) await world.insert('group_people', { group_id: list, person_id: person });
    },
    () => {
      const state = any(3) === 0 ? 'disabled' : 'enabled';
      return world.sql('update people set state = $2, version = version + 1 where id = $1', [one(), state]);
    },
    async () => {
      const open = await world.sql(
        `select t.request_id as request, t.person_id as person from approval_tasks t join requests r on r.id = t.request_id
         join people p on p.id = t.person_id where t.state = 'open' and r.state = 'pendingApproval'
         order by t.for_id is null, r.number, p.name`,
      );
      // Delegates, who come first, speak more often than they are many.
      const { request, person } = open[any(any(2) === 0 ? open.length : Math.min(2, open.length))] ?? {};
      if (request)
        await world.store.write(byPerson(person as PersonId), async (tx) => {
          const facts = await tx.forRequest(request as RequestId);
          const voice = facts.tasks.find((task) => task.person === person && task.state === 'open')?.for ?? null;
          const shown = voice === null ? {} : { for: voice };
          const yes = { decision: 'approve', reason: null, shown, seen: facts.request.version } as const;
          await tx.save(Requests.decide(facts, person as PersonId, yes, moment(tx)));
        });
    },
    async () => {
      await world.sql(`update approval_stages set escalate_at = usher_now(), version = version + 1
        where state = 'inProgress' and escalate_at is not null and escalated_at is null`);
      for (const id of await running(world))
        await world.store.write(bySystem, async (tx) => {
          await tx.save(Requests.escalate(await tx.forRequest(id), moment(tx)));
        });
    },
    () => world.later(HOUR),
  ];

  for (let step = 0; step < STEPS; step += 1) {
    const often = [0, 0, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 7];
    await (acts[often[any(often.length)] as number] as (typeof acts)[number])().catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
    });
    const found = await world.due.misroutedStages(100);
    expect({ step, found }).toEqual({ step, found: await wrong(world) });
    misrouted += found.length;
    asked += (await running(world)).length;
    // Sometimes more happens before anybody looks.
    if (any(3) > 0) continue;
    for (const id of found)
      await world.store.write(bySystem, async (tx) => {
        await tx.save(Requests.reroute(await tx.forRequest(id), moment(tx)));
      });
    expect({ step, found: await world.due.misroutedStages(100) }).toEqual({ step, found: [] });
  }
  // A life in which nothing happened would prove nothing.
  const [heard] = await world.sql(`select count(*)::integer as n from decisions where for_id is not null`);
  expect([asked > STEPS, misrouted > 10, Number(heard?.['n']) > 2]).toEqual([true, true, true]);
});
