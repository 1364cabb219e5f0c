// A try of which nobody heard may have left a message at one place before its person was told at another. It is looked for until its
// place answers: what is found is remembered and follows like any, and what is not is over.
import type { CardId } from '../domain/model';
import type { OutgoingRow } from '../operations/ports';
import { adopt, redrawAll } from './tell';
import type { TellParts } from './tell';

/** Looks for the message of one card that was begun and never heard of again. Throws while its place does not answer. */
export async function lookForCopy(parts: TellParts, row: OutgoingRow): Promise<void> {
  const id = row.subject.id as CardId;
  const kept = await parts.cards.get(id);
  const channel = kept === null ? undefined : parts.channels.get(kept.platform);
  if (kept === null || channel === undefined) return;
  if (kept.state === 'sending') {
    const places = await parts.desk.directory.reachable(kept.person);
    const place = places.find(({ platform, user }) => platform === kept.platform && user === kept.user);
    await adopt(parts, channel, place ?? kept, kept);
  }
  const found = await parts.cards.get(id);
  if (found?.state === 'sending') await parts.cards.failed(id, 'told_elsewhere', true);
  // Also where it was found before and could not be changed then.
  if (found?.state === 'live') await redrawAll(parts, [found], row);
}
