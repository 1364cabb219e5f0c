// What can be shown: a name and parameters become a card's data for one reader. A reply, a message and a redraw all come through
// here, so there is one rendering of everything, made from how things stand now.
import { neverBegan } from '../domain/cancel';
import type { Notice } from '../domain/consequences';
import { DomainError } from '../domain/errors';
import { isSettled } from '../domain/exception';
import type {
  AssignmentId,
  DraftId,
  PackageId,
  PersonId,
  PolicyVersionId,
  Request,
  RequestId,
  ResourceId,
} from '../domain/model';
import { accessBackOf, accessOf, assigns, view as assignmentView } from '../operations/assignments';
import { waiting } from '../operations/approvals';
import { about, mayShare, nameable, share } from '../operations/packages';
import { mayReprocess } from '../operations/placements';
import type { By, Desk, Draft } from '../operations/ports';
import { formFor, heldBy, view as requestView } from '../operations/requests';
import type { RequestView } from '../operations/requests';
import { extensionOf, givingUp } from '../operations/assignments';
import { driftOf } from '../operations/drift';
import { leaversOf } from '../operations/scope';
import { taskToDo, tasksOf } from '../operations/tasks';
import { exceptionFor, exceptionOf, ownException } from '../operations/exceptions';
import { delegationOf, delegationsOf } from '../operations/delegations';
import { gainedSinceAsked } from '../domain/content';
import { mayKnowOf } from '../domain/assignment';
import { dateIn } from '../domain/time';
import type { Text } from './card';
import type { CardDataOf, CardName } from './card-data';
import { helpRows } from './commands';
import { digest, noticesOf } from './digest';
import { NO_LINKS } from './links';
import type { Links } from './links';
import { delegationCard, delegationForm, delegationList } from './present/delegations';
import * as Forms from './present/forms';
import { exceptionForm, exceptionLines } from './present/exception-form';
import { exceptionEndingNotice, exceptionNotice } from './present/exception-notices';
import { leavers } from './present/leavers';
import * as Lists from './present/lists';
import * as Drift from './present/drift';
import { accessNotice as accessNoticeOf, moved } from './present/access-notices';
import * as Notices from './present/notices';
import { approvalCard, reminderCard } from './present/approvals';
import { endOfException, rolesText, running } from './present/asked';
import { askedAgain, gateText, leftMeanwhile } from './present/outcome';
import { holdsList, requestCard, timelineList } from './present/requests';
import { linkPreview, shareNotice } from './present/share';
import { number, text } from './present/common';
import { label, say } from './words';
import type { Who } from './who';

export type Params = Readonly<Record<string, string | number | boolean | null>>;

/** A card's data, before it is bound. `draft` makes it a form that is sent; `over`: what it asks of its reader is done. */
export type Drawn = {
  [N in CardName]: {
    readonly card: N;
    readonly data: CardDataOf[N];
    readonly draft?: DraftId;
    readonly say?: Text;
    readonly over?: boolean;
  };
}[CardName];

export interface Look {
  readonly desk: Desk;
  readonly who: Who;
  readonly by: By;
  readonly params: Params;
  /** Absent where nothing leads here from outside. */
  readonly links?: Links;
}

type View = (look: Look) => Promise<Drawn>;

const PAGE = 8;

function id(look: Look, name: string): string {
  const value = look.params[name];
  if (typeof value !== 'string') throw new DomainError('not-found', { what: 'card' });
  return value;
}
const requestId = (look: Look) => id(look, 'request') as RequestId;
const assignmentId = (look: Look) => id(look, 'assignment') as AssignmentId;

function viewer(look: Look): PersonId {
  return look.who.person.id;
}

function pageOf(look: Look): { limit: number; after: string | null } {
  const { page } = look.params;
  return { limit: PAGE, after: typeof page === 'string' ? page : null };
}

const SPACE = { kind: 'fixed', text: ' ' } as const;

/** What is said beside the card after an act; the words need facts of the card itself. */
function spoken(
  look: Look,
  values: {
    number?: Text;
    ends?: Text;
    atOnce?: boolean;
    waits?: boolean;
    early?: boolean;
    removing?: boolean;
    package?: Text;
    target?: string;
  },
): { say?: Text } {
  const what = look.params['say'];
  const { number: shown = [], ends = [], package: pkg = [] } = values;
  switch (what) {
    case 'sent':
      return { say: [...say(values.atOnce ? 'request.sentAtOnce' : 'request.sent', { number: shown }), ...ends] };
    case 'clamped':
      return { say: [...say('request.sent', { number: shown }), SPACE, ...label('request.clamped')] };
    case 'canceled':
      return { say: say('cancel.done', { number: shown }) };
    case 'assigned':
      return {
        say: [
          ...say(values.waits ? 'assign.sent' : 'assign.done', {
            number: shown,
            target: values.target ?? '',
            package: pkg,
          }),
          ...ends,
        ],
      };
    case 'gaveUp':
      return { say: say(values.early ? 'giveUp.doneEarly' : 'giveUp.done', { package: pkg }) };
    case 'removed':
      return {
        say: say(values.early ? 'remove.doneEarly' : values.removing ? 'remove.doing' : 'remove.done', {
          target: values.target ?? '',
          package: pkg,
        }),
      };
    case 'movedOn':
      return { say: say('leavers.movedOn', { package: pkg }) };
    case 'taskDone':
      return { say: label('task.thanks') };
    default:
      return {};
  }
}

const request: View = async (look) => {
  const seen = await requestView(look.desk, viewer(look), requestId(look));
  const { request: one, target, package: pkg } = seen.facts;
  const until = endOfException(seen);
  const extended = look.params['say'] === 'extended';
  return {
    card: 'request',
    data: requestCard(seen, look.who.zone),
    ...spoken(look, {
      number: number(one.number),
      ends: until ? [SPACE, ...say('request.lent', { until })] : [],
      waits: one.state === 'pendingApproval',
      atOnce: one.state === 'delivering' && seen.facts.stages.length === 0,
      target: target.name,
      package: text(pkg.name, 150),
    }),
    ...(extended ? { say: sayExtended(one, text(pkg.name, 150)) } : {}),
  };
};

/** Without approval its end is another one already, however far the access is. */
function sayExtended(one: Request, pkg: Text): Text {
  if (one.approvedAt === null) return say('request.sent', { number: number(one.number) });
  return one.endsAt === null
    ? say('extend.doneNoEnd', { package: pkg })
    : say('extend.done', { package: pkg, until: one.endsAt });
}

/** What came of it, said to whoever decided just now. */
function decided(seen: RequestView): Text {
  const { facts } = seen;
  const shown = number(facts.request.number);
  const mine = facts.decisions.findLast((one) => one.person === seen.viewer.person);
  const other = facts.people.find((one) => one.id === mine?.for);
  const values = { number: shown, done: other ? say('decided.doneFor', { name: other.name }) : label('decided.done') };
  switch (facts.request.state) {
    case 'denied': {
      // Everybody approved, and a gate was closed.
      const why = gateText(facts, seen.viewer.person);
      if (why) return say('approval.notGiven', { why });
      const told = { ...values, requestor: facts.requestor?.name ?? '' };
      if (mine) return say('decided.denied', told);
      // Their word came after the policy had ended, or its last day was over, and counts for nothing.
      const { policyVersion } = facts.request;
      const isInUse = facts.policies.some(({ policy, enabled }) => policy.id === policyVersion && enabled);
      return say(isInUse ? 'decided.over' : 'decided.closed', told);
    }
    case 'canceled': {
      const again = askedAgain(facts);
      if (again) return say('decided.contentChanged', again);
      const left = leftMeanwhile(facts);
      return left ? say('decided.left', { number: shown, person: left.name }) : say('decided.step', values);
    }
    case 'pendingApproval': {
      const stage = running(facts);
      if (stage && mine?.n === stage.n) {
        const done = facts.decisions.filter((one) => one.n === stage.n && one.decision === 'approve').length;
        return say('decided.quorum', { ...values, count: Math.max(1, stage.approvalsRequired - done) });
      }
      return say('decided.step', values);
    }
    default:
      return say('decided.approved', values);
  }
}

const approval: View = async (look) => {
  const seen = await requestView(look.desk, viewer(look), requestId(look));
  if (!seen.viewer.approver) return { card: 'request', data: requestCard(seen, look.who.zone), over: true };
  const { facts } = seen;
  const data = approvalCard(seen);
  const said = (): { say?: Text } => {
    const typed = { number: number(facts.request.number), typed: data.approveTyped };
    const stage = running(facts);
    const added = gainedSinceAsked(facts);
    switch (look.params['say']) {
      case 'decided':
        return { say: decided(seen) };
      case 'movedOn':
        return stage ? { say: say('approval.whichStep', { ...typed, step: stage.n }) } : {};
      case 'rolesAdded':
        if (added.length === 0) return {};
        return {
          say: say('approval.whichRoles', {
            ...typed,
            package: text(facts.package.name, 150),
            added: rolesText(added),
          }),
        };
      default:
        return {};
    }
  };
  return { card: 'approval', data, over: !data.open, ...said() };
};

/** Each as its card shows it, but what its reader has no part in any more. One after the other: a list is not worth all connections. */
async function requestsSeen(look: Look, ids: readonly RequestId[]): Promise<readonly [RequestId, RequestView][]> {
  const seen: [RequestId, RequestView][] = [];
  for (const one of ids) {
    try {
      seen.push([one, await requestView(look.desk, viewer(look), one)]);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }
  return seen;
}

function accessNotice(kind: Parameters<typeof accessNoticeOf>[1] | 'accessMoved'): View {
  return async (look) => {
    const seen = await assignmentView(look.desk, viewer(look), assignmentId(look));
    const what = kind === 'accessMoved' ? moved(seen, look.params) : kind;
    const contents =
      what === 'accessChanged' ? await look.desk.views.contents(seen.facts.package.id, 10) : { names: [], total: 0 };
    const ended = seen.facts.assignment.endReason === 'removedByOwner';
    const remover = ended ? await look.desk.views.endedBy(seen.facts.assignment.id) : null;
    return {
      card: 'notice',
      data: accessNoticeOf(seen, what, remover, contents),
      ...(seen.own && seen.facts.assignment.endedAt !== null && what !== 'accessEnded' ? { over: true } : {}),
      ...spoken(look, {
        package: text(seen.facts.package.name, 150),
        target: seen.facts.target.name,
        early: neverBegan(seen.facts.assignment),
        removing: seen.facts.assignment.state !== 'removed',
      }),
    };
  };
}

function ownerNotice(what: 'deliveryFailed' | 'removalAlarm'): View {
  return async (look) => {
    const assignment = assignmentId(look);
    const seen = await assignmentView(look.desk, viewer(look), assignment);
    if (!seen.owner) throw new DomainError('not-found', { what: 'assignment' });
    const problems = await look.desk.views.grantProblems(assignment);
    const mayRetry = await mayReprocess(look.desk, viewer(look), seen.facts.catalog.id);
    const removal = what === 'removalAlarm' ? await look.desk.views.removalOf(assignment) : undefined;
    const data = Notices.ownerNotice(
      seen,
      what,
      problems.map((row) => say('notice.roleProblem', { resource: row.resource, role: row.role, code: row.error })),
      mayRetry,
      removal,
    );
    return { card: 'notice', data, over: data.tone !== 'attention' };
  };
}

const exception: View = async (look) => {
  const seen = await exceptionOf(look.desk, viewer(look), id(look, 'exception'));
  const { until } = look.params;
  const now = await look.desk.views.now();
  return {
    card: 'notice',
    data: exceptionNotice(seen, typeof until === 'string' ? until : null, now),
    over: isSettled(seen.facts, now),
  };
};

const exceptionEnding: View = async (look) => {
  const facts = await ownException(look.desk, viewer(look), id(look, 'exception'));
  const { until } = look.params;
  const again = typeof until === 'string' ? until : null;
  const now = await look.desk.views.now();
  return {
    card: 'notice',
    data: exceptionEndingNotice(facts, again, now),
    over: isSettled(facts, now),
  };
};

const delegation = async (look: Look): Promise<Extract<Drawn, { readonly card: 'delegation' }>> => {
  const data = delegationCard(await delegationOf(look.desk, viewer(look), id(look, 'delegation')));
  return { card: 'delegation', data, over: !data.mayAnswer };
};

const drift = async (look: Look, names?: number): Promise<Drawn> => {
  const seen = await driftOf(look.desk, viewer(look), id(look, 'resource') as ResourceId, names);
  const data = Drift.drift(seen, viewer(look), names !== undefined);
  return { card: 'drift', data, over: data.tone === 'default' };
};

const manualTask = async (look: Look, again = false): Promise<Drawn> => {
  const facts = await look.desk.views.forManualTask(id(look, 'manualTask'));
  if (!mayKnowOf(facts, viewer(look))) throw new DomainError('not-found', { what: 'card' });
  const by = facts.task.doneBy === null ? null : await look.desk.views.person(facts.task.doneBy);
  const data = Notices.manualTask(facts, by?.name ?? null, again ? viewer(look) : null);
  return { card: 'manual-task', data, over: facts.task.state !== 'open', ...spoken(look, {}) };
};

/** The form of a draft, by the verb that the draft will send. What was filled in before is shown again. */
const forms: Readonly<Record<string, (look: Look, draft: Draft) => Promise<Drawn>>> = {
  'request.choose': async (look, draft) => requestForm(look, draft, 'ask', Forms.chooseForm),
  'request.submit': async (look, draft) => requestForm(look, draft, 'ask', Forms.requestForm),
  'exception.submit': async (look, draft) => {
    const [pkg, target] = [part(draft, 'package') as PackageId, part(draft, 'target') as PersonId];
    const wanted = part(draft, 'policy') as PolicyVersionId;
    const shown = (policy: PolicyVersionId | null) =>
      exceptionFor(look.desk, viewer(look), { package: pkg, target }, policy);
    // What the policy has become since the form was offered is what it shows.
    const found = await shown(wanted).catch((error: unknown) => {
      if (error instanceof DomainError && error.is('policy-not-offered')) return shown(null);
      throw error;
    });
    const own = await draftFor(look, draft, found.policy.id);
    const data = exceptionForm(found, viewer(look), draft.input);
    return { card: 'request-form', data: { ...data, lines: [...changed(look), ...data.lines] }, draft: own.id };
  },
  'assignment.choose': async (look, draft) => requestForm(look, draft, 'assign', Forms.chooseForm),
  'assignment.assign': async (look, draft) => requestForm(look, draft, 'assign', Forms.requestForm),
  'approval.deny': async (look, draft) => decisionForm(look, draft, 'deny'),
  'approval.approveWithReason': async (look, draft) => decisionForm(look, draft, 'approve'),
  'delegation.propose': async (look, draft) => {
    const [delegate, scope] = [draft.input['delegate'] ?? '', draft.input['scope']?.split(':')[1] ?? ''];
    const { person } = look.who;
    const [found, [chosen = null], now] = await Promise.all([
      look.desk.views.person(delegate as PersonId),
      scope === '' ? [] : look.desk.views.delegable(person.id, { id: scope, limit: 1 }),
      look.desk.views.now(),
    ]);
    const today = dateIn(now, person.timeZone);
    const data = delegationForm({ filled: draft.input, delegate: found, scope: chosen, today });
    return { card: 'delegation-form', data, draft: draft.id };
  },
  'access.extend': async (look, draft) => {
    const seen = await extensionOf(look.desk, viewer(look), part(draft, 'assignment') as AssignmentId);
    const own = await draftFor(look, draft, seen.extension.policy.id);
    const data = Forms.extendForm(seen, draft.input);
    const lines = [...changed(look, isMoved(draft, own)), ...data.lines];
    return { card: 'reason-form', data: { ...data, lines }, draft: own.id };
  },
  'access.giveUp': async (look, draft) => {
    const seen = await givingUp(look.desk, viewer(look), part(draft, 'assignment') as AssignmentId);
    return { card: 'reason-form', data: Forms.giveUpForm(seen, draft.input), draft: draft.id };
  },
  'assignment.remove': async (look, draft) => {
    const seen = await assignmentView(look.desk, viewer(look), part(draft, 'assignment') as AssignmentId);
    if (!seen.mayRemove) throw new DomainError('forbidden', {});
    return { card: 'reason-form', data: Forms.removeForm(seen, draft.input), draft: draft.id };
  },
  'task.done': async (look, draft) => {
    const facts = await taskToDo(look.desk, viewer(look), part(draft, 'task'));
    return { card: 'reason-form', data: Forms.taskForm(Notices.toDo(facts), draft.input), draft: draft.id };
  },
};

function part(draft: Draft, name: string): string {
  const value = draft.input[name];
  if (value === undefined) throw new DomainError('draft-gone', {});
  return value;
}

async function requestForm(
  look: Look,
  draft: Draft,
  mode: 'ask' | 'assign',
  step: typeof Forms.chooseForm,
): Promise<Drawn> {
  const found = await formFor(
    look.desk,
    viewer(look),
    { package: part(draft, 'package') as PackageId, target: part(draft, 'target') as PersonId },
    mode,
  );
  const wanted = draft.input['policy'];
  const isOffered = found.offered.some(({ id }) => id === wanted);
  // Of what differs by now none was chosen.
  const isOpen = !isOffered && Forms.needsChoice(found.offered);
  const verb = isOpen ? (`${mode === 'assign' ? 'assignment' : 'request'}.choose` as const) : draft.verb;
  const own = await draftFor(look, draft, isOffered ? wanted : found.only?.id, verb);
  const data = (isOpen ? Forms.chooseForm : step)(found, viewer(look), own.input, mode);
  const said = [...changed(look, isMoved(draft, own)), ...exceptionLines(found.facts, found.now)];
  return { card: 'request-form', data: { ...data, lines: [...said, ...data.lines] }, draft: own.id };
}

/**
 * The draft of a form that shows this policy, so that what is sent is what is shown. The draft of before stays with the form that showed
 * other terms, where that is open still.
 */
async function draftFor(look: Look, draft: Draft, policy: string | undefined, verb = draft.verb): Promise<Draft> {
  const { policy: before, ...rest } = draft.input;
  if (before === policy && verb === draft.verb) return draft;
  const input = policy === undefined ? rest : { ...rest, policy };
  return look.desk.drafts.create(viewer(look), verb, draft.step, input);
}

/** Whether the form shows another policy than its draft was made for. */
const isMoved = (draft: Draft, own: Draft): boolean =>
  draft.input['policy'] !== undefined && draft.input['policy'] !== own.input['policy'];

/** What is offered is not what the form was that was sent, or opened. */
function changed(look: Look, isMoved = false): { readonly text: Text }[] {
  return isMoved || look.params['say'] === 'offerChanged' ? [{ text: label('request.offerChanged') }] : [];
}

async function decisionForm(look: Look, draft: Draft, decision: 'approve' | 'deny'): Promise<Drawn> {
  const seen = await requestView(look.desk, viewer(look), part(draft, 'request') as RequestId);
  return { card: 'reason-form', data: Forms.decisionForm(seen, decision, draft.input), draft: draft.id };
}

async function draftOf(look: Look): Promise<Draft> {
  const draft = await look.desk.drafts.get(id(look, 'draft') as DraftId, viewer(look));
  if (!draft) throw new DomainError('draft-gone', {});
  return draft;
}

const form: View = async (look) => {
  const draft = await draftOf(look);
  const make = forms[draft.verb];
  // It is there, and a newer release goes on with it.
  if (!make) throw new DomainError('not-found', { what: 'card' });
  return make(look, draft);
};

/** What stands before Continue: what is asked for there, where it is another thing than what was typed; and who reads it. */
function introOf(drawn: Extract<Drawn, { card: 'request-form' | 'reason-form' | 'delegation-form' }>): Text {
  if (drawn.card === 'request-form' && drawn.data.verb === 'exception.submit') return drawn.data.description;
  if (drawn.card === 'reason-form' && drawn.data.verb === 'approval.approveWithReason') return drawn.data.intro;
  return label('continue.intro');
}

/** Every view by name. The names of notices are those of domain/consequences.ts. */
export const views = {
  help: async (look) => {
    const [owners, keepers, reports, asked, deciders, tasks] = await Promise.all([
      assigns(look.desk, viewer(look)),
      look.desk.views.keeps(viewer(look)),
      look.desk.views.searchPeople('', 1, viewer(look)),
      waiting(look.desk, look.by, { limit: 1, after: null }),
      look.desk.views.decides(viewer(look)),
      tasksOf(look.desk, look.by, { limit: 1, after: null }),
    ]);
    const doers = tasks.rows.length > 0;
    const isAll = look.params['all'] === true;
    const rows = helpRows({
      owners,
      keepers,
      managers: reports.length > 0,
      approvers: asked.rows.length > 0,
      deciders,
      doers,
    });
    return {
      card: 'help',
      data: {
        summary: label('help.summary'),
        title: say('help.title', { name: look.who.person.name }),
        intro: label(isAll ? 'help.introAll' : 'help.intro'),
        rows: rows
          .filter(({ first }) => isAll || first)
          .map((row) => ({ typed: [{ kind: 'fixed', text: row.usage }], line: label(row.line) })),
        approvals: true,
        tasks: doers,
        more: !isAll,
      },
    };
  },
  welcome: () =>
    Promise.resolve({
      card: 'notice',
      data: Notices.notice(label('help.welcome'), 'default', [label('help.anytime')]),
    }),
  find: async (look) => {
    const mode = Forms.findMode(look.params['mode']);
    // Whoever could only be refused at its end fills in no form.
    const own = Forms.isForOneself(mode);
    if (!own && !(await assigns(look.desk, viewer(look)))) throw new DomainError('forbidden', {});
    const others = !own || (mode !== 'share' && (await look.desk.views.searchPeople('', 1, viewer(look))).length > 0);
    const isAsking = mode === 'ask' && !others && typeof look.params['package'] !== 'string';
    if (isAsking && (await look.desk.views.searchPackages(viewer(look), '', 1, null)).rows.length === 0)
      throw new DomainError('nothing-to-ask', {});
    const choice = (value: string, title: string) => {
      const [key, name] = [look.params[value], look.params[title]];
      return typeof key === 'string' && typeof name === 'string' ? { value: key, title: text(name, 75) } : null;
    };
    return {
      card: 'request-find',
      data: Forms.findForm({
        mode,
        others,
        package: choice('package', 'packageName'),
        target: choice('target', 'targetName'),
      }),
    };
  },
  form,
  continue: async (look) => {
    const drawn = await form(look);
    if (drawn.card !== 'request-form' && drawn.card !== 'reason-form' && drawn.card !== 'delegation-form')
      throw new DomainError('not-found', { what: 'card' });
    return {
      card: 'continue',
      data: {
        summary: drawn.data.title,
        title: drawn.data.title,
        intro: introOf(drawn),
        facts: drawn.card === 'reason-form' ? (drawn.data.gives ?? []) : [],
        draft: id(look, 'draft'),
        typed: drawn.card === 'reason-form' ? (drawn.data.typed ?? null) : null,
      },
    };
  },
  request,
  approval,
  accessList: async (look) => {
    return {
      card: 'access-list',
      data: Lists.accessList(await accessOf(look.desk, look.by, pageOf(look))),
      ...spoken(look, typeof look.params['package'] === 'string' ? { package: text(look.params['package'], 150) } : {}),
    };
  },
  requestList: async (look) => {
    const found = await look.desk.views.requests(viewer(look), pageOf(look));
    return { card: 'request-list', data: Lists.requestList(found, viewer(look)) };
  },
  approvalList: async (look) => {
    const page = pageOf(look);
    const found = await waiting(look.desk, look.by, page);
    const seen = await requestsSeen(
      look,
      found.rows.map((row) => row.id),
    );
    const [after] = look.params['say'] === 'decided' ? await requestsSeen(look, [requestId(look)]) : [];
    return {
      card: 'approval-list',
      data: Lists.approvalList(found, new Map(seen), page.after),
      ...(after === undefined ? {} : { say: decided(after[1]) }),
    };
  },
  taskList: async (look) => {
    const page = pageOf(look);
    return {
      card: 'task-list',
      data: Lists.taskList(await tasksOf(look.desk, look.by, page), page.after),
      ...spoken(look, {}),
    };
  },
  requestTimeline: async (look) => ({
    card: 'listing',
    data: timelineList(
      await requestView(look.desk, viewer(look), requestId(look)),
      look.who.zone,
      Number(look.params['page'] ?? 0),
    ),
  }),
  requestHolds: async (look) => {
    const { seen, held } = await heldBy(look.desk, viewer(look), requestId(look), { ...pageOf(look), limit: 20 });
    return { card: 'listing', data: holdsList(seen, held) };
  },
  delegation,
  delegationNews: async (look) => ({ ...(await delegation(look)), over: false }),
  delegations: async (look) => ({
    card: 'delegation-list',
    data: delegationList(await delegationsOf(look.desk, look.by, pageOf(look))),
  }),
  requestOutcome: async (look) => {
    const seen = await requestView(look.desk, viewer(look), requestId(look));
    const isOld = Notices.isToldAnew(seen, look.params['event']);
    return { card: 'notice', data: Notices.requestOutcome(seen, isOld), ...(isOld ? { over: true } : {}) };
  },
  approvalReminder: async (look) => {
    const data = reminderCard(await requestView(look.desk, viewer(look), requestId(look)));
    return { card: 'approval', data, over: !data.open };
  },
  access: accessNotice('access'),
  accessProblem: accessNotice('accessProblem'),
  accessExtended: accessNotice('accessExtended'),
  accessReason: accessNotice('accessReason'),
  accessMoved: accessNotice('accessMoved'),
  accessChanged: accessNotice('accessChanged'),
  accessBack: async (look) => {
    const page = await accessBackOf(look.desk, look.by, pageOf(look));
    // Nothing ended: there is nothing to say.
    if (page.total === 0) throw new DomainError('not-found', { what: 'assignment' });
    return { card: 'access-list', data: Lists.accessBackList(page) };
  },
  accessEnding: accessNotice('accessEnding'),
  accessEnded: accessNotice('accessEnded'),
  deliveryFailed: ownerNotice('deliveryFailed'),
  removalAlarm: ownerNotice('removalAlarm'),
  manualTask: (look) => manualTask(look),
  manualTaskReminder: (look) => manualTask(look, true),
  drift: (look) => drift(look),
  driftDetails: (look) => drift(look, Drift.DETAILS),
  leavers: async (look) => {
    const seen = await leaversOf(look.desk, viewer(look), id(look, 'package') as PackageId);
    return {
      card: 'notice',
      data: leavers(seen),
      over: seen.asked.people + seen.ended.people === 0,
      ...spoken(look, { package: text(seen.package.name, 150) }),
    };
  },
  exception,
  exceptionEnding,
  package: async (look) => {
    const { row, owners } = await about(look.desk, viewer(look), { id: id(look, 'package'), name: id(look, 'name') });
    return {
      card: 'notice',
      data: Notices.packageNotice(row, owners, await mayShare(look.desk, viewer(look), row.id)),
    };
  },
  share: async (look) => {
    const shared = await share(look.desk, viewer(look), id(look, 'package') as PackageId);
    return { card: 'notice', data: await shareNotice(shared, look.links ?? NO_LINKS) };
  },
  // Read by others than the reader: `apart` where people of other companies are among them.
  preview: async (look) => {
    const codes = id(look, 'codes').split(',');
    const name = async (code: string): Promise<string | null> =>
      look.params['apart'] === false ? ((await nameable(look.desk, viewer(look), code))?.name ?? null) : null;
    return { card: 'link-preview', data: linkPreview(codes, await Promise.all(codes.map(name))) };
  },
  digest: (look) => digest(look, draw, isView),
  gone: () => Promise.resolve({ card: 'notice', data: Notices.gone() }),
} as const satisfies Record<string, View> & Record<Notice | 'digest', View>;

export type ViewName = keyof typeof views;

// `approval~2`: the mark after the tilde makes it another message than the last one of its kind, not another view.
const nameOf = (marked: string): string => marked.split('~')[0] ?? '';
const isView = (marked: string): boolean => Object.hasOwn(views, nameOf(marked));

/** The view that this release would need and does not have, to draw all of it; null where it can. One that knows more wrote it. */
export function lacking(marked: string, params: Params): string | null {
  const needed = nameOf(marked) === 'digest' ? [marked, ...noticesOf(params)] : [marked];
  const missing = needed.find((view) => !isView(view));
  return missing === undefined ? null : nameOf(missing);
}

/** Whether this release has what it needs to draw an answer that was kept. One that knows more may have kept it, or begun its form. */
export async function knows(view: string, look: Look): Promise<boolean> {
  if (lacking(view, look.params) !== null) return false;
  if (!['form', 'continue'].includes(nameOf(view))) return true;
  const draft = await look.desk.drafts.get(id(look, 'draft') as DraftId, viewer(look));
  return draft === null || forms[draft.verb] !== undefined;
}

/** Draws a view by name; an unknown name is an old card of another version. */
export function draw(marked: string, look: Look): Promise<Drawn> {
  if (!isView(marked)) throw new DomainError('not-found', { what: 'card' });
  return views[nameOf(marked) as ViewName](look);
}
