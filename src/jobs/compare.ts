// What connected systems have, compared with what Usher gave: reads each resource to its end, page by page, and concludes only then.
import { ConnectorError } from '../connectors/connector';
import type { Connector } from '../connectors/connector';
import { DomainError } from '../domain/errors';
import type { FindingId, ResourceId } from '../domain/model';
import type { Log } from '../log';
import { conclude, readingBack, repair } from '../operations/drift';
import type { ReadBack, Repair } from '../operations/drift';
import type { By, Comparing, Comparisons, Desk, HolderPage } from '../operations/ports';
import { byJob, type JobActor } from './by';
import { call } from './call';
import type { CallParts } from './call';
import { NotNow } from './gate';

export interface CompareParts extends CallParts, JobActor {
  readonly desk: Desk;
  readonly comparisons: Comparisons;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly log: Log;
  /** Hears of each resource that could not be compared, and of each difference that could not be repaired. */
  readonly failed?: () => void;
  /** Aborted when the process stops: what is not read by then is read at the next comparison. */
  readonly signal?: AbortSignal;
}

/** Systems that are read side by side: one that hangs holds up its own only. */
const SIDE_BY_SIDE = 4;
/** A system that never comes to its end says nothing: neither by going in a circle, nor by ever more, nor by taking its time. */
const MOST_PAGES = 10_000;

/** Compares every resource whose system can be read; returns how many were tried. */
export async function compare(parts: CompareParts): Promise<number> {
  return compareAll(parts, await parts.comparisons.comparable(readableOf(parts)));
}

/** Where those in charge accepted what follows from a comparison, the system is compared once more, and then it follows. */
export async function compareAccepted(parts: CompareParts): Promise<number> {
  return compareAll(parts, await parts.comparisons.accepted(readableOf(parts)));
}

const readableOf = ({ connectors }: CompareParts): readonly string[] =>
  [...connectors.values()].filter((one) => one.readable).map((one) => one.name);

async function compareAll(parts: CompareParts, all: readonly ResourceId[]): Promise<number> {
  const left = [...all];
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
  const by = byJob(parts, 'compare');
  const facts = { trace: by.trace, job: 'compare', resource };
  try {
    const comparing = await parts.comparisons.begin(resource);
    if (comparing === null) return;
    if (!(await read(parts, by, comparing))) return;
    for (const finding of await conclude(parts.desk, by, comparing.token)) {
      if (parts.signal?.aborted === true) return;
      if (!(await repairOne(parts, by, finding))) return;
    }
  } catch (error) {
    complain(parts, facts, error);
  }
}

/** False where the system cannot be asked now: what is left is for the next comparison. */
async function repairOne(parts: CompareParts, by: By, { id: finding, kind, leaver }: Repair): Promise<boolean> {
  const facts = { trace: by.trace, job: 'compare', finding };
  try {
    // Whoever takes away looks by itself.
    const asked = kind === 'missing' ? await readingBack(parts.desk, by, finding) : null;
    await repair(parts.desk, by, { finding, leaver, present: asked && (await readOne(parts, by, finding, asked)) });
    return true;
  } catch (error) {
    if (error instanceof NotNow || error instanceof ConnectorError)
      parts.log.warn({ ...facts, code: codeOf(error) }, 'a system could not be read');
    else complain(parts, facts, error);
    if (error instanceof ConnectorError) parts.failed?.();
    return !(error instanceof NotNow) && !(error instanceof ConnectorError && error.kind === 'later');
  }
}

/** Looks once more at the one person: half a list would look like access that was lost. */
function readOne(parts: CompareParts, by: By, finding: FindingId, asked: ReadBack): Promise<boolean | null> {
  const connector = parts.connectors.get(asked.connector);
  if (!connector) throw new ConnectorError('failed', 'no_connector');
  const one = { ...callOf(parts, by, connector, asked.where.resource), what: 'read', key: finding } as const;
  return call(parts, one, (attempt) => connector.read(asked.subject, asked.where, attempt));
}

function callOf(parts: CompareParts, by: By, connector: Connector, resource: string) {
  return { connector, resource, facts: { trace: by.trace }, ...(parts.signal ? { signal: parts.signal } : {}) };
}

/** Keeps what the system says; false where it did not come to its end. Nothing of it is kept then: the next comparison reads anew. */
async function read(parts: CompareParts, by: By, comparing: Comparing): Promise<boolean> {
  const facts = { trace: by.trace, job: 'compare', resource: comparing.resource };
  try {
    return await readAll(parts, by, comparing);
  } catch (error) {
    const code = codeOf(error);
    await parts.comparisons.failed(comparing, code);
    if (code === 'unexpected') parts.log.error({ ...facts, code, err: error }, 'a system could not be read');
    else parts.log.warn({ ...facts, code }, 'a system could not be read');
    parts.failed?.();
    return false;
  }
}

async function readAll(parts: CompareParts, by: By, comparing: Comparing): Promise<boolean> {
  const connector = parts.connectors.get(comparing.connector);
  if (!connector) throw new ConnectorError('failed', 'no_connector');
  const asked = new Set<string>();
  for (let after: string | null = null; ;) {
    const page = await pageOf(parts, by, connector, comparing, after);
    const kept = await parts.comparisons.add(comparing, page.holders);
    if (kept === 'overtaken') return false;
    if (page.next === null) return true;
    if (kept === 'late') throw new ConnectorError('failed', 'too_slow');
    if (asked.has(page.next) || asked.size >= MOST_PAGES) throw new ConnectorError('failed', 'without_end');
    asked.add(page.next);
    after = page.next;
  }
}

async function pageOf(
  parts: CompareParts,
  by: By,
  connector: Connector,
  { token, originId }: Comparing,
  after: string | null,
): Promise<HolderPage> {
  const page = await call(parts, { ...callOf(parts, by, connector, originId), what: 'list', key: token }, (attempt) =>
    connector.list(originId, after, attempt),
  );
  if (page === null) throw new ConnectorError('failed', 'cannot_be_read');
  return page;
}

function codeOf(error: unknown): string {
  if (error instanceof ConnectorError) return error.code;
  if (error instanceof NotNow) return error.ms === null ? 'stopped' : 'system_away';
  return 'unexpected';
}

function complain(parts: CompareParts, facts: object, error: unknown): void {
  parts.failed?.();
  if (error instanceof DomainError) parts.log.warn({ ...facts, code: error.code }, 'due work was refused');
  else parts.log.error({ ...facts, err: error }, 'due work failed');
}
