// Short notices at the bottom, and sentences for readers only.
import { byId, h } from './dom.js';

/** Longer sentences stay longer. */
const LEAST_MS = 5000;
const MS_PER_LETTER = 80;
const MOST = 3;

/** Said to readers, not shown. @param {string} text */
export function announce(text) {
  byId('announcer').textContent = text;
}

/** A short notice; with a way to try again it stays until closed. @param {string} text @param {(() => void) | null} [again] */
export function toast(text, again = null) {
  if (text === '') return;
  const place = byId('toasts');
  const notice = h('div', { class: 'toast' }, h('span', {}, text));
  const close = () => notice.remove();
  if (again !== null) {
    const retry = h('button', { type: 'button', class: 'link' }, 'Retry');
    retry.addEventListener('click', () => {
      close();
      again();
    });
    notice.append(retry);
  }
  notice.append(h('button', { type: 'button', class: 'plain', 'aria-label': 'Dismiss', onclick: close }, '×'));
  // The top layer, so that it is seen over an open form; shown again, because the form may have been opened later.
  if (place.matches(':popover-open')) place.hidePopover();
  place.showPopover();
  place.append(notice);
  if (again === null) setTimeout(close, Math.max(LEAST_MS, text.length * MS_PER_LETTER));
  while (place.children.length > MOST) place.firstElementChild?.remove();
}

/** They were said to somebody else. */
export function clearToasts() {
  byId('toasts').replaceChildren();
}
