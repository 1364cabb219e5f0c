// What a form for a decision showed when it was drawn. It is kept in the form's draft, and may be replaced there while the form is open.
import { createHash } from 'node:crypto';

/** A name for it, which the form carries: of two clicks on one form the second showed its reader no more than the first. */
export function nameOfShown(shown: string): string {
  return createHash('sha256').update(shown).digest('hex').slice(0, 16);
}
