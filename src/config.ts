// Environment -> frozen Config. Says everything that is wrong at once and never repeats a value: any of them may be a
// secret in the wrong place. Only main, the house and the command line read it. What the settings mean is settings.ts.
import path from 'node:path';
import { inspect } from 'node:util';
import { isLoopbackHost, isLoopbackUrl, schema, type Settings, settingNames, variables } from './settings';

/** A value that shows itself only to who asks for it: not in JSON, not in logs, not in an inspected object. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

export type SlackConfig = {
  /** Null in Socket Mode where none was given. */
  readonly signingSecret: Secret | null;
  readonly botToken: Secret;
  /** Given: deliveries come over Socket Mode. */
  readonly appToken: Secret | null;
  readonly teamId: string;
  readonly apiUrl: string | null;
  /** Mail domains that this workspace vouches for; addresses in them link accounts to people. Null: not said here. */
  readonly emailAuthoritative: readonly string[] | null;
};

export type TeamsConfig = {
  /** Anonymous, for Microsoft's local playground; then there is no app and the three values below are empty. */
  readonly playground: boolean;
  readonly appId: string;
  readonly appPassword: Secret;
  readonly tenantId: string;
  readonly allowedTenants: readonly string[];
  readonly serviceHosts: readonly string[];
  readonly openIdMetadataUrl: string | null;
  readonly tokenIssuer: string | null;
  readonly loginUrl: string | null;
};

export type Config = {
  /** Null means the embedded database in `home`. */
  readonly databaseUrl: Secret | null;
  readonly migrationUrl: Secret | null;
  readonly home: string;
  readonly host: string;
  readonly port: number;
  readonly pagePort: number;
  /** Where this installation is reached from outside, without a slash at its end; null where nobody said it. */
  readonly publicUrl: string | null;
  /** A listener of its own for the metrics; null leaves them on `port`, for this machine only. */
  readonly metricsPort: number | null;
  readonly logLevel: NonNullable<Settings['LOG_LEVEL']>;
  readonly slack: SlackConfig | null;
  readonly teams: TeamsConfig | null;
  readonly administrators: readonly string[];
  /** Null: not said here. */
  readonly allowGuests: boolean | null;
  /** Whether the local page with its personas is opened. */
  readonly demo: boolean;
};

/** Everything that is wrong with the settings, one sentence each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(['The settings are not usable:', ...problems.map((problem) => `  - ${problem}`)].join('\n'));
  }
}

/** Reads the environment, or throws one ConfigError with every problem. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of settingNames) {
    const value = environment[name]?.trim();
    // A variable that is there and empty is a secret that did not arrive; going on without it could open the demo page.
    if (value === '') problems.push(`${name} is empty: give it a value or remove it.`);
    else if (value !== undefined) given[name] = value;
  }
  const defaults = Object.fromEntries(
    settingNames.flatMap((name) => (variables[name].default === '' ? [] : [[name, variables[name].default]])),
  );
  const parsed = schema.safeParse({ ...defaults, ...given });
  if (!parsed.success)
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')} ${issue.message}.`);

  const has = (name: keyof Settings): boolean => name in given || environment[name] !== undefined;
  problems.push(...crossProblems(has, given));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return freeze(toConfig(parsed.data, has));
}

const anyOf = (prefix: string, has: (name: keyof Settings) => boolean): (keyof Settings)[] =>
  settingNames.filter((name) => name.startsWith(prefix) && has(name));

// What one variable means for another. Works on what was given, so that it adds to the problems of single values.
function crossProblems(has: (name: keyof Settings) => boolean, given: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  const require = (why: string, ...names: (keyof Settings)[]): void => {
    for (const name of names) if (!has(name)) problems.push(`${name} is missing: ${why}.`);
  };

  const playground = given['TEAMS_PLAYGROUND'] === '1';
  const slack = anyOf('SLACK_', has);
  const teams = anyOf('TEAMS_', has).filter((name) => name !== 'TEAMS_PLAYGROUND');

  if (has('DATABASE_MIGRATION_URL')) require('DATABASE_MIGRATION_URL is its second door', 'DATABASE_URL');
  if (slack.length > 0) {
    require(`Slack needs it (${slack.join(', ')} given)`, 'SLACK_BOT_TOKEN', 'SLACK_TEAM_ID');
    if (!has('SLACK_APP_TOKEN') && !has('SLACK_SIGNING_SECRET'))
      problems.push('SLACK_SIGNING_SECRET is missing: give it for HTTP, or SLACK_APP_TOKEN for Socket Mode.');
  }
  if (playground) {
    if (has('TEAMS_APP_ID') || has('TEAMS_APP_PASSWORD'))
      problems.push('TEAMS_PLAYGROUND lets anybody in and cannot be used together with TEAMS_APP_ID.');
    if (!isLoopbackHost(given['HOST'] ?? variables.HOST.default))
      problems.push('TEAMS_PLAYGROUND lets anybody in, so HOST must be a loopback address.');
    // A Slack on this machine is a stand-in; a real one means real people, whom the playground could play.
    if (slack.length > 0 && !isLoopbackUrl(given['SLACK_API_URL'] ?? ''))
      problems.push('TEAMS_PLAYGROUND lets anybody in and cannot be used together with a real Slack.');
  } else if (teams.length > 0) {
    const why = `Teams needs it (${teams.join(', ')} given)`;
    require(why, 'TEAMS_APP_ID', 'TEAMS_APP_PASSWORD', 'TEAMS_TENANT_ID');
  }
  if (has('TEAMS_TOKEN_ISSUER')) require('the issuer goes with its keys', 'TEAMS_OPENID_METADATA_URL');

  const credentials = [...slack, ...(playground ? [] : teams)];
  if (given['USHER_DEMO'] === '1' && credentials.length > 0)
    problems.push(
      `USHER_DEMO=1 opens a page where anybody is anybody; it cannot be used with ${credentials.join(', ')}.`,
    );
  if (given['USHER_DEMO'] === '0' && credentials.length === 0 && !playground)
    problems.push('USHER_DEMO=0 leaves nothing to listen to: give the credentials of Slack or Teams.');

  const opens = opened(given);
  for (const [at, name] of opens.entries())
    for (const other of opens.slice(at + 1)) {
      const port = portOf(name, given);
      if (port !== '' && port !== '0' && port === portOf(other, given))
        problems.push(`${name} and ${other} are both ${port}: give one of them another port.`);
    }
  return problems;
}

const PORTS = ['PORT', 'PAGE_PORT', 'METRICS_PORT'] as const;
type Given = Readonly<Record<string, string | undefined>>;

const portOf = (name: (typeof PORTS)[number], given: Given): string => given[name]?.trim() ?? variables[name].default;

/** That of the chat endpoints opens with a platform, that of the page without one, and that of the metrics where it is given. */
function opened(given: Given): readonly (typeof PORTS)[number][] {
  const isPlayground = given['TEAMS_PLAYGROUND']?.trim() === '1';
  const isReal = settingNames.some(
    (name) => /^(SLACK|TEAMS)_/.test(name) && name !== 'TEAMS_PLAYGROUND' && given[name] !== undefined,
  );
  const isPage = !isReal && given['USHER_DEMO']?.trim() !== '0';
  return PORTS.filter((name) => ({ PORT: isReal || isPlayground, PAGE_PORT: isPage, METRICS_PORT: true })[name]);
}

/** The name of the setting that a port comes from, in an environment. */
export function portSetting(port: number, environment: Given): string {
  return opened(environment).find((name) => portOf(name, environment) === String(port)) ?? 'PORT';
}

function toConfig(values: Settings, has: (name: keyof Settings) => boolean): Config {
  const playground = values.TEAMS_PLAYGROUND === true;
  const slack = anyOf('SLACK_', has).length > 0;
  const teams = anyOf('TEAMS_', has).some((name) => name !== 'TEAMS_PLAYGROUND');
  return {
    databaseUrl: secret(values.DATABASE_URL),
    migrationUrl: secret(values.DATABASE_MIGRATION_URL),
    home: path.resolve(values.USHER_HOME ?? ''),
    host: values.HOST ?? '',
    port: values.PORT ?? 0,
    pagePort: values.PAGE_PORT ?? 0,
    publicUrl: values.PUBLIC_URL === undefined ? null : new URL(values.PUBLIC_URL).origin,
    metricsPort: values.METRICS_PORT ?? null,
    logLevel: values.LOG_LEVEL ?? 'info',
    slack: slack
      ? {
          signingSecret: secret(values.SLACK_SIGNING_SECRET),
          botToken: new Secret(values.SLACK_BOT_TOKEN ?? ''),
          appToken: secret(values.SLACK_APP_TOKEN),
          teamId: values.SLACK_TEAM_ID ?? '',
          apiUrl: values.SLACK_API_URL ?? null,
          emailAuthoritative: values.SLACK_EMAIL_AUTHORITATIVE ?? null,
        }
      : null,
    teams:
      teams || playground
        ? {
            playground,
            appId: values.TEAMS_APP_ID ?? '',
            appPassword: new Secret(values.TEAMS_APP_PASSWORD ?? ''),
            tenantId: values.TEAMS_TENANT_ID ?? '',
            allowedTenants: values.TEAMS_ALLOWED_TENANTS ?? [values.TEAMS_TENANT_ID ?? []].flat(),
            serviceHosts: values.TEAMS_SERVICE_HOSTS ?? [],
            openIdMetadataUrl: values.TEAMS_OPENID_METADATA_URL ?? null,
            tokenIssuer: values.TEAMS_TOKEN_ISSUER ?? null,
            loginUrl: values.TEAMS_LOGIN_URL ?? null,
          }
        : null,
    administrators: values.USHER_ADMINISTRATORS ?? [],
    allowGuests: values.ALLOW_GUESTS ?? null,
    demo: values.USHER_DEMO ?? (!slack && !(teams && !playground)),
  };
}

function secret(value: string | undefined): Secret | null {
  return value === undefined ? null : new Secret(value);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
