// From a view to a bound card. The only place where data, template, reader and fixed words meet.
import type { CardId } from '../domain/model';
import type { Card } from './card';
import type { CardBook } from './cards';
import type { Drawn } from './views';
import type { Who } from './who';
import { label } from './words';
import type { WordKey } from './words';
import { sentences } from './words/sentences';

/** Words without values, as `${label.fact_package}` reaches them. */
const labels = Object.fromEntries(
  (Object.keys(sentences) as WordKey[])
    .filter((key) => !sentences[key].includes('{'))
    .map((key) => [key.replaceAll('.', '_'), label(key)]),
);

/** Binds what was drawn for its reader. `id` is the remembered card that the buttons name. */
export function bind(book: CardBook, drawn: Drawn, who: Who, id: CardId | null): Card {
  return book.bind(drawn.card, drawn.data, {
    id,
    draft: drawn.draft ?? null,
    reader: { zone: who.zone, locale: who.locale },
    label: labels,
  });
}
