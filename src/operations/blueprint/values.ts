// The small values of a blueprint as people write them: texts, durations, zones and who is meant. Each refusal is a
// sentence that says what to write instead. Where they stand in the file is found by read.ts.
import { z } from 'zod';
import type { Span } from '../../domain/model';
import { isZone } from '../../domain/time';

/** Who is meant, by name; ids are found in the plan. */
export type SubjectText =
  | { readonly kind: 'person' | 'group' | 'organization'; readonly name: string }
  | { readonly kind: 'manager'; readonly level: number }
  | { readonly kind: Everyone };

export type Everyone = (typeof EVERYONE)[number];
const EVERYONE = ['allMembers', 'allMembersAndGuests', 'allConfiguredOrganizations', 'anyone'] as const;

/** How long, as written. */
export type ExpiresText = Span | { readonly kind: 'never' } | { readonly kind: 'date'; readonly day: string };

/** The end of a day is the beginning of the next, and years have four digits. */
const LAST_DAY = '9998-12-31';
const DAYS_LIMIT = 3660; // ten years, as the schema has it

// A line break or an escape sequence in a name would break cards and terminals.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Half of a pair, which no database keeps. */
const BROKEN = /\p{Surrogate}/u;

const JOINED = 'Arab Syrc Mong Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr'
  .split(' ')
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('');
/** Where it is seen: in emoji, in variants of Chinese, Japanese and Mongolian letters, and where letters of a script join by it. */
const SEEN = [
  '\\p{RGI_Emoji}',
  '(?<=\\p{Script=Han})[\\u{fe00}-\\u{fe0f}\\u{e0100}-\\u{e01ef}]',
  '(?<=\\p{Script=Mong})[\\u{180b}-\\u{180d}\\u{180f}]',
  `(?<=[${JOINED}])[\\u200c\\u200d](?=[${JOINED}])`,
  `(?<=[[${JOINED}]&&\\p{M}])\\u200d`,
].join('|');
/** What is seen in its first group, or one character that is not. */
export const SEEN_OR_NOT = new RegExp(`(${SEEN})|\\p{Default_Ignorable_Code_Point}`, 'gv');

/** One line that is not empty: a name, a key, or what refers to one. */
export const name = (max = 200): z.ZodType<string> =>
  z
    .string()
    .trim()
    .min(1, 'is empty. Write a name')
    .max(max, `is longer than ${max} characters. Shorten it`)
    .refine((text) => !CONTROL.test(text), 'has a line break or a control character in it. Write it on one line')
    .refine((text) => !BROKEN.test(text), 'has half a character in it. Write it anew');

/** Text of several lines. */
export const prose = (max = 1000): z.ZodType<string> =>
  z
    .string()
    .trim()
    .max(max, `is longer than ${max} characters. Shorten it`)
    .refine(
      (text) => !CONTROL.test(text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]/g, '')),
      'has a control character in it. Leave it out',
    )
    .refine((text) => !BROKEN.test(text), 'has half a character in it. Write it anew');

export const zone = name().refine(
  (text) => isZone(text) && !/^[+-]/.test(text),
  'is not a time zone. Write one like Europe/Vienna',
);
export const locale = name(35).refine(isLocale, 'is not a language. Write one like en, de-AT or pt-BR');
export const mail = name(320).refine(
  (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  'is not a mail address. Write one like ana@example.com',
);

export const span = z.unknown().transform((given, context): Span => {
  const found = readSpan(given);
  if (typeof found !== 'string') return found;
  context.addIssue({ code: 'custom', message: found });
  return z.NEVER;
});

/** A time of day as minutes after midnight; `24:00` is the end of the day. */
export const timeOfDay = z.unknown().transform((given, context): number => {
  const match = typeof given === 'string' ? /^(\d{1,2}):([0-5]\d)$/.exec(given.trim()) : null;
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : NaN;
  if (minutes <= 24 * 60) return minutes;
  context.addIssue({ code: 'custom', message: `${show(given)} is not a time of day. Write one like 08:30` });
  return z.NEVER;
});

/** A day of the calendar. */
export const date = z.unknown().transform((given, context): string => {
  const found = typeof given === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(given) && isDay(given) ? given : null;
  if (found !== null && found <= LAST_DAY) return found;
  const message = found === null ? 'is no day of the calendar' : 'is too far away';
  context.addIssue({ code: 'custom', message: `${show(given)} ${message}. Write one like 2026-12-25` });
  return z.NEVER;
});

export const expires = z.unknown().transform((given, context): ExpiresText => {
  if (given === 'never') return { kind: 'never' };
  if (typeof given === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(given)) {
    if (isDay(given) && given <= LAST_DAY) return { kind: 'date', day: given };
    const message = isDay(given)
      ? `"${given}" is too far away. Write never`
      : `"${given}" is no day of the calendar. Correct the date`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  const found = readSpan(given);
  if (typeof found !== 'string') return found;
  context.addIssue({
    code: 'custom',
    message: `${show(given)} is not understood. Write never, 30 days, 8 hours or 2030-12-31`,
  });
  return z.NEVER;
});

/**
 * One subject: `ana.berger`, `person: ana.berger`, `group: Finance leads`, `manager`, `manager: 2`, `organization: Contoso`,
 * `allMembers`. With a space after the colon YAML reads a pair, without one a text; both mean the same.
 */
export const subject = (...kinds: SubjectText['kind'][]): z.ZodType<SubjectText> =>
  z.unknown().transform((given, context): SubjectText => {
    const found = readSubject(given);
    if (found !== null && kinds.includes(found.kind)) return found;
    const message = found === null ? `${show(given)} is not understood` : `"${found.kind}" cannot be used here`;
    context.addIssue({ code: 'custom', message: `${message}. Write ${listed(kinds.map(example))}` });
    return z.NEVER;
  });

/** A list that may be written as its only item. */
export const oneOrMore = <T>(item: z.ZodType<T>): z.ZodType<T[]> =>
  z.preprocess(
    (given) => (Array.isArray(given) || given === undefined || given === null ? given : [given]),
    z.array(item),
  );

/** `a, b or c`. */
export function listed(items: readonly string[], word = 'or'): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** A value of the file in a sentence, shortened. */
export function show(given: unknown): string {
  const text = typeof given === 'string' ? given : (JSON.stringify(given) as string | undefined);
  if (text === undefined) return 'This value';
  return `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}

/** The first character that nobody sees, like `U+200B`; null where none is. */
export function unseenIn(text: string): string | null {
  for (const [one, seen] of text.matchAll(SEEN_OR_NOT)) if (seen === undefined) return codeOf(one);
  return null;
}

/** With what nobody sees written out: `Bo<U+200B>oks`. Some of it would turn its line round in a terminal. */
export function showUnseen(text: string): string {
  return text.replace(SEEN_OR_NOT, (one, seen: string | undefined) => (seen === undefined ? `<${codeOf(one)}>` : one));
}

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

function readSpan(given: unknown): Span | string {
  const match = typeof given === 'string' ? /^(\d{1,6})\s*(hour|day|week)s?$/i.exec(given.trim()) : null;
  if (match === null) return `${show(given)} is not a length of time. Write it like 8 hours or 30 days`;
  const count = Number(match[1]);
  const unit = match[2]?.toLowerCase();
  const days = unit === 'hour' ? count / 24 : unit === 'week' ? count * 7 : count;
  if (count < 1 || days > DAYS_LIMIT)
    return `${show(given)} is out of range. Write at least 1 hour and at most ${DAYS_LIMIT} days`;
  return unit === 'hour' ? { kind: 'hours', hours: count } : { kind: 'days', days };
}

function readSubject(given: unknown): SubjectText | null {
  if (typeof given === 'string') {
    const pair = /^(person|group|organization|manager)\s*:\s*(.+)$/s.exec(given.trim());
    return pair ? readPair(pair[1] ?? '', pair[2]) : readWord(given.trim());
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null;
  const [pair, ...more] = Object.entries(given);
  return pair && more.length === 0 ? readPair(...pair) : null;
}

function readWord(word: string): SubjectText | null {
  if (word === '') return null;
  if (word === 'manager') return { kind: 'manager', level: 1 };
  const everyone = EVERYONE.find((one) => one === word);
  return everyone ? { kind: everyone } : { kind: 'person', name: word };
}

function readPair(kind: string, value: unknown): SubjectText | null {
  if (kind === 'manager') {
    const level = Number(value);
    return Number.isInteger(level) && level >= 1 && level <= 4 ? { kind, level } : null;
  }
  if (kind !== 'person' && kind !== 'group' && kind !== 'organization') return null;
  return typeof value === 'string' && value.trim() !== '' ? { kind, name: value.trim() } : null;
}

function example(kind: SubjectText['kind']): string {
  switch (kind) {
    case 'person':
      return "a person's key";
    case 'group':
      return '"group: <name>"';
    case 'organization':
      return '"organization: <name>"';
    case 'manager':
      return 'manager, "manager: 2" (up to 4)';
    case 'allMembers':
    case 'allMembersAndGuests':
    case 'allConfiguredOrganizations':
    case 'anyone':
      return kind;
  }
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
