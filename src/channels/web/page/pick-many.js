// Several choices from a search: the combobox, and below it what was chosen, each to be taken off again.
import { combobox } from './combobox.js';
import { h } from './dom.js';

/**
 * The same members as `combobox`, for a value of several ids joined by commas.
 * @typedef {{ title: string, value: string }} Choice
 * @param {Omit<Parameters<typeof combobox>[0], 'chosen' | 'onChange'> & { chosen?: Choice[], onChange?: (chosen: Choice[]) => void }} options
 */
export function pickMany({ chosen: preset = [], onChange, ...options }) {
  let chosen = [...preset];
  const list = h('ul', { class: 'picked', 'aria-label': 'Chosen' });
  const combo = combobox({
    ...options,
    onChange: (choice) => {
      if (choice === null) return;
      combo.set(null);
      if (!chosen.some((other) => other.value === choice.value)) change([...chosen, choice]);
    },
  });
  /** @param {Choice[]} next */
  const change = (next) => {
    chosen = next;
    draw();
    onChange?.(chosen);
  };
  const draw = () => {
    list.replaceChildren(
      ...chosen.map((choice) => {
        const remove = h('button', { type: 'button', 'aria-label': `Remove ${choice.title}` }, '×');
        remove.addEventListener('click', () => {
          change(chosen.filter((other) => other !== choice));
          combo.input.focus();
        });
        return h('li', {}, h('span', {}, choice.title), remove);
      }),
    );
    list.hidden = chosen.length === 0;
  };
  draw();
  return {
    element: h('div', { class: 'pick-many' }, combo.element, list),
    input: combo.input,
    get value() {
      return chosen.length === 0 ? undefined : chosen.map((choice) => choice.value).join(',');
    },
    get chosen() {
      return chosen;
    },
    /** @param {Choice[] | null} next */
    set: (next) => {
      chosen = next ?? [];
      draw();
    },
  };
}
