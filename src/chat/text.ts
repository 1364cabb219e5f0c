// The plain-text writer: the same content as a card without any markup, for mail-like places, logs of what was shown and tests.
// Also the one place where a moment becomes words.
import type { Action, Card, Element, Input, Reader, Span, Text } from './card';
import { clip, fixed, strong } from './spans';

const LONGEST_LINE = 3000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MINUTE = 60_000;

// Abbreviations by offset in minutes. ICU names a zone differently in each locale and version ("CET", "GMT+1"), and the same
// sentence must come out everywhere; zones that are not here are named by their offset.
const ABBREVIATIONS: readonly {
  readonly zones: readonly string[];
  readonly names: Readonly<Record<number, string>>;
}[] = [
  { zones: ['UTC', 'Etc/UTC', 'Etc/GMT', 'GMT', 'Etc/UCT', 'Etc/Zulu'], names: { 0: 'UTC' } },
  { zones: ['Europe/London', 'Europe/Belfast', 'Europe/Jersey', 'Europe/Guernsey'], names: { 0: 'GMT', 60: 'BST' } },
  { zones: ['Europe/Lisbon', 'Atlantic/Canary', 'Atlantic/Madeira'], names: { 0: 'WET', 60: 'WEST' } },
  {
    zones: [
      'Amsterdam',
      'Andorra',
      'Belgrade',
      'Berlin',
      'Bratislava',
      'Brussels',
      'Budapest',
      'Busingen',
      'Copenhagen',
      'Gibraltar',
      'Ljubljana',
      'Luxembourg',
      'Madrid',
      'Malta',
      'Monaco',
      'Oslo',
      'Paris',
      'Podgorica',
      'Prague',
      'Rome',
      'San_Marino',
      'Sarajevo',
      'Skopje',
      'Stockholm',
      'Tirane',
      'Vaduz',
      'Vatican',
      'Vienna',
      'Warsaw',
      'Zagreb',
      'Zurich',
    ].map((city) => `Europe/${city}`),
    names: { 60: 'CET', 120: 'CEST' },
  },
  {
    zones: [
      'Athens',
      'Bucharest',
      'Chisinau',
      'Helsinki',
      'Kiev',
      'Kyiv',
      'Mariehamn',
      'Riga',
      'Sofia',
      'Tallinn',
      'Vilnius',
    ].map((city) => `Europe/${city}`),
    names: { 120: 'EET', 180: 'EEST' },
  },
  {
    zones: ['America/New_York', 'America/Detroit', 'America/Toronto', 'US/Eastern'],
    names: { [-300]: 'EST', [-240]: 'EDT' },
  },
  { zones: ['America/Chicago', 'America/Winnipeg', 'US/Central'], names: { [-360]: 'CST', [-300]: 'CDT' } },
  {
    zones: ['America/Denver', 'America/Boise', 'America/Edmonton', 'America/Phoenix', 'US/Mountain'],
    names: { [-420]: 'MST', [-360]: 'MDT' },
  },
  { zones: ['America/Los_Angeles', 'America/Vancouver', 'US/Pacific'], names: { [-480]: 'PST', [-420]: 'PDT' } },
  { zones: ['Asia/Tokyo', 'Japan'], names: { 540: 'JST' } },
  { zones: ['Asia/Kolkata', 'Asia/Calcutta'], names: { 330: 'IST' } },
  { zones: ['Australia/Sydney', 'Australia/Melbourne', 'Australia/Brisbane'], names: { 600: 'AEST', 660: 'AEDT' } },
  { zones: ['Pacific/Auckland'], names: { 720: 'NZST', 780: 'NZDT' } },
];
const NAMES = new Map(ABBREVIATIONS.flatMap(({ zones, names }) => zones.map((zone) => [zone, names] as const)));

/**
 * A moment in the reader's zone with the zone named ("Sat 28 Nov 2026, 14:00 CET"), in UTC for a card that several people
 * see. A bare date names the zone only where it is not the reader's own.
 */
export function formatInstant(at: Date, style: 'date' | 'dateTime' | 'time', reader: Reader | null): string {
  const { wall, zone } = wallClock(at, reader?.zone ?? 'UTC');
  const date = dateOf(wall);
  const time = `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}`;
  switch (style) {
    case 'date':
      return reader === null || zone === 'UTC' ? `${date} ${zone}` : date;
    case 'time':
      return `${time} ${zone}`;
    case 'dateTime':
      return `${date}, ${time} ${zone}`;
  }
}

/** A day of the calendar (`2027-03-31`), which is the same day in every zone: "Wed 31 Mar 2027". */
export function formatDay(day: string): string {
  return dateOf(new Date(`${day}T00:00:00Z`));
}

function dateOf(wall: Date): string {
  return `${WEEKDAYS[wall.getUTCDay()] ?? ''} ${wall.getUTCDate()} ${MONTHS[wall.getUTCMonth()] ?? ''} ${wall.getUTCFullYear()}`;
}

/** A text without any markup, on one or more lines. */
export function plain(text: Text, reader: Reader | null): string {
  return text.map((span) => plainSpan(span, reader)).join('');
}

/** The same text with its moments put into words for this reader, for sentences that travel without a card. */
export function toldTo(text: Text, reader: Reader): Text {
  return text.map((span): Span => {
    switch (span.kind) {
      case 'instant':
        return fixed(formatInstant(span.at, span.style, reader));
      case 'strong':
        return strong(...toldTo(span.spans, reader));
      case 'fixed':
      case 'user':
      case 'address':
        return span;
    }
  });
}

function plainSpan(span: Span, reader: Reader | null): string {
  switch (span.kind) {
    case 'fixed':
      return span.text;
    case 'user':
      return clip(span.text, LONGEST_LINE);
    case 'strong':
      return plain(span.spans, reader);
    case 'address':
      return span.url;
    case 'instant':
      return formatInstant(span.at, span.style, reader);
  }
}

/**
 * The whole card as plain text. A button prints as its title and the typed command that does the same; `type` is the word
 * before the command ("type"), empty where punctuation is enough. Buttons without a command (paging, ways out) do nothing
 * that a reader of plain text could do, so they are left out.
 */
export function toText(card: Card, type: Text = []): string {
  const lead = plain(type, card.reader);
  const say = (text: Text): string => plain(text, card.reader);

  const button = (action: Action): string[] => {
    if (action.type === 'Action.OpenUrl') return [`${say(action.title)}: ${action.url}`];
    if (action.typed === null) return [];
    return [`${say(action.title)}: ${lead === '' ? '' : `${lead} `}“${clip(action.typed, LONGEST_LINE)}”`];
  };

  const lines = (element: Element): string[] => {
    switch (element.type) {
      case 'TextBlock':
        return [say(element.text)];
      case 'FactSet':
        return element.facts.map((fact) => `${say(fact.title)}: ${say(fact.value)}`);
      case 'Container':
        return element.items.flatMap(lines);
      case 'ColumnSet':
        return columns(element.columns.map((column) => column.items.flatMap(lines)));
      case 'ActionSet':
        return element.actions.flatMap(button);
      default:
        return [`${say(element.label)}: ${answer(element, card.reader)}`.trimEnd()];
    }
  };

  return [...card.body.flatMap(lines), ...card.actions.flatMap(button)].filter((line) => line !== '').join('\n');
}

/** Two one-line columns are a label and its value; anything longer reads better below each other. */
function columns(sides: readonly (readonly string[])[]): string[] {
  const filled = sides.filter((side) => side.length > 0);
  if (filled.length < 2 || filled.some((side) => side.length > 1)) return filled.flat();
  return [filled.flat().join(' | ')];
}

function answer(input: Input, reader: Reader | null): string {
  switch (input.type) {
    case 'Input.ChoiceSet': {
      const chosen = input.multi ? (input.value ?? '').split(',') : [input.value];
      return input.choices
        .filter((choice) => chosen.includes(choice.value))
        .map((choice) => plain(choice.title, reader))
        .join(', ');
    }
    case 'Input.Toggle':
      return input.value ? '☑' : '☐';
    case 'Input.Number':
      return input.value === null ? '' : String(input.value);
    default:
      return input.value === null ? '' : clip(input.value, LONGEST_LINE);
  }
}

/** The wall clock of a zone as the UTC fields of a Date, and the zone's name at that moment. A zone that ICU lacks counts as UTC. */
function wallClock(at: Date, zone: string): { readonly wall: Date; readonly zone: string } {
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = formatter(zone).formatToParts(at);
  } catch (error) {
    if (!(error instanceof RangeError) || zone === 'UTC') throw error;
    return wallClock(at, 'UTC');
  }
  const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value);
  const wall = new Date(
    Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second')),
  );
  const offset = Math.round((wall.getTime() - at.getTime()) / MINUTE);
  return { wall, zone: NAMES.get(zone)?.[offset] ?? offsetName(offset) };
}

function offsetName(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

// Making a formatter costs a hundred times the formatting; zones in use are few.
const formatters = new Map<string, Intl.DateTimeFormat>();
const MOST_FORMATTERS = 600;

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (formatters.size < MOST_FORMATTERS) formatters.set(zone, made);
  return made;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
