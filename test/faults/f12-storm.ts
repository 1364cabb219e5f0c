// A platform refuses nine calls of ten, and says for how long in every way that HTTP knows, or not at all. Time is moved by hand: to a
// moment before the earliest instant at which anybody may call, where nothing must come, and then past it.
import { setTimeout as pause } from 'node:timers/promises';
import { wordsOf } from '../support/slack-server';
import { wordsOf as teamsWords } from '../support/teams-client';
import type { Fault } from './fault';
import { diceOf } from './people';
import { askFor, install, keyIn, names, openStreet, quiet, slackId, town, until, type WholeReplica } from './whole';

/** A try that nobody limits waits at most this long (jobs/deliver.ts). */
const CAP_MS = 15 * 60_000;
const METHODS = new Set(['chat.postMessage', 'chat.update', 'conversations.open', 'conversations.history']);

export const f12: Fault = {
  id: 'F12',
  name: 'nine calls of ten are refused for being too many: nobody calls before the time, others are not held up, and all arrives',
  short: 'test/jobs/gate.test.ts and test/journeys/crossing.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const people = { slack: names('S', full ? 10 : 3), teams: names('T', 4) };
    const approvers = [...people.slack, ...people.teams.slice(1)];
    const street = await openStreet(
      // Approvers of both platforms, by their keys.
      (slack, teams) =>
        town(people, [{ name: 'Ledger', approvers: approvers.map((name) => keyIn(teams, name)) }])(slack, teams),
      people,
    );
    const { slack, teams } = street;
    try {
      const replicas = [street.start({ LOG_LEVEL: 'debug' }), street.start({ LOG_LEVEL: 'debug' })];
      await Promise.all(replicas.map(({ ready }) => ready));
      const [first] = replicas;
      if (!first) throw new Error('nobody');
      street.lead(first);
      await install(street, people.teams);
      await street.idle();

      const offset = async (): Promise<number> => {
        const [row] = await street.sql<{ ms: number }>('select clock_offset_ms::float8 as ms from organization');
        return row?.ms ?? 0;
      };
      let ahead = await offset();
      /** Before this nobody who was not on the way already may call; by the clock of the database. */
      let strict = 0;
      let named = 0;
      const early: unknown[] = [];
      const refused: string[] = [];
      let left = full ? 60 : 12;
      slack.weather = (method) => {
        if (!METHODS.has(method)) return null;
        const now = Date.now() + ahead;
        if (now < strict) early.push([method, strict - now]);
        if (left <= 0 || dice.below(10) === 0) return null;
        left -= 1;
        const seconds = 1 + dice.below(120);
        const kind = dice.pick(['seconds', 'date', 'absent', 'negative'] as const);
        refused.push(kind);
        const date = new Date(Date.now() + seconds * 1_000).toUTCString();
        if (kind === 'seconds') named = Math.max(named, now + seconds * 1_000);
        if (kind === 'date') named = Math.max(named, Date.parse(date) + ahead);
        return {
          status: 429,
          ...(kind === 'absent'
            ? {}
            : { retryAfter: kind === 'seconds' ? seconds : kind === 'date' ? date : -seconds }),
        };
      };

      await askFor(street, keyIn(teams, 'T001'), 'Ledger');
      // The other platform is told at once, whatever the first one says.
      for (const name of people.teams.slice(1))
        await until(`${name} is asked in Teams`, () =>
          teams
            .messagesOf(teams.person(`${name} Teams`))
            .some(({ card }) => teamsWords(card).includes('asks for Ledger')),
        );
      const asked = (): number =>
        people.slack.filter((name) =>
          slack.messagesOf(slackId(name)).some((one) => wordsOf(one).includes('asks for Ledger')),
        ).length;
      for (let round = 0; asked() < people.slack.length; round += 1) {
        if (round > 400) throw new Error(`${asked()} of ${people.slack.length} were told`);
        await quiet(street);
        strict = named;
        const [next] = await street.sql<{ at: Date | null; now: Date; waits: number[] | null }>(
          `select greatest(min(next_at), (select max(not_before) from gates where target like 'slack:%')) as at, usher_now() as now,
             array_agg(extract(epoch from next_at - usher_now())::float8) as waits
           from outgoing where state = 'ready' and kind = 'tell'`,
        );
        for (const wait of next?.waits ?? []) expect(wait * 1_000).toBeLessThanOrEqual(CAP_MS);
        const wait = (next?.at?.getTime() ?? 0) - (next?.now.getTime() ?? 0);
        const move = async (ms: number): Promise<void> => {
          if (ms <= 0) return;
          await street.forward(ms);
          ahead = await offset();
        };
        if (wait > 2_500) {
          await move(wait - 2_000);
          await pause(500); // whoever calls too early calls now
        }
        await move(Math.min(wait, 2_000));
        await pause(200);
      }
      expect(early).toEqual([]);
      expect(new Set(refused).size).toBeGreaterThan(2);
      expectJitter(
        replicas,
        refused.filter((kind) => kind === 'absent' || kind === 'negative'),
      );
      slack.weather = null;
      const cards = people.slack.map(
        (name) => slack.messagesOf(slackId(name)).filter((one) => wordsOf(one).includes('asks for Ledger')).length,
      );
      expect(cards).toEqual(people.slack.map(() => 1));
      expect(await street.sql(`select id, error from outgoing where state = 'dead'`)).toEqual([]);
    } finally {
      await street.close();
    }
  },
};

/**
 * Who is refused without a time waits for a part of what that try waits at most, and each for another: only what is named, or has no
 * dice in it, is whole seconds.
 */
function expectJitter(replicas: readonly WholeReplica[], unnamed: readonly string[]): void {
  const shares = replicas
    .flatMap(({ lines }) => lines)
    .filter(
      ({ msg, code, wait }) =>
        msg === 'outgoing row waits' && code !== 'gate' && code !== 'rate' && Number(wait) % 1_000 !== 0,
    )
    .map(({ wait, attempts }) => Number(wait) / Math.min(CAP_MS, 1_000 * 2 ** Number(attempts)));
  expect(shares.length).toBeGreaterThan(unnamed.length / 2);
  expect(Math.max(0, ...shares)).toBeLessThanOrEqual(1);
  // A wait ends early where another place of its person begins to count.
  expect(shares.filter((share) => share >= 0.5).length).toBeGreaterThan(shares.length / 2);
  expect(new Set(shares).size).toBeGreaterThan(shares.length / 2);
}
