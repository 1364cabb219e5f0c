// The Slack form of a card, drawn from the very blocks that Slack would get: a message with blocks, or a modal view.
// Knows the blocks that the writer emits; any other is named, so that nothing is left out in silence.
import { h, fieldError, timeOf, uniqueId } from './dom.js';
import { fieldOf } from './fields.js';
import { textOf } from './mrkdwn.js';

/** @typedef {import('./panes.js').PaneHost} PaneHost @typedef {import('./panes.js').Pane} Pane */

/**
 * @param {import('./api.js').WireCard} wire
 * @param {PaneHost} host
 * @param {{ product: string, at: string | null }} sender
 * @returns {Pane}
 */
export function slackPane(wire, host, sender) {
  const form = h('form', { class: 'slack-form', novalidate: true });
  /** @type {Map<string, import('./fields.js').Field & { block: HTMLElement }>} */
  const fields = new Map();
  /** @type {HTMLElement | null} */
  let submit = null;

  const draw = (/** @type {any} */ block) => drawBlock(block, host, fields);
  if (wire.slack === null) {
    form.append(h('p', { class: 's-missing' }, 'Slack could not show this card: it is over a limit of Block Kit.'));
  } else if (wire.slack.type === 'modal') {
    const view = wire.slack;
    if (view.submit) {
      const button = h('button', { type: 'submit', class: 's-button s-primary' }, textOf(view.submit));
      submit = button;
    }
    form.append(
      h('header', { class: 's-modal-title' }, h('h3', {}, textOf(view.title))),
      h('div', { class: 's-blocks' }, view.blocks.map(draw)),
      h(
        'footer',
        { class: 's-modal-actions' },
        view.close && host.close !== null
          ? h('button', { type: 'button', class: 's-button', onclick: host.close }, textOf(view.close))
          : null,
        submit,
      ),
    );
    form.classList.add('s-modal');
  } else {
    form.append(
      h('span', { class: 's-avatar', 'aria-hidden': 'true' }),
      h(
        'div',
        { class: 's-message' },
        h(
          'p',
          { class: 's-sender' },
          h('b', {}, sender.product),
          h('span', { class: 's-app' }, 'APP'),
          sender.at === null ? null : timeOf(sender.at),
        ),
        h('div', { class: 's-blocks' }, wire.slack.blocks.map(draw)),
      ),
    );
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (submit !== null) host.submit(submit);
  });

  return {
    element: form,
    values: () =>
      Object.fromEntries([...fields].map(([id, field]) => [id, field.get()]).filter(([, value]) => value !== '')),
    validate: () => {
      const wrong = [...fields.values()].filter((field) => field.required && field.get().trim() === '');
      for (const field of fields.values()) {
        // Slack's own words for an empty required field.
        fieldError(field.block, wrong.includes(field) ? 'Please complete this required field.' : null);
      }
      wrong[0]?.focus();
      return wrong.length === 0;
    },
    showErrors: (errors) => {
      for (const [id, field] of fields) fieldError(field.block, errors[id] ?? null);
    },
    focusField: (id) => fields.get(id)?.focus(),
    set: (id, value, chosen) => {
      const field = fields.get(id);
      field?.set(value, chosen);
      fieldError(field?.block, null);
    },
  };
}

/**
 * @param {any} block @param {PaneHost} host @param {Map<string, any>} fields
 * @returns {HTMLElement}
 */
function drawBlock(block, host, fields) {
  switch (block.type) {
    case 'header':
      return h('h4', { class: 's-header' }, textOf(block.text));
    case 'divider':
      return h('hr', { class: 's-divider' });
    case 'section':
      return h(
        'div',
        { class: 's-section' },
        h(
          'div',
          { class: 's-section-text' },
          block.text ? h('p', {}, textOf(block.text)) : null,
          block.fields
            ? h(
                'div',
                { class: 's-fields' },
                block.fields.map((/** @type {any} */ field) => h('p', {}, textOf(field))),
              )
            : null,
        ),
        block.accessory ? h('div', { class: 's-accessory' }, drawElement(block.accessory, host)) : null,
      );
    case 'context':
      return h(
        'div',
        { class: 's-context' },
        block.elements.map((/** @type {any} */ element) => h('span', {}, textOf(element))),
      );
    case 'actions':
      return h(
        'div',
        { class: 's-actions' },
        block.elements.map((/** @type {any} */ element) => drawElement(element, host)),
      );
    case 'input':
      return drawInput(block, host, fields);
    default:
      return h('p', { class: 's-missing' }, `A block of type ${String(block.type)} cannot be drawn here.`);
  }
}

/** A button or link; other elements stand in input blocks only. @param {any} element @param {PaneHost} host */
function drawElement(element, host) {
  if (element.type !== 'button') return h('span', { class: 's-missing' }, `(${String(element.type)})`);
  const look = element.style === 'primary' ? ' s-primary' : element.style === 'danger' ? ' s-danger' : '';
  const attributes = { class: `s-button${look}`, 'aria-label': element.accessibility_label ?? null };
  if (element.url)
    return h('a', { ...attributes, href: element.url, target: '_blank', rel: 'noreferrer' }, textOf(element.text));
  const button = h('button', { ...attributes, type: 'button' }, textOf(element.text));
  const press = pressOf(element);
  button.addEventListener('click', () => {
    if (press !== null) host.press(press, button);
  });
  return button;
}

/** The verb stands before the number in the action id; what else was carried is JSON in the value. @param {any} element */
function pressOf(element) {
  const verb = /^(.+)~\d+$/u.exec(element.action_id)?.[1];
  if (verb === undefined) return null;
  let carried;
  try {
    carried = JSON.parse(element.value ?? '{}');
  } catch {
    return null;
  }
  return { verb: carried.verb ?? verb, data: carried.data ?? {} };
}

/** @param {any} block @param {PaneHost} host @param {Map<string, any>} fields */
function drawInput(block, host, fields) {
  const element = block.element;
  const id = String(block.block_id).replace(/^in~/u, '');
  const labelId = uniqueId('label');
  const required = block.optional !== true;
  const labelText = block.label.text;
  const search = String(element.action_id ?? '').replace(/^find~/u, '');
  const row = h(
    'div',
    { class: 's-input-block' },
    h(
      'span',
      { class: 's-label', id: labelId },
      textOf(block.label),
      required ? null : h('span', { class: 's-optional' }, ' (optional)'),
    ),
  );
  const field = fieldOf(element, {
    label: labelText,
    labelId,
    toggle: element.action_id === 'toggle',
    changed: (value, chosen) => {
      fieldError(row, null);
      host.changed(id, value, chosen ?? null);
    },
    search: (query) => host.search(search, query),
  });
  if (field === null)
    row.append(h('span', { class: 's-missing' }, `A field of type ${String(element.type)} cannot be drawn here.`));
  else {
    row.append(field.element);
    fields.set(id, { ...field, required, block: row });
  }
  if (block.hint) row.append(h('small', { class: 's-hint' }, textOf(block.hint)));
  return row;
}
