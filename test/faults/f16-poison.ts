// Messages that can never be sent, in a queue with others: Slack refuses their cards, does not find their conversation or their reader,
// or refuses them without a reason. What waits behind them, in their own lane and for others, goes out.
import { redrive } from '../../src/operations/outgoing';
import { expectSound } from '../support/invariants';
import type { Failure } from '../support/slack-api';
import { wordsOf } from '../support/slack-server';
import type { Fault } from './fault';
import { sweep } from './holders';
import { diceOf } from './people';
import { askFor, names, onward, openStreet, operator, quiet, slackId, town, until, type Street } from './whole';

/** What fails by a mistake is tried so often, and so long (jobs/deliver.ts, jobs/elsewhere.ts). */
const TRIES = 12;
const DAYS = 3;
const DAY = 86_400_000;

/** What is the matter with the messages of an approver. */
const KINDS = ['fine', 'card', 'conversation', 'reader', 'status'] as const;
type Kind = (typeof KINDS)[number];
const REMINDER = 'Still waiting for you';

interface Row {
  readonly id: number;
  readonly approver: string;
  readonly notice: string;
  readonly state: string;
  readonly error: string | null;
  readonly attempts: number;
  /** Seconds. */
  readonly settled: number;
}

export const f16: Fault = {
  id: 'F16',
  name: 'a message that can never be sent is given up with its reason, what waits behind it goes out at once, and it can be sent after all',
  short: 'test/jobs/outgoing.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const left = dice.pick(['user_not_found', 'user_disabled']);
    const refusals: Readonly<Record<Kind, Failure | null>> = {
      fine: null,
      card: { error: 'invalid_blocks' },
      conversation: { error: dice.pick(['channel_not_found', 'is_archived']) },
      reader: { error: left },
      status: { status: dice.pick([400, 404]) },
    };
    const approvers = dice.shuffle(names('A', KINDS.length * (full ? 4 : 1)));
    const kinds = new Map(approvers.map((name, n) => [name, KINDS[n % KINDS.length] as Kind]));
    const people = { slack: [...approvers, 'S001'], teams: [] };
    const packs = approvers.map((name) => ({ name: `Pack ${name}`, approvers: [name] }));
    const street = await openStreet(town(people, packs), people);
    const { slack } = street;
    try {
      // Each is asked and reminded before anybody can say so: the reminder waits behind the question.
      for (const { name } of packs) await askFor(street, 's001', name);
      await street.sql(`update organization set clock_offset_ms = clock_offset_ms + (
        select extract(epoch from max(remind_at) - usher_now()) * 1000 + 1000 from approval_stages)::bigint`);
      expect(await sweep(street, 'remind-approvers')).toBe(packs.length);

      slack.weather = (method, args) => {
        const about = approvers.find((name) =>
          [slackId(name), `D0${slackId(name)}`].includes(String(args['users'] ?? args['channel'])),
        );
        const kind = kinds.get(about ?? '') ?? 'fine';
        // Who left is not found, nor is what was their conversation; of the others it is the one message.
        if (kind === 'reader') return refusals.reader;
        if (kind === 'conversation') return method === 'chat.postMessage' ? refusals.conversation : null;
        return method === 'chat.postMessage' && !JSON.stringify(args).includes(REMINDER) ? refusals[kind] : null;
      };
      for (const replica of full ? [street.start(), street.start()] : [street.start()]) await replica.ready;

      const of = (rows: readonly Row[], kind: Kind, notice: string): readonly Row[] =>
        rows.filter((row) => kinds.get(row.approver) === kind && row.notice === notice);
      // All others go out, and all that is refused for good is given up, while the one that is tried again waits.
      await until('all is settled but what is tried again', async () => {
        const rows = await rowsOf(street);
        return (
          rows.length === 2 * approvers.length &&
          rows.every((row) => isOver(row) || kinds.get(row.approver) === 'status')
        );
      });
      const first = await rowsOf(street);
      for (const row of of(first, 'status', 'approvalReminder'))
        expect(row).toMatchObject({ state: 'ready', attempts: 0 });
      for (const row of of(first, 'status', 'approval')) expect(isOver(row)).toBe(false);

      // As if it had been tried most of the times, where there is no time for all of them.
      if (!full)
        await street.sql(
          `update outgoing set attempts = ${TRIES - 2} where state = 'ready' and notice = 'approval' and attempts < ${TRIES - 2}`,
        );
      await quiet(street);
      await street.forward(DAYS * DAY);
      await until(
        'what was tried often and long enough is given up',
        async () => {
          await onward(street);
          return (await rowsOf(street)).every(isOver);
        },
        600_000,
      );

      const rows = await rowsOf(street);
      const reasons = { card: 'invalid_blocks', conversation: codeOf(refusals.conversation), reader: left };
      const status = `http_${JSON.stringify(refusals.status).replace(/\D/g, '')}`;
      for (const row of of(rows, 'card', 'approval'))
        expect(row).toMatchObject({ state: 'dead', error: reasons.card, attempts: 1 });
      for (const kind of ['conversation', 'reader'] as const) {
        for (const row of of(rows, kind, 'approval'))
          expect(row).toMatchObject({ state: 'dead', error: `unreachable: ${reasons[kind]}`, attempts: 1 });
        // Whoever was found to be nowhere is not looked for again for a day: that ends at once as well.
        for (const row of of(rows, kind, 'approvalReminder'))
          expect(row).toMatchObject({ state: 'dead', error: 'unreachable', attempts: 1 });
      }
      for (const row of of(rows, 'status', 'approval')) {
        expect(row).toMatchObject({ state: 'dead', error: `unreachable: ${status}` });
        expect(row.attempts).toBeGreaterThanOrEqual(TRIES);
      }
      // Behind it, at once: by the pace of Slack a second after the last call to the same person, and when it is its turn among all eight
      // a second of the workspace; and a second for the work.
      const atOnce = 2 + (2 * approvers.length) / 8;
      for (const kind of ['card', 'status'] as const)
        for (const row of of(rows, kind, 'approvalReminder')) expect(row.state).toBe('done');
      for (const kind of ['card', 'conversation', 'reader'] as const)
        for (const row of of(rows, kind, 'approvalReminder')) {
          const question = of(rows, kind, 'approval').find(({ approver }) => approver === row.approver);
          const waited = row.settled - (question?.settled ?? Infinity);
          expect(waited).toBeGreaterThanOrEqual(0);
          if (full) expect(waited).toBeLessThanOrEqual(atOnce);
        }
      for (const row of [...of(rows, 'fine', 'approval'), ...of(rows, 'fine', 'approvalReminder')])
        expect(row.state).toBe('done');
      const reached: readonly Kind[] = ['fine', 'card', 'status'];
      expectPosts(
        street,
        kinds,
        (kind) => (kind === 'fine' ? 1 : 0),
        (kind) => reached.includes(kind),
      );

      // From here on the question comes after its reminder.
      await expectSound((text, bind) => street.sql(text, bind), 'always');

      // An operator puts it back, more than a day after a reminder last found nobody.
      slack.weather = null;
      await quiet(street);
      await street.forward(DAY);
      const dead = await street.parts.outbox.dead(100);
      expect(dead.map(({ id }) => id)).toEqual(
        expect.arrayContaining(rows.filter(({ state }) => state === 'dead').map(({ id }) => id)),
      );
      for (const { id } of dead) expect(await redrive(street.desk, operator, id)).toBe(true);
      await until('all is told', async () => {
        await onward(street);
        return (await rowsOf(street)).every(({ state }) => state === 'done');
      });
      expectPosts(
        street,
        kinds,
        () => 1,
        () => true,
      );
      expect(await street.parts.outbox.dead(10)).toEqual([]);
    } finally {
      await street.close();
    }
  },
};

/** What the approvers are told first, in order: days go by, and they are reminded again. */
const rowsOf = (street: Street): Promise<Row[]> =>
  street.sql<Row>(
    `select * from (
       select distinct on (p.id, o.notice) o.id, upper(p.directory_key) as approver, o.notice, o.state, o.error, o.attempts,
         extract(epoch from o.settled_at)::float8 as settled
       from outgoing o join people p on p.id = o.person_id
       where o.notice in ('approval', 'approvalReminder') order by p.id, o.notice, o.id) first order by id`,
  );

const isOver = ({ state }: Row): boolean => state === 'done' || state === 'dead';

const codeOf = (failure: Failure | null): string => (failure !== null && 'error' in failure ? failure.error : '');

/** How often each was asked, and whether they were reminded. */
function expectPosts(
  { slack }: Street,
  kinds: ReadonlyMap<string, Kind>,
  asked: (kind: Kind) => number,
  reminded: (kind: Kind) => boolean,
): void {
  const told = [...kinds].map(([name, kind]) => {
    const words = slack.messagesOf(slackId(name)).map((message) => wordsOf(message));
    const reminders = words.filter((one) => one.includes(REMINDER)).length;
    return { kind, asked: words.length - reminders, reminded: reminders > 0 };
  });
  expect(told).toEqual([...kinds.values()].map((kind) => ({ kind, asked: asked(kind), reminded: reminded(kind) })));
}
