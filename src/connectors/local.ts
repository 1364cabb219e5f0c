// The connector "local": roles kept in Usher's own tables. Real enough for small things and for the demo: it can be read, and it
// can be told to fail, so that people see what a failing system looks like.
import type { LocalRoles } from '../operations/ports';
import type { Attempt, Connector, RolePlace } from './connector';
import { ConnectorError } from './connector';

const PAGE = 1_000;

/** Makes the connector over its tables. */
export function localConnector(roles: LocalRoles): Connector {
  const check = async (place: Pick<RolePlace, 'resource'>, { signal }: Attempt): Promise<void> => {
    const fault = await roles.fault(place.resource);
    if (fault?.mode === 'hang') await ended(signal);
    signal.throwIfAborted();
    if (fault !== null && fault.mode !== 'hang') throw new ConnectorError(fault.mode, fault.code);
  };
  return {
    name: 'local',
    readable: true,
    apart: true,
    read: async (subject, place, attempt) => {
      await check(place, attempt);
      return roles.has(subject.directoryKey, place.resource, place.role, place.scope);
    },
    list: async (resource, after, attempt) => {
      await check({ resource }, attempt);
      return roles.list(resource, after, PAGE);
    },
    converge: async (subject, place, want, attempt) => {
      await check(place, attempt);
      await roles.set(subject.directoryKey, place.resource, place.role, place.scope, want);
      const present = await roles.has(subject.directoryKey, place.resource, place.role, place.scope);
      if (present !== want) throw new ConnectorError('later', 'not_as_wanted');
      return { state: present ? 'present' : 'absent', externalId: null };
    },
  };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
