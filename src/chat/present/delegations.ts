// Who decides for whom for a while: the offer and what became of it, the list, and the form.
import type { DelegationView } from '../../operations/delegations';
import type { DelegableRow, Page } from '../../operations/ports';
import type { PersonRef } from '../../domain/model';
import { LONGEST_DAYS } from '../../domain/delegation';
import { nextDate } from '../../domain/time';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { fixed } from '../spans';
import { formatDay } from '../text';
import { label, say } from '../words';
import { text } from './common';
import type { Tone } from './common';
import { paging } from './lists';

const NAME = 120;

/** A day where the one is whose day it is, whoever reads it. */
export const dayText = (day: string): Text => [fixed(formatDay(day))];

function isDelegator({ facts, viewer }: DelegationView): boolean {
  return viewer === facts.delegator.id;
}

function titleOf(view: DelegationView): Text {
  const { state, facts } = view;
  const { delegation } = facts;
  const values = { until: dayText(delegation.lastDay) };
  const [delegator, delegate] = [text(facts.delegator.name, NAME), text(facts.delegate.name, NAME)];
  const isMine = isDelegator(view);
  switch (state) {
    case 'proposed':
      return isMine ? say('delegation.asked', { delegate }) : say('delegation.asksYou', { delegator, ...values });
    case 'accepted':
      return isMine
        ? say('delegation.forYou', { delegate, ...values })
        : say('delegation.youFor', { delegator, ...values });
    case 'declined':
      return isMine ? say('delegation.declined', { delegate }) : say('delegation.youDeclined', { delegator });
    case 'ended':
      return isMine ? say('delegation.notForYou', { delegate }) : say('delegation.youNotFor', { delegator });
  }
}

function linesOf(view: DelegationView): Text[] {
  const { state, facts, now } = view;
  const { delegation, delegator, delegate } = facts;
  const isMine = isDelegator(view);
  switch (state) {
    case 'proposed':
      return isMine
        ? [label(delegation.answerDueAt === null ? 'delegation.unanswered' : 'delegation.askedNext')]
        : [say('delegation.asksYouMeans', { delegator: text(delegator.name, NAME) }), label('delegation.asksYouNext')];
    case 'accepted':
      return [
        ...(delegation.from > now ? [say('delegation.begins', { from: dayText(delegation.firstDay) })] : []),
        isMine
          ? label('delegation.forYouMeans')
          : say('delegation.youForMeans', { delegator: text(delegator.name, NAME) }),
      ];
    case 'declined':
      return isMine ? [label('delegation.declinedNext')] : [label('delegation.nothingToDo')];
    case 'ended': {
      const gone = [delegator, delegate].find((one) => one.state !== 'enabled');
      const by = [delegator, delegate].find((one) => one.id === delegation.endedBy);
      if (by?.id === view.viewer) return [label('delegation.youEnded')];
      if (by) return [say('delegation.endedBy', { by: text(by.name, NAME) })];
      if (gone) return [say('outcome.targetDisabled', { target: gone.name })];
      if (!facts.unanswered) return [label('delegation.over')];
      return [label(isMine ? 'delegation.notAnswered' : 'delegation.youNotAnswered')];
    }
  }
}

const TONES = {
  proposed: 'warning',
  accepted: 'good',
  declined: 'default',
  ended: 'default',
} as const satisfies Record<DelegationView['state'], Tone>;

function scopeText(view: DelegationView): Text {
  const { scope } = view.facts;
  if (scope === null) return label('delegation.all');
  // Nobody needs the name of a hidden package longer than they decide on it (rule 3.19).
  const isOver = view.state === 'declined' || view.state === 'ended';
  if (scope.hidden && (!scope.decided || (isOver && !isDelegator(view)))) return label('delegation.hidden');
  const name = text(scope.name, NAME);
  return scope.kind === 'package' ? name : say('delegation.catalog', { name });
}

/** The offer to the delegate, and what became of it, for either of the two. */
export function delegationCard(view: DelegationView): CardDataOf['delegation'] {
  const { facts, state } = view;
  const { delegation } = facts;
  const title = titleOf(view);
  const mayAnswer = state === 'proposed' && !isDelegator(view);
  const { name } = isDelegator(view) ? facts.delegate : facts.delegator;
  return {
    summary: title,
    title,
    tone: mayAnswer || state !== 'proposed' ? TONES[state] : 'default',
    lines: linesOf(view).map((line) => ({ text: line })),
    facts: [
      { title: label('fact.from'), value: dayText(delegation.firstDay) },
      { title: label('fact.until'), value: dayText(delegation.lastDay) },
      { title: label('fact.covers'), value: scopeText(view) },
    ],
    delegation: delegation.id,
    mayAnswer,
    mayEnd: state === 'accepted' || (state === 'proposed' && isDelegator(view)),
    name,
  };
}

/** `delegations`. */
export function delegationList(page: Page<DelegationView>): CardDataOf['delegation-list'] {
  const { rows } = page;
  return {
    summary: label('delegations.title'),
    title: label('delegations.title'),
    empty: rows.length === 0 ? label('delegations.empty') : null,
    rows: rows.map((view) => {
      const { firstDay, lastDay } = view.facts.delegation;
      return {
        title: titleOf(view),
        detail: say('delegations.row', { from: dayText(firstDay), until: dayText(lastDay), scope: scopeText(view) }),
        tone: 'default',
        delegation: view.facts.delegation.id,
      };
    }),
    ...paging(page),
  };
}

/** A search's choice of a scope. */
export function scopeChoice({ kind, id, name, detail }: DelegableRow) {
  const mark =
    kind === 'catalog' ? label('delegate.wholeCatalog') : say('delegate.inCatalog', { catalog: text(detail, 40) });
  return { value: `${kind}:${id}`, title: name, mark };
}

/** The form: to whom, until when, and for what. */
export function delegationForm(input: {
  readonly filled: Readonly<Record<string, string>>;
  readonly delegate: PersonRef | null;
  readonly scope: DelegableRow | null;
  /** Where the delegator is. */
  readonly today: string;
}): CardDataOf['delegation-form'] {
  const { filled, delegate, scope, today } = input;
  const day = (name: string): string | null =>
    /^\d{4}-\d\d-\d\d$/.test(filled[name] ?? '') ? (filled[name] ?? null) : null;
  const chosen = scope && scopeChoice(scope);
  const title = label('delegate.title');
  return {
    summary: title,
    title,
    intro: label('delegate.intro'),
    delegate: delegate?.id ?? null,
    delegates: delegate ? [{ value: delegate.id, title: text(delegate.name, 75) }] : [],
    from: day('from'),
    until: day('until'),
    minDate: today,
    maxDate: nextDate(today, LONGEST_DAYS),
    scope: chosen?.value ?? null,
    scopes: chosen ? [{ value: chosen.value, title: [...text(chosen.title, 75), ...chosen.mark] }] : [],
  };
}
