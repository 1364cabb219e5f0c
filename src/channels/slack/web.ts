// Our hands in Slack's Web API: exactly one attempt per call, with a deadline, and every failure as a ChannelError.
// Retrying and pacing are the outbox's work; the SDK's own retries would post twice (row 21).
import type { WebClientOptions } from '@slack/web-api';
import { ChannelError } from '../../chat/channel';
import { boundedFetch } from './fetch';
import type { Json } from './json';
import type { SlackSettings } from './options';

/** The part of the SDK that is needed here; it is loaded in `start()`, because loading takes long. */
export type Bolt = Pick<
  typeof import('@slack/bolt'),
  'App' | 'AuthorizationError' | 'LogLevel' | 'SocketModeReceiver' | 'webApi'
>;

const TIMEOUT_MS = 10_000;

// What Slack's answers mean for whoever sent the message. Anything not listed will not work a second time either.
const LATER = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'org_login_required',
  'accesslimited',
]);
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
/** Said of the recipient, or of the conversation with them. */
const UNREACHABLE = new Set([
  'channel_not_found',
  'user_not_found',
  'user_disabled',
  'user_not_visible',
  'is_archived',
  'is_inactive',
  'not_in_channel',
  'cannot_dm_bot',
]);
const INSTALL = 'slack refuses our token: the app must be installed again';
const ALLOW = 'slack does not let the app write: an administrator of the workspace must allow it';
/**
 * Said of us, whoever the message is for: the app was removed, lacks a right, or may not write. Nothing is sent before a person acts,
 * which the log asks for; waiting messages stay.
 */
const OURS = new Map([
  ['invalid_auth', INSTALL],
  ['not_authed', INSTALL],
  ['account_inactive', INSTALL],
  ['token_revoked', INSTALL],
  ['token_expired', INSTALL],
  ['missing_scope', INSTALL],
  ['no_permission', INSTALL],
  ['not_allowed_token_type', INSTALL],
  ['team_access_not_granted', INSTALL],
  ['access_denied', ALLOW],
  ['ekm_access_denied', ALLOW],
  ['enterprise_is_restricted', ALLOW],
  ['restricted_action', ALLOW],
  [
    'messages_tab_disabled',
    "slack does not let the app write: turn the messages tab on in the app's settings (App Home)",
  ],
]);

/**
 * Said of a right that the app lacks. What must be sent waits for it; what is only looked up is not to be had here, and whatever can go
 * on without it does so.
 */
const SCOPES = new Set(['missing_scope', 'no_permission', 'not_allowed_token_type']);

/** Options of every client that the SDK makes for us. */
export function clientOptions(settings: SlackSettings): WebClientOptions {
  return {
    slackApiUrl: settings.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    fetch: boundedFetch(TIMEOUT_MS, settings.clock),
    allowAbsoluteUrls: false,
  };
}

/** One client for one workspace. */
export class Web {
  private readonly client;

  constructor(
    private readonly bolt: Bolt,
    private readonly settings: SlackSettings,
    logger: NonNullable<WebClientOptions['logger']>,
  ) {
    this.client = new bolt.webApi.WebClient(settings.botToken, { ...clientOptions(settings), logger });
  }

  /** Calls one method once. */
  async call(method: string, options: Json): Promise<Json> {
    try {
      return { ...(await this.client.apiCall(method, options)) };
    } catch (error) {
      throw this.translate(method, error);
    }
  }

  /** The same for what only looks, or what nobody misses: where the app lacks the right to, it is refused. */
  async look(method: string, options: Json): Promise<Json> {
    try {
      return await this.call(method, options);
    } catch (error) {
      if (error instanceof ChannelError && SCOPES.has(error.code)) throw new ChannelError('refused', error.code);
      throw error;
    }
  }

  private translate(method: string, error: unknown): ChannelError {
    const { webApi } = this.bolt;
    if (error instanceof webApi.WebAPIRateLimitedError)
      // Without a time that can be used it is the outbox's own backoff, with its jitter.
      return new ChannelError('later', 'ratelimited', error.retryAfter > 0 ? error.retryAfter * 1000 : null);
    if (error instanceof webApi.WebAPIHTTPError) return new ChannelError('later', `http_${error.statusCode}`);
    if (!(error instanceof webApi.WebAPIPlatformError)) return new ChannelError('later', 'no_answer');
    // What is not JSON comes as an error whose code is the whole body, and JSON of another shape as one without; nothing of it
    // may reach a log, and neither says that the message is not there.
    const told: unknown = error.data.error;
    const code = typeof told === 'string' && /^[a-z_]{1,64}$/.test(told) ? told : 'unreadable_answer';
    const remedy = OURS.get(code);
    if (remedy !== undefined) this.settings.log.error({ method, code }, remedy);
    if (remedy !== undefined || LATER.has(code) || code === 'unreadable_answer') {
      const seconds = error.data.response_metadata?.retryAfter;
      return new ChannelError('later', code, seconds === undefined ? null : seconds * 1000);
    }
    if (GONE.has(code)) return new ChannelError('gone', code);
    return new ChannelError(UNREACHABLE.has(code) ? 'unreachable' : 'refused', code);
  }
}

/** Whether a failure is the platform's given code. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof ChannelError && codes.includes(error.code);
}
