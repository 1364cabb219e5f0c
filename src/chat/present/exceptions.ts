// Asking for an exception, as it is shown: the form, and what stands against what in a request.
import { counts, clashOf } from '../../domain/exception';
import type { Clash, PairFacts, RequestFacts } from '../../domain/facts';
import type { PersonId } from '../../domain/model';
import type { ExceptionForm } from '../../operations/exceptions';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, say } from '../words';
import type { Fact } from './asked';
import { policyOf } from './asked';
import { text } from './common';
import { askedLines, dayIn, day, maximumLine, questions, type Filled } from './forms';

/** Longer ones are refused (domain/ask-exception.ts). */
const REASON = 1000;

const packageOf = ({ package: { name } }: Pick<PairFacts, 'package'>): Text => text(name, 150);

/** The package, as what an exception is asked for. */
export function exceptionFor(facts: Pick<PairFacts, 'package'>): Text {
  return say('exception.for', { package: packageOf(facts) });
}

/** The form for an exception: what stands against what, what it would allow and what it would not. */
export function exceptionForm(
  { facts, clash, policy, now }: ExceptionForm,
  requestor: PersonId,
  filled: Filled,
): CardDataOf['request-form'] {
  const { target } = facts;
  const values = { package: packageOf(facts), target: target.name };
  const own = requestor === target.id;
  const title = say(own ? 'exception.formTitle' : 'exception.formTitleFor', values);
  const today = day(now, target.timeZone);
  return {
    summary: title,
    title,
    description: intro(clash, own, values, now),
    verb: 'exception.submit',
    submit: label('submit'),
    lines: [
      { text: say('exception.formThen', values) },
      ...askedLines(facts, policy, requestor),
      { text: maximumLine(policy) },
    ],
    policies: [],
    policy: policy.id,
    asksReason: true,
    customPeriod: true,
    asksStart: false,
    start: null,
    end: dayIn(filled, 'end'),
    minDate: today,
    maxStart: today,
    reason: filled['reason'] ?? null,
    reasonRequired: true,
    reasonMax: REASON,
    questions: questions(policy, filled),
  };
}

function intro(clash: Clash, own: boolean, values: { package: Text; target: string }, now: Date): Text {
  const other = text(clash.name, 150);
  if (clash.exception && counts(clash.exception, now))
    return say('exception.formRenew', { ...values, other, until: clash.exception.until });
  if (clash.kind === 'group') return say(own ? 'exception.formGroup' : 'exception.formGroupFor', { ...values, other });
  return say(own ? 'exception.formPackage' : 'exception.formPackageFor', { ...values, other });
}

/** What stands against what is asked for, and what an approval means: the same on every card of the request. */
export function exceptionFacts(facts: RequestFacts, isOpen: boolean): Fact[] {
  return [
    { title: label('fact.exception'), value: packageOf(facts) },
    { title: label('fact.conflict'), value: against(facts) },
    ...(isOpen ? [{ title: label('fact.means'), value: label('exception.means') }] : []),
  ];
}

function against(facts: RequestFacts): Text {
  const clash = clashOf(facts);
  // Where they go together by now only the name of the policy tells: it is the pair.
  if (!clash) return text(policyOf(facts)?.name ?? '', 300);
  const other = text(clash.name, 150);
  if (clash.how === null) return clash.kind === 'group' ? say('clash.group', { other }) : other;
  return say(`clash.${clash.how}`, { other });
}

/** What came of it, once it is granted. */
export function grantedText(facts: RequestFacts): Text {
  const { endsAt } = facts.request;
  const other = clashOf(facts)?.name;
  if (endsAt === null) return label('state.granted');
  return other === undefined
    ? say('exception.grantedUntil', { until: endsAt })
    : say('exception.granted', { package: packageOf(facts), other: text(other, 150), until: endsAt });
}

/** What lets the package be asked for although something stands against it, and what comes when that is over. */
export function exceptionLines(facts: PairFacts, now: Date): { readonly text: Text }[] {
  return facts.clashes.flatMap(({ how, exception, name }) =>
    how !== null && exception && counts(exception, now)
      ? [{ text: say('exception.lets', { package: packageOf(facts), other: text(name, 150), until: exception.until }) }]
      : [],
  );
}
