// The database restarts, in order and then as if its plug were pulled, while people decide in two replicas: by clicks, and by messages
// that Slack sends again as long as they are not taken.
import { setTimeout as pause } from 'node:timers/promises';
import { asOwner } from '../support/cluster';
import { expectSound } from '../support/invariants';
import type { SlackMessage } from '../support/slack-api';
import type { Fault } from './fault';
import { diceOf, type Dice } from './people';
import { ownServer } from './server';
import { approvalCard, askFor, migrated, names, openStreet, slackId, town, until, type Street } from './whole';

const APPROVERS = names('A', 20);
/** What its person is told of a click that was taken and came to nothing, or perhaps to nothing. */
const UNDONE = /nothing was changed/i;
const UNSURE = /could not find out whether/;
/** After the server takes connections again. */
const RECOVERS_MS = 5_000;

interface Gap {
  readonly how: 'fast' | 'immediate';
  from: number;
  /** When it takes connections again. */
  to: number;
}
interface Said {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly taken: boolean;
}

export const f4: Fault = {
  id: 'F4',
  name: 'the database restarts under load: errors only meanwhile, what was not stored is sent again, nothing is half done',
  short: 'test/store/write.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const askers = names('S', full ? 60 : 30);
    const people = { slack: [...APPROVERS, ...askers], teams: [] };
    const server = await ownServer();
    await asOwner(server.url, 'create database street');
    const owner = server.url.replace('/postgres?', '/street?');
    await migrated(owner);
    // Nobody is asked about so much that the pace of a platform holds it up.
    const packages = APPROVERS.map((approver) => ({ name: `Pack ${approver}`, approvers: [approver] }));
    const street = await openStreet(town(people, packages), people, { owner });
    try {
      const replicas = [street.start(), street.start()];
      await Promise.all(replicas.map(({ ready }) => ready));
      const cards: { number: string; by: string; card: SlackMessage }[] = [];
      const asked: { number: string; by: string }[] = [];
      for (const [n, asker] of askers.entries())
        for (const k of [0, 1, 2]) {
          const by = APPROVERS[(3 * n + k) % APPROVERS.length] ?? '';
          asked.push({ number: await askFor(street, asker.toLowerCase(), `Pack ${by}`), by });
        }
      for (const one of asked) cards.push({ ...one, card: await approvalCard(street, one.by, one.number) });

      const said: Said[] = [];
      const gaps: Gap[] = [];
      let open = true;
      const deciding = inLanes(cards, 6, async ({ number, by, card }, n) => {
        await pause(dice.below(300));
        if (n % 2 === 0) await type(street, dice, said, by, `approve ${number}`);
        else await press(street, dice, said, by, number, card);
      });
      const listening = listen(street, said, () => open);
      for (const how of ['fast', 'immediate'] as const) {
        await pause(1_000 + dice.below(2_000));
        const gap: Gap = { how, from: performance.now(), to: Infinity };
        gaps.push(gap);
        await server.stop(how);
        const down = performance.now();
        await pause(1_500 + dice.below(1_500));
        const up = performance.now();
        await server.start();
        gap.to = performance.now();
        // In the gap itself nothing can be stored, so nothing that was said wholly inside it may count as taken.
        expect(said.filter(({ from, to, taken }) => from > down && to < up && taken)).toEqual([]);
        await recovered(street, gap);
      }
      await deciding;
      open = false;
      await listening;
      expect(gaps.map(({ how }) => how)).toEqual(['fast', 'immediate']);

      // Errors only while it was away.
      const outside = said.filter(
        ({ taken, from, to }) => !taken && !gaps.some((gap) => to >= gap.from && from <= gap.to + RECOVERS_MS),
      );
      expect(outside).toEqual([]);
      for (const what of full ? ['click', 'message'] : [''])
        expect(said.filter((one) => !one.taken && one.what.startsWith(what)).length).toBeGreaterThan(0);
      expect(replicas.map(({ isAlive }) => isAlive)).toEqual([true, true]);
      await until('every request is decided', async () => {
        const [row] = await street.sql<{ n: number }>('select count(*)::int as n from decisions');
        return row?.n === cards.length;
      });
      await until('every message is answered', async () => {
        const [row] = await street.sql<{ n: number }>(`select count(*)::int as n from inbound where state <> 'done'`);
        return row?.n === 0;
      });
      await expectSound((text, bind) => street.sql(text, bind), 'always');
      const twice = `select request_id from audit_events where type = 'decision.recorded' group by 1 having count(*) <> 1`;
      expect(await street.sql(twice)).toEqual([]);
    } finally {
      await street.close();
      await server.remove();
    }
  },
};

/** A message, sent again by Slack as long as it is not taken: the same one. */
async function type(street: Street, dice: Dice, said: Said[], by: string, text: string): Promise<void> {
  const { slack } = street;
  const id = `EvF4x${text.replace(/\W/g, '')}`;
  for (;;) {
    const from = performance.now();
    street.lead(dice.pick(street.replicas));
    const event = {
      type: 'message',
      channel: `D0${slackId(by)}`,
      channel_type: 'im',
      user: slackId(by),
      text,
      team: slack.team,
      ts: '1.1',
      event_ts: '1.1',
    };
    const { status } = await slack.event(event, { event_id: id, event_time: 1 });
    said.push({ what: `message ${text}`, from, to: performance.now(), taken: status === 200 });
    if (status === 200) return;
    // So that the platform sends it again.
    expect(status).toBeGreaterThanOrEqual(500);
    await pause(200);
  }
}

/** A click; pressed once more, as people do, when it failed or its person was told that it was not done. */
async function press(
  street: Street,
  dice: Dice,
  said: Said[],
  by: string,
  number: string,
  card: SlackMessage,
): Promise<void> {
  const { slack } = street;
  for (let tries = 0; tries < 100; tries += 1) {
    const from = performance.now();
    street.lead(dice.pick(street.replicas));
    const calls = slack.calls.length;
    const pressed = slack.press(slackId(by), card, 'Approve');
    const address = String(slack.deliveries.at(-1)?.body['response_url']).split('/').at(-1) ?? '';
    const { status } = await pressed;
    // Slack shows that it failed.
    if (status !== 200) expect(status).toBeGreaterThanOrEqual(500);
    const outcome = status === 200 ? await outcomeOf(street, number, calls, address) : 'not taken';
    expect(['done', 'undone', 'unsure', 'not taken']).toContain(outcome);
    const isDone = outcome === 'done';
    said.push({ what: `click ${number}`, from, to: performance.now(), taken: isDone });
    if (isDone) return;
    await pause(300);
  }
  throw new Error(`${number} cannot be decided`);
}

/** What became of a click that was taken: it is done, or its person is told at its own address, and that is true. */
function outcomeOf(street: Street, number: string, since: number, address: string): Promise<string> {
  const isDecided = async (): Promise<boolean> =>
    (
      await street.sql(
        `select 1 from decisions d join requests r on r.id = d.request_id where r.number = ${number.slice(2)}`,
      )
    ).length > 0;
  return until(`${number} is decided, or somebody is told that it is not`, async () => {
    const told = street.slack.calls
      .slice(since)
      .filter((call) => call.address === address)
      .map(({ args }) => JSON.stringify(args));
    if (told.some((one) => UNSURE.test(one))) return 'unsure';
    // Before, a click that was done may not be found; it throws as long as the database is away.
    const found = await isDecided();
    const undone = told.find((one) => UNDONE.test(one));
    if (undone === undefined) return found ? 'done' : null;
    return found ? `done, and told: ${undone}` : 'undone';
  });
}

/** A message of a person; how it is answered. */
async function help({ slack }: Street, user: string): Promise<number> {
  const event = { type: 'message', channel: `D0${user}`, channel_type: 'im', user, text: 'help', team: slack.team };
  return (await slack.event(event)).status;
}

/** Somebody who writes all the time. */
async function listen(street: Street, said: Said[], isOpen: () => boolean): Promise<void> {
  for (let n = 0; isOpen(); n += 1) {
    const from = performance.now();
    const to = street.replicas[n % street.replicas.length];
    if (to) street.lead(to);
    const user = slackId(`S0${String(10 + (n % 20))}`);
    const status = await help(street, user);
    said.push({ what: 'message help', from, to: performance.now(), taken: status === 200 });
    if (status !== 200) expect(status).toBeGreaterThanOrEqual(500);
    await pause(150);
  }
}

/** Each replica takes messages again in time, without being started anew. */
async function recovered(street: Street, gap: Gap): Promise<void> {
  for (const replica of street.replicas) {
    await until(`a replica takes messages after a restart (${gap.how})`, async () => {
      street.lead(replica);
      return (await help(street, slackId('S001'))) === 200;
    });
  }
  expect(performance.now() - gap.to).toBeLessThanOrEqual(RECOVERS_MS);
}

async function inLanes<T>(from: readonly T[], lanes: number, act: (one: T, n: number) => Promise<void>): Promise<void> {
  const left = from.map((one, n) => ({ one, n }));
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let next = left.shift(); next; next = left.shift()) await act(next.one, next.n);
    }),
  );
}
