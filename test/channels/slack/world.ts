// A Slack workspace, our channel over HTTP or Socket Mode, and a conversation that remembers deliveries as the real one does.
import type { Card, Element, ExecuteAction, Input, Text } from '../../../src/chat/card';
import type { Channel, Conversation, MessageRef } from '../../../src/chat/channel';
import type { Act, Inbound, Reply } from '../../../src/chat/inbound';
import { fixed, user } from '../../../src/chat/spans';
import { createSlackChannel } from '../../../src/channels/slack/bot';
import type { SlackOptions } from '../../../src/channels/slack/options';
import { startHttp, type HttpServer } from '../../../src/http';
import { createLog } from '../../../src/log';
import { SlackServer } from '../../support/slack-server';

export type Mode = 'http' | 'socket';

/** The other side of the port: what it is told to answer, once per delivery. */
export class TestConversation implements Conversation {
  readonly handled: Inbound[] = [];
  readonly accepted: Inbound[] = [];
  /** Where its replies stand, as it was told. */
  readonly stands: MessageRef[] = [];
  /** Whose answers are to be given later. */
  readonly kept: Inbound[] = [];
  /** What they were. */
  readonly owing: Reply[] = [];
  /** Acts that took effect. */
  effects = 0;
  reply: (inbound: Inbound) => Reply = () => ({ kind: 'text', say: words('Done.') });
  forms: (act: Act) => boolean = (act) => act.kind === 'press' && act.verb.startsWith('open');
  /** The database stands still while this is pending. */
  gate: Promise<void> = Promise.resolve();
  /** Whether guests are allowed. */
  guests = false;
  readonly #known = new Map<string, { readonly hash: string; readonly reply: Reply }>();

  opensForm(act: Act): boolean {
    return this.forms(act);
  }

  async handle(inbound: Inbound): Promise<Reply> {
    this.handled.push(inbound);
    await this.gate;
    const known = this.#known.get(inbound.delivery);
    if (known !== undefined) {
      if (known.hash === inbound.bodyHash) return known.reply;
      return { kind: 'text', say: words('The same key with another body.') };
    }
    const standing = inbound.profile?.standing ?? 'member';
    if (standing !== 'member') return { kind: 'text', say: words(`No ${standing}.`) };
    const reply = this.reply(inbound);
    if (inbound.act.kind !== 'search') {
      this.effects += 1;
      this.#known.set(inbound.delivery, { hash: inbound.bodyHash, reply });
    }
    return reply;
  }

  async accept(inbound: Inbound): Promise<boolean> {
    const { standing = 'member' } = inbound.profile ?? {};
    if (standing !== 'member' && !(standing === 'guest' && this.guests)) return false;
    await this.gate;
    if (this.#known.has(inbound.delivery)) return true;
    this.#known.set(inbound.delivery, { hash: inbound.bodyHash, reply: { kind: 'none' } });
    this.accepted.push(inbound);
    return true;
  }

  debt(inbound: Inbound): Promise<Inbound> {
    return Promise.resolve(inbound);
  }

  owed(inbound: Inbound, reply: Reply): Promise<boolean> {
    this.kept.push(inbound);
    this.owing.push(reply);
    return Promise.resolve(true);
  }

  posted(_inbound: Inbound, _reply: Reply, ref: MessageRef): Promise<void> {
    this.stands.push(ref);
    return Promise.resolve();
  }

  sentence(what: string): Text {
    return words(`sentence ${what}`);
  }
}

/** A gate to close: the database stands still until it is opened. */
export function closeGate(conversation: TestConversation): () => void {
  let open = (): void => undefined;
  conversation.gate = new Promise((resolve) => {
    open = resolve;
  });
  return () => {
    open();
  };
}

export interface World {
  readonly slack: SlackServer;
  readonly conversation: TestConversation;
  readonly channel: Channel;
  /** Every line that was logged. */
  readonly lines: string[];
  readonly url: string;
  stop(): Promise<void>;
}

/** For tests in which something takes longer than Slack waits. */
export const HURRIED: Partial<SlackOptions> = { ackAfterMs: 60, deadlineMs: 120 };

/** Ada and Ben are members, Gus a guest, Zoe of another company; the bot is in C0TEAM and in C0SHARED, which Zoe's company shares. */
export async function startWorld(
  mode: Mode,
  options: Partial<SlackOptions> = {},
  prepare: (slack: SlackServer) => void = () => undefined,
): Promise<World> {
  const slack = new SlackServer();
  await slack.start();
  prepare(slack);
  slack.addUser({ id: 'U0ADA', name: 'Ada' });
  slack.addUser({ id: 'U0BEN', name: 'Ben' });
  slack.addUser({ id: 'U0GUS', name: 'Gus', flags: { is_restricted: true } });
  slack.addUser({ id: 'U0ZOE', name: 'Zoe', team: 'T0ELSE', email: null, flags: { is_stranger: true } });
  slack.addUser({ id: slack.bot, name: 'Usher', flags: { is_bot: true } });
  slack.addChannel('C0TEAM', ['U0ADA', 'U0BEN', slack.bot]);
  slack.addChannel('C0SHARED', ['U0ADA', 'U0ZOE', slack.bot], true);
  const conversation = new TestConversation();
  const lines: string[] = [];
  const channel = createSlackChannel({
    signingSecret: slack.signingSecret,
    botToken: slack.botToken,
    appToken: mode === 'socket' ? slack.appToken : null,
    teamId: slack.team,
    apiUrl: slack.url,
    clock: slack.now,
    log: createLog('debug', { write: (line) => void lines.push(line) }),
    // A busy machine is slow; only tests that are about lateness are in a hurry.
    ackAfterMs: 30_000,
    deadlineMs: 30_000,
    ...options,
  });
  await channel.start(conversation);
  let http: HttpServer | null = null;
  let url = '';
  if (mode === 'http') {
    const log = createLog('silent');
    http = await startHttp({
      host: '127.0.0.1',
      port: 0,
      routes: channel.routes,
      ready: () => Promise.resolve([]),
      log,
    });
    url = `http://127.0.0.1:${http.port}/slack/events`;
    slack.connect(url);
  }
  return {
    slack,
    conversation,
    channel,
    lines,
    url,
    stop: async () => {
      await channel.stop();
      await http?.stop();
      await slack.stop();
    },
  };
}

/** Waits until something holds, which another connection brings about. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function words(text: string): Text {
  return [fixed(text)];
}

export function textBlock(text: string): Element {
  return { type: 'TextBlock', text: [user(text)], style: 'default', size: 'default', weight: 'default', subtle: false };
}

export function button(verb: string, title: string, data: ExecuteAction['data'] = {}): ExecuteAction {
  return { type: 'Action.Execute', verb, title: words(title), style: 'default', data, tooltip: null, typed: null };
}

export function card(text: string, parts: Partial<Card> = {}): Card {
  return {
    name: 'request-approval',
    id: null,
    draft: null,
    reader: { zone: 'Europe/Berlin', locale: 'en-GB' },
    summary: words(text),
    body: [textBlock(text)],
    actions: [],
    ...parts,
  };
}

export function form(text: string, parts: Partial<Card> = {}): Card {
  const reason: Input = {
    type: 'Input.Text',
    id: 'reason',
    label: words('Reason'),
    required: false,
    errorMessage: null,
    value: null,
    placeholder: null,
    multiline: true,
    maxLength: 500,
  };
  const who: Input = {
    type: 'Input.ChoiceSet',
    id: 'who',
    label: words('Who'),
    required: false,
    errorMessage: null,
    value: null,
    placeholder: null,
    choices: [],
    multi: false,
    style: 'compact',
    search: 'people',
  };
  return card(text, {
    draft: 'draft-1',
    body: [textBlock(text), reason, who],
    actions: [button('request-submit', 'Submit')],
    ...parts,
  });
}
