// Half of the runs; the other half is second.test.ts, so that two processors share them.
import { modelTest } from './run';

modelTest(0);
