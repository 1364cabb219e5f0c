// People who are deleted, and who may come back (rule 3.17).
import { after, DAY } from './time';

const RESTORABLE_MS = 30 * DAY;

/** From then on somebody who was deleted is not restored any more. */
export const restorableUntil = (deletedAt: Date): Date => after(deletedAt, RESTORABLE_MS);
