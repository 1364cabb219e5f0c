// What a Slack workspace hears, by the clock that it shares with the database, where more is to be said than it takes.
import { join } from 'node:path';
import { createSlackChannel } from '../../src/channels/slack/bot';
import { loadCards } from '../../src/chat/cards';
import type { Channel } from '../../src/chat/channel';
import type { Act, Reply } from '../../src/chat/inbound';
import { PREVIEW } from '../../src/chat/verb';
import type { CardId } from '../../src/domain/model';
import { connectors } from '../../src/connectors';
import { delivering } from '../../src/jobs/deliver';
import { answersIn, createGates, LOOK_UPS, paceOf, postsOf } from '../../src/jobs/gate';
import { receiving } from '../../src/jobs/receive';
import { startHttp, type HttpServer } from '../../src/http';
import { until } from '../channels/slack/world';
import { SlackServer, wordsOf, type SlackMessage } from '../support/slack-server';
import { aWorld, cardOf, SMALL } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const APPROVERS = ['ana', 'ben', 'cas', 'max', 'olga', 'ada'];
const IN_SLACK = SMALL.replace(/web, tenant: demo, user: /g, 'slack, tenant: T0HOME, user: U0')
  .replace('web, tenant: demo, guestsAllowed: true', 'slack, tenant: T0HOME')
  .replace('approvers: ana, decideWithin: 3 days', `approvers: [${APPROVERS.join(', ')}], decideWithin: 3 days`);
/** The clock stands still until it is moved, so that no slow machine changes what a window holds. */
const STANDING = `begin
  return timestamptz '2026-03-02 09:00Z' + (select clock_offset_ms from organization) * interval '1 millisecond';
end`;
const tells = (body: string): string =>
  `create or replace function usher_now() returns timestamptz language plpgsql stable as '${body.replaceAll("'", "''")}'`;

let world: World;
let slack: SlackServer;
let channel: ReturnType<typeof createSlackChannel>;
let http: HttpServer;
let gates: ReturnType<typeof createGates>;
let work: ReturnType<typeof delivering>;
/** What answers typed words. */
let hearing: ReturnType<typeof receiving>;
/** So many of its answers stand in a line, or stood in one. */
let answering = 0;
/** Whose turn it was, one after the other. */
let turns: string[] = [];
/** What told the time before. */
let running: string;
let now = 0;
/** Every call, and when it came. */
let heard: { readonly method: string; readonly to: string; readonly at: number; readonly refused: boolean }[];
/** The edit after so many more is refused. */
let refuseAfter: number | null;
/** The next new message is. */
let refusePost: boolean;
let meanwhile: (() => Promise<unknown>) | null;

beforeEach(async () => {
  world = await aWorld(IN_SLACK);
  const [was] = await world.sql<{ body: string }>(`select prosrc as body from pg_proc where proname = 'usher_now'`);
  running = was?.body ?? '';
  await world.sql(tells(STANDING));
  slack = new SlackServer();
  await slack.start();
  slack.addUser({ id: slack.bot, flags: { is_bot: true } });
  for (const user of ['tara', 'tom', ...APPROVERS]) slack.addUser({ id: `U0${user}` });
  channel = createSlackChannel({
    signingSecret: slack.signingSecret,
    botToken: slack.botToken,
    appToken: null,
    teamId: slack.team,
    apiUrl: slack.url,
    clock: slack.now,
    pace: answersIn({ platform: 'slack', tenant: slack.team }, world.outbox, pause),
    // A busy machine is slow.
    ackAfterMs: MINUTE,
    deadlineMs: MINUTE,
    log: world.log,
  });
  await channel.start(world.conversation);
  const { routes } = channel;
  http = await startHttp({ host: '127.0.0.1', port: 0, routes, ready: () => Promise.resolve([]), log: world.log });
  slack.connect(`http://127.0.0.1:${http.port}/slack/events`);
  [now, heard, refuseAfter, refusePost, meanwhile] = [0, [], null, false, null];
  slack.weather = (method) => {
    const isEdit = method === 'chat.update';
    const refused = isEdit ? refuseAfter === 0 : method === 'chat.postMessage' && refusePost;
    if (isEdit && refuseAfter !== null) refuseAfter -= 1;
    if (method === 'chat.postMessage') refusePost = false;
    heard.push({ method, to: String(slack.calls.at(-1)?.args['channel']), at: now, refused });
    return refused ? { status: 429, retryAfter: 30 } : null;
  };
  // One row after the other, so nothing is on its way while the clock is moved; and each change is shown before the next one comes.
  const outbox: typeof world.outbox = {
    ...world.outbox,
    claim: async (_most, leaseMs) => {
      const [redraw] = await world.outbox.claim(1, leaseMs, ['redraw']);
      return redraw === undefined ? world.outbox.claim(1, leaseMs) : [redraw];
    },
  };
  gates = createGates({ outbox, pause, clock: () => now });
  const { conversation, received, log } = world;
  const channels = new Map<string, Channel>([
    ['slack', channel],
    ['web', world.mailbox],
  ]);
  const inbound: typeof received = { ...received, claim: (_most, leaseMs) => received.claim(1, leaseMs) };
  [answering, turns] = [0, []];
  const enter: typeof gates.enter = async (...turn) => {
    answering += 1;
    await gates.enter(...turn);
    turns.push('answer');
  };
  hearing = receiving({ desk: world.desk, inbound, gates: { ...gates, enter }, conversation, channels, log });
  work = delivering({
    desk: world.desk,
    outbox,
    gates,
    cards: world.cards,
    book: loadCards(join(__dirname, '../../cards')),
    channels,
    connectors: connectors({ localRoles: world.localRoles }),
    deadlineMs: MINUTE,
    log: world.log,
  });
  for (const user of ['tara', 'tom']) {
    const form = cardOf(await act(user, { kind: 'text', text: 'request ledger reader' }));
    const [send] = form.actions;
    if (send?.type !== 'Action.Execute') throw new Error('not a form');
    const { verb, data } = send;
    await act(user, { kind: 'submit', verb, draft: form.draft, data, values: { reason: 'month end' } });
  }
  await allOut();
});
afterEach(async () => {
  await channel.stop();
  await http.stop();
  await slack.stop();
  await world.sql(tells(running));
});

function act(user: string, one: Act): Promise<Reply> {
  const inbound = world.inbound(`U0${user}`, one);
  const surface = { ...inbound.surface, conversation: null };
  return world.conversation.handle({ ...inbound, platform: 'slack', tenant: slack.team, surface });
}
async function later(ms: number): Promise<void> {
  now += ms;
  slack.advance(ms);
  await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
}
/** Whoever waits at a gate: time goes by, and meanwhile this happens. */
async function pause(ms: number): Promise<void> {
  await later(ms);
  const happens = meanwhile;
  meanwhile = null;
  await happens?.();
}
/** All that is due. */
async function due(of = work): Promise<void> {
  while ((await of.round()) > 0) await of.rest();
}
/** All that waits, each when it is its turn. */
async function allOut(of = work): Promise<void> {
  for (;;) {
    await due(of);
    const next = await of.nextAt();
    if (next === null) return;
    await later(Math.max(1, next.getTime() - (await world.desk.views.now()).getTime()));
  }
}
/** Every message about these requests is out of date, as after a change that all of them show. */
async function outdate(numbers: readonly string[] = ['R-1001', 'R-1002']): Promise<void> {
  const these = `select id from requests where 'R-' || number = any ($1)`;
  await world.sql(`update cards set hash = 'of before' where request_id in (${these})`, [numbers]);
  await world.sql(
    `insert into outgoing (kind, subject_kind, subject_id, request_id, lane, next_at, dedupe_key, created_at)
     select 'redraw', 'request', id, id, 'redraw:request:' || id, usher_now(), gen_random_uuid(), usher_now() from (${these}) r`,
    [numbers],
  );
}
const versions = () => world.sql('select id, xmin::text as version from cards order by id');
const edits = () => heard.filter(({ method }) => method === 'chat.update');
const asked = (user: string, whose: string): SlackMessage => {
  const found = slack.messagesOf(`U0${user}`).find((one) => wordsOf(one).includes(`${whose} asks for`));
  if (found === undefined) throw new Error(`${user} was not asked for ${whose}`);
  return found;
};
/** The most instants that any window of this length holds. */
const fullest = (instants: readonly number[], inMs: number): number =>
  Math.max(...instants.map((from) => instants.filter((at) => at >= from && at < from + inMs).length));

test('row 20: no minute holds more than 50 edits, no second two messages of one person, and a named time is kept to by everything', async () => {
  refuseAfter = 25;
  for (let times = 0; times < 5; times += 1) {
    await outdate();
    await allOut();
  }
  expect(edits().length).toBeGreaterThan(70);
  expect(
    fullest(
      edits().map(({ at }) => at),
      MINUTE,
    ),
  ).toBeLessThanOrEqual(50);
  const [first, last] = [edits()[0]?.at ?? 0, edits().at(-1)?.at ?? 0];
  expect(last - first).toBeLessThan(30_000 + (edits().length / 20) * MINUTE);

  const n = heard.findIndex(({ refused }) => refused);
  const refused = heard[n]?.at ?? 0;
  expect(heard.filter(({ refused: is }) => is)).toHaveLength(1);
  expect(heard[n + 1]?.at).toBeGreaterThanOrEqual(refused + 30_000);
  expect(heard[n + 1]?.at).toBeLessThan(refused + 40_000);

  // Twelve messages to six people, and what they were told beside them.
  const posts = heard.filter(({ method }) => method === 'chat.postMessage');
  expect(posts.length).toBeGreaterThanOrEqual(12);
  for (const to of new Set(posts.map((post) => post.to)))
    expect(
      fullest(
        posts.filter((post) => post.to === to).map(({ at }) => at),
        1_000,
      ),
    ).toBe(1);
});

test('whoever presses sees what comes of it at once also where the copies of others wait, and each of those changes once', async () => {
  await outdate(['R-1002']);
  await due();
  const before = { now, edits: edits().length };
  await outdate(['R-1001']);
  const asTheyWere = await versions();
  await due();
  expect([now, edits().length]).toEqual([before.now, before.edits]);
  // An answer that is on its way meanwhile finds the message as it read it.
  expect(await versions()).toEqual(asTheyWere);

  const waiting = ['ben', 'cas', 'max', 'olga', 'ada'].map((user) => asked(user, 'Tara Lind'));
  const were = waiting.map((copy) => copy.edits);
  await act('ana', { kind: 'text', text: 'approve R-1001' });
  await due();
  expect(wordsOf(asked('ana', 'Tara Lind'))).toContain('Access given');
  expect(waiting.map((copy) => copy.edits)).toEqual(were);
  expect(now - before.now).toBeLessThan(2_000);

  await allOut();
  for (const copy of waiting) {
    expect(wordsOf(copy)).toContain('Ana Ruiz approved');
    expect(wordsOf(copy)).not.toContain('Deny');
  }
  expect(waiting.map((copy, n) => copy.edits - (were[n] ?? 0))).toEqual([1, 1, 1, 1, 1]);
});

test('what changes while an edit waits for its turn is shown by that edit, and what is taken back meanwhile stays so', async () => {
  await outdate(['R-1001']);
  await due();
  await later(8_500);
  const copies = APPROVERS.map((user) => asked(user, 'Tom Berg'));
  const were = copies.map((copy) => copy.edits);
  await outdate(['R-1002']);
  const [cas = { id: '' as CardId }] = await world.sql<{ id: CardId }>(
    `select c.id from cards c join requests r on r.id = c.request_id where r.number = 1002 and c.user_id = 'U0cas'`,
  );
  meanwhile = async () => {
    // Taken back by another replica.
    await world.cards.failed(cas.id, 'not_theirs', true);
    return await act('ben', { kind: 'text', text: 'deny R-1002 because no' });
  };
  await allOut();
  expect(meanwhile).toBeNull();
  for (const [n, copy] of copies.entries()) {
    const isCas = APPROVERS[n] === 'cas';
    expect(/Ben Okoye denied|You denied/.test(wordsOf(copy))).toBe(!isCas);
    expect(copy.edits - (were[n] ?? 0)).toBe(isCas ? 0 : 1);
  }
});

test('copies that have to wait together take one turn of those of others, however many they are', async () => {
  await later(MINUTE);
  const { part, update } = paceOf('slack');
  const edit = `slack:${slack.team}:updates`;
  await world.outbox.enter(edit, update, 10);
  await outdate(['R-1001']);
  const were = edits().length;
  await due();
  expect(edits()).toHaveLength(were);
  expect((await world.outbox.enter(`${edit}:others`, part, 10)).granted).toBe(6);

  // What the copies of somebody who moved still ask is told where they are now, and waits for none of it.
  await world.configure(`
installations: [{ platform: web, tenant: demo }]
people: [{ key: ana, name: Ana Ruiz, identities: [{ platform: slack, tenant: T0HOME, user: U0gone }, { platform: web, tenant: demo, user: ana }] }]`);
  await world.sql(`update identities set person_id = null, state = 'unlinked' where user_id = 'U0gone'`);
  await due();
  expect(edits()).toHaveLength(were);
  expect(world.messagesTo('ana')).toHaveLength(2);
});

test('row 20: sixty clicks make no more edits than answers may, and each is answered in its place, which still follows', async () => {
  await later(MINUTE);
  const message = asked('ana', 'Tara Lind');
  const pressed = { ...message };
  const kept = () => slack.messagesOf('U0ana').filter(({ onlyFor }) => onlyFor === null);
  const before = { edits: edits().length, shown: message.edits, messages: kept().length };
  for (let n = 1; n <= 60; n += 1) {
    await slack.press('U0ana', pressed, 'Approve');
    await until(() => message.edits === before.shown + n);
    expect(wordsOf(message)).toContain('You approved this');
    if (n === 20) expect(edits().length - before.edits).toBe(5);
    if (n >= 20) await later(1_000);
  }
  const made = edits().slice(before.edits);
  expect(made.length).toBeGreaterThan(20);
  expect(
    fullest(
      made.map(({ at }) => at),
      MINUTE,
    ),
  ).toBeLessThanOrEqual(30);
  expect(kept()).toHaveLength(before.messages);
  await allOut();
  expect(wordsOf(message)).toContain('Access given');
});

test('row 20: the time that Slack names for the answer to a click is kept to by other answers and by the workers', async () => {
  await later(MINUTE);
  const message = asked('ana', 'Tara Lind');
  const pressed = { ...message };
  const were = message.edits;
  const since = heard.length;
  const answers = () => slack.callsOf('response_url');
  refuseAfter = 0;
  for (const n of [1, 2]) {
    await slack.press('U0ana', pressed, 'Approve');
    // In its place, and with a sentence beside it.
    await until(() => answers().length === 2 * n);
    expect(message.edits).toBe(were + n);
  }
  expect(wordsOf(message)).toContain('You approved');
  // What the address does not take either comes when the workspace takes calls again.
  slack.fail('response_url', { status: 500 });
  await slack.press('U0ana', pressed, 'Approve');
  await until(() => answers().length === 7);
  expect(await world.sql(`select state from inbound where delivery like '%:answer'`)).toEqual([{ state: 'stored' }]);
  const at = now;
  await due();
  const calls = () => heard.slice(since).filter(({ method }) => method.startsWith('chat.'));
  expect(calls()).toMatchObject([{ method: 'chat.update', refused: true }]);
  await allOut();
  expect(calls().length).toBeGreaterThan(1);
  for (const call of calls().slice(1)) expect(call.at).toBeGreaterThanOrEqual(at + 30_000);
  expect(wordsOf(message)).toContain('Access given');
});

test('row 20: whoever is quicker than their conversation takes is answered, and stops nobody else', async () => {
  await later(MINUTE);
  const message = asked('ana', 'Tara Lind');
  const posts = () =>
    heard.filter(({ method, at, to }) => method === 'chat.postMessage' && at >= from && to === message.channel);
  const shown = () => slack.messagesOf('U0ana').length;
  const from = now;
  const press = async (): Promise<void> => {
    const before = shown();
    await slack.press('U0ana', message, 'Details');
    await until(() => shown() > before);
  };
  // Each waits for the next message that the conversation takes, and no longer where another has its turn.
  for (let n = 0; n < 3; n += 1) await press();
  const ana = postsOf({ platform: 'slack', tenant: slack.team, user: 'U0ana' });
  meanwhile = () => world.outbox.enter(ana, paceOf('slack').post, 1);
  await press();
  expect(meanwhile).toBeNull();
  // Typed words take their turn as well.
  const type = () =>
    slack.event({ type: 'message', channel: message.channel, channel_type: 'im', user: 'U0ana', text: 'help' });
  for (let n = 0; n < 3; n += 1) await type();
  while ((await hearing.round()) > 0) await hearing.rest();
  expect(posts().map(({ at }) => at - from)).toEqual([0, 1_030, 2_060, 4_120, 5_150, 6_180]);
  // So they do where thirty messages wait for theirs, most of which were sent away.
  const { post } = paceOf('slack');
  meanwhile = async () => {
    const were = answering;
    await type();
    await hearing.round();
    await until(() => answering > were);
  };
  turns = [];
  const were = posts().length;
  const notices = Array.from({ length: 30 }, () => gates.enter(ana, post).then(() => turns.push('notice')));
  await Promise.allSettled(notices);
  await hearing.rest();
  // By the clock it cannot be said: the notices' time goes by while she is answered.
  expect([turns[0], posts().length - were]).toEqual(['answer', 1]);

  // A link that she posted somewhere takes none of those turns, but one of its own.
  await later(2_000);
  const link = async () => {
    const linked = world.inbound('U0ana', { kind: 'press', verb: PREVIEW, data: { codes: ['none'] }, card: null });
    const { bodyHash, delivery: key } = linked;
    const stored = { ...linked, platform: 'slack', tenant: slack.team };
    await world.received.store({ platform: 'slack', key, bodyHash }, stored);
    while ((await hearing.round()) > 0) await hearing.rest();
    return world.sql('select state from inbound where delivery = $1', [key]);
  };
  expect(await link()).toEqual([{ state: 'done' }]);
  expect((await world.outbox.enter(ana, post, 1)).granted).toBe(1);
  expect((await world.outbox.enter(`slack:${slack.team}:previews`, LOOK_UPS, 10)).granted).toBe(9);
  // One for which there is no room soon gets no card later either.
  const before = now;
  expect(await link()).toEqual([{ state: 'done' }]);
  expect(now).toBe(before);

  // What Slack refuses all the same it refuses to her alone.
  await later(2_000);
  refusePost = true;
  await press();
  expect(posts().at(-1)).toMatchObject({ refused: true });
  const at = now;
  await act('tom', { kind: 'text', text: 'cancel R-1002' });
  await due();
  expect(edits().filter((edit) => edit.at === at).length).toBeGreaterThan(0);
  expect(await world.outbox.held(`slack:${slack.team}`)).toBe(0);
  await press();
  expect(posts().filter((post) => post.at >= at)).toHaveLength(1);
  // A workspace that wants no calls for a while gets no card beside a link afterwards.
  await world.outbox.hold(`slack:${slack.team}`, MINUTE);
  expect(await link()).toEqual([{ state: 'done' }]);
});

test('row 20: answers that are kept, because their address is not to be reached, are counted as the edits that they become', async () => {
  await later(MINUTE);
  await slack.event({ type: 'message', channel: 'D0U0ana', channel_type: 'im', user: 'U0ana', text: 'help' });
  while ((await hearing.round()) > 0) await hearing.rest();
  const help = slack.messagesOf('U0ana').at(-1);
  if (help === undefined) throw new Error('no help');
  const pressed = { ...help };
  const since = edits().length;
  slack.fail('response_url', { status: 500 }, 1_000);
  const kept = () => world.sql(`select 1 from inbound where delivery like '%:answer' and state <> 'done'`);
  for (let n = 1; n <= 14; n += 1) {
    await slack.press('U0ana', pressed, 'All commands');
    while (edits().length - since + (await kept()).length < n) await new Promise(setImmediate);
  }
  expect(edits().length - since).toBe(5);
  // By what their worker says of when the next one is due.
  await allOut(hearing);
  const made = edits().slice(since);
  expect(made).toHaveLength(14);
  expect(
    fullest(
      made.map(({ at }) => at),
      9_000,
    ),
  ).toBeLessThanOrEqual(10);
});
