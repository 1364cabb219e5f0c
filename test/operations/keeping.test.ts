// Keeping and losing access: reminders, extension, giving up, ends, removal, failing systems, tasks for people.
import type { Reply } from '../../src/chat/inbound';
import { addDays } from '../../src/domain/time';
import { jobs } from '../../src/jobs';
import { expectSound } from '../support/invariants';
import { aWorld, buttons, cardOf, LEAVING, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}
async function get(user: string, name: string, values: Record<string, string> = { reason: 'month end' }) {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
  await world.settle();
}
async function getReader(user: string) {
  await get(user, 'ledger reader');
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
}
const holds = (user: string, role: string) => world.localRoles.has(user, 'Ledger', role, 'root');
const assignment = async () =>
  (
    await world.sql<{ state: string; ends_at: Date | null; end_reason: string | null }>(
      'select state, ends_at, end_reason from assignments order by id desc limit 1',
    )
  )[0];

test('access ends at its end, is taken away, and the notice offers to ask again', async () => {
  await get('tara', 'ledger auditor', {});
  expect(await holds('tara', 'Reader')).toBe(true);
  await world.pass(8 * HOUR + 60_000);
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(await assignment()).toMatchObject({ state: 'removed', end_reason: 'endReached' });
  expect(textOf(latest('tara').card)).toContain('Your access to Ledger auditor has ended');
  const offers = () => world.messagesTo('tara').filter(({ card }) => textOf(card).includes('Ask again')).length;
  expect(offers()).toBeGreaterThan(0);
  const form = cardOf(await world.press('tara', latest('tara').card, 'Ask again'));
  expect(textOf(form)).toContain('Request Ledger auditor');
  // Once it is asked for, no message that was there before asks for that any more.
  await world.submit('tara', form, {});
  await world.settle();
  expect(offers()).toBe(0);
});

test('a denied request is asked again, and its message does not offer that any more while somebody has yet to decide', async () => {
  await get('tara', 'ledger reader');
  await world.submit('ana', cardOf(await world.press('ana', latest('ana').card, 'Deny')), { reason: 'not yet' });
  await world.settle();
  const denied = () => world.messagesTo('tara').filter(({ card }) => textOf(card).includes('not yet'));
  expect(denied().some(({ card }) => textOf(card).includes('Ask again'))).toBe(true);
  await get('tara', 'ledger reader');
  expect(denied().length).toBeGreaterThan(0);
  expect(denied().filter(({ card }) => textOf(card).includes('Ask again'))).toEqual([]);
});

test('reminders come when the extension window opens and one day before the end, each once', async () => {
  await getReader('tara');
  const ending = () => world.messagesTo('tara').filter((message) => textOf(message.card).includes('ends soon')).length;
  await world.pass(15 * DAY);
  expect(ending()).toBe(0);
  await world.pass(1 * DAY + HOUR);
  expect(ending()).toBe(1);
  await world.pass(5 * DAY);
  expect(ending()).toBe(1);
  await world.pass(8 * DAY);
  expect(ending()).toBe(2);
});

test('an extension without approval adds one period from the current end, once', async () => {
  await get('tara', 'ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
  await world.press('max', latest('max').card, 'Approve');
  await world.settle();
  for (const one of ['ana', 'ben']) await world.press(one, latest(one).card, 'Approve');
  await world.settle();
  const before = await assignment();
  expect(sentenceOf(await world.say('tara', 'extend ledger writer'))).toContain('can be extended from');
  await world.pass(50 * DAY);
  const form = cardOf(await world.press('tara', latest('tara').card, 'Extend'));
  expect(textOf(form)).toContain('No approval is needed.');
  expect(sentenceOf(await world.submit('tara', form, { reason: 'still closing' }))).toContain(
    'Done. Ledger writer lasts until',
  );
  await world.settle();
  const after = await assignment();
  // Days of the calendar: one of them is an hour shorter or longer than the others where the clocks change in between.
  expect(after?.ends_at).toEqual(addDays(before?.ends_at ?? new Date(), 60, 'Europe/Berlin'));
  await world.pass(60 * DAY);
  expect(sentenceOf(await world.say('tara', 'extend ledger writer'))).toContain(
    'which is the most. When it has ended you can ask for it again.',
  );
  // By the version that she has it by she could; nobody asks by that any more.
  await world.configure(`catalogs:
  - name: Finance
    packages: [{ name: Ledger writer, policies: [{ name: Employees, who: { group: Approvers }, expires: 60 days }] }]
`);
  expect(sentenceOf(await world.say('tara', 'extend ledger writer'))).toContain(
    'which is the most. If you need it for longer, ask its owners.',
  );
});

test('an extension with approval waits for it; undecided when the end comes, access ends, and a late approval gives it again', async () => {
  await getReader('tara');
  await world.pass(28 * DAY);
  const reply = await world.submit('tara', cardOf(await world.say('tara', 'extend ledger reader')), {
    reason: 'still closing',
  });
  expect(sentenceOf(reply)).toContain('R-1002 is on its way');
  await world.settle();
  expect(textOf(latest('ana').card)).toContain('Tara Lind asks to keep Ledger reader');
  const { card } = latest('ana');
  await world.pass(2 * DAY + HOUR);
  expect(await holds('tara', 'Reader')).toBe(false);
  const ended = latest('tara');
  expect(textOf(ended.card)).toMatch(
    /has ended\n.*R-1002 is still being decided\. If that is approved you have it again, until/,
  );
  await world.press('ana', card, 'Approve');
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(true);
  expect(textOf(ended.card)).not.toContain('R-1002');
});

test('giving up asks first, then ends at once', async () => {
  await getReader('tara');
  const form = cardOf(await world.say('tara', 'give up ledger reader'));
  expect(textOf(form)).toContain('Give up Ledger reader?');
  await world.submit('tara', form, {});
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(await assignment()).toMatchObject({ state: 'removed', end_reason: 'gaveUp' });
});

test('an owner assigns directly under the policy and removes with a reason that the person reads', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages: [{ name: Given only, policies: [{ name: Direct, expires: 30 days, selfRemove: false }] }]
`);
  const form = cardOf(await world.say('olga', 'assign tara lind to given only'));
  await world.submit('olga', form, {});
  await world.settle();
  expect(await holds('tara', 'Writer')).toBe(true);
  // She could not ask for it herself, and nobody says that she could.
  expect(sentenceOf(await world.say('tara', 'extend given only'))).toBe(
    'Given only cannot be extended. If you need it for longer, ask its owners.',
  );
  expect(sentenceOf(await world.say('tara', 'give up given only'))).toContain('Given only cannot be given up here.');
  const removal = cardOf(await world.say('olga', 'remove tara lind from given only'));
  expect(sentenceOf(await world.submit('olga', removal, { reason: ' ' }))).toContain('A removal needs a reason.');
  await world.submit('olga', removal, { reason: 'project over' });
  await world.settle();
  expect(await holds('tara', 'Writer')).toBe(false);
  expect(textOf(latest('tara').card)).toContain('Olga Petrov removed your access to Given only');
  expect(textOf(latest('tara').card)).toContain('project over');
});

test('nobody assigns themselves, and nobody without the right assigns at all', async () => {
  expect(sentenceOf(await world.say('olga', 'assign olga petrov to given only'))).toContain(
    'Nobody assigns themselves',
  );
  expect(sentenceOf(await world.say('tom', 'assign tara lind to given only'))).toContain('You may not do that.');
});

test('a direct assignment under a policy with approval still waits for approval', async () => {
  const form = cardOf(await world.say('olga', 'assign tara lind to ledger reader'));
  await world.submit('olga', form, { reason: 'new joiner' });
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(false);
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(true);
});

test('two packages that share a role: the role goes with the last of them', async () => {
  await getReader('tara');
  await get('tara', 'ledger auditor', {});
  await world.pass(9 * HOUR);
  expect(await holds('tara', 'Reader')).toBe(true);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger reader')), {});
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(false);
});

test('access that the person had before stays at the end', async () => {
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  await get('tara', 'ledger auditor', {});
  await world.pass(9 * HOUR);
  expect(await assignment()).toMatchObject({ state: 'removed' });
  expect(await holds('tara', 'Reader')).toBe(true);
});

test('of all that was said of access only the message of its end offers to ask again', async () => {
  await getReader('tara');
  await world.pass(17 * DAY);
  await world.pass(14 * DAY);
  const told = world.messagesTo('tara').filter(({ card }) => /^Your access to Ledger reader/.test(textOf(card)));
  const offers = told.filter(({ card }) => buttons(card).has('Ask again'));
  expect([told.length, offers.length]).toEqual([3, 1]);
  expect(textOf(offers[0]?.card ?? latest('tara').card)).toContain('Needed again? Ask with one tap.');
  expect(new Set(told.map(({ card }) => textOf(card))).size).toBe(2);
});

test('the card of a removal says of no period, and not that a role is gone which stays for something else', async () => {
  await get('tara', 'ledger auditor', {});
  await getReader('tara');
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(true);
  const card = textOf(cardOf(await world.say('tara', 'R-1003')));
  expect(card).toContain('Nothing of it is left to take away');
  expect(card).not.toContain('Period');
  expect(card).not.toContain('Removed everywhere');
});

test('asking again fills in what one said oneself, and nobody else’s reason', async () => {
  await get('tara', 'ledger auditor', { reason: 'year end' });
  await world.submit('olga', cardOf(await world.say('olga', 'remove tara lind from ledger auditor')), {
    reason: 'left the desk',
  });
  await world.settle();
  await world.submit('olga', cardOf(await world.say('olga', 'assign tara lind to given only')), { reason: 'helps us' });
  await world.settle();
  const filled = async (typed: string): Promise<string> => JSON.stringify(cardOf(await world.say('tara', typed)).body);
  expect(await filled('ask again R-1001')).toContain('year end');
  expect(await filled('ask again R-1002')).toContain('Ledger auditor');
  expect(await filled('ask again R-1002')).not.toContain('left the desk');
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Given only
        policies: [{ name: Open, who: allMembers, approval: [{ approvers: ana }], expires: 30 days }]
`);
  await world.submit('olga', cardOf(await world.say('olga', 'remove tara lind from given only')), { reason: 'done' });
  await world.settle();
  expect(await filled('ask again R-1003')).toContain('Given only');
  expect(await filled('ask again R-1003')).not.toContain('helps us');
});

test('incompatible packages are refused in both directions, held or only asked for', async () => {
  await get('tara', 'ledger auditor', {});
  expect(sentenceOf(await world.say('tara', 'request ledger writer'))).toContain(
    'does not go together with Ledger auditor',
  );
  await get('tom', 'ledger writer', { reason: 'x', 'answer.ticket': 'T' });
  expect(sentenceOf(await world.say('tom', 'request ledger auditor'))).toContain(
    'does not go together with Ledger writer',
  );
});

test('a system that refuses for good is told to the person and the owners, and retried on removal for ever', async () => {
  await world.localRoles.tell('Ledger', { mode: 'failed', code: 'account_locked' });
  await get('tara', 'ledger auditor', {});
  expect(await assignment()).toMatchObject({ state: 'deliveryFailed' });
  expect(textOf(latest('tara').card)).toContain('is not set up completely');
  expect(textOf(latest('olga').card)).toContain('account_locked');
});

test('a removal that fails alarms the owners, shows in "my access", and succeeds when the system is back', async () => {
  await get('tara', 'ledger auditor', {});
  await world.localRoles.tell('Ledger', { mode: 'failed', code: 'account_locked' });
  await world.pass(9 * HOUR);
  expect(await assignment()).toMatchObject({ state: 'removalFailed' });
  expect(textOf(latest('olga').card)).toContain('could not be removed from Tara Lind');
  expect(textOf(cardOf(await world.say('tara', 'my access')))).toContain('ended, not yet removed');
  await world.localRoles.tell('Ledger', null);
  await world.pass(HOUR);
  expect(await assignment()).toMatchObject({ state: 'removed' });
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(textOf(latest('olga').card)).toContain('Everything is removed now.');
});

describe('what is asked for again while its removal is late', () => {
  const timeline = async () => textOf(cardOf(await world.say('tara', 'R-1002')));
  const alarms = () =>
    ['olga', 'ada'].map((user) => {
      const found = world.messagesTo(user).find(({ card }) => textOf(card).includes('could not be removed'));
      return found ? textOf(found.card) : '';
    });
  const giveUp = async (name: string) => {
    await world.submit('tara', cardOf(await world.say('tara', `give up ${name}`)), {});
    await world.settle();
  };
  const AGAIN = 'It was asked for again (R-1003), so nothing of it is taken away any more.';

  test.each(['later', 'failed'] as const)(
    'was not removed, as the record and the alarm say, though giving it %s as well',
    async (mode) => {
      await get('tara', 'ledger auditor', {});
      await world.localRoles.tell('Ledger', { mode, code: 'quota_full' });
      await giveUp('ledger auditor');
      for (let minute = 0; minute < 5; minute += 1) await world.pass(60_000);
      for (const alarm of alarms()) expect(alarm).toContain('still there:');
      await get('tara', 'ledger auditor', {});
      await world.pass(HOUR);
      for (const alarm of alarms()) expect(alarm).toContain(AGAIN);
      expect(await timeline()).toContain('No longer needed: asked for again, R-1003');
      expect(await timeline()).not.toContain('Nothing of it is left to take away');
      await world.localRoles.tell('Ledger', null);
      await world.pass(HOUR);
      expect(await holds('tara', 'Reader')).toBe(true);
      for (const alarm of alarms()) expect(alarm).toContain(AGAIN);
    },
  );

  test('is told apart from what other access keeps of it', async () => {
    const policies = '[{ name: Employees, who: allMembers, expires: never, reason: optional }]';
    await world.configure(`catalogs:
  - name: Finance
    packages:
      - { name: Ledger auditor, roles: [Ledger / Reader, Ledger / Writer], policies: ${policies} }
      - { name: Peek, roles: [Ledger / Reader], policies: ${policies} }
  - name: Audit
    resources: [{ name: Books, connector: local, originId: Ledger, roles: [Reader] }]
    packages: [{ name: Books reader, roles: [Books / Reader], policies: ${policies} }]
`);
    const late = async (gone: string, asked: string) => {
      await get('tara', gone, {});
      await world.localRoles.tell('Ledger', { mode: 'failed', code: 'quota_full' });
      await giveUp(gone);
      for (let minute = 0; minute < 5; minute += 1) await world.pass(60_000);
      await get('tara', asked, {});
      await world.localRoles.tell('Ledger', null);
      await world.pass(HOUR);
      expect(await holds('tara', 'Reader')).toBe(true);
      const alarm = world.messagesTo('olga').findLast(({ card }) => textOf(card).includes('could not be removed'));
      return alarm ? textOf(alarm.card) : '';
    };
    expect(await late('ledger auditor', 'peek')).toContain('What is left of it is wanted by other access (R-1003).');
    expect(await holds('tara', 'Writer')).toBe(false);
    await giveUp('peek');
    expect(await late('peek', 'books reader')).toContain('Nothing of it is left to take away.');
  });

  test('by hand is not being taken away any more', async () => {
    const done = async () => {
      await world.submit('olga', cardOf(await world.press('olga', latest('olga').card, 'Done')), { reason: 'key 7' });
      await world.settle();
    };
    await get('tara', 'vault keys', {});
    await done();
    await giveUp('vault keys');
    expect(textOf(cardOf(await world.say('tara', 'my access')))).toContain('it is being taken away');
    await world.pass(25 * HOUR);
    await get('tara', 'vault keys', {});
    expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('taken away');
    expect(textOf(cardOf(await world.say('tara', 'my requests')))).not.toContain('being removed');
    for (const alarm of alarms()) expect(alarm).toContain(AGAIN);
    await done();
    expect(await timeline()).toContain('No longer needed: asked for again, R-1003');
    await giveUp('vault keys');
    await done();
    expect(textOf(cardOf(await world.say('tara', 'R-1004')))).toContain('Nothing of it is left to take away');
  });
});

const MINUTE = 60_000;
test('a system that is away for a short time alarms nobody, and one that stays away alarms within five minutes', async () => {
  await get('tara', 'ledger auditor', {});
  const heard = (): number => world.messagesTo('olga').length + world.messagesTo('ada').length;
  const before = heard();
  await world.localRoles.tell('Ledger', { mode: 'later', code: 'maintenance' });
  await world.pass(8 * HOUR);
  await world.pass(30_000);
  expect(await assignment()).toMatchObject({ state: 'removing' });
  expect(heard()).toBe(before);
  for (let minute = 1; minute < 5; minute += 1) await world.pass(MINUTE);
  expect(await assignment()).toMatchObject({ state: 'removalFailed' });
  expect(heard()).toBe(before + 2);
  expect(textOf(latest('olga').card)).toContain('could not be removed from Tara Lind');
});

test('a removal counts from when it was asked for, not from a giving that waited before', async () => {
  await world.localRoles.tell('Ledger', { mode: 'later', code: 'maintenance' });
  await get('tara', 'ledger auditor', {});
  await world.sql('update grants set baseline = false');
  await world.pass(4 * HOUR);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  await world.settle();
  expect(await assignment()).toMatchObject({ state: 'removing' });
});

describe('access that has not begun', () => {
  const BOOKED = `catalogs:
  - name: Finance
    packages:
      - name: Booked
        roles: [Ledger / Reader]
        policies: [{ name: Employees, who: allMembers, expires: 8 hours, reason: optional, onBehalf: true, customPeriod: true }]
`;
  const scheduled = async (asker: string, typed: string): Promise<void> => {
    await world.configure(BOOKED);
    const tomorrow = new Date(Date.now() + 2 * DAY).toISOString().slice(0, 10);
    await world.submit(asker, cardOf(await world.say(asker, typed)), { start: tomorrow });
    await world.settle();
    expect(await assignment()).toMatchObject({ state: 'scheduled' });
  };

  test.each([
    { name: 'an owner', user: 'olga', asker: 'tara', typed: 'request booked' },
    { name: 'the manager who asked for it', user: 'max', asker: 'max', typed: 'request booked for tara lind' },
  ])('is taken by $name only with a reason, and the person hears it', async ({ user, asker, typed }) => {
    await scheduled(asker, typed);
    const card = cardOf(await world.say(user, 'r-1001'));
    const form = cardOf(await world.press(user, card, 'Cancel request'));
    expect(await assignment()).toMatchObject({ state: 'scheduled' });
    expect(sentenceOf(await world.submit(user, form, { reason: '' }))).not.toBe('');
    expect(await assignment()).toMatchObject({ state: 'scheduled' });
    expect(sentenceOf(await world.submit(user, form, { reason: 'left the project' }))).toBe('R-1001 is canceled.');
    await world.settle();
    expect(await assignment()).toMatchObject({ state: 'removed' });
    const told = world.messagesTo('tara').map(({ card: message }) => textOf(message));
    expect(told.filter((message) => message.includes('left the project'))).toEqual([
      expect.stringContaining('took back your access to Booked before it began'),
    ]);
    // What was said of the approval leads there, and says how it stands in case that never came.
    expect(told.at(-2)).toBe('What became of R-1001 stands in a newer message: Booked\nCanceled\nDetails: “R-1001”');
  });

  test('is canceled at once by the person it is for', async () => {
    await scheduled('tara', 'request booked');
    expect(textOf(cardOf(await world.say('tara', 'my access')))).toContain('Booked');
    expect(sentenceOf(await world.say('tara', 'cancel R-1001'))).toBe('R-1001 is canceled.');
    expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('Booked');
  });

  test('is nothing that they had where it is refused on its day', async () => {
    await scheduled('tara', 'request booked');
    await world.configure(BOOKED.replace('who:', 'enabled: false, who:'));
    // By then it has begun and is not over, at whatever hour of the day.
    const [due] = await world.sql<{ ms: number }>(
      'select (extract(epoch from starts_at - usher_now()) * 1000)::float8 as ms from requests',
    );
    await world.pass((due?.ms ?? 0) + HOUR);
    expect(await assignment()).toMatchObject({ state: 'removed', end_reason: 'gateClosed' });
    expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('Booked');
  });

  test('is nothing that they had where all of it went by before anybody looked', async () => {
    await scheduled('tara', 'request booked');
    await world.pass(10 * DAY);
    expect(await assignment()).toMatchObject({ state: 'removed', end_reason: 'gateClosed' });
    expect(textOf(latest('tara').card)).toMatch(/was to last until .*, and that is over/);
    expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('Booked');
  });

  test('is nothing that who was switched off meanwhile had', async () => {
    await scheduled('tara', 'request booked');
    const switched = async (enabled: boolean): Promise<void> => {
      await world.configure(`people:\n  - { key: tara, name: Tara Lind, enabled: ${String(enabled)} }\n`);
      await world.settle();
    };
    await switched(false);
    await switched(true);
    expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('Booked');
    expect(world.messagesTo('tara').map(({ card }) => textOf(card))).not.toContainEqual(
      expect.stringMatching(/Access to 1 package ended/),
    );
  });
});

test('what a manager asked for is told to the person it is for when an owner cancels it', async () => {
  await world.submit('max', cardOf(await world.say('max', 'request ledger writer for tara lind')), {
    reason: 'new in the team',
    'answer.ticket': 'T-1',
  });
  await world.settle();
  await world.say('olga', 'cancel R-1001');
  await world.settle();
  for (const user of ['max', 'tara']) expect(textOf(latest(user).card)).toContain('R-1001 was canceled');
});

/** Tara gets a package by asking that may be assigned as well. */
async function getTwice(): Promise<void> {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Twice
        roles: [Ledger / Reader]
        policies:
          - { name: Short, who: allMembers, expires: 8 hours, reason: optional, extension: { approval: false } }
          - { name: Direct, mode: direct, expires: 3 days, reason: optional }
`);
  await get('tara', 'twice', {});
}

async function assignTwice(): Promise<Reply> {
  const [direct] = await world.sql<{ id: string }>(
    `select current_version_id as id from policies where name = 'Direct' order by id desc limit 1`,
  );
  const choice = cardOf(await world.say('olga', 'assign tara lind to twice'));
  const form = cardOf(await world.submit('olga', choice, { policy: direct?.id ?? '' }));
  return world.submit('olga', form, { reason: 'audit' });
}

test('a reason for access that is over is told, though the access goes on', async () => {
  await getTwice();
  await assignTwice();
  await world.settle();
  const before = world.messagesTo('tara').length;
  await world.pass(9 * HOUR);
  expect(await assignment()).toMatchObject({ state: 'delivered' });
  expect(world.messagesTo('tara').length).toBe(before + 1);
  expect(textOf(latest('tara').card)).toContain('You keep Twice, though one of the reasons for it is over');
  const kept = world.messagesTo('tara').find(({ card }) => textOf(card).includes('R-1001 · Twice'));
  expect(kept && textOf(kept.card)).toMatch(
    /You have it\nWhat this gave was over on .* CES?T\. The access goes on for another reason\.\n/,
  );
  // A request that nobody made (rule 3.1).
  expect(
    await world.sql(`select r.number::integer, r.type, r.state, r.detail, r.requestor_id as by, r.ends_at = a.ends_at as ends
      from requests r join assignments a on a.id = r.assignment_id where r.type like 'system%'`),
  ).toEqual([{ number: 1003, type: 'systemUpdate', state: 'delivered', detail: 'endReached', by: null, ends: true }]);
  for (const user of ['tara', 'olga']) {
    const shown = textOf(cardOf(await world.say(user, 'R-1003')));
    expect(shown).toMatch(
      /\nR-1003 · Twice\nDone\nOne of the reasons for this access was over\. It went on for the others\.\n/,
    );
    expect(shown).toMatch(/Period: From .* until .*/);
    expect(shown.split('What happened')[1]?.trim()).toMatch(/^[^\n]* CES?T\n\d\d:\d\d A reason was over$/);
  }
  expect(textOf(cardOf(await world.say('tara', 'my requests')))).toContain('Done · automatic change of');
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).not.toContain('A reason was over');
  expect(sentenceOf(await world.say('tara', 'cancel R-1003'))).toContain('To end the access, give it up');
  await expectSound(world.sql);
});

test('access that could not be set up and has ended is not said to be set up', async () => {
  await world.localRoles.tell('Ledger', { mode: 'failed', code: 'account_locked' });
  await get('tara', 'ledger auditor', {});
  const failed = latest('olga');
  expect(textOf(failed.card)).toContain('account_locked');
  await world.pass(9 * HOUR);
  expect(textOf(failed.card)).toContain('Tara Lind no longer has Ledger auditor');
  expect(textOf(failed.card)).not.toContain('set up now');
});

test.each(LEAVING)('access that ended with a leaver (%s) can be asked for again once they are back', async (leaves) => {
  await get('tara', 'ledger auditor', {});
  await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
  await world.settle();
  expect(await assignment()).toMatchObject({ state: 'removed', end_reason: 'targetDisabled' });
  await world.configure('people:\n  - { key: tara, name: Tara Lind, enabled: true }\n');
  await world.settle();
  expect(textOf(latest('tara').card)).toContain('You are back.');
  const back = latest('tara');
  expect(cardOf(await world.press('tara', back.card, 'Ask again'))).toBeDefined();
  // Once they leave again, what they were told offers nothing any more.
  await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
  await world.settle();
  expect(textOf(back.card)).not.toMatch(/Ask again|Ledger/);
  // Nobody hears of nothing.
  const before = world.messagesTo('tom').length;
  for (const state of [leaves, 'enabled: true']) {
    await world.configure(`people:\n  - { key: tom, name: Tom Berg, ${state} }\n`);
    await world.settle();
  }
  expect(world.messagesTo('tom').length).toBe(before);
});

describe.each(LEAVING)('somebody who left (%s) while it waited, and is back', (state) => {
  const leaves = async (user: string, name: string): Promise<void> => {
    for (const one of [state, 'enabled: true'])
      await world.configure(`people:\n  - { key: ${user}, name: ${name}, ${one} }\n`);
  };
  const request = async () => (await world.sql('select state, detail from requests order by number desc limit 1'))[0];

  test('gets nothing by an approval that comes before the jobs, and whoever decided hears why', async () => {
    await get('tara', 'ledger reader');
    await leaves('tara', 'Tara Lind');
    expect(sentenceOf(await world.press('ana', latest('ana').card, 'Approve'))).toBe(
      'Tara Lind was switched off in the directory while R-1001 waited, so it was canceled and nothing was given. Whoever still needs it asks again.',
    );
    await world.settle();
    expect(await request()).toEqual({ state: 'canceled', detail: 'targetDisabled' });
    expect(await holds('tara', 'Reader')).toBe(false);
    expect(await world.sql('select from leaver_requests')).toEqual([]);
    expect(textOf(latest('tara').card)).toContain('Tara Lind was switched off in the directory meanwhile.');
    expect(textOf(latest('tara').card)).not.toContain('Ana Ruiz canceled it');
    await get('tara', 'ledger reader');
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(true);
  });

  test('is asked to wait a minute where what they had has not ended yet: what is given then would end with it', async () => {
    await getTwice();
    await world.sql(`update organization set clock_offset_ms = clock_offset_ms + ${7 * HOUR}`);
    await leaves('tara', 'Tara Lind');
    for (const typed of ['extend twice', 'request twice'])
      expect(sentenceOf(await world.say('tara', typed))).toBe(
        'What you had of Twice before you were switched off is just ending. Try again in a minute.',
      );
    expect(sentenceOf(await world.say('olga', 'assign tara lind to twice'))).toBe(
      'What Tara Lind had of Twice before being switched off is just ending. Try again in a minute.',
    );
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(false);
    await assignTwice();
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(true);
  });

  test('gets nothing by a start that comes before the jobs', async () => {
    const start = new Date(Date.now() + 5 * DAY).toISOString().slice(0, 10);
    await get('tara', 'ledger reader', { reason: 'audit', start });
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    expect(await request()).toMatchObject({ state: 'scheduled' });
    await world.sql(`update organization set clock_offset_ms = clock_offset_ms + ${6 * DAY}`);
    await leaves('tara', 'Tara Lind');
    expect(await jobs.find(({ name }) => name === 'start-access')?.sweep(world.swept)).toBe(1);
    expect(await request()).toEqual({ state: 'canceled', detail: 'targetDisabled' });
    await world.settle();
    expect(await holds('tara', 'Reader')).toBe(false);
  });
});

test('a manual role waits for an owner who reports it done with a note', async () => {
  await get('tara', 'vault keys', {});
  expect(await assignment()).toMatchObject({ state: 'delivering' });
  const task = latest('olga').card;
  expect(textOf(task)).toContain('Please give Tara Lind the role Key holder on Vault');
  const form = cardOf(await world.press('olga', task, 'Done'));
  expect(sentenceOf(await world.submit('olga', form, { reason: '' }))).toContain('Say in a few words what you did.');
  await world.submit('olga', form, { reason: 'handed over key 7' });
  await world.settle();
  expect(await assignment()).toMatchObject({ state: 'delivered' });
  expect(textOf(latest('cas').card)).toContain('Reported as done by Olga Petrov');
  expect([...buttons(latest('cas').card).keys()]).not.toContain('Done');
});

test.each(LEAVING)('who leaves (%s) loses access and open requests, and nobody tells them', async (leaves) => {
  await get('tara', 'ledger auditor', {});
  await get('tara', 'ledger reader');
  const told = world.messagesTo('tara').length;
  await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
  expect(sentenceOf(await world.say('tara', 'my access'))).toContain('Your account is switched off');
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(
    await world.sql("select 1 from requests where state in ('submitted', 'pendingApproval', 'scheduled')"),
  ).toHaveLength(0);
  expect(textOf(latest('ana').card)).toContain('The request was canceled. Nothing to do.');
  expect(world.messagesTo('tara')).toHaveLength(told);
});

test('a request is canceled by its requestor, and the approver card says so', async () => {
  await get('tara', 'ledger reader');
  expect(sentenceOf(await world.say('tara', 'cancel R-1001'))).toBe('R-1001 is canceled.');
  await world.settle();
  expect(textOf(latest('ana').card)).toContain('The request was canceled. Nothing to do.');
  expect(sentenceOf(await world.say('tara', 'cancel R-1001'))).toBe('R-1001 is canceled already.');
});

test('a later start is scheduled, checked again, and given when it comes', async () => {
  const form = cardOf(await world.say('tara', 'request ledger reader'));
  const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
  const start = new Date((clock?.now.getTime() ?? 0) + 5 * DAY).toISOString().slice(0, 10);
  await world.submit('tara', form, { reason: 'audit', start });
  await world.settle();
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(textOf(latest('tara').card)).toContain('Access starts on');
  await world.pass(6 * DAY);
  expect(await holds('tara', 'Reader')).toBe(true);
});

test('who was away for long and had much finds all of it, and nothing that ended otherwise or in another leave', async () => {
  const enabled = (is: boolean) =>
    world.configure(`people:\n  - { key: tara, name: Tara Lind, enabled: ${String(is)} }\n`);
  const copies = (count: number, name: string, than: string) =>
    world.sql(
      `insert into assignments select (jsonb_populate_record(a, jsonb_build_object('id', usher_id()) || $2)).*
       from assignments a, generate_series(1, $1::integer)
       where a.package_id = (select id from packages where name = '${name}')`,
      [count, than],
    );
  await getReader('tara');
  await enabled(false);
  await world.settle();
  await enabled(true);
  await world.settle();
  expect(textOf(latest('tara').card)).toContain('Access to 1 package ended');
  await get('tara', 'ledger auditor', {});
  await enabled(false);
  await world.settle();
  await copies(29, 'Ledger auditor', '{}');
  await copies(12, 'Ledger reader', '{ "end_reason": "endReached" }');
  await world.pass(40 * DAY);
  await enabled(true);
  await world.settle();
  let list = latest('tara').card;
  expect(textOf(list)).toContain('Access to 30 packages ended while you were switched off');
  const rows = [textOf(list)];
  while (buttons(list).has('Next')) {
    const before = world.messagesTo('tara').length;
    list = cardOf(await world.press('tara', list, 'Next'));
    expect(buttons(list).has('Previous')).toBe(false);
    expect(world.messagesTo('tara')).toHaveLength(before);
    rows.push(textOf(list));
  }
  expect(rows.join('\n').match(/^Ledger auditor$/gm)).toHaveLength(30);
  expect(rows.join('\n')).not.toContain('Ledger reader');
  expect(textOf(cardOf(await world.press('tara', latest('tara').card, 'Ask again')))).toContain(
    'Request Ledger auditor',
  );
});

test('lists are paged and say it when they are empty', async () => {
  expect(textOf(cardOf(await world.say('tara', 'my access')))).toContain('You have no access through me yet');
  expect(textOf(cardOf(await world.say('tara', 'my requests')))).toContain('You have not asked for anything yet');
  expect(textOf(cardOf(await world.say('tara', 'approvals')))).toContain('Nothing waits for you');
  for (const name of ['ledger reader', 'vault keys']) await get('tara', name);
  expect(textOf(cardOf(await world.say('tara', 'my requests')))).toContain('R-1002');
});

test('giving up while an extension waits takes the extension back: its approver is told, and who gave up hears once', async () => {
  await getReader('tara');
  await world.pass(28 * DAY);
  await world.submit('tara', cardOf(await world.say('tara', 'extend ledger reader')), { reason: 'still closing' });
  await world.settle();
  const asked = latest('ana');
  const before = world.messagesTo('tara').length;
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger reader')), { reason: 'done early' });
  await world.settle();
  expect(world.messagesTo('tara')).toHaveLength(before + 1);
  expect(textOf(latest('tara').card)).toMatch(/^You gave up Ledger reader/);
  expect(await holds('tara', 'Reader')).toBe(false);
  expect(textOf(asked.card)).toContain('The request was canceled. Nothing to do.');
});
