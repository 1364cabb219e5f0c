// Takes the meaning out of words for clients that render markdown and expand macros (Teams, Adaptive Cards).

/** Breaks `${` and `{{` without a visible trace. */
const BREAK = '\u200B';
const MARKUP = /[\\[\]()*_`~|<&]/g;
// Our own words have brackets and ampersands, and not every client takes a needless backslash away.
const LOUD_MARKUP = /[\\[\]*_`~<]/g;

/**
 * Makes a person's text inert in markdown: every character that could start markup gets a backslash, line starts too, and
 * addresses lose the form by which clients turn them into links. Line ends become paragraphs, which all clients show.
 */
export function escapeMarkdown(text: string, origin: 'fixed' | 'user' = 'user'): string {
  return text
    .replace(origin === 'user' ? MARKUP : LOUD_MARKUP, '\\$&')
    .replace(/!(?=\\\[)/g, '\\!')
    .replace(/\n[ \t]+/g, '\n')
    .replace(/^([ \t]*\d{1,9})([.)])/gm, '$1\\$2')
    .replace(/^([ \t]*)([#>+=-])/gm, '$1\\$2')
    .replace(/(https?|ftp|mailto|tel|slack|msteams):/gi, `$1:${BREAK}`)
    .replace(/\bwww\./gi, `www${BREAK}.`)
    .replace(/\n+/g, '\n\n');
}

/** Takes the meaning from `${` (template language) and `{{` (date macros), also where spans meet. */
export function guard(text: string): string {
  return text.replace(/[${](?=\{)/g, `$&${BREAK}`).replace(/[${]$/, `$&${BREAK}`);
}

/** Undoes `guard` in what a person sent back unchanged. */
export function unguard(text: string): string {
  return text.replace(new RegExp(`([\${])${BREAK}`, 'g'), '$1');
}
