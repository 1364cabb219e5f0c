// X37: every pattern of the program against texts made for it. It meets no database, so that it runs once.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import ts from 'typescript';
import { DAY_TYPED } from '../../src/chat/days';
import { splits } from '../../src/chat/names';
import { SEEN_OR_NOT } from '../../src/operations/blueprint/values';

test('X37: no pattern of the program grows so fast with what is typed that it holds the program up', () => {
  const patterns = new Map<string, string>();
  const src = join(__dirname, '../../src');
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (/\.(?:ts|js)$/.test(name)) collect(path);
    }
  };
  const collect = (path: string): void => {
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) patterns.set(node.text, relative(src, path));
      // Made of parts while running: the parts are words and patterns of ours.
      if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') made.add(node.getText());
      ts.forEachChild(node, visit);
    };
    visit(source);
  };
  const made = new Set<string>();
  walk(src);
  expect(patterns.size).toBeGreaterThan(60);
  // A new one has to be looked at, and written out below.
  expect(made.size).toBe(12);
  patterns.set('/<@U0BOT(?:\\|[^<>]*)?>[ \\t]*[:,]?/g', 'typed.ts').set('/\\s+for\\s+/gi', 'names.ts');
  const [quotes, marks] = [`"'“”„«»‘’`, `"'“”„«»‘’)\\]*_\`:;,.!\u2026`];
  patterns
    .set(`/^(?:[\\s([#>${marks}]|-\\s)+|[\\s${marks}-]+$/gu`, 'chat/typed.ts')
    .set('/^(?:[👍👌]|[\\u{1f3fb}-\\u{1f3ff}]|:(?:pray|heart)(?:::skin-tone-\\d)?:|[👋\\s]|:wave:)+/u', 'chat/typed.ts')
    .set(`/^[\\s${marks}-]+|[\\s${marks}-]+$/gu`, 'chat/typed.ts')
    .set(`/^[${quotes}]([^${quotes}]*)[${quotes}]$/u`, 'chat/typed.ts');

  patterns.set(SEEN_OR_NOT.toString(), 'operations/blueprint/values.ts');

  for (const words of ['from|starting', 'until|till|to|through'])
    patterns.set(`/\\s(?:${words})\\s(${DAY_TYPED})(?=$|[\\s.,;!])/i`, 'chat/actions/delegations.ts');

  // A line that is read letter by letter takes a millisecond here, one whose letters are tried in pairs thirty, in triples a minute. The
  // limit lies far from each, so that a slow machine is no reason.
  const LIMIT_US = 500_000;
  const context = createContext({ texts: [''], cost: 0, spent: () => process.cpuUsage().user });
  /** Microseconds for the dearest of these texts. A bomb ends some time instead of never. */
  const costOf = (pattern: string, texts: readonly string[]): number => {
    Object.assign(context, { texts, cost: 0 });
    try {
      // Read again, because a pattern of ours with `g` remembers where it stopped.
      return runInContext(
        `for (const text of texts) {
          const began = spent();
          for (const _ of text.matchAll(new RegExp(${pattern}, 'g' + ${pattern}.flags.replace('g', '')))) ;
          cost = Math.max(cost, spent() - began);
        }
        cost`,
        context,
        { timeout: 30_000 },
      ) as number;
    } catch {
      return Infinity;
    }
  };
  const slow: unknown[] = [];
  for (const [pattern, path] of patterns) {
    const texts = hostileFor(pattern, /http|route|receiver|gate|manifest/.test(path) ? 16_000 : 3_000);
    // The best of three: a collection of garbage in between is not the pattern's doing.
    let best = Infinity;
    for (let tries = 0; tries < 3 && best > LIMIT_US; tries += 1) best = Math.min(best, costOf(pattern, texts));
    if (best > LIMIT_US) slow.push([pattern, path, best / 1000]);
  }
  expect(slow).toEqual([]);
  // A line may be read in several ways, each of which asks the directory: a few, however often the word stands there.
  expect(splits(' for a'.repeat(400), 'for').length).toBeLessThanOrEqual(24);
});

/** Texts made to be almost matched: of the length that a typed line has at most, or an address. */
function hostileFor(pattern: string, longest: number): readonly string[] {
  const letters = new Set([
    ...Array.from(pattern.replace(/\\[a-zA-Z]|[\\[\](){}*+?.|^$/]/g, '')),
    ...['a', '0', ' ', '\t', '/', '-', '.', '@', '<', '(', '\u0301', '\u202E'],
  ]);
  const texts = Array.from(letters)
    .slice(0, 60)
    .flatMap((letter) => [
      letter.repeat(longest),
      `${letter.repeat(longest)}!`,
      `${'a'.repeat(longest)}${letter}`,
      `${`${letter} `.repeat(longest / 2)}\u0000`,
      `${`a${letter}`.repeat(longest / 2)}\n!`,
    ]);
  const some = pattern.slice(1, pattern.lastIndexOf('/')).replace(/[\\^$]/g, '');
  return some === '' ? texts : [...texts, some.repeat(Math.ceil(longest / some.length)).slice(0, longest)];
}
