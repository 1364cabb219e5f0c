// npm run model -- [--runs 50000] [--seed n] [--path p] [--shrink]
// The two halves of the runs in two processes, or one run again with every check after every command.
const { spawnSync } = require('node:child_process');
const { parseArgs } = require('node:util');

const text = { type: 'string' };
const { values } = parseArgs({ options: { runs: text, seed: text, path: text, shrink: { type: 'boolean' } } });
const env = { ...process.env };
for (const [name, value] of Object.entries(values)) env[`MODEL_${name.toUpperCase()}`] = String(value);
const files =
  values.path === undefined ? ['test/model/first.test.ts', 'test/model/second.test.ts'] : ['test/model/first.test.ts'];
const { status } = spawnSync(process.execPath, [require.resolve('jest/bin/jest'), ...files], { stdio: 'inherit', env });
process.exitCode = status ?? 1;
