// The inputs of a card as Slack input blocks. Slack knows no smallest or largest day and no error text of ours: the check at
// submit says those.
import type { types } from '@slack/bolt';
import type { ChoiceInput, Input, Reader, Text } from '../../chat/card';
import { clean, cut, fixed } from '../../chat/spans';
import { FIELD_ACTION, inputBlockId, searchId, TOGGLE_ACTION, TOGGLE_ON } from './ids';
import * as limit from './limits';
import { line } from './mrkdwn';

/** A choice of a list, for blocks and for the answer to a search. */
export function toOption(
  choice: { readonly title: Text; readonly value: string },
  reader: Reader | null,
): types.PlainTextOption {
  return { text: words(choice.title, reader, limit.OPTION_TEXT), value: choice.value };
}

/** One input as a block, and what of it Slack cannot take. `isDecisive`: searches of the form depend on it. */
export function fieldBlock(
  input: Input,
  reader: Reader | null,
  isDecisive = false,
): { readonly block: types.InputBlock; readonly loss: string | null } {
  const { element, loss } = elementOf(input, reader);
  const block: types.InputBlock = {
    type: 'input',
    block_id: inputBlockId(input.id),
    label: words(input.label, reader, limit.INPUT_LABEL),
    element,
    optional: !input.required,
    // Slack does not tell a search what is chosen beside it, so we hear of it when it is chosen.
    ...(isDecisive ? { dispatch_action: true } : {}),
  };
  return { block, loss };
}

interface Field {
  readonly element: types.InputBlock['element'];
  readonly loss: string | null;
}

function elementOf(input: Input, reader: Reader | null): Field {
  switch (input.type) {
    case 'Input.Text': {
      const value = input.value === null ? '' : cut(clean(input.value), input.maxLength);
      const element: types.PlainTextInput = {
        type: 'plain_text_input',
        action_id: FIELD_ACTION,
        multiline: input.multiline,
        max_length: Math.min(input.maxLength, limit.INPUT_TEXT),
        ...(value === '' ? {} : { initial_value: value }),
        ...placeholder(input.placeholder, reader),
      };
      return { element, loss: null };
    }
    case 'Input.Number': {
      const { value, min, max } = input;
      const known = [value, min, max].filter((number) => number !== null);
      const element: types.NumberInput = {
        type: 'number_input',
        action_id: FIELD_ACTION,
        is_decimal_allowed: known.length === 0 || !known.every(Number.isInteger),
        ...(value === null ? {} : { initial_value: String(value) }),
        ...(min === null ? {} : { min_value: String(min) }),
        ...(max === null ? {} : { max_value: String(max) }),
      };
      return { element, loss: null };
    }
    case 'Input.Date':
      return {
        element: { type: 'datepicker', action_id: FIELD_ACTION, ...initial('initial_date', input.value) },
        loss: null,
      };
    case 'Input.Time':
      return {
        element: { type: 'timepicker', action_id: FIELD_ACTION, ...initial('initial_time', input.value) },
        loss: null,
      };
    case 'Input.Toggle': {
      // The label above says what it is about; the box needs some text of its own.
      const on: types.PlainTextOption = { text: words([fixed('✓')], reader, limit.OPTION_TEXT), value: TOGGLE_ON };
      const element: types.Checkboxes = {
        type: 'checkboxes',
        action_id: TOGGLE_ACTION,
        options: [on],
        ...(input.value ? { initial_options: [on] } : {}),
      };
      return { element, loss: null };
    }
    case 'Input.ChoiceSet':
      return choices(input, reader);
  }
}

function choices(input: ChoiceInput, reader: Reader | null): Field {
  const chosen = input.value === null ? [] : input.multi ? input.value.split(',') : [input.value];
  const fitting = input.choices.filter(({ value }) => value !== '' && value.length <= limit.OPTION_VALUE);
  const boxes = input.style === 'expanded' && input.search === null && fitting.length <= limit.BOX_OPTIONS;
  const options = fitting.slice(0, limit.SELECT_OPTIONS).map((choice) => toOption(choice, reader));
  const selected = options.filter(({ value }) => value !== undefined && chosen.includes(value));
  const one = selected[0];
  const initialOptions = selected.length === 0 ? {} : { initial_options: selected };
  const initialOption = one === undefined ? {} : { initial_option: one };
  const hint = placeholder(input.placeholder, reader);

  if (input.search !== null) {
    const shared = { action_id: searchId(input.search), min_query_length: 0, ...hint };
    const element = input.multi
      ? { type: 'multi_external_select' as const, ...shared, ...initialOptions }
      : { type: 'external_select' as const, ...shared, ...initialOption };
    return { element, loss: tooMuch(input, fitting.length) };
  }
  // Slack refuses a list without choices; one that cannot be chosen says the same.
  const filled = options.length > 0 ? options : [{ text: words([fixed('–')], reader, limit.OPTION_TEXT), value: '-' }];
  const loss = options.length === 0 ? `no choices for ${input.id}` : tooMuch(input, fitting.length);
  const shared = { action_id: FIELD_ACTION, options: filled };
  if (boxes) {
    return {
      element: input.multi
        ? { type: 'checkboxes', ...shared, ...initialOptions }
        : { type: 'radio_buttons', ...shared, ...initialOption },
      loss,
    };
  }
  return {
    element: input.multi
      ? { type: 'multi_static_select', ...shared, ...hint, ...initialOptions }
      : { type: 'static_select', ...shared, ...hint, ...initialOption },
    loss,
  };
}

function tooMuch(input: ChoiceInput, fitting: number): string | null {
  if (fitting < input.choices.length) return `a value of ${input.id} is longer than ${limit.OPTION_VALUE}`;
  if (fitting > limit.SELECT_OPTIONS)
    return `${fitting} choices for ${input.id}, more than ${limit.SELECT_OPTIONS} must be a search`;
  return null;
}

function initial<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  const result: Partial<Record<K, string>> = {};
  if (value !== null) result[key] = value;
  return result;
}

function placeholder(text: Text | null, reader: Reader | null): { placeholder?: types.PlainTextElement } {
  return text === null ? {} : { placeholder: words(text, reader, limit.PLACEHOLDER) };
}

function words(text: Text, reader: Reader | null, max: number): types.PlainTextElement {
  return { type: 'plain_text', text: line(text, reader, max), emoji: false };
}
