// Usher as it runs in production, several times: whole replicas, each a process with a clock of its own, on one database; Slack and
// Teams as servers beside them that can be told to fail. Nothing of Usher is replaced.
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLog } from '../../src/log';
import { apply, parseBlueprint, planText, problemText } from '../../src/operations/blueprint';
import type { PackageId, PersonId } from '../../src/domain/model';
import type { By, Desk } from '../../src/operations/ports';
import { submit } from '../../src/operations/requests';
import { connect, migrate, type Database } from '../../src/store/database';
import { createStore, type Stores } from '../../src/store/store';
import { platformSettings } from '../support/platforms';
import { asOwner } from '../support/cluster';
import { freshDatabase } from '../support/postgres';
import { SlackServer, wordsOf, type SlackMessage, type SlackView } from '../support/slack-server';
import { TeamsServer, type TeamsPerson } from '../support/teams-server';

/** Longer than anything takes on a machine that does three other things. */
const LONGEST_MS = 90_000;

export const operator: By = { actor: { kind: 'operator', name: 'campaign' }, via: 'cli' };

/** Waits until `look` gives something, and gives it; a look that fails is a look that sees nothing. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  longestMs = LONGEST_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + longestMs;
  let failed: unknown = null;
  for (;;) {
    try {
      const found = await look();
      if (found !== false && found !== null && found !== undefined) return found as NonNullable<Exclude<T, false>>;
    } catch (error) {
      failed = error;
    }
    if (performance.now() > end) throw new Error(`it never came: ${what}`, { cause: failed });
    await pause(25);
  }
}

/** A whole replica seen from outside. */
export class WholeReplica {
  /** Lines of its log, as records. */
  readonly lines: Record<string, unknown>[] = [];
  endpoint = '';
  readonly ready: Promise<void>;
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown>;
  #said = '';
  #rest = '';

  constructor(environment: Readonly<Record<string, string>>) {
    this.#process = fork(join(__dirname, 'replica-child.ts'), [], {
      execArgv: ['-r', join(__dirname, 'clock.cjs'), '-r', join(__dirname, '../support/register.cjs')],
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.stdout?.on('data', (data: Buffer) => {
      const lines = `${this.#rest}${data.toString()}`.split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    this.#process.stderr?.on('data', (data: Buffer) => (this.#said += data.toString()));
    this.#gone = once(this.#process, 'exit');
    this.ready = new Promise<void>((resolve, reject) => {
      this.#process.once('message', (message: { readonly endpoint: string }) => {
        this.endpoint = message.endpoint;
        resolve();
      });
      this.#process.once('exit', (code) => {
        reject(new Error(`a replica ended with ${code}: ${this.#said.slice(0, 2_000)}`));
      });
    });
    this.ready.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sets its clock: so many milliseconds beside the right one. */
  setClock(ms: number): void {
    this.#process.send({ clockMs: ms });
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.isAlive) this.#process.kill(signal);
    await this.#gone;
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.endpoint}${path}`, { signal: AbortSignal.timeout(30_000) });
  }
}

export interface Street {
  readonly slack: SlackServer;
  readonly teams: TeamsServer;
  readonly replicas: readonly WholeReplica[];
  /** The parts of the store, in this process. */
  readonly parts: Stores;
  readonly desk: Desk;
  /** Address of the database with all rights. */
  readonly owner: string;
  /** With all rights. */
  sql<T extends object>(text: string, bind?: readonly unknown[]): Promise<T[]>;
  /** The next deliveries of both platforms go there. */
  lead(to: WholeReplica): void;
  start(settings?: Readonly<Record<string, string>>): WholeReplica;
  living(): WholeReplica[];
  /** Moves the database's clock. */
  forward(ms: number): Promise<void>;
  /** Nothing waits to be told, redrawn, placed or answered. */
  idle(): Promise<void>;
  apply(yaml: string): Promise<void>;
  close(): Promise<void>;
}

/** Where a street's database lives, for a fault that does things to the server. */
export interface Ground {
  readonly owner: string;
}

let streets = 0;

/** A street of replicas with its organization (`yaml` from both platforms), without a replica yet. */
export async function openStreet(
  yaml: (slack: SlackServer, teams: TeamsServer) => string,
  people: { readonly slack: readonly string[]; readonly teams: readonly string[] },
  ground?: Ground,
): Promise<Street> {
  streets += 1;
  const slack = new SlackServer();
  // The time of a trigger is not what is broken here, and a busy machine needs longer than a person.
  slack.triggerMs = 60_000;
  const teams = new TeamsServer(people.teams.map((name) => `${name} Teams`));
  await Promise.all([slack.start(), teams.start()]);
  slack.addUser({ id: slack.bot, name: 'Usher', flags: { is_bot: true } });
  for (const name of people.slack) slack.addUser({ id: slackId(name), name });

  const owner = ground?.owner ?? (await freshDatabase(`street${streets}`, 'migrated'));
  const role = `usher_street_${process.pid}_${streets}`;
  const password = randomBytes(12).toString('hex');
  await asOwner(owner, `create role ${role} login password '${password}' in role usher_app`);
  const app = owner.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${role}:${password}@`);

  // A few connections of ours, opened anew after the server was away.
  const database: Database = await connect({ url: owner, poolMax: 4 });
  const log = createLog('silent');
  const parts = createStore({ sequelize: database.sequelize, log });
  const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
  const replicas: WholeReplica[] = [];

  const street: Street = {
    slack,
    teams,
    replicas,
    parts,
    desk,
    owner,
    sql: async <T extends object>(text: string, bind?: readonly unknown[]): Promise<T[]> =>
      (await database.sequelize.query(text, bind ? { bind: [...bind] } : {}))[0] as T[],
    lead(to) {
      slack.connect(`${to.endpoint}/slack/events`);
      teams.connect(`${to.endpoint}/api/messages`);
    },
    start(settings = {}) {
      const replica = new WholeReplica({
        DATABASE_URL: app,
        PORT: '0',
        LOG_LEVEL: 'info',
        ...platformSettings(slack, teams),
        ...settings,
      });
      replicas.push(replica);
      return replica;
    },
    living: () => replicas.filter((replica) => replica.isAlive),
    async forward(ms) {
      await street.sql(`update organization set clock_offset_ms = clock_offset_ms + ${ms}`);
    },
    async idle() {
      await until('an empty queue', async () => {
        const [row] = await street.sql<{ busy: boolean }>(
          `select exists (select 1 from outgoing where state in ('ready', 'leased'))
               or exists (select 1 from inbound where state in ('stored', 'leased')) as busy`,
        );
        return row?.busy === false;
      });
    },
    async apply(text) {
      const read = parseBlueprint([{ name: 'street.yaml', text }]);
      if ('problems' in read) throw new Error(read.problems.map(problemText).join('\n'));
      const plan = await apply(desk, operator, read.blueprint, { demo: true, confirm: true });
      if (!plan.applied) throw new Error(planText(plan));
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await database.close();
      await Promise.all([slack.stop(), teams.stop()]);
      if (ground) return;
      await asOwner(owner, `drop owned by ${role}`);
      await asOwner(owner, `drop role ${role}`);
    },
  };
  await street.apply(yaml(slack, teams));
  return street;
}

/** Brings a database of another server up to date. */
export async function migrated(url: string): Promise<void> {
  const database = await connect({ url, poolMax: 2 });
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

/** Nobody has anything in hand: whatever was on its way has come. */
export async function quiet(street: Street): Promise<void> {
  let since = 0;
  await until('nothing is under way', async () => {
    const [row] = await street.sql<{ n: number }>(`select count(*)::int as n from outgoing where state = 'leased'`);
    since = row?.n === 0 ? since + 1 : 0;
    return since >= 3;
  });
}

/**
 * Moves the database's clock to when the next row may go, and then by no more than a second at a time, while nobody has one in hand:
 * a lease must not age faster than its holder works.
 */
export async function onward(street: Street, kind: 'tell' | 'place' = 'tell'): Promise<void> {
  await quiet(street);
  await street.sql(
    `with next as (select min(next_at) as at from outgoing where state = 'ready' and kind = $1)
     update organization set clock_offset_ms = clock_offset_ms
       + greatest(1000, least(900000, extract(epoch from next.at - usher_now()) * 1000))::bigint
     from next where next.at is not null and not exists (select 1 from outgoing where state = 'leased')`,
    [kind],
  );
}

export const slackId = (name: string): string => `U0${name.toUpperCase()}`;

/** The newest message of a Slack person with these words, once there is one. */
export const slackMessage = ({ slack }: Street, name: string, words: string): Promise<SlackMessage> =>
  until(`${name} reads "${words}" in Slack`, () =>
    slack.messagesOf(slackId(name)).findLast((message) => wordsOf(message).includes(words)),
  );

/** The open modal of a Slack person, once it says this. */
export const slackView = ({ slack }: Street, name: string, words: string): Promise<SlackView> =>
  until(`${name} sees "${words}" in Slack`, () => {
    const view = slack.viewOf(slackId(name));
    return view !== null && wordsOf(view).includes(words) ? view : null;
  });

/** Teams people, who have to install the app before they can be written to. */
export async function install({ teams }: Street, names: readonly string[]): Promise<readonly TeamsPerson[]> {
  const found = names.map((name) => teams.person(name));
  for (const person of found) await teams.install(person);
  return found;
}

/** Somebody asks for a package, by the operation itself and not through a platform; the number of the request. */
export async function askFor(street: Street, key: string, name: string): Promise<string> {
  const [ids] = await street.sql<{ person: PersonId; package: PackageId }>(
    `select (select id from people where directory_key = '${key}') as person, (select id from packages where name = '${name}') as package`,
  );
  if (!ids) throw new Error('nobody and nothing');
  const by: By = { actor: { kind: 'person', id: ids.person }, via: 'campaign' };
  const period = { startsAt: null, endsAt: null, hours: null };
  const asked = {
    package: ids.package,
    target: ids.person,
    policyVersion: null,
    zone: 'Europe/Berlin',
    period,
    reason: null,
    answers: {},
    draft: null,
  };
  const { request } = await submit(street.desk, by, asked);
  const [row] = await street.sql<{ number: number }>(`select number from requests where id = '${request}'`);
  return `R-${row?.number ?? 0}`;
}

/** The card on which a Slack person is asked about a request, as it looks now: whoever is late presses it all the same. */
export const approvalCard = (street: Street, name: string, number: string): Promise<SlackMessage> =>
  until(`${name} is asked about ${number}`, () => {
    const found = street.slack
      .messagesOf(slackId(name))
      .find((message) => JSON.stringify(message.blocks).includes('"Approve"') && wordsOf(message).includes(number));
    return found ? { ...found } : null;
  });

/** Who decides about a package; nobody: it is given at once. */
export interface Pack {
  readonly name: string;
  readonly approvers?: readonly string[];
  readonly expires?: string;
}

/** Keys of the people of a town; those of Teams are known by the keys of their directory. */
export const keyIn = (teams: TeamsServer, name: string): string =>
  teams.people.find((person) => person.name === `${name} Teams`)?.aadObjectId ?? name.toLowerCase();

/** An organization in which everybody is linked to an account of their platform, and package n has role n. */
export function town(people: Parameters<typeof openStreet>[1], packages: readonly Pack[], zone = 'Europe/Berlin') {
  return (slack: SlackServer, teams: TeamsServer): string => {
    const person = (name: string, platform: string, tenant: string, user: string): string =>
      `  - { key: ${keyIn(teams, name)}, name: ${name} Person, timeZone: ${zone}, identities: [{ platform: ${platform}, tenant: ${tenant}, user: ${user} }] }`;
    const approval = ({ approvers = [] }: Pack): string =>
      approvers.length === 0
        ? ''
        : `approval: [{ approvers: [${approvers.map((name) => keyIn(teams, name)).join(', ')}], decideWithin: 14 days }], `;
    return `
organization: { name: Woodgrove, timeZone: ${zone} }
people:
  - { key: boss, name: The Boss }
${people.slack.map((name) => person(name, 'slack', slack.team, slackId(name))).join('\n')}
${people.teams.map((name) => person(name, 'teams', teams.tenantId, keyIn(teams, name))).join('\n')}
installations: [{ platform: slack, tenant: ${slack.team} }, { platform: teams, tenant: ${teams.tenantId} }]
administrators: boss
catalogs:
  - name: Works
    owners: boss
    resources: [{ name: Store, connector: local, roles: [${packages.map((_, n) => `R${n}`).join(', ')}] }]
    packages:${packages
      .map(
        (pack, n) => `
      - name: ${pack.name}
        roles: [Store / R${n}]
        policies: [{ name: All, who: allMembers, ${approval(pack)}expires: ${pack.expires ?? '30 days'}, reason: optional }]`,
      )
      .join('')}
`;
  };
}

export const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${String(n + 1).padStart(3, '0')}`);
