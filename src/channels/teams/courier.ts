// The one way out: every call that the SDK makes to the Bot Connector goes through `createCourier`. One attempt, a deadline, only to
// allowed hosts; every failure becomes a ChannelError here, which also ends the SDK's own retries (it repeats only its own
// error type). Retrying is the outbox's work.
import { readAnswer } from '../../chat/body';
import { ChannelError, pauseOf } from '../../chat/channel';
import type { Credentials } from './credentials';
import type { ConnectorOptions } from './gate';
import { mayServe, type TeamsSettings } from './options';

type HttpClient = NonNullable<ConnectorOptions['httpClient']>;
type Answer = Awaited<ReturnType<HttpClient['sendRequest']>>;

// Vendor's list: "Send proactive messages", error codes. The conversation takes no more messages until somebody acts there.
const DEAD = new Set([
  'BotDisabledByAdmin',
  'BotNotInConversationRoster',
  'ConversationBlockedByUser',
  'MessageWritesBlocked',
  'ConversationNotFound',
]);
// Vendor's list: "Status code responses". 500 is not among them. 401 is not repeated either: the next try carries a new token, and one
// that is refused says nothing of the message or of its reader.
const WORTH_RETRYING = new Set([401, 412, 429, 502, 503, 504]);

/** The HTTP client that the SDK's connector is given. */
export function createCourier(settings: TeamsSettings, credentials: Pick<Credentials, 'forget'>): HttpClient {
  return {
    async sendRequest(request): Promise<Answer> {
      if (!mayServe(settings, request.url)) throw new ChannelError('refused', 'ServiceHostNotAllowed');
      const { status, headers, body } = await call(settings, request);
      if (status >= 200 && status < 300) {
        return { status, headers: answerHeaders(request, headers), request, bodyAsText: body };
      }
      if (status === 401) {
        credentials.forget();
        settings.log.error(
          { code: codeIn(body) ?? 'http_401' },
          "Teams refuses the bot's token; the next try asks for a new one",
        );
      }
      throw failure(status, codeIn(body), request.method === 'PUT', waitFor(headers, settings.clock()));
    },
  };
}

async function call(
  settings: TeamsSettings,
  request: Parameters<HttpClient['sendRequest']>[0],
): Promise<{ status: number; headers: Headers; body: string }> {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers.toJson() as Record<string, string>,
      body: typeof request.body === 'string' ? request.body : null,
      redirect: 'manual', // following one would carry the bot's token to a host nobody checked
      signal: AbortSignal.timeout(settings.remoteTimeoutMs),
    });
    return { status: response.status, headers: response.headers, body: (await readAnswer(response)).toString('utf8') };
  } catch (error) {
    const late = (error as { name?: unknown } | null)?.name === 'TimeoutError';
    throw new ChannelError('later', late ? 'Timeout' : 'Network');
  }
}

function answerHeaders(request: Parameters<HttpClient['sendRequest']>[0], headers: Headers): Answer['headers'] {
  const answer = request.headers.clone();
  for (const { name } of answer.headersArray()) answer.remove(name);
  const type = headers.get('content-type');
  if (type !== null) answer.set('content-type', type);
  return answer;
}

/** What a refusing answer of the Bot Connector means for the message (rows 52 and 54). */
export function failure(
  status: number,
  code: string | null,
  updating: boolean,
  retryAfterMs: number | null,
): ChannelError {
  // Where no time is named, the gate chooses one: it knows this refusal by the one word that all platforms share here.
  const named = status === 429 && retryAfterMs === null ? 'ratelimited' : (code ?? `http_${status}`);
  if (WORTH_RETRYING.has(status)) return new ChannelError('later', named, retryAfterMs);
  if ((status === 403 || status === 404) && DEAD.has(named)) return new ChannelError('unreachable', named);
  // One without a code is not the connector's word: something on the way knows no such address, for now.
  if (status === 404 && code === null) return new ChannelError('later', named, retryAfterMs);
  if (status === 404) return new ChannelError(updating ? 'gone' : 'unreachable', named);
  return new ChannelError('refused', named);
}

// `{"error":{"code":"...","message":"..."}}`; only a plain code is taken over, since it ends up in logs.
function codeIn(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown } };
    const code = error?.code;
    return typeof code === 'string' && /^[\w.-]{1,80}$/.test(code) ? code : null;
  } catch {
    return null;
  }
}

function waitFor(headers: Headers, now: Date): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return pauseOf(Math.ceil(Number(value) * 1000));
  const until = Date.parse(value);
  return Number.isNaN(until) ? null : pauseOf(until - now.getTime());
}
