// The outgoing worker: claims rows in batches, works them side by side, and settles each; nothing slow ever happens in a click.
import { ChannelError } from '../chat/channel';
import { DomainError } from '../domain/errors';
import type { Log } from '../log';
import type { OutgoingRow } from '../operations/ports';
import { lookForCopy } from './copies';
import { KEEP_TRYING_MS, lateness } from './elsewhere';
import { NotNow } from './gate';
import { place } from './place';
import type { PlaceParts } from './place';
import { codeOf, isFinal, redraw, tell } from './tell';
import type { TellParts } from './tell';
import { sideBySide } from './side-by-side';
import type { Rows } from './side-by-side';
import { backoff } from './worker';

export type DeliverParts = TellParts & PlaceParts & { readonly log: Log };

/** So long a row waits whose worker ended without a word; who lives keeps what he works (side-by-side.ts). */
const LEASE_MS = 60_000;
/** A card is repaired for days, a role is taken away for ever; this is only how seldom at the end. */
const MOST_MS = 15 * 60_000;
/** What fails by a mistake of ours fails again; after this many tries it goes to the dead letters, with its reason. */
const MESSAGE_TRIES = 12;

// A connected system that hangs must not keep people from their messages.
const WORKERS: Readonly<Record<OutgoingRow['kind'], 'outgoing' | 'placing'>> = {
  tell: 'outgoing',
  redraw: 'outgoing',
  place: 'placing',
};

/** What each of the two workers of a process works. It takes back its own kinds alone, so each kind is one worker's. */
export const kindsOf = (worker: 'outgoing' | 'placing'): readonly OutgoingRow['kind'][] =>
  (Object.keys(WORKERS) as OutgoingRow['kind'][]).filter((kind) => WORKERS[kind] === worker);

/**
 * The work of the outgoing table; of some kinds only, so that a system that hangs holds up nothing of another kind. `clock` counts
 * milliseconds.
 */
export function delivering(
  parts: DeliverParts,
  kinds?: readonly OutgoingRow['kind'][],
  clock?: () => number,
): ReturnType<typeof sideBySide> {
  const { outbox } = parts;
  const rows: Rows<OutgoingRow> = {
    keep: (leases) => outbox.keep(leases, LEASE_MS),
    reap: (underWay) => outbox.reap(underWay, kinds),
    claim: (limit) => outbox.claim(limit, LEASE_MS, kinds),
    work: (row) => work(parts, row),
    nextAt: () => outbox.nextAt(kinds),
    now: () => parts.desk.views.now(),
  };
  return sideBySide(rows, clock);
}

async function work(parts: DeliverParts, row: OutgoingRow): Promise<void> {
  const facts = { trace: row.trace, row: row.lease.id, kind: row.kind, notice: row.notice, attempts: row.attempts };
  try {
    switch (row.kind) {
      case 'tell':
        if (row.person === null) {
          await parts.outbox.expand(row);
          return;
        }
        await tell(parts, row);
        break;
      case 'redraw':
        if (!(await (row.subject.kind === 'card' ? lookForCopy : redraw)(parts, row))) return;
        break;
      case 'place':
        await place(parts, row);
        return;
    }
    await parts.outbox.settle(row.lease, { state: 'done' });
  } catch (error) {
    try {
      await setback(parts, row, facts, error);
    } catch (stale) {
      if (!isStale(stale)) throw stale;
      // Even to say that it failed was too late.
      parts.log.info(facts, 'outgoing row was taken over');
    }
  }
}

/** What becomes of a row whose work did not end well. */
async function setback(parts: DeliverParts, row: OutgoingRow, facts: object, error: unknown): Promise<void> {
  // The lease was lost to another worker: its result counts, ours was rolled back.
  if (isStale(error)) throw error;
  if (isFinal(error) || (await isOver(parts, row, error))) {
    const code = isFinal(error) ? codeOf(error) : givenUp(row, error);
    parts.log.warn({ ...facts, code }, 'outgoing row given up');
    await parts.outbox.settle(row.lease, { state: 'dead', error: code });
    return;
  }
  const [code, usual] = reasonOf(error, row.attempts);
  // The gate keeps to a named time, so whoever comes back sooner for another place calls nobody too early.
  const late =
    row.kind === 'tell' && !(error instanceof NotNow && error.code === 'rate') ? await lateness(parts.desk, row) : 0;
  const wait = late < 0 ? Math.min(usual, -late) : usual;
  if (!(error instanceof NotNow) && !(error instanceof ChannelError))
    parts.log.error({ ...facts, err: error }, 'outgoing row failed');
  else parts.log.debug({ ...facts, code, wait }, 'outgoing row waits');
  await parts.outbox.retry(row.lease, wait, code, { tried: !(error instanceof NotNow) });
}

const isStale = (error: unknown): boolean => error instanceof DomainError && error.code === 'stale';

/** Whether it was tried long enough. Placements know themselves; who waits for his turn is never given up. */
async function isOver(parts: TellParts, row: OutgoingRow, error: unknown): Promise<boolean> {
  if (row.kind === 'place' || error instanceof NotNow || row.attempts < MESSAGE_TRIES) return false;
  if (!(error instanceof ChannelError)) return true;
  const now = await parts.desk.views.now();
  return now.getTime() - row.createdAt.getTime() > KEEP_TRYING_MS;
}

/** Who was not reached for days, because a platform was away or does not let us write, gets it back when they are heard again. */
function givenUp(row: OutgoingRow, error: unknown): string {
  const [code] = reasonOf(error, row.attempts);
  return row.kind === 'tell' && error instanceof ChannelError ? `unreachable: ${code}` : code;
}

function reasonOf(error: unknown, attempts: number): readonly [string, number] {
  const usual = backoff(attempts, MOST_MS);
  if (error instanceof NotNow) return [error.code, error.ms ?? usual];
  // A named time is obeyed exactly, never undercut.
  if (error instanceof ChannelError) return [error.code, error.retryAfterMs ?? usual];
  return ['error', usual];
}
