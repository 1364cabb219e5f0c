// Peers that are slow in every way: platforms that take a call and never answer, answer a byte a second, without an end, or send on in
// circles; and callers who never end what they say. Whoever is not slow is served meanwhile.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { wordsOf } from '../support/slack-server';
import type { Failure } from '../support/slack-api';
import { wordsOf as teamsWords } from '../support/teams-client';
import type { Fault } from './fault';
import { diceOf } from './people';
import { askFor, install, keyIn, names, onward, openStreet, slackId, town, until, type WholeReplica } from './whole';

/** A call may take 10 s; what the machine adds is the machine's. */
const CALL_MS = 10_000;
/** A request may take 20 s, its head 10 s. */
const REQUEST_MS = 20_000;
const MACHINE_MS = 10_000;
/** Bodies are cut at 4 MB; a replica that swallows 500 MB is far beyond this. */
const MOST_MEMORY = 500;

const MODES = [
  { hang: true },
  { endless: 'drip' },
  { endless: 'body' },
  { endless: 'redirect' },
] as const satisfies readonly Failure[];

export const f13: Fault = {
  id: 'F13',
  name: 'peers that never answer, drip, flood or send in circles are cut off in time, and hold up nobody else',
  short: 'test/channels and test/http.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const people = { slack: names('S', full ? 60 : 45), teams: names('T', 4) };
    const modes = full ? dice.shuffle(MODES) : [dice.pick(MODES)];
    const approvers = [...people.slack, ...people.teams.slice(1)];
    const street = await openStreet(
      (slack, teams) =>
        town(
          people,
          modes.map((_, n) => ({ name: `Ledger ${n}`, approvers: approvers.map((name) => keyIn(teams, name)) })),
        )(slack, teams),
      people,
    );
    const { slack, teams } = street;
    try {
      const replica = street.start();
      await replica.ready;
      street.lead(replica);
      await install(street, people.teams);
      await street.idle();
      for (const [n, mode] of modes.entries()) {
        const name = `Ledger ${n}`;
        let met = 0;
        const failed = (): number =>
          replica.lines.filter(({ msg, platform }) => msg === 'message sent' && platform === 'slack').length;
        const sentBefore = failed();
        slack.weather = (method) => {
          if (method !== 'chat.postMessage') return null;
          met += 1;
          return mode;
        };
        const held = slack.held.length;
        await askFor(street, keyIn(teams, 'T001'), name);
        await until('the slow platform is called', () => met > 0);
        const slow = [slowCaller(replica, 'slack/events'), slowCaller(replica, 'api/messages'), flood(replica)];
        for (const one of people.teams.slice(1))
          await until(`${one} is asked in Teams`, () =>
            teams
              .messagesOf(teams.person(`${one} Teams`))
              .some(({ card }) => teamsWords(card).includes(`asks for ${name}`)),
          );
        // Not after the first of them was cut off, but while they hang.
        if ('hang' in mode) expect(slack.held.slice(held).filter(({ ms }) => ms !== null)).toEqual([]);
        const shown = await slack.command(slackId('S001'), 'help');
        expect(shown.status).toBe(200);
        expect((await replica.get('/healthz')).status).toBe(200);
        expect(memory(replica)).toBeLessThan(MOST_MEMORY);
        await until(
          'slow calls are cut off',
          () => slack.held.slice(held).length === 0 || slack.held.slice(held).every(({ ms }) => ms !== null),
        );
        const long = slack.held.slice(held).filter(({ ms }) => (ms ?? 0) > CALL_MS + MACHINE_MS);
        expect(long).toEqual([]);
        for (const took of await Promise.all(slow)) expect(took).toBeLessThan(REQUEST_MS + MACHINE_MS);
        expect(memory(replica)).toBeLessThan(MOST_MEMORY);
        expect(failed()).toBe(sentBefore);

        slack.weather = null;
        await until(
          `everybody is asked about ${name}`,
          async () => {
            await onward(street);
            return people.slack.every((one) =>
              slack.messagesOf(slackId(one)).some((message) => wordsOf(message).includes(`asks for ${name}`)),
            );
          },
          300_000,
        );
        const copies = people.slack.map(
          (one) =>
            slack.messagesOf(slackId(one)).filter((message) => wordsOf(message).includes(`asks for ${name}`)).length,
        );
        expect(copies).toEqual(people.slack.map(() => 1));
      }
      expect(replica.isAlive).toBe(true);
    } finally {
      await street.close();
    }
  },
};

function memory(replica: WholeReplica): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${replica.pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1_024;
}

/** Says a request one byte a second; how long it is listened to. */
async function slowCaller(to: WholeReplica, path: string): Promise<number> {
  const from = performance.now();
  const { hostname, port } = new URL(to.endpoint);
  return await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`,
      );
    });
    const drip = setInterval(() => socket.write(' '), 1_000);
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      clearInterval(drip);
      resolve(performance.now() - from);
    });
  });
}

/** Sends half a gigabyte as fast as it is taken; how long that lasts. */
async function flood(to: WholeReplica): Promise<number> {
  const from = performance.now();
  const { hostname, port } = new URL(to.endpoint);
  const part = Buffer.alloc(1024 * 1024, ' ');
  return await new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      let left = 500;
      const more = (): void => {
        while (left > 0 && !socket.destroyed) {
          left -= 1;
          socket.write('100000\r\n');
          if (!socket.write(part)) {
            socket.once('drain', more);
            socket.write('\r\n');
            return;
          }
          socket.write('\r\n');
        }
      };
      more();
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => {
      resolve(performance.now() - from);
    });
  });
}
