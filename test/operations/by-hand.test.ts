// Roles that people set up by hand: whoever waits for them knows for whom, from the decision on.
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const HOUR = 3_600_000;
let world: World;
beforeEach(async () => {
  world = await aWorld(
    `${SMALL}
      - name: Vault and ledger
        roles: [Vault / Key holder, Ledger / Reader]
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days, onBehalf: true, reason: optional }
`,
    { strict: true },
  );
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

test('what waits for a day is told once to each who is to do it or in charge of them, and daily from then on', async () => {
  await ask('tara', 'request vault keys');
  const told = () => ['olga', 'cas', 'ada'].map((user) => heard(user, 'Still to do'));
  await world.pass(24 * HOUR);
  // She owns both the resource and the catalog.
  expect(told()).toEqual([1, 1, 1]);
  await world.pass(24 * HOUR);
  expect(told()).toEqual([2, 2, 1]);
});

test('access that an owner removes before it is set up is one message to whoever had asked for it', async () => {
  await ask('tara', 'request vault keys');
  const before = world.messagesTo('tara').length;
  await world.submit('olga', cardOf(await world.say('olga', 'remove tara lind from vault keys')), { reason: 'moved' });
  await world.settle();
  expect(textOf(latest('tara').card)).toContain('Olga Petrov removed your access to Vault keys');
  expect(world.messagesTo('tara')).toHaveLength(before + 1);
  expect(await card('tara')).toContain('Canceled');
});

test('where the system gives at once, the approval is no message of its own', async () => {
  await ask('tara', 'request ledger auditor');
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
  await world.settle();
  await approve();
  expect(heard('tara', 'is approved')).toBe(0);
  expect(heard('tara', 'You now have Ledger reader')).toBe(1);
});

describe('the list of tasks', () => {
  const SHELF = (scopes: number) => `catalogs:
  - name: Finance
    resources:
      - name: Shelf
        connector: manual
        owners: [olga]
        roles: [Fetcher]
        scopes: [${Array.from({ length: scopes }, (_, n) => `Board ${n + 1}`).join(', ')}]
    packages:
      - name: Boards
        roles: [${Array.from({ length: scopes }, (_, n) => `Shelf / Fetcher / Board ${n + 1}`).join(', ')}]
        policies: [{ name: All, who: allMembers, expires: 30 days, reason: optional }]
`;
  const tasks = async (user: string, typed = 'tasks') => cardOf(await world.say(user, typed));
  const titles = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('T-'));

  test('and what waits for it name the place where a resource has several', async () => {
    await world.configure(SHELF(2));
    await ask('tara', 'request boards');
    expect((await card('tara')).match(/Waits for .*/gu)).toEqual([
      'Waits for Olga Petrov to set up Fetcher on Shelf / Board 1.',
      'Waits for Olga Petrov to set up Fetcher on Shelf / Board 2.',
    ]);
    await done('olga');
    expect((await card('tara')).match(/Waits for .*/gu)).toHaveLength(1);
  });

  test('names what, for whom, since when and by when, with the words that report it: removals first, then what waits longest', async () => {
    await ask('tara', 'request vault keys');
    await done('olga');
    await ask('tom', 'request vault keys');
    await world.submit('tara', cardOf(await world.say('tara', 'give up vault keys')), {});
    await world.settle();
    const said = textOf(await tasks('olga'));
    expect(titles(said)).toEqual([
      'T-3 · Take the role Key holder on Vault away from Tara Lind',
      'T-2 · Give Tom Berg the role Key holder on Vault',
    ]);
    expect(said).toMatch(/^To do by hand\n/u);
    expect(said.match(/\nsince \w{3} .+ CET · do it by \w{3} .+ CET\nDone: “done T-3”/gu)).toHaveLength(1);
    expect(textOf(latest('olga').card)).toContain('Task: T-3');
    expect(textOf(latest('olga').card)).toContain('Done: “done T-3”');
    await world.pass(25 * HOUR);
    const late = await tasks('olga', 'My tasks');
    expect(textOf(late).match(/^since \w{3} .+ CET · late$/gmu)).toHaveLength(2);
    expect(JSON.stringify(late).match(/"attention"/gu)).toHaveLength(1);
  });

  test('is of those whom a task is for to do: never of whom it is about, of others only once it escalated', async () => {
    await ask('cas', 'request vault keys');
    await ask('tom', 'request vault keys');
    const numbers = async () => {
      const found: Record<string, readonly string[]> = {};
      for (const user of ['olga', 'cas', 'ada', 'tom'])
        found[user] = titles(textOf(await tasks(user))).map((line) => line.split(' ')[0] ?? '');
      return found;
    };
    expect(await numbers()).toEqual({ olga: ['T-1', 'T-2'], cas: ['T-2'], ada: [], tom: [] });
    expect(textOf(await tasks('tom'))).toContain('Nothing waits to be done by your hands.');
    await world.pass(25 * HOUR);
    expect(await numbers()).toEqual({ olga: ['T-1', 'T-2'], cas: ['T-2'], ada: ['T-1', 'T-2'], tom: [] });
    await world.configure(`catalogs:
  - name: Finance
    owners: ben
    resources: [{ name: Vault, connector: manual, owners: [tom], roles: [Key holder] }]
`);
    expect(await numbers()).toEqual({ olga: [], cas: [], ada: ['T-1', 'T-2'], tom: ['T-1'] });
  });

  test('is of those in charge at once where whoever is before them is whom it is about, alone', async () => {
    await world.configure(`catalogs:
  - name: Finance
    owners: [ben, olga]
    resources: [{ name: Vault, connector: manual, owners: [tom], roles: [Key holder] }]
`);
    await ask('cas', 'request vault keys');
    await ask('tom', 'request vault keys');
    const numbers = async (user: string) => titles(textOf(await tasks(user))).map((line) => line.split(' ')[0]);
    expect([await numbers('tom'), await numbers('ben'), await numbers('ada')]).toEqual([['T-1'], ['T-2'], []]);
  });

  test('has pages that are turned both ways, and shows what is left of the page in which something was done', async () => {
    await world.configure(SHELF(19));
    await ask('tara', 'request boards');
    const read: string[] = [];
    let page = await tasks('olga');
    for (;;) {
      read.push(...titles(textOf(page)));
      if (!buttons(page).has('Next')) break;
      page = cardOf(await world.press('olga', page, 'Next'));
    }
    expect(new Set(read.map((line) => line.split(' ')[0])).size).toBe(19);
    expect(titles(textOf(page))).toHaveLength(3);
    const before = cardOf(await world.press('olga', page, 'Previous'));
    expect(titles(textOf(before))).toEqual(read.slice(8, 16));
    const form = cardOf(await world.press('olga', before, 'Done'));
    const reply = await world.submit('olga', form, { reason: 'fetched' });
    expect(sentenceOf(reply)).toBe('Thank you. It is written down.');
    expect(titles(textOf(cardOf(reply)))).toEqual(read.slice(7, 15));
    await world.settle();
    // The list was drawn before: the press says so and shows what is left.
    const again = await world.press('olga', before, 'Done');
    expect(sentenceOf(again)).toContain('closed already');
    expect(titles(textOf(cardOf(again)))).toEqual(read.slice(7, 15));
  });
});

describe('a task by its number', () => {
  beforeEach(() => ask('tara', 'request vault keys'));
  const note = async () => (await world.sql('select state, note from manual_tasks order by number'))[0];
  const REPORTED = { state: 'done', note: 'created in the ledger' };

  test.each(['done T-1 because created in the ledger', 'Done t-1, because created in the ledger'])(
    '"%s" reports it at once',
    async (typed) => {
      const reply = await world.say('olga', typed);
      expect(sentenceOf(reply)).toBe('Thank you. It is written down.');
      expect(textOf(cardOf(reply))).toContain('Reported as done by Olga Petrov');
      expect(await note()).toEqual(REPORTED);
      await world.settle();
      expect(textOf(latest('tara').card)).toContain('You now have Vault keys');
    },
  );

  test.each([
    { typed: 'done T-1', filled: '' },
    { typed: 'done 1 please!', filled: '' },
    { typed: 'done T-1?', filled: '' },
    { typed: 'done T-1 created in the ledger', filled: ' created in the ledger' },
  ])('"$typed" opens the form for the note', async ({ typed, filled }) => {
    const form = cardOf(await world.say('olga', typed));
    const said = textOf(form);
    expect(said).toContain('Please give Tara Lind the role Key holder on Vault');
    expect(said).toContain(`What did you do?:${filled}`);
    expect(await note()).toMatchObject({ state: 'open' });
    await world.submit('olga', form, { reason: 'created in the ledger' });
    expect(await note()).toEqual(REPORTED);
  });

  test.each(['done', 'done!', 'done R-1001', 'done vault'])('"%s" leads to the list', async (typed) => {
    expect(textOf(cardOf(await world.say('olga', typed)))).toMatch(/^To do by hand\nT-1 · /u);
  });

  test('alone it is shown, and nothing else is taken for one', async () => {
    expect(textOf(cardOf(await world.say('cas', 'T-1')))).toContain('Press Done when it is done.');
    expect(sentenceOf(await world.say('cas', 't-shirts'))).toContain('I do not understand “t-shirts”.');
  });

  const FOREIGN = 'This task is not yours to do, or not any more.';
  test.each(['T-1', 'done T-1', 'done T-1 because it is'])(
    '"%s" tells a stranger, the person it is about and a former owner no more than of a number that no task has',
    async (typed) => {
      const said = async (user: string, text: string) => {
        const reply = await world.say(user, text);
        return [sentenceOf(reply), textOf(cardOf(reply))];
      };
      const unknown = await said('tom', typed.replace('T-1', 'T-4711'));
      expect(unknown.join('\n')).toContain(FOREIGN);
      await world.configure(`catalogs:
  - name: Finance
    resources: [{ name: Vault, connector: manual, owners: [olga, tara], roles: [Key holder] }]
`);
      for (const user of ['tom', 'tara', 'cas']) expect([user, await said(user, typed)]).toEqual([user, unknown]);
      expect(await note()).toMatchObject({ state: 'open' });
    },
  );

  test('its rights are looked at when it is reported: a form, a button and a word come too late', async () => {
    const card = latest('cas').card;
    const form = cardOf(await world.say('cas', 'done T-1'));
    await world.configure(`catalogs:
  - name: Finance
    resources: [{ name: Vault, connector: manual, owners: [olga], roles: [Key holder] }]
`);
    expect(sentenceOf(await world.submit('cas', form, { reason: 'key 7' }))).toContain(FOREIGN);
    expect(sentenceOf(await world.press('cas', card, 'Done'))).toContain(FOREIGN);
    await world.say('olga', 'done T-1 because created in the ledger');
    await world.settle();
    for (const typed of ['done T-1', 'done T-1 because twice']) {
      const closed = cardOf(await world.say('olga', typed));
      expect(textOf(closed)).toContain('closed already');
      expect(textOf(cardOf(await world.press('olga', closed, 'Details')))).toContain('Reported as done by Olga Petrov');
    }
    expect(await note()).toEqual(REPORTED);
  });

  test('help tells whoever keeps something of the list, and whoever has something to do of the word for it', async () => {
    const help = async (user: string) => textOf(cardOf(await world.say(user, 'help all')));
    expect(await help('cas')).toContain('tasks: what waits to be done by your hands');
    expect(await help('cas')).toContain('done T-17 because …: say that you did it, and how');
    expect(await help('cas')).toContain('To do by hand: “tasks”');
    expect(await help('ada')).toContain('tasks: what waits');
    for (const word of ['done T-17', 'To do by hand']) expect(await help('ada')).not.toContain(word);
    for (const word of ['tasks', 'done T-17']) expect(await help('tom')).not.toContain(word);
  });
});
