// The Slack channel: Bolt's wiring, one listener for each kind of delivery. Who may speak is gate.ts and people.ts, what a
// payload says is inbound.ts, what is answered when is turns.ts; what acts mean is decided behind the Conversation.
import type { App, Logger, Receiver, SocketModeReceiver } from '@slack/bolt';
import type { Channel, Conversation } from '../../chat/channel';
import { misfit } from './blocks';
import type { Json } from './json';
import { createListeners, ListenerFailed, type BoltAck, type Listeners } from './listeners';
import { sdkLogger } from './logger';
import { checkOptions, type SlackOptions, type SlackSettings } from './options';
import { People } from './people';
import { Post } from './post';
import { deliver, HttpReceiver } from './receiver';
import { Show } from './show';
import { Turns, within } from './turns';
import { type Bolt, clientOptions, Web } from './web';

// How long the start waits for Socket Mode; later it goes on trying by itself.
const CONNECT_MS = 10_000;
const STOP_MS = 5_000;
/** Slack ends each connection now and then, and the next one stands within seconds. */
const GAP_MS = 5_000;

interface Live {
  readonly people: People;
  readonly post: Post;
  readonly show: Show;
  readonly listeners: Listeners;
  readonly disconnect: () => Promise<void>;
  readonly trouble: () => string | null;
}

/** Slack as a channel. Throws when the options would let strangers in (row 4). */
export function createSlackChannel(options: SlackOptions): Channel {
  const settings = checkOptions(options);
  const http = settings.appToken === null ? new HttpReceiver(settings) : null;
  let live: Live | null = null;
  const started = (): Live => {
    if (live === null) throw new Error('the Slack channel is not started');
    return live;
  };
  return {
    platform: 'slack',
    routes: http === null ? [] : [http.route],
    async start(conversation) {
      live = await connect(settings, http, conversation);
    },
    async stop() {
      const { listeners, disconnect } = live ?? {};
      live = null;
      await disconnect?.();
      await listeners?.finish(STOP_MS);
    },
    send: async (to, card) => await started().post.send(to, card),
    update: async (ref, card) => {
      await started().post.update(ref, card);
    },
    sent: async (to, card) => await started().post.sent(to, card),
    remove: async (ref) => {
      await started().post.remove(ref);
    },
    answer: async (inbound, reply) => await started().show.stored(inbound, reply),
    profile: async (_tenant, user) => await started().people.profile(user),
    find: async (email) => await started().people.find(email),
    // Slack puts no words into the message line of a bot.
    door: async () => {
      const app = live === null ? null : await within(live.people.app(), settings.deadlineMs).catch(() => null);
      if (app === null || !/^A[A-Z0-9]+$/.test(app)) return null;
      return { url: `https://slack.com/app_redirect?app=${app}&team=${settings.teamId}`, carries: false };
    },
    trouble: () => live?.trouble() ?? null,
    misfit,
  };
}

async function connect(settings: SlackSettings, http: HttpReceiver | null, conversation: Conversation): Promise<Live> {
  // Loading takes a good part of a second, so only a process that talks to Slack pays for it.
  const bolt = await import('@slack/bolt');
  const logger = sdkLogger(bolt, settings.log);
  const web = new Web(bolt, settings, logger);
  const people = new People(web, settings);
  await checkToken(people, settings);

  const post = new Post(web, settings);
  const show = new Show({ settings, web, post, conversation });
  const turns = new Turns({ settings, web, post, show, conversation });
  const listeners = createListeners({ settings, people, show, turns, conversation });
  const socket = settings.appToken === null ? null : socketReceiver(bolt, settings, settings.appToken, logger);
  const receiver: Receiver | null = http ?? socket;
  if (receiver === null) throw new Error('neither HTTP nor Socket Mode');

  const app = new bolt.App({
    receiver,
    logger,
    clientOptions: clientOptions(settings),
    // Bolt's own memory of conversations is lost at each restart; ours is the database.
    convoStore: false,
    // Failing here must be loud: Bolt answers Slack with 200 and drops the delivery (row 12).
    authorize: async () => {
      const { bot, user } = await people.me();
      return { botToken: settings.botToken, botId: bot, botUserId: user };
    },
  });
  wire(app, bolt, settings, listeners);
  const trouble = socket === null ? () => null : watchSocket(socket);
  if (socket !== null) await startSocket(socket, settings);
  return { people, post, show, listeners, disconnect: () => disconnect(app, socket), trouble };
}

// A wrong or revoked token stops the start; an unreachable Slack does not, since it comes back by itself.
async function checkToken(people: People, settings: SlackSettings): Promise<void> {
  try {
    await people.me();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (
      code === null ||
      ['invalid_auth', 'not_authed', 'token_revoked', 'token_expired', 'account_inactive'].includes(code)
    )
      throw error;
    settings.log.error({ code }, 'slack cannot be asked who we are; trying again with the first delivery');
  }
}

// Exactly one listener for each kind, and each takes everything of its kind: Bolt runs every listener that matches, and
// leaves a delivery that none matches hanging for 3 s (rows 7 and 8).
function wire(app: App, bolt: Bolt, settings: SlackSettings, listeners: Listeners): void {
  app.use(async (args) => {
    if (listeners.isOurs(json(args.body))) await args.next();
    else if ('ack' in args) await (args.ack as BoltAck)();
  });
  app.event(/^/, ({ body }) => listeners.event(json(body), () => Promise.resolve()));
  app.command(/^/, ({ body, ack }) => listeners.command(json(body), ack as BoltAck));
  app.action({}, ({ body, ack }) => listeners.action(json(body), ack as BoltAck));
  app.view({}, ({ body, ack }) => listeners.view(json(body), ack as BoltAck));
  app.options({}, ({ body, ack }) => listeners.options(json(body), ack as BoltAck));
  app.shortcut({}, ({ body, ack }) => listeners.shortcut(json(body), ack as BoltAck));
  app.error(async (error) => {
    if (error instanceof bolt.AuthorizationError)
      settings.log.error({ err: error.original }, 'slack delivery could not be authorized');
    else if (error instanceof ListenerFailed) settings.log.error({ err: error.cause }, 'slack delivery failed');
    // Rejected, so that an event which was not stored is not acknowledged.
    await Promise.reject(error);
  });
}

/** Bolt's types describe what Slack documents; what comes is looked at field by field. */
function json(body: object): Json {
  return body as Json;
}

function socketReceiver(bolt: Bolt, settings: SlackSettings, appToken: string, logger: Logger): SocketModeReceiver {
  class HoldingReceiver extends bolt.SocketModeReceiver {
    // What arrives goes through `deliver` first, as over HTTP, so that an event is acknowledged when it is stored.
    override init(app: App): void {
      const holding = Object.create(app) as App;
      holding.processEvent = async (event) => {
        // Not acknowledged it would come again and again.
        if ((await deliver(app, event, settings)) === 'unreadable') await event.ack();
      };
      super.init(holding);
    }
  }
  return new HoldingReceiver({
    appToken,
    logger,
    // The SDK would acknowledge what could not be authorized: an event that nobody stored would be lost for good.
    processEventErrorHandler: () => Promise.resolve(false),
    installerOptions: {
      clientOptions: {
        ...clientOptions(settings),
        // Connecting posts nothing, and the SDK turns a failure that it does not retry here into an unhandled rejection.
        rejectRateLimitedCalls: false,
        retryConfig: { forever: true, minTimeout: 1_000, maxTimeout: 30_000, factor: 1.5, randomize: true },
      },
    },
  });
}

// Over Socket Mode nobody is heard while there is no connection, and nothing else would tell.
function watchSocket({ client }: SocketModeReceiver): () => string | null {
  let downSince: number | null = performance.now();
  client.on('connected', () => {
    downSince = null;
  });
  client.on('close', () => {
    if (client.websocket?.isActive() !== true) downSince ??= performance.now();
  });
  return () => {
    const down = downSince === null ? 0 : performance.now() - downSince;
    return down < GAP_MS ? null : `Socket Mode is not connected for ${Math.round(down / 1000)} s`;
  };
}

// A refused token rejects; an unreachable Slack goes on connecting behind us.
async function startSocket(socket: SocketModeReceiver, settings: SlackSettings): Promise<void> {
  const connected = await within(
    socket.start().then(() => true),
    CONNECT_MS,
  );
  if (connected === null) settings.log.error('slack does not answer yet; going on to connect');
}

async function disconnect(app: App, socket: SocketModeReceiver | null): Promise<void> {
  // `stop` begins to close and does not wait; the client's own promise does, for half a minute where the peer is silent.
  if (socket === null) await app.stop();
  else await within(socket.client.disconnect(), STOP_MS);
}
