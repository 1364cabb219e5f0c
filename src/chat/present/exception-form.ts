// The form for an exception, and what the form for the package says of one.
import type { Had } from '../../domain/ask-exception';
import type { PairFacts } from '../../domain/facts';
import { counts, lentBy } from '../../domain/lent';
import type { PersonId } from '../../domain/model';
import type { ExceptionForm } from '../../operations/exceptions';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, say } from '../words';
import { standsAgainst } from '../words/clash';
import { text } from './common';
import { packageOf } from './exceptions';
import { askedLines, day, dayIn, maximumLine, questions, reasonHint, type Filled } from './forms';

/** Longer ones are refused (domain/ask-exception.ts). */
const REASON = 1000;

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
  const ends = endsWithIt(clash);
  return {
    summary: title,
    title,
    description: intro(clash, own, values, now),
    verb: 'exception.submit',
    submit: label('submit'),
    lines: [
      { text: say(facts.live ? 'exception.formThenExtend' : 'exception.formThen', { ...values, ends }) },
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
    reasonHint: reasonHint(facts, requestor),
    reasonRequired: true,
    reasonMax: REASON,
    questions: questions(policy, filled),
  };
}

function intro(clash: Had, own: boolean, values: { package: Text; target: string }, now: Date): Text {
  const other = text(clash.name, 150);
  if (clash.exception && counts(clash.exception, now))
    return say('exception.formRenew', { ...values, other, until: clash.exception.until });
  const against = standsAgainst(clash.how, { package: values.package, other }, own ? null : values.target);
  const isGroup = clash.kind === 'group';
  if (own) return [...against, ...label(isGroup ? 'exception.orGroup' : 'exception.orPackage')];
  return [...against, ...label(isGroup ? 'exception.orGroupFor' : 'exception.orPackageFor')];
}

/** Whose other side ends by itself is held by no exception from then on, so what ends first counts. */
function endsWithIt({ endsAt, name }: Had): Text {
  return endsAt === null ? label('exception.endsWithIt') : say('exception.endsUnless', { other: text(name, 150) });
}

/** What lets the package be held although something stands against it, and whether it ends with that. */
export function exceptionLines(facts: PairFacts, now: Date): { readonly text: Text }[] {
  return facts.clashes.flatMap((clash) => {
    const { how, exception, name } = clash;
    if (how === null || !exception || !counts(exception, now)) return [];
    const ends = lentBy({ clashes: [clash] }, now) !== null;
    const values = { package: packageOf(facts), other: text(name, 150), until: exception.until };
    return [{ text: say(ends ? 'exception.lets' : 'exception.letsFreely', values) }];
  });
}
