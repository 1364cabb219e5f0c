// The inbound worker: events and messages that were stored before they were acknowledged go through the same door as a click,
// and are answered through their channel.
import type { Channel, Conversation, MessageRef } from '../chat/channel';
import { ChannelError, replacedBy } from '../chat/channel';
import type { Inbound, Reply } from '../chat/inbound';
import { traceOf } from '../chat/trace';
import { PREVIEW } from '../chat/verb';
import { waits } from '../chat/who';
import type { Log } from '../log';
import type { Desk, InboundRow, InboundStore, Watch } from '../operations/ports';
import { enterAnswers, enterEdits, enterPreviews, gateOf, NotNow, paceOf } from './gate';
import type { Gates } from './gate';
import { sideBySide } from './side-by-side';
import type { Rows } from './side-by-side';
import { backoff, within } from './worker';

/** So long an event waits whose worker ended without a word; who lives keeps what he works (side-by-side.ts). */
const LEASE_MS = 30_000;
const MOST_MS = 60_000;
const TRIES = 8;
/** Somebody known already is recognized without a profile, so a slow answer costs newcomers only. */
const PROFILE_MS = 3_000;
/** So long a card beside a link may come later. */
const MOMENT_MS = 3_000;
/** An event whose worker ended so often without a word is taken for what ended it. */
const MOST_LOST = 5;

export interface ReceiveParts {
  readonly desk: Desk;
  readonly inbound: InboundStore;
  /** Answers wait at the same ones as messages, and go first; how many new ones a person gets is counted as `enterAnswers` says. */
  readonly gates: Gates;
  readonly conversation: Conversation;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly watch?: Watch;
  readonly log: Log;
}

/** The work of the inbound table. `clock` counts milliseconds. */
export function receiving(parts: ReceiveParts, clock?: () => number): ReturnType<typeof sideBySide> {
  const rows: Rows<InboundRow> = {
    keep: (leases) => parts.inbound.keep(leases, LEASE_MS),
    reap: async (underWay) => {
      for (const { id, platform, delivery, lost } of await parts.inbound.reap(MOST_LOST, underWay)) {
        parts.watch?.delivered(platform, 'answer', 'failed');
        parts.log.error(
          { trace: traceOf({ platform: platform as Inbound['platform'], delivery }), row: id, lost, code: 'lost' },
          'stored event given up: its worker ended each time without a word',
        );
      }
    },
    claim: (limit) => parts.inbound.claim(limit, LEASE_MS),
    work: (row) => work(parts, row),
    // Its worker ended without a word, perhaps because of it: nothing beside it is to end with it.
    alone: (row) => row.lost,
    nextAt: () => parts.inbound.nextAt(),
    now: () => parts.desk.views.now(),
  };
  return sideBySide(rows, clock);
}

async function work(parts: ReceiveParts, row: InboundRow): Promise<void> {
  // Written by `accept` from a verified delivery; jsonb gives back what was stored.
  const stored = row.payload as Inbound;
  const channel = parts.channels.get(stored.platform);
  if (!channel) {
    await parts.inbound.settle(row.lease, { state: 'dead', error: 'no channel' });
    return;
  }
  let left = waits(stored);
  let waitMs = backoff(row.attempts, MOST_MS);
  try {
    parts.gates.room(gateOf(stored), paceOf(stored.platform).all, true);
    const inbound = await introduced(channel, stored);
    const reply = await parts.conversation.handle(inbound).catch((error: unknown) => {
      // Nobody could be asked who this is, to whom something is owed: that outlasts an outage of some hours.
      if (error instanceof ChannelError) waitMs = MOST_MS * 2 ** row.attempts;
      throw error;
    });
    // A bot is refused like others; answering it could go on for ever.
    if (reply.kind !== 'none' && inbound.profile?.standing !== 'bot') {
      const ref = await answer(parts, channel, inbound, reply).catch(async (error: unknown) => {
        // The act is over, and is not acted again because its answer has to wait, or may not have come.
        left = (await parts.conversation.debt(inbound, reply)) ?? left;
        throw error;
      });
      if (ref !== null) await parts.conversation.posted(inbound, reply, ref);
    }
    await parts.inbound.settle(row.lease, { state: 'done' });
  } catch (error) {
    if (error instanceof NotNow) {
      if (isPreview(stored) && error.ms !== null && error.ms > MOMENT_MS) {
        // By then nobody wants it, and who may read it there may have changed.
        parts.log.info({ trace: traceOf(stored), row: row.lease.id, code: error.code }, 'link got no card');
        await parts.inbound.settle(row.lease, { state: 'done' });
        return;
      }
      // Not tried: who waits for his turn is never given up.
      await parts.inbound.retry(row.lease, error.ms ?? waitMs, error.code, {
        tried: false,
        payload: left,
      });
      return;
    }
    const code = error instanceof ChannelError ? error.code : 'error';
    const again = (!(error instanceof ChannelError) || error.kind === 'later') && row.attempts < TRIES;
    parts.log[again ? 'info' : 'warn'](
      { trace: traceOf(stored), row: row.lease.id, code, ...(error instanceof ChannelError ? {} : { err: error }) },
      'stored event not answered',
    );
    const named = error instanceof ChannelError ? error.retryAfterMs : null;
    if (again) await parts.inbound.retry(row.lease, named ?? waitMs, code, { payload: left });
    else await parts.inbound.settle(row.lease, { state: 'dead', error: code });
  }
}

/** With what the platform says of the account, where the delivery did not say it and nobody was to wait for the look-up. */
async function introduced(channel: Channel, inbound: Inbound): Promise<Inbound> {
  if (inbound.profile !== null) return inbound;
  const profile = channel.profile(inbound.tenant, inbound.user).catch(() => null);
  await within(PROFILE_MS, profile);
  return { ...inbound, profile: await Promise.race([profile, Promise.resolve(null)]) };
}

/** A card beside a link is no message in anybody's conversation. */
const isPreview = ({ act }: Inbound): boolean => act.kind === 'press' && act.verb === PREVIEW;

async function answer(
  parts: ReceiveParts,
  channel: Channel,
  inbound: Inbound,
  reply: Reply,
): Promise<MessageRef | null> {
  const send = async (): Promise<MessageRef | null> => {
    try {
      const ref = await channel.answer(inbound, reply);
      parts.watch?.delivered(channel.platform, 'answer', 'done');
      return ref;
    } catch (error) {
      parts.watch?.delivered(channel.platform, 'answer', error instanceof ChannelError ? error.kind : 'failed');
      throw error;
    }
  };
  // Counted like other edits, and like other messages to the same person: what Slack does not take closes the gate for all.
  if (replacedBy(reply, inbound) !== null) await enterEdits(parts.gates, inbound, true);
  else if (isPreview(inbound)) await enterPreviews(parts.gates, inbound);
  else await enterAnswers(parts.gates, inbound);
  return await parts.gates.call(gateOf(inbound), paceOf(inbound.platform).all, send, true);
}
