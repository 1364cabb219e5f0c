// Three replicas whose wall clocks are minutes apart, five hundred reminders and then five hundred ends due at one instant, and two more
// sweepers beside them.
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { give, sweep } from './holders';
import { diceOf } from './people';
import { names, onward, openStreet, town, until, type Street } from './whole';

const DAY = 86_400_000;

export const f5: Fault = {
  id: 'F5',
  name: 'three replicas with clocks ninety seconds apart send five hundred reminders and end five hundred accesses: each once',
  short: 'test/jobs/schedule.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const people = { slack: names('S', full ? 125 : 5), teams: [] };
    const packages = names('Pack ', 4).map((name) => ({ name }));
    const street = await openStreet(town(people, packages), people);
    try {
      const count = people.slack.length * packages.length;
      await give(
        street,
        people.slack.map((name) => name.toLowerCase()),
        packages.map(({ name }) => name),
      );
      const replicas = dice.shuffle([-90_000, 0, 90_000]).map((ms) => street.start({ CLOCK_MS: String(ms) }));
      await Promise.all(replicas.map(({ ready }) => ready));

      await street.forward(17 * DAY);
      await Promise.all([sweep(street, 'remind-holders'), sweep(street, 'remind-holders')]);
      await expectPosts(street, 0, count, 'assignment.reminded');
      const reminded = street.slack.callsOf('chat.postMessage').length;

      await street.forward(13 * DAY + 60_000);
      await Promise.all([sweep(street, 'end-access'), sweep(street, 'end-access')]);
      await expectPosts(street, reminded, count, 'assignment.ending');
      await until('nothing is left to take', async () => {
        const [row] = await street.sql<{ n: number }>('select count(*)::int as n from local_roles');
        return row?.n === 0;
      });
      expect(
        await street.sql(`select grant_id from audit_events where type = 'grant.taken' group by 1 having count(*) > 1`),
      ).toEqual([]);
      // By no one else's hand, and by more than one of them where the dice were so.
      const ticks = await street.sql<{ n: number }>(
        'select count(*)::int as n from (select job, due_at from job_ticks group by 1, 2 having count(*) > 1) twice',
      );
      expect(ticks).toEqual([{ n: 0 }]);
      await expectSound((text, bind) => street.sql(text, bind), 'always');
      expect(replicas.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'))).toEqual([]);
    } finally {
      await street.close();
    }
  },
};

/** Each person is told once of each package, and the trail says each once. */
async function expectPosts(street: Street, from: number, count: number, type: string): Promise<void> {
  await until(
    `all is told after ${type}`,
    async () => {
      await onward(street);
      const [row] = await street.sql<{ busy: boolean; n: number }>(
        `select exists (select 1 from outgoing where kind = 'tell' and state in ('ready', 'leased')) as busy,
          (select count(*)::int from audit_events where type = '${type}') as n`,
      );
      return row?.busy === false && row.n >= count;
    },
    600_000,
  );
  const told = street.slack
    .callsOf('chat.postMessage')
    .slice(from)
    .map((args) => `${String(args['channel'])} ${/Pack \d+/.exec(JSON.stringify(args))?.[0] ?? '?'}`);
  expect(told.filter((one, at) => told.indexOf(one) !== at)).toEqual([]);
  expect(told).toHaveLength(count);
  const events = `select assignment_id from audit_events where type = '${type}'`;
  expect(await street.sql(`${events} group by 1 having count(*) <> 1`)).toEqual([]);
  expect(await street.sql(events)).toHaveLength(count);
}
