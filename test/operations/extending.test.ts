// What is said of access that ends soon, is asked for longer, or has ended: only what is true, and only what can be done.
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
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
const titles = (card: Parameters<typeof buttons>[0]) => [...buttons(card).keys()];
const reader = (more: string) =>
  world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days${more} }
`);
async function getReader() {
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
  await world.settle();
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
}
const extend = async () => {
  const form = cardOf(await world.say('tara', 'extend ledger reader'));
  const sent = await world.submit('tara', form, { reason: 'still closing' });
  await world.settle();
  return sent;
};
/** The reminder that the end is near, as it looks now. */
const reminder = () => {
  const found = world.messagesTo('tara').find((message) => message.id === remindedBy);
  if (!found) throw new Error('no reminder');
  return found.card;
};
let remindedBy = '';
async function remind() {
  await getReader();
  await world.pass(17 * DAY);
  remindedBy = latest('tara').id;
  expect(textOf(reminder())).toContain('Ledger reader ends soon');
  expect(titles(reminder())).toContain('Extend');
}

test.each([
  ['was extended as often as it may be', 'max: 1', 'which is the most'],
  ['lasts as long as it may', 'max: 5, maxTotalDays: 60', 'at the latest, so it cannot be extended'],
])('of access that %s nobody hears that it can be extended later', async (_name, limit, told) => {
  await reader(`, extension: { approval: false, ${limit} }`);
  await remind();
  expect(sentenceOf(await extend())).toContain('Done. Ledger reader lasts until ');
  expect(sentenceOf(await world.say('tara', 'extend ledger reader'))).toContain(told);
});

describe('what was approved for less than the policy gives', () => {
  const policy = (more: string) =>
    world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], ${more} }
`);
  /** Approved until the end of tomorrow; its holder opens the form as early as they may. */
  async function oneDay() {
    const [tomorrow] = await world.sql<{ day: string }>(
      `select ((usher_now() at time zone 'Europe/Berlin')::date + 1)::text as day`,
    );
    await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), {
      reason: 'one day only',
      end: tomorrow?.day ?? '',
    });
    await world.settle();
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    await world.pass(Math.ceil(((await lasts()).hours * HOUR) / 2));
    return cardOf(await world.say('tara', 'extend ledger reader'));
  }
  const lasts = async () => {
    const [row] = await world.sql<{ hours: number; until: Date | null }>(
      `select (extract(epoch from until - period_at) / 3600)::float as hours, until from justifications`,
    );
    if (!row) throw new Error('nothing is held');
    return row;
  };

  test.each(['expires: never', 'expires: 90 days'])(
    'with %s is extended by the same again without approval, as the form and the reply say',
    async (expires) => {
      await policy(`${expires}, extension: { approval: false }`);
      const form = await oneDay();
      const before = await lasts();
      expect(textOf(form)).toMatch(/It would last until .* instead of .*\.\n.*No approval is needed/);
      const sent = await world.submit('tara', form, { reason: 'one more' });
      expect(sentenceOf(sent)).toMatch(/^Done\. Ledger reader lasts until .* now\.$/);
      expect(await lasts()).toMatchObject({ hours: before.hours });
    },
  );

  test('says where it would have no end, to whoever asks and to whoever approves', async () => {
    await policy('expires: never, extension: { approval: true }');
    const form = await oneDay();
    expect(textOf(form)).toContain('It would last without an end, instead of until ');
    expect(textOf(form)).toContain('Ana Ruiz will be asked.');
    expect(sentenceOf(await world.submit('tara', form, { reason: 'for good' }))).toBe('R-1002 is on its way.');
    await world.settle();
    expect(textOf(latest('ana').card)).toContain('no end date');
    await world.press('ana', latest('ana').card, 'Approve');
    expect(await lasts()).toMatchObject({ until: null });
  });
});

test('the card of the request offers to extend while that is possible', async () => {
  await getReader();
  const card = () => {
    const found = world.messagesTo('tara').find((message) => textOf(message.card).includes('\nR-1001 · Ledger reader'));
    return found ? titles(found.card) : [];
  };
  expect(card()).not.toContain('Extend');
  await world.pass(17 * DAY);
  expect(card()).toContain('Extend');
  await extend();
  expect(card()).not.toContain('Extend');
  await world.pass(4 * DAY);
  expect(card()).toContain('Extend');
  await world.pass(10 * DAY);
  expect(card()).not.toContain('Extend');
});

test('neither the form nor a button for it is offered where nobody could decide, and all say what to do', async () => {
  await remind();
  const form = cardOf(await world.say('tara', 'extend ledger reader'));
  // Two are to approve it, and without Tara, who owns what she holds, the administrator alone is left.
  await world.sql(
    `update administrative_roles set person_id = (select id from people where directory_key = 'tara') where role = 'catalogOwner'`,
  );
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: [tara, ada], approvalsRequired: 2 }], expires: 30 days }
`);
  const tooFew =
    'There are too few people who may approve Ledger reader here: nobody decides for themselves. Ask an administrator to name another approver.';
  expect(sentenceOf(await world.say('tara', 'extend ledger reader'))).toBe(tooFew);
  expect(sentenceOf(await world.press('tara', reminder(), 'Extend'))).toBe(tooFew);
  expect(sentenceOf(await world.submit('tara', form, { reason: 'still closing' }))).toBe(tooFew);
  expect(titles(cardOf(await world.say('tara', 'my access')))).not.toContain('Extend');
  // Who could decide follows from configuration, which redraws no message: one that could not be changed is looked at again.
  await world.sql(`update cards set error_at = usher_now() - interval '2 hours', error = 'lost' where state = 'live'`);
  world.mailbox.failed = true;
  await world.pass(HOUR);
  expect([textOf(reminder()).includes(tooFew), titles(reminder()).includes('Extend')]).toEqual([true, false]);
});

test('the reminder follows an extension: asked for, refused, asked for again, approved', async () => {
  await remind();
  await extend();
  expect(textOf(reminder())).toContain('You asked to keep it: R-1002 is being decided.');
  expect(titles(reminder())).not.toContain('Extend');
  await world.submit('ana', cardOf(await world.press('ana', latest('ana').card, 'Deny')), { reason: 'not now' });
  await world.settle();
  expect(textOf(reminder())).toContain('Still needed? Extend it.');
  expect(titles(reminder())).toContain('Extend');
  await extend();
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
  expect(textOf(reminder())).toContain('You keep Ledger reader');
  expect(textOf(reminder())).toMatch(/It lasts until .* 20\d\d/);
  for (const untrue of ['ends soon', 'cannot be extended', 'Still needed?'])
    expect(textOf(reminder())).not.toContain(untrue);
});

test.each([
  ['canceled', () => world.say('tara', 'cancel R-1002')],
  ['undecided', () => world.pass(4 * DAY)],
])('an extension that was %s gives the reminder its button back', async (_name, over) => {
  await remind();
  await extend();
  expect(titles(reminder())).not.toContain('Extend');
  await over();
  await world.settle();
  expect(titles(reminder())).toContain('Extend');
});

test('the card of an extension says until when it lasts, and nothing of that once it ended', async () => {
  await remind();
  await extend();
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
  const card = async () => textOf(cardOf(await world.say('tara', 'R-1002')));
  expect(await card()).toContain('Access now lasts until');
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger reader')), {});
  await world.settle();
  expect(await card()).toContain('You had it until');
  expect(await card()).not.toContain('now lasts until');
});

describe('a request that nobody decided', () => {
  const tap = 'You can ask again with one tap.';

  test('offers its requestor to ask again, and tells nobody else that they can', async () => {
    await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
    await world.pass(4 * DAY);
    expect([textOf(latest('tara').card).includes(tap), titles(latest('tara').card)]).toEqual([
      true,
      expect.arrayContaining(['Ask again']),
    ]);
    expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain(tap);
    expect(textOf(cardOf(await world.say('olga', 'R-1001')))).not.toContain(tap);
  });

  test('is asked for again from what is still held where it was an extension', async () => {
    await remind();
    await extend();
    await world.pass(4 * DAY);
    const notice = latest('tara').card;
    expect(textOf(notice)).toContain('Nobody decided on R-1002');
    expect(textOf(notice)).toContain(tap);
    expect(textOf(cardOf(await world.press('tara', notice, 'Extend')))).toContain('Extend Ledger reader');
    for (const typed of ['R-1002', 'R-1001', 'my access']) {
      const card = cardOf(await world.say('tara', typed));
      expect(textOf(cardOf(await world.press('tara', card, 'Extend')))).toContain('Extend Ledger reader');
    }
    expect(textOf(cardOf(await world.say('tara', 'R-1002')))).toContain(tap);
    // Nobody else could.
    for (const user of ['olga', 'ana']) expect(titles(cardOf(await world.say(user, 'R-1002')))).not.toContain('Extend');
    await extend();
    for (const card of [latest('tara').card, cardOf(await world.say('tara', 'R-1002'))]) {
      expect(titles(card)).not.toContain('Extend');
      expect(textOf(card)).not.toContain(tap);
    }
  });

  test('is not extended where that would be refused by now', async () => {
    await remind();
    await extend();
    await world.configure('catalogs:\n  - { name: Finance, published: false }\n');
    await world.pass(4 * DAY);
    const notice = latest('tara').card;
    expect(textOf(notice)).toContain('Nobody decided on R-1002');
    for (const card of [
      notice,
      cardOf(await world.say('tara', 'R-1002')),
      cardOf(await world.say('tara', 'my access')),
    ]) {
      expect(titles(card)).not.toContain('Extend');
      expect(textOf(card)).not.toContain(tap);
    }
  });

  test('is asked for anew where it was an extension of what has ended', async () => {
    await remind();
    await world.pass(12 * DAY);
    await extend();
    await world.pass(4 * DAY);
    const notice = world
      .messagesTo('tara')
      .map(({ card }) => card)
      .find((card) => textOf(card).includes('Nobody decided on'));
    if (!notice) throw new Error('no notice');
    expect(textOf(notice)).toContain(tap);
    expect(textOf(cardOf(await world.press('tara', notice, 'Ask again')))).toContain('Request Ledger reader');
  });

  test('promises nothing to whom it was to be assigned', async () => {
    await world.submit('olga', cardOf(await world.say('olga', 'assign tara lind to ledger reader')), { reason: 'new' });
    await world.pass(4 * DAY);
    for (const user of ['tara', 'olga']) {
      expect(textOf(latest(user).card)).toContain('Nobody decided');
      expect(textOf(latest(user).card)).not.toContain(tap);
    }
  });
});

describe('whom the package is no longer for', () => {
  const narrow = () =>
    world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies:
          - { name: Employees, who: { group: Approvers }, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days, extension: { allowed: false } }
`);

  test('is not invited to ask for it again, wherever that would be offered', async () => {
    await getReader();
    await narrow();
    await world.pass(31 * DAY);
    const notice = latest('tara').card;
    expect(textOf(notice)).toContain('Your access to Ledger reader has ended');
    expect(textOf(notice)).not.toContain('Needed again?');
    const whom = 'You cannot ask for Ledger reader again now. If you need it, ask its owners (“package Ledger reader”';
    expect(textOf(notice)).toContain(whom);
    expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain(whom);
    const list = cardOf(await world.say('tara', 'my access'));
    expect(textOf(list)).toContain('from request R-1001 · ask its owners if you need it again');
    const about = cardOf(await world.say('tara', 'package ledger reader'));
    expect(textOf(about)).toContain('Owners: Olga Petrov');
    expect(titles(about)).not.toContain('Request access');
    for (const card of [notice, list, cardOf(await world.say('tara', 'R-1001'))])
      expect(titles(card)).not.toContain('Ask again');
    // Whoever never had it does not hear that it is there; whoever looks after it does.
    expect(sentenceOf(await world.say('max', 'package ledger reader'))).toContain('I know no package of that name');
    expect(textOf(cardOf(await world.say('olga', 'package ledger reader')))).toContain('Owners: Olga Petrov');
  });

  test('hears before the end, and before giving it up, that it does not come back', async () => {
    await getReader();
    await narrow();
    await world.pass(17 * DAY);
    expect(textOf(latest('tara').card)).toContain(
      'It cannot be extended. If you need it for longer, ask its owners (“package Ledger reader” names them).',
    );
    expect(textOf(cardOf(await world.say('tara', 'give up ledger reader')))).toContain(
      'You could not ask for it again now. To get it back, you would have to ask Olga Petrov.',
    );
  });

  test('is not told to tap where nobody decided, but whom to ask', async () => {
    for (const user of ['tara', 'olga'])
      await world.submit(user, cardOf(await world.say(user, 'request ledger reader')), { reason: 'month end' });
    await narrow();
    await world.pass(4 * DAY);
    // She is its only owner.
    expect(textOf(latest('olga').card)).toContain('If you need it, ask an administrator.');
    for (const card of [latest('tara').card, cardOf(await world.say('tara', 'R-1001'))]) {
      expect(textOf(card)).toContain('If you need it, ask its owners (“package Ledger reader” names them).');
      expect(textOf(card)).not.toContain('one tap');
      expect(titles(card)).not.toContain('Ask again');
    }
  });

  test('and is back from being switched off, is not invited either', async () => {
    await getReader();
    const switched = (enabled: boolean) =>
      world.configure(`people:\n  - { key: tara, name: Tara Lind, enabled: ${String(enabled)} }\n`);
    await switched(false);
    await world.settle();
    await narrow();
    await switched(true);
    await world.settle();
    expect(textOf(latest('tara').card)).toContain('You are back.');
    expect(textOf(latest('tara').card)).toContain('ask its owners if you need it again');
    expect(titles(latest('tara').card)).not.toContain('Ask again');
  });
});

test('what is had again, or asked for again, is not offered a second time', async () => {
  await getReader();
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger reader')), {});
  await world.settle();
  const askAgain = async () =>
    Promise.all(
      ['my access', 'R-1001'].map(async (typed) =>
        titles(cardOf(await world.say('tara', typed))).includes('Ask again'),
      ),
    );
  expect(await askAgain()).toEqual([true, true]);
  await world.submit('tara', cardOf(await world.say('tara', 'ask again R-1001')), { reason: 'month end' });
  expect(await askAgain()).toEqual([false, false]);
  expect(textOf(cardOf(await world.say('tara', 'my access')))).not.toContain('ask its owners');
});

test('a late tap on a list of access brings the list of today, with the sentence', async () => {
  await getReader();
  const old = cardOf(await world.say('tara', 'my access'));
  await world.submit('tara', cardOf(await world.press('tara', old, 'Give up')), {});
  await world.settle();
  const reply = await world.press('tara', old, 'Give up');
  expect(sentenceOf(reply)).toBe('You do not have Ledger reader now. Type “my access” to see what you have.');
  expect(reply).toMatchObject({ kind: 'card', replaces: true });
  expect(textOf(cardOf(reply))).toContain('ended');
  expect(titles(cardOf(reply))).not.toContain('Give up');
});
