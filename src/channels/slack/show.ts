// Replies on Slack's surfaces: beside a message or command, in a modal, and as the answer to a sent form.
import type { types } from '@slack/bolt';
import { hasInputs, type Card, type Text } from '../../chat/card';
import { ChannelError, replacedBy, type Conversation, type MessageRef } from '../../chat/channel';
import type { Inbound, Reply } from '../../chat/inbound';
import { PREVIEW } from '../../chat/verb';
import { toMessage, toModal, toResultModal } from './blocks';
import type { Json } from './json';
import type { SlackSettings } from './options';
import type { Ear, Post } from './post';
import { problems, sayCard, sayView, withSay } from './say';
import type { Turn } from './turns';
import { errorsAnswer, openView, refusedForm, restoreForm, updateView, viewOf, type ViewRef } from './views';
import { isCode, type Web } from './web';

type CardReply = Extract<Reply, { kind: 'card' }>;

/** Code of what was not tried, because there was no room for it. */
const PACED = 'paced';

/** Draws replies. Never throws: the act is done by then, and the outbox repairs what is remembered. */
export class Show {
  constructor(
    private readonly options: {
      readonly settings: SlackSettings;
      readonly web: Web;
      readonly post: Post;
      readonly conversation: Conversation;
    },
  ) {}

  /** A reply that nobody needs to find again, as a card; null for all others. */
  passing(reply: Reply): Card | null {
    switch (reply.kind) {
      case 'text':
        return sayCard(reply.say);
      case 'errors':
        return sayCard(problems(reply, this.options.conversation.sentence('brokenInput')));
      case 'card': {
        // What is ephemeral cannot be changed afterwards, and says so.
        const card = reply.follow?.still ?? reply.card;
        return card.id === null && !hasInputs(card) ? withSay(card, reply.say) : null;
      }
      default:
        return null;
    }
  }

  /** Beside the pressed message, or after a command. */
  async reply(turn: Turn, reply: Reply): Promise<void> {
    const { conversation, post } = this.options;
    switch (reply.kind) {
      case 'card':
        if (reply.replaces && turn.message !== null) {
          const ref = await this.replace(turn, turn.message, reply);
          if (reply.say !== null) await post.whisper(earOf(turn), reply.say);
          await this.posted(turn, reply, ref);
        } else await this.posted(turn, reply, await this.answer(turn, reply));
        return;
      case 'form':
        await this.openLate(turn, reply.card);
        return;
      case 'text':
        await this.tell(turn, reply.say);
        return;
      case 'errors':
        await this.tell(turn, problems(reply, conversation.sentence('brokenInput')));
        return;
      case 'choices':
      case 'none':
        return;
    }
  }

  /** In a modal that is open. `again` makes the reply once more when the view changed meanwhile. */
  async inView(turn: Turn, ref: ViewRef, reply: Reply, again: () => Promise<Reply>): Promise<void> {
    const { conversation, post, settings, web } = this.options;
    const isBeside = reply.kind === 'card' && reply.replaces && turn.message !== null;
    try {
      await updateView(web, ref, this.modal(turn, reply), async () => this.modal(turn, await again()));
    } catch (error) {
      // Closed meanwhile: whoever closed it does not wait for it.
      if (!isCode(error, 'not_found', 'view_not_found')) {
        settings.log.warn({ code: codeOf(error) }, 'slack view could not be updated');
        // What was done is said beside the form that does not show it.
        if (reply.kind === 'form') await post.whisper(earOf(turn), conversation.sentence('retry'));
        else if (!isBeside) await this.reply({ ...turn, message: null }, reply);
      }
    }
    if (isBeside) await this.posted(turn, reply, await this.replace(turn, turn.message, reply));
  }

  /** The form that is open, with what was chosen in it: its searches tell us what its blocks say. Of two choices the later one wins. */
  async chosen(
    { answerUrl, view, message }: Pick<Turn, 'answerUrl' | 'view' | 'message'>,
    { text, blocks }: { readonly text: string; readonly blocks: readonly unknown[] },
  ): Promise<void> {
    const { settings, web } = this.options;
    try {
      if (view !== null) {
        const shown = viewOf(view.raw, blocks);
        await updateView(web, view.ref, shown, () => Promise.resolve(shown));
      } else if (message !== null) {
        const edit = { channel: message.channel, ts: message.ts, text, blocks };
        try {
          await this.edit(() => web.call('chat.update', edit));
        } catch (error) {
          // By the answer address it is the same message, which counts as no edit.
          if ((await answerUrl?.post({ replace_original: true, text, blocks })) !== true) throw error;
        }
      }
    } catch (error) {
      settings.log.info({ code: codeOf(error) }, 'slack form does not know what was chosen');
    }
  }

  /** The acknowledgement of a sent form; nothing closes it. */
  submitAnswer(turn: Turn, reply: Reply): Json {
    switch (reply.kind) {
      case 'errors':
        return errorsAnswer(turn.view?.raw ?? {}, reply, this.options.conversation.sentence('brokenInput'));
      case 'choices':
      case 'none':
        return {};
      default:
        return { response_action: 'update', view: this.modal(turn, reply) };
    }
  }

  /** The answer to an event that was stored first, or to a click that Slack did not take an answer to. Throws `ChannelError`, so that the job can try again. */
  async stored(inbound: Inbound, reply: Reply): Promise<MessageRef | null> {
    const { conversation, post } = this.options;
    if (inbound.act.kind === 'press' && inbound.act.verb === PREVIEW) {
      if (reply.kind === 'card') await this.preview(inbound, String(inbound.act.data['url']), reply.card);
      return null;
    }
    const card =
      reply.kind === 'form' ? reply.card : reply.kind === 'card' ? withSay(reply.card, reply.say) : this.passing(reply);
    if (card === null) return null;
    const { surface, user } = inbound;
    if (surface.kind === 'personal') {
      const ref = replacedBy(reply, inbound);
      if (ref !== null) {
        try {
          await post.update(ref, card);
          return ref;
        } catch (error) {
          if (!(error instanceof ChannelError) || error.kind !== 'gone') throw error;
        }
      }
      return await post.send({ user, conversation: surface.conversation }, card);
    }
    const ear: Ear = { user, channel: surface.conversation, answerUrl: null };
    // We may not be able to write to somebody who is none of ours, and a refusal has no details.
    if (reply.kind === 'text' && inbound.profile !== null && inbound.profile.standing !== 'member') {
      await post.whisper(ear, reply.say);
      return null;
    }
    const ref = await post.send({ user, conversation: null }, card);
    await post.whisper(ear, conversation.sentence('sentDirect'));
    return ref;
  }

  /** Beside the link that somebody posted. Whoever posted it waits for nothing: a message that is gone by now needs no card. */
  private async preview({ surface }: Inbound, url: string, card: Card): Promise<void> {
    const { settings, web } = this.options;
    const { blocks } = toMessage(card);
    const { conversation: channel, message: ts } = surface;
    try {
      // Where the app lacks the right to, it is not kept, nor is the workspace left alone for that.
      await web.look('chat.unfurl', { channel, ts, unfurls: { [url]: { blocks } } });
    } catch (error) {
      if (error instanceof ChannelError && error.kind === 'later') throw error;
      settings.log.info({ code: codeOf(error) }, 'slack link got no card');
    }
  }

  private modal(turn: Turn, reply: Reply): types.ModalView {
    const { conversation } = this.options;
    switch (reply.kind) {
      case 'form':
        return toModal(reply.card);
      case 'card':
        return hasInputs(reply.card) ? toModal(reply.card) : toResultModal(withSay(reply.card, reply.say));
      case 'text':
        return toResultModal(sayView(reply.say));
      case 'errors': {
        const otherwise = conversation.sentence('brokenInput');
        if (reply.form !== undefined) return refusedForm(reply.form, reply);
        return turn.view === null
          ? toResultModal(sayView(problems(reply, otherwise)))
          : restoreForm(turn.view.raw, reply, otherwise);
      }
      case 'choices':
      case 'none':
        // A view that is waiting cannot be closed from here.
        return toResultModal(sayView(conversation.sentence('retry')));
    }
  }

  private async replace(
    turn: Turn,
    message: NonNullable<Turn['message']>,
    reply: CardReply,
  ): Promise<MessageRef | null> {
    const { post, settings } = this.options;
    const { card, follow, kept } = reply;
    const answer = { ...reply, say: null };
    const { channel, ts, ephemeral } = message;
    const place = ephemeral ? null : { tenant: settings.teamId, conversation: channel, message: ts, serviceUrl: null };
    let isPaced = false;
    if (place !== null) {
      try {
        await this.edit(() => post.update(place, card));
        return place;
      } catch (error) {
        isPaced = isCode(error, PACED);
        if (!isPaced) settings.log.warn({ code: codeOf(error) }, 'slack message could not be updated');
        if (isCode(error, 'message_not_found')) return await this.answer(turn, answer, reply);
      }
    }
    // By the answer address it is the same message, which counts as no edit.
    const shown = toMessage(isPaced ? card : (follow?.still ?? card));
    if ((await turn.answerUrl?.post({ replace_original: true, ...shown })) === true)
      return isPaced || kept !== undefined ? place : null;
    if (!isPaced) return await this.answer(turn, answer, reply);
    await this.owe(turn, reply, new ChannelError('later', PACED));
    return null;
  }

  /** Edits a message of ours, where there is room for that. A time that Slack names is kept to by everybody who calls it. */
  private async edit(make: () => Promise<unknown>): Promise<void> {
    const { pace } = this.options.settings;
    await paced(pace.mayEdit(), make, (ms) => pace.holdEdits(ms));
  }

  /** Makes a new message for a person. One conversation takes few of them, and a time that is named for that one stops nobody else. */
  private async send(...[to, card]: Parameters<Post['send']>): Promise<MessageRef> {
    const { post, settings } = this.options;
    const { pace } = settings;
    return await paced(
      pace.mayPost(to.user),
      () => post.send(to, card),
      (ms) => pace.holdPosts(to.user, ms),
    );
  }

  /** Gives the message that can be changed afterwards. `whole`: with what is said beside it. */
  private async answer(turn: Turn, reply: CardReply, whole = reply): Promise<MessageRef | null> {
    const { conversation, post, settings } = this.options;
    const { message, user } = turn;
    const direct = message !== null && message.channel.startsWith('D') && !message.ephemeral;
    // What has to be found again is never ephemeral (row 24).
    const passing = this.passing(reply);
    if (!direct && passing !== null && (await aside(turn, passing))) return null;
    let ref: MessageRef;
    try {
      const card = withSay(reply.card, reply.say);
      ref = await this.send({ user, conversation: direct ? message.channel : null }, card);
    } catch (error) {
      if (!isCode(error, PACED)) settings.log.warn({ code: codeOf(error) }, 'slack answer could not be sent');
      // For this person alone, where it cannot follow, is better than later.
      if (!direct || passing === null || !(await aside(turn, passing))) await this.owe(turn, whole, error);
      return null;
    }
    if (!direct) await post.whisper(earOf(turn), conversation.sentence('sentDirect'));
    return ref;
  }

  private async tell(turn: Turn, say: Text): Promise<void> {
    const { conversation, post } = this.options;
    if (!(await post.whisper(earOf(turn), say))) await conversation.owed(await turn.inbound, { kind: 'text', say });
  }

  /** The act is over, and nothing takes its answer. */
  private async owe(turn: Turn, reply: CardReply, error: unknown): Promise<void> {
    const { conversation, post } = this.options;
    const isLater = error instanceof ChannelError && error.kind === 'later';
    // Not by another call to a workspace that wants none: the answer comes when it does.
    if (isLater && (await conversation.owed(await turn.inbound, reply)))
      await aside(turn, sayCard(conversation.sentence('loading')));
    else await post.whisper(earOf(turn), conversation.sentence('unshown'));
  }

  private async posted(turn: Turn, reply: CardReply, ref: MessageRef | null): Promise<void> {
    if (ref !== null) await this.options.conversation.posted(await turn.inbound, reply, ref);
  }

  /** A form that nobody announced: the trigger may still live. */
  private async openLate(turn: Turn, card: Card): Promise<void> {
    const { conversation, post, settings, web } = this.options;
    const trigger = turn.trigger();
    try {
      if (trigger === null) throw new ChannelError('refused', 'no_trigger');
      await openView(web, trigger, toModal(card));
    } catch (error) {
      settings.log.warn({ code: codeOf(error) }, 'slack form could not be opened');
      await post.whisper(earOf(turn), conversation.sentence('retry'));
    }
  }
}

/** By the answer address, for the eyes of this person; tells whether it came through. */
async function aside({ answerUrl }: Turn, card: Card): Promise<boolean> {
  const message = { response_type: 'ephemeral', replace_original: false, ...toMessage(card) };
  return (await answerUrl?.post(message)) === true;
}

/** Makes a call if it may begin now. `hold` hears of a time that it names. */
async function paced<T>(
  may: Promise<boolean>,
  make: () => Promise<T>,
  hold: (ms: number) => Promise<void>,
): Promise<T> {
  if (!(await may.catch(() => false))) throw new ChannelError('later', PACED);
  try {
    return await make();
  } catch (error) {
    if (error instanceof ChannelError && error.retryAfterMs !== null)
      await hold(error.retryAfterMs).catch(() => undefined);
    throw error;
  }
}

/** Where the person of a turn can be told one line. */
export function earOf({ user, answerUrl, message }: Pick<Turn, 'user' | 'answerUrl' | 'message'>): Ear {
  return { user, answerUrl, channel: message?.channel ?? null };
}

/** What may be logged of a failure. */
export function codeOf(error: unknown): string {
  return error instanceof ChannelError ? error.code : 'unknown';
}
