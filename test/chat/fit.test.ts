import type { Card, Element } from '../../src/chat/card';
import { inputIds } from '../../src/chat/card';
import { fitted } from '../../src/chat/fit';
import { fixed } from '../../src/chat/spans';
import { toText } from '../../src/chat/text';
import { block, button, cardOf, requestForm } from '../support/cards';

const row = (n: number): Element => block([fixed(`Row ${n}`)]);
const rows = Array.from({ length: 300 }, (_, n) => row(n));
/** A platform that takes so many elements of a body. */
const over = (most: number) => (card: Card) => card.body.length > most;

test.each([
  { most: 300, want: 300, says: null },
  { most: 299, want: 299, says: '2 more lines do not fit here.' },
  { most: 41, want: 41, says: '260 more lines do not fit here.' },
  { most: 1, want: 1, says: '300 more lines do not fit here.' },
])('of 300 rows where $most fit: $says', ({ most, want, says }) => {
  const card = fitted(cardOf(rows, [button('next', [fixed('Next')])]), over(most));
  expect(card.body).toHaveLength(want);
  expect(card.actions).toHaveLength(1);
  expect(/\d+ more lines.*/.exec(toText(card))?.[0] ?? null).toBe(says);
});

test('lines inside of others go as well', () => {
  const fact = (n: number) => ({ title: [fixed(`F${n}`)], value: [fixed('x')] });
  const card = cardOf([
    { type: 'Container', tone: 'default', separator: false, items: [row(1), row(2)] },
    { type: 'FactSet', facts: [fact(1), fact(2), fact(3)] },
  ]);
  const lines = (most: number) => {
    const long = (one: Card) => toText(one).split('\n').length > most + 2;
    return toText(fitted(card, long)).split('\n').slice(1);
  };
  expect(lines(3)).toEqual(['Row 1', 'Row 2', 'F1: x', '2 more lines do not fit here.']);
  expect(lines(2)).toEqual(['Row 1', 'Row 2', '3 more lines do not fit here.']);
  expect(lines(1)).toEqual(['Row 1', '4 more lines do not fit here.']);
});

test('what a form asks stays, whatever else goes', () => {
  const form = requestForm();
  const card = fitted({ ...form, body: [...rows, ...form.body] }, () => true);
  expect(inputIds(card)).toEqual(inputIds(form));
  expect(toText({ ...card, summary: [] })).toMatch(/^301 more lines do not fit here/);
});
