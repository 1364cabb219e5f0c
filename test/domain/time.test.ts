// Days in named zones against known instants: clocks that jump, skip midnight, repeat it, or skip a whole day.
import {
  addDays,
  after,
  dateIn,
  earlier,
  endOfDay,
  HOUR,
  isZone,
  latest,
  nextDate,
  startOfDay,
} from '../../src/domain/time';
import { faultOf } from '../support/sound';

describe('a day ends when the next one starts there', () => {
  test.each([
    // Berlin: +1, in summer +2; changes on the last Sundays of March and October.
    ['2026-01-15', 'Europe/Berlin', '2026-01-15T23:00:00Z'],
    ['2026-03-28', 'Europe/Berlin', '2026-03-28T23:00:00Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-29T22:00:00Z'],
    ['2026-10-24', 'Europe/Berlin', '2026-10-24T22:00:00Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T23:00:00Z'],
    ['2026-12-31', 'Europe/Berlin', '2026-12-31T23:00:00Z'],
    ['2028-02-28', 'Europe/Berlin', '2028-02-28T23:00:00Z'],
    ['2028-02-29', 'Europe/Berlin', '2028-02-29T23:00:00Z'],
    ['2026-02-28', 'Europe/Berlin', '2026-02-28T23:00:00Z'],
    // New York: -5, in summer -4; changes on the second Sunday of March and the first of November.
    ['2026-03-07', 'America/New_York', '2026-03-08T05:00:00Z'],
    ['2026-03-08', 'America/New_York', '2026-03-09T04:00:00Z'],
    ['2026-10-31', 'America/New_York', '2026-11-01T04:00:00Z'],
    ['2026-11-01', 'America/New_York', '2026-11-02T05:00:00Z'],
    ['2026-12-31', 'America/New_York', '2027-01-01T05:00:00Z'],
    // Sydney: +11 in summer, +10 in winter; the other way round in the year.
    ['2026-04-04', 'Australia/Sydney', '2026-04-04T13:00:00Z'],
    ['2026-04-05', 'Australia/Sydney', '2026-04-05T14:00:00Z'],
    ['2026-10-03', 'Australia/Sydney', '2026-10-03T14:00:00Z'],
    ['2026-10-04', 'Australia/Sydney', '2026-10-04T13:00:00Z'],
    // Lord Howe moves by half an hour.
    ['2026-04-05', 'Australia/Lord_Howe', '2026-04-05T13:30:00Z'],
    ['2026-10-04', 'Australia/Lord_Howe', '2026-10-04T13:00:00Z'],
    // No change ever, odd offsets.
    ['2026-06-30', 'Asia/Kolkata', '2026-06-30T18:30:00Z'],
    ['2026-06-30', 'Asia/Kathmandu', '2026-06-30T18:15:00Z'],
    ['2026-06-30', 'Pacific/Kiritimati', '2026-06-30T10:00:00Z'],
    ['2026-06-30', 'Pacific/Niue', '2026-07-01T11:00:00Z'],
    ['2026-12-31', 'UTC', '2027-01-01T00:00:00Z'],
    // Midnight is skipped: the day before ends where the clocks jump.
    ['2010-04-29', 'Africa/Cairo', '2010-04-29T22:00:00Z'],
    ['2019-09-07', 'America/Santiago', '2019-09-08T04:00:00Z'],
    ['2018-11-03', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['2022-03-21', 'Asia/Tehran', '2022-03-21T20:30:00Z'],
    // Midnight comes twice: the hour before it belongs to the ending day both times.
    ['2019-04-06', 'America/Santiago', '2019-04-07T04:00:00Z'],
    ['2018-02-17', 'America/Sao_Paulo', '2018-02-18T03:00:00Z'],
    ['2022-09-21', 'Asia/Tehran', '2022-09-21T20:30:00Z'],
    // St. John's changed at one minute past midnight.
    ['2010-11-06', 'America/St_Johns', '2010-11-07T03:30:00Z'],
    ['2010-03-13', 'America/St_Johns', '2010-03-14T03:30:00Z'],
    // Samoa crossed the date line: 30 December 2011 did not happen.
    ['2011-12-29', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['2011-12-31', 'Pacific/Apia', '2011-12-31T10:00:00Z'],
  ])('%s in %s ends at %s', (date, zone, want) => {
    expect(endOfDay(date, zone).toISOString()).toBe(new Date(want).toISOString());
    expect(startOfDay(nextDate(date, 1), zone)).toEqual(endOfDay(date, zone));
  });
});

describe('so many days later it is the same time of day', () => {
  test.each([
    ['2026-03-28T11:00:00Z', 1, 'Europe/Berlin', '2026-03-29T10:00:00Z'],
    ['2026-10-24T10:00:00Z', 1, 'Europe/Berlin', '2026-10-25T11:00:00Z'],
    ['2026-01-15T11:00:00Z', 180, 'Europe/Berlin', '2026-07-14T10:00:00Z'],
    ['2028-02-28T11:00:00Z', 1, 'Europe/Berlin', '2028-02-29T11:00:00Z'],
    ['2027-02-28T11:00:00Z', 1, 'Europe/Berlin', '2027-03-01T11:00:00Z'],
    ['2026-12-31T23:30:00Z', 1, 'America/New_York', '2027-01-01T23:30:00Z'],
    // 02:30 does not exist on that day: the clocks show 03:30.
    ['2026-03-28T01:30:00Z', 1, 'Europe/Berlin', '2026-03-29T01:30:00Z'],
    // 02:30 comes twice on that day: the first one.
    ['2026-10-24T00:30:00Z', 1, 'Europe/Berlin', '2026-10-25T00:30:00Z'],
    ['2026-01-15T11:00:00.123Z', 30, 'Asia/Kolkata', '2026-02-14T11:00:00.123Z'],
  ])('%s and %d days in %s is %s', (from, days, zone, want) => {
    expect(addDays(new Date(from), days, zone).toISOString()).toBe(new Date(want).toISOString());
  });
});

describe('which date it is depends on where one looks', () => {
  test.each([
    ['2026-01-15T23:30:00Z', 'Europe/Berlin', '2026-01-16'],
    ['2026-01-15T23:30:00Z', 'America/New_York', '2026-01-15'],
    ['2026-01-15T23:30:00Z', 'Pacific/Kiritimati', '2026-01-16'],
    ['2026-01-01T04:59:59Z', 'America/New_York', '2025-12-31'],
  ])('%s in %s is the %s', (instant, zone, want) => {
    expect(dateIn(new Date(instant), zone)).toBe(want);
  });
});

test.each(['2026-02-30', '2027-02-29', '2026-13-01', '2026-1-5', 'tomorrow', ''])('"%s" is not a date', (typed) => {
  expect(faultOf(() => endOfDay(typed, 'UTC'))).toMatchObject({ code: 'not-a-date', data: { typed } });
});

test('a zone is known or not, whatever is typed', () => {
  expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', ''].map(isZone)).toEqual([true, true, false, false]);
});

test('no end is later than any end', () => {
  const [a, b] = [new Date(1), new Date(2)];
  expect([earlier(a, b), earlier(b, a), earlier(null, b), earlier(a, null), earlier(null, null)]).toEqual([
    a,
    a,
    b,
    a,
    null,
  ]);
  expect([latest([a, b]), latest([b, a]), latest([a, null]), latest([])]).toEqual([b, b, null, null]);
  expect(after(a, HOUR)).toEqual(new Date(1 + HOUR));
});
