// Short messages for what needs a person's attention. Drawn when sent and redrawn when things change, so they are never stale.
import type { Consequence } from '../../domain/consequences';
import { consequences } from '../../domain/consequences';
import type { TaskFacts } from '../../domain/facts';
import type { PersonId, Request } from '../../domain/model';
import type { AssignmentView } from '../../operations/assignments';
import type { PackageRow, RemovalRow } from '../../operations/ports';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { label, listed, say } from '../words';
import { approvedBecause, BRIEF, rolesText } from './asked';
import { number, stateText, text, typedNumber, typedTask } from './common';
import type { Tone } from './common';
import { BY_USHER, delegatedLines, handLines, nextLines, outcome, requestButton } from './outcome';
import { exceptionFor } from './exceptions';

export type Notice = CardDataOf['notice'];

/** A short message. */
export function notice(title: Text, tone: Tone, lines: readonly Text[], buttons: Partial<Notice> = {}): Notice {
  return {
    summary: title,
    title,
    tone,
    lines: lines.map((line) => ({ text: line })),
    facts: [],
    assignment: null,
    request: null,
    package: null,
    packageName: '',
    number: '',
    mayExtend: false,
    mayGiveUp: false,
    mayAskAgain: false,
    mayAskAnew: false,
    mayRetry: false,
    mayEnd: false,
    mayRemove: false,
    set: '',
    targetName: '',
    mayRequest: false,
    mayExcept: false,
    target: '',
    typedRequest: '',
    mayShare: false,
    details: false,
    ...buttons,
  };
}

/** A request that was canceled because the access was ended that it had given. */
const ENDED: readonly Request['detail'][] = ['endReached', 'removedByOwner', 'outOfScope'];

/**
 * Whether its reader was told something newer of the request than what this message told: one message says how it stands, and those
 * before it where, and the state in a line. `event`: what it told of; none where it stands for all that was told, as in a digest.
 */
export function isToldAnew({ facts, timeline, viewer }: RequestView, event: unknown): boolean {
  if (typeof event !== 'number') return false;
  const { request } = facts;
  // Whom it was for hears of the end instead.
  if (request.state === 'canceled' && viewer.person === request.target && ENDED.includes(request.detail)) return true;
  const isMine = ({ kind, notice, audience }: Consequence): boolean =>
    kind === 'tell' &&
    notice === 'requestOutcome' &&
    ((audience === 'requestor' && viewer.person === request.requestor) ||
      (audience === 'target' && viewer.person === request.target));
  const told = consequences.filter(isMine);
  return timeline.some(
    ({ id, type, data }) =>
      id > event &&
      told.some(
        ({ on, when = {} }) => on === type && Object.entries(when).every(([key, value]) => data[key] === value),
      ),
  );
}

/** How the request stands, in one line. */
function standing({ facts, viewer }: RequestView): Text {
  const { request, assignment } = facts;
  return stateText({ ...request, endedAt: assignment?.endedAt ?? null }, viewer.person === request.target);
}

/** The outcome of a request for its requestor: denied, expired, canceled by somebody else, approved for later. */
export function requestOutcome(view: RequestView, isOld = false): Notice {
  const { facts } = view;
  const { request } = facts;
  const name = text(facts.package.name, 150);
  const what = (() => {
    if (request.type === 'exception') return exceptionFor(facts);
    return request.type === 'userExtend' ? say('outcome.extension', { package: name }) : name;
  })();
  const values = { number: number(request.number), package: what };
  const { assignment } = facts;
  const kept =
    request.type === 'userExtend' && assignment?.endedAt === null && assignment.endsAt !== null
      ? [say('outcome.keptUntil', { endsAt: assignment.endsAt })]
      : [];
  const buttons: Partial<Notice> = {
    request: request.id,
    number: typedNumber(request.number),
    package: request.package,
    packageName: facts.package.name,
    details: true,
  };
  // How it stands is said here as well: the newer message may never have come.
  if (isOld) return notice(say('outcome.titleNewer', values), 'default', [standing(view)], buttons);
  const again = { ...buttons, ...nextButtons(view) };
  switch (request.state) {
    case 'denied':
      return notice(
        say('outcome.titleDenied', values),
        'attention',
        [...outcome(facts, view.viewer.person), ...kept, ...nextLines(view)],
        again,
      );
    case 'expired':
      return notice(
        say('outcome.titleExpired', values),
        'warning',
        [...outcome(facts), ...kept, ...nextLines(view)],
        again,
      );
    case 'canceled': {
      const by = view.timeline.find(({ type }) => type === 'request.canceled')?.actor;
      const lines =
        by && request.completedAt && !BY_USHER.some((detail) => detail === request.detail)
          ? [say('outcome.canceledBy', { by: by.name, at: request.completedAt })]
          : outcome(facts);
      return notice(say('outcome.titleCanceled', values), 'default', [...lines, ...kept], again);
    }
    case 'partiallyDelivered':
    case 'deliveryFailed':
      return notice(say('outcome.titleApproved', values), 'warning', [label(`state.${request.state}`)], buttons);
    default:
      return notice(
        say('outcome.titleApproved', values),
        'good',
        [...outcome(facts), ...nextLines(view), ...delegatedLines(facts), ...handLines(view)],
        {
          ...buttons,
          facts: approvedBecause(facts, BRIEF),
          ...requestButton(view),
          ...(request.type === 'exception' ? nextButtons(view) : {}),
        },
      );
  }
}

/** What one tap does after a request that came to nothing: asking again, for the same or for more of what is held (rule 3.7). */
function nextButtons({ next, facts }: RequestView): Partial<Notice> {
  return {
    mayAskAgain: next === 'askAgain',
    mayAskAnew: next === 'askAnew',
    mayExtend: next === 'extend',
    assignment: (facts.assignment ?? facts.live)?.id ?? null,
  };
}

/** More say no more of what is wrong. */
const MOST_PROBLEMS = 8;

function most(problems: readonly Text[]): readonly Text[] {
  const others = problems.length - MOST_PROBLEMS;
  return others > 0 ? [...problems.slice(0, MOST_PROBLEMS), say('lines.others', { count: others })] : problems;
}

/** To owners: which roles are missing, or still there, and why. */
export function ownerNotice(
  view: AssignmentView,
  what: 'deliveryFailed' | 'removalAlarm',
  problems: readonly Text[],
  mayRetry: boolean,
  { again, same, stays }: RemovalRow = { again: null, same: false, stays: false },
): Notice {
  const values = { package: text(view.facts.package.name, 150), target: view.facts.target.name };
  if (what === 'deliveryFailed') {
    const title = say('notice.deliveryFailed', values);
    const { assignment } = view.facts;
    if (assignment.endedAt === null && assignment.state === 'delivering')
      return notice(say('notice.settingUp', values), 'default', [label('notice.tryingAgain')]);
    if (assignment.endedAt === null && problems.length === 0)
      return notice(say('notice.isSetUp', values), 'good', [label('notice.nowSetUp')]);
    if (assignment.endedAt !== null) return notice(say('notice.endedOther', values), 'default', []);
    return notice(title, 'attention', [label('notice.deliveryFailedBody'), ...most(problems)], {
      assignment: assignment.id,
      packageName: view.facts.package.name,
      targetName: view.facts.target.name,
      mayRetry,
    });
  }
  const { endedAt, state } = view.facts.assignment;
  const isLive = endedAt === null;
  const title = say(isLive ? 'notice.withdrawalAlarm' : 'notice.removalAlarm', values);
  if (problems.length === 0 && again !== null)
    return notice(title, 'default', [say(same ? 'notice.askedAgain' : 'notice.wantedBy', { number: number(again) })]);
  if (problems.length === 0 && !isLive && state !== 'removed')
    return notice(title, 'attention', [label('state.removalFailed')]);
  if (problems.length === 0)
    return notice(title, 'default', [label(stays ? 'notice.nothingLeft' : 'notice.nowRemoved')]);
  return notice(title, 'attention', [
    label(isLive ? 'notice.withdrawalAlarmBody' : 'notice.removalAlarmBody'),
    ...most(problems),
  ]);
}

/** What a package is for; asks with one tap where it is neither held nor asked for. */
export function packageNotice(row: PackageRow, owners: readonly string[], mayShare: boolean): Notice {
  const free = row.offered === true && !row.held && !row.pending;
  const state = row.held ? [label('package.held')] : row.pending ? [label('package.pending')] : [];
  return {
    ...notice(text(row.name, 150), 'default', [
      ...(row.description === '' ? [] : [text(row.description, 600)]),
      ...state,
    ]),
    facts: [
      { title: label('fact.catalog'), value: text(row.catalog, 150) },
      { title: label('fact.includes'), value: rolesText(row.roles) },
      ...(owners.length === 0 ? [] : [{ title: label('fact.owners'), value: listed(owners, 'and', 5) }]),
    ],
    package: row.id,
    packageName: row.name,
    mayRequest: free,
    typedRequest: `request ${row.name}`,
    mayShare,
  };
}

/** A card whose subject its reader may no longer see. */
export function gone(): Notice {
  return notice(label('notice.gone'), 'default', []);
}

const SPACE = { kind: 'fixed', text: ' ' } as const;

/** What is to do, for the form that reports it. */
export function toDo(facts: TaskFacts): Text {
  const remark = beforeUsher(facts);
  return remark.length === 0 ? asked(facts) : [...asked(facts), { kind: 'fixed', text: '. ' }, ...remark];
}

function asked({ task, scope, resource, person, role }: TaskFacts): Text {
  const where = scope.root ? resource.name : `${resource.name} / ${scope.name}`;
  return say(task.want ? 'task.titleGive' : 'task.titleTake', {
    target: person.name,
    role: role.name,
    resource: where,
  });
}

/** Such a system has no baseline, and whoever does it by hand may see one (rule 3.10). */
function beforeUsher({ task, overrideBaseline, person }: TaskFacts): Text {
  return task.want || overrideBaseline ? [] : say('task.noBaseline', { target: person.name });
}

/** A task for people, where the connector cannot act. `remindedOf`: it is said to this person as what is still to do. */
export function manualTask(
  facts: TaskFacts,
  doneBy: string | null,
  remindedOf: PersonId | null = null,
): CardDataOf['manual-task'] {
  const { task } = facts;
  const isReminder = remindedOf !== null && task.state === 'open';
  const remark = beforeUsher(facts);
  const intro = [...label('task.intro'), ...(remark.length === 0 ? [] : [SPACE, ...remark])];
  const title = isReminder ? say('task.reminder', { task: asked(facts) }) : asked(facts);
  return {
    summary: title,
    title,
    state:
      task.state === 'open'
        ? isReminder
          ? [...silence(facts, remindedOf), SPACE, ...intro]
          : intro
        : task.state === 'done' && task.doneAt && doneBy !== null
          ? say('task.done', { by: doneBy, at: task.doneAt })
          : label('task.canceled'),
    facts: [
      ...(task.number === null
        ? []
        : [{ title: label('fact.task'), value: say('task.number', { number: task.number }) }]),
      ...(task.note === null ? [] : [{ title: label('fact.note'), value: text(task.note, 500) }]),
    ],
    task: task.id,
    open: task.state === 'open',
    typed: task.number === null ? null : typedTask(task.number),
  };
}

/** Since when it waits, and for whom where the reader is asked because they have not done it. Nobody is named who has not heard of it. */
function silence({ task, keepers, told }: TaskFacts, reader: PersonId): Text {
  const since = task.openedAt;
  const names = keepers.filter(({ id }) => told.includes(id)).map(({ name }) => name);
  const isAskedFirst = told.includes(reader) || keepers.some(({ id }) => id === reader);
  if (names.length === 0 || isAskedFirst) return say('task.waiting', { since });
  return say('task.escalated', { names: listed(names, 'and'), count: names.length, since });
}
