// How a request went, from its audit events.
import type { TimelineRow } from '../../operations/ports';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import { label, listed, say } from '../words';
import type { Fact } from './asked';

const TIMELINE_ROWS = 10;

/** People asked at one moment are one line: "Ana and Ben were asked". */
export function timeline(view: RequestView): Fact[] {
  const rows: Fact[] = [];
  let asked: { readonly at: number; readonly names: string[] } | null = null;
  const flush = (): void => {
    if (asked)
      rows.push(
        row(
          new Date(asked.at),
          say('timeline.asked', { names: listed(asked.names, 'and', 4), count: asked.names.length }),
        ),
      );
    asked = null;
  };
  for (const one of view.timeline) {
    if (one.type === 'approver.asked') {
      if (asked?.at !== one.at.getTime()) flush();
      asked ??= { at: one.at.getTime(), names: [] };
      asked.names.push(one.person?.name ?? '');
      continue;
    }
    const what = timelineRow(one, view.facts.stages.length);
    if (what === null) continue;
    flush();
    rows.push(row(one.at, what));
  }
  flush();
  return rows.slice(-TIMELINE_ROWS);
}

/** `steps`: of how many approvals; where it is one, the approver's own line says it all. */
function timelineRow(row: TimelineRow, steps: number): Text | null {
  const by = row.actor?.name ?? null;
  const person = row.person?.name ?? '';
  switch (row.type) {
    case 'request.submitted':
      // Whoever approved last made Usher ask again; they did not ask.
      return row.data['again'] === true ? label('timeline.request.askedAgain') : asked(by);
    case 'assignment.ending':
      // A removal begins with it. Of a request that was to begin and is taken back it says nothing more than that.
      return row.data['type'] === undefined ? null : asked(by);
    case 'request.approved':
      return label(row.data['byPolicy'] === true ? 'timeline.request.approvedByPolicy' : 'timeline.request.approved');
    case 'request.canceled':
      if (row.data['detail'] === 'contentChanged') return label('timeline.request.contentChanged');
      return by === null ? label('timeline.request.canceled') : say('timeline.request.canceledBy', { by });
    case 'request.denied':
      return row.data['detail'] === 'deniedByApprover' ? null : label('timeline.request.denied');
    case 'request.expired':
    case 'request.delivered':
    case 'request.partiallyDelivered':
    case 'request.deliveryFailed':
    case 'request.removed':
    case 'request.removalFailed':
    case 'stage.reminded':
    case 'stage.escalated':
    case 'assignment.extended':
    case 'assignment.scheduled':
      return label(`timeline.${row.type}`);
    case 'stage.opened':
      return row.data['standIns'] === true ? label('timeline.stage.standIns') : null;
    case 'stage.approved':
    case 'stage.expired':
      if (steps < 2) return null;
      return say(`timeline.${row.type}`, { n: row.stage ?? 1 });
    case 'approver.released':
      return say('timeline.approver.released', { person });
    case 'manualTask.done':
      return say(row.data['want'] === true ? 'timeline.manualTask.given' : 'timeline.manualTask.taken', {
        by: by ?? '',
      });
    case 'decision.recorded':
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

function row(at: Date, what: Text): Fact {
  return { title: say('timeline.row', { at }), value: what };
}
