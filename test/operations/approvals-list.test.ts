// `approvals`: a row says what is asked for, so it decides as the card does.
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
  await ask('tara', 'ledger reader', 'month end');
});

async function ask(user: string, name: string, reason: string): Promise<void> {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason });
  await world.settle();
}
const decisions = () =>
  world.sql(
    `select r.number::integer, decision, decisions.reason, shown ->> 'view' as view, shown ? 'packageVersion' as content
      from decisions join requests r on r.id = request_id order by decisions.id`,
  );

test('a row says what its card says and decides in place, and what is left stays to be decided', async () => {
  await ask('tom', 'ledger reader', 'audit');
  const list = cardOf(await world.say('ana', 'approvals'));
  const row = (name: string, reason: string, number: string) =>
    [
      `${name} asks for Ledger reader`,
      'Period: 30 days from approval',
      `Reason: ${reason}`,
      'Includes: Ledger / Reader',
      'Already holds: Nothing yet',
      `${number} · decide by`,
    ].join('\n');
  expect(textOf(list)).toContain(row('Tara Lind', 'month end', 'R-1001'));
  expect(textOf(list)).toContain(row('Tom Berg', 'audit', 'R-1002'));
  // The button of its last row.
  const approved = await world.press('ana', list, 'Approve');
  expect(approved).toMatchObject({ kind: 'card', replaces: true });
  expect(sentenceOf(approved)).toBe('Done. R-1002 is approved.');
  const left = cardOf(approved);
  expect(textOf(left)).toContain('R-1001');
  expect(textOf(left)).not.toContain('R-1002');

  const form = cardOf(await world.press('ana', left, 'Deny'));
  expect((await world.submit('ana', form, {})).kind).toBe('errors');
  const denied = await world.submit('ana', form, { reason: 'not now' });
  expect(sentenceOf(denied)).toBe('Done. R-1001 is denied and Tara Lind was told.');
  expect(textOf(cardOf(denied))).toContain('Nothing waits for you.');
  const seen = { view: 'approvalList', content: true };
  expect(await decisions()).toEqual([
    { number: 1002, decision: 'approve', reason: null, ...seen },
    { number: 1001, decision: 'deny', reason: 'not now', ...seen },
  ]);
});

test('whoever presses an old row hears why nothing was decided, and has the list of now', async () => {
  const list = cardOf(await world.say('ana', 'approvals'));
  await world.configure(
    'catalogs:\n  - name: Finance\n    packages:\n      - { name: Ledger reader, roles: [Ledger / Reader, Ledger / Writer] }\n',
  );
  const late = await world.press('ana', list, 'Approve');
  expect(sentenceOf(late)).toContain('also includes Ledger / Writer now, which this did not show');
  expect(textOf(cardOf(late))).toContain('Waiting for you\n');
  expect(textOf(cardOf(late))).toContain(
    'Includes: Ledger / Reader and Ledger / Writer\nNew in the package: Ledger / Writer',
  );
  expect(sentenceOf(await world.press('tom', cardOf(late), 'Approve'))).not.toContain('Done');
  expect(await decisions()).toEqual([]);

  expect(sentenceOf(await world.press('ana', cardOf(late), 'Approve'))).toBe('Done. R-1001 is approved.');
  const again = await world.press('ana', cardOf(late), 'Approve');
  expect(sentenceOf(again)).toContain('You approved R-1001');
  expect(textOf(cardOf(again))).toContain('Nothing waits for you.');
  expect(await decisions()).toHaveLength(1);
});

test('what is more than a row holds is read on its card', async () => {
  await ask('tom', 'ledger reader', 'x'.repeat(600));
  const text = textOf(cardOf(await world.say('ana', 'approvals')));
  expect([...text.matchAll(/“(approve|deny|R)[- ][^”]*”/g)].map(([said]) => said)).toEqual([
    '“approve R-1001”',
    '“deny R-1001 because …”',
    '“R-1001”',
    '“R-1002”',
  ]);
  expect(text).not.toContain('xxx');
  await world.submit('tom', cardOf(await world.say('tom', 'request ledger writer')), {
    reason: 'x',
    'answer.ticket': 'T-7',
  });
  await world.settle();
  expect(textOf(cardOf(await world.say('max', 'approvals')))).toContain('\nWhich ticket? T-7\n');
  expect([...buttons(cardOf(await world.say('ana', 'approvals'))).keys()]).toEqual(['Approve', 'Deny', 'Details']);
});
