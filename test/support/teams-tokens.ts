// The Bot Framework's token issuer for tests: one RSA key with endorsements, tokens right by default and wrong on demand.
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

export const CHANNEL_ISSUER = 'https://api.botframework.com';

export interface TokenChange {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed with a key that the issuer never published. */
  readonly otherKey?: boolean;
  /** Signed with a key that the issuer published for another channel. */
  readonly otherChannel?: boolean;
}

/** Issues channel tokens and publishes its key. */
export class TeamsTokens {
  readonly #kid = randomUUID();
  readonly #keys = keyPair('published');
  readonly #otherKid = randomUUID();

  constructor(readonly appId: string) {}

  jwks(): object {
    const published = (kid: string, pair: ReturnType<typeof newPair>, channel: string): object => {
      const { n, e } = pair.publicKey.export({ format: 'jwk' });
      return { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e, endorsements: [channel] };
    };
    return {
      keys: [published(this.#kid, this.#keys, 'msteams'), published(this.#otherKid, keyPair('webchat'), 'webchat')],
    };
  }

  /** A token for one service URL, as Teams would send it. */
  token(serviceUrl: string, change: TokenChange = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const kid = change.otherChannel === true ? this.#otherKid : this.#kid;
    const header = { alg: 'RS256', typ: 'JWT', kid, x5t: kid, ...change.header };
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
    const pair =
      change.otherKey === true ? keyPair('other') : change.otherChannel === true ? keyPair('webchat') : this.#keys;
    return `${content}.${sign('sha256', Buffer.from(content), pair.privateKey).toString('base64url')}`;
  }
}

// Making a key takes a tenth of a second, so one process makes each once.
const pairs = new Map<string, ReturnType<typeof newPair>>();

function newPair() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function keyPair(name: 'published' | 'other' | 'webchat') {
  const pair = pairs.get(name) ?? newPair();
  pairs.set(name, pair);
  return pair;
}
