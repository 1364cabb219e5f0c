// Reads single properties of a template element: required, optional, flags, numbers, names of a list. A literal is checked when
// the template is loaded, a bound one when it is bound; both fail with file and JSON path.
import { below, scalar, shown, TemplateError, type Bound, type Place } from './binding';
import type { Text } from './card';

/** An element of a template as JSON gave it. */
export type Raw = Readonly<Record<string, unknown>>;

/** An object with no other members than `allowed`; null allows all. */
export function object(source: unknown, place: Place, allowed: readonly string[] | null): Raw {
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw new TemplateError(place, 'must be an object');
  const unknown = allowed === null ? undefined : Object.keys(source).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw new TemplateError(below(place, unknown), 'is not in the dialect');
  return source as Raw;
}

/** A member that must be there. */
export function required(raw: Raw, key: string, place: Place): unknown {
  if (!Object.hasOwn(raw, key)) throw new TemplateError(place, `has no "${key}"`);
  return raw[key];
}

/** A member that may be missing, which is the same as null. */
export function optional<T>(
  raw: Raw,
  key: string,
  place: Place,
  parse: (source: unknown, place: Place) => Bound<T | null>,
): Bound<T | null> {
  return Object.hasOwn(raw, key) ? parse(raw[key], below(place, key)) : () => null;
}

/** Words that must be there. They may be blank, because a name in a directory can be: writers then show a dash. */
export function text(raw: Raw, key: string, place: Place): Bound<Text> {
  const at = below(place, key);
  const words = shown(required(raw, key, place), at);
  return (scope) => {
    const said = words(scope);
    if (said === null) throw new TemplateError(at, 'needs words');
    return said;
  };
}

/** true or false; `"true"` and `"false"` too, as Input.Toggle writes them. */
export function flag(raw: Raw, key: string, place: Place, otherwise: boolean): Bound<boolean> {
  return (
    checked(raw, key, place, (value, at) => {
      if (value === null) return otherwise;
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw new TemplateError(at, 'must be true or false');
    }) ?? (() => otherwise)
  );
}

/** A number, or null. */
export function number(raw: Raw, key: string, place: Place): Bound<number | null> {
  return (
    checked(raw, key, place, (value, at) => {
      if (value === null || (typeof value === 'number' && Number.isFinite(value))) return value;
      throw new TemplateError(at, 'must be a number');
    }) ?? (() => null)
  );
}

/** A string of a fixed form, or null. */
export function matching(raw: Raw, key: string, place: Place, form: RegExp, name: string): Bound<string | null> {
  return (
    checked(raw, key, place, (value, at) => {
      if (value === null || (typeof value === 'string' && form.test(value))) return value;
      throw new TemplateError(at, `must be ${name}`);
    }) ?? (() => null)
  );
}

/** One of a list of names, in any case, because Microsoft's designer writes them with capitals. */
export function oneOf<T extends string>(
  raw: Raw,
  key: string,
  place: Place,
  names: readonly T[],
  otherwise: T,
): Bound<T> {
  return (
    checked(raw, key, place, (value, at) => {
      if (value === null) return otherwise;
      const found = names.find((name) => typeof value === 'string' && name === value.toLowerCase());
      if (found === undefined) throw new TemplateError(at, `must be one of ${names.join(', ')}`);
      return found;
    }) ?? (() => otherwise)
  );
}

/** Null where the member is missing. A literal is checked at once. */
function checked<T>(
  raw: Raw,
  key: string,
  place: Place,
  check: (value: string | number | boolean | null, at: Place) => T,
): Bound<T> | null {
  if (!Object.hasOwn(raw, key)) return null;
  const at = below(place, key);
  const source = raw[key];
  const bound = scalar(source, at);
  if (typeof source === 'string' && source.includes('${')) return (scope) => check(bound(scope), at);
  const fixed = check(source as string | number | boolean, at);
  return () => fixed;
}
