// Many messages in one: each line is the summary of the message that it stands for, drawn from how things stand now.
import { DomainError } from '../domain/errors';
import type { CardDataOf } from './card-data';
import { label, say } from './words';
import type { Drawn, Look, Params } from './views';

/** Lines of a digest; what is left out is counted. */
const LINES = 10;
/** What is looked at to find them: much may be over by now. */
const LOOKS = 40;

/** As `store/digest.ts` names what was gathered; the same subject may come several times. */
interface Item {
  readonly notice: string;
  readonly about: string;
  readonly params: Params;
}

// What waits for the reader comes before what they only have to know.
const DUTIES = [
  'approval',
  'approvalReminder',
  'manualTask',
  'manualTaskReminder',
  'accessEnding',
  'removalAlarm',
  'deliveryFailed',
  'drift',
  'leavers',
];

/** Draws the digest; refuses with `not-found` where nothing of it concerns its reader any more. */
export async function digest(
  look: Look,
  draw: (view: string, look: Look) => Promise<Drawn>,
  isView: (view: string) => boolean,
): Promise<Drawn> {
  const all = bySubject(itemsOf(look.params));
  const items = all.filter(({ notice }) => isView(notice));
  const rows: CardDataOf['digest']['rows'][number][] = [];
  let seen = 0;
  for (const item of items.slice(0, LOOKS)) {
    if (rows.length === LINES) break;
    seen += 1;
    const line = await lineOf({ ...look, params: item.params }, item, draw);
    if (line !== null) rows.push(line);
  }
  const left = all.length - seen;
  if (rows.length + left === 0) throw new DomainError('not-found', { what: 'card' });
  const title = say('digest.title', { count: rows.length + left });
  return {
    card: 'digest',
    data: {
      summary: title,
      title,
      intro: label('digest.intro'),
      rows,
      more: left === 0 ? null : say('digest.more', { count: left }),
    },
  };
}

function rank({ notice }: Item): number {
  const found = DUTIES.indexOf(notice.split('~')[0] ?? '');
  return found < 0 ? DUTIES.length : found;
}

/** One line a subject: what it asks of the reader before what it tells, of several the newest; the newest subjects first. */
function bySubject(items: readonly Item[]): Item[] {
  const kept = new Map<string, Item>();
  for (const item of items) {
    const other = kept.get(item.about);
    if (other === undefined || rank(item) <= rank(other)) kept.set(item.about, item);
  }
  return [...kept.values()].reverse().sort((a, b) => rank(a) - rank(b));
}

async function lineOf(
  look: Look,
  item: Item,
  draw: (view: string, look: Look) => Promise<Drawn>,
): Promise<CardDataOf['digest']['rows'][number] | null> {
  try {
    const drawn = await draw(item.notice, look);
    const { summary: text } = drawn.data;
    switch (drawn.card) {
      case 'approval':
        // Decided by others meanwhile: it waits for nobody.
        return drawn.data.open ? { text, request: drawn.data.request, typed: drawn.data.typed } : null;
      case 'request':
        return { text, request: drawn.data.request, typed: drawn.data.typed };
      case 'notice':
        return { text, request: drawn.data.request, typed: drawn.data.number };
      default:
        return { text, request: null, typed: '' };
    }
  } catch (error) {
    // It was about something that the reader has no part in by now.
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** The views that its lines are drawn by. */
export function noticesOf(params: Params): readonly string[] {
  return itemsOf(params).map(({ notice }) => notice);
}

function itemsOf(params: Params): readonly Item[] {
  const { items } = params;
  if (typeof items !== 'string') throw new DomainError('not-found', { what: 'card' });
  return JSON.parse(items) as readonly Item[];
}
