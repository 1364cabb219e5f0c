// What a person typed in Teams, as plain words: the mention of the bot gone, other mentions as names, entities decoded.
import { isObject, objectAt, textAt } from './body';

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** The typed words of a message activity. */
export function typedText(activity: Readonly<Record<string, unknown>>): string {
  const bot = textAt(activity['recipient'], 'id');
  let text = textAt(activity, 'text') ?? '';
  const entities = Array.isArray(activity['entities']) ? (activity['entities'] as unknown[]) : [];
  for (const entity of entities) {
    if (!isObject(entity) || entity['type'] !== 'mention') continue;
    const said = textAt(entity, 'text');
    if (said !== null && bot !== null && textAt(objectAt(entity, 'mentioned'), 'id') === bot) {
      text = text.replaceAll(said, ' ');
    }
  }
  text = text.replace(/<at(?:\s[^<>]*)?>([^<>]*)<\/at>/gi, '$1');
  // Only where the client says that it sends markup: in a plain text `<` is a letter like any other.
  if (activity['textFormat'] === 'xml') {
    text = text.replace(/<br\s*\/?>|<\/(?:p|div|li)>/gi, '\n').replace(/<\/?[a-z][^<>]*>/gi, '');
  }
  return decode(text)
    .replace(/[\u00a0\u200b\ufeff]/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\r?\n ?/g, '\n')
    .trim();
}

// One pass, so that `&amp;lt;` stays what the person wrote: `&lt;`.
function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
  });
}
