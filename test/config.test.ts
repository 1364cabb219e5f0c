// Settings: everything wrong is said at once, nothing unsafe starts, no secret shows.
import fs from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { ConfigError, portSetting, readConfig, Secret } from '../src/config';
import { settingNames, settingsTable, variables } from '../src/settings';

type Environment = Record<string, string>;

const GUID = '11111111-2222-3333-4444-555555555555';
const slack: Environment = {
  SLACK_SIGNING_SECRET: 'CANARY-signing',
  SLACK_BOT_TOKEN: 'xoxb-CANARY',
  SLACK_TEAM_ID: 'T0123ABCD',
};
const teams: Environment = { TEAMS_APP_ID: GUID, TEAMS_APP_PASSWORD: 'CANARY-password', TEAMS_TENANT_ID: GUID };
const without = (environment: Environment, name: string): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([key]) => key !== name));

const problemsOf = (environment: Environment): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

test('nothing at all is the demo on the embedded database', () => {
  expect(readConfig({ PATH: '/bin', HOME: '/root' })).toMatchObject({
    databaseUrl: null,
    home: path.resolve('.usher'),
    host: '127.0.0.1',
    port: 3978,
    pagePort: 3000,
    metricsPort: null,
    logLevel: 'info',
    slack: null,
    teams: null,
    administrators: [],
    allowGuests: null,
    demo: true,
  });
});

test('both platforms in production', () => {
  const config = readConfig({
    ...slack,
    ...teams,
    DATABASE_URL: ' postgres://usher:CANARY@db.example:5432/usher\n',
    DATABASE_MIGRATION_URL: 'postgres://owner:CANARY@/usher?host=/run/postgresql',
    HOST: '0.0.0.0',
    USHER_ADMINISTRATORS: 'Ana@Woodgrove.example, e-100,',
    SLACK_EMAIL_AUTHORITATIVE: 'woodgrove.example',
    ALLOW_GUESTS: 'Yes',
  });
  expect(config.databaseUrl?.reveal()).toBe('postgres://usher:CANARY@db.example:5432/usher');
  expect(config.slack?.signingSecret?.reveal()).toBe('CANARY-signing');
  expect(config).toMatchObject({
    host: '0.0.0.0',
    administrators: ['ana@woodgrove.example', 'e-100'],
    allowGuests: true,
    demo: false,
    slack: { teamId: 'T0123ABCD', appToken: null, apiUrl: null, emailAuthoritative: ['woodgrove.example'] },
    teams: {
      playground: false,
      tenantId: GUID,
      allowedTenants: [GUID],
      serviceHosts: ['smba.trafficmanager.net', '*.botframework.com'],
    },
  });
});

test('what has no door needs no port of its own', () => {
  expect(problemsOf({ ...slack, PORT: '3000' })).toEqual([]);
  expect(problemsOf({ PORT: '3000' })).toEqual([]);
  expect(portSetting(3000, { PORT: '3000' })).toBe('PAGE_PORT');
  expect(portSetting(3000, { ...slack, PORT: '3000' })).toBe('PORT');
  expect(portSetting(9090, { METRICS_PORT: '9090' })).toBe('METRICS_PORT');
});

test('Socket Mode needs no signing secret', () => {
  const config = readConfig({ ...without(slack, 'SLACK_SIGNING_SECRET'), SLACK_APP_TOKEN: 'xapp-1-CANARY' });
  expect(config.slack).toMatchObject({ signingSecret: null });
  expect(config.slack?.appToken?.reveal()).toBe('xapp-1-CANARY');
});

test('the playground is anonymous, on loopback, beside the demo page', () => {
  expect(readConfig({ TEAMS_PLAYGROUND: '1' })).toMatchObject({ demo: true, teams: { playground: true, appId: '' } });
});

test('the playground may meet a Slack that is a stand-in on this machine', () => {
  const give = { ...slack, TEAMS_PLAYGROUND: '1', SLACK_API_URL: 'http://127.0.0.1:9000/api/' };
  expect(readConfig(give)).toMatchObject({ demo: false, teams: { playground: true } });
});

test.each([
  ['https://usher.example.com/', 'https://usher.example.com'],
  ['https://Usher.example.com:8443', 'https://usher.example.com:8443'],
  ['http://localhost:3978', 'http://localhost:3978'],
])('%s is where it is reached: %s', (give, want) => {
  expect(readConfig({ PUBLIC_URL: give }).publicUrl).toBe(want);
});

describe('refuses', () => {
  test.each([
    'http://usher.example.com',
    'https://usher.example.com/chat',
    'https://usher.example.com?x',
    'https://ana@usher.example.com',
    'javascript:alert(1)',
    'usher.example.com',
    'https://',
    'https://a b',
    'https://x/">',
  ])('%s as the address that it is reached at', (give) => {
    expect(() => readConfig({ PUBLIC_URL: give })).toThrow(/PUBLIC_URL must be an https address/);
  });

  test.each<{ name: string; give: Environment; want: RegExp }>([
    {
      name: 'an empty signing secret',
      give: { ...slack, SLACK_SIGNING_SECRET: '' },
      want: /SLACK_SIGNING_SECRET is empty/,
    },
    {
      name: 'a blank signing secret',
      give: { ...slack, SLACK_SIGNING_SECRET: ' \n' },
      want: /SLACK_SIGNING_SECRET is empty/,
    },
    { name: 'credentials that did not arrive', give: { SLACK_BOT_TOKEN: '' }, want: /SLACK_BOT_TOKEN is empty/ },
    {
      name: 'Slack without a secret',
      give: without(slack, 'SLACK_SIGNING_SECRET'),
      want: /SLACK_SIGNING_SECRET is missing/,
    },
    { name: 'Slack without a team', give: without(slack, 'SLACK_TEAM_ID'), want: /SLACK_TEAM_ID is missing/ },
    { name: 'Slack without a token', give: without(slack, 'SLACK_BOT_TOKEN'), want: /SLACK_BOT_TOKEN is missing/ },
    {
      name: 'a user token',
      give: { ...slack, SLACK_BOT_TOKEN: 'xoxp-CANARY' },
      want: /SLACK_BOT_TOKEN must begin with xoxb-/,
    },
    {
      name: 'a Slack API over http',
      give: { ...slack, SLACK_API_URL: 'http://slack.example/api/' },
      want: /SLACK_API_URL must be an https/,
    },
    { name: 'Teams without an app', give: without(teams, 'TEAMS_APP_ID'), want: /TEAMS_APP_ID is missing/ },
    {
      name: 'Teams without a password',
      give: without(teams, 'TEAMS_APP_PASSWORD'),
      want: /TEAMS_APP_PASSWORD is missing/,
    },
    { name: 'Teams without a tenant', give: without(teams, 'TEAMS_TENANT_ID'), want: /TEAMS_TENANT_ID is missing/ },
    {
      name: 'a multi-tenant bot',
      give: { ...teams, TEAMS_APP_TYPE: 'MultiTenant' },
      want: /TEAMS_APP_TYPE must be SingleTenant/,
    },
    {
      name: 'a tenant called common',
      give: { ...teams, TEAMS_TENANT_ID: 'common' },
      want: /TEAMS_TENANT_ID must be a GUID/,
    },
    { name: 'every service host', give: { ...teams, TEAMS_SERVICE_HOSTS: '*' }, want: /TEAMS_SERVICE_HOSTS must be/ },
    {
      name: 'keys from a stranger',
      give: { ...teams, TEAMS_OPENID_METADATA_URL: 'https://evil.example/' },
      want: /TEAMS_OPENID_METADATA_URL must be an address on this machine/,
    },
    {
      name: 'a name that only looks local',
      give: { ...teams, TEAMS_LOGIN_URL: 'http://127.0.0.1.evil.example/' },
      want: /TEAMS_LOGIN_URL must be/,
    },
    {
      name: 'an issuer without keys',
      give: { ...teams, TEAMS_TOKEN_ISSUER: 'https://evil.example' },
      want: /TEAMS_OPENID_METADATA_URL is missing/,
    },
    {
      name: 'the playground with an app',
      give: { ...teams, TEAMS_PLAYGROUND: '1' },
      want: /TEAMS_PLAYGROUND.*TEAMS_APP_ID/,
    },
    {
      name: 'the playground on all addresses',
      give: { TEAMS_PLAYGROUND: '1', HOST: '0.0.0.0' },
      want: /HOST must be a loopback/,
    },
    { name: 'the playground with a real Slack', give: { ...slack, TEAMS_PLAYGROUND: '1' }, want: /real Slack/ },
    { name: 'the demo page with Slack', give: { ...slack, USHER_DEMO: '1' }, want: /USHER_DEMO=1.*SLACK_BOT_TOKEN/ },
    { name: 'the demo page with Teams', give: { ...teams, USHER_DEMO: '1' }, want: /USHER_DEMO=1.*TEAMS_APP_ID/ },
    { name: 'nothing to listen to', give: { USHER_DEMO: '0' }, want: /USHER_DEMO=0/ },
    {
      name: 'another database',
      give: { DATABASE_URL: 'mysql://a:CANARY@b/c' },
      want: /DATABASE_URL must start with postgres/,
    },
    {
      name: 'only the second door',
      give: { DATABASE_MIGRATION_URL: 'postgres://a:CANARY@b/c' },
      want: /DATABASE_URL is missing/,
    },
    { name: 'a port that is none', give: { PORT: '99999' }, want: /PORT must be a number/ },
    {
      name: 'one port twice',
      give: { PORT: '3000', TEAMS_PLAYGROUND: '1' },
      want: /PORT and PAGE_PORT are both 3000/,
    },
    {
      name: 'one port twice beside a platform',
      give: { ...slack, PORT: '9', METRICS_PORT: '9' },
      want: /PORT and METRICS_PORT are both 9/,
    },
    { name: 'an unknown level', give: { LOG_LEVEL: 'CANARY' }, want: /LOG_LEVEL must be error/ },
    {
      name: 'a domain that is an address',
      give: { ...slack, SLACK_EMAIL_AUTHORITATIVE: 'a@b.example' },
      want: /SLACK_EMAIL_AUTHORITATIVE must be/,
    },
    { name: 'perhaps', give: { ALLOW_GUESTS: 'perhaps' }, want: /ALLOW_GUESTS must be yes or no/ },
  ])('$name', ({ give, want }) => {
    const problems = problemsOf(give);
    expect(problems.filter((problem) => want.test(problem))).toHaveLength(1);
    expect(problems.join()).not.toContain('CANARY');
  });

  test('everything at once, and names nothing twice', () => {
    const problems = problemsOf({ PORT: 'x', LOG_LEVEL: 'x', SLACK_TEAM_ID: '', TEAMS_APP_ID: 'x', USHER_DEMO: '1' });
    for (const name of ['PORT', 'LOG_LEVEL', 'SLACK_TEAM_ID', 'TEAMS_APP_ID', 'TEAMS_APP_PASSWORD', 'SLACK_BOT_TOKEN'])
      expect(problems.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1);
    expect(problems.some((problem) => problem.startsWith('USHER_DEMO=1'))).toBe(true);
    expect(new ConfigError(problems).message.split('\n')).toHaveLength(problems.length + 1);
  });
});

describe('a secret', () => {
  const config = readConfig({ ...slack, ...teams, DATABASE_URL: 'postgres://usher:CANARY@db.example/usher' });

  test.each<[string, () => string]>([
    ['JSON', () => JSON.stringify(config)],
    ['an inspected object', () => inspect(config, { depth: null, showHidden: true })],
    ['a template', () => `${String(config.databaseUrl)} ${String(config.slack?.botToken)}`],
    ['a list of its properties', () => JSON.stringify(Object.getOwnPropertyDescriptors(new Secret('CANARY')))],
  ])('does not show in %s', (_, show) => {
    expect(show()).not.toContain('CANARY');
  });

  test('shows to who asks for it', () => {
    expect(new Secret('CANARY').reveal()).toBe('CANARY');
  });
});

test('the configuration cannot be changed', () => {
  const config = readConfig(slack);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.slack)).toBe(true);
  expect(Object.isFrozen(config.administrators)).toBe(true);
});

describe('the table of settings', () => {
  test('in the README is the one of the code', () => {
    const readme = fs.readFileSync(path.resolve(__dirname, '..', 'README.md'), 'utf8');
    const shown = /<!-- settings -->\n([\s\S]*?)<!-- \/settings -->/.exec(readme)?.[1] ?? '';
    const plain = (text: string): string => text.trim().replace(/ +/g, ' ').replace(/-{3,}/g, '---');
    expect(plain(shown)).toBe(plain(settingsTable()));
  });

  test('marks what is a credential as secret', () => {
    const secrets = settingNames.filter((name) => /SECRET|TOKEN$|PASSWORD|DATABASE/.test(name));
    expect(settingNames.filter((name) => variables[name].secret === true)).toEqual(secrets);
  });

  test('holds every variable that the sources read', () => {
    const read = new Set<string>();
    for (const file of fs.readdirSync(path.resolve(__dirname, '..', 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = fs.readFileSync(path.resolve(__dirname, '..', 'src', file), 'utf8');
      for (const [, one] of text.matchAll(/process\.env(?:\.|\[')(\w+)/g)) if (one !== undefined) read.add(one);
    }
    // PATH is handed on to the embedded server; all else goes through the configuration.
    expect([...read].filter((name) => name !== 'PATH' && !(settingNames as string[]).includes(name))).toEqual([]);
  });
});
