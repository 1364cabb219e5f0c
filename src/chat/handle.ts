// The one door: identify -> find -> parse -> run -> reply (replies.ts). Every refusal is caught here. Knows no platform.
import { DomainError, isRefusal } from '../domain/errors';
import type { CardId, DraftId, RequestId } from '../domain/model';
import { Busy, RepeatedDelivery } from '../operations/ports';
import { recordRefusal } from '../operations/refusals';
import type { By, Delivery, InboundStore, StoredReply, Watch } from '../operations/ports';
import { verb } from './actions';
import type { Text } from './card';
import type { Conversation } from './channel';
import type { Cooling } from './cooling';
import { near, parse } from './commands';
import { remember } from './follow';
import type { Act, Inbound, Reply } from './inbound';
import type { Refusals } from './refusals';
import { bug, isAway, offering, sentForm, paramsOf, refusal, reply, unshown, withFresh } from './replies';
import type { ReplyParts } from './replies';
import { search } from './search';
import { fixed } from './spans';
import { asTyped } from './suggestions';
import { toldTo } from './text';
import { tidied } from './tidy';
import { traceOf } from './trace';
import { uuid } from './verb';
import type { Answer, Context } from './verb';
import { draw, knows } from './views';
import { admit, identify, patiently, waits } from './who';
import type { Profiles, Who } from './who';
import { label } from './words';
import { Windows } from './windows';

export interface ConversationParts extends ReplyParts {
  readonly inbound: InboundStore;
  readonly profiles: Profiles;
  readonly watch?: Watch;
  /** Hears of accounts that may not speak here at all. */
  readonly refusals?: Refusals;
  readonly cooling?: Cooling;
  /** What an act may take from when it was heard, where somebody waits for its answer; absent where it was stored before. */
  readonly answerWithinMs?: number;
}

/** The parts for one act, with the end of its time. */
interface Heard extends ConversationParts {
  readonly again: Profiles;
  readonly until?: number;
}

/** Refusals that a person meets who tries what is not theirs. Late clicks are among them, so each counts for little. */
const SUSPECT: ReadonlySet<string> = new Set([
  'own-request',
  'not-an-approver',
  'forbidden',
  'self-assignment',
  'not-your-card',
  'same-key-other-body',
]);
/** Rows of the audit trail about one person and one reason in ten minutes: enough to be seen, too few to fill it. */
const MOST_RECORDED = 10;
const recorded = new Windows(600_000, 10_000);

const TYPED_ECHO = 80;

/** Makes the conversation that every channel talks to. */
export function createConversation(parts: ConversationParts): Conversation {
  const again = patiently(parts.profiles);
  const kept = <T>(inbound: Inbound, keep: () => Promise<T>): Promise<T | null> =>
    keep().catch((error: unknown) => {
      parts.log.error({ err: error, trace: traceOf(inbound), platform: inbound.platform }, 'answer not kept');
      return null;
    });
  return {
    opensForm: (act) => opensForm(asTyped(act)),
    handle: (received) => {
      const inbound = tidied(received);
      return handle({ ...parts, again }, { ...inbound, act: asTyped(inbound.act) });
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
    debt: (inbound, given) => kept(inbound, () => owing(parts, tidied(inbound), given)),
    owed: async (received, given) => {
      const stored = await kept(received, async () => {
        const debt = await owing(parts, tidied(received), given);
        // Under a key of its own: an act that wrote something has taken that of its delivery.
        return debt && parts.inbound.store({ ...delivery(debt), key: `${debt.delivery}:answer` }, debt);
      });
      return stored !== null;
    },
    posted: (inbound, reply, ref) =>
      remember(parts.cards, inbound, reply, ref).catch((error: unknown) => {
        parts.log.error({ err: error, trace: traceOf(inbound), platform: inbound.platform }, 'answer not remembered');
      }),
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

/** The delivery of an act: an event that was stored by `accept` owns its key already; its act has one of its own beside it. */
function deliveryOfAct(inbound: Inbound, act: Act): Delivery {
  return { ...delivery(inbound), key: act.kind === 'text' ? `${inbound.delivery}:act` : inbound.delivery };
}

/** An act of nothing: whatever comes of it is said. */
const OVER: Act = { kind: 'welcome' };

/**
 * What is kept of an act whose answer is owed: the act, where it only reads or was committed. Any other must never be done later, when
 * its person does not expect it any more: of that it is kept what it showed, or the sentence with what could be tapped beside it. Null
 * where there is nothing to say.
 */
async function owing(parts: ConversationParts, heard: Inbound, given: Reply): Promise<Inbound | null> {
  const inbound = waits(heard);
  if (inbound.owed !== undefined) return inbound;
  if (!admitted(heard, await guestsAllowed(parts, heard))) return null;
  const act = asTyped(inbound.act);
  const isSafe = !writes(act) || (await parts.desk.store.repeated(deliveryOfAct(inbound, act))) !== null;
  if (isSafe) return { ...inbound, owed: { say: null } };
  const name = nameOf(act);
  const of = name === undefined ? {} : { of: name };
  // A form, a list to choose from, or what is to be looked at first. A release that cannot draw it says so.
  if ((given.kind === 'form' || given.kind === 'card') && given.from !== undefined)
    return { ...inbound, act: OVER, owed: { say: label('surface.unshown'), from: given.from, ...of } };
  const say = sentenceOf(given);
  if (say === null) return null;
  if (given.kind !== 'card') return { ...inbound, act: OVER, owed: { say, ...of } };
  const pressed = act.kind === 'press' && given.replaces ? { pressed: act } : {};
  const offered = given.offered === undefined ? {} : { offered: given.offered };
  return { ...inbound, act: OVER, owed: { say, ...pressed, ...offered, ...of } };
}

/** What a reply says in words. A card with nothing beside it says it in its first line. */
function sentenceOf(given: Reply): Text | null {
  switch (given.kind) {
    case 'card': {
      const { reader, summary } = given.card;
      return given.say ?? (reader === null ? summary : toldTo(summary, reader));
    }
    case 'text':
      return given.say;
    case 'errors': {
      const all = [...(given.say === null ? [] : [given.say]), ...Object.values(given.fields)];
      return all.length === 0 ? null : all.flatMap((one, index) => (index === 0 ? one : [fixed('\n'), ...one]));
    }
    case 'form':
      return label('surface.unshown');
    case 'choices':
    case 'none':
      return null;
  }
}

interface Ending {
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly code?: string;
}

async function handle(parts: Omit<Heard, 'until'>, inbound: Inbound): Promise<Reply> {
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

/** Whether the database had no time. */
function isBusy(error: unknown): boolean {
  return error instanceof Busy || (isRefusal(error) && error.code === 'too-busy');
}

/** Our own name for what was asked, never the person's words. */
function nameOf(act: Act): string | undefined {
  if (act.kind === 'text') return parse(act.text)?.typed.words;
  return (act.kind === 'press' || act.kind === 'submit') && verb(act.verb) ? act.verb : undefined;
}

async function answered(parts: Heard, inbound: Inbound): Promise<{ reply: Reply; ending: Ending }> {
  let who: Who | null = null;
  try {
    who = await identify(parts.desk, parts.profiles, inbound, parts.again);
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
    // What was done is done, whatever the sentence says that would come in place of its answer. Whoever works it tries again.
    if (inbound.owed !== undefined && (isBusy(error) || isAway(error))) throw error;
    const failed = (failure: unknown): { reply: Reply; ending: Ending } => ({
      reply: bug(parts, inbound, failure),
      ending:
        failure instanceof Busy || isAway(failure) ? { outcome: 'refused', code: 'too-busy' } : { outcome: 'failed' },
    });
    if (!isRefusal(error)) return failed(error);
    try {
      // Of an answer that is owed it was noted when the act was heard.
      if (inbound.owed === undefined) await noted(parts, inbound, who, error);
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
  const { owed } = inbound;
  const context = contextOf(parts, inbound, who, act.kind === 'press' || act.kind === 'submit' ? act.verb : null);
  // A newer release kept what this one cannot draw.
  const isKnown =
    owed?.from && (await knows(owed.from.view, { desk: parts.desk, who, by: context.by, params: owed.from.params }));
  const from = isKnown ? owed.from : undefined;
  if (owed !== undefined && owed.say !== null && owed.offered !== undefined)
    return offering(parts, who, { summary: owed.say, choices: owed.offered });
  if (owed !== undefined && owed.say !== null && from === undefined)
    return await withFresh(parts, { ...inbound, act: owed.pressed ?? act }, who, owed.say);
  if (act.kind === 'search') return search(parts.desk, who, act);
  const shown = (answer: Answer): Promise<Reply> => reply(parts, inbound, who, context.by, answer);
  let answer: Answer;
  if (from !== undefined) return shown(from);
  try {
    if (owed !== undefined && writes(act)) {
      // Not by way of the act: what has changed since could refuse it, and what was done is done.
      const stored = await parts.desk.store.repeated(deliveryOfAct(inbound, act));
      if (stored === null) return { kind: 'text', say: label('surface.unshown') };
      throw new RepeatedDelivery(stored);
    }
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
  const writing = inbound.act.kind === 'text' || (pressed !== null && verb(pressed)?.kind === 'writes');
  const by: By = {
    actor: { kind: 'person', id: who.person.id },
    via: inbound.platform,
    trace: traceOf(inbound),
    ...(parts.until === undefined ? {} : { until: parts.until }),
    ...(writing ? { delivery: deliveryOfAct(inbound, inbound.act) } : {}),
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

/** What a button says that names no content in the place of one. */
const NO_CONTENT = 'none';

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
  // Only our own views of a request carry these buttons; which of them it was, an answer that is not kept says itself.
  const on = kept === null ? pressed?.data['on'] : null;
  const view = kept?.view ?? (on === 'request' ? 'request' : 'approval');
  const params = kept ? paramsOf(kept) : { request };
  const data = await draw(view, { desk: parts.desk, who, by, params }).then(
    (drawn) => drawn.data,
    (error: unknown) => {
      // Not to be seen by this person: the act itself refuses.
      if (error instanceof DomainError) return null;
      throw error;
    },
  );
  // A button says as what it showed the request; everything else is answered from what is drawn here.
  const said: Readonly<Record<string, unknown>> | null = pressed ? pressed.data : data;
  const isException = said?.['kind'] === 'exception';
  const other = uuid.safeParse(said?.['for']).data;
  const content = pressed?.data['content'] ?? null;
  return {
    surface: act.kind === 'text' ? 'typed' : platform,
    platform,
    card: id,
    version: Number.isSafeInteger(version) ? version : null,
    // A row of the list that decides says what the card says.
    view: on === 'list' ? 'approvalList' : view,
    hash: kept?.hash ?? null,
    data,
    ...(isException ? { exception: true } : {}),
    ...(other === undefined ? {} : { for: other }),
    ...(content === null ? {} : { packageVersion: uuid.safeParse(content).data ?? NO_CONTENT }),
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
      if (entry.kind === 'writes') await mustStandWhereSent(parts, inbound, context.who);
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
        values: sentForm(draft?.input ?? {}, act.values),
        draft: draft?.id ?? null,
        data: act.data,
      });
    }
    case 'search':
    case 'welcome':
      return { view: 'help', params: {}, place: 'new' };
  }
}

/**
 * What is remembered of a card binds the buttons that decide: they count where it was sent, and in a conversation of one person for whom
 * it was sent to. Lists, what is seen in passing, and a card that nobody remembers any more name no message; they give whoever presses
 * no more than what they type would. Any other button does what its person may do without it, for themselves.
 */
async function mustStandWhereSent(
  { cards }: Pick<ConversationParts, 'cards'>,
  { platform, act, surface }: Inbound,
  who: Who,
): Promise<void> {
  if (surface.foreign === true) throw new DomainError('not-your-card', {});
  const decides = act.kind === 'press' && act.verb.startsWith('approval.');
  const id = decides ? uuid.safeParse(act.card).data : undefined;
  const row = id === undefined ? null : await cards.get(id as CardId);
  if (row === null) return;
  // Of what only its reader sees its platform does not say which message it is.
  const isMoved =
    surface.message !== null && row.conversation !== null && !isSame(row.conversation, surface.conversation);
  const isAnothers = row.person !== who.person.id && surface.kind === 'personal';
  if (row.platform !== platform || isMoved || isAnothers) throw new DomainError('not-your-card', {});
}

/** A thread of a channel in Teams may be named with the message that it begins with, and without. */
function isSame(one: string, other: string | null): boolean {
  return one.split(';')[0] === other?.split(';')[0];
}

function again(inbound: Inbound, stored: StoredReply): Answer {
  return {
    view: stored.view as Answer['view'],
    params: stored.params,
    place: inbound.act.kind === 'text' ? 'new' : 'replace',
  };
}
