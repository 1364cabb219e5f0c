// What the Teams channel needs to know, checked before anything starts: a bot that would listen to anybody does not start.
// Reading the environment is config's work.
import { createRefusals, type Refusals } from '../../chat/refusals';
import type { ChannelError } from '../../chat/channel';
import type { Log } from '../../log';

/** Settings of `createTeamsChannel`. The three overrides exist for local stand-ins and accept loopback only. */
export interface TeamsOptions {
  /** The bot's app registration, used for nothing else: any token issued to it as client could otherwise be turned against us. */
  readonly appId: string;
  readonly appPassword: string;
  /** Tenant that issues the bot's own tokens. A GUID: `common` and `organizations` would make it a multi-tenant bot. */
  readonly tenantId: string;
  /** Tenants whose people may talk to this bot (row 40). */
  readonly allowedTenants: readonly string[];
  /** Hosts that a conversation may live on; `*.` in front stands for any label before it. */
  readonly serviceHosts: readonly string[];
  readonly openIdMetadataUrl?: string;
  readonly tokenIssuer?: string;
  readonly loginUrl?: string;
  /** Microsoft's local playground, which sends no token: only without an app id, only from and to loopback. */
  readonly playground: boolean;
  readonly clock?: () => Date;
  readonly log: Log;
  /** Hears of what is turned away. */
  readonly refusals?: Refusals;
  /** Hears why a call in a tenant failed that nothing else hangs on, so that others wait as long as Teams says. */
  readonly heed?: (tenant: string, error: ChannelError) => Promise<void>;
  /** How long an invoke may take before it is answered with "still working". Teams' budget is 3 s in all. */
  readonly patienceMs?: number;
  /** How long a remote call may take. */
  readonly remoteTimeoutMs?: number;
  /** How long a stop waits for what is under way. */
  readonly stopMs?: number;
}

/** The options with every default filled in. */
export interface TeamsSettings extends Required<TeamsOptions> {
  /** Whether http on loopback is acceptable: only with local stand-ins or the playground. */
  readonly local: boolean;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// At least two labels after the wildcard, so that `*.com` or `*` cannot be written.
const HOST = /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

/** Fills in defaults, or throws one Error that names every problem (row 41). */
export function checkOptions(options: TeamsOptions): TeamsSettings {
  const problems: string[] = [];
  const must = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };

  if (options.playground) {
    must(options.appId === '' && options.appPassword === '', 'the playground cannot be used together with an app id');
  } else {
    must(GUID.test(options.appId), 'the app id must be a GUID');
    must(options.appPassword !== '', 'the app password is missing');
    must(GUID.test(options.tenantId), 'the tenant id must be a GUID: the bot is single-tenant');
    must(options.allowedTenants.length > 0, 'at least one tenant must be allowed');
    must(options.serviceHosts.length > 0, 'at least one service host must be allowed');
  }
  for (const tenant of options.allowedTenants) must(GUID.test(tenant), `allowed tenant ${tenant} is not a GUID`);
  for (const host of options.serviceHosts) must(HOST.test(host), `service host ${host} is not a host name`);
  for (const [name, url] of [
    ['OpenID metadata URL', options.openIdMetadataUrl],
    ['login URL', options.loginUrl],
  ] as const) {
    if (url !== undefined) must(isLoopback(url), `the ${name} can only be changed to a loopback address`);
  }
  must(
    options.tokenIssuer === undefined || options.openIdMetadataUrl !== undefined,
    'the token issuer can only be changed together with the OpenID metadata URL',
  );
  if (problems.length > 0) throw new Error(`Microsoft Teams is not set up safely: ${problems.join('; ')}.`);

  return {
    openIdMetadataUrl: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
    tokenIssuer: 'https://api.botframework.com',
    loginUrl: 'https://login.microsoftonline.com',
    clock: () => new Date(),
    patienceMs: 2_500,
    remoteTimeoutMs: 10_000,
    stopMs: 3_000,
    refusals: createRefusals(options.log),
    heed: () => Promise.resolve(),
    ...options,
    allowedTenants: options.allowedTenants.map((tenant) => tenant.toLowerCase()),
    serviceHosts: options.serviceHosts.map((host) => host.toLowerCase()),
    local: options.playground || options.openIdMetadataUrl !== undefined,
  };
}

/** Whether a URL points to this machine, by address: names other than `localhost` could be made to resolve anywhere. */
export function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Whether the bot may talk to this service URL: https on a host of the list, or http on loopback for local stand-ins. */
export function mayServe(settings: TeamsSettings, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return false;
  if (settings.local && isLoopback(url)) return protocol === 'http:' || protocol === 'https:';
  if (settings.playground || protocol !== 'https:') return false;
  return settings.serviceHosts.some((host) =>
    host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host,
  );
}

/** Whether people of this tenant may talk to the bot. The playground without a list accepts the tenant it makes up. */
export function mayUse(settings: TeamsSettings, tenant: string): boolean {
  if (settings.playground && settings.allowedTenants.length === 0) return tenant !== '';
  return settings.allowedTenants.includes(tenant.toLowerCase());
}
