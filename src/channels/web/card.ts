// A bound card as the page's `adaptivecards` renderer takes it: no markdown (the page sets no markdown processor), no fallbacks.
import { toAdaptive, type AdaptiveJson } from '../../chat/adaptive';
import type { Card } from '../../chat/card';
import { fitted } from '../../chat/fit';

/** Teams refuses about 28 KB with its envelope; the page shows what Teams would, so it keeps the same limit. */
export const CARD_BYTES = 25 * 1024;

/**
 * Adaptive Card JSON for the page, of as many of the card's lines as fit. The version is 1.6 where a field searches, because the
 * renderer reads `choices.data` from that version on; everything else is 1.5.
 */
export function toPage(card: Card): AdaptiveJson {
  return draw(fitted(card, (one) => bytesOf(draw(one)) > CARD_BYTES));
}

export function bytesOf(json: AdaptiveJson): number {
  return Buffer.byteLength(JSON.stringify(json), 'utf8');
}

function draw(card: Card): AdaptiveJson {
  const json = toAdaptive(card, { markdown: false });
  return JSON.stringify(json).includes('"choices.data"') ? { ...json, version: '1.6' } : json;
}
