// A bound card as the page's `adaptivecards` renderer takes it: no markdown (the page sets no markdown processor), no fallbacks.
import { toAdaptive, type AdaptiveJson } from '../../chat/adaptive';
import type { Card } from '../../chat/card';

/**
 * Adaptive Card JSON for the page. The version is 1.6 where a field searches, because the renderer reads `choices.data` from
 * that version on; everything else is 1.5.
 */
export function toPage(card: Card): AdaptiveJson {
  const json = toAdaptive(card, { markdown: false });
  return JSON.stringify(json).includes('"choices.data"') ? { ...json, version: '1.6' } : json;
}
