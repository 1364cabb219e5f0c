// Where a comparison would change very much at once it asks those in charge, and does what they accept: that, and nothing else
// (rule 3.15).
import { CLOSED } from '../../src/chat/follow';
import type { PersonId, ResourceId } from '../../src/domain/model';
import type { By } from '../../src/operations/ports';
import { answer, conclude, repair } from '../../src/operations/drift';
import { toMessage } from '../../src/channels/slack/blocks';
import type { Card } from '../../src/chat/card';
import { alarmsOf } from '../../src/operations/alarms';
import { expectSound } from '../support/invariants';
import { LEAVING, aWorld, buttons, cardOf, sentenceOf, SMALL, textOf, operator } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
  await world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Ledger, connector: local, owners: [olga, cas], drift: { extra: repair } }
`);
  await crowd(22);
});

const outside = (user: string, present: boolean) => world.localRoles.set(user, 'Ledger', 'Reader', 'root', present);
/** People whom the directory knows, and who have a role that nothing explains. */
async function crowd(size: number, from = 0): Promise<void> {
  const keys = Array.from({ length: size }, (_, n) => `crowd${from + n}`);
  const people = keys.map((key, n) => `  - { key: ${key}, name: Crowd ${String(from + n).padStart(2, '0')} }`);
  await world.configure(`people:\n${people.join('\n')}\n`);
  for (const key of keys) await outside(key, true);
}
/** A comparison that was concluded, with nothing of it done yet. */
async function concluded() {
  const [resource] = await world.sql<{ id: ResourceId }>(`select id from resources where name = 'Ledger'`);
  const comparing = resource && (await world.comparisons.begin(resource.id));
  if (!comparing) throw new Error('nothing to compare');
  const holders = await world.sql<{ directoryKey: string; role: string; scope: string }>(
    `select subject as "directoryKey", role, scope from local_roles where resource = 'Ledger'`,
  );
  await world.comparisons.add(comparing, holders);
  return conclude(world.desk, operator, comparing.token);
}
const told = (user: string): Card[] =>
  world
    .messagesTo(user)
    .map(({ card }) => card)
    .filter((card) => card.name === 'drift');
const asked = (user = 'olga'): Card => {
  const card = told(user).at(-1);
  if (!card) throw new Error('nobody was asked');
  return card;
};
const left = async (): Promise<number> =>
  Number((await world.sql<{ n: string }>(`select count(*) as n from local_roles where subject like 'crowd%'`))[0]?.n);
const trail = async () =>
  world.sql(
    `select e.type, p.directory_key as by, e.data - 'set' as data from audit_events e left join people p on p.id = e.actor_id
     where e.type in ('resource.driftAccepted', 'resource.driftDeclined') order by e.id`,
  );

test('who left before anybody was asked is one of all who would lose it', async () => {
  for (let n = 6; n < 22; n += 1) await outside(`crowd${n}`, false);
  await world.configure('people: [{ key: crowd0, name: Crowd 00, enabled: false }]', true);
  await world.compare();
  expect(await left()).toBe(5);
  expect(textOf(asked())).toContain('5 people have access');
});

describe('whoever keeps the system no more', () => {
  const owners = (ledger: string, catalog: string) =>
    world.configure(`catalogs:
  - name: Finance
    owners: ${catalog}
    resources: [{ name: Ledger, connector: local, owners: ${ledger}, drift: { extra: repair } }]
`);
  const HELD = 'Access to Ledger was changed outside of Usher';
  const all = (user: string) =>
    world
      .messagesTo(user)
      .map(({ card }) => textOf(card))
      .join('\n');
  const says = (user: string) => textOf(asked(user)).split('\n')[0];

  test('because a group changed within the one that owns it reads nothing of it any more, and is looked at once', async () => {
    await owners('[{ group: Approvers }]', 'olga');
    await world.compare();
    expect([says('ana'), says('ben')]).toEqual([HELD, HELD]);
    const read = textOf(asked('ana'));
    await world.configure('groups: [{ name: Inner approvers, people: [cas] }]');
    await world.pass(5 * MINUTE);
    expect([told('ben'), all('ben')]).toEqual([[], expect.not.stringMatching(/Ledger|Crowd/)]);
    expect(textOf(asked('ana'))).toBe(read);
    const changes = world.messagesTo('ben').map((message) => message.changes);
    // Looked at once, and not again at each round.
    const looks = () =>
      world.sql(`select count(*)::int from outgoing where kind = 'redraw' and subject_kind = 'resource'`);
    await world.pass(5 * MINUTE);
    const before = await looks();
    for (let round = 0; round < 3; round += 1) await world.pass(5 * MINUTE);
    expect([await looks(), world.messagesTo('ben').map((message) => message.changes)]).toEqual([before, changes]);
  });

  test('is looked at once a day where nothing can be changed, and at once where one more follows', async () => {
    await owners('[{ group: Approvers }]', 'olga');
    await world.compare();
    const closed = (await world.due.closeForFormer(CLOSED)) + (await world.due.closeForFormer(CLOSED));
    expect(closed).toBe(0);
    await world.configure('groups: [{ name: Inner approvers, people: [cas] }]');
    // One day of UTC, wherever the test began.
    const day = 24 * HOUR;
    const at = (await world.desk.views.now()).getTime();
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [day - (at % day) + MINUTE]);
    const look = async () => world.due.closeForFormer(CLOSED);
    expect([await look(), await look()]).toEqual([1, 0]);
    await world.configure('groups: [{ name: Approvers, people: [cas] }]');
    expect([await look(), await look()]).toEqual([1, 0]);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [day]);
    expect([await look(), await look()]).toEqual([1, 0]);
  });

  test('because another owns its catalog reads nothing of it any more', async () => {
    await owners('[]', 'olga');
    await world.compare();
    expect(says('olga')).toBe(HELD);
    await owners('[]', 'cas');
    await world.pass(5 * MINUTE);
    expect([told('olga'), all('olga')]).toEqual([[], expect.not.stringMatching(/Ledger|Crowd/)]);
  });
});

describe('where it would take access from very many', () => {
  beforeEach(() => world.compare());

  test('those in charge see what would happen, and are asked once', async () => {
    const card = asked();
    expect([...buttons(card).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    const set = String(buttons(card).get('Accept')?.data['set']);
    expect(textOf(card).split('\n')).toEqual([
      'Access to Ledger was changed outside of Usher',
      '22 people have access that nothing in Usher explains: Crowd 00 (Reader), Crowd 01 (Reader), Crowd 02 (Reader) and 19 others.',
      'Usher would take it from all of them. When it stopped to ask, that was more than 5 % and more than 20 of those who had access, or everybody.',
      'Please look at the system first. With Accept Usher looks once more and does it. With Decline it changes nothing, and asks again when it finds something else.',
      `Accept: “accept changes Ledger ${set}”`,
      `Decline: “decline changes Ledger ${set}”`,
      'Details: “changes Ledger”',
    ]);
    const { blocks } = toMessage(card);
    expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'section', 'actions']);
    expect(told('cas').map(textOf)).toEqual([textOf(card)]);
    expect(told('tara')).toEqual([]);
    // Whoever watches Usher sees that it waits, also where nobody in charge is left who could be asked.
    expect(alarmsOf(await world.due.backlog())).toMatchObject([{ alarm: 'changesHeld', count: 1 }]);
    await world.compare();
    expect(told('olga').map(textOf)).toEqual([textOf(card)]);
    expect(await left()).toBe(22);
  });

  test('the details name more of them, and ask as well', async () => {
    const text = textOf(cardOf(await world.press('olga', asked(), 'Details')));
    expect(text).toContain('Crowd 14 (Reader)');
    expect(text).not.toContain('Crowd 15');
    expect(text).toContain('And 7 others.');
    expect(text).toContain('Accept: “accept changes Ledger');
    expect(text).not.toContain('Details');
    expect(textOf(cardOf(await world.say('cas', 'changes ledger')))).toBe(text);
    expect(sentenceOf(await world.say('tara', 'changes ledger'))).toContain('in your care');
  });

  test('who owns nothing but the resource reads of it in the help, and needs not name the only one', async () => {
    const help = async (user: string) => textOf(cardOf(await world.say(user, 'help all')));
    expect(await help('cas')).toContain('changes <resource>');
    expect(await help('cas')).not.toContain('assign <person>');
    expect(await help('tara')).not.toContain('changes <resource>');
    const text = textOf(cardOf(await world.say('cas', 'changes ledger')));
    for (const typed of ['changes', 'changes ledg', 'accept changes', 'decline changes'])
      expect([typed, textOf(cardOf(await world.say('cas', typed)))]).toEqual([typed, text]);
    expect(sentenceOf(await world.say('tara', 'changes'))).toContain('in your care');
    expect(await trail()).toEqual([]);
  });

  test('of several, the one that is meant is chosen by a tap', async () => {
    await world.configure(`catalogs:
  - name: Finance
    resources: [{ name: Archive, connector: local, owners: [cas], roles: [Reader] }]
`);
    await world.localRoles.set('crowd0', 'Archive', 'Reader', 'root', true);
    await world.compare();
    const card = cardOf(await world.say('cas', 'changes'));
    expect(textOf(card)).toContain('Which one: Archive or Ledger?');
    expect(textOf(cardOf(await world.press('cas', card, 'Archive')))).toContain('Access to Archive was changed');
  });

  test('Accept: the system is looked at once more, and then it happens', async () => {
    const card = asked();
    const reply = await world.press('olga', card, 'Accept');
    const text = textOf(cardOf(reply));
    expect(text).toContain('Usher takes it away.');
    expect(text).toContain('Olga Petrov accepted. Usher looks once more and does it within a few minutes.');
    expect([...buttons(cardOf(reply)).keys()]).toEqual(['Details']);
    expect(await left()).toBe(22);
    expect(alarmsOf(await world.due.backlog())).toEqual([]);
    expect(await trail()).toEqual([{ type: 'resource.driftAccepted', by: 'olga', data: { extra: 22, missing: 0 } }]);
    await world.settle();
    expect(await left()).toBe(0);
    await world.compare();
    expect(textOf(asked())).toContain('agree again');
    expect(told('olga')).toHaveLength(1);
    await expectSound(world.sql);
  });

  test('Decline: nothing happens, nobody is asked again, until something else is found', async () => {
    const text = textOf(cardOf(await world.press('cas', asked('cas'), 'Decline')));
    expect(text).toContain(
      'Cas de Vries declined. Usher changes nothing, and asks again when it finds something else.',
    );
    await world.settle();
    await world.compare();
    // One who is gone is no new question.
    await outside('crowd0', false);
    await crowd(1, 30);
    await outside('crowd30', false);
    await world.compare();
    expect(told('olga')).toHaveLength(1);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Details']);
    expect(await left()).toBe(21);

    await outside('crowd30', true);
    await world.compare();
    expect(told('olga')).toHaveLength(2);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    expect(textOf(asked())).toContain('22 people have access');
    expect(await left()).toBe(22);
    await expectSound(world.sql);
  });

  test('Decline: it stays so also where fewer are left than Usher would ask about, and after a failed read', async () => {
    await world.press('cas', asked('cas'), 'Decline');
    for (const key of ['crowd0', 'crowd1']) await outside(key, false);
    // Others have it as well, so that 20 are neither many nor all.
    for (let n = 0; n < 40; n += 1) await outside(`svc-${n}`, true);
    await world.compare();
    expect(await left()).toBe(20);
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await world.compare();
    await world.localRoles.tell('Ledger', null);
    await world.compare();
    expect(await left()).toBe(20);
    expect(textOf(asked())).toContain('Cas de Vries declined. Usher changes nothing');
    expect(textOf(asked())).not.toContain('more than 20');
    expect(alarmsOf(await world.due.backlog())).toEqual([]);

    // A single one whom nobody was shown is nobody's answer.
    await outside('crowd2', false);
    await crowd(1, 30);
    await world.compare();
    expect(await world.localRoles.has('crowd30', 'Ledger', 'Reader', 'root')).toBe(false);
    expect(await left()).toBe(19);
    expect(textOf(asked()).split('\n').slice(3, 7)).toEqual([
      'Usher would take it away.',
      'Usher cannot take anything from accounts that it does not know: remove it in the system.',
      'Cas de Vries declined. Usher changes nothing, and asks again when it finds something else. If that was a mistake, Accept is still possible.',
      '1 person with access was found after that; Usher takes it from this one.',
    ]);

    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
    await expectSound(world.sql);
  });

  test.each(LEAVING)(
    'who leaves (%s) keeps nothing that was declined to be taken, and nobody is asked about it',
    async (leaves) => {
      await world.press('cas', asked('cas'), 'Decline');
      await world.configure(`people: [{ key: crowd3, name: Crowd 03, ${leaves} }]`, true);
      await world.compare();
      expect(await world.localRoles.has('crowd3', 'Ledger', 'Reader', 'root')).toBe(false);
      expect([await left(), told('olga').length]).toEqual([21, 1]);
      expect(textOf(asked())).toContain('Cas de Vries declined. Usher changes nothing');
      await expectSound(world.sql);
    },
  );

  const everybody = async (present: boolean): Promise<void> => {
    for (let n = 0; n < 22; n += 1) await outside(`crowd${n}`, present);
  };
  test.each([
    { name: 'one of them', leave: (present: boolean) => outside('crowd4', present) },
    { name: 'all of them', leave: everybody },
  ])('Decline: it stays so where one read leaves out $name', async ({ leave }) => {
    await world.press('cas', asked('cas'), 'Decline');
    await leave(false);
    await world.compare();
    // Once more at once is no other read: the same breakdown.
    await world.compare();
    await world.pass(HOUR);
    await leave(true);
    await world.compare();
    expect([told('olga').length, await left()]).toEqual([1, 22]);
    expect(textOf(asked())).toContain('22 people have access');
    expect(textOf(asked())).toContain('Cas de Vries declined. Usher changes nothing');
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Details']);
    expect(alarmsOf(await world.due.backlog())).toEqual([]);
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
    await expectSound(world.sql);
  });

  test.each([
    {
      name: 'two reads said that it was gone',
      meanwhile: async () => {
        await world.pass(10 * MINUTE);
        await world.compare();
      },
    },
    {
      name: 'the second read that said so was one of a release that does not note when it was',
      meanwhile: async () => {
        await world.pass(10 * MINUTE);
        await world.sql(`update comparisons set state = 'reading', began_at = usher_now(), ended_at = null`);
        await world.sql(`update comparisons set state = 'done', ended_at = usher_now()`);
      },
    },
    {
      name: 'it is about other access by then',
      meanwhile: () => world.sql(`update drift_findings set grant_version = 9 where holder = 'crowd4'`),
    },
    {
      name: 'they were asked about the others meanwhile',
      meanwhile: async () => {
        await outside('svc', true);
        await crowd(1, 30);
        await world.compare();
        await world.press('cas', asked('cas'), 'Decline');
      },
    },
  ])('Decline: it is asked about anew where $name', async ({ meanwhile }) => {
    await world.press('cas', asked('cas'), 'Decline');
    await outside('crowd4', false);
    await world.compare();
    await meanwhile();
    await outside('crowd4', true);
    const before = told('olga').length;
    await world.compare();
    expect(told('olga')).toHaveLength(before + 1);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    await expectSound(world.sql);
  });

  test('who leaves lets nothing be done to the others, and what is asked about them is drawn anew', async () => {
    await world.configure('people: [{ key: crowd3, name: Crowd 03, enabled: false }]', true);
    await world.compare();
    expect([await left(), told('olga').length]).toEqual([21, 1]);
    expect(textOf(asked())).toContain('21 people have access');
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
  });

  test('nor where fewer than all stay', async () => {
    for (let n = 6; n < 22; n += 1) await outside(`crowd${n}`, false);
    await world.compare();
    await world.configure('people: [{ key: crowd0, name: Crowd 00, enabled: false }]', true);
    await world.compare();
    expect(await left()).toBe(5);
    // Once what they had is taken, fewer are left than the brake stops for.
    await world.configure('people: [{ key: crowd1, name: Crowd 01, enabled: false }]', true);
    for (let n = 0; n < 2; n += 1) await world.compare();
    expect(await left()).toBe(4);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
  });

  test('where nobody of it is left, one who is found then is in no question that waits', async () => {
    for (let n = 1; n < 22; n += 1) await outside(`crowd${n}`, false);
    await crowd(1, 30);
    await world.compare();
    // One is left, so the other waits as well, and is asked about from then on.
    await outside('crowd0', false);
    await crowd(1, 31);
    await world.compare();
    expect(await left()).toBe(2);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline']);

    for (const key of ['crowd30', 'crowd31']) await outside(key, false);
    await crowd(1, 32);
    await world.compare();
    expect(await left()).toBe(0);
    expect(buttons(asked()).has('Accept')).toBe(false);
    expect(alarmsOf(await world.due.backlog())).toEqual([]);
    await expectSound(world.sql);
  });

  test('who is back before it was taken is asked about like everybody', async () => {
    await world.sql(`update people set state = 'disabled', version = version + 1 where directory_key = 'crowd3'`);
    const repairs = await concluded();
    expect(repairs).toEqual([expect.objectContaining({ kind: 'extra', leaver: true })]);
    await world.sql(`update people set state = 'enabled', version = version + 1 where directory_key = 'crowd3'`);
    for (const { id, leaver } of repairs) await repair(world.desk, operator, { finding: id, present: null, leaver });
    await world.settle();
    expect(await left()).toBe(22);
  });

  const state = (key: string, to: 'enabled' | 'disabled') =>
    world.sql('update people set state = $2, version = version + 1 where directory_key = $1', [key, to]);
  const decided = () =>
    world.sql<{ decision: string; n: number }>(
      'select decision, count(*)::integer as n from drift_findings where decision is not null group by 1',
    );
  test.each(['Accept', 'Decline'])('who is back since it was shown is in no %s to it', async (word) => {
    await state('crowd3', 'disabled');
    await concluded();
    const card = cardOf(await world.say('olga', 'changes ledger'));
    expect(textOf(card)).toContain('21 people have access');
    await state('crowd3', 'enabled');
    const reply = await world.press('olga', card, word);
    expect(sentenceOf(reply)).toContain('not what you saw any more. Nothing was done.');
    expect([await decided(), await trail()]).toEqual([[], []]);
    // With them it is another question, which can be answered at once.
    expect(textOf(cardOf(reply))).toContain('22 people have access');
    await world.press('olga', cardOf(reply), word);
    expect(await decided()).toEqual([{ decision: word === 'Accept' ? 'accepted' : 'declined', n: 22 }]);
    await world.settle();
    expect(await left()).toBe(word === 'Accept' ? 0 : 22);
  });

  test.each([
    { name: 'leaves', before: 'enabled', after: 'disabled', n: 21 },
    { name: 'is back', before: 'disabled', after: 'enabled', n: 22 },
  ] as const)('who $name in the middle of a click makes it look again', async ({ before, after, n }) => {
    await state('crowd3', before);
    await concluded();
    const card = cardOf(await world.say('olga', 'changes ledger'));
    const { resource, set } = buttons(card).get('Accept')?.data as { resource: ResourceId; set: string };
    const [olga] = await world.sql<{ id: PersonId }>(`select id from people where directory_key = 'olga'`);
    const by: By = { actor: { kind: 'person', id: olga?.id as PersonId }, via: 'web' };
    const write: typeof world.store.write = (who, run) =>
      world.store.write(who, (tx) => {
        const answered: typeof tx.answered = async (...given) => {
          await state('crowd3', after);
          await tx.answered(...given);
        };
        return run(Object.create(tx, { answered: { value: answered } }) as typeof tx);
      });
    const desk = { ...world.desk, store: { ...world.store, write } };
    await expect(answer(desk, by, { resource, set, accept: true })).rejects.toMatchObject({ code: 'drift-moved-on' });
    expect([await decided(), await trail()]).toEqual([[], []]);
    expect(textOf(cardOf(await world.say('olga', 'changes ledger')))).toContain(`${n} people have access`);
  });

  test('an answer is not about what became of a difference since', async () => {
    await world.press('cas', asked('cas'), 'Decline');
    await world.sql(`update drift_findings set grant_version = 9 where holder = 'crowd3'`);
    await world.compare();
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    expect([await left(), told('olga').length]).toEqual([22, 2]);
  });

  test('of two who answer the second sees who was first, and changes nothing', async () => {
    await world.press('olga', asked(), 'Decline');
    const reply = await world.press('cas', asked('cas'), 'Accept');
    expect(sentenceOf(reply)).toBe(
      'Olga Petrov was faster and declined what was asked about Ledger. Nothing was changed.',
    );
    expect(textOf(cardOf(reply))).toContain('Olga Petrov declined.');
    await world.settle();
    expect(await left()).toBe(22);
    expect(await trail()).toHaveLength(1);
  });

  test.each([
    { word: 'Decline', want: 'You declined what was asked about Ledger, and nothing is changed.', left: 22 },
    { word: 'Accept', want: 'You accepted what was asked about Ledger, and it is being done.', left: 0 },
  ])(
    'who presses $word twice reads what they said, and no name of somebody faster',
    async ({ word, want, left: n }) => {
      const card = asked();
      await world.press('olga', card, word);
      expect(sentenceOf(await world.press('olga', card, word, 'again'))).toBe(want);
      if (word === 'Accept')
        expect(sentenceOf(await world.press('cas', card, 'Decline'))).toBe(
          'Olga Petrov was faster and accepted what was asked about Ledger, and it is being done.',
        );
      await world.settle();
      expect(await left()).toBe(n);
      expect(await trail()).toHaveLength(1);
    },
  );

  test('whoever declined by mistake, or another in charge, may still accept', async () => {
    const declined = cardOf(await world.press('olga', asked(), 'Decline'));
    expect(textOf(declined)).toContain('If that was a mistake, Accept is still possible.');
    expect([...buttons(declined).keys()]).toEqual(['Accept', 'Details']);
    expect(textOf(cardOf(await world.press('olga', declined, 'Accept')))).toContain('Olga Petrov accepted.');
    await world.settle();
    expect(await left()).toBe(0);
    expect(await trail()).toMatchObject([{ type: 'resource.driftDeclined' }, { type: 'resource.driftAccepted' }]);
    await expectSound(world.sql);
  });

  test('also after another comparison, typed', async () => {
    await world.press('cas', asked('cas'), 'Decline');
    await world.settle();
    await world.compare();
    const set = String(buttons(asked()).get('Accept')?.data['set']);
    await world.say('olga', `accept changes ledger ${set}`);
    await world.settle();
    expect(await left()).toBe(0);
  });

  test('at the same moment one of the two counts', async () => {
    const both = await Promise.all([
      world.press('olga', asked(), 'Accept'),
      world.press('cas', asked('cas'), 'Decline'),
    ]);
    expect(both.filter((reply) => sentenceOf(reply).includes('was faster'))).toHaveLength(1);
    expect(await trail()).toHaveLength(1);
  });

  test('the same click twice is one answer', async () => {
    const card = asked();
    const [first, again] = [
      await world.press('olga', card, 'Accept', 'click-1'),
      await world.press('olga', card, 'Accept', 'click-1'),
    ];
    expect(textOf(cardOf(again))).toBe(textOf(cardOf(first)));
    expect(await trail()).toHaveLength(1);
  });

  test('an old card answers nothing, and shows how it is now', async () => {
    const card = asked();
    await crowd(1, 30);
    await world.compare();
    const reply = await world.press('olga', card, 'Accept');
    expect(sentenceOf(reply)).toContain('not what you saw any more. Nothing was done.');
    expect(textOf(cardOf(reply))).toContain('23 people have access');
    expect(await trail()).toEqual([]);
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
  });

  test('what is found after the answer is not part of it: they are asked anew', async () => {
    await world.press('olga', asked(), 'Accept');
    await crowd(21, 30);
    await world.settle();
    expect(await left()).toBe(43);
    expect(told('olga')).toHaveLength(2);
    expect([...buttons(asked()).keys()]).toEqual(['Accept', 'Decline', 'Details']);
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    // More at once than one system may have before it: the rest comes when it is its turn.
    await world.pass(60_000);
    expect(await left()).toBe(0);
    await expectSound(world.sql);
  });

  test('only who is in charge at the click may answer', async () => {
    const card = asked('cas');
    await world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Ledger, connector: local, owners: [olga], drift: { extra: repair } }
`);
    for (const user of ['cas', 'tara'])
      expect(sentenceOf(await world.press(user, card, 'Accept'))).not.toContain('accepted');
    expect(await trail()).toEqual([]);
    await world.settle();
    expect(await left()).toBe(22);
  });

  test('typed, it names what was shown; without that the card says how it is', async () => {
    const set = String(buttons(asked()).get('Accept')?.data['set']);
    expect(textOf(cardOf(await world.say('olga', 'accept changes ledger')))).toContain(`accept changes Ledger ${set}`);
    expect(sentenceOf(await world.say('olga', 'accept changes ledger 00000000'))).toContain('not what you saw');
    expect(sentenceOf(await world.say('tara', `accept changes ledger ${set}`))).toContain('in your care');
    expect(await trail()).toEqual([]);
    expect(textOf(cardOf(await world.say('olga', `Accept changes LEDGER ${set}`)))).toContain('Olga Petrov accepted');
    await world.settle();
    expect(await left()).toBe(0);
  });

  test('a system that cannot be read once more is looked at by the next comparison, and the answer stands', async () => {
    await world.press('olga', asked(), 'Accept');
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await world.settle();
    await world.settle();
    expect(await left()).toBe(22);
    await world.localRoles.tell('Ledger', null);
    await world.settle();
    expect(await left()).toBe(22);
    await world.compare();
    await world.settle();
    expect(await left()).toBe(0);
    await expectSound(world.sql);
  });
});

describe('of those who would lose access by it', () => {
  const concerned = 'You would lose access by this yourself, so somebody else';
  test('nobody decides, and the others do', async () => {
    await outside('cas', true);
    await world.compare();
    const card = asked('cas');
    expect(textOf(card)).toContain(`${concerned} decides: please ask Olga Petrov.`);
    expect([...buttons(card).keys()]).toEqual(['Details']);
    for (const word of ['accept', 'decline']) {
      const set = String(buttons(asked()).get('Accept')?.data['set']);
      expect(sentenceOf(await world.say('cas', `${word} changes ledger ${set}`))).toContain(concerned);
    }
    expect(await trail()).toEqual([]);
    expect(told('ada')).toEqual([]);
    await world.press('olga', asked(), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
    expect(await world.localRoles.has('cas', 'Ledger', 'Reader', 'root')).toBe(false);
  });

  test('where that is everybody who would be asked, the next in charge are', async () => {
    await outside('cas', true);
    await outside('olga', true);
    await world.compare();
    for (const user of ['cas', 'olga']) {
      expect([...buttons(asked(user)).keys()]).toEqual(['Details']);
      expect(textOf(asked(user))).toContain('please ask Ada Bell.');
    }
    await world.press('ada', asked('ada'), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
    await expectSound(world.sql);
  });

  test('where that is everybody, with all administrators, any of them accepts it and nobody declines it', async () => {
    for (const user of ['cas', 'olga', 'ada']) await outside(user, true);
    await world.compare();
    for (const user of ['cas', 'olga', 'ada']) expect([...buttons(asked(user)).keys()]).toEqual(['Accept', 'Details']);
    expect(textOf(asked())).toContain('nobody can decline it, and any of you can accept it.');
    const set = String(buttons(asked()).get('Accept')?.data['set']);
    expect(sentenceOf(await world.say('ada', `decline changes ledger ${set}`))).toContain(concerned);
    expect(await trail()).toEqual([]);
    await world.press('cas', asked('cas'), 'Accept');
    await world.settle();
    expect(await left()).toBe(0);
    expect(await trail()).toEqual([
      { type: 'resource.driftAccepted', by: 'cas', data: { extra: 25, missing: 0, concerned: true } },
    ]);
    await expectSound(world.sql);
  });
});

const all = ['tara', 'tom', 'cas', 'olga', 'ada'];
/** What a policy gives to everybody is gone, and the system says that nobody has anything. */
async function lost(): Promise<void> {
  for (let n = 0; n < 22; n += 1) await outside(`crowd${n}`, false);
  for (const user of all) await world.submit(user, cardOf(await world.say(user, 'request ledger auditor')), {});
  await world.settle();
  for (const user of all) await outside(user, false);
  await world.compare();
}

test('who loses access when all who were asked about have it again is given it back', async () => {
  await lost();
  await outside('tara', true);
  await world.compare();
  expect(await world.sql('select from local_roles')).toHaveLength(1);

  for (const user of all) await outside(user, user !== 'tara');
  await world.compare();
  expect(await world.sql('select from local_roles')).toHaveLength(5);
  expect(buttons(asked()).has('Accept')).toBe(false);
  await expectSound(world.sql);
});

test('what a policy gives is given back by those in charge also where they all lost it', async () => {
  await lost();
  expect([...buttons(asked()).keys()].slice(0, 2)).toEqual(['Accept', 'Decline']);
  expect(await world.sql('select from local_roles')).toHaveLength(0);
  await world.press('olga', asked(), 'Accept');
  await world.settle();
  expect(await world.sql('select from local_roles')).toHaveLength(5);
  await expectSound(world.sql);
});
