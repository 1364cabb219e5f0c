// Sentences as cards, so that they go through the same writer, and its escaping, as everything else.
import type { Card, Element, Text } from '../../chat/card';
import type { Reply } from '../../chat/inbound';
import { fixed } from '../../chat/spans';

/** A card that says one thing. */
export function sayCard(text: Text): Card {
  return {
    name: 'say',
    id: null,
    draft: null,
    reader: null,
    summary: text,
    body: [block(text)],
    actions: [],
  };
}

/** The same for a modal, whose title would otherwise be the cut sentence. */
export function sayView(text: Text): Card {
  return { ...sayCard(text), body: [{ ...block([fixed('Usher')]), style: 'heading' }, block(text)] };
}

/** A card with one sentence above it. */
export function withSay(card: Card, say: Text | null): Card {
  return say === null ? card : { ...card, body: [block(say), ...card.body] };
}

/** What a refused form says, all in one. */
export function problems(reply: Extract<Reply, { kind: 'errors' }>, otherwise: Text): Text {
  const texts = [...(reply.say === null ? [] : [reply.say]), ...Object.values(reply.fields)];
  if (texts.length === 0) return otherwise;
  return texts.flatMap((text, index) => (index === 0 ? text : [fixed('\n'), ...text]));
}

function block(text: Text): Extract<Element, { type: 'TextBlock' }> {
  return { type: 'TextBlock', text, style: 'default', size: 'default', weight: 'default', subtle: false };
}
