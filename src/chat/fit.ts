// A card that is longer than a platform takes: what it says goes from the end, line by line, and a line says so. What it asks, what
// is wrong with what was answered, and its own buttons always stay.
import type { Card, Element, Text, TextInput } from './card';
import { hasInputs } from './card';
import { mapInputs, withErrors } from './form-errors';
import { label, say } from './words';

/**
 * The card with as much of it as fits; `tooLong` is the platform's measure. Where not even its inputs fit with what was answered, the
 * longest answers go as well, each with a sentence that says so. Where not even its inputs and buttons fit, those.
 */
export function fitted(card: Card, tooLong: (card: Card) => boolean): Card {
  if (!tooLong(card)) return card;
  const all = linesIn(card.body, hasInputs(card));
  // Fewer lines never make a card longer by more than the line that says so, so halving finds the most that fit, or one less.
  let [shown, most, tooMany] = [shortened(card, 0, all), 0, all];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    const tried = shortened(card, middle, all);
    if (tooLong(tried)) tooMany = middle;
    else [shown, most] = [tried, middle];
  }
  return tooLong(shown) ? withoutLongest(shown, tooLong) : shown;
}

/** The longest answers go until the form fits: one that cannot be shown again could not be corrected either. */
function withoutLongest(form: Card, tooLong: (card: Card) => boolean): Card {
  const answers: TextInput[] = [];
  mapInputs(form, (input) => {
    if (input.type === 'Input.Text' && input.value !== null) answers.push(input);
    return input;
  });
  answers.sort((one, two) => bytes(two.value) - bytes(one.value));
  const fields: Record<string, Text> = {};
  for (const { id } of answers) {
    fields[id] = label('form.answerGone');
    const emptied = mapInputs(form, (input) =>
      input.type === 'Input.Text' && input.id in fields ? { ...input, value: null } : input,
    );
    const tried = withErrors(emptied, { kind: 'errors', say: null, fields });
    if (!tooLong(tried)) return tried;
  }
  return form;
}

const bytes = (value: string | null): number => Buffer.byteLength(value ?? '');

function isKept(element: Element, isForm: boolean): boolean {
  if (element.type === 'ColumnSet') return hasInputs({ body: [element] });
  return 'id' in element || (isForm && element.type === 'Container' && element.tone === 'attention');
}

function linesIn(elements: readonly Element[], isForm: boolean): number {
  return elements.reduce((sum, element) => {
    if (isKept(element, isForm)) return sum;
    const inside = itemsOf(element);
    if (inside !== null) return sum + linesIn(inside, isForm);
    return sum + (element.type === 'FactSet' ? element.facts.length : 1);
  }, 0);
}

/** What stands one below the other in it; null for what is a line itself. */
function itemsOf(element: Element): readonly Element[] | null {
  if (element.type === 'Container') return element.items;
  if (element.type !== 'ColumnSet' || element.columns.length > 1) return null;
  return element.columns[0]?.items ?? null;
}

function withItems(element: Element, items: readonly Element[]): Element {
  if (element.type === 'Container') return { ...element, items };
  if (element.type !== 'ColumnSet') return element;
  return { ...element, columns: element.columns.map((column) => ({ ...column, items })) };
}

/** The first `count` lines of a card that has `all`, and in place of the others how many they are. */
function shortened(card: Card, count: number, all: number): Card {
  const isForm = hasInputs(card);
  let seen = 0;
  const walk = (elements: readonly Element[]): readonly Element[] =>
    elements.flatMap((element): readonly Element[] => {
      if (isKept(element, isForm)) return [element];
      const before = seen;
      const inside = itemsOf(element);
      if (inside !== null) {
        const items = walk(inside);
        return items.length === 0 ? [] : [withItems(element, items)];
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
