// Forms that are refused: each sentence where it can be seen, and the form of today where the old one asks for other things by now.
import { inputIds } from '../../src/chat/card';
import type { Card } from '../../src/chat/card';
import type { Reply } from '../../src/chat/inbound';
import { aWorld, cardOf, said, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

/** A day so many days from now, as a date field gives it. */
const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const formOf = async (name: string) => cardOf(await world.say('tara', `request ${name}`));
const finance = (packages: string) => world.configure(`catalogs:\n  - name: Finance\n    packages:\n${packages}`);
const reader = (more: string) =>
  finance(`      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], ${more} }
`);

function refused(reply: Reply): { readonly fields: object; readonly say: string; readonly form: Card } {
  if (reply.kind !== 'errors' || reply.form === undefined) throw new Error(`no form but ${sentenceOf(reply)}`);
  const fields = Object.entries(reply.fields).map(([id, text]) => [id, said(text)]);
  return { fields: Object.fromEntries(fields) as object, say: said(reply.say), form: reply.form };
}

test.each([
  [{ start: day(15), end: day(7) }, { end: 'The last day lies before the start.' }],
  [{ end: day(-3) }, { end: 'The last day lies before the start.' }],
  [{ start: day(-3) }, { start: 'The start lies in the past. Leave it empty to start as soon as it is approved.' }],
  [{ start: day(400) }, { start: 'The start may lie at most 180 days ahead.' }],
])('%j: the sentence stands at the day that is wrong', async (values, fields) => {
  const reply = await world.submit('tara', await formOf('ledger reader'), { reason: 'month end', ...values });
  expect(refused(reply)).toMatchObject({ fields, say: '' });
});

test('a question that came meanwhile is asked in the form of today, with what was typed', async () => {
  const form = await formOf('ledger reader');
  await reader('expires: 30 days, questions: [{ id: why, text: Why not Excel?, required: true }]');
  const now = cardOf(await world.submit('tara', form, { reason: 'month end' }));
  expect(inputIds(now)).toContain('answer.why');
  expect(textOf(now)).toContain('month end');
  const { fields } = refused(await world.submit('tara', now, { reason: 'month end' }));
  expect(fields).toEqual({ 'answer.why': 'Please answer: Why not Excel?' });
  const sent = await world.submit('tara', now, { reason: 'month end', 'answer.why': 'too small' });
  expect(sentenceOf(sent)).toBe('R-1001 is on its way.');
});

test('a period that is fixed by now is no longer asked for by the form of today, which can be sent', async () => {
  const form = await formOf('ledger reader');
  await reader('expires: 30 days, customPeriod: false');
  const now = cardOf(await world.submit('tara', form, { reason: 'month end', start: day(3), end: '' }));
  expect(inputIds(now)).toEqual(['reason']);
  expect(sentenceOf(await world.submit('tara', now, { reason: 'month end' }))).toBe('R-1001 is on its way.');
});

describe('a form is sent under the policy that it showed', () => {
  const CHANGED = 'This is offered in another way since you opened the form.';
  const tom = () =>
    finance(`      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: tom, decideWithin: 3 days }], expires: 5 days }
`);
  const asked = () =>
    world.sql(`select number::integer, p.name as person from requests r
      join approval_tasks t on t.request_id = r.id join people p on p.id = t.person_id order by number`);

  test('also where it is the only one: nobody reads what was written for others', async () => {
    const form = await formOf('ledger reader');
    expect(textOf(form)).toContain('Ana Ruiz will be asked.');
    await tom();
    const values = { reason: 'only for Ana to read', end: day(3) };
    const now = cardOf(await world.submit('tara', form, values));
    expect(await asked()).toEqual([]);
    for (const line of [CHANGED, 'Tom Berg will be asked.', 'At most 5 days.', values.reason, values.end])
      expect(JSON.stringify(now) + textOf(now)).toContain(line);
    expect(sentenceOf(await world.submit('tara', now, values))).toBe('R-1001 is on its way.');
    expect(await asked()).toEqual([{ number: 1001, person: 'Tom Berg' }]);
  });

  test('a form that is drawn again after a mistake says what changed, and is sent as it is then', async () => {
    const form = await formOf('ledger reader');
    await tom();
    const { form: now } = refused(await world.submit('tara', form, { reason: 'month end', end: 'soon' }));
    for (const line of [CHANGED, 'Tom Berg will be asked.']) expect(textOf(now)).toContain(line);
    expect(sentenceOf(await world.submit('tara', now, { reason: 'month end' }))).toBe('R-1001 is on its way.');
  });

  test('where the kinds of access differ by now, one is chosen first', async () => {
    const form = await formOf('ledger reader');
    await finance(`      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: tom, decideWithin: 3 days }], expires: 5 days }
          - { name: Others, who: allMembers, approval: [{ approvers: ben, decideWithin: 3 days }], expires: 6 days }
`);
    const { form: now } = refused(await world.submit('tara', form, { reason: 'month end', end: 'soon' }));
    expect([inputIds(now), textOf(now).includes(CHANGED)]).toEqual([['policy'], true]);
    const [one] = await world.sql<{ id: string }>(
      `select current_version_id as id from policies where name = 'Others'`,
    );
    const chosen = cardOf(await world.submit('tara', now, { policy: one?.id ?? '' }));
    expect(textOf(chosen)).toContain('Ben Okoye will be asked.');
    expect(sentenceOf(await world.submit('tara', chosen, { reason: 'month end' }))).toBe('R-1001 is on its way.');
  });

  test('who assigns by what asks Ana gives nothing by what asks nobody', async () => {
    const form = cardOf(await world.say('olga', 'assign tara lind to ledger reader'));
    expect(textOf(form)).toContain('Ana Ruiz will be asked.');
    await finance(`      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days }
          - { name: Direct, mode: direct, expires: never, reason: optional }
`);
    await world.submit('olga', form, { reason: 'she needs it' });
    expect(await asked()).toEqual([{ number: 1001, person: 'Ana Ruiz' }]);
  });

  test('whoever extends', async () => {
    const extending = (more: string) =>
      finance(`      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, expires: 8 hours, reason: optional${more} }]
`);
    await extending(', approval: []');
    await world.submit('tara', await formOf('ledger reader'), {});
    await world.pass(5 * 3_600_000);
    const form = cardOf(await world.say('tara', 'extend ledger reader'));
    await extending(`, approval: [{ approvers: tom, decideWithin: 3 days }], extension: { approval: true }`);
    const now = cardOf(await world.submit('tara', form, { reason: 'still busy' }));
    expect(await asked()).toEqual([]);
    for (const line of [CHANGED, 'Tom Berg will be asked.', 'still busy']) expect(textOf(now)).toContain(line);
    await world.submit('tara', now, { reason: 'still busy' });
    expect(await asked()).toEqual([{ number: 1002, person: 'Tom Berg' }]);
  });
});

test('kinds of access that are others by now are shown in the form of today, with what was typed', async () => {
  const kinds = (first: string, second: string) =>
    finance(`      - name: Two ways
        roles: [Ledger / Reader]
        policies:
          - { name: A way, who: allMembers, expires: ${first} hours }
          - { name: B way, who: allMembers, expires: ${second} hours }
`);
  await kinds('1', '1');
  const form = await formOf('two ways');
  const [was] = await world.sql<{ id: string }>(`select current_version_id as id from policies where name = 'B way'`);
  await kinds('2', '2');
  const now = cardOf(await world.submit('tara', form, { reason: 'month end', policy: was?.id ?? '' }));
  expect(textOf(now)).toContain('This is offered in another way since you opened the form.');
  expect(textOf(now)).toContain('At most 2 hours.');
  expect(textOf(now)).toContain('month end');
  const [is] = await world.sql<{ id: string }>(`select current_version_id as id from policies where name = 'B way'`);
  expect(is).not.toEqual(was);
  expect(sentenceOf(await world.submit('tara', now, { reason: 'month end', policy: is?.id ?? '' }))).toBe(
    'R-1001 needs no approval. It is being set up.',
  );
});

test('asking again under a policy that changed sends what is offered now', async () => {
  await world.submit('tara', await formOf('ledger reader'), { reason: 'month end' });
  await world.say('tara', 'cancel R-1001');
  await reader('expires: 10 days');
  const form = cardOf(await world.say('tara', 'ask again R-1001'));
  expect(sentenceOf(await world.submit('tara', form, { reason: 'month end' }))).toBe('R-1002 is on its way.');
});
