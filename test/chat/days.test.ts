// Days as people type them.
import { DAY_TYPED, dayTyped } from '../../src/chat/days';
import { plain } from '../../src/chat/text';
import { explain } from '../../src/chat/words/faults';
import { faultOf } from '../support/sound';

const whole = new RegExp(`^${DAY_TYPED}$`, 'i');

test.each([
  ['2026-12-31', '2026-12-31'],
  ['today', '2026-11-26'],
  ['Tomorrow', '2026-11-27'],
  ['30 Nov', '2026-11-30'],
  ['30. november', '2026-11-30'],
  ['Nov 30', '2026-11-30'],
  ['December 1st, 2027', '2027-12-01'],
  ['Mon 30 Nov 2026', '2026-11-30'],
  ['Monday, 30 Nov', '2026-11-30'],
  ['26 Nov', '2026-11-26'],
  ['25 nov', '2026-11-25'],
  ['26 oct', '2026-10-26'],
  ['25 oct', '2027-10-25'],
  ['3 sept', '2027-09-03'],
])('%s is %s', (typed, want) => {
  expect(typed).toMatch(whole);
  expect(dayTyped(typed, '2026-11-26')).toBe(want);
});

test.each([
  ['30 Dec', '2026-12-30'],
  ['4 Jan', '2027-01-04'],
  ['5 Jan', '2027-01-05'],
  ['4 Dec', '2027-12-04'],
])('early in a year, %s is %s', (typed, want) => {
  expect(dayTyped(typed, '2027-01-05')).toBe(want);
});

test.each(['31 Feb', '0 March', '2026-13-01', '2026-02-30', '99 Jan 2027'])('%s is no day', (typed) => {
  expect(typed).toMatch(whole);
  expect(faultOf(() => dayTyped(typed, '2026-11-26'))).toMatchObject({ code: 'not-a-date', data: { typed } });
});

test.each([
  ['29 Feb', '2026-11-26', '2027'],
  ['Feb 29', '2027-03-01', '2027'],
  ['29 Feb', '2028-04-15', '2029'],
  ['29 Feb 2030', '2026-11-26', '2030'],
  ['2027-02-29', '2026-11-26', '2027'],
])('%s, typed on %s, is a day that %s does not have', (typed, today, year) => {
  expect(faultOf(() => dayTyped(typed, today))).toMatchObject({ code: 'not-a-date', data: { typed, year } });
  expect(plain(explain('not-a-date', { typed, year }), null)).toBe(
    `“${typed}” is no day of ${year}: its February has 28 days. Type “${year}-02-28” if you mean the last one.`,
  );
});

test.each([
  ['29 Feb', '2027-11-26'],
  ['29 Feb', '2028-03-15'],
])('where the year has it, %s typed on %s is that day', (typed, today) => {
  expect(dayTyped(typed, today)).toBe('2028-02-29');
});

test.each(['next week', '30.11.2026', '11/30', 'friday', 'the end of the world', '1'])(
  '%s is not taken for one',
  (typed) => {
    expect(typed).not.toMatch(whole);
  },
);
