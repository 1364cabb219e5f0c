import { crash } from '../journeys/crash-run';
import type { Fault } from './fault';

export const f1: Fault = {
  id: 'F1',
  name: 'replicas are killed during 10,000 submits and decisions: what was confirmed is there, the rest is whole or absent',
  short: 'test/journeys/crash.test.ts',
  run: (seed, full) => crash(seed, full ? Number(process.env['FAULTS_CLICKS'] ?? 10_000) : 300),
};
