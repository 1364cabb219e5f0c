// What people type around what they mean: spaces, quotes, marks, courtesy, the name of Usher. A name is looked up as it was typed
// before anything is taken away, since it may be called so. No pattern here may take long, whatever it is given.
import { isLinkCode } from '../domain/link';

/** Quotes of every kind; marks that say nothing, unlike a question mark or a sad face. */
const QUOTES = `"'“”„«»‘’`;
const MARKS = `${QUOTES})\\]*_\`:;,.!\u2026`;
/** Bullets and quotations before a number as well. */
const AROUND = new RegExp(`^(?:[\\s([#>${MARKS}]|-\\s)+|[\\s${MARKS}-]+$`, 'gu');
const SILENT = new RegExp(`^[\\s${MARKS}-]+|[\\s${MARKS}-]+$`, 'gu');
/** Faces that do not smile, from either side. */
const SAD = /[([]['-]?[:;=]|[:;=]['-]?[([]|[)\]]['-]?[:;=]/;
const COURTESY = /^(?:because|please|pls|now|thanks|thank you)?$/i;
/** Each agrees or thanks, in every colour; Slack writes them out. */
const GLAD =
  /[👍👌🙏✅✔☑🙂😊😀😃😄🎉🚀🙌👏💯❤]|[\u{1f3fb}-\u{1f3ff}\ufe0f]|:(?:\+1|thumbsup|ok_hand|pray|white_check_mark|heavy_check_mark|tada|rocket|raised_hands|clap|100|heart)(?:::skin-tone-\d)?:/gu;
const EMOJI = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]+$/u;
/** What greets, agrees or thanks. Whoever begins with anything else may have said no, and has not said yes. */
const GLAD_FIRST = new RegExp(`^(?:${GLAD.source}|[👋🙋🤖🔑🗝🔓🔐📣✨⭐💡👉♀♂\\s]|:wave:)+`, 'u');
const QUOTED = new RegExp(`^[${QUOTES}]([^${QUOTES}]*)[${QUOTES}]$`, 'u');

/** The link to a package, wherever it leads: only its code counts. */
const LINK = /<?https?:\/\/[^\s/<>]{1,253}\/go\/([0-9a-z]{20})(?:[/?#][^\s<>]*)?>?(?![0-9a-z])/gi;

const REASONED = /^(?:approve|deny)\s|\sbecause\s/i;

/** A text as commands are read: one space between words, no greeting, courtesy or `@Usher` before it; at most 2,000 characters. */
export function tidy(text: string): string {
  return unlinked(
    spaced(text)
      .replace(GLAD_FIRST, '')
      // The way to call Usher elsewhere, typed where nobody else listens; and courtesy.
      .replace(/^[@/]usher\b[:,]?\s*/i, '')
      .replace(/^(?:please|pls)[,]?\s+/i, ''),
  );
}

/** The link to a package is its code, and one alone asks for it. In what people say of a request or a reason it is an address. */
function unlinked(text: string): string {
  if (REASONED.test(text)) return text;
  const said = text.replace(LINK, (link, code: string) => (isLinkCode(code.toLowerCase()) ? code.toLowerCase() : link));
  return said !== text && isLinkCode(said) ? `request ${said}` : said;
}

function spaced(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 2000);
}

/** Without the quotes around all of it; those around two names of it are theirs. */
export function unquoted(said: string): string {
  return (QUOTED.exec(said)?.[1] ?? said).trim();
}

/** A name without its quotes, and without the courtesy, emoji and marks after it. */
export function bareName(typed: string): string {
  const words = typed.split(' ');
  while (words.length > 1) {
    const last = words.at(-1) ?? '';
    const said = last.replace(SILENT, '').toLowerCase();
    const isThankYou = words.length > 2 && said === 'you' && words.at(-2)?.toLowerCase() === 'thank';
    if (isThankYou) words.pop();
    else if (said !== '' && !EMOJI.test(last) && !/^(?:please|pls|now|thanks)$/.test(said)) break;
    words.pop();
  }
  return unquoted(words.join(' ').replace(/[,;:.!]+$/u, ''));
}

/** A number of a request or a task with what stands around it (R-1042, r 1042, #1042, "1042"; T-17), and what follows. */
export interface NumberTyped {
  /** Null where there is none. */
  readonly number: number | null;
  /** Where it ends in the text. */
  readonly end: number;
  /** What follows it, as it was typed. */
  readonly said: string;
  /** Whether nothing follows but courtesy. */
  readonly isBare: boolean;
}

const NUMBERS = {
  r: /^((?:r[-\s]?)?#?(\d{1,15}))(?![\p{L}\p{N}])(.*)$/isu,
  t: /^((?:t[-\s]?)?#?(\d{1,15}))(?![\p{L}\p{N}])(.*)$/isu,
};

/** Reads the number at the beginning of a text. Whoever decides by it looks at what follows: only courtesy means nothing. */
export function numberTyped(rest: string, letter: keyof typeof NUMBERS = 'r'): NumberTyped {
  const bare = rest.replace(GLAD, ' ').replace(AROUND, '');
  const [, typed, digits, after = ''] = NUMBERS[letter].exec(bare) ?? [];
  if (typed === undefined) return { number: null, end: 0, said: rest, isBare: false };
  const end = rest.indexOf(typed) + typed.length;
  const follows = rest.slice(end);
  const said = follows.replace(/^["“”„«»')\]*_`,;:.!\u2026]+/u, '').trim();
  return { number: Number(digits), end, said, isBare: COURTESY.test(after.replace(SILENT, '')) && !SAD.test(follows) };
}
