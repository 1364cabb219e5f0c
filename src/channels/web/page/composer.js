// The line at the bottom: Enter sends, Shift+Enter breaks the line, arrow up brings back what was said before.
import { byId, h } from './dom.js';

/**
 * @param {{ say: (text: string) => void, said: () => string[] }} host
 */
export function createComposer(host) {
  const form = byId('composer');
  const field = /** @type {HTMLTextAreaElement} */ (byId('say'));
  const chips = byId('chips');
  const send = /** @type {HTMLButtonElement} */ (byId('send'));
  /** Steps back from what is being written; 0 is the line itself. */
  let back = 0;
  let draft = '';

  const grow = () => {
    field.style.height = 'auto';
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
    send.disabled = field.disabled || field.value.trim() === '';
  };
  const put = (/** @type {string} */ text) => {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    grow();
  };
  const submit = () => {
    const text = field.value.trim();
    if (text === '' || field.disabled) return;
    back = 0;
    draft = '';
    put('');
    host.say(text);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener('input', () => {
    back = 0;
    grow();
  });
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
      return;
    }
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    const older = event.key === 'ArrowUp';
    // Inside a longer text the arrows move the caret as everywhere.
    const edge = back > 0 || (older && field.selectionStart === 0 && field.selectionEnd === 0);
    if (!edge) return;
    const said = host.said().filter((text, index, all) => text !== all[index - 1]);
    const to = back + (older ? 1 : -1);
    if (to < 0 || to > said.length) return;
    event.preventDefault();
    if (back === 0) draft = field.value;
    back = to;
    put(to === 0 ? draft : (said[said.length - to] ?? ''));
  });

  return {
    /** @param {{ title: string, text: string }[]} suggestions */
    suggest(suggestions) {
      chips.replaceChildren(
        ...suggestions.map(({ title, text }) =>
          h('button', { type: 'button', class: 'chip', onclick: () => host.say(text) }, title),
        ),
      );
    },
    /** @param {string | null} name */
    speakAs(name) {
      field.disabled = name === null;
      field.placeholder = name === null ? 'Pick somebody first' : `Write as ${name}`;
      for (const chip of chips.querySelectorAll('button')) chip.disabled = name === null;
      byId('composer').classList.toggle('off', name === null);
      grow();
    },
    focus: () => field.focus(),
    /** Gives a text back that could not be sent, unless something new is being written. @param {string} text */
    giveBack(text) {
      if (field.value === '') put(text);
    },
  };
}
