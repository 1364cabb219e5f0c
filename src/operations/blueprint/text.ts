// A plan as lines for a terminal.
import type { PlanLine } from './draft';
import type { Plan } from './plan';
import { problemText, type Problem } from './read';
import { showUnseen } from './values';
import { count } from './words';

const SIGNS = { create: '+', change: '~', delete: '-', note: '!' } as const;
const SHOWN = 20; // of one kind; a first file has hundreds of people

/** Every problem with its place, and that nothing came of the files. */
export function problemsText(problems: readonly Problem[], act: 'plan' | 'apply'): string {
  const outcome = act === 'apply' ? 'nothing was applied' : 'apply would refuse these files';
  return [...problems.map(problemText), `${count(problems.length, 'problem')}: ${outcome}.`].join('\n');
}

/** Lines by kind in the order of the plan, each with its details, and the sum or what is wrong at the end. */
export function planText(plan: Plan, act: 'plan' | 'apply' = 'plan'): string {
  const kinds = new Map<string, PlanLine[]>();
  for (const line of plan.lines) {
    const kind = `${line.action} ${line.noun}`;
    const lines = kinds.get(kind);
    if (lines) lines.push(line);
    else kinds.set(kind, [line]);
  }
  const end = plan.problems.length > 0 ? problemsText(plan.problems, act) : sum(plan);
  return [...[...kinds.values()].flatMap(kindText), end].join('\n');
}

function kindText(lines: readonly PlanLine[]): string[] {
  const out = lines.slice(0, SHOWN).flatMap(({ action, noun, label, details }) => {
    const head = oneLine(`${SIGNS[action]} ${noun} ${label}`);
    const [only] = details.map(oneLine);
    if (only !== undefined && details.length === 1 && action !== 'change') return [`${head}: ${only}`];
    return [head, ...details.map((detail) => `    ${oneLine(detail)}`)];
  });
  const [first] = lines;
  const more = lines.length - SHOWN;
  return first && more > 0 ? [...out, `${SIGNS[first.action]} ... and ${more} more of the kind "${first.noun}"`] : out;
}

/** A text of several lines must not look like lines of the plan. */
const oneLine = (text: string): string => showUnseen(text.replace(/[\n\v\f\r\u0085\u2028\u2029]+\s*/g, ' ↵ '));

function sum({ counts, applied }: Plan): string {
  const { created, changed, deleted, unchanged } = counts;
  const same = `${unchanged} as written`;
  if (created + changed + deleted === 0) return `Nothing to change, ${same}.`;
  return applied
    ? `Applied: ${created} created, ${changed} changed, ${deleted} ended, ${same}.`
    : `Plan: ${created} to create, ${changed} to change, ${deleted} to end, ${same}.`;
}
