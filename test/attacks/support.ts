// What the attacks have in common: a whole Usher that is attacked over raw HTTP, what nobody outside may bring about, and bytes
// that no HTTP client would send.
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { startWhole, type Whole } from '../journeys/support';
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

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The whole with Ada and Cleo in Slack, Ben and Ana in Teams with the app installed. */
export async function startAttacked(demo = false) {
  const whole = await startWhole('http', demo);
  const ben = whole.teams.person('Ben');
  const ana = whole.teams.person('Ana');
  await whole.teams.install(ben);
  await whole.teamsMessage(ben, 'Hi Ben');
  await whole.teams.install(ana);
  await whole.teamsMessage(ana, 'Hi Ana');
  await whole.slack.command('U0ADA', 'my access');
  await whole.slack.command('U0CLEO', 'my access');
  await whole.idle();
  return {
    ...whole,
    ben,
    ana,
    state: async (): Promise<unknown> => (await whole.sql(STATE))[0],
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
