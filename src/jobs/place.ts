// Making one grant equal to what is wanted: read what is desired, call the connector, confirm with its read-back.
import type { Connector } from '../connectors/connector';
import { ConnectorError } from '../connectors/connector';
import type { GrantId } from '../domain/model';
import type { By, Desk, OutgoingRow } from '../operations/ports';
import { baseline, failed, look, settled } from '../operations/placements';
import { Never, NotNow } from './tell';

export interface PlaceParts {
  readonly desk: Desk;
  readonly connectors: ReadonlyMap<string, Connector>;
  /** Milliseconds that one connector call may take. */
  readonly deadlineMs: number;
}

const by: By = { actor: { kind: 'system', name: 'place' }, via: 'place' };
/** Giving is tried this often before owners are told that it failed for good; taking away is tried for ever. */
const TRIES = 8;

/** Works one `place` row; settles it itself, in the transaction of its result. */
export async function place(parts: PlaceParts, row: OutgoingRow): Promise<void> {
  const grant = row.subject.id as GrantId;
  const first = await look(parts.desk, by, grant);
  const connector = parts.connectors.get(first.facts.resource.connector);
  if (!connector)
    return unusable(parts, grant, first.desired !== 'present', `no_connector_${first.facts.resource.connector}`);
  const subject = {
    directoryKey: first.facts.person.directoryKey,
    email: first.facts.person.email,
    name: first.facts.person.name,
  };
  const where = {
    resource: first.facts.resource.originId,
    role: first.facts.role.originId,
    scope: first.facts.scope.originId,
  };
  try {
    if (first.needsBaseline) {
      await baseline(parts.desk, by, grant, await inTime(parts, connector.read(subject, where)));
    }
    const { desired } = first.needsBaseline ? await look(parts.desk, by, grant) : first;
    const outcome =
      desired === 'keepBaseline'
        ? ({ state: 'present', externalId: null } as const)
        : await inTime(parts, connector.converge(subject, where, desired === 'present', String(row.lease.id)));
    await settled(parts.desk, by, { grant, lease: row.lease, outcome });
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const taking = first.desired !== 'present';
    const final = !taking && (error.kind === 'failed' || row.attempts >= TRIES);
    await failed(parts.desk, by, grant, { code: error.code, final: final || taking });
    if (final) throw new Never(error.code);
    throw new NotNow(error.code, error.retryAfterMs);
  }
}

async function unusable(parts: PlaceParts, grant: GrantId, taking: boolean, code: string): Promise<never> {
  await failed(parts.desk, by, grant, { code, final: true });
  if (taking) throw new NotNow(code, null);
  throw new Never(code);
}

/** A system that does not answer is a system that failed for now; its late answer is not waited for. */
async function inTime<T>(parts: PlaceParts, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ConnectorError('later', 'no_answer'));
    }, parts.deadlineMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
