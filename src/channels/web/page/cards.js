// The Teams form of a card, drawn by `adaptivecards` with Teams' measures. Colours are CSS variables, so one host config
// serves light and dark. Texts come without markup and no markdown processor is set: nothing is parsed as HTML.
import { combobox } from './combobox.js';
import { fieldError, h } from './dom.js';
import { pickMany } from './pick-many.js';

/** @typedef {import('./panes.js').PaneHost} PaneHost @typedef {import('./panes.js').Pane} Pane */

const AC = /** @type {any} */ (window).AdaptiveCards;

const colour = (/** @type {string} */ name) => ({ default: `var(--ac-${name})`, subtle: `var(--ac-${name}-subtle)` });
const foregroundColors = {
  default: colour('text'),
  dark: colour('text'),
  light: colour('text'),
  accent: colour('accent'),
  good: colour('good'),
  warning: colour('warning'),
  attention: colour('attention'),
};
const style = (/** @type {string} */ name) => ({
  backgroundColor: `var(--ac-bg-${name})`,
  borderColor: `var(--ac-border-${name})`,
  borderThickness: name === 'default' ? 0 : 1,
  foregroundColors,
});
const label = { color: 'default', isSubtle: false, size: 'default', weight: 'bolder' };

const HOST_CONFIG = {
  fontFamily: 'var(--font-teams)',
  fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 },
  fontWeights: { lighter: 300, default: 400, bolder: 600 },
  lineHeights: { small: 16, default: 20, medium: 22, large: 24, extraLarge: 32 },
  spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 24, padding: 12 },
  separator: { lineThickness: 1, lineColor: 'var(--ac-line)' },
  supportsInteractivity: true,
  containerStyles: {
    default: style('default'),
    emphasis: style('emphasis'),
    accent: style('accent'),
    good: style('good'),
    warning: style('warning'),
    attention: style('attention'),
  },
  actions: {
    maxActions: 20,
    spacing: 'large',
    // Spacers would stay behind at the beginning of a wrapped row; the styles have a gap instead.
    buttonSpacing: 0,
    actionsOrientation: 'horizontal',
    actionAlignment: 'left',
    allowTitleToWrap: true,
    showCard: { actionMode: 'inline' },
  },
  adaptiveCard: { allowCustomStyle: false },
  factSet: {
    title: { color: 'default', size: 'default', isSubtle: true, weight: 'default', wrap: true, maxWidth: 150 },
    value: { color: 'default', size: 'default', isSubtle: false, weight: 'default', wrap: true },
    spacing: 12,
  },
  inputs: {
    label: {
      inputSpacing: 'small',
      requiredInputs: { ...label, suffix: ' *', suffixColor: 'attention' },
      optionalInputs: label,
    },
    errorMessage: { color: 'attention', size: 'small', weight: 'default', spacing: 'small' },
  },
  textBlock: { headingLevel: 3 },
};

/** Our type for a choice that the server narrows: the renderer's own needs a whole list or ignores the source. */
const SEARCH = 'Input.UsherSearch';

class SearchInput extends AC.Input {
  getJsonTypeName() {
    return SEARCH;
  }
  /** @param {any} source @param {any} context */
  internalParse(source, context) {
    super.internalParse(source, context);
    this.search = source['choices.data'].dataset;
    this.placeholder = source.placeholder ?? null;
    this.many = source.isMultiSelect === true;
    const values = this.many ? String(source.value ?? '').split(',') : [source.value];
    this.preset = (source.choices ?? []).filter((/** @type {any} */ choice) => values.includes(choice.value));
  }
  internalRender() {
    const host = /** @type {PaneHost} */ (this.getRootElement().usherHost);
    const shared = {
      find: (/** @type {string} */ query) => host.search(this.search, query),
      placeholder: this.placeholder,
      label: this.label ?? null,
      onChange: () => this.valueChanged(),
    };
    /** @type {any} */
    this.combo = this.many
      ? pickMany({ ...shared, chosen: this.preset })
      : combobox({ ...shared, chosen: this.preset[0] ?? null });
    return this.combo.element;
  }
  // The labels belong to the field inside, which names itself.
  updateInputControlAriaLabelledBy() {}
  focus() {
    this.combo?.input.focus();
  }
  isSet() {
    return this.value !== undefined;
  }
  get value() {
    return this.combo?.value;
  }
}

AC.GlobalRegistry.elements.register(SEARCH, SearchInput, AC.Versions.v1_0);
AC.GlobalSettings.allowMarkForTextHighlighting = false;
AC.GlobalSettings.setTabIndexAtCardRoot = false;
AC.AdaptiveCard.onProcessMarkdown = (/** @type {string} */ _text, /** @type {any} */ result) => {
  result.didProcess = false;
};
const hostConfig = new AC.HostConfig(HOST_CONFIG);

/** Replaces searching choices by our type; takes inputs out of the actions, because the page reads them itself. @param {any} json @returns {any} */
function prepare(json) {
  if (Array.isArray(json)) return json.map(prepare);
  if (typeof json !== 'object' || json === null) return json;
  const copy = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, prepare(value)]));
  if (copy.type === 'Input.ChoiceSet' && copy['choices.data'] !== undefined) copy.type = SEARCH;
  if (copy.type === 'Action.Execute') copy.associatedInputs = 'none';
  return copy;
}

/**
 * @param {import('./api.js').WireCard} wire
 * @param {PaneHost} host
 * @returns {Pane}
 */
export function teamsPane(wire, host) {
  const card = new AC.AdaptiveCard();
  card.hostConfig = hostConfig;
  card.usherHost = host;
  card.parse({ ...prepare(wire.teams), version: '1.5' });
  const inputs = /** @type {any[]} */ (card.getAllInputs());
  const actions = Array.from({ length: card.getActionCount() }, (_, index) => card.getActionAt(index));
  const submit = wire.form ? actions.find((action) => action instanceof AC.ExecuteAction) : undefined;
  card.onExecuteAction = (/** @type {any} */ action) => {
    if (action instanceof AC.OpenUrlAction) {
      window.open(action.url, '_blank', 'noreferrer');
      return;
    }
    const button = /** @type {HTMLElement} */ (action.renderedElement);
    if (action === submit) host.submit(button);
    else host.press({ verb: action.verb, data: action.data?.usher?.data ?? {} }, button);
  };
  // Radio buttons of two cards with the same names would be one group without a form around each card.
  const form = h('form', { class: 'teams-card', novalidate: true }, card.render());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (submit?.renderedElement) host.submit(submit.renderedElement);
  });
  for (const input of inputs) {
    // Only the text field itself: the renderer gives the wrapper of a number or date the same treatment.
    input.onValueChanged = () => {
      fieldError(input.renderedElement, null);
      host.changed(input.id, valueOf(input) ?? '', input instanceof SearchInput ? input.combo?.chosen : null);
    };
  }
  return {
    element: form,
    values: () =>
      Object.fromEntries(inputs.map((input) => [input.id, valueOf(input)]).filter(([, value]) => value !== undefined)),
    validate: () => {
      const wrong = inputs.filter((input) => !input.validateValue());
      wrong[0]?.focus();
      return wrong.length === 0;
    },
    showErrors: (fields) => {
      for (const input of inputs) fieldError(input.renderedElement, fields[input.id] ?? null);
    },
    focusField: (id) => inputs.find((input) => input.id === id)?.focus(),
    set: (id, value, chosen) => {
      const input = inputs.find((candidate) => candidate.id === id);
      if (input instanceof SearchInput) input.combo?.set(chosen);
      else if (input !== undefined) setControls(input.renderedElement, value);
      if (input !== undefined) fieldError(input.renderedElement, null);
    },
  };
}

/** @param {any} input @returns {string | undefined} */
function valueOf(input) {
  const value = input.value;
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** Puts a value into whatever controls the renderer made for an input. @param {HTMLElement} element @param {string} value */
function setControls(element, value) {
  const chosen = value.split(',');
  for (const control of element.querySelectorAll('input, select, textarea')) {
    if (control instanceof HTMLInputElement && (control.type === 'checkbox' || control.type === 'radio'))
      control.checked = control.value === 'on' ? value === 'true' : chosen.includes(control.value);
    else /** @type {HTMLInputElement} */ (control).value = value;
  }
}
