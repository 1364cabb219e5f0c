// One id from a click to what comes of it, read from the lines that the real workers log.
import { traceOf } from '../../src/chat/trace';
import { aWorld, buttons, cardOf, SMALL, type World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

type Line = Readonly<Record<string, unknown>>;
const lines = (msg: string, where: Line = {}): Line[] =>
  world.lines
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line['msg'] === msg && Object.entries(where).every(([key, value]) => line[key] === value));

const CANARY = 'CANARY because the month ends';

async function ask(): Promise<void> {
  await world.submit('tara', cardOf(await world.say('tara', 'request ledger reader')), { reason: CANARY });
  await world.settle();
}
function approvalOf(user: string) {
  const message = world.messagesTo(user).find(({ card }) => buttons(card).has('Approve'));
  if (!message) throw new Error(`${user} was not asked`);
  return message.card;
}

test('the id of a click stands in the lines of its act, of the connector call and of the message that tells of it', async () => {
  await ask();
  const [asked] = lines('act', { act: 'submit', outcome: 'done' });
  expect(lines('message sent', { notice: 'approval' })).toEqual([expect.objectContaining({ trace: asked?.['trace'] })]);

  await world.press('ana', approvalOf('ana'), 'Approve');
  await world.settle();
  const [decided, ...more] = lines('act', { act: 'press', outcome: 'done' });
  expect(more).toEqual([]);
  expect(decided).toMatchObject({
    level: 'info',
    platform: 'web',
    trace: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
  });
  expect(decided?.['trace']).not.toBe(asked?.['trace']);
  const trace = decided?.['trace'] as string;
  expect(lines('connector called', { trace }).map(({ call, outcome }) => [call, outcome])).toEqual([
    ['read', 'done'],
    ['give', 'done'],
  ]);
  expect(lines('message sent', { trace, notice: 'access' })).toHaveLength(1);
  expect(lines('message changed', { trace }).length).toBeGreaterThan(0);
  // Nothing personal beside it.
  expect(world.lines.join('')).not.toMatch(/CANARY|Tara|woodgrove\.example|ledger/i);
});

test('a click that comes twice has one id, and another click another', async () => {
  await ask();
  const card = approvalOf('ana');
  await world.press('ana', card, 'Approve', 'first');
  await world.press('ana', card, 'Approve', 'first');
  await world.press('ana', card, 'Approve', 'second');
  const [one, again, other] = lines('act', { act: 'press' }).map((line) => line['trace']);
  expect(again).toBe(one);
  expect(other).not.toBe(one);
});

test('a refused act says its code, and never what was typed', async () => {
  await world.say('tara', 'approve R-987654321 CANARY');
  expect(lines('act', { act: 'text' })).toEqual([
    expect.objectContaining({
      outcome: 'refused',
      // A number that nobody has is answered like one that is not theirs to decide.
      code: 'not-an-approver',
      verb: expect.stringContaining('approve') as string,
    }),
  ]);
  expect(world.lines.join('')).not.toMatch(/CANARY|987654321/);
});

test('the id outlives the process: it goes with the row, whoever works it', async () => {
  await ask();
  await world.press('ana', approvalOf('ana'), 'Approve');
  const trace = lines('act', { act: 'press' })[0]?.['trace'];
  expect(await world.sql(`select distinct trace from outgoing where state = 'ready'`)).toEqual([{ trace }]);
});

test('what a stored event began goes on under its id', async () => {
  await world.conversation.accept(world.inbound('tara', { kind: 'text', text: 'request ledger auditor' }));
  await world.settle();
  expect(lines('act', { act: 'text' })).toHaveLength(1);
  const form = cardOf(await world.say('tara', 'request ledger auditor'));
  await world.submit('tara', form, {});
  await world.settle();
  const trace = lines('act', { act: 'submit' })[0]?.['trace'] as string;
  expect(lines('connector called', { trace, call: 'give' })).toHaveLength(1);

  // Eight hours later a job ends it: the taking and its message share an id of their own.
  await world.pass(9 * 60 * 60_000);
  const [taken] = lines('connector called', { call: 'take', outcome: 'done' });
  expect(taken?.['trace']).toMatch(/^[0-9a-f]{16}$/);
  expect(taken?.['trace']).not.toBe(trace);
  expect(lines('message sent', { notice: 'accessEnded', trace: taken?.['trace'] })).toHaveLength(1);
});

test('an event whose worker ended five times over is given up aloud, and not worked a sixth time', async () => {
  const event = world.inbound('tara', { kind: 'text', text: 'help' }, 'poison');
  await world.sql(
    `insert into inbound (platform, delivery, body_hash, payload, state, attempts, lost, next_at, received_at, lease, lease_until)
     select 'web', delivery, 'x', $1, 'leased', attempts, lost, usher_now(), usher_now(), gen_random_uuid(), usher_now() - interval '1 s'
     from (values ('poison', 1, 4), ('unlucky', 5, 3)) as e (delivery, attempts, lost)`,
    [JSON.stringify(event)],
  );
  await world.incoming.settle();
  expect(await world.sql('select delivery, state, error, attempts, lost from inbound order by delivery')).toEqual([
    { delivery: 'poison', state: 'dead', error: 'lost', attempts: 0, lost: 5 },
    { delivery: 'unlucky', state: 'done', error: null, attempts: 5, lost: 4 },
  ]);
  expect(lines('stored event given up: its worker ended each time without a word')).toEqual([
    expect.objectContaining({ level: 'error', trace: traceOf(event), lost: 5, code: 'lost' }),
  ]);
});
