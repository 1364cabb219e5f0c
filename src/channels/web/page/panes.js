// A card in both its forms, as in Teams and as in Slack, side by side or one of them. Both act: they press the same verbs
// through the same server, and in a form what is filled in on one side appears on the other.
import { slackPane } from './blocks.js';
import { teamsPane } from './cards.js';
import { h } from './dom.js';

/**
 * @typedef {{ title: string, value: string }} Choice
 * @typedef {Choice | Choice[] | null} Chosen what a search gave; null for other fields
 * @typedef {{
 *   press: (press: import('./api.js').Press, button: HTMLElement) => void,
 *   submit: (button: HTMLElement) => void,
 *   search: (name: string, query: string) => Promise<{ choices: Choice[], more: string | null }>,
 *   changed: (id: string, value: string, chosen: Chosen) => void,
 *   close: (() => void) | null,
 * }} PaneHost
 * @typedef {{
 *   element: HTMLElement, values: () => Record<string, string>, validate: () => boolean,
 *   showErrors: (fields: Record<string, string>) => void, focusField: (id: string) => void,
 *   set: (id: string, value: string, chosen: Chosen) => void,
 * }} Pane
 */

/**
 * @param {import('./api.js').WireCard} card
 * @param {{
 *   press: (press: import('./api.js').Press, busy: Busy) => void,
 *   submit: (values: Record<string, string>, busy: Busy) => void,
 *   search: (name: string, query: string, values: Record<string, string>) => Promise<{ choices: Choice[], more: string | null }>,
 *   close: (() => void) | null,
 * }} host
 * @param {{ product: string, at: string | null }} sender
 * @typedef {(waiting: boolean) => void} Busy
 */
export function drawPanes(card, host, sender) {
  const element = h('div', { class: 'panes' });
  const busyWith = (/** @type {HTMLElement} */ button) => (/** @type {boolean} */ waiting) => {
    element.toggleAttribute('data-busy', waiting);
    element.setAttribute('aria-busy', String(waiting));
    button.classList.toggle('waiting', waiting);
    for (const other of element.querySelectorAll('button')) other.disabled = waiting;
    if (!waiting && button.isConnected && document.activeElement === document.body) button.focus();
  };
  const hostOf = (/** @type {() => Pane} */ own, /** @type {() => Pane} */ other) => ({
    press: (/** @type {import('./api.js').Press} */ press, /** @type {HTMLElement} */ button) => {
      if (!element.hasAttribute('data-busy')) host.press(press, busyWith(button));
    },
    submit: (/** @type {HTMLElement} */ button) => {
      if (!element.hasAttribute('data-busy') && own().validate()) host.submit(own().values(), busyWith(button));
    },
    search: (/** @type {string} */ name, /** @type {string} */ query) => host.search(name, query, own().values()),
    changed: (/** @type {string} */ id, /** @type {string} */ value, /** @type {Chosen} */ chosen) =>
      other().set(id, value, chosen),
    close: host.close,
  });
  /** @type {Pane} */
  const teams = teamsPane(
    card,
    hostOf(
      () => teams,
      () => slack,
    ),
  );
  /** @type {Pane} */
  const slack = slackPane(
    card,
    hostOf(
      () => slack,
      () => teams,
    ),
    sender,
  );
  element.append(
    h(
      'section',
      { class: 'pane pane-teams', 'aria-label': 'As in Teams' },
      h('h3', { class: 'pane-name', 'aria-hidden': 'true' }, 'Teams'),
      teams.element,
    ),
    h(
      'section',
      { class: 'pane pane-slack', 'aria-label': 'As in Slack' },
      h('h3', { class: 'pane-name', 'aria-hidden': 'true' }, 'Slack'),
      slack.element,
    ),
  );
  const visible = () => (teams.element.checkVisibility() ? teams : slack);
  return {
    element,
    /** @param {Record<string, string>} fields */
    showErrors: (fields) => {
      teams.showErrors(fields);
      slack.showErrors(fields);
      const first = Object.keys(fields)[0];
      if (first !== undefined) visible().focusField(first);
    },
  };
}
