// What cards say of what is asked, kept, canceled and changed: whoever reads one knows what it is about without looking further.
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf, type World } from '../support/world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

const told = (user: string) => world.messagesTo(user).map(({ card }) => textOf(card));
function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}
async function ask(user: string, typed: string, values: Record<string, string> = { reason: 'month end' }) {
  const sent = await world.submit(user, cardOf(await world.say(user, typed)), values);
  await world.settle();
  return sent;
}
const saying = async (user: string, typed: string) => textOf(cardOf(await world.say(user, typed)));

describe('an extension', () => {
  beforeEach(async () => {
    await ask('tara', 'request ledger reader');
    await world.press('ana', latest('ana').card, 'Approve');
    await world.pass(20 * DAY);
    await ask('tara', 'extend ledger reader', { reason: 'still closing' });
  });

  test('is asked to be kept, in the list as on the card, which says until when it is there anyway', async () => {
    expect(await saying('ana', 'approvals')).toContain('Tara Lind asks to keep Ledger reader');
    const card = textOf(latest('ana').card);
    expect(card).toContain('Tara Lind asks to keep Ledger reader');
    expect(card).toMatch(/Has it now: until \w+ \d+/u);
    expect(card).toContain('Already holds: Nothing');
  });

  test('that is denied says so, and that the access stays until its end', async () => {
    await world.submit('ana', cardOf(await world.press('ana', latest('ana').card, 'Deny')), { reason: 'too long' });
    await world.settle();
    const [said] = told('tara').filter((text) => text.includes('was denied'));
    expect(said).toContain('R-1002 was denied: longer access to Ledger reader');
    expect(said).toMatch(/The access stays as it was, until \w+ \d+/u);
  });
});

test('a task names the part of the resource, and is reminded of as what is still to do', async () => {
  await world.configure(`catalogs:
  - name: Finance
    resources: [{ name: Server room, connector: manual, owners: [olga], roles: [Door], scopes: [Vienna, London] }]
    packages:
      - name: Doors
        roles: [Server room / Door / Vienna, Server room / Door / London]
        policies: [{ name: All, who: allMembers, expires: 30 days, reason: optional }]
`);
  await ask('tara', 'request doors');
  expect([...told('olga')].sort()).toEqual([
    expect.stringContaining('Please give Tara Lind the role Door on Server room / London'),
    expect.stringContaining('Please give Tara Lind the role Door on Server room / Vienna'),
  ]);
  await world.pass(2 * DAY);
  const reminded = told('olga').slice(2);
  expect(reminded.length).toBeGreaterThan(0);
  for (const text of reminded)
    expect(text).toMatch(/^Still to do: Please give Tara Lind the role Door on .*\nIt waits since/u);
  // Whoever is asked because it was not done reads who was asked before, and when.
  const escalated = told('ada');
  expect(escalated.length).toBeGreaterThan(0);
  for (const text of escalated)
    expect(text).toMatch(
      /\nOlga Petrov was asked and has not done it yet, so you are asked as well\. It waits since .+ CES?T\. I cannot/u,
    );
});

test('whoever came to own a resource too late to hear of a task is not named as one who left it undone', async () => {
  await ask('tara', 'request vault keys');
  await world.settle();
  expect(told('olga').some((text) => text.startsWith('Please give Tara Lind'))).toBe(true);
  await world.pass(DAY - HOUR / 2);
  await world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources: [{ name: Vault, connector: manual, owners: [ben], roles: [Key holder] }]
`);
  await world.pass(HOUR);
  for (const user of ['olga', 'ada']) {
    const escalated = told(user).filter((text) => text.startsWith('Still to do: '));
    expect(escalated).toEqual([expect.stringMatching(/\nIt waits since .+ CES?T\. I cannot/u)]);
  }
});

test('whoever comes to own a resource is told of what waits there, a removal too, and whoever does not any more is asked no longer', async () => {
  const owners = (name: string) =>
    world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources: [{ name: Vault, connector: manual, owners: [${name}], roles: [Key holder] }]
`);
  await owners('max');
  await ask('tara', 'request vault keys');
  await ask('tom', 'request vault keys');
  await world.submit('max', cardOf(await world.press('max', latest('max').card, 'Done')), { reason: 'handed over' });
  await world.submit('tom', cardOf(await world.say('tom', 'give up vault keys')), {});
  await world.pass(HOUR);
  const open = (user: string) =>
    world.messagesTo(user).filter(({ card }) => /^Please (give|take)/u.test(textOf(card)) && buttons(card).has('Done'));
  expect([open('max').length, open('ben').length]).toEqual([2, 0]);
  await owners('ben');
  await world.pass(HOUR);
  const asked = told('ben').map((text) => text.split('\n')[0]);
  expect(asked.sort()).toEqual([
    'Please give Tara Lind the role Key holder on Vault',
    'Please take the role Key holder on Vault away from Tom Berg',
  ]);
  expect([open('max').length, open('ben').length]).toEqual([0, 2]);
  // Nobody hears twice, and whoever is back hears so: what they were told before was closed without a word.
  const before = told('max').length;
  await owners('max');
  await world.pass(HOUR);
  expect(told('max').slice(before).sort()).toEqual([
    expect.stringMatching(/^Please give Tara Lind the role Key holder on Vault/),
    expect.stringMatching(/^Please take the role Key holder on Vault away from Tom Berg/),
  ]);
  expect([open('ben').length, told('ben').length]).toEqual([0, 2]);
  await world.pass(HOUR);
  expect(await world.due.followKeepers()).toBe(0);
});

test('who assigns reads whether somebody has to approve first', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Wages
        policies: [{ name: All, mode: direct, who: allMembers, approval: [{ approvers: [ana] }], expires: 30 days, reason: optional }]
`);
  expect(sentenceOf(await ask('olga', 'assign tara lind to wages', {}))).toBe(
    'R-1001 is on its way: Tara Lind gets Wages once it is approved.',
  );
  expect(sentenceOf(await ask('olga', 'assign tara lind to given only', {}))).toBe(
    'R-1002: Tara Lind gets Given only.',
  );
});

test('access that has not begun is given up as what will not start', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Later
        policies: [{ name: All, who: allMembers, expires: 30 days, reason: optional, customPeriod: true }]
`);
  const now = await world.desk.views.now();
  const start = new Date(now.getTime() + 5 * DAY).toISOString().slice(0, 10);
  await ask('tara', 'request later', { start });
  const form = cardOf(await world.say('tara', 'give up later'));
  expect(textOf(form)).toContain('It has not started yet, and will not.');
  expect(sentenceOf(await world.submit('tara', form, {}))).toBe('Done. Later will not start.');
});

test('the list of access says why of what has ended, too', async () => {
  await ask('tara', 'request ledger auditor', {});
  await world.pass(9 * HOUR);
  expect(await saying('tara', 'my access')).toMatch(/ended .* · from request R-1001/u);
});

test('whose request was canceled reads by whom', async () => {
  await ask('max', 'request ledger writer for tara lind', { reason: 'x', 'answer.ticket': 'T-1' });
  await world.say('olga', 'cancel R-1001');
  await world.settle();
  expect(told('max').join('\n')).toContain('Olga Petrov canceled it on');
});

test('who holds a package is told when it changes, with what it gives now', async () => {
  await ask('tara', 'request ledger auditor', {});
  await world.configure(
    SMALL.replace(
      'Ledger auditor\n        roles: [Ledger / Reader]',
      'Ledger auditor\n        roles: [Ledger / Reader, Ledger / Writer]',
    ),
  );
  await world.settle();
  const said = told('tara').find((text) => text.startsWith('Ledger auditor has changed'));
  expect(said).toContain('It gives you now: Ledger: Reader and Ledger: Writer.');
  expect(said).toContain('It lasts until');
});

test('who decides on a guest reads where the guest comes from', async () => {
  await world.configure(`organizations: [{ name: Contoso, state: configured }]
people:
  - { key: rita, name: Rita Jensen, kind: guest, organization: Contoso, identities: [{ platform: web, tenant: demo, user: rita }] }
catalogs:
  - name: Finance
    external: true
    packages:
      - name: Shared
        policies: [{ name: Guests, who: allConfiguredOrganizations, approval: [{ approvers: [ana] }], expires: 30 days, reason: optional }]
`);
  await ask('rita', 'request shared', {});
  expect(textOf(latest('ana').card)).toContain('Comes from: Contoso');
});
