// Three replicas whose wall clocks are minutes apart, five hundred reminders and then five hundred ends due at one instant, and two more
// sweepers beside them.
import { Client } from 'pg';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { give, sweep } from './holders';
import { diceOf } from './people';
import { names, onward, openStreet, town, until, type Street, type WholeReplica } from './whole';

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
      const replicas = dice
        .shuffle([-90_000, 0, 90_000])
        .map((ms) => street.start({ CLOCK_MS: String(ms), LOG_LEVEL: 'debug' }));
      await Promise.all(replicas.map(({ ready }) => ready));

      await remindAtOnce(street);
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
      await expectShared(street, replicas, full);
      await expectSound((text, bind) => street.sql(text, bind), 'always');
      expect(replicas.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'))).toEqual([]);
    } finally {
      await street.close();
    }
  },
};

/** The reminders are due, and two sweepers have the same one in hand: both stand before its person, who is let go then. */
async function remindAtOnce(street: Street): Promise<void> {
  const holder = new Client({ connectionString: street.owner });
  await holder.connect();
  try {
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
    await holder.query('begin; select id from people for no key update');
    await street.forward(17 * DAY);
    const sweeping = [sweep(street, 'remind-holders'), sweep(street, 'remind-holders')];
    await until('two wait', async () => {
      const waiting = await street.sql(
        `select 1 from pg_stat_activity where ${rows[0]?.pid ?? 0} = any (pg_blocking_pids(pid)) and usename = current_user`,
      );
      return waiting.length >= 2;
    });
    await holder.query('rollback');
    for (const tried of await Promise.all(sweeping)) expect(tried).toBeGreaterThan(0);
  } finally {
    await holder.end();
  }
}

/** The work was shared: more than one replica answered rings and sent messages, and no ring and no message was worked by two. */
async function expectShared(street: Street, replicas: readonly WholeReplica[], full: boolean): Promise<void> {
  await until('a second replica answers a ring', () => workers(replicas, rings) > 1);
  expect(twice(replicas.flatMap(rings))).toEqual([]);
  // What those say who answered is what the database knows.
  const ticks = await street.sql<{ pid: string }>(
    `select distinct split_part(claimed_by, ':', 2) as pid from job_ticks`,
  );
  expect(replicas.map(({ pid }) => String(pid))).toEqual(expect.arrayContaining(ticks.map(({ pid }) => pid)));
  expect(ticks.length).toBeGreaterThan(1);
  expect(twice(replicas.flatMap(sent))).toEqual([]);
  // A few messages may all be in one hand.
  if (full) expect(workers(replicas, sent)).toBeGreaterThan(1);
}

const rings = ({ lines }: WholeReplica): string[] =>
  lines.filter(({ msg }) => msg === 'job done').map(({ job, dueAt }) => `${String(job)} ${String(dueAt)}`);
const sent = ({ lines }: WholeReplica): string[] =>
  lines.filter(({ msg }) => msg === 'message sent').map(({ row }) => String(row));
const workers = (replicas: readonly WholeReplica[], work: (replica: WholeReplica) => string[]): number =>
  replicas.filter((replica) => work(replica).length > 0).length;
const twice = (all: readonly string[]): string[] => all.filter((one, at) => all.indexOf(one) !== at);

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
  expect(twice(told)).toEqual([]);
  expect(told).toHaveLength(count);
  const events = `select assignment_id from audit_events where type = '${type}'`;
  expect(await street.sql(`${events} group by 1 having count(*) <> 1`)).toEqual([]);
  expect(await street.sql(events)).toHaveLength(count);
}
