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
/** An act runs at most so often (store/store.ts). */
const RUNS = 4;
/** A replica answers people with at most so many connections (main.ts). */
const POOL = 12;
/** An answer that says that it was not done. */
const UNDONE = /nothing was changed|please try again/i;

export const f21: Fault = {
  id: 'F21',
  name: 'no free connection, a deadlock, a serialization failure, a killed session: acts run again whole, and everybody is answered',
  short: 'test/store/write.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const approvers = names('A', full ? 10 : 3);
    const askers = names('S', full ? 40 : 6);
    const idlers = names('I', 2 * POOL);
    const people = { slack: [...approvers, ...askers, ...idlers], teams: [] };
    const street = await openStreet(
      town(
        people,
        ROUNDS.map((round) => ({ name: `Pack ${round}`, approvers })),
      ),
      people,
    );
    const owner = new Client({ connectionString: street.owner });
    owner.on('error', () => undefined); // it goes with its database
    await owner.connect();
    try {
      const replica = street.start();
      await replica.ready;
      street.lead(replica);
      for (const round of dice.shuffle(ROUNDS)) {
        const waiting = await ask(street, round, round === 'deadlock' ? askers.slice(0, 3) : askers, approvers);
        if (round === 'pool') await exhaust(street, replica, owner, waiting, idlers);
        else if (round === 'deadlock') await deadlock(street, owner, waiting);
        else if (round === 'kill') await kill(street, dice, waiting);
        else await refuse(street, dice, waiting, round);
        await expectOnce(street, waiting, round);
        expect(replica.isAlive).toBe(true);
      }
    } finally {
      await owner.end();
      await street.close();
    }
  },
};

type Round = (typeof ROUNDS)[number];

async function ask(
  street: Street,
  round: Round,
  askers: readonly string[],
  approvers: readonly string[],
): Promise<Waiting[]> {
  const numbers: string[] = [];
  for (const asker of askers) numbers.push(await askFor(street, asker.toLowerCase(), `Pack ${round}`));
  return await Promise.all(
    numbers.map(async (number, n) => {
      const approver = approvers[n % approvers.length] ?? '';
      return { number, approver, card: await approvalCard(street, approver, number) };
    }),
  );
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
    `select distinct r.number from decisions d join requests r on r.id = d.request_id join packages p on p.id = r.package_id where p.name = 'Pack ${round}'`,
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
     where p.name = 'Pack ${round}' group by 1 having count(distinct d.id) <> 1 or count(distinct e.id) <> 1`,
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

/** An act waits for us, and we for it: the server ends the act's transaction, which runs again. */
async function deadlock(street: Street, owner: Client, waiting: readonly Waiting[]): Promise<void> {
  const count = async (): Promise<number> => {
    const { rows } = await owner.query<{ n: string }>(
      'select deadlocks as n from pg_stat_database where datname = current_database()',
    );
    return Number(rows[0]?.n ?? 0);
  };
  const before = await count();
  for (const one of waiting) {
    const number = one.number.slice(2);
    await owner.query(`begin; set local deadlock_timeout = '1h'; set local lock_timeout = '60s'`);
    await owner.query(`select id from requests where number = ${number} for update`);
    const clicking = approve(street, one);
    await until('the act waits for us', async () => {
      const rows = await street.sql(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and usename like 'usher_street_%' and datname = current_database()`,
      );
      return rows.length > 0;
    });
    await owner.query(
      `select p.id from people p join requests r on r.target_id = p.id where r.number = ${number} for no key update of p`,
    );
    await owner.query('rollback');
    await clicking;
    expect(await decided(street, 'deadlock')).toContain(one.number);
  }
  await until('the server counts the deadlocks', async () => (await count()) >= before + waiting.length);
}

/** The server refuses the first saves of decisions, as many as one act may meet, or all. */
async function refuse(
  street: Street,
  dice: Dice,
  waiting: readonly Waiting[],
  round: '40001' | '40P01' | 'always',
): Promise<void> {
  const code = round === 'always' ? dice.pick(['40001', '40P01']) : round;
  // Counted outside of transactions.
  const most = round === 'always' ? 1_000_000 : RUNS - 1;
  await street.sql(`
    create sequence fault_count; grant usage on sequence fault_count to usher_app;
    create function fault() returns trigger language plpgsql as $$
    begin
      if nextval('fault_count') <= ${most} then raise exception 'made to fail' using errcode = '${code}'; end if;
      return new;
    end $$;
    create trigger fault before insert on audit_events for each row when (new.type = 'decision.recorded') execute function fault()`);
  const [first, ...rest] = waiting;
  if (!first) throw new Error('nobody waits');
  if (round === 'always') {
    await approveAll(street, waiting, round);
    expect(await decided(street, round)).toEqual([]);
    expect(await street.sql('select last_value::int as runs from fault_count')).toEqual([
      { runs: RUNS * waiting.length },
    ]);
  } else {
    await approveAll(street, [first], round);
    expect(await decided(street, round)).toEqual([first.number]);
    await approveAll(street, rest, round);
  }
  await street.sql('drop trigger fault on audit_events; drop function fault; drop sequence fault_count');
}

/** Sessions of the replica are ended at random, while they work and while they stand in the middle of a transaction. */
async function kill(street: Street, dice: Dice, waiting: readonly Waiting[]): Promise<void> {
  // Long enough in the middle of a transaction for some of them to meet their end there.
  await street.sql(`
    create function fault() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return new; end $$;
    create trigger fault before insert on audit_events for each row when (new.type = 'decision.recorded') execute function fault()`);
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
  await street.sql('drop trigger fault on audit_events; drop function fault');
}
