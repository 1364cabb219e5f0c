// The dialog that shows a form: opened by a reply, moved on by the next step, closed by Escape, by its own ways out or by
// being done. Knows what is shown, not what a form means.
import { drawPanes } from './panes.js';
import { byId, h, icon } from './dom.js';

/** What a form asks for, and what sending it does and carries. @param {import('./api.js').WireCard} card */
function asked(card) {
  /** @type {string[]} */
  const ids = [];
  JSON.stringify(card.teams.body, (key, value) => {
    if (key === 'id') ids.push(value);
    return value;
  });
  return JSON.stringify([card.draft, card.submit, ids]);
}

/**
 * @typedef {{ card: import('./api.js').WireCard, message: string | null }} OpenForm
 * @param {{
 *   act: (act: { kind: 'press', press: import('./api.js').Press } | { kind: 'submit', values: Record<string, string> }, open: OpenForm, busy: (waiting: boolean) => void) => void,
 *   search: (draft: string | null, name: string, query: string, values: Record<string, string>) => Promise<any>,
 *   abandoned: (open: OpenForm) => void,
 *   product: () => string,
 * }} host
 */
export function createForm(host) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('form'));
  /** @type {OpenForm | null} */
  let open = null;
  /** @type {ReturnType<typeof drawPanes> | null} */
  let panes = null;
  /** @type {Element | null} */
  let before = null;
  /** Whether closing loses something that the person may want back. */
  let unsent = false;
  /**
   * Forms that were closed unsent, as they stood: whoever opens one again finds what they wrote.
   * @type {WeakMap<OpenForm, { drawn: ReturnType<typeof drawPanes> | null, nodes: Node[] }>}
   */
  const kept = new WeakMap();

  dialog.addEventListener('close', () => {
    const left = open;
    if (left !== null && unsent) kept.set(left, { drawn: panes, nodes: [...dialog.childNodes] });
    open = null;
    panes = null;
    dialog.replaceChildren();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    else byId('say').focus();
    if (left !== null && unsent) host.abandoned(left);
    unsent = false;
  });
  dialog.addEventListener('click', (event) => {
    // Only a press on the backdrop itself; a slip of the pointer must not lose a filled form.
    if (event.target === dialog && !unsent) dialog.close();
  });

  const close = () => dialog.close();
  const firstField = () =>
    [...dialog.querySelectorAll('.panes :is(input, select, textarea, button)')].find((one) => one.checkVisibility());
  /** @param {OpenForm} next */
  const draw = (next) => {
    const { card } = next;
    const own = drawPanes(
      card,
      {
        press: (press, busy) => host.act({ kind: 'press', press }, next, busy),
        submit: (values, busy) => host.act({ kind: 'submit', values }, next, busy),
        search: (name, query, values) => host.search(card.draft, name, query, values),
        close,
      },
      { product: host.product(), at: null },
    );
    panes = own;
    const alert = h('p', { class: 'form-alert', role: 'alert', id: 'form-alert' });
    const parts = [
      h(
        'header',
        { class: 'form-head' },
        h('p', { 'aria-hidden': 'true' }, h('span', { class: 'bot-avatar' }), host.product()),
        // The card below says the same as its heading, so only readers hear it here.
        h('h2', { id: 'form-title', class: 'hidden' }, card.summary),
        h(
          'button',
          { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: close },
          icon('M5 5l10 10M15 5L5 15'),
        ),
      ),
      h('div', { class: 'form-body' }, alert, own.element),
    ];
    if (!card.form)
      parts.push(
        h(
          'footer',
          { class: 'form-foot' },
          h('button', { type: 'button', class: 'button primary', onclick: close }, 'Close'),
        ),
      );
    dialog.replaceChildren(...parts);
    enter(card);
  };
  /** @param {import('./api.js').WireCard} card */
  const enter = (card) => {
    // A result is read and closed: a second Enter must not press what the first one led to.
    const first = card.form ? firstField() : dialog.querySelector('.form-foot button');
    if (first instanceof HTMLElement) first.focus();
  };

  return {
    /** Opens the form, or shows the next step or the result in the one that is open. @param {OpenForm} next */
    show(next) {
      open = next;
      unsent = next.card.form;
      if (!dialog.open) {
        before = document.activeElement;
        dialog.showModal();
      }
      const left = kept.get(next);
      if (left === undefined) return draw(next);
      panes = left.drawn;
      dialog.replaceChildren(...left.nodes);
      enter(next.card);
    },
    /**
     * `now`: the form as it is today. It takes the place of one that asks for other things; otherwise the fields stay as they are
     * under the person's hands.
     * @param {Record<string, string>} fields @param {string | null} say @param {import('./api.js').WireCard | null} now
     */
    showErrors(fields, say, now) {
      if (open !== null && now !== null && asked(now) !== asked(open.card)) {
        open = { card: now, message: open.message };
        draw(open);
      }
      panes?.showErrors(fields);
      const alert = dialog.querySelector('#form-alert');
      if (alert !== null) alert.textContent = say ?? '';
    },
    done() {
      unsent = false;
      if (dialog.open) dialog.close();
    },
    /** Whether this very form is still shown: an answer to a form that was closed meanwhile is not put into another. @param {OpenForm} form */
    isOpen: (form) => open === form,
  };
}
