// What the attacks have in common: a whole Usher that is attacked over raw HTTP, what nobody outside may bring about, and bytes
// that no HTTP client would send.
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { HOME, startWhole, type Mode, type Whole } from '../journeys/support';
import type { SlackMessage } from '../support/slack-server';
import type { TeamsPerson } from '../support/teams-server';

export { until, teamsTextOf, type Whole } from '../journeys/support';
export { wordsOf } from '../support/slack-server';

export const FORM = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';

/** Everything that an act could have changed: what people have, asked for, decided, said or were called by. */
const STATE = `select
  (select count(*)::int from decisions) as decisions, (select count(*)::int from requests) as requests,
  (select string_agg(state, ',' order by number) from requests) as states,
  (select count(*)::int from assignments) as assignments, (select count(*)::int from local_roles) as roles,
  (select count(*)::int from approval_tasks where state <> 'open') as closed,
  (select count(*)::int from drafts) as drafts, (select count(*)::int from inbound) as inbound,
  (select count(*)::int from identities) as identities`;

let forged = 0;
/** A message that only its reader sees, as we write them anywhere: Slack does not say what stood in it. */
const PASSING: Omit<SlackMessage, 'onlyFor'> = { channel: 'C0ELSEWHERE', ts: '1.1', text: '', blocks: [], edits: 0 };

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * People who lead each other, and packages of which one of them owns everything: catalog, resource, approval. Whoever asks for
 * one of these is, in one way or another, among those who could be asked about it.
 */
const DETOURS = `
people:
  - { key: mia, name: Mia Wolf, email: mia@${HOME}, manager: max, timeZone: Europe/Berlin }
  - { key: max, name: Max Thorn, email: max@${HOME}, manager: mia, timeZone: Europe/Berlin }
groups:
  - { name: Ring, people: [mia], groups: [Inner ring] }
  - { name: Inner ring, people: [cleo, max] }
catalogs:
  - name: Detours
    owners: mia
    resources:
      - { name: Door, connector: local, owners: mia, roles: [Group, Alternate, Manager, Owner, Behalf, Two, Left, Right, Voice, Boss, Kept] }
      - { name: Safe, connector: manual, owners: mia, roles: [Key] }
    packages:
      - { name: By group, roles: [Door / Group], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [group: Ring] }] }] }
      - name: By alternate
        roles: [Door / Alternate]
        policies:
          - { name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [cleo], alternates: [mia, group: Ring], escalateAfter: 1 hour, decideWithin: 3 days }] }
      - { name: By manager, roles: [Door / Manager], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [manager, mia], fallbacks: [cleo] }] }] }
      - { name: By owner, roles: [Door / Owner], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [mia], fallbacks: [mia] }] }] }
      - { name: On behalf, roles: [Door / Behalf], policies: [{ name: All, who: allMembers, expires: 30 days, onBehalf: true, approval: [{ approvers: [mia, max, cleo] }] }] }
      - name: Two stages
        roles: [Door / Two]
        policies:
          - { name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [cleo] }, { approvers: [mia, group: Ring] }] }
      - { name: Given, roles: [Door / Two], policies: [{ name: Direct, mode: direct, expires: 30 days, reason: optional, approval: [{ approvers: [mia, cleo] }] }] }
      - name: Left
        roles: [Door / Left]
        incompatibleWith: [{ package: Right, mutual: true }]
        policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [cleo] }] }]
      - { name: Right, roles: [Door / Right], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [cleo] }] }] }
      - { name: By delegate, roles: [Door / Voice], policies: [{ name: All, who: allMembers, expires: 30 days, onBehalf: true, approval: [{ approvers: [cleo] }] }] }
      - { name: By delegator, roles: [Door / Voice], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [mia, cleo] }] }] }
      - { name: By boss, roles: [Door / Boss], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [manager] }] }] }
      - { name: Kept, roles: [Door / Kept], policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [max] }] }] }
      - { name: One side, policies: [{ name: All, who: allMembers, expires: 90 days, reason: optional }] }
      - name: Other side
        policies: [{ name: All, who: allMembers, expires: 90 days, reason: optional }]
        incompatibleWith: [{ package: One side, exceptionPolicy: { approval: [{ approvers: [mia], fallbacks: [mia] }], expires: 30 days } }]
      - name: Questions
        policies:
          - { name: All, who: allMembers, expires: 30 days, questions: [{ text: Which office?, required: true }, { text: What for?, long: true }], approval: [{ approvers: [cleo], approverReason: optional }] }
      - { name: By hand, roles: [Safe / Key], policies: [{ name: All, who: allMembers, expires: 90 days, reason: optional }] }
      - name: Secret plans
        hidden: true
        roles: [Door / Left]
        policies: [{ name: Ring, who: [group: Ring], expires: 30 days, reason: optional }]
`;

/** The whole with Ada and Cleo in Slack, Ben and Ana in Teams with the app installed. */
export async function startAttacked(
  demo = false,
  settings: Readonly<Record<string, string>> = {},
  mode: Mode = 'http',
) {
  const whole = await startWhole(mode, demo, DETOURS, settings);
  whole.slack.addUser({ id: 'U0MIA', name: 'Mia Wolf', email: `mia@${HOME}` });
  whole.slack.addUser({ id: 'U0MAX', name: 'Max Thorn', email: `max@${HOME}` });
  const ben = whole.teams.person('Ben');
  const ana = whole.teams.person('Ana');
  await whole.teams.install(ben);
  await whole.teamsMessage(ben, 'Hi Ben');
  await whole.teams.install(ana);
  await whole.teamsMessage(ana, 'Hi Ana');
  await whole.slack.command('U0ADA', 'my access');
  await whole.slack.command('U0CLEO', 'my access');
  await whole.slack.command('U0MIA', 'my access');
  await whole.slack.command('U0MAX', 'my access');
  await whole.idle();
  return {
    ...whole,
    ben,
    ana,
    state: async (): Promise<unknown> => (await whole.sql(STATE))[0],
    /** Nobody types as fast as these tests, so the pace of one account, and what the platforms allow, are forgotten between two. */
    rested: async (): Promise<void> => {
      await whole.sql(
        `delete from gates where target like any (array['pace:%', 'asking:%', 'taken-back:%', 'slack:%', 'teams:%'])`,
      );
    },
    /** A press as a client could make it up: any verb, any data, on any message. */
    forge: (
      user: string,
      verb: string,
      value: unknown,
      on: SlackMessage = { ...PASSING, onlyFor: user },
      more: Record<string, unknown> = {},
    ) =>
      whole.slack.pressActions(
        user,
        on,
        [
          {
            type: 'button',
            action_id: `${verb}~0`,
            block_id: 'b',
            value: typeof value === 'string' ? value : JSON.stringify(value),
            action_ts: `1.${(forged += 1)}`,
          },
        ],
        more,
      ),
    /** What somebody who is known was refused, from the audit trail. */
    audited: (person: string) =>
      whole.sql<{ code: string; verb: string | null; via: string }>(
        `select e.data ->> 'code' as code, e.data ->> 'verb' as verb, e.via from audit_events e
         join people p on p.id = e.actor_id where e.type = 'access.refused' and p.directory_key = '${person}' order by e.id`,
      ),
    /** Log lines about what was turned away, as records. */
    refusals: (): Record<string, unknown>[] =>
      whole.lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((record) => typeof record['security'] === 'string'),
    slackPost: (body: string, headers: Readonly<Record<string, string | readonly string[]>>) =>
      post(`${whole.endpoint}/slack/events`, body, headers),
    teamsPost: (body: string, headers: Readonly<Record<string, string | readonly string[]>>) =>
      post(`${whole.endpoint}/api/messages`, body, headers),
  };
}

export type Attacked = Awaited<ReturnType<typeof startAttacked>>;

/** Ada asks in Slack; gives Ben's card in Teams and Cleo's in Slack. */
export async function adaAsks(whole: Whole, ben: TeamsPerson, name: string, reason: string) {
  await whole.slack.command('U0ADA', `request ${name}`);
  await whole.slack.submit(await whole.slackView('U0ADA', `Request ${name}`), { Reason: reason });
  await whole.slackView('U0ADA', 'is on its way');
  const teams = await whole.teamsMessage(ben, `Ada Stone asks for ${name}`);
  const slack = await whole.slackMessage('U0CLEO', `Ada Stone asks for ${name}`);
  return { teams, slack };
}

/** One request with headers that `fetch` would join, change or leave out. */
export async function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string | readonly string[]>>,
  method = 'POST',
): Promise<Answered> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: headers as Record<string, string | string[]> }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Bytes as they are, on a connection of their own; what comes back until the server closes it. */
export async function raw(endpoint: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  return await new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (heard += part));
    socket.on('close', () => {
      resolve(heard);
    });
    socket.on('error', reject);
  });
}
