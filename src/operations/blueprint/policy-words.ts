// A policy in words: the lines of a plan.
import type { Expiration, PolicyVersion, Span, StagePlan, SubjectSet, WorkingCalendar } from '../../domain/model';
import { hoursOf } from '../../domain/time';
import { words, type Draft } from './draft';
import { WEEKDAYS } from './schema';
import { count } from './words';

/** What differs between two versions, a line a field. */
export function changedLines(draft: Draft, before: PolicyVersion, after: PolicyVersion): string[] {
  const old = new Map(inWords(draft, before));
  return inWords(draft, after).flatMap(([field, now]) => {
    const was = old.get(field) ?? 'none';
    return was === now ? [] : [`${field}: ${was} → ${now}`];
  });
}

function inWords(draft: Draft, content: PolicyVersion): [string, string][] {
  return [
    ['name', content.name],
    ['mode', content.mode],
    ['who', sets(draft, content.targets)],
    ['approval', content.stages.map((stage) => stageWords(draft, stage, content.calendar)).join(', then ') || 'none'],
    ['working time', calendarWords(content.calendar)],
    ['expires', expirationWords(content.expiration)],
    ['custom period', words(draft, content.customPeriod)],
    ['reason', content.reasonRequired ? 'required' : 'optional'],
    [
      'questions',
      content.questions
        .map(
          ({ text, required, choices }) =>
            `${text}${required ? ' (required)' : ''}${choices.length > 0 ? ` [${choices.join(', ')}]` : ''}`,
        )
        .join(' | ') || 'none',
    ],
    ['self request', words(draft, content.selfRequest)],
    ['on behalf', words(draft, content.onBehalf)],
    ['self remove', words(draft, content.selfRemove)],
    ['extension', extensionWords(content.extension)],
    ['end when out of scope', words(draft, content.endWhenOutOfScope)],
    ['same person in stages', words(draft, content.samePersonInStages)],
  ];
}

/** The most important of a new policy, on one line. */
export function summary(draft: Draft, content: PolicyVersion): string {
  const all = new Map(inWords(draft, content));
  const mode = content.mode === 'request' ? '' : `mode: ${content.mode}; `;
  return `${mode}for ${all.get('who') ?? ''}; approval: ${all.get('approval') ?? ''}; expires: ${all.get('expires') ?? ''}${content.calendar ? `; working time: ${all.get('working time') ?? ''}` : ''}`;
}

function calendarWords(calendar: WorkingCalendar | null): string {
  if (!calendar) return 'all';
  const days = calendar.days.map((n) => WEEKDAYS[n - 1]?.slice(0, 3)).join(', ');
  const holidays = calendar.holidays.length === 0 ? '' : `, not on ${calendar.holidays.join(', ')}`;
  return `${days}, ${clock(calendar.from)} to ${clock(calendar.until)} (${calendar.zone})${holidays}`;
}

/** `08:30`. */
function clock(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function stageWords(draft: Draft, stage: StagePlan, calendar: WorkingCalendar | null): string {
  const long = (span: Span): string => spanWords(span, calendar);
  return [
    stage.approvalsRequired > 1 ? `${stage.approvalsRequired} of` : '',
    sets(draft, stage.primaries),
    stage.alternates.length > 0
      ? `(after ${stage.escalateAfter ? long(stage.escalateAfter) : ''}: ${sets(draft, stage.alternates)})`
      : '',
    stage.fallbacks.length > 0 ? `(else ${sets(draft, stage.fallbacks)})` : '',
    `within ${long(stage.decideWithin)}`,
    stage.approverReasonRequired ? 'with a reason' : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function sets(draft: Draft, list: readonly SubjectSet[]): string {
  return list.map((set) => setWords(draft, set)).join(', ') || 'nobody';
}

function setWords(draft: Draft, set: SubjectSet): string {
  switch (set.kind) {
    case 'person':
      return words(draft, set.person);
    case 'group':
      return `group ${words(draft, set.group)}`;
    case 'organization':
      return `organization ${words(draft, set.organization)}`;
    case 'manager':
      return set.level === 1 ? 'manager' : `manager of level ${set.level}`;
    case 'allMembers':
    case 'allMembersAndGuests':
    case 'allConfiguredOrganizations':
    case 'anyone':
      return set.kind;
  }
}

function expirationWords(expiration: Expiration): string {
  switch (expiration.kind) {
    case 'never':
      return 'never';
    case 'days':
      return count(expiration.days, 'day');
    case 'hours':
      return count(expiration.hours, 'hour');
    case 'date':
      return expiration.day;
  }
}

function extensionWords({ allowed, approval, maxExtensions, maxTotalDays }: PolicyVersion['extension']): string {
  if (!allowed) return 'no';
  const many = 'any number of times';
  const usual = `${approval ? many : '1 time'} as usual`;
  const times = maxExtensions === null ? usual : maxExtensions === 'unlimited' ? many : count(maxExtensions, 'time');
  return `${times}, ${approval ? 'with' : 'without'} approval${maxTotalDays === null ? '' : `, at most ${count(maxTotalDays, 'day')} in all`}`;
}

function spanWords(span: Span, calendar: WorkingCalendar | null): string {
  if (calendar) return span.kind === 'days' ? count(span.days, 'working day') : count(span.hours, 'working hour');
  const hours = hoursOf(span);
  return hours % 24 === 0 ? count(hours / 24, 'day') : count(hours, 'hour');
}
