// The catalogue: values are named, plurals fit, people's text stays marked as theirs, and no sentence hides anywhere else.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { plain } from '../../src/chat/text';
import { label, listed, say } from '../../src/chat/words';
import { explain } from '../../src/chat/words/faults';

const reader = { zone: 'Europe/Berlin', locale: 'en' };
const read = (text: ReturnType<typeof say>) => plain(text, reader);

describe('a sentence', () => {
  test.each([
    { name: 'one approval', give: 1, want: 'Done. One more approval is needed for R-7.' },
    { name: 'three approvals', give: 3, want: 'Done. 3 more approvals are needed for R-7.' },
  ])('chooses the plural: $name', ({ give, want }) => {
    expect(
      read(say('decided.quorum', { done: label('decided.done'), count: give, number: say('number', { number: 7 }) })),
    ).toBe(want);
  });

  test('keeps what a person wrote as that person wrote it, marked as theirs', () => {
    const said = say('outcome.denied', { by: '*Mallory* {number}', at: new Date('2026-11-21T09:00:00Z') });
    expect(said).toContainEqual({ kind: 'user', text: '*Mallory* {number}' });
  });

  test('names at most three people and counts the others', () => {
    expect(read(listed(['Ana'], 'or'))).toBe('Ana');
    expect(read(listed(['Ana', 'Ben'], 'or'))).toBe('Ana or Ben');
    expect(read(listed(['Ana', 'Ben', 'Cas', 'Dee', 'Eve'], 'and'))).toBe('Ana, Ben, Cas and 2 others');
  });

  test('says instants in the zone of its reader, with the zone named', () => {
    expect(read(say('access.until', { endsAt: new Date('2026-11-21T09:00:00Z') }))).toMatch(/10:00.*(CET|GMT\+1)/);
  });
});

describe('a refusal', () => {
  test('names the problem and the next step', () => {
    expect(read(explain('already-requested', { package: 'Payroll', number: 1042 }))).toBe(
      'Payroll is asked for already: R-1042. Type that to see where it stands.',
    );
    expect(read(explain('did-you-mean', { typed: 'Payrol', names: ['Payroll', 'Parole'], more: false }))).toBe(
      'I know no “Payrol”. Did you mean Payroll or Parole?',
    );
  });
});

test('whoever decides, removes or reports by a form that is gone is not sent to ask for access', () => {
  expect(read(explain('draft-gone', {}))).toBe(
    'That form is no longer open, perhaps because it was sent already. Press its button or type the command once more.',
  );
});

describe('sentences live in the catalogue only', () => {
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : path.endsWith('.ts') ? [path] : [];
    });
  const root = join(__dirname, '../../src/chat');
  const sources = [
    ...files(join(root, 'present')),
    ...files(join(root, 'actions')),
    join(root, 'actions.ts'),
    join(root, 'views.ts'),
    join(root, 'handle.ts'),
  ];

  /** Literals with a blank between words, outside imports, types, errors for programmers, and typed commands with their usage. */
  function sentencesIn(path: string): string[] {
    const found: string[] = [];
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
      if (ts.isNewExpression(node) && node.expression.getText() === 'Error') return;
      if (ts.isCallExpression(node) && node.expression.getText().startsWith('parts.log')) return;
      if (ts.isPropertyAssignment(node) && ['words', 'usage', 'near', 'typed'].includes(node.name.getText())) return;
      if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
        if (/\p{L}\s+\p{L}/u.test(node.text)) found.push(node.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  test.each(sources.map((path) => path.slice(root.length + 1)))('%s', (name) => {
    expect(sentencesIn(join(root, name))).toEqual([]);
  });
});
