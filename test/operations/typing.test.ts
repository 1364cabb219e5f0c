// What people type as people do: quotes, courtesy, marks, a number alone, a reason without its word.
import type { PersonId } from '../../src/domain/model';
import { aWorld, cardOf, said, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
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
    'request ledger reader please',
    'request "Ledger reader", thank you!',
    'request “Ledger reader” for me please',
  ])
    expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('Request Ledger reader')]);
  for (const typed of ['request access!', '“request access”', '👋 Request access'])
    expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('What do you need?')]);
});

test('two names may each have their quotes, and courtesy may follow', async () => {
  for (const typed of [
    '"Tara Lind" to "Given only"',
    '“Tara Lind” to “Given only” please',
    "Tara Lind to 'Given only'.",
  ])
    expect([typed, await say('olga', `assign ${typed}`)]).toEqual([
      typed,
      expect.stringContaining('Assign Given only'),
    ]);
  for (const typed of ['"Ledger writer" for "Tara Lind"', 'ledger writer for “tara lind”, thanks'])
    expect([typed, await say('max', `request ${typed}`)]).toEqual([
      typed,
      expect.stringContaining('Request Ledger writer'),
    ]);
});

test.each(['cancel R-1001.', 'cancel 1001!', 'cancel "R-1001" please', 'cancel R-1001 because of a mistake'])(
  'a request is taken back by "%s"',
  async (typed) => {
    await asked();
    expect(await say('tara', typed)).toContain('is canceled');
  },
);

test.each(['cancel R-1001?', 'R-1001 please', 'R-1001.', 'ask again R-1001.'])(
  '"%s" is about R-1001',
  async (typed) => {
    await asked();
    expect(await say('tara', typed)).toContain('R-1001');
    expect(await world.sql('select state from requests')).toEqual([{ state: 'pendingApproval' }]);
  },
);

test('a package may be called like what a button of its card types', async () => {
  await world.configure(
    `catalogs: [{ name: Finance, packages: [{ name: Release 20261126, roles: [Ledger / Reader], policies: [{ name: Employees, who: allMembers, expires: 3 days }] }] }]`,
  );
  expect(await say('olga', 'remove leavers from release 20261126')).toContain('Nobody has to lose Release 20261126');
  expect(await say('olga', 'remove leavers from release 20261126 0a1b2c3d')).toContain(
    'Nobody’s access to Release 20261126 waits for your word any more.',
  );
});

test.each(['cancel R-1001?', 'cancel R-1001', 'R-1001', 'cancel R-4711?'])(
  '"%s" tells nobody else whether there is one',
  async (typed) => {
    await asked();
    expect(await say('tom', typed)).toContain('I know no such request of yours.');
  },
);

test('a longer name than that of what is held is never taken for it', async () => {
  await world.configure(
    `catalogs: [{ name: Finance, packages: [{ name: Given only plus, roles: [Ledger / Reader], policies: [{ name: Employees, who: allMembers, expires: 3 days }] }] }]`,
  );
  await world.submit('olga', cardOf(await world.say('olga', 'assign Tara Lind to Given only')), { reason: 'needed' });
  await world.settle();
  expect(await say('tara', 'give up Given only plus')).toContain('You do not have Given only plus');
  expect(await say('tara', 'give up given only and more')).toContain('Did you mean');
  expect(await say('tara', 'give up “given only” please 🙏')).toContain('Give up Given only');
});

test.each(['good morning', 'Hey', 'hey!', '?', '@Usher help', '/usher help', 'help!'])(
  '"%s" is answered with what can be done',
  async (typed) => {
    expect(await say('tara', typed)).toContain('Hi Tara Lind.');
  },
);

test('a number shows its request, whatever stands around it', async () => {
  await asked();
  const ways = [
    'R-1001',
    '1001',
    'R 1001',
    '#1001',
    'r1001?',
    '"R-1001"',
    '#R-1001',
    '?R-1001',
    '- R-1001',
    '> R-1001',
    '~R-1001~',
  ];
  for (const typed of ways)
    expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('R-1001 · Ledger reader')]);
});

describe('an approver', () => {
  beforeEach(asked);

  test.each([
    'approve R-1001 please',
    'approve R-1001.',
    'approve "R-1001"',
    'approve #1001',
    'approve r 1001, thanks!',
    'approve R-1001 👍🏽',
    'approve 🙏 R-1001 :)',
    '👋🏽 approve - R-1001',
    'approve R-1001 :+1::skin-tone-3: thanks',
  ])('approves by "%s"', async (typed) => {
    expect(await say('ana', typed)).toContain('Done. R-1001 is approved.');
    expect(await decisions()).toEqual([{ decision: 'approve', reason: null }]);
  });

  test.each([
    ['deny R-1001 because', 'Why not?'],
    ['deny R-1001.', 'Why not?'],
    ['deny R-1001 too expensive', 'too expensive'],
    ['approve R-1001 only until Friday', 'only until Friday'],
    ['approve R-1001 👎', '👎'],
    ['approve R-1001❌', '❌'],
    ['approve R-1001 :thumbsdown:', ':thumbsdown:'],
    ['approve R-1001 :(', '('],
    ['approve R-1001 ):', 'took your words'],
    ['approve R-1001 )-:', 'took your words'],
    ['approve R-1001?', '?'],
    ['approve R-1001 please?!', 'please?!'],
    ['approve R-1001 🤔', 'I took your words for a reason.'],
  ])('reads "%s" in a form before it counts', async (typed, shown) => {
    expect(await say('ana', typed)).toContain(shown);
    expect(await decisions()).toEqual([]);
  });

  test('who begins with a no has not said yes', async () => {
    for (const no of '👎 🙅‍♀️ ✋ ⚠️ ✖️ 🤷 😢 💔 ⏳ 🐶'.split(' ')) {
      expect([no, await say('ana', `${no} approve R-1001`)]).toEqual([
        no,
        expect.stringContaining('I do not understand'),
      ]);
    }
    expect(await say('ana', 'approve ~R-1001~')).toContain('Waiting for you');
    expect(await decisions()).toEqual([]);
  });

  test('may clear the words that were taken for a reason', async () => {
    const form = cardOf(await world.say('ana', 'approve R-1001 fine by me'));
    expect(textOf(form)).toContain('Change or clear them');
    expect(sentenceOf(await world.submit('ana', form, { reason: '' }))).toBe('Done. R-1001 is approved.');
    expect(await decisions()).toEqual([{ decision: 'approve', reason: null }]);
  });

  test('denies with a reason that is kept as it was typed', async () => {
    await say('ana', 'deny R-1001 because too expensive. 👎');
    expect(await decisions()).toEqual([{ decision: 'deny', reason: 'too expensive. 👎' }]);
  });
});

describe('half a command opens the form with what was named', () => {
  test.each([
    ['olga', 'assign', 'Assign access', []],
    ['olga', 'assign tara lind', 'Assign access', ['Tara Lind']],
    ['olga', 'assign Tara Lind to', 'Assign access', ['Tara Lind']],
    ['olga', 'assign tara', 'Assign access', ['Tara Lind']],
    ['olga', 'assign to given only', 'Assign access', ['Given only']],
    ['olga', 'assign given only', 'Assign access', ['Given only']],
    ['olga', 'remove', 'Remove access', []],
    ['olga', 'remove tara lind', 'Remove access', ['Tara Lind']],
    ['olga', 'remove tara lind from', 'Remove access', ['Tara Lind']],
    ['olga', 'remove from given only', 'Remove access', ['Given only']],
    ['olga', 'remove given', 'Remove access', ['Given only']],
    ['olga', 'reprocess', 'Set access up again', []],
    ['olga', 'reprocess tara', 'Set access up again', ['Tara Lind']],
    ['olga', 'reprocess tara lind', 'Set access up again', ['Tara Lind']],
    ['olga', 'reprocess given only', 'Set access up again', ['Given only']],
    ['max', 'request for tara lind', 'Request access', ['Tara Lind']],
    ['max', 'request access for tara', 'Request access', ['Tara Lind']],
    ['max', 'request ledger writer for', 'Request access', ['Ledger writer']],
    ['max', 'request for', 'Request access', []],
  ])('%s: "%s"', async (user, typed, title, chosen) => {
    const form = cardOf(await world.say(user, typed));
    expect(textOf(form).split('\n')[0]).toBe(title);
    const values = form.body.flatMap((one) =>
      one.type === 'Input.ChoiceSet' && one.value !== null ? [one.choices.map((choice) => said(choice.title))] : [],
    );
    expect(values).toEqual(chosen.map((name) => [name]));
  });

  test.each(['assign', 'remove', 'reprocess'])('"%s" opens none for who could only be refused', async (typed) => {
    expect(await say('tara', typed)).toContain('You may not do that.');
  });

  test.each(['approve', 'approve ledger reader', 'deny because it is too much', 'deny'])(
    '"%s" shows what waits, to choose from',
    async (typed) => {
      await asked();
      expect(await say('ana', typed)).toContain('Tara Lind asks for Ledger reader');
      expect(await decisions()).toEqual([]);
    },
  );

  test('"R-" shows all of them', async () => {
    await asked();
    expect(await say('tara', 'R-')).toContain('Your requests');
  });
});

describe('a request by the name of its package', () => {
  test('is shown where it could be canceled, with its button, and nothing is taken back yet', async () => {
    await asked();
    for (const typed of ['cancel ledger reader', 'cancel reader please'])
      expect([typed, await say('tara', typed)]).toEqual([
        typed,
        expect.stringContaining('Cancel request: “cancel R-1001”'),
      ]);
    expect(await say('tara', 'cancel ledgr reader')).toContain('Did you mean Ledger reader?');
    expect(await world.sql('select state from requests')).toEqual([{ state: 'pendingApproval' }]);
    for (const typed of ['cancel vault keys', 'ask again ledger reader'])
      expect([typed, await say('tara', typed)]).toEqual([typed, expect.stringContaining('no such request of yours')]);
    expect(await say('tom', 'cancel ledger reader')).toContain('no such request of yours');
  });

  test('is asked again, the newest of several, with what was said then', async () => {
    await asked();
    await say('ana', 'deny R-1001 because too early');
    await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'year end' });
    await say('ana', 'deny R-1002 because too early');
    expect(await say('tara', 'ask again ledger reader')).toContain('year end');
  });

  test('of several people is told apart by them', async () => {
    const form = cardOf(await world.say('max', 'request ledger writer for tara lind'));
    await world.submit('max', form, { reason: 'x', 'answer.ticket': 'T-1' });
    const other = cardOf(await world.say('max', 'request ledger writer for tom berg'));
    await world.submit('max', other, { reason: 'x', 'answer.ticket': 'T-2' });
    expect(await say('max', 'cancel ledger writer')).toContain('Ledger writer (Tom Berg) or Ledger writer (Tara Lind)');
    expect(await say('max', 'cancel Ledger writer (Tara Lind)')).toContain('R-1001 · Ledger writer');
  });
});

describe('the form of half a command, sent', () => {
  const ids = async () => ({
    target: (await world.desk.views.peopleNamed('tara lind'))[0]?.id ?? '',
    package:
      (await world.desk.views.manageablePackages((await idOf('olga')) as PersonId, 'ledger reader', 1))[0]?.id ?? '',
  });
  const idOf = async (name: string) =>
    (await world.sql<{ id: string }>(`select id from people where directory_key = '${name}'`))[0]?.id;

  test('leads to the question why, and ends the access', async () => {
    await asked();
    await world.say('ana', 'approve R-1001');
    await world.settle();
    const why = cardOf(await world.submit('olga', cardOf(await world.say('olga', 'remove tara')), await ids()));
    expect(textOf(why)).toContain('Remove Ledger reader from Tara Lind');
    const done = await world.submit('olga', why, { reason: 'moved' });
    expect(sentenceOf(done)).toBe('Done. Ledger reader is being removed from Tara Lind.');
  });

  test('sets up again what is held', async () => {
    await asked();
    await world.say('ana', 'approve R-1001');
    await world.settle();
    const form = cardOf(await world.say('olga', 'reprocess tara'));
    expect(textOf(cardOf(await world.submit('olga', form, await ids())))).toContain('Ledger reader');
    expect(
      await world.sql(`select 1 from audit_events where type = 'assignment.delivering' and data ->> 'again' = 'true'`),
    ).toHaveLength(1);
  });

  test.each(['remove', 'reprocess'])(
    '"%s" says what the person does not have, to who may know alone',
    async (typed) => {
      const form = cardOf(await world.say('olga', typed));
      expect(sentenceOf(await world.submit('olga', form, await ids()))).toContain(
        'Tara Lind does not have Ledger reader',
      );
      expect(sentenceOf(await world.submit('tom', form, await ids()))).toContain('You may not do that.');
    },
  );
});

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
