// From YAML texts to one blueprint, or to the list of everything that is wrong with them, each with file, line and column.
// What can be seen in the files alone is refused here; what needs the database is refused by the plan.
import { createHash } from 'node:crypto';
import {
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type ParsedNode,
  type Pair,
} from 'yaml';
import { explain } from './explain';
import { fileSchema, type FileText } from './schema';
import { show, showUnseen } from './values';

/** Something wrong, where it stands, and what to do. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A place in a blueprint: file number and path, as in `['people', 3, 'manager']`. */
export interface Place {
  readonly file: number;
  readonly path: readonly (string | number)[];
}

/** Configuration as people wrote it. Several files given together are one. */
export interface Blueprint {
  /** Fingerprint of all files together, for the audit trail. */
  readonly digest: string;
  readonly files: readonly { readonly name: string; readonly content: FileText }[];
  /** A problem at a place, with its line and column. */
  problem(place: Place, message: string): Problem;
}

/** Reads all files and reports every problem of all of them at once. */
export function parseBlueprint(
  files: readonly { readonly name: string; readonly text: string }[],
): { readonly blueprint: Blueprint } | { readonly problems: readonly Problem[] } {
  const read = files.map(readFile);
  const problems = read.flatMap((file) => file.problems);
  if (problems.length > 0) return { problems: problems.sort(byPosition(files.map(({ name }) => name))) };
  return {
    blueprint: {
      digest: createHash('sha256')
        .update(JSON.stringify(files.map(({ text }) => text)))
        .digest('hex'),
      files: read.map(({ name, content }) => ({ name, content })),
      problem(place, message) {
        const file = read[place.file];
        if (!file) throw new Error(`no file ${place.file} in the blueprint`);
        return { file: file.name, ...file.position(place.path, false), message };
      },
    },
  };
}

/** `file:line:column: message`, as editors and terminals link it. */
export const problemText = ({ file, line, column, message }: Problem): string =>
  `${file}:${line}:${column}: ${showUnseen(message)}`;

/** First by file as given, then by position. */
export function byPosition(names: readonly string[]): (a: Problem, b: Problem) => number {
  return (a, b) => names.indexOf(a.file) - names.indexOf(b.file) || a.line - b.line || a.column - b.column;
}

interface ReadFile {
  readonly name: string;
  readonly content: FileText;
  readonly problems: readonly Problem[];
  position(path: readonly (string | number)[], key: boolean): { line: number; column: number };
}

const ALIASES = 10_000; // enough for anything written by hand, and far from what a "billion laughs" file needs
const BYTES = 32 * 1024 * 1024;

function readFile({ name, text }: { readonly name: string; readonly text: string }): ReadFile {
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const failed = (problems: readonly Problem[]): ReadFile => ({
    name,
    content: {},
    problems,
    position: () => ({ line: 1, column: 1 }),
  });
  if (text.length > BYTES)
    return failed([{ file: name, line: 1, column: 1, message: 'The file is larger than 32 MB. Split it.' }]);

  const doc = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const tab =
    doc.errors.length > 0
      ? tabBefore(
          text,
          doc.errors.map((error) => error.pos[0]),
        )
      : null;
  // After a tab the parser stumbles over what is right as well.
  if (tab !== null)
    return failed([
      { file: name, ...at(tab), message: 'Tabs cannot indent YAML. Use spaces, wherever a line begins with a tab.' },
    ]);
  if (doc.errors.length > 0)
    return failed(
      doc.errors.map((error) => ({ file: name, ...at(error.pos[0]), message: syntaxText(error.code, error.message) })),
    );

  const position = (path: readonly (string | number)[], key: boolean): { line: number; column: number } =>
    at(offsetOf(doc, path, key));
  let data: unknown;
  try {
    data = doc.toJS({ maxAliasCount: ALIASES }) ?? {};
  } catch {
    return failed([{ file: name, line: 1, column: 1, message: 'Too many aliases (*name). Write the values out.' }]);
  }
  const shape = fileSchema.safeParse(data, { reportInput: true });
  if (shape.success) return { name, content: shape.data, problems: [], position };
  const problems = shape.error.issues.flatMap((issue) =>
    explain(issue).map(({ path, key, message }) => ({ file: name, ...position(path, key), message })),
  );
  return { name, content: {}, problems, position };
}

/** Where the value (or the key) at a path begins; where nothing stands, where the thing around it begins. */
function offsetOf(doc: Document.Parsed, path: readonly (string | number)[], key: boolean): number {
  let node: unknown = doc.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (!isCollection(node)) break;
    const pair: Pair<ParsedNode, ParsedNode | null> | undefined = isMap<ParsedNode, ParsedNode | null>(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      : undefined;
    if (pair && key && depth === path.length - 1) return startOf(pair.key) ?? offset;
    const next = node.get(step, true);
    offset = startOf(next) ?? (pair ? startOf(pair.key) : undefined) ?? offset;
    if (next === undefined) break;
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? (node.range[0] as number)
    : undefined;
}

/** The first tab that indents a line on which the parser found something. */
function tabBefore(text: string, offsets: readonly number[]): number | null {
  const tabs = offsets.flatMap((offset) => {
    const line = text.lastIndexOf('\n', offset - 1) + 1;
    const indent = /^[ \t]*/.exec(text.slice(line))?.[0] ?? '';
    const tab = indent.indexOf('\t');
    return tab < 0 ? [] : [line + tab];
  });
  return tabs.length === 0 ? null : Math.min(...tabs);
}

function syntaxText(code: string, message: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'This field is written twice in the same place. Keep one of them.';
    case 'MULTIPLE_DOCS':
      return 'The file holds several documents ("---"). Put each into a file of its own.';
    case 'BAD_INDENT':
      return 'The indentation does not fit. Indent with the same number of spaces as the line above.';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'There is a second colon in the line. Put the value into quotes, as in "group: Finance".';
    default:
      return `This is not YAML: ${message.split('\n')[0] ?? show(code)}. Correct it here or just before.`;
  }
}
