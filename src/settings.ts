// Every environment variable: what it may hold and what it means. The table of the README is printed from here, and a
// test compares the two. How they belong together is config.ts.
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { addressProblem } from './store/address';

/** Whether a listening address can only be reached from this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Whether a URL points to this machine, by address: names other than `localhost` could be made to resolve anywhere. */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

// Messages continue the name of the variable: "PORT must be a number from 0 to 65535".
const must = (holds: (value: string) => boolean, message: string): z.ZodType<string, string> =>
  z.string().refine(holds, { error: `must ${message}` });

const databaseUrl = z.string().check((check) => {
  const problem = addressProblem(check.value);
  if (problem !== undefined) check.issues.push({ code: 'custom', message: problem, input: undefined });
});
const port = must(
  (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
  'be a number from 0 to 65535',
).transform(Number);
const guid = must(
  (value) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  'be a GUID like 00000000-0000-0000-0000-000000000000',
);
const begins = (prefix: string): z.ZodType<string, string> =>
  must((value) => value.startsWith(prefix) && value.length > prefix.length, `begin with ${prefix}`);
const safeUrl = must(
  (value) =>
    URL.canParse(value) &&
    (new URL(value).protocol === 'https:' || (value.startsWith('http:') && isLoopbackUrl(value))),
  'be an https address, or http on this machine',
);
const ORIGIN = /^https?:\/\/[a-z0-9.:[\]-]+\/?$/i;
const isOrigin = (value: string): boolean => ORIGIN.test(value) && safeUrl.safeParse(value).success;
// These decide whom the bot believes, so that a variable alone must never point them to a stranger.
const localUrl = must(isLoopbackUrl, 'be an address on this machine; it is only for local stand-ins');
const yesNo = must((value) => /^(?:1|0|yes|no|true|false)$/i.test(value), 'be yes or no').transform((value) =>
  /^(?:1|yes|true)$/i.test(value),
);
const oneZero = must((value) => value === '1' || value === '0', 'be 1 or 0').transform((value) => value === '1');
const list = (item: RegExp, what: string): z.ZodType<string[], string> =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim().toLowerCase())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length > 0 && parts.every((part) => item.test(part)), {
      error: `must be ${what}, separated by commas`,
    });

/** Unset is undefined; defaults are filled in before, from the table below. */
export const schema = z.object({
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_MIGRATION_URL: databaseUrl.optional(),
  USHER_HOME: z.string().optional(),
  HOST: must((value) => /^[a-z0-9.:-]+$/i.test(value), 'be an address or a host name').optional(),
  PORT: port.optional(),
  PAGE_PORT: port.optional(),
  METRICS_PORT: port.optional(),
  PUBLIC_URL: must(isOrigin, 'be an https address (or http on this machine) without a path').optional(),
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug', 'silent'], { error: 'must be error, warn, info, debug or silent' })
    .optional(),
  USHER_ADMINISTRATORS: list(/^\S+$/, 'mail addresses or keys of the directory').optional(),
  ALLOW_GUESTS: yesNo.optional(),
  USHER_DEMO: oneZero.optional(),
  SLACK_SIGNING_SECRET: z.string().optional(),
  SLACK_BOT_TOKEN: begins('xoxb-').optional(),
  SLACK_APP_TOKEN: begins('xapp-').optional(),
  SLACK_TEAM_ID: must((value) => /^T[A-Z0-9]+$/.test(value), 'look like T0123ABCD').optional(),
  SLACK_EMAIL_AUTHORITATIVE: list(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, 'mail domains like example.com').optional(),
  SLACK_API_URL: safeUrl.optional(),
  TEAMS_APP_ID: guid.optional(),
  TEAMS_APP_PASSWORD: z.string().optional(),
  TEAMS_TENANT_ID: guid.optional(),
  TEAMS_APP_TYPE: must((value) => value === 'SingleTenant', 'be SingleTenant').optional(),
  TEAMS_ALLOWED_TENANTS: list(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'GUIDs').optional(),
  // At least two labels after a wildcard, so that `*.com` or `*` cannot be written.
  TEAMS_SERVICE_HOSTS: list(
    /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/,
    'host names, *. in front for any below',
  ).optional(),
  TEAMS_OPENID_METADATA_URL: localUrl.optional(),
  TEAMS_TOKEN_ISSUER: z.string().optional(),
  TEAMS_LOGIN_URL: localUrl.optional(),
  TEAMS_PLAYGROUND: oneZero.optional(),
});

export type Settings = z.output<typeof schema>;

type Variable = {
  /** When it must be given. */
  readonly required: string;
  /** Filled in where nothing is given; empty for none. */
  readonly default: string;
  readonly meaning: string;
  readonly secret?: true;
};

/** The settings table, in the order of the README. */
export const variables: Readonly<Record<keyof Settings, Variable>> = {
  DATABASE_URL: {
    required: 'no',
    default: '',
    meaning:
      'PostgreSQL 15 or newer, `postgres://user:password@host:5432/name`. Its role must be neither superuser nor owner of the database or the tables. Unset: the embedded database in `USHER_HOME`, for one process, also with a real workspace.',
    secret: true,
  },
  DATABASE_MIGRATION_URL: {
    required: 'no',
    default: '',
    meaning:
      'The same database as the role that owns the tables; only `start` and `migrate` use it. Unset: the start only checks that nothing is pending, and `usher migrate` runs elsewhere.',
    secret: true,
  },
  USHER_HOME: { required: 'no', default: '.usher', meaning: 'Folder of the embedded database.' },
  HOST: {
    required: 'in containers',
    default: '127.0.0.1',
    meaning: 'Address on which the chat endpoints listen; `0.0.0.0` for all, behind a proxy that speaks https.',
  },
  PORT: {
    required: 'no',
    default: '3978',
    meaning: 'Port of the chat endpoints, `/healthz` and `/readyz`, which open with Slack or Teams only.',
  },
  PAGE_PORT: { required: 'no', default: '3000', meaning: 'Port of the local page, which listens on loopback only.' },
  METRICS_PORT: {
    required: 'no',
    default: '',
    meaning:
      'A listener of its own for `/metrics` on `HOST`, open to whoever reaches it. Unset: on `PORT`, for this machine only.',
  },
  PUBLIC_URL: {
    required: 'no',
    default: '',
    meaning:
      'Where people and platforms reach the chat endpoints, `https://usher.example.com`: the links to packages that people share lead there. Unset: they lead into Teams and Slack.',
  },
  LOG_LEVEL: { required: 'no', default: 'info', meaning: '`error`, `warn`, `info`, `debug` or `silent`.' },
  USHER_ADMINISTRATORS: {
    required: 'no',
    default: '',
    meaning: 'Administrators by mail address or key of the directory, separated by commas.',
  },
  ALLOW_GUESTS: {
    required: 'no',
    default: '',
    meaning:
      '`yes` lets guests of the own workspace or tenant in, `no` keeps them out, whatever a file says. Unset: what a file says; else no. Apply the file once more after an upgrade.',
  },
  USHER_DEMO: {
    required: 'no',
    default: '',
    meaning:
      '`1` opens the local page, where anybody plays any persona; impossible together with credentials. Unset: on exactly when there are none. `0` keeps it shut.',
  },
  SLACK_SIGNING_SECRET: {
    required: 'for Slack over HTTP',
    default: '',
    meaning: 'Proves that a delivery comes from Slack.',
    secret: true,
  },
  SLACK_BOT_TOKEN: { required: 'for Slack', default: '', meaning: "The bot's token, `xoxb-…`.", secret: true },
  SLACK_APP_TOKEN: {
    required: 'for Slack without a public address',
    default: '',
    meaning: 'App-level token, `xapp-…`. Given: Usher connects to Slack (Socket Mode) and needs no HTTP.',
    secret: true,
  },
  SLACK_TEAM_ID: { required: 'for Slack', default: '', meaning: 'The workspace, `T…`. All others are refused.' },
  SLACK_EMAIL_AUTHORITATIVE: {
    required: 'no',
    default: '',
    meaning:
      'Mail domains that the workspace vouches for, separated by commas: an account with such an address is the person with that address. Counts instead of `authoritativeDomains` of a file. Unset: what a file says. Apply the file once more after an upgrade.',
  },
  SLACK_API_URL: { required: 'no', default: '', meaning: 'Another Slack API: https, or a stand-in on this machine.' },
  TEAMS_APP_ID: { required: 'for Teams', default: '', meaning: "The bot's app registration, a GUID." },
  TEAMS_APP_PASSWORD: { required: 'for Teams', default: '', meaning: 'Its client secret.', secret: true },
  TEAMS_TENANT_ID: { required: 'for Teams', default: '', meaning: 'The tenant of the registration, a GUID.' },
  TEAMS_APP_TYPE: { required: 'no', default: '', meaning: 'Only `SingleTenant`, in case your templates set it.' },
  TEAMS_ALLOWED_TENANTS: {
    required: 'no',
    default: '',
    meaning: 'Tenants whose people may talk to the bot, separated by commas. Unset: `TEAMS_TENANT_ID`.',
  },
  TEAMS_SERVICE_HOSTS: {
    required: 'no',
    default: 'smba.trafficmanager.net, *.botframework.com',
    meaning: 'Hosts that the bot sends its token to.',
  },
  TEAMS_OPENID_METADATA_URL: {
    required: 'no',
    default: '',
    meaning: 'Keys of a stand-in for the Bot Framework on this machine.',
  },
  TEAMS_TOKEN_ISSUER: { required: 'no', default: '', meaning: 'Issuer of the tokens of such a stand-in.' },
  TEAMS_LOGIN_URL: { required: 'no', default: '', meaning: 'Where the bot gets its own token from, on this machine.' },
  TEAMS_PLAYGROUND: {
    required: 'no',
    default: '',
    meaning:
      "`1` lets Microsoft's local playground in without any token; only on loopback, without `TEAMS_APP_ID` and without a real Slack, and only on a database that was new for it or for the demo.",
  },
};

export const settingNames = Object.keys(variables) as (keyof Settings)[];

/** The table for the README, in Markdown. */
export function settingsTable(): string {
  const rows = settingNames.map((name) => {
    const { required, default: value, meaning, secret } = variables[name];
    return `| \`${name}\` | ${required} | ${value === '' ? '' : `\`${value}\``} | ${secret === true ? 'Secret. ' : ''}${meaning} |`;
  });
  return ['| variable | required | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
