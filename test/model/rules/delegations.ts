// Handing one's approvals to somebody else for a while (rule 3.4): offered, answered, ended, and who is asked beside whom.
import type { Answer, Delegation, Key, Organization, Task, Who } from './book';
import { ADMINISTRATOR, CATALOG, DAY, OWNER, dayOf, found, termsOf, works } from './book';

type Reach = Pick<Delegation, 'from' | 'until' | 'what'>;

export interface Offer {
  readonly delegator: Key;
  readonly delegate: Key;
  /** Days from today. `first`: null is today. */
  readonly first: number | null;
  readonly last: number;
  /** A package, the catalog, or (null) whatever they decide. */
  readonly what: Key | null;
}

const isLive = ({ state }: Delegation): boolean => state === 'proposed' || state === 'accepted';
export const delegationOf = (o: Organization, key: Key): Delegation =>
  found(o.delegations.find((one) => one.key === key));

export function offer(o: Organization, { delegator, delegate, first, last, what }: Offer): Answer {
  if (what !== null && !decidable(o, delegator).has(what)) return 'not-found';
  if (delegator === delegate) return 'delegation-to-self';
  if (!decides(o, delegator)) return 'nothing-to-delegate';
  if (!works(o, delegate)) return 'not-found';
  const begins = first ?? 0;
  if (begins < 0) return 'delegation-past';
  if (last < begins) return 'end-before-start';
  if (last > 366) return 'delegation-too-long';
  const reach = { from: dayOf(o, delegator, begins), until: dayOf(o, delegator, last + 1), what };
  const links = o.delegations.filter((one) => isLive(one) && one.until > o.now);
  if (links.some((one) => one.delegator === delegator && one.delegate === delegate && meet(one, reach)))
    return 'delegation-exists';
  if (leadsTo(links, [delegate], reach, delegator)) return 'delegation-loop';
  const n = o.delegations.filter((one) => one.delegator === delegator && one.delegate === delegate).length;
  o.delegations.push({
    key: `${delegator}>${delegate}/${n}`,
    delegator,
    delegate,
    ...reach,
    state: 'proposed',
    endedBy: null,
    // Nobody has answered: once it begins, or half a working day later; never at its end, when nobody can any more.
    dueAt: Math.min(reach.until - 1, reach.from > o.now ? reach.from : o.now + DAY / 6),
    left: false,
  });
  return 'ok';
}

/** The time and the packages that both are about. */
function meet(a: Reach, b: Reach): Reach | null {
  const one = (what: Key | null): boolean => what !== null && what !== CATALOG;
  const from = Math.max(a.from, b.from);
  const until = Math.min(a.until, b.until);
  if (from >= until || (one(a.what) && one(b.what) && a.what !== b.what)) return null;
  return { from, until, what: one(a.what) ? a.what : b.what };
}

/** Whether what is handed to the last of these leads on, over people who were not there yet, to somebody. */
function leadsTo(links: readonly Delegation[], way: readonly Key[], reach: Reach, end: Key): boolean {
  return links.some((one) => {
    const both = one.delegator === way.at(-1) && !way.includes(one.delegate) ? meet(reach, one) : null;
    return both !== null && (one.delegate === end || leadsTo(links, [...way, one.delegate], both, end));
  });
}

/** Named in a policy, by themselves or by their group. */
function named(o: Organization, person: Key, terms: number, byManager: boolean): boolean {
  const is = (who: Who): boolean =>
    who === 'manager' ? byManager : who === person || (who.startsWith('@') && groupOf(o, who).includes(person));
  return termsOf(o, terms).stages.some(({ approvers, alternates, fallbacks }) =>
    [...approvers, ...alternates, ...fallbacks].some(is),
  );
}

const groupOf = (o: Organization, who: Who): readonly Key[] => o.groups[who.slice(1)] ?? [];
const leads = (o: Organization, person: Key): boolean =>
  Object.values(o.people).some(({ manager }) => manager === person);
const standsIn = (person: Key): boolean => person === OWNER || person === ADMINISTRATOR;

/** Asked now, or named by any policy that there ever was, or a stand-in. */
function decides(o: Organization, person: Key): boolean {
  return (
    standsIn(person) ||
    o.requests.some(({ tasks }) =>
      tasks.some((one) => one.person === person && one.state === 'open' && one.for === null),
    ) ||
    o.terms.some((_, n) => named(o, person, n, leads(o, person)))
  );
}

/** Packages that the person decides on now, or on exceptions to them, and the catalog where there are any. */
function decidable(o: Organization, person: Key): ReadonlySet<Key> {
  const packs = Object.entries(o.packages).filter(([, { policies, exceptions }]) => {
    const all = [...policies.filter(({ enabled }) => enabled).map(({ current }) => current), exceptions];
    return standsIn(person) || all.some((terms) => terms !== null && named(o, person, terms, leads(o, person)));
  });
  return new Set(packs.length > 0 ? [...packs.map(([key]) => key), CATALOG] : []);
}

const isOver = (o: Organization, one: Delegation): boolean =>
  one.until <= o.now || one.left || !works(o, one.delegator) || !works(o, one.delegate);

export function answer(o: Organization, key: Key, person: Key, accepts: boolean): Answer {
  const one = delegationOf(o, key);
  if (person !== one.delegate) return 'not-found';
  if (one.state !== 'proposed' || isOver(o, one)) return 'delegation-answered';
  one.state = accepts ? 'accepted' : 'declined';
  one.dueAt = !accepts ? null : one.from <= o.now ? one.until : one.from;
  return 'ok';
}

export function takeBack(o: Organization, key: Key, person: Key): Answer {
  const one = delegationOf(o, key);
  if (person !== one.delegator && person !== one.delegate) return 'not-found';
  if (!isLive(one) || isOver(o, one)) return 'delegation-answered';
  endDelegation(one, person);
  return 'ok';
}

function endDelegation(one: Delegation, by: Key | null): void {
  Object.assign(one, { state: 'ended', endedBy: by, dueAt: null, left: false });
}

/** What time and leavers do to it. */
export function followDelegation(o: Organization, one: Delegation): void {
  if (!isLive(one)) return;
  const isDue = one.dueAt !== null && one.dueAt <= o.now;
  if (one.left || (isDue && one.until <= o.now)) endDelegation(one, null);
  else if (isDue) one.dueAt = one.until;
}

/** Whether the one speaks for the other now, about this package. */
export function speaksFor(o: Organization, delegate: Key, delegator: Key, pack: Key): boolean {
  return o.delegations.some(
    (one) =>
      one.delegator === delegator &&
      one.delegate === delegate &&
      one.state === 'accepted' &&
      one.from <= o.now &&
      !isOver(o, one) &&
      [null, CATALOG, pack].includes(one.what),
  );
}

export type Asked = Pick<Task, 'person' | 'capacity' | 'for'>;

type Spoken = Pick<Task, 'person' | 'for'>;

/** These, and beside them whoever decides for one of them and is not asked already. `open`: who is asked now, and for whom. */
export function withDelegates(
  o: Organization,
  pack: Key,
  people: readonly Asked[],
  not: readonly Key[],
  open: readonly Spoken[],
): Asked[] {
  const own = people.map(({ person }) => person);
  const free = Object.keys(o.people).filter((key) => !not.includes(key) && !own.includes(key));
  const voices = spokenFor(o, pack, own, free, open);
  return [...people, ...[...voices].map(([person, other]) => ({ person, capacity: 'delegate' as const, for: other }))];
}

/**
 * For whom each delegate speaks: for whom they are asked, else for the first in the list of people; but a voice that nobody speaks for
 * gets one from where there are two, over as many others as it takes. So as many voices as may be have a delegate.
 */
export function spokenFor(
  o: Organization,
  pack: Key,
  delegators: readonly Key[],
  delegates: readonly Key[],
  open: readonly Spoken[],
): Map<Key, Key> {
  const order = Object.keys(o.people);
  const pairs = order
    .filter((one) => delegators.includes(one))
    .flatMap((voice) =>
      order
        .filter((one) => delegates.includes(one) && speaksFor(o, one, voice, pack))
        .map((person) => ({ person, voice })),
    );
  const voices = new Map<Key, Key>();
  for (const { person, voice } of pairs) {
    const isAsked = open.some((one) => one.person === person && one.for === voice);
    if (isAsked || !voices.has(person)) voices.set(person, voice);
  }
  const count = (voice: Key): number => [...voices.values()].filter((one) => one === voice).length;
  const move = (voice: Key, passed: Set<Key>): boolean =>
    pairs.some((pair) => {
      const now = found(voices.get(pair.person));
      if (pair.voice !== voice || passed.has(now)) return false;
      passed.add(now);
      if (count(now) < 2 && !move(now, passed)) return false;
      voices.set(pair.person, voice);
      return true;
    });
  for (const { voice } of pairs) if (count(voice) === 0) move(voice, new Set([voice]));
  return voices;
}

/** Whose voice it is. */
export const voiceOf = (one: { readonly person: Key; readonly for: Key | null }): Key => one.for ?? one.person;
