// One replica of Usher as a process that can be killed: the real store, conversation, workers and jobs over the given database.
// What a platform is to it, the parent is: clicks come in and messages go out over the pipe between them.
import { join } from 'node:path';
import type { Action, Card, Text } from '../../src/chat/card';
import { loadCards } from '../../src/chat/cards';
import { ChannelError } from '../../src/chat/channel';
import type { Channel, Conversation, MessageRef } from '../../src/chat/channel';
import { createConversation } from '../../src/chat/handle';
import type { Inbound, Reply } from '../../src/chat/inbound';
import { plain, toText } from '../../src/chat/text';
import { connectors } from '../../src/connectors';
import type { Connector } from '../../src/connectors/connector';
import { DomainError } from '../../src/domain/errors';
import { jobs } from '../../src/jobs';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { receiving } from '../../src/jobs/receive';
import { createWorker } from '../../src/jobs/worker';
import { createLog } from '../../src/log';
import type { Desk } from '../../src/operations/ports';
import { connect } from '../../src/store/database';
import { createStore } from '../../src/store/store';

/** A card or reply as far as a person needs it to click on. */
export interface Shown {
  readonly kind: Reply['kind'];
  readonly said: string;
  readonly text: string;
  readonly card: string | null;
  readonly draft: string | null;
  readonly buttons: readonly { readonly verb: string; readonly data: Readonly<Record<string, unknown>> }[];
}
export type ToChild =
  | { readonly id: number; readonly do: 'handle' | 'accept'; readonly inbound: Inbound }
  /** `rest`: the workers end what they have in hand and start nothing new. `settle`: work until nothing is due. */
  | { readonly id: number; readonly do: 'rest' | 'settle' | 'sweep' }
  | { readonly answer: number; readonly gone?: true; readonly message?: string };
export type ToParent =
  | { readonly ready: true }
  | { readonly id: number; readonly shown: Shown | null }
  | { readonly id: number; readonly failed: string }
  /** Waits for the parent's answer: what the platform does before it answers, or an instant worth dying at. */
  | {
      readonly call: number;
      readonly what: 'send';
      readonly to: string;
      readonly message: string;
      readonly shown: Shown;
    }
  | { readonly call: number; readonly what: 'update'; readonly message: string; readonly shown: Shown }
  | { readonly call: number; readonly what: 'find'; readonly to: string; readonly card: string }
  | { readonly call: number; readonly what: 'remove'; readonly message: string }
  | { readonly call: number; readonly what: 'answer'; readonly delivery: string; readonly shown: Shown }
  | { readonly call: number; readonly what: 'placing' | 'placed' | 'handling' };
type Answer = Extract<ToChild, { readonly answer: number }>;
type Call<T = ToParent> = T extends { readonly call: number } ? Omit<T, 'call'> : never;

const [url = '', role = '', mode = 'work'] = process.argv.slice(2);
const waiting = new Map<number, (answer: Answer) => void>();
let calls = 0;

function say(message: ToParent): void {
  process.send?.(message);
}

async function ask(call: Call): Promise<Answer> {
  calls += 1;
  const id = calls;
  const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
  say({ ...call, call: id });
  return answered;
}

function actions(value: unknown): Extract<Action, { type: 'Action.Execute' }>[] {
  if (typeof value !== 'object' || value === null) return [];
  const own =
    'type' in value && value.type === 'Action.Execute' ? [value as Extract<Action, { type: 'Action.Execute' }>] : [];
  return [...own, ...Object.values(value).flatMap(actions)];
}

const words = (text: Text | null): string => (text === null ? '' : plain(text, { zone: 'UTC', locale: 'en' }));

function show(card: Card): Omit<Shown, 'kind' | 'said'> {
  const buttons = actions([card.actions, card.body]).map(({ verb, data }) => ({ verb, data }));
  return { text: toText(card), card: card.id, draft: card.draft, buttons };
}

function shownOf(reply: Reply): Shown {
  const nothing = { text: '', card: null, draft: null, buttons: [] };
  switch (reply.kind) {
    case 'card':
      return { kind: 'card', said: words(reply.say), ...show(reply.card) };
    case 'form':
      return { kind: 'form', said: '', ...show(reply.card) };
    case 'errors':
      return { kind: 'errors', said: [reply.say, ...Object.values(reply.fields)].map(words).join(' '), ...nothing };
    case 'text':
      return { kind: 'text', said: words(reply.say), ...nothing };
    case 'choices':
    case 'none':
      return { kind: reply.kind, said: '', ...nothing };
  }
}

let messages = 0;
/** The port with the parent behind it. Message ids are the platform's, unique over all replicas. */
const channel: Channel = {
  platform: 'web',
  routes: [],
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  misfit: () => null,
  profile: () => Promise.resolve(null),
  async send(to, card): Promise<MessageRef> {
    messages += 1;
    const message = `${process.pid}-${messages}`;
    await ask({ what: 'send', to: to.user, message, shown: { kind: 'card', said: '', ...show(card) } });
    return { tenant: to.tenant, conversation: `c-${to.user}`, message, serviceUrl: null };
  },
  async update(ref, card) {
    const { gone } = await ask({
      what: 'update',
      message: ref.message,
      shown: { kind: 'card', said: '', ...show(card) },
    });
    if (gone) throw new ChannelError('gone', 'message_not_found');
  },
  async sent(to, card): Promise<MessageRef | null> {
    const { message } = await ask({ what: 'find', to: to.user, card });
    return message === undefined
      ? null
      : { tenant: to.tenant, conversation: `c-${to.user}`, message, serviceUrl: null };
  },
  async remove(ref) {
    await ask({ what: 'remove', message: ref.message });
  },
  async answer(inbound, reply) {
    await ask({ what: 'answer', delivery: inbound.delivery, shown: shownOf(reply) });
    return null;
  },
};

/** The same connector, which lets the parent know after each call, before anything of its result is written down. */
function told(connector: Connector): Connector {
  return {
    name: connector.name,
    readable: connector.readable,
    read: (subject, place, attempt) => connector.read(subject, place, attempt),
    list: (resource, after, attempt) => connector.list(resource, after, attempt),
    converge: async (subject, place, want, attempt) => {
      await ask({ what: 'placing' });
      const outcome = await connector.converge(subject, place, want, attempt);
      await ask({ what: 'placed' });
      return outcome;
    },
  };
}

async function main(): Promise<void> {
  const log = createLog('warn', { write: (line) => process.stderr.write(line) });
  // Whoever waits for a connection waits for a busy machine, not for a fault; a row is given up as ever.
  const database = await connect({ url, poolMax: 4, role, limits: { acquire: 60_000 } });
  const parts = createStore({ sequelize: database.sequelize, log });
  const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
  const book = loadCards(join(__dirname, '../../cards'));
  const channels = new Map<string, Channel>([['web', channel]]);
  const conversation = createConversation({
    desk,
    cards: parts.cards,
    inbound: parts.inbound,
    book,
    profiles: () => Promise.resolve(null),
    log,
  });
  const complain = (error: unknown): void => {
    log.error({ err: error }, 'a worker could not work');
  };
  const all = connectors({ localRoles: parts.localRoles });
  const gates = createGates({ outbox: parts.outbox });
  const outgoing = createWorker(
    delivering({
      desk,
      outbox: parts.outbox,
      gates,
      cards: parts.cards,
      book,
      channels,
      connectors: new Map([...all].map(([name, connector]) => [name, told(connector)])),
      deadlineMs: 20_000,
      log,
    }),
    complain,
  );
  const later: Conversation = {
    ...conversation,
    handle: async (inbound) => {
      await ask({ what: 'handling' });
      return conversation.handle(inbound);
    },
  };
  const incoming = createWorker(
    receiving({ desk, inbound: parts.inbound, gates, conversation: later, channels, log }),
    complain,
  );
  parts.store.onCommit(() => {
    outgoing.wake();
  });

  // Where a row was held for too long on a busy machine, the next ring finds the work again.
  const nextTime = (error: unknown): void => {
    if (!(error instanceof DomainError) || error.code !== 'too-busy') throw error;
  };
  const work = async (message: Extract<ToChild, { id: number }>): Promise<Shown | null> => {
    switch (message.do) {
      case 'handle':
        return shownOf(await conversation.handle(message.inbound));
      case 'accept':
        await conversation.accept(message.inbound);
        incoming.wake();
        return null;
      case 'rest':
        await Promise.all([outgoing.stop(), incoming.stop()]);
        return null;
      case 'settle':
        await incoming.settle();
        await outgoing.settle();
        return null;
      case 'sweep':
        for (const job of jobs)
          if (job.name !== 'prune')
            await job
              .sweep({
                desk,
                due: parts.due,
                comparisons: parts.comparisons,
                connectors: all,
                gates,
                deadlineMs: 5_000,
                log,
              })
              .catch(nextTime);
        return null;
    }
  };
  process.on('message', (message: ToChild) => {
    if ('answer' in message) {
      waiting.get(message.answer)?.(message);
      waiting.delete(message.answer);
      return;
    }
    work(message).then(
      (shown) => {
        say({ id: message.id, shown });
      },
      (error: unknown) => {
        say({ id: message.id, failed: error instanceof Error ? (error.stack ?? error.message) : 'unknown' });
      },
    );
  });
  if (mode === 'work') {
    outgoing.start();
    incoming.start();
  }
  say({ ready: true });
}

process.on('disconnect', () => process.exit(1));
void main();
