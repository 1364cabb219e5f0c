// The outgoing worker: claims rows in batches, works them side by side, and settles each; nothing slow ever happens in a click.
import { ChannelError } from '../chat/channel';
import { DomainError } from '../domain/errors';
import type { Log } from '../log';
import type { OutgoingRow } from '../operations/ports';
import { place } from './place';
import type { PlaceParts } from './place';
import { Never, NotNow, redraw, tell } from './tell';
import type { TellParts } from './tell';
import type { Work } from './worker';
import { backoff } from './worker';

const BATCH = 20;
const LEASE_MS = 60_000;
/** A card is repaired for days, a role is taken away for ever; this is only how seldom at the end. */
const MOST_MS = 15 * 60_000;
/** A message that could not be sent after this many tries goes to the dead letters, with its reason. */
const MESSAGE_TRIES = 12;

/** The work of the outgoing table. */
export function delivering(parts: TellParts & PlaceParts & { readonly log: Log }): Work {
  return {
    async round() {
      const rows = await parts.outbox.claim(BATCH, LEASE_MS);
      if (rows.length === 0) return parts.outbox.reap();
      await Promise.all(rows.map((row) => work(parts, row)));
      return rows.length;
    },
    nextAt: () => parts.outbox.nextAt(),
    now: () => parts.desk.views.now(),
  };
}

async function work(parts: TellParts & PlaceParts & { readonly log: Log }, row: OutgoingRow): Promise<void> {
  const facts = { row: row.lease.id, kind: row.kind, notice: row.notice, attempts: row.attempts };
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
    if (
      error instanceof Never ||
      (error instanceof ChannelError && error.kind !== 'later') ||
      (row.kind === 'tell' && row.attempts >= MESSAGE_TRIES && !isRate(error))
    ) {
      const reason =
        error instanceof ChannelError ? error.code : error instanceof Error ? error.message.slice(0, 200) : 'failed';
      parts.log.warn({ ...facts, code: reason }, 'outgoing row given up');
      await parts.outbox.settle(row.lease, { state: 'dead', error: reason });
      return;
    }
    if (error instanceof DomainError && error.code === 'stale') {
      // The lease was lost to another worker: its result counts, ours was rolled back.
      parts.log.info(facts, 'outgoing row was taken over');
      return;
    }
    const [code, wait] = reasonOf(error, row.attempts);
    if (!(error instanceof NotNow) && !(error instanceof ChannelError))
      parts.log.error({ ...facts, err: error }, 'outgoing row failed');
    else parts.log.debug({ ...facts, code, wait }, 'outgoing row waits');
    await parts.outbox.retry(row.lease, wait, code);
  }
}

function isRate(error: unknown): boolean {
  return error instanceof NotNow && (error.code === 'rate' || error.code === 'gate');
}

function reasonOf(error: unknown, attempts: number): readonly [string, number] {
  const usual = backoff(attempts, MOST_MS);
  if (error instanceof NotNow) return [error.code, error.ms ?? usual];
  // A named time is obeyed exactly, never undercut.
  if (error instanceof ChannelError) return [error.code, error.retryAfterMs ?? usual];
  return ['error', usual];
}
