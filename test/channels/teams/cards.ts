// Cards to send in tests of the Teams channel, small and whole.
import type { Card, Element, ExecuteAction, Text } from '../../../src/chat/card';

export function words(text: string): Text {
  return [{ kind: 'fixed', text }];
}

export function line(text: Text): Element {
  return { type: 'TextBlock', text, style: 'default', size: 'default', weight: 'default', subtle: false };
}

export function button(verb: string, title: string, data: ExecuteAction['data'] = {}): ExecuteAction {
  return { type: 'Action.Execute', verb, title: words(title), style: 'default', data, tooltip: null, typed: null };
}

export function card(change: Partial<Card> = {}): Card {
  return {
    name: 'request-approve',
    id: 'card-1',
    draft: null,
    reader: { zone: 'Europe/Berlin', locale: 'en-GB' },
    summary: words('Ana asks for Finance reports'),
    body: [line(words('Ana asks for Finance reports'))],
    actions: [button('approve', 'Approve', { request: 'r-1', version: 3 }), button('deny', 'Deny', { request: 'r-1' })],
    ...change,
  };
}

/** A form with a text, a search and a toggle; its button is the verb that the form belongs to. */
export function form(change: Partial<Card> = {}): Card {
  return card({
    name: 'request-form',
    id: null,
    draft: 'draft-1',
    summary: words('Request access'),
    body: [
      {
        type: 'Input.Text',
        id: 'reason',
        label: words('Reason'),
        required: true,
        errorMessage: words('Say why you need it'),
        value: null,
        placeholder: null,
        multiline: true,
        maxLength: 500,
      },
      {
        type: 'Input.ChoiceSet',
        id: 'package',
        label: words('Package'),
        required: false,
        errorMessage: null,
        value: null,
        placeholder: null,
        choices: [],
        multi: false,
        style: 'compact',
        search: 'packages',
      },
      { type: 'Input.Toggle', id: 'urgent', label: words('Urgent'), required: false, errorMessage: null, value: false },
    ],
    actions: [button('request', 'Submit'), button('forget', 'Cancel')],
    ...change,
  });
}
