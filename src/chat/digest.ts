// Many messages in one: each line is the summary of the message that it stands for, drawn from how things stand now, with a button
// that leads to what can be done about it. No list has the alarms and questions among them.
import { DomainError } from '../domain/errors';
import { duties } from '../domain/consequences';
import type { CardDataOf } from './card-data';
import { label, say } from './words';
import type { Drawn, Look, Params } from './views';

/** Lines of a page. */
const LINES = 10;

/** As `store/digest.ts` names what was gathered; the same subject may come several times. */
interface Item {
  readonly notice: string;
  readonly about: string;
  readonly params: Params;
}

type Row = CardDataOf['digest']['rows'][number];

/**
 * Draws the digest from its item `from` on; refuses with `not-found` where nothing of it concerns its reader any more. What is over by
 * now is neither shown nor counted. Beside that, no more is drawn than a page and the next line after it.
 */
export async function digest(
  look: Look,
  draw: (view: string, look: Look) => Promise<Drawn>,
  isView: (view: string) => boolean,
): Promise<Drawn> {
  const params = await withItems(look);
  const all = inOrder(itemsOf(params));
  const items = all.filter(({ notice }) => isView(notice));
  // What this release cannot draw is counted, and another one says it.
  const left = all.length - items.length;
  const { rows, next } = await pageOf(items, typeof params['from'] === 'number' ? params['from'] : 0, (item) =>
    rowOf({ ...look, params: item.params }, item, draw),
  );
  if (rows.length + left === 0) throw new DomainError('not-found', { what: 'card' });
  const title =
    next === null
      ? say('digest.title', { count: rows.length + left })
      : say('digest.titleMore', { count: rows.length });
  return {
    card: 'digest',
    data: {
      summary: title,
      title,
      intro: label('digest.intro'),
      rows,
      more: next !== null ? label('digest.moreFollow') : left > 0 ? say('digest.more', { count: left }) : null,
      digest: String(params['event'] ?? ''),
      next,
    },
  };
}

function rank({ notice }: Item): number {
  const found = duties.findIndex((duty) => duty === nameOf(notice));
  return found < 0 ? duties.length : found;
}

/** What is asked of the reader before what is only told, the newest first; what was said several times about the same, once. */
function inOrder(items: readonly Item[]): Item[] {
  const newest = new Map<string, Item>();
  for (const item of [...items].reverse()) {
    const key = `${nameOf(item.notice)} ${item.about}`;
    if (!newest.has(key)) newest.set(key, item);
  }
  return [...newest.values()].sort((a, b) => rank(a) - rank(b));
}

/** A page of lines from `from` on, and where the next one begins. One line a subject: the first of its items that is not over. */
async function pageOf(
  items: readonly Item[],
  from: number,
  rowFor: (item: Item) => Promise<Row | null>,
): Promise<{ readonly rows: readonly Row[]; readonly next: number | null }> {
  const drawn = new Map<Item, Row | null>();
  const drawOnce = async (item: Item): Promise<Row | null> => {
    const known = drawn.get(item);
    if (known !== undefined) return known;
    const row = await rowFor(item);
    drawn.set(item, row);
    return row;
  };
  const rows: Row[] = [];
  for (const [n, item] of items.entries()) {
    if (n < from) continue;
    let isTold = false;
    for (const other of items.slice(0, n))
      if (!isTold && other.about === item.about) isTold = (await drawOnce(other)) !== null;
    const row = isTold ? null : await drawOnce(item);
    if (row === null) continue;
    if (rows.length === LINES) return { rows, next: n };
    rows.push(row);
  }
  return { rows, next: null };
}

async function rowOf(look: Look, item: Item, draw: (view: string, look: Look) => Promise<Drawn>): Promise<Row | null> {
  try {
    const drawn = await draw(item.notice, look);
    return drawn.over === true ? null : { text: drawn.data.summary, ...NO_BUTTON, ...buttonOf(drawn, item) };
  } catch (error) {
    // It was about something that the reader has no part in by now.
    if (error instanceof DomainError) return null;
    throw error;
  }
}

const NO_BUTTON = { request: null, task: null, notice: null, subject: null, typed: null };

/** A request and a task lead to themselves; of everything else the message is shown that the line stands for. */
function buttonOf(drawn: Drawn, { notice, about }: Item): Partial<Row> {
  const own = { notice: nameOf(notice), subject: about.slice(about.indexOf(':') + 1) };
  switch (drawn.card) {
    case 'approval':
    case 'request':
      return { request: drawn.data.request, typed: drawn.data.typed };
    case 'manual-task':
      return { task: drawn.data.task, typed: drawn.data.typed };
    case 'drift':
      return { ...own, typed: `changes ${drawn.data.resourceName}` };
    case 'notice': {
      const { request, number, mayEnd, packageName } = drawn.data;
      if (request !== null) return { request, typed: number };
      return mayEnd ? { ...own, typed: `remove leavers from ${packageName}` } : own;
    }
    default:
      return own;
  }
}

const nameOf = (notice: string): string => notice.split('~')[0] ?? '';

/** The views that its lines are drawn by. */
export function noticesOf(params: Params): readonly string[] {
  return itemsOf(params).map(({ notice }) => notice);
}

/** A further page knows the digest by its name only. */
async function withItems({ desk, who, params }: Look): Promise<Params> {
  const { items, event } = params;
  if (typeof items === 'string' || typeof event !== 'string') return params;
  return { ...params, items: await desk.views.digest(who.person.id, event) };
}

function itemsOf(params: Params): readonly Item[] {
  const { items } = params;
  if (typeof items !== 'string') throw new DomainError('not-found', { what: 'card' });
  return JSON.parse(items) as readonly Item[];
}
