// Keeping and losing what one has.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { AssignmentId } from '../../domain/model';
import { extensionOf, giveUp, givingUp } from '../../operations/assignments';
import { extend } from '../../operations/requests';
import type { StoredReply } from '../../operations/ports';
import { heldNamed } from '../names';
import type { Answer, Context, FormInput, Verb } from '../verb';
import { read, uuid } from '../verb';
import { idOf, orReopen, policyOf, reasonOf } from './request-form';
import { list, named } from './requests';

const byId = z.object({ assignment: uuid });
const back = z.object({ list: z.literal('back') });

function assignmentOf(data: unknown): AssignmentId {
  const found = read(byId, data);
  if (!found) throw new DomainError('not-found', { what: 'assignment' });
  return found.assignment as AssignmentId;
}

/** A message of its own: the pressed one goes on showing its first page. */
const pageBack = (data: unknown): Answer => ({ ...list('accessBack', data), place: 'new' });

type Filled = Readonly<Record<string, string>>;

async function form(context: Context, verb: string, input: Filled): Promise<Answer> {
  const draft = await context.desk.drafts.create(context.who.person.id, verb, 'fill', input);
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

/** `more`: what is filled in already. */
async function openExtension(context: Context, assignment: AssignmentId, more: Filled = {}): Promise<Answer> {
  const { extension } = await extensionOf(context.desk, context.who.person.id, assignment);
  return form(context, 'access.extend', { ...more, assignment, policy: extension.policy.id });
}

async function extendBy(context: Context, { values, draft }: FormInput): Promise<Answer> {
  const assignment = idOf(values, 'assignment') as AssignmentId;
  const stored = (request: string): StoredReply => ({ view: 'request', params: { request, say: 'extended' } });
  const input = { assignment, reason: reasonOf(values), policyVersion: policyOf(values), draft };
  const send = async (): Promise<Answer> => {
    const request = await extend(context.desk, context.by, input, stored);
    return { view: 'request', params: stored(request).params, place: 'replace' };
  };
  return orReopen(send, () => openExtension(context, assignment, values));
}

async function openGiveUp(context: Context, assignment: AssignmentId): Promise<Answer> {
  await givingUp(context.desk, context.who.person.id, assignment);
  return form(context, 'access.giveUp', { assignment });
}

/** In the place of a list that was drawn before things changed. */
const freshList: Answer = { view: 'accessList', params: { page: null }, place: 'replace' };

export const accessVerbs = {
  'access.list': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(read(back, data) ? pageBack(data) : list('accessList', data)),
    typed: [
      {
        words: 'my access',
        run: () => Promise.resolve(list('accessList', {})),
        help: { usage: 'my access', line: 'help.access' },
      },
    ],
  },
  'access.extend': {
    kind: 'writes',
    opens: true,
    press: (context, data) => openExtension(context, assignmentOf(data)),
    fresh: () => freshList,
    submit: extendBy,
    typed: [
      {
        words: 'extend',
        opens: named,
        run: async (context, rest) =>
          named(rest) ? openExtension(context, await heldNamed(context, rest)) : list('accessList', {}),
        help: { usage: 'extend <package>', line: 'help.extend', first: true },
      },
    ],
  },
  'access.giveUp': {
    kind: 'writes',
    opens: true,
    press: (context, data) => openGiveUp(context, assignmentOf(data)),
    fresh: () => freshList,
    submit: async (context, { values, draft }) => {
      const assignment = idOf(values, 'assignment') as AssignmentId;
      const answer: StoredReply = { view: 'accessEnded', params: { assignment, say: 'gaveUp' } };
      await giveUp(context.desk, context.by, { assignment, reason: reasonOf(values), draft }, () => answer);
      return { view: 'accessEnded', params: answer.params, place: 'replace' };
    },
    typed: [
      {
        words: 'give up',
        opens: named,
        run: async (context, rest) =>
          named(rest) ? openGiveUp(context, await heldNamed(context, rest)) : list('accessList', {}),
        help: { usage: 'give up <package>', line: 'help.giveUp', first: true },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
