// The database refuses and breaks off: no connection is free, a deadlock, a serialization failure, sessions that are ended in the
// middle of a transaction. An act runs again, whole and a few times; its person gets an answer, and nothing of half an act stays.
import { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { expectSound } from '../support/invariants';
import type { SlackMessage } from '../support/slack-api';
import type { Fault } from './fault';
import { diceOf, type Dice } from './people';
import { approvalCard, askFor, names, openStreet, slackId, town, until, type Street, type WholeReplica } from './whole';

interface Waiting {
  readonly number: string;
  readonly approver: string;
  readonly card: SlackMessage;
}

const ROUNDS = ['pool', 'deadlock', '40001', '40P01', 'always', 'kill'] as const;
type Round = (typeof ROUNDS)[number];
/** An act runs at most so often (store/store.ts). */
const RUNS = 4;
/** A replica answers people with at most so many connections (main.ts). */
const POOL = 12;
const RUNS_AGAIN = 'an act lost a race and runs again';
/** An answer that says that it was not done. */
const UNDONE = /nothing was changed|please try again/i;

export const f21: Fault = {
  id: 'F21',
  name: 'no free connection, a deadlock, a serialization failure, a killed session: acts run again whole, and everybody is answered',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    // To have no free connection takes as long as a person waits for one, twice.
    const rounds = ROUNDS.filter((round) => full || round !== 'pool');
    const each = full ? 10 : 3;
    const approvers = names('A', rounds.length * each);
    const askers = names('S', full ? 40 : each);
    const idlers = names('I', 2 * POOL);
    const people = { slack: [...approvers, ...askers, ...idlers], teams: [] };
    // Nobody is asked about so much that the pace of a platform holds it up.
    const packs = rounds.flatMap((round, r) =>
      Array.from({ length: each }, (_, n) => ({ name: packOf(round, n), approvers: [approvers[r * each + n] ?? ''] })),
    );
    const street = await openStreet(town(people, packs), people);
    // Changed by each round for itself: to put it on and off the table would wait for whoever writes there, and they for us.
    await street.sql(`
      create sequence fault_count; grant usage on sequence fault_count to usher_app;
      create function fault() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger fault before insert on audit_events for each row when (new.type = 'decision.recorded') execute function fault()`);
    const owner = new Client({ connectionString: street.owner });
    const other = new Client({ connectionString: street.owner });
    for (const client of [owner, other]) {
      client.on('error', () => undefined); // it goes with its database
      await client.connect();
    }
    try {
      const replica = street.start();
      await replica.ready;
      street.lead(replica);
      const asked: (Omit<Waiting, 'card'> & { readonly round: Round })[] = [];
      for (const [r, round] of rounds.entries())
        // Deadlocks come one after the other, and take more than a second each.
        for (const [n, asker] of (round === 'deadlock' ? askers.slice(0, full ? 3 : 1) : askers).entries())
          asked.push({
            round,
            number: await askFor(street, asker.toLowerCase(), packOf(round, n % each)),
            approver: approvers[r * each + (n % each)] ?? '',
          });
      const cards = await Promise.all(asked.map((one) => approvalCard(street, one.approver, one.number)));
      for (const round of dice.shuffle(rounds)) {
        const waiting = asked
          .map((one, n) => ({ ...one, card: cards[n] as SlackMessage }))
          .filter((one) => one.round === round);
        if (round === 'pool') await exhaust(street, replica, owner, waiting, idlers);
        else if (round === 'deadlock') await deadlock(street, replica, [owner, other], waiting);
        else if (round === 'kill') await kill(street, dice, waiting);
        else await refuse(street, replica, dice, waiting, round);
        await faulty(street, 'null');
        await expectOnce(street, waiting, round);
        expect(replica.isAlive).toBe(true);
      }
    } finally {
      await Promise.all([owner.end(), other.end()]);
      await street.close();
    }
  },
};

const packOf = (round: Round, n: number): string => `Pack ${round} ${n}`;

/** What the server does from now on as a decision is written down. */
async function faulty(street: Street, does: string): Promise<void> {
  await street.sql(`
    create or replace function fault() returns trigger language plpgsql as $$ begin ${does}; return new; end $$`);
}

/** A click of their own, with what its person was answered: at the address that came with this click, or on its card. */
async function approve(street: Street, { approver, card, number }: Waiting): Promise<string> {
  const { slack } = street;
  await street.sql(`delete from gates where target like 'pace:%'`);
  const from = slack.calls.length;
  const pressed = slack.press(slackId(approver), card, 'Approve');
  const address = String(slack.deliveries.at(-1)?.body['response_url']).split('/').at(-1);
  // Not acknowledged, Slack shows that it failed; but whoever can take a click can acknowledge it.
  expect((await pressed).status).toBe(200);
  // "One moment" is no answer, nor is the card drawn anew for another reason.
  return await until(`${approver} is answered about ${number}`, () =>
    slack.calls
      .slice(from)
      .filter((call) => call.address === address || (call.method === 'chat.update' && call.args['ts'] === card.ts))
      .map(({ args }) => JSON.stringify(args))
      .find((answer) => !/"(One moment …|Approve)"/.test(answer)),
  );
}

/** The numbers of a round's requests that are decided. */
async function decided(street: Street, round: Round): Promise<string[]> {
  const rows = await street.sql<{ number: number }>(
    `select distinct r.number from decisions d join requests r on r.id = d.request_id join packages p on p.id = r.package_id where p.name like 'Pack ${round} %'`,
  );
  return rows.map(({ number }) => `R-${number}`);
}

/** Clicks at the same time. Who is told that nothing was changed finds nothing changed; a click that fails otherwise tells no more. */
async function approveAll(street: Street, waiting: readonly Waiting[], round: Round): Promise<string[]> {
  const answers = await Promise.all(waiting.map((one) => approve(street, one)));
  const done = await decided(street, round);
  const lies = waiting
    .map(({ number }, n) => ({ number, answer: (answers[n] ?? '').slice(0, 300) }))
    .filter(({ number, answer }) => UNDONE.test(answer) === done.includes(number))
    .filter(({ answer }) => !/could not find out whether/.test(answer));
  expect(lies).toEqual([]);
  return answers;
}

/** Every one of them is decided once, after as many further clicks as it takes, and nothing of half an act is there. */
async function expectOnce(street: Street, waiting: readonly Waiting[], round: Round): Promise<void> {
  const done = await decided(street, round);
  await approveAll(
    street,
    waiting.filter(({ number }) => !done.includes(number)),
    round,
  );
  const wrong = await street.sql(
    `select r.number, count(distinct d.id)::int as decisions, count(distinct e.id)::int as events from requests r
     join packages p on p.id = r.package_id left join decisions d on d.request_id = r.id
     left join audit_events e on e.request_id = r.id and e.type = 'decision.recorded'
     where p.name like 'Pack ${round} %' group by 1 having count(distinct d.id) <> 1 or count(distinct e.id) <> 1`,
  );
  expect(wrong).toEqual([]);
  await expectSound((text, bind) => street.sql(text, bind), 'always');
}

/** Somebody holds what everybody needs, until all connections wait and whoever comes then gets none. */
async function exhaust(
  street: Street,
  replica: WholeReplica,
  owner: Client,
  waiting: readonly Waiting[],
  idlers: readonly string[],
): Promise<void> {
  const { slack } = street;
  await owner.query('begin; lock table people in access exclusive mode');
  const reading = idlers.map((name) => slack.command(slackId(name), 'help'));
  await until('somebody waits for a connection', async () => {
    const text = await (await replica.get('/metrics')).text();
    return Number(/^usher_database_connections\{state="waiting"\} (\d+)/m.exec(text)?.[1]) > 0;
  });
  const answers = await Promise.all(waiting.map((one) => approve(street, one)));
  for (const answer of answers) expect(answer).toMatch(UNDONE);
  for (const { status } of await Promise.all(reading)) expect(status).toBe(200);
  await owner.query('rollback');
  expect(await decided(street, 'pool')).toEqual([]);
}

/**
 * An act waits for us, and we for it: the server ends the act's transaction, which runs again. What several acts share gives up before
 * the server looks for a deadlock, so the act is made to go alone: its person is held as it comes. We wait for them behind it already
 * as it gets them, so it is the act that closes the circle, at its save, and the act that the server ends.
 */
async function deadlock(
  street: Street,
  replica: WholeReplica,
  [first, second]: readonly [Client, Client],
  waiting: readonly Waiting[],
): Promise<void> {
  const count = async (): Promise<number> => {
    const { rows } = await first.query<{ n: string }>(
      'select deadlocks as n from pg_stat_database where datname = current_database()',
    );
    return Number(rows[0]?.n ?? 0);
  };
  const pid = async (client: Client): Promise<number> =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
  const held = await pid(first);
  const behind = await pid(second);
  const blocked = (what: string, who: string): Promise<unknown> =>
    until(what, async () => {
      const rows = await street.sql(`select 1 from pg_stat_activity where datname = current_database() and ${who}`);
      return rows.length > 0;
    });
  const before = await count();
  for (const one of waiting) {
    const number = one.number.slice(2);
    const person = `select p.id from people p join requests r on r.target_id = p.id where r.number = ${number} for no key update of p`;
    const meet = async (): Promise<string> => {
      await first.query(`begin; ${person}`);
      await second.query(`begin; set local deadlock_timeout = '1h'; set local lock_timeout = '60s'`);
      await second.query(`select id from requests where number = ${number} for update`);
      const clicking = approve(street, one);
      await blocked(
        'the act waits for its person',
        `usename like 'usher_street_%' and ${held} = any (pg_blocking_pids(pid))`,
      );
      const waits = second.query(person);
      await blocked('we wait behind it', `pid = ${behind} and cardinality(pg_blocking_pids(pid)) > 0`);
      await first.query('rollback');
      await waits;
      await second.query('rollback');
      return await clicking;
    };
    let from = replica.lines.length;
    let answer = await meet();
    // It waits for its person no longer than two seconds, which a busy machine may need to be there as well.
    for (let tries = 0; tries < 4 && answer.includes('took too long'); tries += 1) {
      from = replica.lines.length;
      answer = await meet();
    }
    expect(answer).not.toMatch(UNDONE);
    expect(await decided(street, 'deadlock')).toContain(one.number);
    const runs = replica.lines.slice(from).filter(({ msg }) => msg === RUNS_AGAIN);
    expect(runs).toMatchObject([{ run: 1 }]);
  }
  await until('the server counts the deadlocks', async () => (await count()) >= before + waiting.length);
}

/** The server refuses the first saves of decisions, as many as one act may meet, or all. */
async function refuse(
  street: Street,
  replica: WholeReplica,
  dice: Dice,
  waiting: readonly Waiting[],
  round: '40001' | '40P01' | 'always',
): Promise<void> {
  const code = round === 'always' ? dice.pick(['40001', '40P01']) : round;
  // Counted outside of transactions.
  const most = round === 'always' ? 1_000_000 : RUNS - 1;
  await street.sql('alter sequence fault_count restart');
  await faulty(
    street,
    `if nextval('fault_count') <= ${most} then raise exception 'made to fail' using errcode = '${code}'; end if`,
  );
  const from = replica.lines.length;
  const [first, ...rest] = waiting;
  if (!first) throw new Error('nobody waits');
  if (round === 'always') {
    await approveAll(street, waiting, round);
    expect(await decided(street, round)).toEqual([]);
    // Each of them as often as an act may; the first time several may have been refused as one.
    const again = new Map<unknown, number>();
    for (const { msg, trace } of replica.lines.slice(from))
      if (msg === RUNS_AGAIN) again.set(trace, (again.get(trace) ?? 0) + 1);
    expect([...again.values()]).toEqual(waiting.map(() => RUNS - 1));
    const [count] = await street.sql<{ runs: number }>('select last_value::int as runs from fault_count');
    expect(count?.runs).toBeGreaterThan((RUNS - 1) * waiting.length);
    expect(count?.runs).toBeLessThanOrEqual(RUNS * waiting.length);
  } else {
    await approveAll(street, [first], round);
    expect(await decided(street, round)).toEqual([first.number]);
    await approveAll(street, rest, round);
  }
}

/** Sessions of the replica are ended at random, while they work and while they stand in the middle of a transaction. */
async function kill(street: Street, dice: Dice, waiting: readonly Waiting[]): Promise<void> {
  // Long enough in the middle of a transaction for some of them to meet their end there.
  await faulty(street, 'perform pg_sleep(0.1)');
  const over = new AbortController();
  const killing = (async (): Promise<number> => {
    let killed = 0;
    while (!over.signal.aborted) {
      const gone = await street.sql(
        `with chosen as materialized (select pid from pg_stat_activity where usename like 'usher_street_%'
           and datname = current_database() and state in ('active', 'idle in transaction') and random() < 0.5)
         select pid from chosen where pg_terminate_backend(pid)`,
      );
      killed += gone.length;
      await pause(5 + dice.below(40));
    }
    return killed;
  })();
  try {
    for (let from = 0; from < waiting.length; from += 10)
      await approveAll(street, waiting.slice(from, from + 10), 'kill');
  } finally {
    over.abort();
  }
  expect(await killing).toBeGreaterThan(0);
}
