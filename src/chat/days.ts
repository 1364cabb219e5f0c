// Days as people type them: as lists show them, as forms take them, and by the word.
import { DomainError } from '../domain/errors';
import { nextDate } from '../domain/time';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(?:${MONTHS.join('|')})[a-z]{0,6}\\.?`;
const WEEKDAY = '(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}[.,]?\\s)?';
const NUMBER = '\\d{1,2}(?:st|nd|rd|th|\\.)?';
const YEAR = '(?:,?\\s\\d{4})?';

/** A day, as part of a pattern: 2026-11-30, 30 Nov, Mon 30 Nov 2026, November 30, today. */
export const DAY_TYPED = `(?:\\d{4}-\\d\\d-\\d\\d|today|tomorrow|${WEEKDAY}(?:${NUMBER}\\s${MONTH}|${MONTH}\\s${NUMBER})${YEAR})`;

/** Without a year, a day of the last weeks is the one that was, not the one of next year. */
const RECENT_DAYS = 31;

/** The day that is meant; without a year the next one, or one just past. Refuses what is no day of the calendar. */
export function dayTyped(typed: string, today: string): string {
  const said = typed.trim().toLowerCase();
  if (said === 'today') return today;
  if (said === 'tomorrow') return nextDate(today, 1);
  if (/^\d{4}-/.test(said)) return real(said, typed);
  const month = MONTHS.findIndex((name) => ` ${said}`.includes(` ${name}`)) + 1;
  const day = Number(/(?:^|\s)(\d{1,2})(?!\d)/.exec(said)?.[1] ?? NaN);
  const year = /\b\d{4}$/.exec(said)?.[0];
  const of = (inYear: number | string): string =>
    `${inYear}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  if (year !== undefined) return real(of(year), typed);
  const earliest = nextDate(today, -RECENT_DAYS);
  const inYear = Number(earliest.slice(0, 4));
  return real(of(of(inYear) < earliest ? inYear + 1 : inYear), typed);
}

function real(day: string, typed: string): string {
  try {
    return nextDate(day, 0);
  } catch {
    const year = /^(\d{4})-02-29$/.exec(day)?.[1];
    throw new DomainError('not-a-date', { typed: typed.slice(0, 40), ...(year === undefined ? {} : { year }) });
  }
}
