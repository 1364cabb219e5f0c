// A scripted conversation for the tests of the page: asking for one package, deciding, a list, a search. It stands for
// chat/handle.ts with cards built by hand, so that these tests prove the channel and the page and nothing behind them.
import type { Action, Card, ChoiceInput, Element, Input, Span, Text } from '../../../src/chat/card';
import type { Channel, Conversation } from '../../../src/chat/channel';
import type { Inbound, Reply } from '../../../src/chat/inbound';
import { fixed, instant, strong, user } from '../../../src/chat/spans';
import { berlin, block, button } from '../../support/cards';

export const HOSTILE = '<img src=x onerror=alert(1)> *bold* <!channel> **loud** {{DATE(2026-01-01T00:00:00Z)}} `code`';
export const PACKAGES = [
  'Payroll administration',
  'Payroll reports',
  'Ledger read',
  'Sales pipeline',
  'Source code write',
  'Print shop',
];

export interface Script extends Conversation {
  /** Everything that was asked, in order. */
  readonly heard: Inbound[];
  /** Messages that its replies became, as it was told. */
  readonly stands: string[];
  /** Set by the test once the channel exists; cards to others go out through it. */
  channel: Channel | null;
  /** A promise that holds every answer back until the test lets go. */
  hold: Promise<void> | null;
  /** Makes the next act fail as a bug or a broken database would. */
  breakNext: boolean;
}

interface Asked {
  readonly number: number;
  readonly requestor: string;
  readonly package: string;
  readonly reason: string;
  state: 'waiting' | 'approved' | 'denied';
  why: string;
  /** Where the cards about it are: the approver's and the requestor's. */
  readonly copies: { readonly user: string; readonly message: string }[];
}

/** `approver` is the persona key that gets every request. */
export function script(approver: string): Script {
  const asked = new Map<string, Asked>();
  const own: Script = {
    heard: [],
    stands: [],
    channel: null,
    hold: null,
    breakNext: false,
    opensForm: (act) => act.kind === 'text' && act.text.startsWith('request'),
    sentence: (what) => [fixed(SENTENCES[what])],
    posted: (_inbound, _reply, ref) => {
      own.stands.push(ref.message);
      return Promise.resolve();
    },
    owed: () => Promise.resolve(false),
    debt: () => Promise.resolve(null),
    accept: (inbound) => {
      own.heard.push(inbound);
      return Promise.resolve(true);
    },
    handle: async (inbound) => {
      own.heard.push(inbound);
      if (own.hold !== null) await own.hold;
      if (own.breakNext) {
        own.breakNext = false;
        throw new Error('broken on purpose');
      }
      return await answer(inbound);
    },
  };

  const tell = async (to: string, card: Card, request: Asked): Promise<void> => {
    const ref = await own.channel?.send({ tenant: 'demo', user: to, conversation: to, serviceUrl: null }, card);
    if (ref !== undefined) request.copies.push({ user: to, message: ref.message });
  };
  const redraw = async (request: Asked): Promise<void> => {
    for (const { user: to, message } of request.copies)
      await own.channel?.update(
        { tenant: 'demo', conversation: to, message, serviceUrl: null },
        to === approver ? approvalCard(request) : requestCard(request),
      );
  };

  async function answer(inbound: Inbound): Promise<Reply> {
    const { act } = inbound;
    switch (act.kind) {
      case 'welcome':
        return { kind: 'card', card: welcomeCard(inbound.user), replaces: false, say: null };
      case 'text':
        if (act.text === 'request') return { kind: 'form', card: requestForm() };
        if (act.text === 'my access') return { kind: 'card', card: accessCard(), replaces: false, say: null };
        if (act.text === 'all fields') return { kind: 'form', card: everyField() };
        if (act.text === 'hostile') return { kind: 'text', say: [user(HOSTILE)] };
        return { kind: 'text', say: [fixed('You said: '), user(act.text)] };
      case 'search': {
        const found = PACKAGES.filter((name) => name.toLowerCase().includes(act.query.toLowerCase()));
        return {
          kind: 'choices',
          choices: found.slice(0, 4).map((name) => ({ title: [user(name)], value: name })),
          more: found.length > 4 ? [fixed('Type more to narrow the list.')] : null,
        };
      }
      case 'press':
        return await press(act.verb, act.data);
      case 'submit':
        return await submit(inbound, act.verb, act.data, act.values);
    }
  }

  async function press(verb: string, data: Readonly<Record<string, unknown>>): Promise<Reply> {
    if (verb === 'request.new') return { kind: 'form', card: requestForm() };
    if (verb === 'request.help') return { kind: 'text', say: [fixed('Choose a package first.')] };
    const request = asked.get(String(data['request']));
    if (request === undefined) return { kind: 'text', say: [fixed('There is no such request.')] };
    if (request.state !== 'waiting')
      return { kind: 'card', card: approvalCard(request), replaces: true, say: [fixed('Already decided.')] };
    if (verb === 'approval.deny') return { kind: 'form', card: reasonForm(request) };
    request.state = 'approved';
    await redraw(request);
    return { kind: 'card', card: approvalCard(request), replaces: true, say: [fixed('Approved.')] };
  }

  async function submit(
    inbound: Inbound,
    verb: string,
    data: Readonly<Record<string, unknown>>,
    values: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    if (verb === 'all.submit') return { kind: 'text', say: [fixed('Taken.')] };
    if (verb === 'approval.deny') {
      const request = asked.get(String(data['request']));
      if (request === undefined) return { kind: 'none' };
      request.state = 'denied';
      request.why = values['reason'] ?? '';
      await redraw(request);
      return { kind: 'text', say: [fixed('Denied.')] };
    }
    if ((values['reason'] ?? '').length < 5)
      return {
        kind: 'errors',
        fields: { reason: [fixed('Say a little more: at least five letters.')] },
        say: [fixed('One answer is missing.')],
      };
    // The form asks for something else by now.
    if (values['reason'] === 'open since last week' && values['why'] === undefined)
      return {
        kind: 'errors',
        fields: { why: [fixed('Please answer: Why not paper?')] },
        say: [fixed('The period is fixed.')],
        form: reasonAndWhyForm(values['reason']),
      };
    const request: Asked = {
      number: 1042 + asked.size,
      requestor: inbound.user,
      package: values['package'] ?? '',
      reason: values['reason'] ?? '',
      state: 'waiting',
      why: '',
      copies: [],
    };
    asked.set(`r-${request.number}`, request);
    await tell(inbound.user, requestCard(request), request);
    await tell(approver, approvalCard(request), request);
    const say = [fixed('Sent. It waits for the approver.')];
    // What became of it may be shown where the form was, as the real conversation does.
    if (values['reason']?.startsWith('show '))
      return { kind: 'card', card: approvalCard(request), replaces: true, say };
    return { kind: 'text', say };
  }

  return own;
}

const SENTENCES = {
  busy: 'That could not be stored. Nothing was changed; try again.',
  retry: 'This form is too old.',
  unsupported: 'That is not known here.',
  loading: 'One moment',
  brokenInput: 'That was not understood.',
  sentDirect: 'The answer is in your direct messages.',
  unshown: 'That cannot be shown at the moment.',
} as const;

const dueAt = new Date('2026-11-28T13:00:00Z');

function card(
  name: string,
  summary: Text,
  body: readonly Element[],
  actions: readonly Action[],
  id: string | null,
): Card {
  return { name, id, draft: null, reader: berlin, summary, body, actions };
}
function heading(...text: Span[]): Element {
  return block(text, { style: 'heading', size: 'medium', weight: 'bolder' });
}
function fact(title: string, value: Text): { title: Text; value: Text } {
  return { title: [fixed(title)], value };
}

export function welcomeCard(key: string): Card {
  return card(
    'help',
    [fixed('Hello, this is what I can do for you')],
    [
      heading(fixed('Hello '), user(key)),
      block([
        fixed('Ask for access, see what you have, and decide what waits for you. '),
        strong(fixed('request')),
        fixed(' begins.'),
      ]),
    ],
    [button('request.new', [fixed('Request access')], { style: 'positive' })],
    null,
  );
}

function requestForm(): Card {
  return {
    ...card(
      'request-form',
      [fixed('Request access')],
      [
        heading(fixed('Request access')),
        block([fixed('Ana Silva decides, within 14 days.')], { subtle: true }),
        choice('package', 'Package', { search: 'packages', required: true, placeholder: [fixed('Name or resource')] }),
        choice('policy', 'How', {
          style: 'expanded',
          choices: ['Standard', 'Urgent'].map((name) => ({ title: [fixed(name)], value: name.toLowerCase() })),
          value: 'standard',
        }),
        {
          type: 'Input.Text',
          ...input('reason', 'Reason', true),
          value: null,
          placeholder: [fixed('Why is it needed?')],
          multiline: true,
          maxLength: 500,
        },
      ],
      [button('request.submit', [fixed('Submit')], { style: 'positive' }), button('request.help', [fixed('Help')])],
      null,
    ),
    draft: 'draft-1',
  };
}

function reasonAndWhyForm(reason: string): Card {
  const { body, ...rest } = requestForm();
  const asked = (id: string, label: string, value: string | null): Element => ({
    type: 'Input.Text',
    ...input(id, label, false),
    value,
    placeholder: null,
    multiline: false,
    maxLength: 500,
  });
  return {
    ...rest,
    body: [...body.slice(0, 1), asked('reason', 'Reason', reason), asked('why', 'Why not paper?', null)],
  };
}

function everyField(): Card {
  return card(
    'all-fields',
    [fixed('Every kind of field')],
    [
      heading(fixed('Every kind of field')),
      choice('country', 'Country', {
        choices: ['Germany', 'Portugal', 'Japan'].map((name) => ({ title: [user(name)], value: name })),
        value: 'Portugal',
      }),
      choice('roles', 'Roles', {
        style: 'expanded',
        multi: true,
        choices: ['Reader', 'Writer', 'Owner'].map((name) => ({ title: [user(name)], value: name })),
        value: 'Reader,Owner',
      }),
      { type: 'Input.Number', ...input('days', 'Days', false), value: 30, min: 1, max: 90 },
      { type: 'Input.Date', ...input('from', 'From', false), value: '2026-12-01', min: '2026-11-21', max: null },
      { type: 'Input.Time', ...input('at', 'At', false), value: '09:30' },
      { type: 'Input.Toggle', ...input('tell', 'Tell my manager', false), value: true },
      {
        type: 'Input.Text',
        ...input('note', 'Note', false),
        value: 'costs ${{x}}',
        placeholder: null,
        multiline: false,
        maxLength: 100,
      },
    ],
    [button('all.submit', [fixed('Submit')], { style: 'positive' })],
    null,
  );
}

function reasonForm(request: Asked): Card {
  return card(
    'reason-form',
    [fixed(`Deny R-${request.number}`)],
    [
      heading(fixed(`Deny R-${request.number}`)),
      {
        type: 'Input.Text',
        ...input('reason', 'Reason', true),
        value: null,
        placeholder: null,
        multiline: true,
        maxLength: 500,
      },
    ],
    [button('approval.deny', [fixed('Deny')], { style: 'destructive', data: { request: `r-${request.number}` } })],
    null,
  );
}

function approvalCard(request: Asked): Card {
  const data = { request: `r-${request.number}`, v: 1 };
  const open = request.state === 'waiting';
  return card(
    'approval',
    [user(request.requestor), fixed(' asks for '), user(request.package)],
    [
      heading(user(request.requestor), fixed(' asks for '), user(request.package)),
      {
        type: 'Container',
        tone: open ? 'warning' : request.state === 'approved' ? 'good' : 'attention',
        separator: false,
        items: [block(stateOf(request), { weight: 'bolder' })],
      },
      {
        type: 'FactSet',
        facts: [
          fact('Request', [fixed(`R-${request.number}`)]),
          fact('Period', [fixed('30 days')]),
          fact('Reason', [user(request.reason)]),
          fact('Already holds', [user('Ledger read')]),
          ...(request.why === '' ? [] : [fact('Answer', [user(request.why)])]),
        ],
      },
    ],
    open
      ? [
          button('approval.approve', [fixed('Approve')], {
            style: 'positive',
            data,
            tooltip: [fixed(`Approve R-${request.number}`)],
          }),
          button('approval.deny', [fixed('Deny')], { style: 'destructive', data }),
          button('request.show', [fixed('Details')], { data }),
        ]
      : [],
    `approval-${request.number}`,
  );
}

function requestCard(request: Asked): Card {
  return card(
    'request',
    [fixed('Your request for '), user(request.package)],
    [
      heading(user(request.package)),
      block(stateOf(request)),
      {
        type: 'FactSet',
        facts: [fact('Request', [fixed(`R-${request.number}`)]), fact('Reason', [user(request.reason)])],
      },
    ],
    [],
    `request-${request.number}`,
  );
}

function stateOf(request: Asked): Text {
  if (request.state === 'approved') return [fixed('Approved by Ana Silva')];
  if (request.state === 'denied') return [fixed('Denied by Ana Silva')];
  return [fixed('Waits for Ana Silva until '), instant(dueAt)];
}

export function accessCard(): Card {
  const rows = PACKAGES.slice(0, 4).map((name, index): Element => ({
    type: 'ColumnSet',
    columns: [
      {
        width: 'stretch',
        items: [
          block([strong(user(name))]),
          block([fixed('Until '), instant(dueAt, 'date'), fixed(' · approved by Ana Silva')], {
            subtle: true,
            size: 'small',
          }),
        ],
      },
      {
        width: 'auto',
        items: [
          {
            type: 'ActionSet',
            actions: [
              button('access.extend', [fixed(index % 2 === 0 ? 'Extend' : 'Give up')], { data: { request: name } }),
            ],
          },
        ],
      },
    ],
  }));
  return card(
    'access-list',
    [fixed('You have 4 packages')],
    [heading(fixed('Your access')), ...rows],
    [button('list.next', [fixed('Next')])],
    null,
  );
}

function input(
  id: string,
  label: string,
  required: boolean,
): Pick<Input, 'id' | 'label' | 'required' | 'errorMessage'> {
  return { id, label: [fixed(label)], required, errorMessage: required ? [fixed(`${label} is needed.`)] : null };
}

function choice(id: string, label: string, rest: Partial<ChoiceInput>): ChoiceInput {
  return {
    type: 'Input.ChoiceSet',
    ...input(id, label, rest.required ?? false),
    value: null,
    placeholder: null,
    choices: [],
    multi: false,
    style: 'compact',
    search: null,
    ...rest,
  };
}
