// Every connector by name. A new one is a file beside this and a line here.
import type { LocalRoles } from '../operations/ports';
import type { Connector } from './connector';
import { localConnector } from './local';
import { manualConnector } from './manual';

export interface ConnectorParts {
  readonly localRoles: LocalRoles;
}

/** The connectors of this process. */
export function connectors(parts: ConnectorParts): ReadonlyMap<string, Connector> {
  return new Map([localConnector(parts.localRoles), manualConnector].map((connector) => [connector.name, connector]));
}
