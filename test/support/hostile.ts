// Hostile texts and cards for property tests: wrong lengths, broken characters, markup of every platform.
import fc from './fast-check';
import type { Action, Card, Element, Text } from '../../src/chat/card';
import { fixed, instant, strong } from '../../src/chat/spans';
import { berlin, block, button, cardOf } from './cards';

/** What people have been known to write into a reason, and worse. */
export const NASTY = [
  '<!channel>',
  '<!here|x>',
  '<@U1>',
  '<#C1>',
  '<http://evil.example|x>',
  'https://evil.example',
  'www.evil.example',
  '&lt;',
  '&amp;',
  '`code`',
  '```',
  '*bold*',
  '_it_',
  '~gone~',
  '> quote',
  '>>> quote',
  '[click](http://evil.example)',
  '![i](https://evil.example/x.png)',
  '# head',
  '- item',
  '1. item',
  '---',
  '\\',
  '|',
  '${evil}',
  '$',
  '{',
  '{{DATE(2020-01-01T00:00:00Z,SHORT)}}',
  '{{',
  '<b>x</b>',
  '\u202Eexe.gpj',
  '\u2066',
  '\u2069',
  '\u0000',
  '\u0007',
  '\uD83D',
  '\uDE00',
  '👩‍👩‍👧‍👦',
  'e\u0301\u0302\u0303',
  'שלום',
  'مرحبا',
  '𝒳',
  '\n',
  '\r\n',
  '\t',
  ' ',
  'snake_case',
  '',
] as const;

/** Made once: fast-check counts all of Unicode for each. */
const LETTERS = fc.string({ unit: 'binary', maxLength: 12 });

/** Anything from nothing to ten thousand characters of it. */
export function hostileText(): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...NASTY), LETTERS, fc.string({ maxLength: 12 }));
  const short = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  const long = fc
    .tuple(short, fc.integer({ min: 1, max: 10_000 }))
    .map(([text, length]) => `x${text}`.repeat(length).slice(0, length));
  const marks = fc.constantFrom(
    'a' + '\u0301'.repeat(10_000),
    '\uD83D'.repeat(5000),
    '😀'.repeat(5000),
    '‏'.repeat(4000),
    '\u202E'.repeat(9000),
  );
  return fc.oneof({ weight: 6, arbitrary: short }, { weight: 3, arbitrary: long }, { weight: 1, arbitrary: marks });
}

/** Spans whose people's text did not go through `user`, so that the writers meet it raw. */
export function hostileSpans(): fc.Arbitrary<Text> {
  const words = hostileText().map((text) => ({ kind: 'user' as const, text }));
  const when = fc
    .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
    .chain((at) =>
      fc.constantFrom('date' as const, 'dateTime' as const, 'time' as const).map((style) => instant(at, style)),
    );
  const span = fc.oneof(
    words,
    words.map((inner) => strong(inner, fixed(' · '))),
    when,
    fc.constantFrom(fixed(' · '), fixed('Waits')),
  );
  return fc.array(span, { maxLength: 3 });
}

function hostileActions(most: number): fc.Arbitrary<Action[]> {
  const execute = fc
    .record({
      title: hostileSpans(),
      tooltip: fc.option(hostileSpans()),
      style: fc.constantFrom('default' as const, 'positive' as const, 'destructive' as const),
    })
    .map(({ title, tooltip, style }) =>
      button('approve', title, { tooltip, style, data: { request: 'r-1', version: 2 }, typed: 'approve R-1' }),
    );
  const open = hostileSpans().map((title): Action => ({
    type: 'Action.OpenUrl',
    title,
    url: 'https://usher.example/x',
  }));
  return fc.array(fc.oneof(execute, open), { maxLength: most });
}

/** Every element of a message, hostile in text and number. */
export function hostileBody(most = 8): fc.Arbitrary<Element[]> {
  const text = fc
    .record({
      text: hostileSpans(),
      style: fc.constantFrom('default' as const, 'heading' as const),
      size: fc.constantFrom('small' as const, 'default' as const, 'large' as const),
      weight: fc.constantFrom('default' as const, 'bolder' as const),
      subtle: fc.boolean(),
    })
    .map((parts) => block(parts.text, parts));
  const facts = fc
    .array(fc.record({ title: hostileSpans(), value: hostileSpans() }), { minLength: 1, maxLength: 14 })
    .map((list): Element => ({ type: 'FactSet', facts: list }));
  const actions = hostileActions(6).map((list): Element => ({ type: 'ActionSet', actions: list }));
  const row = fc
    .tuple(fc.array(text, { minLength: 1, maxLength: 3 }), hostileActions(2))
    .map(([items, buttons]): Element => ({
      type: 'ColumnSet',
      columns: [
        { width: 'stretch', items },
        { width: 'auto', items: [{ type: 'ActionSet', actions: buttons }] },
      ],
    }));
  const pairs = fc
    .array(text, { minLength: 1, maxLength: 14 })
    .map((items): Element => ({ type: 'ColumnSet', columns: items.map((item) => ({ width: 'auto', items: [item] })) }));
  const leaf = fc.oneof(text, facts, actions, row, pairs);
  const group = fc
    .record({
      tone: fc.constantFrom('default' as const, 'good' as const, 'warning' as const, 'attention' as const),
      separator: fc.boolean(),
      items: fc.array(leaf, { minLength: 1, maxLength: 4 }),
    })
    .map((parts): Element => ({ type: 'Container', ...parts }));
  return fc.array(fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: group }), { maxLength: most });
}

export function hostileCard(): fc.Arbitrary<Card> {
  return fc
    .record({
      summary: hostileSpans(),
      body: hostileBody(),
      actions: hostileActions(6),
      reader: fc.constantFrom(berlin, null),
    })
    .map((parts) => ({ ...cardOf(parts.body, parts.actions, parts.reader), summary: parts.summary }));
}

export function hostileForm(): fc.Arbitrary<Card> {
  const base = { label: hostileSpans(), required: fc.boolean(), errorMessage: hostileSpans() };
  const number = fc.option(fc.integer({ min: -1000, max: 1000 }));
  const day = fc.option(fc.constantFrom('2026-02-28', '2024-02-29'));
  const input = fc.oneof(
    fc
      .record({
        ...base,
        value: fc.option(hostileText()),
        placeholder: fc.option(hostileSpans()),
        multiline: fc.boolean(),
        maxLength: fc.integer({ min: 1, max: 3000 }),
      })
      .map((parts) => ({ type: 'Input.Text' as const, ...parts })),
    fc
      .record({ ...base, value: number, min: number, max: number })
      .map((parts) => ({ type: 'Input.Number' as const, ...parts })),
    fc
      .record({
        ...base,
        value: fc.constantFrom(null, 'v0', 'v1', 'v0,v2', 'gone'),
        placeholder: fc.option(hostileSpans()),
        choices: fc.array(hostileSpans(), { minLength: 1, maxLength: 12 }).chain((titles) =>
          fc.constantFrom(1, 20).map((times) =>
            Array.from({ length: times }, () => titles)
              .flat()
              .map((title, index) => ({ title, value: `v${index}` })),
          ),
        ),
        multi: fc.boolean(),
        style: fc.constantFrom('expanded' as const, 'compact' as const),
        search: fc.constantFrom(null, 'people'),
      })
      .map((parts) => ({ type: 'Input.ChoiceSet' as const, ...parts })),
    fc.record({ ...base, value: day, min: day, max: day }).map((parts) => ({ type: 'Input.Date' as const, ...parts })),
    fc
      .record({ ...base, value: fc.constantFrom(null, '09:30') })
      .map((parts) => ({ type: 'Input.Time' as const, ...parts })),
    fc.record({ ...base, value: fc.boolean() }).map((parts) => ({ type: 'Input.Toggle' as const, ...parts })),
  );
  return fc
    .record({
      body: hostileBody(3),
      inputs: fc.array(input, { minLength: 1, maxLength: 8 }),
      submit: hostileSpans(),
      rest: hostileActions(3),
      draft: fc.constantFrom(null, 'd-1'),
    })
    .map(({ body, inputs, submit, rest, draft }) => ({
      ...cardOf(
        [...body, ...inputs.map((parts, index) => ({ ...parts, id: `f${index}` }))],
        [button('request-submit', submit), ...rest],
      ),
      draft,
    }));
}
