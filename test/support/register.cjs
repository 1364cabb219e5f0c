// Lets a plain `node` process run the TypeScript sources: `node -r test/support/register.cjs file.ts`. For tests that
// need a process of their own, which they can kill. Uses the compiler that jest uses, once for each text: what it made is kept.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const KEPT = join(__dirname, '../../node_modules/.cache/usher-typescript');
const OPTIONS = {
  sourceMaps: 'inline',
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
};
const compiler = require('@swc/core/package.json').version;

function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([compiler, OPTIONS, filename, source]))
    .digest('hex');
  const kept = join(KEPT, `${key}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(source, { filename, ...OPTIONS });
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, code); // two processes may keep the same at once
    renameSync(`${kept}.${process.pid}`, kept);
    return code;
  }
}

require.extensions['.ts'] = (module, filename) => module._compile(compiled(filename), filename);
