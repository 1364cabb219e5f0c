// One request as its requestor and its owners see it: where it stands, and what happens next.
import { escalatesTo } from '../../domain/decision';
import type { ApprovalTask, Stage } from '../../domain/model';
import type { Page } from '../../operations/ports';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { listed, say } from '../words';
import { approvalState, decisionButtons, packageFor } from './approvals';
import { answers, approvals, approvedBecause, deciding, holds, holdsMore, running, what, WHOLE } from './asked';
import { exceptionFor } from './exceptions';
import { forWhom, nameOf, number, stateText, text, toneOf, typedNumber } from './common';
import { paging } from './lists';
import { handLines, nextLines, outcome, requestButton } from './outcome';
import { timeline, wholeTimeline } from './timeline';

type Line = { readonly text: Text };

/** The card of `R-1042` for somebody in that zone: state, who it waits for, facts, timeline. */
export function requestCard(view: RequestView, zone: string): CardDataOf['request'] {
  const { facts } = view;
  const { request } = facts;
  const stands = { ...request, endedAt: facts.assignment?.endedAt ?? null };
  const { withdrawn } = view.viewer;
  const state = withdrawn ? approvalState(view) : stateText(stands, view.viewer.person === request.target);
  const name = request.type === 'exception' ? exceptionFor(facts, packageFor(view)) : packageFor(view);
  const shown = timeline(view, zone);
  const mayCancel = view.viewer.mayCancel && (request.state === 'pendingApproval' || request.state === 'scheduled');
  return {
    asOf: null,
    summary: say('card.requestSummary', { number: number(request.number), package: name, state }),
    title: say('card.request', { number: number(request.number), package: name }),
    state,
    tone: withdrawn ? 'default' : toneOf(stands),
    lines: [
      ...waiting(view),
      ...(view.viewer.released ? [] : outcome(facts, view.viewer.person).map((line) => ({ text: line }))),
      ...nextLines(view).map((line) => ({ text: line })),
    ],
    facts: [...what(view, WHOLE), ...holds(view)],
    answers: view.viewer.released ? [] : [...answers(facts, WHOLE), ...approvedBecause(facts, WHOLE)],
    timeline: shown.days,
    moreTimeline: shown.hidden > 0,
    moreHolds: holdsMore(view),
    request: request.id,
    version: request.version,
    number: number(request.number),
    typed: typedNumber(request.number),
    mayDecide: deciding(view) !== null,
    ...decisionButtons(view),
    mayCancel,
    cancelVerb:
      request.state === 'scheduled' && view.viewer.person !== request.target ? 'request.remove' : 'request.cancel',
    mayAskAgain: view.next === 'askAgain',
    mayAskAnew: view.next === 'askAnew',
    ...requestButton(view),
    mayExtend: view.next === 'extend',
    assignment: (facts.assignment ?? facts.live)?.id ?? null,
    package: facts.package.id,
    packageName: facts.package.name,
  };
}

const PAGE = 20;

/** All that happened to a request. `from`: the event with which the page begins. */
export function timelineList(view: RequestView, zone: string, from: number): CardDataOf['listing'] {
  const { request } = view.facts;
  const { lines, start, total } = wholeTimeline(view, zone, from, PAGE);
  const title = say('timeline.whole', { number: number(request.number), package: packageFor(view) });
  return {
    summary: title,
    title,
    lines,
    verb: 'request.timeline',
    request: request.id,
    typed: typedNumber(request.number),
    previous: start === 0 ? null : String(Math.max(0, start - PAGE)),
    next: start + PAGE < total ? String(start + PAGE) : null,
  };
}

/** What the target of a request holds, for whoever decides on it. */
export function holdsList(view: RequestView, page: Page<string>): CardDataOf['listing'] {
  const { request, target } = view.facts;
  const title = say('holds.title', { target: target.name });
  return {
    summary: title,
    title,
    lines: page.rows.map((name) => ({ text: text(name, 150) })),
    verb: 'request.holds',
    request: request.id,
    typed: typedNumber(request.number),
    ...paging(page),
  };
}

/** Who it waits for, since when, what happens next: the answer to "where does it stand?". */
function waiting(view: RequestView): Line[] {
  const { facts } = view;
  if (view.viewer.released) return view.viewer.withdrawn ? [] : [{ text: approvalState(view) }];
  const stage = running(facts);
  if (!stage) return handLines(view).map((line) => ({ text: line }));
  const open = facts.tasks.filter((task) => task.n === stage.n && task.state === 'open');
  const asked = open.map((task) => forWhom(nameOf(facts, task.person) ?? '', nameOf(facts, task.for)));
  const lines: Text[] = [];
  const waitsFor = asked.length === 0 ? null : listed(asked, 'or');
  if (waitsFor && stage.openedAt) lines.push(say('wait.now', { names: waitsFor, since: stage.openedAt }));
  if (stage.approvalsRequired > 1)
    lines.push(say('wait.quorum', { done: approvals(facts, stage), required: stage.approvalsRequired }));
  const standing = open.filter((task) => standsIn(task, stage)).map((task) => nameOf(facts, task.person) ?? '');
  if (standing.length > 0) lines.push(say('wait.standIns', { names: listed(standing, 'and'), count: standing.length }));
  const more = stage.escalatedAt ? [] : escalatesTo(facts, stage);
  const others = more.map(({ name, for: other }) =>
    forWhom(name, more.find(({ person }) => person === other)?.name ?? nameOf(facts, other)),
  );
  if (stage.escalateAt && others.length > 0)
    lines.push(say('wait.escalates', { at: stage.escalateAt, names: listed(others, 'and'), count: others.length }));
  if (stage.decideBy) lines.push(say('wait.until', { decideBy: stage.decideBy }));
  const unreached = view.unreached.filter(({ id }) => open.some((task) => task.person === id));
  if (unreached.length > 0)
    lines.push(
      say('wait.unreached', {
        names: listed(
          unreached.map(({ name }) => name),
          'and',
        ),
      }),
    );
  return lines.map((line) => ({ text: line }));
}

/** Asked in place of those whom the policy names first (rule 3.5). Alternates stand in until their time has come. */
function standsIn(task: ApprovalTask, stage: Stage): boolean {
  // A delegate does so for somebody who is asked.
  if (task.for !== null) return false;
  return task.capacity === 'alternate' ? stage.escalatedAt === null : task.capacity !== 'primary';
}
