// Before the first test: one PostgreSQL cluster for the whole run.
import { startCluster } from './cluster';

export default async function globalSetup(): Promise<void> {
  Object.assign(globalThis, { usherTestCluster: await startCluster() });
}
