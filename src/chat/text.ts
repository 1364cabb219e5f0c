// The plain-text form of a card: the same content without its look, for whoever has it read out or cannot see cards.
// Also the one place where a moment becomes words.
import type { Action, Card, Element, Input, InstantStyle, Reader, Span, Text } from './card';
import { clip, fixed, isBlank, strong, user } from './spans';

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
export function formatInstant(at: Date, style: InstantStyle, reader: Reader | null): string {
  const { wall, zone, isAsked } = wallClock(at, reader?.zone ?? 'UTC');
  const date = dateOf(wall);
  const time = `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}`;
  switch (style) {
    case 'date':
      return reader === null || !isAsked ? `${date} ${zone}` : date;
    case 'time':
      return `${time} ${zone}`;
    case 'dateTime':
      return `${date}, ${time} ${zone}`;
    case 'day':
      return `${date} ${zone}`;
    case 'clock':
      return time;
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

/** The plain-text form of a card, line by line, for a writer to escape: its summary, what it says, and its own buttons. */
export interface Lines {
  readonly summary: Text;
  readonly said: readonly Text[];
  readonly buttons: readonly Text[];
}

/**
 * What a card says, without its look. A button is its title and the typed command that does the same. Buttons without a command
 * (paging, ways out) do nothing that a reader of plain text could do, so they are left out.
 */
export function toLines(card: Card): Lines {
  const { reader, summary } = card;
  const button = (action: Action): readonly Text[] => {
    if (action.type === 'Action.OpenUrl') return [[...action.title, fixed(': '), fixed(action.url)]];
    if (action.typed === null) return [];
    return [[...action.title, fixed(': “'), { kind: 'user', text: clip(action.typed, LONGEST_LINE) }, fixed('”')]];
  };
  const lines = (element: Element): readonly Text[] => {
    switch (element.type) {
      case 'TextBlock':
        return [element.text];
      case 'FactSet':
        return element.facts.map((fact) => [...fact.title, fixed(': '), ...fact.value]);
      case 'Container':
        return element.items.flatMap(lines);
      case 'ColumnSet':
        return columns(element.columns.map((column) => column.items.flatMap(lines)));
      case 'ActionSet':
        return element.actions.flatMap(button);
      default: {
        const given = answer(element);
        return [[...element.label, fixed(isBlank(given) ? ':' : ': '), ...given]];
      }
    }
  };
  const first = plain(summary, reader);
  // A heading often is the summary.
  const said = card.body.flatMap(lines).filter((line) => !isBlank(line) && plain(line, reader) !== first);
  return { summary, said, buttons: card.actions.flatMap(button) };
}

/**
 * The lines as one text of what fits its place: lines go from the end of what is said, never the buttons before them, and a line
 * is never cut. Where not even these fit, it is the summary.
 */
export function fitLines(
  { summary, said, buttons }: Lines,
  write: (line: Text) => string,
  fits: (text: string) => boolean,
  lineEnd = '\n',
): string {
  const first = write(summary);
  const [all, last] = [said.map(write), buttons.map(write)];
  for (let count = all.length; count >= 0; count -= 1) {
    const more = count < all.length ? ['…'] : [];
    const text = [first, ...all.slice(0, count), ...more, ...last].filter((line) => line !== '').join(lineEnd);
    if (fits(text)) return text;
  }
  return first;
}

/** The whole card as plain text. */
export function toText(card: Card): string {
  return fitLines(
    toLines(card),
    (line) => plain(line, card.reader),
    () => true,
  );
}

/** Two one-line columns are a label and its value; anything longer reads better below each other. */
function columns(sides: readonly (readonly Text[])[]): readonly Text[] {
  const filled = sides.filter((side) => side.length > 0);
  if (filled.length < 2 || filled.some((side) => side.length > 1)) return filled.flat();
  return [filled.flat().flatMap((text, index) => (index === 0 ? text : [fixed(' | '), ...text]))];
}

function answer(input: Input): Text {
  switch (input.type) {
    case 'Input.ChoiceSet': {
      const chosen = input.multi ? (input.value ?? '').split(',') : [input.value];
      const titles = input.choices.filter((choice) => chosen.includes(choice.value)).map((choice) => choice.title);
      return titles.flatMap((title, index) => (index === 0 ? title : [fixed(', '), ...title]));
    }
    case 'Input.Toggle':
      return [fixed(input.value ? '☑' : '☐')];
    case 'Input.Number':
      return input.value === null ? [] : [fixed(String(input.value))];
    default:
      return input.value === null ? [] : [user(input.value)];
  }
}

interface WallClock {
  /** What the clock shows, in the UTC fields. */
  readonly wall: Date;
  readonly zone: string;
  /** Whether it is the clock that was asked for. */
  readonly isAsked: boolean;
}

/** The wall clock of a zone, and the zone's name at that moment. A zone that ICU lacks counts as UTC. */
function wallClock(at: Date, zone: string): WallClock {
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = formatter(zone).formatToParts(at);
  } catch (error) {
    if (!(error instanceof RangeError) || zone === 'UTC') throw error;
    return { ...wallClock(at, 'UTC'), isAsked: false };
  }
  const field = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value);
  const wall = new Date(
    Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second')),
  );
  const offset = Math.round((wall.getTime() - at.getTime()) / MINUTE);
  return { wall, zone: NAMES.get(zone)?.[offset] ?? offsetName(offset), isAsked: true };
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
