// The bot's own tokens for what it sends: the client-credentials grant of its tenant, one request at a time, kept until
// shortly before they end. The SDK's MSAL client has no deadline and refuses a local login server, hence our own.
import { readAnswer } from '../../chat/body';
import { ChannelError } from '../../chat/channel';
import type { CredentialsFactory } from './gate';
import type { TeamsSettings } from './options';

const SCOPE = 'https://api.botframework.com/.default';
const EARLY_MS = 5 * 60_000; // renewed this long before the end, so that no call carries a token that ends under way

export interface Credentials {
  readonly factory: CredentialsFactory;
  /** Drops the token that the connector refused, so that the next attempt asks for a new one. */
  forget(): void;
}

/** Credentials for the SDK's outgoing calls; in the playground calls are not signed. */
export function createCredentials(settings: TeamsSettings): Credentials {
  let held: { readonly token: Promise<string>; readonly until: () => number } | null = null;

  const token = (): Promise<string> => {
    if (held !== null && settings.clock().getTime() < held.until()) return held.token;
    let until = Infinity; // while the request is under way everybody waits for the same one
    const asked = requestToken(settings).then((got) => {
      until = settings.clock().getTime() + got.seconds * 1000 - EARLY_MS;
      return got.token;
    });
    const mine = { token: asked, until: () => until };
    held = mine;
    asked.catch(() => {
      if (held === mine) held = null;
    });
    return asked;
  };

  return {
    factory: {
      isValidAppId: (id) => Promise.resolve(id === settings.appId),
      isAuthenticationDisabled: () => Promise.resolve(settings.playground),
      createCredentials: () =>
        Promise.resolve({
          signRequest: async (request) => {
            if (!settings.playground) request.headers.set('authorization', `Bearer ${await token()}`);
            return request;
          },
        }),
    },
    forget: () => {
      held = null;
    },
  };
}

async function requestToken(settings: TeamsSettings): Promise<{ token: string; seconds: number }> {
  const url = `${settings.loginUrl.replace(/\/$/, '')}/${settings.tenantId}/oauth2/v2.0/token`;
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: settings.appId,
        client_secret: settings.appPassword,
        scope: SCOPE,
      }),
      signal: AbortSignal.timeout(settings.remoteTimeoutMs),
    });
    answer = JSON.parse((await readAnswer(response)).toString('utf8'));
  } catch {
    throw new ChannelError('later', 'login_unavailable');
  }
  const fields = (answer ?? {}) as { access_token?: unknown; expires_in?: unknown; error?: unknown };
  if (response.ok && typeof fields.access_token === 'string') {
    return { token: fields.access_token, seconds: Number(fields.expires_in) || 0 };
  }
  // Also for a wrong or expired secret: the messages are fine and go out once the setting is repaired.
  const code = typeof fields.error === 'string' && /^[\w-]{1,64}$/.test(fields.error) ? fields.error : 'unknown';
  settings.log.error({ status: response.status, code }, 'Entra refuses the bot a token');
  throw new ChannelError('later', `login_${code}`);
}
