// Typed text to an entry of the verb table. Help and "did you mean" come from the same table.
import { verbs } from './actions';
import { closest } from './names';
import { numberTyped, tidy, unquoted } from './typed';
import type { Audiences, HelpLine, Typed, Verb } from './verb';

interface Entry {
  readonly typed: Typed;
  /** Of the verb that the words belong to. */
  readonly kind: Verb['kind'];
}

const all: readonly Entry[] = Object.values(verbs).flatMap(({ kind, typed = [] }) =>
  typed.map((one) => ({ typed: one, kind })),
);
const longestFirst = [...all].sort((a, b) => b.typed.words.length - a.typed.words.length);

export interface Command extends Entry {
  readonly rest: string;
}

/** The command in a text, in any case, with odd spaces; null when there is none. `R-1042` alone is one, and so is `T-17`. */
export function parse(text: string): Command | null {
  const said = tidy(text);
  for (const letter of ['r', 't'] as const) {
    const bare = bareNumber(said, letter);
    if (bare !== null) return entryOf(`${letter}-`, bare);
  }
  // Greetings, and words with a mark or a quote around them. What follows a command is kept as it was typed.
  const plain = said.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  if (plain === '') return said.startsWith('?') ? entryOf('help', '') : null;
  return longest(plain, true) ?? longest(unquoted(said), false);
}

function entryOf(words: string, rest: string): Command | null {
  const entry = all.find(({ typed }) => typed.words === words);
  return entry ? { ...entry, rest } : null;
}

/** A request or a task by its number alone, where that says no letter a request. Showing it does no harm, so a mark that asks or doubts may stand around it as well. */
function bareNumber(said: string, letter: 'r' | 't'): string | null {
  const { number, said: more, isBare } = numberTyped(said.replace(/^[?~\s]+/, ''), letter);
  return number !== null && (isBare || !/[\p{L}\p{N}]/u.test(more)) ? String(number) : null;
}

/** The entry with the longest words that the text is (`whole`), or begins with. */
function longest(said: string, whole: boolean): Command | null {
  const lower = said.toLowerCase();
  for (const entry of longestFirst) {
    const { words } = entry.typed;
    if (lower === words) return { ...entry, rest: '' };
    if (whole) continue;
    if (words.endsWith('-') ? lower.startsWith(words) : lower.startsWith(`${words} `)) {
      return { ...entry, rest: unquoted(said.slice(words.length).trim()) };
    }
  }
  return null;
}

/** What was perhaps meant: the command with its words mended or completed, and whatever followed them as it was typed. */
export function near(text: string): string | null {
  const words = tidy(text).split(' ');
  for (const count of new Set([words.length, 2, 1])) {
    const said = words.slice(0, count).join(' ').toLowerCase();
    const rest = words.slice(count);
    const meant = closest(said, whole, ({ typed }) => typed.words)[0] ?? half(said, rest.length > 0);
    if (meant) return [meant.typed.words, ...rest].join(' ');
  }
  return null;
}

// What is only the beginning of a word ("r-") is nobody's typing mistake.
const whole = longestFirst.filter((entry) => !entry.typed.words.endsWith('-'));
/** What is shorter begins too much. */
const LEAST = 3;

/** The command that this begins, word by word ("my acc", "appr"), or is the last word of ("access"): the one to which a rest belongs, where there is one. */
function half(said: string, hasRest: boolean): Entry | undefined {
  if (said.length < LEAST) return undefined;
  const parts = said.split(' ');
  const takesRest = ({ typed: { words, help } }: Entry) => (help?.usage.length ?? 0) > words.length;
  const begun = whole.filter(({ typed: { words } }) => {
    const own = words.split(' ');
    return own.length === parts.length && own.every((word, n) => word.startsWith(parts[n] ?? ''));
  });
  const last = hasRest ? [] : whole.filter(({ typed: { words } }) => words.endsWith(` ${said}`));
  return begun.find((entry) => takesRest(entry) === hasRest) ?? begun[0] ?? last.at(-1);
}

/** Help lines for somebody: what everybody may do, and what they may. */
export function helpRows(reader: Audiences): readonly HelpLine[] {
  return all
    .flatMap(({ typed: { help } }) => (help ? [help] : []))
    .filter(({ only }) => only === undefined || reader[only]);
}
