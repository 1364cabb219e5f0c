// Who leaves the scope of a policy that says so loses what it gave (rule 3.16), and many at once only by somebody's word (rule 3.15).
import { outOfScope } from '../../src/domain/scope';
import type { AssignmentId } from '../../src/domain/model';
import { endOutOfScope, jobs } from '../../src/jobs';
import { alarmsOf } from '../../src/operations/alarms';
import { endForGone } from '../../src/operations/assignments';
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const staff = ['tara', 'tom', 'cas', 'ben', 'max', 'ana'];
const configuration = (members: readonly string[], policy = 'endWhenOutOfScope: true'): string =>
  SMALL.replace('groups:\n', `groups:\n  - { name: Staff, people: [${members.join(', ')}] }\n`).replace(
    '      - name: Ledger auditor\n',
    `      - name: Ledger team
        roles: [Ledger / Writer]
        policies:
          - { name: Staff, who: { group: Staff }, expires: 30 days, reason: optional, ${policy} }
      - name: Ledger auditor
`,
  );

let world: World;
beforeEach(async () => {
  world = await aWorld(configuration(staff));
});

async function take(...users: string[]): Promise<void> {
  for (const user of users) await world.submit(user, cardOf(await world.say(user, 'request ledger team')), {});
  await world.settle();
}
async function holders(): Promise<string[]> {
  const rows = await world.sql<{ key: string }>(
    `select directory_key as key from assignments join people on people.id = target_id where ended_at is null order by 1`,
  );
  return rows.map(({ key }) => key);
}
const without = (...gone: string[]): string[] => staff.filter((one) => !gone.includes(one));
const job = (): Promise<number> => endOutOfScope(world.swept);
const ownersCard = () => {
  const found = world.messagesTo('olga').findLast(({ card }) => textOf(card).includes('among those it is for'));
  if (!found) throw new Error('Olga was told nothing');
  return found.card;
};

test('a leaver loses it as by a removal of the system, reads why, and the owner hears of it', async () => {
  await take('tara', 'tom', 'cas');
  await world.configure(configuration(without('tara')));
  await world.settle();
  expect(await holders()).toEqual(['cas', 'tom']);
  expect(await world.sql(`select type, state, detail, requestor_id from requests where type = 'systemRemove'`)).toEqual(
    [{ type: 'systemRemove', state: 'removed', detail: 'outOfScope', requestor_id: null }],
  );
  expect(await world.sql(`select actor_name from audit_events where type = 'assignment.ending'`)).toEqual([
    { actor_name: 'end-out-of-scope' },
  ]);
  expect(await world.sql(`select 1 from local_roles where subject = 'tara'`)).toEqual([]);
  const told = world.messagesTo('tara').at(-1);
  expect(told && textOf(told.card)).toContain('you are no longer among those it is for');
  expect(told && buttons(told.card).has('Ask again')).toBe(false);
  expect(textOf(ownersCard())).toContain('1 person is no longer among those it is for, so the access ends: Tara Lind.');
  expect(buttons(ownersCard()).has('Remove')).toBe(false);
});

test('what the policy does not say ends nothing', async () => {
  await world.configure(configuration(staff, 'endWhenOutOfScope: false'));
  await take('tara');
  await world.configure(configuration(without('tara'), 'endWhenOutOfScope: false'));
  await world.settle();
  expect(await holders()).toEqual(['tara']);
});

test('the policy as it is now counts: once it says so, whoever left before loses it', async () => {
  await world.configure(configuration(staff, 'endWhenOutOfScope: false'));
  await take('tara', 'tom');
  await world.configure(configuration(without('tara'), 'endWhenOutOfScope: false'));
  await world.settle();
  await world.configure(configuration(without('tara')));
  await world.settle();
  expect(await holders()).toEqual(['tom']);
});

test('a group that leaves the group takes its people with it', async () => {
  const nested = (inside: string): string =>
    configuration(['tom']).replace(
      'people: [tom] }',
      `people: [tom]${inside} }\n  - { name: Juniors, people: [tara] }`,
    );
  await world.configure(nested(', groups: [Juniors]'));
  await take('tara', 'tom');
  await world.configure(nested(', groups: []'));
  await world.settle();
  expect(await holders()).toEqual(['tom']);
});

test('an extension that still waits is canceled with it', async () => {
  const approved =
    'endWhenOutOfScope: true, extension: { approval: true }, approval: [{ approvers: olga, decideWithin: 3 days }]';
  await world.configure(configuration(staff, approved));
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger team')), {});
  await world.settle();
  await world.say('olga', 'approve R-1001');
  await world.settle();
  await world.pass(20 * 86_400_000);
  await world.submit('tara', cardOf(await world.say('tara', 'extend ledger team')), {});
  await world.settle();
  await world.configure(configuration(without('tara'), approved));
  await world.settle();
  expect(await world.sql(`select state, detail from requests where type = 'userExtend'`)).toEqual([
    { state: 'canceled', detail: 'outOfScope' },
  ]);
});

describe('many at once', () => {
  const five = ['tara', 'tom', 'cas', 'ben', 'max'];
  beforeEach(async () => {
    await take(...five);
    await world.configure(configuration(['ana', 'olga']));
    await world.settle();
  });

  test('all five keep it, and an alarm rings, until an owner says so', async () => {
    expect(await holders()).toEqual(five.toSorted());
    expect(textOf(ownersCard())).toContain('5 people of the 5 who have it are no longer among those it is for');
    expect(alarmsOf(await world.due.backlog())).toMatchObject([{ alarm: 'leaversHeld', count: 5 }]);
    await world.pass(3_600_000);
    expect(await holders()).toEqual(five.toSorted());
    expect(
      world.messagesTo('olga').filter(({ card }) => textOf(card).startsWith('Shall 5 people lose Ledger team?')),
    ).toHaveLength(1);

    const card = ownersCard();
    await world.press('olga', card, 'Remove');
    const late = await world.press('olga', card, 'Remove', 'late');
    expect(sentenceOf(late)).toMatch(
      /^You pressed Remove for Ledger team on .* Nothing waits for your word any more.$/,
    );
    expect(sentenceOf(late)).not.toContain('Nobody lost anything');
    await world.settle();
    expect(await holders()).toEqual([]);
    expect(alarmsOf(await world.due.backlog())).toEqual([]);
    expect(textOf(ownersCard())).toContain('5 people are no longer among those it is for, so the access ends');
    expect(
      await world.sql(
        `select directory_key, data from audit_events join people on people.id = actor_id where type = 'package.leaversConfirmed'`,
      ),
    ).toEqual([{ directory_key: 'olga', data: { people: 5, set: expect.any(String) as string } }]);
  });

  test('of two who press at the same moment the second reads who was first', async () => {
    const card = ownersCard();
    const both = await Promise.all(['olga', 'ada'].map((user) => world.press(user, card, 'Remove')));
    const [first] = await world.sql<{ actor: string }>(
      `select name as actor from audit_events join people on people.id = actor_id where type = 'package.leaversConfirmed'`,
    );
    const second = both.map(sentenceOf).filter((said) => said.includes('Nothing waits for your word'));
    expect(second).toEqual([expect.stringContaining(`${String(first?.actor)} pressed Remove for Ledger team on `)]);
  });

  test('nobody pressed Remove for those who are back, also where somebody did for others before', async () => {
    await world.press('olga', ownersCard(), 'Remove');
    await world.settle();
    await world.configure(configuration([...staff, 'olga']));
    await take(...staff);
    await world.configure(configuration(['olga']));
    await world.settle();
    const card = ownersCard();
    expect([...buttons(card).keys()]).toContain('Remove');
    await world.configure(configuration([...staff, 'olga']));
    await world.settle();
    expect(sentenceOf(await world.press('olga', card, 'Remove'))).toBe(
      'Nobody’s access to Ledger team waits for your word any more.',
    );
  });

  test('nobody else can say so, neither by the button nor by words', async () => {
    const reply = await world.press('tom', ownersCard(), 'Remove');
    expect(sentenceOf(reply)).not.toBe('');
    expect(sentenceOf(await world.say('tom', 'remove leavers from ledger team'))).toContain('You may not do that.');
    await world.settle();
    expect(await holders()).toEqual(five.toSorted());
  });

  test('the words of the card do it as well, and only to those it named; without them it is shown first', async () => {
    const wordsIn = (text: string): string => /remove leavers from Ledger team [0-9a-f]{8}/.exec(text)?.[0] ?? '';
    const before = wordsIn(textOf(ownersCard()));
    await world.configure(configuration([...five, 'ana', 'olga']));
    await world.settle();
    await world.pass(60_000);
    await world.configure(configuration(['ana', 'olga']));
    await world.settle();
    const old = await world.say('olga', before);
    expect(sentenceOf(old)).toContain('not the ones you saw any more. Nobody lost anything.');
    expect(textOf(cardOf(old))).toContain('5 people of the 5');
    const shown = textOf(cardOf(await world.say('olga', 'remove leavers from ledger team')));
    expect(shown).toContain('5 people of the 5');
    for (const half of ['remove leavers', 'remove leavers from'])
      expect([half, textOf(cardOf(await world.say('olga', half)))]).toEqual([half, shown]);
    expect(sentenceOf(await world.say('tom', 'remove leavers'))).toBe(
      'Nobody’s access waits for your word. Nothing to do.',
    );
    await world.settle();
    expect(await holders()).toEqual(five.toSorted());
    expect(textOf(cardOf(await world.say('olga', wordsIn(shown))))).toContain('the access ends');
    await world.settle();
    expect(await holders()).toEqual([]);
  });

  test('whoever is back keeps it, and the owner reads that there is nothing to decide', async () => {
    await world.configure(configuration([...five, 'olga']));
    await world.settle();
    expect(textOf(ownersCard())).toContain('Everybody who has it is among those it is for.');
    expect(buttons(ownersCard()).has('Remove')).toBe(false);
    expect(alarmsOf(await world.due.backlog())).toEqual([]);
    expect(await world.sql('select 1 from scope_leavers')).toEqual([]);
    expect(await holders()).toEqual(five.toSorted());
  });

  test('the button ends only what its card said; who left since is another question', async () => {
    const before = ownersCard();
    await world.configure(configuration([...five, 'ana', 'olga']));
    await world.settle();
    await world.pass(60_000);
    await world.configure(configuration(['ana', 'olga']));
    await world.settle();
    const late = await world.press('olga', before, 'Remove');
    expect(sentenceOf(late)).toContain('not the ones you saw any more. Nobody lost anything.');
    expect(textOf(cardOf(late))).toContain('5 people of the 5');
    await world.settle();
    expect(await holders()).toEqual(five.toSorted());
    await world.press('olga', cardOf(late), 'Remove');
    await world.settle();
    expect(await holders()).toEqual([]);
  });

  test('nor whoever is asked about at the instant of its drawing, and is not named by it', async () => {
    await take('ana');
    const before = ownersCard();
    await world.configure(configuration(['olga']));
    await job();
    await world.sql(`update scope_leavers set at = (select min(at) from scope_leavers) where state = 'asked'`);
    const late = await world.press('olga', before, 'Remove');
    expect(sentenceOf(late)).toContain('not the ones you saw any more');
    expect(textOf(cardOf(late))).toContain('6 people of the 6');
    await world.settle();
    expect(await holders()).toEqual([...five, 'ana'].toSorted());
  });

  test('one more waits with them, and once somebody has answered a single one is not held back', async () => {
    await take('ana');
    await world.configure(configuration(['olga']));
    await world.settle();
    expect(await holders()).toEqual([...five, 'ana'].toSorted());
    expect(textOf(ownersCard())).toContain('6 people of the 6');
    await world.press('olga', ownersCard(), 'Remove');
    await world.settle();
    expect(await holders()).toEqual([]);
    await take('olga');
    expect(await holders()).toEqual(['olga']);
    await world.configure(configuration(['ana']));
    await world.settle();
    expect(await holders()).toEqual([]);
  });

  test('a word about who was back in between says nothing about their leaving once more', async () => {
    await world.press('olga', ownersCard(), 'Remove');
    const found = async (members: readonly string[]) => {
      await world.configure(configuration(members));
      await world.due.scopesLeft();
      return world.sql('select distinct state, confirmed from scope_leavers');
    };
    expect(await found([...five, 'olga'])).toEqual([{ state: 'over', confirmed: true }]);
    expect(await found(['olga'])).toEqual([{ state: 'found', confirmed: false }]);
  });

  test('while they wait they are not looked at again, and who gives it up is none of them at once', async () => {
    expect(await world.due.scopesLeft()).toEqual([]);
    const [own] = await world.sql<{ id: AssignmentId }>(
      `select a.id from assignments a join people on people.id = target_id where directory_key = 'tara'`,
    );
    await endForGone(world.desk, { actor: { kind: 'system', name: 'test' }, via: 'test' }, own?.id as AssignmentId);
    await world.settle();
    expect(textOf(ownersCard())).toContain('4 people of the 4');
    expect(alarmsOf(await world.due.backlog())).toMatchObject([{ alarm: 'leaversHeld', count: 4 }]);
  });
});

test('those who leave in steps are judged together', async () => {
  await take(...staff);
  await world.configure(configuration(['ana', 'max']));
  await world.settle();
  expect(await holders()).toEqual(['ana', 'max']);
  await world.configure(configuration(['olga']));
  await world.settle();
  expect(await holders()).toEqual(['ana', 'max']);
  expect(textOf(ownersCard())).toContain('2 people of the 2');
});

const enabled = (key: string, state: 'enabled' | 'disabled') =>
  world.sql('update people set state = $2 where directory_key = $1', [key, state]);
/** All that is noted so far is followed and forgotten, and ends nothing. */
async function followed(): Promise<void> {
  do expect(await job()).toBe(0);
  while ((await world.sql(`select from directory_changes where follower = 'scope'`)).length > 0);
}

test('who was disabled, left the scope and is back is found', async () => {
  await take('tara', 'tom', 'cas');
  await enabled('tara', 'disabled');
  await world.configure(configuration(without('tara')));
  await followed();
  await enabled('tara', 'enabled');
  expect(await job()).toBe(1);
  expect(await holders()).toEqual(['cas', 'tom']);
});

test('who was disabled loses the access, however soon they are back, and keeps what they get then', async () => {
  await take('tara', 'tom');
  await enabled('tara', 'disabled');
  await enabled('tara', 'enabled');
  await world.settle();
  expect(await holders()).toEqual(['tom']);
  await take('tara');
  expect(await holders()).toEqual(['tara', 'tom']);
  expect(await world.sql(`select end_reason from assignments where ended_at is not null`)).toEqual([
    { end_reason: 'targetDisabled' },
  ]);
  expect(await world.sql('select from leaver_access')).toEqual([]);
});

test('so does what was asked for them, and by them for others, and not what they ask for then', async () => {
  const reasons = { reason: 'closing', 'answer.ticket': 'T-9' };
  const ask = async (user: string, what: string): Promise<void> => {
    await world.submit(user, cardOf(await world.say(user, `request ${what}`)), reasons);
  };
  const requests = () =>
    world.sql(
      `select directory_key as target, r.state, detail from requests r join people on people.id = target_id order by number`,
    );
  await ask('tara', 'ledger reader');
  await ask('max', 'ledger writer for tom');
  await world.settle();
  for (const who of ['tara', 'max']) {
    await enabled(who, 'disabled');
    await enabled(who, 'enabled');
  }
  await world.settle();
  const ended = [
    { target: 'tara', state: 'canceled', detail: 'targetDisabled' },
    { target: 'tom', state: 'canceled', detail: 'requestorDisabled' },
  ];
  expect(await requests()).toEqual(ended);
  await ask('tara', 'ledger reader');
  await world.settle();
  expect(await requests()).toEqual([...ended, { target: 'tara', state: 'pendingApproval', detail: null }]);
  expect(await world.sql('select from leaver_requests')).toEqual([]);
});

test('who left without a note is found by the full pass', async () => {
  await take('tara', 'tom', 'cas');
  await followed();
  await world.sql('alter table group_people disable trigger user');
  await world.sql(`delete from group_people where person_id = (select id from people where directory_key = 'tara')`);
  await world.sql('alter table group_people enable trigger user');
  expect(await job()).toBe(0);
  await jobs.find(({ name }) => name === 'note-scopes')?.sweep(world.swept);
  expect(await job()).toBe(1);
  expect(await holders()).toEqual(['cas', 'tom']);
});

test('more than one statement looks at are found', async () => {
  await take('tara');
  await world.sql(`
    with made as materialized (select usher_id() as person, usher_id() as assignment, usher_id() as request, n from generate_series(1, 5001) n),
    held as materialized (select r.* from justifications j join requests r on r.id = j.request_id limit 1),
    p as (insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
      select person, 'more ' || n, 'More ' || n, 'member', 'enabled', 'UTC', 'en', 1 from made),
    a as (insert into assignments (id, target_id, package_id, state, starts_at, reminded, version)
      select assignment, person, package_id, 'delivered', now(), 0, 1 from made, held),
    r as (insert into requests (id, type, state, target_id, requestor_id, package_id, package_version_id, policy_version_id, assignment_id,
        zone, created_at, approved_at, version)
      select request, type, 'delivered', person, person, package_id, package_version_id, policy_version_id, assignment, 'UTC', now(), now(), 1
      from made, held)
    insert into justifications (id, assignment_id, kind, request_id, policy_version_id, starts_at, period_at, version)
    select usher_id(), assignment, 'request', request, policy_version_id, now(), now(), 1 from made, held`);
  // Twice: what is noted and was not looked at yet needs no other note.
  await world.due.noteScopes();
  await world.due.noteScopes();
  expect(
    await world.sql(
      `select subject_id from directory_changes where follower = 'scope' and kind = 'policy' group by 1 having count(*) > 1`,
    ),
  ).toEqual([]);
  expect(await world.due.scopesLeft()).toHaveLength(1);
  expect(await world.sql(`select count(*)::integer as n from scope_leavers where state = 'found'`)).toEqual([
    { n: 5001 },
  ]);
});

test('two processes end it once, and nothing noted means nothing read twice', async () => {
  await take('tara', 'tom', 'cas');
  await world.configure(configuration(without('tara', 'tom')));
  await Promise.all([job(), job()]);
  expect(await holders()).toEqual(['cas']);
  expect(await world.sql(`select count(*)::integer as n from requests where type = 'systemRemove'`)).toEqual([
    { n: 2 },
  ]);
  expect(
    await world.sql(`select count(*)::integer as n from audit_events where type = 'package.leaversFound'`),
  ).toEqual([{ n: 1 }]);
});

test('what is found at once is what the rule finds one by one', async () => {
  await world.sql(
    `insert into organizations (id, name, state, version) values (usher_id(), 'Tailspin', 'configured', 1), (usher_id(), 'Fabrikam', 'proposed', 1)`,
  );
  const cases = await world.sql<{ id: AssignmentId; state: string; person: string }>(`
    with kinds as (select * from unnest(array['person', 'group', 'organization', 'allMembers', 'allMembersAndGuests',
        'allConfiguredOrganizations', 'anyone']) as kind),
    made as materialized (
      select usher_id() as policy, usher_id() as version, usher_id() as person, usher_id() as assignment, usher_id() as request,
        kinds.kind, mode, ends, enabled, meant, who, state,
        row_number() over () as n, (select id from packages where name = 'Ledger team') as package,
        (select id from organizations where name = case when meant then 'Tailspin' else 'Fabrikam' end) as organization
      from kinds, unnest(array['request', 'direct']) as mode, unnest(array[true, false]) as ends,
        unnest(array['enabled', 'disabled']) as enabled, unnest(array[true, false]) as meant,
        unnest(array['enabled', 'disabled']) as who, unnest(array['scheduled', 'delivered', 'partiallyDelivered']) as state
    ), p as (
      insert into people (id, directory_key, name, kind, state, organization_id, time_zone, locale, version)
      select person, 'case ' || n, 'Case ' || n, case when kind like 'all%s' and kind <> 'allMembers' or kind = 'organization' or not meant
        then 'guest' else 'member' end, who, case when kind in ('organization', 'allConfiguredOrganizations') or not meant then organization end,
        'UTC', 'en', 1 from made
    ), o as (
      insert into policies (id, package_id, name, state, current_version_id, version)
      select policy, package, 'Case ' || n, enabled, version, 1 from made
    ), v as (
      insert into policy_versions (id, policy_id, number, name, mode, expiration, custom_period, reason_required, self_request, on_behalf,
        self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages, created_at)
      select version, policy, 1, 'Case', mode, 'never', false, false, true, false, true, true, false, ends, false, now() from made
    ), s as (
      insert into policy_subjects (policy_version_id, purpose, n, position, kind, person_id, group_id, organization_id)
      select version, 'target', 0, 0, kind,
        case kind when 'person' then case when meant then person else (select id from people where directory_key = 'ana') end end,
        case kind when 'group' then (select id from groups where name = 'Staff') end,
        case kind when 'organization' then (select id from organizations where name = 'Tailspin') end
      from made
    ), g as (
      insert into group_people (group_id, person_id) select (select id from groups where name = 'Staff'), person from made
      where kind = 'group' and meant
    ), a as (
      insert into assignments (id, target_id, package_id, state, starts_at, reminded, version)
      select assignment, person, package, state, now(), 0, 2 from made
    ), r as (
      insert into requests (id, type, state, target_id, requestor_id, package_id, package_version_id, policy_version_id, assignment_id, zone,
        created_at, approved_at, version)
      select request, 'userAdd', 'delivered', person, person, package, (select current_version_id from packages where id = package), version,
        assignment, 'UTC', now(), now(), 1 from made
    ), j as (
      insert into justifications (id, assignment_id, kind, request_id, policy_version_id, starts_at, period_at, version)
      select usher_id(), assignment, 'request', request, version, now(), now(), 1 from made
    )
    select assignment as id, state, who as person from made order by n`);
  await world.sql(`insert into directory_changes (follower, kind, subject_id)
    select 'scope', 'policy', id from policies where package_id = (select id from packages where name = 'Ledger team')`);
  await world.due.scopesLeft();
  const found = new Set(
    (await world.sql<{ id: string }>('select assignment_id as id from scope_leavers')).map(({ id }) => id),
  );
  const want: string[] = [];
  for (const { id, state, person } of cases) {
    const left = await world.store.write({ actor: { kind: 'system', name: 'test' }, via: 'test' }, (tx) =>
      tx.scopesOf(id),
    );
    if (state !== 'scheduled' && person === 'enabled' && outOfScope(left).length > 0) want.push(id);
  }
  expect([...found].toSorted()).toEqual(want.toSorted());
  expect([want.length > 0, want.length < cases.length / 8]).toEqual([true, true]);
});

test('the job is in the table', () => {
  expect(jobs.find(({ sweep }) => sweep === endOutOfScope)).toMatchObject({ misfire: 'catchUp' });
});
