// Messages out: outages of a platform, changes while a message is on its way, cards that do not fit, what is a new message and
// what an edit, systems that hang, and what is given up.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import { ChannelError } from '../../src/chat/channel';
import type { Channel } from '../../src/chat/channel';
import type { Card } from '../../src/chat/card';
import { connectors } from '../../src/connectors';
import { notices } from '../../src/domain/consequences';
import type { CardId } from '../../src/domain/model';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { redrive } from '../../src/operations/outgoing';
import type { OutgoingRow } from '../../src/operations/ports';
import { aWorld, buttons, cardOf, LEAVING, Mailbox, operator, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const LONG = SMALL.replace(
  '{ name: Employees, who: allMembers, expires: 8 hours, reason: optional }',
  '{ name: Employees, who: allMembers, expires: 30 days, reason: optional, extension: { approval: false } }',
);
/** The row that told Ana is worked once more, as after a crash between its message and its settling. */
const AGAIN = `update outgoing set state = 'ready', settled_at = null, next_at = usher_now()
  where notice = 'approval' and person_id is not null`;
let world: World;
beforeEach(async () => {
  world = await aWorld(LONG);
});

function latest(user: string) {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last;
}
async function ask(name: string, values: Record<string, string> = { reason: 'month end' }) {
  await world.submit('tara', cardOf(await world.say('tara', `request ${name}`)), values);
}
/** One round, and what it began. */
async function once(work: ReturnType<typeof worker>): Promise<number> {
  const taken = await work.round();
  await work.rest();
  return taken;
}
const titles = (card: Card): readonly string[] => [...buttons(card).keys()];
/** Ana's other account. A card decides where it was sent. */
async function pressInSlack(card: Card, title: string) {
  const button = buttons(card).get(title);
  if (!button) throw new Error(`no button "${title}"`);
  const press = { kind: 'press', verb: button.verb, data: button.data, card: card.id } as const;
  return world.conversation.handle({ ...world.inbound('ana', press), platform: 'slack', tenant: 'T1', user: 'UANA' });
}

/** A worker of its own, as another replica (or another loop) has it. */
function worker(kinds?: readonly OutgoingRow['kind'][], ...more: Channel[]) {
  return delivering(
    {
      desk: world.desk,
      outbox: world.outbox,
      gates: createGates({ outbox: world.outbox }),
      cards: world.cards,
      book: loadCards(join(__dirname, '../../cards')),
      channels: new Map([world.mailbox, ...more].map((channel) => [channel.platform, channel] as const)),
      connectors: connectors({ localRoles: world.localRoles }),
      deadlineMs: 30_000,
      log: world.log,
    },
    kinds,
  );
}

describe('a platform that is away', () => {
  test('for half a day costs nobody a message', async () => {
    await ask('ledger reader');
    const platform = world.mailbox.away();
    for (let hour = 0; hour < 14; hour += 1) await world.pass(HOUR);
    platform.over();
    await world.allOut();
    expect(titles(latest('ana').card)).toContain('Approve');
    expect(await world.outbox.dead(10)).toEqual([]);
  });

  test('for days ends in a dead letter that is counted, listed, and can be sent after all', async () => {
    await ask('ledger auditor', {});
    const platform = world.mailbox.away();
    // A platform that is away is tried by one message at a time, so each gets its turn a little later.
    const days = async (hours: number) => {
      for (const ms of [hours * HOUR, 2 * MINUTE, 2 * MINUTE]) {
        await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
        await world.outgoing.settle();
      }
    };
    await days(1);
    await world.sql(`update outgoing set attempts = 20 where state = 'ready'`);
    await days(70);
    expect(await world.outbox.dead(10)).toEqual([]);
    await days(2);
    const dead = await world.outbox.dead(10);
    expect(dead).toHaveLength(2);
    for (const row of dead)
      expect(row).toMatchObject({ kind: 'tell', person: 'Tara Lind', error: 'unreachable: service_unavailable' });
    expect((await world.due.backlog()).dead).toEqual([{ kind: 'tell', count: 2 }]);
    expect(world.messagesTo('tara')).toEqual([]);
    platform.over();
    for (const row of dead) expect(await redrive(world.desk, operator, row.id)).toBe(true);
    await world.allOut();
    const texts = world.messagesTo('tara').map((message) => textOf(message.card));
    expect(texts.filter((text) => text.includes('You now have Ledger auditor'))).toHaveLength(1);
    expect((await world.due.backlog()).dead).toEqual([]);
  });
});

describe('a message shows how things stand', () => {
  test('when they changed while it was on its way', async () => {
    const { mailbox } = world;
    const send = mailbox.send.bind(mailbox);
    await ask('ledger reader');
    Object.assign(mailbox, {
      send: async (...message: Parameters<typeof send>) => {
        const ref = await send(...message);
        await world.say('tara', 'cancel R-1001');
        // Another replica redraws what it remembers, and this message is not among it yet.
        await once(worker(['redraw']));
        return ref;
      },
    });
    await world.outgoing.settle();
    const toAna = world.messagesTo('ana');
    expect(toAna).toHaveLength(1);
    expect(titles(latest('ana').card)).not.toContain('Approve');
  });

  test('when an older picture of it arrives last', async () => {
    const { mailbox } = world;
    await ask('ledger reader');
    await world.settle();
    await world.sql(AGAIN);
    await world.sql(`update cards set hash = 'of before'`);
    const update = mailbox.update.bind(mailbox);
    let isFirst = true;
    Object.assign(mailbox, {
      update: async (...message: Parameters<typeof update>) => {
        if (isFirst) {
          isFirst = false;
          await world.say('tara', 'cancel R-1001');
          // What is worked here is not lost to whoever works other kinds, whatever the clock says.
          await world.sql(`update outgoing set lease_until = 'epoch' where state = 'leased'`);
          await once(worker(['redraw']));
        }
        await update(...message);
      },
    });
    await once(worker(['tell']));
    await world.outgoing.settle();
    expect(await world.sql(`select max(attempts) as tries from outgoing where notice = 'approval'`)).toEqual([
      { tries: 2 },
    ]);
    expect(titles(latest('ana').card)).not.toContain('Approve');
  });

  test('when nobody redrew it: what is remembered is compared with what is true', async () => {
    await ask('ledger reader');
    await world.settle();
    await world.say('tara', 'cancel R-1001');
    await world.sql(
      `update outgoing set state = 'dead', error = 'lost', settled_at = usher_now() where kind = 'redraw' and state = 'ready'`,
    );
    await world.settle();
    expect(titles(latest('ana').card)).not.toContain('Approve');
    // Compared once, equal, and left alone.
    expect(await world.due.staleCards(10)).toBe(0);
  });

  test('when it could not be changed before, an hour later', async () => {
    await ask('ledger reader');
    await world.settle();
    await world.say('tara', 'cancel R-1001');
    // Her own, then Ana's.
    const refused = new ChannelError('refused', 'cannot_update');
    world.mailbox.fail(refused, refused);
    await world.settle();
    expect(titles(latest('ana').card)).toContain('Approve');
    await world.pass(2 * HOUR);
    expect(titles(latest('ana').card)).not.toContain('Approve');
  });

  test('when the copy before it does not fit any more', async () => {
    await ask('ledger writer', { reason: 'closing', 'answer.ticket': 'T-9' });
    await world.settle();
    await world.press('max', latest('max').card, 'Approve');
    await world.settle();
    const [first] = await world.sql<{ id: string }>(`select id from cards where state = 'live' order by id limit 1`);
    Object.assign(world.mailbox, { misfit: (card: Card) => (card.id === first?.id ? 'too long' : null) });
    await world.say('tara', 'cancel R-1001');
    await world.settle();
    for (const one of ['ana', 'ben']) expect(titles(latest(one).card)).not.toContain('Approve');
    expect(await world.sql('select id, error from cards where error is not null')).toEqual([
      { id: first?.id, error: expect.stringContaining('too long') as string },
    ]);
  });
});

describe('a new message, not an edit of an old one, says', () => {
  test('that the next period ends soon', async () => {
    await ask('ledger auditor', {});
    await world.settle();
    await world.pass(20 * DAY);
    const before = world.messagesTo('tara').length;
    await world.submit('tara', cardOf(await world.say('tara', 'extend ledger auditor')), { reason: 'still closing' });
    await world.settle();
    const kept = world.messagesTo('tara').slice(before);
    expect(kept.filter((message) => textOf(message.card).includes('You keep Ledger auditor'))).toHaveLength(1);
    await world.pass(27 * DAY);
    expect(world.messagesTo('tara').length).toBeGreaterThan(before + kept.length);
    expect(textOf(latest('tara').card)).toContain('Ledger auditor ends soon');
  });

  test('that somebody is asked again who had been released', async () => {
    await ask('ledger reader');
    await world.settle();
    await world.sql(`update people set state = 'disabled', version = version + 1 where name = 'Ana Ruiz'`);
    await world.settle();
    await world.sql(`update people set state = 'enabled', version = version + 1 where name = 'Ana Ruiz'`);
    await world.settle();
    expect(world.messagesTo('ana')).toHaveLength(2);
    expect(titles(latest('ana').card)).toContain('Approve');
  });

  test('nothing, when the row of an event is worked twice', async () => {
    await ask('ledger reader');
    await world.settle();
    await world.sql(AGAIN);
    await world.settle();
    expect(world.messagesTo('ana')).toHaveLength(1);
  });
});

test('a message that is gone is sent anew when it has something to say again, and its person stays reachable', async () => {
  await ask('ledger reader');
  await world.settle();
  world.mailbox.messages.splice(0);
  await world.sql(AGAIN);
  await world.sql(`update cards set hash = 'of before'`);
  await world.settle();
  expect(titles(latest('ana').card)).toContain('Approve');
});

test('a message that another worker finds gone while it is told once more is sent anew', async () => {
  await ask('ledger reader');
  await world.settle();
  const first = latest('ana');
  const [kept] = await world.sql<{ id: CardId }>(
    `update cards set hash = 'of before' where user_id = 'ana' returning id`,
  );
  const update = world.mailbox.update.bind(world.mailbox);
  let lost = false;
  Object.assign(world.mailbox, {
    update: async (...change: Parameters<typeof update>) => {
      await update(...change);
      if (kept && change[0].message === first.id) await world.cards.failed(kept.id, 'message_not_found', true);
      lost = true;
    },
  });
  await world.sql(AGAIN);
  await world.settle();
  expect(lost).toBe(true);
  expect(latest('ana').id).not.toBe(first.id);
  expect(titles(latest('ana').card)).toContain('Approve');
});

describe('a message is changed no more where others read it, or who left', () => {
  const two = (user: string): Promise<string> =>
    world.configure(
      `people: [{ key: ana, name: Ana Ruiz, identities: [{ platform: web, tenant: demo, user: ${user} }] }]`,
    );
  const GONE = 'This is no longer current.';
  /** Max approves what Ana and Ben are asked after him. Gives his message. */
  async function approved() {
    await ask('ledger writer', { reason: 'month end', 'answer.ticket': 'T-9' });
    await world.settle();
    const first = latest('max');
    await world.press('max', first.card, 'Approve');
    await world.settle();
    expect(textOf(first.card)).toContain('You approved this.');
    return first;
  }

  test('an account that was given to them by mistake', async () => {
    await world.configure('people: [{ key: zoe, name: Zoe Park }]');
    await two('zoe');
    await ask('ledger reader');
    await world.settle();
    const wrong = latest('zoe');
    expect(textOf(wrong.card)).toContain('month end');
    await two('ana');
    await world.say('ana', 'deny R-1001 because of the audit');
    // Another worker, who read it before, changes it right after it was taken back, and is through with it first.
    const [kept] = await world.sql<{ id: CardId; version: string }>(
      `select id, xmin::text as version from cards where user_id = 'zoe' and state = 'live'`,
    );
    const { card } = wrong;
    const update = world.mailbox.update.bind(world.mailbox);
    let last = kept;
    Object.assign(world.mailbox, {
      update: async (...change: Parameters<typeof update>) => {
        await update(...change);
        if (last === undefined || change[0].message !== wrong.id) return;
        await update(change[0], card);
        await world.cards.drawn(last, 'of before');
        last = undefined;
      },
    });
    await world.settle();
    expect([kept, last]).toEqual([expect.anything(), undefined]);
    expect(textOf(wrong.card)).toContain(GONE);
    expect(textOf(wrong.card)).not.toMatch(/Tara|Ledger|month end|denied|audit/);
    const { changes } = wrong;
    await world.sql(`insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
      select 'redraw', 'request', id, id, 'redraw:request:' || id, usher_now(), 'once more', usher_now() from requests`);
    await world.settle();
    expect(wrong.changes).toBe(changes);
  });

  test('also where another worker changes it at the same moment', async () => {
    await world.configure('people: [{ key: zoe, name: Zoe Park }]');
    await two('zoe');
    await ask('ledger reader');
    await world.settle();
    const wrong = latest('zoe');
    await world.sql(`update cards set hash = 'of before'`);
    await world.sql(`insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
      select 'redraw', 'request', id, id, 'redraw:request:' || id, usher_now(), 'once more', usher_now() from requests`);
    const update = world.mailbox.update.bind(world.mailbox);
    let seen = '';
    Object.assign(world.mailbox, {
      update: async (...change: Parameters<typeof update>) => {
        if (seen === '' && change[0].message === wrong.id) {
          await two('ana');
          await once(worker(['redraw']));
          seen = textOf(wrong.card);
        }
        await update(...change);
      },
    });
    await world.settle();
    expect(seen).toContain(GONE);
    expect(textOf(wrong.card)).toContain(GONE);
  });

  test('and it is told where they are now, whatever becomes of the other', async () => {
    await world.configure('people: [{ key: zoe, name: Zoe Park }]');
    await two('zoe');
    await ask('ledger reader');
    await world.settle();
    await two('ana');
    await world.sql(AGAIN);
    world.mailbox.fail(new ChannelError('refused', 'cant_update_message'));
    await world.settle();
    expect(world.messagesTo('ana').map(({ card }) => titles(card))).toEqual([expect.arrayContaining(['Approve'])]);
    expect(
      await world.sql(`select c.state from cards c join people p on p.id = c.person_id
      where p.directory_key = 'ana' order by c.created_at`),
    ).toEqual([{ state: 'gone' }, { state: 'live' }]);
  });

  test('and what it still asks is told where they are now as soon as a file says so, once for both who ask and who are asked', async () => {
    const own = (person: string, user: string): Promise<string> =>
      world.configure(
        `people: [{ key: ${person}, name: Of ${person}, identities: [{ platform: web, tenant: demo, user: ${user} }] }]`,
      );
    await ask('ledger reader');
    await ask('ledger auditor', {});
    await world.settle();
    const [asked, asking] = [world.messagesTo('ana'), world.messagesTo('tara')];
    expect(asked).toHaveLength(1);
    await own('ana', 'ana-2');
    await own('ana', 'ana-3');
    await own('tara', 'tara-2');
    // The release before draws nothing because of it, so it is left to this one.
    expect(
      await world.sql(`select distinct notice from outgoing where kind = 'redraw' and subject_kind = 'person'`),
    ).toEqual([{ notice: 'gone' }]);
    expect([...notices]).not.toContain('gone');
    // Two workers, or one that died before it had settled.
    for (let turn = 0; turn < 2; turn += 1) {
      await world.settle();
      await world.sql(`update outgoing set state = 'ready', settled_at = null, next_at = usher_now()
        where kind = 'redraw' and subject_kind = 'person' or dedupe_key like 'moved:%'`);
    }
    await world.settle();
    for (const { card } of [...asked, ...asking]) expect(textOf(card)).toContain(GONE);
    expect(world.messagesTo('ana-2')).toEqual([]);
    expect(world.messagesTo('ana-3').map(({ card }) => titles(card))).toEqual([expect.arrayContaining(['Approve'])]);
    // What was granted at once is over: only what is waited for is said again.
    expect(world.messagesTo('tara-2').map(({ card }) => textOf(card))).toEqual([
      expect.stringContaining('Ledger reader'),
    ]);

    await world.press('ana-3', latest('ana-3').card, 'Approve');
    await world.settle();
    const told = world.mailbox.messages.length;
    await own('ana', 'ana-4');
    await own('tara', 'tara-3');
    await world.settle();
    expect(textOf(latest('ana-3').card)).toContain(GONE);
    expect(world.mailbox.messages).toHaveLength(told);
  });

  test.each(LEAVING)('somebody who decided and left (%s)', async (leaves) => {
    const first = await approved();
    await world.configure(`people: [{ key: max, name: Max Thorn, ${leaves} }]`);
    await world.say('ana', 'deny R-1001 because of the audit');
    await world.settle();
    expect(textOf(first.card)).toContain(GONE);
    expect(textOf(first.card)).not.toMatch(/Tara|Ledger|month end|denied|audit/);
  });

  test('and goes on being changed where they can only not be written to at the moment', async () => {
    const first = await approved();
    await world.desk.directory.dead({ platform: 'web', tenant: 'demo', user: 'max' }, 'away');
    await world.say('ana', 'deny R-1001 because of the audit');
    await world.settle();
    expect(textOf(first.card)).toContain('You approved this. Ana Ruiz denied this.');
  });
});

describe('a person whose only place a message finds dead', () => {
  const NOT_INSTALLED = new ChannelError('unreachable', 'NotInstalled');
  const ANA = {
    name: 'Ana',
    email: 'ana@woodgrove.example',
    emailConfirmed: true,
    directoryKey: null,
    zone: null,
    locale: null,
  };
  /** A second platform, which knows Ana by her address. */
  const other = (standing: 'member' | 'guest') => {
    const mailbox = new Mailbox();
    const find = jest.fn(() => Promise.resolve({ tenant: 'T1', user: 'UANA', profile: { ...ANA, standing } }));
    return { mailbox, find, channel: Object.assign(mailbox, { platform: 'slack', find }) as Channel };
  };
  const work = async (channel: Channel): Promise<void> => {
    const both = worker(undefined, channel);
    while ((await once(both)) > 0);
  };
  beforeEach(async () => {
    await world.configure(
      'installations: [{ platform: slack, tenant: T1, authoritativeDomains: [woodgrove.example] }]',
    );
    world.mailbox.lose('ana', NOT_INSTALLED);
    await ask('ledger reader');
  });

  test('is told it on the next platform, once, however often that has to be tried', async () => {
    const { mailbox, find, channel } = other('member');
    find.mockRejectedValueOnce(new ChannelError('later', 'ratelimited'));
    mailbox.fail(new ChannelError('later', 'service_unavailable'));
    for (let n = 0; n < 4; n += 1) {
      await work(channel);
      await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [HOUR]);
    }
    await world.sql(AGAIN);
    await work(channel);
    expect(mailbox.messages.map(({ to, card }) => [to, titles(card).includes('Approve')])).toEqual([['UANA', true]]);
    expect(world.messagesTo('ana')).toEqual([]);
    expect(await world.outbox.dead(10)).toEqual([]);
    expect(find).toHaveBeenCalledTimes(2);
  });

  test('is not, where that platform does not vouch for a colleague', async () => {
    const { mailbox, channel } = other('guest');
    await work(channel);
    expect(mailbox.messages).toEqual([]);
    expect(await world.outbox.dead(10)).toMatchObject([{ notice: 'approval', error: 'unreachable: NotInstalled' }]);
  });
});

test('a place that was dead takes a message a day later, and brings what was given up meanwhile, though nobody spoke there', async () => {
  world.mailbox.lose('ana', new ChannelError('unreachable', 'user_disabled'));
  await ask('ledger reader');
  await world.settle();
  expect([world.messagesTo('ana'), await world.outbox.dead(10)]).toMatchObject([[], [{ notice: 'approval' }]]);
  // The reminder knocks.
  await world.pass(2 * DAY);
  expect(world.messagesTo('ana').some(({ card }) => titles(card).includes('Approve'))).toBe(true);
  expect(await world.outbox.dead(10)).toEqual([]);
  expect(await world.sql(`select state from conversations where user_id = 'ana' and state = 'dead'`)).toEqual([]);
});

describe('a person whose first platform is away', () => {
  const AWAY = new ChannelError('later', 'service_unavailable');
  let slack: Mailbox;
  let both: ReturnType<typeof worker>;
  /** So much later both platforms are worked until nothing is due; gives who was asked in Slack, and where. */
  const after = async (ms: number) => {
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
    while ((await once(both)) > 0);
    return slack.messages.filter(({ card }) => textOf(card).includes('Ledger reader')).map(({ to }) => to);
  };
  beforeEach(async () => {
    await world.configure(
      'people: [{ key: ana, name: Ana Ruiz, identities: [{ platform: slack, tenant: T1, user: UANA }] }]',
    );
    await world.sql(`update identities set last_seen_at = usher_now() where user_id = 'ana'`);
    slack = new Mailbox();
    both = worker(undefined, Object.assign(slack, { platform: 'slack' }));
  });

  test('is told on the next one in a quarter of an hour, once, and that copy follows', async () => {
    const platform = world.mailbox.away();
    await ask('ledger reader');
    expect([await after(0), await after(10 * MINUTE)]).toEqual([[], []]);
    expect([await after(6 * MINUTE), await after(DAY)]).toEqual([['UANA'], ['UANA']]);
    platform.over();
    const [copy] = slack.messages;
    if (copy === undefined) throw new Error('nobody was told');
    await pressInSlack(copy.card, 'Approve');
    await after(MINUTE);
    expect(world.messagesTo('ana').filter(({ card }) => titles(card).includes('Approve'))).toEqual([]);
    expect(slack.messages.map(({ card }) => titles(card)).flat()).not.toContain('Approve');
    expect(await world.outbox.dead(10)).toEqual([]);
  });

  test('is told there then also where the first one names a longer time, which is kept to', async () => {
    const send = jest
      .spyOn(world.mailbox, 'send')
      .mockRejectedValue(new ChannelError('later', 'ratelimited', 5 * HOUR));
    await ask('ledger reader');
    await after(0);
    const calls = send.mock.calls.length;
    await after(14 * MINUTE);
    expect(await after(1 * MINUTE)).toEqual(['UANA']);
    expect(send).toHaveBeenCalledTimes(calls);
  });

  test('is told there at once where the first one takes the message never', async () => {
    world.mailbox.lose('ana', new ChannelError('refused', 'invalid_blocks'));
    await ask('ledger reader');
    expect(await after(0)).toEqual(['UANA']);
    expect(await world.outbox.dead(10)).toEqual([]);
  });

  test('is not told twice because a message that is out there already cannot be changed', async () => {
    await ask('ledger reader');
    await after(0);
    expect(world.messagesTo('ana')).toHaveLength(1);
    await world.sql(AGAIN);
    await world.sql(`update cards set hash = 'of before'`);
    Object.assign(world.mailbox, { update: () => Promise.reject(AWAY) });
    expect(await after(HOUR)).toEqual([]);
  });

  test('stays in doubt where the first one may have it, though the second is only too busy', async () => {
    world.mailbox.away();
    const busy = jest.spyOn(slack, 'send').mockRejectedValue(new ChannelError('later', 'ratelimited'));
    await ask('ledger reader');
    await after(0);
    await after(20 * MINUTE);
    expect(busy).toHaveBeenCalled();
    expect(await world.sql(`select error from outgoing where state = 'ready' and notice = 'approval'`)).toEqual([
      { error: 'service_unavailable' },
    ]);
  });
});

describe('a person whose first platform has it without a word', () => {
  const AWAY = new ChannelError('later', 'Timeout');
  let slack: Mailbox;
  let both: ReturnType<typeof worker>;
  let isBack: boolean;
  /** So much later both platforms are worked until nothing is due; gives whom each of them asked. */
  const after = async (ms: number) => {
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
    while ((await once(both)) > 0);
    const asked = ({ messages }: Mailbox) =>
      messages.filter(({ card }) => textOf(card).includes('Ledger reader')).map(({ to }) => to);
    return [asked(world.mailbox).filter((to) => to === 'ana'), asked(slack)];
  };
  /** It is away after a first try, which it may have taken. */
  const mute = (takes: boolean): void => {
    const { mailbox } = world;
    const send = mailbox.send.bind(mailbox);
    const find: Channel['sent'] = (to, card) => {
      const found = mailbox.messages.find((one) => one.card.id === card);
      const ref = { tenant: to.tenant, conversation: 'c-ana', serviceUrl: null };
      return Promise.resolve(found ? { ...ref, message: found.id } : null);
    };
    let tries = 0;
    Object.assign(mailbox, {
      send: async (...message: Parameters<typeof send>) => {
        if (isBack || message[0].user !== 'ana') return send(...message);
        tries += 1;
        if (takes && tries === 1) await send(...message);
        throw AWAY;
      },
      sent: (...looked: Parameters<typeof find>) => (isBack ? find(...looked) : Promise.reject(AWAY)),
    });
  };
  const copies = () =>
    world.sql(`select c.platform, c.state, c.error from cards c join people p on p.id = c.person_id
      where p.directory_key = 'ana' order by 1, 2`);
  beforeEach(async () => {
    await world.configure(
      'people: [{ key: ana, name: Ana Ruiz, identities: [{ platform: slack, tenant: T1, user: UANA }] }]',
    );
    await world.sql(`update identities set last_seen_at = usher_now() where user_id = 'ana'`);
    slack = new Mailbox();
    isBack = false;
    both = worker(undefined, Object.assign(slack, { platform: 'slack' }));
  });

  test('is told on the next one as well, and that first copy follows once its platform answers', async () => {
    mute(true);
    await ask('ledger reader');
    expect([await after(0), await after(16 * MINUTE)]).toEqual([
      [['ana'], []],
      [['ana'], ['UANA']],
    ]);
    const [copy] = slack.messages;
    if (copy === undefined) throw new Error('nobody was told');
    await pressInSlack(copy.card, 'Approve');
    await after(HOUR);
    expect(titles(latest('ana').card)).toContain('Approve');
    isBack = true;
    expect([await after(HOUR), await after(HOUR)][1]).toEqual([['ana'], ['UANA']]);
    expect([titles(latest('ana').card), titles(copy.card)].flat()).not.toContain('Approve');
    expect(await copies()).toEqual(['slack', 'web'].map((platform) => ({ platform, state: 'live', error: null })));
  });

  test('is looked for there until it answers, and no longer where it has nothing', async () => {
    mute(false);
    await ask('ledger reader');
    await after(0);
    expect(await after(16 * MINUTE)).toEqual([[], ['UANA']]);
    isBack = true;
    expect([await after(HOUR), await after(HOUR)][1]).toEqual([[], ['UANA']]);
    expect(await copies()).toEqual([
      { platform: 'slack', state: 'live', error: null },
      { platform: 'web', state: 'gone', error: 'told_elsewhere' },
    ]);
    expect(await world.sql(`select state, notice from outgoing where state <> 'done'`)).toEqual([]);
  });

  test('keeps the message of another try that went out there while the first one was looked for', async () => {
    mute(false);
    await ask('ledger reader');
    await after(0);
    await after(16 * MINUTE);
    isBack = true;
    // A worker that died before it could settle: another one tells Ana, and the look has its answer already.
    const other = worker(['tell']);
    Object.assign(world.mailbox, {
      sent: async () => {
        await world.sql(AGAIN);
        while ((await once(other)) > 0);
        return null;
      },
    });
    await after(HOUR);
    const [message] = world.messagesTo('ana');
    expect(await copies()).toEqual(['slack', 'web'].map((platform) => ({ platform, state: 'live', error: null })));
    if (message === undefined) throw new Error('nobody was told');
    await world.press('ana', message.card, 'Approve');
    await after(HOUR);
    expect(titles(latest('ana').card)).not.toContain('Approve');
  });

  test('whose message becomes a line of a digest meanwhile has that first copy follow as well', async () => {
    mute(true);
    await ask('ledger reader');
    await after(0);
    await world.sql(`insert into outgoing (kind, notice, person_id, subject_kind, subject_id, params, lane, next_at, dedupe_key, created_at)
      select 'tell', 'access', p.id, 'assignment', gen_random_uuid(), '{}', 'late' || n, usher_now() + interval '1 hour', 'late' || n,
        usher_now() - interval '1 hour' from people p, generate_series(1, 5) n where p.directory_key = 'ana'`);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [6 * MINUTE]);
    expect(await world.due.gatherMessages()).toBe(6);
    isBack = true;
    await after(HOUR);
    const [first, digest] = world.messagesTo('ana');
    if (first === undefined || digest === undefined) throw new Error('not both are out');
    expect([titles(first.card).includes('Approve'), textOf(digest.card)]).toEqual([
      true,
      expect.stringContaining('1 thing to know'),
    ]);
    await world.say('tara', 'cancel R-1001');
    await after(MINUTE);
    expect(world.messagesTo('ana').flatMap(({ card }) => titles(card))).not.toContain('Approve');
    expect(world.messagesTo('ana')).toHaveLength(2);
  });

  test.each<[string, () => Promise<unknown>]>([
    [
      'by hand',
      async () => {
        for (const { id } of await world.outbox.dead(10)) expect(await redrive(world.desk, operator, id)).toBe(true);
      },
    ],
    ['because they speak', () => world.say('ana', 'help')],
  ])('is not told again what was given up and is put back (%s), since it is there', async (_, putBack) => {
    mute(true);
    const busy = jest.spyOn(slack, 'send').mockRejectedValue(AWAY);
    await ask('ledger reader');
    await after(0);
    await world.sql(`update outgoing set attempts = 20 where state = 'ready'`);
    await after(4 * DAY);
    expect(await world.outbox.dead(10)).toMatchObject([{ notice: 'approval', error: 'unreachable: unsure' }]);
    isBack = true;
    busy.mockRestore();
    await putBack();
    expect([await after(0), await after(HOUR)][1]).toEqual([['ana'], []]);
    await world.say('tara', 'cancel R-1001');
    await after(MINUTE);
    expect(titles(latest('ana').card)).not.toContain('Approve');
  });

  test('leaves the look for a message that only a newer release draws to that one', async () => {
    mute(true);
    await ask('ledger reader');
    await after(0);
    await after(16 * MINUTE);
    isBack = true;
    const sealed = (from: string, to: string) =>
      world.sql(`update cards set view = replace(view, $1, $2) where platform = 'web'`, [from, to]);
    await sealed('approval', 'sealed');
    await after(HOUR);
    expect(await copies()).toMatchObject([{ state: 'live' }, { platform: 'web', state: 'sending' }]);
    const waiting = () =>
      world.sql(`select kind, notice, subject_kind from outgoing where state = 'ready' and subject_kind = 'card'`);
    expect(await waiting()).toEqual([{ kind: 'redraw', notice: 'sealed', subject_kind: 'card' }]);
    // The newer one knows it.
    await sealed('sealed', 'approval');
    await world.sql(`update outgoing set notice = 'approval' where notice = 'sealed'`);
    await after(HOUR);
    expect([await waiting(), await copies()]).toMatchObject([[], [{ state: 'live' }, { state: 'live' }]]);
  });

  test('is not told on the next one before it was looked for there, however long the message waited for its first try', async () => {
    mute(true);
    await ask('ledger reader');
    expect(await after(20 * MINUTE)).toEqual([['ana'], []]);
    isBack = true;
    expect(await after(HOUR)).toEqual([['ana'], []]);
    expect(await copies()).toEqual([{ platform: 'web', state: 'live', error: null }]);
  });
});

describe('work of one kind', () => {
  test('does not wait for work of another', async () => {
    await ask('ledger auditor', {});
    const messages = worker(['tell', 'redraw']);
    while ((await once(messages)) > 0);
    expect(world.messagesTo('tara')).toHaveLength(1);
    expect(await world.sql(`select state from outgoing where kind = 'place'`)).toEqual([{ state: 'ready' }]);
    expect(await messages.nextAt()).toBeNull();
    expect(await worker(['place']).nextAt()).not.toBeNull();
  });

  test('takes up what a lost worker held, however much else there is to do', async () => {
    await ask('ledger auditor', {});
    await world.outbox.claim(10, MINUTE, ['place']);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [2 * MINUTE]);
    await world.sql(`insert into outgoing (kind, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
      select 'redraw', 'request', n::text, 'redraw:' || n, usher_now(), 'x' || n, usher_now() from generate_series(1, 5) n`);
    expect(await once(worker())).toBeGreaterThan(5);
    expect(await world.localRoles.has('tara', 'Ledger', 'Reader', 'root')).toBe(true);
  });
});

test('a removal does not wait behind the pause of a giving that failed', async () => {
  await ask('ledger auditor', {});
  await world.localRoles.tell('Ledger', { mode: 'later', code: 'busy' });
  await world.outgoing.settle();
  await world.sql(`update outgoing set next_at = usher_now() + interval '1 hour' where kind = 'place'`);
  await world.localRoles.tell('Ledger', null);
  await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  const [waiting] = await world.sql<{ due: boolean }>(
    `select next_at <= usher_now() as due from outgoing where kind = 'place' and state = 'ready'`,
  );
  expect(waiting).toEqual({ due: true });
});

describe('a role that could not be given', () => {
  const holds = () => world.localRoles.has('tara', 'Ledger', 'Reader', 'root');
  beforeEach(async () => {
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'no_such_role' });
    await ask('ledger auditor', {});
    await world.settle();
    expect(textOf(latest('olga').card)).toContain('Ledger auditor could not be set up for Tara Lind');
  });

  test('is tried again every hour, and its person and the owners hear that it is there', async () => {
    await world.localRoles.tell('Ledger', null);
    expect(await holds()).toBe(false);
    await world.pass(HOUR + MINUTE);
    expect(await holds()).toBe(true);
    expect(textOf(latest('tara').card)).toContain('You now have Ledger auditor');
    expect(textOf(latest('olga').card)).toContain('Everything is set up now.');
  });

  test('is given up after a day, which is counted, and comes back with Retry', async () => {
    for (let hour = 0; hour < 33; hour += 1) {
      await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [HOUR + MINUTE]);
      await world.outgoing.settle();
    }
    expect((await world.due.backlog()).dead).toEqual([{ kind: 'place', count: 1 }]);
    await world.localRoles.tell('Ledger', null);
    const reply = await world.press('olga', latest('olga').card, 'Retry');
    expect(textOf(cardOf(reply))).toContain('It is being tried again.');
    await world.settle();
    expect(await holds()).toBe(true);
    expect(await world.sql('select state from assignments')).toEqual([{ state: 'delivered' }]);
    expect(await world.sql('select state from requests')).toEqual([{ state: 'delivered' }]);
    const [asked] = await world.sql<{ name: string }>(
      `select people.name from audit_events join people on people.id = actor_id where type = 'grant.wanted' order by audit_events.id desc limit 1`,
    );
    expect(asked?.name).toBe('Olga Petrov');
  });

  test('is tried at once with Retry, and a new failure is a new message with Retry', async () => {
    const before = world.messagesTo('olga').length;
    await world.press('olga', latest('olga').card, 'Retry');
    await world.settle();
    expect(world.messagesTo('olga').length).toBe(before + 1);
    for (const { card } of world.messagesTo('olga')) expect(titles(card)).toContain('Retry');
    await world.localRoles.tell('Ledger', null);
    expect(sentenceOf(await world.say('olga', 'reprocess tara lind ledger auditor'))).toBe('');
    await world.settle();
    expect(await holds()).toBe(true);
    // And at any time after that: it is made so once more.
    expect(sentenceOf(await world.say('olga', 'reprocess tara lind ledger auditor'))).toBe('');
    await world.settle();
    expect(await holds()).toBe(true);
  });

  test('keeps what the person had before, though that could not be read at first', async () => {
    await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
    await world.localRoles.tell('Ledger', null);
    await world.pass(HOUR + MINUTE);
    await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
    await world.settle();
    expect(await holds()).toBe(true);
  });

  test('is tried again for nobody without the right', async () => {
    const { card } = latest('olga');
    await world.press('tom', card, 'Retry');
    expect(sentenceOf(await world.say('tom', 'reprocess tara lind ledger auditor'))).not.toBe('');
    expect(await world.sql('select state from assignments')).toEqual([{ state: 'deliveryFailed' }]);
  });
});
