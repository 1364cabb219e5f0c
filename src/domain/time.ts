// Days and durations in named zones, with Intl only. Instants are UTC; a day is half-open: its end is the start of the next.
import { DomainError } from './errors';
import type { Span, WorkingCalendar } from './model';

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

/**
 * When a timer that starts now is over. Hours count working time. Days count from the next working moment, and end at the same
 * local time on the so manieth working day after that day; what the clocks skip or repeat then is moved into the working hours of
 * that day. So a timer of days leaves that many whole working days, whenever it starts. A timer of hours that fills a day ends as
 * that day closes, not as the next one opens. Without a calendar all time counts, and a day is 24 hours.
 */
export function afterSpan(from: Date, span: Span, calendar: WorkingCalendar | null): Date {
  if (!calendar) return after(from, hoursOf(span) * HOUR);
  if (span.kind === 'hours') return afterWorking(from, span.hours * HOUR, calendar);

  const { zone } = calendar;
  const begins = nextWorking(from, calendar);
  let date = dateIn(begins, zone);
  const timeOfDay = wallOf(begins.getTime(), zone) - wallOfDate(date);
  for (let left = span.days; ;) {
    date = nextDate(date, 1);
    if (!isWorkingDay(date, calendar)) continue;
    left -= 1;
    const open = left <= 0 ? openOn(date, calendar) : null;
    if (open) return new Date(Math.min(Math.max(firstAt(wallOfDate(date) + timeOfDay, zone), open.from), open.until));
  }
}

/** Hours of a span where all time counts. */
export function hoursOf(span: Span): number {
  return span.kind === 'days' ? span.days * 24 : span.hours;
}

/** The middle of the time that counts between two instants. */
export function halfway(from: Date, until: Date, calendar: WorkingCalendar | null): Date {
  if (!calendar) return after(from, (until.getTime() - from.getTime()) / 2);
  return afterWorking(from, workingBetween(from, until, calendar) / 2, calendar);
}

/** The instant at which so much working time has passed. */
export function afterWorking(from: Date, ms: number, calendar: WorkingCalendar): Date {
  let left = ms;
  for (let date = dateIn(from, calendar.zone); ; date = nextDate(date, 1)) {
    const open = openOn(date, calendar);
    if (!open || open.until <= from.getTime()) continue;
    const begins = Math.max(open.from, from.getTime());
    if (begins + left <= open.until) return new Date(begins + left);
    left -= open.until - begins;
  }
}

/** How much working time lies between two instants, in milliseconds. */
export function workingBetween(from: Date, until: Date, calendar: WorkingCalendar): number {
  const last = dateIn(until, calendar.zone);
  let sum = 0;
  for (let date = dateIn(from, calendar.zone); date <= last; date = nextDate(date, 1)) {
    const open = openOn(date, calendar);
    if (!open) continue;
    sum += Math.max(0, Math.min(open.until, until.getTime()) - Math.max(open.from, from.getTime()));
  }
  return sum;
}

/** The instant itself where it lies in working hours, else when they next begin. */
export function nextWorking(from: Date, calendar: WorkingCalendar): Date {
  for (let date = dateIn(from, calendar.zone); ; date = nextDate(date, 1)) {
    const open = openOn(date, calendar);
    if (open && from.getTime() < open.until) return new Date(Math.max(from.getTime(), open.from));
  }
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

function isWorkingDay(date: string, { days, holidays }: WorkingCalendar): boolean {
  const weekday = new Date(wallOfDate(date)).getUTCDay() || 7;
  return days.includes(weekday) && !holidays.includes(date);
}

/** The working hours of a date, half-open; null where it has none, also because the clocks skip them. */
function openOn(date: string, calendar: WorkingCalendar): { readonly from: number; readonly until: number } | null {
  if (!isWorkingDay(date, calendar)) return null;
  const midnight = wallOfDate(date);
  const [from, until] = [calendar.from, calendar.until].map((minutes) =>
    firstAt(midnight + minutes * MINUTE, calendar.zone),
  ) as [number, number];
  return from < until ? { from, until } : null;
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

/** When clocks first show the wall time; where they skip it, the first instant after the gap. */
function firstAt(wall: number, zone: string): number {
  return instantsOf(wall, zone)[0] ?? endOfGap(wall, zone);
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
  return ms + offsetOf(ms, zone);
}

// Since 1972 offsets change on whole minutes, and acts of one time ask for the same ones.
const offsets = new Map<string, number>();
const MOST_OFFSETS = 1000;

function offsetOf(ms: number, zone: string): number {
  const minute = Math.floor(ms / MINUTE) * MINUTE;
  const key = `${minute} ${zone}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    offset = shownAt(minute, zone) - minute;
    if (offsets.size === MOST_OFFSETS) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

function shownAt(ms: number, zone: string): number {
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
