// How a request went, from its audit events.
import type { PersonId } from '../../domain/model';
import type { TimelineRow } from '../../operations/ports';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import { formatInstant } from '../text';
import { label, listed, say } from '../words';
import { forWhom, nameOf, number } from './common';
import { BY_USHER } from './outcome';

/** A longer one loses reminders first, then what led to the decisions, each the oldest first. */
const TIMELINE_ROWS = 10;
/** Who decided, and what came of it, goes last: as little as any card has room for. */
const DECISIONS = 24;

/** What is left out first: the lower. */
type Weight = 0 | 1 | 2;
interface Row {
  readonly at: Date;
  readonly what: Text;
  readonly weight: Weight;
}

/** Null: what is left out stands here. */
type ShownRow = Pick<Row, 'at'> & { readonly what: Text | null };

const REMINDING: readonly TimelineRow['type'][] = ['stage.reminded', 'approver.released', 'stage.escalated'];
const LEADING: readonly TimelineRow['type'][] = ['stage.opened', 'stage.approved'];
const weightOf = (type: TimelineRow['type']): Weight => (REMINDING.includes(type) ? 0 : LEADING.includes(type) ? 1 : 2);

interface Asked {
  readonly at: number;
  /** As well as those who had not decided by then. */
  readonly forwarded: boolean;
  readonly names: Text[];
}

/** The events of one day, and which day that is. */
interface Day {
  readonly day: Text;
  readonly lines: { readonly text: Text }[];
}

/** What of it the card of a request shows to somebody in that zone: all, or what matters most and how much more there is. */
export function timeline(view: RequestView, zone: string): { readonly days: readonly Day[]; readonly hidden: number } {
  const all = rowsOf(view);
  const over = all.length - TIMELINE_ROWS;
  // One line that says so says no more than the one that it replaces.
  const out = new Set(over < 2 ? [] : leastOf(all, over));
  const [gap] = [...out].sort((a, b) => a - b);
  // The first is never left out, so there is a day under which to say how many are.
  const shown = all.flatMap((row, n): readonly ShownRow[] =>
    n === gap ? [{ ...row, what: null }] : out.has(n) ? [] : [row],
  );
  return { days: byDay(shown, zone, out.size), hidden: out.size };
}

/** The date stands once above what happened on it. Where the clocks change within a day, so does the zone that it names. */
function byDay(rows: readonly ShownRow[], zone: string, hidden: number): readonly Day[] {
  const days: (Day & { readonly name: string })[] = [];
  for (const { at, what } of rows) {
    const name = formatInstant(at, 'day', { zone, locale: 'en' });
    const last = days.at(-1);
    if (what === null) last?.lines.push({ text: say('timeline.more', { count: hidden }) });
    else if (last?.name === name) last.lines.push({ text: say('timeline.line', { at, what }) });
    else days.push({ name, day: say('timeline.day', { at }), lines: [{ text: say('timeline.line', { at, what }) }] });
  }
  return days.map(({ day, lines }) => ({ day, lines }));
}

/** Which rows the card can best do without; never the first, with which everything began. */
function leastOf(all: readonly Row[], over: number): readonly number[] {
  const of = (weight: Weight) => all.flatMap((row, n) => (n > 0 && row.weight === weight ? [n] : []));
  const decisions = of(2);
  const less = [...of(0), ...of(1)].slice(0, over);
  return [...less, ...decisions.slice(0, Math.max(0, decisions.length - DECISIONS))];
}

/** A page of all of it, each event below its day. `from`: the event with which the page begins, or else the first. */
export function wholeTimeline(view: RequestView, zone: string, from: number, page: number) {
  const all = rowsOf(view);
  const start = from > 0 && from < all.length ? Math.floor(from) : 0;
  const days = byDay(all.slice(start, start + page), zone, 0);
  const lines = days.flatMap(({ day, lines: said }) => [{ text: day }, ...said]);
  return { lines, start, total: all.length };
}

/** People asked at one moment are one line: "Ana and Ben were asked". */
function rowsOf(view: RequestView): readonly Row[] {
  const rows: Row[] = [];
  const silent = new Silent();
  let asked: Asked | null = null;
  /** How many rows there were when a reminder was the last. */
  let remindedRow = 0;
  const flush = (): void => {
    if (asked) {
      const values = { names: listed(asked.names, 'and', 4), count: asked.names.length };
      const what = say(asked.forwarded ? 'timeline.askedAsWell' : 'timeline.asked', values);
      rows.push({ at: new Date(asked.at), what, weight: 1 });
    }
    asked = null;
  };
  for (const one of view.timeline) {
    silent.hear(one);
    if (one.type === 'approver.asked') {
      if (asked?.at !== one.at.getTime()) flush();
      asked ??= { at: one.at.getTime(), forwarded: one.data['forwarded'] === true, names: [] };
      asked.names.push(askedName(one, view));
      continue;
    }
    const isReminder = one.type === 'stage.reminded';
    const what = isReminder ? silent.reminded(one.at) : timelineRow(one, view.facts);
    if (what === null) continue;
    flush();
    // Of reminders day after day the last one tells it.
    if (isReminder && rows.length === remindedRow) rows.pop();
    rows.push({ at: one.at, what, weight: weightOf(one.type) });
    if (isReminder) remindedRow = rows.length;
  }
  flush();
  return rows;
}

/** Who was asked, and for whom where it is a delegate. */
function askedName({ person, data }: TimelineRow, { facts }: RequestView): Text {
  return forWhom(person?.name ?? '', typeof data['for'] === 'string' ? nameOf(facts, data['for'] as PersonId) : null);
}

/** Whoever was asked less than this ago is not reminded as well (store/audiences.ts). */
const NEWCOMER = 3_600_000;

/** Who was asked in the running stage and has not decided: those who are reminded. */
class Silent {
  #stage: number | null = null;
  readonly #asked = new Map<string, { readonly name: string; readonly at: number; readonly voice: unknown }>();

  hear({ at, type, stage, person, actor, data }: TimelineRow): void {
    const voice = data['for'];
    if (type === 'approver.asked' && person) {
      if (stage !== this.#stage) this.#asked.clear();
      this.#stage = stage;
      this.#asked.set(person.id, { name: person.name, at: at.getTime(), voice: voice ?? person.id });
    }
    if (type === 'approver.released' && person) this.#asked.delete(person.id);
    const was = type === 'approver.changed' && person ? this.#asked.get(person.id) : undefined;
    if (was && person) this.#asked.set(person.id, { ...was, voice: voice ?? person.id });
    if (type === 'decision.recorded' && actor)
      for (const [id, one] of this.#asked) if (one.voice === (voice ?? actor.id)) this.#asked.delete(id);
  }

  reminded(at: Date): Text | null {
    const names = [...this.#asked.values()].filter((one) => one.at < at.getTime() - NEWCOMER).map(({ name }) => name);
    return names.length === 0
      ? null
      : say('timeline.stage.reminded', { names: listed(names, 'and', 4), count: names.length });
  }
}

function timelineRow(row: TimelineRow, { request, stages, decisions }: RequestView['facts']): Text | null {
  const by = row.actor?.name ?? null;
  // The approver's own line says all of it.
  const isOneApproval = stages.length === 1 && stages[0]?.approvalsRequired === 1;
  const person = row.person?.name ?? '';
  switch (row.type) {
    case 'request.submitted':
      // Whoever approved last made Usher ask again; they did not ask.
      return row.data['again'] === true ? label('timeline.request.askedAgain') : asked(by);
    case 'assignment.ending':
      // A removal begins with it. Of a request that was to begin and is taken back it says nothing more than that.
      return row.data['type'] === undefined ? null : asked(by);
    case 'request.approved':
      if (row.data['byPolicy'] === true) return label('timeline.request.approvedByPolicy');
      return isOneApproval && decisions.length > 0 ? null : label('timeline.request.approved');
    case 'request.canceled':
      if (row.data['detail'] === 'contentChanged') return label('timeline.request.contentChanged');
      return by === null || BY_USHER.some((detail) => detail === row.data['detail'])
        ? label('timeline.request.canceled')
        : say('timeline.request.canceledBy', { by });
    case 'request.denied':
      return row.data['detail'] === 'deniedByApprover' ? null : label('timeline.request.denied');
    case 'request.removed': {
      const { askedAgain: again, wantedBy: other } = row.data;
      if (typeof other === 'number')
        return other === 0
          ? label('timeline.request.wantedElsewhere')
          : say('timeline.request.wantedBy', { number: number(other) });
      if (typeof again !== 'number') return label('timeline.request.removed');
      return again === 0
        ? label('timeline.request.stillWanted')
        : say('timeline.request.askedForAgain', { number: number(again) });
    }
    case 'request.expired':
    case 'request.delivered':
    case 'request.partiallyDelivered':
    case 'request.deliveryFailed':
    case 'request.removalFailed':
    case 'assignment.extended':
    case 'assignment.scheduled':
      return label(`timeline.${row.type}`);
    case 'assignment.endMoved':
    case 'assignment.unjustified':
      // Until it was a request of its own, this stood with the one that had given the access.
      return request.type === 'systemUpdate' ? label(`timeline.${row.type}`) : null;
    case 'request.endMoved':
      return label('timeline.assignment.endMoved');
    case 'stage.escalated':
      // Who was asked as well stands in a line of its own.
      return row.data['asked'] === 0 ? label('timeline.stage.escalatedToNobody') : null;
    case 'stage.opened':
      return row.data['standIns'] === true ? label('timeline.stage.standIns') : null;
    case 'stage.approved':
    case 'stage.expired':
      // Of one approval the approver's own line says it all.
      if (stages.length < 2) return null;
      return say(`timeline.${row.type}`, { n: row.stage ?? 1 });
    case 'approver.released':
      return say('timeline.approver.released', { person });
    case 'manualTask.done':
      return say(row.data['want'] === true ? 'timeline.manualTask.given' : 'timeline.manualTask.taken', {
        by: by ?? '',
      });
    case 'decision.recorded':
      if (typeof row.data['for'] === 'string')
        return say(row.data['decision'] === 'deny' ? 'timeline.decision.denyFor' : 'timeline.decision.approveFor', {
          by: by ?? '',
          person,
        });
      return say(row.data['decision'] === 'deny' ? 'timeline.decision.deny' : 'timeline.decision.approve', {
        by: by ?? '',
      });
    default:
      return null;
  }
}

function asked(by: string | null): Text {
  return by === null ? label('timeline.request.submittedSystem') : say('timeline.request.submitted', { by });
}
