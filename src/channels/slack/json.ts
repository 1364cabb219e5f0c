// Reading what came from outside: nothing is where it should be until it was looked at.

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a path; empty where there is none. */
export function objectAt(json: unknown, ...path: readonly string[]): Json {
  const value = at(json, path);
  return isObject(value) ? value : {};
}

/** The list at a path; empty where there is none. */
export function listAt(json: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = at(json, path);
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The text at a path; null where there is none, or an empty one. */
export function textAt(json: unknown, ...path: readonly string[]): string | null {
  const value = at(json, path);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A name that came from outside, short and harmless enough for a log. */
export function loggable(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[^\w.~:/-]/g, '?').slice(0, 64) : typeof value;
}

function at(json: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), json);
}
