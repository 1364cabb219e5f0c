// Two releases side by side, while one replaces the other: what only the newer one knows is left to it, and nothing waits behind it.
// This code is the older one; the tests write what a newer one would.
import { jobs } from '../../src/jobs';
import { KEEP_TRYING_MS } from '../../src/jobs/elsewhere';
import { alarmsOf } from '../../src/operations/alarms';
import { redrive } from '../../src/operations/outgoing';
import { aWorld, cardOf, operator, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NAMES = ['A', 'B', 'C', 'D', 'E', 'F'];
const TOOLS = `
catalogs:
  - name: Tools
    owners: [olga]
    packages:
${NAMES.map(
  (name) => `      - name: Tool ${name}
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana] }], expires: 30 days, reason: optional }]`,
).join('\n')}
`;

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function ask(name: string, values: Record<string, string> = {}): Promise<void> {
  await world.submit('tara', cardOf(await world.say('tara', `request ${name}`)), values);
}
/** A row of the newer release. Returns its id. */
async function put(fields: Readonly<Record<string, unknown>>): Promise<number> {
  const [row] = await world.sql<{ id: number }>(
    `insert into outgoing (kind, notice, audience, person_id, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
     select coalesce(r.kind, 'tell'), notice, audience, people.id, 'person', '1', coalesce(lane, 'newer'), usher_now(), gen_random_uuid(), usher_now()
     from jsonb_to_record($1) as r (kind text, notice text, audience text, "user" text, lane text)
     left join people on directory_key = "user" returning outgoing.id`,
    [JSON.stringify(fields)],
  );
  return row?.id as number;
}
const rows = (what: string) =>
  world.sql(`select kind, notice, state, attempts, error from outgoing where ${what} order by id`);
const told = (user: string) => world.messagesTo(user).map(({ card }) => textOf(card));
const titles = (user: string) => told(user).map((text) => text.split('\n')[0]);
const run = (name: string) => jobs.find((job) => job.name === name)?.sweep(world.swept);
const wait = async (ms: number) => {
  await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
  await world.outgoing.settle();
};
/** A platform that was away is tried by one message first; the others come a little later. */
async function isWell(away: { over: () => void }): Promise<void> {
  away.over();
  for (let n = 0; n < 3; n += 1) await wait(15 * MINUTE);
}
/** Six approvals that Ana does not hear of, because the platform is away. */
async function gathered() {
  await world.configure(TOOLS);
  const away = world.mailbox.away();
  for (const name of NAMES) await ask(`Tool ${name}`);
  await world.outgoing.settle();
  return away;
}

test('is neither taken nor waited for, alarms meanwhile, and is given up after days, aloud', async () => {
  // A kind of its own comes with a migration of the newer release.
  await world.sql('alter table outgoing drop constraint outgoing_kind_check');
  try {
    const ids = [
      await put({ notice: 'sealed', user: 'tara' }),
      await put({ notice: 'access', audience: 'sponsors' }),
      await put({ kind: 'seal' }),
    ];
    expect([await world.outbox.nextAt(), await world.outbox.claim(10, MINUTE)]).toEqual([null, []]);
    const known = await put({ notice: 'request', user: 'tara' });
    // One that the newer release works right now holds the lane like any other.
    await world.sql(`update outgoing set state = 'leased', lease = gen_random_uuid() where id = $1`, [ids[2]]);
    const beside = await put({ notice: 'request', user: 'tara', lane: 'beside' });
    expect(await world.outbox.claim(10, MINUTE)).toMatchObject([{ lease: { id: beside } }]);
    // Whose worker ended, where no other one of that release is left: nobody else gives the lane back.
    await world.sql(`update outgoing set lease_until = 'epoch' where id = $1`, [ids[2]]);
    expect(await world.outbox.reap([], ['place'])).toBe(1);
    expect(await world.outbox.claim(10, MINUTE)).toMatchObject([{ lease: { id: known } }]);

    await wait(HOUR);
    const { outgoing } = await world.due.backlog();
    expect(alarmsOf(await world.due.backlog())).toMatchObject([{ alarm: 'messagesLate', count: 3 }]);
    expect(outgoing.map(({ due }) => due)).toEqual([0, 0]);
    // It counts since when nobody took it: the newer one may have tried it all the time.
    await world.sql(`update outgoing set created_at = 'epoch' where notice = 'sealed'`);
    await wait(KEEP_TRYING_MS - 2 * HOUR);
    await run('give-up-unknown');
    expect(await rows(`state = 'ready'`)).toHaveLength(3);
    // The newer one tries the first of a lane all the time, and the others wait for it.
    await put({ notice: 'sealed', user: 'tara', lane: 'tried' });
    const behind = await put({ notice: 'sealed', user: 'tara', lane: 'tried' });
    await world.sql(`update outgoing set next_at = 'epoch' where id = $1`, [behind]);
    await run('give-up-unknown');
    expect(await rows(`lane = 'tried' and state = 'ready'`)).toHaveLength(2);
    // Once its platform is back it works one after the other, and none of them was due anew.
    await world.sql(`update outgoing set next_at = 'epoch' where lane = 'tried'`);
    await world.sql(
      `update outgoing set state = 'leased', lease = gen_random_uuid() where lane = 'tried' and id <> $1`,
      [behind],
    );
    await run('give-up-unknown');
    expect(await rows(`lane = 'tried' and state = 'ready'`)).toHaveLength(1);
    await world.sql(`delete from outgoing where lane = 'tried'`);
    // What is known may wait longer for its turn.
    await put({ notice: 'request', user: 'tara', lane: 'held' });
    await world.sql(`update outgoing set next_at = 'epoch' where lane = 'held'`);
    await wait(2 * HOUR);
    await world.sql(`update outgoing set state = 'ready', settled_at = null where lane = 'held'`);
    await run('give-up-unknown');
    expect(await rows(`state = 'dead'`)).toEqual([
      { kind: 'tell', notice: 'sealed', state: 'dead', attempts: 0, error: 'unknown: tell sealed' },
      { kind: 'tell', notice: 'access', state: 'dead', attempts: 0, error: 'unknown: tell access sponsors' },
      { kind: 'seal', notice: null, state: 'dead', attempts: 0, error: 'unknown: seal' },
    ]);
    expect(await world.outbox.dead(10)).toHaveLength(3);
    for (const id of ids) expect(await redrive(world.desk, operator, id)).toBe(true);
    await run('give-up-unknown');
    expect(await rows(`state = 'dead'`)).toEqual([]);
  } finally {
    await world.sql(`delete from outgoing where kind = 'seal'`);
    await world.sql(
      `alter table outgoing add constraint outgoing_kind_check check (kind in ('tell', 'redraw', 'place'))`,
    );
  }
});

test('holds up nobody who waits for word of the same request', async () => {
  await ask('ledger reader', { reason: 'month end' });
  await world.settle();
  const [request] = await world.sql<{ id: string }>('select id from requests');
  await put({ notice: 'access', audience: 'sponsors', lane: `tell:request:${request?.id}` });
  const before = told('tara').length;
  await world.say('ana', 'deny R-1001 because no');
  await world.outgoing.settle();
  expect(titles('tara').slice(before)).toEqual([expect.stringContaining('denied')]);
});

test('becomes no part of one message, however long a platform was away', async () => {
  const away = await gathered();
  await put({ notice: 'sealed', user: 'ana' });
  await put({ notice: 'sealed', user: 'ben' });
  await wait(70 * MINUTE);
  await run('gather-messages');
  const left = { kind: 'tell', notice: 'sealed', state: 'ready', attempts: 0, error: null };
  expect(await rows(`notice = 'sealed'`)).toEqual([left, left]);
  await isWell(away);
  expect(titles('ana')).toEqual(['6 things to know']);
  expect(await rows(`notice = 'sealed'`)).toEqual([left, left]);
});

describe('is taken out of one message that the newer release made', () => {
  // Two of the approvals that it gathered are of a kind of its own.
  const seal = (few: string) =>
    world.sql(`with of_its_own as (
        update outgoing set notice = 'sealed' where notice = 'approval' and state = 'done' and error like 'digest:%' ${few} returning id)
      update outgoing set params = params || jsonb_build_object('items', (
        select jsonb_agg(case when (item ->> 'row')::bigint in (select id from of_its_own) then item || '{"notice": "sealed~1"}' else item end)::text
        from jsonb_array_elements((params ->> 'items')::jsonb) item))
      where notice = 'digest'`);

  test('so that what is known is said at once, and the rest by the newer one', async () => {
    const away = await gathered();
    await wait(6 * MINUTE);
    await run('gather-messages');
    await seal(`and subject_id in (select id::text from requests where number in (1003, 1006))`);
    // Where one message cannot remember all, what nobody here knows counts as a duty.
    await world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
      select 'tell', 'access', id, 'assignment', gen_random_uuid(), 'flood' || n, usher_now(), 'flood' || n, usher_now() - interval '1 hour'
      from people, generate_series(1, 200) n where directory_key = 'ana'`);
    await run('gather-messages');
    expect(
      await world.sql(`select split_part(item ->> 'notice', '~', 1) as notice, count(*)::integer as kept
        from outgoing o join people on people.id = person_id and directory_key = 'ana', jsonb_array_elements((params ->> 'items')::jsonb) item
        where o.notice = 'digest' group by 1 order by 1`),
    ).toEqual([
      { notice: 'access', kept: 194 },
      { notice: 'approval', kept: 4 },
      { notice: 'sealed', kept: 2 },
    ]);
    await isWell(away);
    const [only, ...others] = told('ana');
    expect(others).toEqual([]);
    expect([only?.split('\n')[0], only?.includes('more'), only?.includes('R-1003')]).toEqual([
      '4 things to know',
      false,
      false,
    ]);
    // The newer one finds them as they were, and looks whether they are out before it tells them.
    const left = { state: 'ready', error: 'given_back' };
    expect(await rows(`notice = 'sealed'`)).toMatchObject([left, left]);
    await world.sql(`update outgoing set notice = 'approval' where notice = 'sealed'`);
    await world.allOut();
    expect(titles('ana').slice(1).toSorted()).toEqual([
      'R-1003 Tool C: Tara Lind asks for Tool C',
      'R-1006 Tool F: Tara Lind asks for Tool F',
    ]);
  });

  test('and where nothing else is in it, no message is sent, and the newer one makes another', async () => {
    const away = await gathered();
    await wait(6 * MINUTE);
    await run('gather-messages');
    await seal('');
    await isWell(away);
    expect([told('ana'), await rows(`notice = 'digest' and state <> 'done'`)]).toEqual([[], []]);
    await world.sql(`update outgoing set notice = 'approval' where notice = 'sealed'`);
    await run('gather-messages');
    await world.allOut();
    expect(titles('ana')).toEqual(['6 things to know']);
  });
});

test('is not drawn over: of the cards of a request each release draws those that it knows', async () => {
  await ask('ledger reader', { reason: 'month end' });
  await world.settle();
  const shown = () => told('ana').at(-1);
  const before = shown();
  await world.sql(`update cards set view = replace(view, 'approval', 'sealed')`);
  await world.say('tara', 'cancel R-1001');
  await world.outgoing.settle();
  expect(shown()).toBe(before);
  const left = { kind: 'redraw', notice: 'sealed', state: 'ready', attempts: 0, error: null };
  expect(await rows(`state = 'ready'`)).toContainEqual(left);
  expect(await world.outbox.nextAt()).toBeNull();
  // The newer one knows them.
  await world.sql(`update cards set view = replace(view, 'sealed', 'approval')`);
  await world.sql(`update outgoing set notice = 'approval' where notice = 'sealed'`);
  await world.outgoing.settle();
  expect(shown()).not.toBe(before);
  expect(await rows(`state = 'ready'`)).toEqual([]);
});
