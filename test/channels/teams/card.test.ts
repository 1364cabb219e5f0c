import fc from '../../support/fast-check';
import { misfit, toTeams } from '../../../src/channels/teams/card';
import type { Card, Element } from '../../../src/chat/card';
import { fixed, user } from '../../../src/chat/spans';
import { schemaFindings } from '../../support/adaptive-check';
import { approval, block, button, cardOf, requestForm } from '../../support/cards';
import { hostileCard } from '../../support/hostile';

const size = (card: Card): number => Buffer.byteLength(JSON.stringify(toTeams(card)));
const buttons = (count: number): ReturnType<typeof button>[] =>
  Array.from({ length: count }, () => button('x', [fixed('x')]));

describe('row 48: cards stay small, at 1.5, with six buttons in a bar and unique ids', () => {
  test('a card without misfit is below 25 KB and valid against the schema of 1.5', () => {
    fc.assert(
      fc.property(hostileCard(), (card) => {
        const written = toTeams(card);
        expect(written.version).toBe('1.5');
        expect(schemaFindings(written)).toEqual([]);
        if (misfit(card) === null) expect(size(card)).toBeLessThan(25 * 1024);
        else expect(size(card) >= 25 * 1024 || /buttons/.test(misfit(card) ?? '')).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('300 rows go from the end until the rest fits, a line says so, and the buttons stay', () => {
    const rows = Array.from({ length: 300 }, (_, index) => block([user(`${index} ${'long words '.repeat(30)}`)]));
    const card = cardOf(rows, [button('next', [fixed('Next')])]);
    expect(misfit(card)).toBeNull();
    expect(size(card)).toBeLessThan(25 * 1024);
    const { body, actions } = toTeams(card) as unknown as { body: { text: string }[]; actions: object[] };
    expect(body.length).toBeGreaterThan(40);
    expect(body.at(-1)?.text).toBe(`${301 - body.length} more lines do not fit here.`);
    expect(actions).toHaveLength(1);
  });

  test('a form loses lines before it loses anything that it asks', () => {
    const lines = Array.from({ length: 100 }, (_, index) => block([user(`${index} ${'long words '.repeat(30)}`)]));
    const form = requestForm();
    const long = { ...form, body: [...lines, ...form.body] };
    const inputs = (card: Card) => JSON.stringify(toTeams(card, { dialog: true })).match(/"Input\./g)?.length;
    expect(inputs(long)).toBe(inputs(form));
    expect(misfit(long)).toBeNull();
  });

  test.each([
    { name: 'six buttons', card: cardOf([], buttons(6)), want: null },
    { name: 'seven buttons', card: cardOf([], buttons(7)), want: '7 buttons in a bar, Teams shows 6' },
    {
      name: 'seven in a row of the body',
      card: cardOf([
        { type: 'Container', tone: 'default', separator: false, items: [{ type: 'ActionSet', actions: buttons(7) }] },
      ]),
      want: '7 buttons in a bar, Teams shows 6',
    },
    {
      name: 'a list of eight rows with a button each',
      card: cardOf(
        Array.from({ length: 8 }, (): Element => ({ type: 'ActionSet', actions: buttons(1) })),
        buttons(2),
      ),
      want: null,
    },
    {
      name: 'a template marker in an id',
      card: cardOf([], [button('x', [fixed('x')], { data: { id: '${x}' } })]),
      want: 'a template marker is left in the card',
    },
  ])('$name: $want', ({ card, want }) => {
    expect(misfit(card)).toBe(want);
  });

  test('ids are those of the inputs, each once', () => {
    const ids = [...JSON.stringify(toTeams(requestForm())).matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(9);
  });
});

describe('row 50: a card goes without a text part, its words for notifications are in the card', () => {
  test('fallbackText says all of it in words, and gives way where the card needs the room', () => {
    const rows = (count: number): Card => ({
      ...approval(),
      body: Array.from({ length: count }, (_, index) => block([user(`${index} ${'long words '.repeat(30)}`)])),
    });
    expect(size(rows(300))).toBeLessThan(25 * 1024);
    expect(toTeams(rows(300))['fallbackText']).toMatch(/^Ana asks for Payroll(\n|$)/);
    expect(toTeams(rows(40))['fallbackText']).toMatch(/\n….*Approve: “approve R-1042”\n\nDeny: “deny R-1042”$/s);
    expect(toTeams(approval(), { dialog: true })['fallbackText']).toBe('Ana asks for Payroll');
  });

  test('there is no text beside the card', () => {
    const written = toTeams(approval());
    expect(written['fallbackText']).toMatchInlineSnapshot(`
     "Ana asks for Payroll

     Waits for you until Sat 28 Nov 2026, 14:00 CET

     Period: 30 days

     Holds: snake\\_case \\*and\\* \\<@U1>

     Reason: Quarter end \\& audit

     Ledger · R-1042

     Approve: “approve R-1042”

     Deny: “deny R-1042”"
    `);
    expect(Object.keys(written).sort()).toEqual([
      '$schema',
      'actions',
      'body',
      'fallbackText',
      'msteams',
      'speak',
      'type',
      'version',
    ]);
  });
});

describe('where it is shown decides the buttons', () => {
  const types = (card: Card, options: Parameters<typeof toTeams>[1]): unknown =>
    (toTeams(card, options)['actions'] as readonly { readonly type: string }[]).map(({ type }) => type);

  test('in a message, with and without forms that can open', () => {
    expect(types(approval(), {})).toEqual(['Action.Execute', 'Action.Execute']);
    expect(types(approval(), { opensForm: (verb) => verb === 'deny' })).toEqual(['Action.Execute', 'Action.Submit']);
  });
  test('in a dialog', () => {
    expect(types(requestForm(), { dialog: true })).toEqual(['Action.Submit', 'Action.Submit']);
  });
});
