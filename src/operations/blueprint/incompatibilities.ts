// What packages are incompatible with, and what becomes of those who hold both (rule 3.13): a recorded exception, or a removal, for
// each of them by name.
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
import type { Affected, PackageConfig } from '../ports';
import type { Shelf } from './catalogs';
import {
  at,
  differences,
  refuse,
  settle,
  type Decided,
  type Draft,
  type Entry,
  type PlanLine,
  type Register,
} from './draft';
import { endExceptionPolicy, settleExceptionPolicy } from './exception-policies';
import type { People } from './people';
import type { Place } from './read';
import type { ConflictText, PackageText } from './schema';
import { holding } from './words';

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

interface Wish {
  readonly text: ConflictText;
  readonly place: Place;
  readonly package: PackageId;
  readonly other: PackageId | GroupId;
  readonly isPackage: boolean;
  readonly mutual: boolean;
}

/**
 * A pair is written once, in either package; a list that is written is complete for the pairs that it named before. One row stands
 * for a pair that is mutual: two would ask whoever holds one of it for two exceptions.
 */
export function settleIncompatibilities(draft: Draft, found: People, shelves: readonly Shelf[], names: Register): void {
  const lists = shelves.flatMap(({ packages }) =>
    packages.filter(({ text }) => text.incompatibleWith !== undefined || text.state === 'deleted'),
  );
  const complete = new Set<string>(lists.map(({ id }) => id));
  const gone = new Set<string>(lists.filter(({ text }) => text.state === 'deleted').map(({ id }) => id));
  const active = draft.known.incompatibilities.filter((one) => one.state === 'active');
  const kept = active.filter((row) => row.otherPackage === null || !gone.has(row.otherPackage));
  const wishes = agreed(
    lists.flatMap((entry) => wishesOf(draft, found, names, entry)),
    kept.filter((row) => !complete.has(row.package)),
  );
  for (const row of active) if (!kept.includes(row)) end(draft, row);

  const standing: Incompatibility[] = [];
  const isOpen = (wish: Wish): boolean => !standing.some((row) => stands(row, wish));
  const left: Incompatibility[] = [];
  for (const row of kept) {
    if (!wishes.some((wish) => stands(row, wish) && isOpen(wish))) left.push(row);
    else {
      standing.push(row);
      if (complete.has(row.package)) draft.unchanged += 1;
    }
  }
  // The row of the list that names the pair goes on before that of the other side.
  const isNamed = (row: Incompatibility): boolean => wishes.some((wish) => isSameSide(row, wish));
  for (const row of [...left.filter(isNamed), ...left.filter((one) => !isNamed(one))]) {
    const fitting = wishes.filter((wish) => turns(row, wish));
    const turned = fitting.find(isOpen);
    if (turned) standing.push(turn(draft, row, turned.mutual));
    else if (fitting.length > 0 || complete.has(row.package)) end(draft, row);
    else standing.push(row);
  }
  for (const wish of wishes) {
    if (isOpen(wish)) standing.push(create(draft, wish));
  }
  for (const row of standing) {
    const written = wishes.filter((wish) => stands(row, wish));
    if (written.length === 0) continue;
    settleExceptionPolicy(draft, found, row, pairLabel(draft, row), written);
    settleHolders(draft, found, names, row, written);
  }
}

function wishesOf(
  draft: Draft,
  found: People,
  names: Register,
  { text, place, id }: Entry<PackageText, PackageConfig>,
): Wish[] {
  if (text.state === 'deleted') return [];
  const seen = new Set<string>();
  return (text.incompatibleWith ?? []).flatMap((one, n): Wish[] => {
    const here = at(place, 'incompatibleWith', n);
    const isPackage = one.package !== undefined;
    const other = one.package !== undefined ? names.find(here, one.package) : found.groups.find(here, one.group ?? '');
    if (other === null) return [];
    if (other === id) {
      refuse(draft, here, `"${text.name}" cannot be incompatible with itself. Name another package.`);
      return [];
    }
    if (seen.has(other)) {
      refuse(draft, here, `"${draft.names.get(other) ?? other}" is in this list twice. Keep one of them.`);
      return [];
    }
    seen.add(other);
    return [
      {
        text: one,
        place: here,
        package: id as PackageId,
        other: other as PackageId | GroupId,
        isPackage,
        mutual: isPackage && one.mutual !== false,
      },
    ];
  });
}

/** What is mutual by the other side is mutual: by its line, or by what stands of a list that is not written. */
function agreed(wishes: readonly Wish[], unlisted: readonly Incompatibility[]): Wish[] {
  return wishes.map((wish) => {
    const isMutual =
      wishes.some((one) => one.mutual && one.package === wish.other && one.other === wish.package) ||
      unlisted.some((row) => row.mutual && isOtherSide(row, wish));
    return { ...wish, mutual: wish.mutual || isMutual };
  });
}

function isSameSide(row: Incompatibility, wish: Wish): boolean {
  return row.package === wish.package && (row.otherPackage ?? row.otherGroup) === wish.other;
}

function isOtherSide(row: Incompatibility, wish: Wish): boolean {
  return row.package === wish.other && row.otherPackage === wish.package;
}

/** Whether the row says what is wished: the same pair, or a mutual one written from the other side. */
function stands(row: Incompatibility, wish: Wish): boolean {
  return (isSameSide(row, wish) || (isOtherSide(row, wish) && row.mutual)) && row.mutual === wish.mutual;
}

/** Whether the row says what is wished but for one side of it: then it goes on, with its exceptions and those that are asked for. */
function turns(row: Incompatibility, wish: Wish): boolean {
  return (isSameSide(row, wish) && row.mutual !== wish.mutual) || (isOtherSide(row, wish) && wish.mutual);
}

function turn(draft: Draft, before: Incompatibility, mutual: boolean): Incompatibility {
  const after: Incompatibility = { ...before, mutual, version: before.version + 1 };
  settle(draft, 'incompatibility', {
    before,
    after,
    word: 'incompatibility',
    label: pairLabel(draft, after),
    action: 'change',
    details: differences(draft, before, after).map(({ detail }) => detail),
    events: [
      {
        type: 'incompatibility.changed',
        subject: { kind: 'incompatibility', id: after.id },
        refs: { package: after.package },
        data: { mutual },
      },
    ],
  });
  return after;
}

function end(draft: Draft, row: Incompatibility): void {
  settle(draft, 'incompatibility', {
    before: row,
    after: { ...row, state: 'ended', version: row.version + 1 },
    word: 'incompatibility',
    label: pairLabel(draft, row),
    action: 'delete',
    details: [],
    events: [
      {
        type: 'incompatibility.ended',
        subject: { kind: 'incompatibility', id: row.id },
        refs: { package: row.package },
        data: {},
      },
    ],
  });
  for (const one of draft.known.exceptions) if (one.incompatibility === row.id) endException(draft, row, one);
  endExceptionPolicy(draft, row, 'the incompatibility ends');
}

function create(draft: Draft, wish: Wish): Incompatibility {
  const after: Incompatibility = {
    id: draft.newId(),
    package: wish.package,
    otherPackage: wish.isPackage ? (wish.other as PackageId) : null,
    otherGroup: wish.isPackage ? null : (wish.other as GroupId),
    mutual: wish.mutual,
    state: 'active',
    version: 1,
  };
  settle(draft, 'incompatibility', {
    before: null,
    after,
    word: 'incompatibility',
    label: pairLabel(draft, after),
    action: 'create',
    details: [],
    events: [
      {
        type: 'incompatibility.created',
        subject: { kind: 'incompatibility', id: after.id },
        refs: { package: after.package },
        data: { mutual: after.mutual },
      },
    ],
  });
  return after;
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
    if (left.length > 0)
      refuse(
        draft,
        place,
        `${holding(left.length, 'both')} and nothing is decided on ${left.length === 1 ? 'that' : 'them'}: ` +
          `${left.slice(0, NAMED).join(', ')}${more}. Write each under "exceptions" (person, owner, until, reason) or "removals" (person, from, reason).`,
      );
    return [{ id: row.id, between: pairLabel(draft, row), people }];
  });
}

/** On whom of those who hold both the files must decide: on all where it is new, on those whose exception they end. */
export function toDecide(draft: Draft, incompatibility: string): 'all' | ReadonlySet<PersonId> {
  const ended = new Set<PersonId>();
  for (const { noun, before, after } of draft.changes) {
    if (noun === 'incompatibility' && after.id === incompatibility && leavesUndecided(before, after)) return 'all';
    if (noun === 'exception' && after.incompatibility === incompatibility && after.state === 'ended')
      ended.add(after.person);
  }
  return ended;
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

function pairLabel(draft: Draft, { package: one, otherPackage, otherGroup, mutual }: Incompatibility): string {
  const name = (id: string | null): string => (id === null ? '' : (draft.names.get(id) ?? id));
  return `${name(one)} ${mutual ? '↔' : '→'} ${otherGroup ? 'group ' : ''}${name(otherPackage ?? otherGroup)}`;
}
