// The Teams channel: deliveries in through the gate, answers out. Every botbuilder type stays in this folder, since that SDK is
// archived and will be replaced; what acts mean is decided behind the Conversation.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Channel, Conversation } from '../../chat/channel';
import { loadBot, type Answer, type Bot } from './adapter';
import { createAnswers, type Answers } from './answers';
import { MAX_BODY, parseBody, textAt } from './body';
import { misfit } from './card';
import { GateError } from './gate';
import { readActivity } from './inbound';
import { checkOptions, isLoopback, type TeamsOptions } from './options';
import { createTurns, type Turns } from './turns';

const PATH = '/api/messages';

interface Live {
  readonly bot: Bot;
  readonly turns: Turns;
  readonly answers: Answers;
}

/** Microsoft Teams as a channel. Throws when the options would let strangers in (row 41). */
export function createTeamsChannel(options: TeamsOptions): Channel {
  const settings = checkOptions(options);
  const { log } = settings;
  let live: Live | null = null;

  const started = (): Live => {
    if (live === null) throw new Error('the Teams channel is not started');
    return live;
  };

  const receive = async (request: IncomingMessage, body: Buffer): Promise<Answer> => {
    if (live === null) return refused(503);
    if (settings.playground && !isOwnMachine(request)) return refused(401);
    const activity = parseBody(body);
    if (activity === null || textAt(activity, 'type') === null) return refused(400);
    const { bot, turns } = live;
    try {
      return await bot.run(request.headers.authorization ?? '', activity, () =>
        turns.take(activity, readActivity(activity, settings.clock())),
      );
    } catch (error) {
      if (!(error instanceof GateError)) {
        log.error({ err: error }, 'a Teams delivery failed');
        return refused(500);
      }
      settings.refusals.refused('teams', error.code, error.account);
      return refused(error.status);
    }
  };

  return {
    platform: 'teams',
    routes: [
      {
        method: 'POST',
        path: PATH,
        maxBytes: MAX_BODY,
        handle: async (request, response, body) => {
          send(response, await receive(request, body));
        },
      },
      {
        // The playground, and people setting up the endpoint, ask this way whether anybody is there.
        method: 'HEAD',
        path: PATH,
        maxBytes: 0,
        handle: (_, response) => {
          send(response, { status: 200, body: null });
          return Promise.resolve();
        },
      },
    ],
    async start(conversation: Conversation) {
      const bot = await loadBot(settings);
      const answers = createAnswers(settings, conversation, bot.sender);
      live = { bot, answers, turns: createTurns(settings, conversation, answers) };
    },
    async stop() {
      const { turns } = live ?? {};
      live = null;
      await turns?.finish(settings.stopMs);
    },
    send: (to, card) => started().answers.send(to, card),
    update: (ref, card) => started().answers.update(ref, card),
    remove: (ref) => started().answers.remove(ref),
    answer: (inbound, reply) => started().answers.answer(inbound, reply),
    profile: (tenant, user, at) => started().answers.profile(tenant, user, at),
    door: (words) => {
      const to = `28:${settings.appId}`;
      const url = `https://teams.microsoft.com/l/chat/0/0?users=${to}&message=${encodeURIComponent(words)}`;
      return Promise.resolve(settings.playground ? null : { url, carries: true });
    },
    misfit,
  };
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'InternalError',
  503: 'Unavailable',
};

// Nothing about the cause: who is turned away learns nothing from it (row 42).
function refused(status: number): Answer {
  return { status, body: { error: { code: CODES[status] ?? 'Error' } } };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  if (body === null) {
    response.end();
    return;
  }
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}

// A proxy on this machine makes every stranger look local; it leaves at least one of these.
const PROXIED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

// The playground sends no token, so whoever can reach the port could speak as anybody: only programs of this machine, and
// no web page that was made to post here (pages send Origin, and a name that was rebound to loopback shows in Host).
function isOwnMachine(request: IncomingMessage): boolean {
  const from = request.socket.remoteAddress ?? '';
  const { origin, host = '' } = request.headers;
  if (origin !== undefined || PROXIED.some((name) => name in request.headers)) return false;
  const loopback = from === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(from);
  return loopback && isLoopback(`http://${host}`);
}
