// What was changed outside of Usher, for those in charge of a resource: what Usher does about it, or asks before it does.
import { mayAnswer, type DriftAnswer, type DriftKind } from '../../domain/drift';
import type { PersonId } from '../../domain/model';
import type { DriftList, DriftView } from '../../operations/ports';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, listed, say } from '../words';
import { text } from './common';
import type { sentences } from '../words/sentences';

/** People who are named one by one when somebody wants the details. */
export const DETAILS = 15;

/** How things stand, for one of those in charge. `isDetailed`: with more names, a line each. */
export function drift(view: DriftView, viewer: PersonId, isDetailed: boolean): CardDataOf['drift'] {
  const { resource, extra, left, missing, unknown, ours, set, answer } = view;
  const may = mayAnswer(view, viewer);
  const isThere = extra.people + unknown > 0;
  const names = (list: DriftList): readonly Text[] => (isDetailed ? inLines(list) : []);
  const unread = notRead(view);
  const others = [
    ...(extra.people === 0 ? [] : [say('drift.extra', { count: extra.people, names: named(extra) }), ...names(extra)]),
    ...(unknown === 0 ? [] : [say('drift.unknown', { count: unknown })]),
    ...(isThere ? [follows(view, 'extra')] : []),
    ...(unknown > 0 && resource.driftExtra === 'repair' ? [label('drift.unknownStays')] : []),
    ...(missing.people === 0
      ? []
      : [
          say('drift.missing', { count: missing.people, names: named(missing) }),
          ...names(missing),
          follows(view, 'missing'),
        ]),
    ...(set === null ? [] : [answer === null ? asks(view, may) : answered(answer, may.accept)]),
    ...since(view, 'extra'),
    ...since(view, 'missing'),
    ...unread,
  ];
  const isLeftAlone = left.people > 0 && others.length === 0;
  const whoLeft = { count: left.people, names: named(left), resource: resource.name };
  const gone =
    left.people === 0
      ? []
      : [
          // The title says the rest of it.
          ...(isLeftAlone && isDetailed ? [] : [say(isLeftAlone ? 'drift.leftNames' : 'drift.left', whoLeft)]),
          ...names(left),
          label(`drift.left.${resource.driftExtra}`),
        ];
  const lines = [...gone, ...others];
  const kept =
    ours.people === 0
      ? []
      : [
          say('drift.ours', {
            names: listed(
              ours.first.map(({ name }) => name),
              'and',
              3,
              ours.people,
            ),
          }),
        ];
  const said = lines.length === 0 ? [label('drift.over')] : lines;
  const isUnreadAlone = unread.length > 0 && lines.length === unread.length;
  const title = say(isLeftAlone ? 'drift.leftTitle' : isUnreadAlone ? 'drift.unreadTitle' : 'drift.title', whoLeft);
  return {
    summary: title,
    title,
    tone: lines.length === 0 ? 'default' : isThere || gone.length > 0 ? 'attention' : 'warning',
    lines: [...said, ...kept].map((text) => ({ text })),
    resource: resource.id,
    resourceName: resource.name,
    set: set ?? '',
    mayAccept: may.accept,
    mayDecline: may.decline,
    details: !isDetailed && [left, extra, missing].some(({ people, first }) => people > first.length),
  };
}

function notRead({ kept: { people, readAt } }: DriftView): readonly Text[] {
  if (people === 0) return [];
  const line =
    readAt === null ? say('drift.neverRead', { count: people }) : say('drift.unread', { count: people, readAt });
  return [line, label('drift.unreadNext')];
}

function named({ people, first }: DriftList): Text {
  // Each gives way by itself, so that no bracket stays open.
  const names = first
    .slice(0, 3)
    .map(({ name, role }) => say('drift.person', { name: text(name, 50), role: text(role, 40) }));
  return listed(names, 'and', names.length, people);
}

function inLines({ people, first }: DriftList): readonly Text[] {
  const rest = people - first.length;
  return [
    ...first.map(({ name, role }) => say('drift.person', { name, role })),
    ...(rest > 0 ? [say('lines.others', { count: rest })] : []),
  ];
}

function asks({ others }: DriftView, may: ReturnType<typeof mayAnswer>): Text {
  if (may.decline) return say('drift.ask');
  if (may.accept) return say('drift.askAll');
  return say('drift.answer.concerned', { names: listed(others, 'or', 3) });
}

type HeldKey = Extract<keyof typeof sentences, `drift.held.${string}`>;

function follows({ resource, held, answer }: DriftView, kind: DriftKind): Text {
  const why = held[kind];
  if (why === null || answer?.accepted === true)
    return label(kind === 'extra' ? `drift.extra.${resource.driftExtra}` : `drift.missing.${resource.driftMissing}`);
  // Why it was asked need not be true of what is left of what was declined.
  return label(answer === null ? (`drift.held.${kind}.${why}` as HeldKey) : `drift.declined.${kind}`);
}

/** What is found beside what was declined is nobody's answer. */
function since(view: DriftView, kind: DriftKind): readonly Text[] {
  const { fresh } = view[kind];
  const isBeside = view.held[kind] !== null && view.answer?.accepted === false && fresh > 0;
  return isBeside ? [say(`drift.since.${kind}`, { count: fresh })] : [];
}

const answered = ({ accepted, by }: DriftAnswer, mayAccept: boolean): Text =>
  say(accepted ? 'drift.answer.accepted' : mayAccept ? 'drift.answer.declined' : 'drift.answer.stays', { by });
