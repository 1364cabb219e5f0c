// Who may speak to us over HTTP: verifies that a delivery was signed by Slack, now, over exactly these bytes, and parses it.
// Runs no listener and knows no Bolt; which workspace and which person it is about comes later (standing.ts).
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readObject } from '../../chat/json';
import type { Json } from './json';
import type { SlackSettings } from './options';

/** A form may carry a whole view with its state (250 KB) inside url-encoded JSON, which can triple it. */
export const MOST_BYTES = 1024 * 1024;
const WINDOW_SECONDS = 300; // docs.slack.dev/authentication/verifying-requests-from-slack
const LONGEST_CHALLENGE = 256;

export type Verdict =
  | {
      readonly kind: 'deliver';
      readonly body: Json;
      readonly retryNum: number | null;
      readonly retryReason: string | null;
    }
  /** Answered here and now; `why` is for the log of refusals, null where nothing is wrong. */
  | { readonly kind: 'answer'; readonly status: number; readonly text: string; readonly why: string | null };

/** Judges one request. The order matters: nothing of the body is looked at before the signature holds. */
export function judge(
  settings: Pick<SlackSettings, 'signingSecret' | 'clock'>,
  request: IncomingMessage,
  body: Buffer,
): Verdict {
  if (body.length > MOST_BYTES) return refuse(413, 'body too large');
  const type = mediaType(only(request, 'content-type'));
  if (type === null) return refuse(415, 'content type');

  const signature = only(request, 'x-slack-signature');
  const timestamp = only(request, 'x-slack-request-timestamp');
  if (isCertificateCheck(request, type, body)) return { kind: 'answer', status: 200, text: '', why: null };
  if (signature === null || timestamp === null) return refuse(401, 'signature headers missing or repeated');
  if (!/^\d{1,12}$/.test(timestamp)) return refuse(401, 'timestamp malformed');
  // Both directions: Bolt accepts signatures from the future, which would make a stolen one last.
  if (Math.abs(settings.clock() / 1000 - Number(timestamp)) > WINDOW_SECONDS)
    return refuse(401, 'timestamp too far off');
  if (!isSigned(settings.signingSecret, signature, timestamp, body)) return refuse(401, 'signature does not match');

  const parsed = type === 'json' ? readObject(body.toString('utf8')) : parseForm(body.toString('utf8'));
  if (parsed === null) return refuse(400, 'body cannot be parsed');
  if (parsed['ssl_check'] === '1') return { kind: 'answer', status: 200, text: '', why: null };
  if (parsed['type'] === 'url_verification') return answerChallenge(parsed['challenge']);
  return { kind: 'deliver', body: parsed, ...retry(request) };
}

function refuse(status: number, why: string): Verdict {
  return { kind: 'answer', status, text: '', why };
}

// Node joins repeated headers with a comma, so that a second signature could hide behind the first.
function only(request: IncomingMessage, name: string): string | null {
  const values = request.headersDistinct[name];
  return values?.length === 1 ? (values[0] ?? null) : null;
}

// The parameter is allowed because proxies add it and our own parser, unlike Bolt's, can read such a body.
function mediaType(header: string | null): 'json' | 'form' | null {
  const match = /^(application\/(?:json|x-www-form-urlencoded))(?:; ?charset=utf-8)?$/i.exec(header ?? '');
  if (match === null) return null;
  return match[1]?.toLowerCase() === 'application/json' ? 'json' : 'form';
}

// Slack's look at our certificate carries no signature and wants nothing but a 200. A request with a signature header
// never takes this way out.
function isCertificateCheck(request: IncomingMessage, type: 'json' | 'form', body: Buffer): boolean {
  if (request.headers['x-slack-signature'] !== undefined || type !== 'form' || body.length > 1024) return false;
  return new URLSearchParams(body.toString('utf8')).get('ssl_check') === '1';
}

function isSigned(secret: string, signature: string, timestamp: string, body: Buffer): boolean {
  const match = /^v0=([0-9a-f]{64})$/.exec(signature);
  if (match?.[1] === undefined || secret === '') return false;
  const expected = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(match[1], 'hex'));
}

// Interactions are one field `payload` with JSON in it; slash commands are plain fields.
function parseForm(text: string): Json | null {
  const fields = new URLSearchParams(text);
  const names = [...fields.keys()];
  if (names.length === 0 || new Set(names).size !== names.length) return null;
  const payload = fields.get('payload');
  return payload === null ? Object.fromEntries(fields) : readObject(payload);
}

function answerChallenge(challenge: unknown): Verdict {
  if (typeof challenge !== 'string' || challenge.length > LONGEST_CHALLENGE) return refuse(400, 'challenge malformed');
  return { kind: 'answer', status: 200, text: challenge, why: null };
}

function retry(request: IncomingMessage): { retryNum: number | null; retryReason: string | null } {
  const num = only(request, 'x-slack-retry-num');
  const reason = only(request, 'x-slack-retry-reason');
  return {
    retryNum: num !== null && /^\d{1,3}$/.test(num) ? Number(num) : null,
    retryReason: reason !== null && /^[a-z_]{1,40}$/.test(reason) ? reason : null,
  };
}
