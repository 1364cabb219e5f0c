// Asking: find, fill in, send, look, take back.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import { OPEN_REQUEST_STATES } from '../../domain/model';
import type { AssignmentId, PackageId, PersonId, RequestId } from '../../domain/model';
import { view as assignmentView } from '../../operations/assignments';
import type { Asked } from '../../operations/requests';
import { byNumber, cancel, submit, view } from '../../operations/requests';
import type { RequestRow, StoredReply } from '../../operations/ports';
import { firstThatFits, isPackageName, packageOf, personNamed, requestNamed, splits } from '../names';
import { bareName, numberTyped } from '../typed';
import type { Answer, Context, FormInput, Verb } from '../verb';
import { read, uuid } from '../verb';
import {
  answersOf,
  choosePolicy,
  idOf,
  openException,
  openForm,
  periodOf,
  policyOf,
  reasonOf,
  sendOrReopen,
} from './request-form';

const byId = z.object({ request: uuid });
const ofPackage = z.object({ package: uuid, target: uuid.or(z.literal('')).optional() });
const page = z.object({ page: z.string().max(200).optional() });

/** The id of a request that a button or a typed number names. */
export function requestOf(data: unknown): RequestId {
  const found = read(byId, data);
  if (!found) throw new DomainError('not-found', { what: 'request' });
  return found.request as RequestId;
}

const sent =
  (what: string) =>
  (asked: Asked): StoredReply => ({
    view: 'request',
    // The card says itself what ends with an exception, and when.
    params: { request: asked.request, say: asked.clamped === null || asked.clamped === 'exception' ? what : 'clamped' },
  });

/** Sends what was filled in, by the act that asks for it. */
export async function send(context: Context, input: FormInput, how: typeof submit = submit): Promise<Answer> {
  const target = idOf(input.values, 'target') as PersonId;
  const person = await context.desk.views.person(target);
  if (!person) throw new DomainError('not-found', { what: 'person' });
  const wanted = idOf(input.values, 'package') as PackageId;
  await context.cooling?.check(context.who.person.id, wanted);
  const answer = sent('sent');
  const asked = await how(
    context.desk,
    context.by,
    {
      target,
      package: wanted,
      policyVersion: policyOf(input.values),
      period: periodOf(input.values, person.timeZone),
      zone: person.timeZone,
      reason: reasonOf(input.values),
      answers: answersOf(input.values),
      draft: input.draft,
    },
    answer,
  );
  return { view: 'request', params: answer(asked).params, place: 'replace' };
}

interface Wanted {
  readonly package: PackageId;
  readonly target: PersonId;
}

/**
 * `request`, `request <package>`, `request <package> for <person>`, with or without "access to" before it. A package may be
 * called "Tools for Sales" or "Access reviews": what is a name as a whole is meant as a whole.
 */
async function typedRequest(context: Context, rest: string): Promise<Answer> {
  const me = context.who.person.id;
  if (/^(access(\s+to)?)?$/i.test(rest)) return { view: 'find', params: { mode: 'ask' }, place: 'form' };
  const bare = rest.replace(/^access\s+/i, '').replace(/^to\s+/i, '');
  for (const whole of new Set([rest, rest.replace(/^access\s+/i, ''), bare])) {
    if (await isPackageName(context, whole, me)) {
      const { id } = await packageOf(context, whole, me, false);
      return openForm(context, { package: id, target: me }, 'ask');
    }
  }
  const half = await halfAsked(context, bare);
  if (half) return half;
  return openForm(context, await pairNamed(context, bare), 'ask');
}

/** `<package>`, `<package> for <person>`. */
export function pairNamed(context: Context, typed: string): Promise<Wanted> {
  const me = context.who.person.id;
  const pair = async (name: string, target: PersonId): Promise<Wanted> => ({
    package: (await packageOf(context, name, target, false)).id,
    target,
  });
  const forSomebody = splits(typed, 'for')
    .toReversed()
    .map(([name, who]) => async (): Promise<Wanted> => {
      if (/^(me|myself)$/i.test(bareName(who))) return pair(name, me);
      return pair(name, (await personNamed(context, who, me)).id);
    });
  return firstThatFits([...forSomebody, () => pair(typed, me)]);
}

/** `request <package> for`, `request for <person>`: the form with what was named. */
async function halfAsked(context: Context, bare: string): Promise<Answer | null> {
  const me = context.who.person.id;
  const lower = bare.toLowerCase();
  const find = (named: Answer['params']): Answer => ({
    view: 'find',
    params: { mode: 'ask', ...named },
    place: 'form',
  });
  if (lower === 'for' || /^for (?:me|myself)$/.test(lower)) return find({});
  if (lower.startsWith('for ')) {
    const { id, name } = await personNamed(context, bare.slice('for '.length), me);
    return find({ target: id, targetName: name });
  }
  if (!lower.endsWith(' for')) return null;
  const { id, name } = await packageOf(context, bare.slice(0, -' for'.length), me, false);
  return find({ package: id, packageName: name });
}

const isOpen = ({ state }: RequestRow): boolean => OPEN_REQUEST_STATES.some((one) => one === state);
const isOver = ({ state, endedAt }: RequestRow): boolean =>
  endedAt !== null || ['denied', 'expired', 'canceled'].includes(state);

/** What came to nothing or is over, by its number or by the name of its package. */
async function endedOf(context: Context, rest: string): Promise<RequestId> {
  const { number } = numberTyped(rest);
  return number === null ? requestNamed(context, rest, isOver) : byNumber(context.desk, number);
}

async function withNumber(context: Context, rest: string): Promise<RequestId> {
  const { number } = numberTyped(rest);
  if (number === null) throw new DomainError('not-found', { what: 'request' });
  return byNumber(context.desk, number);
}

/** The form that ends somebody else's access and asks why. `request`: opened from there, to which its answer leads back. */
export async function openRemoval(context: Context, assignment: AssignmentId, request?: RequestId): Promise<Answer> {
  const me = context.who.person.id;
  const { facts, mayRemove } = await assignmentView(context.desk, me, assignment);
  if (!mayRemove) throw new DomainError('forbidden', {});
  if (facts.assignment.endedAt !== null)
    throw new DomainError('not-held', { package: facts.package.name, target: facts.target.name });
  const input = { assignment, ...(request ? { request } : {}) };
  const draft = await context.desk.drafts.create(me, 'assignment.remove', 'fill', input);
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

async function take(context: Context, request: RequestId): Promise<Answer> {
  const { facts } = await view(context.desk, context.who.person.id, request);
  // Access of somebody else that waits for its start: that is a removal, which asks for its reason.
  if (facts.request.state === 'scheduled' && facts.assignment && facts.target.id !== context.who.person.id)
    return openRemoval(context, facts.assignment.id, request);
  const answer: StoredReply = { view: 'request', params: { request, say: 'canceled' } };
  await cancel(context.desk, context.by, request, () => answer);
  const me = context.who.person.id;
  if (facts.request.requestor === me) await context.cooling?.tookBack(me, facts.package.id);
  return { view: 'request', params: answer.params, place: 'replace' };
}

/**
 * The same once more: same package and person; the gates are those of today. What they said themselves when they asked for it is filled
 * in, and nobody's reason else: why it was removed, or given to them, is not why they ask.
 */
async function again(context: Context, request: RequestId): Promise<Answer> {
  const me = context.who.person.id;
  const { facts } = await view(context.desk, me, request);
  const { reason, policyVersion, type } = facts.request;
  const pair = { package: facts.package.id, target: facts.target.id };
  const answers = Object.fromEntries(
    Object.entries(facts.request.answers).map(([key, value]) => [`answer.${key}`, value]),
  );
  const isTheirs = facts.request.requestor === me && ['userAdd', 'userExtend', 'exception'].includes(type);
  const filled = isTheirs ? { ...answers, ...(reason === null ? {} : { reason }) } : {};
  if (type === 'exception') return openException(context, pair, filled);
  return openForm(context, pair, 'ask', { ...filled, ...(policyVersion === null ? {} : { policy: policyVersion }) });
}

/** What a button names, or a first step; for oneself where nobody else is named. */
export function chosen(context: Context, data: unknown, field?: string): Wanted {
  const found = read(ofPackage, data);
  if (!found) throw new DomainError('not-found', { what: 'package' }, field);
  const target = found.target ? (found.target as PersonId) : context.who.person.id;
  return { package: found.package as PackageId, target };
}

export function chosenIn(context: Context, { values }: FormInput): Wanted {
  return chosen(context, values, 'package');
}

const show = (data: unknown): Answer => ({ view: 'request', params: { request: requestOf(data) }, place: 'new' });

export const requestVerbs = {
  'request.start': {
    kind: 'reads',
    opens: true,
    press: () => Promise.resolve({ view: 'find', params: { mode: 'ask' }, place: 'form' }),
    typed: [
      {
        words: 'request access',
        opens: () => true,
        run: (context, rest) => typedRequest(context, `access ${rest}`.trim()),
      },
      {
        words: 'request',
        opens: () => true,
        run: typedRequest,
        help: { usage: 'request <package>', line: 'help.request', first: true },
      },
      {
        words: 'ask for',
        opens: () => true,
        run: typedRequest,
        help: { usage: 'request <package> for <person>', line: 'help.requestFor', first: true, only: 'managers' },
      },
    ],
  },
  'request.fill': {
    kind: 'reads',
    opens: true,
    press: (context, data) => openForm(context, chosen(context, data), 'ask'),
    submit: (context, input) => openForm(context, chosenIn(context, input), 'ask'),
  },
  'request.choose': {
    kind: 'reads',
    opens: true,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, { values }) => choosePolicy(context, values, 'ask'),
  },
  'request.submit': {
    kind: 'writes',
    opens: false,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, input) => sendOrReopen(context, input, 'ask', () => send(context, input)),
  },
  'package.show': {
    kind: 'reads',
    opens: false,
    press: () => Promise.reject(new DomainError('not-found', { what: 'package' })),
    typed: [
      {
        words: 'package',
        opens: (rest) => !named(rest),
        run: async (context, rest) => {
          if (!named(rest)) return { view: 'find', params: { mode: 'ask' }, place: 'form' };
          const { id, name } = await packageOf(context, rest, context.who.person.id, false);
          return { view: 'package', params: { package: id, name }, place: 'new' };
        },
        help: { usage: 'package <name>', line: 'help.package' },
      },
    ],
  },
  'requests.list': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(list('requestList', data)),
    typed: [
      {
        words: 'my requests',
        run: () => Promise.resolve(list('requestList', {})),
        help: { usage: 'my requests', line: 'help.requests' },
      },
    ],
  },
  'request.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(show(data)),
    typed: [
      {
        words: 'r-',
        run: async (context, rest) =>
          named(rest)
            ? { view: 'request', params: { request: await withNumber(context, rest) }, place: 'new' }
            : list('requestList', {}),
        help: { usage: 'R-1042', line: 'help.one', first: true },
      },
    ],
  },
  /** What a card offers in the place of `request.cancel` where canceling is the removal of somebody else's access. */
  'request.remove': {
    kind: 'writes',
    opens: true,
    press: (context, data) => take(context, requestOf(data)),
    fresh: (data) => ({ ...show(data), place: 'replace' }),
  },
  'request.cancel': {
    kind: 'writes',
    opens: false,
    press: (context, data) => take(context, requestOf(data)),
    fresh: (data) => ({ ...show(data), place: 'replace' }),
    typed: [
      {
        words: 'cancel',
        run: async (context, rest) => {
          if (!named(rest)) return list('requestList', {});
          const { number, isBare, said } = numberTyped(rest);
          // By the name of a package it is shown with its button: nobody takes back what they did not mean.
          if (number === null) return show({ request: await requestNamed(context, rest, isOpen) });
          const request = await byNumber(context.desk, number);
          // "cancel R-1042?" is a question: shown with its buttons, nothing is taken back.
          if (isBare || /^because\s/i.test(said)) return take(context, request);
          await view(context.desk, context.who.person.id, request);
          return { view: 'request', params: { request }, place: 'new' };
        },
        help: { usage: 'cancel R-1042', line: 'help.cancel' },
      },
    ],
  },
  'request.again': {
    kind: 'reads',
    opens: true,
    press: (context, data) => again(context, requestOf(data)),
    typed: [
      {
        words: 'ask again',
        opens: named,
        run: async (context, rest) =>
          named(rest) ? again(context, await endedOf(context, rest)) : list('requestList', {}),
        help: { usage: 'ask again R-1042', line: 'help.askAgain' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;

/** Whether something follows the words of a command. Without a name the list to choose from is the answer. */
export function named(rest: string): boolean {
  return rest !== '';
}

/** A page of a list; turning pages replaces the list. */
export function list(
  view: 'requestList' | 'accessList' | 'accessBack' | 'approvalList' | 'delegations' | 'taskList',
  data: unknown,
): Answer {
  const cursor = read(page, data)?.page ?? null;
  return { view, params: { page: cursor }, place: cursor === null ? 'new' : 'replace' };
}
