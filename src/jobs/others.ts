// Two releases side by side: the older one finds work that only the newer one knows.
import type { Desk, OutgoingRow } from '../operations/ports';
import { NotNow } from './gate';

/** So long it is left to others: it came from a release that knows more, and that may run beside this one. */
const LEFT_MS = 60 * 60_000;
/** How soon this release may find it again, and whoever knows it before that. */
const AGAIN_MS = 10_000;

/** Puts a row back that this release cannot work, for one that can. When there seems to be none by now it returns. */
export async function leaveToOthers({ desk }: { readonly desk: Desk }, { createdAt }: OutgoingRow): Promise<void> {
  const now = await desk.views.now();
  if (now.getTime() - createdAt.getTime() < LEFT_MS) throw new NotNow('unknown', AGAIN_MS);
}
