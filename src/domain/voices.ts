// Delegate and delegator are one voice (rule 3.4): who is asked beside whom, and whose voice has been heard in a stage.
import type { Asked } from './approval';
import { toldOf, updated } from './change';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Delegated, Now, PairFacts, RequestFacts } from './facts';
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
 * more to count, for what they say is said by whom they decide for. `open`: what is asked already, which stays where it may.
 */
export function withDelegates(
  people: readonly Asked[],
  { delegations }: Pick<PairFacts, 'delegations'>,
  excluded: readonly PersonId[],
  open: readonly Pick<ApprovalTask, 'person' | 'for'>[] = [],
): readonly Asked[] {
  const taken = new Set([...excluded, ...people.map(({ person }) => person)]);
  const asked = new Map(people.map((one) => [one.person, one]));
  const able = delegations.filter(({ delegator, delegate }) => asked.has(delegator) && !taken.has(delegate));
  const voices = spokenFor(able, open);
  const delegates = new Map(able.map(({ delegate, name }) => [delegate, name]));
  return [
    ...people,
    ...[...delegates].flatMap(([person, name]): Asked[] => {
      const other = asked.get(voices.get(person) as PersonId);
      return other ? [{ person, name, capacity: 'delegate', because: other.because, for: other.person }] : [];
    }),
  ];
}

/**
 * For whom each delegate speaks, so that as many voices as possible have somebody who speaks for them: whoever handed approvals on may be
 * away, and each delegate speaks once. Then no order of clicks costs a voice that could be heard, and what is asked stays as it is
 * unless moving it gives one more of them a delegate. The same question as `movable` in store/misrouted.ts.
 */
function spokenFor(
  delegations: readonly Delegated[],
  open: readonly Pick<ApprovalTask, 'person' | 'for'>[],
): ReadonlyMap<PersonId, PersonId> {
  const able = [...delegations].sort((a, b) => (a.delegator < b.delegator ? -1 : 1));
  const voices = new Map<PersonId, PersonId>();
  for (const { delegator, delegate } of able) {
    const isAsked = open.some((one) => one.person === delegate && one.for === delegator);
    if (isAsked || !voices.has(delegate)) voices.set(delegate, delegator);
  }
  const speakers = (voice: PersonId): number => [...voices.values()].filter((one) => one === voice).length;
  // Takes a delegate from where there are two, or where another one can follow.
  const give = (voice: PersonId, passed: Set<PersonId>): boolean =>
    able.some(({ delegator, delegate }) => {
      const now = voices.get(delegate);
      if (delegator !== voice || now === undefined || passed.has(now)) return false;
      passed.add(now);
      if (speakers(now) < 2 && !give(now, passed)) return false;
      voices.set(delegate, voice);
      return true;
    });
  for (const { delegator } of able) if (speakers(delegator) === 0) give(delegator, new Set([delegator]));
  return voices;
}

/** Whom the delegate of this task decides for, as long as they are asked in their own right and the delegation holds. */
export function delegatorOf(facts: RequestFacts, task: ApprovalTask): ApprovalTask | null {
  const isDelegated = facts.delegations.some((one) => one.delegator === task.for && one.delegate === task.person);
  const found = facts.tasks.find(
    (one) => one.n === task.n && one.person === task.for && one.for === null && one.state === 'open',
  );
  return isDelegated ? (found ?? null) : null;
}

/** Nobody is asked any more for the voice that was heard by this task: who could speak for another one speaks for that from now on. */
export function voiceHeard(facts: RequestFacts, task: ApprovalTask, at: Now): Change {
  const open = facts.tasks.filter((one) => one.n === task.n && one.state === 'open' && one.id !== task.id);
  const own = new Map(open.flatMap((one) => (one.for === null ? [[one.person, one] as const] : [])));
  own.delete(voiceOf(task));
  const delegates = open.filter((one) => one.for !== null);
  const able = facts.delegations.filter(
    ({ delegator, delegate }) => own.has(delegator) && delegates.some(({ person }) => person === delegate),
  );
  const voices = spokenFor(able, delegates);
  return together(
    ...open.map((one): Change => {
      const theirs = one.for === null ? undefined : own.get(voices.get(one.person) as PersonId);
      if (theirs && theirs.person !== one.for) return spokenAnew(facts, one, theirs);
      const isHeard = !theirs && voiceOf(one) === voiceOf(task);
      return isHeard ? updated('task', one, { state: 'closed', closedAt: at.now }) : noChange;
    }),
  );
}

function spokenAnew(facts: RequestFacts, task: ApprovalTask, { person: other, because }: ApprovalTask): Change {
  return together(
    updated('task', task, { for: other, because }),
    toldOf(facts, facts.request, 'approver.changed', {
      data: { capacity: task.capacity, forwarded: false, for: other },
      refs: { person: task.person, stage: task.n },
    }),
  );
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
