// The one place where what the database refuses becomes what people are told. A conflict is Stale first: the act runs again
// and its rule, which now sees the truth, says the better sentence.

import { DomainError } from '../domain/errors';
import type { Request } from '../domain/model';
import { Busy, OutcomeUnknown } from '../operations/ports';
import { OPEN } from './loads';
import type { Query, ServerError } from './query';
import { ConnectionLost, isOutdated, isSerialization, serverError, TimeOver } from './query';

/** Somebody else changed a row since it was read. `write` runs the act again. */
export class Stale extends Error {
  override readonly name = 'Stale';
}

/** Raised by usher_expect: a save met fewer rows than it had read. */
const OVERTAKEN = 'UR001';
const BUSY = new Set(['55P03', '57014', '53300']);
const LENGTHS: Readonly<Record<string, { field: string; max: number }>> = {
  requests_reason_check: { field: 'reason', max: 2000 },
  requests_answers_check: { field: 'answers', max: 60_000 },
  decisions_reason_check: { field: 'reason', max: 2000 },
  manual_tasks_note_check: { field: 'note', max: 2000 },
};

/**
 * Whether running the act again can help: a lost race, seen by us, by a unique index, or by the server itself; tables that a newer release changed; or a lost
 * connection: its delivery, its lease or the versions that it read tell a second run where the first one did its work after all.
 */
export function isConflict(error: unknown): boolean {
  if (error instanceof Stale || error instanceof ConnectionLost || isSerialization(error) || isOutdated(error))
    return true;
  const code = serverError(error)?.code;
  return code === '23505' || code === OVERTAKEN;
}

/** What a person is told; anything that is not expected here is a bug and comes back as it is. */
export async function refusalOf(error: unknown, q: Query): Promise<unknown> {
  if (error instanceof Stale) return new DomainError('stale', {});
  if (error instanceof ConnectionLost) return error.ending ? new OutcomeUnknown(error.cause) : error.cause;
  if (error instanceof TimeOver || error instanceof Busy || isBusy(error)) return busy();
  const server = serverError(error);
  if (server === null) return error;
  if (isSerialization(error) || server.code === OVERTAKEN) return new DomainError('stale', {});
  if (server.code === '23505') return duplicate(server, q);
  const length = server.code === '23514' && server.constraint !== null ? LENGTHS[server.constraint] : undefined;
  return length ? new DomainError('text-too-long', length, length.field) : error;
}

/** Whether no connection became free in time. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && error.name === 'SequelizeConnectionAcquireTimeoutError';
}

function isBusy(error: unknown): boolean {
  if (isFull(error)) return true;
  return BUSY.has(serverError(error)?.code ?? '');
}

/** The same statements, each on its own; one that waits too long throws `Busy`. */
export function orBusy(q: Query): Query {
  return async (sql, bind) => {
    try {
      return await q(sql, bind);
    } catch (error) {
      throw isBusy(error) ? new Busy(error) : error;
    }
  };
}

/** Nothing was taken; the same may be tried again. */
export function busy(): DomainError {
  return new DomainError('too-busy', {});
}

// Reached only when the act meets the same row three times over: its rule does not look, or the other side keeps winning.
async function duplicate(server: ServerError, q: Query): Promise<DomainError> {
  const [target, pkg] = server.detail?.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
  if (server.constraint === 'one_open_request') {
    const [row] = await q(
      `select r.number, r.type, p.name from requests r join packages p on p.id = r.package_id
       where r.target_id = $1 and r.package_id = $2 and r.state in ${OPEN}`,
      [target, pkg],
    );
    const open = row as { number: number; type: Request['type']; name: string } | undefined;
    if (open) {
      const exception = open.type === 'exception' && { exception: true };
      return new DomainError('already-requested', { package: open.name, number: open.number, ...exception });
    }
  }
  if (server.constraint === 'one_live_assignment') {
    const [row] = await q(
      `select a.ends_at, p.name from assignments a join packages p on p.id = a.package_id
       where a.target_id = $1 and a.package_id = $2 and a.ended_at is null`,
      [target, pkg],
    );
    const live = row as { ends_at: Date | null; name: string } | undefined;
    if (live) return new DomainError('already-held', { package: live.name, endsAt: live.ends_at });
  }
  // A second account of one workspace or tenant claims the same person.
  if (server.constraint === 'identities_person') {
    return new DomainError('link-conflict', { platform: /=\((\w+),/.exec(server.detail ?? '')?.[1] ?? '' });
  }
  return new DomainError('stale', {});
}
