// What is said when an exception ends: to those in charge, and to whoever holds both.
import { isRepeated } from '../../domain/exception';
import type { ExceptionFacts } from '../../domain/exception';
import { lasts } from '../../domain/lent';
import type { ExceptionView } from '../../operations/exceptions';
import type { Text } from '../card';
import { label, say } from '../words';
import { text } from './common';
import { notice, type Notice } from './notices';

/** To those in charge of somebody holding two things that do not go together: it ends soon, or is over. `again`: when it is said anew. */
export function exceptionNotice({ facts, isOwner, mayRemove }: ExceptionView, again: string | null, now: Date): Notice {
  const values = pairOf(facts);
  const title = say(isOwner ? 'exception.title' : 'exception.theirs', values);
  const isOver = facts.exception.until <= now;
  const next = (() => {
    if (mayRemove) return say(facts.excusable ? 'exception.removeOrAsk' : 'exception.remove', values);
    return say(facts.excusable ? 'exception.askOwnersOrAsk' : 'exception.askOwners', values);
  })();
  return endingNotice(facts, again, now, title, {
    next: isOver ? [say('exception.overNext', values), next, label('exception.daily')] : [next],
    buttons: { assignment: facts.assignment, targetName: facts.person.name, mayRemove },
  });
}

/** The same to whoever holds both. */
export function exceptionEndingNotice(facts: ExceptionFacts, again: string | null, now: Date): Notice {
  const values = pairOf(facts);
  const next = say(facts.excusable ? 'exception.giveUpOrAsk' : 'exception.giveUp', values);
  const isOver = facts.exception.until <= now;
  return endingNotice(facts, again, now, say('exception.yours', values), {
    next: isOver ? [say('exception.overNext', values), next, label('exception.daily')] : [next],
    buttons: { package: facts.package.id, mayExcept: facts.excusable },
  });
}

function pairOf({ person, package: pkg, other, catalog }: ExceptionFacts) {
  return {
    target: person.name,
    package: text(pkg.name, 150),
    other: text(other, 150),
    catalog: text(catalog.name, 150),
  };
}

function endingNotice(
  facts: ExceptionFacts,
  again: string | null,
  now: Date,
  title: Text,
  { next, buttons }: { readonly next: readonly Text[]; readonly buttons: Partial<Notice> },
): Notice {
  const { state, until, reason } = facts.exception;
  if (state === 'ended') return notice(title, 'default', [label('exception.ended')]);
  if (!facts.holdsBoth)
    return notice(say('exception.titleSettled', pairOf(facts)), 'default', [label('exception.settled')]);
  if (lasts(facts.exception, now)) return notice(title, 'default', [say('exception.renewed', { until })]);
  const isOver = until <= now;
  if (!isOver && !facts.outlasts)
    return notice(title, 'default', [say('exception.ending', { until }), label('exception.endsItself')]);
  if (isRepeated(facts.exception, again)) return notice(title, 'default', [label('exception.repeated')]);
  const lines = [
    say(isOver ? 'exception.over' : 'exception.ending', { until }),
    ...next,
    say('exception.reason', { reason: text(reason, 1000) }),
  ];
  return notice(title, isOver ? 'attention' : 'warning', lines, { packageName: facts.package.name, ...buttons });
}
