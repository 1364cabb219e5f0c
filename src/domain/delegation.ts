// Handing one's approvals to somebody else for a while (rule 3.4): offered, accepted or declined, ended by either, over by itself.
import { inserted, told, updated } from './change';
import { DomainError } from './errors';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Now } from './facts';
import type { CatalogId, Delegation, DelegationId, PackageId, Person, PersonId, PersonRef } from './model';
import { dateIn, endOfDay, nextDate, startOfDay } from './time';

/** Nobody hands everything away for good. */
export const LONGEST_DAYS = 366;
/** After so long the delegator hears that nobody has answered what begins at once. */
const ANSWER_TIME = 4 * 3_600_000;

/** When, and for what: a package, all packages of a catalog, or (both null) all. A package names its catalog as well. */
export interface Reach {
  readonly from: Date;
  readonly until: Date;
  readonly package: PackageId | null;
  readonly catalog: CatalogId | null;
}
/** One delegation that is offered or accepted. */
export interface Link extends Reach {
  readonly delegator: PersonId;
  readonly delegate: PersonId;
}

export interface ProposeFacts {
  readonly delegator: Person;
  readonly delegate: Person;
  readonly scope: Pick<Reach, 'package' | 'catalog'>;
  /** Somebody asks them to decide, or could. */
  readonly decides: boolean;
  /** All that leads on from the delegate, and what the delegator has offered the delegate already. */
  readonly links: readonly Link[];
}

export interface DelegationFacts {
  readonly delegation: Delegation;
  readonly delegator: PersonRef & Pick<Person, 'state'>;
  readonly delegate: PersonRef & Pick<Person, 'state'>;
  /** What it is for; null: all. */
  readonly scope: {
    readonly kind: 'package' | 'catalog';
    readonly name: string;
    readonly hidden: boolean;
    /** The delegator still decides on it. */
    readonly decided: boolean;
  } | null;
  /** It was never accepted, and nothing ended it before its time. */
  readonly unanswered: boolean;
}

/** Offers it to the delegate. The days are those of the delegator; the first one is today where none is named. */
export function propose(
  facts: ProposeFacts,
  days: { readonly first: string | null; readonly last: string },
  at: Now,
): { readonly delegation: Delegation; readonly change: Change } {
  const { delegator, delegate, scope } = facts;
  const { name } = delegate;
  if (delegator.id === delegate.id) throw new DomainError('delegation-to-self', {}, 'delegate');
  if (!facts.decides) throw new DomainError('nothing-to-delegate', {});
  if (delegate.state !== 'enabled') throw new DomainError('not-found', { what: 'person' }, 'delegate');

  const zone = delegator.timeZone;
  const today = dateIn(at.now, zone);
  const first = days.first ?? today;
  if (first < today) throw new DomainError('delegation-past', {}, 'from');
  if (days.last < first) throw new DomainError('end-before-start', {}, 'until');
  if (days.last > nextDate(today, LONGEST_DAYS))
    throw new DomainError('delegation-too-long', { maxDays: LONGEST_DAYS }, 'until');

  const link: Link = {
    delegator: delegator.id,
    delegate: delegate.id,
    from: startOfDay(first, zone),
    until: endOfDay(days.last, zone),
    ...scope,
  };
  const isOffered = facts.links.some(
    (one) => one.delegator === delegator.id && one.delegate === delegate.id && meet(one, link),
  );
  if (isOffered) throw new DomainError('delegation-exists', { name }, 'delegate');
  if (leadsBack(link, facts.links)) throw new DomainError('delegation-loop', { name }, 'delegate');

  const delegation: Delegation = {
    id: at.newId() as DelegationId,
    delegator: delegator.id,
    delegate: delegate.id,
    firstDay: first,
    lastDay: days.last,
    from: link.from,
    until: link.until,
    package: scope.package,
    catalog: scope.package === null ? scope.catalog : null,
    state: 'proposed',
    endedBy: null,
    dueAt: link.until,
    // Not later than its end, when the cards close.
    answerDueAt: new Date(Math.min(link.until.getTime() - 1, answerTime(link.from, at).getTime())),
    touchedAt: null,
    version: 1,
  };
  const change = together(
    inserted('delegation', delegation),
    toldOf('delegation.proposed', delegation, delegate.id, { until: link.until.toISOString() }),
  );
  return { delegation, change };
}

/** When the delegator needs the answer: as it begins, or soon where it has begun. */
function answerTime(from: Date, { now }: Now): Date {
  return from > now ? from : new Date(now.getTime() + ANSWER_TIME);
}

/** The delegate's answer, while it is offered. */
export function answer(facts: DelegationFacts, person: PersonId, accepts: boolean, at: Now): Change {
  const { delegation: one } = facts;
  if (person !== one.delegate) throw new DomainError('not-found', { what: 'card' });
  const state = stateNow(facts, at);
  if (state !== 'proposed') throw new DomainError('delegation-answered', { state });
  const dueAt = !accepts ? null : one.from <= at.now ? one.until : one.from;
  return together(
    updated('delegation', one, { state: accepts ? 'accepted' : 'declined', dueAt, answerDueAt: null }),
    toldOf(accepts ? 'delegation.accepted' : 'delegation.declined', one, one.delegator),
  );
}

/** Ended by either of them, or taken back before it was answered. */
export function end(facts: DelegationFacts, person: PersonId, at: Now): Change {
  const { delegation: one } = facts;
  if (person !== one.delegator && person !== one.delegate) throw new DomainError('not-found', { what: 'card' });
  const state = stateNow(facts, at);
  if (state !== 'proposed' && state !== 'accepted') throw new DomainError('delegation-answered', { state });
  const other = person === one.delegator ? one.delegate : one.delegator;
  return ended(one, person, other, state === 'accepted');
}

/** What time, and the directory, do to it: it begins, it is over, or one of the two is not there any more. */
export function follow(facts: DelegationFacts, at: Now): Change {
  const { delegation: one, delegate } = facts;
  if (one.state !== 'proposed' && one.state !== 'accepted') return noChange;
  if (one.touchedAt !== null) {
    // However soon they are back. Whoever is still there hears that nobody decides for them, or that they do not any more.
    const isDelegateGone = delegate.state !== 'enabled';
    return ended(one, null, isDelegateGone ? one.delegator : one.delegate, isDelegateGone || one.state === 'accepted');
  }
  const isOffered = one.state === 'proposed';
  // That it is over is news only to whoever has not heard yet that nobody has answered.
  if (one.until <= at.now)
    return ended(one, null, isOffered ? one.delegator : one.delegate, isOffered && one.answerDueAt !== null);
  const dueAt = isOffered ? one.answerDueAt : one.dueAt;
  if (dueAt === null || dueAt > at.now) return noChange;
  if (isOffered)
    return together(
      updated('delegation', one, { answerDueAt: null }),
      toldOf('delegation.unanswered', one, one.delegator),
    );
  return together(updated('delegation', one, { dueAt: one.until }), toldOf('delegation.started', one, one.delegate));
}

/** As it counts at this instant, whether or not anything has followed yet. */
export function stateNow(
  { delegation, delegator, delegate }: DelegationFacts,
  at: Pick<Now, 'now'>,
): Delegation['state'] {
  const { state, until, touchedAt } = delegation;
  if (state === 'declined') return state;
  const isOver = until <= at.now || touchedAt !== null || [delegator, delegate].some((one) => one.state !== 'enabled');
  return isOver ? 'ended' : state;
}

function ended(one: Delegation, by: PersonId | null, other: PersonId, tell: boolean): Change {
  return together(
    updated('delegation', one, { state: 'ended', endedBy: by, dueAt: null, answerDueAt: null, touchedAt: null }),
    toldOf('delegation.ended', one, other, { tell }),
  );
}

function toldOf(
  type: Parameters<typeof told>[0],
  one: Delegation,
  person: PersonId,
  data: Parameters<typeof told>[3] = {},
): Change {
  const scope = { ...(one.package ? { package: one.package } : {}), ...(one.catalog ? { catalog: one.catalog } : {}) };
  return told(type, { kind: 'delegation', id: one.id }, { person, ...scope }, data);
}

type Scope = Pick<Reach, 'package' | 'catalog'>;

function covers(one: Scope, other: Scope): boolean {
  return one.catalog === null || (one.catalog === other.catalog && (one.package ?? other.package) === other.package);
}

/** Whether both hold at some time, and for something. */
function meet(one: Reach, other: Reach): boolean {
  return one.from < other.until && other.from < one.until && (covers(one, other) || covers(other, one));
}

/**
 * Whether what is handed on from one to the next would come back to whom it is from, at some time and for something. All of a circle
 * holds as the last of it begins, and for what the narrowest of it is for. So these are looked at, each by everybody whom it reaches:
 * the ways from one person to another may be too many to walk.
 */
function leadsBack(link: Link, links: readonly Link[]): boolean {
  const near = [link, ...links.filter((one) => meet(one, link))];
  const scopes = new Map(near.map((one) => [`${String(one.catalog)} ${String(one.package)}`, one]));
  return [...scopes.values()].some((scope) => {
    if (!covers(link, scope)) return false;
    const there = near.filter((one) => covers(one, scope));
    const starts = new Set(there.map(({ from }) => from.getTime()).filter((start) => start >= link.from.getTime()));
    return [...starts].some((start) =>
      leads(
        link,
        there.filter(({ from, until }) => from.getTime() <= start && start < until.getTime()),
      ),
    );
  });
}

/** Whether these lead from the delegate of the one to its delegator. */
function leads({ delegate, delegator }: Link, links: readonly Link[]): boolean {
  const onward = new Map<PersonId, PersonId[]>();
  for (const one of links) onward.set(one.delegator, [...(onward.get(one.delegator) ?? []), one.delegate]);
  const reached = new Set([delegate]);
  // What is added while it is walked is walked as well.
  for (const person of reached) for (const next of onward.get(person) ?? []) reached.add(next);
  return reached.has(delegator);
}
