// Who may speak to the local page: a browser on this computer that loaded the page from us. Refuses DNS rebinding by
// the Host header, other sites by Origin and Sec-Fetch-Site. What a persona may do is not decided here.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Ends a request with a status and a code that the page understands; never with details. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(`${status} ${code}`);
  }
}

/** Only these names, with our own port: a name that an attacker's DNS points to 127.0.0.1 is not among them. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Throws unless the request was addressed to this computer by its own name. */
export function requireHost(request: IncomingMessage, port: number): string {
  const host = request.headers.host?.toLowerCase();
  if (host === undefined || !LOOPBACK.some((name) => host === `${name}:${port}`)) throw new Refusal(421, 'host');
  return host;
}

/**
 * Throws unless our own page made the request. Another port of localhost is the same *site*, so SameSite cookies travel
 * with its requests: only `same-origin` is good. Old browsers send no Sec-Fetch-Site; acting then rests on Origin and token.
 */
export function requireSameOrigin(request: IncomingMessage, host: string): void {
  const site = request.headers['sec-fetch-site'];
  const reading = request.method === 'GET';
  if (site !== undefined && site !== 'same-origin' && !(reading && site === 'none')) throw new Refusal(403, 'site');
  const origin = request.headers.origin;
  if (origin === undefined && reading) return;
  if (origin !== `http://${host}`) throw new Refusal(403, 'origin');
}

/** Scripts and styles from our own files only; nothing of the page may be framed, posted elsewhere or loaded from the net. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Set on every answer of the page, refusals included. */
export function guardHeaders(response: ServerResponse): void {
  response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
}
