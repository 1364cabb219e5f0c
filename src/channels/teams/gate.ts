// Who may speak to us. botbuilder 4.23.3 lets more in than Teams: any Entra token whose client and audience are the bot's
// app id, any body, any serviceUrl. This gate stands before and behind its check; onTurnError and everything else that
// talks to `serviceUrl` comes after it. What the sender may do is decided elsewhere.
import type { ConfigurationBotFrameworkAuthentication } from 'botbuilder';
import { isLoopback, mayServe, mayUse, type TeamsSettings } from './options';

type Sdk = typeof import('botbuilder');
type Identity = Awaited<ReturnType<ConfigurationBotFrameworkAuthentication['authenticateRequest']>>;
export type Activity = Parameters<ConfigurationBotFrameworkAuthentication['authenticateRequest']>[0];
type AuthenticationArguments = ConstructorParameters<typeof ConfigurationBotFrameworkAuthentication>;
export type CredentialsFactory = NonNullable<AuthenticationArguments[1]>;
export type ConnectorOptions = NonNullable<AuthenticationArguments[4]>;

/** A delivery that is turned away. `code` is for the log; the sender gets the status and nothing else (row 42). */
export class GateError extends Error {
  override readonly name = 'GateError';
  constructor(
    readonly status: 401 | 403 | 503,
    readonly code: string,
    /** Who it was, where the token was good. */
    readonly account: Readonly<Record<string, string | null>> = {},
  ) {
    super(code);
  }
}

/** The SDK's authentication with our conditions around it. */
export function createGate(
  sdk: Sdk,
  settings: TeamsSettings,
  credentials: CredentialsFactory,
  connector: ConnectorOptions,
): ConfigurationBotFrameworkAuthentication {
  class Gate extends sdk.ConfigurationBotFrameworkAuthentication {
    override async authenticateRequest(activity: Activity, header: string): Promise<Identity> {
      // First, since the SDK takes other ways for other channels ("AseChannel" has keys of its own) and skips the
      // endorsement of the key for none.
      if (activity.channelId !== 'msteams') throw new GateError(401, 'other channel');
      if (!settings.playground) refuseOtherIssuers(settings, header);
      const identity = await verified(settings, super.authenticateRequest(activity, header));
      checkSender(settings, activity, (claim) => identity.claimsIdentity.getClaimValue(claim));
      return identity;
    }

    // The streaming door (web sockets, named pipes) has no activity to look at, so it stays shut.
    override authenticateStreamingRequest(): Promise<Identity> {
      return Promise.reject(new GateError(401, 'streaming'));
    }
  }

  return new Gate(
    {
      MicrosoftAppId: settings.appId,
      MicrosoftAppTenantId: settings.tenantId,
      ToChannelFromBotLoginUrl: settings.loginUrl,
      ToChannelFromBotOAuthScope: 'https://api.botframework.com',
      ToBotFromChannelTokenIssuer: settings.tokenIssuer,
      ToBotFromChannelOpenIdMetadataUrl: settings.openIdMetadataUrl,
      // The emulator's keys are never used: refuseOtherIssuers keeps its tokens out. Without a value the SDK throws.
      ToBotFromEmulatorOpenIdMetadataUrl: settings.openIdMetadataUrl,
      OAuthUrl: 'https://token.botframework.com',
      ValidateAuthority: true,
    },
    credentials,
    undefined,
    undefined,
    connector,
  );
}

// Before the SDK sees the token: it would add the issuer of any unverified Entra token to a list that never shrinks, so
// that strangers could fill our memory. The claim read here proves nothing; checkSender looks at the verified one.
function refuseOtherIssuers(settings: TeamsSettings, header: string): void {
  const [scheme, token, ...rest] = header.split(' ');
  if (scheme !== 'Bearer' || token === undefined || rest.length > 0) throw new GateError(401, 'no token');
  const [, payload] = token.split('.');
  if (claimsIn(payload ?? '')['iss'] !== settings.tokenIssuer) throw new GateError(401, 'other issuer');
}

function claimsIn(part: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function verified(settings: TeamsSettings, check: Promise<Identity>): Promise<Identity> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // The SDK fetches signing keys without any timeout.
    timer = setTimeout(() => {
      reject(new GateError(503, 'signing keys late'));
    }, settings.remoteTimeoutMs);
  });
  try {
    return await Promise.race([check, late]);
  } catch (error) {
    throw refusal(error);
  } finally {
    clearTimeout(timer);
  }
}

// A broken signature leaves the SDK as a JsonWebTokenError without a status; keys that cannot be fetched leave it with 500.
function refusal(error: unknown): GateError {
  if (error instanceof GateError) return error;
  const { name, statusCode } = error as { name?: unknown; statusCode?: unknown };
  if (statusCode === 401) return new GateError(401, 'token refused');
  if (name === 'JsonWebTokenError' || name === 'TokenExpiredError' || name === 'NotBeforeError') {
    return new GateError(401, name);
  }
  return new GateError(503, 'signing keys unavailable');
}

function checkSender(settings: TeamsSettings, activity: Activity, claim: (name: string) => string | null): void {
  const serviceUrl: unknown = activity.serviceUrl;
  if (typeof serviceUrl !== 'string' || serviceUrl === '') throw new GateError(401, 'no service URL');
  if (settings.playground) {
    if (!isLoopback(serviceUrl)) throw new GateError(401, 'service URL not on loopback');
  } else {
    if (claim('iss') !== settings.tokenIssuer) throw new GateError(401, 'other issuer');
    // The SDK checks an end that is there; a token without one would be good for ever.
    if (claim('exp') === null) throw new GateError(401, 'no end');
    if (claim('aud') !== settings.appId) throw new GateError(401, 'other audience');
    if (claim('serviceurl') !== serviceUrl) throw new GateError(401, 'service URL unlike the claim');
    if (!mayServe(settings, serviceUrl)) throw new GateError(401, 'service host not allowed');
  }
  const tenants = tenantsOf(activity);
  if (tenants.length === 0) throw new GateError(401, 'no tenant');
  const stranger = tenants.find((tenant) => !mayUse(settings, tenant));
  // The delivery is Microsoft's and says who it is; only the person is none of ours.
  if (stranger !== undefined) throw new GateError(403, 'tenant not allowed', accountOf(activity, stranger));
}

const GUID = /^[0-9a-f-]{36}$/i;

// Ids that have their form: nothing else of a stranger's goes into the log.
function accountOf(activity: Activity, tenant: string): Readonly<Record<string, string | null>> {
  const user: unknown = (activity.from as { aadObjectId?: unknown } | null | undefined)?.aadObjectId;
  return {
    tenant: GUID.test(tenant) ? tenant : null,
    user: typeof user === 'string' && GUID.test(user) ? user : null,
  };
}

/** Every tenant that an activity names, the conversation's first. */
export function tenantsOf(activity: { readonly conversation?: unknown; readonly channelData?: unknown }): string[] {
  const { conversation, channelData } = activity as {
    conversation?: { tenantId?: unknown } | null;
    channelData?: { tenant?: { id?: unknown } | null } | null;
  };
  return [conversation?.tenantId, channelData?.tenant?.id].filter(
    (tenant): tenant is string => typeof tenant === 'string' && tenant !== '',
  );
}
