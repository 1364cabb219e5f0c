// The inbound worker: events and messages that were stored before they were acknowledged go through the same door as a click,
// and are answered through their channel.
import type { Channel, Conversation } from '../chat/channel';
import { ChannelError } from '../chat/channel';
import type { Inbound, Reply } from '../chat/inbound';
import { traceOf } from '../chat/trace';
import type { Log } from '../log';
import type { Desk, InboundRow, InboundStore, Outbox, Watch } from '../operations/ports';
import { NotNow, throughGate } from './gate';
import type { Work } from './worker';
import { backoff } from './worker';

const BATCH = 20;
const LEASE_MS = 30_000;
const MOST_MS = 60_000;
const TRIES = 8;
/** An event whose worker ended so often without a word is taken for what ended it. */
const LOST_TRIES = 5;

export interface ReceiveParts {
  readonly desk: Desk;
  readonly inbound: InboundStore;
  /** Its gates: answers wait at the same ones as messages. */
  readonly outbox: Pick<Outbox, 'pass' | 'hold'>;
  readonly conversation: Conversation;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly watch?: Watch;
  readonly log: Log;
}

/** The work of the inbound table. */
export function receiving(parts: ReceiveParts): Work {
  return {
    async round() {
      for (const { id, platform, delivery, attempts } of await parts.inbound.reap(LOST_TRIES)) {
        parts.watch?.delivered(platform, 'answer', 'failed');
        parts.log.error(
          { trace: traceOf({ platform: platform as Inbound['platform'], delivery }), row: id, attempts, code: 'lost' },
          'stored event given up: its worker ended each time without a word',
        );
      }
      const rows = await parts.inbound.claim(BATCH, LEASE_MS);
      await Promise.all(rows.map((row) => work(parts, row)));
      return rows.length;
    },
    nextAt: () => Promise.resolve(null),
    now: () => parts.desk.views.now(),
  };
}

async function work(parts: ReceiveParts, row: InboundRow): Promise<void> {
  // Written by `accept` from a verified delivery; jsonb gives back what was stored.
  const inbound = row.payload as Inbound;
  const channel = parts.channels.get(inbound.platform);
  if (!channel) {
    await parts.inbound.settle(row.lease, { state: 'dead', error: 'no channel' });
    return;
  }
  try {
    const reply = await parts.conversation.handle(inbound);
    if (reply.kind !== 'none') await answer(parts, channel, inbound, reply);
    await parts.inbound.settle(row.lease, { state: 'done' });
  } catch (error) {
    if (error instanceof NotNow) {
      // Not tried: who waits for his turn is never given up.
      await parts.inbound.retry(row.lease, error.ms ?? backoff(row.attempts, MOST_MS), error.code, { tried: false });
      return;
    }
    const code = error instanceof ChannelError ? error.code : 'error';
    const again = (!(error instanceof ChannelError) || error.kind === 'later') && row.attempts < TRIES;
    parts.log[again ? 'info' : 'warn'](
      { trace: traceOf(inbound), row: row.lease.id, code, ...(error instanceof ChannelError ? {} : { err: error }) },
      'stored event not answered',
    );
    if (again)
      await parts.inbound.retry(
        row.lease,
        error instanceof ChannelError
          ? (error.retryAfterMs ?? backoff(row.attempts, MOST_MS))
          : backoff(row.attempts, MOST_MS),
        code,
      );
    else await parts.inbound.settle(row.lease, { state: 'dead', error: code });
  }
}

async function answer(parts: ReceiveParts, channel: Channel, inbound: Inbound, reply: Reply): Promise<void> {
  await throughGate(parts.outbox, inbound, async () => {
    try {
      await channel.answer(inbound, reply);
      parts.watch?.delivered(channel.platform, 'answer', 'done');
    } catch (error) {
      parts.watch?.delivered(channel.platform, 'answer', error instanceof ChannelError ? error.kind : 'failed');
      throw error;
    }
  });
}
