// Forms: what a person fills in, and what is told before it is sent (who will be asked, what is the longest period).
import { plan } from '../../domain/approval';
import type { PersonId, PolicyVersion } from '../../domain/model';
import { period } from '../../domain/policy';
import type { FormFacts, RequestView } from '../../operations/requests';
import type { AssignmentView } from '../../operations/assignments';
import type { Text } from '../card';
import type { CardDataOf, Question } from '../card-data';
import { label, listed, say } from '../words';
import { approvalTitle } from './requests';
import { longest, number, text } from './common';

type Line = { readonly text: Text };
type Choice = { readonly title: Text; readonly value: string };

const DAY = 86_400_000;
/** Starts further ahead than this are refused (domain/request.ts). */
const START_AHEAD_DAYS = 180;

/** The calendar day of an instant in a zone, as date inputs want it. */
export function day(at: Date, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    at,
  );
}

/** What was filled in before, by input id. */
export type Filled = Readonly<Record<string, string>>;

/** A day that was filled in. An empty field, or words where a day belongs, cannot be shown in a date input again. */
function dayIn(filled: Filled, name: string): string | null {
  const typed = filled[name] ?? '';
  return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/.test(typed) ? typed : null;
}

function askedLines(form: FormFacts, policy: PolicyVersion, requestor: PersonId): Line[] {
  const stages = plan(form.facts, policy, requestor, form.facts.target.id);
  if (stages.length === 0) return [{ text: label('request.nobodyAsked') }];
  return stages.map((stage) => {
    const names = listed(
      stage.asked.map((one) => one.name),
      stage.approvalsRequired > 1 ? 'and' : 'or',
    );
    if (stage.approvalsRequired > 1) {
      return { text: say('request.askedQuorum', { n: stage.n, count: stage.approvalsRequired, names }) };
    }
    return {
      text: stages.length === 1 ? say('request.asked', { names }) : say('request.askedStage', { n: stage.n, names }),
    };
  });
}

function maximumLine(policy: PolicyVersion): Text {
  if (policy.expiration.kind === 'date') return say('request.maximumDate', { endsAt: policy.expiration.at });
  const most = longest(policy.expiration);
  return most === null ? label('request.noMaximum') : say('request.maximum', { length: most });
}

function questions(policy: PolicyVersion, filled: Filled): Question[] {
  return policy.questions.map((question) => ({
    id: question.id,
    text: text(question.text, 300),
    required: question.required,
    error: label('request.answerRequired'),
    value: filled[`answer.${question.id}`] ?? null,
    choice: question.type === 'choice',
    multiline: question.type === 'longText',
    maxLength: question.type === 'longText' ? 2000 : 500,
    style: question.choices.length <= 10 ? 'expanded' : 'compact',
    choices: question.choices.map((choice) => ({ title: text(choice, 75), value: choice })),
  }));
}

/** The request form, and the one for direct assignment. With several equal policies the requestor chooses. */
export function requestForm(
  form: FormFacts,
  requestor: PersonId,
  filled: Filled,
  mode: 'ask' | 'assign',
): CardDataOf['request-form'] {
  const { facts, offered, now } = form;
  const chosen = offered.find((policy) => policy.id === filled['policy']) ?? offered[0];
  if (!chosen) throw new Error('a form needs a policy');
  const name = text(facts.package.name, 150);
  const own = requestor === facts.target.id;
  const title =
    mode === 'assign'
      ? say('assign.titlePackage', { package: name })
      : own
        ? say('request.title', { package: name })
        : say('request.titleFor', { package: name, target: facts.target.name });
  const zone = facts.target.timeZone;
  const { endsAt } = period(chosen, { startsAt: null, endsAt: null, hours: null }, now, zone);
  const customPeriod = offered.some((policy) => policy.customPeriod);
  const lines: Line[] =
    offered.length === 1
      ? [...askedLines(form, chosen, requestor), { text: maximumLine(chosen) }]
      : offered.flatMap((policy) =>
          askedLines(form, policy, requestor).map((line) => ({
            text: [...text(policy.name, 75), { kind: 'fixed' as const, text: ': ' }, ...line.text],
          })),
        );
  return {
    summary: title,
    title,
    description: facts.package.description === '' ? say('find.title') : text(facts.package.description, 600),
    verb: mode === 'assign' ? 'assignment.assign' : 'request.submit',
    submit: label(mode === 'assign' ? 'assign' : 'submit'),
    lines:
      mode === 'assign' && !own
        ? [{ text: [...label('fact.for'), { kind: 'fixed', text: ': ' }, ...text(facts.target.name)] }, ...lines]
        : lines,
    policies: offered.length === 1 ? [] : offered.map((policy) => ({ title: text(policy.name, 75), value: policy.id })),
    policy: filled['policy'] ?? null,
    customPeriod,
    start: dayIn(filled, 'start'),
    end: dayIn(filled, 'end'),
    minDate: day(now, zone),
    maxDate:
      customPeriod && endsAt && offered.length === 1
        ? day(new Date(endsAt.getTime() + START_AHEAD_DAYS * DAY), zone)
        : null,
    maxStart: day(new Date(now.getTime() + START_AHEAD_DAYS * DAY), zone),
    reason: filled['reason'] ?? null,
    reasonRequired: offered.every((policy) => policy.reasonRequired),
    questions: mode === 'ask' || offered.length === 1 ? questions(chosen, filled) : [],
  };
}

/** First step: what, and for whom. `others`: the person has direct reports, or assigns directly. */
export function findForm(input: {
  readonly mode: 'ask' | 'assign';
  readonly others: boolean;
  readonly package: Choice | null;
  readonly target: Choice | null;
}): CardDataOf['request-find'] {
  const assign = input.mode === 'assign';
  const title = label(assign ? 'assign.title' : 'find.title');
  return {
    summary: title,
    title,
    intro: label(assign ? 'assign.intro' : 'find.intro'),
    verb: assign ? 'assignment.fill' : 'request.fill',
    package: input.package?.value ?? null,
    packages: input.package ? [input.package] : [],
    forOthers: input.others,
    forRequired: assign,
    target: input.target?.value ?? null,
    targets: input.target ? [input.target] : [],
    targetLabel: label(assign ? 'assign.person' : 'find.for'),
    targetHint: label(assign ? 'assign.personHint' : 'find.forYou'),
    packageSearch: assign ? 'manageable' : 'packages',
    peopleSearch: assign ? 'people' : 'reports',
  };
}

/** Deny, or approve where the policy wants a reason. */
export function decisionForm(
  view: RequestView,
  decision: 'approve' | 'deny',
  filled: Filled,
): CardDataOf['reason-form'] {
  const deny = decision === 'deny';
  const shown = number(view.facts.request.number);
  const title = deny ? say('deny.title', { number: shown }) : say('approve.title', { number: shown });
  return {
    summary: title,
    title,
    intro: deny ? say('deny.intro', { requestor: view.facts.requestor?.name ?? '' }) : label('approve.intro'),
    lines: [{ text: approvalTitle(view.facts) }],
    verb: deny ? 'approval.deny' : 'approval.approveWithReason',
    submit: label(deny ? 'deny' : 'approve'),
    style: deny ? 'destructive' : 'positive',
    asks: true,
    question: label(deny ? 'deny.reason' : 'approve.reason'),
    required: true,
    error: label(deny ? 'deny.required' : 'approve.required'),
    reason: filled['reason'] ?? null,
  };
}

/** Asking for one more period. */
export function extendForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const { extension, facts } = view;
  const title = say('extend.title', { package: text(facts.package.name, 150) });
  const until = extension?.until ?? null;
  const endsAt = facts.assignment.endsAt;
  const approval = extension?.policy.extension.approval === true && extension.policy.stages.length > 0;
  return {
    summary: title,
    title,
    intro: until && endsAt ? say('extend.intro', { until, endsAt }) : title,
    lines: approval
      ? askedLines(
          {
            facts: { ...facts, requestor: facts.target, managesTarget: false, mayAssign: false },
            offered: [],
            now: view.now,
          },
          extension.policy,
          facts.target.id,
        )
      : [{ text: label('extend.atOnce') }],
    verb: 'access.extend',
    submit: label('extend'),
    style: 'positive',
    asks: true,
    question: label('request.reason'),
    required: extension?.policy.reasonRequired === true,
    error: label('request.reasonRequired'),
    reason: filled['reason'] ?? null,
  };
}

/** Ending one's own access: a question, so that one tap too many does not cost the access. */
export function giveUpForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const title = say('giveUp.title', { package: text(view.facts.package.name, 150) });
  return {
    summary: title,
    title,
    intro: label('giveUp.intro'),
    lines: [],
    verb: 'access.giveUp',
    submit: label('giveUp'),
    style: 'destructive',
    asks: true,
    question: label('giveUp.reason'),
    required: false,
    error: label('request.reasonRequired'),
    reason: filled['reason'] ?? null,
  };
}

/** Removal by an owner. */
export function removeForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const target = view.facts.target.name;
  const title = say('remove.title', { package: text(view.facts.package.name, 150), target });
  return {
    summary: title,
    title,
    intro: say('remove.intro', { target }),
    lines: [],
    verb: 'assignment.remove',
    submit: label('remove'),
    style: 'destructive',
    asks: true,
    question: label('remove.reason'),
    required: true,
    error: label('remove.required'),
    reason: filled['reason'] ?? null,
  };
}

/** Reporting a manual task as done. */
export function taskForm(title: Text, filled: Filled): CardDataOf['reason-form'] {
  return {
    summary: label('task.formTitle'),
    title: label('task.formTitle'),
    intro: title,
    lines: [],
    verb: 'task.done',
    submit: label('done'),
    style: 'positive',
    asks: true,
    question: label('task.note'),
    required: true,
    error: label('task.noteRequired'),
    reason: filled['reason'] ?? null,
  };
}
