// Roles that people set up by hand: whoever waits for them knows for whom, from the decision on.
import { aWorld, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(`${SMALL}
      - name: Vault and ledger
        roles: [Vault / Key holder, Ledger / Reader]
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days, onBehalf: true, reason: optional }
`);
});

function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}
const heard = (user: string, what: string) =>
  world.messagesTo(user).filter(({ card }) => textOf(card).includes(what)).length;
const card = async (user: string) => textOf(cardOf(await world.say(user, 'R-1001')));
async function ask(user: string, typed: string) {
  await world.submit(user, cardOf(await world.say(user, typed)), {});
  await world.settle();
}
async function approve() {
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
}
async function done(by: string) {
  await world.submit(by, cardOf(await world.press(by, latest(by).card, 'Done')), { reason: 'key 7' });
  await world.settle();
}
const WAITS = 'Waits for Cas de Vries or Olga Petrov to set up Key holder on Vault.';

test('whoever asked hears of the approval and for whom it waits, and then of the access', async () => {
  await ask('tara', 'request vault and ledger');
  await approve();
  expect(textOf(latest('tara').card)).toContain('R-1001 is approved: Vault and ledger');
  expect(textOf(latest('tara').card)).toContain(WAITS);
  expect(await card('tara')).toContain(WAITS);
  await done('olga');
  expect(textOf(latest('tara').card)).toContain('You now have Vault and ledger');
  expect(heard('tara', 'is approved')).toBe(1);
  expect(heard('tara', 'Waits for Cas')).toBe(0);
  expect(await card('tara')).toContain('Set up, reported by Olga Petrov');
});

test('what serves several requests is told in the story of each, and nothing is told of what it is not part of', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Vault alone
        roles: [Vault / Key holder]
        policies: [{ name: Employees, who: allMembers, expires: 60 days, reason: optional }]
`);
  await ask('tara', 'request vault and ledger');
  await ask('tara', 'request vault alone');
  await approve();
  await done('olga');
  const stories = async (what: string): Promise<boolean[]> => {
    const all = ['R-1001', 'R-1002', 'R-1003'].map((typed) => world.say('tara', typed));
    return (await Promise.all(all)).map((reply) => textOf(cardOf(reply)).includes(what));
  };
  expect(await stories('Set up, reported by Olga Petrov')).toEqual([true, true, false]);
  await world.submit('tara', cardOf(await world.say('tara', 'give up vault alone')), {});
  await world.settle();
  expect(await stories('Set up, reported by Olga Petrov')).toEqual([true, true, false]);
});

test('of what a manager asked for both hear', async () => {
  await ask('max', 'request vault and ledger for tara lind');
  await approve();
  for (const user of ['max', 'tara'])
    expect([user, textOf(latest(user).card)]).toEqual([user, expect.stringContaining(WAITS)]);
});

test('who would set it up for themselves is not among those it waits for', async () => {
  await ask('cas', 'request vault and ledger');
  await approve();
  expect(await card('cas')).toContain('Waits for Olga Petrov to set up Key holder on Vault.');
});

test('without an approval the form and the card tell it, and no message more', async () => {
  const form = cardOf(await world.say('tara', 'request vault keys'));
  expect(textOf(form)).toContain('No approval is needed. It is set up by hand, which takes its time.');
  await world.submit('tara', form, {});
  await world.settle();
  expect(await card('tara')).toContain(WAITS);
  expect(heard('tara', 'is approved')).toBe(0);
});

test('access that somebody takes away by hand is not said to be gone before', async () => {
  await ask('tara', 'request vault keys');
  await done('olga');
  const form = cardOf(await world.say('olga', 'remove tara lind from vault keys'));
  expect(textOf(form)).toContain('The access is taken away by hand, which takes its time.');
  const reply = await world.submit('olga', form, { reason: 'moved' });
  expect(sentenceOf(reply)).toBe('Done. Vault keys is being removed from Tara Lind.');
  await world.settle();
  expect(textOf(cardOf(reply))).toMatch(
    /^Vault keys is being removed from Tara Lind\n.*moved.*\n.*Ended, being removed/,
  );
  expect(textOf(cardOf(reply))).not.toContain('no longer has');
});

test('where the system gives at once, the approval is no message of its own', async () => {
  await ask('tara', 'request ledger auditor');
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
  await world.settle();
  await approve();
  expect(heard('tara', 'is approved')).toBe(0);
  expect(heard('tara', 'You now have Ledger reader')).toBe(1);
});
