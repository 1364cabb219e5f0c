// Small helpers to build elements. Text always goes in as text: nothing here or in its users parses markup.

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element with attributes, listeners (`onclick`) and children. `null` and `false` attributes are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function')
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat())
    if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A 20 x 20 line icon from path data. @param {string} path */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

/** The element of the page with this id. @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

let last = 0;
/** An id that no other element has. @param {string} name */
export function uniqueId(name) {
  last += 1;
  return `${name}-${last}`;
}

/**
 * Initials on a colour that stays the same for the same person.
 * @param {{ key: string, name: string }} person
 */
export function avatar(person) {
  const words = person.name.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const initials = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => (word === undefined ? '' : (Array.from(word.replace(/^[^\p{L}\p{N}]+/u, ''))[0] ?? '')))
    .join('');
  const hue = Array.from(person.key).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials.toLocaleUpperCase() || '?');
  element.style.setProperty('--hue', String(hue));
  return element;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayWithYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

/** A time of day that tells the whole moment on hover. @param {string} iso @param {string} [prefix] */
export function timeOf(iso, prefix = '') {
  const at = new Date(iso);
  return h('time', { datetime: iso, title: full.format(at) }, `${prefix}${clock.format(at)}`);
}

/** "Today", "Yesterday" or the date. @param {Date} at @param {Date} [now] */
export function dayName(at, now = new Date()) {
  const midnight = (/** @type {Date} */ date) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return (at.getFullYear() === now.getFullYear() ? day : dayWithYear).format(at);
}

/**
 * Shows a sentence under a field, or takes it away. Readers hear it with the field and when it appears.
 * @param {HTMLElement | null | undefined} field @param {string | null} text
 */
export function fieldError(field, text) {
  if (!field) return;
  field.querySelector(':scope > .field-error')?.remove();
  const controls = field.querySelectorAll('input, select, textarea');
  for (const control of controls) {
    control.removeAttribute('aria-invalid');
    control.removeAttribute('aria-describedby');
  }
  if (text === null) return;
  const id = uniqueId('error');
  field.append(h('p', { class: 'field-error', id }, text));
  for (const control of controls) {
    control.setAttribute('aria-invalid', 'true');
    control.setAttribute('aria-describedby', id);
  }
}
