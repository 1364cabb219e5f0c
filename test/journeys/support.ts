// The whole Usher as it runs in production, for the journeys: `startUsher` on a database of its own with a role that owns
// nothing, Slack and Teams as stand-in servers beside it, its own workers and jobs running. Nothing of Usher is replaced.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { readConfig } from '../../src/config';
import { connectors } from '../../src/connectors';
import { jobs } from '../../src/jobs';
import { createGates } from '../../src/jobs/gate';
import { createLog } from '../../src/log';
import { openHouse } from '../../src/house';
import { startUsher } from '../../src/main';
import { apply, parseBlueprint, planText, problemText } from '../../src/operations/blueprint';
import type { By } from '../../src/operations/ports';
import { platformSettings } from '../support/platforms';
import { asOwner, clusterUrl, runName } from '../support/cluster';
import { freshDatabase } from '../support/postgres';
import { SlackServer, wordsOf as slackWords, type SlackMessage, type SlackView } from '../support/slack-server';
import { wordsOf as teamsWords } from '../support/teams-client';
import { TeamsServer, type TeamsMessage, type TeamsPerson } from '../support/teams-server';

export type Mode = 'http' | 'socket';

const operator: By = { actor: { kind: 'operator', name: 'journeys' }, via: 'cli' };
/** For whatever comes in the end, however busy the machine is. */
const LONGEST_MS = 180_000;
/** What a click may take, and how long a platform waits for its answer. */
const CLICK_MS = 60_000;

/** Waits until `look` gives something, and gives it. Everything here happens by itself, so there is nothing else to wait for. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + LONGEST_MS;
  for (;;) {
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found;
    if (performance.now() > end) throw new Error(`it never came: ${what}`);
    await pause(15);
  }
}

/** People of both platforms. Ada and Cleo are in Slack, Ben and Ana in Teams; nobody is linked before the first word but Cleo. */
export const HOME = 'home.example';
export const TEAMS_PEOPLE = ['Ben Okafor', 'Ana Sousa', 'Nils Unknown', 'Gita Guest'] as const;

/** The organization. Ada is known by the mail address that her workspace vouches for, Ben and Ana by their directory keys. */
export function organization(teams: TeamsServer, slack: SlackServer): string {
  const key = (name: string): string => teams.person(name).aadObjectId;
  const reader = (name: string, approvers: string, more = '') => `
      - name: ${name}
        description: Read ${name.toLowerCase()}
        roles: [Ledger / ${name}]
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ${approvers}, decideWithin: 3 days }], expires: 30 days${more} }`;
  const both = `[${key('Ben')}, cleo]`;
  return `
organization: { name: Woodgrove, timeZone: Europe/Berlin }
people:
  - { key: ada, name: Ada Stone, email: ada@${HOME}, timeZone: Europe/Berlin }
  - { key: cleo, name: Cleo Marsh, email: cleo@${HOME}, timeZone: America/New_York, identities: [{ platform: slack, tenant: ${slack.team}, user: U0CLEO }] }
  - { key: dana, name: Dana Reed, email: dana@${HOME}, timeZone: Europe/London }
  - { key: eve, name: Eve Hart, email: eve@elsewhere.example, timeZone: Europe/London }
  - { key: ${key('Ben')}, name: Ben Okafor, email: ben@contoso.example, timeZone: Europe/London }
  - { key: ${key('Ana')}, name: Ana Sousa, email: ana@contoso.example, timeZone: Europe/Lisbon }
installations:
  - { platform: slack, tenant: ${slack.team}, authoritativeDomains: [${HOME}] }
  - { platform: teams, tenant: ${teams.tenantId} }
administrators: cleo
catalogs:
  - name: Finance
    owners: cleo
    resources:
      - { name: Ledger, connector: local, owners: cleo, roles: [Payroll, Invoices, Taxes, Budget, Forecast, Archive, Audit] }
    packages:${reader('Payroll', both)}${reader('Invoices', 'cleo')}${reader('Taxes', both)}${reader('Budget', both)}${reader('Forecast', both)}${reader('Archive', '[dana, eve]')}
      - name: Audit
        roles: [Ledger / Audit]
        policies:
          - { name: Employees, who: allMembers, expires: 8 hours, reason: optional }
      - name: Posting
        policies: [{ name: Employees, who: allMembers, expires: 90 days, reason: optional }]
      - name: Checking
        policies: [{ name: Employees, who: allMembers, expires: 90 days, reason: optional }]
        incompatibleWith:
          - package: Posting
            exceptionPolicy: { approval: [{ approvers: Ben Okafor }], expires: 30 days }
`;
}

/**
 * A whole Usher. `demo` marks its database as a demo's, the only kind whose clock may be moved. `more` is a second configuration
 * file beside the organization's; `settings` are put over the settings.
 */
export async function startWhole(
  mode: Mode,
  demo = false,
  more: string | null = null,
  settings: Readonly<Record<string, string>> = {},
) {
  const slack = new SlackServer();
  slack.triggerMs = CLICK_MS;
  const teams = new TeamsServer(TEAMS_PEOPLE);
  await Promise.all([slack.start(), teams.start()]);
  slack.addUser({ id: slack.bot, name: 'Usher', flags: { is_bot: true } });
  slack.addUser({ id: 'U0ADA', name: 'Ada Stone', email: `ada@${HOME}` });
  slack.addUser({ id: 'U0CLEO', name: 'Cleo Marsh', email: `cleo@${HOME}`, zone: 'America/New_York' });
  slack.addUser({ id: 'U0DANA', name: 'Dana Reed', email: `dana@${HOME}` });
  slack.addUser({ id: 'U0EVE', name: 'Eve Hart', email: 'eve@elsewhere.example' });
  // The name and the address of somebody who is known here, in ways that prove nothing.
  slack.addUser({ id: 'U0NEW', name: 'Ada Stone', email: 'ada@elsewhere.example' });
  slack.addUser({ id: 'U0GUS', name: 'Gus', email: `ada@${HOME}`, flags: { is_restricted: true } });
  slack.addUser({ id: 'U0BOTTY', name: 'Botty', email: null, flags: { is_bot: true } });
  slack.addUser({ id: 'U0ZOE', name: 'Zoe', team: 'T0ELSE', email: null, flags: { is_stranger: true } });

  const owner = await freshDatabase(`whole_${mode}`, 'migrated');
  const full = runName(`whole_${mode}_${process.env['JEST_WORKER_ID'] ?? '1'}`);
  const role = runName(`app_${mode}_${process.env['JEST_WORKER_ID'] ?? '1'}`);
  const password = randomBytes(12).toString('hex');
  await asOwner(owner, `create role ${role} login password '${password}' in role usher_app`);
  const app = owner.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${role}:${password}@`);

  const environment: Readonly<Record<string, string>> = {
    DATABASE_URL: app,
    // A server that trusts its socket asks for no password, and is given one all the same.
    DATABASE_MIGRATION_URL: owner.replace(/^(postgres(?:ql)?:\/\/[^:@/]+)@/, `$1:${randomBytes(12).toString('hex')}@`),
    PORT: '0',
    LOG_LEVEL: 'debug',
    ...platformSettings(slack, teams, mode),
    ...settings,
  };
  const config = readConfig(environment);
  const lines: string[] = [];
  const log = createLog(config.logLevel, { write: (line) => void lines.push(line) });

  /** Work of another process beside the running one, as `usher apply` and `usher job` do it. */
  async function beside<T>(work: (house: Awaited<ReturnType<typeof openHouse>>) => Promise<T>): Promise<T> {
    const house = await openHouse(config, log);
    try {
      return await work(house);
    } finally {
      await house.stop();
    }
  }
  const configure = (files: readonly { readonly name: string; readonly text: string }[], isDemo = false) =>
    beside(async ({ desk }) => {
      const read = parseBlueprint(files);
      if ('problems' in read) throw new Error(read.problems.map(problemText).join('\n'));
      const plan = await apply(desk, operator, read.blueprint, { demo: isDemo, confirm: true });
      if (!plan.applied) throw new Error(planText(plan));
    });
  await configure(
    [
      { name: 'whole.yaml', text: organization(teams, slack) },
      ...(more === null ? [] : [{ name: 'more.yaml', text: more }]),
    ],
    demo,
  );

  const usher = await startUsher(config, log, { clickMs: CLICK_MS, patienceMs: CLICK_MS });
  const { endpoint } = usher;
  if (endpoint === null) throw new Error('no endpoint');
  if (mode === 'http') slack.connect(`${endpoint}/slack/events`);
  teams.connect(`${endpoint}/api/messages`);

  // One connection for all questions: whoever waits for something asks every few milliseconds.
  const asking = new Client({ connectionString: owner });
  await asking.connect();
  const sql = async <T extends object>(text: string): Promise<T[]> => (await asking.query<T>(text)).rows;
  const inSlack = (user: string, words: string): SlackMessage | undefined =>
    slack.messagesOf(user).findLast((message) => slackWords(message).includes(words));
  const inTeams = (person: TeamsPerson, words: string): TeamsMessage | undefined =>
    teams.messagesOf(person).findLast((message) => teamsTextOf(message).includes(words));

  return {
    slack,
    teams,
    lines,
    log,
    endpoint,
    environment,
    config,
    sql,
    /** Applies a file, as another process does. */
    configure: (text: string) => configure([{ name: 'next.yaml', text }]),
    /** The newest message of a person with these words, as soon as there is one. */
    slackMessage: (user: string, words: string) => until(`${user} reads "${words}"`, () => inSlack(user, words)),
    teamsMessage: (person: TeamsPerson, words: string) =>
      until(`${person.name} reads "${words}"`, () => inTeams(person, words)),
    /** The open modal of a person, once it says this. */
    slackView: (user: string, words: string): Promise<SlackView> =>
      until(`${user} sees "${words}"`, () => {
        const view = slack.viewOf(user);
        return view !== null && slackWords(view).includes(words) ? view : null;
      }),
    holds: async (person: string, role: string): Promise<boolean> => {
      const rows = await sql(`select 1 from local_roles where subject = '${person}' and role = '${role}'`);
      return rows.length > 0;
    },
    request: async (name: string): Promise<{ readonly state: string; readonly number: number }> => {
      const [row] = await sql<{ state: string; number: number }>(
        `select r.state, r.number from requests r join packages p on p.id = r.package_id where p.name = '${name}'
         order by r.number desc limit 1`,
      );
      return row ?? { state: 'none', number: 0 };
    },
    /** The platforms allow as much as after a pause: how they are spared is told by tests of its own. */
    rested: async (): Promise<void> => {
      await sql(`delete from gates where target like 'slack:%' or target like 'teams:%'`);
    },
    /** Nothing waits to be sent, redrawn, placed or answered. */
    idle: async (): Promise<void> => {
      await until('an empty queue', async () => {
        const [row] = await sql<{ busy: boolean }>(
          `select exists (select 1 from outgoing where state in ('ready', 'leased'))
               or exists (select 1 from inbound where state in ('stored', 'leased')) as busy`,
        );
        return row?.busy === false;
      });
    },
    /** Moves the clock and lets another process sweep, as `usher job` would. */
    pass: async (milliseconds: number, ...names: readonly string[]): Promise<void> => {
      await sql(`update organization set clock_offset_ms = clock_offset_ms + ${milliseconds}`);
      await beside(async ({ desk, due, comparisons, localRoles, outbox }) => {
        const gates = createGates({ outbox });
        const swept = { desk, due, comparisons, connectors: connectors({ localRoles }), gates, deadlineMs: 5_000, log };
        for (const job of jobs) if (names.includes(job.name)) await job.sweep(swept);
      });
    },
    async stop(): Promise<void> {
      await usher.stop();
      await Promise.all([slack.stop(), teams.stop(), asking.end()]);
      // A role outlives its database, and a server that tests share should keep neither.
      await asOwner(clusterUrl(), `drop database ${full} with (force)`);
      await asOwner(clusterUrl(), `drop role ${role}`);
    },
  };
}

export type Whole = Awaited<ReturnType<typeof startWhole>>;

/** All words of a message in Teams. */
export function teamsTextOf(message: TeamsMessage): string {
  return `${message.text}\n${teamsWords(message.card)}`;
}
