// Which pairs do not go together: what the lists of packages say of each, and the one row that stands for it.
import type { DomainEvent } from '../../domain/events';
import type { GroupId, Incompatibility, PackageId } from '../../domain/model';
import type { PackageConfig } from '../ports';
import type { Shelf } from './catalogs';
import { at, differences, refuse, settle, type Draft, type Entry, type Register } from './draft';
import type { People } from './people';
import type { Place } from './read';
import type { ConflictText, PackageText } from './schema';

/** One line of a list of a file. */
export interface Wish {
  readonly text: ConflictText;
  readonly place: Place;
  readonly package: PackageId;
  readonly other: PackageId | GroupId;
  readonly isPackage: boolean;
  readonly mutual: boolean;
}

/** The rows by now, each with the lines of the files that say it, and those that say nothing any more. */
export interface Settled {
  readonly standing: readonly { readonly row: Incompatibility; readonly written: readonly Wish[] }[];
  readonly ended: readonly Incompatibility[];
}

/**
 * A list that is written is complete; of one that is not, the rows know what it said. One row stands for a pair that is mutual by
 * either list: two would ask whoever holds one of it for two exceptions.
 */
export function settlePairs(draft: Draft, found: People, shelves: readonly Shelf[], names: Register): Settled {
  const lists = shelves.flatMap(({ packages }) =>
    packages.filter(({ text }) => text.incompatibleWith !== undefined || text.state === 'deleted'),
  );
  const complete = new Set<string>(lists.map(({ id }) => id));
  const gone = new Set<string>(lists.filter(({ text }) => text.state === 'deleted').map(({ id }) => id));
  const active = draft.known.incompatibilities.filter((one) => one.state === 'active');
  const wishes = lists.flatMap((entry) => wishesOf(draft, found, names, entry));
  const remembered = active
    .flatMap(linesOf)
    .filter((line) => !complete.has(line.package) && !gone.has(line.package) && !gone.has(line.other));
  const wanted = toStand([...remembered, ...wishes], active);

  const standing: Incompatibility[] = [];
  const open = new Map(active.map((row) => [pairOf(row.package, otherOf(row)), row]));
  const take = (pair: string, want: Wanted, fits = true): void => {
    const row = open.get(pair);
    if (row === undefined || !(fits || row.mutual)) return;
    open.delete(pair);
    wanted.delete(want);
    standing.push(settled(draft, row, want));
    if (complete.has(want.package) && isSame(row, want)) draft.unchanged += 1;
  };
  // A row goes on for the list that it stood for, else for its pair, with its exceptions and those that are asked for.
  for (const want of [...wanted]) take(pairOf(want.package, want.other), want);
  for (const want of [...wanted]) take(pairOf(want.other, want.package), want, want.mutual);
  const ended = [...open.values()];
  for (const row of ended) {
    const unwritten = row.otherPackage !== null && !complete.has(row.otherPackage) ? row.otherPackage : null;
    end(draft, row, unwritten);
  }
  for (const want of wanted) standing.push(create(draft, want));
  return {
    standing: standing.map((row) => ({ row, written: wishes.filter((wish) => saysOf(row, wish)) })),
    ended,
  };
}

/** What one list says of one other package or group. */
type ListLine = Pick<Wish, 'package' | 'other' | 'isPackage' | 'mutual'>;
/** A row that has to stand; `otherList`: what the other package's list says of it. */
type Wanted = ListLine & Pick<Incompatibility, 'otherList'>;

/** The lines that made the row: that of its package, and that of the other one's list. */
function linesOf(row: Incompatibility): ListLine[] {
  const { package: own, otherPackage, mutual, otherList } = row;
  const line = { package: own, other: otherOf(row), isPackage: otherPackage !== null, mutual };
  if (otherPackage === null || otherList === null) return [line];
  return [line, { package: otherPackage, other: own, isPackage: true, mutual: otherList === 'mutual' }];
}

const pairOf = (one: string, other: string): string => `${one} ${other}`;

function otherOf({ otherPackage, otherGroup }: Incompatibility): PackageId | GroupId {
  const other = otherPackage ?? otherGroup;
  if (other === null) throw new Error('an incompatibility with nothing');
  return other;
}

/**
 * The rows that the lines ask for. Of two lines of a pair where one says mutual there is one row, of the list that says so; where both
 * do, of the one that it is of already.
 */
function toStand(lines: readonly ListLine[], active: readonly Incompatibility[]): Set<Wanted> {
  const rows = new Set(active.map((row) => pairOf(row.package, otherOf(row))));
  const rank = (line: ListLine): number =>
    (line.mutual ? 4 : 0) + (rows.has(pairOf(line.package, line.other)) ? 2 : 0) + (line.package < line.other ? 1 : 0);
  const known = new Map(lines.map((line) => [pairOf(line.package, line.other), line]));
  const wanted = new Set<Wanted>();
  for (const line of known.values()) {
    const back = known.get(pairOf(line.other, line.package));
    if (!back || (!line.mutual && !back.mutual)) wanted.add({ ...line, otherList: null });
    else if (rank(line) > rank(back)) wanted.add({ ...line, otherList: back.mutual ? 'mutual' : 'oneWay' });
  }
  return wanted;
}

/** Whether the line is one of those that the row stands for. */
function saysOf(row: Incompatibility, wish: Wish): boolean {
  return linesOf(row).some((line) => line.package === wish.package && line.other === wish.other);
}

function isSame(row: Incompatibility, want: Wanted): boolean {
  return row.package === want.package && row.mutual === want.mutual && row.otherList === want.otherList;
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

function settled(draft: Draft, before: Incompatibility, want: Wanted): Incompatibility {
  if (isSame(before, want)) return before;
  const { package: own, mutual, otherList } = want;
  const otherPackage = want.isPackage ? (want.other as PackageId) : null;
  const after: Incompatibility = {
    ...before,
    package: own,
    otherPackage,
    mutual,
    otherList,
    version: before.version + 1,
  };
  write(draft, before, after, 'change', { mutual });
  return after;
}

/** `unwritten`: the other package, where its list is in none of these files. Of an older row nobody knows whether that names the pair. */
function end(draft: Draft, row: Incompatibility, unwritten: PackageId | null): void {
  const [own, other] = [row.package, unwritten].map((id) => draft.names.get(id ?? '') ?? '');
  const details = row.mutual && unwritten ? [`apply the list of "${other}" as well if it names "${own}"`] : [];
  write(draft, row, { ...row, state: 'ended', version: row.version + 1 }, 'delete', {}, details);
}

function create(draft: Draft, want: Wanted): Incompatibility {
  const after: Incompatibility = {
    id: draft.newId(),
    package: want.package,
    otherPackage: want.isPackage ? (want.other as PackageId) : null,
    otherGroup: want.isPackage ? null : (want.other as GroupId),
    mutual: want.mutual,
    otherList: want.otherList,
    state: 'active',
    version: 1,
  };
  write(draft, null, after, 'create', { mutual: after.mutual });
  return after;
}

const EVENTS = {
  create: 'incompatibility.created',
  change: 'incompatibility.changed',
  delete: 'incompatibility.ended',
} as const;

function write(
  draft: Draft,
  before: Incompatibility | null,
  after: Incompatibility,
  action: keyof typeof EVENTS,
  data: DomainEvent['data'],
  details = action === 'change' && before ? differences(draft, before, after).map(({ detail }) => detail) : [],
): void {
  settle(draft, 'incompatibility', {
    before,
    after,
    word: 'incompatibility',
    label: pairLabel(draft, after),
    action,
    details,
    events: [
      {
        type: EVENTS[action],
        subject: { kind: 'incompatibility', id: after.id },
        refs: { package: after.package },
        data,
      },
    ],
  });
}

/** How a pair is called in a plan. */
export function pairLabel(draft: Draft, { package: one, otherPackage, otherGroup, mutual }: Incompatibility): string {
  const name = (id: string | null): string => (id === null ? '' : (draft.names.get(id) ?? id));
  return `${name(one)} ${mutual ? '↔' : '→'} ${otherGroup ? 'group ' : ''}${name(otherPackage ?? otherGroup)}`;
}
