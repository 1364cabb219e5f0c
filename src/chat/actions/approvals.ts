// Deciding: one tap to approve, a reason to deny.
import { z } from 'zod';
import { DomainError, isRefusal } from '../../domain/errors';
import type { FaultCode } from '../../domain/errors';
import type { RequestFacts } from '../../domain/facts';
import type { RequestId } from '../../domain/model';
import { decide, deciding } from '../../operations/approvals';
import type { StoredReply } from '../../operations/ports';
import { nameOfShown } from '../shown';
import { numberTyped } from '../typed';
import type { Answer, Context, FormInput, Verb } from '../verb';
import { read } from '../verb';
import { idOf, reasonOf } from './request-form';
import { list, requestOf } from './requests';
import type { DraftId } from '../../domain/model';

type Shown = Readonly<Record<string, unknown>>;

/**
 * What the form showed that was sent: the one before, where it is not the form that was drawn last. Only a draft is believed: values
 * without one come from the client.
 */
function shownIn({ values, draft, data }: FormInput): Shown | undefined {
  const { shown, shownBefore } = values;
  if (draft === null || shown === undefined) return undefined;
  const isLast = data['seen'] === nameOfShown(shown);
  return JSON.parse(isLast ? shown : (shownBefore ?? shown)) as Shown;
}

/** No request has it. */
const NO_VERSION = 0;

/**
 * The version of the request that was shown; null only for whoever typed. Each of our buttons says one, in whatever release, so a
 * press that says none, or anything else in its place, showed nothing that could be decided.
 */
function versionOf({ surface, version }: Shown): number | null {
  if (typeof version === 'number') return version;
  return surface === 'typed' ? null : NO_VERSION;
}

const inList = z.object({ list: z.string().max(1500) });
/** The page of the list of which a row was pressed; undefined where it was the request's own card. */
const pageOf = (data: unknown): string | undefined => read(inList, data)?.list;

/** The request; in the list that it was decided in, what is left of that. */
function shownAfter(request: RequestId, page: string | undefined, say: string | null): Pick<Answer, 'view' | 'params'> {
  const params = { request, ...(say === null ? {} : { say }) };
  return page === undefined ? { view: 'approval', params } : { view: 'approvalList', params: { ...params, page } };
}

async function record(
  context: Context,
  request: RequestId,
  decision: 'approve' | 'deny',
  reason: string | null,
  {
    draft = null,
    shown,
    step = null,
    content = null,
    page,
  }: {
    draft?: DraftId | null;
    shown?: Shown | undefined;
    step?: number | null;
    content?: number | null;
    /** Of the list in which it was decided. */
    page?: string | undefined;
  } = {},
): Promise<Answer> {
  const seen = shown ?? (await context.shown(request));
  const answer = shownAfter(request, page, 'decided');
  await decide(
    context.desk,
    context.by,
    { request, decision, reason, shown: seen, seen: versionOf(seen), step, content, draft },
    (): StoredReply => answer,
  );
  return { ...answer, place: 'replace' };
}

/** Who approves was told who will read the reason, so that nobody reads one that was not written for them. */
const withReaders = (shown: Shown): Shown => ({ ...shown, readers: true });

/** What a form showed: that for an approval says as well who will read the reason. */
function inForm(shown: Shown, decision: 'approve' | 'deny'): string {
  return JSON.stringify(decision === 'approve' ? withReaders(shown) : shown);
}

/** Opens the form for a decision that needs a reason; whoever is too late hears it now and not after typing. */
async function openDecision(
  context: Context,
  verb: 'approval.deny' | 'approval.approveWithReason',
  request: RequestId,
  {
    reason = null,
    step = null,
    isMeant = false,
    page,
  }: { reason?: string | null; step?: number | null; isMeant?: boolean; page?: string | undefined } = {},
): Promise<Answer> {
  const me = context.who.person.id;
  let shown: Shown = await context.shown(request);
  const decision = verb === 'approval.deny' ? 'deny' : 'approve';
  const now = await deciding(context.desk, me, request, { decision, shown, seen: versionOf(shown), step });
  // Whoever typed was shown nothing yet: they decide what the form shows, and not what it has become when they send it.
  if (versionOf(shown) === null) shown = { ...(await context.shown(request)), ...versionsOf(now) };
  const draft = await context.desk.drafts.create(me, verb, 'fill', {
    request,
    shown: inForm(shown, decision),
    ...(reason === null ? {} : { reason }),
    ...(isMeant ? { meant: 'yes' } : {}),
    ...(page === undefined ? {} : { list: page }),
  });
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

/** What a form shows that is drawn after these were read. */
function versionsOf({ request, content }: RequestFacts): Shown {
  return { version: request.version, packageVersion: content.id };
}

/** What is asked is not what was shown. */
const MOVED: readonly FaultCode[] = ['moved-on', 'other-voice', 'roles-added'];

/** The form for a decision, sent. Where the request moved on meanwhile, the person hears so, and the form that says so counts. */
async function send(context: Context, form: FormInput, decision: 'approve' | 'deny'): Promise<Answer> {
  const request = idOf(form.values, 'request') as RequestId;
  try {
    const { list: page } = form.values;
    const shown = shownIn(form);
    return await record(context, request, decision, reasonOf(form.values), { draft: form.draft, shown, page });
  } catch (error) {
    if (form.draft !== null && isRefusal(error) && MOVED.includes(error.code)) {
      const me = context.who.person.id;
      const now = await deciding(context.desk, me, request);
      const shown = inForm({ ...(await context.shown(request)), ...versionsOf(now) }, decision);
      const shownBefore = JSON.stringify(shownIn(form));
      const { list: page } = form.values;
      const list = page === undefined ? {} : { list: page };
      await context.desk.drafts.change(form.draft, me, 'fill', { request, shown, shownBefore, ...list });
    }
    throw error;
  }
}

/** By its number. Where that would be a step, or a role, that they have perhaps not seen, it is shown instead. */
async function byNumber(request: RequestId, act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    if (isRefusal(error) && error.code === 'moved-on')
      return { view: 'approval', params: { request, say: 'movedOn' }, place: 'new' };
    if (isRefusal(error) && error.code === 'roles-added')
      return { view: 'approval', params: { request, say: 'rolesAdded' }, place: 'new' };
    throw error;
  }
}

/**
 * Approved by its number. Others read why, so whoever says why is shown first who they are, in the form that asks for it; `openly` is what
 * that says to type where no form can be sent.
 */
async function approveTyped(context: Context, request: RequestId, said: Typed): Promise<Answer> {
  const { reason, unsure, step, content, isOpen } = said;
  const openForm = (): Promise<Answer> =>
    openDecision(context, 'approval.approveWithReason', request, {
      reason: reason ?? unsure,
      step,
      isMeant: reason !== null,
    });
  if (unsure !== null || (reason !== null && !isOpen)) return openForm();
  try {
    const shown = reason === null ? undefined : withReaders(await context.shown(request));
    return await record(context, request, 'approve', reason, { shown, step, content });
  } catch (error) {
    // The text alone did not tell that a form answers it.
    if (isRefusal(error) && error.code === 'approval-reason-required')
      return { ...(await openForm()), view: 'continue', place: 'new' };
    throw error;
  }
}

async function numbered(context: Context, number: number): Promise<RequestId> {
  const found = await context.desk.views.requestByNumber(number);
  // The sentence for a number that is somebody else's: nobody learns here which numbers there are.
  if (found === null) throw new DomainError('not-an-approver', { number });
  return found;
}

/**
 * A number with what stands around it, and what follows. A reason follows "because"; courtesy is none. Anything else is shown in the
 * form as the reason: nobody decides by words that they did not mean as such. For others to read it is "openly because".
 */
interface Typed {
  /** Null where there is none: what waits is shown, to choose from. */
  readonly number: number | null;
  /** The step of the request, where it was named: "R-1042 step 2". */
  readonly step: number | null;
  /** The number of what the package holds, where it was named: "R-1042 version 2". */
  readonly content: number | null;
  readonly reason: string | null;
  readonly isOpen: boolean;
  readonly unsure: string | null;
}

/** A step or a version that is meant stands directly behind the number. Anywhere else it is a part of what is said. */
const NAMED = /^(["”’)]?),? (?:step (\d{1,2})|version (\d{1,6}))(?![\p{L}\p{N}])/iu;

function typedDecision(rest: string): Typed {
  const { end } = numberTyped(rest);
  let behind = rest.slice(end);
  let [step, content]: [string?, string?] = [];
  for (;;) {
    const [whole, quote = '', one, other] = NAMED.exec(behind) ?? [];
    if (whole === undefined || (step && one) || (content && other)) break;
    step ??= one;
    content ??= other;
    behind = quote + behind.slice(whole.length);
  }
  const { number, said, isBare } = numberTyped(rest.slice(0, end) + behind);
  const [, openly, reason = null] = /^(openly,?\s+)?because\s+(\S.*)$/is.exec(said) ?? [];
  return {
    number,
    step: step === undefined ? null : Number(step),
    content: content === undefined ? null : Number(content),
    reason,
    isOpen: openly !== undefined,
    unsure: reason === null && !isBare ? said : null,
  };
}

const fresh = (data: unknown): Answer => ({ ...shownAfter(requestOf(data), pageOf(data), null), place: 'replace' });

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
    press: (context, data) => record(context, requestOf(data), 'approve', null, { page: pageOf(data) }),
    fresh,
    typed: [
      {
        words: 'approve',
        opens: (rest) => {
          const { number, unsure, reason, isOpen } = typedDecision(rest);
          return number !== null && (unsure !== null || (reason !== null && !isOpen));
        },
        run: async (context, rest) => {
          const said = typedDecision(rest);
          if (said.number === null) return list('approvalList', {});
          const request = await numbered(context, said.number);
          return byNumber(request, () => approveTyped(context, request, said));
        },
        help: { usage: 'approve R-1042', line: 'help.decide', first: true, only: 'approvers' },
      },
    ],
  },
  'approval.approveWithReason': {
    kind: 'writes',
    opens: true,
    press: (context, data) =>
      openDecision(context, 'approval.approveWithReason', requestOf(data), { page: pageOf(data) }),
    submit: (context, form) => send(context, form, 'approve'),
    fresh,
  },
  'approval.deny': {
    kind: 'writes',
    opens: true,
    press: (context, data) => openDecision(context, 'approval.deny', requestOf(data), { page: pageOf(data) }),
    submit: (context, form) => send(context, form, 'deny'),
    fresh,
    typed: [
      {
        words: 'deny',
        opens: (rest) => typedDecision(rest).number !== null && typedDecision(rest).reason === null,
        run: async (context, rest) => {
          const said = typedDecision(rest);
          const { number, reason, unsure, step } = said;
          if (number === null) return list('approvalList', {});
          const request = await numbered(context, number);
          return byNumber(request, () =>
            reason === null
              ? openDecision(context, 'approval.deny', request, { reason: unsure, step })
              : record(context, request, 'deny', reason, { step }),
          );
        },
        help: { usage: 'deny R-1042 because …', line: 'help.decide', only: 'approvers' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
