// JSON from outside, before anybody looks at what it means: what two readers could read differently is nothing at all.
import { readObject } from '../../src/chat/json';

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const wide = (values: number): string => `{"a":[${Array.from({ length: values }, () => '1').join(',')}]}`;

test.each([
  ['an object', '{"a":1,"b":{"a":[1,{"a":2}]}}', { a: 1, b: { a: [1, { a: 2 }] } }],
  ['a key that is also a value', '{"a":"a","b":"a"}', { a: 'a', b: 'a' }],
  ['the same key on two levels and in two rows', '{"a":{"a":1},"b":[{"a":1},{"a":2}]}', expect.anything()],
  ['a colon, a brace and a quote in a string', String.raw`{"a":"x\":{\"a\":1,","b":"}"}`, { a: 'x":{"a":1,', b: '}' }],
  ['keys that differ in case', '{"a":1,"A":2}', { a: 1, A: 2 }],
  ['as deep as allowed', deep(32), expect.anything()],
  ['as wide as allowed', wide(20_000), expect.anything()],
])('%s is read', (_name, text, want) => {
  expect(readObject(text)).toEqual(want);
});

test.each([
  ['a key twice', '{"a":1,"a":2}'],
  ['a key twice, further down', '{"x":[{"a":1,"b":2,"a":3}]}'],
  ['a key twice, once with escapes', String.raw`{"a":1,"\u0061":2}`],
  ['a key twice, with space before its colon', '{"a" \n:1,"a"\t:2}'],
  ['the key that every object inherits through', '{"x":{"__proto__":{"a":1}}}'],
  ['the same with escapes', String.raw`{"\u005f_proto__":{"a":1}}`],
  ['deeper than allowed', deep(33)],
  ['deeper than allowed, in lists', `{"a":${'['.repeat(32)}${']'.repeat(32)}}`],
  ['wider than allowed', wide(20_002)],
  ['a list', '[1]'],
  ['null', 'null'],
  ['a string that does not end', '{"a":"b'],
  ['what is no JSON', '{a:1}'],
  ['nothing', ''],
])('%s is nothing', (_name, text) => {
  expect(readObject(text)).toBeNull();
});
