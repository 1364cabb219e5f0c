// Raw bytes to a JSON object that is safe to walk. Meaning is inbound.ts's work.
import { readObject } from '../../chat/json';

/** Largest delivery that is read. Teams' own limit for a message is 100 KB as UTF-16. */
export const MAX_BODY = 256 * 1024;

/** The parsed object, or null for anything that is not one or breaks a limit. */
export function parseBody(body: Buffer): Record<string, unknown> | null {
  if (body.length > MAX_BODY) return null;
  return readObject(body.toString('utf8'));
}

/** A JSON object, neither an array nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object under a key, or an empty one. */
export function objectAt(value: unknown, key: string): Record<string, unknown> {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : {};
}

/** The text under a key, or null for anything else and for an empty one. */
export function textAt(value: unknown, key: string): string | null {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === 'string' && found !== '' ? found : null;
}
