import fc from '../../support/fast-check';
import { loadingModal, misfit, toMessage, toModal, toResultModal } from '../../../src/channels/slack/blocks';
import { decode, inputOf, readState, searchOf, verbOf } from '../../../src/channels/slack/ids';
import type { Card, Element, Text } from '../../../src/chat/card';
import { address, fixed, instant, strong, user } from '../../../src/chat/spans';
import { checkMessage, checkView } from '../../support/block-kit';
import { approval, berlin, block, button, cardOf, dueAt, FORM_DATA, requestForm } from '../../support/cards';
import { hostileCard, hostileForm, hostileText, NASTY } from '../../support/hostile';

interface Found {
  readonly type: string;
  readonly text: string;
}

/** Every text object of a payload. */
function textObjects(value: unknown): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, text } = value as Partial<Found>;
  const own = (type === 'mrkdwn' || type === 'plain_text') && typeof text === 'string' ? [{ type, text }] : [];
  return [...own, ...Object.values(value).flatMap(textObjects)];
}

const said = (text: Text, reader: Card['reader'] = berlin): unknown =>
  toMessage(cardOf([block(text)], [], reader)).blocks[0];

describe('row 17: only blocks inside the table leave us', () => {
  test('for any message', () => {
    fc.assert(
      fc.property(hostileCard(), (card) => {
        expect(checkMessage(toMessage(card))).toEqual([]);
        expect(checkView(toResultModal(card, { close: card.summary }))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('for any form', () => {
    fc.assert(
      fc.property(hostileForm(), (card) => {
        expect(checkView(toModal(card, { close: card.summary }))).toEqual([]);
        expect(checkMessage(toMessage(card))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    { name: 'a reason of 10,000 letters', text: 'x'.repeat(10_000) },
    { name: 'a reason of 10,000 ampersands', text: '&'.repeat(10_000) },
    { name: 'a reason of astral letters', text: '😀'.repeat(5_000) },
    { name: 'a reason of one letter and 10,000 marks', text: `a${'\u0301'.repeat(10_000)}` },
    { name: 'a reason right to left', text: 'שלום '.repeat(2_000) },
  ])('$name, everywhere', ({ text }) => {
    const words: Text = [{ kind: 'user', text }];
    const everywhere: Element[] = [
      block(words),
      block([strong(...words), ...words]),
      block(words, { style: 'heading' }),
      block(words, { subtle: true }),
      {
        type: 'FactSet',
        facts: [
          { title: words, value: words },
          { title: words, value: [fixed('x')] },
        ],
      },
    ];
    const card = { ...cardOf(everywhere, [button('approve', words, { tooltip: words })]), summary: words };
    expect(checkMessage(toMessage(card))).toEqual([]);
    expect(misfit(card)).toBeNull();
    const form = requestForm({ title: words, reason: text });
    expect(checkView(toModal(form))).toEqual([]);
    expect(misfit(form)).toBeNull();
  });

  test('an address of ours is a link that nothing else is part of', () => {
    const url = 'https://usher.example/go/0a1b2c3d4e5f6g7h8j9k?a=1&b=2';
    expect(said([address(url)])).toMatchObject({
      text: { type: 'mrkdwn', text: `<${url.replace('&', '&amp;')}>`, verbatim: true },
    });
  });

  test('200 choices are a misfit that asks for a search, and the first 100 are drawn', () => {
    const countries = Array.from({ length: 200 }, (_, index) => ({
      title: [user(`Country ${index}`)],
      value: `c${index}`,
    }));
    const form = requestForm({ countries });
    expect(misfit(form)).toBe('200 choices for country, more than 100 must be a search');
    expect(checkView(toModal(form))).toEqual([]);
  });

  test('300 rows go from the end until the rest fits, a line says so, and the buttons stay', () => {
    const rows = Array.from({ length: 300 }, (_, index) => block([user(`Row ${index}`)]));
    const card = cardOf(rows, [button('next', [fixed('Next')])]);
    expect(misfit(card)).toBeNull();
    const { blocks } = toMessage(card);
    expect(checkMessage(toMessage(card))).toEqual([]);
    expect(blocks).toHaveLength(45);
    expect(JSON.stringify(blocks.at(-3))).toContain('Row 42');
    expect(JSON.stringify(blocks.at(-2))).toContain('257 more lines do not fit here.');
    expect(blocks.at(-1)).toMatchObject({ type: 'actions' });
  });

  test('a form loses lines before it loses anything that it asks', () => {
    const lines = Array.from({ length: 120 }, (_, index) => block([user(`Line ${index}`)]));
    const form = requestForm();
    const view = toModal({ ...form, body: [...lines, ...form.body] });
    const inputs = (one: typeof view) => one.blocks.filter(({ type }) => type === 'input').length;
    expect(checkView(view)).toEqual([]);
    expect(inputs(view)).toBe(inputs(toModal(form)));
    expect(JSON.stringify(view)).toContain('more lines do not fit here.');
    expect(toResultModal({ ...cardOf(lines), name: 'x' }).blocks).toHaveLength(95);
  });

  test.each([
    {
      name: 'a value that cannot be carried whole',
      card: cardOf([], [button('x', [fixed('x')], { data: { id: 'x'.repeat(2_000) } })]),
      want: 'button x carries too much',
    },
    {
      name: 'a link over 3,000 characters',
      card: cardOf(
        [],
        [{ type: 'Action.OpenUrl', title: [fixed('x')], url: `https://x.example/${'x'.repeat(3_000)}` }],
      ),
      want: 'a link of 3018 characters',
    },
    {
      name: 'a form that nothing sends',
      card: { ...requestForm(), actions: [] },
      want: 'a form without a button that sends it',
    },
    {
      name: 'a choice whose value is too long',
      card: requestForm({
        countries: [
          { title: [fixed('x')], value: 'x' },
          { title: [fixed('y')], value: 'y'.repeat(76) },
        ],
      }),
      want: 'a value of country is longer than 75',
    },
  ])('$name is a misfit, never cut', ({ card, want }) => {
    expect(misfit(card)).toBe(want);
  });

  test('the checker is no yes-man', () => {
    expect(
      checkMessage({ blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'a < b' } }, { type: 'image' }] }),
    ).toEqual([
      'text: is missing: notifications and screen readers need it',
      'blocks[0].text.text: has an unescaped < or & or a broken token',
      'blocks[1].type: "image" is not allowed here',
    ]);
    expect(
      checkView({
        type: 'modal',
        title: { type: 'plain_text', text: 'x'.repeat(25) },
        blocks: [
          {
            type: 'input',
            label: { type: 'plain_text', text: 'x' },
            element: { type: 'static_select', action_id: 'x', options: [] },
          },
        ],
      }),
    ).toEqual([
      'view.title.text: 25 characters, at most 24',
      'view.submit: is missing, and the view has inputs',
      'blocks[0].element.options: 0 entries, 1 to 100 allowed',
    ]);
  });
});

describe('row 18: text is always set', () => {
  test('it says all that the card says, the summary first', () => {
    expect(toMessage(approval()).text).toMatchInlineSnapshot(`
     "Ana asks for Payroll
     Waits for you until Sat 28 Nov 2026, 14:00 CET
     Period: 30 days
     Holds: snake_case ∗and∗ &lt;@U1&gt;
     Reason: Quarter end &amp; audit
     Ledger · R-1042
     Approve: “approve R-1042”
     Deny: “deny R-1042”"
    `);
  });
  test('a long one loses lines of the card, never the words that decide', () => {
    const rows = Array.from({ length: 40 }, () => block([user('<&> '.repeat(20))]));
    const { text } = toMessage({ ...approval(), body: rows });
    expect(text.length).toBeGreaterThan(3500);
    expect(checkMessage({ text, blocks: [] })).toEqual([]);
    expect(text).toMatch(/^Ana asks for Payroll\n.*\n…\nApprove: “approve R-1042”\nDeny: “deny R-1042”$/s);
  });
  test('also where the summary is empty', () => {
    expect(toMessage({ ...cardOf([]), summary: [] }).text).toBe('sample');
  });
  test('people’s words in it are escaped', () => {
    expect(toMessage(cardOf([block([user('<!channel> & *x*')])])).text).toContain('&lt;!channel&gt; &amp; ∗x∗');
  });
});

describe('row 19: people’s words stay words', () => {
  const bold: Text = [strong(fixed('Reason')), fixed(' ')];
  test.each([
    { give: '<!channel>', want: '&lt;!channel&gt;' },
    { give: '<@U1>', want: '&lt;@U1&gt;' },
    { give: '<http://x|y>', want: '&lt;http://x|y&gt;' },
    { give: '&lt;!here&gt;', want: '&amp;lt;!here&amp;gt;' },
    { give: '`code`', want: 'ˋcodeˋ' },
    { give: '*bold* _it_ ~gone~', want: '∗bold∗ ˍitˍ ∼gone∼' },
    { give: 'snake_case 2*3', want: 'snake_case 2*3' },
    { give: 'cafe\u0301_0', want: 'cafe\u0301ˍ0' },
    { give: 'a\n> quote', want: 'a\n› quote' },
    { give: '>>> quote', want: '››› quote' },
  ])('$give', ({ give, want }) => {
    expect(said([...bold, { kind: 'user', text: give }])).toEqual({
      type: 'section',
      block_id: expect.any(String) as string,
      text: { type: 'mrkdwn', text: `*Reason* ${want}`, verbatim: true },
    });
  });

  test('without bold or dates they are plain text, where nothing is markup', () => {
    expect(said([user('<!channel> *x* https://evil.example')])).toMatchObject({
      text: { type: 'plain_text', text: '<!channel> *x* https://evil.example', emoji: false },
    });
  });

  test('no mention, link or formatting survives anywhere', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText(), fc.constantFrom(...NASTY)), (text) => {
        const words: Text = [fixed(' '), { kind: 'user', text }];
        const { blocks } = toMessage(
          cardOf(
            [
              block([strong(fixed('A')), ...words]),
              block([instant(dueAt), ...words], { subtle: true }),
              { type: 'FactSet', facts: [{ title: [fixed('A')], value: words }] },
            ],
            [],
            null,
          ),
        );
        for (const { type, text: shown } of textObjects(blocks)) {
          if (type !== 'mrkdwn') continue;
          const rest = shown
            .replace(/^\*A\*/, '')
            .replace(/<!date\^1795870800\^[^|<>]*\|Sat 28 Nov 2026, 13:00 UTC>/, '');
          expect(rest).not.toMatch(/[<>`]/);
          expect(rest).not.toMatch(/(^|[^A-Za-z0-9])[*_~]|[*_~]($|[^A-Za-z0-9])/m);
          expect(rest).not.toMatch(/^\s*&gt;/m);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('bold is closed where the text is cut', () => {
    expect(said([strong({ kind: 'user', text: 'x'.repeat(4_000) })])).toMatchObject({
      text: { text: `*${'x'.repeat(2_997)}…*` },
    });
  });

  test('an entity is never cut', () => {
    expect(said([strong(fixed('A')), { kind: 'user', text: '&'.repeat(4_000) }])).toMatchObject({
      text: { text: `*A*${'&amp;'.repeat(599)}…` },
    });
  });
});

describe('row 23: changed content has new block ids', () => {
  const ids = (card: Card): (string | undefined)[] => toMessage(card).blocks.map((one) => one.block_id);
  test('the changed blocks, and only they', () => {
    const [before, same, after] = [ids(approval()), ids(approval()), ids(approval({ reason: [user('Another')] }))];
    expect(same).toEqual(before);
    expect(after.map((id, index) => id === before[index])).toEqual([true, true, true, false, true, true]);
  });
  test('fields keep theirs, so that what was typed survives', () => {
    const fields = (card: Card): (string | undefined)[] =>
      toModal(card).blocks.flatMap((one) => (one.type === 'input' ? [one.block_id] : []));
    expect(fields(requestForm({ policy: 'standard' }))).toEqual(fields(requestForm()));
    expect(fields(requestForm())).toContain('in~reason');
  });
  test('no id is used twice, for equal blocks too', () => {
    const twice = ids(cardOf([block([fixed('x')]), block([fixed('x')])]));
    expect(new Set(twice).size).toBe(2);
  });
});

describe('row 65: moments', () => {
  test('use the client’s own form with UTC behind it on a shared card', () => {
    expect(said([fixed('Until '), instant(dueAt)], null)).toMatchObject({
      text: { type: 'mrkdwn', text: 'Until <!date^1795870800^{date_short_pretty} {time}|Sat 28 Nov 2026, 13:00 UTC>' },
    });
  });
  test('are written out in the reader’s zone on a personal one', () => {
    expect(said([fixed('Until '), instant(dueAt)])).toMatchObject({
      text: { type: 'plain_text', text: 'Until Sat 28 Nov 2026, 14:00 CET' },
    });
  });
});

describe('layout', () => {
  test('an approval', () => {
    expect(toMessage(approval({ link: 'https://usher.example/r' })).blocks).toMatchInlineSnapshot(`
     [
       {
         "block_id": "b0~f66ae98dd1e1",
         "text": {
           "emoji": false,
           "text": "Ana asks for Payroll",
           "type": "plain_text",
         },
         "type": "header",
       },
       {
         "block_id": "b1~bf3f04fa9116",
         "text": {
           "emoji": false,
           "text": "⚠️ Waits for you until Sat 28 Nov 2026, 14:00 CET",
           "type": "plain_text",
         },
         "type": "section",
       },
       {
         "block_id": "b2~3db819bcce37",
         "fields": [
           {
             "text": "*Period*
     30 days",
             "type": "mrkdwn",
             "verbatim": true,
           },
           {
             "text": "*Holds*
     snake_case ∗and∗ &lt;@U1&gt;",
             "type": "mrkdwn",
             "verbatim": true,
           },
         ],
         "type": "section",
       },
       {
         "block_id": "b3~7facecb8df72",
         "text": {
           "emoji": false,
           "text": "Reason: Quarter end & audit",
           "type": "plain_text",
         },
         "type": "section",
       },
       {
         "accessory": {
           "action_id": "package-details~0",
           "text": {
             "emoji": false,
             "text": "Details",
             "type": "plain_text",
           },
           "type": "button",
           "value": "{"card":"card-1","data":{"package":"p-1"}}",
         },
         "block_id": "b4~3e360935a681",
         "text": {
           "emoji": false,
           "text": "Ledger · R-1042",
           "type": "plain_text",
         },
         "type": "section",
       },
       {
         "block_id": "b5~54855db0c079",
         "elements": [
           {
             "accessibility_label": "Approve R-1042",
             "action_id": "approve~1",
             "style": "primary",
             "text": {
               "emoji": false,
               "text": "Approve",
               "type": "plain_text",
             },
             "type": "button",
             "value": "{"card":"card-1","data":{"request":"0190-r","version":3}}",
           },
           {
             "action_id": "deny~2",
             "style": "danger",
             "text": {
               "emoji": false,
               "text": "Deny",
               "type": "plain_text",
             },
             "type": "button",
             "value": "{"card":"card-1","data":{"request":"0190-r","version":3}}",
           },
           {
             "action_id": "link~3",
             "text": {
               "emoji": false,
               "text": "View in the app",
               "type": "plain_text",
             },
             "type": "button",
             "url": "https://usher.example/r",
           },
         ],
         "type": "actions",
       },
     ]
    `);
  });

  test('a form', () => {
    const countries = FORM_DATA.countries.slice(0, 1);
    expect(toModal(requestForm({ countries, reason: 'Quarter end' }), { close: [fixed('Cancel')] }))
      .toMatchInlineSnapshot(`
     {
       "blocks": [
         {
           "block_id": "b0~fd37b90d6286",
           "text": {
             "emoji": false,
             "text": "Request access to Payroll administration",
             "type": "plain_text",
           },
           "type": "header",
         },
         {
           "block_id": "in~package",
           "element": {
             "action_id": "find~packages",
             "min_query_length": 0,
             "type": "external_select",
           },
           "label": {
             "emoji": false,
             "text": "Package",
             "type": "plain_text",
           },
           "optional": false,
           "type": "input",
         },
         {
           "block_id": "in~policy",
           "element": {
             "action_id": "value",
             "initial_option": {
               "text": {
                 "emoji": false,
                 "text": "Urgent",
                 "type": "plain_text",
               },
               "value": "urgent",
             },
             "options": [
               {
                 "text": {
                   "emoji": false,
                   "text": "Standard",
                   "type": "plain_text",
                 },
                 "value": "standard",
               },
               {
                 "text": {
                   "emoji": false,
                   "text": "Urgent",
                   "type": "plain_text",
                 },
                 "value": "urgent",
               },
             ],
             "type": "radio_buttons",
           },
           "label": {
             "emoji": false,
             "text": "Policy",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~roles",
           "element": {
             "action_id": "value",
             "options": [
               {
                 "text": {
                   "emoji": false,
                   "text": "Standard",
                   "type": "plain_text",
                 },
                 "value": "standard",
               },
               {
                 "text": {
                   "emoji": false,
                   "text": "Urgent",
                   "type": "plain_text",
                 },
                 "value": "urgent",
               },
             ],
             "type": "checkboxes",
           },
           "label": {
             "emoji": false,
             "text": "Roles",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~country",
           "element": {
             "action_id": "value",
             "options": [
               {
                 "text": {
                   "emoji": false,
                   "text": "Country 0",
                   "type": "plain_text",
                 },
                 "value": "c0",
               },
             ],
             "placeholder": {
               "emoji": false,
               "text": "Country",
               "type": "plain_text",
             },
             "type": "static_select",
           },
           "label": {
             "emoji": false,
             "text": "Country",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~reason",
           "element": {
             "action_id": "value",
             "initial_value": "Quarter end",
             "max_length": 500,
             "multiline": true,
             "type": "plain_text_input",
           },
           "label": {
             "emoji": false,
             "text": "Reason",
             "type": "plain_text",
           },
           "optional": false,
           "type": "input",
         },
         {
           "block_id": "in~days",
           "element": {
             "action_id": "value",
             "initial_value": "30",
             "is_decimal_allowed": false,
             "max_value": "90",
             "min_value": "1",
             "type": "number_input",
           },
           "label": {
             "emoji": false,
             "text": "Days",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~from",
           "element": {
             "action_id": "value",
             "type": "datepicker",
           },
           "label": {
             "emoji": false,
             "text": "From",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~at",
           "element": {
             "action_id": "value",
             "initial_time": "09:30",
             "type": "timepicker",
           },
           "label": {
             "emoji": false,
             "text": "At",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "in~tell",
           "element": {
             "action_id": "toggle",
             "initial_options": [
               {
                 "text": {
                   "emoji": false,
                   "text": "✓",
                   "type": "plain_text",
                 },
                 "value": "true",
               },
             ],
             "options": [
               {
                 "text": {
                   "emoji": false,
                   "text": "✓",
                   "type": "plain_text",
                 },
                 "value": "true",
               },
             ],
             "type": "checkboxes",
           },
           "label": {
             "emoji": false,
             "text": "Tell my manager",
             "type": "plain_text",
           },
           "optional": true,
           "type": "input",
         },
         {
           "block_id": "b10~5fc21ce113a2",
           "elements": [
             {
               "action_id": "request-back~0",
               "text": {
                 "emoji": false,
                 "text": "Back",
                 "type": "plain_text",
               },
               "type": "button",
               "value": "{"draft":"draft-1"}",
             },
           ],
           "type": "actions",
         },
       ],
       "callback_id": "request-submit",
       "close": {
         "emoji": false,
         "text": "Cancel",
         "type": "plain_text",
       },
       "private_metadata": "{"draft":"draft-1","verb":"request-submit"}",
       "submit": {
         "emoji": false,
         "text": "Submit",
         "type": "plain_text",
       },
       "title": {
         "emoji": false,
         "text": "Request access",
         "type": "plain_text",
       },
       "type": "modal",
     }
    `);
  });

  test('facts go ten to a section, a long one gets the full width', () => {
    const facts = Array.from({ length: 23 }, (_, index) => ({
      title: [fixed('T')],
      value: [user(index === 11 ? 'x'.repeat(200) : 'v')],
    }));
    const sections = toMessage(cardOf([{ type: 'FactSet', facts }])).blocks;
    expect(sections.map((one) => (one.type === 'section' ? (one.fields?.length ?? 'wide') : one.type))).toEqual([
      10,
      1,
      'wide',
      10,
      1,
    ]);
  });

  test('a state is told by a sign before its words, not by colour', () => {
    const card = cardOf([
      { type: 'Container', tone: 'good', separator: true, items: [block([fixed('Approved')]), block([fixed('x')])] },
    ]);
    expect(textObjects(toMessage(card).blocks).map((one) => one.text)).toEqual(['✅ Approved', 'x']);
    expect(toMessage(card).blocks[0]?.type).toBe('divider');
  });

  test.each([
    { title: 'Approve', want: 'Approve' },
    { title: 'Request access to Payroll administration', want: 'Submit' },
    { title: 'Donaudampfschifffahrtsgesellschaft', want: 'Submit' },
    { title: '😀'.repeat(20), want: 'Submit' },
  ])('the title of a modal is whole, or says what the form does: $title', ({ title, want }) => {
    expect(toModal(requestForm({ title: [user(title)] })).title.text).toBe(want);
  });

  test.each([
    { heading: [fixed('Request '), user('access to Payroll administration')], want: 'Request' },
    { heading: [fixed('Exception for '), user('Payroll administration')], want: 'Exception' },
    { heading: [fixed('Give up '), user('Payroll administration'), fixed('?')], want: 'Give up' },
    { heading: [fixed('“'), user('All of Payroll administration'), fixed('”')], want: 'Submit' },
  ])('nor is a title what the button below says, where the heading begins with words of ours: $want', (one) => {
    const view = toModal(requestForm({ title: one.heading }));
    expect(view.title.text).toBe(one.want);
    expect(textObjects(view.blocks)[0]?.text).toContain('Payroll administration');
  });

  test('a heading that is too long for a title stands whole in the first block', () => {
    for (const title of ['Tara Lind asks for Payroll administration', `Request ${'ledger '.repeat(30)}`.trim()]) {
      const heading = { ...block([user(title)]), style: 'heading' as const, weight: 'bolder' as const };
      const view = toResultModal(cardOf([heading]));
      expect(view.title.text).toBe('Usher');
      expect(textObjects(view.blocks)[0]?.text.replace(/\*/g, '')).toBe(title);
    }
  });

  test('the title of what follows a decision is the number that it is about', () => {
    const heading = { ...block([user('Tara Lind asks for Payroll administration')]), style: 'heading' as const };
    const summary = [fixed('R-'), fixed('1042'), fixed(' '), user('Payroll'), fixed(': Denied')];
    expect(toResultModal({ ...cardOf([heading]), summary }).title.text).toBe('R-1042');
    const named = [user('R-1 Payroll'), fixed(': Denied')];
    expect(toResultModal({ ...cardOf([heading]), summary: named }).title.text).toBe('Usher');
  });

  test('a heading that fits into the title is not said twice', () => {
    expect(toModal(requestForm({ title: [fixed('Deny')] })).blocks[0]).toMatchObject({ type: 'input' });
    expect(toModal(requestForm()).blocks[0]).toMatchObject({
      type: 'header',
      text: { text: 'Request access to Payroll administration' },
    });
  });

  test('the loading view stands alone', () => {
    expect(checkView(loadingModal([fixed('One moment')]))).toEqual([]);
  });
});

describe('what comes back', () => {
  test('a button names verb, card and data', () => {
    const row = toMessage(approval()).blocks.at(-1);
    const [first] = row?.type === 'actions' ? row.elements : [];
    expect(first).toMatchObject({ type: 'button', action_id: 'approve~1' });
    expect(verbOf('approve~1')).toBe('approve');
    expect(decode(first?.type === 'button' ? first.value : undefined)).toEqual({
      card: 'card-1',
      draft: null,
      verb: null,
      data: { request: '0190-r', version: 3 },
    });
  });

  test('a view names verb and draft, and no more than ids', () => {
    const view = toModal(requestForm());
    expect(view.callback_id).toBe('request-submit');
    expect(decode(view.private_metadata)).toEqual({ card: null, draft: 'draft-1', verb: 'request-submit', data: {} });
  });

  test.each(['', 'null', '[]', '{', '"x"', `{"card":7,"data":[]}`, 'x'.repeat(4_000), undefined])(
    'broken %s carries nothing',
    (text) => {
      expect(decode(text)).toEqual({ card: null, draft: null, verb: null, data: {} });
    },
  );

  test('ids of others are nobody’s', () => {
    expect([verbOf('approve'), verbOf('link~3'), inputOf('b1~x'), searchOf('value')]).toEqual([null, null, null, null]);
    expect([verbOf('ask~again~2'), inputOf('in~reason'), searchOf('find~people')]).toEqual([
      'ask~again',
      'reason',
      'people',
    ]);
  });

  test('the state of every kind of field reads as strings', () => {
    const state = {
      'in~package': { 'find~packages': { type: 'external_select', selected_option: { value: 'p-1' } } },
      'in~policy': { value: { type: 'radio_buttons', selected_option: null } },
      'in~roles': { value: { type: 'checkboxes', selected_options: [{ value: 'a' }, { value: 'b' }] } },
      'in~reason': { value: { type: 'plain_text_input', value: 'why' } },
      'in~empty': { value: { type: 'plain_text_input', value: null } },
      'in~from': { value: { type: 'datepicker', selected_date: '2026-11-28' } },
      'in~at': { value: { type: 'timepicker', selected_time: '09:30' } },
      'in~tell': { toggle: { type: 'checkboxes', selected_options: [{ value: 'true' }] } },
      'in~quiet': { toggle: { type: 'checkboxes', selected_options: [] } },
      b0: { value: { type: 'plain_text_input', value: 'not ours' } },
    };
    expect(readState(state)).toEqual({
      package: 'p-1',
      policy: '',
      roles: 'a,b',
      reason: 'why',
      empty: '',
      from: '2026-11-28',
      at: '09:30',
      tell: 'true',
      quiet: 'false',
    });
    expect(readState(null)).toEqual({});
  });
});
