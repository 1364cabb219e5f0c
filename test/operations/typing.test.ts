// What people type as people do: quotes, courtesy, marks, a number alone, a reason without its word.
import { aWorld, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const say = async (user: string, text: string) => {
  const reply = await world.say(user, text);
  return reply.kind === 'card' || reply.kind === 'form'
    ? `${sentenceOf(reply)} ${textOf(cardOf(reply))}`
    : sentenceOf(reply);
};
async function asked() {
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
  await world.settle();
}
const decisions = () => world.sql('select decision, reason from decisions');

test('a package is asked for in quotes, with courtesy, an emoji, and the name of Usher before it', async () => {
  for (const typed of [
    'request “Ledger reader”',
    '“request ledger reader”',
    'please request ledger reader',
    '@Usher request ledger reader',
    '/usher please request "ledger reader"',
    '🙏 request ledger reader',
    'request ledger reader 🙏',
  ])
    expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('Request Ledger reader')]);
  for (const typed of ['request access!', '“request access”', '👋 Request access'])
    expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('What do you need?')]);
});

test.each(['good morning', 'Hey', 'hey!', '?', '@Usher help', '/usher help', 'help!'])(
  '"%s" is answered with what can be done',
  async (typed) => {
    expect(await say('tara', typed)).toContain('Hi Tara Lind.');
  },
);

test.each(['R-1001', '1001', 'R 1001', '#1001', 'r1001?', '"R-1001"'])('"%s" shows the request', async (typed) => {
  await asked();
  expect(await say('tara', typed)).toContain('R-1001 · Ledger reader');
});

describe('an approver', () => {
  beforeEach(asked);

  test.each([
    'approve R-1001 please',
    'approve R-1001.',
    'approve "R-1001"',
    'approve #1001',
    'approve r 1001, thanks!',
  ])('approves by "%s"', async (typed) => {
    expect(await say('ana', typed)).toContain('Done. R-1001 is approved.');
    expect(await decisions()).toEqual([{ decision: 'approve', reason: null }]);
  });

  test.each([
    ['deny R-1001 because', 'Why not?'],
    ['deny R-1001.', 'Why not?'],
    ['deny R-1001 too expensive', 'too expensive'],
    ['approve R-1001 only until Friday', 'only until Friday'],
  ])('reads "%s" in a form before it counts', async (typed, shown) => {
    expect(await say('ana', typed)).toContain(shown);
    expect(await decisions()).toEqual([]);
  });

  test('denies with a reason that is kept as it was typed', async () => {
    await say('ana', 'deny R-1001 because too expensive. 👎');
    expect(await decisions()).toEqual([{ decision: 'deny', reason: 'too expensive. 👎' }]);
  });
});

test('an owner who names half of an assignment finds it in the form', async () => {
  for (const typed of ['assign tara lind', 'assign Tara Lind to', 'assign tara'])
    expect([typed, await say('olga', typed)]).toEqual([typed, expect.stringContaining('Tara Lind')]);
  expect(await say('olga', 'assign to given only')).toContain('Given only');
});

test.each(['remove', 'remove Tara Lind', 'reprocess'])(
  '"%s" offers no button that types what is to be named',
  async (typed) => {
    expect(await say('olga', typed)).toContain('<person>');
    const { card } = { card: cardOf(await world.say('olga', typed)) };
    expect(JSON.stringify(card.actions)).not.toContain('<person>');
  },
);

test('what cannot be done names what can', async () => {
  await asked();
  expect(await say('tom', 'approve R-1001')).toContain('Type “approvals” to see what waits for you.');
  await world.say('ana', 'approve R-1001');
  await world.settle();
  expect(await say('tara', 'cancel R-1001')).toContain('To end the access, give it up: type “my access”.');
  expect(await say('tara', 'request ledger auditor for Tom Berg')).toContain(
    'You can ask for yourself and for your direct reports.',
  );
});
