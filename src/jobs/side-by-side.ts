// Rows that are worked side by side: claimed in batches while there is room, begun, and left alone. One that hangs holds up no
// other, and no round waits for the rows of the one before it.
import type { Lease } from '../operations/ports';
import type { Work } from './worker';
import { within } from './worker';

const BATCH = 20;
/** So many rows may be under way at once: several targets that hang leave room for the others (gate.ts bounds each). */
const MOST_ROWS = 100;
/** Room for a good part of a batch is waited for, but not for long: a claim for each row costs more than the row. */
const ROOM = BATCH / 2;
const ROOM_MS = 50;
/** What ends may free the next row of its lane; several that end together are looked after together. */
const ENDED_MS = 20;
/** What hangs is not waited for longer, on either side of a row that is worked alone. */
const ALONE_MS = 5_000;
/** Whoever waits for what is under way still keeps it, so that is waited for no longer than a part of a lease at a time. */
const FULL_MS = 5_000;
/**
 * All calls have deadlines, but a row may make many. What takes longer than this hangs by a mistake of ours, and is left to its lease, so
 * that it is tried again.
 */
const KEEP_MS = 15 * 60_000;
/** A part of every lease, and longer than most rows take: what ends before needs no look at its lease. */
const LOOK_MS = 5_000;

export interface Rows<Row> {
  /** Renews the leases of what is under way, so that nobody takes over what is being worked, however slow those are whom it calls. */
  readonly keep: (leases: readonly Lease[]) => Promise<void>;
  /** Takes back what a worker has lost; never what is under way here, whatever the clock of the database did meanwhile. */
  readonly reap: (underWay: readonly Lease[]) => Promise<unknown>;
  readonly claim: (limit: number) => Promise<readonly Row[]>;
  /** Rejects only by a fault of ours or of the database. */
  readonly work: (row: Row) => Promise<void>;
  /** Whether nothing may be under way beside it. */
  readonly alone?: (row: Row) => boolean;
  readonly nextAt: () => Promise<Date | null>;
  readonly now: () => Promise<Date>;
}

/** The work of a table of rows. `clock` counts milliseconds, whatever the time is. */
export function sideBySide<Row extends { readonly lease: Lease }>(
  rows: Rows<Row>,
  clock: () => number = () => performance.now(),
): Work & Required<Pick<Work, 'rest'>> {
  const underWay = new Map<Promise<void>, { readonly lease: Lease; readonly since: number; looked: number }>();
  const failures: unknown[] = [];
  let ended: () => void = () => undefined;
  let telling = false;

  const begin = (row: Row): void => {
    const working: Promise<void> = rows
      .work(row)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        underWay.delete(working);
        if (telling) return;
        telling = true;
        setTimeout(() => {
          telling = false;
          ended();
        }, ENDED_MS).unref();
      });
    const since = clock();
    underWay.set(working, { lease: row.lease, since, looked: since });
  };
  const complain = (): void => {
    const [first] = failures.splice(0);
    if (first !== undefined) throw first instanceof Error ? first : new Error('a row could not be worked');
  };
  const enoughRoom = async (): Promise<void> => {
    while (underWay.size > MOST_ROWS - ROOM) await Promise.race(underWay.keys());
  };
  const alive = () => [...underWay.values()].filter(({ since }) => clock() - since < KEEP_MS);
  const keep = async (): Promise<void> => {
    const now = clock();
    const kept = alive().filter(({ looked }) => now - looked >= LOOK_MS);
    if (kept.length === 0) return;
    await rows.keep(kept.map(({ lease }) => lease));
    for (const one of kept) one.looked = now;
  };
  return {
    async round() {
      if (underWay.size > MOST_ROWS - ROOM) await within(ROOM_MS, enoughRoom());
      if (underWay.size >= MOST_ROWS) await within(FULL_MS, Promise.race(underWay.keys()));
      // Before what failed is told of, which ends the round: what is under way is no other's for that.
      await keep();
      complain();
      // Always, not only when idle: whoever waits behind a lost lease may wait for his access to be taken.
      await rows.reap(alive().map(({ lease }) => lease));
      const claimed = await rows.claim(Math.min(BATCH, MOST_ROWS - underWay.size));
      const isAlone = claimed.some((row) => rows.alone?.(row) === true);
      if (isAlone) await within(ALONE_MS, Promise.all(underWay.keys()));
      for (const row of claimed) begin(row);
      if (isAlone) await within(ALONE_MS, Promise.all(underWay.keys()));
      return claimed.length;
    },
    async rest() {
      const left = underWay.size;
      while (underWay.size > 0) {
        await keep();
        await within(FULL_MS, Promise.all(underWay.keys()));
      }
      complain();
      return left;
    },
    nextAt: rows.nextAt,
    now: rows.now,
    whenEnded(wake) {
      ended = wake;
    },
  };
}
