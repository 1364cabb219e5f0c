// The other half of the runs: see first.test.ts.
import { modelTest } from './run';

modelTest(1);
