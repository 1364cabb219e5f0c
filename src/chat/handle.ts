// The one door: identify -> find -> parse -> run -> reply. The only place that turns refusals into words. Knows no platform.
import { randomBytes } from 'node:crypto';
import { DomainError, isRefusal } from '../domain/errors';
import type { CardId, DraftId, RequestId } from '../domain/model';
import type { Log } from '../log';
import { OutcomeUnknown, RepeatedDelivery } from '../operations/ports';
import { recordRefusal } from '../operations/refusals';
import type { By, Cards, Delivery, Desk, InboundStore, StoredReply, Watch } from '../operations/ports';
import { verb } from './actions';
import type { Card, Text } from './card';
import type { CardBook } from './cards';
import type { Conversation } from './channel';
import type { Cooling } from './cooling';
import { near, parse } from './commands';
import { asks, FIRST_STEP, inputOf } from './form-errors';
import type { Act, Inbound, Reply } from './inbound';
import type { Refusals } from './refusals';
import { bind } from './render';
import { search } from './search';
import { asTyped, suggestions } from './suggestions';
import { toldTo } from './text';
import { tidied } from './tidy';
import { traceOf } from './trace';
import { uuid } from './verb';
import type { Answer, Context } from './verb';
import { draw } from './views';
import type { Look, Params } from './views';
import { admit, identify } from './who';
import type { Profiles, Who } from './who';
import { label } from './words';
import { explain } from './words/faults';
import { say } from './words';
import { Windows } from './windows';

export interface ConversationParts {
  readonly desk: Desk;
  readonly cards: Cards;
  readonly inbound: InboundStore;
  readonly book: CardBook;
  readonly profiles: Profiles;
  readonly watch?: Watch;
  /** Hears of accounts that may not speak here at all. */
  readonly refusals?: Refusals;
  readonly cooling?: Cooling;
  /** What an act may take from when it was heard, where somebody waits for its answer; absent where it was stored before. */
  readonly answerWithinMs?: number;
  readonly log: Pick<Log, 'debug' | 'info' | 'error'>;
}

/** The parts for one act, with the end of its time. */
interface Heard extends ConversationParts {
  readonly until?: number;
}

/** Refusals that a person meets who tries what is not theirs. Late clicks are among them, so each counts for little. */
const SUSPECT: ReadonlySet<string> = new Set([
  'own-request',
  'not-an-approver',
  'forbidden',
  'self-assignment',
  'same-key-other-body',
]);
/** Rows of the audit trail about one person and one reason in ten minutes: enough to be seen, too few to fill it. */
const MOST_RECORDED = 10;
const recorded = new Windows(600_000, 10_000);

const TYPED_ECHO = 80;

/** Makes the conversation that every channel talks to. */
export function createConversation(parts: ConversationParts): Conversation {
  return {
    opensForm: (act) => opensForm(asTyped(act)),
    handle: (received) => {
      const inbound = tidied(received);
      return handle(parts, { ...inbound, act: asTyped(inbound.act) });
    },
    accept: async (received) => {
      const inbound = tidied(received);
      // Outsiders, bots, and guests where they are not allowed leave no row at all (rows 40 and 58), as far as it is known by now
      // who speaks. Of whoever turns out to be one later the words are stored until the event is handled, which takes seconds, or given
      // up where the refusal cannot be said for minutes; then a delivery without its words is left.
      if (!admitted(inbound, await guestsAllowed(parts, inbound))) return false;
      await parts.inbound.store(delivery(inbound), inbound);
      return true;
    },
    sentence: (what) => label(`surface.${what}`),
  };
}

// Asked for guests only: each statement here is one that the platform waits for.
async function guestsAllowed(parts: ConversationParts, { platform, tenant, profile }: Inbound): Promise<boolean> {
  if (profile?.standing !== 'guest') return false;
  return (await parts.desk.views.installation(platform, tenant))?.guestsAllowed ?? false;
}

function admitted(inbound: Inbound, isGuestAllowed: boolean): boolean {
  try {
    admit(inbound.profile?.standing ?? null, isGuestAllowed);
    return true;
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
}

function opensForm(act: Act): boolean {
  switch (act.kind) {
    case 'press':
      return verb(act.verb)?.opens ?? false;
    case 'text': {
      const command = parse(act.text);
      return command?.typed.opens?.(command.rest) ?? false;
    }
    case 'submit':
    case 'search':
    case 'welcome':
      return false;
  }
}

function delivery(inbound: Inbound): Delivery {
  return { platform: inbound.platform, key: inbound.delivery, bodyHash: inbound.bodyHash };
}

interface Ending {
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly code?: string;
}

async function handle(parts: ConversationParts, inbound: Inbound): Promise<Reply> {
  const began = performance.now();
  const { answerWithinMs } = parts;
  const heard = answerWithinMs === undefined ? parts : { ...parts, until: began + answerWithinMs };
  const { reply, ending } = await answered(heard, inbound);
  const seconds = (performance.now() - began) / 1000;
  const kind = writes(inbound.act) ? 'writes' : 'reads';
  parts.log[kind === 'writes' ? 'info' : 'debug'](
    {
      trace: traceOf(inbound),
      platform: inbound.platform,
      act: inbound.act.kind,
      verb: nameOf(inbound.act),
      ...ending,
      ms: Math.round(seconds * 1000),
    },
    'act',
  );
  parts.watch?.acted(inbound.platform, kind, ending.outcome, seconds);
  return reply;
}

/** Our own name for what was asked, never the person's words. */
function nameOf(act: Act): string | undefined {
  if (act.kind === 'text') return parse(act.text)?.typed.words;
  return (act.kind === 'press' || act.kind === 'submit') && verb(act.verb) ? act.verb : undefined;
}

async function answered(parts: Heard, inbound: Inbound): Promise<{ reply: Reply; ending: Ending }> {
  let who: Who | null = null;
  try {
    who = await identify(parts.desk, parts.profiles, inbound);
    const { conversation, kind } = inbound.surface;
    // Without a conversation it is a slash command, or a form that followed one.
    if (kind === 'personal' && (conversation !== null || inbound.act.kind === 'text')) {
      await parts.desk.directory.seen({
        platform: inbound.platform,
        tenant: inbound.tenant,
        user: inbound.user,
        conversation,
        serviceUrl: inbound.surface.serviceUrl,
      });
    }
    return { reply: personal(await run(parts, inbound, who), who), ending: { outcome: 'done' } };
  } catch (error) {
    const failed = (failure: unknown): { reply: Reply; ending: Ending } => ({
      reply: bug(parts, inbound, failure),
      ending: { outcome: 'failed' },
    });
    if (!isRefusal(error)) return failed(error);
    try {
      await noted(parts, inbound, who, error);
      const said = await refusal(parts, inbound, who, error);
      return {
        reply: who ? personal(said, who) : said,
        ending: { outcome: 'refused', code: error.code },
      };
    } catch (failure) {
      return failed(failure);
    }
  }
}

/** Cards know their reader; the sentences beside them and in their place do not, so their moments are put into words here (rule 3.24). */
function personal(reply: Reply, who: Who): Reply {
  const told = (text: Text): Text => toldTo(text, { zone: who.zone, locale: who.locale });
  switch (reply.kind) {
    case 'card':
      return reply.say === null ? reply : { ...reply, say: told(reply.say) };
    case 'text':
      return { ...reply, say: told(reply.say) };
    case 'errors':
      return {
        ...reply,
        fields: Object.fromEntries(Object.entries(reply.fields).map(([id, text]) => [id, told(text)])),
        say: reply.say && told(reply.say),
      };
    case 'choices':
      return { ...reply, more: reply.more && told(reply.more) };
    case 'form':
    case 'none':
      return reply;
  }
}

/** Whoever is known leaves a row of the audit trail, whoever is not a line of the log. */
async function noted(parts: ConversationParts, inbound: Inbound, who: Who | null, error: DomainError): Promise<void> {
  if (who === null) {
    const { platform, tenant, user } = inbound;
    parts.refusals?.refused(platform, error.code, { tenant, user });
    return;
  }
  const { id } = who.person;
  if (!SUSPECT.has(error.code) || recorded.add(`${id} ${error.code}`).count > MOST_RECORDED) return;
  const by: By = { actor: { kind: 'person', id }, via: inbound.platform, trace: traceOf(inbound) };
  await recordRefusal(parts.desk, by, id, { code: error.code, verb: nameOf(inbound.act) ?? null });
}

async function run(parts: Heard, inbound: Inbound, who: Who): Promise<Reply> {
  const { act } = inbound;
  if (act.kind === 'search') return search(parts.desk, who, act.search, act.query);
  const context = contextOf(parts, inbound, who, act.kind === 'press' || act.kind === 'submit' ? act.verb : null);
  const shown = (answer: Answer): Promise<Reply> => reply(parts, inbound, who, context.by, answer);
  let answer: Answer;
  try {
    answer = await answerOf(parts, context, inbound);
  } catch (error) {
    // The same click delivered twice: the same answer, drawn anew; nothing happened a second time.
    if (!(error instanceof RepeatedDelivery)) throw error;
    if (error.reply === null) return { kind: 'text', say: label('toast.alreadyDone') };
    const stored = again(inbound, error.reply);
    return shown(stored).catch((failure: unknown) => unshown(parts, inbound, stored, failure));
  }
  if (!writes(inbound.act) || answer.place === 'form') return shown(answer);
  return shown(answer).catch((failure: unknown) => unshown(parts, inbound, answer, failure));
}

/** Whether the act's verb changes something, once its form (if any) is sent. */
function writes(act: Act): boolean {
  if (act.kind === 'press' || act.kind === 'submit') return verb(act.verb)?.kind === 'writes';
  return act.kind === 'text' && parse(act.text)?.kind === 'writes';
}

function contextOf(parts: Heard, inbound: Inbound, who: Who, pressed: string | null): Context {
  // An event that was stored by `accept` owns its delivery key already; its act gets a key of its own beside it.
  const key = inbound.act.kind === 'text' ? `${inbound.delivery}:act` : inbound.delivery;
  const writing = inbound.act.kind === 'text' || (pressed !== null && verb(pressed)?.kind === 'writes');
  const by: By = {
    actor: { kind: 'person', id: who.person.id },
    via: inbound.platform,
    trace: traceOf(inbound),
    ...(parts.until === undefined ? {} : { until: parts.until }),
    ...(writing ? { delivery: { platform: inbound.platform, key, bodyHash: inbound.bodyHash } } : {}),
  };
  return {
    desk: parts.desk,
    who,
    by,
    surface: inbound.surface,
    ...(parts.cooling === undefined ? {} : { cooling: parts.cooling }),
    shown: (request) => shownOf(parts, inbound, who, by, request),
  };
}

/**
 * What somebody looks at before they decide. Card and version are what the button says, so only what our buttons could have
 * said is kept; the drawing is ours. `hash` is that of the drawing which the message showed last: where it differs from that
 * of `data`, things had changed since.
 */
async function shownOf(
  parts: ConversationParts,
  inbound: Inbound,
  who: Who,
  by: By,
  request: RequestId,
): Promise<Awaited<ReturnType<Context['shown']>>> {
  const { act, platform } = inbound;
  const pressed = act.kind === 'press' ? act : null;
  const version = pressed?.data['v'];
  const id = uuid.safeParse(pressed?.card).data ?? null;
  const row = id === null ? null : await parts.cards.get(id as CardId);
  const kept = row?.request === request && row.person === who.person.id ? row : null;
  // Only our own two views of a request carry these buttons; which of them it was, an answer that is not kept says itself.
  const view = kept?.view ?? (pressed?.data['on'] === 'request' ? 'request' : 'approval');
  const params = kept ? paramsOf(kept) : { request };
  const data = await draw(view, { desk: parts.desk, who, by, params }).then(
    (drawn) => drawn.data,
    (error: unknown) => {
      // Not to be seen by this person: the act itself refuses.
      if (error instanceof DomainError) return null;
      throw error;
    },
  );
  return {
    surface: act.kind === 'text' ? 'typed' : platform,
    platform,
    card: id,
    version: Number.isSafeInteger(version) ? version : null,
    view,
    hash: kept?.hash ?? null,
    data,
  };
}

async function answerOf(parts: ConversationParts, context: Context, inbound: Inbound): Promise<Answer> {
  const { act } = inbound;
  switch (act.kind) {
    case 'text': {
      if (act.text.trim() === '') return { view: 'help', params: {}, place: 'new' };
      const command = parse(act.text);
      if (!command)
        throw new DomainError('unknown-command', { typed: act.text.slice(0, TYPED_ECHO), near: near(act.text) });
      return {
        ...(await command.typed.run(context, command.rest)),
        ...(opensForm(act) ? {} : { place: 'new' as const }),
      };
    }
    case 'press': {
      const entry = verb(act.verb);
      if (!entry) throw new DomainError('not-found', { what: 'card' });
      return entry.press(context, act.data);
    }
    case 'submit': {
      const entry = verb(act.verb);
      if (!entry?.submit) throw new DomainError('not-found', { what: 'card' });
      const draft =
        act.draft === null ? null : await parts.desk.drafts.get(act.draft as DraftId, context.who.person.id);
      if (act.draft !== null && draft?.verb !== act.verb) {
        // Sent already, or never this person's: a repeat of the same delivery still gets its stored answer.
        const stored = context.by.delivery ? await parts.desk.store.repeated(context.by.delivery) : null;
        if (stored) throw new RepeatedDelivery(stored);
        throw new DomainError('draft-gone', {});
      }
      return entry.submit(context, {
        values: { ...act.values, ...ids(draft?.input ?? {}, act.values) },
        draft: draft?.id ?? null,
      });
    }
    case 'search':
    case 'welcome':
      return { view: 'help', params: {}, place: 'new' };
  }
}

/**
 * What the draft fixed wins over what a client sends, and a kind of access that was chosen in a step before counts where the form does
 * not ask for it. Anything else is what the form says: what it no longer asks for is not sent along unseen.
 */
function ids(
  input: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const fixed = new Set(['package', 'target', 'request', 'assignment', 'task', 'shown']);
  return Object.fromEntries(
    Object.entries(input).filter(([key]) => fixed.has(key) || (key === 'policy' && values[key] === undefined)),
  );
}

async function reply(parts: ConversationParts, inbound: Inbound, who: Who, by: By, answer: Answer): Promise<Reply> {
  const look: Look = { desk: parts.desk, who, by, params: answer.params };
  if (answer.place === 'form') {
    const inForm = inbound.surface.canOpenForm || inbound.act.kind === 'submit';
    if (inForm) return { kind: 'form', card: bind(parts.book, await draw(answer.view, look), who, null) };
    if (answer.view === 'form') {
      return {
        kind: 'card',
        card: bind(parts.book, await draw('continue', look), who, null),
        replaces: false,
        say: null,
      };
    }
    return { kind: 'form', card: bind(parts.book, await draw(answer.view, look), who, null) };
  }
  const drawn = await draw(answer.view, look);
  const kept = answer.place === 'replace' ? await pressedCard(parts, inbound, who, by) : null;
  return {
    kind: 'card',
    card: kept ?? bind(parts.book, drawn, who, null),
    replaces: answer.place === 'replace',
    say: drawn.say ?? null,
  };
}

/**
 * A pressed message that is remembered goes on showing its own view, as the reconciler would draw it, so that a reply never
 * leaves another view in a message that is later redrawn as what it was.
 */
async function pressedCard(parts: ConversationParts, inbound: Inbound, who: Who, by: By): Promise<Card | null> {
  if (inbound.act.kind !== 'press' || inbound.act.card === null) return null;
  const row = await parts.cards.get(inbound.act.card as CardId);
  if (!row || row.person !== who.person.id || row.state === 'gone') return null;
  return bind(parts.book, await draw(row.view, { desk: parts.desk, who, by, params: paramsOf(row) }), who, row.id);
}

/** The parameters of a remembered card's view: its subject by kind, and what was kept beside it. */
export function paramsOf(row: {
  readonly subject: { readonly kind: string; readonly id: string };
  readonly params: Params;
}): Params {
  return { ...row.params, [row.subject.kind]: row.subject.id };
}

function again(inbound: Inbound, stored: StoredReply): Answer {
  return {
    view: stored.view as Answer['view'],
    params: stored.params,
    place: inbound.act.kind === 'text' ? 'new' : 'replace',
  };
}

async function refusal(
  parts: ConversationParts,
  inbound: Inbound,
  who: Who | null,
  fault: DomainError,
): Promise<Reply> {
  const sentence = explain(fault.code, fault.data);
  const { act } = inbound;
  if (act.kind === 'search') return { kind: 'choices', choices: [], more: sentence };
  if (act.kind === 'submit') {
    const form = who ? await filledForm(parts, inbound, who) : null;
    // Only the first step has no draft, and only what it asks for is refused by name.
    const input = fault.field === undefined ? null : inputOf(fault.field, act.draft === null ? FIRST_STEP : asks(form));
    return {
      kind: 'errors',
      fields: input === null ? {} : { [input]: sentence },
      say: input === null ? sentence : null,
      ...(form ? { form } : {}),
    };
  }
  if (act.kind === 'text' && who) {
    const data = suggestions(act.text, fault);
    if (data) {
      const card = bind(parts.book, { card: 'suggestions', data }, who, null);
      return { kind: 'card', card, replaces: false, say: null };
    }
  }
  if (act.kind === 'press' && who) {
    const card = await freshCard(parts, inbound, who);
    if (card) return { kind: 'card', card, replaces: true, say: sentence };
  }
  return { kind: 'text', say: sentence };
}

/** The form with what was filled in, for platforms that must draw it again; what was typed is kept in the draft. */
async function filledForm(parts: ConversationParts, inbound: Inbound, who: Who): Promise<Card | null> {
  const { act } = inbound;
  if (act.kind !== 'submit' || act.draft === null) return null;
  try {
    const draft = await parts.desk.drafts.get(act.draft as DraftId, who.person.id);
    if (draft?.verb !== act.verb) return null;
    await parts.desk.drafts.change(draft.id, who.person.id, draft.step, {
      ...act.values,
      ...ids(draft.input, act.values),
    });
    const by: By = { actor: { kind: 'person', id: who.person.id }, via: inbound.platform };
    return bind(parts.book, await draw('form', { desk: parts.desk, who, by, params: { draft: draft.id } }), who, null);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** A late click gets the fresh card with its sentence; where the card may no longer be seen, the sentence alone. */
async function freshCard(parts: ConversationParts, inbound: Inbound, who: Who): Promise<Card | null> {
  const { act } = inbound;
  if (act.kind !== 'press') return null;
  const by: By = { actor: { kind: 'person', id: who.person.id }, via: inbound.platform };
  try {
    const kept = await pressedCard(parts, inbound, who, by);
    if (kept) return kept;
    // A message that was sent to somebody else shows what they may see: nobody else's view takes its place.
    const row = act.card === null ? null : await parts.cards.get(act.card as CardId);
    if (row && row.person !== who.person.id) return null;
    const answer = verb(act.verb)?.fresh?.(act.data) ?? null;
    return answer
      ? bind(parts.book, await draw(answer.view, { desk: parts.desk, who, by, params: answer.params }), who, null)
      : null;
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** The act is committed, its card could not be drawn: whatever went wrong, the person must not do it a second time. */
async function unshown(parts: ConversationParts, inbound: Inbound, answer: Answer, failure: unknown): Promise<Reply> {
  const reference = logged(parts, inbound, failure);
  const request = answer.params['request'];
  const number =
    typeof request === 'string'
      ? await parts.desk.views.forRequest(request as RequestId).then(
          (facts) => facts.request.number,
          () => null,
        )
      : null;
  return {
    kind: 'text',
    say:
      number === null
        ? say('bug.recorded', { reference })
        : say('bug.recordedNumber', { reference, number: say('number', { number }) }),
  };
}

function bug(parts: ConversationParts, inbound: Inbound, error: unknown): Reply {
  const reference = logged(parts, inbound, error);
  const sentence: Text = say(error instanceof OutcomeUnknown ? 'bug.unsure' : 'bug', { reference });
  if (inbound.act.kind === 'search') return { kind: 'choices', choices: [], more: sentence };
  return inbound.act.kind === 'submit'
    ? { kind: 'errors', fields: {}, say: sentence }
    : { kind: 'text', say: sentence };
}

/** Logs what nobody foresaw; the reference is what the person can tell. */
function logged(parts: ConversationParts, inbound: Inbound, error: unknown): string {
  const reference = randomBytes(2).toString('hex').toUpperCase();
  parts.log.error(
    { err: error, reference, trace: traceOf(inbound), platform: inbound.platform, act: inbound.act.kind },
    'act failed',
  );
  return reference;
}
