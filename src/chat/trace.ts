// The one id from a click to what comes of it: in every log line about the act, about the messages that tell of it, and about
// the calls to connected systems. It goes with the outgoing rows, so it survives restarts and other replicas.
import { createHash, randomBytes } from 'node:crypto';
import type { Inbound } from './inbound';

const BYTES = 8;

/** Made of the delivery, so that every repeat of it has the same; it says nothing about anybody. */
export function traceOf(inbound: Pick<Inbound, 'platform' | 'delivery'>): string {
  return createHash('sha256')
    .update(`${inbound.platform}:${inbound.delivery}`)
    .digest('hex')
    .slice(0, 2 * BYTES);
}

/** For what no click began: a job, or a row of before there were traces. */
export function newTrace(): string {
  return randomBytes(BYTES).toString('hex');
}
