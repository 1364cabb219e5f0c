// What an exception is to, and what came of it, on the cards of its request. The form: exception-form.ts.
import { keptPolicy } from '../../domain/approval';
import { clashOf } from '../../domain/exception';
import type { PairFacts, RequestFacts } from '../../domain/facts';
import type { Text } from '../card';
import { label, say } from '../words';
import { text } from './common';

/** The package by its name. */
export const packageOf = ({ package: { name } }: Pick<PairFacts, 'package'>): Text => text(name, 150);

/** The package, as what an exception is asked for. */
export function exceptionFor(facts: Pick<PairFacts, 'package'>, name: Text = packageOf(facts)): Text {
  return say('exception.for', { package: name });
}

/** What stands against what is asked for: the same on every card of the request. */
export function exceptionFacts(facts: RequestFacts): { readonly title: Text; readonly value: Text }[] {
  return [
    { title: label('fact.exception'), value: packageOf(facts) },
    { title: label('fact.conflict'), value: against(facts) },
  ];
}

function against(facts: RequestFacts): Text {
  const clash = clashOf(facts);
  // Where they go together by now only the name of the policy tells: it is the pair.
  if (!clash) return text(keptPolicy(facts).name, 300);
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
