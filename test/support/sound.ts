// What the database would refuse, checked on a Change: versions, drawn edges, once-only rows, and the checks of the schema.
import { DomainError } from '../../src/domain/errors';
import type { FaultCode } from '../../src/domain/errors';
import type { Change, GovernedNouns } from '../../src/domain/events';
import { noChange } from '../../src/domain/events';

type Edges = Readonly<Record<string, readonly string[]>>;

/** The drawn edges: test/domain/states.test.ts takes each of them, and test/store/write.test.ts compares them with the database's guard. */
export const EDGES: Readonly<Record<'request' | 'assignment' | 'stage', Edges>> = {
  request: {
    submitted: [],
    pendingApproval: ['scheduled', 'delivering', 'delivered', 'denied', 'expired', 'canceled'],
    scheduled: ['delivering', 'delivered', 'canceled', 'denied'],
    delivering: ['delivered', 'partiallyDelivered', 'deliveryFailed', 'canceled'],
    partiallyDelivered: ['delivered', 'deliveryFailed'],
    deliveryFailed: ['delivered', 'partiallyDelivered'],
    removing: ['removed', 'removalFailed'],
    removalFailed: ['removed'],
    delivered: [],
    removed: [],
    denied: [],
    expired: [],
    canceled: [],
  },
  assignment: {
    scheduled: ['delivering', 'delivered', 'removed'],
    delivering: ['delivered', 'partiallyDelivered', 'deliveryFailed', 'removing', 'removed'],
    delivered: ['delivering', 'partiallyDelivered', 'deliveryFailed', 'removing', 'removed'],
    partiallyDelivered: ['delivering', 'delivered', 'deliveryFailed', 'removing', 'removed'],
    deliveryFailed: ['delivering', 'delivered', 'partiallyDelivered', 'removing', 'removed'],
    removing: ['removed', 'removalFailed'],
    removalFailed: ['removed'],
    removed: [],
  },
  stage: {
    waiting: ['inProgress', 'canceled'],
    inProgress: ['approved', 'denied', 'expired', 'canceled'],
    approved: [],
    denied: [],
    expired: [],
    canceled: [],
  },
};

/** Returns the change when the database would take it; otherwise the test fails with what is wrong. */
export function sound(change: Change): Change {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { noun, before, after } of change.rows) {
    const name = `${noun} ${after.id}`;
    if (seen.has(name)) wrong.push(`${name} is changed twice`);
    seen.add(name);
    if (noun === 'decision') {
      if (before) wrong.push(`${name} is changed`);
      continue;
    }
    const was = before as GovernedNouns['request'] | null;
    const is = after as GovernedNouns['request'];
    if (is.version !== (was?.version ?? 0) + 1)
      wrong.push(`${name} goes from version ${was?.version ?? 0} to ${is.version}`);
    if (was && was.id !== is.id) wrong.push(`${name} changes its id`);
    const edges = noun === 'request' || noun === 'assignment' || noun === 'stage' ? EDGES[noun] : null;
    if (edges && was && was.state !== is.state && !edges[was.state]?.includes(is.state)) {
      wrong.push(`${name} goes from ${was.state} to ${is.state}`);
    }
  }
  for (const row of change.rows) {
    if (row.noun === 'request') wrong.push(...requestChecks(row.after));
    if (row.noun === 'assignment') wrong.push(...assignmentChecks(row.after));
    if (row.noun === 'stage') wrong.push(...stageChecks(row.after));
  }
  for (const event of change.events) {
    if (!event.refs.person) wrong.push(`${event.type} is about nobody`);
    if (!event.refs.catalog) wrong.push(`${event.type} has no catalog`);
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return change;
}

/** The refusal that an act gives; fails when it gives none. */
export function faultOf(act: () => unknown): { code: FaultCode; data: object; field: string | undefined } {
  try {
    act();
  } catch (refusal) {
    if (!(refusal instanceof DomainError)) throw refusal;
    const { code, data, field } = refusal as DomainError;
    return { code, data, field };
  }
  throw new Error('not refused');
}

/** Refusals change nothing; anything else is a bug and fails the test. */
export function attempt(rule: () => Change): Change {
  try {
    return rule();
  } catch (refusal) {
    if (refusal instanceof DomainError) return noChange;
    throw refusal;
  }
}

function requestChecks(request: GovernedNouns['request']): string[] {
  const { state } = request;
  const isOver = ['denied', 'expired', 'canceled'].includes(state);
  const isGiven = ['scheduled', 'delivering', 'delivered', 'partiallyDelivered', 'deliveryFailed'].includes(state);
  return failing({
    'a system request has no requestor, others have one':
      request.type.startsWith('system') === (request.requestor === null),
    'only a removal lacks a policy': request.type.endsWith('Remove') || request.policyVersion !== null,
    'an end or a length, not both': request.period.endsAt === null || request.period.hours === null,
    'what is over says since when': !isOver || request.completedAt !== null,
    'what is given was approved': !isGiven || request.approvedAt !== null,
    'an exception is never access':
      request.type !== 'exception' ||
      (request.assignment === null &&
        ['submitted', 'pendingApproval', 'delivered', 'denied', 'expired', 'canceled'].includes(state)),
    'a change by Usher is done as it is made':
      request.type !== 'systemUpdate' || (state === 'delivered' && request.assignment !== null && isUpdate(request)),
    'nobody assigns themselves': request.type !== 'adminAdd' || request.requestor !== request.target,
  });
}

const isUpdate = ({ detail, startsAt, completedAt }: GovernedNouns['request']): boolean =>
  ['endReached', 'outOfScope', 'exceptionChanged'].includes(String(detail)) &&
  startsAt !== null &&
  completedAt !== null;

function assignmentChecks(assignment: GovernedNouns['assignment']): string[] {
  const isEnding = ['removing', 'removed', 'removalFailed'].includes(assignment.state);
  return failing({
    'an assignment ends after its start': assignment.endsAt === null || assignment.endsAt > assignment.startsAt,
    'what ends says since when': isEnding === (assignment.endedAt !== null),
    'what ends says why': (assignment.endedAt === null) === (assignment.endReason === null),
    'at most two reminders': assignment.reminded >= 0 && assignment.reminded <= 2,
  });
}

function stageChecks(stage: GovernedNouns['stage']): string[] {
  const isRunning = stage.state === 'inProgress';
  return failing({
    'a waiting stage is not open': stage.state !== 'waiting' || stage.openedAt === null,
    'a running stage has its times': !isRunning || (!!stage.openedAt && !!stage.decideBy && !stage.closedAt),
  });
}

function failing(checks: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [`broken: ${name}`]));
}
