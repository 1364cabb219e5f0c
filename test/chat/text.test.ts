import fc from '../support/fast-check';
import { clip, cut, fixed, instant, isBlank, strong, user } from '../../src/chat/spans';
import { fitLines, formatInstant, plain, toLines, toText } from '../../src/chat/text';
import { approval, berlin, block, button, cardOf, dueAt, requestForm } from '../support/cards';
import { hostileCard, hostileForm, hostileText } from '../support/hostile';

describe('row 65: a moment is said in the reader’s zone with the zone named, in UTC where several read', () => {
  const at = (zone: string): string => formatInstant(dueAt, 'dateTime', { zone, locale: 'en' });
  test.each([
    { zone: 'Europe/Berlin', want: 'Sat 28 Nov 2026, 14:00 CET' },
    { zone: 'Europe/London', want: 'Sat 28 Nov 2026, 13:00 GMT' },
    { zone: 'America/New_York', want: 'Sat 28 Nov 2026, 08:00 EST' },
    { zone: 'Asia/Kolkata', want: 'Sat 28 Nov 2026, 18:30 IST' },
    { zone: 'Asia/Kathmandu', want: 'Sat 28 Nov 2026, 18:45 UTC+05:45' },
    { zone: 'America/St_Johns', want: 'Sat 28 Nov 2026, 09:30 UTC-03:30' },
    { zone: 'Pacific/Kiritimati', want: 'Sun 29 Nov 2026, 03:00 UTC+14:00' },
    { zone: 'UTC', want: 'Sat 28 Nov 2026, 13:00 UTC' },
    { zone: 'Moon/Tycho', want: 'Sat 28 Nov 2026, 13:00 UTC' },
  ])('$zone', ({ zone, want }) => {
    expect(at(zone)).toBe(want);
  });

  test('both sides of the end of summer time have their own name', () => {
    expect(formatInstant(new Date('2026-10-25T00:30:00Z'), 'time', berlin)).toBe('02:30 CEST');
    expect(formatInstant(new Date('2026-10-25T01:30:00Z'), 'time', berlin)).toBe('02:30 CET');
  });

  test('midnight is 00:00 of the new day', () => {
    expect(formatInstant(new Date('2026-11-28T23:00:00Z'), 'dateTime', berlin)).toBe('Sun 29 Nov 2026, 00:00 CET');
  });

  test('a shared card says UTC, with a bare date too', () => {
    expect(formatInstant(dueAt, 'dateTime', null)).toBe('Sat 28 Nov 2026, 13:00 UTC');
    expect(formatInstant(dueAt, 'date', null)).toBe('Sat 28 Nov 2026 UTC');
  });

  test.each([
    { zone: 'Europe/Berlin', want: 'Sat 28 Nov 2026' },
    { zone: 'UTC', want: 'Sat 28 Nov 2026' },
    { zone: 'Moon/Tycho', want: 'Sat 28 Nov 2026 UTC' },
  ])('a bare date names no zone that is the reader’s own: $zone', ({ zone, want }) => {
    expect(formatInstant(dueAt, 'date', { zone, locale: 'en' })).toBe(want);
  });
});

describe('clip', () => {
  test.each([
    { name: 'a short text stays', give: ['Ana', 10], want: 'Ana' },
    { name: 'a long one ends with an ellipsis', give: ['abcdef', 4], want: 'abc…' },
    { name: 'no space before the ellipsis', give: ['abc def', 5], want: 'abc…' },
    { name: 'an emoji is not halved', give: ['ab😀😀', 4], want: 'ab…' },
    { name: 'a family is not torn apart', give: ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 12], want: '👩‍👩‍👧‍👦…' },
    { name: 'an accent stays on its letter', give: ['ae\u0301bc', 3], want: 'a…' },
    { name: 'NUL and controls go', give: ['a\u0000b\u0007c', 10], want: 'abc' },
    { name: 'half a surrogate pair goes', give: ['a\uD83Db\uDE00', 10], want: 'ab' },
    { name: 'line ends become line feeds', give: ['a\r\nb\rc', 10], want: 'a\nb\nc' },
    {
      name: 'an override is isolated and closed',
      give: ['\u202Egpj.exe', 20],
      want: '\u2068\u202Egpj.exe\u202C\u2069',
    },
    { name: 'an end that ends nothing goes', give: ['a\u2069b', 20], want: '\u2068ab\u2069' },
    {
      name: 'an isolate’s end closes what was begun in it',
      give: ['\u2067\u202Ea\u2069b', 20],
      want: '\u2068\u2067\u202Ea\u202C\u2069b\u2069',
    },
    { name: 'a right-to-left name is isolated', give: ['שלום', 20], want: '\u2068שלום\u2069' },
  ])('$name', ({ give: [text, max], want }) => {
    expect(clip(text as string, max as number)).toBe(want);
  });

  test('never exceeds its length, is well formed, balanced, and the same when done twice', () => {
    fc.assert(
      fc.property(hostileText(), fc.integer({ min: 1, max: 4000 }), (text, max) => {
        const once = clip(text, max);
        expect(once.length).toBeLessThanOrEqual(max);
        expect(once).not.toMatch(/\p{Surrogate}|\0/u);
        const opened = once.match(/[\u2066-\u2068]/gu)?.length ?? 0;
        expect(once.match(/\u2069/gu)?.length ?? 0).toBe(opened);
        expect(once.match(/\u202C/gu)?.length ?? 0).toBe(once.match(/[\u202A\u202B\u202D\u202E]/gu)?.length ?? 0);
        expect(clip(once, max)).toBe(once);
      }),
      { numRuns: 300 },
    );
  });

  test('a cut text begins as the whole one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 40 }), (text, max) => {
        const short = cut(text, max);
        expect(short === text || text.startsWith(short.slice(0, -1))).toBe(true);
      }),
    );
  });
});

test.each([
  { give: ' \n\u0000', want: true },
  { give: '\u202E\u200B\u200F', want: true },
  { give: 'a', want: false },
  { give: '👩‍👧', want: false },
])('a text that shows nothing is blank: $give is $want', ({ give, want }) => {
  expect(isBlank([user(give)])).toBe(want);
});

test('a person’s text is cut where it becomes a span', () => {
  expect(user('x'.repeat(10_000))).toEqual({ kind: 'user', text: `${'x'.repeat(2999)}…` });
  expect(user('abcdef', 3)).toEqual({ kind: 'user', text: 'ab…' });
});

test('plain text has no markup', () => {
  expect(plain([strong(user('<b> *x*')), fixed(': '), instant(dueAt)], berlin)).toBe(
    '<b> *x*: Sat 28 Nov 2026, 14:00 CET',
  );
});

describe('the plain-text form', () => {
  test('says what the card says, with typed commands in place of buttons', () => {
    expect(toText(approval({ link: 'https://usher.example/r' }))).toMatchInlineSnapshot(`
     "Ana asks for Payroll
     Waits for you until Sat 28 Nov 2026, 14:00 CET
     Period: 30 days
     Holds: snake_case *and* <@U1>
     Reason: Quarter end & audit
     Ledger · R-1042
     Approve: “approve R-1042”
     Deny: “deny R-1042”
     View in the app: https://usher.example/r"
    `);
  });

  test('shows a form as questions with what is filled in', () => {
    expect(toText(requestForm({ reason: 'Quarter end' }))).toMatchInlineSnapshot(`
     "Request access to Payroll administration
     Package:
     Policy: Urgent
     Roles:
     Country:
     Reason: Quarter end
     Days: 30
     From:
     At: 09:30
     Tell my manager: ☑"
    `);
  });

  test('begins with the summary, and says it once', () => {
    const card = { ...approval(), summary: [fixed('R-1042 waits for you')] };
    expect(toText(card)).toMatch(/^R-1042 waits for you\nAna asks for Payroll\n/);
  });

  test('what does not fit goes by whole lines from the end, and the buttons stay', () => {
    const card = cardOf(
      Array.from({ length: 300 }, (_, n) => block([user(`Row ${n} ${'w'.repeat(40)}`)])),
      [button('approve', [fixed('Approve')], { typed: 'approve R-1042' })],
    );
    const text = fitLines(
      toLines(card),
      (line) => plain(line, null),
      ({ length }) => length <= 1000,
    );
    expect(text.length).toBeLessThanOrEqual(1000);
    expect(text).toMatch(/\nRow 1 w{40}\n.*\nRow 19 w{40}\n…\nApprove: “approve R-1042”$/s);
  });

  test('every card has one, well formed', () => {
    fc.assert(
      fc.property(fc.oneof(hostileCard(), hostileForm()), (card) => {
        expect(toText(card)).not.toMatch(/\p{Surrogate}|\0|undefined|\[object/u);
      }),
      { numRuns: 60 },
    );
  });
});
