// The page's scripts are written without a build step; this is the compiler's look at them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

test('the scripts of the page hold what their doc comments promise', () => {
  const folder = join(__dirname, '../../../src/channels/web/page');
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ES2022,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    },
  );
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map((problem) => `${problem.file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`);
  expect(problems).toEqual([]);
});
