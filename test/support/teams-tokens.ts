// The Bot Framework's token issuer for tests: one RSA key with endorsements, tokens right by default and wrong on demand.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

export const CHANNEL_ISSUER = 'https://api.botframework.com';

export interface TokenChange {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed with a key that the issuer never published. */
  readonly otherKey?: boolean;
}

/** Issues channel tokens and publishes its key. */
export class TeamsTokens {
  readonly #kid = randomUUID();
  readonly #keys = keyPair('published');

  constructor(readonly appId: string) {}

  jwks(): object {
    const { n, e } = this.#keys.publicKey.export({ format: 'jwk' });
    return { keys: [{ kty: 'RSA', use: 'sig', kid: this.#kid, x5t: this.#kid, n, e, endorsements: ['msteams'] }] };
  }

  /** A token for one service URL, as Teams would send it. */
  token(serviceUrl: string, change: TokenChange = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'RS256', typ: 'JWT', kid: this.#kid, x5t: this.#kid, ...change.header };
    const claims = {
      serviceurl: serviceUrl,
      nbf: now,
      iat: now,
      exp: now + 3600,
      iss: CHANNEL_ISSUER,
      aud: this.appId,
      ...change.claims,
    };
    const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    if (header.alg === 'none') return `${content}.`;
    const key = change.otherKey === true ? keyPair('other').privateKey : this.#keys.privateKey;
    return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
  }
}

// Making a key takes a tenth of a second, so one process makes each once.
const pairs = new Map<string, ReturnType<typeof newPair>>();

function newPair() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function keyPair(name: 'published' | 'other') {
  const pair = pairs.get(name) ?? newPair();
  pairs.set(name, pair);
  return pair;
}
