// Days and durations in named zones, with Intl only. Instants are UTC; a day is half-open: its end is the start of the next.
import { DomainError } from './errors';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** So many milliseconds later. Exact: for timers, not for calendar days. */
export function after(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}

/** Whether the name is an IANA zone that this program knows. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** The date (`2026-03-31`) that a calendar in the zone shows at the instant. */
export function dateIn(instant: Date, zone: string): string {
  return new Date(wallOf(instant.getTime(), zone)).toISOString().slice(0, 10);
}

/** The first instant of the day. Where the clocks skip midnight, the first one after the gap. */
export function startOfDay(date: string, zone: string): Date {
  const wall = wallOfDate(date);
  // Where midnight comes twice the later one counts, so that a day is over only when all of its minutes are.
  return new Date(instantsOf(wall, zone).at(-1) ?? endOfGap(wall, zone));
}

/** The instant at which the day is over: the start of the next one, whatever the clocks do in between. */
export function endOfDay(date: string, zone: string): Date {
  return startOfDay(nextDate(date, 1), zone);
}

/** The same time of day so many calendar days later. In a gap the time moves on by its length; of two the earlier is taken. */
export function addDays(instant: Date, days: number, zone: string): Date {
  const ms = instant.getTime();
  const wall = wallOf(ms, zone) + days * DAY;
  const found = instantsOf(wall, zone)[0];
  if (found !== undefined) return new Date(found);
  return new Date(wall - offsetAt(wall - DAY, zone));
}

/** A date so many days later. */
export function nextDate(date: string, days: number): string {
  return new Date(wallOfDate(date) + days * DAY).toISOString().slice(0, 10);
}

/** The earlier of two ends; null is no end. */
export function earlier(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return a <= b ? a : b;
}

/** The latest of several ends; null is no end and therefore later than any. */
export function latest(ends: readonly (Date | null)[]): Date | null {
  let last: Date | null = null;
  for (const end of ends) {
    if (!end) return null;
    if (!last || end > last) last = end;
  }
  return last;
}

// A wall time is what clocks in a zone show, written as if it were UTC milliseconds.

function wallOfDate(date: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN;
  // Date.parse takes 30 February for 2 March in some engines; written back it must be the same date.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) {
    throw new DomainError('not-a-date', { typed: date });
  }
  return ms;
}

/** Every instant at which clocks in the zone show the wall time, in order: one, two, or none. */
function instantsOf(wall: number, zone: string): number[] {
  // Offsets lie within a day of UTC, so those a day before and after are the only ones that can hold here.
  const offsets = new Set([wall - DAY, wall, wall + DAY].map((near) => offsetAt(near, zone)));
  return [...offsets]
    .map((offset) => wall - offset)
    .filter((ms) => wallOf(ms, zone) === wall)
    .sort((a, b) => a - b);
}

/** The instant at which clocks jump over the wall time. */
function endOfGap(wall: number, zone: string): number {
  const offset = offsetAt(wall + DAY, zone);
  let before = wall - offset - 1;
  let behind = wall - offsetAt(wall - DAY, zone);
  while (behind - before > 1) {
    const middle = Math.floor((before + behind) / 2);
    if (offsetAt(middle, zone) === offset) behind = middle;
    else before = middle;
  }
  return behind;
}

function offsetAt(ms: number, zone: string): number {
  return wallOf(ms, zone) - ms;
}

function wallOf(ms: number, zone: string): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const part of formatOf(zone).formatToParts(ms)) parts[part.type] = Number(part.value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  // The format knows no milliseconds; offsets are whole seconds.
  const beneath = ((ms % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) + beneath;
}

// Making a format costs more than using it a thousand times.
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}
