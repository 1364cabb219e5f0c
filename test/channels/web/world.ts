// The web channel on a real HTTP listener with the scripted conversation, and a small client that behaves like the page.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Channel } from '../../../src/chat/channel';
import { toSlack } from '../../../src/channels/slack/blocks';
import { createWebChannel } from '../../../src/channels/web/channel';
import type { Persona } from '../../../src/channels/web/inbound';
import type { WireMessage, WireReply } from '../../../src/channels/web/wire';
import { startHttp } from '../../../src/http';
import { createLog } from '../../../src/log';
import { memoryMessages } from './memory';
import { script, type Script } from './script';

export const PERSONAS: readonly Persona[] = [
  persona('ana', 'Ana Silva', 'Head of Finance', 'Finance', 'approves Finance packages'),
  persona('ben', 'Ben Okafor', 'Accountant', 'Finance', null),
  persona('chris', 'Chris Naidu', 'Engineer', 'Engineering', null),
  persona('dora', 'Dora Lindqvist', 'Head of Engineering', 'Engineering', 'owns the Engineering catalog'),
  { ...persona('eve', 'Eve Marchetti', 'Auditor', null, 'partner'), organization: 'Contoso' },
];

export function persona(
  key: string,
  name: string,
  title: string | null,
  department: string | null,
  note: string | null,
): Persona {
  return { key, name, title, department, organization: 'Woodgrove', note };
}

export interface World {
  readonly port: number;
  readonly url: string;
  readonly chat: Script;
  readonly channel: Channel;
  readonly messages: ReturnType<typeof memoryMessages>;
  readonly logged: string[];
  stop(): Promise<void>;
}

/** Opens the page on a free port of loopback; a restart asks for the same port and keeps the messages. */
export async function openWorld(
  personas: readonly Persona[] = PERSONAS,
  wantedPort = 0,
  messages = memoryMessages(),
): Promise<World> {
  const logged: string[] = [];
  const log = createLog('info', { write: (line) => logged.push(line) });
  const chat = script('ana');
  let port = 0;
  const channel = createWebChannel({
    personas: () => Promise.resolve(personas),
    messages,
    slackBlocks: toSlack,
    secret: 'a secret of the tests',
    port: () => port,
    log,
    labels: {
      product: 'Usher',
      organization: 'Woodgrove',
      suggestions: [
        { title: 'Request access', text: 'request' },
        { title: 'My access', text: 'my access' },
        { title: 'Approvals', text: 'approvals' },
        { title: 'Help', text: 'help' },
      ],
    },
  });
  chat.channel = channel;
  await channel.start(chat);
  const server = await startHttp({
    host: '127.0.0.1',
    port: wantedPort,
    routes: channel.routes,
    ready: () => Promise.resolve([]),
    log,
  });
  port = server.port;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    chat,
    channel,
    messages,
    logged,
    stop: async () => {
      await channel.stop();
      await server.stop();
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** One raw request: headers go out as given, `host` included. */
export async function raw(
  world: World,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: world.port, method, path, headers, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          const isJson = response.headers['content-type']?.startsWith('application/json') === true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
          });
        });
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export interface Visitor {
  cookie: string;
  token: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: object | string, headers?: Record<string, string>): Promise<Answer>;
  say(text: string, delivery?: string): Promise<{ said: WireMessage; reply: WireReply }>;
  /** Events of this visitor's stream from now on. */
  listen(): Promise<Listener>;
}

export interface Listener {
  /** Resolves with the data of the next event of this name that was not taken yet. */
  next(event: string): Promise<Record<string, unknown>>;
  close(): void;
}

/** A browser that has loaded the page and, if named, became this persona. */
export async function visit(world: World, key: string | null = null): Promise<Visitor> {
  const host = `127.0.0.1:${world.port}`;
  const keep = (answer: Answer): Answer => {
    const [cookie] = answer.headers['set-cookie'] ?? [];
    if (cookie !== undefined) visitor.cookie = cookie.split(';')[0] ?? '';
    if (typeof answer.json['token'] === 'string') visitor.token = answer.json['token'];
    return answer;
  };
  const visitor: Visitor = {
    cookie: '',
    token: '',
    get: async (path, headers = {}) =>
      keep(
        await raw(world, 'GET', path, { host, cookie: visitor.cookie, 'sec-fetch-site': 'same-origin', ...headers }),
      ),
    post: async (path, body, headers = {}) =>
      keep(
        await raw(
          world,
          'POST',
          path,
          {
            host,
            cookie: visitor.cookie,
            origin: `http://${host}`,
            'sec-fetch-site': 'same-origin',
            'content-type': 'application/json',
            'x-usher-token': visitor.token,
            ...headers,
          },
          typeof body === 'string' ? body : JSON.stringify(body),
        ),
      ),
    say: async (text, delivery = randomUUID()) =>
      (await visitor.post('/api/say', { delivery, text })).json as unknown as { said: WireMessage; reply: WireReply },
    listen: async () => await listen(world, host, visitor.cookie),
  };
  await visitor.get('/api/state');
  if (key !== null) await visitor.post('/api/persona', { key });
  return visitor;
}

async function listen(world: World, host: string, cookie: string): Promise<Listener> {
  const waiting: { event: string; data: Record<string, unknown> }[] = [];
  let wake: (() => void) | null = null;
  let buffer = '';
  const request = httpRequest({
    host: '127.0.0.1',
    port: world.port,
    path: '/api/events',
    headers: { host, cookie },
    agent: false,
  });
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        buffer += part;
        const events = buffer.split('\n\n');
        buffer = events.pop() ?? '';
        for (const event of events) {
          const [, name, data] = /^event: (.+)\ndata: (.+)$/.exec(event) ?? [];
          if (name === undefined || data === undefined) continue;
          waiting.push({ event: name, data: JSON.parse(data) as Record<string, unknown> });
        }
        wake?.();
      });
      response.on('error', () => undefined);
      resolve();
    });
    request.end();
  });
  return {
    next: async (event) => {
      for (;;) {
        const at = waiting.findIndex((item) => item.event === event);
        const found = waiting[at];
        if (found !== undefined) {
          waiting.splice(at, 1);
          return found.data;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => request.destroy(),
  };
}
