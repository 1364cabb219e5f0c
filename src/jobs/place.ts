// Making one grant equal to what is wanted: read what is desired, call the connector, confirm with its read-back.
import type { Attempt, Connector } from '../connectors/connector';
import { newTrace } from '../chat/trace';
import { ConnectorError } from '../connectors/connector';
import { DomainError } from '../domain/errors';
import type { GrantId } from '../domain/model';
import type { Log } from '../log';
import type { By, Desk, OutgoingRow, Watch } from '../operations/ports';
import type { PlaceOutcome } from '../operations/placements';
import { baseline, failed, late, look, settled } from '../operations/placements';
import { NotNow } from './gate';
import type { Gates } from './gate';
import { backoff } from './worker';

export interface PlaceParts {
  readonly desk: Desk;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly gates: Gates;
  /** Milliseconds that one connector call may take. */
  readonly deadlineMs: number;
  readonly watch?: Watch;
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
  const by: By = { actor: { kind: 'system', name: 'place' }, via: 'place', trace: row.trace ?? newTrace() };
  const calls: Calls = {
    made: false,
    gaveAt: null,
    again: () => late(parts.desk, by, grant, calls.gaveAt),
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
  /** Where it gave, when it was looked whether to. */
  gaveAt: Date | null;
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
  const gate = `connector:${connector.name}${connector.apart === true ? `:${where.resource}` : ''}`;
  parts.gates.room(gate, null);
  const subject = {
    directoryKey: first.facts.person.directoryKey,
    email: first.facts.person.email,
    name: first.facts.person.name,
  };
  try {
    if (first.needsBaseline) {
      const present = await call(parts, by, row, { connector, gate, what: 'read' }, (attempt) =>
        connector.read(subject, where, attempt),
      );
      await baseline(parts.desk, by, { grant, lease: row.lease, present });
    }
    const now = first.needsBaseline ? await look(parts.desk, by, grant) : first;
    const outcome = await (async (): Promise<PlaceOutcome> => {
      if (now.desired === 'keepBaseline') return { state: 'present', externalId: null };
      if (now.neverGiven && connector.readable) return { state: 'untouched', externalId: null };
      const want = now.desired === 'present';
      return call(parts, by, row, { connector, gate, what: want ? 'give' : 'take', again: calls.again }, (each) => {
        calls.made = true;
        calls.gaveAt = want ? now.at : null;
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

/** One call to a connected system, told to the log and the metrics however it ends. */
async function call<T>(
  parts: PlaceParts,
  by: By,
  row: OutgoingRow,
  {
    connector,
    gate,
    what,
    again,
  }: {
    readonly connector: Connector;
    readonly gate: string;
    readonly what: 'read' | 'give' | 'take';
    /** After an answer for which nobody waited any more. */
    readonly again?: () => Promise<void>;
  },
  make: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  let began = performance.now();
  const told = (outcome: 'done' | 'later' | 'failed', code?: string): void => {
    const seconds = (performance.now() - began) / 1000;
    parts.watch?.called(connector.name, what, outcome, seconds);
    parts.log.info(
      {
        trace: by.trace,
        row: row.lease.id,
        connector: connector.name,
        call: what,
        outcome,
        ...(code === undefined ? {} : { code }),
        attempts: row.attempts,
        ms: Math.round(seconds * 1000),
      },
      'connector called',
    );
  };
  return parts.gates.call(gate, null, async () => {
    began = performance.now();
    try {
      const made = (signal: AbortSignal): Promise<T> => make({ key: String(row.lease.id), signal });
      const result = await inTime(parts, made, again);
      told('done');
      return result;
    } catch (error) {
      if (error instanceof ConnectorError) {
        told(error.kind, error.code);
        throw error;
      }
      told('failed');
      // A mistake in a connector must not be quieter than a refusal of its system: owners hear, and removals alarm.
      parts.log.error(
        { trace: by.trace, row: row.lease.id, connector: connector.name, err: error },
        'connector failed',
      );
      throw new ConnectorError('later', 'unexpected');
    }
  });
}

/**
 * A system that does not answer is a system that failed for now. It is told to stop and its late answer is not waited for; but
 * what it did so late may not be wanted any more, so `again` looks at it then.
 */
async function inTime<T>(
  parts: PlaceParts,
  make: (signal: AbortSignal) => Promise<T>,
  again?: () => Promise<void>,
): Promise<T> {
  const controller = new AbortController();
  const call = make(controller.signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const fault = new ConnectorError('later', 'no_answer');
      reject(fault);
      if (again) void lookAgain(parts, call, fault, again);
      controller.abort(fault);
    }, parts.deadlineMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A call that ended because it was told to did nothing after that, so there is nothing to look at. */
async function lookAgain(
  parts: PlaceParts,
  call: Promise<unknown>,
  told: ConnectorError,
  again: () => Promise<void>,
): Promise<void> {
  const [late] = await Promise.allSettled([call]);
  if (late.status === 'rejected' && late.reason === told) return;
  try {
    await again();
  } catch (error) {
    parts.log.warn({ err: error }, 'what a late answer did was not looked at');
  }
}
