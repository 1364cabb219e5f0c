// The last day, of a policy or as it was asked for, is over: nothing is offered by it, nobody is invited to ask, and nobody decides in vain.
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let world: World;
/** The last day that the policy of "Year end" fixes. */
let last: string;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
  last = await inDays(3);
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Year end
        roles: [Ledger / Reader]
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 14 days }], expires: ${last}, reason: optional, onBehalf: true }
`);
});

const inDays = async (days: number) => {
  const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
  return new Date((clock?.now.getTime() ?? 0) + days * DAY).toISOString().slice(0, 10);
};
/** Milliseconds until that day is over in Berlin. */
async function untilOver(): Promise<number> {
  const [wait] = await world.sql<{ ms: number }>(
    `select (extract(epoch from ($1::date + 1)::timestamp at time zone 'Europe/Berlin' - usher_now()) * 1000)::float8 as ms`,
    [last],
  );
  return wait?.ms ?? 0;
}
function latest(user: string) {
  const found = world.messagesTo(user).at(-1);
  if (!found) throw new Error(`${user} heard nothing`);
  return found;
}
async function ask(user: string, name: string, values: Record<string, string> = {}) {
  const sent = await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
  await world.settle();
  return sent;
}
const said = async (user: string, words: string) => {
  const reply = await world.say(user, words);
  return reply.kind === 'card' && reply.card.name !== 'suggestions' ? textOf(reply.card) : sentenceOf(reply);
};
const titles = (card: Parameters<typeof buttons>[0]) => [...buttons(card).keys()];
const search = async (user: string) =>
  sentenceOf(
    await world.conversation.handle(
      world.inbound(user, { kind: 'search', search: 'packages', draft: null, query: 'year' }),
    ),
  );
const states = () => world.sql('select number::integer, state, detail from requests order by requests.number');
const OVER = /^Year end is given until \w+ \d+ \w+ \d+ at the latest, and that is over\./u;

test('nor does one of a catalog that is open to others', async () => {
  await world.configure('catalogs: [{ name: Finance, external: true }]');
  expect(await search('tom')).toContain('Year end');
  await world.pass(5 * DAY);
  expect(await search('tom')).not.toContain('Year end');
  const reply = await world.say('tom', 'package year end');
  expect(reply.kind === 'card' && titles(reply.card)).not.toContain('Request access');
});

test('a zone that the database does not know keeps nobody from asking, nor anything from being closed', async () => {
  await world.configure('people: [{ key: tom, name: Tom Berg, timeZone: AET }]');
  await ask('tom', 'year end');
  await world.pass(5 * DAY);
  await world.settle();
  expect(await states()).toMatchObject([{ state: 'denied', detail: 'gateClosed' }]);
  expect(await search('tom')).not.toContain('Year end');
  expect((await world.say('tom', 'request ledger reader')).kind).toBe('form');
});

test('what a newer release refused by is drawn without its sentence', async () => {
  await ask('tom', 'year end');
  await world.pass(5 * DAY);
  await world.settle();
  await world.sql(`update requests set refusal = '{"code": "of-tomorrow", "data": {}}', version = version + 1`);
  expect(await said('tom', 'R-1001')).toContain('R-1001');
  expect(await said('tom', 'R-1001')).not.toContain('at the latest');
});

test('of two policies the strictest one decides whether the last day is over, and the package is listed once', async () => {
  const two = (narrow: string, wide: string) => `
        roles: [Ledger / Reader]
        policies:
          - { name: Contractors, who: { group: Contractors }, expires: ${narrow} }
          - { name: Everybody, who: allMembers, expires: ${wide} }`;
  await world.configure(`groups: [{ name: Contractors, people: [tara] }]
catalogs:
  - name: Finance
    packages:
      - name: Year one${two(last, '9 days')}
      - name: Year two${two('9 days', last)}
`);
  await world.pass(5 * DAY);
  expect([await search('tara'), await search('tom')]).toEqual(['Year two', 'Year one']);
});

test('a policy whose last day is over offers nothing, and says why and whom to ask', async () => {
  expect(await search('tom')).toContain('Year end');
  await world.pass(5 * DAY);
  expect(await search('tom')).not.toContain('Year end');
  for (const [user, words] of [
    ['tom', 'request year end'],
    ['max', 'request year end for tom berg'],
    ['olga', 'assign tom berg to year end'],
  ] as const)
    expect(await said(user, words)).toMatch(OVER);
  expect(await said('tom', 'request year end')).toContain('Ask its owners if it is needed again.');
  expect(await said('olga', 'request year end')).toContain('To give it for longer, change its policy.');
  const card = cardOf(await world.say('tom', 'package year end'));
  expect(titles(card)).not.toContain('Request access');
  expect(await states()).toEqual([]);
});

test('a form that was open then is refused as the command is', async () => {
  await world.pass((await untilOver()) - HOUR);
  const form = cardOf(await world.say('tom', 'request year end'));
  await world.pass(2 * HOUR);
  expect(sentenceOf(await world.submit('tom', form, {}))).toMatch(OVER);
});

test('whoever had access by it is not invited to ask for it again', async () => {
  await ask('tara', 'year end');
  await world.press('ana', latest('ana').card, 'Approve');
  await world.pass(2 * DAY + DAY / 2);
  const reminder = world.messagesTo('tara').find((one) => textOf(one.card).includes('Year end ends soon'));
  expect(reminder && textOf(reminder.card)).toMatch(/ask (the|its) owners/iu);
  expect(reminder && textOf(reminder.card)).not.toContain('you can ask');
  await world.pass(5 * DAY);
  expect(textOf(latest('tara').card)).toContain('Your access to Year end has ended');
  expect(titles(latest('tara').card)).not.toContain('Ask again');
  for (const words of ['my access', 'R-1001']) {
    const reply = cardOf(await world.say('tara', words));
    expect(titles(reply)).not.toContain('Ask again');
  }
  expect(await said('tara', 'my access')).toContain('ask its owners');
  expect(await said('tara', 'ask again R-1001')).toMatch(OVER);
});

test('what waits for a decision when the last day of its policy is over is closed, and everybody hears', async () => {
  await ask('tom', 'year end');
  const asked = latest('ana');
  await world.pass(2 * DAY);
  expect(titles(asked.card)).toContain('Approve');
  await world.pass(3 * DAY);
  expect(await states()).toEqual([{ number: 1001, state: 'denied', detail: 'gateClosed' }]);
  expect(titles(asked.card)).not.toContain('Approve');
  expect(textOf(asked.card)).toContain('This was closed before anybody decided.');
  expect(textOf(latest('tom').card)).toMatch(
    /Year end is given until .* and that is over\.\nYou cannot ask for .* ask /u,
  );
  expect(titles(latest('tom').card)).not.toContain('Ask again');
});

test('so is what was asked for until a day that is over; that may be asked for again', async () => {
  await world.configure(`catalogs:
  - name: Finance
    packages:
      - name: Ledger reader
        policies: [{ name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 14 days }], expires: 30 days }]
`);
  await ask('tom', 'ledger reader', { reason: 'x', end: await inDays(2) });
  await ask('tara', 'ledger reader', { reason: 'x', end: await inDays(9) });
  const asked = world.messagesTo('ana').find((one) => textOf(one.card).includes('Tom Berg asks'));
  await world.pass(4 * DAY);
  expect(await states()).toEqual([
    { number: 1001, state: 'denied', detail: 'gateClosed' },
    { number: 1002, state: 'pendingApproval', detail: null },
  ]);
  expect(asked && titles(asked.card)).not.toContain('Approve');
  const told = latest('tom').card;
  expect(textOf(told)).toMatch(
    /Ledger reader was to last until .*, and that is over\.\nYou can ask again with one tap\./u,
  );
  expect(titles(told)).toContain('Ask again');
});

test('whoever decides before the job does hears that, and decides nothing', async () => {
  await ask('tom', 'year end');
  await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [5 * DAY]);
  const reply = await world.press('ana', latest('ana').card, 'Approve');
  expect(sentenceOf(reply)).toContain('the last day that it could give was over before it was decided.');
  expect(await world.sql('select 1 from decisions')).toEqual([]);
  expect(await states()).toEqual([{ number: 1001, state: 'denied', detail: 'gateClosed' }]);
});

test('where its person moved east the day is over sooner, and where they moved west later', async () => {
  await ask('tom', 'year end');
  await ask('tara', 'year end');
  await world.configure(`people:
  - { key: tom, name: Tom Berg, timeZone: Pacific/Auckland }
  - { key: tara, name: Tara Lind, timeZone: Pacific/Honolulu }
`);
  await world.pass((await untilOver()) - 60_000);
  expect(await states()).toMatchObject([{ state: 'denied' }, { state: 'pendingApproval' }]);
  await world.pass(5 * HOUR);
  expect(await states()).toMatchObject([{ state: 'denied' }, { state: 'pendingApproval' }]);
  await world.pass(8 * HOUR);
  expect(await states()).toMatchObject([{ state: 'denied' }, { state: 'denied' }]);
});
