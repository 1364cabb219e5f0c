// What becomes of those who hold two things that do not go together (rule 3.13): a recorded exception, or a removal, for each of them
// by name.
import type { DomainEvent } from '../../domain/events';
import { firstReport, leavesUndecided } from '../../domain/exception';
import type {
  AssignmentId,
  ConflictException,
  GroupId,
  Incompatibility,
  PackageId,
  PersonId,
} from '../../domain/model';
import { endOfDay } from '../../domain/time';
import type { Affected } from '../ports';
import { leavers, membersOf } from './brake';
import type { Shelf } from './catalogs';
import {
  at,
  current,
  differences,
  refuse,
  settle,
  type Decided,
  type Draft,
  type PlanLine,
  type Register,
} from './draft';
import { endExceptionPolicy, settleExceptionPolicy } from './exception-policies';
import type { People } from './people';
import type { Place } from './read';
import { pairLabel, settlePairs, type Wish } from './pairs';
import { count, holding } from './words';

/** So many are named in one sentence. The plan has them all. */
const NAMED = 10;

/** Those who hold both sides of a new incompatibility, or of one whose exception for them goes. */
export interface Conflicting {
  readonly id: string;
  readonly between: string;
  readonly people: readonly { readonly key: string; readonly name: string; readonly decision: Decided | null }[];
}

/** Access that ends because its holder has both. */
export interface Removing {
  readonly assignment: AssignmentId;
  readonly person: PersonId;
  readonly package: PackageId;
  readonly reason: string;
  readonly label: string;
}

/** Settles the pairs, who approves exceptions to them, and what becomes of whoever holds both. */
export function settleIncompatibilities(draft: Draft, found: People, shelves: readonly Shelf[], names: Register): void {
  const { standing, ended } = settlePairs(draft, found, shelves, names);
  for (const row of ended) {
    for (const one of draft.known.exceptions) if (one.incompatibility === row.id) endException(draft, row, one);
    endExceptionPolicy(draft, row, 'the incompatibility ends');
  }
  for (const { row, written } of standing) {
    if (written.length === 0) continue;
    settleExceptionPolicy(draft, found, row, pairLabel(draft, row), written);
    settleHolders(draft, found, names, row, written);
  }
  settleNewcomers(draft);
}

/** A group that changes may bring its new members both sides of an incompatibility that no file writes. */
function settleNewcomers(draft: Draft): void {
  for (const row of current(draft, 'incompatibility', draft.known.incompatibilities)) {
    if (draft.holders.has(row.id)) continue;
    const coming = new Set(newcomersOf(draft, row));
    if (coming.size === 0) continue;
    // The group that a file fills may be one inside it.
    const changed = draft.changes.flatMap(({ noun, after }) => (noun === 'group' ? [after] : []));
    const filled = changed.filter(({ people }) => people.some((person) => coming.has(person)));
    const [place] = [row.otherGroup ?? '', ...[...filled, ...changed].map(({ id }) => id)].flatMap(
      (id) => draft.places.get(id) ?? [],
    );
    // Of one that is over its owner hears again.
    const stored = draft.known.exceptions.filter((one) => one.incompatibility === row.id);
    const decided = new Map<string, Decided>(stored.map(({ person }) => [person, 'exception']));
    draft.holders.set(row.id, { row, place: place ?? { file: 0, path: [] }, decided });
  }
}

/** Looked up once for each group of a plan: a complete file has thousands of groups. */
const joiningIn = new WeakMap<Draft, (group: GroupId) => readonly PersonId[]>();

/** Who comes into the group of an incompatibility that stands, by whatever group inside it. To be asked once the groups are settled. */
export function newcomersOf(draft: Draft, { otherGroup, state }: Incompatibility): readonly PersonId[] {
  if (otherGroup === null || state !== 'active') return [];
  const look = joiningIn.get(draft) ?? joining(draft);
  joiningIn.set(draft, look);
  return look(otherGroup);
}

function joining(draft: Draft): (group: GroupId) => readonly PersonId[] {
  const changed = draft.changes.flatMap((one) => (one.noun === 'group' ? [one.after] : []));
  if (changed.length === 0) return () => [];
  const [before, after] = [membersOf(draft.known.groups), membersOf([...draft.known.groups, ...changed])];
  // Who is new holds nothing yet, and who leaves holds nothing any more.
  const stay = new Set(draft.known.people.map(({ id }) => id));
  for (const one of draft.changes)
    if (one.noun === 'person' && one.after.state !== 'enabled') stay.delete(one.after.id);
  const known = new Map<GroupId, readonly PersonId[]>();
  return (group) => {
    const had = known.get(group);
    if (had) return had;
    const old = before(group);
    const coming = [...after(group)].filter((person) => !old.has(person) && stay.has(person));
    known.set(group, coming);
    return coming;
  };
}

/** Everybody whom the files bring into a group that does not go with some package. */
export function newcomers(draft: Draft): readonly PersonId[] {
  return [...new Set([...draft.holders.values()].flatMap(({ row }) => newcomersOf(draft, row)))];
}

/** What the files decide for those who hold both: an exception, or a removal. A written list of exceptions is complete. */
function settleHolders(
  draft: Draft,
  found: People,
  names: Register,
  row: Incompatibility,
  written: readonly Wish[],
): void {
  const decided = new Map<string, Decided>();
  const decide = (place: Place, name: string, how: Decided): PersonId | null => {
    const person = found.people.find(at(place, 'person'), name);
    if (person === null) return null;
    if (decided.has(person)) {
      refuse(draft, at(place, 'person'), `"${name}" is decided on twice for this incompatibility. Keep one of them.`);
      return null;
    }
    decided.set(person, how);
    return person as PersonId;
  };
  const stored = draft.known.exceptions.filter((one) => one.incompatibility === row.id);
  const kept = new Set<string>();
  for (const { text, place, package: own } of written) {
    for (const [n, one] of (text.exceptions ?? []).entries()) {
      const here = at(place, 'exceptions', n);
      const person = decide(here, one.person, 'exception');
      const owner = found.people.find(at(here, 'owner'), one.owner) as PersonId | null;
      if (person === null || owner === null) continue;
      const before = stored.find((its) => its.person === person) ?? null;
      if (before) kept.add(before.id);
      settleException(draft, { row, place: here, before, person, owner, day: one.until, reason: one.reason });
    }
    for (const [n, one] of text.removals.entries()) {
      const here = at(place, 'removals', n);
      const person = decide(here, one.person, 'removal');
      const from = one.from === undefined ? own : names.find(at(here, 'from'), one.from);
      if (person === null || from === null) continue;
      if (from !== row.package && from !== row.otherPackage)
        refuse(
          draft,
          at(here, 'from'),
          `"${one.from ?? ''}" is no package of this incompatibility. Name one of the two.`,
        );
      else
        draft.removals.push({
          incompatibility: row.id,
          person,
          package: from as PackageId,
          reason: one.reason,
          place: here,
        });
    }
  }
  // A list that is not written leaves the exceptions as they are; one that is written, those that were granted in chat and are nobody's removal.
  const isListed = written.some(({ text }) => text.exceptions !== undefined);
  for (const one of stored) {
    if (kept.has(one.id)) continue;
    if (isListed && (one.request === null || decided.has(one.person))) endException(draft, row, one);
    else if (!decided.has(one.person)) decided.set(one.person, 'exception');
  }
  draft.holders.set(row.id, { row, place: written[0]?.place ?? { file: 0, path: [] }, decided });
}

function settleException(
  draft: Draft,
  {
    row,
    place,
    before,
    person,
    owner,
    day,
    reason,
  }: {
    readonly row: Incompatibility;
    readonly place: Place;
    readonly before: ConflictException | null;
    readonly person: PersonId;
    readonly owner: PersonId;
    readonly day: string;
    readonly reason: string;
  },
): void {
  if (before?.owner === owner && before.day === day && before.reason === reason) {
    draft.unchanged += 1;
    return;
  }
  if (owner === person) {
    refuse(draft, at(place, 'owner'), 'Nobody answers for an exception of their own. Name somebody else as "owner".');
    return;
  }
  const until = endOfDay(day, zoneOf(draft, person));
  // What was granted since goes on: the file says what it said before.
  if (before?.request && before.until >= until) {
    draft.unchanged += 1;
    return;
  }
  if (until <= draft.now) {
    refuse(draft, at(place, 'until'), `"${day}" is over. Name a later day, or remove the exception.`);
    return;
  }
  const after: ConflictException = {
    id: before?.id ?? draft.newId(),
    incompatibility: row.id,
    person,
    owner,
    request: null,
    day,
    until,
    reason,
    remindAt: firstReport(draft.now, until),
    touchedAt: before?.touchedAt ?? null,
    state: 'active',
    version: (before?.version ?? 0) + 1,
  };
  const changed = before ? differences(draft, before, after, ['until', 'remindAt', 'request']) : [];
  settle(draft, 'exception', {
    before,
    after,
    word: 'exception',
    label: exceptionLabel(draft, row, person),
    action: before ? 'change' : 'create',
    details: before
      ? changed.map(({ detail }) => detail)
      : [`until ${day}, ${draft.names.get(owner) ?? owner} answers for it: ${reason}`],
    events: [exceptionEvent(before ? 'exception.changed' : 'exception.created', row, after, { day })],
  });
}

function endException(draft: Draft, row: Incompatibility, before: ConflictException): void {
  const after = { ...before, state: 'ended' as const, remindAt: null, touchedAt: null, version: before.version + 1 };
  settle(draft, 'exception', {
    before,
    after,
    word: 'exception',
    label: exceptionLabel(draft, row, before.person),
    action: 'delete',
    details: [],
    events: [exceptionEvent('exception.ended', row, after, {})],
  });
}

function exceptionEvent(
  type: 'exception.created' | 'exception.changed' | 'exception.ended',
  row: Incompatibility,
  { id, person }: ConflictException,
  data: DomainEvent['data'],
): DomainEvent {
  return { type, subject: { kind: 'exception', id }, refs: { person, package: row.package }, data };
}

/** Who holds both sides and must be decided on, and what was decided, in words; everybody undecided is a problem. */
export function refuseUndecided(draft: Draft, affected: Affected): readonly Conflicting[] {
  return [...draft.holders.values()].flatMap(({ row, place, decided }): Conflicting[] => {
    const whom = toDecide(draft, row.id);
    const holders = (affected.pairs.get(row.id) ?? []).filter(({ person }) => whom === 'all' || whom.has(person));
    if (holders.length === 0) return [];
    const people = holders
      .map(({ person }) => ({ ...refOf(draft, person), decision: decided.get(person) ?? null }))
      .sort((a, b) => a.name.localeCompare(b.name) || a.key.localeCompare(b.key));
    const left = people.filter(({ decision }) => decision === null).map(({ name, key }) => `${name} (${key})`);
    const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : '';
    const isWritten = place.path.includes('incompatibleWith');
    if (left.length > 0)
      refuse(
        draft,
        place,
        `${isWritten ? '' : `${pairLabel(draft, row)}: `}${holding(left.length, 'both')} and nothing is decided on ${left.length === 1 ? 'that' : 'them'}: ` +
          `${left.slice(0, NAMED).join(', ')}${more}. Write each under "exceptions" (person, owner, until, reason) or "removals" (person, from, reason).${keptBy(draft)}`,
      );
    return [{ id: row.id, between: pairLabel(draft, row), people }];
  });
}

/** Whoever writes who leaves need not be who decides on those that hold both. */
function keptBy(draft: Draft): string {
  const left = leavers(draft).length;
  if (left === 0) return '';
  return ` Until then ${count(left, 'person who leaves keeps', 'people who leave keep')} all access: apply that in a file of its own, now.`;
}

/** On whom of those who hold both the files must decide: on all where it is new, on those whose exception they end or whom they bring into its group. */
export function toDecide(draft: Draft, incompatibility: string): 'all' | ReadonlySet<PersonId> {
  const row = draft.holders.get(incompatibility)?.row;
  const whom = new Set<PersonId>(row ? newcomersOf(draft, row) : []);
  for (const { noun, before, after } of draft.changes) {
    if (noun === 'incompatibility' && after.id === incompatibility && leavesUndecided(before, after)) return 'all';
    if (noun === 'exception' && after.incompatibility === incompatibility && after.state === 'ended')
      whom.add(after.person);
  }
  return whom;
}

/** The access that the files take from people who hold both, where they still do; `vain`: those who do not. */
export function removalsOf(
  draft: Draft,
  affected: Affected,
): { readonly removals: readonly Removing[]; readonly vain: readonly PlanLine[] } {
  const removals: Removing[] = [];
  const vain: PlanLine[] = [];
  for (const { incompatibility, person, package: from, reason } of draft.removals) {
    const row = draft.holders.get(incompatibility)?.row;
    const holder = affected.pairs.get(incompatibility)?.find((one) => one.person === person);
    const assignment = from === row?.package ? holder?.assignment : holder?.other;
    const label = `${draft.names.get(person) ?? person}: ${draft.names.get(from) ?? from}`;
    if (assignment) removals.push({ assignment, person, package: from, reason, label });
    else
      vain.push({
        id: null,
        action: 'note',
        noun: 'access',
        label,
        details: ['nothing is removed, both are not held; take this removal out of the file'],
      });
  }
  return { removals, vain };
}

function refOf(draft: Draft, person: PersonId): { readonly key: string; readonly name: string } {
  const known = draft.known.people.find(({ id }) => id === person);
  return { key: known?.directoryKey ?? person, name: draft.names.get(person) ?? person };
}

/** As the files leave it. */
function zoneOf(draft: Draft, person: PersonId): string {
  const changed = draft.changes.flatMap((one) => (one.noun === 'person' && one.after.id === person ? [one.after] : []));
  const now = changed[0] ?? draft.known.people.find(({ id }) => id === person);
  return now?.timeZone ?? draft.known.organization?.timeZone ?? 'UTC';
}

function exceptionLabel(draft: Draft, row: Incompatibility, person: PersonId): string {
  return `${draft.names.get(person) ?? person}, ${pairLabel(draft, row)}`;
}
