// What must fit together inside one object of a blueprint, beyond the shape of its fields.
import type { z } from 'zod';
import type { Expiration, PolicyVersion, Span, WorkingCalendar } from '../../domain/model';
import { hoursOf } from '../../domain/time';
import type { SubjectText } from './values';

type Context = z.core.$RefinementCtx;

interface Stage {
  readonly approvers: readonly SubjectText[];
  readonly alternates: readonly SubjectText[];
  readonly fallbacks: readonly SubjectText[];
  readonly approvalsRequired: number;
  readonly decideWithin: Span;
  readonly escalateAfter?: Span | undefined;
}

interface Calendar {
  readonly days: readonly string[];
  readonly from: number;
  readonly until: number;
}

/** A stage that could never be decided, or whose alternates could never be asked, is refused before anybody waits for it. */
export function checkStage(stage: Stage, context: Context): void {
  if (stage.approvers.length === 0)
    refuse(context, ['approvers'], '"approvers" is empty. Name somebody, or remove the stage');
  if (stage.escalateAfter && stage.alternates.length === 0)
    refuse(context, ['escalateAfter'], '"escalateAfter" needs "alternates". Name who is asked then');
  if (!stage.escalateAfter && stage.alternates.length > 0)
    refuse(context, ['alternates'], '"alternates" are never asked without "escalateAfter". Add it, for example 2 days');

  const all = [...stage.approvers, ...stage.alternates, ...stage.fallbacks];
  const named = new Set(all.flatMap((one) => (one.kind === 'person' ? [one.name.toLowerCase()] : [])));
  const onlyNamed = all.every((one) => one.kind === 'person' || one.kind === 'manager');
  const most = named.size + new Set(all.flatMap((one) => (one.kind === 'manager' ? [one.level] : []))).size;
  if (onlyNamed && all.length > 0 && most < stage.approvalsRequired)
    refuse(
      context,
      ['approvalsRequired'],
      `"approvalsRequired" is ${stage.approvalsRequired}, but the stage can ask ${most} at most. Name more approvers`,
    );
}

/** Exceptions end with a day, and each is somebody's to look at again. */
export function checkExceptionPolicy(
  policy: Parameters<typeof checkPolicy>[0] & { readonly expires: Expiration },
  context: Context,
): void {
  checkPolicy(policy, context);
  if (policy.expires.kind === 'never' || policy.expires.kind === 'hours')
    refuse(
      context,
      ['expires'],
      'An exception ends with a day. Write a number of days or weeks, or its last day, for example 90 days',
    );
}

/** Each answer has a key of its own. */
export function checkPolicy(
  {
    questions = [],
  }: { readonly questions?: readonly { readonly id?: string | undefined; readonly text: string }[] | undefined },
  context: Context,
): void {
  const seen = new Set<string>();
  for (const [n, question] of questions.entries()) {
    const key = questionKey(question);
    if (seen.has(key))
      refuse(context, ['questions', n], `The question "${key}" is there twice. Give one of them another "id"`);
    seen.add(key);
  }
}

/** What must fit together in a whole policy, written now or before: where it does not, and a sentence that says so. */
export function misfits(
  policy: Pick<PolicyVersion, 'mode' | 'stages' | 'calendar' | 'selfRequest' | 'onBehalf' | 'extension'>,
): { readonly path: readonly (string | number)[]; readonly message: string }[] {
  const { mode, stages, calendar, selfRequest, onBehalf, extension } = policy;
  const found: { path: (string | number)[]; message: string }[] = [];
  if (mode === 'request' && !selfRequest && !onBehalf)
    found.push({
      path: ['selfRequest'],
      message: 'With "selfRequest" and "onBehalf" both false nobody can ask. Allow one of them.',
    });
  if (extension.approval && stages.length === 0)
    found.push({
      path: ['extension', 'approval'],
      message:
        'There is nobody to approve an extension: the policy has no "approval". Add a stage, or write approval: false.',
    });
  for (const [n, { escalateAfter, decideWithin }] of stages.entries()) {
    if (calendar && weeksOf(decideWithin, calendar) > WEEKS)
      found.push({
        path: ['approval', n, 'decideWithin'],
        message: `By this calendar "decideWithin" takes longer than a year. Shorten it, or give the calendar more working time.`,
      });
    if (!escalateAfter || minutesOf(escalateAfter, calendar) < minutesOf(decideWithin, calendar)) continue;
    const counted = calendar ? ', counted in working time' : '';
    found.push({
      path: ['approval', n, 'escalateAfter'],
      message: `"escalateAfter" must be shorter than "decideWithin" (14 days unless written)${counted}.`,
    });
  }
  return found;
}

/** A sentence for questions that are more than a form can hold, or null. */
export function tooManyQuestions(questions: PolicyVersion['questions']): string | null {
  const size = questions.reduce((sum, question) => sum + formBytes(question), 0);
  if (size <= FORM_BYTES) return null;
  return `These questions make a form of ${Math.ceil(size / 1000)} KB with their answers; Teams shows ${FORM_BYTES / 1000} KB. Ask for less, or shorten their choices.`;
}

/** What Teams takes of a card (25 KB), less what else a form holds. */
const FORM_BYTES = 20_000;
/** What a question and a choice take beside their words, and the longest answers (domain/request.ts). */
const QUESTION_BYTES = 350;
const CHOICE_BYTES = 30;
const ANSWER_BYTES = { text: 500, longText: 2000, choice: 75 } as const;

function formBytes({ text, type, choices }: PolicyVersion['questions'][number]): number {
  const said = choices.reduce((sum, choice) => sum + CHOICE_BYTES + 2 * bytesOf(choice), 0);
  return QUESTION_BYTES + bytesOf(text) + said + ANSWER_BYTES[type];
}

/** As it is sent: a quotation mark is two. */
const bytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

/** A timer walks through its calendar day by day. */
const WEEKS = 53;

function weeksOf(span: Span, { days, from, until }: WorkingCalendar): number {
  return span.kind === 'days' ? span.days / days.length : (span.hours * 60) / (days.length * (until - from));
}

/** How long a timer runs, for comparing two of them. */
function minutesOf(span: Span, calendar: WorkingCalendar | null): number {
  const isInDays = calendar !== null && span.kind === 'days';
  return isInDays ? span.days * (calendar.until - calendar.from) : hoursOf(span) * 60;
}

/** A calendar in which no time would ever pass is refused before anybody waits by it. */
export function checkCalendar({ days, from, until }: Calendar, context: Context): void {
  if (days.length === 0)
    refuse(context, ['days'], 'This calendar has no working day. Name at least one, for example monday');
  if (until <= from)
    refuse(
      context,
      ['until'],
      'The working hours end before they begin. "until" must be later than "from" on the same day; 24:00 is its end',
    );
}

export function checkConflict(
  conflict: {
    readonly package?: string | undefined;
    readonly group?: string | undefined;
    readonly mutual?: boolean | undefined;
  },
  context: Context,
): void {
  if ((conflict.package === undefined) === (conflict.group === undefined))
    refuse(context, [], 'Write either "package" or "group", one of them');
  if (conflict.group !== undefined && conflict.mutual === true)
    refuse(context, ['mutual'], '"mutual" is for packages: a group cannot be asked for. Remove it');
}

export function checkPerson(
  person: {
    readonly kind?: string | undefined;
    readonly organization?: string | null | undefined;
    readonly enabled?: boolean | undefined;
    readonly state?: 'deleted' | undefined;
  },
  context: Context,
): void {
  if (person.state === 'deleted' && person.enabled === true)
    refuse(context, ['state'], 'Nobody is deleted and enabled. Remove "state" to restore the person, or "enabled"');
  if (person.kind === 'member' && person.organization)
    refuse(
      context,
      ['organization'],
      'A member belongs to your own organization. Remove "organization", or write kind: guest',
    );
}

/** Key of a question's answer: stable while the text is, so `id` keeps it across a new wording. */
export function questionKey({ id, text }: { readonly id?: string | undefined; readonly text: string }): string {
  if (id !== undefined) return id;
  const slug = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-');
  return slug.replace(/^-+|-+$/g, '').slice(0, 60) || 'question';
}

function refuse(context: Context, path: (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', path, message });
}
