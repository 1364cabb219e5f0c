// After the last test: the cluster and its files go.
import type { Cluster } from './cluster';

export default async function globalTeardown(): Promise<void> {
  await (globalThis as { usherTestCluster?: Cluster }).usherTestCluster?.stop();
}
