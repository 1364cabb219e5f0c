// Access that was changed outside of Usher: what a comparison with a connected system found, and what is done about it (rule 3.12).
// Nothing here is ever a reason to believe that somebody had access before: a baseline is not learned from drift (rule 3.10). That it
// is gone is found by placing, which looks twice before it gives (baseline.ts#readBaseline).
import { isMany } from './brake';
import { inserted, told, updated } from './change';
import type { Change, DomainEvent } from './events';
import { DomainError } from './errors';
import { noChange, together } from './events';
import type { Now, PlaceFacts } from './facts';
import type { FindingId, Grant, GrantId, Person, PersonId, Resource, ResourceId, RoleId, ScopeId } from './model';

/** `missing`: Usher gave it and the system does not have it. `extra`: the system has it and nothing in Usher explains it. */
export type DriftKind = 'missing' | 'extra';

/** Why those in charge are asked before differences are repaired (the brake, rule 3.15). */
export type DriftHeld =
  /** It would take access from very many, or give it to more people than have it now. */
  | 'tooMany'
  /** The system said that nobody has anything. */
  | 'emptyRead'
  /** The system could not be read the time before. */
  | 'afterFailure';

/** One open difference. */
export interface Finding {
  readonly id: FindingId;
  readonly resource: ResourceId;
  readonly kind: DriftKind;
  readonly person: PersonId;
  readonly role: RoleId;
  readonly scope: ScopeId;
  /** Of the grant when it was compared; null where there was none. One that changed since is another matter. */
  readonly grantVersion: number | null;
  /** Somebody in charge said that nothing is done about it. */
  readonly declined: boolean;
  readonly closedAt: Date | null;
}

/** One person's one role when it is compared. The store asks the same of all at once; a test compares the two. */
export interface Pair {
  /** Whether the system has it. */
  readonly present: boolean;
  /** Null: nobody in the directory has this account. */
  readonly person: Person['state'] | null;
  /** Grants of the person at this place; a place may stand in several catalogs, and only one of them is compared. */
  readonly grants: readonly {
    readonly own: boolean;
    readonly state: Grant['state'];
    readonly baseline: boolean | null;
    readonly wanted: boolean;
    /** A package that takes over what people had before has ended here. */
    readonly absorbed: boolean;
    /** A placement or a task for people waits, or it changed after the system was begun to be read. */
    readonly busy: boolean;
  }[];
}

/** What a pair is a case of; null where system and Usher agree, or are about to. */
export function differenceOf({ present, person, grants }: Pair): DriftKind | null {
  if (present) {
    const isExplained = grants.some(
      ({ busy, state, baseline, absorbed }) =>
        busy || state !== 'taken' || (baseline === true && !absorbed && person === 'enabled'),
    );
    return isExplained ? null : 'extra';
  }
  const isMissing = grants.some(({ own, busy, state, wanted }) => own && !busy && state === 'placed' && wanted);
  return isMissing && person === 'enabled' ? 'missing' : null;
}

/** A difference that can be repaired. `leaver`: because its person left, whatever is asked or was answered about others. */
export type Repair = Pick<Finding, 'id' | 'kind'> & { readonly leaver: boolean };

/** A whole comparison. */
export interface Compared {
  readonly resource: Resource;
  /** New differences; `unknown`: those of `extra` whose account nobody in the directory has. */
  readonly opened: { readonly missing: number; readonly extra: number; readonly unknown: number };
  /** Differences that are gone. */
  readonly closed: number;
  /** Differences that were declined, and that the system left out before. */
  readonly back: number;
  /** Those in charge were told that it could not be read. */
  readonly wasUnread: boolean;
  /** People with open differences, old and new. */
  readonly people: Readonly<Record<DriftKind, number>>;
  /** One of them left or came back since the comparison before, so what is told and asked of them is drawn anew. */
  readonly moved: boolean;
  /** People and accounts that have something there, as the system says. */
  readonly holders: number;
  /** People to whom Usher gave something there. */
  readonly given: number;
  /** Somebody in charge accepted that all of these differences are repaired. */
  readonly accepted: Readonly<Record<DriftKind, boolean>>;
  /** Of how many of these differences somebody in charge said that nothing is done. */
  readonly declined: Readonly<Record<DriftKind, 'all' | 'some' | 'none'>>;
  /** The comparison before this one could not read the system to its end. */
  readonly failedBefore: boolean;
  readonly heldBefore: Readonly<Record<DriftKind, DriftHeld | null>>;
  /** People with open differences about whom those in charge were asked then, where nobody has answered. */
  readonly unanswered: Readonly<Record<DriftKind, number>>;
}

export interface Judgement {
  readonly held: Readonly<Record<DriftKind, DriftHeld | null>>;
  /** Kinds whose differences are repaired now, one by one: those that nobody declined, also where others of the kind are held. */
  readonly repairs: readonly DriftKind[];
  readonly events: readonly DomainEvent[];
}

/** What follows from a comparison: what is repaired, what stops at the brake, and whether owners hear. */
export function judge(compared: Compared): Judgement {
  const { resource, opened, closed, back, wasUnread, moved, heldBefore } = compared;
  const stopped = { missing: stopOf(compared, 'missing'), extra: stopOf(compared, 'extra') };
  const held = { missing: stopped.missing?.why ?? null, extra: stopped.extra?.why ?? null };
  const kinds: readonly DriftKind[] = ['missing', 'extra'];
  const repairs = kinds.filter((kind) => wayOf(resource, kind) === 'repair' && stopped[kind]?.whole !== true);
  const stops = kinds.some((kind) => stopped[kind]?.whole === true && held[kind] !== heldBefore[kind]);
  const goesOn = kinds.some((kind) => held[kind] === null && heldBefore[kind] !== null);
  const isNew = opened.missing + opened.extra > 0 || stops;
  const type = isNew ? 'resource.driftFound' : 'resource.driftChanged';
  const data = { ...opened, closed, heldMissing: held.missing, heldExtra: held.extra };
  const event = toldOfResource(resource, type, data);
  const changes = isNew || closed > 0 || back > 0 || wasUnread || goesOn || moved;
  return { held, repairs, events: changes ? event.events : [] };
}

const wayOf = ({ driftMissing, driftExtra }: Resource, kind: DriftKind): Resource['driftExtra'] =>
  kind === 'missing' ? driftMissing : driftExtra;

/**
 * What is not repaired, and why it was asked. `whole`: nothing of the kind is. A question that nobody answered, and what was declined,
 * stay as they are also where the brake would not stop for what is left of them; what is found beside what was declined is nobody's answer.
 */
function stopOf(compared: Compared, kind: DriftKind): { readonly why: DriftHeld; readonly whole: boolean } | null {
  const { resource, accepted, declined, heldBefore, unanswered } = compared;
  if (wayOf(resource, kind) !== 'repair' || accepted[kind]) return null;
  // A good read is itself the answer to a failed one.
  const waits = unanswered[kind] > 0 && heldBefore[kind] !== 'afterFailure';
  const brake = (kind === 'missing' ? heldMissing(compared) : heldExtra(compared)) ?? (waits ? heldBefore[kind] : null);
  if (brake !== null && declined[kind] !== 'all') return { why: brake, whole: true };
  return declined[kind] === 'none' ? null : { why: heldBefore[kind] ?? 'tooMany', whole: false };
}

function heldMissing({ people, given, holders, failedBefore }: Compared): DriftHeld | null {
  if (!isMany(people.missing, given)) return null;
  if (holders === 0) return 'emptyRead';
  if (people.missing > holders) return 'tooMany';
  return failedBefore ? 'afterFailure' : null;
}

function heldExtra({ people, holders }: Compared): DriftHeld | null {
  return isMany(people.extra, holders) ? 'tooMany' : null;
}

/** What those in charge are asked, as it stands now. */
export interface DriftAsked {
  readonly resource: Resource;
  readonly keepers: readonly PersonId[];
  /** Keepers who would lose access by it: it is others who decide. Getting back what a policy gives is no decision about oneself. */
  readonly concerned: readonly PersonId[];
  readonly held: Readonly<Record<DriftKind, DriftHeld | null>>;
  readonly missing: { readonly people: number };
  readonly extra: { readonly people: number };
  /** Names the differences that the question is about, and that they were declined; null: there is no question. */
  readonly set: string | null;
  /** The name before anybody declined. */
  readonly asked: string | null;
  readonly answer: DriftAnswer | null;
}

/**
 * What a person may answer now. Nobody decides about themselves, neither for nor against; only where nobody else is in charge, not even
 * an administrator, may they accept to lose it. A question that was declined may still be accepted: nothing was done. What was accepted
 * may be done already.
 */
export function mayAnswer(
  asked: DriftAsked,
  person: PersonId,
): { readonly accept: boolean; readonly decline: boolean } {
  const { keepers, concerned, set, answer: given } = asked;
  const isAsked = set !== null && keepers.includes(person);
  const isConcerned = concerned.includes(person);
  return {
    accept: isAsked && (!isConcerned || areAllConcerned(asked)) && given?.accepted !== true,
    decline: isAsked && !isConcerned && given === null,
  };
}

const areAllConcerned = ({ keepers, concerned }: DriftAsked): boolean =>
  keepers.every((keeper) => concerned.includes(keeper));

export interface DriftAnswer {
  readonly accepted: boolean;
  /** Who gave it. */
  readonly person: PersonId;
  readonly by: string;
}

/**
 * Somebody in charge says whether the differences at which the brake stopped are repaired. The answer counts for the differences
 * that were shown: of others they are asked anew. One who declined, or another in charge, may accept later.
 */
export function answer(
  asked: DriftAsked,
  person: PersonId,
  { set, accept }: { readonly set: string; readonly accept: boolean },
): readonly DomainEvent[] {
  const { resource, keepers, concerned, held } = asked;
  const { name } = resource;
  if (!keepers.includes(person)) throw new DomainError('forbidden', {});
  const isConcerned = concerned.includes(person);
  if (isConcerned && !(accept && areAllConcerned(asked))) throw new DomainError('drift-concerned', { resource: name });
  if (set !== asked.set && set !== asked.asked) throw new DomainError('drift-moved-on', { resource: name });
  const may = mayAnswer(asked, person);
  // Whoever accepts what was declined must have seen that it was.
  if (asked.answer !== null && (set !== asked.set || !(accept ? may.accept : may.decline))) {
    const { accepted, by, person: who } = asked.answer;
    throw new DomainError('drift-answered', { resource: name, accepted, by: who === person ? null : by });
  }
  const of = (kind: DriftKind): number => (held[kind] === null ? 0 : asked[kind].people);
  const data = { set, missing: of('missing'), extra: of('extra'), ...(isConcerned ? { concerned: true } : {}) };
  return toldOfResource(resource, accept ? 'resource.driftAccepted' : 'resource.driftDeclined', data).events;
}

/** One difference as it is now, with its person locked. */
export interface DriftFacts {
  readonly finding: Finding;
  readonly person: Person;
  readonly resource: Resource;
  /** Null: Usher never had anything to do with this role of the person. */
  readonly place: PlaceFacts | null;
  /** The same place in another catalog explains it by now. */
  readonly elsewhere: boolean;
}

/** Where the system is asked about this one person before it is believed that their role is gone; null: nothing is to be given back. */
export function toReadBack(facts: DriftFacts): PlaceFacts | null {
  const { finding, person, resource, place } = facts;
  if (finding.kind !== 'missing' || !isAsFound(facts) || place === null || resource.driftMissing !== 'repair')
    return null;
  return place.grant.state === 'placed' && place.wanted && person.state === 'enabled' ? place : null;
}

const isAsFound = ({ finding, place }: DriftFacts): boolean =>
  finding.closedAt === null && !finding.declined && (place?.grant.version ?? null) === finding.grantVersion;

/**
 * Makes the system as Usher has it: the role is wanted again, or taken away. Nothing happens where anything of it changed since it
 * was compared; taking away looks at the system by itself once more. `present`: what the system said of this person when it was
 * asked once more, after the comparison: a list that left somebody out gives nothing back.
 */
export function repair(facts: DriftFacts, present: boolean | null, at: Now): Change {
  if (!isAsFound(facts)) return noChange;
  if (facts.finding.kind === 'extra') return takeAway(facts, at);
  const place = toReadBack(facts);
  return place !== null && present === false ? giveBack(facts, place) : noChange;
}

function giveBack(facts: DriftFacts, { grant, assignments }: PlaceFacts): Change {
  const { person, resource } = facts;
  const held = assignments.filter(
    ({ assignment: { state } }) =>
      state === 'delivered' || state === 'partiallyDelivered' || state === 'deliveryFailed',
  );
  return together(
    updated('grant', grant, { state: 'placing', error: null }),
    toldOfGrant(facts, grant.id, 'grant.driftFound', { kind: 'missing' }),
    toldOfGrant(facts, grant.id, 'grant.wanted', { again: true }),
    ...held.map(({ assignment }) =>
      together(
        updated('assignment', assignment, { state: 'delivering' }),
        told(
          'assignment.delivering',
          { kind: 'assignment', id: assignment.id },
          { person: person.id, assignment: assignment.id, package: assignment.package, catalog: resource.catalog },
          { again: true },
        ),
      ),
    ),
  );
}

/** It is nobody's baseline, so what the person gets through Usher from now on begins without one. */
function takeAway(facts: DriftFacts, at: Now): Change {
  const { finding, person, resource, place, elsewhere } = facts;
  if (resource.driftExtra !== 'repair' || elsewhere) return noChange;
  const fields = { state: 'taking', baseline: false, error: null } as const;
  if (place !== null) {
    const { grant, wanted, overrideBaseline, openTask } = place;
    const keeps = grant.baseline === true && !overrideBaseline;
    if (grant.state !== 'taken' || wanted || keeps || openTask !== null) return noChange;
    return together(updated('grant', grant, fields), ...unwanted(facts, grant.id));
  }
  const grant: Grant = {
    id: at.newId() as GrantId,
    person: person.id,
    role: finding.role,
    scope: finding.scope,
    ...fields,
    externalId: null,
    placedAt: null,
    takenAt: null,
    goneAt: null,
    version: 1,
  };
  return together(inserted('grant', grant), ...unwanted(facts, grant.id));
}

const unwanted = (facts: DriftFacts, grant: GrantId): readonly Change[] => [
  toldOfGrant(facts, grant, 'grant.driftFound', { kind: 'extra' }),
  toldOfGrant(facts, grant, 'grant.unwanted'),
];

function toldOfResource(resource: Resource, type: DomainEvent['type'], data: DomainEvent['data']): Change {
  return told(type, { kind: 'resource', id: resource.id }, { catalog: resource.catalog }, data);
}

function toldOfGrant(
  { person, resource }: DriftFacts,
  grant: GrantId,
  type: DomainEvent['type'],
  data: DomainEvent['data'] = {},
): Change {
  return told(type, { kind: 'grant', id: grant }, { grant, person: person.id, catalog: resource.catalog }, data);
}
