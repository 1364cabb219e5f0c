// A bound card as Teams takes it, and the check that it stays inside what Teams takes.
import { toAdaptive, type AdaptiveJson } from '../../chat/adaptive';
import type { Action, Card, Element, ExecuteAction, Text } from '../../chat/card';
import { fitted } from '../../chat/fit';
import { escapeMarkdown, guard } from '../../chat/markdown';
import { fitLines, plain, toLines } from '../../chat/text';

/** Bot messages may have 100 KB, older texts and webhooks say 28 KB (format-your-bot-messages.md); room is left for the envelope. */
const CARD_BYTES = 25 * 1024;
/** Teams' host configuration shows six buttons of a bar and drops the rest (cards-reference.md). */
const BUTTONS_PER_BAR = 6;

export interface TeamsOptions {
  /** Drawn inside a dialog, where only Action.Submit exists. */
  readonly dialog?: boolean;
  /** Whether a button opens a form and so asks for a dialog. Leave out where the delivery cannot open one. */
  readonly opensForm?: OpensForm;
}

export type OpensForm = (verb: string, data: ExecuteAction['data']) => boolean;

/**
 * Adaptive Card 1.5 JSON with Teams' own additions, of as many of the card's lines as fit. Send it without a text part, and the
 * card's summary as `summary`. Its `fallbackText` says all of a message, as far as the card itself leaves room.
 */
export function toTeams(card: Card, options: TeamsOptions = {}): AdaptiveJson {
  const json = drawn(
    fitted(card, (one) => bytesOf(drawn(one, options)) >= CARD_BYTES),
    options,
  );
  if (options.dialog === true) return json;
  const room = CARD_BYTES - bytesOf({ ...json, fallbackText: '' });
  // Clients may render it as markdown, where a line needs an empty one before it.
  const write = (line: Text): string => guard(escapeMarkdown(plain(line, card.reader)));
  return { ...json, fallbackText: fitLines(toLines(card), write, (text) => bytesOf(text) < room, '\n\n') };
}

function drawn(card: Card, options: TeamsOptions): AdaptiveJson {
  const json = toAdaptive(card, {
    markdown: true,
    fallback: true,
    dialog: options.dialog ?? false,
    taskFetch: options.opensForm ?? (() => false),
  });
  return { ...json, msteams: { width: 'Full' } };
}

/** Which limit of Teams the card breaks, in words for a log, or null. */
export function misfit(card: Card): string | null {
  const bars = [card.actions, ...actionSets(card.body)];
  const most = Math.max(...bars.map((bar) => bar.length));
  if (most > BUTTONS_PER_BAR) return `${most} buttons in a bar, Teams shows ${BUTTONS_PER_BAR}`;

  const written = toTeams(card);
  // Only ids and values can bring it in, words are guarded; a template marker in one of those is a fault of ours.
  if (JSON.stringify(written).includes('${')) return 'a template marker is left in the card';
  const bytes = bytesOf(written);
  return bytes < CARD_BYTES ? null : `${bytes} bytes, Teams cards stay below ${CARD_BYTES}`;
}

function bytesOf(json: unknown): number {
  return Buffer.byteLength(JSON.stringify(json), 'utf8');
}

function actionSets(elements: readonly Element[]): (readonly Action[])[] {
  return elements.flatMap((element) => {
    switch (element.type) {
      case 'ActionSet':
        return [element.actions];
      case 'Container':
        return actionSets(element.items);
      case 'ColumnSet':
        return element.columns.flatMap((column) => actionSets(column.items));
      default:
        return [];
    }
  });
}
