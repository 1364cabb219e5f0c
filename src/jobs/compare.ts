// What connected systems have, compared with what Usher gave: reads each resource to its end, page by page, and concludes only then.
import { newTrace } from '../chat/trace';
import { ConnectorError } from '../connectors/connector';
import type { Connector } from '../connectors/connector';
import { DomainError } from '../domain/errors';
import type { ResourceId } from '../domain/model';
import type { Log } from '../log';
import { conclude, repair } from '../operations/drift';
import type { By, Comparing, Comparisons, Desk, HolderPage, Watch } from '../operations/ports';

export interface CompareParts {
  readonly desk: Desk;
  readonly comparisons: Comparisons;
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Milliseconds that one page may take. */
  readonly deadlineMs: number;
  readonly watch?: Watch;
  readonly log: Log;
  /** Hears of each resource that could not be compared, and of each difference that could not be repaired. */
  readonly failed?: () => void;
  /** Aborted when the process stops: what is not read by then is read at the next comparison. */
  readonly signal?: AbortSignal;
}

/** Systems that are read side by side: one that hangs holds up its own only. */
const SIDE_BY_SIDE = 4;
/** A system that never comes to its end says nothing. */
const MOST_PAGES = 10_000;

/** Compares every resource whose system can be read; returns how many were tried. */
export async function compare(parts: CompareParts): Promise<number> {
  const readable = [...parts.connectors.values()].filter((one) => one.readable).map((one) => one.name);
  const left = [...(await parts.comparisons.comparable(readable))];
  let tried = 0;
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      if (parts.signal?.aborted === true) return;
      tried += 1;
      await compareOne(parts, next);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return tried;
}

async function compareOne(parts: CompareParts, resource: ResourceId): Promise<void> {
  const by: By = { actor: { kind: 'system', name: 'compare' }, via: 'compare', trace: newTrace() };
  const facts = { trace: by.trace, job: 'compare', resource };
  try {
    const comparing = await parts.comparisons.begin(resource);
    if (comparing === null) return;
    if (!(await read(parts, by, comparing))) return;
    for (const finding of await conclude(parts.desk, by, comparing.token))
      await repair(parts.desk, by, finding).catch((error: unknown) => {
        complain(parts, { ...facts, finding }, error);
      });
  } catch (error) {
    complain(parts, facts, error);
  }
}

/** Keeps what the system says; false where it did not come to its end. */
async function read(parts: CompareParts, by: By, comparing: Comparing): Promise<boolean> {
  const connector = parts.connectors.get(comparing.connector);
  try {
    if (!connector) throw new ConnectorError('failed', 'no_connector');
    let after: string | null = null;
    for (let n = 0; n < MOST_PAGES; n += 1) {
      const page: HolderPage = await pageOf(parts, by, connector, comparing, after);
      if (!(await parts.comparisons.add(comparing, page.holders))) return false;
      if (page.next === null) return true;
      after = page.next;
    }
    throw new ConnectorError('failed', 'without_end');
  } catch (error) {
    const code = error instanceof ConnectorError ? error.code : 'unexpected';
    await parts.comparisons.failed(comparing, code);
    const facts = { trace: by.trace, job: 'compare', resource: comparing.resource, code };
    if (error instanceof ConnectorError) parts.log.warn(facts, 'a system could not be read');
    else parts.log.error({ ...facts, err: error }, 'a system could not be read');
    parts.failed?.();
    return false;
  }
}

async function pageOf(
  parts: CompareParts,
  by: By,
  connector: Connector,
  { token, originId }: Comparing,
  after: string | null,
): Promise<HolderPage> {
  const began = performance.now();
  const told = (outcome: 'done' | 'later' | 'failed', code?: string): void => {
    const seconds = (performance.now() - began) / 1000;
    parts.watch?.called(connector.name, 'list', outcome, seconds);
    const facts = { trace: by.trace, connector: connector.name, call: 'list', outcome, ms: Math.round(seconds * 1000) };
    parts.log.info({ ...facts, ...(code === undefined ? {} : { code }) }, 'connector called');
  };
  try {
    const page = await inTime(parts, (signal) => connector.list(originId, after, { key: token, signal }));
    if (page === null) throw new ConnectorError('failed', 'cannot_be_read');
    told('done');
    return page;
  } catch (error) {
    told(
      error instanceof ConnectorError ? error.kind : 'failed',
      error instanceof ConnectorError ? error.code : undefined,
    );
    throw error;
  }
}

/** A page that is not there in time, or before the process stops, is not waited for. */
async function inTime<T>({ deadlineMs, signal }: CompareParts, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let end: (code: string) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => {
    end = (code) => {
      const fault = new ConnectorError('later', code);
      reject(fault);
      controller.abort(fault);
    };
  });
  const timer = setTimeout(() => {
    end('no_answer');
  }, deadlineMs);
  const stop = (): void => {
    end('stopped');
  };
  signal?.addEventListener('abort', stop);
  try {
    return await Promise.race([make(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function complain(parts: CompareParts, facts: object, error: unknown): void {
  parts.failed?.();
  if (error instanceof DomainError) parts.log.warn({ ...facts, code: error.code }, 'due work was refused');
  else parts.log.error({ ...facts, err: error }, 'due work failed');
}
