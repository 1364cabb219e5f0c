// The one door, as platforms knock at it: repeats, changed cards, races, people who left, readers far away. What the acts
// themselves do is in ../operations. Rows are those of the platform checklist (../channels/README.md).
import type { Card } from '../../src/chat/card';
import type { Act, Inbound, Profile, Reply } from '../../src/chat/inbound';
import type { Answer } from '../../src/chat/verb';
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf, type World } from '../support/world';
import { account, BUG, dataOf, doorOf, type Door } from './door';

let world: World;
let door: Door;
beforeEach(async () => {
  world = await aWorld(SMALL);
  door = doorOf(world);
});

describe('a delivery that comes again (rows 5, 43)', () => {
  test('gives the same answer to the same click, form and typed line, and acts once', async () => {
    const form = cardOf(await world.say('tara', 'request ledger reader'));
    const sent = await world.submit('tara', form, { reason: 'one' }, 'form-1');
    expect(sentenceOf(await world.submit('tara', form, { reason: 'one' }, 'form-1'))).toBe(sentenceOf(sent));
    await world.settle();
    const line = world.inbound('ana', { kind: 'text', text: 'approve R-1001' }, 'text-1');
    const first = await world.conversation.handle(line);
    const after = await door.state();
    expect(sentenceOf(await world.conversation.handle(line))).toBe(sentenceOf(first));
    expect(await door.state()).toEqual(after);
    expect(after).toMatchObject({ decisions: 1, requests: 1 });
  });

  test('with another body under the same key is refused, for clicks and forms', async () => {
    const form = cardOf(await world.say('tara', 'request ledger reader'));
    await world.submit('tara', form, { reason: 'one' }, 'form-1');
    const unread = 'I could not read that. Nothing was changed. Please try again.';
    expect(sentenceOf(await world.submit('tara', form, { reason: 'two' }, 'form-1'))).toBe(unread);
    await door.ask('tom');
    const [taras, toms] = world.messagesTo('ana').map((message) => message.card);
    if (!taras || !toms) throw new Error('ana was not asked twice');
    const denial = cardOf(await world.press('ana', toms, 'Deny'));
    await world.press('ana', taras, 'Approve', 'key');
    const before = await door.state();
    expect(sentenceOf(await world.press('ana', toms, 'Approve', 'key'))).toContain(unread);
    expect(sentenceOf(await world.submit('ana', denial, { reason: 'no' }, 'key'))).toContain(unread);
    expect(await door.state()).toEqual(before);
  });

  test('is stored once as an event, and another body under its key is refused', async () => {
    const event = world.inbound('tara', { kind: 'text', text: 'request ledger auditor' }, 'event-1');
    await world.conversation.accept(event);
    await world.conversation.accept(event);
    await expect(world.conversation.accept({ ...event, bodyHash: 'f'.repeat(64) })).rejects.toMatchObject({
      code: 'same-key-other-body',
    });
    await world.settle();
    expect(await world.sql(`select state from inbound`)).toEqual([{ state: 'done' }]);
    expect(await world.sql('select 1 from drafts')).toHaveLength(1);
  });
});

describe('an answer that is owed', () => {
  test('is given without doing what was refused or failed, and once more where it was done or only reads', async () => {
    const heard: Reply[] = [];
    let last: Reply = { kind: 'none' };
    Object.assign(world.mailbox, {
      answer: (_inbound: Inbound, reply: Reply) => {
        heard.push(reply);
        return Promise.resolve(null);
      },
    });
    await door.ask('tara');
    const approve = {
      kind: 'press',
      verb: 'approval.approve',
      data: dataOf(door.latest('ana'), 'Approve'),
      card: null,
    } as const;
    const owed = async (act: Act, given: Reply, user = 'ana', delivery?: string) => {
      const inbound = world.inbound(user, act, delivery);
      expect(await world.conversation.owed(inbound, given)).toBe(given.kind !== 'none');
      await world.incoming.settle();
      last = heard.at(-1) ?? last;
      return heard.splice(0).map((reply) => [reply.kind, sentenceOf(reply)]);
    };
    const before = await door.state();
    const failed = 'Nothing was changed.';
    const said: Reply = { kind: 'text', say: [{ kind: 'fixed', text: failed }] };
    const form = cardOf(await world.say('tara', 'request ledger auditor'));
    const send: Act = { kind: 'submit', verb: 'request.submit', draft: form.draft, data: {}, values: { reason: 'x' } };
    expect(await owed(approve, said)).toEqual([['text', failed]]);
    expect(await owed({ kind: 'text', text: 'approve R-1001' }, said)).toEqual([['text', failed]]);
    expect(await owed(send, { kind: 'errors', fields: { reason: said.say }, say: said.say }, 'tara')).toEqual([
      ['text', `${failed}\n${failed}`],
    ]);
    expect(await owed(approve, { kind: 'none' })).toEqual([]);
    // What was refused in a card of its own says that, and keeps what may be tapped instead.
    const typed: Act = { kind: 'text', text: 'approve R-99' };
    const refused = await world.say('ana', typed.text);
    expect([refused.kind, await owed(typed, refused)]).toEqual(['card', [['card', sentenceOf(refused)]]]);
    expect(cardOf(last)).toEqual(cardOf(refused));
    expect(buttons(cardOf(last)).size).toBeGreaterThan(0);
    const until = [{ kind: 'instant', at: new Date('2026-03-02T12:00Z'), style: 'date' }] as const;
    const dated = { ...refused, card: { ...cardOf(refused), summary: until } } as Reply;
    expect(await owed(typed, dated)).toEqual([['card', expect.stringContaining('2026')]]);
    // The form that an act begins with waits as well.
    const deny: Act = { ...approve, verb: 'approval.deny' };
    expect(await owed(deny, await world.conversation.handle(world.inbound('ana', deny)))).toEqual([['card', '']]);
    const denial = cardOf(await world.press('ana', cardOf(last), 'Continue'));
    expect([...buttons(denial).keys()]).toContain('Deny');
    // So it does where a message was typed, which opens none; what was to be looked at first, or chosen from, keeps its buttons too.
    const typedHere = async (text: string, meanwhile = '') => {
      const inbound = world.inbound('ana', { kind: 'text', text });
      const surface = { ...inbound.surface, canOpenForm: false };
      const given = await world.conversation.handle({ ...inbound, surface });
      // Whoever looks into it reads which act it was, and none of its words.
      const kept = await world.conversation.debt(inbound, given);
      expect(kept).toMatchObject({ act: { kind: 'welcome' }, owed: { of: text.split(' ')[0] } });
      if (meanwhile !== '') await world.sql(meanwhile);
      return owed(inbound.act, given);
    };
    for (const [text, button] of [
      ['deny R-1001', 'Continue'],
      ['approve', 'Approve'],
      ['approve R-1001 step 9', 'Approve'],
    ] as const) {
      expect([text, (await typedHere(text)).map(([kind]) => kind)]).toEqual([text, ['card']]);
      expect([text, [...buttons(cardOf(last)).keys()]]).toEqual([text, expect.arrayContaining([button])]);
    }
    // What only another release can draw is no card that somebody pressed.
    const newer = { view: 'of tomorrow', params: {}, place: 'new' } as unknown as Answer;
    const shown: Reply = { kind: 'card', card: cardOf(last), replaces: false, say: null, from: newer };
    expect(await owed({ kind: 'text', text: 'approve' }, shown)).toEqual([
      ['text', expect.stringContaining('I cannot show the answer')],
    ]);
    // So it is with the form that another release began, which stays as it is for that one.
    const begun = await world.conversation.handle(world.inbound('ana', deny));
    const { draft } = cardOf(begun);
    const stands = () => world.sql('select verb, input, step, version from drafts where id = $1', [draft]);
    await world.sql(`update drafts set verb = 'approval.ofTomorrow', input = '{"of": "tomorrow"}' where id = $1`, [
      draft,
    ]);
    const asBegun = await stands();
    const next: Act = { kind: 'press', verb: 'draft.open', data: { draft }, card: null };
    const sent: Act = { kind: 'submit', verb: 'approval.ofTomorrow', draft, data: {}, values: { reason: 'x' } };
    for (const act of [next, sent, { ...next, verb: 'approval.ofTomorrow' }])
      expect(sentenceOf(await door.knock('ana', act))).toBe('This card is out of date. Type “help” to go on.');
    for (const reply of [begun, { ...shown, from: { view: 'continue', params: { draft }, place: 'new' } } as Reply])
      expect(await owed({ kind: 'text', text: 'deny R-1001' }, reply)).toEqual([
        ['text', expect.stringContaining('I cannot show the answer')],
      ]);
    expect(await stands()).toEqual(asBegun);
    const gone = `update drafts set expires_at = usher_now() where input ->> 'request' is not null`;
    expect(await typedHere('deny R-1001', gone)).toEqual([['text', expect.stringContaining('form')]]);
    expect(await door.state()).toEqual(before);

    // What opens a form waits behind Continue: none is posted.
    const opens: Act = { kind: 'press', verb: 'draft.open', data: { draft: form.draft }, card: null };
    expect((await owed(opens, said, 'tara')).map(([kind]) => kind)).toEqual(['card']);

    const list = cardOf(await world.say('ana', 'approvals'));
    const done = await world.conversation.handle(world.inbound('ana', approve, 'click'));
    const after = await door.state();
    expect(after).toMatchObject({ decisions: 1 });
    // Its stored answer.
    expect(await owed(approve, said, 'ana', 'click')).toEqual([['card', sentenceOf(done)]]);
    // A late click gets the fresh card with its sentence, however late it is answered.
    const late: Act = { ...approve, data: dataOf(list, 'Approve') };
    const told = await world.conversation.handle(world.inbound('ana', late));
    expect(await owed(late, told)).toEqual([['card', sentenceOf(told)]]);
    expect([sentenceOf(told), buttons(cardOf(last)).has('Approve')]).toEqual(['You approved R-1001 already.', false]);
    expect(await door.state()).toEqual(after);
  });
});

test('an event of somebody who may not be heard is not stored, and who may is told so (rows 28, 40, 58)', async () => {
  const heard = async (standing: Profile['standing']) =>
    world.conversation.accept({
      ...world.inbound('tara', { kind: 'text', text: 'help' }),
      profile: account('tara@woodgrove.example', { standing }),
    });
  const stored = async () => (await world.sql('select 1 from inbound')).length;
  for (const standing of ['foreign', 'anonymous', 'bot', 'deactivated'] as const)
    expect([standing, await heard(standing), await stored()]).toEqual([standing, false, 0]);
  expect([await heard('member'), await heard('guest'), await stored()]).toEqual([true, true, 2]);
  await world.configure('installations: [{ platform: web, tenant: demo, guestsAllowed: false }]\n');
  expect([await heard('guest'), await heard('member'), await stored()]).toEqual([false, true, 3]);
});

describe('card data are hints (rows 46, 47)', () => {
  test('another request, another person, another verb or an approver in the data change nothing', async () => {
    await door.ask('tara');
    await door.ask('tom', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-1' });
    const anas = dataOf(door.latest('ana'), 'Approve');
    const maxs = dataOf(door.latest('max'), 'Approve');
    const people = await world.sql<{ id: string }>(`select id from people where directory_key = 'ana'`);
    const before = await door.state();
    const forgeries: [string, string, unknown][] = [
      ['ana', 'approval.approve', maxs],
      ['tom', 'approval.approve', anas],
      ['tara', 'approval.approve', { ...anas, approver: people[0]?.id, actor: people[0]?.id }],
      ['ana', 'approval.approve', { ...anas, request: '0190a000-0000-7000-8000-000000000000' }],
      ['ana', 'request.cancel', anas],
      ['tom', 'request.cancel', anas],
      ['ana', 'approval.decide', anas],
      ['ana', 'task.done', anas],
      ['tara', 'approval.deny', anas],
      ['tom', 'approval.show', anas],
      ['tom', 'request.show', anas],
    ];
    for (const [user, verb, data] of forgeries) {
      const reply = await door.press(user, verb, data);
      expect([user, verb, sentenceOf(reply)]).toEqual([user, verb, expect.stringMatching(/./)]);
      expect(sentenceOf(reply)).not.toMatch(/Done|went wrong/);
      expect(await door.state()).toEqual(before);
    }
  });

  test('a version that no button says decides nothing: the card is shown anew, and counts', async () => {
    await door.ask('tara');
    const data = dataOf(door.latest('ana'), 'Approve');
    const { v, ...without } = data;
    const before = await door.state();
    const others = [undefined, null, '', String(v), true, [v], { a: ['\u0000', 1e309] }, 0, -1, 1.5, 2, NaN, 1e309];
    for (const other of others) {
      const forged = other === undefined ? without : { ...data, v: other };
      for (const verb of ['approval.approve', 'approval.approveWithReason', 'approval.deny']) {
        const reply = await door.press('ana', verb, forged);
        expect([verb, other, sentenceOf(reply)]).toEqual([
          verb,
          other,
          'R-1001 is at step 1 by now, which this did not show. Nothing was decided: look again, then decide.',
        ]);
        expect(dataOf(cardOf(reply), 'Approve')).toEqual(data);
      }
      const values = { request: String(data['request']), shown: '{"version":1}', reason: 'x' };
      const sent = await door.knock('ana', {
        kind: 'submit',
        verb: 'approval.deny',
        draft: null,
        data: forged,
        values,
      });
      expect(sentenceOf(sent)).toContain('Nothing was decided');
    }
    expect(await door.state()).toEqual(before);
    const again = await door.press('ana', 'approval.approve', data);
    expect(sentenceOf(again)).toBe('Done. R-1001 is approved.');
  });

  test("somebody else's card is not kept as what was shown", async () => {
    await door.ask('tara');
    const data = dataOf(door.latest('ana'), 'Approve');
    expect(sentenceOf(await door.press('ana', 'approval.approve', data, 'not an id \u0000'))).toBe(
      'Done. R-1001 is approved.',
    );
    expect(await world.sql('select shown from decisions')).toMatchObject([
      { shown: { surface: 'web', card: null, version: 1, data: { version: 1 } } },
    ]);
  });

  test("a press on another person's card shows nothing of it", async () => {
    await door.ask('tara');
    const [kept] = await world.sql<{ id: string }>(`select id from cards where split_part(view, '~', 1) = 'approval'`);
    const reply = await door.press('tom', 'approval.approve', dataOf(door.latest('ana'), 'Approve'), kept?.id ?? '');
    expect(reply.kind).toBe('text');
    expect(sentenceOf(reply)).not.toContain('Tara');
  });
});

test('row 62: two approvers and a double click at the same moment make one decision, twenty times', async () => {
  const who = Array.from({ length: 20 }, (_, n) => `p${n}`);
  await world.configure(`
people:
${who.map((key) => `  - { key: ${key}, name: Person ${key}, identities: [{ platform: web, tenant: demo, user: ${key} }] }`).join('\n')}
catalogs:
  - name: Finance
    packages:
      - name: Pair
        roles: [Ledger / Reader]
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana, ben] }], expires: 7 days, reason: optional }]
`);
  for (const user of who) await world.submit(user, cardOf(await world.say(user, 'request pair')), {});
  await world.settle();
  for (const [n, user] of who.entries()) {
    const number = 1001 + n;
    const cardFor = (approver: string): Card => {
      const found = world.messagesTo(approver).find((one) => textOf(one.card).includes(`Person ${user} asks`));
      if (!found) throw new Error(`${approver} has no card of ${user}`);
      return found.card;
    };
    const card = cardFor('ana');
    const denial = cardOf(await world.press('ben', cardFor('ben'), 'Deny'));
    const deny = () => world.submit('ben', denial, { reason: 'no' });
    const approve = (delivery?: string) => world.press('ana', card, 'Approve', delivery);
    const first = n % 2 === 0 ? [approve(), deny()] : [deny(), approve()];
    const replies = await Promise.all([...first, approve(), approve(`twice-${n}`), approve(`twice-${n}`)]);
    const decided = await world.sql<{ decision: string; state: string }>(
      'select d.decision, r.state from decisions d join requests r on r.id = d.request_id where r.number = $1',
      [number],
    );
    expect(decided).toHaveLength(1);
    const [one] = decided;
    expect(one?.state === 'denied').toBe(one?.decision === 'deny');
    const said = replies.map(sentenceOf);
    // The repeated delivery says what its first one said; everybody else is told that it was over.
    expect(said.filter((sentence) => sentence.startsWith('Done')).length).toBeGreaterThanOrEqual(1);
    expect(said.filter((sentence) => sentence.startsWith('Done')).length).toBeLessThanOrEqual(2);
    expect(said.join(' ')).not.toContain(BUG);
  }
  await world.settle();
  const wrong = await world.sql(
    `select r.number from requests r where r.state = 'denied' and exists (select 1 from assignments a where a.target_id = r.target_id)`,
  );
  expect(wrong).toEqual([]);
});

test('row 64: somebody who is switched off is refused at once, and after one sweep nothing of theirs goes on', async () => {
  await door.ask('tara', 'ledger auditor', {});
  await door.ask('tara', 'vault keys', {});
  await door.ask('tara');
  const card = door.latest('ana');
  expect(await world.localRoles.has('tara', 'Ledger', 'Reader', 'root')).toBe(true);
  await world.configure('people: [{ key: tara, name: Tara Lind, enabled: false }]');
  for (const reply of [
    await world.say('tara', 'my access'),
    await world.say('tara', 'help'),
    await door.press('tara', 'access.list', {}),
    await door.knock('tara', { kind: 'search', search: 'packages', draft: null, query: 'l' }),
  ])
    expect(JSON.stringify(reply)).toContain('switched off');
  expect(sentenceOf(await world.press('ana', card, 'Approve'))).not.toContain('Done. R-1003 is approved');
  await world.settle();
  expect(await world.localRoles.has('tara', 'Ledger', 'Reader', 'root')).toBe(false);
  const open = await world.sql(
    `select number, state from requests where target_id = (select id from people where directory_key = 'tara')
       and state in ('submitted', 'pendingApproval', 'scheduled', 'delivering')`,
  );
  expect(open).toEqual([]);
  const live = await world.sql(
    `select 1 from assignments where target_id = (select id from people where directory_key = 'tara') and ended_at is null`,
  );
  expect(live).toEqual([]);
  expect([...buttons(door.latest('ana')).keys()]).not.toContain('Approve');
});

test('row 65: two readers see the same instant, each in their own zone, and the zone is named', async () => {
  await world.configure(
    'people: [{ key: ben, name: Ben Okoye, email: ben@woodgrove.example, timeZone: America/New_York }]',
  );
  await world.configure(`
catalogs:
  - name: Finance
    packages:
      - name: Both
        roles: [Ledger / Reader]
        policies: [{ name: All, who: allMembers, approval: [{ approvers: [ana, ben], decideWithin: 3 days }], expires: 7 days }]
`);
  await door.ask('tara', 'both');
  const [stage] = await world.sql<{ decide_by: Date }>('select decide_by from approval_stages');
  const at = stage?.decide_by ?? new Date(0);
  const clock = (timeZone: string): string =>
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
  const [berlin, newYork] = [textOf(door.latest('ana')), textOf(door.latest('ben'))];
  expect(berlin).toMatch(new RegExp(`${clock('Europe/Berlin')} CES?T`));
  expect(newYork).toMatch(new RegExp(`${clock('America/New_York')} E[SD]T`));
  expect(newYork).not.toMatch(/CES?T/);
  // The client's own zone wins for what it shows; one that does not exist is as none.
  const approvals = (zone: string): Promise<Reply> =>
    door.knock('ben', { kind: 'text', text: 'approvals' }, { profile: account(null, { zone }) });
  expect(textOf(cardOf(await approvals('Asia/Tokyo')))).toContain(clock('Asia/Tokyo'));
  expect(textOf(cardOf(await approvals('Mars/Olympus')))).toContain(clock('America/New_York'));
});

test('what waits too long in the database outside of an act is no bug, and says so as an act does', async () => {
  await world.sql(`create function waits() returns trigger language plpgsql as
    'begin raise exception ''canceling statement due to lock timeout'' using errcode = ''55P03''; end'`);
  await world.sql('create trigger waits before insert on drafts execute function waits()');
  try {
    const reply = await world.say('tara', 'request ledger reader');
    expect(sentenceOf(reply)).toBe('That took too long and nothing was changed. Please try again.');
    // Where it was done before, and only the answer is owed, that would be wrong: it comes when the database has time.
    await world.sql('create trigger waits before insert or update on conversations execute function waits()');
    const done = { ...world.inbound('tara', { kind: 'text', text: 'cancel R-1001' }), owed: { say: null } };
    await expect(world.conversation.handle(done)).rejects.toMatchObject({ name: 'Busy' });
  } finally {
    await world.sql('drop function waits cascade');
  }
  expect(world.lines.join('\n')).not.toContain('act failed');
  expect(world.lines.join('\n')).toContain('the database is too busy');
});

test('row 67: no reason, answer, note, name or address is in the log, whatever goes wrong', async () => {
  await door.ask('tara', 'ledger writer', { reason: 'canary-reason', 'answer.ticket': 'canary-answer' });
  await world.say('max', 'deny R-1001 because canary-denial');
  await world.say('tara', 'canary-command');
  await door.knock(
    'tara',
    { kind: 'text', text: 'help' },
    { platform: 'slack', tenant: 'T9', profile: account('canary@x.example') },
  );
  await door.ask('tom', 'ledger reader', { reason: 'canary-reason' });
  // The database now refuses the row and repeats it in its message, as it would for any broken promise.
  await world.sql('alter table decisions add constraint broken check (false) not valid');
  try {
    const reply = await world.say('ana', 'deny R-1002 because canary-denial');
    expect(sentenceOf(reply)).toContain(BUG);
  } finally {
    await world.sql('alter table decisions drop constraint broken');
  }
  const log = world.lines.join('\n');
  expect(log).toContain('act failed');
  for (const word of ['canary', 'Tara', 'Lind', 'woodgrove.example']) expect(log).not.toContain(word);
});
