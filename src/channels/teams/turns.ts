// One verified delivery to its answer, in time: what is typed is stored and answered later; buttons are done now and, when that
// takes too long, answered with one sentence now and the result in the chat (row 44).
import type { Card, Text } from '../../chat/card';
import { ChannelError, type Conversation, type MessageRef } from '../../chat/channel';
import type { Inbound, Reply } from '../../chat/inbound';
import { plain } from '../../chat/text';
import type { Answer } from './adapter';
import { remember, type Answers } from './answers';
import { textAt } from './body';
import type { Delivery, RawActivity } from './inbound';
import type { TeamsSettings } from './options';
import { answerInvoke, executeError, sentenceBody, type FilledForm } from './reply';

type Invoke = Extract<Delivery, { kind: 'invoke' }>;

const MOST_FORMS = 1_000;
const MOST_FOUND = 10_000;
const DONE: Answer = { status: 200, body: null };
const NOT_TAKEN: Answer = { status: 503, body: { error: { code: 'Unavailable' } } };

export interface Turns {
  take(activity: RawActivity, delivery: Delivery): Promise<Answer>;
  /** Waits for what was begun in the background, at most this long: a restart does not hang on one call. */
  finish(milliseconds: number): Promise<void>;
}

/** Deliveries against the conversation. */
export function createTurns(settings: TeamsSettings, conversation: Conversation, answers: Answers): Turns {
  const { log } = settings;
  const background = new Set<Promise<void>>();
  // Forms that are open in a dialog. A dialog that a submit does not answer with a card closes with everything typed in it.
  const forms = new Map<string, Card>();
  // What a search showed to somebody, by what they would choose: a submit brings that back without its title.
  const found = new Map<string, Text>();

  const aside = (what: string, work: Promise<unknown>): void => {
    const done = work.then(
      () => undefined,
      (error: unknown) => {
        log.warn({ err: error, what }, 'Teams work beside an answer failed');
      },
    );
    background.add(done);
    void done.then(() => background.delete(done));
  };

  /** In the chat; what is remembered of it nobody waits for. What Teams does not take now comes when it does. */
  const answer = async (
    inbound: Inbound,
    reply: Reply,
    show: () => Promise<MessageRef | null> = () => answers.answer(inbound, reply),
  ): Promise<void> => {
    let ref: MessageRef | null;
    try {
      ref = await show();
    } catch (error) {
      log.warn({ err: error }, 'a Teams answer could not be sent');
      const isLater = error instanceof ChannelError && error.kind === 'later';
      if (!isLater || !(await conversation.owed(inbound, reply)))
        await answers.say(inbound, conversation.sentence('unshown'));
      return;
    }
    if (ref !== null) aside('remembering', conversation.posted(inbound, reply, ref));
  };

  const event = async (inbound: Inbound): Promise<Answer> => {
    const ours = inbound.profile !== null && [null, 'member', 'guest'].includes(inbound.profile.standing);
    if (ours && inbound.act.kind !== 'welcome') aside('typing', answers.typing(inbound));
    try {
      if (await conversation.accept(inbound)) return DONE;
    } catch (error) {
      log.error({ err: error }, 'a Teams message could not be stored');
      aside('sentence', answers.say(inbound, conversation.sentence('busy')));
      // Whoever repeats what was not taken is told so by the status, the person by the sentence.
      return NOT_TAKEN;
    }
    // Refused before anything is stored (row 58): handle refuses such a sender and only words it.
    aside(
      'refusal',
      conversation.handle(inbound).then((reply) => answer(inbound, reply)),
    );
    return DONE;
  };

  const click = async (inbound: Inbound): Promise<Answer> => {
    const answering = conversation.handle(inbound).then(
      (reply) => answer(inbound, reply),
      (error: unknown) => {
        log.error({ err: error }, 'a Teams click failed');
        return answers.say(inbound, conversation.sentence('busy'));
      },
    );
    aside('click', answering);
    await within(
      answering.catch(() => null),
      settings.patienceMs,
    );
    return DONE;
  };

  const invoke = async (delivery: Invoke): Promise<Answer> => {
    const { inbound, place } = delivery;
    const replying = conversation.handle(inbound);
    let reply: Reply | null;
    try {
      reply = await within(replying, settings.patienceMs);
    } catch (error) {
      log.error({ err: error }, 'a Teams invoke failed');
      return unable(place, conversation.sentence('busy'));
    }
    if (reply === null) {
      if (place !== 'search') {
        aside(
          'late answer',
          replying.then((late) => answer(inbound, late)),
        );
      }
      return { status: 200, body: sentenceBody(place, conversation.sentence('loading')) };
    }
    return finished(delivery, reply);
  };

  const finished = ({ inbound, place }: Invoke, reply: Reply): Answer => {
    const { body, toChat } = answerInvoke(place, reply, answers.draw, formFor(inbound, reply));
    if (place === 'dialog' && reply.kind === 'form') rememberForm(inbound, reply.card);
    if (reply.kind === 'choices')
      for (const { title, value } of reply.choices) remember(found, MOST_FOUND, keyOf(inbound, value), title);
    if (toChat !== null)
      aside(
        'card',
        answer(inbound, reply, () => answers.post(inbound, toChat)),
      );
    // Of a remembered message that is known which every client sees, and this answer is for one.
    const stands = place === 'card' && reply.kind === 'card' && reply.replaces && reply.kept === undefined;
    const pressed = stands ? pressedIn(inbound) : null;
    // The message shows it when the client has read this answer, and nobody is told that it does.
    if (pressed !== null) aside('remembering', conversation.posted(inbound, reply, pressed));
    return { status: 200, body };
  };

  const formFor = (inbound: Inbound, reply: Reply): FilledForm | null => {
    const { act } = inbound;
    if (reply.kind !== 'errors' || act.kind !== 'submit') return null;
    const card = reply.form ?? forms.get(keyOf(inbound, act.draft ?? act.verb));
    const titleOf = (value: string) => found.get(keyOf(inbound, value));
    return card === undefined ? null : { card, values: act.values, titleOf };
  };

  const rememberForm = (inbound: Inbound, card: Card): void => {
    const submit = card.actions.find((action) => action.type === 'Action.Execute');
    remember(forms, MOST_FORMS, keyOf(inbound, card.draft ?? submit?.verb ?? ''), card);
  };

  return {
    async take(activity, delivery) {
      switch (delivery.kind) {
        case 'event':
          answers.heard(delivery.inbound);
          return await event(delivery.inbound);
        case 'click':
          answers.heard(delivery.inbound);
          return await click(delivery.inbound);
        case 'invoke':
          answers.heard(delivery.inbound);
          return await invoke(delivery);
        case 'unknown':
          return unknown(activity, conversation.sentence('unsupported'));
        case 'ignored':
          // An invoke wants a body in any case.
          return activity['type'] === 'invoke' ? unknown(activity, conversation.sentence('unsupported')) : DONE;
      }
    },
    async finish(milliseconds) {
      const all = async (): Promise<void> => {
        while (background.size > 0) await Promise.all(background);
      };
      await within(all(), milliseconds);
    },
  };
}

/** The message that carries the pressed button. */
function pressedIn({ tenant, surface }: Inbound): MessageRef | null {
  const { conversation, message, serviceUrl } = surface;
  return conversation === null || message === null ? null : { tenant, conversation, message, serviceUrl };
}

function keyOf(inbound: Inbound, what: string): string {
  return [inbound.tenant, inbound.user, what].join('/');
}

// Row 45: each kind of invoke has an error that its client can show. Their HTTP status is 200, else Teams shows its own.
function unknown(activity: RawActivity, sentence: Text): Answer {
  switch (textAt(activity, 'name')) {
    case 'adaptiveCard/action':
      return unable('card', sentence);
    case 'task/fetch':
    case 'task/submit':
      return unable('dialog', sentence);
    case 'application/search':
      return unable('search', sentence);
    default:
      return { status: 400, body: { error: { code: 'NotSupported', message: plain(sentence, null) } } };
  }
}

function unable(place: Invoke['place'], sentence: Text): Answer {
  return { status: 200, body: place === 'card' ? executeError(plain(sentence, null)) : sentenceBody(place, sentence) };
}

async function within<T>(work: Promise<T>, patienceMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
