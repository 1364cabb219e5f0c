// Delegate and delegator are one voice (rule 3.4): who is asked beside whom, and whose voice has been heard in a stage.
import type { Asked } from './approval';
import { updated } from './change';
import { DomainError } from './errors';
import type { Change } from './events';
import { together } from './events';
import type { Now, PairFacts, RequestFacts } from './facts';
import type { ApprovalTask, PersonId } from './model';

/** Whose voice a decision, or a task, is. */
export function voiceOf({ person, for: other }: Pick<ApprovalTask, 'person' | 'for'>): PersonId {
  return other ?? person;
}

/** Who is used up by these: those who decided, and those whose voice it was. */
export function usedUp(decisions: RequestFacts['decisions']): readonly PersonId[] {
  return decisions.flatMap((one) => [one.person, voiceOf(one)]);
}

/**
 * These people, and beside them their delegates: each for one of them, never whoever is asked in their own right. They are nobody
 * more to count, for what they say is said by whom they decide for.
 */
export function withDelegates(
  people: readonly Asked[],
  { delegations }: Pick<PairFacts, 'delegations'>,
  excluded: readonly PersonId[],
): readonly Asked[] {
  const taken = new Set([...excluded, ...people.map(({ person }) => person)]);
  // In the order of ids, as the store finds them (store/misrouted.ts).
  const inOrder = [...delegations].sort((a, b) => (a.delegator < b.delegator ? -1 : 1));
  const delegates = inOrder.flatMap(({ delegator, delegate, name }): Asked[] => {
    const asked = people.find(({ person }) => person === delegator);
    if (!asked || taken.has(delegate)) return [];
    taken.add(delegate);
    return [{ person: delegate, name, capacity: 'delegate', because: asked.because, for: delegator }];
  });
  return [...people, ...delegates];
}

/** Whom the delegate of this task decides for, as long as they are asked in their own right and the delegation holds. */
export function delegatorOf(facts: RequestFacts, task: ApprovalTask): ApprovalTask | null {
  const isDelegated = facts.delegations.some((one) => one.delegator === task.for && one.delegate === task.person);
  const found = facts.tasks.find(
    (one) => one.n === task.n && one.person === task.for && one.for === null && one.state === 'open',
  );
  return isDelegated ? (found ?? null) : null;
}

/** Nobody is asked any more for the voice that was heard by this task. */
export function voiceHeard(facts: RequestFacts, task: ApprovalTask, at: Now): Change {
  const voice = voiceOf(task);
  const others = facts.tasks.filter(
    (one) => one.n === task.n && one.state === 'open' && one.id !== task.id && voiceOf(one) === voice,
  );
  return together(...others.map((one) => updated('task', one, { state: 'closed', closedAt: at.now })));
}

/** Refuses where the voice was heard: by the person's delegate, by another one, or by the one for whom they would decide. */
export function mustBeUnheard({ request, decisions, people }: RequestFacts, tasks: readonly ApprovalTask[]): void {
  const voices = new Map(tasks.map((one) => [`${one.n} ${voiceOf(one)}`, one]));
  const heard = decisions.findLast((one) => voices.has(`${one.n} ${voiceOf(one)}`));
  if (!heard) return;
  const nameOf = (id: PersonId | null): string => people.find((one) => one.id === id)?.name ?? '';
  const mine = voices.get(`${heard.n} ${voiceOf(heard)}`);
  throw new DomainError('voice-heard', {
    number: request.number,
    decision: heard.decision,
    by: nameOf(heard.person),
    at: heard.at,
    for: mine?.for ? nameOf(mine.for) : null,
  });
}
