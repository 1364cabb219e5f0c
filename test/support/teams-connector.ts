// Teams' servers as a real HTTP server: token issuer, login and Bot Connector. Enforces the documented limits, keeps what
// was posted, fails on demand. The people are in teams-server.ts.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { at, faultOf, isJson, listOf, textOf, wordsOf, type Json } from './teams-client';
import { CHANNEL_ISSUER, TeamsTokens } from './teams-tokens';

export interface TeamsPerson {
  readonly name: string;
  readonly aadObjectId: string;
  /** The id that the platform gives this person for this bot. */
  readonly id: string;
  readonly tenant: string;
  /** Their own conversation with the bot. */
  readonly conversation: string;
  /** `guest` or `anonymous`; anonymous people have no object id. */
  readonly role?: string;
}

export interface TeamsMessage {
  readonly id: string;
  readonly conversation: string;
  readonly activity: Json;
  readonly card: Json | null;
  readonly text: string;
  readonly summary: string;
  /** How often it was updated. */
  readonly edits: number;
}

export type Call = 'post' | 'update' | 'delete' | 'create' | 'member' | 'token' | 'keys';

export interface Fault {
  readonly on: Call;
  /** How many calls fail; default 1. */
  readonly times?: number;
  readonly status?: number;
  readonly code?: string;
  readonly retryAfter?: string;
  /** Never answers. */
  readonly hang?: boolean;
  /** An answer whose body never stops. */
  readonly endless?: boolean;
}

export interface RecordedCall {
  readonly call: Call | 'typing';
  readonly authorization: string;
  readonly body: unknown;
}

/** Longer than any machine takes: whoever waits longer waits for what never comes. */
const LONGEST_MS = 60_000;
const RATE = 7; // messages per second and conversation (rate limiting page)

/** Everything that a bot talks to: issuer, login and Bot Connector, with what was posted there. */
export class TeamsConnector {
  readonly appId = '22222222-2222-4222-8222-222222222222';
  readonly appPassword = 'bot-secret-for-tests';
  readonly tenantId = '11111111-1111-4111-8111-111111111111';
  readonly tokens = new TeamsTokens(this.appId);
  readonly people: TeamsPerson[];
  readonly calls: RecordedCall[] = [];
  /** Enforces 7 messages per second and conversation. */
  limitRate = false;
  /** By which the rate is counted. */
  clock: () => number = Date.now;

  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #messages = new Map<string, TeamsMessage>();
  readonly #sent = new Map<string, number[]>();
  readonly #accessTokens = new Set<string>();
  // The SDK keeps keys per URL for the life of the process; a name of its own keeps one run's keys from the next.
  readonly #run = randomUUID();
  #faults: { fault: Fault; left: number }[] = [];
  protected next = 1;

  constructor(names: readonly string[] = ['Ana Sousa', 'Ben Okafor', 'Cleo Marsh', 'Dev Patel']) {
    this.people = names.map((name, index) => this.#makePerson(name, index));
  }

  async start(): Promise<void> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Settings that point a bot at this server. */
  get urls() {
    return {
      serviceUrl: `${this.base}/emea/`,
      openIdMetadataUrl: `${this.base}/${this.#run}/.well-known/openidconfiguration`,
      loginUrl: `${this.base}/login`,
      tokenIssuer: CHANNEL_ISSUER,
    };
  }

  person(name: string): TeamsPerson {
    const found = this.people.find((person) => person.name === name || person.name.split(' ')[0] === name);
    if (found === undefined) throw new Error(`Nobody here is called ${name}`);
    return found;
  }

  /** The next matching calls fail. */
  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  recover(): void {
    this.#faults = [];
  }

  /** What somebody sees in their own conversation with the bot, oldest first. */
  messagesOf(person: TeamsPerson): readonly TeamsMessage[] {
    return this.messagesIn(person.conversation);
  }

  messagesIn(conversation: string): readonly TeamsMessage[] {
    return [...this.#messages.values()].filter((message) => message.conversation === conversation);
  }

  /** Waits until somebody has a message with these words; does not poll. */
  async messageFor(person: TeamsPerson, words: string): Promise<TeamsMessage> {
    const find = (): TeamsMessage | undefined =>
      this.messagesOf(person).findLast((message) => `${message.text}\n${wordsOf(message.card)}`.includes(words));
    const stop = AbortSignal.timeout(LONGEST_MS);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await once(this.#events, 'call', { signal: stop });
    }
  }

  /** Waits until the bot has made this many calls of a kind. */
  async untilCalls(call: RecordedCall['call'], count: number): Promise<readonly RecordedCall[]> {
    const stop = AbortSignal.timeout(LONGEST_MS);
    for (;;) {
      const made = this.calls.filter((made) => made.call === call);
      if (made.length >= count) return made;
      await once(this.#events, 'call', { signal: stop });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url ?? '/', this.base);
    const call = callOf(request.method ?? '', url.pathname);
    if (call === null) {
      send(response, 404, { error: { code: 'NotFound' } });
      return;
    }
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
    const body: unknown = raw === '' ? null : isForm ? Object.fromEntries(new URLSearchParams(raw)) : JSON.parse(raw);
    const kind = call === 'post' && textOf(body, 'type') === 'typing' ? 'typing' : call;
    this.calls.push({ call: kind, authorization: request.headers.authorization ?? '', body });
    try {
      this.#dispatch(call, kind, url, request.headers.authorization ?? '', body, raw, response);
    } finally {
      this.#events.emit('call');
    }
  }

  #dispatch(
    call: Call,
    kind: Call | 'typing',
    url: URL,
    authorization: string,
    body: unknown,
    raw: string,
    response: ServerResponse,
  ): void {
    // A typing indicator takes no fault that was meant for a message.
    const planned =
      kind === 'typing' ? undefined : this.#faults.find(({ fault, left }) => fault.on === call && left > 0);
    if (planned !== undefined) {
      planned.left -= 1;
      if (planned.fault.endless === true) {
        const timer = setInterval(() => response.write(Buffer.alloc(1024 * 1024, ' ')), 1);
        response.on('close', () => {
          clearInterval(timer);
        });
        return;
      }
      const { hang, status = 500, code, retryAfter } = planned.fault;
      if (hang === true) return;
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
      send(response, status, code === undefined ? {} : { error: { code, message: 'made to fail' } });
      return;
    }
    if (call === 'keys') {
      send(
        response,
        200,
        url.pathname.endsWith('/keys')
          ? this.tokens.jwks()
          : {
              issuer: CHANNEL_ISSUER,
              jwks_uri: `${this.base}/${this.#run}/keys`,
              authorization_endpoint: 'https://invalid.botframework.com',
              id_token_signing_alg_values_supported: ['RS256'],
            },
      );
      return;
    }
    if (call === 'token') {
      this.#issue(url, body, response);
      return;
    }
    if (!this.#accessTokens.has(authorization)) {
      send(response, 401, { error: { code: 'Unauthorized', message: 'no such token' } });
      return;
    }
    this.#connector(call, url, body, raw, response);
  }

  #issue(url: URL, body: unknown, response: ServerResponse): void {
    const right =
      url.pathname === `/login/${this.tenantId}/oauth2/v2.0/token` &&
      textOf(body, 'grant_type') === 'client_credentials' &&
      textOf(body, 'client_id') === this.appId &&
      textOf(body, 'client_secret') === this.appPassword &&
      textOf(body, 'scope') === 'https://api.botframework.com/.default';
    if (!right) {
      send(response, 401, { error: 'invalid_client', error_description: 'AADSTS7000215' });
      return;
    }
    const token = `access-${randomUUID()}`;
    this.#accessTokens.add(`Bearer ${token}`);
    send(response, 200, { token_type: 'Bearer', expires_in: 3599, access_token: token });
  }

  #connector(call: Call, url: URL, body: unknown, raw: string, response: ServerResponse): void {
    const [, , , , id = '', , message = ''] = url.pathname.split('/').map(decodeURIComponent);
    if (call === 'create') {
      const user = textOf(listOf(at(body, 'members'))[0], 'id');
      const person = this.people.find((one) => one.aadObjectId === user || one.id === user);
      if (person === undefined) send(response, 403, { error: { code: 'BotNotInConversationRoster' } });
      else send(response, 201, { id: person.conversation });
      return;
    }
    if (call === 'member') {
      const person = this.people.find((one) => one.aadObjectId === message || one.id === message);
      if (person === undefined) send(response, 404, { error: { code: 'MemberNotFoundInConversation' } });
      else send(response, 200, rosterEntry(person));
      return;
    }
    if (call === 'delete') {
      const known = this.#messages.get(message)?.conversation === id && this.#messages.delete(message);
      send(response, known ? 200 : 404, known ? {} : { error: { code: 'ActivityNotFoundInConversation' } });
      return;
    }
    const activity = isJson(body) ? body : {};
    if (at(activity, 'conversation', 'conversationType') === '' || at(activity, 'from', 'id') === '28:') {
      send(response, 400, { error: { code: 'BadSyntax' } });
      return;
    }
    if (call === 'post' && message !== '' && !this.#messages.has(message)) {
      send(response, 404, { error: { code: 'ActivityNotFoundInConversation' } });
      return;
    }
    if (activity['type'] === 'typing') {
      send(response, 201, { id: '' });
      return;
    }
    const fault = faultOf(activity, Buffer.byteLength(raw, 'utf16le'));
    if (fault !== null) {
      send(response, fault.status, { error: { code: fault.code } });
      return;
    }
    if (call === 'update') {
      const held = this.#messages.get(message);
      if (held?.conversation !== id) {
        send(response, 404, { error: { code: 'ActivityNotFoundInConversation' } });
        return;
      }
      this.#messages.set(message, messageFrom(message, id, activity, held.edits + 1));
      send(response, 200, { id: message });
      return;
    }
    if (this.limitRate && !this.#hasRoom(id)) {
      response.setHeader('retry-after', '1');
      send(response, 429, { error: { code: 'TooManyRequests' } });
      return;
    }
    const made = `1:${this.next++}`;
    this.#messages.set(made, messageFrom(made, id, activity, 0));
    // Words and a card in one message are split in two, and no id comes back (conversation-messages.md).
    const split = textOf(activity, 'text') !== '' && listOf(activity['attachments']).length > 0;
    send(response, 201, split ? {} : { id: made });
  }

  /** Deletes a message behind the bot's back. */
  delete(message: TeamsMessage): void {
    this.#messages.delete(message.id);
  }

  #hasRoom(conversation: string): boolean {
    const now = this.clock();
    const recent = (this.#sent.get(conversation) ?? []).filter((sent) => sent > now - 1000);
    this.#sent.set(conversation, [...recent, now]);
    return recent.length < RATE;
  }

  #makePerson(name: string, index: number): TeamsPerson {
    const key = name.split(' ')[0]?.toLowerCase() ?? '';
    return {
      name,
      aadObjectId: `33333333-3333-4333-8333-${String(index).padStart(12, '0')}`,
      id: `29:${key}`,
      tenant: this.tenantId,
      conversation: `a:${key}`,
    };
  }
}

function callOf(method: string, path: string): Call | null {
  if (path.endsWith('/.well-known/openidconfiguration') || path.endsWith('/keys')) return 'keys';
  if (path.startsWith('/login/')) return 'token';
  if (!path.startsWith('/emea/v3/conversations')) return null;
  if (path === '/emea/v3/conversations' && method === 'POST') return 'create';
  if (path.includes('/members/') && method === 'GET') return 'member';
  if (method === 'PUT') return 'update';
  if (method === 'DELETE') return 'delete';
  return method === 'POST' ? 'post' : null;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function messageFrom(id: string, conversation: string, activity: Json, edits: number): TeamsMessage {
  const card = at(listOf(activity['attachments'])[0], 'content');
  return {
    id,
    conversation,
    activity,
    card: isJson(card) ? card : null,
    text: textOf(activity, 'text'),
    summary: textOf(activity, 'summary'),
    edits,
  };
}

function rosterEntry(person: TeamsPerson): Json {
  const mail = `${person.name.split(' ')[0]?.toLowerCase() ?? ''}@contoso.example`;
  return {
    id: person.id,
    name: person.name,
    aadObjectId: person.aadObjectId,
    email: mail,
    userPrincipalName: person.role === 'guest' ? `${mail.replace('@', '_')}#EXT#@contoso.example` : mail,
    tenantId: person.tenant,
    userRole: person.role ?? 'user',
  };
}
