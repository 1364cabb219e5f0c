// Making one grant equal to what is wanted: read what is desired, call the connector, confirm with its read-back.
import type { Connector } from '../connectors/connector';
import { newTrace } from '../chat/trace';
import { ConnectorError } from '../connectors/connector';
import { DomainError } from '../domain/errors';
import type { GrantId } from '../domain/model';
import type { Log } from '../log';
import type { By, Desk, OutgoingRow } from '../operations/ports';
import type { PlaceOutcome } from '../operations/placements';
import { baseline, failed, late, look, settled } from '../operations/placements';
import { presserOf } from './by';
import { call, gateOf } from './call';
import type { CallParts } from './call';
import { NotNow } from './gate';
import { backoff } from './worker';

export interface PlaceParts extends CallParts {
  readonly desk: Desk;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly log: Pick<Log, 'info' | 'warn' | 'debug' | 'error'>;
}

/** Giving is tried this often before owners are told that it failed for good; taking away is tried for ever. */
const TRIES = 8;
/** Owners are told that it is tried every hour for a day after that; then only when one of them asks. */
const SLOW_TRIES = 24;
const SLOW_MS = 60 * 60_000;
/** How seldom a system that keeps failing is tried at the end. */
const MOST_MS = 15 * 60_000;

/** Works one `place` row; settles it itself, in the transaction of its result. */
export async function place(parts: PlaceParts, row: OutgoingRow): Promise<void> {
  const grant = row.subject.id as GrantId;
  // What follows from the result goes on under the id of the click that asked for it.
  const presser = presserOf(row);
  const by: By = {
    actor: { kind: 'system', name: 'place' },
    via: 'place',
    trace: row.trace ?? newTrace(),
    ...(presser === null ? {} : { presser }),
  };
  const calls: Calls = {
    made: false,
    gave: false,
    again: () => late(parts.desk, by, grant, calls.gave),
  };
  try {
    await attempt(parts, by, row, calls);
  } catch (error) {
    // Another worker took the row over while this one stood still, and its call may have come after the other's.
    if (calls.made && error instanceof DomainError && error.code === 'stale') await calls.again();
    throw error;
  }
}

/** Whether a call that changes the system was begun, and what looks once more at what it did. */
interface Calls {
  made: boolean;
  /** Whether it was one to give, where the system was asked before what the person has. */
  gave: boolean;
  readonly again: () => Promise<void>;
}

async function attempt(parts: PlaceParts, by: By, row: OutgoingRow, calls: Calls): Promise<void> {
  const grant = row.subject.id as GrantId;
  const first = await look(parts.desk, by, grant);
  const connector = parts.connectors.get(first.facts.resource.connector);
  const giving = first.desired === 'present';
  if (!connector) {
    const code = `no_connector_${first.facts.resource.connector}`;
    return couldNot(parts, by, row, {
      code,
      final: true,
      giving,
      againInMs: giving ? slowly(row) : backoff(row.attempts, MOST_MS),
    });
  }
  const where = {
    resource: first.facts.resource.originId,
    role: first.facts.role.originId,
    scope: first.facts.scope.originId,
  };
  // Before anything is read: of many that wait for one system most only ask when to come again.
  parts.gates.room(gateOf(connector, where.resource), null);
  const one = {
    connector,
    resource: where.resource,
    key: String(row.lease.id),
    facts: { trace: by.trace, row: row.lease.id, attempts: row.attempts },
  };
  const subject = {
    directoryKey: first.facts.person.directoryKey,
    email: first.facts.person.email,
    name: first.facts.person.name,
  };
  const readFirst = async (): ReturnType<typeof baseline> => {
    const present = await call(parts, { ...one, what: 'read' }, (attempt) => connector.read(subject, where, attempt));
    return baseline(parts.desk, by, { grant, lease: row.lease, present });
  };
  try {
    const now = first.asksFirst ? await readFirst() : { ...first, found: 'give' };
    if (now.found === 'later') return;
    const outcome = await (async (): Promise<PlaceOutcome> => {
      if (now.desired === 'keep' || (now.desired === 'present' && now.found === 'theirs'))
        return { state: 'present', externalId: null };
      if (now.neverGiven && connector.readable) return { state: 'untouched', externalId: null };
      const want = now.desired === 'present';
      return call(parts, { ...one, what: want ? 'give' : 'take', again: calls.again }, (each) => {
        calls.made = true;
        calls.gave = want && connector.readable;
        return connector.converge(subject, where, want, each);
      });
    })();
    await settled(parts.desk, by, { grant, lease: row.lease, outcome });
  } catch (error) {
    // Nobody calls a system that keeps failing; a removal that waits for it alarms as if it had been tried. Without a time it is this
    // process that ends, and no system that is away.
    if (
      error instanceof NotNow &&
      error.code === 'gate' &&
      error.ms !== null &&
      !giving &&
      first.facts.grant.state !== 'takeFailed'
    )
      return couldNot(parts, by, row, { code: 'system_away', final: false, giving, againInMs: error.ms });
    if (!(error instanceof ConnectorError)) throw error;
    const isGivenUp = giving && (error.kind === 'failed' || row.attempts >= TRIES);
    await couldNot(parts, by, row, {
      code: error.code,
      // A removal that the system refuses for good alarms at once, and is tried for ever all the same.
      final: isGivenUp || error.kind === 'failed',
      giving,
      againInMs: isGivenUp ? slowly(row) : (error.retryAfterMs ?? backoff(row.attempts, MOST_MS)),
    });
  }
}

function slowly(row: OutgoingRow): number | null {
  return row.attempts < TRIES + SLOW_TRIES ? SLOW_MS : null;
}

async function couldNot(
  parts: PlaceParts,
  by: By,
  row: OutgoingRow,
  what: { code: string; final: boolean; giving: boolean; againInMs: number | null },
): Promise<void> {
  const { code, final, giving, againInMs } = what;
  const grant = row.subject.id as GrantId;
  const { lease, createdAt: asked } = row;
  await failed(parts.desk, by, { grant, lease, error: { code, final }, asked, giving, againInMs });
  const facts = { trace: by.trace, row: row.lease.id, kind: row.kind, giving, code, attempts: row.attempts };
  if (againInMs === null) parts.log.warn(facts, 'placement given up');
  else parts.log.debug({ ...facts, wait: againInMs }, 'placement waits');
}
