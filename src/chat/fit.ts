// A card that is longer than a platform takes: what it says goes from the end, line by line, and a line says so. What it asks and
// its own buttons always stay.
import type { Card, Element } from './card';
import { hasInputs } from './card';
import { say } from './words';

/** The card with as much of it as fits; `tooLong` is the platform's measure. Where not even its inputs and buttons fit, those. */
export function fitted(card: Card, tooLong: (card: Card) => boolean): Card {
  if (!tooLong(card)) return card;
  const all = linesIn(card.body);
  // Fewer lines never make a card longer by more than the line that says so, so halving finds the most that fit, or one less.
  let [shown, most, tooMany] = [shortened(card, 0, all), 0, all];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    const tried = shortened(card, middle, all);
    if (tooLong(tried)) tooMany = middle;
    else [shown, most] = [tried, middle];
  }
  return shown;
}

function isKept(element: Element): boolean {
  return 'id' in element || (element.type === 'ColumnSet' && hasInputs({ body: [element] }));
}

function linesIn(elements: readonly Element[]): number {
  return elements.reduce((sum, element) => {
    if (element.type === 'Container') return sum + linesIn(element.items);
    if (element.type === 'FactSet') return sum + element.facts.length;
    return sum + (isKept(element) ? 0 : 1);
  }, 0);
}

/** The first `count` lines of a card that has `all`, and in place of the others how many they are. */
function shortened(card: Card, count: number, all: number): Card {
  let seen = 0;
  const walk = (elements: readonly Element[]): readonly Element[] =>
    elements.flatMap((element): readonly Element[] => {
      if (isKept(element)) return [element];
      const before = seen;
      if (element.type === 'Container') {
        const items = walk(element.items);
        return items.length === 0 ? [] : [{ ...element, items }];
      }
      seen += element.type === 'FactSet' ? element.facts.length : 1;
      const fit = Math.max(0, Math.min(seen, count) - before);
      const kept = element.type === 'FactSet' ? factsOf(element, fit) : fit === 0 ? [] : [element];
      // Where the first of the others would have been.
      return before <= count && count < seen ? [...kept, more(all - count)] : kept;
    });
  return { ...card, body: walk(card.body) };
}

function factsOf(set: Extract<Element, { type: 'FactSet' }>, count: number): readonly Element[] {
  return count === 0 ? [] : [{ ...set, facts: set.facts.slice(0, count) }];
}

function more(count: number): Element {
  const text = say('card.more', { count });
  return { type: 'TextBlock', text, style: 'default', size: 'default', weight: 'default', subtle: true };
}
