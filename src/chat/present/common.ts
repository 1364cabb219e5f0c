// Small pieces that several cards share: periods, states, names. Domain values in, Text out.
import { isRefusal } from '../../domain/errors';
import type { PairFacts, RequestFacts } from '../../domain/facts';
import type { Because, Expiration, PersonId, PersonRef, PolicyVersion, Request } from '../../domain/model';
import { fixedEnd, inZone, period as periodGiven } from '../../domain/policy';
import type { Period } from '../../domain/policy';
import type { Text } from '../card';
import { user } from '../spans';
import { isWord, label, listed, say } from '../words';

export type Tone = 'default' | 'good' | 'warning' | 'attention';

export const text = (value: string, max = 300): Text => [user(value, max)];
export const number = (value: number): Text => say('number', { number: value });
export const typedNumber = (value: number): string => `R-${value}`;
/** What reports a manual task. */
export const typedTask = (value: number): string => `done T-${value}`;

/**
 * Whom to ask where a rule leaves nothing else: the owners of the catalog, else the administrators; never the reader. For answers: a
 * message that stays would name them when they are that no longer (`nextInCharge`).
 */
export function inCharge(
  { owners, administrators }: Pick<PairFacts, 'owners' | 'administrators'>,
  reader: PersonId,
): Text {
  const names = [owners, administrators]
    .map((people) => people.filter(({ id }) => id !== reader).map(({ name }) => name))
    .find((some) => some.length > 0);
  return names === undefined ? label('owners.any') : listed(names, 'or', 3);
}

/** The same without a name, for a message that stays. */
export function nextInCharge(
  { owners, package: pkg }: Pick<PairFacts, 'owners'> & { readonly package: { readonly name: string } },
  reader: PersonId,
): Text {
  const hasOwners = owners.some(({ id }) => id !== reader);
  return hasOwners ? say('owners.named', { package: text(pkg.name, 150) }) : label('owners.administrator');
}

/** A length in whole days where it is some, else in hours. */
export function length(hours: number): Text {
  return hours % 24 === 0 ? say('period.days', { days: hours / 24 }) : say('period.hours', { hours });
}

/** The longest period of a policy, or null where there is none or a fixed date. */
export function longest(expiration: Expiration): Text | null {
  switch (expiration.kind) {
    case 'days':
      return say('period.days', { days: expiration.days });
    case 'hours':
      return length(expiration.hours);
    case 'never':
    case 'date':
      return null;
  }
}

/** The period of a request: what is fixed once approved, else what was asked for, cut to what the policy gives in `zone`. */
export function period(request: Request, policy: PolicyVersion | null, zone: string): Text {
  const expiration = policy?.expiration ?? null;
  if (request.startsAt !== null) {
    return request.endsAt === null
      ? say('period.startNoEnd', { startsAt: request.startsAt })
      : say('period.both', { startsAt: request.startsAt, endsAt: request.endsAt });
  }
  const given = givenFor(request, policy, zone);
  // The end of an extension was computed, any other day was chosen.
  const wished =
    request.type === 'userExtend' || given === 'over' ? request.period : inZone(request.period, request.zone, zone);
  const { startsAt, hours } = wished;
  // From approval where no start was asked for: the longest period then says more than a day counted from today.
  const isCut = given !== null && given !== 'over' && given.clamped === 'maximum';
  const most = isCut && startsAt === null && expiration !== null ? longest(expiration) : null;
  if (most !== null) return say('period.afterApproval', { length: most });
  const endsAt = given === null || given === 'over' ? wished.endsAt : given.endsAt;
  if (startsAt !== null && endsAt !== null) return say('period.both', { startsAt, endsAt });
  if (endsAt !== null) return say('period.untilOnly', { endsAt });
  const asked = hours === null ? (expiration === null ? null : longest(expiration)) : length(hours);
  if (asked !== null) {
    return startsAt === null
      ? say('period.afterApproval', { length: asked })
      : say('period.startThen', { startsAt, length: asked });
  }
  const fixed = policy && fixedEnd(policy, zone);
  if (fixed !== null) return say('period.untilOnly', { endsAt: fixed });
  return startsAt === null ? label('period.openEnd') : say('period.startNoEnd', { startsAt });
}

/**
 * What the policy would have given when it was asked for a last day that was chosen; null: none was. `over`: where its person is by now
 * that day was over before it was asked for.
 */
function givenFor(request: Request, policy: PolicyVersion | null, zone: string): Period | 'over' | null {
  if (policy === null || request.type === 'userExtend' || request.period.endsAt === null) return null;
  try {
    return periodGiven(policy, inZone(request.period, request.zone, zone), request.createdAt, zone);
  } catch (error) {
    if (isRefusal(error)) return 'over';
    throw error;
  }
}

/** What an approver is asked for, in one line. */
export function askedFor(
  {
    type,
    requestor,
    target,
  }: Pick<Request, 'type'> & { readonly requestor: PersonRef | null; readonly target: PersonRef },
  pkg: Text,
): Text {
  const values = { requestor: requestor?.name ?? '', package: pkg, target: target.name };
  const isOwn = requestor?.id === target.id;
  switch (type) {
    case 'userExtend':
      return say(isOwn ? 'approval.titleExtend' : 'approval.titleExtendFor', values);
    case 'adminAdd':
      return say('approval.titleAssign', values);
    case 'exception':
      return say(isOwn ? 'approval.titleException' : 'approval.titleExceptionFor', values);
    default:
      return say(isOwn ? 'approval.title' : 'approval.titleFor', values);
  }
}

/** What kind of request it is; of a kind that only a newer release knows, that it is one. */
export function typeText(type: Request['type']): Text {
  const key = `type.${type}`;
  return label(isWord(key) ? key : 'type.userAdd');
}

/** A request keeps its state when the access that it gave ends; `endedAt` says that it has. Null: it has not. */
export interface Stands extends Pick<Request, 'state' | 'startsAt' | 'type'> {
  readonly endedAt: Date | null;
}

/** The state of a request in words. `own`: said to the person who has the access. */
export function stateText(request: Stands, own: boolean): Text {
  // What it changed then says nothing of how the access stands now.
  if (request.type === 'systemUpdate') return label('state.updated');
  if (request.endedAt !== null && gave(request.state))
    return say(own ? 'state.ended' : 'state.endedOther', { endedAt: request.endedAt });
  if (request.state === 'scheduled') {
    return request.startsAt === null
      ? label('state.scheduledPlain')
      : say('state.scheduled', { startsAt: request.startsAt });
  }
  if (request.state === 'delivered' && request.type === 'exception') return label('state.granted');
  if (request.state === 'delivered') return label(own ? 'state.delivered' : 'state.deliveredOther');
  return label(`state.${request.state}`);
}

/** Whether it gave access, which may have ended since. */
export function gave(state: Request['state']): boolean {
  return state === 'delivered' || state === 'partiallyDelivered';
}

export function toneOf({ state, type, endedAt }: Pick<Stands, 'state' | 'type' | 'endedAt'>): Tone {
  if (type === 'systemUpdate') return 'default';
  if (endedAt !== null && gave(state)) return 'default';
  switch (state) {
    case 'delivered':
      return 'good';
    case 'partiallyDelivered':
    case 'expired':
    case 'removalFailed':
      return 'warning';
    case 'denied':
    case 'deliveryFailed':
      return 'attention';
    case 'submitted':
    case 'pendingApproval':
    case 'scheduled':
    case 'delivering':
    case 'removing':
    case 'removed':
    case 'canceled':
      return 'default';
  }
}

export function nameOf(
  facts: Pick<RequestFacts, 'people' | 'requestor'> & Pick<PairFacts, 'target'>,
  id: PersonId | null,
): string | null {
  if (id === null) return null;
  if (facts.target.id === id) return facts.target.name;
  if (facts.requestor?.id === id) return facts.requestor.name;
  return facts.people.find((person) => person.id === id)?.name ?? null;
}

export function becauseText(because: Because, target: string): Text {
  switch (because.kind) {
    case 'named':
      return label('because.named');
    case 'group':
      return say('because.group', { group: because.name });
    case 'manager':
      return because.level === 1 ? say('because.manager1', { target }) : say('because.manager', { target });
    case 'owner':
      return label('because.owner');
    case 'administrator':
      return label('because.administrator');
  }
}

/** Somebody, and for whom where they are a delegate. */
export function forWhom(name: string, other: string | null): Text {
  return other === null ? [user(name, 80)] : say('list.for', { name, other });
}

/** Names as a sentence, or null when there are none. */
export function names(people: readonly string[], word: 'and' | 'or' = 'or'): Text | null {
  return people.length === 0 ? null : listed(people, word);
}
