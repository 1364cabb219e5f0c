// Messages out: one per person and subject, drawn when sent, remembered, and redrawn when things change. A person who cannot be
// reached on one platform is tried on the next.
import type { Card } from '../chat/card';
import type { CardBook } from '../chat/cards';
import { ChannelError } from '../chat/channel';
import type { Address, Channel } from '../chat/channel';
import { hashOf, stays } from '../chat/follow';
import { paramsOf } from '../chat/replies';
import { bind } from '../chat/render';
import { draw, lacking } from '../chat/views';
import type { Drawn } from '../chat/views';
import { asReader } from '../chat/who';
import type { Who } from '../chat/who';
import { DomainError } from '../domain/errors';
import type { Person } from '../domain/model';
import type { Log } from '../log';
import type { By, CardRow, Cards, Desk, Outbox, OutgoingRow, Reachable, Watch } from '../operations/ports';
import { presserOf } from './by';
import { isDead, isWaiting, lateness, mayBeOut, together, UNSURE } from './elsewhere';
import type { Waits } from './elsewhere';
import { enterEdits, gateOf, LOOK_UPS, NotNow, paceOf, postsOf } from './gate';
import type { Gates } from './gate';
import { elsewhereThan, placesOf } from './reaching';

export interface TellParts {
  readonly desk: Desk;
  readonly outbox: Outbox;
  readonly gates: Gates;
  readonly cards: Cards;
  readonly book: CardBook;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly watch?: Watch;
  readonly log: Pick<Log, 'info'>;
}

/** A row's work that can never end well. */
export class Never extends Error {
  override readonly name = 'Never';
}

/** A message that changes faster than it can be shown is left to the redraw of its last change. */
const LOOKS = 4;

/**
 * The notice and the event that it tells of. One event is one message, however often its row is worked; another event of the
 * same kind (the next period's reminder, another outcome) is another message: a silent edit of an old one tells nobody.
 */
export function viewOf(row: OutgoingRow): string {
  const event = row.params['event'] ?? null;
  return event === null ? (row.notice ?? '') : `${row.notice ?? ''}~${event}`;
}

/** Tells one person one thing. Resolves when the message is out, or when there is nothing to say any more. */
export async function tell(parts: TellParts, claimed: OutgoingRow): Promise<void> {
  const row = await sayable(parts, claimed);
  if (row.person === null) throw new Never('no recipient');
  const person = await parts.desk.views.person(row.person);
  if (person?.state !== 'enabled') return;
  const waiting: Waits[] = [];
  // The word is what the store looks for when the person is heard again.
  let final: Error = new Never('unreachable');
  try {
    for await (const place of placesOf(parts, person)) {
      const error = await tellAt(parts, row, person, place);
      if (error === null) {
        if (row.unsure) await parts.cards.doubted(row, viewOf(row), elsewhereThan(place, parts));
        return;
      }
      if (isDead(error)) {
        await parts.desk.directory.dead(place, error.code);
        if (final instanceof Never) final = new Never(`unreachable: ${error.code}`);
      } else if (isWaiting(error)) {
        waiting.push(error);
        // It may have got through without a word: that is looked at before anything goes out elsewhere.
        if ((!row.unsure && mayBeOut(error)) || (await lateness(parts.desk, row)) < 0) break;
      } else final = error;
    }
  } catch (error) {
    if (!isWaiting(error)) throw error;
    waiting.push(error);
  }
  throw waiting.length === 0 ? final : together(row, waiting);
}

/** Of many in one this release says what it can, and gives the others back to one that knows more. */
async function sayable({ outbox }: TellParts, row: OutgoingRow): Promise<OutgoingRow> {
  if (row.notice !== 'digest' || lacking(row.notice, row.params) === null) return row;
  return { ...row, params: await outbox.part(row.lease) };
}

/** Null: told. Else why not here, where the next place may be tried for it. */
async function tellAt(
  parts: TellParts,
  row: OutgoingRow,
  person: Person,
  place: Reachable,
): Promise<Waits | Never | null> {
  const channel = channelOf(parts, place.platform);
  // Before anything is read for it: of many that wait for one workspace most only ask when to come again.
  parts.gates.room(gateOf(place), paceOf(place.platform).all);
  const kept = await parts.cards.begin({
    platform: place.platform,
    tenant: place.tenant,
    user: place.user,
    person: person.id,
    view: viewOf(row),
    subject: row.subject,
    request: row.request,
    params: row.params,
  });
  try {
    await tellBy(parts, row, person, place, channel, kept);
    return null;
  } catch (error) {
    if (isDead(error)) return error;
    // What is out already is only to be changed, where it is.
    if (!isElsewhere(error) || (await parts.cards.get(kept.id))?.state === 'live') throw error;
    return error;
  }
}

/** Whether another place may do where this one does not. Whoever only comes too soon has a place in line. */
function isElsewhere(error: unknown): error is Waits | Never {
  return error instanceof NotNow ? error.code === 'gate' : isWaiting(error) || isFinal(error);
}

async function tellBy(
  parts: TellParts,
  row: OutgoingRow,
  person: Person,
  place: Reachable,
  channel: Channel,
  kept: CardRow,
): Promise<void> {
  const who = asReader(person, place);
  // Told before, by a row that could not be settled, or by another audience of the same event: edited, never repeated.
  if (kept.state === 'live') {
    try {
      await converge(parts, channel, kept, who, row);
      if (kept.theirs && !(await isLost(parts, kept))) return;
    } catch (error) {
      if (kept.theirs ? !(error instanceof ChannelError) || error.kind !== 'gone' : !isFinal(error)) throw error;
      await parts.cards.failed(kept.id, codeOf(error), true);
    }
    // Only the message is gone, or in a chat that is not theirs any more: not the person.
    const error = await tellAt(parts, row, person, place);
    if (error !== null) throw error;
    return;
  }
  if (row.unsure && (await adopt(parts, channel, place, kept))) {
    // Found: it is told, and only has to be true.
    const found = await parts.cards.get(kept.id);
    if (found !== null) await converge(parts, channel, found, who, row);
    return;
  }
  const drawn = await current(parts, kept, who);
  if (drawn === null) return;
  const card = bind(parts.book, drawn, who, kept.id);
  fits(channel, card);
  await parts.gates.enter(postsOf(place), paceOf(place.platform).post);
  const ref = await remote(parts, row, place, 'send', () => channel.send(place, card));
  if (!(await parts.cards.sent(kept.id, ref, hashOf(drawn)))) {
    // This worker stood still for so long that another one told it, or found what this one had sent.
    const counts = await parts.cards.get(kept.id);
    if (counts?.message !== ref.message) await remote(parts, row, place, 'remove', async () => channel.remove?.(ref));
    return;
  }
  if (place.dead) await parts.desk.directory.alive(place);
  // What changed while it was on its way was redrawn by nobody: it was no remembered message yet.
  const changed = await parts.cards.overtaken(kept, row.lease);
  if (changed !== null) await converge(parts, channel, changed, who, row);
}

/** Whether somebody else found the message gone meanwhile. What was taken back is told by whoever did that (`takeBack`). */
async function isLost({ cards }: TellParts, kept: CardRow): Promise<boolean> {
  const now = await cards.get(kept.id);
  return now !== null && now.state === 'gone' && now.theirs;
}

/** Whether the message of an earlier try is there: then it is the remembered one from now on. */
export async function adopt(
  parts: TellParts,
  channel: Channel,
  place: Address & Pick<Reachable, 'platform'>,
  kept: CardRow,
): Promise<boolean> {
  if (!channel.sent) return false;
  await parts.gates.enter(`${channel.platform}:messages`, LOOK_UPS);
  const look = channel.sent.bind(channel, place, kept.id);
  const found = await parts.gates.call(gateOf(place), paceOf(place.platform).all, look).catch((error: unknown) => {
    if (!(error instanceof ChannelError)) throw error;
    // Whoever may not look says it once more rather than never.
    if (error.kind !== 'later') return null;
    throw new ChannelError('later', UNSURE, error.retryAfterMs);
  });
  return found !== null && (await parts.cards.sent(kept.id, found, null));
}

/**
 * Makes every remembered message about a subject equal to how things stand. One that fails, or that does not fit any more,
 * is marked and does not hold up the others. False: some are left to a release that can draw them, and so is the row.
 */
export async function redraw(parts: TellParts, row: OutgoingRow): Promise<boolean> {
  const rows =
    row.subject.kind === 'request'
      ? await parts.cards.byRequest(row.subject.id as NonNullable<CardRow['request']>)
      : await parts.cards.bySubject(row.subject);
  const missing = rows.map((kept) => lacking(kept.view, kept.params));
  await redrawAll(
    parts,
    rows.filter((_, n) => missing[n] === null),
    row,
  );
  const view = missing.find((name) => name !== null);
  if (view === undefined) return true;
  await parts.outbox.leave(row.lease, view);
  return false;
}

/**
 * Makes these equal to how things stand, each by itself; throws where one of them is to be tried again. Whoever pressed a button looks
 * at theirs, so those come first, and where they have to wait the row is tried when it is their turn.
 */
export async function redrawAll(parts: TellParts, rows: readonly CardRow[], row: OutgoingRow): Promise<void> {
  let first: unknown = null;
  let later: unknown = null;
  const watched = rows.filter((kept) => isWatched(kept, row));
  // Workspaces with no room for what nobody waits for: each further try would take a turn of that (`enterEdits`), for no edit.
  const full = new Set<string>();
  for (const kept of [...watched, ...rows.filter((kept) => !watched.includes(kept))]) {
    const hasRoom = !full.has(gateOf(kept)) || watched.includes(kept);
    if (!hasRoom && kept.theirs) continue;
    try {
      await redrawOne(parts, kept, row, hasRoom);
    } catch (error) {
      const isGone = error instanceof ChannelError && (error.kind === 'gone' || error.kind === 'unreachable');
      // Nothing was tried where it only waits. An answer that is on its way would find the row changed, and cost one more edit.
      if (!(error instanceof NotNow)) await parts.cards.failed(kept.id, codeOf(error), isGone);
      if (isFinal(error)) continue;
      if (watched.includes(kept)) first = error;
      else {
        later = error;
        if (error instanceof NotNow) full.add(gateOf(kept));
      }
    }
  }
  const failed = first ?? later;
  if (failed !== null) throw failed instanceof Error ? failed : new Error('not redrawn');
}

/** Whether trying again cannot help. */
export function isFinal(error: unknown): error is ChannelError | Never {
  return error instanceof Never || (error instanceof ChannelError && error.kind !== 'later');
}

/** What of an error may stand in a row: codes, and the reason of what was given up. */
export function codeOf(error: unknown): string {
  if (error instanceof ChannelError || error instanceof NotNow) return error.code;
  return error instanceof Never ? error.message.slice(0, 200) : 'error';
}

/** Makes one equal to how things stand. Without room for an edit it only asks anew: that one is not theirs any more. */
async function redrawOne(parts: TellParts, kept: CardRow, row: OutgoingRow, hasRoom: boolean): Promise<void> {
  const channel = parts.channels.get(kept.platform);
  if (!channel || kept.conversation === null || kept.message === null) return;
  const person = await parts.desk.views.person(kept.person);
  if (!person) return;
  const places = kept.theirs ? await parts.desk.directory.reachable(kept.person) : [];
  const place = places.find((one) => one.platform === kept.platform && one.tenant === kept.tenant) ?? null;
  const who = asReader(person, place);
  if (hasRoom) await converge(parts, channel, kept, who, row);
  else await askAnew(parts, kept, who, row);
}

/** What a message that others read still asks of its person is told where they are now, once. Needs no room for an edit. */
async function askAnew(parts: TellParts, kept: CardRow, who: Who, row: OutgoingRow): Promise<void> {
  // What they asked to see they ask again; what they were told is a message of its own.
  if (kept.params['answer'] !== undefined) return;
  const asks = (await current(parts, kept, who))?.over === false;
  await parts.outbox.anew(kept.id, { asks, trace: row.trace });
}

/**
 * Where a message is read by others, or by somebody who left, it says nothing any more and is remembered no longer. What it still asks
 * of its person they are told where they are now, also where it cannot be changed.
 */
async function takeBack(parts: TellParts, channel: Channel, kept: CardRow, who: Who, row: OutgoingRow): Promise<void> {
  await askAnew(parts, kept, who, row);
  const gone = await draw('gone', lookAt(parts, who, {}));
  let seen: CardRow | null = kept;
  for (let edits = 0; seen !== null && edits < LOOKS; edits += 1) {
    await turn(parts, kept, row);
    seen = (await edit(parts, channel, seen, gone, who, row)) ? null : await parts.cards.get(kept.id);
  }
  await parts.cards.failed(kept.id, 'not_theirs', true);
}

/**
 * Shows how things stand, and looks again where the message was overtaken: of two who edit one message at once, two workers or a
 * worker and an answer, the one with the older picture may come last.
 */
async function converge(parts: TellParts, channel: Channel, kept: CardRow, who: Who, row: OutgoingRow): Promise<void> {
  let seen: CardRow | null = kept;
  let edits = 0;
  let isTurn = paceOf(kept.platform).update === null;
  const gone = (): Promise<Drawn> => draw('gone', lookAt(parts, who, {}));
  while (seen !== null && edits < LOOKS) {
    // Newer answers about the same follow it: this one says that it does not any more.
    const isLast = seen.params['answer'] === 'stays';
    // Let go by another worker, who is done with it. What it showed last and was then changed here is shown once more.
    if (seen.state === 'gone' && (edits === 0 || (seen.theirs && !isLast))) return;
    if (!seen.theirs) return takeBack(parts, channel, seen, who, row);
    const now = (await current(parts, seen, who)) ?? (await gone());
    const drawn = isLast ? (stays(now, seen.readAt) ?? (await gone())) : now;
    const hash = hashOf(drawn);
    if (hash === seen.hash && !isLast) {
      if (edits === 0) await parts.cards.looked(kept.id, hash);
      return;
    }
    if (!isTurn) {
      fits(channel, bind(parts.book, drawn, who, kept.id));
      await turn(parts, kept, row);
      isTurn = true;
      // What changed while it waited is shown by the same edit, or was shown by another.
      seen = await parts.cards.get(kept.id);
      continue;
    }
    const isKnown = await edit(parts, channel, seen, drawn, who, row);
    if (isLast && isKnown) {
      await parts.cards.failed(kept.id, 'newer_answers', true);
      return;
    }
    isTurn = paceOf(kept.platform).update === null;
    edits += 1;
    seen = isKnown ? await parts.cards.overtaken(seen, row.lease) : await parts.cards.get(seen.id);
  }
}

/** Waits until a message may be changed. Throws `NotNow` where that is not soon. */
async function turn({ gates }: TellParts, kept: CardRow, row: OutgoingRow): Promise<void> {
  gates.room(gateOf(kept), paceOf(kept.platform).all, isWatched(kept, row));
  await enterEdits(gates, kept, isWatched(kept, row));
}

/** Whether its person pressed what is redrawn for, and looks at it. */
function isWatched(kept: CardRow, row: OutgoingRow): boolean {
  return kept.person === presserOf(row);
}

/** False: somebody else edited it meanwhile. */
async function edit(
  parts: TellParts,
  channel: Channel,
  kept: CardRow,
  drawn: Drawn,
  who: Who,
  row: OutgoingRow,
): Promise<boolean> {
  if (kept.conversation === null || kept.message === null) return true;
  const card = bind(parts.book, drawn, who, kept.id);
  fits(channel, card);
  const ref = {
    tenant: kept.tenant,
    conversation: kept.conversation,
    message: kept.message,
    serviceUrl: kept.serviceUrl,
  };
  await remote(parts, row, kept, 'update', () => channel.update(ref, card), isWatched(kept, row));
  return await parts.cards.drawn(kept, hashOf(drawn));
}

/** How a remembered card looks now; null when its reader has no part in the subject any more. */
async function current(parts: TellParts, kept: CardRow, who: Who): Promise<Drawn | null> {
  try {
    return await draw(kept.view, lookAt(parts, who, paramsOf(kept)));
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

function lookAt(parts: TellParts, who: Who, params: ReturnType<typeof paramsOf>) {
  const by: By = { actor: { kind: 'person', id: who.person.id }, via: 'outbox' };
  return { desk: parts.desk, who, by, params };
}

function channelOf(parts: TellParts, platform: string): Channel {
  const channel = parts.channels.get(platform);
  if (!channel) throw new Never(`no channel ${platform}`);
  return channel;
}

function fits(channel: Channel, card: Card): void {
  const misfit = channel.misfit(card);
  if (misfit !== null) throw new Never(`card ${card.name}: ${misfit}`);
}

/** One remote call, behind the gate of its workspace or tenant. */
async function remote<T>(
  parts: TellParts,
  row: OutgoingRow,
  place: { readonly platform: string; readonly tenant: string },
  what: 'send' | 'update' | 'remove',
  call: () => Promise<T>,
  first = false,
): Promise<T> {
  const { platform } = place;
  const make = async (): Promise<T> => {
    try {
      const result = await call();
      parts.watch?.delivered(platform, what, 'done');
      parts.log.info(
        { trace: row.trace, row: row.lease.id, kind: row.kind, notice: row.notice, platform },
        { send: 'message sent', update: 'message changed', remove: 'message taken back' }[what],
      );
      return result;
    } catch (error) {
      parts.watch?.delivered(platform, what, error instanceof ChannelError ? error.kind : 'failed');
      throw error;
    }
  };
  return parts.gates.call(gateOf(place), paceOf(platform).all, make, first);
}
