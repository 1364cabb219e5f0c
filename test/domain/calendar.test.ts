// Timers that count only working time: weekends, holidays and clocks that jump, against known instants and as laws.
import fc from '../support/fast-check';
import type { Span, WorkingCalendar } from '../../src/domain/model';
import { afterSpan, afterWorking, dateIn, DAY, halfway, HOUR, MINUTE, workingBetween } from '../../src/domain/time';

const office: WorkingCalendar = {
  zone: 'Europe/Berlin',
  days: [1, 2, 3, 4, 5],
  from: 8 * 60,
  until: 17 * 60,
  holidays: ['2026-12-25'],
};
const nights: WorkingCalendar = { ...office, days: [1, 2, 3, 4, 5, 6, 7], from: 60, until: 5 * 60 };
const hour: WorkingCalendar = { ...nights, from: 120, until: 180 };

// 25 November 2026 is a Wednesday; Berlin is an hour ahead, two in summer: from 29 March until 25 October.
const hours = (n: number): Span => ({ kind: 'hours', hours: n });
const days = (n: number): Span => ({ kind: 'days', days: n });

test.each([
  { name: 'within a day', from: '2026-11-25T09:00Z', span: hours(4), want: '2026-11-25T13:00Z' },
  { name: 'into the next day', from: '2026-11-25T14:00Z', span: hours(4), want: '2026-11-26T09:00Z' },
  { name: 'over a weekend', from: '2026-11-27T15:00Z', span: hours(2), want: '2026-11-30T08:00Z' },
  { name: 'up to the end of a day', from: '2026-11-27T15:00Z', span: hours(1), want: '2026-11-27T16:00Z' },
  { name: 'from a Saturday', from: '2026-11-28T12:00Z', span: hours(1), want: '2026-11-30T08:00Z' },
  { name: 'from early in the morning', from: '2026-11-25T03:00Z', span: hours(1), want: '2026-11-25T08:00Z' },
  { name: 'over a holiday', from: '2026-12-24T15:00Z', span: hours(2), want: '2026-12-28T08:00Z' },
  { name: 'into summer time', from: '2026-03-27T15:00Z', span: hours(2), want: '2026-03-30T07:00Z' },
  {
    name: 'through a night that lacks an hour',
    from: '2026-03-28T03:00Z',
    span: hours(4),
    want: '2026-03-29T03:00Z',
    by: nights,
  },
  {
    name: 'through a night that has an hour more',
    from: '2026-10-24T02:00Z',
    span: hours(4),
    want: '2026-10-25T02:00Z',
    by: nights,
  },
  { name: 'by days', from: '2026-11-25T09:00Z', span: days(2), want: '2026-11-27T09:00Z' },
  { name: 'by days over a weekend', from: '2026-11-27T09:00Z', span: days(1), want: '2026-11-30T09:00Z' },
  { name: 'by days over a holiday', from: '2026-12-24T09:00Z', span: days(1), want: '2026-12-28T09:00Z' },
  { name: 'by days from a Saturday', from: '2026-11-28T10:00Z', span: days(1), want: '2026-12-01T07:00Z' },
  { name: 'by days from the evening', from: '2026-11-25T19:00Z', span: days(1), want: '2026-11-27T07:00Z' },
  { name: 'by days from early morning', from: '2026-11-25T05:00Z', span: days(1), want: '2026-11-26T07:00Z' },
  { name: 'by days from the last minute', from: '2026-11-25T15:59Z', span: days(1), want: '2026-11-26T15:59Z' },
  { name: 'by days from the end of a day', from: '2026-11-25T16:00Z', span: days(1), want: '2026-11-27T07:00Z' },
  { name: 'by days into summer time', from: '2026-03-27T09:00Z', span: days(1), want: '2026-03-30T08:00Z' },
  {
    name: 'by days to a time that the clocks skip',
    from: '2026-03-28T01:30Z',
    span: days(1),
    want: '2026-03-29T01:00Z',
    by: nights,
  },
  {
    name: 'by days over working hours that the clocks skip',
    from: '2026-03-28T01:30Z',
    span: days(1),
    want: '2026-03-30T00:30Z',
    by: hour,
  },
  {
    name: 'by days where all time counts',
    from: '2026-11-27T09:00Z',
    span: days(1),
    want: '2026-11-28T09:00Z',
    by: null,
  },
])('a timer runs $name', ({ from, span, want, by = office }) => {
  expect(afterSpan(new Date(from), span, by)).toEqual(new Date(want));
});

test('the middle is that of the working time', () => {
  const [friday, tuesday] = [new Date('2026-11-27T15:00Z'), new Date('2026-12-01T15:00Z')];
  expect(halfway(friday, tuesday, office)).toEqual(new Date('2026-11-30T15:00Z'));
  expect(halfway(friday, tuesday, null)).toEqual(new Date('2026-11-29T15:00Z'));
});

describe('whatever the calendar', () => {
  const ZONES = ['Europe/Berlin', 'America/New_York', 'America/Santiago', 'Africa/Cairo', 'Australia/Lord_Howe', 'UTC'];
  const start = fc.date({
    min: new Date('2025-01-01T00:00Z'),
    max: new Date('2029-01-01T00:00Z'),
    noInvalidDate: true,
  });
  const calendarOpen = (earliest: number, last: number): fc.Arbitrary<WorkingCalendar> =>
    fc
      .record({
        zone: fc.constantFrom(...ZONES),
        days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
        hours: fc.uniqueArray(fc.integer({ min: earliest, max: last }), { minLength: 2, maxLength: 2 }),
        holidays: fc.array(start.map((one) => one.toISOString().slice(0, 10))),
      })
      .map(({ hours: [a = 0, b = 0], ...rest }) => ({ ...rest, from: Math.min(a, b), until: Math.max(a, b) }));
  const any = calendarOpen(0, 24 * 60);
  // None of the zones moves its clocks between these hours: what says the same local time every day needs one local time.
  const byDay = calendarOpen(4 * 60, 22 * 60);
  const length = fc.integer({ min: 1, max: 5 * DAY });
  const count = fc.integer({ min: 1, max: 30 });

  test('so much working time passes, the later the start the later the end, and two timers in a row are one', () => {
    fc.assert(
      fc.property(any, start, length, length, fc.nat(10 * DAY), (calendar, from, a, b, later) => {
        fc.pre(calendar.until - calendar.from >= 60);
        const end = afterWorking(from, a, calendar);
        expect(workingBetween(from, end, calendar)).toBe(a);
        expect(afterWorking(end, b, calendar)).toEqual(afterWorking(from, a + b, calendar));
        expect(+afterWorking(new Date(+from + later), a, calendar)).toBeGreaterThanOrEqual(+end);
      }),
      { numRuns: 100 },
    );
  });

  test('so many days leave that many whole working days, the later the start the later the end, and two in a row are one', () => {
    fc.assert(
      fc.property(byDay, start, count, count, fc.nat(10 * DAY), (calendar, from, a, b, later) => {
        const end = afterSpan(from, days(a), calendar);
        expect(workingBetween(from, end, calendar)).toBe(a * (calendar.until - calendar.from) * MINUTE);
        expect(afterSpan(end, days(b), calendar)).toEqual(afterSpan(from, days(a + b), calendar));
        expect(+afterSpan(new Date(+from + later), days(a), calendar)).toBeGreaterThanOrEqual(+end);
      }),
      { numRuns: 200 },
    );
  });

  test('a timer ends on a working day, in its hours', () => {
    const ends = fc.oneof(count.map(days), count.map(hours));
    fc.assert(
      fc.property(byDay, start, ends, (calendar, from, span) => {
        const end = afterSpan(from, span, calendar);
        const date = dateIn(end, calendar.zone);
        const shown = new Intl.DateTimeFormat('en-GB', { timeZone: calendar.zone, timeStyle: 'medium' }).format(end);
        const [h = 0, m = 0, s = 0] = shown.split(':').map(Number);
        expect(calendar.days).toContain(new Date(`${date}T12:00Z`).getUTCDay() || 7);
        expect(calendar.holidays).not.toContain(date);
        expect(h * 60 + m + s / 60).toBeGreaterThanOrEqual(calendar.from);
        expect(h * 60 + m + s / 60).toBeLessThanOrEqual(calendar.until);
      }),
      { numRuns: 200 },
    );
  });

  test('it ends however rarely anybody works', () => {
    const rare = { ...office, days: [7], from: 0, until: 1 };
    expect(+afterSpan(new Date(0), hours(1), rare)).toBeGreaterThan(59 * 7 * DAY - HOUR);
  });
});
