// Typed text to an entry of the verb table. Help and "did you mean" come from the same table.
import { verbs } from './actions';
import { closest } from './names';
import type { Typed } from './verb';
import type { WordKey } from './words';

const all: readonly Typed[] = Object.values(verbs)
  .flatMap((verb) => verb.typed ?? [])
  .sort((a, b) => b.words.length - a.words.length);

export interface Command {
  readonly typed: Typed;
  readonly rest: string;
}

/** The command in a text, in any case, with odd spaces; null when there is none. `R-1042` alone is one. */
export function parse(text: string): Command | null {
  const said = tidy(text);
  const lower = said.toLowerCase();
  for (const typed of all) {
    if (lower === typed.words) return { typed, rest: '' };
    if (typed.words.endsWith('-') ? lower.startsWith(typed.words) : lower.startsWith(`${typed.words} `)) {
      return { typed, rest: said.slice(typed.words.length).trim() };
    }
  }
  return null;
}

/** The command that was perhaps meant. */
export function near(text: string): string | null {
  const said = tidy(text).toLowerCase();
  const first =
    closest(said, all, (typed) => typed.words)[0] ??
    closest(said.split(' ').slice(0, 2).join(' '), all, (typed) => typed.words)[0] ??
    closest(said.split(' ')[0] ?? '', all, (typed) => typed.words)[0];
  return first?.help?.usage ?? first?.words ?? null;
}

/** Help lines for somebody; `assigns` shows what owners may do. */
export function helpRows(may: {
  readonly assigns: boolean;
}): readonly { readonly usage: string; readonly line: WordKey }[] {
  return Object.values(verbs)
    .flatMap((verb) => verb.typed ?? [])
    .flatMap((typed) => (typed.help && (may.assigns || typed.help.assigns !== true) ? [typed.help] : []));
}

function tidy(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 2000);
}
