// The Teams channel on a real HTTP server, against the stand-in for Teams. The conversation behind it answers from a script and
// keeps the port's promises: deliveries are handled once, a repeat gets the same reply.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTeamsChannel } from '../../../src/channels/teams/bot';
import type { TeamsOptions } from '../../../src/channels/teams/options';
import type { Text } from '../../../src/chat/card';
import type { Channel, Conversation, MessageRef, Route } from '../../../src/chat/channel';
import type { Act, Inbound, Reply } from '../../../src/chat/inbound';
import { createLog } from '../../../src/log';
import { TeamsServer } from '../../support/teams-server';

const SENTENCES = {
  busy: 'We could not take this. Try again.',
  retry: 'This form is too old.',
  unsupported: 'I cannot do that here.',
  loading: 'Still working on it.',
  brokenInput: 'I could not read that.',
  sentDirect: 'I answered you directly.',
  unshown: 'It cannot be shown.',
} as const;

/** Answers from a script. */
export class ScriptedConversation implements Conversation {
  readonly handled: Inbound[] = [];
  readonly accepted: Inbound[] = [];
  /** Where its replies stand, as it was told. */
  readonly stands: MessageRef[] = [];
  /** Whose answers are to be given later. */
  readonly kept: Inbound[] = [];
  /** What they were. */
  readonly owing: Reply[] = [];
  /** What the next acts are answered with. */
  script: (inbound: Inbound) => Reply | Promise<Reply> = () => ({ kind: 'none' });
  /** Runs before a message is stored. */
  /** Whether guests are allowed. */
  guests = false;
  storing: () => Promise<void> = () => Promise.resolve();
  readonly forms = new Set<string>(['request']);
  readonly #replies = new Map<string, Promise<Reply>>();

  opensForm(act: Act): boolean {
    return act.kind === 'press' && this.forms.has(act.verb);
  }

  async handle(inbound: Inbound): Promise<Reply> {
    const known = this.#replies.get(inbound.delivery);
    if (known !== undefined) return await known;
    this.handled.push(inbound);
    const reply = Promise.resolve(inbound).then(this.script);
    this.#replies.set(inbound.delivery, reply);
    return await reply;
  }

  async accept(inbound: Inbound): Promise<boolean> {
    const standing = inbound.profile?.standing ?? 'member';
    if (standing !== 'member' && !(standing === 'guest' && this.guests)) return false;
    await this.storing();
    if (!this.accepted.some((held) => held.delivery === inbound.delivery)) this.accepted.push(inbound);
    return true;
  }

  debt(inbound: Inbound): Promise<Inbound> {
    return Promise.resolve(inbound);
  }

  owed(inbound: Inbound, reply: Reply): Promise<boolean> {
    this.kept.push(inbound);
    this.owing.push(reply);
    return Promise.resolve(true);
  }

  posted(_inbound: Inbound, _reply: Reply, ref: MessageRef): Promise<void> {
    this.stands.push(ref);
    return Promise.resolve();
  }

  sentence(what: keyof typeof SENTENCES): Text {
    return [{ kind: 'fixed', text: SENTENCES[what] }];
  }
}

export interface World {
  readonly teams: TeamsServer;
  readonly channel: Channel;
  readonly conversation: ScriptedConversation;
  readonly endpoint: string;
  /** Everything that was logged. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Options that point at the stand-in. */
export function optionsFor(teams: TeamsServer, change: Partial<TeamsOptions> = {}): TeamsOptions {
  const { openIdMetadataUrl, loginUrl, tokenIssuer } = teams.urls;
  return {
    appId: teams.appId,
    appPassword: teams.appPassword,
    tenantId: teams.tenantId,
    allowedTenants: [teams.tenantId],
    serviceHosts: ['smba.trafficmanager.net', '*.botframework.com'],
    openIdMetadataUrl,
    loginUrl,
    tokenIssuer,
    playground: false,
    log: createLog('silent'),
    ...change,
  };
}

/** Starts the stand-in, the channel and an HTTP server with its routes. It waits longer than a person would, for busy machines. */
export async function startTeams(change: Partial<TeamsOptions> = {}): Promise<World> {
  const teams = new TeamsServer();
  await teams.start();
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const channel = createTeamsChannel(optionsFor(teams, { log, patienceMs: 30_000, stopMs: 30_000, ...change }));
  const conversation = new ScriptedConversation();
  await channel.start(conversation);
  const server = mount(channel.routes);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/messages`;
  teams.connect(endpoint);
  return {
    teams,
    channel,
    conversation,
    endpoint,
    lines,
    async stop() {
      await channel.stop();
      server.closeAllConnections();
      server.close();
      await teams.stop();
    },
  };
}

function mount(routes: readonly Route[]): Server {
  return createServer((request, response) => {
    const route = routes.find(({ method, path }) => method === request.method && path === request.url);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (route === undefined) {
        response.writeHead(404).end();
        return;
      }
      void route.handle(request, response, Buffer.concat(chunks));
    });
  });
}
