// The replicas' wall clocks step by an hour either way while access is asked for at the worst instants of four years, and ends. Instants
// were computed by hand and by another program.
import type { Fault } from './fault';
import { diceOf } from './people';
import { openStreet, slackId, slackView, town, until, type Street, type WholeReplica } from './whole';

const B = 'Europe/Berlin';
const N = 'America/New_York';
const S = 'Australia/Sydney';
const HOUR = 3_600_000;

/** When it is asked for, where, for how long or until the end of which day, and when it must end. */
const TABLE: readonly (readonly [string, string, string, string])[] = [
  ['2026-12-31T12:00:00Z', S, '2026-12-31', '2026-12-31T13:00:00Z'],
  ['2026-12-31T20:00:00Z', B, '2027-01-01', '2027-01-01T23:00:00Z'],
  ['2026-12-31T22:30:00Z', B, '1 day', '2027-01-01T22:30:00Z'],
  ['2026-12-31T23:30:00Z', B, '8 hours', '2027-01-01T07:30:00Z'],
  ['2026-12-31T23:30:00Z', S, '365 days', '2027-12-31T23:30:00Z'],
  ['2026-12-31T23:59:59Z', N, '1 day', '2027-01-01T23:59:59Z'],
  ['2027-01-31T10:00:00Z', B, '30 days', '2027-03-02T10:00:00Z'],
  ['2027-01-31T10:00:00Z', N, '31 days', '2027-03-03T10:00:00Z'],
  ['2027-01-31T10:00:00Z', S, '2027-02-28', '2027-02-28T13:00:00Z'],
  ['2027-01-31T10:00:00Z', B, '2027-03-01', '2027-03-01T23:00:00Z'],
  ['2027-03-13T06:30:00Z', N, '1 day', '2027-03-14T06:30:00Z'],
  ['2027-03-13T07:30:00Z', N, '1 day', '2027-03-14T07:30:00Z'],
  ['2027-03-13T12:00:00Z', N, '2027-03-14', '2027-03-15T04:00:00Z'],
  ['2027-03-13T18:00:00Z', N, '30 days', '2027-04-12T17:00:00Z'],
  ['2027-03-14T03:00:00Z', N, '8 hours', '2027-03-14T11:00:00Z'],
  ['2027-03-27T00:30:00Z', B, '1 day', '2027-03-28T00:30:00Z'],
  ['2027-03-27T01:30:00Z', B, '1 day', '2027-03-28T01:30:00Z'],
  ['2027-03-27T12:00:00Z', B, '2027-03-28', '2027-03-28T22:00:00Z'],
  ['2027-03-27T12:00:00Z', B, '30 days', '2027-04-26T11:00:00Z'],
  ['2027-03-27T20:00:00Z', B, '8 hours', '2027-03-28T04:00:00Z'],
  ['2027-04-02T15:30:00Z', S, '1 day', '2027-04-03T15:30:00Z'],
  ['2027-04-03T02:00:00Z', S, '2027-04-04', '2027-04-04T14:00:00Z'],
  ['2027-04-03T02:00:00Z', S, '30 days', '2027-05-03T03:00:00Z'],
  ['2027-04-03T12:00:00Z', S, '8 hours', '2027-04-03T20:00:00Z'],
  ['2027-10-01T16:30:00Z', S, '1 day', '2027-10-02T16:30:00Z'],
  ['2027-10-02T02:00:00Z', S, '2027-10-03', '2027-10-03T13:00:00Z'],
  ['2027-10-02T12:00:00Z', S, '8 hours', '2027-10-02T20:00:00Z'],
  ['2027-10-30T00:30:00Z', B, '1 day', '2027-10-31T00:30:00Z'],
  ['2027-10-30T12:00:00Z', B, '1 day', '2027-10-31T13:00:00Z'],
  ['2027-10-30T12:00:00Z', B, '2027-10-31', '2027-10-31T23:00:00Z'],
  ['2027-10-30T12:00:00Z', B, '30 days', '2027-11-29T13:00:00Z'],
  ['2027-10-30T20:00:00Z', B, '8 hours', '2027-10-31T04:00:00Z'],
  ['2027-11-06T05:30:00Z', N, '1 day', '2027-11-07T05:30:00Z'],
  ['2027-11-06T12:00:00Z', N, '2027-11-07', '2027-11-08T05:00:00Z'],
  ['2027-11-07T01:00:00Z', N, '8 hours', '2027-11-07T09:00:00Z'],
  ['2028-01-30T10:00:00Z', B, '30 days', '2028-02-29T10:00:00Z'],
  ['2028-02-28T10:00:00Z', B, '1 day', '2028-02-29T10:00:00Z'],
  ['2028-02-28T10:00:00Z', S, '2028-02-29', '2028-02-29T13:00:00Z'],
  ['2028-02-29T10:00:00Z', N, '365 days', '2029-02-28T10:00:00Z'],
  ['2028-02-29T11:00:00Z', N, '2028-02-29', '2028-03-01T05:00:00Z'],
];

const WHO: Readonly<Record<string, string>> = { [B]: 'Berta', [N]: 'Nora', [S]: 'Sid' };
/** Access ends so long after its end at the latest, by the clock of the database. */
const ENDS_WITHIN_MS = 60_000;
/** Nothing takes as long as this between a jump of the clock and a click. */
const SLOWEST_MS = 120_000;

export const f14: Fault = {
  id: 'F14',
  name: 'clocks step by an hour, days are skipped, doubled and leapt: access ends when it must, and nothing runs twice',
  short: 'test/domain/time.test.ts and test/jobs/schedule.test.ts',
  async run(seed, full) {
    const dice = diceOf(seed);
    const people = { slack: Object.values(WHO), teams: [] };
    const isDate = (length: string): boolean => /^\d{4}-/.test(length);
    const packages = TABLE.map(([, , length], n) => ({
      name: `Row ${String(n + 1).padStart(2, '0')}`,
      expires: isDate(length) ? '60 days' : length,
    }));
    const street = await openStreet(
      (slack, teams) =>
        Object.entries(WHO).reduce(
          (yaml, [zone, name]) =>
            yaml.replace(`name: ${name} Person, timeZone: ${B}`, `name: ${name} Person, timeZone: ${zone}`),
          town(people, packages)(slack, teams),
        ),
      people,
    );
    try {
      const replicas = [street.start({ LOG_LEVEL: 'debug' }), street.start({ LOG_LEVEL: 'debug' })];
      await Promise.all(replicas.map(({ ready }) => ready));
      const wrong: unknown[] = [];
      const rows = full ? TABLE : TABLE.slice(0, 6);
      for (const [n, [at, zone, length, want]] of rows.entries()) {
        // A step either way, a little one as of a smeared second, or the right time. Beyond five minutes Slack is not heard,
        // so whoever answers is right by less.
        const [asked, other] = dice.shuffle(replicas);
        if (!asked || !other) throw new Error('two replicas');
        asked.setClock(dice.pick([0, 500, -500, 1_000, -240_000, 240_000]));
        other.setClock(dice.pick([HOUR, -HOUR]));
        await jump(street, at);
        const got = await askIn(street, asked, n, WHO[zone] ?? '', isDate(length) ? length : null);
        // Begun by the database's clock, which alone is at that instant; what lies between it and the click is not the rule's.
        const begun = got.started.getTime() - Date.parse(at);
        if (begun < 0 || begun > SLOWEST_MS) wrong.push([at, 'begun', got.started.toISOString()]);
        const shift = isDate(length) ? 0 : begun;
        const ends = got.ends.getTime() - shift;
        if (ends !== Date.parse(want)) wrong.push([at, zone, length, want, new Date(ends).toISOString()]);
      }
      expect(wrong).toEqual([]);
      await endsInTime(street, replicas, dice.shuffle([-HOUR, HOUR, 0]));
      expectOnce(replicas);
    } finally {
      await street.close();
    }
  },
};

/** Moves the database's clock to an instant. */
async function jump(street: Street, at: string): Promise<void> {
  await street.sql(
    `update organization set clock_offset_ms = (extract(epoch from timestamptz '${at}' - now()) * 1000)::bigint`,
  );
}

async function askIn(street: Street, by: WholeReplica, row: number, name: string, end: string | null) {
  const { slack } = street;
  street.lead(by);
  await street.sql(`delete from gates where target like 'pace:%'`);
  const pack = `Row ${String(row + 1).padStart(2, '0')}`;
  await slack.command(slackId(name), `request ${pack}`);
  const form = await slackView(street, name, `Request ${pack}`);
  const sent = await slack.submit(form, end === null ? {} : { end });
  if (sent.errors !== null) throw new Error(`${pack}: ${JSON.stringify(sent.errors)}`);
  const held = await until(`${pack} is given`, async () => {
    const [found] = await street.sql<{ started: Date; ends: Date }>(
      `select a.starts_at as started, a.ends_at as ends from assignments a join packages p on p.id = a.package_id where p.name = '${pack}'`,
    );
    return found ?? null;
  });
  const view = slack.viewOf(slackId(name));
  if (view) slack.close(view);
  return held;
}

/** All that is held comes to its end while the clocks of the replicas are set, and is ended within a minute of the database's clock. */
async function endsInTime(street: Street, replicas: readonly WholeReplica[], steps: readonly number[]): Promise<void> {
  for (const step of steps) {
    const [next] = await street.sql<{ at: Date | null }>(
      'select min(ends_at) as at from assignments where ended_at is null',
    );
    if (!next?.at) break;
    for (const replica of replicas) replica.setClock(step);
    await jump(street, new Date(next.at.getTime() - 1_000).toISOString());
    await until('it has ended', async () => {
      const [left] = await street.sql<{ n: number }>(
        `select count(*)::int as n from assignments where ended_at is null and ends_at <= '${next.at?.toISOString() ?? ''}'`,
      );
      return left?.n === 0;
    });
    const late = await street.sql(
      `select id, ends_at, ended_at from assignments where ends_at = '${next.at.toISOString()}'
        and ended_at > ends_at + interval '${ENDS_WITHIN_MS} milliseconds'`,
    );
    expect(late).toEqual([]);
    expect(replicas.map(({ isAlive }) => isAlive)).toEqual(replicas.map(() => true));
  }
}

/** No due instant of a job was worked by two, or twice by one. */
function expectOnce(replicas: readonly WholeReplica[]): void {
  const ran = replicas.flatMap(({ lines }) =>
    lines.filter(({ msg }) => msg === 'job done').map(({ job, dueAt }) => `${String(job)} ${String(dueAt)}`),
  );
  expect(ran.length).toBeGreaterThan(0);
  expect(ran.filter((one, at) => ran.indexOf(one) !== at)).toEqual([]);
}
