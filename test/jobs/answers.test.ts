// Answers that stand as messages: they are redrawn with what was told, as many as are bounded, also where things changed while they
// were on their way, and like those they say nothing to others.
import type { Reply } from '../../src/chat/inbound';
import { aWorld, buttons, cardOf, SMALL, textOf } from '../support/world';
import type { Kept, World } from '../support/world';

const STAYS = 'This copy stays as it is: type “R-1001”';
const APPROVED = 'Ana Ruiz approved';
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: 'month end' });
  await world.settle();
});

const details = (): Promise<Reply> => world.say('ana', 'R-1001');
const decides = ({ card }: Kept): boolean => buttons(card).has('Approve');
const remembered = () =>
  world.sql<{ message: string; state: string; answer: string }>(
    `select message, state, params ->> 'answer' as answer from cards where params ? 'answer' order by created_at, id`,
  );
/** The answer to a button of this message stands in its place. */
async function stands({ id }: Kept, reply: Reply): Promise<void> {
  const ref = { tenant: 'demo', conversation: 'c-ana', message: id, serviceUrl: null };
  await world.mailbox.update(ref, cardOf(reply));
  await world.conversation.posted(world.inbound('ana', { kind: 'welcome' }), reply, ref);
}
async function four(): Promise<readonly [Kept, Kept, Kept, Kept]> {
  const one = async (): Promise<Kept> => world.stands('ana', await details());
  return [await one(), await one(), await one(), await one()];
}

test('the newest few follow; an older one is drawn a last time and says that it stays', async () => {
  const [oldest, ...newer] = await four();
  await world.settle();
  expect(textOf(oldest.card)).toContain(STAYS);
  for (const { card } of newer) expect(textOf(card)).not.toContain(STAYS);
  await world.say('ana', 'approve R-1001');
  await world.settle();
  expect(newer.map(decides)).toEqual([false, false, false]);
  for (const { card } of newer) expect(textOf(card)).toContain(APPROVED);
  expect([decides(oldest), oldest.changes]).toEqual([true, 1]);
  // Pressed, it is a late click like any other, and follows from then on.
  const late = await world.press('ana', oldest.card, 'Approve');
  expect(textOf(cardOf(late))).toContain('You approved this.');
  const ref = { tenant: 'demo', conversation: 'c-ana', message: oldest.id, serviceUrl: null };
  await world.conversation.posted(world.inbound('ana', { kind: 'welcome' }), late, ref);
  expect((await remembered()).map(({ message, answer }) => [message, answer])).toEqual([
    [newer[0].id, 'stays'],
    ...[newer[1], newer[2], oldest].map(({ id }) => [id, 'follows']),
  ]);
});

test('what stays as it is says so also where somebody who knew nothing of that changes it last', async () => {
  // The answer to its button.
  const first = await world.stands('ana', await details());
  const late = await world.press('ana', first.card, 'Approve');
  await four();
  await world.settle();
  await stands(first, late);
  expect(textOf(first.card)).not.toContain(STAYS);
  await world.settle();
  expect(textOf(first.card)).toContain(STAYS);

  // A worker: another one shows the last of it and lets it go meanwhile.
  const second = await world.stands('ana', await details());
  const update = world.mailbox.update.bind(world.mailbox);
  let shown = '';
  Object.assign(world.mailbox, {
    update: async (...change: Parameters<typeof update>) => {
      await update(...change);
      if (shown !== '' || change[0].message !== second.id) return;
      shown = textOf(second.card);
      await world.sql(`update cards set state = 'gone', params = params || '{"answer": "stays"}'
        where message = '${second.id}'`);
    },
  });
  await world.sql(`update cards set hash = 'of before' where message = '${second.id}'`);
  await world.sql(`insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
    select 'redraw', 'request', id, id, 'redraw:request:' || id, usher_now(), 'once more', usher_now() from requests`);
  await world.settle();
  expect([shown.includes('R-1001'), shown.includes(STAYS)]).toEqual([true, false]);
  expect(textOf(second.card)).toContain(STAYS);
});

test('what changed while it was on its way is shown by it as well', async () => {
  const answer = await details();
  await world.say('ana', 'approve R-1001');
  await world.settle();
  const copy = await world.stands('ana', answer);
  expect(decides(copy)).toBe(true);
  await world.settle();
  expect(textOf(copy.card)).toContain(APPROVED);
});

test('a message is remembered once, however often it is said where it stands, and goes on as what it is', async () => {
  const answer = await details();
  const copy = await world.stands('ana', answer);
  const ref = { tenant: 'demo', conversation: 'c-ana', message: copy.id, serviceUrl: null };
  for (const again of [answer, await details(), await world.say('ana', 'my requests')])
    await world.conversation.posted(world.inbound('ana', { kind: 'welcome' }), again, ref);
  expect(await remembered()).toEqual([{ message: copy.id, state: 'live', answer: 'follows' }]);
  await world.settle();
  expect(copy.changes).toBe(0);
});

test('whichever comes last of an answer and a redraw of the message that was pressed, it shows how things stand', async () => {
  const told = (): Kept => {
    const last = world.messagesTo('ana').at(-1);
    if (last === undefined) throw new Error('ana was not told');
    return last;
  };
  const update = world.mailbox.update.bind(world.mailbox);
  // The worker is quicker, and through with it.
  const first = told();
  const before = await details();
  const slow = await world.press('ana', first.card, 'Approve');
  await world.settle();
  const given = textOf(first.card);
  await stands(first, slow);
  expect(textOf(first.card)).not.toBe(given);
  await world.settle();
  expect(textOf(first.card)).toBe(given);
  // An answer of another kind, as to a form.
  await stands(first, before);
  await world.settle();
  expect(textOf(first.card)).toBe(given);

  // What the answer shows already no worker shows once more.
  await world.submit('tom', cardOf(await world.say('tom', 'request ledger writer')), {
    reason: 'closing',
    'answer.ticket': 'T-1',
  });
  await world.say('max', 'approve R-1002');
  await world.settle();
  const second = told();
  const { card: asks } = second;
  await stands(second, await world.press('ana', asks, 'Approve'));
  await world.settle();
  expect([decides(second), second.changes]).toEqual([false, 1]);

  // The worker has changed it and not said so yet.
  const late = await world.press('ana', asks, 'Approve');
  await world.say('ben', 'approve R-1002');
  let overtaken = false;
  Object.assign(world.mailbox, {
    update: async (...change: Parameters<typeof update>) => {
      await update(...change);
      if (overtaken || change[0].message !== second.id || !textOf(change[1]).includes('Access given')) return;
      overtaken = true;
      await stands(second, late);
    },
  });
  await world.settle();
  expect([overtaken, textOf(second.card)]).toEqual([true, expect.stringContaining('Access given')]);
});

test('a database that cannot remember it costs nobody the answer', async () => {
  const answer = await details();
  await world.sql('alter table cards rename to cards_away');
  try {
    await world.stands('ana', answer);
  } finally {
    await world.sql('alter table cards_away rename to cards');
  }
  expect(world.lines.join()).toContain('answer not remembered');
});

test('where their account is somebody else, it says nothing any more, and is not told them anew beside what they were told', async () => {
  const copy = await world.stands('ana', await details());
  await world.configure(
    `people: [{ key: ana, name: Ana Ruiz, identities: [{ platform: web, tenant: demo, user: ana-2 }] }]`,
  );
  await world.settle();
  expect(textOf(copy.card)).toContain('This is no longer current.');
  expect(world.messagesTo('ana-2')).toHaveLength(1);
});

test('of a task as well; where its card has no words for it, an older one says that it is no longer current', async () => {
  await world.submit('tara', cardOf(await world.say('tara', 'request vault keys')), {});
  await world.settle();
  const typed = async (): Promise<Kept> => world.stands('cas', await world.say('cas', 'T-1'));
  const [oldest, ...newer] = [await typed(), await typed(), await typed(), await typed()];
  await world.settle();
  expect(textOf(oldest.card)).toContain('This is no longer current.');
  for (const { card } of newer) expect(buttons(card).has('Done')).toBe(true);
  await world.say('olga', 'done T-1 because handed over');
  await world.settle();
  for (const { card } of newer) {
    expect(textOf(card)).toContain('Olga Petrov');
    expect(buttons(card).has('Done')).toBe(false);
  }
  expect(oldest.changes).toBe(1);
});

test('what would be given stands on every copy that decides, and follows the package; whoever asked is not written to', async () => {
  const copy = await world.stands('ana', await details());
  const own = await world.stands('tara', await world.say('tara', 'R-1001'));
  await world.settle();
  const told = world.messagesTo('ana').at(-1);
  const changed = own.changes;
  for (const one of [told, copy]) expect(one && textOf(one.card)).toContain('Includes: Ledger / Reader\n');
  const roles = 'Ledger / Reader, Ledger / Writer, Vault / Key holder';
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - { name: Ledger reader, roles: [${roles}] }
      - { name: Vault keys, roles: [] }
`);
  await world.settle();
  for (const one of [told, copy])
    expect(one && textOf(one.card)).toContain('Includes: Ledger / Reader, Ledger / Writer and Vault / Key holder\n');
  expect([textOf(own.card).includes('Includes'), own.changes]).toEqual([false, changed]);
  // What is decided is left alone.
  await world.say('ana', 'deny R-1001 because no');
  await world.settle();
  const before = copy.changes;
  await world.configure('catalogs:\n  - { name: Finance, packages: [{ name: Ledger reader, roles: [] }] }\n');
  expect(await world.sql(`select 1 from outgoing where kind = 'redraw' and state = 'ready'`)).toEqual([]);
  await world.settle();
  expect([copy.changes, textOf(copy.card).includes('Includes')]).toEqual([before, false]);
});

test('what was asked for about access follows it too, a list does not', async () => {
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger auditor')), {});
  await world.settle();
  const [{ id: assignment } = { id: '' }] = await world.sql<{ id: string }>('select id from assignments');
  const data = { notice: 'access', subject: assignment };
  const press = { kind: 'press', verb: 'notice.show', data, card: null } as const;
  const copy = await world.stands('tara', await world.conversation.handle(world.inbound('tara', press)));
  const list = await world.stands('tara', await world.say('tara', 'my access'));
  await world.pass(9 * 3_600_000);
  expect(textOf(copy.card)).toContain('Your access to Ledger auditor ended on');
  expect([copy.changes, list.changes]).toEqual([1, 0]);
});
