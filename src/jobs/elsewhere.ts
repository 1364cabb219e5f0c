// When a message goes to the next place of its person, and what is remembered of those that could not take it.
import { ChannelError } from '../chat/channel';
import type { Desk, OutgoingRow } from '../operations/ports';
import { LIMITED, NotNow } from './gate';

/** A platform that is away, or whose gate is closed to everybody, is waited for so long before the next place is tried. */
const ELSEWHERE_MS = 15 * 60_000;
/** What a platform may be away: only then, and after the tries of deliver.ts, is a message given up. Both count, so that one put back by hand is tried anew. */
export const KEEP_TRYING_MS = 3 * 24 * 60 * 60_000;

/** Code of a row of which is not known whether its message is out, because nobody could look. */
export const UNSURE = 'unsure';

/** Milliseconds since the other places of its person count for a message as well; below zero, until they do. */
export async function lateness(desk: Desk, row: OutgoingRow): Promise<number> {
  return (await desk.views.now()).getTime() - row.createdAt.getTime() - ELSEWHERE_MS;
}

export type Waits = ChannelError | NotNow;

/** Whether trying again later may help. */
export const isWaiting = (error: unknown): error is Waits =>
  error instanceof NotNow || (error instanceof ChannelError && error.kind === 'later');

/** Whether a message may be out after a try that ended so. */
export const mayBeOut = (error: unknown): boolean =>
  error instanceof ChannelError && error.kind === 'later' && error.code !== LIMITED;

/** Whether a place takes nothing any more. */
export const isDead = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && (error.kind === 'unreachable' || error.kind === 'gone');

/** What is said of a row that waits for several places: that it may be out at one of them is not forgotten for another. */
export function together(row: OutgoingRow, waiting: readonly Waits[]): Waits {
  const [first] = waiting;
  if (first !== undefined && waiting.length === 1) return first;
  const times = waiting.map((error) => (error instanceof NotNow ? error.ms : error.retryAfterMs));
  const wait = times.includes(null) ? null : Math.min(...times.map(Number));
  const tried = waiting.filter((error) => error instanceof ChannelError);
  if (tried.length === 0) return new NotNow('gate', wait);
  const code = tried.find((error) => error.code !== LIMITED)?.code ?? (row.unsure ? UNSURE : LIMITED);
  return new ChannelError('later', code, wait);
}
