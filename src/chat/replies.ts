// What goes back: an answer, a refusal or a fault of ours becomes the Reply that its channel shows. The only thing
// written here is the draft of a refused form: what was typed is kept.
import { randomBytes } from 'node:crypto';
import { DomainError } from '../domain/errors';
import type { CardId, DraftId, RequestId } from '../domain/model';
import type { Log } from '../log';
import { Busy, OutcomeUnknown } from '../operations/ports';
import type { AnsweredCard, By, Cards, Desk } from '../operations/ports';
import { verb } from './actions';
import type { Card, Text } from './card';
import type { CardDataOf } from './card-data';
import type { CardBook } from './cards';
import { ChannelError } from './channel';
import { followedBy, following, hashOf } from './follow';
import type { Follow } from './follow';
import { asks, FIRST_STEP, inputOf } from './form-errors';
import type { Inbound, Reply } from './inbound';
import type { Links } from './links';
import { bind } from './render';
import { suggestions } from './suggestions';
import { traceOf } from './trace';
import type { Answer } from './verb';
import { draw } from './views';
import type { Drawn, Look, Params } from './views';
import type { Who } from './who';
import { say } from './words';
import { explain } from './words/faults';

/** What drawing a reply needs. */
export interface ReplyParts {
  readonly desk: Desk;
  readonly cards: Cards;
  readonly book: CardBook;
  /** Where links to packages lead. */
  readonly links?: Links;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
}

/** The answer as it is shown on the surface it came from: a form where one can be opened, the pressed card in its place, or a new one. */
export async function reply(parts: ReplyParts, inbound: Inbound, who: Who, by: By, answer: Answer): Promise<Reply> {
  const { desk, links } = parts;
  const look: Look = { desk, who, by, params: answer.params, ...(links === undefined ? {} : { links }) };
  if (answer.place === 'form') {
    // Elsewhere, and later, a form that was begun waits behind Continue.
    const canOpen = inbound.owed === undefined && (inbound.surface.canOpenForm || inbound.act.kind === 'submit');
    const opens = answer.view !== 'form' || canOpen;
    const card = bind(parts.book, await draw(opens ? answer.view : 'continue', look), who, null);
    return opens
      ? { kind: 'form', card, from: answer }
      : { kind: 'card', card, replaces: false, say: null, from: answer };
  }
  const kept = answer.place === 'replace' ? await pressedCard(parts, inbound, who, by) : null;
  const { drawn, ...shown } =
    kept === null ? await answered(parts, look, answer) : { drawn: await draw(answer.view, look), ...kept };
  return {
    kind: 'card',
    ...shown,
    replaces: answer.place === 'replace',
    say: drawn.say ?? null,
    ...(answer.place === 'replace' ? {} : { from: answer }),
  };
}

/** A card that is an answer. One that is about one thing carries what it needs to be remembered, once it is posted. */
async function answered(
  parts: ReplyParts,
  look: Look,
  answer: Answer,
): Promise<{ readonly drawn: Drawn; readonly card: Card; readonly follow?: Follow }> {
  const subject = followedBy(answer);
  // Read before it is drawn: what changes from here on it does not show.
  const readAt = subject === null ? null : await parts.desk.views.now();
  const drawn = await draw(answer.view, look);
  if (subject === null || readAt === null) return { drawn, card: bind(parts.book, drawn, look.who, null) };
  return { drawn, ...following(parts, answer, subject, drawn, look.who, readAt) };
}

/**
 * A pressed message that is remembered goes on showing its own view, as the reconciler would draw it, so that a reply never
 * leaves another view in a message that is later redrawn as what it was.
 */
async function pressedCard(
  parts: ReplyParts,
  inbound: Inbound,
  who: Who,
  by: By,
): Promise<{ readonly card: Card; readonly kept: AnsweredCard } | null> {
  if (inbound.act.kind !== 'press' || inbound.act.card === null) return null;
  const row = await parts.cards.get(inbound.act.card as CardId);
  if (!row || row.person !== who.person.id || row.state === 'gone') return null;
  const drawn = await draw(row.view, { desk: parts.desk, who, by, params: paramsOf(row) });
  return { card: bind(parts.book, drawn, who, row.id), kept: { version: row.version, hash: hashOf(drawn) } };
}

/** The parameters of a remembered card's view: its subject by kind, and what was kept beside it. */
export function paramsOf(row: {
  readonly subject: { readonly kind: string; readonly id: string };
  readonly params: Params;
}): Params {
  return { ...row.params, [row.subject.kind]: row.subject.id };
}

/** A refusal in words: beside its field in a form, with the fresh card after a late click, with what was meant after a typed one. */
export async function refusal(
  parts: ReplyParts,
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
    if (data) return offering(parts, who, data);
  }
  // Nothing of ours takes the place of a message that is none of ours.
  const isOurs = who !== null && fault.code !== 'not-your-card';
  return isOurs ? await withFresh(parts, inbound, who, sentence) : { kind: 'text', say: sentence };
}

/** A refusal with what may be tapped instead. */
export function offering(parts: ReplyParts, who: Who, offered: CardDataOf['suggestions']): Reply {
  const card = bind(parts.book, { card: 'suggestions', data: offered }, who, null);
  return { kind: 'card', card, replaces: false, say: null, offered: offered.choices };
}

/** A late click gets the fresh card with its sentence; anything else, and where the card may no longer be seen, the sentence alone. */
export async function withFresh(parts: ReplyParts, inbound: Inbound, who: Who, sentence: Text): Promise<Reply> {
  const fresh = await freshCard(parts, inbound, who);
  return fresh ? { kind: 'card', ...fresh, replaces: true, say: sentence } : { kind: 'text', say: sentence };
}

/** The form with what was filled in, for platforms that must draw it again; what was typed is kept in the draft. */
async function filledForm(parts: ReplyParts, inbound: Inbound, who: Who): Promise<Card | null> {
  const { act } = inbound;
  // What another release sends its own form by is not ours to write.
  if (act.kind !== 'submit' || act.draft === null || !verb(act.verb)?.submit) return null;
  try {
    const draft = await parts.desk.drafts.get(act.draft as DraftId, who.person.id);
    if (draft?.verb !== act.verb) return null;
    await parts.desk.drafts.change(draft.id, who.person.id, draft.step, sentForm(draft.input, act.values));
    const by: By = { actor: { kind: 'person', id: who.person.id }, via: inbound.platform };
    return bind(parts.book, await draw('form', { desk: parts.desk, who, by, params: { draft: draft.id } }), who, null);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** How the card of a pressed button looks today; null where it may no longer be seen. */
async function freshCard(
  parts: ReplyParts,
  inbound: Inbound,
  who: Who,
): Promise<{ readonly card: Card; readonly follow?: Follow; readonly kept?: AnsweredCard } | null> {
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
    if (!answer) return null;
    const { card, follow } = await answered(parts, { desk: parts.desk, who, by, params: answer.params }, answer);
    return { card, ...(follow === undefined ? {} : { follow }) };
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

/** The act is committed, its card could not be drawn: whatever went wrong, the person must not do it a second time. */
export async function unshown(parts: ReplyParts, inbound: Inbound, answer: Answer, failure: unknown): Promise<Reply> {
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

/**
 * A fault of ours in words, with the reference that the log has; of a database that is busy, or a platform that does not say who somebody
 * is, as if an act had been refused for it.
 */
export function bug(parts: ReplyParts, inbound: Inbound, error: unknown): Reply {
  const told = (): Text =>
    say(error instanceof OutcomeUnknown ? 'bug.unsure' : 'bug', { reference: logged(parts, inbound, error) });
  const heard = { trace: traceOf(inbound), platform: inbound.platform, act: inbound.act.kind };
  if (error instanceof Busy) parts.log.warn({ err: error.original, ...heard }, 'the database is too busy');
  if (isAway(error)) parts.log.warn({ code: error.code, ...heard }, 'a platform could not be asked');
  const sentence = error instanceof Busy || isAway(error) ? explain('too-busy', {}) : told();
  if (inbound.act.kind === 'search') return { kind: 'choices', choices: [], more: sentence };
  return inbound.act.kind === 'submit'
    ? { kind: 'errors', fields: {}, say: sentence }
    : { kind: 'text', say: sentence };
}

/** Whether a platform could not be asked for now. */
export const isAway = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && error.kind === 'later';

/** Logs what nobody foresaw; the reference is what the person can tell. */
function logged(parts: ReplyParts, inbound: Inbound, error: unknown): string {
  const reference = randomBytes(2).toString('hex').toUpperCase();
  parts.log.error(
    { err: error, reference, trace: traceOf(inbound), platform: inbound.platform, act: inbound.act.kind },
    'act failed',
  );
  return reference;
}

/** What only we write into a draft: a client that sends it would say what its user was shown. */
const OURS = ['shown', 'shownBefore'];

/**
 * The values of a form. What the draft fixed wins over what a client sends, and a kind of access that was chosen in a step before
 * counts where the form does not ask for it. Anything else is what the form says: what it no longer asks for is not sent along unseen.
 */
export function sentForm(
  input: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const fixed = new Set(['package', 'target', 'request', 'assignment', 'task', 'list', ...OURS]);
  return Object.fromEntries([
    ...Object.entries(values).filter(([key]) => !OURS.includes(key)),
    ...Object.entries(input).filter(([key]) => fixed.has(key) || (key === 'policy' && values[key] === undefined)),
  ]);
}
