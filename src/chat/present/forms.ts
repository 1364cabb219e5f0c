// Forms: what a person fills in, and what is told before it is sent (who will be asked, what is the longest period).
import { plan } from '../../domain/approval';
import type { PlannedStage } from '../../domain/approval';
import type { PairFacts } from '../../domain/facts';
import { lentBy } from '../../domain/lent';
import type { PersonId, PolicyVersion } from '../../domain/model';
import { withDelegates } from '../../domain/voices';
import type { FormFacts, RequestView } from '../../operations/requests';
import type { AssignmentView } from '../../operations/assignments';
import type { Text } from '../card';
import type { CardDataOf, Question } from '../card-data';
import { nameOfShown } from '../shown';
import { fixed } from '../spans';
import { formatDay } from '../text';
import { label, listed, say } from '../words';
import { approvalTitle, typedApproval, whyText } from './approvals';
import { dayText } from './delegations';
import { deciding, includes, policyOf, running } from './asked';
import { inCharge, longest, number, text } from './common';

type Line = { readonly text: Text };

/** A longer reason is typed once more: a line that is not read to its end is nothing to repeat. */
const LONGEST_TYPED = 300;
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
export function dayIn(filled: Filled, name: string): string | null {
  const typed = filled[name] ?? '';
  return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/.test(typed) ? typed : null;
}

/** Who will be asked, stage by stage. */
export function askedLines(facts: PairFacts, policy: PolicyVersion, requestor: PersonId): Line[] {
  const stages = plan(facts, policy, requestor, facts.target.id);
  if (stages.length === 0) return [{ text: label(nobodyAsked(facts, policy)) }];
  return stages.flatMap((stage) => [askedLine(facts, stage, stages.length), ...standInLines(stage)]);
}

function nobodyAsked({ byHand }: PairFacts, { customPeriod }: PolicyVersion) {
  if (byHand) return 'request.nobodyAskedByHand';
  return customPeriod ? 'request.nobodyAskedStart' : 'request.nobodyAsked';
}

/** Whether access ends at once where it is ended now. */
function howItEnds({ facts }: AssignmentView): 'Early' | 'ByHand' | '' {
  if (facts.assignment.state === 'scheduled') return 'Early';
  return facts.byHand ? 'ByHand' : '';
}

function askedLine(facts: PairFacts, stage: PlannedStage, stages: number): Line {
  const { n, asked, approvalsRequired, excluded } = stage;
  const all = withDelegates(asked, facts, excluded);
  const names = listed(
    asked.map(({ name, person }) => {
      const delegate = all.find((one) => one.for === person);
      const found = facts.delegations.find((one) => one.delegator === person && one.delegate === delegate?.person);
      return found ? say('request.askedDelegate', { name, delegate: found.name, until: dayText(found.lastDay) }) : name;
    }),
    approvalsRequired > 1 ? 'and' : 'or',
  );
  if (approvalsRequired > 1) return { text: say('request.askedQuorum', { n, count: approvalsRequired, names }) };
  return { text: stages === 1 ? say('request.asked', { names }) : say('request.askedStage', { n, names }) };
}

/** The requestor is told when others are asked than those whom the policy names first (rule 3.5). */
function standInLines({ asked, standIns }: PlannedStage): Line[] {
  const standing = asked.filter((one) => one.capacity !== 'primary').map((one) => one.name);
  if (!standIns || standing.length === 0) return [];
  return [{ text: say('request.standIns', { names: listed(standing, 'and'), count: standing.length }) }];
}

/** The longest period. */
export function maximumLine(policy: PolicyVersion): Text {
  // A day where the target is, whoever reads it: as an instant it would be another day elsewhere.
  if (policy.expiration.kind === 'date')
    return say('request.maximumDate', { lastDay: [fixed(formatDay(policy.expiration.day))] });
  const most = longest(policy.expiration);
  return most === null ? label('request.noMaximum') : say('request.maximum', { length: most });
}

/** What the policy asks, with what was answered before. */
export function questions(policy: PolicyVersion, filled: Filled): Question[] {
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

/** Whether the kinds of access ask for different things: then the kind is chosen first, and its own form follows. */
export function needsChoice(offered: readonly PolicyVersion[]): boolean {
  const asks = ({ questions, expiration, customPeriod, reasonRequired }: PolicyVersion): string =>
    JSON.stringify([questions, expiration, customPeriod, reasonRequired]);
  return new Set(offered.map(asks)).size > 1;
}

function titleOf({ facts }: FormFacts, requestor: PersonId, mode: 'ask' | 'assign'): Text {
  const name = text(facts.package.name, 150);
  if (mode === 'assign') return say('assign.titlePackage', { package: name });
  return requestor === facts.target.id
    ? say('request.title', { package: name })
    : say('request.titleFor', { package: name, target: facts.target.name });
}

function descriptionOf({ facts }: FormFacts): Text {
  return facts.package.description === '' ? label('find.title') : text(facts.package.description, 600);
}

/** In direct assignment the person is not in the title. */
function targetLines({ facts }: FormFacts, requestor: PersonId, mode: 'ask' | 'assign'): Line[] {
  if (mode === 'ask' || requestor === facts.target.id) return [];
  return [{ text: [...label('fact.for'), { kind: 'fixed', text: ': ' }, ...text(facts.target.name)] }];
}

const choices = (offered: readonly PolicyVersion[]): Choice[] =>
  offered.map((policy) => ({ title: text(policy.name, 75), value: policy.id }));

const under = (policy: PolicyVersion, line: Text): Line => ({
  text: say('request.policyLine', { policy: text(policy.name, 75), line }),
});

/** What was chosen before, else the only one that is made for direct assignment. */
function preselected(offered: readonly PolicyVersion[], filled: Filled): string | null {
  if (offered.some((policy) => policy.id === filled['policy'])) return filled['policy'] ?? null;
  const [direct, second] = offered.filter((policy) => policy.mode === 'direct');
  return direct && !second ? direct.id : null;
}

/** What a reason is to say, and who reads it: also the one for whom somebody else asks. */
export function reasonHint({ target }: Pick<PairFacts, 'target'>, requestor: PersonId): Text {
  if (requestor === target.id) return label('request.reasonHint');
  return say('request.reasonHintFor', { target: text(target.name, 60) });
}

/** The step before the form, where the kinds of access ask for different things. */
export function chooseForm(
  form: FormFacts,
  requestor: PersonId,
  filled: Filled,
  mode: 'ask' | 'assign',
): CardDataOf['request-form'] {
  const { facts, offered, now } = form;
  const title = titleOf(form, requestor, mode);
  const today = day(now, facts.target.timeZone);
  return {
    summary: title,
    title,
    description: descriptionOf(form),
    verb: mode === 'assign' ? 'assignment.choose' : 'request.choose',
    submit: label('continue'),
    lines: [
      ...targetLines(form, requestor, mode),
      ...offered.flatMap((policy) => [
        ...askedLines(facts, policy, requestor).map((line) => under(policy, line.text)),
        under(policy, maximumLine(policy)),
      ]),
    ],
    policies: choices(offered),
    policy: preselected(offered, filled),
    asksReason: false,
    customPeriod: false,
    asksStart: false,
    start: null,
    end: null,
    minDate: today,
    maxStart: today,
    reason: null,
    reasonHint: reasonHint(facts, requestor),
    reasonRequired: false,
    reasonMax: 2000,
    questions: [],
  };
}

/**
 * The request form, and the one for direct assignment. With several kinds of access that ask for the same, the kind is chosen here;
 * otherwise it was chosen before.
 */
export function requestForm(
  form: FormFacts,
  requestor: PersonId,
  filled: Filled,
  mode: 'ask' | 'assign',
): CardDataOf['request-form'] {
  const { facts, now } = form;
  const chosen = form.offered.find((policy) => policy.id === filled['policy']) ?? form.offered[0];
  if (!chosen) throw new Error('a form needs a policy');
  const chosenBefore = needsChoice(form.offered);
  const offered = chosenBefore ? [chosen] : form.offered;
  const title = titleOf(form, requestor, mode);
  const zone = facts.target.timeZone;
  const { customPeriod } = chosen;
  const lines: Line[] =
    offered.length === 1
      ? [...askedLines(facts, chosen, requestor), { text: maximumLine(chosen) }]
      : [
          ...offered.flatMap((policy) => askedLines(facts, policy, requestor).map((line) => under(policy, line.text))),
          { text: maximumLine(chosen) },
        ];
  return {
    summary: title,
    title,
    description: descriptionOf(form),
    verb: mode === 'assign' ? 'assignment.assign' : 'request.submit',
    submit: label(mode === 'assign' ? 'assign' : 'submit'),
    lines: [
      ...targetLines(form, requestor, mode),
      ...(chosenBefore ? [{ text: say('request.kind', { policy: text(chosen.name, 75) }) }] : []),
      ...lines,
    ],
    policies: offered.length === 1 ? [] : choices(offered),
    policy: filled['policy'] ?? null,
    asksReason: true,
    customPeriod,
    asksStart: customPeriod,
    start: dayIn(filled, 'start'),
    end: dayIn(filled, 'end'),
    minDate: day(now, zone),
    maxStart: day(new Date(now.getTime() + START_AHEAD_DAYS * DAY), zone),
    reason: filled['reason'] ?? null,
    reasonHint: reasonHint(facts, requestor),
    reasonRequired: chosen.reasonRequired,
    reasonMax: 2000,
    // Who assigns may answer what is asked of whoever asks, and need not (domain/direct.ts).
    questions: questions(chosen, filled).map((one) => ({ ...one, required: one.required && mode === 'ask' })),
  };
}

/** For oneself, where nobody else is named. */
const FOR_ONESELF = { person: ['find.for', 'find.forYou'], searches: ['packages', 'reports'] } as const;
/** By a right that others have given. */
const FOR_OTHERS = { person: ['assign.person', 'assign.personHint'], searches: ['manageable', 'people'] } as const;

/** First steps, by what is begun: what, and for whom. */
const FIND = {
  exception: {
    title: 'exception.findTitle',
    intro: 'exception.findIntro',
    verb: 'exception.fill',
    ...FOR_ONESELF,
  },
  ask: {
    title: 'find.title',
    intro: 'find.intro',
    verb: 'request.fill',
    ...FOR_ONESELF,
  },
  assign: {
    title: 'assign.title',
    intro: 'assign.intro',
    verb: 'assignment.fill',
    ...FOR_OTHERS,
  },
  share: {
    title: 'share.findTitle',
    intro: 'share.findIntro',
    verb: 'share.fill',
    ...FOR_ONESELF,
    searches: ['sharable', 'reports'],
  },
  remove: {
    title: 'remove.findTitle',
    intro: 'remove.findIntro',
    verb: 'removal.fill',
    ...FOR_OTHERS,
  },
  reprocess: {
    title: 'reprocess.title',
    intro: 'reprocess.intro',
    verb: 'assignment.reprocess',
    ...FOR_OTHERS,
  },
} as const;

export type FindMode = keyof typeof FIND;

/** What a first step begins; asking, where nothing else is named. */
export function findMode(named: unknown): FindMode {
  return typeof named === 'string' && Object.hasOwn(FIND, named) ? (named as FindMode) : 'ask';
}

/** Whether one asks or shares, for oneself where nobody else is named; else one acts by a right that others have given. */
export function isForOneself(mode: FindMode): boolean {
  return mode === 'ask' || mode === 'exception' || mode === 'share';
}

/** First step: what, and for whom. `others`: the person has direct reports, or assigns directly. */
export function findForm(input: {
  readonly mode: FindMode;
  readonly others: boolean;
  readonly package: Choice | null;
  readonly target: Choice | null;
}): CardDataOf['request-find'] {
  const { verb, person, searches, ...words } = FIND[input.mode];
  const title = label(words.title);
  return {
    summary: title,
    title,
    intro: label(words.intro),
    verb,
    package: input.package?.value ?? null,
    packages: input.package ? [input.package] : [],
    forOthers: input.others,
    forRequired: !isForOneself(input.mode),
    target: input.target?.value ?? null,
    targets: input.target ? [input.target] : [],
    targetLabel: label(person[0]),
    targetHint: label(person[1]),
    packageSearch: searches[0],
    peopleSearch: searches[1],
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
  const stage = policyOf(view.facts)?.stages.find(({ n }) => n === running(view.facts)?.n);
  const required = deny || stage?.approverReasonRequired === true;
  const task = deciding(view)?.task;
  const gives = deny ? [] : includes(view);
  const { requestor, target } = view.facts;
  const readers = listed([...new Set([requestor?.name ?? target.name, target.name])], 'and');
  const about = required ? label('approve.intro') : filled['meant'] === undefined ? label('approve.asReason') : null;
  const intro = [
    ...(about === null ? [] : [...about, { kind: 'fixed', text: ' ' } as const]),
    ...say('approve.readers', { names: readers }),
  ];
  return {
    summary: title,
    title,
    intro: deny ? say('deny.intro', { names: readers }) : intro,
    // Whoever decides for somebody else reads for whom, before they say anything in that name, and whoever approves what that gives.
    lines: [
      approvalTitle(view.facts),
      ...(task?.for == null ? [] : [whyText(view.facts, task)]),
      ...gives.map(({ title, value }) => [...title, { kind: 'fixed', text: ': ' } as const, ...value]),
    ].map((text) => ({ text })),
    verb: deny ? 'approval.deny' : 'approval.approveWithReason',
    submit: label(deny ? 'deny' : 'approve'),
    style: deny ? 'destructive' : 'positive',
    asks: true,
    question: label(deny ? 'deny.reason' : 'approve.reason'),
    required,
    error: label(deny ? 'deny.required' : 'approve.required'),
    reason: filled['reason'] ?? null,
    seen: nameOfShown(filled['shown'] ?? ''),
    ...(deny ? {} : { gives, typed: approveTyped(view, filled['reason'] ?? null) }),
  };
}

/** The typed line that approves with a reason which others read, for whoever has read that they do. */
function approveTyped(view: RequestView, reason: string | null): string {
  const said = reason === null || reason.length > LONGEST_TYPED ? '…' : reason;
  return `approve ${typedApproval(view.facts, deciding(view))} openly because ${said}`;
}

/** Asking for one more period. */
export function extendForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const { extension, facts } = view;
  const title = say('extend.title', { package: text(facts.package.name, 150) });
  const until = extension?.until ?? null;
  const endsAt = facts.assignment.endsAt;
  const approval = extension?.policy.extension.approval === true && extension.policy.stages.length > 0;
  const lent = lentBy(facts, view.now);
  const values = { package: text(facts.package.name, 150), other: text(lent?.other ?? '', 150) };
  return {
    summary: title,
    title,
    intro:
      endsAt === null ? title : until ? say('extend.intro', { until, endsAt }) : say('extend.introNoEnd', { endsAt }),
    lines: [
      ...(lent && lent.until.getTime() === until?.getTime()
        ? [{ text: say('exception.lets', { ...values, until: lent.until }) }]
        : []),
      ...(approval ? askedLines(facts, extension.policy, facts.target.id) : [{ text: label('extend.atOnce') }]),
    ],
    verb: 'access.extend',
    submit: label('extend'),
    style: 'positive',
    asks: true,
    question: label('request.reason'),
    required: extension?.policy.reasonRequired === true,
    error: label('request.reasonRequired'),
    reason: filled['reason'] ?? null,
    seen: '',
  };
}

/** Ending one's own access: a question, so that one tap too many does not cost the access. */
export function giveUpForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const title = say('giveUp.title', { package: text(view.facts.package.name, 150) });
  return {
    summary: title,
    title,
    intro: label(`giveUp.intro${howItEnds(view)}`),
    lines: [
      {
        text: view.couldAsk
          ? label('giveUp.again')
          : say('giveUp.forGood', { owners: inCharge(view.facts, view.facts.target.id) }),
      },
    ],
    verb: 'access.giveUp',
    submit: label('giveUp'),
    style: 'destructive',
    asks: true,
    question: label('giveUp.reason'),
    required: false,
    error: label('request.reasonRequired'),
    reason: filled['reason'] ?? null,
    seen: '',
  };
}

/** Removal by an owner. */
export function removeForm(view: AssignmentView, filled: Filled): CardDataOf['reason-form'] {
  const target = view.facts.target.name;
  const title = say('remove.title', { package: text(view.facts.package.name, 150), target });
  return {
    summary: title,
    title,
    intro: say(`remove.intro${howItEnds(view)}`, { target }),
    lines: [],
    verb: 'assignment.remove',
    submit: label('remove'),
    style: 'destructive',
    asks: true,
    question: label('remove.reason'),
    required: true,
    error: label('remove.required'),
    reason: filled['reason'] ?? null,
    seen: '',
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
    seen: '',
  };
}
