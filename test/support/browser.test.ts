// Where a missing browser skips tests, and where it fails.
import { isGate } from './browser';

const before = process.env['CI'];
afterEach(() => {
  if (before === undefined) delete process.env['CI'];
  else process.env['CI'] = before;
});

test.each([
  ['true', true],
  ['1', true],
  ['', false],
  ['false', false],
])('with CI=%s a missing browser is a fault: %s', (value, want) => {
  process.env['CI'] = value;
  expect(isGate()).toBe(want);
});
