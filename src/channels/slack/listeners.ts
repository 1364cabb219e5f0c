// What each kind of delivery becomes: a turn that somebody waits for, or an event that is stored first.
import type { Conversation } from '../../chat/channel';
import type { Act, Inbound, Profile, Surface } from '../../chat/inbound';
import { AnswerUrl } from './answer-url';
import {
  commandDelivery,
  eventDelivery,
  eventSurface,
  isEphemeral,
  isUnfurl,
  linkSurface,
  pressesOf,
  previewAct,
  pressSurface,
  PRIVATELY,
  choosing,
  searchAct,
  submitOf,
  toInbound,
} from './inbound';
import { type Json, listAt, loggable, objectAt, textAt } from './json';
import type { SlackSettings } from './options';
import type { People, Sender } from './people';
import { codeOf, type Show } from './show';
import { within, type Turn, type Turns } from './turns';
import { readTyped } from './typed';

/** What Bolt gives a listener to acknowledge with; its types differ for each kind, what is sent does not. */
export type BoltAck = (answer?: unknown) => Promise<unknown>;
type Listener = (body: Json, ack: BoltAck) => Promise<void>;

/** A delivery that was read and could not be worked. Bolt hands on an error that has a code as it is. */
export class ListenerFailed extends Error {
  override readonly name = 'ListenerFailed';
  readonly code = 'usher_listener_failed';
}

export interface Listeners {
  /** Whether the delivery belongs to the workspace that we were set up for (row 11). */
  readonly isOurs: (body: Json) => boolean;
  readonly event: Listener;
  readonly command: Listener;
  readonly action: Listener;
  readonly view: Listener;
  readonly options: Listener;
  readonly shortcut: Listener;
  /** Waits for outcomes that are still to be shown, at most this long. */
  readonly finish: (milliseconds: number) => Promise<void>;
}

export interface ListenersOptions {
  readonly settings: SlackSettings;
  readonly people: People;
  readonly show: Show;
  readonly turns: Turns;
  readonly conversation: Conversation;
}

// A click of a person is one action; a payload with more than a row of buttons was made by something else.
const MOST_ACTIONS = 25;

/** The listeners of one workspace. */
export function createListeners({ conversation, people, settings, show, turns }: ListenersOptions): Listeners {
  const { log } = settings;
  const running = new Set<Promise<void>>();

  const aside = (work: Promise<void>): void => {
    running.add(work);
    const done = (): void => void running.delete(work);
    work.then(done, done);
  };

  const tracked =
    (listener: Listener): Listener =>
    async (body, ack) => {
      const work = listener(body, ack);
      aside(work);
      try {
        await work;
      } catch (error) {
        throw new ListenerFailed('a Slack delivery could not be worked', { cause: error });
      }
    };

  /** A name is worth a little waiting, and never the acknowledgement. */
  const nameOf = (mentioned: string): Promise<Profile | null> =>
    within(people.profile(mentioned), settings.ackAfterMs / 2);

  const lost = (): void => {
    log.warn('slack acknowledgement could not be sent');
  };

  const turnOf = (body: Json, ack: Turn['ack'], user: string, team: string | null): Parts => ({
    user,
    sender: people.sender(user, team),
    ack,
    trigger: once(textAt(body, 'trigger_id')),
    answerUrl: AnswerUrl.of(textAt(body, 'response_url'), settings),
  });

  const interaction = (body: Json, ack: Turn['ack']): Parts =>
    turnOf(body, ack, textAt(body, 'user', 'id') ?? '', textAt(body, 'user', 'team_id'));

  /** Who was heard, and what; null for what people did not write. */
  const heard = async (body: Json, event: Json): Promise<Inbound | null> => {
    const user = textAt(event, 'user');
    const self = await people.me().catch(() => null);
    if (user === null || user === self?.user || isMachine(event)) return null;
    if (event['type'] === 'link_shared') {
      const act = previewAct(body, settings.publicUrl);
      if (act === null) return null;
      return toInbound(await people.colleague(user), act, eventDelivery(body), linkSurface(event));
    }
    const team = textAt(event, 'user_team') ?? textAt(event, 'source_team') ?? textAt(event, 'team');
    // Slack waits for the storing, and the look-up of an account can wait until the event is handled. Who speaks in direct messages
    // of our own workspace is a colleague, or a guest who is refused when the event is handled: then its words are dropped. A guest whom
    // Slack was asked about during the last minutes is refused here, and nothing is stored.
    const isOurs = event['channel_type'] === 'im' && team === settings.teamId;
    const [sender, text] = await Promise.all([
      isOurs ? people.colleague(user) : people.sender(user, team),
      readTyped(textAt(event, 'text') ?? '', self?.user ?? null, nameOf),
    ]);
    return toInbound(sender, { kind: 'text', text }, eventDelivery(body), eventSurface(event));
  };

  const hear = async (body: Json, event: Json): Promise<void> => {
    const inbound = await heard(body, event);
    if (inbound === null) return;
    if (await conversation.accept(inbound)) return;
    // Whoever posts a link has not spoken to us.
    if (event['type'] === 'link_shared') return;
    // Refused before anything is stored: handle refuses such a sender and only words it. Slack need not wait for that. What is said to a
    // bot could be answered for ever.
    const refusal = conversation.handle(inbound).then(async (reply) => {
      if (inbound.profile?.standing !== 'bot') await show.stored(inbound, reply);
    });
    aside(
      refusal.then(
        () => undefined,
        (error: unknown) => {
          log.warn({ code: codeOf(error) }, 'slack refusal could not be said');
        },
      ),
    );
  };

  /** Slack waits 3 s for all of it; what was not stored by then is sent again. */
  const store = async (body: Json, event: Json): Promise<void> => {
    const stored = await within(
      hear(body, event).then(() => true),
      settings.deadlineMs,
    );
    if (stored === null) throw new Error('a Slack event was not stored in time');
  };

  return {
    isOurs: (body) => {
      const team = installedTeam(body);
      if (team === settings.teamId) return true;
      settings.refusals.refused('slack', 'other workspace', { tenant: loggable(team) });
      return false;
    },

    event: tracked(async (body) => {
      const event = objectAt(body, 'event');
      switch (event['type']) {
        case 'message':
          if (event['channel_type'] === 'im') await store(body, event);
          return;
        case 'app_mention':
          await store(body, event);
          return;
        case 'link_shared':
          await store(body, event);
          return;
        case 'user_change':
          people.forget(textAt(event, 'user', 'id') ?? '');
          return;
        default:
          log.debug({ event: loggable(event['type']) }, 'slack event of no interest');
      }
    }),

    command: tracked(async (body, boltAck) => {
      const ack = first(boltAck, lost);
      const parts = turnOf(body, ack, textAt(body, 'user_id') ?? '', null);
      if (body['command'] !== settings.command) {
        log.warn({ command: loggable(body['command']) }, 'slack command unknown');
        await turns.unsupported(ack, { ...parts, channel: null });
        return;
      }
      const raw = textAt(body, 'text') ?? '';
      // Reading names takes a call to Slack, and only a command that mentions somebody waits for it.
      const text = await readTyped(raw, null, nameOf);
      await turns.take(toTurn(parts, { kind: 'text', text }, commandDelivery(body), PRIVATELY));
    }),

    action: tracked(async (body, boltAck) => {
      const ack = first(boltAck, lost);
      const parts = interaction(body, ack);
      const surface = pressSurface(body);
      const place = { message: messageOf(body), view: viewOf(body) };
      const presses = pressesOf(body);
      if (presses.length > MOST_ACTIONS) log.warn({ actions: presses.length }, 'slack delivery with too many actions');
      for (const { act, delivery, id, quiet } of presses.slice(0, MOST_ACTIONS)) {
        if (act !== null) await turns.take({ ...toTurn(parts, act, delivery, surface), ...place });
        else if (!quiet) {
          log.warn({ action: loggable(id) }, 'slack action unknown');
          await turns.unsupported(ack, { ...parts, channel: place.message?.channel ?? null });
        }
      }
      await ack();
      const chosen = choosing(body);
      if (chosen !== null) await show.chosen({ ...place, answerUrl: parts.answerUrl }, chosen);
    }),

    view: tracked(async (body, boltAck) => {
      const ack = first(boltAck, lost);
      if (body['type'] !== 'view_submission') {
        await ack();
        return;
      }
      const submitted = submitOf(body);
      if (submitted === null) {
        log.warn({ view: loggable(objectAt(body, 'view')['callback_id']) }, 'slack view unknown');
        await turns.unsupported(ack, 'view');
        return;
      }
      const turn = toTurn(interaction(body, ack), submitted.act, submitted.delivery, PRIVATELY);
      await turns.submit({ ...turn, view: viewOf(body) });
    }),

    options: tracked(async (body, boltAck) => {
      const ack = first(boltAck, lost);
      const search = searchAct(body);
      if (search === null) {
        log.warn({ action: loggable(body['action_id']) }, 'slack options unknown');
        await ack({ options: [] });
        return;
      }
      await turns.search(toTurn(interaction(body, ack), search.act, search.delivery, PRIVATELY));
    }),

    shortcut: tracked(async (body, boltAck) => {
      const ack = first(boltAck, lost);
      log.warn({ shortcut: loggable(body['callback_id']) }, 'slack shortcut unknown');
      await turns.unsupported(ack, { ...interaction(body, ack), channel: null });
    }),

    finish: async (milliseconds) => {
      await within(Promise.allSettled([...running]), milliseconds);
    },
  };
}

type Parts = Pick<Turn, 'user' | 'ack' | 'trigger' | 'answerUrl'> & { readonly sender: Promise<Sender> };

function toTurn({ sender, ...parts }: Parts, act: Act, delivery: string, surface: Surface): Turn {
  const inbound = sender.then((known) => toInbound(known, act, delivery, surface));
  return { ...parts, act, inbound, message: null, view: null };
}

/** The acknowledgement as a thing that happens once. */
function first(ack: BoltAck, onLost: () => void): Turn['ack'] {
  let open = true;
  return async (answer) => {
    if (!open) return false;
    open = false;
    try {
      await ack(answer);
      return true;
    } catch {
      // Over Socket Mode the connection may end meanwhile. What the act led to is still to be shown, in another way.
      onLost();
      return false;
    }
  };
}

function once(value: string | null): () => string | null {
  let left = value;
  return () => {
    const taken = left;
    left = null;
    return taken;
  };
}

// The workspace whose installation the delivery is for: that of the token, not that of the person.
function installedTeam(body: Json): string | null {
  if (body['event'] !== undefined) {
    return textAt(listAt(body, 'authorizations')[0], 'team_id') ?? textAt(body, 'team_id');
  }
  if (body['command'] !== undefined) return textAt(body, 'team_id');
  return textAt(body, 'view', 'app_installed_team_id') ?? textAt(body, 'team', 'id') ?? textAt(body, 'user', 'team_id');
}

// What a person wrote with a picture beside it, in a thread but for all, or as "/me".
const WRITTEN = new Set(['file_share', 'thread_broadcast', 'me_message']);

// Edits, deletions, joins and whatever other bots write: answering them could go on for ever.
function isMachine(event: Json): boolean {
  const { subtype } = event;
  if (typeof subtype === 'string' ? !WRITTEN.has(subtype) : subtype !== undefined && subtype !== null) return true;
  return ['bot_id', 'bot_profile', 'hidden'].some((key) => event[key] !== undefined && event[key] !== null);
}

function messageOf(body: Json): Turn['message'] {
  if (isUnfurl(body)) return null;
  const channel = textAt(body, 'container', 'channel_id') ?? textAt(body, 'channel', 'id');
  const ts = textAt(body, 'container', 'message_ts') ?? textAt(body, 'message', 'ts');
  return channel === null || ts === null ? null : { channel, ts, ephemeral: isEphemeral(body) };
}

function viewOf(body: Json): Turn['view'] {
  const raw = objectAt(body, 'view');
  const id = textAt(raw, 'id');
  return id === null || raw['type'] !== 'modal' ? null : { ref: { id, hash: textAt(raw, 'hash') }, raw };
}
