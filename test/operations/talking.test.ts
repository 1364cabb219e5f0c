// What people are told, and what they are not: typed names, old forms, other people's business, and mishaps after the act.
import { ChannelError } from '../../src/chat/channel';
import { redrive } from '../../src/operations/outgoing';
import { aWorld, buttons, cardOf, operator, sentenceOf, SMALL, textOf } from '../support/world';
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
  const sent = await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
  await world.settle();
  return sent;
}
const getWriter = (user: string) => get(user, 'ledger writer', { reason: 'secret reason', 'answer.ticket': 'T-77' });
async function getReader(user: string) {
  await get(user, 'ledger reader');
  await world.press('ana', latest('ana').card, 'Approve');
  await world.settle();
}
const managerIs = async (manager: string) => {
  await world.configure(`people:\n  - { key: tara, name: Tara Lind, manager: ${manager} }\n`);
  await world.settle();
};
const titles = (card: Parameters<typeof buttons>[0]) => [...buttons(card).keys()];
const finance = (packages: string) => world.configure(`catalogs:\n  - name: Finance\n    packages:\n${packages}`);

describe('a word', () => {
  test.each(['thanks', 'Thank you!', 'thx'])('"%s" is taken for what it is', async (typed) => {
    expect(textOf(cardOf(await world.say('tara', typed)))).toBe(
      'You are welcome.\nType “help” when you need something else.',
    );
  });

  test('half a command is offered whole, and tapping it does it', async () => {
    const offered = cardOf(await world.say('tara', 'my acc'));
    expect(textOf(offered)).toContain('my access');
    expect(textOf(cardOf(await world.press('tara', offered, 'my access')))).toContain('You have no access');
  });
});

test('whoever looks at a package sees which roles it gives', async () => {
  expect(textOf(cardOf(await world.say('tara', 'package ledger reader')))).toContain('Includes: Ledger / Reader\n');
});

describe('the directory', () => {
  test.each(['assign be to x', 'remove a from x', 'assign tara lind to given only'])(
    '"%s" tells somebody who may not assign nothing of anybody',
    async (typed) => {
      expect(sentenceOf(await world.say('tara', typed))).toBe(
        'You may not do that. Type “help” to see what you can do.',
      );
    },
  );

  test('is open to those who assign', async () => {
    expect(sentenceOf(await world.say('olga', 'assign be to x'))).toContain('Did you mean');
    expect(textOf(cardOf(await world.say('olga', 'assign tara lind to given only')))).toContain('Tara Lind');
  });

  test.each(['assign tara lind to wages', 'remove tara lind from wages', 'remove tara lind from nothing like it'])(
    '"%s": an owner learns nothing of a package of another catalog, and where theirs are',
    async (typed) => {
      await world.configure(`catalogs:
  - name: Payroll
    owners: ada
    packages:
      - { name: Wages, policies: [{ name: All, who: allMembers, expires: never, reason: optional }] }
`);
      const reply = await world.say('olga', typed);
      expect(sentenceOf(reply)).toContain('I know no package of that name that you may assign. Choose among yours.');
      // By the very command, so that nobody who takes away ends up where access is given.
      const words = typed.split(' ')[0] ?? '';
      const [button = ''] = buttons(cardOf(reply)).keys();
      expect(textOf(cardOf(await world.press('olga', cardOf(reply), button)))).toContain(
        words === 'assign' ? 'Assign access' : 'Remove access',
      );
    },
  );
});

describe('an approver who is no longer asked', () => {
  test('reads that, and not the reason, the answers, the holdings or the timeline', async () => {
    await getWriter('tara');
    await managerIs('cas');
    await get('tara', 'vault keys', {});
    for (const card of [latest('max').card, cardOf(await world.say('max', 'R-1001'))]) {
      const seen = textOf(card);
      expect(seen).toContain('Ledger writer');
      expect(seen).toContain('You are no longer asked about this.');
      for (const secret of ['secret reason', 'T-77', 'Which ticket?', 'Vault keys', 'holds', 'Cas de Vries'])
        expect(seen).not.toContain(secret);
    }
  });

  test('is told who decided when that is why, and no more', async () => {
    await finance(`      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: { group: Approvers } }], expires: 30 days }]
`);
    await get('tara', 'ledger reader');
    await world.press('ana', latest('ana').card, 'Approve');
    await world.settle();
    expect(textOf(latest('ben').card)).toContain('Ana Ruiz approved this.');
    expect(textOf(latest('ben').card)).not.toContain('month end');
  });

  test('who decided goes on reading what was decided, without what the person holds by now', async () => {
    await getWriter('tara');
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    await get('tara', 'vault keys', {});
    const seen = textOf(cardOf(await world.say('max', 'R-1001')));
    expect(seen).toContain('secret reason');
    expect(seen).not.toContain('Already holds');
    expect(textOf(cardOf(await world.say('ana', 'R-1001')))).toContain('Already holds: ');
  });
});

describe('an approver who could not be reached', () => {
  const givenUp = () => world.sql(`select notice, error from outgoing where state = 'dead' order by id`);
  const lost = async () => {
    world.mailbox.lose('ana', new ChannelError('unreachable', 'NotInstalled'));
    await get('tom', 'ledger reader');
    expect(await givenUp()).toEqual([{ notice: 'approval', error: 'unreachable: NotInstalled' }]);
  };
  const heardOf = (number: string) =>
    world.messagesTo('ana').filter(({ card }) => textOf(card).includes(number)).length;

  test('is asked as soon as they are heard, once', async () => {
    await lost();
    for (let n = 0; n < 2; n += 1) {
      await world.say('ana', 'help');
      await world.settle();
      expect([heardOf('R-1001'), await givenUp()]).toEqual([1, []]);
    }
    expect(titles(latest('ana').card)).toContain('Approve');
  });

  test('is named on a card of the requestor that was there before, as long as that is true', async () => {
    const unreached = 'I cannot reach Ana Ruiz in chat. Please tell them yourself that this waits.';
    const isSaid = () => world.messagesTo('tom').map(({ card }) => textOf(card).includes(unreached));
    const dies = async () => {
      await world.sql("delete from cards where view like 'approval~%'");
      await world.sql(
        "update outgoing set state = 'ready', settled_at = null where notice = 'approval' and person_id is not null",
      );
      world.mailbox.lose('ana', new ChannelError('unreachable', 'NotInstalled'));
      await world.outgoing.settle();
      await world.sql("delete from conversations where state = 'dead'");
    };
    await get('tom', 'ledger reader');
    expect(isSaid()).toEqual([false]);
    await dies();
    expect(isSaid()).toEqual([true]);
    // Put back by hand.
    const [dead] = await world.sql<{ id: number }>("select id from outgoing where state = 'dead'");
    await redrive(world.desk, operator, dead?.id ?? 0);
    await world.outgoing.settle();
    expect([isSaid(), heardOf('R-1001')]).toEqual([[false], 2]);
    // Told something else about it, as by a reminder.
    await dies();
    expect(isSaid()).toEqual([true]);
    await world.sql(
      `insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, params, lane, state, next_at, dedupe_key, created_at)
       select kind, 'approvalReminder', person_id, subject_kind, subject_id, request_id, params, lane, 'ready', next_at, 'later', created_at
       from outgoing where state = 'dead'`,
    );
    await world.outgoing.settle();
    expect([isSaid(), heardOf('R-1001')]).toEqual([[false], 3]);
    expect(await givenUp()).toHaveLength(1);
  });

  test('by a slash command as well, which names no conversation of ours', async () => {
    await lost();
    const typed = world.inbound('ana', { kind: 'text', text: 'help' });
    await world.conversation.handle({ ...typed, surface: { ...typed.surface, conversation: null } });
    await world.settle();
    expect([heardOf('R-1001'), await givenUp()]).toEqual([1, []]);
  });

  test('does not bring what others missed, or what failed otherwise', async () => {
    await lost();
    const kept = async (user: string, error: string) =>
      world.sql(
        `insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, lane, state, error, next_at, settled_at, dedupe_key, created_at)
         select 'tell', notice, i.person_id, subject_kind, subject_id, request_id, 'other', 'dead', $2, next_at, now(), $2, now()
         from outgoing o, identities i where o.state = 'dead' and i.user_id = $1 and o.dedupe_key <> o.error`,
        [user, error],
      );
    await kept('ana', 'card approval: too long');
    await kept('ben', 'unreachable');
    await world.say('ana', 'help');
    await world.settle();
    expect(heardOf('R-1001')).toBe(1);
    expect(await givenUp()).toMatchObject([{ error: 'card approval: too long' }, { error: 'unreachable' }]);
  });

  test('does not bring what another approver missed of the same request', async () => {
    await finance(`      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: { group: Approvers } }], expires: 30 days }]
`);
    for (const user of ['ana', 'ben']) world.mailbox.lose(user, new ChannelError('unreachable', 'NotInstalled'));
    await get('tom', 'ledger reader');
    expect(await givenUp()).toHaveLength(2);
    await world.say('ana', 'help');
    await world.settle();
    expect([heardOf('R-1001'), world.messagesTo('ben')]).toEqual([1, []]);
    expect(await givenUp()).toHaveLength(1);
  });

  test('hears once of what was tried twice, and as it is now', async () => {
    await lost();
    await world.sql(
      `insert into outgoing (kind, notice, person_id, subject_kind, subject_id, request_id, lane, state, error, next_at, settled_at, dedupe_key, created_at)
       select kind, notice, person_id, subject_kind, subject_id, request_id, lane, state, error, next_at, settled_at, 'later', created_at
       from outgoing where state = 'dead'`,
    );
    await world.say('ana', 'help');
    await world.settle();
    expect(heardOf('R-1001')).toBe(1);
    expect(await world.sql(`select dedupe_key from outgoing where state = 'dead'`)).not.toEqual([
      { dedupe_key: 'later' },
    ]);
  });

  test('hears nothing of what is over', async () => {
    await lost();
    await world.say('tom', 'cancel R-1001');
    await world.settle();
    await world.say('ana', 'help');
    await world.settle();
    expect(heardOf('R-1001')).toBe(0);
  });
});

describe('when the card cannot be drawn after the act', () => {
  /** Runs with a view that fails from the first commit on. */
  const breaking = async <T>(broken: 'timeline' | 'forRequest', run: () => Promise<T>): Promise<T> => {
    const { views, store } = world.desk;
    const view: unknown = views[broken].bind(views);
    const [write, share] = [store.write.bind(store), store.share.bind(store)];
    const lost = () => Promise.reject(new Error('connection lost'));
    const around =
      (how: typeof write): typeof write =>
      async (by, act) => {
        const result = await how(by, act);
        Object.assign(views, { [broken]: lost });
        return result;
      };
    Object.assign(store, { write: around(write), share: around(share) });
    try {
      return await run();
    } finally {
      Object.assign(views, { [broken]: view });
      Object.assign(store, { write, share });
    }
  };

  test('the person reads that it was recorded and what to type, never that nothing was changed', async () => {
    await get('tara', 'ledger reader');
    const { card } = latest('ana');
    const pressed = await breaking('timeline', () => world.press('ana', card, 'Approve', 'one-click'));
    expect(sentenceOf(pressed)).toMatch(
      /^It was recorded, but I could not show it \(ref [0-9A-F]{4}\)\. Type R-1001\.$/,
    );
    expect(await world.sql('select decision from decisions')).toEqual([{ decision: 'approve' }]);
    expect(sentenceOf(await world.press('ana', card, 'Approve', 'one-click'))).toBe('Done. R-1001 is approved.');
  });

  test('a form that was sent is closed, also where not even the number can be read', async () => {
    const form = cardOf(await world.say('tara', 'request ledger reader'));
    const sent = await breaking('forRequest', () => world.submit('tara', form, { reason: 'x' }));
    expect(sent.kind).toBe('text');
    expect(sentenceOf(sent)).toMatch(/^It was recorded, .*There is no need to do it again\.$/);
    expect(await world.sql('select state from requests')).toEqual([{ state: 'pendingApproval' }]);
  });

  test('a typed command that changed something says so, one that only reads says that nothing was changed', async () => {
    await get('tara', 'ledger reader');
    const canceled = await breaking('timeline', () => world.say('tara', 'cancel R-1001'));
    expect(sentenceOf(canceled)).toContain('Type R-1001.');
    Object.assign(world.desk.views, { timeline: () => Promise.reject(new Error('connection lost')) });
    expect(sentenceOf(await world.say('tara', 'R-1001'))).toContain('Nothing was changed.');
  });
});

describe('a late Deny says what a late Approve says', () => {
  const both = async (user: string, card: Parameters<typeof buttons>[0]) => {
    const said = [];
    for (const title of ['Approve', 'Deny']) said.push(sentenceOf(await world.press(user, card, title)));
    return said;
  };

  test('released', async () => {
    await getWriter('tara');
    const { card } = latest('max');
    await managerIs('cas');
    expect(await both('max', card)).toEqual(
      Array(2).fill('You are not asked to decide R-1001. Type “approvals” to see what waits for you.'),
    );
  });

  test('canceled, after somebody approved an earlier step', async () => {
    await getWriter('tara');
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    const { card } = latest('ana');
    await world.say('tara', 'cancel R-1001');
    expect(await both('ana', card)).toEqual(Array(2).fill('R-1001 is closed already: Canceled. Nothing was changed.'));
  });

  test('past the deadline', async () => {
    await get('tara', 'ledger reader');
    const { card } = latest('ana');
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [4 * DAY]);
    const [approve, deny] = await both('ana', card);
    expect(approve).toContain('is closed already: Nobody decided in time');
    expect(deny).toBe(approve);
  });
});

test('typed decisions tell a stranger nothing of which numbers exist', async () => {
  await get('tara', 'ledger reader');
  for (const typed of ['approve R-1001', 'deny R-1001', 'deny R-1001 because no'])
    expect(sentenceOf(await world.say('tom', typed))).toBe(
      sentenceOf(await world.say('tom', typed.replace('1001', '9999'))).replace('9999', '1001'),
    );
});

test('whoever removes access reads whose it was, and is offered nothing of it', async () => {
  await world.submit('olga', cardOf(await world.say('olga', 'assign tara lind to given only')), {});
  await world.settle();
  const form = cardOf(await world.say('olga', 'remove tara lind from given only'));
  const removed = cardOf(await world.submit('olga', form, { reason: 'project over' }));
  expect(textOf(removed)).toContain('Given only is being removed from Tara Lind');
  expect(textOf(removed)).toContain('project over');
  expect(textOf(removed)).not.toContain('your access');
  expect(titles(removed)).toEqual([]);
  await world.settle();
  expect(textOf(latest('tara').card)).toContain('Olga Petrov removed your access to Given only');
});

test('a search says what one has and what one asked for, also beside a name that is too long', async () => {
  const long = `Ledger ${'x'.repeat(90)}`;
  await finance(
    `      - { name: ${long}, policies: [{ name: E, who: allMembers, expires: 1 hours, reason: optional }] }\n`,
  );
  for (const name of [long, 'vault keys']) await get('tara', name, {});
  await get('tara', 'ledger reader');
  const found = async (query: string) =>
    sentenceOf(
      await world.conversation.handle(
        world.inbound('tara', { kind: 'search', search: 'packages', draft: null, query }),
      ),
    );
  expect(await found('vault')).toBe('Vault keys (you have it)');
  expect(await found('ledger reader')).toBe('Ledger reader (asked for)');
  expect(await found('xxx')).toMatch(/^Ledger x+… \(you have it\)$/);
  expect((await found('xxx')).length).toBe(75);
  expect(await found('auditor')).toBe('Ledger auditor');
});

test('who extends is not asked the questions again, and nobody reads that they were not answered', async () => {
  await finance(`      - name: Ledger auditor
        policies:
          - { name: Employees, who: allMembers, expires: 2 hours, extension: { approval: false }, questions: [{ id: t, text: Which ticket?, required: true }] }
`);
  await get('tara', 'ledger auditor', { reason: 'x', 'answer.t': 'T-1' });
  await world.pass(1.5 * HOUR);
  await world.submit('tara', cardOf(await world.say('tara', 'extend ledger auditor')), { reason: 'y' });
  const extended = textOf(cardOf(await world.say('tara', 'R-1002')));
  expect(extended).toContain('Access now lasts until');
  expect(extended).not.toContain('Which ticket?');
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toContain('Which ticket?: T-1');
});

describe('the form to extend', () => {
  test('does not open while an extension waits, and neither list nor reminder offers it', async () => {
    await getReader('tara');
    await world.pass(28 * DAY);
    const { card: first } = latest('tara');
    await world.submit('tara', cardOf(await world.say('tara', 'extend ledger reader')), { reason: 'x' });
    await world.settle();
    expect(sentenceOf(await world.say('tara', 'extend ledger reader'))).toContain('is asked for already: R-1002');
    expect(titles(cardOf(await world.say('tara', 'my access')))).not.toContain('Extend');
    const late = await world.press('tara', first, 'Extend');
    expect(sentenceOf(late)).toContain('is asked for already: R-1002');
    await world.pass(DAY + HOUR);
    const { card: second } = latest('tara');
    for (const reminder of [cardOf(late), second]) {
      expect(textOf(reminder)).toContain('Ledger reader ends soon');
      expect(textOf(reminder)).toContain('You asked to keep it: R-1002');
      expect(titles(reminder)).not.toContain('Extend');
    }
  });

  test('does not open where a gate has closed', async () => {
    await getReader('tara');
    await world.pass(20 * DAY);
    await world.configure('catalogs:\n  - { name: Finance, published: false }\n');
    expect(sentenceOf(await world.say('tara', 'extend ledger reader'))).toContain('its catalog is closed');
    expect(titles(cardOf(await world.say('tara', 'my access')))).not.toContain('Extend');
  });
});

describe('a typed name', () => {
  test.each([
    { name: 'one who may not look people up', user: 'tara', give: `reprocess${' a b'.repeat(10)}`, most: 1 },
    { name: 'an owner', user: 'olga', give: `reprocess${' a'.repeat(900)}`, most: 1 },
    { name: 'a manager', user: 'max', give: `request a${' for a'.repeat(300)}`, most: 2 },
  ])('of more readings than any name has is not looked up again and again: $name', async ({ user, give, most }) => {
    const asked = [
      jest.spyOn(world.desk.views, 'roles'),
      jest.spyOn(world.desk.views, 'searchPeople'),
      jest.spyOn(world.desk.views, 'peopleNamed'),
    ];
    expect((await world.say(user, give)).kind).not.toBe('none');
    expect(asked.reduce((sum, one) => sum + one.mock.calls.length, 0)).toBeLessThanOrEqual(most);
    for (const one of asked) one.mockRestore();
  });

  const at = '        policies: [{ name: E, who: allMembers, expires: 1 hours, reason: optional, onBehalf: true }]\n';
  beforeEach(async () => {
    await finance(
      ['Tools for Sales', 'Move to Cloud', 'Data from Sales', 'Access reviews', 'To do list']
        .map((name) => `      - name: ${name}\n        roles: [Ledger / Reader]\n${at}`)
        .join(''),
    );
  });

  test.each([
    ['tara', 'request tools for sales', 'Request Tools for Sales'],
    ['tara', 'request tools for sal', 'Request Tools for Sales'],
    ['tara', 'request tools for sales for me', 'Request Tools for Sales'],
    ['max', 'request tools for sales for tara lind', 'Request Tools for Sales for Tara Lind'],
    ['tara', 'request access to ledger reader', 'Request Ledger reader'],
    ['tara', 'request access ledger reader', 'Request Ledger reader'],
    ['tara', 'ask for access to move to cloud', 'Request Move to Cloud'],
    ['tara', 'request access reviews', 'Request Access reviews'],
    ['tara', 'request access to access reviews', 'Request Access reviews'],
    ['tara', 'request to do list', 'Request To do list'],
    ['olga', 'assign tara lind to move to cloud', 'Assign Move to Cloud'],
  ])('%s: "%s" opens "%s"', async (user, typed, title) => {
    expect(textOf(cardOf(await world.say(user, typed))).split('\n')[0]).toBe(title);
  });

  test('"remove <person> from <package>" with the word in the name', async () => {
    await get('tara', 'data from sales', {});
    expect(textOf(cardOf(await world.say('olga', 'remove tara lind from data from sales')))).toContain(
      'Remove Data from Sales from Tara Lind',
    );
  });

  test('what is unknown is refused by the name that is unknown', async () => {
    expect(sentenceOf(await world.say('max', 'request ledgr writer for tara lind'))).toContain(
      'Did you mean Ledger writer?',
    );
    expect(sentenceOf(await world.say('max', 'request ledger reader for nobody'))).toBe(
      'Nobody of that name reports to you. You can ask for yourself and for your direct reports.',
    );
  });

  test('two of one name are told apart by their catalogs, and the name with its catalog means the one', async () => {
    await world.configure(`catalogs:
  - name: Sales
    resources: [{ name: Crm, connector: local, owners: olga, roles: [User] }]
    packages:
      - name: Ledger auditor
        description: Of the sales books
        roles: [Crm / User]
        policies: [{ name: E, who: allMembers, expires: 1 hours, reason: optional }]
`);
    expect(sentenceOf(await world.say('tara', 'request ledger auditor'))).toBe(
      'More than one is called “ledger auditor”. Which one do you mean: Ledger auditor (Finance) or Ledger auditor (Sales)?',
    );
    expect(textOf(cardOf(await world.say('tara', 'request ledger auditor (sales)')))).toContain('Of the sales books');
    const about = cardOf(await world.say('tara', 'package ledger auditor (sales)'));
    expect(textOf(about)).toContain('Of the sales books');
    expect(textOf(cardOf(await world.press('tara', about, 'Request access')))).toContain('Of the sales books');
  });
});

describe('an auditor', () => {
  beforeEach(() => world.configure('auditors: cas\n'));

  test('reads a request and is not offered to cancel it', async () => {
    await get('tara', 'ledger reader');
    const seen = cardOf(await world.say('cas', 'R-1001'));
    expect(textOf(seen)).toContain('month end');
    expect(titles(seen)).not.toContain('Cancel request');
    expect(titles(cardOf(await world.say('olga', 'R-1001')))).toContain('Cancel request');
  });

  test('gets no form to remove access', async () => {
    await get('tara', 'ledger auditor', {});
    const [row] = await world.sql<{ id: string }>('select id from assignments');
    const press = world.inbound('cas', {
      kind: 'press',
      verb: 'assignment.remove',
      data: { assignment: row?.id },
      card: null,
    });
    expect(sentenceOf(await world.conversation.handle(press))).toContain('You may not do that.');
  });
});

describe('several kinds of one access', () => {
  const kinds = (second: string) =>
    finance(`      - name: Two ways
        roles: [Ledger / Reader]
        policies:
          - { name: A way, who: allMembers, expires: 1 hours, reason: optional }
          - { name: B way, who: allMembers, reason: optional, ${second} }
`);
  const idOf = async (name: string) => {
    const [row] = await world.sql<{ id: string }>('select current_version_id as id from policies where name = $1', [
      name,
    ]);
    return row?.id ?? '';
  };

  test('that ask for different things are chosen first, and then only the chosen one asks', async () => {
    await kinds('expires: 5 hours, questions: [{ id: q2, text: Which ticket?, required: true }]');
    const choice = cardOf(await world.say('tara', 'request two ways'));
    expect(textOf(choice)).toContain('Which kind of access');
    expect(textOf(choice)).toContain('B way: At most 5 hours.');
    for (const later of ['Which ticket?', 'Reason', 'Start on']) expect(textOf(choice)).not.toContain(later);
    expect((await world.submit('tara', choice, {})).kind).toBe('errors');

    const form = cardOf(await world.submit('tara', choice, { policy: await idOf('B way') }));
    expect(textOf(form)).toContain('Kind of access: B way');
    expect(textOf(form)).toContain('Which ticket?');
    expect(textOf(form)).not.toContain('A way');
    expect((await world.submit('tara', form, {})).kind).toBe('errors');
    const sent = await world.submit('tara', form, { 'answer.q2': 'T-1' });
    expect(sentenceOf(sent)).toBe('R-1001 needs no approval. It is being set up.');
    const kept = await world.sql('select policy_version_id as id from requests');
    expect(kept).toEqual([{ id: await idOf('B way') }]);

    // The other way from the same choice: what only the first one asks is not asked.
    const other = cardOf(
      await world.submit('tom', cardOf(await world.say('tom', 'request two ways')), {
        policy: await idOf('A way'),
      }),
    );
    expect(textOf(other)).not.toContain('Which ticket?');
    expect(textOf(other)).toContain('At most 1 hour.');
  });

  test('that ask for the same stay one step', async () => {
    await kinds('expires: 1 hours');
    const form = cardOf(await world.say('tara', 'request two ways'));
    expect(textOf(form)).toContain('Which kind of access');
    expect(textOf(form)).toContain('Reason');
    const sent = await world.submit('tara', form, { policy: await idOf('B way') });
    expect(sentenceOf(sent)).toBe('R-1001 needs no approval. It is being set up.');
  });
});

test('help shows what concerns its reader: deciding where something waits, asking for reports to managers', async () => {
  const help = async (user: string) => textOf(cardOf(await world.say(user, 'help')));
  expect(await help('tara')).not.toContain('approve R-1042');
  expect(await help('tara')).not.toContain('for <person>');
  expect(await help('max')).toContain('request <package> for <person>');
  expect(await help('ana')).not.toContain('approve R-1042');
  await get('tara', 'ledger reader');
  expect(await help('ana')).toContain('approve R-1042');
});

test('since when it waits is told with the day', async () => {
  await get('tara', 'ledger reader');
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toMatch(/Waits for Ana Ruiz since \w{3} \d+ \w{3} \d{4}, /);
});

describe('a command without a name', () => {
  beforeEach(() => getReader('tara'));

  test.each([
    ['extend', 'Your access'],
    ['give up', 'Your access'],
    ['cancel', 'Your requests'],
    ['ask again', 'Your requests'],
    ['approve', 'Waiting for you'],
    ['deny', 'Waiting for you'],
    ['package', 'Request access'],
  ])('"%s" is answered with what there is to choose from: "%s"', async (typed, title) => {
    expect(textOf(cardOf(await world.say('tara', typed))).split('\n')[0]).toBe(title);
  });

  test('and with a name that is nothing, "extend" and "give up" point to what one has', async () => {
    for (const typed of ['extend qqqqqq', 'give up qqqqqq'])
      expect(sentenceOf(await world.say('tara', typed))).toBe(
        'You do not have that. Type “my access” to see what you have.',
      );
  });
});

test('help begins with its buttons and a few commands, and leads to all: what one asks for, then has, then decides', async () => {
  await get('tara', 'ledger reader');
  const first = cardOf(await world.say('ana', 'help'));
  const usages = ['request <package>', 'R-1042', 'extend <package>', 'give up <package>', 'approve R-1042'];
  const said = textOf(first).split('\n');
  expect(said.indexOf('Request access: “request”')).toBeLessThan(
    said.indexOf('request <package>: ask for access; names may be half typed'),
  );
  expect(said.filter((line) => /^[^“]*: [^“]*$/.test(line)).map((line) => line.split(': ')[0])).toEqual(usages);
  const all = await world.press('ana', first, 'All commands');
  expect(all).toMatchObject({ kind: 'card', replaces: true });
  const help = textOf(cardOf(all));
  expect(help).not.toContain('All commands');
  expect(textOf(cardOf(await world.say('ana', 'help all')))).toBe(help);
  const places = [
    'request <package>',
    'my requests',
    'R-1042',
    'my access',
    'extend <package>',
    'approvals',
    'approve R-1042',
  ];
  expect(places.map((usage) => help.indexOf(`${usage}:`)).every((at, n, all) => at > (all[n - 1] ?? -1))).toBe(true);
});

test('a sentence without a card tells its moments in the zone of whom it is said to (rule 3.24)', async () => {
  await world.configure('people:\n  - { key: tara, name: Tara Lind, timeZone: Asia/Tokyo }\n');
  await getReader('tara');
  expect(sentenceOf(await world.say('tara', 'request ledger reader'))).toMatch(
    /until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d JST/,
  );
  const [pkg] = await world.sql<{ id: string }>("select id from packages where name = 'Ledger reader'");
  const refused = await world.submit('tara', cardOf(await world.say('tara', 'request')), { package: pkg?.id ?? '' });
  expect(sentenceOf(refused)).toContain(' JST');
});

test('a list of requests says of which day each is', async () => {
  await get('tara', 'ledger reader');
  expect(textOf(cardOf(await world.say('tara', 'my requests')))).toMatch(
    /Waiting for approval · request of \w{3} \d+ \w{3} \d{4}/,
  );
});

describe('the timeline of a request', () => {
  const timelineOf = async () => textOf(cardOf(await world.say('tara', 'R-1001'))).split('What happened')[1] ?? '';

  test('of one step says once that it was approved, and once that it was denied', async () => {
    await getReader('tara');
    expect(await timelineOf()).toContain('Ana Ruiz approved');
    expect(await timelineOf()).not.toContain('Step 1');
  });

  test('that was denied ends with who denied', async () => {
    await get('tara', 'ledger reader');
    await world.say('ana', 'deny R-1001 because not now');
    await world.settle();
    expect((await timelineOf()).trim()).toMatch(/Ana Ruiz denied$/m);
    expect(await timelineOf()).not.toContain('Closed: denied');
  });

  test('of several steps names each', async () => {
    await getWriter('tara');
    await world.press('max', latest('max').card, 'Approve');
    expect(await timelineOf()).toContain('Step 1 approved');
  });
});

test('the last day that a form takes ends in a year of four digits, wherever the person is', async () => {
  await world.configure('people:\n  - { key: tara, name: Tara Lind, timeZone: Pacific/Honolulu }\n');
  await world.submit('tara', cardOf(await world.say('tara', 'request vault keys')), { end: '9999-12-31' });
  await world.settle();
  expect(textOf(cardOf(await world.say('tara', 'R-1001')))).toMatch(/until \w{3} \d+ \w{3} 999[89], /);
});

test('whoever needs no approval hears that, and not that something is on its way', async () => {
  await finance(
    '      - { name: Given only, policies: [{ name: E, who: allMembers, expires: 1 hours, reason: optional }] }\n',
  );
  expect(sentenceOf(await get('tara', 'given only', {}))).toBe('R-1001 needs no approval. It is being set up.');
  expect(sentenceOf(await get('tara', 'ledger reader'))).toBe('R-1002 is on its way.');
});

test.each([
  { name: 'from its start', values: { start: 1, end: 400 }, want: /Period: From .+ until / },
  { name: 'from approval', values: { end: 400 }, want: /Period: 30 days from approval/ },
])(
  'an approver reads the period that would be given, not the longer one that was asked for, $name',
  async ({ values, want }) => {
    const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
    const day = (n: number) => new Date((clock?.now.getTime() ?? 0) + n * DAY).toISOString().slice(0, 10);
    const days = Object.fromEntries(Object.entries(values).map(([name, n]) => [name, day(n)]));
    await get('tara', 'ledger reader', { reason: 'month end', ...days });
    const card = textOf(latest('ana').card);
    expect(card).toMatch(want);
    expect(card).not.toContain(day(400).slice(0, 4) === day(31).slice(0, 4) ? 'never' : day(400).slice(0, 4));
  },
);

test('a request says that it gave access for as long as the access is there, in the list and in the message kept of it', async () => {
  await getReader('tara');
  const kept = () =>
    world
      .messagesTo('tara')
      .map(({ card }) => textOf(card))
      .find((text) => text.startsWith('R-1001'));
  const list = async () => textOf(cardOf(await world.say('tara', 'my requests')));
  expect([kept(), await list()]).toEqual([
    expect.stringContaining('You have it'),
    expect.stringContaining('You have it'),
  ]);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger reader')), {});
  await world.settle();
  for (const said of [kept(), await list()]) {
    expect(said).toContain('You had it until');
    expect(said).not.toContain('You have it');
  }
});
