// The part of Slack's mrkdwn that the Block Kit writer uses, as elements: bold, italic, strike, code, links, date tokens,
// quotes, entities. Anything else stays the text that it is.
import { h } from './dom.js';

const EMOJI = new Map(
  Object.entries({
    white_check_mark: '✅',
    heavy_check_mark: '✔️',
    x: '❌',
    no_entry: '⛔',
    warning: '⚠️',
    hourglass: '⌛',
    hourglass_flowing_sand: '⏳',
    alarm_clock: '⏰',
    lock: '🔒',
    unlock: '🔓',
    key: '🔑',
    bell: '🔔',
    calendar: '📅',
    information_source: 'ℹ️',
    eyes: '👀',
    wave: '👋',
    tada: '🎉',
  }),
);

// A mark opens only before and closes only after something that is not a space, and never inside a word.
const mark = (/** @type {string} */ sign) =>
  `(?<![\\p{L}\\p{N}${sign}])${sign === '*' ? '\\*' : sign}(?=\\S)([^${sign}\\n]*[^\\s${sign}])${sign === '*' ? '\\*' : sign}(?![\\p{L}\\p{N}${sign}])`;
const TOKEN = new RegExp(`<([^<>\\n]+)>|\`([^\`\\n]+)\`|${mark('*')}|${mark('_')}|${mark('~')}|:([a-z0-9_+-]+):`, 'gu');

/** Nodes for a mrkdwn text. @param {string} text @returns {Node[]} */
export function mrkdwn(text) {
  /** @type {Node[]} */
  const nodes = [];
  /** @type {string[]} */
  let quote = [];
  const endQuote = () => {
    if (quote.length > 0) nodes.push(h('blockquote', {}, lines(quote)));
    quote = [];
  };
  let open = false;
  for (const line of text.split('\n')) {
    const quoted = /^(?:&gt;|>) ?/u.exec(line);
    if (quoted) {
      quote.push(line.slice(quoted[0].length));
      open = false;
      continue;
    }
    endQuote();
    if (open) nodes.push(h('br'));
    nodes.push(...inline(line));
    open = true;
  }
  endQuote();
  return nodes;
}

/** A `text` object of Block Kit. @param {{ type: string, text: string }} object @returns {Node[]} */
export function textOf(object) {
  return object.type === 'mrkdwn'
    ? mrkdwn(object.text)
    : lines([emoji(object.text)], (line) => [document.createTextNode(line)]);
}

/** @param {string[]} texts @param {(line: string) => Node[]} [draw] */
function lines(texts, draw = inline) {
  return texts
    .flatMap((text) => text.split('\n'))
    .flatMap((line, index) => (index === 0 ? draw(line) : [h('br'), ...draw(line)]));
}

/** @param {string} text @returns {Node[]} */
function inline(text) {
  /** @type {Node[]} */
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [all, token, code, bold, italic, strike, name] = match;
    if (name !== undefined && !EMOJI.has(name)) continue;
    if (match.index > from) nodes.push(plain(text.slice(from, match.index)));
    from = match.index + all.length;
    if (token !== undefined) nodes.push(special(token));
    else if (code !== undefined) nodes.push(h('code', {}, plain(code)));
    else if (bold !== undefined) nodes.push(h('b', {}, inline(bold)));
    else if (italic !== undefined) nodes.push(h('i', {}, inline(italic)));
    else if (strike !== undefined) nodes.push(h('s', {}, inline(strike)));
    else nodes.push(document.createTextNode(EMOJI.get(name ?? '') ?? all));
  }
  if (from < text.length) nodes.push(plain(text.slice(from)));
  return nodes;
}

/** @param {string} text */
function emoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/gu, (all, name) => EMOJI.get(name) ?? all);
}

/** @param {string} text */
function plain(text) {
  return document.createTextNode(entities(text));
}

/** @param {string} text */
function entities(text) {
  return text.replace(/&lt;/gu, '<').replace(/&gt;/gu, '>').replace(/&amp;/gu, '&');
}

/** What stands between angle brackets. @param {string} token @returns {Node} */
function special(token) {
  const bar = token.indexOf('|');
  const target = bar < 0 ? token : token.slice(0, bar);
  const label = entities(bar < 0 ? target : token.slice(bar + 1));
  if (target.startsWith('!date^')) {
    const [, unix = '', format = ''] = target.split('^');
    const at = new Date(Number(unix) * 1000);
    if (Number.isNaN(at.getTime())) return document.createTextNode(label);
    return h('time', { datetime: at.toISOString(), title: label }, dateText(at, format));
  }
  if (/^(?:https?|mailto):/u.test(target))
    return h('a', { href: entities(target), target: '_blank', rel: 'noreferrer' }, label);
  return h('span', { class: 's-mention' }, label);
}

/** Slack's date formats, in the browser's own zone as Slack does. @param {Date} at @param {string} format */
function dateText(at, format, now = new Date()) {
  const say = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat('en-US', options).format(at);
  const midnight = (/** @type {Date} */ date) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
  const pretty = days === 0 ? 'Today' : days === 1 ? 'Tomorrow' : days === -1 ? 'Yesterday' : null;
  const date = say({ month: 'long', day: 'numeric', year: 'numeric' });
  const short = say({ month: 'short', day: 'numeric', year: 'numeric' });
  const long = say({ weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });
  /** @type {Record<string, string>} */
  const values = {
    date_num: at.toLocaleDateString('sv-SE'),
    date,
    date_short: short,
    date_long: long,
    date_pretty: pretty ?? date,
    date_short_pretty: pretty ?? short,
    date_long_pretty: pretty ?? long,
    time: say({ hour: 'numeric', minute: '2-digit' }),
    time_secs: say({ hour: 'numeric', minute: '2-digit', second: '2-digit' }),
  };
  const text = format.replace(/\{(\w+)\}/gu, (all, name) => values[name] ?? all);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
