// Every connector by name. A new one is a file beside this, its name in the model and a line here.
import type { ConnectorName } from '../domain/model';
import type { LocalRoles } from '../operations/ports';
import type { Connector } from './connector';
import { localConnector } from './local';
import { manualConnector } from './manual';

/** A connector that does not answer within this failed for now. */
export const CONNECTOR_MS = 20_000;

export interface ConnectorParts {
  readonly localRoles: LocalRoles;
}

/** The connectors of this process. */
export function connectors(parts: ConnectorParts): ReadonlyMap<string, Connector> {
  const all: Readonly<Record<ConnectorName, Connector>> = {
    local: localConnector(parts.localRoles),
    manual: manualConnector,
  };
  return new Map(Object.entries(all));
}
