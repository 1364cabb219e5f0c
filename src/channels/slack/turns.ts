// One interaction to its answer, in time. Slack wants an acknowledgement within 3 s and opens forms within 3 s of the click.
//
// An acknowledgement promises nothing to the person: it only takes Slack's error mark away. So it is given when the act is
// done or after `ackAfterMs`, whichever is first (row 6), and what the person is SHOWN always comes from the finished act:
// "approved" is never said before it is committed. An act that takes longer says so after `deadlineMs` and delivers its
// outcome by the answer address, by updating the message or by updating the view; one that fails says that nothing was taken.
import { ChannelError, type Conversation } from '../../chat/channel';
import type { Act, Inbound, Reply } from '../../chat/inbound';
import type { AnswerUrl } from './answer-url';
import { loadingModal, toMessage, toResultModal } from './blocks';
import { toOption } from './fields';
import type { Json } from './json';
import { OPTION_TEXT, OPTION_VALUE, SELECT_OPTIONS } from './limits';
import { line } from './mrkdwn';
import type { SlackSettings } from './options';
import type { Ear, Post } from './post';
import { sayView } from './say';
import { codeOf, earOf, type Show } from './show';
import { openView, type ViewRef } from './views';
import type { Web } from './web';

/** One act that a person waits for. */
export interface Turn {
  readonly act: Act;
  /** Comes when it is known who the sender is. */
  readonly inbound: Promise<Inbound>;
  readonly user: string;
  /** Only the first call counts; tells whether this was it. */
  readonly ack: (answer?: Json) => Promise<boolean>;
  /** Gives the trigger once, since Slack takes it once. */
  readonly trigger: () => string | null;
  readonly answerUrl: AnswerUrl | null;
  /** The pressed message. */
  readonly message: { readonly channel: string; readonly ts: string; readonly ephemeral: boolean } | null;
  /** The modal it happened in, as Slack sent it. */
  readonly view: { readonly ref: ViewRef; readonly raw: Json } | null;
}

export interface TurnsOptions {
  readonly settings: SlackSettings;
  readonly web: Web;
  readonly post: Post;
  readonly show: Show;
  readonly conversation: Conversation;
}

/** Interactions against the conversation. */
export class Turns {
  constructor(private readonly options: TurnsOptions) {}

  /** A typed command or a pressed button. */
  async take(turn: Turn): Promise<void> {
    const { conversation, show } = this.options;
    if (turn.view === null && conversation.opensForm(turn.act)) {
      await this.openForm(turn);
      return;
    }
    const reply = await this.settle(turn);
    if (turn.view !== null) {
      await turn.ack();
      await show.inView(turn, turn.view.ref, reply, () => this.handled(turn));
      return;
    }
    // The answer to a command costs no call when it fits into the acknowledgement; that of a click can hold none.
    const passing = turn.act.kind === 'text' ? show.passing(reply) : null;
    if (passing !== null && (await turn.ack({ response_type: 'ephemeral', ...toMessage(passing) }))) return;
    await turn.ack();
    await show.reply(turn, reply);
  }

  /** A form that was sent. Field errors can only be shown in the acknowledgement. */
  async submit(turn: Turn): Promise<void> {
    const { conversation, settings, show } = this.options;
    const pending = this.handled(turn);
    const early = await within(pending, settings.ackAfterMs);
    if (early !== null) {
      await turn.ack(show.submitAnswer(turn, early));
      return;
    }
    await turn.ack({ response_action: 'update', view: loadingModal(conversation.sentence('loading')) });
    const ref = { id: turn.view?.ref.id ?? '', hash: null };
    await show.inView(turn, ref, await pending, () => this.handled(turn));
  }

  /** Choices while a person types. Late ones are worth nothing: the next letter asks again. */
  async search(turn: Turn): Promise<void> {
    const reply = await within(this.handled(turn), this.options.settings.ackAfterMs);
    if (reply?.kind !== 'choices') {
      await turn.ack({ options: [] });
      return;
    }
    const options = reply.choices
      .filter(({ value }) => value !== '' && value.length <= OPTION_VALUE)
      .slice(0, SELECT_OPTIONS)
      .map((choice) => toOption(choice, null));
    if (reply.more === null || options.length === 0) {
      await turn.ack({ options });
      return;
    }
    // The only place that Slack has for "type more" is the title of a group.
    const label = { type: 'plain_text', text: line(reply.more, null, OPTION_TEXT), emoji: false };
    await turn.ack({ option_groups: [{ label, options }] });
  }

  /** Something that is no act of ours: said at once, in the form that this kind of delivery can show. */
  async unsupported(ack: Turn['ack'], where: Ear | 'view'): Promise<void> {
    const { conversation, post } = this.options;
    const sentence = conversation.sentence('unsupported');
    if (where === 'view') {
      await ack({ response_action: 'update', view: toResultModal(sayView(sentence)) });
      return;
    }
    // Several unknown buttons at once are told about once.
    if (await ack()) await post.whisper(where, sentence);
  }

  private async openForm(turn: Turn): Promise<void> {
    const { conversation, post, settings, show, web } = this.options;
    const trigger = turn.trigger();
    // Nothing slow before this line: the trigger dies 3 s after the click.
    const opening =
      trigger === null
        ? Promise.reject(new ChannelError('refused', 'no_trigger'))
        : openView(web, trigger, loadingModal(conversation.sentence('loading')));
    const [opened] = await Promise.allSettled([opening, turn.ack()]);
    if (opened.status === 'rejected') {
      settings.log.warn({ code: codeOf(opened.reason) }, 'slack form could not be opened');
      await post.whisper(earOf(turn), conversation.sentence('retry'));
      return;
    }
    await show.inView(turn, opened.value, await this.handled(turn), () => this.handled(turn));
  }

  /** Never rejects: what went wrong becomes a sentence, in the form in which every other refusal is shown. */
  private async handled(turn: Turn): Promise<Reply> {
    const { conversation, settings } = this.options;
    try {
      return await conversation.handle(await turn.inbound);
    } catch (error) {
      settings.log.error({ err: error, act: turn.act.kind }, 'slack act failed');
      return { kind: 'errors', fields: {}, say: conversation.sentence('busy') };
    }
  }

  private async settle(turn: Turn): Promise<Reply> {
    const { conversation, post, settings } = this.options;
    const pending = this.handled(turn);
    const early = await within(pending, settings.ackAfterMs);
    if (early !== null) return early;
    await turn.ack();
    const late = await within(pending, settings.deadlineMs - settings.ackAfterMs);
    if (late !== null) return late;
    await post.whisper(earOf(turn), conversation.sentence('loading'));
    return await pending;
  }
}

/** The result, or null when it takes longer; the work goes on. */
export async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
