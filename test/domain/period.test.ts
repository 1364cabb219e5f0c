// How long access lasts: clamping, ends of days, extension windows and limits, reminders (rules 3.9, 3.16, 3.24; section 4).
import type { AssignmentFacts } from '../../src/domain/facts';
import type { AskedPeriod, Expiration, PolicyVersion } from '../../src/domain/model';
import {
  askedPeriod,
  checkStart,
  extensionWindow,
  inZone,
  mayExtend,
  period,
  reminders,
} from '../../src/domain/period';
import {
  aJustification,
  aPolicy,
  aStage,
  anAssignment,
  assignmentFacts,
  DAY,
  days,
  HOUR,
  hours,
  inScope,
  NOON,
  versionId,
} from '../support/builders';
import { faultOf } from '../support/sound';

const nothing: AskedPeriod = { startsAt: null, endsAt: null, hours: null };
const BERLIN = 'Europe/Berlin';
const utc = (text: string) => new Date(text);

describe('the period that a policy gives', () => {
  test.each<{
    name: string;
    expiration: Expiration;
    asked?: Partial<AskedPeriod>;
    zone?: string;
    want: [Date, Date | null, string | null];
  }>([
    { name: 'no end', expiration: { kind: 'never' }, want: [NOON, null, null] },
    { name: 'days from the approval', expiration: { kind: 'days', days: 30 }, want: [NOON, days(30), null] },
    {
      name: 'days over the change of clocks',
      expiration: { kind: 'days', days: 90 },
      want: [NOON, hours(90 * 24 - 1), null],
    },
    { name: 'hours are exact', expiration: { kind: 'hours', hours: 90 * 24 }, want: [NOON, days(90), null] },
    {
      name: 'a fixed day ends where the target is',
      expiration: { kind: 'date', day: '2026-01-20' },
      want: [NOON, utc('2026-01-20T23:00:00Z'), null],
    },
    {
      name: 'a fixed day ends later in the west',
      expiration: { kind: 'date', day: '2026-01-20' },
      zone: 'America/Los_Angeles',
      want: [NOON, utc('2026-01-21T08:00:00Z'), null],
    },
    {
      name: 'a fixed day ends earlier in the east',
      expiration: { kind: 'date', day: '2026-01-20' },
      zone: 'Asia/Tokyo',
      want: [NOON, utc('2026-01-20T15:00:00Z'), null],
    },
    {
      name: 'days from a later start',
      expiration: { kind: 'days', days: 30 },
      asked: { startsAt: days(10) },
      want: [days(10), days(40), null],
    },
    {
      name: 'days from the approval when the asked start has passed',
      expiration: { kind: 'days', days: 30 },
      asked: { startsAt: days(-3) },
      want: [NOON, days(30), null],
    },
    {
      name: 'a fixed date does not move with the start',
      expiration: { kind: 'date', day: '2026-01-20' },
      asked: { startsAt: days(2) },
      want: [days(2), utc('2026-01-20T23:00:00Z'), null],
    },
    {
      name: 'fewer hours than allowed',
      expiration: { kind: 'days', days: 30 },
      asked: { hours: 4 },
      want: [NOON, hours(4), null],
    },
    {
      name: 'more hours than allowed',
      expiration: { kind: 'hours', hours: 8 },
      asked: { hours: 9 },
      want: [NOON, hours(8), 'maximum'],
    },
    {
      name: 'exactly as many hours as allowed',
      expiration: { kind: 'hours', hours: 8 },
      asked: { hours: 8 },
      want: [NOON, hours(8), null],
    },
    {
      name: 'an earlier end',
      expiration: { kind: 'days', days: 30 },
      asked: { endsAt: utc('2026-01-20T12:00:00Z') },
      want: [NOON, utc('2026-01-20T23:00:00Z'), null],
    },
    {
      name: 'a later end',
      expiration: { kind: 'days', days: 30 },
      asked: { endsAt: utc('2026-03-20T12:00:00Z') },
      want: [NOON, days(30), 'maximum'],
    },
    {
      name: 'an end after the fixed one',
      expiration: { kind: 'date', day: '2026-01-20' },
      asked: { endsAt: days(6) },
      want: [NOON, utc('2026-01-20T23:00:00Z'), 'fixedEnd'],
    },
    {
      name: 'an end where none is needed',
      expiration: { kind: 'never' },
      asked: { endsAt: utc('2026-01-20T12:00:00Z') },
      want: [NOON, utc('2026-01-20T23:00:00Z'), null],
    },
    {
      name: 'today',
      expiration: { kind: 'never' },
      asked: { endsAt: NOON },
      want: [NOON, utc('2026-01-15T23:00:00Z'), null],
    },
    {
      name: 'the midnight that ends a day means that day',
      expiration: { kind: 'never' },
      asked: { endsAt: utc('2026-01-20T23:00:00Z') },
      want: [NOON, utc('2026-01-20T23:00:00Z'), null],
    },
    {
      name: 'the end of the day where the target is',
      expiration: { kind: 'never' },
      asked: { endsAt: utc('2026-01-20T12:00:00Z') },
      zone: 'America/New_York',
      want: [NOON, utc('2026-01-21T05:00:00Z'), null],
    },
  ])('$name', ({ expiration, asked, zone, want }) => {
    const given = period(aPolicy({ expiration }), { ...nothing, ...asked }, NOON, zone ?? BERLIN);
    expect([given.startsAt, given.endsAt, given.clamped]).toEqual(want);
  });

  test.each<{ name: string; expiration: Expiration; asked: Partial<AskedPeriod> }>([
    { name: 'an end before the start', expiration: { kind: 'never' }, asked: { startsAt: days(5), endsAt: days(3) } },
    { name: 'an end in the past', expiration: { kind: 'never' }, asked: { endsAt: days(-2) } },
    { name: 'a fixed date in the past', expiration: { kind: 'date', day: '2026-01-14' }, asked: {} },
    {
      name: 'a start after the fixed date',
      expiration: { kind: 'date', day: '2026-01-20' },
      asked: { startsAt: days(6) },
    },
    { name: 'no time at all', expiration: { kind: 'never' }, asked: { hours: 0 } },
  ])('$name is refused', ({ expiration, asked }) => {
    expect(faultOf(() => period(aPolicy({ expiration }), { ...nothing, ...asked }, NOON, BERLIN)).code).toBe(
      'end-before-start',
    );
  });

  test.each<{ name: string; from: string; to: string; want: Pick<AskedPeriod, 'startsAt' | 'endsAt'> }>([
    {
      name: 'who moved east',
      from: 'America/Los_Angeles',
      to: 'Asia/Tokyo',
      want: { startsAt: utc('2026-02-26T15:00:00Z'), endsAt: utc('2026-03-02T15:00:00Z') },
    },
    {
      name: 'who moved west',
      from: 'Asia/Tokyo',
      to: 'America/Los_Angeles',
      want: { startsAt: utc('2026-02-27T08:00:00Z'), endsAt: utc('2026-03-03T08:00:00Z') },
    },
    {
      name: 'who stayed',
      from: BERLIN,
      to: BERLIN,
      want: { startsAt: utc('2026-02-26T23:00:00Z'), endsAt: utc('2026-03-02T23:00:00Z') },
    },
  ])('$name keeps the days that were chosen', ({ from, to, want }) => {
    const chosen = askedPeriod({ startDate: '2026-02-27', endDate: '2026-03-02', hours: null }, from);
    expect(inZone(chosen, from, to)).toEqual({ ...want, hours: null });
  });

  test('typed dates are whole days where the target is', () => {
    expect(askedPeriod({ startDate: '2026-03-28', endDate: '2026-03-29', hours: null }, BERLIN)).toEqual({
      startsAt: utc('2026-03-27T23:00:00Z'),
      endsAt: utc('2026-03-29T22:00:00Z'),
      hours: null,
    });
    expect(askedPeriod({ startDate: null, endDate: null, hours: 3 }, BERLIN)).toEqual({ ...nothing, hours: 3 });
  });
});

describe('the asked start', () => {
  test.each([
    { name: 'none', give: null, wantFault: null },
    { name: 'this morning', give: utc('2026-01-14T23:00:00Z'), wantFault: null },
    { name: 'yesterday, just before midnight there', give: utc('2026-01-14T22:59:59Z'), wantFault: 'start-in-past' },
    { name: 'in 180 days', give: hours(180 * 24 - 1), wantFault: null },
    { name: 'later than that', give: hours(180 * 24), wantFault: 'start-too-late' },
  ])('$name: $wantFault', ({ give, wantFault }) => {
    const check = () => {
      checkStart({ ...nothing, startsAt: give }, NOON, BERLIN);
    };
    if (wantFault === null) expect(check).not.toThrow();
    else expect(faultOf(check).code).toBe(wantFault);
  });
});

describe('the extension window', () => {
  test.each([
    { name: 'the last 14 days of 30', give: { length: 30, from: 0 }, want: 14 },
    { name: 'the last 14 days of 28', give: { length: 28, from: 0 }, want: 14 },
    { name: 'the second half of 20', give: { length: 20, from: 0 }, want: 10 },
    { name: 'the second half of one', give: { length: 1, from: 0 }, want: 0.5 },
    { name: 'of the period that runs: 20 after 30', give: { length: 50, from: 30 }, want: 10 },
    { name: 'of the period that runs: 30 after 20', give: { length: 50, from: 20 }, want: 14 },
  ])('$name', ({ give, want }) => {
    const [startsAt, endsAt] = [NOON, days(give.length)];
    const { opensAt } = extensionWindow({ startsAt, endsAt }, { periodAt: days(give.from), until: endsAt });
    expect(opensAt).toEqual(new Date(endsAt.getTime() - want * DAY));
  });

  test('what has no end has no window', () => {
    expect(extensionWindow({ startsAt: NOON, endsAt: null }, { periodAt: NOON, until: null }).opensAt).toBeNull();
  });
});

/** Access of 30 days that ends in `left` days. */
function ending(left: number, policy: Partial<PolicyVersion> = {}, extensions = 0): AssignmentFacts {
  const [startsAt, endsAt] = [days(left - 30 * (extensions + 1)), days(left)];
  return assignmentFacts({
    policy: aPolicy(policy),
    assignment: anAssignment({ startsAt, endsAt }),
    justifications: [aJustification({ startsAt, until: endsAt, periodAt: days(left - 30), extensions })],
  });
}
const extension = (fields: Partial<PolicyVersion['extension']>) => ({
  extension: { ...aPolicy().extension, ...fields },
});

describe('an extension', () => {
  test.each<{ name: string; give: AssignmentFacts; want: { until: Date | null; n: number }; at?: Date }>([
    { name: 'adds a period to the end, not to today', give: ending(5), want: { until: days(35), n: 1 } },
    { name: 'may be asked for at the very opening', give: ending(14), want: { until: days(44), n: 1 } },
    {
      name: 'without limit where it needs approval',
      give: ending(5, { ...extension({ approval: true }), stages: [aStage()] }, 7),
      want: { until: days(35), n: 8 },
    },
    {
      name: 'without limit where that is written, though it needs no approval',
      give: ending(5, extension({ maxExtensions: 'unlimited' }), 7),
      want: { until: days(35), n: 8 },
    },
    {
      name: 'up to the limit that is set',
      give: ending(5, extension({ maxExtensions: 3 }), 2),
      want: { until: days(35), n: 3 },
    },
    {
      name: 'not beyond the longest time in all',
      give: ending(5, extension({ maxTotalDays: 40 })),
      want: { until: days(15), n: 1 },
    },
    {
      name: 'up to a fixed date',
      give: ending(5, { expiration: { kind: 'date', day: '2026-01-24' } }),
      want: { until: utc('2026-01-24T23:00:00Z'), n: 1 },
    },
    {
      name: 'in hours',
      give: ending(5, { expiration: { kind: 'hours', hours: 8 } }),
      want: { until: new Date(days(5).getTime() + 8 * HOUR), n: 1 },
    },
    {
      name: 'without end, where the policy has none any more and somebody approves that',
      give: ending(5, { expiration: { kind: 'never' }, ...extension({ approval: true }), stages: [aStage()] }),
      want: { until: null, n: 1 },
    },
    {
      name: 'without end, as it was given, where what had cut it is over',
      give: assignmentFacts({
        policy: aPolicy({ expiration: { kind: 'never' } }),
        assignment: anAssignment({ startsAt: days(-25), endsAt: days(5) }),
        justifications: [aJustification({ startsAt: days(-25), until: null, periodAt: days(-25) })],
      }),
      want: { until: null, n: 1 },
    },
    {
      name: 'never without end, where an end was approved and nobody approves another',
      give: ending(5, { expiration: { kind: 'never' } }),
      want: { until: days(35), n: 1 },
    },
    {
      name: 'as long as it was last given, where that is less than the policy gives and nobody approves more',
      give: ending(5, { expiration: { kind: 'days', days: 60 } }),
      want: { until: days(35), n: 1 },
    },
    {
      name: 'as long as the policy gives, where somebody approves that',
      give: ending(5, { expiration: { kind: 'days', days: 60 }, ...extension({ approval: true }), stages: [aStage()] }),
      want: { until: days(65), n: 1 },
    },
    {
      name: 'by the days of the calendar, where the whole period was given, though the clock is put forward',
      give: assignmentFacts({
        assignment: anAssignment({ startsAt: utc('2025-12-30T08:00:00Z'), endsAt: utc('2026-03-30T07:00:00Z') }),
        policy: aPolicy({ expiration: { kind: 'days', days: 90 } }),
        justifications: [aJustification({ periodAt: utc('2025-12-30T08:00:00Z'), until: utc('2026-03-30T07:00:00Z') })],
      }),
      at: utc('2026-03-29T12:00:00Z'),
      want: { until: utc('2026-06-28T07:00:00Z'), n: 1 },
    },
  ])('$name', ({ give, want, at }) => {
    const { until, n } = mayExtend(give, at ?? NOON);
    expect({ until, n }).toEqual(want);
  });

  test('goes by the policy as it is now', () => {
    const old = aPolicy();
    const now = aPolicy({ id: versionId('policy-1.2'), number: 2, expiration: { kind: 'days', days: 7 } });
    const facts = { ...ending(5), policies: [inScope(old), inScope(now)], latest: old };
    expect(mayExtend(facts, NOON)).toMatchObject({ policy: { id: 'policy-1.2' }, until: days(12) });
  });

  test.each<{ name: string; give: AssignmentFacts; wantFault: string; data?: object }>([
    { name: 'before the window opens', give: ending(15), wantFault: 'extension-too-early', data: { from: days(1) } },
    {
      name: 'a second time where it needs no approval',
      give: ending(5, {}, 1),
      wantFault: 'extension-limit',
      data: { max: 1 },
    },
    {
      name: 'a second time where approval is on and there is nobody to approve',
      give: ending(5, { ...extension({ approval: true }), stages: [] }, 1),
      wantFault: 'extension-limit',
      data: { max: 1 },
    },
    {
      name: 'once more than the limit',
      give: ending(5, extension({ maxExtensions: 2, approval: true }), 2),
      wantFault: 'extension-limit',
      data: { max: 2, again: false },
    },
    {
      name: 'never, where the limit is 0',
      give: ending(5, extension({ maxExtensions: 0 })),
      wantFault: 'extension-limit',
    },
    {
      name: 'past the longest time in all',
      give: ending(5, extension({ maxTotalDays: 30 })),
      wantFault: 'extension-past-limit',
      data: { until: days(5) },
    },
    {
      name: 'past the longest time in all, counted from the start of what it continues',
      give: {
        ...ending(5, extension({ maxTotalDays: 60 })),
        assignment: anAssignment({ startsAt: days(-25), since: days(-55), endsAt: days(5) }),
      },
      wantFault: 'extension-past-limit',
      data: { until: days(5) },
    },
    {
      name: 'past a fixed date',
      give: ending(5, { expiration: { kind: 'date', day: '2026-01-19' } }),
      wantFault: 'extension-past-limit',
    },
    {
      name: 'where the policy does not allow it',
      give: ending(5, extension({ allowed: false })),
      wantFault: 'not-extendable',
    },
    {
      name: 'where the policy is disabled',
      give: { ...ending(5), policies: [inScope(aPolicy(), { enabled: false })] },
      wantFault: 'not-extendable',
    },
    { name: 'where the policy is gone', give: { ...ending(5), policies: [] }, wantFault: 'not-extendable' },
    { name: 'where nothing justifies it any more', give: { ...ending(5), latest: null }, wantFault: 'not-extendable' },
    {
      name: 'of what has no end',
      give: { ...ending(5), assignment: anAssignment({ endsAt: null }) },
      wantFault: 'no-end-to-extend',
    },
    { name: 'of what has ended', give: ending(0), wantFault: 'not-held' },
    {
      name: 'of what has not begun',
      give: { ...ending(5), assignment: anAssignment({ state: 'scheduled', endsAt: days(5) }) },
      wantFault: 'not-held',
    },
    {
      name: 'of what is being removed',
      give: { ...ending(5), assignment: anAssignment({ state: 'removing', endsAt: days(5) }) },
      wantFault: 'not-held',
    },
  ])('$name: $wantFault', ({ give, wantFault, data }) => {
    const fault = faultOf(() => mayExtend(give, NOON));
    expect(fault.code).toBe(wantFault);
    expect(fault.data).toMatchObject(data ?? {});
  });
});

describe('reminders', () => {
  test.each([
    { name: 'the first when the window opens', give: { length: 30, reminded: 0 }, want: days(16) },
    { name: 'the second one day before the end', give: { length: 30, reminded: 1 }, want: days(29) },
    { name: 'no third', give: { length: 30, reminded: 2 }, want: null },
    { name: 'the second also for a little more than two days', give: { length: 2.1, reminded: 1 }, want: days(1.1) },
    { name: 'no second for two days', give: { length: 2, reminded: 1 }, want: null },
    { name: 'the first also for an afternoon', give: { length: 0.25, reminded: 0 }, want: days(0.125) },
  ])('$name', ({ give, want }) => {
    const access = { startsAt: NOON, endsAt: days(give.length) };
    const { opensAt } = extensionWindow(access, { periodAt: NOON, until: access.endsAt });
    expect(reminders(access, opensAt, give.reminded)).toEqual(want);
  });

  test('none where there is no end', () => {
    expect(reminders({ startsAt: NOON, endsAt: null }, null, 0)).toBeNull();
  });
});
