// Poison between what people send: forged, broken, endless, of the wrong type. Whoever sends it hears of it or is ignored, and the
// next message is served by the same process.
import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { NASTY } from '../support/hostile';
import type { Json } from '../support/slack-api';
import { post } from '../attacks/support';
import type { Fault } from './fault';
import { diceOf, type Dice } from './people';
import {
  install,
  names,
  openStreet,
  slackId,
  slackMessage,
  slackView,
  town,
  until,
  type Street,
  type WholeReplica,
} from './whole';

const PEOPLE = { slack: names('S', 12), teams: names('T', 2) };
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';

interface Sent {
  readonly status: number;
}
interface Poison {
  readonly name: string;
  send(to: WholeReplica): Promise<Sent>;
}

export const f17: Fault = {
  id: 'F17',
  name: 'poison in the stream is refused or ignored, the process lives, and the next message is served',
  short: 'test/attacks',
  async run(seed, full) {
    const dice = diceOf(seed);
    const street = await openStreet(
      town(PEOPLE, [
        { name: 'Ledger', approvers: ['S002', 'S003'] },
        { name: 'Vault', approvers: ['S002'] },
      ]),
      PEOPLE,
    );
    try {
      const replicas = [street.start(), ...(full ? [street.start()] : [])];
      await Promise.all(replicas.map(({ ready }) => ready));
      const [first] = replicas;
      if (!first) throw new Error('nobody started');
      street.lead(first);
      await install(street, PEOPLE.teams);
      await street.slack.command(slackId('S001'), 'request ledger');
      await street.slack.submit(await slackView(street, 'S001', 'Request Ledger'), { Reason: 'month end' });
      await slackMessage(street, 'S002', 'asks for Ledger');
      await street.idle();
      const before = await stateOf(street);

      const all = dice.shuffle(poisons(street, dice));
      const stream = full ? all : all.slice(0, 25);
      const wrong: unknown[] = [];
      let turn = 0;
      for (const poison of stream) {
        const to = dice.pick(replicas);
        const status = await statusOf(poison.send(to));
        if (!(status === 0 || status === 200 || (status >= 400 && status < 500))) wrong.push([poison.name, status]);
        await served(street, to, PEOPLE.slack[4 + (turn++ % 8)] ?? '');
      }
      expect(wrong).toEqual([]);
      expect(replicas.map(({ isAlive }) => isAlive)).toEqual(replicas.map(() => true));
      await street.idle();
      expect(await stateOf(street)).toEqual(before);
      const bugs = replicas.flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'));
      expect(bugs).toEqual([]);
    } finally {
      await street.close();
    }
  },
};

/** 0: cut off without an answer, as a caller is who does not end, or does not listen. */
async function statusOf(sent: Promise<Sent>): Promise<number> {
  try {
    return (await sent).status;
  } catch (error) {
    const { code } = error as { readonly code?: string }; // no Error of this realm
    if (code === 'EPIPE' || code === 'ECONNRESET') return 0;
    throw error;
  }
}

/** A person's own message right after it: answered by the process that had the poison. */
async function served(street: Street, by: WholeReplica, name: string): Promise<void> {
  const { slack } = street;
  const user = slackId(name);
  const heard = slack.messagesOf(user).length;
  street.lead(by);
  // Nobody types as fast as this stream.
  await street.sql(`delete from gates where target like 'pace:%'`);
  expect((await slack.command(user, 'help')).status).toBe(200);
  await until(`${name} is answered`, () => slack.messagesOf(user).length > heard);
}

async function stateOf(street: Street): Promise<unknown> {
  const [state] = await street.sql<object>(`select
    (select count(*)::int from decisions) as decisions, (select count(*)::int from requests) as requests,
    (select string_agg(state, ',' order by number) from requests) as states,
    (select count(*)::int from assignments) as assignments, (select count(*)::int from local_roles) as roles,
    (select count(*)::int from people) as people, (select count(*)::int from packages) as packages,
    (select count(*)::int from approval_tasks where state <> 'open') as closed`);
  return state;
}

/** Every kind of it, as C6 counts them: X13, X14, X17 to X22, X25 to X27, X32, X33, X37. */
function poisons(street: Street, dice: Dice): Poison[] {
  const { slack, teams } = street;
  const user = slackId('S004');
  const person = teams.person('T001 Teams');
  const signed = (
    name: string,
    body: string,
    type: string,
    headers: Readonly<Record<string, string>> = {},
  ): Poison => ({
    name,
    send: (to) => post(`${to.endpoint}/slack/events`, body, { ...slack.sign(body, type), ...headers }),
  });
  const asSlack = (name: string, body: unknown): Poison => signed(name, JSON.stringify(body), JSON_TYPE);
  const event = (name: string, fields: Json): Poison =>
    asSlack(name, {
      type: 'event_callback',
      team_id: slack.team,
      api_app_id: slack.appId,
      event_id: `EvX${dice.below(1e9)}`,
      event_time: 1,
      authorizations: [{ team_id: slack.team, user_id: slack.bot, is_bot: true }],
      event: {
        type: 'message',
        channel: `D0${user}`,
        channel_type: 'im',
        user,
        team: slack.team,
        ts: '1.1',
        text: 'help',
        ...fields,
      },
    });
  const form = (name: string, payload: unknown): Poison =>
    signed(name, new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), FORM);
  const pressed = (name: string, verb: unknown, value: unknown, more: Json = {}): Poison =>
    form(name, {
      type: 'block_actions',
      user: { id: user, team_id: slack.team },
      team: { id: slack.team },
      api_app_id: slack.appId,
      container: { type: 'message', message_ts: '1.1', channel_id: 'C0ELSEWHERE' },
      channel: { id: 'C0ELSEWHERE' },
      trigger_id: `1.${dice.below(1e9)}`,
      actions: [{ type: 'button', action_id: verb, block_id: 'b', value, action_ts: `1.${dice.below(1e9)}` }],
      ...more,
    });
  const submitted = (name: string, metadata: unknown, values: unknown = {}): Poison =>
    form(name, {
      type: 'view_submission',
      user: { id: user, team_id: slack.team },
      team: { id: slack.team },
      trigger_id: `1.${dice.below(1e9)}`,
      view: {
        id: 'V1',
        type: 'modal',
        callback_id: 'requests.submit',
        private_metadata: metadata,
        hash: 'h',
        app_installed_team_id: slack.team,
        state: { values },
      },
    });
  const asTeams = (name: string, fields: Json, raw?: string): Poison => ({
    name,
    async send(to) {
      const body = raw ?? JSON.stringify(teams.activity(person, { type: 'message', text: 'help', ...fields }));
      const authorization = `Bearer ${teams.tokens.token(teams.urls.serviceUrl)}`;
      return await post(`${to.endpoint}/api/messages`, body, { 'content-type': JSON_TYPE, authorization });
    },
  });
  const invoked = (name: string, what: string, value: unknown): Poison =>
    asTeams(name, { type: 'invoke', name: what, value });

  const id = '01890000-0000-7000-8000-000000000000';
  const odd: readonly unknown[] = [
    [],
    {},
    [['x']],
    1e309,
    -0,
    '0x10',
    NaN,
    null,
    true,
    '',
    'a'.repeat(70_000),
    { $gt: '' },
  ];
  const texts = [
    ...NASTY,
    `'; drop table requests; --`,
    `' or '1'='1`,
    '%_\\',
    '*()\\0,+"<>;',
    'x\r\n{"level":"error","msg":"forged"}\u001b[2J',
    'a' + '\u0301'.repeat(10_000),
    '\uD83D'.repeat(5_000),
    '\u202E'.repeat(9_000),
    ' for a'.repeat(10_000),
    'a'.repeat(50_000) + '!',
    'request '.repeat(5_000),
    'x'.repeat(900_000),
  ];
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const keys = `{${Array.from({ length: 60_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`;
  const large = Buffer.alloc(50 * 1024 * 1024, 'x').toString();

  return [
    // X13, X14: values of a card that no card of ours has.
    ...[
      'approval.approve~0',
      'approval.deny~0',
      'request.cancel~0',
      'access.giveUp~0',
      '__proto__~0',
      'constructor',
      'x',
    ].flatMap((verb) => [
      pressed(`X13 ${verb}`, verb, JSON.stringify({ request: id, v: 1 })),
      pressed(`X13 ${verb}, no JSON`, verb, '{'),
      pressed(`X19 ${verb}`, verb, dice.pick(odd)),
    ]),
    pressed('X14 another workspace', 'approval.approve~0', '{}', { team: { id: 'T0ELSE' } }),
    pressed('X18 prototype', 'approval.approve~0', '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}'),
    // X17, X18: forms that were never opened.
    ...[id, '{}', '[]', 'null', '__proto__', '\u0000', 7, null].map((metadata) =>
      submitted(`X17 ${String(metadata)}`, metadata),
    ),
    ...odd.map((value) => submitted('X19 values', id, { 'in~reason': { value } })),
    submitted(
      'X18 values',
      id,
      JSON.parse('{"__proto__":{"value":{"value":"x"}},"in~constructor":{"value":{"value":"x"}}}'),
    ),
    // X19: every field of every delivery of another type.
    ...odd.flatMap((value) => [
      event(`X19 text ${kindOf(value)}`, { text: value }),
      event(`X19 user ${kindOf(value)}`, { user: value }),
      event(`X19 channel ${kindOf(value)}`, { channel: value }),
      event(`X19 type ${kindOf(value)}`, { type: value }),
      asSlack(`X19 event ${kindOf(value)}`, { type: 'event_callback', team_id: slack.team, event: value }),
      form(`X19 payload ${kindOf(value)}`, value),
      form(`X19 actions ${kindOf(value)}`, {
        type: 'block_actions',
        team: { id: slack.team },
        user: { id: user },
        actions: value,
      }),
      asTeams('X19 text', { text: value }),
      asTeams('X19 from', { from: value }),
      asTeams('X19 conversation', { conversation: value }),
      asTeams('X19 value', { value }),
      invoked('X19 action', 'adaptiveCard/action', value),
      invoked('X19 submit', 'task/submit', value),
      invoked('X19 search', 'application/search', value),
      invoked('X19 verb', 'adaptiveCard/action', { action: { type: 'Action.Execute', verb: value, data: value } }),
    ]),
    // X20 to X22, X25 to X27, X33, X37: texts.
    ...texts.flatMap((text, n) => [
      event(`text ${n} in Slack`, { text }),
      asTeams(`text ${n} in Teams`, { text }),
      signed(
        `text ${n} typed`,
        new URLSearchParams({
          command: '/usher',
          text,
          user_id: user,
          team_id: slack.team,
          channel_id: 'C0ELSEWHERE',
          trigger_id: `1.${dice.below(1e9)}`,
        }).toString(),
        FORM,
      ),
    ]),
    invoked('X21 search', 'application/search', {
      queryText: '%',
      queryOptions: { skip: -1, top: 1e9 },
      dataset: 'packages/%',
    }),
    // X32: sizes and shapes.
    signed('X32 depth', deep, JSON_TYPE),
    signed('X32 depth inside', `{"type":"event_callback","team_id":"${slack.team}","event":${deep}}`, JSON_TYPE),
    signed('X32 keys', keys, JSON_TYPE),
    signed('X32 50 MB', large, JSON_TYPE),
    asTeams('X32 depth in Teams', {}, deep),
    asTeams('X32 keys in Teams', {}, keys),
    asTeams('X32 50 MB in Teams', {}, large),
    {
      name: 'X32 bomb',
      send: (to) => {
        const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
        return post(`${to.endpoint}/slack/events`, bomb, { ...slack.sign('', JSON_TYPE), 'content-encoding': 'gzip' });
      },
    },
    { name: 'X32 half a body', send: (to) => half(to, 'slack/events') },
    { name: 'X32 half a body in Teams', send: (to) => half(to, 'api/messages') },
    ...[
      '{',
      '{}{}',
      'null',
      '[]',
      '"x"',
      '1',
      '',
      '{"type":"url_verification","challenge":{}}',
      '{"a":1,"a":2}',
      '\uFEFF{}',
    ].flatMap((body) => [signed(`no delivery ${body}`, body, JSON_TYPE), asTeams(`no activity ${body}`, {}, body)]),
    ...['', 'payload=', 'payload=%7B', 'payload=1&payload=2', 'a', '%', 'payload=%00'].map((body) =>
      signed(`no form ${body}`, body, FORM),
    ),
    signed('no type', '{}', 'text/xml'),
    // Not from Slack, not from Teams, not HTTP.
    {
      name: 'unsigned',
      send: (to) => post(`${to.endpoint}/slack/events`, '{}', { 'content-type': JSON_TYPE }),
    },
    {
      name: 'signed long ago',
      send: (to) => post(`${to.endpoint}/slack/events`, '{}', slack.sign('{}', JSON_TYPE, Date.now() - 400_000)),
    },
    {
      name: 'no token',
      send: (to) =>
        post(`${to.endpoint}/api/messages`, '{}', { 'content-type': JSON_TYPE, authorization: 'Bearer e30.e30.' }),
    },
    { name: 'no HTTP', send: (to) => bytes(to, '\u0016\u0003\u0001\u0000\u0000\r\n\r\n') },
    {
      name: 'two lengths',
      send: (to) =>
        bytes(to, 'POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    },
    { name: 'no host', send: (to) => bytes(to, 'POST /slack/events HTTP/1.1\r\nContent-Length: 0\r\n\r\n') },
  ];
}

const kindOf = (value: unknown): string => JSON.stringify(value).slice(0, 12);

/** Begins a request and hangs up in the middle of it. */
async function half(to: WholeReplica, path: string): Promise<Sent> {
  return await bytes(
    to,
    `POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"type":`,
    true,
  );
}

/** What comes back for bytes of any kind: the status, 0 where the connection was closed without. */
async function bytes(to: WholeReplica, text: string, hangUp = false): Promise<Sent> {
  const { hostname, port } = new URL(to.endpoint);
  return await new Promise((resolve) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      if (hangUp) socket.destroy();
    });
    socket.on('data', (part: Buffer) => {
      heard += part.toString();
      socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0) });
    });
  });
}
