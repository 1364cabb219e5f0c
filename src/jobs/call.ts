// One call to a connected system, whoever makes it: at its turn, within its time, told to the log and the metrics however it ends.
import type { Attempt, Connector } from '../connectors/connector';
import { ConnectorError } from '../connectors/connector';
import type { Log } from '../log';
import type { Watch } from '../operations/ports';
import { NotNow } from './gate';
import type { Gates } from './gate';

export interface CallParts {
  readonly gates: Gates;
  /** Milliseconds that one call may take. */
  readonly deadlineMs: number;
  readonly watch?: Watch;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

export interface Call {
  readonly connector: Connector;
  /** As the system calls it. */
  readonly resource: string;
  readonly what: 'read' | 'give' | 'take' | 'list';
  /** Makes a repetition of the call recognizable. */
  readonly key: string;
  /** Of its lines in the log. */
  readonly facts: object;
  /** After an answer for which nobody waited any more. */
  readonly again?: () => Promise<void>;
  /** Aborted when the process stops: whoever only reads is not waited for. */
  readonly signal?: AbortSignal;
}

/** The gate of a connected system: one for all who call it, whatever for. */
export function gateOf({ name, apart }: Connector, resource: string): string {
  return `connector:${name}${apart === true ? `:${resource}` : ''}`;
}

/** Makes the call. Throws `NotNow` where it is not its turn soon, and a `ConnectorError` for whatever goes wrong in it. */
export async function call<T>(parts: CallParts, one: Call, make: (attempt: Attempt) => Promise<T>): Promise<T> {
  const { connector, key } = one;
  const told = (began: number, outcome: 'done' | 'later' | 'failed', code?: string): void => {
    const seconds = (performance.now() - began) / 1000;
    parts.watch?.called(connector.name, one.what, outcome, seconds);
    parts.log.info(
      {
        ...one.facts,
        connector: connector.name,
        call: one.what,
        outcome,
        ...(code === undefined ? {} : { code }),
        ms: Math.round(seconds * 1000),
      },
      'connector called',
    );
  };
  return parts.gates.call(gateOf(connector, one.resource), null, async () => {
    const began = performance.now();
    try {
      const result = await inTime(parts, one, (signal) => make({ key, signal }));
      told(began, 'done');
      return result;
    } catch (error) {
      if (error instanceof ConnectorError) {
        told(began, error.kind, error.code);
        throw error;
      }
      if (error instanceof NotNow) throw error;
      told(began, 'failed');
      // A mistake in a connector must not be quieter than a refusal of its system: owners hear, and removals alarm.
      parts.log.error({ ...one.facts, connector: connector.name, err: error }, 'connector failed');
      throw new ConnectorError('later', 'unexpected');
    }
  });
}

/**
 * A system that does not answer is a system that failed for now. It is told to stop and its late answer is not waited for; but
 * what it did so late may not be wanted any more, so `again` looks at it then.
 */
async function inTime<T>(parts: CallParts, one: Call, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (one.signal?.aborted === true) throw new NotNow('gate', null);
  const controller = new AbortController();
  const made = make(controller.signal);
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    const end = (fault: ConnectorError | NotNow): void => {
      reject(fault);
      if (one.again) void lookAgain(parts, made, fault, one.again);
      controller.abort(fault);
    };
    timer = setTimeout(() => {
      end(new ConnectorError('later', 'no_answer'));
    }, parts.deadlineMs);
    stop = () => {
      // The system is well, it is this process that ends.
      end(new NotNow('gate', null));
    };
    one.signal?.addEventListener('abort', stop);
    // While the call was begun.
    if (one.signal?.aborted === true) stop();
  });
  try {
    return await Promise.race([made, late]);
  } finally {
    clearTimeout(timer);
    one.signal?.removeEventListener('abort', stop);
  }
}

/** A call that ended because it was told to did nothing after that, so there is nothing to look at. */
async function lookAgain(
  parts: CallParts,
  made: Promise<unknown>,
  told: Error,
  again: () => Promise<void>,
): Promise<void> {
  const [late] = await Promise.allSettled([made]);
  if (late.status === 'rejected' && late.reason === told) return;
  try {
    await again();
  } catch (error) {
    parts.log.warn({ err: error }, 'what a late answer did was not looked at');
  }
}
