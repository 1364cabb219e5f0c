// A request as its approvers see it, before and after the decision.
import { gainedSinceAsked } from '../../domain/content';
import type { RequestFacts } from '../../domain/facts';
import type { ApprovalTask, Decision, PersonId, Request, Stage } from '../../domain/model';
import { isWithdrawn } from '../../domain/may-decide';
import { voiceOf } from '../../domain/voices';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, listed, say } from '../words';
import {
  answers,
  approvals,
  approvedBecause,
  BRIEF,
  deciding,
  holds,
  policyOf,
  running,
  what,
  type Fact,
} from './asked';
import { dayText } from './delegations';
import { askedFor, becauseText, nameOf, names, number, stateText, toneOf, typedNumber } from './common';
import { packageOf } from './exceptions';
import { askedAgain, gateText } from './outcome';

/** The approver's card, before and after the decision. */
export function approvalCard(view: RequestView): CardDataOf['approval'] {
  const { facts } = view;
  const { request } = facts;
  const asked = deciding(view);
  const title = approvalTitle(facts, packageFor(view));
  const shownNumber = number(request.number);
  const facts_: Fact[] = [
    ...what(view, BRIEF),
    ...holds(view),
    ...(asked ? [{ title: label('fact.why'), value: whyText(facts, asked.task) }, ...alsoDecides(facts, asked)] : []),
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
    asOf: null,
    summary: say('card.requestSummary', { number: shownNumber, package: packageFor(view), state: title }),
    title: asked === null ? title : (forwarded(facts, asked) ?? title),
    state: approvalState(view),
    tone: asked || view.viewer.withdrawn ? 'default' : toneOf({ ...request, endedAt: null }),
    facts: facts_,
    answers: view.viewer.released ? [] : [...answers(facts, BRIEF), ...approvedBecause(facts, BRIEF)],
    request: request.id,
    version: request.version,
    open: asked !== null,
    ...decisionButtons(view),
    typed: typedNumber(request.number),
  };
}

/** One more nudge to an approver who has not answered: the same card, with all that they decide on. */
export function reminderCard(view: RequestView): CardDataOf['approval'] {
  const card = approvalCard(view);
  const { facts } = view;
  const decideBy = deciding(view)?.stage.decideBy;
  if (!decideBy) return card;
  const values = { package: packageFor(view), target: facts.target.name, decideBy };
  return {
    ...card,
    summary: say('approval.reminderSummary', { ...values, number: number(facts.request.number) }),
    title: say('approval.reminder', { title: approvalTitle(facts, packageFor(view)) }),
    tone: 'warning',
  };
}

/** Who was asked in an earlier step as well says which one they mean (decision.ts). */
function typedStep({ request, tasks }: RequestFacts, asked: { readonly task: ApprovalTask } | null): string {
  const task = asked?.task;
  const before = tasks.some((one) => task !== undefined && one.person === task.person && one.n < task.n);
  return `${typedNumber(request.number)}${before ? ` step ${task?.n ?? ''}` : ''}`;
}

/** Where the package gained roles since it was asked for, whoever approves says as well that they saw them (domain/content.ts). */
export function typedApproval(facts: RequestFacts, asked: Parameters<typeof typedStep>[1]): string {
  const isNews = asked !== null && facts.request.type !== 'exception' && gainedSinceAsked(facts).length > 0;
  return `${typedStep(facts, asked)}${isNews ? ` version ${facts.content.number}` : ''}`;
}

/** Why the reader is asked: as who they are, or for whom they decide. */
export function whyText(facts: RequestFacts, { for: other, person, because }: ApprovalTask): Text {
  if (other === null) return becauseText(because, facts.target.name);
  const name = nameOf(facts, other) ?? '';
  const found = facts.delegations.find((one) => one.delegator === other && one.delegate === person);
  return found
    ? say('because.delegate', { name, until: dayText(found.lastDay) })
    : say('because.delegateOver', { name });
}

/** Who may decide in the reader's place (rule 3.4). */
function alsoDecides(facts: RequestFacts, { task }: { readonly task: ApprovalTask }): Fact[] {
  const open = (person: PersonId) =>
    facts.tasks.some(
      (one) => one.n === task.n && one.person === person && one.for === task.person && one.state === 'open',
    );
  const names = facts.delegations
    .filter((one) => one.delegator === task.person && open(one.delegate))
    .map(({ name, lastDay }) => say('approval.alsoDecides', { name, until: dayText(lastDay) }));
  return names.length === 0 ? [] : [{ title: label('fact.alsoDecides'), value: listed(names, 'and') }];
}

/** Why an alternate is asked by now: who has not answered. Null for whoever was asked from the start, in whatever place. */
function forwarded(
  facts: RequestFacts,
  { stage, task }: { readonly stage: Stage; readonly task: ApprovalTask },
): Text | null {
  if (task.capacity !== 'alternate' || stage.escalatedAt === null || task.openedAt < stage.escalatedAt) return null;
  const title = approvalTitle(facts);
  const silent = facts.tasks
    .filter((one) => one.n === stage.n && one.for === null && one.state === 'open' && one.openedAt < task.openedAt)
    .map((one) => nameOf(facts, one.person) ?? '');
  if (silent.length === 0) return say('approval.titleAsWell', { title });
  return say('approval.titleForwarded', { title, names: listed(silent, 'and'), count: silent.length });
}

export function approvalTitle(facts: RequestFacts, name: Text = packageOf(facts)): Text {
  return askedFor({ ...facts, type: facts.request.type }, name);
}

/** The package by its name; of a hidden one whoever is not asked any more learns none, which may be another one by now. */
export function packageFor({ facts, viewer }: RequestView): Text {
  return viewer.withdrawn && facts.package.hidden ? label('delegation.hidden') : packageOf(facts);
}

/** What an approver reads on a card that is no longer theirs to decide: who decided what, and that nothing is to do. */
export function approvalState(view: RequestView): Text {
  const { facts } = view;
  const { request } = facts;
  if (view.viewer.withdrawn) return label('approval.closedReleased');
  const again = askedAgain(facts);
  const mine = facts.decisions.find((decision) => decision.person === view.viewer.person);
  const task = facts.tasks
    .filter((one) => one.person === view.viewer.person && !isWithdrawn(facts, one))
    .sort((a, b) => b.n - a.n)[0];
  if (task?.state === 'open' && running(facts)?.n === task.n) return label('approval.open');
  // The reader's own voice, or that of the one for whom they were asked, heard through somebody else.
  const heard = mine ?? facts.decisions.findLast((one) => task?.n === one.n && voiceOf(one) === voiceOf(task));
  const own = heard === undefined ? [] : heardText(facts, heard, view.viewer.person);
  const rest = (() => {
    switch (request.state) {
      case 'denied': {
        const denial = facts.decisions.find((decision) => decision.decision === 'deny');
        if (denial === undefined) {
          if (request.detail === 'noApprovers') return label('approval.closedTooFew');
          const why = gateText(facts, view.viewer.person);
          if (why !== null) return say('approval.notGiven', { why });
          // Whoever has no part in it any more is not told why.
          return label(facts.decisions.length === 0 ? 'approval.closedUndecided' : 'approval.closedElse');
        }
        return heard?.id === denial.id ? [] : say('approval.closedDenied', { by: nameOf(facts, denial.person) ?? '' });
      }
      case 'expired':
        return label('approval.closedExpired');
      case 'canceled':
        return again ? say('outcome.contentChanged', again) : label('approval.closedCanceled');
      default: {
        // What came of the decision, which stays true when the access ends.
        if (heard) return [...nextText(request), ...answersText(facts, view.viewer.person)];
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

/** Where it stands, beside the sentence that says that it was approved. */
function nextText(request: Request): Text {
  if (request.state === 'delivering') return label('approval.beingSetUp');
  if (request.state === 'scheduled' && request.startsAt !== null)
    return say('approval.starts', { startsAt: request.startsAt });
  return stateText({ ...request, endedAt: null }, false);
}

/** Who answers for an exception that was granted: whose voice the last approval was (domain/exception.ts). */
function answersText(facts: RequestFacts, reader: PersonId): Text {
  const last = facts.decisions.at(-1);
  if (facts.request.type !== 'exception' || facts.request.state !== 'delivered' || !last) return [];
  const owner = voiceOf(last);
  const said =
    owner === reader ? label('exception.youAnswer') : say('exception.answers', { name: nameOf(facts, owner) ?? '' });
  return [{ kind: 'fixed', text: ' ' }, ...said];
}

/** Who decided what with the voice that the reader has a part in. */
function heardText(facts: RequestFacts, { person, decision, for: other }: Decision, reader: PersonId): Text {
  const isApproval = decision === 'approve';
  const by = nameOf(facts, person) ?? '';
  if (person === reader && other === null) return label(isApproval ? 'approval.youApproved' : 'approval.youDenied');
  if (person === reader) {
    const name = nameOf(facts, other) ?? '';
    return say(isApproval ? 'approval.youApprovedFor' : 'approval.youDeniedFor', { name });
  }
  if (other === reader) return say(isApproval ? 'approval.approvedForYou' : 'approval.deniedForYou', { by });
  return say(isApproval ? 'approval.othersApproved' : 'approval.closedDenied', { by });
}

/**
 * The buttons by which the reader decides, and the words that do the same. They say what was shown: that it is an exception, whose
 * voice it is (domain/may-decide.ts), and what the package holds (domain/content.ts).
 */
export function decisionButtons(view: RequestView) {
  const { facts } = view;
  const asked = deciding(view);
  const plan = policyOf(facts)?.stages.find((one) => one.n === running(facts)?.n);
  const shownNumber = number(facts.request.number);
  return {
    approveVerb: plan?.approverReasonRequired === true ? 'approval.approveWithReason' : 'approval.approve',
    kind: facts.request.type === 'exception' ? 'exception' : null,
    for: asked?.task.for ?? null,
    content: asked === null || facts.request.type === 'exception' ? null : facts.content.id,
    approveTip: say('approve.title', { number: shownNumber }),
    denyTip: say('deny.title', { number: shownNumber }),
    decideTyped: typedStep(facts, asked),
    approveTyped: typedApproval(facts, asked),
  };
}
