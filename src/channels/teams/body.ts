// Raw bytes to a JSON object that is safe to walk: bounded in size, depth and number of values, without `__proto__`.
// Meaning is inbound.ts's work.

/** Largest delivery that is read. Teams' own limit for a message is 100 KB as UTF-16. */
export const MAX_BODY = 256 * 1024;
const MAX_DEPTH = 32; // real activities stay under 10
const MAX_VALUES = 10_000;

/** The parsed object, or null for anything that is not one or breaks a limit. */
export function parseBody(body: Buffer): Record<string, unknown> | null {
  if (body.length > MAX_BODY) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
  return isObject(parsed) && isBounded(parsed) ? parsed : null;
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

function isBounded(root: object): boolean {
  let level: object[] = [root];
  let values = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= MAX_DEPTH) return false;
    const next: object[] = [];
    for (const holder of level) {
      // Copied by assignment somewhere in a library, such a key would change what every object inherits.
      if (Object.hasOwn(holder, '__proto__')) return false;
      for (const value of Object.values(holder) as unknown[]) {
        values += 1;
        if (values > MAX_VALUES) return false;
        if (typeof value === 'object' && value !== null) next.push(value);
      }
    }
    level = next;
  }
  return true;
}
