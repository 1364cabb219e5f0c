// Systems and platforms that keep us waiting: whom that holds up, and whom it must not.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import { ChannelError } from '../../src/chat/channel';
import { connectors } from '../../src/connectors';
import type { Connector } from '../../src/connectors/connector';
import { delivering } from '../../src/jobs/deliver';
import { createGates, MOST_OF_ONE, NotNow } from '../../src/jobs/gate';
import { receiving } from '../../src/jobs/receive';
import { createWorker } from '../../src/jobs/worker';
import type { Inbound, Profile, Reply } from '../../src/chat/inbound';
import { aWorld, cardOf, sentenceOf, SMALL } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const NOBODY: Omit<Profile, 'standing'> = {
  name: null,
  email: null,
  emailConfirmed: null,
  directoryKey: null,
  zone: null,
  locale: null,
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function ask(user: string, name: string, values: Record<string, string> = {}) {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
}

const holds = (user: string) => world.localRoles.has(user, 'Ledger', 'Reader', 'root');

/** A worker of messages. */
function telling(gates: ReturnType<typeof createGates>, clock?: () => number) {
  return delivering(
    {
      desk: world.desk,
      outbox: world.outbox,
      gates,
      cards: world.cards,
      book: loadCards(join(__dirname, '../../cards')),
      channels: new Map([['web', world.mailbox]]),
      connectors: connectors({ localRoles: world.localRoles }),
      deadlineMs: MINUTE,
      log: world.log,
    },
    ['tell'],
    clock,
  );
}

/** A worker of placements over the real connector, with some of its calls replaced. */
function placing(change: (real: Connector) => Partial<Connector>, deadlineMs: number) {
  const all = connectors({ localRoles: world.localRoles });
  const real = all.get('local');
  if (!real) throw new Error('no connector local');
  return delivering(
    {
      desk: world.desk,
      outbox: world.outbox,
      gates: createGates({ outbox: world.outbox }),
      cards: world.cards,
      book: loadCards(join(__dirname, '../../cards')),
      channels: new Map(),
      connectors: new Map([...all, ['local', { ...real, ...change(real) }]]),
      deadlineMs,
      log: world.log,
    },
    ['place'],
  );
}

describe('a call that hangs', () => {
  test('holds up nobody who is asked for after it', async () => {
    let release: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    let given: () => void = () => undefined;
    const toTom = new Promise<void>((resolve) => (given = resolve));
    const work = placing(
      (real) => ({
        read: async (subject, place, attempt) => {
          if (subject.directoryKey === 'tara') await hanging;
          return real.read(subject, place, attempt);
        },
        converge: async (subject, place, want, attempt) => {
          const outcome = await real.converge(subject, place, want, attempt);
          if (subject.directoryKey === 'tom') given();
          return outcome;
        },
      }),
      60_000,
    );
    await ask('tara', 'ledger auditor');
    expect(await work.round()).toBe(1);
    await ask('tom', 'ledger auditor');
    const worker = createWorker(work, () => undefined);
    expect(await work.round()).toBe(1);
    await toTom;
    expect([await holds('tara'), await holds('tom')]).toEqual([false, true]);
    release();
    await worker.settle();
    expect(await holds('tara')).toBe(true);
  });

  test('is told to stop at its deadline, and changes nothing afterwards', async () => {
    const signals: AbortSignal[] = [];
    const work = placing(
      (real) => ({
        converge: (subject, place, want, attempt) => {
          signals.push(attempt.signal);
          return real.converge(subject, place, want, attempt);
        },
      }),
      100,
    );
    await world.localRoles.tell('Ledger', null);
    await ask('tara', 'ledger auditor');
    // The baseline is read, then the system stops answering.
    const [row] = await world.sql<{ id: string }>(`select id from grants limit 1`);
    await world.sql(`update grants set baseline = false where id = $1`, [row?.id]);
    await world.localRoles.tell('Ledger', { mode: 'hang', code: 'slow' });
    await createWorker(work, () => undefined).settle();
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    expect(await holds('tara')).toBe(false);
    expect(await world.sql(`select state, error from outgoing where kind = 'place'`)).toEqual([
      { state: 'ready', error: 'no_answer' },
    ]);
  });
});

test('what a person had before is not given: no call that comes late puts it back after somebody took it outside', async () => {
  const outside = (present: boolean) => world.localRoles.set('tara', 'Ledger', 'Reader', 'root', present);
  let release: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  const work = placing(
    () => ({
      converge: async () => {
        asked += 1;
        await hanging;
        await outside(true);
        return { state: 'present', externalId: null };
      },
    }),
    60_000,
  );
  await outside(true);
  await ask('tara', 'ledger auditor');
  await createWorker(work, () => undefined).settle();
  await outside(false);
  await world.say('olga', 'reprocess tara lind ledger auditor');
  await world.pass(MINUTE);
  expect(await world.sql('select baseline from grants where gone_at is not null')).toEqual([{ baseline: true }]);
  release();
  for (let n = 0; n < 5; n += 1) await turn();
  await world.pass(5 * MINUTE);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  await world.settle();
  expect([await holds('tara'), asked]).toEqual([false, 0]);
});

describe('a system that hangs or keeps failing', () => {
  const ARCHIVE = SMALL.replace(
    '      - { name: Vault,',
    '      - { name: Archive, connector: local, owners: olga, roles: [Reader] }\n      - { name: Vault,',
  ).replace(
    '      - name: Vault keys',
    `      - name: Archive reader
        roles: [Archive / Reader]
        policies:
          - { name: Employees, who: allMembers, expires: 8 hours, reason: optional }
      - name: Vault keys`,
  );
  const crowd = Array.from({ length: MOST_OF_ONE + 5 }, (_, n) => `guest${n}`);
  const people = crowd
    .map((key) => `  - { key: ${key}, name: ${key}, identities: [{ platform: web, tenant: demo, user: ${key} }] }\n`)
    .join('');
  const inArchive = (user: string) => world.localRoles.has(user, 'Archive', 'Reader', 'root');

  test('gets only so many calls at once, and leaves the rest of the room to the others', async () => {
    world = await aWorld(ARCHIVE.replace('groups:\n', `${people}groups:\n`));
    let release: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (release = resolve));
    let hangs = 0;
    const work = placing(
      (real) => ({
        read: async (subject, place, attempt) => {
          if (place.resource === 'Ledger') {
            hangs += 1;
            await hanging;
          }
          return real.read(subject, place, attempt);
        },
      }),
      60_000,
    );
    for (const user of crowd) await ask(user, 'ledger auditor');
    while (hangs < MOST_OF_ONE) await work.round();
    await ask('tom', 'archive reader');
    while (!(await inArchive('tom'))) await work.round();
    expect(hangs).toBe(MOST_OF_ONE);
    // Who was sent away was not tried, and has nothing to be told.
    expect(await world.sql(`select error from outgoing where kind = 'place' and error is not null`)).toEqual([]);
    release();
    await work.rest();
    await world.pass(MINUTE);
    for (const user of crowd) expect(await holds(user)).toBe(true);
  });

  test('is left alone for a while, which counts for nobody as a try; a removal alarms all the same', async () => {
    world = await aWorld(ARCHIVE);
    await ask('tom', 'ledger auditor');
    await ask('tara', 'archive reader');
    await world.settle();
    await world.localRoles.tell('Ledger', { mode: 'later', code: 'busy' });
    const users = ['tara', 'max', 'ana', 'ben', 'cas'];
    for (const user of users) await ask(user, 'ledger auditor');
    await world.outgoing.settle();
    // It closed for a second at most; for this test the second lasts longer.
    expect(
      await world.sql(
        `update gates set not_before = usher_now() + interval '10 minutes' where failures >= 5 returning target`,
      ),
    ).toEqual([{ target: 'connector:local:Ledger' }]);
    await world.submit('tom', cardOf(await world.say('tom', 'give up ledger auditor')), {});
    await ask('olga', 'ledger auditor');
    await ask('olga', 'archive reader');
    await world.outgoing.settle();
    const placements = `select p.directory_key as key, o.attempts, o.error from outgoing o
      join grants g on g.id = o.subject_id::uuid join people p on p.id = g.person_id
      where o.kind = 'place' and o.state = 'ready' and p.directory_key in ('olga', 'tom') order by 1`;
    expect(await world.sql(placements)).toEqual([
      { key: 'olga', attempts: 0, error: null },
      { key: 'tom', attempts: 1, error: 'system_away' },
    ]);
    expect(await world.sql(`select state from assignments where state like 'remov%'`)).toEqual([
      { state: 'removalFailed' },
    ]);
    expect(await inArchive('olga')).toBe(true);
    expect((await world.due.backlog()).gatesClosed).toEqual([{ platform: 'connector', count: 1 }]);

    await world.localRoles.tell('Ledger', null);
    await world.pass(11 * MINUTE);
    await world.pass(2 * MINUTE);
    for (const user of [...users, 'olga']) expect(await holds(user)).toBe(true);
    expect(await holds('tom')).toBe(false);
    expect((await world.due.backlog()).gatesClosed).toEqual([]);
  });
});

test('an answer that hangs holds up nobody who speaks after it', async () => {
  let release: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => (release = resolve));
  const answered: string[] = [];
  Object.assign(world.mailbox, {
    answer: async ({ user }: Inbound) => {
      if (user === 'tara') await hanging;
      answered.push(user);
      return null;
    },
  });
  const { conversation, desk, gates, received, log } = world;
  const channels = new Map([['web', world.mailbox]]);
  const work = receiving({ conversation, desk, gates, inbound: received, log, channels });
  const say = (user: string) => conversation.accept(world.inbound(user, { kind: 'text', text: 'my access' }));
  await say('tara');
  expect(await work.round()).toBe(1);
  await say('tom');
  expect(await work.round()).toBe(1);
  while (answered.length === 0) await turn();
  expect(answered).toEqual(['tom']);
  release();
  await work.rest();
  expect(answered).toEqual(['tom', 'tara']);
});

test('what a slow platform takes longer for than any lease is said once: whoever works on it keeps it', async () => {
  let release: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (release = resolve));
  const said: string[] = [];
  const send = world.mailbox.send.bind(world.mailbox);
  Object.assign(world.mailbox, {
    answer: async ({ user }: Inbound) => {
      said.push(`answer to ${user}`);
      await slow;
      return null;
    },
    send: async (...message: Parameters<typeof send>) => {
      said.push(`message to ${message[0].user}`);
      await slow;
      return send(...message);
    },
  });
  const { conversation, desk, gates, received, log } = world;
  const channels = new Map([['web', world.mailbox]]);
  let milliseconds = 0;
  const clock = () => milliseconds;
  const replica = () => [
    receiving({ conversation, desk, gates, inbound: received, log, channels }, clock),
    telling(createGates({ outbox: world.outbox }), clock),
  ];
  const [one, other] = [replica(), replica()];
  await ask('tara', 'ledger reader', { reason: 'month end' });
  await conversation.accept(world.inbound('tom', { kind: 'text', text: 'my access' }));
  while (said.length < 3) {
    for (const work of one) await work.round();
    await turn();
  }
  const once = ['answer to tom', 'message to ana', 'message to tara'];
  expect([...said].sort()).toEqual(once);
  // Five calls of an answer, and the places and looks of a message, 8 s each.
  for (let calls = 0; calls < 20; calls += 1) {
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + 8000');
    milliseconds += 8_000;
    for (const work of one) await work.round();
    for (const work of other) expect(await work.round()).toBe(0);
  }
  release();
  for (const work of one) await work.rest();
  expect([...said].sort()).toEqual(once);
  expect(
    await world.sql(`select attempts, lost, state from inbound where payload is null and delivery in (select delivery from inbound
    order by id desc limit 1)`),
  ).toEqual([{ attempts: 1, lost: 0, state: 'done' }]);
  expect(await world.sql(`select from outgoing where kind = 'tell' and (state <> 'done' or attempts <> 1)`)).toEqual(
    [],
  );
});

test('who speaks is looked up when a stored event is handled, where its delivery did not say', async () => {
  const said: string[] = [];
  const standings: Record<string, 'member' | 'deactivated' | 'bot'> = {
    tara: 'member',
    tom: 'deactivated',
    max: 'bot',
  };
  Object.assign(world.mailbox, {
    profile: (_tenant: string, user: string) => Promise.resolve({ ...NOBODY, standing: standings[user] }),
    answer: (inbound: Inbound, reply: Reply) => {
      said.push(`${inbound.user}: ${reply.kind === 'card' ? 'card' : sentenceOf(reply)}`);
      return Promise.resolve(null);
    },
  });
  for (const user of Object.keys(standings))
    await world.conversation.accept(world.inbound(user, { kind: 'text', text: 'my access' }));
  await world.incoming.settle();
  expect(said.filter((line) => line.startsWith('tara'))).toEqual(['tara: card']);
  expect(said.filter((line) => line.startsWith('tom'))).toEqual([expect.not.stringContaining('card')]);
  // Answering a machine could go on for ever.
  expect(said.filter((line) => line.startsWith('max'))).toEqual([]);
  expect(await world.sql(`select distinct state from inbound`)).toEqual([{ state: 'done' }]);
  // What was said of each counts where nothing is said the next time.
  for (const [user, standing] of Object.entries(standings))
    expect(await world.sql('select standing from identities where user_id = $1', [user])).toEqual([{ standing }]);
});

test('a mistake in a connector is no quieter than a refusal: a removal that meets it alarms', async () => {
  await ask('tara', 'ledger auditor');
  await world.settle();
  expect(await holds('tara')).toBe(true);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  const work = placing(() => ({ converge: () => Promise.reject(new TypeError('x is not a function')) }), 1_000);
  await createWorker(work, () => undefined).settle();
  expect(await world.sql('select error from grants')).toEqual([{ error: 'unexpected' }]);
  await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 180000`);
  await createWorker(work, () => undefined).settle();
  expect(await world.sql('select state from assignments')).toEqual([{ state: 'removalFailed' }]);
  expect(world.lines.join('')).toContain('x is not a function');
});

describe('a platform that names a time', () => {
  const type = (text: string) => world.conversation.accept(world.inbound('tara', { kind: 'text', text }));
  /** What is kept of who waits. */
  const kept = async () =>
    (
      await world.sql<{ profile: Profile | null }>(
        `select payload -> 'profile' as profile from inbound where state = 'stored'`,
      )
    ).map(({ profile }) => profile);

  test('after an answer holds back messages too', async () => {
    let answers = 0;
    world.mailbox.answer = () => {
      answers += 1;
      return answers === 1 ? Promise.reject(new ChannelError('later', 'ratelimited', 30_000)) : Promise.resolve(null);
    };
    await type('my access');
    await world.incoming.settle();
    await ask('tara', 'ledger reader', { reason: 'month end' });
    await world.outgoing.settle();
    expect(world.mailbox.messages).toEqual([]);
    await world.pass(31_000);
    expect(world.messagesTo('ana').length).toBeGreaterThan(0);
    expect(answers).toBe(2);
  });

  test('lets nobody act twice because the answer waits, or may have come', async () => {
    const answers: string[] = [];
    let lost = false;
    const answer = (_inbound: Inbound, reply: Reply) => {
      answers.push(sentenceOf(reply));
      return lost ? Promise.reject(new ChannelError('later', 'no_answer')) : Promise.resolve(null);
    };
    Object.assign(world.mailbox, { answer });
    await ask('tara', 'ledger reader', { reason: 'month end' });
    await world.settle();
    await world.outbox.hold('web:demo', 30_000);
    await type('approve R-1001');
    // What only reads is read anew, and was refused before.
    await type('assign ledger reader to tom berg');
    await world.incoming.settle();
    const refusals = () => world.sql(`select from audit_events where type = 'access.refused'`);
    expect([answers, (await refusals()).length]).toEqual([[], 2]);
    await world.pass(31_000);
    expect((await refusals()).length).toBe(2);
    expect(answers).toHaveLength(2);
    expect(answers.join()).toContain('own request');

    lost = true;
    await type('approve R-1001');
    await world.incoming.settle();
    lost = false;
    await world.pass(MINUTE);
    expect((await refusals()).length).toBe(3);
    expect(answers.length).toBeGreaterThan(3);
    expect(new Set(answers.slice(2)).size).toBe(1);
  });

  test('or a line that has a place for the answer is not asked again before that', async () => {
    let asked = 0;
    const enter = () => Promise.reject(new NotNow('rate', (asked += 1) * MINUTE));
    const answers: string[] = [];
    const answer = (_inbound: Inbound, reply: Reply) => {
      answers.push(sentenceOf(reply));
      return Promise.resolve(null);
    };
    const { conversation, desk, received: inbound, log } = world;
    const room = jest.fn().mockImplementationOnce(() => {
      throw new NotNow('rate', MINUTE);
    });
    const gates = { ...world.gates, room, enter };
    const work = receiving({ conversation, desk, gates, inbound, log, channels: new Map([['web', world.mailbox]]) });
    let standing: Profile['standing'] = 'member';
    const says = () => ({ ...NOBODY, email: 'tara@woodgrove.example', standing });
    Object.assign(world.mailbox, { answer, profile: () => Promise.resolve(says()) });
    // What was said of them when they were heard is as old by then as what they typed.
    await world.conversation.accept({
      ...world.inbound('tara', { kind: 'text', text: 'my access' }),
      profile: says(),
    });
    await type('give up ledger auditor');
    await createWorker(work, () => undefined).settle();
    expect([asked, answers, await kept()]).toEqual([1, [], [null, null]]);
    standing = 'deactivated';
    await world.pass(MINUTE);
    expect(answers).toEqual(Array(2).fill(expect.stringContaining('switched off')));
    expect(await world.sql(`select standing from identities where user_id = 'tara'`)).toEqual([{ standing }]);
  });

  test('instead of saying who somebody is has them read of no fault, and gives them later what they are owed', async () => {
    const heard: string[] = [];
    const answer = (_inbound: Inbound, reply: Reply) => {
      heard.push(reply.kind === 'card' ? 'card' : sentenceOf(reply));
      return Promise.resolve(null);
    };
    const away = () => Promise.reject(new ChannelError('later', 'http_503', null));
    Object.assign(world.mailbox, { answer, profile: away });
    await world.sql(`delete from identities where user_id = 'tara'`);
    await type('my access');
    await world.incoming.settle();
    expect(heard).toEqual(['That took too long and nothing was changed. Please try again.']);
    const asked = world.inbound('tara', { kind: 'text', text: 'my access' });
    await world.conversation.owed(asked, { kind: 'text', say: [] });
    // An outage of some hours is outlasted.
    for (const minutes of [0, 1, 2, 4, 8, 16, 32]) await world.pass(minutes * 60_000);
    expect(heard).toHaveLength(1);
    expect(await world.sql(`select attempts, error from inbound where settled_at is null`)).toEqual([
      { attempts: 6, error: 'http_503' },
    ]);
    expect(world.lines.join('')).not.toContain('act failed');
    Object.assign(world.mailbox, {
      profile: () => Promise.resolve({ ...NOBODY, directoryKey: 'tara', standing: 'member' }),
    });
    await world.pass(2 * 60 * 60_000);
    expect(heard.slice(1)).toEqual(['card']);
  });

  test('after a message holds back answers too, which are not given up for that', async () => {
    let answers = 0;
    world.mailbox.answer = () => {
      answers += 1;
      return Promise.resolve(null);
    };
    world.mailbox.fail(new ChannelError('later', 'ratelimited', 30_000));
    await ask('tara', 'ledger reader', { reason: 'month end' });
    await world.outgoing.settle();
    await world.conversation.accept({
      ...world.inbound('tara', { kind: 'text', text: 'my access' }),
      profile: { ...NOBODY, standing: 'member' },
    });
    await world.sql(`update inbound set attempts = 20 where state = 'stored'`);
    await world.incoming.settle();
    expect([answers, await kept()]).toEqual([0, [null]]);
    await world.pass(31_000);
    expect(answers).toBe(1);
  });
});
