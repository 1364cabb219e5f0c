// A whole Usher without its platforms: the real store, conversation, workers, jobs and connectors over a real database, and a
// channel that keeps what it is given. Time moves by hand, nothing runs by itself.
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Action, Card, Element, Text } from '../../src/chat/card';
import { loadCards } from '../../src/chat/cards';
import { ChannelError } from '../../src/chat/channel';
import type { Address, Channel, Conversation, MessageRef } from '../../src/chat/channel';
import type { Follow } from '../../src/chat/follow';
import { createConversation } from '../../src/chat/handle';
import type { Act, Inbound, Reply } from '../../src/chat/inbound';
import { createLinks } from '../../src/chat/links';
import { plain, toText } from '../../src/chat/text';
import { connectors } from '../../src/connectors';
import { jobs } from '../../src/jobs';
import { compare } from '../../src/jobs/compare';
import { delivering } from '../../src/jobs/deliver';
import { createGates } from '../../src/jobs/gate';
import { receiving } from '../../src/jobs/receive';
import { createWorker } from '../../src/jobs/worker';
import { createLog } from '../../src/log';
import { apply, parseBlueprint, planText } from '../../src/operations/blueprint';
import type { By, Desk } from '../../src/operations/ports';
import { createStore } from '../../src/store/store';
import { testDatabase } from './postgres';

export const operator: By = { actor: { kind: 'operator', name: 'test' }, via: 'test' };

const book = loadCards(join(__dirname, '../../cards'));

/** A busy machine is slow. Tests about systems that hang have deadlines of their own. */
const DEADLINE_MS = 30_000;

export interface Kept {
  readonly id: string;
  readonly to: string;
  card: Card;
  /** How often it was changed after it was sent. */
  changes: number;
}

/** A channel that keeps messages and can be told to fail. It is the port, with nothing behind it but memory. */
export class Mailbox implements Channel {
  readonly platform = 'web';
  readonly routes = [];
  readonly messages: Kept[] = [];
  /** Whether it was ever told to fail: what could not be changed then is found later. */
  failed = false;
  #faults: ChannelError[] = [];
  readonly #lost = new Map<string, ChannelError>();

  start = (): Promise<void> => Promise.resolve();
  stop = (): Promise<void> => Promise.resolve();
  misfit = (): null => null;
  profile = (): Promise<null> => Promise.resolve(null);

  /** The next calls fail with these, in order. */
  fail(...faults: ChannelError[]): void {
    this.failed = true;
    this.#faults.push(...faults);
  }

  /** The next message to this person fails with it. */
  lose(user: string, fault: ChannelError): void {
    this.failed = true;
    this.#lost.set(user, fault);
  }

  /** All calls fail until it is told to be back. */
  away(): { over: () => void } {
    this.failed = true;
    const [send, update] = [this.send.bind(this), this.update.bind(this)];
    const away = () => Promise.reject(new ChannelError('later', 'service_unavailable'));
    Object.assign(this, { send: away, update: away });
    return { over: () => void Object.assign(this, { send, update }) };
  }

  async send(to: Address, card: Card): Promise<MessageRef> {
    const lost = this.#lost.get(to.user);
    this.#lost.delete(to.user);
    if (lost) throw lost;
    await this.#meet();
    const id = `m${this.messages.length + 1}`;
    this.messages.push({ id, to: to.user, card, changes: 0 });
    return { tenant: to.tenant, conversation: `c-${to.user}`, message: id, serviceUrl: null };
  }

  async update(ref: MessageRef, card: Card): Promise<void> {
    await this.#meet();
    const kept = this.messages.find((one) => one.id === ref.message);
    if (!kept) throw new ChannelError('gone', 'message_not_found');
    kept.card = card;
    kept.changes += 1;
  }

  async answer(): Promise<null> {
    await this.#meet();
    return null;
  }

  async #meet(): Promise<void> {
    const fault = this.#faults.shift();
    if (fault) throw fault;
    return Promise.resolve();
  }
}

export const textOf = (card: Card): string => toText(card);

export function said(text: Text | null): string {
  return text === null ? '' : plain(text, { zone: 'UTC', locale: 'en' });
}

/** Every button of a card by its title. */
export function buttons(card: Card): ReadonlyMap<string, Extract<Action, { type: 'Action.Execute' }>> {
  const inside = (elements: readonly Element[]): Action[] =>
    elements.flatMap((element) => {
      if (element.type === 'ActionSet') return [...element.actions];
      if (element.type === 'Container') return inside(element.items);
      return element.type === 'ColumnSet' ? element.columns.flatMap((column) => inside(column.items)) : [];
    });
  const all = [...card.actions, ...inside(card.body)];
  return new Map(
    all.flatMap((action) => (action.type === 'Action.Execute' ? [[said(action.title), action] as const] : [])),
  );
}

// One after the other, so that whoever hears two things hears them in the order in which they came up. That rows are worked side by
// side has tests with workers of their own.
function inTurn(...parts: Parameters<typeof delivering>): ReturnType<typeof delivering> {
  const work = delivering(...parts);
  return {
    ...work,
    async round() {
      const taken = await work.round();
      await work.rest();
      return taken;
    },
  };
}

/**
 * Opens a world over this worker's database. `yaml` is applied first; every person gets a web identity of the same key. `strict`: what only
 * the sweep over all messages redraws is a failure. Elsewhere that sweep hides what no event redraws.
 */
export async function aWorld(yaml: string, { strict = false }: { readonly strict?: boolean } = {}) {
  const shared = await testDatabase();
  const { sequelize, owner } = shared;
  const lines: string[] = [];
  const log =
    process.env['TEST_LOG'] === '1'
      ? createLog('debug')
      : createLog('debug', { write: (line) => void lines.push(line) });
  const parts = createStore({ sequelize, log });
  const desk: Desk = { store: parts.store, views: parts.views, drafts: parts.drafts, directory: parts.directory };
  const mailbox = new Mailbox();
  const channels = new Map<string, Channel>([['web', mailbox]]);
  /** The address of this installation, where it has one. */
  const site = { base: null as string | null };
  const conversationWithin = (answerWithinMs?: number): Conversation =>
    createConversation({
      desk,
      cards: parts.cards,
      inbound: parts.inbound,
      book,
      profiles: async ({ platform, tenant, user }) => (await channels.get(platform)?.profile(tenant, user)) ?? null,
      links: createLinks(
        () => site.base,
        () => channels.values(),
      ),
      log,
      ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
    });
  const conversation = conversationWithin();
  const gates = createGates({ outbox: parts.outbox });
  const outgoing = createWorker(
    inTurn({
      desk,
      outbox: { ...parts.outbox, claim: (_most, ...more) => parts.outbox.claim(1, ...more) },
      gates,
      cards: parts.cards,
      book,
      channels,
      connectors: connectors({ localRoles: parts.localRoles }),
      deadlineMs: DEADLINE_MS,
      log,
    }),
    (error) => {
      throw error;
    },
  );
  const incoming = createWorker(
    receiving({ desk, inbound: parts.inbound, gates, conversation, channels, log }),
    (error) => {
      throw error;
    },
  );

  async function configure(text: string, demo = false): Promise<string> {
    const read = parseBlueprint([{ name: 'world.yaml', text }]);
    if ('problems' in read)
      throw new Error(read.problems.map((problem) => `${problem.line}: ${problem.message}`).join('\n'));
    const plan = await apply(desk, operator, read.blueprint, { demo, confirm: true });
    if (!plan.applied) throw new Error(planText(plan));
    return planText(plan);
  }
  await shared.filled(yaml, () => configure(yaml, true));

  const inbound = (user: string, act: Act, delivery: string = randomUUID()): Inbound => ({
    platform: 'web',
    tenant: 'demo',
    user,
    delivery,
    bodyHash: createHash('sha256').update(JSON.stringify(act)).digest('hex'),
    profile: null,
    surface: { kind: 'personal', conversation: `c-${user}`, message: null, serviceUrl: null, canOpenForm: true },
    act,
  });

  /** What jobs are given. */
  const swept = {
    desk,
    due: parts.due,
    comparisons: parts.comparisons,
    connectors: connectors({ localRoles: parts.localRoles }),
    gates,
    deadlineMs: DEADLINE_MS,
    log,
  };
  // Comparing is asked for by name: what a test changes in a system behind Usher's back is its own business. The full pass over
  // approvals would hide what nobody noted.
  const hides = ['prune', 'compare', 'reroute-all', 'note-scopes', ...(strict ? ['redraw-cards'] : [])];
  const sweep = async (): Promise<void> => {
    for (const job of jobs) if (!hides.includes(job.name)) await job.sweep(swept);
  };

  /** Redraws what is out of date: whatever changes by it nothing else had redrawn, so `domain/consequences.ts` lacks a line. */
  async function redrawStale(): Promise<void> {
    const before = new Map(mailbox.messages.map(({ id, changes, card }) => [id, { changes, was: textOf(card) }]));
    await jobs.find(({ name }) => name === 'redraw-cards')?.sweep(swept);
    await outgoing.settle();
    if (mailbox.failed) return;
    const late = mailbox.messages.filter(({ id, changes }) => (before.get(id)?.changes ?? changes) < changes);
    if (late.length === 0) return;
    const told = late.map(({ id, to, card }) => `to ${to}, was:\n${before.get(id)?.was ?? ''}\nis:\n${textOf(card)}`);
    throw new Error(`Nothing but the sweep over all messages redrew these:\n${told.join('\n\n')}`);
  }

  return {
    ...parts,
    desk,
    gates,
    /** The table of stored events. */
    received: parts.inbound,
    conversation,
    /** The same for clicks that may take so long. */
    conversationWithin,
    mailbox,
    site,
    log,
    /** Every line that was logged. */
    lines,
    sql: async <T extends object>(text: string, bind: readonly unknown[] = []): Promise<T[]> =>
      (await owner.query(text, { bind: [...bind] }))[0] as T[],
    configure,
    inbound,
    swept,
    sweep,
    /** Compares every system with what Usher gave, and does what follows. */
    async compare(): Promise<void> {
      await compare(swept);
      await outgoing.settle();
    },
    /** Workers until idle, then what is due, until nothing moves. */
    async settle(): Promise<void> {
      await incoming.settle();
      await outgoing.settle();
      await sweep();
      await outgoing.settle();
      if (strict) await redrawStale();
    },
    outgoing,
    incoming,
    /** Moves the database's clock forward and does what became due. */
    async pass(milliseconds: number): Promise<void> {
      await owner.query('update organization set clock_offset_ms = clock_offset_ms + $1', { bind: [milliseconds] });
      await this.settle();
    },
    /** Time goes by until nothing waits to go out. Where a platform was away one message tries it, and the others come a little later. */
    async allOut(): Promise<void> {
      do await this.pass(15 * 60_000);
      while ((await this.sql(`select from outgoing where state in ('ready', 'leased')`)).length > 0);
    },
    say: (user: string, text: string): Promise<Reply> => conversation.handle(inbound(user, { kind: 'text', text })),
    /** Presses a button of a card by its title. */
    press(user: string, card: Card, title: string, delivery?: string): Promise<Reply> {
      const button = buttons(card).get(title);
      if (!button) throw new Error(`no button "${title}" on: ${[...buttons(card).keys()].join(', ')}`);
      return conversation.handle(
        inbound(user, { kind: 'press', verb: button.verb, data: button.data, card: card.id }, delivery),
      );
    },
    /** Sends a form with these values. */
    submit(user: string, form: Card, values: Record<string, string>, delivery?: string): Promise<Reply> {
      const [first] = form.actions;
      if (first?.type !== 'Action.Execute') throw new Error('not a form');
      return conversation.handle(
        inbound(user, { kind: 'submit', verb: first.verb, draft: form.draft, data: first.data, values }, delivery),
      );
    },
    /** Lets a reply stand as a message to the person, as a channel does, and says where. */
    async stands(user: string, reply: Reply): Promise<Kept> {
      const to = { tenant: 'demo', user, conversation: `c-${user}`, serviceUrl: null };
      const ref = await mailbox.send(to, cardOf(reply));
      await conversation.posted(inbound(user, { kind: 'welcome' }), reply, ref);
      const kept = mailbox.messages.find(({ id }) => id === ref.message);
      if (!kept) throw new Error('nothing was sent');
      return kept;
    },
    /** Messages to a person, oldest first, as they look now. */
    messagesTo: (user: string): readonly Kept[] => mailbox.messages.filter((message) => message.to === user),
  };
}

export type World = Awaited<ReturnType<typeof aWorld>>;

/** The card of a reply, or an error that says what came instead. */
export function cardOf(reply: Reply): Card {
  if (reply.kind === 'card' || reply.kind === 'form') return reply.card;
  throw new Error(`no card but ${sentenceOf(reply)}`);
}

/** What makes the card of a reply follow what it is about. */
export function followOf(reply: Reply): Follow {
  if (reply.kind === 'card' && reply.follow !== undefined) return reply.follow;
  throw new Error('follows nothing');
}

/** What a reply says beside or in place of a card. */
export function sentenceOf(reply: Reply): string {
  switch (reply.kind) {
    case 'text':
      return said(reply.say);
    case 'card':
      // A refusal whose next step can be tapped is a card that says nothing else.
      return reply.card.name === 'suggestions' ? plain(reply.card.summary, reply.card.reader) : said(reply.say);
    case 'errors':
      return [said(reply.say), ...Object.values(reply.fields).map((text) => said(text))]
        .filter((one) => one !== '')
        .join(' | ');
    case 'choices':
      return reply.choices.map((choice) => said(choice.title)).join(', ');
    case 'form':
    case 'none':
      return '';
  }
}

/** What a file writes where somebody leaves, the one way or the other: both promise the same (rule 3.17). */
export const LEAVING = ['enabled: false', 'state: deleted'] as const;

const person = (key: string, name: string, more = '') =>
  `  - { key: ${key}, name: ${name}, email: ${key}@woodgrove.example, timeZone: Europe/Berlin, identities: [{ platform: web, tenant: demo, user: ${key} }]${more} }`;

/** A small organization: Tara asks, Max is her manager, Ana and Ben approve, Olga owns the catalog, Ada administers. */
export const SMALL = `
organization: { name: Woodgrove, timeZone: Europe/Berlin }
people:
${person('tara', 'Tara Lind', ', manager: max')}
${person('tom', 'Tom Berg', ', manager: max')}
${person('max', 'Max Thorn', ', manager: ada')}
${person('ana', 'Ana Ruiz')}
${person('ben', 'Ben Okoye')}
${person('cas', 'Cas de Vries')}
${person('olga', 'Olga Petrov')}
${person('ada', 'Ada Bell')}
groups:
  - { name: Approvers, people: [ana], groups: [Inner approvers] }
  - { name: Inner approvers, people: [ben] }
installations:
  - { platform: web, tenant: demo, guestsAllowed: true }
administrators: ada
catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Ledger, connector: local, owners: olga, roles: [Reader, Writer] }
      - { name: Vault, connector: manual, owners: [olga, cas], roles: [Key holder] }
    packages:
      - name: Ledger reader
        description: Read the general ledger
        roles: [Ledger / Reader]
        policies:
          - { name: Employees, who: allMembers, approval: [{ approvers: ana, decideWithin: 3 days }], expires: 30 days }
      - name: Ledger writer
        roles: [Ledger / Writer, Ledger / Reader]
        incompatibleWith: [{ package: Ledger auditor, mutual: true }]
        policies:
          - name: Employees
            who: allMembers
            approval:
              - { approvers: manager, decideWithin: 2 days, escalateAfter: 1 day, alternates: [cas] }
              - { approvers: { group: Approvers }, approvalsRequired: 2, decideWithin: 5 days }
            expires: 60 days
            onBehalf: true
            extension: { approval: false }
            questions:
              - { id: ticket, text: Which ticket?, required: true }
              - { id: env, text: Which environment?, choices: [Test, Live] }
      - name: Ledger auditor
        roles: [Ledger / Reader]
        policies:
          - { name: Employees, who: allMembers, expires: 8 hours, reason: optional }
      - name: Vault keys
        roles: [Vault / Key holder]
        policies:
          - { name: Employees, who: allMembers, expires: never, reason: optional }
      - name: Hidden gem
        hidden: true
        roles: [Ledger / Reader]
        policies:
          - { name: Group, who: { group: Approvers }, expires: 7 days, reason: optional }
      - name: Given only
        roles: [Ledger / Writer]
        policies:
          - { name: Direct, mode: direct, expires: 30 days, reason: optional }
`;
