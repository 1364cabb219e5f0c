// Days as people type them.
import { DAY_TYPED, dayTyped } from '../../src/chat/days';
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

test.each(['next week', '30.11.2026', '11/30', 'friday', 'the end of the world', '1'])(
  '%s is not taken for one',
  (typed) => {
    expect(typed).not.toMatch(whole);
  },
);
