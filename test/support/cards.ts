// Sample cards for the tests of dialect and writers: templates, data, and a few cards made by hand.
import type { Action, Card, Element, ExecuteAction, Reader, Text, TextBlock } from '../../src/chat/card';
import { parseTemplate, type CardData, type Labels } from '../../src/chat/dialect';
import { fixed, instant, strong, user } from '../../src/chat/spans';

export const berlin: Reader = { zone: 'Europe/Berlin', locale: 'de-DE' };
export const dueAt = new Date('2026-11-28T13:00:00.250Z');

/** An approval as an approver gets it. */
export const APPROVAL = {
  type: 'AdaptiveCard',
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
  version: '1.5',
  fallbackText: '${summary}',
  body: [
    { type: 'TextBlock', text: '${title}', style: 'heading', size: 'Large', weight: 'Bolder', wrap: true },
    {
      type: 'Container',
      style: '${tone}',
      items: [{ type: 'TextBlock', text: '${label.waits} ${due}', wrap: true }],
    },
    { type: 'FactSet', facts: '${facts}' },
    { type: 'TextBlock', $when: '${reason}', text: '${label.reason}: ${reason}', wrap: true },
    {
      type: 'ColumnSet',
      $data: '${holds}',
      columns: [
        {
          type: 'Column',
          width: 'stretch',
          items: [{ type: 'TextBlock', text: '${name} · ${$root.ref}', wrap: true }],
        },
        {
          type: 'Column',
          width: 'auto',
          items: [
            {
              type: 'ActionSet',
              actions: [
                {
                  type: 'Action.Execute',
                  verb: 'package-details',
                  title: '${label.details}',
                  data: { package: '${id}' },
                },
              ],
            },
          ],
        },
      ],
    },
  ],
  actions: [
    {
      type: 'Action.Execute',
      verb: 'approve',
      title: '${label.approve}',
      style: 'positive',
      tooltip: '${label.approve} ${ref}',
      usherTyped: 'approve ${refId}',
      data: { request: '${id}', version: '${version}' },
    },
    {
      type: 'Action.Execute',
      verb: 'deny',
      title: '${label.deny}',
      style: 'destructive',
      usherTyped: 'deny ${refId}',
      data: { request: '${id}', version: '${version}' },
    },
    { type: 'Action.OpenUrl', $when: '${link}', title: '${label.open}', url: '${link}' },
  ],
};

/** A form with every kind of input. */
export const FORM = {
  type: 'AdaptiveCard',
  version: '1.5',
  fallbackText: '${title}',
  body: [
    { type: 'TextBlock', text: '${title}', style: 'heading', wrap: true },
    {
      type: 'Input.ChoiceSet',
      id: 'package',
      label: '${label.package}',
      isRequired: true,
      errorMessage: '${label.needed}',
      'choices.data': { type: 'Data.Query', dataset: 'packages' },
    },
    {
      type: 'Input.ChoiceSet',
      id: 'policy',
      label: '${label.policy}',
      style: 'expanded',
      choices: '${policies}',
      value: '${policy}',
    },
    {
      type: 'Input.ChoiceSet',
      id: 'roles',
      label: '${label.roles}',
      isMultiSelect: true,
      style: 'expanded',
      choices: '${policies}',
    },
    {
      type: 'Input.ChoiceSet',
      id: 'country',
      label: '${label.country}',
      choices: '${countries}',
      placeholder: '${label.country}',
    },
    {
      type: 'Input.Text',
      id: 'reason',
      label: '${label.reason}',
      isMultiline: true,
      isRequired: true,
      errorMessage: '${label.needed}',
      maxLength: 500,
      value: '${reason}',
    },
    {
      type: 'Input.Number',
      id: 'days',
      label: '${label.days}',
      errorMessage: '${label.needed}',
      min: 1,
      max: 90,
      value: '${days}',
    },
    {
      type: 'Input.Date',
      id: 'from',
      label: '${label.from}',
      errorMessage: '${label.needed}',
      value: '${from}',
      min: '2026-01-01',
    },
    { type: 'Input.Time', id: 'at', label: '${label.at}', value: '09:30' },
    { type: 'Input.Toggle', id: 'tell', title: '${label.tell}', value: 'true' },
  ],
  actions: [
    { type: 'Action.Execute', verb: 'request-submit', title: '${label.submit}', style: 'positive' },
    { type: 'Action.Execute', verb: 'request-back', title: '${label.back}' },
  ],
};

/** The fixed words of the templates above. */
export const LABELS: Labels = Object.fromEntries(
  Object.entries({
    approve: 'Approve',
    deny: 'Deny',
    details: 'Details',
    open: 'View in the app',
    waits: 'Waits for you until',
    reason: 'Reason',
    package: 'Package',
    policy: 'Policy',
    roles: 'Roles',
    country: 'Country',
    needed: 'Say why.',
    days: 'Days',
    from: 'From',
    at: 'At',
    tell: 'Tell my manager',
    submit: 'Submit',
    back: 'Back',
  }).map(([key, words]) => [key, [fixed(words)]]),
);

export const APPROVAL_DATA = {
  summary: [user('Ana'), fixed(' asks for '), user('Payroll')],
  title: [strong(user('Ana')), fixed(' asks for '), user('Payroll')],
  tone: 'warning',
  due: [instant(dueAt)],
  facts: [
    { title: [fixed('Period')], value: [fixed('30 days')] },
    { title: [fixed('Holds')], value: [user('snake_case *and* <@U1>')] },
  ],
  reason: [user('Quarter end & audit')],
  holds: [{ id: 'p-1', name: [user('Ledger')] }],
  ref: [fixed('R-1042')],
  refId: 'R-1042',
  id: '0190-r',
  version: 3,
  link: null,
} satisfies CardData;

export const FORM_DATA = {
  title: [fixed('Request access to '), user('Payroll administration')],
  policies: [
    { title: [fixed('Standard')], value: 'standard' },
    { title: [fixed('Urgent')], value: 'urgent' },
  ],
  policy: 'urgent',
  countries: Array.from({ length: 30 }, (_, index) => ({ title: [user(`Country ${index}`)], value: `c${index}` })),
  reason: null,
  days: 30,
  from: null,
} satisfies CardData;

export function approval(data: Partial<CardData> = {}, reader: Reader | null = berlin): Card {
  return bindOne(APPROVAL, { ...APPROVAL_DATA, ...defined(data) }, { id: 'card-1', draft: null, reader });
}

export function requestForm(data: Partial<CardData> = {}): Card {
  return bindOne(FORM, { ...FORM_DATA, ...defined(data) }, { id: null, draft: 'draft-1', reader: berlin });
}

/** Parses and binds a template that exists only in a test. */
export function bindOne(
  template: unknown,
  data: CardData,
  binding: { id?: string | null; draft?: string | null; reader?: Reader | null } = {},
): Card {
  const { id = null, draft = null, reader = null } = binding;
  return parseTemplate('sample', 'cards/sample.json', template).bind(data, { id, draft, reader, label: LABELS });
}

function defined(data: Partial<CardData>): CardData {
  return Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, CardData[string]] => entry[1] !== undefined),
  );
}

/** A card made by hand: whatever the elements are. */
export function cardOf(
  body: readonly Element[],
  actions: readonly Action[] = [],
  reader: Reader | null = berlin,
): Card {
  return { name: 'sample', id: 'card-1', draft: null, reader, summary: [fixed('Sample')], body, actions };
}

export function block(text: Text, rest: Partial<TextBlock> = {}): TextBlock {
  return { type: 'TextBlock', text, style: 'default', size: 'default', weight: 'default', subtle: false, ...rest };
}

export function button(verb: string, title: Text, rest: Partial<ExecuteAction> = {}): ExecuteAction {
  return { type: 'Action.Execute', verb, title, style: 'default', data: {}, tooltip: null, typed: null, ...rest };
}
