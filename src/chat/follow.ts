// Answers that go on: a card about one thing that was posted as an answer is remembered like one that was told, and is redrawn
// with those. Only what cannot be changed afterwards says that it stays as it is.
import { createHash } from 'node:crypto';
import { notices } from '../domain/consequences';
import type { RequestId } from '../domain/model';
import type { Cards, PostedCard } from '../operations/ports';
import type { Card } from './card';
import type { CardBook } from './cards';
import type { MessageRef } from './channel';
import type { Inbound, Reply } from './inbound';
import { gone } from './present/notices';
import { bind } from './render';
import type { Answer } from './verb';
import type { Drawn } from './views';
import type { Who } from './who';
import { say } from './words';

/** What a card needs to be remembered, and the same card for where it can never be changed. */
export interface Follow {
  readonly card: Omit<PostedCard, 'platform' | 'tenant' | 'user' | 'conversation' | 'message' | 'serviceUrl'>;
  readonly still: Card;
}

/** Kinds of things of which one card says all; lists and pages are as of when they were asked for. */
const KINDS = ['request', 'assignment', 'manualTask', 'delegation'] as const;

/** The one thing that an answer is about and would follow, as a told message does; null where there is none. */
export function followedBy({ view, params }: Answer): { readonly kind: string; readonly id: string } | null {
  if (!(notices as readonly string[]).includes(view)) return null;
  for (const kind of KINDS) {
    const id = params[kind];
    if (typeof id === 'string') return { kind, id };
  }
  return null;
}

/** The card of an answer about `subject`, drawn from what was committed by `readAt`, and what makes it follow. */
export function following(
  { book, cards }: { readonly book: CardBook; readonly cards: Cards },
  { view, params }: Answer,
  subject: NonNullable<ReturnType<typeof followedBy>>,
  drawn: Drawn,
  who: Who,
  readAt: Date,
): { readonly card: Card; readonly follow: Follow } {
  const id = cards.newId();
  const kept = Object.fromEntries(Object.entries(params).filter(([key]) => key !== subject.kind && key !== 'say'));
  return {
    card: bind(book, drawn, who, id),
    follow: {
      card: {
        id,
        person: who.person.id,
        view,
        subject,
        request: subject.kind === 'request' ? (subject.id as RequestId) : null,
        params: kept,
        hash: hashOf(drawn),
        readAt,
      },
      still: bind(book, stays(drawn, readAt) ?? drawn, who, null),
    },
  };
}

/**
 * Remembers the card of a reply by the message that it became, or what the message shows by now that it goes on as; what does not follow,
 * and what others read, is not remembered.
 */
export async function remember(cards: Cards, inbound: Inbound, reply: Reply, ref: MessageRef): Promise<void> {
  if (reply.kind !== 'card') return;
  const { platform, tenant, user } = inbound;
  const { conversation, message, serviceUrl } = ref;
  if (reply.kept !== undefined) await cards.answered({ platform, tenant, conversation, message }, reply.kept);
  if (reply.follow === undefined) return;
  if (ref.message === inbound.surface.message && inbound.surface.kind !== 'personal') return;
  await cards.posted({ ...reply.follow.card, platform, tenant, user, conversation, message, serviceUrl });
}

/** The same, saying of when it is and how to see what became of it; null where its card has no words for that. */
export function stays(drawn: Drawn, at: Date): Drawn | null {
  if (drawn.card !== 'request' && drawn.card !== 'approval') return null;
  const asOf = say('card.asOf', { at, typed: drawn.data.typed });
  return drawn.card === 'request'
    ? { ...drawn, data: { ...drawn.data, asOf } }
    : { ...drawn, data: { ...drawn.data, asOf } };
}

/** Of what the card says, not of how it looks: new wording does not redraw history. */
export function hashOf(drawn: Drawn): string {
  return createHash('sha256')
    .update(JSON.stringify([drawn.card, drawn.data]))
    .digest('hex');
}

/** Of a message that says nothing any more to its reader. */
export const CLOSED = hashOf({ card: 'notice', data: gone() });
