// The local page as an ordinary channel: pick a persona, type, click; the same cards as in Teams and, beside them, as in
// Slack. For the demo only: whoever reaches the page may be anybody, so main opens it on loopback and never with real
// credentials. Translates and sends; decides nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ChannelError, type Channel, type Conversation, type MessageRef, type Route } from '../../chat/channel';
import type { Card } from '../../chat/card';
import { readPressed } from '../../chat/adaptive';
import { codeIn, LINK_PATH } from '../../chat/links';
import type { Act } from '../../chat/inbound';
import type { Log } from '../../log';
import { createAnswers, type Place } from './answers';
import { ASSETS, sendAsset } from './assets';
import { bytesOf, CARD_BYTES, toPage } from './card';
import { guardHeaders, Refusal, requireHost, requireSameOrigin } from './gate';
import { Bodies, parseBody, TENANT, toInbound, toProfile, type Persona } from './inbound';
import { packCard, type WebMessages } from './messages';
import { createSessions, type Session } from './session';
import { createStreams } from './streams';
import { createWire, sentence, type SlackForm, type WireMessage, type WireReply } from './wire';

/** The largest request body of the page. */
const BODY_BYTES = 64 * 1024;
const PAGE_OF_MESSAGES = 40;

/** The page's own texts that depend on the installation. */
export interface WebLabels {
  /** Name of the bot. */
  readonly product: string;
  readonly organization: string;
  /** Chips above the input line: what is shown and what is said. */
  readonly suggestions: readonly { readonly title: string; readonly text: string }[];
}

export interface WebOptions {
  /** Who may be picked, asked for at every request. */
  readonly personas: () => Promise<readonly Persona[]>;
  readonly messages: WebMessages;
  /** The Slack writer: a message, or a modal view for a card with inputs. Throws for a card that Slack could not show. */
  readonly slackBlocks: (card: Card) => SlackForm;
  /** Signs the cookies; at least 16 characters. */
  readonly secret: string;
  /** The port that the page is reached on, known once the server listens. */
  readonly port: () => number;
  readonly log: Log;
  readonly labels: WebLabels;
}

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly session: Session;
}
interface Visitor extends Visit {
  readonly persona: Persona;
}

/** Builds the channel; nothing listens until its routes are mounted. */
export function createWebChannel(options: WebOptions): Channel {
  const { log, messages, labels } = options;
  const sessions = createSessions(options);
  const streams = createStreams();
  const wire = createWire(options.slackBlocks, (card, error) => {
    log.warn({ card, err: error }, 'card has no Slack form');
  });
  const answers = createAnswers(messages, streams, wire);
  let started: Conversation | null = null;
  // Nobody waits for these but the end.
  const remembering = new Set<Promise<void>>();

  const conversation = (): Conversation => {
    if (started === null) throw new Refusal(503, 'starting');
    return started;
  };
  const personaOf = async (key: string | null): Promise<Persona | null> =>
    key === null ? null : ((await options.personas()).find((persona) => persona.key === key) ?? null);

  const run = async (
    persona: Persona,
    act: Act,
    from: { delivery: string; message: string | null; place: Place },
  ): Promise<WireReply> => {
    const inbound = toInbound(persona, from.delivery, act, from.message);
    const chat = conversation();
    const reply = await chat.handle(inbound);
    const shown = await answers.show(inbound, reply, from.place);
    const ref = refOf(persona.key, shown);
    if (ref !== null) {
      const done = chat.posted(inbound, reply, ref);
      remembering.add(done);
      void done.then(() => remembering.delete(done));
    }
    return shown;
  };
  const history = async (
    user: string,
    beforeId: string | null,
  ): Promise<{ messages: WireMessage[]; more: boolean }> => {
    const list = await messages.list(user, { beforeId, limit: PAGE_OF_MESSAGES + 1 });
    return {
      messages: list.slice(-PAGE_OF_MESSAGES).map((message) => wire.message(message)),
      more: list.length > PAGE_OF_MESSAGES,
    };
  };
  const state = async (session: Session): Promise<object> => {
    const [personas, unread] = await Promise.all([options.personas(), answers.unread()]);
    const me = personas.find((persona) => persona.key === session.persona)?.key ?? null;
    return {
      labels,
      token: sessions.token(session),
      me,
      personas,
      unread,
      ...(me === null ? { messages: [], more: false } : await history(me, null)),
    };
  };

  const greet = async (persona: Persona): Promise<void> => {
    if ((await messages.list(persona.key, { beforeId: null, limit: 1 })).length > 0) return;
    await run(persona, { kind: 'welcome' }, { delivery: 'welcome', message: null, place: 'typed' });
  };
  const choose = async ({ request, response, body, session }: Visit): Promise<void> => {
    const { key } = parseBody(Bodies.persona, request.headers['content-type'], body);
    const persona = await personaOf(key);
    if (persona === null) throw new Refusal(404, 'persona');
    // The choice stands even where the greeting fails: it is a courtesy, and `help` says the same.
    await greet(persona).catch((error: unknown) => {
      log.error({ err: error }, 'persona not greeted');
    });
    const chosen = { ...session, persona: persona.key };
    response.setHeader('set-cookie', sessions.cookie(chosen));
    json(response, 200, await state(chosen));
  };

  const say = async ({ request, body, persona }: Visitor): Promise<object> => {
    const { delivery, text } = parseBody(Bodies.say, request.headers['content-type'], body);
    const said = await answers.said(persona.key, delivery, text);
    const reply = await run(persona, { kind: 'text', text }, { delivery, message: null, place: 'typed' });
    return { said, reply };
  };
  const press = async ({ request, body, persona }: Visitor): Promise<object> => {
    const { delivery, verb, data, card, message, inForm } = parseBody(
      Bodies.press,
      request.headers['content-type'],
      body,
    );
    const act: Act = { kind: 'press', verb, data, card };
    return { reply: await run(persona, act, { delivery, message, place: inForm ? 'form' : 'message' }) };
  };
  const submit = async ({ request, body, persona }: Visitor): Promise<object> => {
    const parsed = parseBody(Bodies.submit, request.headers['content-type'], body);
    const { delivery, verb, draft, data, values, message, inForm } = parsed;
    // The card writer makes prefilled text inert for its macros; its reader takes that off again.
    const pressed = readPressed({ ...values, usher: { verb } });
    const act: Act = { kind: 'submit', verb, draft, data, values: pressed?.values ?? values };
    return { reply: await run(persona, act, { delivery, message, place: inForm ? 'form' : 'message' }) };
  };
  const search = async ({ request, body, persona }: Visitor): Promise<object> => {
    const parsed = parseBody(Bodies.search, request.headers['content-type'], body);
    // A read: never stored, so any key does.
    const from = { delivery: crypto.randomUUID(), message: null, place: 'form' as const };
    return { reply: await run(persona, { kind: 'search', ...parsed }, from) };
  };
  const read = async ({ request, body, persona }: Visitor): Promise<object> => {
    const { upTo } = parseBody(Bodies.read, request.headers['content-type'], body);
    await answers.markRead(persona.key, upTo);
    return {};
  };

  /** Every answer of the page goes through here: host first, then the work, refusals as a code. */
  const guarded =
    (work: (request: IncomingMessage, response: ServerResponse, body: Buffer, host: string) => Promise<void>) =>
    async (request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> => {
      guardHeaders(response);
      try {
        await work(request, response, body, requireHost(request, options.port()));
      } catch (error) {
        if (response.headersSent) {
          log.error({ err: error, path: request.url }, 'page answer broken off');
          response.destroy();
          return;
        }
        if (error instanceof Refusal) {
          json(response, error.status, { error: error.code });
          return;
        }
        log.error({ err: error, path: request.url }, 'page request failed');
        json(response, 503, { error: 'failed', say: started === null ? null : sentence(started.sentence('busy')) });
      }
    };
  const reading = (path: string, work: (visit: Visit) => Promise<void>): Route => ({
    method: 'GET',
    path,
    maxBytes: 0,
    handle: guarded(async (request, response, body, host) => {
      requireSameOrigin(request, host);
      const session = sessions.read(request.headers.cookie) ?? sessions.fresh();
      await work({ request, response, body, session });
    }),
  });
  const acting = (path: string, work: (visit: Visit) => Promise<void>): Route => ({
    method: 'POST',
    path,
    maxBytes: BODY_BYTES,
    handle: guarded(async (request, response, body, host) => {
      requireSameOrigin(request, host);
      if (body.length > BODY_BYTES) throw new Refusal(413, 'size');
      const session = sessions.read(request.headers.cookie);
      const token = request.headers['x-usher-token'];
      if (session === null || typeof token !== 'string' || !sessions.holds(session, token))
        throw new Refusal(403, 'token');
      await work({ request, response, body, session });
    }),
  });
  const asPersona = (path: string, work: (visitor: Visitor) => Promise<object>): Route =>
    acting(path, async (visit) => {
      const persona = await personaOf(visit.session.persona);
      if (persona === null) throw new Refusal(409, 'persona');
      json(visit.response, 200, await work({ ...visit, persona }));
    });

  const routes: Route[] = [
    ...[...ASSETS].map(([path, asset]): Route => ({
      method: 'GET',
      path,
      maxBytes: 0,
      handle: guarded(async (_request, response) => {
        await sendAsset(asset, response);
      }),
    })),
    {
      method: 'GET',
      path: `${LINK_PATH}*`,
      maxBytes: 0,
      // The page itself: it asks for the package of the link as whoever is picked.
      handle: guarded(async (request, response) => {
        const asset = ASSETS.get('/');
        if (asset === undefined || codeIn(request.url) === null) throw new Refusal(404, 'link');
        await sendAsset(asset, response);
      }),
    },
    reading('/api/state', async ({ response, session }) => {
      response.setHeader('set-cookie', sessions.cookie(session));
      json(response, 200, await state(session));
    }),
    reading('/api/messages', async ({ request, response, session }) => {
      const persona = await personaOf(session.persona);
      if (persona === null) throw new Refusal(409, 'persona');
      const before = new URL(request.url ?? '/', 'http://localhost').searchParams.get('before');
      json(response, 200, await history(persona.key, before));
    }),
    reading('/api/events', async ({ response, session }) => {
      const key = (await personaOf(session.persona))?.key ?? null;
      // One that came in after the others were ended would keep the listener from its end.
      conversation();
      streams.open(session.id, key, response);
    }),
    acting('/api/persona', choose),
    asPersona('/api/say', say),
    asPersona('/api/press', press),
    asPersona('/api/submit', submit),
    asPersona('/api/search', search),
    asPersona('/api/read', read),
  ];

  return {
    platform: 'web',
    routes,
    start(chat) {
      started = chat;
      return Promise.resolve();
    },
    async stop() {
      streams.stop();
      started = null;
      await Promise.all(remembering);
    },
    async send(to, card) {
      if ((await personaOf(to.user)) === null) throw new ChannelError('unreachable', 'unknown_persona');
      const message = await answers.post(to.user, { text: null, card: packCard(card) }, null);
      return { tenant: TENANT, conversation: to.user, message: message.id, serviceUrl: null };
    },
    async update(ref, card) {
      if ((await answers.change(ref.conversation, ref.message, card)) === null)
        throw new ChannelError('gone', 'message_not_found');
    },
    async answer(inbound, reply) {
      return refOf(inbound.user, await answers.show(inbound, reply, 'typed'));
    },
    async profile(_tenant, user) {
      const persona = await personaOf(user);
      return persona === null ? null : toProfile(persona);
    },
    misfit(card) {
      const bytes = bytesOf(toPage(card));
      if (bytes > CARD_BYTES) return `${bytes} bytes as Adaptive Card, at most ${CARD_BYTES}`;
      try {
        options.slackBlocks(card);
        return null;
      } catch (error) {
        return error instanceof Error ? error.message : 'Slack could not show it';
      }
    },
  };
}

/** The message that a reply became. */
function refOf(user: string, shown: WireReply): MessageRef | null {
  const message = 'message' in shown ? shown.message : null;
  return message === null ? null : { tenant: TENANT, conversation: user, message: message.id, serviceUrl: null };
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}
