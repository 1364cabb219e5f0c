// Deciding: one tap to approve, a reason to deny.
import { DomainError } from '../../domain/errors';
import type { RequestId } from '../../domain/model';
import { decide } from '../../operations/approvals';
import { byNumber, view } from '../../operations/requests';
import type { StoredReply } from '../../operations/ports';
import { numberOf } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { idOf, list, reasonOf, requestOf } from './requests';
import type { DraftId } from '../../domain/model';

async function record(
  context: Context,
  request: RequestId,
  decision: 'approve' | 'deny',
  reason: string | null,
  draft: DraftId | null,
): Promise<Answer> {
  const answer: StoredReply = { view: 'approval', params: { request, say: 'decided' } };
  await decide(context.desk, context.by, { request, decision, reason, shown: context.shown, draft }, () => answer);
  return { view: 'approval', params: answer.params, place: 'replace' };
}

/** Opens the form for a decision that needs a reason; whoever is too late hears it now and not after typing. */
async function openDecision(
  context: Context,
  verb: 'approval.deny' | 'approval.approveWithReason',
  request: RequestId,
): Promise<Answer> {
  const me = context.who.person.id;
  const { facts, viewer } = await view(context.desk, me, request);
  const number = facts.request.number;
  if (viewer.own) throw new DomainError('own-request', { number });
  const open = facts.tasks.some((task) => task.person === me && task.state === 'open');
  if (!open) {
    const mine = facts.decisions.find((one) => one.person === me);
    if (mine) throw new DomainError('you-decided', { number, decision: mine.decision });
    const last = [...facts.decisions].sort((a, b) => b.at.getTime() - a.at.getTime())[0];
    if (!viewer.approver) throw new DomainError('not-an-approver', { number });
    throw new DomainError('already-decided', {
      number,
      state: facts.request.state,
      by: last ? (facts.people.find((person) => person.id === last.person)?.name ?? null) : null,
      at: last?.at ?? null,
    });
  }
  const draft = await context.desk.drafts.create(me, verb, 'fill', { request });
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

async function typedNumber(context: Context, typed: string): Promise<RequestId> {
  const number = numberOf(typed);
  if (number === null) throw new DomainError('not-found', { what: 'request' });
  return byNumber(context.desk, number);
}

const fresh = (data: unknown): Answer => ({ view: 'approval', params: { request: requestOf(data) }, place: 'replace' });

export const approvalVerbs = {
  'approvals.list': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(list('approvalList', data)),
    typed: [
      {
        words: 'approvals',
        run: () => Promise.resolve(list('approvalList', {})),
        help: { usage: 'approvals', line: 'help.approvals' },
      },
    ],
  },
  'approval.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) =>
      Promise.resolve({ view: 'approval', params: { request: requestOf(data) }, place: 'new' }),
  },
  'approval.approve': {
    kind: 'writes',
    opens: false,
    press: (context, data) => record(context, requestOf(data), 'approve', null, null),
    fresh,
    typed: [
      {
        words: 'approve',
        run: async (context, rest) => {
          const [, number = rest, reason] = /^(\S+)\s+because\s+(.+)$/is.exec(rest) ?? [];
          return record(context, await typedNumber(context, number), 'approve', reason ?? null, null);
        },
        help: { usage: 'approve R-1042', line: 'help.decide' },
      },
    ],
  },
  'approval.approveWithReason': {
    kind: 'writes',
    opens: true,
    press: (context, data) => openDecision(context, 'approval.approveWithReason', requestOf(data)),
    submit: (context, { values, draft }) =>
      record(context, idOf(values, 'request') as RequestId, 'approve', reasonOf(values), draft),
    fresh,
  },
  'approval.deny': {
    kind: 'writes',
    opens: true,
    press: (context, data) => openDecision(context, 'approval.deny', requestOf(data)),
    submit: (context, { values, draft }) =>
      record(context, idOf(values, 'request') as RequestId, 'deny', reasonOf(values), draft),
    fresh,
    typed: [
      {
        words: 'deny',
        opens: (rest) => !/\bbecause\s+\S/i.test(rest),
        run: async (context, rest) => {
          const [, number, reason] = /^(\S+)\s+because\s+(.+)$/is.exec(rest) ?? [];
          if (number === undefined || reason === undefined)
            return openDecision(context, 'approval.deny', await typedNumber(context, rest));
          return record(context, await typedNumber(context, number), 'deny', reason, null);
        },
        help: { usage: 'deny R-1042 because …', line: 'help.decide' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
