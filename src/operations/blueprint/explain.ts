// What the shape check found, as sentences with the next step. Which field is meant comes with it as a path.
import type { z } from 'zod';
import { near } from './near';
import { nouns } from './schema';
import { listed, show } from './values';

type Issue = z.core.$ZodIssue;

/** A sentence and the path it is about; `key`: it is about the field's name, not its value. */
interface Explained {
  readonly path: readonly (string | number)[];
  readonly key: boolean;
  readonly message: string;
}

/** Usually one sentence; an issue that names several unknown fields gives one for each. */
export function explain(issue: Issue): Explained[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], key: true, message: unknownField(path, key) }));
  const field = fieldOf(path);
  if (issue.input === undefined && issue.code !== 'too_small' && issue.code !== 'too_big')
    return [{ path: path.slice(0, -1), key: false, message: missing(path, field) }];
  if (issue.input === null)
    return [{ path, key: true, message: `"${field}" has no value. Write one, or remove the line.` }];
  return [{ path, key: false, message: `${sentence(issue, field)}.` }];
}

function sentence(issue: Issue, field: string): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input, field);
    case 'invalid_value': {
      const offered = issue.values.map(String);
      const close = near(String(issue.input), offered)[0];
      return `"${field}" cannot be ${show(issue.input)}. ${close ? `Did you mean ${close}? ` : ''}Write ${listed(offered)}`;
    }
    case 'too_small':
      return issue.origin === 'array'
        ? `"${field}" is empty. Write at least ${issue.minimum}`
        : issue.origin === 'string'
          ? `"${field}" ${issue.message}`
          : `"${field}" must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array'
        ? `"${field}" has more than ${issue.maximum} entries. Shorten it`
        : issue.origin === 'string'
          ? `"${field}" ${issue.message}`
          : `"${field}" must be at most ${issue.maximum}`;
    case 'invalid_key':
      return `"${field}" has a name in it that is too long or empty. Correct it`;
    case 'custom':
      // Sentences about a value begin with the value; those about a field go on after its name.
      return /^["\p{Lu}]/u.test(issue.message) ? issue.message : `"${field}" ${issue.message}`;
    default:
      return `"${field}" ${issue.message}`;
  }
}

function wrongType(expected: string, input: unknown, field: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    boolean: 'true or false',
    number: 'a number',
    int: 'a whole number',
    array: 'a list (lines that begin with "- ")',
    object: 'a group of fields (indented lines "name: value")',
    record: 'a group of fields (indented lines "name: value")',
  };
  if (field === '') return 'The file must hold fields like "people:" or "catalogs:" at its left edge. Correct it';
  const quotes = expected === 'string' && typeof input !== 'object' ? '. Put it into quotes' : '. Correct it';
  const is = typeof input === 'object' ? (Array.isArray(input) ? 'a list' : 'a group of fields') : show(input);
  return `"${field}" must be ${words[expected] ?? expected}, but is ${is}${quotes}`;
}

function unknownField(path: readonly (string | number)[], key: string): string {
  const place = nouns[pattern(path)];
  if (!place) return `"${key}" is not known here. Remove it.`;
  const close = near(key, place.fields)[0];
  const hint = close ? `Did you mean "${close}"?` : `Write ${listed(place.fields)}.`;
  return `"${key}" is no field of ${article(place.noun)} ${place.noun}. ${hint}`;
}

function missing(path: readonly (string | number)[], field: string): string {
  const noun = nouns[pattern(path.slice(0, -1))]?.noun ?? 'entry';
  return `This ${noun} has no "${field}". Add a line "${field}: ...".`;
}

/** Name of the field: list positions are of no use to a reader who is shown the line. */
function fieldOf(path: readonly (string | number)[]): string {
  return path.findLast((step) => typeof step === 'string') ?? '';
}

function pattern(path: readonly (string | number)[]): string {
  return path.filter((step) => typeof step === 'string').join('.');
}

const article = (noun: string): string => (/^[aeiou]/.test(noun) ? 'an' : 'a');
