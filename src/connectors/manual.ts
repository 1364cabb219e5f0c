// The connector "manual": people do it. It cannot read, so there is no baseline; the grant waits until its task is reported done.
import type { Connector } from './connector';

export const manualConnector: Connector = {
  name: 'manual',
  readable: false,
  read: () => Promise.resolve(null),
  list: () => Promise.resolve(null),
  converge: () => Promise.resolve({ state: 'waiting', externalId: null }),
};
