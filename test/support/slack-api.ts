// The Web API of a Slack workspace as a real HTTP server: the methods that a bot like ours uses, with Slack's limits and
// errors. Nothing in it knows Usher.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkMessage, checkView } from './block-kit';
import { SocketConnection } from './slack-socket';

export type Json = Record<string, unknown>;

/** An account as the workspace knows it. */
export interface SlackUser {
  readonly id: string;
  readonly team: string;
  readonly name: string;
  readonly email: string | null;
  readonly zone: string;
  readonly flags: Readonly<Record<string, unknown>>;
}

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  text: string;
  blocks: readonly Json[];
  /** Set: only this person sees it. */
  readonly onlyFor: string | null;
  readonly metadata?: unknown;
  edits: number;
  /** Blocks that the app put beside links of the message, by link. */
  unfurls?: Readonly<Record<string, readonly Json[]>>;
}

export interface SlackView {
  readonly id: string;
  readonly user: string;
  readonly type: 'modal' | 'home';
  hash: string;
  view: Json;
  open: boolean;
}

export interface Call {
  readonly method: string;
  readonly args: Json;
  /** The server's clock when it came. */
  readonly at: number;
  /** Of an answer: the address that it went to. */
  readonly address?: string;
}

/** What a method does instead of its work. `hang` answers when the server stops. */
export type Failure =
  | { readonly status: number; readonly retryAfter?: number | string; readonly body?: string }
  | { readonly error: string }
  | { readonly hang: true }
  /** Answers without an end: a redirect to itself, or a body that never stops, fast or slow. */
  | { readonly endless: 'redirect' | 'body' | 'drip' }
  /** Does its work, and nobody hears of it. */
  | { readonly lost: true };

interface Trigger {
  readonly user: string;
  readonly at: number;
  used: boolean;
}
interface AnswerAddress {
  readonly at: number;
  readonly channel: string;
  readonly user: string;
  readonly message: SlackMessage | null;
  uses: number;
}

/** A workspace with one app installed. */
export class SlackApi {
  readonly team = 'T0HOME';
  readonly appId = 'A0USHER';
  readonly bot = 'U0BOT';
  readonly botToken = 'xoxb-canary-bot-token';
  readonly appToken = 'xapp-canary-app-token';
  readonly signingSecret = 'canary-signing-secret';
  readonly users = new Map<string, SlackUser>();
  readonly messages: SlackMessage[] = [];
  readonly views: SlackView[] = [];
  readonly calls: Call[] = [];
  /** Channels that people share, by id, with whether another company is in them. Direct messages are made when opened. */
  readonly channels = new Map<string, { readonly shared: boolean; readonly members: Set<string> }>();
  /** Of whose links the app hears, and may put something beside them. */
  readonly unfurlDomains = ['usher.example'];
  enterprise: string | null = null;
  /** Says of each call how it fails, if it does, before what `fail` says. */
  weather: ((method: string, args: Json) => Failure | null) | null = null;
  /** Calls that were not answered to an end, and after how many milliseconds their caller gave them up; null: not yet. */
  readonly held: { readonly method: string; ms: number | null }[] = [];
  /** Posting faster than once a second into a channel is refused. */
  limitRate = false;
  /** How long a trigger opens a view, in milliseconds. */
  triggerMs = 3_000;
  protected readonly answers = new Map<string, AnswerAddress>();
  readonly #direct = new Map<string, string>();
  readonly #triggers = new Map<string, Trigger>();
  readonly #failures: { readonly method: string; readonly failure: Failure; left: number }[] = [];
  readonly #lastPost = new Map<string, number>();
  readonly #hanging: ServerResponse[] = [];
  readonly #sockets = new Set<SocketConnection>();
  readonly #server: Server;
  #offset = 0;
  #count = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
    this.#server.on('upgrade', (request, socket) => {
      const connection = new SocketConnection(request, socket);
      this.#sockets.add(connection);
      connection.onMessage = (text) => {
        this.onSocketMessage(JSON.parse(text) as Json);
      };
      connection.onClose = () => this.#sockets.delete(connection);
      connection.send(JSON.stringify({ type: 'hello', num_connections: this.#sockets.size }));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    for (const socket of this.#sockets) socket.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** For `SLACK_API_URL`. */
  get url(): string {
    return `${this.#origin}/api/`;
  }

  /** The server's clock, in milliseconds; give it to the bot as well. */
  readonly now = (): number => Date.now() + this.#offset;

  advance(milliseconds: number): void {
    this.#offset += milliseconds;
  }

  addUser(user: Partial<SlackUser> & Pick<SlackUser, 'id'>): SlackUser {
    const added = {
      team: this.team,
      name: user.id,
      email: `${user.id.toLowerCase()}@home.example`,
      zone: 'Europe/Berlin',
      flags: {},
      ...user,
    };
    this.users.set(user.id, added);
    return added;
  }

  addChannel(id: string, members: readonly string[], shared = false): void {
    this.channels.set(id, { shared, members: new Set(members) });
  }

  /** The next `times` calls of a method go wrong. */
  fail(method: string, failure: Failure, times = 1): void {
    this.#failures.push({ method, failure, left: times });
  }

  /** Somebody deleted a message. */
  deleteMessage(message: SlackMessage): void {
    this.messages.splice(this.messages.indexOf(message), 1);
  }

  /** What a person sees of the bot: direct messages and what is only for them, oldest first. */
  messagesOf(user: string): SlackMessage[] {
    const direct = this.#direct.get(user);
    return this.messages.filter(({ channel, onlyFor }) => onlyFor === user || (channel === direct && onlyFor === null));
  }

  /** The modal that a person sees. */
  viewOf(user: string): SlackView | null {
    return this.views.findLast((view) => view.user === user && view.open && view.type === 'modal') ?? null;
  }

  callsOf(method: string): Json[] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  get connected(): boolean {
    return this.#sockets.size > 0;
  }

  /** Cuts every Socket Mode connection. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.cut();
  }

  protected directOf(user: string): string {
    const known = this.#direct.get(user) ?? `D0${user}`;
    this.#direct.set(user, known);
    return known;
  }

  protected makeTrigger(user: string): string {
    const trigger = `${this.unique()}.${randomBytes(4).toString('hex')}`;
    this.#triggers.set(trigger, { user, at: this.now(), used: false });
    return trigger;
  }

  protected makeAnswerUrl(user: string, channel: string, message: SlackMessage | null): string {
    const id = randomBytes(8).toString('hex');
    // It leads to the message as it stands, however old the copy is that was pressed.
    const kept = this.messages.find((one) => one.channel === channel && one.ts === message?.ts) ?? message;
    this.answers.set(id, { at: this.now(), channel, user, message: kept, uses: 0 });
    return `${this.#origin}/answer/${id}`;
  }

  protected sendSocket(envelope: Json): boolean {
    const socket = [...this.#sockets].at(-1);
    socket?.send(JSON.stringify(envelope));
    return socket !== undefined;
  }

  protected onSocketMessage(message: Json): void {
    this.calls.push({ method: 'socket', args: message, at: this.now() });
  }

  protected unique(): number {
    this.#count += 1;
    return this.#count;
  }

  protected addMessage(channel: string, content: Json, onlyFor: string | null): SlackMessage {
    const ts = `${Math.floor(this.now() / 1000)}.${String(this.unique()).padStart(6, '0')}`;
    const blocks = (content['blocks'] ?? []) as Json[];
    const message = {
      channel,
      ts,
      text: String(content['text']),
      blocks,
      onlyFor,
      metadata: content['metadata'] ?? null,
      edits: 0,
    };
    this.messages.push(message);
    return message;
  }

  protected replaceView(view: SlackView, content: Json): void {
    view.view = withBlockIds(content);
    view.hash = `${Math.floor(this.now() / 1000)}.${randomBytes(4).toString('hex')}`;
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts).toString('utf8');
    const [, kind, name = ''] = (request.url ?? '').split('/');
    const reply = (status: number, content: Json, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
      response.end(JSON.stringify(content));
    };
    const args = kind === 'answer' ? (JSON.parse(body) as Json) : readForm(body);
    const method = kind === 'answer' ? 'response_url' : name;
    this.calls.push({ method, args, at: this.now(), ...(kind === 'answer' ? { address: name } : {}) });
    const failure = this.weather?.(method, args) ?? this.#takeFailure(method);
    if (failure !== null && ('hang' in failure || 'endless' in failure)) {
      const kept: { readonly method: string; ms: number | null } = { method, ms: null };
      const from = performance.now();
      this.held.push(kept);
      response.once('close', () => (kept.ms = performance.now() - from));
    }
    if (failure !== null && 'hang' in failure) this.#hanging.push(response);
    else if (failure !== null && 'endless' in failure) endless(failure.endless, request, response);
    else if (failure !== null && 'error' in failure) reply(200, { ok: false, error: failure.error });
    else if (failure !== null && !('lost' in failure)) {
      const retry: Record<string, string> =
        failure.retryAfter === undefined ? {} : { 'retry-after': String(failure.retryAfter) };
      response.writeHead(failure.status, retry);
      response.end(failure.body ?? '');
    } else if (kind === 'answer') this.#answer(name, args, reply);
    else {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      const wanted = method === 'apps.connections.open' ? this.appToken : this.botToken;
      const result = token === wanted ? this.#call(method, args) : problem('invalid_auth');
      const seconds = result['retry_after'];
      if (failure !== null) response.destroy();
      else if (typeof seconds === 'number') reply(429, problem('ratelimited'), { 'retry-after': String(seconds) });
      else reply(200, result);
    }
  }

  #takeFailure(method: string): Failure | null {
    const found = this.#failures.find((failure) => failure.method === method && failure.left > 0);
    if (found === undefined) return null;
    found.left -= 1;
    return found.failure;
  }

  #call(method: string, args: Json): Json {
    switch (method) {
      case 'bots.info':
        if (args['bot'] !== 'B0BOT') return problem('bot_not_found');
        return { ok: true, bot: { id: 'B0BOT', app_id: this.appId, user_id: this.bot, name: 'Usher', deleted: false } };
      case 'auth.test':
        return {
          ok: true,
          team_id: this.team,
          user_id: this.bot,
          bot_id: 'B0BOT',
          enterprise_id: this.enterprise,
          url: 'https://home.slack.example/',
        };
      case 'apps.connections.open':
        return { ok: true, url: `${this.#origin.replace('http', 'ws')}/link?ticket=canary-ticket` };
      case 'users.info':
        return this.#userInfo(String(args['user']));
      case 'users.lookupByEmail':
        return this.#lookup(String(args['email']));
      case 'conversations.open':
        return this.#open(String(args['users']));
      case 'chat.postMessage':
        return this.#post(args, null);
      case 'chat.postEphemeral':
        return this.#post(args, String(args['user']));
      case 'chat.delete':
        return this.#delete(args);
      case 'conversations.history':
        return this.#history(args);
      case 'chat.update':
        return this.#update(args);
      case 'chat.unfurl':
        return this.#unfurl(args);
      case 'views.open':
        return this.#openView(args);
      case 'views.update':
        return this.#updateView(args);
      default:
        return problem('unknown_method');
    }
  }

  #userInfo(id: string): Json {
    const user = this.users.get(id);
    if (user === undefined) return problem('user_not_found');
    const { email, flags, name, team, zone } = user;
    const profile = { real_name: name, ...(email === null ? {} : { email }) };
    return {
      ok: true,
      user: {
        id,
        team_id: team,
        name: id.toLowerCase(),
        real_name: name,
        tz: zone,
        locale: 'en-GB',
        is_email_confirmed: true,
        deleted: false,
        is_bot: false,
        is_restricted: false,
        is_ultra_restricted: false,
        profile,
        ...flags,
      },
    };
  }

  #lookup(email: string): Json {
    const found = [...this.users].find(([, user]) => user.email?.toLowerCase() === email.toLowerCase());
    return found === undefined ? problem('users_not_found') : this.#userInfo(found[0]);
  }

  #open(id: string): Json {
    const user = this.users.get(id);
    if (user === undefined) return problem('user_not_found');
    if (user.flags['is_bot'] === true) return problem('cannot_dm_bot');
    return { ok: true, channel: { id: this.directOf(id) } };
  }

  #post(args: Json, onlyFor: string | null): Json {
    const channel = String(args['channel']);
    const bad = checkMessage(pick(args, 'text', 'blocks'));
    if (bad.length > 0) return { ...problem('invalid_blocks'), response_metadata: { messages: bad } };
    const direct = [...this.#direct.values()].includes(channel);
    const place = this.channels.get(channel);
    if (!direct && place === undefined) return problem('channel_not_found');
    if (place?.members.has(this.bot) === false) return problem('not_in_channel');
    const last = this.#lastPost.get(channel) ?? -Infinity;
    if (this.limitRate && this.now() - last < 1000) return { retry_after: 1 };
    this.#lastPost.set(channel, this.now());
    const message = this.addMessage(channel, args, onlyFor);
    return onlyFor === null ? { ok: true, channel, ts: message.ts } : { ok: true, message_ts: message.ts };
  }

  #update(args: Json): Json {
    const bad = checkMessage(pick(args, 'text', 'blocks'));
    if (bad.length > 0) return { ...problem('invalid_blocks'), response_metadata: { messages: bad } };
    const { channel, ts } = args;
    // Slack takes the id of the conversation only, and does not find what only one person sees.
    if (!/^[DCG]/.test(String(channel))) return problem('channel_not_found');
    const message = this.messages.find((one) => one.channel === channel && one.ts === ts && one.onlyFor === null);
    if (message === undefined) return problem('message_not_found');
    message.text = String(args['text']);
    message.blocks = (args['blocks'] ?? []) as Json[];
    message.edits += 1;
    return { ok: true, channel, ts };
  }

  // A link is what the message holds, letter by letter, and of a domain that the app named.
  #unfurl({ channel, ts, unfurls }: Json): Json {
    if (!isJson(unfurls)) return problem('missing_unfurls');
    const message = this.messages.find((one) => one.channel === channel && one.ts === ts);
    if (message === undefined) return problem('cannot_find_message');
    for (const [url, content] of Object.entries(unfurls)) {
      if (!linksIn(message.text).includes(url)) return problem('cannot_unfurl_message');
      if (!this.unfurlDomains.includes(new URL(url).hostname)) return problem('cannot_unfurl_url');
      const blocks = (content as Json)['blocks'];
      const bad = checkMessage({ text: '-', blocks });
      if (bad.length > 0) return { ...problem('invalid_blocks'), response_metadata: { messages: bad } };
      message.unfurls = { ...message.unfurls, [url]: blocks as Json[] };
    }
    return { ok: true };
  }

  #delete({ channel, ts }: Json): Json {
    const message = this.messages.find((one) => one.channel === channel && one.ts === ts && one.onlyFor === null);
    if (message === undefined) return problem('message_not_found');
    this.deleteMessage(message);
    return { ok: true, channel, ts };
  }

  // Newest first; what an app attached is given only where it is asked for.
  #history({ channel, include_all_metadata, limit }: Json): Json {
    if (![...this.#direct.values()].includes(String(channel))) return problem('channel_not_found');
    const most = Number(limit ?? 100);
    if (!(most >= 1 && most <= 999)) return problem('invalid_limit');
    const found = this.messages.filter((one) => one.channel === channel && one.onlyFor === null).toReversed();
    const messages = found.slice(0, most).map(({ blocks, metadata, text, ts }) => {
      const shown = { type: 'message', user: this.bot, bot_id: 'B0BOT', text, ts, blocks };
      return String(include_all_metadata) === 'true' && metadata ? { ...shown, metadata } : shown;
    });
    return { ok: true, messages, has_more: found.length > most };
  }

  #openView(args: Json): Json {
    const trigger = this.#triggers.get(String(args['trigger_id']));
    if (trigger === undefined) return problem('invalid_trigger_id');
    if (trigger.used) return problem('exchanged_trigger_id');
    trigger.used = true;
    if (this.now() - trigger.at > this.triggerMs) return problem('expired_trigger_id');
    const bad = checkView(args['view']);
    if (bad.length > 0) return { ...problem('invalid_arguments'), response_metadata: { messages: bad } };
    for (const open of this.views) if (open.user === trigger.user && open.type === 'modal') open.open = false;
    const view: SlackView = {
      id: `V${this.unique()}`,
      user: trigger.user,
      type: 'modal',
      hash: '',
      view: {},
      open: true,
    };
    this.replaceView(view, args['view'] as Json);
    this.views.push(view);
    return { ok: true, view: { ...view.view, id: view.id, hash: view.hash } };
  }

  #updateView(args: Json): Json {
    const view = this.views.find(({ id }) => id === args['view_id']);
    if (view?.open !== true) return problem('not_found');
    if (args['hash'] !== undefined && args['hash'] !== view.hash) return problem('hash_conflict');
    const bad = checkView(args['view']);
    if (bad.length > 0) return { ...problem('invalid_arguments'), response_metadata: { messages: bad } };
    this.replaceView(view, args['view'] as Json);
    return { ok: true, view: { ...view.view, id: view.id, hash: view.hash } };
  }

  #answer(id: string, args: Json, reply: (status: number, content: Json) => void): void {
    const address = this.answers.get(id);
    if (address === undefined || this.now() - address.at > 30 * 60_000) {
      reply(404, problem('expired_url'));
      return;
    }
    address.uses += 1;
    if (address.uses > 5) {
      reply(404, problem('used_url'));
      return;
    }
    const bad = checkMessage(pick(args, 'text', 'blocks'));
    if (bad.length > 0) {
      reply(400, { ...problem('invalid_blocks'), messages: bad });
      return;
    }
    if (args['replace_original'] === true && address.message !== null) {
      address.message.text = String(args['text']);
      address.message.blocks = args['blocks'] as Json[];
      address.message.edits += 1;
    } else this.addMessage(address.channel, args, args['response_type'] === 'in_channel' ? null : address.user);
    reply(200, { ok: true });
  }
}

/** The addresses in a message. */
export function linksIn(text: string): string[] {
  return text.match(/https?:\/\/[^\s<>|]+/g) ?? [];
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problem(error: string): Json {
  return { ok: false, error };
}

function pick(args: Json, ...keys: readonly string[]): Json {
  return Object.fromEntries(keys.flatMap((key) => (args[key] === undefined ? [] : [[key, args[key]]])));
}

function endless(how: 'redirect' | 'body' | 'drip', request: IncomingMessage, response: ServerResponse): void {
  if (how === 'redirect') {
    response.writeHead(307, { location: request.url ?? '/' });
    response.end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  const part = how === 'body' ? Buffer.alloc(1024 * 1024, ' ') : Buffer.from(' ');
  const timer = setInterval(() => response.write(part), how === 'body' ? 1 : 1_000);
  response.on('close', () => {
    clearInterval(timer);
  });
}

// Slack gives every block an id, and sends it back.
function withBlockIds(view: Json): Json {
  const blocks = (view['blocks'] ?? []) as Json[];
  return { ...view, blocks: blocks.map((block, index) => ({ block_id: `auto${index}`, ...block })) };
}

// The SDK sends structures as JSON inside form fields.
function readForm(body: string): Json {
  return Object.fromEntries(
    [...new URLSearchParams(body)].map(([key, value]) => [
      key,
      /^[[{]/.test(value) ? (JSON.parse(value) as unknown) : value,
    ]),
  );
}
