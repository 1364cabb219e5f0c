import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasInputs, type Card } from '../../src/chat/card';
import { loadCards } from '../../src/chat/cards';
import { parseTemplate, TemplateError, type CardData } from '../../src/chat/dialect';
import { fixed, instant, strong, user } from '../../src/chat/spans';
import { plain } from '../../src/chat/text';
import {
  APPROVAL,
  APPROVAL_DATA,
  approval,
  bindOne,
  block,
  dueAt,
  FORM,
  FORM_DATA,
  requestForm,
} from '../support/cards';

const bare = (body: unknown[], rest: object = {}): object => ({
  type: 'AdaptiveCard',
  version: '1.5',
  fallbackText: '${label.approve}',
  body,
  ...rest,
});
const parse =
  (template: unknown): (() => unknown) =>
  () =>
    parseTemplate('sample', 'cards/sample.json', template);
const textOf = (card: Card): string[] =>
  card.body.map((element) => (element.type === 'TextBlock' ? plain(element.text, null) : element.type));
const line = (text: string, rest: object = {}): object => ({ type: 'TextBlock', text, ...rest });

describe('a template is refused at load, with file and path, when', () => {
  const cases: { name: string; give: unknown; wantFault: string }[] = [
    { name: 'it is no card', give: [], wantFault: '$: must be an object' },
    { name: 'its type is another', give: { ...bare([]), type: 'Card' }, wantFault: '$.type: must be "AdaptiveCard"' },
    { name: 'its version is another', give: { ...bare([]), version: '1.6' }, wantFault: '$.version: must be "1.5"' },
    {
      name: 'it has no fallbackText',
      give: { type: 'AdaptiveCard', version: '1.5', body: [] },
      wantFault: '$: has no "fallbackText"',
    },
    {
      name: 'the card has an unknown property',
      give: bare([], { speak: 'x' }),
      wantFault: '$.speak: is not in the dialect',
    },
    {
      name: 'an element is not in the dialect',
      give: bare([{ type: 'Image', url: 'x' }]),
      wantFault: '$.body[0].type: "Image" is not in the dialect',
    },
    {
      name: 'an element is called like a member of Object',
      give: bare([{ type: 'constructor' }]),
      wantFault: '"constructor" is not in the dialect',
    },
    {
      name: 'an element has an unknown property',
      give: bare([line('${a}', { color: 'good' })]),
      wantFault: '$.body[0].color: is not in the dialect',
    },
    {
      name: 'a nested element has an unknown property',
      give: bare([{ type: 'Container', items: [line('${a}', { warp: true })] }]),
      wantFault: '$.body[0].items[0].warp: is not in the dialect',
    },
    {
      name: 'an action is not in the dialect',
      give: bare([], { actions: [{ type: 'Action.Submit', title: '${a}' }] }),
      wantFault: '$.actions[0].type: "Action.Submit" is not in the dialect',
    },
    {
      name: 'an action has an unknown property',
      give: bare([], { actions: [{ type: 'Action.Execute', title: '${a}', verb: 'x', iconUrl: 'x' }] }),
      wantFault: '$.actions[0].iconUrl: is not in the dialect',
    },
    {
      name: 'a choice has an unknown property',
      give: bare([
        { type: 'Input.ChoiceSet', id: 'a', label: '${a}', choices: [{ title: '${a}', value: 'a', icon: 1 }] },
      ]),
      wantFault: '$.body[0].choices[0].icon: is not in the dialect',
    },
    {
      name: 'words stand in a text',
      give: bare([line('Approve ${a}')]),
      wantFault: '$.body[0].text: has the words "Approve"',
    },
    {
      name: 'words in another script stand in a text',
      give: bare([line('${a} до')]),
      wantFault: '$.body[0].text: has the words',
    },
    {
      name: 'words stand in a button',
      give: bare([], { actions: [{ type: 'Action.Execute', title: 'Go', verb: 'x' }] }),
      wantFault: '$.actions[0].title: has the words "Go"',
    },
    {
      name: 'an expression is bound',
      give: bare([line('${if(a, b, c)}')]),
      wantFault: '$.body[0].text: has ${if(a, b, c)}',
    },
    { name: 'a path is not closed', give: bare([line('${a')]), wantFault: '$.body[0].text: has an unclosed ${' },
    { name: 'a client macro is written', give: bare([line('{{DATE(${a})}}')]), wantFault: '$.body[0].text' },
    {
      name: 'a name of a list is misspelt',
      give: bare([line('${a}', { size: 'huge' })]),
      wantFault: '$.body[0].size: must be one of',
    },
    {
      name: 'text would be cut off',
      give: bare([line('${a}', { wrap: false })]),
      wantFault: '$.body[0].wrap: must be true',
    },
    {
      name: '$data is no path',
      give: bare([line('${a}', { $data: 'rows' })]),
      wantFault: '$.body[0].$data: must be exactly one ${path}',
    },
    {
      name: '$when is an expression',
      give: bare([line('${a}', { $when: '${a == b}' })]),
      wantFault: '$.body[0].$when: must be exactly one',
    },
    {
      name: 'a day is no day',
      give: bare([{ type: 'Input.Date', id: 'a', label: '${a}', value: '2026-13-01' }]),
      wantFault: '$.body[0].value: must be a day',
    },
    {
      name: 'a choice has nothing to choose from',
      give: bare([{ type: 'Input.ChoiceSet', id: 'a', label: '${a}' }]),
      wantFault: 'has neither "choices" nor "choices.data"',
    },
    {
      name: 'an answer is required and nothing says so',
      give: bare([{ type: 'Input.Time', id: 'a', label: '${a}', isRequired: true }]),
      wantFault: '$.body[0]: has no "errorMessage"',
    },
    {
      name: 'a day is limited and nothing says so',
      give: bare([{ type: 'Input.Date', id: 'a', label: '${a}', min: '2026-12-01' }]),
      wantFault: '$.body[0]: has no "errorMessage"',
    },
  ];
  test.each(cases)('$name', ({ give, wantFault }) => {
    expect(parse(give)).toThrow(TemplateError);
    expect(parse(give)).toThrow(wantFault);
    expect(parse(give)).toThrow('cards/sample.json $');
  });
});

test('punctuation, spaces and signs may stand in a template', () => {
  expect(textOf(bindOne(bare([line('${a} · ${b}: → ${a}')]), { a: [fixed('x')], b: [fixed('y')] }))).toEqual([
    'x · y: → x',
  ]);
});

describe('binding', () => {
  test('an approval becomes one tree of spans', () => {
    const card = approval();
    expect(card.body.map((element) => element.type)).toEqual([
      'TextBlock',
      'Container',
      'FactSet',
      'TextBlock',
      'ColumnSet',
    ]);
    expect(card.body[0]).toEqual(
      block([strong(user('Ana')), fixed(' asks for '), user('Payroll')], {
        style: 'heading',
        size: 'large',
        weight: 'bolder',
      }),
    );
    expect(card.body[1]).toMatchObject({
      tone: 'warning',
      items: [{ text: [fixed('Waits for you until'), fixed(' '), instant(dueAt)] }],
    });
    expect(card.actions).toMatchObject([
      {
        verb: 'approve',
        style: 'positive',
        data: { request: '0190-r', version: 3 },
        typed: 'approve R-1042',
        tooltip: [fixed('Approve'), fixed(' '), fixed('R-1042')],
      },
      { verb: 'deny', style: 'destructive', tooltip: null },
    ]);
    expect(hasInputs(card)).toBe(false);
  });

  test('an expression in the data stays data', () => {
    expect(textOf(bindOne(bare([line('${a}')]), { a: [user('${b} {{DATE(x)}}')], b: [fixed('secret')] }))).toEqual([
      '${b} {{DATE(x)}}',
    ]);
  });

  test('$data repeats an element, inside a row paths start at the row and $root reaches the card', () => {
    const template = bare([line('${name} ${$root.tail} ${label.approve}', { $data: '${rows}' })]);
    const row = (name: string): CardData => ({ name: [user(name)] });
    expect(textOf(bindOne(template, { rows: [row('a'), row('b')], tail: [fixed('!')] }))).toEqual([
      'a ! Approve',
      'b ! Approve',
    ]);
    expect(textOf(bindOne(template, { rows: [], tail: [fixed('!')] }))).toEqual([]);
  });

  test('a row does not see the card without $root', () => {
    const template = bare([line('${tail}', { $data: '${rows}' })]);
    expect(() => bindOne(template, { rows: [{}], tail: [fixed('!')] })).toThrow(
      'cards/sample.json $.body[0].text: finds nothing at ${tail}',
    );
  });

  test.each([
    { name: 'a filled text', value: [user('x')], want: true },
    { name: 'an empty text', value: [user(' ')], want: false },
    { name: 'no spans', value: [], want: false },
    { name: 'null', value: null, want: false },
    { name: 'false', value: false, want: false },
    { name: 'zero', value: 0, want: false },
    { name: 'a list', value: [{ a: 1 }], want: true },
    { name: 'a word', value: 'yes', want: true },
  ])('$when takes $name as $want, and its opposite the other way', ({ value, want }) => {
    const template = bare([line('${label.approve}', { $when: '${a}' }), line('${label.deny}', { $when: '${!a}' })]);
    expect(textOf(bindOne(template, { a: value }))).toEqual([want ? 'Approve' : 'Deny']);
  });

  test('$when is asked for each row', () => {
    const template = bare([line('${name}', { $data: '${rows}', $when: '${open}' })]);
    const rows = [
      { name: [fixed('a')], open: false },
      { name: [fixed('b')], open: true },
    ];
    expect(textOf(bindOne(template, { rows }))).toEqual(['b']);
  });

  test.each([
    { name: 'a missing path', data: {}, wantFault: '$.body[0].text: finds nothing at ${a.b}' },
    { name: 'a path through null', data: { a: null }, wantFault: 'finds nothing at ${a.b}' },
    { name: 'a path into the prototype', data: { a: {} }, wantFault: 'finds nothing at ${a.b}' },
    {
      name: 'a plain string in a shown place',
      data: { a: { b: 'unmarked' } },
      wantFault: 'needs spans at ${a.b}, got a string',
    },
    { name: 'a number in a shown place', data: { a: { b: 7 } }, wantFault: 'needs spans at ${a.b}, got a number' },
    { name: 'data that would hide the fixed words', data: { a: { b: [] }, label: {} }, wantFault: 'has a key "label"' },
  ])('$name is a fault, never a hole on the card', ({ data, wantFault }) => {
    expect(() => bindOne(bare([line('${a.b}')]), data as CardData)).toThrow(wantFault);
  });

  test('nothing inherited can be bound', () => {
    expect(() => bindOne(bare([line('${constructor}')]), {})).toThrow('finds nothing at ${constructor}');
    expect(parse(bare([line('${__proto__}')]))).toThrow('only paths');
  });

  test('null is absent, for a text, a fact, a value, a hint, a link and a member of data', () => {
    const template = bare(
      [
        line('${none}'),
        { type: 'FactSet', facts: [{ title: '${label.reason}', value: '${none}' }] },
        { type: 'Input.Text', id: 'a', label: '${label.reason}', value: '${none}', placeholder: '${none}' },
      ],
      {
        actions: [
          {
            type: 'Action.Execute',
            title: '${label.submit}',
            verb: 'x',
            tooltip: '${none}',
            usherTyped: '${none}',
            data: { a: '${none}', b: 2 },
          },
          { type: 'Action.OpenUrl', title: '${label.open}', url: '${none}' },
        ],
      },
    );
    const card = bindOne(template, { none: null });
    expect(card.body).toMatchObject([{ type: 'Input.Text', value: null, placeholder: null, maxLength: 3000 }]);
    expect(card.actions).toMatchObject([{ tooltip: null, typed: null, data: { b: 2 } }]);
  });

  test('a bound name outside its list is a fault', () => {
    expect(() => approval({ tone: 'purple' })).toThrow(
      '$.body[1].style: must be one of default, emphasis, good, warning, attention',
    );
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'usher.example'])(
    'a link to %s is a fault',
    (link) => {
      expect(() => approval({ link })).toThrow('$.actions[2].url: needs a web address');
    },
  );

  test('a form has all its inputs, with choices bound from a list', () => {
    const form = requestForm();
    expect(hasInputs(form)).toBe(true);
    expect(form.draft).toBe('draft-1');
    expect(form.body).toMatchObject([
      { type: 'TextBlock' },
      { id: 'package', search: 'packages', required: true, choices: [] },
      { id: 'policy', style: 'expanded', value: 'urgent', choices: [{ value: 'standard' }, { value: 'urgent' }] },
      { id: 'roles', multi: true },
      { id: 'country', style: 'compact', choices: FORM_DATA.countries },
      { id: 'reason', maxLength: 500, multiline: true, errorMessage: [fixed('Say why.')], value: null },
      { id: 'days', min: 1, max: 90, value: 30 },
      { id: 'from', value: null, min: '2026-01-01', max: null },
      { id: 'at', value: '09:30' },
      { id: 'tell', value: true, label: [fixed('Tell my manager')] },
    ]);
  });

  test.each([
    { name: 'two inputs with one id', inputs: ['a', 'a'], wantFault: 'has two inputs "a"' },
    { name: 'an id that Teams gives a meaning to', inputs: ['msteams'], wantFault: 'cannot have an input "msteams"' },
    { name: 'an id with a space', inputs: ['a b'], wantFault: 'cannot have an input "a b"' },
  ])('$name is a fault', ({ inputs, wantFault }) => {
    const body = inputs.map((id) => ({ type: 'Input.Time', id, label: '${label.at}' }));
    expect(() => bindOne(bare(body), {})).toThrow(wantFault);
  });

  test('a choice that could not come back is a fault', () => {
    const choices = (values: string[]): CardData => ({
      ...FORM_DATA,
      policies: values.map((value) => ({ title: [fixed('x')], value })),
    });
    expect(() => bindOne(FORM, choices(['a', 'a']))).toThrow('offers one value twice in "policy"');
    expect(() => bindOne(FORM, choices(['a,b']))).toThrow('cannot come back');
  });

  test('a blank name from a directory is no fault', () => {
    const blank = { title: [user(' \u0000')], value: 'a' };
    expect(requestForm({ policies: [blank], policy: null }).body[2]).toMatchObject({ choices: [{ value: 'a' }] });
  });

  test('a template tells its verbs', () => {
    expect(parseTemplate('approval', 'x', APPROVAL).verbs).toEqual(['package-details', 'approve', 'deny']);
  });
});

describe('the book', () => {
  const folder = mkdtempSync(join(tmpdir(), 'usher-cards-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('reads a folder, binds by name, and stops at the first broken file', () => {
    writeFileSync(join(folder, 'approval.json'), JSON.stringify(APPROVAL));
    writeFileSync(join(folder, 'request-form.json'), JSON.stringify(FORM));
    const book = loadCards(folder);
    expect(book.names).toEqual(['approval', 'request-form']);
    expect(() => book.bind('gone', {}, { id: null, draft: null, reader: null, label: {} })).toThrow(
      'there is no card "gone"',
    );
    expect(() => book.bind('approval', APPROVAL_DATA, { id: null, draft: null, reader: null, label: {} })).toThrow(
      'finds nothing at ${label.',
    );

    writeFileSync(join(folder, 'broken.json'), '{');
    expect(() => loadCards(folder)).toThrow(/broken\.json \$: is not JSON/);
  });
});
