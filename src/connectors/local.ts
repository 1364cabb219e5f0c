// The connector "local": roles kept in Usher's own tables. Real enough for small things and for the demo: it can be read, and it
// can be told to fail, so that people see what a failing system looks like.
import type { LocalRoles } from '../operations/ports';
import type { Connector, RolePlace } from './connector';
import { ConnectorError } from './connector';

/** Longer than the worker's own deadline: a told hang never answers in time. */
const HANG_MS = 60_000;

/** Makes the connector over its tables. */
export function localConnector(roles: LocalRoles): Connector {
  const check = async (place: RolePlace): Promise<void> => {
    const fault = await roles.fault(place.resource);
    if (fault === null) return;
    if (fault.mode !== 'hang') throw new ConnectorError(fault.mode, fault.code);
    await new Promise((resolve) => setTimeout(resolve, HANG_MS).unref());
    throw new ConnectorError('later', fault.code);
  };
  return {
    name: 'local',
    readable: true,
    read: async (subject, place) => {
      await check(place);
      return roles.has(subject.directoryKey, place.resource, place.role, place.scope);
    },
    converge: async (subject, place, want) => {
      await check(place);
      await roles.set(subject.directoryKey, place.resource, place.role, place.scope, want);
      const present = await roles.has(subject.directoryKey, place.resource, place.role, place.scope);
      if (present !== want) throw new ConnectorError('later', 'not_as_wanted');
      return { state: present ? 'present' : 'absent', externalId: null };
    },
  };
}
