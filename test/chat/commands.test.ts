// Typed words find their verb in any case and with odd spaces; half words and mistakes are answered with what was perhaps meant.
import { verbs } from '../../src/chat/actions';
import { helpRows, near, parse } from '../../src/chat/commands';
import { distance } from '../../src/chat/names';
import { bareName, numberTyped } from '../../src/chat/typed';

const CODE = '0a1b2c3d4e5f6g7h8j9k';

describe('a typed command', () => {
  test.each([
    { give: 'help', words: 'help', rest: '' },
    { give: '  HELP ', words: 'help', rest: '' },
    { give: 'Hi', words: 'hi', rest: '' },
    { give: 'request access', words: 'request access', rest: '' },
    { give: 'request\u00a0 Payroll  Reader', words: 'request', rest: 'Payroll Reader' },
    { give: 'Request Payroll for Ana Ng', words: 'request', rest: 'Payroll for Ana Ng' },
    { give: 'my access', words: 'my access', rest: '' },
    { give: 'r-1042', words: 'r-', rest: '1042' },
    { give: 'R-1042', words: 'r-', rest: '1042' },
    { give: 'T-17', words: 't-', rest: '17' },
    { give: '(t 17)?', words: 't-', rest: '17' },
    { give: '17', words: 'r-', rest: '17' },
    { give: 'done T-17 because it is set up', words: 'done', rest: 'T-17 because it is set up' },
    { give: 'My tasks!', words: 'my tasks', rest: '' },
    { give: 'cancel R-7', words: 'cancel', rest: 'R-7' },
    { give: 'deny R-7 because of the audit', words: 'deny', rest: 'R-7 because of the audit' },
    { give: 'give up Payroll', words: 'give up', rest: 'Payroll' },
    { give: 'ask again R-7', words: 'ask again', rest: 'R-7' },
    { give: 'assign Ana to Payroll', words: 'assign', rest: 'Ana to Payroll' },
    { give: `https://usher.example/go/${CODE}`, words: 'request', rest: CODE },
    { give: `<http://localhost:3000/go/${CODE.toUpperCase()}>`, words: 'request', rest: CODE },
    { give: `please https://usher.example/go/${CODE}/?from=mail`, words: 'request', rest: CODE },
    { give: `request https://usher.example/go/${CODE} for Ana`, words: 'request', rest: `${CODE} for Ana` },
    { give: `give up https://usher.example/go/${CODE}.`, words: 'give up', rest: `${CODE}.` },
    // What somebody gives as a reason is kept as it was typed.
    {
      give: `deny R-1042 because https://wiki.example/go/${CODE} says so`,
      words: 'deny',
      rest: `R-1042 because https://wiki.example/go/${CODE} says so`,
    },
    {
      give: `approve R-1042 see https://wiki.example/go/${CODE}`,
      words: 'approve',
      rest: `R-1042 see https://wiki.example/go/${CODE}`,
    },
    {
      give: 'request https://wiki.example/go/overviewofpackagesxx',
      words: 'request',
      rest: 'https://wiki.example/go/overviewofpackagesxx',
    },
  ])('$give', ({ give, words, rest }) => {
    const command = parse(give);
    expect({ words: command?.typed.words, rest: command?.rest }).toEqual({ words, rest });
  });

  test.each([
    'requestaccess',
    'the request',
    'approval',
    '',
    '💥',
    CODE,
    `https://usher.example/go/${CODE}0`,
    `https://usher.example/go/${CODE.replace('0', 'o')}`,
    `https://usher.example/come/${CODE}`,
    'https://usher.example/go/',
  ])('"%s" is none', (give) => {
    expect(parse(give)).toBeNull();
  });

  test.each([
    { give: 'aprove R-1042', want: 'approve R-1042' },
    { give: 'hlep', want: 'help' },
    { give: 'my acess', want: 'my access' },
    { give: 'taks', want: 'tasks' },
    { give: 'doen T-17', want: 'done T-17' },
    { give: 'my acc', want: 'my access' },
    { give: 'access', want: 'my access' },
    { give: 'appr', want: 'approvals' },
    { give: 'appr R-1042', want: 'approve R-1042' },
    { give: 'req led', want: 'request led' },
    { give: 'my', want: null },
    { give: 'weather tomorrow', want: null },
  ])('"$give" is answered with what was perhaps meant', ({ give, want }) => {
    expect(near(give)).toBe(want);
  });

  test('a hostile text of any length is looked at in no time', () => {
    expect(near('a'.repeat(100_000))).toBeNull();
    expect(parse('request ' + 'x '.repeat(100_000))?.rest.length).toBeLessThanOrEqual(2000);
  });
});

describe('a request number', () => {
  test.each([
    ['R-1042', 1042],
    ['r1042', 1042],
    ['1042', 1042],
    ['R- 1042', null],
    ['R-10x', null],
    ['0x10', null],
    ['-5', null],
    ['1e309', null],
    ['9'.repeat(40), null],
  ])('%s', (give, want) => {
    expect(numberTyped(give).number).toBe(want);
  });
});

test.each([
  ['“Ledger reader” please', 'Ledger reader'],
  ['Ledger reader, thank you!', 'Ledger reader'],
  ['Ledger reader 🙏 :)', 'Ledger reader'],
  ['Please', 'Please'],
  ['Thank you', 'Thank you'],
  ['"Tara" to "Given"', '"Tara" to "Given"'],
])('the name in %s is %s', (typed, name) => {
  expect(bareName(typed)).toBe(name);
});

test('no typed text takes long to be read', () => {
  for (const part of ['"', ' please', '!', '👍', '(', 'r-', '1', ':+1:', '“ ']) {
    const text = part.repeat(2_000 / part.length);
    expect(bareName(`${text}x`).length + numberTyped(`${text}x`).said.length).toBeGreaterThan(0);
  }
});

test('two letters swapped are one mistake', () => {
  expect(distance('hlep', 'help')).toBe(1);
  expect(distance('payrol', 'payroll')).toBe(1);
  expect(distance('', 'abc')).toBe(3);
});

test('every verb that writes and takes a person somewhere else has a typed form, or is the sending of a form', () => {
  const without = Object.entries(verbs)
    .filter(([, verb]) => verb.kind === 'writes' && (verb.typed ?? []).length === 0)
    .map(([name]) => name)
    .sort();
  // Sent forms, and what is reached from a typed one (approve ... because, cancel ... of somebody else).
  expect(without).toEqual([
    'approval.approveWithReason',
    'assignment.assign',
    'exception.submit',
    'request.remove',
    'request.submit',
  ]);
});

test('no two typed commands share their words', () => {
  const words = Object.values(verbs).flatMap((verb) => (verb.typed ?? []).map((typed) => typed.words));
  expect(new Set(words).size).toBe(words.length);
});

test.each([
  { only: 'owners', usage: 'assign <person> to <package>' },
  { only: 'owners', usage: 'remove <person> from <package>' },
  { only: 'keepers', usage: 'changes <resource>' },
  { only: 'keepers', usage: 'tasks' },
  { only: 'doers', usage: 'done T-17 because …' },
  { only: 'managers', usage: 'request <package> for <person>' },
  { only: 'deciders', usage: 'delegate approvals to <person> until <date>' },
  { only: 'approvers', usage: 'approve R-1042' },
  { only: 'approvers', usage: 'deny R-1042 because …' },
] as const)('only $only read of "$usage" in the help', ({ only, usage }) => {
  const nobody = { owners: false, keepers: false, managers: false, approvers: false, deciders: false, doers: false };
  const usages = (reader: typeof nobody) => helpRows(reader).map((row) => row.usage);
  const everybody = { owners: true, keepers: true, managers: true, approvers: true, deciders: true, doers: true };
  expect(usages({ ...everybody, [only]: false })).not.toContain(usage);
  expect(usages({ ...nobody, [only]: true })).toContain(usage);
});
