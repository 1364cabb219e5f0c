// A policy with a working calendar, from the file to what people are told: its timers count only working time (rule 3.4).
import { parseBlueprint, problemText } from '../../src/operations/blueprint';
import { aWorld, cardOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const HOUR = 3_600_000;
const CALENDAR = `{ zone: Europe/Berlin, from: 08:00, until: 17:00, holidays: [2031-01-06] }`;
const withCalendar = (calendar: string): string =>
  SMALL.replace(
    '- { approvers: manager, decideWithin: 2 days, escalateAfter: 1 day, alternates: [cas] }',
    '- { approvers: manager, decideWithin: 2 days, escalateAfter: 4 hours, alternates: [cas] }',
  ).replace('expires: 60 days', `calendar: ${calendar}\n            expires: 60 days`);

let world: World;

/** Friday, 3 January 2031, 15:00 in Berlin. The Monday after it is a holiday. */
async function onFridayAfternoon(): Promise<void> {
  await world.sql(
    `update organization set clock_offset_ms = 1000 * extract(epoch from '2031-01-03T14:00Z'::timestamptz - clock_timestamp())`,
  );
}
async function ask(): Promise<void> {
  const form = cardOf(await world.say('tara', 'request ledger writer'));
  await world.submit('tara', form, { reason: 'close', 'answer.ticket': 'T-1' });
  await world.settle();
}
/** Timers of the running stage, to the minute. */
const timers = async () =>
  (
    await world.sql<{ decide_by: Date; escalate_at: Date | null; remind_at: Date | null }>(
      `select date_trunc('minute', decide_by) as decide_by, date_trunc('minute', escalate_at) as escalate_at,
         date_trunc('minute', remind_at) as remind_at from approval_stages where state = 'inProgress'`,
    )
  ).map((row) => [row.decide_by, row.escalate_at, row.remind_at].map((one) => one?.toISOString().slice(0, 16) ?? null));

describe('a stage with a working calendar', () => {
  beforeEach(async () => {
    world = await aWorld(withCalendar(CALENDAR));
    await onFridayAfternoon();
    await ask();
  });

  test('goes to the alternates and ends in working time, and the requestor is told when', async () => {
    // Four hours: two on Friday, two on Tuesday. Two days: Tuesday, Wednesday.
    expect(await timers()).toEqual([['2031-01-08T14:00', '2031-01-07T09:00', '2031-01-07T14:00']]);
    const told = textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(told).toContain('If it is not decided by Tue 7 Jan 2031, 10:00 CET, Cas de Vries is asked as well.');
    expect(told).toContain('If nobody decides, it closes on Wed 8 Jan 2031, 15:00 CET.');

    await world.pass(3 * 24 * HOUR);
    expect(world.messagesTo('cas')).toEqual([]);
    await world.pass(21 * HOUR);
    expect(world.messagesTo('cas')).toHaveLength(1);
  });

  test('leaves somebody who is newly asked a working day', async () => {
    await world.pass((3 * 24 + 21) * HOUR);
    await world.pass(25 * HOUR);
    // Wednesday, 13:00: two hours before the end Max leaves, and Ada is who he answers to.
    await world.configure('people:\n  - { key: tara, name: Tara Lind, manager: ada }\n');
    await world.settle();
    expect((await timers())[0]?.[0]).toBe('2031-01-09T12:00');
  });
});

describe('a file with a calendar', () => {
  const of = (calendar: string) =>
    problems(
      `catalogs:\n  - name: A\n    packages:\n      - name: P\n        policies:\n          - name: Q\n            who: anyone\n` +
        `            expires: never\n            approval: [{ approvers: ana }]\n            calendar: ${calendar}\n`,
    );
  test.each([
    {
      name: 'a night shift',
      give: '{ zone: UTC, from: 22:00, until: 06:00 }',
      want: '10:56: The working hours end before they begin. "until" must be later than "from" on the same day; 24:00 is its end.',
    },
    {
      name: 'no working day',
      give: '{ zone: UTC, from: 08:00, until: 17:00, days: [] }',
      want: '10:69: This calendar has no working day. Name at least one, for example monday.',
    },
    {
      name: 'a day that no week has',
      give: '{ zone: UTC, from: 08:00, until: 17:00, days: [mondy] }',
      want: '10:70: "days" cannot be "mondy". Did you mean monday? Write monday, tuesday, wednesday, thursday, friday, saturday or sunday.',
    },
    {
      name: 'no time of day',
      give: '{ zone: UTC, from: 8, until: 24:30 }',
      want: '10:42: "8" is not a time of day. Write one like 08:30.',
    },
    {
      name: 'no date',
      give: '{ zone: UTC, from: 08:00, until: 24:00, holidays: [2026-02-30] }',
      want: '10:74: "2026-02-30" is no day of the calendar. Write one like 2026-12-25.',
    },
    {
      name: 'no zone',
      give: '{ zone: Mars, from: 08:00, until: 24:00 }',
      want: '10:31: "zone" is not a time zone. Write one like Europe/Vienna.',
    },
  ])('is refused for $name, with its place', ({ give, want }) => {
    expect(of(give)[0]).toBe(`file.yaml:${want}`);
  });

  test('is refused where others are asked only after the end, counted in working time, also by the calendar that it has', async () => {
    world = await aWorld(SMALL);
    const timed = (escalateAfter: string, decideWithin: string, calendar: string): Promise<string> =>
      world.configure(
        `catalogs:\n  - name: Finance\n    packages:\n      - name: P\n        policies:\n          - name: Q\n            who: anyone\n            expires: never\n` +
          `            approval: [{ approvers: ana, alternates: cas, escalateAfter: ${escalateAfter}, decideWithin: ${decideWithin} }]\n${calendar}`,
      );
    const written = `            calendar: ${CALENDAR}\n`;
    const refused =
      'world.yaml:9:74: "escalateAfter" must be shorter than "decideWithin" (14 days unless written), counted in working time.';
    await expect(timed('10 hours', '1 day', written)).rejects.toThrow(refused);
    await timed('1 day', '10 hours', written);
    await expect(timed('10 hours', '1 day', '')).rejects.toThrow(refused);
  });

  test('says in the plan what counts, and written otherwise it is the same', async () => {
    world = await aWorld(SMALL);
    const plan = await world.configure(withCalendar(CALENDAR));
    expect(plan).toContain(
      'working time: all → mon, tue, wed, thu, fri, 08:00 to 17:00 (Europe/Berlin), not on 2031-01-06',
    );
    expect(plan).toContain('(after 4 working hours: Cas de Vries) within 2 working days');
    const same =
      '{ zone: Europe/Berlin, from: 8:00, until: 17:00, holidays: [2031-01-06, 2031-01-06], days: [friday, monday, wednesday, thursday, tuesday] }';
    expect(await world.configure(withCalendar(same))).toContain('Nothing to change');
    expect(await world.configure(withCalendar(CALENDAR.replace('2031-01-06', '2031-01-07')))).toContain(
      'becomes version 3',
    );
  });

  test('may be written once and named again', async () => {
    const twice = withCalendar(`&office ${CALENDAR}`).replace(
      'expires: 8 hours',
      'calendar: *office, expires: 8 hours',
    );
    world = await aWorld(twice);
    expect(await world.sql('select zone, from_minute from policy_calendars')).toEqual([
      { zone: 'Europe/Berlin', from_minute: 480 },
      { zone: 'Europe/Berlin', from_minute: 480 },
    ]);
  });

  test('is kept in hours as well, which a release before calendars reads', async () => {
    for (const given of [SMALL, withCalendar(CALENDAR)]) {
      world = await aWorld(given);
      const rows = await world.sql<{ fits: boolean }>(
        `select decide_within_hours = decide_within_days * 24 and (escalate_after_hours = escalate_after_days * 24) is not false as fits
         from policy_stages where decide_within_days is not null`,
      );
      expect(new Set(rows.map(({ fits }) => fits))).toEqual(new Set([true]));
    }
  });

  test('is refused where a timer would take longer than a year by it', async () => {
    world = await aWorld(SMALL);
    const hour = `{ zone: UTC, days: [monday], from: "09:00", until: "10:00" }`;
    const timed = (decideWithin: string): Promise<string> =>
      world.configure(
        `catalogs:\n  - name: Finance\n    packages:\n      - name: P\n        policies:\n          - name: Q\n            who: anyone\n            expires: never\n` +
          `            approval: [{ approvers: ana, decideWithin: ${decideWithin} }]\n            calendar: ${hour}\n`,
      );
    const refused = /By this calendar "decideWithin" takes longer than a year\. Shorten it/;
    await expect(timed('54 hours')).rejects.toThrow(refused);
    await expect(timed('54 days')).rejects.toThrow(refused);
    expect(await timed('53 hours')).toContain('Applied');
  });

  test('without one, two days and 48 hours are the same, whichever is kept', async () => {
    world = await aWorld(SMALL);
    await world.sql(`alter table policy_stages disable trigger all`);
    await world.sql(
      `update policy_stages set decide_within_hours = decide_within_days * 24, decide_within_days = null,
         escalate_after_hours = escalate_after_days * 24, escalate_after_days = null`,
    );
    expect(await world.configure(SMALL)).toContain('Nothing to change');
  });
});

function problems(text: string): string[] {
  const found = parseBlueprint([{ name: 'file.yaml', text }]);
  return 'problems' in found ? found.problems.map(problemText) : [];
}
