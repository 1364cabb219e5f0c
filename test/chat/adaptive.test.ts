import fc from '../support/fast-check';
import { toPage } from '../../src/channels/web/card';
import { readPressed, toAdaptive } from '../../src/chat/adaptive';
import type { Card, Text } from '../../src/chat/card';
import { escapeMarkdown } from '../../src/chat/markdown';
import { address, fixed, instant, strong, user } from '../../src/chat/spans';
import { parserFindings, schemaFindings } from '../support/adaptive-check';
import { approval, berlin, block, button, cardOf, dueAt, requestForm } from '../support/cards';
import { hostileCard, hostileForm, hostileText, NASTY } from '../support/hostile';

const json = (card: Card): string => JSON.stringify(toAdaptive(card, { markdown: true, fallback: true }));
const said = (text: Text, reader: Card['reader'] = berlin, markdown = true): unknown => {
  const { body } = toAdaptive(cardOf([block(text)], [], reader), { markdown });
  return (body as readonly { readonly text?: unknown }[])[0]?.text;
};

describe('the official parser and schema accept', () => {
  test('any message', () => {
    fc.assert(
      fc.property(hostileCard(), (card) => {
        const written = toAdaptive(card, { markdown: true, fallback: true });
        expect(schemaFindings(written)).toEqual([]);
        expect(structural(parserFindings(written))).toEqual([]);
        expect(structural(parserFindings(toPage(card)))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('any form', () => {
    fc.assert(
      fc.property(hostileForm(), (card) => {
        const written = toAdaptive(card, { markdown: true, dialog: true });
        expect(schemaFindings(written)).toEqual([]);
        expect(structural(parserFindings(written))).toEqual([]);
        expect(structural(parserFindings(toPage(card)))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('the samples, without any finding', () => {
    expect(parserFindings(toAdaptive(approval(), { markdown: true, fallback: true }))).toEqual([]);
    expect(parserFindings(toPage(approval()))).toEqual([]);
    expect(structural(parserFindings(toPage(requestForm())))).toEqual([]);
  });

  test('and the checks are no yes-men', () => {
    const broken = {
      type: 'AdaptiveCard',
      version: '1.5',
      body: [{ type: 'Input.Text', id: 'a', isRequired: true }, { type: 'Imagine' }],
    };
    expect(parserFindings(broken).length).toBeGreaterThan(1);
    expect(schemaFindings(broken).length).toBeGreaterThan(0);
  });
});

/** The parser takes `choices.data` for a part of 1.6 only, and does not know that a field which searches needs no choices. */
function structural(findings: readonly string[]): string[] {
  return findings.filter((finding) => !/choices\.data|at least one choice/i.test(finding));
}

describe('row 49: people’s words stay words', () => {
  test.each([
    { give: '[click](http://evil.example)', want: '\\[click\\]\\(http:\u200B//evil.example\\)' },
    { give: '![i](https://evil.example)', want: '\\!\\[i\\]\\(https:\u200B//evil.example\\)' },
    { give: '*b* _i_ ~~s~~ `c`', want: '\\*b\\* \\_i\\_ \\~\\~s\\~\\~ \\`c\\`' },
    { give: 'back\\slash', want: 'back\\\\slash' },
    { give: '# head', want: '\\# head' },
    { give: 'a\n  > b', want: 'a\n\n\\> b' },
    { give: '- a\n+ b\n1. c\n12) d', want: '\\- a\n\n\\+ b\n\n1\\. c\n\n12\\) d' },
    { give: '---\n===', want: '\\---\n\n\\===' },
    { give: '<b>&lt;|', want: '\\<b>\\&lt;\\|' },
    { give: 'www.evil.example mailto:a@b.c', want: 'www\u200B.evil.example mailto:\u200Ba@b.c' },
    { give: '${evil}', want: '$\u200B{evil}' },
    { give: '{{DATE(2020-01-01T00:00:00Z,SHORT)}}', want: '{\u200B{DATE\\(2020-01-01T00:00:00Z,SHORT\\)}}' },
  ])('$give', ({ give, want }) => {
    expect(said([{ kind: 'user', text: give }])).toBe(want);
  });

  test('our own words keep their brackets, and still make no link', () => {
    expect(said([fixed('Ends soon (in 3 days) & [x](y)')])).toBe('Ends soon (in 3 days) & \\[x\\](y)');
  });

  test('an address of ours is a link, and stays whole where nothing is rendered', () => {
    const url = 'https://teams.example/l/chat/0/0?users=28:a-b&message=request%20x';
    expect(said([fixed('See '), address(url)])).toBe(`See [${url}](${url})`);
    expect(said([fixed('See '), address(url)], berlin, false)).toBe(`See ${url}`);
    for (const bad of [
      'javascript:alert(1)',
      'https://x/)[y',
      'https://x/<b>',
      'https://x/ y',
      'https://x/`',
      'data:x',
    ])
      expect(() => address(bad)).toThrow();
  });

  test('spaces between spans stay, those that would make code of a line go', () => {
    expect(said([fixed('Until'), fixed(' '), strong(user(' Ana ')), fixed(' · '), user('x\n    code')])).toBe(
      'Until  **Ana**  · x\n\ncode',
    );
    expect(said([user('    code')])).toBe('code');
  });

  test('a marker that is put together from two spans is broken too', () => {
    expect(said([user('$'), user('{x}'), user('{'), user('{TIME(2020-01-01T00:00:00Z)}}')])).not.toMatch(/\$\{|\{\{/);
    const page = toPage(cardOf([block([strong(user('a{')), user('{b'), user('$'), user('{c}')])]));
    expect(JSON.stringify(page.body)).toContain('"text":"a{\u200B"');
    expect(JSON.stringify(page.body)).not.toContain('"text":"$"');
  });

  test('no template marker leaves, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(hostileCard(), hostileForm()), (card) => {
        expect(json(card)).not.toContain('${');
        expect(JSON.stringify(toPage(card))).not.toContain('${');
      }),
      { numRuns: 60 },
    );
  });

  test('no markdown survives, whatever is written', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText(), fc.constantFrom(...NASTY)), (text) => {
        const bare = escapeMarkdown(text).replace(/\\[\\[\]()*_`~|<&!#>+=.-]/g, 'x');
        expect(bare).not.toMatch(/[[\]()*_`~|<&\\]/);
        expect(bare).not.toMatch(/^[ \t]*([#>+=-]|\d+[.)])/m);
        expect(bare).not.toMatch(/(https?|ftp|mailto):(?!\u200B)/i);
        expect(bare).not.toMatch(/[^\n]\n[^\n]/);
      }),
      { numRuns: 300 },
    );
  });

  test('in places without markdown nothing is escaped, macros are broken all the same', () => {
    const card = cardOf([], [button('x', [user('Ask [Ana] {{DATE(2020-01-01T00:00:00Z)}}')])]);
    expect(toAdaptive(card, { markdown: true }).actions).toMatchObject([
      { title: 'Ask [Ana] {\u200B{DATE(2020-01-01T00:00:00Z)}}' },
    ]);
    expect(said([user('a*b')], berlin, false)).toBe('a*b');
  });

  test('what a person typed comes back as it was', () => {
    const value = 'pay ${x} and {{y}}';
    const form = toAdaptive(requestForm({ reason: value }), { markdown: true });
    const shown = (form.body as readonly { readonly id?: string; readonly value?: string }[]).find(
      (one) => one.id === 'reason',
    )?.value;
    expect(shown).not.toContain('${');
    expect(readPressed({ usher: { verb: 'x' }, reason: shown })?.values).toEqual({ reason: value });
  });
});

describe('row 65: moments', () => {
  test('use the client’s macros plus UTC on a shared card, without fractions of a second', () => {
    expect(said([instant(dueAt)], null)).toBe(
      '{{DATE(2026-11-28T13:00:00Z,SHORT)}} {{TIME(2026-11-28T13:00:00Z)}} (Sat 28 Nov 2026, 13:00 UTC)',
    );
    expect(said([instant(dueAt, 'date')], null)).toBe('{{DATE(2026-11-28T13:00:00Z,SHORT)}} (Sat 28 Nov 2026 UTC)');
  });
  test('are written out in the reader’s zone on a personal one', () => {
    expect(said([instant(dueAt)])).toBe('Sat 28 Nov 2026, 14:00 CET');
  });
  test('are words in places without macros', () => {
    const card = cardOf([], [button('x', [instant(dueAt)])], null);
    expect(toAdaptive(card, { markdown: true }).actions).toMatchObject([{ title: 'Sat 28 Nov 2026, 13:00 UTC' }]);
  });
});

describe('buttons', () => {
  test('an execute has a submit with the same data for old clients', () => {
    const [approve] = toAdaptive(approval(), { markdown: true, fallback: true }).actions as readonly Record<
      string,
      unknown
    >[];
    const data = { usher: { verb: 'approve', card: 'card-1', data: { request: '0190-r', version: 3 } } };
    expect(approve).toEqual({
      type: 'Action.Execute',
      verb: 'approve',
      title: 'Approve',
      style: 'positive',
      tooltip: 'Approve R-1042',
      data,
      fallback: { type: 'Action.Submit', title: 'Approve', style: 'positive', tooltip: 'Approve R-1042', data },
    });
    expect(readPressed(data)).toEqual({
      verb: 'approve',
      card: 'card-1',
      draft: null,
      data: { request: '0190-r', version: 3 },
      values: {},
    });
  });

  test('a verb that opens a form asks Teams for a dialog', () => {
    const options = { markdown: true, taskFetch: (verb: string) => verb === 'deny' };
    expect(toAdaptive(approval(), options).actions).toMatchObject([
      { type: 'Action.Execute' },
      { type: 'Action.Submit', title: 'Deny', data: { msteams: { type: 'task/fetch' }, usher: { verb: 'deny' } } },
    ]);
  });

  test('in a dialog all are submits, and the form’s own one sends', () => {
    const options = { markdown: true, dialog: true, taskFetch: () => true };
    expect(toAdaptive(requestForm(), options).actions).toMatchObject([
      { type: 'Action.Submit', data: { usher: { verb: 'request-submit', draft: 'draft-1' } } },
      { type: 'Action.Submit', associatedInputs: 'none', data: { msteams: { type: 'task/fetch' } } },
    ]);
    expect(
      (toAdaptive(requestForm(), options).actions as readonly { readonly associatedInputs?: string }[])[0]
        ?.associatedInputs,
    ).toBeUndefined();
  });

  test.each([null, 'x', 7, [], {}, { usher: 7 }, { usher: { verb: 7 } }, { msteams: {} }])(
    '%j was not sent by a button of ours',
    (value) => {
      expect(readPressed(value)).toBeNull();
    },
  );

  test('answers come beside our own member, as strings, and cannot replace it', () => {
    const value = {
      usher: { verb: 'x', card: 7, draft: 'd', data: [] },
      msteams: { type: 'task/fetch' },
      a: 'A',
      n: 5,
      t: true,
      o: { p: 1 },
      verb: 'approve',
    };
    expect(readPressed(value)).toEqual({
      verb: 'x',
      card: null,
      draft: 'd',
      data: {},
      values: { a: 'A', n: '5', t: 'true', verb: 'approve' },
    });
  });
});

describe('layout', () => {
  test('an approval in Teams’ markdown', () => {
    expect(toAdaptive(approval(), { markdown: true }).body).toMatchInlineSnapshot(`
     [
       {
         "size": "Large",
         "style": "heading",
         "text": "**Ana** asks for Payroll",
         "type": "TextBlock",
         "weight": "Bolder",
         "wrap": true,
       },
       {
         "items": [
           {
             "text": "Waits for you until Sat 28 Nov 2026, 14:00 CET",
             "type": "TextBlock",
             "wrap": true,
           },
         ],
         "style": "warning",
         "type": "Container",
       },
       {
         "facts": [
           {
             "title": "Period",
             "value": "30 days",
           },
           {
             "title": "Holds",
             "value": "snake\\_case \\*and\\* \\<@U1>",
           },
         ],
         "type": "FactSet",
       },
       {
         "text": "Reason: Quarter end \\& audit",
         "type": "TextBlock",
         "wrap": true,
       },
       {
         "columns": [
           {
             "items": [
               {
                 "text": "Ledger · R-1042",
                 "type": "TextBlock",
                 "wrap": true,
               },
             ],
             "type": "Column",
             "width": "stretch",
           },
           {
             "items": [
               {
                 "actions": [
                   {
                     "data": {
                       "usher": {
                         "card": "card-1",
                         "data": {
                           "package": "p-1",
                         },
                         "verb": "package-details",
                       },
                     },
                     "title": "Details",
                     "type": "Action.Execute",
                     "verb": "package-details",
                   },
                 ],
                 "type": "ActionSet",
               },
             ],
             "type": "Column",
             "width": "auto",
           },
         ],
         "type": "ColumnSet",
       },
     ]
    `);
  });

  test('a form', () => {
    expect(toAdaptive(requestForm({ countries: [{ title: [user('A*B')], value: 'ab' }] }), { markdown: true }).body)
      .toMatchInlineSnapshot(`
     [
       {
         "style": "heading",
         "text": "Request access to Payroll administration",
         "type": "TextBlock",
         "wrap": true,
       },
       {
         "choices": [],
         "choices.data": {
           "dataset": "packages",
           "type": "Data.Query",
         },
         "errorMessage": "Say why.",
         "id": "package",
         "isRequired": true,
         "label": "Package",
         "style": "filtered",
         "type": "Input.ChoiceSet",
       },
       {
         "choices": [
           {
             "title": "Standard",
             "value": "standard",
           },
           {
             "title": "Urgent",
             "value": "urgent",
           },
         ],
         "id": "policy",
         "label": "Policy",
         "style": "expanded",
         "type": "Input.ChoiceSet",
         "value": "urgent",
         "wrap": true,
       },
       {
         "choices": [
           {
             "title": "Standard",
             "value": "standard",
           },
           {
             "title": "Urgent",
             "value": "urgent",
           },
         ],
         "id": "roles",
         "isMultiSelect": true,
         "label": "Roles",
         "style": "expanded",
         "type": "Input.ChoiceSet",
         "wrap": true,
       },
       {
         "choices": [
           {
             "title": "A*B",
             "value": "ab",
           },
         ],
         "id": "country",
         "label": "Country",
         "placeholder": "Country",
         "style": "compact",
         "type": "Input.ChoiceSet",
       },
       {
         "errorMessage": "Say why.",
         "id": "reason",
         "isMultiline": true,
         "isRequired": true,
         "label": "Reason",
         "maxLength": 500,
         "type": "Input.Text",
       },
       {
         "errorMessage": "Say why.",
         "id": "days",
         "label": "Days",
         "max": 90,
         "min": 1,
         "type": "Input.Number",
         "value": 30,
       },
       {
         "errorMessage": "Say why.",
         "id": "from",
         "label": "From",
         "min": "2026-01-01",
         "type": "Input.Date",
       },
       {
         "id": "at",
         "label": "At",
         "type": "Input.Time",
         "value": "09:30",
       },
       {
         "id": "tell",
         "title": "Tell my manager",
         "type": "Input.Toggle",
         "value": "true",
       },
     ]
    `);
  });

  test('bold words are text runs where no markdown is rendered', () => {
    expect(toPage(cardOf([block([strong(user('*Ana*')), fixed(' '), user('asks')])])).body).toEqual([
      {
        type: 'RichTextBlock',
        inlines: [
          { type: 'TextRun', text: '*Ana*', weight: 'Bolder' },
          { type: 'TextRun', text: ' ' },
          { type: 'TextRun', text: 'asks' },
        ],
      },
    ]);
  });

  test('the page declares 1.6 only where a field searches', () => {
    expect([toPage(approval()).version, toPage(requestForm()).version]).toEqual(['1.5', '1.6']);
  });

  test('the summary is there for notifications and screen readers, and is no markup', () => {
    const card = { ...approval(), summary: [user('<break/> ${x} *Ana*')] };
    expect(toAdaptive(card, { markdown: true })).toMatchObject({
      fallbackText: '<break/> $\u200B{x} *Ana*',
      speak: ' break/  $\u200B{x} *Ana*',
    });
  });
});
