// Builders for the spans of a card, and the cutting and cleaning that text of people goes through before it is shown.
// Knows no markup: each writer escapes for its own place.
import type { InstantStyle, Span, Text } from './card';

/** The longest text that one place of a card can show (Slack section text, Block Kit reference). */
const LONGEST = 3000;
const ELLIPSIS = '…';
/** Marks piled on one letter are no reason to overrun a limit: a longer "character" is cut inside. */
const LONGEST_GRAPHEME = 32;

/** Directions nested deeper than this are nobody's writing. */
const DEEPEST = 8;

const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';
const ISOLATES = /[\u2066-\u2068]/u;
const EMBEDDINGS = /[\u202A\u202B\u202D\u202E]/u;
const POP_EMBEDDING = '\u202C';
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/u;
// Hebrew, Arabic, Syriac, Thaana, NKo and their presentation forms: letters that pull their neighbours to the other side.
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]|[\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
// With the u flag only halves without their other half match.
const LONE_SURROGATES = /\p{Surrogate}/gu;
// Controls that no client shows and PostgreSQL or JSON readers may refuse; tab and line feed stay.
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFFFE\uFFFF]/gu;

const SIMPLE = /^[\n\u0020-\u02FF]*$/;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Words of the product itself; comes from `words.ts` only. */
export function fixed(text: string): Span {
  return { kind: 'fixed', text };
}

/** Anything that a person, a directory or another system wrote: cleaned and cut here, escaped by each writer. */
export function user(text: string, max: number = LONGEST): Span {
  return { kind: 'user', text: clip(text, max) };
}

/** The same text, louder. */
export function strong(...spans: readonly Span[]): Span {
  return { kind: 'strong', spans };
}

// Nothing in it means anything to a writer, so none has to escape it: a `_` between two letters is no mark in any of them.
const ADDRESS = /^https?:\/\/[a-z0-9.:[\]-]+(?:\/(?:[a-z0-9/?&=%:.-]|(?<=[a-z])_(?=[a-z]))*)?$/i;

/** An address that we made ourselves: it stays whole, and clients that can make a link of it. */
export function address(url: string): Span {
  if (!ADDRESS.test(url)) throw new Error('an address of ours holds something that no address of ours may hold');
  return { kind: 'address', url };
}

/** A moment, drawn by each writer for its reader. */
export function instant(at: Date, style: InstantStyle = 'dateTime'): Span {
  return { kind: 'instant', at, style };
}

/** Whether nothing would be seen. */
export function isBlank(text: Text): boolean {
  return text.every((span) => {
    if (span.kind === 'instant' || span.kind === 'address') return false;
    return span.kind === 'strong' ? isBlank(span.spans) : isInvisible(span.text);
  });
}

/** Whether a string has nothing to see: spaces, controls, joiners and direction marks only. */
export function isInvisible(text: string): boolean {
  return (
    clean(text)
      .replace(/\p{Format}/gu, '')
      .trim() === ''
  );
}

/** Removes NUL, other controls and halves of surrogate pairs; line ends become line feeds. */
export function clean(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(LONE_SURROGATES, '').replace(CONTROLS, '');
}

/** The characters as a person counts them; very long ones (piled marks) come as code points. */
export function characters(text: string): string[] {
  // Nothing below the combining marks joins its neighbour, and segmenting is slow.
  if (SIMPLE.test(text)) return text.split('');
  const result: string[] = [];
  for (const { segment } of graphemes.segment(text)) {
    if (segment.length <= LONGEST_GRAPHEME) result.push(segment);
    else result.push(...Array.from(segment));
  }
  return result;
}

/** The beginning of a text in at most `max` UTF-16 units, between characters, with an ellipsis where something is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // A grapheme may be cut by this slice, but only behind `max`, where nothing is kept.
  const near = text.slice(0, max + LONGEST_GRAPHEME).replace(LONE_SURROGATES, '');
  return near.slice(0, boundary(near, max - ELLIPSIS.length)).trimEnd() + ELLIPSIS;
}

/** Where the character begins that `at` lies in. Only its neighbourhood is segmented: to segment ten thousand letters is slow. */
function boundary(text: string, at: number): number {
  if (at >= text.length) return text.length;
  if (at <= 0) return 0;
  if (SIMPLE.test(text)) return at;
  const { segment, index } = graphemes.segment(text).containing(at) ?? { segment: '', index: at };
  if (segment.length <= LONGEST_GRAPHEME) return index;
  const within = (text.codePointAt(at - 1) ?? 0) > 0xffff;
  return within ? at - 1 : at;
}

/**
 * Cleans a text and cuts it to at most `max` UTF-16 units. Text with right-to-left letters or direction controls is
 * isolated, so that it cannot turn round the words beside it. Clipping twice is the same as once.
 */
export function clip(text: string, max: number): string {
  const cleaned = clean(text);
  if (!BIDI_CONTROLS.test(cleaned) && !RIGHT_TO_LEFT.test(cleaned)) return cut(cleaned, max);
  const inside = balance(unwrap(cleaned));
  for (let room = max - 2; room > 0; room -= Math.max(1, Math.ceil(room / 16))) {
    const isolated = FIRST_STRONG_ISOLATE + balance(cut(inside, room)) + POP_ISOLATE;
    if (isolated.length <= max) return isolated;
  }
  return cut(cleaned.replace(new RegExp(BIDI_CONTROLS, 'gu'), ''), max);
}

/** Takes off the isolate that an earlier `clip` put round the whole text. */
function unwrap(text: string): string {
  if (!text.startsWith(FIRST_STRONG_ISOLATE) || !text.endsWith(POP_ISOLATE)) return text;
  const inside = text.slice(1, -1);
  return balance(inside) === inside ? inside : text;
}

/** Drops closing controls that close nothing of this text, and closes what it left open. */
function balance(text: string): string {
  const open: string[] = [];
  let result = '';
  for (const character of text) {
    if (open.length === DEEPEST && (ISOLATES.test(character) || EMBEDDINGS.test(character))) continue;
    if (ISOLATES.test(character)) open.push(POP_ISOLATE);
    else if (EMBEDDINGS.test(character)) open.push(POP_EMBEDDING);
    else if (character === POP_EMBEDDING) {
      if (open.at(-1) !== POP_EMBEDDING) continue;
      open.pop();
    } else if (character === POP_ISOLATE) {
      if (!open.includes(POP_ISOLATE)) continue;
      // An isolate's end also ends every embedding begun inside it (UAX #9, X6a); we write those ends out.
      while (open.at(-1) === POP_EMBEDDING) result += open.pop() ?? '';
      open.pop();
    }
    result += character;
  }
  return result + open.reverse().join('');
}
