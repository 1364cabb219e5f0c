// A text field with a list that the server narrows as the person types: the ARIA combobox pattern with a listbox popup.
// Used by both card forms, because `adaptivecards` ignores `choices.data` in a 1.5 card.
import { h, uniqueId } from './dom.js';

const PAUSE_MS = 150;

/**
 * @param {{
 *   find: (query: string) => Promise<{ choices: { title: string, value: string }[], more: string | null }>,
 *   placeholder?: string | null, chosen?: { title: string, value: string } | null, label?: string | null,
 *   onChange?: (chosen: { title: string, value: string } | null) => void,
 * }} options
 */
export function combobox({ find, placeholder, chosen: preset, label, onChange }) {
  let chosen = preset ?? null;
  /** @type {{ title: string, value: string }[]} */
  let choices = [];
  let active = -1;
  let asked = 0;
  /** @type {number | undefined} */
  let timer;

  const listId = uniqueId('choices');
  const input = h('input', {
    type: 'text',
    class: 'combo-input',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': listId,
    'aria-label': label ?? null,
    placeholder: placeholder ?? 'Type to search',
    value: chosen?.title ?? null,
  });
  const options = h('ul', { role: 'listbox', id: listId, 'aria-label': 'Matches' });
  const note = h('p', { class: 'combo-note', role: 'status' });
  // The top layer: a list inside a scrolling dialog would be cut off at its edge.
  const popup = h('div', { class: 'combo-popup', popover: 'manual' }, options, note);
  const element = h('div', { class: 'combo' }, input, popup);

  const place = () => {
    const box = input.getBoundingClientRect();
    const below = window.innerHeight - box.bottom;
    const above = below < 220 && box.top > below;
    popup.style.left = `${box.left}px`;
    popup.style.width = `${box.width}px`;
    popup.style.top = above ? 'auto' : `${box.bottom + 4}px`;
    popup.style.bottom = above ? `${window.innerHeight - box.top + 4}px` : 'auto';
    popup.style.maxHeight = `${Math.min(320, (above ? box.top : below) - 16)}px`;
  };
  const isOpen = () => input.getAttribute('aria-expanded') === 'true';
  const open = () => {
    if (isOpen() || !element.isConnected) return;
    input.setAttribute('aria-expanded', 'true');
    popup.showPopover();
    place();
    window.addEventListener('scroll', onScroll, true);
    window.addEventListener('resize', place);
  };
  const close = () => {
    clearTimeout(timer);
    asked += 1;
    if (!isOpen()) return;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    if (popup.isConnected) popup.hidePopover();
    window.removeEventListener('scroll', onScroll, true);
    window.removeEventListener('resize', place);
  };
  const onScroll = (/** @type {Event} */ event) => {
    if (event.target !== popup && event.target !== options) place();
  };
  const activate = (/** @type {number} */ index) => {
    active = index;
    for (const [at, option] of [...options.children].entries()) {
      option.setAttribute('aria-selected', String(at === index));
      if (at === index) option.scrollIntoView({ block: 'nearest' });
    }
    const option = options.children[index];
    if (option === undefined) input.removeAttribute('aria-activedescendant');
    else input.setAttribute('aria-activedescendant', option.id);
  };
  const choose = (/** @type {{ title: string, value: string } | null} */ choice, quiet = false) => {
    const changed = choice?.value !== chosen?.value;
    chosen = choice;
    input.value = choice?.title ?? '';
    close();
    if (changed && !quiet) onChange?.(chosen);
  };
  const draw = (/** @type {string | null} */ more) => {
    options.replaceChildren(
      ...choices.map((choice) =>
        h(
          'li',
          {
            role: 'option',
            id: uniqueId('choice'),
            'aria-selected': 'false',
            // Pressing must not take the focus from the field.
            onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
            onclick: () => choose(choice),
          },
          choice.title,
        ),
      ),
    );
    note.textContent = more ?? (choices.length === 0 ? 'No matches' : '');
    open();
    activate(choices.length > 0 ? 0 : -1);
    place();
  };
  const ask = async (/** @type {string} */ query) => {
    asked += 1;
    const own = asked;
    input.setAttribute('aria-busy', 'true');
    try {
      const found = await find(query);
      // An older answer must not overwrite a newer one.
      if (own !== asked) return;
      choices = found.choices;
      draw(found.more);
    } catch {
      if (own !== asked) return;
      choices = [];
      draw('The search did not answer. Type again to retry.');
    } finally {
      if (own === asked) input.removeAttribute('aria-busy');
    }
  };

  input.addEventListener('input', () => {
    if (chosen !== null) {
      chosen = null;
      onChange?.(null);
    }
    clearTimeout(timer);
    timer = setTimeout(() => void ask(input.value.trim()), PAUSE_MS);
  });
  input.addEventListener('click', () => {
    if (!isOpen()) void ask(chosen === null ? input.value.trim() : '');
  });
  input.addEventListener('blur', () => {
    close();
    // Text that names no choice would look like an answer.
    input.value = chosen?.title ?? '';
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen()) {
        void ask(chosen === null ? input.value.trim() : '');
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (choices.length > 0) activate((active + step + choices.length) % choices.length);
      return;
    }
    if (!isOpen()) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      const choice = choices[active];
      if (choice !== undefined) choose(choice);
    } else if (event.key === 'Escape') {
      // Escape closes the list first, the dialog around it only with the next press.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });

  return {
    element,
    input,
    get value() {
      return chosen?.value;
    },
    get chosen() {
      return chosen;
    },
    /** Takes a choice made elsewhere, without telling. @param {{ title: string, value: string } | null} choice */
    set: (choice) => choose(choice, true),
  };
}
