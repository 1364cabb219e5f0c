// A try of which nobody heard may have left a message at one place before its person was told at another. It is looked for until its
// place answers: what is found is remembered and follows like any, and what is not is over.
import { lacking } from '../chat/views';
import type { CardId } from '../domain/model';
import type { OutgoingRow } from '../operations/ports';
import { adopt, redrawAll } from './tell';
import type { TellParts } from './tell';

/**
 * Looks for the message of one card that was begun and never heard of again. Throws while its place does not answer. False: it is left
 * to a release that can draw it, and so is the row.
 */
export async function lookForCopy(parts: TellParts, row: OutgoingRow): Promise<boolean> {
  const id = row.subject.id as CardId;
  const kept = await parts.cards.get(id);
  const channel = kept === null ? undefined : parts.channels.get(kept.platform);
  if (kept === null || channel === undefined) return true;
  const view = lacking(kept.view, kept.params);
  if (view !== null) {
    await parts.outbox.leave(row.lease, view);
    return false;
  }
  if (kept.state === 'sending' && channel.sent !== undefined) {
    const places = await parts.desk.directory.reachable(kept.person);
    const place = places.find(({ platform, user }) => platform === kept.platform && user === kept.user);
    if (!(await adopt(parts, channel, place ?? kept, kept))) await parts.cards.notThere(id);
  }
  const found = await parts.cards.get(id);
  // Also where it was found before and could not be changed then.
  if (found?.state === 'live') await redrawAll(parts, [found], row);
  return true;
}
