// The input elements of Block Kit that the writer emits, as native controls with Slack's look.
import { combobox } from './combobox.js';
import { h, uniqueId } from './dom.js';
import { textOf } from './mrkdwn.js';
import { pickMany } from './pick-many.js';

/**
 * @typedef {{
 *   element: HTMLElement, get: () => string, set: (value: string, chosen: import('./panes.js').Chosen) => void,
 *   focus: () => void, required: boolean,
 * }} Field
 */

/** @param {any} option */
const titleOf = (option) =>
  textOf(option.text)
    .map((node) => node.textContent)
    .join('');

/**
 * A control for an element, or null for a type that is not an input.
 * @param {any} element @param {{ label: string, labelId: string, toggle: boolean, changed: (value: string, chosen?: any) => void, search: (query: string) => Promise<any> }} use
 * @returns {Omit<Field, 'required'> | null}
 */
export function fieldOf(element, use) {
  switch (element.type) {
    case 'plain_text_input':
      return textField(element, use);
    case 'number_input':
      return nativeField('number', element.initial_value, element, use, {
        min: element.min_value ?? null,
        max: element.max_value ?? null,
        step: element.is_decimal_allowed === true ? 'any' : '1',
      });
    case 'datepicker':
      return nativeField('date', element.initial_date, element, use, {});
    case 'timepicker':
      return nativeField('time', element.initial_time, element, use, {});
    case 'static_select':
      return selectField(element, use);
    case 'external_select':
    case 'multi_external_select':
      return searchField(element, use);
    case 'radio_buttons':
      return boxesField('radio', element.initial_option ? [element.initial_option] : [], element, use);
    case 'checkboxes':
    case 'multi_static_select':
      return boxesField('checkbox', element.initial_options ?? [], element, use);
    default:
      return null;
  }
}

/** @param {any} element @param {any} use */
function textField(element, use) {
  const attributes = {
    class: 's-input',
    'aria-labelledby': use.labelId,
    maxlength: element.max_length ?? null,
    placeholder: element.placeholder?.text ?? null,
  };
  const control = element.multiline
    ? h('textarea', { ...attributes, rows: '4' })
    : h('input', { ...attributes, type: 'text' });
  control.value = element.initial_value ?? '';
  return native(control, use);
}

/** @param {string} type @param {string | undefined} value @param {any} element @param {any} use @param {Record<string, unknown>} more */
function nativeField(type, value, element, use, more) {
  const control = h('input', {
    class: 's-input s-short',
    type,
    'aria-labelledby': use.labelId,
    placeholder: element.placeholder?.text ?? null,
    ...more,
  });
  control.value = value ?? '';
  return native(control, use);
}

/** @param {any} element @param {any} use */
function selectField(element, use) {
  const options = [
    ...(element.options ?? []),
    ...(element.option_groups ?? []).flatMap((/** @type {any} */ group) => group.options),
  ];
  const control = h(
    'select',
    { class: 's-input', 'aria-labelledby': use.labelId },
    h('option', { value: '' }, element.placeholder?.text ?? ''),
    options.map((option) => h('option', { value: option.value }, titleOf(option))),
  );
  control.value = element.initial_option?.value ?? '';
  return native(control, use);
}

/** @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} control @param {any} use */
function native(control, use) {
  control.addEventListener(control instanceof HTMLSelectElement ? 'change' : 'input', () => use.changed(control.value));
  return {
    element: control,
    get: () => control.value,
    set: (/** @type {string} */ value) => {
      control.value = value;
    },
    focus: () => control.focus(),
  };
}

/** @param {any} element @param {any} use */
function searchField(element, use) {
  const choiceOf = (/** @type {any} */ option) => ({ title: titleOf(option), value: option.value });
  const shared = { find: use.search, placeholder: element.placeholder?.text ?? null, label: use.label };
  const combo =
    element.type === 'multi_external_select'
      ? pickMany({
          ...shared,
          chosen: (element.initial_options ?? []).map(choiceOf),
          onChange: (chosen) => use.changed(chosen.map((choice) => choice.value).join(','), chosen),
        })
      : combobox({
          ...shared,
          chosen: element.initial_option ? choiceOf(element.initial_option) : null,
          onChange: (chosen) => use.changed(chosen?.value ?? '', chosen),
        });
  combo.input.classList.add('s-input');
  return {
    element: combo.element,
    get: () => combo.value ?? '',
    set: (/** @type {string} */ _value, /** @type {any} */ chosen) => combo.set(chosen),
    focus: () => combo.input.focus(),
  };
}

/** @param {'radio' | 'checkbox'} type @param {any[]} initial @param {any} element @param {any} use */
function boxesField(type, initial, element, use) {
  const name = uniqueId('boxes');
  const boxes = element.options.map((/** @type {any} */ option) => {
    const box = h('input', { type, name, value: option.value });
    box.checked = initial.some((chosen) => chosen.value === option.value);
    return { box, option };
  });
  /** A single box stands for yes or no. */
  const get = () => {
    const chosen = boxes
      .filter((/** @type {any} */ { box }) => box.checked)
      .map((/** @type {any} */ { box }) => box.value);
    return use.toggle ? String(chosen.length > 0) : chosen.join(',');
  };
  const group = h(
    'div',
    {
      class: 's-boxes',
      role: type === 'radio' ? 'radiogroup' : 'group',
      'aria-labelledby': use.labelId,
      onchange: () => use.changed(get()),
    },
    boxes.map((/** @type {any} */ { box, option }) =>
      h(
        'label',
        {},
        box,
        h(
          'span',
          {},
          h('span', {}, textOf(option.text)),
          option.description ? h('small', {}, textOf(option.description)) : null,
        ),
      ),
    ),
  );
  return {
    element: group,
    get,
    set: (/** @type {string} */ value) => {
      const chosen = value.split(',');
      for (const { box } of boxes) box.checked = use.toggle ? value === 'true' : chosen.includes(box.value);
    },
    focus: () => boxes[0]?.box.focus(),
  };
}
