// What somebody has to be woken for: the same thresholds for the log and for the metrics.
import type { Backlog } from './ports';

/** A message is out within seconds where its platform answers. */
const MESSAGE_SECONDS = 240;
/** Who wrote waits for an answer. */
const INBOUND_SECONDS = 120;

export const alarmNames = [
  'removalsOverdue',
  'accessAstray',
  'messagesLate',
  'answersLate',
  'workNotTaken',
  'leaversHeld',
  'changesHeld',
  'exceptionsOver',
  'peopleKept',
] as const;

export interface Alarm {
  readonly alarm: (typeof alarmNames)[number];
  readonly count: number;
  readonly oldestSeconds: number;
}

/** The alarms of a look; none where all is well. */
export function alarmsOf(backlog: Backlog): readonly Alarm[] {
  const messages = backlog.outgoing.filter(({ kind }) => kind !== 'place');
  const oldest = (numbers: readonly number[]): number => Math.round(Math.max(0, ...numbers));
  const waiting = (rows: Backlog['outgoing']): number => rows.reduce((sum, { due, later }) => sum + due + later, 0);
  const alarms: readonly (Alarm & { readonly rings: boolean })[] = [
    {
      alarm: 'removalsOverdue',
      count: backlog.overdueRemovals,
      oldestSeconds: oldest([backlog.oldestRemovalSeconds]),
      rings: backlog.overdueRemovals > 0,
    },
    {
      // Mended by the time that somebody reads it, and nothing that should ever happen.
      alarm: 'accessAstray',
      count: backlog.astray.count,
      oldestSeconds: oldest([backlog.astray.oldestSeconds]),
      rings: backlog.astray.count > 0,
    },
    {
      alarm: 'messagesLate',
      count: waiting(messages),
      oldestSeconds: oldest(messages.map((row) => row.oldestSeconds)),
      rings: messages.some((row) => row.oldestSeconds > MESSAGE_SECONDS),
    },
    {
      alarm: 'answersLate',
      count: backlog.inbound.waiting + backlog.inbound.givenUp,
      oldestSeconds: oldest([backlog.inbound.oldestSeconds]),
      rings: backlog.inbound.oldestSeconds > INBOUND_SECONDS || backlog.inbound.givenUp > 0,
    },
    {
      // Access of people who left a scope, too many to end without a word: somebody has it who should not, or a change was a mistake.
      alarm: 'leaversHeld',
      count: backlog.leaversAsked.count,
      oldestSeconds: oldest([backlog.leaversAsked.oldestSeconds]),
      rings: backlog.leaversAsked.count > 0,
    },
    {
      // Access that was changed outside, too much of it to put right without a word: whoever is in charge was asked, if there is anybody.
      alarm: 'changesHeld',
      count: backlog.changesAsked.count,
      oldestSeconds: oldest([backlog.changesAsked.oldestSeconds]),
      rings: backlog.changesAsked.count > 0,
    },
    {
      // Two things that must not be together, and nothing that allows it: those in charge were told and have done nothing yet.
      alarm: 'exceptionsOver',
      count: backlog.exceptionsOver.count,
      oldestSeconds: oldest([backlog.exceptionsOver.oldestSeconds]),
      rings: backlog.exceptionsOver.count > 0,
    },
    {
      // Nobody knows what somebody who is gone still has in a system that cannot be read; its owners were told.
      alarm: 'peopleKept',
      count: backlog.peopleKept.count,
      oldestSeconds: oldest([backlog.peopleKept.oldestSeconds]),
      rings: backlog.peopleKept.count > 0,
    },
    {
      // A placement that waits for its next try is no alarm of its own; one that is due and not taken up is.
      alarm: 'workNotTaken',
      count: backlog.outgoing.reduce((sum, { due }) => sum + due, 0),
      oldestSeconds: oldest(backlog.outgoing.map((row) => row.overdueSeconds)),
      rings: backlog.outgoing.some((row) => row.overdueSeconds > MESSAGE_SECONDS),
    },
  ];
  return alarms
    .filter(({ rings }) => rings)
    .map(({ alarm, count, oldestSeconds }) => ({ alarm, count, oldestSeconds }));
}
