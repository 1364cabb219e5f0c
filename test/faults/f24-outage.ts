// A platform is away for four hours, in every way in which one can be, while access comes to its end and more of it is to be reminded of.
import { wordsOf } from '../support/slack-server';
import type { Failure } from '../support/slack-api';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { give, sweep } from './holders';
import { diceOf } from './people';
import { names, onward, openStreet, quiet, slackId, town, until, type Street } from './whole';

const DAY = 86_400_000;
const MINUTE = 60_000;
const AWAY_MS = 4 * 60 * MINUTE;
/** Access ends so long after its end at the latest, by the clock of the database. */
const ENDS_WITHIN_MS = MINUTE;
const AWAY: readonly Failure[] = [
  { status: 503 },
  { status: 500, body: '<html>oops</html>' },
  { status: 429, retryAfter: 30 },
  { error: 'internal_error' },
  { error: 'service_unavailable' },
];
const REMINDED = names('Long ', 4);
const ENDED = names('Short ', 4);

export const f24: Fault = {
  id: 'F24',
  name: 'a platform is away for four hours: access ends when it must, and later each person hears of it once, of many things in one message',
  short: 'test/jobs/digest.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const people = { slack: names('S', full ? 60 : 4), teams: [] };
    const packages = [
      ...REMINDED.map((name) => ({ name, expires: '30 days' })),
      ...ENDED.map((name) => ({ name, expires: '16 days' })),
    ];
    const street = await openStreet(town(people, packages), people);
    const { slack } = street;
    try {
      const many = people.slack.filter((_, n) => n % 2 === 0);
      const few = people.slack.filter((_, n) => n % 2 === 1);
      const key = (name: string): string => name.toLowerCase();
      await give(street, many.map(key), [...REMINDED, ...ENDED]);
      await give(street, few.map(key), [REMINDED[0] ?? '', ENDED[0] ?? '']);
      const replicas = [street.start(), street.start()];
      await Promise.all(replicas.map(({ ready }) => ready));

      // What is due before is told while it still can be.
      await street.forward(16 * DAY - 10 * MINUTE);
      await sweep(street, 'remind-holders');
      await told(street);
      const posts = (name: string): string[] => slack.messagesOf(slackId(name)).map((message) => wordsOf(message));
      const before = new Map(people.slack.map((name) => [name, posts(name).length]));

      slack.weather = () => dice.pick(AWAY);
      await street.sql(`update organization set clock_offset_ms = clock_offset_ms + (
        select extract(epoch from max(ends_at) - usher_now()) * 1000 + 1000 from assignments where ends_at < usher_now() + interval '1 day')::bigint`);
      await Promise.all([sweep(street, 'remind-holders'), sweep(street, 'end-access')]);
      await until('all that was to end has ended, and is taken', async () => {
        const [left] = await street.sql<{ n: number }>(
          `select (select count(*) from assignments where state <> 'removed' and ends_at <= usher_now())
             + (select count(*) from grants where state <> 'taken' and not exists (
                  select 1 from standing_links s where s.grant_id = grants.id)) as n`,
        );
        return Number(left?.n) === 0;
      });
      expect(
        await street.sql(
          `select id from assignments where ended_at > ends_at + interval '${ENDS_WITHIN_MS} milliseconds'`,
        ),
      ).toEqual([]);
      const [ended] = await street.sql<{ ended: number; reminded: number }>(
        `select (select count(*)::int from assignments where state = 'removed') as ended,
           (select count(distinct assignment_id)::int from audit_events where type = 'assignment.reminded'
              and assignment_id in (select id from assignments where ended_at is null)) as reminded`,
      );
      const held = many.length * 4 + few.length;
      expect(ended).toEqual({ ended: held, reminded: held });

      for (let away = 0; away < AWAY_MS; away += 10 * MINUTE) {
        await quiet(street);
        await street.forward(10 * MINUTE);
        await sweep(street, 'gather-messages');
      }
      await quiet(street);
      expect(new Map(people.slack.map((name) => [name, posts(name).length]))).toEqual(before);
      expect(await street.sql(`select id, error from outgoing where state = 'dead'`)).toEqual([]);

      slack.weather = null;
      await told(street);
      for (const name of many) {
        const since = posts(name).slice(before.get(name));
        expect(since).toHaveLength(1);
        expect(since[0]).toContain('8 things to know');
        for (const thing of [...REMINDED, ...ENDED]) expect(since[0]).toContain(thing);
      }
      for (const name of few) {
        const since = posts(name).slice(before.get(name));
        expect(since).toHaveLength(2);
        expect(since.filter((one) => one.includes(REMINDED[0] ?? ''))).toHaveLength(1);
        expect(since.filter((one) => one.includes(ENDED[0] ?? ''))).toHaveLength(1);
      }
      await expectSound((text, bind) => street.sql(text, bind), 'always');
      expect(replicas.map(({ isAlive }) => isAlive)).toEqual([true, true]);
    } finally {
      await street.close();
    }
  },
};

/** Everything that waits to be told is told. */
async function told(street: Street): Promise<void> {
  await until(
    'everything is told',
    async () => {
      await onward(street);
      const [row] = await street.sql<{ n: number }>(
        `select count(*)::int as n from outgoing where kind = 'tell' and state in ('ready', 'leased')`,
      );
      return row?.n === 0;
    },
    600_000,
  );
}
