// The gate of a workspace or tenant: whoever is told by its platform to wait holds back everybody, in all replicas.
import { ChannelError } from '../chat/channel';
import type { Outbox } from '../operations/ports';

/** Not tried, or not to be tried again before `ms`. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  constructor(
    readonly code: string,
    /** Null: the caller's own backoff. */
    readonly ms: number | null,
  ) {
    super(code);
  }
}

/** Calls of a workspace or tenant a second, of all kinds together. */
const PER_SECOND = 50;

/** One remote call. Throws `NotNow` while the gate is closed; a platform that names a time closes it. */
export async function throughGate<T>(
  outbox: Pick<Outbox, 'pass' | 'hold'>,
  { platform, tenant }: { readonly platform: string; readonly tenant: string },
  call: () => Promise<T>,
): Promise<T> {
  const gate = `${platform}:${tenant}`;
  const closed = await outbox.pass(gate, PER_SECOND, PER_SECOND);
  if (closed > 0) throw new NotNow('gate', closed);
  try {
    return await call();
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'later' && error.retryAfterMs !== null)
      await outbox.hold(gate, error.retryAfterMs);
    throw error;
  }
}
