// The outgoing worker: claims rows in batches, works them side by side, and settles each; nothing slow ever happens in a click.
import { ChannelError } from '../chat/channel';
import { DomainError } from '../domain/errors';
import type { Log } from '../log';
import type { OutgoingRow } from '../operations/ports';
import { NotNow } from './gate';
import { place } from './place';
import type { PlaceParts } from './place';
import { codeOf, isFinal, redraw, tell, UNSURE } from './tell';
import type { TellParts } from './tell';
import type { Work } from './worker';
import { backoff, within } from './worker';

const BATCH = 20;
const LEASE_MS = 60_000;
/** A round waits this long for its rows. One that hangs longer goes on beside the next rounds and holds up none of them. */
const PATIENCE_MS = 3_000;
/** So many rows may be under way at once. */
const MOST_ROWS = 40;
/** A card is repaired for days, a role is taken away for ever; this is only how seldom at the end. */
const MOST_MS = 15 * 60_000;
/** What a platform may be away: only then, and after so many tries, is a message given up. Both count, so that one put back by hand is tried anew. */
const KEEP_TRYING_MS = 3 * 24 * 60 * 60_000;
/** What fails by a mistake of ours fails again; after this many tries it goes to the dead letters, with its reason. */
const MESSAGE_TRIES = 12;

/** The work of the outgoing table; of some kinds only, so that a system that hangs holds up nothing of another kind. */
export function delivering(
  parts: TellParts & PlaceParts & { readonly log: Log },
  kinds?: readonly OutgoingRow['kind'][],
  patienceMs: number = PATIENCE_MS,
): Work {
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const begin = (row: OutgoingRow): Promise<void> => {
    const working: Promise<void> = work(parts, row)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(working));
    underWay.add(working);
    return working;
  };
  const complain = (): void => {
    const [first] = failures.splice(0);
    if (first !== undefined) throw first instanceof Error ? first : new Error('a row could not be worked');
  };
  return {
    async round() {
      if (underWay.size >= MOST_ROWS) await Promise.race(underWay);
      // Always, not only when idle: whoever waits behind a lost lease may wait for his access to be taken.
      await parts.outbox.reap();
      const rows = await parts.outbox.claim(Math.min(BATCH, MOST_ROWS - underWay.size), LEASE_MS, kinds);
      await within(patienceMs, Promise.all(rows.map(begin)));
      complain();
      return rows.length;
    },
    async rest() {
      const left = underWay.size;
      await Promise.all(underWay);
      complain();
      return left;
    },
    nextAt: () => parts.outbox.nextAt(kinds),
    now: () => parts.desk.views.now(),
  };
}

async function work(parts: TellParts & PlaceParts & { readonly log: Log }, row: OutgoingRow): Promise<void> {
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
        await redraw(parts, row);
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
async function setback(
  parts: TellParts & PlaceParts & { readonly log: Log },
  row: OutgoingRow,
  facts: object,
  error: unknown,
): Promise<void> {
  // The lease was lost to another worker: its result counts, ours was rolled back.
  if (isStale(error)) throw error;
  if (isFinal(error) || (await isOver(parts, row, error))) {
    const code = isFinal(error) ? codeOf(error) : reasonOf(error, row.attempts)[0];
    parts.log.warn({ ...facts, code }, 'outgoing row given up');
    await parts.outbox.settle(row.lease, { state: 'dead', error: code });
    return;
  }
  const [code, wait] = reasonOf(error, row.attempts);
  if (!(error instanceof NotNow) && !(error instanceof ChannelError))
    parts.log.error({ ...facts, err: error }, 'outgoing row failed');
  else parts.log.debug({ ...facts, code, wait }, 'outgoing row waits');
  await parts.outbox.retry(row.lease, wait, code);
}

const isStale = (error: unknown): boolean => error instanceof DomainError && error.code === 'stale';

/** Whether it was tried long enough. Placements know themselves; who waits for his turn is never given up. */
async function isOver(parts: TellParts, row: OutgoingRow, error: unknown): Promise<boolean> {
  if (row.kind === 'place' || isRate(error) || row.attempts < MESSAGE_TRIES) return false;
  if (!(error instanceof ChannelError)) return true;
  const now = await parts.desk.views.now();
  return now.getTime() - row.createdAt.getTime() > KEEP_TRYING_MS;
}

function isRate(error: unknown): boolean {
  return error instanceof NotNow && (error.code === 'rate' || error.code === 'gate' || error.code === UNSURE);
}

function reasonOf(error: unknown, attempts: number): readonly [string, number] {
  const usual = backoff(attempts, MOST_MS);
  if (error instanceof NotNow) return [error.code, error.ms ?? usual];
  // A named time is obeyed exactly, never undercut.
  if (error instanceof ChannelError) return [error.code, error.retryAfterMs ?? usual];
  return ['error', usual];
}
