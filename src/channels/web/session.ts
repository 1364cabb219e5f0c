// Who this browser is: a persona in a signed cookie, and the token that a page must show to act with that cookie.
// A persona is chosen, never proven: such identities exist only in the demo.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Session {
  /** Names the browser, so that its tokens die with its cookie. */
  readonly id: string;
  readonly persona: string | null;
}

export interface Sessions {
  /** A new browser without a persona. */
  fresh(): Session;
  /** The session in a `Cookie` header, or null where there is none or its signature is not ours. */
  read(cookieHeader: string | undefined): Session | null;
  /** `Set-Cookie` value. */
  cookie(session: Session): string;
  /** Bound to browser and persona: a tab that still shows another persona is refused and learns of the change. */
  token(session: Session): string;
  holds(session: Session, token: string | undefined): boolean;
}

export interface SessionOptions {
  readonly secret: string;
  /** Cookies do not know ports: two demos on one computer would take each other's persona without it in the name. */
  readonly port: () => number;
}

/** Signs and checks the page's sessions. */
export function createSessions({ secret, port }: SessionOptions): Sessions {
  if (secret.length < 16) throw new Error('the secret of the web channel needs at least 16 characters');
  const name = (): string => `usher_${port()}`;
  const sign = (purpose: string, text: string): string =>
    createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('base64url');
  const payload = (session: Session): string =>
    Buffer.from(JSON.stringify([session.id, session.persona])).toString('base64url');
  const token = (session: Session): string => sign('csrf', payload(session));

  return {
    fresh: () => ({ id: randomBytes(16).toString('base64url'), persona: null }),
    read(header) {
      const value = cookieValue(header, name());
      if (value === null) return null;
      const [body = '', signature = '', ...rest] = value.split('.');
      if (rest.length > 0 || !same(signature, sign('session', body))) return null;
      return parse(body);
    },
    cookie(session) {
      const body = payload(session);
      return `${name()}=${body}.${sign('session', body)}; Path=/; HttpOnly; SameSite=Strict`;
    },
    token,
    holds: (session, given) => given !== undefined && same(given, token(session)),
  };
}

function parse(body: string): Session | null {
  // The signature was ours, so this is JSON of our own; the checks are for an older version's cookie.
  const value: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  if (!Array.isArray(value)) return null;
  const [id, persona] = value as unknown[];
  if (typeof id !== 'string' || (persona !== null && typeof persona !== 'string')) return null;
  return { id, persona };
}

function cookieValue(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

function same(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}
