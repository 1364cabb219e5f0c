// What a request asks for, in facts: the same on every card of it.
import { gainedSinceAsked } from '../../domain/content';
import { isRefusal } from '../../domain/errors';
import type { RequestFacts } from '../../domain/facts';
import { lentBy } from '../../domain/lent';
import type { ApprovalTask, Decision, Request, Stage } from '../../domain/model';
import { inZone, periodFor } from '../../domain/period';
import { earlier } from '../../domain/time';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import { escapeMarkdown } from '../markdown';
import { label, listed, say } from '../words';
import { nameOf, period, text } from './common';
import { exceptionFacts } from './exceptions';

export type Fact = { readonly title: Text; readonly value: Text };

/** Letters of a text that somebody wrote: of each on the card that asks for a decision, and on the request's own card whole. */
export type Letters = typeof BRIEF | typeof WHOLE;
export const BRIEF = 1000;
export const WHOLE = 2000;
/** What the texts of one card may take together, as Teams counts a card: it takes 25 KB (channels/teams/card.ts). */
const ROOM = 12_000;

/** How many letters of each text the card has room for. Short of long questionnaires in scripts of many bytes: as many as wanted. */
export function room(facts: RequestFacts, wanted: Letters): number {
  const { request, decisions } = facts;
  const texts = [request.reason, ...Object.values(request.answers), ...decisions.map(({ reason }) => reason)];
  const takes = (text: string) => Buffer.byteLength(JSON.stringify(escapeMarkdown(text)));
  const left = ROOM - sum((policyOf(facts)?.questions ?? []).map((one) => takes(one.text.slice(0, QUESTION))));
  const fits = (most: number) => sum(texts.map((one) => takes((one ?? '').slice(0, most)))) <= left;
  return [WHOLE, 1500, BRIEF, 700, 500, 350, 250, 150, 100].find((most) => most <= wanted && fits(most)) ?? 50;
}

const QUESTION = 150;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

export function running(facts: RequestFacts): Stage | null {
  return facts.stages.find((stage) => stage.state === 'inProgress') ?? null;
}

export function policyOf(facts: RequestFacts) {
  return facts.policies.find((fact) => fact.policy.id === facts.request.policyVersion)?.policy ?? null;
}

export function approvals(facts: RequestFacts, stage: Stage): number {
  return facts.decisions.filter((decision) => decision.n === stage.n && decision.decision === 'approve').length;
}

export function answers(facts: RequestFacts, wanted: Letters): Fact[] {
  const most = room(facts, wanted);
  // Who extends is not asked them again.
  const questions = facts.request.type === 'userExtend' ? [] : (policyOf(facts)?.questions ?? []);
  return questions.flatMap(({ id, required, text: asked }) => {
    const given = facts.request.answers[id] ?? '';
    // What nobody had to answer, and nobody did, says nothing to decide by.
    if (given === '' && !required) return [];
    return [{ title: text(asked, QUESTION), value: given === '' ? label('answer.none') : text(given, most) }];
  });
}

/** Why those approved it who said so in a form that named its readers, oldest first: for whoever decides after them, and for who asked. */
export function approvedBecause(facts: RequestFacts, wanted: Letters): Fact[] {
  const most = room(facts, wanted);
  return [...facts.decisions]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .filter(({ decision, reason, shown }) => decision === 'approve' && reason !== null && shown['readers'] === true)
    .map((one) => ({ title: decisionText(facts, one), value: text(one.reason ?? '', most) }));
}

function decisionText(facts: RequestFacts, { person, for: other }: Decision): Text {
  const by = nameOf(facts, person) ?? '';
  return other === null
    ? say('timeline.decision.approve', { by })
    : say('timeline.decision.approveFor', { by, person: nameOf(facts, other) ?? '' });
}

/** The running stage with the reader's own open task in it; null where nothing waits for them. */
export function deciding({
  facts,
  viewer,
}: RequestView): { readonly stage: Stage; readonly task: ApprovalTask } | null {
  const stage = running(facts);
  const task = facts.tasks.find((one) => one.person === viewer.person && one.n === stage?.n && one.state === 'open');
  return stage && task ? { stage, task } : null;
}

/**
 * What the package holds, for the decision only (rule 3.8): an exception gives none of it. What came to it since this was asked for, and
 * since what it asks again was, stands apart, and more of it is named: a name that a list leaves out is a role that is given unseen.
 */
export function includes(view: RequestView): Fact[] {
  const { facts } = view;
  const { replaced, request, roles } = facts;
  const decides = deciding(view) !== null && request.type !== 'exception';
  const added = [...new Set([...(replaced?.added ?? []), ...(decides ? gainedSinceAsked(facts) : [])])];
  return [
    ...(decides ? [{ title: label('fact.includes'), value: rolesText(roles.map(({ name }) => name)) }] : []),
    ...(added.length === 0 ? [] : [{ title: label('fact.added'), value: rolesText(added, ADDED_ROLES) }]),
  ];
}

/** So many roles of a package are named, and so many of what was added to it. */
const NAMED_ROLES = 10;
const ADDED_ROLES = 30;

/** A name is shortened in its middle: its end says which role it is, however long its resource is called. */
function roleName(name: string): string {
  if (name.length <= NAME) return name;
  const [start = ''] = /^.{0,24}/su.exec(name) ?? [];
  const [end = ''] = /.{0,55}$/su.exec(name) ?? [];
  return `${start}…${end}`;
}
const NAME = 80;

/** Roles by name. */
export function rolesText(names: readonly string[], most = NAMED_ROLES): Text {
  return names.length === 0 ? label('approval.includesNothing') : listed(names.map(roleName), 'and', most);
}

const REMOVALS: readonly Request['type'][] = ['userRemove', 'adminRemove', 'systemRemove'];

/** What is asked for, in facts. The same on every card of the request. */
export function what(view: RequestView, wanted: Letters): Fact[] {
  const { facts } = view;
  const { request } = facts;
  if (view.viewer.released) return [];
  const onBehalf = request.requestor !== request.target;
  return [
    ...(request.type === 'exception'
      ? exceptionFacts(facts)
      : [{ title: label('fact.package'), value: text(facts.package.name, 150) }]),
    ...includes(view),
    ...(onBehalf ? [{ title: label('fact.for'), value: text(facts.target.name, 150) }] : []),
    ...(facts.requestor && (onBehalf || !view.viewer.own)
      ? [{ title: label('fact.requestor'), value: text(facts.requestor.name, 150) }]
      : []),
    ...terms(view, wanted),
  ];
}

/** What is asked for beside who asks for which package. */
export function terms(view: RequestView, wanted: Letters): Fact[] {
  const { facts } = view;
  const { request } = facts;
  return [
    ...(view.organization === null ? [] : [{ title: label('fact.organization'), value: text(view.organization, 150) }]),
    ...(request.type === 'userExtend' && request.state === 'pendingApproval'
      ? [{ title: label('fact.now'), value: lasting(facts) }]
      : []),
    // A removal gives nothing, for no time.
    ...(REMOVALS.includes(request.type) ? [] : [{ title: label('fact.period'), value: until(view) }]),
    ...(request.reason === null || request.reason === ''
      ? []
      : [{ title: label('fact.reason'), value: text(request.reason, room(facts, wanted)) }]),
    // Whoever decides reads what their word means.
    ...(request.type === 'exception' && view.viewer.approver && running(facts)
      ? [{ title: label('fact.means'), value: meansText(view) }]
      : []),
  ];
}

/** A delegate's word is that of whom they decide for, who answers for what comes of it. */
function meansText(view: RequestView): Text {
  const other = deciding(view)?.task.for;
  return other ? say('exception.meansFor', { name: nameOf(view.facts, other) ?? '' }) : label('exception.means');
}

function until(view: RequestView): Text {
  const { facts } = view;
  const said = period(facts.request, policyOf(facts), facts.target.timeZone);
  const lent = facts.request.startsAt === null ? endOfException(view) : null;
  return lent ? say('period.lent', { period: said, until: lent }) : said;
}

/** When the exception is over with which the access ends, as it was given or would be given now; null: it does not. */
export function endOfException(view: RequestView): Date | null {
  const { facts, now } = view;
  const lent = facts.request.type === 'exception' ? null : lentBy(facts, now);
  return lent && endsAt(view, lent.until)?.getTime() === lent.until.getTime() ? lent.until : null;
}

function endsAt({ facts, now }: RequestView, until: Date): Date | null {
  const { request, target } = facts;
  if (request.startsAt !== null) return request.endsAt;
  const policy = policyOf(facts);
  if (!policy || request.state !== 'pendingApproval') return null;
  if (request.type === 'userExtend') return earlier(request.period.endsAt, until);
  try {
    return periodFor(facts, policy, inZone(request.period, request.zone, target.timeZone), now).endsAt;
  } catch (error) {
    // What was asked for is over: it is refused when it is decided.
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** Until when there is access without what the request asks for. */
function lasting({ assignment }: RequestFacts): Text {
  if (assignment === null || assignment.endedAt !== null) return label('fact.ended');
  return assignment.endsAt === null ? label('access.noEnd') : say('access.until', { endsAt: assignment.endsAt });
}

/** Whether they hold more than the fact names. */
export function holdsMore(view: RequestView): boolean {
  return holds(view).length > 0 && view.holds !== null && view.holds.total > view.holds.names.length;
}

/** What else the person holds, for the decision only: afterwards it would name what this very request gave. */
export function holds(view: RequestView): Fact[] {
  const { state, type } = view.facts.request;
  const besides = type === 'userExtend' ? view.facts.package.name : null;
  if (view.holds === null || state !== 'pendingApproval') return [];
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
