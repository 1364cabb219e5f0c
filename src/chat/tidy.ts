// What came from a client, made fit to be kept: PostgreSQL refuses NUL and halves of characters, and a click must not fail for
// them. Changes no meaning; what the values may be is checked where they are used.
import type { Inbound } from './inbound';
import { clean } from './spans';

/** Nothing of ours is nested deeper; what is, was made to exhaust whoever walks through it. */
const DEEPEST = 8;

/** The same delivery with every text in it clean, the names of fields included. */
export function tidied(inbound: Inbound): Inbound {
  return tidy(inbound, 0) as Inbound;
}

function tidy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return null;
  if (Array.isArray(value)) return value.map((item) => tidy(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), tidy(item, depth + 1)]));
}
