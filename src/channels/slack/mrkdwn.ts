// Text for Slack: escaped mrkdwn with people's words made inert, or plain text, each cut to a limit without breaking a token.
import type { types } from '@slack/bolt';
import type { InstantStyle, Reader, Span, Text } from '../../chat/card';
import { characters, clip, isInvisible } from '../../chat/spans';
import { formatInstant, plain } from '../../chat/text';

const ELLIPSIS = '…';
// mrkdwn has no escape for its formatting characters. These look the same and mean nothing to Slack.
const LOOKALIKES: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ' };
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const QUOTE = '›';
/** Alone: a letter with marks on it is none for Slack. */
const WORD = /^[A-Za-z0-9]$/;
const OPENS_ISOLATE = /[\u2066-\u2068]/u;
const CLOSES_ISOLATE = '\u2069';

/** Something that is shown whole or not at all; `close` ends what it opened. */
interface Token {
  readonly text: string;
  readonly opens?: string;
  readonly closes?: boolean;
  /** What to write instead where the text is cut right behind it. */
  readonly atCut?: string;
}

/** A text object: mrkdwn only for bold words, links or moments in the client's own form, else plain text, where nothing is markup. */
export function textObject(
  text: Text,
  reader: Reader | null,
  max: number,
): types.MrkdwnElement | types.PlainTextElement {
  const marked = needsMrkdwn(text, reader) ? mrkdwn(text, reader, max) : '';
  if (!isInvisible(marked)) return { type: 'mrkdwn', text: marked, verbatim: true };
  return { type: 'plain_text', text: plainText(text, reader, max), emoji: false };
}

function needsMrkdwn(text: Text, reader: Reader | null): boolean {
  return text.some(({ kind }) => kind === 'strong' || kind === 'address' || (kind === 'instant' && reader === null));
}

/** A text as Slack mrkdwn of at most `max` units. Send it with `verbatim: true`, so that addresses in it stay text. */
export function mrkdwn(text: Text, reader: Reader | null, max: number): string {
  return assemble(tokens(text, reader, max), max);
}

/** A text without markup, at most `max` units, never empty (Slack refuses empty texts). */
export function plainText(text: Text, reader: Reader | null, max: number): string {
  const said = clip(plain(text, reader), max);
  return isInvisible(said) ? '–' : said;
}

/** The same on one line, for titles, buttons and choices. */
export function line(text: Text, reader: Reader | null, max: number): string {
  const said = clip(plain(text, reader).replace(/\s+/g, ' ').trim(), max);
  return isInvisible(said) ? '–' : said;
}

function tokens(text: Text, reader: Reader | null, max: number): Token[] {
  const all: Token[] = [];
  let length = 0;
  for (const span of text) {
    // What lies behind the cut need not be looked at.
    if (length > max) break;
    const more = spanTokens(span, reader, max);
    length += more.reduce((sum, token) => sum + token.text.length, 0);
    all.push(...more);
  }
  return all;
}

function spanTokens(span: Span, reader: Reader | null, max: number): Token[] {
  switch (span.kind) {
    case 'fixed':
    case 'user':
      return inert(clip(span.text, max));
    case 'strong': {
      // Bold ends at a line's end, and neither star may touch a space.
      const words = clip(plain(span.spans, reader).replace(/\s+/g, ' ').trim(), max);
      const shared = reader === null && span.spans.some((inner) => inner.kind === 'instant');
      if (shared) return tokens(span.spans, reader, max);
      return words === '' ? [] : [{ text: '*', opens: '*' }, ...inert(words), { text: '*', closes: true }];
    }
    case 'address':
      return [{ text: `<${span.url.replaceAll('&', '&amp;')}>` }];
    case 'instant':
      return [
        { text: reader === null ? sharedInstant(span.at, span.style) : formatInstant(span.at, span.style, reader) },
      ];
  }
}

/** The client's own date form; clients that cannot show it, and notifications, have the UTC form. */
function sharedInstant(at: Date, style: InstantStyle): string {
  const [date, time] = ['{date_short_pretty}', '{time}'];
  const form = { date, day: date, time, clock: time, dateTime: `${date} ${time}` }[style];
  return `<!date^${Math.floor(at.getTime() / 1000)}^${form}|${formatInstant(at, style, null)}>`;
}

/** A person's words, character by character, so that no client finds markup in them. */
function inert(text: string): Token[] {
  const all = characters(text);
  return all.map((character, index): Token => {
    const before = all[index - 1];
    const after = all[index + 1];
    const entity = ENTITIES[character];
    // A quote is also recognized in its escaped form.
    if (character === '>' && /(?:^|\n)[ \t>]*$/.test(lineBefore(all, index))) return { text: QUOTE };
    if (entity !== undefined) return { text: entity };
    if (OPENS_ISOLATE.test(character)) return { text: character, opens: CLOSES_ISOLATE };
    if (character === CLOSES_ISOLATE) return { text: character, closes: true };
    const lookalike = LOOKALIKES[character];
    // Between two ASCII letters Slack formats nothing, and identifiers such as snake_case stay copyable.
    const between = character !== '`' && WORD.test(before ?? '') && WORD.test(after ?? '');
    if (lookalike === undefined) return { text: character };
    return between ? { text: character, atCut: lookalike } : { text: lookalike };
  });
}

function lineBefore(all: readonly string[], index: number): string {
  const start = Math.max(0, index - 8);
  return (start === 0 ? '\n' : '') + all.slice(start, index).join('');
}

/** Joins tokens up to `max`, then closes what is open. */
function assemble(all: readonly Token[], max: number): string {
  const total = all.reduce((sum, token) => sum + token.text.length, 0);
  if (total <= max) return all.map((token) => token.text).join('');

  const open: string[] = [];
  const kept: Token[] = [];
  let length = ELLIPSIS.length;
  for (const token of all) {
    // Room stays for whatever will have to be closed behind this token.
    const closers = open.reduce((sum, closer) => sum + closer.length, token.opens?.length ?? 0);
    if (length + token.text.length + closers > max) break;
    if (token.opens !== undefined) open.push(token.opens);
    if (token.closes === true) open.pop();
    kept.push(token);
    length += token.text.length;
  }
  const last = kept.at(-1);
  const words = kept.map((token) => (token === last ? (token.atCut ?? token.text) : token.text)).join('');
  return words.trimEnd() + ELLIPSIS + open.reverse().join('');
}
