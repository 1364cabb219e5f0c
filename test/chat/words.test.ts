// The catalogue: values are named, plurals fit, people's text stays marked as theirs, and no sentence hides anywhere else.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { parse } from '../../src/chat/commands';
import { gateText } from '../../src/chat/present/outcome';
import { plain } from '../../src/chat/text';
import { label, listed, say } from '../../src/chat/words';
import { explain } from '../../src/chat/words/faults';
import { DomainError, kept } from '../../src/domain/errors';
import type { PersonId } from '../../src/domain/model';
import { aRequest, idOf, NOON, requestFacts } from '../support/builders';

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
  test.each([
    { how: 'held', own: 'which you have. Give that up first.', theirs: 'which Tara has. That has to end first.' },
    { how: 'leaving', own: 'Ask again once it is gone.', theirs: 'Try again once it is gone.' },
    { how: 'scheduled', own: 'type “my requests”.', theirs: 'which Tara gets later. That has to be canceled first.' },
    { how: 'pending', own: 'type “my requests”.', theirs: 'for Tara. That has to be canceled first.' },
    { how: 'member', own: 'and you are one. Whoever keeps that', theirs: 'and Tara is one. Whoever keeps that' },
  ] as const)('of what does not go together with what is $how leads to what ends that', ({ how, own, theirs }) => {
    const data = { package: 'Pay', with: 'Audit', how, target: null, ask: false };
    expect(read(explain('incompatible', data))).toContain(own);
    expect(read(explain('incompatible', { ...data, ask: true }))).toMatch(/ Or type “ask exception Pay”\.$/);
    expect(read(explain('incompatible', { ...data, target: 'Tara' }))).toContain(theirs);
    expect(read(explain('incompatible', { ...data, target: 'Tara', ask: true }))).toContain('Pay for Tara”.');
  });
  test('that an older release kept is explained as well', () => {
    const data = { package: 'Pay', with: 'Audit', target: null, ask: false };
    expect(read(explain('incompatible', data))).toContain('which you have. Give that up first.');
  });
  test('that an older release kept without saying of whom is told to each reader in their own words', () => {
    const refusal = { code: 'exception-not-needed', data: { package: 'Pay' } };
    const facts = requestFacts({ request: aRequest({ state: 'denied', detail: 'gateClosed', refusal }) });
    const said = (who: PersonId) => read(gateText(facts, who) ?? []);
    expect(said(facts.target.id)).toBe(
      'No exception is needed: nothing stands against Pay now. Ask for it: type “request Pay”.',
    );
    expect(said(idOf('Ana'))).toBe('No exception is needed: nothing stands against Pay for Tara now.');
  });
  test('of what is held already tells only whoever chooses dates to choose others', () => {
    const data = { package: 'Pay', endsAt: NOON };
    expect(read(explain('already-held', { ...data, target: 'Tara', choose: true }))).toContain('choose a start');
    const facts = requestFacts({
      request: aRequest({
        state: 'denied',
        detail: 'gateClosed',
        refusal: kept(new DomainError('already-held', data)),
      }),
    });
    expect(read(gateText(facts, idOf('Ana')) ?? [])).toMatch(
      /^Tara has Pay until .* already: there is nothing to add\.$/,
    );
  });
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
  // What the templates are read with says to programmers what is wrong with one.
  const TEMPLATES = ['binding.ts', 'cards.ts', 'dialect.ts', 'inputs.ts', 'properties.ts'];
  const sources = files(root)
    .map((path) => path.slice(root.length + 1))
    .filter((name) => !name.startsWith('words') && !TEMPLATES.includes(name));
  const OURS = ['words', 'usage', 'near', 'typed'];
  const PROGRAMMERS = /^(?:new Error\b|(?:parts\.)?log\b)/;

  /** Whether it is made a span as it stands. */
  const isSpoken = ({ parent }: ts.Node): boolean => {
    if (ts.isCallExpression(parent)) return ['fixed', 'user', 'text'].includes(parent.expression.getText());
    if (!ts.isPropertyAssignment(parent) || parent.name.getText() !== 'text') return false;
    return /\bkind: 'fixed'/.test(parent.parent.getText());
  };
  const isCommand = (said: string): boolean => /^\p{Ll}/u.test(said) && parse(said) !== null;

  /**
   * Literals with a blank between words, whatever values stand among these, and single words that are made a span; outside imports,
   * types, errors for programmers, the log, and typed commands with their usage.
   */
  function sentencesIn(source: ts.SourceFile): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
      if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && PROGRAMMERS.test(node.getText())) return;
      if (ts.isPropertyAssignment(node) && OURS.includes(node.name.getText())) return;
      if (ts.isFunctionDeclaration(node) && /^typed/.test(node.name?.text ?? '')) return;
      const [said, isWords] = ts.isTemplateExpression(node)
        ? [withGaps(node), /\p{L}{2}\s|\s\p{L}{2}/u]
        : [ts.isStringLiteralLike(node) ? node.text : '', /\p{L}\s+\p{L}/u];
      if (isCommand(said)) return;
      if (said !== '' && (isSpoken(node) ? /\p{L}/u : isWords).test(said)) found.push(said);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }
  const withGaps = ({ head, templateSpans }: ts.TemplateExpression): string =>
    [head, ...templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join('…');
  const parsed = (name: string, text: string) => ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);

  test.each<[string, string[]]>([
    ["say('a b')", ['a b']],
    ['`${by} asks for ${name}`', ['… asks for …']],
    ['`${by} asked`', ['… asked']],
    ['`Asked by ${by}`', ['Asked by …']],
    ['`${a} ${b}: (${c})`', []],
    ["fixed('Approved')", ['Approved']],
    ['fixed(`${n}x`)', ['…x']],
    ["fixed(' · ')", []],
    ["{ kind: 'fixed', text: 'Approved' }", ['Approved']],
    ["{ kind: 'approval' }", []],
    ["[`request ${name}`, `ask exception ${name}${x ? ` for ${who}` : ''}`]", []],
    ['`Request ${name}`', ['Request …']],
    ['new Error(`no card ${name}`)', []],
    ['{ typed: `${words} until ${day}` }', []],
  ])('what counts: %s', (text, want) => {
    expect(sentencesIn(parsed('x.ts', `const x = ${text};`))).toEqual(want);
  });

  test.each(sources)('%s', (name) => {
    expect(sentencesIn(parsed(name, readFileSync(join(root, name), 'utf8')))).toEqual([]);
  });
});
