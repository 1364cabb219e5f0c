// What is wrong with a form: at which input its sentence stands, and the form with it, for platforms that have no place of their own
// for what a server found.
import { inputIds } from './card';
import type { Card, Container, Element, Input, Text } from './card';
import type { Reply } from './inbound';

/** The inputs of the step that has no draft: what, and for whom. */
export const FIRST_STEP: readonly string[] = ['package', 'target'];

/** Rules have names of their own for some of what forms ask. */
const ASKED_AS: ReadonlyMap<string, string> = new Map([
  ['note', 'reason'],
  ['startsAt', 'start'],
  ['endsAt', 'end'],
]);

/** What a form asks for; nothing where there is none to be shown. */
export function asks(form: Card | null): readonly string[] {
  return form === null ? [] : inputIds(form);
}

/** The input that asks for a rule's field; null where the form has none, and the sentence belongs to the form as a whole. */
export function inputOf(field: string, inputs: readonly string[]): string | null {
  const input = ASKED_AS.get(field) ?? field;
  return inputs.includes(input) ? input : null;
}

/** One sentence as a box of its own. */
export function banner(say: Text, tone: 'emphasis' | 'attention'): Container {
  const block: Element = {
    type: 'TextBlock',
    text: say,
    style: 'default',
    size: 'default',
    weight: 'default',
    subtle: false,
  };
  return { type: 'Container', tone, separator: false, items: [block] };
}

/** The sentence stands above its field, as a text: no client shows errors that a server found, and colour alone says nothing. */
export function withErrors(card: Card, reply: Extract<Reply, { kind: 'errors' }>): Card {
  const placed = new Set<string>();
  const walk = (elements: readonly Element[]): Element[] =>
    elements.flatMap((element): Element[] => {
      if (element.type === 'Container') return [{ ...element, items: walk(element.items) }];
      if (element.type === 'ColumnSet') {
        return [{ ...element, columns: element.columns.map((column) => ({ ...column, items: walk(column.items) })) }];
      }
      const sentence = 'id' in element ? reply.fields[element.id] : undefined;
      if (sentence === undefined || !('id' in element)) return [element];
      placed.add(element.id);
      return [banner(sentence, 'attention'), element];
    });
  const body = walk(card.body);
  const elsewhere = Object.entries(reply.fields).flatMap(([id, sentence]) => (placed.has(id) ? [] : [sentence]));
  const above = [...(reply.say === null ? [] : [reply.say]), ...elsewhere].map((say) => banner(say, 'attention'));
  return { ...card, body: [...above, ...body] };
}

/** The form with each of its inputs changed. */
export function mapInputs(card: Card, change: (input: Input) => Input): Card {
  const walk = (elements: readonly Element[]): Element[] =>
    elements.map((element): Element => {
      if (element.type === 'Container') return { ...element, items: walk(element.items) };
      if (element.type === 'ColumnSet') {
        return { ...element, columns: element.columns.map((column) => ({ ...column, items: walk(column.items) })) };
      }
      return 'id' in element ? change(element) : element;
    });
  return { ...card, body: walk(card.body) };
}
