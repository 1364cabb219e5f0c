// Each fault a few times in its short form, with every test; `npm run faults` runs them at full size, often, with seeds of its choice.
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import { faults } from '.';

const { FAULTS_ONLY, FAULTS_RUNS, FAULTS_SEED } = process.env;
const FULL = FAULTS_RUNS !== undefined;
const RUNS = Number(FAULTS_RUNS ?? 1);
const SEED = Number(FAULTS_SEED ?? randomInt(1, 1_000_000));
const LIMIT_MS = FULL ? 60 * 60_000 : 300_000;

const chosen = faults.filter(({ id, short }) => FAULTS_ONLY?.split(',').includes(id) ?? (FULL || short === 'here'));
const passes = new Map<string, number>();

for (const fault of chosen)
  describe(`${fault.id}: ${fault.name}`, () => {
    test.each(Array.from({ length: RUNS }, (_, run) => SEED + run))(
      'seed %i',
      async (seed) => {
        if (!FULL) console.info(`${fault.id}: npm run faults -- --only ${fault.id} --runs 1 --seed ${seed}`);
        const from = performance.now();
        let outcome = 'FAILED';
        try {
          await fault.run(seed, FULL);
          outcome = 'passed';
          passes.set(fault.id, (passes.get(fault.id) ?? 0) + 1);
        } finally {
          // As it ends: a campaign takes hours, and whoever stops it keeps what it has shown.
          const seconds = Math.round((performance.now() - from) / 1000);
          if (FULL) fs.writeSync(1, `${fault.id} seed ${seed} ${outcome} after ${seconds} s\n`);
        }
      },
      LIMIT_MS,
    );
  });

afterAll(() => {
  if (!FULL) return;
  const lines = chosen.map(
    ({ id, name }) => `${id.padEnd(4)} ${String(passes.get(id) ?? 0).padStart(3)} of ${RUNS} passed   ${name}`,
  );
  console.info([`seeds ${SEED} to ${SEED + RUNS - 1}`, ...lines].join('\n'));
});

test('every fault that is asked for exists', () => {
  expect(FAULTS_ONLY?.split(',').filter((id) => !faults.some((fault) => fault.id === id)) ?? []).toEqual([]);
});
