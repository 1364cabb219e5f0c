// P8: a signed delivery of a platform, from the socket to the answer: signature, store once, 200. Against a bare server that does the
// same with one statement. Every id comes twice and must be stored once; the worker that handles what was stored does not run.
import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Pool } from 'pg';
import { createSlackChannel } from '../../src/channels/slack/bot';
import { loadCards } from '../../src/chat/cards';
import { createConversation } from '../../src/chat/handle';
import { startHttp } from '../../src/http';
import { createLog } from '../../src/log';
import { SlackServer } from '../support/slack-server';
import type { Bench } from './bench';
import * as limits from './limit/acts';
import type { Leg, Line } from './measure';
import { alone, during, inPairs, quantile, round } from './measure';
import type { BenchDatabase } from './server';

const CLIENTS = 16;
const PAD = 'x'.repeat(1_500);

interface Target {
  readonly port: number;
  stop(): Promise<void>;
}

/** Sends signed events over kept connections; what finds none free waits, and its waiting counts. */
class Sender {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  /** Ids that were answered 200: nobody sends them again. */
  readonly taken = new Set<string>();
  #n = 0;

  constructor(
    private readonly slack: SlackServer,
    private readonly people: number,
    private readonly counted: number,
  ) {}

  /** One delivery; every id goes twice. Resolves with the status. */
  send({ port }: Target): Promise<number> {
    const n = Math.floor((this.#n += 1) / 2);
    const user = `U${1001 + (n % (this.people - 1000))}`;
    const signed = this.slack.signed({
      kind: 'events_api',
      body: {
        type: 'event_callback',
        team_id: this.slack.team,
        api_app_id: this.slack.appId,
        event_id: `Ev${n}`,
        event_time: Math.floor(Date.now() / 1000),
        event: {
          type: 'message',
          channel: `D${user}`,
          channel_type: 'im',
          user,
          text: `hello ${PAD}`,
          ts: `${n}.1`,
          team: this.slack.team,
        },
        authorizations: [
          {
            team_id: this.slack.team,
            user_id: this.slack.bot,
            is_bot: true,
            is_enterprise_install: false,
            enterprise_id: null,
          },
        ],
        is_ext_shared_channel: false,
      },
    });
    return new Promise((resolve, reject) => {
      const go = (): void => {
        const request = http.request(
          {
            port,
            host: '127.0.0.1',
            method: 'POST',
            path: '/slack/events',
            agent: this.#agent,
            headers: { ...signed.headers, 'content-length': Buffer.byteLength(signed.body) },
          },
          (response) => {
            response.resume();
            response.on('end', () => {
              if (response.statusCode === 200 && port === this.counted) this.taken.add(`Ev${n}`);
              resolve(response.statusCode ?? 0);
            });
          },
        );
        // A kept connection that the server closed meanwhile: sent again on another, as every client does.
        request.on('error', (error: NodeJS.ErrnoException) => {
          if (request.reusedSocket && error.code === 'ECONNRESET') go();
          else reject(error);
        });
        request.end(signed.body);
      };
      go();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function bare(database: BenchDatabase, secret: string): Promise<Target> {
  const pool = new Pool({ connectionString: database.url, max: 8, options: '-c search_path=lim' });
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const at = String(request.headers['x-slack-request-timestamp']);
      const good = Buffer.from(`v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`);
      const given = Buffer.from(String(request.headers['x-slack-signature']));
      if (
        Math.abs(Date.now() / 1000 - Number(at)) > 300 ||
        good.length !== given.length ||
        !timingSafeEqual(good, given)
      ) {
        response.writeHead(401).end();
        return;
      }
      void limits
        .store(pool, (JSON.parse(body) as { event_id: string }).event_id, body)
        .then(() => response.writeHead(200).end());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
}

async function product(database: BenchDatabase, slack: SlackServer): Promise<Target> {
  const log = createLog('silent');
  const parts = await database.product(12);
  const channel = createSlackChannel({
    signingSecret: slack.signingSecret,
    botToken: slack.botToken,
    appToken: null,
    teamId: slack.team,
    apiUrl: slack.url,
    log,
  });
  const conversation = createConversation({
    desk: parts.desk,
    cards: parts.cards,
    inbound: parts.inbound,
    book: loadCards(join(__dirname, '../../cards')),
    profiles: ({ tenant, user }) => channel.profile(tenant, user),
    log,
  });
  await channel.start(conversation);
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: channel.routes,
    ready: () => Promise.resolve([]),
    log,
  });
  return {
    port: server.port,
    stop: async () => {
      await channel.stop();
      await server.stop();
    },
  };
}

/** P8: 16 clients, then 200 a second, then a burst of 1,000 a second. */
export async function p8(bench: Bench): Promise<Line[]> {
  const database = await bench.clone();
  const slack = new SlackServer();
  await slack.start();
  const targets = { limit: await bare(database, slack.signingSecret), product: await product(database, slack) };
  const sender = new Sender(slack, bench.size.people, targets.product.port);
  const run =
    (target: Target) =>
    (seconds: number): Promise<Leg> =>
      during(seconds, CLIENTS, async () => {
        const status = await sender.send(target);
        if (status !== 200) throw new Error(`answered ${status}`);
        return 1;
      });
  const [limit, mine] = [run(targets.limit), run(targets.product)];
  await limit(bench.warm);
  await mine(bench.warm);
  const lines: Line[] = [
    await inPairs(
      {
        id: 'P8',
        what: `signed deliveries stored once and answered, ${CLIENTS} clients`,
        as: 'rate',
        target: 0.5,
        limit: () => limit(bench.seconds),
        product: () => mine(bench.seconds),
      },
      bench.pairs,
    ),
  ];
  const steady = await paced(() => sender.send(targets.product), 200, 10);
  lines.push(
    alone(
      'P8.200',
      'milliseconds to the answer, p99, 200 a second for 10 s',
      steady.p99,
      { atMost: 250 },
      { ...steady },
    ),
  );
  const burst = await paced(() => sender.send(targets.product), 1_000, 10);
  lines.push(
    alone(
      'P8.burst',
      'milliseconds to the slowest answer, 1,000 a second for 10 s',
      burst.slowest,
      { atMost: 2_500 },
      { ...burst },
    ),
  );
  const [stored] = await database.sql<{ n: number; twice: number }>(
    `select count(*)::integer as n, (count(*) - count(distinct delivery))::integer as twice from inbound where platform = 'slack'`,
  );
  if (stored === undefined || stored.twice > 0) throw new Error('a delivery was stored twice');
  const kept = await database.sql<{ delivery: string }>(`select delivery from inbound where platform = 'slack'`);
  const known = new Set(kept.map(({ delivery }) => /Ev\d+/.exec(delivery)?.[0] ?? ''));
  const lost = [...sender.taken].filter((id) => !known.has(id)).length;
  lines.push(
    alone('P8.lost', 'deliveries answered 200 that are not stored', lost, { atMost: 0 }, { taken: sender.taken.size }),
  );
  sender.close();
  await targets.limit.stop();
  await targets.product.stop();
  await slack.stop();
  await database.close();
  return lines;
}

// Sends by the clock, whatever the answers do: a server that falls behind is not spared.
async function paced(
  send: () => Promise<number>,
  perSecond: number,
  seconds: number,
): Promise<{ sent: number; not200: number; p99: number; slowest: number }> {
  const took: number[] = [];
  let not200 = 0;
  const pending: Promise<void>[] = [];
  const from = performance.now();
  for (;;) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - from) / 1000) * perSecond));
    while (pending.length < due) {
      const start = performance.now();
      pending.push(
        send().then((status) => {
          took.push(performance.now() - start);
          if (status !== 200) not200 += 1;
        }),
      );
    }
    if (pending.length >= perSecond * seconds) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(pending);
  // What is not answered by 200 is not answered.
  const slowest = not200 > 0 ? Infinity : Math.max(...took);
  return { sent: pending.length, not200, p99: round(quantile(took, 0.99)), slowest: round(slowest) };
}
