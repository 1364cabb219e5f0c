// The main job through the one door, on the real store: ask, decide, get.
import { aWorld, buttons, cardOf, LEAVING, sentenceOf, SMALL, textOf } from '../support/world';
import type { Element } from '../../src/chat/card';
import type { World } from '../support/world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

async function ask(user: string, name: string, values: Record<string, string> = { reason: 'month end' }) {
  const form = cardOf(await world.say(user, `request ${name}`));
  const sent = await world.submit(user, form, values);
  await world.settle();
  return sent;
}

function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}

/** `id=value` of every input that is filled in, at any depth. */
function filledIn(elements: readonly Element[]): string[] {
  return elements.flatMap((element) => {
    if (element.type === 'Container') return filledIn(element.items);
    return 'id' in element && 'value' in element && element.value !== null ? [`${element.id}=${element.value}`] : [];
  });
}

const holds = (user: string, role: string) => world.localRoles.has(user, 'Ledger', role, 'root');
const stateOf = async (number: number) =>
  (await world.sql<{ state: string }>('select state from requests where number = $1', [number]))[0]?.state;

describe('asking', () => {
  test('the form names the last day that a policy fixes: one day of the calendar, wherever its reader is', async () => {
    await world.configure(`people: [{ key: max, name: Max Thorn, timeZone: Asia/Tokyo }]
catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies: [{ name: Employees, expires: 2031-12-31, onBehalf: true }]
`);
    expect(textOf(cardOf(await world.say('tara', 'request ledger reader')))).toContain(
      'The last day is Wed 31 Dec 2031',
    );
    const form = textOf(cardOf(await world.say('max', 'request ledger reader for tara')));
    expect(form).toContain('The last day is Wed 31 Dec 2031');
  });

  test('a person asks, the approver approves on the card, the access is placed, and every copy follows', async () => {
    const sent = await ask('tara', 'ledger reader');
    expect(sentenceOf(sent)).toBe('R-1001 is on its way.');

    const asked = latest('ana');
    expect(textOf(asked.card)).toContain('Tara Lind asks for Ledger reader');
    expect(textOf(asked.card)).toContain('month end');
    expect(sentenceOf(await world.press('ana', asked.card, 'Approve'))).toBe('Done. R-1001 is approved.');
    await world.settle();

    expect(await holds('tara', 'Reader')).toBe(true);
    const [status, notice] = world.messagesTo('tara').map((message) => textOf(message.card));
    expect(status).toContain('You have it');
    expect(notice).toContain('You now have Ledger reader');
    expect(textOf(asked.card)).toContain('You approved this.');
    expect([...buttons(asked.card).keys()]).not.toContain('Approve');
  });

  test('a package without approval is given at once, and the form says so before', async () => {
    const form = cardOf(await world.say('tara', 'request ledger auditor'));
    expect(textOf(form)).toContain(
      'No approval is needed: the access comes at once, or with the start that you choose.',
    );
    await world.submit('tara', form, {});
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(true);
  });

  test('the form tells who will be asked in each step and the longest period', async () => {
    const form = textOf(cardOf(await world.say('tara', 'request ledger writer')));
    expect(form).toContain('Step 1: Max Thorn will be asked.');
    expect(form).toContain('Step 2: 2 of Ana Ruiz and Ben Okoye must approve.');
    expect(form).toContain('At most 60 days');
  });

  test('a missing answer or reason stays in the form with a sentence at its field', async () => {
    const form = cardOf(await world.say('tara', 'request ledger writer'));
    const reply = await world.submit('tara', form, { reason: 'why' });
    expect(reply).toMatchObject({ kind: 'errors' });
    expect(Object.keys(reply.kind === 'errors' ? reply.fields : {})).toEqual(['answer.ticket']);
    const none = await world.submit('tara', form, { 'answer.ticket': 'T-1', reason: '  ' });
    expect(Object.keys(none.kind === 'errors' ? none.fields : {})).toEqual(['reason']);
    expect(await stateOf(1001)).toBeUndefined();
  });

  test('a form that was sent cannot be sent again, and the second try says so', async () => {
    const form = cardOf(await world.say('tara', 'request ledger reader'));
    await world.submit('tara', form, { reason: 'one' });
    expect(sentenceOf(await world.submit('tara', form, { reason: 'two' }))).toContain('no longer open');
  });

  test("a form of somebody else's cannot be sent", async () => {
    const form = cardOf(await world.say('tara', 'request ledger reader'));
    expect(sentenceOf(await world.submit('tom', form, { reason: 'mine now' }))).toContain('no longer open');
  });

  test('one open request a person and package: the second is told the first one', async () => {
    await ask('tara', 'ledger reader');
    expect(sentenceOf(await world.say('tara', 'request ledger reader'))).toBe(
      'Ledger reader is asked for already: R-1001. Type that to see where it stands.',
    );
  });

  test('a hidden package is in no search, and its name opens the form for those in scope only', async () => {
    const found = await world.conversation.handle(
      world.inbound('ana', { kind: 'search', search: 'packages', draft: null, query: 'gem' }),
    );
    expect(sentenceOf(found)).toBe('');
    expect(textOf(cardOf(await world.say('ana', 'request hidden gem')))).toContain('Hidden gem');
    const outside = sentenceOf(await world.say('tara', 'request hidden gem'));
    expect(outside).toBe(sentenceOf(await world.say('tara', 'request no such thing')));
  });

  test('a half name opens the form, a wrong one asks what was meant', async () => {
    expect(textOf(cardOf(await world.say('tara', 'request vault')))).toContain('Vault keys');
    expect(sentenceOf(await world.say('tara', 'request ledger'))).toContain('Did you mean Ledger');
    expect(sentenceOf(await world.say('tara', 'request vualt keys'))).toContain('Did you mean Vault keys?');
  });

  test('what was meant is found by a part of its name with a slip in it, also among more than anybody reads', async () => {
    const meant = async (typed: string) => sentenceOf(await world.say('tara', `request ${typed}`));
    expect(await meant('vualt')).toContain('Did you mean Vault keys');
    expect(await meant('keys vaullt')).toContain('Did you mean Vault keys?');
    expect(await meant('vualt of berlin')).toContain('I know no package');
    const many = Array.from(
      { length: 210 },
      (_, n) => `
      - { name: A${n} thing, roles: [Ledger / Reader], policies: [{ name: All, who: allMembers, expires: 9 days }] }`,
    );
    await world.configure(`catalogs:
  - name: Finance
    packages:${many.join('')}
`);
    expect(await meant('vualt keys')).toContain('Did you mean Vault keys?');
    expect(await meant('vault kyes')).toContain('Did you mean Vault keys?');
  });

  test('whoever asks for a report searches what that one can be asked for, and is told what that one has', async () => {
    await world.configure(`groups: [{ name: Accountants, people: [tara] }]
catalogs:
  - name: Finance
    packages:
      - name: Closing the books
        roles: [Ledger / Reader]
        policies: [{ name: Accountants, who: { group: Accountants }, onBehalf: true, expires: 9 days, reason: optional }]
`);
    const form = cardOf(await world.say('max', 'request for tara'));
    expect(filledIn(form.body)).toEqual([expect.stringMatching(/^target=/)]);
    const [target = ''] = filledIn(form.body).map((one) => one.replace('target=', ''));
    const found = async (query: string, who: string, by = 'max'): Promise<string> => {
      const act = { kind: 'search', search: 'packages', draft: form.draft, query, values: { target: who } } as const;
      return sentenceOf(await world.conversation.handle(world.inbound(by, act)));
    };
    expect(await found('closing', target)).toBe('Closing the books');
    // For himself he finds what he may ask for, and nothing that she may.
    expect(await found('closing', '')).toBe('');
    expect(await found('vault', '')).toBe('Vault keys');
    expect(await found('vault', target)).toBe('');
    // The form grants nothing: whoever is no manager of hers finds nothing for her, and neither does a name that is no id.
    expect(await found('', target, 'ana')).toBe('');
    expect(await found('', 'tara')).toBe('');
    await ask('max', 'ledger auditor', {});
    expect(await found('ledger auditor', '')).toBe('Ledger auditor (you have it)');
    expect(await found('ledger writer', target)).toBe('Ledger writer');
    await world.submit('max', cardOf(await world.say('max', 'request closing for tara')), {});
    await world.settle();
    expect(await found('closing', target)).toBe('Closing the books (has it)');
  });

  test('a list offers what the strictest policy lets ask for, as the form does (rule 3.3)', async () => {
    const two = (narrow: string, wide: string) => `
        roles: [Ledger / Reader]
        policies:
          - { name: Contractors, who: { group: Contractors }, ${narrow}, expires: 9 days }
          - { name: Everybody, who: allMembers, ${wide}, expires: 9 days }`;
    const others = 'selfRequest: false, onBehalf: true';
    await world.configure(`groups: [{ name: Contractors, people: [tara] }]
catalogs:
  - name: Finance
    packages:
      - name: Badge narrow${two(others, 'onBehalf: false')}
      - name: Badge wide${two('onBehalf: false', others)}
`);
    const found = async (by: string, report?: string): Promise<string> => {
      const [row] = await world.sql<{ id: string }>('select id from people where directory_key = $1', [report ?? by]);
      const values = { target: row?.id ?? '' };
      const act = { kind: 'search', search: 'packages', draft: null, query: 'badge', values } as const;
      return sentenceOf(await world.conversation.handle(world.inbound(by, act)));
    };
    expect(await found('tara')).toBe('Badge wide');
    expect(await found('tom')).toBe('Badge narrow');
    expect(await found('max', 'tara')).toBe('Badge narrow');
    expect(await found('max', 'tom')).toBe('Badge wide');
    expect(sentenceOf(await world.say('tara', 'request badge narrow'))).toContain('I know no package');
  });

  test('a form that nobody could decide does not open: it is said who may change that', async () => {
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: ada }], expires: 9 days }]
      - name: Ledger auditor
        policies: [{ name: Employees, approval: [{ approvers: ada }, { approvers: ada }], expires: 9 days }]
`);
    // Olga, who owns it, would stand in for the second step.
    const twoSteps = cardOf(await world.say('tom', 'request ledger auditor'));
    await world.sql(`delete from administrative_roles where role = 'catalogOwner'`);
    const tooFew =
      'There are too few people who may approve Ledger auditor here: nobody decides for themselves, or in two steps. Ask an administrator to name more approvers.';
    expect(sentenceOf(await world.submit('tom', twoSteps, { reason: 'month end' }))).toBe(tooFew);
    expect(sentenceOf(await world.say('tom', 'request ledger auditor'))).toBe(tooFew);
    expect(await world.sql('select number from requests')).toEqual([]);
    expect(textOf(cardOf(await world.say('tom', 'request ledger reader')))).toContain('Ada Bell');
    expect(sentenceOf(await world.say('ada', 'assign tom berg to ledger reader'))).toContain(
      'There are too few people',
    );
    expect(sentenceOf(await world.say('ada', 'request ledger reader'))).toBe(
      'There are too few people who may approve Ledger reader here: nobody decides for themselves. Ask an administrator to name another approver.',
    );
  });

  test('of several ways to ask, the only one that can be decided is taken', async () => {
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Approved, who: allMembers, approval: [{ approvers: ada }], expires: 9 days }
          - { name: At once, who: allMembers, expires: 2 days }
`);
    await world.sql(`delete from administrative_roles where role = 'catalogOwner'`);
    const form = cardOf(await world.say('ada', 'request ledger reader'));
    expect(textOf(form)).toContain('No approval is needed');
    expect(sentenceOf(await world.submit('ada', form, { reason: 'month end' }))).toContain('R-1001');
    const assign = cardOf(await world.say('ada', 'assign tom berg to ledger reader'));
    expect(textOf(assign)).toContain('At most 2 days');
    expect(sentenceOf(await world.submit('ada', assign, { reason: 'month end' }))).toContain('R-1002');
  });

  test('who assigns need not answer what is asked of whoever asks', async () => {
    const required = ({ body }: ReturnType<typeof cardOf>) =>
      body
        .flatMap((one) => (one.type === 'Container' ? one.items : [one]))
        .flatMap((one) => ('id' in one && one.id === 'answer.ticket' ? [one.required] : []));
    expect(required(cardOf(await world.say('tara', 'request ledger writer')))).toEqual([true]);
    const form = cardOf(await world.say('olga', 'assign tara lind to ledger writer'));
    expect(required(form)).toEqual([false]);
    expect(sentenceOf(await world.submit('olga', form, { reason: 'new' }))).toContain('R-1001');
  });

  test('a manager asks for a direct report where the policy allows it, and for nobody else', async () => {
    const form = cardOf(await world.say('max', 'request ledger writer for tara lind'));
    expect(textOf(form)).toContain('for Tara Lind');
    await world.submit('max', form, { reason: 'new task', 'answer.ticket': 'T-1' });
    await world.settle();
    // Max asked, so Max does not decide: nobody else is her manager, so the alternates' and owners' turn comes at once.
    const asked = await world.sql<{ key: string }>(
      "select p.directory_key as key from approval_tasks t join people p on p.id = t.person_id where t.state = 'open'",
    );
    expect(asked.map((row) => row.key)).not.toContain('max');
    expect(asked.length).toBeGreaterThan(0);
    expect(sentenceOf(await world.say('max', 'request ledger reader for tara lind'))).toContain(
      'cannot ask for Ledger reader',
    );
    expect(sentenceOf(await world.say('tom', 'request ledger writer for tara lind'))).toContain(
      'Nobody of that name reports to you',
    );
  });
});

describe('deciding', () => {
  test('two stages with a quorum: manager first, then both of the group, nested members included', async () => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    expect(world.messagesTo('ana')).toHaveLength(0);
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    expect(sentenceOf(await world.press('ana', latest('ana').card, 'Approve'))).toBe(
      'Done. One more approval is needed for R-1001.',
    );
    expect(await stateOf(1001)).toBe('pendingApproval');
    await world.press('ben', latest('ben').card, 'Approve');
    await world.settle();
    expect(await holds('tara', 'Writer')).toBe(true);
    expect(await stateOf(1001)).toBe('delivered');
  });

  test('a denial asks for its reason, ends the request, and the requestor reads it and can ask again', async () => {
    await ask('tara', 'ledger reader');
    const form = cardOf(await world.press('ana', latest('ana').card, 'Deny'));
    const empty = await world.submit('ana', form, { reason: '' });
    expect(sentenceOf(empty)).toContain('A denial needs a reason.');
    await world.submit('ana', form, { reason: 'not in this quarter' });
    await world.settle();
    expect(await stateOf(1001)).toBe('denied');
    expect(textOf(latest('tara').card)).toContain('not in this quarter');
    expect(textOf(cardOf(await world.press('tara', latest('tara').card, 'Ask again')))).toContain(
      'Request Ledger reader',
    );
    expect(await holds('tara', 'Reader')).toBe(false);
  });

  test('asking again after a denial brings the reason and the answers along', async () => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    const form = cardOf(await world.press('max', latest('max').card, 'Deny'));
    await world.submit('max', form, { reason: 'not yet' });
    await world.settle();
    const again = cardOf(await world.press('tara', latest('tara').card, 'Ask again'));
    expect(filledIn(again.body)).toEqual(expect.arrayContaining(['reason=closing', 'answer.ticket=T-9']));
  });

  test('what the person already holds is told for the decision, and not once this request gave something', async () => {
    await ask('tara', 'ledger reader');
    expect(textOf(latest('ana').card)).toContain('Already holds: Nothing yet');
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(true);
    expect(textOf(latest('ana').card)).toContain('You approved this.');
    expect(textOf(latest('ana').card)).not.toContain('Already holds');
  });

  test('a late click gets the fresh card and one sentence on who decided what', async () => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    const old = latest('ben').card;
    const form = cardOf(await world.press('ana', latest('ana').card, 'Deny'));
    await world.submit('ana', form, { reason: 'no' });
    const late = await world.press('ben', old, 'Approve');
    expect(sentenceOf(late)).toContain('Ana Ruiz was faster');
    expect(textOf(cardOf(late))).toContain('Ana Ruiz denied this.');
    expect(await stateOf(1001)).toBe('denied');
  });

  test('the same click delivered twice is one decision and gives the same answer', async () => {
    await ask('tara', 'ledger reader');
    const { card } = latest('ana');
    const first = await world.press('ana', card, 'Approve', 'same-delivery');
    const second = await world.press('ana', card, 'Approve', 'same-delivery');
    expect(sentenceOf(second)).toBe(sentenceOf(first));
    expect(await world.sql('select 1 from decisions')).toHaveLength(1);
  });

  test('nobody decides their own request, by button or by typed command', async () => {
    await ask('ana', 'ledger reader');
    // Ana is the only approver: owners stand in.
    expect(textOf(latest('olga').card)).toContain('Ana Ruiz asks for Ledger reader');
    expect(sentenceOf(await world.say('ana', 'approve R-1001'))).toContain('your own request');
    expect(await world.sql('select 1 from decisions')).toHaveLength(0);
  });

  test('somebody who is not asked cannot decide, and learns nothing', async () => {
    await ask('tara', 'ledger reader');
    expect(sentenceOf(await world.say('tom', 'approve R-1001'))).toContain('You are not asked to decide R-1001');
    expect(sentenceOf(await world.say('tom', 'R-1001'))).toContain('I know no such request of yours');
  });

  test('typed decisions do the same as buttons', async () => {
    await ask('tara', 'ledger reader');
    expect(sentenceOf(await world.say('ana', 'deny R-1001 because wrong ledger'))).toContain(
      'is denied and Tara Lind was told',
    );
    await world.settle();
    expect(textOf(latest('tara').card)).toContain('wrong ledger');
  });

  test('alternates are asked after the escalation time, and nobody answering in time expires the request', async () => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    const story = async () => textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(await story()).toMatch(/If it is not decided by .+ CES?T, Cas de Vries is asked as well\./);
    await world.pass(DAY + HOUR);
    expect(textOf(latest('cas').card)).toContain(
      'Max Thorn has not answered yet, so you are asked as well: Tara Lind asks for Ledger writer',
    );
    expect(await story()).not.toContain('is asked as well.');
    expect(await story()).toContain('Not decided yet: Cas de Vries was asked as well');
    expect(await story()).toContain('Max Thorn was reminded');
    await world.pass(2 * DAY);
    expect(await stateOf(1001)).toBe('expired');
    expect(textOf(latest('tara').card)).toContain('Nobody decided on R-1001');
    expect(textOf(latest('cas').card)).toContain('Nobody decided in time. Nothing to do.');
  });

  test('reminders day after day are one line, which names who has not answered', async () => {
    await ask('tara', 'ledger reader');
    await world.pass(1.6 * DAY);
    await world.pass(DAY);
    expect(await world.sql(`select 1 from audit_events where type = 'stage.reminded'`)).toHaveLength(2);
    const story = textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(story.match(/Ana Ruiz was reminded/g)).toHaveLength(1);
  });

  test('nobody is said to be asked as well where nobody is left, and who stands in is not said to have been', async () => {
    await world.configure('people:\n  - { key: cas, name: Cas de Vries, enabled: false }\n');
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    const story = async () => textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(await story()).not.toContain('as well');
    await world.pass(DAY + HOUR);
    expect(await story()).toContain('Not decided yet, and nobody else can be asked');

    await world.configure('people:\n  - { key: cas, name: Cas de Vries, enabled: true }\n');
    await ask('olga', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    // She has no manager, so the alternate stands in from the start.
    const told = world.messagesTo('cas').map(({ card }) => textOf(card).split('\n')[1]);
    expect(told).toContain('Olga Petrov asks for Ledger writer');
  });

  test.each(LEAVING)('an approver who leaves (%s) is replaced and refused at the click', async (leaves) => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    const { card } = latest('max');
    await world.configure(`people:\n  - { key: max, name: Max Thorn, ${leaves} }\n`);
    expect(sentenceOf(await world.press('max', card, 'Approve'))).toContain('switched off');
    await world.settle();
    const open = await world.sql<{ key: string }>(
      "select p.directory_key as key from approval_tasks t join people p on p.id = t.person_id where t.state = 'open'",
    );
    expect(open.map((row) => row.key)).not.toContain('max');
    expect(open.length).toBeGreaterThan(0);
  });

  test('an approver who left the group between card and click is refused', async () => {
    await ask('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    const { card } = latest('ana');
    await world.configure('groups:\n  - { name: Approvers, people: [cas], groups: [Inner approvers] }\n');
    expect(sentenceOf(await world.press('ana', card, 'Approve'))).toContain('not asked to decide');
    await world.settle();
    expect(textOf(latest('cas').card)).toContain('Tara Lind asks for Ledger writer');
  });

  test('the decision keeps what the decider was shown', async () => {
    await ask('tara', 'ledger reader');
    await world.press('ana', latest('ana').card, 'Approve');
    const [row] = await world.sql<{ shown: Record<string, unknown> }>('select shown from decisions');
    expect(row?.shown).toMatchObject({ surface: 'web' });
    expect(row?.shown['card']).toBeTruthy();
  });
});

test('"package <name>" tells what a package is for, to those who may know it, and asks with one tap', async () => {
  const card = cardOf(await world.say('tara', 'package ledger reader'));
  expect(textOf(card)).toContain('Read the general ledger');
  expect(textOf(card)).toContain('Ledger');
  expect(textOf(cardOf(await world.press('tara', card, 'Request access')))).toContain('Request Ledger reader');
  expect(sentenceOf(await world.say('tara', 'package hidden gem'))).toBe(
    sentenceOf(await world.say('tara', 'package no such thing')),
  );
});
