// One request as its requestor, its approvers and its owners see it.
import { restored } from '../../domain/errors';
import type { FaultCode, Faults } from '../../domain/errors';
import type { RequestFacts } from '../../domain/facts';
import type { ApprovalTask, PersonId, Stage } from '../../domain/model';
import type { RequestView } from '../../operations/requests';
import type { TimelineRow } from '../../operations/ports';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, listed, say } from '../words';
import { explain } from '../words/faults';
import { askedFor, becauseText, nameOf, names, number, period, stateText, text, toneOf, typedNumber } from './common';

type Fact = { readonly title: Text; readonly value: Text };
type Line = { readonly text: Text };

const TIMELINE_ROWS = 10;
const ANSWER = 1000;

function running(facts: RequestFacts): Stage | null {
  return facts.stages.find((stage) => stage.state === 'inProgress') ?? null;
}

function policyOf(facts: RequestFacts) {
  return facts.policies.find((fact) => fact.policy.id === facts.request.policyVersion)?.policy ?? null;
}

function approvals(facts: RequestFacts, stage: Stage): number {
  return facts.decisions.filter((decision) => decision.n === stage.n && decision.decision === 'approve').length;
}

/** Who it waits for, since when, what happens next: the answer to "where does it stand?". */
function waiting(view: RequestView): Line[] {
  const { facts } = view;
  if (view.viewer.released) return [{ text: approvalState(view) }];
  const stage = running(facts);
  if (!stage) return [];
  const open = facts.tasks.filter((task) => task.n === stage.n && task.state === 'open');
  const asked = open.map((task) => nameOf(facts, task.person) ?? '').filter((name) => name !== '');
  const lines: Text[] = [];
  const waitsFor = names(asked);
  if (waitsFor && stage.openedAt) lines.push(say('wait.now', { names: waitsFor, since: stage.openedAt }));
  if (stage.approvalsRequired > 1)
    lines.push(say('wait.quorum', { done: approvals(facts, stage), required: stage.approvalsRequired }));
  const standing = open.filter((task) => standsIn(task, stage)).map((task) => nameOf(facts, task.person) ?? '');
  if (standing.length > 0) lines.push(say('wait.standIns', { names: listed(standing, 'and'), count: standing.length }));
  if (stage.escalateAt && !stage.escalatedAt) lines.push(say('wait.escalates', { at: stage.escalateAt }));
  if (stage.decideBy) lines.push(say('wait.until', { decideBy: stage.decideBy }));
  const unreached = view.reach.filter(
    (row) => row.state === 'failed' && open.some((task) => task.person === row.person.id),
  );
  if (unreached.length > 0)
    lines.push(say('wait.unreached', { names: listed([...new Set(unreached.map((row) => row.person.name))], 'and') }));
  return lines.map((line) => ({ text: line }));
}

/** Asked in place of those whom the policy names first (rule 3.5). Alternates stand in until their time has come. */
function standsIn(task: ApprovalTask, stage: Stage): boolean {
  return task.capacity === 'alternate' ? stage.escalatedAt === null : task.capacity !== 'primary';
}

/** Which gate was closed when everybody had approved, or when the start had come, in its own sentence for this reader. */
export function gateText(facts: RequestFacts, reader: PersonId): Text | null {
  const { refusal } = facts.request;
  if (refusal === null) return null;
  const { code, data } = restored(refusal);
  const own = reader === facts.target.id;
  if (code === 'not-found') return say('outcome.packageGone', { package: text(facts.package.name, 150) });
  if (code === 'person-disabled' && !own) return say('outcome.targetDisabled', { target: facts.target.name });
  // The sentence names the target to everybody else.
  const told = own || !('target' in data) ? data : { ...data, target: facts.target.name };
  return explain<FaultCode>(code, told as Faults[FaultCode]);
}

/** What the package had gained, and which request asks again; null where the request was not asked again. */
export function askedAgain(facts: RequestFacts): { readonly added: Text; readonly number: Text } | null {
  const again = facts.replacedBy;
  return again && { added: listed(again.added, 'and', 10), number: number(again.number) };
}

/** How it ended, with who and when; empty while it runs. `reader`: by default the target. */
export function outcome(facts: RequestFacts, reader: PersonId = facts.target.id): Text[] {
  const { request } = facts;
  const last = [...facts.decisions].sort((a, b) => b.at.getTime() - a.at.getTime())[0];
  const again = askedAgain(facts);
  switch (request.state) {
    case 'denied': {
      if (request.detail === 'deniedByApprover' && last) {
        const by = nameOf(facts, last.person) ?? '';
        return [
          say('outcome.denied', { by, at: last.at }),
          ...(last.reason === null ? [] : [say('outcome.deniedReason', { reason: text(last.reason, ANSWER) })]),
        ];
      }
      const why = gateText(facts, reader);
      return [
        label(
          request.detail === 'noApprovers' ? 'outcome.deniedSystem.noApprovers' : 'outcome.deniedSystem.gateClosed',
        ),
        ...(why === null || request.detail === 'noApprovers' ? [] : [why]),
      ];
    }
    case 'expired':
      return request.completedAt === null ? [] : [say('outcome.expired', { at: request.completedAt })];
    case 'canceled':
      if (again) return [say('outcome.contentChanged', again)];
      return [
        ...(request.completedAt === null ? [] : [say('outcome.canceled', { at: request.completedAt })]),
        ...(request.detail === 'requestorDisabled' && facts.requestor
          ? [say('outcome.targetDisabled', { target: facts.requestor.name })]
          : []),
      ];
    case 'scheduled':
      return request.startsAt === null ? [] : [say('outcome.scheduled', { startsAt: request.startsAt })];
    case 'delivered':
      // How long it lasted stands in the state, and what was extended further lasts until another day.
      if (facts.assignment?.endedAt) return [];
      if (request.type !== 'userExtend' || request.endsAt === null) return [label('outcome.given')];
      return facts.assignment?.endsAt?.getTime() === request.endsAt.getTime()
        ? [say('outcome.extended', { endsAt: request.endsAt })]
        : [say('outcome.extendedThen', { endsAt: request.endsAt })];
    default:
      return [];
  }
}

function asked(by: string | null): Text {
  return by === null ? label('timeline.request.submittedSystem') : say('timeline.request.submitted', { by });
}

/** `steps`: of how many approvals; where it is one, the approver's own line says it all. */
function timelineRow(row: TimelineRow, steps: number): Text | null {
  const by = row.actor?.name ?? null;
  const person = row.person?.name ?? '';
  switch (row.type) {
    case 'request.submitted':
      // Whoever approved last made Usher ask again; they did not ask.
      return row.data['again'] === true ? label('timeline.request.askedAgain') : asked(by);
    case 'assignment.ending':
      // A removal begins with it. Of a request that was to begin and is taken back it says nothing more than that.
      return row.data['type'] === undefined ? null : asked(by);
    case 'request.approved':
      return label(row.data['byPolicy'] === true ? 'timeline.request.approvedByPolicy' : 'timeline.request.approved');
    case 'request.canceled':
      if (row.data['detail'] === 'contentChanged') return label('timeline.request.contentChanged');
      return by === null ? label('timeline.request.canceled') : say('timeline.request.canceledBy', { by });
    case 'request.denied':
      return row.data['detail'] === 'deniedByApprover' ? null : label('timeline.request.denied');
    case 'request.expired':
    case 'request.delivered':
    case 'request.partiallyDelivered':
    case 'request.deliveryFailed':
    case 'request.removed':
    case 'request.removalFailed':
    case 'stage.reminded':
    case 'stage.escalated':
    case 'assignment.extended':
    case 'assignment.scheduled':
      return label(`timeline.${row.type}`);
    case 'stage.opened':
      return row.data['standIns'] === true ? label('timeline.stage.standIns') : null;
    case 'stage.approved':
    case 'stage.expired':
      if (steps < 2) return null;
      return say(`timeline.${row.type}`, { n: row.stage ?? 1 });
    case 'approver.released':
      return say('timeline.approver.released', { person });
    case 'decision.recorded':
      return say(row.data['decision'] === 'deny' ? 'timeline.decision.deny' : 'timeline.decision.approve', {
        by: by ?? '',
      });
    default:
      return null;
  }
}

/** People asked at one moment are one line: "Ana and Ben were asked". */
function timeline(view: RequestView): Fact[] {
  const rows: Fact[] = [];
  let asked: { readonly at: number; readonly names: string[] } | null = null;
  const flush = (): void => {
    if (asked)
      rows.push(
        row(
          new Date(asked.at),
          say('timeline.asked', { names: listed(asked.names, 'and', 4), count: asked.names.length }),
        ),
      );
    asked = null;
  };
  for (const one of view.timeline) {
    if (one.type === 'approver.asked') {
      if (asked?.at !== one.at.getTime()) flush();
      asked ??= { at: one.at.getTime(), names: [] };
      asked.names.push(one.person?.name ?? '');
      continue;
    }
    const what = timelineRow(one, view.facts.stages.length);
    if (what === null) continue;
    flush();
    rows.push(row(one.at, what));
  }
  flush();
  return rows.slice(-TIMELINE_ROWS);
}

function row(at: Date, what: Text): Fact {
  return { title: say('timeline.row', { at }), value: what };
}

function answers(facts: RequestFacts): Fact[] {
  // Who extends is not asked them again.
  const questions = facts.request.type === 'userExtend' ? [] : (policyOf(facts)?.questions ?? []);
  return questions.map((question) => {
    const given = facts.request.answers[question.id];
    return {
      title: text(question.text, 150),
      value: given === undefined || given === '' ? label('answer.none') : text(given, ANSWER),
    };
  });
}

/** What is asked for, in facts. The same on every card of the request. */
function what(view: RequestView): Fact[] {
  const { facts } = view;
  const { request } = facts;
  if (view.viewer.released) return [];
  const onBehalf = request.requestor !== request.target;
  return [
    { title: label('fact.package'), value: text(facts.package.name, 150) },
    ...(onBehalf ? [{ title: label('fact.for'), value: text(facts.target.name, 150) }] : []),
    ...(facts.requestor && (onBehalf || !view.viewer.own)
      ? [{ title: label('fact.requestor'), value: text(facts.requestor.name, 150) }]
      : []),
    ...(view.organization === null ? [] : [{ title: label('fact.organization'), value: text(view.organization, 150) }]),
    ...(facts.replaced ? [{ title: label('fact.added'), value: listed(facts.replaced.added, 'and', 10) }] : []),
    ...(request.type === 'userExtend' && (request.state === 'submitted' || request.state === 'pendingApproval')
      ? [{ title: label('fact.now'), value: lasting(facts) }]
      : []),
    { title: label('fact.period'), value: period(request, policyOf(facts), facts.target.timeZone) },
    ...(request.reason === null || request.reason === ''
      ? []
      : [{ title: label('fact.reason'), value: text(request.reason, ANSWER) }]),
  ];
}

/** Until when there is access without what the request asks for. */
function lasting({ assignment }: RequestFacts): Text {
  if (assignment === null || assignment.endedAt !== null) return label('fact.ended');
  return assignment.endsAt === null ? label('access.noEnd') : say('access.until', { endsAt: assignment.endsAt });
}

/** What else the person holds, for the decision only: afterwards it would name what this very request gave. */
function holds(view: RequestView): Fact[] {
  const { state, type } = view.facts.request;
  const besides = type === 'userExtend' ? view.facts.package.name : null;
  if (view.holds === null || (state !== 'submitted' && state !== 'pendingApproval')) return [];
  // Of an extension the package itself is no news.
  const held = view.holds.names.filter((name) => name !== besides);
  const total = view.holds.total - (view.holds.names.length - held.length);
  const value =
    total === 0
      ? label('approval.holdsNothing')
      : total > held.length
        ? say('approval.holdsMore', { names: listed(held, 'and', held.length), count: total - held.length })
        : listed(held, 'and', held.length);
  return [{ title: label('fact.holds'), value }];
}

/** The running stage with the reader's own open task in it; null where nothing waits for them. */
function deciding({ facts, viewer }: RequestView): { readonly stage: Stage; readonly task: ApprovalTask } | null {
  const stage = running(facts);
  const task = facts.tasks.find((one) => one.person === viewer.person && one.n === stage?.n && one.state === 'open');
  return stage && task ? { stage, task } : null;
}

function decisionButtons(facts: RequestFacts) {
  const plan = policyOf(facts)?.stages.find((one) => one.n === running(facts)?.n);
  const shownNumber = number(facts.request.number);
  return {
    approveVerb: plan?.approverReasonRequired === true ? 'approval.approveWithReason' : 'approval.approve',
    approveTip: say('approve.title', { number: shownNumber }),
    denyTip: say('deny.title', { number: shownNumber }),
  };
}

/** The card of `R-1042`: state, who it waits for, facts, timeline. */
export function requestCard(view: RequestView): CardDataOf['request'] {
  const { facts } = view;
  const { request } = facts;
  const stands = { ...request, endedAt: facts.assignment?.endedAt ?? null };
  const state = stateText(stands, view.viewer.person === request.target);
  const name = text(facts.package.name, 150);
  const mayCancel =
    view.viewer.mayCancel &&
    (request.state === 'submitted' || request.state === 'pendingApproval' || request.state === 'scheduled');
  const mayAskAgain =
    view.viewer.own &&
    request.type === 'userAdd' &&
    (request.state === 'denied' || request.state === 'expired' || request.state === 'canceled') &&
    request.detail !== 'contentChanged';
  return {
    summary: say('card.requestSummary', { number: number(request.number), package: name, state }),
    title: say('card.request', { number: number(request.number), package: name }),
    state,
    tone: toneOf(stands),
    lines: [
      ...waiting(view),
      ...(view.viewer.released ? [] : outcome(facts, view.viewer.person).map((line) => ({ text: line }))),
      ...(mayAskAgain && request.state === 'expired' ? [{ text: label('outcome.askAgain') }] : []),
    ],
    facts: [...what(view), ...holds(view)],
    answers: view.viewer.released ? [] : answers(facts),
    timeline: timeline(view),
    request: request.id,
    version: request.version,
    number: number(request.number),
    typed: typedNumber(request.number),
    mayDecide: deciding(view) !== null,
    ...decisionButtons(facts),
    mayCancel,
    cancelVerb:
      request.state === 'scheduled' && view.viewer.person !== request.target ? 'request.remove' : 'request.cancel',
    mayAskAgain,
  };
}

function approvalTitle(facts: RequestFacts): Text {
  return askedFor({ ...facts, type: facts.request.type }, text(facts.package.name, 150));
}

/** What an approver reads on a card that is no longer theirs to decide: who decided what, and that nothing is to do. */
function approvalState(view: RequestView): Text {
  const { facts } = view;
  const { request } = facts;
  const again = askedAgain(facts);
  const mine = facts.decisions.find((decision) => decision.person === view.viewer.person);
  const task = facts.tasks.filter((one) => one.person === view.viewer.person).sort((a, b) => b.n - a.n)[0];
  if (task?.state === 'open' && running(facts)?.n === task.n) return label('approval.open');
  const own =
    mine === undefined ? [] : label(mine.decision === 'approve' ? 'approval.youApproved' : 'approval.youDenied');
  const rest = (() => {
    switch (request.state) {
      case 'denied': {
        const denial = facts.decisions.find((decision) => decision.decision === 'deny');
        if (denial === undefined) {
          const why = gateText(facts, view.viewer.person);
          return why === null ? label('approval.closedElse') : say('approval.notGiven', { why });
        }
        return mine?.id === denial.id ? [] : say('approval.closedDenied', { by: nameOf(facts, denial.person) ?? '' });
      }
      case 'expired':
        return label('approval.closedExpired');
      case 'canceled':
        return again ? say('outcome.contentChanged', again) : label('approval.closedCanceled');
      default: {
        // What came of the decision, which stays true when the access ends.
        if (mine) return stateText({ ...request, endedAt: null }, false);
        const others = facts.decisions.filter((decision) => decision.n === task?.n && decision.decision === 'approve');
        const by = names(
          others.map((decision) => nameOf(facts, decision.person) ?? ''),
          'and',
        );
        const stage = facts.stages.find((one) => one.n === task?.n);
        if (stage?.state === 'approved' && by)
          return say(facts.stages.length > 1 ? 'approval.movedOn' : 'approval.othersApproved', { by });
        return label('approval.closedReleased');
      }
    }
  })();
  return own.length > 0 && rest.length > 0
    ? [...own, { kind: 'fixed', text: ' ' }, ...rest]
    : own.length > 0
      ? own
      : rest;
}

/** The approver's card, before and after the decision. */
export function approvalCard(view: RequestView): CardDataOf['approval'] {
  const { facts } = view;
  const { request } = facts;
  const asked = deciding(view);
  const title = approvalTitle(facts);
  const shownNumber = number(request.number);
  const facts_: Fact[] = [
    ...what(view),
    ...holds(view),
    ...(asked ? [{ title: label('fact.why'), value: becauseText(asked.task.because, facts.target.name) }] : []),
    ...(asked && asked.stage.approvalsRequired > 1
      ? [
          {
            title: label('fact.status'),
            value: say('approval.moreNeeded', {
              done: approvals(facts, asked.stage),
              required: asked.stage.approvalsRequired,
            }),
          },
        ]
      : []),
    ...(asked?.stage.decideBy
      ? [{ title: label('fact.approveUntil'), value: say('timeline.row', { at: asked.stage.decideBy }) }]
      : []),
  ];
  return {
    summary: say('card.requestSummary', { number: shownNumber, package: text(facts.package.name, 150), state: title }),
    title: asked?.task.capacity === 'alternate' ? say('approval.titleForwarded', { title }) : title,
    state: approvalState(view),
    tone: asked ? 'default' : toneOf({ ...request, endedAt: null }),
    facts: facts_,
    answers: view.viewer.released ? [] : answers(facts),
    request: request.id,
    version: request.version,
    open: asked !== null,
    ...decisionButtons(facts),
    typed: typedNumber(request.number),
  };
}

export { answers, approvalTitle, policyOf, running };
