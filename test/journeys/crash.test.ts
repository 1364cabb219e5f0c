// Many people click in two replicas of Usher while replicas are killed with SIGKILL at random instants. The ledger of what was
// confirmed is kept outside; at the end it is compared with the database. CRASH_SEED repeats a run's choices (not its timing),
// CRASH_CLICKS makes it longer.
import { randomInt } from 'node:crypto';
import { crash } from './crash-run';

const CLICKS = Number(process.env['CRASH_CLICKS'] ?? 300);
const SEED = Number(process.env['CRASH_SEED'] ?? randomInt(1, 1_000_000));

test(
  'replicas killed in the middle of the work lose no confirmed click and double no change',
  async () => {
    console.info(`crash test: CRASH_SEED=${SEED} CRASH_CLICKS=${CLICKS}`);
    await crash(SEED, CLICKS);
  },
  300_000 + CLICKS * 1_000,
);
