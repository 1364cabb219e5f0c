// Systems and platforms that keep us waiting: whom that holds up, and whom it must not.
import { join } from 'node:path';
import { loadCards } from '../../src/chat/cards';
import { ChannelError } from '../../src/chat/channel';
import { connectors } from '../../src/connectors';
import type { Connector } from '../../src/connectors/connector';
import { delivering } from '../../src/jobs/deliver';
import { createWorker } from '../../src/jobs/worker';
import { aWorld, cardOf, SMALL } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function ask(user: string, name: string, values: Record<string, string> = {}) {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
}

const holds = (user: string) => world.localRoles.has(user, 'Ledger', 'Reader', 'root');

/** A worker of placements over the real connector, with some of its calls replaced. */
function placing(change: (real: Connector) => Partial<Connector>, deadlineMs: number) {
  const all = connectors({ localRoles: world.localRoles });
  const real = all.get('local');
  if (!real) throw new Error('no connector local');
  return delivering(
    {
      desk: world.desk,
      outbox: world.outbox,
      cards: world.cards,
      book: loadCards(join(__dirname, '../../cards')),
      channels: new Map(),
      connectors: new Map([...all, ['local', { ...real, ...change(real) }]]),
      deadlineMs,
      log: world.log,
    },
    ['place'],
    50,
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

test('a mistake in a connector is no quieter than a refusal: a removal that meets it alarms', async () => {
  await ask('tara', 'ledger auditor');
  await world.settle();
  expect(await holds('tara')).toBe(true);
  await world.submit('tara', cardOf(await world.say('tara', 'give up ledger auditor')), {});
  const work = placing(() => ({ converge: () => Promise.reject(new TypeError('x is not a function')) }), 1_000);
  await createWorker(work, () => undefined).settle();
  expect(await world.sql('select state from assignments')).toEqual([{ state: 'removalFailed' }]);
  expect(await world.sql('select error from grants')).toEqual([{ error: 'unexpected' }]);
  expect(world.lines.join('')).toContain('x is not a function');
});

describe('a platform that names a time', () => {
  const type = (text: string) => world.conversation.accept(world.inbound('tara', { kind: 'text', text }));

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

  test('after a message holds back answers too, which are not given up for that', async () => {
    let answers = 0;
    world.mailbox.answer = () => {
      answers += 1;
      return Promise.resolve(null);
    };
    world.mailbox.fail(new ChannelError('later', 'ratelimited', 30_000));
    await ask('tara', 'ledger reader', { reason: 'month end' });
    await world.outgoing.settle();
    await type('my access');
    await world.sql(`update inbound set attempts = 20 where state = 'stored'`);
    await world.incoming.settle();
    expect(answers).toBe(0);
    await world.pass(31_000);
    expect(answers).toBe(1);
  });
});
