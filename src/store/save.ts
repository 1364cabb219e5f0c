// The only writer of governed tables: the rows of a Change, or of those of several acts, their audit events and what follows, in one
// data-changing statement. Fewer rows than expected means that somebody else was first; the statement itself fails then (usher_expect).
import type { Change, GovernedNouns, GrantLink, RowChange } from '../domain/events';
import type { TxQuery } from './query';
import { Statement } from './query';
import type { Table } from './tables';
import { fieldsOf, governed, toRow } from './tables';
import type { ChangedRow, Recorded, Signature } from './tail';
import { addEvents } from './tail';

type Noun = keyof GovernedNouns;
interface Written {
  readonly noun: Noun;
  readonly row: ChangedRow;
  readonly inserts: boolean;
  /** Takes a place that only one row may have, so it is written after the row that leaves it. */
  readonly entering: boolean;
}

// What a row without an event of its own is part of; everything else is part of a request.
const PART_OF: Readonly<Record<string, string>> = { justifications: 'assignment_id', manual_tasks: 'grant_id' };
const NOUNS = Object.keys(governed) as readonly Noun[];

/** A change and who makes it. */
export interface Saved {
  readonly change: Change;
  readonly signature: Signature;
}

/**
 * Writes changes, with the next statement or COMMIT; tells how many outgoing rows they made. Those of several acts must be about
 * different people: all of it is written at once, so none of them sees what another one changes.
 */
export async function saveChanges(q: TxQuery, given: readonly Saved[], sent: (rows: number) => void): Promise<void> {
  const acts = given
    .filter(({ change }) =>
      [change.rows, change.links, change.withdrawals, change.events].some((part) => part.length > 0),
    )
    .map(({ change, signature }) => ({ change, signature, written: change.rows.map(check) }));
  if (acts.length === 0) return;
  const written = acts.flatMap((one) => one.written);
  const keys = new Set(written.map(({ row }) => `${row.table}:${row.id}`));
  if (keys.size < written.length) throw new Error('two changes of one row in a save');

  const statement = new Statement();
  const expected: Record<string, number> = {};
  for (const noun of NOUNS) {
    const rows = written.filter((one) => one.noun === noun);
    addRows(
      statement,
      expected,
      noun,
      rows.filter((one) => !one.inserts),
    );
    addInserts(
      statement,
      expected,
      noun,
      rows.filter((one) => one.inserts),
    );
  }
  const links = acts.flatMap(({ change }) => change.links.map((link) => linkRow(link)));
  if (links.length > 0) {
    statement.part(
      'linked',
      `insert into grant_assignments (grant_id, assignment_id)
       select grant_id, assignment_id from jsonb_to_recordset(${statement.json(links)}) as r (grant_id uuid, assignment_id uuid)
       on conflict (grant_id, assignment_id) do update set withdrawn_at = null where grant_assignments.withdrawn_at is not null`,
    );
  }
  const withdrawals = acts.flatMap(({ change, signature }) =>
    change.withdrawals.map((link) => ({ ...linkRow(link), at: signature.now.toISOString() })),
  );
  if (withdrawals.length > 0) {
    expected['withdrawn'] = withdrawals.length;
    statement.part(
      'withdrawn',
      `update grant_assignments l set withdrawn_at = r.at
       from jsonb_to_recordset(${statement.json(withdrawals)}) as r (grant_id uuid, assignment_id uuid, at timestamptz)
       where l.grant_id = r.grant_id and l.assignment_id = r.assignment_id and l.withdrawn_at is null returning l.grant_id`,
    );
  }
  // Which event is whose is told by their number (tail.ts).
  expected['audited'] = acts.reduce((sum, { change }) => sum + change.events.length, 0);
  addEvents(
    statement,
    acts.map((one) => ({
      recorded: home(
        one.change,
        one.written.map(({ row }) => row),
      ),
      signature: one.signature,
    })),
  );
  const found = Object.entries(expected).map(
    ([part, count]) => `usher_expect('${part}', (select count(*) from ${part}), ${statement.bind(count)}::integer)`,
  );
  await statement.later(
    q,
    `select ${[...found, '(select count(*)::integer from sent) as sent'].join(', ')}`,
    ([row]) => {
      sent((row as { sent: number }).sent);
    },
  );
}

function linkRow({ grant, assignment }: GrantLink) {
  return { grant_id: grant, assignment_id: assignment };
}

function check(change: RowChange): Written {
  // One type for all nouns: the pair of table and values is right by construction of RowChange.
  const table = governed[change.noun] as Table<object>;
  const before: object | null = change.before;
  if (before && 'version' in change.after) {
    const seen = 'version' in before ? before.version : null;
    if (change.after.version !== Number(seen) + 1) throw new Error(`version of ${change.noun} must rise by one`);
  } else if (before) {
    throw new Error(`${change.noun} is recorded once and never changed`);
  }
  const row: ChangedRow = {
    table: table.table,
    id: change.after.id,
    before: before && toRow(table, before),
    after: toRow(table, change.after),
    personal: new Set(
      fieldsOf(table)
        .filter((field) => field.personal)
        .map((field) => field.column),
    ),
  };
  return {
    noun: change.noun,
    row,
    inserts: before === null,
    entering: change.noun === 'stage' && change.after.state === 'inProgress',
  };
}

// A unique index is checked row by row. So that one stage can close and the next one open in one save, rows that enter a
// place are updated after those that leave it, and inserts come last. Reading the count of the earlier part forces that
// order: parts of a WITH that do not read each other run in any.
function addRows(statement: Statement, expected: Record<string, number>, noun: Noun, rows: readonly Written[]): void {
  const leaving = rows.filter((one) => !one.entering);
  const entering = rows.filter((one) => one.entering);
  addUpdate(statement, expected, noun, `${noun}_left`.toLowerCase(), leaving, null);
  const after = leaving.length > 0 ? `${noun}_left`.toLowerCase() : null;
  addUpdate(statement, expected, noun, `${noun}_entered`.toLowerCase(), entering, after);
}

function addUpdate(
  statement: Statement,
  expected: Record<string, number>,
  noun: Noun,
  part: string,
  rows: readonly Written[],
  after: string | null,
): void {
  if (rows.length === 0) return;
  expected[part] = rows.length;
  const fields = fieldsOf(governed[noun] as Table<object>).filter((field) => !field.given);
  const set = fields.filter((field) => field.column !== 'id').map(({ column }) => `${column} = r.${column}`);
  statement.part(
    part,
    `update ${governed[noun].table} t set ${set.join(', ')}
     from jsonb_to_recordset(${statement.json(rows.map((one) => one.row.after))})
       as r (${fields.map(({ column, type }) => `${column} ${type}`).join(', ')})
     where t.id = r.id and t.version = r.version - 1${order(after)}
     returning t.id`,
  );
}

function addInserts(
  statement: Statement,
  expected: Record<string, number>,
  noun: Noun,
  rows: readonly Written[],
): void {
  if (rows.length === 0) return;
  const part = `${noun}_new`.toLowerCase();
  const before = Object.keys(expected).filter((one) => one.startsWith(`${noun.toLowerCase()}_`));
  expected[part] = rows.length;
  const fields = fieldsOf(governed[noun] as Table<object>).filter((field) => !field.given);
  const columns = fields.map(({ column }) => column).join(', ');
  statement.part(
    part,
    `insert into ${governed[noun].table} (${columns})
     select ${columns} from jsonb_to_recordset(${statement.json(rows.map((one) => one.row.after))})
       as r (${fields.map(({ column, type }) => `${column} ${type}`).join(', ')})
     where true${before.map(order).join('')}
     returning id`,
  );
}

function order(after: string | null): string {
  return after === null ? '' : ` and (select count(*) from ${after}) >= 0`;
}

// Each row belongs to the event that covers it, else to the first about it, else to the first about what it is part of, else to the
// first event: nothing changes without standing in the trail.
function home(change: Change, rows: readonly ChangedRow[]): readonly Recorded[] {
  const [first] = change.events;
  if (rows.length > 0 && first === undefined) throw new Error('rows are changed without an event');
  const recorded = change.events.map((event) => ({ event, rows: [] as ChangedRow[] }));
  for (const row of rows) {
    const whole = row.after[PART_OF[row.table] ?? 'request_id'] ?? null;
    const event =
      change.events.find(({ covers }) => covers?.includes(row.id)) ??
      change.events.find(({ subject }) => subject.id === row.id) ??
      change.events.find(({ subject }) => subject.id === whole) ??
      first;
    recorded.find((one) => one.event === event)?.rows.push(row);
  }
  return recorded;
}
